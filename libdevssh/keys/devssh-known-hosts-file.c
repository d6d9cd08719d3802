/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file that several programs read and write is changed as a whole: whoever reads sees the old one or the new one, and
 * what others have written meanwhile is not lost. */
#include <libdevssh/keys/devssh-known-hosts-private.h>
#include <libdevssh/keys/devssh-new-file-private.h>

#include <libdevssh/base/devssh-error.h>
#include <libdevssh/crypto/devssh-secret-private.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* How often we begin anew when programs that do not lock change the file under us. */
#define MAX_ATTEMPTS   20
#define MAX_LINKS      20
/* Whoever holds the lock reads and writes one file. */
#define LOCK_PATIENCE  (10 * G_USEC_PER_SEC)
#define LOCK_INTERVAL  (5 * 1000)

/* ---- reading ---- */

gboolean
devssh_known_hosts_check_size (gsize    length,
                               GError **error)
{
  if (length <= DEVSSH_KNOWN_HOSTS_MAX_SIZE)
    return TRUE;

  g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_LIMIT,
               "The file of known hosts has more than %d bytes", DEVSSH_KNOWN_HOSTS_MAX_SIZE);
  return FALSE;
}

GBytes *
devssh_known_hosts_file_read (GFile         *file,
                              GCancellable  *cancellable,
                              GError       **error)
{
  g_autoptr(GFileInputStream) stream = g_file_read (file, cancellable, error);
  g_autoptr(GByteArray) data = g_byte_array_new ();
  guint8 piece[16 * 1024];
  gssize n;

  if (stream == NULL)
    return NULL;
  while ((n = g_input_stream_read (G_INPUT_STREAM (stream), piece, sizeof piece, cancellable, error)) > 0)
    {
      g_byte_array_append (data, piece, (guint) n);
      if (!devssh_known_hosts_check_size (data->len, error))
        return NULL;
    }
  return n == 0 ? g_byte_array_free_to_bytes (g_steal_pointer (&data)) : NULL;
}

/* ---- small things of the system ---- */

static gboolean
fail (GError     **error,
      const char  *path,
      const char  *what)
{
  int code = errno;

  g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (code), "%s: %s: %s", path, what, g_strerror (code));
  return FALSE;
}

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
}

#define AUTO_FD __attribute__ ((cleanup (close_fd))) int

/* From offset to the end. */
static gboolean
read_rest (int         fd,
           GByteArray *data,
           gsize       offset,
           GError    **error)
{
  guint8 piece[16 * 1024];

  for (;;)
    {
      gssize n = pread (fd, piece, sizeof piece, (off_t) offset);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return fail (error, "known hosts", "reading");
      if (n == 0)
        return TRUE;
      g_byte_array_append (data, piece, (guint) n);
      offset += (gsize) n;
      if (!devssh_known_hosts_check_size (data->len, error))
        return FALSE;
    }
}

/* ---- where the file is ---- */

/* A link is one that its owner wants: the file that it leads to is changed, and the link stays. But one that a stranger
 * has put there, in a folder that everybody may write to, leads nowhere. */
static char *
follow_links (const char  *path,
              GError     **error)
{
  g_autofree char *at = g_canonicalize_filename (path, NULL);

  for (guint i = 0; i < MAX_LINKS; i++)
    {
      struct stat info;
      g_autofree char *target = NULL;
      g_autofree char *folder = NULL;
      g_autoptr(GError) reason = NULL;
      char *next = NULL;

      if (lstat (at, &info) != 0)
        {
          if (errno == ENOENT)
            return g_steal_pointer (&at);
          fail (error, at, "finding it");
          return NULL;
        }
      if (!S_ISLNK (info.st_mode))
        return g_steal_pointer (&at);
      if (info.st_uid != geteuid () && info.st_uid != 0)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                       "%s: the link belongs to somebody else, and is not followed", at);
          return NULL;
        }
      target = g_file_read_link (at, &reason);
      if (target == NULL)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s", reason->message);
          return NULL;
        }
      folder = g_path_get_dirname (at);
      next = g_canonicalize_filename (target, folder);
      g_free (at);
      at = next;
    }
  errno = ELOOP;
  fail (error, path, "following it");
  return NULL;
}

/* ---- one at a time ---- */

/* The folder is what stays when the file is replaced, so it is what gets locked; nothing is left behind. Where a
 * folder cannot be locked (NFS) only looking again is left. */
static gboolean
lock_folder (int            folder,
             const char    *path,
             GCancellable  *cancellable,
             GError       **error)
{
  gint64 until = g_get_monotonic_time () + LOCK_PATIENCE;

  while (flock (folder, LOCK_EX | LOCK_NB) != 0)
    {
      if (errno == EINTR)
        continue;
      if (errno != EWOULDBLOCK)
        return TRUE;
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (g_get_monotonic_time () > until)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "%s: another program keeps it locked", path);
          return FALSE;
        }
      g_usleep (LOCK_INTERVAL);
    }
  return TRUE;
}

/* ---- replacing ---- */

typedef struct
{
  const char  *path;           /* for errors */
  const char  *name;           /* in folder */
  int          folder;
  int          old;            /* -1: there is no file yet */
  struct stat  info;           /* of old */
  GByteArray  *text;           /* what stood in it */
} Target;

static gboolean
target_open (Target  *self,
             GError **error)
{
  /* Not blocking: who knows what lies there. */
  self->old = openat (self->folder, self->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (self->old < 0 && errno == ENOENT)
    return TRUE;
  if (self->old < 0 || fstat (self->old, &self->info) != 0)
    return fail (error, self->path, "opening it");
  if (!S_ISREG (self->info.st_mode))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE, "%s is no regular file", self->path);
      return FALSE;
    }
  return read_rest (self->old, self->text, 0, error);
}

/* Mode and owner are those of the old file; a new one is for its owner alone. */
static gboolean
target_dress (Target *self,
              int     fd)
{
  struct stat made;

  if (self->old < 0)
    return fchmod (fd, 0600) == 0;
  if (fstat (fd, &made) != 0)
    return FALSE;
  if ((made.st_uid != self->info.st_uid || made.st_gid != self->info.st_gid)
      && fchown (fd, self->info.st_uid, self->info.st_gid) != 0)
    return FALSE;
  return fchmod (fd, self->info.st_mode & 07777) == 0;
}

static int
target_make_new (Target   *self,
                 GString  *text,
                 char    **made,
                 GError  **error)
{
  g_autofree char *name = NULL;
  AUTO_FD fd = devssh_new_file_create (self->folder, self->name, 0600, &name);
  int result;

  if (fd < 0)
    {
      fail (error, self->path, "making a new file beside it");
      return -1;
    }
  if (!target_dress (self, fd) || !devssh_new_file_write (fd, (const guint8 *) text->str, text->len))
    {
      fail (error, self->path, "writing the new file beside it");
      unlinkat (self->folder, name, 0);
      return -1;
    }
  *made = g_steal_pointer (&name);
  result = fd;
  fd = -1;
  return result;
}

/* Is it still what was read? Programs that do not lock may have appended to it or replaced it. */
static gboolean
target_is_unchanged (Target *self)
{
  struct stat named, opened;

  if (self->old < 0)
    return fstatat (self->folder, self->name, &named, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
  return fstatat (self->folder, self->name, &named, AT_SYMLINK_NOFOLLOW) == 0
         && fstat (self->old, &opened) == 0
         && named.st_dev == opened.st_dev && named.st_ino == opened.st_ino
         && opened.st_size == (off_t) self->text->len
         && opened.st_mtim.tv_sec == self->info.st_mtim.tv_sec && opened.st_mtim.tv_nsec == self->info.st_mtim.tv_nsec;
}

typedef enum { PUT_DONE, PUT_AGAIN, PUT_FAILED } Put;

static Put
target_put (Target      *self,
            const char  *made,
            GError     **error)
{
  if (!target_is_unchanged (self))
    return PUT_AGAIN;

  /* A name that was free is taken only if it still is; not every file system has links. */
  if (self->old < 0)
    {
      if (linkat (self->folder, made, self->folder, self->name, 0) == 0)
        {
          unlinkat (self->folder, made, 0);
          return PUT_DONE;
        }
      if (errno == EEXIST)
        return PUT_AGAIN;
    }
  if (renameat (self->folder, made, self->folder, self->name) == 0)
    return PUT_DONE;
  fail (error, self->path, "putting the new file into its place");
  return PUT_FAILED;
}

/* Who had opened the old file before it went, as ssh does to append a line, may have written to it since. */
static gboolean
target_carry_over (Target  *self,
                   int      fd,
                   GString *text,
                   GError **error)
{
  g_autoptr(GByteArray) late = g_byte_array_new ();

  if (self->old >= 0 && !read_rest (self->old, late, self->text->len, error))
    return FALSE;
  if (late->len > 0 && text->len > 0 && text->str[text->len - 1] != '\n')
    {
      g_byte_array_prepend (late, (const guint8 *) "\n", 1);
    }
  g_string_append_len (text, (const char *) late->data, late->len);
  if (late->len > 0 && !devssh_new_file_write (fd, late->data, late->len))
    return fail (error, self->path, "writing");
  /* The name is to last, too; where folders cannot be synced there is nothing to be done. */
  fsync (self->folder);
  return TRUE;
}

/* NULL and no error: again. */
static GBytes *
target_replace (Target   *self,
                GString  *text,
                GError  **error)
{
  g_autofree char *made = NULL;
  AUTO_FD fd = target_make_new (self, text, &made, error);
  Put put;

  if (fd < 0)
    return NULL;
  put = target_put (self, made, error);
  if (put != PUT_DONE)
    unlinkat (self->folder, made, 0);
  if (put != PUT_DONE || !target_carry_over (self, fd, text, error))
    return NULL;
  return g_bytes_new (text->str, text->len);
}

static GBytes *
target_try (Target                 *self,
            DevSshKnownHostsEdit    edit,
            DevSshKnownHostsChange *change,
            GCancellable           *cancellable,
            GError                **error)
{
  g_autoptr(GString) edited = g_string_new (NULL);
  g_autoptr(GError) reason = NULL;

  if (!target_open (self, error))
    return NULL;
  if (!edit ((DevSshSlice) { self->text->data, self->text->len }, edited, change, &reason))
    {
      if (reason != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&reason));
          return NULL;
        }
      return g_bytes_new (self->text->data, self->text->len);
    }
  if (!devssh_known_hosts_check_size (edited->len, error) || g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  return target_replace (self, edited, error);
}

/* As ssh does: ~/.ssh is made for who has none yet. */
static int
open_folder (const char  *path,
             GError     **error)
{
  int folder = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (folder < 0 && errno == ENOENT && mkdir (path, 0700) == 0)
    folder = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0)
    fail (error, path, "opening the folder");
  return folder;
}

GBytes *
devssh_known_hosts_file_edit (GFile                   *file,
                              DevSshKnownHostsEdit     edit,
                              DevSshKnownHostsChange  *change,
                              GCancellable            *cancellable,
                              GError                 **error)
{
  g_autofree char *given = g_file_get_path (file);
  g_autofree char *path = NULL;
  g_autofree char *folder_path = NULL;
  g_autofree char *name = NULL;
  AUTO_FD folder = -1;

  if (given == NULL)
    {
      g_autofree char *shown = g_file_get_parse_name (file);

      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "%s: only files of this computer can be changed", shown);
      return NULL;
    }
  path = follow_links (given, error);
  if (path == NULL)
    return NULL;
  folder_path = g_path_get_dirname (path);
  name = g_path_get_basename (path);
  folder = open_folder (folder_path, error);
  if (folder < 0 || !lock_folder (folder, path, cancellable, error))
    return NULL;

  for (guint attempt = 0; attempt < MAX_ATTEMPTS; attempt++)
    {
      g_autoptr(GByteArray) text = g_byte_array_new ();
      g_autoptr(GError) reason = NULL;
      Target target = { .path = path, .name = name, .folder = folder, .old = -1, .text = text };
      GBytes *result = target_try (&target, edit, change, cancellable, &reason);

      close_fd (&target.old);
      if (result != NULL)
        return result;
      if (reason != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&reason));
          return NULL;
        }
    }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "%s: other programs keep changing it", path);
  return NULL;
}
