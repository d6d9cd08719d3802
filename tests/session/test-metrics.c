/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the metrics of running sessions tell, when, and how often: signals, notifications, a contour, the end. */
#include "../test-util.h"

#include <libdevssh/connection/devssh-channel-private.h>
#include <libdevssh/session/devssh-session-private.h>

static DevSshSessionMetrics *
metrics_of (gpointer session)
{
  return devssh_session_get_metrics (DEVSSH_SESSION (session));
}

/* What was heard of one session. */
typedef struct
{
  guint64 n_sent, n_received, bytes_sent, bytes_received;
  guint   n_latencies, n_closed, n_late;
  gint64  last_time;
  gint64  current_at_end;   /* µs */
} Heard;

static void
keep_time (Heard  *heard,
           gint64  time)
{
  g_assert_cmpint (time, >=, heard->last_time);
  heard->last_time = time;
  if (heard->n_closed > 0)
    heard->n_late++;
}

static void
message_sent_cb (DevSshSessionMetrics *metrics,
                 gint64                time,
                 guint64               size,
                 Heard                *heard)
{
  heard->n_sent++;
  heard->bytes_sent += size;
  keep_time (heard, time);
}

static void
message_received_cb (DevSshSessionMetrics *metrics,
                     gint64                time,
                     guint64               size,
                     Heard                *heard)
{
  heard->n_received++;
  heard->bytes_received += size;
  keep_time (heard, time);
}

static void
latency_updated_cb (DevSshSessionMetrics *metrics,
                    gint64                time,
                    double                latency,
                    Heard                *heard)
{
  heard->n_latencies++;
  g_assert_cmpfloat (latency, >, 0);
  keep_time (heard, time);
}

static void
session_closed_cb (DevSshSessionMetrics *metrics,
                   Heard                *heard)
{
  heard->n_closed++;
  heard->current_at_end = (gint64) (devssh_session_metrics_get_latency_current (metrics) * 1000);
}

static void
listen_to (gpointer  session,
           Heard    *heard)
{
  DevSshSessionMetrics *metrics = metrics_of (session);

  g_signal_connect (metrics, "message-sent", G_CALLBACK (message_sent_cb), heard);
  g_signal_connect (metrics, "message-received", G_CALLBACK (message_received_cb), heard);
  g_signal_connect (metrics, "latency-updated", G_CALLBACK (latency_updated_cb), heard);
  g_signal_connect (metrics, "session-closed", G_CALLBACK (session_closed_cb), heard);
}

static void
assert_complete (gpointer     session,
                 const Heard *heard)
{
  DevSshSessionMetrics *metrics = metrics_of (session);

  g_assert_cmpuint (heard->n_sent, ==, devssh_session_metrics_get_messages_sent (metrics));
  g_assert_cmpuint (heard->n_received, ==, devssh_session_metrics_get_messages_received (metrics));
  g_assert_cmpuint (heard->bytes_sent, ==, devssh_session_metrics_get_bytes_sent (metrics));
  g_assert_cmpuint (heard->bytes_received, ==, devssh_session_metrics_get_bytes_received (metrics));
}

static void
swallow_cb (DevSshChannel *channel,
            GBytes        *data,
            gpointer       user_data)
{
}

static void
talk (TestPair *pair,
      gsize     length)
{
  g_autoptr(DevSshChannel) client = NULL;
  g_autoptr(DevSshChannel) server = NULL;
  g_autoptr(GBytes) data = g_bytes_new_take (g_malloc0 (length), length);

  test_pair_open (pair, "session", &client, &server);
  g_signal_connect (server, "data", G_CALLBACK (swallow_cb), NULL);
  devssh_channel_send_async (client, data, NULL, NULL, NULL);
  test_spin_until (devssh_channel_get_bytes_received (server) == length);
  test_settle ();
}

/* From the first byte to the last: every message is told, and none twice. */
static void
test_every_message (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  Heard client = { 0 }, server = { 0 };

  test_pair_make (pair);
  listen_to (pair->client, &client);
  listen_to (pair->server, &server);
  test_pair_authenticate (pair);
  talk (pair, 3 << 20);
  assert_complete (pair->client, &client);
  assert_complete (pair->server, &server);
  g_assert_cmpuint (client.bytes_sent, >, 3 << 20);
  g_assert_cmpuint (client.bytes_sent, ==, server.bytes_received);
  g_assert_cmpuint (client.n_sent, ==, server.n_received);
  g_assert_cmpuint (client.bytes_received, ==, server.bytes_sent);

  devssh_session_close (DEVSSH_SESSION (pair->client), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "done");
  test_spin_until (client.n_closed > 0 && server.n_closed > 0);
  test_settle ();
  /* With the DISCONNECT, and nothing after the end. */
  assert_complete (pair->client, &client);
  assert_complete (pair->server, &server);
  g_assert_cmpuint (client.n_closed + server.n_closed, ==, 2);
  g_assert_cmpuint (client.n_late + server.n_late, ==, 0);
}

/* Who connects while nothing happens hears of what is asked for right after it, within the same call. */
static void
test_listen_late (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(GAsyncResult) result = NULL;
  DevSshSessionMetrics *metrics;
  Heard client = { 0 };
  guint64 before;

  test_pair_make (pair);
  test_pair_authenticate (pair);
  test_settle ();
  metrics = metrics_of (pair->client);
  before = devssh_session_metrics_get_bytes_sent (metrics);
  g_assert_null (metrics->notes);
  listen_to (pair->client, &client);
  devssh_session_request_async (DEVSSH_SESSION (pair->client), "ping@example.org", TRUE, NULL, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  test_settle ();
  g_assert_cmpuint (client.n_sent, ==, 1);
  g_assert_cmpuint (client.n_received, ==, 1);
  g_assert_cmpuint (client.bytes_sent, ==, devssh_session_metrics_get_bytes_sent (metrics) - before);
}

/* Handlers come and go; with the last one nothing is noted any more. */
static void
test_listen_no_more (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  Heard client = { 0 };
  guint64 heard;

  test_pair_make (pair);
  test_pair_authenticate (pair);
  listen_to (pair->client, &client);
  talk (pair, 100);
  heard = client.n_sent;
  g_assert_cmpuint (heard, >, 0);
  g_signal_handlers_disconnect_by_data (metrics_of (pair->client), &client);
  talk (pair, 100);
  g_assert_cmpuint (client.n_sent, ==, heard);
  g_assert_cmpuint (metrics_of (pair->client)->notes->len, ==, 0);
  g_assert_cmpint (metrics_of (pair->client)->listened, ==, 0);
}

static void
close_cb (DevSshSessionMetrics *metrics,
          gint64                time,
          guint64               size,
          TestPair             *pair)
{
  devssh_session_close (DEVSSH_SESSION (pair->client), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "in a handler");
}

static void
drop_cb (DevSshSessionMetrics *metrics,
         gint64                time,
         guint64               size,
         TestPair             *pair)
{
  g_clear_object (&pair->client);
}

/* A handler may do what it likes: close the session, or let its last reference go. */
static void
test_handler_ends (gconstpointer data)
{
  gboolean drop = data != NULL;
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(DevSshSessionMetrics) metrics = NULL;
  Heard client = { 0 };

  test_pair_make (pair);
  test_pair_authenticate (pair);
  metrics = g_object_ref (metrics_of (pair->client));
  listen_to (pair->client, &client);
  g_signal_connect (metrics, "message-sent", drop ? G_CALLBACK (drop_cb) : G_CALLBACK (close_cb), pair);
  devssh_session_request_async (DEVSSH_SESSION (pair->client), "ping@example.org", FALSE, NULL, NULL, NULL, NULL);
  test_spin_until (client.n_closed == 1 && devssh_session_get_is_closed (DEVSSH_SESSION (pair->server)));
  test_settle ();
  g_assert_cmpuint (client.n_late, ==, 0);
  g_assert_cmpuint (client.bytes_sent, <=, devssh_session_metrics_get_bytes_sent (metrics));
}

/* Somebody still has the metrics of a session that nobody has any more. */
static void
test_dropped (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(DevSshSessionMetrics) metrics = NULL;
  g_autoptr(DevSshSessionContour) contour = g_object_new (DEVSSH_TYPE_SESSION_CONTOUR, NULL);
  g_autoptr(GError) error = NULL;
  Heard client = { 0 };

  test_pair_make (pair);
  test_pair_authenticate (pair);
  metrics = g_object_ref (metrics_of (pair->client));
  listen_to (pair->client, &client);
  g_assert_true (devssh_session_contour_collect (contour, metrics, &error));
  g_clear_object (&pair->client);
  /* Not from inside the drop. */
  g_assert_cmpuint (client.n_closed, ==, 0);
  test_settle ();
  g_assert_cmpuint (client.n_closed, ==, 1);
  g_assert_false (devssh_session_contour_get_is_collecting (contour));
}

/* ---- latency ---- */

static void
test_latency_at_end (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  DevSshSessionMetrics *metrics;
  Heard client = { 0 };

  test_pair_make (pair);
  test_pair_authenticate (pair);
  metrics = metrics_of (pair->client);
  listen_to (pair->client, &client);
  devssh_metrics_latency_measured (metrics, 3000);
  devssh_metrics_latency_measured (metrics, 1000);
  talk (pair, 10);
  g_assert_cmpuint (client.n_latencies, ==, 2);
  g_assert_cmpfloat (devssh_session_metrics_get_latency_current (metrics), >, 0);
  devssh_session_close (DEVSSH_SESSION (pair->client), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "done");
  g_assert_cmpfloat (devssh_session_metrics_get_latency_current (metrics), <=, 0);
  test_spin_until (client.n_closed == 1);
  g_assert_cmpint (client.current_at_end, ==, 0);
  g_assert_cmpfloat (devssh_session_metrics_get_latency_current (metrics), <=, 0);
  g_assert_cmpfloat_with_epsilon (devssh_session_metrics_get_latency_min (metrics), 1, 1e-9);
  g_assert_cmpfloat_with_epsilon (devssh_session_metrics_get_latency_average (metrics), 2, 1e-9);
  g_assert_cmpfloat_with_epsilon (devssh_session_metrics_get_latency_max (metrics), 3, 1e-9);
}

/* ---- notifications ---- */

static void
notify_cb (DevSshSessionMetrics *metrics,
           GParamSpec           *pspec,
           guint                *count)
{
  (*count)++;
}

/* However many messages there are: one notification in 100 ms, and one after the last change. */
static void
test_notify (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  DevSshSessionPrivate *priv;
  DevSshSessionMetrics *metrics;
  guint count = 0, latencies = 0;
  gint64 start, last;

  test_pair_make (pair);
  test_pair_authenticate (pair);
  test_settle ();
  metrics = metrics_of (pair->client);
  priv = devssh_session_get_private (DEVSSH_SESSION (pair->client));
  g_assert_null (priv->metrics_deadline.context);

  g_signal_connect (metrics, "notify::bytes-sent", G_CALLBACK (notify_cb), &count);
  g_signal_connect (metrics, "notify::latency-max", G_CALLBACK (notify_cb), &latencies);
  start = devssh_context_get_time (priv->context);
  talk (pair, 10);
  test_spin_until (count == 1);

  /* Whatever comes now waits for the one deadline. */
  for (guint i = 0; i < 20; i++)
    talk (pair, 1000);
  if (priv->metrics_deadline.context != NULL)
    {
      g_assert_cmpint (priv->metrics_deadline.at, >=, priv->metrics_notified + 100 * G_TIME_SPAN_MILLISECOND);
      devssh_context_advance_clock (priv->context, 100 * G_TIME_SPAN_MILLISECOND);
      test_spin_until (priv->metrics_deadline.context == NULL);
    }
  test_settle ();
  g_assert_cmpuint (count, >=, 2);
  g_assert_cmpint (count, <=, (devssh_context_get_time (priv->context) - start) / (100 * G_TIME_SPAN_MILLISECOND) + 2);

  /* Nothing changes, nothing is told. */
  last = (gint64) count;
  devssh_context_advance_clock (priv->context, 10 * G_TIME_SPAN_SECOND);
  test_settle ();
  g_assert_cmpint (count, ==, last);
  g_assert_null (priv->metrics_deadline.context);
  g_assert_cmpuint (latencies, ==, 0);

  /* The end tells what is left. */
  devssh_session_close (DEVSSH_SESSION (pair->client), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "done");
  test_spin_until (metrics->closed);
  g_assert_cmpint (count, ==, last + 1);
  g_assert_null (priv->metrics_deadline.context);
  test_settle ();
  g_assert_cmpint (count, ==, last + 1);
}

/* Nobody listens: no deadline is ever set, and nothing is noted. */
static void
test_nobody (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  DevSshSessionPrivate *priv;

  test_pair_make (pair);
  test_pair_authenticate (pair);
  talk (pair, 1 << 20);
  priv = devssh_session_get_private (DEVSSH_SESSION (pair->client));
  g_assert_null (priv->metrics_deadline.context);
  g_assert_cmpint (priv->metrics_notified, ==, 0);
  g_assert_null (priv->metrics->notes);
}

/* ---- a contour of a session ---- */

static void
test_contour (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(DevSshSessionContour) contour = g_object_new (DEVSSH_TYPE_SESSION_CONTOUR, NULL);
  g_autoptr(GError) error = NULL;
  DevSshSessionPrivate *priv;
  DevSshSessionMetrics *metrics;
  guint64 bytes_sent = 0, bytes_received = 0;

  test_pair_make (pair);
  priv = devssh_session_get_private (DEVSSH_SESSION (pair->client));
  metrics = metrics_of (pair->client);
  g_assert_true (devssh_session_contour_collect (contour, metrics, &error));
  g_assert_no_error (error);
  test_pair_authenticate (pair);
  for (guint i = 1; i <= 10; i++)
    {
      devssh_context_advance_clock (priv->context, G_TIME_SPAN_SECOND);
      devssh_metrics_latency_measured (metrics, i * 1000);
      devssh_metrics_latency_measured (metrics, i * 3000);
      talk (pair, 10000 * i);
    }
  devssh_session_close (DEVSSH_SESSION (pair->client), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "done");
  test_spin_until (!devssh_session_contour_get_is_collecting (contour));

  g_assert_cmpuint (devssh_session_contour_get_interval_count (contour), >=, 11);
  for (guint i = 0; i < devssh_session_contour_get_interval_count (contour); i++)
    {
      double min = devssh_session_contour_get_latency_min_at (contour, i);
      double average = devssh_session_contour_get_latency_average_at (contour, i);
      double max = devssh_session_contour_get_latency_max_at (contour, i);

      g_assert_true (min <= average && average <= max);
      g_assert_true (i == 0 || i > 10 || min > 0);
      bytes_sent += devssh_session_contour_get_bytes_sent_at (contour, i);
      bytes_received += devssh_session_contour_get_bytes_received_at (contour, i);
    }
  g_assert_cmpuint (bytes_sent, ==, devssh_session_metrics_get_bytes_sent (metrics));
  g_assert_cmpuint (bytes_received, ==, devssh_session_metrics_get_bytes_received (metrics));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/session/metrics/every-message", test_every_message);
  g_test_add_func ("/session/metrics/listen/late", test_listen_late);
  g_test_add_func ("/session/metrics/listen/no-more", test_listen_no_more);
  g_test_add_func ("/session/metrics/listen/nobody", test_nobody);
  g_test_add_data_func ("/session/metrics/handler/closes", NULL, test_handler_ends);
  g_test_add_data_func ("/session/metrics/handler/drops", GINT_TO_POINTER (TRUE), test_handler_ends);
  g_test_add_func ("/session/metrics/dropped", test_dropped);
  g_test_add_func ("/session/metrics/latency-at-the-end/E-56", test_latency_at_end);
  g_test_add_func ("/session/metrics/notify", test_notify);
  g_test_add_func ("/session/metrics/contour", test_contour);
  return g_test_run ();
}
