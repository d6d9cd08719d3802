/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The arithmetic of flow control (T-53). */
#include <libdevssh/connection/devssh-window-private.h>

#define MIB (1024 * 1024)

static void
test_window_boundaries (void)
{
  static const guint32 sizes[] = { 1, 2, 3, 32768, MIB, G_MAXUINT32 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      DevSshWindowClock clock = { 0 };
      DevSshWindow window;
      guint32 size = sizes[i];

      devssh_window_init (&window, size, size);
      g_assert_true (devssh_window_receive (&window, &clock, 0));
      g_assert_false (devssh_window_receive (&window, &clock, (gsize) size + 1));
      g_assert_cmpuint (window.remaining, ==, size);
      g_assert_true (devssh_window_receive (&window, &clock, size));
      g_assert_cmpuint (window.remaining, ==, 0);
      g_assert_true (devssh_window_receive (&window, &clock, 0));
      g_assert_false (devssh_window_receive (&window, &clock, 1));
      g_assert_cmpuint (window.unread, ==, size);
      g_assert_cmpuint (devssh_window_consume (&window, &clock, size), ==, size);
      g_assert_true (devssh_window_receive (&window, &clock, size));
    }
}

/* protocol.md 5.3: nothing is credited before half of the window was consumed. */
static void
test_window_halves (void)
{
  DevSshWindowClock clock = { 0 };
  DevSshWindow window;
  guint32 total = 0;

  devssh_window_init (&window, MIB, MIB);
  for (guint i = 0; i < 26; i++)
    {
      g_assert_true (devssh_window_receive (&window, &clock, 20000));
      g_assert_cmpuint (devssh_window_consume (&window, &clock, 20000), ==, 0);
      total += 20000;
    }
  g_assert_cmpuint (total, ==, 520000);
  g_assert_true (devssh_window_receive (&window, &clock, 20000));
  g_assert_cmpuint (devssh_window_consume (&window, &clock, 20000), ==, 540000);
}

static void
test_window_add (void)
{
  guint32 window = 0;

  g_assert_true (devssh_window_add (&window, 0));
  g_assert_cmpuint (window, ==, 0);
  g_assert_true (devssh_window_add (&window, 1));
  g_assert_true (devssh_window_add (&window, G_MAXUINT32 - 1));
  g_assert_cmpuint (window, ==, G_MAXUINT32);
  g_assert_true (devssh_window_add (&window, 0));
  g_assert_false (devssh_window_add (&window, 1));
  g_assert_false (devssh_window_add (&window, G_MAXUINT32));
  g_assert_cmpuint (window, ==, G_MAXUINT32);
}

/* What was sent never passes what was granted, and no byte of the window is lost. */
static void
test_window_conservation (void)
{
  for (guint seed = 0; seed < 200; seed++)
    {
      DevSshWindowClock clock = { .extra_left = 64 * MIB };
      DevSshWindow window;
      guint32 first = (guint32) g_test_rand_int_range (1, 100000);
      guint64 granted = first, sent = 0;

      devssh_window_init (&window, first, first * (guint32) g_test_rand_int_range (1, 16));
      for (guint step = 0; step < 500; step++)
        {
          gsize bytes = (gsize) g_test_rand_int_range (0, 40000);

          clock.now += g_test_rand_int_range (0, 2000);
          if (g_test_rand_bit ())
            {
              gboolean legal = sent + bytes <= granted;

              g_assert_cmpint (devssh_window_receive (&window, &clock, bytes), ==, legal);
              if (legal)
                sent += bytes;
            }
          else
            {
              granted += devssh_window_consume (&window, &clock, MIN (bytes, window.unread));
            }
          g_assert_cmpuint (sent, <=, granted);
          g_assert_cmpuint (window.remaining, ==, granted - sent);
          g_assert_cmpuint ((guint64) window.remaining + window.unread + window.consumed, ==, window.size);
          g_assert_cmpuint (window.size, <=, window.limit);
          g_assert_cmpuint (window.size - window.base, ==, 64 * MIB - clock.extra_left);
        }
      devssh_window_end (&window, &clock);
      g_assert_cmpuint (clock.extra_left, ==, 64 * MIB);
    }
}

/* A road of some length and some width, and a reader at its end that is never slow. */
typedef struct
{
  gint64  at;
  guint64 bytes;
} Parcel;

/* Returns what arrived in the last second. */
static guint64
drive (DevSshWindow      *window,
       DevSshWindowClock *clock,
       gint64             one_way,
       guint64            bytes_per_ms,
       guint              milliseconds)
{
  g_autoptr(GQueue) data = g_queue_new ();
  g_autoptr(GQueue) credits = g_queue_new ();
  guint64 sendable = window->remaining, received = 0;
  Parcel *parcel;

  for (guint ms = 0; ms < milliseconds; ms++)
    {
      guint64 bytes;

      clock->now += 1000;
      while ((parcel = g_queue_peek_head (credits)) != NULL && parcel->at <= clock->now)
        {
          sendable += parcel->bytes;
          g_free (g_queue_pop_head (credits));
        }

      bytes = MIN (sendable, bytes_per_ms);
      sendable -= bytes;
      while (bytes > 0)
        {
          parcel = g_new (Parcel, 1);
          parcel->at = clock->now + one_way;
          parcel->bytes = MIN (bytes, 32768);
          bytes -= parcel->bytes;
          g_queue_push_tail (data, parcel);
        }

      while ((parcel = g_queue_peek_head (data)) != NULL && parcel->at <= clock->now)
        {
          guint32 credit;

          g_assert_true (devssh_window_receive (window, clock, parcel->bytes));
          received += ms + 1000 >= milliseconds ? parcel->bytes : 0;
          credit = devssh_window_consume (window, clock, parcel->bytes);
          g_free (g_queue_pop_head (data));
          if (credit == 0)
            continue;
          parcel = g_new (Parcel, 1);
          parcel->at = clock->now + one_way;
          parcel->bytes = credit;
          g_queue_push_tail (credits, parcel);
        }
    }

  g_queue_foreach (data, (GFunc) (void (*) (void)) g_free, NULL);
  g_queue_foreach (credits, (GFunc) (void (*) (void)) g_free, NULL);
  return received;
}

static void
test_window_grows (void)
{
  DevSshWindowClock clock = { .now = 1, .extra_left = 64 * MIB };
  DevSshWindow window;
  guint64 later;

  /* 100 ms there and back, 100 MB/s wide: 10 MB fit on the road. */
  devssh_window_init (&window, MIB, 16 * MIB);
  later = drive (&window, &clock, 50000, 100000, 2000);
  g_test_message ("round trip %" G_GINT64_FORMAT " us, window %u, %" G_GUINT64_FORMAT " bytes in the last second",
                  clock.round_trip, window.size, later);
  g_assert_cmpint (clock.round_trip, >=, 100000);
  g_assert_cmpint (clock.round_trip, <=, 110000);
  g_assert_cmpuint (window.size, >=, 10 * MIB);
  g_assert_cmpuint (window.size, <=, 16 * MIB);
  /* With a fixed window of 1 MiB it would be 10 MB. */
  g_assert_cmpuint (later, >=, 60 * 1000 * 1000);
}

static void
test_window_does_not_grow (void)
{
  DevSshWindowClock clock = { .now = 1, .extra_left = 64 * MIB };
  DevSshWindow window;

  /* Fixed. */
  devssh_window_init (&window, MIB, MIB);
  drive (&window, &clock, 50000, 100000, 2000);
  g_assert_cmpuint (window.size, ==, MIB);

  /* The sender is slow: its window never runs dry, whatever the road. */
  devssh_window_init (&window, MIB, 16 * MIB);
  clock = (DevSshWindowClock) { .now = 1, .extra_left = 64 * MIB };
  drive (&window, &clock, 50000, 1000, 5000);
  g_assert_cmpuint (window.size, ==, MIB);

  /* The road is short. */
  devssh_window_init (&window, MIB, 16 * MIB);
  clock = (DevSshWindowClock) { .now = 1, .extra_left = 64 * MIB };
  drive (&window, &clock, 0, 100000, 2000);
  g_assert_cmpuint (window.size, ==, MIB);
}

/* All windows of a session share what they may have beyond the first size. */
static void
test_window_shared_growth (void)
{
  DevSshWindowClock clock = { .now = 1, .extra_left = 20 * MIB };
  DevSshWindow windows[4];
  guint64 extra = 0;

  for (guint i = 0; i < G_N_ELEMENTS (windows); i++)
    {
      devssh_window_init (&windows[i], MIB, 16 * MIB);
      drive (&windows[i], &clock, 50000, 200000, 2000);
      extra += windows[i].size - MIB;
    }
  g_assert_cmpuint (extra, ==, 20 * MIB);
  g_assert_cmpuint (clock.extra_left, ==, 0);

  devssh_window_end (&windows[0], &clock);
  g_assert_cmpuint (clock.extra_left, ==, 15 * MIB);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/connection/window/boundaries/T-53", test_window_boundaries);
  g_test_add_func ("/connection/window/halves/T-53", test_window_halves);
  g_test_add_func ("/connection/window/add/T-53", test_window_add);
  g_test_add_func ("/connection/window/conservation/T-53", test_window_conservation);
  g_test_add_func ("/connection/window/grows/T-53", test_window_grows);
  g_test_add_func ("/connection/window/does-not-grow/T-53", test_window_does_not_grow);
  g_test_add_func ("/connection/window/shared-growth/T-53", test_window_shared_growth);

  return g_test_run ();
}
