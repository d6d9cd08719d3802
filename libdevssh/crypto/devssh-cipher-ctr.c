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

  /* Both directions are the same operation. */
  return devssh_evp_cipher_begin (row->evp, key, iv, TRUE);
}

void
devssh_ctr_crypt (gpointer      ctx,
                  guint8       *out,
                  const guint8 *in,
                  gsize         length)
{
  devssh_evp_update (ctx, out, in, length);
}
