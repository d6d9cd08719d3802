/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The accept loop: listening sockets in, connected sockets out; never spins, never gives up (T-42). */
#pragma once

#include <gio/gio.h>
#include <libdevssh/base/devssh-context-private.h>

G_BEGIN_DECLS

typedef struct _DevSshAcceptor DevSshAcceptor;

/* accepted: transfer none; from the loop. trouble: accepting pauses for a second, with why. */
typedef struct
{
  void (*accepted) (GSocket *socket, gpointer user_data);
  void (*trouble)  (const GError *error, gpointer user_data);
} DevSshAcceptorEvents;

DevSshAcceptor *devssh_acceptor_new    (DevSshContext *context, const DevSshAcceptorEvents *events, gpointer user_data);
void            devssh_acceptor_free   (DevSshAcceptor *self);
void            devssh_acceptor_add    (DevSshAcceptor *self, GSocket *socket);    /* listens already */
guint           devssh_acceptor_get_n  (DevSshAcceptor *self);
/* Of the first one; 0 if it is not an internet socket, or there is none. */
guint16         devssh_acceptor_get_port (DevSshAcceptor *self);

G_END_DECLS
