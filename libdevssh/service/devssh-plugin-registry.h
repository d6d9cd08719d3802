/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is installed: a list that a window can show, kept true while modules are opened. */
#pragma once

#include <libdevssh/service/devssh-plugin-info.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_PLUGIN_REGISTRY (devssh_plugin_registry_get_type ())

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (DevSshPluginRegistry, devssh_plugin_registry, DEVSSH, PLUGIN_REGISTRY, GObject)

/* directories: besides those that are always looked into; may be NULL. */
DEVSSH_AVAILABLE_IN_1_0
DevSshPluginRegistry *devssh_plugin_registry_new             (const char * const   *directories);
DEVSSH_AVAILABLE_IN_1_0
const char * const   *devssh_plugin_registry_get_directories (DevSshPluginRegistry *self);
DEVSSH_AVAILABLE_IN_1_0
void                  devssh_plugin_registry_refresh         (DevSshPluginRegistry *self);

G_END_DECLS
