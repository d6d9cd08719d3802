/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How openings and requests are made, and how their answers are read: for the engine, and for whoever passes a question on. */
#pragma once

#include <libdevssh/base/devssh-question-private.h>
#include <libdevssh/connection/devssh-channel-opening.h>
#include <libdevssh/connection/devssh-channel-request.h>
#include <libdevssh/connection/devssh-session-request.h>

G_BEGIN_DECLS

/* principal may be NULL. The answer is there once the sink has been called. */
DevSshChannelOpening *devssh_channel_opening_new             (DevSshChannel *channel, GBytes *type_data, gboolean is_remote, GObject *principal);
gboolean              devssh_channel_opening_get_accepted    (DevSshChannelOpening *self);
DevSshChannelOpenFailure devssh_channel_opening_get_reason   (DevSshChannelOpening *self);
const char           *devssh_channel_opening_get_description (DevSshChannelOpening *self);   /* never NULL */
/* What happens if no handler takes it: accepted, or refused with this reason (1 if never called). */
void                  devssh_channel_opening_set_default     (DevSshChannelOpening *self, gboolean accept, DevSshChannelOpenFailure reason);

DevSshChannelRequest *devssh_channel_request_new             (DevSshChannel *channel, const char *request_type, gboolean want_reply, GBytes *payload, GObject *principal);
gboolean              devssh_channel_request_get_success     (DevSshChannelRequest *self);

DevSshSessionRequest *devssh_session_request_new             (const char *request_type, gboolean want_reply, GBytes *payload, GObject *principal);
gboolean              devssh_session_request_get_success     (DevSshSessionRequest *self);
GBytes               *devssh_session_request_get_response    (DevSshSessionRequest *self);   /* NULL: none */

G_END_DECLS
