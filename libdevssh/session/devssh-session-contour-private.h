/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What recording, exporting and drawing a contour share: its intervals. */
#pragma once

#include <libdevssh/session/devssh-session-contour.h>

G_BEGIN_DECLS

#define DEVSSH_CONTOUR_FIRST_INTERVAL 1000      /* ms; doubled as often as it takes */
#define DEVSSH_CONTOUR_MAX_DOUBLINGS  53        /* the interval and any time are gint64 */
#define DEVSSH_CONTOUR_MAX_INTERVALS  (1u << 20)

/* Latencies in milliseconds; 0: none was measured. */
typedef struct
{
  guint64 bytes_sent, bytes_received;
  double  latency_min, latency_max, latency_sum;
  guint64 latency_count;
} DevSshContourInterval;

static inline double
devssh_contour_interval_get_average (const DevSshContourInterval *self)
{
  return self->latency_count > 0 ? self->latency_sum / (double) self->latency_count : 0;
}

/* ---- devssh-session-contour.c ---- */
/* intervals: (element-type DevSshContourInterval), taken */
DevSshSessionContour        *devssh_session_contour_new_of        (guint  doublings,
                                                                   GArray *intervals);
const DevSshContourInterval *devssh_session_contour_get_intervals (DevSshSessionContour *self);
guint                        devssh_session_contour_get_doublings (DevSshSessionContour *self);
/* Each two become one, half as many are left. */
void                         devssh_contour_intervals_fold        (GArray *intervals);

G_END_DECLS
