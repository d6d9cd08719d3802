/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys to and from files: which format it is, and who reads it. */
#pragma once

#include <libdevssh/crypto/devssh-key-pair.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_KEY_FORMAT (devssh_key_format_get_type ())

/* The numbers are those of the other Dev Tunnels SSH libraries. */
typedef enum
{
  DEVSSH_KEY_FORMAT_DEFAULT = 0,   /* import: look at it; export: SSH for public, PKCS#8 for private */
  DEVSSH_KEY_FORMAT_SSH     = 1,
  DEVSSH_KEY_FORMAT_SSH2    = 2,
  DEVSSH_KEY_FORMAT_PKCS1   = 3,
  DEVSSH_KEY_FORMAT_SEC1    = 4,
  DEVSSH_KEY_FORMAT_PKCS8   = 5,
  DEVSSH_KEY_FORMAT_OPENSSH = 6,
  DEVSSH_KEY_FORMAT_JWK     = 7
} DevSshKeyFormat;

/* PBKDF2's, of an encrypted PKCS#8 key that is written. */
#define DEVSSH_KEY_DEFAULT_PBKDF2_ITERATIONS 100000

DEVSSH_AVAILABLE_IN_1_0
GType          devssh_key_format_get_type              (void);
DEVSSH_AVAILABLE_IN_1_0
DevSshKeyPair *devssh_key_pair_import_data             (GBytes               *data,
                                                        DevSshKeyFormat       format,
                                                        const char           *passphrase,
                                                        GError              **error);
DEVSSH_AVAILABLE_IN_1_0
void           devssh_key_pair_import_data_async       (GBytes               *data,
                                                        DevSshKeyFormat       format,
                                                        const char           *passphrase,
                                                        GCancellable         *cancellable,
                                                        GAsyncReadyCallback   callback,
                                                        gpointer              user_data);
DEVSSH_AVAILABLE_IN_1_0
DevSshKeyPair *devssh_key_pair_import_data_finish      (GAsyncResult         *result,
                                                        GError              **error);
DEVSSH_AVAILABLE_IN_1_0
GBytes        *devssh_key_pair_export_public           (DevSshKeyPair        *self,
                                                        DevSshKeyFormat       format,
                                                        GError              **error);
DEVSSH_AVAILABLE_IN_1_0
GBytes        *devssh_key_pair_export_private          (DevSshKeyPair        *self,
                                                        DevSshKeyFormat       format,
                                                        const char           *passphrase,
                                                        GError              **error);
DEVSSH_AVAILABLE_IN_1_0
void           devssh_key_pair_export_private_async    (DevSshKeyPair        *self,
                                                        DevSshKeyFormat       format,
                                                        const char           *passphrase,
                                                        GCancellable         *cancellable,
                                                        GAsyncReadyCallback   callback,
                                                        gpointer              user_data);
DEVSSH_AVAILABLE_IN_1_0
GBytes        *devssh_key_pair_export_private_finish   (DevSshKeyPair        *self,
                                                        GAsyncResult         *result,
                                                        GError              **error);

G_END_DECLS
