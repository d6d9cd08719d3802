/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program `devssh`: what the library can do, from a shell. */
#include "tool.h"

#include <locale.h>
#include <signal.h>
#include <string.h>

static const ToolCommand *const commands[] = {
  &tool_exec_command,
  &tool_forward_command,
  &tool_serve_command,
  &tool_keygen_command,
  &tool_key_command,
  &tool_known_hosts_command,
  &tool_plugins_command,
  &tool_contour_command,
};

static void
print_help (void)
{
  g_print ("Usage:\n  devssh COMMAND [OPTION...] [ARGUMENT...]\n\nCommands:\n");
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    g_print ("  %-11s %s\n", commands[i]->name, commands[i]->summary);
  g_print ("\n"
           "Each has more to say: devssh COMMAND --help\n"
           "\n"
           "To try it on one computer:\n"
           "  devssh keygen key                                        a key, and key.pub\n"
           "  devssh serve --user $USER:key.pub --listen :2222         says the fingerprint of its host key\n"
           "  devssh exec -i key --fingerprint SHA256:... localhost:2222 uname -a\n"
           "\n"
           TOOL_STATUS_HELP);
}

int
main (int   argc,
      char *argv[])
{
  setlocale (LC_ALL, "");
  signal (SIGPIPE, SIG_IGN);
  if (argc < 2 || g_str_equal (argv[1], "--help") || g_str_equal (argv[1], "-h") || g_str_equal (argv[1], "help"))
    {
      print_help ();
      return argc < 2 ? TOOL_USAGE : TOOL_OK;
    }
  if (g_str_equal (argv[1], "--version"))
    {
      g_print ("devssh %d.%d.%d\n", DEVSSH_MAJOR_VERSION, DEVSSH_MINOR_VERSION, DEVSSH_MICRO_VERSION);
      return TOOL_OK;
    }

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (argv[1], commands[i]->name))
      return commands[i]->run (argc - 1, argv + 1);

  return tool_fail (TOOL_USAGE, NULL, "There is no command '%s'; try 'devssh --help'", argv[1]);
}
