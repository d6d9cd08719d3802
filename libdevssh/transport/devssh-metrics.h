/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a session has sent and received, counted, and how long messages take. */
#pragma once

#include <libdevssh/base/devssh-types.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_SESSION_METRICS (devssh_session_metrics_get_type ())

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (DevSshSessionMetrics, devssh_session_metrics, DEVSSH, SESSION_METRICS,
                      GObject)

DEVSSH_AVAILABLE_IN_1_0
guint64 devssh_session_metrics_get_messages_sent     (DevSshSessionMetrics *self);
DEVSSH_AVAILABLE_IN_1_0
guint64 devssh_session_metrics_get_messages_received (DevSshSessionMetrics *self);
DEVSSH_AVAILABLE_IN_1_0
guint64 devssh_session_metrics_get_bytes_sent        (DevSshSessionMetrics *self);
DEVSSH_AVAILABLE_IN_1_0
guint64 devssh_session_metrics_get_bytes_received    (DevSshSessionMetrics *self);
DEVSSH_AVAILABLE_IN_1_0
guint   devssh_session_metrics_get_reconnections     (DevSshSessionMetrics *self);
/* Milliseconds; 0: not measured */
DEVSSH_AVAILABLE_IN_1_0
double  devssh_session_metrics_get_latency_current   (DevSshSessionMetrics *self);
DEVSSH_AVAILABLE_IN_1_0
double  devssh_session_metrics_get_latency_min       (DevSshSessionMetrics *self);
DEVSSH_AVAILABLE_IN_1_0
double  devssh_session_metrics_get_latency_max       (DevSshSessionMetrics *self);
DEVSSH_AVAILABLE_IN_1_0
double  devssh_session_metrics_get_latency_average   (DevSshSessionMetrics *self);
/* Microseconds since the session was made */
DEVSSH_AVAILABLE_IN_1_0
gint64  devssh_session_metrics_get_time              (DevSshSessionMetrics *self);
/* Signals: message-sent (gint64 time in ms, guint64 size); message-received (the same); latency-updated (gint64 time in ms,
 * double latency in ms); session-closed () */

G_END_DECLS
