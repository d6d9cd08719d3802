/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "openssh-key-v1", the container that ssh-keygen writes: PROTOCOL.key of OpenSSH. */
#include <libdevssh/keys/devssh-key-format-private.h>

#include <libdevssh/crypto/devssh-kdf-private.h>

#include <string.h>

/* With the zero byte behind it. */
#define MAGIC      "openssh-key-v1"
#define BLOCK_SIZE 8                /* of a key that is not encrypted */
#define COLUMNS    70
/* Less than a block would do; PuTTY takes 16 for a block everywhere, and adds a whole one where none is
 * needed. */
#define MAX_PADDING 16
/* As ssh-keygen has them. */
#define CIPHER     "aes256-ctr"
#define ROUNDS     16
#define SALT_SIZE  16

/* How a container is encrypted; cipher: NULL if it is not. */
typedef struct
{
  const DevSshKeyCipher *cipher;
  DevSshSlice            salt;
  guint32                rounds;
} DevSshOpensshKdf;

static void
devssh_openssh_set_malformed (GError     **error,
                              const char  *what)
{
  g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED, "OpenSSH private key: %s", what);
}

/* uint32 check, uint32 check, fields of the private key, string comment, byte 1, byte 2, ... */
static DevSshKeyPair *
devssh_openssh_read_private (DevSshSlice             section,
                             const DevSshKeyCipher  *cipher,
                             GError                **error)
{
  gsize block = cipher != NULL ? cipher->block : BLOCK_SIZE;
  g_autoptr(DevSshKeyPair) key = NULL;
  g_autofree char *text = NULL;
  DevSshReader reader;
  DevSshSlice comment, padding;
  guint32 check = 0;

  devssh_reader_init (&reader, section.data, section.length);
  check = devssh_reader_get_uint32 (&reader);
  if (devssh_reader_get_uint32 (&reader) != check)
    {
      if (cipher != NULL)
        devssh_key_set_passphrase_error (error);
      else
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

  if (section.length % block != 0 || padding.length > MAX_PADDING)
    {
      devssh_openssh_set_malformed (error, "it is not padded to whole blocks");
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

/* string cipher, string kdf, string options: with bcrypt a string salt and a uint32 rounds */
static gboolean
devssh_openssh_read_kdf (DevSshReader      *reader,
                         DevSshOpensshKdf  *self,
                         GError           **error)
{
  DevSshSlice cipher = devssh_reader_get_slice (reader);
  DevSshSlice kdf = devssh_reader_get_slice (reader);
  DevSshSlice options = devssh_reader_get_slice (reader);
  DevSshReader inner;

  memset (self, 0, sizeof *self);
  if (!devssh_reader_finish (reader, error))
    return FALSE;

  if (devssh_slice_is (cipher, "none"))
    {
      if (devssh_slice_is (kdf, "none") && options.length == 0)
        return TRUE;
      devssh_openssh_set_malformed (error, "it has a key derivation, but no cipher");
      return FALSE;
    }

  self->cipher = devssh_key_cipher_for_ssh_name (cipher, error);
  if (self->cipher == NULL)
    return FALSE;
  if (!devssh_slice_is (kdf, "bcrypt"))
    {
      g_autofree char *shown = devssh_text_for_people (kdf.data, MIN (kdf.length, 64));

      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
                   "OpenSSH private key: keys are derived with bcrypt, not with “%s”", shown);
      return FALSE;
    }

  devssh_reader_init (&inner, options.data, options.length);
  self->salt = devssh_reader_get_slice (&inner);
  self->rounds = devssh_reader_get_uint32 (&inner);
  if (!devssh_reader_finish_all (&inner, error))
    return FALSE;
  if (self->salt.length == 0)
    {
      devssh_openssh_set_malformed (error, "the key derivation has no salt");
      return FALSE;
    }
  return devssh_kdf_bcrypt_check (self->rounds, error);
}

static DevSshKeyPair *
devssh_openssh_decrypt (const DevSshOpensshKdf  *self,
                        DevSshSlice              section,
                        const guint8            *tag,
                        const char              *passphrase,
                        GError                 **error)
{
  g_autoptr(DevSshSecret) key = NULL;
  g_autoptr(DevSshSecret) clear = NULL;

  if (!devssh_key_cipher_check_length (self->cipher, section.length, error) ||
      !devssh_key_check_passphrase (passphrase, "OpenSSH", error))
    return NULL;

  key = devssh_kdf_bcrypt (passphrase, self->salt, self->rounds,
                           (gsize) self->cipher->key + self->cipher->iv);
  clear = devssh_secret_new_copy (section.data, section.length);
  if (!devssh_key_cipher_crypt (self->cipher, key->data, key->data + self->cipher->key, FALSE,
                                clear->data, clear->length, tag, error))
    return NULL;
  return devssh_openssh_read_private (devssh_key_secret_slice (clear), self->cipher, error);
}

DevSshKeyPair *
devssh_key_openssh_read (DevSshSlice   data,
                         const char   *passphrase,
                         GError      **error)
{
  g_autoptr(DevSshKeyPair) key = NULL;
  g_autoptr(DevSshKeyPair) public_key = NULL;
  DevSshOpensshKdf kdf;
  DevSshReader reader;
  DevSshSlice blob, section;
  const guint8 *magic = NULL, *tag = NULL;
  guint32 count = 0;

  devssh_reader_init (&reader, data.data, data.length);
  magic = devssh_reader_take (&reader, sizeof MAGIC);
  if (magic == NULL || memcmp (magic, MAGIC, sizeof MAGIC) != 0)
    {
      devssh_openssh_set_malformed (error, "it does not begin with openssh-key-v1");
      return NULL;
    }
  if (!devssh_openssh_read_kdf (&reader, &kdf, error))
    return NULL;
  count = devssh_reader_get_uint32 (&reader);
  if (!devssh_reader_finish (&reader, error))
    return NULL;
  if (count != 1)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
                   "OpenSSH private key: there are %u keys in it, not one", count);
      return NULL;
    }

  blob = devssh_reader_get_slice (&reader);
  section = devssh_reader_get_slice (&reader);
  /* The tag stands behind the string that it is for. */
  if (kdf.cipher != NULL && kdf.cipher->tag > 0)
    tag = devssh_reader_take (&reader, kdf.cipher->tag);
  if (!devssh_reader_finish_all (&reader, error))
    return NULL;

  public_key = devssh_key_pair_new_for_blob (blob.data, blob.length, error);
  if (public_key == NULL)
    return NULL;
  key = kdf.cipher != NULL ? devssh_openssh_decrypt (&kdf, section, tag, passphrase, error)
                           : devssh_openssh_read_private (section, NULL, error);
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

/* Encrypts the section in place, and writes how. */
static gboolean
devssh_openssh_encrypt (DevSshWriter  *writer,
                        DevSshWriter  *section,
                        const char    *passphrase,
                        GError       **error)
{
  const DevSshSlice name = { (const guint8 *) CIPHER, strlen (CIPHER) };
  const DevSshKeyCipher *cipher = devssh_key_cipher_for_ssh_name (name, error);
  g_autoptr(DevSshSecret) key = NULL;
  guint8 salt[SALT_SIZE];
  DEVSSH_WRITER_AUTO (options);

  devssh_random (salt, sizeof salt);
  key = devssh_kdf_bcrypt (passphrase, (DevSshSlice) { salt, sizeof salt }, ROUNDS,
                           (gsize) cipher->key + cipher->iv);
  if (!devssh_key_cipher_crypt (cipher, key->data, key->data + cipher->key, TRUE, section->data,
                                section->length, NULL, error))
    return FALSE;

  devssh_writer_put_slice (&options, salt, sizeof salt);
  devssh_writer_put_uint32 (&options, ROUNDS);
  devssh_writer_put_utf8 (writer, CIPHER);
  devssh_writer_put_utf8 (writer, "bcrypt");
  devssh_writer_put_slice (writer, options.data, options.length);
  return TRUE;
}

GBytes *
devssh_key_openssh_write (DevSshKeyPair  *key,
                          const char     *passphrase,
                          GError        **error)
{
  const guint8 *blob = NULL;
  gsize length = 0, block = passphrase != NULL ? 16 : BLOCK_SIZE;
  guint32 check = 0;
  DEVSSH_WRITER_AUTO (section);
  DEVSSH_WRITER_AUTO (writer);

  devssh_random ((guint8 *) &check, sizeof check);
  devssh_writer_put_uint32 (&section, check);
  devssh_writer_put_uint32 (&section, check);
  if (!devssh_key_pair_put_private_fields (key, &section, error))
    return NULL;
  devssh_writer_put_utf8 (&section, devssh_key_pair_get_comment (key));
  for (guint8 i = 1; section.length % block != 0; i++)
    devssh_writer_put_byte (&section, i);

  devssh_writer_put_bytes (&writer, (const guint8 *) MAGIC, sizeof MAGIC);
  if (passphrase == NULL)
    {
      devssh_writer_put_utf8 (&writer, "none");
      devssh_writer_put_utf8 (&writer, "none");
      devssh_writer_put_slice (&writer, NULL, 0);
    }
  else if (!devssh_openssh_encrypt (&writer, &section, passphrase, error))
    {
      return NULL;
    }

  devssh_key_pair_peek_blob (key, &blob, &length);
  devssh_writer_put_uint32 (&writer, 1);
  devssh_writer_put_slice (&writer, blob, length);
  devssh_writer_put_slice (&writer, section.data, section.length);
  return devssh_pem_write ("OPENSSH PRIVATE KEY", writer.data, writer.length, COLUMNS);
}
