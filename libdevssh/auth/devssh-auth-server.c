/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The server's half of RFC 4252: every request ends in exactly one of 51, 52 or 60 (T-33). */
#include <libdevssh/auth/devssh-auth-method-private.h>

#include <libdevssh/base/devssh-error.h>

#define DEFAULT_MAX_ATTEMPTS 5   /* T-34 */

typedef enum
{
  STATE_IDLE,       /* the next request may come */
  STATE_ASKING,     /* a question is open */
  STATE_ANSWERED,   /* it has been answered; resume() is due */
  STATE_PROMPTED,   /* 60 went out; 61 is due, or another request */
  STATE_GRANTED,    /* SUCCESS was returned; send_success() is due */
  STATE_DONE,       /* 52 went out */
  STATE_FAILED      /* FATAL was returned */
} DevSshAuthServerState;

struct _DevSshAuthServer
{
  DevSshAuthServerConfig *config;
  DevSshOutbox           *outbox;
  void                  (*wake) (gpointer host);
  gpointer                host;

  DevSshAuthServerState   state;
  guint                   failures;
  gboolean                none_seen;

  /* Of the request in hand. A new one sets them all, so that nothing of an older one is left (T-37). */
  char                   *user_name;
  char                   *service;
  const DevSshAuthMethod *method;
  gboolean                is_free;      /* a refusal does not count: the first "none" */
  guint                   n_prompts;    /* of the 60 that went out */

  DevSshQuestion         *question;     /* the open one; no reference: it tells when it dies */
  DevSshAuthenticationType type;        /* what it asked */
  DevSshAuthAnswer        answer;
  GObject                *principal;
  GBytes                 *reply;        /* 60: what to send for a yes to a query, or to prompt */
};

void
devssh_auth_server_config_free (DevSshAuthServerConfig *config)
{
  if (config == NULL)
    return;

  g_strfreev (config->methods);
  g_strfreev (config->key_algorithms);
  g_strfreev (config->services);
  devssh_secret_free (config->session_id);
  g_clear_pointer (&config->tracer, devssh_tracer_unref);
  g_free (config);
}

DevSshAuthServer *
devssh_auth_server_new (DevSshAuthServerConfig *config,
                        DevSshOutbox           *outbox,
                        void                  (*wake) (gpointer host),
                        gpointer                host)
{
  DevSshAuthServer *self = g_new0 (DevSshAuthServer, 1);

  self->config = config;
  self->outbox = outbox;
  self->wake = wake;
  self->host = host;
  return self;
}

/* Nothing of a request outlives it: neither a question, nor an answer, nor whom it spoke of. */
static void
devssh_auth_server_forget_request (DevSshAuthServer *self)
{
  if (self->question != NULL)
    {
      devssh_authentication_wipe (DEVSSH_AUTHENTICATION (self->question));
      devssh_question_kill (g_steal_pointer (&self->question));
    }

  g_clear_pointer (&self->user_name, g_free);
  g_clear_pointer (&self->service, g_free);
  g_clear_pointer (&self->reply, g_bytes_unref);
  g_clear_object (&self->principal);
  self->method = NULL;
  self->answer = DEVSSH_AUTH_ANSWER_NONE;
  self->is_free = FALSE;
  self->n_prompts = 0;
}

void
devssh_auth_server_free (DevSshAuthServer *self)
{
  if (self == NULL)
    return;

  devssh_auth_server_forget_request (self);
  devssh_auth_server_config_free (self->config);
  g_free (self);
}

static void
devssh_auth_server_fail (DevSshAuthServer      *self,
                         guint32                reason,
                         const char            *text,
                         DevSshAuthServerEvent *event)
{
  devssh_auth_server_forget_request (self);
  self->state = STATE_FAILED;
  event->type = DEVSSH_AUTH_SERVER_FATAL;
  event->reason = reason;
  event->text = text;
}

static guint
devssh_auth_server_get_limit (DevSshAuthServer *self)
{
  return self->config->max_attempts > 0 ? (guint) self->config->max_attempts : DEFAULT_MAX_ATTEMPTS;
}

/* RFC 4252, 5.1: SSH_MSG_USERAUTH_FAILURE */
static void
devssh_auth_server_send_failure (DevSshAuthServer *self)
{
  const char * const *configured = (const char * const *) self->config->methods;
  g_autoptr(GPtrArray) methods = g_ptr_array_new ();
  DevSshUserauthFailureMessage message = { 0 };
  DEVSSH_WRITER_AUTO (writer);

  for (guint i = 0; configured != NULL && configured[i] != NULL; i++)
    {
      const DevSshAuthMethod *method = devssh_auth_method_find (configured[i]);

      /* RFC 4252, 5.2: "none" "MUST NOT be listed as supported by the server". */
      if (method != NULL && method != &devssh_auth_none)
        g_ptr_array_add (methods, self->config->methods[i]);
    }
  g_ptr_array_add (methods, NULL);

  message.methods = (char **) methods->pdata;
  devssh_userauth_failure_message_encode (&message, &writer);
  devssh_outbox_send (self->outbox, writer.data, writer.length);
}

/* The one end of everything that is no success, PK_OK or prompt. */
static void
devssh_auth_server_refuse (DevSshAuthServer      *self,
                           DevSshAuthServerEvent *event)
{
  DEVSSH_TRACE (self->config->tracer, WARNING, SERVER_AUTHENTICATION_FAILED,
                "Authentication by %s refused", self->method != NULL ? self->method->name : "an unknown method");

  if (!self->is_free)
    self->failures++;
  devssh_auth_server_send_failure (self);
  devssh_auth_server_forget_request (self);
  self->state = STATE_IDLE;

  /* T-34; protocol.md 4.5: the last 51 goes out as well, then the end. */
  if (self->failures >= devssh_auth_server_get_limit (self))
    devssh_auth_server_fail (self, DEVSSH_DISCONNECT_REASON_NO_MORE_AUTH_METHODS_AVAILABLE,
                             "Too many authentication failures", event);
}

/* The only place where a client becomes authenticated (T-31), and the only way to it is a yes to a
 * question about what is no query (T-35). */
static void
devssh_auth_server_grant (DevSshAuthServer      *self,
                          DevSshAuthServerEvent *event)
{
  g_assert (self->answer == DEVSSH_AUTH_ANSWER_ACCEPT && self->principal != NULL);
  g_assert (self->type != DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY_QUERY);

  self->state = STATE_GRANTED;
  event->type = DEVSSH_AUTH_SERVER_SUCCESS;
  event->principal = self->principal;
  event->user_name = self->user_name;
  event->service = self->service;
}

/* 60: PK_OK, or SSH_MSG_USERAUTH_INFO_REQUEST. */
static void
devssh_auth_server_send_reply (DevSshAuthServer      *self,
                               DevSshAuthServerState  state)
{
  gsize length = 0;
  const guint8 *payload = g_bytes_get_data (self->reply, &length);

  devssh_outbox_send (self->outbox, payload, length);
  g_clear_pointer (&self->reply, g_bytes_unref);
  self->answer = DEVSSH_AUTH_ANSWER_NONE;
  self->state = state;
}

static GBytes *
devssh_auth_server_encode_prompts (DevSshAuthServer     *self,
                                   DevSshAuthentication *question)
{
  g_auto(DevSshInfoRequestMessage) message = { 0 };
  DEVSSH_WRITER_AUTO (writer);

  devssh_authentication_get_prompts (question, &message);
  message.split = self->config->split_prompts;
  self->n_prompts = message.n_prompts;
  devssh_info_request_message_encode (&message, &writer);
  return g_bytes_new (writer.data, writer.length);
}

/* An answer counts. The question may be on its way out, so all that is needed of it is taken now; what
 * follows from it is for resume(), for this may run inside an application's call (design D12). */
static void
devssh_auth_server_answered_cb (DevSshQuestion *question,
                                gpointer        user_data)
{
  DevSshAuthServer *self = user_data;
  DevSshAuthentication *authentication = DEVSSH_AUTHENTICATION (question);

  g_assert (self->question == question);

  self->question = NULL;
  self->answer = devssh_authentication_get_answer (authentication);
  if (self->type == DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY_QUERY)
    ; /* T-35: whom a yes to a query meant leaves no trace. */
  else if (self->answer == DEVSSH_AUTH_ANSWER_ACCEPT)
    self->principal = g_object_ref (devssh_authentication_get_principal (authentication));
  else if (self->answer == DEVSSH_AUTH_ANSWER_PROMPT)
    self->reply = devssh_auth_server_encode_prompts (self, authentication);

  devssh_authentication_wipe (authentication);
  self->state = STATE_ANSWERED;
  self->wake (self->host);
}

/* Hands a question out, or refuses if there is none: what a method could not prove is never asked. */
static void
devssh_auth_server_ask (DevSshAuthServer      *self,
                        DevSshAuthentication  *question,
                        GError                *error,
                        DevSshAuthServerEvent *event)
{
  if (question == NULL)
    {
      DEVSSH_TRACE (self->config->tracer, WARNING, AUTHENTICATION_ERROR,
                    "Authentication by %s: %s", self->method->name, error->message);
      devssh_auth_server_refuse (self, event);
      return;
    }

  self->type = devssh_authentication_get_authentication_type (question);
  self->question = DEVSSH_QUESTION (question);
  devssh_question_set_sink (self->question, devssh_auth_server_answered_cb, self);
  self->state = STATE_ASKING;
  event->type = DEVSSH_AUTH_SERVER_QUESTION;
  event->question = question;
}

/* RFC 4252, 7: PK_OK repeats the algorithm and the blob of the request. */
static GBytes *
devssh_auth_server_encode_pk_ok (const DevSshUserauthRequestMessage *request)
{
  const DevSshPkOkMessage message = { request->algorithm, request->key_blob };
  DEVSSH_WRITER_AUTO (writer);

  devssh_pk_ok_message_encode (&message, &writer);
  return g_bytes_new (writer.data, writer.length);
}

/* A dialogue that another request interrupts. RFC 4252, 5.1: there MUST NOT be a 51 for it; but it was
 * no success (T-34). FALSE: that was one too many. */
static gboolean
devssh_auth_server_abort_dialogue (DevSshAuthServer      *self,
                                   DevSshAuthServerEvent *event)
{
  if (self->state != STATE_PROMPTED)
    return TRUE;

  self->state = STATE_IDLE;
  self->failures++;
  if (self->failures < devssh_auth_server_get_limit (self))
    return TRUE;

  devssh_auth_server_fail (self, DEVSSH_DISCONNECT_REASON_NO_MORE_AUTH_METHODS_AVAILABLE,
                           "Too many authentication failures", event);
  return FALSE;
}

static gboolean
devssh_auth_server_has_service (DevSshAuthServer *self,
                                const char       *service)
{
  if (self->config->services == NULL)
    return g_str_equal (service, DEVSSH_SERVICE_NAME_CONNECTION);

  return devssh_name_list_contains ((const char * const *) self->config->services, service);
}

static void
devssh_auth_server_trace_request (DevSshAuthServer *self)
{
  g_autofree char *user = NULL;

  if (!devssh_tracer_wants (self->config->tracer, DEVSSH_TRACE_LEVEL_INFO))
    return;

  user = devssh_text_for_people ((const guint8 *) self->user_name, strlen (self->user_name));
  DEVSSH_TRACE (self->config->tracer, INFO, SESSION_AUTHENTICATING, "User \"%s\" asks for %s", user,
                self->method != NULL ? self->method->name : "an unknown method");
}

/* RFC 4252, 5: SSH_MSG_USERAUTH_REQUEST. It is read to its end before anything is decided, and nothing
 * here depends on who the user is (T-38). */
static void
devssh_auth_server_handle_request (DevSshAuthServer      *self,
                                   const guint8          *payload,
                                   gsize                  length,
                                   DevSshAuthServerEvent *event)
{
  g_auto(DevSshUserauthRequestMessage) request = { 0 };
  g_autoptr(GError) error = NULL;
  DevSshAuthentication *question = NULL;

  if (!devssh_userauth_request_message_decode (&request, payload, length, NULL))
    {
      devssh_auth_server_fail (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR,
                               "Malformed authentication request", event);
      return;
    }

  if (!devssh_auth_server_abort_dialogue (self, event))
    return;

  devssh_auth_server_forget_request (self);
  self->user_name = g_strdup (request.user);
  self->service = g_strdup (request.service);
  self->method = devssh_auth_method_find_in ((const char * const *) self->config->methods, request.method);
  if (g_str_equal (request.method, DEVSSH_AUTH_METHOD_NONE))
    {
      /* T-34: one question for what would do is free, whether or not "none" is configured. */
      self->is_free = !self->none_seen;
      self->none_seen = TRUE;
    }
  devssh_auth_server_trace_request (self);

  /* RFC 4252, 5: "if the service does not exist, authentication MUST NOT be accepted". */
  if (!devssh_auth_server_has_service (self, request.service))
    {
      devssh_auth_server_fail (self, DEVSSH_DISCONNECT_REASON_SERVICE_NOT_AVAILABLE,
                               "Service not available", event);
      return;
    }

  if (self->method == NULL)
    {
      devssh_auth_server_refuse (self, event);
      return;
    }

  question = self->method->ask (self->config, &request, payload, &error);
  devssh_auth_server_ask (self, question, error, event);
  if (question != NULL && self->type == DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY_QUERY)
    self->reply = devssh_auth_server_encode_pk_ok (&request);
}

/* RFC 4256, 3.4: SSH_MSG_USERAUTH_INFO_RESPONSE */
static void
devssh_auth_server_handle_response (DevSshAuthServer      *self,
                                    const guint8          *payload,
                                    gsize                  length,
                                    DevSshAuthServerEvent *event)
{
  g_auto(DevSshInfoResponseMessage) response = { 0 };
  g_autoptr(GError) error = NULL;
  DevSshAuthentication *question = NULL;

  /* protocol.md 4.6: nobody asked. */
  if (self->state != STATE_PROMPTED)
    {
      event->type = DEVSSH_AUTH_SERVER_UNIMPLEMENTED;
      return;
    }

  if (!devssh_info_response_message_decode (&response, payload, length, NULL))
    {
      devssh_auth_server_fail (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR,
                               "Malformed authentication response", event);
      return;
    }

  /* RFC 4256, 3.4: if the numbers differ, "the server MUST send a failure message". */
  if (response.n_responses == self->n_prompts)
    question = self->method->ask_on (self->user_name, &response, &error);
  else
    g_set_error_literal (&error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED, "The number of responses is wrong");
  devssh_auth_server_ask (self, question, error, event);
}

void
devssh_auth_server_handle (DevSshAuthServer      *self,
                           guint8                *payload,
                           gsize                  length,
                           DevSshAuthServerEvent *event)
{
  const guint8 number = length > 0 ? payload[0] : 0;

  *event = (DevSshAuthServerEvent) { DEVSSH_AUTH_SERVER_NONE };
  /* design D14: while a question is open, the transport holds what comes next. */
  g_return_if_fail (self->state != STATE_ASKING && self->state != STATE_ANSWERED);

  if (self->state == STATE_FAILED)
    {
      devssh_wipe (payload, length);
      return;
    }

  switch (number)
    {
    case DEVSSH_MESSAGE_USERAUTH_REQUEST:
      /* RFC 4252, 5.1: once a success has been sent, further requests "SHOULD be silently ignored". */
      if (self->state != STATE_GRANTED && self->state != STATE_DONE)
        devssh_auth_server_handle_request (self, payload, length, event);
      break;
    case DEVSSH_MESSAGE_USERAUTH_INFO_RESPONSE:
      devssh_auth_server_handle_response (self, payload, length, event);
      break;
    case DEVSSH_MESSAGE_USERAUTH_FAILURE:
    case DEVSSH_MESSAGE_USERAUTH_SUCCESS:
    case DEVSSH_MESSAGE_USERAUTH_BANNER:
    case DEVSSH_MESSAGE_USERAUTH_PK_OK:
      /* T-31: a server's messages. */
      devssh_auth_server_fail (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR,
                               "Authentication message of the wrong role", event);
      break;
    default:
      event->type = DEVSSH_AUTH_SERVER_UNIMPLEMENTED;
      break;
    }

  /* T-82: there may have been a password in it. */
  devssh_wipe (payload, length);
}

gboolean
devssh_auth_server_resume (DevSshAuthServer      *self,
                           DevSshAuthServerEvent *event)
{
  *event = (DevSshAuthServerEvent) { DEVSSH_AUTH_SERVER_NONE };
  if (self->state != STATE_ANSWERED)
    return FALSE;

  if (self->answer == DEVSSH_AUTH_ANSWER_ACCEPT &&
      self->type == DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY_QUERY)
    devssh_auth_server_send_reply (self, STATE_IDLE);
  else if (self->answer == DEVSSH_AUTH_ANSWER_ACCEPT)
    devssh_auth_server_grant (self, event);
  else if (self->answer == DEVSSH_AUTH_ANSWER_PROMPT)
    devssh_auth_server_send_reply (self, STATE_PROMPTED);
  else
    devssh_auth_server_refuse (self, event);

  return TRUE;
}

gboolean
devssh_auth_server_is_waiting (DevSshAuthServer *self)
{
  return self->state == STATE_ASKING || self->state == STATE_ANSWERED;
}

/* RFC 4252, 5.1: SSH_MSG_USERAUTH_SUCCESS, sent once. */
void
devssh_auth_server_send_success (DevSshAuthServer *self)
{
  const DevSshUserauthSuccessMessage message = { 0 };
  DEVSSH_WRITER_AUTO (writer);

  g_return_if_fail (self->state == STATE_GRANTED);

  DEVSSH_TRACE (self->config->tracer, INFO, SESSION_AUTHENTICATED, "The client is authenticated");
  devssh_userauth_success_message_encode (&message, &writer);
  devssh_outbox_send (self->outbox, writer.data, writer.length);
  devssh_auth_server_forget_request (self);
  self->state = STATE_DONE;
}

guint
devssh_auth_server_get_failures (DevSshAuthServer *self)
{
  return self->failures;
}
