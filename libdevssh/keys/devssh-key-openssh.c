/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "openssh-key-v1", the container that ssh-keygen writes: PROTOCOL.key of OpenSSH. Without
 * encryption. */
#include <libdevssh/keys/devssh-key-format-private.h>

#include <string.h>

/* With the zero byte behind it. */
#define MAGIC      "openssh-key-v1"
#define BLOCK_SIZE 8
#define COLUMNS    70

static void
devssh_openssh_set_malformed (GError     **error,
                              const char  *what)
{
  g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED, "OpenSSH private key: %s", what);
}

/* uint32 check, uint32 check, fields of the private key, string comment, byte 1, byte 2, ... */
static DevSshKeyPair *
devssh_openssh_read_private (DevSshSlice   section,
                             GError      **error)
{
  g_autoptr(DevSshKeyPair) key = NULL;
  g_autofree char *text = NULL;
  DevSshReader reader;
  DevSshSlice comment, padding;
  guint32 check = 0;

  devssh_reader_init (&reader, section.data, section.length);
  check = devssh_reader_get_uint32 (&reader);
  if (devssh_reader_get_uint32 (&reader) != check)
    {
      devssh_openssh_set_malformed (error, "the check numbers differ");
      return NULL;
    }

  key = devssh_key_pair_new_for_private_fields (&reader, error);
  if (key == NULL)
    return NULL;
  comment = devssh_reader_get_slice (&reader);
  padding = devssh_reader_get_tail (&reader);
  if (!devssh_reader_finish (&reader, error))
    return NULL;

  if (section.length % BLOCK_SIZE != 0 || padding.length >= BLOCK_SIZE)
    {
      devssh_openssh_set_malformed (error, "it is not padded to blocks of 8");
      return NULL;
    }
  for (gsize i = 0; i < padding.length; i++)
    {
      if (padding.data[i] != i + 1)
        {
          devssh_openssh_set_malformed (error, "the padding is not 1, 2, 3");
          return NULL;
        }
    }

  text = g_utf8_make_valid ((const char *) comment.data, (gssize) comment.length);
  devssh_key_pair_set_comment (key, text);
  return g_steal_pointer (&key);
}

DevSshKeyPair *
devssh_key_openssh_read (DevSshSlice   data,
                         const char   *passphrase,
                         GError      **error)
{
  g_autoptr(DevSshKeyPair) key = NULL;
  g_autoptr(DevSshKeyPair) public_key = NULL;
  DevSshReader reader;
  DevSshSlice cipher, kdf, kdf_options, blob, section;
  const guint8 *magic = NULL;
  guint32 count = 0;

  devssh_reader_init (&reader, data.data, data.length);
  magic = devssh_reader_take (&reader, sizeof MAGIC);
  if (magic == NULL || memcmp (magic, MAGIC, sizeof MAGIC) != 0)
    {
      devssh_openssh_set_malformed (error, "it does not begin with openssh-key-v1");
      return NULL;
    }
  cipher = devssh_reader_get_slice (&reader);
  kdf = devssh_reader_get_slice (&reader);
  kdf_options = devssh_reader_get_slice (&reader);
  count = devssh_reader_get_uint32 (&reader);
  if (!devssh_reader_finish (&reader, error))
    return NULL;

  if (!devssh_slice_is (cipher, "none"))
    {
      devssh_key_set_encrypted_error (error, "OpenSSH", passphrase);
      return NULL;
    }
  if (!devssh_slice_is (kdf, "none") || kdf_options.length != 0)
    {
      devssh_openssh_set_malformed (error, "it has a key derivation, but no cipher");
      return NULL;
    }
  if (count != 1)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
                   "OpenSSH private key: there are %u keys in it, not one", count);
      return NULL;
    }

  blob = devssh_reader_get_slice (&reader);
  section = devssh_reader_get_slice (&reader);
  if (!devssh_reader_finish_all (&reader, error))
    return NULL;

  public_key = devssh_key_pair_new_for_blob (blob.data, blob.length, error);
  if (public_key == NULL)
    return NULL;
  key = devssh_openssh_read_private (section, error);
  if (key == NULL)
    return NULL;

  /* T-80 */
  if (!devssh_key_pair_equal (key, public_key))
    {
      devssh_openssh_set_malformed (error, "the public key in front is another one");
      return NULL;
    }
  return g_steal_pointer (&key);
}

GBytes *
devssh_key_openssh_write (DevSshKeyPair  *key,
                          GError        **error)
{
  const guint8 *blob = NULL;
  gsize length = 0;
  guint32 check = 0;
  DEVSSH_WRITER_AUTO (section);
  DEVSSH_WRITER_AUTO (writer);

  devssh_random ((guint8 *) &check, sizeof check);
  devssh_writer_put_uint32 (&section, check);
  devssh_writer_put_uint32 (&section, check);
  if (!devssh_key_pair_put_private_fields (key, &section, error))
    return NULL;
  devssh_writer_put_utf8 (&section, devssh_key_pair_get_comment (key));
  for (guint8 i = 1; section.length % BLOCK_SIZE != 0; i++)
    devssh_writer_put_byte (&section, i);

  devssh_key_pair_peek_blob (key, &blob, &length);
  devssh_writer_put_bytes (&writer, (const guint8 *) MAGIC, sizeof MAGIC);
  devssh_writer_put_utf8 (&writer, "none");
  devssh_writer_put_utf8 (&writer, "none");
  devssh_writer_put_slice (&writer, NULL, 0);
  devssh_writer_put_uint32 (&writer, 1);
  devssh_writer_put_slice (&writer, blob, length);
  devssh_writer_put_slice (&writer, section.data, section.length);
  return devssh_pem_write ("OPENSSH PRIVATE KEY", writer.data, writer.length, COLUMNS);
}
