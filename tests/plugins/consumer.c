/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A stranger's program: knows the installed header and the installed library, and nothing else. */
#include <libdevssh/devssh.h>

int
main (int    argc,
      char **argv)
{
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new ();
  g_autoptr(DevSshVersion) version = devssh_version_get_local ();
  g_autoptr(GError) error = NULL;

  if (!devssh_session_config_validate (config, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  g_print ("%s %d.%d\n", devssh_version_to_string (version), DEVSSH_MAJOR_VERSION, DEVSSH_MINOR_VERSION);

  return 0;
}
