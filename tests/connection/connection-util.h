/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two connection engines joined by two lists of messages, and a small pump that plays the session. */
#pragma once

#include "../test-loop.h"

#include <libdevssh/base/devssh-error.h>
#include <libdevssh/connection/devssh-answers-private.h>
#include <libdevssh/connection/devssh-channel-private.h>
#include <libdevssh/connection/devssh-connection-private.h>

G_BEGIN_DECLS

typedef struct _TestEnd TestEnd;

struct _TestEnd
{
  DevSshOutbox       outbox;       /* first: the engine's outbox is this struct */
  DevSshConnection  *connection;
  TestEnd           *peer;
  DevSshContext     *context;
  DevSshBuffer      *buffer;
  GQueue             sent;         /* (element-type GBytes): not received by the peer yet */
  GString           *log;          /* numbers of all messages ever sent: "90 94 97 " */
  guint              n_sent;
  gint64             now;
  gboolean           before_auth;
  guint              woken;

  /* What a session would have: handlers of its signals. NULL: nobody listens. */
  gboolean         (*opening) (TestEnd *end, DevSshChannelOpening *opening);
  gboolean         (*session_request) (TestEnd *end, DevSshSessionRequest *request);
  gpointer           user_data;

  guint              fatal;        /* reason of the fatal event */
  guint              n_opened;
  guint              n_closed;
  guint              n_requests;   /* channel requests shown */
};

typedef struct
{
  TestEnd client;
  TestEnd server;
} TestPair;

/* configure may change the limits of either end, before it starts; end->peer tells nothing yet. */
typedef void (*TestConfigure) (DevSshConnectionConfig *config, gboolean is_client);

void      test_pair_init       (TestPair *pair, TestConfigure configure);
void      test_pair_clear      (TestPair *pair);
/* Moves everything that can move, in both directions and in the main context, until nothing does. */
void      test_pair_run        (TestPair *pair);
/* The smallest part of that. FALSE: nothing was left to do. */
gboolean  test_pair_step       (TestPair *pair);

/* One end without a peer: what it sends stays in end->sent. */
void      test_end_init        (TestEnd *end, gboolean is_client, TestConfigure configure);
void      test_end_clear       (TestEnd *end);
/* One turn of the pump: events, sends, data. TRUE: something happened. */
gboolean  test_end_turn        (TestEnd *end);
void      test_end_run         (TestEnd *end);
void      test_end_receive     (TestEnd *end, const guint8 *payload, gsize length);
void      test_end_receive_writer (TestEnd *end, DevSshWriter *writer);
/* An end with a channel 0 that its peer opened, with this window; end is not initialized before. */
DevSshChannel *test_end_with_channel (TestEnd *end, gboolean is_client, guint32 window, guint32 packet, TestConfigure configure);
/* ... and what its peer says of that channel. */
void      test_end_receive_data   (TestEnd *end, guint32 data_type, const guint8 *data, gsize length);
void      test_end_receive_adjust (TestEnd *end, guint32 bytes);
void      test_end_receive_short  (TestEnd *end, guint8 number);   /* 96, 97, 99, 100 */
/* The oldest message that was sent, taken; NULL: none. */
GBytes   *test_end_take        (TestEnd *end);
guint     test_message_number  (GBytes *message);
void      test_end_drop_sent   (TestEnd *end);
void      test_end_clear_log   (TestEnd *end);

/* Handlers. */
gboolean  test_accept_opening  (TestEnd *end, DevSshChannelOpening *opening);

/* Results of asynchronous calls. */
GTask          *test_task_new         (GCancellable *cancellable, GAsyncResult **result);
DevSshChannel  *test_open_channel     (TestPair *pair, TestEnd *end, const char *channel_type);
/* Opens from end; *theirs is the peer's channel. */
DevSshChannel  *test_open_both        (TestPair *pair, TestEnd *end, DevSshChannel **theirs);
DevSshChannel  *test_channel_at       (TestEnd *end, guint position);
DevSshChannel  *test_take_channel     (GAsyncResult *result, GError **error);

/* What the signals of a channel said, in order: "data:hello", "ext 1:oops", "eof", "closed". */
typedef struct
{
  DevSshChannel *channel;
  GString       *text;
  GByteArray    *bytes;          /* of ::data */
  guint          n_data, n_eof, n_closed;
} TestEars;

TestEars *test_ears_new     (DevSshChannel *channel);
void      test_ears_free    (TestEars *ears);
void      test_ears_listen  (TestEars *ears, const char *signal);   /* "data", "extended-data", "eof", "closed" */
void      test_ears_all     (TestEars *ears);
TestEars *test_ears_on      (DevSshChannel *channel);   /* new, and all */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestEars, test_ears_free)

void      test_send         (DevSshChannel *channel, const char *text);
GBytes   *test_bytes        (gsize length, guint8 seed);
/* For streams too long to be kept: bytes that tell where they stand. */
static inline guint8
test_byte_at (gsize position)
{
  return (guint8) (position ^ position >> 8 ^ position >> 16);
}

G_END_DECLS
