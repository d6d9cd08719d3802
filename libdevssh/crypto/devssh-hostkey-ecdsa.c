/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ecdsa-sha2-nistp256, -nistp384 and -nistp521: RFC 5656, 3. */
#include <libdevssh/crypto/devssh-hostkey-private.h>

#include <libdevssh/wire/devssh-numbers.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <string.h>

/* Bytes of a coordinate of P-521 */
#define MAX_WIDTH 66
/* SEQUENCE of two INTEGERs of that size */
#define MAX_DER   (3 + 2 * (2 + 1 + MAX_WIDTH))

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ECDSA_SIG, ECDSA_SIG_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EC_GROUP, EC_GROUP_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EC_POINT, EC_POINT_free)

static guint
devssh_ecdsa_get_size (const DevSshHostKeyType *type,
                       EVP_PKEY                *pkey)
{
  switch (type->hash)
    {
    case DEVSSH_HASH_SHA256:
      return 256;
    case DEVSSH_HASH_SHA384:
      return 384;
    default:
      return 521;
    }
}

static gsize
devssh_ecdsa_get_width (const DevSshHostKeyType *type)
{
  return (devssh_ecdsa_get_size (type, NULL) + 7) / 8;
}

/* ---- making keys ---- */

/* OpenSSL gives a curve by the name that it was made with: P-256, prime256v1 ... */
static int
devssh_ecdsa_curve_id (const char *name)
{
  int id = EC_curve_nist2nid (name);

  return id != NID_undef ? id : OBJ_txt2nid (name);
}

static gboolean
devssh_ecdsa_is (const DevSshHostKeyType *type,
                 EVP_PKEY                *pkey)
{
  char name[64];
  gsize length = 0;
  int id = NID_undef;

  /* A key with explicit parameters has no name, and cannot be written for SSH. */
  if (EVP_PKEY_is_a (pkey, "EC") == 1 &&
      EVP_PKEY_get_utf8_string_param (pkey, OSSL_PKEY_PARAM_GROUP_NAME, name, sizeof name,
                                      &length) == 1)
    id = devssh_ecdsa_curve_id (name);
  ERR_clear_error ();
  return id != NID_undef && id == EC_curve_nist2nid (type->group);
}

static gboolean
devssh_ecdsa_check (const DevSshHostKeyType  *type,
                    EVP_PKEY                 *pkey,
                    GError                  **error)
{
  g_autoptr(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_pkey (NULL, pkey, NULL);

  if (context != NULL && EVP_PKEY_public_check (context) == 1)
    return TRUE;

  devssh_evp_set_error (error, DEVSSH_ERROR_MALFORMED, "The public half of the %s key is bad",
                        type->name);
  return FALSE;
}

static gboolean
devssh_ecdsa_has_private (const DevSshHostKeyType *type,
                          EVP_PKEY                *pkey)
{
  return devssh_hostkey_has_number (pkey, OSSL_PKEY_PARAM_PRIV_KEY);
}

/* ---- the public blob ---- */

/* RFC 5656, 3.1: string identifier, string Q. Written from the coordinates, for OpenSSL would give
 * Q in the form in which it once came. */
static gboolean
devssh_ecdsa_write_public (const DevSshHostKeyType *type,
                           EVP_PKEY                *pkey,
                           DevSshWriter            *writer)
{
  gsize width = devssh_ecdsa_get_width (type);
  guint8 point[1 + 2 * MAX_WIDTH] = { 0x04 };
  g_autoptr(BIGNUM) x = NULL;
  g_autoptr(BIGNUM) y = NULL;

  if (EVP_PKEY_get_bn_param (pkey, OSSL_PKEY_PARAM_EC_PUB_X, &x) != 1 ||
      EVP_PKEY_get_bn_param (pkey, OSSL_PKEY_PARAM_EC_PUB_Y, &y) != 1 ||
      BN_bn2binpad (x, point + 1, (int) width) != (int) width ||
      BN_bn2binpad (y, point + 1 + width, (int) width) != (int) width)
    return FALSE;

  devssh_writer_put_utf8 (writer, type->curve);
  devssh_writer_put_slice (writer, point, 1 + 2 * width);
  return TRUE;
}

/* is_private: then an empty point is one, too, for the private half says where it is, and a
 * compressed one, which some files have. */
static gboolean
devssh_ecdsa_read_point (const DevSshHostKeyType  *type,
                         DevSshReader             *reader,
                         gboolean                  is_private,
                         DevSshSlice              *point,
                         GError                  **error)
{
  DevSshSlice curve = devssh_reader_get_slice (reader);

  *point = devssh_reader_get_slice (reader);
  if (!devssh_reader_finish (reader, error))
    return FALSE;

  if (!devssh_slice_is (curve, type->curve))
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
                   "A key of type %s names another curve", type->name);
      return FALSE;
    }
  if (is_private && (point->length == 0 || point->length == 1 + devssh_ecdsa_get_width (type)))
    return TRUE;
  /* As in the key exchange: nothing but an uncompressed point, which cannot be infinity. */
  if (point->length != 1 + 2 * devssh_ecdsa_get_width (type) || point->data[0] != 0x04)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
                   "The point of the %s key is not uncompressed", type->name);
      return FALSE;
    }
  return TRUE;
}

/* An empty key of the curve, made once per process: naming the curve anew costs more than a
 * copy. */
static EVP_PKEY *
devssh_ecdsa_new_for_curve (const DevSshHostKeyType *type)
{
  static gpointer templates[DEVSSH_N_GENERATORS];
  EVP_PKEY *template = g_atomic_pointer_get (&templates[type->generator]);
  g_autoptr(EVP_PKEY) pkey = NULL;

  if (template == NULL)
    {
      g_autoptr(OSSL_PARAM_BLD) build = OSSL_PARAM_BLD_new ();

      devssh_evp_must (build != NULL &&
                       OSSL_PARAM_BLD_push_utf8_string (build, OSSL_PKEY_PARAM_GROUP_NAME,
                                                        type->group, 0) == 1,
                       "OSSL_PARAM_BLD_push_utf8_string");
      template = devssh_hostkey_from_data ("EC", EVP_PKEY_KEY_PARAMETERS, build);
      if (template == NULL)
        return NULL;
      if (!g_atomic_pointer_compare_and_exchange (&templates[type->generator], NULL, template))
        {
          EVP_PKEY_free (template);
          template = g_atomic_pointer_get (&templates[type->generator]);
        }
    }

  pkey = EVP_PKEY_new ();
  if (pkey == NULL || EVP_PKEY_copy_parameters (pkey, template) != 1)
    return NULL;
  return g_steal_pointer (&pkey);
}

static EVP_PKEY *
devssh_ecdsa_read_public (const DevSshHostKeyType  *type,
                          DevSshReader             *reader,
                          GError                  **error)
{
  g_autoptr(EVP_PKEY) pkey = NULL;
  DevSshSlice point;

  if (!devssh_ecdsa_read_point (type, reader, FALSE, &point, error) ||
      !devssh_reader_finish_all (reader, error))
    return NULL;

  /* OpenSSL checks the coordinates and that they are on the curve. */
  pkey = devssh_ecdsa_new_for_curve (type);
  if (pkey == NULL || EVP_PKEY_set1_encoded_public_key (pkey, point.data, point.length) != 1)
    {
      devssh_evp_set_error (error, DEVSSH_ERROR_MALFORMED,
                            "The point of the %s key is not on the curve", type->name);
      return NULL;
    }
  return g_steal_pointer (&pkey);
}

/* ---- the private fields: identifier, Q, d ---- */

static gboolean
devssh_ecdsa_write_private (const DevSshHostKeyType *type,
                            EVP_PKEY                *pkey,
                            DevSshWriter            *writer)
{
  return devssh_ecdsa_write_public (type, pkey, writer) &&
         devssh_hostkey_put_number (pkey, OSSL_PKEY_PARAM_PRIV_KEY, writer);
}

/* Q = d G */
static gboolean
devssh_ecdsa_compute_point (const DevSshHostKeyType *type,
                            const BIGNUM            *d,
                            guint8                  *point)
{
  gsize size = 1 + 2 * devssh_ecdsa_get_width (type);
  g_autoptr(EC_GROUP) group = EC_GROUP_new_by_curve_name (EC_curve_nist2nid (type->group));
  g_autoptr(BN_CTX) scratch = BN_CTX_secure_new ();
  g_autoptr(EC_POINT) q = NULL;

  devssh_evp_must (group != NULL && scratch != NULL, "EC_GROUP_new_by_curve_name");
  q = EC_POINT_new (group);
  return q != NULL && EC_POINT_mul (group, q, d, NULL, NULL, scratch) == 1 &&
         EC_POINT_point2oct (group, q, POINT_CONVERSION_UNCOMPRESSED, point, size, scratch) == size;
}

static EVP_PKEY *
devssh_ecdsa_build_private (const DevSshHostKeyType *type,
                            const guint8            *point,
                            gsize                    length,
                            const BIGNUM            *d)
{
  g_autoptr(OSSL_PARAM_BLD) build = OSSL_PARAM_BLD_new ();

  devssh_evp_must (build != NULL &&
                   OSSL_PARAM_BLD_push_utf8_string (build, OSSL_PKEY_PARAM_GROUP_NAME, type->group,
                                                    0) == 1 &&
                   OSSL_PARAM_BLD_push_octet_string (build, OSSL_PKEY_PARAM_PUB_KEY, point,
                                                     length) == 1 &&
                   OSSL_PARAM_BLD_push_BN_pad (build, OSSL_PKEY_PARAM_PRIV_KEY, d,
                                               devssh_ecdsa_get_width (type)) == 1,
                   "OSSL_PARAM_BLD_push_BN_pad");
  return devssh_hostkey_from_data ("EC", EVP_PKEY_KEYPAIR, build);
}

static EVP_PKEY *
devssh_ecdsa_read_private (const DevSshHostKeyType  *type,
                           DevSshReader             *reader,
                           GError                  **error)
{
  g_autoptr(EVP_PKEY_CTX) context = NULL;
  g_autoptr(EVP_PKEY) pkey = NULL;
  g_autoptr(BIGNUM) d = NULL;
  DevSshSlice point, scalar;
  guint8 computed[1 + 2 * MAX_WIDTH];

  if (!devssh_ecdsa_read_point (type, reader, TRUE, &point, error))
    return NULL;
  scalar = devssh_reader_get_magnitude (reader, TRUE);
  if (!devssh_reader_finish (reader, error))
    return NULL;

  if (scalar.length <= devssh_ecdsa_get_width (type))
    {
      d = devssh_hostkey_secret_number (scalar);
      if (point.length == 0 && devssh_ecdsa_compute_point (type, d, computed))
        point = (DevSshSlice) { computed, 1 + 2 * devssh_ecdsa_get_width (type) };
      pkey = devssh_ecdsa_build_private (type, point.data, point.length, d);
    }
  if (pkey != NULL)
    context = EVP_PKEY_CTX_new_from_pkey (NULL, pkey, NULL);

  /* T-80: 0 < d < n, and d times the generator is Q. */
  if (context == NULL || EVP_PKEY_private_check (context) != 1 ||
      EVP_PKEY_pairwise_check (context) != 1)
    {
      devssh_evp_set_error (error, DEVSSH_ERROR_MALFORMED,
                            "The private half of the %s key does not belong to its public half", type->name);
      return NULL;
    }
  return g_steal_pointer (&pkey);
}

/* ---- signatures ---- */

static gboolean
devssh_ecdsa_digest (const DevSshHostKeyType *type,
                     const guint8            *data,
                     gsize                    length,
                     guint8                  *digest)
{
  return EVP_Digest (data, length, digest, NULL, devssh_evp_md (type->hash), NULL) == 1;
}

static void
devssh_ecdsa_put_number (DevSshWriter *writer,
                         const BIGNUM *number)
{
  guint8 bytes[MAX_WIDTH];

  devssh_evp_must (BN_num_bytes (number) <= MAX_WIDTH, "BN_num_bytes");
  devssh_writer_put_mpint (writer, bytes, (gsize) BN_bn2bin (number, bytes));
}

/* RFC 5656, 3.1.2: mpint r, mpint s, where OpenSSL speaks DER. */
static gboolean
devssh_ecdsa_sign (const DevSshHostKeyType *type,
                   EVP_PKEY                *pkey,
                   gpointer                *slot,
                   DevSshHashId             hash,
                   const guint8            *data,
                   gsize                    length,
                   DevSshWriter            *raw)
{
  g_autoptr(EVP_PKEY_CTX) context = devssh_hostkey_take_context (slot);
  g_autoptr(ECDSA_SIG) signature = NULL;
  guint8 digest[DEVSSH_HASH_MAX_SIZE];
  guint8 der[MAX_DER];
  const guint8 *read = der;
  gsize size = sizeof der;

  if (context == NULL)
    {
      context = EVP_PKEY_CTX_new_from_pkey (NULL, pkey, NULL);
      if (context == NULL || EVP_PKEY_sign_init (context) != 1)
        return FALSE;
    }
  if (!devssh_ecdsa_digest (type, data, length, digest) ||
      EVP_PKEY_sign (context, der, &size, digest, devssh_hash_id_get_size (type->hash)) != 1)
    return FALSE;
  devssh_hostkey_keep_context (slot, g_steal_pointer (&context));

  signature = d2i_ECDSA_SIG (NULL, &read, (long) size);
  if (signature == NULL)
    return FALSE;
  devssh_ecdsa_put_number (raw, ECDSA_SIG_get0_r (signature));
  devssh_ecdsa_put_number (raw, ECDSA_SIG_get0_s (signature));
  return TRUE;
}

static gboolean
devssh_ecdsa_verify (const DevSshHostKeyType *type,
                     EVP_PKEY                *pkey,
                     DevSshHashId             hash,
                     const guint8            *data,
                     gsize                    length,
                     const guint8            *raw,
                     gsize                    raw_length)
{
  g_autoptr(EVP_PKEY_CTX) context = NULL;
  g_autoptr(ECDSA_SIG) signature = ECDSA_SIG_new ();
  guint8 digest[DEVSSH_HASH_MAX_SIZE];
  guint8 der[MAX_DER];
  guint8 *write = der;
  DevSshReader reader;
  DevSshSlice r, s;
  int size = 0;

  devssh_reader_init (&reader, raw, raw_length);
  r = devssh_reader_get_magnitude (&reader, TRUE);
  s = devssh_reader_get_magnitude (&reader, TRUE);
  /* T-28: 0 < r and s here; that they are below the order, OpenSSL checks. */
  if (!devssh_reader_finish_all (&reader, NULL) ||
      r.length == 0 || r.length > MAX_WIDTH || s.length == 0 || s.length > MAX_WIDTH)
    return FALSE;

  devssh_evp_must (signature != NULL &&
                   ECDSA_SIG_set0 (signature, BN_bin2bn (r.data, (int) r.length, NULL),
                                   BN_bin2bn (s.data, (int) s.length, NULL)) == 1, "ECDSA_SIG_set0");
  size = i2d_ECDSA_SIG (signature, &write);
  context = EVP_PKEY_CTX_new_from_pkey (NULL, pkey, NULL);
  return size > 0 && context != NULL &&
         EVP_PKEY_verify_init (context) == 1 &&
         devssh_ecdsa_digest (type, data, length, digest) &&
         EVP_PKEY_verify (context, der, (gsize) size, digest,
                          devssh_hash_id_get_size (type->hash)) == 1;
}

/* RFC 5656, 6.2.1: the size of the curve decides the hash. */
#define ECDSA(bits, sha) \
  const DevSshHostKeyType devssh_hostkey_ecdsa_p ## bits = { \
    .name          = DEVSSH_ALGORITHM_KEY_ECDSA_NISTP ## bits, \
    .curve         = "nistp" #bits, \
    .group         = "P-" #bits, \
    .hash          = sha, \
    .generator     = DEVSSH_GENERATOR_P ## bits, \
    .generate      = devssh_hostkey_generate, \
    .is            = devssh_ecdsa_is, \
    .check         = devssh_ecdsa_check, \
    .has_private   = devssh_ecdsa_has_private, \
    .get_size      = devssh_ecdsa_get_size, \
    .write_public  = devssh_ecdsa_write_public, \
    .read_public   = devssh_ecdsa_read_public, \
    .write_private = devssh_ecdsa_write_private, \
    .read_private  = devssh_ecdsa_read_private, \
    .sign          = devssh_ecdsa_sign, \
    .verify        = devssh_ecdsa_verify, \
  }

ECDSA (256, DEVSSH_HASH_SHA256);
ECDSA (384, DEVSSH_HASH_SHA384);
ECDSA (521, DEVSSH_HASH_SHA512);
