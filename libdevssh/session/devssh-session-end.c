/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a session ends: decided once, told to everybody once (protocol.md 2.11). */
#include <libdevssh/session/devssh-session-private.h>

static void
devssh_session_fail_wait_tasks (DevSshSessionPrivate *priv)
{
  GTask *task;

  while ((task = g_queue_pop_head (&priv->wait_tasks)) != NULL)
    devssh_context_return_error (priv->context, task, g_error_copy (priv->error));
}

void
devssh_session_end (DevSshSession          *self,
                    DevSshDisconnectReason  reason,
                    const char             *message,
                    const GError           *error,
                    DevSshEndKind           kind)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);
  gboolean is_orderly = kind == DEVSSH_END_ORDERLY || kind == DEVSSH_END_SAID;

  if (priv->end != DEVSSH_SESSION_ALIVE)
    return;

  priv->reason = reason;
  priv->message = g_strdup (message != NULL ? message : "");
  if (error != NULL)
    priv->error = g_error_copy (error);
  else
    priv->error = g_error_new (DEVSSH_CONNECTION_ERROR, (int) reason, "%s (%s)",
                               priv->message[0] != '\0' ? priv->message : "The session was closed",
                               devssh_disconnect_reason_to_string (reason));
  g_atomic_int_set (&priv->connected, FALSE);
  priv->disconnected = FALSE;
  g_clear_error (&priv->disconnect_error);
  devssh_metrics_reset_latency (priv->metrics);
  /* With the reason in place: another thread may read it from here on (design D20). */
  g_atomic_int_set (&priv->end, DEVSSH_SESSION_ENDING);
  devssh_session_keepalive_suspend (self);
  DEVSSH_TRACE (priv->tracer, INFO, SESSION_CLOSING, "Session %u closes: %s", priv->number, priv->error->message);

  /* Data waits with its sender until it is sealed: what was sent leaves first, as far as windows and the socket let it. */
  if (is_orderly && priv->connecting)
    devssh_pump_flush_last (priv->pump);
  /* Reason NONE is local: nothing is written (protocol.md 2.11), except by a multi-channel stream (7.4). */
  if (is_orderly && priv->connecting && (reason != DEVSSH_DISCONNECT_REASON_NONE || kind == DEVSSH_END_SAID))
    devssh_transport_disconnect (priv->pump->transport, reason, priv->message);

  devssh_connection_abort (priv->pump->connection, priv->error);
  if (priv->connect_task != NULL)
    devssh_context_return_error (priv->context, g_steal_pointer (&priv->connect_task), g_error_copy (priv->error));
  devssh_session_fail_service_waits (self);
  devssh_session_fail_enabled_tasks (self);
  priv->role->ended (self, priv->error);
  devssh_pump_finish (priv->pump, kind);
  devssh_pump_wake (priv->pump);
}

void
devssh_session_connection_lost (DevSshSession *self,
                                const char    *why)
{
  g_autofree char *text = NULL;

  if (devssh_session_may_resume (self))
    {
      devssh_session_disconnect (self, why);
      return;
    }

  text = g_strdup_printf ("The connection was lost: %s", why);
  devssh_session_end (self, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST, text, NULL, DEVSSH_END_LOST);
}

/* The channels have been told by the pump: their events come first. */
void
devssh_session_tell_end (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);

  if (priv->end != DEVSSH_SESSION_ENDING)
    return;
  g_atomic_int_set (&priv->end, DEVSSH_SESSION_TELLING);

  devssh_session_detach_services (self);
  devssh_session_notify (self, "is-connected");
  devssh_session_notify (self, "is-closed");
  devssh_session_close_metrics (self);
  devssh_session_emit_closed (self);
  g_atomic_int_set (&priv->end, DEVSSH_SESSION_TOLD);
  devssh_session_stream_closed (self);
}

/* Those who wait for the end wait for both: everybody told, and the stream gone. */
void
devssh_session_stream_closed (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);
  GTask *task;

  if (priv->pump != NULL && priv->pump->closed)
    priv->stream_closed = TRUE;
  if (!priv->stream_closed || priv->end != DEVSSH_SESSION_TOLD)
    return;
  while ((task = g_queue_pop_head (&priv->wait_tasks)) != NULL)
    devssh_context_return_boolean (priv->context, task, TRUE);
  /* Nothing of it is the context's any more: it may go in any thread. */
  priv->pump->session = NULL;
}

/* The end without a word to the application: nobody has a reference any more, or somebody ran dispose. */
void
devssh_session_drop (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);

  if (priv->pump->session == NULL)
    return;

  if (priv->error == NULL)
    priv->error = g_error_new_literal (DEVSSH_ERROR, DEVSSH_ERROR_CLOSED, "The session was dropped");
  devssh_session_keepalive_suspend (self);
  g_atomic_int_set (&priv->end, DEVSSH_SESSION_TOLD);
  g_atomic_int_set (&priv->connected, FALSE);
  priv->disconnected = FALSE;
  g_clear_error (&priv->disconnect_error);
  if (priv->connect_task != NULL)
    devssh_context_return_error (priv->context, g_steal_pointer (&priv->connect_task), g_error_copy (priv->error));
  devssh_session_fail_service_waits (self);
  devssh_session_fail_enabled_tasks (self);
  devssh_session_fail_wait_tasks (priv);
  priv->role->ended (self, priv->error);
  /* Channels first, services then: as in every end (protocol.md 2.11). */
  devssh_pump_abandon (priv->pump);
  devssh_session_drop_metrics (self);
  devssh_session_detach_services (self);
}
