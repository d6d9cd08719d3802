/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What files that replace others have in common. */
#include <libdevssh/keys/devssh-new-file-private.h>

#include <libdevssh/crypto/devssh-secret-private.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define MAX_ATTEMPTS 16

int
devssh_new_file_create (int          folder,
                        const char  *prefix,
                        int          mode,
                        char       **name)
{
  for (guint attempt = 0; attempt < MAX_ATTEMPTS; attempt++)
    {
      guint64 number = 0;
      g_autofree char *tried = NULL;
      int fd;

      devssh_random ((guint8 *) &number, sizeof number);
      tried = g_strdup_printf (".%.200s-%016" G_GINT64_MODIFIER "x", prefix, number);
      fd = openat (folder, tried, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
      if (fd >= 0)
        {
          *name = g_steal_pointer (&tried);
          return fd;
        }
      if (errno != EEXIST)
        return -1;
    }

  return -1;
}

gboolean
devssh_new_file_write (int           fd,
                       const guint8 *data,
                       gsize         length)
{
  while (length > 0)
    {
      gssize n = write (fd, data, length);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return FALSE;
      data += n;
      length -= (gsize) n;
    }

  return fsync (fd) == 0;
}
