/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data from one end to the other: order, windows, early data. */
#include "connection-util.h"

#include <libdevssh/connection/devssh-connection-internal-private.h>

#include <string.h>
#include <sys/mman.h>

static void
test_data_order (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(TestEars) ears = NULL;

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  ears = test_ears_on (theirs);
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
  ears = test_ears_on (theirs);
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
  ears = test_ears_on (theirs);
  test_pair_run (&pair);
  g_assert_cmpstr (ears->text->str, ==, "data:one data:two eof closed ");
  test_pair_clear (&pair);
}


/* ---- helpers for one end ---- */

static void
receive_data (TestEnd *end,
              guint32  data_type,
              gsize    length)
{
  g_autofree guint8 *data = g_malloc (length + 1);

  memset (data, 'x', length);
  test_end_receive_data (end, data_type, data, length);
}

/* ---- early data ---- */

/* Whoever comes, a handler or a consumer, now or much later, gets everything, in order, once. */
static void
test_data_early_all (void)
{
  static const char * const orders[] = { "data", "extended-data", "eof", "closed" };

  for (guint first = 0; first < G_N_ELEMENTS (orders); first++)
    {
      TestPair pair;
      g_autoptr(DevSshChannel) theirs = NULL;
      g_autoptr(DevSshChannel) ours = NULL;
      g_autoptr(TestEars) ears = NULL;
      g_autoptr(GBytes) oops = g_bytes_new_static ("oops", 4);
      g_autoptr(GBytes) large = test_bytes (30000, 1);

      test_pair_init (&pair, NULL);
      ours = test_open_both (&pair, &pair.client, &theirs);
      test_send (ours, "one");
      devssh_channel_send_extended_async (ours, 1, oops, NULL, NULL, NULL);
      for (guint i = 0; i < 10; i++)
        devssh_channel_send_async (ours, large, NULL, NULL, NULL);
      test_send (ours, "two");
      g_assert_true (devssh_channel_send_eof (ours, NULL));
      test_pair_run (&pair);

      /* The order of connecting makes no difference. */
      ears = test_ears_new (theirs);
      for (guint i = 0; i < G_N_ELEMENTS (orders); i++)
        test_ears_listen (ears, orders[(first + i) % G_N_ELEMENTS (orders)]);
      devssh_channel_close (ours);
      test_pair_run (&pair);
      g_assert_true (g_str_has_prefix (ears->text->str, "data:one ext 1:oops data:30000 bytes "));
      g_assert_true (g_str_has_suffix (ears->text->str, "data:30000 bytes data:two eof closed "));
      g_assert_cmpuint (ears->n_data, ==, 12);
      g_assert_cmpuint (ears->bytes->len, ==, 300006);
      for (guint i = 0; i < 10; i++)
        g_assert_cmpmem (ears->bytes->data + 3 + i * 30000, 30000, g_bytes_get_data (large, NULL), 30000);
      test_pair_clear (&pair);
    }
}

/* No credit before somebody has it: the sender waits after one window, and goes on then. */
static void
test_data_early_uncredited (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(TestEars) ears = NULL;
  g_autoptr(GBytes) data = test_bytes (3 * 1024 * 1024, 3);
  g_autoptr(GAsyncResult) result = NULL;

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  devssh_channel_send_async (ours, data, NULL, test_keep_result_cb, &result);
  test_pair_run (&pair);
  g_assert_null (result);
  g_assert_cmpuint (devssh_channel_get_bytes_sent (ours), ==, 1024 * 1024);
  g_assert_null (strstr (pair.server.log->str, "93"));

  ears = test_ears_on (theirs);
  test_pair_run (&pair);
  g_assert_nonnull (result);
  g_assert_cmpuint (ears->bytes->len, ==, 3 * 1024 * 1024);
  g_assert_cmpmem (ears->bytes->data, ears->bytes->len, g_bytes_get_data (data, NULL), g_bytes_get_size (data));
  test_pair_clear (&pair);
}

/* A consumer that counts. */
typedef struct
{
  DevSshChannelConsumer consumer;
  GString              *text;
  gsize                 bytes;
  gsize                 take;      /* at most that much of each message */
  DevSshChannel        *channel;
} Counter;

static gsize
counting_data (DevSshChannelConsumer *consumer,
               guint32                data_type,
               const guint8          *data,
               gsize                  length,
               DevSshBuffer          *buffer)
{
  Counter *counter = (Counter *) consumer;

  g_assert_nonnull (data);
  g_assert_cmpuint (length, >, 0);
  counter->bytes += length;
  if (length < 100)
    g_string_append_printf (counter->text, "%u:%.*s ", data_type, (int) length, (const char *) data);
  return MIN (length, counter->take);
}

static void
counting_eof (DevSshChannelConsumer *consumer)
{
  g_string_append (((Counter *) consumer)->text, "eof ");
}

static void
counting_closed (DevSshChannelConsumer *consumer,
                 const GError          *error)
{
  g_string_append (((Counter *) consumer)->text, error != NULL ? "failed " : "closed ");
}

static void
counter_init (Counter       *counter,
              DevSshChannel *channel)
{
  counter->consumer = (DevSshChannelConsumer) { counting_data, counting_eof, counting_closed };
  counter->text = g_string_new (NULL);
  counter->bytes = 0;
  counter->take = G_MAXSIZE;
  counter->channel = channel;
}

static void
counter_clear (Counter *counter)
{
  g_string_free (counter->text, TRUE);
}

/* Who listens only for the end gets it; who then comes for the data still finds it. */
static void
test_data_only_end (void)
{
  TestPair pair;
  Counter counter;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(TestEars) ears = NULL;

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  test_send (ours, "unread");
  devssh_channel_send_eof (ours, NULL);
  devssh_channel_close (ours);
  test_pair_run (&pair);
  ears = test_ears_new (theirs);
  test_ears_listen (ears, "closed");
  test_pair_run (&pair);
  g_assert_cmpstr (ears->text->str, ==, "closed ");

  /* No signal after ::closed (T-54), but a stream may read the rest. */
  test_ears_listen (ears, "data");
  test_pair_run (&pair);
  g_assert_cmpstr (ears->text->str, ==, "closed ");
  g_signal_handlers_disconnect_by_data (theirs, ears);
  test_ears_listen (ears, "eof");
  counter_init (&counter, theirs);
  g_assert_true (devssh_channel_set_consumer (theirs, &counter.consumer, NULL));
  test_pair_run (&pair);
  g_assert_cmpstr (counter.text->str, ==, "0:unread eof closed ");
  g_assert_cmpstr (ears->text->str, ==, "closed ");
  g_assert_cmpuint (ears->n_closed, ==, 1);
  counter_clear (&counter);
  test_pair_clear (&pair);
}

/* ---- manual credit ---- */

typedef struct
{
  gboolean manual;    /* what the first call of the handler sets */
  guint    n_calls;
  guint32  unread;    /* in the second call */
} Switch;

static void
switch_credit_cb (DevSshChannel *channel,
                  GBytes        *data,
                  Switch        *self)
{
  if (self->n_calls++ == 0)
    devssh_channel_set_manual_credit (channel, self->manual);
  else
    self->unread = channel->window.unread;
}

/* A handler that changes who gives the credit: what it has in hands is given back once, by the rule it came under. */
static void
test_data_credit_switched (void)
{
  for (guint manual = 0; manual < 2; manual++)
    {
      TestPair pair;
      Switch by = { .manual = manual };
      g_autoptr(DevSshChannel) theirs = NULL;
      g_autoptr(DevSshChannel) ours = NULL;
      g_autoptr(GBytes) data = test_bytes (20000, 1);

      test_pair_init (&pair, NULL);
      ours = test_open_both (&pair, &pair.client, &theirs);
      devssh_channel_set_manual_credit (theirs, !manual);
      devssh_channel_send_async (ours, data, NULL, NULL, NULL);
      devssh_channel_send_extended_async (ours, 7, data, NULL, NULL, NULL);
      devssh_channel_send_async (ours, data, NULL, NULL, NULL);
      test_pair_run (&pair);
      g_signal_connect (theirs, "data", G_CALLBACK (switch_credit_cb), &by);
      test_pair_run (&pair);
      g_assert_cmpuint (by.n_calls, ==, 2);
      /* Only what is in hands now: the first is given back, the second nobody wanted. */
      g_assert_cmpuint (by.unread, ==, 20000);
      g_assert_cmpuint (theirs->window.unread, ==, manual ? 20000 : 0);
      if (manual)
        g_assert_true (devssh_channel_adjust_window (theirs, 20000, NULL));
      g_assert_cmpuint (theirs->window.unread, ==, 0);
      test_pair_clear (&pair);
    }
}

/* ---- the one consumer (design D19) ---- */

static void
test_data_consumer (void)
{
  TestPair pair;
  Counter counter, other;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(TestEars) ears = NULL;
  g_autoptr(GError) error = NULL;

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  test_send (ours, "early");
  test_pair_run (&pair);
  counter_init (&counter, theirs);
  counter_init (&other, theirs);
  g_assert_true (devssh_channel_set_consumer (theirs, &counter.consumer, &error));
  g_assert_no_error (error);
  g_assert_false (devssh_channel_set_consumer (theirs, &other.consumer, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  g_clear_error (&error);
  /* Not from inside the call. */
  g_assert_cmpstr (counter.text->str, ==, "");
  test_pair_run (&pair);
  g_assert_cmpstr (counter.text->str, ==, "0:early ");

  /* A handler that comes second hears nothing. */
  ears = test_ears_on (theirs);
  test_send (ours, "second");
  test_pair_run (&pair);
  g_assert_cmpstr (counter.text->str, ==, "0:early 0:second ");
  g_assert_cmpstr (ears->text->str, ==, "");
  g_signal_handlers_disconnect_by_data (theirs, ears);

  /* Paused: data waits; and the end waits behind it. */
  devssh_channel_pause (theirs, TRUE);
  test_send (ours, "third");
  test_send (ours, "fourth");
  g_assert_true (devssh_channel_send_eof (ours, NULL));
  test_pair_run (&pair);
  g_assert_cmpstr (counter.text->str, ==, "0:early 0:second ");
  g_assert_true (devssh_channel_get_eof_received (theirs));
  devssh_channel_pause (theirs, FALSE);
  test_pair_run (&pair);
  g_assert_cmpstr (counter.text->str, ==, "0:early 0:second 0:third 0:fourth eof ");

  /* The end, told once, and the consumer is free. */
  devssh_channel_close (ours);
  test_pair_run (&pair);
  g_assert_cmpstr (counter.text->str, ==, "0:early 0:second 0:third 0:fourth eof closed ");
  g_assert_true (devssh_channel_set_consumer (theirs, &other.consumer, &error));
  test_pair_run (&pair);
  g_assert_cmpstr (other.text->str, ==, "closed ");
  counter_clear (&counter);
  counter_clear (&other);
  test_pair_clear (&pair);
}

/* One that leaves: what comes then waits for the next. */
static void
test_data_consumer_changes (void)
{
  TestPair pair;
  Counter counter, other;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(TestEars) ears = NULL;
  g_autoptr(GError) error = NULL;

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  counter_init (&counter, theirs);
  counter_init (&other, theirs);
  g_assert_true (devssh_channel_set_consumer (theirs, &counter.consumer, NULL));
  test_send (ours, "one");
  test_pair_run (&pair);
  devssh_channel_clear_consumer (theirs, &other.consumer);
  devssh_channel_clear_consumer (theirs, &counter.consumer);
  test_send (ours, "two");
  test_pair_run (&pair);
  g_assert_cmpstr (counter.text->str, ==, "0:one ");
  ears = test_ears_on (theirs);
  g_assert_false (devssh_channel_set_consumer (theirs, &other.consumer, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  test_pair_run (&pair);
  g_assert_cmpstr (ears->text->str, ==, "data:two ");
  counter_clear (&counter);
  counter_clear (&other);
  test_pair_clear (&pair);
}

/* What a consumer keeps is credited when it says so. */
static void
test_data_consumer_credit (void)
{
  TestEnd end;
  Counter counter;
  g_autoptr(DevSshChannel) channel = test_end_with_channel (&end, FALSE, 1000, 1000, NULL);

  counter_init (&counter, channel);
  counter.take = 1000;
  g_assert_true (devssh_channel_set_consumer (channel, &counter.consumer, NULL));
  for (guint i = 0; i < 32; i++)
    receive_data (&end, 0, 32768);
  test_end_run (&end);
  g_assert_cmpuint (counter.bytes, ==, 32 * 32768);
  /* 32 000 of 1 MiB are not half. */
  g_assert_cmpstr (end.log->str, ==, "");
  devssh_channel_consumed (channel, 524288 - 32000 - 1);
  g_assert_cmpstr (end.log->str, ==, "");
  devssh_channel_consumed (channel, 1);
  g_assert_cmpstr (end.log->str, ==, "93 ");
  /* More than there is changes nothing beyond what there is. */
  devssh_channel_consumed (channel, G_MAXSIZE);
  g_assert_cmpstr (end.log->str, ==, "93 93 ");
  for (guint i = 0; i < 32; i++)
    receive_data (&end, 0, 32768);
  g_assert_cmpuint (end.fatal, ==, 0);
  receive_data (&end, 0, 32768);
  test_end_clear (&end);
  counter_clear (&counter);
}

/* ---- credit by hand ---- */

static void
test_data_manual_credit (void)
{
  TestEnd end;
  g_autoptr(DevSshChannel) channel = test_end_with_channel (&end, FALSE, 1000, 1000, NULL);
  g_autoptr(TestEars) ears = test_ears_new (channel);
  g_autoptr(GError) error = NULL;

  g_assert_false (devssh_channel_adjust_window (channel, 1, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  g_clear_error (&error);
  g_object_set (channel, "manual-credit", TRUE, NULL);
  test_ears_all (ears);
  for (guint i = 0; i < 32; i++)
    receive_data (&end, 0, 32768);
  test_end_run (&end);
  g_assert_cmpuint (ears->bytes->len, ==, 1024 * 1024);
  g_assert_cmpstr (end.log->str, ==, "");

  g_assert_true (devssh_channel_adjust_window (channel, 524287, &error));
  g_assert_cmpstr (end.log->str, ==, "");
  g_assert_true (devssh_channel_adjust_window (channel, 1, &error));
  g_assert_cmpstr (end.log->str, ==, "93 ");
  g_assert_false (devssh_channel_adjust_window (channel, 524289, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  g_clear_error (&error);
  /* Switched off, the rest comes back. */
  devssh_channel_set_manual_credit (channel, FALSE);
  g_assert_cmpstr (end.log->str, ==, "93 93 ");
  test_end_clear (&end);
}

/* ---- windows ---- */

static void
test_data_window_boundaries (void)
{
  for (guint extra = 0; extra < 2; extra++)
    {
      TestEnd end;
      g_autoptr(DevSshChannel) channel = test_end_with_channel (&end, FALSE, 1000, 1000, NULL);

      /* Extended data counts as much (T-56). */
      for (guint i = 0; i < 31; i++)
        receive_data (&end, i % 3, 32768);
      receive_data (&end, 1, 32767);
      receive_data (&end, 0, 0);
      receive_data (&end, 0, 1);
      g_assert_cmpuint (end.fatal, ==, 0);
      receive_data (&end, 0, 0);
      g_assert_cmpuint (end.fatal, ==, 0);
      receive_data (&end, extra, 1);
      g_assert_cmpuint (end.fatal, ==, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
      g_assert_cmpuint (devssh_channel_get_bytes_received (channel), ==, 1024 * 1024);
      test_end_clear (&end);
    }
}

static void
test_data_max_packet (void)
{
  for (guint data_type = 0; data_type < 2; data_type++)
    {
      TestEnd end;
      g_autoptr(DevSshChannel) channel = test_end_with_channel (&end, FALSE, 1000, 1000, NULL);

      receive_data (&end, data_type, 32768);
      g_assert_cmpuint (end.fatal, ==, 0);
      receive_data (&end, data_type, 32769);
      g_assert_cmpuint (end.fatal, ==, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
      test_end_clear (&end);
    }
}

static void
test_data_adjust_overflow (void)
{
  TestEnd end;
  g_autoptr(DevSshChannel) channel = test_end_with_channel (&end, FALSE, 10, 1000, NULL);

  test_end_receive_adjust (&end, 0);
  test_end_receive_adjust (&end, 1);
  test_end_receive_adjust (&end, G_MAXUINT32 - 11);
  g_assert_cmpuint (channel->send_window, ==, G_MAXUINT32);
  test_end_receive_adjust (&end, 0);
  g_assert_cmpuint (end.fatal, ==, 0);
  test_end_receive_adjust (&end, 1);
  g_assert_cmpuint (end.fatal, ==, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
  g_assert_cmpuint (channel->send_window, ==, G_MAXUINT32);
  test_end_clear (&end);
}

/* Exactly the window does not wait; the next byte does, until an adjust comes. */
static void
test_data_exact_window (void)
{
  TestEnd end;
  g_autoptr(DevSshChannel) channel = test_end_with_channel (&end, FALSE, 100, 40, NULL);
  g_autoptr(GBytes) exact = test_bytes (100, 1);
  g_autoptr(GBytes) more = test_bytes (2, 1);
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;

  g_assert_cmpuint (devssh_channel_get_max_packet_size (channel), ==, 40);
  devssh_channel_send_async (channel, exact, NULL, test_keep_result_cb, &first);
  test_end_run (&end);
  g_assert_nonnull (first);
  g_assert_cmpstr (end.log->str, ==, "94 94 94 ");
  g_assert_cmpuint (devssh_channel_get_queued (channel), ==, 0);

  devssh_channel_send_async (channel, more, NULL, test_keep_result_cb, &second);
  test_end_run (&end);
  g_assert_null (second);
  g_assert_false (devssh_connection_has_data (end.connection));
  g_assert_cmpuint (devssh_channel_get_queued (channel), ==, 2);
  test_end_receive_adjust (&end, 0);
  test_end_receive_adjust (&end, 1);
  test_end_run (&end);
  g_assert_null (second);
  g_assert_cmpstr (end.log->str, ==, "94 94 94 94 ");
  test_end_receive_adjust (&end, 1);
  test_end_run (&end);
  g_assert_nonnull (second);
  g_assert_cmpstr (end.log->str, ==, "94 94 94 94 94 ");
  test_end_clear (&end);
}

static void
small_client_window (DevSshConnectionConfig *config,
                     gboolean                is_client)
{
  config->initial_window = config->max_window = is_client ? 1024 * 1024 : 5 * 1024 * 1024;
}

static void
small_server_window (DevSshConnectionConfig *config,
                     gboolean                is_client)
{
  small_client_window (config, !is_client);
}

/* Both directions at once, with windows of 1 and 5 MiB, on 5 channels, each send as it comes. */
static void
test_data_both_ways (void)
{
  for (guint which = 0; which < 2; which++)
    {
      TestPair pair;
      DevSshChannel *channels[10];
      TestEars *ears[10];
      g_autoptr(GBytes) data = test_bytes (100000, 5);

      test_pair_init (&pair, which == 0 ? small_client_window : small_server_window);
      for (guint i = 0; i < 10; i += 2)
        channels[i] = test_open_both (&pair, i % 4 == 0 ? &pair.client : &pair.server, &channels[i + 1]);
      for (guint i = 0; i < 10; i++)
        {
          ears[i] = test_ears_new (channels[i]);
          test_ears_all (ears[i]);
        }
      for (guint k = 0; k < 20; k++)
        for (guint i = 0; i < 10; i++)
          devssh_channel_send_async (channels[i], data, NULL, NULL, NULL);
      test_pair_run (&pair);
      for (guint i = 0; i < 10; i++)
        {
          g_assert_cmpuint (ears[i]->bytes->len, ==, 20 * 100000);
          for (guint k = 0; k < 20; k++)
            g_assert_cmpmem (ears[i]->bytes->data + k * 100000, 100000, g_bytes_get_data (data, NULL), 100000);
          test_ears_free (ears[i]);
          g_object_unref (channels[i]);
        }
      g_assert_cmpuint (pair.client.fatal + pair.server.fatal, ==, 0);
      test_pair_clear (&pair);
    }
}

/* 256 sends of 4 packets each, none awaited. */
static void
test_data_many_sends (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(TestEars) ears = NULL;

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  ears = test_ears_on (theirs);
  for (guint i = 0; i < 256; i++)
    {
      g_autoptr(GBytes) data = test_bytes (4 * 32768, (guint8) i);

      devssh_channel_send_async (ours, data, NULL, NULL, NULL);
    }
  test_pair_run (&pair);
  g_assert_cmpuint (ears->bytes->len, ==, 256 * 4 * 32768);
  for (guint i = 0; i < 256; i++)
    {
      g_autoptr(GBytes) data = test_bytes (4 * 32768, (guint8) i);

      g_assert_cmpmem (ears->bytes->data + i * 4 * 32768, 4 * 32768, g_bytes_get_data (data, NULL), 4 * 32768);
    }
  test_pair_clear (&pair);
}

/* Channels take turns packet by packet; control messages pass the data of other channels (design D15). */
static void
test_data_turns (void)
{
  TestPair pair;
  DevSshChannel *ours[3];
  DevSshOutgoing out;
  g_autoptr(GBytes) data = test_bytes (4 * 32768, 1);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GString) order = g_string_new (NULL);

  test_pair_init (&pair, NULL);
  for (guint i = 0; i < 3; i++)
    ours[i] = test_open_channel (&pair, &pair.client, NULL);
  for (guint i = 0; i < 3; i++)
    devssh_channel_send_async (ours[i], data, NULL, NULL, NULL);
  test_end_clear_log (&pair.client);
  devssh_channel_request_async (ours[1], "behind@example.org", FALSE, NULL, NULL, NULL, NULL);
  devssh_connection_open (pair.client.connection, NULL, NULL, 0, test_task_new (NULL, &result));
  g_assert_cmpstr (pair.client.log->str, ==, "90 ");

  while (devssh_connection_pull (pair.client.connection, &out))
    {
      g_assert_cmpuint (out.body_length, ==, 32768);
      g_string_append_c (order, (char) ('0' + out.head[4]));
      devssh_connection_pulled (pair.client.connection, &out);
    }
  g_assert_cmpstr (order->str, ==, "012012012012");
  g_assert_cmpstr (pair.client.log->str, ==, "90 98 ");
  for (guint i = 0; i < 3; i++)
    g_object_unref (ours[i]);
  test_pair_clear (&pair);
}

/* ... and a request of a channel goes behind its own data, which has gone when it goes. */
static void
test_data_control_behind (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(GBytes) data = test_bytes (3 * 32768, 1);

  test_pair_init (&pair, NULL);
  ours = test_open_channel (&pair, &pair.client, NULL);
  test_end_clear_log (&pair.client);
  devssh_channel_send_async (ours, data, NULL, NULL, NULL);
  devssh_channel_request_async (ours, "behind@example.org", FALSE, NULL, NULL, NULL, NULL);
  test_send (ours, "more");
  g_assert_true (devssh_channel_send_eof (ours, NULL));
  devssh_channel_close (ours);
  g_assert_cmpstr (pair.client.log->str, ==, "");
  test_end_turn (&pair.client);
  g_assert_cmpstr (pair.client.log->str, ==, "94 94 94 98 94 96 97 ");
  test_pair_clear (&pair);
}

/* ---- the end of the data ---- */

static void
test_data_eof (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(TestEars) ears = NULL;
  g_autoptr(TestEars) our_ears = NULL;
  g_autoptr(GBytes) nothing = g_bytes_new_static ("", 0);
  g_autoptr(GBytes) something = g_bytes_new_static ("x", 1);
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(GAsyncResult) third = NULL;
  g_autoptr(GError) error = NULL;

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  ears = test_ears_on (theirs);
  our_ears = test_ears_on (ours);
  test_end_clear_log (&pair.client);

  /* Empty extended data is nothing. */
  devssh_channel_send_extended_async (ours, 1, nothing, NULL, test_keep_result_cb, &first);
  test_pair_run (&pair);
  g_assert_true (devssh_channel_send_extended_finish (ours, first, &error));
  g_assert_cmpstr (pair.client.log->str, ==, "");
  g_clear_object (&first);

  devssh_channel_send_async (ours, nothing, NULL, test_keep_result_cb, &first);
  test_pair_run (&pair);
  g_assert_true (devssh_channel_send_finish (ours, first, &error));
  g_assert_cmpstr (pair.client.log->str, ==, "96 ");
  g_assert_true (devssh_channel_get_eof_queued (ours));
  g_assert_cmpstr (ears->text->str, ==, "eof ");

  devssh_channel_send_async (ours, something, NULL, test_keep_result_cb, &second);
  devssh_channel_send_extended_async (ours, 1, something, NULL, test_keep_result_cb, &third);
  g_assert_true (devssh_channel_send_eof (ours, &error));
  test_pair_run (&pair);
  g_assert_false (devssh_channel_send_finish (ours, second, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  g_clear_error (&error);
  g_assert_false (devssh_channel_send_extended_finish (ours, third, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  g_clear_error (&error);
  g_assert_cmpstr (pair.client.log->str, ==, "96 ");
  g_assert_cmpuint (ears->n_eof, ==, 1);

  /* The other half goes on. */
  test_send (theirs, "still here");
  test_pair_run (&pair);
  g_assert_cmpstr (our_ears->text->str, ==, "data:still here ");
  test_pair_clear (&pair);
}

/* 100 000 messages without a byte (T-55). */
static void
test_data_zero_length (void)
{
  TestEnd end;
  g_autoptr(DevSshChannel) channel = test_end_with_channel (&end, FALSE, 1000, 1000, NULL);
  g_autoptr(TestEars) ears = test_ears_new (channel);
  guint sent = end.n_sent;

  for (guint i = 0; i < 100000; i++)
    receive_data (&end, i & 1, 0);
  g_assert_cmpuint (end.fatal, ==, 0);
  g_assert_cmpuint (end.n_sent, ==, sent);
  g_assert_null (channel->unread);
  g_assert_cmpuint (end.connection->events.length, ==, 0);
  test_ears_all (ears);
  test_end_run (&end);
  g_assert_cmpstr (ears->text->str, ==, "");
  test_end_clear (&end);
}

/* ---- extended data (T-56) ---- */

/* Type 0, 1 and 2^32-1, at a client and a server, with each set of ears. */
static void
test_data_extended (void)
{
  static const guint32 types[] = { 0, 1, 2, G_MAXUINT32 };

  for (guint is_client = 0; is_client < 2; is_client++)
    for (guint handlers = 0; handlers < 4; handlers++)
      for (guint i = 0; i < G_N_ELEMENTS (types); i++)
        {
          TestEnd end;
          guint8 message[] = { 95, 0, 0, 0, 0, (guint8) (types[i] >> 24), (guint8) (types[i] >> 16),
                               (guint8) (types[i] >> 8), (guint8) types[i], 0, 0, 0, 4, 'o', 'o', 'p', 's' };
          g_autoptr(DevSshChannel) channel = test_end_with_channel (&end, is_client, 1000, 1000, NULL);
          g_autoptr(TestEars) ears = test_ears_new (channel);
          g_autofree char *expected = NULL;
          gboolean waits = handlers == 0 && types[i] != 0;

          if (handlers & 1)
            test_ears_listen (ears, "data");
          if (handlers & 2)
            test_ears_listen (ears, "extended-data");
          test_end_receive (&end, message, sizeof message);
          test_end_run (&end);

          if ((handlers & 2) && types[i] != 0)
            expected = g_strdup_printf ("ext %u:oops ", types[i]);
          else if ((handlers & 1) && is_client && types[i] == 1)
            expected = g_strdup ("data:oops ");
          else
            expected = g_strdup ("");
          g_assert_cmpstr (ears->text->str, ==, expected);
          /* Delivered or dropped, it is credited; without any ears it waits. */
          g_assert_cmpuint (channel->window.unread, ==, waits ? 4 : 0);
          g_assert_cmpuint (channel->window.consumed, ==, waits ? 0 : 4);
          g_assert_cmpuint (channel->window.remaining, ==, channel->window.size - 4);
          g_assert_cmpuint (devssh_channel_get_bytes_received (channel), ==, 4);
          test_end_clear (&end);
        }
}

/* ---- cancelling (T-65) ---- */

static void
test_data_send_cancelled (void)
{
  TestEnd end;
  g_autoptr(DevSshChannel) channel = test_end_with_channel (&end, FALSE, 50, 40, NULL);
  g_autoptr(GCancellable) early = g_cancellable_new ();
  g_autoptr(GCancellable) late = g_cancellable_new ();
  g_autoptr(GCancellable) waiting = g_cancellable_new ();
  g_autoptr(GBytes) data = test_bytes (100, 1);
  g_autoptr(GAsyncResult) early_result = NULL;
  g_autoptr(GAsyncResult) late_result = NULL;
  g_autoptr(GAsyncResult) waiting_result = NULL;
  g_autoptr(GAsyncResult) last_result = NULL;
  g_autoptr(GError) error = NULL;

  g_cancellable_cancel (early);
  devssh_channel_send_async (channel, data, early, test_keep_result_cb, &early_result);
  devssh_channel_send_async (channel, data, late, test_keep_result_cb, &late_result);
  devssh_channel_send_async (channel, data, waiting, test_keep_result_cb, &waiting_result);
  devssh_channel_send_async (channel, data, NULL, test_keep_result_cb, &last_result);
  test_end_run (&end);
  g_assert_false (devssh_channel_send_finish (channel, early_result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_cmpuint (devssh_channel_get_queued (channel), ==, 250);

  /* Half of this one has left, and nothing of the next. */
  g_cancellable_cancel (waiting);
  g_cancellable_cancel (late);
  test_end_run (&end);
  g_assert_false (devssh_channel_send_finish (channel, late_result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_false (devssh_channel_send_finish (channel, waiting_result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_cmpuint (devssh_channel_get_queued (channel), ==, 100);
  g_assert_null (last_result);
  test_end_receive_adjust (&end, 100);
  test_end_run (&end);
  g_assert_true (devssh_channel_send_finish (channel, last_result, &error));
  g_assert_cmpuint (devssh_channel_get_bytes_sent (channel), ==, 150);
  test_end_clear (&end);
}

/* The end of the data is a send as well: it can be given up while it waits behind data, and all can be said anew. */
static void
test_data_eof_cancelled (void)
{
  TestEnd end;
  g_autoptr(DevSshChannel) channel = test_end_with_channel (&end, FALSE, 50, 40, NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GCancellable) late = g_cancellable_new ();
  g_autoptr(GBytes) data = test_bytes (100, 1);
  g_autoptr(GBytes) nothing = g_bytes_new_static ("", 0);
  g_autoptr(GAsyncResult) data_result = NULL;
  g_autoptr(GAsyncResult) eof_result = NULL;
  g_autoptr(GAsyncResult) more_result = NULL;
  g_autoptr(GAsyncResult) late_result = NULL;
  g_autoptr(GError) error = NULL;

  devssh_channel_send_async (channel, data, NULL, test_keep_result_cb, &data_result);
  devssh_channel_send_async (channel, nothing, cancellable, test_keep_result_cb, &eof_result);
  test_end_run (&end);
  g_assert_null (eof_result);
  g_cancellable_cancel (cancellable);
  test_end_run (&end);
  g_assert_false (devssh_channel_send_finish (channel, eof_result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  devssh_channel_send_async (channel, data, NULL, test_keep_result_cb, &more_result);
  devssh_channel_send_async (channel, nothing, late, test_keep_result_cb, &late_result);
  test_end_receive_adjust (&end, 1000);
  test_end_turn (&end);
  /* It has left: whoever gives up now has sent it. */
  g_cancellable_cancel (late);
  test_end_run (&end);
  g_assert_true (devssh_channel_send_finish (channel, data_result, &error));
  g_assert_true (devssh_channel_send_finish (channel, more_result, &error));
  g_assert_true (devssh_channel_send_finish (channel, late_result, &error));
  g_assert_no_error (error);
  g_assert_true (g_str_has_suffix (end.log->str, "94 96 "));
  g_assert_cmpuint (devssh_channel_get_bytes_sent (channel), ==, 200);
  test_end_clear (&end);
}

static void
note_done (gpointer      user_data,
           const GError *error)
{
  ++*(guint *) user_data;
}

/* What streams do: taken back before, amid and after sealing, done is never called. */
static void
test_data_unqueue (void)
{
  TestEnd end;
  DevSshOutgoing out;
  guint done[3] = { 0 };
  static const guint8 data[100];
  g_autoptr(DevSshChannel) channel = test_end_with_channel (&end, FALSE, 1000, 40, NULL);

  devssh_channel_queue_data (channel, 0, data, 30, NULL, note_done, &done[0]);
  devssh_channel_queue_data (channel, 0, data, 100, NULL, note_done, &done[1]);
  devssh_channel_queue_data (channel, 0, data, 100, NULL, note_done, &done[2]);
  g_assert_cmpuint (devssh_channel_get_queued (channel), ==, 230);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_true (devssh_connection_pull (end.connection, &out));
      devssh_connection_pulled (end.connection, &out);
    }
  g_assert_cmpuint (devssh_channel_unqueue (channel, &done[2]), ==, 0);
  g_assert_cmpuint (devssh_channel_unqueue (channel, &done[1]), ==, 40);
  /* Sealed, and not told yet. */
  g_assert_cmpuint (devssh_channel_unqueue (channel, &done[0]), ==, 30);
  g_assert_cmpuint (devssh_channel_unqueue (channel, &done[0]), ==, 0);
  test_end_run (&end);
  g_assert_cmpuint (done[0] + done[1] + done[2], ==, 0);
  g_assert_cmpuint (devssh_channel_get_queued (channel), ==, 0);
  g_assert_false (devssh_connection_has_data (end.connection));

  devssh_channel_queue_data (channel, 0, data, 0, NULL, note_done, &done[0]);
  test_end_run (&end);
  g_assert_cmpuint (done[0], ==, 1);
  test_end_clear (&end);
}

/* ---- 5 GiB (T-53) ---- */

#define FIVE_GIB ((gsize) 5 * 1024 * 1024 * 1024)

static void
handle_adjust (TestEnd *end,
               guint32  bytes)
{
  DevSshChannelWindowAdjustMessage message = { 0, bytes };
  DEVSSH_WRITER_AUTO (writer);

  devssh_channel_window_adjust_message_encode (&message, &writer);
  devssh_connection_handle (end->connection, writer.data, writer.length, NULL, FALSE, end->now);
}

static void
test_data_five_gib_out (void)
{
  TestEnd end;
  DevSshOutgoing out;
  guint done = 0, packets = 0;
  g_autoptr(DevSshChannel) channel = test_end_with_channel (&end, FALSE, 0, G_MAXUINT32, NULL);
  /* Never read: pulling looks at no byte. */
  guint8 *data = mmap (NULL, FIVE_GIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

  g_assert_true (data != MAP_FAILED);
  devssh_channel_queue_data (channel, 0, data, FIVE_GIB, NULL, note_done, &done);
  g_assert_false (devssh_connection_pull (end.connection, &out));
  for (guint i = 0; i < 5; i++)
    {
      handle_adjust (&end, i == 0 ? G_MAXUINT32 : 0x10000000);
      while (devssh_connection_pull (end.connection, &out))
        {
          g_assert_cmpuint (out.body_length, >, 0);
          g_assert_cmpuint (out.body_length, <=, 32768);
          g_assert_true (out.body == data + devssh_channel_get_bytes_sent (channel));
          devssh_connection_pulled (end.connection, &out);
          packets++;
        }
    }
  devssh_connection_run_done (end.connection);
  g_assert_cmpuint (devssh_channel_get_bytes_sent (channel) + devssh_channel_get_queued (channel), ==, FIVE_GIB);
  g_assert_cmpuint (devssh_channel_get_bytes_sent (channel), ==, (guint64) G_MAXUINT32 + 4 * 0x10000000);
  g_assert_cmpuint (done, ==, 0);
  handle_adjust (&end, 100);
  while (devssh_connection_pull (end.connection, &out))
    devssh_connection_pulled (end.connection, &out);
  devssh_connection_run_done (end.connection);
  g_assert_cmpuint (done, ==, 1);
  g_assert_cmpuint (devssh_channel_get_bytes_sent (channel), ==, FIVE_GIB);
  test_end_clear (&end);
  munmap (data, FIVE_GIB);
}

static void
test_data_five_gib_in (void)
{
  TestEnd end;
  Counter counter;
  DevSshConnectionEvent event;
  g_autoptr(DevSshChannel) channel = test_end_with_channel (&end, FALSE, 0, 1000, NULL);
  g_autofree guint8 *message = g_malloc0 (9 + 32768);

  counter_init (&counter, channel);
  g_assert_true (devssh_channel_set_consumer (channel, &counter.consumer, NULL));
  message[0] = 94;
  message[7] = 32768 >> 8;
  for (gsize sent = 0; sent < FIVE_GIB; sent += 32768)
    {
      devssh_connection_handle (end.connection, message, 9 + 32768, NULL, FALSE, end.now);
      while (devssh_connection_next_event (end.connection, &event))
        devssh_connection_deliver (end.connection, &event);
      if ((sent & 0xfffff) == 0)
        test_end_drop_sent (&end);
    }
  g_assert_cmpuint (counter.bytes, ==, FIVE_GIB);
  g_assert_cmpuint (devssh_channel_get_bytes_received (channel), ==, FIVE_GIB);
  test_end_clear (&end);
  counter_clear (&counter);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/connection/data/order", test_data_order);
  g_test_add_func ("/connection/data/large/E-38", test_data_large);
  g_test_add_func ("/connection/data/early/E-36", test_data_early);
  g_test_add_func ("/connection/data/early-all/E-36", test_data_early_all);
  g_test_add_func ("/connection/data/early-uncredited/E-36", test_data_early_uncredited);
  g_test_add_func ("/connection/data/only-end/T-54", test_data_only_end);
  g_test_add_func ("/connection/data/consumer", test_data_consumer);
  g_test_add_func ("/connection/data/consumer-changes", test_data_consumer_changes);
  g_test_add_func ("/connection/data/consumer-credit/T-53", test_data_consumer_credit);
  g_test_add_func ("/connection/data/manual-credit/T-53", test_data_manual_credit);
  g_test_add_func ("/connection/data/credit-switched/T-53", test_data_credit_switched);
  g_test_add_func ("/connection/data/window-boundaries/T-53", test_data_window_boundaries);
  g_test_add_func ("/connection/data/max-packet/T-53", test_data_max_packet);
  g_test_add_func ("/connection/data/adjust-overflow/T-53/E-38", test_data_adjust_overflow);
  g_test_add_func ("/connection/data/exact-window/T-53/E-38", test_data_exact_window);
  g_test_add_func ("/connection/data/both-ways/E-38", test_data_both_ways);
  g_test_add_func ("/connection/data/many-sends/E-37", test_data_many_sends);
  g_test_add_func ("/connection/data/turns", test_data_turns);
  g_test_add_func ("/connection/data/control-behind", test_data_control_behind);
  g_test_add_func ("/connection/data/eof/E-41", test_data_eof);
  g_test_add_func ("/connection/data/zero-length/T-55", test_data_zero_length);
  g_test_add_func ("/connection/data/extended/T-56/E-42", test_data_extended);
  g_test_add_func ("/connection/data/send-cancelled/T-65", test_data_send_cancelled);
  g_test_add_func ("/connection/data/eof-cancelled/T-65", test_data_eof_cancelled);
  g_test_add_func ("/connection/data/unqueue/T-65", test_data_unqueue);
  g_test_add_func ("/connection/data/five-gib-out/T-53", test_data_five_gib_out);
  g_test_add_func ("/connection/data/five-gib-in/T-53", test_data_five_gib_in);

  return g_test_run ();
}
