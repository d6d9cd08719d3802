/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes written down as hex digits; spaces are for the reader. */
#pragma once

#include <gio/gio.h>

static inline GBytes *
test_hex (const char *text)
{
  GByteArray *bytes = g_byte_array_new ();

  while (*text != '\0')
    {
      guint8 byte;

      if (*text == ' ')
        {
          text++;
          continue;
        }
      g_assert_true (g_ascii_isxdigit (text[0]) && g_ascii_isxdigit (text[1]));
      byte = (guint8) (g_ascii_xdigit_value (text[0]) << 4 | g_ascii_xdigit_value (text[1]));
      g_byte_array_append (bytes, &byte, 1);
      text += 2;
    }

  return g_byte_array_free_to_bytes (bytes);
}

static inline void
test_assert_bytes (GBytes     *bytes,
                   const char *hex)
{
  g_autoptr(GBytes) expected = test_hex (hex);

  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
                   g_bytes_get_data (expected, NULL), g_bytes_get_size (expected));
}
