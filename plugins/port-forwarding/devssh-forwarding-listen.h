/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where ports and paths listen. */
#pragma once

#include <libdevssh/devssh.h>

#include "devssh-forwarding-unix.h"

G_BEGIN_DECLS

typedef struct
{
  GPtrArray            *listeners;   /* (element-type GSocketListener), in the first of which the address itself listens */
  char                 *host;        /* an address in numbers, or a path */
  guint                 port;        /* the one that was chosen; 0 with a path */
  DevSshForwardingPath *file;        /* NULL: TCP */
} DevSshForwardingListening;

/* The addresses to listen on, the necessary one first (element-type GInetAddress); NULL and an error if text is no address. */
GPtrArray                 *devssh_forwarding_bind_addresses  (const char                 *text,
                                                              DevSshGatewayPorts          gateway_ports,
                                                              GError                    **error);
/* Listens on all of them with one port; 0: any. Only the first must be possible on this machine. By the application's factory if
 * it has one. */
DevSshForwardingListening *devssh_forwarding_listen          (DevSshPortForwarder        *forwarder,
                                                              GPtrArray                  *addresses,
                                                              guint                       port,
                                                              guint                       remote_port,
                                                              GError                    **error);
/* The same for a Unix socket. */
DevSshForwardingListening *devssh_forwarding_listen_on_path  (DevSshPortForwarder        *forwarder,
                                                              const char                 *path,
                                                              GError                    **error);
/* Nothing listens any more. */
void                       devssh_forwarding_listening_free  (DevSshForwardingListening  *self);
/* What an address is called in "tcpip-forward". */
const char                *devssh_forwarding_address_to_wire (const char                 *text);

/* Whether two names of hosts mean the same, as far as names tell: peers send them back for each other. */
gboolean                   devssh_forwarding_same_host       (const char                 *a,
                                                              const char                 *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DevSshForwardingListening, devssh_forwarding_listening_free)

G_END_DECLS
