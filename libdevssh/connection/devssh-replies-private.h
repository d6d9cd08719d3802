/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Replies leave in the order in which their requests came, whenever they were decided (design D14). */
#pragma once

#include <libdevssh/base/devssh-context-private.h>
#include <libdevssh/base/devssh-question-private.h>

G_BEGIN_DECLS

typedef struct _DevSshReplySlot DevSshReplySlot;

struct _DevSshReplySlot
{
  DevSshReplySlot *next;
  gpointer         owner;       /* whose slot it is, for the question's sink */
  DevSshQuestion  *question;    /* not owned: it answers before it dies. NULL: answered, or never asked */
  GBytes          *payload;     /* behind 81 or 82, or NULL */
  GPtrArray       *openings;    /* (element-type DevSshChannel), or NULL: opens that must not overtake this reply */
  DevSshDeadline   openings_until;   /* they wait no longer than that */
  gsize            bytes;       /* of the message, until the question is answered */
  DevSshReplySlot *outer;       /* of the session, which waits for the same answer, or NULL */
  guint            refusals;    /* requests refused unasked right behind this one: a number is all they cost */
  guint            filled : 1;
  guint            success : 1;
  guint            want_reply : 1;
  guint            placed : 1;  /* its turn stands in a queue of messages, perhaps before it is filled */
};

typedef struct
{
  DevSshReplySlot *head;
  DevSshReplySlot *tail;
  guint            n_slots;
  guint            n_refusals;
} DevSshReplies;

/* A slot in the next place. A question will fill it; without one it is filled at once. */
DevSshReplySlot *devssh_replies_add    (DevSshReplies   *self,
                                        gpointer         owner,
                                        DevSshQuestion  *question,
                                        gboolean         want_reply,
                                        gboolean         success);
/* A request that got no slot: FALSE if its refusal may leave now. */
gboolean         devssh_replies_refuse (DevSshReplies   *self);
void             devssh_replies_fill   (DevSshReplies   *self,
                                        DevSshReplySlot *slot,
                                        gboolean         success,
                                        GBytes          *payload);
/* The next reply that may leave, or NULL. It stays in its place until removed. */
DevSshReplySlot *devssh_replies_ready  (DevSshReplies   *self);
/* The first that is owed, or NULL. */
DevSshReplySlot *devssh_replies_first  (DevSshReplies   *self);
/* The next one that has no place yet, decided or not, or NULL. */
DevSshReplySlot *devssh_replies_next   (DevSshReplies   *self);
/* The last reply that is known and has not left, or NULL; a handler that has not returned yet may be the only one who knows it.
 * A no that has come so far promises nothing. */
DevSshReplySlot *devssh_replies_last_promise (DevSshReplies *self);
void             devssh_replies_remove (DevSshReplies   *self,
                                        DevSshReplySlot *slot);

G_END_DECLS
