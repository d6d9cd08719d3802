/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What ::trace tells of channel data, and when (T-82). */
#include "../test-util.h"

#include <string.h>

typedef struct
{
  guint n_data;
  guint n_secret;   /* lines with the bytes in them */
} Lines;

static void
trace_cb (DevSshSession    *session,
          DevSshTraceLevel  level,
          DevSshTraceEvent  event,
          const char       *text,
          Lines            *lines)
{
  if (event == DEVSSH_TRACE_EVENT_SENDING_CHANNEL_DATA || event == DEVSSH_TRACE_EVENT_RECEIVING_CHANNEL_DATA)
    lines->n_data++;
  if (strstr (text, "73 65 63 72 65 74") != NULL || strstr (text, "secret") != NULL)
    lines->n_secret++;
}

static void
say_secret (TestPair *pair,
            Lines    *lines)
{
  g_autoptr(DevSshChannel) client = NULL;
  g_autoptr(DevSshChannel) server = NULL;
  g_autoptr(GBytes) data = g_bytes_new_static ("secret", 6);

  memset (lines, 0, sizeof *lines);
  test_pair_open (pair, "session", &client, &server);
  devssh_channel_send_async (client, data, NULL, NULL, NULL);
  test_spin_until (devssh_channel_get_bytes_received (server) == 6);
  test_settle ();
}

static void
test_trace_channel_data (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  Lines client = { 0 }, server = { 0 };

  devssh_session_config_set_trace_channel_data (pair->client_config, TRUE);
  test_pair_make (pair);
  g_signal_connect (pair->client, "trace", G_CALLBACK (trace_cb), &client);
  g_signal_connect (pair->server, "trace", G_CALLBACK (trace_cb), &server);
  test_pair_authenticate (pair);
  g_assert_cmpuint (client.n_secret + server.n_secret, ==, 0);   /* the password is "secret" */

  /* As the configuration says. */
  g_assert_true (devssh_session_get_trace_channel_data (DEVSSH_SESSION (pair->client)));
  g_assert_false (devssh_session_get_trace_channel_data (DEVSSH_SESSION (pair->server)));
  say_secret (pair, &client);
  g_assert_cmpuint (client.n_data, ==, 1);
  g_assert_cmpuint (client.n_secret, ==, 1);
  g_assert_cmpuint (server.n_data, ==, 0);
  g_assert_cmpuint (server.n_secret, ==, 0);

  /* And while it runs. */
  devssh_session_set_trace_channel_data (DEVSSH_SESSION (pair->client), FALSE);
  say_secret (pair, &client);
  g_assert_cmpuint (client.n_data, ==, 0);
  g_assert_cmpuint (client.n_secret, ==, 0);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/session/trace/channel-data/T-82", test_trace_channel_data);
  return g_test_run ();
}
