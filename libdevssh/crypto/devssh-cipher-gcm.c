/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* aes128-gcm@openssh.com and aes256-gcm@openssh.com: RFC 5647 with the length in the clear. */
#include <libdevssh/crypto/devssh-crypto-private.h>

#include <libdevssh/wire/devssh-uint32-private.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <string.h>

#define TAG_SIZE 16
#define IV_SIZE  12

typedef struct
{
  EVP_CIPHER_CTX *context;
  OSSL_PARAM      tag[2];        /* kept, for building one costs as much as passing it on */
  guint8          iv[IV_SIZE];   /* of the next packet */
} DevSshGcm;

gpointer
devssh_gcm_create (gconstpointer  algorithm,
                   const guint8  *key,
                   const guint8  *iv,
                   gboolean       seal)
{
  const DevSshCipherAlgorithm *row = algorithm;
  DevSshGcm *self = g_new0 (DevSshGcm, 1);

  memcpy (self->iv, iv, IV_SIZE);
  self->tag[0] = OSSL_PARAM_construct_octet_string (OSSL_CIPHER_PARAM_AEAD_TAG, NULL, TAG_SIZE);
  self->tag[1] = OSSL_PARAM_construct_end ();
  self->context = devssh_evp_cipher_begin (row->evp, key, iv, seal);
  return self;
}

void
devssh_gcm_destroy (gpointer ctx)
{
  DevSshGcm *self = ctx;

  if (self == NULL)
    return;

  devssh_evp_cipher_end (self->context);
  devssh_wipe (self->iv, IV_SIZE);
  g_free (self);
}

void
devssh_gcm_increment (guint8 *iv)
{
  for (guint i = IV_SIZE; i > IV_SIZE - 8; i--)
    {
      if (++iv[i - 1] != 0)
        break;
    }
}

/* RFC 5647, 7.3: the packet length is authenticated but not encrypted. */
guint32
devssh_gcm_get_length (gpointer      ctx,
                       guint32       sequence,
                       const guint8 *bytes)
{
  return devssh_uint32_load (bytes);
}

/* The key stays; only the IV is new, and the tag that is expected. */
static int
devssh_gcm_begin (DevSshGcm        *self,
                  const OSSL_PARAM *params)
{
  int result = EVP_CipherInit_ex2 (self->context, NULL, NULL, self->iv, -1, params);

  devssh_gcm_increment (self->iv);
  return result;
}

void
devssh_gcm_seal (gpointer      ctx,
                 guint32       sequence,
                 guint8       *out,
                 gsize         head,
                 const guint8 *body,
                 gsize         body_length,
                 gsize         tail)
{
  DevSshGcm *self = ctx;
  guint8 *text = out + 4;
  gsize total = head + body_length + tail;
  int done = 0;

  devssh_evp_must (devssh_gcm_begin (self, NULL), "EVP_CipherInit_ex2");
  devssh_evp_update (self->context, NULL, out, 4);
  devssh_evp_update_around (self->context, text, head, body, body_length, tail);
  devssh_evp_must (EVP_EncryptFinal_ex (self->context, text + total, &done), "EVP_EncryptFinal_ex");
  self->tag[0].data = text + total;
  devssh_evp_must (EVP_CIPHER_CTX_get_params (self->context, self->tag),
                   "OSSL_CIPHER_PARAM_AEAD_TAG");
}

gboolean
devssh_gcm_open (gpointer  ctx,
                 guint32   sequence,
                 guint8   *packet,
                 gsize     length)
{
  DevSshGcm *self = ctx;
  guint8 *text = packet + 4;
  int size = devssh_evp_length (length);
  int done = 0;

  self->tag[0].data = text + length;
  if (devssh_gcm_begin (self, self->tag) == 1 &&
      EVP_DecryptUpdate (self->context, NULL, &done, packet, 4) == 1 &&
      EVP_DecryptUpdate (self->context, text, &done, text, size) == 1 &&
      EVP_DecryptFinal_ex (self->context, text + length, &done) == 1)
    return TRUE;

  /* T-18: what was decrypted before the tag proved wrong stays unknown, even to us. */
  ERR_clear_error ();
  devssh_wipe (text, length);
  return FALSE;
}
