/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Listening sockets, and a loop of accepts that neither spins nor ends, whatever the system or a peer does (T-42). */
#pragma once

#include <gio/gio.h>
#include <libdevssh/base/devssh-context-private.h>

G_BEGIN_DECLS

typedef struct _DevSshAcceptor DevSshAcceptor;

/* Called from the loop; the acceptor may be freed inside. connection: transfer none. */
typedef void (*DevSshAcceptedFunc) (GSocketConnection *connection, gpointer user_data);
/* Accepting does not work now; it is tried again by itself. */
typedef void (*DevSshAcceptFailedFunc) (const GError *error, gpointer user_data);
/* There is one more socket that listens. */
typedef void (*DevSshListeningFunc) (GSocketAddress *address, gpointer user_data);

DevSshAcceptor *devssh_acceptor_new      (DevSshContext *context, DevSshAcceptedFunc accepted, DevSshAcceptFailedFunc failed,
                                          DevSshListeningFunc listening, gpointer user_data);
/* Stops listening; no call after this. */
void            devssh_acceptor_free     (DevSshAcceptor *self);
/* A socket that listens already. */
void            devssh_acceptor_add      (DevSshAcceptor *self, GSocket *socket);
/* address: NULL or "localhost": loopback; "": any; else an IP address. port 0: chosen. Returns the port. */
guint16         devssh_acceptor_listen   (DevSshAcceptor *self, const char *address, guint16 port, GError **error);
/* Also a Unix socket: made 0600, its path removed at the end if it is still ours (T-87). */
gboolean        devssh_acceptor_listen_address (DevSshAcceptor *self, GSocketAddress *address, GError **error);
/* Of the first listener; 0: none, or it has no port. */
guint16         devssh_acceptor_get_port (DevSshAcceptor *self);

G_END_DECLS
