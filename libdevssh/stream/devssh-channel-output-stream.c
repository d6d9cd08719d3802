/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The half of a channel stream that writes. */
#include <libdevssh/stream/devssh-channel-io-private.h>

struct _DevSshChannelOutputStream
{
  GOutputStream     parent_instance;
  DevSshChannelIo *io;
};

static void devssh_channel_output_stream_pollable_init (GPollableOutputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DevSshChannelOutputStream, devssh_channel_output_stream, G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                      devssh_channel_output_stream_pollable_init))

static gssize
devssh_channel_output_stream_write (GOutputStream  *stream,
                                  const void    *buffer,
                                  gsize          count,
                                  GCancellable  *cancellable,
                                  GError       **error)
{
  DevSshChannelOutputStream *self = DEVSSH_CHANNEL_OUTPUT_STREAM (stream);

  return devssh_channel_io_write (self->io, buffer, count, TRUE, cancellable, error);
}

static void
devssh_channel_output_stream_write_async (GOutputStream        *stream,
                                        const void          *buffer,
                                        gsize                count,
                                        int                  io_priority,
                                        GCancellable        *cancellable,
                                        GAsyncReadyCallback  callback,
                                        gpointer             user_data)
{
  DevSshChannelOutputStream *self = DEVSSH_CHANNEL_OUTPUT_STREAM (stream);
  GTask *task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, devssh_channel_output_stream_write_async);
  g_task_set_priority (task, io_priority);
  devssh_channel_io_write_async (self->io, buffer, count, cancellable, task);
}

static gssize
devssh_channel_output_stream_write_finish (GOutputStream  *stream,
                                         GAsyncResult  *result,
                                         GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, stream), -1);

  return g_task_propagate_int (G_TASK (result), error);
}

static gboolean
devssh_channel_output_stream_close (GOutputStream  *stream,
                                   GCancellable  *cancellable,
                                   GError       **error)
{
  devssh_channel_io_close_output (DEVSSH_CHANNEL_OUTPUT_STREAM (stream)->io);
  return TRUE;
}

/* GIO's own would do it in a thread. */
static void
devssh_channel_output_stream_close_async (GOutputStream        *stream,
                                         int                  io_priority,
                                         GCancellable        *cancellable,
                                         GAsyncReadyCallback  callback,
                                         gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, devssh_channel_output_stream_close_async);
  g_task_set_priority (task, io_priority);
  devssh_channel_io_close_output (DEVSSH_CHANNEL_OUTPUT_STREAM (stream)->io);
  g_task_return_boolean (task, TRUE);
}

static gboolean
devssh_channel_output_stream_close_finish (GOutputStream  *stream,
                                          GAsyncResult  *result,
                                          GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, stream), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- polling ---- */

static gboolean
devssh_channel_output_stream_is_writable (GPollableOutputStream *stream)
{
  return devssh_channel_io_is_ready (DEVSSH_CHANNEL_OUTPUT_STREAM (stream)->io, G_IO_OUT);
}

static GSource *
devssh_channel_output_stream_create_source (GPollableOutputStream *stream,
                                           GCancellable         *cancellable)
{
  g_autoptr(GSource) source =
    devssh_channel_io_source_new (DEVSSH_CHANNEL_OUTPUT_STREAM (stream)->io, G_IO_OUT);

  return g_pollable_source_new_full (stream, source, cancellable);
}

static gssize
devssh_channel_output_stream_write_nonblocking (GPollableOutputStream  *stream,
                                              const void            *buffer,
                                              gsize                  count,
                                              GError               **error)
{
  return devssh_channel_io_write (DEVSSH_CHANNEL_OUTPUT_STREAM (stream)->io, buffer, count, FALSE, NULL, error);
}

static void
devssh_channel_output_stream_pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = devssh_channel_output_stream_is_writable;
  iface->create_source = devssh_channel_output_stream_create_source;
  iface->write_nonblocking = devssh_channel_output_stream_write_nonblocking;
}

/* ---- GObject ---- */

static void
devssh_channel_output_stream_finalize (GObject *object)
{
  devssh_channel_io_unref (DEVSSH_CHANNEL_OUTPUT_STREAM (object)->io);

  G_OBJECT_CLASS (devssh_channel_output_stream_parent_class)->finalize (object);
}

static void
devssh_channel_output_stream_class_init (DevSshChannelOutputStreamClass *klass)
{
  GOutputStreamClass *stream_class = G_OUTPUT_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = devssh_channel_output_stream_finalize;
  stream_class->write_fn = devssh_channel_output_stream_write;
  stream_class->write_async = devssh_channel_output_stream_write_async;
  stream_class->write_finish = devssh_channel_output_stream_write_finish;
  stream_class->close_fn = devssh_channel_output_stream_close;
  stream_class->close_async = devssh_channel_output_stream_close_async;
  stream_class->close_finish = devssh_channel_output_stream_close_finish;
}

static void
devssh_channel_output_stream_init (DevSshChannelOutputStream *self)
{
}

GOutputStream *
devssh_channel_output_stream_new (DevSshChannelIo *io)
{
  DevSshChannelOutputStream *self = g_object_new (DEVSSH_TYPE_CHANNEL_OUTPUT_STREAM, NULL);

  self->io = devssh_channel_io_ref (io);
  return G_OUTPUT_STREAM (self);
}
