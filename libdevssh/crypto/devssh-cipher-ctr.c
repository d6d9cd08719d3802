/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* aes128-ctr and aes256-ctr: RFC 4344, 4. The counter runs on from packet to packet. */
#include <libdevssh/crypto/devssh-crypto-private.h>

gpointer
devssh_ctr_create (gconstpointer  algorithm,
                   const guint8  *key,
                   const guint8  *iv,
                   gboolean       seal)
{
  const DevSshCipherAlgorithm *row = algorithm;
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new ();

  devssh_evp_must (context != NULL, "EVP_CIPHER_CTX_new");
  devssh_evp_must (EVP_EncryptInit_ex2 (context, devssh_evp_cipher (row->evp), key, iv, NULL),
                   "EVP_EncryptInit_ex2");
  return context;
}

void
devssh_ctr_destroy (gpointer ctx)
{
  EVP_CIPHER_CTX_free (ctx);   /* wipes the key */
}

/* Both directions are the same operation. */
void
devssh_ctr_crypt (gpointer      ctx,
                  guint8       *out,
                  const guint8 *in,
                  gsize         length)
{
  int done = 0;

  if (length > 0)
    devssh_evp_must (EVP_EncryptUpdate (ctx, out, &done, in, devssh_evp_length (length)),
                     "EVP_EncryptUpdate");
}
