/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Received bytes that wait for their reader: large pieces as slices of the receive buffer, small ones copied together, so that
 * a peer that sends byte by byte cannot make each byte hold a whole buffer. */
#pragma once

#include <libdevssh/base/devssh-buffer-private.h>

G_BEGIN_DECLS

typedef struct
{
  GQueue      pieces;    /* (element-type GBytes) */
  GByteArray *tail;      /* small pieces behind them; NULL: none */
  gsize       done;      /* bytes of the first piece (or of tail) that are gone */
  gsize       length;    /* bytes that wait */
} DevSshByteQueue;

/* A zeroed struct is an empty queue. */
void          devssh_byte_queue_clear (DevSshByteQueue *self);
/* buffer: where data lies, or NULL. */
void          devssh_byte_queue_push  (DevSshByteQueue *self, const guint8 *data, gsize length, DevSshBuffer *buffer);
/* The first bytes, as many as lie together; NULL and 0 if there are none. Good until the next push or skip. */
const guint8 *devssh_byte_queue_peek  (DevSshByteQueue *self, gsize *length);
void          devssh_byte_queue_skip  (DevSshByteQueue *self, gsize length);
gsize         devssh_byte_queue_take  (DevSshByteQueue *self, guint8 *data, gsize size);

G_END_DECLS
