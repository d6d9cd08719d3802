/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a session has sent and received, counted. */
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

G_END_DECLS
