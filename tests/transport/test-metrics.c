/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The numbers of a session: what is written to the struct comes out of getters, properties and signals. */
#include <libdevssh/transport/devssh-metrics-private.h>

/* Doubles of milliseconds hold microseconds. */
static void
assert_usec (double msec,
             gint64 usec)
{
  g_assert_cmpint ((gint64) (msec * 1000.0 + 0.5), ==, usec);
}

static void
test_metrics_new (void)
{
  g_autoptr(DevSshSessionMetrics) metrics = devssh_session_metrics_new ();

  g_assert_cmpuint (devssh_session_metrics_get_messages_sent (metrics), ==, 0);
  g_assert_cmpuint (devssh_session_metrics_get_messages_received (metrics), ==, 0);
  g_assert_cmpuint (devssh_session_metrics_get_bytes_sent (metrics), ==, 0);
  g_assert_cmpuint (devssh_session_metrics_get_bytes_received (metrics), ==, 0);
}

static void
test_metrics_read (void)
{
  g_autoptr(DevSshSessionMetrics) metrics = devssh_session_metrics_new ();
  guint64 messages_sent, messages_received, bytes_sent, bytes_received;

  metrics->now.messages_sent = 1;
  metrics->now.messages_received = 2;
  metrics->now.bytes_sent = G_MAXUINT64;
  metrics->now.bytes_received = G_GUINT64_CONSTANT (1) << 40;

  g_object_get (metrics,
                "messages-sent", &messages_sent,
                "messages-received", &messages_received,
                "bytes-sent", &bytes_sent,
                "bytes-received", &bytes_received,
                NULL);
  g_assert_cmpuint (messages_sent, ==, 1);
  g_assert_cmpuint (messages_received, ==, 2);
  g_assert_cmpuint (bytes_sent, ==, G_MAXUINT64);
  g_assert_cmpuint (bytes_received, ==, G_GUINT64_CONSTANT (1) << 40);

  g_assert_cmpuint (devssh_session_metrics_get_messages_sent (metrics), ==, 1);
  g_assert_cmpuint (devssh_session_metrics_get_messages_received (metrics), ==, 2);
  g_assert_cmpuint (devssh_session_metrics_get_bytes_sent (metrics), ==, G_MAXUINT64);
  g_assert_cmpuint (devssh_session_metrics_get_bytes_received (metrics), ==,
                    G_GUINT64_CONSTANT (1) << 40);
}

static void
test_metrics_latency (void)
{
  g_autoptr(DevSshSessionMetrics) metrics = devssh_session_metrics_new ();

  assert_usec (devssh_session_metrics_get_latency_current (metrics), 0);
  assert_usec (devssh_session_metrics_get_latency_min (metrics), 0);
  assert_usec (devssh_session_metrics_get_latency_max (metrics), 0);
  assert_usec (devssh_session_metrics_get_latency_average (metrics), 0);

  devssh_metrics_latency_measured (metrics, 4000);
  assert_usec (devssh_session_metrics_get_latency_min (metrics), 4000);
  assert_usec (devssh_session_metrics_get_latency_max (metrics), 4000);
  devssh_metrics_latency_measured (metrics, 1500);
  devssh_metrics_latency_measured (metrics, 2501);
  devssh_metrics_latency_measured (metrics, -1);

  assert_usec (devssh_session_metrics_get_latency_current (metrics), 2501);
  assert_usec (devssh_session_metrics_get_latency_min (metrics), 1500);
  assert_usec (devssh_session_metrics_get_latency_max (metrics), 4000);
  /* 8001 / 3 microseconds */
  assert_usec (devssh_session_metrics_get_latency_average (metrics), 2667);

  devssh_metrics_reset_latency (metrics);
  assert_usec (devssh_session_metrics_get_latency_current (metrics), 0);
  assert_usec (devssh_session_metrics_get_latency_min (metrics), 1500);
  assert_usec (devssh_session_metrics_get_latency_max (metrics), 4000);
  assert_usec (devssh_session_metrics_get_latency_average (metrics), 2667);
}

/* The time between two messages comes from the peer, so anything may. */
static void
test_metrics_latency_extremes (void)
{
  static const gint64 values[] = { G_MAXINT64, 0, G_MAXINT64, G_MAXINT64, G_MAXINT64 - 1, G_MININT64 };
  g_autoptr(DevSshSessionMetrics) metrics = devssh_session_metrics_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    {
      devssh_metrics_latency_measured (metrics, values[i]);
      g_assert_cmpfloat (devssh_session_metrics_get_latency_min (metrics), >, 0);
      g_assert_cmpfloat (devssh_session_metrics_get_latency_min (metrics), <=,
                         devssh_session_metrics_get_latency_average (metrics));
      g_assert_cmpfloat (devssh_session_metrics_get_latency_average (metrics), <=,
                         devssh_session_metrics_get_latency_max (metrics));
    }
  assert_usec (devssh_session_metrics_get_latency_min (metrics), 1);
}

static void
test_metrics_reconnections (void)
{
  g_autoptr(DevSshSessionMetrics) metrics = devssh_session_metrics_new ();
  guint reconnections;

  g_assert_cmpuint (devssh_session_metrics_get_reconnections (metrics), ==, 0);
  devssh_metrics_reconnected (metrics);
  devssh_metrics_reconnected (metrics);
  g_object_get (metrics, "reconnections", &reconnections, NULL);
  g_assert_cmpuint (reconnections, ==, 2);
}

/* ---- signals ---- */

static gint64 told_time;

static void
keep_message_cb (DevSshSessionMetrics *metrics,
                 gint64                time,
                 guint64               size,
                 GString              *log)
{
  told_time = time;
  g_string_append_printf (log, "%" G_GUINT64_FORMAT " ", size);
}

static void
keep_latency_cb (DevSshSessionMetrics *metrics,
                 gint64                time,
                 double                latency,
                 GString              *log)
{
  told_time = time;
  g_string_append_printf (log, "%gms ", latency);
}

static void
keep_closed_cb (DevSshSessionMetrics *metrics,
                GString              *log)
{
  g_string_append_printf (log, "closed:%g ", devssh_session_metrics_get_latency_current (metrics));
}

static void
keep_notify_cb (DevSshSessionMetrics *metrics,
                GParamSpec           *pspec,
                GString              *log)
{
  g_string_append_printf (log, "%s ", pspec->name);
}

static void
test_metrics_signals (void)
{
  g_autoptr(DevSshSessionMetrics) metrics = devssh_session_metrics_new ();
  g_autoptr(GString) log = g_string_new (NULL);

  /* Nobody listens: nothing is kept. */
  devssh_metrics_count_sent (metrics, 1);
  devssh_metrics_latency_measured (metrics, 5);
  g_assert_null (metrics->notes);

  g_signal_connect (metrics, "message-sent", G_CALLBACK (keep_message_cb), log);
  g_signal_connect (metrics, "latency-updated", G_CALLBACK (keep_latency_cb), log);
  g_signal_connect (metrics, "session-closed", G_CALLBACK (keep_closed_cb), log);
  /* It is looked up again only when asked for. */
  devssh_metrics_count_sent (metrics, 2);
  g_assert_null (metrics->notes);

  devssh_metrics_look_again (metrics);
  devssh_metrics_count_sent (metrics, 3);
  devssh_metrics_count_received (metrics, 4);
  devssh_metrics_latency_measured (metrics, 2500);
  devssh_metrics_count_sent (metrics, 5);
  g_assert_cmpstr (log->str, ==, "");
  g_assert_cmpuint (metrics->notes->len, ==, 3);

  devssh_context_advance_clock (metrics->context, G_TIME_SPAN_DAY);
  devssh_metrics_deliver (metrics);
  g_assert_cmpstr (log->str, ==, "3 2.5ms 5 ");
  g_assert_cmpint (told_time, >=, G_TIME_SPAN_DAY / G_TIME_SPAN_MILLISECOND);
  g_assert_cmpint (told_time, <=, devssh_session_metrics_get_time (metrics) / G_TIME_SPAN_MILLISECOND);
  devssh_metrics_deliver (metrics);
  g_assert_cmpstr (log->str, ==, "3 2.5ms 5 ");

  g_string_truncate (log, 0);
  devssh_metrics_count_sent (metrics, 6);
  devssh_metrics_close (metrics);
  g_assert_cmpstr (log->str, ==, "6 closed:0 ");

  /* After the last word there is none. */
  devssh_metrics_count_sent (metrics, 7);
  devssh_metrics_deliver (metrics);
  devssh_metrics_close (metrics);
  g_assert_cmpstr (log->str, ==, "6 closed:0 ");
  g_assert_cmpuint (devssh_session_metrics_get_bytes_sent (metrics), ==, 24);
}

static void
nest_cb (DevSshSessionMetrics *metrics,
         gint64                time,
         guint64               size,
         GString              *log)
{
  g_string_append_printf (log, "%" G_GUINT64_FORMAT " ", size);
  if (size == 1)
    {
      devssh_metrics_count_sent (metrics, 3);
      devssh_metrics_deliver (metrics);
      g_string_append (log, "nested ");
    }
}

static void
test_metrics_nested (void)
{
  g_autoptr(DevSshSessionMetrics) metrics = devssh_session_metrics_new ();
  g_autoptr(GString) log = g_string_new (NULL);

  g_signal_connect (metrics, "message-sent", G_CALLBACK (nest_cb), log);
  devssh_metrics_count_sent (metrics, 1);
  devssh_metrics_count_sent (metrics, 2);
  devssh_metrics_deliver (metrics);
  g_assert_cmpstr (log->str, ==, "1 2 3 nested ");
}

static void
sum_cb (DevSshSessionMetrics *metrics,
        gint64                time,
        guint64               size,
        guint64              *sum)
{
  *sum += size;
}

/* Nobody delivers: what is kept does not grow beyond its limit, and no byte is lost. */
static void
test_metrics_many_notes (void)
{
  g_autoptr(DevSshSessionMetrics) metrics = devssh_session_metrics_new ();
  guint64 sum = 0;

  g_signal_connect (metrics, "message-sent", G_CALLBACK (sum_cb), &sum);
  g_signal_connect (metrics, "message-received", G_CALLBACK (sum_cb), &sum);
  for (guint i = 0; i < 100000; i++)
    {
      devssh_metrics_count_sent (metrics, 2);
      if (i > 70000)
        devssh_metrics_count_received (metrics, 3);
    }
  g_assert_cmpuint (metrics->notes->len, <=, 65536 + 2);
  devssh_metrics_deliver (metrics);
  g_assert_cmpuint (sum, ==, devssh_session_metrics_get_bytes_sent (metrics) + devssh_session_metrics_get_bytes_received (metrics));
}

static void
test_metrics_notify (void)
{
  g_autoptr(DevSshSessionMetrics) metrics = devssh_session_metrics_new ();
  g_autoptr(GString) log = g_string_new (NULL);

  devssh_metrics_count_sent (metrics, 1);
  g_assert_false (devssh_metrics_wants_notify (metrics));

  g_signal_connect (metrics, "notify::bytes-received", G_CALLBACK (keep_notify_cb), log);
  g_signal_connect (metrics, "notify::latency-min", G_CALLBACK (keep_notify_cb), log);
  g_signal_connect (metrics, "notify::latency-current", G_CALLBACK (keep_notify_cb), log);
  g_signal_connect (metrics, "notify::reconnections", G_CALLBACK (keep_notify_cb), log);
  devssh_metrics_look_again (metrics);
  devssh_metrics_count_received (metrics, 1);
  g_assert_true (devssh_metrics_wants_notify (metrics));
  devssh_metrics_notify (metrics);
  g_assert_cmpstr (log->str, ==, "bytes-received ");
  g_assert_false (devssh_metrics_wants_notify (metrics));

  g_string_truncate (log, 0);
  devssh_metrics_latency_measured (metrics, 1000);
  devssh_metrics_reconnected (metrics);
  devssh_metrics_notify (metrics);
  g_assert_cmpstr (log->str, ==, "reconnections latency-current latency-min ");

  g_string_truncate (log, 0);
  devssh_metrics_close (metrics);
  g_assert_cmpstr (log->str, ==, "latency-current ");
  g_assert_false (devssh_metrics_wants_notify (metrics));
}

static void
test_metrics_time (void)
{
  g_autoptr(DevSshSessionMetrics) metrics = devssh_session_metrics_new ();
  gint64 before = devssh_session_metrics_get_time (metrics);

  g_assert_cmpint (before, >=, 0);
  devssh_context_advance_clock (metrics->context, 5 * G_TIME_SPAN_SECOND);
  g_assert_cmpint (devssh_session_metrics_get_time (metrics), >=, before + 5 * G_TIME_SPAN_SECOND);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/transport/metrics/new", test_metrics_new);
  g_test_add_func ("/transport/metrics/read", test_metrics_read);
  g_test_add_func ("/transport/metrics/latency/E-56", test_metrics_latency);
  g_test_add_func ("/transport/metrics/latency/extremes", test_metrics_latency_extremes);
  g_test_add_func ("/transport/metrics/reconnections", test_metrics_reconnections);
  g_test_add_func ("/transport/metrics/signals", test_metrics_signals);
  g_test_add_func ("/transport/metrics/signals/nested", test_metrics_nested);
  g_test_add_func ("/transport/metrics/signals/many", test_metrics_many_notes);
  g_test_add_func ("/transport/metrics/notify", test_metrics_notify);
  g_test_add_func ("/transport/metrics/time", test_metrics_time);

  return g_test_run ();
}
