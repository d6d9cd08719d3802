/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where ports listen, what they connect to, and how a connection is made to fail visibly. */
#pragma once

#include <libdevssh/devssh.h>

G_BEGIN_DECLS

/* The addresses to listen on, the necessary one first (element-type GInetAddress); NULL and an error if text is no address. */
GPtrArray         *devssh_forwarding_bind_addresses  (const char            *text,
                                                      DevSshGatewayPorts     gateway_ports,
                                                      GError               **error);
/* Listens on all of them with one port; 0: any. Only the first must be possible on this machine. */
GSocketListener   *devssh_forwarding_listen          (GPtrArray             *addresses,
                                                      guint                  port,
                                                      guint                 *chosen_port,
                                                      GError               **error);
/* What an address is called in "tcpip-forward". */
const char        *devssh_forwarding_address_to_wire (const char            *text);
/* forwarder: has a say in each address; NULL: all are allowed. */
void               devssh_forwarding_connect_async   (DevSshPortForwarder   *forwarder,
                                                      const char            *host,
                                                      guint                  port,
                                                      GCancellable          *cancellable,
                                                      GAsyncReadyCallback    callback,
                                                      gpointer               user_data);
GSocketConnection *devssh_forwarding_connect_finish  (GAsyncResult          *result,
                                                      GError               **error);
/* Small writes must not wait for each other (protocol.md 12.3). */
void               devssh_forwarding_set_options     (GSocketConnection     *connection);
/* Closes it so that the other end sees an error, not an end (protocol.md 6.4). */
void               devssh_forwarding_reset           (GSocketConnection     *connection);
void               devssh_forwarding_sockets_register (GTypeModule          *module);

G_END_DECLS
