/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which host has which key, in the files that OpenSSH keeps. The verdicts are ssh's. */
#include <libdevssh/keys/devssh-known-hosts-private.h>

#include <libdevssh/base/devssh-error.h>

/* What was loaded, a file or a text. */
typedef struct
{
  GFile   *file;        /* NULL: a text, or what is kept in memory alone */
  char    *origin;      /* for people; may be NULL */
  GBytes  *data;
  GArray  *lines;       /* (element-type DevSshKnownHostsLine): those that have names; borrowed from data */
} Source;

struct _DevSshKnownHosts
{
  GObject    parent_instance;
  GPtrArray *sources;   /* (element-type Source), in the order in which they came */
  Source    *memory;    /* one of them: what was added and belongs into no file */
  guint      edits;     /* how many came to an end */
};

/**
 * DevSshKnownHosts:
 *
 * Which host has which key, as OpenSSH keeps it in `~/.ssh/known_hosts` and
 * `/etc/ssh/ssh_known_hosts`: names that are plain, have wildcards, are negated
 * or hashed, `[host]:port`, and lines that revoke a key.
 *
 * A client asks it in [signal@Session::authenticating], before anything of the
 * user leaves; [class@HostKeyVerifier] does that.
 *
 * It knows what its files said when they were read; [method@KnownHosts.refresh_async]
 * reads them again. Files are changed by [method@KnownHosts.add_async],
 * [method@KnownHosts.remove_async] and [method@KnownHosts.hash_async], in a thread of
 * their own and in one go: whoever reads the file sees it as it was or as it is
 * then. What others have written stays, byte for byte: comments, lines that
 * mean nothing here, and their order. The mode and the owner of the file stay,
 * too; a new one is for its owner alone. A file that is a symbolic link is
 * changed where the link leads to, if the link belongs to the user or to root.
 * Programs that use this library wait for each other; what a program that does
 * not, such as `ssh`, appends at the same time is carried over, as long as it
 * writes to the file before the new one has taken its place for good.
 *
 * Certificates of hosts are not supported yet, so lines with `@cert-authority`
 * are recognised and make nobody known. Lines that mark a key as revoked are
 * honoured also where `ssh` does not read them because of tabs.
 *
 * It belongs to the thread that made it.
 *
 * Since: 1.0
 */
G_DEFINE_FINAL_TYPE (DevSshKnownHosts, devssh_known_hosts, G_TYPE_OBJECT)

G_DEFINE_ENUM_TYPE (DevSshKnownHostsVerdict, devssh_known_hosts_verdict,
                    G_DEFINE_ENUM_VALUE (DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN, "unknown"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED, "trusted"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_KNOWN_HOSTS_VERDICT_CHANGED, "changed"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_KNOWN_HOSTS_VERDICT_REVOKED, "revoked"))

G_DEFINE_FLAGS_TYPE (DevSshKnownHostsAddFlags, devssh_known_hosts_add_flags,
                     G_DEFINE_ENUM_VALUE (DEVSSH_KNOWN_HOSTS_ADD_NONE, "none"),
                     G_DEFINE_ENUM_VALUE (DEVSSH_KNOWN_HOSTS_ADD_HASHED, "hashed"),
                     G_DEFINE_ENUM_VALUE (DEVSSH_KNOWN_HOSTS_ADD_REPLACE, "replace"))

/* ---- what was loaded ---- */

static void
source_free (gpointer data)
{
  Source *self = data;

  g_clear_object (&self->file);
  g_free (self->origin);
  g_clear_pointer (&self->data, g_bytes_unref);
  g_array_unref (self->lines);
  g_free (self);
}

static void
source_set_data (Source *self,
                 GBytes *data)
{
  DevSshKnownHostsLine line = { 0 };
  DevSshSlice text;

  g_bytes_ref (data);
  g_clear_pointer (&self->data, g_bytes_unref);
  self->data = data;
  g_array_set_size (self->lines, 0);
  text.data = g_bytes_get_data (data, &text.length);
  while (devssh_known_hosts_line_next (&text, &line))
    if (line.names.length > 0)
      g_array_append_val (self->lines, line);
}

static Source *
devssh_known_hosts_add_source (DevSshKnownHosts *self,
                               GFile            *file,
                               const char       *origin)
{
  Source *source = g_new0 (Source, 1);

  g_set_object (&source->file, file);
  source->origin = file != NULL ? g_file_get_parse_name (file) : g_strdup (origin);
  source->lines = g_array_new (FALSE, FALSE, sizeof (DevSshKnownHostsLine));
  g_ptr_array_add (self->sources, source);
  return source;
}

static Source *
devssh_known_hosts_find_source (DevSshKnownHosts *self,
                                GFile            *file)
{
  for (guint i = 0; i < self->sources->len; i++)
    {
      Source *source = self->sources->pdata[i];

      if (source->file != NULL && g_file_equal (source->file, file))
        return source;
    }
  return NULL;
}

gboolean
devssh_known_hosts_has_files (DevSshKnownHosts *self)
{
  for (guint i = 0; i < self->sources->len; i++)
    if (((const Source *) self->sources->pdata[i])->file != NULL)
      return TRUE;
  return FALSE;
}

static void
devssh_known_hosts_set_file (DevSshKnownHosts *self,
                             GFile            *file,
                             GBytes           *data)
{
  Source *source = devssh_known_hosts_find_source (self, file);

  source_set_data (source != NULL ? source : devssh_known_hosts_add_source (self, file, NULL), data);
}

static void
devssh_known_hosts_finalize (GObject *object)
{
  DevSshKnownHosts *self = DEVSSH_KNOWN_HOSTS (object);

  g_ptr_array_unref (self->sources);

  G_OBJECT_CLASS (devssh_known_hosts_parent_class)->finalize (object);
}

static void
devssh_known_hosts_class_init (DevSshKnownHostsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = devssh_known_hosts_finalize;
}

static void
devssh_known_hosts_init (DevSshKnownHosts *self)
{
  self->sources = g_ptr_array_new_with_free_func (source_free);
}

/**
 * devssh_known_hosts_new:
 *
 * Makes one that knows nobody.
 *
 * Returns: (transfer full): the known hosts
 *
 * Since: 1.0
 */
DevSshKnownHosts *
devssh_known_hosts_new (void)
{
  return g_object_new (DEVSSH_TYPE_KNOWN_HOSTS, NULL);
}

/**
 * devssh_known_hosts_load_data:
 * @self: the known hosts
 * @data: the text of a file
 * @origin: (nullable): what to call it when a line decides, such as a path
 * @error: return location for an error
 *
 * Adds what stands in @data to what is known. Lines that make no sense are
 * passed over, as `ssh` does.
 *
 * Returns: %TRUE; %FALSE and %DEVSSH_ERROR_LIMIT: more than 64 MiB
 *
 * Since: 1.0
 */
gboolean
devssh_known_hosts_load_data (DevSshKnownHosts  *self,
                              GBytes            *data,
                              const char        *origin,
                              GError           **error)
{
  g_return_val_if_fail (DEVSSH_IS_KNOWN_HOSTS (self), FALSE);
  g_return_val_if_fail (data != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!devssh_known_hosts_check_size (g_bytes_get_size (data), error))
    return FALSE;
  source_set_data (devssh_known_hosts_add_source (self, NULL, origin), data);
  return TRUE;
}

/**
 * devssh_known_hosts_load_file:
 * @self: the known hosts
 * @file: a file
 * @cancellable: (nullable): a way to give up
 * @error: return location for an error
 *
 * Adds what stands in @file, see [method@KnownHosts.load_data]; what was loaded
 * from it before is forgotten. It blocks; [method@KnownHosts.load_file_async]
 * does not.
 *
 * Returns: %TRUE; %FALSE and @error: what the file says
 *   (%G_IO_ERROR_NOT_FOUND ...), or %DEVSSH_ERROR_LIMIT
 *
 * Since: 1.0
 */
gboolean
devssh_known_hosts_load_file (DevSshKnownHosts  *self,
                              GFile             *file,
                              GCancellable      *cancellable,
                              GError           **error)
{
  g_autoptr(GBytes) data = NULL;

  g_return_val_if_fail (DEVSSH_IS_KNOWN_HOSTS (self), FALSE);
  g_return_val_if_fail (G_IS_FILE (file), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  data = devssh_known_hosts_file_read (file, cancellable, error);
  if (data == NULL)
    return FALSE;
  devssh_known_hosts_set_file (self, file, data);
  return TRUE;
}

/* ---- files, in a thread of their own ---- */

/* To read some files, or to change one. */
typedef struct
{
  GPtrArray              *files;        /* (element-type GFile) */
  GPtrArray              *contents;     /* (element-type GBytes): what stands in them */
  gboolean                may_be_missing;
  DevSshKnownHostsEdit    edit;         /* NULL: reading alone */
  DevSshKnownHostsChange  change;
  guint                   edits;        /* of the known hosts, when this began */
} Job;

static void
job_free (gpointer data)
{
  Job *self = data;

  g_ptr_array_unref (self->files);
  g_ptr_array_unref (self->contents);
  devssh_known_hosts_change_clear (&self->change);
  g_free (self);
}

static Job *
job_new (void)
{
  Job *self = g_new0 (Job, 1);

  self->files = g_ptr_array_new_with_free_func (g_object_unref);
  self->contents = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  return self;
}

static GBytes *
job_do_file (Job           *self,
             GFile         *file,
             GCancellable  *cancellable,
             GError       **error)
{
  g_autoptr(GError) reason = NULL;
  GBytes *data = self->edit != NULL
                 ? devssh_known_hosts_file_edit (file, self->edit, &self->change, cancellable, &reason)
                 : devssh_known_hosts_file_read (file, cancellable, &reason);

  if (data == NULL && self->may_be_missing && g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    return g_bytes_new_static ("", 0);
  if (data == NULL)
    g_propagate_error (error, g_steal_pointer (&reason));
  return data;
}

static void
job_thread (GTask        *task,
            gpointer      source_object,
            gpointer      task_data,
            GCancellable *cancellable)
{
  Job *self = task_data;

  for (guint i = 0; i < self->files->len; i++)
    {
      GError *error = NULL;
      GBytes *data = job_do_file (self, self->files->pdata[i], cancellable, &error);

      if (data == NULL)
        {
          g_task_return_error (task, error);
          return;
        }
      g_ptr_array_add (self->contents, data);
    }
  g_task_return_boolean (task, TRUE);
}

static void devssh_known_hosts_start (GTask *outer, Job *job);

static void
job_done_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  DevSshKnownHosts *self = DEVSSH_KNOWN_HOSTS (object);
  g_autoptr(GTask) outer = user_data;
  Job *job = g_task_get_task_data (G_TASK (result));
  GError *error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      g_task_return_error (outer, error);
      return;
    }
  /* What was read may be older than what was written meanwhile. */
  if (job->edit == NULL && job->edits != self->edits)
    {
      Job *again = job_new ();

      again->may_be_missing = job->may_be_missing;
      g_ptr_array_extend_and_steal (again->files, g_steal_pointer (&job->files));
      job->files = g_ptr_array_new ();
      devssh_known_hosts_start (g_steal_pointer (&outer), again);
      return;
    }
  for (guint i = 0; i < job->files->len; i++)
    devssh_known_hosts_set_file (self, job->files->pdata[i], job->contents->pdata[i]);
  if (job->edit != NULL)
    self->edits++;
  g_task_return_int (outer, (gssize) job->change.changed);
}

/* Takes both. */
static void
devssh_known_hosts_start (GTask *outer,
                          Job   *job)
{
  DevSshKnownHosts *self = g_task_get_source_object (outer);
  g_autoptr(GTask) task = g_task_new (self, g_task_get_cancellable (outer), job_done_cb, outer);

  job->edits = self->edits;
  g_task_set_source_tag (task, devssh_known_hosts_start);
  g_task_set_task_data (task, job, job_free);
  /* Who changes a file has to hear what came of it: the thread looks whether it was cancelled until the moment in which
   * it puts the new file into its place. */
  g_task_set_check_cancellable (task, job->edit == NULL);
  g_task_set_return_on_cancel (task, job->edit == NULL);
  g_task_run_in_thread (task, job_thread);
}

static GTask *
devssh_known_hosts_make_task (DevSshKnownHosts    *self,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data,
                              gpointer             tag)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, tag);
  g_task_set_check_cancellable (task, FALSE);
  return task;
}

/* -1 and error: it failed. */
static int
devssh_known_hosts_end (DevSshKnownHosts  *self,
                        GAsyncResult      *result,
                        gpointer           tag,
                        GError           **error)
{
  g_return_val_if_fail (DEVSSH_IS_KNOWN_HOSTS (self), -1);
  g_return_val_if_fail (g_task_is_valid (result, self), -1);
  g_return_val_if_fail (g_async_result_is_tagged (result, tag), -1);
  g_return_val_if_fail (error == NULL || *error == NULL, -1);

  return (int) g_task_propagate_int (G_TASK (result), error);
}

/**
 * devssh_known_hosts_load_file_async:
 * @self: the known hosts
 * @file: a file
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when it was read
 * @user_data: for @callback
 *
 * Adds what stands in @file, as [method@KnownHosts.load_file] does, without
 * blocking.
 *
 * Since: 1.0
 */
void
devssh_known_hosts_load_file_async (DevSshKnownHosts    *self,
                                    GFile               *file,
                                    GCancellable        *cancellable,
                                    GAsyncReadyCallback  callback,
                                    gpointer             user_data)
{
  Job *job = NULL;

  g_return_if_fail (DEVSSH_IS_KNOWN_HOSTS (self));
  g_return_if_fail (G_IS_FILE (file));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  job = job_new ();
  g_ptr_array_add (job->files, g_object_ref (file));
  devssh_known_hosts_start (devssh_known_hosts_make_task (self, cancellable, callback, user_data,
                                                          devssh_known_hosts_load_file_async), job);
}

/**
 * devssh_known_hosts_load_file_finish:
 * @self: the known hosts
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends what [method@KnownHosts.load_file_async] began.
 *
 * Returns: %TRUE; %FALSE and @error: as [method@KnownHosts.load_file], or
 *   %G_IO_ERROR_CANCELLED
 *
 * Since: 1.0
 */
gboolean
devssh_known_hosts_load_file_finish (DevSshKnownHosts  *self,
                                     GAsyncResult      *result,
                                     GError           **error)
{
  return devssh_known_hosts_end (self, result, devssh_known_hosts_load_file_async, error) >= 0;
}

/**
 * devssh_known_hosts_dup_default_file:
 *
 * Gets the file in which this user's known hosts are: `~/.ssh/known_hosts`,
 * which need not exist.
 *
 * Returns: (transfer full): the file
 *
 * Since: 1.0
 */
GFile *
devssh_known_hosts_dup_default_file (void)
{
  return g_file_new_build_filename (g_get_home_dir (), ".ssh", "known_hosts", NULL);
}

/**
 * devssh_known_hosts_load_default_async:
 * @self: the known hosts
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when they were read
 * @user_data: for @callback
 *
 * Adds what stands in the files that `ssh` reads: `~/.ssh/known_hosts`,
 * `/etc/ssh/ssh_known_hosts`, and the files beside them whose names end in `2`.
 * Those that do not exist are passed over, and read by
 * [method@KnownHosts.refresh_async] when they do.
 *
 * Since: 1.0
 */
void
devssh_known_hosts_load_default_async (DevSshKnownHosts    *self,
                                       GCancellable        *cancellable,
                                       GAsyncReadyCallback  callback,
                                       gpointer             user_data)
{
  Job *job = NULL;

  g_return_if_fail (DEVSSH_IS_KNOWN_HOSTS (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  job = job_new ();
  job->may_be_missing = TRUE;
  g_ptr_array_add (job->files, devssh_known_hosts_dup_default_file ());
  g_ptr_array_add (job->files, g_file_new_build_filename (g_get_home_dir (), ".ssh", "known_hosts2", NULL));
  g_ptr_array_add (job->files, g_file_new_for_path ("/etc/ssh/ssh_known_hosts"));
  g_ptr_array_add (job->files, g_file_new_for_path ("/etc/ssh/ssh_known_hosts2"));
  devssh_known_hosts_start (devssh_known_hosts_make_task (self, cancellable, callback, user_data,
                                                          devssh_known_hosts_load_default_async), job);
}

/**
 * devssh_known_hosts_load_default_finish:
 * @self: the known hosts
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends what [method@KnownHosts.load_default_async] began.
 *
 * Returns: %TRUE; %FALSE and @error: a file is there and could not be read, and
 *   nothing was added; or %G_IO_ERROR_CANCELLED
 *
 * Since: 1.0
 */
gboolean
devssh_known_hosts_load_default_finish (DevSshKnownHosts  *self,
                                        GAsyncResult      *result,
                                        GError           **error)
{
  return devssh_known_hosts_end (self, result, devssh_known_hosts_load_default_async, error) >= 0;
}

/**
 * devssh_known_hosts_refresh_async:
 * @self: the known hosts
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when they were read
 * @user_data: for @callback
 *
 * Reads all files again that were loaded. One that has gone knows nobody any
 * more.
 *
 * Since: 1.0
 */
void
devssh_known_hosts_refresh_async (DevSshKnownHosts    *self,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data)
{
  Job *job = NULL;

  g_return_if_fail (DEVSSH_IS_KNOWN_HOSTS (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  job = job_new ();
  job->may_be_missing = TRUE;
  for (guint i = 0; i < self->sources->len; i++)
    {
      Source *source = self->sources->pdata[i];

      if (source->file != NULL)
        g_ptr_array_add (job->files, g_object_ref (source->file));
    }
  devssh_known_hosts_start (devssh_known_hosts_make_task (self, cancellable, callback, user_data,
                                                          devssh_known_hosts_refresh_async), job);
}

/**
 * devssh_known_hosts_refresh_finish:
 * @self: the known hosts
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends what [method@KnownHosts.refresh_async] began.
 *
 * Returns: %TRUE; %FALSE and @error: a file could not be read, and all is known
 *   that was known before; or %G_IO_ERROR_CANCELLED
 *
 * Since: 1.0
 */
gboolean
devssh_known_hosts_refresh_finish (DevSshKnownHosts  *self,
                                   GAsyncResult      *result,
                                   GError           **error)
{
  return devssh_known_hosts_end (self, result, devssh_known_hosts_refresh_async, error) >= 0;
}

/* ---- what is said ---- */

typedef struct
{
  DevSshKnownHostsVerdict  verdict;
  DevSshKnownHostsEntry   *entry;
} Finding;

static void
finding_take (Finding                    *self,
              DevSshKnownHostsVerdict     verdict,
              const Source               *source,
              const DevSshKnownHostsLine *line,
              DevSshKnownHostsKey        *key)
{
  self->verdict = verdict;
  g_clear_object (&self->entry);
  self->entry = devssh_known_hosts_entry_new (source->file, source->origin, line, key);
}

/* Any key of another kind is a change as well: who could take the old one's place must not get in with a new kind. A revoked key is
 * revoked whatever else is said. An authority that we cannot ask is worth telling of where nothing else is known. */
static void
finding_look (Finding                    *self,
              const Source               *source,
              const DevSshKnownHostsLine *line,
              GBytes                     *blob)
{
  g_auto(DevSshKnownHostsKey) key = { 0 };
  gboolean same;

  if (!devssh_known_hosts_line_read_key (line, &key))
    return;
  same = g_bytes_equal (key.blob, blob);
  switch (line->marker)
    {
    case DEVSSH_KNOWN_HOSTS_MARKER_REVOKED:
      if (same)
        finding_take (self, DEVSSH_KNOWN_HOSTS_VERDICT_REVOKED, source, line, &key);
      break;

    case DEVSSH_KNOWN_HOSTS_MARKER_CERT_AUTHORITY:
      if (self->verdict == DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN)
        finding_take (self, DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN, source, line, &key);
      break;

    case DEVSSH_KNOWN_HOSTS_MARKER_NONE:
    default:
      if (self->verdict != DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED)
        finding_take (self, same ? DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED : DEVSSH_KNOWN_HOSTS_VERDICT_CHANGED, source, line, &key);
    }
}

static void
devssh_known_hosts_find (DevSshKnownHosts *self,
                         const char       *name,
                         GBytes           *blob,
                         Finding          *finding)
{
  for (guint i = 0; i < self->sources->len; i++)
    {
      const Source *source = self->sources->pdata[i];

      for (guint j = 0; j < source->lines->len; j++)
        {
          const DevSshKnownHostsLine *line = &g_array_index (source->lines, DevSshKnownHostsLine, j);

          if (finding->verdict == DEVSSH_KNOWN_HOSTS_VERDICT_REVOKED)
            return;
          if (devssh_known_hosts_line_matches (line, name))
            finding_look (finding, source, line, blob);
        }
    }
}

/* A port that no line names: what is known of the host without it may let in or keep out, but no key has changed. */
static void
devssh_known_hosts_find_without_port (DevSshKnownHosts *self,
                                      const char       *host,
                                      GBytes           *blob,
                                      Finding          *finding)
{
  g_autofree char *name = devssh_known_hosts_dup_name (host, 0);
  Finding plain = { 0 };

  devssh_known_hosts_find (self, name, blob, &plain);
  if (plain.verdict == DEVSSH_KNOWN_HOSTS_VERDICT_CHANGED
      || (plain.verdict == DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN && finding->entry != NULL))
    {
      g_clear_object (&plain.entry);
      return;
    }
  g_clear_object (&finding->entry);
  *finding = plain;
}

/**
 * devssh_known_hosts_check:
 * @self: the known hosts
 * @host: a name or an address, as the user gave it
 * @port: a TCP port; 0: 22
 * @key: the key that the host has shown
 * @entry: (out) (optional) (nullable) (transfer full): the line that decided. Of an
 *   unknown host, a line of an authority for its certificates, if there is one.
 *
 * Tells what is known of @host and @key, as `ssh` would decide it. A host on
 * another port than 22 that no line names with its port may also be trusted by a
 * line that names it without; a key revoked there is revoked for this port, too.
 *
 * Keys of types and sizes that are not used here count as keys: a host that has
 * only such has changed when it shows another one.
 *
 * Returns: the verdict
 *
 * Since: 1.0
 */
DevSshKnownHostsVerdict
devssh_known_hosts_check (DevSshKnownHosts       *self,
                          const char             *host,
                          guint16                 port,
                          DevSshKeyPair          *key,
                          DevSshKnownHostsEntry **entry)
{
  g_autofree char *name = NULL;
  g_autofree char *plain = NULL;
  g_autoptr(GBytes) blob = NULL;
  Finding finding = { 0 };

  g_return_val_if_fail (DEVSSH_IS_KNOWN_HOSTS (self), DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN);
  g_return_val_if_fail (host != NULL, DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN);
  g_return_val_if_fail (DEVSSH_IS_KEY_PAIR (key), DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN);

  name = devssh_known_hosts_dup_name (host, port);
  plain = devssh_known_hosts_dup_name (host, 0);
  blob = devssh_key_pair_get_public_blob (key);
  devssh_known_hosts_find (self, name, blob, &finding);
  if (finding.verdict == DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN && !g_str_equal (name, plain))
    devssh_known_hosts_find_without_port (self, host, blob, &finding);

  if (entry != NULL)
    *entry = g_steal_pointer (&finding.entry);
  g_clear_object (&finding.entry);
  return finding.verdict;
}

/**
 * devssh_known_hosts_dup_entries:
 * @self: the known hosts
 * @host: (nullable): a name or an address; %NULL for all lines
 * @port: a TCP port; 0: 22
 *
 * Lists the lines that speak of @host on @port, as `ssh-keygen -F` finds them,
 * or all lines that have a key.
 *
 * Returns: (transfer container) (element-type DevSshKnownHostsEntry): the lines, in
 *   the order of files and lines
 *
 * Since: 1.0
 */
GPtrArray *
devssh_known_hosts_dup_entries (DevSshKnownHosts *self,
                                const char       *host,
                                guint16           port)
{
  g_autofree char *name = NULL;
  GPtrArray *entries = NULL;

  g_return_val_if_fail (DEVSSH_IS_KNOWN_HOSTS (self), NULL);

  name = host != NULL ? devssh_known_hosts_dup_name (host, port) : NULL;
  entries = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < self->sources->len; i++)
    {
      const Source *source = self->sources->pdata[i];

      for (guint j = 0; j < source->lines->len; j++)
        {
          const DevSshKnownHostsLine *line = &g_array_index (source->lines, DevSshKnownHostsLine, j);
          g_auto(DevSshKnownHostsKey) key = { 0 };

          if ((name == NULL || devssh_known_hosts_line_matches (line, name)) && devssh_known_hosts_line_read_key (line, &key))
            g_ptr_array_add (entries, devssh_known_hosts_entry_new (source->file, source->origin, line, &key));
        }
    }
  return entries;
}

/* ---- changing ---- */

/* What belongs into no file is changed at once. */
static void
devssh_known_hosts_edit_memory (DevSshKnownHosts *self,
                                GTask            *outer,
                                Job              *job)
{
  GString *edited = g_string_new (NULL);
  g_autoptr(GBytes) data = NULL;
  DevSshSlice text = { 0 };
  GError *error = NULL;
  gboolean changed;

  if (self->memory != NULL)
    text.data = g_bytes_get_data (self->memory->data, &text.length);
  changed = job->edit (text, edited, &job->change, &error);
  data = g_string_free_to_bytes (edited);
  if (changed && self->memory == NULL)
    self->memory = devssh_known_hosts_add_source (self, NULL, NULL);
  if (changed)
    source_set_data (self->memory, data);
  if (error != NULL)
    g_task_return_error (outer, error);
  else
    g_task_return_int (outer, (gssize) job->change.changed);
}

/* Takes outer and job. */
static void
devssh_known_hosts_edit (DevSshKnownHosts *self,
                         GFile            *file,
                         GTask            *outer,
                         Job              *job)
{
  if (file != NULL)
    {
      g_ptr_array_add (job->files, g_object_ref (file));
      devssh_known_hosts_start (outer, job);
      return;
    }
  if (!g_task_return_error_if_cancelled (outer))
    devssh_known_hosts_edit_memory (self, outer, job);
  g_object_unref (outer);
  job_free (job);
}

/* FALSE: error is set. */
static gboolean
devssh_known_hosts_check_not_revoked (DevSshKnownHosts  *self,
                                      const char        *host,
                                      guint16            port,
                                      DevSshKeyPair     *key,
                                      GError           **error)
{
  g_autoptr(DevSshKnownHostsEntry) entry = NULL;
  g_autofree char *place = NULL;

  if (devssh_known_hosts_check (self, host, port, key, &entry) != DEVSSH_KNOWN_HOSTS_VERDICT_REVOKED)
    return TRUE;

  place = devssh_known_hosts_entry_dup_place (entry);
  g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_HOST_KEY, "%s says that this key of %s is revoked", place, host);
  return FALSE;
}

/**
 * devssh_known_hosts_add_async:
 * @self: the known hosts
 * @file: (nullable): the file that learns it; %NULL to know it as long as @self lives
 * @host: a name or an address, as users will give it
 * @port: a TCP port; 0: 22
 * @key: the key of the host
 * @flags: how it is added
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when it was added
 * @user_data: for @callback
 *
 * Adds a line for @host and @key to @file, and what stands there then to what is
 * known. If the file says already that the host has this key, nothing is added.
 * A file that does not exist is made, and its folder, too.
 *
 * A host may have several keys, so lines with other keys stay, unless @flags has
 * %DEVSSH_KNOWN_HOSTS_ADD_REPLACE: then all lines go that
 * [method@KnownHosts.remove_async] would remove, but for those with @key.
 *
 * Since: 1.0
 */
void
devssh_known_hosts_add_async (DevSshKnownHosts         *self,
                              GFile                    *file,
                              const char               *host,
                              guint16                   port,
                              DevSshKeyPair            *key,
                              DevSshKnownHostsAddFlags  flags,
                              GCancellable             *cancellable,
                              GAsyncReadyCallback       callback,
                              gpointer                  user_data)
{
  g_autoptr(GTask) task = NULL;
  Job *job = NULL;
  GError *error = NULL;

  g_return_if_fail (DEVSSH_IS_KNOWN_HOSTS (self));
  g_return_if_fail (file == NULL || G_IS_FILE (file));
  g_return_if_fail (host != NULL);
  g_return_if_fail (DEVSSH_IS_KEY_PAIR (key) && devssh_key_pair_get_algorithm (key) != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = devssh_known_hosts_make_task (self, cancellable, callback, user_data, devssh_known_hosts_add_async);
  job = job_new ();
  job->edit = devssh_known_hosts_edit_add;
  if (!devssh_known_hosts_change_init (&job->change, host, port, key, flags, &error)
      || !devssh_known_hosts_check_not_revoked (self, host, port, key, &error))
    {
      g_task_return_error (task, error);
      job_free (job);
      return;
    }
  devssh_known_hosts_edit (self, file, g_steal_pointer (&task), job);
}

/**
 * devssh_known_hosts_add_finish:
 * @self: the known hosts
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends what [method@KnownHosts.add_async] began.
 *
 * Fails with %DEVSSH_ERROR_MALFORMED if no host can be called so, with
 * %DEVSSH_ERROR_HOST_KEY if the key is revoked, with %G_IO_ERROR_NOT_REGULAR_FILE for
 * something that is no file, with %G_IO_ERROR_BUSY if other programs do not leave
 * the file alone, and as the file says. Then the file is as it was.
 *
 * Returns: how many lines were added or taken out, 0 if all was there already;
 *   -1 and @error: it failed
 *
 * Since: 1.0
 */
int
devssh_known_hosts_add_finish (DevSshKnownHosts  *self,
                               GAsyncResult      *result,
                               GError           **error)
{
  return devssh_known_hosts_end (self, result, devssh_known_hosts_add_async, error);
}

/**
 * devssh_known_hosts_remove_async:
 * @self: the known hosts
 * @file: (nullable): the file that forgets it; %NULL for what was added without a file
 * @host: a name or an address
 * @port: a TCP port; 0: 22
 * @key: (nullable): the key; %NULL for all keys
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when it was removed
 * @user_data: for @callback
 *
 * Takes the lines out of @file that say that @host on @port has @key, as
 * `ssh-keygen -R` does: a line that names other hosts as well, or has a pattern
 * that matches, goes as a whole; lines with `@revoked` or `@cert-authority` stay.
 *
 * Since: 1.0
 */
void
devssh_known_hosts_remove_async (DevSshKnownHosts    *self,
                                 GFile               *file,
                                 const char          *host,
                                 guint16              port,
                                 DevSshKeyPair       *key,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;
  Job *job = NULL;
  GError *error = NULL;

  g_return_if_fail (DEVSSH_IS_KNOWN_HOSTS (self));
  g_return_if_fail (file == NULL || G_IS_FILE (file));
  g_return_if_fail (host != NULL);
  g_return_if_fail (key == NULL || (DEVSSH_IS_KEY_PAIR (key) && devssh_key_pair_get_algorithm (key) != NULL));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = devssh_known_hosts_make_task (self, cancellable, callback, user_data, devssh_known_hosts_remove_async);
  job = job_new ();
  job->edit = devssh_known_hosts_edit_remove;
  if (!devssh_known_hosts_change_init (&job->change, host, port, key, DEVSSH_KNOWN_HOSTS_ADD_NONE, &error))
    {
      g_task_return_error (task, error);
      job_free (job);
      return;
    }
  devssh_known_hosts_edit (self, file, g_steal_pointer (&task), job);
}

/**
 * devssh_known_hosts_remove_finish:
 * @self: the known hosts
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends what [method@KnownHosts.remove_async] began. Fails as
 * [method@KnownHosts.add_finish] does.
 *
 * Returns: how many lines were taken out; -1 and @error: it failed
 *
 * Since: 1.0
 */
int
devssh_known_hosts_remove_finish (DevSshKnownHosts  *self,
                                  GAsyncResult      *result,
                                  GError           **error)
{
  return devssh_known_hosts_end (self, result, devssh_known_hosts_remove_async, error);
}

/**
 * devssh_known_hosts_hash_async:
 * @self: the known hosts
 * @file: a file
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: for @callback
 *
 * Hides the names in @file in hashes, as `ssh-keygen -H` does: a line becomes one
 * line for each of its names. Lines with patterns or markers stay as they are.
 *
 * Since: 1.0
 */
void
devssh_known_hosts_hash_async (DevSshKnownHosts    *self,
                               GFile               *file,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  Job *job = NULL;

  g_return_if_fail (DEVSSH_IS_KNOWN_HOSTS (self));
  g_return_if_fail (G_IS_FILE (file));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  job = job_new ();
  job->edit = devssh_known_hosts_edit_hash;
  devssh_known_hosts_edit (self, file,
                           devssh_known_hosts_make_task (self, cancellable, callback, user_data, devssh_known_hosts_hash_async),
                           job);
}

/**
 * devssh_known_hosts_hash_finish:
 * @self: the known hosts
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends what [method@KnownHosts.hash_async] began. Fails as
 * [method@KnownHosts.add_finish] does.
 *
 * Returns: how many lines were hashed; -1 and @error: it failed
 *
 * Since: 1.0
 */
int
devssh_known_hosts_hash_finish (DevSshKnownHosts  *self,
                                GAsyncResult      *result,
                                GError           **error)
{
  return devssh_known_hosts_end (self, result, devssh_known_hosts_hash_async, error);
}
