/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A channel as a GIOStream: async, pollable, and blocking where GIO promises it (design D2). */
#pragma once

#include <libdevssh/connection/devssh-channel.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_CHANNEL_STREAM (devssh_channel_stream_get_type ())

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (DevSshChannelStream, devssh_channel_stream, DEVSSH, CHANNEL_STREAM, GIOStream)

DEVSSH_AVAILABLE_IN_1_0
DevSshChannelStream *devssh_channel_stream_new         (DevSshChannel        *channel,
                                                        GError              **error);
DEVSSH_AVAILABLE_IN_1_0
DevSshChannel       *devssh_channel_stream_get_channel (DevSshChannelStream  *self);

G_END_DECLS
