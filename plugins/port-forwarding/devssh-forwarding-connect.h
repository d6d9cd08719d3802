/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What connections are made to, and how one is made to fail visibly. */
#pragma once

#include <libdevssh/devssh.h>

G_BEGIN_DECLS

/* host: a name, an address, or the path of a Unix socket. forwarder: has a say in each address (T-85); NULL: all are allowed. */
void               devssh_forwarding_connect_async  (DevSshPortForwarder  *forwarder,
                                                     const char           *host,
                                                     guint                 port,
                                                     GCancellable         *cancellable,
                                                     GAsyncReadyCallback   callback,
                                                     gpointer              user_data);
GSocketConnection *devssh_forwarding_connect_finish (GAsyncResult         *result,
                                                     GError              **error);
/* Small writes must not wait for each other (protocol.md 12.3). */
void               devssh_forwarding_set_options    (GSocketConnection    *connection);
/* Closes it so that the other end sees an error, not an end (protocol.md 6.4); a Unix socket knows only the end. */
void               devssh_forwarding_reset          (GSocketConnection    *connection);

G_END_DECLS
