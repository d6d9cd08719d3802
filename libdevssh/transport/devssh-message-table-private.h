/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one gate (T-21, T-22, T-30, T-31): state x message number -> what happens. Not listed:
 * Fatal(2). The table itself is data, in devssh-message-table.c, and a test walks it over all
 * states and 256 numbers against the checked-in tests/transport/message-table.txt. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How far the session is, as the gate sees it. */
typedef enum
{
  DEVSSH_PHASE_CLEAR,        /* until the first NEWKEYS of the peer */
  DEVSSH_PHASE_SERVICE,      /* encrypted; no service asked for yet */
  DEVSSH_PHASE_AUTH,         /* ssh-userauth is running */
  DEVSSH_PHASE_OPEN,         /* authenticated, or no security */
  DEVSSH_N_PHASES
} DevSshPhase;

/* Where a key exchange stands, as seen by what may come in. */
typedef enum
{
  /* none running (we may have sent KEXINIT: the peer's may come, and data too) */
  DEVSSH_KEX_IDLE,
  DEVSSH_KEX_DH,             /* both KEXINITs are there: 30 (server) or 31 (client) is due */
  DEVSSH_KEX_NEWKEYS,        /* NEWKEYS of the peer is due */
  DEVSSH_N_KEX_STATES
} DevSshKexState;

typedef enum
{
  DEVSSH_ACTION_FATAL,       /* Fatal(2) */
  DEVSSH_ACTION_TRANSPORT,   /* 1 to 49: the transport handles it */
  DEVSSH_ACTION_AUTH,        /* 50 to 79 */
  DEVSSH_ACTION_CONNECTION,  /* 80 to 127 */
  /* 80 before authentication: only keepalive and the two reconnect requests; else Fatal(2) */
  DEVSSH_ACTION_EARLY,
  /* 93 before authentication, as some peers send it before they resume */
  DEVSSH_ACTION_EARLY_ADJUST,
  DEVSSH_ACTION_UNKNOWN,     /* custom handler, else UNIMPLEMENTED */
  DEVSSH_ACTION_IGNORE       /* legal and without effect */
} DevSshAction;

DevSshAction devssh_message_table_lookup (gboolean is_server, DevSshPhase phase, DevSshKexState kex,
                                          gboolean strict_first_exchange, guint8 number);

G_END_DECLS
