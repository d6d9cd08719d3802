/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One channel of a session (RFC 4254, 5): data both ways, requests, and an end. */
#pragma once

#include <libdevssh/base/devssh-types.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_CHANNEL_STATE (devssh_channel_state_get_type ())
#define DEVSSH_TYPE_CHANNEL       (devssh_channel_get_type ())

typedef enum
{
  DEVSSH_CHANNEL_STATE_OPENING,
  DEVSSH_CHANNEL_STATE_OPEN,
  DEVSSH_CHANNEL_STATE_CLOSED
} DevSshChannelState;

DEVSSH_AVAILABLE_IN_1_0
GType               devssh_channel_state_get_type             (void);

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (DevSshChannel, devssh_channel, DEVSSH, CHANNEL, GObject)

DEVSSH_AVAILABLE_IN_1_0
const char         *devssh_channel_get_channel_type           (DevSshChannel        *self);
DEVSSH_AVAILABLE_IN_1_0
guint               devssh_channel_get_channel_id             (DevSshChannel        *self);
DEVSSH_AVAILABLE_IN_1_0
guint               devssh_channel_get_remote_channel_id      (DevSshChannel        *self);
DEVSSH_AVAILABLE_IN_1_0
gboolean            devssh_channel_get_is_remote              (DevSshChannel        *self);   /* the peer opened it */
DEVSSH_AVAILABLE_IN_1_0
DevSshChannelState  devssh_channel_get_state                  (DevSshChannel        *self);
DEVSSH_AVAILABLE_IN_1_0
gboolean            devssh_channel_get_is_closed              (DevSshChannel        *self);
DEVSSH_AVAILABLE_IN_1_0
guint               devssh_channel_get_max_window_size        (DevSshChannel        *self);
DEVSSH_AVAILABLE_IN_1_0
gboolean            devssh_channel_set_max_window_size        (DevSshChannel        *self,
                                                               guint                 size,
                                                               GError              **error);
DEVSSH_AVAILABLE_IN_1_0
guint               devssh_channel_get_max_packet_size        (DevSshChannel        *self);   /* what the peer accepts in one message */
DEVSSH_AVAILABLE_IN_1_0
guint64             devssh_channel_get_bytes_sent             (DevSshChannel        *self);
DEVSSH_AVAILABLE_IN_1_0
guint64             devssh_channel_get_bytes_received         (DevSshChannel        *self);
DEVSSH_AVAILABLE_IN_1_0
guint               devssh_channel_get_dropped_requests       (DevSshChannel        *self);
DEVSSH_AVAILABLE_IN_1_0
GBytes             *devssh_channel_get_open_message           (DevSshChannel        *self);   /* whole message 90, as sent or received */
DEVSSH_AVAILABLE_IN_1_0
GBytes             *devssh_channel_get_open_confirmation_message (DevSshChannel     *self);   /* whole message 91; NULL before */
/* After the end. exit_status: -1 if none came. */
DEVSSH_AVAILABLE_IN_1_0
gint64              devssh_channel_get_exit_status            (DevSshChannel        *self);
DEVSSH_AVAILABLE_IN_1_0
const char         *devssh_channel_get_exit_signal            (DevSshChannel        *self);
DEVSSH_AVAILABLE_IN_1_0
const char         *devssh_channel_get_error_message          (DevSshChannel        *self);
DEVSSH_AVAILABLE_IN_1_0
const GError       *devssh_channel_get_error                  (DevSshChannel        *self);
/* Data. With manual-credit, whoever consumed bytes calls adjust_window (). */
DEVSSH_AVAILABLE_IN_1_0
gboolean            devssh_channel_get_manual_credit          (DevSshChannel        *self);
DEVSSH_AVAILABLE_IN_1_0
void                devssh_channel_set_manual_credit          (DevSshChannel        *self,
                                                               gboolean              manual_credit);
DEVSSH_AVAILABLE_IN_1_0
gboolean            devssh_channel_adjust_window              (DevSshChannel        *self,
                                                               guint                 bytes,
                                                               GError              **error);
DEVSSH_AVAILABLE_IN_1_0
void                devssh_channel_send_async                 (DevSshChannel        *self,
                                                               GBytes               *data,
                                                               GCancellable         *cancellable,
                                                               GAsyncReadyCallback   callback,
                                                               gpointer              user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean            devssh_channel_send_finish                (DevSshChannel        *self,
                                                               GAsyncResult         *result,
                                                               GError              **error);
DEVSSH_AVAILABLE_IN_1_0
void                devssh_channel_send_extended_async        (DevSshChannel        *self,
                                                               guint                 data_type,
                                                               GBytes               *data,
                                                               GCancellable         *cancellable,
                                                               GAsyncReadyCallback   callback,
                                                               gpointer              user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean            devssh_channel_send_extended_finish       (DevSshChannel        *self,
                                                               GAsyncResult         *result,
                                                               GError              **error);
DEVSSH_AVAILABLE_IN_1_0
gboolean            devssh_channel_send_eof                   (DevSshChannel        *self,
                                                               GError              **error);
/* Requests */
DEVSSH_AVAILABLE_IN_1_0
void                devssh_channel_request_async              (DevSshChannel        *self,
                                                               const char           *request_type,
                                                               gboolean              want_reply,
                                                               GBytes               *payload,
                                                               GCancellable         *cancellable,
                                                               GAsyncReadyCallback   callback,
                                                               gpointer              user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean            devssh_channel_request_finish             (DevSshChannel        *self,
                                                               GAsyncResult         *result,
                                                               GError              **error);
DEVSSH_AVAILABLE_IN_1_0
void                devssh_channel_exec_async                 (DevSshChannel        *self,
                                                               const char           *command,
                                                               GCancellable         *cancellable,
                                                               GAsyncReadyCallback   callback,
                                                               gpointer              user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean            devssh_channel_exec_finish                (DevSshChannel        *self,
                                                               GAsyncResult         *result,
                                                               GError              **error);
DEVSSH_AVAILABLE_IN_1_0
gboolean            devssh_channel_send_signal                (DevSshChannel        *self,
                                                               const char           *signal_name,
                                                               GError              **error);
/* The end. Complete when everything queued before, and CLOSE, has been sealed. */
DEVSSH_AVAILABLE_IN_1_0
void                devssh_channel_close                      (DevSshChannel        *self);
/* With manual-close, whoever hears ::close-received calls one of these. */
DEVSSH_AVAILABLE_IN_1_0
gboolean            devssh_channel_get_manual_close           (DevSshChannel        *self);
DEVSSH_AVAILABLE_IN_1_0
void                devssh_channel_set_manual_close           (DevSshChannel        *self,
                                                               gboolean              manual_close);
DEVSSH_AVAILABLE_IN_1_0
void                devssh_channel_close_with_status          (DevSshChannel        *self,
                                                               guint                 exit_status);
DEVSSH_AVAILABLE_IN_1_0
void                devssh_channel_close_with_signal          (DevSshChannel        *self,
                                                               const char           *signal_name,
                                                               const char           *message);
DEVSSH_AVAILABLE_IN_1_0
void                devssh_channel_close_async                (DevSshChannel        *self,
                                                               GCancellable         *cancellable,
                                                               GAsyncReadyCallback   callback,
                                                               gpointer              user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean            devssh_channel_close_finish               (DevSshChannel        *self,
                                                               GAsyncResult         *result,
                                                               GError              **error);
/* Whoever closes it. If the peer does, the exit status is known then. */
DEVSSH_AVAILABLE_IN_1_0
void                devssh_channel_wait_closed_async          (DevSshChannel        *self,
                                                               GCancellable         *cancellable,
                                                               GAsyncReadyCallback   callback,
                                                               gpointer              user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean            devssh_channel_wait_closed_finish         (DevSshChannel        *self,
                                                               GAsyncResult         *result,
                                                               GError              **error);
/* Signals: data (GBytes), extended-data (guint type, GBytes), eof (), close-received (), closed (), request (DevSshChannelRequest) -> gboolean.
 * Connecting to ::data (or ::extended-data) makes the application the channel's one consumer; early data comes then. */

G_END_DECLS
