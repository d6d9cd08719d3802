/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A verifier stands before the login of a client: every policy with every verdict, answers now, later and never. */
#include "../test-util.h"

#include <glib/gstdio.h>
#include <string.h>

/* How the handler of ::ask answers. */
typedef enum
{
  ANSWER_NOBODY,       /* there is none */
  ANSWER_YES,
  ANSWER_REMEMBER,
  ANSWER_NO,
  ANSWER_LATER,        /* yes, and to be remembered, when the loop has turned */
  ANSWER_DROP,         /* kept for a while, then dropped */
  ANSWER_FALSE,        /* yes, and then not taken */
  ANSWER_CLOSE         /* kept, and the session closed; then a yes that nobody hears */
} Answer;

/* What stands in the file. */
typedef enum { FILE_EMPTY, FILE_KNOWN, FILE_OTHER, FILE_REVOKED, FILE_AUTHORITY, FILE_FOLDER, N_FILES } FileState;

typedef struct
{
  const char          *path;
  DevSshHostKeyPolicy  policy;
  FileState            state;
  Answer               answer;
  gboolean             in;             /* the login goes on */
  gboolean             remembered;     /* the file knows the host afterwards, if it did not before */
  const char          *refused;        /* a piece of what ::refused says; NULL: it says nothing */
} Case;

#define STRICT DEVSSH_HOST_KEY_POLICY_STRICT
#define ASK    DEVSSH_HOST_KEY_POLICY_ASK
#define NEW    DEVSSH_HOST_KEY_POLICY_ACCEPT_NEW

static const Case cases[] = {
  { "strict/known", STRICT, FILE_KNOWN, ANSWER_NOBODY, TRUE, FALSE, NULL },
  { "strict/unknown", STRICT, FILE_EMPTY, ANSWER_YES, FALSE, FALSE, "is not known" },
  { "strict/changed", STRICT, FILE_OTHER, ANSWER_YES, FALSE, FALSE, "known_hosts:1" },
  { "strict/revoked", STRICT, FILE_REVOKED, ANSWER_YES, FALSE, FALSE, "revoked" },
  { "strict/authority", STRICT, FILE_AUTHORITY, ANSWER_YES, FALSE, FALSE, "certificates of hosts are not supported" },
  { "strict/no-file-to-read", STRICT, FILE_FOLDER, ANSWER_YES, FALSE, FALSE, "" },
  { "ask/known", ASK, FILE_KNOWN, ANSWER_NOBODY, TRUE, FALSE, NULL },
  { "ask/T-36/nobody", ASK, FILE_EMPTY, ANSWER_NOBODY, FALSE, FALSE, "nobody is there" },
  { "ask/yes", ASK, FILE_EMPTY, ANSWER_YES, TRUE, FALSE, NULL },
  { "ask/remember", ASK, FILE_EMPTY, ANSWER_REMEMBER, TRUE, TRUE, NULL },
  { "ask/no", ASK, FILE_EMPTY, ANSWER_NO, FALSE, FALSE, NULL },
  { "ask/later", ASK, FILE_EMPTY, ANSWER_LATER, TRUE, TRUE, NULL },
  { "ask/T-36/dropped", ASK, FILE_EMPTY, ANSWER_DROP, FALSE, FALSE, NULL },
  { "ask/T-36/not-taken", ASK, FILE_EMPTY, ANSWER_FALSE, FALSE, FALSE, NULL },
  { "ask/T-36/after-the-end", ASK, FILE_EMPTY, ANSWER_CLOSE, FALSE, FALSE, NULL },
  { "ask/changed/yes", ASK, FILE_OTHER, ANSWER_YES, TRUE, FALSE, NULL },
  { "ask/changed/remember", ASK, FILE_OTHER, ANSWER_REMEMBER, TRUE, TRUE, NULL },
  { "ask/changed/no", ASK, FILE_OTHER, ANSWER_NO, FALSE, FALSE, NULL },
  { "ask/authority/remember", ASK, FILE_AUTHORITY, ANSWER_REMEMBER, TRUE, TRUE, NULL },
  { "ask/revoked", ASK, FILE_REVOKED, ANSWER_REMEMBER, FALSE, FALSE, "revoked" },
  { "accept-new/known", NEW, FILE_KNOWN, ANSWER_NOBODY, TRUE, FALSE, NULL },
  { "accept-new/unknown", NEW, FILE_EMPTY, ANSWER_NO, TRUE, TRUE, NULL },
  { "accept-new/changed", NEW, FILE_OTHER, ANSWER_REMEMBER, FALSE, FALSE, "another key than before" },
  { "accept-new/revoked", NEW, FILE_REVOKED, ANSWER_REMEMBER, FALSE, FALSE, "revoked" },
};

typedef struct
{
  const Case            *test;
  TestPair              *pair;
  char                  *folder;
  char                  *path;
  GFile                 *file;
  DevSshKnownHosts      *hosts;
  DevSshHostKeyVerifier *verifier;
  DevSshHostKeyQuestion *kept;
  gboolean               has_handler;     /* of its own, for ::authenticating */
  guint                  asked;
  guint                  added;
  guint                  add_failed;
  char                  *refused;
  GAsyncResult          *result;
} Fixture;

static char *
key_line (DevSshKeyPair *key)
{
  g_autoptr(GBytes) line = devssh_key_pair_export_public (key, DEVSSH_KEY_FORMAT_SSH, NULL);

  return g_strchomp (g_strndup (g_bytes_get_data (line, NULL), g_bytes_get_size (line)));
}

static void
fixture_write (Fixture   *self,
               FileState  state)
{
  static const char *const forms[N_FILES] = {
    "# nobody\n", "[host.example]:2222 %s\n", "[host.example]:2222 %s\n", "@revoked * %s\n", "@cert-authority [*]:2222 %s\n", NULL,
  };
  g_autofree char *key = key_line (test_key (state == FILE_OTHER || state == FILE_AUTHORITY ? "ecdsa-sha2-nistp256" : "ssh-ed25519"));
  g_autoptr(GString) text = g_string_new (forms[state]);
  g_autoptr(GError) error = NULL;

  g_unlink (self->path);
  if (forms[state] == NULL)
    {
      g_assert_cmpint (g_mkdir (self->path, 0700), ==, 0);
      return;
    }
  g_string_replace (text, "%s", key, 0);
  g_file_set_contents_full (self->path, text->str, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error);
  g_assert_no_error (error);
}

static gboolean
ask_cb (DevSshHostKeyVerifier *verifier,
        DevSshHostKeyQuestion *question,
        gpointer               user_data)
{
  Fixture *self = user_data;
  g_autofree char *text = devssh_host_key_question_dup_text (question);
  DevSshKnownHostsEntry *entry = devssh_host_key_question_get_entry (question);

  self->asked++;
  g_assert_cmpstr (devssh_host_key_question_get_host (question), ==, "host.example");
  g_assert_cmpuint (devssh_host_key_question_get_port (question), ==, 2222);
  g_assert_true (devssh_key_pair_equal (devssh_host_key_question_get_public_key (question), test_key ("ssh-ed25519")));
  g_assert_nonnull (strstr (text, "SHA256:"));
  if (devssh_host_key_question_get_verdict (question) == DEVSSH_KNOWN_HOSTS_VERDICT_CHANGED)
    {
      g_autofree char *old = devssh_known_hosts_entry_dup_fingerprint (entry);

      g_assert_nonnull (strstr (text, old));
      g_assert_nonnull (strstr (text, "known_hosts:1"));
    }
  else
    {
      g_assert_cmpint (devssh_host_key_question_get_verdict (question), ==, DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN);
    }

  switch (self->test->answer)
    {
    case ANSWER_YES:
      devssh_host_key_question_accept (question, FALSE);
      return TRUE;

    case ANSWER_REMEMBER:
      devssh_host_key_question_accept (question, TRUE);
      return TRUE;

    case ANSWER_NO:
      devssh_host_key_question_reject (question);
      return TRUE;

    case ANSWER_FALSE:
      devssh_host_key_question_accept (question, TRUE);
      return FALSE;

    default:
      self->kept = g_object_ref (question);
      return TRUE;
    }
}

static void
refused_cb (DevSshHostKeyVerifier *verifier,
            DevSshHostKeyQuestion *question,
            GError                *error,
            gpointer               user_data)
{
  Fixture *self = user_data;

  g_assert_null (self->refused);
  self->refused = g_strdup (error->message);
  /* Too late, and without effect. */
  devssh_host_key_question_accept (question, TRUE);
}

static void
added_cb (DevSshHostKeyVerifier *verifier,
          DevSshHostKeyQuestion *question,
          gpointer               user_data)
{
  ((Fixture *) user_data)->added++;
}

static void
add_failed_cb (DevSshHostKeyVerifier *verifier,
               DevSshHostKeyQuestion *question,
               GError                *error,
               gpointer               user_data)
{
  g_assert_nonnull (error);
  ((Fixture *) user_data)->add_failed++;
}

static Fixture *
fixture_new (const Case *test)
{
  Fixture *self = g_new0 (Fixture, 1);

  self->test = test;
  self->folder = g_dir_make_tmp ("devssh-host-key-XXXXXX", NULL);
  self->path = g_build_filename (self->folder, "known_hosts", NULL);
  self->file = g_file_new_for_path (self->path);
  self->hosts = devssh_known_hosts_new ();
  self->verifier = devssh_host_key_verifier_new (self->hosts, test->policy);
  devssh_host_key_verifier_set_file (self->verifier, self->file);
  if (test->answer != ANSWER_NOBODY)
    g_signal_connect (self->verifier, "ask", G_CALLBACK (ask_cb), self);
  g_signal_connect (self->verifier, "refused", G_CALLBACK (refused_cb), self);
  g_signal_connect (self->verifier, "added", G_CALLBACK (added_cb), self);
  g_signal_connect (self->verifier, "add-failed", G_CALLBACK (add_failed_cb), self);
  self->pair = test_pair_new ();
  test_pair_make (self->pair);
  /* The pair's own handler would say yes. */
  g_signal_handlers_disconnect_by_data (self->pair->client, self->pair);
  return self;
}

static void
fixture_free (Fixture *self)
{
  g_clear_object (&self->kept);
  g_clear_object (&self->result);
  g_clear_pointer (&self->pair, test_pair_free);
  test_settle ();
  /* What was begun and is of no use any more comes to its end, and nobody holds the verifier then. */
  g_object_add_weak_pointer (G_OBJECT (self->verifier), (gpointer *) &self->verifier);
  g_object_unref (self->verifier);
  test_spin_until (self->verifier == NULL);
  /* The thread that read a file may hold it for a moment longer. */
  g_clear_object (&self->hosts);
  g_clear_object (&self->file);
  if (g_unlink (self->path) != 0)
    g_rmdir (self->path);
  g_assert_cmpint (g_rmdir (self->folder), ==, 0);
  g_free (self->folder);
  g_free (self->path);
  g_free (self->refused);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, fixture_free)

static void
fixture_start (Fixture *self)
{
  if (!self->has_handler)
    devssh_host_key_verifier_attach (self->verifier, self->pair->client, "host.example", 2222);
  test_pair_connect (self->pair);
  devssh_client_session_authenticate_async (self->pair->client, self->pair->user, NULL, test_keep_result_cb, &self->result);
}

static void
fixture_answer_late (Fixture *self)
{
  test_spin_until (self->kept != NULL);
  test_settle ();
  g_assert_null (self->result);
  switch (self->test->answer)
    {
    case ANSWER_LATER:
      devssh_host_key_question_accept (self->kept, TRUE);
      break;

    case ANSWER_CLOSE:
      devssh_session_close (DEVSSH_SESSION (self->pair->client), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "gone");
      test_spin_until (g_cancellable_is_cancelled (devssh_question_get_cancellable (DEVSSH_QUESTION (self->kept))));
      devssh_host_key_question_accept (self->kept, TRUE);
      break;

    default:
      break;
    }
  g_clear_object (&self->kept);
}

/* TRUE: it is logged in. */
static gboolean
fixture_end (Fixture *self)
{
  g_autoptr(GError) error = NULL;
  gboolean in;

  test_spin_until (self->result != NULL);
  in = devssh_client_session_authenticate_finish (self->pair->client, self->result, &error);
  if (self->test->answer != ANSWER_CLOSE)
    g_assert_no_error (error);
  g_clear_object (&self->result);
  /* Nothing of the user has left. */
  g_assert_cmpuint (self->pair->user_questions > 0, ==, in);
  return in;
}

static void
test_case (gconstpointer data)
{
  const Case *test = data;
  g_autoptr(Fixture) self = fixture_new (test);
  g_autoptr(DevSshKnownHosts) after = devssh_known_hosts_new ();
  gboolean is_folder = test->state == FILE_FOLDER;
  DevSshKnownHostsVerdict verdict;

  /* What is read before is old news by then. */
  fixture_write (self, FILE_KNOWN);
  g_assert_true (devssh_known_hosts_load_file (self->hosts, self->file, NULL, NULL));
  fixture_write (self, test->state);
  fixture_start (self);
  if (test->policy == ASK && (test->answer == ANSWER_LATER || test->answer == ANSWER_DROP || test->answer == ANSWER_CLOSE))
    fixture_answer_late (self);
  g_assert_cmpint (fixture_end (self), ==, test->in);

  if (test->refused != NULL)
    {
      g_assert_nonnull (self->refused);
      g_assert_nonnull (strstr (self->refused, test->refused));
    }
  else
    {
      g_assert_cmpstr (self->refused, ==, NULL);
    }
  g_assert_cmpuint (self->added, ==, test->remembered ? 1 : 0);
  g_assert_cmpuint (self->add_failed, ==, 0);
  g_assert_cmpuint (self->asked, ==, test->policy == ASK && test->answer != ANSWER_NOBODY && test->state != FILE_REVOKED ? 1 : 0);
  if (is_folder)
    return;
  g_assert_true (devssh_known_hosts_load_file (after, self->file, NULL, NULL));
  verdict = devssh_known_hosts_check (after, "host.example", 2222, test_key ("ssh-ed25519"), NULL);
  g_assert_cmpint (verdict == DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED, ==, test->remembered || test->state == FILE_KNOWN);
}

/* ---- what goes beside the table ---- */

static const Case ask_case = { NULL, ASK, FILE_EMPTY, ANSWER_REMEMBER, TRUE, TRUE, NULL };
static const Case new_case = { NULL, NEW, FILE_EMPTY, ANSWER_NOBODY, TRUE, TRUE, NULL };
static const Case strict_case = { NULL, STRICT, FILE_EMPTY, ANSWER_NOBODY, FALSE, FALSE, NULL };

/* Without files everything happens inside the emission. */
static void
test_memory (void)
{
  g_autoptr(Fixture) self = fixture_new (&new_case);

  devssh_host_key_verifier_set_file (self->verifier, NULL);
  fixture_start (self);
  g_assert_true (fixture_end (self));
  g_assert_cmpuint (self->added, ==, 1);
  g_assert_cmpint (devssh_known_hosts_check (self->hosts, "host.example", 2222, test_key ("ssh-ed25519"), NULL), ==,
                   DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED);
}

static void
test_hashed (void)
{
  g_autoptr(Fixture) self = fixture_new (&new_case);
  g_autofree char *text = NULL;

  devssh_host_key_verifier_set_hash_names (self->verifier, TRUE);
  fixture_start (self);
  g_assert_true (fixture_end (self));
  g_assert_true (g_file_get_contents (self->path, &text, NULL, NULL));
  g_assert_true (g_str_has_prefix (text, "|1|"));
  g_assert_null (strstr (text, "host.example"));
}

/* Who was asked gets in; whom nobody asked does not. */
static void
test_cannot_remember (void)
{
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(Fixture) self = fixture_new (i == 0 ? &ask_case : &new_case);

      g_assert_cmpint (g_mkdir (self->path, 0700), ==, 0);
      fixture_start (self);
      g_assert_cmpint (fixture_end (self), ==, i == 0);
      g_assert_cmpuint (self->added, ==, 0);
      g_assert_cmpuint (self->add_failed, ==, i == 0 ? 1 : 0);
      g_assert_cmpint (self->refused != NULL, ==, i == 1);
    }
}

static void
test_fingerprints (void)
{
  static const FileState states[] = { FILE_EMPTY, FILE_OTHER, FILE_KNOWN, FILE_REVOKED };
  g_autofree char *right = devssh_key_pair_dup_fingerprint (test_key ("ssh-ed25519"));
  g_autofree char *wrong = devssh_key_pair_dup_fingerprint (test_key ("ecdsa-sha2-nistp256"));

  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    for (guint j = 0; j < 2; j++)
      {
        g_autoptr(Fixture) self = fixture_new (&strict_case);
        const char *fingerprints[] = { wrong, j == 0 ? right : wrong, NULL };

        fixture_write (self, states[i]);
        g_assert_true (devssh_known_hosts_load_file (self->hosts, self->file, NULL, NULL));
        devssh_host_key_verifier_set_fingerprints (self->verifier, fingerprints);
        fixture_start (self);
        g_assert_cmpint (fixture_end (self), ==, j == 0 && states[i] != FILE_REVOKED);
        if (j == 1 && states[i] != FILE_REVOKED)
          g_assert_nonnull (strstr (self->refused, "given fingerprint"));
      }
}

static gboolean
verify_cb (DevSshSession        *session,
           DevSshAuthentication *question,
           gpointer              user_data)
{
  Fixture *self = user_data;

  self->asked++;
  return devssh_host_key_verifier_verify (self->verifier, question, "host.example", 2222);
}

/* The session goes while the files are read. */
static void
test_gone_while_reading (void)
{
  g_autoptr(Fixture) self = fixture_new (&new_case);
  g_autoptr(GError) error = NULL;

  fixture_write (self, FILE_EMPTY);
  g_assert_true (devssh_known_hosts_load_file (self->hosts, self->file, NULL, NULL));
  self->has_handler = TRUE;
  g_signal_connect (self->pair->client, "authenticating", G_CALLBACK (verify_cb), self);
  fixture_start (self);
  test_spin_until (self->asked > 0);
  devssh_session_close (DEVSSH_SESSION (self->pair->client), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "gone");
  test_spin_until (self->result != NULL);
  g_assert_false (devssh_client_session_authenticate_finish (self->pair->client, self->result, &error));
  test_settle ();
  g_assert_cmpuint (self->added, ==, 0);
  g_assert_null (self->refused);
  g_signal_handlers_disconnect_by_data (self->pair->client, self);
}

static void
test_properties (void)
{
  g_autoptr(Fixture) self = fixture_new (&ask_case);
  g_autoptr(DevSshKnownHosts) hosts = NULL;
  g_autoptr(GFile) file = NULL;
  g_auto(GStrv) fingerprints = NULL;
  const char *given[] = { "SHA256:x", NULL };
  DevSshHostKeyPolicy policy;
  gboolean hash_names;

  g_object_set (self->verifier, "policy", NEW, "hash-names", TRUE, "fingerprints", given, "file", NULL, NULL);
  g_object_get (self->verifier, "policy", &policy, "hash-names", &hash_names, "fingerprints", &fingerprints, "file", &file,
                "known-hosts", &hosts, NULL);
  g_assert_cmpint (policy, ==, NEW);
  g_assert_true (hash_names);
  g_assert_cmpstr (fingerprints[0], ==, "SHA256:x");
  g_assert_null (file);
  g_assert_true (hosts == self->hosts);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/session/host-key/", cases[i].path, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/session/host-key/memory", test_memory);
  g_test_add_func ("/session/host-key/hashed", test_hashed);
  g_test_add_func ("/session/host-key/cannot-remember", test_cannot_remember);
  g_test_add_func ("/session/host-key/fingerprints", test_fingerprints);
  g_test_add_func ("/session/host-key/gone-while-reading", test_gone_while_reading);
  g_test_add_func ("/session/host-key/properties", test_properties);
  return g_test_run ();
}
