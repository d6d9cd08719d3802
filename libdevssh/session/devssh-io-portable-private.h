/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The twin of the epoll source: readiness of any GIOStream, by GPollable sources where the stream has them, else by asynchronous
 * reads and writes through a small buffer. */
#pragma once

#include <gio/gio.h>
#include <libdevssh/base/devssh-context-private.h>

G_BEGIN_DECLS

typedef struct _DevSshIoPortable DevSshIoPortable;

/* Called from the loop; the portable may be freed inside. */
typedef void (*DevSshIoPortableReady) (GIOCondition condition, gpointer user_data);

DevSshIoPortable *devssh_io_portable_new            (DevSshContext *context, GIOStream *stream, DevSshIoPortableReady ready, gpointer user_data);
/* No call after this. Reads are cancelled; what write() took goes on leaving, for a while. close: then the stream is closed, too. */
void              devssh_io_portable_free           (DevSshIoPortable *self, gboolean close);
void              devssh_io_portable_set_wanted     (DevSshIoPortable *self, GIOCondition wanted);
gssize            devssh_io_portable_read           (DevSshIoPortable *self, guint8 *data, gsize size, GError **error);
gssize            devssh_io_portable_write          (DevSshIoPortable *self, const guint8 *data, gsize size, GError **error);
void              devssh_io_portable_shutdown_write (DevSshIoPortable *self);

G_END_DECLS
