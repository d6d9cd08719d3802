/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an application sends while the peer's window is closed: in order, message by message, and cheap where it is small. */
#include "connection-util.h"
#include "../test-memory.h"

#include <libdevssh/connection/devssh-connection-internal-private.h>

#include <string.h>

/* Takes the next message, which must be of this type and length; data points into it. */
static GBytes *
take_data (TestEnd       *end,
           guint32        data_type,
           gsize          length,
           const guint8 **data)
{
  GBytes *sent = test_end_take (end);
  gsize size;
  const guint8 *payload = g_bytes_get_data (sent, &size);
  DevSshSlice slice;

  if (data_type == 0)
    {
      DevSshChannelDataMessage message;

      g_assert_true (devssh_channel_data_message_decode (&message, payload, size, NULL));
      slice = message.data;
    }
  else
    {
      DevSshChannelExtendedDataMessage message;

      g_assert_true (devssh_channel_extended_data_message_decode (&message, payload, size, NULL));
      g_assert_cmpuint (message.data_type, ==, data_type);
      slice = message.data;
    }
  g_assert_cmpuint (slice.length, ==, length);
  *data = slice.data;
  return sent;
}

/* ---- many small ones ---- */

#define N_SENDS 200000

typedef struct
{
  const char *path;
  gsize       length;
  guint       alternate;    /* so many of one type, then as many of the other; 0: all of one */
  gboolean    told;
  guint       allowed;      /* bytes a send */
} Load;

static const Load loads[] = {
  { "bytes", 1, 0, FALSE, 4 },
  { "tens", 10, 0, FALSE, 14 },
  { "hundreds", 200, 0, FALSE, 224 },
  { "in-turn", 1, 1, FALSE, 256 },
  { "fours-in-turn", 1, 4, FALSE, 64 },
  { "told", 1, 0, TRUE, 640 },
};

static void
send_one (DevSshChannel       *channel,
          guint32              data_type,
          gsize                length,
          guint                position,
          GAsyncReadyCallback  callback,
          gpointer             user_data)
{
  g_autofree guint8 *data = g_malloc (length);
  g_autoptr(GBytes) bytes = NULL;

  for (gsize i = 0; i < length; i++)
    data[i] = test_byte_at (position + i);
  bytes = g_bytes_new (data, length);
  if (data_type == 0)
    devssh_channel_send_async (channel, bytes, NULL, callback, user_data);
  else
    devssh_channel_send_extended_async (channel, data_type, bytes, NULL, callback, user_data);
}

static void
count_sent_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_assert_true (devssh_channel_send_finish (DEVSSH_CHANNEL (source), result, NULL));
  ++*(guint *) user_data;
}

static guint32
type_of (const Load *load,
         guint       i)
{
  return load->alternate == 0 ? 0 : i / load->alternate % 2;
}

static void
test_unsent_small (gconstpointer data)
{
  const Load *load = data;
  guint n = load->told ? N_SENDS / 10 : N_SENDS;
  TestEnd end;
  g_autoptr(DevSshChannel) channel = test_end_with_channel (&end, FALSE, 0, 32768, NULL);
  gsize before = test_memory_get_allocated (), each;
  guint told = 0;

  for (guint i = 0; i < n; i++)
    send_one (channel, type_of (load, i), load->length, i, load->told ? count_sent_cb : NULL, &told);
  test_end_run (&end);
  each = (test_memory_get_allocated () - before) / n;
  g_test_message ("%" G_GSIZE_FORMAT " bytes held for a send", each);
  g_assert_cmpuint (each, <=, load->allowed);
  g_assert_cmpuint (devssh_channel_get_queued (channel), ==, n * load->length);
  g_assert_cmpstr (end.log->str, ==, "");

  test_end_receive_adjust (&end, n * load->length);
  test_end_run (&end);
  g_assert_cmpuint (devssh_channel_get_queued (channel), ==, 0);
  g_assert_cmpuint (end.n_sent, ==, n + 1);   /* and 91 */
  g_assert_cmpuint (told, ==, load->told ? n : 0);
  for (guint i = 0; i < n; i++)
    {
      const guint8 *sent;
      g_autoptr(GBytes) message = take_data (&end, type_of (load, i), load->length, &sent);

      for (gsize j = 0; j < load->length; j++)
        g_assert_cmpuint (sent[j], ==, test_byte_at (i + j));
    }
  test_end_clear (&end);
}

/* ---- all kinds ---- */

typedef struct
{
  guint8   number;      /* 94, 95, 96, 97, 98 */
  guint32  data_type;
  gsize    length;
  guint    position;
} Expected;

static void
expect (GQueue  *expected,
        guint8   number,
        guint32  data_type,
        gsize    length,
        guint    position)
{
  Expected *next = g_new (Expected, 1);

  *next = (Expected) { number, data_type, length, position };
  g_queue_push_tail (expected, next);
}

/* What a window cuts in two goes on with the next. */
static void
check_sent (TestEnd *end,
            GQueue  *expected)
{
  while (end->sent.length > 0)
    {
      Expected *next = g_queue_peek_head (expected);
      guint8 number = test_message_number (g_queue_peek_head (&end->sent));

      g_assert_nonnull (next);
      g_assert_cmpuint (number, ==, next->number);
      if (number == 94 || number == 95)
        {
          GBytes *first = g_queue_peek_head (&end->sent);
          gsize length = g_bytes_get_size (first) - (number == 94 ? 9 : 13);
          const guint8 *data;
          g_autoptr(GBytes) message = take_data (end, next->data_type, length, &data);

          g_assert_cmpuint (length, <=, next->length);
          for (gsize i = 0; i < length; i++)
            g_assert_cmpuint (data[i], ==, test_byte_at (next->position + i));
          next->position += length;
          next->length -= length;
        }
      else
        {
          next->length = 0;
          g_bytes_unref (test_end_take (end));
        }
      if (next->length == 0)
        g_free (g_queue_pop_head (expected));
    }
}

static void
count_done (gpointer      user_data,
            const GError *error)
{
  g_assert_no_error (error);
  ++*(guint *) user_data;
}

/* Small and large, told and untold, of two types, with requests in between; windows of any size. */
static void
test_unsent_mixed (void)
{
  static const gsize limits[] = { 2, 20, DEVSSH_SMALL_SEND + 3, 5000 };

  for (guint round = 0; round < 30; round++)
    {
      TestEnd end;
      GQueue expected = G_QUEUE_INIT;
      g_autoptr(DevSshChannel) channel = test_end_with_channel (&end, FALSE, g_test_rand_int_range (0, 5000), 32768, NULL);
      guint told = 0, packed = 0, to_be_told = 0, n_packed = 0;

      for (guint i = 0; i < 400; i++)
        {
          gsize length = g_test_rand_int_range (1, limits[g_test_rand_int_range (0, G_N_ELEMENTS (limits))]);
          guint32 data_type = g_test_rand_int_range (0, 8) == 0;
          guint position = g_test_rand_int ();

          switch (g_test_rand_int_range (0, 20))
            {
            case 0:
              devssh_channel_send_signal (channel, "TERM", NULL);
              expect (&expected, 98, 0, 1, 0);
              break;

            case 1:
              test_end_receive_adjust (&end, g_test_rand_int_range (0, 10000));
              break;

            case 2:
              test_end_run (&end);
              check_sent (&end, &expected);
              break;

            case 3:
            case 4:
              send_one (channel, data_type, length, position, count_sent_cb, &told);
              expect (&expected, 94 + data_type, data_type, length, position);
              to_be_told++;
              break;

            case 5:
            case 6:
              {
                g_autofree guint8 *data = g_malloc (length);

                for (gsize j = 0; j < length; j++)
                  data[j] = test_byte_at (position + j);
                n_packed += !devssh_channel_queue_copy (channel, data_type, data, length, count_done, &packed);
                expect (&expected, 94 + data_type, data_type, length, position);
              }
              break;

            default:
              send_one (channel, data_type, length, position, NULL, NULL);
              expect (&expected, 94 + data_type, data_type, length, position);
            }
        }
      if (round % 3 != 0)
        {
          g_assert_true (devssh_channel_send_eof (channel, NULL));
          expect (&expected, 96, 0, 1, 0);
        }
      devssh_channel_close (channel);
      expect (&expected, 97, 0, 1, 0);
      while (!g_queue_is_empty (&expected))
        {
          test_end_receive_adjust (&end, g_test_rand_int_range (1, 20000));
          test_end_run (&end);
          check_sent (&end, &expected);
        }
      g_assert_cmpuint (told, ==, to_be_told);
      g_assert_cmpuint (packed, ==, n_packed);
      test_end_clear (&end);
    }
}

static void
count_failed (gpointer      user_data,
              const GError *error)
{
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CHANNEL_CLOSED);
  ++*(guint *) user_data;
}

/* The peer closes: each pack is told of once. After the end nothing joins what is there. */
static void
test_unsent_ended (void)
{
  static const guint8 close[] = { 97, 0, 0, 0, 0 };
  TestEnd end;
  g_autoptr(DevSshChannel) channel = test_end_with_channel (&end, FALSE, 0, 32768, NULL);
  guint failed = 0, packs = 0;

  for (guint i = 0; i < 1000; i++)
    packs += !devssh_channel_queue_copy (channel, 0, close, 1, count_failed, &failed);
  g_assert_cmpuint (packs, >, 1);
  g_assert_cmpuint (packs, <, 10);
  test_end_receive (&end, close, sizeof close);
  test_end_run (&end);
  g_assert_cmpuint (failed, ==, packs);
  g_assert_false (devssh_channel_queue_copy (channel, 0, close, 1, count_failed, &failed));
  test_end_run (&end);
  g_assert_cmpuint (failed, ==, packs + 1);
  test_end_clear (&end);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (loads); i++)
    {
      g_autofree char *path = g_strconcat ("/connection/unsent/small/", loads[i].path, NULL);

      g_test_add_data_func (path, &loads[i], test_unsent_small);
    }
  g_test_add_func ("/connection/unsent/mixed", test_unsent_mixed);
  g_test_add_func ("/connection/unsent/ended", test_unsent_ended);

  return g_test_run ();
}
