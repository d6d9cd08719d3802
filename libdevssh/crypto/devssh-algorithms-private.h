/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables: one static const row per algorithm. Adding one is adding a file and a row.
 * EVP_CIPHER, EVP_MAC and EVP_MD are fetched once per process; contexts are keyed once per key exchange. */
#pragma once

#include <libdevssh/crypto/devssh-secret-private.h>
#include <libdevssh/base/devssh-types.h>

G_BEGIN_DECLS

/* ---- hashes ---- */
typedef enum { DEVSSH_HASH_SHA256, DEVSSH_HASH_SHA384, DEVSSH_HASH_SHA512, DEVSSH_HASH_MD5 } DevSshHashId;
#define DEVSSH_HASH_MAX_SIZE 64
typedef struct _DevSshHash DevSshHash;
gsize       devssh_hash_id_get_size (DevSshHashId id);
DevSshHash *devssh_hash_new         (DevSshHashId id);
void        devssh_hash_update      (DevSshHash *self, gconstpointer data, gsize length);
void        devssh_hash_finish      (DevSshHash *self, guint8 *digest);      /* also resets, so it can be used again */
void        devssh_hash_free        (DevSshHash *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DevSshHash, devssh_hash_free)

/* ---- key exchange ---- */
typedef struct _DevSshKex DevSshKex;
typedef struct
{
  const char  *name;
  DevSshHashId hash;
  gboolean     value_is_mpint;     /* DH: e and f enter the hash as mpints; else as strings */
  guint        generator;          /* for the implementation */
  DevSshKex *(*create) (gconstpointer algorithm);
} DevSshKexAlgorithm;
/* NULL if unknown, or if this OpenSSL does not have it; "none" is not a row. So with all finds below. */
const DevSshKexAlgorithm *devssh_kex_algorithm_find (const char *name);
extern const char * const devssh_kex_algorithm_names[];   /* all of them, the default offer first; NULL at the end */

/* A fresh ephemeral key (T-27); generator contexts are kept per curve. */
DevSshKex    *devssh_kex_new        (const DevSshKexAlgorithm *algorithm);
/* What goes into 30/31's string: a point, 32 bytes, or the mpint encoding (with its leading zero byte if needed). Borrowed. */
const guint8 *devssh_kex_get_public (DevSshKex *self, gsize *length);
/* The raw shared secret as an unsigned big-endian magnitude (K is always an mpint). NULL and error: the peer's value is bad. All of T-27. */
DevSshSecret *devssh_kex_derive     (DevSshKex *self, const guint8 *peer, gsize length, GError **error);
void          devssh_kex_free       (DevSshKex *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DevSshKex, devssh_kex_free)

/* ---- signatures ---- */
const char *devssh_signature_algorithm_get_key_type (const char *name);      /* rsa-sha2-512 -> ssh-rsa; NULL if unknown */
extern const char * const devssh_signature_algorithm_names[];

/* ---- ciphers ---- */
typedef struct
{
  const char *name;
  guint       key_size;
  guint       iv_size;
  guint       block_size;          /* at least 8 */
  guint       tag_size;            /* 16 for AEAD, else 0 */
  gboolean    is_aead;             /* own tag, no MAC used; length handled by get_length */
  gboolean    is_cbc;
  /* ctx; seal: TRUE for the sending direction */
  gpointer  (*create)     (gconstpointer algorithm, const guint8 *key, const guint8 *iv, gboolean seal);
  void      (*destroy)    (gpointer ctx);                                      /* wipes */
  /* AEAD: the length of the incoming packet from its first 4 bytes (left as they are). sequence: 32-bit packet number. */
  guint32   (*get_length) (gpointer ctx, guint32 sequence, const guint8 *bytes);
  /* AEAD. out holds 4 length bytes + head at its start and the tail at its end; body (may be NULL: already in place) is read from where
   * it lies and goes, encrypted, between them. total = 4 + head + body + tail. The tag is written at out + total. */
  void      (*seal)       (gpointer ctx, guint32 sequence, guint8 *out, gsize head, const guint8 *body, gsize body_length, gsize tail);
  /* AEAD, in place: packet = 4 length bytes + length bytes + tag. FALSE: tag wrong, nothing may be used. */
  gboolean  (*open)       (gpointer ctx, guint32 sequence, guint8 *packet, gsize length);
  /* not AEAD: stream or CBC; length a multiple of block_size for CBC. in may equal out. */
  void      (*crypt)      (gpointer ctx, guint8 *out, const guint8 *in, gsize length);
  guint       evp;                 /* for the implementation */
} DevSshCipherAlgorithm;
const DevSshCipherAlgorithm *devssh_cipher_algorithm_find (const char *name);  /* "none" is not a row */
extern const char * const devssh_cipher_algorithm_names[];

/* ---- MACs ---- */
typedef struct
{
  const char  *name;
  DevSshHashId hash;
  guint        size;               /* key size = tag size */
  gboolean     etm;
} DevSshMacAlgorithm;
typedef struct _DevSshMac DevSshMac;
const DevSshMacAlgorithm *devssh_mac_algorithm_find (const char *name);        /* "none" is not a row */
extern const char * const devssh_mac_algorithm_names[];
DevSshMac *devssh_mac_new     (const DevSshMacAlgorithm *algorithm, const guint8 *key);
/* HMAC (key, uint32 sequence || a || b) */
void       devssh_mac_compute (DevSshMac *self, guint32 sequence, const guint8 *a, gsize a_length, const guint8 *b, gsize b_length, guint8 *tag);
gboolean   devssh_mac_verify  (DevSshMac *self, guint32 sequence, const guint8 *a, gsize a_length, const guint8 *tag);   /* constant time */
/* HMAC (key, data), no sequence number: the tokens of the reconnect extension */
void       devssh_mac_token   (DevSshMac *self, const guint8 *data, gsize length, guint8 *tag);
void       devssh_mac_free    (DevSshMac *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DevSshMac, devssh_mac_free)

G_END_DECLS
