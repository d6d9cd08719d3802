/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A thread with a main context of its own, for as long as sessions run in it. */
#include <libdevssh/net/devssh-worker-private.h>

struct _DevSshWorker
{
  gatomicrefcount    ref_count;      /* the owner's, the thread's, one for each session */
  GMainContext      *main_context;
  DevSshContext     *context;
  DevSshContext     *home;           /* the owner's */
  GThread           *thread;
  gint               n_sessions;     /* atomic */
  gint               finishing;      /* atomic */
  DevSshWorkerEnded  ended;
  gpointer           user_data;
  GDestroyNotify     destroy;
};

DevSshWorker *
devssh_worker_ref (DevSshWorker *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
devssh_worker_unref (DevSshWorker *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  if (self->destroy != NULL)
    self->destroy (self->user_data);
  g_clear_pointer (&self->thread, g_thread_unref);
  devssh_context_unref (self->context);
  g_main_context_unref (self->main_context);
  devssh_context_unref (self->home);
  g_free (self);
}

static void
worker_unref_cb (gpointer data)
{
  devssh_worker_unref (data);
}

/* In the owner's context. */
static void
worker_ended_cb (gpointer data)
{
  DevSshWorker *self = data;

  g_thread_join (g_steal_pointer (&self->thread));
  self->ended (self->user_data);
}

static gpointer
worker_thread (gpointer data)
{
  DevSshWorker *self = data;

  g_main_context_push_thread_default (self->main_context);
  while (!g_atomic_int_get (&self->finishing) || g_atomic_int_get (&self->n_sessions) > 0
         || devssh_context_is_held (self->context))
    g_main_context_iteration (self->main_context, TRUE);

  /* Somebody else may hold a session for longer; what came before this moment is still done here. */
  devssh_context_orphan (self->context);
  while (g_main_context_iteration (self->main_context, FALSE))
    ;
  g_main_context_pop_thread_default (self->main_context);

  devssh_context_defer (self->home, worker_ended_cb, self, worker_unref_cb);
  return NULL;
}

DevSshWorker *
devssh_worker_new (DevSshWorkerEnded  ended,
                   gpointer           user_data,
                   GDestroyNotify     destroy)
{
  DevSshWorker *self = g_new0 (DevSshWorker, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->home = devssh_context_ref_thread_default ();
  self->ended = ended;
  self->user_data = user_data;
  self->destroy = destroy;

  /* Made here, so that it is there when we return; whoever runs it first owns it. */
  self->main_context = g_main_context_new ();
  g_main_context_push_thread_default (self->main_context);
  self->context = devssh_context_ref_thread_default ();
  g_main_context_pop_thread_default (self->main_context);

  self->thread = g_thread_new ("devssh-worker", worker_thread, devssh_worker_ref (self));
  return self;
}

DevSshContext *
devssh_worker_get_context (DevSshWorker *self)
{
  return self->context;
}

static void
worker_session_gone_cb (GObject      *source,
                        GAsyncResult *result,
                        gpointer      user_data)
{
  DevSshWorker *self = user_data;

  devssh_session_wait_closed_finish (DEVSSH_SESSION (source), result, NULL);
  g_atomic_int_add (&self->n_sessions, -1);
  devssh_worker_unref (self);
}

typedef struct
{
  DevSshWorker  *worker;
  DevSshSession *session;
} Handover;

static void
handover_free (gpointer data)
{
  Handover *self = data;

  devssh_worker_unref (self->worker);
  g_object_unref (self->session);
  g_free (self);
}

static void
handover_cb (gpointer data)
{
  Handover *self = data;

  devssh_session_wait_closed_async (self->session, NULL, worker_session_gone_cb, devssh_worker_ref (self->worker));
}

void
devssh_worker_run_session (DevSshWorker  *self,
                           DevSshSession *session)
{
  Handover *handover = g_new0 (Handover, 1);

  handover->worker = devssh_worker_ref (self);
  handover->session = g_object_ref (session);
  g_atomic_int_inc (&self->n_sessions);
  devssh_context_defer (self->context, handover_cb, handover, handover_free);
}

guint
devssh_worker_get_n_sessions (DevSshWorker *self)
{
  return (guint) g_atomic_int_get (&self->n_sessions);
}

void
devssh_worker_finish (DevSshWorker *self)
{
  g_atomic_int_set (&self->finishing, TRUE);
  g_main_context_wakeup (self->main_context);
}
