/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which host has which key, in the files that OpenSSH keeps (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
#pragma once

#include <libdevssh/keys/devssh-known-hosts-entry.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_KNOWN_HOSTS           (devssh_known_hosts_get_type ())
#define DEVSSH_TYPE_KNOWN_HOSTS_VERDICT   (devssh_known_hosts_verdict_get_type ())
#define DEVSSH_TYPE_KNOWN_HOSTS_ADD_FLAGS (devssh_known_hosts_add_flags_get_type ())

/**
 * DevSshKnownHostsVerdict:
 * @DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN: no line speaks of this host
 * @DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED: a line has this host with this key
 * @DEVSSH_KNOWN_HOSTS_VERDICT_CHANGED: the host is known, with other keys only
 * @DEVSSH_KNOWN_HOSTS_VERDICT_REVOKED: a line says that this key must not be used any more
 *
 * What is known of a host's key. Only %DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED lets one in.
 *
 * Since: 1.0
 */
typedef enum
{
  DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN,
  DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED,
  DEVSSH_KNOWN_HOSTS_VERDICT_CHANGED,
  DEVSSH_KNOWN_HOSTS_VERDICT_REVOKED
} DevSshKnownHostsVerdict;

DEVSSH_AVAILABLE_IN_1_0
GType                    devssh_known_hosts_verdict_get_type      (void);

/**
 * DevSshKnownHostsAddFlags:
 * @DEVSSH_KNOWN_HOSTS_ADD_NONE: a line more, with the name as it is
 * @DEVSSH_KNOWN_HOSTS_ADD_HASHED: hide the name in a hash, so that the file does not tell where its owner goes
 * @DEVSSH_KNOWN_HOSTS_ADD_REPLACE: take the lines out that have other keys for this host
 *
 * How [method@KnownHosts.add_async] adds a host.
 *
 * Since: 1.0
 */
typedef enum
{
  DEVSSH_KNOWN_HOSTS_ADD_NONE    = 0,
  DEVSSH_KNOWN_HOSTS_ADD_HASHED  = 1 << 0,
  DEVSSH_KNOWN_HOSTS_ADD_REPLACE = 1 << 1
} DevSshKnownHostsAddFlags;

DEVSSH_AVAILABLE_IN_1_0
GType                    devssh_known_hosts_add_flags_get_type    (void);

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (DevSshKnownHosts, devssh_known_hosts, DEVSSH, KNOWN_HOSTS, GObject)

DEVSSH_AVAILABLE_IN_1_0
DevSshKnownHosts        *devssh_known_hosts_new                   (void);
/* Each adds to what is there; a file that was loaded before is read again. */
DEVSSH_AVAILABLE_IN_1_0
gboolean                 devssh_known_hosts_load_data             (DevSshKnownHosts          *self,
                                                                   GBytes                    *data,
                                                                   const char                *origin,
                                                                   GError                   **error);
DEVSSH_AVAILABLE_IN_1_0
gboolean                 devssh_known_hosts_load_file             (DevSshKnownHosts          *self,
                                                                   GFile                     *file,
                                                                   GCancellable              *cancellable,
                                                                   GError                   **error);
DEVSSH_AVAILABLE_IN_1_0
void                     devssh_known_hosts_load_file_async       (DevSshKnownHosts          *self,
                                                                   GFile                     *file,
                                                                   GCancellable              *cancellable,
                                                                   GAsyncReadyCallback        callback,
                                                                   gpointer                   user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean                 devssh_known_hosts_load_file_finish      (DevSshKnownHosts          *self,
                                                                   GAsyncResult              *result,
                                                                   GError                   **error);
/* The user's and the system's. */
DEVSSH_AVAILABLE_IN_1_0
void                     devssh_known_hosts_load_default_async    (DevSshKnownHosts          *self,
                                                                   GCancellable              *cancellable,
                                                                   GAsyncReadyCallback        callback,
                                                                   gpointer                   user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean                 devssh_known_hosts_load_default_finish   (DevSshKnownHosts          *self,
                                                                   GAsyncResult              *result,
                                                                   GError                   **error);
DEVSSH_AVAILABLE_IN_1_0
void                     devssh_known_hosts_refresh_async         (DevSshKnownHosts          *self,
                                                                   GCancellable              *cancellable,
                                                                   GAsyncReadyCallback        callback,
                                                                   gpointer                   user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean                 devssh_known_hosts_refresh_finish        (DevSshKnownHosts          *self,
                                                                   GAsyncResult              *result,
                                                                   GError                   **error);
DEVSSH_AVAILABLE_IN_1_0
GFile                   *devssh_known_hosts_dup_default_file      (void);
/* port 0: 22. entry: the line that decided, where there is one. */
DEVSSH_AVAILABLE_IN_1_0
DevSshKnownHostsVerdict  devssh_known_hosts_check                 (DevSshKnownHosts          *self,
                                                                   const char                *host,
                                                                   guint16                    port,
                                                                   DevSshKeyPair             *key,
                                                                   DevSshKnownHostsEntry    **entry);
DEVSSH_AVAILABLE_IN_1_0
GPtrArray               *devssh_known_hosts_dup_entries           (DevSshKnownHosts          *self,
                                                                   const char                *host,
                                                                   guint16                    port);
/* These change a file. */
DEVSSH_AVAILABLE_IN_1_0
void                     devssh_known_hosts_add_async             (DevSshKnownHosts          *self,
                                                                   GFile                     *file,
                                                                   const char                *host,
                                                                   guint16                    port,
                                                                   DevSshKeyPair             *key,
                                                                   DevSshKnownHostsAddFlags   flags,
                                                                   GCancellable              *cancellable,
                                                                   GAsyncReadyCallback        callback,
                                                                   gpointer                   user_data);
DEVSSH_AVAILABLE_IN_1_0
int                      devssh_known_hosts_add_finish            (DevSshKnownHosts          *self,
                                                                   GAsyncResult              *result,
                                                                   GError                   **error);
DEVSSH_AVAILABLE_IN_1_0
void                     devssh_known_hosts_remove_async          (DevSshKnownHosts          *self,
                                                                   GFile                     *file,
                                                                   const char                *host,
                                                                   guint16                    port,
                                                                   DevSshKeyPair             *key,
                                                                   GCancellable              *cancellable,
                                                                   GAsyncReadyCallback        callback,
                                                                   gpointer                   user_data);
DEVSSH_AVAILABLE_IN_1_0
int                      devssh_known_hosts_remove_finish         (DevSshKnownHosts          *self,
                                                                   GAsyncResult              *result,
                                                                   GError                   **error);
DEVSSH_AVAILABLE_IN_1_0
void                     devssh_known_hosts_hash_async            (DevSshKnownHosts          *self,
                                                                   GFile                     *file,
                                                                   GCancellable              *cancellable,
                                                                   GAsyncReadyCallback        callback,
                                                                   gpointer                   user_data);
DEVSSH_AVAILABLE_IN_1_0
int                      devssh_known_hosts_hash_finish           (DevSshKnownHosts          *self,
                                                                   GAsyncResult              *result,
                                                                   GError                   **error);

G_END_DECLS
