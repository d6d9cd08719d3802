/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* devssh exec: a command on a server, with this program's input, output and status. */
#include "tool.h"

#include <errno.h>
#include <gio/gunixinputstream.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define READ_SIZE (128 * 1024)

static ToolConnection  connection;
static gboolean        want_terminal;
static gboolean        no_input;
static gboolean        is_subsystem;
static char          **environment;

static GOptionEntry entries[] = {
  { "terminal", 't', 0, G_OPTION_ARG_NONE, &want_terminal, "With a terminal at the other end", NULL },
  { "no-input", 'n', 0, G_OPTION_ARG_NONE, &no_input, "The command's input is empty", NULL },
  { "subsystem", 's', 0, G_OPTION_ARG_NONE, &is_subsystem, "COMMAND is the name of a subsystem, such as sftp", NULL },
  { "env", 0, 0, G_OPTION_ARG_STRING_ARRAY, &environment, "Ask the server to set a variable; may be given again", "NAME=VALUE" },
  { NULL }
};

typedef struct
{
  DevSshChannel *channel;
  GInputStream  *input;         /* NULL: none, or at its end */
  GCancellable  *cancellable;   /* ends the read that waits */
  gboolean       closed;
  gboolean       broken;        /* nobody reads what we write */
} Exec;

/* ---- output ---- */

static void
write_all (Exec   *self,
           int     fd,
           GBytes *bytes)
{
  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);

  while (length > 0 && !self->broken)
    {
      gssize n = write (fd, data, length);

      if (n >= 0)
        {
          data += n;
          length -= (gsize) n;
        }
      else if (errno == EAGAIN)
        {
          GPollFD poll = { .fd = fd, .events = G_IO_OUT };

          g_poll (&poll, 1, -1);
        }
      else if (errno != EINTR)
        {
          self->broken = TRUE;
          devssh_channel_close (self->channel);
        }
    }
}

static void
show (Exec       *self,
      int         fd,
      GBytes     *bytes)
{
  g_autofree char *base64 = NULL;

  if (!tool_json)
    {
      /* It blocks, and with us the command at the other end: that is what a slow reader is for. */
      write_all (self, fd, bytes);
      return;
    }
  base64 = g_base64_encode (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  tool_event ("output", NULL, "stream", "s", fd == STDOUT_FILENO ? "stdout" : "stderr", "base64", "s", base64, NULL);
}

static void
data_cb (DevSshChannel *channel,
         GBytes        *bytes,
         gpointer       user_data)
{
  show (user_data, STDOUT_FILENO, bytes);
}

static void
extended_data_cb (DevSshChannel *channel,
                  guint          type,
                  GBytes        *bytes,
                  gpointer       user_data)
{
  show (user_data, STDERR_FILENO, bytes);
}

static void
closed_cb (DevSshChannel *channel,
           gpointer       user_data)
{
  Exec *self = user_data;

  self->closed = TRUE;
  g_cancellable_cancel (self->cancellable);
}

/* ---- input ---- */

static void exec_read (Exec *self);

static void
sent_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Exec *self = user_data;

  if (devssh_channel_send_finish (self->channel, result, NULL))
    exec_read (self);
  else
    g_clear_object (&self->input);
}

static void
read_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Exec *self = user_data;
  g_autoptr(GBytes) bytes = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, NULL);

  if (bytes != NULL && g_bytes_get_size (bytes) > 0)
    {
      devssh_channel_send_async (self->channel, bytes, NULL, sent_cb, self);
      return;
    }
  g_clear_object (&self->input);
  devssh_channel_send_eof (self->channel, NULL);
}

static void
exec_read (Exec *self)
{
  g_input_stream_read_bytes_async (self->input, READ_SIZE, G_PRIORITY_DEFAULT, self->cancellable, read_cb, self);
}

/* ---- the terminal ---- */

static struct termios terminal_before;
static gboolean       terminal_is_raw;

static void
terminal_restore (void)
{
  if (terminal_is_raw)
    tcsetattr (STDIN_FILENO, TCSADRAIN, &terminal_before);
  terminal_is_raw = FALSE;
}

static void
terminal_make_raw (void)
{
  struct termios raw;

  if (!isatty (STDIN_FILENO) || tcgetattr (STDIN_FILENO, &terminal_before) != 0)
    return;
  raw = terminal_before;
  cfmakeraw (&raw);
  terminal_is_raw = tcsetattr (STDIN_FILENO, TCSADRAIN, &raw) == 0;
  atexit (terminal_restore);
}

static void
write_size (DevSshWriter *writer)
{
  struct winsize size = { .ws_col = 80, .ws_row = 24 };

  ioctl (STDIN_FILENO, TIOCGWINSZ, &size);
  devssh_writer_put_uint32 (writer, size.ws_col);
  devssh_writer_put_uint32 (writer, size.ws_row);
  devssh_writer_put_uint32 (writer, size.ws_xpixel);
  devssh_writer_put_uint32 (writer, size.ws_ypixel);
}

/* RFC 4254, 6.7 */
static gboolean
resized_cb (gpointer user_data)
{
  Exec *self = user_data;
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();
  g_autoptr(GBytes) payload = NULL;

  write_size (writer);
  payload = devssh_writer_end (writer);
  devssh_channel_request_async (self->channel, "window-change", FALSE, payload, NULL, NULL, NULL);
  return G_SOURCE_CONTINUE;
}

/* ---- requests ---- */

static gboolean
request (Exec        *self,
         const char  *type,
         gboolean     want_reply,
         GBytes      *payload,
         GError     **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  devssh_channel_request_async (self->channel, type, want_reply, payload, NULL, tool_keep_result_cb, &result);
  tool_wait (result != NULL);
  return devssh_channel_request_finish (self->channel, result, error);
}

/* RFC 4254, 6.2: no modes are set but what the server's own terminal has. */
static gboolean
request_terminal (Exec    *self,
                  GError **error)
{
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();
  g_autoptr(GBytes) payload = NULL;
  const char *name = g_getenv ("TERM");
  const guint8 no_modes[] = { 0 };

  devssh_writer_put_utf8 (writer, name != NULL ? name : "dumb");
  write_size (writer);
  devssh_writer_put_string (writer, no_modes, sizeof no_modes);
  payload = devssh_writer_end (writer);
  return request (self, "pty-req", TRUE, payload, error);
}

/* RFC 4254, 6.4: a server that does not want it says nothing, or no; neither is an end. */
static void
request_variable (Exec       *self,
                  const char *variable)
{
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();
  g_autoptr(GBytes) payload = NULL;
  const char *value = strchr (variable, '=');
  g_autofree char *name = value != NULL ? g_strndup (variable, (gsize) (value - variable)) : g_strdup (variable);

  devssh_writer_put_utf8 (writer, name);
  devssh_writer_put_utf8 (writer, value != NULL ? value + 1 : g_getenv (name) != NULL ? g_getenv (name) : "");
  payload = devssh_writer_end (writer);
  request (self, "env", FALSE, payload, NULL);
}

static gboolean
request_command (Exec        *self,
                 const char  *command,
                 GError     **error)
{
  g_autoptr(DevSshWriter) writer = NULL;
  g_autoptr(GBytes) payload = NULL;

  if (command == NULL)
    return request (self, "shell", TRUE, NULL, error);

  writer = devssh_writer_new ();
  devssh_writer_put_utf8 (writer, command);
  payload = devssh_writer_end (writer);
  return request (self, is_subsystem ? "subsystem" : "exec", TRUE, payload, error);
}

/* ---- the end ---- */

static int
exec_status (Exec *self)
{
  gint64 status = devssh_channel_get_exit_status (self->channel);
  const char *signal = devssh_channel_get_exit_signal (self->channel);
  const GError *error = devssh_channel_get_error (self->channel);

  if (signal != NULL)
    {
      tool_event ("exit", NULL, "signal", "s", signal, NULL);
      if (!tool_json)
        g_printerr ("devssh: the command was ended by signal %s\n", signal);
      return TOOL_FAILED;
    }
  if (status >= 0)
    {
      tool_event ("exit", NULL, "status", "x", status, NULL);
      return (int) (status & 0xff);
    }
  return tool_fail (TOOL_FAILED, error, "The command has ended without a status");
}

static int
exec_run (Exec       *self,
          const char *command)
{
  g_autoptr(GError) error = NULL;

  for (int i = 0; environment != NULL && environment[i] != NULL; i++)
    request_variable (self, environment[i]);
  if (want_terminal && !request_terminal (self, &error))
    return tool_fail (TOOL_REFUSED, error, "The server gives no terminal");
  if (!request_command (self, command, &error))
    return tool_fail (TOOL_REFUSED, error, "The server does not run this");

  if (want_terminal)
    {
      terminal_make_raw ();
      g_unix_signal_add (SIGWINCH, resized_cb, self);
    }
  if (no_input)
    {
      devssh_channel_send_eof (self->channel, NULL);
    }
  else
    {
      self->input = g_unix_input_stream_new (STDIN_FILENO, FALSE);
      exec_read (self);
    }
  tool_wait (self->closed || tool_was_interrupted ());
  terminal_restore ();
  if (!self->closed)
    {
      devssh_channel_send_signal (self->channel, "INT", NULL);
      devssh_channel_close (self->channel);
      return tool_fail (TOOL_FAILED, NULL, "Interrupted");
    }
  return exec_status (self);
}

static int
run (int   argc,
     char *argv[])
{
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new ();
  g_autoptr(DevSshClientSession) session = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) closed = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *command = NULL;
  Exec self = { 0 };
  int status;

  if (!tool_parse (&tool_exec_command, "[USER@]HOST[:PORT] [COMMAND...]",
                   "Without a command the user's shell is run. The status is that of the command.\n\n"
                   "  devssh exec --fingerprint SHA256:... alice@example.org uname -a\n"
                   "  tar c . | devssh exec alice@example.org \"tar x -C backup\"\n\n"
                   TOOL_STATUS_HELP,
                   entries, tool_connection_group (&connection), &argc, &argv))
    return TOOL_USAGE;
  if (argc < 2)
    return tool_fail (TOOL_USAGE, NULL, "Where?");
  if (argc > 2)
    command = g_strjoinv (" ", argv + 2);

  session = tool_connect (&connection, argv[1], config, &status);
  if (session == NULL)
    return status;

  if (!want_terminal)
    tool_watch_signals ();
  devssh_session_open_channel_async (DEVSSH_SESSION (session), NULL, NULL, tool_keep_result_cb, &result);
  tool_wait (result != NULL);
  self.channel = devssh_session_open_channel_finish (DEVSSH_SESSION (session), result, &error);
  if (self.channel == NULL)
    {
      status = tool_fail (TOOL_REFUSED, error, "The server opens no channel");
    }
  else
    {
      self.cancellable = g_cancellable_new ();
      g_signal_connect (self.channel, "data", G_CALLBACK (data_cb), &self);
      g_signal_connect (self.channel, "extended-data", G_CALLBACK (extended_data_cb), &self);
      g_signal_connect (self.channel, "closed", G_CALLBACK (closed_cb), &self);
      status = exec_run (&self, command);
    }

  devssh_session_close_async (DEVSSH_SESSION (session), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "", NULL,
                              tool_keep_result_cb, &closed);
  tool_wait (closed != NULL);
  g_clear_object (&self.channel);
  g_clear_object (&self.cancellable);
  tool_connection_clear (&connection);
  return status;
}

const ToolCommand tool_exec_command = { "exec", "Runs a command on a server", run };
