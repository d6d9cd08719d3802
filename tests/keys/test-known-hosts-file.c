/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of known hosts on the disk: changed in one go, by one at a time, and nothing that others wrote is lost. */
#include "../test-loop.h"

#include <libdevssh/devssh.h>

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What another program does when the new file has been written, and in the very moment in which it takes the place of
 * the old one. */
static void   (*before_fsync) (gpointer data);
static gpointer before_fsync_data;
static void   (*before_rename) (gpointer data);
static gpointer before_rename_data;

int
fsync (int fd)
{
  if (before_fsync != NULL)
    before_fsync (before_fsync_data);
  return (int) syscall (SYS_fsync, fd);
}

int
renameat (int         old_folder,
          const char *old_name,
          int         new_folder,
          const char *new_name)
{
  if (before_rename != NULL)
    before_rename (before_rename_data);
  return (int) syscall (SYS_renameat2, old_folder, old_name, new_folder, new_name, 0);
}

typedef struct
{
  char             *folder;
  char             *path;
  GFile            *file;
  DevSshKnownHosts *hosts;
  DevSshKeyPair    *key;
  char             *key_line;
} Fixture;

static void
fixture_set_up (Fixture       *self,
                gconstpointer  data)
{
  g_autoptr(GBytes) line = NULL;

  self->folder = g_dir_make_tmp ("devssh-known-XXXXXX", NULL);
  self->path = g_build_filename (self->folder, "known_hosts", NULL);
  self->file = g_file_new_for_path (self->path);
  self->hosts = devssh_known_hosts_new ();
  self->key = devssh_key_pair_generate (DEVSSH_ALGORITHM_KEY_ED25519, 0, NULL);
  line = devssh_key_pair_export_public (self->key, DEVSSH_KEY_FORMAT_SSH, NULL);
  self->key_line = g_strchomp (g_strndup (g_bytes_get_data (line, NULL), g_bytes_get_size (line)));
}

/* Whatever is left there is the test's own: nothing of ours stays beside the file. */
static void
fixture_tear_down (Fixture       *self,
                   gconstpointer  data)
{
  g_unlink (self->path);
  g_assert_cmpint (g_rmdir (self->folder), ==, 0);
  g_free (self->folder);
  g_free (self->path);
  g_free (self->key_line);
  g_object_unref (self->file);
  g_object_unref (self->hosts);
  g_object_unref (self->key);
}

static void
write_file (const char *path,
            const char *text,
            int         mode)
{
  g_autoptr(GError) error = NULL;

  g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, mode, &error);
  g_assert_no_error (error);
}

static void
assert_file (const char *path,
             const char *expected)
{
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, expected);
}

static guint
mode_of (const char *path)
{
  struct stat info;

  g_assert_cmpint (lstat (path, &info), ==, 0);
  return info.st_mode & 07777;
}

static int
add_full (DevSshKnownHosts          *hosts,
          GFile                     *file,
          const char                *host,
          guint16                    port,
          DevSshKeyPair             *key,
          DevSshKnownHostsAddFlags   flags,
          GError                   **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  devssh_known_hosts_add_async (hosts, file, host, port, key, flags, NULL, test_keep_result_cb, &result);
  test_wait_result (&result);
  return devssh_known_hosts_add_finish (hosts, result, error);
}

static int
add (Fixture     *self,
     const char  *host,
     GError     **error)
{
  return add_full (self->hosts, self->file, host, 22, self->key, DEVSSH_KNOWN_HOSTS_ADD_NONE, error);
}

static int
remove_host (Fixture        *self,
             const char     *host,
             DevSshKeyPair  *key,
             GError        **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  devssh_known_hosts_remove_async (self->hosts, self->file, host, 22, key, NULL, test_keep_result_cb, &result);
  test_wait_result (&result);
  return devssh_known_hosts_remove_finish (self->hosts, result, error);
}

static int
hash_file (Fixture  *self,
           GError  **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  devssh_known_hosts_hash_async (self->hosts, self->file, NULL, test_keep_result_cb, &result);
  test_wait_result (&result);
  return devssh_known_hosts_hash_finish (self->hosts, result, error);
}

static DevSshKnownHostsVerdict
check (Fixture    *self,
       const char *host)
{
  return devssh_known_hosts_check (self->hosts, host, 22, self->key, NULL);
}

/* ---- one program ---- */

static void
test_new (Fixture       *self,
          gconstpointer  data)
{
  g_autofree char *expected = g_strdup_printf ("example.org %s\n", self->key_line);
  mode_t mask = umask (0);

  g_assert_cmpint (add (self, "Example.ORG", NULL), ==, 1);
  umask (mask);
  assert_file (self->path, expected);
  g_assert_cmpuint (mode_of (self->path), ==, 0600);
  g_assert_cmpint (check (self, "example.org"), ==, DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED);
  /* Once is enough. */
  g_assert_cmpint (add (self, "example.org", NULL), ==, 0);
  assert_file (self->path, expected);
  g_assert_cmpint (remove_host (self, "example.org", NULL, NULL), ==, 1);
  assert_file (self->path, "");
  g_assert_cmpint (check (self, "example.org"), ==, DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN);
}

/* Bytes that mean nothing to us come out as they went in: zeros, control characters, bad UTF-8. */
static void
test_others (Fixture       *self,
             gconstpointer  data)
{
  static const char others[] = "# mine\r\n\n\t\x1b[2J\xff\xfe\n@new-marker * x\nexample.org not-a-key\nnul\0in it\nlast";
  g_autofree char *tail = g_strdup_printf ("\nexample.org %s\n", self->key_line);
  g_autofree char *text = NULL;
  gsize length = 0;

  g_file_set_contents_full (self->path, others, sizeof others - 1, G_FILE_SET_CONTENTS_CONSISTENT, 0640, NULL);
  g_assert_cmpint (add (self, "example.org", NULL), ==, 1);
  g_assert_true (g_file_get_contents (self->path, &text, &length, NULL));
  g_assert_cmpuint (length, ==, sizeof others - 1 + strlen (tail));
  g_assert_cmpmem (text, sizeof others - 1, others, sizeof others - 1);
  g_assert_cmpstr (text + sizeof others - 1, ==, tail);
  g_assert_cmpuint (mode_of (self->path), ==, 0640);

  g_assert_cmpint (hash_file (self, NULL), ==, 1);
  g_assert_cmpint (check (self, "example.org"), ==, DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED);
  g_assert_cmpint (remove_host (self, "example.org", NULL, NULL), ==, 1);
  g_clear_pointer (&text, g_free);
  g_assert_true (g_file_get_contents (self->path, &text, &length, NULL));
  /* But for the end of the last line, which has to be there when another one follows. */
  g_assert_cmpmem (text, length, "# mine\r\n\n\t\x1b[2J\xff\xfe\n@new-marker * x\nexample.org not-a-key\nnul\0in it\nlast\n", sizeof others);
  g_assert_cmpuint (mode_of (self->path), ==, 0640);
}

static void
test_replace (Fixture       *self,
              gconstpointer  data)
{
  g_autoptr(DevSshKeyPair) other = devssh_key_pair_generate (DEVSSH_ALGORITHM_KEY_ED25519, 0, NULL);
  g_autofree char *authority = g_strdup_printf ("@cert-authority * %s\n", self->key_line);
  g_autofree char *expected = g_strdup_printf ("%sexample.org %s\n", authority, self->key_line);

  write_file (self->path, authority, 0600);
  g_assert_cmpint (add_full (self->hosts, self->file, "example.org", 22, other, DEVSSH_KNOWN_HOSTS_ADD_HASHED, NULL), ==, 1);
  g_assert_cmpint (add_full (self->hosts, self->file, "example.org", 22, other, DEVSSH_KNOWN_HOSTS_ADD_NONE, NULL), ==, 0);
  g_assert_cmpint (check (self, "example.org"), ==, DEVSSH_KNOWN_HOSTS_VERDICT_CHANGED);
  g_assert_cmpint (add_full (self->hosts, self->file, "example.org", 22, self->key, DEVSSH_KNOWN_HOSTS_ADD_REPLACE, NULL), ==, 2);
  assert_file (self->path, expected);
  g_assert_cmpint (check (self, "example.org"), ==, DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED);
  /* A host may have several. */
  g_assert_cmpint (add_full (self->hosts, self->file, "example.org", 22, other, DEVSSH_KNOWN_HOSTS_ADD_NONE, NULL), ==, 1);
  g_assert_cmpint (check (self, "example.org"), ==, DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED);
  g_assert_cmpint (remove_host (self, "example.org", other, NULL), ==, 1);
  assert_file (self->path, expected);
}

static void
test_bad_names (Fixture       *self,
                gconstpointer  data)
{
  static const char *const names[] = {
    "", "*", "a,b", "a b", "a\nb", "a\tb", "!a", "#a", "@revoked", "|1|a|b", "a?", "a\x7f", "a\r",
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_cmpint (add (self, names[i], &error), ==, -1);
      g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED);
      g_clear_error (&error);
      g_assert_cmpint (remove_host (self, names[i], NULL, &error), ==, -1);
      g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED);
    }
  g_assert_false (g_file_test (self->path, G_FILE_TEST_EXISTS));
}

/* Whichever file says so. */
static void
test_revoked (Fixture       *self,
              gconstpointer  data)
{
  g_autofree char *text = g_strdup_printf ("@revoked * %s\n", self->key_line);
  g_autoptr(GBytes) global = g_bytes_new (text, strlen (text));
  g_autoptr(GError) error = NULL;

  write_file (self->path, text, 0600);
  g_assert_cmpint (add (self, "example.org", &error), ==, -1);
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_HOST_KEY);
  assert_file (self->path, text);
  g_assert_cmpint (remove_host (self, "example.org", NULL, NULL), ==, 0);
  assert_file (self->path, text);

  g_clear_error (&error);
  write_file (self->path, "", 0600);
  g_assert_true (devssh_known_hosts_load_file (self->hosts, self->file, NULL, NULL));
  g_assert_true (devssh_known_hosts_load_data (self->hosts, global, "global", NULL));
  g_assert_cmpint (add (self, "example.org", &error), ==, -1);
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_HOST_KEY);
  g_assert_nonnull (strstr (error->message, "global:1"));
  assert_file (self->path, "");
}

static void
test_memory (Fixture       *self,
             gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;

  g_assert_cmpint (add_full (self->hosts, NULL, "example.org", 22, self->key, DEVSSH_KNOWN_HOSTS_ADD_NONE, NULL), ==, 1);
  g_assert_cmpint (add_full (self->hosts, NULL, "example.org", 22, self->key, DEVSSH_KNOWN_HOSTS_ADD_NONE, NULL), ==, 0);
  g_assert_cmpint (check (self, "example.org"), ==, DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED);
  devssh_known_hosts_remove_async (self->hosts, NULL, "example.org", 22, NULL, NULL, test_keep_result_cb, &result);
  test_wait_result (&result);
  g_assert_cmpint (devssh_known_hosts_remove_finish (self->hosts, result, NULL), ==, 1);
  g_assert_cmpint (check (self, "example.org"), ==, DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN);
}

static void
test_refresh (Fixture       *self,
              gconstpointer  data)
{
  g_autofree char *text = g_strdup_printf ("example.org %s\n", self->key_line);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) again = NULL;
  g_autoptr(GAsyncResult) third = NULL;
  g_autoptr(GError) error = NULL;

  devssh_known_hosts_load_file_async (self->hosts, self->file, NULL, test_keep_result_cb, &result);
  test_wait_result (&result);
  g_assert_false (devssh_known_hosts_load_file_finish (self->hosts, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_object (&result);
  g_clear_error (&error);

  write_file (self->path, "", 0600);
  devssh_known_hosts_load_file_async (self->hosts, self->file, NULL, test_keep_result_cb, &result);
  test_wait_result (&result);
  g_assert_true (devssh_known_hosts_load_file_finish (self->hosts, result, &error));
  write_file (self->path, text, 0600);
  g_assert_cmpint (check (self, "example.org"), ==, DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN);
  devssh_known_hosts_refresh_async (self->hosts, NULL, test_keep_result_cb, &again);
  test_wait_result (&again);
  g_assert_true (devssh_known_hosts_refresh_finish (self->hosts, again, &error));
  g_assert_cmpint (check (self, "example.org"), ==, DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED);
  /* Gone is gone. */
  g_unlink (self->path);
  devssh_known_hosts_refresh_async (self->hosts, NULL, test_keep_result_cb, &third);
  test_wait_result (&third);
  g_assert_true (devssh_known_hosts_refresh_finish (self->hosts, third, &error));
  g_assert_cmpint (check (self, "example.org"), ==, DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN);
}

/* What was read before an edit does not come back over it. */
static void
test_refresh_while_adding (Fixture       *self,
                           gconstpointer  data)
{
  write_file (self->path, "", 0600);
  g_assert_true (devssh_known_hosts_load_file (self->hosts, self->file, NULL, NULL));
  for (guint i = 0; i < 30; i++)
    {
      g_autofree char *host = g_strdup_printf ("host%u", i);
      g_autoptr(GAsyncResult) refreshed = NULL;
      g_autoptr(GAsyncResult) added = NULL;

      devssh_known_hosts_refresh_async (self->hosts, NULL, test_keep_result_cb, &refreshed);
      devssh_known_hosts_add_async (self->hosts, self->file, host, 22, self->key, DEVSSH_KNOWN_HOSTS_ADD_NONE, NULL, test_keep_result_cb,
                                    &added);
      test_wait_result (&added);
      test_wait_result (&refreshed);
      g_assert_cmpint (devssh_known_hosts_add_finish (self->hosts, added, NULL), ==, 1);
      g_assert_true (devssh_known_hosts_refresh_finish (self->hosts, refreshed, NULL));
      g_assert_cmpint (check (self, host), ==, DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED);
    }
}

/* ---- where it must not go ---- */

static void
test_link (Fixture       *self,
           gconstpointer  data)
{
  g_autofree char *target = g_build_filename (self->folder, "target", NULL);
  g_autofree char *expected = g_strdup_printf ("example.org %s\n", self->key_line);
  g_autofree char *leads_to = NULL;

  /* To a file that is not there yet, and back again to one that is. */
  g_assert_cmpint (symlink ("target", self->path), ==, 0);
  g_assert_cmpint (add (self, "example.org", NULL), ==, 1);
  assert_file (target, expected);
  g_assert_cmpint (add (self, "second", NULL), ==, 1);
  g_assert_cmpint (remove_host (self, "second", NULL, NULL), ==, 1);
  assert_file (target, expected);
  leads_to = g_file_read_link (self->path, NULL);
  g_assert_cmpstr (leads_to, ==, "target");
  g_unlink (target);
}

static void
test_bad_links (Fixture       *self,
                gconstpointer  data)
{
  g_autofree char *target = g_build_filename (self->folder, "target", NULL);
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (symlink ("known_hosts", self->path), ==, 0);
  g_assert_cmpint (add (self, "example.org", &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_LINKS);
  g_clear_error (&error);
  g_unlink (self->path);

  if (geteuid () != 0)
    {
      g_test_message ("only root can make links of others");
      return;
    }
  /* Not even root follows a stranger's. */
  write_file (target, "", 0600);
  g_assert_cmpint (symlink ("target", self->path), ==, 0);
  g_assert_cmpint (lchown (self->path, 65534, 65534), ==, 0);
  g_assert_cmpint (add (self, "example.org", &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  assert_file (target, "");
  g_unlink (target);
}

static void
test_owner (Fixture       *self,
            gconstpointer  data)
{
  struct stat info;

  if (geteuid () != 0)
    {
      g_test_skip ("only root can change files of others");
      return;
    }
  write_file (self->path, "", 0604);
  g_assert_cmpint (chown (self->path, 65534, 65533), ==, 0);
  g_assert_cmpint (add (self, "example.org", NULL), ==, 1);
  g_assert_cmpint (stat (self->path, &info), ==, 0);
  g_assert_cmpuint (info.st_uid, ==, 65534);
  g_assert_cmpuint (info.st_gid, ==, 65533);
  g_assert_cmpuint (mode_of (self->path), ==, 0604);
}

static void
test_no_file (Fixture       *self,
              gconstpointer  data)
{
  g_autoptr(GFile) null = g_file_new_for_path ("/dev/null");
  g_autoptr(GFile) nowhere = g_file_new_for_path ("/nonexistent/folder/known_hosts");
  g_autoptr(GFile) elsewhere = g_file_new_for_uri ("https://example.org/known_hosts");
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (add_full (self->hosts, null, "example.org", 22, self->key, 0, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE);
  g_clear_error (&error);
  g_assert_cmpint (add_full (self->hosts, nowhere, "example.org", 22, self->key, 0, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_cmpint (add_full (self->hosts, elsewhere, "example.org", 22, self->key, 0, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_cmpint (mkdir (self->path, 0700), ==, 0);
  g_assert_cmpint (add (self, "example.org", &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE);
  g_clear_error (&error);
  g_rmdir (self->path);
  /* Nobody waits for who writes into a pipe. */
  g_assert_cmpint (mkfifo (self->path, 0600), ==, 0);
  g_assert_cmpint (add (self, "example.org", &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE);
}

static void
test_folder (Fixture       *self,
             gconstpointer  data)
{
  g_autofree char *folder = g_build_filename (self->folder, ".ssh", NULL);
  g_autofree char *path = g_build_filename (folder, "known_hosts", NULL);
  g_autoptr(GFile) file = g_file_new_for_path (path);

  g_assert_cmpint (add_full (self->hosts, file, "example.org", 22, self->key, 0, NULL), ==, 1);
  g_assert_cmpuint (mode_of (folder), ==, 0700);
  g_assert_cmpuint (mode_of (path), ==, 0600);
  g_unlink (path);
  g_rmdir (folder);
}

/* What does not fit leaves the old file and nothing else. */
static void
test_full_disk (Fixture       *self,
                gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *text = g_strnfill (4096, '#');
  struct rlimit before, small;

  write_file (self->path, text, 0600);
  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &before), ==, 0);
  small = (struct rlimit) { 4096, before.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &small), ==, 0);
  g_assert_cmpint (add (self, "example.org", &error), ==, -1);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &before), ==, 0);
  g_assert_nonnull (error);
  g_assert_true (error->domain == G_IO_ERROR);
  assert_file (self->path, text);
  g_assert_cmpint (check (self, "example.org"), ==, DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN);
}

static void
test_too_large (Fixture       *self,
                gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  write_file (self->path, "", 0600);
  g_assert_cmpint (truncate (self->path, 64 * 1024 * 1024 + 1), ==, 0);
  g_assert_false (devssh_known_hosts_load_file (self->hosts, self->file, NULL, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_LIMIT);
  g_clear_error (&error);
  g_assert_cmpint (add (self, "example.org", &error), ==, -1);
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_LIMIT);
}

/* ---- several programs ---- */

#define N_PROCESSES 4
#define N_EACH      25

static void
test_processes (Fixture       *self,
                gconstpointer  data)
{
  pid_t children[N_PROCESSES];

  for (int child = 0; child < N_PROCESSES; child++)
    {
      children[child] = fork ();
      if (children[child] == 0)
        {
          /* A context of its own, for the parent's has a thread that was not forked. */
          g_autoptr(GMainContext) context = g_main_context_new ();
          g_autoptr(DevSshKnownHosts) hosts = NULL;

          g_main_context_push_thread_default (context);
          hosts = devssh_known_hosts_new ();
          for (int i = 0; i < N_EACH; i++)
            {
              g_autofree char *host = g_strdup_printf ("host-%d-%d", child, i);

              if (add_full (hosts, self->file, host, 22, self->key, 0, NULL) != 1)
                _exit (1);
            }
          _exit (0);
        }
    }
  for (int child = 0; child < N_PROCESSES; child++)
    {
      int status = 0;

      g_assert_cmpint (waitpid (children[child], &status, 0), ==, children[child]);
      g_assert_cmpint (status, ==, 0);
    }
  g_assert_true (devssh_known_hosts_load_file (self->hosts, self->file, NULL, NULL));
  for (int child = 0; child < N_PROCESSES; child++)
    for (int i = 0; i < N_EACH; i++)
      {
        g_autofree char *host = g_strdup_printf ("host-%d-%d", child, i);

        g_assert_cmpint (check (self, host), ==, DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED);
      }
}

static void
append_line_cb (gpointer data)
{
  Fixture *self = data;
  int fd = open (self->path, O_WRONLY | O_APPEND);

  before_rename = NULL;
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, "# late\n", 7), ==, 7);
  close (fd);
}

/* Without our lock, as ssh does it. */
static void
test_appended (Fixture       *self,
               gconstpointer  data)
{
  g_autofree char *expected = g_strdup_printf ("# early\nexample.org %s\n# late\n", self->key_line);

  write_file (self->path, "# early\n", 0600);
  before_rename_data = self;
  before_rename = append_line_cb;
  g_assert_cmpint (add (self, "example.org", NULL), ==, 1);
  g_assert_null (before_rename);
  assert_file (self->path, expected);
  g_assert_cmpint (check (self, "example.org"), ==, DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED);
}

static void
replace_cb (gpointer data)
{
  Fixture *self = data;

  before_fsync = NULL;
  write_file (self->path, "# replaced\n", 0644);
}

/* As ssh-keygen -R does it, or whoever is the first to make the file. */
static void
test_replaced (Fixture       *self,
               gconstpointer  data)
{
  g_autofree char *expected = g_strdup_printf ("# replaced\nexample.org %s\n", self->key_line);

  for (guint i = 0; i < 2; i++)
    {
      g_unlink (self->path);
      if (i == 0)
        write_file (self->path, "# mine\n", 0600);
      before_fsync_data = self;
      before_fsync = replace_cb;
      g_assert_cmpint (add (self, "example.org", NULL), ==, 1);
      g_assert_null (before_fsync);
      assert_file (self->path, expected);
      g_assert_cmpuint (mode_of (self->path), ==, 0644);
    }
}

static void
change_again_cb (gpointer data)
{
  static guint n;
  Fixture *self = data;
  g_autofree char *text = g_strdup_printf ("# %u\n", n++);
  void (*keep) (gpointer data) = before_fsync;

  before_fsync = NULL;
  write_file (self->path, text, 0600);
  before_fsync = keep;
}

/* There is an end to it. */
static void
test_never_left_alone (Fixture       *self,
                       gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  write_file (self->path, "", 0600);
  before_fsync_data = self;
  before_fsync = change_again_cb;
  g_assert_cmpint (add (self, "example.org", &error), ==, -1);
  before_fsync = NULL;
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  assert_file (self->path, "# 19\n");
}

static void
test_cancelled_reading (Fixture       *self,
                        gconstpointer  data)
{
  g_autofree char *text = g_strdup_printf ("example.org %s\n", self->key_line);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  write_file (self->path, text, 0600);
  devssh_known_hosts_load_file_async (self->hosts, self->file, cancellable, test_keep_result_cb, &result);
  g_cancellable_cancel (cancellable);
  test_wait_result (&result);
  g_assert_false (devssh_known_hosts_load_file_finish (self->hosts, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (check (self, "example.org"), ==, DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN);
}

static void
test_cancelled (Fixture       *self,
                gconstpointer  data)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) cancelled = NULL;
  g_autoptr(GAsyncResult) waiting = NULL;
  g_autoptr(GError) error = NULL;
  int folder = open (self->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  write_file (self->path, "", 0600);
  g_assert_cmpint (flock (folder, LOCK_EX), ==, 0);
  devssh_known_hosts_add_async (self->hosts, self->file, "one", 22, self->key, 0, cancellable, test_keep_result_cb, &cancelled);
  devssh_known_hosts_add_async (self->hosts, self->file, "two", 22, self->key, 0, NULL, test_keep_result_cb, &waiting);
  g_cancellable_cancel (cancellable);
  test_wait_result (&cancelled);
  g_assert_cmpint (devssh_known_hosts_add_finish (self->hosts, cancelled, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (waiting);
  assert_file (self->path, "");
  g_assert_cmpint (flock (folder, LOCK_UN), ==, 0);
  close (folder);
  test_wait_result (&waiting);
  g_assert_cmpint (devssh_known_hosts_add_finish (self->hosts, waiting, NULL), ==, 1);
  g_assert_cmpint (check (self, "one"), ==, DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN);
  g_assert_cmpint (check (self, "two"), ==, DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED);
}

int
main (int    argc,
      char **argv)
{
  static const struct
  {
    const char *path;
    void      (*run) (Fixture *self, gconstpointer data);
  } tests[] = {
    /* First, for it forks. */
    { "processes", test_processes },
    { "T-81/new", test_new },
    { "others", test_others },
    { "replace", test_replace },
    { "bad-names", test_bad_names },
    { "revoked", test_revoked },
    { "memory", test_memory },
    { "refresh", test_refresh },
    { "refresh-while-adding", test_refresh_while_adding },
    { "T-81/link", test_link },
    { "T-81/bad-links", test_bad_links },
    { "T-81/owner", test_owner },
    { "T-81/full-disk", test_full_disk },
    { "no-file", test_no_file },
    { "folder", test_folder },
    { "too-large", test_too_large },
    { "appended", test_appended },
    { "replaced", test_replaced },
    { "never-left-alone", test_never_left_alone },
    { "cancelled", test_cancelled },
    { "cancelled-reading", test_cancelled_reading },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/keys/known-hosts/file/", tests[i].path, NULL);

      g_test_add (path, Fixture, NULL, fixture_set_up, tests[i].run, fixture_tear_down);
    }
  return g_test_run ();
}
