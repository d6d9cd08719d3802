/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How commands end and wait: half-closed, blocked, hung up, and in the hands of a peer that means no good. */
#include "../test-memory.h"
#include "command-util.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MEBIBYTE ((gsize) 1024 * 1024)

/* ---- one direction ends ---- */

static void
test_input_ends (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);

  g_assert_true (run_exec (run, "cat; echo end; echo end >&2; exit 2"));
  run_send (run, "some ");
  run_send (run, "text\n");
  test_spin_until (g_str_equal (run->out->str, "some text\n"));
  devssh_channel_send_eof (run->channel, NULL);
  run_wait (run);
  g_assert_cmpstr (run->out->str, ==, "some text\nend\n");
  g_assert_cmpstr (run->err->str, ==, "end\n");
  g_assert_cmpint (devssh_channel_get_exit_status (run->channel), ==, 2);
}

static void
test_output_ends (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);
  g_autofree char *text = NULL;

  g_assert_true (run_exec (run, "exec >&- 2>&-; cat > file; exit 5"));
  test_spin_until (run->eof);
  g_assert_false (run->closed);
  run_send (run, "after the end\n");
  text = commands_read (commands, "file");
  g_assert_cmpstr (text, ==, "after the end");
  g_assert_false (run->closed);
  devssh_channel_send_eof (run->channel, NULL);
  run_wait (run);
  /* Not a byte, EOF before the status was known, then the end. */
  g_assert_cmpstr (run->order->str, ==, "EC");
  g_assert_cmpint (devssh_channel_get_exit_status (run->channel), ==, 5);
}

/* EOF is for both voices. */
static void
test_output_ends_first (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);

  g_assert_true (run_exec (run, "echo out; exec >&-; cat >&2; echo err >&2"));
  run_send (run, "still ");
  test_spin_until (g_str_equal (run->err->str, "still "));
  g_assert_cmpstr (run->out->str, ==, "out\n");
  g_assert_false (run->eof);
  devssh_channel_send_eof (run->channel, NULL);
  run_wait (run);
  g_assert_cmpstr (run->err->str, ==, "still err\n");
  g_assert_true (g_str_has_suffix (run->order->str, "eEC"));
}

/* Whoever is left in the background and holds the output holds the channel, as sshd has it. */
static void
test_output_outlives (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);

  g_assert_true (run_exec (run, "mkfifo go; (cat go) & echo ready; exit 8"));
  test_spin_until (g_str_equal (run->out->str, "ready\n"));
  test_spin_until (has_no_children ());
  g_assert_false (run->eof);
  commands_write (commands, "go", "from the background");
  run_wait (run);
  g_assert_cmpstr (run->out->str, ==, "ready\nfrom the background");
  g_assert_cmpint (devssh_channel_get_exit_status (run->channel), ==, 8);
}

/* A command that reads no more lets a peer go on that has not said all. */
static void
test_input_refused (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);
  g_autoptr(GAsyncResult) result = NULL;
  g_autofree guint8 *data = g_malloc0 (8 * MEBIBYTE);
  g_autoptr(GBytes) bytes = g_bytes_new_static (data, 8 * MEBIBYTE);

  g_assert_true (run_exec (run, "exec <&-; mkfifo go; echo ready; cat go"));
  test_spin_until (g_str_equal (run->out->str, "ready\n"));
  devssh_channel_send_async (run->channel, bytes, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_true (devssh_channel_send_finish (run->channel, result, NULL));
  commands_write (commands, "go", "done");
  run_wait (run);
  g_assert_cmpstr (run->out->str, ==, "ready\ndone");
}

/* ---- a slow side ---- */

typedef struct
{
  GChecksum *hash;
  gsize      received;
  gsize      owed;       /* not credited yet */
  gboolean   eof;
} Reader;

static void
reader_data_cb (DevSshChannel *channel,
                GBytes        *data,
                Reader        *self)
{
  g_checksum_update (self->hash, g_bytes_get_data (data, NULL), (gssize) g_bytes_get_size (data));
  self->received += g_bytes_get_size (data);
  self->owed += g_bytes_get_size (data);
}

static void
reader_eof_cb (DevSshChannel *channel,
               Reader        *self)
{
  self->eof = TRUE;
}

static char *
hash_of (guint8 byte,
         gsize  size)
{
  g_autofree guint8 *data = g_malloc (size);

  memset (data, byte, size);

  return g_compute_checksum_for_data (G_CHECKSUM_SHA256, data, size);
}

static void
test_output_blocked (void)
{
  const gsize size = 64 * MEBIBYTE;
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);
  Reader reader = { .hash = g_checksum_new (G_CHECKSUM_SHA256) };
  g_autofree char *expected = hash_of ('x', size);
  gsize before, most = 0;
  guint turns = 0;

  g_signal_handlers_disconnect_by_data (run->channel, run);
  devssh_channel_set_manual_credit (run->channel, TRUE);
  g_signal_connect (run->channel, "data", G_CALLBACK (reader_data_cb), &reader);
  g_signal_connect (run->channel, "eof", G_CALLBACK (reader_eof_cb), &reader);

  g_assert_true (run_exec (run, "head -c 67108864 /dev/zero | tr '\\0' x; touch done"));
  before = test_memory_get_resident ();

  /* The window is used up, and with it the pipe: the command stands still. */
  test_spin_until (reader.received == DEVSSH_DEFAULT_MAX_WINDOW_SIZE);
  test_settle ();
  g_assert_cmpuint (reader.received, ==, DEVSSH_DEFAULT_MAX_WINDOW_SIZE);
  g_assert_false (commands_has (commands, "done"));

  while (!reader.eof)
    {
      gsize n = MIN (reader.owed, 64 * 1024);

      if (n > 0)
        {
          reader.owed -= n;
          devssh_channel_adjust_window (run->channel, (guint) n, NULL);
        }
      g_main_context_iteration (NULL, n == 0 && !reader.eof);
      if (++turns % 64 == 0)
        most = MAX (most, test_memory_get_resident ());
    }

  g_assert_cmpuint (reader.received, ==, size);
  g_assert_cmpstr (g_checksum_get_string (reader.hash), ==, expected);
  g_test_message ("%" G_GSIZE_FORMAT " KiB more for 64 MiB", (most - MIN (before, most)) / 1024);
  g_assert_cmpuint (most, <=, before + 8 * MEBIBYTE);
  test_spin_until (devssh_channel_get_is_closed (run->channel));
  g_signal_handlers_disconnect_by_data (run->channel, &reader);
  g_checksum_free (reader.hash);
}

static void
test_input_blocked (void)
{
  const gsize size = 64 * MEBIBYTE;
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);
  g_autoptr(GAsyncResult) result = NULL;
  g_autofree guint8 *data = g_malloc (size);
  g_autoptr(GBytes) bytes = g_bytes_new_static (data, size);
  g_autofree char *expected = hash_of ('y', size);
  gsize before, most = 0;

  memset (data, 'y', size);
  g_assert_true (run_exec (run, "mkfifo go; echo ready; read line < go; sha256sum"));
  test_spin_until (g_str_equal (run->out->str, "ready\n"));
  before = test_memory_get_resident ();
  devssh_channel_send_async (run->channel, bytes, NULL, test_keep_result_cb, &result);
  devssh_channel_send_eof (run->channel, NULL);

  /* A window, and what the pipe has taken. */
  test_spin_until (devssh_channel_get_bytes_sent (run->channel) >= DEVSSH_DEFAULT_MAX_WINDOW_SIZE);
  test_settle ();
  g_assert_cmpuint (devssh_channel_get_bytes_sent (run->channel), <=, 2 * DEVSSH_DEFAULT_MAX_WINDOW_SIZE);
  g_assert_null (result);

  commands_write (commands, "go", "\n");
  while (!run->closed)
    {
      g_main_context_iteration (NULL, TRUE);
      most = MAX (most, test_memory_get_resident ());
    }
  g_assert_true (g_str_has_prefix (run->out->str + strlen ("ready\n"), expected));
  g_test_message ("%" G_GSIZE_FORMAT " KiB more for 64 MiB", (most - MIN (before, most)) / 1024);
  g_assert_cmpuint (most, <=, before + 24 * MEBIBYTE);
  g_assert_true (devssh_channel_send_finish (run->channel, result, NULL));
}

/* However small the messages are in which it came, what waits costs not much more than it is. */
static void
test_input_in_bytes (void)
{
  const gsize size = 512 * 1024;
  const guint at_once = 4096;
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);
  g_autofree guint8 *data = g_malloc (size);
  g_autofree char *expected = NULL;
  gsize before;

  for (gsize i = 0; i < size; i++)
    data[i] = (guint8) (i * 31 + (i >> 8));
  expected = g_compute_checksum_for_data (G_CHECKSUM_SHA256, data, size);
  g_assert_true (run_exec (run, "mkfifo go; echo ready; read line < go; sha256sum"));
  test_spin_until (g_str_equal (run->out->str, "ready\n"));
  before = test_memory_get_allocated ();

  for (gsize i = 0; i < size; i++)
    {
      g_autoptr(GBytes) bytes = g_bytes_new_static (data + i, 1);

      devssh_channel_send_async (run->channel, bytes, NULL, NULL, NULL);
      if ((i + 1) % at_once == 0)
        test_spin_until (devssh_channel_get_bytes_received (commands->served) == i + 1);
    }
  test_settle ();
  g_assert_false (run->closed);
  g_test_message ("%" G_GSIZE_FORMAT " KiB for %" G_GSIZE_FORMAT " that wait or are in the pipe",
                  (test_memory_get_allocated () - before) / 1024, size / 1024);
  g_assert_cmpuint (test_memory_get_allocated (), <=, before + 2 * MEBIBYTE);

  devssh_channel_send_eof (run->channel, NULL);
  commands_write (commands, "go", "\n");
  run_wait (run);
  g_assert_true (g_str_has_prefix (run->out->str + strlen ("ready\n"), expected));
}

/* ---- hung up ---- */

/* It reads until it is told: a shell that waits for another program would run its trap after that only. */
#define REPORT_HANGUP "trap 'echo hangup > file; exit 0' HUP; echo $$; while :; do read line; done"

static char *
started_pid (Run        *run,
             const char *command)
{
  g_assert_true (run_exec (run, command));
  test_spin_until (strchr (run->out->str, '\n') != NULL);

  return g_strndup (run->out->str, run->out->len - 1);
}

static void
assert_gone (Commands   *commands,
             const char *pid)
{
  test_spin_until (commands->n_ended == commands->n_started);
  g_assert_false (process_exists (pid));
  g_assert_true (has_no_children ());
  test_poll_until (!group_lives (pid));
}

static void
test_channel_closes (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);
  g_autofree char *pid = started_pid (run, REPORT_HANGUP);
  g_autofree char *text = NULL;

  devssh_channel_close (run->channel);
  text = commands_read (commands, "file");
  g_assert_cmpstr (text, ==, "hangup");
  assert_gone (commands, pid);
  g_assert_cmpint (commands->exit_status, ==, 0);
  g_assert_false (devssh_session_get_is_closed (commands->server));
}

static void
test_session_closes (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);
  g_autoptr(Run) other = run_new (commands);
  g_autofree char *pid = started_pid (run, REPORT_HANGUP);
  g_autofree char *other_pid = started_pid (other, "echo $$; exec sleep 1000");

  commands_close (commands);
  assert_gone (commands, pid);
  assert_gone (commands, other_pid);
  g_assert_cmpuint (commands->n_ended, ==, 2);
}

/* Who has heard EOF, and closes: what still runs has nothing to say to him but how it ends, and ends in its own time. */
static void
test_all_is_said (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);
  g_autofree char *text = NULL;

  g_assert_true (run_exec (run, "mkfifo go; exec >&- 2>&-; cat go - > file; exit 4"));
  test_spin_until (run->eof);
  run_send (run, "input\n");
  devssh_channel_close (run->channel);
  run_wait (run);
  test_settle ();
  g_assert_false (devssh_channel_get_is_closed (commands->served));
  g_assert_cmpuint (commands->n_ended, ==, 0);
  commands_write (commands, "go", "go ");
  test_spin_until (commands->n_ended == 1);
  g_assert_cmpint (commands->exit_status, ==, 4);
  text = commands_read (commands, "file");
  g_assert_cmpstr (text, ==, "go input");
  g_assert_true (devssh_channel_get_is_closed (commands->served));
  g_assert_cmpint (devssh_channel_get_exit_status (commands->served), ==, 4);
}

/* What is left in the background then is nobody's business. */
static void
test_background_is_left (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);
  g_autofree char *text = NULL;

  g_assert_true (run_exec (run, "mkfifo go; (read line < go; echo $line > file) & echo ready; exit 3"));
  test_spin_until (g_str_equal (run->out->str, "ready\n"));
  test_spin_until (has_no_children ());
  devssh_channel_close (run->channel);
  test_spin_until (commands->n_ended == 1);
  g_assert_cmpint (commands->exit_status, ==, 3);
  commands_write (commands, "go", "still here\n");
  text = commands_read (commands, "file");
  g_assert_cmpstr (text, ==, "still here");
}

/* The server's own application may do the same. */
static void
test_server_closes (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);
  g_autofree char *pid = started_pid (run, "echo $$; exec sleep 1000");

  devssh_channel_close (commands->served);
  assert_gone (commands, pid);
  g_assert_cmpstr (commands->exit_signal, ==, "HUP");
  run_wait (run);
}

static void
test_terminal_closes (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);
  g_autofree char *pid = NULL;

  devssh_command_runner_set_allow_pty (commands->runner, TRUE);
  g_assert_true (run_pty (run, "xterm", 80, 24, ""));
  g_assert_true (run_exec (run, "echo $$; exec sleep 1000"));
  test_spin_until (strchr (run->out->str, '\n') != NULL);
  pid = g_strndup (run->out->str, strcspn (run->out->str, "\r"));
  devssh_channel_close (run->channel);
  assert_gone (commands, pid);
  g_assert_cmpstr (commands->exit_signal, ==, "HUP");
}

static gboolean
is_stopped (const char *pid)
{
  g_autofree char *path = g_strconcat ("/proc/", pid, "/stat", NULL);
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) && strstr (text, ") T ") != NULL;
}

/* It would never hear of it. */
static void
test_stopped (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);
  g_autofree char *pid = started_pid (run, "echo $$; kill -STOP $$");

  test_poll_until (is_stopped (pid));
  devssh_channel_close (run->channel);
  assert_gone (commands, pid);
  g_assert_cmpstr (commands->exit_signal, ==, "HUP");
}

#define IGNORE_HANGUP "trap '' HUP; echo $$; while :; do sleep 1000; done"

static void
test_ignored (guint grace)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);
  g_autofree char *pid = NULL;
  gint64 begin;

  devssh_command_runner_set_hangup_grace (commands->runner, grace);
  pid = started_pid (run, IGNORE_HANGUP);
  begin = g_get_monotonic_time ();
  devssh_channel_close (run->channel);
  assert_gone (commands, pid);
  g_assert_cmpstr (commands->exit_signal, ==, "KILL");
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, grace * G_USEC_PER_SEC);
}

static void
test_ignored_at_once (void)
{
  test_ignored (0);
}

static void
test_ignored_for_a_while (void)
{
  test_ignored (1);
}

/* The leader goes, one of its group does not. */
static void
test_group_ignores (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);
  g_autofree char *pid = NULL;

  devssh_command_runner_set_hangup_grace (commands->runner, 1);
  pid = started_pid (run, "echo $$; (trap '' HUP; exec sleep 1000) & exec sleep 1000");
  devssh_channel_close (run->channel);
  test_spin_until (commands->n_ended == 1);
  g_assert_cmpstr (commands->exit_signal, ==, "HUP");
  test_poll_until (!group_lives (pid));
}

/* The session is gone, and the service with it: what has a grace still has it, and comes to its end. */
static void
test_session_closes_in_grace (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);
  g_autofree char *pid = NULL;

  devssh_command_runner_set_hangup_grace (commands->runner, 1);
  pid = started_pid (run, IGNORE_HANGUP);
  devssh_session_close (commands->client, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "done");
  test_spin_until (devssh_session_get_is_closed (commands->server));
  g_assert_null (devssh_service_get_session (DEVSSH_SERVICE (commands->runner)));
  assert_gone (commands, pid);
}

/* ---- many ---- */

static void
test_many (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autofree char *first = run_whole (commands, "cat /dev/null; echo x", 0);
  guint descriptors = count_descriptors ();
  gsize before = test_memory_get_resident ();

  for (guint i = 0; i < 200; i++)
    {
      g_autoptr(Run) run = run_new (commands);
      guint n_ended = commands->n_ended;

      g_assert_true (run_exec (run, i % 4 == 3 ? "exec sleep 1000" : "echo x; echo y >&2"));
      if (i % 4 == 3)
        devssh_channel_close (run->channel);
      run_wait (run);
      test_spin_until (commands->n_ended > n_ended);
    }

  test_settle ();
  g_assert_cmpuint (count_descriptors (), ==, descriptors);
  g_assert_true (has_no_children ());
  test_memory_assert_growth (before, 2 * MEBIBYTE, "200 commands");
}

static void
test_at_once (void)
{
  g_autoptr(Commands) commands = commands_new ();
  Run *runs[50];

  for (guint i = 0; i < G_N_ELEMENTS (runs); i++)
    {
      runs[i] = run_new (commands);
      g_assert_true (run_exec (runs[i], "cat; cat >&2"));
    }
  for (guint i = 0; i < G_N_ELEMENTS (runs); i++)
    {
      g_autofree char *text = g_strdup_printf ("%u", i);

      run_send (runs[i], text);
      devssh_channel_send_eof (runs[i]->channel, NULL);
    }
  for (guint i = 0; i < G_N_ELEMENTS (runs); i++)
    {
      run_wait (runs[i]);
      g_assert_cmpint (atoi (runs[i]->out->str), ==, (int) i);
      run_free (runs[i]);
    }
}

/* ---- a peer that means no good ---- */

static void
test_second (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);
  g_autoptr(GBytes) payload = strings_payload ("cat", NULL);
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  const char *program[] = { "/bin/true", NULL };

  devssh_command_runner_set_subsystem (commands->runner, "sftp", program);
  commands->keep_questions = TRUE;
  devssh_channel_request_async (run->channel, "exec", TRUE, payload, NULL, test_keep_result_cb, &first);
  test_spin_until (commands->n_questions == 1);
  /* While the application thinks ... */
  devssh_channel_request_async (run->channel, "exec", TRUE, payload, NULL, test_keep_result_cb, &second);
  test_settle ();
  g_assert_cmpuint (commands->n_questions, ==, 1);
  devssh_channel_request_complete (commands->question, TRUE);
  test_spin_until (first != NULL && second != NULL);
  g_assert_true (devssh_channel_request_finish (run->channel, first, NULL));
  g_assert_false (devssh_channel_request_finish (run->channel, second, NULL));

  /* ... and while it runs. */
  g_assert_false (run_exec (run, "touch done"));
  g_assert_false (run_request (run, DEVSSH_REQUEST_SHELL, NULL));
  g_assert_false (run_request (run, DEVSSH_REQUEST_SUBSYSTEM, strings_payload ("sftp", NULL)));
  g_assert_cmpuint (commands->n_questions, ==, 1);
  g_assert_cmpuint (commands->n_started, ==, 1);
  devssh_channel_send_eof (run->channel, NULL);
  run_wait (run);
  g_assert_false (commands_has (commands, "done"));
}

static GBytes *
bytes_payload (const void *data,
               gsize       length)
{
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();

  devssh_writer_put_string (writer, data, length);

  return devssh_writer_end (writer);
}

static void
test_malformed (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);
  g_autofree char *long_text = g_strnfill (128 * 1024, 'x');
  const char *types[] = { DEVSSH_REQUEST_EXEC, DEVSSH_REQUEST_SUBSYSTEM, DEVSSH_REQUEST_ENV, DEVSSH_REQUEST_SIGNAL,
                          DEVSSH_REQUEST_PTY, DEVSSH_REQUEST_WINDOW_CHANGE };

  devssh_command_runner_set_allow_pty (commands->runner, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_assert_false (run_request (run, types[i], NULL));
      g_assert_false (run_request (run, types[i], g_bytes_new ("\0\0\0\5true", 8)));
      g_assert_false (run_request (run, types[i], g_bytes_new ("\377\377\377\377", 4)));
      g_assert_false (run_request (run, types[i], bytes_payload ("true\0touch done", 15)));
      g_assert_false (run_request (run, types[i], bytes_payload ("true \377", 6)));
    }
  g_assert_false (run_request (run, DEVSSH_REQUEST_EXEC, bytes_payload (long_text, 128 * 1024)));
  g_assert_cmpuint (commands->n_questions, ==, 0);
  g_assert_false (devssh_session_get_is_closed (commands->server));

  /* The longest that the system takes. */
  memcpy (long_text, "echo long;", 10);
  memset (long_text + 10, ' ', 128 * 1024 - 11);
  g_assert_true (run_request (run, DEVSSH_REQUEST_EXEC, bytes_payload (long_text, 128 * 1024 - 1)));
  run_wait (run);
  g_assert_cmpstr (run->out->str, ==, "long\n");
}

/* Only channels of this type have commands. */
static void
test_other_channel (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(GAsyncResult) opened = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(DevSshChannel) channel = NULL;
  g_autoptr(GBytes) payload = strings_payload ("touch done", NULL);

  devssh_session_open_channel_async (commands->client, "other@example.org", NULL, test_keep_result_cb, &opened);
  test_spin_until (opened != NULL);
  channel = devssh_session_open_channel_finish (commands->client, opened, NULL);
  devssh_channel_request_async (channel, "exec", TRUE, payload, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  /* It is the application's alone. */
  g_assert_true (devssh_channel_request_finish (channel, result, NULL));
  g_assert_cmpuint (commands->n_questions, ==, 1);
  g_assert_cmpuint (commands->n_started, ==, 0);
}

static void
test_closed_while_asking (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);
  g_autoptr(GBytes) payload = strings_payload ("touch done", NULL);

  commands->keep_questions = TRUE;
  devssh_channel_request_async (run->channel, "exec", TRUE, payload, NULL, NULL, NULL);
  test_spin_until (commands->n_questions == 1);
  devssh_channel_close (run->channel);
  test_spin_until (devssh_channel_get_is_closed (commands->served));
  devssh_channel_request_complete (commands->question, TRUE);
  test_settle ();
  g_assert_cmpuint (commands->n_started, ==, 0);
  g_assert_true (has_no_children ());
}

/* A handler that turns the loop until the channel is gone, and says yes then. */
static gboolean
nested_request_cb (DevSshChannel        *channel,
                   DevSshChannelRequest *request,
                   Run                  *run)
{
  devssh_channel_close (run->channel);
  test_spin_until (devssh_channel_get_is_closed (channel));
  test_settle ();
  devssh_channel_request_complete (request, TRUE);

  return TRUE;
}

static void
test_nested (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = NULL;
  g_autoptr(GBytes) payload = strings_payload ("touch done", NULL);
  g_autoptr(GAsyncResult) result = NULL;

  commands->leave_questions = TRUE;
  run = run_new (commands);
  g_signal_connect (commands->served, "request", G_CALLBACK (nested_request_cb), run);
  devssh_channel_request_async (run->channel, "exec", TRUE, payload, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  test_settle ();
  g_assert_cmpuint (commands->n_started, ==, 0);
  g_signal_handlers_disconnect_by_data (commands->served, run);
}

static void
close_session_cb (DevSshCommandRunner *runner,
                  DevSshChannel       *channel,
                  gpointer             a,
                  gpointer             b,
                  Commands            *commands)
{
  devssh_session_close (commands->server, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "enough");
}

static void
test_closed_by_handler (const char *signal_name)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(Run) run = run_new (commands);
  g_autoptr(Run) other = run_new (commands);
  g_autoptr(GBytes) payload = strings_payload ("true", NULL);
  gulong handler;

  g_assert_true (run_exec (other, "exec sleep 1000"));
  handler = g_signal_connect (commands->runner, signal_name, G_CALLBACK (close_session_cb), commands);
  devssh_channel_request_async (run->channel, "exec", TRUE, payload, NULL, NULL, NULL);
  test_spin_until (devssh_session_get_is_closed (commands->server));
  test_spin_until (commands->n_started == 2 && commands->n_ended == 2);
  g_signal_handler_disconnect (commands->runner, handler);
}

static void
test_closed_when_started (void)
{
  test_closed_by_handler ("command-started");
}

static void
test_closed_when_ended (void)
{
  test_closed_by_handler ("command-ended");
}

/* Whatever comes in whatever order, the application has accepted each command that runs, and the session serves on. */
static void
test_random_orders (void)
{
  g_autoptr(Commands) commands = commands_new ();
  g_autoptr(GRand) rand = g_rand_new_with_seed (88);
  const char *types[] = { DEVSSH_REQUEST_EXEC, DEVSSH_REQUEST_SHELL, DEVSSH_REQUEST_SUBSYSTEM, DEVSSH_REQUEST_ENV,
                          DEVSSH_REQUEST_SIGNAL, DEVSSH_REQUEST_PTY, DEVSSH_REQUEST_WINDOW_CHANGE };
  const char *texts[] = { "true", "kill -9 $$", "cat", "TERM", "PATH", "../../x", "", "sftp", "exec sleep 1000" };
  const char *program[] = { "/bin/cat", NULL };
  const char *allowed[] = { "LANG", NULL };
  guint n_accepted = 0;

  devssh_command_runner_set_allow_pty (commands->runner, TRUE);
  devssh_command_runner_set_allowed_environment (commands->runner, allowed);
  devssh_command_runner_set_subsystem (commands->runner, "sftp", program);

  for (guint i = 0; i < 60; i++)
    {
      g_autoptr(Run) run = run_new (commands);

      for (guint n = (guint) g_rand_int_range (rand, 1, 12); n > 0; n--)
        {
          const char *type = types[g_rand_int_range (rand, 0, G_N_ELEMENTS (types))];
          const char *text = texts[g_rand_int_range (rand, 0, G_N_ELEMENTS (texts))];
          g_autoptr(GBytes) payload = strings_payload (text, text, text, text, text, text, NULL);
          guint n_questions = commands->n_questions;
          g_autoptr(GAsyncResult) result = NULL;

          commands->accept = g_rand_boolean (rand);
          switch (g_rand_int_range (rand, 0, 8))
            {
            case 0:
              devssh_channel_send_eof (run->channel, NULL);
              break;
            case 1:
              if (!devssh_channel_get_is_closed (run->channel))
                run_send (run, text[0] != '\0' ? text : "-");
              break;
            default:
              if (devssh_channel_get_is_closed (run->channel))
                break;
              devssh_channel_request_async (run->channel, type, TRUE, payload, NULL, test_keep_result_cb, &result);
              test_spin_until (result != NULL);
              if (devssh_channel_request_finish (run->channel, result, NULL) && commands->n_questions > n_questions)
                n_accepted++;
            }
        }
      g_assert_false (devssh_session_get_is_closed (commands->server));
    }

  test_spin_until (commands->n_ended == commands->n_started);
  g_assert_cmpuint (commands->n_started, <=, commands->n_questions);
  g_assert_cmpuint (commands->n_started, >=, n_accepted);
  g_assert_cmpuint (n_accepted, >, 5);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define T(name, function) g_test_add_func ("/plugins/command/" name, test_ ## function)
  T ("half-closed/input", input_ends);
  T ("half-closed/output", output_ends);
  T ("half-closed/output-first", output_ends_first);
  T ("half-closed/output-outlives", output_outlives);
  T ("input-refused/T-60", input_refused);
  T ("blocked/output", output_blocked);
  T ("blocked/input", input_blocked);
  T ("blocked/input-in-bytes/T-53", input_in_bytes);
  T ("hung-up/channel", channel_closes);
  T ("hung-up/session", session_closes);
  T ("hung-up/not-when-all-is-said", all_is_said);
  T ("hung-up/not-in-the-background", background_is_left);
  T ("hung-up/by-server", server_closes);
  T ("hung-up/terminal", terminal_closes);
  T ("hung-up/stopped", stopped);
  T ("hung-up/ignored/at-once", ignored_at_once);
  T ("hung-up/ignored/for-a-while", ignored_for_a_while);
  T ("hung-up/ignored/by-group", group_ignores);
  T ("hung-up/ignored/without-session", session_closes_in_grace);
  T ("many/T-67", many);
  T ("at-once", at_once);
  T ("second", second);
  T ("malformed/T-12", malformed);
  T ("other-channel", other_channel);
  T ("closed/while-asking", closed_while_asking);
  T ("closed/nested/T-64", nested);
  T ("closed/when-started/T-64", closed_when_started);
  T ("closed/when-ended/T-64", closed_when_ended);
  T ("random-orders/T-99", random_orders);

  return g_test_run ();
}
