/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is shown to people is one line of bounded UTF-8 without control characters, whatever a peer wrote (T-57). */
#include "fuzz.h"

#include <libdevssh/wire/devssh-names-private.h>

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  g_autofree char *text = devssh_text_for_people (data, size);

  g_assert_cmpuint (strlen (text), <=, 1024);
  g_assert_true (g_utf8_validate (text, -1, NULL));
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      g_assert_false (g_unichar_iscntrl (c));
      g_assert_false (c == 0x061c || c == 0x200e || c == 0x200f || c == 0x2028 || c == 0x2029);
      g_assert_false ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069));
    }

  return 0;
}
