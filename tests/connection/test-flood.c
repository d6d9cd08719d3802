/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Much of everything: what it must not cost (T-50, T-92). */
#include "connection-util.h"

#include "../test-memory.h"

#include <string.h>

static void
receive_open (TestEnd *end,
              guint32  id)
{
  DevSshChannelOpenMessage message = { (char *) "session", id, 1000, 1000 };
  DEVSSH_WRITER_AUTO (writer);

  devssh_channel_open_message_encode (&message, &writer);
  test_end_receive_writer (end, &writer);
  test_end_drop_sent (end);
  test_end_clear_log (end);
}

/* A refused channel leaves nothing behind. */
static void
test_flood_refused (void)
{
  TestEnd end;
  gsize before;

  test_end_init (&end, FALSE, NULL);
  for (guint i = 0; i < 1000; i++)
    receive_open (&end, i);
  before = test_memory_get_resident ();
  for (guint i = 0; i < 20000; i++)
    receive_open (&end, i);
  test_end_run (&end);
  g_assert_cmpuint (end.n_sent, ==, 21000);
  g_assert_cmpuint (end.fatal, ==, 0);
  test_memory_assert_growth (before, 1024 * 1024, "20000 refused");
  test_end_clear (&end);
}

static void
test_flood_open_close (void)
{
  TestPair pair;
  gsize before = 0;

  test_pair_init (&pair, NULL);
  for (guint i = 0; i < 11000; i++)
    {
      g_autoptr(DevSshChannel) channel = test_open_channel (&pair, i & 1 ? &pair.client : &pair.server, NULL);

      if (i == 1000)
        before = test_memory_get_resident ();
      test_send (channel, "x");
      devssh_channel_close (channel);
      test_pair_run (&pair);
      test_end_clear_log (&pair.client);
      test_end_clear_log (&pair.server);
    }
  g_assert_cmpuint (pair.client.n_closed, ==, 11000);
  g_assert_cmpuint (pair.server.n_closed, ==, 11000);
  test_memory_assert_growth (before, 1024 * 1024, "10000 opened and closed");
  test_pair_clear (&pair);
}

/* A Dev Tunnels peer never answers CLOSE (design D16). */
static void
test_flood_close_unanswered (void)
{
  static const guint8 close[] = { 97, 0, 0, 0, 0 };
  TestEnd end;
  gsize before = 0;

  test_end_init (&end, FALSE, NULL);
  end.opening = test_accept_opening;
  for (guint i = 0; i < 70000; i++)
    {
      g_autoptr(DevSshChannel) channel = NULL;

      receive_open (&end, i);
      channel = test_channel_at (&end, 0);
      g_assert_cmphex (devssh_channel_get_channel_id (channel), ==, (i & 0xffff) << 16 | i >> 16);
      devssh_channel_close (channel);
      test_end_run (&end);
      if (i == 1000)
        before = test_memory_get_resident ();
    }
  test_memory_assert_growth (before, 1024 * 1024, "70000 closed by us");
  /* And one that does answer, late. */
  test_end_receive (&end, close, sizeof close);
  g_assert_cmpuint (end.fatal, ==, 0);
  test_end_drop_sent (&end);
  test_end_clear (&end);
}

static void
test_flood_at_once (void)
{
  TestPair pair;
  GAsyncResult *results[1001] = { NULL };
  g_autoptr(GPtrArray) channels = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(GPtrArray) ears = g_ptr_array_new_with_free_func ((GDestroyNotify) test_ears_free);
  g_autoptr(GError) error = NULL;
  GListModel *list;

  test_pair_init (&pair, NULL);
  for (guint i = 0; i < 1000; i++)
    devssh_connection_open (pair.client.connection, NULL, NULL, 0, test_task_new (NULL, &results[i]));
  devssh_connection_open (pair.client.connection, NULL, NULL, 0, test_task_new (NULL, &results[1000]));
  test_pair_run (&pair);
  for (guint i = 0; i < 1000; i++)
    g_ptr_array_add (channels, g_task_propagate_pointer (G_TASK (results[i]), NULL));
  g_assert_null (g_task_propagate_pointer (G_TASK (results[1000]), &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_LIMIT);
  for (guint i = 0; i < 1001; i++)
    g_object_unref (results[i]);

  list = devssh_connection_get_channels (pair.server.connection);
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 1000);
  for (guint i = 0; i < 1000; i++)
    {
      g_autoptr(DevSshChannel) theirs = test_channel_at (&pair.server, i);

      g_ptr_array_add (ears, test_ears_new (theirs));
      test_ears_all (ears->pdata[i]);
      test_send (channels->pdata[i], "hello");
      devssh_channel_close (channels->pdata[i]);
    }
  test_pair_run (&pair);
  for (guint i = 0; i < 1000; i++)
    g_assert_cmpstr (((TestEars *) ears->pdata[i])->text->str, ==, "data:hello closed ");
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 0);
  g_ptr_array_set_size (ears, 0);
  test_pair_clear (&pair);
}

/* An idle channel is a few hundred bytes (design D4). */
static void
many_channels (DevSshConnectionConfig *config,
               gboolean                is_client)
{
  config->max_channels = 20000;
}

static void
test_flood_idle_memory (void)
{
  TestEnd end;
  gsize before, each;

  test_end_init (&end, FALSE, many_channels);
  end.opening = test_accept_opening;
  for (guint i = 0; i < 1000; i++)
    receive_open (&end, i);
  before = test_memory_get_resident ();
  for (guint i = 0; i < 10000; i++)
    receive_open (&end, 1000 + i);
  each = (test_memory_get_resident () - before) / 10000;
  g_test_message ("%" G_GSIZE_FORMAT " bytes for an idle channel", each);
  if (TEST_MEMORY_IS_MEASURED)
    g_assert_cmpuint (each, <, 1500);
  test_end_clear (&end);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/connection/flood/refused/T-50", test_flood_refused);
  g_test_add_func ("/connection/flood/open-close/T-50/T-92/E-37", test_flood_open_close);
  g_test_add_func ("/connection/flood/close-unanswered/T-50", test_flood_close_unanswered);
  g_test_add_func ("/connection/flood/at-once/T-50/E-37", test_flood_at_once);
  g_test_add_func ("/connection/flood/idle-memory", test_flood_idle_memory);

  return g_test_run ();
}
