/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ciphers that key files are encrypted with, by the names that the formats have for them. */
#include <libdevssh/keys/devssh-key-format-private.h>

#include <openssl/err.h>
#include <openssl/objects.h>
#include <string.h>

static const DevSshKeyCipher devssh_key_ciphers[] = {
  { "aes128-ctr", NULL, NID_undef, "AES-128-CTR", 16, 16, 16, 0 },
  { "aes192-ctr", NULL, NID_undef, "AES-192-CTR", 24, 16, 16, 0 },
  { "aes256-ctr", NULL, NID_undef, "AES-256-CTR", 32, 16, 16, 0 },
  { "aes128-cbc", "AES-128-CBC", NID_aes_128_cbc, "AES-128-CBC", 16, 16, 16, 0 },
  { "aes192-cbc", "AES-192-CBC", NID_aes_192_cbc, "AES-192-CBC", 24, 16, 16, 0 },
  { "aes256-cbc", "AES-256-CBC", NID_aes_256_cbc, "AES-256-CBC", 32, 16, 16, 0 },
  { "3des-cbc", "DES-EDE3-CBC", NID_des_ede3_cbc, "DES-EDE3-CBC", 24, 8, 8, 0 },
  { "aes128-gcm@openssh.com", NULL, NID_undef, "AES-128-GCM", 16, 12, 16, 16 },
  { "aes256-gcm@openssh.com", NULL, NID_undef, "AES-256-GCM", 32, 12, 16, 16 },
  /* OpenSSH derives both keys of it, and pads to 8. */
  { "chacha20-poly1305@openssh.com", NULL, NID_undef, NULL, 64, 0, 8, 16 },
};

static const DevSshKeyCipher *
devssh_key_cipher_check (const DevSshKeyCipher  *cipher,
                         DevSshSlice             name,
                         GError                **error)
{
  if (cipher == NULL)
    {
      g_autofree char *shown = devssh_text_for_people (name.data, MIN (name.length, 64));

      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
                   "Keys encrypted with “%s” cannot be read", shown);
    }
  return cipher;
}

const DevSshKeyCipher *
devssh_key_cipher_for_ssh_name (DevSshSlice   name,
                                GError      **error)
{
  const DevSshKeyCipher *found = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (devssh_key_ciphers) && found == NULL; i++)
    {
      if (devssh_slice_is (name, devssh_key_ciphers[i].ssh_name))
        found = &devssh_key_ciphers[i];
    }
  return devssh_key_cipher_check (found, name, error);
}

const DevSshKeyCipher *
devssh_key_cipher_for_pem_name (DevSshSlice   name,
                                GError      **error)
{
  const DevSshKeyCipher *found = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (devssh_key_ciphers) && found == NULL; i++)
    {
      if (devssh_key_ciphers[i].pem_name != NULL &&
          devssh_slice_is (name, devssh_key_ciphers[i].pem_name))
        found = &devssh_key_ciphers[i];
    }
  return devssh_key_cipher_check (found, name, error);
}

const DevSshKeyCipher *
devssh_key_cipher_for_object (const ASN1_OBJECT  *object,
                              GError            **error)
{
  const DevSshKeyCipher *found = NULL;
  int nid = OBJ_obj2nid (object);
  char text[80];

  for (guint i = 0; i < G_N_ELEMENTS (devssh_key_ciphers) && found == NULL; i++)
    {
      if (nid != NID_undef && devssh_key_ciphers[i].nid == nid)
        found = &devssh_key_ciphers[i];
    }
  /* A name if there is one, or the numbers. */
  OBJ_obj2txt (text, sizeof text, object, 0);
  return devssh_key_cipher_check (found, (DevSshSlice) { (const guint8 *) text, strlen (text) },
                                  error);
}

static EVP_CIPHER_CTX *
devssh_key_cipher_begin (const DevSshKeyCipher *self,
                         const guint8          *key,
                         const guint8          *iv,
                         gboolean               seal)
{
  EVP_CIPHER *cipher = EVP_CIPHER_fetch (NULL, self->evp_name, NULL);
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new ();

  if (cipher != NULL && context != NULL &&
      EVP_CipherInit_ex2 (context, cipher, key, iv, seal ? 1 : 0, NULL) == 1 &&
      EVP_CIPHER_CTX_set_padding (context, 0) == 1)
    {
      EVP_CIPHER_free (cipher);
      return context;
    }
  EVP_CIPHER_CTX_free (context);
  EVP_CIPHER_free (cipher);
  return NULL;
}

gboolean
devssh_key_cipher_crypt (const DevSshKeyCipher  *self,
                         const guint8           *key,
                         const guint8           *iv,
                         gboolean                seal,
                         guint8                 *data,
                         gsize                   length,
                         const guint8           *tag,
                         GError                **error)
{
  EVP_CIPHER_CTX *context = NULL;
  guint8 last[16];
  int done = 0;
  gboolean good = FALSE;

  g_assert (length % self->block == 0 && (self->tag == 0 || !seal));
  if (self->evp_name == NULL)
    {
      good = devssh_chachapoly_open_bare (key, data, length, tag);
    }
  else if ((context = devssh_key_cipher_begin (self, key, iv, seal)) == NULL)
    {
      devssh_evp_set_error (error, DEVSSH_ERROR_UNSUPPORTED, "OpenSSL does not have %s here",
                            self->evp_name);
      return FALSE;
    }
  else
    {
      if (self->tag > 0)
        devssh_evp_must (EVP_CIPHER_CTX_ctrl (context, EVP_CTRL_AEAD_SET_TAG, self->tag, (gpointer) tag),
                         "EVP_CTRL_AEAD_SET_TAG");
      devssh_evp_update (context, data, data, length);
      good = EVP_CipherFinal_ex (context, last, &done) == 1;
      EVP_CIPHER_CTX_free (context);
    }

  if (good)
    return TRUE;
  ERR_clear_error ();
  devssh_wipe (data, length);
  devssh_key_set_passphrase_error (error);
  return FALSE;
}

/* ---- RFC 8018, 6.1.1, step 4: as many bytes as there are, each of them that number ---- */

DevSshSecret *
devssh_key_cipher_seal (const DevSshKeyCipher  *self,
                        const guint8           *key,
                        const guint8           *iv,
                        DevSshSlice             text,
                        GError                **error)
{
  gsize padding = self->block - text.length % self->block;
  g_autoptr(DevSshSecret) data = devssh_secret_new (text.length + padding);

  memcpy (data->data, text.data, text.length);
  memset (data->data + text.length, (int) padding, padding);
  if (!devssh_key_cipher_crypt (self, key, iv, TRUE, data->data, data->length, NULL, error))
    return NULL;
  return g_steal_pointer (&data);
}

/* What a wrong key makes of a file is no padding, or no DER: an outermost SEQUENCE that ends where the
 * data ends is the proof that it was the right one. */
static gboolean
devssh_key_is_der (const guint8 *data,
                   gsize         length)
{
  gsize count = 0, value = 0;

  if (length < 2 || data[0] != 0x30)
    return FALSE;
  if (data[1] < 0x80)
    return data[1] == length - 2;

  count = data[1] & 0x7f;
  if (count == 0 || count > 3 || length < 2 + count)
    return FALSE;
  for (gsize i = 0; i < count; i++)
    value = value << 8 | data[2 + i];
  return value == length - 2 - count;
}

DevSshSecret *
devssh_key_cipher_open_der (const DevSshKeyCipher  *self,
                            const guint8           *key,
                            const guint8           *iv,
                            DevSshSlice             text,
                            GError                **error)
{
  g_autoptr(DevSshSecret) data = devssh_secret_new_copy (text.data, text.length);
  gsize padding = 0;
  gboolean good = TRUE;

  g_assert (text.length > 0);
  if (!devssh_key_cipher_crypt (self, key, iv, FALSE, data->data, data->length, NULL, error))
    return NULL;

  padding = data->data[data->length - 1];
  good = padding > 0 && padding <= self->block;
  for (gsize i = 1; good && i <= padding; i++)
    good = data->data[data->length - i] == padding;
  if (!good || !devssh_key_is_der (data->data, data->length - padding))
    {
      devssh_key_set_passphrase_error (error);
      return NULL;
    }
  return devssh_secret_new_copy (data->data, data->length - padding);
}

gboolean
devssh_key_cipher_check_length (const DevSshKeyCipher  *self,
                                gsize                   length,
                                GError                **error)
{
  if (length > 0 && length % self->block == 0)
    return TRUE;

  g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
               "The encrypted key is not in blocks of %u bytes", self->block);
  return FALSE;
}
