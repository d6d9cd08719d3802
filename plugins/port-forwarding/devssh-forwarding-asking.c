/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What we ask of the peer: to listen for us (protocol.md 6.4 and 6.6). */
#include "devssh-forwarding-service.h"

#include <string.h>

#include "devssh-forwarding-listen.h"
#include "devssh-remote-forwarder.h"

/* A request that the peer has not answered. It outlives the caller's interest: a "yes" must be taken back then. */
typedef struct
{
  DevSshForwardingService *self;
  GTask                   *task;        /* NULL: cancelled */
  GSource                 *watch;
  char                    *remote_host;
  guint                    remote_port;
  char                    *local_host;  /* NULL: streams */
  guint                    local_port;
} Request;

static void
request_free (Request *request)
{
  g_clear_pointer (&request->watch, devssh_forwarding_watch_free);
  g_clear_object (&request->task);
  g_object_unref (request->self);
  g_free (request->remote_host);
  g_free (request->local_host);
  g_free (request);
}

static gboolean
request_cancelled_cb (GCancellable *cancellable,
                      gpointer      user_data)
{
  Request *request = user_data;
  g_autoptr(GTask) task = g_steal_pointer (&request->task);

  g_clear_pointer (&request->watch, devssh_forwarding_watch_free);
  g_task_return_error_if_cancelled (task);

  return G_SOURCE_REMOVE;
}

/* ---- what is forwarded already, or asked for ---- */

static gboolean
same_end (const char *host,
          guint       port,
          const char *other_host,
          guint       other_port)
{
  return other_host != NULL && port == other_port && devssh_forwarding_same_host (host, other_host);
}

/* The peer's ports are told apart by their number alone. */
static gboolean
same_remote (const char *host,
             guint       port,
             const char *other_host,
             guint       other_port)
{
  const char *path = devssh_forwarding_path_of (host);

  return path != NULL ? g_strcmp0 (path, other_host) == 0 : port != 0 && port == other_port;
}

static gboolean
has_local (DevSshForwardingService *self,
           const char              *host,
           guint                    port)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->local_ports));

  for (GList *l = self->requests.head; l != NULL; l = l->next)
    {
      Request *request = l->data;

      if (same_end (host, port, request->local_host, request->local_port))
        return TRUE;
    }

  for (guint i = 0; i < n; i++)
    {
      g_autoptr(DevSshForwardedPort) forwarded = g_list_model_get_item (G_LIST_MODEL (self->local_ports), i);

      if (same_end (host, port, devssh_forwarded_port_get_local_host (forwarded),
                    devssh_forwarded_port_get_local_port (forwarded)))
        return TRUE;
    }

  return FALSE;
}

static gboolean
has_remote (DevSshForwardingService *self,
            const char              *host,
            guint                    port)
{
  for (GList *l = self->requests.head; l != NULL; l = l->next)
    {
      Request *request = l->data;

      if (same_remote (host, port, request->remote_host, request->remote_port))
        return TRUE;
    }

  return devssh_forwarding_service_find_remote (self, self->local_ports, host, port) != NULL;
}

gboolean
devssh_forwarding_has_request_for (DevSshForwardingService *self,
                                   const char              *host,
                                   guint                    port)
{
  for (GList *l = self->requests.head; l != NULL; l = l->next)
    {
      Request *request = l->data;
      gboolean left_open = request->remote_port == 0 && devssh_forwarding_path_of (request->remote_host) == NULL
                           && devssh_forwarding_path_of (host) == NULL;

      if (request->task != NULL
          && (left_open || same_remote (host, port, request->remote_host, request->remote_port)))
        return TRUE;
    }

  return FALSE;
}

/* FALSE: task has ended. */
static gboolean
check_duplicates (DevSshForwardingService *self,
                  const char              *remote_host,
                  guint                    remote_port,
                  const char              *local_host,
                  guint                    local_port,
                  GTask                   *task)
{
  g_autofree char *name = NULL;

  if (has_remote (self, remote_host, remote_port))
    name = devssh_forwarding_describe (remote_host, remote_port);
  else if (local_host != NULL && has_local (self, local_host, local_port))
    name = devssh_forwarding_describe (local_host, local_port);

  if (name == NULL)
    return TRUE;

  g_task_return_new_error (task, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE, "%s is forwarded already", name);
  return FALSE;
}

/* ---- the answer ---- */

static gboolean
is_forwarded (DevSshForwardingService *self,
              const char              *host,
              guint                    port)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->local_ports));

  for (guint i = 0; i < n; i++)
    {
      g_autoptr(DevSshForwardedPort) forwarded = g_list_model_get_item (G_LIST_MODEL (self->local_ports), i);

      if (same_end (host, port, devssh_forwarded_port_get_remote_host (forwarded),
                    devssh_forwarded_port_get_remote_port (forwarded)))
        return TRUE;
    }

  return FALSE;
}

static DevSshForwardedPort *
request_granted (Request  *request,
                 GBytes   *reply,
                 GError  **error)
{
  DevSshForwardingService *self = request->self;
  DevSshForwardedPort *forwarded;
  guint port = request->remote_port;

  /* What we asked for is what we have; the port of the reply counts where we left the choice. */
  if (port == 0 && devssh_forwarding_path_of (request->remote_host) == NULL)
    {
      g_autoptr(DevSshPortForwardMessage) message = devssh_port_forward_message_parse_success (reply, error);

      if (message == NULL)
        return NULL;

      port = devssh_port_forward_message_get_port (message);
      if (port == 0)
        {
          g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED, "The peer does not say which port it chose");
          return NULL;
        }
      /* Then it is the other one's, and there is nothing to take back. */
      if (is_forwarded (self, request->remote_host, port))
        {
          devssh_forwarding_service_trace (self, DEVSSH_TRACE_LEVEL_WARNING,
                                           DEVSSH_TRACE_EVENT_PORT_FORWARD_REQUEST_INVALID,
                                           "The peer chose port %u, which it forwards already", port);
          return NULL;
        }
    }

  forwarded = devssh_remote_forwarder_new (DEVSSH_SERVICE (self), request->remote_host, port,
                                           request->local_host, request->local_port, reply);
  devssh_forwarding_service_add (self, self->local_ports, forwarded);

  return forwarded;
}

static void
request_answered_cb (GObject      *source,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  Request *request = user_data;
  DevSshForwardingService *self = request->self;
  g_autoptr(GBytes) reply = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshForwardedPort) port = NULL;
  gboolean granted = devssh_session_request_finish (DEVSSH_SESSION (source), result, &reply, &error);

  g_queue_remove (&self->requests, request);

  if (granted && !self->closed)
    port = request_granted (request, reply, &error);
  else if (granted)
    g_set_error_literal (&error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED, "The session is closed");

  if (request->task == NULL)
    {
      if (port != NULL)
        devssh_forwarded_port_close (port);
    }
  else if (error != NULL)
    g_task_return_error (request->task, g_steal_pointer (&error));
  else
    g_task_return_pointer (request->task, port != NULL ? g_object_ref (port) : NULL, g_object_unref);

  devssh_forwarding_look_at_held (self);
  request_free (request);
}

void
devssh_forwarding_ask_peer (DevSshForwardingService *self,
                            const char              *remote_host,
                            guint                    remote_port,
                            const char              *local_host,
                            guint                    local_port,
                            GTask                   *task)
{
  g_autoptr(DevSshSession) session = NULL;
  const char *type = devssh_forwarding_path_of (remote_host) != NULL ? DEVSSH_REQUEST_STREAMLOCAL_FORWARD
                                                                     : DEVSSH_REQUEST_TCPIP_FORWARD;
  g_autoptr(DevSshPortForwardMessage) message = NULL;
  g_autoptr(GBytes) fields = NULL;
  g_autoptr(GBytes) payload = NULL;
  GError *error = NULL;
  Request *request;

  /* Held: the application's factory may let go of it. Cancelled before anything was sent: then nothing is. */
  if (!g_set_object (&session, devssh_forwarding_service_get_session (self, task))
      || !check_duplicates (self, remote_host, remote_port, local_host, local_port, task)
      || g_task_return_error_if_cancelled (task))
    return;

  message = devssh_port_forward_message_new_request (type, devssh_forwarding_address_to_wire (remote_host), remote_port);
  fields = devssh_port_forward_message_to_bytes (message);
  payload = devssh_port_forwarder_create_message (DEVSSH_PORT_FORWARDER (self), DEVSSH_PORT_FORWARD_MESSAGE_KIND_REQUEST,
                                                  type, remote_port, fields, &error);
  if (payload == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  request = g_new0 (Request, 1);
  request->self = g_object_ref (self);
  request->task = g_object_ref (task);
  request->watch = devssh_forwarding_watch_cancellable (g_task_get_cancellable (task), request_cancelled_cb, request);
  request->remote_host = g_strdup (remote_host);
  request->remote_port = remote_port;
  request->local_host = g_strdup (local_host);
  request->local_port = local_port;
  g_queue_push_tail (&self->requests, request);
  devssh_session_request_async (session, type, TRUE, payload, NULL, request_answered_cb, request);
}
