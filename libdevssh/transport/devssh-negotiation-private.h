/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What to offer in KEXINIT, and which of each kind two offers come to (RFC 4253, 7.1; T-22, T-24,
 * T-25). */
#pragma once

#include <libdevssh/crypto/devssh-algorithms-private.h>
#include <libdevssh/transport/devssh-transport-private.h>

G_BEGIN_DECLS

#define DEVSSH_MARKER_EXT_INFO_CLIENT "ext-info-c"                        /* RFC 8308, 2.1 */
#define DEVSSH_MARKER_EXT_INFO_SERVER "ext-info-s"
#define DEVSSH_MARKER_STRICT_CLIENT   "kex-strict-c-v00@openssh.com"      /* T-22 */
#define DEVSSH_MARKER_STRICT_SERVER   "kex-strict-s-v00@openssh.com"
#define DEVSSH_MARKER_GUESS_DROPBEAR  "kexguess2@matt.ucc.asn.au"

typedef struct
{
  /* static, or of the configuration */
  const char                  *names[DEVSSH_KEXINIT_N_LISTS];
  /* NULL: "none", and nothing else counts */
  const DevSshKexAlgorithm    *kex;
  /* client to server, server to client */
  const DevSshCipherAlgorithm *ciphers[2];
  const DevSshMacAlgorithm    *macs[2];
} DevSshNegotiation;

typedef enum
{
  DEVSSH_GUESS_WRONG,
  DEVSSH_GUESS_RIGHT,
  DEVSSH_GUESS_DISPUTED   /* right by the name of the exchange alone, wrong by RFC 4253, 7 */
} DevSshGuess;

/* Neither offers nor takes anything but "none". */
gboolean    devssh_negotiation_is_none_only (const DevSshTransportConfig *config);
/* Fills in all but the cookie and first_kex_packet_follows. */
void        devssh_negotiation_offer        (const DevSshTransportConfig *config,
                                             gboolean                     first,
                                             DevSshKexInitMessage        *message);
/* FALSE: nothing in common; *problem is a fixed text. config is that of our own end. */
gboolean    devssh_negotiation_choose       (const DevSshTransportConfig *config,
                                             const DevSshKexInitMessage  *client,
                                             const DevSshKexInitMessage  *server,
                                             DevSshNegotiation           *result,
                                             const char                 **problem);
/* Does anything of this need strict key exchange? */
gboolean    devssh_negotiation_needs_strict (const DevSshNegotiation     *self);
/* What was sent behind a KEXINIT with first_kex_packet_follows: of use? */
DevSshGuess devssh_negotiation_judge_guess  (const DevSshNegotiation     *self,
                                             const DevSshKexInitMessage  *client,
                                             const DevSshKexInitMessage  *server);
/* The first name that is an algorithm and no marker; NULL if there is none. */
const char *devssh_negotiation_first        (char                       **names);

G_END_DECLS
