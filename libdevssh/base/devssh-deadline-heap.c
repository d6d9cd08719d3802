/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The deadlines of one context, earliest first: a binary heap whose entries know their place. */
#include <libdevssh/base/devssh-deadline-heap-private.h>

static DevSshDeadline *
heap_at (DevSshDeadlineHeap *self,
         guint               index)
{
  return g_ptr_array_index (self->entries, index);
}

/* Of equal times the one that was set first is the earlier. */
static gboolean
heap_less (const DevSshDeadline *a,
           const DevSshDeadline *b)
{
  return a->at != b->at ? a->at < b->at : a->serial < b->serial;
}

static void
heap_put (DevSshDeadlineHeap *self,
          guint               index,
          DevSshDeadline     *deadline)
{
  g_ptr_array_index (self->entries, index) = deadline;
  deadline->index = index;
}

void
devssh_deadline_heap_init (DevSshDeadlineHeap *self)
{
  self->entries = g_ptr_array_new ();
}

void
devssh_deadline_heap_clear (DevSshDeadlineHeap *self)
{
  g_clear_pointer (&self->entries, g_ptr_array_unref);
}

DevSshDeadline *
devssh_deadline_heap_peek (DevSshDeadlineHeap *self)
{
  return self->entries->len > 0 ? heap_at (self, 0) : NULL;
}

void
devssh_deadline_heap_settle (DevSshDeadlineHeap *self,
                             DevSshDeadline     *deadline)
{
  guint index = deadline->index;

  while (index > 0 && heap_less (deadline, heap_at (self, (index - 1) / 2)))
    {
      heap_put (self, index, heap_at (self, (index - 1) / 2));
      index = (index - 1) / 2;
    }

  while (2 * index + 1 < self->entries->len)
    {
      guint child = 2 * index + 1;

      if (child + 1 < self->entries->len &&
          heap_less (heap_at (self, child + 1), heap_at (self, child)))
        child++;
      if (!heap_less (heap_at (self, child), deadline))
        break;
      heap_put (self, index, heap_at (self, child));
      index = child;
    }

  heap_put (self, index, deadline);
}

void
devssh_deadline_heap_add (DevSshDeadlineHeap *self,
                          DevSshDeadline     *deadline)
{
  deadline->index = self->entries->len;
  g_ptr_array_add (self->entries, deadline);
  devssh_deadline_heap_settle (self, deadline);
}

void
devssh_deadline_heap_remove (DevSshDeadlineHeap *self,
                             DevSshDeadline     *deadline)
{
  DevSshDeadline *moved = heap_at (self, self->entries->len - 1);

  g_ptr_array_set_size (self->entries, (int) self->entries->len - 1);
  if (moved != deadline)
    {
      heap_put (self, deadline->index, moved);
      devssh_deadline_heap_settle (self, moved);
    }
}
