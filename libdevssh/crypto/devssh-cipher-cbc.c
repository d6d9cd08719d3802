/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* aes256-cbc: RFC 4253, 6.3. The last block of a packet is the IV of the next; only for old peers
 * (T-19). */
#include <libdevssh/crypto/devssh-crypto-private.h>

gpointer
devssh_cbc_create (gconstpointer  algorithm,
                   const guint8  *key,
                   const guint8  *iv,
                   gboolean       seal)
{
  const DevSshCipherAlgorithm *row = algorithm;
  EVP_CIPHER_CTX *context = devssh_evp_cipher_begin (row->evp, key, iv, seal);

  /* SSH pads its packets itself; with OpenSSL's padding the last block would be held back. */
  devssh_evp_must (EVP_CIPHER_CTX_set_padding (context, 0), "EVP_CIPHER_CTX_set_padding");
  return context;
}

void
devssh_cbc_crypt (gpointer      ctx,
                  guint8       *out,
                  const guint8 *in,
                  gsize         length)
{
  /* Part of a block would stay inside the cipher and plain bytes in the buffer. */
  g_assert (length % 16 == 0);
  devssh_evp_update (ctx, out, in, length);
}
