/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A secret is needed now: the question that the credentials' signals carry. */
#pragma once

#include <libdevssh/base/devssh-question.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_CREDENTIAL_REQUEST (devssh_credential_request_get_type ())

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (DevSshCredentialRequest, devssh_credential_request, DEVSSH, CREDENTIAL_REQUEST, DevSshQuestion)

/* The key whose private half is wanted; NULL if a password is. */
DEVSSH_AVAILABLE_IN_1_0
DevSshKeyPair *devssh_credential_request_get_public_key   (DevSshCredentialRequest *self);
DEVSSH_AVAILABLE_IN_1_0
const char    *devssh_credential_request_get_user_name    (DevSshCredentialRequest *self);
/* user_name NULL: as it was. */
DEVSSH_AVAILABLE_IN_1_0
void           devssh_credential_request_provide_password (DevSshCredentialRequest *self,
                                                           const char              *user_name,
                                                           const char              *password);
DEVSSH_AVAILABLE_IN_1_0
void           devssh_credential_request_provide_key      (DevSshCredentialRequest *self,
                                                           DevSshKeyPair           *key_pair);
DEVSSH_AVAILABLE_IN_1_0
void           devssh_credential_request_decline          (DevSshCredentialRequest *self);

G_END_DECLS
