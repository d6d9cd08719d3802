/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an application sets and hears of commands that a peer runs here (RFC 4254, 6); the plugin "command" runs them. */
#pragma once

#include <libdevssh/connection/devssh-channel.h>

G_BEGIN_DECLS

/**
 * DEVSSH_SERVICE_NAME_COMMAND:
 *
 * The name of the service that runs commands, and of its plugin.
 *
 * Since: 1.0
 */
#define DEVSSH_SERVICE_NAME_COMMAND   "command"

/**
 * DEVSSH_CHANNEL_TYPE_SESSION:
 *
 * The type of channels for commands and shells (RFC 4254, 6.1).
 *
 * Since: 1.0
 */
#define DEVSSH_CHANNEL_TYPE_SESSION   "session"

/**
 * DEVSSH_REQUEST_PTY:
 *
 * The channel request for a terminal (RFC 4254, 6.2).
 *
 * Since: 1.0
 */
#define DEVSSH_REQUEST_PTY            "pty-req"

/**
 * DEVSSH_REQUEST_ENV:
 *
 * The channel request to set an environment variable (RFC 4254, 6.4).
 *
 * Since: 1.0
 */
#define DEVSSH_REQUEST_ENV            "env"

/**
 * DEVSSH_REQUEST_SHELL:
 *
 * The channel request to start a shell (RFC 4254, 6.5).
 *
 * Since: 1.0
 */
#define DEVSSH_REQUEST_SHELL          "shell"

/**
 * DEVSSH_REQUEST_EXEC:
 *
 * The channel request to run a command (RFC 4254, 6.5).
 *
 * Since: 1.0
 */
#define DEVSSH_REQUEST_EXEC           "exec"

/**
 * DEVSSH_REQUEST_SUBSYSTEM:
 *
 * The channel request to start what the server knows by a name (RFC 4254, 6.5).
 *
 * Since: 1.0
 */
#define DEVSSH_REQUEST_SUBSYSTEM      "subsystem"

/**
 * DEVSSH_REQUEST_WINDOW_CHANGE:
 *
 * The channel request that says the terminal has another size now (RFC 4254, 6.7).
 *
 * Since: 1.0
 */
#define DEVSSH_REQUEST_WINDOW_CHANGE  "window-change"

/**
 * DEVSSH_REQUEST_SIGNAL:
 *
 * The channel request to send a signal to what runs (RFC 4254, 6.9).
 *
 * Since: 1.0
 */
#define DEVSSH_REQUEST_SIGNAL         "signal"

/**
 * DEVSSH_REQUEST_EXIT_STATUS:
 *
 * The channel request that tells with which status a command ended (RFC 4254, 6.10).
 *
 * Since: 1.0
 */
#define DEVSSH_REQUEST_EXIT_STATUS    "exit-status"

/**
 * DEVSSH_REQUEST_EXIT_SIGNAL:
 *
 * The channel request that tells which signal ended a command (RFC 4254, 6.10).
 *
 * Since: 1.0
 */
#define DEVSSH_REQUEST_EXIT_SIGNAL    "exit-signal"

#define DEVSSH_TYPE_COMMAND_RUNNER (devssh_command_runner_get_type ())

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_INTERFACE (DevSshCommandRunner, devssh_command_runner, DEVSSH, COMMAND_RUNNER, GObject)

struct _DevSshCommandRunnerInterface
{
  GTypeInterface parent_iface;

  void      (*set_subsystem)    (DevSshCommandRunner *self,
                                 const char          *name,
                                 const char * const  *argv);
  gboolean  (*remove_subsystem) (DevSshCommandRunner *self,
                                 const char          *name);
  char    **(*dup_subsystems)   (DevSshCommandRunner *self);

  /*< private >*/
  gpointer _reserved[16];
};

/* Options: what starts later has them */
DEVSSH_AVAILABLE_IN_1_0
char    **devssh_command_runner_dup_allowed_environment (DevSshCommandRunner *self);
DEVSSH_AVAILABLE_IN_1_0
void      devssh_command_runner_set_allowed_environment (DevSshCommandRunner *self,
                                                         const char * const  *names);
DEVSSH_AVAILABLE_IN_1_0
char    **devssh_command_runner_dup_base_environment    (DevSshCommandRunner *self);
DEVSSH_AVAILABLE_IN_1_0
void      devssh_command_runner_set_base_environment    (DevSshCommandRunner *self,
                                                         const char * const  *environment);
DEVSSH_AVAILABLE_IN_1_0
char     *devssh_command_runner_dup_shell               (DevSshCommandRunner *self);
DEVSSH_AVAILABLE_IN_1_0
void      devssh_command_runner_set_shell               (DevSshCommandRunner *self,
                                                         const char          *path);
DEVSSH_AVAILABLE_IN_1_0
char     *devssh_command_runner_dup_working_directory   (DevSshCommandRunner *self);
DEVSSH_AVAILABLE_IN_1_0
void      devssh_command_runner_set_working_directory   (DevSshCommandRunner *self,
                                                         const char          *path);
DEVSSH_AVAILABLE_IN_1_0
gboolean  devssh_command_runner_get_allow_pty           (DevSshCommandRunner *self);
DEVSSH_AVAILABLE_IN_1_0
void      devssh_command_runner_set_allow_pty           (DevSshCommandRunner *self,
                                                         gboolean             allow);
DEVSSH_AVAILABLE_IN_1_0
guint     devssh_command_runner_get_hangup_grace        (DevSshCommandRunner *self);
DEVSSH_AVAILABLE_IN_1_0
void      devssh_command_runner_set_hangup_grace        (DevSshCommandRunner *self,
                                                         guint                seconds);
/* Subsystems: none but these can be asked for */
DEVSSH_AVAILABLE_IN_1_0
void      devssh_command_runner_set_subsystem           (DevSshCommandRunner *self,
                                                         const char          *name,
                                                         const char * const  *argv);
DEVSSH_AVAILABLE_IN_1_0
gboolean  devssh_command_runner_remove_subsystem        (DevSshCommandRunner *self,
                                                         const char          *name);
DEVSSH_AVAILABLE_IN_1_0
char    **devssh_command_runner_dup_subsystems          (DevSshCommandRunner *self);
/* Signals: command-started (DevSshChannel, request type, command), command-ended (DevSshChannel, exit status, exit signal) */

G_END_DECLS
