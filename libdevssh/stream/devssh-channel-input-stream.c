/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The half of a channel stream that reads. */
#include <libdevssh/stream/devssh-channel-io-private.h>

struct _DevSshChannelInputStream
{
  GInputStream     parent_instance;
  DevSshChannelIo *io;
};

static void devssh_channel_input_stream_pollable_init (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DevSshChannelInputStream, devssh_channel_input_stream, G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      devssh_channel_input_stream_pollable_init))

static gssize
devssh_channel_input_stream_read (GInputStream  *stream,
                                  void          *buffer,
                                  gsize          count,
                                  GCancellable  *cancellable,
                                  GError       **error)
{
  DevSshChannelInputStream *self = DEVSSH_CHANNEL_INPUT_STREAM (stream);

  return devssh_channel_io_read (self->io, buffer, count, TRUE, cancellable, error);
}

static void
devssh_channel_input_stream_read_async (GInputStream        *stream,
                                        void                *buffer,
                                        gsize                count,
                                        int                  io_priority,
                                        GCancellable        *cancellable,
                                        GAsyncReadyCallback  callback,
                                        gpointer             user_data)
{
  DevSshChannelInputStream *self = DEVSSH_CHANNEL_INPUT_STREAM (stream);
  GTask *task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, devssh_channel_input_stream_read_async);
  g_task_set_priority (task, io_priority);
  devssh_channel_io_read_async (self->io, buffer, count, cancellable, task);
}

static gssize
devssh_channel_input_stream_read_finish (GInputStream  *stream,
                                         GAsyncResult  *result,
                                         GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, stream), -1);

  return g_task_propagate_int (G_TASK (result), error);
}

static gboolean
devssh_channel_input_stream_close (GInputStream  *stream,
                                   GCancellable  *cancellable,
                                   GError       **error)
{
  devssh_channel_io_close_input (DEVSSH_CHANNEL_INPUT_STREAM (stream)->io);
  return TRUE;
}

/* GIO's own would do it in a thread. */
static void
devssh_channel_input_stream_close_async (GInputStream        *stream,
                                         int                  io_priority,
                                         GCancellable        *cancellable,
                                         GAsyncReadyCallback  callback,
                                         gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, devssh_channel_input_stream_close_async);
  g_task_set_priority (task, io_priority);
  devssh_channel_io_close_input (DEVSSH_CHANNEL_INPUT_STREAM (stream)->io);
  g_task_return_boolean (task, TRUE);
}

static gboolean
devssh_channel_input_stream_close_finish (GInputStream  *stream,
                                          GAsyncResult  *result,
                                          GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, stream), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- polling ---- */

static gboolean
devssh_channel_input_stream_is_readable (GPollableInputStream *stream)
{
  return devssh_channel_io_is_ready (DEVSSH_CHANNEL_INPUT_STREAM (stream)->io, G_IO_IN);
}

static GSource *
devssh_channel_input_stream_create_source (GPollableInputStream *stream,
                                           GCancellable         *cancellable)
{
  g_autoptr(GSource) source =
    devssh_channel_io_source_new (DEVSSH_CHANNEL_INPUT_STREAM (stream)->io, G_IO_IN);

  return g_pollable_source_new_full (stream, source, cancellable);
}

static gssize
devssh_channel_input_stream_read_nonblocking (GPollableInputStream  *stream,
                                              void                  *buffer,
                                              gsize                  count,
                                              GError               **error)
{
  return devssh_channel_io_read (DEVSSH_CHANNEL_INPUT_STREAM (stream)->io, buffer, count, FALSE, NULL, error);
}

static void
devssh_channel_input_stream_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = devssh_channel_input_stream_is_readable;
  iface->create_source = devssh_channel_input_stream_create_source;
  iface->read_nonblocking = devssh_channel_input_stream_read_nonblocking;
}

/* ---- GObject ---- */

static void
devssh_channel_input_stream_finalize (GObject *object)
{
  devssh_channel_io_unref (DEVSSH_CHANNEL_INPUT_STREAM (object)->io);

  G_OBJECT_CLASS (devssh_channel_input_stream_parent_class)->finalize (object);
}

static void
devssh_channel_input_stream_class_init (DevSshChannelInputStreamClass *klass)
{
  GInputStreamClass *stream_class = G_INPUT_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = devssh_channel_input_stream_finalize;
  stream_class->read_fn = devssh_channel_input_stream_read;
  stream_class->read_async = devssh_channel_input_stream_read_async;
  stream_class->read_finish = devssh_channel_input_stream_read_finish;
  stream_class->close_fn = devssh_channel_input_stream_close;
  stream_class->close_async = devssh_channel_input_stream_close_async;
  stream_class->close_finish = devssh_channel_input_stream_close_finish;
}

static void
devssh_channel_input_stream_init (DevSshChannelInputStream *self)
{
}

GInputStream *
devssh_channel_input_stream_new (DevSshChannelIo *io)
{
  DevSshChannelInputStream *self = g_object_new (DEVSSH_TYPE_CHANNEL_INPUT_STREAM, NULL);

  self->io = devssh_channel_io_ref (io);
  return G_INPUT_STREAM (self);
}
