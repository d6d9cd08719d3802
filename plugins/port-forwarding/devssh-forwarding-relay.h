/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A channel and a connection that belong together, from the moment both are there. */
#pragma once

#include <libdevssh/devssh.h>

G_BEGIN_DECLS

/* Asks the application (::forwarded-port-connecting), then carries bytes until the end, and tells both sides how it ended.
 * opening: the peer's, accepted here; NULL: we opened the channel. path or port: what is forwarded. */
void       devssh_forwarding_relay          (DevSshService        *service,
                                             const char           *path,
                                             guint                 port,
                                             DevSshChannel        *channel,
                                             DevSshChannelOpening *opening,
                                             GSocketConnection    *connection);
/* Connects to host and tcp_port, accepts the opening if that worked, and relays. port: to be listed there, or NULL: the peer opened
 * the channel for this very host. checked: the application has a say in each address (T-85). */
void       devssh_forwarding_answer         (DevSshService        *service,
                                             DevSshForwardedPort  *port,
                                             DevSshChannelOpening *opening,
                                             gboolean              checked,
                                             const char           *host,
                                             guint                 tcp_port);
/* Lists a channel with its port as soon as it is open. */
void       devssh_forwarding_track          (DevSshForwardedPort  *port,
                                             DevSshChannel        *channel);
/* As devssh_forwarding_relay() where the application is the other end: the result is its stream. */
void       devssh_forwarding_stream_async   (DevSshService        *service,
                                             const char           *path,
                                             guint                 port,
                                             DevSshChannel        *channel,
                                             DevSshChannelOpening *opening,
                                             GAsyncReadyCallback   callback,
                                             gpointer              user_data);
GIOStream *devssh_forwarding_stream_finish  (GAsyncResult         *result,
                                             GError              **error);

G_END_DECLS
