/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages in no order at all: nobody gets in who should not, and every request ends as it must (T-99). */
#include "auth-util.h"

#define N_SEQUENCES 400
#define N_STEPS     40

/* ---- a client that knows no secret ---- */

/* Says yes to queries alone, and otherwise no, in every way there is. */
static gboolean
never_grant (TestPeers            *peers,
             DevSshAuthentication *question)
{
  const DevSshAuthenticationType type = devssh_authentication_get_authentication_type (question);

  switch (g_test_rand_int_range (0, 6))
    {
    case 0:
      return FALSE;
    case 1:
      return TRUE;
    case 2:
      devssh_authentication_accept (question, NULL);
      return type == DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY_QUERY;
    case 3:
      return test_keep (peers, question);
    case 4:
      if (type != DEVSSH_AUTHENTICATION_TYPE_CLIENT_INTERACTIVE)
        return test_reject (peers, question);
      devssh_authentication_prompt (question, NULL, NULL, (const char * const []) { "?", NULL }, NULL, 0);
      return TRUE;
    default:
      return test_reject (peers, question);
    }
}

static void
write_any_request (DevSshWriter *writer)
{
  const char *user = g_test_rand_bit () ? "ada" : "eve";
  DevSshKeyPair *key = test_key ("ecdsa-sha2-nistp256");
  TestSigned what = { user, "ssh-connection", "publickey", "ecdsa-sha2-nistp256" };

  switch (g_test_rand_int_range (0, 8))
    {
    case 0:
      test_write_method (writer, user, "none");
      break;
    case 1:
      test_write_password (writer, user, "guess");
      break;
    case 2:
      test_write_query (writer, user, "ecdsa-sha2-nistp256", key);
      break;
    case 3:
      what.method = g_test_rand_bit () ? "publickey" : "hostbased";
      what.flip = g_test_rand_bit ();
      test_write_signed (writer, &what, key);
      break;
    case 4:
      test_write_method (writer, user, "keyboard-interactive");
      break;
    case 5:
      test_write_method (writer, user, "gssapi-with-mic");
      break;
    default:
      test_write_responses (writer, (const char * const []) { "guess", NULL });
      break;
    }
}

static void
settle (TestPeers *peers)
{
  if (peers->kept != NULL)
    {
      if (g_test_rand_bit ())
        devssh_authentication_reject (peers->kept);
      g_clear_object (&peers->kept);
    }
  test_peers_run (peers);
}

/* Every request gets one reply, unless it ends the conversation or interrupts a dialogue. */
static void
test_server (void)
{
  for (guint i = 0; i < N_SEQUENCES; i++)
    {
      g_autoptr(TestPeers) peers = test_peers_new (NULL, g_test_rand_int_range (1, 12));

      peers->server_handler = never_grant;
      for (guint step = 0; step < N_STEPS; step++)
        {
          const gboolean is_over = peers->server_reason != 0;
          DEVSSH_WRITER_AUTO (writer);
          gboolean is_request = FALSE;
          guint number = 0;

          write_any_request (&writer);
          is_request = writer.data[0] == DEVSSH_MESSAGE_USERAUTH_REQUEST;
          test_peers_client_says_writer (peers, &writer);
          while (devssh_auth_server_is_waiting (peers->server))
            settle (peers);

          number = test_outbox_get_number (&peers->from_server);
          g_assert_cmpuint (g_queue_get_length (&peers->from_server.payloads), <=, 1);
          if (is_over)
            g_assert_cmpuint (number, ==, 0);
          else if (is_request && number == 0)
            g_assert_cmpuint (peers->server_reason, ==, DEVSSH_DISCONNECT_REASON_NO_MORE_AUTH_METHODS_AVAILABLE);
          else if (is_request)
            g_assert_true (number == DEVSSH_MESSAGE_USERAUTH_FAILURE || number == DEVSSH_MESSAGE_USERAUTH_PK_OK);
          test_outbox_drop (&peers->from_server);
          g_assert_false (peers->server_succeeded);
          g_assert_null (peers->principal);
        }
    }
}

/* ---- a server that says anything ---- */

static gboolean
answer_somehow (TestPeers            *peers,
                DevSshAuthentication *question)
{
  const guint n_prompts = devssh_authentication_get_n_prompts (question);
  g_auto(GStrv) responses = g_new0 (char *, n_prompts + 1);

  if (g_test_rand_bit ())
    return g_test_rand_bit ();

  for (guint i = 0; i < n_prompts; i++)
    responses[i] = g_strdup ("answer");
  devssh_authentication_respond (question, (const char * const *) responses);
  return TRUE;
}

static DevSshAuthClientCredentials *
any_credentials (void)
{
  DevSshAuthClientCredentials *credentials = test_credentials_new ("ada", NULL, NULL);

  if (g_test_rand_bit ())
    credentials->password = g_strdup ("enchantress");
  if (g_test_rand_bit ())
    g_ptr_array_add (credentials->keys, g_object_ref (test_key ("ecdsa-sha2-nistp256")));
  credentials->query = credentials->keys->len > 0 && g_test_rand_bit ();
  credentials->has_interactive_handler = g_test_rand_bit ();
  return credentials;
}

static gboolean
has_sent (TestPeers *peers)
{
  const gboolean has = test_outbox_get_number (&peers->from_client) != 0;

  test_outbox_drop (&peers->from_client);
  return has;
}

/* Returns the number of the message. */
static guint
server_says_anything (TestPeers *peers)
{
  guint number = 0;
  static const char * const lists[] = {
    "publickey,password,keyboard-interactive", "password", "keyboard-interactive", ""
  };
  const DevSshPkOkMessage pk_ok = { (char *) "ssh-rsa", { (const guint8 *) "blob", 4 } };
  DEVSSH_WRITER_AUTO (writer);

  switch (g_test_rand_int_range (0, 8))
    {
    case 0:
    case 1:
    case 2:
      number = 51;
      test_peers_server_says_failure (peers, lists[g_test_rand_int_range (0, 4)], g_test_rand_bit ());
      break;
    case 3:
      number = 52;
      test_peers_server_says (peers, (const guint8 *) "\64", 1);
      break;
    case 4:
      number = 60;
      devssh_pk_ok_message_encode (&pk_ok, &writer);
      test_peers_server_says_writer (peers, &writer);
      break;
    case 5:
    case 6:
      number = 60;
      test_peers_server_says (peers, (const guint8 *) "\74\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\1?\0", 23);
      break;
    default:
      number = DEVSSH_MESSAGE_USERAUTH_BANNER;
      test_peers_server_says (peers, (const guint8 *) "\65\0\0\0\2hi\0\0\0\0", 11);
      break;
    }
  test_peers_run_client (peers);
  return number;
}

/* A yes counts only as the answer to a request that proves or asks for a login. */
static void
test_client (void)
{
  guint n_successes = 0;

  for (guint i = 0; i < N_SEQUENCES; i++)
    {
      g_autoptr(TestPeers) peers = test_peers_new (NULL, 0);
      gboolean is_outstanding = FALSE;
      gboolean is_query = FALSE;

      peers->client_handler = answer_somehow;
      for (guint step = 0; step < N_STEPS; step++)
        {
          gboolean was_outstanding = FALSE;

          if (!devssh_auth_client_is_running (peers->client) && g_test_rand_bit ())
            {
              DevSshAuthClientCredentials *credentials = any_credentials ();
              DevSshAuthClientEvent event;

              is_query = credentials->query;
              if (!devssh_auth_client_start (peers->client, credentials, &event, NULL))
                break;
              is_outstanding = has_sent (peers);
            }

          was_outstanding = is_outstanding;
          if (server_says_anything (peers) != DEVSSH_MESSAGE_USERAUTH_BANNER)
            is_outstanding = FALSE;
          if (has_sent (peers))
            is_outstanding = TRUE;

          if (peers->client_succeeded)
            {
              g_assert_true (was_outstanding);
              g_assert_false (is_query);
              n_successes++;
              break;
            }
        }
    }

  /* The sequences are no dead ends. */
  g_assert_cmpuint (n_successes, >, 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/auth/orders/server/T-99", test_server);
  g_test_add_func ("/auth/orders/client/T-99", test_client);

  return g_test_run ();
}
