/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A module file that holds services: one object a file, for as long as the process lives. */
#pragma once

#include <libdevssh/service/devssh-service-private.h>

G_BEGIN_DECLS

/* The one for DIRECTORY/libNAME.so; nothing is opened. directory: from devssh_plugin_files_resolve_directory(). NULL and DEVSSH_ERROR_PLUGIN
 * if name is none. Any thread. */
DevSshPluginModule *devssh_plugin_module_get      (const char *directory, const char *name, GError **error);
/* Opens the file if it is not open, and finds a service type that it registers. G_TYPE_INVALID and DEVSSH_ERROR_PLUGIN. Any thread.
 * type_names: all of the keyfile; none of them may be taken before the module is opened. */
GType               devssh_plugin_module_get_type_loaded (DevSshPluginModule *self, const char *type_name, const char * const *type_names, GError **error);
/* The lock for everything that opening changes, entries too: opening may lead back here. */
void                devssh_plugin_module_lock     (void);
void                devssh_plugin_module_unlock   (void);

G_END_DECLS
