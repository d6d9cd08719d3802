/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A stream whose other end sends, or whose own writer writes, byte by byte. */
#include "../connection/connection-util.h"
#include "../test-memory.h"

#include <libdevssh/stream/devssh-channel-stream.h>

#define MEBIBYTE (1024 * 1024)

typedef struct
{
  TestEnd        end;
  DevSshChannel *channel;
  GIOStream     *stream;
} Fixture;

static void
test_fixture_init (Fixture *self)
{
  self->channel = test_end_with_channel (&self->end, FALSE, 0, 32768, NULL);
  self->stream = NULL;
}

static void
test_fixture_clear (Fixture *self)
{
  g_clear_object (&self->stream);
  test_end_clear (&self->end);
  g_clear_object (&self->channel);
}

static void
test_fixture_make_stream (Fixture *self)
{
  g_autoptr(GError) error = NULL;

  self->stream = G_IO_STREAM (devssh_channel_stream_new (self->channel, &error));
  g_assert_no_error (error);
}

/* A whole window, the first half of it before there is a stream, and nobody reads. */
static void
test_unread (void)
{
  Fixture self;
  GPollableInputStream *input;
  gsize before, held, position = 0;
  g_autoptr(GError) error = NULL;

  test_fixture_init (&self);
  before = test_memory_get_allocated ();
  for (gsize i = 0; i < MEBIBYTE; i++)
    {
      guint8 byte = test_byte_at (i);

      if (i == MEBIBYTE / 2)
        test_fixture_make_stream (&self);
      /* Extended data never goes into a stream (T-56). */
      test_end_receive_data (&self.end, i % 1000 == 0, &byte, 1);
    }
  test_end_run (&self.end);
  held = test_memory_get_allocated () - before;
  g_test_message ("%" G_GSIZE_FORMAT " KiB held for 1024", held / 1024);
  g_assert_cmpuint (held, <=, 2 * MEBIBYTE);
  g_assert_cmpuint (self.end.fatal, ==, 0);

  input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (self.stream));
  while (g_pollable_input_stream_is_readable (input))
    {
      guint8 buffer[1000];
      gssize n = g_pollable_input_stream_read_nonblocking (input, buffer, sizeof buffer, NULL, &error);

      g_assert_no_error (error);
      for (gssize i = 0; i < n; i++, position++)
        {
          position += position % 1000 == 0;
          if (buffer[i] != test_byte_at (position))
            g_error ("byte %" G_GSIZE_FORMAT " is wrong", position);
        }
    }
  g_assert_cmpuint (position, ==, MEBIBYTE);
  test_fixture_clear (&self);
}

/* As much as a stream takes while the peer's window is closed. */
static void
test_written (void)
{
  Fixture self;
  GPollableOutputStream *output;
  gsize before, each, n = 0;
  g_autoptr(GError) error = NULL;

  test_fixture_init (&self);
  test_fixture_make_stream (&self);
  output = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (self.stream));
  before = test_memory_get_allocated ();
  while (g_pollable_output_stream_is_writable (output))
    {
      guint8 byte = test_byte_at (n++);

      g_assert_cmpint (g_pollable_output_stream_write_nonblocking (output, &byte, 1, NULL, &error), ==, 1);
    }
  each = (test_memory_get_allocated () - before) / n;
  g_test_message ("%" G_GSIZE_FORMAT " bytes held for each of %" G_GSIZE_FORMAT, each, n);
  g_assert_cmpuint (n, ==, MEBIBYTE / 4);
  g_assert_cmpuint (each, <=, 4);

  test_end_receive_adjust (&self.end, MEBIBYTE);
  test_end_run (&self.end);
  g_assert_true (g_pollable_output_stream_is_writable (output));
  g_assert_cmpuint (self.end.sent.length, ==, n);
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr(GBytes) message = test_end_take (&self.end);
      gsize length;
      const guint8 *data = g_bytes_get_data (message, &length);

      g_assert_cmpuint (length, ==, 10);
      g_assert_cmpuint (data[0], ==, 94);
      g_assert_cmpuint (data[9], ==, test_byte_at (i));
    }
  test_fixture_clear (&self);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/stream/small-pieces/unread/T-53", test_unread);
  g_test_add_func ("/stream/small-pieces/written", test_written);

  return g_test_run ();
}
