/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Joins a channel and a GIOStream: what comes out of one goes into the other, both ways, with back-pressure and half-close. */
#pragma once

#include <libdevssh/connection/devssh-channel.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_CHANNEL_SPLICE_FLAGS (devssh_channel_splice_flags_get_type ())

typedef enum /*< flags >*/
{
  DEVSSH_CHANNEL_SPLICE_NONE          = 0,
  DEVSSH_CHANNEL_SPLICE_CLOSE_CHANNEL = 1 << 0,
  DEVSSH_CHANNEL_SPLICE_CLOSE_STREAM  = 1 << 1
} DevSshChannelSpliceFlags;

DEVSSH_AVAILABLE_IN_1_0
GType    devssh_channel_splice_flags_get_type (void);
DEVSSH_AVAILABLE_IN_1_0
void     devssh_channel_splice_async          (DevSshChannel             *channel,
                                               GIOStream                 *stream,
                                               DevSshChannelSpliceFlags   flags,
                                               int                        io_priority,
                                               GCancellable              *cancellable,
                                               GAsyncReadyCallback        callback,
                                               gpointer                   user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean devssh_channel_splice_finish         (DevSshChannel             *channel,
                                               GAsyncResult              *result,
                                               GError                   **error);

G_END_DECLS
