/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The counters of a session: what is written to the struct comes out of getters and properties. */
#include <libdevssh/transport/devssh-metrics-private.h>

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

  metrics->messages_sent = 1;
  metrics->messages_received = 2;
  metrics->bytes_sent = G_MAXUINT64;
  metrics->bytes_received = G_GUINT64_CONSTANT (1) << 40;

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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/transport/metrics/new", test_metrics_new);
  g_test_add_func ("/transport/metrics/read", test_metrics_read);

  return g_test_run ();
}
