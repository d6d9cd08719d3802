/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where auth and connection put their control messages, without knowing what happens to them there.
 * The transport has one; a test may bring its own and read what comes out. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _DevSshOutbox DevSshOutbox;

struct _DevSshOutbox
{
  /* payload, number byte included; copied or sealed before the call returns, never fails, never
   * calls out */
  void  (*send)        (DevSshOutbox *self, const guint8 *payload, gsize length);
  /* how many bytes of that wait for the stream, or for the end of an exchange of keys; NULL: never any */
  gsize (*get_waiting) (DevSshOutbox *self);
};

static inline void
devssh_outbox_send (DevSshOutbox *self, const guint8 *payload, gsize length)
{
  self->send (self, payload, length);
}

static inline gsize
devssh_outbox_get_waiting (DevSshOutbox *self)
{
  return self->get_waiting != NULL ? self->get_waiting (self) : 0;
}

G_END_DECLS
