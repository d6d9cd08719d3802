/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The line of a public key: its type, its blob in base64 and a comment. */
#include <libdevssh/keys/devssh-key-format-private.h>

#include <string.h>

static DevSshSlice
devssh_text_next_word (DevSshSlice *text)
{
  DevSshSlice word = { NULL, 0 };

  while (text->length > 0 && (*text->data == ' ' || *text->data == '\t'))
    {
      text->data++;
      text->length--;
    }
  word.data = text->data;
  while (text->length > 0 && !g_ascii_isspace (*text->data))
    {
      text->data++;
      text->length--;
    }
  word.length = (gsize) (text->data - word.data);
  return word;
}

DevSshKeyPair *
devssh_key_ssh_read (DevSshSlice   line,
                     const char   *passphrase,
                     GError      **error)
{
  g_autoptr(DevSshSecret) blob = NULL;
  g_autoptr(DevSshKeyPair) key = NULL;
  g_autofree char *comment = NULL;
  DevSshSlice type = devssh_text_next_word (&line);
  DevSshSlice base64 = devssh_text_next_word (&line);
  DevSshReader reader;
  DevSshSlice name;

  while (line.length > 0 && g_ascii_isspace (line.data[line.length - 1]))
    line.length--;
  if (memchr (line.data, '\n', line.length) != NULL)
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
                           "A public key in the SSH format is one line");
      return NULL;
    }

  blob = devssh_base64_read (base64, error);
  if (blob == NULL)
    return NULL;
  key = devssh_key_pair_new_for_blob (blob->data, blob->length, error);
  if (key == NULL)
    return NULL;

  /* Of the two names, neither may be a lie. */
  devssh_reader_init (&reader, blob->data, blob->length);
  name = devssh_reader_get_slice (&reader);
  if (name.length != type.length || memcmp (name.data, type.data, name.length) != 0)
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
                           "The line names another type than the key in it");
      return NULL;
    }

  while (line.length > 0 && g_ascii_isspace (*line.data))
    {
      line.data++;
      line.length--;
    }
  comment = g_utf8_make_valid ((const char *) line.data, (gssize) line.length);
  devssh_key_pair_set_comment (key, comment);
  return g_steal_pointer (&key);
}

GBytes *
devssh_key_ssh_write (DevSshKeyPair *key)
{
  g_autofree char *one_line = devssh_text_one_line (devssh_key_pair_get_comment (key));
  g_autofree char *base64 = NULL;
  const guint8 *data = NULL;
  gsize length = 0;
  char *line = NULL;

  devssh_key_pair_peek_blob (key, &data, &length);
  base64 = g_base64_encode (data, length);
  line = g_strconcat (devssh_key_pair_get_algorithm (key), " ", base64, *one_line != '\0' ? " "
                      : "", one_line, "\n", NULL);
  return g_bytes_new_take (line, strlen (line));
}
