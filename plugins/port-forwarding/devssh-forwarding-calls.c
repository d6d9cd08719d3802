/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the application calls: DevSshPortForwarder (protocol.md 6.6). */
#include "devssh-forwarding-service.h"

#include "devssh-forwarding-listen.h"
#include "devssh-forwarding-relay.h"
#include "devssh-local-forwarder.h"

/* ---- from the remote side ---- */

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
  devssh_forwarding_ask_peer (DEVSSH_FORWARDING_SERVICE (forwarder), remote_address, remote_port, local_host, local_port, task);
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
  devssh_forwarding_ask_peer (DEVSSH_FORWARDING_SERVICE (forwarder), remote_address, remote_port, NULL, 0, task);
}

static DevSshForwardedPort *
port_finish (DevSshPortForwarder  *forwarder,
             GAsyncResult         *result,
             GError              **error)
{
  g_return_val_if_fail (g_task_is_valid (result, forwarder), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- to the remote side ---- */

/* One local end goes to one remote one, and one remote end has one local one (protocol.md 6.6). */
static gboolean
check_direct_duplicates (DevSshForwardingService  *self,
                         const char               *local_address,
                         guint                     local_port,
                         const char               *remote_host,
                         guint                     remote_port,
                         GError                  **error)
{
  for (guint i = 0; i < self->direct_ports->len; i++)
    {
      DevSshForwardedPort *port = self->direct_ports->pdata[i];
      const char *path = devssh_forwarding_path_of (local_address);

      if (path != NULL ? g_strcmp0 (path, devssh_forwarded_port_get_local_host (port)) == 0
                       : local_port != 0 && devssh_forwarded_port_get_local_port (port) == local_port)
        {
          g_autofree char *name = devssh_forwarding_describe (local_address, local_port);

          g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE, "%s is forwarded already", name);
          return FALSE;
        }

      if (devssh_forwarded_port_get_remote_port (port) == remote_port
          && devssh_forwarding_same_host (devssh_forwarded_port_get_remote_host (port), remote_host))
        {
          g_autofree char *name = devssh_forwarding_describe (remote_host, remote_port);

          g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE, "Something is forwarded to %s already", name);
          return FALSE;
        }
    }

  return TRUE;
}

static const char *
direct_type (const char *host)
{
  return devssh_forwarding_path_of (host) != NULL ? DEVSSH_CHANNEL_TYPE_DIRECT_STREAMLOCAL : DEVSSH_CHANNEL_TYPE_DIRECT_TCPIP;
}

static DevSshForwardedPort *
listen_for_remote_port (DevSshForwardingService  *self,
                        const char               *local_address,
                        guint                     local_port,
                        const char               *remote_host,
                        guint                     remote_port,
                        GError                  **error)
{
  DevSshPortForwarder *forwarder = DEVSSH_PORT_FORWARDER (self);
  g_autoptr(GPtrArray) addresses = NULL;
  g_autoptr(DevSshForwardingListening) listening = NULL;
  g_autofree char *name = NULL;
  DevSshForwardedPort *port;

  if (!check_direct_duplicates (self, local_address, local_port, remote_host, remote_port, error))
    return NULL;

  if (devssh_forwarding_path_of (local_address) != NULL)
    listening = devssh_forwarding_listen_on_path (forwarder, local_address, error);
  else
    {
      /* The application says where: that is its decision on the address (T-85). */
      addresses = devssh_forwarding_bind_addresses (local_address, DEVSSH_GATEWAY_PORTS_CLIENT_SPECIFIED, error);
      if (addresses != NULL)
        listening = devssh_forwarding_listen (forwarder, addresses, local_port, remote_port, error);
    }

  if (listening == NULL)
    return NULL;

  name = devssh_forwarding_describe (listening->host, listening->port);
  devssh_forwarding_service_trace (self, DEVSSH_TRACE_LEVEL_INFO, DEVSSH_TRACE_EVENT_PORT_FORWARD_SERVER_LISTENING,
                                   "Listening on %s", name);
  /* The application was called twice meanwhile, and whatever listens after the end would do so for ever. */
  if (self->closed)
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED, "The session is closed");
      return NULL;
    }

  port = devssh_local_forwarder_new (DEVSSH_SERVICE (self), direct_type (remote_host), g_steal_pointer (&listening),
                                     remote_host, remote_host, remote_port);
  devssh_forwarding_service_add (self, NULL, port);

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

  if (devssh_forwarding_service_get_session (self, task) == NULL || g_task_return_error_if_cancelled (task))
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

typedef struct
{
  char  *path;      /* or NULL */
  guint  port;
} Target;

static void
target_free (gpointer data)
{
  Target *target = data;

  g_free (target->path);
  g_free (target);
}

/* A task whose result is a stream; host and port are for the application. */
static GTask *
stream_task_new (DevSshPortForwarder *forwarder,
                 gpointer             source_tag,
                 const char          *host,
                 guint                port,
                 GCancellable        *cancellable,
                 GAsyncReadyCallback  callback,
                 gpointer             user_data)
{
  GTask *task = g_task_new (forwarder, cancellable, callback, user_data);
  Target *target = g_new0 (Target, 1);

  target->path = g_strdup (devssh_forwarding_path_of (host));
  target->port = port;
  g_task_set_source_tag (task, source_tag);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, target, target_free);

  return task;
}

static void
channel_ready (GTask         *task,
               DevSshChannel *channel,
               GError        *error)
{
  Target *target = g_task_get_task_data (task);

  if (channel != NULL)
    devssh_forwarding_stream_async (g_task_get_source_object (task), target->path, target->port,
                                    channel, NULL, stream_ready_cb, g_object_ref (task));
  else
    g_task_return_error (task, error);
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
  g_autoptr(GTask) task = stream_task_new (forwarder, stream_to_remote_port_async, remote_host, remote_port,
                                           cancellable, callback, user_data);
  g_autoptr(DevSshPortForwardMessage) message =
    devssh_port_forward_message_new_channel_open (direct_type (remote_host), remote_host, remote_port, NULL, 0);

  devssh_forwarding_service_open_channel (DEVSSH_FORWARDING_SERVICE (forwarder), message, direct_opened_cb, task);
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

/* path NULL: a port */
static void
connect_to_forwarded (DevSshForwardingService *self,
                      const char              *path,
                      guint                    port,
                      GTask                   *task)
{
  DevSshForwardedPort *forwarded;

  if (devssh_forwarding_service_get_session (self, task) == NULL)
    return;

  forwarded = devssh_forwarding_service_find_remote (self, self->remote_ports, path, port);
  if (forwarded != NULL)
    devssh_local_forwarder_open_async (DEVSSH_LOCAL_FORWARDER (forwarded), "", 0, g_task_get_cancellable (task),
                                       forwarded_opened_cb, g_object_ref (task));
  else if (path != NULL)
    g_task_return_new_error (task, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE,
                             "The peer did not ask for “%s” to be forwarded", path);
  else
    g_task_return_new_error (task, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE,
                             "The peer did not ask for port %u to be forwarded", port);
}

static void
connect_to_forwarded_port_async (DevSshPortForwarder *forwarder,
                                 guint                port,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  g_autoptr(GTask) task = stream_task_new (forwarder, connect_to_forwarded_port_async, NULL, port,
                                           cancellable, callback, user_data);

  connect_to_forwarded (DEVSSH_FORWARDING_SERVICE (forwarder), NULL, port, task);
}

static void
connect_to_forwarded_socket_async (DevSshPortForwarder *forwarder,
                                   const char          *path,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data)
{
  g_autoptr(GTask) task = stream_task_new (forwarder, connect_to_forwarded_socket_async, path, 0,
                                           cancellable, callback, user_data);

  connect_to_forwarded (DEVSSH_FORWARDING_SERVICE (forwarder), path, 0, task);
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
  char                    *path;    /* or NULL: a port */
  guint                    port;
} Wait;

static void
wait_free (Wait *wait)
{
  g_clear_pointer (&wait->watch, devssh_forwarding_watch_free);
  g_object_unref (wait->task);
  g_free (wait->path);
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

      if (port == NULL
          || (wait->path != NULL ? g_strcmp0 (devssh_forwarded_port_get_remote_host (port), wait->path) == 0
                                 : devssh_forwarded_port_get_remote_port (port) == wait->port))
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

/* path NULL: a port */
static void
wait_for_forwarded (DevSshForwardingService *self,
                    const char              *path,
                    guint                    port,
                    GTask                   *task)
{
  DevSshForwardedPort *forwarded;
  Wait *wait;

  g_task_set_check_cancellable (task, FALSE);

  if (devssh_forwarding_service_get_session (self, task) == NULL || g_task_return_error_if_cancelled (task))
    return;

  forwarded = devssh_forwarding_service_find_remote (self, self->remote_ports, path, port);
  if (forwarded != NULL)
    {
      g_task_return_pointer (task, g_object_ref (forwarded), g_object_unref);
      return;
    }

  wait = g_new0 (Wait, 1);
  wait->self = self;
  wait->task = g_object_ref (task);
  wait->path = g_strdup (path);
  wait->port = port;
  wait->watch = devssh_forwarding_watch_cancellable (g_task_get_cancellable (task), wait_cancelled_cb, wait);
  g_queue_push_tail (&self->waits, wait);
}

static void
wait_for_forwarded_port_async (DevSshPortForwarder *forwarder,
                               guint                port,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (forwarder, cancellable, callback, user_data);

  g_task_set_source_tag (task, wait_for_forwarded_port_async);
  wait_for_forwarded (DEVSSH_FORWARDING_SERVICE (forwarder), NULL, port, task);
}

static void
wait_for_forwarded_socket_async (DevSshPortForwarder *forwarder,
                                 const char          *path,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (forwarder, cancellable, callback, user_data);

  g_task_set_source_tag (task, wait_for_forwarded_socket_async);
  wait_for_forwarded (DEVSSH_FORWARDING_SERVICE (forwarder), path, 0, task);
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
  iface->connect_to_forwarded_socket_async = connect_to_forwarded_socket_async;
  iface->connect_to_forwarded_socket_finish = stream_finish;
  iface->wait_for_forwarded_port_async = wait_for_forwarded_port_async;
  iface->wait_for_forwarded_port_finish = port_finish;
  iface->wait_for_forwarded_socket_async = wait_for_forwarded_socket_async;
  iface->wait_for_forwarded_socket_finish = port_finish;
}
