/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How busy a session was, and how quick, over its whole life: intervals that grow with it. */
#pragma once

#include <libdevssh/transport/devssh-metrics.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_SESSION_CONTOUR (devssh_session_contour_get_type ())

/* As many intervals as a contour has at most, unless told otherwise */
#define DEVSSH_SESSION_CONTOUR_DEFAULT_MAX_INTERVALS 256

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (DevSshSessionContour, devssh_session_contour, DEVSSH, SESSION_CONTOUR, GObject)

/* max_intervals: a power of two, 2 to 1048576 */
DEVSSH_AVAILABLE_IN_1_0
DevSshSessionContour *devssh_session_contour_new                    (guint                  max_intervals,
                                                                     GError               **error);
DEVSSH_AVAILABLE_IN_1_0
DevSshSessionContour *devssh_session_contour_new_from_base64        (const char            *text,
                                                                     GError               **error);
DEVSSH_AVAILABLE_IN_1_0
guint                 devssh_session_contour_get_max_intervals      (DevSshSessionContour  *self);
DEVSSH_AVAILABLE_IN_1_0
guint                 devssh_session_contour_get_interval_count     (DevSshSessionContour  *self);
/* Milliseconds */
DEVSSH_AVAILABLE_IN_1_0
gint64                devssh_session_contour_get_interval           (DevSshSessionContour  *self);
/* Collecting */
DEVSSH_AVAILABLE_IN_1_0
gboolean              devssh_session_contour_collect                (DevSshSessionContour  *self,
                                                                     DevSshSessionMetrics  *metrics,
                                                                     GError               **error);
DEVSSH_AVAILABLE_IN_1_0
void                  devssh_session_contour_stop                   (DevSshSessionContour  *self);
DEVSSH_AVAILABLE_IN_1_0
gboolean              devssh_session_contour_get_is_collecting      (DevSshSessionContour  *self);
/* time and latency in milliseconds; latency 0: none measured */
DEVSSH_AVAILABLE_IN_1_0
void                  devssh_session_contour_add_update             (DevSshSessionContour  *self,
                                                                     gint64                 time,
                                                                     guint64                bytes_sent,
                                                                     guint64                bytes_received,
                                                                     double                 latency);
/* One interval */
DEVSSH_AVAILABLE_IN_1_0
guint64               devssh_session_contour_get_bytes_sent_at      (DevSshSessionContour  *self,
                                                                     guint                  index);
DEVSSH_AVAILABLE_IN_1_0
guint64               devssh_session_contour_get_bytes_received_at  (DevSshSessionContour  *self,
                                                                     guint                  index);
DEVSSH_AVAILABLE_IN_1_0
double                devssh_session_contour_get_latency_min_at     (DevSshSessionContour  *self,
                                                                     guint                  index);
DEVSSH_AVAILABLE_IN_1_0
double                devssh_session_contour_get_latency_max_at     (DevSshSessionContour  *self,
                                                                     guint                  index);
DEVSSH_AVAILABLE_IN_1_0
double                devssh_session_contour_get_latency_average_at (DevSshSessionContour  *self,
                                                                     guint                  index);
/* All of them, copied */
DEVSSH_AVAILABLE_IN_1_0
guint64              *devssh_session_contour_dup_bytes_sent         (DevSshSessionContour  *self,
                                                                     gsize                 *n_values);
DEVSSH_AVAILABLE_IN_1_0
guint64              *devssh_session_contour_dup_bytes_received     (DevSshSessionContour  *self,
                                                                     gsize                 *n_values);
DEVSSH_AVAILABLE_IN_1_0
double               *devssh_session_contour_dup_latency_min        (DevSshSessionContour  *self,
                                                                     gsize                 *n_values);
DEVSSH_AVAILABLE_IN_1_0
double               *devssh_session_contour_dup_latency_max        (DevSshSessionContour  *self,
                                                                     gsize                 *n_values);
DEVSSH_AVAILABLE_IN_1_0
double               *devssh_session_contour_dup_latency_average    (DevSshSessionContour  *self,
                                                                     gsize                 *n_values);
/* What others can read: compact, or a picture */
DEVSSH_AVAILABLE_IN_1_0
char                 *devssh_session_contour_to_base64              (DevSshSessionContour  *self);
DEVSSH_AVAILABLE_IN_1_0
char                 *devssh_session_contour_to_svg                 (DevSshSessionContour  *self,
                                                                     const char            *title);

G_END_DECLS
