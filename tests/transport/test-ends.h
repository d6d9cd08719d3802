/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two transports joined by byte arrays: each end keeps what happened to it, and the clock stands
 * still until a test moves it. */
#pragma once

#include <libdevssh/transport/devssh-transport-private.h>

typedef struct _TestEnd  TestEnd;
typedef struct _TestPair TestPair;

/* Called for every event, before the next step; may use the transport. */
typedef void (*TestEventFunc) (TestEnd                    *end,
                               const DevSshTransportEvent *event,
                               gpointer                    data);

struct _TestEnd
{
  DevSshTransport      *transport;
  DevSshSessionMetrics *metrics;
  DevSshTracer         *tracer;
  TestPair             *pair;
  TestEventFunc         func;
  gpointer              data;
  /* names of the events, a space before each; messages by number */
  GString              *story;
  GPtrArray            *messages;   /* (element-type GBytes): payloads of MESSAGE */
  GByteArray           *wire;       /* all that this end sent */
  DevSshTransportEventType last;    /* what the last step said */
  guint32               reason;     /* of FAILED or DISCONNECTED */
  char                 *text;
  guint                 n_host_keys;
  guint                 n_changed;
};

struct _TestPair
{
  TestEnd  client;
  TestEnd  server;
  gint64   now;
  GRand   *cuts;                    /* not NULL: deliver in random pieces of up to max_cut bytes */
  gsize    max_cut;
};

DevSshBufferPool      *test_pool            (void);
/* Kept for the whole program, by their signature algorithm. */
DevSshKeyPair         *test_host_key        (const char            *algorithm);
/* Default lists; a server has an Ed25519 key. */
DevSshTransportConfig *test_config_new      (gboolean               is_server);
void                   test_config_set_host_key (DevSshTransportConfig *config,
                                             DevSshKeyPair         *key);
/* Replaces a list; names are separated by commas. */
void                   test_config_set      (char                ***list,
                                             const char            *names);

/* Either may be NULL: default. */
TestPair              *test_pair_new        (DevSshTransportConfig *client,
                                             DevSshTransportConfig *server);
void                   test_pair_free       (TestPair              *pair);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestPair, test_pair_free)
void                   test_pair_start      (TestPair              *pair);
/* Moves bytes until nothing moves any more. */
void                   test_pair_run        (TestPair              *pair);
/* start, run, and both ends are where auth would begin. */
void                   test_pair_handshake  (TestPair              *pair);
/* And as if somebody had logged in. */
void                   test_pair_open       (TestPair              *pair);

/* An end without a pair, for a scripted peer: config is taken over. */
void                   test_end_init        (TestEnd               *end,
                                             DevSshTransportConfig *config);
void                   test_end_clear       (TestEnd               *end);
/* Gives it bytes, in as many reads as it takes, and steps after each. */
void                   test_end_feed        (TestEnd               *end,
                                             const guint8          *data,
                                             gsize                  length,
                                             gint64                 now);
void                   test_end_step        (TestEnd               *end,
                                             gint64                 now);
/* Takes what is to be sent. */
GBytes                *test_end_take_output (TestEnd               *end);

void                   test_send            (TestEnd               *end,
                                             guint8                 number,
                                             const char            *text);
void                   test_send_data       (TestEnd               *end,
                                             const guint8          *data,
                                             gsize                  length);
GBytes                *test_last_message    (TestEnd               *end);
