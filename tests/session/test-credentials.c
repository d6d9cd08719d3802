/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Credentials, and the questions for what they lack. */
#include <libdevssh/session/devssh-credentials-private.h>

#include <libdevssh/wire/devssh-numbers.h>

#include "../test-loop.h"

#define test_spin_until(condition) \
  G_STMT_START { while (!(condition)) g_main_context_iteration (NULL, TRUE); } G_STMT_END

static DevSshKeyPair *
test_key_new (void)
{
  g_autoptr(GError) error = NULL;
  DevSshKeyPair *key = devssh_key_pair_generate (DEVSSH_ALGORITHM_KEY_ED25519, 0, &error);

  g_assert_no_error (error);
  return key;
}

/* What the session would be told. */
typedef struct
{
  guint          told;
  guint          destroyed;
  char          *user;
  char          *password;
  DevSshKeyPair *key;
  DevSshCredentialRequest *kept;
  gboolean       in_call;      /* the application is on the stack */
} Asker;

static void
test_done_cb (DevSshCredentialRequest *request,
              gpointer                 user_data)
{
  Asker *self = user_data;

  g_assert_false (self->in_call);
  self->told++;
  self->user = g_strdup (devssh_credential_request_get_answer_user (request));
  self->password = g_strdup (devssh_credential_request_get_answer_password (request));
  g_set_object (&self->key, devssh_credential_request_get_answer_key (request));
}

static void
test_destroy_cb (gpointer user_data)
{
  ((Asker *) user_data)->destroyed++;
}

static void
test_asker_clear (Asker *self)
{
  g_clear_pointer (&self->user, g_free);
  g_clear_pointer (&self->password, g_free);
  g_clear_object (&self->key);
  g_clear_object (&self->kept);
}

/* ---- what is in them ---- */

static void
test_fields (void)
{
  g_autoptr(DevSshClientCredentials) credentials = devssh_client_credentials_new (NULL);
  g_autoptr(DevSshKeyPair) key = test_key_new ();
  g_autoptr(DevSshKeyPair) first = NULL;
  DevSshAuthClientCredentials *made;

  g_assert_cmpstr (devssh_client_credentials_get_user_name (credentials), ==, "");
  g_assert_null (devssh_client_credentials_get_password (credentials));
  g_assert_cmpuint (g_list_model_get_n_items (devssh_client_credentials_get_keys (credentials)), ==, 0);

  devssh_client_credentials_set_user_name (credentials, "alice");
  g_object_set (credentials, "password", "wonder", NULL);
  devssh_client_credentials_add_key (credentials, key);
  devssh_client_credentials_set_host_based (credentials, key, "host.example", "al");
  first = g_list_model_get_item (devssh_client_credentials_get_keys (credentials), 0);
  g_assert_true (first == key);

  made = devssh_client_credentials_make (credentials);
  devssh_client_credentials_set_password (credentials, NULL);
  g_assert_cmpstr (made->user_name, ==, "alice");
  g_assert_cmpstr (made->password, ==, "wonder");
  g_assert_cmpuint (made->keys->len, ==, 1);
  g_assert_true (made->host_based_key == key);
  g_assert_cmpstr (made->client_host, ==, "host.example");
  g_assert_cmpstr (made->client_user, ==, "al");
  g_assert_false (made->has_password_provider);
  g_assert_false (made->has_private_key_provider);
  devssh_auth_client_credentials_free (made);

  devssh_client_credentials_set_host_based (credentials, NULL, NULL, NULL);
  made = devssh_client_credentials_make (credentials);
  g_assert_null (made->password);
  g_assert_null (made->host_based_key);
  g_assert_null (made->client_host);
  devssh_auth_client_credentials_free (made);
}

/* Not cut, not refused. */
static void
test_long_password (void)
{
  g_autoptr(DevSshClientCredentials) credentials = devssh_client_credentials_new ("");
  g_autofree char *password = g_strnfill (8192, 'p');
  DevSshAuthClientCredentials *made;

  devssh_client_credentials_set_password (credentials, password);
  made = devssh_client_credentials_make (credentials);
  g_assert_cmpstr (made->password, ==, password);
  devssh_auth_client_credentials_free (made);
}

static gboolean
test_never_cb (gpointer                 credentials,
               DevSshCredentialRequest *request,
               gpointer                 user_data)
{
  g_assert_not_reached ();
}

static void
test_providers_are_seen (void)
{
  g_autoptr(DevSshClientCredentials) credentials = devssh_client_credentials_new ("alice");
  DevSshAuthClientCredentials *made;
  gulong handler;

  handler = g_signal_connect (credentials, "password-requested", G_CALLBACK (test_never_cb), NULL);
  made = devssh_client_credentials_make (credentials);
  g_assert_true (made->has_password_provider);
  g_assert_false (made->has_private_key_provider);
  devssh_auth_client_credentials_free (made);

  g_signal_handler_disconnect (credentials, handler);
  g_signal_connect (credentials, "private-key-requested", G_CALLBACK (test_never_cb), NULL);
  made = devssh_client_credentials_make (credentials);
  g_assert_false (made->has_password_provider);
  g_assert_true (made->has_private_key_provider);
  devssh_auth_client_credentials_free (made);
}

/* ---- questions ---- */

static gboolean
test_provide_cb (gpointer                 credentials,
                 DevSshCredentialRequest *request,
                 gpointer                 user_data)
{
  Asker *self = user_data;

  g_assert_cmpstr (devssh_credential_request_get_user_name (request), ==, "alice");
  g_assert_null (devssh_credential_request_get_public_key (request));
  self->in_call = TRUE;
  devssh_credential_request_provide_password (request, "bob", "secret");
  self->in_call = FALSE;
  return TRUE;
}

static void
test_answered_now (void)
{
  g_autoptr(DevSshClientCredentials) credentials = devssh_client_credentials_new ("alice");
  Asker asker = { 0, };

  g_signal_connect (credentials, "password-requested", G_CALLBACK (test_provide_cb), &asker);
  devssh_client_credentials_ask_password (credentials, NULL, test_done_cb, &asker, test_destroy_cb);
  test_settle ();
  g_assert_cmpuint (asker.told, ==, 1);
  g_assert_cmpuint (asker.destroyed, ==, 1);
  g_assert_cmpstr (asker.user, ==, "bob");
  g_assert_cmpstr (asker.password, ==, "secret");
  test_asker_clear (&asker);
}

static gboolean
test_keep_cb (gpointer                 credentials,
              DevSshCredentialRequest *request,
              gpointer                 user_data)
{
  Asker *self = user_data;

  g_set_object (&self->kept, request);
  return TRUE;
}

static void
test_answered_later (void)
{
  g_autoptr(DevSshServerCredentials) credentials = devssh_server_credentials_new ();
  g_autoptr(DevSshKeyPair) key = test_key_new ();
  g_autoptr(DevSshKeyPair) public_key = devssh_key_pair_copy_public (key);
  Asker asker = { 0, };

  g_signal_connect (credentials, "private-key-requested", G_CALLBACK (test_keep_cb), &asker);
  devssh_server_credentials_ask_private_key (credentials, public_key, NULL, test_done_cb, &asker, test_destroy_cb);
  test_settle ();
  g_assert_cmpuint (asker.told, ==, 0);
  g_assert_true (devssh_credential_request_get_public_key (asker.kept) == public_key);
  g_assert_null (devssh_credential_request_get_user_name (asker.kept));

  /* Not out of the application's own call. */
  asker.in_call = TRUE;
  devssh_credential_request_provide_key (asker.kept, key);
  asker.in_call = FALSE;
  test_spin_until (asker.told == 1);
  g_assert_true (asker.key == key);
  g_clear_object (&asker.kept);
  g_assert_cmpuint (asker.destroyed, ==, 1);
  test_asker_clear (&asker);
}

static void
test_declined (void)
{
  g_autoptr(DevSshClientCredentials) credentials = devssh_client_credentials_new ("alice");
  Asker asker = { 0, };

  g_signal_connect (credentials, "password-requested", G_CALLBACK (test_keep_cb), &asker);
  devssh_client_credentials_ask_password (credentials, NULL, test_done_cb, &asker, test_destroy_cb);
  devssh_credential_request_decline (asker.kept);
  test_spin_until (asker.told == 1);
  g_assert_null (asker.password);
  test_asker_clear (&asker);
}

/* An answer counts only if the handler also returns TRUE (design D6). */
static gboolean
test_provide_and_fail_cb (gpointer                 credentials,
                          DevSshCredentialRequest *request,
                          gpointer                 user_data)
{
  devssh_credential_request_provide_password (request, NULL, "secret");
  return FALSE;
}

static void
test_answered_and_failed (void)
{
  g_autoptr(DevSshClientCredentials) credentials = devssh_client_credentials_new ("alice");
  Asker asker = { 0, };

  g_signal_connect (credentials, "password-requested", G_CALLBACK (test_provide_and_fail_cb), NULL);
  devssh_client_credentials_ask_password (credentials, NULL, test_done_cb, &asker, test_destroy_cb);
  test_settle ();
  g_assert_cmpuint (asker.told, ==, 1);
  g_assert_null (asker.password);
  test_asker_clear (&asker);
}

static void
test_nobody_listens (void)
{
  g_autoptr(DevSshClientCredentials) credentials = devssh_client_credentials_new ("alice");
  Asker asker = { 0, };

  devssh_client_credentials_ask_password (credentials, NULL, test_done_cb, &asker, test_destroy_cb);
  test_settle ();
  g_assert_cmpuint (asker.told, ==, 1);
  g_assert_cmpuint (asker.destroyed, ==, 1);
  g_assert_null (asker.password);
}

static void
test_dropped (void)
{
  g_autoptr(DevSshClientCredentials) credentials = devssh_client_credentials_new ("alice");
  Asker asker = { 0, };

  g_signal_connect (credentials, "password-requested", G_CALLBACK (test_keep_cb), &asker);
  devssh_client_credentials_ask_password (credentials, NULL, test_done_cb, &asker, test_destroy_cb);
  g_clear_object (&asker.kept);
  test_spin_until (asker.told == 1);
  test_settle ();
  g_assert_null (asker.password);
  g_assert_cmpuint (asker.destroyed, ==, 1);
}

/* The session is gone: nobody is told, the dialog learns of it, and a late answer has no effect. */
static void
test_cancelled (void)
{
  g_autoptr(DevSshClientCredentials) credentials = devssh_client_credentials_new ("alice");
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Asker asker = { 0, };

  g_signal_connect (credentials, "password-requested", G_CALLBACK (test_keep_cb), &asker);
  devssh_client_credentials_ask_password (credentials, cancellable, test_done_cb, &asker, test_destroy_cb);
  g_cancellable_cancel (cancellable);
  test_spin_until (g_cancellable_is_cancelled (devssh_question_get_cancellable (DEVSSH_QUESTION (asker.kept))));
  g_clear_object (&asker.kept);
  test_settle ();
  g_assert_cmpuint (asker.told, ==, 0);
  g_assert_cmpuint (asker.destroyed, ==, 1);

  /* Answered, and cancelled before the loop could tell. */
  g_object_unref (cancellable);
  cancellable = g_cancellable_new ();
  devssh_client_credentials_ask_password (credentials, cancellable, test_done_cb, &asker, test_destroy_cb);
  devssh_credential_request_provide_password (asker.kept, NULL, "secret");
  g_cancellable_cancel (cancellable);
  test_settle ();
  g_clear_object (&asker.kept);
  g_assert_cmpuint (asker.told, ==, 0);
  g_assert_cmpuint (asker.destroyed, ==, 2);
}

/* Another key than the one the peer was promised is none. */
static void
test_wrong_key (void)
{
  g_autoptr(DevSshClientCredentials) credentials = devssh_client_credentials_new ("alice");
  g_autoptr(DevSshKeyPair) key = test_key_new ();
  g_autoptr(DevSshKeyPair) other = test_key_new ();
  g_autoptr(DevSshKeyPair) public_key = devssh_key_pair_copy_public (key);
  DevSshKeyPair *wrong[] = { other, public_key };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      Asker asker = { 0, };

      g_signal_connect (credentials, "private-key-requested", G_CALLBACK (test_keep_cb), &asker);
      devssh_client_credentials_ask_private_key (credentials, public_key, NULL, test_done_cb, &asker, test_destroy_cb);
      g_test_expect_message ("devssh", G_LOG_LEVEL_WARNING, "*not the private key*");
      devssh_credential_request_provide_key (asker.kept, wrong[i]);
      g_test_assert_expected_messages ();
      test_spin_until (asker.told == 1);
      g_assert_null (asker.key);
      g_signal_handlers_disconnect_by_data (credentials, &asker);
      test_asker_clear (&asker);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/session/credentials/fields", test_fields);
  g_test_add_func ("/session/credentials/long-password", test_long_password);
  g_test_add_func ("/session/credentials/providers-are-seen", test_providers_are_seen);
  g_test_add_func ("/session/credentials/answered-now", test_answered_now);
  g_test_add_func ("/session/credentials/answered-later", test_answered_later);
  g_test_add_func ("/session/credentials/declined", test_declined);
  g_test_add_func ("/session/credentials/answered-and-failed", test_answered_and_failed);
  g_test_add_func ("/session/credentials/nobody-listens", test_nobody_listens);
  g_test_add_func ("/session/credentials/dropped", test_dropped);
  g_test_add_func ("/session/credentials/T-65/cancelled", test_cancelled);
  g_test_add_func ("/session/credentials/wrong-key", test_wrong_key);

  return g_test_run ();
}
