/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Readiness of streams without a GSource each (design D3): one level-triggered epoll source per context for sockets, with a
 * portable twin (GPollable sources, else async reads) for other streams and other systems. May recurse (design D12); epoll_data holds
 * slot + generation, never a pointer. */
#pragma once

#include <gio/gio.h>
#include <libdevssh/base/devssh-context-private.h>

G_BEGIN_DECLS

typedef struct _DevSshIoWatch DevSshIoWatch;

/* Called from the loop. A watch may be freed inside. condition: of what is wanted; with G_IO_ERR or G_IO_HUP, try what is wanted and see. */
typedef void (*DevSshIoReady) (DevSshIoWatch *watch, GIOCondition condition, gpointer user_data);

/* stream: sockets go to epoll; pollable streams to their sources; everything else to async reads and writes through a small buffer.
 * Set DEVSSH_IO=portable to use the twin for sockets too (tests). */
DevSshIoWatch *devssh_io_watch_new        (DevSshContext *context, GIOStream *stream, DevSshIoReady ready, gpointer user_data);
/* Somebody else of the same context is called from now on. */
void           devssh_io_watch_set_ready  (DevSshIoWatch *self, DevSshIoReady ready, gpointer user_data);
/* FALSE: it reads ahead, and only in its context. */
gboolean       devssh_io_watch_can_move   (DevSshIoWatch *self);
void           devssh_io_watch_free       (DevSshIoWatch *self);        /* no call after this; async operations are cancelled and drained */
/* The same, and closes the stream as soon as nothing is pending on it; what write() took still leaves. */
void           devssh_io_watch_free_and_close (DevSshIoWatch *self);
/* Which of G_IO_IN, G_IO_OUT are wanted; costs nothing when unchanged. */
void           devssh_io_watch_set_wanted (DevSshIoWatch *self, GIOCondition wanted);
/* Never block. DEVSSH_IO_WOULD_BLOCK (no GError is made): wait for ready; -1 and error; 0 of read: end of file. No SIGPIPE ever (T-60). */
gssize         devssh_io_watch_read       (DevSshIoWatch *self, guint8 *data, gsize size, GError **error);
gssize         devssh_io_watch_write      (DevSshIoWatch *self, const guint8 *data, gsize size, GError **error);
/* What lies in several places, in one go. */
gssize         devssh_io_watch_write_vectors (DevSshIoWatch *self, const GOutputVector *vectors, guint n, GError **error);
/* Half-close of the sending side where the stream can (sockets, pipes, channel streams); else nothing. */
void           devssh_io_watch_shutdown_write (DevSshIoWatch *self);
/* Sockets: linger 0 before close, so the peer sees a reset (protocol.md 6.4); else nothing. */
void           devssh_io_watch_abort      (DevSshIoWatch *self);
#define DEVSSH_IO_WOULD_BLOCK (-2)
#define DEVSSH_IO_MAX_VECTORS 16

G_END_DECLS
