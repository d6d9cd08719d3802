/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How engine, pump and question object agree on one answer (design D6).
 *
 * Life: an engine makes the question and keeps no reference: it keeps a slot (an id). The pump
 *   devssh_question_begin (q)                  answers given from here on are provisional
 *   handled = emission ...
 *   devssh_question_end (q, handled)           TRUE and answered: the answer counts now;
 *                                              TRUE and not answered: whoever kept a reference answers
 *                                              later; FALSE: refused, whatever was said
 *   g_object_unref (q)                         nobody kept it: dispose refuses
 * A second answer is ignored with g_warning() (programmer error) - never an effect. An answer to a dead question is
 *   ignored silently: the one who answers late cannot know. An answer from another thread is ignored with g_critical().
 * An answer counts exactly once: then sink (q, sink_data) is called. It may be called from inside an
 * application's call (a late answer), so it must only mark and wake, never emit.
 *   A question dropped in another thread is refused from its context's loop.
 * devssh_question_kill(): the session is gone; no sink call ever after; the cancellable is cancelled from the
 *   loop, so that an engine may kill without calling out.
 * Subclasses free the fields of their answer in finalize, not in dispose: the sink of a question that nobody
 *   kept reads them from inside dispose.
 */
#pragma once

#include <libdevssh/base/devssh-context-private.h>
#include <libdevssh/base/devssh-question.h>

G_BEGIN_DECLS

typedef void (*DevSshQuestionSink) (DevSshQuestion *question, gpointer sink_data);

void     devssh_question_set_sink (DevSshQuestion *self, DevSshQuestionSink sink, gpointer sink_data);
/* Whose thread answers it; else begin() takes the one of the thread-default main context. */
void     devssh_question_set_context (DevSshQuestion *self, DevSshContext *context);
void     devssh_question_begin    (DevSshQuestion *self);
void     devssh_question_end      (DevSshQuestion *self, gboolean handled);
void     devssh_question_kill     (DevSshQuestion *self);
/* A handler answered, and no handler returned TRUE: refused, where nobody's word would have been left to others. */
gboolean devssh_question_is_spoilt (DevSshQuestion *self);

/* For subclasses: TRUE once; FALSE if there is an answer already, if the question is dead, or if this is not its thread. */
gboolean devssh_question_take     (DevSshQuestion *self);
/* For subclasses: after the answer's fields were filled in. */
void     devssh_question_answered (DevSshQuestion *self);

G_END_DECLS
