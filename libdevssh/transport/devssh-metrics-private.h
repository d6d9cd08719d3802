/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The counters as the engines write them. */
#pragma once

#include <libdevssh/transport/devssh-metrics.h>

G_BEGIN_DECLS

/* The transport adds to these directly: no call and no signal per packet. */
struct _DevSshSessionMetrics
{
  GObject parent_instance;
  guint64 messages_sent, messages_received;   /* version lines included */
  guint64 bytes_sent, bytes_received;         /* 4 + packet_length + MAC or tag */
};

DevSshSessionMetrics *devssh_session_metrics_new (void);

G_END_DECLS
