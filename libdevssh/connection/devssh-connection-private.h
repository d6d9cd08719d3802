/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RFC 4254 without a socket: the channel table, requests and their replies.
 *
 * In: devssh_connection_handle() takes one message of 80 to 127; devssh_connection_next_event() hands out what came of it,
 * and of calls the application made. Out: control messages go to the outbox at once - unless data of the same channel waits
 * before them; data is pulled by the pump, packet by packet, channels taking turns (design D15).
 * Nothing here emits a signal: the pump calls devssh_connection_deliver (event), with no engine frame on the stack. */
#pragma once

#include <libdevssh/base/devssh-buffer-private.h>
#include <libdevssh/base/devssh-context-private.h>
#include <libdevssh/base/devssh-question-private.h>
#include <libdevssh/base/devssh-trace-private.h>
#include <libdevssh/connection/devssh-channel.h>
#include <libdevssh/connection/devssh-channel-opening.h>
#include <libdevssh/connection/devssh-channel-request.h>
#include <libdevssh/connection/devssh-session-request.h>
#include <libdevssh/transport/devssh-outbox-private.h>
#include <libdevssh/wire/devssh-messages-private.h>

G_BEGIN_DECLS

typedef struct _DevSshConnection DevSshConnection;

typedef struct
{
  DevSshContext *context;               /* owned; tasks are returned through it */
  DevSshTracer  *tracer;                /* owned or NULL */
  guint          max_channels;          /* 1 000: more opens get failure 4 (T-50) */
  guint          max_pending_opens;     /* 256 of the peer's, undecided: so many connections come at once where a browser loads a page through a forward */
  guint          max_channel_requests;  /* 16 unanswered a channel (T-52) */
  guint          max_session_requests;  /* 64 unanswered */
  guint          max_undecided_bytes;   /* 1 MiB: of openings and requests that nobody has answered, all together (T-48) */
  guint          max_unaccepted;        /* 0: an opening nobody answers is refused; N: kept for accept_channel */
  guint          initial_window;        /* 1 MiB */
  guint          max_window;            /* 16 MiB: how far a window may grow; = initial_window: fixed */
  guint64        max_extra_window;      /* 64 MiB of growth, all channels together */
  guint          max_packet;            /* 32 KiB: what we announce and the most we send */
  gboolean       first_requests;        /* the peer may bundle a request with an opening (protocol.md 3.2) */
  gboolean       is_client;             /* stderr may go to a client's data handler, never to a server's (T-56) */
  /* Marks that there is something to pull, send or deliver. Called from anywhere in this thread; must only mark. */
  void         (*wake) (gpointer host);
  gpointer       host;
} DevSshConnectionConfig;

typedef enum
{
  DEVSSH_CONNECTION_NONE,
  DEVSSH_CONNECTION_CHANNEL_DATA,       /* hot: channel, data_type (0: data), data, length, buffer */
  DEVSSH_CONNECTION_CHANNEL_EOF,
  DEVSSH_CONNECTION_RELAYED_REPLY,      /* private: relayed, success, reply */
  DEVSSH_CONNECTION_CHANNEL_CLOSE_RECEIVED,   /* with manual-close: CLOSE came, and ours waits for the application */
  DEVSSH_CONNECTION_CHANNEL_OPENING,    /* opening: transfer full; emit as a question (service first, then ::channel-opening) */
  DEVSSH_CONNECTION_CHANNEL_OPENED,     /* a channel (either side's) is open now: list models */
  DEVSSH_CONNECTION_CHANNEL_REQUEST,    /* channel_request: transfer full */
  DEVSSH_CONNECTION_SESSION_REQUEST,    /* session_request: transfer full */
  DEVSSH_CONNECTION_CHANNEL_CLOSED,     /* channel: the last thing ever said of it */
  DEVSSH_CONNECTION_FATAL               /* reason, text: Fatal(reason) */
} DevSshConnectionEventType;

typedef struct
{
  DevSshConnectionEventType type;
  DevSshChannel            *channel;          /* owned reference where set */
  guint32                   data_type;
  const guint8             *data;
  gsize                     length;
  DevSshBuffer             *buffer;           /* borrowed */
  DevSshChannelOpening     *opening;
  DevSshChannelRequest     *channel_request;
  DevSshSessionRequest     *session_request;
  guint32                   reason;
  const char               *text;
  GBytes                   *bytes;            /* private: what keeps data, if it had to wait */
  DevSshQuestion           *relayed;          /* private: gets success and reply */
  gboolean                  success;
  GBytes                   *reply;
} DevSshConnectionEvent;
void devssh_connection_event_clear (DevSshConnectionEvent *event);

/* Takes config over (g_new0'd by devssh_connection_config_new with the limits above). */
DevSshConnectionConfig *devssh_connection_config_new  (DevSshContext *context);
DevSshConnection *devssh_connection_new           (DevSshConnectionConfig *config, DevSshOutbox *outbox);
void              devssh_connection_free          (DevSshConnection *self);      /* after abort */
/* A resumed session goes on over another transport. */
void              devssh_connection_set_outbox    (DevSshConnection *self, DevSshOutbox *outbox);
/* What was handed out of a receive buffer and is not delivered yet is kept from now on: the buffer goes. */
void              devssh_connection_keep_input    (DevSshConnection *self);
void              devssh_connection_set_principal (DevSshConnection *self, GObject *principal);   /* for questions */

/* ---- in ---- */
/* before_auth: the gate said EARLY: keepalive gets its 82, everything else is a FATAL event. buffer: where payload lies (may be NULL in tests: then data is copied). */
void              devssh_connection_handle        (DevSshConnection *self, const guint8 *payload, gsize length, DevSshBuffer *buffer, gboolean before_auth, gint64 now);
/* FALSE: none. */
gboolean          devssh_connection_next_event    (DevSshConnection *self, DevSshConnectionEvent *event);
/* Emits or hands on DATA, EOF, OPENED, CLOSED (not the questions: the session routes those). May run application code. Clears event. */
void              devssh_connection_deliver       (DevSshConnection *self, DevSshConnectionEvent *event);
/* A question was shown to its handlers, between devssh_question_begin() and this, which calls devssh_question_end() itself:
 * a waiting accept() may be an answer where no handler was. nobody_listens: no service and no handler exists (open failure 3
 * instead of 1). A question that nobody listens to may come again as an event, once somebody listens on a channel just accepted. */
void              devssh_connection_question_shown (DevSshConnection *self, DevSshQuestion *question, gboolean handled, gboolean nobody_listens);

/* ---- out ---- */
typedef struct
{
  guint8         head[13];        /* 94: 9 bytes; 95: 13 bytes */
  gsize          head_length;
  const guint8  *body;
  gsize          body_length;
  GBytes        *owner;           /* borrowed: what keeps body; NULL: it stays only until pulled() */
  gpointer       channel;         /* private */
} DevSshOutgoing;
/* The next data message that a window allows; FALSE: none. Must be followed by pulled() before anything else. */
gboolean          devssh_connection_pull          (DevSshConnection *self, DevSshOutgoing *out);
void              devssh_connection_pulled        (DevSshConnection *self, DevSshOutgoing *out);   /* sealed: windows and counters move; control messages behind it go */
gboolean          devssh_connection_has_data      (DevSshConnection *self);
/* Lets consumers go on with what they kept of the data of this turn: before what they credit is sent. TRUE: some did. */
gboolean          devssh_connection_run_flushes   (DevSshConnection *self);
/* Calls the done functions of sends that were sealed or failed. With no engine frame on the stack. TRUE: some ran. */
gboolean          devssh_connection_run_done      (DevSshConnection *self);

/* ---- calls of the session ---- */
/* The task's result: DevSshChannel (pointer). type NULL: "session". max_window 0: default. Fails synchronously only into the task. */
void              devssh_connection_open          (DevSshConnection *self, const char *channel_type, GBytes *type_data, guint max_window, GTask *task);
/* The first thing that is asked of a channel. */
typedef struct
{
  const char *request_type;
  gboolean    want_reply;
  GBytes     *payload;      /* or NULL */
} DevSshFirstRequest;
/* As open(); the channel is there when the peer has granted the request, too. bundle: the peer has the extension. */
void              devssh_connection_open_with_request (DevSshConnection *self, const char *channel_type,
                                                       const DevSshFirstRequest *request, gboolean bundle, GTask *task);
/* type NULL: any. Result: DevSshChannel. */
void              devssh_connection_accept        (DevSshConnection *self, const char *channel_type, GTask *task);
gboolean          devssh_connection_has_acceptor  (DevSshConnection *self, const char *channel_type);
/* Result: DevSshReply. */
typedef struct { gboolean success; GBytes *payload; } DevSshReply;
void              devssh_reply_free               (DevSshReply *reply);
void              devssh_connection_request       (DevSshConnection *self, const char *request_type, gboolean want_reply, GBytes *payload, GTask *task);
/* Asks for a sign of life. The answer, whatever it says, is nobody's, but has its place among those of the others. */
void              devssh_connection_send_keepalive (DevSshConnection *self);
/* One has been sent already, in front of the last n_behind requests that wait for their replies. */
void              devssh_connection_expect_keepalive (DevSshConnection *self, guint n_behind);
/* Asks the peer what another one has asked (protocol.md 7.3): its answer, in the order of all that comes from it, is that of request. */
void              devssh_connection_relay         (DevSshConnection *self, DevSshSessionRequest *request);
/* Ends everything with error (transfer none): tasks, channels (each gets its CLOSED event), questions die. */
void              devssh_connection_abort         (DevSshConnection *self, const GError *error);
GListModel       *devssh_connection_get_channels  (DevSshConnection *self);      /* borrowed; items DevSshChannel */
guint             devssh_connection_get_n_channels (DevSshConnection *self);     /* open ones */

G_END_DECLS
