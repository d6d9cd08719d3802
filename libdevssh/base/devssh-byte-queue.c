/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Received bytes that wait for their reader. */
#include <libdevssh/base/devssh-byte-queue-private.h>

#include <string.h>

/* A slice keeps its whole buffer: at most DEVSSH_BUFFER_SIZE / WORTH_A_SLICE times the bytes that wait, which windows bound (T-53). */
#define WORTH_A_SLICE (16 * 1024)

static void
devssh_byte_queue_close_tail (DevSshByteQueue *self)
{
  if (self->tail != NULL)
    g_queue_push_tail (&self->pieces, g_byte_array_free_to_bytes (g_steal_pointer (&self->tail)));
}

void
devssh_byte_queue_clear (DevSshByteQueue *self)
{
  g_queue_clear_full (&self->pieces, (GDestroyNotify) g_bytes_unref);
  g_clear_pointer (&self->tail, g_byte_array_unref);
  self->done = 0;
  self->length = 0;
}

void
devssh_byte_queue_push (DevSshByteQueue *self,
                        const guint8    *data,
                        gsize            length,
                        DevSshBuffer    *buffer)
{
  if (length == 0)
    return;

  self->length += length;
  if (buffer != NULL && length >= WORTH_A_SLICE)
    {
      devssh_byte_queue_close_tail (self);
      g_queue_push_tail (&self->pieces, devssh_buffer_slice (buffer, data, length));
      return;
    }

  /* Full enough: an array that grows for ever is copied for ever. */
  if (self->tail != NULL && self->tail->len + length > 8 * WORTH_A_SLICE)
    devssh_byte_queue_close_tail (self);
  if (self->tail == NULL)
    self->tail = g_byte_array_sized_new (MAX (length, 512));
  g_byte_array_append (self->tail, data, length);
}

const guint8 *
devssh_byte_queue_peek (DevSshByteQueue *self,
                        gsize           *length)
{
  const guint8 *data;

  if (self->length == 0)
    {
      *length = 0;
      return NULL;
    }

  if (g_queue_is_empty (&self->pieces))
    {
      *length = self->tail->len - self->done;
      return self->tail->data + self->done;
    }

  data = g_bytes_get_data (g_queue_peek_head (&self->pieces), length);
  *length -= self->done;
  return data + self->done;
}

void
devssh_byte_queue_skip (DevSshByteQueue *self,
                        gsize            length)
{
  g_assert (length <= self->length);

  while (length > 0)
    {
      gsize there;

      devssh_byte_queue_peek (self, &there);
      if (length < there)
        {
          self->done += length;
          self->length -= length;
          return;
        }

      length -= there;
      self->length -= there;
      self->done = 0;
      if (!g_queue_is_empty (&self->pieces))
        g_bytes_unref (g_queue_pop_head (&self->pieces));
      else
        g_clear_pointer (&self->tail, g_byte_array_unref);
    }
}

gsize
devssh_byte_queue_take (DevSshByteQueue *self,
                        guint8          *data,
                        gsize            size)
{
  gsize taken = 0;

  while (taken < size && self->length > 0)
    {
      gsize length;
      const guint8 *first = devssh_byte_queue_peek (self, &length);

      length = MIN (length, size - taken);
      memcpy (data + taken, first, length);
      devssh_byte_queue_skip (self, length);
      taken += length;
    }
  return taken;
}
