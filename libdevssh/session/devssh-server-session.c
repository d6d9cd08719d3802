/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The server's end: shows its host key, and lets in whom the application accepts (protocol.md 4.5). */
#include <libdevssh/session/devssh-server-session.h>

#include <libdevssh/session/devssh-credentials-private.h>
#include <libdevssh/session/devssh-reconnectable-sessions-private.h>
#include <libdevssh/session/devssh-session-private.h>

/* A client whose request to reconnect was refused may try again for so long, or so often (protocol.md 3.5, T-70). */
#define TRY_AGAIN_TIME (1 * G_TIME_SPAN_SECOND)
#define MAX_TRIES      3

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

  DevSshReconnectableSessions *reconnectable; /* shared with others; or NULL */
  gboolean                 listed;            /* we are in there */
  gboolean                 merged;            /* another one goes on over our connection */
  DevSshDeadline           patience;          /* disconnected: for how long; refused: to try again */
  guint                    n_refused;
};

G_DEFINE_FINAL_TYPE (DevSshServerSession, devssh_server_session, DEVSSH_TYPE_SESSION)

enum { PROP_0, PROP_CREDENTIALS, PROP_USER_NAME, PROP_RECONNECTABLE_SESSIONS, N_PROPS };
enum { SIGNAL_CLIENT_AUTHENTICATED, SIGNAL_RECONNECTED, N_SIGNALS };
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

/* ---- reconnect: this session was made for a client that wants another one (protocol.md 3.5, steps 4 and 5) ---- */

/* What is on its way from one session to the other, whose thread may be another one. */
typedef struct
{
  DevSshServerSession *temporary;
  DevSshServerSession *session;
  GIOStream           *stream;
  DevSshIoWatch       *watch;           /* NULL: it is another thread's */
  DevSshTransport     *transport;
  guint64              last_received;
  gboolean             gone;            /* refused: there is no session to resume any more */
} Resume;

static void
resume_free (gpointer data)
{
  Resume *resume = data;

  g_clear_pointer (&resume->watch, devssh_io_watch_free_and_close);
  g_clear_pointer (&resume->transport, devssh_transport_free);
  g_clear_object (&resume->stream);
  g_object_unref (resume->session);
  g_object_unref (resume->temporary);
  g_free (resume);
}

static void
devssh_server_session_out_of_patience_cb (DevSshDeadline *deadline)
{
  DevSshServerSession *self = (DevSshServerSession *) ((guint8 *) deadline - G_STRUCT_OFFSET (DevSshServerSession, patience));
  DevSshSession *session = DEVSSH_SESSION (self);

  if (devssh_session_get_private (session)->disconnected)
    devssh_session_end (session, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST, "The client has not come back", NULL, DEVSSH_END_LOST);
  else
    /* A DISCONNECT would close a TypeScript client's session. */
    devssh_session_end (session, DEVSSH_DISCONNECT_REASON_NONE, "The client could not reconnect", NULL, DEVSSH_END_ORDERLY);
}

static void
devssh_server_session_refuse_resume (DevSshServerSession    *self,
                                     DevSshReconnectFailure  reason,
                                     const char             *text)
{
  DevSshSessionPrivate *priv = devssh_server_session_priv (self);

  DEVSSH_TRACE (priv->tracer, WARNING, SERVER_SESSION_RECONNECT_FAILED, "Session %u is not resumed: %s", priv->number, text);
  if (++self->n_refused >= MAX_TRIES)
    {
      devssh_transport_fail (priv->pump->transport, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "Too many requests to reconnect");
    }
  else
    {
      devssh_transport_refuse_resume (priv->pump->transport, reason, text);
      if (self->patience.context == NULL)
        devssh_deadline_set (&self->patience, priv->context, devssh_context_get_time (priv->context) + TRY_AGAIN_TIME,
                             devssh_server_session_out_of_patience_cb);
    }
  devssh_pump_wake (priv->pump);
}

/* In the temporary session's thread: it has its stream again, and says no. */
static void
resume_refused_cb (gpointer data)
{
  Resume *resume = data;
  DevSshSessionPrivate *priv = devssh_server_session_priv (resume->temporary);

  if (priv->end != DEVSSH_SESSION_ALIVE)
    return;

  devssh_pump_attach (priv->pump, g_steal_pointer (&resume->stream), g_steal_pointer (&resume->watch),
                      g_steal_pointer (&resume->transport));
  if (resume->gone)
    devssh_server_session_refuse_resume (resume->temporary, DEVSSH_RECONNECT_FAILURE_SESSION_NOT_FOUND, "There is no such session");
  else
    devssh_server_session_refuse_resume (resume->temporary, DEVSSH_RECONNECT_FAILURE_SERVER_DROPPED_MESSAGES,
                                         "The server no longer has what the client lacks");
}

/* In the temporary session's thread: nothing is left for it to do, and everybody learns that before the other one is told to be
 * connected again. */
static void
temporary_ends_cb (gpointer data)
{
  DEVSSH_SERVER_SESSION (data)->merged = TRUE;
  devssh_session_end (data, DEVSSH_DISCONNECT_REASON_NONE, "Another session goes on over this connection", NULL, DEVSSH_END_ORDERLY);
  devssh_session_tell_end (data);
}

/* In the session's own thread. */
static void
resume_cb (gpointer data)
{
  Resume *resume = data;
  DevSshServerSession *self = resume->session;
  DevSshSession *session = DEVSSH_SESSION (self);
  DevSshSessionPrivate *priv = devssh_session_get_private (session);
  DevSshSessionPrivate *theirs = devssh_server_session_priv (resume->temporary);
  gboolean can_serve;
  guint n_behind;

  /* The loss may not have been noticed; what the old connection still brings is lost to it from here on. */
  if (devssh_session_may_resume (session) && !priv->disconnected)
    devssh_session_disconnect (session, "the client has another connection");
  /* A handler may close the session. */
  devssh_session_tell_disconnected (session);

  can_serve = priv->end == DEVSSH_SESSION_ALIVE && priv->disconnected &&
              devssh_transport_can_serve (priv->pump->transport, resume->last_received);
  if (!can_serve)
    {
      Resume *back = g_memdup2 (resume, sizeof *resume);
      /* Kept here: @back may be used up in another thread before this one looks at it again. */
      gboolean gone = priv->end != DEVSSH_SESSION_ALIVE || !priv->disconnected;

      devssh_reconnectable_sessions_put_back (self->reconnectable, self);
      g_object_ref (back->session);
      g_object_ref (back->temporary);
      resume->stream = NULL;
      resume->watch = NULL;
      resume->transport = NULL;
      back->gone = gone;
      devssh_context_defer (theirs->context, resume_refused_cb, back, resume_free);
      /* T-72: what is gone does not come back. */
      if (!gone)
        devssh_session_end (session, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST, "What the client lacks is gone", NULL, DEVSSH_END_LOST);
      return;
    }

  DEVSSH_TRACE (priv->tracer, INFO, SERVER_SESSION_RECONNECTING, "Session %u goes on over the connection of session %u",
                priv->number, theirs->number);
  /* Before it says a word: its own may be in use in their thread. */
  devssh_transport_set_observers (resume->transport, priv->metrics, priv->tracer, priv->context);
  if (devssh_transport_answer_resume (resume->transport, priv->pump->transport, resume->last_received, &n_behind))
    devssh_connection_expect_keepalive (priv->pump->connection, n_behind);
  devssh_session_resume (session, g_steal_pointer (&resume->stream), g_steal_pointer (&resume->watch),
                        g_steal_pointer (&resume->transport), theirs->metrics);
  devssh_reconnectable_sessions_put_back (self->reconnectable, self);
  if (theirs->context == priv->context)
    temporary_ends_cb (resume->temporary);
  else
    devssh_context_defer (theirs->context, temporary_ends_cb, g_object_ref (resume->temporary), g_object_unref);
  if (priv->end != DEVSSH_SESSION_ALIVE)
    return;

  devssh_session_notify (session, "is-connected");
  /* A handler may have closed it, or lost it again. */
  if (priv->connected)
    g_signal_emit (self, signals[SIGNAL_RECONNECTED], 0);
  devssh_pump_run (priv->pump);
}

static void
devssh_server_session_resume_message (DevSshSession        *session,
                                      DevSshTransportEvent *event)
{
  DevSshServerSession *self = DEVSSH_SERVER_SESSION (session);
  DevSshSessionPrivate *priv = devssh_session_get_private (session);
  g_auto(DevSshGlobalRequestMessage) message = { 0 };
  g_autoptr(DevSshServerSession) found = NULL;
  DevSshReconnectRequest request;
  gboolean busy = FALSE;
  DevSshContext *home;
  Resume *resume;

  if (!devssh_global_request_message_decode (&message, event->payload, event->length, NULL) ||
      !devssh_reconnect_request_decode (&request, message.data.data, message.data.length, NULL))
    {
      devssh_transport_fail (priv->pump->transport, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "Malformed request to reconnect");
      return;
    }

  if (self->reconnectable != NULL)
    found = devssh_reconnectable_sessions_take (self->reconnectable, priv->pump->transport,
                                                request.client_token.data, request.client_token.length, &busy);
  if (busy)
    {
      /* The client has lost the connection over which it asked before, and may well ask again. */
      devssh_server_session_refuse_resume (self, DEVSSH_RECONNECT_FAILURE_UNKNOWN_SERVER_FAILURE,
                                           "The session is being resumed already");
      return;
    }
  if (found == NULL)
    {
      devssh_server_session_refuse_resume (self, DEVSSH_RECONNECT_FAILURE_SESSION_NOT_FOUND, "There is no such session");
      return;
    }
  if (devssh_server_session_priv (found)->context != priv->context && !devssh_io_watch_can_move (priv->pump->watch))
    {
      devssh_reconnectable_sessions_put_back (self->reconnectable, found);
      devssh_server_session_refuse_resume (self, DEVSSH_RECONNECT_FAILURE_UNKNOWN_SERVER_FAILURE,
                                           "The stream cannot go to another thread");
      return;
    }

  devssh_deadline_clear (&self->patience);
  resume = g_new0 (Resume, 1);
  resume->temporary = g_object_ref (self);
  resume->last_received = request.last_received;
  resume->transport = devssh_pump_detach (priv->pump, &resume->stream, &resume->watch);
  resume->session = g_steal_pointer (&found);
  home = devssh_server_session_priv (resume->session)->context;
  if (home == priv->context)
    {
      resume_cb (resume);
      resume_free (resume);
    }
  else
    {
      g_clear_pointer (&resume->watch, devssh_io_watch_free);
      devssh_context_defer (home, resume_cb, resume, resume_free);
    }
}

/* ---- reconnect: this session may lose its connection ---- */

static gboolean
devssh_server_session_may_resume (DevSshSession *session)
{
  return DEVSSH_SERVER_SESSION (session)->listed;
}

static void
devssh_server_session_remembers (DevSshSession *session)
{
  DevSshServerSession *self = DEVSSH_SERVER_SESSION (session);
  DevSshMessageCache *cache = devssh_transport_get_cache (devssh_session_get_private (session)->pump->transport);

  if (self->listed && cache != NULL)
    devssh_reconnectable_sessions_set_lost (self->reconnectable, self, TRUE,
                                            devssh_message_cache_get_data (cache) + devssh_message_cache_get_control (cache));
}

static void
devssh_server_session_disconnected (DevSshSession *session)
{
  DevSshServerSession *self = DEVSSH_SERVER_SESSION (session);
  DevSshSessionPrivate *priv = devssh_session_get_private (session);
  guint timeout = devssh_reconnectable_sessions_get_timeout (self->reconnectable);

  /* An exchange of keys that waits for the host key is gone with its connection; the next one asks anew. */
  g_cancellable_cancel (self->asking);
  g_object_unref (self->asking);
  self->asking = g_cancellable_new ();
  g_clear_object (&self->answered_key);
  if (timeout > 0)
    devssh_deadline_set (&self->patience, priv->context, devssh_context_get_time (priv->context) + timeout * G_TIME_SPAN_SECOND,
                         devssh_server_session_out_of_patience_cb);
  devssh_server_session_remembers (session);
}

static void
devssh_server_session_reconnected (DevSshSession *session)
{
  DevSshServerSession *self = DEVSSH_SERVER_SESSION (session);

  devssh_deadline_clear (&self->patience);
  /* What it sends to is gone, and it has nothing more to say. */
  g_clear_pointer (&self->auth, devssh_auth_server_free);
  devssh_reconnectable_sessions_set_lost (self->reconnectable, self, FALSE, 0);
}

static void
devssh_server_session_reconnect_enabled (DevSshSession *session)
{
  DevSshServerSession *self = DEVSSH_SERVER_SESSION (session);

  self->listed = TRUE;
  devssh_reconnectable_sessions_add (self->reconnectable, self,
                                     devssh_transport_get_session_id (devssh_session_get_private (session)->pump->transport));
}

static void
devssh_server_session_ended (DevSshSession *session,
                             const GError  *error)
{
  DevSshServerSession *self = DEVSSH_SERVER_SESSION (session);

  devssh_deadline_clear (&self->patience);
  if (self->listed)
    {
      self->listed = FALSE;
      devssh_reconnectable_sessions_remove (self->reconnectable, self);
    }
  g_cancellable_cancel (self->asking);
  g_clear_object (&self->answered_key);
  g_clear_pointer (&self->auth, devssh_auth_server_free);
  self->holding = FALSE;
}

gboolean
devssh_server_session_was_merged (DevSshServerSession *self)
{
  return self->merged;
}

static gboolean
check_reconnectable (DevSshSessionConfig         *config,
                     DevSshReconnectableSessions *reconnectable,
                     GError                     **error)
{
  gboolean announced = g_strv_contains (devssh_session_config_get_protocol_extensions (config), DEVSSH_EXTENSION_SESSION_RECONNECT);

  if (announced == (reconnectable != NULL))
    return TRUE;

  g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG,
               announced ? "A server with '%s' needs a collection of reconnectable sessions"
                         : "A collection of reconnectable sessions needs '%s' in the configuration",
               DEVSSH_EXTENSION_SESSION_RECONNECT);
  return FALSE;
}

static void
devssh_server_session_prepare (DevSshSession         *session,
                               DevSshTransportConfig *config)
{
  DevSshServerSession *self = DEVSSH_SERVER_SESSION (session);

  if (self->credentials == NULL)
    self->credentials = devssh_server_credentials_new ();
  config->host_keys = devssh_server_credentials_dup_keys (self->credentials);

  /* protocol.md 3.5: one needs the other. */
  if (devssh_session_get_private (session)->config_error == NULL)
    check_reconnectable (devssh_session_get_private (session)->config, self->reconnectable,
                         &devssh_session_get_private (session)->config_error);
}

static const DevSshSessionRole server_role = {
  .is_server = TRUE,
  .prepare = devssh_server_session_prepare,
  .auth_message = devssh_server_session_auth_message,
  .auth_resume = devssh_server_session_resume,
  .userauth_service = devssh_server_session_userauth_service,
  .host_key = devssh_server_session_host_key,
  .ext_info = devssh_server_session_ext_info,
  .resume_message = devssh_server_session_resume_message,
  .may_resume = devssh_server_session_may_resume,
  .disconnected = devssh_server_session_disconnected,
  .reconnected = devssh_server_session_reconnected,
  .remembers = devssh_server_session_remembers,
  .reconnect_enabled = devssh_server_session_reconnect_enabled,
  .ended = devssh_server_session_ended,
};

static void
devssh_server_session_finalize (GObject *object)
{
  DevSshServerSession *self = DEVSSH_SERVER_SESSION (object);

  g_clear_object (&self->credentials);
  g_clear_object (&self->reconnectable);
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
    case PROP_RECONNECTABLE_SESSIONS:
      g_value_set_object (value, self->reconnectable);
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
    case PROP_RECONNECTABLE_SESSIONS:
      self->reconnectable = g_value_dup_object (value);
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
  /**
   * DevSshServerSession:reconnectable-sessions: (getter get_reconnectable_sessions)
   *
   * Where the session is found when its client comes back over another connection.
   *
   * Since: 1.0
   */
  properties[PROP_RECONNECTABLE_SESSIONS] =
    g_param_spec_object ("reconnectable-sessions", NULL, NULL, DEVSSH_TYPE_RECONNECTABLE_SESSIONS,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
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

  /**
   * DevSshServerSession::reconnected:
   * @self: the session
   *
   * The client has come back over another connection, and all goes on where it was. It is who it was: there is no
   * [signal@Session::authenticating] for that.
   *
   * Since: 1.0
   */
  signals[SIGNAL_RECONNECTED] =
    g_signal_new ("reconnected", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
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

  return devssh_server_session_new_reconnectable (stream, config, credentials, NULL, error);
}

/**
 * devssh_server_session_new_reconnectable:
 * @stream: what the session runs over
 * @config: a configuration, copied
 * @credentials: (nullable): the host keys; %NULL only without security
 * @sessions: (nullable): the sessions that this one's client may want to have back, and among which this one is found
 * @error: return location for an error
 *
 * Makes the server's end of a session as [ctor@ServerSession.new] does, which can survive the loss of its connection if
 * the client can. A configuration with %DEVSSH_EXTENSION_SESSION_RECONNECT needs @sessions, and the reverse.
 *
 * Fails with %DEVSSH_ERROR_INVALID_CONFIG.
 *
 * Returns: (transfer full): the session, or %NULL
 *
 * Since: 1.0
 */
DevSshServerSession *
devssh_server_session_new_reconnectable (GIOStream                    *stream,
                                         DevSshSessionConfig          *config,
                                         DevSshServerCredentials      *credentials,
                                         DevSshReconnectableSessions  *sessions,
                                         GError                      **error)
{
  g_return_val_if_fail (G_IS_IO_STREAM (stream), NULL);
  g_return_val_if_fail (DEVSSH_IS_SESSION_CONFIG (config), NULL);
  g_return_val_if_fail (credentials == NULL || DEVSSH_IS_SERVER_CREDENTIALS (credentials), NULL);
  g_return_val_if_fail (sessions == NULL || DEVSSH_IS_RECONNECTABLE_SESSIONS (sessions), NULL);

  if (!devssh_session_config_validate (config, error) || !check_reconnectable (config, sessions, error))
    return NULL;
  return g_object_new (DEVSSH_TYPE_SERVER_SESSION, "stream", stream, "config", config, "credentials", credentials,
                       "reconnectable-sessions", sessions, NULL);
}

/**
 * devssh_server_session_get_reconnectable_sessions:
 * @self: a session
 *
 * Gets where the session is found when its client comes back over another connection.
 *
 * Returns: (transfer none) (nullable): the collection; %NULL: it cannot be reconnected
 *
 * Since: 1.0
 */
DevSshReconnectableSessions *
devssh_server_session_get_reconnectable_sessions (DevSshServerSession *self)
{
  g_return_val_if_fail (DEVSSH_IS_SERVER_SESSION (self), NULL);

  return self->reconnectable;
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
