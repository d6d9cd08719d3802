/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The peer asks something of a channel: "exec", "pty-req" and so on (RFC 4254, 5.4). */
#pragma once

#include <libdevssh/base/devssh-question.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_CHANNEL_REQUEST (devssh_channel_request_get_type ())

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (DevSshChannelRequest, devssh_channel_request, DEVSSH, CHANNEL_REQUEST, DevSshQuestion)

DEVSSH_AVAILABLE_IN_1_0
DevSshChannel *devssh_channel_request_get_channel      (DevSshChannelRequest *self);
DEVSSH_AVAILABLE_IN_1_0
const char    *devssh_channel_request_get_request_type (DevSshChannelRequest *self);
DEVSSH_AVAILABLE_IN_1_0
gboolean       devssh_channel_request_get_want_reply   (DevSshChannelRequest *self);
DEVSSH_AVAILABLE_IN_1_0
GBytes        *devssh_channel_request_get_payload      (DevSshChannelRequest *self);   /* type-specific data */
DEVSSH_AVAILABLE_IN_1_0
char          *devssh_channel_request_dup_command      (DevSshChannelRequest *self);   /* "exec" and "subsystem": the text; else NULL */
DEVSSH_AVAILABLE_IN_1_0
GObject       *devssh_channel_request_get_principal    (DevSshChannelRequest *self);
DEVSSH_AVAILABLE_IN_1_0
void           devssh_channel_request_complete         (DevSshChannelRequest *self,
                                                        gboolean              success);

G_END_DECLS
