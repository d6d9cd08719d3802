/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records what a session does over time in a bounded number of intervals (protocol.md 8.2). */
#include <libdevssh/session/devssh-session-contour-private.h>

#include <math.h>

#include <libdevssh/base/devssh-error.h>
#include <libdevssh/transport/devssh-metrics-private.h>

/**
 * DevSshSessionContour:
 *
 * The outline of a session over time: how much was sent and received, and how long messages took, in each of a number
 * of equal intervals.
 *
 * An interval is a second at first. When a session has lasted longer than there are intervals, each two of them become
 * one, twice as long; so a contour covers a session of any length, takes little memory, and is finest for short
 * sessions.
 *
 * ```c
 * g_autoptr(DevSshSessionContour) contour =
 *   devssh_session_contour_new (DEVSSH_SESSION_CONTOUR_DEFAULT_MAX_INTERVALS, NULL);
 *
 * devssh_session_contour_collect (contour, devssh_session_get_metrics (session), NULL);
 * ...
 * g_autofree char *picture = devssh_session_contour_to_svg (contour, "The nightly backup");
 * ```
 *
 * [method@SessionContour.to_base64] makes a line of text of it that fits into a log and that the other Dev Tunnels SSH
 * libraries read as well; [ctor@SessionContour.new_from_base64] reads theirs. The command `devssh contour` draws one.
 *
 * A contour has no lock: use it in the thread of the session that it collects from.
 *
 * Since: 1.0
 */

/**
 * DEVSSH_SESSION_CONTOUR_DEFAULT_MAX_INTERVALS:
 *
 * How many intervals a contour has at most, if nothing else is asked for: it is exported in less than 1800 characters.
 *
 * Since: 1.0
 */

/* More than any clock can measure, and no sum of it overflows. */
#define MAX_LATENCY 1e16

struct _DevSshSessionContour
{
  GObject               parent_instance;
  guint                 max_intervals;
  guint                 doublings;      /* of the first interval */
  GArray               *intervals;      /* (element-type DevSshContourInterval): up to the last one touched */
  DevSshSessionMetrics *metrics;        /* whose handlers are connected; NULL: not collecting */
};

enum
{
  PROP_0,
  PROP_MAX_INTERVALS,
  PROP_INTERVAL_COUNT,
  PROP_INTERVAL,
  PROP_IS_COLLECTING,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (DevSshSessionContour, devssh_session_contour, G_TYPE_OBJECT)

/* ---- intervals ---- */

static guint64
add_saturated (guint64 a,
               guint64 b)
{
  return a <= G_MAXUINT64 - b ? a + b : G_MAXUINT64;
}

/* The smaller one, but 0 is nothing. */
static double
lesser_latency (double a,
                double b)
{
  return a > 0 && (b <= 0 || a < b) ? a : b;
}

static void
devssh_contour_interval_merge (DevSshContourInterval       *self,
                               const DevSshContourInterval *other)
{
  self->bytes_sent = add_saturated (self->bytes_sent, other->bytes_sent);
  self->bytes_received = add_saturated (self->bytes_received, other->bytes_received);
  self->latency_min = lesser_latency (self->latency_min, other->latency_min);
  self->latency_max = MAX (self->latency_max, other->latency_max);
  self->latency_sum += other->latency_sum;
  self->latency_count += other->latency_count;
}

void
devssh_contour_intervals_fold (GArray *intervals)
{
  for (guint i = 0; i < intervals->len; i += 2)
    {
      DevSshContourInterval both = g_array_index (intervals, DevSshContourInterval, i);

      if (i + 1 < intervals->len)
        devssh_contour_interval_merge (&both, &g_array_index (intervals, DevSshContourInterval, i + 1));
      g_array_index (intervals, DevSshContourInterval, i / 2) = both;
    }
  g_array_set_size (intervals, (intervals->len + 1) / 2);
}

const DevSshContourInterval *
devssh_session_contour_get_intervals (DevSshSessionContour *self)
{
  return (const DevSshContourInterval *) (const void *) self->intervals->data;
}

guint
devssh_session_contour_get_doublings (DevSshSessionContour *self)
{
  return self->doublings;
}

/* ---- collecting ---- */

static void
devssh_session_contour_message_sent_cb (DevSshSessionMetrics *metrics,
                                        gint64                time,
                                        guint64               size,
                                        DevSshSessionContour *self)
{
  devssh_session_contour_add_update (self, time, size, 0, 0);
}

static void
devssh_session_contour_message_received_cb (DevSshSessionMetrics *metrics,
                                            gint64                time,
                                            guint64               size,
                                            DevSshSessionContour *self)
{
  devssh_session_contour_add_update (self, time, 0, size, 0);
}

static void
devssh_session_contour_latency_updated_cb (DevSshSessionMetrics *metrics,
                                           gint64                time,
                                           double                latency,
                                           DevSshSessionContour *self)
{
  devssh_session_contour_add_update (self, time, 0, 0, latency);
}

static void
devssh_session_contour_session_closed_cb (DevSshSessionMetrics *metrics,
                                          DevSshSessionContour *self)
{
  devssh_session_contour_stop (self);
}

static const struct
{
  const char *signal;
  GCallback   handler;
} listened[] = {
  { "message-sent", G_CALLBACK (devssh_session_contour_message_sent_cb) },
  { "message-received", G_CALLBACK (devssh_session_contour_message_received_cb) },
  { "latency-updated", G_CALLBACK (devssh_session_contour_latency_updated_cb) },
  { "session-closed", G_CALLBACK (devssh_session_contour_session_closed_cb) },
};

static void
devssh_session_contour_leave (DevSshSessionContour *self)
{
  if (self->metrics == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->metrics, self);
  g_clear_object (&self->metrics);
}

/* ---- the object ---- */

static void
devssh_session_contour_dispose (GObject *object)
{
  devssh_session_contour_leave (DEVSSH_SESSION_CONTOUR (object));
  G_OBJECT_CLASS (devssh_session_contour_parent_class)->dispose (object);
}

static void
devssh_session_contour_finalize (GObject *object)
{
  g_array_unref (DEVSSH_SESSION_CONTOUR (object)->intervals);
  G_OBJECT_CLASS (devssh_session_contour_parent_class)->finalize (object);
}

static void
devssh_session_contour_get_property (GObject    *object,
                                     guint       prop_id,
                                     GValue     *value,
                                     GParamSpec *pspec)
{
  DevSshSessionContour *self = DEVSSH_SESSION_CONTOUR (object);

  switch (prop_id)
    {
    case PROP_MAX_INTERVALS:
      g_value_set_uint (value, devssh_session_contour_get_max_intervals (self));
      break;
    case PROP_INTERVAL_COUNT:
      g_value_set_uint (value, devssh_session_contour_get_interval_count (self));
      break;
    case PROP_INTERVAL:
      g_value_set_int64 (value, devssh_session_contour_get_interval (self));
      break;
    case PROP_IS_COLLECTING:
      g_value_set_boolean (value, devssh_session_contour_get_is_collecting (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
devssh_session_contour_class_init (DevSshSessionContourClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->dispose = devssh_session_contour_dispose;
  object_class->finalize = devssh_session_contour_finalize;
  object_class->get_property = devssh_session_contour_get_property;

  /**
   * DevSshSessionContour:max-intervals: (getter get_max_intervals)
   *
   * How many intervals there are at most, a power of two.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_INTERVALS] =
    g_param_spec_uint ("max-intervals", NULL, NULL, 2, DEVSSH_CONTOUR_MAX_INTERVALS, DEVSSH_SESSION_CONTOUR_DEFAULT_MAX_INTERVALS, flags);

  /**
   * DevSshSessionContour:interval-count: (getter get_interval_count)
   *
   * How many intervals there are: up to the last one in which something was recorded.
   *
   * Since: 1.0
   */
  properties[PROP_INTERVAL_COUNT] =
    g_param_spec_uint ("interval-count", NULL, NULL, 0, DEVSSH_CONTOUR_MAX_INTERVALS, 0, flags);

  /**
   * DevSshSessionContour:interval: (getter get_interval)
   *
   * How long each interval is, in milliseconds: 1000, doubled whenever the session has become too long for it.
   *
   * Since: 1.0
   */
  properties[PROP_INTERVAL] =
    g_param_spec_int64 ("interval", NULL, NULL, DEVSSH_CONTOUR_FIRST_INTERVAL, G_MAXINT64, DEVSSH_CONTOUR_FIRST_INTERVAL, flags);

  /**
   * DevSshSessionContour:is-collecting: (getter get_is_collecting)
   *
   * Whether the contour listens to the metrics of a session.
   *
   * Since: 1.0
   */
  properties[PROP_IS_COLLECTING] =
    g_param_spec_boolean ("is-collecting", NULL, NULL, FALSE, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
devssh_session_contour_init (DevSshSessionContour *self)
{
  self->max_intervals = DEVSSH_SESSION_CONTOUR_DEFAULT_MAX_INTERVALS;
  /* Intervals between two that are touched begin as zeros. */
  self->intervals = g_array_new (FALSE, TRUE, sizeof (DevSshContourInterval));
}

/**
 * devssh_session_contour_new:
 * @max_intervals: how many intervals there may be: a power of two from 2 to 1048576, such as
 *   %DEVSSH_SESSION_CONTOUR_DEFAULT_MAX_INTERVALS
 * @error: return location for an error
 *
 * Makes a contour in which nothing is recorded yet.
 *
 * Fails with %DEVSSH_ERROR_INVALID_CONFIG if @max_intervals is no such number.
 *
 * Returns: (transfer full): a new contour
 *
 * Since: 1.0
 */
DevSshSessionContour *
devssh_session_contour_new (guint    max_intervals,
                            GError **error)
{
  DevSshSessionContour *self;

  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (max_intervals < 2 || max_intervals > DEVSSH_CONTOUR_MAX_INTERVALS || (max_intervals & (max_intervals - 1)) != 0)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG,
                   "A contour has a power of two as its most intervals, from 2 to %u; %u is not one", DEVSSH_CONTOUR_MAX_INTERVALS, max_intervals);
      return NULL;
    }

  self = g_object_new (DEVSSH_TYPE_SESSION_CONTOUR, NULL);
  self->max_intervals = max_intervals;
  return self;
}

DevSshSessionContour *
devssh_session_contour_new_of (guint   doublings,
                               GArray *intervals)
{
  DevSshSessionContour *self = g_object_new (DEVSSH_TYPE_SESSION_CONTOUR, NULL);

  self->max_intervals = 2;
  while (self->max_intervals < intervals->len)
    self->max_intervals *= 2;
  self->doublings = doublings;
  g_array_unref (self->intervals);
  self->intervals = intervals;
  return self;
}

/**
 * devssh_session_contour_get_max_intervals: (get-property max-intervals)
 * @self: a contour
 *
 * Gets how many intervals there are at most.
 *
 * Returns: a power of two
 *
 * Since: 1.0
 */
guint
devssh_session_contour_get_max_intervals (DevSshSessionContour *self)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_CONTOUR (self), 0);

  return self->max_intervals;
}

/**
 * devssh_session_contour_get_interval_count: (get-property interval-count)
 * @self: a contour
 *
 * Gets how many intervals there are: up to the last one in which something was recorded.
 *
 * Returns: a number of intervals, 0 if nothing was recorded
 *
 * Since: 1.0
 */
guint
devssh_session_contour_get_interval_count (DevSshSessionContour *self)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_CONTOUR (self), 0);

  return self->intervals->len;
}

/**
 * devssh_session_contour_get_interval: (get-property interval)
 * @self: a contour
 *
 * Gets how long each interval is.
 *
 * Returns: milliseconds: 1000 times a power of two
 *
 * Since: 1.0
 */
gint64
devssh_session_contour_get_interval (DevSshSessionContour *self)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_CONTOUR (self), 0);

  return (gint64) DEVSSH_CONTOUR_FIRST_INTERVAL << self->doublings;
}

/**
 * devssh_session_contour_collect:
 * @self: a contour
 * @metrics: what [method@Session.get_metrics] returned
 * @error: return location for an error
 *
 * Records what a session does from now on, until it ends or [method@SessionContour.stop] is called. After that it may
 * be started again, with these or other metrics. Times are those of the session: 0 is when it was made.
 *
 * While a contour collects it keeps @metrics; it ends with its last reference.
 *
 * Fails with %DEVSSH_ERROR_INVALID_STATE if it collects already, and with %DEVSSH_ERROR_CLOSED if the session has
 * ended.
 *
 * Returns: %TRUE if it collects
 *
 * Since: 1.0
 */
gboolean
devssh_session_contour_collect (DevSshSessionContour  *self,
                                DevSshSessionMetrics  *metrics,
                                GError               **error)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_CONTOUR (self), FALSE);
  g_return_val_if_fail (DEVSSH_IS_SESSION_METRICS (metrics), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (self->metrics != NULL)
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE, "The contour collects already; stop it first");
      return FALSE;
    }
  if (metrics->closed)
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED, "The session has ended, there is nothing to collect");
      return FALSE;
    }

  self->metrics = g_object_ref (metrics);
  for (gsize i = 0; i < G_N_ELEMENTS (listened); i++)
    g_signal_connect (metrics, listened[i].signal, listened[i].handler, self);
  /* From the very next message on. */
  devssh_metrics_look_again (metrics);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_IS_COLLECTING]);
  return TRUE;
}

/**
 * devssh_session_contour_stop:
 * @self: a contour
 *
 * Stops collecting, if it does; what was recorded stays.
 *
 * Since: 1.0
 */
void
devssh_session_contour_stop (DevSshSessionContour *self)
{
  g_return_if_fail (DEVSSH_IS_SESSION_CONTOUR (self));

  if (self->metrics == NULL)
    return;
  devssh_session_contour_leave (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_IS_COLLECTING]);
}

/**
 * devssh_session_contour_get_is_collecting: (get-property is-collecting)
 * @self: a contour
 *
 * Tells whether the contour listens to the metrics of a session.
 *
 * Returns: %TRUE between [method@SessionContour.collect] and the end of the session, or
 *   [method@SessionContour.stop]
 *
 * Since: 1.0
 */
gboolean
devssh_session_contour_get_is_collecting (DevSshSessionContour *self)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_CONTOUR (self), FALSE);

  return self->metrics != NULL;
}

/* The index of a time; intervals are made, or folded, until there is one. */
static guint
devssh_session_contour_make_room (DevSshSessionContour *self,
                                  gint64                time)
{
  guint64 index = (guint64) time / DEVSSH_CONTOUR_FIRST_INTERVAL >> self->doublings;

  while (index >= self->max_intervals)
    {
      devssh_contour_intervals_fold (self->intervals);
      self->doublings++;
      index /= 2;
    }
  if (index >= self->intervals->len)
    g_array_set_size (self->intervals, (guint) index + 1);
  return (guint) index;
}

/**
 * devssh_session_contour_add_update:
 * @self: a contour
 * @time: when it was, in milliseconds since the beginning; not negative
 * @bytes_sent: how many bytes were sent then
 * @bytes_received: how many bytes were received then
 * @latency: what was measured then, in milliseconds; 0 for nothing
 *
 * Records one thing, as [method@SessionContour.collect] does for everything that a session does.
 *
 * Since: 1.0
 */
void
devssh_session_contour_add_update (DevSshSessionContour *self,
                                   gint64                time,
                                   guint64               bytes_sent,
                                   guint64               bytes_received,
                                   double                latency)
{
  DevSshContourInterval update;
  guint doublings, count, index;

  g_return_if_fail (DEVSSH_IS_SESSION_CONTOUR (self));
  g_return_if_fail (time >= 0);
  g_return_if_fail (isfinite (latency) && latency >= 0);

  latency = MIN (latency, MAX_LATENCY);
  update = (DevSshContourInterval) { bytes_sent, bytes_received, latency, latency, latency, latency > 0 ? 1 : 0 };
  doublings = self->doublings;
  count = self->intervals->len;
  index = devssh_session_contour_make_room (self, time);
  devssh_contour_interval_merge (&g_array_index (self->intervals, DevSshContourInterval, index), &update);

  /* Last: a handler may do anything. */
  g_object_ref (self);
  if (self->doublings != doublings)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_INTERVAL]);
  if (self->intervals->len != count)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_INTERVAL_COUNT]);
  g_object_unref (self);
}

/**
 * devssh_session_contour_get_bytes_sent_at:
 * @self: a contour
 * @index: which interval; less than [property@SessionContour:interval-count]
 *
 * Gets how many bytes were sent in an interval.
 *
 * Returns: bytes
 *
 * Since: 1.0
 */
guint64
devssh_session_contour_get_bytes_sent_at (DevSshSessionContour *self,
                                          guint                 index)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_CONTOUR (self), 0);
  g_return_val_if_fail (index < self->intervals->len, 0);

  return devssh_session_contour_get_intervals (self)[index].bytes_sent;
}

/**
 * devssh_session_contour_get_bytes_received_at:
 * @self: a contour
 * @index: which interval; less than [property@SessionContour:interval-count]
 *
 * Gets how many bytes were received in an interval.
 *
 * Returns: bytes
 *
 * Since: 1.0
 */
guint64
devssh_session_contour_get_bytes_received_at (DevSshSessionContour *self,
                                              guint                 index)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_CONTOUR (self), 0);
  g_return_val_if_fail (index < self->intervals->len, 0);

  return devssh_session_contour_get_intervals (self)[index].bytes_received;
}

/**
 * devssh_session_contour_get_latency_min_at:
 * @self: a contour
 * @index: which interval; less than [property@SessionContour:interval-count]
 *
 * Gets the least latency measured in an interval.
 *
 * Returns: milliseconds, 0 if none was measured
 *
 * Since: 1.0
 */
double
devssh_session_contour_get_latency_min_at (DevSshSessionContour *self,
                                           guint                 index)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_CONTOUR (self), 0);
  g_return_val_if_fail (index < self->intervals->len, 0);

  return devssh_session_contour_get_intervals (self)[index].latency_min;
}

/**
 * devssh_session_contour_get_latency_max_at:
 * @self: a contour
 * @index: which interval; less than [property@SessionContour:interval-count]
 *
 * Gets the greatest latency measured in an interval.
 *
 * Returns: milliseconds, 0 if none was measured
 *
 * Since: 1.0
 */
double
devssh_session_contour_get_latency_max_at (DevSshSessionContour *self,
                                           guint                 index)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_CONTOUR (self), 0);
  g_return_val_if_fail (index < self->intervals->len, 0);

  return devssh_session_contour_get_intervals (self)[index].latency_max;
}

/**
 * devssh_session_contour_get_latency_average_at:
 * @self: a contour
 * @index: which interval; less than [property@SessionContour:interval-count]
 *
 * Gets the mean of the latencies measured in an interval.
 *
 * Returns: milliseconds, 0 if none was measured
 *
 * Since: 1.0
 */
double
devssh_session_contour_get_latency_average_at (DevSshSessionContour *self,
                                               guint                 index)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_CONTOUR (self), 0);
  g_return_val_if_fail (index < self->intervals->len, 0);

  return devssh_contour_interval_get_average (&devssh_session_contour_get_intervals (self)[index]);
}

/* Function by function would say five times the same. */
#define DUP_SERIES(type, get_at) \
  G_STMT_START { \
    type *_values; \
    \
    g_return_val_if_fail (DEVSSH_IS_SESSION_CONTOUR (self), NULL); \
    g_return_val_if_fail (n_values != NULL, NULL); \
    \
    *n_values = self->intervals->len; \
    _values = g_new (type, *n_values); \
    for (guint _i = 0; _i < *n_values; _i++) \
      _values[_i] = get_at (self, _i); \
    return _values; \
  } G_STMT_END

/**
 * devssh_session_contour_dup_bytes_sent:
 * @self: a contour
 * @n_values: (out): how many there are: [property@SessionContour:interval-count]
 *
 * Gets how many bytes were sent, interval by interval.
 *
 * Returns: (transfer full) (array length=n_values) (nullable): bytes; %NULL if there are no intervals
 *
 * Since: 1.0
 */
guint64 *
devssh_session_contour_dup_bytes_sent (DevSshSessionContour *self,
                                       gsize                *n_values)
{
  DUP_SERIES (guint64, devssh_session_contour_get_bytes_sent_at);
}

/**
 * devssh_session_contour_dup_bytes_received:
 * @self: a contour
 * @n_values: (out): how many there are: [property@SessionContour:interval-count]
 *
 * Gets how many bytes were received, interval by interval.
 *
 * Returns: (transfer full) (array length=n_values) (nullable): bytes; %NULL if there are no intervals
 *
 * Since: 1.0
 */
guint64 *
devssh_session_contour_dup_bytes_received (DevSshSessionContour *self,
                                           gsize                *n_values)
{
  DUP_SERIES (guint64, devssh_session_contour_get_bytes_received_at);
}

/**
 * devssh_session_contour_dup_latency_min:
 * @self: a contour
 * @n_values: (out): how many there are: [property@SessionContour:interval-count]
 *
 * Gets the least latency measured, interval by interval.
 *
 * Returns: (transfer full) (array length=n_values) (nullable): milliseconds, 0 where none was measured;
 *   %NULL if there are no intervals
 *
 * Since: 1.0
 */
double *
devssh_session_contour_dup_latency_min (DevSshSessionContour *self,
                                        gsize                *n_values)
{
  DUP_SERIES (double, devssh_session_contour_get_latency_min_at);
}

/**
 * devssh_session_contour_dup_latency_max:
 * @self: a contour
 * @n_values: (out): how many there are: [property@SessionContour:interval-count]
 *
 * Gets the greatest latency measured, interval by interval.
 *
 * Returns: (transfer full) (array length=n_values) (nullable): milliseconds, 0 where none was measured;
 *   %NULL if there are no intervals
 *
 * Since: 1.0
 */
double *
devssh_session_contour_dup_latency_max (DevSshSessionContour *self,
                                        gsize                *n_values)
{
  DUP_SERIES (double, devssh_session_contour_get_latency_max_at);
}

/**
 * devssh_session_contour_dup_latency_average:
 * @self: a contour
 * @n_values: (out): how many there are: [property@SessionContour:interval-count]
 *
 * Gets the mean of the latencies measured, interval by interval.
 *
 * Returns: (transfer full) (array length=n_values) (nullable): milliseconds, 0 where none was measured;
 *   %NULL if there are no intervals
 *
 * Since: 1.0
 */
double *
devssh_session_contour_dup_latency_average (DevSshSessionContour *self,
                                            gsize                *n_values)
{
  DUP_SERIES (double, devssh_session_contour_get_latency_average_at);
}
