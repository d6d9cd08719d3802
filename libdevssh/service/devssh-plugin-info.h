/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plugin as a list shows it: what its keyfile says, whether its module works. */
#pragma once

#include <libdevssh/service/devssh-service-info.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_PLUGIN_INFO   (devssh_plugin_info_get_type ())
#define DEVSSH_TYPE_PLUGIN_ORIGIN (devssh_plugin_origin_get_type ())
#define DEVSSH_TYPE_PLUGIN_STATE  (devssh_plugin_state_get_type ())

/* Documented, member by member, in devssh-plugin-info.c. */
typedef enum
{
  DEVSSH_PLUGIN_ORIGIN_CODE,
  DEVSSH_PLUGIN_ORIGIN_ENVIRONMENT,
  DEVSSH_PLUGIN_ORIGIN_DIRECTORY,
  DEVSSH_PLUGIN_ORIGIN_INSTALLED
} DevSshPluginOrigin;

typedef enum
{
  DEVSSH_PLUGIN_STATE_AVAILABLE,
  DEVSSH_PLUGIN_STATE_LOADED,
  DEVSSH_PLUGIN_STATE_FAILED
} DevSshPluginState;

DEVSSH_AVAILABLE_IN_1_0
GType              devssh_plugin_origin_get_type         (void);
DEVSSH_AVAILABLE_IN_1_0
GType              devssh_plugin_state_get_type          (void);

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (DevSshPluginInfo, devssh_plugin_info, DEVSSH, PLUGIN_INFO, GObject)

/* What devssh_session_config_allow_plugins() calls it. */
DEVSSH_AVAILABLE_IN_1_0
const char        *devssh_plugin_info_get_name           (DevSshPluginInfo *self);
DEVSSH_AVAILABLE_IN_1_0
const char        *devssh_plugin_info_get_title          (DevSshPluginInfo *self);
DEVSSH_AVAILABLE_IN_1_0
const char        *devssh_plugin_info_get_description    (DevSshPluginInfo *self);
DEVSSH_AVAILABLE_IN_1_0
DevSshPluginOrigin devssh_plugin_info_get_origin         (DevSshPluginInfo *self);
/* The keyfile; of a directory that is not used, the directory. */
DEVSSH_AVAILABLE_IN_1_0
const char        *devssh_plugin_info_get_path           (DevSshPluginInfo *self);
DEVSSH_AVAILABLE_IN_1_0
const char        *devssh_plugin_info_get_module_path    (DevSshPluginInfo *self);
DEVSSH_AVAILABLE_IN_1_0
DevSshPluginState  devssh_plugin_info_get_state          (DevSshPluginInfo *self);
DEVSSH_AVAILABLE_IN_1_0
const GError      *devssh_plugin_info_get_error          (DevSshPluginInfo *self);
/* Items: DevSshServiceInfo */
DEVSSH_AVAILABLE_IN_1_0
GListModel        *devssh_plugin_info_get_services       (DevSshPluginInfo *self);

G_END_DECLS
