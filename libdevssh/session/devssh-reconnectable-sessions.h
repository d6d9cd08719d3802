/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sessions of a server that survive the loss of their connection, for all who may be asked for one. */
#pragma once

#include <libdevssh/base/devssh-types.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_RECONNECTABLE_SESSIONS (devssh_reconnectable_sessions_get_type ())

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (DevSshReconnectableSessions, devssh_reconnectable_sessions, DEVSSH, RECONNECTABLE_SESSIONS, GObject)

DEVSSH_AVAILABLE_IN_1_0
DevSshReconnectableSessions *devssh_reconnectable_sessions_new                  (void);
DEVSSH_AVAILABLE_IN_1_0
guint                        devssh_reconnectable_sessions_get_max_disconnected (DevSshReconnectableSessions *self);
DEVSSH_AVAILABLE_IN_1_0
void                         devssh_reconnectable_sessions_set_max_disconnected (DevSshReconnectableSessions *self,
                                                                                 guint                        sessions);
/* seconds */
DEVSSH_AVAILABLE_IN_1_0
guint                        devssh_reconnectable_sessions_get_timeout          (DevSshReconnectableSessions *self);
DEVSSH_AVAILABLE_IN_1_0
void                         devssh_reconnectable_sessions_set_timeout          (DevSshReconnectableSessions *self,
                                                                                 guint                        seconds);

G_END_DECLS
