/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a channel sends: one queue in the order of the calls, drained as the peer's window opens and its turn comes. */
#include <libdevssh/connection/devssh-connection-internal-private.h>

#include <libdevssh/wire/devssh-uint32-private.h>
#include <string.h>

/* Small sends that wait together: the first has little room, the ones that follow it more and more. */
#define MIN_PACK 64
#define MAX_PACK 4000

typedef guint16 PackedLength;

static void
out_item_free (DevSshOutItem *item)
{
  g_clear_pointer (&item->owner, g_bytes_unref);
  g_clear_error (&item->error);
  g_free (item);
}

static void
out_queue_push (DevSshOutQueue *queue,
                DevSshOutItem  *item)
{
  item->next = NULL;
  if (queue->tail != NULL)
    queue->tail->next = item;
  else
    queue->head = item;
  queue->tail = item;
}

static DevSshOutItem *
out_queue_pop (DevSshOutQueue *queue)
{
  DevSshOutItem *item = queue->head;

  if (item == NULL)
    return NULL;

  queue->head = item->next;
  if (queue->head == NULL)
    queue->tail = NULL;
  item->next = NULL;
  return item;
}

static void
out_queue_remove (DevSshOutQueue *queue,
                  DevSshOutItem  *item)
{
  DevSshOutItem *before = NULL;

  for (DevSshOutItem *other = queue->head; other != item; other = other->next)
    before = other;

  if (before != NULL)
    before->next = item->next;
  else
    queue->head = item->next;
  if (queue->tail == item)
    queue->tail = before;
}

void
devssh_out_queue_run (DevSshOutQueue *done)
{
  DevSshOutItem *item;

  while ((item = out_queue_pop (done)) != NULL)
    {
      item->done (item->user_data, item->error);
      out_item_free (item);
    }
}

static void
run_done_cb (gpointer data)
{
  devssh_out_queue_run (data);
}

static void
release_done (gpointer data)
{
  g_rc_box_release (data);
}

/* It is over with this item; whoever waits is told later, with no engine's frame on the stack. */
static void
finish_item (DevSshChannel *self,
             DevSshOutItem *item,
             const GError  *error)
{
  if (item->done == NULL)
    {
      out_item_free (item);
      return;
    }

  item->error = error != NULL ? g_error_copy (error) : NULL;
  /* Whoever is told may want to use the memory again. */
  g_clear_pointer (&item->owner, g_bytes_unref);
  out_queue_push (self->done, item);
  if (self->connection != NULL)
    devssh_connection_wake (self->connection);
  else
    devssh_context_defer (self->context, run_done_cb, g_rc_box_acquire (self->done), release_done);
}

/* ---- taking turns ---- */

static void
ring_add (DevSshConnection *connection,
          DevSshChannel    *self)
{
  if (self->in_ring)
    return;

  self->in_ring = TRUE;
  if (connection->ring == NULL)
    {
      self->ring_next = self->ring_previous = self;
      connection->ring = self;
    }
  else
    {
      self->ring_next = connection->ring;
      self->ring_previous = connection->ring->ring_previous;
      self->ring_previous->ring_next = self;
      self->ring_next->ring_previous = self;
    }
  devssh_connection_wake (connection);
}

static void
ring_remove (DevSshConnection *connection,
             DevSshChannel    *self)
{
  if (!self->in_ring)
    return;

  self->in_ring = FALSE;
  self->ring_previous->ring_next = self->ring_next;
  self->ring_next->ring_previous = self->ring_previous;
  if (connection->ring == self)
    connection->ring = self->ring_next != self ? self->ring_next : NULL;
  self->ring_next = self->ring_previous = NULL;
}

/* Goes on with the next of several sends that are packed together; FALSE: there is none. */
static gboolean
next_packed (DevSshOutItem *item)
{
  const guint8 *next = item->data + item->length;
  PackedLength length;

  if (item->size == 0 || next == item->payload + item->used)
    return FALSE;

  memcpy (&length, next, sizeof length);
  item->data = next + sizeof length;
  item->length = length;
  item->offset = 0;
  return TRUE;
}

static gboolean
may_send (DevSshChannel *self)
{
  return self->connection != NULL && self->phase >= DEVSSH_CHANNEL_PHASE_OPEN;
}

static void
message_left (DevSshChannel        *self,
              guint8                number,
              DevSshPendingRequest *request)
{
  if (request != NULL)
    request->sent = TRUE;

  if (number == DEVSSH_MESSAGE_CHANNEL_CLOSE)
    devssh_channel_end (self, NULL);
}

static void
send_item (DevSshChannel *self,
           DevSshOutItem *item)
{
  if (item->kind == DEVSSH_OUT_REPLY)
    {
      devssh_channel_send_reply (self);
    }
  else
    {
      devssh_outbox_send (self->connection->outbox, item->payload, item->length);
      devssh_connection_wake (self->connection);
      message_left (self, item->payload[0], item->request);
    }

  finish_item (self, item, NULL);
}

void
devssh_channel_advance (DevSshChannel *self)
{
  g_autoptr(DevSshChannel) hold = g_object_ref (self);
  DevSshOutItem *head;

  while (may_send (self) && (head = self->out.head) != NULL)
    {
      if (head->kind == DEVSSH_OUT_REPLY && !devssh_replies_first (&self->replies)->filled)
        break;
      else if (head->kind != DEVSSH_OUT_DATA)
        send_item (self, out_queue_pop (&self->out));
      else if (head->offset == head->length)
        finish_item (self, out_queue_pop (&self->out), NULL);
      else
        break;
    }

  if (!may_send (self))
    return;

  if (self->out.head != NULL && self->out.head->kind == DEVSSH_OUT_DATA && self->send_window > 0)
    ring_add (self->connection, self);
  else
    ring_remove (self->connection, self);
}

gboolean
devssh_connection_has_data (DevSshConnection *self)
{
  return self->ring != NULL;
}

gboolean
devssh_connection_pull (DevSshConnection *self,
                        DevSshOutgoing   *out)
{
  DevSshChannel *channel = self->ring;
  DevSshOutItem *item;
  guint32 length;
  guint8 *head;

  if (channel == NULL)
    return FALSE;

  item = channel->out.head;
  /* RFC 4254, 5.2: as much as "the maximum packet size for the channel, and the current window size,
   * whichever is smaller". Both are above 0 here, so no packet is empty (T-53). */
  length = (guint32) MIN (item->length - item->offset, MIN (channel->send_window, channel->send_packet));

  head = out->head;
  *head++ = item->data_type == 0 ? DEVSSH_MESSAGE_CHANNEL_DATA : DEVSSH_MESSAGE_CHANNEL_EXTENDED_DATA;
  head = devssh_uint32_store (head, channel->remote_id);
  if (item->data_type != 0)
    head = devssh_uint32_store (head, item->data_type);
  head = devssh_uint32_store (head, length);

  out->head_length = (gsize) (head - out->head);
  out->body = item->data + item->offset;
  out->body_length = length;
  out->owner = item->owner;
  out->channel = channel;
  return TRUE;
}

void
devssh_connection_pulled (DevSshConnection *self,
                          DevSshOutgoing   *out)
{
  DevSshChannel *channel = out->channel;
  DevSshOutItem *item = channel->out.head;

  item->offset += out->body_length;
  channel->send_window -= (guint32) out->body_length;
  channel->out_bytes -= out->body_length;
  channel->bytes_sent += out->body_length;
  self->ring = channel->ring_next;

  if (item->offset == item->length && !next_packed (item))
    {
      devssh_channel_advance (channel);
    }
  else if (channel->send_window == 0)
    {
      ring_remove (self, channel);
      DEVSSH_TRACE (self->config->tracer, VERBOSE, CHANNEL_WAIT_FOR_WINDOW_ADJUST,
                    "Channel %u waits for its window", channel->id);
    }
}

gboolean
devssh_connection_run_done (DevSshConnection *self)
{
  DevSshOutQueue *done = self->done;

  if (done->head == NULL)
    return FALSE;

  /* The connection may go in one of the calls. */
  g_rc_box_acquire (done);
  devssh_out_queue_run (done);
  g_rc_box_release (done);
  return TRUE;
}

/* ---- queueing ---- */

void
devssh_channel_send_message (DevSshChannel        *self,
                             DevSshWriter         *writer,
                             DevSshPendingRequest *request,
                             DevSshSendDone        done,
                             gpointer              user_data)
{
  DevSshOutItem *item;

  if (done == NULL && self->out.head == NULL && may_send (self))
    {
      devssh_connection_send (self->connection, writer);
      message_left (self, writer->data[0], request);
      return;
    }

  item = g_malloc0 (sizeof *item + writer->length);
  item->kind = DEVSSH_OUT_MESSAGE;
  item->length = writer->length;
  memcpy (item->payload, writer->data, writer->length);
  item->request = request;
  item->done = done;
  item->user_data = user_data;
  out_queue_push (&self->out, item);
  devssh_channel_advance (self);
}

static void
place_reply (DevSshChannel   *self,
             DevSshReplySlot *slot)
{
  DevSshOutItem *item = g_malloc0 (sizeof *item);

  item->kind = DEVSSH_OUT_REPLY;
  slot->placed = TRUE;
  out_queue_push (&self->out, item);
}

void
devssh_channel_reserve_reply (DevSshChannel  *self,
                              DevSshQuestion *question)
{
  DevSshReplySlot *slot = devssh_replies_next (&self->replies);

  if (slot != NULL && slot->question == question && !self->closed)
    place_reply (self, slot);
}

/* Answers that are behind our data stay in their slots until their turn, so that a peer which lets no data
 * flow cannot make us queue more of them than there are slots. */
void
devssh_channel_place_replies (DevSshChannel *self)
{
  DevSshReplySlot *slot;

  /* RFC 4254, 5.3: nothing is sent after CLOSE. What has a place has it before. */
  while (!self->closed && (slot = devssh_replies_ready (&self->replies)) != NULL)
    {
      if (self->out.head == NULL)
        devssh_channel_send_reply (self);
      else
        place_reply (self, slot);
    }

  devssh_channel_advance (self);
}

static GError *
no_more_data (DevSshChannel *self)
{
  if (self->error != NULL)
    return g_error_copy (self->error);

  if (self->closed || self->phase == DEVSSH_CHANNEL_PHASE_CLOSE_RECEIVED)
    return g_error_new_literal (DEVSSH_ERROR, DEVSSH_ERROR_CHANNEL_CLOSED, "The channel is closed");

  return g_error_new_literal (DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE, "The end of the data was sent");
}

static void
queue_item (DevSshChannel *self,
            DevSshOutItem *item)
{
  if (self->closed || self->eof_queued || self->phase == DEVSSH_CHANNEL_PHASE_CLOSE_RECEIVED)
    {
      g_autoptr(GError) error = no_more_data (self);

      finish_item (self, item, error);
      return;
    }

  self->out_bytes += item->length;
  out_queue_push (&self->out, item);
  if (self->out.head == item)
    devssh_channel_advance (self);
}

static DevSshOutItem *
data_item_new (guint32         data_type,
               DevSshSendDone  done,
               gpointer        user_data,
               gsize           size)
{
  DevSshOutItem *item = g_malloc (sizeof *item + size);

  memset (item, 0, sizeof *item);
  item->kind = DEVSSH_OUT_DATA;
  item->data_type = data_type;
  item->done = done;
  item->user_data = user_data;
  return item;
}

void
devssh_channel_queue_data (DevSshChannel  *self,
                           guint32         data_type,
                           const guint8   *data,
                           gsize           length,
                           GBytes         *owner,
                           DevSshSendDone  done,
                           gpointer        user_data)
{
  DevSshOutItem *item = data_item_new (data_type, done, user_data, 0);

  item->data = data;
  item->length = length;
  item->owner = owner != NULL ? g_bytes_ref (owner) : NULL;
  queue_item (self, item);
}

/* Behind what is there; returns where it is. */
static const guint8 *
pack (DevSshOutItem *item,
      const guint8  *data,
      gsize          length)
{
  PackedLength packed_length = (PackedLength) length;
  guint8 *place = item->payload + item->used;

  memcpy (place, &packed_length, sizeof packed_length);
  memcpy (place + sizeof packed_length, data, length);
  item->used += sizeof packed_length + length;
  return place + sizeof packed_length;
}

gboolean
devssh_channel_queue_copy (DevSshChannel  *self,
                           guint32         data_type,
                           const guint8   *data,
                           gsize           length,
                           DevSshSendDone  done,
                           gpointer        user_data)
{
  DevSshOutItem *tail = self->out.tail;
  DevSshOutItem *item;
  gsize needed = sizeof (PackedLength) + length;
  gsize size = MIN_PACK;

  g_assert (length > 0);

  if (length > DEVSSH_SMALL_SEND)
    {
      item = data_item_new (data_type, done, user_data, length);
      item->data = memcpy (item->payload, data, length);
      item->length = length;
      queue_item (self, item);
      return FALSE;
    }

  if (tail != NULL && tail->size > 0 && tail->data_type == data_type &&
      tail->done == done && tail->user_data == user_data && !self->closed && !self->eof_queued)
    {
      if (needed <= (gsize) (tail->size - tail->used))
        {
          pack (tail, data, length);
          self->out_bytes += length;
          return TRUE;
        }
      size = MIN (2 * tail->size, MAX_PACK);
    }

  size = MAX (size, needed);
  item = data_item_new (data_type, done, user_data, size);
  item->size = (guint16) size;
  item->data = pack (item, data, length);
  item->length = length;
  queue_item (self, item);
  return FALSE;
}

gsize
devssh_channel_unqueue (DevSshChannel *self,
                        gpointer       user_data)
{
  for (DevSshOutItem *item = self->out.head; item != NULL; item = item->next)
    {
      gsize sealed = item->offset;

      if (item->user_data != user_data || item->kind != DEVSSH_OUT_DATA)
        continue;

      self->out_bytes -= item->length - sealed;
      out_queue_remove (&self->out, item);
      out_item_free (item);
      devssh_channel_advance (self);
      return sealed;
    }

  /* It is over already, and nobody was told yet. */
  for (DevSshOutItem *item = self->done->head; item != NULL; item = item->next)
    {
      gsize sealed = item->offset;

      if (item->user_data != user_data)
        continue;

      out_queue_remove (self->done, item);
      out_item_free (item);
      return sealed;
    }

  return 0;
}

gboolean
devssh_channel_unqueue_eof (DevSshChannel *self,
                            gpointer       user_data)
{
  for (DevSshOutItem *item = self->out.head; item != NULL; item = item->next)
    {
      if (item->user_data != user_data || item->kind != DEVSSH_OUT_MESSAGE)
        continue;

      self->eof_queued = FALSE;
      out_queue_remove (&self->out, item);
      out_item_free (item);
      devssh_channel_advance (self);
      return TRUE;
    }

  return FALSE;
}

gboolean
devssh_channel_unqueue_request (DevSshChannel        *self,
                                DevSshPendingRequest *request)
{
  for (DevSshOutItem *item = self->out.head; item != NULL; item = item->next)
    {
      if (item->request != request)
        continue;

      out_queue_remove (&self->out, item);
      out_item_free (item);
      devssh_channel_advance (self);
      return TRUE;
    }

  return FALSE;
}

gsize
devssh_channel_get_queued (DevSshChannel *self)
{
  return self->out_bytes;
}

gboolean
devssh_channel_get_eof_queued (DevSshChannel *self)
{
  return self->eof_queued;
}

/* The peer takes no more of it, and opens no window for it; what stands behind it can leave. */
void
devssh_channel_drop_output_data (DevSshChannel *self)
{
  g_autoptr(GError) error = no_more_data (self);
  DevSshOutQueue kept = { NULL, NULL };
  DevSshOutItem *item;

  while ((item = out_queue_pop (&self->out)) != NULL)
    {
      if (item->kind == DEVSSH_OUT_DATA)
        finish_item (self, item, error);
      else
        out_queue_push (&kept, item);
    }
  self->out = kept;
  self->out_bytes = 0;
  devssh_channel_advance (self);
}

void
devssh_channel_end_output (DevSshChannel *self,
                           const GError  *error)
{
  DevSshOutItem *item;

  if (self->connection != NULL)
    ring_remove (self->connection, self);

  while ((item = out_queue_pop (&self->out)) != NULL)
    finish_item (self, item, error);
  self->out_bytes = 0;
}
