/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One command that runs: its process group, and the bytes between it and its channel. */
#pragma once

#include "devssh-command-service.h"

G_BEGIN_DECLS

typedef struct _DevSshCommandProcess DevSshCommandProcess;

/* What is to run; all of it is only looked at. */
typedef struct
{
  char       **argv;                /* the first is the path of the program */
  gboolean     is_login;            /* the second is what it is told to be called */
  char       **environment;
  const char  *working_directory;
  guint        hangup_grace;        /* seconds */
  int          terminal;            /* both ends; -1: pipes are made */
  int          terminal_slave;
} DevSshCommandStart;

/* It lives until the command has ended, and tells peer and application then; NULL: it did not start. */
DevSshCommandProcess *devssh_command_process_start   (DevSshCommandService      *service,
                                                      DevSshChannel             *channel,
                                                      const DevSshCommandStart  *start,
                                                      GError                   **error);
DevSshCommandProcess *devssh_command_process_ref     (DevSshCommandProcess      *self);
void                  devssh_command_process_unref   (DevSshCommandProcess      *self);
/* To its whole group. FALSE: it has ended. */
gboolean              devssh_command_process_signal  (DevSshCommandProcess      *self,
                                                      int                        signal_number);
/* FALSE: it has no terminal. */
gboolean              devssh_command_process_resize  (DevSshCommandProcess      *self,
                                                      guint                      columns,
                                                      guint                      rows,
                                                      guint                      width,
                                                      guint                      height);
/* The peer has closed the channel, and can be told how it ended. FALSE: it has not, and still has something to say. */
gboolean              devssh_command_process_close   (DevSshCommandProcess      *self);
/* Its channel is closed. */
void                  devssh_command_process_hang_up (DevSshCommandProcess      *self);

/* The name of a signal without SIG (RFC 4254, 6.10), and the other way round; NULL, 0: not listed there. */
const char           *devssh_command_signal_name     (int                        signal_number);
int                   devssh_command_signal_number   (const char                *name);

G_END_DECLS
