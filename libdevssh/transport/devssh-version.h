/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The identification string of one end (RFC 4253, 4.2), taken apart. */
#pragma once

#include <libdevssh/base/devssh-types.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_VERSION (devssh_version_get_type ())

DEVSSH_AVAILABLE_IN_1_0
GType          devssh_version_get_type             (void);
DEVSSH_AVAILABLE_IN_1_0
DevSshVersion *devssh_version_get_local            (void);
DEVSSH_AVAILABLE_IN_1_0
DevSshVersion *devssh_version_parse                (const char     *line,
                                                    GError        **error);
DEVSSH_AVAILABLE_IN_1_0
DevSshVersion *devssh_version_ref                  (DevSshVersion  *self);
DEVSSH_AVAILABLE_IN_1_0
void           devssh_version_unref                (DevSshVersion  *self);
DEVSSH_AVAILABLE_IN_1_0
const char    *devssh_version_get_protocol_version (DevSshVersion  *self);
DEVSSH_AVAILABLE_IN_1_0
const char    *devssh_version_get_name             (DevSshVersion  *self);
DEVSSH_AVAILABLE_IN_1_0
const char    *devssh_version_get_version          (DevSshVersion  *self);
DEVSSH_AVAILABLE_IN_1_0
gboolean       devssh_version_get_is_dev_tunnels   (DevSshVersion  *self);
DEVSSH_AVAILABLE_IN_1_0
const char    *devssh_version_to_string            (DevSshVersion  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DevSshVersion, devssh_version_unref)

G_END_DECLS
