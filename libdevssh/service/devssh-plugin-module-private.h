/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A module file that holds services: one object a file, for as long as the process lives. All functions: from any thread. */
#pragma once

#include <libdevssh/service/devssh-plugin-info.h>
#include <libdevssh/service/devssh-service-private.h>

G_BEGIN_DECLS

/* The one for DIRECTORY/libNAME.so; nothing is opened. directory: from devssh_plugin_files_resolve_directory(). NULL and DEVSSH_ERROR_PLUGIN
 * if name is none. */
DevSshPluginModule *devssh_plugin_module_get       (const char *directory, const char *name, GError **error);
const char         *devssh_plugin_module_get_path  (DevSshPluginModule *self);
/* Opens the file if it is not open, and finds a service type that it registers. G_TYPE_INVALID and DEVSSH_ERROR_PLUGIN.
 * type_names: all of the keyfile; none of them may be taken before the module is opened. */
GType               devssh_plugin_module_find_type (DevSshPluginModule *self, const char *type_name, const char * const *type_names, GError **error);
gboolean            devssh_plugin_module_is_open   (DevSshPluginModule *self);
/* What became of it so far, for a keyfile that names these types; FAILED and error. Nothing is opened. */
DevSshPluginState   devssh_plugin_module_get_state (DevSshPluginModule *self, const char * const *type_names, GError **error);
/* work (data) in a thread of the module's own: opening a file runs its constructors, and they take what time they like.
 * One after the other; data is work's to free. */
void                devssh_plugin_module_run       (DevSshPluginModule *self, void (*work) (gpointer data), gpointer data);

/* changed (data) when any module was opened or could not be: from the thread that tried, and under a lock, so it only marks. */
typedef struct _DevSshPluginWatch DevSshPluginWatch;
DevSshPluginWatch  *devssh_plugin_watch_new        (void (*changed) (gpointer data), gpointer data);
/* No call of changed() after this. */
void                devssh_plugin_watch_free       (DevSshPluginWatch *self);

G_END_DECLS
