/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Identification strings: what is name, what is version, and what is neither. */
#include <libdevssh/base/devssh-error.h>
#include <libdevssh/transport/devssh-version.h>

typedef struct
{
  const char *line;
  const char *protocol_version;
  const char *name;
  const char *version;
  gboolean    is_dev_tunnels;
} Case;

static const Case good[] = {
  { "SSH-2.0-OpenSSH_7.9p1 Debian-10+deb10u2", "2.0", "OpenSSH", "7.9", FALSE },
  { "SSH-2.0-OpenSSH_7.9", "2.0", "OpenSSH", "7.9", FALSE },
  { "SSH-2.0-OpenSSH_for_Windows_8.1", "2.0", "OpenSSH for Windows", "8.1", FALSE },
  { "SSH-2.0-OpenSSH_7.7.7x1 extra", "2.0", "OpenSSH", "7.7.7", FALSE },
  { "SSH-2.0-test", "2.0", "test", NULL, FALSE },
  { "SSH-2.0-test_extra", "2.0", "test", NULL, FALSE },
  { "SSH-1.99-test_1", "1.99", "test", "1", FALSE },
  { "SSH-1.5-old_1.2.3", "1.5", "old", "1.2.3", FALSE },
  { "SSH-2.0-dev-tunnels-ssh-go_0.1", "2.0", "dev-tunnels-ssh-go", "0.1", TRUE },
  { "SSH-2.0-dev-tunnels-ssh_3.12.42", "2.0", "dev-tunnels-ssh", "3.12.42", TRUE },
  { "SSH-2.0-Microsoft.DevTunnels.Ssh_3.12", "2.0", "Microsoft.DevTunnels.Ssh", "3.12", TRUE },
  { "SSH-2.0-Microsoft.VisualStudio.Ssh_2.0", "2.0", "Microsoft.VisualStudio.Ssh", "2.0", TRUE },
  { "SSH-2.0-vs-ssh_1.0", "2.0", "vs-ssh", "1.0", TRUE },
  { "SSH-2.0-libdevssh_9.9", "2.0", "libdevssh", "9.9", TRUE },
};

static const char * const bad[] = {
  "", "not-ssh", "SSH-", "SSH-2.0", "SSH-2.0-", "SSH-2.0- x", "SSH--x",
  "SSH-abc-test", "SSH-test", "HTTP-2.0-test", "ssh-2.0-test",
};

static void
test_version_parse (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      const Case *c = &good[i];
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshVersion) version = devssh_version_parse (c->line, &error);

      g_assert_no_error (error);
      g_assert_nonnull (version);
      g_assert_cmpstr (devssh_version_to_string (version), ==, c->line);
      g_assert_cmpstr (devssh_version_get_protocol_version (version), ==, c->protocol_version);
      g_assert_cmpstr (devssh_version_get_name (version), ==, c->name);
      g_assert_cmpstr (devssh_version_get_version (version), ==, c->version);
      g_assert_cmpint (devssh_version_get_is_dev_tunnels (version), ==, c->is_dev_tunnels);
    }
}

static void
test_version_malformed (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (devssh_version_parse (bad[i], &error));
      g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED);
    }
}

static void
test_version_local (void)
{
  g_autoptr(DevSshVersion) version = devssh_version_get_local ();
  g_autoptr(DevSshVersion) again = devssh_version_get_local ();
  g_autofree char *number = g_strdup_printf ("%d.%d", DEVSSH_MAJOR_VERSION, DEVSSH_MINOR_VERSION);
  g_autofree char *line = g_strconcat ("SSH-2.0-libdevssh_", number, NULL);

  g_assert_true (version == again);
  g_assert_cmpstr (devssh_version_to_string (version), ==, line);
  g_assert_cmpstr (devssh_version_get_protocol_version (version), ==, "2.0");
  g_assert_cmpstr (devssh_version_get_name (version), ==, "libdevssh");
  g_assert_cmpstr (devssh_version_get_version (version), ==, number);
  g_assert_true (devssh_version_get_is_dev_tunnels (version));
}

static void
test_version_boxed (void)
{
  g_autoptr(DevSshVersion) version = devssh_version_parse ("SSH-2.0-x_1", NULL);
  DevSshVersion *copy = g_boxed_copy (DEVSSH_TYPE_VERSION, version);

  g_assert_true (copy == version);
  g_boxed_free (DEVSSH_TYPE_VERSION, copy);
  g_assert_cmpstr (devssh_version_get_name (version), ==, "x");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/transport/version/parse", test_version_parse);
  g_test_add_func ("/transport/version/malformed", test_version_malformed);
  g_test_add_func ("/transport/version/local", test_version_local);
  g_test_add_func ("/transport/version/boxed", test_version_boxed);

  return g_test_run ();
}
