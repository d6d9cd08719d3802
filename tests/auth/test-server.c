/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The server's engine against clients that do what they should not. */
#include "auth-util.h"

#define ADA_SIGNS(...) ((TestSigned) { "ada", "ssh-connection", "publickey", "ssh-ed25519", __VA_ARGS__ })

static const char * const no_none[] = { "password", "publickey", "keyboard-interactive", NULL };
static const char * const with_unknown[] = { "none", "gssapi-with-mic", "publickey", "password", NULL };

static void
assert_failure (TestPeers  *peers,
                const char *methods)
{
  g_autoptr(GBytes) payload = test_outbox_take (&peers->from_server);
  g_auto(DevSshUserauthFailureMessage) message = { 0 };
  g_autoptr(GError) error = NULL;
  g_autofree char *found = NULL;

  g_assert_nonnull (payload);
  devssh_userauth_failure_message_decode (&message, g_bytes_get_data (payload, NULL),
                                          g_bytes_get_size (payload), &error);
  g_assert_no_error (error);
  found = g_strjoinv (",", message.methods);
  g_assert_cmpstr (found, ==, methods);
  g_assert_false (message.partial_success);
}

/* FAILURE exactly once, and the application knows nothing of it. */
static void
assert_refused_unasked (TestPeers *peers)
{
  assert_failure (peers, "password,publickey,keyboard-interactive,hostbased");
  g_assert_cmpuint (test_outbox_get_number (&peers->from_server), ==, 0);
  g_assert_cmpuint (peers->kinds->len, ==, 0);
  g_assert_cmpuint (devssh_auth_server_get_failures (peers->server), ==, 1);
  g_assert_false (devssh_auth_server_is_waiting (peers->server));
  g_assert_false (peers->server_succeeded);
  g_assert_null (peers->principal);
}

static TestPeers *
test_server_new (void)
{
  TestPeers *peers = test_peers_new (NULL, 0);

  /* Whoever gets as far as the application is in. */
  peers->server_handler = test_accept;
  return peers;
}

static void
assert_granted (TestPeers  *peers,
                const char *user_name)
{
  g_assert_true (peers->server_succeeded);
  g_assert_cmpstr (peers->user_name, ==, user_name);
  g_assert_cmpuint (test_outbox_get_number (&peers->from_server), ==, DEVSSH_MESSAGE_USERAUTH_SUCCESS);
  test_outbox_drop (&peers->from_server);
}

/* ---- signatures ---- */

typedef struct
{
  const char *name;
  TestSigned  what;
} BadSignature;

static const BadSignature bad_signatures[] = {
  { "corrupt", { "ada", "ssh-connection", NULL, "ssh-ed25519", .flip = TRUE } },
  { "empty", { "ada", "ssh-connection", NULL, "ssh-ed25519", .empty_signature = TRUE } },
  { "trailing-byte", { "ada", "ssh-connection", NULL, "ssh-ed25519", .trailing = TRUE } },
  { "another-session", { "ada", "ssh-connection", NULL, "ssh-ed25519", .signed_session = "another session" } },
  { "no-session", { "ada", "ssh-connection", NULL, "ssh-ed25519", .signed_session = "" } },
  { "another-user", { "ada", "ssh-connection", NULL, "ssh-ed25519", .signed_user = "eve" } },
  { "another-service", { "ada", "ssh-connection", NULL, "ssh-ed25519", .signed_service = "ssh-userauth" } },
  { "rsa-corrupt", { "ada", "ssh-connection", NULL, "rsa-sha2-512", .flip = TRUE } },
  { "rsa-another-inner-algorithm", { "ada", "ssh-connection", NULL, "rsa-sha2-512", .signed_algorithm = "rsa-sha2-256" } },
  { "ecdsa-corrupt", { "ada", "ssh-connection", NULL, "ecdsa-sha2-nistp256", .flip = TRUE } },
  { "ecdsa-another-user", { "ada", "ssh-connection", NULL, "ecdsa-sha2-nistp256", .signed_user = "eve" } },
};

static DevSshKeyPair *
key_for_algorithm (const char *algorithm)
{
  return test_key (g_str_has_prefix (algorithm, "rsa-") ? "ssh-rsa" : algorithm);
}

static void
check_bad_signature (const BadSignature *bad,
                     const char         *method)
{
  g_autoptr(TestPeers) peers = test_server_new ();
  DevSshKeyPair *key = key_for_algorithm (bad->what.algorithm);
  TestSigned what = bad->what;
  DEVSSH_WRITER_AUTO (writer);

  what.method = method;
  test_write_signed (&writer, &what, key);
  test_peers_client_says_writer (peers, &writer);
  assert_refused_unasked (peers);

  /* What was wrong with it was just that: the sound one passes. */
  what = (TestSigned) { "ada", "ssh-connection", method, bad->what.algorithm };
  test_write_signed (&writer, &what, key);
  test_peers_client_says_writer (peers, &writer);
  assert_granted (peers, "ada");
}

static void
test_bad_signature (gconstpointer data)
{
  check_bad_signature (data, "publickey");
}

static void
test_bad_host_signature (gconstpointer data)
{
  check_bad_signature (data, "hostbased");
}

/* The signature of one key under the blob of another. */
static void
test_signature_of_another_key (void)
{
  g_autoptr(TestPeers) peers = test_server_new ();
  const TestSigned what = ADA_SIGNS ();
  g_auto(DevSshUserauthRequestMessage) request = { 0 };
  DevSshKeyPair *victim = test_other_key ("ssh-ed25519");
  DEVSSH_WRITER_AUTO (signed_by_us);
  DEVSSH_WRITER_AUTO (writer);

  test_write_signed (&signed_by_us, &what, test_key ("ssh-ed25519"));
  g_assert_true (devssh_userauth_request_message_decode (&request, signed_by_us.data, signed_by_us.length, NULL));
  devssh_key_pair_peek_blob (victim, &request.key_blob.data, &request.key_blob.length);
  devssh_userauth_request_message_encode (&request, &writer);
  test_peers_client_says_writer (peers, &writer);
  assert_refused_unasked (peers);
}

static void
check_request (TestPeers        *peers,
               const TestSigned *what,
               DevSshKeyPair    *key)
{
  DEVSSH_WRITER_AUTO (writer);

  test_write_signed (&writer, what, key);
  test_peers_client_says_writer (peers, &writer);
}

/* The name in 50 is not the one in the key. */
static void
test_algorithm_of_another_key (void)
{
  g_autoptr(TestPeers) peers = test_server_new ();

  check_request (peers, &(TestSigned) { "ada", "ssh-connection", "publickey", "ecdsa-sha2-nistp256",
                                        .signed_algorithm = "ssh-ed25519" }, test_key ("ssh-ed25519"));
  assert_refused_unasked (peers);
}

static void
test_query_algorithm_of_another_key (void)
{
  g_autoptr(TestPeers) peers = test_server_new ();
  DEVSSH_WRITER_AUTO (writer);

  test_write_query (&writer, "ada", "rsa-sha2-512", test_key ("ssh-ed25519"));
  test_peers_client_says_writer (peers, &writer);
  assert_refused_unasked (peers);
}

static void
write_request_with_blob (DevSshWriter *writer,
                         const char   *algorithm,
                         const guint8 *blob,
                         gsize         blob_length,
                         gboolean      has_signature)
{
  DevSshUserauthRequestMessage request = { 0 };

  request.user = (char *) "ada";
  request.service = (char *) "ssh-connection";
  request.method = (char *) "publickey";
  request.algorithm = (char *) algorithm;
  request.has_signature = has_signature;
  request.key_blob = (DevSshSlice) { blob, blob_length };
  request.signature = (DevSshSlice) { (const guint8 *) "signature", 9 };
  devssh_userauth_request_message_encode (&request, writer);
}

/* No algorithm and no blob ends the session, whatever it is. */
static void
test_unknown_keys (void)
{
  static const struct { const char *algorithm; const char *blob; gsize length; } unknown[] = {
    { "ssh-dss", "\0\0\0\7ssh-dss", 11 },
    { "ssh-rsa", "\0\0\0\7ssh-rsa", 11 },
    { "none", "", 0 },
    { "", "", 0 },
    { "ssh-ed25519", "", 0 },
    { "ssh-ed25519", "\0\0\0\13ssh-ed25519", 15 },
    { "ssh-ed25519", "\0\0\0\13ssh-ed25519\377\377\377\377", 19 },
    { "ssh-ed25519-cert-v01@openssh.com", "\0\0\0\4cert", 8 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (unknown); i++)
    {
      for (guint has_signature = 0; has_signature < 2; has_signature++)
        {
          g_autoptr(TestPeers) peers = test_server_new ();
          DEVSSH_WRITER_AUTO (writer);

          write_request_with_blob (&writer, unknown[i].algorithm, (const guint8 *) unknown[i].blob,
                                   unknown[i].length, has_signature);
          test_peers_client_says_writer (peers, &writer);
          assert_refused_unasked (peers);
        }
    }
}

/* protocol.md 4.4: some clients name the signature algorithm inside the blob; the signature covers the
 * bytes as they came. */
static void
test_rsa_blob_names (gconstpointer data)
{
  g_autoptr(TestPeers) peers = test_server_new ();

  check_request (peers, &(TestSigned) { "ada", "ssh-connection", "publickey", "rsa-sha2-512", .blob_name = data },
                 test_key ("ssh-rsa"));
  assert_granted (peers, "ada");
  g_assert_true (devssh_key_pair_equal (peers->seen_key, test_key ("ssh-rsa")));
}

/* ---- queries ---- */

static void
test_query_a_sign_b (void)
{
  g_autoptr(TestPeers) peers = test_server_new ();
  DevSshKeyPair *a = test_key ("ssh-ed25519");
  DevSshKeyPair *b = test_other_key ("ssh-ed25519");
  g_autoptr(GBytes) payload = NULL;
  g_auto(DevSshPkOkMessage) pk_ok = { 0 };
  DevSshSlice blob;
  DEVSSH_WRITER_AUTO (writer);

  test_write_query (&writer, "ada", "ssh-ed25519", a);
  test_peers_client_says_writer (peers, &writer);
  g_assert_true (devssh_key_pair_equal (peers->seen_key, a));
  g_assert_false (peers->server_succeeded);
  g_assert_null (peers->principal);
  payload = test_outbox_take (&peers->from_server);
  g_assert_true (devssh_pk_ok_message_decode (&pk_ok, g_bytes_get_data (payload, NULL),
                                              g_bytes_get_size (payload), NULL));
  devssh_key_pair_peek_blob (a, &blob.data, &blob.length);
  g_assert_cmpstr (pk_ok.algorithm, ==, "ssh-ed25519");
  g_assert_cmpmem (pk_ok.key_blob.data, pk_ok.key_blob.length, blob.data, blob.length);

  check_request (peers, &ADA_SIGNS (), b);
  assert_granted (peers, "ada");
  g_assert_true (devssh_key_pair_equal (peers->seen_key, b));
  g_assert_cmpuint (peers->kinds->len, ==, 2);
  g_assert_cmpstr (peers->kinds->pdata[0], ==, "client-public-key-query");
  g_assert_cmpstr (peers->kinds->pdata[1], ==, "client-public-key");
}

static GObject *query_principal;   /* weak */

static gboolean
accept_queries (TestPeers            *peers,
                DevSshAuthentication *question)
{
  g_autoptr(GObject) principal = g_object_new (G_TYPE_OBJECT, NULL);

  if (devssh_authentication_get_authentication_type (question) ==
      DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY_QUERY)
    {
      g_set_weak_pointer (&query_principal, principal);
      devssh_authentication_accept (question, principal);
    }
  else
    devssh_authentication_reject (question);
  return TRUE;
}

/* A yes to a query is nothing that a later request could pick up, not even an object that stays alive. */
static void
test_query_leaves_no_trace (void)
{
  g_autoptr(TestPeers) peers = test_server_new ();
  DEVSSH_WRITER_AUTO (writer);

  peers->server_handler = accept_queries;
  test_write_query (&writer, "ada", "ssh-ed25519", test_key ("ssh-ed25519"));
  test_peers_client_says_writer (peers, &writer);
  g_assert_cmpuint (test_outbox_get_number (&peers->from_server), ==, DEVSSH_MESSAGE_USERAUTH_PK_OK);
  test_outbox_drop (&peers->from_server);
  g_assert_null (query_principal);

  check_request (peers, &ADA_SIGNS (), test_key ("ssh-ed25519"));
  assert_failure (peers, "password,publickey,keyboard-interactive,hostbased");
  test_write_password (&writer, "ada", "");
  test_peers_client_says_writer (peers, &writer);
  assert_failure (peers, "password,publickey,keyboard-interactive,hostbased");
  g_assert_false (peers->server_succeeded);
  g_assert_null (peers->principal);
  g_assert_cmpuint (devssh_auth_server_get_failures (peers->server), ==, 2);
}

/* ---- what counts ---- */

static void
test_everything_counts (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (no_none, 7);
  DEVSSH_WRITER_AUTO (writer);

  peers->server_handler = test_reject;
  /* The first "none" is free, though it is not configured. */
  test_write_method (&writer, "ada", "none");
  test_peers_client_says_writer (peers, &writer);
  g_assert_cmpuint (devssh_auth_server_get_failures (peers->server), ==, 0);
  assert_failure (peers, "password,publickey,keyboard-interactive");

  test_write_method (&writer, "ada", "none");
  test_peers_client_says_writer (peers, &writer);
  g_assert_cmpuint (devssh_auth_server_get_failures (peers->server), ==, 1);
  test_write_method (&writer, "ada", "keyboard-interactive");
  test_peers_client_says_writer (peers, &writer);
  g_assert_cmpuint (devssh_auth_server_get_failures (peers->server), ==, 2);
  test_write_query (&writer, "ada", "ssh-ed25519", test_key ("ssh-ed25519"));
  test_peers_client_says_writer (peers, &writer);
  g_assert_cmpuint (devssh_auth_server_get_failures (peers->server), ==, 3);
  check_request (peers, &ADA_SIGNS (.flip = TRUE), test_key ("ssh-ed25519"));
  g_assert_cmpuint (devssh_auth_server_get_failures (peers->server), ==, 4);
  test_write_method (&writer, "ada", "hostbased-of-our-own");
  test_peers_client_says_writer (peers, &writer);
  g_assert_cmpuint (devssh_auth_server_get_failures (peers->server), ==, 5);
  check_request (peers, &(TestSigned) { "ada", "ssh-connection", "hostbased", "ssh-ed25519" }, test_key ("ssh-ed25519"));
  g_assert_cmpuint (devssh_auth_server_get_failures (peers->server), ==, 6);
  g_assert_cmpuint (peers->server_reason, ==, 0);
  test_write_password (&writer, "bob", "guess");
  test_peers_client_says_writer (peers, &writer);
  g_assert_cmpuint (devssh_auth_server_get_failures (peers->server), ==, 7);
  g_assert_cmpuint (peers->server_reason, ==, DEVSSH_DISCONNECT_REASON_NO_MORE_AUTH_METHODS_AVAILABLE);
  g_assert_cmpstr (peers->log->str, ==, "c50 c50 c50 c50 c50 c50 c50 c50 s!14");
}

static gboolean
prompt_always (TestPeers            *peers,
               DevSshAuthentication *question)
{
  if (devssh_authentication_get_authentication_type (question) != DEVSSH_AUTHENTICATION_TYPE_CLIENT_INTERACTIVE)
    return test_reject (peers, question);

  devssh_authentication_prompt (question, NULL, NULL, (const char * const []) { "?", NULL }, NULL, 0);
  return TRUE;
}

/* RFC 4252, 5.1: a dialogue that another request interrupts gets no 51; it counts all the same. */
static void
test_aborted_dialogues_count (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 3);
  DEVSSH_WRITER_AUTO (writer);

  peers->server_handler = prompt_always;
  for (guint i = 0; i < 3; i++)
    {
      g_assert_cmpuint (devssh_auth_server_get_failures (peers->server), ==, i > 0 ? i - 1 : 0);
      g_assert_cmpuint (peers->server_reason, ==, 0);
      test_write_method (&writer, "ada", "keyboard-interactive");
      test_peers_client_says_writer (peers, &writer);
      g_assert_cmpuint (test_outbox_get_number (&peers->from_server), ==, DEVSSH_MESSAGE_USERAUTH_INFO_REQUEST);
      test_outbox_drop (&peers->from_server);
    }
  test_write_method (&writer, "ada", "keyboard-interactive");
  test_peers_client_says_writer (peers, &writer);
  g_assert_cmpuint (peers->server_reason, ==, DEVSSH_DISCONNECT_REASON_NO_MORE_AUTH_METHODS_AVAILABLE);
  g_assert_cmpuint (peers->kinds->len, ==, 3);
}

/* ---- methods ---- */

static void
test_unconfigured_method (void)
{
  g_autoptr(TestPeers) peers = test_peers_new ((const char * const []) { "publickey", NULL }, 0);
  DEVSSH_WRITER_AUTO (writer);

  peers->server_handler = test_accept;
  test_write_password (&writer, "ada", "enchantress");
  test_peers_client_says_writer (peers, &writer);
  assert_failure (peers, "publickey");
  test_write_method (&writer, "ada", "keyboard-interactive");
  test_peers_client_says_writer (peers, &writer);
  assert_failure (peers, "publickey");
  test_write_method (&writer, "ada", "gssapi-with-mic");
  test_peers_client_says_writer (peers, &writer);
  assert_failure (peers, "publickey");
  g_assert_cmpuint (peers->kinds->len, ==, 0);
  g_assert_cmpuint (devssh_auth_server_get_failures (peers->server), ==, 3);
}

/* RFC 4252, 5.2: "none" is not listed; nor is what nobody here can do. */
static void
test_listed_methods (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (with_unknown, 0);
  DEVSSH_WRITER_AUTO (writer);

  peers->server_handler = test_reject;
  test_write_method (&writer, "ada", "none");
  test_peers_client_says_writer (peers, &writer);
  assert_failure (peers, "publickey,password");
  test_write_method (&writer, "ada", "gssapi-with-mic");
  test_peers_client_says_writer (peers, &writer);
  assert_failure (peers, "publickey,password");
}

static void
test_password_change (void)
{
  g_autoptr(TestPeers) peers = test_server_new ();
  DevSshUserauthRequestMessage request = { 0 };
  DEVSSH_WRITER_AUTO (writer);

  request.user = (char *) "ada";
  request.service = (char *) "ssh-connection";
  request.method = (char *) "password";
  request.change_password = TRUE;
  request.password = (DevSshSlice) { (const guint8 *) "old", 3 };
  request.new_password = (DevSshSlice) { (const guint8 *) "new", 3 };
  devssh_userauth_request_message_encode (&request, &writer);
  test_peers_client_says_writer (peers, &writer);
  assert_refused_unasked (peers);
}

/* A password that no handler could see as it is: cut at its zero byte it would be another one. */
static void
test_password_is_no_text (void)
{
  static const struct { const char *data; gsize length; } passwords[] = {
    { "secret\0more", 11 }, { "\0", 1 }, { "\377\376", 2 }, { "caf\351", 4 }
  };

  for (guint i = 0; i < G_N_ELEMENTS (passwords); i++)
    {
      g_autoptr(TestPeers) peers = test_server_new ();
      DevSshUserauthRequestMessage request = { 0 };
      DEVSSH_WRITER_AUTO (writer);

      request.user = (char *) "ada";
      request.service = (char *) "ssh-connection";
      request.method = (char *) "password";
      request.password = (DevSshSlice) { (const guint8 *) passwords[i].data, passwords[i].length };
      devssh_userauth_request_message_encode (&request, &writer);
      test_peers_client_says_writer (peers, &writer);
      assert_refused_unasked (peers);
    }
}

/* ---- dialogues ---- */

static gboolean
prompt_two (TestPeers            *peers,
            DevSshAuthentication *question)
{
  const gboolean echo[] = { FALSE, TRUE };

  if (devssh_authentication_get_responses (question) != NULL)
    return test_accept (peers, question);

  devssh_authentication_prompt (question, "n", NULL, (const char * const []) { "a", "b", NULL }, echo, 2);
  return TRUE;
}

static TestPeers *
test_prompted_new (void)
{
  TestPeers *peers = test_server_new ();
  DEVSSH_WRITER_AUTO (writer);

  peers->server_handler = prompt_two;
  test_write_method (&writer, "ada", "keyboard-interactive");
  test_peers_client_says_writer (peers, &writer);
  g_assert_cmpuint (peers->kinds->len, ==, 1);
  return peers;
}

/* RFC 4256, 3.2, and as Dev Tunnels peers write and read it (protocol.md 4.6). */
static void
test_prompts_in_both_forms (gconstpointer data)
{
  static const char interleaved[] = "\74\0\0\0\1n\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\1a\0\0\0\0\1b\1";
  static const char split[] = "\74\0\0\0\1n\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\1a\0\0\0\1b\0\1";
  g_autoptr(TestPeers) peers = test_server_new ();
  DevSshAuthServerConfig *config = test_server_config (NULL, 0);
  g_autoptr(GBytes) payload = NULL;
  DEVSSH_WRITER_AUTO (writer);

  config->split_prompts = GPOINTER_TO_INT (data);
  test_peers_set_server (peers, config);
  peers->server_handler = prompt_two;
  test_write_method (&writer, "ada", "keyboard-interactive");
  test_peers_client_says_writer (peers, &writer);

  payload = test_outbox_take (&peers->from_server);
  g_assert_cmpmem (g_bytes_get_data (payload, NULL), g_bytes_get_size (payload),
                   GPOINTER_TO_INT (data) ? split : interleaved, sizeof split - 1);
}

static void
test_wrong_number_of_responses (void)
{
  static const char * const wrong[][4] = { { NULL }, { "1", NULL }, { "1", "2", "3", NULL } };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr(TestPeers) peers = test_prompted_new ();
      DEVSSH_WRITER_AUTO (writer);

      test_outbox_drop (&peers->from_server);
      test_write_responses (&writer, wrong[i]);
      test_peers_client_says_writer (peers, &writer);
      assert_failure (peers, "password,publickey,keyboard-interactive,hostbased");
      g_assert_cmpuint (peers->kinds->len, ==, 1);
      g_assert_cmpuint (devssh_auth_server_get_failures (peers->server), ==, 1);
      g_assert_false (peers->server_succeeded);
    }
}

static void
test_response_is_no_text (void)
{
  g_autoptr(TestPeers) peers = test_prompted_new ();
  DEVSSH_WRITER_AUTO (writer);

  test_outbox_drop (&peers->from_server);
  devssh_writer_put_byte (&writer, DEVSSH_MESSAGE_USERAUTH_INFO_RESPONSE);
  devssh_writer_put_uint32 (&writer, 2);
  devssh_writer_put_string (&writer, (const guint8 *) "1\0", 2);
  devssh_writer_put_string (&writer, (const guint8 *) "2", 1);
  test_peers_client_says_writer (peers, &writer);
  assert_failure (peers, "password,publickey,keyboard-interactive,hostbased");
  g_assert_cmpuint (peers->kinds->len, ==, 1);
}

/* T-13: the counts that a short packet may claim. */
static void
test_response_counts (void)
{
  static const guint32 counts[] = { 1, 2, 64, 65, 0x7fffffff, 0xffffffff };

  for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
    {
      g_autoptr(TestPeers) peers = test_prompted_new ();
      DEVSSH_WRITER_AUTO (writer);

      devssh_writer_put_byte (&writer, DEVSSH_MESSAGE_USERAUTH_INFO_RESPONSE);
      devssh_writer_put_uint32 (&writer, counts[i]);
      test_peers_client_says_writer (peers, &writer);
      g_assert_cmpuint (peers->server_reason, ==, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
      g_assert_false (peers->server_succeeded);
    }
}

static void
test_response_nobody_asked_for (void)
{
  g_autoptr(TestPeers) peers = test_server_new ();
  DEVSSH_WRITER_AUTO (writer);

  peers->server_handler = prompt_two;
  test_write_responses (&writer, (const char * const []) { "1", "2", NULL });
  test_peers_client_says_writer (peers, &writer);
  g_assert_cmpstr (peers->log->str, ==, "c61 s?");
  g_assert_cmpuint (peers->kinds->len, ==, 0);

  /* Once is enough: after its answer, and after the success, nobody asks either. */
  test_write_method (&writer, "ada", "keyboard-interactive");
  test_peers_client_says_writer (peers, &writer);
  test_write_responses (&writer, (const char * const []) { "1", "2", NULL });
  test_peers_client_says_writer (peers, &writer);
  g_assert_true (peers->server_succeeded);
  test_outbox_drop (&peers->from_server);
  test_write_responses (&writer, (const char * const []) { "1", "2", NULL });
  test_peers_client_says_writer (peers, &writer);
  g_assert_cmpstr (peers->log->str, ==, "c61 s? c50 c61 c61 s?");
  g_assert_cmpuint (peers->kinds->len, ==, 2);
  g_assert_cmpuint (test_outbox_get_number (&peers->from_server), ==, 0);
}

/* A query's yes asks for nothing either. */
static void
test_response_after_query (void)
{
  g_autoptr(TestPeers) peers = test_server_new ();
  DEVSSH_WRITER_AUTO (writer);

  test_write_query (&writer, "ada", "ssh-ed25519", test_key ("ssh-ed25519"));
  test_peers_client_says_writer (peers, &writer);
  test_write_responses (&writer, (const char * const []) { NULL });
  test_peers_client_says_writer (peers, &writer);
  g_assert_cmpstr (peers->log->str, ==, "c50 c61 s?");
  g_assert_false (peers->server_succeeded);
}

/* ---- one client after the other ---- */

/* The prompts that one user got are not there for another to answer. */
static void
test_user_change_drops_dialogue (void)
{
  g_autoptr(TestPeers) peers = test_prompted_new ();
  DEVSSH_WRITER_AUTO (writer);

  peers->server_handler = test_reject;
  test_outbox_drop (&peers->from_server);
  test_write_method (&writer, "bob", "none");
  test_peers_client_says_writer (peers, &writer);
  assert_failure (peers, "password,publickey,keyboard-interactive,hostbased");

  peers->server_handler = test_accept;
  test_write_responses (&writer, (const char * const []) { "1", "2", NULL });
  test_peers_client_says_writer (peers, &writer);
  g_assert_false (peers->server_succeeded);
  g_assert_true (g_str_has_suffix (peers->log->str, "c61 s?"));
}

/* Who is let in is who the last request named. */
static void
test_user_change (void)
{
  g_autoptr(TestPeers) peers = test_server_new ();
  DEVSSH_WRITER_AUTO (writer);

  peers->server_handler = test_reject;
  test_write_password (&writer, "ada", "enchantress");
  test_peers_client_says_writer (peers, &writer);
  assert_failure (peers, "password,publickey,keyboard-interactive,hostbased");
  peers->server_handler = test_accept;
  test_write_password (&writer, "bob", "builder");
  test_peers_client_says_writer (peers, &writer);
  assert_granted (peers, "bob");
  g_assert_cmpstr (devssh_authentication_get_user_name (DEVSSH_AUTHENTICATION (peers->principal)), ==, "bob");
  g_assert_cmpuint (devssh_auth_server_get_failures (peers->server), ==, 1);
}

static void
test_request_after_success (void)
{
  g_autoptr(TestPeers) peers = test_server_new ();
  DEVSSH_WRITER_AUTO (writer);

  test_write_password (&writer, "ada", "enchantress");
  test_peers_client_says_writer (peers, &writer);
  assert_granted (peers, "ada");

  test_write_password (&writer, "root", "toor");
  test_peers_client_says_writer (peers, &writer);
  /* Nobody looks into it, either. */
  test_peers_client_says (peers, (const guint8 *) "\62garbage", 8);
  g_assert_cmpuint (peers->kinds->len, ==, 1);
  g_assert_cmpuint (test_outbox_get_number (&peers->from_server), ==, 0);
  g_assert_cmpuint (peers->server_reason, ==, 0);
  g_assert_cmpstr (peers->log->str, ==, "c50 c50 c50");
}

static void
test_services (void)
{
  g_autoptr(TestPeers) peers = test_server_new ();
  DevSshUserauthRequestMessage request = { 0 };
  DEVSSH_WRITER_AUTO (writer);

  request.user = (char *) "ada";
  request.service = (char *) "ssh-userauth";
  request.method = (char *) "none";
  devssh_userauth_request_message_encode (&request, &writer);
  test_peers_client_says_writer (peers, &writer);
  g_assert_cmpuint (peers->server_reason, ==, DEVSSH_DISCONNECT_REASON_SERVICE_NOT_AVAILABLE);
  g_assert_cmpuint (peers->kinds->len, ==, 0);
  g_assert_false (peers->server_succeeded);
}

/* The service that counts is that of the request which succeeds. */
static void
test_service_change (void)
{
  g_autoptr(TestPeers) peers = test_server_new ();
  DevSshAuthServerConfig *config = test_server_config (NULL, 0);

  config->services = g_strsplit ("ssh-connection,other@example.org", ",", -1);
  test_peers_set_server (peers, config);
  peers->server_handler = test_reject;
  check_request (peers, &ADA_SIGNS (), test_key ("ssh-ed25519"));
  assert_failure (peers, "password,publickey,keyboard-interactive,hostbased");

  peers->server_handler = test_accept;
  check_request (peers, &(TestSigned) { "ada", "other@example.org", "publickey", "ssh-ed25519" }, test_key ("ssh-ed25519"));
  assert_granted (peers, "ada");
  g_assert_cmpstr (peers->service, ==, "other@example.org");
}

/* ---- unknown users ---- */

static gboolean
accept_only_ada (TestPeers            *peers,
                 DevSshAuthentication *question)
{
  if (g_str_equal (devssh_authentication_get_user_name (question), "ada") &&
      g_strcmp0 (devssh_authentication_get_password (question), "enchantress") == 0)
    return test_accept (peers, question);

  return test_reject (peers, question);
}

static char *
reaction_to (const guint8 *payload,
             gsize         length)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  g_autofree char *answer = NULL;
  g_autoptr(GBytes) bytes = NULL;

  peers->server_handler = accept_only_ada;
  test_peers_client_says (peers, payload, length);
  test_peers_run (peers);
  bytes = test_outbox_take (&peers->from_server);
  answer = bytes != NULL ? g_base64_encode (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes)) : NULL;
  return g_strdup_printf ("%s %s %u questions, %u failures, %u", peers->log->str, answer, peers->kinds->len,
                          devssh_auth_server_get_failures (peers->server), peers->server_reason);
}

static void
write_sample (DevSshWriter *writer,
              guint         sample,
              const char   *user)
{
  const TestSigned wrong = { user, "ssh-connection", "publickey", "ssh-ed25519", .flip = TRUE };
  const TestSigned right = { user, "ssh-connection", "publickey", "ssh-ed25519" };
  const TestSigned host = { user, "ssh-connection", "hostbased", "ssh-ed25519" };

  switch (sample)
    {
    case 0: test_write_method (writer, user, "none"); break;
    case 1: test_write_password (writer, user, "wrong"); break;
    case 2: test_write_query (writer, user, "ssh-ed25519", test_key ("ssh-ed25519")); break;
    case 3: test_write_signed (writer, &wrong, test_key ("ssh-ed25519")); break;
    case 4: test_write_signed (writer, &right, test_key ("ssh-ed25519")); break;
    case 5: test_write_method (writer, user, "keyboard-interactive"); break;
    case 6: test_write_signed (writer, &host, test_key ("ssh-ed25519")); break;
    default: g_assert_not_reached ();
    }
}

/* Whole and cut at every byte: the name of the user, known or not, changes nothing. */
static void
test_unknown_users (void)
{
  for (guint sample = 0; sample < 7; sample++)
    {
      DEVSSH_WRITER_AUTO (known);
      DEVSSH_WRITER_AUTO (unknown);

      write_sample (&known, sample, "ada");
      write_sample (&unknown, sample, "eve");
      g_assert_cmpuint (known.length, ==, unknown.length);
      for (gsize length = 1; length <= known.length; length++)
        {
          g_autofree char *first = reaction_to (known.data, length);
          g_autofree char *second = reaction_to (unknown.data, length);

          g_assert_cmpstr (first, ==, second);
        }
    }
}

/* ---- what must not be said ---- */

static void
test_malformed (void)
{
  for (guint sample = 0; sample < 7; sample++)
    {
      DEVSSH_WRITER_AUTO (writer);
      gsize whole = 0;

      write_sample (&writer, sample, "ada");
      whole = writer.length;
      for (gsize length = 0; length < whole; length++)
        {
          g_autoptr(TestPeers) peers = test_server_new ();

          test_peers_client_says (peers, writer.data, length);
          test_peers_run (peers);
          /* keyboard-interactive may stop behind its name (protocol.md 4.3). */
          if (peers->server_reason == 0 && length > 0)
            g_assert_cmpuint (sample, ==, 5);
          else if (length > 0)
            g_assert_cmpuint (peers->kinds->len, ==, 0);
          g_assert_false (peers->server_succeeded && sample != 5);
        }
    }
}

static void
test_wrong_role (void)
{
  static const guint8 numbers[] = { 51, 52, 53, 60 };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autoptr(TestPeers) peers = test_server_new ();
      DEVSSH_WRITER_AUTO (writer);

      test_peers_client_says (peers, &numbers[i], 1);
      g_assert_cmpuint (peers->server_reason, ==, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
      g_assert_false (peers->server_succeeded);

      /* No byte after the offence is processed. */
      test_write_password (&writer, "ada", "enchantress");
      test_peers_client_says_writer (peers, &writer);
      g_assert_cmpuint (peers->kinds->len, ==, 0);
      g_assert_cmpuint (test_outbox_get_number (&peers->from_server), ==, 0);
    }
}

static void
test_unknown_numbers (void)
{
  for (guint number = 0; number < 256; number++)
    {
      g_autoptr(TestPeers) peers = test_server_new ();
      const guint8 payload = (guint8) number;

      if ((number >= 50 && number <= 53) || number == 60)
        continue;

      test_peers_client_says (peers, &payload, 1);
      g_assert_true (g_str_has_suffix (peers->log->str, " s?"));
      g_assert_false (peers->server_succeeded);
    }
}

/* ---- signatures without a session ---- */

static void
test_no_session_id (void)
{
  g_autoptr(TestPeers) peers = test_server_new ();
  DevSshAuthServerConfig *config = test_server_config (NULL, 0);

  g_clear_pointer (&config->session_id, devssh_secret_free);
  test_peers_set_server (peers, config);
  check_request (peers, &ADA_SIGNS (.signed_session = ""), test_key ("ssh-ed25519"));
  assert_refused_unasked (peers);
}

/* ---- secrets ---- */

static void
assert_zero (const guint8 *data,
             gsize         length)
{
  for (gsize i = 0; i < length; i++)
    g_assert_cmpuint (data[i], ==, 0);
}

static void
test_payloads_are_wiped (void)
{
  g_autoptr(TestPeers) peers = test_prompted_new ();
  DevSshAuthServerEvent event;
  DEVSSH_WRITER_AUTO (writer);

  test_write_responses (&writer, (const char * const []) { "1", "secret", NULL });
  devssh_auth_server_handle (peers->server, writer.data, writer.length, &event);
  g_assert_cmpint (event.type, ==, DEVSSH_AUTH_SERVER_QUESTION);
  g_assert_cmpstr (devssh_authentication_get_responses (event.question)[1], ==, "secret");
  assert_zero (writer.data, writer.length);
  g_object_unref (event.question);
  test_peers_run (peers);

  devssh_writer_reset (&writer);
  test_write_password (&writer, "ada", "secret");
  devssh_auth_server_handle (peers->server, writer.data, writer.length, &event);
  g_assert_cmpint (event.type, ==, DEVSSH_AUTH_SERVER_QUESTION);
  g_assert_cmpstr (devssh_authentication_get_password (event.question), ==, "secret");
  assert_zero (writer.data, writer.length);
  g_object_unref (event.question);
  test_peers_run (peers);

  /* Also what could not be read, and what nobody asked for. */
  devssh_writer_reset (&writer);
  test_write_responses (&writer, (const char * const []) { "secret", NULL });
  devssh_auth_server_handle (peers->server, writer.data, writer.length, &event);
  assert_zero (writer.data, writer.length);
  devssh_writer_reset (&writer);
  test_write_password (&writer, "ada", "secret");
  devssh_auth_server_handle (peers->server, writer.data, writer.length - 1, &event);
  g_assert_cmpint (event.type, ==, DEVSSH_AUTH_SERVER_FATAL);
  assert_zero (writer.data, writer.length - 1);
}

/* ---- one place ---- */

static guint
count_lines_with (const char *path,
                  const char *needle)
{
  g_autofree char *file = g_test_build_filename (G_TEST_DIST, "..", "libdevssh", "auth", path, NULL);
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;
  guint n = 0;

  g_file_get_contents (file, &text, NULL, &error);
  g_assert_no_error (error);
  for (const char *p = strstr (text, needle); p != NULL; p = strstr (p + 1, needle))
    n++;
  return n;
}

/* T-31: on either side, exactly one place says that somebody is authenticated. */
static void
test_one_place (void)
{
  g_assert_cmpuint (count_lines_with ("devssh-auth-server.c", "state = STATE_GRANTED"), ==, 1);
  g_assert_cmpuint (count_lines_with ("devssh-auth-server.c", "event->type = DEVSSH_AUTH_SERVER_SUCCESS"), ==, 1);
  g_assert_cmpuint (count_lines_with ("devssh-auth-server.c", "devssh_auth_server_grant (self"), ==, 1);
  g_assert_cmpuint (count_lines_with ("devssh-auth-server.c", "devssh_userauth_success_message_encode"), ==, 1);
  g_assert_cmpuint (count_lines_with ("devssh-auth-client.c", "event->type = DEVSSH_AUTH_CLIENT_SUCCESS"), ==, 1);
  g_assert_cmpuint (count_lines_with ("devssh-auth-client.c", "end_run (self, STATE_DONE)"), ==, 1);
  g_assert_cmpuint (count_lines_with ("devssh-auth-client.c", "devssh_auth_client_authenticated (self"), ==, 1);
}

int
main (int    argc,
      char **argv)
{
  static const char * const blob_names[] = { "ssh-rsa", "rsa-sha2-256", "rsa-sha2-512" };

  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (bad_signatures); i++)
    {
      g_autofree char *public_key = g_strconcat ("/auth/server/public-key/bad-signature/", bad_signatures[i].name, "/T-33", NULL);
      g_autofree char *host_based = g_strconcat ("/auth/server/host-based/bad-signature/", bad_signatures[i].name, "/T-33", NULL);

      g_test_add_data_func (public_key, &bad_signatures[i], test_bad_signature);
      g_test_add_data_func (host_based, &bad_signatures[i], test_bad_host_signature);
    }
  g_test_add_func ("/auth/server/public-key/bad-signature/another-key/T-33", test_signature_of_another_key);
  g_test_add_func ("/auth/server/public-key/bad-signature/algorithm-of-another-key/T-33", test_algorithm_of_another_key);
  g_test_add_func ("/auth/server/public-key/bad-signature/no-session-id/T-33", test_no_session_id);
  g_test_add_func ("/auth/server/public-key/unknown", test_unknown_keys);
  for (guint i = 0; i < G_N_ELEMENTS (blob_names); i++)
    {
      g_autofree char *path = g_strconcat ("/auth/server/public-key/blob-name/", blob_names[i], NULL);

      g_test_add_data_func (path, blob_names[i], test_rsa_blob_names);
    }
  g_test_add_func ("/auth/server/query/a-sign-b/T-35", test_query_a_sign_b);
  g_test_add_func ("/auth/server/query/algorithm-of-another-key", test_query_algorithm_of_another_key);
  g_test_add_func ("/auth/server/query/leaves-no-trace/T-35", test_query_leaves_no_trace);
  g_test_add_func ("/auth/server/limit/everything-counts/T-34", test_everything_counts);
  g_test_add_func ("/auth/server/limit/aborted-dialogues-count/T-34", test_aborted_dialogues_count);
  g_test_add_func ("/auth/server/method/unconfigured/T-34", test_unconfigured_method);
  g_test_add_func ("/auth/server/method/listed", test_listed_methods);
  g_test_add_func ("/auth/server/password/change", test_password_change);
  g_test_add_func ("/auth/server/password/no-text", test_password_is_no_text);
  g_test_add_data_func ("/auth/server/interactive/form/rfc-4256", GINT_TO_POINTER (FALSE), test_prompts_in_both_forms);
  g_test_add_data_func ("/auth/server/interactive/form/split", GINT_TO_POINTER (TRUE), test_prompts_in_both_forms);
  g_test_add_func ("/auth/server/interactive/wrong-number-of-responses", test_wrong_number_of_responses);
  g_test_add_func ("/auth/server/interactive/no-text", test_response_is_no_text);
  g_test_add_func ("/auth/server/interactive/counts/T-13", test_response_counts);
  g_test_add_func ("/auth/server/interactive/nobody-asked", test_response_nobody_asked_for);
  g_test_add_func ("/auth/server/interactive/after-query", test_response_after_query);
  g_test_add_func ("/auth/server/user-change/T-37", test_user_change);
  g_test_add_func ("/auth/server/user-change/drops-dialogue/T-37", test_user_change_drops_dialogue);
  g_test_add_func ("/auth/server/request-after-success/T-37", test_request_after_success);
  g_test_add_func ("/auth/server/service-change/T-37", test_service_change);
  g_test_add_func ("/auth/server/service-not-available", test_services);
  g_test_add_func ("/auth/server/unknown-users/T-38", test_unknown_users);
  g_test_add_func ("/auth/server/malformed/T-12", test_malformed);
  g_test_add_func ("/auth/server/wrong-role/T-31", test_wrong_role);
  g_test_add_func ("/auth/server/unknown-numbers", test_unknown_numbers);
  g_test_add_func ("/auth/server/payloads-are-wiped/T-82", test_payloads_are_wiped);
  g_test_add_func ("/auth/server/one-place/T-31", test_one_place);

  return g_test_run ();
}
