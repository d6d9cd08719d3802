/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Readiness of the streams that epoll knows nothing of: one side of each stream is polled if it can be, else read and written ahead. */
#include <libdevssh/session/devssh-io-portable-private.h>

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixoutputstream.h>
#include <libdevssh/session/devssh-io-source-private.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#define AHEAD_SIZE    (32 * 1024)                   /* of the buffers of a stream that cannot be polled */
#define CLOSING_GRACE (5 * G_TIME_SPAN_SECOND)      /* for bytes that still leave after the end */

struct _DevSshIoPortable
{
  guint                  ref_count;   /* the owner, and every asynchronous operation and deferred call */
  DevSshContext         *context;
  GIOStream             *stream;
  GInputStream          *input;       /* borrowed from stream, as output */
  GOutputStream         *output;
  DevSshIoPortableReady  ready;       /* NULL: freed by its owner */
  gpointer               user_data;
  GIOCondition           wanted;

  gboolean               input_polls;
  gboolean               output_polls;
  gboolean               output_may_signal;   /* a pipe: write() may raise SIGPIPE */
  gsize                  output_piece;        /* the most that one write() to it is given */
  GSource               *input_source;
  GSource               *output_source;

  /* For sides that cannot be polled. */
  GCancellable          *read_cancellable;
  GCancellable          *write_cancellable;
  guint8                *in;
  gsize                  in_start;
  gsize                  in_end;
  gboolean               in_eof;
  gboolean               reading;
  GError                *in_error;
  guint8                *out;
  gboolean               writing;
  GError                *out_error;
  gboolean               deferred;            /* a call of ready is on its way */
  guint                  inside;              /* calls of the stream that we are in the middle of */
  gboolean               shutdown;            /* nothing more is written */
  gboolean               shutdown_due;        /* close the output when nothing is pending */
  gboolean               shutting_down;
  gboolean               close;               /* close the stream when nothing is pending */
  DevSshDeadline         grace;
};

static void devssh_io_portable_start_read (DevSshIoPortable *self);
static void devssh_io_portable_defer      (DevSshIoPortable *self);

static DevSshIoPortable *
devssh_io_portable_ref (DevSshIoPortable *self)
{
  self->ref_count++;
  return self;
}

static void
devssh_io_portable_unref (gpointer data)
{
  DevSshIoPortable *self = data;

  if (--self->ref_count > 0)
    return;

  devssh_deadline_clear (&self->grace);
  g_clear_object (&self->read_cancellable);
  g_clear_object (&self->write_cancellable);
  g_clear_error (&self->in_error);
  g_clear_error (&self->out_error);
  g_free (self->in);
  g_free (self->out);
  g_object_unref (self->stream);
  devssh_context_unref (self->context);
  g_free (self);
}

/* Asynchronous operations of GIO end in the thread-default context of the moment they start in. */
static void
devssh_io_portable_enter (DevSshIoPortable *self)
{
  devssh_io_portable_ref (self);
  g_main_context_push_thread_default (devssh_context_get_main_context (self->context));
  self->inside++;
}

static void
devssh_io_portable_leave (DevSshIoPortable *self)
{
  self->inside--;
  g_main_context_pop_thread_default (devssh_context_get_main_context (self->context));
  devssh_io_portable_unref (self);
}

static void
devssh_io_portable_call (DevSshIoPortable *self,
                         GIOCondition      condition)
{
  condition &= self->wanted;
  /* The other end of the stream may be in this thread, and answer what we are just writing: our owner, who writes, hears of it
   * from the loop, as of all else. */
  if (condition != 0 && self->ready != NULL && self->inside == 0)
    self->ready (condition, self->user_data);
}

/* ---- the end ---- */

static void devssh_io_portable_settle (DevSshIoPortable *self);

static void
devssh_io_portable_output_closed_cb (GObject      *source,
                                     GAsyncResult *result,
                                     gpointer      user_data)
{
  DevSshIoPortable *self = user_data;
  g_autoptr(GError) error = NULL;

  if (!g_output_stream_close_finish (G_OUTPUT_STREAM (source), result, &error))
    g_debug ("A stream's output did not close well: %s", error->message);
  self->shutting_down = FALSE;
  devssh_io_portable_settle (self);
  devssh_io_portable_unref (self);
}

static void
devssh_io_portable_closed_cb (GObject      *source,
                              GAsyncResult *result,
                              gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  if (!g_io_stream_close_finish (G_IO_STREAM (source), result, &error))
    g_debug ("A stream did not close well: %s", error->message);
  devssh_io_portable_unref (user_data);
}

/* The ends that had to wait for pending operations: a stream with one pending refuses to be closed. */
static void
devssh_io_portable_settle (DevSshIoPortable *self)
{
  if (self->writing || self->shutting_down)
    return;

  if (self->shutdown_due && !self->close)
    {
      self->shutdown_due = FALSE;
      self->shutting_down = TRUE;
      devssh_io_portable_enter (self);
      g_output_stream_close_async (self->output, G_PRIORITY_DEFAULT, NULL,
                                   devssh_io_portable_output_closed_cb,
                                   devssh_io_portable_ref (self));
      devssh_io_portable_leave (self);
    }
  else if (self->close && !self->reading)
    {
      self->close = FALSE;
      devssh_deadline_clear (&self->grace);
      devssh_io_portable_enter (self);
      g_io_stream_close_async (self->stream, G_PRIORITY_DEFAULT, NULL,
                               devssh_io_portable_closed_cb, devssh_io_portable_ref (self));
      devssh_io_portable_leave (self);
    }
}

/* ---- sides that cannot be polled ---- */

static GIOCondition
devssh_io_portable_get_ahead (DevSshIoPortable *self)
{
  GIOCondition condition = 0;

  if (!self->input_polls &&
      (self->in_start < self->in_end || self->in_eof || self->in_error != NULL))
    condition |= G_IO_IN;
  if (!self->output_polls && !self->writing)
    condition |= G_IO_OUT;
  return condition;
}

static void
devssh_io_portable_deferred (gpointer data)
{
  DevSshIoPortable *self = data;

  self->deferred = FALSE;
  devssh_io_portable_call (self, devssh_io_portable_get_ahead (self));
  /* As poll() does: what is still there is told again. */
  devssh_io_portable_defer (self);
}

static void
devssh_io_portable_defer (DevSshIoPortable *self)
{
  if (self->deferred || self->ready == NULL ||
      (devssh_io_portable_get_ahead (self) & self->wanted) == 0)
    return;

  self->deferred = TRUE;
  devssh_context_defer (self->context, devssh_io_portable_deferred,
                        devssh_io_portable_ref (self), devssh_io_portable_unref);
}

static void
devssh_io_portable_read_cb (GObject      *source,
                            GAsyncResult *result,
                            gpointer      user_data)
{
  DevSshIoPortable *self = user_data;
  g_autoptr(GError) error = NULL;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);

  self->reading = FALSE;
  if (self->ready == NULL)
    {
      devssh_io_portable_settle (self);
    }
  else
    {
      if (n < 0)
        self->in_error = g_steal_pointer (&error);
      else if (n == 0)
        self->in_eof = TRUE;
      else
        self->in_end = n;
      devssh_io_portable_call (self, G_IO_IN);
      devssh_io_portable_defer (self);
    }
  devssh_io_portable_unref (self);
}

static void
devssh_io_portable_start_read (DevSshIoPortable *self)
{
  if (self->reading || (devssh_io_portable_get_ahead (self) & G_IO_IN) != 0)
    return;

  if (self->in == NULL)
    self->in = g_malloc (AHEAD_SIZE);
  if (self->read_cancellable == NULL)
    self->read_cancellable = g_cancellable_new ();
  self->in_start = self->in_end = 0;
  self->reading = TRUE;
  devssh_io_portable_enter (self);
  g_input_stream_read_async (self->input, self->in, AHEAD_SIZE, G_PRIORITY_DEFAULT,
                             self->read_cancellable, devssh_io_portable_read_cb,
                             devssh_io_portable_ref (self));
  devssh_io_portable_leave (self);
}

static void
devssh_io_portable_written (DevSshIoPortable *self,
                            GError           *error)
{
  self->writing = FALSE;
  if (error != NULL && self->out_error == NULL)
    self->out_error = g_error_copy (error);
  devssh_io_portable_settle (self);
  devssh_io_portable_call (self, G_IO_OUT);
  devssh_io_portable_defer (self);
  devssh_io_portable_unref (self);
}

static void
devssh_io_portable_flush_cb (GObject      *source,
                             GAsyncResult *result,
                             gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  g_output_stream_flush_finish (G_OUTPUT_STREAM (source), result, &error);
  devssh_io_portable_written (user_data, error);
}

static void
devssh_io_portable_write_cb (GObject      *source,
                             GAsyncResult *result,
                             gpointer      user_data)
{
  DevSshIoPortable *self = user_data;
  g_autoptr(GError) error = NULL;

  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &error))
    /* A buffering stream would keep the end of a message for ever. */
    g_output_stream_flush_async (self->output, G_PRIORITY_DEFAULT, self->write_cancellable,
                                 devssh_io_portable_flush_cb, self);
  else
    devssh_io_portable_written (self, error);
}

static void
devssh_io_portable_start_write (DevSshIoPortable *self,
                                gsize             length)
{
  if (self->write_cancellable == NULL)
    self->write_cancellable = g_cancellable_new ();
  self->writing = TRUE;
  devssh_io_portable_enter (self);
  g_output_stream_write_all_async (self->output, self->out, length, G_PRIORITY_DEFAULT,
                                   self->write_cancellable, devssh_io_portable_write_cb,
                                   devssh_io_portable_ref (self));
  devssh_io_portable_leave (self);
}

/* ---- sides that can ---- */

static gboolean
devssh_io_portable_input_cb (GObject  *stream,
                             gpointer  user_data)
{
  devssh_io_portable_call (user_data, G_IO_IN);
  return G_SOURCE_CONTINUE;
}

static gboolean
devssh_io_portable_output_cb (GObject  *stream,
                              gpointer  user_data)
{
  devssh_io_portable_call (user_data, G_IO_OUT);
  return G_SOURCE_CONTINUE;
}

static void
devssh_io_portable_attach (DevSshIoPortable *self,
                           GSource          *source,
                           GSourceFunc       func)
{
  g_source_set_callback (source, func, devssh_io_portable_ref (self), devssh_io_portable_unref);
  g_source_set_static_name (source, "[libdevssh] stream");
  g_source_set_can_recurse (source, TRUE);   /* design D12 */
  g_source_attach (source, devssh_context_get_main_context (self->context));
}

static void
devssh_io_portable_detach (GSource **source)
{
  if (*source == NULL)
    return;

  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
devssh_io_portable_update_sources (DevSshIoPortable *self)
{
  if ((self->wanted & G_IO_IN) == 0)
    devssh_io_portable_detach (&self->input_source);
  else if (self->input_polls && self->input_source == NULL)
    {
      self->input_source =
        g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (self->input), NULL);
      devssh_io_portable_attach (self, self->input_source,
                                 G_SOURCE_FUNC (devssh_io_portable_input_cb));
    }

  if ((self->wanted & G_IO_OUT) == 0)
    devssh_io_portable_detach (&self->output_source);
  else if (self->output_polls && self->output_source == NULL)
    {
      self->output_source =
        g_pollable_output_stream_create_source (G_POLLABLE_OUTPUT_STREAM (self->output), NULL);
      devssh_io_portable_attach (self, self->output_source,
                                 G_SOURCE_FUNC (devssh_io_portable_output_cb));
    }
}

/* write() to a pipe without O_NONBLOCK (those of a GSubprocess are such) waits until it has room for all, whatever poll() said,
 * and who makes the room may wait for us: so it is asked for no more than what has room wherever there is any. */
static gsize
devssh_io_portable_get_piece (GOutputStream *output)
{
  int flags = fcntl (g_unix_output_stream_get_fd (G_UNIX_OUTPUT_STREAM (output)), F_GETFL);

  return (flags & O_NONBLOCK) != 0 ? G_MAXSSIZE : PIPE_BUF;
}

static gssize
devssh_io_portable_write_pieces (DevSshIoPortable  *self,
                                 const guint8      *data,
                                 gsize              size,
                                 GError           **error)
{
  GPollableOutputStream *output = G_POLLABLE_OUTPUT_STREAM (self->output);
  gsize written = 0;
  gsize piece;
  gssize n;

  do
    {
      piece = MIN (size - written, self->output_piece);
      /* Behind bytes that have left an error waits for the next call. */
      n = g_pollable_output_stream_write_nonblocking (output, data + written, piece, NULL, written == 0 ? error : NULL);
      if (n > 0)
        written += n;
    }
  while (n == (gssize) piece && written < size);

  return written > 0 ? (gssize) written : n;
}

/* A write to a pipe without a reader raises SIGPIPE, and there is no flag against it (T-60): the signal
 * is blocked for this thread, and taken off the queue if it came. */
static gssize
devssh_io_portable_write_quietly (DevSshIoPortable  *self,
                                  const guint8      *data,
                                  gsize              size,
                                  GError           **error)
{
  const struct timespec now = { 0, 0 };
  sigset_t pipe_only, before, pending;
  gssize n;

  sigemptyset (&pipe_only);
  sigaddset (&pipe_only, SIGPIPE);
  sigpending (&pending);
  pthread_sigmask (SIG_BLOCK, &pipe_only, &before);
  n = devssh_io_portable_write_pieces (self, data, size, error);
  if (n < (gssize) size && !sigismember (&pending, SIGPIPE))
    while (sigtimedwait (&pipe_only, NULL, &now) == -1 && errno == EINTR)
      ;
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  return n;
}

/* ---- what the watch calls ---- */

DevSshIoPortable *
devssh_io_portable_new (DevSshContext         *context,
                        GIOStream             *stream,
                        DevSshIoPortableReady  ready,
                        gpointer               user_data)
{
  DevSshIoPortable *self = g_new0 (DevSshIoPortable, 1);

  self->ref_count = 1;
  self->context = devssh_context_ref (context);
  self->stream = g_object_ref (stream);
  self->input = g_io_stream_get_input_stream (stream);
  self->output = g_io_stream_get_output_stream (stream);
  self->ready = ready;
  self->user_data = user_data;
  self->input_polls = G_IS_POLLABLE_INPUT_STREAM (self->input) &&
                      g_pollable_input_stream_can_poll (G_POLLABLE_INPUT_STREAM (self->input));
  self->output_polls = G_IS_POLLABLE_OUTPUT_STREAM (self->output) &&
                       g_pollable_output_stream_can_poll (G_POLLABLE_OUTPUT_STREAM (self->output));
  self->output_may_signal = G_IS_UNIX_OUTPUT_STREAM (self->output);
  if (self->output_may_signal)
    self->output_piece = devssh_io_portable_get_piece (self->output);
  return self;
}

static void
devssh_io_portable_grace_cb (DevSshDeadline *deadline)
{
  DevSshIoPortable *self =
    G_STRUCT_MEMBER_P (deadline, -(glong) G_STRUCT_OFFSET (DevSshIoPortable, grace));

  g_cancellable_cancel (self->write_cancellable);
}

void
devssh_io_portable_free (DevSshIoPortable *self,
                         gboolean          close)
{
  self->wanted = 0;
  self->ready = NULL;
  self->user_data = NULL;
  self->close = close;
  devssh_io_portable_detach (&self->input_source);
  devssh_io_portable_detach (&self->output_source);
  if (self->reading)
    g_cancellable_cancel (self->read_cancellable);
  if (self->writing && self->write_cancellable != NULL)
    devssh_deadline_set (&self->grace, self->context, devssh_context_get_time (self->context) + CLOSING_GRACE,
                         devssh_io_portable_grace_cb);
  devssh_io_portable_settle (self);
  devssh_io_portable_unref (self);
}

void
devssh_io_portable_set_wanted (DevSshIoPortable *self,
                               GIOCondition      wanted)
{
  if (self->wanted == wanted)
    return;

  self->wanted = wanted;
  devssh_io_portable_update_sources (self);
  if ((wanted & G_IO_IN) != 0 && !self->input_polls)
    devssh_io_portable_start_read (self);
  devssh_io_portable_defer (self);
}

gssize
devssh_io_portable_read (DevSshIoPortable  *self,
                         guint8            *data,
                         gsize              size,
                         GError           **error)
{
  g_autoptr(GError) local_error = NULL;
  gssize n;

  if (self->input_polls)
    {
      devssh_io_portable_enter (self);
      n = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (self->input),
                                                    data, size, NULL, &local_error);
      devssh_io_portable_leave (self);
      if (n >= 0)
        return n;
      if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return DEVSSH_IO_WOULD_BLOCK;
      g_propagate_error (error, g_steal_pointer (&local_error));
      return -1;
    }

  if (self->in_start < self->in_end)
    {
      n = MIN (size, self->in_end - self->in_start);
      memcpy (data, self->in + self->in_start, n);
      self->in_start += n;
      if (self->in_start == self->in_end && (self->wanted & G_IO_IN) != 0)
        devssh_io_portable_start_read (self);
      return n;
    }
  if (self->in_error != NULL)
    {
      g_propagate_error (error, g_error_copy (self->in_error));
      return -1;
    }
  if (self->in_eof)
    return 0;
  devssh_io_portable_start_read (self);
  return DEVSSH_IO_WOULD_BLOCK;
}

gssize
devssh_io_portable_write (DevSshIoPortable  *self,
                          const guint8      *data,
                          gsize              size,
                          GError           **error)
{
  g_autoptr(GError) local_error = NULL;
  gssize n;

  if (self->shutdown)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "Stream is closed for writing");
      return -1;
    }

  if (self->output_polls)
    {
      devssh_io_portable_enter (self);
      if (self->output_may_signal)
        n = devssh_io_portable_write_quietly (self, data, size, &local_error);
      else
        n = g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (self->output),
                                                        data, size, NULL, &local_error);
      devssh_io_portable_leave (self);
      if (n >= 0)
        return n;
      if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return DEVSSH_IO_WOULD_BLOCK;
      g_propagate_error (error, g_steal_pointer (&local_error));
      return -1;
    }

  if (self->out_error != NULL)
    {
      g_propagate_error (error, g_error_copy (self->out_error));
      return -1;
    }
  if (self->writing)
    return DEVSSH_IO_WOULD_BLOCK;
  if (size == 0)
    return 0;

  if (self->out == NULL)
    self->out = g_malloc (AHEAD_SIZE);
  n = MIN (size, AHEAD_SIZE);
  memcpy (self->out, data, n);
  devssh_io_portable_start_write (self, n);
  return n;
}

void
devssh_io_portable_shutdown_write (DevSshIoPortable *self)
{
  if (self->shutdown)
    return;

  self->shutdown = TRUE;
  self->shutdown_due = TRUE;
  devssh_io_portable_settle (self);
}
