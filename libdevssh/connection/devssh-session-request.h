/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The peer asks something of the whole session: a global request (RFC 4254, 4). */
#pragma once

#include <libdevssh/base/devssh-question.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_SESSION_REQUEST (devssh_session_request_get_type ())

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (DevSshSessionRequest, devssh_session_request, DEVSSH, SESSION_REQUEST, DevSshQuestion)

DEVSSH_AVAILABLE_IN_1_0
const char *devssh_session_request_get_request_type     (DevSshSessionRequest *self);
DEVSSH_AVAILABLE_IN_1_0
gboolean    devssh_session_request_get_want_reply       (DevSshSessionRequest *self);
DEVSSH_AVAILABLE_IN_1_0
GBytes     *devssh_session_request_get_payload          (DevSshSessionRequest *self);   /* request-specific data */
DEVSSH_AVAILABLE_IN_1_0
GObject    *devssh_session_request_get_principal        (DevSshSessionRequest *self);
DEVSSH_AVAILABLE_IN_1_0
void        devssh_session_request_complete             (DevSshSessionRequest *self,
                                                         gboolean              success);
/* A reply with data of its own behind 81 or 82. */
DEVSSH_AVAILABLE_IN_1_0
void        devssh_session_request_complete_with_payload (DevSshSessionRequest *self,
                                                          gboolean              success,
                                                          GBytes               *payload);

G_END_DECLS
