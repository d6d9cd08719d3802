/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PKCS#8: RFC 5958 around the other formats, RFC 8410 for Ed25519; and SubjectPublicKeyInfo of RFC
 * 5280, 4.1. */
#include <libdevssh/keys/devssh-key-format-private.h>

#include <libdevssh/wire/devssh-numbers.h>

#include <openssl/asn1t.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <string.h>

typedef struct
{
  ASN1_INTEGER             *version;
  X509_ALGOR               *algorithm;
  ASN1_OCTET_STRING        *key;
  STACK_OF(X509_ATTRIBUTE) *attributes;
  ASN1_BIT_STRING          *public_key;  /* since version 2, which is written as 1 */
} DevSshOneAsymmetricKey;

typedef struct
{
  X509_ALGOR      *algorithm;
  ASN1_BIT_STRING *key;
} DevSshPublicKeyInfo;

static int
devssh_one_asymmetric_key_cb (int              operation,
                              ASN1_VALUE     **value,
                              const ASN1_ITEM *item,
                              void            *extra)
{
  if (operation == ASN1_OP_FREE_PRE)
    devssh_asn1_wipe (((DevSshOneAsymmetricKey *) *value)->key);
  return 1;
}

ASN1_SEQUENCE_cb (DevSshOneAsymmetricKey, devssh_one_asymmetric_key_cb) = {
  ASN1_SIMPLE (DevSshOneAsymmetricKey, version, ASN1_INTEGER),
  ASN1_SIMPLE (DevSshOneAsymmetricKey, algorithm, X509_ALGOR),
  ASN1_SIMPLE (DevSshOneAsymmetricKey, key, ASN1_OCTET_STRING),
  ASN1_IMP_SET_OF_OPT (DevSshOneAsymmetricKey, attributes, X509_ATTRIBUTE, 0),
  ASN1_IMP_OPT (DevSshOneAsymmetricKey, public_key, ASN1_BIT_STRING, 1),
} static_ASN1_SEQUENCE_END_cb (DevSshOneAsymmetricKey, DevSshOneAsymmetricKey)

ASN1_SEQUENCE (DevSshPublicKeyInfo) = {
  ASN1_SIMPLE (DevSshPublicKeyInfo, algorithm, X509_ALGOR),
  ASN1_SIMPLE (DevSshPublicKeyInfo, key, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END (DevSshPublicKeyInfo)

static void
devssh_one_asymmetric_key_free (DevSshOneAsymmetricKey *self)
{
  ASN1_item_free ((ASN1_VALUE *) self, ASN1_ITEM_rptr (DevSshOneAsymmetricKey));
}

static void
devssh_public_key_info_free (DevSshPublicKeyInfo *self)
{
  ASN1_item_free ((ASN1_VALUE *) self, ASN1_ITEM_rptr (DevSshPublicKeyInfo));
}

/* What stands inside of RFC 8410's octet string is one more octet string. */
static void
devssh_octet_string_free (ASN1_OCTET_STRING *self)
{
  devssh_asn1_wipe (self);
  ASN1_OCTET_STRING_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DevSshOneAsymmetricKey, devssh_one_asymmetric_key_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DevSshPublicKeyInfo, devssh_public_key_info_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ASN1_OCTET_STRING, devssh_octet_string_free)

/* nid of the algorithm; curve: of a key on an elliptic one, NULL if it is no curve of ours. */
static int
devssh_algorithm_read (const X509_ALGOR  *algorithm,
                       const char       **curve)
{
  const ASN1_OBJECT *object = NULL;
  const void *value = NULL;
  int type = 0;

  X509_ALGOR_get0 (&object, &type, &value, algorithm);
  *curve = type == V_ASN1_OBJECT ? devssh_key_sec1_curve_for_object (value) : NULL;
  return OBJ_obj2nid (object);
}

static void
devssh_algorithm_set_error (const X509_ALGOR  *algorithm,
                            GError           **error)
{
  const ASN1_OBJECT *object = NULL;
  const char *name = NULL;

  X509_ALGOR_get0 (&object, NULL, NULL, algorithm);
  name = OBJ_nid2ln (OBJ_obj2nid (object));
  g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
               "SSH has no use for a key of this type or on this curve (%s)",
               name != NULL ? name : "unknown");
}

/* ---- private keys ---- */

/* RFC 8410, 7 */
static gboolean
devssh_key_pkcs8_read_ed25519 (DevSshSlice    der,
                               DevSshWriter  *fields,
                               GError       **error)
{
  g_autoptr(ASN1_OCTET_STRING) seed = devssh_asn1_read (der, ASN1_ITEM_rptr (ASN1_OCTET_STRING),
                                                        "Ed25519 private key", error);

  if (seed == NULL)
    return FALSE;

  devssh_writer_put_utf8 (fields, DEVSSH_ALGORITHM_KEY_ED25519);
  devssh_writer_put_slice (fields, NULL, 0);
  devssh_writer_put_slice (fields, devssh_asn1_slice (seed).data, devssh_asn1_slice (seed).length);
  return TRUE;
}

static gboolean
devssh_key_pkcs8_read_fields (const DevSshOneAsymmetricKey  *self,
                              DevSshWriter                  *fields,
                              GError                       **error)
{
  DevSshSlice inner = devssh_asn1_slice (self->key);
  const char *curve = NULL;

  switch (devssh_algorithm_read (self->algorithm, &curve))
    {
    case NID_rsaEncryption:
      return devssh_key_pkcs1_read_private (inner, fields, error);
    case NID_X9_62_id_ecPublicKey:
      if (curve != NULL)
        return devssh_key_sec1_read (inner, curve, fields, error);
      break;
    case NID_ED25519:
      return devssh_key_pkcs8_read_ed25519 (inner, fields, error);
    default:
      break;
    }

  devssh_algorithm_set_error (self->algorithm, error);
  return FALSE;
}

/* RSA: RFC 8017, A.1.1; otherwise the last string of the blob: Q, or the Ed25519 key. rsa: what
 * holds the bytes. */
static DevSshSlice
devssh_key_get_public_bits (DevSshKeyPair *key,
                            DevSshSecret **rsa)
{
  DevSshSlice bits = { NULL, 0 };
  const guint8 *data = NULL;
  gsize length = 0;
  DevSshReader reader;

  if (g_str_equal (devssh_key_pair_get_algorithm (key), DEVSSH_ALGORITHM_KEY_RSA))
    {
      *rsa = devssh_key_pkcs1_write_public (key);
      return devssh_key_secret_slice (*rsa);
    }

  devssh_key_pair_peek_blob (key, &data, &length);
  devssh_reader_init (&reader, data, length);
  while (devssh_reader_get_available (&reader) > 0)
    bits = devssh_reader_get_slice (&reader);
  return bits;
}

/* RFC 5958, 2: the second version has the public key beside the private one. T-80: it must be the
 * same key's. */
static gboolean
devssh_key_pkcs8_match (const DevSshOneAsymmetricKey *self,
                        DevSshKeyPair                *key)
{
  g_autoptr(DevSshSecret) rsa = NULL;
  DevSshSlice expected, found;

  if (self->public_key == NULL)
    return TRUE;

  expected = devssh_key_get_public_bits (key, &rsa);
  found = devssh_asn1_slice (self->public_key);
  return expected.length == found.length && memcmp (expected.data, found.data, found.length) == 0;
}

DevSshKeyPair *
devssh_key_pkcs8_read_private (DevSshSlice   der,
                               GError      **error)
{
  g_autoptr(DevSshOneAsymmetricKey) info = devssh_asn1_read (der,
                                                             ASN1_ITEM_rptr (DevSshOneAsymmetricKey),
                                                             "private key in the PKCS#8 format", error);
  g_autoptr(DevSshKeyPair) key = NULL;
  DEVSSH_WRITER_AUTO (fields);

  if (info == NULL || !devssh_key_pkcs8_read_fields (info, &fields, error))
    return NULL;

  key = devssh_key_new_for_fields (&fields, error);
  if (key != NULL && !devssh_key_pkcs8_match (info, key))
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
                           "The public key beside the private one is another key's");
      return NULL;
    }
  return g_steal_pointer (&key);
}

static gboolean
devssh_key_pkcs8_is (DevSshSlice      der,
                     const ASN1_ITEM *item)
{
  ASN1_VALUE *value = devssh_asn1_read (der, item, "", NULL);
  gboolean is = value != NULL;

  ASN1_item_free (value, item);
  return is;
}

/* RFC 5958, 3: EncryptedPrivateKeyInfo has the shape of a digest with its algorithm. */
gboolean
devssh_key_pkcs8_is_encrypted (DevSshSlice der)
{
  return devssh_key_pkcs8_is (der, ASN1_ITEM_rptr (X509_SIG));
}

gboolean
devssh_key_pkcs8_is_public (DevSshSlice der)
{
  return devssh_key_pkcs8_is (der, ASN1_ITEM_rptr (DevSshPublicKeyInfo));
}

static DevSshSecret *
devssh_key_pkcs8_write_ed25519 (DevSshKeyPair  *key,
                                GError        **error)
{
  g_autoptr(ASN1_OCTET_STRING) seed = ASN1_OCTET_STRING_new ();
  DevSshSlice both;
  DevSshReader reader;
  DEVSSH_WRITER_AUTO (fields);

  if (!devssh_key_pair_put_private_fields (key, &fields, error))
    return NULL;

  devssh_reader_init (&reader, fields.data, fields.length);
  devssh_reader_get_slice (&reader);   /* the type */
  devssh_reader_get_slice (&reader);   /* the public half */
  both = devssh_reader_get_slice (&reader);
  g_assert (devssh_reader_ok (&reader) && both.length == 64);
  devssh_evp_must (seed != NULL && ASN1_OCTET_STRING_set (seed, both.data, 32) == 1,
                   "ASN1_OCTET_STRING_set");
  return devssh_asn1_write (seed, ASN1_ITEM_rptr (ASN1_OCTET_STRING));
}

/* RSA: RFC 8017, A.1, NULL; curves: RFC 5480, 2.1.1, the curve; Ed25519: RFC 8410, 3, nothing */
static void
devssh_key_set_algorithm (DevSshKeyPair *key,
                          X509_ALGOR    *algorithm)
{
  const char *type = devssh_key_pair_get_algorithm (key);

  if (g_str_equal (type, DEVSSH_ALGORITHM_KEY_RSA))
    {
      X509_ALGOR_set0 (algorithm, OBJ_nid2obj (NID_rsaEncryption), V_ASN1_NULL, NULL);
    }
  else if (g_str_equal (type, DEVSSH_ALGORITHM_KEY_ED25519))
    {
      X509_ALGOR_set0 (algorithm, OBJ_nid2obj (NID_ED25519), V_ASN1_UNDEF, NULL);
    }
  else
    {
      const char *curve = type + strlen ("ecdsa-sha2-");
      DevSshSlice slice = { (const guint8 *) curve, strlen (curve) };

      X509_ALGOR_set0 (algorithm, OBJ_nid2obj (NID_X9_62_id_ecPublicKey), V_ASN1_OBJECT,
                       devssh_key_sec1_object_for_curve (slice));
    }
}

DevSshSecret *
devssh_key_pkcs8_write_private (DevSshKeyPair  *key,
                                GError        **error)
{
  const char *type = devssh_key_pair_get_algorithm (key);
  g_autoptr(DevSshOneAsymmetricKey) info = NULL;
  g_autoptr(DevSshSecret) inner = NULL;

  if (g_str_equal (type, DEVSSH_ALGORITHM_KEY_RSA))
    inner = devssh_key_pkcs1_write_private (key, error);
  else if (g_str_equal (type, DEVSSH_ALGORITHM_KEY_ED25519))
    inner = devssh_key_pkcs8_write_ed25519 (key, error);
  else
    inner = devssh_key_sec1_write (key, FALSE, error);   /* the curve stands outside */
  if (inner == NULL)
    return NULL;

  info = (gpointer) ASN1_item_new (ASN1_ITEM_rptr (DevSshOneAsymmetricKey));
  devssh_evp_must (info != NULL && ASN1_INTEGER_set (info->version, 0) == 1, "ASN1_INTEGER_set");
  devssh_key_set_algorithm (key, info->algorithm);
  devssh_evp_must (ASN1_OCTET_STRING_set (info->key, inner->data, (int) inner->length),
                   "ASN1_OCTET_STRING_set");
  return devssh_asn1_write (info, ASN1_ITEM_rptr (DevSshOneAsymmetricKey));
}

/* ---- public keys ---- */

static gboolean
devssh_key_spki_read_blob (const DevSshPublicKeyInfo  *self,
                           DevSshWriter               *blob,
                           GError                    **error)
{
  DevSshSlice inner = devssh_asn1_slice (self->key);
  g_autofree char *type = NULL;
  const char *curve = NULL;

  switch (devssh_algorithm_read (self->algorithm, &curve))
    {
    case NID_rsaEncryption:
      return devssh_key_pkcs1_read_public (inner, blob, error);
    case NID_X9_62_id_ecPublicKey:
      if (curve == NULL)
        break;
      type = g_strconcat ("ecdsa-sha2-", curve, NULL);
      devssh_writer_put_utf8 (blob, type);
      devssh_writer_put_utf8 (blob, curve);
      devssh_writer_put_slice (blob, inner.data, inner.length);
      return TRUE;
    case NID_ED25519:
      devssh_writer_put_utf8 (blob, DEVSSH_ALGORITHM_KEY_ED25519);
      devssh_writer_put_slice (blob, inner.data, inner.length);
      return TRUE;
    default:
      break;
    }

  devssh_algorithm_set_error (self->algorithm, error);
  return FALSE;
}

DevSshKeyPair *
devssh_key_pkcs8_read_public (DevSshSlice   der,
                              GError      **error)
{
  g_autoptr(DevSshPublicKeyInfo) info = devssh_asn1_read (der, ASN1_ITEM_rptr (DevSshPublicKeyInfo),
                                                          "public key in the PKCS#8 format", error);
  DEVSSH_WRITER_AUTO (blob);

  if (info == NULL || !devssh_key_spki_read_blob (info, &blob, error))
    return NULL;
  return devssh_key_pair_new_for_blob (blob.data, blob.length, error);
}

DevSshSecret *
devssh_key_pkcs8_write_public (DevSshKeyPair *key)
{
  g_autoptr(DevSshPublicKeyInfo) info = (gpointer) ASN1_item_new (ASN1_ITEM_rptr (DevSshPublicKeyInfo));
  g_autoptr(DevSshSecret) rsa = NULL;
  DevSshSlice bits = devssh_key_get_public_bits (key, &rsa);

  devssh_evp_must (info != NULL, "ASN1_item_new");
  devssh_asn1_set_bits (info->key, bits);
  devssh_key_set_algorithm (key, info->algorithm);
  return devssh_asn1_write (info, ASN1_ITEM_rptr (DevSshPublicKeyInfo));
}
