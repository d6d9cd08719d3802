/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sending, as an application does it: one task per call, done when the last byte is sealed. */
#include <libdevssh/connection/devssh-connection-internal-private.h>

typedef struct
{
  GTask             *task;
  DevSshCancelWatch *watch;
  gsize              length;
} Send;

static GTask *
send_end (Send *send)
{
  GTask *task = send->task;

  g_clear_pointer (&send->watch, devssh_cancel_watch_free);
  g_free (send);
  return task;
}

static void
send_done_cb (gpointer      data,
              const GError *error)
{
  GTask *task = send_end (data);
  DevSshChannel *self = g_task_get_source_object (task);

  if (error != NULL)
    devssh_context_return_error (self->context, task, g_error_copy (error));
  else
    devssh_context_return_boolean (self->context, task, TRUE);
}

static void
send_cancelled_cb (gpointer data)
{
  Send *send = data;
  DevSshChannel *self = g_task_get_source_object (send->task);
  gboolean all_sent = devssh_channel_unqueue (self, send) == send->length;
  GTask *task = send_end (send);

  if (all_sent)
    devssh_context_return_boolean (self->context, task, TRUE);
  else
    devssh_context_return_cancelled (self->context, task);
}

/* The end of the data. What has left is told as it is, by what runs then. */
static void
eof_cancelled_cb (gpointer data)
{
  Send *send = data;
  DevSshChannel *self = g_task_get_source_object (send->task);

  if (devssh_channel_unqueue_eof (self, send))
    devssh_context_return_error (self->context, send_end (send),
                                 g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                                      "Operation was cancelled"));
}

/* May data be sent? */
static gboolean
check_open (DevSshChannel  *self,
            const char     *function,
            GError        **error)
{
  if (!devssh_context_check_here (self->context, function, error))
    return FALSE;

  if (self->closed)
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_CHANNEL_CLOSED, "The channel is closed");
      return FALSE;
    }

  return TRUE;
}

static gboolean
check_before_eof (DevSshChannel  *self,
                  const char     *function,
                  GError        **error)
{
  if (!check_open (self, function, error))
    return FALSE;

  if (self->phase == DEVSSH_CHANNEL_PHASE_CLOSE_RECEIVED)
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_CHANNEL_CLOSED, "The peer has closed the channel");
      return FALSE;
    }

  if (self->eof_queued)
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE, "The end of the data was sent");
      return FALSE;
    }

  return TRUE;
}

static void
send_data (DevSshChannel *self,
           guint32        data_type,
           GBytes        *bytes,
           GTask         *task)
{
  GCancellable *cancellable = g_task_get_cancellable (task);
  Send *send = g_new0 (Send, 1);
  const guint8 *data = g_bytes_get_data (bytes, &send->length);

  send->task = task;
  send->watch = devssh_context_watch_cancellable (self->context, cancellable, send_cancelled_cb, send);
  devssh_channel_queue_data (self, data_type, data, send->length, bytes, send_done_cb, send);
}

/* Nobody wants to hear of it: no task then, only the bytes in the queue (design D4). */
static void
send_untold (DevSshChannel *self,
             guint32        data_type,
             GBytes        *bytes,
             const char    *function)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (bytes, &length);

  if (length == 0 || !check_before_eof (self, function, NULL))
    return;

  if (length <= DEVSSH_SMALL_SEND)
    devssh_channel_queue_copy (self, data_type, data, length, NULL, NULL);
  else
    devssh_channel_queue_data (self, data_type, data, length, bytes, NULL, NULL);
}

static void
queue_eof (DevSshChannel  *self,
           DevSshSendDone  done,
           gpointer        user_data)
{
  DevSshChannelEofMessage message = { self->remote_id };
  DEVSSH_WRITER_AUTO (writer);

  self->eof_queued = TRUE;
  devssh_channel_eof_message_encode (&message, &writer);
  devssh_channel_send_message (self, &writer, NULL, done, user_data);
}

/* FALSE: the task was returned. */
static gboolean
begin (DevSshChannel *self,
       GTask         *task,
       const char    *function)
{
  GError *error = NULL;

  /* What has left has left, also if it was cancelled a moment later. */
  g_task_set_check_cancellable (task, FALSE);
  if (check_before_eof (self, function, &error) &&
      !g_cancellable_set_error_if_cancelled (g_task_get_cancellable (task), &error))
    return TRUE;

  devssh_context_return_error (self->context, task, error);
  return FALSE;
}

/**
 * devssh_channel_send_async:
 * @self: a channel
 * @data: what to send; nothing means the end, as [method@Channel.send_eof] does
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when @data has left
 * @user_data: for @callback
 *
 * Sends @data, of any length. Sends of one channel leave whole and in the order of the calls, in
 * packets, as the peer's window allows (RFC 4254, section 5.2); there is no need to wait for one
 * before the next is made. While a channel is being decided about, what is sent on it waits.
 *
 * A send that is cancelled stops where it is; what has left is not taken back.
 *
 * Since: 1.0
 */
void
devssh_channel_send_async (DevSshChannel       *self,
                           GBytes              *data,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  GTask *task;

  g_return_if_fail (DEVSSH_IS_CHANNEL (self));
  g_return_if_fail (data != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (callback == NULL && cancellable == NULL && g_bytes_get_size (data) > 0)
    {
      send_untold (self, 0, data, G_STRFUNC);
      return;
    }

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_channel_send_async);
  if (!begin (self, task, G_STRFUNC))
    return;

  if (g_bytes_get_size (data) > 0)
    {
      send_data (self, 0, data, task);
    }
  else
    {
      Send *send = g_new0 (Send, 1);

      send->task = task;
      send->watch = devssh_context_watch_cancellable (self->context, cancellable, eof_cancelled_cb, send);
      queue_eof (self, send_done_cb, send);
    }
}

/**
 * devssh_channel_send_finish:
 * @self: a channel
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Channel.send_async]. The errors are `DEVSSH_ERROR_CHANNEL_CLOSED`,
 * `DEVSSH_ERROR_INVALID_STATE` after the end of the data was sent, `G_IO_ERROR_CANCELLED`, and whatever
 * ended the session.
 *
 * Returns: %TRUE if all of the data has left
 *
 * Since: 1.0
 */
gboolean
devssh_channel_send_finish (DevSshChannel  *self,
                            GAsyncResult   *result,
                            GError        **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * devssh_channel_send_extended_async:
 * @self: a channel
 * @data_type: what kind of data, not 0: `DEVSSH_EXTENDED_DATA_STDERR` for standard error
 * @data: what to send; if it is empty, nothing is sent
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when @data has left
 * @user_data: for @callback
 *
 * Sends @data beside the main stream, in order with all else (RFC 4254, section 5.2). It uses the same
 * window.
 *
 * Since: 1.0
 */
void
devssh_channel_send_extended_async (DevSshChannel       *self,
                                    guint                data_type,
                                    GBytes              *data,
                                    GCancellable        *cancellable,
                                    GAsyncReadyCallback  callback,
                                    gpointer             user_data)
{
  GTask *task;

  g_return_if_fail (DEVSSH_IS_CHANNEL (self));
  g_return_if_fail (data_type != 0);
  g_return_if_fail (data != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (callback == NULL && cancellable == NULL)
    {
      send_untold (self, data_type, data, G_STRFUNC);
      return;
    }

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_channel_send_extended_async);
  if (begin (self, task, G_STRFUNC))
    send_data (self, data_type, data, task);
}

/**
 * devssh_channel_send_extended_finish:
 * @self: a channel
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Channel.send_extended_async], with the errors of [method@Channel.send_finish].
 *
 * Returns: %TRUE if all of the data has left
 *
 * Since: 1.0
 */
gboolean
devssh_channel_send_extended_finish (DevSshChannel  *self,
                                     GAsyncResult   *result,
                                     GError        **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * devssh_channel_send_eof:
 * @self: a channel
 * @error: return location for an error
 *
 * Says that no more data follows (RFC 4254, section 5.3), behind what was sent before. The peer may
 * still send. A second call does nothing.
 *
 * Returns: %TRUE if it is on its way; %FALSE and `DEVSSH_ERROR_CHANNEL_CLOSED` if the channel is closed
 *
 * Since: 1.0
 */
gboolean
devssh_channel_send_eof (DevSshChannel  *self,
                         GError        **error)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL (self), FALSE);

  if (!check_open (self, G_STRFUNC, error))
    return FALSE;

  if (!self->eof_queued)
    queue_eof (self, NULL, NULL);
  return TRUE;
}
