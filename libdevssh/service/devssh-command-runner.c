/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The face of running commands: whoever implements it, options are declared and arguments checked here. */
#include <libdevssh/service/devssh-command-runner.h>

#define PROP_ALLOWED_ENVIRONMENT "allowed-environment"
#define PROP_BASE_ENVIRONMENT    "base-environment"
#define PROP_SHELL               "shell"
#define PROP_WORKING_DIRECTORY   "working-directory"
#define PROP_ALLOW_PTY           "allow-pty"
#define PROP_HANGUP_GRACE        "hangup-grace"

#define DEFAULT_SHELL            "/bin/sh"
#define DEFAULT_HANGUP_GRACE     5
#define MAX_HANGUP_GRACE         3600

/**
 * DevSshCommandRunner:
 *
 * Runs what a peer asks for on channels of type `session`: commands, shells and subsystems
 * (RFC 4254, 6).
 *
 * The plugin `command` implements it. A configuration that allows the plugin
 * ([method@SessionConfig.allow_plugins]) has it woken by the first request of such a channel;
 * [signal@Session::service-activated] then brings it before that request is looked at, and is the
 * place to set options. [method@Session.activate_service] with %DEVSSH_SERVICE_NAME_COMMAND brings
 * it earlier.
 *
 * Nothing runs unless the application accepts it: `exec`, `shell` and `subsystem` each go to
 * [signal@Channel::request], and a channel without a handler there refuses them. Connect it before
 * the channel is accepted, in [signal@Session::channel-opening]. The other requests are not asked
 * about: a terminal is there if [property@CommandRunner:allow-pty] is set, an environment variable
 * if its name is in [property@CommandRunner:allowed-environment], and sizes and signals only ever
 * reach what was accepted.
 *
 * The data of a channel on which something runs, [signal@Channel::data], belongs to what runs: leave it alone.
 *
 * Everything runs as the user that this process runs as, with the three standard descriptors and no
 * other, in a session and process group of its own. When its channel or the session closes and it has
 * more to say, the group is sent `SIGHUP`, and `SIGKILL` after [property@CommandRunner:hangup-grace]; what it
 * left in the background when it ended by itself is left alone. The application keeps its hands off
 * these processes: no `waitpid (-1)`, no `SIG_IGN` for `SIGCHLD`.
 *
 * Since: 1.0
 */

/**
 * DevSshCommandRunnerInterface:
 * @set_subsystem: see [method@CommandRunner.set_subsystem]
 * @remove_subsystem: see [method@CommandRunner.remove_subsystem]
 * @dup_subsystems: see [method@CommandRunner.dup_subsystems]
 *
 * What a service that runs commands implements, besides the properties. Arguments are checked
 * before a function of it is called.
 *
 * Since: 1.0
 */
G_DEFINE_INTERFACE (DevSshCommandRunner, devssh_command_runner, G_TYPE_OBJECT)

static void
install_surroundings (DevSshCommandRunnerInterface *iface)
{
  /**
   * DevSshCommandRunner:allowed-environment:
   *   (getter dup_allowed_environment) (setter set_allowed_environment)
   *
   * The names of the environment variables that the peer may set, each exactly as it is: there are no
   * patterns. A name that is here takes effect whatever it is, `PATH` and `LD_PRELOAD` as well.
   *
   * Since: 1.0
   */
  g_object_interface_install_property (iface,
    g_param_spec_boxed (PROP_ALLOWED_ENVIRONMENT, NULL, NULL, G_TYPE_STRV,
                        G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS));

  /**
   * DevSshCommandRunner:base-environment: (getter dup_base_environment) (setter set_base_environment)
   *
   * The environment that everything starts with, as `NAME=value`. If it is %NULL, that is `HOME`,
   * `LOGNAME`, `PATH`, `SHELL` and `USER`, and nothing of this process' own environment.
   *
   * Since: 1.0
   */
  g_object_interface_install_property (iface,
    g_param_spec_boxed (PROP_BASE_ENVIRONMENT, NULL, NULL, G_TYPE_STRV,
                        G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS));

  /**
   * DevSshCommandRunner:shell: (getter dup_shell) (setter set_shell)
   *
   * The absolute path of the shell: `exec` runs it with `-c` and the command, `shell` as a login shell.
   *
   * Since: 1.0
   */
  g_object_interface_install_property (iface,
    g_param_spec_string (PROP_SHELL, NULL, NULL, DEFAULT_SHELL,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS));

  /**
   * DevSshCommandRunner:working-directory: (getter dup_working_directory) (setter set_working_directory)
   *
   * The folder in which everything starts; %NULL for the home folder. Where it cannot be entered, nothing starts.
   *
   * Since: 1.0
   */
  g_object_interface_install_property (iface,
    g_param_spec_string (PROP_WORKING_DIRECTORY, NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS));
}

static void
install_limits (DevSshCommandRunnerInterface *iface)
{
  /**
   * DevSshCommandRunner:allow-pty: (getter get_allow_pty) (setter set_allow_pty)
   *
   * Whether the peer gets a terminal if it asks for one (RFC 4254, 6.2).
   *
   * Since: 1.0
   */
  g_object_interface_install_property (iface,
    g_param_spec_boolean (PROP_ALLOW_PTY, NULL, NULL, FALSE,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS));

  /**
   * DevSshCommandRunner:hangup-grace: (getter get_hangup_grace) (setter set_hangup_grace)
   *
   * Seconds that a command has to end by itself once its channel is closed; 0 for none.
   *
   * Since: 1.0
   */
  g_object_interface_install_property (iface,
    g_param_spec_uint (PROP_HANGUP_GRACE, NULL, NULL, 0, MAX_HANGUP_GRACE, DEFAULT_HANGUP_GRACE,
                       G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS));
}

static void
install_signals (void)
{
  /**
   * DevSshCommandRunner::command-started:
   * @self: the runner
   * @channel: the channel
   * @request_type: `exec`, `shell` or `subsystem`
   * @command: (nullable): the command line or the name of the subsystem; %NULL for a shell
   *
   * Emitted when a command has started. @command is the peer's text: escape it before it goes into a log.
   *
   * Since: 1.0
   */
  g_signal_new ("command-started", DEVSSH_TYPE_COMMAND_RUNNER, G_SIGNAL_RUN_LAST, 0,
                NULL, NULL, NULL, G_TYPE_NONE, 3, DEVSSH_TYPE_CHANNEL, G_TYPE_STRING, G_TYPE_STRING);

  /**
   * DevSshCommandRunner::command-ended:
   * @self: the runner
   * @channel: the channel
   * @exit_status: the status it ended with, or -1 if a signal ended it
   * @exit_signal: (nullable): the name of that signal without `SIG`, such as `TERM`
   *
   * Emitted once for each command that has started, when it has ended and the peer has been told, or
   * the channel was closed before. That may be after the session has ended.
   *
   * Since: 1.0
   */
  g_signal_new ("command-ended", DEVSSH_TYPE_COMMAND_RUNNER, G_SIGNAL_RUN_LAST, 0,
                NULL, NULL, NULL, G_TYPE_NONE, 3, DEVSSH_TYPE_CHANNEL, G_TYPE_INT, G_TYPE_STRING);
}

static void
devssh_command_runner_default_init (DevSshCommandRunnerInterface *iface)
{
  install_surroundings (iface);
  install_limits (iface);
  install_signals ();
}

/**
 * devssh_command_runner_dup_allowed_environment: (get-property allowed-environment)
 * @self: a runner
 *
 * Gets the names of the environment variables that the peer may set.
 *
 * Returns: (transfer full) (nullable) (array zero-terminated=1): the names
 *
 * Since: 1.0
 */
char **
devssh_command_runner_dup_allowed_environment (DevSshCommandRunner *self)
{
  char **names = NULL;

  g_return_val_if_fail (DEVSSH_IS_COMMAND_RUNNER (self), NULL);

  g_object_get (self, PROP_ALLOWED_ENVIRONMENT, &names, NULL);

  return names;
}

/**
 * devssh_command_runner_set_allowed_environment: (set-property allowed-environment)
 * @self: a runner
 * @names: (nullable) (array zero-terminated=1): the names; %NULL for none
 *
 * Sets which environment variables the peer may set for what it starts from now on.
 *
 * Since: 1.0
 */
void
devssh_command_runner_set_allowed_environment (DevSshCommandRunner *self,
                                               const char * const  *names)
{
  g_return_if_fail (DEVSSH_IS_COMMAND_RUNNER (self));

  g_object_set (self, PROP_ALLOWED_ENVIRONMENT, names, NULL);
}

/**
 * devssh_command_runner_dup_base_environment: (get-property base-environment)
 * @self: a runner
 *
 * Gets the environment that everything starts with.
 *
 * Returns: (transfer full) (nullable) (array zero-terminated=1) (element-type filename): the variables, as
 *   `NAME=value`; %NULL for the five of [property@CommandRunner:base-environment]
 *
 * Since: 1.0
 */
char **
devssh_command_runner_dup_base_environment (DevSshCommandRunner *self)
{
  char **environment = NULL;

  g_return_val_if_fail (DEVSSH_IS_COMMAND_RUNNER (self), NULL);

  g_object_get (self, PROP_BASE_ENVIRONMENT, &environment, NULL);

  return environment;
}

/**
 * devssh_command_runner_set_base_environment: (set-property base-environment)
 * @self: a runner
 * @environment: (nullable) (array zero-terminated=1) (element-type filename): variables as `NAME=value`
 *
 * Sets the environment that everything starts with. Whoever wants his own passes what
 * [func@GLib.get_environ] returns.
 *
 * Since: 1.0
 */
void
devssh_command_runner_set_base_environment (DevSshCommandRunner *self,
                                            const char * const  *environment)
{
  g_return_if_fail (DEVSSH_IS_COMMAND_RUNNER (self));

  g_object_set (self, PROP_BASE_ENVIRONMENT, environment, NULL);
}

/**
 * devssh_command_runner_dup_shell: (get-property shell)
 * @self: a runner
 *
 * Gets the path of the shell.
 *
 * Returns: (transfer full) (type filename): the path
 *
 * Since: 1.0
 */
char *
devssh_command_runner_dup_shell (DevSshCommandRunner *self)
{
  char *path = NULL;

  g_return_val_if_fail (DEVSSH_IS_COMMAND_RUNNER (self), NULL);

  g_object_get (self, PROP_SHELL, &path, NULL);

  return path;
}

/**
 * devssh_command_runner_set_shell: (set-property shell)
 * @self: a runner
 * @path: (type filename): an absolute path
 *
 * Sets the shell.
 *
 * Since: 1.0
 */
void
devssh_command_runner_set_shell (DevSshCommandRunner *self,
                                 const char          *path)
{
  g_return_if_fail (DEVSSH_IS_COMMAND_RUNNER (self));
  g_return_if_fail (path != NULL && g_path_is_absolute (path));

  g_object_set (self, PROP_SHELL, path, NULL);
}

/**
 * devssh_command_runner_dup_working_directory: (get-property working-directory)
 * @self: a runner
 *
 * Gets the folder in which everything starts.
 *
 * Returns: (transfer full) (nullable) (type filename): the path; %NULL for the home folder
 *
 * Since: 1.0
 */
char *
devssh_command_runner_dup_working_directory (DevSshCommandRunner *self)
{
  char *path = NULL;

  g_return_val_if_fail (DEVSSH_IS_COMMAND_RUNNER (self), NULL);

  g_object_get (self, PROP_WORKING_DIRECTORY, &path, NULL);

  return path;
}

/**
 * devssh_command_runner_set_working_directory: (set-property working-directory)
 * @self: a runner
 * @path: (nullable) (type filename): an absolute path; %NULL for the home folder
 *
 * Sets the folder in which everything starts.
 *
 * Since: 1.0
 */
void
devssh_command_runner_set_working_directory (DevSshCommandRunner *self,
                                             const char          *path)
{
  g_return_if_fail (DEVSSH_IS_COMMAND_RUNNER (self));
  g_return_if_fail (path == NULL || g_path_is_absolute (path));

  g_object_set (self, PROP_WORKING_DIRECTORY, path, NULL);
}

/**
 * devssh_command_runner_get_allow_pty: (get-property allow-pty)
 * @self: a runner
 *
 * Asks whether the peer gets a terminal if it asks for one.
 *
 * Returns: %TRUE if it does
 *
 * Since: 1.0
 */
gboolean
devssh_command_runner_get_allow_pty (DevSshCommandRunner *self)
{
  gboolean allow = FALSE;

  g_return_val_if_fail (DEVSSH_IS_COMMAND_RUNNER (self), FALSE);

  g_object_get (self, PROP_ALLOW_PTY, &allow, NULL);

  return allow;
}

/**
 * devssh_command_runner_set_allow_pty: (set-property allow-pty)
 * @self: a runner
 * @allow: whether to give a terminal
 *
 * Sets whether the peer gets a terminal if it asks for one.
 *
 * Since: 1.0
 */
void
devssh_command_runner_set_allow_pty (DevSshCommandRunner *self,
                                     gboolean             allow)
{
  g_return_if_fail (DEVSSH_IS_COMMAND_RUNNER (self));

  g_object_set (self, PROP_ALLOW_PTY, allow, NULL);
}

/**
 * devssh_command_runner_get_hangup_grace: (get-property hangup-grace)
 * @self: a runner
 *
 * Asks how long a command may outlive its channel.
 *
 * Returns: seconds
 *
 * Since: 1.0
 */
guint
devssh_command_runner_get_hangup_grace (DevSshCommandRunner *self)
{
  guint seconds = 0;

  g_return_val_if_fail (DEVSSH_IS_COMMAND_RUNNER (self), 0);

  g_object_get (self, PROP_HANGUP_GRACE, &seconds, NULL);

  return seconds;
}

/**
 * devssh_command_runner_set_hangup_grace: (set-property hangup-grace)
 * @self: a runner
 * @seconds: seconds, 3600 at most
 *
 * Sets how long a command may outlive its channel.
 *
 * Since: 1.0
 */
void
devssh_command_runner_set_hangup_grace (DevSshCommandRunner *self,
                                        guint                seconds)
{
  g_return_if_fail (DEVSSH_IS_COMMAND_RUNNER (self));
  g_return_if_fail (seconds <= MAX_HANGUP_GRACE);

  g_object_set (self, PROP_HANGUP_GRACE, seconds, NULL);
}

/**
 * devssh_command_runner_set_subsystem: (virtual set_subsystem)
 * @self: a runner
 * @name: what the peer calls it, such as `sftp`
 * @argv: (array zero-terminated=1) (element-type filename): the absolute path of a program, and its arguments
 *
 * Lets the peer ask for a program by @name (RFC 4254, 6.5). The application still accepts each such request; the peer's
 * text is compared with @name and used for nothing else.
 *
 * Since: 1.0
 */
void
devssh_command_runner_set_subsystem (DevSshCommandRunner *self,
                                     const char          *name,
                                     const char * const  *argv)
{
  g_return_if_fail (DEVSSH_IS_COMMAND_RUNNER (self));
  g_return_if_fail (name != NULL && name[0] != '\0');
  g_return_if_fail (argv != NULL && argv[0] != NULL && g_path_is_absolute (argv[0]));

  if (DEVSSH_COMMAND_RUNNER_GET_IFACE (self)->set_subsystem != NULL)
    DEVSSH_COMMAND_RUNNER_GET_IFACE (self)->set_subsystem (self, name, argv);
}

/**
 * devssh_command_runner_remove_subsystem: (virtual remove_subsystem)
 * @self: a runner
 * @name: its name
 *
 * Lets the peer not ask for it any more. What runs already goes on.
 *
 * Returns: %TRUE if it was there
 *
 * Since: 1.0
 */
gboolean
devssh_command_runner_remove_subsystem (DevSshCommandRunner *self,
                                        const char          *name)
{
  g_return_val_if_fail (DEVSSH_IS_COMMAND_RUNNER (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  return DEVSSH_COMMAND_RUNNER_GET_IFACE (self)->remove_subsystem != NULL
           && DEVSSH_COMMAND_RUNNER_GET_IFACE (self)->remove_subsystem (self, name);
}

/**
 * devssh_command_runner_dup_subsystems: (virtual dup_subsystems)
 * @self: a runner
 *
 * Lists the subsystems that the peer may ask for.
 *
 * Returns: (transfer full) (array zero-terminated=1): their names, sorted
 *
 * Since: 1.0
 */
char **
devssh_command_runner_dup_subsystems (DevSshCommandRunner *self)
{
  char **names = NULL;

  g_return_val_if_fail (DEVSSH_IS_COMMAND_RUNNER (self), NULL);

  if (DEVSSH_COMMAND_RUNNER_GET_IFACE (self)->dup_subsystems != NULL)
    names = DEVSSH_COMMAND_RUNNER_GET_IFACE (self)->dup_subsystems (self);

  /* One in Python that throws gives nothing back. */
  return names != NULL ? names : g_new0 (char *, 1);
}
