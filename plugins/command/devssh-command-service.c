/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The class of the service, its options, and the module's door. */
#include "devssh-command-service.h"

#include <string.h>

enum
{
  PROP_0,
  PROP_ALLOWED_ENVIRONMENT,
  PROP_BASE_ENVIRONMENT,
  PROP_SHELL,
  PROP_WORKING_DIRECTORY,
  PROP_ALLOW_PTY,
  PROP_HANGUP_GRACE
};

static void devssh_command_service_init_interface (DevSshCommandRunnerInterface *iface);

G_DEFINE_DYNAMIC_TYPE_EXTENDED (DevSshCommandService, devssh_command_service, DEVSSH_TYPE_SERVICE,
                                G_TYPE_FLAG_FINAL,
                                G_IMPLEMENT_INTERFACE_DYNAMIC (DEVSSH_TYPE_COMMAND_RUNNER,
                                                               devssh_command_service_init_interface))

static gboolean
devssh_command_service_channel_request (DevSshService        *service,
                                        DevSshChannelRequest *request)
{
  return devssh_command_channel_request (DEVSSH_COMMAND_SERVICE (service), request);
}

static void
devssh_command_service_closed (DevSshService *service)
{
  devssh_command_end_all (DEVSSH_COMMAND_SERVICE (service));
}

static void
devssh_command_service_get_property (GObject    *object,
                                     guint       prop_id,
                                     GValue     *value,
                                     GParamSpec *pspec)
{
  DevSshCommandService *self = DEVSSH_COMMAND_SERVICE (object);

  switch (prop_id)
    {
    case PROP_ALLOWED_ENVIRONMENT:
      g_value_set_boxed (value, self->allowed_environment);
      break;
    case PROP_BASE_ENVIRONMENT:
      g_value_set_boxed (value, self->base_environment);
      break;
    case PROP_SHELL:
      g_value_set_string (value, self->shell);
      break;
    case PROP_WORKING_DIRECTORY:
      g_value_set_string (value, self->working_directory);
      break;
    case PROP_ALLOW_PTY:
      g_value_set_boolean (value, self->allow_pty);
      break;
    case PROP_HANGUP_GRACE:
      g_value_set_uint (value, self->hangup_grace);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
devssh_command_service_set_property (GObject      *object,
                                     guint         prop_id,
                                     const GValue *value,
                                     GParamSpec   *pspec)
{
  DevSshCommandService *self = DEVSSH_COMMAND_SERVICE (object);

  switch (prop_id)
    {
    case PROP_ALLOWED_ENVIRONMENT:
      g_strfreev (self->allowed_environment);
      self->allowed_environment = g_value_dup_boxed (value);
      break;
    case PROP_BASE_ENVIRONMENT:
      g_strfreev (self->base_environment);
      self->base_environment = g_value_dup_boxed (value);
      break;
    case PROP_SHELL:
      g_free (self->shell);
      self->shell = g_value_dup_string (value);
      break;
    case PROP_WORKING_DIRECTORY:
      g_free (self->working_directory);
      self->working_directory = g_value_dup_string (value);
      break;
    case PROP_ALLOW_PTY:
      self->allow_pty = g_value_get_boolean (value);
      break;
    case PROP_HANGUP_GRACE:
      self->hangup_grace = g_value_get_uint (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
      return;
    }

  g_object_notify_by_pspec (object, pspec);
}

static void
devssh_command_service_finalize (GObject *object)
{
  DevSshCommandService *self = DEVSSH_COMMAND_SERVICE (object);

  g_hash_table_unref (self->commands);
  g_hash_table_unref (self->subsystems);
  g_strfreev (self->allowed_environment);
  g_strfreev (self->base_environment);
  g_free (self->shell);
  g_free (self->working_directory);

  G_OBJECT_CLASS (devssh_command_service_parent_class)->finalize (object);
}

static void
devssh_command_service_class_init (DevSshCommandServiceClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  DevSshServiceClass *service_class = DEVSSH_SERVICE_CLASS (klass);

  object_class->get_property = devssh_command_service_get_property;
  object_class->set_property = devssh_command_service_set_property;
  object_class->finalize = devssh_command_service_finalize;
  service_class->channel_request = devssh_command_service_channel_request;
  service_class->closed = devssh_command_service_closed;

  g_object_class_override_property (object_class, PROP_ALLOWED_ENVIRONMENT, "allowed-environment");
  g_object_class_override_property (object_class, PROP_BASE_ENVIRONMENT, "base-environment");
  g_object_class_override_property (object_class, PROP_SHELL, "shell");
  g_object_class_override_property (object_class, PROP_WORKING_DIRECTORY, "working-directory");
  g_object_class_override_property (object_class, PROP_ALLOW_PTY, "allow-pty");
  g_object_class_override_property (object_class, PROP_HANGUP_GRACE, "hangup-grace");
}

static void
devssh_command_service_class_finalize (DevSshCommandServiceClass *klass)
{
}

/* What the interface says if nothing was set. */
static void
set_default (GObject    *object,
             const char *property)
{
  GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (object), property);

  g_object_set_property (object, property, g_param_spec_get_default_value (pspec));
}

static void
devssh_command_service_init (DevSshCommandService *self)
{
  self->subsystems = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_strfreev);
  self->commands = g_hash_table_new (NULL, NULL);
  set_default (G_OBJECT (self), "shell");
  set_default (G_OBJECT (self), "hangup-grace");
}

static void
devssh_command_service_set_subsystem (DevSshCommandRunner *runner,
                                      const char          *name,
                                      const char * const  *argv)
{
  g_hash_table_replace (DEVSSH_COMMAND_SERVICE (runner)->subsystems, g_strdup (name), g_strdupv ((char **) argv));
}

static gboolean
devssh_command_service_remove_subsystem (DevSshCommandRunner *runner,
                                         const char          *name)
{
  return g_hash_table_remove (DEVSSH_COMMAND_SERVICE (runner)->subsystems, name);
}

static char **
devssh_command_service_dup_subsystems (DevSshCommandRunner *runner)
{
  g_autoptr(GList) names = g_hash_table_get_keys (DEVSSH_COMMAND_SERVICE (runner)->subsystems);
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();

  names = g_list_sort (names, (GCompareFunc) strcmp);
  for (GList *l = names; l != NULL; l = l->next)
    g_strv_builder_add (builder, l->data);

  return g_strv_builder_end (builder);
}

static void
devssh_command_service_init_interface (DevSshCommandRunnerInterface *iface)
{
  iface->set_subsystem = devssh_command_service_set_subsystem;
  iface->remove_subsystem = devssh_command_service_remove_subsystem;
  iface->dup_subsystems = devssh_command_service_dup_subsystems;
}

void
devssh_command_service_trace (DevSshCommandService *self,
                              const char           *format,
                              ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);

  devssh_service_trace (DEVSSH_SERVICE (self), DEVSSH_TRACE_LEVEL_WARNING, DEVSSH_TRACE_EVENT_CHANNEL_REQUEST_FAILED, text);
}

DEVSSH_PLUGIN_EXPORT const guint devssh_plugin_abi;
const guint devssh_plugin_abi = DEVSSH_PLUGIN_ABI;

DEVSSH_PLUGIN_EXPORT void devssh_plugin_load (GTypeModule *module);

void
devssh_plugin_load (GTypeModule *module)
{
  devssh_command_service_register_type (module);
}
