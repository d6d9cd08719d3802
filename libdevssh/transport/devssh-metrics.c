/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a session has sent and received, counted; the engine writes the numbers, others read
 * them. */
#include <libdevssh/transport/devssh-metrics-private.h>

/**
 * DevSshSessionMetrics:
 *
 * Counts the messages and bytes of one session.
 *
 * Bytes are those on the wire: of a packet its length field, its body, and
 * its MAC or tag; of a version line the text with its line end. A version
 * line counts as one message. The numbers only grow, also across a key
 * exchange. Nothing is notified when they do: whoever draws a graph reads
 * them as often as it draws.
 *
 * Since: 1.0
 */

enum
{
  PROP_0,
  PROP_MESSAGES_SENT,
  PROP_MESSAGES_RECEIVED,
  PROP_BYTES_SENT,
  PROP_BYTES_RECEIVED,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (DevSshSessionMetrics, devssh_session_metrics, G_TYPE_OBJECT)

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
      g_value_set_uint64 (value, devssh_session_metrics_get_messages_sent (self));
      break;
    case PROP_MESSAGES_RECEIVED:
      g_value_set_uint64 (value, devssh_session_metrics_get_messages_received (self));
      break;
    case PROP_BYTES_SENT:
      g_value_set_uint64 (value, devssh_session_metrics_get_bytes_sent (self));
      break;
    case PROP_BYTES_RECEIVED:
      g_value_set_uint64 (value, devssh_session_metrics_get_bytes_received (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
devssh_session_metrics_class_init (DevSshSessionMetricsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = devssh_session_metrics_get_property;

  /**
   * DevSshSessionMetrics:messages-sent: (getter get_messages_sent)
   *
   * How many messages were sent. Not notified.
   *
   * Since: 1.0
   */
  properties[PROP_MESSAGES_SENT] =
    g_param_spec_uint64 ("messages-sent", NULL, NULL,
                         0, G_MAXUINT64, 0,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshSessionMetrics:messages-received: (getter get_messages_received)
   *
   * How many messages were received. Not notified.
   *
   * Since: 1.0
   */
  properties[PROP_MESSAGES_RECEIVED] =
    g_param_spec_uint64 ("messages-received", NULL, NULL,
                         0, G_MAXUINT64, 0,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshSessionMetrics:bytes-sent: (getter get_bytes_sent)
   *
   * How many bytes were sent. Not notified.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_SENT] =
    g_param_spec_uint64 ("bytes-sent", NULL, NULL,
                         0, G_MAXUINT64, 0,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshSessionMetrics:bytes-received: (getter get_bytes_received)
   *
   * How many bytes were received. Not notified.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_RECEIVED] =
    g_param_spec_uint64 ("bytes-received", NULL, NULL,
                         0, G_MAXUINT64, 0,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
devssh_session_metrics_init (DevSshSessionMetrics *self)
{
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

  return devssh_metrics_read (&self->messages_sent);
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

  return devssh_metrics_read (&self->messages_received);
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

  return devssh_metrics_read (&self->bytes_sent);
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

  return devssh_metrics_read (&self->bytes_received);
}
