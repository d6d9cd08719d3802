/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys from files and into files. */
#pragma once

#include <libdevssh/keys/devssh-key-format.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_KEY_FILE_FLAGS (devssh_key_file_flags_get_type ())

/* Documented, member by member, in devssh-key-file.c. */
typedef enum /*< flags >*/
{
  DEVSSH_KEY_FILE_NONE    = 0,
  DEVSSH_KEY_FILE_REPLACE = 1 << 0
} DevSshKeyFileFlags;

DEVSSH_AVAILABLE_IN_1_0
GType          devssh_key_file_flags_get_type             (void);
DEVSSH_AVAILABLE_IN_1_0
DevSshKeyPair *devssh_key_pair_import_file                (GFile                *file,
                                                           DevSshKeyFormat       format,
                                                           const char           *passphrase,
                                                           GCancellable         *cancellable,
                                                           GError              **error);
DEVSSH_AVAILABLE_IN_1_0
void           devssh_key_pair_import_file_async          (GFile                *file,
                                                           DevSshKeyFormat       format,
                                                           const char           *passphrase,
                                                           GCancellable         *cancellable,
                                                           GAsyncReadyCallback   callback,
                                                           gpointer              user_data);
DEVSSH_AVAILABLE_IN_1_0
DevSshKeyPair *devssh_key_pair_import_file_finish         (GAsyncResult         *result,
                                                           GError              **error);
DEVSSH_AVAILABLE_IN_1_0
gboolean       devssh_key_pair_export_public_file         (DevSshKeyPair        *self,
                                                           GFile                *file,
                                                           DevSshKeyFormat       format,
                                                           DevSshKeyFileFlags    flags,
                                                           GCancellable         *cancellable,
                                                           GError              **error);
DEVSSH_AVAILABLE_IN_1_0
void           devssh_key_pair_export_public_file_async   (DevSshKeyPair        *self,
                                                           GFile                *file,
                                                           DevSshKeyFormat       format,
                                                           DevSshKeyFileFlags    flags,
                                                           GCancellable         *cancellable,
                                                           GAsyncReadyCallback   callback,
                                                           gpointer              user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean       devssh_key_pair_export_public_file_finish  (DevSshKeyPair        *self,
                                                           GAsyncResult         *result,
                                                           GError              **error);
DEVSSH_AVAILABLE_IN_1_0
gboolean       devssh_key_pair_export_private_file        (DevSshKeyPair        *self,
                                                           GFile                *file,
                                                           DevSshKeyFormat       format,
                                                           const char           *passphrase,
                                                           DevSshKeyFileFlags    flags,
                                                           GCancellable         *cancellable,
                                                           GError              **error);
DEVSSH_AVAILABLE_IN_1_0
void           devssh_key_pair_export_private_file_async  (DevSshKeyPair        *self,
                                                           GFile                *file,
                                                           DevSshKeyFormat       format,
                                                           const char           *passphrase,
                                                           DevSshKeyFileFlags    flags,
                                                           GCancellable         *cancellable,
                                                           GAsyncReadyCallback   callback,
                                                           gpointer              user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean       devssh_key_pair_export_private_file_finish (DevSshKeyPair        *self,
                                                           GAsyncResult         *result,
                                                           GError              **error);

G_END_DECLS
