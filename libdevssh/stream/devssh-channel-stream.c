/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A channel as a GIOStream: the two halves, and how they close together. */
#include <libdevssh/stream/devssh-channel-stream.h>

#include <libdevssh/stream/devssh-channel-io-private.h>

struct _DevSshChannelStream
{
  GIOStream        parent_instance;
  DevSshChannelIo *io;
  GInputStream    *input;
  GOutputStream   *output;
};

/**
 * DevSshChannelStream:
 *
 * The data of a channel as a stream.
 *
 * Both halves can be used asynchronously, be polled
 * ([iface@Gio.PollableInputStream], [iface@Gio.PollableOutputStream]), and be
 * read from and written to blockingly. A blocking call runs the main context
 * of the session until it is done; from inside a callback of that context it
 * fails at once with %G_IO_ERROR_PENDING if it would have to wait. Another
 * thread may make blocking calls, too, while the session's thread runs the
 * main context.
 *
 * A read ends with 0 bytes when the peer has sent EOF or has closed the
 * channel. If the session was lost, or the channel was closed with a signal,
 * what has come before is read first, then reads fail with the reason.
 * A write is done when its bytes are on their way; one of 0 bytes sends
 * nothing.
 *
 * Closing the output stream sends EOF (RFC 4254, 5.3), closing the input
 * stream discards what comes; closing both, or the stream itself, closes the
 * channel, behind everything that was written. So does dropping the stream.
 *
 * Since: 1.0
 */
G_DEFINE_FINAL_TYPE (DevSshChannelStream, devssh_channel_stream, G_TYPE_IO_STREAM)

enum { PROP_0, PROP_CHANNEL, N_PROPS };
static GParamSpec *properties[N_PROPS];

static GInputStream *
devssh_channel_stream_get_input_stream (GIOStream *stream)
{
  return DEVSSH_CHANNEL_STREAM (stream)->input;
}

static GOutputStream *
devssh_channel_stream_get_output_stream (GIOStream *stream)
{
  return DEVSSH_CHANNEL_STREAM (stream)->output;
}

/* Operations that are pending end with the channel; meanwhile their halves cannot be marked as closed. */
static void
devssh_channel_stream_close_halves (DevSshChannelStream *self)
{
  devssh_channel_io_close (self->io);
  g_input_stream_close (self->input, NULL, NULL);
  g_output_stream_close (self->output, NULL, NULL);
}

/* Does not wait until CLOSE has left: a stream is closed when it is dropped, and there is no waiting there. */
static gboolean
devssh_channel_stream_close (GIOStream     *stream,
                             GCancellable  *cancellable,
                             GError       **error)
{
  DevSshChannelStream *self = DEVSSH_CHANNEL_STREAM (stream);

  if (self->io != NULL)
    devssh_channel_stream_close_halves (self);
  return TRUE;
}

static void
devssh_channel_stream_closed_cb (GObject      *source,
                                 GAsyncResult *result,
                                 gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;

  if (devssh_channel_close_finish (DEVSSH_CHANNEL (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
devssh_channel_stream_close_async (GIOStream           *stream,
                                   int                  io_priority,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data)
{
  DevSshChannelStream *self = DEVSSH_CHANNEL_STREAM (stream);
  GTask *task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, devssh_channel_stream_close_async);
  g_task_set_priority (task, io_priority);
  devssh_channel_close_async (devssh_channel_io_get_channel (self->io), cancellable,
                              devssh_channel_stream_closed_cb, task);
  devssh_channel_stream_close_halves (self);
}

static gboolean
devssh_channel_stream_close_finish (GIOStream     *stream,
                                    GAsyncResult  *result,
                                    GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, stream), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
devssh_channel_stream_get_property (GObject    *object,
                                    guint       property_id,
                                    GValue     *value,
                                    GParamSpec *pspec)
{
  DevSshChannelStream *self = DEVSSH_CHANNEL_STREAM (object);

  switch (property_id)
    {
    case PROP_CHANNEL:
      g_value_set_object (value, devssh_channel_stream_get_channel (self));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
devssh_channel_stream_finalize (GObject *object)
{
  DevSshChannelStream *self = DEVSSH_CHANNEL_STREAM (object);

  g_clear_object (&self->input);
  g_clear_object (&self->output);
  g_clear_pointer (&self->io, devssh_channel_io_unref);

  G_OBJECT_CLASS (devssh_channel_stream_parent_class)->finalize (object);
}

static void
devssh_channel_stream_class_init (DevSshChannelStreamClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  object_class->get_property = devssh_channel_stream_get_property;
  object_class->finalize = devssh_channel_stream_finalize;
  stream_class->get_input_stream = devssh_channel_stream_get_input_stream;
  stream_class->get_output_stream = devssh_channel_stream_get_output_stream;
  stream_class->close_fn = devssh_channel_stream_close;
  stream_class->close_async = devssh_channel_stream_close_async;
  stream_class->close_finish = devssh_channel_stream_close_finish;

  /**
   * DevSshChannelStream:channel: (getter get_channel)
   *
   * The channel whose data this is.
   *
   * Since: 1.0
   */
  properties[PROP_CHANNEL] =
    g_param_spec_object ("channel", NULL, NULL,
                         DEVSSH_TYPE_CHANNEL,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
devssh_channel_stream_init (DevSshChannelStream *self)
{
}

/**
 * devssh_channel_stream_new:
 * @channel: a channel
 * @error: return location for an error
 *
 * Makes a stream of @channel, and so the reader of its data. What has come
 * already is read first.
 *
 * Returns: (transfer full): the stream; %NULL and %DEVSSH_ERROR_INVALID_STATE:
 *   somebody else reads from @channel
 *
 * Since: 1.0
 */
DevSshChannelStream *
devssh_channel_stream_new (DevSshChannel  *channel,
                           GError        **error)
{
  DevSshChannelStream *self;
  DevSshChannelIo *io;

  g_return_val_if_fail (DEVSSH_IS_CHANNEL (channel), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  io = devssh_channel_io_new (channel, error);
  if (io == NULL)
    return NULL;

  self = g_object_new (DEVSSH_TYPE_CHANNEL_STREAM, NULL);
  self->io = io;
  self->input = devssh_channel_input_stream_new (io);
  self->output = devssh_channel_output_stream_new (io);
  return self;
}

/**
 * devssh_channel_stream_get_channel: (get-property channel)
 * @self: a stream
 *
 * The channel whose data this is.
 *
 * Returns: (transfer none): the channel
 *
 * Since: 1.0
 */
DevSshChannel *
devssh_channel_stream_get_channel (DevSshChannelStream *self)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL_STREAM (self), NULL);

  return self->io != NULL ? devssh_channel_io_get_channel (self->io) : NULL;
}
