/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which directories and files a plugin may come from (threat T-83). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* path must be absolute; the result has no symbolic links in it. Errors are DEVSSH_ERROR_PLUGIN. */
char   *devssh_plugin_files_resolve_directory (const char *path, GError **error);
/* A regular file of that name, inside the resolved directory also after following links. name is one path element. */
char   *devssh_plugin_files_resolve           (const char *directory, const char *name, GError **error);
/* The text of a file found by devssh_plugin_files_resolve(); at most max_size bytes. */
GBytes *devssh_plugin_files_read              (const char *path, gsize max_size, GError **error);

G_END_DECLS
