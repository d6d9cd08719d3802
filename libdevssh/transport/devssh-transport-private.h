/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RFC 4253 without a socket: bytes in, messages and events out; messages in, bytes out.
 *
 * One call of devssh_transport_step() does one thing and returns one event; the caller delivers it
 * with no frame of ours on the stack and calls again, until NEED_INPUT (or HELD, or END).
 * Everything an event points to is valid until the next step, or as long as a reference to
 * event->buffer is kept (payload). A nested caller may call step() while an outer one still
 * delivers its event: it gets the next event. While event->buffer is shared, input goes to another
 * buffer. */
#pragma once

#include <libdevssh/base/devssh-buffer-private.h>
#include <libdevssh/base/devssh-trace-private.h>
#include <libdevssh/crypto/devssh-key-pair-private.h>
#include <libdevssh/crypto/devssh-secret-private.h>
#include <libdevssh/transport/devssh-message-cache-private.h>
#include <libdevssh/transport/devssh-message-table-private.h>
#include <libdevssh/transport/devssh-metrics-private.h>
#include <libdevssh/transport/devssh-outbox-private.h>
#include <libdevssh/transport/devssh-version.h>
#include <libdevssh/wire/devssh-messages-private.h>

G_BEGIN_DECLS

typedef struct _DevSshTransport DevSshTransport;

/* Plain lists and limits; the transport takes the struct over and frees it. All times in
 * microseconds. */
typedef struct
{
  gboolean              is_server;
  /* without ext-info and kex-strict markers; {"none"} only: no security */
  char                **kex_algorithms;
  /* signature algorithms for host keys, also server-sig-algs */
  char                **key_algorithms;
  char                **ciphers;
  char                **macs;
  char                **compressions;
  char                **extensions;              /* our EXT_INFO names */
  /* server: (element-type DevSshKeyPair), may hold public-only ones */
  GPtrArray            *host_keys;
  gboolean              guess;                   /* client: first_kex_packet_follows */
  gboolean              accept_1_99;             /* "SSH-1.99-": clients do (T-01) */
  /* 512 MiB; we begin 64 KiB later, for Dev Tunnels peers must be first; 0: never */
  guint64               rekey_bytes;
  guint64               rekey_packets;           /* 2^31 */
  guint64               stop_packets;            /* 2^32 - 2^16: Fatal(2) without a rekey (T-20) */
  gint64                kex_timeout;             /* 60 s: Fatal(3) (T-45); 0: none */
  gsize                 max_packet_clear;        /* 35 000 */
  gsize                 max_packet;              /* 262 144 */
  /* 1 MiB of control messages during an exchange (T-44) */
  gsize                 max_held;
  /* 1 MiB of control messages not yet written (T-47) */
  gsize                 max_output;
  /* messages kept for a reconnect, unacknowledged; 0: as many as the two limits let */
  guint                 max_cached_messages;
  /* T-73: 1 MiB for control messages and 64 MiB for data, as memory; beyond that the session cannot reconnect */
  gsize                 max_cached_control;
  gsize                 max_cached_data;
  /* The time at which something is sealed or read, for the latency; NULL: that of the last step. */
  gint64              (*get_time) (gpointer clock);
  gpointer              clock;
  DevSshSessionMetrics *metrics;                 /* owned reference or NULL */
  DevSshTracer         *tracer;                  /* owned reference or NULL */
  DevSshBufferPool     *pool;                    /* owned reference */
} DevSshTransportConfig;

/* The default offer (design D9) */
extern const char * const devssh_default_kex_algorithms[];
extern const char * const devssh_default_key_algorithms[];
extern const char * const devssh_default_ciphers[];
extern const char * const devssh_default_macs[];
extern const char * const devssh_default_compressions[];

/* limits as above, lists NULL */
DevSshTransportConfig *devssh_transport_config_new  (gboolean is_server, DevSshBufferPool *pool);
/* Lists that are NULL become the default offer. */
void                   devssh_transport_config_use_defaults (DevSshTransportConfig *config);
void                   devssh_transport_config_free (DevSshTransportConfig *config);

typedef enum
{
  DEVSSH_TRANSPORT_NEED_INPUT,      /* nothing more without new bytes */
  /* a message of 50 and above waits for devssh_transport_hold (FALSE) */
  DEVSSH_TRANSPORT_HELD,
  DEVSSH_TRANSPORT_END,             /* failed or ended: nothing will ever come again */
  /* payload for auth, connection or a custom handler: see action */
  DEVSSH_TRANSPORT_MESSAGE,
  DEVSSH_TRANSPORT_VERSION,         /* the peer's version line is there */
  DEVSSH_TRANSPORT_KEX_STARTED,     /* our or the peer's KEXINIT began an exchange */
  /* client: signature verified; changed: TRUE in a rekey with another key */
  DEVSSH_TRANSPORT_HOST_KEY,
  /* server: host_key has no private half; answer with provide_host_key() */
  DEVSSH_TRANSPORT_NEED_HOST_KEY,
  /* both directions run under the new keys; first: TRUE the first time. Also once in no-security
   * sessions */
  DEVSSH_TRANSPORT_KEX_DONE,
  DEVSSH_TRANSPORT_EXT_INFO,        /* the peer's extension map is there (or has changed) */
  DEVSSH_TRANSPORT_SERVICE_REQUEST, /* text: service name (server) */
  DEVSSH_TRANSPORT_SERVICE_ACCEPT,  /* text: service name (client) */
  DEVSSH_TRANSPORT_DEBUG,           /* text, flag: always_display */
  DEVSSH_TRANSPORT_UNIMPLEMENTED,   /* sequence: the number of our packet the peer did not know */
  DEVSSH_TRANSPORT_RECONNECT_ENABLED, /* both directions carry what a reconnect needs */
  /* server: payload is a whole session-reconnect request; nothing behind it is decoded before
   * devssh_transport_answer_resume() or refuse_resume() */
  DEVSSH_TRANSPORT_RESUME_REQUEST,
  /* client, after request_resume(): payload is its 81 or 82; nothing behind it is decoded before
   * devssh_transport_resume() */
  DEVSSH_TRANSPORT_RESUME_ANSWER,
  DEVSSH_TRANSPORT_DISCONNECTED,    /* the peer's DISCONNECT: reason, text; END follows */
  /* Fatal(N) by us: reason, text; END follows; the DISCONNECT is in the output */
  DEVSSH_TRANSPORT_FAILED
} DevSshTransportEventType;

typedef struct
{
  DevSshTransportEventType type;
  DevSshAction             action;     /* MESSAGE: AUTH, CONNECTION, EARLY or UNKNOWN */
  guint8                  *payload;    /* MESSAGE: decrypted, in place; the receiver may wipe it */
  gsize                    length;
  guint32                  sequence;   /* MESSAGE: 32-bit packet number, for UNIMPLEMENTED */
  /* MESSAGE: where payload lies; borrowed, ref it to keep a slice */
  DevSshBuffer            *buffer;
  guint32                  reason;     /* DevSshDisconnectReason */
  const char              *text;       /* safe for people (T-57) */
  gboolean                 flag;       /* changed, first, always_display */
  DevSshKeyPair           *host_key;   /* borrowed */
} DevSshTransportEvent;

DevSshTransport *devssh_transport_new          (DevSshTransportConfig *config);
void             devssh_transport_free         (DevSshTransport *self);    /* wipes keys */
/* Version line and KEXINIT (and a guess) into the output. */
void             devssh_transport_start        (DevSshTransport *self, gint64 now);

/* ---- input ---- */
/* Where the next bytes may be written: not NULL before END, not empty as long as input is wanted.
 * It stays there until the next call of this function or of trim(); step() may come in between.
 * Idle transports hold no buffer. */
guint8          *devssh_transport_get_space    (DevSshTransport *self, gsize *size);
/* bytes now in that space */
void             devssh_transport_received     (DevSshTransport *self, gsize length);
/* FALSE: too much waits to be sent, or is held; do not read from the socket now (T-44, T-47). */
gboolean         devssh_transport_wants_input  (DevSshTransport *self);
DevSshTransportEventType
                 devssh_transport_step         (DevSshTransport *self, gint64 now,
                                                DevSshTransportEvent *event);
/* While held, the next message of 50 and above is kept and nothing behind it is decoded. */
void             devssh_transport_hold         (DevSshTransport *self, gboolean hold);
/* Gives back the receive buffer and the output buffer, each if nothing is in it. */
void             devssh_transport_trim         (DevSshTransport *self);

/* ---- output ---- */
DevSshOutbox    *devssh_transport_get_outbox   (DevSshTransport *self);
/* A control message: sealed at once, or held while an exchange runs (RFC 4253, 7.1: all but 1 to 4
 * and 20 to 49). */
void             devssh_transport_send         (DevSshTransport *self, const guint8 *payload,
                                                gsize length);
/* May data be sealed now? Open phase, no exchange, less than 256 KiB of output waiting. */
gboolean         devssh_transport_can_send_data (DevSshTransport *self);
/* Seals head || body as one message, body from where it lies. Only if can_send_data(). owner: NULL,
 * or what keeps body as it is: where it must be remembered it need not be copied then. */
void             devssh_transport_send_data    (DevSshTransport *self, const guint8 *head,
                                                gsize head_length, const guint8 *body,
                                                gsize body_length, GBytes *owner);
/* Stays where it is until the next call that seals anything: send, send_data, step ... */
const guint8    *devssh_transport_get_output   (DevSshTransport *self, gsize *length);
/* that many bytes of the output have left */
void             devssh_transport_sent         (DevSshTransport *self, gsize length);
/* bytes of held control messages */
gsize            devssh_transport_get_held     (DevSshTransport *self);

/* ---- steering ---- */
/* The only function that lets 80 and above in: called by the session, from the verified path,
 * once. */
void             devssh_transport_set_phase    (DevSshTransport *self, DevSshPhase phase);
DevSshPhase      devssh_transport_get_phase    (DevSshTransport *self);
/* FALSE: one is running, or no security */
gboolean         devssh_transport_rekey        (DevSshTransport *self, gint64 now);
gboolean         devssh_transport_in_kex       (DevSshTransport *self);
/* NULL: none, Fatal(3) */
void             devssh_transport_provide_host_key (DevSshTransport *self, DevSshKeyPair *key);
void             devssh_transport_send_service_request (DevSshTransport *self, const char *name);
void             devssh_transport_send_service_accept  (DevSshTransport *self, const char *name);
void             devssh_transport_send_unimplemented   (DevSshTransport *self, guint32 sequence);
void             devssh_transport_send_debug   (DevSshTransport *self, gboolean always_display,
                                                const char *text);
/* Orderly: DISCONNECT into the output behind everything sealed; nothing after it. Reason NONE
 * without a description: nothing is written. */
void             devssh_transport_disconnect   (DevSshTransport *self, guint32 reason,
                                                const char *description);
/* Fatal(reason): drops what is held, writes one DISCONNECT with a fixed ASCII text behind what is
 * sealed already (without that it could not be read); the next step returns FAILED. */
void             devssh_transport_fail         (DevSshTransport *self, guint32 reason,
                                                const char *text);
/* Earliest time at which step() must be called even without input; 0: none. */
gint64           devssh_transport_get_deadline (DevSshTransport *self);

/* ---- reconnect (protocol.md 3.3 to 3.5) ---- */
/* Both directions carry trailers and the phase is OPEN: if the stream is lost, all that is needed to
 * go on over another one is there. */
gboolean         devssh_transport_can_resume    (DevSshTransport *self);
/* The stream is gone. What is undecoded or unwritten is dropped; from now on what is sent is only
 * numbered and remembered. */
void             devssh_transport_lose          (DevSshTransport *self);
gboolean         devssh_transport_is_lost       (DevSshTransport *self);
/* client, on the new transport: sends the request, made for the session of `old`. */
void             devssh_transport_request_resume (DevSshTransport *self, DevSshTransport *old);
/* Does the token of the peer's request or answer, made with our keys, belong to the session that
 * had this id? In constant time. */
gboolean         devssh_transport_check_token   (DevSshTransport *self, const DevSshSecret *session_id,
                                                 const guint8 *token, gsize length);
/* server: may a client that has received this much of old go on with it? */
gboolean         devssh_transport_can_serve     (DevSshTransport *old, guint64 last_received);
/* server: answers the request and makes the new transport go on where old, which is lost, stood.
 * TRUE: behind the answer went a keepalive request, whose reply will come before those to the last
 * n_behind requests of the session. */
gboolean         devssh_transport_answer_resume (DevSshTransport *self, DevSshTransport *old,
                                                 guint64 last_received, guint *n_behind);
/* server: 82, and the client may try again. */
void             devssh_transport_refuse_resume (DevSshTransport *self, guint32 reason, const char *text);
/* client, after the answer: goes on where old, which is lost, stood. FALSE: old has not got any more
 * what the server lacks. */
gboolean         devssh_transport_resume        (DevSshTransport *self, DevSshTransport *old,
                                                 guint64 last_received);
/* What it counts in and writes notes to (takes references), and what get_time() is asked with. */
void             devssh_transport_set_observers (DevSshTransport *self, DevSshSessionMetrics *metrics,
                                                 DevSshTracer *tracer, gpointer clock);
/* For tests: are trailers on, and with a latency? */
void             devssh_transport_get_trailers  (DevSshTransport *self, gboolean *outgoing,
                                                 gboolean *incoming, gboolean *latency);
/* What is remembered; NULL: nothing is. */
DevSshMessageCache *
                 devssh_transport_get_cache     (DevSshTransport *self);

/* ---- looking ---- */
/* NULL before VERSION */
DevSshVersion   *devssh_transport_get_remote_version (DevSshTransport *self);
/* NULL before the first HOST_KEY (client) or KEX_DONE (server), and without security */
const DevSshSecret *devssh_transport_get_session_id  (DevSshTransport *self);
gboolean         devssh_transport_is_encrypted (DevSshTransport *self);
gboolean         devssh_transport_is_no_security (DevSshTransport *self);
/* of the peer (client) or ours (server) in the last exchange */
DevSshKeyPair   *devssh_transport_get_host_key (DevSshTransport *self);
/* names; NULL before; aead ciphers still name a MAC */
const char      *devssh_transport_get_negotiated (DevSshTransport *self, DevSshKexInitList which);
gboolean         devssh_transport_get_strict   (DevSshTransport *self);
gboolean         devssh_transport_have_ext_info (DevSshTransport *self);
/* Extension values of the peer: name -> GBytes; NULL before EXT_INFO. Borrowed. */
GHashTable      *devssh_transport_get_peer_extensions (DevSshTransport *self);
/* ours and the peer's */
gboolean         devssh_transport_has_extension (DevSshTransport *self, const char *name);
/* 64-bit message numbers of the reconnect extension: how many packets went each way; never reset
 * inside a transport. */
guint64          devssh_transport_get_messages_sent     (DevSshTransport *self);
guint64          devssh_transport_get_messages_received (DevSshTransport *self);
/* When the last message had come in whole; 0: none has. */
gint64           devssh_transport_get_received_at       (DevSshTransport *self);
/* 32-bit packet numbers of the next packet each way. */
guint32          devssh_transport_get_send_sequence     (DevSshTransport *self);
guint32          devssh_transport_get_receive_sequence  (DevSshTransport *self);
/* finished exchanges */
guint            devssh_transport_get_kex_count         (DevSshTransport *self);
/* HMAC (integrity key of the sender's direction, data) with the keys of the last exchange, whatever
 * protects the packets. token: DEVSSH_HASH_MAX_SIZE bytes. FALSE: no keys yet, or our extensions do
 * not have session-reconnect. */
gboolean         devssh_transport_make_token            (DevSshTransport *self, gboolean of_peer,
                                                         const guint8 *data, gsize length,
                                                         guint8 *token, gsize *token_length);

G_END_DECLS
