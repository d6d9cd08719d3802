/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One command that runs. It owns itself from its start until its process is reaped and all it wrote has left, or until its
 * channel is closed and its group gone. */
#include "devssh-command-process.h"

#include "devssh-command-relay.h"
#include "devssh-command-system.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sys/wait.h>

/* Milliseconds between two looks at a group that was hung up. */
#define GRACE_LOOK 20

/* The name of a signal that RFC 4254 has none for, as OpenSSH's clients know it. */
#define OTHER_SIGNAL "SIG@openssh.com"

struct _DevSshCommandProcess
{
  DevSshCommandService *service;
  DevSshChannel        *channel;
  GPid                  pid;         /* and group */
  guint                 hangup_grace;
  gboolean              has_terminal;
  DevSshCommandRelay   *relay;       /* NULL: there is nothing more to say */
  GSource              *child_watch; /* NULL: it has exited, and wait_status says how */
  int                   wait_status;
  gboolean              hung_up;     /* its channel is closed */
  gboolean              ended;       /* everybody knows */
  GSource              *grace;       /* looks after what is left of its group ... */
  gint64                grace_end;   /* ... and kills it then; monotonic */
};

static const struct
{
  const char *name;
  int         number;
} signal_names[] = {
  { "ABRT", SIGABRT }, { "ALRM", SIGALRM }, { "FPE", SIGFPE }, { "HUP", SIGHUP }, { "ILL", SIGILL },
  { "INT", SIGINT }, { "KILL", SIGKILL }, { "PIPE", SIGPIPE }, { "QUIT", SIGQUIT }, { "SEGV", SIGSEGV },
  { "TERM", SIGTERM }, { "USR1", SIGUSR1 }, { "USR2", SIGUSR2 },
};

const char *
devssh_command_signal_name (int signal_number)
{
  for (guint i = 0; i < G_N_ELEMENTS (signal_names); i++)
    {
      if (signal_names[i].number == signal_number)
        return signal_names[i].name;
    }

  return NULL;
}

int
devssh_command_signal_number (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (signal_names); i++)
    {
      if (g_str_equal (signal_names[i].name, name))
        return signal_names[i].number;
    }

  return 0;
}

static void
process_clear (gpointer data)
{
  DevSshCommandProcess *self = data;

  g_object_unref (self->service);
  g_object_unref (self->channel);
}

DevSshCommandProcess *
devssh_command_process_ref (DevSshCommandProcess *self)
{
  return g_rc_box_acquire (self);
}

void
devssh_command_process_unref (DevSshCommandProcess *self)
{
  g_rc_box_release_full (self, process_clear);
}

static void
stop_source (GSource **source)
{
  if (*source == NULL)
    return;

  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

/* Everything of a session happens in its context, which is the thread's default one. */
static GSource *
start_source (GSource     *source,
              GSourceFunc  callback,
              gpointer     data)
{
  g_source_set_callback (source, callback, data, NULL);
  g_source_set_static_name (source, "[libdevssh] command");
  g_source_attach (source, g_main_context_get_thread_default ());

  return source;
}

/* ---- the end ---- */

/* RFC 4254, 6.10 */
static void
send_exit_signal (DevSshCommandProcess *self,
                  const char           *name,
                  const char           *text)
{
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();
  g_autoptr(GBytes) payload = NULL;

  devssh_writer_put_utf8 (writer, name);
  devssh_writer_put_boolean (writer, TRUE);   /* core dumped */
  devssh_writer_put_utf8 (writer, text);
  devssh_writer_put_utf8 (writer, "");
  payload = devssh_writer_end (writer);
  devssh_channel_request_async (self->channel, DEVSSH_REQUEST_EXIT_SIGNAL, FALSE, payload, NULL, NULL, NULL);
}

/* Peer first: a handler of the application may end the session. On a channel that is closed nothing is said. */
static void
tell (DevSshCommandProcess *self)
{
  int signal_number = WIFSIGNALED (self->wait_status) ? WTERMSIG (self->wait_status) : 0;
  const char *name = NULL;

  if (signal_number == 0)
    {
      devssh_channel_close_with_status (self->channel, (guint) WEXITSTATUS (self->wait_status));
    }
  else
    {
      name = devssh_command_signal_name (signal_number);
      if (name == NULL)
        name = OTHER_SIGNAL;
      if (WCOREDUMP (self->wait_status))
        {
          send_exit_signal (self, name, g_strsignal (signal_number));
          devssh_channel_close (self->channel);
        }
      else
        {
          devssh_channel_close_with_signal (self->channel, name, g_strsignal (signal_number));
        }
    }

  g_signal_emit_by_name (self->service, "command-ended", self->channel,
                         name == NULL ? WEXITSTATUS (self->wait_status) : -1, name);
}

/* Is it over? The last thing that any caller does with self. */
static void
settle (DevSshCommandProcess *self)
{
  if (self->ended || self->child_watch != NULL || self->grace != NULL
      || (self->relay != NULL && devssh_command_relay_has_output (self->relay)))
    return;

  self->ended = TRUE;
  g_clear_pointer (&self->relay, devssh_command_relay_free);
  tell (self);
  if (self->hung_up)
    devssh_service_release (DEVSSH_SERVICE (self->service));
  devssh_command_process_unref (self);
}

/* ---- its life ---- */

/* The leader alone is ours, and tells its end; the others are looked for. As long as one of them is there, the number of the
 * group is theirs, and it comes round again later than we look. */
static gboolean
group_is_gone (DevSshCommandProcess *self)
{
  return self->child_watch == NULL && !devssh_command_signal_group (self->pid, 0);
}

static void
exited_cb (GPid     pid,
           int      wait_status,
           gpointer user_data)
{
  DevSshCommandProcess *self = user_data;

  self->wait_status = wait_status;
  g_clear_pointer (&self->child_watch, g_source_unref);
  if (self->relay != NULL)
    devssh_command_relay_stop_input (self->relay);
  if (self->grace != NULL && group_is_gone (self))
    stop_source (&self->grace);
  settle (self);
}

static gboolean
grace_cb (gpointer user_data)
{
  DevSshCommandProcess *self = user_data;

  if (!group_is_gone (self))
    {
      if (g_get_monotonic_time () < self->grace_end)
        return G_SOURCE_CONTINUE;
      devssh_command_signal_group (self->pid, SIGKILL);
    }

  stop_source (&self->grace);
  settle (self);
  return G_SOURCE_REMOVE;
}

/* An OpenSSH client closes as soon as EOF has been said on both sides, and waits for the status: so what has said all is
 * waited for. Whoever closes before does not want the rest. */
gboolean
devssh_command_process_close (DevSshCommandProcess *self)
{
  if (self->relay == NULL)
    return TRUE;

  if (self->child_watch != NULL && devssh_command_relay_has_output (self->relay))
    return FALSE;

  g_clear_pointer (&self->relay, devssh_command_relay_free);
  settle (self);
  return TRUE;
}

void
devssh_command_process_hang_up (DevSshCommandProcess *self)
{
  if (self->hung_up || self->ended)
    return;

  self->hung_up = TRUE;
  /* The session may be over, and whoever runs the loop must not be before the group is. */
  devssh_service_hold (DEVSSH_SERVICE (self->service));
  g_clear_pointer (&self->relay, devssh_command_relay_free);
  if (self->child_watch != NULL)
    {
      /* What was stopped has to run to hear of it. */
      devssh_command_signal_group (self->pid, SIGHUP);
      devssh_command_signal_group (self->pid, SIGCONT);
      self->grace_end = g_get_monotonic_time () + self->hangup_grace * G_TIME_SPAN_SECOND;
      self->grace = start_source (g_timeout_source_new (GRACE_LOOK), grace_cb, self);
    }
  settle (self);
}

gboolean
devssh_command_process_signal (DevSshCommandProcess *self,
                               int                   signal_number)
{
  return self->child_watch != NULL && devssh_command_signal_group (self->pid, signal_number);
}

gboolean
devssh_command_process_resize (DevSshCommandProcess *self,
                               guint                 columns,
                               guint                 rows,
                               guint                 width,
                               guint                 height)
{
  int terminal = self->relay != NULL && self->has_terminal ? devssh_command_relay_get_output (self->relay) : -1;

  if (terminal < 0)
    return FALSE;

  devssh_command_set_window_size (terminal, columns, rows, width, height);
  return TRUE;
}

/* ---- its start ---- */

/* fds: what the relay wants; those that are not -1 are open also if it fails. */
static gboolean
spawn (const DevSshCommandStart  *start,
       int                       *fds,
       GPid                      *pid,
       GError                   **error)
{
  GSpawnFlags flags = G_SPAWN_DO_NOT_REAP_CHILD | (start->is_login ? G_SPAWN_FILE_AND_ARGV_ZERO : 0);
  gboolean has_terminal = start->terminal >= 0;
  int slave = has_terminal ? start->terminal_slave : -1;

  if (has_terminal)
    {
      fds[0] = devssh_command_duplicate (start->terminal);
      fds[1] = devssh_command_duplicate (start->terminal);
      if (fds[0] < 0 || fds[1] < 0)
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES, "Out of descriptors");
          return FALSE;
        }
    }

  /* GLib closes whatever else is open on the other side (T-67), and tells what exec() says. */
  return g_spawn_async_with_pipes_and_fds (start->working_directory, (const char * const *) start->argv,
                                           (const char * const *) start->environment, flags,
                                           devssh_command_child_setup, NULL, slave, slave, slave, NULL, NULL, 0, pid,
                                           has_terminal ? NULL : &fds[0],
                                           has_terminal ? NULL : &fds[1],
                                           has_terminal ? NULL : &fds[2],
                                           error);
}

static gboolean
peer_is_openssh (DevSshCommandService *service)
{
  DevSshSession *session = devssh_service_get_session (DEVSSH_SERVICE (service));
  DevSshVersion *version = session != NULL ? devssh_session_get_remote_version (session) : NULL;

  return version != NULL && g_strcmp0 (devssh_version_get_name (version), "OpenSSH") == 0;
}

static void
relay_ended_cb (gpointer user_data)
{
  settle (user_data);
}

DevSshCommandProcess *
devssh_command_process_start (DevSshCommandService      *service,
                              DevSshChannel             *channel,
                              const DevSshCommandStart  *start,
                              GError                   **error)
{
  DevSshCommandProcess *self;
  int fds[3] = { -1, -1, -1 };
  GPid pid;

  if (!spawn (start, fds, &pid, error))
    {
      for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
        {
          if (fds[i] >= 0)
            g_close (fds[i], NULL);
        }
      return NULL;
    }

  self = g_rc_box_new0 (DevSshCommandProcess);
  self->service = g_object_ref (service);
  self->channel = g_object_ref (channel);
  self->pid = pid;
  self->hangup_grace = start->hangup_grace;
  self->has_terminal = start->terminal >= 0;
  self->relay = devssh_command_relay_new (channel, fds, peer_is_openssh (service), relay_ended_cb, self);
  self->child_watch = start_source (g_child_watch_source_new (pid), G_SOURCE_FUNC (exited_cb), self);

  return devssh_command_process_ref (self);
}
