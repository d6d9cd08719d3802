/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The queue of replies that are owed, in order: RFC 4254, 4 and 5.4 pair them by order alone. */
#include <libdevssh/connection/devssh-replies-private.h>

DevSshReplySlot *
devssh_replies_add (DevSshReplies  *self,
                    gpointer        owner,
                    DevSshQuestion *question,
                    gboolean        want_reply,
                    gboolean        success)
{
  DevSshReplySlot *slot = g_new0 (DevSshReplySlot, 1);

  slot->owner = owner;
  slot->question = question;
  slot->filled = question == NULL;
  slot->success = success;
  slot->want_reply = want_reply;

  if (self->tail != NULL)
    self->tail->next = slot;
  else
    self->head = slot;
  self->tail = slot;
  self->n_slots++;
  return slot;
}

gboolean
devssh_replies_refuse (DevSshReplies *self)
{
  DevSshReplySlot *last = NULL;

  for (DevSshReplySlot *slot = self->head; slot != NULL; slot = slot->next)
    if (slot->want_reply)
      last = slot;

  if (last == NULL)
    return FALSE;

  last->refusals++;
  self->n_refusals++;
  return TRUE;
}

void
devssh_replies_fill (DevSshReplies   *self,
                     DevSshReplySlot *slot,
                     gboolean         success,
                     GBytes          *payload)
{
  slot->question = NULL;
  slot->filled = TRUE;
  slot->success = success;
  if (payload != NULL)
    slot->payload = g_bytes_ref (payload);

  /* Nobody waits for it, so nothing waits behind it. */
  if (!slot->want_reply)
    devssh_replies_remove (self, slot);
}

DevSshReplySlot *
devssh_replies_first (DevSshReplies *self)
{
  DevSshReplySlot *slot = self->head;

  while (slot != NULL && !slot->want_reply)
    slot = slot->next;

  return slot;
}

DevSshReplySlot *
devssh_replies_next (DevSshReplies *self)
{
  for (DevSshReplySlot *slot = self->head; slot != NULL; slot = slot->next)
    if (slot->want_reply && !slot->placed)
      return slot;

  return NULL;
}

DevSshReplySlot *
devssh_replies_ready (DevSshReplies *self)
{
  DevSshReplySlot *slot = devssh_replies_next (self);

  return slot != NULL && slot->filled ? slot : NULL;
}

DevSshReplySlot *
devssh_replies_last_promise (DevSshReplies *self)
{
  DevSshReplySlot *last = NULL;

  for (DevSshReplySlot *slot = self->head; slot != NULL; slot = slot->next)
    if (slot->want_reply &&
        (slot->filled ? slot->success : devssh_question_get_answered (slot->question)))
      last = slot;

  return last;
}

void
devssh_replies_remove (DevSshReplies   *self,
                       DevSshReplySlot *slot)
{
  DevSshReplySlot *before = NULL;

  if (self->head == slot)
    {
      self->head = slot->next;
    }
  else
    {
      for (before = self->head; before->next != slot; before = before->next)
        ;
      before->next = slot->next;
    }

  if (self->tail == slot)
    self->tail = before;

  self->n_slots--;
  self->n_refusals -= slot->refusals;
  g_clear_pointer (&slot->payload, g_bytes_unref);
  g_clear_pointer (&slot->openings, g_ptr_array_unref);
  devssh_deadline_clear (&slot->openings_until);
  g_free (slot);
}
