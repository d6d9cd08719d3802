/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Receive buffers: shared while slices are on loan, kept by the pool afterwards. */
#include <libdevssh/base/devssh-buffer-private.h>

#include <string.h>

static void
test_buffer_shared (void)
{
  DevSshBufferPool *pool = devssh_buffer_pool_new ();
  DevSshBuffer *buffer = devssh_buffer_new (pool);
  GBytes *first, *second;

  g_assert_cmpuint (buffer->size, ==, DEVSSH_BUFFER_SIZE);
  g_assert_false (devssh_buffer_is_shared (buffer));
  memset (buffer->data, 'x', buffer->size);

  first = devssh_buffer_slice (buffer, buffer->data + 10, 20);
  second = devssh_buffer_slice (buffer, buffer->data + buffer->size, 0);
  g_assert_true (devssh_buffer_is_shared (buffer));
  g_assert_true (g_bytes_get_data (first, NULL) == (gconstpointer) (buffer->data + 10));
  g_bytes_unref (second);
  g_assert_true (devssh_buffer_is_shared (buffer));
  g_bytes_unref (first);
  g_assert_false (devssh_buffer_is_shared (buffer));

  devssh_buffer_unref (buffer);
  devssh_buffer_pool_unref (pool);
}

static void
test_buffer_slice_outlives (void)
{
  DevSshBufferPool *pool = devssh_buffer_pool_new ();
  DevSshBuffer *buffer = devssh_buffer_new (pool);
  GBytes *slice;

  memcpy (buffer->data, "hello", 5);
  slice = devssh_buffer_slice (buffer, buffer->data, 5);
  devssh_buffer_unref (buffer);
  devssh_buffer_pool_unref (pool);
  g_assert_cmpmem (g_bytes_get_data (slice, NULL), g_bytes_get_size (slice), "hello", 5);
  g_bytes_unref (slice);
}

/* A buffer on loan is not handed out again; a returned one is. */
static void
test_buffer_reuse (void)
{
  DevSshBufferPool *pool = devssh_buffer_pool_new ();
  DevSshBuffer *first = devssh_buffer_new (pool);
  DevSshBuffer *second;
  GBytes *slice = devssh_buffer_slice (first, first->data, 1);

  devssh_buffer_unref (first);
  second = devssh_buffer_new (pool);
  g_assert_true (second != first);
  g_bytes_unref (slice);
  devssh_buffer_unref (second);

  second = devssh_buffer_new (pool);
  first = devssh_buffer_new (pool);
  g_assert_true (first != second);
  devssh_buffer_unref (first);
  devssh_buffer_unref (second);
  devssh_buffer_pool_unref (pool);
}

/* More than are kept; a sanitizer sees whether one is lost. */
static void
test_buffer_many (void)
{
  DevSshBufferPool *pool = devssh_buffer_pool_new ();
  DevSshBuffer *buffers[20];

  for (guint round = 0; round < 3; round++)
    {
      for (guint i = 0; i < 20; i++)
        {
          buffers[i] = devssh_buffer_new (pool);
          for (guint j = 0; j < i; j++)
            g_assert_true (buffers[i] != buffers[j]);
          buffers[i]->data[0] = 1;
          buffers[i]->data[buffers[i]->size - 1] = 1;
        }
      for (guint i = 0; i < 20; i++)
        devssh_buffer_unref (buffers[i]);
    }

  devssh_buffer_pool_unref (pool);
}

static void
test_buffer_slice_outside (void)
{
  DevSshBufferPool *pool = devssh_buffer_pool_new ();
  DevSshBuffer *buffer = devssh_buffer_new (pool);

  for (guint i = 0; i < 2; i++)
    {
      g_test_expect_message ("devssh", G_LOG_LEVEL_CRITICAL, "*devssh_buffer_slice*");
      g_assert_null (devssh_buffer_slice (buffer, buffer->data + 1,
                                          i == 0 ? buffer->size : G_MAXSIZE));
      g_test_assert_expected_messages ();
    }
  g_assert_false (devssh_buffer_is_shared (buffer));

  devssh_buffer_unref (buffer);
  devssh_buffer_pool_unref (pool);
}

static gpointer
thread_frees (gpointer data)
{
  g_bytes_unref (data);
  return NULL;
}

static void
test_buffer_threads (void)
{
  DevSshBufferPool *pool = devssh_buffer_pool_new ();

  for (guint i = 0; i < 50; i++)
    {
      DevSshBuffer *buffer = devssh_buffer_new (pool);
      GThread *threads[4];

      for (guint j = 0; j < 4; j++)
        threads[j] = g_thread_new ("frees", thread_frees,
                                   devssh_buffer_slice (buffer, buffer->data, 10));
      devssh_buffer_unref (buffer);
      for (guint j = 0; j < 4; j++)
        g_thread_join (threads[j]);
    }

  devssh_buffer_pool_unref (pool);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/base/buffer/shared", test_buffer_shared);
  g_test_add_func ("/base/buffer/slice-outlives", test_buffer_slice_outlives);
  g_test_add_func ("/base/buffer/reuse", test_buffer_reuse);
  g_test_add_func ("/base/buffer/many", test_buffer_many);
  g_test_add_func ("/base/buffer/slice-outside/T-12", test_buffer_slice_outside);
  g_test_add_func ("/base/buffer/threads/T-66", test_buffer_threads);

  return g_test_run ();
}
