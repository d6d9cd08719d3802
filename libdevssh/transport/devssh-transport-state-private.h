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
  gsize   again;      /* of length: sent before over another transport, data among it, and bounded as the cache was */
} DevSshHeldMessages;

/* T-46: how many exchanges a peer may still ask for. */
typedef struct
{
  gint64  tokens;
  gint64  time;           /* when tokens was counted */
  guint64 past_flow;      /* under keys that are gone, both ways */
  guint64 counted_flow;   /* what tokens has seen of it and of the present keys' */
} DevSshRekeyBudget;

#define DEVSSH_MAX_EARLY_ADJUSTS 64
#define DEVSSH_ADJUST_SIZE       9    /* number, channel, bytes */

/* The reconnect extension (protocol.md 3.3 to 3.5). */
typedef struct
{
  DevSshMessageCache *cache;          /* NULL: the extension is not ours, not the peer's, or switched off */
  gboolean            offered;        /* it is ours */
  gboolean            outgoing;       /* what we send has a trailer */
  gboolean            incoming;       /* what the peer sends has one */
  gboolean            latency;        /* and it says how long its message was on the way */
  gboolean            enable_due;     /* EXT_INFO came while an exchange of ours ran */
  gboolean            resumed;        /* it goes on for another one: agreed on is what was agreed on there, though the peer's own request to
                                       * enable may still be on its way (TypeScript sends it behind the one to resume) */
  gboolean            lost;           /* the stream is gone */
  gboolean            stopped;        /* nothing is decoded for now */
  gboolean            own;            /* what is being sealed is the extension's own business, and of no use later */
  gboolean            awaits_answer;  /* client: the next 81 or 82 answers our resume request */
  /* server: windows that the client opened before its session was resumed: the old session's (TypeScript and Go send them) */
  guint8             *early;          /* NULL: none; else room for DEVSSH_MAX_EARLY_ADJUSTS of them */
  guint               n_early;        /* that are there */
  guint               early_taken;    /* of them */
  guint64             acknowledged;   /* so many of our packets have arrived */
  gint64              received_at;    /* when bytes were read last */
  /* server, until the client proves that it got our answer (design D17): its number; what the client
   * had asked from, and what we said we had */
  guint64             proof;          /* 0: nothing is to be proved */
  guint64             asked;
  guint64             answered;
  guint64             barred;         /* no packet with this number or one shortly before it until then; 0: none */
} DevSshReconnectState;

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

  DevSshReconnectState   reconnect;

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
                                          gsize                     body_length,
                                          GBytes                   *owner);
/* Seals, or remembers if the stream is lost, and nothing else: no exchange begins. */
void     devssh_transport_seal_packet    (DevSshTransport          *self,
                                          const guint8             *head,
                                          gsize                     head_length,
                                          const guint8             *body,
                                          gsize                     body_length,
                                          GBytes                   *owner);

/* ---- devssh-outbox.c ---- */
void     devssh_transport_outbox_init    (DevSshTransport          *self);
/* Seals what was held back, in order. */
void     devssh_transport_release_held   (DevSshTransport          *self);
void     devssh_transport_drop_held      (DevSshTransport          *self);
/* head || body, to be sealed later. again: it was sent before, over another transport. */
void     devssh_transport_hold_back      (DevSshTransport          *self,
                                          const guint8             *head,
                                          gsize                     head_length,
                                          const guint8             *body,
                                          gsize                     body_length,
                                          gboolean                  again);
/* What was sent before, over another transport: sealed, or held back. It counts neither for T-44 nor for T-47: there may be data among it,
 * and to stop reading for that would be to wait for ever for the proof or the NEWKEYS that lets it go. */
void     devssh_transport_send_again     (DevSshTransport          *self,
                                          const guint8             *head,
                                          gsize                     head_length,
                                          const guint8             *body,
                                          gsize                     body_length,
                                          GBytes                   *owner);

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

/* ---- devssh-reconnect.c ---- */
#define DEVSSH_TRAILER_MAX_SIZE 12
void     devssh_reconnect_init           (DevSshTransport          *self);
void     devssh_reconnect_clear          (DevSshTransport          *self);
/* The peer's EXT_INFO is there: our side goes on, or it never will. */
void     devssh_reconnect_negotiate      (DevSshTransport          *self);
/* Sends what negotiate() could not. */
void     devssh_reconnect_enable_due     (DevSshTransport          *self);
/* Remembers a packet that is about to be sealed. Returns the size of its trailer. */
gsize    devssh_reconnect_sending        (DevSshTransport          *self,
                                          const guint8             *head,
                                          gsize                     head_length,
                                          const guint8             *body,
                                          gsize                     body_length,
                                          GBytes                   *owner,
                                          guint8                   *trailer);
/* Takes the trailer off and acts on it. FALSE: it is malformed or lies, and the transport has failed. */
gboolean devssh_reconnect_received       (DevSshTransport          *self,
                                          DevSshPacket             *packet);
/* Is this message one of the extension's own? TRUE: it was dealt with; event is NONE if nobody needs to know. */
gboolean devssh_reconnect_handle         (DevSshTransport          *self,
                                          const DevSshPacket       *packet,
                                          DevSshTransportEventType *event);
/* WINDOW_ADJUST before authentication: kept until a resume is decided. FALSE: not here, or too many. */
gboolean devssh_reconnect_keep_adjust    (DevSshTransport          *self,
                                          const DevSshPacket       *packet);
/* D17: the next number must not be used yet. */
static inline gboolean
devssh_reconnect_is_barred (const DevSshTransport *self)
{
  return self->reconnect.barred != 0 && self->out.messages + 8 >= self->reconnect.barred;
}

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
