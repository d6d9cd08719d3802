/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a list says of a service: its name, its rules, and who stands before it. */
#include <libdevssh/service/devssh-plugin-info-private.h>

struct _DevSshServiceInfo
{
  GObject             parent_instance;
  DevSshServiceEntry *entry;
  char               *hidden_by;
};

/**
 * DevSshServiceInfo:
 *
 * A service that a plugin or the program itself has, in the list of a [class@PluginInfo].
 *
 * It describes: no instance is made and no module is opened for it.
 *
 * Since: 1.0
 */
G_DEFINE_FINAL_TYPE (DevSshServiceInfo, devssh_service_info, G_TYPE_OBJECT)

enum { PROP_0, PROP_NAME, PROP_TYPE_NAME, PROP_ACTIVATION, PROP_RULES, PROP_HIDDEN_BY, N_PROPS };
static GParamSpec *properties[N_PROPS];

static void
devssh_service_info_get_property (GObject    *object,
                                  guint       prop_id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  DevSshServiceInfo *self = DEVSSH_SERVICE_INFO (object);

  switch (prop_id)
    {
    case PROP_NAME:
      g_value_set_string (value, devssh_service_info_get_name (self));
      break;
    case PROP_TYPE_NAME:
      g_value_set_string (value, devssh_service_info_get_type_name (self));
      break;
    case PROP_ACTIVATION:
      g_value_set_boxed (value, devssh_service_info_get_activation (self));
      break;
    case PROP_RULES:
      g_value_set_boxed (value, devssh_service_info_get_rules (self));
      break;
    case PROP_HIDDEN_BY:
      g_value_set_string (value, devssh_service_info_get_hidden_by (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
devssh_service_info_finalize (GObject *object)
{
  DevSshServiceInfo *self = DEVSSH_SERVICE_INFO (object);

  devssh_service_entry_unref (self->entry);
  g_free (self->hidden_by);

  G_OBJECT_CLASS (devssh_service_info_parent_class)->finalize (object);
}

static void
devssh_service_info_class_init (DevSshServiceInfoClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = devssh_service_info_get_property;
  object_class->finalize = devssh_service_info_finalize;

  /**
   * DevSshServiceInfo:name: (getter get_name)
   *
   * What [method@Session.activate_service] calls it.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, flags);

  /**
   * DevSshServiceInfo:type-name: (getter get_type_name)
   *
   * The name of its class, which need not be registered yet.
   *
   * Since: 1.0
   */
  properties[PROP_TYPE_NAME] = g_param_spec_string ("type-name", NULL, NULL, NULL, flags);

  /**
   * DevSshServiceInfo:activation: (getter get_activation)
   *
   * What wakes it.
   *
   * Since: 1.0
   */
  properties[PROP_ACTIVATION] = g_param_spec_boxed ("activation", NULL, NULL, DEVSSH_TYPE_ACTIVATION, flags);

  /**
   * DevSshServiceInfo:rules: (getter get_rules)
   *
   * What wakes it, as it was written.
   *
   * Since: 1.0
   */
  properties[PROP_RULES] = g_param_spec_boxed ("rules", NULL, NULL, G_TYPE_STRV, flags);

  /**
   * DevSshServiceInfo:hidden-by: (getter get_hidden_by)
   *
   * The plugin that stands before this one in the list and has a service of the same name.
   *
   * Since: 1.0
   */
  properties[PROP_HIDDEN_BY] = g_param_spec_string ("hidden-by", NULL, NULL, NULL, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
devssh_service_info_init (DevSshServiceInfo *self)
{
}

DevSshServiceInfo *
devssh_service_info_new (DevSshServiceEntry *entry)
{
  DevSshServiceInfo *self = g_object_new (DEVSSH_TYPE_SERVICE_INFO, NULL);

  self->entry = devssh_service_entry_ref (entry);

  return self;
}

DevSshServiceEntry *
devssh_service_info_get_entry (DevSshServiceInfo *self)
{
  return self->entry;
}

void
devssh_service_info_set_hidden_by (DevSshServiceInfo *self,
                                   const char        *plugin)
{
  if (g_strcmp0 (self->hidden_by, plugin) == 0)
    return;

  g_free (self->hidden_by);
  self->hidden_by = g_strdup (plugin);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HIDDEN_BY]);
}

/**
 * devssh_service_info_get_name: (get-property name)
 * @self: what is known of a service
 *
 * Gets what [method@Session.activate_service] calls it.
 *
 * Returns: the name
 *
 * Since: 1.0
 */
const char *
devssh_service_info_get_name (DevSshServiceInfo *self)
{
  g_return_val_if_fail (DEVSSH_IS_SERVICE_INFO (self), NULL);

  return self->entry->name;
}

/**
 * devssh_service_info_get_type_name: (get-property type-name)
 * @self: what is known of a service
 *
 * Gets the name of its class, which need not be registered yet: a plugin's is when its module is
 * opened.
 *
 * Returns: the name of a type
 *
 * Since: 1.0
 */
const char *
devssh_service_info_get_type_name (DevSshServiceInfo *self)
{
  g_return_val_if_fail (DEVSSH_IS_SERVICE_INFO (self), NULL);

  return self->entry->type_name;
}

/**
 * devssh_service_info_get_activation: (get-property activation)
 * @self: what is known of a service
 *
 * Gets what wakes it.
 *
 * Returns: (transfer none): the rules
 *
 * Since: 1.0
 */
DevSshActivation *
devssh_service_info_get_activation (DevSshServiceInfo *self)
{
  g_return_val_if_fail (DEVSSH_IS_SERVICE_INFO (self), NULL);

  return self->entry->activation;
}

/**
 * devssh_service_info_get_rules: (get-property rules)
 * @self: what is known of a service
 *
 * Gets what wakes it, as it was written. Without rules it is woken by its name only.
 *
 * Returns: (transfer none) (array zero-terminated=1): the rules
 *
 * Since: 1.0
 */
const char * const *
devssh_service_info_get_rules (DevSshServiceInfo *self)
{
  g_return_val_if_fail (DEVSSH_IS_SERVICE_INFO (self), NULL);

  return devssh_activation_get_rules (self->entry->activation);
}

/**
 * devssh_service_info_get_hidden_by: (get-property hidden-by)
 * @self: what is known of a service
 *
 * Gets the plugin that stands before this one in the list and has a service of the same name. A
 * session that may use both has that one's service, and not this one.
 *
 * Returns: (nullable): the name of a plugin; %NULL: nothing hides it
 *
 * Since: 1.0
 */
const char *
devssh_service_info_get_hidden_by (DevSshServiceInfo *self)
{
  g_return_val_if_fail (DEVSSH_IS_SERVICE_INFO (self), NULL);

  return self->hidden_by;
}
