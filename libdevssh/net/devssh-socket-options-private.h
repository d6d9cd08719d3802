/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the sockets of sessions are set (protocol.md 12.3). */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* TCP_NODELAY; sockets that are not TCP are left alone. */
void devssh_socket_set_options (GSocket *socket);

G_END_DECLS
