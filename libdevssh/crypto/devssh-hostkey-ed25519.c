/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ssh-ed25519: RFC 8709. */
#include <libdevssh/crypto/devssh-hostkey-private.h>

#include <libdevssh/wire/devssh-numbers.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <string.h>

#define KEY_SIZE       32
#define SIGNATURE_SIZE 64

static gboolean
devssh_ed25519_is (const DevSshHostKeyType *type,
                   EVP_PKEY                *pkey)
{
  return EVP_PKEY_is_a (pkey, "ED25519") == 1;
}

static gboolean
devssh_ed25519_check (const DevSshHostKeyType  *type,
                      EVP_PKEY                 *pkey,
                      GError                  **error)
{
  return TRUE;
}

/* T-82: not EVP_PKEY_get_raw_private_key(), which in OpenSSL 3.0 frees a copy without wiping it. */
static gboolean
devssh_ed25519_get_private (EVP_PKEY *pkey,
                            guint8   *seed)
{
  gsize length = 0;
  gboolean has = EVP_PKEY_get_octet_string_param (pkey, OSSL_PKEY_PARAM_PRIV_KEY, seed, KEY_SIZE,
                                                  &length) == 1 &&
                 length == KEY_SIZE;

  ERR_clear_error ();
  return has;
}

static gboolean
devssh_ed25519_has_private (const DevSshHostKeyType *type,
                            EVP_PKEY                *pkey)
{
  guint8 seed[KEY_SIZE];
  gboolean has = devssh_ed25519_get_private (pkey, seed);

  devssh_wipe (seed, sizeof seed);
  return has;
}

/* As other programs count it. */
static guint
devssh_ed25519_get_size (const DevSshHostKeyType *type,
                         EVP_PKEY                *pkey)
{
  return 256;
}

/* RFC 8709, 4: string key */
static gboolean
devssh_ed25519_write_public (const DevSshHostKeyType *type,
                             EVP_PKEY                *pkey,
                             DevSshWriter            *writer)
{
  guint8 key[KEY_SIZE];
  gsize length = sizeof key;

  if (EVP_PKEY_get_raw_public_key (pkey, key, &length) != 1 || length != KEY_SIZE)
    return FALSE;
  devssh_writer_put_slice (writer, key, length);
  return TRUE;
}

static EVP_PKEY *
devssh_ed25519_read_public (const DevSshHostKeyType  *type,
                            DevSshReader             *reader,
                            GError                  **error)
{
  DevSshSlice key = devssh_reader_get_slice (reader);
  EVP_PKEY *pkey = NULL;

  if (!devssh_reader_finish_all (reader, error))
    return NULL;

  if (key.length != KEY_SIZE)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
                   "An Ed25519 key has %d bytes, not %" G_GSIZE_FORMAT, KEY_SIZE, key.length);
      return NULL;
    }
  pkey = EVP_PKEY_new_raw_public_key_ex (NULL, "ED25519", NULL, key.data, key.length);
  if (pkey == NULL)
    devssh_evp_set_error (error, DEVSSH_ERROR_UNSUPPORTED, "The Ed25519 key cannot be used");
  return pkey;
}

/* The private fields: string key, string seed and key once more. */
static gboolean
devssh_ed25519_write_private (const DevSshHostKeyType *type,
                              EVP_PKEY                *pkey,
                              DevSshWriter            *writer)
{
  guint8 key[KEY_SIZE], seed[KEY_SIZE];
  gsize length = sizeof key;
  gboolean has = EVP_PKEY_get_raw_public_key (pkey, key, &length) == 1 && length == KEY_SIZE &&
                 devssh_ed25519_get_private (pkey, seed);

  if (has)
    {
      devssh_writer_put_slice (writer, key, KEY_SIZE);
      devssh_writer_put_uint32 (writer, 2 * KEY_SIZE);
      devssh_writer_put_bytes (writer, seed, KEY_SIZE);
      devssh_writer_put_bytes (writer, key, KEY_SIZE);
    }
  devssh_wipe (seed, sizeof seed);
  return has;
}

static EVP_PKEY *
devssh_ed25519_read_private (const DevSshHostKeyType  *type,
                             DevSshReader             *reader,
                             GError                  **error)
{
  DevSshSlice key = devssh_reader_get_slice (reader);
  DevSshSlice both = devssh_reader_get_slice (reader);
  g_autoptr(EVP_PKEY) pkey = NULL;
  guint8 computed[KEY_SIZE];
  gsize length = sizeof computed;

  if (!devssh_reader_finish (reader, error))
    return NULL;

  if ((key.length == KEY_SIZE && both.length == 2 * KEY_SIZE) ||
      (key.length == 0 && both.length == KEY_SIZE))
    pkey = EVP_PKEY_new_raw_private_key_ex (NULL, "ED25519", NULL, both.data, KEY_SIZE);

  /* T-80: both copies of the public half, where there are any, are what the seed makes. */
  if (pkey == NULL ||
      EVP_PKEY_get_raw_public_key (pkey, computed, &length) != 1 ||
      memcmp (computed, key.data, key.length) != 0 ||
      memcmp (computed, both.data + KEY_SIZE, both.length - KEY_SIZE) != 0)
    {
      devssh_evp_set_error (error, DEVSSH_ERROR_MALFORMED,
                            "The private half of the %s key does not belong to its public half", type->name);
      return NULL;
    }
  return g_steal_pointer (&pkey);
}

/* RFC 8709, 6: 64 bytes, as RFC 8032 makes them. */
static gboolean
devssh_ed25519_sign (const DevSshHostKeyType *type,
                     EVP_PKEY                *pkey,
                     gpointer                *slot,
                     DevSshHashId             hash,
                     const guint8            *data,
                     gsize                    length,
                     DevSshWriter            *raw)
{
  g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new ();
  guint8 signature[SIGNATURE_SIZE];
  gsize size = sizeof signature;

  if (context == NULL ||
      EVP_DigestSignInit_ex (context, NULL, NULL, NULL, NULL, pkey, NULL) != 1 ||
      EVP_DigestSign (context, signature, &size, data, length) != 1)
    return FALSE;

  devssh_writer_put_bytes (raw, signature, size);
  return TRUE;
}

/* OpenSSL refuses s >= L (RFC 8032, 5.1.7), so a signature has no twin. */
static gboolean
devssh_ed25519_verify (const DevSshHostKeyType *type,
                       EVP_PKEY                *pkey,
                       DevSshHashId             hash,
                       const guint8            *data,
                       gsize                    length,
                       const guint8            *raw,
                       gsize                    raw_length)
{
  g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new ();

  return raw_length == SIGNATURE_SIZE && context != NULL &&
         EVP_DigestVerifyInit_ex (context, NULL, NULL, NULL, NULL, pkey, NULL) == 1 &&
         EVP_DigestVerify (context, raw, raw_length, data, length) == 1;
}

const DevSshHostKeyType devssh_hostkey_ed25519 = {
  .name          = DEVSSH_ALGORITHM_KEY_ED25519,
  .generator     = DEVSSH_GENERATOR_ED25519,
  .generate      = devssh_hostkey_generate,
  .is            = devssh_ed25519_is,
  .check         = devssh_ed25519_check,
  .has_private   = devssh_ed25519_has_private,
  .get_size      = devssh_ed25519_get_size,
  .write_public  = devssh_ed25519_write_public,
  .read_public   = devssh_ed25519_read_public,
  .write_private = devssh_ed25519_write_private,
  .read_private  = devssh_ed25519_read_private,
  .sign          = devssh_ed25519_sign,
  .verify        = devssh_ed25519_verify,
};
