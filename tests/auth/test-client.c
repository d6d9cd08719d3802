/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client's engine: what it sends, in which order, and servers that do what they should not. */
#include "auth-util.h"

#include <libdevssh/base/devssh-error.h>

/* What the client has sent last, decoded; slices are borrowed from payload. */
typedef struct
{
  GBytes                       *payload;
  DevSshUserauthRequestMessage  message;
} SentRequest;

static void
sent_request_clear (SentRequest *sent)
{
  devssh_userauth_request_message_clear (&sent->message);
  g_clear_pointer (&sent->payload, g_bytes_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SentRequest, sent_request_clear)

static void
take_request (TestPeers   *peers,
              SentRequest *sent)
{
  g_autoptr(GError) error = NULL;

  sent_request_clear (sent);
  sent->payload = test_outbox_take (&peers->from_client);
  g_assert_nonnull (sent->payload);
  devssh_userauth_request_message_decode (&sent->message, g_bytes_get_data (sent->payload, NULL),
                                          g_bytes_get_size (sent->payload), &error);
  g_assert_no_error (error);
  g_assert_cmpstr (sent->message.service, ==, "ssh-connection");
}

static void
assert_nothing_sent (TestPeers *peers)
{
  g_assert_cmpuint (test_outbox_get_number (&peers->from_client), ==, 0);
}

static void
assert_next_method (TestPeers  *peers,
                    const char *method)
{
  g_auto(SentRequest) sent = { NULL };

  take_request (peers, &sent);
  g_assert_cmpstr (sent.message.method, ==, method);
  assert_nothing_sent (peers);
}

static DevSshAuthClientCredentials *
all_credentials (void)
{
  DevSshAuthClientCredentials *credentials = test_credentials_new ("ada", "enchantress", test_key ("ssh-ed25519"));

  g_ptr_array_add (credentials->keys, g_object_ref (test_key ("ssh-rsa")));
  credentials->host_based_key = g_object_ref (test_key ("ssh-ed25519"));
  credentials->client_host = g_strdup ("client.example");
  credentials->client_user = g_strdup ("augusta");
  credentials->has_interactive_handler = TRUE;
  return credentials;
}

/* ---- the queue ---- */

static void
test_order (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  const char *all = "publickey,password,keyboard-interactive,hostbased";

  test_peers_start (peers, all_credentials ());
  assert_next_method (peers, "publickey");
  test_peers_server_says_failure (peers, all, FALSE);
  assert_next_method (peers, "publickey");
  test_peers_server_says_failure (peers, all, FALSE);
  assert_next_method (peers, "hostbased");
  test_peers_server_says_failure (peers, all, FALSE);
  assert_next_method (peers, "password");
  test_peers_server_says_failure (peers, all, FALSE);
  assert_next_method (peers, "keyboard-interactive");
  g_assert_cmpint (peers->client_event, ==, DEVSSH_AUTH_CLIENT_NONE);
  test_peers_server_says_failure (peers, all, FALSE);
  assert_nothing_sent (peers);
  g_assert_cmpint (peers->client_event, ==, DEVSSH_AUTH_CLIENT_FAILURE);
  g_assert_cmpstr (peers->client_methods, ==, all);
  g_assert_false (devssh_auth_client_is_running (peers->client));
}

static void
test_order_without_credentials (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  DevSshAuthClientCredentials *credentials = test_credentials_new ("ada", NULL, NULL);

  credentials->has_interactive_handler = TRUE;
  test_peers_start (peers, credentials);
  assert_next_method (peers, "none");
  test_peers_server_says_failure (peers, "publickey,keyboard-interactive", FALSE);
  assert_next_method (peers, "keyboard-interactive");
}

static void
test_unlisted_are_dropped (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);

  test_peers_start (peers, all_credentials ());
  assert_next_method (peers, "publickey");
  test_peers_server_says_failure (peers, "password,gssapi-with-mic", FALSE);
  assert_next_method (peers, "password");
  test_peers_server_says_failure (peers, "", FALSE);
  assert_nothing_sent (peers);
  g_assert_cmpint (peers->client_event, ==, DEVSSH_AUTH_CLIENT_FAILURE);
}

static void
test_partial_success (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);

  test_peers_start (peers, all_credentials ());
  assert_next_method (peers, "publickey");
  test_peers_server_says_failure (peers, "password", TRUE);
  assert_next_method (peers, "password");
  g_assert_false (peers->client_succeeded);
  test_peers_server_says (peers, (const guint8 *) "\64", 1);
  g_assert_true (peers->client_succeeded);
}

/* A server that wants a key and a password lists the password once it has the key: a wrong key before that must
 * not cost the password its turn. */
static void
test_partial_success_after_failure (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);

  test_peers_start (peers, all_credentials ());
  assert_next_method (peers, "publickey");
  test_peers_server_says_failure (peers, "publickey", FALSE);
  assert_next_method (peers, "publickey");
  test_peers_server_says_failure (peers, "password", TRUE);
  assert_next_method (peers, "password");
  test_peers_server_says_failure (peers, "password", FALSE);
  assert_nothing_sent (peers);
  g_assert_cmpint (peers->client_event, ==, DEVSSH_AUTH_CLIENT_FAILURE);
}

static void
test_unconfigured_are_skipped (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  DevSshAuthClientConfig *config = test_client_config ();

  g_strfreev (config->methods);
  config->methods = g_strsplit ("password,keyboard-interactive", ",", -1);
  test_peers_set_client (peers, config);
  test_peers_start (peers, all_credentials ());
  assert_next_method (peers, "password");
}

static void
test_nothing_to_try (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  DevSshAuthClientConfig *config = test_client_config ();
  DevSshAuthClientEvent event;
  g_autoptr(GError) error = NULL;

  g_strfreev (config->methods);
  config->methods = g_strsplit ("publickey", ",", -1);
  test_peers_set_client (peers, config);
  g_assert_false (devssh_auth_client_start (peers->client, test_credentials_new ("ada", "enchantress", NULL),
                                            &event, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG);
  g_assert_false (devssh_auth_client_is_running (peers->client));
  assert_nothing_sent (peers);
}

static void
test_start_twice (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  DevSshAuthClientEvent event;
  g_autoptr(GError) error = NULL;

  test_peers_start (peers, test_credentials_new ("ada", "enchantress", NULL));
  g_assert_false (devssh_auth_client_start (peers->client, test_credentials_new ("bob", "builder", NULL),
                                            &event, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  assert_next_method (peers, "password");

  g_clear_error (&error);
  test_peers_server_says (peers, (const guint8 *) "\64", 1);
  g_assert_true (peers->client_succeeded);
  g_assert_false (devssh_auth_client_start (peers->client, test_credentials_new ("bob", "builder", NULL),
                                            &event, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  assert_nothing_sent (peers);
}

/* ---- layouts ---- */

static void
test_layout_none (void)
{
  static const char expected[] = "\62\0\0\0\3ada\0\0\0\16ssh-connection\0\0\0\4none";
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  g_autoptr(GBytes) payload = NULL;

  test_peers_start (peers, test_credentials_new ("ada", NULL, NULL));
  payload = test_outbox_take (&peers->from_client);
  g_assert_cmpmem (g_bytes_get_data (payload, NULL), g_bytes_get_size (payload), expected, sizeof expected - 1);
}

static void
test_layout_password (void)
{
  static const char expected[] = "\62\0\0\0\3ada\0\0\0\16ssh-connection\0\0\0\10password\0\0\0\0\3abc";
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  g_autoptr(GBytes) payload = NULL;

  test_peers_start (peers, test_credentials_new ("ada", "abc", NULL));
  payload = test_outbox_take (&peers->from_client);
  g_assert_cmpmem (g_bytes_get_data (payload, NULL), g_bytes_get_size (payload), expected, sizeof expected - 1);
}

static void
test_layout_interactive (void)
{
  static const char expected[] =
    "\62\0\0\0\3ada\0\0\0\16ssh-connection\0\0\0\24keyboard-interactive\0\0\0\0\0\0\0\0";
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  DevSshAuthClientCredentials *credentials = test_credentials_new ("ada", NULL, NULL);
  g_autoptr(GBytes) payload = NULL;

  credentials->has_interactive_handler = TRUE;
  test_peers_start (peers, credentials);
  test_peers_server_says_failure (peers, "keyboard-interactive", FALSE);
  payload = test_outbox_take (&peers->from_client);
  g_assert_cmpmem (g_bytes_get_data (payload, NULL), g_bytes_get_size (payload), expected, sizeof expected - 1);
}

/* RFC 4252, 7, by hand: what is signed, and that an RSA blob is an ssh-rsa blob (protocol.md 4.4). */
static void
test_layout_public_key (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  g_autoptr(DevSshSecret) session_id = test_session_id ();
  DevSshKeyPair *key = test_key ("ssh-rsa");
  g_auto(SentRequest) sent = { NULL };
  DevSshSlice blob;
  const guint8 *data = NULL;
  gsize length = 0;
  g_autoptr(GError) error = NULL;
  DEVSSH_WRITER_AUTO (covered);

  test_peers_start (peers, test_credentials_new ("ada", NULL, key));
  take_request (peers, &sent);
  data = g_bytes_get_data (sent.payload, &length);
  g_assert_cmpstr (sent.message.algorithm, ==, "rsa-sha2-512");
  devssh_key_pair_peek_blob (key, &blob.data, &blob.length);
  g_assert_cmpmem (sent.message.key_blob.data, sent.message.key_blob.length, blob.data, blob.length);
  g_assert_cmpmem (blob.data, 11, "\0\0\0\7ssh-rsa", 11);

  devssh_writer_put_string (&covered, session_id->data, session_id->length);
  devssh_writer_put_bytes (&covered, data, length - 4 - sent.message.signature.length);
  devssh_key_pair_verify_raw (key, "rsa-sha2-512", covered.data, covered.length,
                              sent.message.signature.data, sent.message.signature.length, &error);
  g_assert_no_error (error);
}

static void
test_layout_query (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  DevSshAuthClientCredentials *credentials = all_credentials ();
  g_auto(SentRequest) sent = { NULL };
  DevSshSlice blob;

  credentials->query = TRUE;
  test_peers_start (peers, credentials);
  take_request (peers, &sent);
  g_assert_cmpstr (sent.message.method, ==, "publickey");
  g_assert_false (sent.message.has_signature);
  devssh_key_pair_peek_blob (test_key ("ssh-ed25519"), &blob.data, &blob.length);
  g_assert_cmpmem (sent.message.key_blob.data, sent.message.key_blob.length, blob.data, blob.length);

  /* It asks about one key and tries nothing else. */
  test_peers_server_says_failure (peers, "publickey,password,keyboard-interactive", FALSE);
  assert_nothing_sent (peers);
  g_assert_cmpint (peers->client_event, ==, DEVSSH_AUTH_CLIENT_FAILURE);
}

/* ---- server-sig-algs ---- */

typedef struct
{
  const char *peer;         /* NULL: no EXT_INFO */
  const char *key;
  const char *algorithm;    /* NULL: the key is not offered */
} Picked;

static const Picked picks[] = {
  { NULL, "ssh-ed25519", "ssh-ed25519" },
  { NULL, "ssh-rsa", "rsa-sha2-512" },
  { "", "ssh-ed25519", "ssh-ed25519" },
  { ",,,", "ssh-rsa", "rsa-sha2-512" },
  { "ssh-ed25519,rsa-sha2-256", "ssh-ed25519", "ssh-ed25519" },
  { "rsa-sha2-256,rsa-sha2-512", "ssh-rsa", "rsa-sha2-512" },
  { "rsa-sha2-256,ssh-rsa", "ssh-rsa", "rsa-sha2-256" },
  { "ssh-rsa", "ssh-rsa", NULL },
  { "rsa-sha2-512,rsa-sha2-256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp256", "ssh-ed25519", NULL },
  { "ssh-ed25519x,xssh-ed25519,ssh-ed2551", "ssh-ed25519", NULL },
  { "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", NULL },
};

static void
test_pick (gconstpointer data)
{
  const Picked *pick = data;
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  g_auto(SentRequest) sent = { NULL };

  if (pick->peer != NULL)
    devssh_auth_client_set_server_sig_algs (peers->client, pick->peer, strlen (pick->peer));
  test_peers_start (peers, test_credentials_new ("ada", "enchantress", test_key (pick->key)));
  take_request (peers, &sent);
  g_assert_cmpstr (sent.message.method, ==, pick->algorithm != NULL ? "publickey" : "password");
  g_assert_cmpstr (sent.message.algorithm, ==, pick->algorithm);
}

/* protocol.md 4.4: none of ours is listed, so what is listed, if the key can do it. */
static void
test_pick_unconfigured (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  DevSshAuthClientConfig *config = test_client_config ();
  g_auto(SentRequest) sent = { NULL };

  g_strfreev (config->key_algorithms);
  config->key_algorithms = g_strsplit ("rsa-sha2-512", ",", -1);
  test_peers_set_client (peers, config);
  devssh_auth_client_set_server_sig_algs (peers->client, "ssh-rsa,rsa-sha2-256", 20);
  test_peers_start (peers, test_credentials_new ("ada", NULL, test_key ("ssh-rsa")));
  take_request (peers, &sent);
  g_assert_cmpstr (sent.message.algorithm, ==, "rsa-sha2-256");
}

/* Nothing at all could be offered, so it goes as without credentials: the server says what would do. */
static void
test_only_key_is_not_taken (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);

  devssh_auth_client_set_server_sig_algs (peers->client, "rsa-sha2-512", 12);
  test_peers_start (peers, test_credentials_new ("ada", NULL, test_key ("ssh-ed25519")));
  assert_next_method (peers, "none");
  test_peers_server_says_failure (peers, "publickey", FALSE);
  assert_nothing_sent (peers);
  g_assert_cmpint (peers->client_event, ==, DEVSSH_AUTH_CLIENT_FAILURE);
}

/* The peer will say which it knows; some hang up when ed25519 is offered before that. */
static void
test_waits_for_ext_info (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  DevSshAuthClientEvent event;

  devssh_auth_client_expect_ext_info (peers->client);
  test_peers_start (peers, test_credentials_new ("ada", "enchantress", test_key ("ssh-ed25519")));
  g_assert_cmpint (peers->client_event, ==, DEVSSH_AUTH_CLIENT_NEED_EXT_INFO);
  assert_nothing_sent (peers);

  devssh_auth_client_set_server_sig_algs (peers->client, "rsa-sha2-512", 12);
  devssh_auth_client_provide_ext_info (peers->client, &event);
  g_assert_cmpint (event.type, ==, DEVSSH_AUTH_CLIENT_NONE);
  assert_next_method (peers, "password");
}

static void
test_ext_info_never_comes (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  DevSshAuthClientEvent event;

  devssh_auth_client_expect_ext_info (peers->client);
  devssh_auth_client_provide_ext_info (peers->client, &event);
  devssh_auth_client_expect_ext_info (peers->client);
  test_peers_start (peers, test_credentials_new ("ada", "enchantress", test_key ("ssh-ed25519")));
  assert_nothing_sent (peers);
  devssh_auth_client_provide_ext_info (peers->client, &event);
  assert_next_method (peers, "publickey");
}

/* What everybody knows need not wait. */
static void
test_ext_info_is_not_needed (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);

  devssh_auth_client_expect_ext_info (peers->client);
  test_peers_start (peers, test_credentials_new ("ada", NULL, test_key ("ecdsa-sha2-nistp256")));
  assert_next_method (peers, "publickey");
}

/* ---- replies that must not come ---- */

static void
assert_fatal (TestPeers *peers)
{
  DevSshAuthClientEvent event;

  g_assert_cmpint (peers->client_event, ==, DEVSSH_AUTH_CLIENT_FATAL);
  g_assert_cmpuint (peers->client_reason, ==, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
  g_assert_false (peers->client_succeeded);
  g_assert_false (devssh_auth_client_is_running (peers->client));

  /* No byte after the offence is processed. */
  peers->client_event = DEVSSH_AUTH_CLIENT_NONE;
  test_peers_server_says (peers, (const guint8 *) "\64", 1);
  g_assert_cmpint (peers->client_event, ==, DEVSSH_AUTH_CLIENT_NONE);
  g_assert_false (peers->client_succeeded);
  g_assert_false (devssh_auth_client_start (peers->client, test_credentials_new ("ada", NULL, NULL), &event, NULL));
  assert_nothing_sent (peers);
}

static void
test_unasked (gconstpointer data)
{
  const guint8 number = (guint8) GPOINTER_TO_UINT (data);
  g_autoptr(TestPeers) before = test_peers_new (NULL, 0);
  g_autoptr(TestPeers) after = test_peers_new (NULL, 0);
  g_autoptr(TestPeers) meanwhile = test_peers_new (NULL, 0);
  DevSshAuthClientCredentials *credentials = test_credentials_new ("ada", NULL, NULL);

  /* Before any request. */
  test_peers_server_says (before, &number, 1);
  assert_fatal (before);

  /* After the reply to the last one. */
  test_peers_start (after, test_credentials_new ("ada", "enchantress", NULL));
  test_peers_server_says_failure (after, "", FALSE);
  g_assert_cmpint (after->client_event, ==, DEVSSH_AUTH_CLIENT_FAILURE);
  test_peers_server_says (after, &number, 1);
  assert_fatal (after);

  /* While the password is still being looked for. */
  credentials->has_password_provider = TRUE;
  meanwhile->keeps_waiting = TRUE;
  test_peers_start (meanwhile, credentials);
  g_assert_cmpint (meanwhile->client_event, ==, DEVSSH_AUTH_CLIENT_NEED_PASSWORD);
  test_peers_server_says (meanwhile, &number, 1);
  assert_fatal (meanwhile);
}

static void
test_second_success (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);

  test_peers_start (peers, test_credentials_new ("ada", "enchantress", NULL));
  test_outbox_drop (&peers->from_client);
  test_peers_server_says (peers, (const guint8 *) "\64", 1);
  g_assert_true (peers->client_succeeded);
  g_assert_cmpint (peers->client_event, ==, DEVSSH_AUTH_CLIENT_SUCCESS);
  test_peers_server_says (peers, (const guint8 *) "\64", 1);
  g_assert_cmpint (peers->client_event, ==, DEVSSH_AUTH_CLIENT_FATAL);
  g_assert_cmpuint (peers->client_reason, ==, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
}

static const char prompt_message[] = "\74\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\1?\0";

/* While the user still looks at the prompts, nothing has been asked of the server. */
static void
test_success_during_question (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  DevSshAuthClientCredentials *credentials = test_credentials_new ("ada", NULL, NULL);
  g_autoptr(GCancellable) cancellable = NULL;

  credentials->has_interactive_handler = TRUE;
  peers->client_handler = test_keep;
  test_peers_start (peers, credentials);
  test_peers_server_says_failure (peers, "keyboard-interactive", FALSE);
  test_outbox_drop (&peers->from_client);
  test_peers_server_says (peers, (const guint8 *) prompt_message, sizeof prompt_message - 1);
  g_assert_nonnull (peers->kept);
  cancellable = g_object_ref (devssh_question_get_cancellable (DEVSSH_QUESTION (peers->kept)));
  test_peers_server_says (peers, (const guint8 *) "\64", 1);
  assert_fatal (peers);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_true (g_cancellable_is_cancelled (cancellable));
}

static void
test_pk_ok_for_signature (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  const DevSshPkOkMessage message = { (char *) "ssh-ed25519", { (const guint8 *) "blob", 4 } };
  DEVSSH_WRITER_AUTO (writer);

  test_peers_start (peers, test_credentials_new ("ada", "enchantress", test_key ("ssh-ed25519")));
  test_outbox_drop (&peers->from_client);
  devssh_pk_ok_message_encode (&message, &writer);
  test_peers_server_says_writer (peers, &writer);
  assert_fatal (peers);
}

static void
test_success_for_query (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  DevSshAuthClientCredentials *credentials = test_credentials_new ("ada", NULL, test_key ("ssh-ed25519"));

  credentials->query = TRUE;
  test_peers_start (peers, credentials);
  test_outbox_drop (&peers->from_client);
  test_peers_server_says (peers, (const guint8 *) "\64", 1);
  assert_fatal (peers);
}

/* protocol.md 4.4: some answer with the type of the key and a blob written anew. */
static void
test_pk_ok_of_other_words (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  DevSshAuthClientCredentials *credentials = test_credentials_new ("ada", NULL, test_key ("ssh-rsa"));
  const DevSshPkOkMessage message = { (char *) "ssh-rsa", { (const guint8 *) "blob", 4 } };
  DEVSSH_WRITER_AUTO (writer);

  credentials->query = TRUE;
  test_peers_start (peers, credentials);
  devssh_pk_ok_message_encode (&message, &writer);
  test_peers_server_says_writer (peers, &writer);
  g_assert_cmpint (peers->client_event, ==, DEVSSH_AUTH_CLIENT_PK_OK);
  g_assert_false (devssh_auth_client_is_running (peers->client));
}

static void
test_60_for_none (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);

  test_peers_start (peers, test_credentials_new ("ada", NULL, NULL));
  test_outbox_drop (&peers->from_client);
  test_peers_server_says (peers, (const guint8 *) prompt_message, sizeof prompt_message - 1);
  assert_fatal (peers);
}

static void
test_wrong_role (void)
{
  static const guint8 numbers[] = { 50, 61 };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);

      test_peers_start (peers, test_credentials_new ("ada", NULL, NULL));
      test_outbox_drop (&peers->from_client);
      test_peers_server_says (peers, &numbers[i], 1);
      assert_fatal (peers);
    }
}

static void
test_unknown_numbers (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);

  test_peers_start (peers, test_credentials_new ("ada", NULL, NULL));
  for (guint number = 0; number < 256; number++)
    {
      const guint8 payload = (guint8) number;

      if ((number >= 50 && number <= 53) || number == 60 || number == 61)
        continue;

      peers->client_event = DEVSSH_AUTH_CLIENT_NONE;
      test_peers_server_says (peers, &payload, 1);
      g_assert_cmpint (peers->client_event, ==, DEVSSH_AUTH_CLIENT_UNIMPLEMENTED);
    }
  g_assert_true (devssh_auth_client_is_running (peers->client));
}

static void
test_malformed (void)
{
  static const struct { const char *payload; gsize length; } malformed[] = {
    { "\63", 1 }, { "\63\0\0\0\4none", 9 }, { "\63\377\377\377\377", 5 }, { "\63\0\0\0\2,,\0", 8 },
    { "\65", 1 }, { "\65\0\0\0\1x", 6 }, { "\74", 1 }
  };

  for (guint i = 0; i < G_N_ELEMENTS (malformed); i++)
    {
      g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
      DevSshAuthClientCredentials *credentials = test_credentials_new ("ada", NULL, test_key ("ssh-ed25519"));

      credentials->query = TRUE;
      test_peers_start (peers, credentials);
      test_outbox_drop (&peers->from_client);
      test_peers_server_says (peers, (const guint8 *) malformed[i].payload, malformed[i].length);
      assert_fatal (peers);
    }
}

/* ---- prompts ---- */

static TestPeers *
test_interactive_new (TestHandler handler)
{
  TestPeers *peers = test_peers_new (NULL, 0);
  DevSshAuthClientCredentials *credentials = test_credentials_new ("ada", NULL, NULL);

  credentials->has_interactive_handler = TRUE;
  peers->client_handler = handler;
  test_peers_start (peers, credentials);
  test_peers_server_says_failure (peers, "keyboard-interactive", FALSE);
  test_outbox_drop (&peers->from_client);
  return peers;
}

static gboolean
answer_ab (TestPeers            *peers,
           DevSshAuthentication *question)
{
  g_assert_cmpuint (devssh_authentication_get_n_prompts (question), ==, 2);
  g_assert_cmpstr (devssh_authentication_get_prompt (question, 0), ==, "a");
  g_assert_cmpstr (devssh_authentication_get_prompt (question, 1), ==, "b");
  g_assert_false (devssh_authentication_get_prompt_echo (question, 0));
  g_assert_true (devssh_authentication_get_prompt_echo (question, 1));
  devssh_authentication_respond (question, (const char * const []) { "A", "", NULL });
  return TRUE;
}

static void
test_both_forms (gconstpointer data)
{
  static const char interleaved[] = "\74\0\0\0\1n\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\1a\0\0\0\0\1b\1";
  static const char split[] = "\74\0\0\0\1n\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\1a\0\0\0\1b\0\1";
  static const char expected[] = "\75\0\0\0\2\0\0\0\1A\0\0\0\0";
  g_autoptr(TestPeers) peers = test_interactive_new (answer_ab);
  g_autoptr(GBytes) payload = NULL;

  test_peers_server_says (peers, (const guint8 *) (GPOINTER_TO_INT (data) ? split : interleaved), sizeof split - 1);
  test_peers_run_client (peers);
  payload = test_outbox_take (&peers->from_client);
  g_assert_cmpmem (g_bytes_get_data (payload, NULL), g_bytes_get_size (payload), expected, sizeof expected - 1);
}

static gboolean
look_and_reject (TestPeers            *peers,
                 DevSshAuthentication *question)
{
  g_assert_cmpstr (devssh_authentication_get_name (question), ==, "a\\x1bb");
  g_assert_cmpstr (devssh_authentication_get_instruction (question), ==, "c\\x0d\\x0ad");
  g_assert_cmpstr (devssh_authentication_get_prompt (question, 0), ==, "e\\x00f");
  g_assert_true (g_utf8_validate (devssh_authentication_get_prompt (question, 1), -1, NULL));
  g_assert_cmpuint (strlen (devssh_authentication_get_prompt (question, 2)), <=, 1024);
  return test_reject (peers, question);
}

static void
test_texts_are_safe (void)
{
  g_autoptr(TestPeers) peers = test_interactive_new (look_and_reject);
  g_autofree char *long_text = g_strnfill (5000, 'x');
  DevSshInfoPrompt prompts[] = {
    { { (const guint8 *) "e\0f", 3 }, FALSE },
    { { (const guint8 *) "\377\302\205", 3 }, FALSE },
    { { (const guint8 *) long_text, 5000 }, FALSE }
  };
  const DevSshInfoRequestMessage message = {
    .name = { (const guint8 *) "a\033b", 3 }, .instruction = { (const guint8 *) "c\r\nd", 4 },
    .prompts = prompts, .n_prompts = 3
  };
  DEVSSH_WRITER_AUTO (writer);

  devssh_info_request_message_encode (&message, &writer);
  test_peers_server_says_writer (peers, &writer);
  test_peers_run_client (peers);
  g_assert_cmpint (peers->client_event, ==, DEVSSH_AUTH_CLIENT_FAILURE);
  assert_nothing_sent (peers);
}

static gboolean
answer_too_much (TestPeers            *peers,
                 DevSshAuthentication *question)
{
  devssh_authentication_respond (question, (const char * const []) { "1", "2", NULL });
  return TRUE;
}

static gboolean
answer_and_throw (TestPeers            *peers,
                  DevSshAuthentication *question)
{
  devssh_authentication_respond (question, (const char * const []) { "1", NULL });
  return FALSE;
}

/* protocol.md 4.6: no answer, no message; the attempt has failed. */
static void
test_no_answer (gconstpointer data)
{
  g_autoptr(TestPeers) peers = test_interactive_new ((TestHandler) data);

  test_peers_server_says (peers, (const guint8 *) prompt_message, sizeof prompt_message - 1);
  test_peers_run_client (peers);
  assert_nothing_sent (peers);
  g_assert_cmpint (peers->client_event, ==, DEVSSH_AUTH_CLIENT_FAILURE);
}

static void
test_prompt_counts (void)
{
  static const guint32 counts[] = { 1, 64, 65, 0x7fffffff, 0xffffffff };

  for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
    {
      g_autoptr(TestPeers) peers = test_interactive_new (test_accept);
      DEVSSH_WRITER_AUTO (writer);

      devssh_writer_put_byte (&writer, DEVSSH_MESSAGE_USERAUTH_INFO_REQUEST);
      devssh_writer_put_utf8 (&writer, "");
      devssh_writer_put_utf8 (&writer, "");
      devssh_writer_put_utf8 (&writer, "");
      devssh_writer_put_uint32 (&writer, counts[i]);
      test_peers_server_says_writer (peers, &writer);
      assert_fatal (peers);
    }
}

/* RFC 4252, 8: the password has expired. No 51 will come; the next attempt goes out at once. */
static void
test_password_expired (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  DevSshAuthClientCredentials *credentials = test_credentials_new ("ada", "enchantress", test_key ("ssh-ed25519"));

  credentials->has_interactive_handler = TRUE;
  test_peers_start (peers, credentials);
  assert_next_method (peers, "publickey");
  test_peers_server_says_failure (peers, "password,keyboard-interactive", FALSE);
  assert_next_method (peers, "password");
  test_peers_server_says (peers, (const guint8 *) "\74\0\0\0\7expired\0\0\0\0", 16);
  assert_next_method (peers, "keyboard-interactive");
  g_assert_true (devssh_auth_client_is_running (peers->client));
}

/* ---- banners ---- */

static void
write_banner (DevSshWriter *writer,
              const char   *text,
              gsize         length)
{
  const DevSshUserauthBannerMessage message = { .message = { (const guint8 *) text, length } };

  devssh_writer_reset (writer);
  devssh_userauth_banner_message_encode (&message, writer);
}

static void
test_banner (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  g_autofree char *long_text = g_strnfill (30000, 'x');
  DEVSSH_WRITER_AUTO (writer);

  test_peers_start (peers, test_credentials_new ("ada", "enchantress", NULL));
  write_banner (&writer, "Wel\033[2Jcome\n", 12);
  test_peers_server_says (peers, writer.data, writer.length);
  g_assert_cmpstr (peers->banner, ==, "Wel\\x1b[2Jcome\\x0a");
  write_banner (&writer, long_text, 30000);
  test_peers_server_says (peers, writer.data, writer.length);
  g_assert_cmpuint (strlen (peers->banner), <=, 1024);

  /* A flood of them is read and dropped. */
  for (guint i = 0; i < 1000; i++)
    test_peers_server_says (peers, writer.data, writer.length);
  g_assert_cmpuint (peers->n_banners, ==, 16);
  test_peers_server_says (peers, (const guint8 *) "\64", 1);
  g_assert_true (peers->client_succeeded);
}

static void
test_banner_outside_a_run (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  DEVSSH_WRITER_AUTO (writer);

  write_banner (&writer, "Hello", 5);
  test_peers_server_says (peers, writer.data, writer.length);
  g_assert_cmpint (peers->client_event, ==, DEVSSH_AUTH_CLIENT_NONE);
  test_peers_start (peers, test_credentials_new ("ada", "enchantress", NULL));
  test_peers_server_says (peers, writer.data, writer.length);
  g_assert_cmpint (peers->client_event, ==, DEVSSH_AUTH_CLIENT_BANNER);
}

/* ---- giving up ---- */

static void
test_cancel (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);

  test_peers_start (peers, test_credentials_new ("ada", "first", NULL));
  devssh_auth_client_cancel (peers->client);
  g_assert_false (devssh_auth_client_is_running (peers->client));
  assert_next_method (peers, "password");

  /* The reply to the first is not one to the second. */
  test_peers_start (peers, test_credentials_new ("ada", "second", NULL));
  test_outbox_drop (&peers->from_client);
  test_peers_server_says_failure (peers, "password", FALSE);
  g_assert_cmpint (peers->client_event, ==, DEVSSH_AUTH_CLIENT_NONE);
  g_assert_true (devssh_auth_client_is_running (peers->client));
  test_peers_server_says (peers, (const guint8 *) "\64", 1);
  g_assert_true (peers->client_succeeded);
}

static void
test_cancel_then_success (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  DevSshAuthClientEvent event;
  g_autoptr(GError) error = NULL;

  test_peers_start (peers, test_credentials_new ("ada", "enchantress", NULL));
  test_outbox_drop (&peers->from_client);
  devssh_auth_client_cancel (peers->client);
  test_peers_server_says (peers, (const guint8 *) "\64", 1);
  g_assert_false (peers->client_succeeded);
  g_assert_cmpint (peers->client_event, ==, DEVSSH_AUTH_CLIENT_NONE);

  /* The server would not listen any more. */
  g_assert_false (devssh_auth_client_start (peers->client, test_credentials_new ("bob", "builder", NULL),
                                            &event, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  assert_nothing_sent (peers);
}

static void
test_cancel_then_success_for_another (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);

  test_peers_start (peers, test_credentials_new ("ada", "enchantress", NULL));
  devssh_auth_client_cancel (peers->client);
  test_peers_start (peers, test_credentials_new ("bob", "builder", NULL));
  test_peers_server_says (peers, (const guint8 *) "\64", 1);
  g_assert_false (peers->client_succeeded);
  g_assert_cmpint (peers->client_event, ==, DEVSSH_AUTH_CLIENT_FATAL);
  g_assert_cmpuint (peers->client_reason, ==, DEVSSH_DISCONNECT_REASON_BY_APPLICATION);
}

static void
test_cancel_while_providing (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  DevSshAuthClientCredentials *credentials = test_credentials_new ("ada", NULL, NULL);
  DevSshAuthClientEvent event;

  credentials->has_password_provider = TRUE;
  peers->keeps_waiting = TRUE;
  test_peers_start (peers, credentials);
  devssh_auth_client_cancel (peers->client);
  devssh_auth_client_provide_password (peers->client, NULL, "late", &event);
  g_assert_cmpint (event.type, ==, DEVSSH_AUTH_CLIENT_NONE);
  devssh_auth_client_provide_private_key (peers->client, test_key ("ssh-ed25519"), &event);
  g_assert_cmpint (event.type, ==, DEVSSH_AUTH_CLIENT_NONE);
  assert_nothing_sent (peers);

  /* Nothing is outstanding, so nothing may come. */
  test_peers_server_says (peers, (const guint8 *) "\63\0\0\0\0\0", 6);
  assert_fatal (peers);
}

static void
test_cancel_while_asking (void)
{
  g_autoptr(TestPeers) peers = test_interactive_new (test_keep);
  g_autoptr(GCancellable) cancellable = NULL;

  test_peers_server_says (peers, (const guint8 *) prompt_message, sizeof prompt_message - 1);
  cancellable = g_object_ref (devssh_question_get_cancellable (DEVSSH_QUESTION (peers->kept)));
  devssh_auth_client_cancel (peers->client);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_true (g_cancellable_is_cancelled (cancellable));
  devssh_authentication_respond (peers->kept, (const char * const []) { "1", NULL });
  g_assert_false (peers->client_woken);
  assert_nothing_sent (peers);

  /* RFC 4252, 5.1: the next request ends the dialogue, and one reply comes to it. */
  test_peers_start (peers, test_credentials_new ("ada", "enchantress", NULL));
  test_outbox_drop (&peers->from_client);
  test_peers_server_says (peers, (const guint8 *) "\64", 1);
  g_assert_true (peers->client_succeeded);
}

int
main (int    argc,
      char **argv)
{
  static const guint8 replies[] = { 51, 52, 60 };
  static const struct { const char *name; TestHandler handler; } silent[] = {
    { "no-handler", NULL }, { "reject", test_reject }, { "too-many", answer_too_much }, { "throws", answer_and_throw }
  };

  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/auth/client/order", test_order);
  g_test_add_func ("/auth/client/order/without-credentials", test_order_without_credentials);
  g_test_add_func ("/auth/client/order/unlisted-are-dropped", test_unlisted_are_dropped);
  g_test_add_func ("/auth/client/order/partial-success", test_partial_success);
  g_test_add_func ("/auth/client/order/partial-success/after-failure", test_partial_success_after_failure);
  g_test_add_func ("/auth/client/order/unconfigured-are-skipped", test_unconfigured_are_skipped);
  g_test_add_func ("/auth/client/order/nothing-to-try", test_nothing_to_try);
  g_test_add_func ("/auth/client/start-twice", test_start_twice);
  g_test_add_func ("/auth/client/layout/none", test_layout_none);
  g_test_add_func ("/auth/client/layout/password", test_layout_password);
  g_test_add_func ("/auth/client/layout/interactive", test_layout_interactive);
  g_test_add_func ("/auth/client/layout/public-key", test_layout_public_key);
  g_test_add_func ("/auth/client/layout/query", test_layout_query);
  for (guint i = 0; i < G_N_ELEMENTS (picks); i++)
    {
      g_autofree char *path = g_strdup_printf ("/auth/client/server-sig-algs/%u-%s", i, picks[i].key);

      g_test_add_data_func (path, &picks[i], test_pick);
    }
  g_test_add_func ("/auth/client/server-sig-algs/unconfigured", test_pick_unconfigured);
  g_test_add_func ("/auth/client/server-sig-algs/only-key-is-not-taken", test_only_key_is_not_taken);
  g_test_add_func ("/auth/client/ext-info/waits", test_waits_for_ext_info);
  g_test_add_func ("/auth/client/ext-info/never-comes", test_ext_info_never_comes);
  g_test_add_func ("/auth/client/ext-info/not-needed", test_ext_info_is_not_needed);
  for (guint i = 0; i < G_N_ELEMENTS (replies); i++)
    {
      g_autofree char *path = g_strdup_printf ("/auth/client/unasked/%u/T-32", replies[i]);

      g_test_add_data_func (path, GUINT_TO_POINTER (replies[i]), test_unasked);
    }
  g_test_add_func ("/auth/client/second-success/T-32", test_second_success);
  g_test_add_func ("/auth/client/success-during-question/T-32", test_success_during_question);
  g_test_add_func ("/auth/client/success-for-query/T-32", test_success_for_query);
  g_test_add_func ("/auth/client/pk-ok-for-signature", test_pk_ok_for_signature);
  g_test_add_func ("/auth/client/pk-ok-of-other-words", test_pk_ok_of_other_words);
  g_test_add_func ("/auth/client/60-for-none", test_60_for_none);
  g_test_add_func ("/auth/client/wrong-role/T-31", test_wrong_role);
  g_test_add_func ("/auth/client/unknown-numbers", test_unknown_numbers);
  g_test_add_func ("/auth/client/malformed/T-12", test_malformed);
  g_test_add_data_func ("/auth/client/interactive/form/rfc-4256", GINT_TO_POINTER (FALSE), test_both_forms);
  g_test_add_data_func ("/auth/client/interactive/form/split", GINT_TO_POINTER (TRUE), test_both_forms);
  g_test_add_func ("/auth/client/interactive/texts-are-safe/T-57", test_texts_are_safe);
  for (guint i = 0; i < G_N_ELEMENTS (silent); i++)
    {
      g_autofree char *path = g_strdup_printf ("/auth/client/interactive/no-answer/%s", silent[i].name);

      g_test_add_data_func (path, (gconstpointer) silent[i].handler, test_no_answer);
    }
  g_test_add_func ("/auth/client/interactive/counts/T-13", test_prompt_counts);
  g_test_add_func ("/auth/client/password-expired", test_password_expired);
  g_test_add_func ("/auth/client/banner/T-57", test_banner);
  g_test_add_func ("/auth/client/banner/outside-a-run", test_banner_outside_a_run);
  g_test_add_func ("/auth/client/cancel", test_cancel);
  g_test_add_func ("/auth/client/cancel/then-success/T-32", test_cancel_then_success);
  g_test_add_func ("/auth/client/cancel/then-success-for-another/T-32", test_cancel_then_success_for_another);
  g_test_add_func ("/auth/client/cancel/while-providing", test_cancel_while_providing);
  g_test_add_func ("/auth/client/cancel/while-asking", test_cancel_while_asking);

  return g_test_run ();
}
