/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Listens, and makes a session of every connection. */
#pragma once

#include <libdevssh/session/devssh-server-session.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_SERVER (devssh_server_get_type ())

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (DevSshServer, devssh_server, DEVSSH, SERVER, GObject)

DEVSSH_AVAILABLE_IN_1_0
DevSshServer            *devssh_server_new             (DevSshSessionConfig      *config,        /* NULL: devssh_session_config_new () */
                                                        DevSshServerCredentials  *credentials);
DEVSSH_AVAILABLE_IN_1_0
DevSshServerCredentials *devssh_server_get_credentials (DevSshServer             *self);
DEVSSH_AVAILABLE_IN_1_0
DevSshSessionConfig     *devssh_server_get_config      (DevSshServer             *self);
/* address NULL: loopback; "" any. port 0: chosen. Returns the port, 0 and error. May be called more than once. */
DEVSSH_AVAILABLE_IN_1_0
guint16                  devssh_server_listen          (DevSshServer             *self,
                                                        const char               *address,
                                                        guint16                   port,
                                                        GError                  **error);
/* An Internet address, or a Unix socket (made 0600, removed at the end). */
DEVSSH_AVAILABLE_IN_1_0
gboolean                 devssh_server_listen_address  (DevSshServer             *self,
                                                        GSocketAddress           *address,
                                                        GError                  **error);
/* Any socket that is bound. */
DEVSSH_AVAILABLE_IN_1_0
gboolean                 devssh_server_listen_socket   (DevSshServer             *self,
                                                        GSocket                  *socket,
                                                        GError                  **error);
/* What systemd hands over: how many; -1 and error. */
DEVSSH_AVAILABLE_IN_1_0
int                      devssh_server_listen_inherited (DevSshServer            *self,
                                                         GError                 **error);
DEVSSH_AVAILABLE_IN_1_0
GListModel              *devssh_server_get_addresses   (DevSshServer             *self);
DEVSSH_AVAILABLE_IN_1_0
guint16                  devssh_server_get_port        (DevSshServer             *self);          /* of the first listener; 0 before */
DEVSSH_AVAILABLE_IN_1_0
GListModel              *devssh_server_get_sessions    (DevSshServer             *self);
/* Those that survive the loss of their connection. */
DEVSSH_AVAILABLE_IN_1_0
DevSshReconnectableSessions *devssh_server_get_reconnectable_sessions (DevSshServer *self);
/* Takes an accepted stream (a test's, another transport's). */
DEVSSH_AVAILABLE_IN_1_0
DevSshServerSession     *devssh_server_add_stream      (DevSshServer             *self,
                                                        GIOStream                *stream,
                                                        GError                  **error);
/* Against those who connect and do not log in (T-40, T-41); 0: no limit. */
DEVSSH_AVAILABLE_IN_1_0
guint                    devssh_server_get_login_grace (DevSshServer             *self);
DEVSSH_AVAILABLE_IN_1_0
void                     devssh_server_set_login_grace (DevSshServer             *self,
                                                        guint                     seconds);
DEVSSH_AVAILABLE_IN_1_0
guint                    devssh_server_get_max_startups (DevSshServer            *self);
DEVSSH_AVAILABLE_IN_1_0
void                     devssh_server_set_max_startups (DevSshServer            *self,
                                                         guint                    connections);
DEVSSH_AVAILABLE_IN_1_0
guint                    devssh_server_get_max_startups_per_address (DevSshServer *self);
DEVSSH_AVAILABLE_IN_1_0
void                     devssh_server_set_max_startups_per_address (DevSshServer *self,
                                                                     guint         connections);
/* Sessions spread over threads: for C (design D20). */
DEVSSH_AVAILABLE_IN_1_0
guint                    devssh_server_get_threads     (DevSshServer             *self);
DEVSSH_AVAILABLE_IN_1_0
void                     devssh_server_set_threads     (DevSshServer             *self,
                                                        guint                     threads);
DEVSSH_AVAILABLE_IN_1_0
void                     devssh_server_close           (DevSshServer             *self);
/* Lets the sessions come to their end first. drain_timeout: seconds; 0: no limit. */
DEVSSH_AVAILABLE_IN_1_0
void                     devssh_server_stop_async      (DevSshServer             *self,
                                                        guint                     drain_timeout,
                                                        GCancellable             *cancellable,
                                                        GAsyncReadyCallback       callback,
                                                        gpointer                  user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean                 devssh_server_stop_finish     (DevSshServer             *self,
                                                        GAsyncResult             *result,
                                                        GError                  **error);
/* Properties: config, credentials, port, sessions, reconnectable-sessions, login-grace (uint, seconds, 120), max-startups (uint, 100),
 * max-startups-per-address (uint, 20), addresses (GSocketAddress), threads (uint, 0).
 * Signals: session-opened (DevSshServerSession);
 * session-authenticating (DevSshServerSession, DevSshAuthentication) -> gboolean;
 * session-request (DevSshServerSession, DevSshSessionRequest) -> gboolean;
 * session-channel-opening (DevSshServerSession, DevSshChannelOpening) -> gboolean;
 * session-channel-request (DevSshServerSession, DevSshChannelRequest) -> gboolean;
 * session-closed (DevSshServerSession); error (GError) */

G_END_DECLS
