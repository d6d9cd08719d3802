/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a session lets go of a stream that cannot be polled: it waits for what is pending, and closes it then. */
#include "../test-util.h"

#include <libdevssh/base/devssh-context-private.h>

/* ---- streams whose operations end when the test says so, and without a thread ---- */

#define HELD_TYPE_INPUT_STREAM (held_input_stream_get_type ())
G_DECLARE_FINAL_TYPE (HeldInputStream, held_input_stream, HELD, INPUT_STREAM, GInputStream)

struct _HeldInputStream
{
  GInputStream  parent_instance;
  GTask        *task;
};

G_DEFINE_FINAL_TYPE (HeldInputStream, held_input_stream, G_TYPE_INPUT_STREAM)

#define HELD_TYPE_OUTPUT_STREAM (held_output_stream_get_type ())
G_DECLARE_FINAL_TYPE (HeldOutputStream, held_output_stream, HELD, OUTPUT_STREAM, GOutputStream)

struct _HeldOutputStream
{
  GOutputStream  parent_instance;
  GTask         *task;
  gboolean       open;      /* takes everything at once */
};

G_DEFINE_FINAL_TYPE (HeldOutputStream, held_output_stream, G_TYPE_OUTPUT_STREAM)

static void
held_input_stream_read_async (GInputStream        *stream,
                              void                *buffer,
                              gsize                count,
                              int                  io_priority,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  HeldInputStream *self = HELD_INPUT_STREAM (stream);

  g_assert_null (self->task);
  self->task = g_task_new (self, cancellable, callback, user_data);
}

static gssize
held_input_stream_read_finish (GInputStream  *stream,
                               GAsyncResult  *result,
                               GError       **error)
{
  return g_task_propagate_int (G_TASK (result), error);
}

static void
held_input_stream_close_async (GInputStream        *stream,
                               int                  io_priority,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (stream, cancellable, callback, user_data);

  g_task_return_boolean (task, TRUE);
}

static gboolean
held_input_stream_close_finish (GInputStream  *stream,
                                GAsyncResult  *result,
                                GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
held_input_stream_class_init (HeldInputStreamClass *klass)
{
  GInputStreamClass *stream_class = G_INPUT_STREAM_CLASS (klass);

  stream_class->read_async = held_input_stream_read_async;
  stream_class->read_finish = held_input_stream_read_finish;
  stream_class->close_async = held_input_stream_close_async;
  stream_class->close_finish = held_input_stream_close_finish;
}

static void
held_input_stream_init (HeldInputStream *self)
{
}

static void
held_output_stream_write_async (GOutputStream       *stream,
                                const void          *buffer,
                                gsize                count,
                                int                  io_priority,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data)
{
  HeldOutputStream *self = HELD_OUTPUT_STREAM (stream);
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_assert_null (self->task);
  if (self->open)
    {
      g_task_return_int (task, (gssize) count);
      g_object_unref (task);
    }
  else
    self->task = task;
}

static gssize
held_output_stream_write_finish (GOutputStream  *stream,
                                 GAsyncResult   *result,
                                 GError        **error)
{
  return g_task_propagate_int (G_TASK (result), error);
}

static void
held_output_stream_close_async (GOutputStream       *stream,
                                int                  io_priority,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (stream, cancellable, callback, user_data);

  g_task_return_boolean (task, TRUE);
}

static gboolean
held_output_stream_close_finish (GOutputStream  *stream,
                                 GAsyncResult   *result,
                                 GError        **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
held_output_stream_class_init (HeldOutputStreamClass *klass)
{
  GOutputStreamClass *stream_class = G_OUTPUT_STREAM_CLASS (klass);

  stream_class->write_async = held_output_stream_write_async;
  stream_class->write_finish = held_output_stream_write_finish;
  stream_class->flush_async = NULL;   /* the parent's has a thread */
  stream_class->close_async = held_output_stream_close_async;
  stream_class->close_finish = held_output_stream_close_finish;
}

static void
held_output_stream_init (HeldOutputStream *self)
{
}

static void
held_return_cancelled (GTask **held)
{
  g_autoptr(GTask) task = g_steal_pointer (held);

  g_assert_true (g_cancellable_is_cancelled (g_task_get_cancellable (task)));
  g_task_return_error_if_cancelled (task);
}

/* ---- a session over them ---- */

typedef struct
{
  HeldInputStream  *input;
  HeldOutputStream *output;
  GIOStream        *stream;
  DevSshSession    *session;
  DevSshContext    *context;
} Held;

/* Reads for ever; writes as well, unless the output is open. */
static void
held_init (Held     *self,
           gboolean  open)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(GError) error = NULL;

  self->context = devssh_context_ref_thread_default ();
  self->input = g_object_new (HELD_TYPE_INPUT_STREAM, NULL);
  self->output = g_object_new (HELD_TYPE_OUTPUT_STREAM, NULL);
  self->output->open = open;
  self->stream = g_simple_io_stream_new (G_INPUT_STREAM (self->input), G_OUTPUT_STREAM (self->output));
  self->session = DEVSSH_SESSION (devssh_client_session_new (self->stream, pair->client_config, &error));
  g_assert_no_error (error);
  devssh_session_connect_async (self->session, NULL, NULL, NULL);
  test_spin_until (self->input->task != NULL && (open || self->output->task != NULL));
  test_settle ();
}

static gboolean
held_is_closed (Held *self)
{
  return g_input_stream_is_closed (G_INPUT_STREAM (self->input)) &&
         g_output_stream_is_closed (G_OUTPUT_STREAM (self->output)) &&
         g_io_stream_is_closed (self->stream);
}

/* The last references to all of it are the test's. */
static void
held_clear (Held *self)
{
  g_assert_null (self->input->task);
  g_assert_null (self->output->task);
  test_settle ();
  if (self->session != NULL)
    g_assert_finalize_object (self->session);
  g_assert_finalize_object (self->stream);
  g_assert_finalize_object (self->input);
  g_assert_finalize_object (self->output);
  devssh_context_unref (self->context);
}

static void
test_pending_read (void)
{
  g_autoptr(GAsyncResult) result = NULL;
  Held self = { NULL };

  held_init (&self, TRUE);
  devssh_session_close_async (self.session, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "that is all",
                              NULL, test_keep_result_cb, &result);
  devssh_context_advance_clock (self.context, G_TIME_SPAN_SECOND);
  test_spin_until (result != NULL);
  g_assert_true (devssh_session_close_finish (self.session, result, NULL));
  test_settle ();
  g_assert_nonnull (self.input->task);

  held_return_cancelled (&self.input->task);
  test_spin_until (held_is_closed (&self));
  g_clear_object (&result);
  held_clear (&self);
}

/* What was given to the stream has a grace to leave. */
static void
test_pending_write (void)
{
  Held self = { NULL };

  held_init (&self, FALSE);
  devssh_session_close (self.session, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "that is all");
  devssh_context_advance_clock (self.context, G_TIME_SPAN_SECOND);
  test_settle ();
  held_return_cancelled (&self.input->task);
  test_settle ();
  g_assert_false (g_cancellable_is_cancelled (g_task_get_cancellable (self.output->task)));
  devssh_context_advance_clock (self.context, 6 * G_TIME_SPAN_SECOND);
  test_spin_until (g_cancellable_is_cancelled (g_task_get_cancellable (self.output->task)));

  held_return_cancelled (&self.output->task);
  test_spin_until (held_is_closed (&self));
  held_clear (&self);
}

/* While it still waits for the peer to hang up. */
static void
test_dropped (void)
{
  Held self = { NULL };

  held_init (&self, TRUE);
  devssh_session_close (self.session, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "that is all");
  test_settle ();
  g_assert_false (g_cancellable_is_cancelled (g_task_get_cancellable (self.input->task)));
  g_assert_finalize_object (g_steal_pointer (&self.session));
  test_settle ();
  held_return_cancelled (&self.input->task);
  test_spin_until (held_is_closed (&self));
  held_clear (&self);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/session/end/unpollable/pending-read", test_pending_read);
  g_test_add_func ("/session/end/unpollable/pending-write", test_pending_write);
  g_test_add_func ("/session/end/unpollable/dropped", test_dropped);

  return g_test_run ();
}
