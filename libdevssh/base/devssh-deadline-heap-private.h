/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The deadlines of one context, earliest first: a binary heap whose entries know their place. */
#pragma once

#include <libdevssh/base/devssh-context-private.h>

G_BEGIN_DECLS

/* Of the deadlines the heap reads at and serial, and writes index. */
typedef struct
{
  GPtrArray *entries;   /* (element-type DevSshDeadline), not owned */
} DevSshDeadlineHeap;

void            devssh_deadline_heap_init   (DevSshDeadlineHeap *self);
void            devssh_deadline_heap_clear  (DevSshDeadlineHeap *self);
/* The earliest, or NULL. */
DevSshDeadline *devssh_deadline_heap_peek   (DevSshDeadlineHeap *self);
void            devssh_deadline_heap_add    (DevSshDeadlineHeap *self, DevSshDeadline *deadline);
void            devssh_deadline_heap_remove (DevSshDeadlineHeap *self, DevSshDeadline *deadline);
/* After at or serial of one that is in it were changed. */
void            devssh_deadline_heap_settle (DevSshDeadlineHeap *self, DevSshDeadline *deadline);

G_END_DECLS
