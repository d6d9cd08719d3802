/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of methods. */
#include <libdevssh/auth/devssh-auth-method-private.h>

const DevSshAuthMethod * const devssh_auth_methods[] = {
  &devssh_auth_public_key,
  &devssh_auth_host_based,
  &devssh_auth_password,
  &devssh_auth_none,
  &devssh_auth_keyboard_interactive,
  NULL
};

const DevSshAuthMethod *
devssh_auth_method_find (const char *name)
{
  for (guint i = 0; devssh_auth_methods[i] != NULL; i++)
    {
      if (g_str_equal (devssh_auth_methods[i]->name, name))
        return devssh_auth_methods[i];
    }

  return NULL;
}

const DevSshAuthMethod *
devssh_auth_method_find_in (const char * const *configured,
                            const char         *name)
{
  return devssh_name_list_contains (configured, name) ? devssh_auth_method_find (name) : NULL;
}
