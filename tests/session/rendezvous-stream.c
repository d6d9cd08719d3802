/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two streams joined without a byte of room between them. */
#include "rendezvous-stream.h"

#include <string.h>

/* One direction; both of its ends have a reference. */
typedef struct
{
  GTask      *read;           /* waits for a writer */
  guint8     *space;
  gsize       space_size;
  GTask      *write;          /* waits for a reader */
  const void *data;
  gsize       data_size;
  gboolean    closed;         /* at either end */
} Meeting;

/* Tasks are cancelled by GTask itself, when they come to an end; who waits is woken here. */
static void
meeting_settle (Meeting *self)
{
  if (self->read != NULL && (self->closed || g_cancellable_is_cancelled (g_task_get_cancellable (self->read))))
    {
      g_autoptr(GTask) task = g_steal_pointer (&self->read);

      g_task_return_int (task, 0);
    }
  if (self->write != NULL && (self->closed || g_cancellable_is_cancelled (g_task_get_cancellable (self->write))))
    {
      g_autoptr(GTask) task = g_steal_pointer (&self->write);

      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, "Nobody reads any more");
    }
  if (self->read != NULL && self->write != NULL)
    {
      g_autoptr(GTask) read = g_steal_pointer (&self->read);
      g_autoptr(GTask) write = g_steal_pointer (&self->write);
      gsize n = MIN (self->space_size, self->data_size);

      memcpy (self->space, self->data, n);
      g_task_return_int (read, (gssize) n);
      g_task_return_int (write, (gssize) n);
    }
}

static void
meeting_cancelled_cb (GCancellable *cancellable,
                      Meeting      *self)
{
  meeting_settle (self);
}

static GTask *
meeting_task_new (Meeting             *self,
                  gpointer             source,
                  int                  priority,
                  GCancellable        *cancellable,
                  GAsyncReadyCallback  callback,
                  gpointer             user_data)
{
  GTask *task = g_task_new (source, cancellable, callback, user_data);

  g_task_set_priority (task, priority);
  if (cancellable != NULL)
    g_signal_connect_data (cancellable, "cancelled", G_CALLBACK (meeting_cancelled_cb), g_rc_box_acquire (self),
                           (GClosureNotify) (GCallback) g_rc_box_release, 0);
  return task;
}

/* ---- reading ---- */

typedef struct { GInputStream parent_instance; Meeting *meeting; } RendezvousInput;
typedef GInputStreamClass RendezvousInputClass;
GType rendezvous_input_get_type (void);
G_DEFINE_TYPE (RendezvousInput, rendezvous_input, G_TYPE_INPUT_STREAM)

static void
rendezvous_input_read_async (GInputStream        *stream,
                             void                *buffer,
                             gsize                count,
                             int                  priority,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  Meeting *meeting = ((RendezvousInput *) stream)->meeting;

  g_assert_null (meeting->read);
  meeting->read = meeting_task_new (meeting, stream, priority, cancellable, callback, user_data);
  meeting->space = buffer;
  meeting->space_size = count;
  meeting_settle (meeting);
}

static gssize
rendezvous_input_read_finish (GInputStream  *stream,
                              GAsyncResult  *result,
                              GError       **error)
{
  return g_task_propagate_int (G_TASK (result), error);
}

static gboolean
rendezvous_input_close (GInputStream  *stream,
                        GCancellable  *cancellable,
                        GError       **error)
{
  Meeting *meeting = ((RendezvousInput *) stream)->meeting;

  meeting->closed = TRUE;
  meeting_settle (meeting);
  return TRUE;
}

static void
rendezvous_input_close_async (GInputStream        *stream,
                              int                  priority,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (stream, cancellable, callback, user_data);

  rendezvous_input_close (stream, cancellable, NULL);
  g_task_return_boolean (task, TRUE);
}

static gboolean
rendezvous_input_close_finish (GInputStream  *stream,
                               GAsyncResult  *result,
                               GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
rendezvous_input_finalize (GObject *object)
{
  g_rc_box_release (((RendezvousInput *) object)->meeting);
  G_OBJECT_CLASS (rendezvous_input_parent_class)->finalize (object);
}

static void
rendezvous_input_class_init (RendezvousInputClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rendezvous_input_finalize;
  klass->read_async = rendezvous_input_read_async;
  klass->read_finish = rendezvous_input_read_finish;
  klass->close_fn = rendezvous_input_close;
  klass->close_async = rendezvous_input_close_async;
  klass->close_finish = rendezvous_input_close_finish;
}

static void rendezvous_input_init (RendezvousInput *self) { }

/* ---- writing ---- */

typedef struct { GOutputStream parent_instance; Meeting *meeting; } RendezvousOutput;
typedef GOutputStreamClass RendezvousOutputClass;
GType rendezvous_output_get_type (void);
G_DEFINE_TYPE (RendezvousOutput, rendezvous_output, G_TYPE_OUTPUT_STREAM)

static void
rendezvous_output_write_async (GOutputStream       *stream,
                               const void          *buffer,
                               gsize                count,
                               int                  priority,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  Meeting *meeting = ((RendezvousOutput *) stream)->meeting;

  g_assert_null (meeting->write);
  meeting->write = meeting_task_new (meeting, stream, priority, cancellable, callback, user_data);
  meeting->data = buffer;
  meeting->data_size = count;
  meeting_settle (meeting);
}

static gssize
rendezvous_output_write_finish (GOutputStream  *stream,
                                GAsyncResult   *result,
                                GError        **error)
{
  return g_task_propagate_int (G_TASK (result), error);
}

static gboolean
rendezvous_output_close (GOutputStream  *stream,
                         GCancellable   *cancellable,
                         GError        **error)
{
  Meeting *meeting = ((RendezvousOutput *) stream)->meeting;

  meeting->closed = TRUE;
  meeting_settle (meeting);
  return TRUE;
}

static void
rendezvous_output_close_async (GOutputStream       *stream,
                               int                  priority,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (stream, cancellable, callback, user_data);

  rendezvous_output_close (stream, cancellable, NULL);
  g_task_return_boolean (task, TRUE);
}

static gboolean
rendezvous_output_close_finish (GOutputStream  *stream,
                                GAsyncResult   *result,
                                GError        **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
rendezvous_output_finalize (GObject *object)
{
  g_rc_box_release (((RendezvousOutput *) object)->meeting);
  G_OBJECT_CLASS (rendezvous_output_parent_class)->finalize (object);
}

static void
rendezvous_output_class_init (RendezvousOutputClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = rendezvous_output_finalize;
  klass->write_async = rendezvous_output_write_async;
  klass->write_finish = rendezvous_output_write_finish;
  klass->close_fn = rendezvous_output_close;
  klass->close_async = rendezvous_output_close_async;
  klass->close_finish = rendezvous_output_close_finish;
}

static void rendezvous_output_init (RendezvousOutput *self) { }

void
rendezvous_stream_pair (GIOStream **a,
                        GIOStream **b)
{
  GInputStream *inputs[2];
  GOutputStream *outputs[2];

  for (guint i = 0; i < 2; i++)
    {
      Meeting *meeting = g_rc_box_new0 (Meeting);

      inputs[i] = g_object_new (rendezvous_input_get_type (), NULL);
      outputs[i] = g_object_new (rendezvous_output_get_type (), NULL);
      ((RendezvousInput *) inputs[i])->meeting = meeting;
      ((RendezvousOutput *) outputs[i])->meeting = g_rc_box_acquire (meeting);
    }
  *a = g_simple_io_stream_new (inputs[0], outputs[1]);
  *b = g_simple_io_stream_new (inputs[1], outputs[0]);
  for (guint i = 0; i < 2; i++)
    {
      g_object_unref (inputs[i]);
      g_object_unref (outputs[i]);
    }
}
