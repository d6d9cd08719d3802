/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fault-stream.h"

#include <errno.h>

/* ---- input ---- */

#define FAULT_TYPE_INPUT_STREAM (fault_input_stream_get_type ())
G_DECLARE_FINAL_TYPE (FaultInputStream, fault_input_stream, FAULT, INPUT_STREAM, GInputStream)

struct _FaultInputStream
{
  GInputStream  parent_instance;
  GInputStream *base;
  FaultPlan    *plan;
};

#define FAULT_TYPE_OUTPUT_STREAM (fault_output_stream_get_type ())
G_DECLARE_FINAL_TYPE (FaultOutputStream, fault_output_stream, FAULT, OUTPUT_STREAM, GOutputStream)

struct _FaultOutputStream
{
  GOutputStream  parent_instance;
  GOutputStream *base;
  FaultPlan     *plan;
};

#define FAULT_TYPE_STREAM (fault_stream_get_type ())
G_DECLARE_FINAL_TYPE (FaultStream, fault_stream, FAULT, STREAM, GIOStream)

struct _FaultStream
{
  GIOStream      parent_instance;
  GIOStream     *base;
  GInputStream  *input;
  GOutputStream *output;
};

static void fault_input_stream_pollable_init (GPollableInputStreamInterface *iface);
static void fault_output_stream_pollable_init (GPollableOutputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (FaultInputStream, fault_input_stream, G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM, fault_input_stream_pollable_init))
G_DEFINE_FINAL_TYPE_WITH_CODE (FaultOutputStream, fault_output_stream, G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM, fault_output_stream_pollable_init))
G_DEFINE_FINAL_TYPE (FaultStream, fault_stream, G_TYPE_IO_STREAM)

/* TRUE: this call fails. Else *count is what may pass, at least 1 if it was, but for a cut. */
static gboolean
plan_next (FaultPlan  *plan,
           gsize      *count,
           GError    **error)
{
  plan->n_calls++;
  if (plan->at > 0 && (plan->n_calls == plan->at || (plan->for_ever && plan->n_calls > plan->at)))
    {
      plan->hit = TRUE;
      g_set_error_literal (error, G_IO_ERROR,
                           plan->error_number == EAGAIN ? G_IO_ERROR_WOULD_BLOCK
                                                        : (int) g_io_error_from_errno (plan->error_number),
                           g_strerror (plan->error_number));
      return TRUE;
    }

  if (plan->piece > 0)
    *count = MIN (*count, plan->piece);
  if (plan->cut != G_MAXSIZE)
    {
      *count = MIN (*count, plan->cut - plan->n_bytes);
      plan->hit |= *count == 0;
    }

  return FALSE;
}

static void
plan_count (FaultPlan *plan,
            gssize     n)
{
  if (n > 0)
    plan->n_bytes += n;
}

static gssize
fault_input_stream_read_nonblocking (GPollableInputStream  *stream,
                                     void                  *buffer,
                                     gsize                  count,
                                     GError               **error)
{
  FaultInputStream *self = FAULT_INPUT_STREAM (stream);
  gssize n;

  if (plan_next (self->plan, &count, error))
    return -1;
  if (count == 0)
    return 0;

  n = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (self->base), buffer, count, NULL, error);
  plan_count (self->plan, n);

  return n;
}

static gssize
fault_input_stream_read (GInputStream  *stream,
                         void          *buffer,
                         gsize          count,
                         GCancellable  *cancellable,
                         GError       **error)
{
  g_assert_not_reached ();   /* nobody may block */
}

static gboolean
fault_input_stream_is_readable (GPollableInputStream *stream)
{
  return g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (FAULT_INPUT_STREAM (stream)->base));
}

static GSource *
fault_input_stream_create_source (GPollableInputStream *stream,
                                  GCancellable         *cancellable)
{
  FaultInputStream *self = FAULT_INPUT_STREAM (stream);
  g_autoptr(GSource) base =
    self->plan->cut == self->plan->n_bytes
      ? g_timeout_source_new (0)   /* the end is always ready */
      : g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (self->base), NULL);

  return g_pollable_source_new_full (stream, base, cancellable);
}

static void
fault_input_stream_dispose (GObject *object)
{
  g_clear_object (&FAULT_INPUT_STREAM (object)->base);
  G_OBJECT_CLASS (fault_input_stream_parent_class)->dispose (object);
}

static void
fault_input_stream_class_init (FaultInputStreamClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = fault_input_stream_dispose;
  G_INPUT_STREAM_CLASS (klass)->read_fn = fault_input_stream_read;
}

static void
fault_input_stream_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = fault_input_stream_is_readable;
  iface->create_source = fault_input_stream_create_source;
  iface->read_nonblocking = fault_input_stream_read_nonblocking;
}

static void
fault_input_stream_init (FaultInputStream *self)
{
}

/* ---- output ---- */

static gssize
fault_output_stream_write_nonblocking (GPollableOutputStream  *stream,
                                       const void             *buffer,
                                       gsize                   count,
                                       GError                **error)
{
  FaultOutputStream *self = FAULT_OUTPUT_STREAM (stream);
  gssize n;

  if (plan_next (self->plan, &count, error))
    return -1;
  if (count == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, "Cut");
      return -1;
    }

  if (self->plan->swallow)
    n = (gssize) count;
  else
    n = g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (self->base), buffer, count, NULL, error);
  plan_count (self->plan, n);

  return n;
}

static gssize
fault_output_stream_write (GOutputStream  *stream,
                           const void     *buffer,
                           gsize           count,
                           GCancellable   *cancellable,
                           GError        **error)
{
  g_assert_not_reached ();
}

static gboolean
fault_output_stream_is_writable (GPollableOutputStream *stream)
{
  return g_pollable_output_stream_is_writable (G_POLLABLE_OUTPUT_STREAM (FAULT_OUTPUT_STREAM (stream)->base));
}

static GSource *
fault_output_stream_create_source (GPollableOutputStream *stream,
                                   GCancellable          *cancellable)
{
  g_autoptr(GSource) base =
    g_pollable_output_stream_create_source (G_POLLABLE_OUTPUT_STREAM (FAULT_OUTPUT_STREAM (stream)->base), NULL);

  return g_pollable_source_new_full (stream, base, cancellable);
}

static void
fault_output_stream_dispose (GObject *object)
{
  g_clear_object (&FAULT_OUTPUT_STREAM (object)->base);
  G_OBJECT_CLASS (fault_output_stream_parent_class)->dispose (object);
}

static void
fault_output_stream_class_init (FaultOutputStreamClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = fault_output_stream_dispose;
  G_OUTPUT_STREAM_CLASS (klass)->write_fn = fault_output_stream_write;
}

static void
fault_output_stream_pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = fault_output_stream_is_writable;
  iface->create_source = fault_output_stream_create_source;
  iface->write_nonblocking = fault_output_stream_write_nonblocking;
}

static void
fault_output_stream_init (FaultOutputStream *self)
{
}

/* ---- both ---- */

static GInputStream *
fault_stream_get_input (GIOStream *stream)
{
  return FAULT_STREAM (stream)->input;
}

static GOutputStream *
fault_stream_get_output (GIOStream *stream)
{
  return FAULT_STREAM (stream)->output;
}

static gboolean
fault_stream_close (GIOStream     *stream,
                    GCancellable  *cancellable,
                    GError       **error)
{
  return g_io_stream_close (FAULT_STREAM (stream)->base, cancellable, error);
}

static void
fault_stream_dispose (GObject *object)
{
  FaultStream *self = FAULT_STREAM (object);

  G_OBJECT_CLASS (fault_stream_parent_class)->dispose (object);
  g_clear_object (&self->input);
  g_clear_object (&self->output);
  g_clear_object (&self->base);
}

static void
fault_stream_class_init (FaultStreamClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = fault_stream_dispose;
  G_IO_STREAM_CLASS (klass)->get_input_stream = fault_stream_get_input;
  G_IO_STREAM_CLASS (klass)->get_output_stream = fault_stream_get_output;
  G_IO_STREAM_CLASS (klass)->close_fn = fault_stream_close;
}

static void
fault_stream_init (FaultStream *self)
{
}

GIOStream *
fault_stream_new (GIOStream *base,
                  FaultPlan *input,
                  FaultPlan *output)
{
  FaultStream *self = g_object_new (FAULT_TYPE_STREAM, NULL);
  FaultInputStream *in = g_object_new (FAULT_TYPE_INPUT_STREAM, NULL);
  FaultOutputStream *out = g_object_new (FAULT_TYPE_OUTPUT_STREAM, NULL);

  in->base = g_object_ref (g_io_stream_get_input_stream (base));
  in->plan = input;
  out->base = g_object_ref (g_io_stream_get_output_stream (base));
  out->plan = output;
  self->base = g_object_ref (base);
  self->input = G_INPUT_STREAM (in);
  self->output = G_OUTPUT_STREAM (out);

  return G_IO_STREAM (self);
}
