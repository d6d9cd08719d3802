/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys out of passphrases. How much work a file may ask for is bounded before the first round (T-80). */
#pragma once

#include <libdevssh/crypto/devssh-algorithms-private.h>
#include <libdevssh/crypto/devssh-secret-private.h>
#include <libdevssh/wire/devssh-reader-private.h>

G_BEGIN_DECLS

#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
/* So that a fuzzer is not slowed down by what it finds. */
#define DEVSSH_KDF_BCRYPT_MAX_ROUNDS     2
#define DEVSSH_KDF_PBKDF2_MAX_ITERATIONS 100
#else
#define DEVSSH_KDF_BCRYPT_MAX_ROUNDS     1024
#define DEVSSH_KDF_PBKDF2_MAX_ITERATIONS 10000000
#endif

/* LIMIT or MALFORMED: more work than that, or none. Costs nothing; the functions below assert it. */
gboolean      devssh_kdf_bcrypt_check  (guint64 rounds, GError **error);
gboolean      devssh_kdf_pbkdf2_check  (guint64 iterations, GError **error);

/* bcrypt_pbkdf of OpenBSD, as OpenSSH's key files have it. */
DevSshSecret *devssh_kdf_bcrypt        (const char *passphrase, DevSshSlice salt, guint rounds, gsize length);
/* RFC 8018, 5.2. digest: as OpenSSL calls it. UNSUPPORTED: this OpenSSL does not have it. */
DevSshSecret *devssh_kdf_pbkdf2        (const char *passphrase, DevSshSlice salt, guint iterations, const char *digest, gsize length, GError **error);
/* OpenSSL's EVP_BytesToKey() with MD5 and one round, for RFC 1421's headers. UNSUPPORTED: no MD5. */
DevSshSecret *devssh_kdf_pem           (const char *passphrase, DevSshSlice salt, gsize length, GError **error);
/* MD5 (passphrase), MD5 (passphrase, all that came before), ...: of ssh.com. UNSUPPORTED: no MD5. */
DevSshSecret *devssh_kdf_ssh2          (const char *passphrase, gsize length, GError **error);

G_END_DECLS
