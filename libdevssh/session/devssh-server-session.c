/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The server's end: shows its host key, and lets in whom the application accepts (protocol.md 4.5). */
#include <libdevssh/session/devssh-server-session.h>

#include <libdevssh/session/devssh-credentials-private.h>
#include <libdevssh/session/devssh-session-private.h>

/**
 * DevSshServerSession:
 *
 * The server's end of a session.
 *
 * Connect to [signal@Session::authenticating] before [method@Session.connect_async]: whoever is not
 * accepted there stays out.
 *
 * Since: 1.0
 */
struct _DevSshServerSession
{
  DevSshSession            parent_instance;

  DevSshServerCredentials *credentials;
  DevSshAuthServer        *auth;              /* from SERVICE_REQUEST on */
  char                    *user_name;
  GCancellable            *asking;            /* ends what we asked the credentials for */
  DevSshCredentialRequest *answered_key;
  gboolean                 holding;           /* a login question is open */
};

G_DEFINE_FINAL_TYPE (DevSshServerSession, devssh_server_session, DEVSSH_TYPE_SESSION)

enum { PROP_0, PROP_CREDENTIALS, PROP_USER_NAME, N_PROPS };
enum { SIGNAL_CLIENT_AUTHENTICATED, N_SIGNALS };
static GParamSpec *properties[N_PROPS];
static guint       signals[N_SIGNALS];

static DevSshSessionPrivate *
devssh_server_session_priv (DevSshServerSession *self)
{
  return devssh_session_get_private (DEVSSH_SESSION (self));
}

static void
devssh_server_session_hold (DevSshServerSession *self,
                            gboolean             hold)
{
  self->holding = hold;
  devssh_transport_hold (devssh_server_session_priv (self)->pump->transport, hold);
}

static void
devssh_server_session_question (DevSshServerSession  *self,
                                DevSshAuthentication *taken)
{
  g_autoptr(DevSshAuthentication) question = taken;
  gboolean listened = FALSE;
  gboolean handled;

  /* Nothing behind the question is looked at before its answer (design D14). */
  devssh_server_session_hold (self, TRUE);
  devssh_question_begin (DEVSSH_QUESTION (question));
  handled = devssh_session_emit_question (DEVSSH_SESSION (self), DEVSSH_QUESTION (question), &listened);
  devssh_question_end (DEVSSH_QUESTION (question), handled);
}

/* Principal, service, 52, then the application: in this order (protocol.md 4.5). */
static void
devssh_server_session_succeeded (DevSshServerSession   *self,
                                 DevSshAuthServerEvent *event)
{
  DevSshSession *session = DEVSSH_SESSION (self);

  g_free (self->user_name);
  self->user_name = g_strdup (event->user_name);
  devssh_session_set_authenticated (session, event->principal);
  devssh_auth_server_send_success (self->auth);

  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_USER_NAME]);
  devssh_session_notify (session, "is-authenticated");
  devssh_session_notify (session, "principal");
  devssh_session_report_progress (session, DEVSSH_PROGRESS_COMPLETED_SESSION_AUTHENTICATION);
  g_signal_emit (self, signals[SIGNAL_CLIENT_AUTHENTICATED], 0);
}

static void
devssh_server_session_event (DevSshServerSession   *self,
                             DevSshAuthServerEvent *event,
                             guint32                sequence)
{
  DevSshTransport *transport = devssh_server_session_priv (self)->pump->transport;

  switch (event->type)
    {
    case DEVSSH_AUTH_SERVER_NONE:
      break;

    case DEVSSH_AUTH_SERVER_QUESTION:
      devssh_server_session_question (self, event->question);
      break;

    case DEVSSH_AUTH_SERVER_SUCCESS:
      devssh_server_session_succeeded (self, event);
      break;

    case DEVSSH_AUTH_SERVER_UNIMPLEMENTED:
      devssh_transport_send_unimplemented (transport, sequence);
      break;

    case DEVSSH_AUTH_SERVER_FATAL:
      /* The last refusal leaves before the DISCONNECT (protocol.md 4.5). */
      if (event->reason == DEVSSH_DISCONNECT_REASON_NO_MORE_AUTH_METHODS_AVAILABLE)
        devssh_session_end (DEVSSH_SESSION (self), event->reason, event->text, NULL, DEVSSH_END_ORDERLY);
      else
        devssh_transport_fail (transport, event->reason, event->text);
      break;

    default:
      g_assert_not_reached ();
    }
}

static void
devssh_server_session_auth_message (DevSshSession        *session,
                                    DevSshTransportEvent *message)
{
  DevSshServerSession *self = DEVSSH_SERVER_SESSION (session);
  DevSshAuthServerEvent event = { 0 };

  if (self->auth == NULL)
    {
      devssh_transport_fail (devssh_session_get_private (session)->pump->transport,
                             DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "No authentication is running");
      return;
    }
  devssh_auth_server_handle (self->auth, message->payload, message->length, &event);
  devssh_server_session_event (self, &event, message->sequence);
}

static void
devssh_server_session_resume (DevSshSession *session)
{
  DevSshServerSession *self = DEVSSH_SERVER_SESSION (session);
  DevSshSessionPrivate *priv = devssh_session_get_private (session);
  DevSshAuthServerEvent event = { 0 };

  if (self->answered_key != NULL)
    {
      g_autoptr(DevSshCredentialRequest) answer = g_steal_pointer (&self->answered_key);

      devssh_transport_provide_host_key (priv->pump->transport, devssh_credential_request_get_answer_key (answer));
    }
  if (self->holding && devssh_auth_server_resume (self->auth, &event))
    {
      devssh_server_session_event (self, &event, 0);
      if (priv->end == DEVSSH_SESSION_ALIVE && !devssh_auth_server_is_waiting (self->auth))
        devssh_server_session_hold (self, FALSE);
    }
}

static void
devssh_server_session_userauth_service (DevSshSession *session)
{
  DevSshServerSession *self = DEVSSH_SERVER_SESSION (session);
  DevSshSessionPrivate *priv = devssh_session_get_private (session);
  DevSshAuthServerConfig *config;

  if (self->auth != NULL)
    return;
  config = devssh_session_config_make_auth_server (priv->config);
  config->session_id = devssh_secret_dup (devssh_transport_get_session_id (priv->pump->transport));
  config->tracer = devssh_tracer_ref (priv->tracer);
  config->split_prompts = devssh_version_get_is_dev_tunnels (devssh_transport_get_remote_version (priv->pump->transport));
  self->auth = devssh_auth_server_new (config, devssh_transport_get_outbox (priv->pump->transport),
                                       devssh_pump_wake, priv->pump);
  devssh_transport_set_phase (priv->pump->transport, DEVSSH_PHASE_AUTH);
  devssh_session_report_progress (session, DEVSSH_PROGRESS_STARTING_SESSION_AUTHENTICATION);
}

static void
devssh_server_session_private_key_cb (DevSshCredentialRequest *request,
                                      gpointer                 data)
{
  g_autoptr(DevSshServerSession) self = g_weak_ref_get (data);

  if (self == NULL || devssh_session_get_is_closed (DEVSSH_SESSION (self)))
    return;
  g_set_object (&self->answered_key, request);
  devssh_pump_wake (devssh_server_session_priv (self)->pump);
}

static void
devssh_server_session_host_key (DevSshSession        *session,
                                DevSshTransportEvent *event)
{
  DevSshServerSession *self = DEVSSH_SERVER_SESSION (session);

  if (event->type == DEVSSH_TRANSPORT_NEED_HOST_KEY)
    devssh_server_credentials_ask_private_key (self->credentials, event->host_key, self->asking,
                                               devssh_server_session_private_key_cb,
                                               devssh_session_new_weak (session), devssh_session_free_weak);
}

static void
devssh_server_session_ext_info (DevSshSession *session)
{
}

static void
devssh_server_session_ended (DevSshSession *session,
                             const GError  *error)
{
  DevSshServerSession *self = DEVSSH_SERVER_SESSION (session);

  g_cancellable_cancel (self->asking);
  g_clear_object (&self->answered_key);
  g_clear_pointer (&self->auth, devssh_auth_server_free);
  self->holding = FALSE;
}

static void
devssh_server_session_prepare (DevSshSession         *session,
                               DevSshTransportConfig *config)
{
  DevSshServerSession *self = DEVSSH_SERVER_SESSION (session);

  if (self->credentials == NULL)
    self->credentials = devssh_server_credentials_new ();
  config->host_keys = devssh_server_credentials_dup_keys (self->credentials);
}

static const DevSshSessionRole server_role = {
  .is_server = TRUE,
  .prepare = devssh_server_session_prepare,
  .auth_message = devssh_server_session_auth_message,
  .auth_resume = devssh_server_session_resume,
  .userauth_service = devssh_server_session_userauth_service,
  .host_key = devssh_server_session_host_key,
  .ext_info = devssh_server_session_ext_info,
  .ended = devssh_server_session_ended,
};

static void
devssh_server_session_finalize (GObject *object)
{
  DevSshServerSession *self = DEVSSH_SERVER_SESSION (object);

  g_clear_object (&self->credentials);
  g_clear_object (&self->asking);
  g_clear_pointer (&self->user_name, g_free);
  G_OBJECT_CLASS (devssh_server_session_parent_class)->finalize (object);
}

static void
devssh_server_session_get_property (GObject    *object,
                                    guint       prop_id,
                                    GValue     *value,
                                    GParamSpec *pspec)
{
  DevSshServerSession *self = DEVSSH_SERVER_SESSION (object);

  switch (prop_id)
    {
    case PROP_CREDENTIALS:
      g_value_set_object (value, self->credentials);
      break;
    case PROP_USER_NAME:
      g_value_set_string (value, self->user_name);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
devssh_server_session_set_property (GObject      *object,
                                    guint         prop_id,
                                    const GValue *value,
                                    GParamSpec   *pspec)
{
  DevSshServerSession *self = DEVSSH_SERVER_SESSION (object);

  switch (prop_id)
    {
    case PROP_CREDENTIALS:
      self->credentials = g_value_dup_object (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
devssh_server_session_class_init (DevSshServerSessionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = devssh_server_session_finalize;
  object_class->get_property = devssh_server_session_get_property;
  object_class->set_property = devssh_server_session_set_property;

  /**
   * DevSshServerSession:credentials: (getter get_credentials)
   *
   * The host keys.
   *
   * Since: 1.0
   */
  properties[PROP_CREDENTIALS] =
    g_param_spec_object ("credentials", NULL, NULL, DEVSSH_TYPE_SERVER_CREDENTIALS,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  /**
   * DevSshServerSession:user-name: (getter get_user_name)
   *
   * The name by which the client was accepted.
   *
   * Since: 1.0
   */
  properties[PROP_USER_NAME] =
    g_param_spec_string ("user-name", NULL, NULL, NULL,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  /**
   * DevSshServerSession::client-authenticated:
   * @self: the session
   *
   * The client was accepted and has been told so.
   *
   * Since: 1.0
   */
  signals[SIGNAL_CLIENT_AUTHENTICATED] =
    g_signal_new ("client-authenticated", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 0);
}

static void
devssh_server_session_init (DevSshServerSession *self)
{
  devssh_server_session_priv (self)->role = &server_role;
  self->asking = g_cancellable_new ();
}

/**
 * devssh_server_session_new:
 * @stream: what the session runs over
 * @config: a configuration, copied
 * @credentials: (nullable): the host keys; %NULL only without security
 * @error: return location for an error
 *
 * Makes the server's end of a session; nothing is sent before [method@Session.connect_async].
 *
 * Fails with %DEVSSH_ERROR_INVALID_CONFIG.
 *
 * Returns: (transfer full): the session, or %NULL
 *
 * Since: 1.0
 */
DevSshServerSession *
devssh_server_session_new (GIOStream                *stream,
                           DevSshSessionConfig      *config,
                           DevSshServerCredentials  *credentials,
                           GError                  **error)
{
  g_return_val_if_fail (G_IS_IO_STREAM (stream), NULL);
  g_return_val_if_fail (DEVSSH_IS_SESSION_CONFIG (config), NULL);
  g_return_val_if_fail (credentials == NULL || DEVSSH_IS_SERVER_CREDENTIALS (credentials), NULL);

  if (!devssh_session_config_validate (config, error))
    return NULL;
  return g_object_new (DEVSSH_TYPE_SERVER_SESSION, "stream", stream, "config", config,
                       "credentials", credentials, NULL);
}

/**
 * devssh_server_session_get_credentials:
 * @self: a session
 *
 * Gets the host keys.
 *
 * Returns: (transfer none): the credentials
 *
 * Since: 1.0
 */
DevSshServerCredentials *
devssh_server_session_get_credentials (DevSshServerSession *self)
{
  g_return_val_if_fail (DEVSSH_IS_SERVER_SESSION (self), NULL);

  return self->credentials;
}

/**
 * devssh_server_session_get_user_name:
 * @self: a session
 *
 * Gets the name by which the client was accepted.
 *
 * Returns: (nullable): the name, %NULL before authentication
 *
 * Since: 1.0
 */
const char *
devssh_server_session_get_user_name (DevSshServerSession *self)
{
  g_return_val_if_fail (DEVSSH_IS_SERVER_SESSION (self), NULL);

  return self->user_name;
}
