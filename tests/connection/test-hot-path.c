/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A data message costs no allocation, in or out (design D4). */
#include "connection-util.h"

#include <libdevssh/connection/devssh-connection-internal-private.h>

#include <stdlib.h>

#if defined (__SANITIZE_ADDRESS__) || defined (__SANITIZE_THREAD__) || !defined (__GLIBC__)
#define CAN_COUNT FALSE
static gulong n_allocations;
#else
#define CAN_COUNT TRUE

/* The C library's own functions under other names; ours take the place of the public ones. */
extern void *__libc_malloc (size_t size);
extern void *__libc_calloc (size_t count, size_t size);
extern void *__libc_realloc (void *pointer, size_t size);

static gulong n_allocations;

void *
malloc (size_t size)
{
  n_allocations++;
  return __libc_malloc (size);
}

void *
calloc (size_t count,
        size_t size)
{
  n_allocations++;
  return __libc_calloc (count, size);
}

void *
realloc (void   *pointer,
         size_t  size)
{
  n_allocations++;
  return __libc_realloc (pointer, size);
}
#endif

#define N_MESSAGES 100000

static gsize
swallow_data (DevSshChannelConsumer *consumer,
              guint32                data_type,
              const guint8          *data,
              gsize                  length,
              DevSshBuffer          *buffer)
{
  return length;
}

static void
swallow_eof (DevSshChannelConsumer *consumer)
{
}

static void
swallow_closed (DevSshChannelConsumer *consumer,
                const GError          *error)
{
}

static DevSshChannelConsumer swallower = { swallow_data, swallow_eof, swallow_closed };

static guint n_control;

static void
count_control (DevSshOutbox *outbox,
               const guint8 *payload,
               gsize         length)
{
  n_control++;
}

static DevSshChannel *
end_with_channel (TestEnd *end)
{
  DevSshChannel *channel = test_end_with_channel (end, FALSE, G_MAXUINT32, 32768, NULL);

  end->outbox.send = count_control;
  return channel;
}

/* Without what the tests' pump allocates. */
static void
receive (TestEnd      *end,
         const guint8 *message,
         gsize         length)
{
  DevSshConnectionEvent event;

  devssh_connection_handle (end->connection, message, length, end->buffer, FALSE, end->now);
  while (devssh_connection_next_event (end->connection, &event))
    devssh_connection_deliver (end->connection, &event);
}

static void
report (const char *what,
        gint64      begun,
        gulong      allocated)
{
  g_test_message ("%s: %.0f ns a message, %lu allocations in %u messages", what,
                  (double) (g_get_monotonic_time () - begun) * 1000 / N_MESSAGES, allocated, N_MESSAGES);
}

static void
test_hot_path_in (void)
{
  static guint8 message[9 + 1024] = { 94, 0, 0, 0, 0, 0, 0, 4, 0 };
  TestEnd end;
  gulong before, allocated;
  gint64 begun;
  g_autoptr(DevSshChannel) channel = end_with_channel (&end);

  g_assert_true (devssh_channel_set_consumer (channel, &swallower, NULL));
  n_control = 0;
  before = n_allocations;
  begun = g_get_monotonic_time ();
  for (guint i = 0; i < N_MESSAGES; i++)
    receive (&end, message, sizeof message);
  allocated = n_allocations - before;
  report ("in", begun, allocated);
  g_assert_cmpuint (devssh_channel_get_bytes_received (channel), ==, N_MESSAGES * 1024);
  g_assert_cmpuint (n_control, ==, N_MESSAGES / 512);
  if (CAN_COUNT)
    g_assert_cmpuint (allocated, ==, 0);
  test_end_clear (&end);
}

static void
count_done (gpointer      user_data,
            const GError *error)
{
  ++*(guint *) user_data;
}

static void
test_hot_path_out (void)
{
  static const guint8 data[32768];
  TestEnd end;
  DevSshOutgoing out;
  g_autoptr(DevSshChannel) channel = NULL;
  gulong before, allocated;
  gint64 begun;
  guint done = 0, packets = 0;

  channel = end_with_channel (&end);
  for (guint i = 0; i < 30; i++)
    devssh_channel_queue_data (channel, i & 1, data, sizeof data, NULL, count_done, &done);
  /* As if the peer's packets were small. */
  channel->send_packet = 10;
  before = n_allocations;
  begun = g_get_monotonic_time ();
  while (devssh_connection_pull (end.connection, &out))
    {
      devssh_connection_pulled (end.connection, &out);
      packets++;
    }
  allocated = n_allocations - before;
  report ("out", begun, allocated);
  g_assert_cmpuint (packets, ==, 30 * 3277);
  if (CAN_COUNT)
    g_assert_cmpuint (allocated, ==, 0);
  g_assert_true (devssh_connection_run_done (end.connection));
  g_assert_cmpuint (done, ==, 30);
  test_end_clear (&end);
}

/* Small sends that nobody wants to hear of share what they are kept in. */
static void
test_hot_path_small (gconstpointer user_data)
{
  g_autofree guint8 *data = g_malloc0 (GPOINTER_TO_SIZE (user_data));
  g_autoptr(GBytes) bytes = g_bytes_new_static (data, GPOINTER_TO_SIZE (user_data));
  TestEnd end;
  DevSshOutgoing out;
  g_autoptr(DevSshChannel) channel = end_with_channel (&end);
  gulong before, allocated;
  gint64 begun;
  guint packets = 0;

  before = n_allocations;
  begun = g_get_monotonic_time ();
  for (guint i = 0; i < N_MESSAGES; i += 250)
    {
      for (guint j = 0; j < 250; j++)
        devssh_channel_send_async (channel, bytes, NULL, NULL, NULL);
      while (devssh_connection_pull (end.connection, &out))
        {
          devssh_connection_pulled (end.connection, &out);
          packets++;
        }
    }
  allocated = n_allocations - before;
  report ("small", begun, allocated);
  g_assert_cmpuint (packets, ==, N_MESSAGES);
  if (CAN_COUNT)
    g_assert_cmpuint (allocated, <, N_MESSAGES / 10);
  test_end_clear (&end);
}

/* A signal handler costs the GBytes and nothing else. */
static void
ignore_data_cb (DevSshChannel *channel,
                GBytes        *data,
                gpointer       user_data)
{
}

static void
test_hot_path_signal (void)
{
  static guint8 message[9 + 1024] = { 94, 0, 0, 0, 0, 0, 0, 4, 0 };
  TestEnd end;
  gulong before, allocated;
  gint64 begun;
  g_autoptr(DevSshChannel) channel = end_with_channel (&end);

  g_signal_connect (channel, "data", G_CALLBACK (ignore_data_cb), NULL);
  before = n_allocations;
  begun = g_get_monotonic_time ();
  for (guint i = 0; i < N_MESSAGES; i++)
    receive (&end, message, sizeof message);
  allocated = n_allocations - before;
  report ("in, to a handler", begun, allocated);
  if (CAN_COUNT)
    g_assert_cmpuint (allocated, <=, 3 * N_MESSAGES);
  test_end_clear (&end);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/connection/hot-path/in", test_hot_path_in);
  g_test_add_func ("/connection/hot-path/out", test_hot_path_out);
  g_test_add_data_func ("/connection/hot-path/small/10", GSIZE_TO_POINTER (10), test_hot_path_small);
  g_test_add_data_func ("/connection/hot-path/small/200", GSIZE_TO_POINTER (200), test_hot_path_small);
  g_test_add_func ("/connection/hot-path/signal", test_hot_path_signal);

  return g_test_run ();
}
