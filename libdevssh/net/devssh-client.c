/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens sessions to hosts and keeps a list of them (protocol.md 12.1). */
#include <libdevssh/net/devssh-client.h>

#include <libdevssh/base/devssh-context-private.h>
#include <libdevssh/base/devssh-error.h>
#include <libdevssh/net/devssh-socket-private.h>
#include <libdevssh/session/devssh-session-private.h>

#define SSH_PORT 22

struct _DevSshClient
{
  GObject              parent_instance;
  DevSshContext       *context;
  DevSshSessionConfig *config;
  GListStore          *sessions;
  GHashTable          *targets;      /* (element-type DevSshClientSession GSocketConnectable): what each was connected to */
  GQueue               connecting;   /* (element-type Attempt) */
  gboolean             closed;
};

/* One call of connect or reconnect: a socket, then a session on it. */
typedef struct
{
  DevSshClient        *client;       /* borrowed from task */
  GTask               *task;
  GCancellable        *cancellable;  /* ours: cancelled with the caller's, and when the client is closed */
  GCancellable        *callers;
  gulong               handler;
  GSocketConnectable  *target;
  gboolean             anew;         /* the session is there, and goes on */
  DevSshClientSession *session;
} Attempt;

/**
 * DevSshClient:
 *
 * Opens sessions to hosts, and keeps a list of them.
 *
 * Names are resolved, all addresses of a host are tried, and the system's
 * proxies are used, as [class@Gio.SocketClient] does.
 *
 * A session that has lost its connection ([signal@Session::disconnected]) gets
 * another one from [method@Client.reconnect_async].
 *
 * A client belongs to the main context that is the thread's default when it is
 * made, and so do its sessions.
 *
 * Since: 1.0
 */
G_DEFINE_FINAL_TYPE (DevSshClient, devssh_client, G_TYPE_OBJECT)

enum { PROP_0, PROP_CONFIG, PROP_SESSIONS, N_PROPS };
static GParamSpec *properties[N_PROPS];

static void
devssh_client_get_property (GObject    *object,
                            guint       property_id,
                            GValue     *value,
                            GParamSpec *pspec)
{
  DevSshClient *self = DEVSSH_CLIENT (object);

  switch (property_id)
    {
    case PROP_CONFIG:
      g_value_set_object (value, self->config);
      break;

    case PROP_SESSIONS:
      g_value_set_object (value, self->sessions);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
devssh_client_set_property (GObject      *object,
                            guint         property_id,
                            const GValue *value,
                            GParamSpec   *pspec)
{
  DevSshClient *self = DEVSSH_CLIENT (object);

  switch (property_id)
    {
    case PROP_CONFIG:
      self->config = g_value_dup_object (value);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
devssh_client_constructed (GObject *object)
{
  DevSshClient *self = DEVSSH_CLIENT (object);

  G_OBJECT_CLASS (devssh_client_parent_class)->constructed (object);

  if (self->config == NULL)
    self->config = devssh_session_config_new ();
}

/* Sessions that somebody else holds as well go on: only close() ends those. */
static void
devssh_client_dispose (GObject *object)
{
  DevSshClient *self = DEVSSH_CLIENT (object);

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->sessions)); i++)
    {
      g_autoptr(DevSshSession) session = g_list_model_get_item (G_LIST_MODEL (self->sessions), i);

      g_signal_handlers_disconnect_by_data (session, self);
    }
  g_list_store_remove_all (self->sessions);
  g_hash_table_remove_all (self->targets);

  G_OBJECT_CLASS (devssh_client_parent_class)->dispose (object);
}

static void
devssh_client_finalize (GObject *object)
{
  DevSshClient *self = DEVSSH_CLIENT (object);

  g_clear_object (&self->config);
  g_clear_object (&self->sessions);
  g_clear_pointer (&self->targets, g_hash_table_unref);
  devssh_context_unref (self->context);

  G_OBJECT_CLASS (devssh_client_parent_class)->finalize (object);
}

static void
devssh_client_class_init (DevSshClientClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = devssh_client_get_property;
  object_class->set_property = devssh_client_set_property;
  object_class->constructed = devssh_client_constructed;
  object_class->dispose = devssh_client_dispose;
  object_class->finalize = devssh_client_finalize;

  /**
   * DevSshClient:config: (getter get_config)
   *
   * The configuration of the sessions. Changing it changes those that are
   * opened later.
   *
   * Since: 1.0
   */
  properties[PROP_CONFIG] =
    g_param_spec_object ("config", NULL, NULL,
                         DEVSSH_TYPE_SESSION_CONFIG,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshClient:sessions: (getter get_sessions)
   *
   * The sessions that are open, a list of [class@ClientSession]; those that have
   * lost their connection and can be reconnected are.
   *
   * Since: 1.0
   */
  properties[PROP_SESSIONS] =
    g_param_spec_object ("sessions", NULL, NULL,
                         G_TYPE_LIST_MODEL,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
devssh_client_init (DevSshClient *self)
{
  self->context = devssh_context_ref_thread_default ();
  self->sessions = g_list_store_new (DEVSSH_TYPE_CLIENT_SESSION);
  self->targets = g_hash_table_new_full (NULL, NULL, NULL, g_object_unref);
}

/* ---- connecting ---- */

/* Consumes error. */
static void
attempt_finish (Attempt *self,
                GError  *error)
{
  GTask *task = self->task;

  g_queue_remove (&self->client->connecting, self);
  g_cancellable_disconnect (self->callers, self->handler);

  if (error != NULL && self->client->closed)
    {
      g_clear_error (&error);
      error = g_error_new_literal (DEVSSH_ERROR, DEVSSH_ERROR_CLOSED, "Client is closed");
    }
  else if (error != NULL && self->anew && devssh_session_get_is_closed (DEVSSH_SESSION (self->session)))
    {
      g_clear_error (&error);
      devssh_client_session_check_reconnect (self->session, &error);
    }
  if (error != NULL)
    g_task_return_error (task, error);
  else if (self->anew)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_pointer (task, g_object_ref (self->session), g_object_unref);

  g_clear_object (&self->session);
  g_clear_object (&self->target);
  g_clear_object (&self->callers);
  g_object_unref (self->cancellable);
  g_object_unref (task);
  g_free (self);
}

static void
devssh_client_session_closed_cb (DevSshSession          *session,
                                 DevSshDisconnectReason  reason,
                                 const char             *message,
                                 const GError           *error,
                                 gpointer                user_data)
{
  DevSshClient *self = user_data;
  guint position;

  g_signal_handlers_disconnect_by_data (session, self);
  /* Who dials for it need not go on. */
  for (GList *l = self->connecting.head; l != NULL; l = l->next)
    {
      Attempt *attempt = l->data;

      if (attempt->anew && DEVSSH_SESSION (attempt->session) == session)
        g_cancellable_cancel (attempt->cancellable);
    }
  g_hash_table_remove (self->targets, session);
  if (g_list_store_find (self->sessions, session, &position))
    g_list_store_remove (self->sessions, position);
}

static void
attempt_session_cb (GObject      *source,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  Attempt *self = user_data;
  DevSshClient *client = self->client;
  GError *error = NULL;

  if (devssh_session_connect_finish (DEVSSH_SESSION (source), result, &error) && client->closed)
    error = g_error_new_literal (DEVSSH_ERROR, DEVSSH_ERROR_CLOSED, "Client is closed");

  if (error != NULL)
    {
      /* What has ended by itself stays as it ended; a cancelled one has not. */
      devssh_session_close (DEVSSH_SESSION (source),
                            error->domain == DEVSSH_CONNECTION_ERROR ? (DevSshDisconnectReason) error->code
                                                                     : DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR,
                            "The session could not be connected");
    }
  else
    {
      g_hash_table_insert (client->targets, self->session, g_object_ref (self->target));
      g_list_store_append (client->sessions, self->session);
      g_signal_connect (self->session, "closed", G_CALLBACK (devssh_client_session_closed_cb), client);
    }
  attempt_finish (self, error);
}

static void
attempt_reconnect_cb (GObject      *source,
                      GAsyncResult *result,
                      gpointer      user_data)
{
  GError *error = NULL;

  devssh_client_session_reconnect_finish (DEVSSH_CLIENT_SESSION (source), result, &error);
  attempt_finish (user_data, error);
}

static void
attempt_socket_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  Attempt *self = user_data;
  GError *error = NULL;
  g_autoptr(GSocketConnection) connection =
    g_socket_client_connect_finish (G_SOCKET_CLIENT (source), result, &error);

  if (connection != NULL)
    devssh_socket_prepare (G_IO_STREAM (connection));
  if (self->anew)
    {
      if (connection != NULL)
        devssh_client_session_reconnect_async (self->session, G_IO_STREAM (connection), self->cancellable,
                                               attempt_reconnect_cb, self);
      else
        attempt_finish (self, error);
      return;
    }

  if (connection != NULL)
    {
      self->session = devssh_client_session_new (G_IO_STREAM (connection), self->client->config, &error);
    }
  if (self->session == NULL)
    {
      if (connection != NULL)
        g_io_stream_close_async (G_IO_STREAM (connection), G_PRIORITY_DEFAULT, NULL, NULL, NULL);
      attempt_finish (self, error);
      return;
    }

  devssh_session_connect_async (DEVSSH_SESSION (self->session), self->cancellable, attempt_session_cb, self);
}

/* In whatever thread cancelled. */
static void
attempt_cancelled_cb (GCancellable *callers,
                      gpointer      user_data)
{
  g_cancellable_cancel (user_data);
}

/**
 * devssh_client_new:
 * @config: (nullable): the configuration of the sessions; %NULL:
 *   [ctor@SessionConfig.new]
 *
 * Makes a client.
 *
 * Returns: (transfer full): the client
 *
 * Since: 1.0
 */
DevSshClient *
devssh_client_new (DevSshSessionConfig *config)
{
  g_return_val_if_fail (config == NULL || DEVSSH_IS_SESSION_CONFIG (config), NULL);

  return g_object_new (DEVSSH_TYPE_CLIENT, "config", config, NULL);
}

/**
 * devssh_client_get_config: (get-property config)
 * @self: a client
 *
 * The configuration of the sessions.
 *
 * Returns: (transfer none): the configuration
 *
 * Since: 1.0
 */
DevSshSessionConfig *
devssh_client_get_config (DevSshClient *self)
{
  g_return_val_if_fail (DEVSSH_IS_CLIENT (self), NULL);

  return self->config;
}

/* session: the one that goes on; NULL: a new one is made. */
static void
devssh_client_dial (DevSshClient        *self,
                    GSocketConnectable  *target,
                    DevSshClientSession *session,
                    GTask               *task)
{
  g_autoptr(GSocketClient) socket_client = g_socket_client_new ();
  GCancellable *cancellable = g_task_get_cancellable (task);
  Attempt *attempt = g_new0 (Attempt, 1);

  /* A session that is there is handed over, or nobody would know of it. */
  g_task_set_check_cancellable (task, FALSE);
  attempt->client = self;
  attempt->task = g_object_ref (task);
  attempt->target = g_object_ref (target);
  attempt->cancellable = g_cancellable_new ();
  if (session != NULL)
    {
      attempt->anew = TRUE;
      attempt->session = g_object_ref (session);
    }
  if (cancellable != NULL)
    {
      attempt->callers = g_object_ref (cancellable);
      attempt->handler = g_cancellable_connect (cancellable, G_CALLBACK (attempt_cancelled_cb),
                                                g_object_ref (attempt->cancellable), g_object_unref);
    }
  g_queue_push_tail (&self->connecting, attempt);

  g_socket_client_connect_async (socket_client, target, attempt->cancellable, attempt_socket_cb, attempt);
}

static gboolean
devssh_client_check_open (DevSshClient  *self,
                          const char    *function,
                          GError       **error)
{
  if (!devssh_context_check_here (self->context, function, error))
    return FALSE;
  if (!self->closed)
    return TRUE;

  g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED, "Client is closed");
  return FALSE;
}

static void
devssh_client_connect_tagged (DevSshClient        *self,
                              GSocketConnectable  *connectable,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data,
                              gpointer             tag)
{
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, tag);
  if (devssh_client_check_open (self, G_STRFUNC, &error))
    devssh_client_dial (self, connectable, NULL, task);
  else
    g_task_return_error (task, error);
}

/**
 * devssh_client_connect_async:
 * @self: a client
 * @connectable: where to
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the session is
 *   connected
 * @user_data: for @callback
 *
 * Resolves @connectable, connects to the first of its addresses that answers,
 * and connects a session: versions and keys are exchanged. Who the host is,
 * and who the user is, comes next, with
 * [method@ClientSession.authenticate_async].
 *
 * Since: 1.0
 */
void
devssh_client_connect_async (DevSshClient        *self,
                             GSocketConnectable  *connectable,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  g_return_if_fail (DEVSSH_IS_CLIENT (self));
  g_return_if_fail (G_IS_SOCKET_CONNECTABLE (connectable));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  devssh_client_connect_tagged (self, connectable, cancellable, callback, user_data,
                                devssh_client_connect_async);
}

/**
 * devssh_client_connect_finish:
 * @self: a client
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@Client.connect_async].
 *
 * Returns: (transfer full): the session, connected and not authenticated;
 *   %NULL and @error: what the socket or the session says
 *   (%G_IO_ERROR_CONNECTION_REFUSED, `DEVSSH_CONNECTION_ERROR` ...),
 *   %G_IO_ERROR_CANCELLED, or %DEVSSH_ERROR_CLOSED after
 *   [method@Client.close]
 *
 * Since: 1.0
 */
DevSshClientSession *
devssh_client_connect_finish (DevSshClient  *self,
                              GAsyncResult  *result,
                              GError       **error)
{
  g_return_val_if_fail (DEVSSH_IS_CLIENT (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, devssh_client_connect_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * devssh_client_connect_to_host_async:
 * @self: a client
 * @host: a name or an address
 * @port: a TCP port; 0: 22
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the session is
 *   connected
 * @user_data: for @callback
 *
 * Does what [method@Client.connect_async] does, for a host on the network.
 *
 * Since: 1.0
 */
void
devssh_client_connect_to_host_async (DevSshClient        *self,
                                     const char          *host,
                                     guint16              port,
                                     GCancellable        *cancellable,
                                     GAsyncReadyCallback  callback,
                                     gpointer             user_data)
{
  g_autoptr(GSocketConnectable) address = NULL;

  g_return_if_fail (DEVSSH_IS_CLIENT (self));
  g_return_if_fail (host != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  address = g_network_address_new (host, port != 0 ? port : SSH_PORT);
  devssh_client_connect_tagged (self, address, cancellable, callback, user_data,
                                devssh_client_connect_to_host_async);
}

/**
 * devssh_client_connect_to_host_finish:
 * @self: a client
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@Client.connect_to_host_async], with the errors of
 * [method@Client.connect_finish].
 *
 * Returns: (transfer full): the session, connected and not authenticated
 *
 * Since: 1.0
 */
DevSshClientSession *
devssh_client_connect_to_host_finish (DevSshClient  *self,
                                      GAsyncResult  *result,
                                      GError       **error)
{
  g_return_val_if_fail (DEVSSH_IS_CLIENT (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, devssh_client_connect_to_host_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Nothing is dialled for a session that could not go on. */
static gboolean
devssh_client_check_reconnect (DevSshClient         *self,
                               DevSshClientSession  *session,
                               GError              **error)
{
  if (!devssh_client_check_open (self, G_STRFUNC, error) || !devssh_client_session_check_reconnect (session, error))
    return FALSE;

  for (GList *l = self->connecting.head; l != NULL; l = l->next)
    {
      Attempt *attempt = l->data;

      if (attempt->anew && attempt->session == session)
        {
          g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE, "The session is being connected anew already");
          return FALSE;
        }
    }
  if (g_hash_table_contains (self->targets, session))
    return TRUE;

  g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE, "The session is not one of this client's");
  return FALSE;
}

/**
 * devssh_client_reconnect_async:
 * @self: a client
 * @session: one of its sessions, which is disconnected
 * @cancellable: (nullable): a way to give up; the session stays as it is
 * @callback: (scope async) (closure user_data): called when the session is
 *   connected again, or not
 * @user_data: for @callback
 *
 * Connects a session anew that has lost its connection
 * ([signal@Session::disconnected]): connects to what it was connected to, whose
 * name is resolved again, and does what [method@ClientSession.reconnect_async]
 * does.
 *
 * After a failure the session is still there, and another attempt may follow. How
 * often, and how long to wait before it, is for the application to say.
 *
 * Since: 1.0
 */
void
devssh_client_reconnect_async (DevSshClient        *self,
                               DevSshClientSession *session,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (DEVSSH_IS_CLIENT (self));
  g_return_if_fail (DEVSSH_IS_CLIENT_SESSION (session));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_client_reconnect_async);
  if (devssh_client_check_reconnect (self, session, &error))
    devssh_client_dial (self, g_hash_table_lookup (self->targets, session), session, task);
  else
    g_task_return_error (task, error);
}

/**
 * devssh_client_reconnect_finish:
 * @self: a client
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@Client.reconnect_async].
 *
 * Returns: %TRUE if the session is connected again; %FALSE and @error: those of
 *   [method@ClientSession.reconnect_finish], what the socket says
 *   (%G_IO_ERROR_CONNECTION_REFUSED ...), %DEVSSH_ERROR_INVALID_STATE if the
 *   session is not one of @self's, or %DEVSSH_ERROR_CLOSED after
 *   [method@Client.close]
 *
 * Since: 1.0
 */
gboolean
devssh_client_reconnect_finish (DevSshClient  *self,
                                GAsyncResult  *result,
                                GError       **error)
{
  g_return_val_if_fail (DEVSSH_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, devssh_client_reconnect_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * devssh_client_get_sessions: (get-property sessions)
 * @self: a client
 *
 * The sessions that are open: connected by @self, and not closed yet.
 *
 * Returns: (transfer none): a list of [class@ClientSession]
 *
 * Since: 1.0
 */
GListModel *
devssh_client_get_sessions (DevSshClient *self)
{
  g_return_val_if_fail (DEVSSH_IS_CLIENT (self), NULL);

  return G_LIST_MODEL (self->sessions);
}

/**
 * devssh_client_close:
 * @self: a client
 *
 * Closes all sessions and gives up those that are being connected. Nothing can
 * be connected afterwards. A second call does nothing.
 *
 * Since: 1.0
 */
void
devssh_client_close (DevSshClient *self)
{
  g_autoptr(GPtrArray) sessions = NULL;

  g_return_if_fail (DEVSSH_IS_CLIENT (self));

  if (!devssh_context_check_here (self->context, G_STRFUNC, NULL) || self->closed)
    return;

  self->closed = TRUE;
  for (GList *l = self->connecting.head; l != NULL; l = l->next)
    g_cancellable_cancel (((Attempt *) l->data)->cancellable);

  sessions = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->sessions)); i++)
    g_ptr_array_add (sessions, g_list_model_get_item (G_LIST_MODEL (self->sessions), i));
  for (guint i = 0; i < sessions->len; i++)
    devssh_session_close (sessions->pdata[i], DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "Client is closed");
}
