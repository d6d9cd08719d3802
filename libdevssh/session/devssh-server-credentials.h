/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host keys of a server. */
#pragma once

#include <libdevssh/crypto/devssh-key-pair.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_SERVER_CREDENTIALS (devssh_server_credentials_get_type ())

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (DevSshServerCredentials, devssh_server_credentials, DEVSSH, SERVER_CREDENTIALS, GObject)

DEVSSH_AVAILABLE_IN_1_0
DevSshServerCredentials *devssh_server_credentials_new      (void);
DEVSSH_AVAILABLE_IN_1_0
void                     devssh_server_credentials_add_key  (DevSshServerCredentials *self,
                                                             DevSshKeyPair           *key_pair);
DEVSSH_AVAILABLE_IN_1_0
GListModel              *devssh_server_credentials_get_keys (DevSshServerCredentials *self);
/* Signal: private-key-requested (DevSshCredentialRequest) -> gboolean */

G_END_DECLS
