/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What could go wrong between a name and a file (threat T-87). Folders are followed wherever they lead; their last name is not. */
#include "devssh-forwarding-unix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <gio/gunixsocketaddress.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTEN_BACKLOG 512

#ifndef O_PATH
#define O_PATH O_RDONLY
#endif

struct _DevSshForwardingPath
{
  int    folder;     /* -1: none */
  char  *name;       /* in it */
  dev_t  device;
  ino_t  inode;
};

static void
path_free (DevSshForwardingPath *file)
{
  if (file->folder >= 0)
    close (file->folder);
  g_free (file->name);
  g_free (file);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DevSshForwardingPath, path_free)

static void
set_errno (GError     **error,
           int          code,
           const char  *path)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "“%s”: %s", path, g_strerror (code));
}

/* The folder of a path, opened, so that it stays the same one; its last name is not looked at. */
static DevSshForwardingPath *
path_open (const char  *path,
           GError     **error)
{
  g_autoptr(DevSshForwardingPath) file = g_new0 (DevSshForwardingPath, 1);
  const char *slash = strrchr (path, '/');
  g_autofree char *folder = slash == path ? g_strdup ("/") : g_strndup (path, slash - path);

  file->name = g_strdup (slash + 1);
  file->folder = open (folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (file->folder < 0)
    {
      set_errno (error, errno, folder);
      return NULL;
    }

  if (*file->name == '\0')
    {
      set_errno (error, EISDIR, path);
      return NULL;
    }

  return g_steal_pointer (&file);
}

static gboolean
path_look (DevSshForwardingPath *file,
           struct stat          *found)
{
  return fstatat (file->folder, file->name, found, AT_SYMLINK_NOFOLLOW) == 0;
}

static GSocketAddress *
address_for (const char  *path,
             GError     **error)
{
  struct sockaddr_un native;

  if (strlen (path) < sizeof native.sun_path)
    return g_unix_socket_address_new (path);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FILENAME_TOO_LONG, "“%s” is longer than the path of a socket can be", path);
  return NULL;
}

/* ---- listening ---- */

static gboolean
make_room (DevSshForwardingPath  *file,
           const char            *path,
           gboolean               replace,
           GError               **error)
{
  struct stat found;

  if (!path_look (file, &found))
    {
      if (errno == ENOENT)
        return TRUE;

      set_errno (error, errno, path);
      return FALSE;
    }

  if (!replace || !S_ISSOCK (found.st_mode) || found.st_uid != geteuid ())
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                   replace ? "“%s” exists, and is no socket of this user" : "“%s” exists", path);
      return FALSE;
    }

  if (unlinkat (file->folder, file->name, 0) == 0 || errno == ENOENT)
    return TRUE;

  set_errno (error, errno, path);
  return FALSE;
}

/* bind() makes the file, and fails on anything that has the name, a link too. Its mode is that of the socket: so nobody
 * else can open it for a moment. Where a system has another opinion of that, nobody listens. */
static gboolean
bind_for_owner (int                    fd,
                DevSshForwardingPath  *file,
                const char            *path,
                GError               **error)
{
  struct sockaddr_un native = { .sun_family = AF_UNIX };
  struct stat found;

  memcpy (native.sun_path, path, strlen (path));

  if (fchmod (fd, S_IRUSR | S_IWUSR) != 0 || bind (fd, (struct sockaddr *) &native, sizeof native) != 0)
    {
      int code = errno == EADDRINUSE ? EEXIST : errno;

      set_errno (error, code, path);
      return FALSE;
    }

  if (!path_look (file, &found) || !S_ISSOCK (found.st_mode) || found.st_uid != geteuid ())
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "“%s” is another file than the one that was made", path);
      return FALSE;
    }

  file->device = found.st_dev;
  file->inode = found.st_ino;
  if ((found.st_mode & (S_IRWXG | S_IRWXO)) == 0)
    return TRUE;

  unlinkat (file->folder, file->name, 0);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "“%s” would be open to other users", path);
  return FALSE;
}

GSocket *
devssh_forwarding_path_listen (const char            *path,
                               gboolean               replace,
                               DevSshForwardingPath **file,
                               GError               **error)
{
  g_autoptr(DevSshForwardingPath) place = NULL;
  g_autoptr(GSocketAddress) address = address_for (path, error);
  g_autoptr(GSocket) made = NULL;

  if (address == NULL || (place = path_open (path, error)) == NULL || !make_room (place, path, replace, error))
    return NULL;

  made = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, error);
  if (made == NULL || !bind_for_owner (g_socket_get_fd (made), place, path, error))
    return NULL;

  g_socket_set_listen_backlog (made, LISTEN_BACKLOG);
  if (!g_socket_listen (made, error))
    {
      devssh_forwarding_path_remove (g_steal_pointer (&place));
      return NULL;
    }

  *file = g_steal_pointer (&place);
  return g_steal_pointer (&made);
}

void
devssh_forwarding_path_remove (DevSshForwardingPath *file)
{
  struct stat found;

  if (path_look (file, &found) && found.st_dev == file->device && found.st_ino == file->inode)
    unlinkat (file->folder, file->name, 0);

  path_free (file);
}

/* ---- connecting ---- */

/* Where a folder really is, and a name in it */
static char *
real_path (DevSshForwardingPath *file)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", file->folder);
  g_autofree char *folder = realpath (link, NULL);

  if (folder == NULL)
    return NULL;

  return g_strconcat (strcmp (folder, "/") == 0 ? "" : folder, "/", file->name, NULL);
}

/* The folder is held, then its last name; what was decided on is what is connected to, by whatever names it goes later. */
GSocketAddress *
devssh_forwarding_path_find (DevSshPortForwarder  *forwarder,
                             const char           *path,
                             int                  *pin,
                             GError              **error)
{
  g_autoptr(DevSshForwardingPath) file = NULL;
  g_autofree char *real = NULL;
  g_autofree char *pinned = NULL;
  struct stat found;

  if (forwarder == NULL)
    return address_for (path, error);

  file = path_open (path, error);
  if (file == NULL)
    return NULL;

  real = real_path (file);
  *pin = openat (file->folder, file->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (real == NULL || *pin < 0 || fstat (*pin, &found) != 0)
    {
      set_errno (error, errno, path);
      return NULL;
    }

  if (!S_ISSOCK (found.st_mode) || !devssh_port_forwarder_allows_address (forwarder, path, real, 0))
    {
      g_set_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED,
                   S_ISSOCK (found.st_mode) ? "“%s” is not allowed" : "“%s” is no socket", path);
      return NULL;
    }

  pinned = g_strdup_printf ("/proc/self/fd/%d", *pin);
  return address_for (pinned, error);
}
