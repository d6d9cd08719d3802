/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What both ends do to a socket before a session gets it. */
#include <libdevssh/net/devssh-socket-private.h>

#include <fcntl.h>
#include <libdevssh/base/devssh-error.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

/* sd_listen_fds(3) */
#define FIRST_INHERITED   3
#define MAX_INHERITED     1024

static gboolean
devssh_socket_is_inet (GSocket *socket)
{
  GSocketFamily family = g_socket_get_family (socket);

  return family == G_SOCKET_FAMILY_IPV4 || family == G_SOCKET_FAMILY_IPV6;
}

void
devssh_socket_prepare (GIOStream *stream)
{
  GSocket *socket;

  if (!G_IS_SOCKET_CONNECTION (stream))
    return;

  socket = g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream));
  if (devssh_socket_is_inet (socket))
    g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
}

char *
devssh_socket_dup_subject (GIOStream *stream)
{
  g_autoptr(GSocketAddress) remote = NULL;
  g_autoptr(GInetAddress) network = NULL;
  GInetAddress *address;
  const guint8 *bytes;
  guint8 prefix[16] = { 0, };

  if (!G_IS_SOCKET_CONNECTION (stream))
    return NULL;

  remote = g_socket_connection_get_remote_address (G_SOCKET_CONNECTION (stream), NULL);
  if (remote == NULL || !G_IS_INET_SOCKET_ADDRESS (remote))
    return NULL;

  address = g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (remote));
  bytes = g_inet_address_to_bytes (address);
  if (g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV4)
    return g_inet_address_to_string (address);

  /* A socket for both families has IPv4 peers, too: ::ffff:192.0.2.1 (RFC 4291, 2.5.5.2). */
  if (IN6_IS_ADDR_V4MAPPED ((const struct in6_addr *) bytes))
    network = g_inet_address_new_from_bytes (bytes + 12, G_SOCKET_FAMILY_IPV4);
  else
    {
      memcpy (prefix, bytes, 8);
      network = g_inet_address_new_from_bytes (prefix, G_SOCKET_FAMILY_IPV6);
    }
  return g_inet_address_to_string (network);
}

static gboolean
devssh_socket_read_variable (const char  *name,
                             guint64      max,
                             guint64     *value,
                             GError     **error)
{
  const char *text = g_getenv (name);

  *value = 0;
  if (text == NULL)
    return TRUE;
  if (g_ascii_string_to_unsigned (text, 10, 0, max, value, NULL))
    return TRUE;

  g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED, "%s is not a number up to %" G_GUINT64_FORMAT, name, max);
  return FALSE;
}

static gboolean
devssh_socket_read_inherited (guint64  *n,
                              GError  **error)
{
  guint64 process;

  if (!devssh_socket_read_variable ("LISTEN_PID", G_MAXINT32, &process, error)
      || !devssh_socket_read_variable ("LISTEN_FDS", MAX_INHERITED, n, error))
    return FALSE;
  /* They may be for our parent, and have come down to us with the environment. */
  if (process != (guint64) getpid ())
    *n = 0;
  return TRUE;
}

GPtrArray *
devssh_socket_take_inherited (GError **error)
{
  g_autoptr(GPtrArray) sockets = g_ptr_array_new_with_free_func (g_object_unref);
  guint64 n;

  if (!devssh_socket_read_inherited (&n, error))
    return NULL;
  g_unsetenv ("LISTEN_PID");
  g_unsetenv ("LISTEN_FDS");
  g_unsetenv ("LISTEN_FDNAMES");

  for (guint64 i = 0; i < n; i++)
    {
      int fd = FIRST_INHERITED + (int) i;
      GSocket *socket;

      fcntl (fd, F_SETFD, FD_CLOEXEC);
      socket = g_socket_new_from_fd (fd, error);
      if (socket == NULL)
        {
          g_prefix_error (error, "Inherited descriptor %d: ", fd);
          return NULL;
        }
      g_ptr_array_add (sockets, socket);
    }
  return g_steal_pointer (&sockets);
}
