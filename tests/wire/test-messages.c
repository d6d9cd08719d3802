/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every message, there and back, cut at every byte, and with every length field a lie. */
#include "message-samples.h"

#include <string.h>

static gboolean
message_may_end_at (TestMessage *self,
                    guint    length)
{
  if (self->type->number == DEVSSH_MESSAGE_IGNORE && length > 0)
    return TRUE;
  if (strcmp (self->type->name, "session-reconnect@microsoft.com/failure") == 0 && length == 0)
    return TRUE;

  for (guint i = 0; i < self->cuts->len; i++)
    {
      if (g_array_index (self->cuts, guint, i) == length)
        return TRUE;
    }

  return FALSE;
}

/* Decodes from a block of exactly that size, so that a tool sees every read past its end, into a
 * struct full of rubbish; and looks that a failure leaves nothing behind. */
static gboolean
decode (const DevSshMessageType *type,
        const guint8            *data,
        gsize                    length,
        GBytes                 **again)
{
  g_autofree guint8 *payload = g_memdup2 (data, length);
  g_autofree guint8 *message = g_malloc (type->size);
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();

  memset (message, 0xa5, type->size);
  if (!type->decode (message, payload, length, &error))
    {
      g_assert_nonnull (error);
      g_assert_true (error->domain == DEVSSH_ERROR);
      g_assert_true (error->code == DEVSSH_ERROR_TRUNCATED ||
                     error->code == DEVSSH_ERROR_MALFORMED ||
                     error->code == DEVSSH_ERROR_LIMIT);
      for (gsize i = 0; i < type->size; i++)
        g_assert_cmpuint (message[i], ==, 0);
      return FALSE;
    }

  g_assert_no_error (error);
  type->encode (message, writer);
  type->clear (message);
  type->clear (message);
  if (again != NULL)
    *again = devssh_writer_end (writer);
  return TRUE;
}

static void
test_message_all_covered (void)
{
  for (guint i = 0; i < devssh_n_message_types; i++)
    {
      guint n_found = 0;

      for (guint j = 0; j < test_n_samples; j++)
        n_found += strcmp (test_samples[j].name, devssh_message_types[i].name) == 0;
      g_test_message ("%s: %u samples", devssh_message_types[i].name, n_found);
      g_assert_cmpuint (n_found, >, 0);
    }
}

static void
test_message_round_trip (gconstpointer data)
{
  g_auto(TestMessage) message;
  g_autoptr(GBytes) again = NULL;

  test_message_init (&message, data);
  g_assert_true (decode (message.type, message.bytes->data, message.bytes->len, &again));
  g_assert_cmpmem (g_bytes_get_data (again, NULL), g_bytes_get_size (again),
                   message.bytes->data, message.bytes->len);
}

static void
test_message_truncated (gconstpointer data)
{
  g_auto(TestMessage) message;

  test_message_init (&message, data);
  for (guint length = 0; length < message.bytes->len; length++)
    {
      g_test_message ("cut at %u of %u", length, message.bytes->len);
      g_assert_cmpint (decode (message.type, message.bytes->data, length, NULL), ==,
                       message_may_end_at (&message, length));
    }
}

static void
test_message_lengths (gconstpointer data)
{
  g_auto(TestMessage) message;

  test_message_init (&message, data);
  for (guint i = 0; i < message.lengths->len; i++)
    {
      guint8 *field = message.bytes->data + g_array_index (message.lengths, guint, i);
      guint32 real = ((guint32) field[0] << 24 | (guint32) field[1] << 16 |
                      (guint32) field[2] << 8 | field[3]);
      guint32 lies[] = { 0, real - 1, real + 1, 0x7fffffff, 0xffffffff, 0x80000000,
                         message.bytes->len };
      guint8 saved[4];

      memcpy (saved, field, 4);
      for (guint j = 0; j < G_N_ELEMENTS (lies); j++)
        {
          gboolean decoded;

          for (guint k = 0; k < 4; k++)
            field[k] = (guint8) (lies[j] >> 8 * (3 - k));
          decoded = decode (message.type, message.bytes->data, message.bytes->len, NULL);

          /* A number a little off may by chance be another message; one past the end never is. */
          g_test_message ("%u instead of %u", lies[j], real);
          if (lies[j] >= message.bytes->len)
            g_assert_cmpint (decoded, ==, message.type->number == DEVSSH_MESSAGE_IGNORE);
        }
      memcpy (field, saved, 4);
    }
}

static void
test_message_flipped (gconstpointer data)
{
  g_auto(TestMessage) message;

  test_message_init (&message, data);
  for (guint i = 0; i < 64; i++)
    {
      guint at = (guint) g_test_rand_int_range (0, (gint32) message.bytes->len);
      guint8 saved = message.bytes->data[at];
      g_autoptr(GBytes) again = NULL;

      message.bytes->data[at] = (guint8) g_test_rand_int ();
      if (decode (message.type, message.bytes->data, message.bytes->len, &again))
        {
          g_autoptr(GBytes) third = NULL;

          /* What was understood is understood again, the same way. */
          g_assert_true (decode (message.type, g_bytes_get_data (again, NULL),
                                 g_bytes_get_size (again), &third));
          g_assert_true (g_bytes_equal (again, third));
        }
      message.bytes->data[at] = saved;
    }
}

static void
test_message_wrong_number (gconstpointer data)
{
  g_auto(TestMessage) message;

  test_message_init (&message, data);
  if (message.type->number == 0)
    return;

  for (guint number = 0; number < 256; number++)
    {
      message.bytes->data[0] = (guint8) number;
      g_assert_cmpint (decode (message.type, message.bytes->data, message.bytes->len, NULL), ==,
                       number == message.type->number);
    }
}

/* Bytes after the last field: refused in 20 to 49 and in 50, ignored elsewhere. */
static void
test_message_trailing (gconstpointer data)
{
  const TestSample *sample = data;
  const guint8 trailing = 0xff;
  g_auto(TestMessage) message;
  gboolean refused;

  test_message_init (&message, sample);
  refused = message.type->number >= 20 && message.type->number <= 50;
  /* With several prompts, what follows decides which of two layouts it is. */
  if (strcmp (sample->name, "SSH_MSG_USERAUTH_INFO_REQUEST") == 0 &&
      strstr (sample->fields, " c0") == NULL && strstr (sample->fields, " c1") == NULL)
    refused = TRUE;

  g_byte_array_append (message.bytes, &trailing, 1);
  g_assert_cmpint (decode (message.type, message.bytes->data, message.bytes->len, NULL), ==,
                   !refused);
}

static void
add_all (const char *path,
         void      (*test) (gconstpointer data))
{
  const char *last = "";
  guint n = 0;

  for (guint i = 0; i < test_n_samples; i++)
    {
      g_autofree char *name = g_strdelimit (g_strdup (test_samples[i].name), "/", '-');
      g_autofree char *full = NULL;

      n = strcmp (test_samples[i].name, last) == 0 ? n + 1 : 1;
      last = test_samples[i].name;
      full = n == 1 ? g_strdup_printf ("/wire/message/%s/%s", path, name)
                    : g_strdup_printf ("/wire/message/%s/%s-%u", path, name, n);
      g_test_add_data_func (full, &test_samples[i], test);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/wire/message/all-covered", test_message_all_covered);
  add_all ("round-trip", test_message_round_trip);
  add_all ("truncated/T-12", test_message_truncated);
  add_all ("lengths/T-12", test_message_lengths);
  add_all ("flipped/T-12", test_message_flipped);
  add_all ("wrong-number", test_message_wrong_number);
  add_all ("trailing/T-12", test_message_trailing);

  return g_test_run ();
}
