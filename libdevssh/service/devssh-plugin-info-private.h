/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the catalogue fills in what a keyfile says, and how a registry keeps it true. */
#pragma once

#include <libdevssh/service/devssh-plugin-info.h>
#include <libdevssh/service/devssh-plugin-module-private.h>

G_BEGIN_DECLS

DevSshServiceInfo  *devssh_service_info_new           (DevSshServiceEntry *entry);
DevSshServiceEntry *devssh_service_info_get_entry     (DevSshServiceInfo *self);
void                devssh_service_info_set_hidden_by (DevSshServiceInfo *self, const char *plugin);

/* One that cannot be read: takes error. text: what the keyfile holds, if that is known. */
DevSshPluginInfo   *devssh_plugin_info_new_broken     (const char *name, DevSshPluginOrigin origin, const char *path, GBytes *text, GError *error);
/* entries: (element-type DevSshServiceEntry). */
DevSshPluginInfo   *devssh_plugin_info_new            (const char *name, DevSshPluginOrigin origin, const char *path, GBytes *text,
                                                       const char *title, const char *description,
                                                       DevSshPluginModule *module, GPtrArray *entries);
/* A service that the program has registered itself. */
DevSshPluginInfo   *devssh_plugin_info_new_for_code   (DevSshServiceEntry *entry);
/* The same file with the same contents and the same faults. */
gboolean            devssh_plugin_info_is_same        (DevSshPluginInfo *self, DevSshPluginInfo *other);
/* Asks the module what became of it. */
void                devssh_plugin_info_update         (DevSshPluginInfo *self);

/* What is in the directories, in order of precedence; in each, good and bad together, by name. names NULL: all.
 * Result: (element-type DevSshPluginInfo) */
GPtrArray          *devssh_plugin_catalogue_list      (const char * const *extra_directories, const char * const *names);

G_END_DECLS
