/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Received bytes that wait: in order, and without a small piece holding a large buffer. */
#include <libdevssh/base/devssh-byte-queue-private.h>

#include "../test-memory.h"

#include <string.h>

static void
take_bytes (DevSshByteQueue *queue,
            const guint8    *expected,
            gsize            length)
{
  DevSshBuffer *buffer;
  g_autoptr(GBytes) bytes = devssh_byte_queue_take_bytes (queue, length, &buffer);

  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), expected, length);
}

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
      const guint8 *first;
      gsize n;

      for (gsize i = 0; i < length; i++)
        buffer->data[i] = next++;
      g_byte_array_append (model, buffer->data, length);
      devssh_byte_queue_push (&queue, buffer->data, length, g_test_rand_bit () ? buffer : NULL);
      g_assert_cmpuint (queue.length, ==, model->len - taken);

      switch (g_test_rand_int_range (0, 3))
        {
        case 0:
          n = devssh_byte_queue_take (&queue, out, size);
          g_assert_cmpuint (n, ==, MIN (size, model->len - taken));
          g_assert_cmpmem (out, n, model->data + taken, n);
          break;

        case 1:
          n = MIN (size, queue.length);
          if (n > 0)
            take_bytes (&queue, model->data + taken, n);
          break;

        default:
          first = devssh_byte_queue_peek (&queue, &n);
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
  DevSshBuffer *kept;
  DevSshByteQueue queue = { 0, };
  GBytes *bytes;
  gsize length;

  for (int i = 0; i < 100; i++)
    devssh_byte_queue_push (&queue, buffer->data, 1, buffer);
  g_assert_false (devssh_buffer_is_shared (buffer));
  devssh_byte_queue_skip (&queue, 100);

  devssh_byte_queue_push (&queue, buffer->data + 5, 32768, buffer);
  g_assert_true (devssh_buffer_is_shared (buffer));
  g_assert_true (devssh_byte_queue_peek (&queue, &length) == buffer->data + 5);
  g_assert_cmpuint (length, ==, 32768);
  devssh_byte_queue_skip (&queue, 32768);
  g_assert_false (devssh_buffer_is_shared (buffer));

  devssh_byte_queue_push (&queue, buffer->data + 5, 32768, buffer);
  devssh_byte_queue_skip (&queue, 1);
  bytes = devssh_byte_queue_take_bytes (&queue, 32767, &kept);
  g_assert_true (kept == buffer);
  g_assert_true (g_bytes_get_data (bytes, &length) == buffer->data + 6);
  g_assert_cmpuint (length, ==, 32767);
  g_assert_true (devssh_buffer_is_shared (buffer));
  g_bytes_unref (bytes);
  g_assert_false (devssh_buffer_is_shared (buffer));
  g_assert_cmpuint (queue.length, ==, 0);

  devssh_byte_queue_clear (&queue);
  devssh_buffer_unref (buffer);
  devssh_buffer_pool_unref (pool);
}

/* Whole buffers of large pieces, as an honest peer fills them, are never copied. */
static void
test_no_copy (void)
{
  DevSshBufferPool *pool = devssh_buffer_pool_new ();
  DevSshByteQueue queue = { 0, };
  DevSshBuffer *buffers[16];

  for (guint i = 0; i < G_N_ELEMENTS (buffers); i++)
    {
      buffers[i] = devssh_buffer_new (pool);
      for (guint j = 0; j < 7; j++)
        devssh_byte_queue_push (&queue, buffers[i]->data + j * 32800, 32768, buffers[i]);
    }

  for (guint i = 0; i < G_N_ELEMENTS (buffers); i++)
    {
      for (guint j = 0; j < 7; j++)
        {
          gsize length;

          g_assert_true (devssh_byte_queue_peek (&queue, &length) == buffers[i]->data + j * 32800);
          g_assert_cmpuint (length, ==, 32768);
          devssh_byte_queue_skip (&queue, 32768);
        }
      g_assert_false (devssh_buffer_is_shared (buffers[i]));
      devssh_buffer_unref (buffers[i]);
    }
  g_assert_cmpuint (queue.n_buffers, ==, 0);
  devssh_buffer_pool_unref (pool);
}

/* What comes into one buffer, again and again, until a window is full. */
typedef struct
{
  const char *path;
  gsize       window;
  gsize       pieces[9];
} Filling;

#define KIBIBYTE 1024
#define MEBIBYTE (1024 * KIBIBYTE)
#define KIB_32   (32 * KIBIBYTE)

static const Filling fillings[] = {
  { "bytes", 1 * MEBIBYTE, { 1 } },
  { "bytes-16-MiB", 16 * MEBIBYTE, { 1 } },
  { "tens-16-MiB", 16 * MEBIBYTE, { 10 } },
  { "almost-slices-16-MiB", 16 * MEBIBYTE, { 16 * KIBIBYTE - 1 } },
  { "slices", 1 * MEBIBYTE, { 16 * KIBIBYTE } },
  { "slices-16-MiB", 16 * MEBIBYTE, { 16 * KIBIBYTE } },
  { "packets-16-MiB", 16 * MEBIBYTE, { KIB_32 } },
  { "whole-buffers-16-MiB", 16 * MEBIBYTE, { KIB_32, KIB_32, KIB_32, KIB_32, KIB_32, KIB_32, KIB_32 } },
  { "slices-and-bytes-16-MiB", 16 * MEBIBYTE, { 1, 16 * KIBIBYTE } },
  { "bytes-and-packets-16-MiB", 16 * MEBIBYTE, { KIB_32, 1, KIB_32, 1, KIB_32, 1, KIB_32, 1 } },
  { "largest-16-MiB", 16 * MEBIBYTE, { 1, 256 * KIBIBYTE } },
};

static void
fill (DevSshByteQueue  *queue,
      DevSshBufferPool *pool,
      const Filling    *filling)
{
  while (queue->length + filling->pieces[0] <= filling->window)
    {
      g_autoptr(DevSshBuffer) buffer = devssh_buffer_new (pool);
      const guint8 *data = buffer->data;

      for (guint i = 0; filling->pieces[i] != 0 && queue->length + filling->pieces[i] <= filling->window; i++)
        {
          devssh_byte_queue_push (queue, data, filling->pieces[i], buffer);
          data += filling->pieces[i];
        }
    }
}

/* Read slowly and filled again, it never holds more than twice the window, and a little. */
static void
test_bounded (gconstpointer data)
{
  const Filling *filling = data;
  gsize before = test_memory_get_allocated ();
  DevSshBufferPool *pool = devssh_buffer_pool_new ();
  DevSshByteQueue queue = { 0, };
  gsize most = 0;

  for (guint round = 0; round < 6; round++)
    {
      fill (&queue, pool, filling);
      most = MAX (most, test_memory_get_allocated () - before);
      devssh_byte_queue_skip (&queue, queue.length * (round % 4) / 4);
    }
  g_test_message ("%s: %" G_GSIZE_FORMAT " KiB held for %" G_GSIZE_FORMAT, filling->path, most / 1024,
                  filling->window / 1024);
  /* The pool has up to 8 buffers beside; two and a piece are ours. */
  g_assert_cmpuint (most, <=, 2 * filling->window + 11 * DEVSSH_BUFFER_SIZE);

  devssh_byte_queue_clear (&queue);
  devssh_buffer_pool_unref (pool);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/base/byte-queue/order", test_order);
  g_test_add_func ("/base/byte-queue/T-53/slices", test_slices);
  g_test_add_func ("/base/byte-queue/no-copy", test_no_copy);
  for (guint i = 0; i < G_N_ELEMENTS (fillings); i++)
    {
      g_autofree char *path = g_strconcat ("/base/byte-queue/T-53/bounded/", fillings[i].path, NULL);

      g_test_add_data_func (path, &fillings[i], test_bounded);
    }

  return g_test_run ();
}
