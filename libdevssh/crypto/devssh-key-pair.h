/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A public key, perhaps with its private half: what proves who a host or a user is. */
#pragma once

#include <libdevssh/base/devssh-types.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_KEY_PAIR (devssh_key_pair_get_type ())

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (DevSshKeyPair, devssh_key_pair, DEVSSH, KEY_PAIR, GObject)

DEVSSH_AVAILABLE_IN_1_0
DevSshKeyPair *devssh_key_pair_generate            (const char           *algorithm,
                                                    guint                 size,
                                                    GError              **error);
DEVSSH_AVAILABLE_IN_1_0
void           devssh_key_pair_generate_async      (const char           *algorithm,
                                                    guint                 size,
                                                    GCancellable         *cancellable,
                                                    GAsyncReadyCallback   callback,
                                                    gpointer              user_data);
DEVSSH_AVAILABLE_IN_1_0
DevSshKeyPair *devssh_key_pair_generate_finish     (GAsyncResult         *result,
                                                    GError              **error);
DEVSSH_AVAILABLE_IN_1_0
DevSshKeyPair *devssh_key_pair_new_for_public_blob (GBytes               *blob,
                                                    GError              **error);
/* EVP_PKEY *; takes its own reference. Not introspectable: the type is OpenSSL's. */
DEVSSH_AVAILABLE_IN_1_0
DevSshKeyPair *devssh_key_pair_new_for_evp_pkey    (gpointer              evp_pkey,
                                                    GError              **error);
DEVSSH_AVAILABLE_IN_1_0
const char    *devssh_key_pair_get_algorithm       (DevSshKeyPair        *self);
DEVSSH_AVAILABLE_IN_1_0
guint          devssh_key_pair_get_size            (DevSshKeyPair        *self);
DEVSSH_AVAILABLE_IN_1_0
gboolean       devssh_key_pair_get_has_private     (DevSshKeyPair        *self);
DEVSSH_AVAILABLE_IN_1_0
const char    *devssh_key_pair_get_comment         (DevSshKeyPair        *self);
DEVSSH_AVAILABLE_IN_1_0
void           devssh_key_pair_set_comment         (DevSshKeyPair        *self,
                                                    const char           *comment);
DEVSSH_AVAILABLE_IN_1_0
GBytes        *devssh_key_pair_get_public_blob     (DevSshKeyPair        *self);
DEVSSH_AVAILABLE_IN_1_0
gboolean       devssh_key_pair_set_public_blob     (DevSshKeyPair        *self,
                                                    GBytes               *blob,
                                                    GError              **error);
DEVSSH_AVAILABLE_IN_1_0
char          *devssh_key_pair_dup_fingerprint     (DevSshKeyPair        *self);
DEVSSH_AVAILABLE_IN_1_0
char          *devssh_key_pair_dup_md5_fingerprint (DevSshKeyPair        *self);
DEVSSH_AVAILABLE_IN_1_0
char          *devssh_key_pair_dup_randomart       (DevSshKeyPair        *self);
DEVSSH_AVAILABLE_IN_1_0
gboolean       devssh_key_pair_equal               (DevSshKeyPair        *self,
                                                    DevSshKeyPair        *other);
DEVSSH_AVAILABLE_IN_1_0
DevSshKeyPair *devssh_key_pair_copy_public         (DevSshKeyPair        *self);
DEVSSH_AVAILABLE_IN_1_0
GBytes        *devssh_key_pair_sign                (DevSshKeyPair        *self,
                                                    const char           *signature_algorithm,
                                                    GBytes               *data,
                                                    GError              **error);
DEVSSH_AVAILABLE_IN_1_0
gboolean       devssh_key_pair_verify              (DevSshKeyPair        *self,
                                                    const char           *signature_algorithm,
                                                    GBytes               *data,
                                                    GBytes               *signature,
                                                    GError              **error);

G_END_DECLS
