/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys from files, which have an end, and into files, which nobody else can read (T-81). */
#include <libdevssh/keys/devssh-key-file.h>

#include <libdevssh/keys/devssh-key-format-private.h>
#include <libdevssh/keys/devssh-new-file-private.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PRIVATE_MODE 0600
#define PUBLIC_MODE  0644

/**
 * DevSshKeyFileFlags:
 * @DEVSSH_KEY_FILE_NONE: write a new file, and leave alone what is there
 * @DEVSSH_KEY_FILE_REPLACE: take the place of what is there; a symbolic link is replaced and
 *   not followed
 *
 * How a file of a key is written.
 *
 * Since: 1.0
 */
G_DEFINE_FLAGS_TYPE (DevSshKeyFileFlags, devssh_key_file_flags,
                     G_DEFINE_ENUM_VALUE (DEVSSH_KEY_FILE_NONE, "none"),
                     G_DEFINE_ENUM_VALUE (DEVSSH_KEY_FILE_REPLACE, "replace"))

/* ---- saving ---- */

typedef struct
{
  char *path;          /* for people */
  char *name;          /* in the folder */
  char *new_name;      /* until it is complete; NULL: there is none */
  int   folder;
} DevSshKeySaving;

static void
devssh_key_saving_clear (DevSshKeySaving *self)
{
  if (self->new_name != NULL)
    unlinkat (self->folder, self->new_name, 0);
  if (self->folder >= 0)
    close (self->folder);
  g_free (self->new_name);
  g_free (self->name);
  g_free (self->path);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DevSshKeySaving, devssh_key_saving_clear)

static gboolean
devssh_key_saving_fail (DevSshKeySaving  *self,
                        int               number,
                        GError          **error)
{
  g_autofree char *shown = g_filename_display_name (self->path);

  g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (number), "%s: %s", shown,
               g_strerror (number));
  return FALSE;
}

static gboolean
devssh_key_saving_begin (DevSshKeySaving  *self,
                         GFile            *file,
                         GError          **error)
{
  g_autofree char *folder = NULL;

  self->path = g_file_get_path (file);
  if (self->path == NULL)
    {
      g_autofree char *shown = g_file_get_parse_name (file);

      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "%s: keys are saved in local files only", shown);
      return FALSE;
    }
  folder = g_path_get_dirname (self->path);
  self->name = g_path_get_basename (self->path);
  self->folder = open (folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return self->folder >= 0 || devssh_key_saving_fail (self, errno, error);
}

/* Under its own name only when it is whole and on the disk. */
static gboolean
devssh_key_saving_rename (DevSshKeySaving *self,
                          gboolean         replace)
{
  int result = replace
               ? renameat (self->folder, self->new_name, self->folder, self->name)
               : renameat2 (self->folder, self->new_name, self->folder, self->name, RENAME_NOREPLACE);

  if (result == 0)
    {
      g_clear_pointer (&self->new_name, g_free);
      return TRUE;
    }
  /* Not every file system knows how not to replace; a second name for the same file does not, either,
   * and the first one is removed in the end. */
  if (!replace && (errno == EINVAL || errno == ENOSYS))
    return linkat (self->folder, self->new_name, self->folder, self->name, 0) == 0;
  return FALSE;
}

static gboolean
devssh_key_save (GFile               *file,
                 GBytes              *text,
                 int                  mode,
                 DevSshKeyFileFlags   flags,
                 GCancellable        *cancellable,
                 GError             **error)
{
  g_auto(DevSshKeySaving) saving = { NULL, NULL, NULL, -1 };
  gsize length = 0;
  const guint8 *data = g_bytes_get_data (text, &length);
  gboolean written = FALSE;
  int fd = -1, number = 0;

  if (g_cancellable_set_error_if_cancelled (cancellable, error) ||
      !devssh_key_saving_begin (&saving, file, error))
    return FALSE;

  fd = devssh_new_file_create (saving.folder, "devssh-key", mode, &saving.new_name);
  if (fd < 0)
    return devssh_key_saving_fail (&saving, errno, error);
  /* Whatever the umask left of it. */
  written = fchmod (fd, (mode_t) mode) == 0 && devssh_new_file_write (fd, data, length);
  number = errno;
  if (close (fd) != 0 && written)
    {
      written = FALSE;
      number = errno;
    }
  if (!written)
    return devssh_key_saving_fail (&saving, number, error);

  if (!devssh_key_saving_rename (&saving, (flags & DEVSSH_KEY_FILE_REPLACE) != 0))
    return devssh_key_saving_fail (&saving, errno, error);

  /* So that the name is on the disk as well; a folder that cannot be read has to do without. */
  fd = openat (saving.folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0)
    {
      fsync (fd);
      close (fd);
    }
  return TRUE;
}

/* ---- what threads are given ---- */

typedef struct
{
  GFile              *file;
  DevSshKeyFormat     format;
  DevSshKeyFileFlags  flags;
  char               *passphrase;
} DevSshKeyFileWork;

static void
devssh_key_file_work_free (gpointer data)
{
  DevSshKeyFileWork *self = data;

  g_object_unref (self->file);
  devssh_secret_strfree (self->passphrase);
  g_free (self);
}

static void
devssh_key_file_work_run (GTask              *task,
                          GFile              *file,
                          DevSshKeyFormat     format,
                          DevSshKeyFileFlags  flags,
                          const char         *passphrase,
                          GTaskThreadFunc     thread)
{
  DevSshKeyFileWork *work = g_new0 (DevSshKeyFileWork, 1);

  work->file = g_object_ref (file);
  work->format = format;
  work->flags = flags;
  work->passphrase = devssh_secret_strdup (passphrase);
  g_task_set_task_data (task, work, devssh_key_file_work_free);
  g_task_run_in_thread (task, thread);
}

/* ---- reading ---- */

/**
 * devssh_key_pair_import_file:
 * @file: a key file
 * @format: as for [func@KeyPair.import_data]
 * @passphrase: (nullable): as for [func@KeyPair.import_data]
 * @cancellable: (nullable): a way to give up
 *
 * Reads a key from a file, and waits for it. See [func@KeyPair.import_file_async] for not waiting.
 *
 * Fails as [func@KeyPair.import_data] does, and with the errors of reading a file.
 *
 * Returns: (transfer full): the key
 *
 * Since: 1.0
 */
DevSshKeyPair *
devssh_key_pair_import_file (GFile            *file,
                             DevSshKeyFormat   format,
                             const char       *passphrase,
                             GCancellable     *cancellable,
                             GError          **error)
{
  g_autoptr(GFileInputStream) stream = NULL;
  g_autoptr(DevSshSecret) buffer = NULL;
  gsize length = 0;

  g_return_val_if_fail (G_IS_FILE (file), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  stream = g_file_read (file, cancellable, error);
  if (stream == NULL)
    return NULL;

  /* One byte more than there may be, so that what is too large shows. */
  buffer = devssh_secret_new (DEVSSH_KEY_FILE_MAX_SIZE + 1);
  if (!g_input_stream_read_all (G_INPUT_STREAM (stream), buffer->data, buffer->length, &length,
                                cancellable, error))
    return NULL;
  return devssh_key_read ((DevSshSlice) { buffer->data, length }, format, passphrase, error);
}

static void
devssh_key_pair_import_file_thread (GTask        *task,
                                    gpointer      source_object,
                                    gpointer      task_data,
                                    GCancellable *cancellable)
{
  DevSshKeyFileWork *work = task_data;
  g_autoptr(GError) error = NULL;
  DevSshKeyPair *key = devssh_key_pair_import_file (work->file, work->format, work->passphrase,
                                                    cancellable, &error);

  if (key != NULL)
    g_task_return_pointer (task, key, g_object_unref);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

/**
 * devssh_key_pair_import_file_async:
 * @file: a key file
 * @format: as for [func@KeyPair.import_data]
 * @passphrase: (nullable): as for [func@KeyPair.import_data]
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the key is there
 * @user_data: for @callback
 *
 * Reads a key from a file, in a thread of its own.
 *
 * Since: 1.0
 */
void
devssh_key_pair_import_file_async (GFile               *file,
                                   DevSshKeyFormat      format,
                                   const char          *passphrase,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (G_IS_FILE (file));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_key_pair_import_file_async);
  g_task_set_return_on_cancel (task, TRUE);
  devssh_key_file_work_run (task, file, format, DEVSSH_KEY_FILE_NONE, passphrase,
                            devssh_key_pair_import_file_thread);
}

/**
 * devssh_key_pair_import_file_finish:
 * @result: what the callback was given
 *
 * Ends what [func@KeyPair.import_file_async] began.
 *
 * Fails as [func@KeyPair.import_file] does.
 *
 * Returns: (transfer full): the key
 *
 * Since: 1.0
 */
DevSshKeyPair *
devssh_key_pair_import_file_finish (GAsyncResult  *result,
                                    GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, devssh_key_pair_import_file_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- writing ---- */

/**
 * devssh_key_pair_export_public_file:
 * @self: a key
 * @file: where to write it, a local file
 * @format: as for [method@KeyPair.export_public]
 * @flags: whether a file that is there may be replaced
 * @cancellable: (nullable): a way to give up
 *
 * Writes the public half of the key into a file that all may read (mode 0644), and waits for it. The
 * file is whole and on the disk before it has its name; if anything fails, what was there is there
 * still.
 *
 * Fails as [method@KeyPair.export_public] does, with %G_IO_ERROR_EXISTS if there is something of that
 * name that may not be replaced, with %G_IO_ERROR_NOT_SUPPORTED if @file is not a local one, and with
 * the errors of writing a file.
 *
 * Returns: %TRUE if it was written
 *
 * Since: 1.0
 */
gboolean
devssh_key_pair_export_public_file (DevSshKeyPair       *self,
                                    GFile               *file,
                                    DevSshKeyFormat      format,
                                    DevSshKeyFileFlags   flags,
                                    GCancellable        *cancellable,
                                    GError             **error)
{
  g_autoptr(GBytes) text = NULL;

  g_return_val_if_fail (DEVSSH_IS_KEY_PAIR (self), FALSE);
  g_return_val_if_fail (G_IS_FILE (file), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  text = devssh_key_pair_export_public (self, format, error);
  return text != NULL && devssh_key_save (file, text, PUBLIC_MODE, flags, cancellable, error);
}

/**
 * devssh_key_pair_export_private_file:
 * @self: a key with its private half
 * @file: where to write it, a local file
 * @format: as for [method@KeyPair.export_private]
 * @passphrase: (nullable): as for [method@KeyPair.export_private]
 * @flags: whether a file that is there may be replaced
 * @cancellable: (nullable): a way to give up
 *
 * Writes both halves of the key into a file that its owner alone may read (mode 0600 from the first
 * moment, whatever the umask is), and waits for it. The file is whole and on the disk before it has
 * its name; if anything fails, what was there is there still.
 *
 * Fails as [method@KeyPair.export_private] does, with %G_IO_ERROR_EXISTS if there is something of that
 * name that may not be replaced, with %G_IO_ERROR_NOT_SUPPORTED if @file is not a local one, and with
 * the errors of writing a file.
 *
 * Returns: %TRUE if it was written
 *
 * Since: 1.0
 */
gboolean
devssh_key_pair_export_private_file (DevSshKeyPair       *self,
                                     GFile               *file,
                                     DevSshKeyFormat      format,
                                     const char          *passphrase,
                                     DevSshKeyFileFlags   flags,
                                     GCancellable        *cancellable,
                                     GError             **error)
{
  g_autoptr(GBytes) text = NULL;

  g_return_val_if_fail (DEVSSH_IS_KEY_PAIR (self), FALSE);
  g_return_val_if_fail (G_IS_FILE (file), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  text = devssh_key_pair_export_private (self, format, passphrase, error);
  return text != NULL && devssh_key_save (file, text, PRIVATE_MODE, flags, cancellable, error);
}

static void
devssh_key_pair_export_file_return (GTask    *task,
                                    gboolean  written,
                                    GError   *error)
{
  if (written)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
devssh_key_pair_export_public_file_thread (GTask        *task,
                                           gpointer      source_object,
                                           gpointer      task_data,
                                           GCancellable *cancellable)
{
  DevSshKeyFileWork *work = task_data;
  GError *error = NULL;
  gboolean written = devssh_key_pair_export_public_file (source_object, work->file, work->format,
                                                         work->flags, cancellable, &error);

  devssh_key_pair_export_file_return (task, written, error);
}

static void
devssh_key_pair_export_private_file_thread (GTask        *task,
                                            gpointer      source_object,
                                            gpointer      task_data,
                                            GCancellable *cancellable)
{
  DevSshKeyFileWork *work = task_data;
  GError *error = NULL;
  gboolean written = devssh_key_pair_export_private_file (source_object, work->file, work->format,
                                                          work->passphrase, work->flags, cancellable,
                                                          &error);

  devssh_key_pair_export_file_return (task, written, error);
}

/**
 * devssh_key_pair_export_public_file_async:
 * @self: a key, which must not be changed meanwhile
 * @file: where to write it, a local file
 * @format: as for [method@KeyPair.export_public]
 * @flags: whether a file that is there may be replaced
 * @cancellable: (nullable): a way to give up, as long as nothing is written yet
 * @callback: (scope async) (closure user_data): called when it is written, or has failed
 * @user_data: for @callback
 *
 * Writes the public half of the key into a file, in a thread of its own, as
 * [method@KeyPair.export_public_file] does.
 *
 * Since: 1.0
 */
void
devssh_key_pair_export_public_file_async (DevSshKeyPair       *self,
                                          GFile               *file,
                                          DevSshKeyFormat      format,
                                          DevSshKeyFileFlags   flags,
                                          GCancellable        *cancellable,
                                          GAsyncReadyCallback  callback,
                                          gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (DEVSSH_IS_KEY_PAIR (self));
  g_return_if_fail (G_IS_FILE (file));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_key_pair_export_public_file_async);
  devssh_key_file_work_run (task, file, format, flags, NULL, devssh_key_pair_export_public_file_thread);
}

/**
 * devssh_key_pair_export_public_file_finish:
 * @self: the key
 * @result: what the callback was given
 *
 * Ends what [method@KeyPair.export_public_file_async] began.
 *
 * Fails as [method@KeyPair.export_public_file] does, or with %G_IO_ERROR_CANCELLED.
 *
 * Returns: %TRUE if it was written
 *
 * Since: 1.0
 */
gboolean
devssh_key_pair_export_public_file_finish (DevSshKeyPair  *self,
                                           GAsyncResult   *result,
                                           GError        **error)
{
  g_return_val_if_fail (DEVSSH_IS_KEY_PAIR (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, devssh_key_pair_export_public_file_async),
                        FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * devssh_key_pair_export_private_file_async:
 * @self: a key with its private half, which must not be changed meanwhile
 * @file: where to write it, a local file
 * @format: as for [method@KeyPair.export_private]
 * @passphrase: (nullable): as for [method@KeyPair.export_private]
 * @flags: whether a file that is there may be replaced
 * @cancellable: (nullable): a way to give up, as long as nothing is written yet
 * @callback: (scope async) (closure user_data): called when it is written, or has failed
 * @user_data: for @callback
 *
 * Writes both halves of the key into a file, in a thread of its own, as
 * [method@KeyPair.export_private_file] does.
 *
 * Since: 1.0
 */
void
devssh_key_pair_export_private_file_async (DevSshKeyPair       *self,
                                           GFile               *file,
                                           DevSshKeyFormat      format,
                                           const char          *passphrase,
                                           DevSshKeyFileFlags   flags,
                                           GCancellable        *cancellable,
                                           GAsyncReadyCallback  callback,
                                           gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (DEVSSH_IS_KEY_PAIR (self));
  g_return_if_fail (G_IS_FILE (file));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_key_pair_export_private_file_async);
  devssh_key_file_work_run (task, file, format, flags, passphrase,
                            devssh_key_pair_export_private_file_thread);
}

/**
 * devssh_key_pair_export_private_file_finish:
 * @self: the key
 * @result: what the callback was given
 *
 * Ends what [method@KeyPair.export_private_file_async] began.
 *
 * Fails as [method@KeyPair.export_private_file] does, or with %G_IO_ERROR_CANCELLED.
 *
 * Returns: %TRUE if it was written
 *
 * Since: 1.0
 */
gboolean
devssh_key_pair_export_private_file_finish (DevSshKeyPair  *self,
                                            GAsyncResult   *result,
                                            GError        **error)
{
  g_return_val_if_fail (DEVSSH_IS_KEY_PAIR (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, devssh_key_pair_export_private_file_async),
                        FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
