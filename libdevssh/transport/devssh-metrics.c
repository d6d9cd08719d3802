/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a session has sent and received, counted, and how long messages take; engines and session write the numbers,
 * others read them. */
#include <libdevssh/transport/devssh-metrics-private.h>

#include <string.h>

/**
 * DevSshSessionMetrics:
 *
 * Counts the messages and bytes of one session, and keeps its latency.
 *
 * Bytes are those on the wire: of a packet its length field, its body, and
 * its MAC or tag; of a version line the text with its line end. A version
 * line counts as one message. These numbers only grow, also across a key
 * exchange and a reconnect.
 *
 * Latency is measured when both ends agreed on the `session-latency`
 * extension: how long a message takes there, and the next one back. It is
 * 0 until something was measured. It is kept in microseconds, and told in
 * milliseconds.
 *
 * Properties are notified while somebody is connected to `notify`, but not
 * for each message: every 100 ms at most, and once after the last change.
 * Who wants to know each message connects to
 * [signal@SessionMetrics::message-sent] and
 * [signal@SessionMetrics::message-received]; while nobody does they cost
 * nothing. Signals are emitted from the main loop, after what they tell of.
 *
 * Getters may be called from any thread. Connect handlers in the session's;
 * messages are told from the next turn of its main loop on, or at once after
 * [method@Session.get_metrics].
 *
 * [class@SessionContour] collects all this over time.
 *
 * Since: 1.0
 */

/* Notes wait for a turn of the pump. Should so many be due, the last of a kind takes the bytes of those that follow: memory is
 * bounded, and sums stay right. */
#define MAX_NOTES 65536

/* Of DevSshSessionMetrics.listened; the others are 1 << DevSshMetricsNoteKind. */
#define LISTENED_NOTIFY (1u << 3)

typedef struct
{
  DevSshMetricsNoteKind kind;
  guint64               value;   /* bytes, or microseconds */
} Note;

enum
{
  PROP_0,
  PROP_MESSAGES_SENT,
  PROP_MESSAGES_RECEIVED,
  PROP_BYTES_SENT,
  PROP_BYTES_RECEIVED,
  PROP_RECONNECTIONS,
  PROP_LATENCY_CURRENT,
  PROP_LATENCY_MIN,
  PROP_LATENCY_MAX,
  PROP_LATENCY_AVERAGE,
  N_PROPS
};

/* In the order of DevSshMetricsNoteKind. */
enum
{
  SIGNAL_MESSAGE_SENT,
  SIGNAL_MESSAGE_RECEIVED,
  SIGNAL_LATENCY_UPDATED,
  SIGNAL_SESSION_CLOSED,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint       signals[N_SIGNALS];
static guint       notify_signal;

/* Where the number of a property is. */
static const gsize offsets[N_PROPS] = {
  [PROP_MESSAGES_SENT] = G_STRUCT_OFFSET (DevSshMetricsNumbers, messages_sent),
  [PROP_MESSAGES_RECEIVED] = G_STRUCT_OFFSET (DevSshMetricsNumbers, messages_received),
  [PROP_BYTES_SENT] = G_STRUCT_OFFSET (DevSshMetricsNumbers, bytes_sent),
  [PROP_BYTES_RECEIVED] = G_STRUCT_OFFSET (DevSshMetricsNumbers, bytes_received),
  [PROP_RECONNECTIONS] = G_STRUCT_OFFSET (DevSshMetricsNumbers, reconnections),
  [PROP_LATENCY_CURRENT] = G_STRUCT_OFFSET (DevSshMetricsNumbers, latency_current),
  [PROP_LATENCY_MIN] = G_STRUCT_OFFSET (DevSshMetricsNumbers, latency_min),
  [PROP_LATENCY_MAX] = G_STRUCT_OFFSET (DevSshMetricsNumbers, latency_max),
  [PROP_LATENCY_AVERAGE] = G_STRUCT_OFFSET (DevSshMetricsNumbers, latency_average),
};

G_DEFINE_FINAL_TYPE (DevSshSessionMetrics, devssh_session_metrics, G_TYPE_OBJECT)

static double
to_milliseconds (guint64 usec)
{
  return (double) usec / 1000.0;
}

/* ---- what is measured ---- */

void
devssh_metrics_latency_measured (DevSshSessionMetrics *self,
                                 gint64                usec)
{
  DevSshMetricsNumbers *now = &self->now;
  guint64 latency;

  if (usec < 0)
    return;

  latency = (guint64) MAX (usec, 1);
  devssh_metrics_set (&now->latency_current, latency);
  if (self->latency_count == 0 || latency < now->latency_min)
    devssh_metrics_set (&now->latency_min, latency);
  if (latency > now->latency_max)
    devssh_metrics_set (&now->latency_max, latency);
  /* What a peer says may be absurd, but not lead outside of minimum and maximum. */
  if (latency <= G_MAXUINT64 - self->latency_sum)
    {
      self->latency_sum += latency;
      self->latency_count++;
    }
  devssh_metrics_set (&now->latency_average, self->latency_sum / self->latency_count);
  devssh_metrics_note (self, DEVSSH_METRICS_NOTE_LATENCY, latency);
}

void
devssh_metrics_reset_latency (DevSshSessionMetrics *self)
{
  devssh_metrics_set (&self->now.latency_current, 0);
}

void
devssh_metrics_reconnected (DevSshSessionMetrics *self)
{
  devssh_metrics_add (&self->now.reconnections, 1);
}

/* ---- who listens ---- */

static gboolean
is_connected (DevSshSessionMetrics *self,
              guint                 signal)
{
  /* Not g_signal_has_handler_pending(), which takes a detail for its word: this finds notify::bytes-sent too. */
  return g_signal_handler_find (self, G_SIGNAL_MATCH_ID | G_SIGNAL_MATCH_UNBLOCKED, signal, 0, NULL, NULL, NULL) != 0;
}

static void
devssh_metrics_look (DevSshSessionMetrics *self)
{
  guint listened = 0;

  /* One look at all signals at once: mostly that is all. */
  if (g_signal_handler_find (self, G_SIGNAL_MATCH_UNBLOCKED, 0, 0, NULL, NULL, NULL) != 0)
    {
      for (guint kind = DEVSSH_METRICS_NOTE_SENT; kind <= DEVSSH_METRICS_NOTE_LATENCY; kind++)
        if (is_connected (self, signals[kind]))
          listened |= 1u << kind;
      if (is_connected (self, notify_signal))
        listened |= LISTENED_NOTIFY;
    }

  self->listened = listened;
  __atomic_store_n (&self->audience, listened != 0 ? DEVSSH_METRICS_SOMEBODY : DEVSSH_METRICS_NOBODY, __ATOMIC_RELAXED);
}

static gboolean
devssh_metrics_is_listened (DevSshSessionMetrics *self,
                            guint                 what)
{
  if (__atomic_load_n (&self->audience, __ATOMIC_RELAXED) == DEVSSH_METRICS_UNKNOWN)
    devssh_metrics_look (self);

  return (self->listened & what) != 0;
}

void
devssh_metrics_look_again (DevSshSessionMetrics *self)
{
  __atomic_store_n (&self->audience, DEVSSH_METRICS_UNKNOWN, __ATOMIC_RELAXED);
}

void
devssh_metrics_note (DevSshSessionMetrics  *self,
                     DevSshMetricsNoteKind  kind,
                     guint64                value)
{
  Note note = { kind, value };

  if (self->closed || !devssh_metrics_is_listened (self, 1u << kind))
    return;

  if (self->notes == NULL)
    self->notes = g_array_new (FALSE, FALSE, sizeof (Note));
  /* Places count from 1. */
  if (self->notes->len >= MAX_NOTES && self->last_of[kind] > self->n_told)
    {
      Note *last = &g_array_index (self->notes, Note, self->last_of[kind] - 1);

      last->value = kind == DEVSSH_METRICS_NOTE_LATENCY ? value : last->value + value;
      return;
    }
  g_array_append_val (self->notes, note);
  self->last_of[kind] = self->notes->len;
}

void
devssh_metrics_deliver_notes (DevSshSessionMetrics *self)
{
  gint64 time;

  if (self->n_told == self->notes->len)
    return;

  time = devssh_session_metrics_get_time (self) / 1000;
  g_object_ref (self);
  /* A handler may run a nested loop, which goes on with the next one. */
  while (self->notes != NULL && self->n_told < self->notes->len)
    {
      Note note = g_array_index (self->notes, Note, self->n_told++);

      if (self->n_told == self->notes->len)
        {
          g_array_set_size (self->notes, 0);
          self->n_told = 0;
          memset (self->last_of, 0, sizeof self->last_of);
        }
      if (note.kind == DEVSSH_METRICS_NOTE_LATENCY)
        g_signal_emit (self, signals[note.kind], 0, time, to_milliseconds (note.value));
      else
        g_signal_emit (self, signals[note.kind], 0, time, note.value);
    }
  g_object_unref (self);
}

gboolean
devssh_metrics_wants_notify (DevSshSessionMetrics *self)
{
  return !self->closed
         && memcmp (&self->now, &self->notified, sizeof self->now) != 0
         && devssh_metrics_is_listened (self, LISTENED_NOTIFY);
}

void
devssh_metrics_notify (DevSshSessionMetrics *self)
{
  DevSshMetricsNumbers before = self->notified;

  self->notified = self->now;
  for (guint i = PROP_0 + 1; i < N_PROPS; i++)
    if (memcmp ((const guint8 *) &before + offsets[i], (const guint8 *) &self->notified + offsets[i], sizeof (guint64)) != 0)
      g_object_notify_by_pspec (G_OBJECT (self), properties[i]);
}

void
devssh_metrics_close (DevSshSessionMetrics *self)
{
  if (self->closed)
    return;

  g_object_ref (self);
  self->closed = TRUE;
  devssh_metrics_reset_latency (self);
  devssh_metrics_deliver (self);
  devssh_metrics_notify (self);
  g_signal_emit (self, signals[SIGNAL_SESSION_CLOSED], 0);
  g_clear_pointer (&self->notes, g_array_unref);
  g_object_unref (self);
}

/* ---- the object ---- */

static void
devssh_session_metrics_finalize (GObject *object)
{
  DevSshSessionMetrics *self = DEVSSH_SESSION_METRICS (object);

  g_clear_pointer (&self->notes, g_array_unref);
  devssh_context_unref (self->context);
  G_OBJECT_CLASS (devssh_session_metrics_parent_class)->finalize (object);
}

static guint64
devssh_session_metrics_read (DevSshSessionMetrics *self,
                             guint                 prop_id)
{
  return devssh_metrics_read ((const guint64 *) (const void *) ((const guint8 *) &self->now + offsets[prop_id]));
}

static void
devssh_session_metrics_get_property (GObject    *object,
                                     guint       prop_id,
                                     GValue     *value,
                                     GParamSpec *pspec)
{
  DevSshSessionMetrics *self = DEVSSH_SESSION_METRICS (object);

  switch (prop_id)
    {
    case PROP_MESSAGES_SENT:
    case PROP_MESSAGES_RECEIVED:
    case PROP_BYTES_SENT:
    case PROP_BYTES_RECEIVED:
      g_value_set_uint64 (value, devssh_session_metrics_read (self, prop_id));
      break;
    case PROP_RECONNECTIONS:
      g_value_set_uint (value, devssh_session_metrics_get_reconnections (self));
      break;
    case PROP_LATENCY_CURRENT:
    case PROP_LATENCY_MIN:
    case PROP_LATENCY_MAX:
    case PROP_LATENCY_AVERAGE:
      g_value_set_double (value, to_milliseconds (devssh_session_metrics_read (self, prop_id)));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
devssh_session_metrics_class_init (DevSshSessionMetricsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;
  GType type = G_TYPE_FROM_CLASS (klass);

  object_class->finalize = devssh_session_metrics_finalize;
  object_class->get_property = devssh_session_metrics_get_property;

  /**
   * DevSshSessionMetrics:messages-sent: (getter get_messages_sent)
   *
   * How many messages were sent. Notified every 100 ms at most.
   *
   * Since: 1.0
   */
  properties[PROP_MESSAGES_SENT] = g_param_spec_uint64 ("messages-sent", NULL, NULL, 0, G_MAXUINT64, 0, flags);

  /**
   * DevSshSessionMetrics:messages-received: (getter get_messages_received)
   *
   * How many messages were received. Notified every 100 ms at most.
   *
   * Since: 1.0
   */
  properties[PROP_MESSAGES_RECEIVED] = g_param_spec_uint64 ("messages-received", NULL, NULL, 0, G_MAXUINT64, 0, flags);

  /**
   * DevSshSessionMetrics:bytes-sent: (getter get_bytes_sent)
   *
   * How many bytes were sent. Notified every 100 ms at most.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_SENT] = g_param_spec_uint64 ("bytes-sent", NULL, NULL, 0, G_MAXUINT64, 0, flags);

  /**
   * DevSshSessionMetrics:bytes-received: (getter get_bytes_received)
   *
   * How many bytes were received. Notified every 100 ms at most.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_RECEIVED] = g_param_spec_uint64 ("bytes-received", NULL, NULL, 0, G_MAXUINT64, 0, flags);

  /**
   * DevSshSessionMetrics:reconnections: (getter get_reconnections)
   *
   * How often the session has gone on over a new connection. Notified every 100 ms at most.
   *
   * Since: 1.0
   */
  properties[PROP_RECONNECTIONS] = g_param_spec_uint ("reconnections", NULL, NULL, 0, G_MAXUINT, 0, flags);

  /**
   * DevSshSessionMetrics:latency-current: (getter get_latency_current)
   *
   * The latest measured latency in milliseconds; 0 before the first one, while the session is
   * disconnected, and after its end. Notified every 100 ms
   * at most.
   *
   * Since: 1.0
   */
  properties[PROP_LATENCY_CURRENT] = g_param_spec_double ("latency-current", NULL, NULL, 0, G_MAXDOUBLE, 0, flags);

  /**
   * DevSshSessionMetrics:latency-min: (getter get_latency_min)
   *
   * The least latency measured so far, in milliseconds; 0 before the first one. Notified every 100 ms
   * at most.
   *
   * Since: 1.0
   */
  properties[PROP_LATENCY_MIN] = g_param_spec_double ("latency-min", NULL, NULL, 0, G_MAXDOUBLE, 0, flags);

  /**
   * DevSshSessionMetrics:latency-max: (getter get_latency_max)
   *
   * The greatest latency measured so far, in milliseconds; 0 before the first one. Notified every 100 ms
   * at most.
   *
   * Since: 1.0
   */
  properties[PROP_LATENCY_MAX] = g_param_spec_double ("latency-max", NULL, NULL, 0, G_MAXDOUBLE, 0, flags);

  /**
   * DevSshSessionMetrics:latency-average: (getter get_latency_average)
   *
   * The mean of all latencies measured so far, in milliseconds; 0 before the first one. Notified every 100 ms
   * at most.
   *
   * Since: 1.0
   */
  properties[PROP_LATENCY_AVERAGE] = g_param_spec_double ("latency-average", NULL, NULL, 0, G_MAXDOUBLE, 0, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);

  /**
   * DevSshSessionMetrics::message-sent:
   * @self: the metrics
   * @time: when, in milliseconds since the session was made
   * @size: bytes on the wire
   *
   * A message was sent: the version line, or a packet. It is emitted when it has been handed to the stream, or is
   * about to be. If very many wait to be told, several may be told as one.
   *
   * Since: 1.0
   */
  signals[SIGNAL_MESSAGE_SENT] =
    g_signal_new ("message-sent", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 2, G_TYPE_INT64, G_TYPE_UINT64);

  /**
   * DevSshSessionMetrics::message-received:
   * @self: the metrics
   * @time: when, in milliseconds since the session was made
   * @size: bytes on the wire
   *
   * A message was received: the version line, or a packet. If very many wait to be told, several may be told as
   * one.
   *
   * Since: 1.0
   */
  signals[SIGNAL_MESSAGE_RECEIVED] =
    g_signal_new ("message-received", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 2, G_TYPE_INT64, G_TYPE_UINT64);

  /**
   * DevSshSessionMetrics::latency-updated:
   * @self: the metrics
   * @time: when, in milliseconds since the session was made
   * @latency: what was measured, in milliseconds; never 0
   *
   * The latency was measured.
   *
   * Since: 1.0
   */
  signals[SIGNAL_LATENCY_UPDATED] =
    g_signal_new ("latency-updated", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 2, G_TYPE_INT64, G_TYPE_DOUBLE);

  /**
   * DevSshSessionMetrics::session-closed:
   * @self: the metrics
   *
   * The session has ended. The current latency is 0 by then; nothing is notified or emitted any more.
   *
   * Since: 1.0
   */
  signals[SIGNAL_SESSION_CLOSED] =
    g_signal_new ("session-closed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);

  notify_signal = g_signal_lookup ("notify", G_TYPE_OBJECT);
}

static void
devssh_session_metrics_init (DevSshSessionMetrics *self)
{
  self->context = devssh_context_ref_thread_default ();
  self->created = devssh_context_get_time (self->context);
}

DevSshSessionMetrics *
devssh_session_metrics_new (void)
{
  return g_object_new (DEVSSH_TYPE_SESSION_METRICS, NULL);
}

/**
 * devssh_session_metrics_get_messages_sent: (get-property messages-sent)
 * @self: metrics
 *
 * Gets how many messages were sent, the version line included.
 *
 * Returns: a number of messages
 *
 * Since: 1.0
 */
guint64
devssh_session_metrics_get_messages_sent (DevSshSessionMetrics *self)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_METRICS (self), 0);

  return devssh_metrics_read (&self->now.messages_sent);
}

/**
 * devssh_session_metrics_get_messages_received: (get-property messages-received)
 * @self: metrics
 *
 * Gets how many messages were received, the version line included.
 *
 * Returns: a number of messages
 *
 * Since: 1.0
 */
guint64
devssh_session_metrics_get_messages_received (DevSshSessionMetrics *self)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_METRICS (self), 0);

  return devssh_metrics_read (&self->now.messages_received);
}

/**
 * devssh_session_metrics_get_bytes_sent: (get-property bytes-sent)
 * @self: metrics
 *
 * Gets how many bytes were sent.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
guint64
devssh_session_metrics_get_bytes_sent (DevSshSessionMetrics *self)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_METRICS (self), 0);

  return devssh_metrics_read (&self->now.bytes_sent);
}

/**
 * devssh_session_metrics_get_bytes_received: (get-property bytes-received)
 * @self: metrics
 *
 * Gets how many bytes were received.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
guint64
devssh_session_metrics_get_bytes_received (DevSshSessionMetrics *self)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_METRICS (self), 0);

  return devssh_metrics_read (&self->now.bytes_received);
}

/**
 * devssh_session_metrics_get_reconnections: (get-property reconnections)
 * @self: metrics
 *
 * Gets how often the session has gone on over a new connection.
 *
 * Returns: a number of reconnections
 *
 * Since: 1.0
 */
guint
devssh_session_metrics_get_reconnections (DevSshSessionMetrics *self)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_METRICS (self), 0);

  return (guint) MIN (devssh_metrics_read (&self->now.reconnections), G_MAXUINT);
}

/**
 * devssh_session_metrics_get_latency_current: (get-property latency-current)
 * @self: metrics
 *
 * Gets the latest measured latency: how long a message to the peer and the answer take.
 *
 * Returns: milliseconds; 0 before the first measurement, while
 * the session is disconnected, and after its end
 *
 * Since: 1.0
 */
double
devssh_session_metrics_get_latency_current (DevSshSessionMetrics *self)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_METRICS (self), 0);

  return to_milliseconds (devssh_metrics_read (&self->now.latency_current));
}

/**
 * devssh_session_metrics_get_latency_min: (get-property latency-min)
 * @self: metrics
 *
 * Gets the least latency measured so far.
 *
 * Returns: milliseconds; 0 before the first measurement
 *
 * Since: 1.0
 */
double
devssh_session_metrics_get_latency_min (DevSshSessionMetrics *self)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_METRICS (self), 0);

  return to_milliseconds (devssh_metrics_read (&self->now.latency_min));
}

/**
 * devssh_session_metrics_get_latency_max: (get-property latency-max)
 * @self: metrics
 *
 * Gets the greatest latency measured so far.
 *
 * Returns: milliseconds; 0 before the first measurement
 *
 * Since: 1.0
 */
double
devssh_session_metrics_get_latency_max (DevSshSessionMetrics *self)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_METRICS (self), 0);

  return to_milliseconds (devssh_metrics_read (&self->now.latency_max));
}

/**
 * devssh_session_metrics_get_latency_average: (get-property latency-average)
 * @self: metrics
 *
 * Gets the mean of all latencies measured so far.
 *
 * Returns: milliseconds; 0 before the first measurement
 *
 * Since: 1.0
 */
double
devssh_session_metrics_get_latency_average (DevSshSessionMetrics *self)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_METRICS (self), 0);

  return to_milliseconds (devssh_metrics_read (&self->now.latency_average));
}

/**
 * devssh_session_metrics_get_time:
 * @self: metrics
 *
 * Gets how long ago the session was made, by a clock that never goes back. The signals tell the same time, in
 * milliseconds.
 *
 * Returns: microseconds
 *
 * Since: 1.0
 */
gint64
devssh_session_metrics_get_time (DevSshSessionMetrics *self)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_METRICS (self), 0);

  return devssh_context_get_time (self->context) - self->created;
}
