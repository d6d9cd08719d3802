/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files of known hosts that were named, or those that ssh reads. */
#include "tool.h"

gboolean
tool_load_known_hosts (DevSshKnownHosts  *known_hosts,
                       char             **paths,
                       gboolean           may_be_missing,
                       GError           **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  if (paths == NULL)
    {
      devssh_known_hosts_load_default_async (known_hosts, NULL, tool_keep_result_cb, &result);
      tool_wait (result != NULL);
      return devssh_known_hosts_load_default_finish (known_hosts, result, error);
    }
  for (int i = 0; paths[i] != NULL; i++)
    {
      g_autoptr(GFile) file = g_file_new_for_path (paths[i]);
      g_autoptr(GError) reason = NULL;

      if (!devssh_known_hosts_load_file (known_hosts, file, NULL, &reason)
          && !(may_be_missing && g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_NOT_FOUND)))
        {
          g_propagate_error (error, g_steal_pointer (&reason));
          return FALSE;
        }
    }
  return TRUE;
}

GFile *
tool_known_hosts_file (char **paths)
{
  return paths != NULL ? g_file_new_for_path (paths[0]) : devssh_known_hosts_dup_default_file ();
}
