/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How channels come to be: asking the peer, being asked, and handing out what nobody took at once. */
#include <libdevssh/connection/devssh-connection-internal-private.h>

#include <libdevssh/wire/devssh-names-private.h>

#include <string.h>

/* How long an open may wait for an answer that is known and cannot leave (docs/decisions/0006). */
#define HELD_MICROSECONDS (1 * G_USEC_PER_SEC)

void
devssh_connection_trace_channel (DevSshConnection *self,
                                 DevSshTraceEvent  event,
                                 DevSshChannel    *channel,
                                 const char       *what)
{
  g_autofree char *type = NULL;

  if (!devssh_tracer_wants (self->config->tracer, DEVSSH_TRACE_LEVEL_INFO))
    return;

  /* The name may be the peer's (T-57). */
  type = devssh_text_for_people ((const guint8 *) channel->channel_type, strlen (channel->channel_type));
  devssh_tracer_add (self->config->tracer, DEVSSH_TRACE_LEVEL_INFO, event,
                     "Channel %u (%s) %s", channel->id, type, what);
}

static GError *
closed_error (DevSshConnection *self)
{
  return self->ended != NULL
    ? g_error_copy (self->ended)
    : g_error_new_literal (DEVSSH_ERROR, DEVSSH_ERROR_CLOSED, "The session is closed");
}

static void
return_channel (DevSshChannel *channel,
                GTask         *task)
{
  devssh_context_return_pointer (channel->context, task, g_object_ref (channel), g_object_unref);
}

/* ---- our opens ---- */

static void
send_open (DevSshConnection *self,
           DevSshChannel    *channel)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (channel->open_message, &length);

  channel->phase = DEVSSH_CHANNEL_PHASE_OPENING;
  channel->window_announced = TRUE;
  devssh_outbox_send (self->outbox, data, length);
  if (channel->bundle != NULL)
    {
      DevSshBundle *bundle = g_steal_pointer (&channel->bundle);

      data = g_bytes_get_data (bundle->message, &length);
      devssh_outbox_send (self->outbox, data, length);
      if (bundle->task != NULL)
        devssh_connection_wait_for_reply (self, bundle->task);
      g_bytes_unref (bundle->message);
      g_free (bundle);
    }
  devssh_connection_wake (self);
}

void
devssh_connection_send_held_opens (DevSshConnection *self,
                                   GPtrArray        *openings)
{
  for (guint i = 0; i < openings->len; i++)
    {
      DevSshChannel *channel = g_ptr_array_index (openings, i);

      if (channel->connection != NULL && channel->phase == DEVSSH_CHANNEL_PHASE_NEVER)
        send_open (self, channel);
    }
}

static void
held_too_long_cb (DevSshDeadline *deadline)
{
  DevSshReplySlot *slot = (DevSshReplySlot *) (void *) ((char *) deadline - offsetof (DevSshReplySlot, openings_until));
  g_autoptr(GPtrArray) openings = g_steal_pointer (&slot->openings);

  devssh_connection_send_held_opens (slot->owner, openings);
}

/* An answer that is known may stand behind one that is not, and whoever has to give that one may be waiting for this very
 * channel (docs/decisions/0006): so it is not waited for without end. */
static void
hold_open (DevSshConnection *self,
           DevSshReplySlot  *slot,
           DevSshChannel    *channel)
{
  if (slot->openings == NULL)
    {
      slot->openings = g_ptr_array_new_with_free_func (g_object_unref);
      devssh_deadline_set (&slot->openings_until, self->config->context,
                           devssh_context_get_time (self->config->context) + HELD_MICROSECONDS, held_too_long_cb);
    }
  g_ptr_array_add (slot->openings, g_object_ref (channel));
}

static void
open_cancelled_cb (gpointer data)
{
  devssh_channel_cancel_opening (data, devssh_error_new_cancelled ());
}

void
devssh_channel_cancel_opening (DevSshChannel *self,
                               GError        *error)
{
  GTask *task = g_steal_pointer (&self->open_task);

  g_clear_pointer (&self->open_watch, devssh_cancel_watch_free);
  if (task != NULL)
    devssh_context_return_error (self->context, task, error);
  else
    g_error_free (error);

  switch (self->phase)
    {
    case DEVSSH_CHANNEL_PHASE_NEVER:
      devssh_channel_end (self, NULL);
      break;

    case DEVSSH_CHANNEL_PHASE_OPENING:
      /* The answer is on its way; until it comes the number is taken (design D16). */
      self->phase = DEVSSH_CHANNEL_PHASE_CANCELLED;
      break;

    default:
      devssh_channel_close (self);
    }
}

/* The open failed in some other way than by our own choice. */
static void
fail_open (DevSshConnection *self,
           DevSshChannel    *channel,
           guint32           reason,
           const char       *description)
{
  GTask *task = g_steal_pointer (&channel->open_task);

  devssh_connection_trace_channel (self, DEVSSH_TRACE_EVENT_CHANNEL_OPEN_FAILED, channel, "was refused");
  g_clear_pointer (&channel->open_watch, devssh_cancel_watch_free);
  if (task != NULL)
    devssh_context_return_error (self->config->context, task,
                                 g_error_new_literal (DEVSSH_CHANNEL_ERROR, (int) reason, description));
}

void
devssh_connection_open (DevSshConnection *self,
                        const char       *channel_type,
                        GBytes           *type_data,
                        guint             max_window,
                        GTask            *task)
{
  devssh_connection_open_bundled (self, channel_type, type_data, max_window, NULL, NULL, task);
}

void
devssh_connection_open_bundled (DevSshConnection         *self,
                                const char               *channel_type,
                                GBytes                   *type_data,
                                guint                     max_window,
                                const DevSshFirstRequest *request,
                                GTask                    *reply_task,
                                GTask                    *task)
{
  g_autoptr(DevSshChannel) channel = NULL;
  DEVSSH_WRITER_AUTO (writer);
  DevSshChannelOpenMessage message = { 0 };
  DevSshReplySlot *slot;
  GError *error = NULL;

  /* A channel that was opened must not vanish in a result that nobody sees. */
  g_task_set_check_cancellable (task, FALSE);

  if (self->ended != NULL)
    error = closed_error (self);
  else if (g_cancellable_is_cancelled (g_task_get_cancellable (task)))
    error = devssh_error_new_cancelled ();
  else if (max_window != 0 && max_window < self->config->max_packet)
    error = g_error_new (DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG,
                         "A window of %u bytes is smaller than a packet of %u",
                         max_window, self->config->max_packet);
  else if (self->table.n_used >= self->config->max_channels)
    error = g_error_new (DEVSSH_ERROR, DEVSSH_ERROR_LIMIT,
                         "There are %u channels already", self->table.n_used);
  else if (type_data != NULL)
    devssh_connection_check_payload (g_bytes_get_size (type_data), &error);

  if (error == NULL)
    {
      channel = devssh_channel_new (self, channel_type != NULL ? channel_type : "session", FALSE);
      if (!devssh_channel_table_add (&self->table, channel, &channel->id))
        error = g_error_new_literal (DEVSSH_ERROR, DEVSSH_ERROR_LIMIT, "All channel numbers are used up");
    }

  if (error != NULL)
    {
      if (channel != NULL)
        channel->connection = NULL;
      if (reply_task != NULL)
        devssh_context_return_error (self->config->context, reply_task, g_error_copy (error));
      devssh_context_return_error (self->config->context, task, error);
      return;
    }

  if (max_window != 0)
    {
      devssh_window_init (&channel->window, max_window, max_window);
      channel->fixed_window = TRUE;
    }

  channel->open_task = task;
  channel->open_watch = devssh_context_watch_cancellable (channel->context,
                                                          g_task_get_cancellable (task),
                                                          open_cancelled_cb, channel);

  message.channel_type = channel->channel_type;
  message.sender_channel = channel->id;
  message.initial_window = channel->window.size;
  message.maximum_packet = self->config->max_packet;
  if (type_data != NULL)
    message.type_data.data = g_bytes_get_data (type_data, &message.type_data.length);
  devssh_channel_open_message_encode (&message, &writer);
  channel->open_message = g_bytes_new (writer.data, writer.length);

  if (request != NULL)
    {
      channel->bundle = g_new0 (DevSshBundle, 1);
      channel->bundle->message = devssh_first_request_to_message (request, channel->id);
      channel->bundle->task = reply_task;
    }

  /* "The port is forwarded" must reach the peer before the first channel of that forward does. What is
   * not decided yet is not waited for: its handler may be the one who opens this channel (protocol.md 5.1). A no
   * makes nobody open anything. */
  slot = devssh_replies_last_promise (&self->replies);
  if (slot == NULL)
    send_open (self, channel);
  else
    hold_open (self, slot, channel);
}

static void opening_answered_cb (DevSshQuestion *question, gpointer data);

static DevSshChannelOpening *
ask (DevSshConnection *self,
     DevSshChannel    *channel,
     GBytes           *message,
     gsize             type_data_length)
{
  /* It is what the message ends with, which is kept anyway. */
  g_autoptr(GBytes) bytes = g_bytes_new_from_bytes (message, g_bytes_get_size (message) - type_data_length,
                                                    type_data_length);

  channel->opening = devssh_channel_opening_new (channel, bytes, channel->is_remote, self->principal);
  devssh_question_set_context (DEVSSH_QUESTION (channel->opening), channel->context);
  devssh_question_set_sink (DEVSSH_QUESTION (channel->opening), opening_answered_cb, channel);
  devssh_connection_push_event (self, DEVSSH_CONNECTION_CHANNEL_OPENING, channel)->opening = channel->opening;
  return channel->opening;
}

static void
send_close (DevSshConnection *self,
            guint32           remote_id)
{
  DevSshChannelCloseMessage message = { remote_id };
  DEVSSH_WRITER_AUTO (writer);

  devssh_channel_close_message_encode (&message, &writer);
  devssh_connection_send (self, &writer);
}

/* 91 */
void
devssh_connection_handle_confirmation (DevSshConnection *self,
                                       DevSshChannel    *channel,
                                       const guint8     *payload,
                                       gsize             length,
                                       DevSshBuffer     *buffer)
{
  g_auto (DevSshChannelOpenConfirmationMessage) message = { 0 };

  if (!devssh_channel_open_confirmation_message_decode (&message, payload, length, NULL))
    {
      devssh_connection_fail (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "Malformed CHANNEL_OPEN_CONFIRMATION");
      return;
    }

  if (channel->phase == DEVSSH_CHANNEL_PHASE_CANCELLED)
    {
      send_close (self, message.sender_channel);
      devssh_channel_end (channel, NULL);
      return;
    }

  /* Nothing could ever be sent on it (T-53). */
  if (message.maximum_packet == 0)
    {
      send_close (self, message.sender_channel);
      fail_open (self, channel, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED,
                 "The peer takes no packet of any size");
      devssh_channel_end (channel, NULL);
      return;
    }

  channel->phase = DEVSSH_CHANNEL_PHASE_OPEN;
  channel->remote_id = message.sender_channel;
  channel->send_window = message.initial_window;
  channel->peer_packet = message.maximum_packet;
  channel->send_packet = MIN (message.maximum_packet, self->config->max_packet);
  channel->confirmation_message = g_bytes_new (payload, length);
  ask (self, channel, channel->confirmation_message, message.type_data.length);
}

/* 92 */
void
devssh_connection_handle_open_failure (DevSshConnection *self,
                                       DevSshChannel    *channel,
                                       const guint8     *payload,
                                       gsize             length,
                                       DevSshBuffer     *buffer)
{
  g_auto (DevSshChannelOpenFailureMessage) message = { 0 };
  g_autofree char *description = NULL;

  if (!devssh_channel_open_failure_message_decode (&message, payload, length, NULL))
    {
      devssh_connection_fail (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "Malformed CHANNEL_OPEN_FAILURE");
      return;
    }

  if (message.description.length > 0)
    description = devssh_text_for_people (message.description.data, message.description.length);
  else
    description = g_strdup_printf ("The peer refused the channel (%s)",
                                   devssh_channel_open_failure_to_string (message.reason));

  fail_open (self, channel, message.reason, description);
  devssh_channel_end (channel, NULL);
}

/* ---- the peer's opens ---- */

static void
send_open_failure (DevSshConnection *self,
                   guint32           remote_id,
                   guint32           reason,
                   const char       *description)
{
  DevSshChannelOpenFailureMessage message = { remote_id, reason };
  DEVSSH_WRITER_AUTO (writer);

  message.description.data = (const guint8 *) description;
  message.description.length = strlen (description);
  devssh_channel_open_failure_message_encode (&message, &writer);
  devssh_connection_send (self, &writer);
  DEVSSH_TRACE (self->config->tracer, INFO, CHANNEL_OPEN_FAILED,
                "Refused a channel of the peer, reason %u", reason);
}

static void
send_confirmation (DevSshConnection *self,
                   DevSshChannel    *channel)
{
  DevSshChannelOpenConfirmationMessage message = { 0 };
  DEVSSH_WRITER_AUTO (writer);

  message.recipient_channel = channel->remote_id;
  message.sender_channel = channel->id;
  message.initial_window = channel->window.size;
  message.maximum_packet = self->config->max_packet;
  devssh_channel_open_confirmation_message_encode (&message, &writer);
  channel->confirmation_message = g_bytes_new (writer.data, writer.length);
  channel->window_announced = TRUE;
  devssh_connection_send (self, &writer);
}

/* 90 */
void
devssh_connection_handle_open (DevSshConnection *self,
                               DevSshChannel    *none,
                               const guint8     *payload,
                               gsize             length,
                               DevSshBuffer     *buffer)
{
  g_auto (DevSshChannelOpenMessage) message = { 0 };
  g_autoptr(DevSshChannel) channel = NULL;

  if (!devssh_channel_open_message_decode (&message, payload, length, NULL))
    {
      devssh_connection_fail (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "Malformed CHANNEL_OPEN");
      return;
    }

  if (message.channel_type[0] == '\0')
    {
      send_open_failure (self, message.sender_channel, DEVSSH_CHANNEL_OPEN_FAILURE_UNKNOWN_CHANNEL_TYPE,
                         "A channel needs a type");
      return;
    }
  if (message.maximum_packet == 0)
    {
      send_open_failure (self, message.sender_channel, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED,
                         "The maximum packet size is 0");
      return;
    }
  /* RFC 4253, 6.1: what everybody must be able to process is 32768 bytes, and openings are kept as long as their channels. */
  if (length > DEVSSH_DEFAULT_MAX_PACKET_SIZE)
    {
      send_open_failure (self, message.sender_channel, DEVSSH_CHANNEL_OPEN_FAILURE_RESOURCE_SHORTAGE,
                         "The message is too long");
      return;
    }
  if (self->table.n_used >= self->config->max_channels ||
      self->n_deciding >= self->config->max_pending_opens ||
      length > self->config->max_undecided_bytes - self->undecided_bytes)
    {
      send_open_failure (self, message.sender_channel, DEVSSH_CHANNEL_OPEN_FAILURE_RESOURCE_SHORTAGE,
                         "Too many channels");
      return;
    }

  channel = devssh_channel_new (self, message.channel_type, TRUE);
  if (!devssh_channel_table_add (&self->table, channel, &channel->id))
    {
      channel->connection = NULL;
      send_open_failure (self, message.sender_channel, DEVSSH_CHANNEL_OPEN_FAILURE_RESOURCE_SHORTAGE,
                         "All channel numbers are used up");
      return;
    }

  self->n_deciding++;
  self->undecided_bytes += length;
  channel->phase = DEVSSH_CHANNEL_PHASE_DECIDING;
  channel->remote_id = message.sender_channel;
  channel->send_window = message.initial_window;
  channel->peer_packet = message.maximum_packet;
  channel->send_packet = MIN (message.maximum_packet, self->config->max_packet);
  channel->open_message = g_bytes_new (payload, length);
  ask (self, channel, channel->open_message, message.type_data.length);
}

/* ---- the answer ---- */

static gboolean
type_fits (const char    *wanted,
           DevSshChannel *channel)
{
  return wanted == NULL || strcmp (wanted, channel->channel_type) == 0;
}

static void
acceptor_free (DevSshAcceptor *acceptor)
{
  g_clear_pointer (&acceptor->watch, devssh_cancel_watch_free);
  g_free (acceptor->channel_type);
  g_free (acceptor);
}

static GTask *
take_acceptor (DevSshConnection *self,
               DevSshChannel    *channel)
{
  for (GList *link = self->acceptors.head; link != NULL; link = link->next)
    {
      DevSshAcceptor *acceptor = link->data;

      if (type_fits (acceptor->channel_type, channel))
        {
          GTask *task = g_steal_pointer (&acceptor->task);

          g_queue_delete_link (&self->acceptors, link);
          acceptor_free (acceptor);
          return task;
        }
    }

  return NULL;
}

static void
offer (DevSshConnection *self,
       DevSshChannel    *channel)
{
  GTask *task = take_acceptor (self, channel);

  channel->fresh = TRUE;
  if (task != NULL)
    {
      return_channel (channel, task);
      return;
    }

  channel->unaccepted = TRUE;
  g_queue_push_tail (&self->unaccepted, g_object_ref (channel));
}

static void
set_open (DevSshConnection *self,
          DevSshChannel    *channel)
{
  channel->opened = TRUE;
  devssh_connection_trace_channel (self, DEVSSH_TRACE_EVENT_CHANNEL_OPENED, channel, "is open");
  devssh_connection_push_event (self, DEVSSH_CONNECTION_CHANNEL_OPENED, channel);
}

/* By its name: who takes any channel does not get one that a handler or a service has taken already. */
static gboolean
is_waited_for (DevSshConnection *self,
               const char       *channel_type)
{
  for (GList *link = self->acceptors.head; link != NULL; link = link->next)
    {
      if (g_strcmp0 (((DevSshAcceptor *) link->data)->channel_type, channel_type) == 0)
        return TRUE;
    }
  return FALSE;
}

static void
end_deciding (DevSshConnection *self,
              DevSshChannel    *channel)
{
  self->n_deciding--;
  self->undecided_bytes -= g_bytes_get_size (channel->open_message);
}

static void
decide_remote (DevSshConnection     *self,
               DevSshChannel        *channel,
               DevSshChannelOpening *opening)
{
  end_deciding (self, channel);
  if (!devssh_channel_opening_get_accepted (opening))
    {
      send_open_failure (self, channel->remote_id, devssh_channel_opening_get_reason (opening),
                         devssh_channel_opening_get_description (opening));
      devssh_channel_end (channel, NULL);
      return;
    }

  send_confirmation (self, channel);
  /* A handler may have closed what it accepted: then CLOSE waits in the queue, behind what it sent. */
  channel->phase = channel->closed_here ? DEVSSH_CHANNEL_PHASE_CLOSING : DEVSSH_CHANNEL_PHASE_OPEN;
  set_open (self, channel);
  if (!channel->closed_here && (channel->for_acceptor || is_waited_for (self, channel->channel_type)))
    offer (self, channel);
  devssh_channel_show_bundled (channel);
  devssh_channel_advance (channel);
}

static void
decide_local (DevSshConnection     *self,
              DevSshChannel        *channel,
              DevSshChannelOpening *opening)
{
  GTask *task;

  if (!devssh_channel_opening_get_accepted (opening))
    {
      send_close (self, channel->remote_id);
      fail_open (self, channel, devssh_channel_opening_get_reason (opening),
                 devssh_channel_opening_get_description (opening));
      devssh_channel_end (channel, NULL);
      return;
    }

  g_clear_pointer (&channel->open_watch, devssh_cancel_watch_free);
  task = g_steal_pointer (&channel->open_task);
  set_open (self, channel);
  if (task != NULL)
    return_channel (channel, task);
}

/* May be called from inside an application's call: it marks, sends and wakes, and emits nothing. */
static void
opening_answered_cb (DevSshQuestion *question,
                     gpointer        data)
{
  g_autoptr(DevSshChannel) channel = g_object_ref (data);
  DevSshConnection *self = channel->connection;

  channel->opening = NULL;
  if (channel->is_remote)
    decide_remote (self, channel, DEVSSH_CHANNEL_OPENING (question));
  else
    decide_local (self, channel, DEVSSH_CHANNEL_OPENING (question));
}

void
devssh_connection_opening_shown (DevSshConnection     *self,
                                 DevSshChannelOpening *opening,
                                 gboolean              handled,
                                 gboolean              nobody_listens)
{
  DevSshChannel *channel = devssh_channel_opening_get_channel (opening);

  if (!handled && channel->opening == opening && channel->is_remote)
    {
      gboolean room = devssh_connection_has_acceptor (self, channel->channel_type) ||
                      self->unaccepted.length < self->config->max_unaccepted;

      channel->for_acceptor = room;
      devssh_channel_opening_set_default (opening, room,
                                          nobody_listens
                                            ? DEVSSH_CHANNEL_OPEN_FAILURE_UNKNOWN_CHANNEL_TYPE
                                            : DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
    }

  devssh_question_end (DEVSSH_QUESTION (opening), handled);
}

void
devssh_channel_end_opening (DevSshChannel *self,
                            const GError  *error)
{
  GTask *task = g_steal_pointer (&self->open_task);
  DevSshBundle *bundle = g_steal_pointer (&self->bundle);

  g_clear_pointer (&self->open_watch, devssh_cancel_watch_free);
  if (bundle != NULL)
    {
      /* It never left. */
      if (bundle->task != NULL)
        devssh_context_return_error (self->context, bundle->task,
                                     g_error_new_literal (DEVSSH_ERROR, DEVSSH_ERROR_CHANNEL_CLOSED,
                                                          "The channel was not opened"));
      g_bytes_unref (bundle->message);
      g_free (bundle);
    }
  if (self->opening != NULL)
    {
      if (self->is_remote)
        end_deciding (self->connection, self);
      devssh_question_kill (DEVSSH_QUESTION (self->opening));
      self->opening = NULL;
    }

  if (task != NULL)
    devssh_context_return_error (self->context, task,
                                 error != NULL
                                   ? g_error_copy (error)
                                   : g_error_new_literal (DEVSSH_ERROR, DEVSSH_ERROR_CHANNEL_CLOSED,
                                                          "The channel closed while it was opened"));
}

/* ---- accepting ---- */

static void
accept_cancelled_cb (gpointer data)
{
  DevSshAcceptor *acceptor = data;
  DevSshConnection *self = acceptor->connection;
  GTask *task = g_steal_pointer (&acceptor->task);

  g_queue_remove (&self->acceptors, acceptor);
  devssh_context_return_cancelled (self->config->context, task);
  acceptor_free (acceptor);
}

void
devssh_connection_accept (DevSshConnection *self,
                          const char       *channel_type,
                          GTask            *task)
{
  DevSshAcceptor *acceptor;

  g_task_set_check_cancellable (task, FALSE);

  if (self->ended != NULL || g_cancellable_is_cancelled (g_task_get_cancellable (task)))
    {
      devssh_context_return_error (self->config->context, task,
                                   self->ended != NULL ? closed_error (self) : devssh_error_new_cancelled ());
      return;
    }

  for (GList *link = self->unaccepted.head; link != NULL; link = link->next)
    {
      DevSshChannel *channel = link->data;

      if (type_fits (channel_type, channel))
        {
          return_channel (channel, task);
          channel->unaccepted = FALSE;
          devssh_channel_watch_parked (channel);
          devssh_connection_forget_unaccepted (self, channel);
          return;
        }
    }

  acceptor = g_new0 (DevSshAcceptor, 1);
  acceptor->connection = self;
  acceptor->channel_type = g_strdup (channel_type);
  acceptor->task = task;
  acceptor->watch = devssh_context_watch_cancellable (self->config->context,
                                                      g_task_get_cancellable (task),
                                                      accept_cancelled_cb, acceptor);
  g_queue_push_tail (&self->acceptors, acceptor);
}

gboolean
devssh_connection_has_acceptor (DevSshConnection *self,
                                const char       *channel_type)
{
  for (GList *link = self->acceptors.head; link != NULL; link = link->next)
    {
      DevSshAcceptor *acceptor = link->data;

      if (acceptor->channel_type == NULL || g_strcmp0 (acceptor->channel_type, channel_type) == 0)
        return TRUE;
    }

  return FALSE;
}

void
devssh_connection_forget_unaccepted (DevSshConnection *self,
                                     DevSshChannel    *channel)
{
  channel->unaccepted = FALSE;
  if (g_queue_remove (&self->unaccepted, channel))
    g_object_unref (channel);
}

void
devssh_connection_end_acceptors (DevSshConnection *self,
                                 const GError     *error)
{
  DevSshAcceptor *acceptor;
  DevSshChannel *channel;

  while ((acceptor = g_queue_pop_head (&self->acceptors)) != NULL)
    {
      devssh_context_return_error (self->config->context, g_steal_pointer (&acceptor->task),
                                   g_error_copy (error));
      acceptor_free (acceptor);
    }

  while ((channel = g_queue_pop_head (&self->unaccepted)) != NULL)
    {
      channel->unaccepted = FALSE;
      g_object_unref (channel);
    }
}
