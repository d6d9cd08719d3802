/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A channel as a GIOStream, in sessions of ours: asynchronous, polled, blocking, and every way to end. */
#include "../test-util.h"

#include <string.h>

typedef struct
{
  TestPair      *pair;
  DevSshChannel *client_channel;
  DevSshChannel *server_channel;
  GIOStream     *client;
  GIOStream     *server;
  GInputStream  *client_in, *server_in;      /* borrowed */
  GOutputStream *client_out, *server_out;
} Fixture;

static void
test_fixture_init (Fixture *self)
{
  g_autoptr(GError) error = NULL;

  memset (self, 0, sizeof *self);
  self->pair = test_pair_new ();
  test_pair_authenticate (self->pair);
  test_pair_open (self->pair, "session", &self->client_channel, &self->server_channel);
  self->client = G_IO_STREAM (devssh_channel_stream_new (self->client_channel, &error));
  g_assert_no_error (error);
  self->server = G_IO_STREAM (devssh_channel_stream_new (self->server_channel, &error));
  g_assert_no_error (error);
  self->client_in = g_io_stream_get_input_stream (self->client);
  self->client_out = g_io_stream_get_output_stream (self->client);
  self->server_in = g_io_stream_get_input_stream (self->server);
  self->server_out = g_io_stream_get_output_stream (self->server);
}

static void
test_fixture_clear (Fixture *self)
{
  g_clear_object (&self->client);
  g_clear_object (&self->server);
  g_clear_object (&self->client_channel);
  g_clear_object (&self->server_channel);
  test_pair_free (self->pair);
}

static GBytes *
test_bytes (gsize length)
{
  guint8 *data = g_malloc (length);

  for (gsize i = 0; i < length; i++)
    data[i] = (guint8) (i + i / 251);
  return g_bytes_new_take (data, length);
}

/* Blocking writes are fine here: nothing of the context is on the stack. */
static void
test_write (GOutputStream *stream,
            const char    *text)
{
  g_autoptr(GError) error = NULL;
  gsize written;

  g_assert_true (g_output_stream_write_all (stream, text, strlen (text), &written, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (written, ==, strlen (text));
}

static void
test_assert_read (GInputStream *stream,
                  const char   *expected)
{
  g_autoptr(GError) error = NULL;
  char buffer[256];
  gsize n;

  g_assert_true (g_input_stream_read_all (stream, buffer, strlen (expected), &n, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpmem (buffer, n, expected, strlen (expected));
}

static void
test_assert_end (GInputStream *stream)
{
  g_autoptr(GError) error = NULL;
  char buffer[16];

  g_assert_cmpint (g_input_stream_read (stream, buffer, sizeof buffer, NULL, &error), ==, 0);
  g_assert_no_error (error);
}

/* ---- asynchronous ---- */

static void
test_async (void)
{
  g_autoptr(GAsyncResult) read = NULL;
  g_autoptr(GAsyncResult) written = NULL;
  g_autoptr(GError) error = NULL;
  char buffer[16];
  Fixture self;

  test_fixture_init (&self);

  /* The read waits for the write. */
  g_input_stream_read_async (self.server_in, buffer, sizeof buffer, G_PRIORITY_DEFAULT, NULL, test_keep_result_cb, &read);
  g_output_stream_write_async (self.client_out, "hello", 5, G_PRIORITY_DEFAULT, NULL, test_keep_result_cb, &written);
  test_spin_until (read != NULL && written != NULL);
  g_assert_cmpint (g_output_stream_write_finish (self.client_out, written, &error), ==, 5);
  g_assert_cmpint (g_input_stream_read_finish (self.server_in, read, &error), ==, 5);
  g_assert_no_error (error);
  g_assert_cmpmem (buffer, 5, "hello", 5);

  /* The data waits for reads, which take it in parts. */
  g_clear_object (&written);
  g_output_stream_write_async (self.server_out, "remainder", 9, G_PRIORITY_DEFAULT, NULL, test_keep_result_cb, &written);
  test_spin_until (written != NULL);
  test_settle ();
  for (int i = 0; i < 3; i++)
    {
      g_clear_object (&read);
      g_input_stream_read_async (self.client_in, buffer, 3, G_PRIORITY_DEFAULT, NULL, test_keep_result_cb, &read);
      g_assert_null (read);
      test_spin_until (read != NULL);
      g_assert_cmpint (g_input_stream_read_finish (self.client_in, read, &error), ==, 3);
      g_assert_cmpmem (buffer, 3, &"remainder"[3 * i], 3);
    }

  test_fixture_clear (&self);
}

static void
test_bulk (void)
{
  g_autoptr(GBytes) data = test_bytes (3670016 + 11);
  gsize length = g_bytes_get_size (data);
  g_autofree char *down = g_malloc (length);
  g_autofree char *up = g_malloc (length);
  GAsyncResult *results[4] = { NULL, };
  g_autoptr(GError) error = NULL;
  Fixture self;
  gsize n;

  test_fixture_init (&self);
  g_output_stream_write_all_async (self.client_out, g_bytes_get_data (data, NULL), length, G_PRIORITY_DEFAULT, NULL,
                                   test_keep_result_cb, &results[0]);
  g_output_stream_write_all_async (self.server_out, g_bytes_get_data (data, NULL), length, G_PRIORITY_DEFAULT, NULL,
                                   test_keep_result_cb, &results[1]);
  g_input_stream_read_all_async (self.server_in, up, length, G_PRIORITY_DEFAULT, NULL, test_keep_result_cb, &results[2]);
  g_input_stream_read_all_async (self.client_in, down, length, G_PRIORITY_DEFAULT, NULL, test_keep_result_cb, &results[3]);
  test_spin_until (results[0] != NULL && results[1] != NULL && results[2] != NULL && results[3] != NULL);
  g_assert_true (g_output_stream_write_all_finish (self.client_out, results[0], &n, &error));
  g_assert_cmpuint (n, ==, length);
  g_assert_true (g_output_stream_write_all_finish (self.server_out, results[1], &n, &error));
  g_assert_true (g_input_stream_read_all_finish (self.server_in, results[2], &n, &error));
  g_assert_cmpmem (up, n, g_bytes_get_data (data, NULL), length);
  g_assert_true (g_input_stream_read_all_finish (self.client_in, results[3], &n, &error));
  g_assert_cmpmem (down, n, g_bytes_get_data (data, NULL), length);
  g_assert_cmpuint (devssh_channel_get_bytes_sent (self.client_channel), ==, length);

  test_fixture_clear (&self);
  for (int i = 0; i < 4; i++)
    g_clear_object (&results[i]);
}

/* A reader that is slow holds the writer up: windows are credited as bytes are read. */
static void
test_slow_reader (void)
{
  g_autoptr(GBytes) data = test_bytes (20 * 1024 * 1024);
  g_autoptr(GAsyncResult) written = NULL;
  g_autoptr(GAsyncResult) read = NULL;
  g_autofree char *got = g_malloc (g_bytes_get_size (data));
  Fixture self;
  gsize n;

  test_fixture_init (&self);
  g_output_stream_write_all_async (self.client_out, g_bytes_get_data (data, NULL), g_bytes_get_size (data),
                                   G_PRIORITY_DEFAULT, NULL, test_keep_result_cb, &written);
  test_settle ();
  g_assert_null (written);
  g_assert_cmpuint (devssh_channel_get_bytes_received (self.server_channel), <=, 16 * 1024 * 1024);

  g_input_stream_read_all_async (self.server_in, got, g_bytes_get_size (data), G_PRIORITY_DEFAULT, NULL,
                                 test_keep_result_cb, &read);
  test_spin_until (read != NULL && written != NULL);
  g_assert_true (g_input_stream_read_all_finish (self.server_in, read, &n, NULL));
  g_assert_cmpmem (got, n, g_bytes_get_data (data, NULL), g_bytes_get_size (data));
  test_fixture_clear (&self);
}

static void
test_early_data (void)
{
  g_autoptr(GBytes) early = g_bytes_new_static ("early ", 6);
  g_autoptr(GError) error = NULL;
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(DevSshChannel) client = NULL;
  g_autoptr(DevSshChannel) server = NULL;
  g_autoptr(DevSshChannelStream) stream = NULL;
  g_autoptr(GBytes) late = g_bytes_new_static ("late", 4);

  test_pair_authenticate (pair);
  test_pair_open (pair, "session", &client, &server);
  devssh_channel_send_async (client, early, NULL, NULL, NULL);
  test_settle ();
  stream = devssh_channel_stream_new (server, &error);
  g_assert_no_error (error);
  g_assert_true (devssh_channel_stream_get_channel (stream) == server);
  devssh_channel_send_async (client, late, NULL, NULL, NULL);
  test_assert_read (g_io_stream_get_input_stream (G_IO_STREAM (stream)), "early late");
}

/* Design D19: one consumer. */
static void
test_second_reader (void)
{
  g_autoptr(DevSshChannelStream) second = NULL;
  g_autoptr(DevSshChannel) of_property = NULL;
  g_autoptr(GError) error = NULL;
  Fixture self;

  test_fixture_init (&self);
  second = devssh_channel_stream_new (self.client_channel, &error);
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  g_assert_null (second);
  g_object_get (self.client, "channel", &of_property, NULL);
  g_assert_true (of_property == self.client_channel);
  test_fixture_clear (&self);
}

/* Zero bytes are not EOF, and not even a message. */
static void
test_empty_write (void)
{
  g_autoptr(GAsyncResult) written = NULL;
  g_autoptr(GError) error = NULL;
  Fixture self;
  guint64 messages;

  test_fixture_init (&self);
  test_settle ();
  messages = devssh_session_metrics_get_messages_sent (devssh_session_get_metrics (DEVSSH_SESSION (self.pair->client)));
  g_assert_cmpint (g_output_stream_write (self.client_out, "", 0, NULL, &error), ==, 0);
  g_output_stream_write_async (self.client_out, "", 0, G_PRIORITY_DEFAULT, NULL, test_keep_result_cb, &written);
  test_spin_until (written != NULL);
  g_assert_cmpint (g_output_stream_write_finish (self.client_out, written, &error), ==, 0);
  test_settle ();
  g_assert_no_error (error);
  g_assert_cmpuint (devssh_session_metrics_get_messages_sent (devssh_session_get_metrics (DEVSSH_SESSION (self.pair->client))),
                    ==, messages);
  test_write (self.client_out, "more");
  test_assert_read (self.server_in, "more");
  test_fixture_clear (&self);
}

/* T-56: stderr does not get into a stream. */
static void
test_extended_data (void)
{
  g_autoptr(GBytes) noise = g_bytes_new_static ("noise", 5);
  Fixture self;

  test_fixture_init (&self);
  devssh_channel_send_extended_async (self.server_channel, DEVSSH_EXTENDED_DATA_STDERR, noise, NULL, NULL, NULL);
  test_write (self.server_out, "voice");
  test_assert_read (self.client_in, "voice");
  test_fixture_clear (&self);
}

/* GIO's own helpers work without a thread. */
static void
test_gio_helpers (void)
{
  g_autoptr(GInputStream) source = g_memory_input_stream_new_from_data ("one\ntwo\nthree", -1, NULL);
  g_autoptr(GDataInputStream) lines = NULL;
  g_autoptr(GAsyncResult) spliced = NULL;
  g_autoptr(GError) error = NULL;
  const char *expected[] = { "one", "two", "three" };
  Fixture self;

  test_fixture_init (&self);
  g_output_stream_splice_async (self.client_out, source,
                                G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE | G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET,
                                G_PRIORITY_DEFAULT, NULL, test_keep_result_cb, &spliced);
  lines = g_data_input_stream_new (self.server_in);
  for (int i = 0; i < 3; i++)
    {
      g_autoptr(GAsyncResult) result = NULL;
      g_autofree char *line = NULL;

      g_data_input_stream_read_line_async (lines, G_PRIORITY_DEFAULT, NULL, test_keep_result_cb, &result);
      test_spin_until (result != NULL);
      line = g_data_input_stream_read_line_finish (lines, result, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (line, ==, expected[i]);
    }
  test_spin_until (spliced != NULL);
  g_assert_cmpint (g_output_stream_splice_finish (self.client_out, spliced, &error), ==, 13);
  test_fixture_clear (&self);
}

/* ---- polled ---- */

static gboolean
test_count_cb (GObject  *stream,
               gpointer  user_data)
{
  ++*(guint *) user_data;
  return G_SOURCE_CONTINUE;
}

static void
test_polled_read (void)
{
  GPollableInputStream *pollable;
  g_autoptr(GSource) source = NULL;
  g_autoptr(GError) error = NULL;
  char buffer[16];
  guint calls = 0;
  Fixture self;

  test_fixture_init (&self);
  pollable = G_POLLABLE_INPUT_STREAM (self.server_in);
  g_assert_true (g_pollable_input_stream_can_poll (pollable));
  g_assert_false (g_pollable_input_stream_is_readable (pollable));
  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (pollable, buffer, 16, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);

  source = g_pollable_input_stream_create_source (pollable, NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (test_count_cb), &calls, NULL);
  g_source_attach (source, NULL);
  test_settle ();
  g_assert_cmpuint (calls, ==, 0);

  test_write (self.client_out, "abc");
  test_spin_until (calls > 0);
  g_assert_true (g_pollable_input_stream_is_readable (pollable));

  /* Told as long as it is so, and no longer. */
  calls = 0;
  test_spin_until (calls > 2);
  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (pollable, buffer, 2, NULL, &error), ==, 2);
  calls = 0;
  test_spin_until (calls > 0);
  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (pollable, buffer, 16, NULL, &error), ==, 1);
  calls = 0;
  test_settle ();
  g_assert_cmpuint (calls, ==, 0);
  g_assert_false (g_pollable_input_stream_is_readable (pollable));

  /* The end is something to read, too. */
  g_output_stream_close (self.client_out, NULL, NULL);
  test_spin_until (calls > 0);
  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (pollable, buffer, 16, NULL, &error), ==, 0);
  g_assert_no_error (error);

  g_source_destroy (source);
  test_fixture_clear (&self);
}

static void
test_polled_write (void)
{
  g_autoptr(GBytes) data = test_bytes (30 * 1024 * 1024);
  const guint8 *bytes = g_bytes_get_data (data, NULL);
  gsize length = g_bytes_get_size (data), written = 0, received;
  g_autofree guint8 *got = g_malloc (length);
  GPollableOutputStream *pollable;
  g_autoptr(GSource) source = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GAsyncResult) read = NULL;
  guint calls = 0, turns = 0;
  Fixture self;
  gssize n;

  test_fixture_init (&self);
  pollable = G_POLLABLE_OUTPUT_STREAM (self.client_out);
  g_assert_true (g_pollable_output_stream_can_poll (pollable));
  g_assert_true (g_pollable_output_stream_is_writable (pollable));
  source = g_pollable_output_stream_create_source (pollable, NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (test_count_cb), &calls, NULL);
  g_source_attach (source, NULL);

  /* Nobody reads: it fills up, and then nobody calls. */
  for (;;)
    {
      n = g_pollable_output_stream_write_nonblocking (pollable, bytes + written, length - written, NULL, &error);
      if (n >= 0)
        {
          written += n;
          continue;
        }
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
      g_clear_error (&error);
      g_assert_false (g_pollable_output_stream_is_writable (pollable));
      /* Until it is writable again, or nothing moves any more. */
      calls = 0;
      while (calls == 0 && g_main_context_iteration (NULL, FALSE))
        ;
      if (calls == 0)
        break;
    }
  g_assert_cmpuint (written, <, 20 * 1024 * 1024);

  g_input_stream_read_all_async (self.server_in, got, length, G_PRIORITY_DEFAULT, NULL, test_keep_result_cb, &read);
  while (written < length)
    {
      calls = 0;
      test_spin_until (calls > 0);
      n = g_pollable_output_stream_write_nonblocking (pollable, bytes + written, length - written, NULL, &error);
      g_assert_no_error (error);
      written += n;
      turns++;
    }
  test_spin_until (read != NULL);
  g_assert_true (g_input_stream_read_all_finish (self.server_in, read, &received, NULL));
  g_assert_cmpmem (got, received, bytes, length);
  g_assert_cmpuint (turns, >, 1);

  g_source_destroy (source);
  test_fixture_clear (&self);
}

/* What the application sends beside the stream is not the stream's: it neither holds up who polls, nor for ever. */
static void
test_polled_beside (void)
{
  g_autoptr(GBytes) errors = test_bytes (300 * 1024);
  g_autoptr(GSource) source = NULL;
  g_autoptr(GError) error = NULL;
  GPollableOutputStream *pollable;
  guint calls = 0;
  Fixture self;

  test_fixture_init (&self);
  pollable = G_POLLABLE_OUTPUT_STREAM (self.server_out);
  source = g_pollable_output_stream_create_source (pollable, NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (test_count_cb), &calls, NULL);
  g_source_attach (source, NULL);
  devssh_channel_send_extended_async (self.server_channel, DEVSSH_EXTENDED_DATA_STDERR, errors, NULL, NULL, NULL);
  while (g_pollable_output_stream_write_nonblocking (pollable, "hello", 5, NULL, &error) < 0)
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
      g_clear_error (&error);
      calls = 0;
      test_spin_until (calls > 0);
    }
  test_assert_read (self.client_in, "hello");
  g_source_destroy (source);
  test_fixture_clear (&self);
}

/* A write that waits for the window is given up: who polls can go on. */
static void
test_polled_after_cancelled (void)
{
  g_autoptr(GBytes) data = test_bytes (30 * 1024 * 1024);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GSource) source = NULL;
  g_autoptr(GError) error = NULL;
  GPollableOutputStream *pollable;
  guint calls = 0;
  Fixture self;

  test_fixture_init (&self);
  pollable = G_POLLABLE_OUTPUT_STREAM (self.client_out);
  g_output_stream_write_async (self.client_out, g_bytes_get_data (data, NULL), g_bytes_get_size (data),
                               G_PRIORITY_DEFAULT, cancellable, test_keep_result_cb, &result);
  test_settle ();
  g_assert_null (result);
  g_cancellable_cancel (cancellable);
  test_spin_until (result != NULL);
  /* Part of it has left, but GOutputStream tells nothing of that. */
  g_assert_cmpint (g_output_stream_write_finish (self.client_out, result, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  source = g_pollable_output_stream_create_source (pollable, NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (test_count_cb), &calls, NULL);
  g_source_attach (source, NULL);
  test_spin_until (calls > 0);
  g_assert_cmpint (g_pollable_output_stream_write_nonblocking (pollable, "hello", 5, NULL, &error), ==, 5);
  g_source_destroy (source);
  test_fixture_clear (&self);
}

/* EOF that was sent by hand and waits for the window is the end for who polls, too: what is taken would never leave. */
static void
test_polled_after_eof (void)
{
  g_autoptr(GBytes) data = test_bytes (30 * 1024 * 1024);
  g_autoptr(GError) error = NULL;
  Fixture self;

  test_fixture_init (&self);
  devssh_channel_send_async (self.client_channel, data, NULL, NULL, NULL);
  devssh_channel_send_eof (self.client_channel, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (self.client_out),
                                                               "hello", 5, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  test_fixture_clear (&self);
}

/* Who polls a half that is closed is told, for nothing else will come of it. */
static void
test_polled_closed (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GSource) source = NULL;
  guint calls = 0;
  Fixture self;

  test_fixture_init (&self);
  source = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (self.client_in), NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (test_count_cb), &calls, NULL);
  g_source_attach (source, NULL);
  test_settle ();
  g_assert_cmpuint (calls, ==, 0);
  g_input_stream_close (self.client_in, NULL, &error);
  g_assert_no_error (error);
  test_spin_until (calls > 0);
  g_source_destroy (source);
  test_fixture_clear (&self);
}

/* ---- blocking (design D2) ---- */

static void
test_blocking (void)
{
  g_autoptr(GBytes) data = test_bytes (2 * 1024 * 1024);
  g_autoptr(GAsyncResult) spliced = NULL;
  g_autofree char *got = g_malloc (g_bytes_get_size (data));
  g_autoptr(GError) error = NULL;
  Fixture self;
  gsize n;

  test_fixture_init (&self);
  /* The server sends everything back. */
  g_output_stream_splice_async (self.server_out, self.server_in, G_OUTPUT_STREAM_SPLICE_NONE, G_PRIORITY_DEFAULT, NULL,
                                test_keep_result_cb, &spliced);
  test_write (self.client_out, "ping");
  test_assert_read (self.client_in, "ping");
  g_assert_true (g_output_stream_write_all (self.client_out, g_bytes_get_data (data, NULL), 500000, &n, NULL, &error));
  g_assert_true (g_input_stream_read_all (self.client_in, got, 500000, &n, NULL, &error));
  g_assert_cmpmem (got, n, g_bytes_get_data (data, NULL), 500000);
  g_output_stream_close (self.client_out, NULL, NULL);
  test_spin_until (spliced != NULL);
  test_fixture_clear (&self);
}

typedef struct
{
  Fixture *fixture;
  gboolean done;
} InCallback;

static gboolean
test_in_callback_cb (gpointer user_data)
{
  InCallback *self = user_data;
  g_autoptr(GError) error = NULL;
  char buffer[16];

  g_assert_cmpint (g_input_stream_read (self->fixture->client_in, buffer, 16, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_clear_error (&error);
  g_assert_cmpint (g_output_stream_write (self->fixture->client_out, "x", 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  self->done = TRUE;
  return G_SOURCE_REMOVE;
}

static void
test_blocking_in_callback (void)
{
  InCallback in_callback = { 0, };
  Fixture self;

  test_fixture_init (&self);
  in_callback.fixture = &self;
  g_idle_add (test_in_callback_cb, &in_callback);
  test_spin_until (in_callback.done);

  /* Nothing of the failed calls was left behind. */
  test_write (self.client_out, "after");
  test_assert_read (self.server_in, "after");
  test_write (self.server_out, "all");
  test_assert_read (self.client_in, "all");
  test_fixture_clear (&self);
}

static gboolean
test_cancel_cb (gpointer user_data)
{
  g_cancellable_cancel (user_data);
  return G_SOURCE_REMOVE;
}

static void
test_blocking_cancelled (void)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GBytes) data = test_bytes (40 * 1024 * 1024);
  g_autoptr(GError) error = NULL;
  char buffer[16];
  Fixture self;
  gssize n;

  test_fixture_init (&self);
  g_idle_add (test_cancel_cb, cancellable);
  g_assert_cmpint (g_input_stream_read (self.client_in, buffer, 16, cancellable, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  /* Cancelled before: not even what is there is taken. */
  test_write (self.server_out, "kept");
  test_settle ();
  g_assert_cmpint (g_input_stream_read (self.client_in, buffer, 16, cancellable, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  test_assert_read (self.client_in, "kept");

  /* A write that waits for the window can be cancelled, and says how much has left. */
  g_object_unref (cancellable);
  cancellable = g_cancellable_new ();
  g_idle_add_full (G_PRIORITY_LOW, test_cancel_cb, cancellable, NULL);
  n = g_output_stream_write (self.client_out, g_bytes_get_data (data, NULL), g_bytes_get_size (data), cancellable, &error);
  g_assert_no_error (error);
  g_assert_cmpint (n, >, 0);
  g_assert_cmpint (n, <, g_bytes_get_size (data));
  test_settle ();
  g_assert_cmpuint (devssh_channel_get_bytes_sent (self.client_channel), ==, n);
  test_fixture_clear (&self);
}

typedef struct
{
  GInputStream  *input;
  GOutputStream *output;
  GIOStream     *stream;
  GBytes        *data;
  int            done;     /* atomic */
} Worker;

static gpointer
test_worker (gpointer user_data)
{
  Worker *self = user_data;
  gsize length = g_bytes_get_size (self->data);
  g_autofree char *got = g_malloc (length);
  g_autoptr(GError) error = NULL;
  gsize n;

  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (self->input), got, 16, NULL, &error),
                   ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  for (int i = 0; i < 20; i++)
    {
      g_assert_true (g_output_stream_write_all (self->output, g_bytes_get_data (self->data, NULL), length, &n, NULL, &error));
      g_assert_no_error (error);
      g_assert_true (g_input_stream_read_all (self->input, got, length, &n, NULL, &error));
      g_assert_no_error (error);
      g_assert_cmpmem (got, n, g_bytes_get_data (self->data, NULL), length);
    }
  /* The last reference may go in any thread. */
  g_object_unref (self->stream);
  g_atomic_int_set (&self->done, 1);
  g_main_context_wakeup (NULL);
  return NULL;
}

/* T-66: a thread hands over and waits, as GTlsConnection does. */
static void
test_blocking_in_thread (void)
{
  g_autoptr(GBytes) data = test_bytes (100000);
  g_autoptr(GAsyncResult) spliced = NULL;
  Worker worker = { 0, };
  GThread *thread;
  Fixture self;

  test_fixture_init (&self);
  g_output_stream_splice_async (self.server_out, self.server_in, G_OUTPUT_STREAM_SPLICE_NONE, G_PRIORITY_DEFAULT, NULL,
                                test_keep_result_cb, &spliced);
  worker.input = self.client_in;
  worker.output = self.client_out;
  worker.data = data;
  worker.stream = g_steal_pointer (&self.client);
  thread = g_thread_new ("reader", test_worker, &worker);
  test_spin_until (g_atomic_int_get (&worker.done));
  g_thread_join (thread);

  /* Dropped there, closed here. */
  test_spin_until (spliced != NULL);
  g_assert_cmpint (g_output_stream_splice_finish (self.server_out, spliced, NULL), ==, 20 * 100000);
  test_spin_until (devssh_channel_get_is_closed (self.server_channel));
  test_fixture_clear (&self);
}

/* A thread that polls in a context of its own is woken there. */
static gpointer
test_poller (gpointer user_data)
{
  Worker *self = user_data;
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(GSource) source = NULL;
  char buffer[16];
  guint calls = 0;

  source = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (self->input), NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (test_count_cb), &calls, NULL);
  g_source_attach (source, context);
  g_atomic_int_set (&self->done, 1);
  g_main_context_wakeup (NULL);
  while (calls == 0)
    g_main_context_iteration (context, TRUE);
  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (self->input), buffer, 16, NULL, NULL),
                   ==, 4);
  g_source_destroy (source);
  g_atomic_int_set (&self->done, 2);
  g_main_context_wakeup (NULL);
  return NULL;
}

static void
test_polled_in_thread (void)
{
  Worker worker = { 0, };
  GThread *thread;
  Fixture self;

  test_fixture_init (&self);
  worker.input = self.client_in;
  thread = g_thread_new ("poller", test_poller, &worker);
  test_spin_until (g_atomic_int_get (&worker.done) == 1);
  test_write (self.server_out, "wake");
  test_spin_until (g_atomic_int_get (&worker.done) == 2);
  g_thread_join (thread);
  test_fixture_clear (&self);
}

/* ---- ends ---- */

static void
test_half_close (void)
{
  g_autoptr(GError) error = NULL;
  Fixture self;

  test_fixture_init (&self);
  test_write (self.client_out, "question");
  g_assert_true (g_output_stream_close (self.client_out, NULL, &error));
  test_assert_read (self.server_in, "question");
  test_assert_end (self.server_in);
  test_assert_end (self.server_in);
  g_assert_false (devssh_channel_get_is_closed (self.server_channel));

  test_write (self.server_out, "answer");
  test_assert_read (self.client_in, "answer");
  g_assert_cmpint (g_output_stream_write (self.client_out, "x", 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);

  /* The second half closes the channel. */
  g_input_stream_close (self.client_in, NULL, NULL);
  test_spin_until (devssh_channel_get_is_closed (self.server_channel));
  test_fixture_clear (&self);
}

/* Whoever does not read any more does not hold the peer up. */
static void
test_input_closed (void)
{
  g_autoptr(GBytes) data = test_bytes (5 * 1024 * 1024);
  g_autoptr(GError) error = NULL;
  Fixture self;
  gsize n;

  test_fixture_init (&self);
  g_input_stream_close (self.server_in, NULL, NULL);
  g_assert_true (g_output_stream_write_all (self.client_out, g_bytes_get_data (data, NULL), g_bytes_get_size (data),
                                            &n, NULL, &error));
  g_assert_no_error (error);
  test_write (self.server_out, "still");
  test_assert_read (self.client_in, "still");
  test_fixture_clear (&self);
}

static void
test_close (void)
{
  g_autoptr(GAsyncResult) closed = NULL;
  g_autoptr(GAsyncResult) read = NULL;
  g_autoptr(GError) error = NULL;
  char buffer[16];
  Fixture self;

  test_fixture_init (&self);
  g_input_stream_read_async (self.client_in, buffer, 16, G_PRIORITY_DEFAULT, NULL, test_keep_result_cb, &read);
  test_write (self.client_out, "last words");
  g_io_stream_close_async (self.client, G_PRIORITY_DEFAULT, NULL, test_keep_result_cb, &closed);
  test_spin_until (closed != NULL && read != NULL);
  g_assert_true (g_io_stream_close_finish (self.client, closed, &error));
  g_assert_no_error (error);
  g_assert_cmpint (g_input_stream_read_finish (self.client_in, read, &error), ==, 0);
  g_assert_no_error (error);

  test_assert_read (self.server_in, "last words");
  test_assert_end (self.server_in);
  g_assert_true (devssh_channel_get_is_closed (self.server_channel));
  g_assert_cmpint (devssh_channel_get_exit_status (self.server_channel), ==, -1);
  g_assert_null (devssh_channel_get_exit_signal (self.server_channel));

  g_assert_cmpint (g_output_stream_write (self.client_out, "x", 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_cmpint (g_output_stream_write (self.server_out, "x", 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  test_fixture_clear (&self);
}

static void
test_close_sync (void)
{
  g_autoptr(GError) error = NULL;
  char buffer[16];
  Fixture self;

  test_fixture_init (&self);
  test_write (self.client_out, "bye");
  g_assert_true (g_io_stream_close (self.client, NULL, &error));
  g_assert_true (g_io_stream_close (self.client, NULL, &error));
  test_assert_read (self.server_in, "bye");
  test_assert_end (self.server_in);
  g_assert_cmpint (g_input_stream_read (self.client_in, buffer, 16, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  test_fixture_clear (&self);
}

static void
test_dropped (void)
{
  Fixture self;

  test_fixture_init (&self);
  test_write (self.client_out, "bye");
  g_clear_object (&self.client);
  test_assert_read (self.server_in, "bye");
  test_assert_end (self.server_in);
  g_assert_true (devssh_channel_get_is_closed (self.client_channel));
  test_fixture_clear (&self);
}

/* What has come is read first, then comes the reason. */
static void
test_session_lost (void)
{
  g_autoptr(GAsyncResult) written = NULL;
  g_autoptr(GBytes) data = test_bytes (40 * 1024 * 1024);
  g_autoptr(GError) error = NULL;
  char buffer[16];
  Fixture self;

  test_fixture_init (&self);
  test_write (self.client_out, "rest");
  test_settle ();
  g_output_stream_write_async (self.server_out, g_bytes_get_data (data, NULL), g_bytes_get_size (data),
                               G_PRIORITY_DEFAULT, NULL, test_keep_result_cb, &written);
  test_settle ();
  g_assert_null (written);
  g_io_stream_close (devssh_session_get_stream (DEVSSH_SESSION (self.pair->client)), NULL, NULL);
  test_spin_until (devssh_channel_get_is_closed (self.server_channel) && written != NULL);

  g_assert_cmpint (g_output_stream_write_finish (self.server_out, written, &error), ==, -1);
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
  g_clear_error (&error);
  test_assert_read (self.server_in, "rest");
  for (int i = 0; i < 2; i++)
    {
      g_assert_cmpint (g_input_stream_read (self.server_in, buffer, 16, NULL, &error), ==, -1);
      g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
      g_clear_error (&error);
    }
  g_assert_cmpint (g_output_stream_write (self.server_out, "x", 1, NULL, &error), ==, -1);
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
  test_fixture_clear (&self);
}

static void
test_closed_with_signal (void)
{
  g_autoptr(GAsyncResult) read = NULL;
  g_autoptr(GError) error = NULL;
  char buffer[16];
  Fixture self;

  test_fixture_init (&self);
  g_input_stream_read_async (self.server_in, buffer, 16, G_PRIORITY_DEFAULT, NULL, test_keep_result_cb, &read);
  devssh_channel_close_with_signal (self.client_channel, "KILL", "over");
  test_spin_until (read != NULL);
  g_assert_cmpint (g_input_stream_read_finish (self.server_in, read, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  g_assert_nonnull (strstr (error->message, "KILL"));
  test_fixture_clear (&self);
}

/* ---- T-65: no byte is lost, whenever a read is cancelled ---- */

static void
test_cancelled_reads (void)
{
  const char *text = "abcdefghijklmnopqrstuvwxyz";
  Fixture self;
  gsize got = 0, sent = 0;
  guint cancelled = 0;

  test_fixture_init (&self);
  for (guint turns = 0; turns < 26 || got < sent; turns++)
    {
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      g_autoptr(GAsyncResult) read = NULL;
      g_autoptr(GError) error = NULL;
      char buffer[4];
      gssize n;

      g_input_stream_read_async (self.server_in, buffer, sizeof buffer, G_PRIORITY_DEFAULT, cancellable,
                                 test_keep_result_cb, &read);
      if (turns < 26)
        {
          g_autoptr(GBytes) letter = g_bytes_new (text + turns, 1);

          devssh_channel_send_async (self.client_channel, letter, NULL, NULL, NULL);
          sent++;
        }
      for (guint i = 0; i < turns % 8; i++)
        g_main_context_iteration (NULL, FALSE);
      if (turns < 26)
        g_cancellable_cancel (cancellable);
      test_spin_until (read != NULL);
      n = g_input_stream_read_finish (self.server_in, read, &error);
      if (n < 0)
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
          cancelled++;
          continue;
        }
      g_assert_cmpmem (buffer, n, text + got, n);
      got += n;
    }
  g_assert_cmpuint (got, ==, 26);
  g_assert_cmpuint (cancelled, >, 0);
  test_fixture_clear (&self);
}

/* T-66: any other call from elsewhere is refused loudly. */
static gpointer
test_wrong_thread (gpointer user_data)
{
  Worker *self = user_data;
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  char buffer[16];

  g_main_context_push_thread_default (context);
  g_input_stream_read_async (self->input, buffer, 16, G_PRIORITY_DEFAULT, NULL, test_keep_result_cb, &result);
  while (result == NULL)
    g_main_context_iteration (context, TRUE);
  g_assert_cmpint (g_input_stream_read_finish (self->input, result, &error), ==, -1);
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_WRONG_THREAD);
  g_main_context_pop_thread_default (context);
  return NULL;
}

static void
test_wrong_thread_is_told (void)
{
  Worker worker = { 0, };
  Fixture self;

  test_fixture_init (&self);
  worker.input = self.client_in;
  g_test_expect_message ("devssh", G_LOG_LEVEL_CRITICAL, "*thread*");
  g_thread_join (g_thread_new ("stranger", test_wrong_thread, &worker));
  g_test_assert_expected_messages ();
  test_fixture_clear (&self);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/stream/channel/async", test_async);
  g_test_add_func ("/stream/channel/bulk", test_bulk);
  g_test_add_func ("/stream/channel/slow-reader", test_slow_reader);
  g_test_add_func ("/stream/channel/early-data", test_early_data);
  g_test_add_func ("/stream/channel/second-reader", test_second_reader);
  g_test_add_func ("/stream/channel/empty-write", test_empty_write);
  g_test_add_func ("/stream/channel/T-56/extended-data", test_extended_data);
  g_test_add_func ("/stream/channel/gio-helpers", test_gio_helpers);
  g_test_add_func ("/stream/channel/polled/read", test_polled_read);
  g_test_add_func ("/stream/channel/polled/write", test_polled_write);
  g_test_add_func ("/stream/channel/polled/beside", test_polled_beside);
  g_test_add_func ("/stream/channel/polled/after-cancelled", test_polled_after_cancelled);
  g_test_add_func ("/stream/channel/polled/after-eof", test_polled_after_eof);
  g_test_add_func ("/stream/channel/polled/closed", test_polled_closed);
  g_test_add_func ("/stream/channel/polled/in-thread", test_polled_in_thread);
  g_test_add_func ("/stream/channel/blocking/here", test_blocking);
  g_test_add_func ("/stream/channel/blocking/in-callback", test_blocking_in_callback);
  g_test_add_func ("/stream/channel/blocking/cancelled/E-19", test_blocking_cancelled);
  g_test_add_func ("/stream/channel/blocking/T-66/in-thread", test_blocking_in_thread);
  g_test_add_func ("/stream/channel/T-66/wrong-thread-is-told", test_wrong_thread_is_told);
  g_test_add_func ("/stream/channel/half-close", test_half_close);
  g_test_add_func ("/stream/channel/input-closed", test_input_closed);
  g_test_add_func ("/stream/channel/close", test_close);
  g_test_add_func ("/stream/channel/close-sync", test_close_sync);
  g_test_add_func ("/stream/channel/dropped", test_dropped);
  g_test_add_func ("/stream/channel/session-lost", test_session_lost);
  g_test_add_func ("/stream/channel/closed-with-signal", test_closed_with_signal);
  g_test_add_func ("/stream/channel/T-65/cancelled-reads", test_cancelled_reads);

  return g_test_run ();
}
