/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The counters as the engines write them, and the notes that are handed out as signals. */
#pragma once

#include <libdevssh/base/devssh-context-private.h>
#include <libdevssh/transport/devssh-metrics.h>

G_BEGIN_DECLS

/* Whether somebody is connected. GObject gives no notice of that, so it is looked up by whoever counts first after
 * devssh_metrics_look_again(), and holds until the next one: per packet it is one comparison. */
typedef enum
{
  DEVSSH_METRICS_UNKNOWN,
  DEVSSH_METRICS_NOBODY,
  DEVSSH_METRICS_SOMEBODY
} DevSshMetricsAudience;

typedef enum
{
  DEVSSH_METRICS_NOTE_SENT,
  DEVSSH_METRICS_NOTE_RECEIVED,
  DEVSSH_METRICS_NOTE_LATENCY
} DevSshMetricsNoteKind;

/* The numbers that have properties; latencies in microseconds. */
typedef struct
{
  guint64 messages_sent, messages_received;   /* version lines included */
  guint64 bytes_sent, bytes_received;         /* 4 + packet_length + MAC or tag */
  guint64 reconnections;
  guint64 latency_current;                    /* 0: not measured, or the connection is gone */
  guint64 latency_min, latency_max, latency_average;
} DevSshMetricsNumbers;

/* The transport adds to these directly: no call and no signal per packet. */
struct _DevSshSessionMetrics
{
  GObject               parent_instance;
  DevSshMetricsNumbers  now;
  DevSshMetricsNumbers  notified;             /* what the last notifications told */
  guint64               latency_sum, latency_count;
  DevSshMetricsAudience audience;
  guint                 listened;             /* which signals; of DEVSSH_METRICS_SOMEBODY only */
  GArray               *notes;                /* what the pump has to hand out; NULL: nothing yet */
  guint                 n_told;               /* of them */
  guint                 last_of[3];           /* place of the last of each kind, counted from 1 */
  DevSshContext        *context;              /* whose clock it is */
  gint64                created;
  gboolean              closed;
};

DevSshSessionMetrics *devssh_session_metrics_new (void);

/* ---- what is measured: from engines and the session, within a turn of the pump, whose end tells of it ---- */
/* One exchange took so long there and back. Less than a microsecond counts as one, for 0 is "not measured"; less than nothing
 * (a peer's number may be anything) is not counted. */
void     devssh_metrics_latency_measured (DevSshSessionMetrics *self,
                                          gint64                usec);
/* The connection is gone, or about to be: the current latency is 0 until measured again, the others stay. */
void     devssh_metrics_reset_latency    (DevSshSessionMetrics *self);
/* The session goes on over another connection. */
void     devssh_metrics_reconnected      (DevSshSessionMetrics *self);

/* ---- who listens: from the pump, with no engine on the stack (design D12) ---- */
/* Handlers may have come or gone. */
void     devssh_metrics_look_again       (DevSshSessionMetrics *self);
/* Emits what was noted, in order. */
void     devssh_metrics_deliver_notes    (DevSshSessionMetrics *self);
/* Somebody listens to notifications, and there is something to tell. */
gboolean devssh_metrics_wants_notify     (DevSshSessionMetrics *self);
/* Notifies what has changed since the last time. */
void     devssh_metrics_notify           (DevSshSessionMetrics *self);
/* The end: resets the current latency, tells everything, and that it was the last. Once. */
void     devssh_metrics_close            (DevSshSessionMetrics *self);

/* For devssh_metrics_count_sent() and devssh_metrics_count_received(). */
void     devssh_metrics_note             (DevSshSessionMetrics  *self,
                                          DevSshMetricsNoteKind  kind,
                                          guint64                value);

static inline void
devssh_metrics_deliver (DevSshSessionMetrics *self)
{
  if (G_UNLIKELY (self->notes != NULL))
    devssh_metrics_deliver_notes (self);
}

/* One thread counts, any thread may read (design D20): no lock, and no cost. */
static inline void
devssh_metrics_set (guint64 *number,
                    guint64  value)
{
  __atomic_store_n (number, value, __ATOMIC_RELAXED);
}

static inline void
devssh_metrics_add (guint64 *number,
                    guint64  n)
{
  devssh_metrics_set (number, *number + n);
}

static inline guint64
devssh_metrics_read (const guint64 *number)
{
  return __atomic_load_n (number, __ATOMIC_RELAXED);
}

static inline void
devssh_metrics_count_sent (DevSshSessionMetrics *self,
                           gsize                 length)
{
  devssh_metrics_add (&self->now.messages_sent, 1);
  devssh_metrics_add (&self->now.bytes_sent, length);
  if (G_UNLIKELY (__atomic_load_n (&self->audience, __ATOMIC_RELAXED) != DEVSSH_METRICS_NOBODY))
    devssh_metrics_note (self, DEVSSH_METRICS_NOTE_SENT, length);
}

static inline void
devssh_metrics_count_received (DevSshSessionMetrics *self,
                               gsize                 length)
{
  devssh_metrics_add (&self->now.messages_received, 1);
  devssh_metrics_add (&self->now.bytes_received, length);
  if (G_UNLIKELY (__atomic_load_n (&self->audience, __ATOMIC_RELAXED) != DEVSSH_METRICS_NOBODY))
    devssh_metrics_note (self, DEVSSH_METRICS_NOTE_RECEIVED, length);
}

G_END_DECLS
