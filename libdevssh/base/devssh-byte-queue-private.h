/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Received bytes that wait for their reader: large pieces as slices of the receive buffer, small ones copied together. What it
 * holds is at most twice what waits at the most, two buffers and one piece: neither a peer that sends byte by byte nor one that
 * puts one large piece into each buffer can make it hold more (T-53). */
#pragma once

#include <gio/gio.h>
#include <libdevssh/base/devssh-buffer-private.h>

G_BEGIN_DECLS

typedef struct _DevSshBytePiece DevSshBytePiece;

typedef struct
{
  DevSshBytePiece *head;
  DevSshBytePiece *tail;
  gsize            done;         /* bytes of the first piece that are gone */
  gsize            length;       /* bytes that wait */
  gsize            sliced;       /* of them, in slices */
  guint            n_buffers;    /* that slices keep; the one of the first slice may be missing */
  DevSshBuffer    *last_buffer;  /* of the last slice, if one is left */
} DevSshByteQueue;

/* A zeroed struct is an empty queue. */
void          devssh_byte_queue_clear      (DevSshByteQueue *self);
/* buffer: where data lies, or NULL. */
void          devssh_byte_queue_push       (DevSshByteQueue *self, const guint8 *data, gsize length, DevSshBuffer *buffer);
/* The first bytes, as many as lie together; NULL and 0 if there are none. Good until the next push or skip. */
const guint8 *devssh_byte_queue_peek       (DevSshByteQueue *self, gsize *length);
/* The same of the first pieces; how many there are, at most n. */
guint         devssh_byte_queue_peek_vectors (DevSshByteQueue *self, GOutputVector *vectors, guint n);
void          devssh_byte_queue_skip       (DevSshByteQueue *self, gsize length);
gsize         devssh_byte_queue_take       (DevSshByteQueue *self, guint8 *data, gsize size);
/* The first length bytes, which must be there. buffer: where they lie, kept by what is returned; or NULL, if they were copied. */
GBytes       *devssh_byte_queue_take_bytes (DevSshByteQueue *self, gsize length, DevSshBuffer **buffer);

G_END_DECLS
