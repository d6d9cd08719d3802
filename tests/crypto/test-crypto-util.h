/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Vectors are written as hexadecimal text. */
#pragma once

#include <glib.h>

static inline GBytes *
test_unhex (const char *text)
{
  g_autoptr(GByteArray) array = g_byte_array_new ();

  for (const char *p = text; *p != '\0'; p += 2)
    {
      guint8 byte = 0;

      while (g_ascii_isspace (*p))
        p++;
      g_assert_true (g_ascii_isxdigit (p[0]) && g_ascii_isxdigit (p[1]));
      byte = (guint8) (g_ascii_xdigit_value (p[0]) << 4 | g_ascii_xdigit_value (p[1]));
      g_byte_array_append (array, &byte, 1);
    }
  return g_byte_array_free_to_bytes (g_steal_pointer (&array));
}

static inline const guint8 *
test_bytes (GBytes *bytes)
{
  return g_bytes_get_data (bytes, NULL);
}

static inline void
test_assert_hex (gconstpointer  data,
                 gsize          length,
                 const char    *expected)
{
  g_autoptr(GBytes) bytes = test_unhex (expected);

  g_assert_cmpmem (data, length, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}
