/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who keeps a session, and who does not (design D18). */
#include "../test-util.h"

typedef struct
{
  DevSshKeyPair           *key;       /* answers the first request with it */
  DevSshCredentialRequest *kept;
} Dialog;

static gboolean
keep_request_cb (gpointer                 credentials,
                 DevSshCredentialRequest *request,
                 Dialog                  *dialog)
{
  if (dialog->key != NULL)
    devssh_credential_request_provide_key (request, g_steal_pointer (&dialog->key));
  else
    g_set_object (&dialog->kept, request);
  return TRUE;
}

static gboolean
is_cancelled (DevSshCredentialRequest *request)
{
  return g_cancellable_is_cancelled (devssh_question_get_cancellable (DEVSSH_QUESTION (request)));
}

/* A dialog for the host key's passphrase is open when the application drops the session. */
static void
test_lifetime_host_key_request (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(DevSshKeyPair) public_key = devssh_key_pair_copy_public (test_key ("ssh-ed25519"));
  Dialog dialog = { test_key ("ssh-ed25519"), NULL };
  g_autoptr(GError) error = NULL;
  gpointer server;

  g_clear_object (&pair->host);
  pair->host = devssh_server_credentials_new ();
  devssh_server_credentials_add_key (pair->host, public_key);
  g_signal_connect (pair->host, "private-key-requested", G_CALLBACK (keep_request_cb), &dialog);
  test_pair_authenticate (pair);
  devssh_session_rekey (DEVSSH_SESSION (pair->client), &error);
  g_assert_no_error (error);
  test_spin_until (dialog.kept != NULL);
  test_settle ();

  server = pair->server;
  g_object_add_weak_pointer (server, &server);
  g_clear_object (&pair->server);
  g_assert_null (server);
  test_spin_until (devssh_session_get_is_closed (DEVSSH_SESSION (pair->client)));
  g_assert_true (is_cancelled (dialog.kept));
  devssh_credential_request_provide_key (dialog.kept, test_key ("ssh-ed25519"));
  test_settle ();
  g_clear_object (&dialog.kept);
}

/* A dialog for the password is still open when the session has ended. */
static void
test_lifetime_password_request (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(GAsyncResult) result = NULL;
  Dialog dialog = { NULL, NULL };
  g_autoptr(GError) error = NULL;
  gpointer client;

  devssh_client_credentials_set_password (pair->user, NULL);
  g_signal_connect (pair->user, "password-requested", G_CALLBACK (keep_request_cb), &dialog);
  test_pair_connect (pair);
  devssh_client_session_authenticate_async (pair->client, pair->user, NULL, test_keep_result_cb, &result);
  test_spin_until (dialog.kept != NULL);
  devssh_session_close (DEVSSH_SESSION (pair->server), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "enough");
  test_spin_until (result != NULL);
  g_assert_false (devssh_client_session_authenticate_finish (pair->client, result, &error));
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_BY_APPLICATION);
  g_clear_object (&result);
  test_settle ();

  client = pair->client;
  g_object_add_weak_pointer (client, &client);
  g_clear_object (&pair->client);
  test_settle ();
  g_assert_null (client);
  g_assert_true (is_cancelled (dialog.kept));
  devssh_credential_request_provide_password (dialog.kept, NULL, "secret");
  test_settle ();
  g_clear_object (&dialog.kept);
}

static void
count_bytes_cb (DevSshChannel *channel,
                GBytes        *data,
                gsize         *n_bytes)
{
  *n_bytes += g_bytes_get_size (data);
}

/* What was sent leaves before the end that comes right after it: by a call, or because nobody has the session any more. */
static void
check_sent_before_end (gboolean drop)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(DevSshChannel) client = NULL;
  g_autoptr(DevSshChannel) server = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GBytes) data = g_bytes_new_take (g_malloc0 (100 * 1024), 100 * 1024);
  g_autoptr(GError) error = NULL;
  gsize n_bytes = 0;

  test_pair_authenticate (pair);
  test_pair_open (pair, "session", &client, &server);
  g_signal_connect (server, "data", G_CALLBACK (count_bytes_cb), &n_bytes);
  devssh_channel_send_async (client, data, NULL, test_keep_result_cb, &result);
  if (drop)
    g_clear_object (&pair->client);
  else
    devssh_session_close (DEVSSH_SESSION (pair->client), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "that is all");
  test_spin_until (result != NULL && devssh_session_get_is_closed (DEVSSH_SESSION (pair->server)));
  g_assert_true (devssh_channel_send_finish (client, result, &error));
  g_assert_no_error (error);
  test_settle ();
  g_assert_cmpuint (n_bytes, ==, 100 * 1024);
  g_assert_cmpint (devssh_session_get_disconnect_reason (DEVSSH_SESSION (pair->server)), ==,
                   DEVSSH_DISCONNECT_REASON_BY_APPLICATION);
}

static void
test_lifetime_sent_and_closed (void)
{
  check_sent_before_end (FALSE);
}

static void
test_lifetime_sent_and_dropped (void)
{
  check_sent_before_end (TRUE);
}

/* What a peer said before it went is heard, though nothing can be written to it any more (T-60). */
static void
test_lifetime_last_words (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(DevSshChannel) client = NULL;
  g_autoptr(DevSshChannel) server = NULL;
  g_autoptr(GBytes) data = g_bytes_new_static ("hello", 5);

  test_pair_authenticate (pair);
  test_pair_open (pair, "session", &client, &server);
  /* One try to write, no wait, and the socket is gone. */
  devssh_session_close (DEVSSH_SESSION (pair->server), DEVSSH_DISCONNECT_REASON_TOO_MANY_CONNECTIONS, "go away");
  g_clear_object (&pair->server);
  devssh_channel_send_async (client, data, NULL, NULL, NULL);
  test_spin_until (devssh_session_get_is_closed (DEVSSH_SESSION (pair->client)));
  g_assert_cmpint (devssh_session_get_disconnect_reason (DEVSSH_SESSION (pair->client)), ==,
                   DEVSSH_DISCONNECT_REASON_TOO_MANY_CONNECTIONS);
}

/* A class that a stranger derives has neither end's half; it says so instead of crashing. */
typedef struct { DevSshSession parent_instance; } StrangeSession;
typedef struct { DevSshSessionClass parent_class; } StrangeSessionClass;
static GType strange_session_get_type (void);
G_DEFINE_TYPE (StrangeSession, strange_session, DEVSSH_TYPE_SESSION)

static void
strange_session_class_init (StrangeSessionClass *klass)
{
}

static void
strange_session_init (StrangeSession *self)
{
}

static void
test_lifetime_stranger (void)
{
  if (g_test_subprocess ())
    {
      g_object_new (strange_session_get_type (), NULL);
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*StrangeSession*only the library*");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/session/lifetime/host-key-request", test_lifetime_host_key_request);
  g_test_add_func ("/session/lifetime/password-request", test_lifetime_password_request);
  g_test_add_func ("/session/lifetime/sent-and-closed", test_lifetime_sent_and_closed);
  g_test_add_func ("/session/lifetime/sent-and-dropped", test_lifetime_sent_and_dropped);
  g_test_add_func ("/session/lifetime/last-words/T-60", test_lifetime_last_words);
  g_test_add_func ("/session/lifetime/stranger", test_lifetime_stranger);
  return g_test_run ();
}
