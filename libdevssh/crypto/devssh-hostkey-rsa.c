/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ssh-rsa keys: RFC 4253, 6.6, signing as rsa-sha2-256 and rsa-sha2-512 (RFC 8332), never with
 * SHA-1. */
#include <libdevssh/crypto/devssh-hostkey-private.h>

#include <libdevssh/wire/devssh-numbers.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>

/* T-28 */
#define MIN_BITS     2048
#define MAX_BITS     16384
#define DEFAULT_BITS 3072

static gboolean
devssh_rsa_check_bits (guint    bits,
                       GError **error)
{
  if (bits >= MIN_BITS && bits <= MAX_BITS)
    return TRUE;

  g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
               "An RSA key has %u to %u bits here, not %u", MIN_BITS, MAX_BITS, bits);
  return FALSE;
}

/* T-28: e odd, 3 <= e <= 2^32; an even modulus is no product of two large primes. */
static gboolean
devssh_rsa_check_numbers (const BIGNUM  *n,
                          const BIGNUM  *e,
                          GError       **error)
{
  if (!devssh_rsa_check_bits ((guint) BN_num_bits (n), error))
    return FALSE;

  if (!BN_is_odd (e) || BN_is_one (e) || BN_num_bits (e) > 32)
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
                           "The exponent of an RSA key is an odd number from 3 to 2^32");
      return FALSE;
    }
  if (!BN_is_odd (n))
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
                           "The modulus of an RSA key is odd");
      return FALSE;
    }
  return TRUE;
}

/* ---- making keys ---- */

static int
devssh_rsa_generate_cb (EVP_PKEY_CTX *context)
{
  return !g_cancellable_is_cancelled (EVP_PKEY_CTX_get_app_data (context));
}

static EVP_PKEY *
devssh_rsa_generate (const DevSshHostKeyType  *type,
                     guint                     size,
                     GCancellable             *cancellable,
                     GError                  **error)
{
  g_autoptr(EVP_PKEY_CTX) context = NULL;
  EVP_PKEY *pkey = NULL;

  if (size == 0)
    size = DEFAULT_BITS;
  if (!devssh_rsa_check_bits (size, error))
    return NULL;

  context = EVP_PKEY_CTX_new_from_name (NULL, "RSA", NULL);
  if (context == NULL ||
      EVP_PKEY_keygen_init (context) != 1 ||
      EVP_PKEY_CTX_set_rsa_keygen_bits (context, (int) size) != 1)
    {
      devssh_evp_set_error (error, DEVSSH_ERROR_FAILED, "No RSA key can be made");
      return NULL;
    }

  EVP_PKEY_CTX_set_app_data (context, cancellable);
  EVP_PKEY_CTX_set_cb (context, devssh_rsa_generate_cb);
  if (EVP_PKEY_generate (context, &pkey) != 1)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        ERR_clear_error ();
      else
        devssh_evp_set_error (error, DEVSSH_ERROR_FAILED, "No RSA key of %u bits can be made",
                              size);
      return NULL;
    }
  return pkey;
}

/* RSA-PSS keys may only sign in another way. */
static gboolean
devssh_rsa_is (const DevSshHostKeyType *type,
               EVP_PKEY                *pkey)
{
  return EVP_PKEY_is_a (pkey, "RSA") == 1;
}

static gboolean
devssh_rsa_check (const DevSshHostKeyType  *type,
                  EVP_PKEY                 *pkey,
                  GError                  **error)
{
  g_autoptr(BIGNUM) n = NULL;
  g_autoptr(BIGNUM) e = NULL;

  if (EVP_PKEY_get_bn_param (pkey, OSSL_PKEY_PARAM_RSA_N, &n) != 1 ||
      EVP_PKEY_get_bn_param (pkey, OSSL_PKEY_PARAM_RSA_E, &e) != 1)
    {
      devssh_evp_set_error (error, DEVSSH_ERROR_MALFORMED,
                            "An RSA key without modulus or exponent");
      return FALSE;
    }
  return devssh_rsa_check_numbers (n, e, error);
}

static gboolean
devssh_rsa_has_private (const DevSshHostKeyType *type,
                        EVP_PKEY                *pkey)
{
  return devssh_hostkey_has_number (pkey, OSSL_PKEY_PARAM_RSA_D);
}

static guint
devssh_rsa_get_size (const DevSshHostKeyType *type,
                     EVP_PKEY                *pkey)
{
  return (guint) EVP_PKEY_get_bits (pkey);
}

/* ---- the public blob ---- */

static gboolean
devssh_rsa_write_public (const DevSshHostKeyType *type,
                         EVP_PKEY                *pkey,
                         DevSshWriter            *writer)
{
  return devssh_hostkey_put_number (pkey, OSSL_PKEY_PARAM_RSA_E, writer) &&
         devssh_hostkey_put_number (pkey, OSSL_PKEY_PARAM_RSA_N, writer);
}

/* RFC 4253, 6.6: string "ssh-rsa", mpint e, mpint n. The reader has refused numbers of more than
 * 16384 bits. */
static EVP_PKEY *
devssh_rsa_read_public (const DevSshHostKeyType  *type,
                        DevSshReader             *reader,
                        GError                  **error)
{
  DevSshSlice e_bytes = devssh_reader_get_magnitude (reader, TRUE);
  DevSshSlice n_bytes = devssh_reader_get_magnitude (reader, TRUE);
  g_autoptr(BIGNUM) e = NULL;
  g_autoptr(BIGNUM) n = NULL;
  g_autoptr(OSSL_PARAM_BLD) build = NULL;
  EVP_PKEY *pkey = NULL;

  if (!devssh_reader_finish_all (reader, error))
    return NULL;

  e = BN_bin2bn (e_bytes.data, (int) e_bytes.length, NULL);
  n = BN_bin2bn (n_bytes.data, (int) n_bytes.length, NULL);
  build = OSSL_PARAM_BLD_new ();
  devssh_evp_must (e != NULL && n != NULL && build != NULL, "BN_bin2bn");
  if (!devssh_rsa_check_numbers (n, e, error))
    return NULL;

  devssh_evp_must (OSSL_PARAM_BLD_push_BN (build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
                   OSSL_PARAM_BLD_push_BN (build, OSSL_PKEY_PARAM_RSA_E, e) == 1, "OSSL_PARAM_BLD_push_BN");
  pkey = devssh_hostkey_from_data ("RSA", EVP_PKEY_PUBLIC_KEY, build);
  if (pkey == NULL)
    devssh_evp_set_error (error, DEVSSH_ERROR_MALFORMED, "The RSA key is bad");
  return pkey;
}

/* ---- the private fields: n, e, d, iqmp, p, q ---- */

static gboolean
devssh_rsa_write_private (const DevSshHostKeyType *type,
                          EVP_PKEY                *pkey,
                          DevSshWriter            *writer)
{
  return devssh_hostkey_put_number (pkey, OSSL_PKEY_PARAM_RSA_N, writer) &&
         devssh_hostkey_put_number (pkey, OSSL_PKEY_PARAM_RSA_E, writer) &&
         devssh_hostkey_put_number (pkey, OSSL_PKEY_PARAM_RSA_D, writer) &&
         devssh_hostkey_put_number (pkey, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, writer) &&
         devssh_hostkey_put_number (pkey, OSSL_PKEY_PARAM_RSA_FACTOR1, writer) &&
         devssh_hostkey_put_number (pkey, OSSL_PKEY_PARAM_RSA_FACTOR2, writer);
}

typedef struct
{
  BIGNUM *n, *e, *d, *iqmp, *p, *q, *dmp1, *dmq1;
} DevSshRsaNumbers;

static void
devssh_rsa_numbers_clear (DevSshRsaNumbers *self)
{
  BN_clear_free (self->n);
  BN_clear_free (self->e);
  BN_clear_free (self->d);
  BN_clear_free (self->iqmp);
  BN_clear_free (self->p);
  BN_clear_free (self->q);
  BN_clear_free (self->dmp1);
  BN_clear_free (self->dmq1);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DevSshRsaNumbers, devssh_rsa_numbers_clear)

/* d belongs to e modulo p - 1; leaves d mod (p - 1) in exponent. */
static gboolean
devssh_rsa_match_prime (const DevSshRsaNumbers *self,
                        const BIGNUM           *p,
                        BIGNUM                 *exponent,
                        BN_CTX                 *scratch)
{
  g_autoptr(BIGNUM) p1 = BN_secure_new ();
  g_autoptr(BIGNUM) product = BN_secure_new ();

  devssh_evp_must (p1 != NULL && product != NULL, "BN_secure_new");
  if (BN_copy (p1, p) == NULL || BN_sub_word (p1, 1) != 1 || BN_is_zero (p1) || BN_is_negative (p1))
    return FALSE;

  BN_set_flags (p1, BN_FLG_CONSTTIME);
  return BN_mod (exponent, self->d, p1, scratch) == 1 &&
         BN_mod_mul (product, exponent, self->e, p1, scratch) == 1 &&
         BN_is_one (product);
}

/* T-80: the private numbers belong to the public ones. Whether p and q are primes is not asked:
 * that takes long, and a key that its owner has made badly on purpose harms nobody else. */
static gboolean
devssh_rsa_match (DevSshRsaNumbers *self)
{
  g_autoptr(BN_CTX) scratch = BN_CTX_secure_new ();
  g_autoptr(BIGNUM) product = BN_secure_new ();

  self->dmp1 = BN_secure_new ();
  self->dmq1 = BN_secure_new ();
  devssh_evp_must (scratch != NULL && product != NULL && self->dmp1 != NULL &&
                   self->dmq1 != NULL, "BN_secure_new");

  return !BN_is_one (self->p) && !BN_is_one (self->q) &&
         BN_mul (product, self->p, self->q, scratch) == 1 &&
         BN_cmp (product, self->n) == 0 &&
         devssh_rsa_match_prime (self, self->p, self->dmp1, scratch) &&
         devssh_rsa_match_prime (self, self->q, self->dmq1, scratch) &&
         BN_mod_mul (product, self->iqmp, self->q, self->p, scratch) == 1 &&
         BN_is_one (product);
}

static EVP_PKEY *
devssh_rsa_build (const DevSshRsaNumbers *self)
{
  g_autoptr(OSSL_PARAM_BLD) build = OSSL_PARAM_BLD_new ();

  devssh_evp_must (build != NULL &&
                   OSSL_PARAM_BLD_push_BN (build, OSSL_PKEY_PARAM_RSA_N, self->n) == 1 &&
                   OSSL_PARAM_BLD_push_BN (build, OSSL_PKEY_PARAM_RSA_E, self->e) == 1 &&
                   OSSL_PARAM_BLD_push_BN (build, OSSL_PKEY_PARAM_RSA_D, self->d) == 1 &&
                   OSSL_PARAM_BLD_push_BN (build, OSSL_PKEY_PARAM_RSA_FACTOR1, self->p) == 1 &&
                   OSSL_PARAM_BLD_push_BN (build, OSSL_PKEY_PARAM_RSA_FACTOR2, self->q) == 1 &&
                   OSSL_PARAM_BLD_push_BN (build, OSSL_PKEY_PARAM_RSA_EXPONENT1, self->dmp1) == 1 &&
                   OSSL_PARAM_BLD_push_BN (build, OSSL_PKEY_PARAM_RSA_EXPONENT2, self->dmq1) == 1 &&
                   OSSL_PARAM_BLD_push_BN (build, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
                                           self->iqmp) == 1,
                   "OSSL_PARAM_BLD_push_BN");
  return devssh_hostkey_from_data ("RSA", EVP_PKEY_KEYPAIR, build);
}

static EVP_PKEY *
devssh_rsa_read_private (const DevSshHostKeyType  *type,
                         DevSshReader             *reader,
                         GError                  **error)
{
  DevSshSlice slices[6];
  g_auto(DevSshRsaNumbers) numbers = { 0 };
  EVP_PKEY *pkey = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (slices); i++)
    slices[i] = devssh_reader_get_magnitude (reader, TRUE);
  if (!devssh_reader_finish (reader, error))
    return NULL;

  numbers.n = devssh_hostkey_secret_number (slices[0]);
  numbers.e = devssh_hostkey_secret_number (slices[1]);
  numbers.d = devssh_hostkey_secret_number (slices[2]);
  numbers.iqmp = devssh_hostkey_secret_number (slices[3]);
  numbers.p = devssh_hostkey_secret_number (slices[4]);
  numbers.q = devssh_hostkey_secret_number (slices[5]);
  if (!devssh_rsa_check_numbers (numbers.n, numbers.e, error))
    return NULL;

  if (!devssh_rsa_match (&numbers) || (pkey = devssh_rsa_build (&numbers)) == NULL)
    {
      devssh_evp_set_error (error, DEVSSH_ERROR_MALFORMED,
                            "The private half of the RSA key does not belong to its public half");
      return NULL;
    }
  return pkey;
}

/* ---- signatures ---- */

static EVP_PKEY_CTX *
devssh_rsa_context (EVP_PKEY     *pkey,
                    DevSshHashId  hash,
                    int         (*init) (EVP_PKEY_CTX *context))
{
  g_autoptr(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_pkey (NULL, pkey, NULL);

  if (context == NULL || init (context) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding (context, RSA_PKCS1_PADDING) != 1 ||
      EVP_PKEY_CTX_set_signature_md (context, devssh_evp_md (hash)) != 1)
    return NULL;
  return g_steal_pointer (&context);
}

static gboolean
devssh_rsa_digest (DevSshHashId  hash,
                   const guint8 *data,
                   gsize         length,
                   guint8       *digest)
{
  return EVP_Digest (data, length, digest, NULL, devssh_evp_md (hash), NULL) == 1;
}

static gboolean
devssh_rsa_sign (const DevSshHostKeyType *type,
                 EVP_PKEY                *pkey,
                 gpointer                *slot,
                 DevSshHashId             hash,
                 const guint8            *data,
                 gsize                    length,
                 DevSshWriter            *raw)
{
  g_autoptr(EVP_PKEY_CTX) context = devssh_hostkey_take_context (slot);
  guint8 digest[DEVSSH_HASH_MAX_SIZE];
  guint8 signature[MAX_BITS / 8];
  gsize size = sizeof signature;

  if (context == NULL)
    context = devssh_rsa_context (pkey, hash, EVP_PKEY_sign_init);
  if (context == NULL ||
      !devssh_rsa_digest (hash, data, length, digest) ||
      EVP_PKEY_sign (context, signature, &size, digest, devssh_hash_id_get_size (hash)) != 1)
    return FALSE;

  devssh_hostkey_keep_context (slot, g_steal_pointer (&context));
  devssh_writer_put_bytes (raw, signature, size);
  return TRUE;
}

static gboolean
devssh_rsa_verify (const DevSshHostKeyType *type,
                   EVP_PKEY                *pkey,
                   DevSshHashId             hash,
                   const guint8            *data,
                   gsize                    length,
                   const guint8            *raw,
                   gsize                    raw_length)
{
  g_autoptr(EVP_PKEY_CTX) context = NULL;
  guint8 digest[DEVSSH_HASH_MAX_SIZE];
  guint8 signature[MAX_BITS / 8] = { 0 };
  gsize size = (gsize) EVP_PKEY_get_size (pkey);

  if (raw_length == 0 || raw_length > size || size > sizeof signature)
    return FALSE;

  /* RFC 8332, 3: "A verifier MAY accept shorter encodings of S with one or more leading zeros
   * omitted" */
  memcpy (signature + size - raw_length, raw, raw_length);
  context = devssh_rsa_context (pkey, hash, EVP_PKEY_verify_init);
  return context != NULL &&
         devssh_rsa_digest (hash, data, length, digest) &&
         EVP_PKEY_verify (context, signature, size, digest, devssh_hash_id_get_size (hash)) == 1;
}

const DevSshHostKeyType devssh_hostkey_rsa = {
  .name          = DEVSSH_ALGORITHM_KEY_RSA,
  .generate      = devssh_rsa_generate,
  .is            = devssh_rsa_is,
  .check         = devssh_rsa_check,
  .has_private   = devssh_rsa_has_private,
  .get_size      = devssh_rsa_get_size,
  .write_public  = devssh_rsa_write_public,
  .read_public   = devssh_rsa_read_public,
  .write_private = devssh_rsa_write_private,
  .read_private  = devssh_rsa_read_private,
  .sign          = devssh_rsa_sign,
  .verify        = devssh_rsa_verify,
};
