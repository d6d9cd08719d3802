/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Listens, and makes a session of every connection (protocol.md 12.2). */
#include <libdevssh/net/devssh-server.h>

#include <libdevssh/base/devssh-context-private.h>
#include <libdevssh/base/devssh-error.h>
#include <libdevssh/net/devssh-acceptor-private.h>
#include <libdevssh/net/devssh-socket-private.h>
#include <libdevssh/session/devssh-session-config-private.h>

struct _DevSshServer
{
  GObject                  parent_instance;
  DevSshContext           *context;
  DevSshSessionConfig     *config;
  DevSshServerCredentials *credentials;
  DevSshAcceptor          *acceptor;        /* NULL before listening and after the end */
  GListStore              *sessions;
  GHashTable              *guests;          /* (element-type DevSshServerSession Guest) */
  gboolean                 closed;

  guint                    login_grace;     /* seconds */
  guint                    max_startups;
  guint                    max_startups_per_address;
  guint                    n_startups;      /* guests that have not logged in */
  GHashTable              *startups;        /* (element-type utf8 guint): the same, by address */
};

/* What is kept about a session. */
typedef struct
{
  DevSshServer        *server;              /* borrowed: dispose frees its guests */
  DevSshServerSession *session;
  char                *subject;             /* whose startups it counts among; NULL: nobody's */
  gboolean             starting;
  DevSshDeadline       grace;
} Guest;

/**
 * DevSshServer:
 *
 * Listens, and makes a session of every connection.
 *
 * What the sessions ask comes as signals of the server, to which handlers have
 * to be connected before a session is opened. Handlers of a session's own
 * signals, connected in [signal@Server::session-opened], are asked first.
 * Whoever is not accepted in [signal@Server::session-authenticating] stays out.
 *
 * Connections that do not log in are kept in bounds: each gets
 * [property@Server:login-grace] seconds, and there are at most
 * [property@Server:max-startups] of them at a time.
 *
 * A server belongs to the main context that is the thread's default when it is
 * made, and so do its sessions.
 *
 * Since: 1.0
 */
G_DEFINE_FINAL_TYPE (DevSshServer, devssh_server, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_CONFIG,
  PROP_CREDENTIALS,
  PROP_PORT,
  PROP_SESSIONS,
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

/* ---- guests ---- */

static guint
devssh_server_count_startups (DevSshServer *self,
                              const char   *subject)
{
  return subject != NULL ? GPOINTER_TO_UINT (g_hash_table_lookup (self->startups, subject)) : 0;
}

static void
guest_start (Guest *self)
{
  DevSshServer *server = self->server;

  self->starting = TRUE;
  server->n_startups++;
  if (self->subject != NULL)
    g_hash_table_insert (server->startups, g_strdup (self->subject),
                         GUINT_TO_POINTER (devssh_server_count_startups (server, self->subject) + 1));
}

/* It has logged in, or is gone. */
static void
guest_settle (Guest *self)
{
  DevSshServer *server = self->server;
  guint n;

  devssh_deadline_clear (&self->grace);
  if (!self->starting)
    return;

  self->starting = FALSE;
  server->n_startups--;
  if (self->subject == NULL)
    return;

  n = devssh_server_count_startups (server, self->subject);
  if (n > 1)
    g_hash_table_insert (server->startups, g_strdup (self->subject), GUINT_TO_POINTER (n - 1));
  else
    g_hash_table_remove (server->startups, self->subject);
}

static void
guest_free (gpointer data)
{
  Guest *self = data;

  guest_settle (self);
  g_signal_handlers_disconnect_by_data (self->session, self);
  g_object_unref (self->session);
  g_free (self->subject);
  g_free (self);
}

/* One deadline, from accept to authenticated, which no traffic moves (T-40). */
static void
guest_grace_cb (DevSshDeadline *deadline)
{
  Guest *self = G_STRUCT_MEMBER_P (deadline, -(glong) G_STRUCT_OFFSET (Guest, grace));

  devssh_session_close (DEVSSH_SESSION (self->session), DEVSSH_DISCONNECT_REASON_BY_APPLICATION,
                        "Nobody has logged in in time");
}

static gboolean
guest_authenticating_cb (DevSshSession        *session,
                         DevSshAuthentication *authentication,
                         gpointer              user_data)
{
  Guest *self = user_data;
  gboolean handled = FALSE;

  g_signal_emit (self->server, signals[SIGNAL_SESSION_AUTHENTICATING], 0, session, authentication, &handled);
  return handled;
}

static gboolean
guest_request_cb (DevSshSession        *session,
                  DevSshSessionRequest *request,
                  gpointer              user_data)
{
  Guest *self = user_data;
  gboolean handled = FALSE;

  g_signal_emit (self->server, signals[SIGNAL_SESSION_REQUEST], 0, session, request, &handled);
  return handled;
}

static gboolean
guest_channel_opening_cb (DevSshSession        *session,
                          DevSshChannelOpening *opening,
                          gpointer              user_data)
{
  Guest *self = user_data;
  gboolean handled = FALSE;

  g_signal_emit (self->server, signals[SIGNAL_SESSION_CHANNEL_OPENING], 0, session, opening, &handled);
  return handled;
}

static void
guest_authenticated_cb (DevSshServerSession *session,
                        gpointer             user_data)
{
  guest_settle (user_data);
}

static void
guest_closed_cb (DevSshSession          *session,
                 DevSshDisconnectReason  reason,
                 const char             *message,
                 const GError           *error,
                 gpointer                user_data)
{
  g_autoptr(DevSshServer) server = g_object_ref (((Guest *) user_data)->server);
  g_autoptr(DevSshSession) hold = g_object_ref (session);
  guint position;

  /* The guest goes first: a slot is free before anybody is told (T-41). */
  g_hash_table_remove (server->guests, session);
  if (g_list_store_find (server->sessions, session, &position))
    g_list_store_remove (server->sessions, position);
  g_signal_emit (server, signals[SIGNAL_SESSION_CLOSED], 0, session);
}

static void
guest_connected_cb (GObject      *source,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  g_autoptr(DevSshServer) server = user_data;
  DevSshSession *session = DEVSSH_SESSION (source);
  g_autoptr(GError) error = NULL;
  Guest *guest;

  /* A bad client ends its own session and nothing else. */
  if (!devssh_session_connect_finish (session, result, &error))
    {
      g_debug ("A session could not be connected: %s", error->message);
      devssh_session_close (session, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "The session could not be connected");
      return;
    }

  /* Where there is no security nobody logs in. */
  guest = g_hash_table_lookup (server->guests, session);
  if (guest != NULL && devssh_session_config_is_no_security (devssh_session_get_config (session)))
    guest_settle (guest);
}

/* Whether anybody listens decides how a question is refused: so we listen for the server only if somebody listens to it. */
static void
guest_relay (Guest      *self,
             guint       signal,
             const char *session_signal,
             GCallback   callback)
{
  if (g_signal_has_handler_pending (self->server, signals[signal], 0, FALSE))
    g_signal_connect (self->session, session_signal, callback, self);
}

static void
guest_relay_questions (Guest *self)
{
  guest_relay (self, SIGNAL_SESSION_AUTHENTICATING, "authenticating", G_CALLBACK (guest_authenticating_cb));
  guest_relay (self, SIGNAL_SESSION_REQUEST, "request", G_CALLBACK (guest_request_cb));
  guest_relay (self, SIGNAL_SESSION_CHANNEL_OPENING, "channel-opening", G_CALLBACK (guest_channel_opening_cb));
}

/* ---- taking connections ---- */

static void
devssh_server_report (const GError *error,
                      gpointer      user_data)
{
  DevSshServer *self = user_data;

  g_object_ref (self);
  g_signal_emit (self, signals[SIGNAL_ERROR], 0, error);
  g_object_unref (self);
}

static gboolean
devssh_server_check_startups (DevSshServer  *self,
                              const char    *subject,
                              GError       **error)
{
  if (self->max_startups > 0 && self->n_startups >= self->max_startups)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_LIMIT,
                   "%u connections have not logged in yet", self->n_startups);
      return FALSE;
    }
  if (self->max_startups_per_address > 0 &&
      devssh_server_count_startups (self, subject) >= self->max_startups_per_address)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_LIMIT,
                   "%u connections from %s have not logged in yet",
                   devssh_server_count_startups (self, subject), subject);
      return FALSE;
    }
  return TRUE;
}

static DevSshServerSession *
devssh_server_take (DevSshServer  *self,
                    GIOStream     *stream,
                    GError       **error)
{
  g_autofree char *subject = devssh_socket_dup_subject (stream);
  g_autoptr(DevSshServerSession) session = NULL;
  Guest *guest;

  if (!devssh_server_check_startups (self, subject, error))
    return NULL;
  session = devssh_server_session_new (stream, self->config, self->credentials, error);
  if (session == NULL)
    return NULL;

  devssh_socket_prepare (stream);
  guest = g_new0 (Guest, 1);
  guest->server = self;
  guest->session = g_object_ref (session);
  guest->subject = g_steal_pointer (&subject);
  guest_start (guest);
  if (self->login_grace > 0)
    devssh_deadline_set (&guest->grace, self->context,
                         devssh_context_get_time (self->context) + self->login_grace * G_TIME_SPAN_SECOND,
                         guest_grace_cb);
  g_hash_table_insert (self->guests, session, guest);
  g_list_store_append (self->sessions, session);
  g_signal_connect (session, "client-authenticated", G_CALLBACK (guest_authenticated_cb), guest);
  g_signal_connect (session, "closed", G_CALLBACK (guest_closed_cb), guest);

  /* The application's own handlers come before ours, and nothing has been read yet. */
  g_object_ref (self);
  g_signal_emit (self, signals[SIGNAL_SESSION_OPENED], 0, session);
  guest = g_hash_table_lookup (self->guests, session);
  if (guest != NULL)
    {
      guest_relay_questions (guest);
      devssh_session_connect_async (DEVSSH_SESSION (session), NULL, guest_connected_cb, g_object_ref (self));
    }
  g_object_unref (self);
  return g_steal_pointer (&session);
}

static void
devssh_server_accepted (GSocketConnection *connection,
                        gpointer           user_data)
{
  DevSshServer *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshServerSession) session = devssh_server_take (self, G_IO_STREAM (connection), &error);

  if (session != NULL)
    return;

  g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
  /* Too many of them is what an attacker wants us to talk about. */
  if (g_error_matches (error, DEVSSH_ERROR, DEVSSH_ERROR_LIMIT))
    g_debug ("A connection was closed: %s", error->message);
  else
    devssh_server_report (error, self);
}

/* ---- GObject ---- */

static void
devssh_server_get_property (GObject    *object,
                            guint       property_id,
                            GValue     *value,
                            GParamSpec *pspec)
{
  DevSshServer *self = DEVSSH_SERVER (object);

  switch (property_id)
    {
    case PROP_CONFIG:
      g_value_set_object (value, self->config);
      break;

    case PROP_CREDENTIALS:
      g_value_set_object (value, self->credentials);
      break;

    case PROP_PORT:
      g_value_set_uint (value, devssh_server_get_port (self));
      break;

    case PROP_SESSIONS:
      g_value_set_object (value, self->sessions);
      break;

    case PROP_LOGIN_GRACE:
      g_value_set_uint (value, self->login_grace);
      break;

    case PROP_MAX_STARTUPS:
      g_value_set_uint (value, self->max_startups);
      break;

    case PROP_MAX_STARTUPS_PER_ADDRESS:
      g_value_set_uint (value, self->max_startups_per_address);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
devssh_server_set_property (GObject      *object,
                            guint         property_id,
                            const GValue *value,
                            GParamSpec   *pspec)
{
  DevSshServer *self = DEVSSH_SERVER (object);

  switch (property_id)
    {
    case PROP_CONFIG:
      self->config = g_value_dup_object (value);
      break;

    case PROP_CREDENTIALS:
      self->credentials = g_value_dup_object (value);
      break;

    case PROP_LOGIN_GRACE:
      devssh_server_set_login_grace (self, g_value_get_uint (value));
      break;

    case PROP_MAX_STARTUPS:
      devssh_server_set_max_startups (self, g_value_get_uint (value));
      break;

    case PROP_MAX_STARTUPS_PER_ADDRESS:
      devssh_server_set_max_startups_per_address (self, g_value_get_uint (value));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
devssh_server_constructed (GObject *object)
{
  DevSshServer *self = DEVSSH_SERVER (object);

  G_OBJECT_CLASS (devssh_server_parent_class)->constructed (object);

  if (self->config == NULL)
    self->config = devssh_session_config_new ();
  if (self->credentials == NULL)
    self->credentials = devssh_server_credentials_new ();
}

/* Nobody would answer the sessions any more. */
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

  g_hash_table_unref (self->guests);
  g_hash_table_unref (self->startups);
  g_clear_object (&self->sessions);
  g_clear_object (&self->config);
  g_clear_object (&self->credentials);
  devssh_context_unref (self->context);

  G_OBJECT_CLASS (devssh_server_parent_class)->finalize (object);
}

static void
devssh_server_install_properties (GObjectClass *object_class)
{
  /**
   * DevSshServer:config: (getter get_config)
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
   * DevSshServer:credentials: (getter get_credentials)
   *
   * The host keys.
   *
   * Since: 1.0
   */
  properties[PROP_CREDENTIALS] =
    g_param_spec_object ("credentials", NULL, NULL,
                         DEVSSH_TYPE_SERVER_CREDENTIALS,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshServer:port: (getter get_port)
   *
   * The TCP port of the first listener; 0 before there is one.
   *
   * Since: 1.0
   */
  properties[PROP_PORT] =
    g_param_spec_uint ("port", NULL, NULL,
                       0, G_MAXUINT16, 0,
                       G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshServer:sessions: (getter get_sessions)
   *
   * The sessions that are open, a list of [class@ServerSession].
   *
   * Since: 1.0
   */
  properties[PROP_SESSIONS] =
    g_param_spec_object ("sessions", NULL, NULL,
                         G_TYPE_LIST_MODEL,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshServer:login-grace: (getter get_login_grace) (setter set_login_grace)
   *
   * How many seconds a client has to log in, from the moment it connects; 0:
   * any time. Connections that are there already keep what they were given.
   *
   * Since: 1.0
   */
  properties[PROP_LOGIN_GRACE] =
    g_param_spec_uint ("login-grace", NULL, NULL,
                       0, G_MAXUINT, 120,
                       G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshServer:max-startups: (getter get_max_startups) (setter set_max_startups)
   *
   * How many connections there may be that have not logged in yet; more are
   * closed at once. 0: no limit.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_STARTUPS] =
    g_param_spec_uint ("max-startups", NULL, NULL,
                       0, G_MAXUINT, 100,
                       G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshServer:max-startups-per-address: (getter get_max_startups_per_address) (setter set_max_startups_per_address)
   *
   * How many of them one IPv4 address or one IPv6 network (of 64 bits) may
   * have. 0: no limit.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_STARTUPS_PER_ADDRESS] =
    g_param_spec_uint ("max-startups-per-address", NULL, NULL,
                       0, G_MAXUINT, 20,
                       G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
devssh_server_install_signals (GType type)
{
  /**
   * DevSshServer::session-opened:
   * @self: the server
   * @session: a session whose connection was just accepted
   *
   * A client has connected. Nothing has been read from it yet, so this is the
   * time to connect to the session's own signals. Closing @session refuses the
   * client.
   *
   * Since: 1.0
   */
  signals[SIGNAL_SESSION_OPENED] =
    g_signal_new ("session-opened", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, DEVSSH_TYPE_SERVER_SESSION);

  /**
   * DevSshServer::session-authenticating:
   * @self: the server
   * @session: one of its sessions
   * @authentication: who wants to log in, and how
   *
   * A client wants to log in, see [signal@Session::authenticating].
   *
   * To answer later, keep a reference to @authentication and return %TRUE.
   * Unanswered means refused.
   *
   * Returns: %TRUE if the question is taken, %FALSE to ask the next handler
   *
   * Since: 1.0
   */
  signals[SIGNAL_SESSION_AUTHENTICATING] =
    g_signal_new ("session-authenticating", type, G_SIGNAL_RUN_LAST, 0,
                  g_signal_accumulator_true_handled, NULL, NULL,
                  G_TYPE_BOOLEAN, 2, DEVSSH_TYPE_SERVER_SESSION, DEVSSH_TYPE_AUTHENTICATION);

  /**
   * DevSshServer::session-request:
   * @self: the server
   * @session: one of its sessions
   * @request: what the client asks
   *
   * A client asks something of its session, see [signal@Session::request].
   *
   * To answer later, keep a reference to @request and return %TRUE. Unanswered
   * means refused.
   *
   * Returns: %TRUE if the question is taken, %FALSE to ask the next handler
   *
   * Since: 1.0
   */
  signals[SIGNAL_SESSION_REQUEST] =
    g_signal_new ("session-request", type, G_SIGNAL_RUN_LAST, 0,
                  g_signal_accumulator_true_handled, NULL, NULL,
                  G_TYPE_BOOLEAN, 2, DEVSSH_TYPE_SERVER_SESSION, DEVSSH_TYPE_SESSION_REQUEST);

  /**
   * DevSshServer::session-channel-opening:
   * @self: the server
   * @session: one of its sessions
   * @opening: the channel that is to be opened
   *
   * A client opens a channel, see [signal@Session::channel-opening].
   *
   * To answer later, keep a reference to @opening and return %TRUE. Unanswered
   * means refused.
   *
   * Returns: %TRUE if the question is taken, %FALSE to ask the next handler
   *
   * Since: 1.0
   */
  signals[SIGNAL_SESSION_CHANNEL_OPENING] =
    g_signal_new ("session-channel-opening", type, G_SIGNAL_RUN_LAST, 0,
                  g_signal_accumulator_true_handled, NULL, NULL,
                  G_TYPE_BOOLEAN, 2, DEVSSH_TYPE_SERVER_SESSION, DEVSSH_TYPE_CHANNEL_OPENING);

  /**
   * DevSshServer::session-closed:
   * @self: the server
   * @session: a session that has ended
   *
   * A session has ended, see [signal@Session::closed]. It is not in
   * [property@Server:sessions] any more.
   *
   * Since: 1.0
   */
  signals[SIGNAL_SESSION_CLOSED] =
    g_signal_new ("session-closed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, DEVSSH_TYPE_SERVER_SESSION);

  /**
   * DevSshServer::error:
   * @self: the server
   * @error: what is wrong
   *
   * A connection could not be accepted, or no session could be made of it: the
   * system has run out of descriptors, say. The server goes on: it tries again
   * a second later. What goes wrong inside a session is told by the session.
   *
   * Since: 1.0
   */
  signals[SIGNAL_ERROR] =
    g_signal_new ("error", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
devssh_server_class_init (DevSshServerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = devssh_server_get_property;
  object_class->set_property = devssh_server_set_property;
  object_class->constructed = devssh_server_constructed;
  object_class->dispose = devssh_server_dispose;
  object_class->finalize = devssh_server_finalize;

  devssh_server_install_properties (object_class);
  devssh_server_install_signals (G_TYPE_FROM_CLASS (klass));
}

static void
devssh_server_init (DevSshServer *self)
{
  self->context = devssh_context_ref_thread_default ();
  self->sessions = g_list_store_new (DEVSSH_TYPE_SERVER_SESSION);
  self->guests = g_hash_table_new_full (NULL, NULL, NULL, guest_free);
  self->startups = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->login_grace = 120;
  self->max_startups = 100;
  self->max_startups_per_address = 20;
}

/* ---- public ---- */

/**
 * devssh_server_new:
 * @config: (nullable): the configuration of the sessions; %NULL:
 *   [ctor@SessionConfig.new]
 * @credentials: (nullable): the host keys; %NULL: none yet, see
 *   [method@Server.get_credentials]
 *
 * Makes a server that does not listen yet.
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
 * devssh_server_get_credentials: (get-property credentials)
 * @self: a server
 *
 * The host keys.
 *
 * Returns: (transfer none): the credentials
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
 * devssh_server_get_config: (get-property config)
 * @self: a server
 *
 * The configuration of the sessions.
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

/* A configuration that cannot work is told here rather than to every client. */
static gboolean
devssh_server_check_open (DevSshServer  *self,
                          const char    *function,
                          GError       **error)
{
  if (!devssh_context_check_here (self->context, function, error))
    return FALSE;
  if (!self->closed)
    return devssh_session_config_validate (self->config, error);

  g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED, "Server is closed");
  return FALSE;
}

static void
devssh_server_ensure_acceptor (DevSshServer *self)
{
  if (self->acceptor == NULL)
    self->acceptor = devssh_acceptor_new (self->context, devssh_server_accepted, devssh_server_report, self);
}

/**
 * devssh_server_listen:
 * @self: a server
 * @address: (nullable): an IP address; %NULL or `localhost`: only this
 *   computer, over IPv4 and IPv6; "": any address
 * @port: a TCP port; 0: one that is free
 * @error: return location for an error
 *
 * Starts to listen. May be called more than once.
 *
 * Returns: the port; 0 and @error: what the socket says
 *   (%G_IO_ERROR_ADDRESS_IN_USE ...), %DEVSSH_ERROR_MALFORMED if @address is
 *   not one, %DEVSSH_ERROR_INVALID_CONFIG, or %DEVSSH_ERROR_CLOSED
 *
 * Since: 1.0
 */
guint16
devssh_server_listen (DevSshServer  *self,
                      const char    *address,
                      guint16        port,
                      GError       **error)
{
  guint16 chosen;

  g_return_val_if_fail (DEVSSH_IS_SERVER (self), 0);
  g_return_val_if_fail (error == NULL || *error == NULL, 0);

  if (!devssh_server_check_open (self, G_STRFUNC, error))
    return 0;

  devssh_server_ensure_acceptor (self);
  chosen = devssh_acceptor_listen (self->acceptor, address, port, error);
  if (chosen != 0)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PORT]);
  return chosen;
}

/**
 * devssh_server_listen_socket:
 * @self: a server
 * @socket: a stream socket that is bound; it need not listen yet
 * @error: return location for an error
 *
 * Starts to listen on @socket: a Unix socket, one that was inherited from
 * systemd, or whatever else accepts connections. It is closed with @self.
 *
 * Returns: %TRUE; %FALSE and @error: what the socket says,
 *   %DEVSSH_ERROR_INVALID_CONFIG, or %DEVSSH_ERROR_CLOSED
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
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!devssh_server_check_open (self, G_STRFUNC, error))
    return FALSE;
  /* For one that listens already it changes the backlog, and nothing else. */
  if (!g_socket_listen (socket, error))
    return FALSE;

  devssh_server_ensure_acceptor (self);
  devssh_acceptor_add (self->acceptor, socket);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PORT]);
  return TRUE;
}

/**
 * devssh_server_get_port: (get-property port)
 * @self: a server
 *
 * The TCP port of the first listener.
 *
 * Returns: the port; 0 before there is a listener, after the end, and if the
 *   first one has no port
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
 * devssh_server_get_sessions: (get-property sessions)
 * @self: a server
 *
 * The sessions that are open, those that have not logged in included.
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
 * @stream: a connection that was accepted elsewhere
 * @error: return location for an error
 *
 * Makes a session of @stream as if it had been accepted by @self, and emits
 * [signal@Server::session-opened].
 *
 * Returns: (transfer full): the session; %NULL and %DEVSSH_ERROR_LIMIT: too
 *   many have not logged in yet; %DEVSSH_ERROR_CLOSED; or
 *   %DEVSSH_ERROR_INVALID_CONFIG. @stream is then left as it is.
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
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!devssh_server_check_open (self, G_STRFUNC, error))
    return NULL;
  return devssh_server_take (self, stream, error);
}

/**
 * devssh_server_get_login_grace: (get-property login-grace)
 * @self: a server
 *
 * How long a client has to log in.
 *
 * Returns: seconds; 0: any time
 *
 * Since: 1.0
 */
guint
devssh_server_get_login_grace (DevSshServer *self)
{
  g_return_val_if_fail (DEVSSH_IS_SERVER (self), 0);

  return self->login_grace;
}

static void
devssh_server_set_limit (DevSshServer *self,
                         guint         property,
                         guint        *field,
                         guint         value)
{
  if (*field == value)
    return;

  *field = value;
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

/**
 * devssh_server_set_login_grace: (set-property login-grace)
 * @self: a server
 * @seconds: seconds; 0: any time
 *
 * Sets [property@Server:login-grace].
 *
 * Since: 1.0
 */
void
devssh_server_set_login_grace (DevSshServer *self,
                               guint         seconds)
{
  g_return_if_fail (DEVSSH_IS_SERVER (self));

  devssh_server_set_limit (self, PROP_LOGIN_GRACE, &self->login_grace, seconds);
}

/**
 * devssh_server_get_max_startups: (get-property max-startups)
 * @self: a server
 *
 * How many connections there may be that have not logged in yet.
 *
 * Returns: the number; 0: no limit
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
 * devssh_server_set_max_startups: (set-property max-startups)
 * @self: a server
 * @connections: a number; 0: no limit
 *
 * Sets [property@Server:max-startups].
 *
 * Since: 1.0
 */
void
devssh_server_set_max_startups (DevSshServer *self,
                                guint         connections)
{
  g_return_if_fail (DEVSSH_IS_SERVER (self));

  devssh_server_set_limit (self, PROP_MAX_STARTUPS, &self->max_startups, connections);
}

/**
 * devssh_server_get_max_startups_per_address: (get-property max-startups-per-address)
 * @self: a server
 *
 * How many connections of one address there may be that have not logged in yet.
 *
 * Returns: the number; 0: no limit
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
 * devssh_server_set_max_startups_per_address: (set-property max-startups-per-address)
 * @self: a server
 * @connections: a number; 0: no limit
 *
 * Sets [property@Server:max-startups-per-address].
 *
 * Since: 1.0
 */
void
devssh_server_set_max_startups_per_address (DevSshServer *self,
                                            guint         connections)
{
  g_return_if_fail (DEVSSH_IS_SERVER (self));

  devssh_server_set_limit (self, PROP_MAX_STARTUPS_PER_ADDRESS, &self->max_startups_per_address, connections);
}

/**
 * devssh_server_close:
 * @self: a server
 *
 * Stops listening and closes all sessions. A second call does nothing; nothing
 * can be listened to afterwards. The same happens when the last reference to
 * @self is dropped.
 *
 * Since: 1.0
 */
void
devssh_server_close (DevSshServer *self)
{
  g_autoptr(GPtrArray) sessions = NULL;

  g_return_if_fail (DEVSSH_IS_SERVER (self));

  if (!devssh_context_check_here (self->context, G_STRFUNC, NULL) || self->closed)
    return;

  self->closed = TRUE;
  g_clear_pointer (&self->acceptor, devssh_acceptor_free);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PORT]);

  sessions = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->sessions)); i++)
    g_ptr_array_add (sessions, g_list_model_get_item (G_LIST_MODEL (self->sessions), i));
  for (guint i = 0; i < sessions->len; i++)
    devssh_session_close (sessions->pdata[i], DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "Server is closed");
}
