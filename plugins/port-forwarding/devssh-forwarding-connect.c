/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connects to a host whose addresses are decided on one by one, and tries them in turn (protocol.md 6.5, threat T-85). */
#include "devssh-forwarding-connect.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "devssh-forwarding-unix.h"

/* RFC 8305, 5: the next address gets its chance while the first one is still thinking. */
#define STAGGER_MILLISECONDS           250
#define STAGGER_LOCALHOST_MILLISECONDS 10

/* GSocketClient would do, but for the interval, and for looking a name up again. */
typedef struct
{
  DevSshPortForwarder *forwarder;     /* owned, or NULL */
  char                *host;
  guint                port;
  guint                stagger;       /* milliseconds */
  int                  pin;           /* keeps the file of a Unix socket the one that was decided on; -1: none */

  GPtrArray           *addresses;     /* (element-type GSocketAddress): allowed ones */
  guint                next;
  guint                n_running;
  GSource             *timer;
  GCancellable        *cancellable;   /* for the attempts: one success ends the others */
  gulong               cancelled_id;
  GError              *error;         /* of the first attempt that failed */
  gboolean             ended;
} Attempts;

static void
attempts_free (gpointer data)
{
  Attempts *self = data;

  g_assert (self->timer == NULL);

  if (self->pin >= 0)
    close (self->pin);
  g_clear_object (&self->forwarder);
  g_free (self->host);
  g_ptr_array_unref (self->addresses);
  g_object_unref (self->cancellable);
  g_clear_error (&self->error);
  g_free (self);
}

static void
clear_timer (Attempts *self)
{
  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
}

/* Consumes connection and error. */
static void
attempts_end (GTask             *task,
              GSocketConnection *connection,
              GError            *error)
{
  Attempts *self = g_task_get_task_data (task);

  self->ended = TRUE;
  clear_timer (self);
  g_cancellable_disconnect (g_task_get_cancellable (task), self->cancelled_id);
  self->cancelled_id = 0;
  g_cancellable_cancel (self->cancellable);

  if (connection != NULL)
    {
      devssh_forwarding_set_options (connection);
      g_task_return_pointer (task, connection, g_object_unref);
    }
  else
    g_task_return_error (task, error);
}

static void attempts_next (GTask *task);

static void
connected_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GSocketConnection) connection = G_SOCKET_CONNECTION (source);
  Attempts *self = g_task_get_task_data (task);
  gboolean connected = g_socket_connection_connect_finish (connection, result, &error);

  self->n_running--;
  if (self->ended)
    return;

  if (connected)
    attempts_end (task, g_steal_pointer (&connection), NULL);
  else if (g_cancellable_is_cancelled (g_task_get_cancellable (task)))
    attempts_end (task, NULL, g_steal_pointer (&error));
  else
    {
      if (self->error == NULL)
        self->error = g_steal_pointer (&error);
      attempts_next (task);
    }
}

static gboolean
timer_cb (gpointer user_data)
{
  GTask *task = user_data;
  Attempts *self = g_task_get_task_data (task);

  g_clear_pointer (&self->timer, g_source_unref);
  attempts_next (task);

  return G_SOURCE_REMOVE;
}

static GSocketConnection *
connection_new (GSocketAddress  *address,
                GError         **error)
{
  g_autoptr(GSocket) made = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM,
                                          G_SOCKET_PROTOCOL_DEFAULT, error);

  return made != NULL ? g_socket_connection_factory_create_connection (made) : NULL;
}

/* The next address that can be tried at all; without one, the end if nothing runs. */
static void
attempts_next (GTask *task)
{
  Attempts *self = g_task_get_task_data (task);
  GSocketConnection *connection = NULL;
  GSocketAddress *address = NULL;

  clear_timer (self);

  while (connection == NULL && self->next < self->addresses->len)
    {
      address = self->addresses->pdata[self->next++];
      /* A machine without IPv6 has no such socket. */
      connection = connection_new (address, self->error == NULL ? &self->error : NULL);
    }

  if (connection == NULL)
    {
      if (self->n_running == 0)
        attempts_end (task, NULL, g_steal_pointer (&self->error));
      return;
    }

  self->n_running++;
  g_socket_connection_connect_async (connection, address, self->cancellable, connected_cb, g_object_ref (task));

  if (self->next < self->addresses->len)
    {
      self->timer = g_timeout_source_new (self->stagger);
      g_source_set_callback (self->timer, timer_cb, g_object_ref (task), g_object_unref);
      g_source_attach (self->timer, g_task_get_context (task));
    }
}

static void
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  g_cancellable_cancel (user_data);
}

static void
attempts_begin (GTask *task)
{
  Attempts *self = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);

  if (self->addresses->len == 0)
    {
      g_task_return_new_error (task, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED,
                               "No address of the host is allowed");
      return;
    }

  if (cancellable != NULL)
    self->cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb),
                                                g_object_ref (self->cancellable), g_object_unref);
  attempts_next (task);
}

/* T-85: these addresses and no others, however often the name is looked up by now. */
static void
add_address (Attempts     *self,
             GInetAddress *address)
{
  g_autofree char *text = g_inet_address_to_string (address);

  if (self->forwarder == NULL || devssh_port_forwarder_allows_address (self->forwarder, self->host, text, self->port))
    g_ptr_array_add (self->addresses, g_inet_socket_address_new (address, self->port));
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

  for (GList *l = found; l != NULL; l = l->next)
    add_address (g_task_get_task_data (task), l->data);
  g_resolver_free_addresses (found);
  attempts_begin (task);
}

static void
begin_with_path (GTask *task)
{
  Attempts *self = g_task_get_task_data (task);
  GError *error = NULL;
  GSocketAddress *address = devssh_forwarding_path_find (self->forwarder, self->host, &self->pin, &error);

  if (address == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  g_ptr_array_add (self->addresses, address);
  attempts_begin (task);
}

/* Nobody's resolver may have another opinion of "localhost" (RFC 6761, 6.3). */
static void
begin_with_loopback (GTask *task)
{
  Attempts *self = g_task_get_task_data (task);
  g_autoptr(GInetAddress) ipv4 = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr(GInetAddress) ipv6 = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV6);

  self->stagger = STAGGER_LOCALHOST_MILLISECONDS;
  add_address (self, ipv4);
  add_address (self, ipv6);
  attempts_begin (task);
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
  Attempts *self = g_new0 (Attempts, 1);

  self->forwarder = forwarder != NULL ? g_object_ref (forwarder) : NULL;
  self->host = g_strdup (host);
  self->port = port;
  self->stagger = STAGGER_MILLISECONDS;
  self->pin = -1;
  self->addresses = g_ptr_array_new_with_free_func (g_object_unref);
  self->cancellable = g_cancellable_new ();
  g_task_set_source_tag (task, devssh_forwarding_connect_async);
  g_task_set_task_data (task, self, attempts_free);
  /* A connection must not vanish in a result that nobody sees. */
  g_task_set_check_cancellable (task, FALSE);

  if (devssh_forwarding_path_of (host) != NULL)
    begin_with_path (task);
  else if (*host == '\0' || g_ascii_strcasecmp (host, "localhost") == 0)
    begin_with_loopback (task);
  else if ((address = g_inet_address_new_from_string (host)) != NULL)
    {
      add_address (self, address);
      attempts_begin (task);
    }
  else
    {
      g_autoptr(GResolver) resolver = g_resolver_get_default ();

      g_resolver_lookup_by_name_async (resolver, host, cancellable, resolved_cb, g_object_ref (task));
    }
}

GSocketConnection *
devssh_forwarding_connect_finish (GAsyncResult  *result,
                                  GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- connections ---- */

static gboolean
is_tcp (GSocket *socket)
{
  return g_socket_get_family (socket) != G_SOCKET_FAMILY_UNIX;
}

void
devssh_forwarding_set_options (GSocketConnection *connection)
{
  GSocket *socket = g_socket_connection_get_socket (connection);

  if (is_tcp (socket))
    g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
}

void
devssh_forwarding_reset (GSocketConnection *connection)
{
  GSocket *socket = g_socket_connection_get_socket (connection);
  struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

  if (!g_socket_is_closed (socket) && is_tcp (socket))
    setsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);

  g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
}
