/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What files of known hosts say, line by line. */
#include <libdevssh/devssh.h>

#include <glib/gstdio.h>
#include <string.h>

#define UNKNOWN DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN
#define TRUSTED DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED
#define CHANGED DEVSSH_KNOWN_HOSTS_VERDICT_CHANGED
#define REVOKED DEVSSH_KNOWN_HOSTS_VERDICT_REVOKED

/* A text in which A, B and C stand for keys: A and B of one kind, C of another. */
typedef struct
{
  const char              *path;
  const char              *text;
  const char              *host;
  guint16                  port;
  DevSshKnownHostsVerdict  verdict;    /* on key A */
  guint                    line;       /* that decided; 0: none */
} Case;

static const Case cases[] = {
  { "plain", "example.org {A}\n", "example.org", 22, TRUSTED, 1 },
  { "plain/without-newline", "example.org {A}", "example.org", 22, TRUSTED, 1 },
  { "plain/carriage-return", "example.org {A}\r\n", "example.org", 22, TRUSTED, 1 },
  { "plain/comment", "example.org {A} somebody's key\n", "example.org", 22, TRUSTED, 1 },
  { "plain/tabs", " \texample.org\t {A}\n", "example.org", 22, TRUSTED, 1 },
  { "plain/upper-case-host", "example.org {A}\n", "Example.ORG", 22, TRUSTED, 1 },
  { "plain/upper-case-line", "EXAMPLE.org {A}\n", "example.org", 22, TRUSTED, 1 },
  { "plain/no-port-is-22", "example.org {A}\n", "example.org", 0, TRUSTED, 1 },
  { "plain/other-host", "example.org {A}\n", "example.com", 22, UNKNOWN, 0 },
  { "plain/prefix", "example.org {A}\n", "example.or", 22, UNKNOWN, 0 },
  { "plain/suffix", "example.org {A}\n", "an.example.org", 22, UNKNOWN, 0 },
  { "empty", "", "example.org", 22, UNKNOWN, 0 },
  { "list", "a.example,b.example,192.0.2.1 {A}\n", "192.0.2.1", 22, TRUSTED, 1 },
  { "second-line", "# a comment\n\nother.example {B}\nexample.org {A}\n", "example.org", 22, TRUSTED, 4 },
  { "several-keys", "example.org {B}\nexample.org {C}\nexample.org {A}\n", "example.org", 22, TRUSTED, 3 },
  { "changed", "example.org {B}\n", "example.org", 22, CHANGED, 1 },
  { "changed/other-kind", "example.org {C}\n", "example.org", 22, CHANGED, 1 },
  { "wildcard", "*.example.org {A}\n", "www.example.org", 22, TRUSTED, 1 },
  { "wildcard/dots", "*.example.org {A}\n", "a.b.example.org", 22, TRUSTED, 1 },
  { "wildcard/not-bare", "*.example.org {A}\n", "example.org", 22, UNKNOWN, 0 },
  { "wildcard/question", "192.0.2.? {A}\n", "192.0.2.7", 22, TRUSTED, 1 },
  { "wildcard/question-is-one", "192.0.2.? {A}\n", "192.0.2.77", 22, UNKNOWN, 0 },
  { "wildcard/all", "* {A}\n", "example.org", 22, TRUSTED, 1 },
  { "wildcard/many-stars", "*a*a*a*a*a*a*a*a*a*a*a*b {A}\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 22, UNKNOWN, 0 },
  { "negated", "*.example.org,!bad.example.org {A}\n", "good.example.org", 22, TRUSTED, 1 },
  { "negated/matches", "*.example.org,!bad.example.org {A}\n", "bad.example.org", 22, UNKNOWN, 0 },
  { "negated/alone", "!bad.example.org {A}\n", "good.example.org", 22, UNKNOWN, 0 },
  { "port", "[example.org]:2222 {A}\n", "example.org", 2222, TRUSTED, 1 },
  { "port/other", "[example.org]:2222 {A}\n", "example.org", 2223, UNKNOWN, 0 },
  { "port/not-22", "[example.org]:2222 {A}\n", "example.org", 22, UNKNOWN, 0 },
  { "port/line-without", "example.org {A}\n", "example.org", 2222, TRUSTED, 1 },
  { "port/line-without-other-key", "example.org {B}\n", "example.org", 2222, UNKNOWN, 0 },
  { "port/line-with-counts", "[example.org]:2222 {B}\nexample.org {A}\n", "example.org", 2222, CHANGED, 1 },
  { "port/address", "[2001:db8::1]:2222 {A}\n", "2001:db8::1", 2222, TRUSTED, 1 },
  { "revoked", "@revoked * {A}\nexample.org {A}\n", "example.org", 22, REVOKED, 1 },
  { "revoked/behind", "example.org {A}\n@revoked * {A}\n", "example.org", 22, REVOKED, 2 },
  { "revoked/other-key", "@revoked * {B}\nexample.org {A}\n", "example.org", 22, TRUSTED, 2 },
  { "revoked/other-host", "@revoked other.example {A}\nexample.org {A}\n", "example.org", 22, TRUSTED, 2 },
  { "revoked/without-port", "@revoked example.org {A}\n", "example.org", 2222, REVOKED, 1 },
  { "revoked/tabs", "@revoked\t*\t{A}\nexample.org {A}\n", "example.org", 22, REVOKED, 1 },
  { "revoked/on-this-port", "@revoked [example.org]:2222 {A}\nexample.org {A}\n", "example.org", 2222, REVOKED, 1 },
  { "cert-authority", "@cert-authority * {A}\n", "example.org", 22, UNKNOWN, 1 },
  { "cert-authority/other-host", "@cert-authority *.example.org {A}\n", "example.org", 22, UNKNOWN, 0 },
  { "cert-authority/beside", "@cert-authority * {B}\nexample.org {A}\n", "example.org", 22, TRUSTED, 2 },
  { "cert-authority/port", "@cert-authority [*]:2222 {B}\nexample.org {B}\n", "example.org", 2222, UNKNOWN, 1 },
  { "marker/two", "@revoked @revoked example.org {A}\n", "example.org", 22, UNKNOWN, 0 },
  { "other-types", "example.org ssh-dss AAAAB3NzaC1kc3MAAAAA\n", "example.org", 22, CHANGED, 1 },
  { "other-types/beside", "example.org ssh-dss AAAAB3NzaC1kc3MAAAAA\nexample.org {A}\n", "example.org", 22, TRUSTED, 2 },
  { "nonsense/two-types", "example.org ssh-rsa AAAAB3NzaC1kc3MAAAAA\n", "example.org", 22, UNKNOWN, 0 },
  { "nonsense/short-key", "example.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAAUE=\n", "example.org", 22, UNKNOWN, 0 },
  { "marker/unknown", "@trusted example.org {A}\n", "example.org", 22, UNKNOWN, 0 },
  { "nonsense/no-key", "example.org\nexample.org \n", "example.org", 22, UNKNOWN, 0 },
  { "nonsense/bad-base64", "example.org ssh-ed25519 !!!!\nexample.org {A}\n", "example.org", 22, TRUSTED, 2 },
  { "nonsense/hash", "|1|short {A}\n|2|a|b {A}\n|1|AAAA|BBBB {A}\n", "example.org", 22, UNKNOWN, 0 },
};

static DevSshKeyPair *
test_key_of (char name)
{
  static DevSshKeyPair *keys[3];
  const char *algorithms[] = { DEVSSH_ALGORITHM_KEY_ED25519, DEVSSH_ALGORITHM_KEY_ED25519, DEVSSH_ALGORITHM_KEY_ECDSA_NISTP256 };
  int i = name - 'A';

  if (keys[i] == NULL)
    keys[i] = devssh_key_pair_generate (algorithms[i], 0, NULL);
  return keys[i];
}

static char *
test_fill_in (const char *text)
{
  GString *result = g_string_new (text);

  for (char name = 'A'; name <= 'C'; name++)
    {
      g_autoptr(GBytes) line = devssh_key_pair_export_public (test_key_of (name), DEVSSH_KEY_FORMAT_SSH, NULL);
      g_autofree char *key = g_strndup (g_bytes_get_data (line, NULL), g_bytes_get_size (line));
      const char placeholder[] = { '{', name, '}', '\0' };

      g_string_replace (result, placeholder, g_strchomp (key), 0);
    }
  return g_string_free (result, FALSE);
}

static DevSshKnownHosts *
test_load (const char *text)
{
  g_autofree char *filled = test_fill_in (text);
  g_autoptr(GBytes) data = g_bytes_new (filled, strlen (filled));
  g_autoptr(GError) error = NULL;
  DevSshKnownHosts *hosts = devssh_known_hosts_new ();

  g_assert_true (devssh_known_hosts_load_data (hosts, data, "file", &error));
  g_assert_no_error (error);
  return hosts;
}

static void
test_case (gconstpointer data)
{
  const Case *test = data;
  g_autoptr(DevSshKnownHosts) hosts = test_load (test->text);
  g_autoptr(DevSshKnownHostsEntry) entry = NULL;

  g_assert_cmpint (devssh_known_hosts_check (hosts, test->host, test->port, test_key_of ('A'), &entry), ==, test->verdict);
  if (test->line == 0)
    {
      g_assert_null (entry);
    }
  else
    {
      g_autofree char *place = devssh_known_hosts_entry_dup_place (entry);
      g_autofree char *expected = g_strdup_printf ("file:%u", test->line);
      g_autofree char *fingerprint = devssh_known_hosts_entry_dup_fingerprint (entry);
      DevSshKeyPair *known = devssh_known_hosts_entry_get_public_key (entry);

      g_assert_cmpstr (place, ==, expected);
      g_assert_cmpuint (devssh_known_hosts_entry_get_line (entry), ==, test->line);
      g_assert_null (devssh_known_hosts_entry_get_file (entry));
      g_assert_true (g_str_has_prefix (fingerprint, "SHA256:"));
      if (test->verdict == TRUSTED || test->verdict == REVOKED)
        g_assert_true (devssh_key_pair_equal (known, test_key_of ('A')));
      if (test->verdict == CHANGED && known != NULL)
        g_assert_false (devssh_key_pair_equal (known, test_key_of ('A')));
    }
  /* Nobody has to ask for the details. */
  g_assert_cmpint (devssh_known_hosts_check (hosts, test->host, test->port, test_key_of ('A'), NULL), ==, test->verdict);
}

/* Names as ssh-keygen hashes them. */
static void
test_hashed (void)
{
  g_autofree char *folder = g_dir_make_tmp ("devssh-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "known_hosts", NULL);
  g_autofree char *old_path = g_strconcat (path, ".old", NULL);
  g_autofree char *text = test_fill_in ("example.org,192.0.2.1 {A}\n[example.org]:2222 {B}\n");
  g_autofree char *hashed = NULL;
  const char *argv[] = { "ssh-keygen", "-q", "-H", "-f", path, NULL };
  g_autoptr(GFile) file = g_file_new_for_path (path);
  g_autoptr(DevSshKnownHosts) hosts = devssh_known_hosts_new ();
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshKnownHostsEntry) entry = NULL;
  int status;

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
                               NULL, NULL, NULL, NULL, &status, &error));
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
  g_assert_true (g_file_get_contents (path, &hashed, NULL, NULL));
  g_assert_null (strstr (hashed, "example"));

  g_assert_true (devssh_known_hosts_load_file (hosts, file, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (devssh_known_hosts_check (hosts, "example.org", 22, test_key_of ('A'), &entry), ==, TRUSTED);
  g_assert_true (g_file_equal (devssh_known_hosts_entry_get_file (entry), file));
  g_assert_true (devssh_known_hosts_entry_get_is_hashed (entry));
  g_assert_cmpint (devssh_known_hosts_check (hosts, "192.0.2.1", 22, test_key_of ('A'), NULL), ==, TRUSTED);
  g_assert_cmpint (devssh_known_hosts_check (hosts, "example.org", 2222, test_key_of ('B'), NULL), ==, TRUSTED);
  g_assert_cmpint (devssh_known_hosts_check (hosts, "example.org", 2222, test_key_of ('A'), NULL), ==, CHANGED);
  g_assert_cmpint (devssh_known_hosts_check (hosts, "example.com", 22, test_key_of ('A'), NULL), ==, UNKNOWN);
  g_unlink (path);
  g_unlink (old_path);
  g_rmdir (folder);
}

static void
test_several_files (void)
{
  g_autoptr(DevSshKnownHosts) hosts = test_load ("example.org {B}\n");
  g_autofree char *second = test_fill_in ("example.org {A}\n");
  g_autoptr(GBytes) data = g_bytes_new (second, strlen (second));
  g_autoptr(GFile) missing = g_file_new_for_path ("/nonexistent/known_hosts");
  g_autoptr(DevSshKnownHostsEntry) entry = NULL;
  g_autofree char *place = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (devssh_known_hosts_check (hosts, "example.org", 22, test_key_of ('A'), NULL), ==, CHANGED);
  g_assert_true (devssh_known_hosts_load_data (hosts, data, NULL, NULL));
  g_assert_cmpint (devssh_known_hosts_check (hosts, "example.org", 22, test_key_of ('A'), &entry), ==, TRUSTED);
  place = devssh_known_hosts_entry_dup_place (entry);
  g_assert_cmpstr (place, ==, ":1");
  g_assert_false (devssh_known_hosts_load_file (hosts, missing, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_cmpint (devssh_known_hosts_check (hosts, "example.org", 22, test_key_of ('A'), NULL), ==, TRUSTED);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/keys/known-hosts/", cases[i].path, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/keys/known-hosts/hashed", test_hashed);
  g_test_add_func ("/keys/known-hosts/several-files", test_several_files);
  return g_test_run ();
}
