/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the question is made, and its answer read. */
#pragma once

#include <libdevssh/service/devssh-forwarded-port-connecting.h>

G_BEGIN_DECLS

DevSshForwardedPortConnecting *devssh_forwarded_port_connecting_new        (const char *path, guint port, gboolean is_incoming,
                                                                            GIOStream *stream);
/* NULL: rejected */
GIOStream                     *devssh_forwarded_port_connecting_get_answer (DevSshForwardedPortConnecting *self);

G_END_DECLS
