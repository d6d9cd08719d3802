/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file of known hosts: what is read from it, and that adding, removing and hashing do to it what they say. */
#include "fuzz.h"

#include <libdevssh/devssh.h>
#include <libdevssh/keys/devssh-known-hosts-private.h>

#define HOST "host.example"

/* tests/data/keys/ed25519-ssh.pub */
static const char key_text[] = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIM0PGuzFSO2Ues+2P2tTI4zCtOZTmMuaMrYT1Dm0nLlL";

static DevSshKeyPair *
fuzz_key (void)
{
  g_autoptr(GBytes) text = g_bytes_new_static (key_text, strlen (key_text));
  g_autoptr(GError) error = NULL;
  DevSshKeyPair *key = devssh_key_pair_import_data (text, DEVSSH_KEY_FORMAT_SSH, NULL, &error);

  g_assert_no_error (error);
  return key;
}

static DevSshKnownHosts *
fuzz_load (const guint8 *data,
           gsize         length)
{
  g_autoptr(GBytes) bytes = g_bytes_new (data, length);
  DevSshKnownHosts *hosts = devssh_known_hosts_new ();

  g_assert_true (devssh_known_hosts_load_data (hosts, bytes, "fuzz", NULL));
  return hosts;
}

static void
look_at_entries (DevSshKnownHosts *hosts)
{
  g_autoptr(GPtrArray) entries = devssh_known_hosts_dup_entries (hosts, NULL, 0);

  for (guint i = 0; i < entries->len; i++)
    {
      DevSshKnownHostsEntry *entry = entries->pdata[i];
      g_autofree char *fingerprint = devssh_known_hosts_entry_dup_fingerprint (entry);
      g_autofree char *place = devssh_known_hosts_entry_dup_place (entry);

      g_assert_true (g_utf8_validate (devssh_known_hosts_entry_get_names (entry), -1, NULL));
      g_assert_true (g_str_is_ascii (devssh_known_hosts_entry_get_algorithm (entry)));
      g_assert_true (g_str_has_prefix (fingerprint, "SHA256:"));
      g_assert_true (g_str_has_prefix (place, "fuzz:"));
    }
}

/* NULL: it stays, or there is an error. */
static DevSshKnownHosts *
edited (DevSshSlice             text,
        DevSshKnownHostsEdit    edit,
        DevSshKnownHostsChange *change,
        GError                **error)
{
  g_autoptr(GString) result = g_string_new (NULL);

  if (!edit (text, result, change, error))
    return NULL;
  return fuzz_load ((const guint8 *) result->str, result->len);
}

static void
try_edits (DevSshKnownHosts *hosts,
           DevSshSlice       text,
           guint16           port,
           DevSshKeyPair    *key)
{
  DevSshKnownHostsVerdict before = devssh_known_hosts_check (hosts, HOST, port, key, NULL);
  g_autoptr(DevSshKnownHosts) added = NULL;
  g_autoptr(DevSshKnownHosts) removed = NULL;
  g_autoptr(DevSshKnownHosts) hashed = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(DevSshKnownHostsChange) add = { 0 };
  g_auto(DevSshKnownHostsChange) remove_all = { 0 };
  DevSshKnownHostsChange hash = { 0 };

  g_assert_true (devssh_known_hosts_change_init (&add, HOST, port, key, DEVSSH_KNOWN_HOSTS_ADD_NONE, NULL));
  added = edited (text, devssh_known_hosts_edit_add, &add, &error);
  if (error != NULL)
    g_assert_cmpint (before, ==, DEVSSH_KNOWN_HOSTS_VERDICT_REVOKED);
  else if (before != DEVSSH_KNOWN_HOSTS_VERDICT_REVOKED)
    g_assert_cmpint (devssh_known_hosts_check (added != NULL ? added : hosts, HOST, port, key, NULL), ==,
                     DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED);

  g_assert_true (devssh_known_hosts_change_init (&remove_all, HOST, port, NULL, DEVSSH_KNOWN_HOSTS_ADD_NONE, NULL));
  removed = edited (text, devssh_known_hosts_edit_remove, &remove_all, NULL);
  {
    g_autoptr(GPtrArray) left = devssh_known_hosts_dup_entries (removed != NULL ? removed : hosts, HOST, port);

    for (guint i = 0; i < left->len; i++)
      g_assert_cmpint (devssh_known_hosts_entry_get_marker (left->pdata[i]), !=, DEVSSH_KNOWN_HOSTS_MARKER_NONE);
  }

  hashed = edited (text, devssh_known_hosts_edit_hash, &hash, NULL);
  if (hashed != NULL)
    g_assert_cmpint (devssh_known_hosts_check (hashed, HOST, port, key, NULL), ==, before);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  g_autoptr(DevSshKnownHosts) hosts = fuzz_load (data, size);
  g_autoptr(DevSshKeyPair) key = fuzz_key ();

  look_at_entries (hosts);
  try_edits (hosts, (DevSshSlice) { data, size }, 22, key);
  try_edits (hosts, (DevSshSlice) { data, size }, 2222, key);
  return 0;
}
