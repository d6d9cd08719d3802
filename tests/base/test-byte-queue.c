/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Received bytes that wait: in order, and without a small piece holding a large buffer. */
#include <libdevssh/base/devssh-byte-queue-private.h>

#include <string.h>

/* Random pieces in, random pieces out, against one long array. */
static void
test_order (void)
{
  DevSshBufferPool *pool = devssh_buffer_pool_new ();
  g_autoptr(GByteArray) model = g_byte_array_new ();
  g_autofree guint8 *out = g_malloc (100000);
  DevSshByteQueue queue = { 0, };
  gsize taken = 0;
  guint8 next = 0;

  for (int round = 0; round < 400; round++)
    {
      g_autoptr(DevSshBuffer) buffer = devssh_buffer_new (pool);
      gsize length = g_test_rand_bit () ? g_test_rand_int_range (0, 100) : g_test_rand_int_range (0, 60000);
      gsize size = g_test_rand_int_range (0, 100000);
      gsize n;

      for (gsize i = 0; i < length; i++)
        buffer->data[i] = next++;
      g_byte_array_append (model, buffer->data, length);
      devssh_byte_queue_push (&queue, buffer->data, length, g_test_rand_bit () ? buffer : NULL);
      g_assert_cmpuint (queue.length, ==, model->len - taken);

      if (g_test_rand_bit ())
        {
          n = devssh_byte_queue_take (&queue, out, size);
          g_assert_cmpuint (n, ==, MIN (size, model->len - taken));
          g_assert_cmpmem (out, n, model->data + taken, n);
        }
      else
        {
          const guint8 *first = devssh_byte_queue_peek (&queue, &n);

          g_assert_cmpint (first == NULL, ==, model->len == taken);
          n = MIN (n, size);
          if (n > 0)
            g_assert_cmpmem (first, n, model->data + taken, n);
          devssh_byte_queue_skip (&queue, n);
        }
      taken += n;
    }

  devssh_byte_queue_clear (&queue);
  g_assert_cmpuint (queue.length, ==, 0);
  devssh_byte_queue_push (&queue, (guint8 *) "again", 5, NULL);
  g_assert_cmpuint (devssh_byte_queue_take (&queue, out, 100), ==, 5);
  devssh_byte_queue_clear (&queue);
  devssh_buffer_pool_unref (pool);
}

/* A large piece is not copied; small ones let their buffer go. */
static void
test_slices (void)
{
  DevSshBufferPool *pool = devssh_buffer_pool_new ();
  DevSshBuffer *buffer = devssh_buffer_new (pool);
  DevSshByteQueue queue = { 0, };
  gsize length;

  for (int i = 0; i < 100; i++)
    devssh_byte_queue_push (&queue, buffer->data, 1, buffer);
  g_assert_false (devssh_buffer_is_shared (buffer));

  devssh_byte_queue_push (&queue, buffer->data + 5, 32768, buffer);
  g_assert_true (devssh_buffer_is_shared (buffer));
  devssh_byte_queue_skip (&queue, 100);
  g_assert_true (devssh_byte_queue_peek (&queue, &length) == buffer->data + 5);
  g_assert_cmpuint (length, ==, 32768);
  devssh_byte_queue_skip (&queue, 32768);
  g_assert_false (devssh_buffer_is_shared (buffer));

  devssh_byte_queue_clear (&queue);
  devssh_buffer_unref (buffer);
  devssh_buffer_pool_unref (pool);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/base/byte-queue/order", test_order);
  g_test_add_func ("/base/byte-queue/T-53/slices", test_slices);

  return g_test_run ();
}
