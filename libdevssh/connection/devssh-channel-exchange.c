/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests of a channel and their replies, both ways (RFC 4254, 5.4 and 6). */
#include <libdevssh/connection/devssh-connection-internal-private.h>

#include <libdevssh/wire/devssh-names-private.h>

#include <stddef.h>
#include <string.h>

#define MAX_REFUSALS 65536

/* How long requests wait for a handler on a channel that was accepted just now. */
#define PARKED_MICROSECONDS (5 * G_USEC_PER_SEC)

static void
send_answer (DevSshChannel *self,
             gboolean       success)
{
  DEVSSH_WRITER_AUTO (writer);

  devssh_writer_put_byte (&writer, success ? DEVSSH_MESSAGE_CHANNEL_SUCCESS : DEVSSH_MESSAGE_CHANNEL_FAILURE);
  devssh_writer_put_uint32 (&writer, self->remote_id);
  devssh_connection_send (self->connection, &writer);
}

void
devssh_channel_send_reply (DevSshChannel *self)
{
  DevSshReplySlot *slot = devssh_replies_first (&self->replies);
  guint refusals = slot->refusals;

  send_answer (self, slot->success);
  devssh_replies_remove (&self->replies, slot);
  while (refusals-- > 0)
    send_answer (self, FALSE);
}

static void
request_answered_cb (DevSshQuestion *question,
                     gpointer        data)
{
  DevSshReplySlot *slot = data;
  DevSshReplySlot *outer = slot->outer;
  DevSshChannel *self = slot->owner;
  gboolean success = devssh_channel_request_get_success (DEVSSH_CHANNEL_REQUEST (question));

  self->connection->undecided_bytes -= slot->bytes;
  devssh_replies_fill (&self->replies, slot, success, NULL);
  if (outer != NULL)
    devssh_connection_fill_reply (self->connection, outer, success);
  devssh_channel_place_replies (self);
}

/* Its turn comes; it is refused all the same. A number is all that it costs us. */
static void
refuse (DevSshChannel *self)
{
  if (!devssh_replies_refuse (&self->replies))
    {
      devssh_replies_add (&self->replies, self, NULL, TRUE, FALSE);
      devssh_channel_place_replies (self);
    }
  else if (self->replies.n_refusals > MAX_REFUSALS)
    {
      devssh_connection_fail (self->connection, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR,
                              "Too many channel requests");
    }
}

static void
succeed (DevSshChannel *self)
{
  if (self->replies.n_slots >= self->connection->config->max_channel_requests)
    {
      refuse (self);
      return;
    }

  devssh_replies_add (&self->replies, self, NULL, TRUE, TRUE);
  devssh_channel_place_replies (self);
}

/* RFC 4254, 6.10: how a command ended. Kept until the channel closes; no handler is asked. */
static gboolean
take_exit (DevSshChannel                     *self,
           const DevSshChannelRequestMessage *message,
           gboolean                          *malformed)
{
  *malformed = FALSE;

  if (strcmp (message->request, "exit-status") == 0)
    {
      g_auto (DevSshExitStatus) status = { 0 };

      *malformed = !devssh_exit_status_decode (&status, message->data.data, message->data.length, NULL);
      if (!*malformed)
        self->exit_status = status.status;
      return TRUE;
    }

  if (strcmp (message->request, "exit-signal") == 0)
    {
      g_auto (DevSshExitSignal) exit = { 0 };

      *malformed = !devssh_exit_signal_decode (&exit, message->data.data, message->data.length, NULL);
      if (!*malformed)
        {
          g_free (self->exit_signal);
          g_free (self->error_message);
          self->exit_signal = devssh_text_for_people (exit.signal_name.data, exit.signal_name.length);
          self->error_message = devssh_text_for_people (exit.message.data, exit.message.length);
        }
      return TRUE;
    }

  return FALSE;
}

/* A question, and the place of its answer; nobody has been shown it yet. NULL: there are too many. */
static DevSshChannelRequest *
take_request (DevSshChannel                     *self,
              const DevSshChannelRequestMessage *message,
              gboolean                           told,
              gboolean                           answered_here,
              DevSshReplySlot                  **slot)
{
  DevSshConnection *connection = self->connection;
  gsize bytes = strlen (message->request) + message->data.length;
  g_autoptr(GBytes) data = NULL;
  DevSshChannelRequest *request;

  if (self->replies.n_slots >= connection->config->max_channel_requests ||
      !devssh_connection_keep_undecided (connection, bytes))
    {
      self->dropped_requests++;
      DEVSSH_TRACE (connection->config->tracer, WARNING, CHANNEL_REQUEST_FAILED,
                    "Refused a request of channel %u: %u are unanswered", self->id, self->replies.n_slots);
      return NULL;
    }

  data = g_bytes_new (message->data.data, message->data.length);
  request = devssh_channel_request_new (self, message->request, told, data, connection->principal);
  *slot = devssh_replies_add (&self->replies, self, DEVSSH_QUESTION (request), answered_here, FALSE);
  (*slot)->bytes = bytes;
  devssh_question_set_context (DEVSSH_QUESTION (request), self->context);
  devssh_question_set_sink (DEVSSH_QUESTION (request), request_answered_cb, *slot);
  return request;
}

static void
show_request (DevSshChannel        *self,
              DevSshChannelRequest *taken)
{
  devssh_connection_push_event (self->connection, DEVSSH_CONNECTION_CHANNEL_REQUEST, self)->channel_request = taken;
}

/* 98 */
void
devssh_channel_handle_request (DevSshConnection *connection,
                               DevSshChannel    *self,
                               const guint8     *payload,
                               gsize             length,
                               DevSshBuffer     *buffer)
{
  g_auto (DevSshChannelRequestMessage) message = { 0 };
  DevSshChannelRequest *request;
  DevSshReplySlot *slot;
  gboolean malformed;

  if (!devssh_channel_request_message_decode (&message, payload, length, NULL))
    {
      devssh_connection_fail (connection, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "Malformed CHANNEL_REQUEST");
      return;
    }

  if (take_exit (self, &message, &malformed))
    {
      if (malformed)
        devssh_connection_fail (connection, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "Malformed exit of a command");
      else if (message.want_reply)
        succeed (self);
      return;
    }

  request = take_request (self, &message, message.want_reply, message.want_reply, &slot);
  if (request != NULL)
    show_request (self, request);
  else if (message.want_reply)
    refuse (self);
}

void
devssh_channel_handle_bundled (DevSshChannel                     *self,
                               const DevSshChannelRequestMessage *message,
                               gboolean                           want_reply)
{
  DevSshConnection *connection = self->connection;
  DevSshChannelRequest *request;
  DevSshReplySlot *slot;
  gboolean malformed;

  if (take_exit (self, message, &malformed))
    {
      if (malformed)
        devssh_connection_fail (connection, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "Malformed exit of a command");
      else if (want_reply)
        devssh_connection_fill_reply (connection,
                                      devssh_replies_add (&connection->replies, connection, NULL, TRUE, TRUE),
                                      TRUE);
      return;
    }

  /* It counts with the requests of the channel and with those of the session (T-52, T-76). */
  request = take_request (self, message, want_reply, FALSE, &slot);
  if (request == NULL)
    {
      if (want_reply)
        devssh_connection_refuse_request (connection);
      return;
    }

  slot->outer = devssh_replies_add (&connection->replies, connection, DEVSSH_QUESTION (request), want_reply, FALSE);
  if (self->phase == DEVSSH_CHANNEL_PHASE_DECIDING)
    g_queue_push_tail (&self->bundled, request);
  else
    show_request (self, request);
}

void
devssh_channel_show_bundled (DevSshChannel *self)
{
  DevSshChannelRequest *request;

  /* A channel that its handler has closed already answers nothing any more: they go with it. */
  while (!self->closed && (request = g_queue_pop_head (&self->bundled)) != NULL)
    show_request (self, request);
}

/* ---- requests that came before anybody listened ---- */

static void
show_parked (DevSshChannel *self)
{
  DevSshChannelRequest *request;

  devssh_deadline_clear (&self->parked_until);
  while ((request = g_queue_pop_tail (&self->parked)) != NULL)
    devssh_connection_push_request_first (self->connection, self, request);
}

static void
parked_too_long_cb (DevSshDeadline *deadline)
{
  DevSshChannel *self = (DevSshChannel *) (void *) ((char *) deadline - offsetof (DevSshChannel, parked_until));

  self->fresh = FALSE;
  show_parked (self);
}

void
devssh_channel_show_parked (DevSshChannel *self)
{
  if (self->fresh && devssh_channel_has_request_handler (self))
    {
      self->fresh = FALSE;
      show_parked (self);
    }
}

/* Whoever accepts a channel learns of it some turns of the loop after the peer did, and the peer's
 * first request may be there before the handler is. Elsewhere nobody listening is a no. */
void
devssh_channel_request_shown (DevSshChannel        *self,
                              DevSshChannelRequest *request,
                              gboolean              handled,
                              gboolean              nobody_listens)
{
  if (handled || !nobody_listens || !self->fresh || self->closed || self->connection == NULL)
    {
      devssh_question_end (DEVSSH_QUESTION (request), handled);
      return;
    }

  g_queue_push_tail (&self->parked, g_object_ref (request));
  devssh_question_end (DEVSSH_QUESTION (request), TRUE);
  devssh_channel_watch_parked (self);
}

/* On a channel that nobody has accepted yet they wait as long as it does. */
void
devssh_channel_watch_parked (DevSshChannel *self)
{
  if (self->parked.length == 0 || self->unaccepted)
    return;

  if (self->parked_until.context == NULL)
    devssh_deadline_set (&self->parked_until, self->context,
                         devssh_context_get_time (self->context) + PARKED_MICROSECONDS, parked_too_long_cb);
  devssh_channel_watch_handlers (self);
}

/* ---- our requests ---- */

/* 99, 100 */
void
devssh_channel_handle_reply (DevSshConnection *connection,
                             DevSshChannel    *self,
                             const guint8     *payload,
                             gsize             length,
                             DevSshBuffer     *buffer)
{
  DevSshPendingRequest *request = g_queue_peek_head (&self->requests);
  GTask *task;

  /* One that still waits behind our data cannot be what is answered. */
  if (request == NULL || !request->sent)
    {
      devssh_connection_count_unasked (connection);
      return;
    }

  g_queue_pop_head (&self->requests);
  if (devssh_pending_request_relay (request, payload[0] == DEVSSH_MESSAGE_CHANNEL_SUCCESS, NULL, 0))
    return;

  task = devssh_pending_request_steal (request);
  devssh_pending_request_free (request);
  if (task != NULL)
    devssh_context_return_boolean (self->context, task, payload[0] == DEVSSH_MESSAGE_CHANNEL_SUCCESS);
}

static void
send_request (DevSshChannel *self,
              const char    *request_type,
              gboolean       want_reply,
              DevSshSlice    data,
              GTask         *task)
{
  DevSshChannelRequestMessage message = { self->remote_id, (char *) request_type, want_reply, data };
  DevSshPendingRequest *request = NULL;
  DEVSSH_WRITER_AUTO (writer);

  devssh_channel_request_message_encode (&message, &writer);
  if (task != NULL)
    {
      request = devssh_pending_request_new (self->connection, self, task);
      g_queue_push_tail (&self->requests, request);
    }
  devssh_channel_send_message (self, &writer, request, NULL, NULL);
}

typedef struct
{
  DevSshChannel *channel;
  gsize          length;
} Relayed;

static void
relayed_left_cb (gpointer      data,
                 const GError *error)
{
  Relayed *self = data;

  self->channel->relayed_bytes -= self->length;
  g_object_unref (self->channel);
  g_free (self);
}

void
devssh_channel_relay_request (DevSshChannel        *self,
                              DevSshChannelRequest *request)
{
  GBytes *payload = devssh_channel_request_get_payload (request);
  gboolean want_reply = devssh_channel_request_get_want_reply (request);
  DevSshChannelRequestMessage message = { self->remote_id, (char *) devssh_channel_request_get_request_type (request), want_reply };
  DevSshPendingRequest *pending = NULL;
  Relayed *relayed;
  DEVSSH_WRITER_AUTO (writer);

  if (self->closed || !devssh_connection_may_relay (self->connection, g_bytes_get_size (payload), self->relayed_bytes))
    {
      devssh_channel_request_complete (request, FALSE);
      return;
    }

  message.data.data = g_bytes_get_data (payload, &message.data.length);
  devssh_channel_request_message_encode (&message, &writer);
  if (want_reply)
    {
      pending = g_new0 (DevSshPendingRequest, 1);
      pending->connection = self->connection;
      pending->channel = self;
      pending->relayed = g_object_ref (DEVSSH_QUESTION (request));
      g_queue_push_tail (&self->requests, pending);
    }
  relayed = g_new (Relayed, 1);
  *relayed = (Relayed) { g_object_ref (self), writer.length };
  self->relayed_bytes += writer.length;
  devssh_channel_send_message (self, &writer, pending, relayed_left_cb, relayed);
  if (!want_reply)
    devssh_channel_request_complete (request, TRUE);
}

/* May the channel still say something? Consumes task, with an error, if not. */
static gboolean
check_open (DevSshChannel *self,
            GTask         *task,
            gsize          length,
            const char    *function)
{
  GError *error = NULL;

  if (!devssh_context_check_here (self->context, function, &error))
    ;
  else if (self->closed)
    error = g_error_new_literal (DEVSSH_ERROR, DEVSSH_ERROR_CHANNEL_CLOSED, "The channel is closed");
  else if (g_cancellable_is_cancelled (g_task_get_cancellable (task)))
    error = devssh_error_new_cancelled ();
  else
    devssh_connection_check_payload (length, &error);

  if (error == NULL)
    return TRUE;

  devssh_context_return_error (self->context, task, error);
  return FALSE;
}

/**
 * devssh_channel_request_async:
 * @self: a channel
 * @request_type: what is asked for (RFC 4254, section 5.4)
 * @want_reply: whether the peer is to answer
 * @payload: (nullable): what follows the generic fields of the message
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the answer is there, or at once (from
 *   the main loop) if none is wanted
 * @user_data: for @callback
 *
 * Asks the peer for something on this channel. The request leaves behind the data that was sent
 * before it. Several may be on their way; each gets its own answer.
 *
 * If it is cancelled before it has left, nothing is sent.
 *
 * Since: 1.0
 */
void
devssh_channel_request_async (DevSshChannel       *self,
                              const char          *request_type,
                              gboolean             want_reply,
                              GBytes              *payload,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  DevSshSlice data = { NULL, 0 };
  GTask *task;

  g_return_if_fail (DEVSSH_IS_CHANNEL (self));
  g_return_if_fail (request_type != NULL && request_type[0] != '\0');
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_channel_request_async);
  if (payload != NULL)
    data.data = g_bytes_get_data (payload, &data.length);
  if (!check_open (self, task, data.length, G_STRFUNC))
    return;

  send_request (self, request_type, want_reply != FALSE, data, want_reply ? task : NULL);
  if (!want_reply)
    devssh_context_return_boolean (self->context, task, TRUE);
}

/**
 * devssh_channel_request_finish:
 * @self: a channel
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Channel.request_async]. The errors are `DEVSSH_ERROR_CHANNEL_CLOSED` if the channel was
 * closed when the call was made, `DEVSSH_ERROR_LIMIT` if the payload is longer than 255 KiB,
 * `G_IO_ERROR_CANCELLED`, and whatever ended the session.
 *
 * Returns: %TRUE if the peer granted the request, or no answer was wanted; %FALSE without an error
 *   if it refused, or closed the channel first; %FALSE and @error set if something failed
 *
 * Since: 1.0
 */
gboolean
devssh_channel_request_finish (DevSshChannel  *self,
                               GAsyncResult   *result,
                               GError        **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * devssh_channel_exec_async:
 * @self: a channel, of type `session` as a rule
 * @command: what to run; the peer's shell takes it apart
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the peer has answered
 * @user_data: for @callback
 *
 * Asks the peer to run a command (RFC 4254, section 6.5). The command's input and output are the
 * data of the channel, its standard error is extended data of type `DEVSSH_EXTENDED_DATA_STDERR`, and
 * how it ended is in [method@Channel.get_exit_status] once the channel is closed.
 *
 * Since: 1.0
 */
void
devssh_channel_exec_async (DevSshChannel       *self,
                           const char          *command,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  DevSshExec exec;
  DEVSSH_WRITER_AUTO (writer);
  GTask *task;

  g_return_if_fail (DEVSSH_IS_CHANNEL (self));
  g_return_if_fail (command != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_channel_exec_async);
  if (!check_open (self, task, strlen (command), G_STRFUNC))
    return;

  exec.command = (DevSshSlice) { (const guint8 *) command, strlen (command) };
  devssh_exec_encode (&exec, &writer);
  send_request (self, "exec", TRUE, (DevSshSlice) { writer.data, writer.length }, task);
}

/**
 * devssh_channel_exec_finish:
 * @self: a channel
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Channel.exec_async]. Besides the errors of [method@Channel.request_finish] there is
 * `DEVSSH_ERROR_REFUSED`: the peer does not run the command, or closed the channel first.
 *
 * Returns: %TRUE if the command was started
 *
 * Since: 1.0
 */
gboolean
devssh_channel_exec_finish (DevSshChannel  *self,
                            GAsyncResult   *result,
                            GError        **error)
{
  GError *local_error = NULL;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  if (g_task_propagate_boolean (G_TASK (result), &local_error))
    return TRUE;

  if (local_error == NULL)
    local_error = g_error_new_literal (DEVSSH_ERROR, DEVSSH_ERROR_REFUSED, "The peer refused to run the command");
  g_propagate_error (error, local_error);
  return FALSE;
}

/**
 * devssh_channel_send_signal:
 * @self: a channel
 * @signal_name: the name of a signal without `SIG`, such as `TERM` (RFC 4254, section 6.10)
 * @error: return location for an error
 *
 * Sends a signal to what runs at the other end (RFC 4254, section 6.9). There is no answer. A peer of
 * this library sees it as a request of type `signal`.
 *
 * Returns: %TRUE if it is on its way; %FALSE and `DEVSSH_ERROR_CHANNEL_CLOSED` if the channel is closed
 *
 * Since: 1.0
 */
gboolean
devssh_channel_send_signal (DevSshChannel  *self,
                            const char     *signal_name,
                            GError        **error)
{
  DevSshSignal message;
  DEVSSH_WRITER_AUTO (writer);

  g_return_val_if_fail (DEVSSH_IS_CHANNEL (self), FALSE);
  g_return_val_if_fail (signal_name != NULL && signal_name[0] != '\0', FALSE);

  if (!devssh_context_check_here (self->context, G_STRFUNC, error))
    return FALSE;

  if (self->closed)
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_CHANNEL_CLOSED, "The channel is closed");
      return FALSE;
    }

  message.signal_name = (DevSshSlice) { (const guint8 *) signal_name, strlen (signal_name) };
  devssh_signal_encode (&message, &writer);
  send_request (self, "signal", FALSE, (DevSshSlice) { writer.data, writer.length }, NULL);
  return TRUE;
}

void
devssh_channel_send_exit_status (DevSshChannel *self,
                                 guint32        status)
{
  DevSshExitStatus message = { status };
  DEVSSH_WRITER_AUTO (writer);

  devssh_exit_status_encode (&message, &writer);
  send_request (self, "exit-status", FALSE, (DevSshSlice) { writer.data, writer.length }, NULL);
}

void
devssh_channel_send_exit_signal (DevSshChannel *self,
                                 const char    *signal_name,
                                 const char    *text)
{
  DevSshExitSignal message = { 0 };
  DEVSSH_WRITER_AUTO (writer);

  message.signal_name = (DevSshSlice) { (const guint8 *) signal_name, strlen (signal_name) };
  message.message = (DevSshSlice) { (const guint8 *) text, strlen (text) };
  devssh_exit_signal_encode (&message, &writer);
  send_request (self, "exit-signal", FALSE, (DevSshSlice) { writer.data, writer.length }, NULL);
}

void
devssh_channel_end_exchange (DevSshChannel *self,
                             const GError  *error)
{
  DevSshPendingRequest *request;
  DevSshChannelRequest *parked;

  while ((request = g_queue_pop_head (&self->requests)) != NULL)
    {
      GTask *task;

      if (devssh_pending_request_relay (request, FALSE, NULL, 0))
        continue;

      task = devssh_pending_request_steal (request);
      devssh_pending_request_free (request);
      if (task == NULL)
        continue;
      if (error != NULL)
        devssh_context_return_error (self->context, task, g_error_copy (error));
      else
        devssh_context_return_boolean (self->context, task, FALSE);
    }

  while (self->replies.head != NULL)
    {
      DevSshReplySlot *outer = self->replies.head->outer;

      if (self->replies.head->question != NULL)
        {
          self->connection->undecided_bytes -= self->replies.head->bytes;
          devssh_question_kill (self->replies.head->question);
        }
      devssh_replies_remove (&self->replies, self->replies.head);
      if (outer != NULL)
        devssh_connection_fill_reply (self->connection, outer, FALSE);
    }

  devssh_deadline_clear (&self->parked_until);
  while ((parked = g_queue_pop_head (&self->parked)) != NULL)
    g_object_unref (parked);
  while ((parked = g_queue_pop_head (&self->bundled)) != NULL)
    g_object_unref (parked);
}
