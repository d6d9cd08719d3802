/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The only file that opens modules (design D8, threat T-83). What is open stays so for ever: its code may be on any stack. */
#include <libdevssh/service/devssh-plugin-module-private.h>

#include <dlfcn.h>
#include <string.h>
#include <libdevssh/base/devssh-error.h>
#include <libdevssh/service/devssh-plugin.h>
#include <libdevssh/service/devssh-plugin-files-private.h>

#define ABI_SYMBOL  "devssh_plugin_abi"
#define LOAD_SYMBOL "devssh_plugin_load"

typedef void (*PluginLoad) (GTypeModule *module);

typedef struct
{
  void   (*func) (gpointer data);
  gpointer data;
} Work;

struct _DevSshPluginModule
{
  GTypeModule  parent_instance;
  char        *directory;
  char        *file_name;
  char        *path;
  int          opened;      /* atomic; never goes back */
  GError     **error;       /* under open_lock: where load() puts its reason, while it runs */
  GError      *failure;     /* under table_lock: why it could not be opened the last time */
  GQueue       work;        /* under table_lock (element-type Work) */
  gboolean     has_thread;  /* under table_lock */
};

struct _DevSshPluginWatch
{
  GList    link;
  void   (*changed) (gpointer data);
  gpointer data;
};

typedef GTypeModuleClass DevSshPluginModuleClass;

GType devssh_plugin_module_get_type (void);

G_DEFINE_FINAL_TYPE (DevSshPluginModule, devssh_plugin_module, G_TYPE_TYPE_MODULE)

/* Held while a file is opened, which may take long, and may lead back here. */
static GRecMutex   open_lock;
/* Held while one of these is looked at, and while no code of others runs: who lists plugins does not wait for who opens one. */
static GMutex      table_lock;
static GHashTable *modules;       /* path -> DevSshPluginModule */
static GQueue      watches;       /* links of DevSshPluginWatch */

static void *
find_symbol (void        *handle,
             const char  *path,
             const char  *name,
             GError     **error)
{
  void *symbol = dlsym (handle, name);

  if (symbol == NULL)
    g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_PLUGIN, "%s: has no symbol “%s”", path, name);

  return symbol;
}

static gboolean
check_abi (void        *handle,
           const char  *path,
           GError     **error)
{
  const guint *abi = find_symbol (handle, path, ABI_SYMBOL, error);

  if (abi == NULL)
    return FALSE;

  if (*abi != DEVSSH_PLUGIN_ABI)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_PLUGIN,
                   "%s: was built for plugin ABI %u, this library has %u",
                   path, *abi, DEVSSH_PLUGIN_ABI);
      return FALSE;
    }

  return TRUE;
}

static gboolean
devssh_plugin_module_load (GTypeModule *type_module)
{
  DevSshPluginModule *self = (DevSshPluginModule *) type_module;
  g_autofree char *path = devssh_plugin_files_resolve (self->directory, self->file_name, self->error);
  PluginLoad load;
  void *handle;

  if (path == NULL)
    return FALSE;

  /* NOW: an undefined symbol is an error here, not a crash later. LOCAL: plugins do not see each other.
   * A refused module is not closed again, either: its constructors have run. */
  handle = dlopen (path, RTLD_NOW | RTLD_LOCAL);
  if (handle == NULL)
    {
      const char *reason = dlerror ();

      g_set_error (self->error, DEVSSH_ERROR, DEVSSH_ERROR_PLUGIN, "%s: cannot be opened: %s",
                   path, reason != NULL ? reason : "unknown reason");
      return FALSE;
    }

  if (!check_abi (handle, path, self->error))
    return FALSE;

  load = (PluginLoad) find_symbol (handle, path, LOAD_SYMBOL, self->error);
  if (load == NULL)
    return FALSE;

  load (type_module);

  return TRUE;
}

static void
devssh_plugin_module_unload (GTypeModule *type_module)
{
  /* devssh_plugin_module_try_open() keeps its use for ever. */
  g_assert_not_reached ();
}

static void
devssh_plugin_module_class_init (DevSshPluginModuleClass *klass)
{
  klass->load = devssh_plugin_module_load;
  klass->unload = devssh_plugin_module_unload;
}

static void
devssh_plugin_module_init (DevSshPluginModule *self)
{
}

/* A name becomes libNAME.so in the directory of its keyfile, and never a path. */
static gboolean
check_name (const char  *name,
            GError     **error)
{
  if (*name == '\0' || *name == '.' || strspn (name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_.+-") != strlen (name))
    {
      g_autofree char *escaped = g_strescape (name, NULL);

      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_PLUGIN,
                   "“%s” is not the name of a module: letters, digits and “_.+-” are expected, not a path",
                   escaped);
      return FALSE;
    }

  return TRUE;
}

DevSshPluginModule *
devssh_plugin_module_get (const char  *directory,
                          const char  *name,
                          GError     **error)
{
  DevSshPluginModule *self;
  g_autofree char *file_name = NULL;
  g_autofree char *path = NULL;

  if (!check_name (name, error))
    return NULL;

  file_name = g_strconcat ("lib", name, "." G_MODULE_SUFFIX, NULL);
  path = g_build_filename (directory, file_name, NULL);

  g_mutex_lock (&table_lock);

  if (modules == NULL)
    modules = g_hash_table_new (g_str_hash, g_str_equal);

  self = g_hash_table_lookup (modules, path);
  if (self == NULL)
    {
      self = g_object_new (devssh_plugin_module_get_type (), NULL);
      g_type_module_set_name (G_TYPE_MODULE (self), path);
      self->directory = g_strdup (directory);
      self->file_name = g_steal_pointer (&file_name);
      self->path = g_steal_pointer (&path);
      g_hash_table_insert (modules, self->path, self);
    }

  g_mutex_unlock (&table_lock);

  return self;
}

const char *
devssh_plugin_module_get_path (DevSshPluginModule *self)
{
  return self->path;
}

gboolean
devssh_plugin_module_is_open (DevSshPluginModule *self)
{
  return g_atomic_int_get (&self->opened);
}

static gboolean
devssh_plugin_module_try_open (DevSshPluginModule  *self,
                               const char * const  *type_names,
                               GError             **error)
{
  g_autofree char *directory = NULL;
  gboolean opened;

  if (self->error != NULL)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_PLUGIN, "%s: is just being opened", self->path);
      return FALSE;
    }

  /* Asked again, and not only when the keyfile was read: that may be long ago. */
  directory = devssh_plugin_files_resolve_directory (self->directory, error);
  if (directory == NULL)
    return FALSE;

  if (strcmp (directory, self->directory) != 0)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_PLUGIN,
                   "%s: is another directory than before", self->directory);
      return FALSE;
    }

  /* GObject has one name space for all modules; a second type of a name would be a warning and a zero. */
  for (guint i = 0; type_names[i] != NULL; i++)
    {
      if (g_type_from_name (type_names[i]) != 0)
        {
          g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_PLUGIN,
                       "%s: the type name “%s” is taken", self->path, type_names[i]);
          return FALSE;
        }
    }

  self->error = error;
  opened = g_type_module_use (G_TYPE_MODULE (self));
  self->error = NULL;

  return opened;
}

static void
devssh_plugin_module_opened (DevSshPluginModule *self,
                             const GError       *failure)
{
  g_mutex_lock (&table_lock);

  g_clear_error (&self->failure);
  if (failure != NULL)
    self->failure = g_error_copy (failure);
  else
    g_atomic_int_set (&self->opened, TRUE);

  for (GList *link = watches.head; link != NULL; link = link->next)
    {
      DevSshPluginWatch *watch = link->data;

      watch->changed (watch->data);
    }

  g_mutex_unlock (&table_lock);
}

static gboolean
devssh_plugin_module_open (DevSshPluginModule  *self,
                           const char * const  *type_names,
                           GError             **error)
{
  g_autoptr(GError) failure = NULL;

  if (devssh_plugin_module_is_open (self))
    return TRUE;

  g_rec_mutex_lock (&open_lock);
  if (!devssh_plugin_module_is_open (self))
    {
      devssh_plugin_module_try_open (self, type_names, &failure);
      devssh_plugin_module_opened (self, failure);
    }
  g_rec_mutex_unlock (&open_lock);

  if (failure == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

static gboolean
check_type (DevSshPluginModule  *self,
            const char          *type_name,
            GType                type,
            GError             **error)
{
  const char *problem = NULL;

  if (type == 0)
    problem = "is not registered by the module";
  else if (g_type_get_plugin (type) != G_TYPE_PLUGIN (self))
    problem = "is registered, but not with the GTypeModule of this module";
  else if (!g_type_is_a (type, DEVSSH_TYPE_SERVICE))
    problem = "is not a DevSshService";
  else if (G_TYPE_IS_ABSTRACT (type))
    problem = "is abstract";

  if (problem != NULL)
    g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_PLUGIN, "%s: the type “%s” %s",
                 self->path, type_name, problem);

  return problem == NULL;
}

GType
devssh_plugin_module_find_type (DevSshPluginModule  *self,
                                const char          *type_name,
                                const char * const  *type_names,
                                GError             **error)
{
  GType type;

  if (!devssh_plugin_module_open (self, type_names, error))
    return G_TYPE_INVALID;

  type = g_type_from_name (type_name);

  return check_type (self, type_name, type, error) ? type : G_TYPE_INVALID;
}

DevSshPluginState
devssh_plugin_module_get_state (DevSshPluginModule  *self,
                                const char * const  *type_names,
                                GError             **error)
{
  GError *failure = NULL;

  if (devssh_plugin_module_is_open (self))
    {
      for (guint i = 0; type_names[i] != NULL; i++)
        {
          if (!check_type (self, type_names[i], g_type_from_name (type_names[i]), error))
            return DEVSSH_PLUGIN_STATE_FAILED;
        }

      return DEVSSH_PLUGIN_STATE_LOADED;
    }

  g_mutex_lock (&table_lock);
  if (self->failure != NULL)
    failure = g_error_copy (self->failure);
  g_mutex_unlock (&table_lock);

  if (failure == NULL)
    return DEVSSH_PLUGIN_STATE_AVAILABLE;

  g_propagate_error (error, failure);
  return DEVSSH_PLUGIN_STATE_FAILED;
}

/* ---- a thread while there is work ---- */

static Work *
next_work (DevSshPluginModule *self)
{
  Work *work;

  g_mutex_lock (&table_lock);
  work = g_queue_pop_head (&self->work);
  if (work == NULL)
    self->has_thread = FALSE;
  g_mutex_unlock (&table_lock);

  return work;
}

static gpointer
work_thread (gpointer data)
{
  DevSshPluginModule *self = data;
  Work *work;

  while ((work = next_work (self)) != NULL)
    {
      work->func (work->data);
      g_free (work);
    }

  return NULL;
}

void
devssh_plugin_module_run (DevSshPluginModule *self,
                          void              (*func) (gpointer data),
                          gpointer            data)
{
  Work *work = g_new (Work, 1);
  gboolean needs_thread;

  *work = (Work) { func, data };

  g_mutex_lock (&table_lock);
  g_queue_push_tail (&self->work, work);
  needs_thread = !self->has_thread;
  self->has_thread = TRUE;
  g_mutex_unlock (&table_lock);

  /* Not one of GIO's threads: a constructor that never returns must not keep those from their work. */
  if (needs_thread)
    {
      GThread *thread = g_thread_try_new ("devssh-plugin", work_thread, self, NULL);

      if (thread != NULL)
        g_thread_unref (thread);
      else
        work_thread (self);
    }
}

/* ---- whoever wants to know ---- */

DevSshPluginWatch *
devssh_plugin_watch_new (void   (*changed) (gpointer data),
                         gpointer data)
{
  DevSshPluginWatch *self = g_new0 (DevSshPluginWatch, 1);

  self->link.data = self;
  self->changed = changed;
  self->data = data;

  g_mutex_lock (&table_lock);
  g_queue_push_tail_link (&watches, &self->link);
  g_mutex_unlock (&table_lock);

  return self;
}

void
devssh_plugin_watch_free (DevSshPluginWatch *self)
{
  g_mutex_lock (&table_lock);
  g_queue_unlink (&watches, &self->link);
  g_mutex_unlock (&table_lock);

  g_free (self);
}
