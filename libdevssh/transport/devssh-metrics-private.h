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

/* One thread counts, any thread may read (design D20): no lock, and no cost. */
static inline void
devssh_metrics_add (guint64 *counter,
                    guint64  n)
{
  __atomic_store_n (counter, *counter + n, __ATOMIC_RELAXED);
}

static inline guint64
devssh_metrics_read (const guint64 *counter)
{
  return __atomic_load_n (counter, __ATOMIC_RELAXED);
}

DevSshSessionMetrics *devssh_session_metrics_new (void);

G_END_DECLS
