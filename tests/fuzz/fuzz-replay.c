/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stands in for libFuzzer: gives a target everything that lies in a folder, each file a test. */
#include "fuzz.h"

#include <glib.h>

static void
test_file (gconstpointer user_data)
{
  const char *path = user_data;
  g_autofree char *contents = NULL;
  g_autofree guint8 *exact = NULL;
  g_autoptr(GError) error = NULL;
  gsize length = 0;

  g_file_get_contents (path, &contents, &length, &error);
  g_assert_no_error (error);

  /* Without the zero byte that GLib puts behind it, so that a step too far is seen. */
  exact = g_memdup2 (contents, length);
  g_assert_cmpint (LLVMFuzzerTestOneInput (exact, length), ==, 0);
}

static void
test_nothing (void)
{
  const guint8 *nothing = NULL;

  g_assert_cmpint (LLVMFuzzerTestOneInput (nothing, 0), ==, 0);
}

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(char * const *) a, *(char * const *) b);
}

/* replay NAME FOLDER */
int
main (int    argc,
      char **argv)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GError) error = NULL;
  g_autoptr(GDir) folder = NULL;
  const char *name;

  g_test_init (&argc, &argv, NULL);
  LLVMFuzzerInitialize (&argc, &argv);
  g_assert_cmpint (argc, ==, 3);

  folder = g_dir_open (argv[2], 0, &error);
  g_assert_no_error (error);
  while ((name = g_dir_read_name (folder)) != NULL)
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  g_assert_cmpuint (names->len, >, 0);

  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *path = g_strdup_printf ("/fuzz/%s/T-90/%s", argv[1],
                                               (char *) g_ptr_array_index (names, i));

      g_test_add_data_func_full (path, g_build_filename (argv[2], g_ptr_array_index (names, i), NULL),
                                 test_file, g_free);
    }
  {
    g_autofree char *path = g_strdup_printf ("/fuzz/%s/T-90/nothing", argv[1]);

    g_test_add_func (path, test_nothing);
  }

  return g_test_run ();
}
