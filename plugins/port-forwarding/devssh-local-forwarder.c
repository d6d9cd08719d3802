/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Accepts connections and opens a channel for each (protocol.md 6.4). */
#include "devssh-local-forwarder.h"

#include "devssh-forwarding-connect.h"
#include "devssh-forwarding-relay.h"
#include "devssh-forwarding-service.h"

/* So many connections may wait for the peer's word on their channels; more stay in the socket's backlog. */
#define MAX_OPENING 64
/* When no descriptor is left, the next one may be had a little later. */
#define RETRY_MILLISECONDS 100

struct _DevSshLocalForwarder
{
  DevSshForwardedPort        parent_instance;
  DevSshService             *service;         /* weak: it keeps us until we are closed */
  const char                *channel_type;
  char                      *host;
  DevSshForwardingListening *listening;
  gboolean                  *accepting;       /* for each listener of it */
  GCancellable              *cancellable;     /* for accepting */
  GSource                   *retry;
  guint                      n_opening;
};

G_DEFINE_DYNAMIC_TYPE_EXTENDED (DevSshLocalForwarder, devssh_local_forwarder, DEVSSH_TYPE_FORWARDED_PORT,
                                G_TYPE_FLAG_FINAL, {})

typedef struct
{
  DevSshLocalForwarder *self;
  GSocketConnection    *connection;
} Accepted;

static void accept_next (DevSshLocalForwarder *self);

static void
trace (DevSshLocalForwarder *self,
       DevSshTraceLevel      level,
       DevSshTraceEvent      event,
       const char           *what)
{
  g_autofree char *port = devssh_forwarded_port_to_string (DEVSSH_FORWARDED_PORT (self));

  if (self->service != NULL)
    devssh_forwarding_service_trace (DEVSSH_FORWARDING_SERVICE (self->service), level, event, "%s: %s", port, what);
}

static void
channel_opened_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  Accepted *accepted = user_data;
  DevSshLocalForwarder *self = accepted->self;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshChannel) channel = devssh_local_forwarder_open_finish (self, result, &error);

  self->n_opening--;

  if (channel != NULL && self->service != NULL)
    {
      devssh_forwarding_relay (self->service, devssh_forwarding_path_of (self->host),
                               devssh_forwarded_port_get_remote_port (DEVSSH_FORWARDED_PORT (self)),
                               channel, NULL, accepted->connection);
    }
  else
    {
      trace (self, DEVSSH_TRACE_LEVEL_WARNING, DEVSSH_TRACE_EVENT_PORT_FORWARD_CHANNEL_OPEN_FAILED,
             error != NULL ? error->message : "The session is closed");
      devssh_forwarding_reset (accepted->connection);
    }

  accept_next (self);
  g_object_unref (accepted->connection);
  g_object_unref (self);
  g_free (accepted);
}

static void
connection_accepted (DevSshLocalForwarder *self,
                     GSocketConnection    *connection)
{
  g_autoptr(GSocketAddress) address = g_socket_connection_get_remote_address (connection, NULL);
  g_autofree char *originator = NULL;
  guint port = 0;
  Accepted *accepted = g_new0 (Accepted, 1);

  if (G_IS_INET_SOCKET_ADDRESS (address))
    {
      GInetSocketAddress *inet = G_INET_SOCKET_ADDRESS (address);

      originator = g_inet_address_to_string (g_inet_socket_address_get_address (inet));
      port = g_inet_socket_address_get_port (inet);
    }

  trace (self, DEVSSH_TRACE_LEVEL_INFO, DEVSSH_TRACE_EVENT_PORT_FORWARD_CONNECTION_ACCEPTED, "A connection came in");
  devssh_forwarding_set_options (connection);

  accepted->self = g_object_ref (self);
  accepted->connection = g_object_ref (connection);
  self->n_opening++;
  devssh_local_forwarder_open_async (self, originator != NULL ? originator : "", port,
                                     NULL, channel_opened_cb, accepted);
}

static gboolean
retry_cb (gpointer user_data)
{
  DevSshLocalForwarder *self = user_data;

  g_clear_pointer (&self->retry, g_source_unref);
  accept_next (self);

  return G_SOURCE_REMOVE;
}

/* One look for all listeners: more than one may have failed. */
static void
accept_later (DevSshLocalForwarder *self)
{
  if (self->retry != NULL)
    return;

  self->retry = g_timeout_source_new (RETRY_MILLISECONDS);
  g_source_set_callback (self->retry, retry_cb, self, NULL);
  g_source_attach (self->retry, g_main_context_get_thread_default ());
}

static void
accepted_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(DevSshLocalForwarder) self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GSocketConnection) connection =
    g_socket_listener_accept_finish (G_SOCKET_LISTENER (source), result, NULL, &error);
  guint i;

  if (self->listening == NULL || self->service == NULL)
    return;

  if (g_ptr_array_find (self->listening->listeners, source, &i))
    self->accepting[i] = FALSE;

  if (connection == NULL)
    {
      trace (self, DEVSSH_TRACE_LEVEL_WARNING, DEVSSH_TRACE_EVENT_PORT_FORWARD_CONNECTION_FAILED, error->message);
      /* An application's own listener is its own to close, too. */
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED))
        devssh_forwarded_port_close (DEVSSH_FORWARDED_PORT (self));
      else
        accept_later (self);
      return;
    }

  connection_accepted (self, connection);
  accept_next (self);
}

static void
accept_next (DevSshLocalForwarder *self)
{
  GPtrArray *listeners = self->listening != NULL ? self->listening->listeners : NULL;

  if (listeners == NULL || self->retry != NULL || self->n_opening >= MAX_OPENING)
    return;

  for (guint i = 0; i < listeners->len; i++)
    {
      if (self->accepting[i])
        continue;

      self->accepting[i] = TRUE;
      g_socket_listener_accept_async (listeners->pdata[i], self->cancellable, accepted_cb, g_object_ref (self));
    }
}

static void
devssh_local_forwarder_close (DevSshForwardedPort *port)
{
  DevSshLocalForwarder *self = DEVSSH_LOCAL_FORWARDER (port);

  g_cancellable_cancel (self->cancellable);

  if (self->retry != NULL)
    g_source_destroy (self->retry);
  g_clear_pointer (&self->retry, g_source_unref);

  g_clear_pointer (&self->listening, devssh_forwarding_listening_free);
  g_clear_pointer (&self->accepting, g_free);
}

static void
devssh_local_forwarder_dispose (GObject *object)
{
  DevSshLocalForwarder *self = DEVSSH_LOCAL_FORWARDER (object);

  devssh_local_forwarder_close (DEVSSH_FORWARDED_PORT (self));
  g_clear_weak_pointer (&self->service);

  G_OBJECT_CLASS (devssh_local_forwarder_parent_class)->dispose (object);
}

static void
devssh_local_forwarder_finalize (GObject *object)
{
  DevSshLocalForwarder *self = DEVSSH_LOCAL_FORWARDER (object);

  g_free (self->host);
  g_object_unref (self->cancellable);

  G_OBJECT_CLASS (devssh_local_forwarder_parent_class)->finalize (object);
}

static void
devssh_local_forwarder_class_init (DevSshLocalForwarderClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = devssh_local_forwarder_dispose;
  object_class->finalize = devssh_local_forwarder_finalize;
  DEVSSH_FORWARDED_PORT_CLASS (klass)->close = devssh_local_forwarder_close;
}

static void
devssh_local_forwarder_class_finalize (DevSshLocalForwarderClass *klass)
{
}

static void
devssh_local_forwarder_init (DevSshLocalForwarder *self)
{
  self->cancellable = g_cancellable_new ();
}

void
devssh_local_forwarder_register (GTypeModule *module)
{
  devssh_local_forwarder_register_type (module);
}

DevSshForwardedPort *
devssh_local_forwarder_new (DevSshService             *service,
                            const char                *channel_type,
                            DevSshForwardingListening *listening,
                            const char                *remote_host,
                            const char                *host,
                            guint                      remote_port)
{
  DevSshLocalForwarder *self = g_object_new (DEVSSH_TYPE_LOCAL_FORWARDER,
                                             "local-host", listening != NULL ? listening->host : NULL,
                                             "local-port", listening != NULL ? listening->port : 0,
                                             "remote-host", remote_host,
                                             "remote-port", remote_port,
                                             "is-remote", TRUE,
                                             NULL);

  g_set_weak_pointer (&self->service, service);
  self->channel_type = channel_type;
  self->host = g_strdup (host);
  if (listening != NULL)
    devssh_local_forwarder_listen (self, listening);

  return DEVSSH_FORWARDED_PORT (self);
}

gboolean
devssh_local_forwarder_get_listens (DevSshLocalForwarder *self)
{
  return self->listening != NULL;
}

void
devssh_local_forwarder_listen (DevSshLocalForwarder      *self,
                               DevSshForwardingListening *listening)
{
  g_assert (self->listening == NULL);

  self->listening = listening;
  self->accepting = g_new0 (gboolean, listening->listeners->len);
  devssh_forwarded_port_set_local (DEVSSH_FORWARDED_PORT (self), listening->host, listening->port);
  accept_next (self);
}

static void
session_opened_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  DevSshLocalForwarder *self = g_task_get_source_object (task);
  g_autoptr(GError) error = NULL;
  DevSshChannel *channel = devssh_session_open_channel_finish (DEVSSH_SESSION (source), result, &error);

  if (channel == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  trace (self, DEVSSH_TRACE_LEVEL_VERBOSE, DEVSSH_TRACE_EVENT_PORT_FORWARD_CHANNEL_OPENED, "The peer accepted a channel");
  devssh_forwarded_port_add_channel (DEVSSH_FORWARDED_PORT (self), channel);
  g_task_return_pointer (task, channel, g_object_unref);
}

void
devssh_local_forwarder_open_async (DevSshLocalForwarder *self,
                                   const char           *originator,
                                   guint                 originator_port,
                                   GCancellable         *cancellable,
                                   GAsyncReadyCallback   callback,
                                   gpointer              user_data)
{
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr(DevSshPortForwardMessage) message = NULL;

  g_task_set_source_tag (task, devssh_local_forwarder_open_async);
  /* A channel must not vanish in a result that nobody sees. */
  g_task_set_check_cancellable (task, FALSE);

  message = devssh_port_forward_message_new_channel_open (self->channel_type, self->host,
                                                          devssh_forwarded_port_get_remote_port (DEVSSH_FORWARDED_PORT (self)),
                                                          originator, originator_port);
  devssh_forwarding_service_open_channel (DEVSSH_FORWARDING_SERVICE (self->service), message, session_opened_cb, task);
}

DevSshChannel *
devssh_local_forwarder_open_finish (DevSshLocalForwarder  *self,
                                    GAsyncResult          *result,
                                    GError               **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
