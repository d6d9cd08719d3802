/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the keyfiles of plugins, and nothing else of them (design D8, threat T-83).
 *
 *   [Plugin]
 *   Module=devssh-echo                    libdevssh-echo.so, beside the keyfile
 *   Abi=1
 *   Name=Echo
 *   Description=Sends back what comes
 *
 *   [Service EchoService]                 the name of a GType, and there may be several
 *   Name=echo
 *   ActivateOn=channel-type:echo@example.org;session-request:echo@example.org */
#include <libdevssh/service/devssh-plugin-info-private.h>

#include <string.h>
#include <sys/auxv.h>
#include <libdevssh/base/devssh-error.h>
#include <libdevssh/service/devssh-plugin.h>
#include <libdevssh/service/devssh-plugin-files-private.h>

#define KEYFILE_SUFFIX   ".plugin"
#define KEYFILE_MAX_SIZE (64 * 1024)
#define GROUP_PLUGIN     "Plugin"
#define GROUP_SERVICE    "Service "
#define PATH_VARIABLE    "DEVSSH_PLUGIN_PATH"

typedef struct
{
  const char * const *names;         /* (nullable): the plugins that are wanted */
  GPtrArray          *infos;         /* (element-type DevSshPluginInfo): the result */
  GHashTable         *seen;          /* plugins found so far: the first directory wins */
  GHashTable         *directories;   /* looked into so far */
} Catalogue;

/* Takes error. */
static void
add_broken (Catalogue          *self,
            const char         *name,
            DevSshPluginOrigin  origin,
            const char         *path,
            GBytes             *text,
            GError             *error)
{
  g_debug ("Plugin left out: %s", error->message);
  g_ptr_array_add (self->infos, devssh_plugin_info_new_broken (name, origin, path, text, error));
}

static gboolean
check_type_name (const char  *name,
                 GError     **error)
{
  gsize length = strlen (name);

  /* What g_type_register_dynamic() would take, without its warning. */
  if (length >= 3 && length <= 255
      && (g_ascii_isalpha (name[0]) || name[0] == '_')
      && strspn (name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_+") == length)
    return TRUE;

  g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_PLUGIN, "“%s” is not the name of a type", name);
  return FALSE;
}

/* g_key_file_get_string() may set an error and return a text all the same: after a bad escape. */
static char *
get_string (GKeyFile    *keyfile,
            const char  *group,
            const char  *key,
            GError     **error)
{
  g_autoptr(GError) reason = NULL;
  g_autofree char *text = g_key_file_get_string (keyfile, group, key, &reason);

  if (reason != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return NULL;
    }

  return g_steal_pointer (&text);
}

static DevSshServiceEntry *
read_service (GKeyFile    *keyfile,
              const char  *group,
              GError     **error)
{
  const char *type_name = group + strlen (GROUP_SERVICE);
  g_auto(GStrv) rules = NULL;
  g_autofree char *name = NULL;
  g_autoptr(DevSshActivation) activation = NULL;
  DevSshServiceEntry *entry;

  if (!check_type_name (type_name, error))
    return NULL;

  name = get_string (keyfile, group, "Name", error);
  if (name == NULL)
    return NULL;

  if (*name == '\0')
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_PLUGIN, "[%s] has an empty Name", group);
      return NULL;
    }

  if (g_key_file_has_key (keyfile, group, "ActivateOn", NULL))
    {
      rules = g_key_file_get_string_list (keyfile, group, "ActivateOn", NULL, error);
      if (rules == NULL)
        return NULL;
    }

  activation = devssh_activation_new ((const char * const *) rules, error);
  if (activation == NULL)
    return NULL;

  entry = devssh_service_entry_new (G_TYPE_INVALID, name, activation, NULL);
  entry->type_name = g_strdup (type_name);

  return entry;
}

static gboolean
check_abi (GKeyFile  *keyfile,
           GError   **error)
{
  g_autoptr(GError) reason = NULL;
  int abi = g_key_file_get_integer (keyfile, GROUP_PLUGIN, "Abi", &reason);

  if (reason != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }

  if (abi != DEVSSH_PLUGIN_ABI)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_PLUGIN,
                   "is for plugin ABI %d, this library has %d", abi, DEVSSH_PLUGIN_ABI);
      return FALSE;
    }

  return TRUE;
}

static gboolean
has_service (GPtrArray  *services,
             const char *name)
{
  for (guint i = 0; i < services->len; i++)
    {
      if (strcmp (((DevSshServiceEntry *) services->pdata[i])->name, name) == 0)
        return TRUE;
    }

  return FALSE;
}

/* All services of a keyfile, or none. */
static GPtrArray *
read_services (GKeyFile    *keyfile,
               GError     **error)
{
  g_autoptr(GPtrArray) services = g_ptr_array_new_with_free_func ((GDestroyNotify) devssh_service_entry_unref);
  g_auto(GStrv) groups = g_key_file_get_groups (keyfile, NULL);

  for (guint i = 0; groups[i] != NULL; i++)
    {
      g_autoptr(DevSshServiceEntry) entry = NULL;

      if (!g_str_has_prefix (groups[i], GROUP_SERVICE))
        continue;

      entry = read_service (keyfile, groups[i], error);
      if (entry == NULL)
        return NULL;

      if (has_service (services, entry->name))
        {
          g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_PLUGIN, "has two services that are called “%s”", entry->name);
          return NULL;
        }

      g_ptr_array_add (services, g_steal_pointer (&entry));
    }

  if (services->len == 0)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_PLUGIN, "has no [%sTYPE]", GROUP_SERVICE);
      return NULL;
    }

  return g_steal_pointer (&services);
}

static void
complete_entry (DevSshServiceEntry *entry,
                GPtrArray          *services,
                const char         *plugin,
                DevSshPluginModule *module)
{
  entry->plugin = g_strdup (plugin);
  entry->module = module;
  entry->type_names = g_new0 (char *, services->len + 1);

  for (guint i = 0; i < services->len; i++)
    entry->type_names[i] = g_strdup (((DevSshServiceEntry *) services->pdata[i])->type_name);
}

static DevSshPluginInfo *
read_plugin (const char          *directory,
             const char          *plugin,
             DevSshPluginOrigin   origin,
             const char          *path,
             GBytes              *text,
             GError             **error)
{
  g_autoptr(GKeyFile) keyfile = g_key_file_new ();
  g_autoptr(GPtrArray) services = NULL;
  g_autofree char *module_name = NULL;
  g_autofree char *title = NULL;
  g_autofree char *description = NULL;
  DevSshPluginModule *module;

  if (!g_key_file_load_from_bytes (keyfile, text, G_KEY_FILE_NONE, error) || !check_abi (keyfile, error))
    return NULL;

  module_name = get_string (keyfile, GROUP_PLUGIN, "Module", error);
  if (module_name == NULL)
    return NULL;

  services = read_services (keyfile, error);
  if (services == NULL)
    return NULL;

  module = devssh_plugin_module_get (directory, module_name, error);
  if (module == NULL)
    return NULL;

  for (guint i = 0; i < services->len; i++)
    complete_entry (services->pdata[i], services, plugin, module);

  title = g_key_file_get_locale_string (keyfile, GROUP_PLUGIN, "Name", NULL, NULL);
  description = g_key_file_get_locale_string (keyfile, GROUP_PLUGIN, "Description", NULL, NULL);

  return devssh_plugin_info_new (plugin, origin, path, text, title, description, module, services);
}

static void
add_file (Catalogue          *self,
          const char         *directory,
          const char         *file_name,
          DevSshPluginOrigin  origin)
{
  g_autofree char *plugin = g_strndup (file_name, strlen (file_name) - strlen (KEYFILE_SUFFIX));
  g_autofree char *path = NULL;
  g_autofree char *resolved = NULL;
  g_autoptr(GBytes) text = NULL;
  g_autoptr(DevSshPluginInfo) info = NULL;
  g_autoptr(GError) error = NULL;

  if ((self->names != NULL && !g_strv_contains (self->names, plugin))
      || g_hash_table_contains (self->seen, plugin))
    return;

  path = g_build_filename (directory, file_name, NULL);
  resolved = devssh_plugin_files_resolve (directory, file_name, &error);
  if (resolved != NULL)
    text = devssh_plugin_files_read (resolved, KEYFILE_MAX_SIZE, &error);

  if (text != NULL)
    {
      info = read_plugin (directory, plugin, origin, path, text, &error);
      if (info == NULL)
        {
          g_autofree char *display = g_filename_display_name (resolved);

          g_prefix_error (&error, "%s: ", display);
        }
    }

  if (info == NULL)
    {
      g_autofree char *display = g_filename_display_name (plugin);

      add_broken (self, display, origin, path, text, g_steal_pointer (&error));
      return;
    }

  g_hash_table_add (self->seen, g_steal_pointer (&plugin));
  g_ptr_array_add (self->infos, g_steal_pointer (&info));
}

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char * const *) a, *(const char * const *) b);
}

static void
add_directory (Catalogue          *self,
               const char         *path,
               DevSshPluginOrigin  origin)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GDir) dir = NULL;
  g_autoptr(GPtrArray) file_names = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *directory = devssh_plugin_files_resolve_directory (path, &error);
  const char *file_name;

  if (!g_hash_table_add (self->directories, g_strdup (directory != NULL ? directory : path)))
    return;

  if (directory != NULL)
    dir = g_dir_open (directory, 0, &error);

  if (dir == NULL)
    {
      g_autofree char *display = g_filename_display_name (path);

      add_broken (self, display, origin, path, NULL, g_steal_pointer (&error));
      return;
    }

  while ((file_name = g_dir_read_name (dir)) != NULL)
    {
      if (g_str_has_suffix (file_name, KEYFILE_SUFFIX) && *file_name != '.')
        g_ptr_array_add (file_names, g_strdup (file_name));
    }

  /* The order of services must not depend on that of a directory. */
  g_ptr_array_sort (file_names, compare_names);

  for (guint i = 0; i < file_names->len; i++)
    add_file (self, directory, file_names->pdata[i], origin);
}

/* The environment belongs to the caller, who must not choose what a setuid program runs. */
static void
add_directories_of_environment (Catalogue *self)
{
  const char *variable = g_getenv (PATH_VARIABLE);
  g_auto(GStrv) paths = NULL;

  if (variable == NULL || getauxval (AT_SECURE) != 0)
    return;

  paths = g_strsplit (variable, G_SEARCHPATH_SEPARATOR_S, -1);
  for (guint i = 0; paths[i] != NULL; i++)
    {
      if (*paths[i] != '\0')
        add_directory (self, paths[i], DEVSSH_PLUGIN_ORIGIN_ENVIRONMENT);
    }
}

GPtrArray *
devssh_plugin_catalogue_list (const char * const *extra_directories,
                              const char * const *names)
{
  Catalogue self = { .names = names };

  self.infos = g_ptr_array_new_with_free_func (g_object_unref);
  self.seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self.directories = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  add_directories_of_environment (&self);

  for (guint i = 0; extra_directories != NULL && extra_directories[i] != NULL; i++)
    add_directory (&self, extra_directories[i], DEVSSH_PLUGIN_ORIGIN_DIRECTORY);

  /* No plugin need be installed. */
  if (g_file_test (DEVSSH_PLUGIN_DIR, G_FILE_TEST_EXISTS))
    add_directory (&self, DEVSSH_PLUGIN_DIR, DEVSSH_PLUGIN_ORIGIN_INSTALLED);

  g_hash_table_unref (self.seen);
  g_hash_table_unref (self.directories);

  return self.infos;
}

GPtrArray *
devssh_plugin_catalogue (const char * const *extra_directories,
                         const char * const *names,
                         GPtrArray          *errors)
{
  g_autoptr(GPtrArray) infos = devssh_plugin_catalogue_list (extra_directories, names);
  GPtrArray *entries = g_ptr_array_new_with_free_func ((GDestroyNotify) devssh_service_entry_unref);

  for (guint i = 0; i < infos->len; i++)
    {
      GListModel *services = devssh_plugin_info_get_services (infos->pdata[i]);
      guint n_services = g_list_model_get_n_items (services);

      if (n_services == 0 && errors != NULL)
        g_ptr_array_add (errors, g_strdup (devssh_plugin_info_get_error (infos->pdata[i])->message));

      for (guint j = 0; j < n_services; j++)
        {
          g_autoptr(DevSshServiceInfo) service = g_list_model_get_item (services, j);

          g_ptr_array_add (entries, devssh_service_entry_ref (devssh_service_info_get_entry (service)));
        }
    }

  return entries;
}
