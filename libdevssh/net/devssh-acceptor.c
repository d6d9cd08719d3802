/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Listening sockets and the loop of accepts.
 *
 * GSocketListener would do but for one thing: where descriptors or memory run out it does not say so in a way that could be told from
 * other failures, and a listener that stays readable keeps the loop turning (T-42). */
#include <libdevssh/net/devssh-acceptor-private.h>

#include <errno.h>
#include <fcntl.h>
#include <libdevssh/base/devssh-error.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Fairness: so many connections before the loop sees the sessions again. */
#define ACCEPTS_PER_TURN 16
#define BACKLOG          128
#define PAUSE            (1 * G_TIME_SPAN_SECOND)
/* For a chosen port of which the other family's twin is taken. */
#define PORT_TRIES       10

/* A socket in the file system that we made. */
typedef struct
{
  char  *path;
  dev_t  device;
  ino_t  inode;
} OwnPath;

struct _DevSshAcceptor
{
  guint                   ref_count;   /* the owner, and calls that are on the stack */
  DevSshContext          *context;
  DevSshAcceptedFunc      accepted;    /* NULL: freed by its owner */
  DevSshAcceptFailedFunc  failed;
  DevSshListeningFunc     listening;
  gpointer                user_data;
  GPtrArray              *sockets;     /* (element-type GSocket) */
  GArray                 *paths;       /* (element-type OwnPath) */
  GPtrArray              *sources;     /* (element-type GSource); empty while accepting is paused */
  int                     reserve;     /* a descriptor that is given up when none is left; -1: it was */
  DevSshDeadline          resume;
};

static void
devssh_acceptor_source_free (gpointer data)
{
  g_source_destroy (data);
  g_source_unref (data);
}

/* Somebody may have put something else there meanwhile. */
static void
own_path_clear (gpointer data)
{
  OwnPath *self = data;
  GStatBuf now;

  if (g_lstat (self->path, &now) == 0 && now.st_dev == self->device && now.st_ino == self->inode)
    g_unlink (self->path);
  g_clear_pointer (&self->path, g_free);
}

static void
devssh_acceptor_unref (gpointer data)
{
  DevSshAcceptor *self = data;

  if (--self->ref_count > 0)
    return;

  g_ptr_array_unref (self->sockets);
  g_array_unref (self->paths);
  devssh_context_unref (self->context);
  g_free (self);
}

/* ---- accepting ---- */

static void devssh_acceptor_start (DevSshAcceptor *self);

/* While it is missing, somebody else may need the last descriptor more than one more peer does. */
static gboolean
devssh_acceptor_take_reserve (DevSshAcceptor *self)
{
  if (self->reserve < 0)
    self->reserve = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  return self->reserve >= 0;
}

static void
devssh_acceptor_resume_cb (DevSshDeadline *deadline)
{
  DevSshAcceptor *self =
    G_STRUCT_MEMBER_P (deadline, -(glong) G_STRUCT_OFFSET (DevSshAcceptor, resume));

  if (devssh_acceptor_take_reserve (self))
    devssh_acceptor_start (self);
  else
    devssh_deadline_set (&self->resume, self->context,
                         devssh_context_get_time (self->context) + PAUSE, devssh_acceptor_resume_cb);
}

static void
devssh_acceptor_pause (DevSshAcceptor *self,
                       int             code)
{
  g_autoptr(GError) error = NULL;

  g_ptr_array_set_size (self->sources, 0);
  if (self->reserve >= 0)
    close (self->reserve);
  self->reserve = -1;
  devssh_deadline_set (&self->resume, self->context,
                       devssh_context_get_time (self->context) + PAUSE, devssh_acceptor_resume_cb);

  error = g_error_new (G_IO_ERROR, g_io_error_from_errno (code), "Could not accept a connection: %s",
                       g_strerror (code));
  self->failed (error, self->user_data);
}

static void
devssh_acceptor_hand_out (DevSshAcceptor *self,
                          int             fd)
{
  g_autoptr(GSocketConnection) connection = NULL;
  g_autoptr(GSocket) socket = NULL;
  g_autoptr(GError) error = NULL;

  /* It takes the descriptor over if it succeeds. */
  socket = g_socket_new_from_fd (fd, &error);
  if (socket == NULL)
    {
      close (fd);
      self->failed (error, self->user_data);
      return;
    }
  connection = g_socket_connection_factory_create_connection (socket);
  self->accepted (connection, self->user_data);
}

/* FALSE: no more for now. */
static gboolean
devssh_acceptor_accept_one (DevSshAcceptor *self,
                            GSocket        *listener)
{
  int fd = accept4 (g_socket_get_fd (listener), NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

  if (fd >= 0)
    {
      devssh_acceptor_hand_out (self, fd);
      return TRUE;
    }

  switch (errno)
    {
    case EAGAIN:
      return FALSE;

    case EINTR:
    case ECONNABORTED:
    /* accept(2): errors of the network that was to be accepted from are told here, too. */
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENETUNREACH:
      return TRUE;

    default:
      /* EMFILE, ENFILE, ENOMEM, ENOBUFS; and what nobody has thought of must not spin either. */
      devssh_acceptor_pause (self, errno);
      return FALSE;
    }
}

static gboolean
devssh_acceptor_ready_cb (GSocket      *listener,
                          GIOCondition  condition,
                          gpointer      user_data)
{
  DevSshAcceptor *self = user_data;

  self->ref_count++;
  for (int i = 0; i < ACCEPTS_PER_TURN && self->accepted != NULL; i++)
    if (!devssh_acceptor_accept_one (self, listener))
      break;
  devssh_acceptor_unref (self);
  return G_SOURCE_CONTINUE;
}

static void
devssh_acceptor_watch (DevSshAcceptor *self,
                       GSocket        *socket)
{
  GSource *source = g_socket_create_source (socket, G_IO_IN, NULL);

  g_source_set_callback (source, G_SOURCE_FUNC (devssh_acceptor_ready_cb), self, NULL);
  g_source_set_static_name (source, "[libdevssh] listener");
  g_source_set_can_recurse (source, TRUE);   /* design D12 */
  g_source_attach (source, devssh_context_get_main_context (self->context));
  g_ptr_array_add (self->sources, source);
}

static void
devssh_acceptor_start (DevSshAcceptor *self)
{
  for (guint i = 0; i < self->sockets->len; i++)
    devssh_acceptor_watch (self, self->sockets->pdata[i]);
}

/* ---- listening ---- */

static GSocket *
devssh_acceptor_bind (GInetAddress  *address,
                      guint16        port,
                      gboolean       both_families,
                      GError       **error)
{
  GSocketFamily family = g_inet_address_get_family (address);
  g_autoptr(GSocketAddress) socket_address = g_inet_socket_address_new (address, port);
  g_autoptr(GSocket) socket = g_socket_new (family, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);

  if (socket == NULL)
    return NULL;

  if (family == G_SOCKET_FAMILY_IPV6 &&
      !g_socket_set_option (socket, IPPROTO_IPV6, IPV6_V6ONLY, !both_families, error))
    return NULL;

  g_socket_set_listen_backlog (socket, BACKLOG);
  if (!g_socket_bind (socket, socket_address, TRUE, error) || !g_socket_listen (socket, error))
    return NULL;
  return g_steal_pointer (&socket);
}

static guint16
devssh_socket_get_local_port (GSocket *socket)
{
  g_autoptr(GSocketAddress) address = g_socket_get_local_address (socket, NULL);

  if (address == NULL || !G_IS_INET_SOCKET_ADDRESS (address))
    return 0;
  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
}

/* Is the other family missing here, rather than the port taken? */
static gboolean
devssh_acceptor_is_absent (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED) ||
         /* EADDRNOTAVAIL: IPv6 is compiled in and turned off. */
         g_error_matches (error, G_IO_ERROR, g_io_error_from_errno (EADDRNOTAVAIL)) ||
         g_error_matches (error, G_IO_ERROR, g_io_error_from_errno (EAFNOSUPPORT));
}

/* 127.0.0.1, and ::1 with the same port if there is IPv6: "localhost" is both. */
static guint16
devssh_acceptor_listen_loopback (DevSshAcceptor  *self,
                                 guint16          port,
                                 GError         **error)
{
  g_autoptr(GInetAddress) loopback4 = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr(GInetAddress) loopback6 = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV6);

  for (int tries = 1;; tries++)
    {
      g_autoptr(GSocket) first = devssh_acceptor_bind (loopback4, port, FALSE, error);
      g_autoptr(GSocket) second = NULL;
      g_autoptr(GError) second_error = NULL;
      guint16 chosen;

      if (first == NULL)
        return 0;
      chosen = devssh_socket_get_local_port (first);
      second = devssh_acceptor_bind (loopback6, chosen, FALSE, &second_error);

      if (second == NULL && !devssh_acceptor_is_absent (second_error))
        {
          if (port == 0 && tries < PORT_TRIES)
            continue;
          g_propagate_error (error, g_steal_pointer (&second_error));
          return 0;
        }

      devssh_acceptor_add (self, first);
      if (second != NULL)
        devssh_acceptor_add (self, second);
      return chosen;
    }
}

static guint16
devssh_acceptor_listen_any (DevSshAcceptor  *self,
                            guint16          port,
                            GError         **error)
{
  g_autoptr(GInetAddress) any6 = g_inet_address_new_any (G_SOCKET_FAMILY_IPV6);
  g_autoptr(GInetAddress) any4 = g_inet_address_new_any (G_SOCKET_FAMILY_IPV4);
  g_autoptr(GError) error6 = NULL;
  g_autoptr(GSocket) socket = devssh_acceptor_bind (any6, port, TRUE, &error6);

  if (socket == NULL && devssh_acceptor_is_absent (error6))
    socket = devssh_acceptor_bind (any4, port, FALSE, error);
  else if (socket == NULL)
    g_propagate_error (error, g_steal_pointer (&error6));
  if (socket == NULL)
    return 0;

  devssh_acceptor_add (self, socket);
  return devssh_socket_get_local_port (socket);
}

guint16
devssh_acceptor_listen (DevSshAcceptor  *self,
                        const char      *address,
                        guint16          port,
                        GError         **error)
{
  g_autoptr(GInetAddress) parsed = NULL;
  g_autoptr(GSocket) socket = NULL;

  if (address == NULL || g_ascii_strcasecmp (address, "localhost") == 0)
    return devssh_acceptor_listen_loopback (self, port, error);
  if (address[0] == '\0')
    return devssh_acceptor_listen_any (self, port, error);

  parsed = g_inet_address_new_from_string (address);
  if (parsed == NULL)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED, "'%s' is not an IP address", address);
      return 0;
    }

  socket = devssh_acceptor_bind (parsed, port, FALSE, error);
  if (socket == NULL)
    return 0;
  devssh_acceptor_add (self, socket);
  return devssh_socket_get_local_port (socket);
}

static gboolean
devssh_acceptor_note_path (DevSshAcceptor  *self,
                           const char      *path,
                           GError         **error)
{
  OwnPath own;
  GStatBuf now;

  if (g_lstat (path, &now) != 0)
    {
      int code = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "The new socket is not there: %s", g_strerror (code));
      return FALSE;
    }
  own.path = g_strdup (path);
  own.device = now.st_dev;
  own.inode = now.st_ino;
  g_array_append_val (self->paths, own);
  return TRUE;
}

static gboolean
devssh_acceptor_listen_unix (DevSshAcceptor      *self,
                             GUnixSocketAddress  *address,
                             GError             **error)
{
  gboolean has_path = g_unix_socket_address_get_address_type (address) == G_UNIX_SOCKET_ADDRESS_PATH;
  g_autoptr(GSocket) socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, error);

  if (socket == NULL)
    return FALSE;

  g_socket_set_listen_backlog (socket, BACKLOG);
  /* Linux gives the file the mode of the descriptor: there is no moment at which others could connect, and no umask to change. */
  if (has_path && fchmod (g_socket_get_fd (socket), S_IRUSR | S_IWUSR) != 0)
    {
      int code = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "Could not protect the socket: %s", g_strerror (code));
      return FALSE;
    }
  if (!g_socket_bind (socket, G_SOCKET_ADDRESS (address), FALSE, error))
    return FALSE;
  if (has_path && !devssh_acceptor_note_path (self, g_unix_socket_address_get_path (address), error))
    return FALSE;
  if (!g_socket_listen (socket, error))
    return FALSE;
  devssh_acceptor_add (self, socket);
  return TRUE;
}

gboolean
devssh_acceptor_listen_address (DevSshAcceptor  *self,
                                GSocketAddress  *address,
                                GError         **error)
{
  if (G_IS_INET_SOCKET_ADDRESS (address))
    {
      GInetSocketAddress *inet = G_INET_SOCKET_ADDRESS (address);
      g_autoptr(GSocket) socket = devssh_acceptor_bind (g_inet_socket_address_get_address (inet),
                                                        g_inet_socket_address_get_port (inet), FALSE, error);

      if (socket == NULL)
        return FALSE;
      devssh_acceptor_add (self, socket);
      return TRUE;
    }
  if (G_IS_UNIX_SOCKET_ADDRESS (address))
    return devssh_acceptor_listen_unix (self, G_UNIX_SOCKET_ADDRESS (address), error);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "Nobody can listen at a %s", G_OBJECT_TYPE_NAME (address));
  return FALSE;
}

void
devssh_acceptor_add (DevSshAcceptor *self,
                     GSocket        *socket)
{
  g_autoptr(GSocketAddress) address = g_socket_get_local_address (socket, NULL);

  g_ptr_array_add (self->sockets, g_object_ref (socket));
  if (self->resume.context == NULL)
    devssh_acceptor_watch (self, socket);
  if (address != NULL)
    self->listening (address, self->user_data);
}

guint16
devssh_acceptor_get_port (DevSshAcceptor *self)
{
  return self->sockets->len > 0 ? devssh_socket_get_local_port (self->sockets->pdata[0]) : 0;
}

/* ---- life ---- */

DevSshAcceptor *
devssh_acceptor_new (DevSshContext          *context,
                     DevSshAcceptedFunc      accepted,
                     DevSshAcceptFailedFunc  failed,
                     DevSshListeningFunc     listening,
                     gpointer                user_data)
{
  DevSshAcceptor *self = g_new0 (DevSshAcceptor, 1);

  self->ref_count = 1;
  self->context = devssh_context_ref (context);
  self->accepted = accepted;
  self->failed = failed;
  self->listening = listening;
  self->user_data = user_data;
  self->sockets = g_ptr_array_new_with_free_func (g_object_unref);
  self->paths = g_array_new (FALSE, FALSE, sizeof (OwnPath));
  g_array_set_clear_func (self->paths, own_path_clear);
  self->sources = g_ptr_array_new_with_free_func (devssh_acceptor_source_free);
  self->reserve = -1;
  devssh_acceptor_take_reserve (self);
  return self;
}

void
devssh_acceptor_free (DevSshAcceptor *self)
{
  self->accepted = NULL;
  devssh_deadline_clear (&self->resume);
  g_clear_pointer (&self->sources, g_ptr_array_unref);
  for (guint i = 0; i < self->sockets->len; i++)
    g_socket_close (self->sockets->pdata[i], NULL);
  g_array_set_size (self->paths, 0);
  if (self->reserve >= 0)
    close (self->reserve);
  self->reserve = -1;
  devssh_acceptor_unref (self);
}
