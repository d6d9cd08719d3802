/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz-key.h"

static void
write_and_read (DevSshKeyPair   *key,
                gboolean         private_half,
                DevSshKeyFormat  format)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) data = private_half ? devssh_key_pair_export_private (key, format, NULL, &error)
                                        : devssh_key_pair_export_public (key, format, &error);
  g_autoptr(DevSshKeyPair) again = NULL;

  /* Not every kind of key has every format. */
  if (data == NULL)
    {
      g_assert_nonnull (error);
      return;
    }

  again = devssh_key_pair_import_data (data, format, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (devssh_key_pair_equal (again, key));
  g_assert_cmpint (devssh_key_pair_get_has_private (again), ==, private_half);
}

void
fuzz_key_check (DevSshKeyPair   *key,
                DevSshKeyFormat  format,
                GError          *error)
{
  g_assert_true ((key == NULL) == (error != NULL));

  if (key != NULL)
    {
      write_and_read (key, FALSE, DEVSSH_KEY_FORMAT_SSH);
      if (devssh_key_pair_get_has_private (key))
        write_and_read (key, TRUE, format);
      g_object_unref (key);
    }
  g_clear_error (&error);
}
