/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was sent and not acknowledged: under which numbers, in whose memory, and since when. */
#include <libdevssh/transport/devssh-message-cache-private.h>

#include <libdevssh/wire/devssh-numbers.h>
#include <string.h>

static void
add_text (DevSshMessageCache *cache,
          guint8              number,
          const char         *text,
          gint64              time)
{
  devssh_message_cache_add (cache, &number, 1, (const guint8 *) text, strlen (text), NULL, time);
}

/* The whole message, as it was added. */
static void
assert_message (DevSshMessageCache *cache,
                guint64             number,
                guint8              first,
                const char         *text)
{
  const DevSshCachedMessage *message = devssh_message_cache_get (cache, number);
  g_autoptr(GByteArray) whole = g_byte_array_new ();

  g_assert_nonnull (message);
  g_byte_array_append (whole, message->head, message->head_length);
  if (message->body_length > 0)
    g_byte_array_append (whole, message->body, message->body_length);
  g_assert_cmpuint (whole->data[0], ==, first);
  g_assert_cmpmem (whole->data + 1, whole->len - 1, text, strlen (text));
}

/* Longer than a head, so that there is a copy; shorter, so that there is none; and more messages than the ring has at first. */
static void
test_message_cache_numbers (void)
{
  DevSshMessageCache *cache = devssh_message_cache_new (0);

  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *text = g_strdup_printf ("%0*u", i % 2 == 0 ? 4 : 80, i);

      add_text (cache, i % 3 == 0 ? DEVSSH_MESSAGE_CHANNEL_DATA : DEVSSH_MESSAGE_CHANNEL_REQUEST, text, 1 + i);
      if (i % 7 == 6)
        g_assert_cmpint (devssh_message_cache_acknowledge (cache, i / 2), ==, 1 + i / 2);
    }
  g_assert_cmpuint (devssh_message_cache_get_next (cache), ==, 1000);
  g_assert_cmpuint (devssh_message_cache_get_first (cache), ==, 497);
  for (guint i = 497; i < 1000; i++)
    {
      g_autofree char *text = g_strdup_printf ("%0*u", i % 2 == 0 ? 4 : 80, i);

      assert_message (cache, i, i % 3 == 0 ? DEVSSH_MESSAGE_CHANNEL_DATA : DEVSSH_MESSAGE_CHANNEL_REQUEST, text);
    }
  g_assert_cmpint (devssh_message_cache_acknowledge (cache, 999), ==, 1000);
  g_assert_cmpuint (devssh_message_cache_get_first (cache), ==, 1000);
  g_assert_cmpuint (devssh_message_cache_get_data (cache) + devssh_message_cache_get_control (cache), ==, 0);

  devssh_message_cache_free (cache);
}

/* When a message was sent is told by the acknowledgement that names it, once. */
static void
test_message_cache_times (void)
{
  DevSshMessageCache *cache = devssh_message_cache_new (0);

  add_text (cache, DEVSSH_MESSAGE_CHANNEL_REQUEST, "a", 50);
  devssh_message_cache_add_empty (cache, 60);
  add_text (cache, DEVSSH_MESSAGE_CHANNEL_REQUEST, "b", 70);
  g_assert_cmpuint (devssh_message_cache_get (cache, 1)->head_length, ==, 0);
  g_assert_cmpint (devssh_message_cache_acknowledge (cache, 1), ==, 60);
  g_assert_cmpint (devssh_message_cache_acknowledge (cache, 1), ==, 0);
  g_assert_cmpint (devssh_message_cache_acknowledge (cache, 0), ==, 0);
  assert_message (cache, 2, DEVSSH_MESSAGE_CHANNEL_REQUEST, "b");
  g_assert_cmpint (devssh_message_cache_acknowledge (cache, 2), ==, 70);

  devssh_message_cache_free (cache);
}

static void
set_true (gpointer data)
{
  *(gboolean *) data = TRUE;
}

/* Whoever sent it has it, and it is not copied. */
static void
test_message_cache_owner (void)
{
  static const guint8 head[] = { DEVSSH_MESSAGE_CHANNEL_DATA, 0, 0, 0, 1, 0, 0, 0, 5 };
  DevSshMessageCache *cache = devssh_message_cache_new (0);
  gboolean freed = FALSE;
  char text[] = "hello world";
  GBytes *bytes = g_bytes_new_with_free_func (text, strlen (text), set_true, &freed);
  const guint8 *data = g_bytes_get_data (bytes, NULL);
  const DevSshCachedMessage *message;

  devssh_message_cache_add (cache, head, sizeof head, data, 5, bytes, 0);
  message = devssh_message_cache_get (cache, 0);
  g_assert_true (message->body == data && message->owner == bytes);
  g_assert_cmpmem (message->head, message->head_length, head, sizeof head);
  g_assert_cmpuint (message->body_length, ==, 5);
  g_assert_cmpuint (devssh_message_cache_get_data (cache), ==, sizeof *message + 5);
  g_assert_cmpuint (devssh_message_cache_get_control (cache), ==, 0);
  g_bytes_unref (bytes);
  g_assert_false (freed);
  devssh_message_cache_acknowledge (cache, 0);
  g_assert_cmpuint (devssh_message_cache_get_data (cache), ==, 0);
  g_assert_true (freed);

  devssh_message_cache_free (cache);
}

static void
test_message_cache_limit (void)
{
  DevSshMessageCache *cache = devssh_message_cache_new (10);

  for (guint i = 0; i < 25; i++)
    add_text (cache, DEVSSH_MESSAGE_CHANNEL_REQUEST, "x", 1);
  g_assert_cmpuint (devssh_message_cache_get_first (cache), ==, 15);
  g_assert_cmpuint (devssh_message_cache_get_next (cache), ==, 25);
  g_assert_cmpuint (devssh_message_cache_get_control (cache), ==, 10 * sizeof (DevSshCachedMessage));
  /* One that is gone says nothing of when it was sent. */
  g_assert_cmpint (devssh_message_cache_acknowledge (cache, 13), ==, 0);

  devssh_message_cache_free (cache);
}

/* Also a message of one byte, and one that leaves its place empty, takes memory, and counts as that (T-73). */
static void
test_message_cache_places (void)
{
  DevSshMessageCache *cache = devssh_message_cache_new (0);
  const guint n = 10000;

  for (guint i = 0; i < n; i++)
    {
      devssh_message_cache_add_empty (cache, 0);
      add_text (cache, DEVSSH_MESSAGE_REQUEST_FAILURE, "", 0);
    }
  g_assert_cmpuint (devssh_message_cache_get_control (cache), >=, 2 * n * sizeof (DevSshCachedMessage));
  g_assert_cmpuint (devssh_message_cache_get_data (cache), ==, 0);
  add_text (cache, DEVSSH_MESSAGE_CHANNEL_DATA, "x", 0);
  g_assert_cmpuint (devssh_message_cache_get_data (cache), >=, sizeof (DevSshCachedMessage));

  /* All of it has arrived: nothing is left, and it begins anew. */
  devssh_message_cache_acknowledge (cache, 2 * n);
  g_assert_cmpuint (devssh_message_cache_get_control (cache) + devssh_message_cache_get_data (cache), ==, 0);
  add_text (cache, DEVSSH_MESSAGE_CHANNEL_REQUEST, "after", 7);
  g_assert_cmpuint (devssh_message_cache_get_first (cache), ==, 2 * n + 1);
  assert_message (cache, 2 * n + 1, DEVSSH_MESSAGE_CHANNEL_REQUEST, "after");
  g_assert_cmpint (devssh_message_cache_acknowledge (cache, 2 * n + 1), ==, 7);
  devssh_message_cache_free (cache);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/transport/message-cache/numbers", test_message_cache_numbers);
  g_test_add_func ("/transport/message-cache/times", test_message_cache_times);
  g_test_add_func ("/transport/message-cache/owner", test_message_cache_owner);
  g_test_add_func ("/transport/message-cache/limit/T-73", test_message_cache_limit);
  g_test_add_func ("/transport/message-cache/places/T-73", test_message_cache_places);
  return g_test_run ();
}
