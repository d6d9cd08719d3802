/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers a client's question about the host from what is known of it. */
#pragma once

#include <libdevssh/auth/devssh-authentication.h>
#include <libdevssh/session/devssh-client-session.h>
#include <libdevssh/session/devssh-host-key-question.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_HOST_KEY_POLICY   (devssh_host_key_policy_get_type ())
#define DEVSSH_TYPE_HOST_KEY_VERIFIER (devssh_host_key_verifier_get_type ())

/**
 * DevSshHostKeyPolicy:
 * @DEVSSH_HOST_KEY_POLICY_STRICT: only hosts that are known
 * @DEVSSH_HOST_KEY_POLICY_ASK: ask about hosts that are not known, or have another key than before
 * @DEVSSH_HOST_KEY_POLICY_ACCEPT_NEW: hosts that are not known are believed and remembered; none that has another key
 *   than before
 *
 * What a [class@HostKeyVerifier] does with a host that it does not know. A key that was revoked is refused by each.
 *
 * Since: 1.0
 */
typedef enum
{
  DEVSSH_HOST_KEY_POLICY_STRICT,
  DEVSSH_HOST_KEY_POLICY_ASK,
  DEVSSH_HOST_KEY_POLICY_ACCEPT_NEW
} DevSshHostKeyPolicy;

DEVSSH_AVAILABLE_IN_1_0
GType                  devssh_host_key_policy_get_type           (void);

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (DevSshHostKeyVerifier, devssh_host_key_verifier, DEVSSH, HOST_KEY_VERIFIER, GObject)

DEVSSH_AVAILABLE_IN_1_0
DevSshHostKeyVerifier *devssh_host_key_verifier_new              (DevSshKnownHosts      *known_hosts,
                                                                  DevSshHostKeyPolicy    policy);
DEVSSH_AVAILABLE_IN_1_0
DevSshKnownHosts      *devssh_host_key_verifier_get_known_hosts  (DevSshHostKeyVerifier *self);
DEVSSH_AVAILABLE_IN_1_0
DevSshHostKeyPolicy    devssh_host_key_verifier_get_policy       (DevSshHostKeyVerifier *self);
DEVSSH_AVAILABLE_IN_1_0
void                   devssh_host_key_verifier_set_policy       (DevSshHostKeyVerifier *self,
                                                                  DevSshHostKeyPolicy    policy);
/* Where new hosts are remembered; NULL: as long as the known hosts live. */
DEVSSH_AVAILABLE_IN_1_0
GFile                 *devssh_host_key_verifier_get_file         (DevSshHostKeyVerifier *self);
DEVSSH_AVAILABLE_IN_1_0
void                   devssh_host_key_verifier_set_file         (DevSshHostKeyVerifier *self,
                                                                  GFile                 *file);
DEVSSH_AVAILABLE_IN_1_0
gboolean               devssh_host_key_verifier_get_hash_names   (DevSshHostKeyVerifier *self);
DEVSSH_AVAILABLE_IN_1_0
void                   devssh_host_key_verifier_set_hash_names   (DevSshHostKeyVerifier *self,
                                                                  gboolean               hash_names);
DEVSSH_AVAILABLE_IN_1_0
const char * const    *devssh_host_key_verifier_get_fingerprints (DevSshHostKeyVerifier *self);
DEVSSH_AVAILABLE_IN_1_0
void                   devssh_host_key_verifier_set_fingerprints (DevSshHostKeyVerifier *self,
                                                                  const char * const    *fingerprints);
DEVSSH_AVAILABLE_IN_1_0
void                   devssh_host_key_verifier_attach           (DevSshHostKeyVerifier *self,
                                                                  DevSshClientSession   *session,
                                                                  const char            *host,
                                                                  guint16                port);
DEVSSH_AVAILABLE_IN_1_0
gboolean               devssh_host_key_verifier_verify           (DevSshHostKeyVerifier *self,
                                                                  DevSshAuthentication  *question,
                                                                  const char            *host,
                                                                  guint16                port);

G_END_DECLS
