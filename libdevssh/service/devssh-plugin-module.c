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

struct _DevSshPluginModule
{
  GTypeModule  parent_instance;
  char        *directory;
  char        *file_name;
  gboolean     opened;
  GError     **error;       /* where load() puts its reason, while it runs */
};

typedef GTypeModuleClass DevSshPluginModuleClass;

GType devssh_plugin_module_get_type (void);

G_DEFINE_FINAL_TYPE (DevSshPluginModule, devssh_plugin_module, G_TYPE_TYPE_MODULE)

static GRecMutex   modules_lock;
static GHashTable *modules;       /* path -> DevSshPluginModule */

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
  /* devssh_plugin_module_open() keeps its use for ever. */
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

void
devssh_plugin_module_lock (void)
{
  g_rec_mutex_lock (&modules_lock);
}

void
devssh_plugin_module_unlock (void)
{
  g_rec_mutex_unlock (&modules_lock);
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

  devssh_plugin_module_lock ();

  if (modules == NULL)
    modules = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  self = g_hash_table_lookup (modules, path);
  if (self == NULL)
    {
      self = g_object_new (devssh_plugin_module_get_type (), NULL);
      g_type_module_set_name (G_TYPE_MODULE (self), path);
      self->directory = g_strdup (directory);
      self->file_name = g_steal_pointer (&file_name);
      g_hash_table_insert (modules, g_steal_pointer (&path), self);
    }

  devssh_plugin_module_unlock ();

  return self;
}

static gboolean
devssh_plugin_module_open (DevSshPluginModule  *self,
                           const char * const  *type_names,
                           GError             **error)
{
  g_autofree char *directory = NULL;

  if (self->opened)
    return TRUE;

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
                       "%s: the type name “%s” is taken", self->file_name, type_names[i]);
          return FALSE;
        }
    }

  self->error = error;
  self->opened = g_type_module_use (G_TYPE_MODULE (self));
  self->error = NULL;

  return self->opened;
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
                 self->file_name, type_name, problem);

  return problem == NULL;
}

GType
devssh_plugin_module_get_type_loaded (DevSshPluginModule  *self,
                                      const char          *type_name,
                                      const char * const  *type_names,
                                      GError             **error)
{
  GType type = G_TYPE_INVALID;

  devssh_plugin_module_lock ();

  if (devssh_plugin_module_open (self, type_names, error))
    {
      type = g_type_from_name (type_name);
      if (!check_type (self, type_name, type, error))
        type = G_TYPE_INVALID;
    }

  devssh_plugin_module_unlock ();

  return type;
}
