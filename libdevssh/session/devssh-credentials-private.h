/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading credentials, and asking for what is missing. */
#pragma once

#include <libdevssh/auth/devssh-auth-client-private.h>
#include <libdevssh/base/devssh-question-private.h>
#include <libdevssh/session/devssh-client-credentials.h>
#include <libdevssh/session/devssh-credential-request.h>
#include <libdevssh/session/devssh-server-credentials.h>

G_BEGIN_DECLS

DevSshAuthClientCredentials *devssh_client_credentials_make (DevSshClientCredentials *self);    /* provider flags from connected handlers */
GPtrArray                   *devssh_server_credentials_dup_keys (DevSshServerCredentials *self); /* (element-type DevSshKeyPair) */

/* Emits ::password-requested / ::private-key-requested as a question; done (request, user_data) once, from inside or later: answered, declined or
 * dropped. request: read it with the getters below. cancel: devssh_question_kill () on the returned weak question through free(). */
typedef void (*DevSshCredentialDone) (DevSshCredentialRequest *request, gpointer user_data);
void           devssh_client_credentials_ask_password    (DevSshClientCredentials *self, GCancellable *cancellable, DevSshCredentialDone done, gpointer user_data, GDestroyNotify destroy);
void           devssh_client_credentials_ask_private_key (DevSshClientCredentials *self, DevSshKeyPair *key, GCancellable *cancellable, DevSshCredentialDone done, gpointer user_data, GDestroyNotify destroy);
void           devssh_server_credentials_ask_private_key (DevSshServerCredentials *self, DevSshKeyPair *key, GCancellable *cancellable, DevSshCredentialDone done, gpointer user_data, GDestroyNotify destroy);
const char    *devssh_credential_request_get_answer_user     (DevSshCredentialRequest *self);
const char    *devssh_credential_request_get_answer_password (DevSshCredentialRequest *self);   /* NULL: declined */
DevSshKeyPair *devssh_credential_request_get_answer_key      (DevSshCredentialRequest *self);

G_END_DECLS
