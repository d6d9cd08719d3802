/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading credentials, and asking for what is missing. */
#pragma once

#include <libdevssh/auth/devssh-auth-client-private.h>
#include <libdevssh/base/devssh-context-private.h>
#include <libdevssh/base/devssh-question-private.h>
#include <libdevssh/session/devssh-client-credentials.h>
#include <libdevssh/session/devssh-credential-request.h>
#include <libdevssh/session/devssh-server-credentials.h>

G_BEGIN_DECLS

DevSshAuthClientCredentials *devssh_client_credentials_make (DevSshClientCredentials *self);    /* provider flags from connected handlers */
GPtrArray                   *devssh_server_credentials_dup_keys (DevSshServerCredentials *self); /* (element-type DevSshKeyPair) */

/* Emits ::password-requested / ::private-key-requested as a question. done (request, user_data) once: answered, declined or dropped; from inside
 * this call or later from the loop, never from inside a call of the application. request: read it with the getters below.
 * After cancellable there is no done any more, and the question is dead. destroy (user_data) comes last, whatever happened.
 * user_data must not keep the session: a handler may keep the request for ever. */
typedef void (*DevSshCredentialDone) (DevSshCredentialRequest *request, gpointer user_data);
void           devssh_client_credentials_ask_password    (DevSshClientCredentials *self, GCancellable *cancellable, DevSshCredentialDone done, gpointer user_data, GDestroyNotify destroy);
void           devssh_client_credentials_ask_private_key (DevSshClientCredentials *self, DevSshKeyPair *key, GCancellable *cancellable, DevSshCredentialDone done, gpointer user_data, GDestroyNotify destroy);
void           devssh_server_credentials_ask_private_key (DevSshServerCredentials *self, DevSshKeyPair *key, GCancellable *cancellable, DevSshCredentialDone done, gpointer user_data, GDestroyNotify destroy);
void           devssh_credential_request_ask             (GObject *credentials, guint signal_id, const char *user_name, DevSshKeyPair *public_key, GCancellable *cancellable,
                                                          DevSshCredentialDone done, gpointer user_data, GDestroyNotify destroy);
GPtrArray     *devssh_credentials_dup_keys               (GListModel *keys);
const char    *devssh_credential_request_get_answer_user     (DevSshCredentialRequest *self);
const char    *devssh_credential_request_get_answer_password (DevSshCredentialRequest *self);   /* NULL: declined */
DevSshKeyPair *devssh_credential_request_get_answer_key      (DevSshCredentialRequest *self);

G_END_DECLS
