/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection of a forwarded port is about to run: as it is, through another stream, or not at all? */
#pragma once

#include <libdevssh/base/devssh-question.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_FORWARDED_PORT_CONNECTING (devssh_forwarded_port_connecting_get_type ())

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (DevSshForwardedPortConnecting, devssh_forwarded_port_connecting, DEVSSH, FORWARDED_PORT_CONNECTING, DevSshQuestion)

DEVSSH_AVAILABLE_IN_1_0
guint      devssh_forwarded_port_connecting_get_port        (DevSshForwardedPortConnecting *self);
/* NULL: it is a port */
DEVSSH_AVAILABLE_IN_1_0
const char *devssh_forwarded_port_connecting_get_path       (DevSshForwardedPortConnecting *self);
/* TRUE: the peer opened the channel */
DEVSSH_AVAILABLE_IN_1_0
gboolean   devssh_forwarded_port_connecting_get_is_incoming (DevSshForwardedPortConnecting *self);
DEVSSH_AVAILABLE_IN_1_0
GIOStream *devssh_forwarded_port_connecting_get_stream      (DevSshForwardedPortConnecting *self);
DEVSSH_AVAILABLE_IN_1_0
void       devssh_forwarded_port_connecting_accept          (DevSshForwardedPortConnecting *self);
DEVSSH_AVAILABLE_IN_1_0
void       devssh_forwarded_port_connecting_replace         (DevSshForwardedPortConnecting *self,
                                                             GIOStream                     *stream);
DEVSSH_AVAILABLE_IN_1_0
void       devssh_forwarded_port_connecting_reject          (DevSshForwardedPortConnecting *self);

G_END_DECLS
