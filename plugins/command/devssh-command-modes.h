/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The encoded terminal modes of RFC 4254, 8. */
#pragma once

#include <glib.h>
#include <termios.h>

G_BEGIN_DECLS

/* Those that this system knows; reading ends at TTY_OP_END, and at what has no known length. */
void devssh_command_apply_modes (struct termios *settings,
                                 const guint8   *data,
                                 gsize           length);

G_END_DECLS
