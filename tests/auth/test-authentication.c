/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The question itself: what it shows, what can be answered on it, and how long it keeps a secret. */
#include "auth-util.h"

static void
count_answer_cb (DevSshQuestion *question,
                 gpointer        user_data)
{
  guint *answers = user_data;

  (*answers)++;
}

static DevSshAuthentication *
new_prompted (guint n_prompts)
{
  DevSshAuthentication *self = devssh_authentication_new (DEVSSH_AUTHENTICATION_TYPE_CLIENT_INTERACTIVE, NULL);
  DevSshInfoPrompt prompts[] = { { { (const guint8 *) "User", 4 }, TRUE }, { { (const guint8 *) "PIN", 3 }, FALSE } };
  const DevSshInfoRequestMessage request = {
    .name = { (const guint8 *) "Name", 4 },
    .prompts = prompts,
    .n_prompts = n_prompts
  };

  devssh_authentication_set_request (self, &request);
  return self;
}

/* protocol.md 9.5 */
static void
test_numbers (void)
{
  g_autoptr(GEnumClass) klass = g_type_class_ref (DEVSSH_TYPE_AUTHENTICATION_TYPE);
  static const struct { int value; const char *nick; } numbers[] = {
    { 0, "client-none" }, { 1, "client-host-based" }, { 2, "client-password" }, { 3, "client-public-key-query" },
    { 4, "client-public-key" }, { 5, "client-interactive" }, { 10, "server-public-key" }
  };

  g_assert_cmpuint (klass->n_values, ==, G_N_ELEMENTS (numbers));
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    g_assert_cmpstr (g_enum_get_value (klass, numbers[i].value)->value_nick, ==, numbers[i].nick);
}

static void
test_properties (void)
{
  g_autoptr(DevSshAuthentication) self = devssh_authentication_new (DEVSSH_AUTHENTICATION_TYPE_CLIENT_HOST_BASED, "ada");
  g_autoptr(DevSshAuthentication) prompted = new_prompted (2);
  g_autoptr(DevSshKeyPair) key = devssh_key_pair_copy_public (test_key ("ssh-ed25519"));
  g_autoptr(DevSshKeyPair) public_key = NULL;
  g_autofree char *user_name = NULL;
  g_autofree char *host = NULL;
  g_autofree char *client_user = NULL;
  g_autofree char *name = NULL;
  g_autofree char *instruction = NULL;
  DevSshAuthenticationType type = 0;
  guint n_prompts = 0;

  devssh_authentication_set_public_key (self, key);
  devssh_authentication_set_client (self, "client.example", "augusta");
  g_object_get (self, "authentication-type", &type, "user-name", &user_name, "public-key", &public_key,
                "client-host-name", &host, "client-user-name", &client_user, NULL);
  g_assert_cmpint (type, ==, DEVSSH_AUTHENTICATION_TYPE_CLIENT_HOST_BASED);
  g_assert_cmpstr (user_name, ==, "ada");
  g_assert_true (public_key == key);
  g_assert_cmpstr (host, ==, "client.example");
  g_assert_cmpstr (client_user, ==, "augusta");

  g_object_get (prompted, "name", &name, "instruction", &instruction, "n-prompts", &n_prompts, NULL);
  g_assert_cmpstr (name, ==, "Name");
  g_assert_cmpstr (instruction, ==, "");
  g_assert_cmpuint (n_prompts, ==, 2);
}

/* A property would let copies of a secret lie about. */
static void
test_secrets_are_no_properties (void)
{
  g_autoptr(GTypeClass) type_class = g_type_class_ref (DEVSSH_TYPE_AUTHENTICATION);
  GObjectClass *klass = G_OBJECT_CLASS (type_class);

  g_assert_null (g_object_class_find_property (klass, "password"));
  g_assert_null (g_object_class_find_property (klass, "responses"));
}

static void
test_accept_keeps_principal (void)
{
  g_autoptr(DevSshAuthentication) self = devssh_authentication_new (DEVSSH_AUTHENTICATION_TYPE_CLIENT_NONE, "ada");
  GObject *principal = g_object_new (G_TYPE_OBJECT, NULL);
  guint answers = 0;

  devssh_question_set_sink (DEVSSH_QUESTION (self), count_answer_cb, &answers);
  g_assert_cmpint (devssh_authentication_get_answer (self), ==, DEVSSH_AUTH_ANSWER_NONE);
  g_assert_null (devssh_authentication_get_principal (self));
  devssh_authentication_accept (self, principal);
  g_object_unref (principal);
  g_assert_cmpuint (answers, ==, 1);
  g_assert_cmpint (devssh_authentication_get_answer (self), ==, DEVSSH_AUTH_ANSWER_ACCEPT);
  g_assert_true (devssh_authentication_get_principal (self) == principal);
}

/* Standing in for itself does not keep it alive. */
static void
test_accept_itself (void)
{
  DevSshAuthentication *self = devssh_authentication_new (DEVSSH_AUTHENTICATION_TYPE_CLIENT_NONE, "ada");
  DevSshAuthentication *other = devssh_authentication_new (DEVSSH_AUTHENTICATION_TYPE_CLIENT_NONE, "bob");

  devssh_authentication_accept (self, NULL);
  g_assert_true (devssh_authentication_get_principal (self) == G_OBJECT (self));
  g_assert_finalize_object (self);
  devssh_authentication_accept (other, G_OBJECT (other));
  g_assert_true (devssh_authentication_get_principal (other) == G_OBJECT (other));
  g_assert_finalize_object (other);
}

static void
test_second_answer (void)
{
  g_autoptr(DevSshAuthentication) self = devssh_authentication_new (DEVSSH_AUTHENTICATION_TYPE_CLIENT_NONE, "ada");
  guint answers = 0;

  devssh_question_set_sink (DEVSSH_QUESTION (self), count_answer_cb, &answers);
  devssh_authentication_reject (self);
  g_test_expect_message ("devssh", G_LOG_LEVEL_WARNING, "*answered already*");
  devssh_authentication_accept (self, NULL);
  g_test_assert_expected_messages ();
  g_assert_cmpuint (answers, ==, 1);
  g_assert_cmpint (devssh_authentication_get_answer (self), ==, DEVSSH_AUTH_ANSWER_REJECT);
  g_assert_null (devssh_authentication_get_principal (self));
}

/* design D6: an answer inside the emission counts only with the handler's TRUE. */
static void
test_refusal_undoes_an_answer (void)
{
  g_autoptr(DevSshAuthentication) accepted = devssh_authentication_new (DEVSSH_AUTHENTICATION_TYPE_CLIENT_NONE, "ada");
  g_autoptr(DevSshAuthentication) responded = new_prompted (2);
  g_autoptr(GObject) principal = g_object_new (G_TYPE_OBJECT, NULL);

  devssh_question_begin (DEVSSH_QUESTION (accepted));
  devssh_authentication_accept (accepted, principal);
  devssh_question_end (DEVSSH_QUESTION (accepted), FALSE);
  g_assert_cmpint (devssh_authentication_get_answer (accepted), ==, DEVSSH_AUTH_ANSWER_REJECT);
  g_assert_null (devssh_authentication_get_principal (accepted));
  g_assert_finalize_object (g_steal_pointer (&principal));

  devssh_question_begin (DEVSSH_QUESTION (responded));
  devssh_authentication_respond (responded, (const char * const []) { "ada", "1834", NULL });
  devssh_question_end (DEVSSH_QUESTION (responded), FALSE);
  g_assert_cmpint (devssh_authentication_get_answer (responded), ==, DEVSSH_AUTH_ANSWER_REJECT);
  g_assert_null (devssh_authentication_get_answers (responded));
}

static void
keep_answer_cb (DevSshQuestion *question,
                gpointer        user_data)
{
  DevSshAuthAnswer *answer = user_data;

  *answer = devssh_authentication_get_answer (DEVSSH_AUTHENTICATION (question));
}

static void
test_dropped (void)
{
  DevSshAuthentication *self = devssh_authentication_new (DEVSSH_AUTHENTICATION_TYPE_CLIENT_PASSWORD, "ada");
  DevSshAuthAnswer answer = DEVSSH_AUTH_ANSWER_NONE;

  devssh_authentication_set_password (self, "enchantress");
  devssh_question_set_sink (DEVSSH_QUESTION (self), keep_answer_cb, &answer);
  g_object_unref (self);
  g_assert_cmpint (answer, ==, DEVSSH_AUTH_ANSWER_REJECT);
}

static void
test_prompt (void)
{
  g_autoptr(DevSshAuthentication) self = devssh_authentication_new (DEVSSH_AUTHENTICATION_TYPE_CLIENT_INTERACTIVE, "ada");
  const gboolean echo[] = { TRUE, FALSE };
  g_auto(DevSshInfoRequestMessage) request = { 0 };

  devssh_authentication_prompt (self, NULL, "Tell", (const char * const []) { "User", "PIN", NULL }, echo, 2);
  g_assert_cmpint (devssh_authentication_get_answer (self), ==, DEVSSH_AUTH_ANSWER_PROMPT);
  g_assert_null (devssh_authentication_get_principal (self));
  devssh_authentication_get_prompts (self, &request);
  g_assert_cmpuint (request.name.length, ==, 0);
  g_assert_cmpmem (request.instruction.data, request.instruction.length, "Tell", 4);
  g_assert_cmpuint (request.n_prompts, ==, 2);
  g_assert_cmpmem (request.prompts[1].prompt.data, request.prompts[1].prompt.length, "PIN", 3);
  g_assert_true (request.prompts[0].echo);
  g_assert_false (request.prompts[1].echo);
}

static void
test_respond (void)
{
  g_autoptr(DevSshAuthentication) self = new_prompted (2);
  const char * const *answers = NULL;

  devssh_authentication_respond (self, (const char * const []) { "ada", "1834", NULL });
  g_assert_cmpint (devssh_authentication_get_answer (self), ==, DEVSSH_AUTH_ANSWER_RESPOND);
  answers = devssh_authentication_get_answers (self);
  g_assert_cmpuint (g_strv_length ((char **) answers), ==, 2);
  g_assert_cmpstr (answers[1], ==, "1834");
}

/* How many prompts there are is the peer's choice, so this is no error of the application. */
static void
test_respond_wrong_number (void)
{
  static const char * const wrong[][4] = { { NULL }, { "1", NULL }, { "1", "2", "3", NULL } };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr(DevSshAuthentication) self = new_prompted (2);

      devssh_authentication_respond (self, wrong[i]);
      g_assert_cmpint (devssh_authentication_get_answer (self), ==, DEVSSH_AUTH_ANSWER_REJECT);
      g_assert_null (devssh_authentication_get_answers (self));
    }
}

/* What makes no sense on a question is said loudly, and is no answer. */
static void
test_misuse (void)
{
  g_autoptr(DevSshAuthentication) prompted = new_prompted (1);
  g_autoptr(DevSshAuthentication) password = devssh_authentication_new (DEVSSH_AUTHENTICATION_TYPE_CLIENT_PASSWORD, "ada");
  g_autoptr(DevSshAuthentication) dialogue = devssh_authentication_new (DEVSSH_AUTHENTICATION_TYPE_CLIENT_INTERACTIVE, "ada");
  const gboolean echo[] = { TRUE };
  const char *many[66] = { NULL };

  for (guint i = 0; i < 65; i++)
    many[i] = "?";

  g_test_expect_message ("devssh", G_LOG_LEVEL_CRITICAL, "*is_prompted*");
  devssh_authentication_accept (prompted, NULL);
  g_test_expect_message ("devssh", G_LOG_LEVEL_CRITICAL, "*is_prompted*");
  devssh_authentication_prompt (prompted, NULL, NULL, NULL, NULL, 0);
  g_test_expect_message ("devssh", G_LOG_LEVEL_CRITICAL, "*is_prompted*");
  devssh_authentication_respond (password, NULL);
  g_test_expect_message ("devssh", G_LOG_LEVEL_CRITICAL, "*type*");
  devssh_authentication_prompt (password, NULL, NULL, NULL, NULL, 0);
  g_test_expect_message ("devssh", G_LOG_LEVEL_CRITICAL, "*n_prompts*");
  devssh_authentication_prompt (dialogue, NULL, NULL, many, NULL, 0);
  g_test_expect_message ("devssh", G_LOG_LEVEL_CRITICAL, "*n_echo*");
  devssh_authentication_prompt (dialogue, NULL, NULL, (const char * const []) { "a", "b", NULL }, echo, 1);
  g_test_expect_message ("devssh", G_LOG_LEVEL_CRITICAL, "*prompts*");
  devssh_authentication_prompt (dialogue, NULL, NULL, (const char * const []) { "a", "", NULL }, NULL, 0);
  g_test_assert_expected_messages ();

  g_assert_cmpint (devssh_authentication_get_answer (prompted), ==, DEVSSH_AUTH_ANSWER_NONE);
  g_assert_cmpint (devssh_authentication_get_answer (password), ==, DEVSSH_AUTH_ANSWER_NONE);
  g_assert_cmpint (devssh_authentication_get_answer (dialogue), ==, DEVSSH_AUTH_ANSWER_NONE);
}

static void
test_wipe (void)
{
  g_autoptr(DevSshAuthentication) self = devssh_authentication_new (DEVSSH_AUTHENTICATION_TYPE_CLIENT_PASSWORD, "ada");
  g_autoptr(DevSshAuthentication) dialogue = devssh_authentication_new (DEVSSH_AUTHENTICATION_TYPE_CLIENT_INTERACTIVE, "ada");
  DevSshSlice slices[] = { { (const guint8 *) "1834", 4 }, { NULL, 0 } };
  const DevSshInfoResponseMessage responses = { slices, 2 };

  devssh_authentication_set_password (self, "enchantress");
  g_assert_cmpstr (devssh_authentication_get_password (self), ==, "enchantress");
  devssh_authentication_wipe (self);
  g_assert_null (devssh_authentication_get_password (self));
  g_assert_cmpstr (devssh_authentication_get_user_name (self), ==, "ada");

  devssh_authentication_set_responses (dialogue, &responses);
  g_assert_cmpstr (devssh_authentication_get_responses (dialogue)[0], ==, "1834");
  g_assert_cmpstr (devssh_authentication_get_responses (dialogue)[1], ==, "");
  g_assert_null (devssh_authentication_get_responses (dialogue)[2]);
  devssh_authentication_wipe (dialogue);
  g_assert_null (devssh_authentication_get_responses (dialogue));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/auth/authentication/numbers", test_numbers);
  g_test_add_func ("/auth/authentication/properties", test_properties);
  g_test_add_func ("/auth/authentication/secrets-are-no-properties/T-82", test_secrets_are_no_properties);
  g_test_add_func ("/auth/authentication/accept/keeps-principal", test_accept_keeps_principal);
  g_test_add_func ("/auth/authentication/accept/itself", test_accept_itself);
  g_test_add_func ("/auth/authentication/second-answer", test_second_answer);
  g_test_add_func ("/auth/authentication/refusal-undoes-an-answer/T-36", test_refusal_undoes_an_answer);
  g_test_add_func ("/auth/authentication/dropped/T-36", test_dropped);
  g_test_add_func ("/auth/authentication/prompt", test_prompt);
  g_test_add_func ("/auth/authentication/respond", test_respond);
  g_test_add_func ("/auth/authentication/respond/wrong-number", test_respond_wrong_number);
  g_test_add_func ("/auth/authentication/misuse", test_misuse);
  g_test_add_func ("/auth/authentication/wipe/T-82", test_wipe);

  return g_test_run ();
}
