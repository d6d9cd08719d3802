/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys into files: whole or not at all, through no link, and for nobody else to read (T-81). */
#include <libdevssh/keys/devssh-key-format-private.h>

#include "../test-loop.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct
{
  char          *folder;
  GFile         *file;      /* folder/key */
  char          *path;
  DevSshKeyPair *key;
} Fixture;

static void
fixture_set_up (Fixture       *self,
                gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  self->folder = g_dir_make_tmp ("devssh-key-file-XXXXXX", &error);
  g_assert_no_error (error);
  self->path = g_build_filename (self->folder, "key", NULL);
  self->file = g_file_new_for_path (self->path);
  self->key = devssh_key_pair_generate ("ssh-ed25519", 0, &error);
  g_assert_no_error (error);
}

/* How many files there are; gone: removes them. */
static guint
fixture_count (Fixture  *self,
               gboolean  gone)
{
  g_autoptr(GDir) folder = g_dir_open (self->folder, 0, NULL);
  const char *name = NULL;
  guint count = 0;

  while ((name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *path = g_build_filename (self->folder, name, NULL);

      if (gone)
        g_remove (path);
      count++;
    }
  return count;
}

static void
fixture_tear_down (Fixture       *self,
                   gconstpointer  data)
{
  fixture_count (self, TRUE);
  g_assert_no_errno (g_rmdir (self->folder));
  g_object_unref (self->key);
  g_object_unref (self->file);
  g_free (self->path);
  g_free (self->folder);
}

static int
fixture_mode (Fixture *self)
{
  GStatBuf buffer;

  g_assert_no_errno (g_lstat (self->path, &buffer));
  g_assert_true (S_ISREG (buffer.st_mode));
  return buffer.st_mode & 07777;
}

static void
fixture_check (Fixture  *self,
               gboolean  is_private)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshKeyPair) again = devssh_key_pair_import_file (self->file, DEVSSH_KEY_FORMAT_DEFAULT,
                                                                "password", NULL, &error);

  g_assert_no_error (error);
  g_assert_true (devssh_key_pair_equal (again, self->key));
  g_assert_cmpint (devssh_key_pair_get_has_private (again), ==, is_private);
}

static void
test_modes (Fixture       *self,
            gconstpointer  data)
{
  static const mode_t masks[] = { 0, 022, 0777 };

  for (guint i = 0; i < G_N_ELEMENTS (masks); i++)
    {
      mode_t before = umask (masks[i]);
      g_autoptr(GError) error = NULL;
      gboolean written = devssh_key_pair_export_private_file (self->key, self->file, DEVSSH_KEY_FORMAT_OPENSSH,
                                                              "password", DEVSSH_KEY_FILE_NONE, NULL, &error);
      int private_mode = written ? fixture_mode (self) : 0;

      g_unlink (self->path);
      written = written && devssh_key_pair_export_public_file (self->key, self->file, DEVSSH_KEY_FORMAT_DEFAULT,
                                                               DEVSSH_KEY_FILE_NONE, NULL, &error);
      umask (before);
      g_assert_no_error (error);
      g_assert_cmpint (private_mode, ==, 0600);
      g_assert_cmpint (fixture_mode (self), ==, 0644);
      fixture_check (self, FALSE);
      g_assert_cmpuint (fixture_count (self, TRUE), ==, 1);
    }
}

static gboolean
fixture_export (Fixture             *self,
                gboolean             is_private,
                DevSshKeyFileFlags   flags,
                GError             **error)
{
  return is_private
         ? devssh_key_pair_export_private_file (self->key, self->file, DEVSSH_KEY_FORMAT_PKCS8, NULL, flags, NULL,
                                                error)
         : devssh_key_pair_export_public_file (self->key, self->file, DEVSSH_KEY_FORMAT_SSH, flags, NULL, error);
}

/* What is there stays, whatever it is, unless it may be replaced; and then it is replaced, not written to. */
static void
test_replace (Fixture       *self,
              gconstpointer  data)
{
  g_autofree char *target = g_build_filename (self->folder, "target", NULL);

  for (guint i = 0; i < 8; i++)
    {
      gboolean is_private = (i & 1) != 0, link = (i & 2) != 0, dangling = (i & 4) != 0;
      g_autoptr(GError) error = NULL;
      g_autofree char *text = NULL;

      if (dangling && !link)
        continue;
      if (!dangling)
        g_assert_true (g_file_set_contents (link ? target : self->path, "of value", -1, NULL));
      g_assert_no_errno (g_chmod (dangling ? self->folder : link ? target : self->path, dangling ? 0700 : 0644));
      if (link)
        g_assert_no_errno (symlink (target, self->path));

      g_assert_false (fixture_export (self, is_private, DEVSSH_KEY_FILE_NONE, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
      g_assert_nonnull (strstr (error->message, self->path));
      g_clear_error (&error);
      if (!dangling)
        {
          g_assert_true (g_file_get_contents (self->path, &text, NULL, NULL));
          g_assert_cmpstr (text, ==, "of value");
        }

      g_assert_true (fixture_export (self, is_private, DEVSSH_KEY_FILE_REPLACE, &error));
      g_assert_no_error (error);
      g_assert_cmpint (fixture_mode (self), ==, is_private ? 0600 : 0644);
      fixture_check (self, is_private);
      g_assert_cmpint (g_file_test (target, G_FILE_TEST_EXISTS), ==, link && !dangling);
      if (link && !dangling)
        {
          g_autofree char *kept = NULL;

          g_assert_true (g_file_get_contents (target, &kept, NULL, NULL));
          g_assert_cmpstr (kept, ==, "of value");
        }
      g_assert_cmpuint (fixture_count (self, TRUE), ==, link && !dangling ? 2 : 1);
    }
}

/* No room for all of it: nothing of it is left, and what was there is there. */
static void
test_full (Fixture       *self,
           gconstpointer  data)
{
  struct rlimit before, little;
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;
  gboolean written = FALSE;

  g_assert_true (g_file_set_contents (self->path, "old", -1, NULL));
  g_assert_no_errno (getrlimit (RLIMIT_FSIZE, &before));
  little = before;
  little.rlim_cur = 20;
  signal (SIGXFSZ, SIG_IGN);
  g_assert_no_errno (setrlimit (RLIMIT_FSIZE, &little));
  written = fixture_export (self, TRUE, DEVSSH_KEY_FILE_REPLACE, &error);
  g_assert_no_errno (setrlimit (RLIMIT_FSIZE, &before));

  g_assert_false (written);
  g_assert_true (error != NULL && error->domain == G_IO_ERROR);
  g_assert_true (g_file_get_contents (self->path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "old");
  g_assert_cmpuint (fixture_count (self, FALSE), ==, 1);
}

static void
test_refused (Fixture       *self,
              gconstpointer  data)
{
  g_autoptr(GFile) missing = g_file_resolve_relative_path (self->file, "../no-such-folder/key");
  g_autoptr(GFile) elsewhere = g_file_new_for_uri ("https://example.com/key");
  g_autoptr(GFile) folder = g_file_new_for_path (self->folder);
  g_autoptr(DevSshKeyPair) public_key = devssh_key_pair_copy_public (self->key);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_false (devssh_key_pair_export_public_file (self->key, self->file, DEVSSH_KEY_FORMAT_SSH, DEVSSH_KEY_FILE_NONE,
                                                      cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_false (devssh_key_pair_export_public_file (self->key, missing, DEVSSH_KEY_FORMAT_SSH, DEVSSH_KEY_FILE_NONE,
                                                      NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_false (devssh_key_pair_export_public_file (self->key, elsewhere, DEVSSH_KEY_FORMAT_SSH, DEVSSH_KEY_FILE_NONE,
                                                      NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_false (devssh_key_pair_export_public_file (self->key, folder, DEVSSH_KEY_FORMAT_SSH, DEVSSH_KEY_FILE_REPLACE,
                                                      NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY);
  g_clear_error (&error);
  g_assert_false (devssh_key_pair_export_public_file (self->key, self->file, DEVSSH_KEY_FORMAT_PKCS1, DEVSSH_KEY_FILE_NONE,
                                                      NULL, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED);
  g_clear_error (&error);
  g_assert_false (devssh_key_pair_export_private_file (public_key, self->file, DEVSSH_KEY_FORMAT_DEFAULT, NULL,
                                                       DEVSSH_KEY_FILE_NONE, NULL, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_NO_PRIVATE_KEY);
  g_assert_cmpuint (fixture_count (self, FALSE), ==, 0);
}

static void
test_async (Fixture       *self,
            gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;

  devssh_key_pair_export_private_file_async (self->key, self->file, DEVSSH_KEY_FORMAT_OPENSSH, "password",
                                             DEVSSH_KEY_FILE_NONE, NULL, test_keep_result_cb, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (devssh_key_pair_export_private_file_finish (self->key, result, &error));
  g_assert_no_error (error);
  fixture_check (self, TRUE);
  g_clear_object (&result);

  devssh_key_pair_export_public_file_async (self->key, self->file, DEVSSH_KEY_FORMAT_SSH2, DEVSSH_KEY_FILE_NONE, NULL,
                                            test_keep_result_cb, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (devssh_key_pair_export_public_file_finish (self->key, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
  g_clear_error (&error);
  g_clear_object (&result);

  devssh_key_pair_export_public_file_async (self->key, self->file, DEVSSH_KEY_FORMAT_SSH2, DEVSSH_KEY_FILE_REPLACE, NULL,
                                            test_keep_result_cb, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (devssh_key_pair_export_public_file_finish (self->key, result, &error));
  g_assert_no_error (error);
  fixture_check (self, FALSE);
  g_clear_object (&result);

  g_cancellable_cancel (cancellable);
  devssh_key_pair_export_private_file_async (self->key, self->file, DEVSSH_KEY_FORMAT_PKCS8, NULL,
                                             DEVSSH_KEY_FILE_REPLACE, cancellable, test_keep_result_cb, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (devssh_key_pair_export_private_file_finish (self->key, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  fixture_check (self, FALSE);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/keys/file/modes/T-81", Fixture, NULL, fixture_set_up, test_modes, fixture_tear_down);
  g_test_add ("/keys/file/replace/T-81", Fixture, NULL, fixture_set_up, test_replace, fixture_tear_down);
  g_test_add ("/keys/file/full/T-81", Fixture, NULL, fixture_set_up, test_full, fixture_tear_down);
  g_test_add ("/keys/file/refused", Fixture, NULL, fixture_set_up, test_refused, fixture_tear_down);
  g_test_add ("/keys/file/async", Fixture, NULL, fixture_set_up, test_async, fixture_tear_down);

  return g_test_run ();
}
