/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client's half of RFC 4252: a queue of attempts, one request outstanding at a time. */
#include <libdevssh/auth/devssh-auth-method-private.h>

#include <libdevssh/base/devssh-error.h>

#define MAX_BANNERS 16   /* in one run; what is beyond is read and dropped */

typedef enum
{
  STATE_IDLE,       /* no run */
  STATE_NEEDING,    /* a NEED_* event went out; need says which */
  STATE_SENT,       /* 50 or 61 went out: 51, 52 or 60 is due */
  STATE_ASKING,     /* a question is open */
  STATE_ANSWERED,   /* it has been answered; resume() is due */
  STATE_DONE,       /* authenticated */
  STATE_FAILED      /* FATAL was returned */
} DevSshAuthClientState;

struct _DevSshAuthClient
{
  DevSshAuthClientConfig      *config;
  DevSshOutbox                *outbox;
  void                       (*wake) (gpointer host);
  gpointer                     host;
  char                       **peer_algorithms;    /* server-sig-algs; NULL: not known */
  gboolean                     ext_info_expected;

  DevSshAuthClientState        state;
  guint                        orphans;            /* replies due to requests of runs that were cancelled */
  gboolean                     orphan_success;     /* one of them was a yes */
  char                       **methods;            /* the server's last list; NULL: none yet */

  /* Of the run. */
  DevSshAuthClientCredentials *credentials;
  GQueue                       attempts;           /* (element-type DevSshAuthAttempt): to come */
  DevSshAuthAttempt           *attempt;            /* the one in hand */
  DevSshAuthNeed               need;
  gboolean                     has_sent;
  gboolean                     last_resort;        /* those of the last resort have been queued */
  guint                        n_banners;
  char                        *banner;
  DevSshQuestion              *question;           /* the open one; no reference: it tells when it dies */
  DevSshSecret                *response;           /* 61, for resume(); NULL: the question was refused */
};

static void devssh_auth_client_next (DevSshAuthClient      *self,
                                     DevSshAuthClientEvent *event);

void
devssh_auth_client_credentials_free (DevSshAuthClientCredentials *credentials)
{
  if (credentials == NULL)
    return;

  g_free (credentials->user_name);
  devssh_secret_strfree (credentials->password);
  g_clear_pointer (&credentials->keys, g_ptr_array_unref);
  g_free (credentials->client_host);
  g_free (credentials->client_user);
  g_clear_object (&credentials->host_based_key);
  g_free (credentials);
}

void
devssh_auth_client_config_free (DevSshAuthClientConfig *config)
{
  if (config == NULL)
    return;

  g_strfreev (config->methods);
  g_strfreev (config->key_algorithms);
  devssh_secret_free (config->session_id);
  g_clear_pointer (&config->tracer, devssh_tracer_unref);
  g_free (config);
}

static void
devssh_auth_attempt_free (DevSshAuthAttempt *attempt)
{
  g_clear_object (&attempt->key);
  g_free (attempt);
}

DevSshAuthClient *
devssh_auth_client_new (DevSshAuthClientConfig *config,
                        DevSshOutbox           *outbox,
                        void                  (*wake) (gpointer host),
                        gpointer                host)
{
  DevSshAuthClient *self = g_new0 (DevSshAuthClient, 1);

  self->config = config;
  self->outbox = outbox;
  self->wake = wake;
  self->host = host;
  g_queue_init (&self->attempts);
  return self;
}

/* Whatever the end of a run was, its secrets go with it (T-82). */
static void
devssh_auth_client_end_run (DevSshAuthClient      *self,
                            DevSshAuthClientState  state)
{
  if (self->question != NULL)
    {
      devssh_authentication_wipe (DEVSSH_AUTHENTICATION (self->question));
      devssh_question_kill (g_steal_pointer (&self->question));
    }

  g_clear_pointer (&self->response, devssh_secret_free);
  g_clear_pointer (&self->attempt, devssh_auth_attempt_free);
  g_queue_clear_full (&self->attempts, (GDestroyNotify) devssh_auth_attempt_free);
  g_clear_pointer (&self->credentials, devssh_auth_client_credentials_free);
  self->has_sent = FALSE;
  self->last_resort = FALSE;
  self->n_banners = 0;
  self->state = state;
}

void
devssh_auth_client_free (DevSshAuthClient *self)
{
  if (self == NULL)
    return;

  devssh_auth_client_end_run (self, STATE_FAILED);
  g_strfreev (self->peer_algorithms);
  g_strfreev (self->methods);
  g_free (self->banner);
  devssh_auth_client_config_free (self->config);
  g_free (self);
}

static void
devssh_auth_client_fail (DevSshAuthClient      *self,
                         guint32                reason,
                         const char            *text,
                         DevSshAuthClientEvent *event)
{
  devssh_auth_client_end_run (self, STATE_FAILED);
  event->type = DEVSSH_AUTH_CLIENT_FATAL;
  event->reason = reason;
  event->text = text;
}

static void
devssh_auth_client_fail_protocol (DevSshAuthClient      *self,
                                  const char            *text,
                                  DevSshAuthClientEvent *event)
{
  devssh_auth_client_fail (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, text, event);
}

/* Nothing that is queued can continue: the session stays, and another run may follow. */
static void
devssh_auth_client_exhausted (DevSshAuthClient      *self,
                              DevSshAuthClientEvent *event)
{
  DEVSSH_TRACE (self->config->tracer, WARNING, CLIENT_AUTHENTICATION_FAILED,
                "The server accepted none of the credentials");
  devssh_auth_client_end_run (self, STATE_IDLE);
  event->type = DEVSSH_AUTH_CLIENT_FAILURE;
  event->methods = (const char * const *) self->methods;
}

static void
devssh_auth_client_cancelled (DevSshAuthClient      *self,
                              DevSshAuthClientEvent *event)
{
  devssh_auth_client_end_run (self, STATE_IDLE);
  event->type = DEVSSH_AUTH_CLIENT_CANCELLED;
  event->reason = DEVSSH_DISCONNECT_REASON_AUTH_CANCELLED_BY_USER;
  event->text = "Authentication was cancelled";
}

/* The only place where we become authenticated (T-31): a 52 that answers a request of this run (T-32). */
static void
devssh_auth_client_authenticated (DevSshAuthClient      *self,
                                  DevSshAuthClientEvent *event)
{
  g_assert (self->state == STATE_SENT && self->orphans == 0 && !self->credentials->query);

  DEVSSH_TRACE (self->config->tracer, INFO, SESSION_AUTHENTICATED, "Authenticated by %s",
                self->attempt->method->name);
  devssh_auth_client_end_run (self, STATE_DONE);
  event->type = DEVSSH_AUTH_CLIENT_SUCCESS;
}

/* ---- what the peer's EXT_INFO said ---- */

void
devssh_auth_client_set_server_sig_algs (DevSshAuthClient *self,
                                        const char       *value,
                                        gsize             length)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  g_clear_pointer (&self->peer_algorithms, g_strfreev);
  self->ext_info_expected = FALSE;
  for (gsize start = 0; start < length && names->len < DEVSSH_NAME_LIST_MAX_NAMES;)
    {
      const char *comma = memchr (value + start, ',', length - start);
      const gsize end = comma != NULL ? (gsize) (comma - value) : length;

      /* T-14. What is no name matches none of ours either, so it need not end the session. */
      if (devssh_name_is_valid (value + start, end - start))
        g_ptr_array_add (names, g_strndup (value + start, end - start));
      start = end + 1;
    }

  /* protocol.md 2.6: some peers send an empty value, which says nothing. */
  if (names->len == 0)
    return;

  g_ptr_array_add (names, NULL);
  g_ptr_array_set_free_func (names, NULL);
  self->peer_algorithms = (char **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

void
devssh_auth_client_expect_ext_info (DevSshAuthClient *self)
{
  self->ext_info_expected = self->peer_algorithms == NULL;
}

/* ---- the queue ---- */

static void
devssh_auth_client_queue (DevSshAuthClient       *self,
                          const DevSshAuthMethod *method)
{
  const guint count = method->count (self->credentials);

  if (!devssh_name_list_contains ((const char * const *) self->config->methods, method->name))
    return;

  for (guint i = 0; i < count; i++)
    {
      DevSshAuthAttempt *attempt = g_new0 (DevSshAuthAttempt, 1);

      attempt->method = method;
      attempt->config = self->config;
      attempt->credentials = self->credentials;
      if (method == &devssh_auth_public_key)
        attempt->key = g_object_ref (g_ptr_array_index (self->credentials->keys, i));
      g_queue_push_tail (&self->attempts, attempt);
    }
}

static void
devssh_auth_client_queue_all (DevSshAuthClient *self,
                              gboolean          last_resort)
{
  for (guint i = 0; devssh_auth_methods[i] != NULL; i++)
    {
      if (devssh_auth_methods[i]->is_last_resort == last_resort)
        devssh_auth_client_queue (self, devssh_auth_methods[i]);
    }
}

/* protocol.md 4.2, 3: what needs no credentials only where there are none to send; a dialogue also when
 * they have failed and the server says that it would have one. */
static void
devssh_auth_client_queue_last_resort (DevSshAuthClient *self)
{
  if (self->last_resort || self->credentials->query)
    return;

  self->last_resort = TRUE;
  if (!self->has_sent)
    devssh_auth_client_queue_all (self, TRUE);
  else if (devssh_name_list_contains ((const char * const *) self->methods,
                                      DEVSSH_AUTH_METHOD_KEYBOARD_INTERACTIVE))
    devssh_auth_client_queue (self, &devssh_auth_keyboard_interactive);
}

/* RFC 4252, 5.1: the first of a method that can continue. The others would only use up the server's patience
 * now, but after a partial success one of them may be what is still asked for. */
static DevSshAuthAttempt *
devssh_auth_client_take_attempt (DevSshAuthClient *self)
{
  for (GList *link = self->attempts.head; link != NULL; link = link->next)
    {
      DevSshAuthAttempt *attempt = link->data;

      if (self->methods == NULL ||
          devssh_name_list_contains ((const char * const *) self->methods, attempt->method->name))
        {
          g_queue_delete_link (&self->attempts, link);
          return attempt;
        }
    }

  return NULL;
}

/* FALSE: it could not be made; the next one then. */
static gboolean
devssh_auth_client_send (DevSshAuthClient *self)
{
  g_auto(DevSshUserauthRequestMessage) request = { 0 };
  g_autoptr(GError) error = NULL;
  DEVSSH_WRITER_AUTO (writer);

  self->attempt->peer_algorithms = (const char * const *) self->peer_algorithms;
  request.user = g_strdup (self->credentials->user_name);
  request.service = g_strdup (DEVSSH_SERVICE_NAME_CONNECTION);
  request.method = g_strdup (self->attempt->method->name);
  if (!self->attempt->method->write (self->attempt, &request, &writer, &error))
    {
      DEVSSH_TRACE (self->config->tracer, WARNING, AUTHENTICATION_ERROR, "Skipped %s: %s",
                    self->attempt->method->name, error->message);
      return FALSE;
    }

  DEVSSH_TRACE (self->config->tracer, INFO, SESSION_AUTHENTICATING, "Trying %s", self->attempt->method->name);
  devssh_outbox_send (self->outbox, writer.data, writer.length);
  self->has_sent = TRUE;
  self->state = STATE_SENT;
  return TRUE;
}

/* Sends the attempt in hand or says what it needs. FALSE: it is good for nothing. */
static gboolean
devssh_auth_client_try (DevSshAuthClient      *self,
                        DevSshAuthClientEvent *event)
{
  self->attempt->peer_algorithms = (const char * const *) self->peer_algorithms;
  self->attempt->ext_info_expected = self->ext_info_expected;
  self->need = self->attempt->method->prepare (self->attempt);
  switch (self->need)
    {
    case DEVSSH_AUTH_NEED_NOTHING:
      return devssh_auth_client_send (self);
    case DEVSSH_AUTH_NEED_PASSWORD:
      event->type = DEVSSH_AUTH_CLIENT_NEED_PASSWORD;
      break;
    case DEVSSH_AUTH_NEED_PRIVATE_KEY:
      event->type = DEVSSH_AUTH_CLIENT_NEED_PRIVATE_KEY;
      event->key = self->attempt->key;
      break;
    case DEVSSH_AUTH_NEED_EXT_INFO:
      event->type = DEVSSH_AUTH_CLIENT_NEED_EXT_INFO;
      break;
    case DEVSSH_AUTH_NEED_LUCK:
    default:
      return FALSE;
    }

  self->state = STATE_NEEDING;
  return TRUE;
}

static void
devssh_auth_client_next (DevSshAuthClient      *self,
                         DevSshAuthClientEvent *event)
{
  gboolean under_way = FALSE;

  do
    {
      g_clear_pointer (&self->attempt, devssh_auth_attempt_free);
      self->attempt = devssh_auth_client_take_attempt (self);
      if (self->attempt == NULL)
        {
          devssh_auth_client_queue_last_resort (self);
          self->attempt = devssh_auth_client_take_attempt (self);
        }
      under_way = self->attempt != NULL && devssh_auth_client_try (self, event);
    }
  while (!under_way && self->attempt != NULL);

  if (!under_way)
    devssh_auth_client_exhausted (self, event);
}

/* ---- steering ---- */

static gboolean
devssh_auth_client_may_start (DevSshAuthClient  *self,
                              GError           **error)
{
  if (self->state == STATE_DONE)
    g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE, "Authenticated already");
  else if (self->state == STATE_FAILED || self->orphan_success)
    /* RFC 4252, 5.1: after its success, the server would ignore all that we ask. */
    g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE,
                         "No authentication is possible any more in this session");
  else if (self->state != STATE_IDLE)
    g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE, "Authentication is under way");
  else
    return TRUE;

  return FALSE;
}

gboolean
devssh_auth_client_start (DevSshAuthClient             *self,
                          DevSshAuthClientCredentials  *credentials,
                          DevSshAuthClientEvent        *event,
                          GError                      **error)
{
  *event = (DevSshAuthClientEvent) { DEVSSH_AUTH_CLIENT_NONE };
  if (!devssh_auth_client_may_start (self, error))
    {
      devssh_auth_client_credentials_free (credentials);
      return FALSE;
    }

  self->credentials = credentials;
  g_clear_pointer (&self->methods, g_strfreev);
  if (credentials->query)
    {
      if (credentials->keys != NULL && credentials->keys->len > 1)
        g_ptr_array_set_size (credentials->keys, 1);
      devssh_auth_client_queue (self, &devssh_auth_public_key);
    }
  else
    {
      devssh_auth_client_queue_all (self, FALSE);
      if (g_queue_is_empty (&self->attempts))
        devssh_auth_client_queue_last_resort (self);
    }

  if (g_queue_is_empty (&self->attempts))
    {
      devssh_auth_client_end_run (self, STATE_IDLE);
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG,
                           "No configured authentication method can use these credentials");
      return FALSE;
    }

  devssh_auth_client_next (self, event);
  return TRUE;
}

gboolean
devssh_auth_client_is_running (DevSshAuthClient *self)
{
  return self->credentials != NULL;
}

void
devssh_auth_client_cancel (DevSshAuthClient *self)
{
  if (!devssh_auth_client_is_running (self))
    return;

  /* Every request gets one reply, in order; this one's is nobody's now. */
  if (self->state == STATE_SENT)
    self->orphans++;
  devssh_auth_client_end_run (self, STATE_IDLE);
}

static gboolean
devssh_auth_client_is_needing (DevSshAuthClient      *self,
                               DevSshAuthNeed         need,
                               DevSshAuthClientEvent *event)
{
  *event = (DevSshAuthClientEvent) { DEVSSH_AUTH_CLIENT_NONE };
  return self->state == STATE_NEEDING && self->need == need;
}

void
devssh_auth_client_provide_ext_info (DevSshAuthClient      *self,
                                     DevSshAuthClientEvent *event)
{
  self->ext_info_expected = FALSE;
  if (devssh_auth_client_is_needing (self, DEVSSH_AUTH_NEED_EXT_INFO, event) &&
      !devssh_auth_client_try (self, event))
    devssh_auth_client_next (self, event);
}

void
devssh_auth_client_provide_password (DevSshAuthClient      *self,
                                     const char            *user_name,
                                     const char            *password,
                                     DevSshAuthClientEvent *event)
{
  if (!devssh_auth_client_is_needing (self, DEVSSH_AUTH_NEED_PASSWORD, event))
    return;

  if (password == NULL)
    {
      devssh_auth_client_cancelled (self, event);
      return;
    }

  if (user_name != NULL)
    {
      g_free (self->credentials->user_name);
      self->credentials->user_name = g_strdup (user_name);
    }
  self->credentials->password = devssh_secret_strdup (password);
  if (!devssh_auth_client_try (self, event))
    devssh_auth_client_next (self, event);
}

void
devssh_auth_client_provide_private_key (DevSshAuthClient      *self,
                                        DevSshKeyPair         *key,
                                        DevSshAuthClientEvent *event)
{
  if (!devssh_auth_client_is_needing (self, DEVSSH_AUTH_NEED_PRIVATE_KEY, event))
    return;

  /* Another key would make us somebody else. */
  if (key == NULL || !devssh_key_pair_get_has_private (key) ||
      !devssh_key_pair_equal (key, self->attempt->key))
    {
      devssh_auth_client_cancelled (self, event);
      return;
    }

  g_set_object (&self->attempt->key, key);
  if (!devssh_auth_client_try (self, event))
    devssh_auth_client_next (self, event);
}

/* ---- messages ---- */

static void
devssh_auth_client_handle_failure (DevSshAuthClient      *self,
                                   const guint8          *payload,
                                   gsize                  length,
                                   DevSshAuthClientEvent *event)
{
  g_auto(DevSshUserauthFailureMessage) message = { 0 };

  if (!devssh_userauth_failure_message_decode (&message, payload, length, NULL))
    {
      devssh_auth_client_fail_protocol (self, "Malformed authentication failure", event);
      return;
    }

  DEVSSH_TRACE (self->config->tracer, INFO, SESSION_AUTHENTICATING, "%s was %s",
                self->attempt->method->name, message.partial_success ? "not enough" : "refused");
  g_strfreev (self->methods);
  self->methods = g_steal_pointer (&message.methods);
  devssh_auth_client_next (self, event);
}

static void
devssh_auth_client_handle_success (DevSshAuthClient      *self,
                                   const guint8          *payload,
                                   gsize                  length,
                                   DevSshAuthClientEvent *event)
{
  g_auto(DevSshUserauthSuccessMessage) message = { 0 };

  if (!devssh_userauth_success_message_decode (&message, payload, length, NULL))
    devssh_auth_client_fail_protocol (self, "Malformed authentication success", event);
  else if (self->credentials->query)
    /* T-35: nothing was proved, so nothing can have been granted. */
    devssh_auth_client_fail_protocol (self, "Authentication success for a query", event);
  else
    devssh_auth_client_authenticated (self, event);
}

/* RFC 4256, 3.4: SSH_MSG_USERAUTH_INFO_RESPONSE */
static DevSshSecret *
devssh_auth_client_encode_response (DevSshAuthentication *question)
{
  const char * const *answers = devssh_authentication_get_answers (question);
  g_auto(DevSshInfoResponseMessage) message = { 0 };
  DEVSSH_WRITER_AUTO (writer);

  message.n_responses = g_strv_length ((char **) answers);
  message.responses = g_new0 (DevSshSlice, message.n_responses);
  for (guint i = 0; i < message.n_responses; i++)
    message.responses[i] = devssh_auth_text_slice (answers[i]);
  devssh_info_response_message_encode (&message, &writer);
  return devssh_secret_new_copy (writer.data, writer.length);
}

/* An answer counts. May run inside an application's call: it marks, resume() acts (design D12). */
static void
devssh_auth_client_answered_cb (DevSshQuestion *question,
                                gpointer        user_data)
{
  DevSshAuthClient *self = user_data;
  DevSshAuthentication *authentication = DEVSSH_AUTHENTICATION (question);

  g_assert (self->question == question);

  self->question = NULL;
  if (devssh_authentication_get_answer (authentication) == DEVSSH_AUTH_ANSWER_RESPOND)
    self->response = devssh_auth_client_encode_response (authentication);
  devssh_authentication_wipe (authentication);
  self->state = STATE_ANSWERED;
  self->wake (self->host);
}

static void
devssh_auth_client_handle_reply (DevSshAuthClient      *self,
                                 const guint8          *payload,
                                 gsize                  length,
                                 DevSshAuthClientEvent *event)
{
  const DevSshAuthMethod *method = self->attempt->method;
  DevSshAuthentication *question = NULL;
  DevSshAuthReply reply = DEVSSH_AUTH_REPLY_BAD;

  if (method->reply != NULL)
    reply = method->reply (self->attempt, payload, length, &question, NULL);

  switch (reply)
    {
    case DEVSSH_AUTH_REPLY_YES:
      devssh_auth_client_end_run (self, STATE_IDLE);
      event->type = DEVSSH_AUTH_CLIENT_PK_OK;
      break;
    case DEVSSH_AUTH_REPLY_QUESTION:
      self->question = DEVSSH_QUESTION (question);
      devssh_question_set_sink (self->question, devssh_auth_client_answered_cb, self);
      self->state = STATE_ASKING;
      event->type = DEVSSH_AUTH_CLIENT_QUESTION;
      event->question = question;
      break;
    case DEVSSH_AUTH_REPLY_NO:
      devssh_auth_client_next (self, event);
      break;
    case DEVSSH_AUTH_REPLY_BAD:
    default:
      devssh_auth_client_fail_protocol (self, "Unexpected authentication reply", event);
      break;
    }
}

/* RFC 4252, 5.4: SSH_MSG_USERAUTH_BANNER, at any time before the success. */
static void
devssh_auth_client_handle_banner (DevSshAuthClient      *self,
                                  const guint8          *payload,
                                  gsize                  length,
                                  DevSshAuthClientEvent *event)
{
  g_auto(DevSshUserauthBannerMessage) message = { 0 };

  if (!devssh_userauth_banner_message_decode (&message, payload, length, NULL))
    {
      devssh_auth_client_fail_protocol (self, "Malformed banner", event);
      return;
    }

  if (!devssh_auth_client_is_running (self) || self->n_banners >= MAX_BANNERS)
    return;

  self->n_banners++;
  g_free (self->banner);
  self->banner = devssh_text_for_people (message.message.data, message.message.length);
  event->type = DEVSSH_AUTH_CLIENT_BANNER;
  event->text = self->banner;
}

/* A reply to a request of a run that was cancelled: nobody's, whatever it is. */
static void
devssh_auth_client_handle_orphan (DevSshAuthClient      *self,
                                  guint8                 number,
                                  DevSshAuthClientEvent *event)
{
  self->orphans--;
  if (number != DEVSSH_MESSAGE_USERAUTH_SUCCESS)
    return;

  /* T-32: the server takes us for whom nobody wants us to be any more, and will hear nothing else. */
  self->orphan_success = TRUE;
  if (devssh_auth_client_is_running (self))
    devssh_auth_client_fail (self, DEVSSH_DISCONNECT_REASON_BY_APPLICATION,
                             "A cancelled authentication succeeded", event);
}

void
devssh_auth_client_handle (DevSshAuthClient      *self,
                           guint8                *payload,
                           gsize                  length,
                           DevSshAuthClientEvent *event)
{
  const guint8 number = length > 0 ? payload[0] : 0;

  *event = (DevSshAuthClientEvent) { DEVSSH_AUTH_CLIENT_NONE };
  if (self->state == STATE_FAILED)
    return;

  switch (number)
    {
    case DEVSSH_MESSAGE_USERAUTH_FAILURE:
    case DEVSSH_MESSAGE_USERAUTH_SUCCESS:
    case DEVSSH_MESSAGE_USERAUTH_PK_OK:
      if (self->orphans > 0)
        devssh_auth_client_handle_orphan (self, number, event);
      else if (self->state != STATE_SENT)
        devssh_auth_client_fail_protocol (self, "Authentication reply without a request", event);
      else if (number == DEVSSH_MESSAGE_USERAUTH_FAILURE)
        devssh_auth_client_handle_failure (self, payload, length, event);
      else if (number == DEVSSH_MESSAGE_USERAUTH_SUCCESS)
        devssh_auth_client_handle_success (self, payload, length, event);
      else
        devssh_auth_client_handle_reply (self, payload, length, event);
      break;
    case DEVSSH_MESSAGE_USERAUTH_BANNER:
      devssh_auth_client_handle_banner (self, payload, length, event);
      break;
    case DEVSSH_MESSAGE_USERAUTH_REQUEST:
    case DEVSSH_MESSAGE_USERAUTH_INFO_RESPONSE:
      /* T-31: a client's messages. */
      devssh_auth_client_fail_protocol (self, "Authentication message of the wrong role", event);
      break;
    default:
      event->type = DEVSSH_AUTH_CLIENT_UNIMPLEMENTED;
      break;
    }
}

gboolean
devssh_auth_client_resume (DevSshAuthClient      *self,
                           DevSshAuthClientEvent *event)
{
  *event = (DevSshAuthClientEvent) { DEVSSH_AUTH_CLIENT_NONE };
  if (self->state != STATE_ANSWERED)
    return FALSE;

  /* protocol.md 4.6: who does not answer ends the attempt here, and nothing is sent. */
  if (self->response == NULL)
    {
      devssh_auth_client_next (self, event);
      return TRUE;
    }

  devssh_outbox_send (self->outbox, self->response->data, self->response->length);
  g_clear_pointer (&self->response, devssh_secret_free);
  self->state = STATE_SENT;
  return TRUE;
}
