/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session whose connection is lost, and which goes on over another one (protocol.md 3.3 to 3.5): what both ends have in common. */
#include <libdevssh/session/devssh-session-private.h>

gboolean
devssh_session_may_resume (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);

  return priv->end == DEVSSH_SESSION_ALIVE && priv->authenticated &&
         devssh_transport_can_resume (priv->pump->transport) && priv->role->may_resume (self);
}

void
devssh_session_disconnect (DevSshSession *self,
                           const char    *why)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);

  if (priv->disconnected)
    return;

  priv->disconnected = TRUE;
  g_atomic_int_set (&priv->connected, FALSE);
  priv->disconnect_error = g_error_new (DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST,
                                        "The connection was lost: %s", why);
  devssh_metrics_reset_latency (priv->metrics);
  devssh_session_keepalive_suspend (self);
  DEVSSH_TRACE (priv->tracer, WARNING, SESSION_DISCONNECTED, "Session %u is disconnected: %s", priv->number, why);
  devssh_pump_lose (priv->pump);
  priv->role->disconnected (self);
}

/* From the pump, behind what the connection still brought. */
void
devssh_session_tell_disconnected (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);
  g_autoptr(GError) error = g_steal_pointer (&priv->disconnect_error);

  if (error == NULL)
    return;

  devssh_session_notify (self, "is-connected");
  devssh_session_emit_disconnected (self, error);
}

void
devssh_session_resume (DevSshSession        *self,
                      GIOStream            *stream,
                      DevSshIoWatch        *watch,
                      DevSshTransport      *transport,
                      DevSshSessionMetrics *counted)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);

  /* Both ends have proved that the session is theirs (T-31). */
  devssh_transport_set_phase (transport, DEVSSH_PHASE_OPEN);
  g_set_object (&priv->stream, stream);
  devssh_transport_set_observers (transport, priv->metrics, priv->tracer, priv->context);
  devssh_metrics_take_over (priv->metrics, counted);
  devssh_pump_attach (priv->pump, stream, watch, transport);
  priv->disconnected = FALSE;
  g_atomic_int_set (&priv->connected, TRUE);
  devssh_metrics_reconnected (priv->metrics);
  devssh_session_keepalive_restart (self);
  priv->role->reconnected (self);
}

/* ---- waiting for it to be possible ---- */

typedef struct
{
  DevSshSession     *session;
  GTask             *task;
  DevSshCancelWatch *watch;
} EnabledWait;

static GTask *
enabled_wait_end (EnabledWait *wait)
{
  GTask *task = wait->task;

  g_clear_pointer (&wait->watch, devssh_cancel_watch_free);
  g_free (wait);
  return task;
}

static void
enabled_wait_cancelled_cb (gpointer data)
{
  EnabledWait *wait = data;
  DevSshSessionPrivate *priv = devssh_session_get_private (wait->session);

  g_queue_remove (&priv->enabled_waits, wait);
  devssh_context_return_cancelled (priv->context, enabled_wait_end (wait));
}

/* Known for good: the peer has said what it can, or never will. */
static gboolean
devssh_session_cannot_reconnect (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);

  return !priv->disconnected && devssh_transport_get_cache (priv->pump->transport) == NULL;
}

static GError *
not_negotiated (void)
{
  return g_error_new_literal (DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE,
                              "The reconnect extension is not enabled: both ends must have it in their configurations");
}

void
devssh_session_fail_enabled_tasks (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);
  EnabledWait *wait;

  while ((wait = g_queue_pop_head (&priv->enabled_waits)) != NULL)
    devssh_context_return_error (priv->context, enabled_wait_end (wait),
                                 priv->error != NULL ? g_error_copy (priv->error) : not_negotiated ());
}

void
devssh_session_check_reconnect (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);
  EnabledWait *wait;

  if (priv->authenticated && devssh_session_cannot_reconnect (self))
    devssh_session_fail_enabled_tasks (self);
  if (priv->reconnect_enabled || priv->end != DEVSSH_SESSION_ALIVE || !priv->authenticated ||
      !devssh_transport_can_resume (priv->pump->transport))
    return;

  priv->reconnect_enabled = TRUE;
  if (priv->role->reconnect_enabled != NULL)
    priv->role->reconnect_enabled (self);
  while ((wait = g_queue_pop_head (&priv->enabled_waits)) != NULL)
    devssh_context_return_boolean (priv->context, enabled_wait_end (wait), TRUE);
}

/**
 * devssh_session_wait_until_reconnect_enabled_async:
 * @self: a session
 * @cancellable: (nullable): a way to stop waiting
 * @callback: (scope async) (closure user_data): called when the session would survive the loss of its connection
 * @user_data: for @callback
 *
 * Waits until both ends have agreed on the reconnect extension (%DEVSSH_EXTENSION_SESSION_RECONNECT) and the
 * session is authenticated: from then on a lost connection is not the end, see [signal@Session::disconnected].
 * It takes the first few messages of a session.
 *
 * Since: 1.0
 */
void
devssh_session_wait_until_reconnect_enabled_async (DevSshSession       *self,
                                                   GCancellable        *cancellable,
                                                   GAsyncReadyCallback  callback,
                                                   gpointer             user_data)
{
  DevSshSessionPrivate *priv;
  GTask *task;
  GError *error = NULL;
  EnabledWait *wait;

  g_return_if_fail (DEVSSH_IS_SESSION (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  priv = devssh_session_get_private (self);
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_session_wait_until_reconnect_enabled_async);
  if (!devssh_context_check_here (priv->context, G_STRFUNC, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }

  if (priv->reconnect_enabled && priv->end == DEVSSH_SESSION_ALIVE)
    {
      devssh_context_return_boolean (priv->context, task, TRUE);
      return;
    }
  if (priv->end != DEVSSH_SESSION_ALIVE)
    error = g_error_copy (priv->error);
  else if (devssh_session_cannot_reconnect (self))
    error = not_negotiated ();
  if (error != NULL)
    {
      devssh_context_return_error (priv->context, task, error);
      return;
    }

  wait = g_new0 (EnabledWait, 1);
  wait->session = self;
  wait->task = task;
  wait->watch = devssh_context_watch_cancellable (priv->context, cancellable, enabled_wait_cancelled_cb, wait);
  g_queue_push_tail (&priv->enabled_waits, wait);
}

/**
 * devssh_session_wait_until_reconnect_enabled_finish:
 * @self: a session
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@Session.wait_until_reconnect_enabled_async]. Fails with %DEVSSH_ERROR_INVALID_STATE if one of the ends
 * does not have the extension, `G_IO_ERROR_CANCELLED`, or whatever ended the session.
 *
 * Returns: %TRUE if the session can be reconnected
 *
 * Since: 1.0
 */
gboolean
devssh_session_wait_until_reconnect_enabled_finish (DevSshSession  *self,
                                                    GAsyncResult   *result,
                                                    GError        **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

void
devssh_session_remembers (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);

  if (priv->disconnected && priv->role->remembers != NULL)
    priv->role->remembers (self);
}
