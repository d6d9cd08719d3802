/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A line of known_hosts: names, a key, and where it stands. */
#pragma once

#include <libdevssh/crypto/devssh-key-pair.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_KNOWN_HOSTS_MARKER (devssh_known_hosts_marker_get_type ())
#define DEVSSH_TYPE_KNOWN_HOSTS_ENTRY  (devssh_known_hosts_entry_get_type ())

/**
 * DevSshKnownHostsMarker:
 * @DEVSSH_KNOWN_HOSTS_MARKER_NONE: these hosts have this key
 * @DEVSSH_KNOWN_HOSTS_MARKER_CERT_AUTHORITY: `@cert-authority`: with this key the certificates of these hosts are signed
 * @DEVSSH_KNOWN_HOSTS_MARKER_REVOKED: `@revoked`: this key must not be used any more
 *
 * What a line of known hosts says of its key.
 *
 * Since: 1.0
 */
typedef enum
{
  DEVSSH_KNOWN_HOSTS_MARKER_NONE,
  DEVSSH_KNOWN_HOSTS_MARKER_CERT_AUTHORITY,
  DEVSSH_KNOWN_HOSTS_MARKER_REVOKED
} DevSshKnownHostsMarker;

DEVSSH_AVAILABLE_IN_1_0
GType                   devssh_known_hosts_marker_get_type       (void);

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (DevSshKnownHostsEntry, devssh_known_hosts_entry, DEVSSH, KNOWN_HOSTS_ENTRY, GObject)

DEVSSH_AVAILABLE_IN_1_0
GFile                  *devssh_known_hosts_entry_get_file        (DevSshKnownHostsEntry *self);
DEVSSH_AVAILABLE_IN_1_0
guint                   devssh_known_hosts_entry_get_line        (DevSshKnownHostsEntry *self);
DEVSSH_AVAILABLE_IN_1_0
char                   *devssh_known_hosts_entry_dup_place       (DevSshKnownHostsEntry *self);
DEVSSH_AVAILABLE_IN_1_0
DevSshKnownHostsMarker  devssh_known_hosts_entry_get_marker      (DevSshKnownHostsEntry *self);
DEVSSH_AVAILABLE_IN_1_0
const char             *devssh_known_hosts_entry_get_names       (DevSshKnownHostsEntry *self);
DEVSSH_AVAILABLE_IN_1_0
gboolean                devssh_known_hosts_entry_get_is_hashed   (DevSshKnownHostsEntry *self);
DEVSSH_AVAILABLE_IN_1_0
const char             *devssh_known_hosts_entry_get_algorithm   (DevSshKnownHostsEntry *self);
DEVSSH_AVAILABLE_IN_1_0
char                   *devssh_known_hosts_entry_dup_fingerprint (DevSshKnownHostsEntry *self);
DEVSSH_AVAILABLE_IN_1_0
DevSshKeyPair          *devssh_known_hosts_entry_get_public_key  (DevSshKnownHostsEntry *self);

G_END_DECLS
