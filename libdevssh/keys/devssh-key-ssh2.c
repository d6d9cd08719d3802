/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What ssh.com began with: public keys as RFC 4716 has them, and private ones (RSA alone), as Dev
 * Tunnels SSH and PuTTY write them. */
#include <libdevssh/keys/devssh-key-format-private.h>

#include <libdevssh/crypto/devssh-kdf-private.h>
#include <libdevssh/wire/devssh-numbers.h>

#include <string.h>

#define MAGIC        0x3f6ff9eb
#define RSA_TYPE     "if-modn{sign{rsa-pkcs1-sha1},encrypt{rsa-pkcs1v2-oaep}}"
#define COLUMNS      70
/* RFC 4716, 3.1 and 3.3 */
#define LINE_LENGTH  72
#define VALUE_LENGTH 1024

/* ---- text ---- */

static gboolean
devssh_slice_begins (DevSshSlice  slice,
                     const char  *text)
{
  gsize length = strlen (text);

  return slice.length >= length && g_ascii_strncasecmp ((const char *) slice.data, text, length) == 0;
}

/* RFC 4716, 3.3.2: one pair of quotes around it is not part of the comment. */
static char *
devssh_ssh2_read_comment (const GString *header)
{
  const guint8 *value = (const guint8 *) strchr (header->str, ':') + 1;
  DevSshSlice text = devssh_text_strip ((DevSshSlice) { value, strlen ((const char *) value) });

  if (text.length >= 2 && text.data[0] == '"' && text.data[text.length - 1] == '"')
    {
      text.data++;
      text.length -= 2;
    }
  return g_utf8_make_valid ((const char *) text.data, (gssize) text.length);
}

/* RFC 4716, 3.3: "name: value" lines, which go on behind a backslash; the first line without a colon
 * begins the body. */
static gboolean
devssh_ssh2_read_headers (DevSshSlice  *text,
                          char        **comment)
{
  DevSshSlice rest = *text, line;

  while (devssh_text_next_line (&rest, &line))
    {
      g_autoptr(GString) header = NULL;

      if (line.length == 0 || memchr (line.data, ':', line.length) == NULL)
        return TRUE;

      header = g_string_new_len ((const char *) line.data, (gssize) line.length);
      while (header->len > 0 && header->str[header->len - 1] == '\\')
        {
          g_string_truncate (header, header->len - 1);
          if (!devssh_text_next_line (&rest, &line))
            return FALSE;
          g_string_append_len (header, (const char *) line.data, (gssize) line.length);
        }
      /* A backslash may have come before the colon, or a zero byte. */
      if (g_ascii_strncasecmp (header->str, "Comment:", 8) == 0)
        {
          g_free (*comment);
          *comment = devssh_ssh2_read_comment (header);
        }
      *text = rest;
    }
  return FALSE;
}

/* Begins behind the BEGIN line. what: PUBLIC KEY or ENCRYPTED PRIVATE KEY */
static DevSshSecret *
devssh_ssh2_read_armour (DevSshSlice    text,
                         const char    *what,
                         char         **comment,
                         GError       **error)
{
  g_autofree char *end = g_strdup_printf ("---- END SSH2 %s ----", what);
  DevSshSlice rest, line, body;

  if (devssh_ssh2_read_headers (&text, comment))
    {
      rest = text;
      while (devssh_text_next_line (&rest, &line))
        {
          if (!devssh_slice_begins (line, "---- END"))
            continue;
          if (!devssh_slice_is (line, end))
            break;
          body = (DevSshSlice) { text.data, (gsize) (line.data - text.data) };
          return devssh_base64_read (body, error);
        }
    }
  g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_TRUNCATED,
                       "The key in the SSH2 format has a BEGIN line but no END line");
  return NULL;
}

/* ---- private keys ---- */

/* uint32 number of bits, and as many bytes as that takes */
static void
devssh_ssh2_put_number (DevSshReader *reader,
                        DevSshWriter *number)
{
  guint32 bits = devssh_reader_get_uint32 (reader);
  const guint8 *bytes = devssh_reader_take (reader, ((gsize) bits + 7) / 8);

  if (bytes != NULL)
    devssh_writer_put_mpint (number, bytes, ((gsize) bits + 7) / 8);
}

/* e, d, n, u = 1/q modulo p, q, p */
static DevSshKeyPair *
devssh_ssh2_read_rsa (DevSshSlice   numbers,
                      GError      **error)
{
  enum { E, D, N, U, Q, P, COUNT };
  static const int order[COUNT] = { N, E, D, U, P, Q };
  DevSshSlice slices[COUNT];
  DevSshReader reader;
  DEVSSH_WRITER_AUTO (writer);
  DEVSSH_WRITER_AUTO (fields);

  /* What is behind them is padding. */
  devssh_reader_init (&reader, numbers.data, numbers.length);
  for (guint i = 0; i < COUNT; i++)
    devssh_ssh2_put_number (&reader, &writer);
  if (!devssh_reader_finish (&reader, error))
    return NULL;

  devssh_reader_init (&reader, writer.data, writer.length);
  for (guint i = 0; i < COUNT; i++)
    slices[i] = devssh_reader_get_slice (&reader);
  devssh_writer_put_utf8 (&fields, DEVSSH_ALGORITHM_KEY_RSA);
  for (guint i = 0; i < COUNT; i++)
    devssh_writer_put_slice (&fields, slices[order[i]].data, slices[order[i]].length);
  return devssh_key_new_for_fields (&fields, error);
}

/* uint32 length of the numbers, in bytes (C#, PuTTY) or bits (Go), and the numbers. A wrong passphrase
 * makes no length that fits. */
static DevSshKeyPair *
devssh_ssh2_read_clear (DevSshSlice   clear,
                        gboolean      encrypted,
                        GError      **error)
{
  DevSshReader reader;
  gsize length = 0, left = 0;

  devssh_reader_init (&reader, clear.data, clear.length);
  length = devssh_reader_get_uint32 (&reader);
  if (!devssh_reader_finish (&reader, error))
    return NULL;
  left = devssh_reader_get_available (&reader);
  if (length > left)
    length = (length + 7) / 8;
  if (length <= left && length > 0)
    return devssh_ssh2_read_rsa ((DevSshSlice) { clear.data + 4, length }, error);

  if (encrypted)
    devssh_key_set_passphrase_error (error);
  else
    g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
                         "The private key in the SSH2 format has less in it than it says");
  return NULL;
}

static DevSshKeyPair *
devssh_ssh2_decrypt (DevSshSlice   cipher_name,
                     DevSshSlice   text,
                     const char   *passphrase,
                     GError      **error)
{
  static const guint8 iv[8];
  const DevSshKeyCipher *cipher = NULL;
  g_autoptr(DevSshSecret) key = NULL;
  g_autoptr(DevSshSecret) clear = NULL;

  /* Of all that ssh.com had, others have written this one. */
  if (!devssh_slice_is (cipher_name, "3des-cbc"))
    {
      g_autofree char *shown = devssh_text_for_people (cipher_name.data, MIN (cipher_name.length, 64));

      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
                   "Keys in the SSH2 format that are encrypted with “%s” cannot be read", shown);
      return NULL;
    }
  cipher = devssh_key_cipher_for_ssh_name (cipher_name, error);
  if (!devssh_key_cipher_check_length (cipher, text.length, error) ||
      !devssh_key_check_passphrase (passphrase, "SSH2", error))
    return NULL;

  key = devssh_kdf_ssh2 (passphrase, cipher->key, error);
  if (key == NULL)
    return NULL;
  clear = devssh_secret_new_copy (text.data, text.length);
  if (!devssh_key_cipher_crypt (cipher, key->data, iv, FALSE, clear->data, clear->length, NULL, error))
    return NULL;
  return devssh_ssh2_read_clear (devssh_key_secret_slice (clear), TRUE, error);
}

/* uint32 magic, uint32 length of all of it, string type of key, string cipher, string numbers */
static DevSshKeyPair *
devssh_key_ssh2_read_private (DevSshSlice   data,
                              const char   *passphrase,
                              GError      **error)
{
  DevSshReader reader;
  DevSshSlice type, cipher, text;
  guint32 length = 0;

  devssh_reader_init (&reader, data.data, data.length);
  if (devssh_reader_get_uint32 (&reader) != MAGIC)
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
                           "This is no private key in the SSH2 format");
      return NULL;
    }
  length = devssh_reader_get_uint32 (&reader);
  type = devssh_reader_get_slice (&reader);
  cipher = devssh_reader_get_slice (&reader);
  text = devssh_reader_get_slice (&reader);
  if (!devssh_reader_finish_all (&reader, error))
    return NULL;
  if (length != data.length)
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
                           "The private key in the SSH2 format is shorter or longer than it says");
      return NULL;
    }
  /* The rest of the name says what the key was once used for. */
  if (!devssh_slice_begins (type, "if-modn{sign{rsa"))
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
                           "Private keys in the SSH2 format are read if they are RSA keys");
      return NULL;
    }

  return devssh_slice_is (cipher, "none") ? devssh_ssh2_read_clear (text, FALSE, error)
                                          : devssh_ssh2_decrypt (cipher, text, passphrase, error);
}

/* ---- both ---- */

DevSshKeyPair *
devssh_key_ssh2_read_bytes (DevSshSlice   data,
                            const char   *passphrase,
                            GError      **error)
{
  DevSshReader reader;

  devssh_reader_init (&reader, data.data, data.length);
  if (devssh_reader_get_uint32 (&reader) == MAGIC)
    return devssh_key_ssh2_read_private (data, passphrase, error);
  return devssh_key_pair_new_for_blob (data.data, data.length, error);
}

DevSshKeyPair *
devssh_key_ssh2_read (DevSshSlice   text,
                      const char   *passphrase,
                      GError      **error)
{
  g_autoptr(DevSshKeyPair) key = NULL;
  g_autoptr(DevSshSecret) data = NULL;
  g_autofree char *comment = NULL;
  DevSshSlice line;
  gboolean is_private = FALSE;

  if (!devssh_text_next_line (&text, &line))
    line = text;
  is_private = devssh_slice_is (line, DEVSSH_KEY_SSH2_BEGIN_PRIVATE);
  if (!is_private && !devssh_slice_is (line, DEVSSH_KEY_SSH2_BEGIN_PUBLIC))
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
                           "The BEGIN line of the key in the SSH2 format is not alone on its line");
      return NULL;
    }

  data = devssh_ssh2_read_armour (text, is_private ? "ENCRYPTED PRIVATE KEY" : "PUBLIC KEY",
                                  &comment, error);
  if (data == NULL)
    return NULL;
  key = is_private ? devssh_key_ssh2_read_private (devssh_key_secret_slice (data), passphrase, error)
                   : devssh_key_pair_new_for_blob (data->data, data->length, error);
  if (key != NULL)
    devssh_key_pair_set_comment (key, comment);
  return g_steal_pointer (&key);
}

/* RFC 4716, 3.1: a line has at most 72 bytes; 3.3: a value 1024. */
static char *
devssh_ssh2_write_comment (const char *comment)
{
  g_autofree char *one_line = devssh_text_one_line (comment);
  g_autoptr(GString) header = g_string_new ("Comment: \"");
  GString *lines = g_string_new (NULL);

  if (strlen (one_line) > VALUE_LENGTH - 2)
    *g_utf8_find_prev_char (one_line, one_line + VALUE_LENGTH - 1) = '\0';
  g_string_append (header, one_line);
  g_string_append_c (header, '"');
  for (gsize at = 0; at < header->len;)
    {
      gsize part = header->len - at;

      if (part > LINE_LENGTH)
        part = LINE_LENGTH - 1;
      g_string_append_len (lines, header->str + at, (gssize) part);
      at += part;
      g_string_append (lines, at < header->len ? "\\\n" : "\n");
    }
  return g_string_free (lines, FALSE);
}

GBytes *
devssh_key_ssh2_write_public (DevSshKeyPair *key)
{
  const char *comment = devssh_key_pair_get_comment (key);
  g_autofree char *header = comment != NULL ? devssh_ssh2_write_comment (comment) : g_strdup ("");
  g_autofree char *before = g_strconcat (DEVSSH_KEY_SSH2_BEGIN_PUBLIC "\n", header, NULL);
  const guint8 *blob = NULL;
  gsize length = 0;

  devssh_key_pair_peek_blob (key, &blob, &length);
  return devssh_armour_write (before, blob, length, COLUMNS, "---- END SSH2 PUBLIC KEY ----\n");
}

GBytes *
devssh_key_ssh2_write_private (DevSshKeyPair  *key,
                               GError        **error)
{
  enum { N, E, D, U, P, Q, COUNT };
  static const int order[COUNT] = { E, D, N, U, Q, P };
  const char *comment = devssh_key_pair_get_comment (key);
  g_autofree char *header = devssh_ssh2_write_comment (comment != NULL ? comment : "");
  g_autofree char *before = g_strconcat (DEVSSH_KEY_SSH2_BEGIN_PRIVATE "\n", header, NULL);
  DevSshSlice slices[COUNT];
  DevSshReader reader;
  DEVSSH_WRITER_AUTO (fields);
  DEVSSH_WRITER_AUTO (numbers);
  DEVSSH_WRITER_AUTO (data);

  if (!devssh_key_pair_put_private_fields (key, &fields, error))
    return NULL;
  devssh_reader_init (&reader, fields.data, fields.length);
  devssh_reader_get_slice (&reader);   /* the type */
  for (guint i = 0; i < COUNT; i++)
    slices[i] = devssh_reader_get_magnitude (&reader, TRUE);
  g_assert (devssh_reader_ok (&reader));

  for (guint i = 0; i < COUNT; i++)
    {
      DevSshSlice number = slices[order[i]];

      /* It has no leading zeros. */
      devssh_writer_put_uint32 (&numbers, (guint32) (8 * (number.length - 1)) +
                                          g_bit_storage (number.data[0]));
      devssh_writer_put_bytes (&numbers, number.data, number.length);
    }

  devssh_writer_put_uint32 (&data, MAGIC);
  devssh_writer_put_uint32 (&data, 0);   /* the length, when it is known */
  devssh_writer_put_utf8 (&data, RSA_TYPE);
  devssh_writer_put_utf8 (&data, "none");
  devssh_writer_put_uint32 (&data, (guint32) numbers.length + 4);
  devssh_writer_put_slice (&data, numbers.data, numbers.length);
  devssh_writer_set_uint32 (&data, 4, (guint32) data.length);
  return devssh_armour_write (before, data.data, data.length, COLUMNS,
                              "---- END SSH2 ENCRYPTED PRIVATE KEY ----\n");
}
