/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data that nobody has wanted yet: as it came, and without small messages costing more than what is in them (T-53). */
#include "connection-util.h"
#include "../test-memory.h"

#include <libdevssh/connection/devssh-connection-internal-private.h>

#include <string.h>

#define KIBIBYTE 1024
#define MEBIBYTE (1024 * KIBIBYTE)

/* ---- the queue ---- */

typedef struct
{
  guint32  data_type;
  GBytes  *bytes;
} Message;

static void
message_free (gpointer data)
{
  Message *message = data;

  g_bytes_unref (message->bytes);
  g_free (message);
}

/* Long and short, of all types that are told apart. */
static Message *
random_message (void)
{
  static const gsize limits[] = { 2, 30, 33, 300, 40000 };
  static const guint32 types[] = { 0, 0, 1, 1, 2, 3, 1000, 0x7fffffff, 0x80000000, G_MAXUINT32 };
  Message *message = g_new (Message, 1);

  message->data_type = types[g_test_rand_int_range (0, G_N_ELEMENTS (types))];
  message->bytes = test_bytes (g_test_rand_int_range (1, limits[g_test_rand_int_range (0, G_N_ELEMENTS (limits))]),
                               g_test_rand_int_range (0, 256));
  return message;
}

static void
test_unread_order (void)
{
  DevSshBufferPool *pool = devssh_buffer_pool_new ();
  DevSshUnread unread = { 0, };
  GQueue model = G_QUEUE_INIT;
  gsize waiting = 0;

  for (guint i = 0; i < 4000; i++)
    {
      if (g_queue_get_length (&model) == 0 || g_test_rand_int_range (0, 100) < (i / 500 % 2 ? 40 : 60))
        {
          g_autoptr(DevSshBuffer) buffer = devssh_buffer_new (pool);
          Message *message = random_message ();
          gsize length;
          const guint8 *data = g_bytes_get_data (message->bytes, &length);

          memcpy (buffer->data, data, length);
          g_assert_true (devssh_unread_push (&unread, message->data_type, buffer->data, length,
                                             g_test_rand_bit () ? buffer : NULL));
          g_queue_push_tail (&model, message);
          waiting += length;
        }
      else
        {
          Message *message = g_queue_pop_head (&model);
          DevSshBuffer *buffer;
          guint32 data_type;
          g_autoptr(GBytes) bytes = devssh_unread_pop (&unread, &data_type, &buffer);

          g_assert_cmpuint (data_type, ==, message->data_type);
          g_assert_true (g_bytes_equal (bytes, message->bytes));
          waiting -= g_bytes_get_size (bytes);
          message_free (message);
        }
      g_assert_cmpuint (unread.bytes.length, ==, waiting);
    }

  g_queue_clear_full (&model, message_free);
  devssh_unread_clear (&unread);
  devssh_buffer_pool_unref (pool);
}

/* What is one type too many is nobody's; data and standard error never are. */
static void
test_unread_types (void)
{
  DevSshUnread unread = { 0, };
  guint8 x = 'x';

  for (guint round = 0; round < 2; round++)
    {
      for (guint i = 0; i < DEVSSH_UNREAD_TYPES; i++)
        g_assert_true (devssh_unread_push (&unread, 1000 * round + 100 + i, &x, 1, NULL));
      g_assert_false (devssh_unread_push (&unread, 99, &x, 1, NULL));
      g_assert_true (devssh_unread_push (&unread, 1000 * round + 100, &x, 1, NULL));
      g_assert_true (devssh_unread_push (&unread, 0, &x, 1, NULL));
      g_assert_true (devssh_unread_push (&unread, 1, &x, 1, NULL));
      g_assert_cmpuint (unread.bytes.length, ==, DEVSSH_UNREAD_TYPES + 3);
      devssh_unread_clear (&unread);
    }
}

/* ---- a channel of a peer that sends all it may ---- */

/* Each byte and each type can be told from where it stands. */
typedef struct
{
  const char *path;
  guint32     window;
  gsize       length;       /* of a message */
  guint32     types[2];     /* in turn */
} Flood;

static const Flood floods[] = {
  { "data", 1 * MEBIBYTE, 1, { 0, 0 } },
  { "extended-data", 1 * MEBIBYTE, 1, { 1, 1 } },
  { "in-turn", 1 * MEBIBYTE, 1, { 0, 1 } },
  { "in-turn-16-MiB", 16 * MEBIBYTE, 1, { 0, 1 } },
  { "unknown-types", 1 * MEBIBYTE, 1, { 2, G_MAXUINT32 } },
  { "with-lengths", 1 * MEBIBYTE, 32, { 0, 1 } },
  { "slices-16-MiB", 16 * MEBIBYTE, 16 * KIBIBYTE, { 0, 0 } },
  { "packets-16-MiB", 16 * MEBIBYTE, 32 * KIBIBYTE, { 0, 1 } },
};

static const Flood *flood;   /* the one under test */

static guint32
type_at (gsize position)
{
  return flood->types[position / flood->length % 2];
}

typedef struct
{
  DevSshChannelConsumer consumer;
  gsize                 position;
} Checker;

static gsize
check_data (DevSshChannelConsumer *consumer,
            guint32                data_type,
            const guint8          *data,
            gsize                  length,
            DevSshBuffer          *buffer)
{
  Checker *self = (Checker *) consumer;

  for (gsize i = 0; i < length; i++, self->position++)
    {
      if (data[i] != test_byte_at (self->position) || data_type != type_at (self->position))
        g_error ("byte %" G_GSIZE_FORMAT " is wrong", self->position);
    }
  return length;
}

static void
check_eof (DevSshChannelConsumer *consumer)
{
  g_assert_cmpuint (((Checker *) consumer)->position, ==, flood->window);
}

static void
check_closed (DevSshChannelConsumer *consumer,
              const GError          *error)
{
}

static void
check_data_cb (DevSshChannel *channel,
               GBytes        *data,
               Checker       *self)
{
  check_data (&self->consumer, 0, g_bytes_get_data (data, NULL), g_bytes_get_size (data), NULL);
}

static void
check_extended_cb (DevSshChannel *channel,
                   guint          data_type,
                   GBytes        *data,
                   Checker       *self)
{
  check_data (&self->consumer, data_type, g_bytes_get_data (data, NULL), g_bytes_get_size (data), NULL);
}

static void
check_eof_cb (DevSshChannel *channel,
              Checker       *self)
{
  check_eof (&self->consumer);
}

static void
configure_flood (DevSshConnectionConfig *config,
                 gboolean                is_client)
{
  config->initial_window = flood->window;
  config->max_window = flood->window;
}

static void
test_unread_flood (gconstpointer data)
{
  TestEnd end;
  g_autofree guint8 *piece = NULL;
  g_autoptr(DevSshChannel) channel = NULL;
  Checker checker = { { check_data, check_eof, check_closed }, 0 };
  gsize before, held;

  flood = data;
  piece = g_malloc (flood->length);
  channel = test_end_with_channel (&end, TRUE, 1000, 1000, configure_flood);
  before = test_memory_get_allocated ();
  for (gsize sent = 0; sent < flood->window; sent += flood->length)
    {
      for (gsize i = 0; i < flood->length; i++)
        piece[i] = test_byte_at (sent + i);
      test_end_receive_data (&end, type_at (sent), piece, flood->length);
    }
  test_end_receive_short (&end, DEVSSH_MESSAGE_CHANNEL_EOF);
  held = test_memory_get_allocated () - before;
  g_test_message ("%" G_GSIZE_FORMAT " KiB held for %u", held / 1024, flood->window / 1024);
  g_assert_cmpuint (held, <=, 2 * (gsize) flood->window + 2 * MEBIBYTE);
  g_assert_cmpuint (end.fatal, ==, 0);
  g_assert_cmpuint (channel->window.unread, ==, flood->window);
  g_assert_cmpstr (end.log->str, ==, "");

  /* The large ones only to a consumer: signals take their time. */
  if (flood->length == 1 && flood->window > MEBIBYTE)
    {
      g_assert_true (devssh_channel_set_consumer (channel, &checker.consumer, NULL));
    }
  else
    {
      g_signal_connect (channel, "data", G_CALLBACK (check_data_cb), &checker);
      g_signal_connect (channel, "extended-data", G_CALLBACK (check_extended_cb), &checker);
      g_signal_connect (channel, "eof", G_CALLBACK (check_eof_cb), &checker);
    }
  test_end_run (&end);
  g_assert_cmpuint (checker.position, ==, flood->window);
  g_assert_cmpuint (channel->window.unread, ==, 0);
  g_assert_null (channel->unread);
  held = test_memory_get_allocated () - MIN (before, test_memory_get_allocated ());
  /* What the pool keeps. */
  g_assert_cmpuint (held, <=, 9 * DEVSSH_BUFFER_SIZE);
  test_end_clear (&end);
}

/* Closed with all of it unread: gone, and credited. */
static void
test_unread_dropped (void)
{
  TestEnd end;
  g_autoptr(DevSshChannel) channel = test_end_with_channel (&end, TRUE, 1000, 1000, NULL);
  guint8 x = 'x';
  gsize before = test_memory_get_allocated ();

  for (guint i = 0; i < MEBIBYTE; i++)
    test_end_receive_data (&end, i & 1, &x, 1);
  devssh_channel_close (channel);
  g_assert_null (channel->unread);
  g_assert_cmpuint (channel->window.unread, ==, 0);
  g_assert_cmpuint (test_memory_get_allocated (), <=, before + 64 * KIBIBYTE);
  test_end_clear (&end);
}

/* Early data of a type too many is credited and dropped (T-56), the rest waits on. */
static void
test_unread_too_many_types (void)
{
  TestEnd end;
  g_autoptr(DevSshChannel) channel = test_end_with_channel (&end, TRUE, 1000, 1000, NULL);
  g_autoptr(TestEars) ears = test_ears_new (channel);
  g_autoptr(GString) expected = g_string_new (NULL);

  for (guint32 type = 0; type < 20; type++)
    {
      test_end_receive_data (&end, type, (const guint8 *) "oops", 4);
      if (type == 0)
        g_string_append (expected, "data:oops ");
      else if (type < 2 + DEVSSH_UNREAD_TYPES)
        g_string_append_printf (expected, "ext %u:oops ", type);
    }
  g_assert_cmpuint (channel->window.unread, ==, 4 * (2 + DEVSSH_UNREAD_TYPES));
  test_ears_all (ears);
  test_end_run (&end);
  g_assert_cmpstr (ears->text->str, ==, expected->str);

  /* Whoever listens hears of every type. */
  test_end_receive_data (&end, 4711, (const guint8 *) "oops", 4);
  g_assert_true (g_str_has_suffix (ears->text->str, "ext 4711:oops "));
  g_assert_cmpuint (channel->window.unread, ==, 0);
  test_end_clear (&end);
}

/* ---- in between, requests; then the end ---- */

typedef struct
{
  DevSshChannelConsumer consumer;
  GQueue                expected;       /* (element-type Message): data not told of yet */
  guint                 n_messages;     /* told of */
  guint                 requests_sent;
  guint                 requests_shown;
  gboolean              eof_sent;
  gboolean              eof_told;
  gboolean              closed_told;
} Mixture;

static gsize
mixture_data (DevSshChannelConsumer *consumer,
              guint32                data_type,
              const guint8          *data,
              gsize                  length,
              DevSshBuffer          *buffer)
{
  Mixture *self = (Mixture *) consumer;
  Message *message = g_queue_pop_head (&self->expected);

  g_assert_nonnull (message);
  g_assert_false (self->eof_told);
  g_assert_cmpuint (data_type, ==, message->data_type);
  g_assert_cmpmem (data, length, g_bytes_get_data (message->bytes, NULL), g_bytes_get_size (message->bytes));
  message_free (message);
  self->n_messages++;
  return length;
}

static void
mixture_eof (DevSshChannelConsumer *consumer)
{
  Mixture *self = (Mixture *) consumer;

  g_assert_true (self->eof_sent && g_queue_is_empty (&self->expected) && !self->eof_told);
  self->eof_told = TRUE;
}

static void
mixture_closed (DevSshChannelConsumer *consumer,
                const GError          *error)
{
  Mixture *self = (Mixture *) consumer;

  g_assert_true (g_queue_is_empty (&self->expected) && self->eof_told == self->eof_sent && !self->closed_told);
  self->closed_told = TRUE;
}

static void
mixture_data_cb (DevSshChannel *channel,
                 GBytes        *data,
                 Mixture       *self)
{
  mixture_data (&self->consumer, 0, g_bytes_get_data (data, NULL), g_bytes_get_size (data), NULL);
}

static void
mixture_extended_cb (DevSshChannel *channel,
                     guint          data_type,
                     GBytes        *data,
                     Mixture       *self)
{
  mixture_data (&self->consumer, data_type, g_bytes_get_data (data, NULL), g_bytes_get_size (data), NULL);
}

static void
mixture_eof_cb (DevSshChannel *channel,
                Mixture       *self)
{
  mixture_eof (&self->consumer);
}

static void
mixture_closed_cb (DevSshChannel *channel,
                   Mixture       *self)
{
  mixture_closed (&self->consumer, NULL);
}

/* Requests do not wait behind data: a command is asked for first, and read from then. */
static gboolean
mixture_request_cb (DevSshChannel        *channel,
                    DevSshChannelRequest *request,
                    Mixture              *self)
{
  g_autofree char *name = g_strdup_printf ("request-%u", self->requests_shown++);

  g_assert_cmpstr (devssh_channel_request_get_request_type (request), ==, name);
  devssh_channel_request_complete (request, TRUE);
  return TRUE;
}

static void
mixture_receive (Mixture *self,
                 TestEnd *end)
{
  if (g_test_rand_int_range (0, 4) == 0)
    {
      g_autofree char *name = g_strdup_printf ("request-%u", self->requests_sent++);
      DevSshChannelRequestMessage message = { 0, name, TRUE, { NULL, 0 } };
      DEVSSH_WRITER_AUTO (writer);

      devssh_channel_request_message_encode (&message, &writer);
      test_end_receive_writer (end, &writer);
      g_assert_cmpuint (self->requests_shown, ==, self->requests_sent);
    }
  else
    {
      Message *message = random_message ();
      gsize length;
      const guint8 *data;

      if (g_bytes_get_size (message->bytes) > 32768)
        {
          g_bytes_unref (message->bytes);
          message->bytes = test_bytes (32768, 1);
        }
      data = g_bytes_get_data (message->bytes, &length);
      g_queue_push_tail (&self->expected, message);
      test_end_receive_data (end, message->data_type, data, length);
    }
}

/* Whoever comes late, and pauses, gets all of it in the order in which it came. */
static void
test_unread_mixed (gconstpointer data)
{
  gboolean with_consumer = GPOINTER_TO_INT (data);

  for (guint round = 0; round < 20; round++)
    {
      TestEnd end;
      Mixture self = { { mixture_data, mixture_eof, mixture_closed }, G_QUEUE_INIT, };
      g_autoptr(DevSshChannel) channel = test_end_with_channel (&end, TRUE, 1000, 1000, NULL);
      guint n = g_test_rand_int_range (1, 100);
      guint late = g_test_rand_int_range (0, n + 3);

      g_signal_connect (channel, "request", G_CALLBACK (mixture_request_cb), &self);
      for (guint i = 0; i < n + 3; i++)
        {
          if (i == late && with_consumer)
            {
              g_assert_true (devssh_channel_set_consumer (channel, &self.consumer, NULL));
            }
          else if (i == late)
            {
              g_signal_connect (channel, "data", G_CALLBACK (mixture_data_cb), &self);
              g_signal_connect (channel, "extended-data", G_CALLBACK (mixture_extended_cb), &self);
              g_signal_connect (channel, "eof", G_CALLBACK (mixture_eof_cb), &self);
              g_signal_connect (channel, "closed", G_CALLBACK (mixture_closed_cb), &self);
            }

          if (i < n && channel->window.remaining > 40000)
            {
              mixture_receive (&self, &end);
            }
          else if (i == n && round % 4 != 0)
            {
              self.eof_sent = TRUE;
              test_end_receive_short (&end, DEVSSH_MESSAGE_CHANNEL_EOF);
            }
          else if (i == n + 1)
            {
              test_end_receive_short (&end, DEVSSH_MESSAGE_CHANNEL_CLOSE);
            }

          if (with_consumer && i > late && g_test_rand_int_range (0, 10) == 0)
            devssh_channel_pause (channel, !channel->paused);
          if (g_test_rand_bit ())
            test_end_run (&end);
        }
      if (channel->paused)
        devssh_channel_pause (channel, FALSE);
      test_end_run (&end);
      g_assert_true (self.closed_told);
      g_assert_cmpuint (self.requests_shown, ==, self.requests_sent);
      g_signal_handlers_disconnect_by_data (channel, &self);
      test_end_clear (&end);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/connection/unread/order", test_unread_order);
  g_test_add_func ("/connection/unread/types/T-56", test_unread_types);
  for (guint i = 0; i < G_N_ELEMENTS (floods); i++)
    {
      g_autofree char *path = g_strconcat ("/connection/unread/flood/T-53/", floods[i].path, NULL);

      g_test_add_data_func (path, &floods[i], test_unread_flood);
    }
  g_test_add_func ("/connection/unread/dropped/T-53", test_unread_dropped);
  g_test_add_func ("/connection/unread/too-many-types/T-56", test_unread_too_many_types);
  g_test_add_data_func ("/connection/unread/mixed/handlers", GINT_TO_POINTER (FALSE), test_unread_mixed);
  g_test_add_data_func ("/connection/unread/mixed/consumer", GINT_TO_POINTER (TRUE), test_unread_mixed);

  return g_test_run ();
}
