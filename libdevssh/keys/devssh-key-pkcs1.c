/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PKCS#1: RFC 8017, A.1. RSA alone. */
#include <libdevssh/keys/devssh-key-format-private.h>

#include <libdevssh/wire/devssh-numbers.h>

#include <openssl/asn1t.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>

typedef struct
{
  ASN1_INTEGER *version;
  ASN1_INTEGER *n, *e, *d, *p, *q, *dmp1, *dmq1, *iqmp;
} DevSshRsaPrivateKey;

typedef struct
{
  ASN1_INTEGER *n, *e;
} DevSshRsaPublicKey;

/* Called for what is freed, also when reading stopped in the middle. */
static int
devssh_rsa_private_key_cb (int              operation,
                           ASN1_VALUE     **value,
                           const ASN1_ITEM *item,
                           void            *extra)
{
  DevSshRsaPrivateKey *self = (DevSshRsaPrivateKey *) *value;

  if (operation == ASN1_OP_FREE_PRE)
    {
      devssh_asn1_wipe (self->d);
      devssh_asn1_wipe (self->p);
      devssh_asn1_wipe (self->q);
      devssh_asn1_wipe (self->dmp1);
      devssh_asn1_wipe (self->dmq1);
      devssh_asn1_wipe (self->iqmp);
    }
  return 1;
}

ASN1_SEQUENCE_cb (DevSshRsaPrivateKey, devssh_rsa_private_key_cb) = {
  ASN1_SIMPLE (DevSshRsaPrivateKey, version, ASN1_INTEGER),
  ASN1_SIMPLE (DevSshRsaPrivateKey, n, ASN1_INTEGER),
  ASN1_SIMPLE (DevSshRsaPrivateKey, e, ASN1_INTEGER),
  ASN1_SIMPLE (DevSshRsaPrivateKey, d, ASN1_INTEGER),
  ASN1_SIMPLE (DevSshRsaPrivateKey, p, ASN1_INTEGER),
  ASN1_SIMPLE (DevSshRsaPrivateKey, q, ASN1_INTEGER),
  ASN1_SIMPLE (DevSshRsaPrivateKey, dmp1, ASN1_INTEGER),
  ASN1_SIMPLE (DevSshRsaPrivateKey, dmq1, ASN1_INTEGER),
  ASN1_SIMPLE (DevSshRsaPrivateKey, iqmp, ASN1_INTEGER),
} static_ASN1_SEQUENCE_END_cb (DevSshRsaPrivateKey, DevSshRsaPrivateKey)

ASN1_SEQUENCE (DevSshRsaPublicKey) = {
  ASN1_SIMPLE (DevSshRsaPublicKey, n, ASN1_INTEGER),
  ASN1_SIMPLE (DevSshRsaPublicKey, e, ASN1_INTEGER),
} static_ASN1_SEQUENCE_END (DevSshRsaPublicKey)

static void
devssh_rsa_private_key_free (DevSshRsaPrivateKey *self)
{
  ASN1_item_free ((ASN1_VALUE *) self, ASN1_ITEM_rptr (DevSshRsaPrivateKey));
}

static void
devssh_rsa_public_key_free (DevSshRsaPublicKey *self)
{
  ASN1_item_free ((ASN1_VALUE *) self, ASN1_ITEM_rptr (DevSshRsaPublicKey));
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DevSshRsaPrivateKey, devssh_rsa_private_key_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DevSshRsaPublicKey, devssh_rsa_public_key_free)

/* d modulo p - 1 and q - 1 are computed anew from the rest, so nobody needs to check them. */
gboolean
devssh_key_pkcs1_read_private (DevSshSlice    der,
                               DevSshWriter  *fields,
                               GError       **error)
{
  g_autoptr(DevSshRsaPrivateKey) rsa = devssh_asn1_read (der, ASN1_ITEM_rptr (DevSshRsaPrivateKey),
                                                         "RSA private key in the PKCS#1 format", error);

  if (rsa == NULL)
    return FALSE;

  devssh_writer_put_utf8 (fields, DEVSSH_ALGORITHM_KEY_RSA);
  if (devssh_asn1_put_number (rsa->n, fields) &&
      devssh_asn1_put_number (rsa->e, fields) &&
      devssh_asn1_put_number (rsa->d, fields) &&
      devssh_asn1_put_number (rsa->iqmp, fields) &&
      devssh_asn1_put_number (rsa->p, fields) &&
      devssh_asn1_put_number (rsa->q, fields))
    return TRUE;

  g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
                       "The RSA key has negative numbers");
  return FALSE;
}

gboolean
devssh_key_pkcs1_read_public (DevSshSlice    der,
                              DevSshWriter  *blob,
                              GError       **error)
{
  g_autoptr(DevSshRsaPublicKey) rsa = devssh_asn1_read (der, ASN1_ITEM_rptr (DevSshRsaPublicKey),
                                                        "RSA public key in the PKCS#1 format", error);

  if (rsa == NULL)
    return FALSE;

  devssh_writer_put_utf8 (blob, DEVSSH_ALGORITHM_KEY_RSA);
  if (devssh_asn1_put_number (rsa->e, blob) && devssh_asn1_put_number (rsa->n, blob))
    return TRUE;

  g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
                       "The RSA key has negative numbers");
  return FALSE;
}

static gboolean
devssh_rsa_get_number (DevSshKeyPair *key,
                       const char    *name,
                       ASN1_INTEGER  *number)
{
  BIGNUM *value = NULL;
  gboolean got = EVP_PKEY_get_bn_param (devssh_key_pair_get_evp_pkey (key), name, &value) == 1 &&
                 BN_to_ASN1_INTEGER (value, number) != NULL;

  BN_clear_free (value);
  ERR_clear_error ();
  return got;
}

DevSshSecret *
devssh_key_pkcs1_get_exponent (DevSshKeyPair *key,
                               guint          prime)
{
  BIGNUM *value = NULL;
  DevSshSecret *bytes = NULL;

  if (EVP_PKEY_get_bn_param (devssh_key_pair_get_evp_pkey (key),
                             prime == 1 ? OSSL_PKEY_PARAM_RSA_EXPONENT1 : OSSL_PKEY_PARAM_RSA_EXPONENT2,
                             &value) == 1)
    {
      bytes = devssh_secret_new ((gsize) BN_num_bytes (value));
      BN_bn2bin (value, bytes->data);
    }
  BN_clear_free (value);
  ERR_clear_error ();
  return bytes;
}

/* RFC 8017, A.1.2 */
DevSshSecret *
devssh_key_pkcs1_write_private (DevSshKeyPair  *key,
                                GError        **error)
{
  g_autoptr(DevSshRsaPrivateKey) rsa = (gpointer) ASN1_item_new (ASN1_ITEM_rptr (DevSshRsaPrivateKey));

  devssh_evp_must (rsa != NULL && ASN1_INTEGER_set (rsa->version, 0) == 1, "ASN1_INTEGER_set");
  if (devssh_rsa_get_number (key, OSSL_PKEY_PARAM_RSA_N, rsa->n) &&
      devssh_rsa_get_number (key, OSSL_PKEY_PARAM_RSA_E, rsa->e) &&
      devssh_rsa_get_number (key, OSSL_PKEY_PARAM_RSA_D, rsa->d) &&
      devssh_rsa_get_number (key, OSSL_PKEY_PARAM_RSA_FACTOR1, rsa->p) &&
      devssh_rsa_get_number (key, OSSL_PKEY_PARAM_RSA_FACTOR2, rsa->q) &&
      devssh_rsa_get_number (key, OSSL_PKEY_PARAM_RSA_EXPONENT1, rsa->dmp1) &&
      devssh_rsa_get_number (key, OSSL_PKEY_PARAM_RSA_EXPONENT2, rsa->dmq1) &&
      devssh_rsa_get_number (key, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, rsa->iqmp))
    return devssh_asn1_write (rsa, ASN1_ITEM_rptr (DevSshRsaPrivateKey));

  g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_NO_PRIVATE_KEY,
                       "The private half of the key cannot be read");
  return NULL;
}

/* RFC 8017, A.1.1 */
DevSshSecret *
devssh_key_pkcs1_write_public (DevSshKeyPair *key)
{
  g_autoptr(DevSshRsaPublicKey) rsa = (gpointer) ASN1_item_new (ASN1_ITEM_rptr (DevSshRsaPublicKey));

  devssh_evp_must (rsa != NULL &&
                   devssh_rsa_get_number (key, OSSL_PKEY_PARAM_RSA_N, rsa->n) &&
                   devssh_rsa_get_number (key, OSSL_PKEY_PARAM_RSA_E, rsa->e),
                   "EVP_PKEY_get_bn_param");
  return devssh_asn1_write (rsa, ASN1_ITEM_rptr (DevSshRsaPublicKey));
}
