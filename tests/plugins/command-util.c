/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two sessions, the plugin on the server's side, and the channels of a client that runs commands. */
#include "command-util.h"

#include "installed-plugin.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static gboolean
channel_request_cb (DevSshChannel        *channel,
                    DevSshChannelRequest *request,
                    gpointer              user_data)
{
  Commands *self = user_data;

  self->n_questions++;
  g_set_object (&self->question, request);
  if (!self->keep_questions)
    devssh_channel_request_complete (request, self->accept);

  return TRUE;
}

static gboolean
channel_opening_cb (DevSshSession        *session,
                    DevSshChannelOpening *opening,
                    gpointer              user_data)
{
  Commands *self = user_data;

  g_set_object (&self->served, devssh_channel_opening_get_channel (opening));
  if (!self->leave_questions)
    g_signal_connect (self->served, "request", G_CALLBACK (channel_request_cb), self);
  devssh_channel_opening_accept (opening);

  return TRUE;
}

static void
started_cb (DevSshCommandRunner *runner,
            DevSshChannel       *channel,
            const char          *request_type,
            const char          *command,
            gpointer             user_data)
{
  Commands *self = user_data;

  self->n_started++;
  g_free (self->started);
  self->started = g_strconcat (request_type, command != NULL ? ":" : NULL, command, NULL);
}

static void
ended_cb (DevSshCommandRunner *runner,
          DevSshChannel       *channel,
          int                  exit_status,
          const char          *exit_signal,
          gpointer             user_data)
{
  Commands *self = user_data;

  self->n_ended++;
  self->exit_status = exit_status;
  g_free (self->exit_signal);
  self->exit_signal = g_strdup (exit_signal);
}

Commands *
commands_new_full (gboolean allow_plugin)
{
  Commands *self = g_new0 (Commands, 1);
  g_autoptr(GError) error = NULL;

  self->accept = TRUE;
  self->folder = g_dir_make_tmp ("devssh-command-XXXXXX", &error);
  g_assert_no_error (error);
  self->pair = test_pair_new ();

  devssh_session_config_add_plugin_directory (self->pair->server_config,
                                              test_plugin_directory (DEVSSH_SERVICE_NAME_COMMAND), &error);
  g_assert_no_error (error);
  if (allow_plugin)
    devssh_session_config_allow_plugins (self->pair->server_config,
                                         (const char *[]) { DEVSSH_SERVICE_NAME_COMMAND, NULL });

  test_pair_authenticate (self->pair);
  self->client = DEVSSH_SESSION (self->pair->client);
  self->server = DEVSSH_SESSION (self->pair->server);
  g_signal_connect (self->server, "channel-opening", G_CALLBACK (channel_opening_cb), self);

  if (allow_plugin)
    {
      self->runner = DEVSSH_COMMAND_RUNNER (devssh_session_activate_service (self->server, DEVSSH_SERVICE_NAME_COMMAND,
                                                                             &error));
      g_assert_no_error (error);
      devssh_command_runner_set_working_directory (self->runner, self->folder);
      g_signal_connect (self->runner, "command-started", G_CALLBACK (started_cb), self);
      g_signal_connect (self->runner, "command-ended", G_CALLBACK (ended_cb), self);
      g_object_ref (self->runner);
    }

  return self;
}

Commands *
commands_new (void)
{
  return commands_new_full (TRUE);
}

static void
remove_folder (const char *path)
{
  g_autoptr(GDir) folder = g_dir_open (path, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);

      g_remove (file);
    }
  g_rmdir (path);
}

void
commands_close (Commands *self)
{
  devssh_session_close (self->client, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "done");
  test_spin_until (devssh_session_get_is_closed (self->server));
  test_spin_until (self->n_ended == self->n_started);
}

void
commands_free (Commands *self)
{
  commands_close (self);
  if (self->runner != NULL)
    g_signal_handlers_disconnect_by_data (self->runner, self);
  g_clear_object (&self->runner);
  g_clear_object (&self->question);
  if (self->served != NULL)
    g_signal_handlers_disconnect_by_data (self->served, self);
  g_clear_object (&self->served);
  g_signal_handlers_disconnect_by_data (self->server, self);
  test_pair_free (self->pair);
  remove_folder (self->folder);
  g_free (self->folder);
  g_free (self->started);
  g_free (self->exit_signal);
  g_free (self);
  g_assert_true (has_no_children ());
}

char *
commands_file (Commands   *self,
               const char *name)
{
  return g_build_filename (self->folder, name, NULL);
}

gboolean
commands_has (Commands   *self,
              const char *name)
{
  g_autofree char *path = commands_file (self, name);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

/* The shell makes a file before it writes into it. */
static gboolean
has_line (Commands    *self,
          const char  *name,
          char       **text)
{
  g_autofree char *path = commands_file (self, name);

  g_clear_pointer (text, g_free);

  return g_file_get_contents (path, text, NULL, NULL) && strchr (*text, '\n') != NULL;
}

gboolean
test_look_again_cb (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

char *
commands_read (Commands   *self,
               const char *name)
{
  char *text = NULL;

  test_poll_until (has_line (self, name, &text));

  return g_strchomp (text);
}

void
commands_write (Commands   *self,
                const char *name,
                const char *text)
{
  g_autofree char *path = commands_file (self, name);
  int fd = open (path, O_WRONLY);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, text, strlen (text)), ==, strlen (text));
  close (fd);
}

/* ---- the client ---- */

static void
data_cb (DevSshChannel *channel,
         GBytes        *data,
         Run           *self)
{
  g_string_append_len (self->out, g_bytes_get_data (data, NULL), (gssize) g_bytes_get_size (data));
  g_string_append_c (self->order, 'o');
}

static void
extended_data_cb (DevSshChannel *channel,
                  guint          type,
                  GBytes        *data,
                  Run           *self)
{
  g_assert_cmpuint (type, ==, DEVSSH_EXTENDED_DATA_STDERR);
  g_string_append_len (self->err, g_bytes_get_data (data, NULL), (gssize) g_bytes_get_size (data));
  g_string_append_c (self->order, 'e');
}

static void
eof_cb (DevSshChannel *channel,
        Run           *self)
{
  self->eof = TRUE;
  g_string_append_c (self->order, 'E');
  if (devssh_channel_get_exit_status (channel) >= 0)
    g_string_append_c (self->order, 's');
}

static void
closed_cb (DevSshChannel *channel,
           Run           *self)
{
  self->closed = TRUE;
  g_string_append_c (self->order, 'C');
}

Run *
run_new (Commands *self)
{
  Run *run = g_new0 (Run, 1);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  devssh_session_open_channel_async (self->client, DEVSSH_CHANNEL_TYPE_SESSION, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  run->channel = devssh_session_open_channel_finish (self->client, result, &error);
  g_assert_no_error (error);
  run->out = g_string_new (NULL);
  run->err = g_string_new (NULL);
  run->order = g_string_new (NULL);
  g_signal_connect (run->channel, "data", G_CALLBACK (data_cb), run);
  g_signal_connect (run->channel, "extended-data", G_CALLBACK (extended_data_cb), run);
  g_signal_connect (run->channel, "eof", G_CALLBACK (eof_cb), run);
  g_signal_connect (run->channel, "closed", G_CALLBACK (closed_cb), run);

  return run;
}

void
run_free (Run *self)
{
  g_signal_handlers_disconnect_by_data (self->channel, self);
  devssh_channel_close (self->channel);
  g_object_unref (self->channel);
  g_string_free (self->out, TRUE);
  g_string_free (self->err, TRUE);
  g_string_free (self->order, TRUE);
  g_free (self);
}

gboolean
run_request (Run        *self,
             const char *type,
             GBytes     *payload)
{
  g_autoptr(GBytes) consumed = payload;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  gboolean success;

  devssh_channel_request_async (self->channel, type, TRUE, payload, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  success = devssh_channel_request_finish (self->channel, result, &error);
  g_assert_no_error (error);

  return success;
}

GBytes *
strings_payload (const char *first,
                 ...)
{
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();
  va_list args;

  va_start (args, first);
  for (const char *text = first; text != NULL; text = va_arg (args, const char *))
    devssh_writer_put_utf8 (writer, text);
  va_end (args);

  return devssh_writer_end (writer);
}

gboolean
run_exec (Run        *self,
          const char *command)
{
  return run_request (self, DEVSSH_REQUEST_EXEC, strings_payload (command, NULL));
}

gboolean
run_env (Run        *self,
         const char *name,
         const char *value)
{
  return run_request (self, DEVSSH_REQUEST_ENV, strings_payload (name, value, NULL));
}

static GBytes *
modes_payload (const char *modes)
{
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();
  g_auto(GStrv) pairs = g_strsplit (modes, " ", -1);

  for (char **pair = pairs; *pair != NULL && **pair != '\0'; pair++)
    {
      char *value;

      devssh_writer_put_byte (writer, (guint8) g_ascii_strtoull (*pair, &value, 10));
      devssh_writer_put_uint32 (writer, (guint32) g_ascii_strtoull (value + 1, NULL, 10));
    }
  devssh_writer_put_byte (writer, 0);

  return devssh_writer_end (writer);
}

gboolean
run_pty (Run        *self,
         const char *type,
         guint       columns,
         guint       rows,
         const char *modes)
{
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();
  g_autoptr(GBytes) encoded = modes_payload (modes);
  gsize length;
  const guint8 *data = g_bytes_get_data (encoded, &length);

  devssh_writer_put_utf8 (writer, type);
  devssh_writer_put_uint32 (writer, columns);
  devssh_writer_put_uint32 (writer, rows);
  devssh_writer_put_uint32 (writer, 0);
  devssh_writer_put_uint32 (writer, 0);
  devssh_writer_put_string (writer, data, length);

  return run_request (self, DEVSSH_REQUEST_PTY, devssh_writer_end (writer));
}

gboolean
run_resize (Run   *self,
            guint  columns,
            guint  rows)
{
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();

  devssh_writer_put_uint32 (writer, columns);
  devssh_writer_put_uint32 (writer, rows);
  devssh_writer_put_uint32 (writer, 0);
  devssh_writer_put_uint32 (writer, 0);

  return run_request (self, DEVSSH_REQUEST_WINDOW_CHANGE, devssh_writer_end (writer));
}

gboolean
run_signal (Run        *self,
            const char *name)
{
  return run_request (self, DEVSSH_REQUEST_SIGNAL, strings_payload (name, NULL));
}

void
run_send (Run        *self,
          const char *text)
{
  g_autoptr(GBytes) bytes = g_bytes_new (text, strlen (text));

  devssh_channel_send_async (self->channel, bytes, NULL, NULL, NULL);
}

void
run_wait (Run *self)
{
  test_spin_until (self->closed);
}

char *
run_whole (Commands   *self,
           const char *command,
           int         exit_status)
{
  g_autoptr(Run) run = run_new (self);
  guint n_ended = self->n_ended;

  g_assert_true (run_exec (run, command));
  run_wait (run);
  g_assert_cmpint (devssh_channel_get_exit_status (run->channel), ==, exit_status);
  g_assert_cmpstr (run->err->str, ==, "");
  test_spin_until (self->n_ended > n_ended);

  return g_strndup (run->out->str, run->out->len);
}

/* ---- processes ---- */

guint
count_descriptors (void)
{
  g_autoptr(GDir) folder = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (folder) != NULL)
    n++;

  return n;
}

gboolean
has_no_children (void)
{
  siginfo_t info;

  return waitid (P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD;
}

gboolean
process_exists (const char *pid)
{
  return kill (atoi (pid), 0) == 0;
}

gboolean
group_lives (const char *pid)
{
  g_autoptr(GDir) folder = g_dir_open ("/proc", 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc", name, "stat", NULL);
      g_autofree char *text = NULL;
      const char *rest;
      int group;
      char state;

      /* What stands in parentheses may be anything. */
      if (g_file_get_contents (path, &text, NULL, NULL) && (rest = strrchr (text, ')')) != NULL
          && sscanf (rest, ") %c %*d %d", &state, &group) == 2 && group == atoi (pid) && state != 'Z')
        return TRUE;
    }

  return FALSE;
}
