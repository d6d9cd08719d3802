/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A list of what one configuration allows. */
#pragma once

#include <libdevssh/service/devssh-plugin-registry.h>

G_BEGIN_DECLS

/* code: (nullable) (element-type DevSshServiceEntry): comes first, and is not changed afterwards. names NULL: all plugins. */
DevSshPluginRegistry *devssh_plugin_registry_new_full (GPtrArray *code, gboolean with_plugins, const char * const *directories, const char * const *names);

G_END_DECLS
