/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SERVICE_REQUEST and SERVICE_ACCEPT (RFC 4253, 10): a server's side of them, and a client that waits. */
#include <libdevssh/session/devssh-session-private.h>

static gboolean
devssh_session_is_open (DevSshSessionPrivate *priv)
{
  return priv->authenticated || devssh_transport_is_no_security (priv->pump->transport);
}

/* A refusal is a DISCONNECT. */
void
devssh_session_serve (DevSshSession      *self,
                      DevSshServiceEntry *entry,
                      const char         *name)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);
  DevSshTransport *transport = priv->pump->transport;

  if (entry != NULL && devssh_session_ensure_service (self, entry, NULL) != NULL)
    devssh_transport_send_service_accept (transport, name);
  else if (priv->end == DEVSSH_SESSION_ALIVE)
    devssh_transport_fail (transport, DEVSSH_DISCONNECT_REASON_SERVICE_NOT_AVAILABLE, "No such service");
}

/* Nothing but ssh-userauth exists for somebody who has not proved who he is. */
void
devssh_session_service_requested (DevSshSession *self,
                                  const char    *name)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);
  DevSshTransport *transport = priv->pump->transport;
  gboolean is_open = devssh_session_is_open (priv);
  DevSshServiceEntry *entry;

  if (g_str_equal (name, DEVSSH_SERVICE_NAME_USERAUTH)
      || (is_open && g_str_equal (name, DEVSSH_SERVICE_NAME_CONNECTION)))
    {
      devssh_transport_send_service_accept (transport, name);
      if (!is_open)
        priv->role->userauth_service (self);
      return;
    }

  entry = is_open ? devssh_service_registry_for_service_request (priv->registry, name) : NULL;
  if (entry == NULL || !devssh_session_must_await_module (self, entry))
    devssh_session_serve (self, entry, name);
  else if (!devssh_session_await_module (self, entry, NULL, name))
    devssh_transport_fail (transport, DEVSSH_DISCONNECT_REASON_SERVICE_NOT_AVAILABLE, "Too many service requests");
}

static GTask *
devssh_service_wait_steal (DevSshServiceWait *wait)
{
  g_clear_pointer (&wait->watch, devssh_cancel_watch_free);
  return g_steal_pointer (&wait->task);
}

static void
devssh_service_wait_free (DevSshServiceWait *wait)
{
  g_free (wait->name);
  g_free (wait);
}

static void
devssh_service_wait_cancelled_cb (gpointer data)
{
  g_autoptr(GTask) task = devssh_service_wait_steal (data);

  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Waiting for the service was cancelled");
}

void
devssh_session_wait_for_service (DevSshSession *self,
                                 const char    *name,
                                 GTask         *task)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);
  DevSshServiceWait *wait;

  if (g_cancellable_is_cancelled (g_task_get_cancellable (task)))
    {
      devssh_context_return_error (priv->context, task,
                                   g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                                        "Asking for the service was cancelled"));
      return;
    }

  wait = g_new0 (DevSshServiceWait, 1);
  wait->name = g_strdup (name);
  wait->task = task;
  wait->watch = devssh_context_watch_cancellable (priv->context, g_task_get_cancellable (task),
                                                  devssh_service_wait_cancelled_cb, wait);
  g_queue_push_tail (&priv->service_waits, wait);
  devssh_transport_send_service_request (priv->pump->transport, name);
  devssh_pump_wake (priv->pump);
}

void
devssh_session_fail_service_waits (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);
  DevSshServiceWait *wait;

  while ((wait = g_queue_pop_head (&priv->service_waits)) != NULL)
    {
      GTask *task = devssh_service_wait_steal (wait);

      if (task != NULL)
        devssh_context_return_error (priv->context, task, g_error_copy (priv->error));
      devssh_service_wait_free (wait);
    }
}

void
devssh_session_service_accepted (DevSshSession *self,
                                 const char    *name)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);

  if (g_str_equal (name, DEVSSH_SERVICE_NAME_USERAUTH) && !devssh_session_is_open (priv))
    {
      priv->role->userauth_service (self);
      return;
    }
  for (GList *l = priv->service_waits.head; l != NULL; l = l->next)
    {
      DevSshServiceWait *wait = l->data;
      GTask *task;

      if (!g_str_equal (wait->name, name))
        continue;
      g_queue_delete_link (&priv->service_waits, l);
      task = devssh_service_wait_steal (wait);
      devssh_service_wait_free (wait);
      if (task != NULL)
        devssh_context_return_boolean (priv->context, task, TRUE);
      return;
    }
  devssh_transport_fail (priv->pump->transport, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR,
                         "SERVICE_ACCEPT for a service nobody asked for");
}
