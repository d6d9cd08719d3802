/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Joins a channel and a stream (protocol.md 6.8). Bytes of the stream are read into a buffer of the pool and sealed from where they
 * lie; bytes of the channel are written from where they were decrypted, and only what the stream does not take at once is kept. */
#include <libdevssh/session/devssh-splice.h>

#include <libdevssh/base/devssh-byte-queue-private.h>
#include <libdevssh/base/devssh-error.h>
#include <libdevssh/connection/devssh-channel-private.h>
#include <libdevssh/session/devssh-io-source-private.h>

/* Fairness: so many buffers in a row for one splice before the loop sees the others. */
#define READS_PER_TURN 4

typedef struct
{
  DevSshChannelConsumer     consumer;       /* first: what the channel calls */
  guint                     ref_count;      /* the operation's, and that of calls which are on their way */
  DevSshContext            *context;
  DevSshChannel            *channel;
  DevSshIoWatch            *watch;
  DevSshChannelSpliceFlags  flags;
  GTask                    *task;
  DevSshCancelWatch        *cancel_watch;

  /* stream -> channel */
  DevSshBuffer             *buffer;         /* holds what is being sent; NULL: nothing is */
  guint                     reads_left;
  gboolean                  stream_ended;   /* its last byte, and EOF, are on their way */

  /* channel -> stream */
  DevSshByteQueue           waiting;        /* not credited yet: the peer's window is our bound */
  gboolean                  channel_eof;
  gboolean                  stream_shut;

  gboolean                  channel_closed;
  gboolean                  ended;          /* no more bytes either way */
  GError                   *error;          /* why it ended, if not well */
} DevSshSplice;

/**
 * DevSshChannelSpliceFlags:
 * @DEVSSH_CHANNEL_SPLICE_NONE: close nothing
 * @DEVSSH_CHANNEL_SPLICE_CLOSE_CHANNEL: close the channel at the end
 * @DEVSSH_CHANNEL_SPLICE_CLOSE_STREAM: close the stream at the end
 *
 * What [method@Channel.splice_async] closes.
 *
 * Since: 1.0
 */
G_DEFINE_FLAGS_TYPE (DevSshChannelSpliceFlags, devssh_channel_splice_flags,
                     G_DEFINE_ENUM_VALUE (DEVSSH_CHANNEL_SPLICE_NONE, "none"),
                     G_DEFINE_ENUM_VALUE (DEVSSH_CHANNEL_SPLICE_CLOSE_CHANNEL, "close-channel"),
                     G_DEFINE_ENUM_VALUE (DEVSSH_CHANNEL_SPLICE_CLOSE_STREAM, "close-stream"))

static void devssh_splice_read    (DevSshSplice *self);
static void devssh_splice_sent_cb (gpointer user_data, const GError *error);

static DevSshSplice *
devssh_splice_ref (DevSshSplice *self)
{
  self->ref_count++;
  return self;
}

static void
devssh_splice_unref (gpointer data)
{
  DevSshSplice *self = data;

  if (--self->ref_count > 0)
    return;

  g_clear_error (&self->error);
  g_object_unref (self->channel);
  devssh_context_unref (self->context);
  g_free (self);
}

/* ---- the end ---- */

/* A relay that broke must not look like one that came to its end: both sides learn of it (protocol.md 6.8). */
static void
devssh_splice_close_channel (DevSshSplice *self)
{
  if ((self->flags & DEVSSH_CHANNEL_SPLICE_CLOSE_CHANNEL) == 0 || self->channel_closed)
    return;

  if (self->error != NULL)
    devssh_channel_close_with_signal (self->channel, "SIGABRT", self->error->message);
  else
    devssh_channel_close (self->channel);
}

static void
devssh_splice_close_stream (DevSshSplice *self)
{
  if ((self->flags & DEVSSH_CHANNEL_SPLICE_CLOSE_STREAM) == 0)
    {
      g_clear_pointer (&self->watch, devssh_io_watch_free);
      return;
    }

  if (self->error != NULL)
    devssh_io_watch_abort (self->watch);
  g_clear_pointer (&self->watch, devssh_io_watch_free_and_close);
}

static void
devssh_splice_end_cb (gpointer data)
{
  DevSshSplice *self = data;
  GTask *task = g_steal_pointer (&self->task);

  g_clear_pointer (&self->cancel_watch, devssh_cancel_watch_free);
  if (self->buffer != NULL)
    {
      devssh_channel_unqueue (self->channel, self);
      g_clear_pointer (&self->buffer, devssh_buffer_unref);
    }
  devssh_channel_clear_consumer (self->channel, &self->consumer);
  devssh_byte_queue_clear (&self->waiting);
  devssh_splice_close_channel (self);
  devssh_splice_close_stream (self);

  if (self->error != NULL)
    devssh_context_return_error (self->context, task, g_steal_pointer (&self->error));
  else
    devssh_context_return_boolean (self->context, task, TRUE);
  devssh_splice_unref (self);
}

/* Consumes error. What follows comes from the loop: whoever found the end is still on the stack. */
static void
devssh_splice_end (DevSshSplice *self,
                   GError       *error)
{
  if (self->ended)
    {
      g_clear_error (&error);
      return;
    }

  self->ended = TRUE;
  self->error = error;
  devssh_io_watch_set_wanted (self->watch, 0);
  devssh_context_defer (self->context, devssh_splice_end_cb, devssh_splice_ref (self), devssh_splice_unref);
}

static void
devssh_splice_cancelled_cb (gpointer data)
{
  devssh_splice_end (data, devssh_error_new_cancelled ());
}

/* After every event: what is over, and what is waited for. */
static void
devssh_splice_settle (DevSshSplice *self)
{
  GIOCondition wanted = 0;

  if (self->ended)
    return;

  if (self->waiting.length == 0 && (self->channel_eof || self->channel_closed))
    {
      if (!self->stream_shut)
        {
          self->stream_shut = TRUE;
          devssh_io_watch_shutdown_write (self->watch);
        }
      if (self->channel_closed || (self->stream_ended && self->buffer == NULL))
        {
          devssh_splice_end (self, NULL);
          return;
        }
    }

  if (!self->stream_ended && !self->channel_closed && self->buffer == NULL)
    wanted |= G_IO_IN;
  if (self->waiting.length > 0)
    wanted |= G_IO_OUT;
  devssh_io_watch_set_wanted (self->watch, wanted);
}

/* ---- stream -> channel ---- */

/* Says who keeps the buffer: what must be remembered for a reconnect need not be copied. */
static void
devssh_splice_send (DevSshSplice *self,
                    gsize         length)
{
  g_autoptr(GBytes) owner = g_bytes_new_with_free_func (self->buffer->data, length, (GDestroyNotify) devssh_buffer_unref,
                                                        devssh_buffer_ref (self->buffer));

  devssh_channel_queue_data (self->channel, 0, self->buffer->data, length, owner, devssh_splice_sent_cb, self);
}

static void
devssh_splice_sent_cb (gpointer      user_data,
                       const GError *error)
{
  DevSshSplice *self = user_data;

  /* An error says that the channel is closed, which it tells by itself. */
  if (error != NULL || self->reads_left == 0)
    g_clear_pointer (&self->buffer, devssh_buffer_unref);
  else if (!self->ended)
    {
      if (devssh_buffer_is_shared (self->buffer))
        g_clear_pointer (&self->buffer, devssh_buffer_unref);
      devssh_splice_read (self);
    }
  devssh_splice_settle (self);
}

/* Into the buffer that is there, or a new one; without bytes there is none afterwards. */
static void
devssh_splice_read (DevSshSplice *self)
{
  GError *error = NULL;
  gssize n;

  if (self->buffer == NULL)
    self->buffer = devssh_buffer_new (devssh_context_get_buffer_pool (self->context));

  self->reads_left--;
  n = devssh_io_watch_read (self->watch, self->buffer->data, self->buffer->size, &error);
  if (n > 0)
    {
      devssh_splice_send (self, (gsize) n);
      return;
    }

  g_clear_pointer (&self->buffer, devssh_buffer_unref);
  if (n == DEVSSH_IO_WOULD_BLOCK)
    return;
  if (n < 0)
    {
      devssh_splice_end (self, error);
      return;
    }

  self->stream_ended = TRUE;
  /* It fails where the channel is closed, or EOF was sent by hand: then there is nothing to say. */
  devssh_channel_send_eof (self->channel, NULL);
}

/* ---- channel -> stream ---- */

/* Kept until all that came with the same read is there: many packets then make one write. */
static gsize
devssh_splice_data (DevSshChannelConsumer *consumer,
                    guint32                data_type,
                    const guint8          *data,
                    gsize                  length,
                    DevSshBuffer          *buffer)
{
  DevSshSplice *self = (DevSshSplice *) consumer;

  /* A stream has no second voice (T-56). */
  if (data_type != 0 || self->ended)
    return length;

  devssh_byte_queue_push (&self->waiting, data, length, buffer);
  return 0;
}

static void
devssh_splice_write_waiting (DevSshSplice *self)
{
  gsize written = 0;

  while (self->waiting.length > 0)
    {
      GOutputVector vectors[DEVSSH_IO_MAX_VECTORS];
      GError *error = NULL;
      guint n = devssh_byte_queue_peek_vectors (&self->waiting, vectors, G_N_ELEMENTS (vectors));
      gsize first = vectors[0].size;
      gssize taken = devssh_io_watch_write_vectors (self->watch, vectors, n, &error);

      if (taken == DEVSSH_IO_WOULD_BLOCK)
        break;
      if (taken < 0)
        {
          devssh_splice_end (self, error);
          return;
        }
      devssh_byte_queue_skip (&self->waiting, taken);
      written += taken;
      if ((gsize) taken < first)
        break;
    }

  if (written > 0 && !self->channel_closed)
    devssh_channel_consumed (self->channel, written);
}

static void
devssh_splice_flush (DevSshChannelConsumer *consumer)
{
  DevSshSplice *self = devssh_splice_ref ((DevSshSplice *) consumer);

  if (!self->ended)
    devssh_splice_write_waiting (self);
  devssh_splice_settle (self);
  devssh_splice_unref (self);
}

static void
devssh_splice_eof (DevSshChannelConsumer *consumer)
{
  DevSshSplice *self = (DevSshSplice *) consumer;

  self->channel_eof = TRUE;
  devssh_splice_settle (self);
}

static void
devssh_splice_closed (DevSshChannelConsumer *consumer,
                      const GError          *error)
{
  DevSshSplice *self = (DevSshSplice *) consumer;

  self->channel_closed = TRUE;
  if (error != NULL)
    devssh_splice_end (self, g_error_copy (error));
  else if (devssh_channel_get_exit_signal (self->channel) != NULL)
    devssh_splice_end (self, g_error_new (DEVSSH_ERROR, DEVSSH_ERROR_CHANNEL_CLOSED,
                                          "Channel was closed with signal %s",
                                          devssh_channel_get_exit_signal (self->channel)));
  else
    /* What has come is still written. */
    devssh_splice_settle (self);
}

static void
devssh_splice_ready_cb (DevSshIoWatch *watch,
                        GIOCondition   condition,
                        gpointer       user_data)
{
  DevSshSplice *self = devssh_splice_ref (user_data);

  self->reads_left = READS_PER_TURN;
  if ((condition & G_IO_OUT) != 0)
    devssh_splice_write_waiting (self);
  if ((condition & G_IO_IN) != 0 && !self->ended && self->buffer == NULL && !self->stream_ended)
    devssh_splice_read (self);
  devssh_splice_settle (self);
  devssh_splice_unref (self);
}

/* ---- public ---- */

/**
 * devssh_channel_splice_async:
 * @channel: a channel that nobody reads from yet
 * @stream: a stream; any kind will do, sockets are fastest
 * @flags: what to close at the end
 * @io_priority: the priority of the completion, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when it is over
 * @user_data: for @callback
 *
 * Joins @channel and @stream: what comes out of one goes into the other, both
 * ways, until both have ended or one of them breaks.
 *
 * A slow side holds the other one up: what is not written to @stream is not
 * credited to the peer, and nothing is read from @stream while the peer's
 * window is closed. The end of one direction is passed on by itself, as EOF
 * (RFC 4254, 5.3) or as a shutdown of the stream's writing side.
 *
 * If one side breaks or @cancellable is cancelled, and @flags say so, the
 * other one is told: the channel is closed with signal `SIGABRT`, a socket is
 * reset. Bytes that are on their way are then lost.
 *
 * Neither @channel's data nor @stream may be used by anybody else meanwhile.
 *
 * Since: 1.0
 */
void
devssh_channel_splice_async (DevSshChannel            *channel,
                             GIOStream                *stream,
                             DevSshChannelSpliceFlags  flags,
                             int                       io_priority,
                             GCancellable             *cancellable,
                             GAsyncReadyCallback       callback,
                             gpointer                  user_data)
{
  g_autoptr(GTask) task = NULL;
  DevSshContext *context;
  DevSshSplice *self;
  GError *error = NULL;

  g_return_if_fail (DEVSSH_IS_CHANNEL (channel));
  g_return_if_fail (G_IS_IO_STREAM (stream));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (channel, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_channel_splice_async);
  g_task_set_priority (task, io_priority);
  /* What happened is said, also if it happened just before the cancellation. */
  g_task_set_check_cancellable (task, FALSE);

  context = devssh_channel_get_context (channel);
  if (!devssh_context_check_here (context, G_STRFUNC, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  self = g_new0 (DevSshSplice, 1);
  self->consumer.data = devssh_splice_data;
  self->consumer.eof = devssh_splice_eof;
  self->consumer.closed = devssh_splice_closed;
  self->consumer.flush = devssh_splice_flush;
  self->ref_count = 1;
  self->context = devssh_context_ref (context);
  self->channel = g_object_ref (channel);
  self->flags = flags;
  self->watch = devssh_io_watch_new (context, stream, devssh_splice_ready_cb, self);
  if (!devssh_channel_set_consumer (channel, &self->consumer, &error))
    {
      g_clear_pointer (&self->watch, devssh_io_watch_free);
      devssh_splice_unref (self);
      devssh_context_return_error (context, g_steal_pointer (&task), error);
      return;
    }

  self->task = g_steal_pointer (&task);
  self->cancel_watch = devssh_context_watch_cancellable (context, cancellable, devssh_splice_cancelled_cb, self);
  devssh_splice_settle (self);
}

/**
 * devssh_channel_splice_finish:
 * @channel: a channel
 * @result: what the callback got
 * @error: return location for an error
 *
 * Tells how it ended.
 *
 * Returns: %TRUE: both sides came to their end, or @channel was closed in
 *   order; %FALSE and @error: one side broke, or it was cancelled
 *   (%G_IO_ERROR_CANCELLED), or somebody else reads from @channel
 *   (%DEVSSH_ERROR_INVALID_STATE)
 *
 * Since: 1.0
 */
gboolean
devssh_channel_splice_finish (DevSshChannel  *channel,
                              GAsyncResult   *result,
                              GError        **error)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL (channel), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, channel), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, devssh_channel_splice_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
