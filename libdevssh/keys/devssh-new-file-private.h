/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file that gets its name when it is whole (T-81): made beside its place, under a name that nobody has. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* In folder, a descriptor: a dot, prefix, and what is random; open for reading and writing, nobody's before, and no link. Returns its
 * descriptor and name (transfer full); -1 and errno if there is none. */
int      devssh_new_file_create (int folder, const char *prefix, int mode, char **name);
/* All of it, and on the disk. FALSE and errno: not so. */
gboolean devssh_new_file_write  (int fd, const guint8 *data, gsize length);

G_END_DECLS
