/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening, refusing and accepting channels. */
#include "connection-util.h"

#include <string.h>

static void
test_open_both_ways (void)
{
  TestPair pair;

  test_pair_init (&pair, NULL);
  for (guint i = 0; i < 2; i++)
    {
      TestEnd *end = i == 0 ? &pair.client : &pair.server;
      g_autoptr(DevSshChannel) theirs = NULL;
      g_autoptr(DevSshChannel) ours = test_open_both (&pair, end, &theirs);

      g_assert_cmpuint (devssh_connection_get_n_channels (end->connection), ==, 1);
      g_assert_cmpuint (devssh_connection_get_n_channels (end->peer->connection), ==, 1);
      g_assert_cmpstr (devssh_channel_get_channel_type (ours), ==, "session");
      g_assert_cmpstr (devssh_channel_get_channel_type (theirs), ==, "session");
      g_assert_false (devssh_channel_get_is_remote (ours));
      g_assert_true (devssh_channel_get_is_remote (theirs));
      g_assert_cmpint (devssh_channel_get_state (ours), ==, DEVSSH_CHANNEL_STATE_OPEN);
      g_assert_cmpint (devssh_channel_get_state (theirs), ==, DEVSSH_CHANNEL_STATE_OPEN);
      g_assert_cmpuint (devssh_channel_get_channel_id (ours), ==, devssh_channel_get_remote_channel_id (theirs));
      g_assert_cmpuint (devssh_channel_get_max_packet_size (ours), ==, 32768);
      g_assert_true (g_bytes_equal (devssh_channel_get_open_message (ours), devssh_channel_get_open_message (theirs)));
      g_assert_true (g_bytes_equal (devssh_channel_get_open_confirmation_message (ours),
                                    devssh_channel_get_open_confirmation_message (theirs)));

      devssh_channel_close (ours);
      test_pair_run (&pair);
      g_assert_cmpuint (devssh_connection_get_n_channels (end->connection), ==, 0);
      g_assert_cmpuint (devssh_connection_get_n_channels (end->peer->connection), ==, 0);
      g_assert_true (devssh_channel_get_is_closed (theirs));
    }
  test_pair_clear (&pair);
}

static gboolean
opening_data_cb (TestEnd              *end,
                 DevSshChannelOpening *opening)
{
  g_assert_cmpstr (devssh_channel_opening_get_channel_type (opening), ==, "echo@example.org");
  g_assert_true (devssh_channel_opening_get_is_remote (opening));
  g_assert_true (g_bytes_equal (devssh_channel_opening_get_type_data (opening), end->user_data));
  devssh_channel_opening_accept (opening);
  return TRUE;
}

static void
test_open_with_data (void)
{
  TestPair pair;
  g_autoptr(GBytes) extra = g_bytes_new_static ("\0\1\2extra", 8);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshChannel) channel = NULL;

  test_pair_init (&pair, NULL);
  pair.server.opening = opening_data_cb;
  pair.server.user_data = extra;
  devssh_connection_open (pair.client.connection, "echo@example.org", extra, 0, test_task_new (NULL, &result));
  test_pair_run (&pair);
  channel = test_take_channel (result, &error);
  g_assert_no_error (error);
  test_pair_clear (&pair);
}

static gboolean
opening_reject_cb (TestEnd              *end,
                   DevSshChannelOpening *opening)
{
  devssh_channel_opening_reject (opening, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED, "not today");
  return TRUE;
}

/* protocol.md 13: 33 */
static void
test_open_refused (void)
{
  TestPair pair;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  test_pair_init (&pair, NULL);
  pair.server.opening = opening_reject_cb;
  devssh_connection_open (pair.client.connection, NULL, NULL, 0, test_task_new (NULL, &result));
  test_pair_run (&pair);
  g_assert_null (test_take_channel (result, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, (int) DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
  g_assert_cmpstr (error->message, ==, "not today");
  g_assert_cmpuint (devssh_connection_get_n_channels (pair.client.connection), ==, 0);
  g_assert_cmpuint (pair.client.n_opened + pair.server.n_opened, ==, 0);
  test_pair_clear (&pair);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/connection/open/both-ways", test_open_both_ways);
  g_test_add_func ("/connection/open/with-data", test_open_with_data);
  g_test_add_func ("/connection/open/refused/13-33", test_open_refused);

  return g_test_run ();
}
