/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens sessions to hosts and keeps a list of them. */
#pragma once

#include <libdevssh/session/devssh-client-session.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_CLIENT (devssh_client_get_type ())

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (DevSshClient, devssh_client, DEVSSH, CLIENT, GObject)

DEVSSH_AVAILABLE_IN_1_0
DevSshClient        *devssh_client_new                  (DevSshSessionConfig  *config);   /* NULL: devssh_session_config_new () */
DEVSSH_AVAILABLE_IN_1_0
DevSshSessionConfig *devssh_client_get_config           (DevSshClient         *self);
/* Resolves, connects (happy eyeballs, proxies), TCP_NODELAY, SSH connect: the session is connected, not authenticated. */
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_client_connect_async        (DevSshClient         *self,
                                                         GSocketConnectable   *connectable,
                                                         GCancellable         *cancellable,
                                                         GAsyncReadyCallback   callback,
                                                         gpointer              user_data);
DEVSSH_AVAILABLE_IN_1_0
DevSshClientSession *devssh_client_connect_finish       (DevSshClient         *self,
                                                         GAsyncResult         *result,
                                                         GError              **error);
/* port 0: 22 */
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_client_connect_to_host_async (DevSshClient        *self,
                                                          const char          *host,
                                                          guint16              port,
                                                          GCancellable        *cancellable,
                                                          GAsyncReadyCallback  callback,
                                                          gpointer             user_data);
DEVSSH_AVAILABLE_IN_1_0
DevSshClientSession *devssh_client_connect_to_host_finish (DevSshClient       *self,
                                                           GAsyncResult       *result,
                                                           GError            **error);
/* One that has lost its connection: dials what it was connected to, and goes on. */
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_client_reconnect_async       (DevSshClient        *self,
                                                          DevSshClientSession *session,
                                                          GCancellable        *cancellable,
                                                          GAsyncReadyCallback  callback,
                                                          gpointer             user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean             devssh_client_reconnect_finish      (DevSshClient        *self,
                                                          GAsyncResult        *result,
                                                          GError             **error);
DEVSSH_AVAILABLE_IN_1_0
GListModel          *devssh_client_get_sessions         (DevSshClient         *self);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_client_close                (DevSshClient         *self);

G_END_DECLS
