/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Receive buffers from a pool: an idle session has none, and slices keep theirs alive. */
#include <libdevssh/base/devssh-buffer-private.h>

#define MIN_KEPT 8      /* so many free ones stay; more as long as more than that are in use */
#define MAX_KEPT 256

struct _DevSshBufferPool
{
  gatomicrefcount  ref_count;
  GMutex           lock;              /* slices are freed in any thread */
  DevSshBuffer    *free[MAX_KEPT];    /* without a reference to the pool, or it would never go */
  guint            n_free;
  guint            n_used;
};

DevSshBufferPool *
devssh_buffer_pool_new (void)
{
  DevSshBufferPool *self = g_new0 (DevSshBufferPool, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  return self;
}

DevSshBufferPool *
devssh_buffer_pool_ref (DevSshBufferPool *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
devssh_buffer_pool_unref (DevSshBufferPool *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  for (guint i = 0; i < self->n_free; i++)
    g_free (self->free[i]);
  g_mutex_clear (&self->lock);
  g_free (self);
}

DevSshBuffer *
devssh_buffer_new (DevSshBufferPool *pool)
{
  DevSshBuffer *self = NULL;

  g_mutex_lock (&pool->lock);
  pool->n_used++;
  if (pool->n_free > 0)
    self = pool->free[--pool->n_free];
  g_mutex_unlock (&pool->lock);

  if (self == NULL)
    {
      self = g_malloc (sizeof *self + DEVSSH_BUFFER_SIZE);
      self->size = DEVSSH_BUFFER_SIZE;
      self->data = (guint8 *) (self + 1);
    }

  g_atomic_ref_count_init (&self->ref_count);
  self->pool = devssh_buffer_pool_ref (pool);
  return self;
}

DevSshBuffer *
devssh_buffer_ref (DevSshBuffer *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
devssh_buffer_unref (DevSshBuffer *self)
{
  DevSshBufferPool *pool;
  DevSshBuffer *surplus[2];
  guint n_surplus = 0;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  pool = g_steal_pointer (&self->pool);
  g_mutex_lock (&pool->lock);
  pool->n_used--;
  if (pool->n_free < MAX_KEPT)
    pool->free[pool->n_free++] = self;
  else
    surplus[n_surplus++] = self;
  /* One comes and two go, until few are left of a time with many. */
  while (n_surplus < G_N_ELEMENTS (surplus) && pool->n_free > MAX (MIN_KEPT, pool->n_used))
    surplus[n_surplus++] = pool->free[--pool->n_free];
  g_mutex_unlock (&pool->lock);

  while (n_surplus > 0)
    g_free (surplus[--n_surplus]);
  devssh_buffer_pool_unref (pool);
}

gboolean
devssh_buffer_is_shared (DevSshBuffer *self)
{
  return !g_atomic_ref_count_compare (&self->ref_count, 1);
}

GBytes *
devssh_buffer_slice (DevSshBuffer *self,
                     const guint8 *data,
                     gsize         length)
{
  g_return_val_if_fail (data >= self->data && data <= self->data + self->size, NULL);
  g_return_val_if_fail (length <= (gsize) (self->data + self->size - data), NULL);

  return g_bytes_new_with_free_func (data, length, (GDestroyNotify) devssh_buffer_unref,
                                     devssh_buffer_ref (self));
}
