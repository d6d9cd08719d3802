/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The insides of the engine and of its channels: for the files of this folder, and for nobody else.
 *
 *   devssh-connection.c       life, the tables of messages, the queue of events
 *   devssh-connection-open.c  90, 91, 92; accepting
 *   devssh-connection-request.c   80, 81, 82
 *   devssh-channel.c          the public object
 *   devssh-channel-input.c    93 to 96 as they come; the one consumer, and what waits for it
 *   devssh-channel-output.c   what is to be sent, in order; pull and pulled
 *   devssh-channel-exchange.c 98, 99, 100
 *   devssh-channel-end.c      97; closing from either side, and the end of everything
 */
#pragma once

#include <libdevssh/connection/devssh-answers-private.h>
#include <libdevssh/connection/devssh-channel-list-private.h>
#include <libdevssh/connection/devssh-channel-private.h>
#include <libdevssh/connection/devssh-channel-table-private.h>
#include <libdevssh/connection/devssh-connection-private.h>
#include <libdevssh/connection/devssh-replies-private.h>
#include <libdevssh/connection/devssh-unread-private.h>
#include <libdevssh/connection/devssh-window-private.h>
#include <libdevssh/base/devssh-error.h>

G_BEGIN_DECLS

/* Where a channel stands, as the peer's messages see it. The rows of the table in devssh-connection.c. */
typedef enum
{
  DEVSSH_CHANNEL_PHASE_NEVER,       /* no such number, ever; also: our open has not left yet */
  DEVSSH_CHANNEL_PHASE_GONE,        /* used, and closed */
  DEVSSH_CHANNEL_PHASE_OPENING,     /* we sent 90 */
  DEVSSH_CHANNEL_PHASE_CANCELLED,   /* we sent 90, and nobody wants the channel any more */
  DEVSSH_CHANNEL_PHASE_DECIDING,    /* the peer sent 90 */
  DEVSSH_CHANNEL_PHASE_OPEN,
  DEVSSH_CHANNEL_PHASE_OPEN_EOF,    /* the peer sent EOF */
  DEVSSH_CHANNEL_PHASE_CLOSING,     /* closed here; CLOSE leaves behind what was queued before */
  DEVSSH_CHANNEL_PHASE_CLOSING_EOF,
  DEVSSH_CHANNEL_PHASE_CLOSE_RECEIVED,   /* the peer sent CLOSE, and the application has not answered it */
  DEVSSH_N_CHANNEL_PHASES
} DevSshChannelPhase;

typedef struct _DevSshPendingRequest DevSshPendingRequest;
typedef struct _DevSshOutItem        DevSshOutItem;

/* ---- sending: one queue per channel, data and control messages in the order of the calls ---- */
typedef enum
{
  DEVSSH_OUT_DATA,
  DEVSSH_OUT_MESSAGE,     /* payload */
  DEVSSH_OUT_REPLY        /* the next reply of the channel's replies leaves here, once it is decided */
} DevSshOutKind;

struct _DevSshOutItem
{
  DevSshOutItem        *next;
  DevSshOutKind         kind;
  guint32               data_type;
  const guint8         *data;
  gsize                 length;
  gsize                 offset;     /* sealed so far */
  GBytes               *owner;
  DevSshSendDone        done;
  gpointer              user_data;
  GError               *error;      /* why it ended, for done */
  DevSshPendingRequest *request;    /* a message that somebody waits for the answer of */
  guint16               size;       /* of payload, if small sends are packed there, each behind its length; else 0 */
  guint16               used;       /* of size */
  guint8                payload[];
};

typedef struct
{
  DevSshOutItem *head;
  DevSshOutItem *tail;
} DevSshOutQueue;

/* ---- receiving: what waits for a reader, in this order ---- */
typedef enum
{
  DEVSSH_IN_NOTHING,
  DEVSSH_IN_DATA,
  DEVSSH_IN_EOF,
  DEVSSH_IN_CLOSED
} DevSshInKind;

/* ---- requests of ours ---- */
struct _DevSshPendingRequest
{
  DevSshConnection  *connection;
  DevSshChannel     *channel;     /* NULL: the session's */
  GTask             *task;        /* NULL: nobody waits any more */
  DevSshQuestion    *relayed;     /* NULL, or what is answered with the answer: a DevSshChannelRequest or DevSshSessionRequest */
  DevSshCancelWatch *watch;
  gboolean           sent;
};

typedef struct
{
  GTask             *task;        /* NULL: nobody waits any more */
  DevSshCancelWatch *watch;
} DevSshPendingClose;

/* What leaves right behind our CHANNEL_OPEN: its first request (protocol.md 3.2). */
typedef struct
{
  GBytes            *message;     /* a whole GLOBAL_REQUEST */
  GTask             *task;        /* its reply, or NULL: none is wanted */
} DevSshBundle;

typedef struct
{
  DevSshConnection  *connection;
  char              *channel_type;   /* NULL: any */
  GTask             *task;
  DevSshCancelWatch *watch;
} DevSshAcceptor;

struct _DevSshChannel
{
  GObject                parent_instance;

  DevSshContext         *context;
  DevSshConnection      *connection;       /* NULL once the engine is done with the channel */
  gpointer               session_object;   /* weak */
  char                  *channel_type;
  GBytes                *open_message;
  GBytes                *confirmation_message;
  guint32                id;
  guint32                remote_id;
  GSequenceIter         *list_position;

  guint                  phase : 4;
  guint                  is_remote : 1;
  guint                  closed : 1;             /* to its users: nothing more can be sent */
  guint                  closed_here : 1;        /* by close () */
  guint                  close_queued : 1;
  guint                  opened : 1;             /* the event went out */
  guint                  ended : 1;              /* the last event was delivered; a consumer that comes now gets closed () at once */
  guint                  end_told : 1;           /* ::closed was emitted: no signal after it (T-54) */
  guint                  eof_queued : 1;         /* no data may follow */
  guint                  eof_received : 1;
  guint                  manual_credit : 1;
  guint                  manual_close : 1;
  guint                  paused : 1;
  guint                  stderr_to_data : 1;     /* we are a client */
  guint                  fixed_window : 1;       /* the application set it: a promise */
  guint                  window_announced : 1;
  guint                  eof_waits : 1;          /* behind unread */
  guint                  closed_waits : 1;       /* behind both */
  guint                  flush_pending : 1;
  guint                  in_ring : 1;
  guint                  for_acceptor : 1;       /* nobody else took the opening */
  guint                  unaccepted : 1;         /* in the connection's queue */
  guint                  fresh : 1;              /* accepted so, and no handler for requests seen yet */

  /* opening */
  DevSshChannelOpening  *opening;          /* not owned: it answers before it dies */
  GTask                 *open_task;
  DevSshCancelWatch     *open_watch;
  DevSshBundle          *bundle;           /* ours, until CHANNEL_OPEN has left */

  /* out */
  guint32                send_window;
  guint32                send_packet;      /* most the peer takes in one message, and at most what we send */
  guint32                peer_packet;
  DevSshOutQueue         out;
  DevSshOutQueue        *done;             /* a reference to the connection's */
  gsize                  out_bytes;
  gsize                  relayed_bytes;     /* of requests of another channel's peer that have not left */
  guint64                bytes_sent;
  DevSshChannel         *ring_next;
  DevSshChannel         *ring_previous;

  /* in */
  DevSshWindow           window;
  guint32                handed;           /* manual credit: with the application, not returned yet */
  guint64                bytes_received;
  DevSshChannelConsumer *consumer;
  DevSshUnread          *unread;           /* waits for a reader; NULL: nothing does */
  DevSshProbe            probe;            /* looks whether somebody has connected a handler */
  guint                  probed;           /* times it looked */

  /* requests */
  DevSshReplies          replies;          /* that we owe */
  GQueue                 requests;         /* (element-type DevSshPendingRequest): of ours, unanswered */
  GQueue                 parked;           /* (element-type DevSshChannelRequest): that nobody listened to yet */
  GQueue                 bundled;          /* (element-type DevSshChannelRequest): that wait for the opening's decision */
  DevSshDeadline         parked_until;
  guint                  dropped_requests;

  /* the end */
  gint64                 exit_status;
  char                  *exit_signal;
  char                  *error_message;
  GError                *error;
  GSList                *close_tasks;      /* (element-type DevSshPendingClose) */
};

struct _DevSshConnection
{
  DevSshConnectionConfig *config;
  DevSshOutbox           *outbox;
  GObject                *principal;
  DevSshChannelTable      table;
  DevSshChannelList      *channels;      /* open ones */
  DevSshWindowClock       clock;
  guint                   n_deciding;
  gsize                   undecided_bytes;
  guint                   n_unasked;     /* replies that nobody waited for (T-52) */
  GError                 *ended;         /* aborted */
  gboolean                fatal;

  /* The hot event stands here, so that data costs no queue. */
  DevSshConnectionEvent   hot;
  GQueue                  events;        /* (element-type DevSshConnectionEvent) */
  DevSshChannelConsumer  *due;           /* consumers to be flushed */
  DevSshChannel          *ring;          /* channels with data that may be sent; the next one to send */
  DevSshOutQueue         *done;          /* sends to be reported; channels may outlive us */

  DevSshReplies           replies;       /* that we owe */
  GQueue                  requests;      /* (element-type DevSshPendingRequest) */
  GQueue                  acceptors;     /* (element-type DevSshAcceptor) */
  GQueue                  unaccepted;    /* (element-type DevSshChannel): owned */
};

/* ---- devssh-connection.c ---- */
void                   devssh_connection_wake           (DevSshConnection *self);
void                   devssh_connection_send           (DevSshConnection *self, DevSshWriter *writer);
/* A message of the peer's that has to be kept until its question is answered: FALSE: there is no room for it. */
gboolean               devssh_connection_keep_undecided (DevSshConnection *self, gsize bytes);
/* What an application puts into a message: DEVSSH_ERROR_LIMIT if it would be too long for a peer. */
gboolean               devssh_connection_check_payload  (gsize length, GError **error);
/* May a request of another session's peer go on here, when so many bytes of such wait in a channel already? It fits into a packet of ours,
 * and does not lie behind too many others: one that wants no reply costs its sender nothing. */
gboolean               devssh_connection_may_relay      (DevSshConnection *self, gsize length, gsize waiting);
DevSshConnectionEvent *devssh_connection_push_event     (DevSshConnection *self, DevSshConnectionEventType type, DevSshChannel *channel);
/* Takes request. */
void                   devssh_connection_push_request_first (DevSshConnection *self, DevSshChannel *channel, DevSshChannelRequest *request);
/* text: static ASCII */
void                   devssh_connection_fail           (DevSshConnection *self, guint32 reason, const char *text);
void                   devssh_connection_count_unasked  (DevSshConnection *self);
DevSshPendingRequest  *devssh_pending_request_new       (DevSshConnection *self, DevSshChannel *channel, GTask *task);
void                   devssh_pending_request_free      (DevSshPendingRequest *request);
/* The answer is there, or (channel NULL or not, payload NULL) never will be: a relayed question gets it from the queue of events, behind
 * what came before. Frees request. TRUE: that was it; else the task is the caller's. */
gboolean               devssh_pending_request_relay     (DevSshPendingRequest *request, gboolean success, const guint8 *payload, gsize length);
/* The task of whoever waits, who waits no more. NULL: was cancelled. */
GTask                 *devssh_pending_request_steal     (DevSshPendingRequest *request);

/* ---- devssh-connection-open.c ---- */
void devssh_connection_handle_open          (DevSshConnection *self, DevSshChannel *none, const guint8 *payload, gsize length, DevSshBuffer *buffer);
void devssh_connection_handle_confirmation  (DevSshConnection *self, DevSshChannel *channel, const guint8 *payload, gsize length, DevSshBuffer *buffer);
void devssh_connection_handle_open_failure  (DevSshConnection *self, DevSshChannel *channel, const guint8 *payload, gsize length, DevSshBuffer *buffer);
void devssh_connection_opening_shown        (DevSshConnection *self, DevSshChannelOpening *opening, gboolean handled, gboolean nobody_listens);
void devssh_connection_send_held_opens      (DevSshConnection *self, GPtrArray *openings);
void devssh_connection_forget_unaccepted    (DevSshConnection *self, DevSshChannel *channel);
void devssh_connection_end_acceptors        (DevSshConnection *self, const GError *error);
void devssh_channel_end_opening             (DevSshChannel *self, const GError *error);
/* Nobody wants the channel that we are opening. */
void devssh_channel_cancel_opening          (DevSshChannel *self, GError *error);
/* request NULL: none. bundle: it leaves in the same flight; else nothing is done about it. */
void devssh_connection_open_bundled         (DevSshConnection *self, const char *channel_type, GBytes *type_data, guint max_window,
                                             const DevSshFirstRequest *request, GTask *reply_task, GTask *task);
void devssh_connection_trace_channel        (DevSshConnection *self, DevSshTraceEvent event, DevSshChannel *channel, const char *what);

/* ---- devssh-connection-request.c ---- */
void devssh_connection_handle_global_request (DevSshConnection *self, const guint8 *payload, gsize length, gboolean before_auth);
void devssh_connection_handle_global_reply   (DevSshConnection *self, DevSshChannel *none, const guint8 *payload, gsize length, DevSshBuffer *buffer);
void devssh_connection_end_requests          (DevSshConnection *self, const GError *error);
/* This request left just now. */
void devssh_connection_wait_for_reply        (DevSshConnection *self, GTask *task);
/* Refused unasked, in its turn. */
void devssh_connection_refuse_request        (DevSshConnection *self);
void devssh_connection_fill_reply            (DevSshConnection *self, DevSshReplySlot *slot, gboolean success);

/* ---- devssh-first-request.c ---- */
void devssh_connection_handle_first_request  (DevSshConnection *self, const DevSshGlobalRequestMessage *message);
GBytes *devssh_first_request_to_message      (const DevSshFirstRequest *self, guint32 channel_id);

/* ---- devssh-channel.c ---- */
DevSshChannel *devssh_channel_new           (DevSshConnection *connection, const char *channel_type, gboolean is_remote);
void           devssh_channel_emit_data     (DevSshChannel *self, GBytes *bytes);
void           devssh_channel_emit_extended (DevSshChannel *self, guint32 data_type, GBytes *bytes);
void           devssh_channel_emit_eof      (DevSshChannel *self);
void           devssh_channel_emit_close_received (DevSshChannel *self);
void           devssh_channel_emit_closed   (DevSshChannel *self);
void           devssh_channel_notify_state  (DevSshChannel *self);
gboolean       devssh_channel_hears_data    (DevSshChannel *self);
gboolean       devssh_channel_hears_extended (DevSshChannel *self);
gboolean       devssh_channel_hears_eof     (DevSshChannel *self);
gboolean       devssh_channel_hears_closed  (DevSshChannel *self);
gboolean       devssh_channel_watches_state (DevSshChannel *self);

/* ---- devssh-channel-input.c ---- */
/* Before the consumer or the connection lets go of the channel. */
void     devssh_channel_forget_flush    (DevSshChannel *self);
void     devssh_channel_handle_adjust   (DevSshConnection *connection, DevSshChannel *self, const guint8 *payload, gsize length, DevSshBuffer *buffer);
void     devssh_channel_handle_data     (DevSshConnection *connection, DevSshChannel *self, const guint8 *payload, gsize length, DevSshBuffer *buffer);
void     devssh_channel_handle_extended (DevSshConnection *connection, DevSshChannel *self, const guint8 *payload, gsize length, DevSshBuffer *buffer);
void     devssh_channel_handle_eof      (DevSshConnection *connection, DevSshChannel *self, const guint8 *payload, gsize length, DevSshBuffer *buffer);
/* An event of data that is not delivered at once: from now on it keeps its data itself. */
void     devssh_connection_event_keep   (DevSshConnectionEvent *event);
void     devssh_channel_deliver_data    (DevSshChannel *self, DevSshConnectionEvent *event);
void     devssh_channel_deliver_eof     (DevSshChannel *self);
void     devssh_channel_deliver_closed  (DevSshChannel *self);
gboolean devssh_channel_has_unread      (DevSshChannel *self);
void     devssh_channel_drop_input      (DevSshChannel *self);
/* Looks each turn of the loop until somebody takes what waits. */
void     devssh_channel_watch_handlers  (DevSshChannel *self);

/* ---- devssh-channel-output.c ---- */
/* In its turn, behind what the channel sends already. done may be NULL. */
void     devssh_channel_send_message (DevSshChannel *self, DevSshWriter *writer, DevSshPendingRequest *request, DevSshSendDone done, gpointer user_data);
void     devssh_channel_advance      (DevSshChannel *self);           /* sends what may leave now; in or out of the ring */
void     devssh_channel_place_replies (DevSshChannel *self);
/* This question is being answered: what is sent from now on goes behind the reply. */
void     devssh_channel_reserve_reply (DevSshChannel *self, DevSshQuestion *question);
/* Takes back an EOF that waits, by the user_data of its done; FALSE: it has left. */
gboolean devssh_channel_unqueue_eof (DevSshChannel *self, gpointer user_data);
gboolean devssh_channel_unqueue_request (DevSshChannel *self, DevSshPendingRequest *request);
/* The peer takes none any more. */
void     devssh_channel_drop_output_data (DevSshChannel *self);
void     devssh_channel_end_output   (DevSshChannel *self, const GError *error);
void     devssh_out_queue_run        (DevSshOutQueue *done);

/* ---- devssh-channel-exchange.c ---- */
void devssh_channel_handle_request (DevSshConnection *connection, DevSshChannel *self, const guint8 *payload, gsize length, DevSshBuffer *buffer);
void devssh_channel_handle_reply   (DevSshConnection *connection, DevSshChannel *self, const guint8 *payload, gsize length, DevSshBuffer *buffer);
/* One that came with the opening; its answer is a reply of the session's. */
void devssh_channel_handle_bundled (DevSshChannel *self, const DevSshChannelRequestMessage *message, gboolean want_reply);
void devssh_channel_show_bundled   (DevSshChannel *self);             /* the opening is accepted */
void devssh_channel_send_reply     (DevSshChannel *self);             /* the head's turn has come */
void devssh_channel_request_shown  (DevSshChannel *self, DevSshChannelRequest *request, gboolean handled, gboolean nobody_listens);
void devssh_channel_watch_parked   (DevSshChannel *self);
void devssh_channel_show_parked    (DevSshChannel *self);             /* if somebody listens now */
void devssh_channel_end_exchange   (DevSshChannel *self, const GError *error);   /* NULL: closed; requests of ours are FALSE then */
void devssh_channel_send_exit_status (DevSshChannel *self, guint32 status);
void devssh_channel_send_exit_signal (DevSshChannel *self, const char *signal_name, const char *message);

/* ---- devssh-channel-end.c ---- */
void devssh_channel_handle_close (DevSshConnection *connection, DevSshChannel *self, const guint8 *payload, gsize length, DevSshBuffer *buffer);
/* Our CLOSE has left, or the peer's has come, or the session ends (error): out of the table; the event follows. */
void devssh_channel_end          (DevSshChannel *self, const GError *error);

G_END_DECLS
