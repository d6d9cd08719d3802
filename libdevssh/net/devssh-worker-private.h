/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A thread that runs sessions, when a server is to be spread over several (design D20). */
#pragma once

#include <libdevssh/base/devssh-context-private.h>
#include <libdevssh/session/devssh-session.h>

G_BEGIN_DECLS

typedef struct _DevSshWorker DevSshWorker;

/* Called in the context of devssh_worker_new()'s caller: the thread has ended. */
typedef void (*DevSshWorkerEnded) (gpointer user_data);

/* Starts the thread. */
DevSshWorker  *devssh_worker_new           (DevSshWorkerEnded ended, gpointer user_data, GDestroyNotify destroy);
DevSshWorker  *devssh_worker_ref           (DevSshWorker *self);
void           devssh_worker_unref         (DevSshWorker *self);
DevSshContext *devssh_worker_get_context   (DevSshWorker *self);
/* A session made for the worker's context (devssh_context_make_for()) is run there until it is closed and its stream is gone. */
void           devssh_worker_run_session   (DevSshWorker *self, DevSshSession *session);
guint          devssh_worker_get_n_sessions (DevSshWorker *self);
/* The thread ends with the last of its sessions; no more can be given to it. */
void           devssh_worker_finish        (DevSshWorker *self);

G_END_DECLS
