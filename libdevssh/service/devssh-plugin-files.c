/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trust in files: whose they are, who may write them, and where they really lie (threat T-83). */
#include <libdevssh/service/devssh-plugin-files-private.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gstdio.h>
#include <libdevssh/base/devssh-error.h>

G_GNUC_PRINTF (3, 4)
static void
set_error (GError     **error,
           const char  *path,
           const char  *format,
           ...)
{
  g_autofree char *reason = NULL;
  g_autofree char *display = g_filename_display_name (path);
  va_list args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);

  g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_PLUGIN, "%s: %s", display, reason);
}

static char *
resolve (const char  *path,
         GError     **error)
{
  char *resolved = realpath (path, NULL);
  g_autofree char *copy = g_strdup (resolved);

  if (resolved == NULL)
    set_error (error, path, "%s", g_strerror (errno));

  free (resolved);

  return g_steal_pointer (&copy);
}

/* Whoever can write here decides what this process runs. */
static gboolean
check_trust (const char         *path,
             const struct stat  *info,
             GError            **error)
{
  if (info->st_uid != 0 && info->st_uid != geteuid ())
    {
      set_error (error, path, "belongs to user %u, not to root or the current user",
                 (guint) info->st_uid);
      return FALSE;
    }

  if ((info->st_mode & (S_IWGRP | S_IWOTH)) != 0)
    {
      set_error (error, path, "can be written by %s (mode %04o)",
                 (info->st_mode & S_IWOTH) != 0 ? "everybody" : "its group",
                 (guint) info->st_mode & 07777);
      return FALSE;
    }

  return TRUE;
}

char *
devssh_plugin_files_resolve_directory (const char  *path,
                                       GError     **error)
{
  g_autofree char *resolved = NULL;
  struct stat info;

  if (!g_path_is_absolute (path))
    {
      set_error (error, path, "is not an absolute path");
      return NULL;
    }

  resolved = resolve (path, error);
  if (resolved == NULL)
    return NULL;

  if (stat (resolved, &info) != 0)
    {
      set_error (error, path, "%s", g_strerror (errno));
      return NULL;
    }

  if (!S_ISDIR (info.st_mode))
    {
      set_error (error, path, "is not a directory");
      return NULL;
    }

  if (!check_trust (path, &info, error))
    return NULL;

  return g_steal_pointer (&resolved);
}

static gboolean
check_file (const char         *path,
            const struct stat  *info,
            GError            **error)
{
  if (!S_ISREG (info->st_mode))
    {
      set_error (error, path, "is not a regular file");
      return FALSE;
    }

  return check_trust (path, info, error);
}

char *
devssh_plugin_files_resolve (const char  *directory,
                             const char  *name,
                             GError     **error)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);
  g_autofree char *resolved = NULL;
  g_autofree char *where = NULL;
  struct stat info;

  if (*name == '\0' || strchr (name, G_DIR_SEPARATOR) != NULL)
    {
      set_error (error, path, "is not the name of a file");
      return NULL;
    }

  resolved = resolve (path, error);
  if (resolved == NULL)
    return NULL;

  /* A link may name another file here, but not lead out: the other place has not been checked. */
  where = g_path_get_dirname (resolved);
  if (strcmp (where, directory) != 0)
    {
      g_autofree char *display = g_filename_display_name (resolved);

      set_error (error, path, "leads out of its directory, to %s", display);
      return NULL;
    }

  if (stat (resolved, &info) != 0)
    {
      set_error (error, path, "%s", g_strerror (errno));
      return NULL;
    }

  if (!check_file (path, &info, error))
    return NULL;

  return g_steal_pointer (&resolved);
}

static gboolean
read_all (int          fd,
          guint8      *data,
          gsize        size,
          const char  *path,
          GError     **error)
{
  gsize done = 0;

  while (done < size)
    {
      gssize n = read (fd, data + done, size - done);

      if (n < 0 && errno == EINTR)
        continue;

      if (n <= 0)
        {
          set_error (error, path, "%s", n < 0 ? g_strerror (errno) : "ends too early");
          return FALSE;
        }

      done += n;
    }

  return TRUE;
}

GBytes *
devssh_plugin_files_read (const char  *path,
                          gsize        max_size,
                          GError     **error)
{
  g_autofree guint8 *data = NULL;
  g_autoptr(GBytes) bytes = NULL;
  struct stat info;
  int fd;

  /* O_NONBLOCK: a pipe put in its place must not stop us; O_NOFOLLOW: links were followed already. */
  fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0)
    {
      set_error (error, path, "%s", g_strerror (errno));
      return NULL;
    }

  if (fstat (fd, &info) != 0)
    set_error (error, path, "%s", g_strerror (errno));
  else if (check_file (path, &info, error))
    {
      if ((guint64) info.st_size > max_size)
        set_error (error, path, "has more than %" G_GSIZE_FORMAT " bytes", max_size);
      else
        {
          data = g_malloc (MAX (info.st_size, 1));
          if (read_all (fd, data, info.st_size, path, error))
            bytes = g_bytes_new_take (g_steal_pointer (&data), info.st_size);
        }
    }

  close (fd);

  return g_steal_pointer (&bytes);
}
