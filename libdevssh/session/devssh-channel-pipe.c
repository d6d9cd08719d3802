/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Joins two channels (protocol.md 7.2): what comes in here goes out there, in the order in which it came. */
#include <libdevssh/session/devssh-pipe.h>

#include <libdevssh/base/devssh-error.h>
#include <libdevssh/connection/devssh-channel-private.h>
#include <libdevssh/session/devssh-session-private.h>

/* From here on what was received is sent from where it lies; below that a copy is cheaper than the buffer that a slice keeps. */
#define SLICE_FROM (16 * 1024)

typedef struct _Pipe Pipe;

/* One direction. */
typedef struct
{
  DevSshChannelConsumer  consumer;    /* first: what `from` calls */
  Pipe                  *pipe;
  DevSshChannel         *from;
  DevSshChannel         *to;
  GArray                *sent;        /* (element-type gsize): sends of `to` that are not done, how long each is */
  guint                  n_done;      /* of them, in front */
  gulong                 request_handler;
} Direction;

struct _Pipe
{
  gatomicrefcount    ref_count;
  DevSshContext     *context;
  GTask             *task;            /* NULL: it is over */
  DevSshCancelWatch *watch;
  Direction          ways[2];
};

static void
pipe_unref (gpointer data)
{
  Pipe *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  for (guint i = 0; i < 2; i++)
    {
      g_object_unref (self->ways[i].from);
      g_array_unref (self->ways[i].sent);
    }
  devssh_context_unref (self->context);
  g_free (self);
}

static Pipe *
pipe_ref (Pipe *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/* ---- the end ---- */

/* As `from` was closed. What broke must not look like what came to its end. */
static void
close_alike (DevSshChannel *from,
             DevSshChannel *to,
             const GError  *error)
{
  const char *signal = devssh_channel_get_exit_signal (from);
  gint64 status = devssh_channel_get_exit_status (from);

  if (error != NULL)
    devssh_channel_close_with_signal (to, "SIGABRT", error->message);
  else if (signal != NULL)
    devssh_channel_close_with_signal (to, signal, devssh_channel_get_error_message (from));
  else if (status >= 0)
    devssh_channel_close_with_status (to, (guint) status);
  else
    devssh_channel_close (to);
}

/* Consumes error. */
static void
pipe_end (Pipe   *self,
          GError *error)
{
  GTask *task = g_steal_pointer (&self->task);

  if (task == NULL)
    {
      g_clear_error (&error);
      return;
    }

  g_clear_pointer (&self->watch, devssh_cancel_watch_free);
  for (guint i = 0; i < 2; i++)
    {
      devssh_channel_clear_consumer (self->ways[i].from, &self->ways[i].consumer);
      g_clear_signal_handler (&self->ways[i].request_handler, self->ways[i].from);
    }
  if (error != NULL)
    devssh_context_return_error (self->context, task, error);
  else
    devssh_context_return_boolean (self->context, task, TRUE);
}

static void
pipe_cancelled_cb (gpointer data)
{
  Pipe *self = pipe_ref (data);
  g_autoptr(GError) error = devssh_error_new_cancelled ();

  for (guint i = 0; i < 2; i++)
    close_alike (self->ways[i].from, self->ways[i].to, error);
  pipe_end (self, g_steal_pointer (&error));
  pipe_unref (self);
}

/* ---- one direction ---- */

/* The peer may send as much again. */
static void
sent_cb (gpointer      data,
         const GError *error)
{
  Direction *self = data;

  if (error == NULL && self->pipe->task != NULL)
    devssh_channel_consumed (self->from, g_array_index (self->sent, gsize, self->n_done));
  /* Those that are done stay in front until they are many, so that each costs nothing. */
  if (++self->n_done == self->sent->len || self->n_done >= 256)
    {
      g_array_remove_range (self->sent, 0, self->n_done);
      self->n_done = 0;
    }
  pipe_unref (self->pipe);
}

static gsize
direction_data (DevSshChannelConsumer *consumer,
                guint32                data_type,
                const guint8          *data,
                gsize                  length,
                DevSshBuffer          *buffer)
{
  Direction *self = (Direction *) consumer;
  g_autoptr(GBytes) owner = NULL;

  if (length == 0 || self->pipe->task == NULL)
    return length;

  if (length <= DEVSSH_SMALL_SEND)
    {
      pipe_ref (self->pipe);
      if (devssh_channel_queue_copy (self->to, data_type, data, length, sent_cb, self))
        {
          /* It went into the one before, and they are done together. */
          g_array_index (self->sent, gsize, self->sent->len - 1) += length;
          pipe_unref (self->pipe);
        }
      else
        {
          g_array_append_val (self->sent, length);
        }
      return 0;
    }

  if (buffer != NULL && length >= SLICE_FROM)
    owner = g_bytes_new_with_free_func (data, length, (GDestroyNotify) devssh_buffer_unref, devssh_buffer_ref (buffer));
  else
    owner = g_bytes_new (data, length);
  pipe_ref (self->pipe);
  g_array_append_val (self->sent, length);
  devssh_channel_queue_data (self->to, data_type, g_bytes_get_data (owner, NULL), length, owner, sent_cb, self);
  return 0;
}

static void
direction_eof (DevSshChannelConsumer *consumer)
{
  /* It fails where the other side is closed, which it tells by itself. */
  devssh_channel_send_eof (((Direction *) consumer)->to, NULL);
}

static void
direction_closed (DevSshChannelConsumer *consumer,
                  const GError          *error)
{
  Direction *self = (Direction *) consumer;
  Pipe *pipe = pipe_ref (self->pipe);

  close_alike (self->from, self->to, error);
  pipe_end (pipe, error != NULL ? g_error_copy (error) : NULL);
  pipe_unref (pipe);
}

/* ---- requests ---- */

/* Two that are on their way overlap: replies have their own order at either end. */
static gboolean
request_cb (DevSshChannel        *channel,
            DevSshChannelRequest *request,
            Direction            *self)
{
  devssh_channel_relay_request (self->to, request);
  return TRUE;
}

static gboolean
direction_start (Direction  *self,
                 GError    **error)
{
  self->consumer.data = direction_data;
  self->consumer.eof = direction_eof;
  self->consumer.closed = direction_closed;
  if (!devssh_channel_set_consumer (self->from, &self->consumer, error))
    return FALSE;

  self->request_handler = g_signal_connect (self->from, "request", G_CALLBACK (request_cb), self);
  return TRUE;
}

/**
 * devssh_channel_pipe_async:
 * @self: a channel that nobody reads from
 * @other: another one, of the same main context
 * @cancellable: (nullable): a way to give up; both channels are closed then
 * @callback: (scope async) (closure user_data): called when either channel has closed, and the other one was told
 * @user_data: for @callback
 *
 * Joins two channels, most often of two sessions: data and extended data, the end of the data (RFC 4254, 5.3), requests and
 * their replies, and the close with its exit status or signal (RFC 4254, 6.10) go from each to the other, in the order in
 * which they came, also what came before this call.
 *
 * A slow side holds the other one up: what has not left there is not credited here. A request is refused once more than 1 MiB of requests
 * waits there, or if it is of more than 255 KiB.
 *
 * If a session is lost, the other channel is closed with signal `SIGABRT`.
 *
 * Since: 1.0
 */
void
devssh_channel_pipe_async (DevSshChannel       *self,
                           DevSshChannel       *other,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;
  DevSshContext *context;
  DevSshChannel *channels[] = { self, other };
  GError *error = NULL;
  Pipe *pipe;

  g_return_if_fail (DEVSSH_IS_CHANNEL (self));
  g_return_if_fail (DEVSSH_IS_CHANNEL (other) && other != self);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_channel_pipe_async);
  g_task_set_check_cancellable (task, FALSE);
  context = devssh_channel_get_context (self);
  if (!devssh_context_check_here (context, G_STRFUNC, &error) ||
      !devssh_context_check_here (devssh_channel_get_context (other), G_STRFUNC, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  pipe = g_new0 (Pipe, 1);
  g_atomic_ref_count_init (&pipe->ref_count);
  pipe->context = devssh_context_ref (context);
  for (guint i = 0; i < 2; i++)
    {
      pipe->ways[i].pipe = pipe;
      pipe->ways[i].from = g_object_ref (channels[i]);
      pipe->ways[i].to = channels[1 - i];
      pipe->ways[i].sent = g_array_new (FALSE, FALSE, sizeof (gsize));
    }

  if (!direction_start (&pipe->ways[0], &error) || !direction_start (&pipe->ways[1], &error))
    {
      devssh_channel_clear_consumer (pipe->ways[0].from, &pipe->ways[0].consumer);
      g_clear_signal_handler (&pipe->ways[0].request_handler, pipe->ways[0].from);
      devssh_context_return_error (context, g_steal_pointer (&task), error);
      pipe_unref (pipe);
      return;
    }

  /* The pipe keeps itself until it is over. */
  pipe->task = g_steal_pointer (&task);
  g_object_set_data_full (G_OBJECT (pipe->task), "devssh-pipe", pipe, pipe_unref);
  pipe->watch = devssh_context_watch_cancellable (context, cancellable, pipe_cancelled_cb, pipe);
}

/**
 * devssh_channel_pipe_finish:
 * @self: a channel
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@Channel.pipe_async]. The errors are `DEVSSH_ERROR_INVALID_STATE` if somebody reads from one of the channels,
 * `G_IO_ERROR_CANCELLED`, and whatever ended a session.
 *
 * Returns: %TRUE if the channels were closed in an orderly way
 *
 * Since: 1.0
 */
gboolean
devssh_channel_pipe_finish (DevSshChannel  *self,
                            GAsyncResult   *result,
                            GError        **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
