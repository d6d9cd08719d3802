/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The public face of a session: properties, signals, and the calls that go to the engines. */
#include <libdevssh/session/devssh-session-private.h>

#include <libdevssh/connection/devssh-channel-private.h>

/**
 * DevSshSession:
 *
 * An SSH session over any [class@Gio.IOStream].
 *
 * A session belongs to the thread-default [struct@GLib.MainContext] in which it was made; all its
 * signals and callbacks arrive there, and it must be used from there only. Another thread may hold
 * references and drop them, close it ([method@Session.close]) and read the state, the counters of
 * [property@Session:metrics], and what is fixed by then: number, versions once it is connected, the
 * principal once it is authenticated, reason and error once it is closed. It is either a
 * [class@ClientSession] or a [class@ServerSession].
 *
 * Whatever a peer asks for is refused unless the application (or a service that it allows) accepts
 * it: connect to [signal@Session::authenticating], [signal@Session::channel-opening] and
 * [signal@Session::request].
 *
 * Dropping the last reference ends the session: one attempt is made to tell the peer. While an
 * asynchronous call runs it keeps the session alive.
 *
 * Since: 1.0
 */

/**
 * DevSshSessionClass:
 * @parent_class: the parent class
 *
 * The class of sessions; only the library derives from it.
 *
 * Since: 1.0
 */

/**
 * DevSshProgress:
 * @DEVSSH_PROGRESS_OPENING_SESSION_CONNECTION: connecting has begun
 * @DEVSSH_PROGRESS_OPENED_SESSION_CONNECTION: the session is connected
 * @DEVSSH_PROGRESS_STARTING_VERSION_EXCHANGE: our version line is on its way
 * @DEVSSH_PROGRESS_COMPLETED_VERSION_EXCHANGE: the peer's version line is there
 * @DEVSSH_PROGRESS_STARTING_KEY_EXCHANGE: the first key exchange has begun
 * @DEVSSH_PROGRESS_COMPLETED_KEY_EXCHANGE: the first keys are in use
 * @DEVSSH_PROGRESS_STARTING_SESSION_AUTHENTICATION: authentication has begun
 * @DEVSSH_PROGRESS_COMPLETED_SESSION_AUTHENTICATION: the session is authenticated
 *
 * Steps on the way to a usable session, in the numbering of the other Dev Tunnels SSH libraries.
 *
 * Since: 1.0
 */
G_DEFINE_ENUM_TYPE (DevSshProgress, devssh_progress,
                    G_DEFINE_ENUM_VALUE (DEVSSH_PROGRESS_OPENING_SESSION_CONNECTION, "opening-session-connection"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_PROGRESS_OPENED_SESSION_CONNECTION, "opened-session-connection"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_PROGRESS_STARTING_VERSION_EXCHANGE, "starting-version-exchange"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_PROGRESS_COMPLETED_VERSION_EXCHANGE, "completed-version-exchange"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_PROGRESS_STARTING_KEY_EXCHANGE, "starting-key-exchange"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_PROGRESS_COMPLETED_KEY_EXCHANGE, "completed-key-exchange"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_PROGRESS_STARTING_SESSION_AUTHENTICATION, "starting-session-authentication"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_PROGRESS_COMPLETED_SESSION_AUTHENTICATION, "completed-session-authentication"))

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (DevSshSession, devssh_session, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_STREAM,
  PROP_CONFIG,
  PROP_NUMBER,
  PROP_IS_CONNECTED,
  PROP_IS_AUTHENTICATED,
  PROP_IS_CLOSED,
  PROP_PRINCIPAL,
  PROP_LOCAL_VERSION,
  PROP_REMOTE_VERSION,
  PROP_PROTOCOL_EXTENSIONS,
  PROP_METRICS,
  PROP_CHANNELS,
  PROP_SERVICES,
  PROP_TRACE_CHANNEL_DATA,
  N_PROPS
};

enum
{
  SIGNAL_AUTHENTICATING,
  SIGNAL_CHANNEL_OPENING,
  SIGNAL_REQUEST,
  SIGNAL_SERVICE_ACTIVATED,
  SIGNAL_PROGRESS,
  SIGNAL_KEEPALIVE_SUCCEEDED,
  SIGNAL_KEEPALIVE_FAILED,
  SIGNAL_TRACE,
  SIGNAL_CLOSED,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint       signals[N_SIGNALS];

DevSshSessionPrivate *
devssh_session_get_private (DevSshSession *self)
{
  return devssh_session_get_instance_private (self);
}

/* Between devssh_question_begin() and end(), which are the caller's. */
gboolean
devssh_session_emit_question (DevSshSession  *self,
                              DevSshQuestion *question,
                              gboolean       *listened)
{
  gboolean handled = FALSE;
  guint signal;

  if (DEVSSH_IS_CHANNEL_REQUEST (question))
    {
      DevSshChannelRequest *request = DEVSSH_CHANNEL_REQUEST (question);
      DevSshChannel *channel = devssh_channel_request_get_channel (request);

      *listened = devssh_channel_has_request_handler (channel);
      return devssh_channel_emit_request (channel, request);
    }

  if (DEVSSH_IS_AUTHENTICATION (question))
    signal = signals[SIGNAL_AUTHENTICATING];
  else if (DEVSSH_IS_CHANNEL_OPENING (question))
    signal = signals[SIGNAL_CHANNEL_OPENING];
  else
    signal = signals[SIGNAL_REQUEST];

  *listened = g_signal_has_handler_pending (self, signal, 0, FALSE);
  g_signal_emit (self, signal, 0, question, &handled);
  return handled;
}

gboolean
devssh_session_has_authenticating_handler (DevSshSession *self)
{
  return g_signal_has_handler_pending (self, signals[SIGNAL_AUTHENTICATING], 0, FALSE);
}

void
devssh_session_report_progress (DevSshSession  *self,
                                DevSshProgress  progress)
{
  g_signal_emit (self, signals[SIGNAL_PROGRESS], 0, progress);
}

void
devssh_session_notify (DevSshSession *self,
                       const char    *property)
{
  g_object_notify (G_OBJECT (self), property);
}

void
devssh_session_emit_service_activated (DevSshSession *self,
                                       DevSshService *service)
{
  g_signal_emit (self, signals[SIGNAL_SERVICE_ACTIVATED], 0, service);
}

void
devssh_session_emit_keepalive (DevSshSession *self,
                               gboolean       succeeded,
                               guint          count)
{
  g_signal_emit (self, signals[succeeded ? SIGNAL_KEEPALIVE_SUCCEEDED : SIGNAL_KEEPALIVE_FAILED], 0, count);
}

void
devssh_session_emit_closed (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_instance_private (self);

  g_signal_emit (self, signals[SIGNAL_CLOSED], 0, priv->reason, priv->message, priv->error);
}

static void
devssh_session_log_note (DevSshSessionPrivate  *priv,
                         const DevSshTraceNote *note)
{
  g_autofree char *number = g_strdup_printf ("%u", priv->number);
  g_autofree char *event = g_strdup_printf ("%d", note->event);

  /* A peer's mistakes are not the program's: nothing here is louder than debug. */
  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_DEBUG,
                    "DEVSSH_SESSION", number,
                    "DEVSSH_EVENT", event,
                    "DEVSSH_LEVEL", devssh_trace_level_to_string (note->level),
                    "MESSAGE", "[%s:%d] session %u: %s",
                    devssh_trace_level_to_string (note->level), note->event, priv->number, note->text);
}

void
devssh_session_emit_trace (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_instance_private (self);
  gboolean wanted = g_signal_has_handler_pending (self, signals[SIGNAL_TRACE], 0, FALSE);
  DevSshTraceNote *note;

  devssh_tracer_set_level (priv->tracer, wanted || priv->logging ? DEVSSH_TRACE_LEVEL_VERBOSE : -1);
  while ((note = devssh_tracer_take (priv->tracer)) != NULL)
    {
      if (priv->logging)
        devssh_session_log_note (priv, note);
      if (wanted)
        g_signal_emit (self, signals[SIGNAL_TRACE], 0, note->level, note->event, note->text);
      devssh_trace_note_free (note);
    }
}

void
devssh_session_set_authenticated (DevSshSession *self,
                                  GObject       *principal)
{
  DevSshSessionPrivate *priv = devssh_session_get_instance_private (self);

  g_set_object (&priv->principal, principal);
  /* With the principal in place: another thread may read it from here on (design D20). */
  g_atomic_int_set (&priv->authenticated, TRUE);
  devssh_transport_set_phase (priv->pump->transport, DEVSSH_PHASE_OPEN);
  devssh_connection_set_principal (priv->pump->connection, principal);
  devssh_session_keepalive_restart (self);
}

void
devssh_session_set_connected (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_instance_private (self);
  DevSshTransport *transport;

  if (priv->connected || !priv->connecting || priv->end != DEVSSH_SESSION_ALIVE)
    return;
  transport = priv->pump->transport;
  /* Only when the input is used up: an EXT_INFO right behind NEWKEYS then counts for the first login attempt. */
  if (devssh_transport_get_kex_count (transport) == 0
      && !(devssh_transport_is_no_security (transport) && devssh_transport_get_phase (transport) == DEVSSH_PHASE_OPEN))
    return;

  g_atomic_int_set (&priv->connected, TRUE);
  devssh_session_keepalive_restart (self);
  devssh_session_report_progress (self, DEVSSH_PROGRESS_OPENED_SESSION_CONNECTION);
  devssh_session_notify (self, "is-connected");
  /* If it has been cancelled, that is on its way, and ends the session as well. */
  if (priv->connect_task != NULL && !g_cancellable_is_cancelled (g_task_get_cancellable (priv->connect_task)))
    {
      g_autoptr(GTask) task = g_steal_pointer (&priv->connect_task);

      g_task_set_check_cancellable (task, FALSE);
      g_task_return_boolean (task, TRUE);
    }
  /* What the callback asked for goes out in this turn. */
  devssh_pump_wake (priv->pump);
}

gboolean
devssh_session_check_usable (DevSshSession *self,
                             GTask         *task,
                             gboolean       needs_authentication)
{
  DevSshSessionPrivate *priv = devssh_session_get_instance_private (self);
  GError *error = NULL;

  if (!devssh_context_check_here (priv->context, G_STRFUNC, &error))
    {
      g_task_return_error (task, error);
      return FALSE;
    }
  if (priv->end != DEVSSH_SESSION_ALIVE)
    error = g_error_new (DEVSSH_ERROR, DEVSSH_ERROR_CLOSED, "The session is closed: %s", priv->error->message);
  else if (!priv->connected)
    error = g_error_new_literal (DEVSSH_ERROR, DEVSSH_ERROR_NOT_CONNECTED, "The session is not connected yet");
  else if (needs_authentication && !priv->authenticated
           && !devssh_transport_is_no_security (priv->pump->transport))
    error = g_error_new_literal (DEVSSH_ERROR, DEVSSH_ERROR_NOT_AUTHENTICATED,
                                 "The session is not authenticated yet");
  if (error == NULL)
    return TRUE;
  devssh_context_return_error (priv->context, g_object_ref (task), error);
  return FALSE;
}

gpointer
devssh_session_new_weak (DevSshSession *self)
{
  GWeakRef *weak = g_new (GWeakRef, 1);

  g_weak_ref_init (weak, self);
  return weak;
}

void
devssh_session_free_weak (gpointer weak)
{
  g_weak_ref_clear (weak);
  g_free (weak);
}

static void
devssh_session_constructed (GObject *object)
{
  DevSshSession *self = DEVSSH_SESSION (object);
  DevSshSessionPrivate *priv = devssh_session_get_instance_private (self);
  DevSshTransportConfig *transport_config;
  DevSshConnectionConfig *connection_config;

  G_OBJECT_CLASS (devssh_session_parent_class)->constructed (object);

  /* A programmer's mistake that nothing can be made of: in other languages it is one line. */
  if (priv->role == NULL)
    g_error ("%s: only the library derives from DevSshSession", G_OBJECT_TYPE_NAME (object));
  if (priv->config == NULL)
    priv->config = devssh_session_config_new ();
  if (devssh_session_config_validate (priv->config, &priv->config_error) && priv->stream == NULL)
    g_set_error_literal (&priv->config_error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG,
                         "A session needs a stream");
  if (priv->stream == NULL)
    {
      g_autoptr(GInputStream) in = g_memory_input_stream_new ();
      g_autoptr(GOutputStream) out = g_memory_output_stream_new_resizable ();

      priv->stream = g_simple_io_stream_new (in, out);
    }

  devssh_tracer_set_channel_data (priv->tracer, devssh_session_config_get_trace_channel_data (priv->config));
  transport_config = devssh_session_config_make_transport (priv->config, priv->role->is_server, priv->context);
  transport_config->metrics = g_object_ref (priv->metrics);
  transport_config->tracer = devssh_tracer_ref (priv->tracer);
  priv->role->prepare (self, transport_config);

  priv->pump = devssh_pump_new (self, priv->context, priv->stream);
  priv->pump->transport = devssh_transport_new (transport_config);

  connection_config = devssh_session_config_make_connection (priv->config, priv->context);
  connection_config->tracer = devssh_tracer_ref (priv->tracer);
  connection_config->is_client = !priv->role->is_server;
  connection_config->wake = devssh_pump_wake;
  connection_config->host = priv->pump;
  priv->pump->connection = devssh_connection_new (connection_config,
                                                  devssh_transport_get_outbox (priv->pump->transport));
  priv->registry = devssh_session_config_make_registry (priv->config);
}

static void
devssh_session_dispose (GObject *object)
{
  DevSshSession *self = DEVSSH_SESSION (object);
  DevSshSessionPrivate *priv = devssh_session_get_instance_private (self);

  if (priv->pump->session != NULL && !devssh_context_is_here (priv->context))
    {
      /* Dropped in another thread: the last reference goes in the session's own context (design D18). */
      devssh_context_take_home (priv->context, self);
      return;
    }
  devssh_session_drop (self);
  G_OBJECT_CLASS (devssh_session_parent_class)->dispose (object);
}

static void
devssh_session_finalize (GObject *object)
{
  DevSshSession *self = DEVSSH_SESSION (object);
  DevSshSessionPrivate *priv = devssh_session_get_instance_private (self);

  g_clear_pointer (&priv->pump, devssh_pump_unref);
  g_clear_pointer (&priv->keepalive, devssh_keepalive_free);
  g_clear_object (&priv->principal);
  g_clear_object (&priv->services);
  g_clear_pointer (&priv->registry, devssh_service_registry_free);
  g_clear_object (&priv->metrics);
  g_clear_pointer (&priv->tracer, devssh_tracer_unref);
  g_clear_object (&priv->config);
  g_clear_object (&priv->stream);
  g_clear_error (&priv->error);
  g_clear_error (&priv->config_error);
  g_clear_pointer (&priv->message, g_free);
  g_clear_pointer (&priv->context, devssh_context_unref);
  G_OBJECT_CLASS (devssh_session_parent_class)->finalize (object);
}

static void
devssh_session_get_property (GObject    *object,
                             guint       prop_id,
                             GValue     *value,
                             GParamSpec *pspec)
{
  DevSshSession *self = DEVSSH_SESSION (object);

  switch (prop_id)
    {
    case PROP_STREAM:
      g_value_set_object (value, devssh_session_get_stream (self));
      break;
    case PROP_CONFIG:
      g_value_set_object (value, devssh_session_get_config (self));
      break;
    case PROP_NUMBER:
      g_value_set_uint (value, devssh_session_get_number (self));
      break;
    case PROP_IS_CONNECTED:
      g_value_set_boolean (value, devssh_session_get_is_connected (self));
      break;
    case PROP_IS_AUTHENTICATED:
      g_value_set_boolean (value, devssh_session_get_is_authenticated (self));
      break;
    case PROP_IS_CLOSED:
      g_value_set_boolean (value, devssh_session_get_is_closed (self));
      break;
    case PROP_PRINCIPAL:
      g_value_set_object (value, devssh_session_get_principal (self));
      break;
    case PROP_LOCAL_VERSION:
      g_value_set_boxed (value, devssh_session_get_local_version (self));
      break;
    case PROP_REMOTE_VERSION:
      g_value_set_boxed (value, devssh_session_get_remote_version (self));
      break;
    case PROP_PROTOCOL_EXTENSIONS:
      g_value_take_boxed (value, devssh_session_get_protocol_extensions (self));
      break;
    case PROP_METRICS:
      g_value_set_object (value, devssh_session_get_metrics (self));
      break;
    case PROP_CHANNELS:
      g_value_set_object (value, devssh_session_get_channels (self));
      break;
    case PROP_SERVICES:
      g_value_set_object (value, devssh_session_get_services (self));
      break;
    case PROP_TRACE_CHANNEL_DATA:
      g_value_set_boolean (value, devssh_session_get_trace_channel_data (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
devssh_session_set_property (GObject      *object,
                             guint         prop_id,
                             const GValue *value,
                             GParamSpec   *pspec)
{
  DevSshSession *self = DEVSSH_SESSION (object);
  DevSshSessionPrivate *priv = devssh_session_get_instance_private (self);

  switch (prop_id)
    {
    case PROP_STREAM:
      priv->stream = g_value_dup_object (value);
      break;
    case PROP_CONFIG:
      if (g_value_get_object (value) != NULL)
        priv->config = devssh_session_config_copy (g_value_get_object (value));
      break;
    case PROP_TRACE_CHANNEL_DATA:
      devssh_session_set_trace_channel_data (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
devssh_session_install_properties (GObjectClass *object_class)
{
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;
  const GParamFlags at_birth = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  /**
   * DevSshSession:stream: (getter get_stream)
   *
   * What the session runs over.
   *
   * Since: 1.0
   */
  properties[PROP_STREAM] = g_param_spec_object ("stream", NULL, NULL, G_TYPE_IO_STREAM, at_birth);
  /**
   * DevSshSession:config: (getter get_config)
   *
   * The configuration, copied when the session is made.
   *
   * Since: 1.0
   */
  properties[PROP_CONFIG] = g_param_spec_object ("config", NULL, NULL, DEVSSH_TYPE_SESSION_CONFIG, at_birth);
  /**
   * DevSshSession:number: (getter get_number)
   *
   * A number that no other session of this process has.
   *
   * Since: 1.0
   */
  properties[PROP_NUMBER] = g_param_spec_uint ("number", NULL, NULL, 0, G_MAXUINT, 0, readable);
  /**
   * DevSshSession:is-connected: (getter get_is_connected)
   *
   * Whether versions and keys have been exchanged and the stream is there.
   *
   * Since: 1.0
   */
  properties[PROP_IS_CONNECTED] = g_param_spec_boolean ("is-connected", NULL, NULL, FALSE, readable);
  /**
   * DevSshSession:is-authenticated: (getter get_is_authenticated)
   *
   * Whether the server has accepted the user.
   *
   * Since: 1.0
   */
  properties[PROP_IS_AUTHENTICATED] = g_param_spec_boolean ("is-authenticated", NULL, NULL, FALSE, readable);
  /**
   * DevSshSession:is-closed: (getter get_is_closed)
   *
   * Whether the session has ended.
   *
   * Since: 1.0
   */
  properties[PROP_IS_CLOSED] = g_param_spec_boolean ("is-closed", NULL, NULL, FALSE, readable);
  /**
   * DevSshSession:principal: (getter get_principal)
   *
   * Who is at the other end, as the handler of [signal@Session::authenticating] said.
   *
   * Since: 1.0
   */
  properties[PROP_PRINCIPAL] = g_param_spec_object ("principal", NULL, NULL, G_TYPE_OBJECT, readable);
  /**
   * DevSshSession:local-version: (getter get_local_version)
   *
   * Our identification string.
   *
   * Since: 1.0
   */
  properties[PROP_LOCAL_VERSION] = g_param_spec_boxed ("local-version", NULL, NULL, DEVSSH_TYPE_VERSION, readable);
  /**
   * DevSshSession:remote-version: (getter get_remote_version)
   *
   * The peer's identification string, %NULL until it has come.
   *
   * Since: 1.0
   */
  properties[PROP_REMOTE_VERSION] = g_param_spec_boxed ("remote-version", NULL, NULL, DEVSSH_TYPE_VERSION, readable);
  /**
   * DevSshSession:protocol-extensions: (getter get_protocol_extensions) (type GHashTable(utf8,utf8))
   *
   * What the peer said in its EXT_INFO (RFC 8308), %NULL until it has come.
   *
   * Since: 1.0
   */
  properties[PROP_PROTOCOL_EXTENSIONS] = g_param_spec_boxed ("protocol-extensions", NULL, NULL, G_TYPE_HASH_TABLE, readable);
  /**
   * DevSshSession:metrics: (getter get_metrics)
   *
   * Counters of the session.
   *
   * Since: 1.0
   */
  properties[PROP_METRICS] = g_param_spec_object ("metrics", NULL, NULL, DEVSSH_TYPE_SESSION_METRICS, readable);
  /**
   * DevSshSession:channels: (getter get_channels)
   *
   * The open channels, a list of [class@Channel].
   *
   * Since: 1.0
   */
  properties[PROP_CHANNELS] = g_param_spec_object ("channels", NULL, NULL, G_TYPE_LIST_MODEL, readable);
  /**
   * DevSshSession:services: (getter get_services)
   *
   * The services that run in this session, a list of [class@Service].
   *
   * Since: 1.0
   */
  properties[PROP_SERVICES] = g_param_spec_object ("services", NULL, NULL, G_TYPE_LIST_MODEL, readable);
  /**
   * DevSshSession:trace-channel-data: (getter get_trace_channel_data) (setter set_trace_channel_data)
   *
   * Whether [signal@Session::trace] also shows channel data; may be set at any time. At first it is what
   * [property@SessionConfig:trace-channel-data] says.
   *
   * Since: 1.0
   */
  properties[PROP_TRACE_CHANNEL_DATA] =
    g_param_spec_boolean ("trace-channel-data", NULL, NULL, FALSE,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
devssh_session_install_signals (DevSshSessionClass *klass)
{
  GType type = G_TYPE_FROM_CLASS (klass);

  /**
   * DevSshSession::authenticating:
   * @self: the session
   * @authentication: who wants to be accepted
   *
   * Somebody shows who he is: to a client the server with its host key, before any credential is
   * sent; to a server the client, by one of the methods of RFC 4252.
   *
   * Answer on @authentication and return %TRUE; or keep a reference, return %TRUE and answer later.
   * Nobody answers: refused.
   *
   * Returns: %TRUE if the question is taken, %FALSE to ask the next handler
   *
   * Since: 1.0
   */
  signals[SIGNAL_AUTHENTICATING] =
    g_signal_new ("authenticating", type, G_SIGNAL_RUN_LAST, 0, g_signal_accumulator_true_handled, NULL, NULL,
                  G_TYPE_BOOLEAN, 1, DEVSSH_TYPE_AUTHENTICATION);
  /**
   * DevSshSession::channel-opening:
   * @self: the session
   * @opening: the channel that is to be opened
   *
   * The peer wants to open a channel that no service takes care of (RFC 4254, 5.1).
   *
   * Answer on @opening and return %TRUE; or keep a reference, return %TRUE and answer later. Nobody
   * answers, and no [method@Session.accept_channel_async] waits for this type: refused.
   *
   * Returns: %TRUE if the question is taken, %FALSE to ask the next handler
   *
   * Since: 1.0
   */
  signals[SIGNAL_CHANNEL_OPENING] =
    g_signal_new ("channel-opening", type, G_SIGNAL_RUN_LAST, 0, g_signal_accumulator_true_handled, NULL, NULL,
                  G_TYPE_BOOLEAN, 1, DEVSSH_TYPE_CHANNEL_OPENING);
  /**
   * DevSshSession::request:
   * @self: the session
   * @request: what the peer asks
   *
   * The peer makes a global request that no service takes care of (RFC 4254, 4).
   *
   * Answer on @request and return %TRUE; or keep a reference, return %TRUE and answer later: replies
   * leave in the order in which the requests came. Nobody answers: refused.
   *
   * Returns: %TRUE if the question is taken, %FALSE to ask the next handler
   *
   * Since: 1.0
   */
  signals[SIGNAL_REQUEST] =
    g_signal_new ("request", type, G_SIGNAL_RUN_LAST, 0, g_signal_accumulator_true_handled, NULL, NULL,
                  G_TYPE_BOOLEAN, 1, DEVSSH_TYPE_SESSION_REQUEST);
  /**
   * DevSshSession::service-activated:
   * @self: the session
   * @service: the service
   *
   * A service has come to life because one of its rules matched, or because it was asked for.
   *
   * Since: 1.0
   */
  signals[SIGNAL_SERVICE_ACTIVATED] =
    g_signal_new ("service-activated", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, DEVSSH_TYPE_SERVICE);
  /**
   * DevSshSession::progress:
   * @self: the session
   * @progress: the step
   *
   * A step on the way to a usable session.
   *
   * Since: 1.0
   */
  signals[SIGNAL_PROGRESS] =
    g_signal_new ("progress", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, DEVSSH_TYPE_PROGRESS);
  /**
   * DevSshSession::keepalive-succeeded:
   * @self: the session
   * @count: how many times in a row by now
   *
   * The peer was silent for [property@SessionConfig:keepalive-interval], but had sent something since the
   * interval before, be it only the answer to the last keepalive request. It is asked again.
   *
   * Emitted only while the session is connected and authenticated, and only if the configuration has an interval.
   *
   * Since: 1.0
   */
  signals[SIGNAL_KEEPALIVE_SUCCEEDED] =
    g_signal_new ("keepalive-succeeded", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, G_TYPE_UINT);
  /**
   * DevSshSession::keepalive-failed:
   * @self: the session
   * @count: how many times in a row by now
   *
   * The peer has sent nothing for another [property@SessionConfig:keepalive-interval], though it was asked for a
   * sign of life. When @count is [property@SessionConfig:max-missed-keepalives], the connection counts as lost
   * when the handlers have returned; else the peer is asked again.
   *
   * Since: 1.0
   */
  signals[SIGNAL_KEEPALIVE_FAILED] =
    g_signal_new ("keepalive-failed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, G_TYPE_UINT);
  /**
   * DevSshSession::trace:
   * @self: the session
   * @level: how important it is
   * @event: what happened
   * @text: the same for people, one line
   *
   * Something happened inside. Nothing is formatted while nobody is connected.
   *
   * Since: 1.0
   */
  signals[SIGNAL_TRACE] =
    g_signal_new ("trace", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 3, DEVSSH_TYPE_TRACE_LEVEL, DEVSSH_TYPE_TRACE_EVENT, G_TYPE_STRING);
  /**
   * DevSshSession::closed:
   * @self: the session
   * @reason: why (RFC 4253, 11.1)
   * @message: the same for people
   * @error: the error that pending operations got
   *
   * The session has ended. Emitted once, after every channel was told.
   *
   * Since: 1.0
   */
  signals[SIGNAL_CLOSED] =
    g_signal_new ("closed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 3, DEVSSH_TYPE_DISCONNECT_REASON, G_TYPE_STRING, G_TYPE_ERROR);
}

static void
devssh_session_class_init (DevSshSessionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = devssh_session_constructed;
  object_class->dispose = devssh_session_dispose;
  object_class->finalize = devssh_session_finalize;
  object_class->get_property = devssh_session_get_property;
  object_class->set_property = devssh_session_set_property;

  devssh_session_install_properties (object_class);
  devssh_session_install_signals (klass);
}

static void
devssh_session_init (DevSshSession *self)
{
  static gint next_number;
  DevSshSessionPrivate *priv = devssh_session_get_instance_private (self);

  priv->context = devssh_context_ref_thread_default ();
  priv->metrics = devssh_session_metrics_new ();
  priv->tracer = devssh_tracer_new ();
  priv->services = g_list_store_new (DEVSSH_TYPE_SERVICE);
  priv->number = (guint) g_atomic_int_add (&next_number, 1) + 1;
  priv->logging = !g_log_writer_default_would_drop (G_LOG_LEVEL_DEBUG, G_LOG_DOMAIN);
  g_queue_init (&priv->service_waits);
  g_queue_init (&priv->waiting);
  g_queue_init (&priv->wait_tasks);
}

/**
 * devssh_session_connect_async:
 * @self: a session
 * @cancellable: (nullable): a way to give up; the session is closed then
 * @callback: (scope async) (closure user_data): called when versions and keys are exchanged
 * @user_data: for @callback
 *
 * Exchanges versions and keys with the peer (RFC 4253, 4.2 and 7).
 *
 * Fails with %DEVSSH_ERROR_INVALID_CONFIG before anything is sent, %DEVSSH_ERROR_INVALID_STATE if it
 * was called before, or a `DEVSSH_CONNECTION_ERROR` with the reason of the end. A client must then
 * call [method@ClientSession.authenticate_async].
 *
 * Since: 1.0
 */
static void
devssh_session_connect_cancelled_cb (gpointer data)
{
  DevSshSession *self = data;
  DevSshSessionPrivate *priv = devssh_session_get_instance_private (self);
  g_autoptr(GTask) task = g_steal_pointer (&priv->connect_task);

  if (task == NULL)
    return;
  devssh_session_end (self, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "Connecting was cancelled", NULL, DEVSSH_END_ORDERLY);
  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Connecting was cancelled");
}

void
devssh_session_connect_async (DevSshSession       *self,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  DevSshSessionPrivate *priv;
  g_autoptr(GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (DEVSSH_IS_SESSION (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  priv = devssh_session_get_instance_private (self);
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_session_connect_async);

  if (!devssh_context_check_here (priv->context, G_STRFUNC, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (priv->end != DEVSSH_SESSION_ALIVE)
    error = g_error_copy (priv->error);
  else if (priv->connecting)
    error = g_error_new_literal (DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE, "The session was connected already");
  else if (priv->config_error != NULL)
    error = g_error_copy (priv->config_error);
  else if (g_cancellable_is_cancelled (cancellable))
    error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "Connecting was cancelled");
  if (error != NULL)
    {
      devssh_context_return_error (priv->context, g_steal_pointer (&task), error);
      return;
    }

  priv->connecting = TRUE;
  g_task_set_task_data (task,
                        devssh_context_watch_cancellable (priv->context, cancellable,
                                                          devssh_session_connect_cancelled_cb, self),
                        (GDestroyNotify) devssh_cancel_watch_free);
  priv->connect_task = g_steal_pointer (&task);
  devssh_session_emit_trace (self);
  DEVSSH_TRACE (priv->tracer, INFO, SESSION_CONNECTING, "Session %u connects", priv->number);
  devssh_pump_start (priv->pump);
  devssh_session_report_progress (self, DEVSSH_PROGRESS_OPENING_SESSION_CONNECTION);
  devssh_session_report_progress (self, DEVSSH_PROGRESS_STARTING_VERSION_EXCHANGE);
}

/**
 * devssh_session_connect_finish:
 * @self: a session
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@Session.connect_async].
 *
 * Returns: %TRUE if the session is connected
 *
 * Since: 1.0
 */
gboolean
devssh_session_connect_finish (DevSshSession  *self,
                               GAsyncResult   *result,
                               GError        **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * devssh_session_get_stream:
 * @self: a session
 *
 * Gets what the session runs over.
 *
 * Returns: (transfer none): the stream
 *
 * Since: 1.0
 */
GIOStream *
devssh_session_get_stream (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_instance_private (self);

  g_return_val_if_fail (DEVSSH_IS_SESSION (self), NULL);

  return priv->stream;
}

/**
 * devssh_session_get_config:
 * @self: a session
 *
 * Gets the session's own copy of its configuration; changing it has no effect.
 *
 * Returns: (transfer none): the configuration
 *
 * Since: 1.0
 */
DevSshSessionConfig *
devssh_session_get_config (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_instance_private (self);

  g_return_val_if_fail (DEVSSH_IS_SESSION (self), NULL);

  return priv->config;
}

/**
 * devssh_session_get_number:
 * @self: a session
 *
 * Gets a number that no other session of this process has, for progress reports and logs.
 *
 * Returns: the number, from 1 up
 *
 * Since: 1.0
 */
guint
devssh_session_get_number (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_instance_private (self);

  g_return_val_if_fail (DEVSSH_IS_SESSION (self), 0);

  return priv->number;
}

/**
 * devssh_session_get_is_connected:
 * @self: a session
 *
 * Tells whether versions and keys have been exchanged and the stream is there.
 *
 * Returns: %TRUE if it is connected
 *
 * Since: 1.0
 */
gboolean
devssh_session_get_is_connected (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_instance_private (self);

  g_return_val_if_fail (DEVSSH_IS_SESSION (self), FALSE);

  return g_atomic_int_get (&priv->connected);
}

/**
 * devssh_session_get_is_authenticated:
 * @self: a session
 *
 * Tells whether the server has accepted the user.
 *
 * Returns: %TRUE if it is authenticated
 *
 * Since: 1.0
 */
gboolean
devssh_session_get_is_authenticated (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_instance_private (self);

  g_return_val_if_fail (DEVSSH_IS_SESSION (self), FALSE);

  return g_atomic_int_get (&priv->authenticated);
}

/**
 * devssh_session_get_is_closed:
 * @self: a session
 *
 * Tells whether the session has ended. It may be %TRUE a moment before [signal@Session::closed].
 *
 * Returns: %TRUE if it has ended
 *
 * Since: 1.0
 */
gboolean
devssh_session_get_is_closed (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_instance_private (self);

  g_return_val_if_fail (DEVSSH_IS_SESSION (self), TRUE);

  return g_atomic_int_get (&priv->end) != DEVSSH_SESSION_ALIVE;
}

/**
 * devssh_session_get_disconnect_reason:
 * @self: a session
 *
 * Gets why the session has ended (RFC 4253, 11.1).
 *
 * Returns: the reason, %DEVSSH_DISCONNECT_REASON_NONE while it lives
 *
 * Since: 1.0
 */
DevSshDisconnectReason
devssh_session_get_disconnect_reason (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_instance_private (self);

  g_return_val_if_fail (DEVSSH_IS_SESSION (self), DEVSSH_DISCONNECT_REASON_NONE);

  return priv->reason;
}

/**
 * devssh_session_get_error:
 * @self: a session
 *
 * Gets the error that pending operations got when the session ended.
 *
 * Returns: (transfer none) (nullable): the error, %NULL while the session lives
 *
 * Since: 1.0
 */
const GError *
devssh_session_get_error (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_instance_private (self);

  g_return_val_if_fail (DEVSSH_IS_SESSION (self), NULL);

  return priv->error;
}

/**
 * devssh_session_get_principal:
 * @self: a session
 *
 * Gets who is at the other end, as the handler of [signal@Session::authenticating] said.
 *
 * Returns: (transfer none) (nullable): the principal, %NULL before authentication
 *
 * Since: 1.0
 */
GObject *
devssh_session_get_principal (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_instance_private (self);

  g_return_val_if_fail (DEVSSH_IS_SESSION (self), NULL);

  return priv->principal;
}

/**
 * devssh_session_get_session_id:
 * @self: a session
 *
 * Gets the exchange hash of the first key exchange (RFC 4253, 7.2).
 *
 * It is a secret worth as much as the session: never log it, never send it.
 *
 * Returns: (transfer full) (nullable): the session id; %NULL before the first key exchange and in
 *   sessions without security
 *
 * Since: 1.0
 */
GBytes *
devssh_session_get_session_id (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_instance_private (self);
  const DevSshSecret *id;

  g_return_val_if_fail (DEVSSH_IS_SESSION (self), NULL);

  id = devssh_transport_get_session_id (priv->pump->transport);
  return id != NULL ? g_bytes_new (id->data, id->length) : NULL;
}

/**
 * devssh_session_get_local_version:
 * @self: a session
 *
 * Gets our identification string (RFC 4253, 4.2).
 *
 * Returns: (transfer none): the version
 *
 * Since: 1.0
 */
DevSshVersion *
devssh_session_get_local_version (DevSshSession *self)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION (self), NULL);

  return devssh_version_get_local ();
}

/**
 * devssh_session_get_remote_version:
 * @self: a session
 *
 * Gets the peer's identification string (RFC 4253, 4.2).
 *
 * Returns: (transfer none) (nullable): the version, %NULL until it has come
 *
 * Since: 1.0
 */
DevSshVersion *
devssh_session_get_remote_version (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_instance_private (self);

  g_return_val_if_fail (DEVSSH_IS_SESSION (self), NULL);

  return devssh_transport_get_remote_version (priv->pump->transport);
}

/**
 * devssh_session_get_algorithm:
 * @self: a session
 * @category: `kex`, `host-key`, `cipher-c2s`, `cipher-s2c`, `mac-c2s`, `mac-s2c`,
 *   `compression-c2s` or `compression-s2c`
 *
 * Gets the algorithm that the last key exchange chose (RFC 4253, 7.1). An AEAD cipher does without
 * the MAC that is named.
 *
 * Returns: (nullable): the name; %NULL before the first key exchange, or for an unknown @category
 *
 * Since: 1.0
 */
const char *
devssh_session_get_algorithm (DevSshSession *self,
                              const char    *category)
{
  static const struct
  {
    const char       *category;
    DevSshKexInitList list;
  } rows[] = {
    { "kex", DEVSSH_KEXINIT_KEX },
    { "host-key", DEVSSH_KEXINIT_HOST_KEY },
    { "cipher-c2s", DEVSSH_KEXINIT_CIPHER_C2S },
    { "cipher-s2c", DEVSSH_KEXINIT_CIPHER_S2C },
    { "mac-c2s", DEVSSH_KEXINIT_MAC_C2S },
    { "mac-s2c", DEVSSH_KEXINIT_MAC_S2C },
    { "compression-c2s", DEVSSH_KEXINIT_COMPRESSION_C2S },
    { "compression-s2c", DEVSSH_KEXINIT_COMPRESSION_S2C },
  };
  DevSshSessionPrivate *priv = devssh_session_get_instance_private (self);

  g_return_val_if_fail (DEVSSH_IS_SESSION (self), NULL);
  g_return_val_if_fail (category != NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      if (g_str_equal (rows[i].category, category))
        return devssh_transport_get_negotiated (priv->pump->transport, rows[i].list);
    }
  return NULL;
}

/**
 * devssh_session_get_protocol_extensions:
 * @self: a session
 *
 * Gets what the peer said in its EXT_INFO (RFC 8308, 2.3): names and values.
 *
 * Returns: (transfer full) (nullable) (element-type utf8 utf8): the map, %NULL until it has come
 *
 * Since: 1.0
 */
GHashTable *
devssh_session_get_protocol_extensions (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_instance_private (self);
  g_autoptr(GHashTable) map = NULL;
  GHashTable *peer;
  GHashTableIter iter;
  gpointer name, value;

  g_return_val_if_fail (DEVSSH_IS_SESSION (self), NULL);

  peer = devssh_transport_get_peer_extensions (priv->pump->transport);
  if (peer == NULL)
    return NULL;

  map = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_iter_init (&iter, peer);
  while (g_hash_table_iter_next (&iter, &name, &value))
    {
      gsize length;
      const guint8 *data = g_bytes_get_data (value, &length);

      g_hash_table_insert (map, g_strdup (name), devssh_text_for_people (data, length));
    }
  return g_steal_pointer (&map);
}

/**
 * devssh_session_get_metrics:
 * @self: a session
 *
 * Gets the counters of the session.
 *
 * Returns: (transfer none): the metrics
 *
 * Since: 1.0
 */
DevSshSessionMetrics *
devssh_session_get_metrics (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_instance_private (self);

  g_return_val_if_fail (DEVSSH_IS_SESSION (self), NULL);

  /* Who asks may connect. */
  devssh_metrics_look_again (priv->metrics);
  return priv->metrics;
}

/**
 * devssh_session_get_channels:
 * @self: a session
 *
 * Gets the open channels, of either side.
 *
 * Returns: (transfer none): a list of [class@Channel]
 *
 * Since: 1.0
 */
GListModel *
devssh_session_get_channels (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_instance_private (self);

  g_return_val_if_fail (DEVSSH_IS_SESSION (self), NULL);

  return devssh_connection_get_channels (priv->pump->connection);
}

/**
 * devssh_session_get_services:
 * @self: a session
 *
 * Gets the services that run in this session.
 *
 * Returns: (transfer none): a list of [class@Service]
 *
 * Since: 1.0
 */
GListModel *
devssh_session_get_services (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_instance_private (self);

  g_return_val_if_fail (DEVSSH_IS_SESSION (self), NULL);

  return G_LIST_MODEL (priv->services);
}

/**
 * devssh_session_get_trace_channel_data:
 * @self: a session
 *
 * Tells whether [signal@Session::trace] also shows channel data.
 *
 * Returns: %TRUE if it does
 *
 * Since: 1.0
 */
gboolean
devssh_session_get_trace_channel_data (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_instance_private (self);

  g_return_val_if_fail (DEVSSH_IS_SESSION (self), FALSE);

  return devssh_tracer_get_channel_data (priv->tracer);
}

/**
 * devssh_session_set_trace_channel_data:
 * @self: a session
 * @trace: whether to trace it
 *
 * Sets whether [signal@Session::trace] also shows channel data: each message with a hexadecimal
 * dump. It may hold secrets; so it is off unless asked for.
 *
 * Since: 1.0
 */
void
devssh_session_set_trace_channel_data (DevSshSession *self,
                                       gboolean       trace)
{
  DevSshSessionPrivate *priv = devssh_session_get_instance_private (self);

  g_return_if_fail (DEVSSH_IS_SESSION (self));

  if (devssh_tracer_get_channel_data (priv->tracer) == !!trace)
    return;
  devssh_tracer_set_channel_data (priv->tracer, trace);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TRACE_CHANNEL_DATA]);
}
