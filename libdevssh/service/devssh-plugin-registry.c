/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A list of plugins: read when it is first looked at and when asked to, told of modules that other threads open. */
#include <libdevssh/service/devssh-plugin-registry-private.h>

#include <libdevssh/base/devssh-context-private.h>
#include <libdevssh/service/devssh-plugin-info-private.h>

/* What the thread that opens a module touches of us. */
typedef struct
{
  gatomicrefcount  ref_count;
  GWeakRef         registry;
  DevSshContext   *context;
  int              marked;     /* atomic: an update is due */
} Mark;

struct _DevSshPluginRegistry
{
  GObject            parent_instance;
  char             **directories;
  char             **names;          /* (nullable): only these plugins */
  GPtrArray         *code;           /* (nullable) (element-type DevSshServiceEntry) */
  gboolean           without_plugins;
  GPtrArray         *items;          /* (element-type DevSshPluginInfo); NULL: nobody has looked yet */
  Mark              *mark;
  DevSshPluginWatch *watch;
};

static void list_model_init (GListModelInterface *iface);

/**
 * DevSshPluginRegistry:
 *
 * The plugins that are installed, as a list of [class@PluginInfo] for a window or a command to
 * show.
 *
 * They are read from keyfiles in the directories of the environment variable
 * `DEVSSH_PLUGIN_PATH` (not in a process that has gained privileges), in those that the program
 * names, and in the one that the library was built for; in this order, and within a directory by
 * name. Of two plugins with one name the first one is used, and the other is not in the list.
 * What cannot be used is in the list with the reason.
 *
 * No module is opened for a list. When a session opens one, or cannot, the
 * [property@PluginInfo:state] of its item follows, in whatever thread that session lives. What
 * is installed later is seen after [method@PluginRegistry.refresh].
 *
 * [method@SessionConfig.list_plugins] makes a list of what sessions with that configuration may
 * use.
 *
 * A registry belongs to the thread-default main context it was made in.
 *
 * Since: 1.0
 */
G_DEFINE_FINAL_TYPE_WITH_CODE (DevSshPluginRegistry, devssh_plugin_registry, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

enum { PROP_0, PROP_DIRECTORIES, N_PROPS };
static GParamSpec *properties[N_PROPS];

/* ---- news of other threads ---- */

static void
mark_unref (gpointer data)
{
  Mark *mark = data;

  if (!g_atomic_ref_count_dec (&mark->ref_count))
    return;

  g_weak_ref_clear (&mark->registry);
  devssh_context_unref (mark->context);
  g_free (mark);
}

static void
devssh_plugin_registry_update (DevSshPluginRegistry *self)
{
  g_autoptr(GPtrArray) items = self->items != NULL ? g_ptr_array_ref (self->items) : NULL;

  for (guint i = 0; items != NULL && i < items->len; i++)
    devssh_plugin_info_update (items->pdata[i]);
}

static void
marked_cb (gpointer data)
{
  Mark *mark = data;
  g_autoptr(DevSshPluginRegistry) registry = NULL;

  /* First of all: what changes from here on marks again. */
  g_atomic_int_set (&mark->marked, FALSE);
  registry = g_weak_ref_get (&mark->registry);
  if (registry != NULL)
    devssh_plugin_registry_update (registry);
}

static void
changed_cb (gpointer data)
{
  Mark *mark = data;

  if (!g_atomic_int_compare_and_exchange (&mark->marked, FALSE, TRUE))
    return;

  g_atomic_ref_count_inc (&mark->ref_count);
  devssh_context_defer (mark->context, marked_cb, mark, mark_unref);
}

/* ---- what is there ---- */

static void
find_hidden (GPtrArray *items)
{
  g_autoptr(GHashTable) owners = g_hash_table_new (g_str_hash, g_str_equal);   /* service -> plugin */

  for (guint i = 0; i < items->len; i++)
    {
      const char *plugin = devssh_plugin_info_get_name (items->pdata[i]);
      GListModel *services = devssh_plugin_info_get_services (items->pdata[i]);

      for (guint j = 0; j < g_list_model_get_n_items (services); j++)
        {
          g_autoptr(DevSshServiceInfo) service = g_list_model_get_item (services, j);
          const char *name = devssh_service_info_get_name (service);
          const char *owner = g_hash_table_lookup (owners, name);

          devssh_service_info_set_hidden_by (service, owner);
          if (owner == NULL)
            g_hash_table_insert (owners, (gpointer) name, (gpointer) plugin);
        }
    }
}

static GPtrArray *
devssh_plugin_registry_read (DevSshPluginRegistry *self)
{
  GPtrArray *items = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; self->code != NULL && i < self->code->len; i++)
    g_ptr_array_add (items, devssh_plugin_info_new_for_code (self->code->pdata[i]));

  if (!self->without_plugins)
    {
      g_autoptr(GPtrArray) plugins = devssh_plugin_catalogue_list ((const char * const *) self->directories,
                                                                   (const char * const *) self->names);

      g_ptr_array_extend (items, plugins, (GCopyFunc) g_object_ref, NULL);
    }

  return items;
}

/* What has not changed stays the same object: somebody may have chosen it in a window. */
static void
keep_known (GPtrArray *items,
            GPtrArray *known,
            guint      n_code)
{
  for (guint i = 0; i < items->len; i++)
    {
      for (guint j = 0; j < known->len; j++)
        {
          if (i < n_code ? i == j : devssh_plugin_info_is_same (items->pdata[i], known->pdata[j]))
            {
              g_object_unref (items->pdata[i]);
              items->pdata[i] = g_object_ref (known->pdata[j]);
              break;
            }
        }
    }
}

static GPtrArray *
devssh_plugin_registry_look (DevSshPluginRegistry *self)
{
  if (self->items == NULL)
    {
      self->items = devssh_plugin_registry_read (self);
      find_hidden (self->items);
    }

  return self->items;
}

static void
devssh_plugin_registry_replace (DevSshPluginRegistry *self,
                                GPtrArray            *items)
{
  g_autoptr(GPtrArray) before = self->items;
  guint same = 0, same_end = 0;
  guint shorter = MIN (before->len, items->len);

  while (same < shorter && before->pdata[same] == items->pdata[same])
    same++;
  while (same_end < shorter - same
         && before->pdata[before->len - 1 - same_end] == items->pdata[items->len - 1 - same_end])
    same_end++;

  self->items = items;
  if (before->len > same + same_end || items->len > same + same_end)
    g_list_model_items_changed (G_LIST_MODEL (self), same, before->len - same - same_end, items->len - same - same_end);
}

static GType
devssh_plugin_registry_get_item_type (GListModel *model)
{
  return DEVSSH_TYPE_PLUGIN_INFO;
}

static guint
devssh_plugin_registry_get_n_items (GListModel *model)
{
  return devssh_plugin_registry_look (DEVSSH_PLUGIN_REGISTRY (model))->len;
}

static gpointer
devssh_plugin_registry_get_item (GListModel *model,
                                 guint       position)
{
  GPtrArray *items = devssh_plugin_registry_look (DEVSSH_PLUGIN_REGISTRY (model));

  return position < items->len ? g_object_ref (items->pdata[position]) : NULL;
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = devssh_plugin_registry_get_item_type;
  iface->get_n_items = devssh_plugin_registry_get_n_items;
  iface->get_item = devssh_plugin_registry_get_item;
}

static void
devssh_plugin_registry_constructed (GObject *object)
{
  DevSshPluginRegistry *self = DEVSSH_PLUGIN_REGISTRY (object);

  G_OBJECT_CLASS (devssh_plugin_registry_parent_class)->constructed (object);

  self->mark = g_new0 (Mark, 1);
  g_atomic_ref_count_init (&self->mark->ref_count);
  g_weak_ref_init (&self->mark->registry, self);
  self->mark->context = devssh_context_ref_thread_default ();
  /* Before anything is read: what happens between would be missed. */
  self->watch = devssh_plugin_watch_new (changed_cb, self->mark);
}

static void
devssh_plugin_registry_get_property (GObject    *object,
                                     guint       prop_id,
                                     GValue     *value,
                                     GParamSpec *pspec)
{
  DevSshPluginRegistry *self = DEVSSH_PLUGIN_REGISTRY (object);

  switch (prop_id)
    {
    case PROP_DIRECTORIES:
      g_value_set_boxed (value, devssh_plugin_registry_get_directories (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
devssh_plugin_registry_set_property (GObject      *object,
                                     guint         prop_id,
                                     const GValue *value,
                                     GParamSpec   *pspec)
{
  DevSshPluginRegistry *self = DEVSSH_PLUGIN_REGISTRY (object);

  switch (prop_id)
    {
    case PROP_DIRECTORIES:
      self->directories = g_value_dup_boxed (value);
      if (self->directories == NULL)
        self->directories = g_new0 (char *, 1);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
devssh_plugin_registry_dispose (GObject *object)
{
  DevSshPluginRegistry *self = DEVSSH_PLUGIN_REGISTRY (object);

  g_clear_pointer (&self->watch, devssh_plugin_watch_free);

  G_OBJECT_CLASS (devssh_plugin_registry_parent_class)->dispose (object);
}

static void
devssh_plugin_registry_finalize (GObject *object)
{
  DevSshPluginRegistry *self = DEVSSH_PLUGIN_REGISTRY (object);

  mark_unref (self->mark);
  g_strfreev (self->directories);
  g_strfreev (self->names);
  g_clear_pointer (&self->code, g_ptr_array_unref);
  g_clear_pointer (&self->items, g_ptr_array_unref);

  G_OBJECT_CLASS (devssh_plugin_registry_parent_class)->finalize (object);
}

static void
devssh_plugin_registry_class_init (DevSshPluginRegistryClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = devssh_plugin_registry_constructed;
  object_class->get_property = devssh_plugin_registry_get_property;
  object_class->set_property = devssh_plugin_registry_set_property;
  object_class->dispose = devssh_plugin_registry_dispose;
  object_class->finalize = devssh_plugin_registry_finalize;

  /**
   * DevSshPluginRegistry:directories: (getter get_directories)
   *
   * The directories that the program named.
   *
   * Since: 1.0
   */
  properties[PROP_DIRECTORIES] =
    g_param_spec_boxed ("directories", NULL, NULL, G_TYPE_STRV,
                        G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
devssh_plugin_registry_init (DevSshPluginRegistry *self)
{
}

DevSshPluginRegistry *
devssh_plugin_registry_new_full (GPtrArray          *code,
                                 gboolean            with_plugins,
                                 const char * const *directories,
                                 const char * const *names)
{
  DevSshPluginRegistry *self = g_object_new (DEVSSH_TYPE_PLUGIN_REGISTRY, "directories", directories, NULL);

  self->names = g_strdupv ((char **) names);
  self->code = code != NULL ? g_ptr_array_ref (code) : NULL;
  self->without_plugins = !with_plugins;

  return self;
}

/**
 * devssh_plugin_registry_new:
 * @directories: (nullable) (array zero-terminated=1) (element-type filename): absolute paths of
 *   further directories
 *
 * Lists what is installed, and what is in @directories. Keyfiles are read when the list is first
 * looked at.
 *
 * Returns: (transfer full): the list
 *
 * Since: 1.0
 */
DevSshPluginRegistry *
devssh_plugin_registry_new (const char * const *directories)
{
  return devssh_plugin_registry_new_full (NULL, TRUE, directories, NULL);
}

/**
 * devssh_plugin_registry_get_directories: (get-property directories)
 * @self: a list of plugins
 *
 * Gets the directories that the program named.
 *
 * Returns: (transfer none) (array zero-terminated=1) (element-type filename): paths
 *
 * Since: 1.0
 */
const char * const *
devssh_plugin_registry_get_directories (DevSshPluginRegistry *self)
{
  g_return_val_if_fail (DEVSSH_IS_PLUGIN_REGISTRY (self), NULL);

  return (const char * const *) self->directories;
}

/**
 * devssh_plugin_registry_refresh:
 * @self: a list of plugins
 *
 * Reads the directories again. Items that have not changed stay the same objects;
 * [signal@Gio.ListModel::items-changed] tells of the others.
 *
 * Sessions read for themselves, when they are made.
 *
 * Since: 1.0
 */
void
devssh_plugin_registry_refresh (DevSshPluginRegistry *self)
{
  GPtrArray *items;

  g_return_if_fail (DEVSSH_IS_PLUGIN_REGISTRY (self));

  if (!devssh_context_check_here (self->mark->context, G_STRFUNC, NULL) || self->items == NULL)
    return;

  items = devssh_plugin_registry_read (self);
  keep_known (items, self->items, self->code != NULL ? self->code->len : 0);
  find_hidden (items);
  devssh_plugin_registry_replace (self, items);
  devssh_plugin_registry_update (self);
}
