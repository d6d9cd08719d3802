/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One row per type of key. RSA has two ways to sign, every other type has one. */
#pragma once

#include <libdevssh/crypto/devssh-crypto-private.h>
#include <libdevssh/wire/devssh-reader-private.h>
#include <libdevssh/wire/devssh-writer-private.h>

#include <openssl/bn.h>
#include <openssl/params.h>
#include <openssl/param_build.h>

G_BEGIN_DECLS

/* Both kinds of number are wiped: whoever frees need not ask which it was. */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BIGNUM, BN_clear_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BN_CTX, BN_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OSSL_PARAM_BLD, OSSL_PARAM_BLD_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OSSL_PARAM, OSSL_PARAM_free)

typedef struct _DevSshHostKeyType DevSshHostKeyType;

struct _DevSshHostKeyType
{
  const char     *name;         /* the key format identifier: ssh-rsa, ecdsa-sha2-nistp256 ... */
  const char     *curve;        /* RFC 5656, 6.1: the domain parameter identifier; NULL without a curve */
  const char     *group;        /* the curve as OpenSSL calls it */
  DevSshHashId    hash;         /* the one hash that ECDSA signs with */
  DevSshGenerator generator;

  EVP_PKEY *(*generate)      (const DevSshHostKeyType *type, guint size, GCancellable *cancellable, GError **error);
  /* Is pkey of this type? */
  gboolean  (*is)            (const DevSshHostKeyType *type, EVP_PKEY *pkey);
  /* Sizes and exponents, for a pkey that others made (T-28). */
  gboolean  (*check)         (const DevSshHostKeyType *type, EVP_PKEY *pkey, GError **error);
  gboolean  (*has_private)   (const DevSshHostKeyType *type, EVP_PKEY *pkey);
  guint     (*get_size)      (const DevSshHostKeyType *type, EVP_PKEY *pkey);
  /* The fields behind the name: of a public blob (RFC 4253, 6.6; RFC 5656, 3.1; RFC 8709, 4) ... */
  gboolean  (*write_public)  (const DevSshHostKeyType *type, EVP_PKEY *pkey, DevSshWriter *writer);
  EVP_PKEY *(*read_public)   (const DevSshHostKeyType *type, DevSshReader *reader, GError **error);
  /* ... and of a private key as agents and OpenSSH's files have them (draft-ietf-sshm-ssh-agent, 3.2). Reading
   * makes sure that both halves belong together (T-80). */
  gboolean  (*write_private) (const DevSshHostKeyType *type, EVP_PKEY *pkey, DevSshWriter *writer);
  EVP_PKEY *(*read_private)  (const DevSshHostKeyType *type, DevSshReader *reader, GError **error);
  /* The inner string of a signature blob. slot keeps a context for the next time, for this hash. */
  gboolean  (*sign)          (const DevSshHostKeyType *type, EVP_PKEY *pkey, gpointer *slot, DevSshHashId hash,
                              const guint8 *data, gsize length, DevSshWriter *raw);
  gboolean  (*verify)        (const DevSshHostKeyType *type, EVP_PKEY *pkey, DevSshHashId hash,
                              const guint8 *data, gsize length, const guint8 *raw, gsize raw_length);
};

extern const DevSshHostKeyType devssh_hostkey_rsa;
extern const DevSshHostKeyType devssh_hostkey_ecdsa_p256;
extern const DevSshHostKeyType devssh_hostkey_ecdsa_p384;
extern const DevSshHostKeyType devssh_hostkey_ecdsa_p521;
extern const DevSshHostKeyType devssh_hostkey_ed25519;

/* NULL if there is none; RSA also by the names of its signatures, as some peers write it. */
const DevSshHostKeyType *devssh_hostkey_type_find     (DevSshSlice name);
const DevSshHostKeyType *devssh_hostkey_type_for_pkey (EVP_PKEY *pkey);

/* One thread has a kept context at a time; a second one makes its own. */
EVP_PKEY_CTX *devssh_hostkey_take_context (gpointer *slot);
void          devssh_hostkey_keep_context (gpointer *slot, EVP_PKEY_CTX *context);

/* For types of keys that have one size. */
EVP_PKEY     *devssh_hostkey_generate      (const DevSshHostKeyType *type, guint size, GCancellable *cancellable, GError **error);
/* A number that OpenSSL wipes wherever it copies it on the way into a key. */
BIGNUM       *devssh_hostkey_secret_number (DevSshSlice slice);
EVP_PKEY     *devssh_hostkey_from_data     (const char *type, int selection, OSSL_PARAM_BLD *build);
/* FALSE: the key has none, or does not give it away. */
gboolean      devssh_hostkey_put_number    (EVP_PKEY *pkey, const char *name, DevSshWriter *writer);
gboolean      devssh_hostkey_has_number    (EVP_PKEY *pkey, const char *name);

G_END_DECLS
