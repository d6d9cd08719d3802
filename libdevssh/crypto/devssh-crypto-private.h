/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of this folder share: OpenSSL's objects, fetched once, and the functions behind the rows. */
#pragma once

/* Nothing that OpenSSL 3.0 has deprecated: such a call would not even be declared. */
#ifndef OPENSSL_API_COMPAT
#define OPENSSL_API_COMPAT 30000
#define OPENSSL_NO_DEPRECATED
#endif

#include <openssl/evp.h>

#include <libdevssh/base/devssh-error.h>
#include <libdevssh/crypto/devssh-algorithms-private.h>

G_BEGIN_DECLS

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY_CTX, EVP_PKEY_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_MD_CTX, EVP_MD_CTX_free)

/* ---- fetched once per process; NULL if this OpenSSL does not have it (a FIPS one, perhaps) ---- */
typedef enum
{
  DEVSSH_EVP_AES_128_GCM,
  DEVSSH_EVP_AES_256_GCM,
  DEVSSH_EVP_AES_128_CTR,
  DEVSSH_EVP_AES_256_CTR,
  DEVSSH_EVP_AES_256_CBC,
  DEVSSH_EVP_CHACHA20,
  DEVSSH_EVP_N_CIPHERS
} DevSshEvpCipher;

typedef enum
{
  DEVSSH_EVP_HMAC,
  DEVSSH_EVP_POLY1305,
  DEVSSH_EVP_N_MACS
} DevSshEvpMac;

/* Generator contexts are not thread-safe, so they are kept per thread. */
typedef enum
{
  DEVSSH_GENERATOR_X25519,
  DEVSSH_GENERATOR_P256,
  DEVSSH_GENERATOR_P384,
  DEVSSH_GENERATOR_P521,
  DEVSSH_GENERATOR_MODP14,
  DEVSSH_GENERATOR_MODP16,
  DEVSSH_GENERATOR_ED25519,
  DEVSSH_N_GENERATORS
} DevSshGenerator;

const EVP_CIPHER *devssh_evp_cipher   (DevSshEvpCipher which);
const EVP_MAC    *devssh_evp_mac      (DevSshEvpMac which);
const EVP_MD     *devssh_evp_md       (DevSshHashId which);
const char       *devssh_evp_md_name  (DevSshHashId which);
EVP_PKEY         *devssh_evp_generate (DevSshGenerator which);   /* NULL: this OpenSSL cannot */

/* For what can only fail when memory or the generator of random numbers does: going on would send plain text. */
void devssh_evp_failed (const char *what) G_GNUC_NORETURN;

static inline void
devssh_evp_must (int         result,
                 const char *what)
{
  if (G_UNLIKELY (result != 1))
    devssh_evp_failed (what);
}

/* EVP counts in int; packets are far smaller (T-10). */
static inline int
devssh_evp_length (gsize length)
{
  if (G_UNLIKELY (length > G_MAXINT))
    devssh_evp_failed ("length");
  return (int) length;
}

/* One cipher, keyed; seal: FALSE to open */
EVP_CIPHER_CTX *devssh_evp_cipher_begin (DevSshEvpCipher which, const guint8 *key, const guint8 *iv, gboolean seal);
void            devssh_evp_cipher_end   (gpointer context);   /* wipes the key */

/* out: NULL for what is authenticated only */
static inline void
devssh_evp_update (EVP_CIPHER_CTX *context,
                   guint8         *out,
                   const guint8   *in,
                   gsize           length)
{
  int done = 0;

  if (length > 0)
    devssh_evp_must (EVP_CipherUpdate (context, out, &done, in, devssh_evp_length (length)), "EVP_CipherUpdate");
}

/* head + body_length + tail bytes in place, of which the body lies elsewhere as yet; body: NULL if it is in its place. */
void devssh_evp_update_around (EVP_CIPHER_CTX *context, guint8 *text, gsize head, const guint8 *body, gsize body_length, gsize tail);

/* The text and, behind it, what OpenSSL says; empties OpenSSL's queue of errors. */
void devssh_evp_set_error (GError **error, DevSshError code, const char *format, ...) G_GNUC_PRINTF (3, 4);

/* ---- key exchange ---- */
struct _DevSshKex
{
  const DevSshKexAlgorithm *algorithm;
  DevSshSecret           *(*derive) (DevSshKex *self, const guint8 *peer, gsize length, GError **error);
  EVP_PKEY                 *pkey;            /* ours, ephemeral; OpenSSL wipes it */
  gsize                     public_length;
  guint8                    public_value[];  /* as it goes onto the wire */
};

DevSshKex    *devssh_kex_alloc (const DevSshKexAlgorithm *algorithm, EVP_PKEY *pkey, gsize public_length);
/* The peer's value has been checked by now. */
DevSshSecret *devssh_kex_agree (DevSshKex *self, EVP_PKEY *peer, GError **error);

DevSshKex *devssh_kex_curve25519_create (gconstpointer algorithm);
DevSshKex *devssh_kex_ecdh_create       (gconstpointer algorithm);
DevSshKex *devssh_kex_dh_create         (gconstpointer algorithm);

/* ---- ciphers ---- */
gpointer devssh_gcm_create      (gconstpointer algorithm, const guint8 *key, const guint8 *iv, gboolean seal);
void     devssh_gcm_destroy     (gpointer ctx);
guint32  devssh_gcm_get_length  (gpointer ctx, guint32 sequence, const guint8 *bytes);
void     devssh_gcm_seal        (gpointer ctx, guint32 sequence, guint8 *out, gsize head, const guint8 *body, gsize body_length, gsize tail);
gboolean devssh_gcm_open        (gpointer ctx, guint32 sequence, guint8 *packet, gsize length);
/* RFC 5647, 7.1: 4 bytes stay, 8 count, big-endian, with carry (T-20). */
void     devssh_gcm_increment   (guint8 *iv);

gpointer devssh_chachapoly_create     (gconstpointer algorithm, const guint8 *key, const guint8 *iv, gboolean seal);
void     devssh_chachapoly_destroy    (gpointer ctx);
guint32  devssh_chachapoly_get_length (gpointer ctx, guint32 sequence, const guint8 *bytes);
void     devssh_chachapoly_seal       (gpointer ctx, guint32 sequence, guint8 *out, gsize head, const guint8 *body, gsize body_length, gsize tail);
gboolean devssh_chachapoly_open       (gpointer ctx, guint32 sequence, guint8 *packet, gsize length);
/* Of a file: packet 0 without the encrypted length in front. key: 64 bytes, of which the first 32 are used; tag: 16. */
gboolean devssh_chachapoly_open_bare  (const guint8 *key, guint8 *data, gsize length, const guint8 *tag);

gpointer devssh_ctr_create (gconstpointer algorithm, const guint8 *key, const guint8 *iv, gboolean seal);
void     devssh_ctr_crypt  (gpointer ctx, guint8 *out, const guint8 *in, gsize length);

gpointer devssh_cbc_create (gconstpointer algorithm, const guint8 *key, const guint8 *iv, gboolean seal);
void     devssh_cbc_crypt  (gpointer ctx, guint8 *out, const guint8 *in, gsize length);

G_END_DECLS
