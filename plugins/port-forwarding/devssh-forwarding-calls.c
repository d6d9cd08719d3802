/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the application calls: DevSshPortForwarder (protocol.md 6.6). */
#include "devssh-forwarding-service.h"

#include "devssh-forwarding-relay.h"
#include "devssh-forwarding-sockets.h"
#include "devssh-local-forwarder.h"
#include "devssh-remote-forwarder.h"

/* ---- cancellation of what waits ---- */

typedef gboolean (*Cancelled) (GCancellable *cancellable, gpointer user_data);

static GSource *
watch_cancellable (GCancellable *cancellable,
                   Cancelled     func,
                   gpointer      user_data)
{
  GSource *source;

  if (cancellable == NULL)
    return NULL;

  source = g_cancellable_source_new (cancellable);
  g_source_set_callback (source, G_SOURCE_FUNC (func), user_data, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());

  return source;
}

static void
watch_free (GSource *source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

static DevSshSession *
get_session (DevSshForwardingService *self,
             GTask                   *task)
{
  DevSshSession *session = self->closed ? NULL : devssh_service_get_session (DEVSSH_SERVICE (self));

  if (session == NULL)
    g_task_return_new_error (task, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED, "The session is closed");

  return session;
}

/* ---- from a remote port ---- */

/* A "tcpip-forward" that the peer has not answered. It outlives the caller's interest: a "yes" must be taken back then. */
typedef struct
{
  DevSshForwardingService *self;
  GTask                   *task;        /* NULL: cancelled */
  GSource                 *watch;
  char                    *remote_address;
  char                    *local_host;
  guint                    remote_port;
  guint                    local_port;  /* 0: streams */
} Request;

static void
request_free (Request *request)
{
  g_clear_pointer (&request->watch, watch_free);
  g_clear_object (&request->task);
  g_object_unref (request->self);
  g_free (request->remote_address);
  g_free (request->local_host);
  g_free (request);
}

static gboolean
request_cancelled_cb (GCancellable *cancellable,
                      gpointer      user_data)
{
  Request *request = user_data;
  g_autoptr(GTask) task = g_steal_pointer (&request->task);

  g_clear_pointer (&request->watch, watch_free);
  g_task_return_error_if_cancelled (task);

  return G_SOURCE_REMOVE;
}

static DevSshForwardedPort *
request_granted (Request  *request,
                 GBytes   *reply,
                 GError  **error)
{
  DevSshForwardingService *self = request->self;
  g_autoptr(DevSshPortForwardMessage) message = devssh_port_forward_message_parse_success (reply, error);
  DevSshForwardedPort *forwarded;
  guint port;

  if (message == NULL)
    return NULL;

  /* What we asked for is what we have; the port of the reply counts where we left the choice. */
  port = request->remote_port != 0 ? request->remote_port : devssh_port_forward_message_get_port (message);
  if (port == 0)
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED, "The peer does not say which port it chose");
      return NULL;
    }

  forwarded = devssh_remote_forwarder_new (DEVSSH_SERVICE (self),
                                           devssh_forwarding_address_to_wire (request->remote_address),
                                           request->remote_address, port,
                                           request->local_host, request->local_port);
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

gboolean
devssh_forwarding_has_request_for (DevSshForwardingService *self,
                                   guint                    port)
{
  for (GList *l = self->requests.head; l != NULL; l = l->next)
    {
      Request *request = l->data;

      if (request->task != NULL && (request->remote_port == 0 || request->remote_port == port))
        return TRUE;
    }

  return FALSE;
}

static gboolean
has_local_port (DevSshForwardingService *self,
                guint                    local_port)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->local_ports));

  for (GList *l = self->requests.head; l != NULL; l = l->next)
    {
      if (((Request *) l->data)->local_port == local_port)
        return TRUE;
    }

  for (guint i = 0; i < n; i++)
    {
      g_autoptr(DevSshForwardedPort) port = g_list_model_get_item (G_LIST_MODEL (self->local_ports), i);

      if (devssh_forwarded_port_get_local_port (port) == local_port)
        return TRUE;
    }

  return FALSE;
}

static gboolean
has_remote_port (DevSshForwardingService *self,
                 guint                    remote_port)
{
  for (GList *l = self->requests.head; l != NULL; l = l->next)
    {
      if (((Request *) l->data)->remote_port == remote_port)
        return TRUE;
    }

  return devssh_forwarding_service_find_remote (self, self->local_ports, remote_port) != NULL;
}

/* FALSE: task has ended. */
static gboolean
check_duplicates (DevSshForwardingService *self,
                  GTask                   *task,
                  guint                    remote_port,
                  guint                    local_port)
{
  if (remote_port != 0 && has_remote_port (self, remote_port))
    g_task_return_new_error (task, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE,
                             "Remote port %u is forwarded already", remote_port);
  else if (local_port != 0 && has_local_port (self, local_port))
    g_task_return_new_error (task, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE,
                             "Local port %u is forwarded already", local_port);
  else
    return TRUE;

  return FALSE;
}

static void
request_remote_port (DevSshForwardingService *self,
                     const char              *remote_address,
                     guint                    remote_port,
                     const char              *local_host,
                     guint                    local_port,
                     GTask                   *task)
{
  DevSshSession *session = get_session (self, task);
  g_autoptr(DevSshPortForwardMessage) message = NULL;
  g_autoptr(GBytes) payload = NULL;
  Request *request;

  /* Cancelled before anything was sent: then nothing is. */
  if (session == NULL
      || !check_duplicates (self, task, remote_port, local_port)
      || g_task_return_error_if_cancelled (task))
    return;

  request = g_new0 (Request, 1);
  request->self = g_object_ref (self);
  request->task = g_object_ref (task);
  request->watch = watch_cancellable (g_task_get_cancellable (task), request_cancelled_cb, request);
  request->remote_address = g_strdup (remote_address);
  request->remote_port = remote_port;
  request->local_host = g_strdup (local_host);
  request->local_port = local_port;
  g_queue_push_tail (&self->requests, request);

  message = devssh_port_forward_message_new_request (NULL, devssh_forwarding_address_to_wire (remote_address), remote_port);
  payload = devssh_port_forward_message_to_bytes (message);
  devssh_session_request_async (session, DEVSSH_REQUEST_TCPIP_FORWARD, TRUE, payload, NULL,
                                request_answered_cb, request);
}

static void
forward_from_remote_port_async (DevSshPortForwarder *forwarder,
                                const char          *remote_address,
                                guint                remote_port,
                                const char          *local_host,
                                guint                local_port,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (forwarder, cancellable, callback, user_data);

  g_task_set_source_tag (task, forward_from_remote_port_async);
  g_task_set_check_cancellable (task, FALSE);
  request_remote_port (DEVSSH_FORWARDING_SERVICE (forwarder), remote_address, remote_port, local_host, local_port, task);
}

static void
stream_from_remote_port_async (DevSshPortForwarder *forwarder,
                               const char          *remote_address,
                               guint                remote_port,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (forwarder, cancellable, callback, user_data);

  g_task_set_source_tag (task, stream_from_remote_port_async);
  g_task_set_check_cancellable (task, FALSE);
  request_remote_port (DEVSSH_FORWARDING_SERVICE (forwarder), remote_address, remote_port, NULL, 0, task);
}

static DevSshForwardedPort *
port_finish (DevSshPortForwarder  *forwarder,
             GAsyncResult         *result,
             GError              **error)
{
  g_return_val_if_fail (g_task_is_valid (result, forwarder), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- to a remote port ---- */

static gboolean
is_listening (DevSshForwardingService *self,
              guint                    local_port)
{
  for (guint i = 0; i < self->direct_ports->len; i++)
    {
      if (devssh_forwarded_port_get_local_port (self->direct_ports->pdata[i]) == local_port)
        return TRUE;
    }

  return FALSE;
}

static DevSshForwardedPort *
listen_for_remote_port (DevSshForwardingService  *self,
                        const char               *local_address,
                        guint                     local_port,
                        const char               *remote_host,
                        guint                     remote_port,
                        GError                  **error)
{
  g_autoptr(GPtrArray) addresses = NULL;
  g_autoptr(GSocketListener) listener = NULL;
  g_autofree char *text = NULL;
  DevSshForwardedPort *port;

  if (local_port != 0 && is_listening (self, local_port))
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE, "Local port %u is forwarded already", local_port);
      return NULL;
    }

  /* The application says where: that is its decision on the address (T-85). */
  addresses = devssh_forwarding_bind_addresses (local_address, DEVSSH_GATEWAY_PORTS_CLIENT_SPECIFIED, error);
  if (addresses != NULL)
    listener = devssh_forwarding_listen (addresses, local_port, &local_port, error);

  if (listener == NULL)
    return NULL;

  text = g_inet_address_to_string (addresses->pdata[0]);
  port = devssh_local_forwarder_new (DEVSSH_SERVICE (self), DEVSSH_CHANNEL_TYPE_DIRECT_TCPIP, listener,
                                     text, local_port, remote_host, remote_host, remote_port);
  devssh_forwarding_service_add (self, NULL, port);
  devssh_forwarding_service_trace (self, DEVSSH_TRACE_LEVEL_INFO, DEVSSH_TRACE_EVENT_PORT_FORWARD_SERVER_LISTENING,
                                   "Listening on %s port %u", text, local_port);

  return port;
}

static void
forward_to_remote_port_async (DevSshPortForwarder *forwarder,
                              const char          *local_address,
                              guint                local_port,
                              const char          *remote_host,
                              guint                remote_port,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  DevSshForwardingService *self = DEVSSH_FORWARDING_SERVICE (forwarder);
  g_autoptr(GTask) task = g_task_new (forwarder, cancellable, callback, user_data);
  g_autoptr(GError) error = NULL;
  DevSshForwardedPort *port;

  g_task_set_source_tag (task, forward_to_remote_port_async);
  g_task_set_check_cancellable (task, FALSE);

  if (get_session (self, task) == NULL || g_task_return_error_if_cancelled (task))
    return;

  port = listen_for_remote_port (self, local_address, local_port, remote_host, remote_port, &error);
  if (port != NULL)
    g_task_return_pointer (task, port, g_object_unref);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

/* ---- streams ---- */

static void
stream_ready_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(GError) error = NULL;
  GIOStream *stream = devssh_forwarding_stream_finish (result, &error);

  if (stream != NULL)
    g_task_return_pointer (task, stream, g_object_unref);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

/* Task data: the port. */
static void
channel_ready (GTask         *task,
               DevSshChannel *channel,
               GError        *error)
{
  if (channel == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  devssh_forwarding_stream_async (g_task_get_source_object (task), GPOINTER_TO_UINT (g_task_get_task_data (task)),
                                  channel, NULL, stream_ready_cb, g_object_ref (task));
}

static void
direct_opened_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  g_autoptr(DevSshChannel) channel = devssh_session_open_channel_finish (DEVSSH_SESSION (source), result, &error);

  channel_ready (task, channel, error);
}

static void
stream_to_remote_port_async (DevSshPortForwarder *forwarder,
                             const char          *remote_host,
                             guint                remote_port,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (forwarder, cancellable, callback, user_data);
  DevSshSession *session;
  g_autoptr(DevSshPortForwardMessage) message = NULL;
  g_autoptr(GBytes) type_data = NULL;

  g_task_set_source_tag (task, stream_to_remote_port_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, GUINT_TO_POINTER (remote_port), NULL);

  session = get_session (DEVSSH_FORWARDING_SERVICE (forwarder), task);
  if (session == NULL)
    return;

  message = devssh_port_forward_message_new_channel_open (DEVSSH_CHANNEL_TYPE_DIRECT_TCPIP, remote_host, remote_port,
                                                          NULL, 0);
  type_data = devssh_port_forward_message_to_bytes (message);
  devssh_session_open_channel_full_async (session, DEVSSH_CHANNEL_TYPE_DIRECT_TCPIP, type_data, 0, cancellable,
                                          direct_opened_cb, g_object_ref (task));
}

static void
forwarded_opened_cb (GObject      *source,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  g_autoptr(DevSshChannel) channel =
    devssh_local_forwarder_open_finish (DEVSSH_LOCAL_FORWARDER (source), result, &error);

  channel_ready (task, channel, error);
}

static void
connect_to_forwarded_port_async (DevSshPortForwarder *forwarder,
                                 guint                port,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  DevSshForwardingService *self = DEVSSH_FORWARDING_SERVICE (forwarder);
  g_autoptr(GTask) task = g_task_new (forwarder, cancellable, callback, user_data);
  DevSshForwardedPort *forwarded;

  g_task_set_source_tag (task, connect_to_forwarded_port_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, GUINT_TO_POINTER (port), NULL);

  if (get_session (self, task) == NULL)
    return;

  forwarded = devssh_forwarding_service_find_remote (self, self->remote_ports, port);
  if (forwarded == NULL)
    {
      g_task_return_new_error (task, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE,
                               "The peer did not ask for port %u to be forwarded", port);
      return;
    }

  devssh_local_forwarder_open_async (DEVSSH_LOCAL_FORWARDER (forwarded), "", 0, cancellable,
                                     forwarded_opened_cb, g_object_ref (task));
}

static GIOStream *
stream_finish (DevSshPortForwarder  *forwarder,
               GAsyncResult         *result,
               GError              **error)
{
  g_return_val_if_fail (g_task_is_valid (result, forwarder), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- waiting ---- */

typedef struct
{
  DevSshForwardingService *self;    /* has us in its queue; task keeps it */
  GTask                   *task;
  GSource                 *watch;
  guint                    port;
} Wait;

static void
wait_free (Wait *wait)
{
  g_clear_pointer (&wait->watch, watch_free);
  g_object_unref (wait->task);
  g_free (wait);
}

static gboolean
wait_cancelled_cb (GCancellable *cancellable,
                   gpointer      user_data)
{
  Wait *wait = user_data;

  g_queue_remove (&wait->self->waits, wait);
  g_task_return_error_if_cancelled (wait->task);
  wait_free (wait);

  return G_SOURCE_REMOVE;
}

/* Out of the queue before it is told: a callback may do anything, also end more of them. */
static Wait *
take_wait (DevSshForwardingService *self,
           DevSshForwardedPort     *port)
{
  for (GList *l = self->waits.head; l != NULL; l = l->next)
    {
      Wait *wait = l->data;

      if (port == NULL || devssh_forwarded_port_get_remote_port (port) == wait->port)
        {
          g_queue_delete_link (&self->waits, l);
          return wait;
        }
    }

  return NULL;
}

void
devssh_forwarding_end_waits (DevSshForwardingService *self,
                             DevSshForwardedPort     *port)
{
  Wait *wait;

  while ((wait = take_wait (self, port)) != NULL)
    {
      if (port != NULL)
        g_task_return_pointer (wait->task, g_object_ref (port), g_object_unref);
      else
        g_task_return_new_error (wait->task, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED, "The session is closed");

      wait_free (wait);
    }
}

static void
wait_for_forwarded_port_async (DevSshPortForwarder *forwarder,
                               guint                port,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  DevSshForwardingService *self = DEVSSH_FORWARDING_SERVICE (forwarder);
  g_autoptr(GTask) task = g_task_new (forwarder, cancellable, callback, user_data);
  DevSshForwardedPort *forwarded;
  Wait *wait;

  g_task_set_source_tag (task, wait_for_forwarded_port_async);
  g_task_set_check_cancellable (task, FALSE);

  if (get_session (self, task) == NULL || g_task_return_error_if_cancelled (task))
    return;

  forwarded = devssh_forwarding_service_find_remote (self, self->remote_ports, port);
  if (forwarded != NULL)
    {
      g_task_return_pointer (task, g_object_ref (forwarded), g_object_unref);
      return;
    }

  wait = g_new0 (Wait, 1);
  wait->self = self;
  wait->task = g_object_ref (task);
  wait->port = port;
  wait->watch = watch_cancellable (cancellable, wait_cancelled_cb, wait);
  g_queue_push_tail (&self->waits, wait);
}

void
devssh_forwarding_calls_init_interface (DevSshPortForwarderInterface *iface)
{
  iface->forward_from_remote_port_async = forward_from_remote_port_async;
  iface->forward_from_remote_port_finish = port_finish;
  iface->stream_from_remote_port_async = stream_from_remote_port_async;
  iface->stream_from_remote_port_finish = port_finish;
  iface->forward_to_remote_port_async = forward_to_remote_port_async;
  iface->forward_to_remote_port_finish = port_finish;
  iface->stream_to_remote_port_async = stream_to_remote_port_async;
  iface->stream_to_remote_port_finish = stream_finish;
  iface->connect_to_forwarded_port_async = connect_to_forwarded_port_async;
  iface->connect_to_forwarded_port_finish = stream_finish;
  iface->wait_for_forwarded_port_async = wait_for_forwarded_port_async;
  iface->wait_for_forwarded_port_finish = port_finish;
}
