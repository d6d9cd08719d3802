/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What both ends do to a socket before a session gets it. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* No delay for small packets (protocol.md 12.3); other kinds of sockets and streams are left alone. The sizes of the system's buffers
 * stay as they are, for a fixed size turns off the growing that long ways need (design D4). */
void  devssh_socket_prepare     (GIOStream *stream);
/* Whom a limit per address counts: an IPv4 address, or the network (/64) of an IPv6 one, all of which one subscriber may use.
 * NULL: none (a Unix socket, not a socket at all). */
char *devssh_socket_dup_subject (GIOStream *stream);
/* The sockets that a service manager handed over (sd_listen_fds(3)); they and the variables are taken: a second call finds none.
 * (element-type GSocket); NULL and error. */
GPtrArray *devssh_socket_take_inherited (GError **error);

G_END_DECLS
