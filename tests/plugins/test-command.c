/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands, shells, subsystems, terminals and signals, by the plugin as it is installed. */
#include "../../plugins/command/devssh-command-modes.h"
#include "command-util.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- who decides ---- */

static void
test_not_allowed (void)
{
  g_autoptr(Commands) commands = commands_new_full (FALSE);
  g_autoptr(Run) run = run_new (commands);

  /* The application has the question, and says yes: but there is nobody who would run anything. */
  g_assert_true (run_exec (run, "touch done"));
  g_assert_cmpuint (commands->n_questions, ==, 1);
  g_assert_cmpuint (g_list_model_get_n_items (devssh_session_get_services (commands->server)), ==, 0);
  g_assert_true (has_no_children ());
}

static void
test_nobody_answers (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = NULL;

  commands->leave_questions = TRUE;
  run = run_new (commands);
  g_assert_false (run_exec (run, "touch done"));
  g_assert_false (run_request (run, DEVSSH_REQUEST_SHELL, NULL));
  g_assert_cmpuint (commands->n_started, ==, 0);
  g_assert_true (has_no_children ());
  g_assert_false (commands_has (commands, "done"));
}

static void
test_refused (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);

  commands->accept = FALSE;
  g_assert_false (run_exec (run, "touch done"));
  g_assert_cmpuint (commands->n_questions, ==, 1);
  g_assert_cmpstr (devssh_channel_request_get_request_type (commands->question), ==, "exec");
  g_assert_true (has_no_children ());
  g_assert_false (commands_has (commands, "done"));

  /* RFC 4254, 6.5: only one can succeed; this one has not. */
  commands->accept = TRUE;
  g_assert_true (run_exec (run, "touch done"));
  run_wait (run);
  g_assert_true (commands_has (commands, "done"));
}

static void
test_dropped (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);
  g_autoptr(GBytes) payload = strings_payload ("touch done", NULL);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  commands->keep_questions = TRUE;
  devssh_channel_request_async (run->channel, "exec", TRUE, payload, NULL, test_keep_result_cb, &result);
  test_spin_until (commands->n_questions == 1);
  g_clear_object (&commands->question);
  test_spin_until (result != NULL);
  g_assert_false (devssh_channel_request_finish (run->channel, result, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (commands->n_started, ==, 0);
}

static void
test_answered_later (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);
  g_autoptr(GBytes) payload = strings_payload ("cat", NULL);
  g_autoptr(GAsyncResult) result = NULL;
  g_autofree char *command = NULL;
  g_autoptr(GError) error = NULL;

  commands->keep_questions = TRUE;
  devssh_channel_request_async (run->channel, "exec", TRUE, payload, NULL, test_keep_result_cb, &result);
  run_send (run, "sent before the answer");
  devssh_channel_send_eof (run->channel, NULL);
  test_spin_until (commands->n_questions == 1);
  test_settle ();
  g_assert_null (result);
  g_assert_true (has_no_children ());

  command = devssh_channel_request_dup_command (commands->question);
  g_assert_cmpstr (command, ==, "cat");
  g_assert_true (devssh_channel_request_get_channel (commands->question) == commands->served);
  devssh_channel_request_complete (commands->question, TRUE);
  test_spin_until (result != NULL);
  g_assert_true (devssh_channel_request_finish (run->channel, result, &error));
  run_wait (run);
  g_assert_cmpstr (run->out->str, ==, "sent before the answer");
}

/* ---- exec ---- */

static void
test_exec (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);

  g_assert_true (run_exec (run, "printf out; printf err >&2; exit 3"));
  g_assert_cmpuint (commands->n_started, ==, 1);
  g_assert_cmpstr (commands->started, ==, "exec:printf out; printf err >&2; exit 3");
  run_wait (run);
  g_assert_cmpstr (run->out->str, ==, "out");
  g_assert_cmpstr (run->err->str, ==, "err");
  g_assert_cmpint (devssh_channel_get_exit_status (run->channel), ==, 3);
  g_assert_null (devssh_channel_get_exit_signal (run->channel));
  /* Data, EOF, status, end. */
  g_assert_true (g_str_has_suffix (run->order->str, "EC"));
  test_spin_until (commands->n_ended == 1);
  g_assert_cmpint (commands->exit_status, ==, 3);
  g_assert_null (commands->exit_signal);
  g_assert_cmpint (devssh_channel_get_exit_status (commands->served), ==, 3);
}

static void
test_exec_status (void)
{
  g_autoptr(Commands) commands = commands_new ();
  const int statuses[] = { 0, 1, 127, 128, 255 };

  for (guint i = 0; i < G_N_ELEMENTS (statuses); i++)
    {
      g_autofree char *command = g_strdup_printf ("exit %d", statuses[i]);
      g_autofree char *out = run_whole (commands, command, statuses[i]);

      g_assert_cmpstr (out, ==, "");
    }
}

static void
test_exec_signalled (void)
{
  g_autoptr(Commands) commands = commands_new ();
  const char *signals[] = { "ABRT", "ALRM", "FPE", "HUP", "ILL", "INT", "KILL", "PIPE", "QUIT", "SEGV", "TERM", "USR1",
                            "USR2" };

  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    {
      g_autoptr(Run) run = run_new (commands);
      g_autofree char *command = g_strdup_printf ("ulimit -c 0; kill -%s $$", signals[i]);

      g_assert_true (run_exec (run, command));
      run_wait (run);
      g_assert_cmpstr (devssh_channel_get_exit_signal (run->channel), ==, signals[i]);
      g_assert_cmpint (devssh_channel_get_exit_status (run->channel), ==, -1);
      test_spin_until (commands->n_ended == i + 1);
      g_assert_cmpint (commands->exit_status, ==, -1);
      g_assert_cmpstr (commands->exit_signal, ==, signals[i]);
    }
}

/* One that RFC 4254 has no name for. */
static void
test_exec_signalled_otherwise (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);

  g_assert_true (run_exec (run, "ulimit -c 0; kill -BUS $$"));
  run_wait (run);
  g_assert_cmpstr (devssh_channel_get_exit_signal (run->channel), ==, "SIG@openssh.com");
  g_assert_cmpstr (devssh_channel_get_error_message (run->channel), ==, g_strsignal (SIGBUS));
}

static void
test_exec_without_shell (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);

  devssh_command_runner_set_shell (commands->runner, "/no/such/shell");
  g_assert_false (run_exec (run, "true"));
  g_assert_cmpuint (commands->n_started, ==, 0);
  g_assert_true (has_no_children ());

  devssh_command_runner_set_shell (commands->runner, "/bin/sh");
  devssh_command_runner_set_working_directory (commands->runner, "/no/such/folder");
  g_assert_false (run_exec (run, "true"));

  devssh_command_runner_set_working_directory (commands->runner, "/");
  g_assert_true (run_exec (run, "pwd"));
  run_wait (run);
  g_assert_cmpstr (run->out->str, ==, "/\n");
}

/* ---- what a command is born with ---- */

/* The shell itself looks; what it opens to look is closed by then. */
#define LIST_DESCRIPTORS "for fd in /proc/$$/fd/*; do if [ -e $fd ]; then printf '%s ' ${fd##*/}; fi; done; echo"

static void
test_descriptors (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autofree char *out = NULL;
  int leaky[8];

  for (guint i = 0; i < G_N_ELEMENTS (leaky); i++)
    {
      leaky[i] = open ("/dev/null", O_RDWR);
      g_assert_cmpint (leaky[i], >=, 0);
    }

  out = run_whole (commands, LIST_DESCRIPTORS, 0);
  g_assert_cmpstr (out, ==, "0 1 2 \n");

  for (guint i = 0; i < G_N_ELEMENTS (leaky); i++)
    close (leaky[i]);
}

static void
test_signals_by_default (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autofree char *out = NULL;
  sigset_t some, before;

  signal (SIGUSR1, SIG_IGN);
  signal (SIGHUP, SIG_IGN);
  sigemptyset (&some);
  sigaddset (&some, SIGTERM);
  sigaddset (&some, SIGUSR2);
  pthread_sigmask (SIG_BLOCK, &some, &before);

  out = run_whole (commands, "exec grep -E 'Sig(Blk|Ign)' /proc/self/status", 0);
  g_assert_cmpstr (out, ==, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");

  pthread_sigmask (SIG_SETMASK, &before, NULL);
  signal (SIGUSR1, SIG_DFL);
  signal (SIGHUP, SIG_DFL);
}

/* Fields of /proc/self/stat: pid, ppid, group, session. */
static void
test_session_of_its_own (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autofree char *out = run_whole (commands, "exec cut -d ' ' -f 1,4,5,6,7 /proc/self/stat", 0);
  g_auto(GStrv) fields = g_strsplit (out, " ", -1);

  g_assert_cmpuint (g_strv_length (fields), ==, 5);
  g_assert_cmpint (atoi (fields[1]), ==, getpid ());
  g_assert_cmpstr (fields[2], ==, fields[0]);
  g_assert_cmpstr (fields[3], ==, fields[0]);
  g_assert_cmpint (atoi (fields[4]), ==, 0);
}

/* ---- the environment ---- */

/* What env(1) prints there. */
static char *
environment_of (Run *run)
{
  g_assert_true (run_exec (run, "env"));
  run_wait (run);

  return g_strdup (run->out->str);
}

static gboolean
has_variable (const char *environment,
              const char *entry)
{
  g_auto(GStrv) lines = g_strsplit (environment, "\n", -1);

  return g_strv_contains ((const char * const *) lines, entry);
}

static void
test_environment_least (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);
  g_autofree char *environment = NULL;
  g_autofree char *home = g_strconcat ("HOME=", g_get_home_dir (), NULL);

  g_setenv ("DEVSSH_TEST_SECRET", "of this process", TRUE);
  environment = environment_of (run);
  g_assert_null (strstr (environment, "DEVSSH_TEST_SECRET"));
  g_assert_null (strstr (environment, "TERM="));
  g_assert_true (has_variable (environment, home));
  g_assert_true (has_variable (environment, "PATH=/usr/local/bin:/usr/bin:/bin"));
  g_assert_true (has_variable (environment, "SHELL=/bin/sh"));
}

static void
test_environment_base (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);
  g_autofree char *environment = NULL;
  const char *base[] = { "PATH=/usr/bin:/bin", "COLOUR=blue", NULL };
  const char *allowed[] = { "COLOUR", NULL };

  devssh_command_runner_set_base_environment (commands->runner, base);
  devssh_command_runner_set_allowed_environment (commands->runner, allowed);
  g_assert_true (run_env (run, "COLOUR", "green=yellow"));
  environment = environment_of (run);
  g_assert_true (has_variable (environment, "PATH=/usr/bin:/bin"));
  g_assert_true (has_variable (environment, "COLOUR=green=yellow"));
  g_assert_null (strstr (environment, "HOME="));
}

static void
test_environment_by_default (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);
  g_autofree char *environment = NULL;
  const char *names[] = { "LD_PRELOAD", "LD_LIBRARY_PATH", "PATH", "HOME", "BASH_ENV", "ENV", "IFS", "LANG", "TERM", "",
                          "A=B", "../../x", "LC_*", "*" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_false (run_env (run, names[i], "/tmp/evil"));

  environment = environment_of (run);
  g_assert_null (strstr (environment, "evil"));
  /* What prepares is not asked about. */
  g_assert_cmpuint (commands->n_questions, ==, 1);
}

static void
test_environment_exact (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);
  g_autofree char *environment = NULL;
  g_autofree char *long_value = g_strnfill (32 * 1024 + 1, 'x');
  const char *allowed[] = { "LC_*", "LANG", "A=B", "", NULL };

  devssh_command_runner_set_allowed_environment (commands->runner, allowed);
  g_assert_true (run_env (run, "LANG", "first"));
  g_assert_true (run_env (run, "LANG", "second"));
  g_assert_false (run_env (run, "LC_ALL", "evil"));
  g_assert_false (run_env (run, "lang", "evil"));
  g_assert_false (run_env (run, "LANGUAGE", "evil"));
  g_assert_false (run_env (run, "LAN", "evil"));
  g_assert_false (run_env (run, "", "evil"));
  g_assert_false (run_env (run, "A=B", "evil"));
  g_assert_false (run_env (run, "LANG", long_value));

  environment = environment_of (run);
  g_assert_true (has_variable (environment, "LANG=second"));
  g_assert_null (strstr (environment, "evil"));
}

/* Whoever names it gets it. */
static void
test_environment_dangerous (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);
  g_autofree char *environment = NULL;
  const char *allowed[] = { "PATH", NULL };

  devssh_command_runner_set_allowed_environment (commands->runner, allowed);
  g_assert_true (run_env (run, "PATH", "/usr/bin:/bin:/peer"));
  environment = environment_of (run);
  g_assert_true (has_variable (environment, "PATH=/usr/bin:/bin:/peer"));
}

static void
test_environment_late (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);
  const char *allowed[] = { "LANG", NULL };

  devssh_command_runner_set_allowed_environment (commands->runner, allowed);
  g_assert_true (run_exec (run, "cat; echo $LANG"));
  g_assert_false (run_env (run, "LANG", "late"));
  devssh_channel_send_eof (run->channel, NULL);
  run_wait (run);
  g_assert_cmpstr (run->out->str, ==, "\n");
}

/* ---- shell and subsystem ---- */

static void
test_shell (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);

  g_assert_true (run_request (run, DEVSSH_REQUEST_SHELL, NULL));
  g_assert_cmpstr (commands->started, ==, "shell");
  run_send (run, "echo $0\nexit 9\n");
  run_wait (run);
  g_assert_cmpstr (run->out->str, ==, "-sh\n");
  g_assert_cmpint (devssh_channel_get_exit_status (run->channel), ==, 9);
}

static void
test_subsystem (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);
  g_auto(GStrv) names = NULL;
  const char *count[] = { "/bin/sh", "-c", "echo $# \"$1\"; wc -c", "count", "two words", NULL };
  const char *other[] = { "/bin/true", NULL };

  devssh_command_runner_set_subsystem (commands->runner, "other", other);
  devssh_command_runner_set_subsystem (commands->runner, "count", other);
  devssh_command_runner_set_subsystem (commands->runner, "count", count);
  names = devssh_command_runner_dup_subsystems (commands->runner);
  g_assert_cmpuint (g_strv_length (names), ==, 2);
  g_assert_cmpstr (names[0], ==, "count");
  g_assert_cmpstr (names[1], ==, "other");

  g_assert_true (run_request (run, DEVSSH_REQUEST_SUBSYSTEM, strings_payload ("count", NULL)));
  g_assert_cmpstr (commands->started, ==, "subsystem:count");
  run_send (run, "12345");
  devssh_channel_send_eof (run->channel, NULL);
  run_wait (run);
  g_assert_cmpstr (run->out->str, ==, "1 two words\n5\n");
}

static void
test_subsystem_unknown (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);
  const char *names[] = { "", "sftp-server", "/bin/sh", "../../bin/sh", "sh", "true", "SFTP", "sftp ", "sftp/../sftp" };
  const char *program[] = { "/bin/true", NULL };

  devssh_command_runner_set_subsystem (commands->runner, "sftp", program);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_false (run_request (run, DEVSSH_REQUEST_SUBSYSTEM, strings_payload (names[i], NULL)));

  g_assert_cmpuint (commands->n_questions, ==, 0);
  g_assert_cmpuint (commands->n_started, ==, 0);

  g_assert_true (devssh_command_runner_remove_subsystem (commands->runner, "sftp"));
  g_assert_false (devssh_command_runner_remove_subsystem (commands->runner, "sftp"));
  g_assert_false (run_request (run, DEVSSH_REQUEST_SUBSYSTEM, strings_payload ("sftp", NULL)));
}

/* While the application thinks, the name goes. */
static void
test_subsystem_removed (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);
  g_autoptr(GBytes) payload = strings_payload ("sftp", NULL);
  g_autoptr(GAsyncResult) result = NULL;
  const char *program[] = { "/bin/true", NULL };

  devssh_command_runner_set_subsystem (commands->runner, "sftp", program);
  commands->keep_questions = TRUE;
  devssh_channel_request_async (run->channel, "subsystem", TRUE, payload, NULL, test_keep_result_cb, &result);
  test_spin_until (commands->n_questions == 1);
  devssh_command_runner_remove_subsystem (commands->runner, "sftp");
  devssh_channel_request_complete (commands->question, TRUE);
  test_spin_until (result != NULL);
  g_assert_false (devssh_channel_request_finish (run->channel, result, NULL));
  g_assert_cmpuint (commands->n_started, ==, 0);
}

/* ---- terminals ---- */

static void
test_terminal_by_default (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);

  g_assert_false (run_pty (run, "xterm", 80, 24, ""));
  g_assert_false (run_resize (run, 80, 24));
  g_assert_true (run_exec (run, "tty; echo $TERM"));
  run_wait (run);
  g_assert_cmpstr (run->out->str, ==, "not a tty\n\n");
}

static Commands *
commands_with_terminals (void)
{
  Commands *commands = commands_new ();

  devssh_command_runner_set_allow_pty (commands->runner, TRUE);

  return commands;
}

static void
test_terminal (void)
{
  g_autoptr(Commands) commands = commands_with_terminals ();
  g_autoptr(Run) run = run_new (commands);
  g_auto(GStrv) lines = NULL;
  g_auto(GStrv) fields = NULL;

  g_assert_true (run_pty (run, "xterm-256color", 100, 40, ""));
  g_assert_false (run_pty (run, "xterm", 80, 24, ""));
  g_assert_true (run_exec (run, "tty; stty size; echo $TERM; cut -d ' ' -f 1,5,6,7,8 /proc/$$/stat; "
                                LIST_DESCRIPTORS "; echo error >&2"));
  run_wait (run);
  lines = g_strsplit (run->out->str, "\r\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 7);
  g_assert_true (g_str_has_prefix (lines[0], "/dev/pts/"));
  g_assert_cmpstr (lines[1], ==, "40 100");
  g_assert_cmpstr (lines[2], ==, "xterm-256color");
  /* It leads its session and its group, which is the one in the foreground of its terminal. */
  fields = g_strsplit (lines[3], " ", -1);
  g_assert_cmpstr (fields[1], ==, fields[0]);
  g_assert_cmpstr (fields[2], ==, fields[0]);
  g_assert_cmpint (atoi (fields[3]), !=, 0);
  g_assert_cmpstr (fields[4], ==, fields[0]);
  g_assert_cmpstr (lines[4], ==, "0 1 2 ");
  /* There is one voice only. */
  g_assert_cmpstr (lines[5], ==, "error");
  g_assert_cmpstr (run->err->str, ==, "");
}

static void
test_terminal_of_odd_type (void)
{
  g_autoptr(Commands) commands = commands_with_terminals ();
  g_autoptr(Run) run = run_new (commands);
  g_autofree char *long_type = g_strnfill (65, 'x');

  g_assert_false (run_pty (run, "../../x", 80, 24, ""));
  g_assert_false (run_pty (run, "x term", 80, 24, ""));
  g_assert_false (run_pty (run, long_type, 80, 24, ""));
  g_assert_false (run_request (run, DEVSSH_REQUEST_PTY, strings_payload ("xterm", NULL)));
  g_assert_true (run_pty (run, "", 80, 24, ""));
  g_assert_true (run_exec (run, "tty >/dev/null; echo $?$TERM"));
  run_wait (run);
  g_assert_cmpstr (run->out->str, ==, "0\r\n");
}

/* RFC 4254, 8; the rows of the table are looked at as stty shows them. */
static void
test_terminal_modes (void)
{
  g_autoptr(Commands) commands = commands_with_terminals ();
  g_autoptr(Run) run = run_new (commands);
  const struct { const char *mode; const char *shown; } modes[] = {
    { "1=1", "intr = ^A;" }, { "2=255", "quit = <undef>;" }, { "3=8", "erase = ^H;" }, { "4=2", "kill = ^B;" },
    { "5=5", "eof = ^E;" }, { "6=6", "eol = ^F;" }, { "7=7", "eol2 = ^G;" }, { "8=14", "start = ^N;" },
    { "9=15", "stop = ^O;" }, { "10=16", "susp = ^P;" }, { "12=20", "rprnt = ^T;" }, { "13=21", "werase = ^U;" },
    { "14=24", "lnext = ^X;" }, { "18=25", "discard = ^Y;" },
    { "30=1", " ignpar" }, { "31=1", " parmrk" }, { "32=1", " inpck" }, { "33=1", " istrip" }, { "34=1", " inlcr" },
    { "35=1", " igncr" }, { "36=0", " -icrnl" }, { "37=1", " iuclc" }, { "38=0", " -ixon" }, { "39=1", " ixany" },
    { "40=1", " ixoff" }, { "41=1", " imaxbel" }, { "42=1", " iutf8" },
    { "50=0", "-isig" }, { "51=0", " -icanon" }, { "52=1", " xcase" }, { "53=0", " -echo " }, { "54=0", " -echoe " },
    { "55=0", " -echok " }, { "56=1", " echonl" }, { "57=1", " noflsh" }, { "58=1", " tostop" }, { "59=0", " -iexten" },
    { "60=0", " -echoctl" }, { "61=0", " -echoke" },
    { "72=0", " -onlcr" }, { "73=1", " ocrnl" }, { "74=1", " onocr" }, { "75=1", " onlret" },
    { "93=1", " parodd" }, { "129=9600", "speed 9600 baud" },
  };
  g_autoptr(GString) all = g_string_new ("19=1");

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    g_string_append_printf (all, " %s", modes[i].mode);

  g_assert_true (run_pty (run, "xterm", 80, 24, all->str));
  g_assert_true (run_exec (run, "stty -a"));
  run_wait (run);
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autofree char *text = g_strdelimit (g_strconcat (" ", run->out->str, NULL), "\r\n", ' ');

      if (strstr (text, modes[i].shown) == NULL)
        g_error ("mode %s: no “%s” in %s", modes[i].mode, modes[i].shown, run->out->str);
    }
}

/* What a pseudo-terminal of Linux never shows. */
static void
test_terminal_modes_of_lines (void)
{
  const guint8 modes[] = { 90, 0, 0, 0, 1, 92, 0, 0, 0, 1, 128, 0, 0, 1, 44, 129, 0, 0, 0, 7 };
  struct termios settings = { .c_cflag = CS8 };

  devssh_command_apply_modes (&settings, modes, sizeof modes);
  g_assert_cmpuint (settings.c_cflag & CSIZE, ==, CS7);
  g_assert_cmpuint (settings.c_cflag & PARENB, ==, PARENB);
  g_assert_cmpuint (cfgetispeed (&settings), ==, B300);
}

/* TTY_OP_END ends the list, so does what is not defined, and a list that is cut off is no harm. */
static void
test_terminal_modes_cut (void)
{
  g_autoptr(Commands) commands = commands_with_terminals ();
  const char *lists[] = { "0=0 53=0", "160=0 53=0", "255=0 53=0" };

  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      g_autoptr(Run) run = run_new (commands);

      g_assert_true (run_pty (run, "xterm", 80, 24, lists[i]));
      g_assert_true (run_exec (run, "stty -a"));
      run_wait (run);
      g_assert_nonnull (strstr (run->out->str, " echo "));
    }

  for (gsize length = 0; length <= 11; length++)
    {
      const guint8 modes[] = { 53, 0, 0, 0, 0, 51, 0, 0, 0, 0, 0 };
      g_autoptr(DevSshWriter) writer = devssh_writer_new ();
      g_autoptr(Run) run = run_new (commands);

      devssh_writer_put_utf8 (writer, "xterm");
      for (guint i = 0; i < 4; i++)
        devssh_writer_put_uint32 (writer, 70000);
      devssh_writer_put_string (writer, modes, length);
      g_assert_true (run_request (run, DEVSSH_REQUEST_PTY, devssh_writer_end (writer)));
      g_assert_true (run_exec (run, "stty size; stty -a"));
      run_wait (run);
      g_assert_true (g_str_has_prefix (run->out->str, "65535 65535"));
      g_assert_true ((strstr (run->out->str, " -echo ") != NULL) == (length >= 5));
      g_assert_true ((strstr (run->out->str, " -icanon ") != NULL) == (length >= 10));
    }
}

static void
test_terminal_resized (void)
{
  g_autoptr(Commands) commands = commands_with_terminals ();
  g_autoptr(Run) run = run_new (commands);

  g_assert_true (run_pty (run, "xterm", 80, 24, "53=0"));
  g_assert_true (run_resize (run, 81, 25));
  g_assert_true (run_exec (run, "stty size; trap 'stty size; exit 0' WINCH; echo ready; while :; do :; done"));
  test_spin_until (g_str_has_suffix (run->out->str, "ready\r\n"));
  g_assert_cmpstr (run->out->str, ==, "25 81\r\nready\r\n");
  g_assert_true (run_resize (run, 132, 50));
  run_wait (run);
  g_assert_true (g_str_has_suffix (run->out->str, "50 132\r\n"));
}

static void
test_terminal_late (void)
{
  g_autoptr(Commands) commands = commands_with_terminals ();
  g_autoptr(Run) run = run_new (commands);

  g_assert_true (run_exec (run, "cat; tty"));
  g_assert_false (run_pty (run, "xterm", 80, 24, ""));
  g_assert_false (run_resize (run, 80, 24));
  devssh_channel_send_eof (run->channel, NULL);
  run_wait (run);
  g_assert_cmpstr (run->out->str, ==, "not a tty\n");
}

/* A key that is typed, and ends what reads. */
static void
test_terminal_typed (void)
{
  g_autoptr(Commands) commands = commands_with_terminals ();
  g_autoptr(Run) run = run_new (commands);

  g_assert_true (run_pty (run, "xterm", 80, 24, ""));
  g_assert_true (run_request (run, DEVSSH_REQUEST_SHELL, NULL));
  run_send (run, "stty -echo; echo begin\n");
  test_spin_until (strstr (run->out->str, "begin\r\n") != NULL);
  run_send (run, "cat; echo status $?\n");
  run_send (run, "a line\n\004");
  test_spin_until (strstr (run->out->str, "status 0\r\n") != NULL);
  g_assert_nonnull (strstr (run->out->str, "a line\r\n"));
  run_send (run, "(echo sleeping; exec sleep 1000)\n");
  test_spin_until (strstr (run->out->str, "sleeping\r\n") != NULL);
  run_send (run, "\003");
  run_send (run, "echo interrupted $?; exit 4\n");
  run_wait (run);
  g_assert_nonnull (strstr (run->out->str, "interrupted 130\r\n"));
  g_assert_cmpint (devssh_channel_get_exit_status (run->channel), ==, 4);
}

/* ---- signals ---- */

static void
test_signal (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);

  g_assert_false (run_signal (run, "TERM"));
  /* Both, the shell and what it waits for, are in the group, and the output has its end when both are gone. */
  g_assert_true (run_exec (run, "trap 'echo one; exit 6' USR1; sh -c 'echo ready; exec sleep 1000' & wait"));
  test_spin_until (g_str_equal (run->out->str, "ready\n"));
  g_assert_false (run_signal (run, "SIGUSR1"));
  g_assert_false (run_signal (run, "usr1"));
  g_assert_false (run_signal (run, "STOP"));
  g_assert_false (run_signal (run, ""));
  g_assert_false (run_signal (run, "-1"));
  g_assert_true (run_signal (run, "USR1"));
  run_wait (run);
  g_assert_cmpstr (run->out->str, ==, "ready\none\n");
  g_assert_cmpint (devssh_channel_get_exit_status (run->channel), ==, 6);
}

static void
test_signal_ends (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);

  g_assert_true (run_exec (run, "exec sleep 1000"));
  g_assert_true (devssh_channel_send_signal (run->channel, "TERM", NULL));
  run_wait (run);
  g_assert_cmpstr (devssh_channel_get_exit_signal (run->channel), ==, "TERM");
}

/* ---- options ---- */

static void
test_options (void)
{
  g_autoptr(Commands) commands = commands_new ();
  DevSshCommandRunner *runner = commands->runner;
  g_auto(GStrv) allowed = devssh_command_runner_dup_allowed_environment (runner);
  g_auto(GStrv) base = devssh_command_runner_dup_base_environment (runner);
  g_auto(GStrv) subsystems = devssh_command_runner_dup_subsystems (runner);
  g_autofree char *shell = devssh_command_runner_dup_shell (runner);
  g_autofree char *folder = devssh_command_runner_dup_working_directory (runner);

  g_assert_null (allowed);
  g_assert_null (base);
  g_assert_cmpuint (g_strv_length (subsystems), ==, 0);
  g_assert_cmpstr (shell, ==, "/bin/sh");
  g_assert_cmpstr (folder, ==, commands->folder);
  g_assert_false (devssh_command_runner_get_allow_pty (runner));
  g_assert_cmpuint (devssh_command_runner_get_hangup_grace (runner), ==, 5);
  devssh_command_runner_set_hangup_grace (runner, 7);
  g_assert_cmpuint (devssh_command_runner_get_hangup_grace (runner), ==, 7);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define T(name, function) g_test_add_func ("/plugins/command/" name, test_ ## function)
  T ("not-allowed", not_allowed);
  T ("nobody-answers", nobody_answers);
  T ("refused", refused);
  T ("dropped", dropped);
  T ("answered-later", answered_later);
  T ("exec", exec);
  T ("exec/status", exec_status);
  T ("exec/signalled", exec_signalled);
  T ("exec/signalled/otherwise", exec_signalled_otherwise);
  T ("exec/cannot-start", exec_without_shell);
  T ("born-with/descriptors/T-67", descriptors);
  T ("born-with/signals", signals_by_default);
  T ("born-with/session", session_of_its_own);
  T ("environment/least", environment_least);
  T ("environment/base", environment_base);
  T ("environment/by-default/T-88", environment_by_default);
  T ("environment/exact/T-88", environment_exact);
  T ("environment/dangerous/T-88", environment_dangerous);
  T ("environment/late", environment_late);
  T ("shell", shell);
  T ("subsystem", subsystem);
  T ("subsystem/unknown/T-88", subsystem_unknown);
  T ("subsystem/removed", subsystem_removed);
  T ("terminal/by-default", terminal_by_default);
  T ("terminal", terminal);
  T ("terminal/odd-type/T-88", terminal_of_odd_type);
  T ("terminal/modes", terminal_modes);
  T ("terminal/modes/of-lines", terminal_modes_of_lines);
  T ("terminal/modes/cut", terminal_modes_cut);
  T ("terminal/resized", terminal_resized);
  T ("terminal/late", terminal_late);
  T ("terminal/typed", terminal_typed);
  T ("signal", signal);
  T ("signal/ends", signal_ends);
  T ("options", options);

  return g_test_run ();
}
