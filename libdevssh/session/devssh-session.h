/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An SSH session over any GIOStream: the face of the library. */
#pragma once

#include <libdevssh/auth/devssh-authentication.h>
#include <libdevssh/base/devssh-trace.h>
#include <libdevssh/connection/devssh-channel.h>
#include <libdevssh/service/devssh-service.h>
#include <libdevssh/session/devssh-session-config.h>
#include <libdevssh/transport/devssh-metrics.h>
#include <libdevssh/transport/devssh-version.h>
#include <libdevssh/wire/devssh-numbers.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_PROGRESS (devssh_progress_get_type ())
#define DEVSSH_TYPE_SESSION  (devssh_session_get_type ())

/* The numbers are those of the Go library (protocol.md 9.3). */
typedef enum
{
  DEVSSH_PROGRESS_OPENING_SESSION_CONNECTION         = 0,
  DEVSSH_PROGRESS_OPENED_SESSION_CONNECTION          = 1,
  DEVSSH_PROGRESS_STARTING_VERSION_EXCHANGE          = 2,
  DEVSSH_PROGRESS_COMPLETED_VERSION_EXCHANGE         = 3,
  DEVSSH_PROGRESS_STARTING_KEY_EXCHANGE              = 4,
  DEVSSH_PROGRESS_COMPLETED_KEY_EXCHANGE             = 5,
  DEVSSH_PROGRESS_STARTING_SESSION_AUTHENTICATION    = 6,
  DEVSSH_PROGRESS_COMPLETED_SESSION_AUTHENTICATION   = 7
} DevSshProgress;

DEVSSH_AVAILABLE_IN_1_0
GType devssh_progress_get_type (void);

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_DERIVABLE_TYPE (DevSshSession, devssh_session, DEVSSH, SESSION, GObject)

struct _DevSshSessionClass
{
  GObjectClass parent_class;

  /*< private >*/
  gpointer _reserved[16];
};

DEVSSH_AVAILABLE_IN_1_0
void                   devssh_session_connect_async           (DevSshSession          *self,
                                                               GCancellable           *cancellable,
                                                               GAsyncReadyCallback     callback,
                                                               gpointer                user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean               devssh_session_connect_finish          (DevSshSession          *self,
                                                               GAsyncResult           *result,
                                                               GError                **error);
DEVSSH_AVAILABLE_IN_1_0
GIOStream             *devssh_session_get_stream              (DevSshSession          *self);
DEVSSH_AVAILABLE_IN_1_0
DevSshSessionConfig   *devssh_session_get_config              (DevSshSession          *self);
DEVSSH_AVAILABLE_IN_1_0
guint                  devssh_session_get_number              (DevSshSession          *self);   /* process-wide, for progress and logs */
DEVSSH_AVAILABLE_IN_1_0
gboolean               devssh_session_get_is_connected        (DevSshSession          *self);
DEVSSH_AVAILABLE_IN_1_0
gboolean               devssh_session_get_is_authenticated    (DevSshSession          *self);
DEVSSH_AVAILABLE_IN_1_0
gboolean               devssh_session_get_is_closed           (DevSshSession          *self);
DEVSSH_AVAILABLE_IN_1_0
DevSshDisconnectReason devssh_session_get_disconnect_reason   (DevSshSession          *self);
DEVSSH_AVAILABLE_IN_1_0
const GError          *devssh_session_get_error               (DevSshSession          *self);   /* after the end */
DEVSSH_AVAILABLE_IN_1_0
GObject               *devssh_session_get_principal           (DevSshSession          *self);
DEVSSH_AVAILABLE_IN_1_0
GBytes                *devssh_session_get_session_id          (DevSshSession          *self);   /* a secret (T-70) */
DEVSSH_AVAILABLE_IN_1_0
DevSshVersion         *devssh_session_get_local_version       (DevSshSession          *self);
DEVSSH_AVAILABLE_IN_1_0
DevSshVersion         *devssh_session_get_remote_version      (DevSshSession          *self);
/* What was agreed on: "kex", "host-key", "cipher-c2s", "cipher-s2c", "mac-c2s", "mac-s2c", "compression-c2s", "compression-s2c" */
DEVSSH_AVAILABLE_IN_1_0
const char            *devssh_session_get_algorithm           (DevSshSession          *self,
                                                               const char             *category);
/* name -> value (strings); NULL before EXT_INFO */
DEVSSH_AVAILABLE_IN_1_0
GHashTable            *devssh_session_get_protocol_extensions (DevSshSession          *self);
DEVSSH_AVAILABLE_IN_1_0
DevSshSessionMetrics  *devssh_session_get_metrics             (DevSshSession          *self);
DEVSSH_AVAILABLE_IN_1_0
GListModel            *devssh_session_get_channels            (DevSshSession          *self);
DEVSSH_AVAILABLE_IN_1_0
GListModel            *devssh_session_get_services            (DevSshSession          *self);
DEVSSH_AVAILABLE_IN_1_0
gboolean               devssh_session_get_trace_channel_data  (DevSshSession          *self);
DEVSSH_AVAILABLE_IN_1_0
void                   devssh_session_set_trace_channel_data  (DevSshSession          *self,
                                                               gboolean                trace);
/* Channels */
DEVSSH_AVAILABLE_IN_1_0
void                   devssh_session_open_channel_async      (DevSshSession          *self,
                                                               const char             *channel_type,
                                                               GCancellable           *cancellable,
                                                               GAsyncReadyCallback     callback,
                                                               gpointer                user_data);
/* type_data: what follows the generic fields of message 90; max_window_size 0: the configuration's */
DEVSSH_AVAILABLE_IN_1_0
void                   devssh_session_open_channel_full_async (DevSshSession          *self,
                                                               const char             *channel_type,
                                                               GBytes                 *type_data,
                                                               guint                   max_window_size,
                                                               GCancellable           *cancellable,
                                                               GAsyncReadyCallback     callback,
                                                               gpointer                user_data);
DEVSSH_AVAILABLE_IN_1_0
DevSshChannel         *devssh_session_open_channel_finish     (DevSshSession          *self,
                                                               GAsyncResult           *result,
                                                               GError                **error);
/* A channel and the first request on it, in one round trip where the peer can */
DEVSSH_AVAILABLE_IN_1_0
void                   devssh_session_open_channel_with_request_async
                                                              (DevSshSession          *self,
                                                               const char             *channel_type,
                                                               const char             *request_type,
                                                               gboolean                want_reply,
                                                               GBytes                 *payload,
                                                               GCancellable           *cancellable,
                                                               GAsyncReadyCallback     callback,
                                                               gpointer                user_data);
DEVSSH_AVAILABLE_IN_1_0
DevSshChannel         *devssh_session_open_channel_with_request_finish
                                                              (DevSshSession          *self,
                                                               GAsyncResult           *result,
                                                               GError                **error);
/* channel_type NULL: any */
DEVSSH_AVAILABLE_IN_1_0
void                   devssh_session_accept_channel_async    (DevSshSession          *self,
                                                               const char             *channel_type,
                                                               GCancellable           *cancellable,
                                                               GAsyncReadyCallback     callback,
                                                               gpointer                user_data);
DEVSSH_AVAILABLE_IN_1_0
DevSshChannel         *devssh_session_accept_channel_finish   (DevSshSession          *self,
                                                               GAsyncResult           *result,
                                                               GError                **error);
/* Requests and services */
DEVSSH_AVAILABLE_IN_1_0
void                   devssh_session_request_async           (DevSshSession          *self,
                                                               const char             *request_type,
                                                               gboolean                want_reply,
                                                               GBytes                 *payload,
                                                               GCancellable           *cancellable,
                                                               GAsyncReadyCallback     callback,
                                                               gpointer                user_data);
/* TRUE: yes (or no reply was wanted); FALSE without error: the peer said no. reply: what came behind 81 or 82. */
DEVSSH_AVAILABLE_IN_1_0
gboolean               devssh_session_request_finish          (DevSshSession          *self,
                                                               GAsyncResult           *result,
                                                               GBytes                **reply,
                                                               GError                **error);
DEVSSH_AVAILABLE_IN_1_0
void                   devssh_session_request_service_async   (DevSshSession          *self,
                                                               const char             *name,
                                                               GCancellable           *cancellable,
                                                               GAsyncReadyCallback     callback,
                                                               gpointer                user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean               devssh_session_request_service_finish  (DevSshSession          *self,
                                                               GAsyncResult           *result,
                                                               GError                **error);
DEVSSH_AVAILABLE_IN_1_0
DevSshService         *devssh_session_activate_service        (DevSshSession          *self,
                                                               const char             *name,
                                                               GError                **error);
DEVSSH_AVAILABLE_IN_1_0
DevSshService         *devssh_session_get_service             (DevSshSession          *self,
                                                               const char             *name);
/* Low level */
DEVSSH_AVAILABLE_IN_1_0
gboolean               devssh_session_send_message            (DevSshSession          *self,
                                                               GBytes                 *payload,
                                                               GError                **error);
DEVSSH_AVAILABLE_IN_1_0
gboolean               devssh_session_rekey                   (DevSshSession          *self,
                                                               GError                **error);
/* The end */
DEVSSH_AVAILABLE_IN_1_0
void                   devssh_session_close                   (DevSshSession          *self,
                                                               DevSshDisconnectReason  reason,
                                                               const char             *message);
DEVSSH_AVAILABLE_IN_1_0
void                   devssh_session_close_with_error        (DevSshSession          *self,
                                                               DevSshDisconnectReason  reason,
                                                               const GError           *error);
DEVSSH_AVAILABLE_IN_1_0
void                   devssh_session_close_async             (DevSshSession          *self,
                                                               DevSshDisconnectReason  reason,
                                                               const char             *message,
                                                               GCancellable           *cancellable,
                                                               GAsyncReadyCallback     callback,
                                                               gpointer                user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean               devssh_session_close_finish            (DevSshSession          *self,
                                                               GAsyncResult           *result,
                                                               GError                **error);
/* Waits for the end, whoever brings it. */
/* Until a lost connection would not be the end. */
DEVSSH_AVAILABLE_IN_1_0
void                   devssh_session_wait_until_reconnect_enabled_async  (DevSshSession       *self,
                                                                           GCancellable        *cancellable,
                                                                           GAsyncReadyCallback  callback,
                                                                           gpointer             user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean               devssh_session_wait_until_reconnect_enabled_finish (DevSshSession       *self,
                                                                           GAsyncResult        *result,
                                                                           GError             **error);
DEVSSH_AVAILABLE_IN_1_0
void                   devssh_session_wait_closed_async       (DevSshSession          *self,
                                                               GCancellable           *cancellable,
                                                               GAsyncReadyCallback     callback,
                                                               gpointer                user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean               devssh_session_wait_closed_finish      (DevSshSession          *self,
                                                               GAsyncResult           *result,
                                                               GError                **error);
/* Signals: authenticating (DevSshAuthentication) -> gboolean; channel-opening (DevSshChannelOpening) -> gboolean;
 * request (DevSshSessionRequest) -> gboolean; service-activated (DevSshService); progress (DevSshProgress);
 * trace (DevSshTraceLevel, DevSshTraceEvent, utf8); closed (DevSshDisconnectReason, utf8 message, nullable GError) */

G_END_DECLS
