/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One per GMainContext: deadlines, cancellations, work to be done later, buffers (design D2, D3, D13).
 * One GSource serves them all, so what waits costs nothing per turn of the loop. */
#pragma once

#include <gio/gio.h>
#include <libdevssh/base/devssh-buffer-private.h>

G_BEGIN_DECLS

typedef struct _DevSshContext      DevSshContext;
typedef struct _DevSshDeadline     DevSshDeadline;
typedef struct _DevSshCancelWatch  DevSshCancelWatch;
typedef struct _DevSshProbe        DevSshProbe;

/* The one of the calling thread's thread-default GMainContext, made when first asked for; freed with its last user. */
DevSshContext    *devssh_context_ref_thread_default (void);
DevSshContext    *devssh_context_ref                (DevSshContext *self);
void              devssh_context_unref              (DevSshContext *self);
GMainContext     *devssh_context_get_main_context   (DevSshContext *self);
DevSshBufferPool *devssh_context_get_buffer_pool    (DevSshContext *self);

/* May the calling thread touch objects of this context? (It owns the GMainContext, or nobody does and it made this.) */
gboolean          devssh_context_is_here            (DevSshContext *self);
/* The same, and a critical + DEVSSH_ERROR_WRONG_THREAD if not (T-66). */
gboolean          devssh_context_check_here         (DevSshContext *self, const char *function, GError **error);

/* func (data) once, from the loop (G_PRIORITY_DEFAULT), in order; from any thread. destroy (data) afterwards or if the context dies. */
void              devssh_context_defer              (DevSshContext *self, void (*func) (gpointer data), gpointer data, GDestroyNotify destroy);

/* Ends a GTask from the loop, never from inside the caller: consumes one reference of task. Exactly one of error (consumed) or result. */
void              devssh_context_return_error       (DevSshContext *self, GTask *task, GError *error);
void              devssh_context_return_boolean     (DevSshContext *self, GTask *task, gboolean result);
void              devssh_context_return_int         (DevSshContext *self, GTask *task, gssize result);
void              devssh_context_return_pointer     (DevSshContext *self, GTask *task, gpointer result, GDestroyNotify destroy);

/* Deadlines: a binary heap with one ready time. The struct is embedded in its owner; monotonic microseconds (T-63). */
struct _DevSshDeadline
{
  DevSshContext *context;               /* NULL: not set */
  gint64         at;
  guint          index;
  void         (*func) (DevSshDeadline *self);
};
void              devssh_deadline_set               (DevSshDeadline *self, DevSshContext *context, gint64 at, void (*func) (DevSshDeadline *self));
void              devssh_deadline_clear             (DevSshDeadline *self);

/* A look each turn of the loop, from the source's prepare: for what GObject gives no notice of, such as a handler being connected.
 * func must be cheap and only mark (devssh_context_defer()); it may clear its own probe. Embedded in its owner. */
struct _DevSshProbe
{
  DevSshContext *context;               /* NULL: not set */
  DevSshProbe   *next;
  DevSshProbe   *previous;
  void         (*func) (DevSshProbe *self);
};
void              devssh_probe_set                  (DevSshProbe *self, DevSshContext *context, void (*func) (DevSshProbe *self));
void              devssh_probe_clear                (DevSshProbe *self);

/* Cancellation without a source per operation (design D13). func runs from the loop, once, in this context, whatever thread cancelled.
 * cancellable may be NULL (then NULL comes back and nothing happens). If it is cancelled already, func runs from the loop too. */
DevSshCancelWatch *devssh_context_watch_cancellable (DevSshContext *self, GCancellable *cancellable, void (*func) (gpointer data), gpointer data);
/* No func call after this; NULL is allowed. */
void              devssh_cancel_watch_free          (DevSshCancelWatch *watch);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DevSshContext, devssh_context_unref)

G_END_DECLS
