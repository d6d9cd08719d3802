/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The collection as its sessions use it, each from its own thread (design D17). */
#pragma once

#include <libdevssh/session/devssh-reconnectable-sessions.h>
#include <libdevssh/session/devssh-server-session.h>
#include <libdevssh/transport/devssh-transport-private.h>

G_BEGIN_DECLS

/* id: copied */
void                 devssh_reconnectable_sessions_add      (DevSshReconnectableSessions *self, DevSshServerSession *session,
                                                             const DevSshSecret *id);
void                 devssh_reconnectable_sessions_remove   (DevSshReconnectableSessions *self, DevSshServerSession *session);
/* The session that this token, which came over transport, is for; it is nobody else's until put_back(). NULL: there is none, or (busy)
 * it is being resumed already. */
DevSshServerSession *devssh_reconnectable_sessions_take     (DevSshReconnectableSessions *self, DevSshTransport *transport,
                                                             const guint8 *token, gsize length, gboolean *busy);
void                 devssh_reconnectable_sessions_put_back (DevSshReconnectableSessions *self, DevSshServerSession *session);
/* Its connection is lost, and so many bytes are kept for it; FALSE: it has one again. Others may be closed for it (T-73). */
void                 devssh_reconnectable_sessions_set_lost (DevSshReconnectableSessions *self, DevSshServerSession *session,
                                                             gboolean lost, gsize kept);

G_END_DECLS
