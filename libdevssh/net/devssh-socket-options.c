/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the sockets of sessions are set (protocol.md 12.3). */
#include <libdevssh/net/devssh-socket-options-private.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

void
devssh_socket_set_options (GSocket *socket)
{
  if (g_socket_get_protocol (socket) != G_SOCKET_PROTOCOL_TCP)
    return;

  /* Requests are short and wait for their answers. The kernel sizes the buffers better than a fixed number does. */
  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
}
