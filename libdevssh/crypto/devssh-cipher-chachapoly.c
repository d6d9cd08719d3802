/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* chacha20-poly1305@openssh.com (draft-ietf-sshm-chacha20-poly1305): its own construction, not the
 * AEAD of RFC 8439. One ChaCha20 with the second half of the key hides the length; another, with
 * the first half, makes the Poly1305 key from block 0 and encrypts from block 1 on. The nonce is
 * the packet number. */
#include <libdevssh/crypto/devssh-crypto-private.h>

#include <libdevssh/wire/devssh-uint32-private.h>

#include <openssl/err.h>
#include <string.h>

#define TAG_SIZE  16
#define KEY_SIZE  32
#define BLOCK     64

typedef struct
{
  EVP_CIPHER_CTX *main;
  EVP_CIPHER_CTX *header;
  EVP_MAC_CTX    *poly1305;
} DevSshChachapoly;

static EVP_CIPHER_CTX *
devssh_chachapoly_cipher (const guint8 *key)
{
  static const guint8 iv[16];

  return devssh_evp_cipher_begin (DEVSSH_EVP_CHACHA20, key, iv, TRUE);
}

gpointer
devssh_chachapoly_create (gconstpointer  algorithm,
                          const guint8  *key,
                          const guint8  *iv,
                          gboolean       seal)
{
  DevSshChachapoly *self = g_new0 (DevSshChachapoly, 1);

  self->main = devssh_chachapoly_cipher (key);
  self->header = devssh_chachapoly_cipher (key + KEY_SIZE);
  self->poly1305 = EVP_MAC_CTX_new ((EVP_MAC *) devssh_evp_mac (DEVSSH_EVP_POLY1305));
  devssh_evp_must (self->poly1305 != NULL, "EVP_MAC_CTX_new");
  return self;
}

void
devssh_chachapoly_destroy (gpointer ctx)
{
  DevSshChachapoly *self = ctx;

  if (self == NULL)
    return;

  devssh_evp_cipher_end (self->main);
  devssh_evp_cipher_end (self->header);
  EVP_MAC_CTX_free (self->poly1305);
  g_free (self);
}

/* OpenSSL's 16 bytes are a little-endian block counter and the nonce: here 64 bits each. */
static void
devssh_chachapoly_begin (EVP_CIPHER_CTX *context,
                         guint32         sequence)
{
  guint32 number = GUINT32_TO_BE (sequence);
  guint8 iv[16] = { 0 };

  memcpy (iv + 12, &number, sizeof number);
  devssh_evp_must (EVP_EncryptInit_ex2 (context, NULL, NULL, iv, NULL), "EVP_EncryptInit_ex2");
}

/* Leaves the main cipher at block 1, where the payload begins. */
static void
devssh_chachapoly_begin_packet (DevSshChachapoly *self,
                                guint32           sequence)
{
  static const guint8 zeros[BLOCK];
  guint8 block[BLOCK];

  devssh_chachapoly_begin (self->main, sequence);
  devssh_evp_update (self->main, block, zeros, BLOCK);
  devssh_evp_must (EVP_MAC_init (self->poly1305, block, KEY_SIZE, NULL), "EVP_MAC_init");
  devssh_wipe (block, sizeof block);
}

static void
devssh_chachapoly_tag (DevSshChachapoly *self,
                       const guint8     *data,
                       gsize             length,
                       guint8           *tag)
{
  gsize size = 0;

  devssh_evp_must (EVP_MAC_update (self->poly1305, data, length), "EVP_MAC_update");
  devssh_evp_must (EVP_MAC_final (self->poly1305, tag, &size, TAG_SIZE), "EVP_MAC_final");
}

guint32
devssh_chachapoly_get_length (gpointer      ctx,
                              guint32       sequence,
                              const guint8 *bytes)
{
  DevSshChachapoly *self = ctx;
  guint8 clear[4];

  devssh_chachapoly_begin (self->header, sequence);
  devssh_evp_update (self->header, clear, bytes, 4);
  return devssh_uint32_load (clear);
}

void
devssh_chachapoly_seal (gpointer      ctx,
                        guint32       sequence,
                        guint8       *out,
                        gsize         head,
                        const guint8 *body,
                        gsize         body_length,
                        gsize         tail)
{
  DevSshChachapoly *self = ctx;
  guint8 *text = out + 4;
  gsize total = head + body_length + tail;

  devssh_chachapoly_begin (self->header, sequence);
  devssh_evp_update (self->header, out, out, 4);

  devssh_chachapoly_begin_packet (self, sequence);
  devssh_evp_update_around (self->main, text, head, body, body_length, tail);
  devssh_chachapoly_tag (self, out, 4 + total, text + total);
}

/* The tag is over what came in, so nothing is decrypted before it has verified (T-18). */
static gboolean
devssh_chachapoly_verify (DevSshChachapoly *self,
                          const guint8     *data,
                          gsize             length,
                          const guint8     *tag)
{
  guint8 expected[TAG_SIZE];
  gboolean equal = FALSE;

  devssh_chachapoly_tag (self, data, length, expected);
  equal = devssh_equal_constant_time (expected, tag, TAG_SIZE);
  devssh_wipe (expected, sizeof expected);
  return equal;
}

gboolean
devssh_chachapoly_open (gpointer  ctx,
                        guint32   sequence,
                        guint8   *packet,
                        gsize     length)
{
  DevSshChachapoly *self = ctx;

  devssh_chachapoly_begin_packet (self, sequence);
  if (!devssh_chachapoly_verify (self, packet, 4 + length, packet + 4 + length))
    return FALSE;

  devssh_evp_update (self->main, packet + 4, packet + 4, length);
  return TRUE;
}

gboolean
devssh_chachapoly_open_bare (const guint8 *key,
                             guint8       *data,
                             gsize         length,
                             const guint8 *tag)
{
  DevSshChachapoly *self = devssh_chachapoly_create (NULL, key, NULL, FALSE);
  gboolean good = FALSE;

  devssh_chachapoly_begin_packet (self, 0);
  good = devssh_chachapoly_verify (self, data, length, tag);
  if (good)
    devssh_evp_update (self->main, data, data, length);
  devssh_chachapoly_destroy (self);
  return good;
}
