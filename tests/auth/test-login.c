/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client's engine logs in at a server's engine, by every method and to every end. */
#include "auth-util.h"

#include "../test-search-memory.h"

static const char * const only_keys[] = { "publickey", NULL };
static const char * const only_dialogue[] = { "keyboard-interactive", NULL };

static void
assert_kinds (TestPeers  *peers,
              const char *expected)
{
  g_autofree char *kinds = NULL;

  g_ptr_array_add (peers->kinds, NULL);
  kinds = g_strjoinv (" ", (char **) peers->kinds->pdata);
  g_ptr_array_set_size (peers->kinds, peers->kinds->len - 1);
  g_assert_cmpstr (kinds, ==, expected);
}

static void
assert_logged_in (TestPeers  *peers,
                  const char *user_name)
{
  g_assert_true (peers->client_succeeded);
  g_assert_true (peers->server_succeeded);
  g_assert_nonnull (peers->principal);
  g_assert_cmpstr (peers->user_name, ==, user_name);
  g_assert_cmpstr (peers->service, ==, "ssh-connection");
  g_assert_false (devssh_auth_client_is_running (peers->client));
}

static void
assert_refused (TestPeers *peers)
{
  g_assert_false (peers->client_succeeded);
  g_assert_false (peers->server_succeeded);
  g_assert_null (peers->principal);
  g_assert_cmpint (peers->client_event, ==, DEVSSH_AUTH_CLIENT_FAILURE);
}

/* ---- none ---- */

static void
test_none (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);

  peers->server_handler = test_accept;
  test_peers_login (peers, test_credentials_new ("ada", NULL, NULL));
  assert_logged_in (peers, "ada");
  assert_kinds (peers, "client-none");
  g_assert_cmpstr (peers->log->str, ==, "c50 s52");
  g_assert_cmpuint (devssh_auth_server_get_failures (peers->server), ==, 0);
}

static gboolean
expect_bare_question (TestPeers            *peers,
                      DevSshAuthentication *question)
{
  g_assert_cmpstr (devssh_authentication_get_user_name (question), ==, "");
  g_assert_null (devssh_authentication_get_password (question));
  g_assert_null (devssh_authentication_get_public_key (question));
  g_assert_null (devssh_authentication_get_client_host_name (question));
  g_assert_null (devssh_authentication_get_client_user_name (question));
  g_assert_null (devssh_authentication_get_responses (question));
  g_assert_null (devssh_authentication_get_name (question));
  return test_accept (peers, question);
}

static void
test_empty_user (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);

  peers->server_handler = expect_bare_question;
  test_peers_login (peers, test_credentials_new (NULL, NULL, NULL));
  assert_logged_in (peers, "");
}

/* ---- password ---- */

static gboolean
check_password (TestPeers            *peers,
                DevSshAuthentication *question)
{
  const char *password = devssh_authentication_get_password (question);

  if (g_strcmp0 (devssh_authentication_get_user_name (question), "ada") == 0 &&
      g_strcmp0 (password, "enchantress") == 0)
    devssh_authentication_accept (question, NULL);
  else
    devssh_authentication_reject (question);
  return TRUE;
}

static void
test_password (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);

  peers->server_handler = check_password;
  test_peers_login (peers, test_credentials_new ("ada", "enchantress", NULL));
  assert_logged_in (peers, "ada");
  assert_kinds (peers, "client-password");
}

static void
test_password_wrong_then_right (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);

  peers->server_handler = check_password;
  test_peers_login (peers, test_credentials_new ("ada", "enchanter", NULL));
  assert_refused (peers);
  test_peers_login (peers, test_credentials_new ("ada", "enchantress", NULL));
  assert_logged_in (peers, "ada");
  g_assert_cmpstr (peers->log->str, ==, "c50 s51 c50 s52");
  g_assert_cmpuint (devssh_auth_server_get_failures (peers->server), ==, 1);
}

static gboolean
expect_long_password (TestPeers            *peers,
                      DevSshAuthentication *question)
{
  g_assert_cmpuint (strlen (devssh_authentication_get_password (question)), ==, 8192);
  return test_accept (peers, question);
}

static void
test_password_long (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  g_autofree char *password = g_strnfill (8192, 'p');

  peers->server_handler = expect_long_password;
  test_peers_login (peers, test_credentials_new ("ada", password, NULL));
  assert_logged_in (peers, "ada");
}

static void
test_password_provider (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  DevSshAuthClientCredentials *credentials = test_credentials_new ("nobody", NULL, NULL);

  credentials->has_password_provider = TRUE;
  peers->server_handler = check_password;
  peers->provided_user = "ada";
  peers->provided_password = "enchantress";
  test_peers_login (peers, credentials);
  assert_logged_in (peers, "ada");
}

static void
test_password_provider_keeps_user (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  DevSshAuthClientCredentials *credentials = test_credentials_new ("ada", NULL, NULL);

  credentials->has_password_provider = TRUE;
  peers->server_handler = check_password;
  peers->provided_password = "enchantress";
  test_peers_login (peers, credentials);
  assert_logged_in (peers, "ada");
}

static void
test_password_provider_gives_nothing (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  DevSshAuthClientCredentials *credentials = test_credentials_new ("ada", NULL, NULL);

  credentials->has_password_provider = TRUE;
  peers->server_handler = test_accept;
  test_peers_login (peers, credentials);
  g_assert_cmpint (peers->client_event, ==, DEVSSH_AUTH_CLIENT_CANCELLED);
  g_assert_cmpuint (peers->client_reason, ==, DEVSSH_DISCONNECT_REASON_AUTH_CANCELLED_BY_USER);
  g_assert_false (peers->server_succeeded);
  g_assert_cmpstr (peers->log->str, ==, " c!13");
}

/* ---- public keys ---- */

static gboolean
accept_key (TestPeers            *peers,
            DevSshAuthentication *question)
{
  DevSshKeyPair *key = devssh_authentication_get_public_key (question);

  if (key == NULL)
    return test_reject (peers, question);

  g_assert_false (devssh_key_pair_get_has_private (key));
  devssh_authentication_accept (question, G_OBJECT (key));
  return TRUE;
}

static void
test_public_key (gconstpointer data)
{
  g_autoptr(TestPeers) peers = test_peers_new (only_keys, 0);
  DevSshKeyPair *key = test_key (data);

  peers->server_handler = accept_key;
  test_peers_login (peers, test_credentials_new ("ada", NULL, key));
  assert_logged_in (peers, "ada");
  assert_kinds (peers, "client-public-key");
  g_assert_true (devssh_key_pair_equal (peers->seen_key, key));
  g_assert_true (peers->principal == G_OBJECT (peers->seen_key));
}

static void
test_public_key_rsa_sha256 (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (only_keys, 0);

  devssh_auth_client_set_server_sig_algs (peers->client, "rsa-sha2-256", 12);
  peers->server_handler = accept_key;
  test_peers_login (peers, test_credentials_new ("ada", NULL, test_key ("ssh-rsa")));
  assert_logged_in (peers, "ada");
}

static gboolean
accept_second_key (TestPeers            *peers,
                   DevSshAuthentication *question)
{
  if (devssh_key_pair_equal (devssh_authentication_get_public_key (question),
                             test_other_key ("ecdsa-sha2-nistp256")))
    return test_accept (peers, question);

  return test_reject (peers, question);
}

static void
test_public_key_second (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  DevSshAuthClientCredentials *credentials = test_credentials_new ("ada", NULL, test_key ("ssh-ed25519"));

  g_ptr_array_add (credentials->keys, g_object_ref (test_key ("ecdsa-sha2-nistp256")));
  g_ptr_array_add (credentials->keys, g_object_ref (test_other_key ("ecdsa-sha2-nistp256")));
  peers->server_handler = accept_second_key;
  test_peers_login (peers, credentials);
  assert_logged_in (peers, "ada");
  assert_kinds (peers, "client-public-key client-public-key client-public-key");
  g_assert_cmpuint (devssh_auth_server_get_failures (peers->server), ==, 2);
}

static void
test_public_key_provider (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  DevSshKeyPair *key = test_key ("ecdsa-sha2-nistp256");
  g_autoptr(DevSshKeyPair) public_only = devssh_key_pair_copy_public (key);
  DevSshAuthClientCredentials *credentials = test_credentials_new ("ada", NULL, public_only);

  credentials->has_private_key_provider = TRUE;
  peers->provided_key = key;
  peers->server_handler = accept_key;
  test_peers_login (peers, credentials);
  assert_logged_in (peers, "ada");
  g_assert_true (devssh_key_pair_equal (peers->seen_key, key));
}

/* Nothing, the public half again, and another key. */
static void
test_public_key_provider_gives_nothing (void)
{
  DevSshKeyPair *key = test_key ("ecdsa-sha2-nistp256");
  g_autoptr(DevSshKeyPair) public_only = devssh_key_pair_copy_public (key);
  DevSshKeyPair *gifts[] = { NULL, public_only, test_other_key ("ecdsa-sha2-nistp256") };

  for (guint i = 0; i < G_N_ELEMENTS (gifts); i++)
    {
      g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
      DevSshAuthClientCredentials *credentials = test_credentials_new ("ada", NULL, public_only);

      credentials->has_private_key_provider = TRUE;
      peers->provided_key = gifts[i];
      peers->server_handler = test_accept;
      test_peers_login (peers, credentials);
      g_assert_cmpint (peers->client_event, ==, DEVSSH_AUTH_CLIENT_CANCELLED);
      g_assert_cmpuint (peers->client_reason, ==, DEVSSH_DISCONNECT_REASON_AUTH_CANCELLED_BY_USER);
      g_assert_false (peers->server_succeeded);
    }
}

static void
test_public_key_without_private_is_skipped (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  g_autoptr(DevSshKeyPair) public_only = devssh_key_pair_copy_public (test_key ("ecdsa-sha2-nistp256"));

  peers->server_handler = check_password;
  test_peers_login (peers, test_credentials_new ("ada", "enchantress", public_only));
  assert_logged_in (peers, "ada");
  assert_kinds (peers, "client-password");
}

/* ---- queries ---- */

static void
test_query_yes (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  DevSshAuthClientCredentials *credentials = test_credentials_new ("ada", "secret", test_key ("ssh-ed25519"));

  credentials->query = TRUE;
  peers->server_handler = accept_key;
  test_peers_login (peers, credentials);
  g_assert_cmpint (peers->client_event, ==, DEVSSH_AUTH_CLIENT_PK_OK);
  g_assert_false (peers->client_succeeded);
  g_assert_false (peers->server_succeeded);
  g_assert_null (peers->principal);
  assert_kinds (peers, "client-public-key-query");
  g_assert_cmpstr (peers->log->str, ==, "c50 s60");
  g_assert_cmpuint (devssh_auth_server_get_failures (peers->server), ==, 0);

  /* The session goes on, and may log in. */
  test_peers_login (peers, test_credentials_new ("ada", NULL, test_key ("ssh-ed25519")));
  assert_logged_in (peers, "ada");
}

static void
test_query_no (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  DevSshAuthClientCredentials *credentials = test_credentials_new ("ada", "secret", test_key ("ssh-ed25519"));

  credentials->query = TRUE;
  credentials->has_interactive_handler = TRUE;
  peers->server_handler = test_reject;
  test_peers_login (peers, credentials);
  assert_refused (peers);
  g_assert_cmpstr (peers->log->str, ==, "c50 s51");
  g_assert_cmpuint (devssh_auth_server_get_failures (peers->server), ==, 1);
}

/* ---- keyboard-interactive ---- */

static gboolean
ask_two_things (TestPeers            *peers,
                DevSshAuthentication *question)
{
  static const char * const prompts[] = { "Name of the machine? ", "PIN: ", NULL };
  static const gboolean echo[] = { TRUE, FALSE };
  const char * const *responses = devssh_authentication_get_responses (question);

  g_assert_cmpstr (devssh_authentication_get_user_name (question), ==, "ada");
  if (responses == NULL)
    devssh_authentication_prompt (question, "Engine", "Who goes there?", prompts, echo, 2);
  else if (g_strv_equal (responses, (const char * const []) { "difference", "1834", NULL }))
    devssh_authentication_accept (question, NULL);
  else
    devssh_authentication_reject (question);
  return TRUE;
}

static gboolean
answer_two_things (TestPeers            *peers,
                   DevSshAuthentication *question)
{
  g_assert_null (devssh_authentication_get_user_name (question));
  g_assert_cmpstr (devssh_authentication_get_name (question), ==, "Engine");
  g_assert_cmpstr (devssh_authentication_get_instruction (question), ==, "Who goes there?");
  g_assert_cmpuint (devssh_authentication_get_n_prompts (question), ==, 2);
  g_assert_cmpstr (devssh_authentication_get_prompt (question, 0), ==, "Name of the machine? ");
  g_assert_cmpstr (devssh_authentication_get_prompt (question, 1), ==, "PIN: ");
  g_assert_null (devssh_authentication_get_prompt (question, 2));
  g_assert_true (devssh_authentication_get_prompt_echo (question, 0));
  g_assert_false (devssh_authentication_get_prompt_echo (question, 1));
  g_assert_false (devssh_authentication_get_prompt_echo (question, 2));
  devssh_authentication_respond (question, (const char * const []) { "difference", "1834", NULL });
  return TRUE;
}

static DevSshAuthClientCredentials *
interactive_credentials (void)
{
  DevSshAuthClientCredentials *credentials = test_credentials_new ("ada", NULL, NULL);

  credentials->has_interactive_handler = TRUE;
  return credentials;
}

static void
test_interactive (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (only_dialogue, 0);

  peers->server_handler = ask_two_things;
  peers->client_handler = answer_two_things;
  test_peers_login (peers, interactive_credentials ());
  assert_logged_in (peers, "ada");
  assert_kinds (peers, "client-interactive client-interactive");
  g_assert_cmpstr (peers->log->str, ==, "c50 s51 c50 s60 c61 s52");
  /* That was "none", once. */
  g_assert_cmpuint (devssh_auth_server_get_failures (peers->server), ==, 0);
}

static gboolean
answer_wrong (TestPeers            *peers,
              DevSshAuthentication *question)
{
  devssh_authentication_respond (question, (const char * const []) { "analytical", "1834", NULL });
  return TRUE;
}

static void
test_interactive_wrong (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (only_dialogue, 0);

  peers->server_handler = ask_two_things;
  peers->client_handler = answer_wrong;
  test_peers_login (peers, interactive_credentials ());
  assert_refused (peers);
  g_assert_cmpuint (devssh_auth_server_get_failures (peers->server), ==, 1);
}

/* Three rounds with 1, 0 and 64 prompts. */
static gboolean
ask_three_rounds (TestPeers            *peers,
                  DevSshAuthentication *question)
{
  const char * const *responses = devssh_authentication_get_responses (question);
  const char *many[65] = { NULL };

  switch (peers->round++)
    {
    case 0:
      g_assert_null (responses);
      devssh_authentication_prompt (question, NULL, NULL, (const char * const []) { "One", NULL }, NULL, 0);
      break;
    case 1:
      g_assert_cmpuint (g_strv_length ((char **) responses), ==, 1);
      g_assert_cmpstr (responses[0], ==, "0 of 1");
      devssh_authentication_prompt (question, "Mind", "the gap", NULL, NULL, 0);
      break;
    case 2:
      g_assert_nonnull (responses);
      g_assert_cmpuint (g_strv_length ((char **) responses), ==, 0);
      for (guint i = 0; i < 64; i++)
        many[i] = "Again";
      devssh_authentication_prompt (question, NULL, NULL, many, NULL, 0);
      break;
    default:
      g_assert_cmpuint (g_strv_length ((char **) responses), ==, 64);
      g_assert_cmpstr (responses[63], ==, "63 of 64");
      devssh_authentication_accept (question, NULL);
      break;
    }
  return TRUE;
}

static gboolean
answer_with_numbers (TestPeers            *peers,
                     DevSshAuthentication *question)
{
  const guint n_prompts = devssh_authentication_get_n_prompts (question);
  g_auto(GStrv) responses = g_new0 (char *, n_prompts + 1);

  for (guint i = 0; i < n_prompts; i++)
    {
      g_assert_false (devssh_authentication_get_prompt_echo (question, i));
      responses[i] = g_strdup_printf ("%u of %u", i, n_prompts);
    }
  devssh_authentication_respond (question, n_prompts > 0 ? (const char * const *) responses : NULL);
  return TRUE;
}

static void
test_interactive_rounds (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (only_dialogue, 0);

  peers->server_handler = ask_three_rounds;
  peers->client_handler = answer_with_numbers;
  test_peers_login (peers, interactive_credentials ());
  assert_logged_in (peers, "ada");
  g_assert_cmpuint (peers->kinds->len, ==, 4);
}

/* protocol.md 4.2: the keys fail, the server would have a dialogue, and somebody is there to hold it. */
static gboolean
dialogue_after_key (TestPeers            *peers,
                    DevSshAuthentication *question)
{
  if (devssh_authentication_get_public_key (question) != NULL)
    return test_reject (peers, question);

  return ask_two_things (peers, question);
}

static void
test_interactive_after_key (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  DevSshAuthClientCredentials *credentials = test_credentials_new ("ada", NULL, test_key ("ssh-ed25519"));

  credentials->has_interactive_handler = TRUE;
  peers->server_handler = dialogue_after_key;
  peers->client_handler = answer_two_things;
  test_peers_login (peers, credentials);
  assert_logged_in (peers, "ada");
  assert_kinds (peers, "client-public-key client-interactive client-interactive");
}

static void
test_no_dialogue_without_handler (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);

  peers->server_handler = dialogue_after_key;
  test_peers_login (peers, test_credentials_new ("ada", NULL, test_key ("ssh-ed25519")));
  assert_refused (peers);
  assert_kinds (peers, "client-public-key");
}

/* ---- hostbased ---- */

static gboolean
check_host (TestPeers            *peers,
            DevSshAuthentication *question)
{
  g_assert_cmpstr (devssh_authentication_get_client_host_name (question), ==, "client.example");
  g_assert_cmpstr (devssh_authentication_get_client_user_name (question), ==, "augusta");
  g_assert_cmpstr (devssh_authentication_get_user_name (question), ==, "ada");
  return accept_key (peers, question);
}

static void
test_host_based (gconstpointer data)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  DevSshAuthClientCredentials *credentials = test_credentials_new ("ada", NULL, NULL);

  credentials->host_based_key = g_object_ref (test_key (data));
  credentials->client_host = g_strdup ("client.example");
  credentials->client_user = g_strdup ("augusta");
  peers->server_handler = check_host;
  test_peers_login (peers, credentials);
  assert_logged_in (peers, "ada");
  assert_kinds (peers, "client-host-based");
  g_assert_true (devssh_key_pair_equal (peers->seen_key, test_key (data)));
}

static void
test_host_based_refused (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  DevSshAuthClientCredentials *credentials = test_credentials_new ("ada", NULL, NULL);

  credentials->host_based_key = g_object_ref (test_key ("ssh-ed25519"));
  credentials->client_host = g_strdup ("client.example");
  credentials->client_user = g_strdup ("augusta");
  peers->server_handler = test_reject;
  test_peers_login (peers, credentials);
  assert_refused (peers);
}

/* ---- how an answer comes, or does not ---- */

static void
test_key_then_password (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);

  peers->server_handler = check_password;
  test_peers_login (peers, test_credentials_new ("ada", "enchantress", test_key ("ssh-ed25519")));
  assert_logged_in (peers, "ada");
  assert_kinds (peers, "client-public-key client-password");
}

/* A server that lists only keys never gets to see the password. */
static void
test_unlisted_password_is_not_sent (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (only_keys, 0);

  peers->server_handler = test_reject;
  test_peers_login (peers, test_credentials_new ("ada", "enchantress", test_key ("ssh-ed25519")));
  assert_refused (peers);
  assert_kinds (peers, "client-public-key");
  g_assert_cmpstr (peers->log->str, ==, "c50 s51");
}

static void
test_no_handler (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);

  test_peers_login (peers, test_credentials_new ("ada", "enchantress", test_key ("ssh-ed25519")));
  assert_refused (peers);
  g_assert_cmpuint (devssh_auth_server_get_failures (peers->server), ==, 2);
}

static gboolean
accept_and_throw (TestPeers            *peers,
                  DevSshAuthentication *question)
{
  devssh_authentication_accept (question, NULL);
  return FALSE;
}

static void
test_accept_then_false (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);

  peers->server_handler = accept_and_throw;
  test_peers_login (peers, test_credentials_new ("ada", "enchantress", NULL));
  assert_refused (peers);
}

static gboolean
prompt_and_throw (TestPeers            *peers,
                  DevSshAuthentication *question)
{
  devssh_authentication_prompt (question, NULL, NULL, (const char * const []) { "?", NULL }, NULL, 0);
  return FALSE;
}

static void
test_prompt_then_false (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (only_dialogue, 0);

  peers->server_handler = prompt_and_throw;
  peers->client_handler = test_accept;
  test_peers_login (peers, interactive_credentials ());
  assert_refused (peers);
}

static gboolean
take_and_forget (TestPeers            *peers,
                 DevSshAuthentication *question)
{
  return TRUE;
}

static void
test_taken_and_forgotten (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);

  peers->server_handler = take_and_forget;
  test_peers_login (peers, test_credentials_new ("ada", "enchantress", NULL));
  assert_refused (peers);
}

static void
test_late_accept (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);

  peers->server_handler = test_keep;
  test_peers_login (peers, test_credentials_new ("ada", "enchantress", NULL));
  g_assert_true (devssh_auth_server_is_waiting (peers->server));
  g_assert_false (peers->server_succeeded);
  g_assert_cmpstr (devssh_authentication_get_password (peers->kept), ==, "enchantress");

  devssh_authentication_accept (peers->kept, NULL);
  g_assert_false (peers->server_succeeded);
  test_peers_run (peers);
  assert_logged_in (peers, "ada");
  g_assert_false (devssh_auth_server_is_waiting (peers->server));
  /* Without a principal of the application's, the question stands in; its secret is gone. */
  g_assert_true (peers->principal == G_OBJECT (peers->kept));
  g_assert_null (devssh_authentication_get_password (peers->kept));
}

static void
test_late_reject (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);

  peers->server_handler = test_keep;
  test_peers_login (peers, test_credentials_new ("ada", "enchantress", NULL));
  devssh_authentication_reject (peers->kept);
  test_peers_run (peers);
  assert_refused (peers);
}

static void
test_dropped (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);

  peers->server_handler = test_keep;
  test_peers_login (peers, test_credentials_new ("ada", "enchantress", NULL));
  g_clear_object (&peers->kept);
  test_peers_run (peers);
  assert_refused (peers);
}

static void
test_answer_after_the_end (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  g_autoptr(GCancellable) cancellable = NULL;

  peers->server_handler = test_keep;
  test_peers_login (peers, test_credentials_new ("ada", "enchantress", NULL));
  cancellable = g_object_ref (devssh_question_get_cancellable (DEVSSH_QUESTION (peers->kept)));
  g_assert_false (g_cancellable_is_cancelled (cancellable));

  g_clear_pointer (&peers->server, devssh_auth_server_free);
  g_assert_null (devssh_authentication_get_password (peers->kept));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_true (g_cancellable_is_cancelled (cancellable));
  devssh_authentication_accept (peers->kept, NULL);
  g_assert_false (peers->server_woken);
  g_assert_cmpuint (test_outbox_get_number (&peers->from_server), ==, 0);
}

/* What a client sends while a question is open waits for the answer. */
static void
test_pipelined (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  DEVSSH_WRITER_AUTO (writer);

  peers->server_handler = test_keep;
  test_peers_login (peers, test_credentials_new ("ada", "enchanter", NULL));
  test_write_password (&writer, "ada", "enchantress");
  devssh_outbox_send (&peers->from_client.parent, writer.data, writer.length);
  test_peers_run (peers);
  assert_kinds (peers, "client-password");

  peers->server_handler = check_password;
  devssh_authentication_reject (peers->kept);
  test_peers_run (peers);
  assert_kinds (peers, "client-password client-password");
  g_assert_true (peers->server_succeeded);
}

/* ---- limits ---- */

static void
test_limit (gconstpointer data)
{
  const int limit = GPOINTER_TO_INT (data);
  const int expected = limit > 0 ? limit : 5;
  g_autoptr(TestPeers) peers = test_peers_new (NULL, limit);

  peers->server_handler = test_reject;
  for (int i = 1; i <= expected; i++)
    {
      g_assert_cmpuint (peers->server_reason, ==, 0);
      test_peers_login (peers, test_credentials_new ("ada", "guess", NULL));
      assert_refused (peers);
      g_assert_cmpuint (devssh_auth_server_get_failures (peers->server), ==, i);
    }

  /* The last 51 has gone out before the end. */
  g_assert_cmpuint (peers->server_reason, ==, DEVSSH_DISCONNECT_REASON_NO_MORE_AUTH_METHODS_AVAILABLE);
  g_assert_cmpuint (peers->kinds->len, ==, expected);

  /* And nothing comes of anything any more, right or wrong. */
  peers->server_handler = test_accept;
  test_peers_login (peers, test_credentials_new ("ada", "enchantress", NULL));
  g_assert_cmpuint (peers->kinds->len, ==, expected);
  g_assert_false (peers->server_succeeded);
  g_assert_false (peers->client_succeeded);
}

/* ---- secrets in memory ---- */

/* Only here in this form; the plain text exists nowhere but where the engines put it. */
#define M(c) ((c) ^ TEST_SEARCH_MASK)
static const guint8 marker[] = { M ('x'), M ('Q'), M ('7'), M ('m'), M ('z'), M ('K'), M ('2'), M ('w'), M ('J'), M ('9'), M ('b'),
                                 M ('T'), M ('4'), M ('h') };

/* Long, with the marker in the middle: malloc() itself writes over the beginning of what is freed, and
 * takes small blocks again at once. */
#define MARKER_AT 300

static char *
dup_marker (void)
{
  char *text = g_strnfill (700, 'p');

  for (gsize i = 0; i < sizeof marker; i++)
    text[MARKER_AT + i] = (char) M (marker[i]);
  return text;
}

static gboolean
is_marker (const guint8 *data)
{
  return test_search_is (data, marker, sizeof marker);
}

static guint
count_markers (void)
{
  return test_search_count (marker, sizeof marker);
}

static gboolean
expect_marker (TestPeers            *peers,
               DevSshAuthentication *question)
{
  g_assert_true (is_marker ((const guint8 *) devssh_authentication_get_password (question) + MARKER_AT));
  return test_accept (peers, question);
}

static gboolean
ask_for_marker (TestPeers            *peers,
                DevSshAuthentication *question)
{
  const char * const *responses = devssh_authentication_get_responses (question);

  if (responses == NULL)
    devssh_authentication_prompt (question, NULL, NULL, (const char * const []) { "?", NULL }, NULL, 0);
  else
    {
      g_assert_true (is_marker ((const guint8 *) responses[0] + MARKER_AT));
      devssh_authentication_accept (question, NULL);
    }
  return TRUE;
}

static gboolean
answer_with_marker (TestPeers            *peers,
                    DevSshAuthentication *question)
{
  char *text = dup_marker ();

  devssh_authentication_respond (question, (const char * const []) { text, NULL });
  devssh_secret_strfree (text);
  return TRUE;
}

static gboolean
can_count_markers (void)
{
  char *text = dup_marker ();
  const guint n = count_markers ();

  devssh_secret_strfree (text);
  if (n == G_MAXUINT)
    {
      g_test_skip ("There is no /proc/self/mem to look into");
      return FALSE;
    }

  /* The search finds what is there, and nothing else. */
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpuint (count_markers (), ==, 0);
  return TRUE;
}

static void
test_password_is_gone (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  DevSshAuthClientCredentials *credentials = NULL;

  if (!can_count_markers ())
    return;

  credentials = test_credentials_new ("ada", NULL, NULL);
  credentials->password = dup_marker ();
  peers->server_handler = expect_marker;
  test_peers_login (peers, credentials);
  assert_logged_in (peers, "ada");
  g_assert_cmpuint (count_markers (), ==, 0);
}

static void
test_provided_password_is_gone (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  DevSshAuthClientCredentials *credentials = NULL;
  char *text = NULL;

  if (!can_count_markers ())
    return;

  text = dup_marker ();
  credentials = test_credentials_new ("ada", NULL, NULL);
  credentials->has_password_provider = TRUE;
  peers->provided_password = text;
  peers->server_handler = test_reject;
  test_peers_login (peers, credentials);
  devssh_secret_strfree (text);
  assert_refused (peers);
  g_assert_cmpuint (count_markers (), ==, 0);
}

static void
test_responses_are_gone (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (only_dialogue, 0);

  if (!can_count_markers ())
    return;

  peers->server_handler = ask_for_marker;
  peers->client_handler = answer_with_marker;
  test_peers_login (peers, interactive_credentials ());
  assert_logged_in (peers, "ada");
  g_assert_cmpuint (count_markers (), ==, 0);
}

/* The engine's end is the secret's, too, whoever keeps the question. */
static void
test_kept_password_is_gone (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  DevSshAuthClientCredentials *credentials = NULL;

  if (!can_count_markers ())
    return;

  credentials = test_credentials_new ("ada", NULL, NULL);
  credentials->password = dup_marker ();
  peers->server_handler = test_keep;
  test_peers_login (peers, credentials);
  g_assert_nonnull (peers->kept);
  g_clear_pointer (&peers->client, devssh_auth_client_free);
  g_assert_cmpuint (count_markers (), ==, 1);
  g_clear_pointer (&peers->server, devssh_auth_server_free);
  g_assert_cmpuint (count_markers (), ==, 0);
}

/* Nor does a trace line tell them. */
static void
test_secrets_are_not_traced (void)
{
  g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
  DevSshTraceNote *note = NULL;
  guint n_notes = 0;

  peers->server_handler = test_reject;
  test_peers_login (peers, test_credentials_new ("ada\n", "enchantress", NULL));
  while ((note = devssh_tracer_take (peers->tracer)) != NULL)
    {
      g_assert_null (strstr (note->text, "enchantress"));
      for (const char *p = note->text; *p != '\0'; p++)
        g_assert_cmpuint ((guchar) *p, >=, 0x20);
      devssh_trace_note_free (note);
      n_notes++;
    }
  g_assert_cmpuint (n_notes, >, 0);
}

int
main (int    argc,
      char **argv)
{
  static const char * const keys[] = {
    "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"
  };

  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/auth/login/none/E-21", test_none);
  g_test_add_func ("/auth/login/none/empty-user", test_empty_user);
  g_test_add_func ("/auth/login/password/E-21", test_password);
  g_test_add_func ("/auth/login/password/wrong-then-right/E-25", test_password_wrong_then_right);
  g_test_add_func ("/auth/login/password/long", test_password_long);
  g_test_add_func ("/auth/login/password/provider", test_password_provider);
  g_test_add_func ("/auth/login/password/provider/keeps-user", test_password_provider_keeps_user);
  g_test_add_func ("/auth/login/password/provider/gives-nothing", test_password_provider_gives_nothing);
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autofree char *public_key = g_strconcat ("/auth/login/public-key/", keys[i], "/E-21", NULL);
      g_autofree char *host_based = g_strconcat ("/auth/login/host-based/", keys[i], "/E-27", NULL);

      g_test_add_data_func (public_key, keys[i], test_public_key);
      g_test_add_data_func (host_based, keys[i], test_host_based);
    }
  g_test_add_func ("/auth/login/public-key/rsa-sha2-256/E-21", test_public_key_rsa_sha256);
  g_test_add_func ("/auth/login/public-key/second", test_public_key_second);
  g_test_add_func ("/auth/login/public-key/provider", test_public_key_provider);
  g_test_add_func ("/auth/login/public-key/provider/gives-nothing", test_public_key_provider_gives_nothing);
  g_test_add_func ("/auth/login/public-key/without-private-is-skipped", test_public_key_without_private_is_skipped);
  g_test_add_func ("/auth/login/query/yes/T-35/E-21/E-23", test_query_yes);
  g_test_add_func ("/auth/login/query/no/T-35/E-23", test_query_no);
  g_test_add_func ("/auth/login/interactive/E-21", test_interactive);
  g_test_add_func ("/auth/login/interactive/wrong", test_interactive_wrong);
  g_test_add_func ("/auth/login/interactive/rounds", test_interactive_rounds);
  g_test_add_func ("/auth/login/interactive/after-key", test_interactive_after_key);
  g_test_add_func ("/auth/login/interactive/no-handler-no-dialogue", test_no_dialogue_without_handler);
  g_test_add_func ("/auth/login/host-based/refused/E-27", test_host_based_refused);
  g_test_add_func ("/auth/login/key-then-password/E-22", test_key_then_password);
  g_test_add_func ("/auth/login/unlisted-password-is-not-sent/E-22", test_unlisted_password_is_not_sent);
  g_test_add_func ("/auth/login/no-handler/T-36", test_no_handler);
  g_test_add_func ("/auth/login/accept-then-false/T-36/E-17", test_accept_then_false);
  g_test_add_func ("/auth/login/prompt-then-false/T-36", test_prompt_then_false);
  g_test_add_func ("/auth/login/taken-and-forgotten/T-36", test_taken_and_forgotten);
  g_test_add_func ("/auth/login/late-accept", test_late_accept);
  g_test_add_func ("/auth/login/late-reject", test_late_reject);
  g_test_add_func ("/auth/login/dropped/T-36", test_dropped);
  g_test_add_func ("/auth/login/answer-after-the-end/T-36", test_answer_after_the_end);
  g_test_add_func ("/auth/login/pipelined", test_pipelined);
  g_test_add_data_func ("/auth/login/limit/2/T-34/E-25", GINT_TO_POINTER (2), test_limit);
  g_test_add_data_func ("/auth/login/limit/5/T-34/E-25", GINT_TO_POINTER (5), test_limit);
  g_test_add_data_func ("/auth/login/limit/unset/T-34/E-25", GINT_TO_POINTER (0), test_limit);
  g_test_add_data_func ("/auth/login/limit/1/T-34/E-25", GINT_TO_POINTER (1), test_limit);
  g_test_add_func ("/auth/login/secrets-are-gone/password/T-82", test_password_is_gone);
  g_test_add_func ("/auth/login/secrets-are-gone/provided-password/T-82", test_provided_password_is_gone);
  g_test_add_func ("/auth/login/secrets-are-gone/responses/T-82", test_responses_are_gone);
  g_test_add_func ("/auth/login/secrets-are-gone/kept-question/T-82", test_kept_password_is_gone);
  g_test_add_func ("/auth/login/secrets-are-not-traced/T-82", test_secrets_are_not_traced);

  return g_test_run ();
}
