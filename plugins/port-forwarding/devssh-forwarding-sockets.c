/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The side of forwarding that knows TCP (protocol.md 6.4 and 6.5, threat T-85). */
#include "devssh-forwarding-sockets.h"

#include <errno.h>
#include <string.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#define LISTEN_BACKLOG   128
#define CHOICES_OF_PORT  16

/* ---- addresses ---- */

static GPtrArray *
addresses_new (GInetAddress *first,
               GInetAddress *second)
{
  GPtrArray *addresses = g_ptr_array_new_with_free_func (g_object_unref);

  g_ptr_array_add (addresses, first);
  if (second != NULL)
    g_ptr_array_add (addresses, second);

  return addresses;
}

static GPtrArray *
loopback_addresses (void)
{
  return addresses_new (g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4),
                        g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV6));
}

static GPtrArray *
any_addresses (void)
{
  return addresses_new (g_inet_address_new_any (G_SOCKET_FAMILY_IPV4),
                        g_inet_address_new_any (G_SOCKET_FAMILY_IPV6));
}

/* IPv4 brings its counterpart of IPv6 along; explicit IPv6 stays alone. */
static GPtrArray *
literal_addresses (GInetAddress *address)
{
  g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);

  if (g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV4 && g_inet_address_get_is_any (address))
    return any_addresses ();
  else if (g_inet_address_equal (address, loopback))
    return loopback_addresses ();
  else
    return addresses_new (g_object_ref (address), NULL);
}

GPtrArray *
devssh_forwarding_bind_addresses (const char          *text,
                                  DevSshGatewayPorts   gateway_ports,
                                  GError             **error)
{
  gboolean is_any = *text == '\0' || strcmp (text, "*") == 0;
  gboolean is_localhost = g_ascii_strcasecmp (text, "localhost") == 0;
  g_autoptr(GInetAddress) address = is_any || is_localhost ? NULL : g_inet_address_new_from_string (text);

  if (!is_any && !is_localhost && address == NULL)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED, "“%s” is not an address to listen on", text);
      return NULL;
    }

  switch (gateway_ports)
    {
    case DEVSSH_GATEWAY_PORTS_YES:
      return any_addresses ();

    case DEVSSH_GATEWAY_PORTS_CLIENT_SPECIFIED:
      if (is_any)
        return any_addresses ();
      break;

    case DEVSSH_GATEWAY_PORTS_NO:
    default:
      /* T-85: what is reachable from elsewhere is for the application to say. */
      if (is_any || (address != NULL && !g_inet_address_get_is_loopback (address)))
        return loopback_addresses ();
    }

  return is_localhost ? loopback_addresses () : literal_addresses (address);
}

const char *
devssh_forwarding_address_to_wire (const char *text)
{
  g_autoptr(GInetAddress) address = NULL;

  if (strcmp (text, "*") == 0)
    return "";

  address = g_inet_address_new_from_string (text);
  if (address == NULL)
    return text;

  if (g_inet_address_get_is_any (address))
    return "";

  /* Only the two that have a name of their own: 127.0.0.2 is another address. */
  if (strcmp (text, "127.0.0.1") == 0 || strcmp (text, "::1") == 0)
    return "localhost";

  return text;
}

/* ---- listening ---- */

static void
set_errno (GError       **error,
           int            code,
           GInetAddress  *address,
           guint          port)
{
  g_autofree char *text = g_inet_address_to_string (address);

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code),
               "Cannot listen on %s port %u: %s", text, port, g_strerror (code));
}

/* -1 and errno; GSocket would hide which error it was. */
static int
bind_and_listen (GSocket      *socket,
                 GInetAddress *address,
                 guint         port)
{
  g_autoptr(GSocketAddress) where = g_inet_socket_address_new (address, port);
  struct sockaddr_storage native;
  gssize length = g_socket_address_get_native_size (where);
  int fd = g_socket_get_fd (socket);
  int one = 1;

  if (!g_socket_address_to_native (where, &native, sizeof native, NULL))
    {
      errno = EADDRNOTAVAIL;
      return -1;
    }

  /* Connections of a forward that has ended must not keep its port. */
  if (setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0)
    return -1;

  /* Its IPv4 counterpart has a socket of its own. */
  if (g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6
      && setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) != 0)
    return -1;

  if (bind (fd, (struct sockaddr *) &native, length) != 0)
    return -1;

  return listen (fd, LISTEN_BACKLOG);
}

static GSocket *
socket_new (GInetAddress  *address,
            guint          port,
            int           *code,
            GError       **error)
{
  int fd = socket (g_inet_address_get_family (address), SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
  g_autoptr(GSocket) made = NULL;

  if (fd < 0)
    {
      *code = errno;
      set_errno (error, *code, address, port);
      return NULL;
    }

  made = g_socket_new_from_fd (fd, error);
  if (made == NULL)
    {
      *code = EIO;
      return NULL;
    }

  if (bind_and_listen (made, address, port) != 0)
    {
      *code = errno;
      set_errno (error, *code, address, port);
      return NULL;
    }

  /* A GSocket learns that it listens only from its own call, which changes nothing here. */
  g_socket_set_listen_backlog (made, LISTEN_BACKLOG);
  if (!g_socket_listen (made, error))
    {
      *code = EIO;
      return NULL;
    }

  return g_steal_pointer (&made);
}

static guint
local_port (GSocket *socket)
{
  g_autoptr(GSocketAddress) address = g_socket_get_local_address (socket, NULL);

  return address != NULL ? g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)) : 0;
}

static gboolean
is_absent (int code)
{
  return code == EADDRNOTAVAIL || code == EAFNOSUPPORT || code == EPROTONOSUPPORT;
}

/* (element-type GSocket), all with one port; NULL: in_use says whether another choice of port may help. */
static GPtrArray *
try_sockets (GPtrArray  *addresses,
             guint       port,
             gboolean   *in_use,
             GError    **error)
{
  g_autoptr(GPtrArray) sockets = g_ptr_array_new_with_free_func (g_object_unref);

  *in_use = FALSE;

  for (guint i = 0; i < addresses->len; i++)
    {
      g_autoptr(GError) reason = NULL;
      int code = 0;
      GSocket *socket = socket_new (addresses->pdata[i], port, &code, &reason);

      if (socket != NULL)
        {
          g_ptr_array_add (sockets, socket);
          port = local_port (socket);
          continue;
        }

      /* A machine without IPv6 forwards IPv4 alone. */
      if (i > 0 && is_absent (code))
        continue;

      *in_use = i > 0 && code == EADDRINUSE;
      g_propagate_error (error, g_steal_pointer (&reason));
      return NULL;
    }

  return g_steal_pointer (&sockets);
}

GSocketListener *
devssh_forwarding_listen (GPtrArray  *addresses,
                          guint       port,
                          guint      *chosen_port,
                          GError    **error)
{
  g_autoptr(GSocketListener) listener = g_socket_listener_new ();
  g_autoptr(GPtrArray) sockets = NULL;
  g_autoptr(GError) reason = NULL;
  gboolean in_use = TRUE;

  /* The port that is free for the first address may be taken for the second; then another one will do. */
  for (guint i = 0; sockets == NULL && in_use && i < (port == 0 ? CHOICES_OF_PORT : 1); i++)
    {
      g_clear_error (&reason);
      sockets = try_sockets (addresses, port, &in_use, &reason);
    }

  if (sockets == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return NULL;
    }

  *chosen_port = local_port (sockets->pdata[0]);

  for (guint i = 0; i < sockets->len; i++)
    {
      if (!g_socket_listener_add_socket (listener, sockets->pdata[i], NULL, error))
        return NULL;
    }

  return g_steal_pointer (&listener);
}

/* ---- connecting ---- */

/* Addresses that are decided already, as GSocketClient wants them: it tries them in turn, staggered (RFC 8305). */
typedef struct
{
  GObject    parent_instance;
  GPtrArray *addresses;     /* (element-type GSocketAddress) */
} DevSshForwardingAddresses;
typedef GObjectClass DevSshForwardingAddressesClass;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DevSshForwardingAddresses, g_object_unref)

typedef struct
{
  GSocketAddressEnumerator  parent_instance;
  GPtrArray                *addresses;
  guint                     next;
} DevSshForwardingEnumerator;
typedef GSocketAddressEnumeratorClass DevSshForwardingEnumeratorClass;

static GType devssh_forwarding_addresses_get_type (void);
static GType devssh_forwarding_enumerator_get_type (void);
static void  devssh_forwarding_addresses_connectable_init (GSocketConnectableIface *iface);

G_DEFINE_DYNAMIC_TYPE_EXTENDED (DevSshForwardingEnumerator, devssh_forwarding_enumerator,
                                G_TYPE_SOCKET_ADDRESS_ENUMERATOR, G_TYPE_FLAG_FINAL, {})

static GSocketAddress *
devssh_forwarding_enumerator_next (GSocketAddressEnumerator  *enumerator,
                                   GCancellable              *cancellable,
                                   GError                   **error)
{
  DevSshForwardingEnumerator *self = (DevSshForwardingEnumerator *) enumerator;

  if (self->next >= self->addresses->len)
    return NULL;

  return g_object_ref (self->addresses->pdata[self->next++]);
}

static void
devssh_forwarding_enumerator_finalize (GObject *object)
{
  g_ptr_array_unref (((DevSshForwardingEnumerator *) object)->addresses);

  G_OBJECT_CLASS (devssh_forwarding_enumerator_parent_class)->finalize (object);
}

static void
devssh_forwarding_enumerator_class_init (DevSshForwardingEnumeratorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = devssh_forwarding_enumerator_finalize;
  klass->next = devssh_forwarding_enumerator_next;
}

static void
devssh_forwarding_enumerator_class_finalize (DevSshForwardingEnumeratorClass *klass)
{
}

static void
devssh_forwarding_enumerator_init (DevSshForwardingEnumerator *self)
{
}

G_DEFINE_DYNAMIC_TYPE_EXTENDED (DevSshForwardingAddresses, devssh_forwarding_addresses, G_TYPE_OBJECT,
                                G_TYPE_FLAG_FINAL,
                                G_IMPLEMENT_INTERFACE_DYNAMIC (G_TYPE_SOCKET_CONNECTABLE,
                                                               devssh_forwarding_addresses_connectable_init))

static GSocketAddressEnumerator *
devssh_forwarding_addresses_enumerate (GSocketConnectable *connectable)
{
  DevSshForwardingEnumerator *enumerator = g_object_new (devssh_forwarding_enumerator_get_type (), NULL);

  enumerator->addresses = g_ptr_array_ref (((DevSshForwardingAddresses *) connectable)->addresses);

  return (GSocketAddressEnumerator *) enumerator;
}

static char *
devssh_forwarding_addresses_to_string (GSocketConnectable *connectable)
{
  return g_strdup_printf ("%u addresses", ((DevSshForwardingAddresses *) connectable)->addresses->len);
}

static void
devssh_forwarding_addresses_connectable_init (GSocketConnectableIface *iface)
{
  iface->enumerate = devssh_forwarding_addresses_enumerate;
  iface->to_string = devssh_forwarding_addresses_to_string;
}

static void
devssh_forwarding_addresses_finalize (GObject *object)
{
  g_ptr_array_unref (((DevSshForwardingAddresses *) object)->addresses);

  G_OBJECT_CLASS (devssh_forwarding_addresses_parent_class)->finalize (object);
}

static void
devssh_forwarding_addresses_class_init (DevSshForwardingAddressesClass *klass)
{
  klass->finalize = devssh_forwarding_addresses_finalize;
}

static void
devssh_forwarding_addresses_class_finalize (DevSshForwardingAddressesClass *klass)
{
}

static void
devssh_forwarding_addresses_init (DevSshForwardingAddresses *self)
{
  self->addresses = g_ptr_array_new_with_free_func (g_object_unref);
}

void
devssh_forwarding_sockets_register (GTypeModule *module)
{
  devssh_forwarding_enumerator_register_type (module);
  devssh_forwarding_addresses_register_type (module);
}

typedef struct
{
  DevSshPortForwarder *forwarder;   /* owned, or NULL */
  char                *host;
  guint                port;
} Target;

static void
target_free (gpointer data)
{
  Target *target = data;

  g_clear_object (&target->forwarder);
  g_free (target->host);
  g_free (target);
}

static void
connected_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(GError) error = NULL;
  GSocketConnection *connection = g_socket_client_connect_finish (G_SOCKET_CLIENT (source), result, &error);

  if (connection == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  devssh_forwarding_set_options (connection);
  g_task_return_pointer (task, connection, g_object_unref);
}

/* T-85: these addresses and no others, however often the name is looked up by now. */
static void
connect_to_addresses (GTask *task,
                      GList *found)
{
  Target *target = g_task_get_task_data (task);
  g_autoptr(DevSshForwardingAddresses) addresses = g_object_new (devssh_forwarding_addresses_get_type (), NULL);
  g_autoptr(GSocketClient) client = NULL;

  for (GList *l = found; l != NULL; l = l->next)
    {
      g_autofree char *text = g_inet_address_to_string (l->data);

      if (target->forwarder == NULL
          || devssh_port_forwarder_allows_address (target->forwarder, target->host, text, target->port))
        g_ptr_array_add (addresses->addresses, g_inet_socket_address_new (l->data, target->port));
    }

  if (addresses->addresses->len == 0)
    {
      g_task_return_new_error (task, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED,
                               "No address of the host is allowed");
      return;
    }

  client = g_socket_client_new ();
  /* A proxy would look the name up again, and elsewhere. */
  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_connect_async (client, G_SOCKET_CONNECTABLE (addresses), g_task_get_cancellable (task),
                                 connected_cb, g_object_ref (task));
}

static void
resolved_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(GError) error = NULL;
  GList *found = g_resolver_lookup_by_name_finish (G_RESOLVER (source), result, &error);

  if (found == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  connect_to_addresses (task, found);
  g_resolver_free_addresses (found);
}

void
devssh_forwarding_connect_async (DevSshPortForwarder *forwarder,
                                 const char          *host,
                                 guint                port,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr(GInetAddress) address = NULL;
  g_autoptr(GPtrArray) loopback = NULL;
  g_autoptr(GList) found = NULL;
  g_autoptr(GResolver) resolver = NULL;
  Target *target = g_new0 (Target, 1);

  target->forwarder = forwarder != NULL ? g_object_ref (forwarder) : NULL;
  target->host = g_strdup (host);
  target->port = port;
  g_task_set_source_tag (task, devssh_forwarding_connect_async);
  g_task_set_task_data (task, target, target_free);

  /* Neither needs to be looked up, and nobody's resolver may have another opinion of "localhost" (RFC 6761, 6.3). */
  address = g_inet_address_new_from_string (host);
  if (address != NULL)
    found = g_list_append (NULL, address);
  else if (*host == '\0' || g_ascii_strcasecmp (host, "localhost") == 0)
    {
      loopback = loopback_addresses ();
      found = g_list_append (g_list_append (NULL, loopback->pdata[0]), loopback->pdata[1]);
    }

  if (found != NULL)
    {
      connect_to_addresses (task, found);
      return;
    }

  resolver = g_resolver_get_default ();
  g_resolver_lookup_by_name_async (resolver, host, cancellable, resolved_cb, g_object_ref (task));
}

GSocketConnection *
devssh_forwarding_connect_finish (GAsyncResult  *result,
                                  GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- connections ---- */

void
devssh_forwarding_set_options (GSocketConnection *connection)
{
  GSocket *socket = g_socket_connection_get_socket (connection);

  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
}

void
devssh_forwarding_reset (GSocketConnection *connection)
{
  GSocket *socket = g_socket_connection_get_socket (connection);
  struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

  if (!g_socket_is_closed (socket))
    setsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);

  g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
}
