/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small pump over the three engines, and the peer's half of a key exchange. */
#include "fuzz-end.h"

#include <libdevssh/transport/devssh-transport-state-private.h>

static DevSshKeyPair *
host_key (void)
{
  static DevSshKeyPair *key;

  if (key == NULL)
    key = devssh_key_pair_generate ("ssh-ed25519", 0, NULL);

  return key;
}

static DevSshTransportConfig *
config_new (gboolean is_server)
{
  static DevSshBufferPool *pool;
  DevSshTransportConfig *config;

  if (pool == NULL)
    pool = devssh_buffer_pool_new ();

  config = devssh_transport_config_new (is_server, pool);
  devssh_transport_config_use_defaults (config);
  config->rekey_packets = 1000;
  config->stop_packets = 2000;
  if (is_server)
    {
      config->host_keys = g_ptr_array_new_with_free_func (g_object_unref);
      g_ptr_array_add (config->host_keys, g_object_ref (host_key ()));
    }

  return config;
}

FuzzEnd *
fuzz_end_new (gboolean is_server)
{
  FuzzEnd *self = g_new0 (FuzzEnd, 1);

  self->is_server = is_server;
  self->now = G_USEC_PER_SEC;
  self->peer_config = config_new (!is_server);
  self->transport = devssh_transport_new (config_new (is_server));
  self->app = fuzz_app_new (!is_server, self->transport, 0);
  devssh_transport_start (self->transport, self->now);

  return self;
}

void
fuzz_end_free (FuzzEnd *self)
{
  fuzz_app_free (self->app);
  devssh_auth_server_free (self->auth_server);
  devssh_auth_client_free (self->auth_client);
  devssh_transport_free (self->transport);
  devssh_transport_config_free (self->peer_config);
  devssh_packet_writer_clear (&self->peer);
  g_clear_object (&self->question);
  g_free (self);
}

/* ---- who is there ---- */

static void
wake_cb (gpointer host)
{
  ((FuzzEnd *) host)->woken = TRUE;
}

static void
begin_auth_server (FuzzEnd *self)
{
  static const char * const methods[] = { "none", "password", "publickey", "keyboard-interactive", "hostbased", NULL };
  DevSshAuthServerConfig *config = g_new0 (DevSshAuthServerConfig, 1);

  config->methods = g_strdupv ((char **) methods);
  config->key_algorithms = g_strdupv (self->peer_config->key_algorithms);
  config->session_id = devssh_secret_dup (devssh_transport_get_session_id (self->transport));
  self->auth_server = devssh_auth_server_new (config, &self->app->outbox, wake_cb, self);
}

static void
begin_auth_client (FuzzEnd *self)
{
  static const char * const methods[] = { "password", "publickey", "keyboard-interactive", NULL };
  DevSshAuthClientConfig *config = g_new0 (DevSshAuthClientConfig, 1);

  config->methods = g_strdupv ((char **) methods);
  config->key_algorithms = g_strdupv (self->peer_config->key_algorithms);
  config->session_id = devssh_secret_dup (devssh_transport_get_session_id (self->transport));
  self->auth_client = devssh_auth_client_new (config, &self->app->outbox, wake_cb, self);
}

static DevSshAuthClientCredentials *
credentials_new (void)
{
  DevSshAuthClientCredentials *credentials = g_new0 (DevSshAuthClientCredentials, 1);

  credentials->user_name = g_strdup (FUZZ_USER);
  credentials->password = devssh_secret_strdup (FUZZ_PASSWORD);
  credentials->has_interactive_handler = TRUE;
  credentials->keys = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (credentials->keys, g_object_ref (host_key ()));

  return credentials;
}

static gboolean
may_log_in (DevSshAuthentication *question)
{
  const char * const *responses;

  switch (devssh_authentication_get_authentication_type (question))
    {
    case DEVSSH_AUTHENTICATION_TYPE_CLIENT_PASSWORD:
      return g_strcmp0 (devssh_authentication_get_password (question), FUZZ_PASSWORD) == 0;

    case DEVSSH_AUTHENTICATION_TYPE_CLIENT_INTERACTIVE:
      responses = devssh_authentication_get_responses (question);
      return responses != NULL && g_strcmp0 (responses[0], FUZZ_PASSWORD) == 0;

    case DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY_QUERY:
      /* Any key would be welcome; but a question is no login (T-35). */
      return TRUE;

    case DEVSSH_AUTHENTICATION_TYPE_CLIENT_NONE:
    case DEVSSH_AUTHENTICATION_TYPE_CLIENT_HOST_BASED:
    case DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY:
    case DEVSSH_AUTHENTICATION_TYPE_SERVER_PUBLIC_KEY:
    default:
      return FALSE;
    }
}

static void
say_yes (FuzzEnd              *self,
         DevSshAuthentication *question)
{
  if (devssh_authentication_get_authentication_type (question) != DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY_QUERY)
    self->app->logins_allowed++;
  devssh_authentication_accept (question, NULL);
}

static void
respond (DevSshAuthentication *question)
{
  guint n = devssh_authentication_get_n_prompts (question);
  g_autofree const char **responses = g_new0 (const char *, n + 1);

  for (guint i = 0; i < n; i++)
    responses[i] = FUZZ_PASSWORD;
  devssh_authentication_respond (question, responses);
}

/* By the first letter of the user's name: k keeps the question, p asks more, everybody else needs the password. */
static gboolean
answer_question (FuzzEnd              *self,
                 DevSshAuthentication *question)
{
  static const char * const prompts[] = { "Password: ", NULL };
  const char *user = devssh_authentication_get_user_name (question);
  gboolean interactive =
    devssh_authentication_get_authentication_type (question) == DEVSSH_AUTHENTICATION_TYPE_CLIENT_INTERACTIVE;

  if (!self->is_server)
    {
      const char *name = devssh_authentication_get_name (question);

      if (name == NULL || name[0] != 'k')
        {
          respond (question);
          return TRUE;
        }
    }
  else if (user == NULL || user[0] != 'k')
    {
      if (interactive && (devssh_authentication_get_responses (question) == NULL || (user != NULL && user[0] == 'p')))
        devssh_authentication_prompt (question, "name", "instruction", prompts, NULL, 0);
      else if (!self->app->refuse && may_log_in (question))
        say_yes (self, question);
      else
        devssh_authentication_reject (question);
      return TRUE;
    }

  g_set_object (&self->question, question);

  return TRUE;
}

static void
ask (FuzzEnd              *self,
     DevSshAuthentication *question)
{
  devssh_question_begin (DEVSSH_QUESTION (question));
  devssh_question_end (DEVSSH_QUESTION (question), answer_question (self, question));
  g_object_unref (question);
}

void
fuzz_end_answer (FuzzEnd  *self,
                 gboolean  yes)
{
  g_autoptr(DevSshAuthentication) question = g_steal_pointer (&self->question);

  if (question == NULL)
    return;

  if (!yes)
    devssh_authentication_reject (question);
  else if (!self->is_server)
    respond (question);
  else if (!self->app->refuse && may_log_in (question))
    say_yes (self, question);
  /* else: dropped, which is a refusal, too (T-36) */
}

static void
show_server_event (FuzzEnd               *self,
                   DevSshAuthServerEvent *event,
                   guint32                sequence)
{
  switch (event->type)
    {
    case DEVSSH_AUTH_SERVER_QUESTION:
      ask (self, event->question);
      break;
    case DEVSSH_AUTH_SERVER_SUCCESS:
      g_assert_cmpuint (self->app->logins_allowed, >, 0);
      g_assert_nonnull (event->principal);
      devssh_connection_set_principal (self->app->connection, event->principal);
      devssh_transport_set_phase (self->transport, DEVSSH_PHASE_OPEN);
      devssh_auth_server_send_success (self->auth_server);
      break;
    case DEVSSH_AUTH_SERVER_FATAL:
      devssh_transport_fail (self->transport, event->reason, event->text);
      break;
    case DEVSSH_AUTH_SERVER_UNIMPLEMENTED:
      devssh_transport_send_unimplemented (self->transport, sequence);
      break;
    case DEVSSH_AUTH_SERVER_NONE:
    default:
      break;
    }

  devssh_transport_hold (self->transport, devssh_auth_server_is_waiting (self->auth_server));
}

static void
show_client_event (FuzzEnd               *self,
                   DevSshAuthClientEvent *event,
                   guint32                sequence)
{
  switch (event->type)
    {
    case DEVSSH_AUTH_CLIENT_QUESTION:
      ask (self, event->question);
      break;
    case DEVSSH_AUTH_CLIENT_SUCCESS:
      devssh_transport_set_phase (self->transport, DEVSSH_PHASE_OPEN);
      break;
    case DEVSSH_AUTH_CLIENT_CANCELLED:
      devssh_transport_disconnect (self->transport, DEVSSH_DISCONNECT_REASON_AUTH_CANCELLED_BY_USER, "cancelled");
      break;
    case DEVSSH_AUTH_CLIENT_FATAL:
      devssh_transport_fail (self->transport, event->reason, event->text);
      break;
    case DEVSSH_AUTH_CLIENT_UNIMPLEMENTED:
      devssh_transport_send_unimplemented (self->transport, sequence);
      break;
    case DEVSSH_AUTH_CLIENT_FAILURE:
    case DEVSSH_AUTH_CLIENT_BANNER:
    case DEVSSH_AUTH_CLIENT_NONE:
      break;
    case DEVSSH_AUTH_CLIENT_NEED_PASSWORD:
    case DEVSSH_AUTH_CLIENT_NEED_PRIVATE_KEY:
    case DEVSSH_AUTH_CLIENT_NEED_EXT_INFO:
    case DEVSSH_AUTH_CLIENT_PK_OK:
    default:
      /* Nothing of the kind was asked for. */
      g_assert_not_reached ();
    }
}

/* ---- the pump ---- */

static void
log_in (FuzzEnd *self)
{
  DevSshAuthClientEvent event;

  devssh_transport_send_service_request (self->transport, "ssh-userauth");
  begin_auth_client (self);
  if (devssh_auth_client_start (self->auth_client, credentials_new (), &event, NULL))
    show_client_event (self, &event, 0);
}

static void
take_off_keys (FuzzEnd *self)
{
  devssh_protection_clear (&self->transport->in.protection);
  devssh_protection_clear (&self->transport->out.protection);
}

static void
show_service_request (FuzzEnd    *self,
                      const char *name)
{
  if (!g_str_equal (name, "ssh-userauth") || devssh_transport_get_phase (self->transport) != DEVSSH_PHASE_SERVICE)
    {
      devssh_transport_fail (self->transport, DEVSSH_DISCONNECT_REASON_SERVICE_NOT_AVAILABLE, "No such service");
      return;
    }

  devssh_transport_set_phase (self->transport, DEVSSH_PHASE_AUTH);
  begin_auth_server (self);
  devssh_transport_send_service_accept (self->transport, name);
}

static void
show_message (FuzzEnd              *self,
              DevSshTransportEvent *event)
{
  DevSshAuthServerEvent server_event;
  DevSshAuthClientEvent client_event;

  switch (event->action)
    {
    case DEVSSH_ACTION_AUTH:
      if (self->is_server)
        {
          devssh_auth_server_handle (self->auth_server, event->payload, event->length, &server_event);
          show_server_event (self, &server_event, event->sequence);
        }
      else
        {
          devssh_auth_client_handle (self->auth_client, event->payload, event->length, &client_event);
          show_client_event (self, &client_event, event->sequence);
        }
      break;

    case DEVSSH_ACTION_CONNECTION:
      g_assert_cmpint (devssh_transport_get_phase (self->transport), ==, DEVSSH_PHASE_OPEN);
      G_GNUC_FALLTHROUGH;
    case DEVSSH_ACTION_EARLY:
      fuzz_app_receive (self->app, event->payload, event->length, event->buffer, event->action == DEVSSH_ACTION_EARLY);
      fuzz_app_run (self->app);
      if (self->app->fatal != 0)
        devssh_transport_fail (self->transport, self->app->fatal, "Connection");
      break;

    case DEVSSH_ACTION_UNKNOWN:
      devssh_transport_send_unimplemented (self->transport, event->sequence);
      break;

    case DEVSSH_ACTION_FATAL:
    case DEVSSH_ACTION_TRANSPORT:
    case DEVSSH_ACTION_EARLY_ADJUST:
    case DEVSSH_ACTION_IGNORE:
    default:
      g_assert_not_reached ();
    }
}

static void
show_event (FuzzEnd              *self,
            DevSshTransportEvent *event)
{
  switch (event->type)
    {
    case DEVSSH_TRANSPORT_MESSAGE:
      show_message (self, event);
      break;
    case DEVSSH_TRANSPORT_KEX_DONE:
      take_off_keys (self);
      if (event->flag && !self->is_server)
        log_in (self);
      break;
    case DEVSSH_TRANSPORT_SERVICE_REQUEST:
      show_service_request (self, event->text);
      break;
    case DEVSSH_TRANSPORT_SERVICE_ACCEPT:
      if (devssh_transport_get_phase (self->transport) == DEVSSH_PHASE_SERVICE)
        devssh_transport_set_phase (self->transport, DEVSSH_PHASE_AUTH);
      break;
    case DEVSSH_TRANSPORT_NEED_HOST_KEY:
      devssh_transport_provide_host_key (self->transport, host_key ());
      break;
    case DEVSSH_TRANSPORT_HOST_KEY:
      g_assert_true (devssh_key_pair_equal (event->host_key, host_key ()));
      break;
    case DEVSSH_TRANSPORT_DISCONNECTED:
    case DEVSSH_TRANSPORT_FAILED:
      g_assert_true (event->type == DEVSSH_TRANSPORT_DISCONNECTED || event->reason != 0);
      g_assert_nonnull (event->text);
      self->reason = event->reason;
      break;
    case DEVSSH_TRANSPORT_VERSION:
    case DEVSSH_TRANSPORT_KEX_STARTED:
    case DEVSSH_TRANSPORT_EXT_INFO:
    case DEVSSH_TRANSPORT_DEBUG:
    case DEVSSH_TRANSPORT_UNIMPLEMENTED:
    case DEVSSH_TRANSPORT_NEED_INPUT:
    case DEVSSH_TRANSPORT_HELD:
    case DEVSSH_TRANSPORT_END:
    default:
      break;
    }
}

static void
resume (FuzzEnd *self)
{
  DevSshAuthServerEvent server_event;
  DevSshAuthClientEvent client_event;

  self->woken = FALSE;
  if (self->auth_server != NULL && devssh_auth_server_resume (self->auth_server, &server_event))
    show_server_event (self, &server_event, 0);
  if (self->auth_client != NULL && devssh_auth_client_resume (self->auth_client, &client_event))
    show_client_event (self, &client_event, 0);
}

static void
run (FuzzEnd *self)
{
  DevSshTransportEvent event;
  gsize length = 0;

  do
    {
      while (self->woken)
        resume (self);
      devssh_transport_step (self->transport, self->now, &event);
      show_event (self, &event);
    }
  while (self->woken ||
         (event.type != DEVSSH_TRANSPORT_NEED_INPUT &&
          event.type != DEVSSH_TRANSPORT_HELD &&
          event.type != DEVSSH_TRANSPORT_END));

  self->over = event.type == DEVSSH_TRANSPORT_END;
  if (!self->over)
    fuzz_app_run (self->app);

  /* T-44: what is held back is bounded by what a peer can make us say before reading stops. */
  g_assert_cmpuint (devssh_transport_get_held (self->transport), <=, 2 * 1024 * 1024);
  devssh_transport_get_output (self->transport, &length);
  devssh_transport_sent (self->transport, length);

  /* T-31: the phase and the message go together. */
  if (self->is_server)
    g_assert_true ((devssh_transport_get_phase (self->transport) == DEVSSH_PHASE_OPEN) == (self->app->n_sent[52] > 0));
}

void
fuzz_end_write (FuzzEnd      *self,
                const guint8 *data,
                gsize         length)
{
  while (length > 0 && devssh_transport_wants_input (self->transport))
    {
      gsize size = 0;
      guint8 *space = devssh_transport_get_space (self->transport, &size);

      size = MIN (size, length);
      g_assert_cmpuint (size, >, 0);
      memcpy (space, data, size);
      devssh_transport_received (self->transport, size);
      data += size;
      length -= size;
      run (self);
    }
}

/* ---- the peer ---- */

void
fuzz_end_say (FuzzEnd      *self,
              const guint8 *payload,
              gsize         length)
{
  gsize waiting;

  if (length == 0)
    return;

  devssh_packet_writer_seal (&self->peer, payload, length, NULL, 0, NULL, 0);
  waiting = devssh_packet_writer_get_waiting (&self->peer);
  fuzz_end_write (self, self->peer.data + self->peer.start, waiting);
  devssh_packet_writer_sent (&self->peer, waiting);
}

void
fuzz_end_say_init (FuzzEnd *self)
{
  g_auto(DevSshKexInitMessage) offer = { { 0 } };
  DEVSSH_WRITER_AUTO (writer);

  devssh_negotiation_offer (self->peer_config, self->transport->kex_count == 0, &offer);
  devssh_kexinit_message_encode (&offer, &writer);
  fuzz_end_say (self, writer.data, writer.length);
}

static void
say_dh_reply (FuzzEnd   *self,
              DevSshKex *ephemeral)
{
  const DevSshKeyExchange *kex = self->transport->kex;
  g_autoptr(DevSshVersion) local = devssh_version_get_local ();
  const char *remote = devssh_version_to_string (self->transport->remote_version);
  DevSshSlice our_init = { kex->our_init, kex->our_init_length };
  DevSshSlice peer_init = { kex->peer_init, kex->peer_init_length };
  DevSshKexDhReplyMessage message;
  DevSshSlice client_public;
  g_autoptr(DevSshSecret) shared = NULL;
  g_autoptr(DevSshSecret) hash = NULL;
  DEVSSH_WRITER_AUTO (signature);
  DEVSSH_WRITER_AUTO (writer);

  client_public.data = devssh_kex_get_public (kex->ephemeral, &client_public.length);
  shared = devssh_kex_derive (ephemeral, client_public.data, client_public.length, NULL);
  devssh_key_pair_peek_blob (host_key (), &message.host_key.data, &message.host_key.length);
  message.public_value.data = devssh_kex_get_public (ephemeral, &message.public_value.length);
  hash = devssh_exchange_hash (kex->agreed.kex, devssh_version_to_string (local), remote, our_init, peer_init,
                               message.host_key, client_public, message.public_value, shared);
  if (!devssh_key_pair_sign_raw (host_key (), kex->agreed.names[DEVSSH_KEXINIT_HOST_KEY], hash->data, hash->length,
                                 &signature, NULL))
    return;

  message.signature.data = signature.data;
  message.signature.length = signature.length;
  devssh_kexdh_reply_message_encode (&message, &writer);
  fuzz_end_say (self, writer.data, writer.length);
}

void
fuzz_end_say_dh (FuzzEnd *self)
{
  const DevSshKeyExchange *kex = self->transport->kex;
  g_autoptr(DevSshKex) ephemeral = NULL;
  DevSshKexDhInitMessage message;
  DEVSSH_WRITER_AUTO (writer);

  if (self->over || kex == NULL || self->transport->kex_state != DEVSSH_KEX_DH)
    return;

  ephemeral = devssh_kex_new (kex->agreed.kex);
  if (!self->is_server)
    {
      say_dh_reply (self, ephemeral);
      return;
    }

  message.public_value.data = devssh_kex_get_public (ephemeral, &message.public_value.length);
  devssh_kexdh_init_message_encode (&message, &writer);
  fuzz_end_say (self, writer.data, writer.length);
}

static void
say_login (FuzzEnd *self)
{
  static const guint8 success = DEVSSH_MESSAGE_USERAUTH_SUCCESS;
  DevSshUserauthRequestMessage request = { 0 };
  DEVSSH_WRITER_AUTO (writer);

  if (!self->is_server)
    {
      fuzz_end_say (self, &success, 1);
      return;
    }

  request.user = (char *) FUZZ_USER;
  request.service = (char *) "ssh-connection";
  request.method = (char *) "password";
  request.password.data = (const guint8 *) FUZZ_PASSWORD;
  request.password.length = strlen (FUZZ_PASSWORD);
  devssh_userauth_request_message_encode (&request, &writer);
  fuzz_end_say (self, writer.data, writer.length);
}

void
fuzz_end_advance (FuzzEnd   *self,
                  FuzzStage  stage)
{
  static const char version[] = "SSH-2.0-fuzz_1\r\n";
  static const guint8 newkeys = DEVSSH_MESSAGE_NEWKEYS;
  DEVSSH_WRITER_AUTO (writer);

  if (stage >= FUZZ_STAGE_VERSION)
    fuzz_end_write (self, (const guint8 *) version, strlen (version));
  if (stage >= FUZZ_STAGE_KEYS)
    {
      fuzz_end_say_init (self);
      fuzz_end_say_dh (self);
      fuzz_end_say (self, &newkeys, 1);
      g_assert_cmpint (devssh_transport_get_phase (self->transport), ==, DEVSSH_PHASE_SERVICE);
    }
  if (stage >= FUZZ_STAGE_AUTH)
    {
      devssh_writer_put_byte (&writer, self->is_server ? DEVSSH_MESSAGE_SERVICE_REQUEST : DEVSSH_MESSAGE_SERVICE_ACCEPT);
      devssh_writer_put_utf8 (&writer, "ssh-userauth");
      fuzz_end_say (self, writer.data, writer.length);
      g_assert_cmpint (devssh_transport_get_phase (self->transport), ==, DEVSSH_PHASE_AUTH);
    }
  if (stage >= FUZZ_STAGE_OPEN)
    {
      say_login (self);
      g_assert_cmpint (devssh_transport_get_phase (self->transport), ==, DEVSSH_PHASE_OPEN);
    }
}

/* ---- by the input ---- */

static void
act (FuzzEnd   *self,
     FuzzInput *input)
{
  switch (fuzz_byte (input) % 8)
    {
    case 0:
      self->now += (gint64) fuzz_byte (input) * G_USEC_PER_SEC;
      break;
    case 1:
      devssh_transport_rekey (self->transport, self->now);
      break;
    case 2:
      fuzz_end_answer (self, fuzz_byte (input) & 1);
      break;
    case 3:
      devssh_transport_trim (self->transport);
      break;
    default:
      /* A session whose login is not done opens nothing. */
      if (devssh_transport_get_phase (self->transport) == DEVSSH_PHASE_OPEN)
        fuzz_app_act (self->app, input);
      break;
    }

  run (self);
}

void
fuzz_end_play (FuzzEnd   *self,
               FuzzInput *input)
{
  while (input->length > 0 && !self->over)
    {
      DevSshSlice slice;

      switch (fuzz_byte (input) % 8)
        {
        case 4:
          fuzz_end_say_init (self);
          break;
        case 5:
          fuzz_end_say_dh (self);
          break;
        case 6:
          slice = fuzz_slice (input);
          fuzz_end_write (self, slice.data, slice.length);
          break;
        case 7:
          act (self, input);
          break;
        default:
          slice = fuzz_slice (input);
          fuzz_end_say (self, slice.data, slice.length);
          break;
        }
      if (!devssh_transport_wants_input (self->transport))
        break;
    }
}
