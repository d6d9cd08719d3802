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
  static const guint8 open[] = { 90, 0, 0, 0, 7, 's', 'e', 's', 's', 'i', 'o', 'n', 0, 0, 0, 5,
                                 0, 0, 0, 0, 0, 0, 0x80, 0 };

  test_end_init (&self->end, FALSE, NULL);
  self->end.opening = test_accept_opening;
  test_end_receive (&self->end, open, sizeof open);
  test_end_run (&self->end);
  test_end_drop_sent (&self->end);
  self->channel = test_channel_at (&self->end, 0);
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

static guint8
byte_at (gsize position)
{
  return (guint8) (position ^ position >> 8 ^ position >> 16);
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
      const guint8 data[] = { 94, 0, 0, 0, 0, 0, 0, 0, 1, byte_at (i) };
      /* Never into a stream (T-56). */
      static const guint8 error_data[] = { 95, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 'x' };

      if (i == MEBIBYTE / 2)
        test_fixture_make_stream (&self);
      if (i % 1000 == 0)
        test_end_receive (&self.end, error_data, sizeof error_data);
      else
        test_end_receive (&self.end, data, sizeof data);
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
          if (buffer[i] != byte_at (position))
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
  static const guint8 adjust[] = { 93, 0, 0, 0, 0, 0, 16, 0, 0 };
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
      guint8 byte = byte_at (n++);

      g_assert_cmpint (g_pollable_output_stream_write_nonblocking (output, &byte, 1, NULL, &error), ==, 1);
    }
  each = (test_memory_get_allocated () - before) / n;
  g_test_message ("%" G_GSIZE_FORMAT " bytes held for each of %" G_GSIZE_FORMAT, each, n);
  g_assert_cmpuint (n, ==, MEBIBYTE / 4);
  g_assert_cmpuint (each, <=, 4);

  test_end_receive (&self.end, adjust, sizeof adjust);
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
      g_assert_cmpuint (data[9], ==, byte_at (i));
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
