/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many channels over one stream that is secure already: a session without cryptography. */
#pragma once

#include <libdevssh/session/devssh-session.h>
#include <libdevssh/stream/devssh-channel-stream.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_MULTI_CHANNEL_STREAM (devssh_multi_channel_stream_get_type ())

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (DevSshMultiChannelStream, devssh_multi_channel_stream, DEVSSH, MULTI_CHANNEL_STREAM, GObject)

DEVSSH_AVAILABLE_IN_1_0
DevSshMultiChannelStream *devssh_multi_channel_stream_new                   (GIOStream                 *transport);
DEVSSH_AVAILABLE_IN_1_0
DevSshSession            *devssh_multi_channel_stream_get_session           (DevSshMultiChannelStream  *self);
DEVSSH_AVAILABLE_IN_1_0
gboolean                  devssh_multi_channel_stream_get_is_closed         (DevSshMultiChannelStream  *self);
/* 0: as the default configuration has it */
DEVSSH_AVAILABLE_IN_1_0
guint                     devssh_multi_channel_stream_get_channel_max_window_size
                                                                            (DevSshMultiChannelStream  *self);
DEVSSH_AVAILABLE_IN_1_0
void                      devssh_multi_channel_stream_set_channel_max_window_size
                                                                            (DevSshMultiChannelStream  *self,
                                                                             guint                      size);
/* Connects if that has not been done yet; so do all that follow. */
DEVSSH_AVAILABLE_IN_1_0
void                      devssh_multi_channel_stream_connect_async         (DevSshMultiChannelStream  *self,
                                                                             GCancellable              *cancellable,
                                                                             GAsyncReadyCallback        callback,
                                                                             gpointer                   user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean                  devssh_multi_channel_stream_connect_finish        (DevSshMultiChannelStream  *self,
                                                                             GAsyncResult              *result,
                                                                             GError                   **error);
DEVSSH_AVAILABLE_IN_1_0
void                      devssh_multi_channel_stream_connect_and_run_until_closed_async
                                                                            (DevSshMultiChannelStream  *self,
                                                                             GCancellable              *cancellable,
                                                                             GAsyncReadyCallback        callback,
                                                                             gpointer                   user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean                  devssh_multi_channel_stream_connect_and_run_until_closed_finish
                                                                            (DevSshMultiChannelStream  *self,
                                                                             GAsyncResult              *result,
                                                                             GError                   **error);
/* channel_type NULL: "session" */
DEVSSH_AVAILABLE_IN_1_0
void                      devssh_multi_channel_stream_open_channel_async    (DevSshMultiChannelStream  *self,
                                                                             const char                *channel_type,
                                                                             GCancellable              *cancellable,
                                                                             GAsyncReadyCallback        callback,
                                                                             gpointer                   user_data);
DEVSSH_AVAILABLE_IN_1_0
DevSshChannel            *devssh_multi_channel_stream_open_channel_finish   (DevSshMultiChannelStream  *self,
                                                                             GAsyncResult              *result,
                                                                             GError                   **error);
DEVSSH_AVAILABLE_IN_1_0
void                      devssh_multi_channel_stream_open_stream_async     (DevSshMultiChannelStream  *self,
                                                                             const char                *channel_type,
                                                                             GCancellable              *cancellable,
                                                                             GAsyncReadyCallback        callback,
                                                                             gpointer                   user_data);
DEVSSH_AVAILABLE_IN_1_0
DevSshChannelStream      *devssh_multi_channel_stream_open_stream_finish    (DevSshMultiChannelStream  *self,
                                                                             GAsyncResult              *result,
                                                                             GError                   **error);
DEVSSH_AVAILABLE_IN_1_0
void                      devssh_multi_channel_stream_accept_channel_async  (DevSshMultiChannelStream  *self,
                                                                             const char                *channel_type,
                                                                             GCancellable              *cancellable,
                                                                             GAsyncReadyCallback        callback,
                                                                             gpointer                   user_data);
DEVSSH_AVAILABLE_IN_1_0
DevSshChannel            *devssh_multi_channel_stream_accept_channel_finish (DevSshMultiChannelStream  *self,
                                                                             GAsyncResult              *result,
                                                                             GError                   **error);
DEVSSH_AVAILABLE_IN_1_0
void                      devssh_multi_channel_stream_accept_stream_async   (DevSshMultiChannelStream  *self,
                                                                             const char                *channel_type,
                                                                             GCancellable              *cancellable,
                                                                             GAsyncReadyCallback        callback,
                                                                             gpointer                   user_data);
DEVSSH_AVAILABLE_IN_1_0
DevSshChannelStream      *devssh_multi_channel_stream_accept_stream_finish  (DevSshMultiChannelStream  *self,
                                                                             GAsyncResult              *result,
                                                                             GError                   **error);
DEVSSH_AVAILABLE_IN_1_0
void                      devssh_multi_channel_stream_close                 (DevSshMultiChannelStream  *self);
DEVSSH_AVAILABLE_IN_1_0
void                      devssh_multi_channel_stream_close_async           (DevSshMultiChannelStream  *self,
                                                                             GCancellable              *cancellable,
                                                                             GAsyncReadyCallback        callback,
                                                                             gpointer                   user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean                  devssh_multi_channel_stream_close_finish          (DevSshMultiChannelStream  *self,
                                                                             GAsyncResult              *result,
                                                                             GError                   **error);
/* Signals: channel-opening (DevSshChannelOpening) -> gboolean;
 * closed (DevSshDisconnectReason, utf8 message, nullable GError) */

G_END_DECLS
