/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes between a channel and a command. */
#pragma once

#include <libdevssh/devssh.h>

G_BEGIN_DECLS

typedef struct _DevSshCommandRelay DevSshCommandRelay;

/* All that the command wrote, and EOF, has been given to the channel. The relay may be freed inside. */
typedef void (*DevSshCommandRelayEnded) (gpointer user_data);

/* fds: what the command reads, writes, and writes errors to (-1: the same as what it writes); taken over.
 * says_end_of_writing: the peer is told when the command reads no more. */
DevSshCommandRelay *devssh_command_relay_new        (DevSshChannel           *channel,
                                                     const int               *fds,
                                                     gboolean                 says_end_of_writing,
                                                     DevSshCommandRelayEnded  ended,
                                                     gpointer                 user_data);
/* Nothing is called any more. */
void                devssh_command_relay_free       (DevSshCommandRelay      *self);
/* The command reads no more. */
void                devssh_command_relay_stop_input (DevSshCommandRelay      *self);
/* FALSE: it has ended. */
gboolean            devssh_command_relay_has_output (DevSshCommandRelay      *self);
/* A descriptor; -1: it has ended. */
int                 devssh_command_relay_get_output (DevSshCommandRelay      *self);

G_END_DECLS
