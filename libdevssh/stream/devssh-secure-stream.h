/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One encrypted and mutually authenticated stream over any other: a whole session behind the face of a GIOStream. */
#pragma once

#include <libdevssh/session/devssh-client-credentials.h>
#include <libdevssh/session/devssh-reconnectable-sessions.h>
#include <libdevssh/session/devssh-server-credentials.h>
#include <libdevssh/session/devssh-session.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_SECURE_STREAM (devssh_secure_stream_get_type ())

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (DevSshSecureStream, devssh_secure_stream, DEVSSH, SECURE_STREAM, GIOStream)

DEVSSH_AVAILABLE_IN_1_0
DevSshSecureStream *devssh_secure_stream_new_client       (GIOStream                    *transport,
                                                           DevSshClientCredentials      *credentials,
                                                           gboolean                      reconnect);
DEVSSH_AVAILABLE_IN_1_0
DevSshSecureStream *devssh_secure_stream_new_server       (GIOStream                    *transport,
                                                           DevSshServerCredentials      *credentials,
                                                           DevSshReconnectableSessions  *sessions);
DEVSSH_AVAILABLE_IN_1_0
void                devssh_secure_stream_connect_async    (DevSshSecureStream           *self,
                                                           GCancellable                 *cancellable,
                                                           GAsyncReadyCallback           callback,
                                                           gpointer                      user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean            devssh_secure_stream_connect_finish   (DevSshSecureStream           *self,
                                                           GAsyncResult                 *result,
                                                           GError                      **error);
DEVSSH_AVAILABLE_IN_1_0
void                devssh_secure_stream_reconnect_async  (DevSshSecureStream           *self,
                                                           GIOStream                    *transport,
                                                           GCancellable                 *cancellable,
                                                           GAsyncReadyCallback           callback,
                                                           gpointer                      user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean            devssh_secure_stream_reconnect_finish (DevSshSecureStream           *self,
                                                           GAsyncResult                 *result,
                                                           GError                      **error);
DEVSSH_AVAILABLE_IN_1_0
DevSshSession      *devssh_secure_stream_get_session      (DevSshSecureStream           *self);
DEVSSH_AVAILABLE_IN_1_0
gboolean            devssh_secure_stream_get_is_closed    (DevSshSecureStream           *self);
/* Signals: authenticating (DevSshAuthentication) -> gboolean; disconnected (GError);
 * closed (DevSshDisconnectReason, utf8 message, nullable GError) */

G_END_DECLS
