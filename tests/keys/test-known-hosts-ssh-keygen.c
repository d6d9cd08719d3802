/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system's ssh-keygen finds the same lines in the same files, and leaves the same behind when it removes and hashes. */
#include "known-hosts-cases.h"

#include <libdevssh/devssh.h>

#include <glib/gstdio.h>
#include <string.h>

#define N_VERDICTS 700
#define N_EDITS    100

typedef struct
{
  char *folder;
  char *path;
  char *ssh_keygen;
} Fixture;

static void
fixture_set_up (Fixture       *self,
                gconstpointer  data)
{
  self->folder = g_dir_make_tmp ("devssh-known-XXXXXX", NULL);
  self->path = g_build_filename (self->folder, "known_hosts", NULL);
  self->ssh_keygen = g_find_program_in_path ("ssh-keygen");
}

static void
fixture_tear_down (Fixture       *self,
                   gconstpointer  data)
{
  g_autofree char *old = g_strconcat (self->path, ".old", NULL);

  g_unlink (self->path);
  g_unlink (old);
  g_assert_cmpint (g_rmdir (self->folder), ==, 0);
  g_free (self->folder);
  g_free (self->path);
  g_free (self->ssh_keygen);
}

static gboolean
fixture_skip (Fixture *self)
{
  if (self->ssh_keygen == NULL)
    g_test_skip ("no ssh-keygen");
  return self->ssh_keygen == NULL;
}

static void
fixture_write (Fixture    *self,
               const char *text)
{
  g_autoptr(GError) error = NULL;

  g_file_set_contents_full (self->path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error);
  g_assert_no_error (error);
}

static char *
fixture_read (Fixture *self)
{
  char *text = NULL;
  g_autoptr(GError) error = NULL;

  g_file_get_contents (self->path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

/* -F fails when nothing is found. */
static char *
fixture_run (Fixture    *self,
             gboolean    may_fail,
             const char *first,
             const char *second,
             const char *third)
{
  const char *argv[] = { self->ssh_keygen, "-f", self->path, first, second, third, NULL };
  g_autoptr(GSubprocess) process = NULL;
  g_autoptr(GBytes) output = NULL;
  g_autoptr(GBytes) complaint = NULL;
  g_autoptr(GError) error = NULL;

  process = g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error);
  g_assert_no_error (error);
  g_subprocess_communicate (process, NULL, NULL, &output, &complaint, &error);
  g_assert_no_error (error);
  if (!may_fail && !g_subprocess_get_successful (process))
    g_error ("ssh-keygen %s: %.*s", first, (int) g_bytes_get_size (complaint), (const char *) g_bytes_get_data (complaint, NULL));
  return g_strdup_printf ("%.*s", (int) g_bytes_get_size (output), (const char *) g_bytes_get_data (output, NULL));
}

/* ---- what is said ---- */

typedef struct
{
  DevSshKnownHostsVerdict  verdict;
  GString                 *lines;      /* number, marker and fingerprint of each */
} Oracle;

/* `# Host NAME found: line N MARKER`, and `NAME TYPE FINGERPRINT COMMENT` below. */
static void
fixture_ask (Fixture    *self,
             const char *name,
             Oracle     *oracle)
{
  g_autofree char *output = fixture_run (self, TRUE, "-l", "-F", name);
  g_autofree char *shown = devssh_key_pair_dup_fingerprint (test_hosts_key ());
  g_auto(GStrv) lines = g_strsplit (output, "\n", -1);

  for (guint i = 0; lines[i] != NULL && lines[i + 1] != NULL && *lines[i] != '\0'; i += 2)
    {
      const char *found = strstr (lines[i], " found: line ");
      g_auto(GStrv) words = g_strsplit (lines[i + 1], " ", -1);
      g_auto(GStrv) where = NULL;
      gboolean same;

      g_assert_nonnull (found);
      where = g_strsplit (found + strlen (" found: line "), " ", 2);
      g_assert_cmpuint (g_strv_length (words), >=, 3);
      same = g_str_equal (words[2], shown);
      g_string_append_printf (oracle->lines, "%s %s %s\n", where[0], where[1], words[2]);

      if (g_str_equal (where[1], "REVOKED"))
        oracle->verdict = same ? DEVSSH_KNOWN_HOSTS_VERDICT_REVOKED : oracle->verdict;
      else if (*where[1] == '\0' && oracle->verdict != DEVSSH_KNOWN_HOSTS_VERDICT_REVOKED
               && oracle->verdict != DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED)
        oracle->verdict = same ? DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED : DEVSSH_KNOWN_HOSTS_VERDICT_CHANGED;
    }
}

static char *
describe (DevSshKnownHosts *known_hosts,
          const char       *host,
          guint16           port)
{
  static const char *const markers[] = { "", "CA", "REVOKED" };
  g_autoptr(GPtrArray) entries = devssh_known_hosts_dup_entries (known_hosts, host, port);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < entries->len; i++)
    {
      g_autofree char *fingerprint = devssh_known_hosts_entry_dup_fingerprint (entries->pdata[i]);

      g_string_append_printf (text, "%u %s %s\n", devssh_known_hosts_entry_get_line (entries->pdata[i]),
                              markers[devssh_known_hosts_entry_get_marker (entries->pdata[i])], fingerprint);
    }
  return g_string_free (text, FALSE);
}

static void
test_verdicts (Fixture       *self,
               gconstpointer  data)
{
  g_autoptr(GRand) dice = g_rand_new_with_seed (20);
  g_autoptr(GFile) file = g_file_new_for_path (self->path);
  guint seen[4] = { 0 };

  if (fixture_skip (self))
    return;

  for (guint i = 0; i < N_VERDICTS; i++)
    {
      g_auto(TestHosts) test = { 0 };
      g_autoptr(DevSshKnownHosts) known_hosts = devssh_known_hosts_new ();
      g_autofree char *ours = NULL, *name = NULL;
      g_autoptr(GError) error = NULL;
      Oracle oracle = { DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN, g_string_new (NULL) };
      DevSshKnownHostsVerdict verdict;

      test_hosts_init (&test, dice, FALSE);
      fixture_write (self, test.text);
      devssh_known_hosts_load_file (known_hosts, file, NULL, &error);
      g_assert_no_error (error);

      name = devssh_known_hosts_dup_name (test.host, test.port);
      fixture_ask (self, name, &oracle);
      ours = describe (known_hosts, test.host, test.port);
      if (g_strcmp0 (ours, oracle.lines->str) != 0)
        g_error ("case %u, %s\n%s\nssh-keygen:\n%s\nhere:\n%s", i, name, test.text, oracle.lines->str, ours);

      /* Without its port a host may be let in or kept out, but it has not changed. */
      if (oracle.verdict == DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN && test.port != 22)
        {
          fixture_ask (self, test.host, &oracle);
          if (oracle.verdict == DEVSSH_KNOWN_HOSTS_VERDICT_CHANGED)
            oracle.verdict = DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN;
        }
      verdict = devssh_known_hosts_check (known_hosts, test.host, test.port, test_hosts_key (), NULL);
      if (verdict != oracle.verdict)
        g_error ("case %u, %s\n%s\nverdict %d, not %d", i, name, test.text, verdict, oracle.verdict);
      seen[verdict]++;
      g_string_free (oracle.lines, TRUE);
    }
  /* A test of one verdict alone would be none. */
  for (guint i = 0; i < G_N_ELEMENTS (seen); i++)
    {
      g_test_message ("verdict %u: %u times", i, seen[i]);
      g_assert_cmpuint (seen[i], >, N_VERDICTS / 50);
    }
}

/* ---- what is left behind ---- */

/* Every salt is another one. */
static char *
without_hashes (const char *text)
{
  g_autoptr(GRegex) hash = g_regex_new ("^\\|1\\|[^ ]+", G_REGEX_MULTILINE, 0, NULL);

  return g_regex_replace_literal (hash, text, -1, 0, "|1|", 0, NULL);
}

/* ssh-keygen ends every line. */
static char *
with_last_break (const char *text,
                 gsize       length)
{
  return g_strdup_printf ("%.*s%s", (int) length, text, length > 0 && text[length - 1] != '\n' ? "\n" : "");
}

static char *
edit_here (const char             *text,
           DevSshKnownHostsEdit    edit,
           DevSshKnownHostsChange *change)
{
  g_autoptr(GString) edited = g_string_new (NULL);
  g_autoptr(GError) error = NULL;
  gboolean changed = edit ((DevSshSlice) { (const guint8 *) text, strlen (text) }, edited, change, &error);

  g_assert_no_error (error);
  g_assert_cmpint (changed, ==, change->changed > 0);
  return changed ? with_last_break (edited->str, edited->len) : with_last_break (text, strlen (text));
}

static void
test_remove (Fixture       *self,
             gconstpointer  data)
{
  g_autoptr(GRand) dice = g_rand_new_with_seed (21);
  guint removed = 0;

  if (fixture_skip (self))
    return;

  for (guint i = 0; i < N_EDITS; i++)
    {
      g_auto(TestHosts) test = { 0 };
      DevSshKnownHostsChange change;
      g_autofree char *name = NULL, *ours = NULL, *left = NULL, *theirs = NULL;

      test_hosts_init (&test, dice, TRUE);
      fixture_write (self, test.text);
      name = devssh_known_hosts_dup_name (test.host, test.port);
      g_free (fixture_run (self, TRUE, "-R", name, NULL));
      left = fixture_read (self);
      theirs = with_last_break (left, strlen (left));

      g_assert_true (devssh_known_hosts_change_init (&change, test.host, test.port, NULL, 0, NULL));
      ours = edit_here (test.text, devssh_known_hosts_edit_remove, &change);
      g_assert_cmpstr (ours, ==, theirs);
      removed += change.changed;
      devssh_known_hosts_change_clear (&change);
    }
  g_assert_cmpuint (removed, >, N_EDITS / 4);
}

static void
test_hash (Fixture       *self,
           gconstpointer  data)
{
  g_autoptr(GRand) dice = g_rand_new_with_seed (22);
  guint hashed = 0;

  if (fixture_skip (self))
    return;

  for (guint i = 0; i < N_EDITS; i++)
    {
      g_auto(TestHosts) test = { 0 };
      DevSshKnownHostsChange change = { 0 };
      g_autoptr(DevSshKnownHosts) before = devssh_known_hosts_new ();
      g_autoptr(DevSshKnownHosts) after = devssh_known_hosts_new ();
      g_autoptr(GBytes) old = NULL;
      g_autoptr(GBytes) new = NULL;
      g_autofree char *ours = NULL, *ours_bare = NULL, *left = NULL, *theirs = NULL, *theirs_bare = NULL, *found = NULL, *name = NULL;

      do
        {
          test_hosts_clear (&test);
          test_hosts_init (&test, dice, TRUE);
        }
      /* There ssh-keygen forgets the names behind. */
      while (strstr (test.text, ",,") != NULL || strstr (test.text, "\n,") != NULL || *test.text == ',' || strstr (test.text, " ,") != NULL
             || strstr (test.text, "\t,") != NULL);
      fixture_write (self, test.text);
      g_free (fixture_run (self, FALSE, "-H", NULL, NULL));
      left = fixture_read (self);
      theirs = with_last_break (left, strlen (left));
      ours = edit_here (test.text, devssh_known_hosts_edit_hash, &change);
      ours_bare = without_hashes (ours);
      theirs_bare = without_hashes (theirs);
      g_assert_cmpstr (ours_bare, ==, theirs_bare);
      hashed += change.changed;

      /* And ssh-keygen finds in it what we find in it, which is what was there. */
      fixture_write (self, ours);
      name = devssh_known_hosts_dup_name (test.host, test.port);
      {
        Oracle oracle = { DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN, g_string_new (NULL) };

        new = g_bytes_new (ours, strlen (ours));
        g_assert_true (devssh_known_hosts_load_data (after, new, NULL, NULL));
        fixture_ask (self, name, &oracle);
        found = describe (after, test.host, test.port);
        g_assert_cmpstr (found, ==, oracle.lines->str);
        g_string_free (oracle.lines, TRUE);
      }
      old = g_bytes_new (test.text, strlen (test.text));
      g_assert_true (devssh_known_hosts_load_data (before, old, NULL, NULL));
      g_assert_cmpint (devssh_known_hosts_check (before, test.host, test.port, test_hosts_key (), NULL), ==,
                       devssh_known_hosts_check (after, test.host, test.port, test_hosts_key (), NULL));
    }
  g_assert_cmpuint (hashed, >, N_EDITS / 2);
}

/* What we add, plain or hashed, ssh-keygen finds, and takes out again without a trace. */
static void
test_add (Fixture       *self,
          gconstpointer  data)
{
  g_autoptr(GRand) dice = g_rand_new_with_seed (23);
  guint added = 0;

  if (fixture_skip (self))
    return;

  for (guint i = 0; i < N_EDITS; i++)
    {
      g_auto(TestHosts) test = { 0 };
      DevSshKnownHostsChange change;
      g_autofree char *name = NULL, *ours = NULL, *before = NULL, *after = NULL, *expected = NULL;
      g_autoptr(GString) edited = g_string_new (NULL);
      DevSshKnownHostsAddFlags flags = i % 2 == 0 ? DEVSSH_KNOWN_HOSTS_ADD_NONE : DEVSSH_KNOWN_HOSTS_ADD_HASHED;
      Oracle oracle = { DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN, g_string_new (NULL) };

      test_hosts_init (&test, dice, TRUE);
      name = devssh_known_hosts_dup_name (test.host, test.port);
      fixture_write (self, test.text);
      fixture_ask (self, name, &oracle);
      g_assert_true (devssh_known_hosts_change_init (&change, test.host, test.port, test_hosts_key (), flags, NULL));

      if (oracle.verdict == DEVSSH_KNOWN_HOSTS_VERDICT_REVOKED)
        {
          g_autoptr(GError) error = NULL;

          g_assert_false (devssh_known_hosts_edit_add ((DevSshSlice) { (const guint8 *) test.text, strlen (test.text) }, edited, &change,
                                                       &error));
          g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_HOST_KEY);
        }
      else
        {
          g_assert_cmpuint (change.changed, ==, 0);
          ours = edit_here (test.text, devssh_known_hosts_edit_add, &change);
          g_assert_cmpint (change.changed == 1, ==, oracle.verdict != DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED);
          added += change.changed;
          /* In front of it nothing has changed. */
          before = with_last_break (test.text, strlen (test.text));
          g_assert_true (g_str_has_prefix (ours, before));
          fixture_write (self, ours);
          oracle.verdict = DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN;
          fixture_ask (self, name, &oracle);
          g_assert_cmpint (oracle.verdict, ==, DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED);
        }
      g_string_free (oracle.lines, TRUE);
      devssh_known_hosts_change_clear (&change);
    }
  g_assert_cmpuint (added, >, N_EDITS / 4);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/keys/known-hosts/ssh-keygen/verdicts", Fixture, NULL, fixture_set_up, test_verdicts, fixture_tear_down);
  g_test_add ("/keys/known-hosts/ssh-keygen/remove", Fixture, NULL, fixture_set_up, test_remove, fixture_tear_down);
  g_test_add ("/keys/known-hosts/ssh-keygen/hash", Fixture, NULL, fixture_set_up, test_hash, fixture_tear_down);
  g_test_add ("/keys/known-hosts/ssh-keygen/add", Fixture, NULL, fixture_set_up, test_add, fixture_tear_down);
  return g_test_run ();
}
