/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A WebSocket as a GIOStream: binary messages are the bytes, where one ends means nothing.
 *
 * It is what a session needs of a stream that it cannot poll, and not more: asynchronous reads and writes that can be cancelled, and
 * a close. libsoup does not say when a message has left, so a write is done at once; the windows of the session bound what waits.
 */
#include "websocket-stream.h"

#include <string.h>

/* What the other end's libsoup takes in one message, by default, is twice that. */
#define MAX_MESSAGE 65536

/* ---- reading ---- */

#define WEBSOCKET_TYPE_INPUT (websocket_input_get_type ())
G_DECLARE_FINAL_TYPE (WebsocketInput, websocket_input, WEBSOCKET, INPUT, GInputStream)

struct _WebsocketInput
{
  GInputStream parent_instance;
  GByteArray  *waiting;         /* came, and was not read yet */
  gboolean     ended;
  GTask       *read;            /* waits for the first byte */
  void        *buffer;
  gsize        count;
  GSource     *cancelled;
};

G_DEFINE_FINAL_TYPE (WebsocketInput, websocket_input, G_TYPE_INPUT_STREAM)

static void
websocket_input_end_read (WebsocketInput *self, GError *error)
{
  g_autoptr(GTask) task = g_steal_pointer (&self->read);
  gsize n = MIN (self->count, self->waiting->len);

  if (self->cancelled != NULL)
    g_source_destroy (self->cancelled);
  g_clear_pointer (&self->cancelled, g_source_unref);
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  memcpy (self->buffer, self->waiting->data, n);
  g_byte_array_remove_range (self->waiting, 0, (guint) n);
  g_task_return_int (task, (gssize) n);
}

static gboolean
websocket_input_cancelled (GCancellable *cancellable, gpointer self)
{
  websocket_input_end_read (self, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "Cancelled"));
  return G_SOURCE_REMOVE;
}

static void
websocket_input_read_async (GInputStream *stream, void *buffer, gsize count, int io_priority, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer user_data)
{
  WebsocketInput *self = WEBSOCKET_INPUT (stream);

  self->read = g_task_new (self, cancellable, callback, user_data);
  self->buffer = buffer;
  self->count = count;
  if (self->waiting->len > 0 || self->ended)
    websocket_input_end_read (self, NULL);
  else if (cancellable != NULL)
    {
      self->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (self->cancelled, G_SOURCE_FUNC (websocket_input_cancelled), self, NULL);
      g_source_attach (self->cancelled, g_main_context_get_thread_default ());
    }
}

static gssize
websocket_input_read_finish (GInputStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_int (G_TASK (result), error);
}

static void
websocket_input_message (SoupWebsocketConnection *connection, SoupWebsocketDataType type, GBytes *message, WebsocketInput *self)
{
  if (type == SOUP_WEBSOCKET_DATA_BINARY)
    g_byte_array_append (self->waiting, g_bytes_get_data (message, NULL), (guint) g_bytes_get_size (message));
  if (self->read != NULL && self->waiting->len > 0)
    websocket_input_end_read (self, NULL);
}

static void
websocket_input_closed (SoupWebsocketConnection *connection, WebsocketInput *self)
{
  self->ended = TRUE;
  if (self->read != NULL)
    websocket_input_end_read (self, NULL);
}

static void
websocket_input_finalize (GObject *object)
{
  g_byte_array_unref (WEBSOCKET_INPUT (object)->waiting);
  G_OBJECT_CLASS (websocket_input_parent_class)->finalize (object);
}

static void
websocket_input_class_init (WebsocketInputClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = websocket_input_finalize;
  G_INPUT_STREAM_CLASS (klass)->read_async = websocket_input_read_async;
  G_INPUT_STREAM_CLASS (klass)->read_finish = websocket_input_read_finish;
}

static void
websocket_input_init (WebsocketInput *self)
{
  self->waiting = g_byte_array_new ();
}

/* ---- writing ---- */

#define WEBSOCKET_TYPE_OUTPUT (websocket_output_get_type ())
G_DECLARE_FINAL_TYPE (WebsocketOutput, websocket_output, WEBSOCKET, OUTPUT, GOutputStream)

struct _WebsocketOutput
{
  GOutputStream            parent_instance;
  SoupWebsocketConnection *connection;      /* the stream's */
};

G_DEFINE_FINAL_TYPE (WebsocketOutput, websocket_output, G_TYPE_OUTPUT_STREAM)

static void
websocket_output_write_async (GOutputStream *stream, const void *buffer, gsize count, int io_priority, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data)
{
  WebsocketOutput *self = WEBSOCKET_OUTPUT (stream);
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  gsize n = MIN (count, MAX_MESSAGE);

  if (soup_websocket_connection_get_state (self->connection) != SOUP_WEBSOCKET_STATE_OPEN)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CLOSED, "The WebSocket is closed");
      return;
    }
  soup_websocket_connection_send_binary (self->connection, buffer, n);
  g_task_return_int (task, (gssize) n);
}

static gssize
websocket_output_write_finish (GOutputStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_int (G_TASK (result), error);
}

static void
websocket_output_class_init (WebsocketOutputClass *klass)
{
  G_OUTPUT_STREAM_CLASS (klass)->write_async = websocket_output_write_async;
  G_OUTPUT_STREAM_CLASS (klass)->write_finish = websocket_output_write_finish;
}

static void
websocket_output_init (WebsocketOutput *self)
{
}

/* ---- both ---- */

struct _WebsocketStream
{
  GIOStream                parent_instance;
  SoupWebsocketConnection *connection;
  WebsocketInput          *input;
  WebsocketOutput         *output;
};

G_DEFINE_FINAL_TYPE (WebsocketStream, websocket_stream, G_TYPE_IO_STREAM)

static GInputStream *
websocket_stream_get_input_stream (GIOStream *stream)
{
  return G_INPUT_STREAM (WEBSOCKET_STREAM (stream)->input);
}

static GOutputStream *
websocket_stream_get_output_stream (GIOStream *stream)
{
  return G_OUTPUT_STREAM (WEBSOCKET_STREAM (stream)->output);
}

static gboolean
websocket_stream_close (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  WebsocketStream *self = WEBSOCKET_STREAM (stream);

  if (soup_websocket_connection_get_state (self->connection) == SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_close (self->connection, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
  return TRUE;
}

/* Not in a thread, as GIO's own would. */
static void
websocket_stream_close_async (GIOStream *stream, int io_priority, GCancellable *cancellable, GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_autoptr(GTask) task = g_task_new (stream, cancellable, callback, user_data);

  websocket_stream_close (stream, NULL, NULL);
  g_task_return_boolean (task, TRUE);
}

static gboolean
websocket_stream_close_finish (GIOStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
websocket_stream_finalize (GObject *object)
{
  WebsocketStream *self = WEBSOCKET_STREAM (object);

  g_object_unref (self->input);
  g_object_unref (self->output);
  g_object_unref (self->connection);
  G_OBJECT_CLASS (websocket_stream_parent_class)->finalize (object);
}

static void
websocket_stream_class_init (WebsocketStreamClass *klass)
{
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = websocket_stream_finalize;
  stream_class->get_input_stream = websocket_stream_get_input_stream;
  stream_class->get_output_stream = websocket_stream_get_output_stream;
  stream_class->close_fn = websocket_stream_close;
  stream_class->close_async = websocket_stream_close_async;
  stream_class->close_finish = websocket_stream_close_finish;
}

static void
websocket_stream_init (WebsocketStream *self)
{
}

GIOStream *
websocket_stream_new (SoupWebsocketConnection *connection)
{
  WebsocketStream *self = g_object_new (WEBSOCKET_TYPE_STREAM, NULL);

  self->connection = g_object_ref (connection);
  self->input = g_object_new (WEBSOCKET_TYPE_INPUT, NULL);
  self->output = g_object_new (WEBSOCKET_TYPE_OUTPUT, NULL);
  self->output->connection = connection;
  g_signal_connect_object (connection, "message", G_CALLBACK (websocket_input_message), self->input, 0);
  g_signal_connect_object (connection, "closed", G_CALLBACK (websocket_input_closed), self->input, 0);
  return G_IO_STREAM (self);
}
