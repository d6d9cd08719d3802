/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* devssh plugins: what is installed, and why what is not usable is not. */
#include "tool.h"

static char **directories;

static GOptionEntry entries[] = {
  { "directory", 'd', 0, G_OPTION_ARG_FILENAME_ARRAY, &directories, "Look into this folder, too; may be given again", "FOLDER" },
  { NULL }
};

static const char *
nick (GType type,
      int   value)
{
  g_autoptr(GEnumClass) klass = g_type_class_ref (type);
  GEnumValue *row = g_enum_get_value (klass, value);

  return row != NULL ? row->value_nick : "?";
}

static GVariant *
describe_services (GListModel *services,
                   GString    *text)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < g_list_model_get_n_items (services); i++)
    {
      g_autoptr(DevSshServiceInfo) service = g_list_model_get_item (services, i);
      const char *const *rules = devssh_service_info_get_rules (service);
      const char *hidden_by = devssh_service_info_get_hidden_by (service);
      g_autofree char *list = g_strjoinv (", ", (char **) rules);

      g_string_append_printf (text, "\n  service %s (%s)%s%s", devssh_service_info_get_name (service),
                              devssh_service_info_get_type_name (service),
                              hidden_by != NULL ? ", hidden by " : "", hidden_by != NULL ? hidden_by : "");
      if (*list != '\0')
        g_string_append_printf (text, "\n    wakes on %s", list);

      g_variant_builder_open (&builder, G_VARIANT_TYPE_VARDICT);
      g_variant_builder_add (&builder, "{sv}", "name", g_variant_new_string (devssh_service_info_get_name (service)));
      g_variant_builder_add (&builder, "{sv}", "type", g_variant_new_string (devssh_service_info_get_type_name (service)));
      g_variant_builder_add (&builder, "{sv}", "rules", g_variant_new_strv (rules, -1));
      g_variant_builder_close (&builder);
    }
  return g_variant_builder_end (&builder);
}

static void
show_plugin (DevSshPluginInfo *plugin)
{
  const char *name = devssh_plugin_info_get_name (plugin);
  const char *description = devssh_plugin_info_get_description (plugin);
  const char *path = devssh_plugin_info_get_path (plugin);
  const char *state = nick (DEVSSH_TYPE_PLUGIN_STATE, (int) devssh_plugin_info_get_state (plugin));
  const char *origin = nick (DEVSSH_TYPE_PLUGIN_ORIGIN, (int) devssh_plugin_info_get_origin (plugin));
  const GError *error = devssh_plugin_info_get_error (plugin);
  g_autoptr(GString) text = g_string_new (NULL);
  GVariant *services;

  g_string_append_printf (text, "%s: %s", name, state);
  if (error != NULL)
    g_string_append_printf (text, ": %s", error->message);
  if (description != NULL)
    g_string_append_printf (text, "\n  %s", description);
  g_string_append_printf (text, "\n  from %s (%s)", path != NULL ? path : "?", origin);
  services = describe_services (devssh_plugin_info_get_services (plugin), text);

  tool_event ("plugin", text->str,
              "name", "s", name,
              "description", "s", description != NULL ? description : "",
              "state", "s", state,
              "origin", "s", origin,
              "path", "s", path != NULL ? path : "",
              "error", "s", error != NULL ? error->message : "",
              "services", "@aa{sv}", services,
              NULL);
}

static int
run (int   argc,
     char *argv[])
{
  g_autoptr(DevSshPluginRegistry) registry = NULL;
  GListModel *plugins;

  if (!tool_parse (&tool_plugins_command, "",
                   "Nothing is opened by looking: a module is opened when a peer asks for what its rules name.\n",
                   entries, NULL, &argc, &argv))
    return TOOL_USAGE;
  if (argc != 1)
    return tool_fail (TOOL_USAGE, NULL, "What is '%s'?", argv[1]);

  registry = devssh_plugin_registry_new ((const char *const *) directories);
  plugins = G_LIST_MODEL (registry);
  for (guint i = 0; i < g_list_model_get_n_items (plugins); i++)
    {
      g_autoptr(DevSshPluginInfo) plugin = g_list_model_get_item (plugins, i);

      show_plugin (plugin);
    }
  return TOOL_OK;
}

const ToolCommand tool_plugins_command = { "plugins", "Lists the plugins that are installed", run };
