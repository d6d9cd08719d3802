/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A service as a list shows it: nothing runs, nothing is opened. */
#pragma once

#include <libdevssh/service/devssh-activation.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_SERVICE_INFO (devssh_service_info_get_type ())

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (DevSshServiceInfo, devssh_service_info, DEVSSH, SERVICE_INFO, GObject)

DEVSSH_AVAILABLE_IN_1_0
const char         *devssh_service_info_get_name       (DevSshServiceInfo *self);
DEVSSH_AVAILABLE_IN_1_0
const char         *devssh_service_info_get_type_name  (DevSshServiceInfo *self);
DEVSSH_AVAILABLE_IN_1_0
DevSshActivation   *devssh_service_info_get_activation (DevSshServiceInfo *self);
DEVSSH_AVAILABLE_IN_1_0
const char * const *devssh_service_info_get_rules      (DevSshServiceInfo *self);
/* NULL: nothing hides it */
DEVSSH_AVAILABLE_IN_1_0
const char         *devssh_service_info_get_hidden_by  (DevSshServiceInfo *self);

G_END_DECLS
