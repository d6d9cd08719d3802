/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Channel numbers: slot and generation (design D16). */
#include <libdevssh/connection/devssh-channel-table-private.h>

#include <libdevssh/connection/devssh-channel.h>

static void
test_table_numbers (void)
{
  g_autoptr(DevSshChannel) channel = g_object_new (DEVSSH_TYPE_CHANNEL, NULL);
  DevSshChannelTable table = { 0 };
  guint32 id;

  for (guint i = 0; i < 20; i++)
    {
      g_assert_true (devssh_channel_table_add (&table, channel, &id));
      g_assert_cmpuint (id, ==, i);
      g_assert_true (devssh_channel_table_lookup (&table, id) == channel);
    }
  g_assert_cmpuint (table.n_used, ==, 20);
  g_assert_null (devssh_channel_table_lookup (&table, 20));
  g_assert_false (devssh_channel_table_was_used (&table, 20));

  devssh_channel_table_remove (&table, 7);
  g_assert_null (devssh_channel_table_lookup (&table, 7));
  g_assert_true (devssh_channel_table_was_used (&table, 7));
  g_assert_false (devssh_channel_table_was_used (&table, 0x10007));

  /* The slot again, under another number. */
  g_assert_true (devssh_channel_table_add (&table, channel, &id));
  g_assert_cmphex (id, ==, 0x10007);
  g_assert_null (devssh_channel_table_lookup (&table, 7));
  g_assert_true (devssh_channel_table_was_used (&table, 7));
  g_assert_true (devssh_channel_table_lookup (&table, 0x10007) == channel);
  g_assert_false (devssh_channel_table_was_used (&table, 0x20007));
  g_assert_cmpuint (table.n_slots, ==, 20);
  devssh_channel_table_clear (&table);
}

/* No number ever comes twice, and what is gone leaves nothing behind. */
static void
test_table_generations (void)
{
  g_autoptr(DevSshChannel) channel = g_object_new (DEVSSH_TYPE_CHANNEL, NULL);
  DevSshChannelTable table = { 0 };
  guint32 id;

  for (guint i = 0; i < 3 * 65536; i++)
    {
      g_assert_true (devssh_channel_table_add (&table, channel, &id));
      g_assert_cmphex (id, ==, (i & 0xffff) << 16 | i >> 16);
      devssh_channel_table_remove (&table, id);
    }
  g_assert_cmpuint (table.n_slots, ==, 3);
  g_assert_null (devssh_channel_table_lookup (&table, 0));
  g_assert_true (devssh_channel_table_was_used (&table, 0));
  g_assert_true (devssh_channel_table_was_used (&table, 0xffff0000));
  g_assert_true (devssh_channel_table_was_used (&table, 0xffff0002));
  g_assert_false (devssh_channel_table_was_used (&table, 3));
  devssh_channel_table_clear (&table);
}

static void
test_table_full (void)
{
  g_autoptr(DevSshChannel) channel = g_object_new (DEVSSH_TYPE_CHANNEL, NULL);
  DevSshChannelTable table = { 0 };
  guint32 id;

  for (guint i = 0; i < DEVSSH_CHANNEL_TABLE_MAX; i++)
    {
      g_assert_true (devssh_channel_table_add (&table, channel, &id));
      g_assert_cmpuint (id, ==, i);
    }
  g_assert_false (devssh_channel_table_add (&table, channel, &id));
  devssh_channel_table_remove (&table, 12345);
  g_assert_true (devssh_channel_table_add (&table, channel, &id));
  g_assert_cmphex (id, ==, 0x10000 | 12345);
  g_assert_false (devssh_channel_table_add (&table, channel, &id));
  devssh_channel_table_clear (&table);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/connection/table/numbers/T-50", test_table_numbers);
  g_test_add_func ("/connection/table/generations/T-50", test_table_generations);
  g_test_add_func ("/connection/table/full/T-50", test_table_full);

  return g_test_run ();
}
