/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DER behind a passphrase: the headers of RFC 1421, which OpenSSL writes around PKCS#1 and SEC1, and
 * PBES2 of RFC 8018 in EncryptedPrivateKeyInfo of RFC 5958, 3. */
#include <libdevssh/keys/devssh-key-format-private.h>

#include <libdevssh/crypto/devssh-kdf-private.h>

#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <string.h>

/* ---- RFC 1421 ---- */

static gboolean
devssh_hex_read (DevSshSlice  text,
                 guint8      *bytes,
                 gsize        length)
{
  if (text.length != 2 * length)
    return FALSE;

  for (gsize i = 0; i < length; i++)
    {
      int high = g_ascii_xdigit_value ((char) text.data[2 * i]);
      int low = g_ascii_xdigit_value ((char) text.data[2 * i + 1]);

      if (high < 0 || low < 0)
        return FALSE;
      bytes[i] = (guint8) (high << 4 | low);
    }
  return TRUE;
}

/* RFC 1421, 4.6.1.3: the cipher, a comma, and its initialization vector in hexadecimal digits; the
 * first eight bytes of that are the salt as well. */
DevSshSecret *
devssh_key_pem_decrypt (DevSshSlice   dek_info,
                        DevSshSlice   data,
                        const char   *what,
                        const char   *passphrase,
                        GError      **error)
{
  const guint8 *comma = dek_info.length > 0 ? memchr (dek_info.data, ',', dek_info.length) : NULL;
  DevSshSlice name = dek_info, digits = { NULL, 0 };
  const DevSshKeyCipher *cipher = NULL;
  g_autoptr(DevSshSecret) key = NULL;
  guint8 iv[16];

  if (comma != NULL)
    {
      name.length = (gsize) (comma - dek_info.data);
      digits.data = comma + 1;
      digits.length = dek_info.length - name.length - 1;
    }
  if (name.length == 0)
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
                           "The key is encrypted, but does not say how");
      return NULL;
    }
  cipher = devssh_key_cipher_for_pem_name (name, error);
  if (cipher == NULL)
    return NULL;
  if (!devssh_hex_read (digits, iv, cipher->iv))
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
                   "Behind the name of the cipher there are not %u bytes in hexadecimal digits",
                   cipher->iv);
      return NULL;
    }
  if (!devssh_key_cipher_check_length (cipher, data.length, error) ||
      !devssh_key_check_passphrase (passphrase, what, error))
    return NULL;

  key = devssh_kdf_pem (passphrase, (DevSshSlice) { iv, 8 }, cipher->key, error);
  return key != NULL ? devssh_key_cipher_open_der (cipher, key->data, iv, data, error) : NULL;
}

/* ---- PBES2 ---- */

static void
devssh_pbe2_free (PBE2PARAM *self)
{
  PBE2PARAM_free (self);
}

static void
devssh_pbkdf2_free (PBKDF2PARAM *self)
{
  PBKDF2PARAM_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PBE2PARAM, devssh_pbe2_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PBKDF2PARAM, devssh_pbkdf2_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (X509_SIG, X509_SIG_free)

/* What RFC 8018, A.2 and A.4 put into the file, all checked. */
typedef struct
{
  const DevSshKeyCipher *cipher;
  const char            *digest;
  guint                  iterations;
  DevSshSlice            salt;       /* points into pbkdf2 */
  guint8                 iv[16];
  PBE2PARAM             *pbes2;
  PBKDF2PARAM           *pbkdf2;
} DevSshPbes2;

static void
devssh_pbes2_clear (DevSshPbes2 *self)
{
  PBE2PARAM_free (self->pbes2);
  PBKDF2PARAM_free (self->pbkdf2);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DevSshPbes2, devssh_pbes2_clear)

static const struct { int nid; const char *digest; } devssh_prfs[] = {
  { NID_hmacWithSHA1,   "SHA1" },
  { NID_hmacWithSHA224, "SHA224" },
  { NID_hmacWithSHA256, "SHA256" },
  { NID_hmacWithSHA384, "SHA384" },
  { NID_hmacWithSHA512, "SHA512" },
};

static gboolean
devssh_pbes2_refuse (const X509_ALGOR  *algorithm,
                     GError           **error)
{
  const ASN1_OBJECT *object = NULL;
  char text[80];

  X509_ALGOR_get0 (&object, NULL, NULL, algorithm);
  OBJ_obj2txt (text, sizeof text, object, 0);
  g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
               "PKCS#8 keys encrypted with %s cannot be read; "
               "openssl pkcs8 -topk8 -v2 aes-256-cbc converts them", text);
  return FALSE;
}

/* The parameters of an algorithm, or NULL and an error: they are missing, or something else. */
static gpointer
devssh_pbes2_unpack (const X509_ALGOR  *algorithm,
                     const ASN1_ITEM   *item,
                     const char        *what,
                     GError           **error)
{
  const void *value = NULL;
  int type = 0;

  X509_ALGOR_get0 (NULL, &type, &value, algorithm);
  return devssh_asn1_read (type == V_ASN1_SEQUENCE ? devssh_asn1_slice (value)
                                                   : (DevSshSlice) { NULL, 0 },
                           item, what, error);
}

static gboolean
devssh_pbes2_is (const X509_ALGOR *algorithm,
                 int               nid)
{
  const ASN1_OBJECT *object = NULL;

  X509_ALGOR_get0 (&object, NULL, NULL, algorithm);
  return OBJ_obj2nid (object) == nid;
}

/* RFC 8018, A.2: without a PRF it is HMAC-SHA-1. */
static gboolean
devssh_pbes2_read_prf (DevSshPbes2  *self,
                       GError      **error)
{
  self->digest = self->pbkdf2->prf == NULL ? "SHA1" : NULL;
  for (guint i = 0; i < G_N_ELEMENTS (devssh_prfs) && self->digest == NULL; i++)
    {
      if (devssh_pbes2_is (self->pbkdf2->prf, devssh_prfs[i].nid))
        self->digest = devssh_prfs[i].digest;
    }
  return self->digest != NULL || devssh_pbes2_refuse (self->pbkdf2->prf, error);
}

static gboolean
devssh_pbes2_read_kdf (DevSshPbes2  *self,
                       GError      **error)
{
  guint64 iterations = 0;

  if (!devssh_pbes2_is (self->pbes2->keyfunc, NID_id_pbkdf2))
    return devssh_pbes2_refuse (self->pbes2->keyfunc, error);
  self->pbkdf2 = devssh_pbes2_unpack (self->pbes2->keyfunc, ASN1_ITEM_rptr (PBKDF2PARAM),
                                      "parameters of PBKDF2", error);
  if (self->pbkdf2 == NULL || !devssh_pbes2_read_prf (self, error))
    return FALSE;

  /* A number that does not even fit is too much, too; a negative one is none. */
  if (ASN1_INTEGER_get_uint64 (&iterations, self->pbkdf2->iter) != 1)
    iterations = ASN1_STRING_type (self->pbkdf2->iter) == V_ASN1_INTEGER ? G_MAXUINT64 : 0;
  ERR_clear_error ();
  if (!devssh_kdf_pbkdf2_check (iterations, error))
    return FALSE;
  self->iterations = (guint) iterations;

  if (self->pbkdf2->salt->type == V_ASN1_OCTET_STRING)
    self->salt = devssh_asn1_slice (self->pbkdf2->salt->value.octet_string);
  if (self->salt.length > 0)
    return TRUE;
  g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
                       "The encrypted key has no salt of its own");
  return FALSE;
}

static gboolean
devssh_pbes2_read_cipher (DevSshPbes2  *self,
                          GError      **error)
{
  const ASN1_OBJECT *object = NULL;
  const void *value = NULL;
  guint64 length = 0;
  int type = 0;

  X509_ALGOR_get0 (&object, &type, &value, self->pbes2->encryption);
  self->cipher = devssh_key_cipher_for_object (object, error);
  if (self->cipher == NULL)
    return FALSE;

  if (type != V_ASN1_OCTET_STRING || devssh_asn1_slice (value).length != self->cipher->iv)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
                   "The encrypted key has no initialization vector of %u bytes", self->cipher->iv);
      return FALSE;
    }
  memcpy (self->iv, devssh_asn1_slice (value).data, self->cipher->iv);

  /* RFC 8018, A.2: "keyLength ... must agree" */
  if (self->pbkdf2->keylength != NULL &&
      (ASN1_INTEGER_get_uint64 (&length, self->pbkdf2->keylength) != 1 || length != self->cipher->key))
    {
      ERR_clear_error ();
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
                           "The encrypted key has another length of key than its cipher");
      return FALSE;
    }
  return TRUE;
}

static gboolean
devssh_pbes2_read (DevSshPbes2       *self,
                   const X509_ALGOR  *algorithm,
                   GError           **error)
{
  if (!devssh_pbes2_is (algorithm, NID_pbes2))
    return devssh_pbes2_refuse (algorithm, error);

  self->pbes2 = devssh_pbes2_unpack (algorithm, ASN1_ITEM_rptr (PBE2PARAM), "parameters of PBES2",
                                     error);
  return self->pbes2 != NULL && devssh_pbes2_read_kdf (self, error) &&
         devssh_pbes2_read_cipher (self, error);
}

DevSshSecret *
devssh_key_pbes2_decrypt (DevSshSlice   der,
                          const char   *passphrase,
                          GError      **error)
{
  g_autoptr(X509_SIG) sealed = devssh_asn1_read (der, ASN1_ITEM_rptr (X509_SIG),
                                                 "encrypted private key in the PKCS#8 format", error);
  g_auto(DevSshPbes2) pbes2 = { 0 };
  g_autoptr(DevSshSecret) key = NULL;
  const X509_ALGOR *algorithm = NULL;
  const ASN1_OCTET_STRING *text = NULL;

  if (sealed == NULL)
    return NULL;
  X509_SIG_get0 (sealed, &algorithm, &text);
  if (!devssh_pbes2_read (&pbes2, algorithm, error) ||
      !devssh_key_cipher_check_length (pbes2.cipher, devssh_asn1_slice (text).length, error) ||
      !devssh_key_check_passphrase (passphrase, "PKCS#8", error))
    return NULL;

  key = devssh_kdf_pbkdf2 (passphrase, pbes2.salt, pbes2.iterations, pbes2.digest,
                           pbes2.cipher->key, error);
  if (key == NULL)
    return NULL;
  return devssh_key_cipher_open_der (pbes2.cipher, key->data, pbes2.iv, devssh_asn1_slice (text),
                                     error);
}

static void
devssh_pbes2_set (X509_ALGOR      *algorithm,
                  int              nid,
                  gconstpointer    parameters,
                  const ASN1_ITEM *item)
{
  ASN1_STRING *packed = ASN1_item_pack ((gpointer) parameters, item, NULL);

  devssh_evp_must (packed != NULL &&
                   X509_ALGOR_set0 (algorithm, OBJ_nid2obj (nid), V_ASN1_SEQUENCE, packed),
                   "X509_ALGOR_set0");
}

/* PBES2 with PBKDF2, HMAC-SHA-256 and AES-256-CBC: what everybody reads. */
DevSshSecret *
devssh_key_pbes2_encrypt (DevSshSlice   der,
                          const char   *passphrase,
                          GError      **error)
{
  const DevSshSlice name = { (const guint8 *) "aes256-cbc", 10 };
  const DevSshKeyCipher *cipher = devssh_key_cipher_for_ssh_name (name, error);
  g_autoptr(X509_SIG) sealed = X509_SIG_new ();
  g_autoptr(PBE2PARAM) pbes2 = PBE2PARAM_new ();
  g_autoptr(PBKDF2PARAM) pbkdf2 = PBKDF2PARAM_new ();
  g_autoptr(DevSshSecret) key = NULL;
  g_autoptr(DevSshSecret) text = NULL;
  ASN1_OCTET_STRING *salt_string = ASN1_OCTET_STRING_new ();
  ASN1_OCTET_STRING *iv_string = ASN1_OCTET_STRING_new ();
  X509_ALGOR *algorithm = NULL;
  ASN1_OCTET_STRING *sealed_text = NULL;
  guint8 salt[16], iv[16];

  devssh_evp_must (sealed != NULL && pbes2 != NULL && pbkdf2 != NULL && salt_string != NULL &&
                   iv_string != NULL, "ASN1_item_new");
  devssh_random (salt, sizeof salt);
  devssh_random (iv, sizeof iv);
  /* The templates own these from here on. */
  devssh_evp_must (ASN1_OCTET_STRING_set (salt_string, salt, sizeof salt), "ASN1_OCTET_STRING_set");
  ASN1_TYPE_set (pbkdf2->salt, V_ASN1_OCTET_STRING, salt_string);
  devssh_evp_must (ASN1_OCTET_STRING_set (iv_string, iv, sizeof iv), "ASN1_OCTET_STRING_set");
  X509_ALGOR_set0 (pbes2->encryption, OBJ_nid2obj (cipher->nid), V_ASN1_OCTET_STRING, iv_string);

  key = devssh_kdf_pbkdf2 (passphrase, (DevSshSlice) { salt, sizeof salt },
                           DEVSSH_KEY_DEFAULT_PBKDF2_ITERATIONS, "SHA256", cipher->key, error);
  text = key != NULL ? devssh_key_cipher_seal (cipher, key->data, iv, der, error) : NULL;
  if (text == NULL)
    return NULL;

  devssh_evp_must (ASN1_INTEGER_set (pbkdf2->iter, DEVSSH_KEY_DEFAULT_PBKDF2_ITERATIONS),
                   "ASN1_INTEGER_set");
  pbkdf2->prf = X509_ALGOR_new ();
  devssh_evp_must (pbkdf2->prf != NULL &&
                   X509_ALGOR_set0 (pbkdf2->prf, OBJ_nid2obj (NID_hmacWithSHA256), V_ASN1_NULL, NULL),
                   "X509_ALGOR_set0");
  devssh_pbes2_set (pbes2->keyfunc, NID_id_pbkdf2, pbkdf2, ASN1_ITEM_rptr (PBKDF2PARAM));

  X509_SIG_getm (sealed, &algorithm, &sealed_text);
  devssh_pbes2_set (algorithm, NID_pbes2, pbes2, ASN1_ITEM_rptr (PBE2PARAM));
  devssh_evp_must (ASN1_OCTET_STRING_set (sealed_text, text->data, (int) text->length),
                   "ASN1_OCTET_STRING_set");
  return devssh_asn1_write (sealed, ASN1_ITEM_rptr (X509_SIG));
}
