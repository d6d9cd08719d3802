/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Listens, and makes a session of every connection (protocol.md 12.2). */
#include <libdevssh/net/devssh-server-private.h>

#include <libdevssh/base/devssh-context-private.h>
#include <libdevssh/base/devssh-error.h>
#include <libdevssh/net/devssh-acceptor-private.h>
#include <libdevssh/net/devssh-socket-options-private.h>

#define DEFAULT_LOGIN_GRACE  120
#define DEFAULT_STARTUPS     100
#define DEFAULT_PER_ADDRESS  20
#define BACKLOG              128

/**
 * DevSshServer:
 *
 * Listens for connections and makes a [class@ServerSession] of each.
 *
 * Connect to [signal@Server::session-authenticating] to let people in, and to
 * [signal@Server::session-request] and [signal@Server::session-channel-opening] to let them do
 * something; or connect to the signals of each session in [signal@Server::session-opened].
 *
 * Who does not log in within [property@Server:login-grace] is disconnected; more than
 * [property@Server:max-startups] connections that have not logged in are turned away.
 *
 * Since: 1.0
 */
struct _DevSshServer
{
  GObject                  parent_instance;

  DevSshContext           *context;
  DevSshSessionConfig     *config;
  DevSshServerCredentials *credentials;
  DevSshAcceptor          *acceptor;
  GListStore              *sessions;
  GHashTable              *guests;          /* (element-type DevSshServerSession Guest): those that have not closed */
  GHashTable              *per_address;     /* (element-type utf8 guint): start-ups */
  guint                    startups;
  guint                    login_grace;     /* milliseconds */
  guint                    max_startups;
  guint                    max_startups_per_address;
  gboolean                 closed;
};

G_DEFINE_FINAL_TYPE (DevSshServer, devssh_server, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_CONFIG,
  PROP_CREDENTIALS,
  PROP_SESSIONS,
  PROP_PORT,
  PROP_LOGIN_GRACE,
  PROP_MAX_STARTUPS,
  PROP_MAX_STARTUPS_PER_ADDRESS,
  N_PROPS
};

enum
{
  SIGNAL_SESSION_OPENED,
  SIGNAL_SESSION_AUTHENTICATING,
  SIGNAL_SESSION_REQUEST,
  SIGNAL_SESSION_CHANNEL_OPENING,
  SIGNAL_SESSION_CLOSED,
  SIGNAL_ERROR,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint       signals[N_SIGNALS];

/* What the server keeps of one session. */
typedef struct
{
  DevSshServer        *server;     /* borrowed: the table is the server's */
  DevSshServerSession *session;
  char                *address;    /* NULL: not an internet socket; never counted by address */
  DevSshDeadline       grace;
  gboolean             starting;   /* counts as a start-up */
} Guest;

/* A slot is free again when its guest has logged in or gone (T-41). */
static void
guest_started (Guest *self)
{
  DevSshServer *server = self->server;

  if (!self->starting)
    return;
  self->starting = FALSE;
  devssh_deadline_clear (&self->grace);
  server->startups--;
  if (self->address != NULL)
    {
      guint n = GPOINTER_TO_UINT (g_hash_table_lookup (server->per_address, self->address)) - 1;

      if (n == 0)
        g_hash_table_remove (server->per_address, self->address);
      else
        g_hash_table_replace (server->per_address, g_strdup (self->address), GUINT_TO_POINTER (n));
    }
}

static void
guest_free (gpointer data)
{
  Guest *self = data;

  guest_started (self);
  g_signal_handlers_disconnect_by_data (self->session, self);
  g_object_unref (self->session);
  g_free (self->address);
  g_free (self);
}

/* One deadline a connection; no traffic moves it (T-40). */
static void
guest_grace_cb (DevSshDeadline *deadline)
{
  Guest *self = (Guest *) ((guint8 *) deadline - G_STRUCT_OFFSET (Guest, grace));

  devssh_session_close (DEVSSH_SESSION (self->session), DEVSSH_DISCONNECT_REASON_BY_APPLICATION,
                        "The time to log in is over");
}

static gboolean
guest_authenticating_cb (DevSshSession        *session,
                         DevSshAuthentication *question,
                         Guest                *self)
{
  gboolean handled = FALSE;

  g_signal_emit (self->server, signals[SIGNAL_SESSION_AUTHENTICATING], 0, session, question, &handled);
  return handled;
}

static gboolean
guest_request_cb (DevSshSession        *session,
                  DevSshSessionRequest *request,
                  Guest                *self)
{
  gboolean handled = FALSE;

  g_signal_emit (self->server, signals[SIGNAL_SESSION_REQUEST], 0, session, request, &handled);
  return handled;
}

static gboolean
guest_channel_opening_cb (DevSshSession        *session,
                          DevSshChannelOpening *opening,
                          Guest                *self)
{
  gboolean handled = FALSE;

  g_signal_emit (self->server, signals[SIGNAL_SESSION_CHANNEL_OPENING], 0, session, opening, &handled);
  return handled;
}

static void
guest_authenticated_cb (DevSshServerSession *session,
                        Guest               *self)
{
  guest_started (self);
}

static void
devssh_server_forget (DevSshServer        *self,
                      DevSshServerSession *session)
{
  g_autoptr(DevSshServerSession) kept = g_object_ref (session);
  guint position;

  if (!g_hash_table_remove (self->guests, session))
    return;
  if (g_list_store_find (self->sessions, session, &position))
    g_list_store_remove (self->sessions, position);
  g_signal_emit (self, signals[SIGNAL_SESSION_CLOSED], 0, session);
}

static void
guest_closed_cb (DevSshSession *session,
                 guint          reason,
                 const char    *message,
                 const GError  *error,
                 Guest         *self)
{
  g_autoptr(DevSshServer) server = g_object_ref (self->server);

  devssh_server_forget (server, DEVSSH_SERVER_SESSION (session));
}

static gboolean
devssh_server_has_listeners (DevSshServer *self,
                             guint         signal)
{
  return g_signal_has_handler_pending (self, signals[signal], 0, FALSE);
}

/* Handlers are connected only where the server itself has some: whether anybody listens decides refusals. */
static void
devssh_server_connect_guest (DevSshServer *self,
                             Guest        *guest)
{
  DevSshServerSession *session = guest->session;

  g_signal_connect (session, "authenticating", G_CALLBACK (guest_authenticating_cb), guest);
  if (devssh_server_has_listeners (self, SIGNAL_SESSION_REQUEST))
    g_signal_connect (session, "request", G_CALLBACK (guest_request_cb), guest);
  if (devssh_server_has_listeners (self, SIGNAL_SESSION_CHANNEL_OPENING))
    g_signal_connect (session, "channel-opening", G_CALLBACK (guest_channel_opening_cb), guest);
  g_signal_connect (session, "client-authenticated", G_CALLBACK (guest_authenticated_cb), guest);
  g_signal_connect (session, "closed", G_CALLBACK (guest_closed_cb), guest);
}

static void
devssh_server_session_connected_cb (GObject      *source,
                                    GAsyncResult *result,
                                    gpointer      user_data)
{
  g_autoptr(DevSshServer) self = user_data;
  g_autoptr(GError) error = NULL;

  /* A scan, junk, an early end: nothing that stops the server. */
  if (!devssh_session_connect_finish (DEVSSH_SESSION (source), result, &error))
    g_signal_emit (self, signals[SIGNAL_ERROR], 0, error);
}

static DevSshServerSession *
devssh_server_welcome (DevSshServer  *self,
                       GIOStream     *stream,
                       char          *address,
                       GError       **error)
{
  g_autofree char *owned_address = address;
  g_autoptr(DevSshServerSession) session = NULL;
  Guest *guest;

  session = devssh_server_session_new (stream, self->config, self->credentials, error);
  if (session == NULL)
    return NULL;

  guest = g_new0 (Guest, 1);
  guest->server = self;
  guest->session = g_object_ref (session);
  guest->starting = TRUE;
  self->startups++;
  if (owned_address != NULL)
    {
      guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self->per_address, owned_address));

      g_hash_table_replace (self->per_address, g_strdup (owned_address), GUINT_TO_POINTER (n + 1));
      guest->address = g_steal_pointer (&owned_address);
    }
  if (self->login_grace > 0)
    devssh_deadline_set (&guest->grace, self->context,
                         devssh_context_get_time (self->context) + self->login_grace * G_TIME_SPAN_MILLISECOND,
                         guest_grace_cb);
  g_hash_table_insert (self->guests, session, guest);
  g_list_store_append (self->sessions, session);
  devssh_server_connect_guest (self, guest);

  g_signal_emit (self, signals[SIGNAL_SESSION_OPENED], 0, session);
  if (!devssh_session_get_is_closed (DEVSSH_SESSION (session)))
    devssh_session_connect_async (DEVSSH_SESSION (session), NULL, devssh_server_session_connected_cb, g_object_ref (self));
  return g_steal_pointer (&session);
}

static char *
devssh_server_address_of (GSocket *socket)
{
  g_autoptr(GSocketAddress) remote = g_socket_get_remote_address (socket, NULL);

  if (!G_IS_INET_SOCKET_ADDRESS (remote))
    return NULL;
  return g_inet_address_to_string (g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (remote)));
}

static void
devssh_server_accepted_cb (GSocket  *socket,
                           gpointer  user_data)
{
  DevSshServer *self = user_data;
  g_autoptr(GSocketConnection) connection = NULL;
  g_autoptr(DevSshServerSession) session = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *address = devssh_server_address_of (socket);

  if (self->startups >= self->max_startups
      || (self->max_startups_per_address > 0 && address != NULL
          && GPOINTER_TO_UINT (g_hash_table_lookup (self->per_address, address)) >= self->max_startups_per_address))
    {
      /* T-41: at once, and without a word: nothing has been said yet that could be answered. */
      g_socket_close (socket, NULL);
      return;
    }

  devssh_socket_set_options (socket);
  connection = g_socket_connection_factory_create_connection (socket);
  session = devssh_server_welcome (self, G_IO_STREAM (connection), g_steal_pointer (&address), &error);
  if (session == NULL)
    g_signal_emit (self, signals[SIGNAL_ERROR], 0, error);
}

static void
devssh_server_trouble_cb (const GError *error,
                          gpointer      user_data)
{
  g_signal_emit (user_data, signals[SIGNAL_ERROR], 0, error);
}

static const DevSshAcceptorEvents acceptor_events = {
  .accepted = devssh_server_accepted_cb,
  .trouble = devssh_server_trouble_cb,
};

static void
devssh_server_dispose (GObject *object)
{
  DevSshServer *self = DEVSSH_SERVER (object);

  devssh_server_close (self);
  g_hash_table_remove_all (self->guests);
  g_list_store_remove_all (self->sessions);
  G_OBJECT_CLASS (devssh_server_parent_class)->dispose (object);
}

static void
devssh_server_finalize (GObject *object)
{
  DevSshServer *self = DEVSSH_SERVER (object);

  g_clear_object (&self->config);
  g_clear_object (&self->credentials);
  g_clear_object (&self->sessions);
  g_clear_pointer (&self->guests, g_hash_table_unref);
  g_clear_pointer (&self->per_address, g_hash_table_unref);
  g_clear_pointer (&self->context, devssh_context_unref);
  G_OBJECT_CLASS (devssh_server_parent_class)->finalize (object);
}

static void
devssh_server_get_property (GObject    *object,
                            guint       prop_id,
                            GValue     *value,
                            GParamSpec *pspec)
{
  DevSshServer *self = DEVSSH_SERVER (object);

  switch (prop_id)
    {
    case PROP_CONFIG:
      g_value_set_object (value, self->config);
      break;
    case PROP_CREDENTIALS:
      g_value_set_object (value, self->credentials);
      break;
    case PROP_SESSIONS:
      g_value_set_object (value, self->sessions);
      break;
    case PROP_PORT:
      g_value_set_uint (value, devssh_server_get_port (self));
      break;
    case PROP_LOGIN_GRACE:
      g_value_set_uint (value, self->login_grace / 1000);
      break;
    case PROP_MAX_STARTUPS:
      g_value_set_uint (value, self->max_startups);
      break;
    case PROP_MAX_STARTUPS_PER_ADDRESS:
      g_value_set_uint (value, self->max_startups_per_address);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
devssh_server_set_property (GObject      *object,
                            guint         prop_id,
                            const GValue *value,
                            GParamSpec   *pspec)
{
  DevSshServer *self = DEVSSH_SERVER (object);

  switch (prop_id)
    {
    case PROP_CONFIG:
      self->config = g_value_dup_object (value);
      if (self->config == NULL)
        self->config = devssh_session_config_new ();
      break;
    case PROP_CREDENTIALS:
      self->credentials = g_value_dup_object (value);
      break;
    case PROP_LOGIN_GRACE:
      self->login_grace = g_value_get_uint (value) * 1000;
      g_object_notify_by_pspec (object, pspec);
      break;
    case PROP_MAX_STARTUPS:
      self->max_startups = g_value_get_uint (value);
      g_object_notify_by_pspec (object, pspec);
      break;
    case PROP_MAX_STARTUPS_PER_ADDRESS:
      self->max_startups_per_address = g_value_get_uint (value);
      g_object_notify_by_pspec (object, pspec);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
devssh_server_install_properties (GObjectClass *object_class)
{
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;
  const GParamFlags at_birth = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;
  const GParamFlags writable = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  /**
   * DevSshServer:config: (getter get_config)
   *
   * What sessions offer, allow and limit.
   *
   * Since: 1.0
   */
  properties[PROP_CONFIG] = g_param_spec_object ("config", NULL, NULL, DEVSSH_TYPE_SESSION_CONFIG, at_birth);
  /**
   * DevSshServer:credentials: (getter get_credentials)
   *
   * The host keys.
   *
   * Since: 1.0
   */
  properties[PROP_CREDENTIALS] =
    g_param_spec_object ("credentials", NULL, NULL, DEVSSH_TYPE_SERVER_CREDENTIALS, at_birth);
  /**
   * DevSshServer:sessions: (getter get_sessions)
   *
   * The sessions that are open, a list of [class@ServerSession].
   *
   * Since: 1.0
   */
  properties[PROP_SESSIONS] = g_param_spec_object ("sessions", NULL, NULL, G_TYPE_LIST_MODEL, readable);
  /**
   * DevSshServer:port: (getter get_port)
   *
   * The port of the first listener, 0 before.
   *
   * Since: 1.0
   */
  properties[PROP_PORT] = g_param_spec_uint ("port", NULL, NULL, 0, G_MAXUINT16, 0, readable);
  /**
   * DevSshServer:login-grace: (getter get_login_grace) (setter set_login_grace)
   *
   * How many seconds a connection has to log in, from when it was accepted; 0: no limit.
   *
   * Since: 1.0
   */
  properties[PROP_LOGIN_GRACE] =
    g_param_spec_uint ("login-grace", NULL, NULL, 0, G_MAXUINT / 1000, DEFAULT_LOGIN_GRACE, writable);
  /**
   * DevSshServer:max-startups: (getter get_max_startups) (setter set_max_startups)
   *
   * How many connections may be there that have not logged in; more are turned away.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_STARTUPS] =
    g_param_spec_uint ("max-startups", NULL, NULL, 1, G_MAXUINT, DEFAULT_STARTUPS, writable);
  /**
   * DevSshServer:max-startups-per-address: (getter get_max_startups_per_address) (setter set_max_startups_per_address)
   *
   * The same from one address; 0: no such limit.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_STARTUPS_PER_ADDRESS] =
    g_param_spec_uint ("max-startups-per-address", NULL, NULL, 0, G_MAXUINT, DEFAULT_PER_ADDRESS, writable);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
devssh_server_class_init (DevSshServerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GType type = G_TYPE_FROM_CLASS (klass);

  object_class->dispose = devssh_server_dispose;
  object_class->finalize = devssh_server_finalize;
  object_class->get_property = devssh_server_get_property;
  object_class->set_property = devssh_server_set_property;
  devssh_server_install_properties (object_class);

  /**
   * DevSshServer::session-opened:
   * @self: the server
   * @session: a session, before its first byte
   *
   * A connection was accepted. Handlers that are connected to @session now miss nothing.
   *
   * Since: 1.0
   */
  signals[SIGNAL_SESSION_OPENED] =
    g_signal_new ("session-opened", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, DEVSSH_TYPE_SERVER_SESSION);
  /**
   * DevSshServer::session-authenticating:
   * @self: the server
   * @session: the session
   * @authentication: who wants to be let in
   *
   * [signal@Session::authenticating] of any session.
   *
   * Returns: %TRUE if the question is taken
   *
   * Since: 1.0
   */
  signals[SIGNAL_SESSION_AUTHENTICATING] =
    g_signal_new ("session-authenticating", type, G_SIGNAL_RUN_LAST, 0, g_signal_accumulator_true_handled, NULL, NULL,
                  G_TYPE_BOOLEAN, 2, DEVSSH_TYPE_SERVER_SESSION, DEVSSH_TYPE_AUTHENTICATION);
  /**
   * DevSshServer::session-request:
   * @self: the server
   * @session: the session
   * @request: what the client asks
   *
   * [signal@Session::request] of any session that was accepted after this was connected.
   *
   * Returns: %TRUE if the question is taken
   *
   * Since: 1.0
   */
  signals[SIGNAL_SESSION_REQUEST] =
    g_signal_new ("session-request", type, G_SIGNAL_RUN_LAST, 0, g_signal_accumulator_true_handled, NULL, NULL,
                  G_TYPE_BOOLEAN, 2, DEVSSH_TYPE_SERVER_SESSION, DEVSSH_TYPE_SESSION_REQUEST);
  /**
   * DevSshServer::session-channel-opening:
   * @self: the server
   * @session: the session
   * @opening: the channel that is to be opened
   *
   * [signal@Session::channel-opening] of any session that was accepted after this was connected.
   *
   * Returns: %TRUE if the question is taken
   *
   * Since: 1.0
   */
  signals[SIGNAL_SESSION_CHANNEL_OPENING] =
    g_signal_new ("session-channel-opening", type, G_SIGNAL_RUN_LAST, 0, g_signal_accumulator_true_handled, NULL, NULL,
                  G_TYPE_BOOLEAN, 2, DEVSSH_TYPE_SERVER_SESSION, DEVSSH_TYPE_CHANNEL_OPENING);
  /**
   * DevSshServer::session-closed:
   * @self: the server
   * @session: the session
   *
   * A session has ended and is no longer in the list.
   *
   * Since: 1.0
   */
  signals[SIGNAL_SESSION_CLOSED] =
    g_signal_new ("session-closed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, DEVSSH_TYPE_SERVER_SESSION);
  /**
   * DevSshServer::error:
   * @self: the server
   * @error: what happened
   *
   * A connection could not be accepted, or did not become a session. The server goes on.
   *
   * Since: 1.0
   */
  signals[SIGNAL_ERROR] =
    g_signal_new ("error", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
devssh_server_init (DevSshServer *self)
{
  self->context = devssh_context_ref_thread_default ();
  self->acceptor = devssh_acceptor_new (self->context, &acceptor_events, self);
  self->sessions = g_list_store_new (DEVSSH_TYPE_SERVER_SESSION);
  self->guests = g_hash_table_new_full (NULL, NULL, NULL, guest_free);
  self->per_address = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->login_grace = DEFAULT_LOGIN_GRACE * 1000;
  self->max_startups = DEFAULT_STARTUPS;
  self->max_startups_per_address = DEFAULT_PER_ADDRESS;
}

/**
 * devssh_server_new:
 * @config: (nullable): what sessions offer, allow and limit; %NULL for the defaults
 * @credentials: (nullable): the host keys; %NULL only without security
 *
 * Makes a server; it does not listen yet.
 *
 * Returns: (transfer full): the server
 *
 * Since: 1.0
 */
DevSshServer *
devssh_server_new (DevSshSessionConfig     *config,
                   DevSshServerCredentials *credentials)
{
  g_return_val_if_fail (config == NULL || DEVSSH_IS_SESSION_CONFIG (config), NULL);
  g_return_val_if_fail (credentials == NULL || DEVSSH_IS_SERVER_CREDENTIALS (credentials), NULL);

  return g_object_new (DEVSSH_TYPE_SERVER, "config", config, "credentials", credentials, NULL);
}

/**
 * devssh_server_get_credentials:
 * @self: a server
 *
 * Gets the host keys.
 *
 * Returns: (transfer none) (nullable): the credentials
 *
 * Since: 1.0
 */
DevSshServerCredentials *
devssh_server_get_credentials (DevSshServer *self)
{
  g_return_val_if_fail (DEVSSH_IS_SERVER (self), NULL);

  return self->credentials;
}

/**
 * devssh_server_get_config:
 * @self: a server
 *
 * Gets what sessions offer, allow and limit. Changes count for connections that come later.
 *
 * Returns: (transfer none): the configuration
 *
 * Since: 1.0
 */
DevSshSessionConfig *
devssh_server_get_config (DevSshServer *self)
{
  g_return_val_if_fail (DEVSSH_IS_SERVER (self), NULL);

  return self->config;
}

/* FALSE: cannot listen any more, or not from here. */
static gboolean
devssh_server_check_listening (DevSshServer  *self,
                               GError       **error)
{
  if (!devssh_context_check_here (self->context, G_STRFUNC, error)
      || !devssh_session_config_validate (self->config, error))
    return FALSE;
  if (self->closed)
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED, "The server is closed");
      return FALSE;
    }
  return TRUE;
}

/**
 * devssh_server_listen:
 * @self: a server
 * @address: (nullable): a numeric address; %NULL for loopback, the empty text for any address
 * @port: a TCP port; 0 to have one chosen
 * @error: return location for an error
 *
 * Listens on a TCP port. It may be called again, for more addresses.
 *
 * Fails with a `G_IO_ERROR` if the port cannot be had, and with %DEVSSH_ERROR_INVALID_CONFIG,
 * %DEVSSH_ERROR_MALFORMED (@address) or %DEVSSH_ERROR_CLOSED.
 *
 * Returns: the port, or 0
 *
 * Since: 1.0
 */
guint16
devssh_server_listen (DevSshServer  *self,
                      const char    *address,
                      guint16        port,
                      GError       **error)
{
  g_autoptr(GInetAddress) inet = NULL;
  g_autoptr(GSocketAddress) socket_address = NULL;
  g_autoptr(GSocketAddress) effective = NULL;
  g_autoptr(GSocket) socket = NULL;

  g_return_val_if_fail (DEVSSH_IS_SERVER (self), 0);

  if (!devssh_server_check_listening (self, error))
    return 0;
  if (address == NULL)
    inet = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  else if (address[0] == '\0')
    inet = g_inet_address_new_any (G_SOCKET_FAMILY_IPV6);
  else
    inet = g_inet_address_new_from_string (address);
  if (inet == NULL)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED, "\"%s\" is not a numeric address", address);
      return 0;
    }

  socket_address = g_inet_socket_address_new (inet, port);
  socket = g_socket_new (g_inet_address_get_family (inet), G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);
  if (socket == NULL)
    return 0;
  g_socket_set_listen_backlog (socket, BACKLOG);
  if (!g_socket_bind (socket, socket_address, TRUE, error) || !g_socket_listen (socket, error))
    return 0;
  effective = g_socket_get_local_address (socket, error);
  if (effective == NULL)
    return 0;
  if (!devssh_server_listen_socket (self, socket, error))
    return 0;
  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (effective));
}

/**
 * devssh_server_listen_socket:
 * @self: a server
 * @socket: a socket that listens, of any kind: a Unix socket, or one that was inherited
 * @error: return location for an error
 *
 * Accepts connections from a socket that listens already. The server closes it in the end.
 *
 * Fails with %DEVSSH_ERROR_INVALID_CONFIG or %DEVSSH_ERROR_CLOSED.
 *
 * Returns: %TRUE if connections are accepted now
 *
 * Since: 1.0
 */
gboolean
devssh_server_listen_socket (DevSshServer  *self,
                             GSocket       *socket,
                             GError       **error)
{
  g_return_val_if_fail (DEVSSH_IS_SERVER (self), FALSE);
  g_return_val_if_fail (G_IS_SOCKET (socket), FALSE);

  if (!devssh_server_check_listening (self, error))
    return FALSE;
  devssh_acceptor_add (self->acceptor, socket);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PORT]);
  return TRUE;
}

/**
 * devssh_server_get_port:
 * @self: a server
 *
 * Gets the TCP port of the first listener.
 *
 * Returns: the port; 0 before [method@Server.listen] and after [method@Server.close]
 *
 * Since: 1.0
 */
guint16
devssh_server_get_port (DevSshServer *self)
{
  g_return_val_if_fail (DEVSSH_IS_SERVER (self), 0);

  return self->acceptor != NULL ? devssh_acceptor_get_port (self->acceptor) : 0;
}

/**
 * devssh_server_get_sessions:
 * @self: a server
 *
 * Gets the sessions that are open, logged in or not.
 *
 * Returns: (transfer none): a list of [class@ServerSession]
 *
 * Since: 1.0
 */
GListModel *
devssh_server_get_sessions (DevSshServer *self)
{
  g_return_val_if_fail (DEVSSH_IS_SERVER (self), NULL);

  return G_LIST_MODEL (self->sessions);
}

/**
 * devssh_server_add_stream:
 * @self: a server
 * @stream: a stream with a client at its other end
 * @error: return location for an error
 *
 * Makes a session of a stream that came from elsewhere; from then on it is as if it had been
 * accepted.
 *
 * Fails with %DEVSSH_ERROR_INVALID_CONFIG or %DEVSSH_ERROR_CLOSED.
 *
 * Returns: (transfer full): the session, or %NULL
 *
 * Since: 1.0
 */
DevSshServerSession *
devssh_server_add_stream (DevSshServer  *self,
                          GIOStream     *stream,
                          GError       **error)
{
  g_return_val_if_fail (DEVSSH_IS_SERVER (self), NULL);
  g_return_val_if_fail (G_IS_IO_STREAM (stream), NULL);

  if (!devssh_server_check_listening (self, error))
    return NULL;
  return devssh_server_welcome (self, stream, NULL, error);
}

/**
 * devssh_server_close:
 * @self: a server
 *
 * Stops listening and closes every session. Closing twice does nothing.
 *
 * Since: 1.0
 */
void
devssh_server_close (DevSshServer *self)
{
  guint n;

  g_return_if_fail (DEVSSH_IS_SERVER (self));

  if (self->closed)
    return;
  self->closed = TRUE;
  g_clear_pointer (&self->acceptor, devssh_acceptor_free);

  n = g_list_model_get_n_items (G_LIST_MODEL (self->sessions));
  for (guint i = 0; i < n; i++)
    {
      g_autoptr(DevSshSession) session = g_list_model_get_item (G_LIST_MODEL (self->sessions), i);

      devssh_session_close (session, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "The server was closed");
    }
}

/**
 * devssh_server_get_login_grace:
 * @self: a server
 *
 * Gets how many seconds a connection has to log in; 0: no limit.
 *
 * Returns: the value of [property@Server:login-grace]
 *
 * Since: 1.0
 */
guint
devssh_server_get_login_grace (DevSshServer *self)
{
  g_return_val_if_fail (DEVSSH_IS_SERVER (self), 0);

  return self->login_grace / 1000;
}

/**
 * devssh_server_set_login_grace:
 * @self: a server
 * @login_grace: the value
 *
 * Sets how many seconds a connection has to log in; 0: no limit. It counts for connections that come later.
 *
 * Since: 1.0
 */
void
devssh_server_set_login_grace (DevSshServer *self,
                               guint         login_grace)
{
  g_return_if_fail (DEVSSH_IS_SERVER (self));

  g_object_set (self, "login-grace", login_grace, NULL);
}

/**
 * devssh_server_get_max_startups:
 * @self: a server
 *
 * Gets how many connections may be there that have not logged in.
 *
 * Returns: the value of [property@Server:max-startups]
 *
 * Since: 1.0
 */
guint
devssh_server_get_max_startups (DevSshServer *self)
{
  g_return_val_if_fail (DEVSSH_IS_SERVER (self), 0);

  return self->max_startups;
}

/**
 * devssh_server_set_max_startups:
 * @self: a server
 * @max_startups: the value
 *
 * Sets how many connections may be there that have not logged in. It counts for connections that come later.
 *
 * Since: 1.0
 */
void
devssh_server_set_max_startups (DevSshServer *self,
                                guint         max_startups)
{
  g_return_if_fail (DEVSSH_IS_SERVER (self));

  g_object_set (self, "max-startups", max_startups, NULL);
}

/**
 * devssh_server_get_max_startups_per_address:
 * @self: a server
 *
 * Gets how many connections from one address may be there that have not logged in; 0: no such limit.
 *
 * Returns: the value of [property@Server:max-startups-per-address]
 *
 * Since: 1.0
 */
guint
devssh_server_get_max_startups_per_address (DevSshServer *self)
{
  g_return_val_if_fail (DEVSSH_IS_SERVER (self), 0);

  return self->max_startups_per_address;
}

/**
 * devssh_server_set_max_startups_per_address:
 * @self: a server
 * @max_startups_per_address: the value
 *
 * Sets how many connections from one address may be there that have not logged in; 0: no such limit. It counts for connections that come later.
 *
 * Since: 1.0
 */
void
devssh_server_set_max_startups_per_address (DevSshServer *self,
                                            guint         max_startups_per_address)
{
  g_return_if_fail (DEVSSH_IS_SERVER (self));

  g_object_set (self, "max-startups-per-address", max_startups_per_address, NULL);
}

void
devssh_server_set_login_grace_milliseconds (DevSshServer *self,
                                            guint         milliseconds)
{
  self->login_grace = milliseconds;
}

guint
devssh_server_get_startups (DevSshServer *self)
{
  return self->startups;
}
