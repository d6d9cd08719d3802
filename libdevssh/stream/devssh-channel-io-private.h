/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a channel stream and its two halves share: what has come and waits, the read and the writes that wait, and who polls.
 *
 * Everything happens in the thread of the channel's context. Functions marked "any thread" hand over and wait if need be; what a
 * GSource asks each turn is atomic. */
#pragma once

#include <libdevssh/connection/devssh-channel-private.h>

G_BEGIN_DECLS

typedef struct _DevSshChannelIo DevSshChannelIo;

/* Becomes the channel's consumer. NULL and DEVSSH_ERROR_INVALID_STATE: there is one already. */
DevSshChannelIo *devssh_channel_io_new          (DevSshChannel *channel, GError **error);
/* For a channel that is still to come, and is all of its session: until one of the two calls below, reads and writes wait. An end of
 * the session without a reason (NONE) is that of the stream, and no error. */
DevSshChannelIo *devssh_channel_io_new_waiting  (DevSshContext *context);
gboolean         devssh_channel_io_set_channel  (DevSshChannelIo *self, DevSshChannel *channel, GError **error);
/* There will be none; error: why. Nothing happens if there is one. */
void             devssh_channel_io_give_up      (DevSshChannelIo *self, const GError *error);
DevSshChannelIo *devssh_channel_io_ref          (DevSshChannelIo *self);
void             devssh_channel_io_unref        (DevSshChannelIo *self);                 /* any thread */
DevSshChannel   *devssh_channel_io_get_channel  (DevSshChannelIo *self);                 /* NULL: still to come */

/* The task gets the number of bytes; buffer and data are the caller's until then. */
void             devssh_channel_io_read_async   (DevSshChannelIo *self, guint8 *buffer, gsize count, GCancellable *cancellable, GTask *task);
void             devssh_channel_io_write_async  (DevSshChannelIo *self, const guint8 *data, gsize count, GCancellable *cancellable, GTask *task);
/* Any thread. block FALSE: G_IO_ERROR_WOULD_BLOCK rather than waiting. */
gssize           devssh_channel_io_read         (DevSshChannelIo *self, guint8 *buffer, gsize count, gboolean block, GCancellable *cancellable, GError **error);
gssize           devssh_channel_io_write        (DevSshChannelIo *self, const guint8 *data, gsize count, gboolean block, GCancellable *cancellable, GError **error);
/* Any thread; never waits. Both: the channel is closed. */
void             devssh_channel_io_close_input  (DevSshChannelIo *self);
void             devssh_channel_io_close_output (DevSshChannelIo *self);                 /* EOF */
void             devssh_channel_io_close        (DevSshChannelIo *self);

/* condition: G_IO_IN or G_IO_OUT; any thread. */
gboolean         devssh_channel_io_is_ready     (DevSshChannelIo *self, GIOCondition condition);
GSource         *devssh_channel_io_source_new   (DevSshChannelIo *self, GIOCondition condition);

/* The two halves. */
#define DEVSSH_TYPE_CHANNEL_INPUT_STREAM  (devssh_channel_input_stream_get_type ())
#define DEVSSH_TYPE_CHANNEL_OUTPUT_STREAM (devssh_channel_output_stream_get_type ())
G_DECLARE_FINAL_TYPE (DevSshChannelInputStream, devssh_channel_input_stream, DEVSSH, CHANNEL_INPUT_STREAM, GInputStream)
G_DECLARE_FINAL_TYPE (DevSshChannelOutputStream, devssh_channel_output_stream, DEVSSH, CHANNEL_OUTPUT_STREAM, GOutputStream)
GInputStream    *devssh_channel_input_stream_new  (DevSshChannelIo *io);
GOutputStream   *devssh_channel_output_stream_new (DevSshChannelIo *io);

G_END_DECLS
