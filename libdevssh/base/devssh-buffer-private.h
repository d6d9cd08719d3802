/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Receive buffers: blocks of one size from a per-context pool, shared by reference while slices of
 * them are on loan. A buffer whose reference count is above one is neither moved nor refilled. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define DEVSSH_BUFFER_SIZE (256 * 1024 + 1024)   /* a packet of the largest size and some more */

typedef struct _DevSshBufferPool DevSshBufferPool;
typedef struct _DevSshBuffer     DevSshBuffer;

struct _DevSshBuffer
{
  gatomicrefcount   ref_count;
  DevSshBufferPool *pool;      /* owned reference */
  gsize             size;
  guint8           *data;      /* allocated in one block with the struct, or behind it */
};

DevSshBufferPool *devssh_buffer_pool_new   (void);
DevSshBufferPool *devssh_buffer_pool_ref   (DevSshBufferPool *pool);
void              devssh_buffer_pool_unref (DevSshBufferPool *pool);

/* Keeps a few free ones (at most 8); contents are not cleared between uses by the same context. Thread-safe. */
DevSshBuffer     *devssh_buffer_new        (DevSshBufferPool *pool);
DevSshBuffer     *devssh_buffer_ref        (DevSshBuffer *self);
void              devssh_buffer_unref      (DevSshBuffer *self);
gboolean          devssh_buffer_is_shared  (DevSshBuffer *self);
/* A GBytes over data..data+length inside the buffer, which keeps the buffer. */
GBytes           *devssh_buffer_slice      (DevSshBuffer *self, const guint8 *data, gsize length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DevSshBuffer, devssh_buffer_unref)

G_END_DECLS
