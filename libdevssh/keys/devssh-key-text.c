/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Base64 and the BEGIN and END lines around it: RFC 7468, and the headers of RFC 1421. */
#include <libdevssh/keys/devssh-key-format-private.h>

#include <string.h>

gboolean
devssh_text_next_line (DevSshSlice *text,
                       DevSshSlice *line)
{
  const guint8 *end = NULL;

  if (text->length == 0)
    return FALSE;

  *line = *text;
  end = memchr (text->data, '\n', text->length);
  if (end != NULL)
    line->length = (gsize) (end - text->data);
  text->data += line->length + (end != NULL ? 1 : 0);
  text->length -= line->length + (end != NULL ? 1 : 0);

  while (line->length > 0 && g_ascii_isspace (line->data[line->length - 1]))
    line->length--;
  return TRUE;
}

DevSshSlice
devssh_text_strip (DevSshSlice text)
{
  while (text.length > 0 && g_ascii_isspace (*text.data))
    {
      text.data++;
      text.length--;
    }
  while (text.length > 0 && g_ascii_isspace (text.data[text.length - 1]))
    text.length--;
  return text;
}

/* "-----BEGIN label-----" */
static gboolean
devssh_pem_label (DevSshSlice  line,
                  const char  *begin,
                  DevSshSlice *label)
{
  gsize before = strlen (begin);

  if (line.length < before + 5 || memcmp (line.data, begin, before) != 0 ||
      memcmp (line.data + line.length - 5, "-----", 5) != 0)
    return FALSE;

  *label = (DevSshSlice) { line.data + before, line.length - before - 5 };
  return TRUE;
}

/* RFC 1421, 4.6: "name: value" lines, some of them continued, up to an empty one */
static void
devssh_pem_skip_headers (DevSshPem *pem)
{
  DevSshSlice text = pem->body, line;

  if (!devssh_text_next_line (&text, &line) || memchr (line.data, ':', line.length) == NULL)
    return;

  do
    {
      if (line.length >= 10 && memcmp (line.data, "Proc-Type:", 10) == 0 &&
          memmem (line.data, line.length, "ENCRYPTED", 9) != NULL)
        pem->encrypted = TRUE;
      if (line.length >= 9 && memcmp (line.data, "DEK-Info:", 9) == 0)
        pem->dek_info = devssh_text_strip ((DevSshSlice) { line.data + 9, line.length - 9 });
    }
  while (devssh_text_next_line (&text, &line) && line.length > 0);
  pem->body = text;
}

gboolean
devssh_pem_find (DevSshSlice   text,
                 DevSshPem    *pem,
                 GError      **error)
{
  DevSshSlice line, label;
  gboolean inside = FALSE;

  memset (pem, 0, sizeof *pem);
  while (devssh_text_next_line (&text, &line))
    {
      if (!inside && devssh_pem_label (line, "-----BEGIN ", &pem->label))
        {
          inside = TRUE;
          pem->body = (DevSshSlice) { text.data, 0 };
        }
      else if (inside && devssh_pem_label (line, "-----END ", &label))
        {
          if (label.length != pem->label.length ||
              memcmp (label.data, pem->label.data, label.length) != 0)
            break;
          pem->body.length = (gsize) (line.data - pem->body.data);
          inside = FALSE;
          /* openssl writes the curve in front of the key. */
          if (!devssh_slice_is (pem->label, "EC PARAMETERS"))
            {
              devssh_pem_skip_headers (pem);
              return TRUE;
            }
        }
    }

  if (inside)
    g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_TRUNCATED,
                         "The key has a BEGIN line but no END line");
  return FALSE;
}

DevSshSecret *
devssh_base64_read (DevSshSlice   text,
                    GError      **error)
{
  g_autoptr(DevSshSecret) secret = NULL;
  gsize characters = 0, padding = 0;
  int state = 0;
  guint save = 0;

  /* GLib's decoder steps over what is no base64; a key must not be read from such. */
  for (gsize i = 0; i < text.length; i++)
    {
      guint8 c = text.data[i];

      if (g_ascii_isspace (c))
        continue;
      if (c == '=')
        padding++;
      else if (padding > 0 || !(g_ascii_isalnum (c) || c == '+' || c == '/'))
        padding = 3;
      characters++;
      if (padding > 2)
        break;
    }
  if (padding > 2 || characters % 4 != 0)
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
                           "The base64 text of the key is broken");
      return NULL;
    }

  secret = devssh_secret_new (characters / 4 * 3 + 3);
  secret->length = g_base64_decode_step ((const char *) text.data, text.length, secret->data,
                                         &state, &save);
  return g_steal_pointer (&secret);
}

char *
devssh_text_one_line (const char *text)
{
  return g_strdelimit (g_strdup (text != NULL ? text : ""), "\r\n", ' ');
}

static void
devssh_key_text_free (gpointer text)
{
  devssh_secret_strfree (text);
}

GBytes *
devssh_key_text_take (char *text)
{
  return g_bytes_new_with_free_func (text, strlen (text), devssh_key_text_free, text);
}

GBytes *
devssh_armour_write (const char   *before,
                     const guint8 *data,
                     gsize         length,
                     guint         columns,
                     const char   *after)
{
  char *base64 = g_base64_encode (data, length);
  gsize characters = strlen (base64);
  gsize size = strlen (before) + strlen (after) + characters + characters / columns + 2;
  char *text = g_malloc0 (size);
  char *end = g_stpcpy (text, before);

  for (gsize i = 0; i < characters; i += columns)
    {
      gsize part = MIN (columns, characters - i);

      memcpy (end, base64 + i, part);
      end[part] = '\n';
      end += part + 1;
    }
  g_stpcpy (end, after);

  devssh_secret_strfree (base64);
  return devssh_key_text_take (text);
}

GBytes *
devssh_pem_write (const char   *label,
                  const guint8 *data,
                  gsize         length,
                  guint         columns)
{
  g_autofree char *before = g_strdup_printf ("-----BEGIN %s-----\n", label);
  g_autofree char *after = g_strdup_printf ("-----END %s-----\n", label);

  return devssh_armour_write (before, data, length, columns, after);
}
