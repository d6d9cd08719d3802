/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who a client says it is, and how it proves it. */
#pragma once

#include <libdevssh/crypto/devssh-key-pair.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_CLIENT_CREDENTIALS (devssh_client_credentials_get_type ())

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (DevSshClientCredentials, devssh_client_credentials, DEVSSH, CLIENT_CREDENTIALS, GObject)

DEVSSH_AVAILABLE_IN_1_0
DevSshClientCredentials *devssh_client_credentials_new            (const char              *user_name);
DEVSSH_AVAILABLE_IN_1_0
const char              *devssh_client_credentials_get_user_name  (DevSshClientCredentials *self);
DEVSSH_AVAILABLE_IN_1_0
void                     devssh_client_credentials_set_user_name  (DevSshClientCredentials *self,
                                                                   const char              *user_name);
DEVSSH_AVAILABLE_IN_1_0
const char              *devssh_client_credentials_get_password   (DevSshClientCredentials *self);
DEVSSH_AVAILABLE_IN_1_0
void                     devssh_client_credentials_set_password   (DevSshClientCredentials *self,
                                                                   const char              *password);
DEVSSH_AVAILABLE_IN_1_0
void                     devssh_client_credentials_add_key        (DevSshClientCredentials *self,
                                                                   DevSshKeyPair           *key_pair);
DEVSSH_AVAILABLE_IN_1_0
GListModel              *devssh_client_credentials_get_keys       (DevSshClientCredentials *self);
/* RFC 4252, 9: the host's own key, its name, and who the user is there. */
DEVSSH_AVAILABLE_IN_1_0
void                     devssh_client_credentials_set_host_based (DevSshClientCredentials *self,
                                                                   DevSshKeyPair           *host_key,
                                                                   const char              *client_host_name,
                                                                   const char              *client_user_name);
/* Signals: password-requested (DevSshCredentialRequest) -> gboolean, private-key-requested (DevSshCredentialRequest) -> gboolean */

G_END_DECLS
