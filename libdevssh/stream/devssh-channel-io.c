/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes of a channel, for its stream: queued, read, written, polled and waited for. */
#include <libdevssh/stream/devssh-channel-io-private.h>

#include <libdevssh/base/devssh-byte-queue-private.h>
#include <libdevssh/base/devssh-error.h>
#include <libdevssh/wire/devssh-numbers.h>
#include <string.h>

/* A stream that is polled takes so much before it says that it would block. */
#define WRITE_AHEAD (256 * 1024)

/* A read or a write; on the heap if a task waits for it, else on the stack of whoever waits. */
typedef struct
{
  DevSshChannelIo   *io;
  gboolean           is_write;
  gboolean           block;
  guint8            *buffer;        /* of a write: only read from */
  gsize              count;
  gsize              done;          /* bytes read so far; more may come until the reader is told */
  gboolean           telling;       /* the end of a read is on its way */
  GTask             *task;          /* NULL: somebody waits for finished */
  GCancellable      *cancellable;   /* the starter's */
  DevSshCancelWatch *cancel_watch;

  /* For one that waits; under lock if that is another thread. */
  gboolean           elsewhere;
  GMutex             lock;
  GCond              cond;
  gboolean           finished;
  gssize             result;
  GError            *error;
} Operation;

struct _DevSshChannelIo
{
  DevSshChannelConsumer  consumer;   /* first: what the channel calls */
  gatomicrefcount        ref_count;
  DevSshContext         *context;
  DevSshChannel         *channel;    /* NULL: still to come */
  GObject               *session;    /* a stream holds both (design D18) */
  gboolean               whole;      /* the stream is all of its session */

  DevSshByteQueue        queue;      /* not read yet, so not credited yet */
  gboolean               eof;
  gboolean               closed;
  GError                *closed_error;
  gboolean               input_closed;   /* by us */
  gboolean               output_closed;
  Operation             *read;       /* the one that waits */
  Operation             *write;      /* the one that waits for the channel */
  guint                  n_ahead;    /* pieces taken from who polls, on their way */
  gsize                  ahead;      /* at most so many bytes of them are not sealed yet */

  int                    ready;      /* atomic: G_IO_IN, G_IO_OUT */
  GMutex                 sources_lock;
  GSList                *sources;    /* (element-type IoSource): to be woken; a source removes itself */
};

typedef struct
{
  GSource          source;
  DevSshChannelIo *io;
  GIOCondition     condition;
} IoSource;

/* ---- polling ---- */

static gboolean
devssh_channel_io_source_prepare (GSource *source,
                                  int     *timeout)
{
  IoSource *self = (IoSource *) source;

  *timeout = -1;
  return devssh_channel_io_is_ready (self->io, self->condition);
}

static gboolean
devssh_channel_io_source_check (GSource *source)
{
  IoSource *self = (IoSource *) source;

  return devssh_channel_io_is_ready (self->io, self->condition);
}

static gboolean
devssh_channel_io_source_dispatch (GSource     *source,
                                   GSourceFunc  callback,
                                   gpointer     user_data)
{
  g_source_set_ready_time (source, -1);
  return callback (user_data);
}

/* While it still is a source: another thread may be about to wake it. */
static void
devssh_channel_io_source_dispose (GSource *source)
{
  IoSource *self = (IoSource *) source;

  g_mutex_lock (&self->io->sources_lock);
  self->io->sources = g_slist_remove (self->io->sources, self);
  g_mutex_unlock (&self->io->sources_lock);
}

static void
devssh_channel_io_source_finalize (GSource *source)
{
  devssh_channel_io_unref (((IoSource *) source)->io);
}

/* Ours is always the child of a GPollableSource, which is called for both; GIO gives the child a closure that does nothing. */
static gboolean
devssh_channel_io_source_closure (gpointer closure)
{
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs devssh_channel_io_source_funcs =
{
  .prepare = devssh_channel_io_source_prepare,
  .check = devssh_channel_io_source_check,
  .dispatch = devssh_channel_io_source_dispatch,
  .finalize = devssh_channel_io_source_finalize,
  .closure_callback = devssh_channel_io_source_closure,
};

GSource *
devssh_channel_io_source_new (DevSshChannelIo *self,
                              GIOCondition     condition)
{
  GSource *source = g_source_new (&devssh_channel_io_source_funcs, sizeof (IoSource));
  IoSource *io_source = (IoSource *) source;

  io_source->io = devssh_channel_io_ref (self);
  io_source->condition = condition;
  g_source_set_static_name (source, "[libdevssh] channel stream");
  g_source_set_dispose_function (source, devssh_channel_io_source_dispose);

  g_mutex_lock (&self->sources_lock);
  self->sources = g_slist_prepend (self->sources, io_source);
  g_mutex_unlock (&self->sources_lock);
  return source;
}

gboolean
devssh_channel_io_is_ready (DevSshChannelIo *self,
                            GIOCondition     condition)
{
  return ((GIOCondition) g_atomic_int_get (&self->ready) & condition) != 0;
}

/* Also after the end: to learn of it, one has to read or write. */
static void
devssh_channel_io_update_ready (DevSshChannelIo *self)
{
  GIOCondition before = g_atomic_int_get (&self->ready);
  GIOCondition now = 0;

  if (self->queue.length > 0 || self->eof || self->closed || self->input_closed)
    now |= G_IO_IN;
  if ((self->channel != NULL && self->ahead < WRITE_AHEAD) || self->closed || self->output_closed)
    now |= G_IO_OUT;
  if (now == before)
    return;

  g_atomic_int_set (&self->ready, now);
  if ((now & ~before) == 0)
    return;

  g_mutex_lock (&self->sources_lock);
  for (GSList *l = self->sources; l != NULL; l = l->next)
    {
      IoSource *source = l->data;

      if ((source->condition & now & ~before) != 0)
        g_source_set_ready_time (&source->source, 0);
    }
  g_mutex_unlock (&self->sources_lock);
}

/* ---- operations ---- */

/* The last thing that happens to one. Consumes error. */
static void
operation_finish (Operation *self,
                  gssize     result,
                  GError    *error)
{
  DevSshChannelIo *io = self->io;

  g_clear_pointer (&self->cancel_watch, devssh_cancel_watch_free);
  if (io->read == self)
    io->read = NULL;
  if (io->write == self)
    io->write = NULL;

  if (self->task == NULL)
    {
      /* To signal is a system call, also if nobody waits. */
      gboolean elsewhere = self->elsewhere;

      if (elsewhere)
        g_mutex_lock (&self->lock);
      self->result = result;
      self->error = error;
      self->finished = TRUE;
      if (elsewhere)
        {
          g_cond_signal (&self->cond);
          g_mutex_unlock (&self->lock);
        }
      return;
    }

  if (error != NULL)
    devssh_context_return_error (io->context, self->task, error);
  else
    devssh_context_return_int (io->context, self->task, result);
  g_free (self);
}

/* Somebody has ended a whole session without a reason, and so the stream: that is its end and no error. */
static gboolean
devssh_channel_io_is_end (DevSshChannelIo *self,
                          const GError    *error)
{
  return self->whole && g_error_matches (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_NONE);
}

/* What a stream says where a channel says that it cannot send; cause may be NULL. */
static GError *
devssh_channel_io_new_write_error (DevSshChannelIo *self,
                                   const GError    *cause)
{
  if (cause != NULL && cause->domain != DEVSSH_ERROR && !devssh_channel_io_is_end (self, cause))
    return g_error_copy (cause);   /* the session was lost */
  if (self->closed_error != NULL)
    return g_error_copy (self->closed_error);
  if (self->closed || (self->channel != NULL && devssh_channel_get_is_closed (self->channel)))
    return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, "Channel is closed");
  return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CLOSED, "Channel is closed for writing");
}

/* ---- reading ---- */

/* FALSE: it has to wait. Consumes from the queue, then tells of the end. */
static gboolean
devssh_channel_io_try_read (DevSshChannelIo  *self,
                            guint8           *buffer,
                            gsize             count,
                            gssize           *result,
                            GError          **error)
{
  gsize n = devssh_byte_queue_take (&self->queue, buffer, count);

  *result = n;
  if (n > 0)
    {
      if (!self->closed)
        devssh_channel_consumed (self->channel, n);
      return TRUE;
    }
  if (count == 0)
    return TRUE;
  if (self->closed && self->closed_error != NULL)
    {
      *error = g_error_copy (self->closed_error);
      *result = -1;
      return TRUE;
    }
  return self->eof || self->closed || self->input_closed;
}

/* Bytes that arrive until this runs go into the same buffer: a reader with a large one is told once. */
static void
operation_tell_read (gpointer data)
{
  DevSshChannelIo *self = data;
  Operation *read = self->read;

  /* Another read may wait by now: then the one we were sent for has been told. */
  if (read == NULL || !read->telling)
    return;

  if (read->task == NULL)
    operation_finish (read, read->done, NULL);
  else
    {
      GTask *task = g_steal_pointer (&read->task);
      gsize done = read->done;

      g_clear_pointer (&read->cancel_watch, devssh_cancel_watch_free);
      self->read = NULL;
      g_free (read);
      /* We come from the loop: the task needs no turn of its own. */
      g_task_return_int (task, done);
      g_object_unref (task);
    }
}

static gsize
devssh_channel_io_data (DevSshChannelConsumer *consumer,
                        guint32                data_type,
                        const guint8          *data,
                        gsize                  length,
                        DevSshBuffer          *buffer)
{
  DevSshChannelIo *self = (DevSshChannelIo *) consumer;
  Operation *read = self->read;
  gsize n = 0;

  /* stderr never goes into a stream (T-56); and nobody reads a stream whose reading side was closed. */
  if (data_type != 0 || self->input_closed)
    return length;

  if (read != NULL && self->queue.length == 0)
    {
      n = MIN (length, read->count - read->done);
      memcpy (read->buffer + read->done, data, n);
      read->done += n;
      if (!read->telling && n > 0)
        {
          read->telling = TRUE;
          devssh_context_defer (self->context, operation_tell_read,
                                devssh_channel_io_ref (self), (GDestroyNotify) devssh_channel_io_unref);
        }
    }
  if (n < length)
    {
      devssh_byte_queue_push (&self->queue, data + n, length - n, buffer);
      devssh_channel_io_update_ready (self);
    }
  return n;
}

/* A read that waits for the first byte waits no longer. */
static void
devssh_channel_io_end_read (DevSshChannelIo *self)
{
  Operation *read = self->read;
  GError *error = NULL;
  gssize result;

  if (read == NULL || read->telling)
    return;
  if (devssh_channel_io_try_read (self, read->buffer, read->count, &result, &error))
    operation_finish (read, result, error);
}

static void
devssh_channel_io_eof (DevSshChannelConsumer *consumer)
{
  DevSshChannelIo *self = devssh_channel_io_ref ((DevSshChannelIo *) consumer);

  self->eof = TRUE;
  devssh_channel_io_end_read (self);
  devssh_channel_io_update_ready (self);
  devssh_channel_io_unref (self);
}

static void
devssh_channel_io_closed (DevSshChannelConsumer *consumer,
                          const GError          *error)
{
  DevSshChannelIo *self = devssh_channel_io_ref ((DevSshChannelIo *) consumer);
  const char *signal_name = devssh_channel_get_exit_signal (self->channel);

  self->closed = TRUE;
  if (error != NULL && !devssh_channel_io_is_end (self, error))
    self->closed_error = g_error_copy (error);
  else if (signal_name != NULL)
    self->closed_error = g_error_new (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                                      "Channel was closed with signal %s", signal_name);
  devssh_channel_io_end_read (self);
  devssh_channel_io_update_ready (self);
  devssh_channel_io_unref (self);
}

static void
operation_read_cancelled_cb (gpointer data)
{
  Operation *self = data;

  g_clear_pointer (&self->cancel_watch, devssh_cancel_watch_free);
  /* What has been read is told, or it would be lost (T-65). */
  if (!self->telling)
    operation_finish (self, -1, devssh_error_new_cancelled ());
}

static void
operation_start_read (Operation *self)
{
  GError *error = NULL;
  gssize result;

  if (g_cancellable_is_cancelled (self->cancellable))
    operation_finish (self, -1, devssh_error_new_cancelled ());
  else if (self->io->read != NULL)
    operation_finish (self, -1, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_PENDING,
                                                     "Another read is waiting already"));
  else if (devssh_channel_io_try_read (self->io, self->buffer, self->count, &result, &error))
    operation_finish (self, result, error);
  else if (!self->block)
    operation_finish (self, -1, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                                                     "Reading would block"));
  else
    {
      self->io->read = self;
      self->cancel_watch = devssh_context_watch_cancellable (self->io->context, self->cancellable,
                                                             operation_read_cancelled_cb, self);
    }
}

/* ---- writing ---- */

static void
operation_sent_cb (gpointer      user_data,
                   const GError *error)
{
  Operation *self = user_data;
  DevSshChannelIo *io = devssh_channel_io_ref (self->io);

  if (error != NULL)
    operation_finish (self, -1, devssh_channel_io_new_write_error (io, error));
  else
    operation_finish (self, self->count, NULL);
  devssh_channel_io_update_ready (io);
  devssh_channel_io_unref (io);
}

static void
operation_write_cancelled_cb (gpointer data)
{
  Operation *self = data;
  gsize sealed;

  g_clear_pointer (&self->cancel_watch, devssh_cancel_watch_free);
  sealed = self->io->write != self ? devssh_channel_unqueue (self->io->channel, self) : 0;
  /* What has left cannot be cancelled: the writer learns how much (T-65). */
  if (sealed > 0)
    operation_finish (self, sealed, NULL);
  else
    operation_finish (self, -1, devssh_error_new_cancelled ());
}

static void
devssh_channel_io_ahead_sent_cb (gpointer      user_data,
                                 const GError *error)
{
  DevSshChannelIo *self = user_data;

  /* What others send on the channel may be among what is queued, but not instead of what is ours. */
  self->n_ahead--;
  self->ahead = self->n_ahead > 0 ? MIN (self->ahead, devssh_channel_get_queued (self->channel)) : 0;
  devssh_channel_io_update_ready (self);
  devssh_channel_io_unref (self);
}

/* For whoever polls: takes a copy of what there is room for. */
static void
operation_write_ahead (Operation *self)
{
  DevSshChannelIo *io = self->io;
  gsize n;

  if (io->channel == NULL || io->ahead >= WRITE_AHEAD)
    {
      operation_finish (self, -1, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                                                       "Writing would block"));
      return;
    }

  n = MIN (self->count, WRITE_AHEAD - io->ahead);
  io->ahead += n;
  io->n_ahead++;
  devssh_channel_io_ref (io);
  if (devssh_channel_queue_copy (io->channel, 0, self->buffer, n, devssh_channel_io_ahead_sent_cb, io))
    {
      io->n_ahead--;
      devssh_channel_io_unref (io);
    }
  operation_finish (self, n, NULL);
}

static gboolean
devssh_channel_io_can_write (DevSshChannelIo *self)
{
  if (self->closed || self->output_closed)
    return FALSE;

  return self->channel == NULL ||
         (!devssh_channel_get_is_closed (self->channel) && !devssh_channel_get_eof_queued (self->channel));
}

static void
operation_start_write (Operation *self)
{
  DevSshChannelIo *io = self->io;

  if (g_cancellable_is_cancelled (self->cancellable))
    operation_finish (self, -1, devssh_error_new_cancelled ());
  else if (self->count == 0)
    operation_finish (self, 0, NULL);   /* no message: zero bytes are not EOF */
  else if (!devssh_channel_io_can_write (io))
    operation_finish (self, -1, devssh_channel_io_new_write_error (io, NULL));
  else if (!self->block)
    operation_write_ahead (self);
  else if (io->write != NULL)
    operation_finish (self, -1, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_PENDING,
                                                     "Another write is waiting already"));
  else
    {
      self->cancel_watch = devssh_context_watch_cancellable (io->context, self->cancellable,
                                                             operation_write_cancelled_cb, self);
      if (io->channel == NULL)
        io->write = self;
      else
        devssh_channel_queue_data (io->channel, 0, self->buffer, self->count, NULL, operation_sent_cb, self);
    }
}

/* A write that waits for the channel waits no longer, because there will be none. */
static void
devssh_channel_io_end_write (DevSshChannelIo *self)
{
  if (self->write != NULL)
    operation_finish (self->write, -1, devssh_channel_io_new_write_error (self, NULL));
}

/* ---- asynchronous ---- */

/* It may be finished, and gone, and its stream with it, when this returns. */
static void
operation_start (Operation *self)
{
  DevSshChannelIo *io = devssh_channel_io_ref (self->io);

  if (self->is_write)
    operation_start_write (self);
  else
    operation_start_read (self);
  devssh_channel_io_update_ready (io);
  devssh_channel_io_unref (io);
}

static void
devssh_channel_io_start_task (DevSshChannelIo *self,
                              gboolean         is_write,
                              guint8          *buffer,
                              gsize            count,
                              GCancellable    *cancellable,
                              GTask           *task)
{
  Operation *operation;
  GError *error = NULL;

  /* A cancelled read that had read something has read it (T-65). */
  g_task_set_check_cancellable (task, FALSE);
  if (!devssh_context_check_here (self->context, G_STRFUNC, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }

  operation = g_new0 (Operation, 1);
  operation->io = self;
  operation->is_write = is_write;
  operation->block = TRUE;
  operation->buffer = buffer;
  operation->count = count;
  operation->task = task;
  operation->cancellable = cancellable;
  operation_start (operation);
}

void
devssh_channel_io_read_async (DevSshChannelIo *self,
                              guint8          *buffer,
                              gsize            count,
                              GCancellable    *cancellable,
                              GTask           *task)
{
  devssh_channel_io_start_task (self, FALSE, buffer, count, cancellable, task);
}

void
devssh_channel_io_write_async (DevSshChannelIo *self,
                               const guint8    *data,
                               gsize            count,
                               GCancellable    *cancellable,
                               GTask           *task)
{
  devssh_channel_io_start_task (self, TRUE, (guint8 *) data, count, cancellable, task);
}

/* ---- waiting, in the right thread (design D2) ---- */

/* From inside a callback of the context its loop could only go on nested, and the caller would not expect what happens there. */
static gboolean
devssh_channel_io_may_wait (DevSshChannelIo  *self,
                            GError          **error)
{
  GSource *current = g_main_current_source ();

  if (current == NULL || g_source_get_context (current) != devssh_context_get_main_context (self->context))
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                       "Blocking here would stop the session that is waited for: use the asynchronous calls");
  return FALSE;
}

/* In the thread of the context, which nobody else runs: so run it. */
static void
operation_run_here (Operation *self)
{
  GMainContext *main_context = devssh_context_get_main_context (self->io->context);

  if (self->is_write && self->block && self->count > 0 &&
      !devssh_channel_io_may_wait (self->io, &self->error))
    {
      self->result = -1;
      return;
    }

  operation_start (self);
  if (self->finished)
    return;

  if (!devssh_channel_io_may_wait (self->io, &self->error))
    {
      g_clear_pointer (&self->cancel_watch, devssh_cancel_watch_free);
      self->io->read = NULL;
      self->result = -1;
      return;
    }

  g_main_context_push_thread_default (main_context);
  while (!self->finished)
    g_main_context_iteration (main_context, TRUE);
  g_main_context_pop_thread_default (main_context);
}

static void
errand_run (gpointer data)
{
  Operation **errand = data;

  operation_start (g_steal_pointer (errand));
}

static void
errand_free (gpointer data)
{
  Operation **errand = data;

  /* The context is gone, and so is the session. */
  if (*errand != NULL)
    operation_finish (*errand, -1, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CLOSED,
                                                        "The session's main context is gone"));
  g_free (errand);
}

/* Another thread runs the context, or will. The operation is on our stack: we cannot leave before it is finished. */
static void
operation_run_there (Operation *self)
{
  Operation **errand = g_new (Operation *, 1);

  self->elsewhere = TRUE;
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  *errand = self;
  devssh_context_defer (self->io->context, errand_run, errand, errand_free);

  g_mutex_lock (&self->lock);
  while (!self->finished)
    g_cond_wait (&self->cond, &self->lock);
  g_mutex_unlock (&self->lock);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
}

static gssize
devssh_channel_io_run (DevSshChannelIo  *self,
                       gboolean          is_write,
                       guint8           *buffer,
                       gsize             count,
                       gboolean          block,
                       GCancellable     *cancellable,
                       GError          **error)
{
  Operation operation = {
    .io = self, .is_write = is_write, .block = block,
    .buffer = buffer, .count = count, .cancellable = cancellable,
  };

  devssh_channel_io_ref (self);
  if (devssh_context_is_here (self->context))
    operation_run_here (&operation);
  else
    operation_run_there (&operation);
  devssh_channel_io_unref (self);

  if (operation.error == NULL)
    return operation.result;
  g_propagate_error (error, operation.error);
  return -1;
}

gssize
devssh_channel_io_read (DevSshChannelIo  *self,
                        guint8           *buffer,
                        gsize             count,
                        gboolean          block,
                        GCancellable     *cancellable,
                        GError          **error)
{
  return devssh_channel_io_run (self, FALSE, buffer, count, block, cancellable, error);
}

gssize
devssh_channel_io_write (DevSshChannelIo  *self,
                         const guint8     *data,
                         gsize             count,
                         gboolean          block,
                         GCancellable     *cancellable,
                         GError          **error)
{
  return devssh_channel_io_run (self, TRUE, (guint8 *) data, count, block, cancellable, error);
}

/* ---- closing ---- */

static void
devssh_channel_io_close_input_here (gpointer data)
{
  DevSshChannelIo *self = data;
  gsize unread = self->queue.length;

  if (self->input_closed)
    return;

  self->input_closed = TRUE;
  /* Nobody will read it: the peer may go on sending, as into a socket whose reading side is shut. */
  devssh_byte_queue_clear (&self->queue);
  if (unread > 0 && !self->closed)
    devssh_channel_consumed (self->channel, unread);
  devssh_channel_io_end_read (self);
  devssh_channel_io_update_ready (self);
  if (self->output_closed && self->channel != NULL)
    devssh_channel_close (self->channel);
}

static void
devssh_channel_io_close_output_here (gpointer data)
{
  DevSshChannelIo *self = data;

  if (self->output_closed)
    return;

  self->output_closed = TRUE;
  devssh_channel_io_update_ready (self);
  if (self->channel == NULL)
    return;
  if (self->input_closed)
    devssh_channel_close (self->channel);
  else
    /* It fails where the channel is closed or EOF was sent by hand: nothing to add. */
    devssh_channel_send_eof (self->channel, NULL);
}

static void
devssh_channel_io_close_here (gpointer data)
{
  DevSshChannelIo *self = data;

  /* CLOSE says it all: no EOF before it (protocol.md 5.6). */
  self->output_closed = TRUE;
  if (self->channel != NULL)
    devssh_channel_close (self->channel);
  devssh_channel_io_end_write (self);
  devssh_channel_io_close_input_here (self);
  devssh_channel_io_update_ready (self);
}

static void
devssh_channel_io_do (DevSshChannelIo  *self,
                      void            (*func) (gpointer data))
{
  if (devssh_context_is_here (self->context))
    func (self);
  else
    devssh_context_defer (self->context, func, devssh_channel_io_ref (self),
                          (GDestroyNotify) devssh_channel_io_unref);
}

void
devssh_channel_io_close_input (DevSshChannelIo *self)
{
  devssh_channel_io_do (self, devssh_channel_io_close_input_here);
}

void
devssh_channel_io_close_output (DevSshChannelIo *self)
{
  devssh_channel_io_do (self, devssh_channel_io_close_output_here);
}

void
devssh_channel_io_close (DevSshChannelIo *self)
{
  devssh_channel_io_do (self, devssh_channel_io_close_here);
}

/* ---- life ---- */

static void
devssh_channel_io_free (gpointer data)
{
  DevSshChannelIo *self = data;

  g_assert (self->sources == NULL && self->read == NULL && self->write == NULL);

  if (self->channel != NULL)
    devssh_channel_clear_consumer (self->channel, &self->consumer);
  devssh_byte_queue_clear (&self->queue);
  g_clear_error (&self->closed_error);
  g_mutex_clear (&self->sources_lock);
  g_clear_object (&self->channel);
  g_clear_object (&self->session);
  devssh_context_unref (self->context);
  g_free (self);
}

static void
devssh_channel_io_nothing (gpointer data)
{
}

DevSshChannelIo *
devssh_channel_io_ref (DevSshChannelIo *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
devssh_channel_io_unref (DevSshChannelIo *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  if (devssh_context_is_here (self->context))
    devssh_channel_io_free (self);
  else
    devssh_context_defer (self->context, devssh_channel_io_nothing, self, devssh_channel_io_free);
}

DevSshChannel *
devssh_channel_io_get_channel (DevSshChannelIo *self)
{
  return self->channel;
}

DevSshChannelIo *
devssh_channel_io_new_waiting (DevSshContext *context)
{
  DevSshChannelIo *self = g_new0 (DevSshChannelIo, 1);

  self->consumer.data = devssh_channel_io_data;
  self->consumer.eof = devssh_channel_io_eof;
  self->consumer.closed = devssh_channel_io_closed;
  g_atomic_ref_count_init (&self->ref_count);
  self->context = devssh_context_ref (context);
  self->whole = TRUE;
  g_mutex_init (&self->sources_lock);
  return self;
}

/* What was asked for meanwhile. */
static void
devssh_channel_io_catch_up (DevSshChannelIo *self)
{
  Operation *write = g_steal_pointer (&self->write);

  if (self->input_closed && self->output_closed)
    devssh_channel_close (self->channel);
  else if (self->output_closed)
    devssh_channel_send_eof (self->channel, NULL);
  if (write != NULL)
    {
      g_clear_pointer (&write->cancel_watch, devssh_cancel_watch_free);
      operation_start_write (write);
    }
  devssh_channel_io_update_ready (self);
}

gboolean
devssh_channel_io_set_channel (DevSshChannelIo  *self,
                               DevSshChannel    *channel,
                               GError          **error)
{
  GObject *session = devssh_channel_get_session_object (channel);

  g_assert (self->channel == NULL);

  if (!devssh_channel_set_consumer (channel, &self->consumer, error))
    return FALSE;

  devssh_channel_io_ref (self);
  self->channel = g_object_ref (channel);
  if (session != NULL)
    self->session = g_object_ref (session);
  devssh_channel_io_catch_up (self);
  devssh_channel_io_unref (self);
  return TRUE;
}

void
devssh_channel_io_give_up (DevSshChannelIo *self,
                           const GError    *error)
{
  if (self->channel != NULL || self->closed)
    return;

  devssh_channel_io_ref (self);
  self->closed = TRUE;
  if (error != NULL && !devssh_channel_io_is_end (self, error))
    self->closed_error = g_error_copy (error);
  devssh_channel_io_end_read (self);
  devssh_channel_io_end_write (self);
  devssh_channel_io_update_ready (self);
  devssh_channel_io_unref (self);
}

DevSshChannelIo *
devssh_channel_io_new (DevSshChannel  *channel,
                       GError        **error)
{
  DevSshContext *context = devssh_channel_get_context (channel);
  DevSshChannelIo *self;

  if (!devssh_context_check_here (context, G_STRFUNC, error))
    return NULL;

  self = devssh_channel_io_new_waiting (context);
  self->whole = FALSE;
  if (!devssh_channel_io_set_channel (self, channel, error))
    {
      devssh_channel_io_unref (self);
      return NULL;
    }
  return self;
}
