/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a list says of a plugin: its keyfile's words, and what has become of its module in this process. */
#include <libdevssh/service/devssh-plugin-info-private.h>

struct _DevSshPluginInfo
{
  GObject             parent_instance;
  char               *name;
  char               *title;
  char               *description;
  char               *path;
  GBytes             *text;         /* of the keyfile */
  DevSshPluginOrigin  origin;
  DevSshPluginModule *module;       /* NULL: none, and the state stays */
  char              **type_names;
  GListStore         *services;
  DevSshPluginState   state;
  GError             *error;
};

/**
 * DevSshPluginInfo:
 *
 * A plugin in the list of a [class@PluginRegistry], or a service that a program has registered
 * itself.
 *
 * Everything but the state is what the keyfile says. Whether the module works is known when a
 * session has opened it; the state belongs to the whole process, and its changes are notified.
 *
 * A keyfile that cannot be used, and a directory that cannot, are here as well, with
 * %DEVSSH_PLUGIN_STATE_FAILED and the reason.
 *
 * Since: 1.0
 */
G_DEFINE_FINAL_TYPE (DevSshPluginInfo, devssh_plugin_info, G_TYPE_OBJECT)

/**
 * DevSshPluginOrigin:
 * @DEVSSH_PLUGIN_ORIGIN_CODE: the program registered it, with [method@SessionConfig.add_service]
 * @DEVSSH_PLUGIN_ORIGIN_ENVIRONMENT: a directory in the environment variable `DEVSSH_PLUGIN_PATH`
 * @DEVSSH_PLUGIN_ORIGIN_DIRECTORY: a directory that the program named
 * @DEVSSH_PLUGIN_ORIGIN_INSTALLED: the directory that the library was built for
 *
 * Where a plugin comes from; of two with one name the one with the smaller origin is used.
 *
 * Since: 1.0
 */
G_DEFINE_ENUM_TYPE (DevSshPluginOrigin, devssh_plugin_origin,
                    G_DEFINE_ENUM_VALUE (DEVSSH_PLUGIN_ORIGIN_CODE, "code"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_PLUGIN_ORIGIN_ENVIRONMENT, "environment"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_PLUGIN_ORIGIN_DIRECTORY, "directory"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_PLUGIN_ORIGIN_INSTALLED, "installed"))

/**
 * DevSshPluginState:
 * @DEVSSH_PLUGIN_STATE_AVAILABLE: its keyfile is sound, and its module was not needed yet
 * @DEVSSH_PLUGIN_STATE_LOADED: its module is open and has all its services; that stays so
 * @DEVSSH_PLUGIN_STATE_FAILED: it cannot be used, and [property@PluginInfo:error] says why; a module is
 *   tried again by the next session that needs it
 *
 * What has become of a plugin in this process.
 *
 * Since: 1.0
 */
G_DEFINE_ENUM_TYPE (DevSshPluginState, devssh_plugin_state,
                    G_DEFINE_ENUM_VALUE (DEVSSH_PLUGIN_STATE_AVAILABLE, "available"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_PLUGIN_STATE_LOADED, "loaded"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_PLUGIN_STATE_FAILED, "failed"))

enum
{
  PROP_0,
  PROP_NAME,
  PROP_TITLE,
  PROP_DESCRIPTION,
  PROP_ORIGIN,
  PROP_PATH,
  PROP_MODULE_PATH,
  PROP_STATE,
  PROP_ERROR,
  PROP_SERVICES,
  N_PROPS
};
static GParamSpec *properties[N_PROPS];

static void
devssh_plugin_info_get_property (GObject    *object,
                                 guint       prop_id,
                                 GValue     *value,
                                 GParamSpec *pspec)
{
  DevSshPluginInfo *self = DEVSSH_PLUGIN_INFO (object);

  switch (prop_id)
    {
    case PROP_NAME:
      g_value_set_string (value, devssh_plugin_info_get_name (self));
      break;
    case PROP_TITLE:
      g_value_set_string (value, devssh_plugin_info_get_title (self));
      break;
    case PROP_DESCRIPTION:
      g_value_set_string (value, devssh_plugin_info_get_description (self));
      break;
    case PROP_ORIGIN:
      g_value_set_enum (value, devssh_plugin_info_get_origin (self));
      break;
    case PROP_PATH:
      g_value_set_string (value, devssh_plugin_info_get_path (self));
      break;
    case PROP_MODULE_PATH:
      g_value_set_string (value, devssh_plugin_info_get_module_path (self));
      break;
    case PROP_STATE:
      g_value_set_enum (value, devssh_plugin_info_get_state (self));
      break;
    case PROP_ERROR:
      g_value_set_boxed (value, devssh_plugin_info_get_error (self));
      break;
    case PROP_SERVICES:
      g_value_set_object (value, devssh_plugin_info_get_services (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
devssh_plugin_info_finalize (GObject *object)
{
  DevSshPluginInfo *self = DEVSSH_PLUGIN_INFO (object);

  g_free (self->name);
  g_free (self->title);
  g_free (self->description);
  g_free (self->path);
  g_clear_pointer (&self->text, g_bytes_unref);
  g_strfreev (self->type_names);
  g_object_unref (self->services);
  g_clear_error (&self->error);

  G_OBJECT_CLASS (devssh_plugin_info_parent_class)->finalize (object);
}

static void
devssh_plugin_info_class_init (DevSshPluginInfoClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = devssh_plugin_info_get_property;
  object_class->finalize = devssh_plugin_info_finalize;

  /**
   * DevSshPluginInfo:name: (getter get_name)
   *
   * What [method@SessionConfig.allow_plugins] calls it.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, flags);

  /**
   * DevSshPluginInfo:title: (getter get_title)
   *
   * What people call it, in their language if the keyfile knows it.
   *
   * Since: 1.0
   */
  properties[PROP_TITLE] = g_param_spec_string ("title", NULL, NULL, NULL, flags);

  /**
   * DevSshPluginInfo:description: (getter get_description)
   *
   * What it is for, in a sentence, in the user's language if the keyfile knows it.
   *
   * Since: 1.0
   */
  properties[PROP_DESCRIPTION] = g_param_spec_string ("description", NULL, NULL, NULL, flags);

  /**
   * DevSshPluginInfo:origin: (getter get_origin)
   *
   * Where it comes from.
   *
   * Since: 1.0
   */
  properties[PROP_ORIGIN] =
    g_param_spec_enum ("origin", NULL, NULL, DEVSSH_TYPE_PLUGIN_ORIGIN, DEVSSH_PLUGIN_ORIGIN_CODE, flags);

  /**
   * DevSshPluginInfo:path: (getter get_path) (type filename)
   *
   * Its keyfile.
   *
   * Since: 1.0
   */
  properties[PROP_PATH] = g_param_spec_string ("path", NULL, NULL, NULL, flags);

  /**
   * DevSshPluginInfo:module-path: (getter get_module_path) (type filename)
   *
   * The module that holds its services.
   *
   * Since: 1.0
   */
  properties[PROP_MODULE_PATH] = g_param_spec_string ("module-path", NULL, NULL, NULL, flags);

  /**
   * DevSshPluginInfo:state: (getter get_state)
   *
   * What has become of it in this process; notified on every change.
   *
   * Since: 1.0
   */
  properties[PROP_STATE] =
    g_param_spec_enum ("state", NULL, NULL, DEVSSH_TYPE_PLUGIN_STATE, DEVSSH_PLUGIN_STATE_AVAILABLE, flags);

  /**
   * DevSshPluginInfo:error: (getter get_error)
   *
   * Why it cannot be used; notified on every change.
   *
   * Since: 1.0
   */
  properties[PROP_ERROR] = g_param_spec_boxed ("error", NULL, NULL, G_TYPE_ERROR, flags);

  /**
   * DevSshPluginInfo:services: (getter get_services)
   *
   * Its services, a list of [class@ServiceInfo].
   *
   * Since: 1.0
   */
  properties[PROP_SERVICES] = g_param_spec_object ("services", NULL, NULL, G_TYPE_LIST_MODEL, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
devssh_plugin_info_init (DevSshPluginInfo *self)
{
  self->services = g_list_store_new (DEVSSH_TYPE_SERVICE_INFO);
}

static DevSshPluginInfo *
info_new (const char         *name,
          DevSshPluginOrigin  origin,
          const char         *path,
          GBytes             *text)
{
  DevSshPluginInfo *self = g_object_new (DEVSSH_TYPE_PLUGIN_INFO, NULL);

  self->name = g_strdup (name);
  self->origin = origin;
  self->path = g_strdup (path);
  self->text = text != NULL ? g_bytes_ref (text) : NULL;

  return self;
}

DevSshPluginInfo *
devssh_plugin_info_new_broken (const char         *name,
                               DevSshPluginOrigin  origin,
                               const char         *path,
                               GBytes             *text,
                               GError             *error)
{
  DevSshPluginInfo *self = info_new (name, origin, path, text);

  self->state = DEVSSH_PLUGIN_STATE_FAILED;
  self->error = error;

  return self;
}

DevSshPluginInfo *
devssh_plugin_info_new (const char         *name,
                        DevSshPluginOrigin  origin,
                        const char         *path,
                        GBytes             *text,
                        const char         *title,
                        const char         *description,
                        DevSshPluginModule *module,
                        GPtrArray          *entries)
{
  DevSshPluginInfo *self = info_new (name, origin, path, text);

  self->title = g_strdup (title);
  self->description = g_strdup (description);
  self->module = module;
  self->type_names = g_new0 (char *, entries->len + 1);

  for (guint i = 0; i < entries->len; i++)
    {
      DevSshServiceEntry *entry = entries->pdata[i];
      g_autoptr(DevSshServiceInfo) service = devssh_service_info_new (entry);

      self->type_names[i] = g_strdup (entry->type_name);
      g_list_store_append (self->services, service);
    }

  devssh_plugin_info_update (self);

  return self;
}

DevSshPluginInfo *
devssh_plugin_info_new_for_code (DevSshServiceEntry *entry)
{
  DevSshPluginInfo *self = info_new (entry->name, DEVSSH_PLUGIN_ORIGIN_CODE, NULL, NULL);
  g_autoptr(DevSshServiceInfo) service = devssh_service_info_new (entry);

  self->state = DEVSSH_PLUGIN_STATE_LOADED;
  g_list_store_append (self->services, service);

  return self;
}

static gboolean
is_same_text (GBytes *a,
              GBytes *b)
{
  return a == b || (a != NULL && b != NULL && g_bytes_equal (a, b));
}

/* For what is broken before there is a module the reason counts as well: a mode, an owner. */
gboolean
devssh_plugin_info_is_same (DevSshPluginInfo *self,
                            DevSshPluginInfo *other)
{
  return self->origin == other->origin
      && self->module == other->module
      && self->path != NULL && g_strcmp0 (self->path, other->path) == 0
      && is_same_text (self->text, other->text)
      && (self->module != NULL || g_strcmp0 (self->error->message, other->error->message) == 0);
}

void
devssh_plugin_info_update (DevSshPluginInfo *self)
{
  g_autoptr(GError) error = NULL;
  DevSshPluginState state;
  gboolean other_state, other_error;

  if (self->module == NULL)
    return;

  state = devssh_plugin_module_get_state (self->module, (const char * const *) self->type_names, &error);
  other_state = state != self->state;
  other_error = g_strcmp0 (error != NULL ? error->message : NULL,
                           self->error != NULL ? self->error->message : NULL) != 0;
  if (!other_state && !other_error)
    return;

  g_object_freeze_notify (G_OBJECT (self));
  self->state = state;
  g_clear_error (&self->error);
  self->error = g_steal_pointer (&error);
  if (other_state)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
  if (other_error)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ERROR]);
  g_object_thaw_notify (G_OBJECT (self));
}

/**
 * devssh_plugin_info_get_name: (get-property name)
 * @self: what is known of a plugin
 *
 * Gets what [method@SessionConfig.allow_plugins] calls it: the name of its keyfile without the
 * ending. What a program has registered itself has the name of its service, and a directory that
 * is not used has its path.
 *
 * Returns: the name
 *
 * Since: 1.0
 */
const char *
devssh_plugin_info_get_name (DevSshPluginInfo *self)
{
  g_return_val_if_fail (DEVSSH_IS_PLUGIN_INFO (self), NULL);

  return self->name;
}

/**
 * devssh_plugin_info_get_title: (get-property title)
 * @self: what is known of a plugin
 *
 * Gets what people call it, in their language if the keyfile knows it. Without a word of the
 * keyfile it is the name.
 *
 * Returns: the title
 *
 * Since: 1.0
 */
const char *
devssh_plugin_info_get_title (DevSshPluginInfo *self)
{
  g_return_val_if_fail (DEVSSH_IS_PLUGIN_INFO (self), NULL);

  return self->title != NULL ? self->title : self->name;
}

/**
 * devssh_plugin_info_get_description: (get-property description)
 * @self: what is known of a plugin
 *
 * Gets what it is for.
 *
 * Returns: (nullable): a sentence; %NULL if the keyfile has none
 *
 * Since: 1.0
 */
const char *
devssh_plugin_info_get_description (DevSshPluginInfo *self)
{
  g_return_val_if_fail (DEVSSH_IS_PLUGIN_INFO (self), NULL);

  return self->description;
}

/**
 * devssh_plugin_info_get_origin: (get-property origin)
 * @self: what is known of a plugin
 *
 * Gets where it comes from.
 *
 * Returns: the origin
 *
 * Since: 1.0
 */
DevSshPluginOrigin
devssh_plugin_info_get_origin (DevSshPluginInfo *self)
{
  g_return_val_if_fail (DEVSSH_IS_PLUGIN_INFO (self), DEVSSH_PLUGIN_ORIGIN_CODE);

  return self->origin;
}

/**
 * devssh_plugin_info_get_path: (get-property path)
 * @self: what is known of a plugin
 *
 * Gets its keyfile; of a directory that is not used, the directory.
 *
 * Returns: (type filename) (nullable): an absolute path, but for a directory that was named by
 *   another; %NULL for what a program has registered itself
 *
 * Since: 1.0
 */
const char *
devssh_plugin_info_get_path (DevSshPluginInfo *self)
{
  g_return_val_if_fail (DEVSSH_IS_PLUGIN_INFO (self), NULL);

  return self->path;
}

/**
 * devssh_plugin_info_get_module_path: (get-property module-path)
 * @self: what is known of a plugin
 *
 * Gets the module that is opened for its services. Whether there is such a file is not looked
 * at before.
 *
 * Returns: (type filename) (nullable): an absolute path; %NULL if the keyfile is not sound, and
 *   for what a program has registered itself
 *
 * Since: 1.0
 */
const char *
devssh_plugin_info_get_module_path (DevSshPluginInfo *self)
{
  g_return_val_if_fail (DEVSSH_IS_PLUGIN_INFO (self), NULL);

  return self->module != NULL ? devssh_plugin_module_get_path (self->module) : NULL;
}

/**
 * devssh_plugin_info_get_state: (get-property state)
 * @self: what is known of a plugin
 *
 * Gets what has become of it in this process.
 *
 * Returns: the state
 *
 * Since: 1.0
 */
DevSshPluginState
devssh_plugin_info_get_state (DevSshPluginInfo *self)
{
  g_return_val_if_fail (DEVSSH_IS_PLUGIN_INFO (self), DEVSSH_PLUGIN_STATE_FAILED);

  return self->state;
}

/**
 * devssh_plugin_info_get_error: (get-property error)
 * @self: what is known of a plugin
 *
 * Gets why it cannot be used; the text names the file.
 *
 * That an instance cannot start in some session is an error of that session only, see
 * [method@Session.activate_service].
 *
 * Returns: (transfer none) (nullable): %DEVSSH_ERROR_PLUGIN or the like; %NULL if it has not failed
 *
 * Since: 1.0
 */
const GError *
devssh_plugin_info_get_error (DevSshPluginInfo *self)
{
  g_return_val_if_fail (DEVSSH_IS_PLUGIN_INFO (self), NULL);

  return self->error;
}

/**
 * devssh_plugin_info_get_services: (get-property services)
 * @self: what is known of a plugin
 *
 * Gets its services, a list of [class@ServiceInfo] that does not change.
 *
 * Returns: (transfer none): the list; empty if the keyfile is not sound
 *
 * Since: 1.0
 */
GListModel *
devssh_plugin_info_get_services (DevSshPluginInfo *self)
{
  g_return_val_if_fail (DEVSSH_IS_PLUGIN_INFO (self), NULL);

  return G_LIST_MODEL (self->services);
}
