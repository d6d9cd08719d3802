/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logins as an application sees them: what both sessions know after each of them, whatever its end. */
#include "../test-util.h"

#include <string.h>

static DevSshSession *
client_of (TestPair *pair)
{
  return DEVSSH_SESSION (pair->client);
}

static DevSshSession *
server_of (TestPair *pair)
{
  return DEVSSH_SESSION (pair->server);
}

/* What a server's handler says, and what it saw. */
typedef struct
{
  gboolean                  accepts;
  GObject                  *principal;       /* to accept with */
  guint                     asked;
  DevSshAuthenticationType  type;
  char                     *user;
  DevSshKeyPair            *key;
} Door;

static void
door_clear (Door *self)
{
  g_clear_object (&self->principal);
  g_clear_object (&self->key);
  g_free (self->user);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Door, door_clear)

static gboolean
door_cb (DevSshSession        *session,
         DevSshAuthentication *question,
         Door                 *self)
{
  static const char * const prompts[] = { "Name? ", "Word? ", NULL };
  static const gboolean echo[] = { TRUE, FALSE };
  const char * const *responses = devssh_authentication_get_responses (question);

  self->asked++;
  self->type = devssh_authentication_get_authentication_type (question);
  g_free (self->user);
  self->user = g_strdup (devssh_authentication_get_user_name (question));
  g_set_object (&self->key, devssh_authentication_get_public_key (question));
  if (!self->accepts)
    devssh_authentication_reject (question);
  else if (self->type == DEVSSH_AUTHENTICATION_TYPE_CLIENT_INTERACTIVE && responses == NULL)
    devssh_authentication_prompt (question, "Door", "Who is there?", prompts, echo, 2);
  else if (self->type == DEVSSH_AUTHENTICATION_TYPE_CLIENT_INTERACTIVE
           && !g_strv_equal (responses, (const char * const []) { "ada", "1834", NULL }))
    devssh_authentication_reject (question);
  else
    devssh_authentication_accept (question, self->principal);
  return TRUE;
}

static void
door_init (Door     *self,
           TestPair *pair,
           gboolean  accepts)
{
  memset (self, 0, sizeof *self);
  self->accepts = accepts;
  self->principal = g_object_new (G_TYPE_OBJECT, NULL);
  g_signal_handlers_disconnect_by_data (pair->server, pair);
  g_signal_connect (pair->server, "authenticating", G_CALLBACK (door_cb), self);
}

static void
count_cb (DevSshServerSession *session,
          guint               *n)
{
  (*n)++;
}

static gboolean
log_in (TestPair                *pair,
        DevSshClientCredentials *credentials,
        GError                 **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  devssh_client_session_authenticate_async (pair->client, credentials, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  test_settle ();
  return devssh_client_session_authenticate_finish (pair->client, result, error);
}

static void
assert_can_open (TestPair *pair)
{
  g_autoptr(DevSshChannel) client = NULL;
  g_autoptr(DevSshChannel) server = NULL;

  test_pair_open (pair, "session", &client, &server);
}

/* ---- E-21: each method ---- */

static gboolean
dialogue_cb (DevSshSession        *session,
             DevSshAuthentication *question,
             gpointer              user_data)
{
  if (devssh_authentication_get_authentication_type (question) != DEVSSH_AUTHENTICATION_TYPE_CLIENT_INTERACTIVE)
    return FALSE;
  g_assert_cmpuint (devssh_authentication_get_n_prompts (question), ==, 2);
  g_assert_true (devssh_authentication_get_prompt_echo (question, 0));
  g_assert_false (devssh_authentication_get_prompt_echo (question, 1));
  devssh_authentication_respond (question, (const char * const []) { "ada", "1834", NULL });
  return TRUE;
}

/* The host's principal, too, is the object that was accepted with. */
static gboolean
accept_host_cb (DevSshSession        *session,
                DevSshAuthentication *question,
                GObject              *principal)
{
  if (devssh_authentication_get_authentication_type (question) != DEVSSH_AUTHENTICATION_TYPE_SERVER_PUBLIC_KEY)
    return FALSE;
  devssh_authentication_accept (question, principal);
  return TRUE;
}

static DevSshKeyPair *
load_key (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "keys", name, NULL);
  g_autoptr(GFile) file = g_file_new_for_path (path);
  g_autoptr(GError) error = NULL;
  DevSshKeyPair *key = devssh_key_pair_import_file (file, DEVSSH_KEY_FORMAT_DEFAULT, NULL, NULL, &error);

  g_assert_no_error (error);
  return key;
}

typedef struct
{
  const char               *name;
  const char               *method;
  DevSshAuthenticationType  type;
  guint                     asked;
  const char               *key;
  const char               *algorithm;      /* the only one of the client's list; NULL: as it is */
} Method;

static const Method methods[] = {
  { "none", "none", DEVSSH_AUTHENTICATION_TYPE_CLIENT_NONE, 1, NULL, NULL },
  { "password", "password", DEVSSH_AUTHENTICATION_TYPE_CLIENT_PASSWORD, 1, NULL, NULL },
  { "interactive", "keyboard-interactive", DEVSSH_AUTHENTICATION_TYPE_CLIENT_INTERACTIVE, 2, NULL, NULL },
  { "ed25519", "publickey", DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY, 1, "ed25519-openssh-none", NULL },
  { "ecdsa-256", "publickey", DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY, 1, "ecdsa256-openssh-none", NULL },
  { "ecdsa-384", "publickey", DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY, 1, "ecdsa384-openssh-none", NULL },
  { "rsa-2048/rsa-sha2-256", "publickey", DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY, 1, "rsa2048-openssh-none", "rsa-sha2-256" },
  { "rsa-2048/rsa-sha2-512", "publickey", DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY, 1, "rsa2048-openssh-none", "rsa-sha2-512" },
  { "rsa-4096/rsa-sha2-256", "publickey", DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY, 1, "rsa4096-openssh-none", "rsa-sha2-256" },
  { "rsa-4096/rsa-sha2-512", "publickey", DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY, 1, "rsa4096-openssh-none", "rsa-sha2-512" },
};

static void
test_method (gconstpointer data)
{
  const Method *method = data;
  const char * const only[] = { method->method, NULL };
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(DevSshClientCredentials) ada = devssh_client_credentials_new ("ada");
  g_autoptr(DevSshKeyPair) key = method->key != NULL ? load_key (method->key) : NULL;
  g_autoptr(GObject) host = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr(GError) error = NULL;
  g_auto(Door) door = { 0 };
  guint told = 0;

  g_object_set (pair->client_config, "authentication-methods", only, NULL);
  g_object_set (pair->server_config, "authentication-methods", only, NULL);
  if (method->algorithm != NULL)
    {
      const char * const algorithms[] = { "ssh-ed25519", method->algorithm, NULL };

      devssh_session_config_set_public_key_algorithms (pair->client_config, algorithms);
    }
  if (key != NULL)
    devssh_client_credentials_add_key (ada, key);
  if (g_str_equal (method->method, "password"))
    devssh_client_credentials_set_password (ada, "secret");

  test_pair_make (pair);
  door_init (&door, pair, TRUE);
  g_signal_handlers_disconnect_by_data (pair->client, pair);
  g_signal_connect (pair->client, "authenticating", G_CALLBACK (accept_host_cb), host);
  g_signal_connect (pair->client, "authenticating", G_CALLBACK (dialogue_cb), NULL);
  g_signal_connect (pair->server, "client-authenticated", G_CALLBACK (count_cb), &told);
  test_pair_connect (pair);
  g_assert_null (devssh_session_get_principal (client_of (pair)));
  g_assert_null (devssh_session_get_principal (server_of (pair)));
  g_assert_true (log_in (pair, ada, &error));
  g_assert_no_error (error);

  g_assert_cmpuint (told, ==, 1);
  g_assert_cmpuint (door.asked, ==, method->asked);
  g_assert_cmpint (door.type, ==, method->type);
  g_assert_cmpstr (door.user, ==, "ada");
  g_assert_cmpstr (devssh_server_session_get_user_name (pair->server), ==, "ada");
  g_assert_true ((door.key != NULL) == (key != NULL));
  if (key != NULL)
    {
      g_assert_true (devssh_key_pair_equal (door.key, key));
      g_assert_false (devssh_key_pair_get_has_private (door.key));
    }
  g_assert_true (devssh_session_get_principal (server_of (pair)) == door.principal);
  g_assert_true (devssh_session_get_principal (client_of (pair)) == host);
  assert_can_open (pair);
}

/* ---- E-23: queries ---- */

static gboolean
query (TestPair      *pair,
       DevSshKeyPair *key)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  gboolean answer;

  devssh_client_session_query_public_key_async (pair->client, "ada", key, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  test_settle ();
  answer = devssh_client_session_query_public_key_finish (pair->client, result, &error);
  g_assert_no_error (error);
  return answer;
}

static void
accept_host (TestPair *pair)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  devssh_client_session_authenticate_server_async (pair->client, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_true (devssh_client_session_authenticate_server_finish (pair->client, result, &error));
  g_assert_no_error (error);
}

static void
test_query (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(GError) error = NULL;
  g_auto(Door) door = { 0 };
  guint told = 0;

  test_pair_make (pair);
  door_init (&door, pair, FALSE);
  g_signal_connect (pair->server, "client-authenticated", G_CALLBACK (count_cb), &told);
  test_pair_connect (pair);
  accept_host (pair);

  for (guint i = 0; i < 2; i++)
    {
      door.accepts = i == 1;
      g_assert_cmpint (query (pair, test_key ("ecdsa-sha2-nistp256")), ==, i == 1);
      g_assert_cmpint (door.type, ==, DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY_QUERY);
      g_assert_true (devssh_key_pair_equal (door.key, test_key ("ecdsa-sha2-nistp256")));
      for (guint k = 0; k < 2; k++)
        {
          DevSshSession *session = k == 0 ? client_of (pair) : server_of (pair);

          g_assert_null (devssh_session_get_principal (session));
          g_assert_true (devssh_session_get_is_connected (session));
          g_assert_false (devssh_session_get_is_authenticated (session));
        }
    }
  g_assert_cmpuint (told, ==, 0);

  /* And then for real. */
  devssh_client_credentials_add_key (pair->user, test_key ("ecdsa-sha2-nistp256"));
  g_assert_true (log_in (pair, pair->user, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (told, ==, 1);
  assert_can_open (pair);
}

/* ---- E-22: what a server lists ---- */

static void
test_only_keys_listed (void)
{
  static const char * const only_keys[] = { DEVSSH_AUTH_METHOD_PUBLIC_KEY, NULL };
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(GError) error = NULL;
  g_auto(Door) door = { 0 };

  g_object_set (pair->server_config, "authentication-methods", only_keys, NULL);
  devssh_client_credentials_add_key (pair->user, test_key ("ecdsa-sha2-nistp256"));
  test_pair_make (pair);
  door_init (&door, pair, FALSE);
  test_pair_connect (pair);
  g_assert_false (log_in (pair, pair->user, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (door.asked, ==, 1);
  g_assert_cmpint (door.type, ==, DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY);
}

/* ---- E-24: trouble in handlers ---- */

static gboolean
throw_cb (DevSshSession        *session,
          DevSshAuthentication *question,
          gpointer              user_data)
{
  /* As an exception looks from here: an answer, perhaps, and then not TRUE. */
  devssh_authentication_accept (question, NULL);
  return FALSE;
}

static void
test_host_throws (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(GError) error = NULL;

  test_pair_make (pair);
  g_signal_handlers_disconnect_by_data (pair->client, pair);
  g_signal_connect (pair->client, "authenticating", G_CALLBACK (throw_cb), NULL);
  test_pair_connect (pair);
  g_assert_false (log_in (pair, pair->user, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (pair->user_questions, ==, 0);
  test_spin_until (devssh_session_get_is_closed (server_of (pair)));
  g_assert_cmpint (devssh_session_get_disconnect_reason (client_of (pair)), ==, DEVSSH_DISCONNECT_REASON_HOST_KEY_NOT_VERIFIABLE);
  g_assert_cmpint (devssh_session_get_disconnect_reason (server_of (pair)), ==, DEVSSH_DISCONNECT_REASON_HOST_KEY_NOT_VERIFIABLE);
}

static gboolean
cut_cb (DevSshSession        *session,
        DevSshAuthentication *question,
        gpointer              accepts)
{
  g_io_stream_close (devssh_session_get_stream (session), NULL, NULL);
  if (accepts != NULL)
    devssh_authentication_accept (question, NULL);
  else
    devssh_authentication_reject (question);
  return TRUE;
}

static void
test_lost_inside (gconstpointer accepts)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(GError) error = NULL;

  test_pair_make (pair);
  g_signal_handlers_disconnect_by_data (pair->server, pair);
  g_signal_connect (pair->server, "authenticating", G_CALLBACK (cut_cb), (gpointer) accepts);
  test_pair_connect (pair);
  g_assert_false (log_in (pair, pair->user, &error));
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
  g_assert_false (devssh_session_get_is_authenticated (client_of (pair)));
  test_spin_until (devssh_session_get_is_closed (server_of (pair)));
  g_assert_cmpint (devssh_session_get_disconnect_reason (server_of (pair)), ==, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
}

/* ---- E-25, E-28: failures ---- */

static GError *
try_to_open (DevSshSession *session)
{
  g_autoptr(GAsyncResult) result = NULL;
  GError *error = NULL;

  devssh_session_open_channel_async (session, NULL, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_null (devssh_session_open_channel_finish (session, result, &error));
  return error;
}

/* One method, one question. */
static void
use_only_passwords (TestPair *pair)
{
  static const char * const passwords[] = { DEVSSH_AUTH_METHOD_PASSWORD, NULL };

  g_object_set (pair->client_config, "authentication-methods", passwords, NULL);
}

static void
test_failures (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(GError) error = NULL;
  g_auto(Door) door = { 0 };
  guint told = 0;

  use_only_passwords (pair);
  test_pair_make (pair);
  door_init (&door, pair, FALSE);
  g_signal_connect (pair->server, "client-authenticated", G_CALLBACK (count_cb), &told);
  test_pair_connect (pair);

  /* Four are refused, the fifth may still be granted, and nothing is there before. */
  for (guint i = 1; i < 5; i++)
    {
      g_autoptr(GError) refused = NULL;

      g_assert_false (log_in (pair, pair->user, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (door.asked, ==, i);
      g_assert_true (devssh_session_get_is_connected (client_of (pair)));
      g_assert_true (devssh_session_get_is_connected (server_of (pair)));
      g_assert_false (devssh_session_get_is_authenticated (server_of (pair)));
      refused = try_to_open (server_of (pair));
      g_assert_error (refused, DEVSSH_ERROR, DEVSSH_ERROR_NOT_AUTHENTICATED);
    }
  g_assert_cmpuint (told, ==, 0);
  door.accepts = TRUE;
  g_assert_true (log_in (pair, pair->user, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (told, ==, 1);
  assert_can_open (pair);
}

static void
test_last_failure (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_auto(Door) door = { 0 };
  guint told = 0;

  g_object_set (pair->server_config, "max-client-authentication-attempts", 2, NULL);
  use_only_passwords (pair);
  test_pair_make (pair);
  door_init (&door, pair, FALSE);
  g_signal_connect (pair->server, "client-authenticated", G_CALLBACK (count_cb), &told);
  test_pair_connect (pair);
  for (guint i = 1; i <= 2; i++)
    {
      g_autoptr(GError) error = NULL;

      /* The last refusal is still told as one, or the end comes first: either is true. */
      g_assert_false (log_in (pair, pair->user, &error));
      g_assert_true (error == NULL || i == 2);
      if (error != NULL)
        g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_NO_MORE_AUTH_METHODS_AVAILABLE);
      g_assert_cmpuint (door.asked, ==, i);
    }
  test_spin_until (devssh_session_get_is_closed (client_of (pair)) && devssh_session_get_is_closed (server_of (pair)));
  g_assert_cmpint (devssh_session_get_disconnect_reason (client_of (pair)), ==,
                   DEVSSH_DISCONNECT_REASON_NO_MORE_AUTH_METHODS_AVAILABLE);
  g_assert_cmpint (devssh_session_get_disconnect_reason (server_of (pair)), ==,
                   DEVSSH_DISCONNECT_REASON_NO_MORE_AUTH_METHODS_AVAILABLE);
  g_assert_cmpuint (told, ==, 0);
}

/* ---- E-26: too early ---- */

static gboolean
never_opening_cb (DevSshSession        *session,
                  DevSshChannelOpening *opening,
                  gpointer              user_data)
{
  g_assert_not_reached ();
}

static gboolean
never_request_cb (DevSshSession        *session,
                  DevSshSessionRequest *request,
                  gpointer              user_data)
{
  g_assert_not_reached ();
}

static void
test_too_early (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  DevSshSessionMetrics *metrics;
  guint64 before;

  test_pair_make (pair);
  g_signal_connect (pair->server, "channel-opening", G_CALLBACK (never_opening_cb), NULL);
  g_signal_connect (pair->server, "request", G_CALLBACK (never_request_cb), NULL);

  for (guint connected = 0; connected < 2; connected++)
    {
      DevSshError expected = connected ? DEVSSH_ERROR_NOT_AUTHENTICATED : DEVSSH_ERROR_NOT_CONNECTED;
      g_autoptr(GAsyncResult) asked = NULL;
      g_autoptr(GAsyncResult) service = NULL;
      g_autoptr(GError) error = NULL;

      if (connected)
        test_pair_connect (pair);
      test_settle ();
      metrics = devssh_session_get_metrics (client_of (pair));
      before = devssh_session_metrics_get_messages_sent (metrics);
      error = try_to_open (client_of (pair));
      g_assert_error (error, DEVSSH_ERROR, (int) expected);
      g_clear_error (&error);
      devssh_session_request_async (client_of (pair), "x@example.org", TRUE, NULL, NULL, test_keep_result_cb, &asked);
      devssh_session_request_service_async (client_of (pair), "x@example.org", NULL, test_keep_result_cb, &service);
      test_spin_until (asked != NULL && service != NULL);
      g_assert_false (devssh_session_request_finish (client_of (pair), asked, NULL, &error));
      g_assert_error (error, DEVSSH_ERROR, (int) expected);
      g_clear_error (&error);
      g_assert_false (devssh_session_request_service_finish (client_of (pair), service, &error));
      g_assert_error (error, DEVSSH_ERROR, (int) expected);
      test_settle ();
      /* Nothing of it went out, and the session is none the worse. */
      g_assert_cmpuint (devssh_session_metrics_get_messages_sent (metrics), ==, before);
    }

  g_signal_handlers_disconnect_by_func (pair->server, never_opening_cb, NULL);
  g_signal_handlers_disconnect_by_func (pair->server, never_request_cb, NULL);
  g_assert_true (log_in (pair, pair->user, NULL));
  assert_can_open (pair);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      g_autofree char *path = g_strdup_printf ("/session/login/%s/E-21", methods[i].name);

      g_test_add_data_func (path, &methods[i], test_method);
    }
  g_test_add_func ("/session/login/only-keys-listed/E-22", test_only_keys_listed);
  g_test_add_func ("/session/login/query/E-23/T-35", test_query);
  g_test_add_func ("/session/login/host-throws/E-24/E-17", test_host_throws);
  g_test_add_data_func ("/session/login/lost-inside/accepted/E-24", GINT_TO_POINTER (TRUE), test_lost_inside);
  g_test_add_data_func ("/session/login/lost-inside/refused/E-24", NULL, test_lost_inside);
  g_test_add_func ("/session/login/failures/E-25/E-28", test_failures);
  g_test_add_func ("/session/login/last-failure/E-25/T-34", test_last_failure);
  g_test_add_func ("/session/login/too-early/E-26/T-30", test_too_early);
  return g_test_run ();
}
