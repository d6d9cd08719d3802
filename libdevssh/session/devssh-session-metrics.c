/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When the metrics of a session speak: what was noted in each turn of the pump, notifications at a bounded rate. */
#include <libdevssh/session/devssh-session-private.h>

#define NOTIFY_INTERVAL (100 * G_TIME_SPAN_MILLISECOND)

static void
devssh_session_metrics_due_cb (DevSshDeadline *deadline)
{
  DevSshSessionPrivate *priv = (DevSshSessionPrivate *) ((guint8 *) deadline - G_STRUCT_OFFSET (DevSshSessionPrivate, metrics_deadline));
  g_autoptr(DevSshSessionMetrics) metrics = g_object_ref (priv->metrics);

  priv->metrics_notified = devssh_context_get_time (priv->context);
  devssh_metrics_notify (metrics);
}

void
devssh_session_emit_metrics (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);

  devssh_metrics_deliver (priv->metrics);
  /* The deadline, once set, tells of all that comes until then. */
  if (priv->end == DEVSSH_SESSION_ALIVE && priv->metrics_deadline.context == NULL && devssh_metrics_wants_notify (priv->metrics))
    {
      gint64 now = devssh_context_get_time (priv->context);

      devssh_deadline_set (&priv->metrics_deadline, priv->context, MAX (now, priv->metrics_notified + NOTIFY_INTERVAL),
                           devssh_session_metrics_due_cb);
    }
  devssh_metrics_look_again (priv->metrics);
}

void
devssh_session_close_metrics (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);

  devssh_deadline_clear (&priv->metrics_deadline);
  devssh_metrics_close (priv->metrics);
}

static void
devssh_session_close_metrics_cb (gpointer data)
{
  devssh_metrics_close (data);
}

void
devssh_session_drop_metrics (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);

  devssh_deadline_clear (&priv->metrics_deadline);
  if (g_signal_handler_find (priv->metrics, G_SIGNAL_MATCH_UNBLOCKED, 0, 0, NULL, NULL, NULL) == 0)
    devssh_metrics_close (priv->metrics);
  else
    devssh_context_defer (priv->context, devssh_session_close_metrics_cb, g_object_ref (priv->metrics), g_object_unref);
}
