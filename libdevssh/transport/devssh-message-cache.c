/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A ring of places that grows with what is on its way. */
#include <libdevssh/transport/devssh-message-cache-private.h>

#include <libdevssh/crypto/devssh-secret-private.h>
#include <libdevssh/wire/devssh-numbers.h>
#include <string.h>

#define FIRST_SIZE 64     /* a power of two, as all sizes are */
#define KEPT_SIZE  4096   /* a ring that had to be larger goes when it is empty */

struct _DevSshMessageCache
{
  DevSshCachedMessage *ring;
  guint64              first, next;   /* numbers; a place is its number modulo size */
  gsize                size;
  guint                max_messages;
  gsize                bytes[2];      /* control, data */
};

DevSshMessageCache *
devssh_message_cache_new (guint max_messages)
{
  DevSshMessageCache *self = g_new0 (DevSshMessageCache, 1);

  self->max_messages = max_messages;
  self->size = FIRST_SIZE;
  self->ring = g_new (DevSshCachedMessage, self->size);
  return self;
}

static void
free_ring (DevSshMessageCache *self)
{
  devssh_wipe (self->ring, self->size * sizeof *self->ring);
  g_free (self->ring);
}

static inline DevSshCachedMessage *
place_of (DevSshMessageCache *self,
          guint64             number)
{
  return &self->ring[number & (self->size - 1)];
}

static gboolean
is_data (const DevSshCachedMessage *message)
{
  return message->head_length > 0 &&
         (message->head[0] == DEVSSH_MESSAGE_CHANNEL_DATA || message->head[0] == DEVSSH_MESSAGE_CHANNEL_EXTENDED_DATA);
}

/* T-73: a place costs what it costs, whatever lies in it: replies of one byte, and all that is of no use later, would be free else. */
static gsize
get_cost (const DevSshCachedMessage *message)
{
  return sizeof *message + message->body_length;
}

static void
drop_first (DevSshMessageCache *self)
{
  DevSshCachedMessage *message = place_of (self, self->first++);

  self->bytes[is_data (message)] -= get_cost (message);
  if (message->owner != NULL)
    {
      g_bytes_unref (message->owner);
    }
  else if (message->body_length > 0)
    {
      devssh_wipe ((guint8 *) message->body, message->body_length);
      g_free ((guint8 *) message->body);
    }
}

void
devssh_message_cache_free (DevSshMessageCache *self)
{
  if (self == NULL)
    return;

  while (self->first < self->next)
    drop_first (self);
  free_ring (self);
  g_free (self);
}

static void
grow (DevSshMessageCache *self)
{
  DevSshCachedMessage *ring = g_new (DevSshCachedMessage, 2 * self->size);

  for (guint64 number = self->first; number < self->next; number++)
    ring[number & (2 * self->size - 1)] = *place_of (self, number);
  free_ring (self);
  self->ring = ring;
  self->size *= 2;
}

static DevSshCachedMessage *
next_place (DevSshMessageCache *self,
            gint64              time)
{
  DevSshCachedMessage *message;

  if (self->max_messages > 0 && self->next - self->first >= self->max_messages)
    drop_first (self);
  if (self->next - self->first == self->size)
    grow (self);

  message = place_of (self, self->next++);
  message->time = time;
  message->owner = NULL;
  message->body_length = 0;
  message->head_length = 0;
  return message;
}

void
devssh_message_cache_add (DevSshMessageCache *self,
                          const guint8       *head,
                          gsize               head_length,
                          const guint8       *body,
                          gsize               body_length,
                          GBytes             *owner,
                          gint64              time)
{
  DevSshCachedMessage *message = next_place (self, time);
  gsize together = head_length + body_length;

  if (owner == NULL && together <= DEVSSH_CACHED_HEAD)
    {
      memcpy (message->head, head, head_length);
      if (body_length > 0)
        memcpy (message->head + head_length, body, body_length);
      message->head_length = (guint8) together;
    }
  else if (owner != NULL && head_length <= DEVSSH_CACHED_HEAD)
    {
      memcpy (message->head, head, head_length);
      message->head_length = (guint8) head_length;
      message->owner = g_bytes_ref (owner);
      message->body = body;
      message->body_length = (guint32) body_length;
    }
  else
    {
      gsize in_head = MIN (head_length, DEVSSH_CACHED_HEAD);
      guint8 *copy = g_malloc (together - in_head);

      memcpy (message->head, head, in_head);
      memcpy (copy, head + in_head, head_length - in_head);
      if (body_length > 0)
        memcpy (copy + head_length - in_head, body, body_length);
      message->head_length = (guint8) in_head;
      message->body = copy;
      message->body_length = (guint32) (together - in_head);
    }

  self->bytes[is_data (message)] += get_cost (message);
}

void
devssh_message_cache_add_empty (DevSshMessageCache *self,
                                gint64              time)
{
  self->bytes[0] += get_cost (next_place (self, time));
}

gint64
devssh_message_cache_acknowledge (DevSshMessageCache *self,
                                  guint64             number)
{
  gint64 time = 0;

  while (self->first <= number && self->first < self->next)
    {
      time = place_of (self, self->first)->time;
      drop_first (self);
    }

  if (self->first == self->next && self->size > KEPT_SIZE)
    {
      free_ring (self);
      self->size = FIRST_SIZE;
      self->ring = g_new (DevSshCachedMessage, self->size);
    }

  return self->first == number + 1 ? time : 0;
}

guint64
devssh_message_cache_get_first (DevSshMessageCache *self)
{
  return self->first;
}

guint64
devssh_message_cache_get_next (DevSshMessageCache *self)
{
  return self->next;
}

const DevSshCachedMessage *
devssh_message_cache_get (DevSshMessageCache *self,
                          guint64             number)
{
  g_return_val_if_fail (number >= self->first && number < self->next, NULL);

  return place_of (self, number);
}

gsize
devssh_message_cache_get_data (DevSshMessageCache *self)
{
  return self->bytes[1];
}

gsize
devssh_message_cache_get_control (DevSshMessageCache *self)
{
  return self->bytes[0];
}
