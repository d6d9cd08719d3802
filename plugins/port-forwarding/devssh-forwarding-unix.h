/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unix sockets by their path: made for their owner alone, and removed only while they are still ours (threat T-87). */
#pragma once

#include <libdevssh/devssh.h>

G_BEGIN_DECLS

/* A host or address that is a path; NULL: it is none */
static inline const char *
devssh_forwarding_path_of (const char *host)
{
  return host != NULL && *host == '/' ? host : NULL;
}

/* A file that we have made */
typedef struct _DevSshForwardingPath DevSshForwardingPath;

/* Listens; what is there already is refused, or, with replace, removed if it is a socket of this user. */
GSocket              *devssh_forwarding_path_listen (const char            *path,
                                                     gboolean               replace,
                                                     DevSshForwardingPath **file,
                                                     GError               **error);
/* Removes it if it is still the one that was made; before the socket is closed, so that nothing can have its place. */
void                  devssh_forwarding_path_remove (DevSshForwardingPath  *file);

/* Where to connect to. forwarder: it is the peer's wish, so no link is followed, and the application has a say in the place where
 * it really is; pin keeps it that one, and is to be closed when the connection is there. */
GSocketAddress       *devssh_forwarding_path_find   (DevSshPortForwarder   *forwarder,
                                                     const char            *path,
                                                     int                   *pin,
                                                     GError               **error);

G_END_DECLS
