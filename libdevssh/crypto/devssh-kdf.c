/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys out of passphrases. */
#include <libdevssh/crypto/devssh-kdf-private.h>

#include <libdevssh/crypto/devssh-blowfish-private.h>
#include <libdevssh/crypto/devssh-crypto-private.h>
#include <libdevssh/wire/devssh-uint32-private.h>

#include <openssl/err.h>
#include <string.h>

static gboolean
devssh_kdf_check (const char  *what,
                  guint64      count,
                  guint64      most,
                  GError     **error)
{
  if (count == 0)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
                   "The key of the file is to be derived with no %s at all", what);
      return FALSE;
    }
  if (count > most)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_LIMIT,
                   "The file asks for %" G_GUINT64_FORMAT " %s to derive its key; at most %"
                   G_GUINT64_FORMAT " are done", count, what, most);
      return FALSE;
    }
  return TRUE;
}

gboolean
devssh_kdf_bcrypt_check (guint64   rounds,
                         GError  **error)
{
  return devssh_kdf_check ("rounds of bcrypt", rounds, DEVSSH_KDF_BCRYPT_MAX_ROUNDS, error);
}

gboolean
devssh_kdf_pbkdf2_check (guint64   iterations,
                         GError  **error)
{
  return devssh_kdf_check ("iterations of PBKDF2", iterations, DEVSSH_KDF_PBKDF2_MAX_ITERATIONS,
                           error);
}

/* ---- bcrypt ---- */

#define BCRYPT_SIZE  32
#define SHA512_SIZE  64

/* What is on the way to a key; wiped as one. */
typedef struct
{
  DevSshBlowfish blowfish;
  guint32        password[DEVSSH_BLOWFISH_KEY];
  guint32        salt[DEVSSH_BLOWFISH_KEY];
  guint32        text[BCRYPT_SIZE / 4];
  guint8         digest[SHA512_SIZE];
  guint8         block[BCRYPT_SIZE];     /* what one run gives */
  guint8         sum[BCRYPT_SIZE];       /* of all of them */
} DevSshBcrypt;

static void
devssh_bcrypt_load (guint32      *words,
                    const guint8 *bytes)
{
  for (guint i = 0; i < DEVSSH_BLOWFISH_KEY; i++)
    words[i] = devssh_uint32_load (bytes + 4 * i);
}

/* One run: an expensive key schedule, under which a constant is encrypted. Cost 6, so 64 times. */
static void
devssh_bcrypt_run (DevSshBcrypt *self)
{
  static const char constant[] = "OxychromaticBlowfishSwatDynamite";

  G_STATIC_ASSERT (sizeof constant - 1 == BCRYPT_SIZE);
  devssh_blowfish_init (&self->blowfish);
  devssh_blowfish_expand (&self->blowfish, self->password, self->salt);
  for (guint i = 0; i < 64; i++)
    {
      devssh_blowfish_expand (&self->blowfish, self->salt, NULL);
      devssh_blowfish_expand (&self->blowfish, self->password, NULL);
    }

  for (guint i = 0; i < G_N_ELEMENTS (self->text); i++)
    self->text[i] = devssh_uint32_load ((const guint8 *) constant + 4 * i);
  for (guint i = 0; i < 64; i++)
    {
      for (guint j = 0; j < G_N_ELEMENTS (self->text); j += 2)
        devssh_blowfish_encrypt (&self->blowfish, &self->text[j], &self->text[j + 1]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (self->text); i++)
    {
      guint32 word = GUINT32_TO_LE (self->text[i]);

      memcpy (self->block + 4 * i, &word, 4);
    }
}

DevSshSecret *
devssh_kdf_bcrypt (const char  *passphrase,
                   DevSshSlice  salt,
                   guint        rounds,
                   gsize        length)
{
  DevSshSecret *key = devssh_secret_new (length);
  g_autoptr(DevSshHash) hash = devssh_hash_new (DEVSSH_HASH_SHA512);
  g_autoptr(DevSshSecret) memory = devssh_secret_new (sizeof (DevSshBcrypt));
  DevSshBcrypt *self = (DevSshBcrypt *) (gpointer) memory->data;
  gsize stride = (length + BCRYPT_SIZE - 1) / BCRYPT_SIZE;

  g_assert (rounds > 0 && rounds <= DEVSSH_KDF_BCRYPT_MAX_ROUNDS);

  devssh_hash_update (hash, passphrase, strlen (passphrase));
  devssh_hash_finish (hash, self->digest);
  devssh_bcrypt_load (self->password, self->digest);

  for (gsize count = 1; count <= stride; count++)
    {
      guint8 number[4];

      devssh_uint32_store (number, (guint32) count);
      devssh_hash_update (hash, salt.data, salt.length);
      devssh_hash_update (hash, number, sizeof number);
      devssh_hash_finish (hash, self->digest);
      devssh_bcrypt_load (self->salt, self->digest);
      devssh_bcrypt_run (self);
      memcpy (self->sum, self->block, BCRYPT_SIZE);

      for (guint round = 1; round < rounds; round++)
        {
          devssh_hash_update (hash, self->block, BCRYPT_SIZE);
          devssh_hash_finish (hash, self->digest);
          devssh_bcrypt_load (self->salt, self->digest);
          devssh_bcrypt_run (self);
          for (guint i = 0; i < BCRYPT_SIZE; i++)
            self->sum[i] ^= self->block[i];
        }

      /* What differs from RFC 8018: the blocks do not follow each other, they take turns. */
      for (gsize i = 0; i * stride + count - 1 < length && i < BCRYPT_SIZE; i++)
        key->data[i * stride + count - 1] = self->sum[i];
    }
  return key;
}

/* ---- the others ---- */

DevSshSecret *
devssh_kdf_pbkdf2 (const char   *passphrase,
                   DevSshSlice   salt,
                   guint         iterations,
                   const char   *digest,
                   gsize         length,
                   GError      **error)
{
  g_autoptr(DevSshSecret) key = devssh_secret_new (length);
  EVP_MD *md = EVP_MD_fetch (NULL, digest, NULL);
  gboolean done = FALSE;

  g_assert (iterations > 0 && iterations <= DEVSSH_KDF_PBKDF2_MAX_ITERATIONS);

  done = md != NULL &&
         PKCS5_PBKDF2_HMAC (passphrase, devssh_evp_length (strlen (passphrase)), salt.data,
                            devssh_evp_length (salt.length), (int) iterations, md,
                            devssh_evp_length (length), key->data) == 1;
  EVP_MD_free (md);
  if (done)
    return g_steal_pointer (&key);

  devssh_evp_set_error (error, DEVSSH_ERROR_UNSUPPORTED,
                        "No key can be derived with PBKDF2 and %s here", digest);
  return NULL;
}

static DevSshHash *
devssh_kdf_md5 (GError **error)
{
  DevSshHash *hash = devssh_hash_new (DEVSSH_HASH_MD5);

  if (hash == NULL)
    devssh_evp_set_error (error, DEVSSH_ERROR_UNSUPPORTED,
                          "Keys encrypted like this one need MD5, which OpenSSL does not have here");
  return hash;
}

/* block by block: MD5 (before, passphrase, salt) or MD5 (passphrase, all before) */
static DevSshSecret *
devssh_kdf_blocks (const char   *passphrase,
                   DevSshSlice   salt,
                   gboolean      ssh2,
                   gsize         length,
                   GError      **error)
{
  g_autoptr(DevSshHash) hash = devssh_kdf_md5 (error);
  g_autoptr(DevSshSecret) blocks = devssh_secret_new ((length + 15) / 16 * 16);

  if (hash == NULL)
    return NULL;

  for (gsize at = 0; at < blocks->length; at += 16)
    {
      if (!ssh2 && at > 0)
        devssh_hash_update (hash, blocks->data + at - 16, 16);
      devssh_hash_update (hash, passphrase, strlen (passphrase));
      devssh_hash_update (hash, salt.data, salt.length);
      if (ssh2)
        devssh_hash_update (hash, blocks->data, at);
      devssh_hash_finish (hash, blocks->data + at);
    }
  return devssh_secret_new_copy (blocks->data, length);
}

DevSshSecret *
devssh_kdf_pem (const char   *passphrase,
                DevSshSlice   salt,
                gsize         length,
                GError      **error)
{
  return devssh_kdf_blocks (passphrase, salt, FALSE, length, error);
}

DevSshSecret *
devssh_kdf_ssh2 (const char   *passphrase,
                 gsize         length,
                 GError      **error)
{
  return devssh_kdf_blocks (passphrase, (DevSshSlice) { NULL, 0 }, TRUE, length, error);
}
