/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "auth-util.h"

const char * const test_all_methods[] = {
  "none", "password", "publickey", "keyboard-interactive", "hostbased", NULL
};

const char * const test_all_algorithms[] = {
  "ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521", NULL
};

/* ---- keys ---- */

DevSshSecret *
test_session_id (void)
{
  return devssh_secret_new_copy ((const guint8 *) "0123456789abcdef0123456789abcdef", 32);
}

static DevSshKeyPair *
test_key_number (const char *algorithm,
                 const char *number)
{
  static GHashTable *keys = NULL;
  g_autofree char *name = g_strconcat (algorithm, number, NULL);
  DevSshKeyPair *key = NULL;

  if (keys == NULL)
    keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);

  key = g_hash_table_lookup (keys, name);
  if (key == NULL)
    {
      g_autoptr(GError) error = NULL;

      key = devssh_key_pair_generate (algorithm, g_str_equal (algorithm, "ssh-rsa") ? 2048 : 0, &error);
      g_assert_no_error (error);
      g_hash_table_insert (keys, g_steal_pointer (&name), key);
    }

  return key;
}

DevSshKeyPair *
test_key (const char *algorithm)
{
  return test_key_number (algorithm, "#1");
}

DevSshKeyPair *
test_other_key (const char *algorithm)
{
  return test_key_number (algorithm, "#2");
}

/* ---- outboxes ---- */

static void
test_outbox_send (DevSshOutbox *outbox,
                  const guint8 *payload,
                  gsize         length)
{
  TestOutbox *self = (TestOutbox *) outbox;

  g_queue_push_tail (&self->payloads, devssh_secret_new_copy (payload, length));
}

GBytes *
test_outbox_take (TestOutbox *outbox)
{
  g_autoptr(DevSshSecret) payload = g_queue_pop_head (&outbox->payloads);

  return payload != NULL ? g_bytes_new (payload->data, payload->length) : NULL;
}

guint
test_outbox_get_number (TestOutbox *outbox)
{
  const DevSshSecret *payload = g_queue_peek_head (&outbox->payloads);

  return payload != NULL ? payload->data[0] : 0;
}

void
test_outbox_drop (TestOutbox *outbox)
{
  g_queue_clear_full (&outbox->payloads, (GDestroyNotify) devssh_secret_free);
}

/* ---- peers ---- */

static void
test_client_wake (gpointer host)
{
  ((TestPeers *) host)->client_woken = TRUE;
}

static void
test_server_wake (gpointer host)
{
  ((TestPeers *) host)->server_woken = TRUE;
}

DevSshAuthServerConfig *
test_server_config (const char * const *methods,
                    int                 max_attempts)
{
  DevSshAuthServerConfig *config = g_new0 (DevSshAuthServerConfig, 1);

  config->methods = g_strdupv ((char **) (methods != NULL ? methods : test_all_methods));
  config->key_algorithms = g_strdupv ((char **) test_all_algorithms);
  config->max_attempts = max_attempts;
  config->session_id = test_session_id ();
  return config;
}

DevSshAuthClientConfig *
test_client_config (void)
{
  DevSshAuthClientConfig *config = g_new0 (DevSshAuthClientConfig, 1);

  config->methods = g_strdupv ((char **) test_all_methods);
  config->key_algorithms = g_strdupv ((char **) test_all_algorithms);
  config->session_id = test_session_id ();
  return config;
}

void
test_peers_set_server (TestPeers              *peers,
                       DevSshAuthServerConfig *config)
{
  config->tracer = devssh_tracer_ref (peers->tracer);
  devssh_auth_server_free (peers->server);
  peers->server = devssh_auth_server_new (config, &peers->from_server.parent, test_server_wake, peers);
}

void
test_peers_set_client (TestPeers              *peers,
                       DevSshAuthClientConfig *config)
{
  config->tracer = devssh_tracer_ref (peers->tracer);
  devssh_auth_client_free (peers->client);
  peers->client = devssh_auth_client_new (config, &peers->from_client.parent, test_client_wake, peers);
}

TestPeers *
test_peers_new (const char * const *methods,
                int                 max_attempts)
{
  TestPeers *peers = g_new0 (TestPeers, 1);

  peers->from_client.parent.send = test_outbox_send;
  peers->from_server.parent.send = test_outbox_send;
  g_queue_init (&peers->from_client.payloads);
  g_queue_init (&peers->from_server.payloads);
  peers->log = g_string_new (NULL);
  peers->kinds = g_ptr_array_new_with_free_func (g_free);

  peers->tracer = devssh_tracer_new ();
  devssh_tracer_set_level (peers->tracer, DEVSSH_TRACE_LEVEL_VERBOSE);
  test_peers_set_client (peers, test_client_config ());
  test_peers_set_server (peers, test_server_config (methods, max_attempts));
  return peers;
}

void
test_peers_free (TestPeers *peers)
{
  g_clear_object (&peers->kept);
  g_clear_pointer (&peers->client, devssh_auth_client_free);
  g_clear_pointer (&peers->server, devssh_auth_server_free);
  test_outbox_drop (&peers->from_client);
  test_outbox_drop (&peers->from_server);
  g_string_free (peers->log, TRUE);
  g_ptr_array_unref (peers->kinds);
  g_clear_object (&peers->principal);
  g_clear_object (&peers->seen_key);
  g_free (peers->user_name);
  g_free (peers->service);
  g_free (peers->client_methods);
  g_free (peers->banner);
  devssh_tracer_unref (peers->tracer);
  g_free (peers);
}

DevSshAuthClientCredentials *
test_credentials_new (const char    *user_name,
                      const char    *password,
                      DevSshKeyPair *key)
{
  DevSshAuthClientCredentials *credentials = g_new0 (DevSshAuthClientCredentials, 1);

  credentials->user_name = g_strdup (user_name);
  credentials->password = devssh_secret_strdup (password);
  credentials->keys = g_ptr_array_new_with_free_func (g_object_unref);
  if (key != NULL)
    g_ptr_array_add (credentials->keys, g_object_ref (key));
  return credentials;
}

static void
test_log (TestPeers  *peers,
          const char *side,
          guint       number)
{
  g_string_append_printf (peers->log, "%s%s%u", peers->log->len > 0 ? " " : "", side, number);
}

/* As the pump of a session asks: nothing of an engine is on the stack. */
static void
test_ask (TestPeers            *peers,
          TestHandler           handler,
          DevSshAuthentication *question)
{
  gboolean handled = FALSE;

  devssh_question_begin (DEVSSH_QUESTION (question));
  if (handler != NULL)
    handled = handler (peers, question);
  devssh_question_end (DEVSSH_QUESTION (question), handled);
  g_object_unref (question);
}

static void
test_server_event (TestPeers             *peers,
                   DevSshAuthServerEvent *event)
{
  GEnumValue *kind = NULL;
  g_autoptr(GEnumClass) kinds = NULL;

  switch (event->type)
    {
    case DEVSSH_AUTH_SERVER_QUESTION:
      kinds = g_type_class_ref (DEVSSH_TYPE_AUTHENTICATION_TYPE);
      kind = g_enum_get_value (kinds, devssh_authentication_get_authentication_type (event->question));
      g_ptr_array_add (peers->kinds, g_strdup (kind->value_nick));
      g_set_object (&peers->seen_key, devssh_authentication_get_public_key (event->question));
      test_ask (peers, peers->server_handler, event->question);
      break;
    case DEVSSH_AUTH_SERVER_SUCCESS:
      g_assert_false (peers->server_succeeded);
      peers->server_succeeded = TRUE;
      g_set_object (&peers->principal, event->principal);
      peers->user_name = g_strdup (event->user_name);
      peers->service = g_strdup (event->service);
      devssh_auth_server_send_success (peers->server);
      break;
    case DEVSSH_AUTH_SERVER_FATAL:
      g_assert_nonnull (event->text);
      peers->server_reason = event->reason;
      g_string_append_printf (peers->log, " s!%u", event->reason);
      break;
    case DEVSSH_AUTH_SERVER_UNIMPLEMENTED:
      g_string_append (peers->log, " s?");
      break;
    case DEVSSH_AUTH_SERVER_NONE:
    default:
      break;
    }
}

static void
test_client_event (TestPeers             *peers,
                   DevSshAuthClientEvent *event)
{
  DevSshAuthClientEvent next = { 0 };

  if (event->type != DEVSSH_AUTH_CLIENT_NONE)
    peers->client_event = event->type;

  switch (event->type)
    {
    case DEVSSH_AUTH_CLIENT_QUESTION:
      test_ask (peers, peers->client_handler, event->question);
      break;
    case DEVSSH_AUTH_CLIENT_NEED_PASSWORD:
      if (peers->keeps_waiting)
        break;
      devssh_auth_client_provide_password (peers->client, peers->provided_user, peers->provided_password, &next);
      test_client_event (peers, &next);
      break;
    case DEVSSH_AUTH_CLIENT_NEED_PRIVATE_KEY:
      g_assert_false (devssh_key_pair_get_has_private (event->key));
      if (peers->keeps_waiting)
        break;
      devssh_auth_client_provide_private_key (peers->client, peers->provided_key, &next);
      test_client_event (peers, &next);
      break;
    case DEVSSH_AUTH_CLIENT_SUCCESS:
      peers->client_succeeded = TRUE;
      break;
    case DEVSSH_AUTH_CLIENT_CANCELLED:
    case DEVSSH_AUTH_CLIENT_FATAL:
      g_assert_nonnull (event->text);
      peers->client_reason = event->reason;
      g_string_append_printf (peers->log, " c!%u", event->reason);
      break;
    case DEVSSH_AUTH_CLIENT_UNIMPLEMENTED:
      g_string_append (peers->log, " c?");
      break;
    case DEVSSH_AUTH_CLIENT_FAILURE:
      g_free (peers->client_methods);
      peers->client_methods = event->methods != NULL ? g_strjoinv (",", (char **) event->methods) : NULL;
      break;
    case DEVSSH_AUTH_CLIENT_BANNER:
      g_free (peers->banner);
      peers->banner = g_strdup (event->text);
      peers->n_banners++;
      break;
    case DEVSSH_AUTH_CLIENT_PK_OK:
    case DEVSSH_AUTH_CLIENT_NEED_EXT_INFO:
    case DEVSSH_AUTH_CLIENT_NONE:
    default:
      break;
    }
}

void
test_peers_client_says (TestPeers    *peers,
                        const guint8 *payload,
                        gsize         length)
{
  g_autoptr(DevSshSecret) copy = devssh_secret_new_copy (payload, length);
  DevSshAuthServerEvent event;

  test_log (peers, "c", length > 0 ? payload[0] : 0);
  devssh_auth_server_handle (peers->server, copy->data, copy->length, &event);
  test_server_event (peers, &event);
}

void
test_peers_server_says (TestPeers    *peers,
                        const guint8 *payload,
                        gsize         length)
{
  g_autoptr(DevSshSecret) copy = devssh_secret_new_copy (payload, length);
  DevSshAuthClientEvent event;

  test_log (peers, "s", length > 0 ? payload[0] : 0);
  devssh_auth_client_handle (peers->client, copy->data, copy->length, &event);
  test_client_event (peers, &event);
}

void
test_peers_client_says_writer (TestPeers    *peers,
                               DevSshWriter *writer)
{
  test_peers_client_says (peers, writer->data, writer->length);
  devssh_writer_reset (writer);
  test_peers_run (peers);
}

void
test_peers_server_says_writer (TestPeers    *peers,
                               DevSshWriter *writer)
{
  test_peers_server_says (peers, writer->data, writer->length);
  devssh_writer_reset (writer);
}

void
test_peers_server_says_failure (TestPeers  *peers,
                                const char *methods,
                                gboolean    partial)
{
  g_auto(GStrv) names = g_strsplit (methods, ",", -1);
  const DevSshUserauthFailureMessage message = { names, partial };
  DEVSSH_WRITER_AUTO (writer);

  test_outbox_drop (&peers->from_client);
  devssh_userauth_failure_message_encode (&message, &writer);
  test_peers_server_says_writer (peers, &writer);
}

void
test_peers_run_client (TestPeers *peers)
{
  DevSshAuthClientEvent event;

  while (peers->client_woken)
    {
      peers->client_woken = FALSE;
      g_assert_true (devssh_auth_client_resume (peers->client, &event));
      test_client_event (peers, &event);
    }
}

static gboolean
test_peers_turn (TestPeers *peers)
{
  DevSshSecret *payload = NULL;
  DevSshAuthServerEvent server_event;

  if (peers->server_woken)
    {
      peers->server_woken = FALSE;
      g_assert_true (devssh_auth_server_resume (peers->server, &server_event));
      test_server_event (peers, &server_event);
      return TRUE;
    }

  if (peers->client_woken)
    {
      test_peers_run_client (peers);
      return TRUE;
    }

  /* While a question is open, the transport holds what comes (design D14). */
  if (!devssh_auth_server_is_waiting (peers->server) &&
      (payload = g_queue_pop_head (&peers->from_client.payloads)) != NULL)
    {
      test_peers_client_says (peers, payload->data, payload->length);
      devssh_secret_free (payload);
      return TRUE;
    }

  /* A client that was never started has no conversation; what the server says is for the test to look at. */
  if ((devssh_auth_client_is_running (peers->client)) &&
      (payload = g_queue_pop_head (&peers->from_server.payloads)) != NULL)
    {
      test_peers_server_says (peers, payload->data, payload->length);
      devssh_secret_free (payload);
      return TRUE;
    }

  return FALSE;
}

void
test_peers_run (TestPeers *peers)
{
  while (test_peers_turn (peers))
    ;
}

void
test_peers_start (TestPeers                   *peers,
                  DevSshAuthClientCredentials *credentials)
{
  g_autoptr(GError) error = NULL;
  DevSshAuthClientEvent event;

  peers->client_succeeded = FALSE;
  peers->client_event = DEVSSH_AUTH_CLIENT_NONE;
  g_assert_true (devssh_auth_client_start (peers->client, credentials, &event, &error));
  g_assert_no_error (error);
  test_client_event (peers, &event);
}

void
test_peers_login (TestPeers                   *peers,
                  DevSshAuthClientCredentials *credentials)
{
  test_peers_start (peers, credentials);
  test_peers_run (peers);
}

/* ---- requests made by hand ---- */

static void
test_fill_blob (DevSshKeyPair *key,
                const char    *blob_name,
                DevSshWriter  *blob)
{
  DevSshSlice bytes;
  DevSshReader reader;

  devssh_key_pair_peek_blob (key, &bytes.data, &bytes.length);
  if (blob_name == NULL)
    {
      devssh_writer_put_bytes (blob, bytes.data, bytes.length);
      return;
    }

  devssh_reader_init (&reader, bytes.data, bytes.length);
  devssh_reader_get_slice (&reader);
  bytes = devssh_reader_get_tail (&reader);
  devssh_writer_put_utf8 (blob, blob_name);
  devssh_writer_put_bytes (blob, bytes.data, bytes.length);
}

static void
test_fill_request (DevSshUserauthRequestMessage *request,
                   const TestSigned             *what,
                   const DevSshWriter           *blob)
{
  request->user = (char *) what->user;
  request->service = (char *) what->service;
  request->method = (char *) what->method;
  request->algorithm = (char *) what->algorithm;
  request->has_signature = TRUE;
  request->key_blob = (DevSshSlice) { blob->data, blob->length };
  request->client_host = (char *) "client.example";
  request->client_user = (char *) "there";
}

void
test_write_signed (DevSshWriter     *writer,
                   const TestSigned *what,
                   DevSshKeyPair    *key)
{
  g_autoptr(DevSshSecret) session_id = test_session_id ();
  g_autoptr(GError) error = NULL;
  DevSshUserauthRequestMessage request = { 0 };
  TestSigned covered = *what;
  const char *signer = what->signed_algorithm != NULL ? what->signed_algorithm : what->algorithm;
  DEVSSH_WRITER_AUTO (blob);
  DEVSSH_WRITER_AUTO (signed_data);
  DEVSSH_WRITER_AUTO (signature);

  test_fill_blob (key, what->blob_name, &blob);
  if (what->signed_user != NULL)
    covered.user = what->signed_user;
  if (what->signed_service != NULL)
    covered.service = what->signed_service;

  test_fill_request (&request, &covered, &blob);
  if (what->signed_session != NULL)
    devssh_writer_put_utf8 (&signed_data, what->signed_session);
  else
    devssh_writer_put_slice (&signed_data, session_id->data, session_id->length);
  devssh_userauth_request_message_encode (&request, &signed_data);
  g_assert_true (devssh_key_pair_sign_raw (key, signer, signed_data.data, signed_data.length,
                                           &signature, &error));
  g_assert_no_error (error);

  if (what->flip)
    signature.data[signature.length - 1] ^= 1;
  if (what->trailing)
    devssh_writer_put_byte (&signature, 0);
  if (what->empty_signature)
    devssh_writer_reset (&signature);

  test_fill_request (&request, what, &blob);
  request.signature = (DevSshSlice) { signature.data, signature.length };
  devssh_userauth_request_message_encode (&request, writer);
}

void
test_write_query (DevSshWriter  *writer,
                  const char    *user,
                  const char    *algorithm,
                  DevSshKeyPair *key)
{
  const TestSigned what = { user, "ssh-connection", "publickey", algorithm };
  DevSshUserauthRequestMessage request = { 0 };
  DEVSSH_WRITER_AUTO (blob);

  test_fill_blob (key, NULL, &blob);
  test_fill_request (&request, &what, &blob);
  request.has_signature = FALSE;
  devssh_userauth_request_message_encode (&request, writer);
}

void
test_write_password (DevSshWriter *writer,
                     const char   *user,
                     const char   *password)
{
  DevSshUserauthRequestMessage request = { 0 };

  request.user = (char *) user;
  request.service = (char *) "ssh-connection";
  request.method = (char *) "password";
  request.password = (DevSshSlice) { (const guint8 *) password, strlen (password) };
  devssh_userauth_request_message_encode (&request, writer);
}

void
test_write_method (DevSshWriter *writer,
                   const char   *user,
                   const char   *method)
{
  DevSshUserauthRequestMessage request = { 0 };

  request.user = (char *) user;
  request.service = (char *) "ssh-connection";
  request.method = (char *) method;
  devssh_userauth_request_message_encode (&request, writer);
}

void
test_write_responses (DevSshWriter       *writer,
                      const char * const *responses)
{
  devssh_writer_put_byte (writer, DEVSSH_MESSAGE_USERAUTH_INFO_RESPONSE);
  devssh_writer_put_uint32 (writer, g_strv_length ((char **) responses));
  for (guint i = 0; responses[i] != NULL; i++)
    devssh_writer_put_utf8 (writer, responses[i]);
}

/* ---- handlers ---- */

gboolean
test_accept (TestPeers            *peers,
             DevSshAuthentication *question)
{
  devssh_authentication_accept (question, NULL);
  return TRUE;
}

gboolean
test_reject (TestPeers            *peers,
             DevSshAuthentication *question)
{
  devssh_authentication_reject (question);
  return TRUE;
}

gboolean
test_keep (TestPeers            *peers,
           DevSshAuthentication *question)
{
  g_set_object (&peers->kept, question);
  return TRUE;
}
