/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A line of known_hosts: names, a key, and where it stands. */
#include <libdevssh/keys/devssh-known-hosts-private.h>

#include <libdevssh/crypto/devssh-key-pair-private.h>

/**
 * DevSshKnownHostsEntry:
 *
 * A line of known hosts, as [method@KnownHosts.check] and
 * [method@KnownHosts.dup_entries] found it. It does not change when the file does.
 *
 * Since: 1.0
 */
struct _DevSshKnownHostsEntry
{
  GObject                 parent_instance;
  GFile                  *file;
  char                   *origin;
  guint                   line;
  DevSshKnownHostsMarker  marker;
  char                   *names;
  gboolean                is_hashed;
  DevSshKnownHostsKey     key;
};

G_DEFINE_FINAL_TYPE (DevSshKnownHostsEntry, devssh_known_hosts_entry, G_TYPE_OBJECT)

G_DEFINE_ENUM_TYPE (DevSshKnownHostsMarker, devssh_known_hosts_marker,
                    G_DEFINE_ENUM_VALUE (DEVSSH_KNOWN_HOSTS_MARKER_NONE, "none"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_KNOWN_HOSTS_MARKER_CERT_AUTHORITY, "cert-authority"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_KNOWN_HOSTS_MARKER_REVOKED, "revoked"))

static void
devssh_known_hosts_entry_finalize (GObject *object)
{
  DevSshKnownHostsEntry *self = DEVSSH_KNOWN_HOSTS_ENTRY (object);

  g_clear_object (&self->file);
  g_free (self->origin);
  g_free (self->names);
  devssh_known_hosts_key_clear (&self->key);

  G_OBJECT_CLASS (devssh_known_hosts_entry_parent_class)->finalize (object);
}

static void
devssh_known_hosts_entry_class_init (DevSshKnownHostsEntryClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = devssh_known_hosts_entry_finalize;
}

static void
devssh_known_hosts_entry_init (DevSshKnownHostsEntry *self)
{
}

DevSshKnownHostsEntry *
devssh_known_hosts_entry_new (GFile                      *file,
                              const char                 *origin,
                              const DevSshKnownHostsLine *line,
                              DevSshKnownHostsKey        *key)
{
  DevSshKnownHostsEntry *self = g_object_new (DEVSSH_TYPE_KNOWN_HOSTS_ENTRY, NULL);

  g_set_object (&self->file, file);
  self->origin = g_strdup (origin);
  self->line = line->number;
  self->marker = line->marker;
  self->names = g_utf8_make_valid ((const char *) line->names.data, (gssize) line->names.length);
  self->is_hashed = devssh_known_hosts_line_is_hashed (line);
  self->key = *key;
  *key = (DevSshKnownHostsKey) { 0 };
  return self;
}

/**
 * devssh_known_hosts_entry_get_file:
 * @self: a line
 *
 * Gets the file that the line stands in.
 *
 * Returns: (transfer none) (nullable): the file; %NULL if it came with [method@KnownHosts.load_data]
 *
 * Since: 1.0
 */
GFile *
devssh_known_hosts_entry_get_file (DevSshKnownHostsEntry *self)
{
  g_return_val_if_fail (DEVSSH_IS_KNOWN_HOSTS_ENTRY (self), NULL);

  return self->file;
}

/**
 * devssh_known_hosts_entry_get_line:
 * @self: a line
 *
 * Gets which line of its file it is, or was when the file was read.
 *
 * Returns: the number of the line, from 1
 *
 * Since: 1.0
 */
guint
devssh_known_hosts_entry_get_line (DevSshKnownHostsEntry *self)
{
  g_return_val_if_fail (DEVSSH_IS_KNOWN_HOSTS_ENTRY (self), 0);

  return self->line;
}

/**
 * devssh_known_hosts_entry_dup_place:
 * @self: a line
 *
 * Gets where the line stands, for people: `/home/alice/.ssh/known_hosts:12`.
 *
 * Returns: (transfer full): file and line with a colon between
 *
 * Since: 1.0
 */
char *
devssh_known_hosts_entry_dup_place (DevSshKnownHostsEntry *self)
{
  g_return_val_if_fail (DEVSSH_IS_KNOWN_HOSTS_ENTRY (self), NULL);

  return g_strdup_printf ("%s:%u", self->origin != NULL ? self->origin : "", self->line);
}

/**
 * devssh_known_hosts_entry_get_marker:
 * @self: a line
 *
 * Gets what the line says of its key.
 *
 * Returns: the marker
 *
 * Since: 1.0
 */
DevSshKnownHostsMarker
devssh_known_hosts_entry_get_marker (DevSshKnownHostsEntry *self)
{
  g_return_val_if_fail (DEVSSH_IS_KNOWN_HOSTS_ENTRY (self), DEVSSH_KNOWN_HOSTS_MARKER_NONE);

  return self->marker;
}

/**
 * devssh_known_hosts_entry_get_names:
 * @self: a line
 *
 * Gets whom the line speaks of, as it stands there: names, patterns and `[host]:port` with commas between, or
 * one hashed name. What is not UTF-8 is replaced.
 *
 * Returns: (transfer none): the names
 *
 * Since: 1.0
 */
const char *
devssh_known_hosts_entry_get_names (DevSshKnownHostsEntry *self)
{
  g_return_val_if_fail (DEVSSH_IS_KNOWN_HOSTS_ENTRY (self), NULL);

  return self->names;
}

/**
 * devssh_known_hosts_entry_get_is_hashed:
 * @self: a line
 *
 * Tells whether the line hides its name in a hash, so that whom it speaks of can only be tried.
 *
 * Returns: %TRUE if the name is hashed
 *
 * Since: 1.0
 */
gboolean
devssh_known_hosts_entry_get_is_hashed (DevSshKnownHostsEntry *self)
{
  g_return_val_if_fail (DEVSSH_IS_KNOWN_HOSTS_ENTRY (self), FALSE);

  return self->is_hashed;
}

/**
 * devssh_known_hosts_entry_get_algorithm:
 * @self: a line
 *
 * Gets the type of the key, which may be one that is not used here, such as `ssh-dss`.
 *
 * Returns: (transfer none): the type
 *
 * Since: 1.0
 */
const char *
devssh_known_hosts_entry_get_algorithm (DevSshKnownHostsEntry *self)
{
  g_return_val_if_fail (DEVSSH_IS_KNOWN_HOSTS_ENTRY (self), NULL);

  return self->key.algorithm;
}

/**
 * devssh_known_hosts_entry_dup_fingerprint:
 * @self: a line
 *
 * Gets the fingerprint of the key as [method@KeyPair.dup_fingerprint] does, also of one that is not used here.
 *
 * Returns: (transfer full): the fingerprint
 *
 * Since: 1.0
 */
char *
devssh_known_hosts_entry_dup_fingerprint (DevSshKnownHostsEntry *self)
{
  const guint8 *data = NULL;
  gsize length = 0;

  g_return_val_if_fail (DEVSSH_IS_KNOWN_HOSTS_ENTRY (self), NULL);
  g_return_val_if_fail (self->key.blob != NULL, NULL);

  data = g_bytes_get_data (self->key.blob, &length);
  return devssh_blob_dup_fingerprint (data, length);
}

/**
 * devssh_known_hosts_entry_get_public_key:
 * @self: a line
 *
 * Gets the key of the line.
 *
 * Returns: (transfer none) (nullable): the key; %NULL if its type or its size is not used here
 *
 * Since: 1.0
 */
DevSshKeyPair *
devssh_known_hosts_entry_get_public_key (DevSshKnownHostsEntry *self)
{
  g_return_val_if_fail (DEVSSH_IS_KNOWN_HOSTS_ENTRY (self), NULL);

  return self->key.key;
}
