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
/* What the calling thread makes from now on belongs to context, which another thread runs; NULL: to its own again. */
void              devssh_context_make_for           (DevSshContext *context);
DevSshContext    *devssh_context_ref                (DevSshContext *self);
void              devssh_context_unref              (DevSshContext *self);
GMainContext     *devssh_context_get_main_context   (DevSshContext *self);
DevSshBufferPool *devssh_context_get_buffer_pool    (DevSshContext *self);

/* May the calling thread touch objects of this context? (It owns the GMainContext, or nobody does and it made this or ran it last.) */
gboolean          devssh_context_is_here            (DevSshContext *self);
/* The same, and a critical + DEVSSH_ERROR_WRONG_THREAD if not (T-66). */
gboolean          devssh_context_check_here         (DevSshContext *self, const char *function, GError **error);
/* The thread that ran it ends. What its objects still have to do, when their last reference goes, is done in whatever thread that happens:
 * there is no other user by then. Called in that thread, which runs once more what was deferred before. */
void              devssh_context_orphan             (DevSshContext *self);

/* func (data) once, from the loop (G_PRIORITY_DEFAULT), in order; from any thread. destroy (data) afterwards, or instead if the GMainContext dies.
 * What waits keeps the context. What is deferred from func runs in the next turn of the loop. */
void              devssh_context_defer              (DevSshContext *self, void (*func) (gpointer data), gpointer data, GDestroyNotify destroy);

/* Something in it is not done, though nothing that it belongs to is there any more: who runs it for others goes on. Any thread. */
void              devssh_context_hold               (DevSshContext *self);
void              devssh_context_release            (DevSshContext *self);
gboolean          devssh_context_is_held            (DevSshContext *self);

/* For a dispose that runs in another thread: the object is disposed of again in its own, where its last reference goes then. */
void              devssh_context_take_home          (DevSshContext *self, gpointer object);

/* Ends a GTask from the loop, never from inside the caller: consumes one reference of task. Exactly one of error (consumed) or result. */
void              devssh_context_return_error       (DevSshContext *self, GTask *task, GError *error);
void              devssh_context_return_cancelled   (DevSshContext *self, GTask *task);
void              devssh_context_return_boolean     (DevSshContext *self, GTask *task, gboolean result);
void              devssh_context_return_int         (DevSshContext *self, GTask *task, gssize result);
void              devssh_context_return_pointer     (DevSshContext *self, GTask *task, gpointer result, GDestroyNotify destroy);
/* What an operation ends with that was cancelled. */
GError           *devssh_error_new_cancelled        (void);

/* The clock of deadlines and of everything that is told the time: monotonic microseconds (T-63). */
gint64            devssh_context_get_time           (DevSshContext *self);
/* For tests, which must not sleep: from now on it is that much later here, as after a suspended computer has come back. */
void              devssh_context_advance_clock      (DevSshContext *self, gint64 microseconds);

/* Deadlines: a binary heap with one ready time. The struct is embedded in its owner, zeroed before its first use, and cleared
 * before it is freed. Set again it moves. func runs once, from the loop; the deadline is not set any more by then. One that is
 * set for a time gone by runs in the next turn. */
struct _DevSshDeadline
{
  DevSshContext *context;               /* NULL: not set */
  gint64         at;
  guint          index;
  guint64        serial;                /* equal times in the order they were set */
  void         (*func) (DevSshDeadline *self);
};
void              devssh_deadline_set               (DevSshDeadline *self, DevSshContext *context, gint64 at, void (*func) (DevSshDeadline *self));
void              devssh_deadline_clear             (DevSshDeadline *self);

/* A look each turn of the loop, from the source's prepare: for what GObject gives no notice of, such as a handler being connected.
 * func must be cheap and only mark (devssh_context_defer()); it may clear its own probe. Embedded in its owner, zeroed
 * before its first use; set and cleared only in the thread that runs the context. */
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
/* No func call after this; NULL is allowed. Legal at any time, also from inside func and from handlers of the cancellable itself. */
void              devssh_cancel_watch_free          (DevSshCancelWatch *watch);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DevSshContext, devssh_context_unref)

G_END_DECLS
