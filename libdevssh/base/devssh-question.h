/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a handler answers, now or later: the common half of every question. */
#pragma once

#include <libdevssh/base/devssh-types.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_QUESTION (devssh_question_get_type ())

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_DERIVABLE_TYPE (DevSshQuestion, devssh_question, DEVSSH, QUESTION, GObject)

/* Abstract; only the library derives from it, so its class struct is in the private header's hands. */
struct _DevSshQuestionClass
{
  GObjectClass parent_class;

  /*< private >*/
  void (*refuse) (DevSshQuestion *self);   /* fill in the refusal as if the handler had given it */
  gpointer _reserved[7];
};

DEVSSH_AVAILABLE_IN_1_0
gboolean      devssh_question_get_answered    (DevSshQuestion *self);
DEVSSH_AVAILABLE_IN_1_0
GCancellable *devssh_question_get_cancellable (DevSshQuestion *self);

G_END_DECLS
