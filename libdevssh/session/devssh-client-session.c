/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client's end: first the host's key is accepted, then the user proves who he is (protocol.md 4.2). */
#include <libdevssh/session/devssh-client-session.h>

#include <libdevssh/session/devssh-credentials-private.h>
#include <libdevssh/session/devssh-session-private.h>

/* What the running call is for. */
typedef enum
{
  GOAL_NONE,
  GOAL_SERVER,      /* authenticate_server: the host key only */
  GOAL_CLIENT,      /* authenticate_client: the user only */
  GOAL_BOTH,        /* authenticate */
  GOAL_QUERY        /* query_public_key */
} Goal;

/* Where it stands; devssh_client_session_resume() goes on from here. */
typedef enum
{
  STEP_IDLE,
  STEP_ASK_HOST,       /* the question is to be shown */
  STEP_WAIT_HOST,      /* its answer is awaited */
  STEP_HOST_ANSWERED,
  STEP_START_USER,     /* the first request is to be sent */
  STEP_USER            /* the engine of RFC 4252 works */
} Step;

/**
 * DevSshClientSession:
 *
 * The client's end of a session.
 *
 * After [method@Session.connect_async] comes [method@ClientSession.authenticate_async], which shows
 * the host's key to [signal@Session::authenticating] and, when it is accepted, proves who the user is.
 *
 * Since: 1.0
 */
struct _DevSshClientSession
{
  DevSshSession            parent_instance;

  DevSshAuthClient        *auth;                /* NULL before the first attempt */
  DevSshClientCredentials *credentials;         /* of the running call */
  DevSshAuthClientCredentials *plain;           /* until the engine takes them */
  GTask                   *task;                /* the running call */
  DevSshCancelWatch       *watch;
  GCancellable            *asking;              /* ends what we asked the credentials for */
  Goal                     goal;
  Step                     step;
  DevSshQuestion          *host_question;       /* the open one; no reference: it tells when it dies */
  GObject                 *host_principal;      /* once accepted */
  gboolean                 host_accepted;
  gboolean                 service_requested;
  gboolean                 service_accepted;
  gboolean                 holding;             /* a question to the user is open */

  /* reconnect: we wait for another connection, and another session that is nothing but the way to it */
  GTask                   *reconnect_task;
  DevSshCancelWatch       *reconnect_watch;
  DevSshDeadline           reconnect_limit;
  DevSshClientSession     *successor;
  /* we are such a one: for this session, which keeps us; NULL: no more */
  DevSshClientSession     *predecessor;
  gboolean                 asked_to_resume;     /* ... and have said so */

  DevSshCredentialRequest *answered_password;   /* what the credentials said */
  DevSshCredentialRequest *answered_key;
};

G_DEFINE_FINAL_TYPE (DevSshClientSession, devssh_client_session, DEVSSH_TYPE_SESSION)

enum { SIGNAL_BANNER, N_SIGNALS };
static guint signals[N_SIGNALS];

static void devssh_client_session_event (DevSshClientSession *self, DevSshAuthClientEvent *event, guint32 sequence);

static DevSshSessionPrivate *
devssh_client_session_priv (DevSshClientSession *self)
{
  return devssh_session_get_private (DEVSSH_SESSION (self));
}

static void
devssh_client_session_hold (DevSshClientSession *self,
                            gboolean             hold)
{
  self->holding = hold;
  devssh_transport_hold (devssh_client_session_priv (self)->pump->transport, hold);
}

/* The call is over; returns its task, to be ended by the caller. */
static GTask *
devssh_client_session_take_task (DevSshClientSession *self)
{
  g_cancellable_cancel (self->asking);
  g_clear_object (&self->asking);
  g_clear_pointer (&self->watch, devssh_cancel_watch_free);
  g_clear_object (&self->credentials);
  g_clear_pointer (&self->plain, devssh_auth_client_credentials_free);
  g_clear_object (&self->answered_password);
  g_clear_object (&self->answered_key);
  self->goal = GOAL_NONE;
  self->step = STEP_IDLE;
  return g_steal_pointer (&self->task);
}

static void
devssh_client_session_complete (DevSshClientSession *self,
                                gboolean             result)
{
  GTask *task = devssh_client_session_take_task (self);

  if (task != NULL)
    devssh_context_return_boolean (devssh_client_session_priv (self)->context, task, result);
}

/* ---- the host ---- */

static void
devssh_client_session_host_answered_cb (DevSshQuestion *question,
                                        gpointer        data)
{
  DevSshClientSession *self = data;
  DevSshAuthentication *authentication = DEVSSH_AUTHENTICATION (question);

  self->host_question = NULL;
  self->host_accepted = devssh_authentication_get_answer (authentication) == DEVSSH_AUTH_ANSWER_ACCEPT;
  if (self->host_accepted)
    g_set_object (&self->host_principal, devssh_authentication_get_principal (authentication));
  if (self->step == STEP_WAIT_HOST)
    self->step = STEP_HOST_ANSWERED;
  if (devssh_client_session_priv (self)->pump != NULL)
    devssh_pump_wake (devssh_client_session_priv (self)->pump);
}

static void
devssh_client_session_ask_host (DevSshClientSession *self)
{
  DevSshSession *session = DEVSSH_SESSION (self);
  DevSshSessionPrivate *priv = devssh_client_session_priv (self);
  g_autoptr(DevSshAuthentication) question = NULL;
  gboolean listened = FALSE;
  gboolean handled;

  self->step = STEP_WAIT_HOST;
  question = devssh_authentication_new (DEVSSH_AUTHENTICATION_TYPE_SERVER_PUBLIC_KEY, NULL);
  devssh_authentication_set_public_key (question, devssh_transport_get_host_key (priv->pump->transport));
  self->host_question = DEVSSH_QUESTION (question);
  devssh_question_set_sink (self->host_question, devssh_client_session_host_answered_cb, self);

  devssh_question_begin (DEVSSH_QUESTION (question));
  handled = devssh_session_emit_question (session, DEVSSH_QUESTION (question), &listened);
  devssh_question_end (DEVSSH_QUESTION (question), handled);
}

/* The answer to the host key question: without a yes nothing of the user leaves (T-36). */
static void
devssh_client_session_host_decided (DevSshClientSession *self)
{
  DevSshSessionPrivate *priv = devssh_client_session_priv (self);

  if (!self->host_accepted)
    {
      DEVSSH_TRACE (priv->tracer, WARNING, SERVER_AUTHENTICATION_FAILED, "The host key was not accepted");
      devssh_client_session_complete (self, FALSE);
      devssh_session_end (DEVSSH_SESSION (self), DEVSSH_DISCONNECT_REASON_HOST_KEY_NOT_VERIFIABLE,
                          "The host key was not accepted", NULL, DEVSSH_END_ORDERLY);
      return;
    }
  if (self->goal == GOAL_SERVER)
    {
      devssh_client_session_complete (self, TRUE);
      return;
    }
  self->step = STEP_START_USER;
}

/* ---- the user ---- */

static void
devssh_client_session_make_engine (DevSshClientSession *self)
{
  DevSshSessionPrivate *priv = devssh_client_session_priv (self);
  DevSshAuthClientConfig *config;

  if (self->auth != NULL)
    return;
  config = devssh_session_config_make_auth_client (priv->config);
  config->session_id = devssh_secret_dup (devssh_transport_get_session_id (priv->pump->transport));
  config->tracer = devssh_tracer_ref (priv->tracer);
  self->auth = devssh_auth_client_new (config, devssh_transport_get_outbox (priv->pump->transport),
                                       devssh_pump_wake, priv->pump);
}

static void
devssh_client_session_tell_algorithms (DevSshClientSession *self)
{
  GHashTable *extensions = devssh_transport_get_peer_extensions (devssh_client_session_priv (self)->pump->transport);
  GBytes *value;

  if (self->auth == NULL || extensions == NULL)
    return;
  value = g_hash_table_lookup (extensions, DEVSSH_EXTENSION_SERVER_SIGNATURE_ALGORITHMS);
  if (value != NULL)
    {
      gsize length;
      const char *text = g_bytes_get_data (value, &length);

      devssh_auth_client_set_server_sig_algs (self->auth, text, length);
    }
}

static void
devssh_client_session_start_user (DevSshClientSession *self)
{
  DevSshSessionPrivate *priv = devssh_client_session_priv (self);
  DevSshTransport *transport = priv->pump->transport;
  DevSshAuthClientEvent event = { 0 };
  GError *error = NULL;

  if (!self->service_requested)
    {
      self->service_requested = TRUE;
      devssh_transport_send_service_request (transport, DEVSSH_SERVICE_NAME_USERAUTH);
      devssh_session_report_progress (DEVSSH_SESSION (self), DEVSSH_PROGRESS_STARTING_SESSION_AUTHENTICATION);
      /* A loop in there has gone on from here, or the call is over. */
      if (priv->end != DEVSSH_SESSION_ALIVE || self->step != STEP_START_USER)
        return;
    }

  self->step = STEP_USER;
  DEVSSH_TRACE (priv->tracer, INFO, SESSION_AUTHENTICATING, "Session %u authenticates", priv->number);
  devssh_client_session_make_engine (self);
  devssh_client_session_tell_algorithms (self);
  /* A server's EXT_INFO comes before its SERVICE_ACCEPT or never (RFC 8308, 2.4); most do not announce it in their KEXINIT. */
  if (!devssh_transport_have_ext_info (transport) && !self->service_accepted)
    devssh_auth_client_expect_ext_info (self->auth);
  if (!devssh_auth_client_start (self->auth, g_steal_pointer (&self->plain), &event, &error))
    {
      GTask *task = devssh_client_session_take_task (self);

      devssh_context_return_error (priv->context, task, error);
      return;
    }
  devssh_client_session_event (self, &event, 0);
}

static void
devssh_client_session_password_cb (DevSshCredentialRequest *request,
                                   gpointer                 data)
{
  g_autoptr(DevSshClientSession) self = g_weak_ref_get (data);

  if (self == NULL || self->task == NULL)
    return;
  g_set_object (&self->answered_password, request);
  devssh_pump_wake (devssh_client_session_priv (self)->pump);
}

static void
devssh_client_session_private_key_cb (DevSshCredentialRequest *request,
                                      gpointer                 data)
{
  g_autoptr(DevSshClientSession) self = g_weak_ref_get (data);

  if (self == NULL || self->task == NULL)
    return;
  g_set_object (&self->answered_key, request);
  devssh_pump_wake (devssh_client_session_priv (self)->pump);
}

static void
devssh_client_session_succeeded (DevSshClientSession *self)
{
  DevSshSession *session = DEVSSH_SESSION (self);

  devssh_session_set_authenticated (session, self->host_principal);
  devssh_session_report_progress (session, DEVSSH_PROGRESS_COMPLETED_SESSION_AUTHENTICATION);
  devssh_session_notify (session, "is-authenticated");
  devssh_session_notify (session, "principal");
  devssh_client_session_complete (self, TRUE);
}

static void
devssh_client_session_question (DevSshClientSession  *self,
                                DevSshAuthentication *taken)
{
  g_autoptr(DevSshAuthentication) question = taken;
  gboolean listened = FALSE;
  gboolean handled;

  devssh_client_session_hold (self, TRUE);
  devssh_question_begin (DEVSSH_QUESTION (question));
  handled = devssh_session_emit_question (DEVSSH_SESSION (self), DEVSSH_QUESTION (question), &listened);
  devssh_question_end (DEVSSH_QUESTION (question), handled);
}

static void
devssh_client_session_cancelled_by_user (DevSshClientSession *self)
{
  DevSshSessionPrivate *priv = devssh_client_session_priv (self);
  GTask *task = devssh_client_session_take_task (self);

  devssh_session_end (DEVSSH_SESSION (self), DEVSSH_DISCONNECT_REASON_AUTH_CANCELLED_BY_USER,
                      "Authentication was cancelled", NULL, DEVSSH_END_ORDERLY);
  if (task != NULL)
    devssh_context_return_error (priv->context, task, g_error_copy (priv->error));
}

static void
devssh_client_session_event (DevSshClientSession   *self,
                             DevSshAuthClientEvent *event,
                             guint32                sequence)
{
  DevSshSessionPrivate *priv = devssh_client_session_priv (self);

  switch (event->type)
    {
    case DEVSSH_AUTH_CLIENT_NONE:
    case DEVSSH_AUTH_CLIENT_NEED_EXT_INFO:
      /* EXT_INFO or SERVICE_ACCEPT goes on from here. */
      break;

    case DEVSSH_AUTH_CLIENT_UNIMPLEMENTED:
      devssh_transport_send_unimplemented (priv->pump->transport, sequence);
      break;

    case DEVSSH_AUTH_CLIENT_QUESTION:
      devssh_client_session_question (self, event->question);
      break;

    case DEVSSH_AUTH_CLIENT_NEED_PASSWORD:
      devssh_client_credentials_ask_password (self->credentials, self->asking, devssh_client_session_password_cb,
                                              devssh_session_new_weak (DEVSSH_SESSION (self)),
                                              devssh_session_free_weak);
      break;

    case DEVSSH_AUTH_CLIENT_NEED_PRIVATE_KEY:
      devssh_client_credentials_ask_private_key (self->credentials, event->key, self->asking,
                                                 devssh_client_session_private_key_cb,
                                                 devssh_session_new_weak (DEVSSH_SESSION (self)),
                                                 devssh_session_free_weak);
      break;

    case DEVSSH_AUTH_CLIENT_SUCCESS:
      devssh_client_session_succeeded (self);
      break;

    case DEVSSH_AUTH_CLIENT_PK_OK:
      devssh_client_session_complete (self, TRUE);
      break;

    case DEVSSH_AUTH_CLIENT_FAILURE:
      devssh_client_session_complete (self, FALSE);
      break;

    case DEVSSH_AUTH_CLIENT_BANNER:
      g_signal_emit (self, signals[SIGNAL_BANNER], 0, event->text);
      break;

    case DEVSSH_AUTH_CLIENT_CANCELLED:
      devssh_client_session_cancelled_by_user (self);
      break;

    case DEVSSH_AUTH_CLIENT_FATAL:
      devssh_transport_fail (priv->pump->transport, event->reason, event->text);
      break;

    default:
      g_assert_not_reached ();
    }
}

static void
devssh_client_session_give_password (DevSshClientSession *self)
{
  g_autoptr(DevSshCredentialRequest) answer = g_steal_pointer (&self->answered_password);
  DevSshAuthClientEvent event = { 0 };

  devssh_auth_client_provide_password (self->auth, devssh_credential_request_get_answer_user (answer),
                                       devssh_credential_request_get_answer_password (answer), &event);
  devssh_client_session_event (self, &event, 0);
}

static void
devssh_client_session_give_key (DevSshClientSession *self)
{
  g_autoptr(DevSshCredentialRequest) answer = g_steal_pointer (&self->answered_key);
  DevSshAuthClientEvent event = { 0 };

  devssh_auth_client_provide_private_key (self->auth, devssh_credential_request_get_answer_key (answer), &event);
  devssh_client_session_event (self, &event, 0);
}

/* Goes on as far as it can without the peer or the application. */
static void
devssh_client_session_resume (DevSshSession *session)
{
  DevSshClientSession *self = DEVSSH_CLIENT_SESSION (session);
  DevSshSessionPrivate *priv = devssh_session_get_private (session);
  DevSshAuthClientEvent event = { 0 };

  if (self->step == STEP_ASK_HOST)
    devssh_client_session_ask_host (self);
  if (priv->end == DEVSSH_SESSION_ALIVE && self->step == STEP_HOST_ANSWERED)
    devssh_client_session_host_decided (self);
  if (priv->end == DEVSSH_SESSION_ALIVE && self->step == STEP_START_USER)
    devssh_client_session_start_user (self);
  if (priv->end == DEVSSH_SESSION_ALIVE && self->answered_password != NULL)
    devssh_client_session_give_password (self);
  if (priv->end == DEVSSH_SESSION_ALIVE && self->answered_key != NULL)
    devssh_client_session_give_key (self);
  if (priv->end == DEVSSH_SESSION_ALIVE && self->holding && devssh_auth_client_resume (self->auth, &event))
    {
      devssh_client_session_hold (self, FALSE);
      devssh_client_session_event (self, &event, 0);
    }
}

static void
devssh_client_session_auth_message (DevSshSession        *session,
                                    DevSshTransportEvent *message)
{
  DevSshClientSession *self = DEVSSH_CLIENT_SESSION (session);
  DevSshAuthClientEvent event = { 0 };

  if (self->auth == NULL)
    {
      /* T-32: nothing of ours is outstanding. */
      devssh_transport_fail (devssh_session_get_private (session)->pump->transport,
                             DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "An answer that nobody asked for");
      return;
    }
  devssh_auth_client_handle (self->auth, message->payload, message->length, &event);
  devssh_client_session_event (self, &event, message->sequence);
}

/* What could be known of the server's algorithms is known: an attempt that waited for it goes on. */
static void
devssh_client_session_no_more_ext_info (DevSshClientSession *self)
{
  DevSshAuthClientEvent event = { 0 };

  if (self->auth == NULL)
    return;
  devssh_auth_client_provide_ext_info (self->auth, &event);
  devssh_client_session_event (self, &event, 0);
}

static void
devssh_client_session_userauth_service (DevSshSession *session)
{
  DevSshClientSession *self = DEVSSH_CLIENT_SESSION (session);
  DevSshTransport *transport = devssh_session_get_private (session)->pump->transport;

  if (!self->service_requested || self->service_accepted)
    {
      devssh_transport_fail (transport, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR,
                             "SERVICE_ACCEPT for a service nobody asked for");
      return;
    }
  self->service_accepted = TRUE;
  devssh_transport_set_phase (transport, DEVSSH_PHASE_AUTH);
  devssh_client_session_no_more_ext_info (self);
}

static void
devssh_client_session_host_key (DevSshSession        *session,
                                DevSshTransportEvent *event)
{
  DevSshTransport *transport = devssh_session_get_private (session)->pump->transport;

  /* T-29: who was accepted is who stays. */
  if (event->flag)
    devssh_transport_fail (transport, DEVSSH_DISCONNECT_REASON_HOST_KEY_NOT_VERIFIABLE,
                           "The host key changed in a rekey");
}

/* ---- reconnect (protocol.md 3.5) ---- */

/* The attempt is over. error: taken; NULL: it worked. */
static void
devssh_client_session_end_reconnect (DevSshClientSession *self,
                                     GError              *error)
{
  DevSshSessionPrivate *priv = devssh_client_session_priv (self);
  g_autoptr(DevSshClientSession) successor = g_steal_pointer (&self->successor);
  GTask *task = g_steal_pointer (&self->reconnect_task);

  g_clear_pointer (&self->reconnect_watch, devssh_cancel_watch_free);
  devssh_deadline_clear (&self->reconnect_limit);
  if (successor != NULL)
    {
      successor->predecessor = NULL;
      devssh_session_end (DEVSSH_SESSION (successor), DEVSSH_DISCONNECT_REASON_NONE, "It was the way to a connection", NULL,
                          DEVSSH_END_ORDERLY);
    }

  if (task == NULL)
    {
      g_clear_error (&error);
    }
  else if (error == NULL)
    {
      devssh_context_return_boolean (priv->context, task, TRUE);
    }
  else
    {
      DEVSSH_TRACE (priv->tracer, WARNING, CLIENT_SESSION_RECONNECT_FAILED, "Session %u is not connected again: %s",
                    priv->number, error->message);
      devssh_context_return_error (priv->context, task, error);
    }
}

static void
devssh_client_session_fail_reconnect (DevSshClientSession    *self,
                                      DevSshReconnectFailure  reason,
                                      const char             *text)
{
  devssh_client_session_end_reconnect (self, g_error_new_literal (DEVSSH_RECONNECT_ERROR, (int) reason, text));
}

/* The way is encrypted. Whoever is at its other end must be who was accepted (T-71), and hears nothing else from us before. */
static void
devssh_client_session_keyed (DevSshSession *session)
{
  DevSshClientSession *self = DEVSSH_CLIENT_SESSION (session);
  DevSshTransport *transport = devssh_session_get_private (session)->pump->transport;
  DevSshSessionPrivate *theirs;

  if (self->predecessor == NULL)
    return;

  theirs = devssh_client_session_priv (self->predecessor);
  if (!devssh_key_pair_equal (devssh_transport_get_host_key (transport), devssh_transport_get_host_key (theirs->pump->transport)))
    {
      devssh_client_session_fail_reconnect (self->predecessor, DEVSSH_RECONNECT_FAILURE_DIFFERENT_SERVER_HOST_KEY,
                                            "The server has another host key than before");
    }
}

/* Behind the server's EXT_INFO, and so behind our own request to enable the extension: a server of the original library remembers
 * what it sends only from there on, and a cut before all was there that it sends again would be the end. */
static void
devssh_client_session_ask_to_resume (DevSshClientSession *self)
{
  DevSshSessionPrivate *theirs;

  if (self->predecessor == NULL || self->asked_to_resume)
    return;

  self->asked_to_resume = TRUE;
  theirs = devssh_client_session_priv (self->predecessor);
  DEVSSH_TRACE (theirs->tracer, INFO, CLIENT_SESSION_RECONNECTING, "Session %u asks its server to go on", theirs->number);
  devssh_transport_request_resume (devssh_client_session_priv (self)->pump->transport, theirs->pump->transport);
}

static void
devssh_client_session_ext_info (DevSshSession *session)
{
  DevSshClientSession *self = DEVSSH_CLIENT_SESSION (session);

  devssh_client_session_tell_algorithms (self);
  devssh_client_session_no_more_ext_info (self);
  devssh_client_session_ask_to_resume (self);
}

static void
devssh_client_session_refused (DevSshClientSession *self,
                               const guint8        *data,
                               gsize                length)
{
  g_auto(DevSshReconnectFailureInfo) info = { 0 };
  g_autofree char *text = NULL;

  /* Nothing is a reason, too. */
  if (length == 0 || !devssh_reconnect_failure_info_decode (&info, data, length, NULL) || info.reason == 0)
    info.reason = DEVSSH_RECONNECT_FAILURE_UNKNOWN_SERVER_FAILURE;
  text = info.description.length > 0 ? devssh_text_for_people (info.description.data, info.description.length)
                                     : g_strdup (devssh_reconnect_failure_to_string (info.reason));
  devssh_client_session_end_reconnect (self, g_error_new (DEVSSH_RECONNECT_ERROR, (int) info.reason,
                                                          "The server does not go on with the session: %s", text));
}

/* The server goes on with us. */
static void
devssh_client_session_accepted (DevSshClientSession *self,
                                const guint8        *data,
                                gsize                length)
{
  DevSshSession *session = DEVSSH_SESSION (self);
  DevSshSessionPrivate *priv = devssh_session_get_private (session);
  DevSshSessionPrivate *theirs = devssh_client_session_priv (self->successor);
  g_auto(DevSshReconnectResponse) answer = { { 0 } };
  DevSshTransport *transport;
  GIOStream *stream;
  DevSshIoWatch *watch;

  if (!devssh_reconnect_response_decode (&answer, data, length, NULL) ||
      !devssh_transport_check_token (theirs->pump->transport, devssh_transport_get_session_id (priv->pump->transport),
                                     answer.server_token.data, answer.server_token.length))
    {
      devssh_client_session_fail_reconnect (self, DEVSSH_RECONNECT_FAILURE_INVALID_SERVER_RECONNECT_TOKEN,
                                            "The server does not prove that it has the session");
      return;
    }
  if (!devssh_transport_resume (theirs->pump->transport, priv->pump->transport, answer.last_received))
    {
      g_autoptr(GError) error = g_error_new_literal (DEVSSH_RECONNECT_ERROR, DEVSSH_RECONNECT_FAILURE_CLIENT_DROPPED_MESSAGES,
                                                     "The server lacks messages that are gone");

      /* T-72 */
      devssh_client_session_end_reconnect (self, g_error_copy (error));
      devssh_session_end (session, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST, error->message, error, DEVSSH_END_LOST);
      return;
    }

  transport = devssh_pump_detach (theirs->pump, &stream, &watch);
  devssh_session_resume (session, stream, watch, transport, theirs->metrics);
  devssh_client_session_end_reconnect (self, NULL);
  devssh_session_notify (session, "is-connected");
}

static void
devssh_client_session_resume_message (DevSshSession        *session,
                                      DevSshTransportEvent *event)
{
  g_autoptr(DevSshClientSession) predecessor = NULL;

  if (DEVSSH_CLIENT_SESSION (session)->predecessor == NULL)
    return;

  predecessor = g_object_ref (DEVSSH_CLIENT_SESSION (session)->predecessor);
  if (event->payload[0] == DEVSSH_MESSAGE_REQUEST_SUCCESS)
    devssh_client_session_accepted (predecessor, event->payload + 1, event->length - 1);
  else
    devssh_client_session_refused (predecessor, event->payload + 1, event->length - 1);
}

static gboolean
devssh_client_session_may_resume (DevSshSession *session)
{
  return TRUE;
}

static void
devssh_client_session_disconnected (DevSshSession *session)
{
}

static void
devssh_client_session_reconnected (DevSshSession *session)
{
  /* What it sends to is gone, and it has nothing more to say. */
  g_clear_pointer (&DEVSSH_CLIENT_SESSION (session)->auth, devssh_auth_client_free);
}

static void
devssh_client_session_ended (DevSshSession *session,
                             const GError  *error)
{
  DevSshClientSession *self = DEVSSH_CLIENT_SESSION (session);
  GTask *task = devssh_client_session_take_task (self);

  devssh_client_session_end_reconnect (self, g_error_copy (error));
  if (self->predecessor != NULL)
    devssh_client_session_end_reconnect (g_steal_pointer (&self->predecessor), g_error_copy (error));

  g_clear_pointer (&self->host_question, devssh_question_kill);
  g_clear_pointer (&self->auth, devssh_auth_client_free);
  if (task != NULL)
    devssh_context_return_error (devssh_session_get_private (session)->context, task, g_error_copy (error));
}

static void
devssh_client_session_prepare (DevSshSession         *session,
                               DevSshTransportConfig *config)
{
}

static const DevSshSessionRole client_role = {
  .is_server = FALSE,
  .prepare = devssh_client_session_prepare,
  .auth_message = devssh_client_session_auth_message,
  .auth_resume = devssh_client_session_resume,
  .userauth_service = devssh_client_session_userauth_service,
  .host_key = devssh_client_session_host_key,
  .ext_info = devssh_client_session_ext_info,
  .keyed = devssh_client_session_keyed,
  .resume_message = devssh_client_session_resume_message,
  .may_resume = devssh_client_session_may_resume,
  .disconnected = devssh_client_session_disconnected,
  .reconnected = devssh_client_session_reconnected,
  .ended = devssh_client_session_ended,
};

static void
devssh_client_session_finalize (GObject *object)
{
  DevSshClientSession *self = DEVSSH_CLIENT_SESSION (object);

  g_clear_object (&self->host_principal);
  G_OBJECT_CLASS (devssh_client_session_parent_class)->finalize (object);
}

static void
devssh_client_session_class_init (DevSshClientSessionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = devssh_client_session_finalize;

  /**
   * DevSshClientSession::banner:
   * @self: the session
   * @text: what the server says; control characters are escaped
   *
   * The server has a message for people who log in (RFC 4252, 5.4).
   *
   * Since: 1.0
   */
  signals[SIGNAL_BANNER] =
    g_signal_new ("banner", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
devssh_client_session_init (DevSshClientSession *self)
{
  devssh_client_session_priv (self)->role = &client_role;
}

/**
 * devssh_client_session_new:
 * @stream: what the session runs over
 * @config: a configuration, copied
 * @error: return location for an error
 *
 * Makes the client's end of a session; nothing is sent before [method@Session.connect_async].
 *
 * Fails with %DEVSSH_ERROR_INVALID_CONFIG.
 *
 * Returns: (transfer full): the session, or %NULL
 *
 * Since: 1.0
 */
DevSshClientSession *
devssh_client_session_new (GIOStream            *stream,
                           DevSshSessionConfig  *config,
                           GError              **error)
{
  g_return_val_if_fail (G_IS_IO_STREAM (stream), NULL);
  g_return_val_if_fail (DEVSSH_IS_SESSION_CONFIG (config), NULL);

  if (!devssh_session_config_validate (config, error))
    return NULL;
  return g_object_new (DEVSSH_TYPE_CLIENT_SESSION, "stream", stream, "config", config, NULL);
}

/**
 * devssh_client_session_get_host_key:
 * @self: a session
 *
 * Gets the key that the server has proved to own. It is for the application to know whose it is.
 *
 * Returns: (transfer none) (nullable): the public key; %NULL before the first key exchange
 *
 * Since: 1.0
 */
DevSshKeyPair *
devssh_client_session_get_host_key (DevSshClientSession *self)
{
  g_return_val_if_fail (DEVSSH_IS_CLIENT_SESSION (self), NULL);

  return devssh_transport_get_host_key (devssh_client_session_priv (self)->pump->transport);
}

gboolean
devssh_client_session_check_reconnect (DevSshClientSession  *self,
                                       GError              **error)
{
  DevSshSessionPrivate *priv = devssh_client_session_priv (self);

  if (priv->end != DEVSSH_SESSION_ALIVE)
    g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED, "The session is closed: %s", priv->error->message);
  else if (self->reconnect_task != NULL)
    g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE, "The session is being connected anew already");
  else if (priv->connected && priv->reconnect_enabled)
    g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE, "The session is connected");
  else if (!priv->disconnected)
    g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE,
                         "The session cannot be connected anew: the reconnect extension is not enabled");
  else
    return TRUE;

  return FALSE;
}

/* A server that exchanges keys and then says nothing must not be waited for for ever (T-61). */
static void
devssh_client_session_reconnect_limit_cb (DevSshDeadline *deadline)
{
  DevSshClientSession *self = (DevSshClientSession *) ((guint8 *) deadline - G_STRUCT_OFFSET (DevSshClientSession, reconnect_limit));

  devssh_client_session_end_reconnect (self, g_error_new_literal (DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST,
                                                                  "The server does not answer"));
}

static void
devssh_client_session_reconnect_cancelled_cb (gpointer data)
{
  devssh_client_session_end_reconnect (data, devssh_error_new_cancelled ());
}

/**
 * devssh_client_session_reconnect_async:
 * @self: a session that is disconnected
 * @stream: a new connection to the same server
 * @cancellable: (nullable): a way to give up; the session stays as it is
 * @callback: (scope async) (closure user_data): called when the session goes on over @stream, or not
 * @user_data: for @callback
 *
 * Connects a session anew that has lost its connection ([signal@Session::disconnected]). The server proves to have the
 * same host key as before and to know the session, without a question to the user or the application; then all goes on
 * where it was: each side sends again what the other one has not received.
 *
 * After a failure another attempt may follow, over another stream, unless what one end would have to send again is gone
 * (%DEVSSH_RECONNECT_FAILURE_CLIENT_DROPPED_MESSAGES ends the session here). An attempt takes at most twice the
 * [property@SessionConfig:key-exchange-timeout].
 *
 * Since: 1.0
 */
void
devssh_client_session_reconnect_async (DevSshClientSession *self,
                                       GIOStream           *stream,
                                       GCancellable        *cancellable,
                                       GAsyncReadyCallback  callback,
                                       gpointer             user_data)
{
  DevSshSessionPrivate *priv;
  GTask *task;
  GError *error = NULL;

  g_return_if_fail (DEVSSH_IS_CLIENT_SESSION (self));
  g_return_if_fail (G_IS_IO_STREAM (stream));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  priv = devssh_client_session_priv (self);
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_client_session_reconnect_async);
  if (!devssh_context_check_here (priv->context, G_STRFUNC, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }

  if (!devssh_client_session_check_reconnect (self, &error) || g_cancellable_set_error_if_cancelled (cancellable, &error))
    {
      devssh_context_return_error (priv->context, task, error);
      return;
    }

  DEVSSH_TRACE (priv->tracer, INFO, CLIENT_SESSION_START_RECONNECTING, "Session %u connects anew", priv->number);
  self->reconnect_task = task;
  self->reconnect_watch = devssh_context_watch_cancellable (priv->context, cancellable,
                                                            devssh_client_session_reconnect_cancelled_cb, self);
  /* As long for the answer as for the exchange before it. */
  if (devssh_session_config_get_key_exchange_timeout (priv->config) > 0)
    devssh_deadline_set (&self->reconnect_limit, priv->context,
                         devssh_context_get_time (priv->context) +
                         2 * G_TIME_SPAN_SECOND * devssh_session_config_get_key_exchange_timeout (priv->config),
                         devssh_client_session_reconnect_limit_cb);
  devssh_context_make_for (priv->context);
  self->successor = g_object_new (DEVSSH_TYPE_CLIENT_SESSION, "stream", stream, "config", priv->config, NULL);
  devssh_context_make_for (NULL);
  self->successor->predecessor = self;
  devssh_session_connect_async (DEVSSH_SESSION (self->successor), NULL, NULL, NULL);
}

/**
 * devssh_client_session_reconnect_finish:
 * @self: a session
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@ClientSession.reconnect_async]. The errors are
 *
 * - %DEVSSH_ERROR_CLOSED: the session is closed;
 * - %DEVSSH_ERROR_INVALID_STATE: it is connected, or is being connected already, or never could be reconnected;
 * - `DEVSSH_RECONNECT_ERROR` with a [enum@ReconnectFailure]: the server, or we, will not go on;
 * - `DEVSSH_CONNECTION_ERROR`: the new connection broke;
 * - `G_IO_ERROR_CANCELLED`.
 *
 * Returns: %TRUE if the session is connected again
 *
 * Since: 1.0
 */
gboolean
devssh_client_session_reconnect_finish (DevSshClientSession  *self,
                                        GAsyncResult         *result,
                                        GError              **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
devssh_client_session_call_cancelled_cb (gpointer data)
{
  DevSshClientSession *self = data;
  g_autoptr(GTask) task = NULL;

  /* Nothing is sent; what the server still answers is swallowed (protocol.md 4.2). */
  g_clear_pointer (&self->host_question, devssh_question_kill);
  if (self->auth != NULL)
    devssh_auth_client_cancel (self->auth);
  if (self->holding)
    {
      devssh_client_session_hold (self, FALSE);
      devssh_pump_wake (devssh_client_session_priv (self)->pump);
    }
  task = devssh_client_session_take_task (self);
  if (task != NULL)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Authentication was cancelled");
}

/* The common half of the four calls. plain is taken. */
static void
devssh_client_session_begin (DevSshClientSession         *self,
                             Goal                         goal,
                             DevSshClientCredentials     *credentials,
                             DevSshAuthClientCredentials *plain,
                             GTask                       *task)
{
  DevSshSession *session = DEVSSH_SESSION (self);
  DevSshSessionPrivate *priv = devssh_session_get_private (session);
  const char *problem = NULL;

  if (!devssh_session_check_usable (session, task, FALSE))
    problem = "";
  else if (self->task != NULL)
    problem = "An authentication is running already";
  else if (devssh_transport_is_no_security (priv->pump->transport))
    problem = "A session without security has nobody to authenticate";
  else if (priv->authenticated && goal != GOAL_SERVER)
    problem = "The session is authenticated already";
  else if ((goal == GOAL_CLIENT || goal == GOAL_QUERY) && !self->host_accepted)
    problem = "The host key has not been accepted yet";

  if (problem != NULL)
    {
      g_clear_pointer (&plain, devssh_auth_client_credentials_free);
      if (problem[0] != '\0')
        devssh_context_return_error (priv->context, g_object_ref (task),
                                     g_error_new_literal (DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE, problem));
      g_object_unref (task);
      return;
    }

  self->task = task;
  self->goal = goal;
  self->credentials = credentials != NULL ? g_object_ref (credentials) : NULL;
  self->plain = plain;
  self->asking = g_cancellable_new ();
  self->watch = devssh_context_watch_cancellable (priv->context, g_task_get_cancellable (task),
                                                  devssh_client_session_call_cancelled_cb, self);
  if (self->host_accepted)
    self->step = goal == GOAL_SERVER ? STEP_HOST_ANSWERED : STEP_START_USER;
  else
    self->step = STEP_ASK_HOST;
  devssh_pump_wake (priv->pump);
}

static DevSshAuthClientCredentials *
devssh_client_session_make_plain (DevSshClientSession     *self,
                                  DevSshClientCredentials *credentials)
{
  DevSshAuthClientCredentials *plain = devssh_client_credentials_make (credentials);

  plain->has_interactive_handler = devssh_session_has_authenticating_handler (DEVSSH_SESSION (self));
  return plain;
}

/**
 * devssh_client_session_authenticate_async:
 * @self: a connected session
 * @credentials: who the user is
 * @cancellable: (nullable): a way to give up; the session stays
 * @callback: (scope async) (closure user_data): called when both ends are known to each other, or not
 * @user_data: for @callback
 *
 * Shows the host's key to [signal@Session::authenticating] and, once it is accepted, logs in
 * (RFC 4252). A host key that nobody accepts ends the session with
 * %DEVSSH_DISCONNECT_REASON_HOST_KEY_NOT_VERIFIABLE. After a refused login the session stays, and
 * another attempt may follow.
 *
 * Since: 1.0
 */
void
devssh_client_session_authenticate_async (DevSshClientSession     *self,
                                          DevSshClientCredentials *credentials,
                                          GCancellable            *cancellable,
                                          GAsyncReadyCallback      callback,
                                          gpointer                 user_data)
{
  GTask *task;

  g_return_if_fail (DEVSSH_IS_CLIENT_SESSION (self));
  g_return_if_fail (DEVSSH_IS_CLIENT_CREDENTIALS (credentials));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_client_session_authenticate_async);
  devssh_client_session_begin (self, GOAL_BOTH, credentials,
                               devssh_client_session_make_plain (self, credentials), task);
}

/**
 * devssh_client_session_authenticate_finish:
 * @self: a session
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@ClientSession.authenticate_async].
 *
 * Returns: %TRUE if the session is authenticated; %FALSE without an error if the application refused
 *   the host or the server refused the user
 *
 * Since: 1.0
 */
gboolean
devssh_client_session_authenticate_finish (DevSshClientSession  *self,
                                           GAsyncResult         *result,
                                           GError              **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * devssh_client_session_authenticate_server_async:
 * @self: a connected session
 * @cancellable: (nullable): a way to give up; the session stays
 * @callback: (scope async) (closure user_data): called when the application has decided
 * @user_data: for @callback
 *
 * Only the first half of [method@ClientSession.authenticate_async]: shows the host's key to
 * [signal@Session::authenticating].
 *
 * Since: 1.0
 */
void
devssh_client_session_authenticate_server_async (DevSshClientSession *self,
                                                 GCancellable        *cancellable,
                                                 GAsyncReadyCallback  callback,
                                                 gpointer             user_data)
{
  GTask *task;

  g_return_if_fail (DEVSSH_IS_CLIENT_SESSION (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_client_session_authenticate_server_async);
  devssh_client_session_begin (self, GOAL_SERVER, NULL, NULL, task);
}

/**
 * devssh_client_session_authenticate_server_finish:
 * @self: a session
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@ClientSession.authenticate_server_async].
 *
 * Returns: %TRUE if the host was accepted; %FALSE without an error if it was not
 *
 * Since: 1.0
 */
gboolean
devssh_client_session_authenticate_server_finish (DevSshClientSession  *self,
                                                  GAsyncResult         *result,
                                                  GError              **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * devssh_client_session_authenticate_client_async:
 * @self: a session whose host was accepted
 * @credentials: who the user is
 * @cancellable: (nullable): a way to give up; the session stays
 * @callback: (scope async) (closure user_data): called when the server has decided
 * @user_data: for @callback
 *
 * Only the second half of [method@ClientSession.authenticate_async]: logs in. Fails with
 * %DEVSSH_ERROR_INVALID_STATE unless the host key was accepted before.
 *
 * Since: 1.0
 */
void
devssh_client_session_authenticate_client_async (DevSshClientSession     *self,
                                                 DevSshClientCredentials *credentials,
                                                 GCancellable            *cancellable,
                                                 GAsyncReadyCallback      callback,
                                                 gpointer                 user_data)
{
  GTask *task;

  g_return_if_fail (DEVSSH_IS_CLIENT_SESSION (self));
  g_return_if_fail (DEVSSH_IS_CLIENT_CREDENTIALS (credentials));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_client_session_authenticate_client_async);
  devssh_client_session_begin (self, GOAL_CLIENT, credentials,
                               devssh_client_session_make_plain (self, credentials), task);
}

/**
 * devssh_client_session_authenticate_client_finish:
 * @self: a session
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@ClientSession.authenticate_client_async].
 *
 * Returns: %TRUE if the user was accepted; %FALSE without an error if not
 *
 * Since: 1.0
 */
gboolean
devssh_client_session_authenticate_client_finish (DevSshClientSession  *self,
                                                  GAsyncResult         *result,
                                                  GError              **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * devssh_client_session_query_public_key_async:
 * @self: a session whose host was accepted
 * @user_name: who would log in
 * @key_pair: a key; its private half is not used
 * @cancellable: (nullable): a way to give up; the session stays
 * @callback: (scope async) (closure user_data): called when the server has answered
 * @user_data: for @callback
 *
 * Asks whether a key would be accepted (RFC 4252, 7), without proving that it is ours. A refusal
 * counts as an attempt at the server.
 *
 * Since: 1.0
 */
void
devssh_client_session_query_public_key_async (DevSshClientSession *self,
                                              const char          *user_name,
                                              DevSshKeyPair       *key_pair,
                                              GCancellable        *cancellable,
                                              GAsyncReadyCallback  callback,
                                              gpointer             user_data)
{
  DevSshAuthClientCredentials *plain;
  GTask *task;

  g_return_if_fail (DEVSSH_IS_CLIENT_SESSION (self));
  g_return_if_fail (user_name != NULL);
  g_return_if_fail (DEVSSH_IS_KEY_PAIR (key_pair));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  plain = g_new0 (DevSshAuthClientCredentials, 1);
  plain->user_name = g_strdup (user_name);
  plain->keys = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (plain->keys, g_object_ref (key_pair));
  plain->query = TRUE;
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_client_session_query_public_key_async);
  devssh_client_session_begin (self, GOAL_QUERY, NULL, plain, task);
}

/**
 * devssh_client_session_query_public_key_finish:
 * @self: a session
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@ClientSession.query_public_key_async].
 *
 * Returns: %TRUE if the key would be accepted; %FALSE without an error if not
 *
 * Since: 1.0
 */
gboolean
devssh_client_session_query_public_key_finish (DevSshClientSession  *self,
                                               GAsyncResult         *result,
                                               GError              **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
