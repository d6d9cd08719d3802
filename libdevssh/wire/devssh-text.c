/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text of a peer made fit for a log, a dialog or a GError (T-57). */
#include <libdevssh/wire/devssh-names-private.h>

#include <libdevssh/base/devssh-trace-private.h>

#include <string.h>

#define TEXT_MAX_BYTES 1024

/* One character as it may be shown; returns how many bytes of data it was. */
static gsize
next_piece (const guint8 *data,
            gsize         length,
            char         *piece)
{
  gunichar c = g_utf8_get_char_validated ((const char *) data, (gssize) length);
  gsize used = 1;
  int piece_length;

  /* A zero byte is a character here, not the end. */
  if (data[0] == 0)
    c = 0;

  if (c == (gunichar) -1 || c == (gunichar) -2)
    c = 0xfffd;
  else if (c >= 0x80)
    used = (gsize) g_unichar_to_utf8 (c, NULL);

  if (!devssh_trace_is_unsafe (c))
    {
      piece_length = g_unichar_to_utf8 (c, piece);
      piece[piece_length] = '\0';
    }
  else if (c < 0x100)
    g_snprintf (piece, 8, "\\x%02x", c);
  else
    g_snprintf (piece, 8, "\\u%04x", c);

  return used;
}

char *
devssh_text_for_people (const guint8 *data,
                        gsize         length)
{
  GString *text = g_string_new (NULL);

  while (length > 0)
    {
      char piece[8];
      gsize used = next_piece (data, length, piece);

      if (text->len + strlen (piece) > TEXT_MAX_BYTES)
        break;

      g_string_append (text, piece);
      data += used;
      length -= used;
    }

  return g_string_free (text, FALSE);
}
