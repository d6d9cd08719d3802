/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The side of forwarding that listens (protocol.md 6.4, threat T-85). */
#include "devssh-forwarding-listen.h"

#include <errno.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* A browser that loads a page opens hundreds at once; who finds no room tries again a second later. */
#define LISTEN_BACKLOG   512
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

static const char *
plain_name (const char *host)
{
  if (g_ascii_strcasecmp (host, "localhost") == 0 || strcmp (host, "127.0.0.1") == 0 || strcmp (host, "::1") == 0)
    return "localhost";
  else if (strcmp (host, "*") == 0 || strcmp (host, "0.0.0.0") == 0 || strcmp (host, "::") == 0)
    return "";
  else
    return host;
}

gboolean
devssh_forwarding_same_host (const char *a,
                             const char *b)
{
  return strcmp (plain_name (a), plain_name (b)) == 0;
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
            GError       **error)
{
  g_autoptr(GSocket) made = g_socket_new (g_inet_address_get_family (address), G_SOCKET_TYPE_STREAM,
                                          G_SOCKET_PROTOCOL_TCP, error);

  if (made == NULL)
    return NULL;

  if (bind_and_listen (made, address, port) != 0)
    {
      set_errno (error, errno, address, port);
      return NULL;
    }

  /* A GSocket learns that it listens only from its own call, which changes nothing here. */
  g_socket_set_listen_backlog (made, LISTEN_BACKLOG);
  if (!g_socket_listen (made, error))
    return NULL;

  return g_steal_pointer (&made);
}

static guint
local_port (GSocket *socket)
{
  g_autoptr(GSocketAddress) address = g_socket_get_local_address (socket, NULL);

  return address != NULL ? g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)) : 0;
}

/* Does this machine have an address of this kind to give? */
static gboolean
is_present (GInetAddress *address)
{
  g_autoptr(GSocketAddress) where = g_inet_socket_address_new (address, 0);
  g_autoptr(GSocket) probe = g_socket_new (g_inet_address_get_family (address), G_SOCKET_TYPE_STREAM,
                                           G_SOCKET_PROTOCOL_TCP, NULL);

  return probe != NULL && g_socket_bind (probe, where, FALSE, NULL);
}

/* ---- sockets of our own, and of the application ---- */

/* What makes one listener: with its port, or the error that is not to be mistaken for a port in use. */
typedef GSocketListener *(*MakeListener) (DevSshPortForwarder  *forwarder,
                                          GInetAddress         *address,
                                          guint                 remote_port,
                                          gboolean              can_change,
                                          guint                *port,
                                          GError              **error);

static GSocketListener *
make_listener (DevSshPortForwarder  *forwarder,
               GInetAddress         *address,
               guint                 remote_port,
               gboolean              can_change,
               guint                *port,
               GError              **error)
{
  g_autoptr(GSocketListener) listener = g_socket_listener_new ();
  g_autoptr(GSocket) made = socket_new (address, *port, error);

  if (made == NULL || !g_socket_listener_add_socket (listener, made, NULL, error))
    return NULL;

  *port = local_port (made);
  return g_steal_pointer (&listener);
}

static GSocketListener *
ask_for_listener (DevSshPortForwarder  *forwarder,
                  GInetAddress         *address,
                  guint                 remote_port,
                  gboolean              can_change,
                  guint                *port,
                  GError              **error)
{
  g_autofree char *text = g_inet_address_to_string (address);

  return devssh_port_forwarder_create_listener (forwarder, remote_port, text, *port, can_change, port, error);
}

static void
listener_free (gpointer listener)
{
  g_socket_listener_close (listener);
  g_object_unref (listener);
}

static DevSshForwardingListening *
listening_new (char *host)
{
  DevSshForwardingListening *self = g_new0 (DevSshForwardingListening, 1);

  self->listeners = g_ptr_array_new_with_free_func (listener_free);
  self->host = host;

  return self;
}

void
devssh_forwarding_listening_free (DevSshForwardingListening *self)
{
  /* The file first: as long as it is open, no other one can look like it. */
  if (self->file != NULL)
    devssh_forwarding_path_remove (self->file);
  g_ptr_array_unref (self->listeners);
  g_free (self->host);
  g_free (self);
}

/* second_in_use: another choice of port may help. */
static DevSshForwardingListening *
try_addresses (DevSshPortForwarder  *forwarder,
               MakeListener          make,
               GPtrArray            *addresses,
               guint                 port,
               guint                 remote_port,
               gboolean             *second_in_use,
               GError              **error)
{
  g_autoptr(DevSshForwardingListening) self = listening_new (g_inet_address_to_string (addresses->pdata[0]));

  *second_in_use = FALSE;
  self->port = port;

  for (guint i = 0; i < addresses->len; i++)
    {
      g_autoptr(GError) reason = NULL;
      GSocketListener *listener;

      /* A machine without IPv6 forwards IPv4 alone. */
      if (i > 0 && !is_present (addresses->pdata[i]))
        continue;

      listener = make (forwarder, addresses->pdata[i], remote_port, i == 0, &self->port, &reason);
      if (listener == NULL)
        {
          *second_in_use = i > 0 && g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
          g_propagate_error (error, g_steal_pointer (&reason));
          return NULL;
        }

      g_ptr_array_add (self->listeners, listener);
    }

  return g_steal_pointer (&self);
}

DevSshForwardingListening *
devssh_forwarding_listen (DevSshPortForwarder  *forwarder,
                          GPtrArray            *addresses,
                          guint                 port,
                          guint                 remote_port,
                          GError              **error)
{
  MakeListener make = devssh_port_forwarder_has_listener_factory (forwarder) ? ask_for_listener : make_listener;
  DevSshForwardingListening *self = NULL;
  g_autoptr(GError) reason = NULL;
  gboolean in_use = TRUE;

  /* The port that is free for the first address may be taken for the second; then another one will do. */
  for (guint i = 0; self == NULL && in_use && i < (port == 0 ? CHOICES_OF_PORT : 1); i++)
    {
      g_clear_error (&reason);
      self = try_addresses (forwarder, make, addresses, port, remote_port, &in_use, &reason);
    }

  if (self == NULL)
    g_propagate_error (error, g_steal_pointer (&reason));

  return self;
}

DevSshForwardingListening *
devssh_forwarding_listen_on_path (DevSshPortForwarder  *forwarder,
                                  const char           *path,
                                  GError              **error)
{
  g_autoptr(DevSshForwardingListening) self = listening_new (g_strdup (path));
  g_autoptr(GSocketListener) listener = g_socket_listener_new ();
  g_autoptr(GSocket) made = NULL;

  made = devssh_forwarding_path_listen (path, devssh_port_forwarder_get_replace_existing_sockets (forwarder),
                                        &self->file, error);
  if (made == NULL || !g_socket_listener_add_socket (listener, made, NULL, error))
    return NULL;

  g_ptr_array_add (self->listeners, g_steal_pointer (&listener));

  return g_steal_pointer (&self);
}
