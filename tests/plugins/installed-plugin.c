/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plugin as it is installed: in a folder of its own, with modes that the library trusts. */
#include "installed-plugin.h"

#include <glib/gstdio.h>
#include <stdlib.h>

static char *plugin_directory;
static char *module_name;
static char *keyfile_name;

static void
remove_plugin_directory (void)
{
  g_autofree char *module = g_build_filename (plugin_directory, module_name, NULL);
  g_autofree char *keyfile = g_build_filename (plugin_directory, keyfile_name, NULL);

  g_remove (module);
  g_remove (keyfile);
  g_remove (plugin_directory);
  g_free (module_name);
  g_free (keyfile_name);
  g_free (plugin_directory);
}

static void
copy_plugin_file (const char *name)
{
  g_autofree char *source = g_build_filename (g_getenv ("DEVSSH_TEST_PLUGIN"), name, NULL);
  g_autofree char *path = g_build_filename (plugin_directory, name, NULL);
  g_autofree char *data = NULL;
  g_autoptr(GError) error = NULL;
  gsize length;

  g_file_get_contents (source, &data, &length, &error);
  g_assert_no_error (error);
  g_file_set_contents (path, data, length, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_chmod (path, 0644), ==, 0);
}

const char *
test_plugin_directory (const char *name)
{
  g_autoptr(GError) error = NULL;

  if (plugin_directory != NULL)
    return plugin_directory;

  plugin_directory = g_dir_make_tmp ("devssh-plugin-XXXXXX", &error);
  g_assert_no_error (error);
  module_name = g_strconcat ("libdevssh-", name, ".so", NULL);
  keyfile_name = g_strconcat (name, ".plugin", NULL);
  copy_plugin_file (module_name);
  copy_plugin_file (keyfile_name);
  atexit (remove_plugin_directory);

  return plugin_directory;
}
