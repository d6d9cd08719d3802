/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Directories with plugins in them. */
#include "plugin-util.h"

#include <sys/stat.h>
#include <unistd.h>
#include <glib/gstdio.h>
#include <libdevssh/devssh.h>

static void
remove_tree (const char *path)
{
  g_autoptr(GDir) dir = NULL;
  const char *name;

  if (g_file_test (path, G_FILE_TEST_IS_DIR) && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
    {
      dir = g_dir_open (path, 0, NULL);
      while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
        {
          g_autofree char *child = g_build_filename (path, name, NULL);

          remove_tree (child);
        }
    }

  g_assert_cmpint (g_remove (path), ==, 0);
}

/* A directory that goes when the test ends. */
char *
new_directory (void)
{
  g_autoptr(GError) error = NULL;
  char *path = g_dir_make_tmp ("devssh-plugins-XXXXXX", &error);

  g_assert_no_error (error);
  g_assert_cmpint (g_chmod (path, 0755), ==, 0);

  /* Last in, first out. */
  g_test_queue_free (path);
  g_test_queue_destroy ((GDestroyNotify) remove_tree, path);

  return path;
}

void
put_text (const char *directory,
          const char *name,
          const char *text)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);
  g_autoptr(GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_chmod (path, 0644), ==, 0);
}

void
copy_file (const char *source_directory,
           const char *name,
           const char *directory,
           int         mode)
{
  g_autofree char *source = g_build_filename (source_directory, name, NULL);
  g_autofree char *path = g_build_filename (directory, name, NULL);
  g_autofree char *data = NULL;
  g_autoptr(GError) error = NULL;
  gsize length;

  g_file_get_contents (source, &data, &length, &error);
  g_assert_no_error (error);
  g_file_set_contents (path, data, length, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_chmod (path, mode), ==, 0);
}

void
put_module (const char *directory,
            const char *variant)
{
  g_autofree char *name = g_strdup_printf ("libtest-%s.so", variant);

  copy_file (g_getenv ("DEVSSH_TEST_MODULES"), name, directory, 0755);
}

void
put_module_as (const char *directory,
               const char *variant,
               const char *type_name)
{
  g_autofree char *name = g_strdup_printf ("libtest-%s.so", variant);
  g_autofree char *from = g_build_filename (directory, name, NULL);
  g_autofree char *file_name = g_strdup_printf ("lib%s.so", type_name);
  g_autofree char *to = g_build_filename (directory, file_name, NULL);

  put_module (directory, variant);
  g_assert_cmpint (g_rename (from, to), ==, 0);
}

void
put_plugin (const char *directory,
            const char *variant,
            const char *plugin,
            const char *type_name,
            const char *rules)
{
  g_autofree char *name = g_strconcat (plugin, ".plugin", NULL);
  g_autofree char *text = g_strdup_printf ("[Plugin]\nModule=%s\nAbi=%d\n[Service %s]\nName=%s\nActivateOn=%s\n",
                                           type_name, DEVSSH_PLUGIN_ABI, type_name, plugin, rules);

  put_text (directory, name, text);
  put_module_as (directory, variant, type_name);
}

void
put_keyfile (const char *directory,
             const char *plugin,
             const char *module,
             const char *type_name)
{
  g_autofree char *name = g_strconcat (plugin, ".plugin", NULL);
  g_autofree char *text = g_strdup_printf ("[Plugin]\nModule=%s\nAbi=%d\nName=A test\nDescription=For tests\n\n"
                                           "[Service %s]\nName=%s\nActivateOn=session-request:%s\n",
                                           module, DEVSSH_PLUGIN_ABI, type_name, plugin, plugin);

  put_text (directory, name, text);
}

void
link_to (const char *directory,
         const char *name,
         const char *target)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);

  g_assert_cmpint (symlink (target, path), ==, 0);
}
