/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of a subcommand. */
#include "tool.h"

#include <string.h>

gboolean
tool_parse (const ToolCommand *command,
            const char        *arguments,
            const char        *help,
            GOptionEntry      *entries,
            GOptionGroup      *group,
            int               *argc,
            char            ***argv)
{
  static const GOptionEntry common[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &tool_json, "Print events as JSON, one object a line", NULL },
    { NULL }
  };
  g_autofree char *usage = g_strdup_printf ("%s - %s", arguments, command->summary);
  g_autofree char *program = g_strdup_printf ("devssh %s", command->name);
  g_autoptr(GOptionContext) context = g_option_context_new (usage);
  g_autoptr(GError) error = NULL;

  g_set_prgname (program);
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_main_entries (context, common, NULL);
  if (group != NULL)
    g_option_context_add_group (context, group);
  g_option_context_set_description (context, help);
  /* What follows a destination may be a command with options of its own. */
  g_option_context_set_strict_posix (context, TRUE);
  if (g_option_context_parse (context, argc, argv, &error))
    return TRUE;

  tool_fail (TOOL_USAGE, error, "%s", command->name);
  if (!tool_json)
    g_printerr ("Try 'devssh %s --help'.\n", command->name);
  return FALSE;
}
