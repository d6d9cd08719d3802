/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What may come in, and when: rows that name a role, phases, states of the key exchange and
 * numbers. What no row names is Fatal(2) (T-21). A later row overrides an earlier one. */
#include <libdevssh/transport/devssh-message-table-private.h>

#include <libdevssh/wire/devssh-numbers.h>

#define CLIENT  (1 << 0)
#define SERVER  (1 << 1)
#define BOTH    (CLIENT | SERVER)

#define CLEAR   (1 << DEVSSH_PHASE_CLEAR)
#define SERVICE (1 << DEVSSH_PHASE_SERVICE)
#define AUTH    (1 << DEVSSH_PHASE_AUTH)
#define OPEN    (1 << DEVSSH_PHASE_OPEN)
#define KEYED   (SERVICE | AUTH | OPEN)
#define ALWAYS  (CLEAR | KEYED)

#define IDLE    (1 << DEVSSH_KEX_IDLE)
#define DH      (1 << DEVSSH_KEX_DH)
#define NEWKEYS (1 << DEVSSH_KEX_NEWKEYS)
#define ANY     (IDLE | DH | NEWKEYS)

#define LAX     (1 << 0)
#define STRICT  (1 << 1)

typedef struct
{
  guint8       first, last;   /* message numbers */
  guint8       roles;         /* who receives it */
  guint8       phases;
  guint8       kex;
  guint8       strict;        /* LAX: not in the first exchange if it is strict */
  DevSshAction action;
} Row;

#define M(name) DEVSSH_MESSAGE_##name
#define A(name) DEVSSH_ACTION_##name

static const Row rows[] = {
  /* Transport. In a strict first exchange 2, 3 and 4 are forbidden (T-22). */
  { M (DISCONNECT), M (DISCONNECT),           BOTH, ALWAYS, ANY, LAX | STRICT, A (TRANSPORT) },
  { M (IGNORE), M (IGNORE),                   BOTH, ALWAYS, ANY, LAX, A (IGNORE) },
  { M (UNIMPLEMENTED), M (DEBUG),             BOTH, ALWAYS, ANY, LAX, A (TRANSPORT) },
  /* RFC 4253, 7.1: behind the peer's KEXINIT nothing of 5 to 7 may come. */
  { M (SERVICE_REQUEST), M (SERVICE_REQUEST), SERVER, KEYED, IDLE, LAX, A (TRANSPORT) },
  { M (SERVICE_ACCEPT), M (SERVICE_ACCEPT),   CLIENT, KEYED, IDLE, LAX, A (TRANSPORT) },
  /* RFC 8308, 2.4; after authentication it is without effect (T-75). */
  { M (EXT_INFO), M (EXT_INFO),               BOTH, SERVICE | AUTH, IDLE, LAX, A (TRANSPORT) },
  { M (EXT_INFO), M (EXT_INFO),               BOTH, OPEN, IDLE, LAX, A (IGNORE) },
  /* RFC 4253, 11.4: not in the clear, where nothing unknown is expected (T-16). */
  { 8, 19,                                    BOTH, KEYED, ANY, LAX, A (UNKNOWN) },

  /* Key exchange. */
  { M (KEXINIT), M (KEXINIT),                 BOTH, ALWAYS, IDLE, LAX, A (TRANSPORT) },
  { M (NEWKEYS), M (NEWKEYS),                 BOTH, ALWAYS, NEWKEYS, LAX | STRICT, A (TRANSPORT) },
  { 22, 29,                                   BOTH, KEYED, ANY, LAX, A (UNKNOWN) },
  { M (KEXDH_INIT), M (KEXDH_INIT),           SERVER, ALWAYS, DH, LAX | STRICT, A (TRANSPORT) },
  { M (KEXDH_REPLY), M (KEXDH_REPLY),         CLIENT, ALWAYS, DH, LAX | STRICT, A (TRANSPORT) },
  { 32, 49,                                   BOTH, KEYED, ANY, LAX, A (UNKNOWN) },

  /* Authentication, each end what the other end's role may send (T-31), and not behind its
   * KEXINIT. */
  { 54, 59,                                   BOTH, KEYED, IDLE, LAX, A (UNKNOWN) },
  { 62, 79,                                   BOTH, KEYED, IDLE, LAX, A (UNKNOWN) },
  { M (USERAUTH_REQUEST), M (USERAUTH_REQUEST), SERVER, AUTH, IDLE, LAX, A (AUTH) },
  /* RFC 4252, 5.1: further requests SHOULD be silently ignored. */
  { M (USERAUTH_REQUEST), M (USERAUTH_REQUEST), SERVER, OPEN, IDLE, LAX, A (IGNORE) },
  { M (USERAUTH_FAILURE), M (USERAUTH_BANNER), CLIENT, AUTH, IDLE, LAX, A (AUTH) },
  { M (USERAUTH_PK_OK), M (USERAUTH_PK_OK),   CLIENT, AUTH, IDLE, LAX, A (AUTH) },
  { M (USERAUTH_INFO_RESPONSE), M (USERAUTH_INFO_RESPONSE), SERVER, AUTH, IDLE, LAX, A (AUTH) },
  { M (USERAUTH_INFO_RESPONSE), M (USERAUTH_INFO_RESPONSE), SERVER, OPEN, IDLE, LAX, A (UNKNOWN) },

  /* Connection: nothing before authentication (T-30), but for what the session looks at more
   * closely. Data behind the peer's KEXINIT is taken under the old keys: Go and older OpenSSH send
   * it. */
  { M (GLOBAL_REQUEST), M (GLOBAL_REQUEST),   BOTH, SERVICE | AUTH, ANY, LAX, A (EARLY) },
  { M (CHANNEL_WINDOW_ADJUST), M (CHANNEL_WINDOW_ADJUST), SERVER, SERVICE | AUTH, ANY, LAX,
    A (EARLY_ADJUST) },
  { 80, 255,                                  BOTH, OPEN, ANY, LAX, A (UNKNOWN) },
  { M (GLOBAL_REQUEST), M (REQUEST_FAILURE),  BOTH, OPEN, ANY, LAX, A (CONNECTION) },
  { M (CHANNEL_OPEN), M (CHANNEL_FAILURE),    BOTH, OPEN, ANY, LAX, A (CONNECTION) },
};

static guint8 table[2][DEVSSH_N_PHASES][DEVSSH_N_KEX_STATES][2][256];

static void
fill_in_row (const Row *row)
{
  for (int server = 0; server < 2; server++)
    for (int phase = 0; phase < DEVSSH_N_PHASES; phase++)
      for (int kex = 0; kex < DEVSSH_N_KEX_STATES; kex++)
        for (int strict = 0; strict < 2; strict++)
          {
            if ((row->roles & (server ? SERVER : CLIENT)) == 0 ||
                (row->phases & (1 << phase)) == 0 ||
                (row->kex & (1 << kex)) == 0 ||
                (row->strict & (strict ? STRICT : LAX)) == 0)
              continue;

            for (int number = row->first; number <= row->last; number++)
              table[server][phase][kex][strict][number] = row->action;
          }
}

DevSshAction
devssh_message_table_lookup (gboolean       is_server,
                             DevSshPhase    phase,
                             DevSshKexState kex,
                             gboolean       strict_first_exchange,
                             guint8         number)
{
  static gsize filled;

  if (g_once_init_enter (&filled))
    {
      for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
        fill_in_row (&rows[i]);
      g_once_init_leave (&filled, 1);
    }

  return table[is_server != FALSE][phase][kex][strict_first_exchange != FALSE][number];
}
