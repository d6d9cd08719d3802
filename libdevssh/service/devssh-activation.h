/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What wakes a service: rules, written the same way in code and in keyfiles.
 *
 *   service-request:NAME                        a server gets SERVICE_REQUEST NAME
 *   session-request:NAME                        a global request NAME comes
 *   channel-type:NAME                           a channel of type NAME is to be opened
 *   channel-request:NAME                        a request NAME comes on any channel
 *   channel-request:NAME channel-type:TYPE      ... on a channel of type TYPE (both in one rule, one space between) */
#pragma once

#include <libdevssh/base/devssh-types.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_ACTIVATION (devssh_activation_get_type ())

DEVSSH_AVAILABLE_IN_1_0
GType               devssh_activation_get_type      (void);
DEVSSH_AVAILABLE_IN_1_0
DevSshActivation   *devssh_activation_new           (const char * const  *rules,
                                                     GError             **error);
DEVSSH_AVAILABLE_IN_1_0
DevSshActivation   *devssh_activation_ref           (DevSshActivation    *self);
DEVSSH_AVAILABLE_IN_1_0
void                devssh_activation_unref         (DevSshActivation    *self);
DEVSSH_AVAILABLE_IN_1_0
const char * const *devssh_activation_get_rules     (DevSshActivation    *self);
DEVSSH_AVAILABLE_IN_1_0
gboolean            devssh_activation_matches_service_request (DevSshActivation *self,
                                                               const char       *name);
DEVSSH_AVAILABLE_IN_1_0
gboolean            devssh_activation_matches_session_request (DevSshActivation *self,
                                                               const char       *name);
DEVSSH_AVAILABLE_IN_1_0
gboolean            devssh_activation_matches_channel_type    (DevSshActivation *self,
                                                               const char       *name);
DEVSSH_AVAILABLE_IN_1_0
gboolean            devssh_activation_matches_channel_request (DevSshActivation *self,
                                                               const char       *name,
                                                               const char       *channel_type);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DevSshActivation, devssh_activation_unref)

G_END_DECLS
