/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the floors above need of a key pair: parts without copies, and signatures as whole blobs. */
#pragma once

#include <libdevssh/crypto/devssh-key-pair.h>
#include <libdevssh/wire/devssh-writer-private.h>

G_BEGIN_DECLS

/* "ssh-rsa" signs with rsa-sha2-512, rsa-sha2-256; every other key with its own name. Does signature_algorithm fit this key? */
gboolean       devssh_key_pair_fits          (DevSshKeyPair *self, const char *signature_algorithm);
/* First of names (a preference list of signature algorithms) that fits; NULL if none. Borrowed from names. */
const char    *devssh_key_pair_pick          (DevSshKeyPair *self, const char * const *names);
/* Borrowed; lives as long as the key. Inner RSA name is always ssh-rsa. */
void           devssh_key_pair_peek_blob     (DevSshKeyPair *self, const guint8 **data, gsize *length);
/* Inner name ssh-rsa, rsa-sha2-256 or rsa-sha2-512 all give the same key: Dev Tunnels peers write the name of the
 * signature there. All of T-28 is checked here. */
DevSshKeyPair *devssh_key_pair_new_for_blob  (const guint8 *data, gsize length, GError **error);
/* Appends the whole signature blob (string alg, string raw); not as a string. */
gboolean       devssh_key_pair_sign_raw      (DevSshKeyPair *self, const char *algorithm, const guint8 *data, gsize length, DevSshWriter *blob, GError **error);
/* signature: the whole blob; its inner algorithm must equal algorithm; trailing bytes refused. */
gboolean       devssh_key_pair_verify_raw    (DevSshKeyPair *self, const char *algorithm, const guint8 *data, gsize length, const guint8 *signature, gsize signature_length, GError **error);
/* The private fields as OpenSSH's files and agents have them: string type, and what the type needs. Reading checks that
 * both halves belong together (T-80) and leaves the reader behind them; writing fails without a private half.
 * A public half that a file leaves out is computed: empty strings (and the second one of Ed25519 is the seed alone). */
DevSshKeyPair *devssh_key_pair_new_for_private_fields (DevSshReader *reader, GError **error);
gboolean       devssh_key_pair_put_private_fields     (DevSshKeyPair *self, DevSshWriter *writer, GError **error);
/* As devssh_key_pair_dup_fingerprint(), of a blob that need not be a key of ours. */
char          *devssh_blob_dup_fingerprint           (const guint8 *data, gsize length);
gpointer       devssh_key_pair_get_evp_pkey  (DevSshKeyPair *self);   /* EVP_PKEY *, borrowed: for keys/ through crypto only */

G_END_DECLS
