/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One GSource for everything that waits in a main context: work for later, deadlines and
 * cancellations (design D3, D13). */
#include <libdevssh/base/devssh-deadline-heap-private.h>
#include <libdevssh/base/devssh-error.h>

typedef struct _Deferred Deferred;
struct _Deferred
{
  Deferred       *next;
  guint64         serial;
  void          (*func) (gpointer data);
  gpointer        data;
  GDestroyNotify  destroy;
};

/* Lives as long as the main context has it as a source. Its users keep the main context; work that
 * waits keeps only the source, so that a main context that nobody runs any more can go. */
struct _DevSshContext
{
  GSource             parent;
  gint                users;          /* atomic; from and to 0 only with the registry locked */
  gint                holds;          /* atomic */
  GMainContext       *main_context;   /* a reference while there are users */
  GThread            *thread;         /* atomic: who ran us last, or made us */
  DevSshBufferPool   *buffer_pool;
  gboolean            retired;        /* with the registry locked */

  /* Only in the thread that runs us: a look must not cost a lock. */
  DevSshProbe        *probes;
  DevSshProbe        *next_probe;     /* the one to be called next, while they are called */

  GMutex              lock;           /* for all below; nothing is called with it */
  guint64             serial;         /* what came after a turn began waits for the next */
  Deferred           *first;
  Deferred          **last;
  DevSshCancelWatch  *cancelled;      /* newest last */
  DevSshCancelWatch **last_cancelled;
  DevSshDeadlineHeap  heap;
  gint64              clock_offset;
  gboolean            orphaned;       /* nobody runs us any more */
};

struct _DevSshCancelWatch
{
  gatomicrefcount     ref_count;      /* the owner's and the signal handler's */
  DevSshContext      *context;
  GCancellable       *cancellable;
  gulong              handler;
  DevSshCancelWatch  *next;           /* these with the context locked */
  gboolean            queued;
  guint64             serial;
  void              (*func) (gpointer data);   /* NULL: has run, or must not any more */
  gpointer            data;
};

G_LOCK_DEFINE_STATIC (registry);
static GHashTable *registry;   /* (element-type GMainContext DevSshContext), neither owned */

static GPrivate making_for;    /* borrowed; NULL: objects belong to the thread that makes them */

static void context_retire (DevSshContext *self);

/* ---- the source ---- */

static gboolean
context_has_work (DevSshContext *self,
                  gint64         now)
{
  DevSshDeadline *earliest = devssh_deadline_heap_peek (&self->heap);

  return self->first != NULL || self->cancelled != NULL ||
         (earliest != NULL && earliest->at <= now);
}

static void
context_run_probes (DevSshContext *self)
{
  DevSshProbe *probe = self->probes;

  while (probe != NULL)
    {
      self->next_probe = probe->next;
      probe->func (probe);
      probe = self->next_probe;
    }
}

static gboolean
context_prepare (GSource *source,
                 int     *timeout)
{
  DevSshContext *self = (DevSshContext *) source;
  gint64 now = g_source_get_time (source);
  DevSshDeadline *earliest;
  gboolean ready;

  context_run_probes (self);

  g_mutex_lock (&self->lock);
  now += self->clock_offset;
  ready = context_has_work (self, now);
  earliest = devssh_deadline_heap_peek (&self->heap);
  *timeout = -1;
  if (ready)
    *timeout = 0;
  else if (earliest != NULL)
    *timeout = (int) MIN ((earliest->at - now + 999) / 1000, G_MAXINT);
  g_mutex_unlock (&self->lock);

  return ready;
}

static gboolean
context_check (GSource *source)
{
  DevSshContext *self = (DevSshContext *) source;
  gboolean ready;

  g_mutex_lock (&self->lock);
  ready = context_has_work (self, g_source_get_time (source) + self->clock_offset);
  g_mutex_unlock (&self->lock);

  return ready;
}

/* With the lock held. */
static void
context_forget_cancelled (DevSshContext     *self,
                          DevSshCancelWatch *watch)
{
  DevSshCancelWatch **link = &self->cancelled;

  while (*link != watch)
    link = &(*link)->next;

  *link = watch->next;
  if (*link == NULL)
    self->last_cancelled = link;
  watch->next = NULL;
  watch->queued = FALSE;
}

/* Each of these takes one thing out of its list before it runs it, so that a nested turn of the
 * loop goes on with the next one (design D12). FALSE: nothing that is older than limit is left. */

static gboolean
context_run_cancelled (DevSshContext *self,
                       guint64        limit)
{
  DevSshCancelWatch *watch;
  void (*func) (gpointer data) = NULL;
  gpointer data = NULL;

  g_mutex_lock (&self->lock);
  watch = self->cancelled;
  if (watch != NULL && watch->serial <= limit)
    {
      context_forget_cancelled (self, watch);
      func = g_steal_pointer (&watch->func);
      data = watch->data;
    }
  g_mutex_unlock (&self->lock);

  if (func == NULL)
    return FALSE;

  func (data);
  return TRUE;
}

static gboolean
context_run_deferred (DevSshContext *self,
                      guint64        limit)
{
  Deferred *item = NULL;

  g_mutex_lock (&self->lock);
  if (self->first != NULL && self->first->serial <= limit)
    {
      item = self->first;
      self->first = item->next;
      if (self->first == NULL)
        self->last = &self->first;
    }
  g_mutex_unlock (&self->lock);

  if (item == NULL)
    return FALSE;

  item->func (item->data);
  if (item->destroy != NULL)
    item->destroy (item->data);
  g_free (item);
  return TRUE;
}

static gboolean
context_run_deadline (DevSshContext *self,
                      gint64         now,
                      guint64        limit)
{
  DevSshDeadline *deadline;

  g_mutex_lock (&self->lock);
  deadline = devssh_deadline_heap_peek (&self->heap);
  if (deadline != NULL && (deadline->at > now || deadline->serial > limit))
    deadline = NULL;
  if (deadline != NULL)
    {
      devssh_deadline_heap_remove (&self->heap, deadline);
      deadline->context = NULL;
    }
  g_mutex_unlock (&self->lock);

  if (deadline == NULL)
    return FALSE;

  /* Its owner may free it in there. */
  deadline->func (deadline);
  devssh_context_unref (self);
  return TRUE;
}

static gboolean
context_dispatch (GSource     *source,
                  GSourceFunc  callback,
                  gpointer     user_data)
{
  DevSshContext *self = (DevSshContext *) source;
  guint64 limit;
  gint64 now;

  g_atomic_pointer_set (&self->thread, g_thread_self ());

  g_mutex_lock (&self->lock);
  limit = self->serial;
  now = g_get_monotonic_time () + self->clock_offset;
  g_mutex_unlock (&self->lock);

  while (context_run_cancelled (self, limit))
    ;
  while (context_run_deferred (self, limit))
    ;
  while (context_run_deadline (self, now, limit))
    ;

  if (g_atomic_int_get (&self->users) == 0)
    context_retire (self);

  return G_SOURCE_CONTINUE;
}

/* The main context goes, or nobody needs us any more. */
static void
context_finalize (GSource *source)
{
  DevSshContext *self = (DevSshContext *) source;

  G_LOCK (registry);
  if (!self->retired)
    g_hash_table_remove (registry, self->main_context);
  G_UNLOCK (registry);

  while (self->first != NULL)
    {
      Deferred *item = self->first;

      self->first = item->next;
      if (item->destroy != NULL)
        item->destroy (item->data);
      g_free (item);
    }

  devssh_deadline_heap_clear (&self->heap);
  devssh_buffer_pool_unref (self->buffer_pool);
  g_mutex_clear (&self->lock);
}

static GSourceFuncs context_funcs =
{
  .prepare = context_prepare,
  .check = context_check,
  .dispatch = context_dispatch,
  .finalize = context_finalize,
};

/* ---- the registry ---- */

/* With the registry locked; the reference to main_context becomes the new context's. */
static DevSshContext *
context_new (GMainContext *main_context)
{
  GSource *source = g_source_new (&context_funcs, sizeof (DevSshContext));
  DevSshContext *self = (DevSshContext *) source;

  self->users = 1;
  self->main_context = main_context;
  self->thread = g_thread_self ();
  self->buffer_pool = devssh_buffer_pool_new ();
  g_mutex_init (&self->lock);
  self->last = &self->first;
  self->last_cancelled = &self->cancelled;
  devssh_deadline_heap_init (&self->heap);

  g_source_set_static_name (source, "[libdevssh] context");
  /* A handler may run a nested loop, and the other sessions must go on in it (design D12). */
  g_source_set_can_recurse (source, TRUE);
  g_source_attach (source, main_context);
  g_source_unref (source);
  return self;
}

DevSshContext *
devssh_context_ref_thread_default (void)
{
  DevSshContext *self = g_private_get (&making_for);
  GMainContext *main_context;

  if (self != NULL)
    return devssh_context_ref (self);

  main_context = g_main_context_ref_thread_default ();
  G_LOCK (registry);
  if (registry == NULL)
    registry = g_hash_table_new (NULL, NULL);

  self = g_hash_table_lookup (registry, main_context);
  if (self == NULL)
    {
      self = context_new (main_context);
      g_hash_table_insert (registry, main_context, self);
      main_context = NULL;
    }
  else if (g_atomic_int_add (&self->users, 1) == 0)
    {
      /* It was kept by work that waits; now it has a user again, who keeps the main context. */
      main_context = NULL;
    }
  G_UNLOCK (registry);

  g_clear_pointer (&main_context, g_main_context_unref);
  return self;
}

void
devssh_context_make_for (DevSshContext *context)
{
  g_private_set (&making_for, context);
}

DevSshContext *
devssh_context_ref (DevSshContext *self)
{
  g_atomic_int_inc (&self->users);
  return self;
}

/* Ends the context if nobody uses it and nothing waits in it. */
static void
context_retire (DevSshContext *self)
{
  gboolean retire;

  G_LOCK (registry);
  g_mutex_lock (&self->lock);
  retire = !self->retired && g_atomic_int_get (&self->users) == 0 && self->first == NULL;
  g_mutex_unlock (&self->lock);
  if (retire)
    {
      self->retired = TRUE;
      g_hash_table_remove (registry, self->main_context);
    }
  G_UNLOCK (registry);

  if (retire)
    g_source_destroy ((GSource *) self);
}

void
devssh_context_unref (DevSshContext *self)
{
  GMainContext *main_context = self->main_context;
  gint users = g_atomic_int_get (&self->users);
  gboolean last;

  while (users > 1)
    {
      if (g_atomic_int_compare_and_exchange_full (&self->users, users, users - 1, &users))
        return;
    }

  G_LOCK (registry);
  g_source_ref ((GSource *) self);
  last = g_atomic_int_dec_and_test (&self->users);
  G_UNLOCK (registry);

  /* From here on somebody else may find it, use it and be done with it. */
  if (last)
    context_retire (self);
  g_source_unref ((GSource *) self);
  if (last)
    g_main_context_unref (main_context);
}

GMainContext *
devssh_context_get_main_context (DevSshContext *self)
{
  return self->main_context;
}

DevSshBufferPool *
devssh_context_get_buffer_pool (DevSshContext *self)
{
  return self->buffer_pool;
}

void
devssh_context_hold (DevSshContext *self)
{
  g_atomic_int_inc (&self->holds);
}

void
devssh_context_release (DevSshContext *self)
{
  if (g_atomic_int_dec_and_test (&self->holds))
    g_main_context_wakeup (self->main_context);
}

gboolean
devssh_context_is_held (DevSshContext *self)
{
  return g_atomic_int_get (&self->holds) > 0;
}

gint64
devssh_context_get_time (DevSshContext *self)
{
  gint64 offset;

  g_mutex_lock (&self->lock);
  offset = self->clock_offset;
  g_mutex_unlock (&self->lock);

  return g_get_monotonic_time () + offset;
}

void
devssh_context_advance_clock (DevSshContext *self,
                              gint64         microseconds)
{
  g_mutex_lock (&self->lock);
  self->clock_offset += microseconds;
  g_mutex_unlock (&self->lock);

  g_main_context_wakeup (self->main_context);
}

/* ---- threads ---- */

static gboolean
context_is_orphaned (DevSshContext *self)
{
  gboolean orphaned;

  g_mutex_lock (&self->lock);
  orphaned = self->orphaned;
  g_mutex_unlock (&self->lock);

  return orphaned;
}

void
devssh_context_orphan (DevSshContext *self)
{
  g_mutex_lock (&self->lock);
  self->orphaned = TRUE;
  g_mutex_unlock (&self->lock);
}

gboolean
devssh_context_is_here (DevSshContext *self)
{
  if (g_main_context_is_owner (self->main_context) || context_is_orphaned (self))
    return TRUE;

  /* Between two turns that an application runs by hand nobody owns it. */
  if (g_atomic_pointer_get (&self->thread) != g_thread_self () ||
      !g_main_context_acquire (self->main_context))
    return FALSE;

  g_main_context_release (self->main_context);
  return TRUE;
}

gboolean
devssh_context_check_here (DevSshContext  *self,
                           const char     *function,
                           GError        **error)
{
  if (devssh_context_is_here (self))
    return TRUE;

  g_critical ("%s: called in a thread that does not run the main context of the object", function);
  g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_WRONG_THREAD,
               "%s must be called in the thread that runs the main context of the object",
               function);
  return FALSE;
}

/* The owner looks at the lists before it polls; everybody else has to interrupt its poll. */
static void
context_wake (DevSshContext *self)
{
  if (!g_main_context_is_owner (self->main_context))
    g_main_context_wakeup (self->main_context);
}

/* ---- work for later ---- */

void
devssh_context_defer (DevSshContext  *self,
                      void          (*func) (gpointer data),
                      gpointer        data,
                      GDestroyNotify  destroy)
{
  Deferred *item = g_new0 (Deferred, 1);
  gboolean orphaned;

  item->func = func;
  item->data = data;
  item->destroy = destroy;

  /* Elsewhere it may run, and drop the last reference to us, before we are through here. */
  devssh_context_ref (self);

  g_mutex_lock (&self->lock);
  orphaned = self->orphaned;
  if (!orphaned)
    {
      item->serial = ++self->serial;
      *self->last = item;
      self->last = &item->next;
    }
  g_mutex_unlock (&self->lock);

  if (!orphaned)
    {
      context_wake (self);
    }
  else
    {
      func (data);
      if (destroy != NULL)
        destroy (data);
      g_free (item);
    }
  devssh_context_unref (self);
}

/* ---- deadlines ---- */

void
devssh_deadline_set (DevSshDeadline  *self,
                     DevSshContext   *context,
                     gint64           at,
                     void           (*func) (DevSshDeadline *self))
{
  gboolean is_new;

  if (self->context != NULL && self->context != context)
    devssh_deadline_clear (self);

  is_new = self->context == NULL;
  if (is_new)
    devssh_context_ref (context);

  g_mutex_lock (&context->lock);
  self->context = context;
  self->at = at;
  self->func = func;
  self->serial = ++context->serial;
  if (is_new)
    devssh_deadline_heap_add (&context->heap, self);
  else
    devssh_deadline_heap_settle (&context->heap, self);
  g_mutex_unlock (&context->lock);

  context_wake (context);
}

void
devssh_deadline_clear (DevSshDeadline *self)
{
  DevSshContext *context = self->context;

  if (context == NULL)
    return;

  g_mutex_lock (&context->lock);
  devssh_deadline_heap_remove (&context->heap, self);
  self->context = NULL;
  g_mutex_unlock (&context->lock);

  devssh_context_unref (context);
}

/* ---- probes ---- */

void
devssh_probe_set (DevSshProbe    *self,
                  DevSshContext  *context,
                  void          (*func) (DevSshProbe *self))
{
  devssh_probe_clear (self);

  self->context = devssh_context_ref (context);
  self->func = func;
  self->previous = NULL;
  self->next = context->probes;
  if (self->next != NULL)
    self->next->previous = self;
  context->probes = self;
}

void
devssh_probe_clear (DevSshProbe *self)
{
  DevSshContext *context = g_steal_pointer (&self->context);

  if (context == NULL)
    return;

  if (context->next_probe == self)
    context->next_probe = self->next;
  if (self->previous != NULL)
    self->previous->next = self->next;
  else
    context->probes = self->next;
  if (self->next != NULL)
    self->next->previous = self->previous;
  self->next = self->previous = NULL;

  devssh_context_unref (context);
}

/* ---- cancellation ---- */

static DevSshCancelWatch *
cancel_watch_ref (DevSshCancelWatch *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
cancel_watch_unref (DevSshCancelWatch *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_object_unref (self->cancellable);
  devssh_context_unref (self->context);
  g_free (self);
}

/* In whatever thread cancelled. */
static void
cancel_watch_cancelled_cb (GCancellable *cancellable,
                           gpointer      user_data)
{
  DevSshCancelWatch *self = user_data;
  DevSshContext *context = self->context;

  g_mutex_lock (&context->lock);
  if (self->func != NULL && !self->queued)
    {
      self->queued = TRUE;
      self->serial = ++context->serial;
      *context->last_cancelled = self;
      context->last_cancelled = &self->next;
    }
  g_mutex_unlock (&context->lock);

  context_wake (context);
}

DevSshCancelWatch *
devssh_context_watch_cancellable (DevSshContext  *self,
                                  GCancellable   *cancellable,
                                  void          (*func) (gpointer data),
                                  gpointer        data)
{
  DevSshCancelWatch *watch;

  if (cancellable == NULL)
    return NULL;

  watch = g_new0 (DevSshCancelWatch, 1);
  g_atomic_ref_count_init (&watch->ref_count);
  watch->context = devssh_context_ref (self);
  watch->cancellable = g_object_ref (cancellable);
  watch->func = func;
  watch->data = data;

  /* If it is cancelled already, this calls the handler at once, which only queues. */
  watch->handler = g_cancellable_connect (cancellable, G_CALLBACK (cancel_watch_cancelled_cb),
                                          cancel_watch_ref (watch),
                                          (GDestroyNotify) cancel_watch_unref);
  return watch;
}

void
devssh_cancel_watch_free (DevSshCancelWatch *watch)
{
  if (watch == NULL)
    return;

  g_mutex_lock (&watch->context->lock);
  watch->func = NULL;
  if (watch->queued)
    context_forget_cancelled (watch->context, watch);
  g_mutex_unlock (&watch->context->lock);

  /* Not g_cancellable_disconnect(): that waits until all handlers are done, for ever if one of them
   * called us. Another thread may be in our handler now; it has a reference, and finds no func. */
  if (watch->handler != 0)
    g_signal_handler_disconnect (watch->cancellable, watch->handler);
  cancel_watch_unref (watch);
}
