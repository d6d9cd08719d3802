/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The accept loop. When descriptors or memory run out it pauses for a second, with one descriptor in
 * reserve to turn away who waits first; nothing stops it for good (T-42). */
#include <libdevssh/net/devssh-acceptor-private.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Fairness: so many at once before the loop sees the sessions again. */
#define ACCEPTS_PER_TURN 32
#define PAUSE            G_TIME_SPAN_SECOND

typedef struct
{
  DevSshAcceptor *acceptor;
  GSocket        *socket;
  GSource        *source;      /* NULL while pausing */
} Listener;

struct _DevSshAcceptor
{
  gatomicrefcount             ref_count;   /* a callback may free us */
  DevSshContext              *context;
  const DevSshAcceptorEvents *events;
  gpointer                    user_data;
  GPtrArray                  *listeners;
  DevSshDeadline              pause;
  int                         reserve;
  gboolean                    freed;
};

static void
listener_stop (Listener *self)
{
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
}

static void
listener_free (gpointer data)
{
  Listener *self = data;

  listener_stop (self);
  g_socket_close (self->socket, NULL);
  g_object_unref (self->socket);
  g_free (self);
}

static int
open_reserve (void)
{
  return open ("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void
acceptor_unref (DevSshAcceptor *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  devssh_context_unref (self->context);
  g_free (self);
}

static gboolean acceptor_ready_cb (GSocket *socket, GIOCondition condition, gpointer user_data);

static void
listener_start (Listener *self)
{
  self->source = g_socket_create_source (self->socket, G_IO_IN, NULL);
  g_source_set_callback (self->source, G_SOURCE_FUNC (acceptor_ready_cb), self, NULL);
  g_source_attach (self->source, devssh_context_get_main_context (self->acceptor->context));
}

static void
acceptor_resume_cb (DevSshDeadline *deadline)
{
  DevSshAcceptor *self = (DevSshAcceptor *) ((guint8 *) deadline - G_STRUCT_OFFSET (DevSshAcceptor, pause));

  if (self->reserve < 0)
    self->reserve = open_reserve ();
  for (guint i = 0; i < self->listeners->len; i++)
    {
      Listener *listener = g_ptr_array_index (self->listeners, i);

      if (listener->source == NULL)
        listener_start (listener);
    }
}

/* No descriptors, no memory: whoever waits first is turned away with the reserve, the others wait a second. */
static void
acceptor_pause (DevSshAcceptor *self,
                int             listening_fd,
                int             code)
{
  g_autoptr(GError) error = NULL;

  if (self->reserve >= 0)
    {
      int fd;

      close (self->reserve);
      fd = accept4 (listening_fd, NULL, NULL, SOCK_CLOEXEC);
      if (fd >= 0)
        close (fd);
      self->reserve = open_reserve ();
    }

  for (guint i = 0; i < self->listeners->len; i++)
    listener_stop (g_ptr_array_index (self->listeners, i));
  devssh_deadline_set (&self->pause, self->context, devssh_context_get_time (self->context) + PAUSE, acceptor_resume_cb);

  error = g_error_new (G_IO_ERROR, g_io_error_from_errno (code), "Accepting pauses for a second: %s", g_strerror (code));
  self->events->trouble (error, self->user_data);
}

/* FALSE: enough for now. */
static gboolean
acceptor_accept_one (DevSshAcceptor *self,
                     int             listening_fd)
{
  g_autoptr(GSocket) socket = NULL;
  int fd = accept4 (listening_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  int code = errno;

  if (fd < 0)
    {
      switch (code)
        {
        case EAGAIN:
        case EBADF:
        case EINVAL:
          return FALSE;

        case EMFILE:
        case ENFILE:
        case ENOMEM:
        case ENOBUFS:
          acceptor_pause (self, listening_fd, code);
          return FALSE;

        default:
          /* EINTR, ECONNABORTED, and errors of the connection that accept() passes on. */
          return TRUE;
        }
    }

  socket = g_socket_new_from_fd (fd, NULL);
  if (socket == NULL)
    close (fd);
  else
    self->events->accepted (socket, self->user_data);
  return TRUE;
}

static gboolean
acceptor_ready_cb (GSocket      *socket,
                   GIOCondition  condition,
                   gpointer      user_data)
{
  Listener *listener = user_data;
  DevSshAcceptor *self = listener->acceptor;
  int fd = g_socket_get_fd (socket);

  g_atomic_ref_count_inc (&self->ref_count);
  for (int i = 0; i < ACCEPTS_PER_TURN && !self->freed; i++)
    {
      if (!acceptor_accept_one (self, fd))
        break;
    }
  acceptor_unref (self);
  return G_SOURCE_CONTINUE;
}

DevSshAcceptor *
devssh_acceptor_new (DevSshContext              *context,
                     const DevSshAcceptorEvents *events,
                     gpointer                    user_data)
{
  DevSshAcceptor *self = g_new0 (DevSshAcceptor, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->context = devssh_context_ref (context);
  self->events = events;
  self->user_data = user_data;
  self->listeners = g_ptr_array_new_with_free_func (listener_free);
  self->reserve = -1;
  return self;
}

void
devssh_acceptor_free (DevSshAcceptor *self)
{
  self->freed = TRUE;
  devssh_deadline_clear (&self->pause);
  g_clear_pointer (&self->listeners, g_ptr_array_unref);
  if (self->reserve >= 0)
    close (self->reserve);
  acceptor_unref (self);
}

void
devssh_acceptor_add (DevSshAcceptor *self,
                     GSocket        *socket)
{
  Listener *listener = g_new0 (Listener, 1);

  if (self->reserve < 0)
    self->reserve = open_reserve ();
  listener->acceptor = self;
  listener->socket = g_object_ref (socket);
  g_socket_set_blocking (socket, FALSE);
  g_ptr_array_add (self->listeners, listener);
  listener_start (listener);
}

guint
devssh_acceptor_get_n (DevSshAcceptor *self)
{
  return self->listeners->len;
}

guint16
devssh_acceptor_get_port (DevSshAcceptor *self)
{
  g_autoptr(GSocketAddress) address = NULL;

  if (self->listeners->len == 0)
    return 0;
  address = g_socket_get_local_address (((Listener *) g_ptr_array_index (self->listeners, 0))->socket, NULL);
  return G_IS_INET_SOCKET_ADDRESS (address) ? g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)) : 0;
}
