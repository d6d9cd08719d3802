/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a channel receives: checked against its window, given to the one consumer, or kept for the first one that comes. */
#include <libdevssh/connection/devssh-connection-internal-private.h>

#include <stddef.h>

/* A slice keeps a whole receive buffer, so only what is large is one. */
#define SLICE_FROM (8 * 1024)

/* Turns of the loop after which a channel that closed without data stops looking for a late listener. */
#define MAX_PROBES 1000

static gboolean
is_slice (gsize         length,
          DevSshBuffer *buffer)
{
  return buffer != NULL && length >= SLICE_FROM;
}

static GBytes *
make_bytes (const guint8 *data,
            gsize         length,
            DevSshBuffer *buffer)
{
  return is_slice (length, buffer) ? devssh_buffer_slice (buffer, data, length) : g_bytes_new (data, length);
}

void
devssh_connection_event_keep (DevSshConnectionEvent *event)
{
  event->bytes = make_bytes (event->data, event->length, event->buffer);
  event->data = g_bytes_get_data (event->bytes, NULL);
  if (!is_slice (event->length, event->buffer))
    event->buffer = NULL;
}

/* ---- credit ---- */

static void
send_adjust (DevSshChannel *self,
             guint32        bytes)
{
  DevSshChannelWindowAdjustMessage message = { self->remote_id, bytes };
  DEVSSH_WRITER_AUTO (writer);

  devssh_channel_window_adjust_message_encode (&message, &writer);
  devssh_connection_send (self->connection, &writer);
}

static void
credit (DevSshChannel *self,
        gsize          bytes)
{
  DevSshConnection *connection = self->connection;
  guint32 more;

  if (connection == NULL || bytes == 0)
    return;

  more = devssh_window_consume (&self->window, &connection->clock, MIN (bytes, self->window.unread));
  /* After its EOF the peer sends no more data, whatever it may. */
  if (more > 0 && !self->eof_received)
    send_adjust (self, more);
}

void
devssh_channel_consumed (DevSshChannel *self,
                         gsize          bytes)
{
  credit (self, bytes);
}

/**
 * devssh_channel_adjust_window:
 * @self: a channel with [property@Channel:manual-credit]
 * @bytes: how many bytes of data were consumed
 * @error: return location for an error
 *
 * Says that @bytes of what [signal@Channel::data] and [signal@Channel::extended-data] brought are
 * done with, so that the peer may send as many again (RFC 4254, section 5.2). The peer is told when
 * half of the window has been given back. On a closed channel nothing happens.
 *
 * Returns: %TRUE, or %FALSE and `DEVSSH_ERROR_INVALID_STATE` if @bytes is more than was received and not
 *   given back yet
 *
 * Since: 1.0
 */
gboolean
devssh_channel_adjust_window (DevSshChannel  *self,
                              guint           bytes,
                              GError        **error)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL (self), FALSE);

  if (!devssh_context_check_here (self->context, G_STRFUNC, error))
    return FALSE;

  if (self->closed)
    return TRUE;

  if (bytes > self->handed)
    {
      if (self->connection != NULL)
        DEVSSH_TRACE (self->connection->config->tracer, WARNING, CHANNEL_WINDOW_ADJUST_FAILED,
                      "Channel %u: %u bytes given back of %u", self->id, bytes, self->handed);
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE,
                   "%u bytes cannot be given back: %u were received", bytes, self->handed);
      return FALSE;
    }

  self->handed -= bytes;
  credit (self, bytes);
  return TRUE;
}

/**
 * devssh_channel_set_manual_credit:
 * @self: a channel
 * @manual_credit: whether the application gives credit itself
 *
 * Sets [property@Channel:manual-credit]. Switched off, it gives back all that is still outstanding.
 *
 * Since: 1.0
 */
void
devssh_channel_set_manual_credit (DevSshChannel *self,
                                  gboolean       manual_credit)
{
  g_return_if_fail (DEVSSH_IS_CHANNEL (self));

  if (!devssh_context_check_here (self->context, G_STRFUNC, NULL) || self->manual_credit == !!manual_credit)
    return;

  self->manual_credit = manual_credit != FALSE;
  if (!manual_credit)
    {
      credit (self, self->handed);
      self->handed = 0;
    }
  g_object_notify (G_OBJECT (self), "manual-credit");
}

/* ---- as it comes ---- */

/* 93 */
void
devssh_channel_handle_adjust (DevSshConnection *connection,
                              DevSshChannel    *self,
                              const guint8     *payload,
                              gsize             length,
                              DevSshBuffer     *buffer)
{
  g_auto (DevSshChannelWindowAdjustMessage) message = { 0 };

  if (!devssh_channel_window_adjust_message_decode (&message, payload, length, NULL))
    devssh_connection_fail (connection, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "Malformed CHANNEL_WINDOW_ADJUST");
  else if (!devssh_window_add (&self->send_window, message.bytes_to_add))
    devssh_connection_fail (connection, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "A window above 2^32 - 1");
  else
    devssh_channel_advance (self);
}

static void
receive_data (DevSshConnection *connection,
              DevSshChannel    *self,
              guint32           data_type,
              DevSshSlice       data,
              DevSshBuffer     *buffer)
{
  DevSshConnectionEvent *event;
  gboolean hot;

  /* RFC 4254, 5.2: both are promises of the sender, and extended data counts as much (T-53, T-56). */
  if (data.length > connection->config->max_packet)
    {
      devssh_connection_fail (connection, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR,
                              "Data above the maximum packet size");
      return;
    }
  if (!devssh_window_receive (&self->window, &connection->clock, data.length))
    {
      devssh_connection_fail (connection, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "Data beyond the window");
      return;
    }

  self->bytes_received += data.length;
  if (data.length == 0)
    return;   /* legal, and nothing (T-55) */

  if (self->closed)
    {
      /* Closed here, and CLOSE waits behind our own data. The peer may have to get rid of its data first. */
      credit (self, data.length);
      return;
    }

  hot = connection->events.length == 0;
  if (hot)
    {
      event = &connection->hot;
      event->type = DEVSSH_CONNECTION_CHANNEL_DATA;
      event->channel = g_object_ref (self);
    }
  else
    {
      event = devssh_connection_push_event (connection, DEVSSH_CONNECTION_CHANNEL_DATA, self);
    }
  event->data_type = data_type;
  event->data = data.data;
  event->length = data.length;
  event->buffer = buffer;
  if (!hot)
    devssh_connection_event_keep (event);
}

/* 94 */
void
devssh_channel_handle_data (DevSshConnection *connection,
                            DevSshChannel    *self,
                            const guint8     *payload,
                            gsize             length,
                            DevSshBuffer     *buffer)
{
  DevSshChannelDataMessage message;

  if (devssh_channel_data_message_decode (&message, payload, length, NULL))
    receive_data (connection, self, 0, message.data, buffer);
  else
    devssh_connection_fail (connection, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "Malformed CHANNEL_DATA");
}

/* 95 */
void
devssh_channel_handle_extended (DevSshConnection *connection,
                                DevSshChannel    *self,
                                const guint8     *payload,
                                gsize             length,
                                DevSshBuffer     *buffer)
{
  DevSshChannelExtendedDataMessage message;

  if (!devssh_channel_extended_data_message_decode (&message, payload, length, NULL))
    {
      devssh_connection_fail (connection, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "Malformed CHANNEL_EXTENDED_DATA");
      return;
    }

  if (message.data_type != 0)
    {
      receive_data (connection, self, message.data_type, message.data, buffer);
      return;
    }

  /* Type 0 is nobody's (RFC 4254, 5.2), and must not pass for plain data: counted, credited, dropped. */
  if (message.data.length > connection->config->max_packet ||
      !devssh_window_receive (&self->window, &connection->clock, message.data.length))
    {
      devssh_connection_fail (connection, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "Data beyond the window");
      return;
    }
  self->bytes_received += message.data.length;
  credit (self, message.data.length);
}

/* 96 */
void
devssh_channel_handle_eof (DevSshConnection *connection,
                           DevSshChannel    *self,
                           const guint8     *payload,
                           gsize             length,
                           DevSshBuffer     *buffer)
{
  self->eof_received = TRUE;
  self->phase = self->phase == DEVSSH_CHANNEL_PHASE_CLOSING ? DEVSSH_CHANNEL_PHASE_CLOSING_EOF
                                                            : DEVSSH_CHANNEL_PHASE_OPEN_EOF;
  devssh_connection_trace_channel (connection, DEVSSH_TRACE_EVENT_CHANNEL_EOF_RECEIVED, self, "has no more data");
  if (!self->closed)
    devssh_connection_push_event (connection, DEVSSH_CONNECTION_CHANNEL_EOF, self);
}

/* ---- to whom it goes ---- */

static gboolean
has_handlers (DevSshChannel *self)
{
  return devssh_channel_hears_data (self) || devssh_channel_hears_extended (self);
}

/* Is there somebody for the thing that is next? */
static gboolean
may_emit (DevSshChannel *self,
          DevSshInKind   kind)
{
  if (self->consumer != NULL)
    return !self->paused || kind != DEVSSH_IN_DATA;

  if (self->end_told)
    return FALSE;

  return has_handlers (self) ||
         (kind == DEVSSH_IN_EOF && devssh_channel_hears_eof (self)) ||
         (kind == DEVSSH_IN_CLOSED && devssh_channel_hears_closed (self));
}

/* It is flushed once, whatever else comes until then. */
static void
flush_later (DevSshChannel *self)
{
  DevSshChannelConsumer *consumer = self->consumer;

  if (consumer == NULL || consumer->flush == NULL || consumer->due || self->connection == NULL)
    return;

  consumer->due = TRUE;
  consumer->next_due = self->connection->due;
  self->connection->due = consumer;
  devssh_connection_wake (self->connection);
}

void
devssh_channel_forget_flush (DevSshChannel *self)
{
  DevSshChannelConsumer *consumer = self->consumer;
  DevSshChannelConsumer **link;

  if (consumer == NULL || !consumer->due)
    return;

  for (link = &self->connection->due; *link != consumer; link = &(*link)->next_due)
    ;
  *link = consumer->next_due;
  consumer->due = FALSE;
}

gboolean
devssh_connection_run_flushes (DevSshConnection *self)
{
  gboolean any = self->due != NULL;

  while (self->due != NULL)
    {
      DevSshChannelConsumer *consumer = self->due;

      self->due = consumer->next_due;
      consumer->due = FALSE;
      consumer->flush (consumer);
    }
  return any;
}

/* owner: keeps data, or NULL. */
static void
emit_data (DevSshChannel *self,
           guint32        data_type,
           const guint8  *data,
           gsize          length,
           DevSshBuffer  *buffer,
           GBytes        *owner)
{
  g_autoptr(GBytes) bytes = NULL;
  gboolean extended, plain, manual;

  if (self->consumer != NULL)
    {
      credit (self, self->consumer->data (self->consumer, data_type, data, length, buffer));
      flush_later (self);
      return;
    }

  /* stderr is for a client's eyes if it has no other ears; it never is a server's input (T-56). */
  extended = data_type != 0 && devssh_channel_hears_extended (self);
  plain = !extended && devssh_channel_hears_data (self) &&
          (data_type == 0 || (data_type == DEVSSH_EXTENDED_DATA_STDERR && self->stderr_to_data));

  if (!extended && !plain)
    {
      credit (self, length);
      return;
    }

  bytes = owner != NULL ? g_bytes_ref (owner) : make_bytes (data, length, buffer);
  /* The handler may change it, and what it has in hands is given back once. */
  manual = self->manual_credit;
  if (manual)
    self->handed += (guint32) length;

  if (extended)
    devssh_channel_emit_extended (self, data_type, bytes);
  else
    devssh_channel_emit_data (self, bytes);

  if (!manual)
    credit (self, length);
}

static void
emit_eof (DevSshChannel *self)
{
  if (self->consumer != NULL)
    self->consumer->eof (self->consumer);

  /* Whoever comes late to read the rest is told by its own call: ::closed was the last signal (T-54). */
  if (!self->end_told)
    devssh_channel_emit_eof (self);
}

static void
emit_closed (DevSshChannel *self)
{
  DevSshChannelConsumer *consumer = g_steal_pointer (&self->consumer);

  self->ended = TRUE;
  if (consumer != NULL)
    consumer->closed (consumer, self->error);

  if (!self->end_told)
    {
      self->end_told = TRUE;
      devssh_channel_emit_closed (self);
    }
}

static void schedule_flush (DevSshChannel *self);

/* What is the next thing that waits? */
static DevSshInKind
first_waiting (DevSshChannel *self)
{
  if (self->unread != NULL)
    return DEVSSH_IN_DATA;

  return self->eof_waits ? DEVSSH_IN_EOF : self->closed_waits ? DEVSSH_IN_CLOSED : DEVSSH_IN_NOTHING;
}

/* Something waits behind what waits already. A handler that iterates the loop while we hand that out goes on with the next. */
static void
wait_for_reader (DevSshChannel *self)
{
  if (may_emit (self, first_waiting (self)))
    schedule_flush (self);
  else
    devssh_channel_watch_handlers (self);
}

static void
free_unread (DevSshChannel *self)
{
  devssh_unread_clear (self->unread);
  g_clear_pointer (&self->unread, g_free);
}

static void
emit_first_unread (DevSshChannel *self)
{
  DevSshBuffer *buffer;
  guint32 data_type;
  g_autoptr(GBytes) bytes = devssh_unread_pop (self->unread, &data_type, &buffer);
  gsize length;
  const guint8 *data = g_bytes_get_data (bytes, &length);

  if (self->unread->bytes.length == 0)
    free_unread (self);
  emit_data (self, data_type, data, length, buffer, bytes);
}

/* Hands out what waits, one thing after the other; every handler may change everything (T-64). */
static void
flush (DevSshChannel *self)
{
  DevSshInKind kind;

  self->flush_pending = FALSE;

  while ((kind = first_waiting (self)) != DEVSSH_IN_NOTHING && may_emit (self, kind))
    {
      if (kind == DEVSSH_IN_DATA)
        {
          emit_first_unread (self);
        }
      else if (kind == DEVSSH_IN_EOF)
        {
          self->eof_waits = FALSE;
          emit_eof (self);
        }
      else
        {
          self->closed_waits = FALSE;
          emit_closed (self);
        }
    }

  /* Who listens for the end and not for data does not want the data. A consumer that comes later still finds it. */
  if (self->closed_waits && self->consumer == NULL && !self->end_told && devssh_channel_hears_closed (self))
    {
      self->end_told = TRUE;
      devssh_channel_emit_closed (self);
    }

  /* One that comes after everything learns at least that. */
  if (first_waiting (self) == DEVSSH_IN_NOTHING && self->ended && self->consumer != NULL)
    emit_closed (self);

  devssh_channel_show_parked (self);
  devssh_channel_watch_handlers (self);
}

static void
flush_cb (gpointer data)
{
  flush (data);
}

static void
schedule_flush (DevSshChannel *self)
{
  if (self->flush_pending)
    return;

  self->flush_pending = TRUE;
  devssh_context_defer (self->context, flush_cb, g_object_ref (self), g_object_unref);
}

static void
probe_cb (DevSshProbe *probe)
{
  DevSshChannel *self = (DevSshChannel *) (void *) ((char *) probe - offsetof (DevSshChannel, probe));
  DevSshInKind first = first_waiting (self);

  if ((first != DEVSSH_IN_NOTHING && may_emit (self, first)) ||
      (self->closed_waits && devssh_channel_hears_closed (self)) ||
      (self->parked.length > 0 && devssh_channel_has_request_handler (self)))
    {
      devssh_probe_clear (probe);
      schedule_flush (self);
    }
  else if (first == DEVSSH_IN_CLOSED && ++self->probed > MAX_PROBES)
    {
      devssh_probe_clear (probe);
    }
}

/* GObject does not say when a handler is connected, so what waits for one looks for it, once each turn of
 * the loop and only then. A consumer says itself that it came. */
void
devssh_channel_watch_handlers (DevSshChannel *self)
{
  gboolean wanted = (first_waiting (self) != DEVSSH_IN_NOTHING && self->consumer == NULL && !self->end_told) ||
                    self->parked.length > 0;

  if (!wanted)
    devssh_probe_clear (&self->probe);
  else if (self->probe.context == NULL)
    devssh_probe_set (&self->probe, self->context, probe_cb);
}

void
devssh_channel_deliver_data (DevSshChannel         *self,
                             DevSshConnectionEvent *event)
{
  if (self->closed_here)
    {
      credit (self, event->length);
      return;
    }

  if (self->unread == NULL && may_emit (self, DEVSSH_IN_DATA))
    {
      emit_data (self, event->data_type, event->data, event->length, event->buffer, event->bytes);
      return;
    }

  if (self->unread == NULL)
    self->unread = g_new0 (DevSshUnread, 1);
  if (devssh_unread_push (self->unread, event->data_type, event->data, event->length, event->buffer))
    wait_for_reader (self);
  else
    /* Nobody knows so many types (T-56). */
    credit (self, event->length);
}

void
devssh_channel_deliver_eof (DevSshChannel *self)
{
  if (self->closed_here)
    return;

  if (self->unread == NULL && may_emit (self, DEVSSH_IN_EOF))
    {
      emit_eof (self);
    }
  else
    {
      self->eof_waits = TRUE;
      wait_for_reader (self);
    }
}

void
devssh_channel_deliver_closed (DevSshChannel *self)
{
  devssh_channel_notify_state (self);

  /* Who closed it does not wait to hear the rest. */
  if (self->closed_here)
    {
      devssh_channel_drop_input (self);
      emit_closed (self);
      return;
    }

  if (first_waiting (self) == DEVSSH_IN_NOTHING && may_emit (self, DEVSSH_IN_CLOSED))
    {
      emit_closed (self);
      return;
    }

  self->closed_waits = TRUE;
  wait_for_reader (self);
  flush (self);
}

gboolean
devssh_channel_has_unread (DevSshChannel *self)
{
  return self->unread != NULL;
}

void
devssh_channel_drop_input (DevSshChannel *self)
{
  gsize bytes = 0;

  if (self->unread != NULL)
    {
      bytes = self->unread->bytes.length;
      free_unread (self);
    }
  self->eof_waits = FALSE;
  self->closed_waits = FALSE;
  devssh_channel_watch_handlers (self);
  credit (self, bytes);
}

/* ---- the consumer ---- */

gboolean
devssh_channel_set_consumer (DevSshChannel          *self,
                             DevSshChannelConsumer  *consumer,
                             GError                **error)
{
  if (self->closed_here)
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_CHANNEL_CLOSED, "The channel is closed");
      return FALSE;
    }

  if (self->consumer != NULL || has_handlers (self))
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE,
                           "Somebody else reads this channel already");
      return FALSE;
    }

  self->consumer = consumer;
  devssh_channel_watch_handlers (self);
  if (first_waiting (self) != DEVSSH_IN_NOTHING || self->ended)
    schedule_flush (self);
  return TRUE;
}

void
devssh_channel_clear_consumer (DevSshChannel         *self,
                               DevSshChannelConsumer *consumer)
{
  if (self->consumer != consumer)
    return;

  devssh_channel_forget_flush (self);
  self->consumer = NULL;
  self->paused = FALSE;
  devssh_channel_watch_handlers (self);
}

void
devssh_channel_pause (DevSshChannel *self,
                      gboolean       paused)
{
  self->paused = paused != FALSE;
  if (!paused && first_waiting (self) != DEVSSH_IN_NOTHING)
    schedule_flush (self);
}

gboolean
devssh_channel_get_eof_received (DevSshChannel *self)
{
  return self->eof_received;
}
