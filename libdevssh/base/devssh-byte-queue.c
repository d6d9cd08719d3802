/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Received bytes that wait for their reader. */
#include <libdevssh/base/devssh-byte-queue-private.h>

#include <string.h>

/* Below that a copy is cheaper than a buffer that cannot be filled again. */
#define WORTH_A_SLICE (16 * 1024)

#define MIN_COPY 512
#define MAX_COPY (64 * 1024)

struct _DevSshBytePiece
{
  DevSshBytePiece *next;
  DevSshBuffer    *buffer;   /* a slice of it; NULL: copied, and data is copy */
  gboolean         first;    /* of several slices of one buffer */
  const guint8    *data;
  gsize            length;
  gsize            size;     /* of copy */
  guint8           copy[];
};

static DevSshBytePiece *
push_piece (DevSshByteQueue *self,
            gsize            size)
{
  DevSshBytePiece *piece = g_malloc (sizeof *piece + size);

  memset (piece, 0, sizeof *piece);
  piece->data = piece->copy;
  piece->size = size;
  if (self->tail != NULL)
    self->tail->next = piece;
  else
    self->head = piece;
  self->tail = piece;
  return piece;
}

static void
pop_piece (DevSshByteQueue *self)
{
  DevSshBytePiece *piece = self->head;

  self->head = piece->next;
  if (self->head == NULL)
    self->tail = NULL;

  if (piece->buffer != NULL)
    {
      self->sliced -= piece->length;
      self->n_buffers -= piece->first;
      if (self->sliced == 0)
        self->last_buffer = NULL;
      devssh_buffer_unref (piece->buffer);
    }
  g_free (piece);
}

void
devssh_byte_queue_clear (DevSshByteQueue *self)
{
  while (self->head != NULL)
    pop_piece (self);
  self->done = 0;
  self->length = 0;
}

/* A slice keeps its whole buffer, whatever else is in there: the first one may; more of them if half of what they keep is slices. */
static gboolean
may_slice (DevSshByteQueue *self,
           gsize            length,
           DevSshBuffer    *buffer)
{
  if (buffer == NULL || length < WORTH_A_SLICE)
    return FALSE;

  return buffer == self->last_buffer ||
         (gsize) self->n_buffers * DEVSSH_BUFFER_SIZE <= 2 * (self->sliced + length);
}

static void
push_slice (DevSshByteQueue *self,
            const guint8    *data,
            gsize            length,
            DevSshBuffer    *buffer)
{
  DevSshBytePiece *piece = push_piece (self, 0);

  piece->buffer = devssh_buffer_ref (buffer);
  piece->data = data;
  piece->length = length;
  piece->first = buffer != self->last_buffer;
  self->n_buffers += piece->first;
  self->last_buffer = buffer;
  self->sliced += length;
  self->length += length;
}

/* No room is left empty behind, so that what is slow to come does not cost more than what comes at once. */
void
devssh_byte_queue_push (DevSshByteQueue *self,
                        const guint8    *data,
                        gsize            length,
                        DevSshBuffer    *buffer)
{
  while (length > 0)
    {
      DevSshBytePiece *tail = self->tail;
      gsize n;

      if (tail == NULL || tail->length == tail->size || tail->buffer != NULL)
        {
          if (may_slice (self, length, buffer))
            {
              push_slice (self, data, length, buffer);
              return;
            }
          /* As large as all that waits: few pieces, and never much more room than bytes. */
          tail = push_piece (self, CLAMP (MAX (self->length, length), MIN_COPY, MAX_COPY));
        }

      n = MIN (length, tail->size - tail->length);
      memcpy (tail->copy + tail->length, data, n);
      tail->length += n;
      self->length += n;
      data += n;
      length -= n;
    }
}

const guint8 *
devssh_byte_queue_peek (DevSshByteQueue *self,
                        gsize           *length)
{
  if (self->length == 0)
    {
      *length = 0;
      return NULL;
    }

  *length = self->head->length - self->done;
  return self->head->data + self->done;
}

guint
devssh_byte_queue_peek_vectors (DevSshByteQueue *self,
                                GOutputVector   *vectors,
                                guint            n)
{
  gsize done = self->done;
  guint i = 0;

  for (DevSshBytePiece *piece = self->head; piece != NULL && i < n; piece = piece->next, i++)
    {
      vectors[i].buffer = piece->data + done;
      vectors[i].size = piece->length - done;
      done = 0;
    }
  return i;
}

void
devssh_byte_queue_skip (DevSshByteQueue *self,
                        gsize            length)
{
  g_assert (length <= self->length);

  self->length -= length;
  while (length > 0)
    {
      gsize there = self->head->length - self->done;

      if (length < there)
        {
          self->done += length;
          return;
        }

      length -= there;
      self->done = 0;
      pop_piece (self);
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

GBytes *
devssh_byte_queue_take_bytes (DevSshByteQueue  *self,
                              gsize             length,
                              DevSshBuffer    **buffer)
{
  DevSshBytePiece *head = self->head;
  GBytes *bytes;
  guint8 *copy;

  g_assert (length > 0 && length <= self->length);

  if (head->buffer != NULL && length <= head->length - self->done)
    {
      *buffer = head->buffer;
      bytes = devssh_buffer_slice (head->buffer, head->data + self->done, length);
      devssh_byte_queue_skip (self, length);
      return bytes;
    }

  *buffer = NULL;
  copy = g_malloc (length);
  devssh_byte_queue_take (self, copy, length);
  return g_bytes_new_take (copy, length);
}
