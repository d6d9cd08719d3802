/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The server's end of a session. */
#pragma once

#include <libdevssh/session/devssh-reconnectable-sessions.h>
#include <libdevssh/session/devssh-server-credentials.h>
#include <libdevssh/session/devssh-session.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_SERVER_SESSION (devssh_server_session_get_type ())

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (DevSshServerSession, devssh_server_session, DEVSSH, SERVER_SESSION, DevSshSession)

DEVSSH_AVAILABLE_IN_1_0
DevSshServerSession     *devssh_server_session_new             (GIOStream                *stream,
                                                                DevSshSessionConfig      *config,
                                                                DevSshServerCredentials  *credentials,
                                                                GError                  **error);
DEVSSH_AVAILABLE_IN_1_0
DevSshServerSession     *devssh_server_session_new_reconnectable (GIOStream                    *stream,
                                                                  DevSshSessionConfig          *config,
                                                                  DevSshServerCredentials      *credentials,
                                                                  DevSshReconnectableSessions  *sessions,
                                                                  GError                      **error);
DEVSSH_AVAILABLE_IN_1_0
DevSshReconnectableSessions *devssh_server_session_get_reconnectable_sessions (DevSshServerSession *self);
DEVSSH_AVAILABLE_IN_1_0
DevSshServerCredentials *devssh_server_session_get_credentials (DevSshServerSession      *self);
/* NULL before authentication */
DEVSSH_AVAILABLE_IN_1_0
const char              *devssh_server_session_get_user_name   (DevSshServerSession      *self);
/* Signals: client-authenticated (), reconnected () */

G_END_DECLS
