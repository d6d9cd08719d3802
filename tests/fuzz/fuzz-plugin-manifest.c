/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The keyfile of a plugin: read as a whole or left out with a reason, and no module is opened for it (T-83). */
#include "fuzz.h"

#include <glib/gstdio.h>
#include <libdevssh/service/devssh-service-private.h>

static char *folder;

static void
remove_folder (void)
{
  g_autofree char *path = g_build_filename (folder, "fuzz.plugin", NULL);

  g_unlink (path);
  g_rmdir (folder);
  g_clear_pointer (&folder, g_free);
}

static void
make_folder (void)
{
  folder = g_dir_make_tmp ("devssh-fuzz-XXXXXX", NULL);
  g_assert_nonnull (folder);
  atexit (remove_folder);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  g_autofree char *path = NULL;
  g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GPtrArray) entries = NULL;
  const char * const folders[] = { folder, NULL };
  const char * const names[] = { "fuzz", NULL };

  if (folder == NULL)
    {
      make_folder ();
      return LLVMFuzzerTestOneInput (data, size);
    }

  path = g_build_filename (folder, "fuzz.plugin", NULL);
  g_assert_true (g_file_set_contents_full (path, (const char *) data, (gssize) size, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  entries = devssh_plugin_catalogue (folders, names, errors);
  g_assert_true ((entries->len > 0) == (errors->len == 0));

  for (guint i = 0; i < entries->len; i++)
    {
      DevSshServiceEntry *entry = g_ptr_array_index (entries, i);

      g_assert_cmpstr (entry->plugin, ==, "fuzz");
      g_assert_nonnull (entry->name);
      g_assert_nonnull (entry->activation);
      /* A service name never becomes a path: there is no module here, whatever it is called. */
      g_assert_cmpuint (devssh_service_entry_get_type_loaded (entry, NULL), ==, G_TYPE_INVALID);
    }

  return 0;
}
