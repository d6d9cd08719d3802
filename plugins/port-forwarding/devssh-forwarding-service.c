/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The class of the service, its options and lists, and the module's door. */
#include "devssh-forwarding-service.h"

#include "devssh-forwarding-unix.h"
#include "devssh-local-forwarder.h"
#include "devssh-remote-forwarder.h"

enum
{
  PROP_0,
  PROP_ACCEPT_LOCAL,
  PROP_ACCEPT_REMOTE,
  PROP_FORWARD,
  PROP_REPLACE_SOCKETS,
  PROP_GATEWAY_PORTS,
  PROP_LOCAL_PORTS,
  PROP_REMOTE_PORTS
};

G_DEFINE_DYNAMIC_TYPE_EXTENDED (DevSshForwardingService, devssh_forwarding_service, DEVSSH_TYPE_SERVICE,
                                G_TYPE_FLAG_FINAL,
                                G_IMPLEMENT_INTERFACE_DYNAMIC (DEVSSH_TYPE_PORT_FORWARDER,
                                                               devssh_forwarding_calls_init_interface))

static gboolean
devssh_forwarding_service_session_request (DevSshService        *service,
                                           DevSshSessionRequest *request)
{
  return devssh_forwarding_session_request (service, request);
}

static gboolean
devssh_forwarding_service_channel_opening (DevSshService        *service,
                                           DevSshChannelOpening *opening)
{
  gboolean by_default = FALSE;

  if (devssh_forwarding_channel_opening (service, opening, &by_default))
    return TRUE;

  return by_default
         && DEVSSH_SERVICE_CLASS (devssh_forwarding_service_parent_class)->channel_opening (service, opening);
}

static void
close_all (GPtrArray *ports)
{
  for (guint i = 0; i < ports->len; i++)
    devssh_forwarded_port_close (ports->pdata[i]);
}

/* A closed port leaves its list: so a copy is walked. */
static GPtrArray *
all_ports (DevSshForwardingService *self)
{
  GPtrArray *ports = g_ptr_array_new_with_free_func (g_object_unref);
  GListModel *lists[] = { G_LIST_MODEL (self->local_ports), G_LIST_MODEL (self->remote_ports) };

  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      for (guint j = 0; j < g_list_model_get_n_items (lists[i]); j++)
        g_ptr_array_add (ports, g_list_model_get_item (lists[i], j));
    }

  g_ptr_array_extend (ports, self->direct_ports, (GCopyFunc) g_object_ref, NULL);

  return ports;
}

static void
devssh_forwarding_service_closed (DevSshService *service)
{
  DevSshForwardingService *self = DEVSSH_FORWARDING_SERVICE (service);
  g_autoptr(GPtrArray) ports = all_ports (self);

  self->closed = TRUE;
  g_cancellable_cancel (self->cancellable);
  close_all (ports);
  devssh_forwarding_end_waits (self, NULL);
  devssh_forwarding_look_at_held (self);

  /* What they were given may hold us, and they are not called any more. */
  devssh_port_forwarder_set_listener_factory (DEVSSH_PORT_FORWARDER (self), NULL, NULL, NULL);
  devssh_port_forwarder_set_message_factory (DEVSSH_PORT_FORWARDER (self), NULL, NULL, NULL);
}

static void
devssh_forwarding_service_get_property (GObject    *object,
                                        guint       prop_id,
                                        GValue     *value,
                                        GParamSpec *pspec)
{
  DevSshForwardingService *self = DEVSSH_FORWARDING_SERVICE (object);

  switch (prop_id)
    {
    case PROP_ACCEPT_LOCAL:
      g_value_set_boolean (value, self->accept_local);
      break;
    case PROP_ACCEPT_REMOTE:
      g_value_set_boolean (value, self->accept_remote);
      break;
    case PROP_FORWARD:
      g_value_set_boolean (value, self->forward);
      break;
    case PROP_REPLACE_SOCKETS:
      g_value_set_boolean (value, self->replace_sockets);
      break;
    case PROP_GATEWAY_PORTS:
      g_value_set_enum (value, self->gateway_ports);
      break;
    case PROP_LOCAL_PORTS:
      g_value_set_object (value, self->local_ports);
      break;
    case PROP_REMOTE_PORTS:
      g_value_set_object (value, self->remote_ports);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
set_flag (GObject    *object,
          gboolean   *flag,
          gboolean    value,
          GParamSpec *pspec)
{
  value = !!value;

  if (*flag == value)
    return;

  *flag = value;
  g_object_notify_by_pspec (object, pspec);
}

static void
devssh_forwarding_service_set_property (GObject      *object,
                                        guint         prop_id,
                                        const GValue *value,
                                        GParamSpec   *pspec)
{
  DevSshForwardingService *self = DEVSSH_FORWARDING_SERVICE (object);

  switch (prop_id)
    {
    case PROP_ACCEPT_LOCAL:
      set_flag (object, &self->accept_local, g_value_get_boolean (value), pspec);
      break;
    case PROP_ACCEPT_REMOTE:
      set_flag (object, &self->accept_remote, g_value_get_boolean (value), pspec);
      break;
    case PROP_FORWARD:
      set_flag (object, &self->forward, g_value_get_boolean (value), pspec);
      break;
    case PROP_REPLACE_SOCKETS:
      set_flag (object, &self->replace_sockets, g_value_get_boolean (value), pspec);
      break;
    case PROP_GATEWAY_PORTS:
      if (self->gateway_ports != (DevSshGatewayPorts) g_value_get_enum (value))
        {
          self->gateway_ports = g_value_get_enum (value);
          g_object_notify_by_pspec (object, pspec);
        }
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
devssh_forwarding_service_finalize (GObject *object)
{
  DevSshForwardingService *self = DEVSSH_FORWARDING_SERVICE (object);

  g_object_unref (self->local_ports);
  g_object_unref (self->remote_ports);
  g_ptr_array_unref (self->direct_ports);
  g_ptr_array_unref (self->cancelling);
  g_object_unref (self->cancellable);

  G_OBJECT_CLASS (devssh_forwarding_service_parent_class)->finalize (object);
}

static void
devssh_forwarding_service_class_init (DevSshForwardingServiceClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  DevSshServiceClass *service_class = DEVSSH_SERVICE_CLASS (klass);

  object_class->get_property = devssh_forwarding_service_get_property;
  object_class->set_property = devssh_forwarding_service_set_property;
  object_class->finalize = devssh_forwarding_service_finalize;
  service_class->session_request = devssh_forwarding_service_session_request;
  service_class->channel_opening = devssh_forwarding_service_channel_opening;
  service_class->closed = devssh_forwarding_service_closed;

  g_object_class_override_property (object_class, PROP_ACCEPT_LOCAL,
                                    "accept-local-connections-for-forwarded-ports");
  g_object_class_override_property (object_class, PROP_ACCEPT_REMOTE,
                                    "accept-remote-connections-for-non-forwarded-ports");
  g_object_class_override_property (object_class, PROP_FORWARD, "forward-connections-to-local-ports");
  g_object_class_override_property (object_class, PROP_REPLACE_SOCKETS, "replace-existing-sockets");
  g_object_class_override_property (object_class, PROP_GATEWAY_PORTS, "gateway-ports");
  g_object_class_override_property (object_class, PROP_LOCAL_PORTS, "local-forwarded-ports");
  g_object_class_override_property (object_class, PROP_REMOTE_PORTS, "remote-forwarded-ports");
}

static void
devssh_forwarding_service_class_finalize (DevSshForwardingServiceClass *klass)
{
}

static void
devssh_forwarding_service_init (DevSshForwardingService *self)
{
  self->accept_local = TRUE;
  self->accept_remote = TRUE;
  self->forward = TRUE;
  self->local_ports = g_list_store_new (DEVSSH_TYPE_FORWARDED_PORT);
  self->remote_ports = g_list_store_new (DEVSSH_TYPE_FORWARDED_PORT);
  self->direct_ports = g_ptr_array_new_with_free_func (g_object_unref);
  self->cancelling = g_ptr_array_new_with_free_func ((GDestroyNotify) devssh_port_forward_message_unref);
  self->cancellable = g_cancellable_new ();
}

GCancellable *
devssh_forwarding_service_get_cancellable (DevSshService *service)
{
  return DEVSSH_FORWARDING_SERVICE (service)->cancellable;
}

DevSshSession *
devssh_forwarding_service_get_session (DevSshForwardingService *self,
                                       GTask                   *task)
{
  DevSshSession *session = self != NULL && !self->closed ? devssh_service_get_session (DEVSSH_SERVICE (self)) : NULL;

  if (session == NULL)
    g_task_return_new_error (task, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED, "The session is closed");

  return session;
}

void
devssh_forwarding_service_open_channel (DevSshForwardingService  *self,
                                        DevSshPortForwardMessage *message,
                                        GAsyncReadyCallback       callback,
                                        GTask                    *task)
{
  const char *type = devssh_port_forward_message_get_message_type (message);
  g_autoptr(DevSshSession) session = NULL;
  g_autoptr(GBytes) fields = NULL;
  g_autoptr(GBytes) type_data = NULL;
  GError *error = NULL;

  /* Held: the application's factory may let go of it. */
  if (!g_set_object (&session, devssh_forwarding_service_get_session (self, task)))
    return;

  fields = devssh_port_forward_message_to_bytes (message);
  type_data = devssh_port_forwarder_create_message (DEVSSH_PORT_FORWARDER (self),
                                                    DEVSSH_PORT_FORWARD_MESSAGE_KIND_CHANNEL_OPEN, type,
                                                    devssh_port_forward_message_get_port (message), fields, &error);
  if (type_data == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  devssh_session_open_channel_full_async (session, type, type_data, 0, g_task_get_cancellable (task),
                                          callback, g_object_ref (task));
}

static void
port_closed_cb (DevSshForwardingService *self,
                DevSshForwardedPort     *port)
{
  guint position;

  if (g_list_store_find (self->local_ports, port, &position))
    g_list_store_remove (self->local_ports, position);
  else if (g_list_store_find (self->remote_ports, port, &position))
    g_list_store_remove (self->remote_ports, position);
  else
    g_ptr_array_remove (self->direct_ports, port);
}

void
devssh_forwarding_service_add (DevSshForwardingService *self,
                               GListStore              *list,
                               DevSshForwardedPort     *port)
{
  g_signal_connect_object (port, "closed", G_CALLBACK (port_closed_cb), self, G_CONNECT_SWAPPED);

  if (list == NULL)
    g_ptr_array_add (self->direct_ports, g_object_ref (port));
  else
    g_list_store_append (list, port);
}

DevSshForwardedPort *
devssh_forwarding_service_find_remote (DevSshForwardingService *self,
                                       GListStore              *list,
                                       const char              *host,
                                       guint                    remote_port)
{
  const char *path = devssh_forwarding_path_of (host);
  guint n = g_list_model_get_n_items (G_LIST_MODEL (list));

  for (guint i = 0; i < n; i++)
    {
      /* The list keeps it. */
      g_autoptr(DevSshForwardedPort) port = g_list_model_get_item (G_LIST_MODEL (list), i);

      if (path != NULL ? g_strcmp0 (devssh_forwarded_port_get_remote_host (port), path) == 0
                       : remote_port != 0 && devssh_forwarded_port_get_remote_port (port) == remote_port)
        return port;
    }

  return NULL;
}

void
devssh_forwarding_service_trace (DevSshForwardingService *self,
                                 DevSshTraceLevel         level,
                                 DevSshTraceEvent         event,
                                 const char              *format,
                                 ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);

  devssh_service_trace (DEVSSH_SERVICE (self), level, event, text);
}

char *
devssh_forwarding_describe (const char *host,
                            guint       port)
{
  return devssh_forwarding_path_of (host) != NULL ? g_strdup (host) : g_strdup_printf ("%s port %u", host, port);
}

GSource *
devssh_forwarding_watch_cancellable (GCancellable  *cancellable,
                                     gboolean     (*func) (GCancellable *, gpointer),
                                     gpointer       user_data)
{
  GSource *source;

  if (cancellable == NULL)
    return NULL;

  source = g_cancellable_source_new (cancellable);
  g_source_set_callback (source, G_SOURCE_FUNC (func), user_data, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());

  return source;
}

void
devssh_forwarding_watch_free (GSource *source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

DEVSSH_PLUGIN_EXPORT const guint devssh_plugin_abi;
const guint devssh_plugin_abi = DEVSSH_PLUGIN_ABI;

DEVSSH_PLUGIN_EXPORT void devssh_plugin_load (GTypeModule *module);

void
devssh_plugin_load (GTypeModule *module)
{
  devssh_local_forwarder_register (module);
  devssh_remote_forwarder_register (module);
  devssh_forwarding_service_register_type (module);
}
