/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data messages that wait for somebody who wants them. */
#include <libdevssh/connection/devssh-unread-private.h>

#include <libdevssh/wire/devssh-numbers.h>

/* A head: three bits for the type, five for the length, or for that the length follows. */
#define LENGTH_BITS    5
#define LENGTH_FOLLOWS ((1 << LENGTH_BITS) - 1)
#define FIRST_TYPE     2

G_STATIC_ASSERT (FIRST_TYPE + DEVSSH_UNREAD_TYPES <= 1 << (8 - LENGTH_BITS));
G_STATIC_ASSERT (DEVSSH_EXTENDED_DATA_STDERR < FIRST_TYPE);

void
devssh_unread_clear (DevSshUnread *self)
{
  devssh_byte_queue_clear (&self->bytes);
  devssh_byte_queue_clear (&self->heads);
  self->n_types = 0;
}

/* Below FIRST_TYPE a type stands for itself. */
static gboolean
find_type (DevSshUnread *self,
           guint32       data_type,
           guint        *index)
{
  *index = data_type;
  if (data_type < FIRST_TYPE)
    return TRUE;

  for (*index = FIRST_TYPE; *index < FIRST_TYPE + self->n_types; ++*index)
    if (self->types[*index - FIRST_TYPE] == data_type)
      return TRUE;

  if (self->n_types == DEVSSH_UNREAD_TYPES)
    return FALSE;

  self->types[self->n_types++] = data_type;
  return TRUE;
}

gboolean
devssh_unread_push (DevSshUnread *self,
                    guint32       data_type,
                    const guint8 *data,
                    gsize         length,
                    DevSshBuffer *buffer)
{
  guint32 long_length = (guint32) length;
  guint8 head;
  guint type;

  if (!find_type (self, data_type, &type))
    return FALSE;

  head = (guint8) (type << LENGTH_BITS | MIN (length, LENGTH_FOLLOWS));
  devssh_byte_queue_push (&self->heads, &head, 1, NULL);
  if (length >= LENGTH_FOLLOWS)
    devssh_byte_queue_push (&self->heads, (guint8 *) &long_length, sizeof long_length, NULL);
  devssh_byte_queue_push (&self->bytes, data, length, buffer);
  return TRUE;
}

GBytes *
devssh_unread_pop (DevSshUnread  *self,
                   guint32       *data_type,
                   DevSshBuffer **buffer)
{
  guint32 length;
  guint8 head;
  guint type;

  devssh_byte_queue_take (&self->heads, &head, 1);
  type = head >> LENGTH_BITS;
  *data_type = type < FIRST_TYPE ? type : self->types[type - FIRST_TYPE];
  length = head & LENGTH_FOLLOWS;
  if (length == LENGTH_FOLLOWS)
    devssh_byte_queue_take (&self->heads, (guint8 *) &length, sizeof length);
  return devssh_byte_queue_take_bytes (&self->bytes, length, buffer);
}
