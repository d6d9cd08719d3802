/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How channels end: closed here, closed by the peer, or with the session (RFC 4254, 5.3). */
#include <libdevssh/connection/devssh-connection-internal-private.h>

static void
queue_close (DevSshChannel *self)
{
  DevSshChannelCloseMessage message = { self->remote_id };
  DEVSSH_WRITER_AUTO (writer);

  self->close_queued = TRUE;
  devssh_channel_close_message_encode (&message, &writer);
  devssh_channel_send_message (self, &writer, NULL, NULL, NULL);
}

static void
return_close_tasks (DevSshChannel *self,
                    const GError  *error)
{
  g_autoptr(GSList) tasks = g_slist_reverse (g_steal_pointer (&self->close_tasks));

  for (GSList *link = tasks; link != NULL; link = link->next)
    {
      DevSshPendingClose *pending = link->data;
      GTask *task = g_steal_pointer (&pending->task);

      g_clear_pointer (&pending->watch, devssh_cancel_watch_free);
      g_free (pending);
      if (task == NULL)
        continue;
      if (error != NULL)
        devssh_context_return_error (self->context, task, g_error_copy (error));
      else
        devssh_context_return_boolean (self->context, task, TRUE);
    }
}

void
devssh_channel_end (DevSshChannel *self,
                    const GError  *error)
{
  g_autoptr(DevSshChannel) hold = g_object_ref (self);
  g_autoptr(GError) closed = NULL;
  DevSshConnection *connection = self->connection;

  if (connection == NULL)
    return;

  self->closed = TRUE;
  if (error != NULL && self->error == NULL)
    self->error = g_error_copy (error);
  else if (error == NULL)
    closed = g_error_new_literal (DEVSSH_ERROR, DEVSSH_ERROR_CHANNEL_CLOSED, "The channel is closed");

  devssh_channel_end_opening (self, error);
  devssh_channel_end_exchange (self, error);
  devssh_channel_end_output (self, error != NULL ? error : closed);
  return_close_tasks (self, error);
  devssh_window_end (&self->window, &connection->clock);

  if (self->opened)
    devssh_connection_trace_channel (connection, DEVSSH_TRACE_EVENT_CHANNEL_CLOSED, self, "is closed");
  /* Also one that was never open, if somebody waits already for what it would have brought. */
  if (self->opened || self->consumer != NULL ||
      devssh_channel_hears_closed (self) || devssh_channel_watches_state (self))
    devssh_connection_push_event (connection, DEVSSH_CONNECTION_CHANNEL_CLOSED, self);

  self->phase = DEVSSH_CHANNEL_PHASE_GONE;
  devssh_channel_forget_flush (self);
  self->connection = NULL;
  devssh_channel_table_remove (&connection->table, self->id);
}

/* 97 */
void
devssh_channel_handle_close (DevSshConnection *connection,
                             DevSshChannel    *self,
                             const guint8     *payload,
                             gsize             length,
                             DevSshBuffer     *buffer)
{
  DevSshChannelCloseMessage message = { self->remote_id };
  DEVSSH_WRITER_AUTO (writer);

  if (self->manual_close && !self->closed)
    {
      self->phase = DEVSSH_CHANNEL_PHASE_CLOSE_RECEIVED;
      self->eof_received = TRUE;
      devssh_channel_drop_output_data (self);
      devssh_connection_push_event (connection, DEVSSH_CONNECTION_CHANNEL_CLOSE_RECEIVED, self);
      return;
    }

  /* RFC 4254, 5.3: "the party MUST send back an SSH_MSG_CHANNEL_CLOSE unless it has already sent this
   * message". A channel that has sent it is not here any more. What was queued before has no reader now. */
  devssh_channel_close_message_encode (&message, &writer);
  devssh_connection_send (connection, &writer);
  devssh_channel_end (self, NULL);
}

/* ---- public ---- */

/**
 * devssh_channel_close:
 * @self: a channel
 *
 * Closes the channel. For its user it is closed at once: nothing more can be sent, and what still
 * comes in is dropped. The peer gets what was sent before, as its window allows, and then
 * SSH_MSG_CHANNEL_CLOSE (RFC 4254, section 5.3); when that has left, [signal@Channel::closed] is
 * emitted. Closing a closed channel does nothing.
 *
 * Since: 1.0
 */
void
devssh_channel_close (DevSshChannel *self)
{
  g_return_if_fail (DEVSSH_IS_CHANNEL (self));

  if (!devssh_context_check_here (self->context, G_STRFUNC, NULL) || self->closed)
    return;

  self->closed = TRUE;
  self->closed_here = TRUE;

  /* Whatever is unread will never be read; a peer that must send before it reads can go on. */
  devssh_channel_drop_input (self);
  devssh_channel_consumed (self, self->window.unread);
  self->handed = 0;

  switch (self->phase)
    {
    case DEVSSH_CHANNEL_PHASE_OPEN:
      self->phase = DEVSSH_CHANNEL_PHASE_CLOSING;
      queue_close (self);
      break;

    case DEVSSH_CHANNEL_PHASE_OPEN_EOF:
      self->phase = DEVSSH_CHANNEL_PHASE_CLOSING_EOF;
      queue_close (self);
      break;

    case DEVSSH_CHANNEL_PHASE_CLOSE_RECEIVED:
    case DEVSSH_CHANNEL_PHASE_DECIDING:
      queue_close (self);
      break;

    case DEVSSH_CHANNEL_PHASE_NEVER:
    case DEVSSH_CHANNEL_PHASE_OPENING:
      devssh_channel_cancel_opening (self, g_error_new_literal (DEVSSH_ERROR, DEVSSH_ERROR_CHANNEL_CLOSED,
                                                                "The channel was closed while it was opened"));
      break;

    default:
      break;
    }
}

/**
 * devssh_channel_set_manual_close:
 * @self: a channel
 * @manual_close: whether the application answers the peer's close
 *
 * Sets [property@Channel:manual-close]. A close that the peer has sent already is not answered by that.
 *
 * Since: 1.0
 */
void
devssh_channel_set_manual_close (DevSshChannel *self,
                                 gboolean       manual_close)
{
  g_return_if_fail (DEVSSH_IS_CHANNEL (self));

  if (!devssh_context_check_here (self->context, G_STRFUNC, NULL) || self->manual_close == !!manual_close)
    return;

  self->manual_close = manual_close != FALSE;
  g_object_notify (G_OBJECT (self), "manual-close");
}

/**
 * devssh_channel_close_with_status:
 * @self: a channel
 * @exit_status: how the command ended; 0 means that all went well
 *
 * Tells the peer how the command on this channel ended (RFC 4254, section 6.10), then closes the
 * channel as [method@Channel.close] does. Both sides find the status in
 * [method@Channel.get_exit_status].
 *
 * Since: 1.0
 */
void
devssh_channel_close_with_status (DevSshChannel *self,
                                  guint          exit_status)
{
  g_return_if_fail (DEVSSH_IS_CHANNEL (self));

  if (!devssh_context_check_here (self->context, G_STRFUNC, NULL) || self->closed)
    return;

  self->exit_status = exit_status;
  devssh_channel_send_exit_status (self, exit_status);
  devssh_channel_close (self);
}

/**
 * devssh_channel_close_with_signal:
 * @self: a channel
 * @signal_name: the name of a signal without `SIG`, such as `KILL`
 * @message: (nullable): a text for people
 *
 * Tells the peer that the command on this channel was ended by a signal (RFC 4254, section 6.10), then
 * closes the channel as [method@Channel.close] does. Both sides find the signal in
 * [method@Channel.get_exit_signal].
 *
 * Since: 1.0
 */
void
devssh_channel_close_with_signal (DevSshChannel *self,
                                  const char    *signal_name,
                                  const char    *message)
{
  g_return_if_fail (DEVSSH_IS_CHANNEL (self));
  g_return_if_fail (signal_name != NULL && signal_name[0] != '\0');

  if (!devssh_context_check_here (self->context, G_STRFUNC, NULL) || self->closed)
    return;

  g_free (self->exit_signal);
  g_free (self->error_message);
  self->exit_signal = g_strdup (signal_name);
  self->error_message = g_strdup (message != NULL ? message : "");
  devssh_channel_send_exit_signal (self, self->exit_signal, self->error_message);
  devssh_channel_close (self);
}

static void
wait_cancelled_cb (gpointer data)
{
  DevSshPendingClose *pending = data;
  DevSshChannel *self = g_task_get_source_object (pending->task);

  g_clear_pointer (&pending->watch, devssh_cancel_watch_free);
  devssh_context_return_cancelled (self->context, g_steal_pointer (&pending->task));
}

/* gone: what is said of a channel that has ended already; NULL: that all is well. FALSE: called in a foreign thread, and told so. */
static gboolean
wait_for_end (DevSshChannel       *self,
              const GError        *gone,
              gpointer             source_tag,
              GCancellable        *cancellable,
              GAsyncReadyCallback  callback,
              gpointer             user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  DevSshPendingClose *pending;
  GError *error = NULL;

  g_task_set_source_tag (task, source_tag);
  if (!devssh_context_check_here (self->context, G_STRFUNC, &error))
    {
      devssh_context_return_error (self->context, task, error);
      return FALSE;
    }

  if (self->connection == NULL)
    {
      if (gone != NULL)
        devssh_context_return_error (self->context, task, g_error_copy (gone));
      else
        devssh_context_return_boolean (self->context, task, TRUE);
      return TRUE;
    }

  pending = g_new0 (DevSshPendingClose, 1);
  pending->task = task;
  pending->watch = devssh_context_watch_cancellable (self->context, cancellable, wait_cancelled_cb, pending);
  self->close_tasks = g_slist_prepend (self->close_tasks, pending);
  return TRUE;
}

/**
 * devssh_channel_wait_closed_async:
 * @self: a channel
 * @cancellable: (nullable): a way to stop waiting
 * @callback: (scope async) (closure user_data): called when the channel is closed
 * @user_data: for @callback
 *
 * Waits for the end of the channel (RFC 4254, section 5.3), whoever brings it. If it is the peer, how its command ended is known
 * then, also where it said so behind its last data: see [method@Channel.get_exit_status] (RFC 4254, section 6.10).
 *
 * Somebody has to read meanwhile what comes, or a peer with more to send than the window takes waits for ever.
 *
 * Since: 1.0
 */
void
devssh_channel_wait_closed_async (DevSshChannel       *self,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data)
{
  g_return_if_fail (DEVSSH_IS_CHANNEL (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  wait_for_end (self, self->error, devssh_channel_wait_closed_async, cancellable, callback, user_data);
}

/**
 * devssh_channel_wait_closed_finish:
 * @self: a channel
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Channel.wait_closed_async].
 *
 * Returns: %TRUE if the channel was closed in order; %FALSE and @error set if the session ended first, the channel could not
 *   be opened, or waiting was cancelled
 *
 * Since: 1.0
 */
gboolean
devssh_channel_wait_closed_finish (DevSshChannel  *self,
                                   GAsyncResult   *result,
                                   GError        **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * devssh_channel_close_async:
 * @self: a channel
 * @cancellable: (nullable): a way to stop waiting; the channel closes all the same
 * @callback: (scope async) (closure user_data): called when everything that was sent before, and the
 *   end, has left
 * @user_data: for @callback
 *
 * Closes the channel, as [method@Channel.close] does, and says when it is done. What its peer has not said yet, such as how a
 * command ended, is not waited for: [method@Channel.wait_closed_async] does.
 *
 * Since: 1.0
 */
void
devssh_channel_close_async (DevSshChannel       *self,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_return_if_fail (DEVSSH_IS_CHANNEL (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (wait_for_end (self, NULL, devssh_channel_close_async, cancellable, callback, user_data))
    devssh_channel_close (self);
}

/**
 * devssh_channel_close_finish:
 * @self: a channel
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Channel.close_async].
 *
 * Returns: %TRUE if the channel was closed in order, or was closed already; %FALSE and @error set if the
 *   session ended first, or waiting was cancelled
 *
 * Since: 1.0
 */
gboolean
devssh_channel_close_finish (DevSshChannel  *self,
                             GAsyncResult   *result,
                             GError        **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
