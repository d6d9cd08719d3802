/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A channel joined with a stream: two engines, and a socket whose other end the test holds. */
#include "../connection/connection-util.h"
#include "../test-far-end.h"
#include "../test-memory.h"

#include <errno.h>
#include <glib-unix.h>
#include <libdevssh/session/devssh-splice.h>
#include <libdevssh/wire/devssh-numbers.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The client's channel is the test's; the server's is spliced with stream, whose far end is the test's, too. */
typedef struct
{
  TestPair       pair;
  DevSshChannel *channel;
  DevSshChannel *spliced;
  TestEars      *ears;
  GIOStream     *stream;
  int            far_in;
  int            far_out;
  GByteArray    *arrived;     /* at the far end */
  gboolean       far_eof;
  int            far_error;
  GCancellable  *cancellable;
  DevSshChannelSpliceFlags flags;
  GAsyncResult  *result;
} Fixture;

static void
test_fixture_init (Fixture        *self,
                   TestFarEndFunc  make_stream)
{
  TestFarEnd far_end;

  memset (self, 0, sizeof *self);
  test_pair_init (&self->pair, NULL);
  self->channel = test_open_both (&self->pair, &self->pair.client, &self->spliced);
  self->ears = test_ears_new (self->channel);
  self->arrived = g_byte_array_new ();
  self->cancellable = g_cancellable_new ();
  make_stream (&far_end);
  self->stream = far_end.stream;
  self->far_in = far_end.far_in;
  self->far_out = far_end.far_out;
}

static void
test_fixture_splice (Fixture                  *self,
                     DevSshChannelSpliceFlags  flags)
{
  self->flags = flags;
  devssh_channel_splice_async (self->spliced, self->stream, flags, G_PRIORITY_DEFAULT,
                               self->cancellable, test_keep_result_cb, &self->result);
}

#define BOTH (DEVSSH_CHANNEL_SPLICE_CLOSE_CHANNEL | DEVSSH_CHANNEL_SPLICE_CLOSE_STREAM)

static void
test_fixture_hang_up (Fixture *self)
{
  if (self->far_out == self->far_in)
    {
      if (self->far_in >= 0)
        close (self->far_in);
    }
  else
    {
      if (self->far_in >= 0)
        close (self->far_in);
      if (self->far_out >= 0)
        close (self->far_out);
    }
  self->far_in = self->far_out = -1;
}

static void
test_fixture_clear (Fixture *self)
{
  test_ears_free (self->ears);
  test_pair_clear (&self->pair);
  g_clear_object (&self->channel);
  g_clear_object (&self->spliced);
  /* It may still be at work for the splice in another thread, and is the splice's to close. */
  while (self->result != NULL && (self->flags & DEVSSH_CHANNEL_SPLICE_CLOSE_STREAM) != 0 &&
         !g_io_stream_is_closed (self->stream))
    g_main_context_iteration (NULL, TRUE);
  g_io_stream_close (self->stream, NULL, NULL);
  g_object_unref (self->stream);
  test_fixture_hang_up (self);
  g_byte_array_unref (self->arrived);
  g_object_unref (self->cancellable);
  g_clear_object (&self->result);
  test_settle ();
}

static gboolean
test_awake_cb (int          fd,
               GIOCondition condition,
               gpointer     user_data)
{
  return G_SOURCE_CONTINUE;
}

/* Everything that moves by itself, or with what is read at the far end. */
static void
test_fixture_turn (Fixture  *self,
                   gboolean  read_far)
{
  guint8 buffer[65536];
  gssize n = 0;

  test_pair_run (&self->pair);
  if (!read_far || self->far_in < 0)
    return;

  while ((n = read (self->far_in, buffer, sizeof buffer)) > 0)
    {
      g_byte_array_append (self->arrived, buffer, n);
      test_pair_run (&self->pair);
    }
  if (n == 0)
    self->far_eof = TRUE;
  else if (errno != EAGAIN)
    self->far_error = errno;
}

/* One wait for news, from the loop or from the far end. */
static void
test_fixture_wait (Fixture *self)
{
  guint watch = 0;

  if (self->far_in >= 0 && !self->far_eof && self->far_error == 0)
    watch = g_unix_fd_add (self->far_in, G_IO_IN, test_awake_cb, NULL);
  g_main_context_iteration (NULL, TRUE);
  if (watch != 0)
    g_source_remove (watch);
}

#define test_fixture_until(self, condition) \
  G_STMT_START { for (;;) { test_fixture_turn (self, TRUE); if (condition) break; \
                            test_fixture_wait (self); } } G_STMT_END

static void
test_fixture_write (Fixture    *self,
                    const char *text)
{
  g_assert_cmpint (write (self->far_out, text, strlen (text)), ==, strlen (text));
}

static void
test_fixture_assert_done (Fixture *self)
{
  g_autoptr(GError) error = NULL;

  g_assert_nonnull (self->result);
  g_assert_true (devssh_channel_splice_finish (self->spliced, self->result, &error));
  g_assert_no_error (error);
}

static void
test_fixture_assert_failed (Fixture *self,
                            GQuark   domain,
                            int      code)
{
  g_autoptr(GError) error = NULL;

  g_assert_nonnull (self->result);
  g_assert_false (devssh_channel_splice_finish (self->spliced, self->result, &error));
  g_assert_error (error, domain, code);
}

/* ---- data ---- */

static void
test_both_ways (gconstpointer data)
{
  g_autoptr(GBytes) down = test_bytes (3 * 1024 * 1024 + 17, 1);
  g_autoptr(GBytes) up = test_bytes (2 * 1024 * 1024 + 5, 2);
  const guint8 *up_data = g_bytes_get_data (up, NULL);
  gsize written = 0;
  Fixture self;

  test_fixture_init (&self, (TestFarEndFunc) data);
  test_ears_all (self.ears);
  test_fixture_splice (&self, BOTH);

  devssh_channel_send_async (self.channel, down, NULL, NULL, NULL);
  while (written < g_bytes_get_size (up) || self.arrived->len < g_bytes_get_size (down) ||
         self.ears->bytes->len < g_bytes_get_size (up))
    {
      gssize n = write (self.far_out, up_data + written, g_bytes_get_size (up) - written);

      if (n > 0)
        written += n;
      test_fixture_turn (&self, TRUE);
      g_main_context_iteration (NULL, FALSE);
    }
  g_assert_cmpmem (self.arrived->data, self.arrived->len,
                   g_bytes_get_data (down, NULL), g_bytes_get_size (down));
  g_assert_cmpmem (self.ears->bytes->data, self.ears->bytes->len, up_data, g_bytes_get_size (up));
  g_assert_null (self.result);

  test_fixture_clear (&self);
}

/* One direction ends after the other; then all is over. */
static void
test_half_close (gconstpointer data)
{
  Fixture self;

  test_fixture_init (&self, (TestFarEndFunc) data);
  test_ears_all (self.ears);
  test_fixture_splice (&self, BOTH);

  test_send (self.channel, "question");
  devssh_channel_send_eof (self.channel, NULL);
  test_fixture_until (&self, self.far_eof);
  g_assert_cmpmem (self.arrived->data, self.arrived->len, "question", 8);
  g_assert_null (self.result);
  g_assert_false (devssh_channel_get_is_closed (self.channel));

  test_fixture_write (&self, "answer");
  test_fixture_until (&self, self.ears->bytes->len == 6);
  g_assert_cmpmem (self.ears->bytes->data, self.ears->bytes->len, "answer", 6);
  test_fixture_hang_up (&self);
  test_fixture_until (&self, self.ears->n_closed == 1 && self.result != NULL);
  g_assert_cmpuint (self.ears->n_eof, ==, 1);
  g_assert_null (devssh_channel_get_exit_signal (self.channel));
  test_fixture_assert_done (&self);
  test_fixture_until (&self, g_io_stream_is_closed (self.stream));

  test_fixture_clear (&self);
}

/* The stream ends first; with no flags both are left as they are. */
static void
test_stream_ends_first (gconstpointer data)
{
  Fixture self;

  test_fixture_init (&self, (TestFarEndFunc) data);
  test_ears_all (self.ears);
  test_fixture_splice (&self, DEVSSH_CHANNEL_SPLICE_NONE);

  test_fixture_write (&self, "all");
  if (self.far_out == self.far_in)
    shutdown (self.far_out, SHUT_WR);
  else
    {
      close (self.far_out);
      self.far_out = -1;
    }
  test_fixture_until (&self, self.ears->n_eof == 1);
  g_assert_cmpstr (self.ears->text->str, ==, "data:all eof ");
  test_send (self.channel, "still");
  test_fixture_until (&self, self.arrived->len == 5);
  g_assert_null (self.result);

  devssh_channel_send_eof (self.channel, NULL);
  test_fixture_until (&self, self.result != NULL);
  test_fixture_assert_done (&self);
  g_assert_false (devssh_channel_get_is_closed (self.spliced));
  g_assert_false (g_io_stream_is_closed (self.stream));

  test_fixture_clear (&self);
}

/* What came before the splice comes first. */
static void
test_early_data (void)
{
  Fixture self;

  test_fixture_init (&self, test_far_end_socket);
  test_send (self.channel, "early ");
  test_pair_run (&self.pair);
  test_fixture_splice (&self, BOTH);
  test_send (self.channel, "late");
  test_fixture_until (&self, self.arrived->len == 10);
  g_assert_cmpmem (self.arrived->data, self.arrived->len, "early late", 10);
  test_fixture_clear (&self);
}

/* T-56: stderr is counted, credited and dropped. */
static void
test_extended_data (void)
{
  g_autoptr(GBytes) noise = test_bytes (2 * 1024 * 1024, 3);
  g_autoptr(GAsyncResult) sent = NULL;
  Fixture self;

  test_fixture_init (&self, test_far_end_socket);
  test_fixture_splice (&self, BOTH);
  devssh_channel_send_extended_async (self.channel, DEVSSH_EXTENDED_DATA_STDERR, noise, NULL, test_keep_result_cb, &sent);
  test_send (self.channel, "data");
  test_fixture_until (&self, self.arrived->len == 4 && sent != NULL);
  g_assert_true (devssh_channel_send_extended_finish (self.channel, sent, NULL));
  test_fixture_clear (&self);
}

/* ---- back-pressure ---- */

/* T-86: nobody reads at the far end; the sender stops at the window. */
static void
test_slow_stream (gconstpointer data)
{
  g_autoptr(GBytes) down = test_bytes (24 * 1024 * 1024, 4);
  g_autoptr(GAsyncResult) sent = NULL;
  guint64 received;
  Fixture self;

  test_fixture_init (&self, (TestFarEndFunc) data);
  test_fixture_splice (&self, BOTH);
  /* Whole packets would fill a pipe to its last byte: a write that is larger than the room takes an odd one. */
  test_send (self.channel, "odd");
  devssh_channel_send_async (self.channel, down, NULL, test_keep_result_cb, &sent);
  test_fixture_turn (&self, FALSE);
  received = devssh_channel_get_bytes_received (self.spliced);
  test_fixture_turn (&self, FALSE);
  g_assert_cmpuint (devssh_channel_get_bytes_received (self.spliced), ==, received);
  /* What fits into the system's buffers, and one window. */
  g_assert_cmpuint (received, <, 16 * 1024 * 1024);
  g_assert_null (sent);

  test_fixture_until (&self, self.arrived->len == 3 + g_bytes_get_size (down) && sent != NULL);
  g_assert_cmpmem (self.arrived->data + 3, self.arrived->len - 3,
                   g_bytes_get_data (down, NULL), g_bytes_get_size (down));
  g_assert_true (devssh_channel_send_finish (self.channel, sent, NULL));
  test_fixture_clear (&self);
}

/* The same, byte by byte: what waits for the stream is joined. */
static void
test_slow_stream_bytes (void)
{
  g_autoptr(GBytes) down = test_bytes (512 * 1024, 5);
  const guint8 *data = g_bytes_get_data (down, NULL);
  Fixture self;
  gsize before, held;

  test_fixture_init (&self, test_far_end_socket);
  test_fixture_splice (&self, BOTH);
  test_fixture_turn (&self, FALSE);
  before = test_memory_get_allocated ();
  for (gsize i = 0; i < g_bytes_get_size (down); i++)
    {
      const guint8 message[] = { 94, 0, 0, 0, 0, 0, 0, 0, 1, data[i] };

      test_end_receive (&self.pair.server, message, sizeof message);
    }
  g_assert_cmpuint (devssh_channel_get_bytes_received (self.spliced), ==, g_bytes_get_size (down));
  held = test_memory_get_allocated () - before;
  g_test_message ("%" G_GSIZE_FORMAT " KiB held for %" G_GSIZE_FORMAT, held / 1024, g_bytes_get_size (down) / 1024);
  g_assert_cmpuint (held, <=, 2 * g_bytes_get_size (down));

  test_fixture_until (&self, self.arrived->len == g_bytes_get_size (down));
  g_assert_cmpmem (self.arrived->data, self.arrived->len, data, g_bytes_get_size (down));
  test_fixture_clear (&self);
}

/* The peer's application does not read: the splice stops reading, and goes on later. */
static void
test_slow_channel (gconstpointer data)
{
  static guint8 block[65536];
  gsize written = 0, more = 0;
  Fixture self;
  gssize n;

  test_fixture_init (&self, (TestFarEndFunc) data);
  test_fixture_splice (&self, BOTH);
  for (int quiet = 0; quiet < 3;)
    {
      n = write (self.far_out, block, sizeof block);
      if (n > 0)
        written += n;
      quiet = n > 0 ? 0 : quiet + 1;
      test_fixture_turn (&self, FALSE);
    }
  g_test_message ("%" G_GSIZE_FORMAT " bytes under way", written);
  g_assert_cmpuint (written, <, 8 * 1024 * 1024);

  /* Now somebody listens. */
  test_ears_all (self.ears);
  while (self.ears->bytes->len < written)
    {
      test_fixture_turn (&self, FALSE);
      g_main_context_iteration (NULL, FALSE);
    }
  n = write (self.far_out, block, sizeof block);
  g_assert_cmpint (n, >, 0);
  more = n;
  while (self.ears->bytes->len < written + more)
    {
      test_fixture_turn (&self, FALSE);
      g_main_context_iteration (NULL, FALSE);
    }
  test_fixture_clear (&self);
}

/* ---- bad ends ---- */

/* A reset of the socket ends the channel with a signal. */
static void
test_reset (void)
{
  struct linger linger = { 1, 0 };
  Fixture self;

  test_fixture_init (&self, test_far_end_tcp);
  test_ears_all (self.ears);
  test_fixture_splice (&self, BOTH);
  test_pair_run (&self.pair);
  g_assert_cmpint (setsockopt (self.far_in, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), ==, 0);
  test_fixture_hang_up (&self);
  test_fixture_until (&self, self.ears->n_closed == 1 && self.result != NULL);
  g_assert_cmpstr (devssh_channel_get_exit_signal (self.channel), ==, "SIGABRT");
  g_assert_cmpuint (self.ears->n_eof, ==, 0);
  test_fixture_assert_failed (&self, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  test_fixture_clear (&self);
}

/* Without flags nobody else is told. */
static void
test_reset_told_only (void)
{
  struct linger linger = { 1, 0 };
  Fixture self;

  test_fixture_init (&self, test_far_end_tcp);
  test_fixture_splice (&self, DEVSSH_CHANNEL_SPLICE_NONE);
  test_pair_run (&self.pair);
  setsockopt (self.far_in, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  test_fixture_hang_up (&self);
  test_fixture_until (&self, self.result != NULL);
  test_fixture_assert_failed (&self, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  g_assert_false (devssh_channel_get_is_closed (self.spliced));
  g_assert_false (g_io_stream_is_closed (self.stream));
  test_fixture_clear (&self);
}

static void
test_closed_in_order (void)
{
  Fixture self;

  test_fixture_init (&self, test_far_end_tcp);
  test_fixture_splice (&self, BOTH);
  test_send (self.channel, "bye");
  devssh_channel_close (self.channel);
  test_fixture_until (&self, self.far_eof || self.far_error != 0);
  g_assert_cmpint (self.far_error, ==, 0);
  g_assert_cmpmem (self.arrived->data, self.arrived->len, "bye", 3);
  test_fixture_until (&self, self.result != NULL);
  test_fixture_assert_done (&self);
  test_fixture_clear (&self);
}

/* A plain close behind more than the far end has room for: it is still written. */
static void
test_closed_with_rest (void)
{
  g_autoptr(GBytes) down = test_bytes (1024 * 1024, 5);
  Fixture self;

  test_fixture_init (&self, test_far_end_socket);
  test_fixture_splice (&self, BOTH);
  devssh_channel_send_async (self.channel, down, NULL, NULL, NULL);
  devssh_channel_close (self.channel);
  test_fixture_turn (&self, FALSE);
  g_assert_true (devssh_channel_get_is_closed (self.spliced));
  g_assert_null (self.result);
  test_fixture_until (&self, self.far_eof);
  g_assert_cmpmem (self.arrived->data, self.arrived->len,
                   g_bytes_get_data (down, NULL), g_bytes_get_size (down));
  test_fixture_until (&self, self.result != NULL);
  test_fixture_assert_done (&self);
  test_fixture_clear (&self);
}

static void
test_closed_with_signal (void)
{
  Fixture self;

  test_fixture_init (&self, test_far_end_tcp);
  test_fixture_splice (&self, BOTH);
  test_pair_run (&self.pair);
  devssh_channel_close_with_signal (self.channel, "KILL", NULL);
  test_fixture_until (&self, self.far_eof || self.far_error != 0);
  g_assert_cmpint (self.far_error, ==, ECONNRESET);
  test_fixture_until (&self, self.result != NULL);
  test_fixture_assert_failed (&self, DEVSSH_ERROR, DEVSSH_ERROR_CHANNEL_CLOSED);
  test_fixture_clear (&self);
}

static void
test_session_lost (void)
{
  g_autoptr(GError) lost = g_error_new_literal (DEVSSH_CONNECTION_ERROR,
                                                DEVSSH_DISCONNECT_REASON_CONNECTION_LOST, "gone");
  Fixture self;

  test_fixture_init (&self, test_far_end_tcp);
  test_fixture_splice (&self, BOTH);
  test_fixture_write (&self, "unsent");
  test_pair_run (&self.pair);
  devssh_connection_abort (self.pair.server.connection, lost);
  test_fixture_until (&self, self.far_eof || self.far_error != 0);
  g_assert_cmpint (self.far_error, ==, ECONNRESET);
  test_fixture_until (&self, self.result != NULL);
  test_fixture_assert_failed (&self, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
  test_fixture_clear (&self);
}

/* T-65: whenever it is cancelled, it completes once, and both sides learn of it. */
static void
test_cancelled (gconstpointer data)
{
  for (int turns = 0; turns < 12; turns++)
    {
      g_autoptr(GBytes) down = test_bytes (200 * 1024, 6);
      Fixture self;

      test_fixture_init (&self, (TestFarEndFunc) data);
      test_ears_all (self.ears);
      test_fixture_splice (&self, BOTH);
      devssh_channel_send_async (self.channel, down, NULL, NULL, NULL);
      test_fixture_write (&self, "some");
      for (int i = 0; i < turns; i++)
        {
          test_end_turn (&self.pair.client);
          test_end_turn (&self.pair.server);
          g_main_context_iteration (NULL, FALSE);
        }
      g_cancellable_cancel (self.cancellable);
      test_fixture_until (&self, self.result != NULL && self.ears->n_closed == 1);
      test_fixture_assert_failed (&self, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_cmpstr (devssh_channel_get_exit_signal (self.channel), ==, "SIGABRT");
      test_fixture_clear (&self);
    }
}

static void
test_second_reader (void)
{
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(GError) error = NULL;
  Fixture self;

  test_fixture_init (&self, test_far_end_socket);
  test_fixture_splice (&self, BOTH);
  devssh_channel_splice_async (self.spliced, self.stream, BOTH, G_PRIORITY_DEFAULT, NULL, test_keep_result_cb, &second);
  g_assert_null (second);
  test_fixture_until (&self, second != NULL);
  g_assert_false (devssh_channel_splice_finish (self.spliced, second, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);

  /* The first one does not mind. */
  test_send (self.channel, "data");
  test_fixture_until (&self, self.arrived->len == 4);
  test_fixture_clear (&self);
}

int
main (int   argc,
      char *argv[])
{
  static const struct { const char *name; TestFarEndFunc stream; } kinds[] = {
    { "socket", test_far_end_socket },
    { "tcp", test_far_end_tcp },
    { "pipe", test_far_end_pipe },
    { "blocking-pipe", test_far_end_blocking_pipe },
    { "buffered", test_far_end_buffered },
  };
  static const struct { const char *name; GTestDataFunc func; } sentences[] = {
    { "both-ways", test_both_ways },
    { "half-close", test_half_close },
    { "stream-ends-first", test_stream_ends_first },
    { "T-86/slow-stream", test_slow_stream },
    { "T-86/slow-channel", test_slow_channel },
    { "T-65/cancelled", test_cancelled },
  };

  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    for (guint j = 0; j < G_N_ELEMENTS (sentences); j++)
      {
        g_autofree char *path = g_strdup_printf ("/session/splice/%s/%s", kinds[i].name, sentences[j].name);

        g_test_add_data_func (path, kinds[i].stream, sentences[j].func);
      }
  g_test_add_func ("/session/splice/early-data", test_early_data);
  g_test_add_func ("/session/splice/T-56/extended-data", test_extended_data);
  g_test_add_func ("/session/splice/reset", test_reset);
  g_test_add_func ("/session/splice/reset-told-only", test_reset_told_only);
  g_test_add_func ("/session/splice/closed-in-order", test_closed_in_order);
  g_test_add_func ("/session/splice/closed-with-rest", test_closed_with_rest);
  g_test_add_func ("/session/splice/closed-with-signal", test_closed_with_signal);
  g_test_add_func ("/session/splice/session-lost", test_session_lost);
  g_test_add_func ("/session/splice/T-53/slow-stream-bytes", test_slow_stream_bytes);
  g_test_add_func ("/session/splice/second-reader", test_second_reader);

  return g_test_run ();
}
