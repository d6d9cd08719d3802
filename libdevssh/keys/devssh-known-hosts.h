/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which host has which key, in the files that OpenSSH keeps (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
#pragma once

#include <libdevssh/crypto/devssh-key-pair.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_KNOWN_HOSTS         (devssh_known_hosts_get_type ())
#define DEVSSH_TYPE_KNOWN_HOSTS_VERDICT (devssh_known_hosts_verdict_get_type ())

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
GType                    devssh_known_hosts_verdict_get_type (void);

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (DevSshKnownHosts, devssh_known_hosts, DEVSSH, KNOWN_HOSTS, GObject)

DEVSSH_AVAILABLE_IN_1_0
DevSshKnownHosts        *devssh_known_hosts_new       (void);
/* Each adds to what is there. */
DEVSSH_AVAILABLE_IN_1_0
gboolean                 devssh_known_hosts_load_data (DevSshKnownHosts  *self,
                                                       GBytes            *data,
                                                       const char        *origin,
                                                       GError           **error);
DEVSSH_AVAILABLE_IN_1_0
gboolean                 devssh_known_hosts_load_file (DevSshKnownHosts  *self,
                                                       GFile             *file,
                                                       GCancellable      *cancellable,
                                                       GError           **error);
/* port 0: 22. known, place: the key and the line that decided, where there is one. */
DEVSSH_AVAILABLE_IN_1_0
DevSshKnownHostsVerdict  devssh_known_hosts_check     (DevSshKnownHosts  *self,
                                                       const char        *host,
                                                       guint16            port,
                                                       DevSshKeyPair     *key,
                                                       DevSshKeyPair    **known,
                                                       char             **place);

G_END_DECLS
