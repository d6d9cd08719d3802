/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the machine share: the transport itself, and what they do for each other.
 * Nobody outside of this folder looks in here. */
#pragma once

#include <libdevssh/transport/devssh-negotiation-private.h>
#include <libdevssh/transport/devssh-packet-private.h>
#include <libdevssh/transport/devssh-transport-private.h>
#include <libdevssh/transport/devssh-version-exchange-private.h>

G_BEGIN_DECLS

#define DEVSSH_TRANSPORT_MAX_EVENTS  8                /* they leave before more is decoded */
#define DEVSSH_TRANSPORT_DATA_LIMIT  (256 * 1024)     /* sealed bytes that wait for the socket */
#define DEVSSH_TRANSPORT_REKEY_SLACK (64 * 1024)      /* Dev Tunnels peers must be first */

/* One exchange, from the first KEXINIT to the last NEWKEYS; gone in between. */
typedef struct
{
  gboolean                  first;
  gboolean                  sent_newkeys;
  gint64                    deadline;       /* 0: not set, the time was not known */
  DevSshKexInitMessage      offer;          /* ours */
  guint8                   *our_init;       /* both KEXINITs word for word, for the hash */
  gsize                     our_init_length;
  guint8                   *peer_init;
  gsize                     peer_init_length;
  DevSshNegotiation         agreed;
  DevSshKex                *ephemeral;
  const DevSshKexAlgorithm *guessed;        /* what our guess was for */
  gboolean                  peer_wants_ext_info;
  DevSshSecret             *shared;         /* K */
  guint8                   *peer_public;    /* server: with K, kept while the host key is fetched */
  gsize                     peer_public_length;
  DevSshProtection          next_in;        /* waits for the peer's NEWKEYS */
} DevSshKeyExchange;

/* Messages held back, each with its length before it; wiped, for there may be passwords among
 * them. */
typedef struct
{
  guint8 *data;
  gsize   length;
  gsize   size;
} DevSshHeldMessages;

/* T-46: how many exchanges a peer may still ask for. */
typedef struct
{
  gint64  tokens;
  gint64  time;           /* when tokens was counted */
  guint64 past_flow;      /* under keys that are gone, both ways */
  guint64 counted_flow;   /* what tokens has seen of it and of the present keys' */
} DevSshRekeyBudget;

typedef struct
{
  DevSshTransportEventType type;
  gboolean                 flag;
} DevSshQueuedEvent;

struct _DevSshTransport
{
  DevSshOutbox           outbox;          /* first: a pointer to it is a pointer to us */
  DevSshTransportConfig *config;
  gboolean               started;
  gint64                 now;             /* of the last call that brought the time */
  gint64                 received_at;     /* now, when the last message came */

  DevSshPacketReader     in;
  DevSshPacketWriter     out;
  /* at most so many of the waiting bytes are control messages (T-47) */
  gsize                  out_control;
  gboolean               choked;          /* too many of them: resumes below half */
  DevSshHeldMessages     held;

  DevSshPhase            phase;
  DevSshVersionExchange  version_exchange;
  DevSshVersion         *remote_version;

  DevSshKeyExchange     *kex;             /* NULL: none is running */
  DevSshKexState         kex_state;       /* as the gate sees it */
  gboolean               holding;         /* from our KEXINIT to our NEWKEYS: RFC 4253, 7.1 */
  gboolean               drop_guess;      /* the next message of 30 to 49 is a wrong guess */
  gboolean               strict;          /* T-22 */
  gboolean               encrypted;
  gboolean               no_security;
  gboolean               peer_init_seen;  /* no security: its one KEXINIT has come */
  guint                  kex_count;
  DevSshRekeyBudget      budget;
  DevSshSecret          *session_id;
  DevSshKeyPair         *host_key;
  const char            *negotiated[DEVSSH_KEXINIT_N_LISTS];
  /* ours, the peer's: only if the reconnect extension is ours */
  DevSshMac             *token_macs[2];
  guint                  token_sizes[2];

  gboolean               ext_info_due;    /* the next packet is the one behind the first NEWKEYS */
  /* client: EXT_INFO came, so USERAUTH_SUCCESS must be next */
  gboolean               success_due;
  GHashTable            *peer_extensions; /* name -> GBytes; NULL before EXT_INFO */
  /* client: (element-type utf8) asked for, not accepted yet; or NULL */
  GPtrArray             *services;

  gboolean               hold;
  gint64                 parked_at;       /* when the message that is parked was found */
  gboolean               failing;         /* FAILED is due */
  gboolean               ended;           /* END is all there is */
  guint32                end_reason;
  const char            *end_text;        /* fixed text */
  char                  *event_text;      /* of the last event */
  DevSshQueuedEvent      events[DEVSSH_TRANSPORT_MAX_EVENTS];
  guint                  first_event;
  guint                  n_events;
};

/* ---- devssh-transport.c ---- */
void     devssh_transport_queue_event    (DevSshTransport          *self,
                                          DevSshTransportEventType  type,
                                          gboolean                  flag);
/* Seals and counts; whether it is a good time for it has been looked at. */
void     devssh_transport_seal           (DevSshTransport          *self,
                                          const guint8             *head,
                                          gsize                     head_length,
                                          const guint8             *body,
                                          gsize                     body_length);

/* ---- devssh-outbox.c ---- */
void     devssh_transport_outbox_init    (DevSshTransport          *self);
/* Seals what was held back, in order. */
void     devssh_transport_release_held   (DevSshTransport          *self);
void     devssh_transport_drop_held      (DevSshTransport          *self);

/* ---- devssh-key-exchange.c ---- */
void     devssh_key_exchange_init_budget (DevSshTransport          *self);
/* Sends our KEXINIT. now: 0 if not known. */
void     devssh_key_exchange_begin       (DevSshTransport          *self,
                                          gint64                    now);
/* The KEXINIT of an end that knows nothing but "none"; no exchange begins. */
void     devssh_key_exchange_send_none   (DevSshTransport          *self);
void     devssh_key_exchange_free        (DevSshKeyExchange        *self);
void     devssh_key_exchange_handle      (DevSshTransport          *self,
                                          const guint8             *payload,
                                          gsize                     length);
/* Nothing to be agreed on: from now on all is open, in the clear. */
void     devssh_key_exchange_settle_none (DevSshTransport          *self);
/* T-20: begins an exchange if it is time for one, and ends all if it is too late. */
void     devssh_key_exchange_check_limits (DevSshTransport         *self);

/* ---- devssh-key-derivation.c ---- */
typedef struct
{
  DevSshHashId        hash;
  const DevSshSecret *shared;        /* K, a magnitude */
  const DevSshSecret *exchange;      /* H */
  const DevSshSecret *session_id;
} DevSshKeyMaterial;
/* RFC 4253, 8 */
DevSshSecret *devssh_exchange_hash       (const DevSshKexAlgorithm *algorithm,
                                          const char               *client_version,
                                          const char               *server_version,
                                          DevSshSlice               client_init,
                                          DevSshSlice               server_init,
                                          DevSshSlice               host_key,
                                          DevSshSlice               client_public,
                                          DevSshSlice               server_public,
                                          const DevSshSecret       *shared);
/* RFC 4253, 7.2: the key called letter */
DevSshSecret *devssh_key_material_derive (const DevSshKeyMaterial  *self,
                                          char                      letter,
                                          gsize                     length);

/* ---- devssh-ext-info.c ---- */
void     devssh_ext_info_send            (DevSshTransport          *self);
/* FALSE: malformed or out of place, and the transport has failed. */
gboolean devssh_ext_info_handle          (DevSshTransport          *self,
                                          const guint8             *payload,
                                          gsize                     length,
                                          gboolean                  in_place);

/* ---- devssh-transport-trace.c ---- */
void     devssh_transport_trace_sent     (DevSshTransport          *self,
                                          const guint8             *head,
                                          gsize                     head_length,
                                          const guint8             *body,
                                          gsize                     body_length);
void     devssh_transport_trace_received (DevSshTransport          *self,
                                          const DevSshPacket       *packet);

static inline gboolean
devssh_transport_is_over (const DevSshTransport *self)
{
  return self->failing || self->ended;
}

G_END_DECLS
