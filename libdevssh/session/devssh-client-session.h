/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client's end: checks the host, then proves who the user is. */
#pragma once

#include <libdevssh/session/devssh-client-credentials.h>
#include <libdevssh/session/devssh-session.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_CLIENT_SESSION (devssh_client_session_get_type ())

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (DevSshClientSession, devssh_client_session, DEVSSH, CLIENT_SESSION, DevSshSession)

DEVSSH_AVAILABLE_IN_1_0
DevSshClientSession *devssh_client_session_new                        (GIOStream               *stream,
                                                                       DevSshSessionConfig     *config,
                                                                       GError                 **error);
DEVSSH_AVAILABLE_IN_1_0
DevSshKeyPair       *devssh_client_session_get_host_key               (DevSshClientSession     *self);
/* Both halves: TRUE; FALSE without error: the application refused the host, or the server refused the user. */
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_client_session_authenticate_async         (DevSshClientSession     *self,
                                                                       DevSshClientCredentials *credentials,
                                                                       GCancellable            *cancellable,
                                                                       GAsyncReadyCallback      callback,
                                                                       gpointer                 user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean             devssh_client_session_authenticate_finish        (DevSshClientSession     *self,
                                                                       GAsyncResult            *result,
                                                                       GError                 **error);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_client_session_authenticate_server_async  (DevSshClientSession     *self,
                                                                       GCancellable            *cancellable,
                                                                       GAsyncReadyCallback      callback,
                                                                       gpointer                 user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean             devssh_client_session_authenticate_server_finish (DevSshClientSession     *self,
                                                                       GAsyncResult            *result,
                                                                       GError                 **error);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_client_session_authenticate_client_async  (DevSshClientSession     *self,
                                                                       DevSshClientCredentials *credentials,
                                                                       GCancellable            *cancellable,
                                                                       GAsyncReadyCallback      callback,
                                                                       gpointer                 user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean             devssh_client_session_authenticate_client_finish (DevSshClientSession     *self,
                                                                       GAsyncResult            *result,
                                                                       GError                 **error);
/* Goes on over another connection, once the first one is lost. */
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_client_session_reconnect_async            (DevSshClientSession     *self,
                                                                       GIOStream               *stream,
                                                                       GCancellable            *cancellable,
                                                                       GAsyncReadyCallback      callback,
                                                                       gpointer                 user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean             devssh_client_session_reconnect_finish           (DevSshClientSession     *self,
                                                                       GAsyncResult            *result,
                                                                       GError                 **error);
/* Would this key do? (RFC 4252, 7) */
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_client_session_query_public_key_async     (DevSshClientSession     *self,
                                                                       const char              *user_name,
                                                                       DevSshKeyPair           *key_pair,
                                                                       GCancellable            *cancellable,
                                                                       GAsyncReadyCallback      callback,
                                                                       gpointer                 user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean             devssh_client_session_query_public_key_finish    (DevSshClientSession     *self,
                                                                       GAsyncResult            *result,
                                                                       GError                 **error);
/* Signal: banner (utf8 text) */

G_END_DECLS
