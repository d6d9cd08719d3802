/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens sessions to hosts and keeps a list of them (protocol.md 12.1). */
#include <libdevssh/net/devssh-client.h>

#include <libdevssh/base/devssh-context-private.h>
#include <libdevssh/base/devssh-error.h>
#include <libdevssh/net/devssh-socket-options-private.h>

#define DEFAULT_PORT 22

/**
 * DevSshClient:
 *
 * Opens sessions to hosts.
 *
 * Names are resolved, and all addresses are tried, as [class@Gio.SocketClient] does it; proxies of
 * the desktop are honoured. The client keeps every session that it opened until the session closes.
 *
 * Since: 1.0
 */
struct _DevSshClient
{
  GObject              parent_instance;

  DevSshContext       *context;
  DevSshSessionConfig *config;
  GSocketClient       *dialer;
  GListStore          *sessions;
  GCancellable        *closing;      /* ends what is being opened when the client closes */
  gboolean             closed;
};

G_DEFINE_FINAL_TYPE (DevSshClient, devssh_client, G_TYPE_OBJECT)

enum { PROP_0, PROP_CONFIG, PROP_SESSIONS, N_PROPS };
static GParamSpec *properties[N_PROPS];

/* One session on its way; its task's data. */
typedef struct
{
  DevSshClientSession *session;
  GCancellable        *both;         /* the caller's way to give up, and the client's end */
  GCancellable        *caller;
  gulong               caller_id;
  GCancellable        *closing;
  gulong               closing_id;
} Opening;

static void
opening_cancelled_cb (GCancellable *cancellable,
                      GCancellable *both)
{
  g_cancellable_cancel (both);
}

static void
opening_free (gpointer data)
{
  Opening *self = data;

  g_cancellable_disconnect (self->closing, self->closing_id);
  g_cancellable_disconnect (self->caller, self->caller_id);
  g_clear_object (&self->closing);
  g_clear_object (&self->caller);
  g_clear_object (&self->both);
  g_clear_object (&self->session);
  g_free (self);
}

static void
devssh_client_session_closed_cb (DevSshSession *session,
                                 guint          reason,
                                 const char    *message,
                                 const GError  *error,
                                 DevSshClient  *self)
{
  guint position;

  g_signal_handlers_disconnect_by_data (session, self);
  if (g_list_store_find (self->sessions, session, &position))
    g_list_store_remove (self->sessions, position);
}

static void
devssh_client_close_sessions (DevSshClient *self)
{
  guint n;

  while ((n = g_list_model_get_n_items (G_LIST_MODEL (self->sessions))) > 0)
    {
      g_autoptr(DevSshSession) session = g_list_model_get_item (G_LIST_MODEL (self->sessions), n - 1);

      g_signal_handlers_disconnect_by_data (session, self);
      g_list_store_remove (self->sessions, n - 1);
      devssh_session_close (session, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "The client was closed");
    }
}

static void
devssh_client_dispose (GObject *object)
{
  DevSshClient *self = DEVSSH_CLIENT (object);

  devssh_client_close (self);
  G_OBJECT_CLASS (devssh_client_parent_class)->dispose (object);
}

static void
devssh_client_finalize (GObject *object)
{
  DevSshClient *self = DEVSSH_CLIENT (object);

  g_clear_object (&self->config);
  g_clear_object (&self->dialer);
  g_clear_object (&self->sessions);
  g_clear_object (&self->closing);
  g_clear_pointer (&self->context, devssh_context_unref);
  G_OBJECT_CLASS (devssh_client_parent_class)->finalize (object);
}

static void
devssh_client_get_property (GObject    *object,
                            guint       prop_id,
                            GValue     *value,
                            GParamSpec *pspec)
{
  DevSshClient *self = DEVSSH_CLIENT (object);

  switch (prop_id)
    {
    case PROP_CONFIG:
      g_value_set_object (value, self->config);
      break;
    case PROP_SESSIONS:
      g_value_set_object (value, self->sessions);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
devssh_client_set_property (GObject      *object,
                            guint         prop_id,
                            const GValue *value,
                            GParamSpec   *pspec)
{
  DevSshClient *self = DEVSSH_CLIENT (object);

  switch (prop_id)
    {
    case PROP_CONFIG:
      self->config = g_value_dup_object (value);
      if (self->config == NULL)
        self->config = devssh_session_config_new ();
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
devssh_client_class_init (DevSshClientClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = devssh_client_dispose;
  object_class->finalize = devssh_client_finalize;
  object_class->get_property = devssh_client_get_property;
  object_class->set_property = devssh_client_set_property;

  /**
   * DevSshClient:config: (getter get_config)
   *
   * What sessions offer, allow and limit.
   *
   * Since: 1.0
   */
  properties[PROP_CONFIG] =
    g_param_spec_object ("config", NULL, NULL, DEVSSH_TYPE_SESSION_CONFIG,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  /**
   * DevSshClient:sessions: (getter get_sessions)
   *
   * The sessions that are open, a list of [class@ClientSession].
   *
   * Since: 1.0
   */
  properties[PROP_SESSIONS] =
    g_param_spec_object ("sessions", NULL, NULL, G_TYPE_LIST_MODEL,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
devssh_client_init (DevSshClient *self)
{
  self->context = devssh_context_ref_thread_default ();
  self->sessions = g_list_store_new (DEVSSH_TYPE_CLIENT_SESSION);
  self->closing = g_cancellable_new ();
  self->dialer = g_socket_client_new ();
}

/**
 * devssh_client_new:
 * @config: (nullable): what sessions offer, allow and limit; %NULL for the defaults
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
 * devssh_client_get_config:
 * @self: a client
 *
 * Gets what sessions offer, allow and limit. Changes count for sessions that are opened later.
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

/**
 * devssh_client_get_sessions:
 * @self: a client
 *
 * Gets the sessions that are open.
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

static void
devssh_client_connected_cb (GObject      *source,
                            GAsyncResult *result,
                            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  DevSshClient *self = g_task_get_source_object (task);
  Opening *opening = g_task_get_task_data (task);
  GError *error = NULL;

  if (!devssh_session_connect_finish (DEVSSH_SESSION (source), result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  g_list_store_append (self->sessions, opening->session);
  g_signal_connect (opening->session, "closed", G_CALLBACK (devssh_client_session_closed_cb), self);
  g_task_return_pointer (task, g_steal_pointer (&opening->session), g_object_unref);
}

static void
devssh_client_dialled_cb (GObject      *source,
                          GAsyncResult *result,
                          gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  DevSshClient *self = g_task_get_source_object (task);
  Opening *opening = g_task_get_task_data (task);
  g_autoptr(GSocketConnection) connection = NULL;
  GError *error = NULL;

  connection = g_socket_client_connect_finish (G_SOCKET_CLIENT (source), result, &error);
  if (connection != NULL)
    {
      devssh_socket_set_options (g_socket_connection_get_socket (connection));
      opening->session = devssh_client_session_new (G_IO_STREAM (connection), self->config, &error);
    }
  if (opening->session == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  devssh_session_connect_async (DEVSSH_SESSION (opening->session), opening->both, devssh_client_connected_cb,
                                g_steal_pointer (&task));
}

/**
 * devssh_client_connect_async:
 * @self: a client
 * @connectable: where to, e.g. a [class@Gio.NetworkAddress] or [class@Gio.UnixSocketAddress]
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the session is connected
 * @user_data: for @callback
 *
 * Resolves, connects, and exchanges versions and keys. The session is then connected, not
 * authenticated: [method@ClientSession.authenticate_async] comes next.
 *
 * Fails as [method@Gio.SocketClient.connect_async] and [method@Session.connect_async] do, and with
 * %DEVSSH_ERROR_CLOSED after [method@Client.close].
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
  g_autoptr(GTask) task = NULL;
  Opening *opening;
  GError *error = NULL;

  g_return_if_fail (DEVSSH_IS_CLIENT (self));
  g_return_if_fail (G_IS_SOCKET_CONNECTABLE (connectable));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_client_connect_async);
  if (!devssh_context_check_here (self->context, G_STRFUNC, &error)
      || !devssh_session_config_validate (self->config, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (self->closed)
    {
      g_task_return_new_error (task, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED, "The client is closed");
      return;
    }

  opening = g_new0 (Opening, 1);
  opening->both = g_cancellable_new ();
  opening->closing = g_object_ref (self->closing);
  opening->closing_id = g_cancellable_connect (opening->closing, G_CALLBACK (opening_cancelled_cb),
                                               g_object_ref (opening->both), g_object_unref);
  if (cancellable != NULL)
    {
      opening->caller = g_object_ref (cancellable);
      opening->caller_id = g_cancellable_connect (cancellable, G_CALLBACK (opening_cancelled_cb),
                                                  g_object_ref (opening->both), g_object_unref);
    }
  g_task_set_task_data (task, opening, opening_free);
  g_socket_client_connect_async (self->dialer, connectable, opening->both, devssh_client_dialled_cb,
                                 g_steal_pointer (&task));
}

/**
 * devssh_client_connect_finish:
 * @self: a client
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@Client.connect_async].
 *
 * Returns: (transfer full): the connected session, or %NULL
 *
 * Since: 1.0
 */
DevSshClientSession *
devssh_client_connect_finish (DevSshClient  *self,
                              GAsyncResult  *result,
                              GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * devssh_client_connect_to_host_async:
 * @self: a client
 * @host: a host name or address
 * @port: a port; 0 for 22
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the session is connected
 * @user_data: for @callback
 *
 * As [method@Client.connect_async], to a host.
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

  address = g_network_address_new (host, port != 0 ? port : DEFAULT_PORT);
  devssh_client_connect_async (self, address, cancellable, callback, user_data);
}

/**
 * devssh_client_connect_to_host_finish:
 * @self: a client
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@Client.connect_to_host_async].
 *
 * Returns: (transfer full): the connected session, or %NULL
 *
 * Since: 1.0
 */
DevSshClientSession *
devssh_client_connect_to_host_finish (DevSshClient  *self,
                                      GAsyncResult  *result,
                                      GError       **error)
{
  return devssh_client_connect_finish (self, result, error);
}

/**
 * devssh_client_close:
 * @self: a client
 *
 * Closes every session; nothing can be opened any more. Closing twice does nothing.
 *
 * Since: 1.0
 */
void
devssh_client_close (DevSshClient *self)
{
  g_return_if_fail (DEVSSH_IS_CLIENT (self));

  if (self->closed)
    return;
  self->closed = TRUE;
  g_cancellable_cancel (self->closing);
  devssh_client_close_sessions (self);
}
