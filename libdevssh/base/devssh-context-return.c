/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ends tasks from the loop, never from inside the call that knows their result. */
#include <libdevssh/base/devssh-context-private.h>

typedef struct
{
  GTask          *task;
  GError         *error;
  gssize          number;
  gpointer        pointer;
  GDestroyNotify  destroy;
  enum { RETURN_BOOLEAN, RETURN_INT, RETURN_POINTER } kind;
} Return;

static void
return_run (gpointer data)
{
  Return *self = data;

  if (self->error != NULL)
    g_task_return_error (self->task, g_steal_pointer (&self->error));
  else if (self->kind == RETURN_BOOLEAN)
    g_task_return_boolean (self->task, self->number != 0);
  else if (self->kind == RETURN_INT)
    g_task_return_int (self->task, self->number);
  else
    g_task_return_pointer (self->task, g_steal_pointer (&self->pointer), self->destroy);
}

static void
return_free (gpointer data)
{
  Return *self = data;

  g_clear_error (&self->error);
  if (self->pointer != NULL && self->destroy != NULL)
    self->destroy (self->pointer);
  g_object_unref (self->task);
  g_free (self);
}

static void
context_return (DevSshContext *self,
                Return         value)
{
  devssh_context_defer (self, return_run, g_memdup2 (&value, sizeof value), return_free);
}

void
devssh_context_return_error (DevSshContext *self,
                             GTask         *task,
                             GError        *error)
{
  context_return (self, (Return) { .task = task, .error = error });
}

GError *
devssh_error_new_cancelled (void)
{
  return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "Operation was cancelled");
}

void
devssh_context_return_cancelled (DevSshContext *self,
                                 GTask         *task)
{
  devssh_context_return_error (self, task, devssh_error_new_cancelled ());
}

void
devssh_context_return_boolean (DevSshContext *self,
                               GTask         *task,
                               gboolean       result)
{
  context_return (self, (Return) { .task = task, .number = result, .kind = RETURN_BOOLEAN });
}

void
devssh_context_return_int (DevSshContext *self,
                           GTask         *task,
                           gssize         result)
{
  context_return (self, (Return) { .task = task, .number = result, .kind = RETURN_INT });
}

void
devssh_context_return_pointer (DevSshContext  *self,
                               GTask          *task,
                               gpointer        result,
                               GDestroyNotify  destroy)
{
  context_return (self, (Return) { .task = task, .pointer = result, .destroy = destroy,
                                   .kind = RETURN_POINTER });
}
