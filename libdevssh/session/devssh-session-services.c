/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which service answers, and how it comes to life (protocol.md 6.1). */
#include <libdevssh/session/devssh-session-private.h>

static gboolean
devssh_session_host_emit (gpointer        host,
                          DevSshQuestion *question)
{
  gboolean listened = FALSE;
  gboolean handled;

  devssh_question_begin (question);
  handled = devssh_session_emit_question (DEVSSH_SESSION (host), question, &listened);
  devssh_question_end (question, handled);
  return handled;
}

static void
devssh_session_host_trace (gpointer          host,
                           DevSshTraceLevel  level,
                           DevSshTraceEvent  event,
                           const char       *text)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (DEVSSH_SESSION (host));

  if (devssh_tracer_wants (priv->tracer, level))
    devssh_tracer_add (priv->tracer, level, event, "%s", text);
  if (priv->pump != NULL)
    devssh_pump_wake (priv->pump);
}

static const DevSshServiceHost service_host = {
  .emit = devssh_session_host_emit,
  .trace = devssh_session_host_trace,
};

static DevSshService *
devssh_session_find_service (DevSshSessionPrivate *priv,
                             const char           *name)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (priv->services));

  for (guint i = 0; i < n; i++)
    {
      /* The list keeps it; we only borrow. */
      g_autoptr(DevSshService) service = g_list_model_get_item (G_LIST_MODEL (priv->services), i);

      if (g_str_equal (devssh_service_get_name (service), name))
        return service;
    }
  return NULL;
}

DevSshService *
devssh_session_ensure_service (DevSshSession       *self,
                               DevSshServiceEntry  *entry,
                               GError             **error)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);
  g_autoptr(DevSshService) service = NULL;
  g_autoptr(GError) local_error = NULL;
  DevSshService *running;

  running = devssh_session_find_service (priv, entry->name);
  if (running != NULL)
    return running;

  service = devssh_service_entry_create (entry, &local_error);
  if (service == NULL)
    {
      DEVSSH_TRACE (priv->tracer, ERROR, UNKNOWN_ERROR, "Service %s cannot be used: %s", entry->name,
                    local_error->message);
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }

  g_list_store_append (priv->services, service);
  devssh_service_attach (service, &service_host, G_OBJECT (self), entry->name, entry->config);
  devssh_session_emit_service_activated (self, service);
  return priv->end == DEVSSH_SESSION_ALIVE ? devssh_session_find_service (priv, entry->name) : NULL;
}

static DevSshServiceEntry *
devssh_session_match (DevSshSessionPrivate *priv,
                      DevSshQuestion       *question)
{
  if (DEVSSH_IS_CHANNEL_OPENING (question))
    return devssh_service_registry_for_channel_type (
      priv->registry, devssh_channel_opening_get_channel_type (DEVSSH_CHANNEL_OPENING (question)));
  if (DEVSSH_IS_SESSION_REQUEST (question))
    return devssh_service_registry_for_session_request (
      priv->registry, devssh_session_request_get_request_type (DEVSSH_SESSION_REQUEST (question)));
  return devssh_service_registry_for_channel_request (
    priv->registry, devssh_channel_request_get_request_type (DEVSSH_CHANNEL_REQUEST (question)),
    devssh_channel_get_channel_type (devssh_channel_request_get_channel (DEVSSH_CHANNEL_REQUEST (question))));
}

static gboolean
devssh_session_ask_service (DevSshSession      *self,
                            DevSshServiceEntry *entry,
                            DevSshQuestion     *question)
{
  g_autoptr(DevSshService) service = NULL;

  service = devssh_session_ensure_service (self, entry, NULL);
  if (service == NULL)
    return FALSE;
  g_object_ref (service);
  return devssh_service_dispatch (service, question);
}

gboolean
devssh_session_ask (DevSshSession  *self,
                    DevSshQuestion *question,
                    gboolean       *listened)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);
  DevSshServiceEntry *entry = devssh_session_match (priv, question);

  if (entry != NULL)
    {
      *listened = TRUE;
      return devssh_session_ask_service (self, entry, question);
    }
  return devssh_session_emit_question (self, question, listened);
}

/* RFC 4253, 10 */
void
devssh_session_service_requested (DevSshSession *self,
                                  const char    *name)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);
  DevSshTransport *transport = priv->pump->transport;
  DevSshServiceEntry *entry = NULL;

  if (g_str_equal (name, DEVSSH_SERVICE_NAME_USERAUTH) && !priv->authenticated)
    {
      devssh_transport_send_service_accept (transport, name);
      priv->role->userauth_service (self);
      return;
    }

  /* Nothing but ssh-userauth exists for somebody who has not proved who he is. */
  if (priv->authenticated)
    {
      if (g_str_equal (name, DEVSSH_SERVICE_NAME_CONNECTION) || g_str_equal (name, DEVSSH_SERVICE_NAME_USERAUTH))
        {
          devssh_transport_send_service_accept (transport, name);
          return;
        }
      entry = devssh_service_registry_for_service_request (priv->registry, name);
      if (entry != NULL && devssh_session_ensure_service (self, entry, NULL) != NULL)
        {
          if (priv->end == DEVSSH_SESSION_ALIVE)
            devssh_transport_send_service_accept (transport, name);
          return;
        }
    }
  if (priv->end == DEVSSH_SESSION_ALIVE)
    devssh_transport_fail (transport, DEVSSH_DISCONNECT_REASON_SERVICE_NOT_AVAILABLE, "No such service");
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

  if (g_str_equal (name, DEVSSH_SERVICE_NAME_USERAUTH) && !priv->authenticated)
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

void
devssh_session_detach_services (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);
  guint n;

  while ((n = g_list_model_get_n_items (G_LIST_MODEL (priv->services))) > 0)
    {
      g_autoptr(DevSshService) service = g_list_model_get_item (G_LIST_MODEL (priv->services), n - 1);

      g_list_store_remove (priv->services, n - 1);
      devssh_service_detach (service);
    }
}
