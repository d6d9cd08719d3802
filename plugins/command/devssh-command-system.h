/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What GLib has no call for: terminals, process groups, and writes that raise no signal. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* A pseudo-terminal; neither end becomes ours. FALSE: there is none to be had. */
gboolean devssh_command_open_terminal      (int         *master,
                                            int         *slave,
                                            GError     **error);
/* What does not fit is cut to what the kernel can say. */
void     devssh_command_set_window_size    (int          terminal,
                                            guint        columns,
                                            guint        rows,
                                            guint        width,
                                            guint        height);
/* modes: the encoded terminal modes of RFC 4254, 8. */
void     devssh_command_set_terminal_modes (int          terminal,
                                            GBytes      *modes);
/* For g_spawn*: the child leads a session, ignores and blocks nothing, and has its terminal, if its input is one. */
void     devssh_command_child_setup        (gpointer     unused);
/* FALSE: the group is gone. signal_number 0: only look. */
gboolean devssh_command_signal_group       (pid_t        group,
                                            int          signal_number);
/* A descriptor that does not block, and closes on exec; -1: there is none to be had. */
int      devssh_command_duplicate          (int          fd);
/* So that fewer turns carry more; as a wish. */
void     devssh_command_enlarge_pipe       (int          fd,
                                            gsize        size);
/* -1: errno says why; 0: the end, also of a terminal that nobody has open any more. */
gssize   devssh_command_read               (int          fd,
                                            guint8      *data,
                                            gsize        size);
/* -1: errno says why. Never SIGPIPE (T-60). */
gssize   devssh_command_write              (int          fd,
                                            const guint8 *data,
                                            gsize        size);

G_END_DECLS
