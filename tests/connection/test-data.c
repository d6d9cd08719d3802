/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data from one end to the other: order, windows, early data. */
#include "connection-util.h"

static void
test_data_order (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(TestEars) ears = NULL;

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  ears = test_ears_new (theirs);
  test_ears_all (ears);
  test_send (ours, "one");
  test_send (ours, "two");
  test_send (ours, "three");
  test_pair_run (&pair);
  g_assert_cmpstr (ears->text->str, ==, "data:one data:two data:three ");
  g_assert_cmpuint (devssh_channel_get_bytes_sent (ours), ==, 11);
  g_assert_cmpuint (devssh_channel_get_bytes_received (theirs), ==, 11);
  g_assert_cmpuint (devssh_channel_get_bytes_received (ours), ==, 0);
  test_pair_clear (&pair);
}

/* 3.5 MiB through a window of 1 MiB. */
static void
test_data_large (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(TestEars) ears = NULL;
  g_autoptr(GBytes) data = test_bytes (3584 * 1024, 7);
  g_autoptr(GBytes) received = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  ears = test_ears_new (theirs);
  test_ears_all (ears);
  devssh_channel_send_async (ours, data, NULL, test_keep_result_cb, &result);
  test_pair_run (&pair);
  g_assert_nonnull (result);
  g_assert_true (devssh_channel_send_finish (ours, result, &error));
  g_assert_no_error (error);
  received = g_bytes_new (ears->bytes->data, ears->bytes->len);
  g_assert_true (g_bytes_equal (received, data));
  test_pair_clear (&pair);
}

static void
test_data_early (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(TestEars) ears = NULL;

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  test_send (ours, "one");
  test_send (ours, "two");
  g_assert_true (devssh_channel_send_eof (ours, NULL));
  devssh_channel_close (ours);
  test_pair_run (&pair);
  g_assert_true (devssh_channel_get_is_closed (theirs));

  /* Nobody tells the engine that this happens. */
  ears = test_ears_new (theirs);
  test_ears_all (ears);
  test_pair_run (&pair);
  g_assert_cmpstr (ears->text->str, ==, "data:one data:two eof closed ");
  test_pair_clear (&pair);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/connection/data/order", test_data_order);
  g_test_add_func ("/connection/data/large/13-38", test_data_large);
  g_test_add_func ("/connection/data/early/13-36", test_data_early);

  return g_test_run ();
}
