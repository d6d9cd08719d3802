/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What tests of sessions share: a loop that is turned until something is so, streams in pairs, keys, joined sessions. */
#pragma once

#include <libdevssh/devssh.h>

#include "test-loop.h"

G_BEGIN_DECLS

/* Turns the thread-default context until condition holds; a test that waits for 30 seconds has failed. */
#define test_spin_until(condition) \
  G_STMT_START { \
    gint64 _until = g_get_monotonic_time () + 30 * G_USEC_PER_SEC; \
    g_autoptr(GSource) _watchdog = test_watchdog_start (_until); \
    while (!(condition)) \
      { \
        g_main_context_iteration (g_main_context_get_thread_default (), TRUE); \
        if (g_get_monotonic_time () > _until) \
          g_error ("%s:%d: waited in vain for: %s", __FILE__, __LINE__, #condition); \
      } \
    g_source_destroy (_watchdog); \
  } G_STMT_END

GSource       *test_watchdog_start   (gint64 until);

/* Two ends of a Unix socket pair, as GSocketConnections. */
void           test_stream_pair      (GIOStream **a, GIOStream **b);
/* One key of each kind, made once a process: "ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa" (2048) ... */
DevSshKeyPair *test_key              (const char *algorithm);

/* Two sessions of ours over a socket pair. */
typedef struct
{
  DevSshSessionConfig     *client_config;   /* changed by a test before test_pair_start () */
  DevSshSessionConfig     *server_config;
  DevSshServerCredentials *host;
  DevSshClientCredentials *user;            /* user "test", password "secret" */
  DevSshClientSession     *client;
  DevSshServerSession     *server;
  DevSshReconnectableSessions *sessions;    /* NULL, unless a test makes one: then both ends can reconnect */
  gboolean                 accept_host;     /* TRUE: the client's handler says yes */
  gboolean                 accept_user;     /* TRUE: the server's handler says yes to the password "secret" */
  guint                    host_questions;
  guint                    user_questions;
} TestPair;

TestPair      *test_pair_new          (void);
/* Makes both sessions with handlers connected; nothing is sent. */
void           test_pair_make         (TestPair *self);
/* ... over streams of the test's own. */
void           test_pair_make_over    (TestPair *self, GIOStream *client, GIOStream *server);
/* ... and connects them. */
void           test_pair_connect      (TestPair *self);
/* ... and logs in; asserts that it works. */
void           test_pair_authenticate (TestPair *self);
void           test_pair_free         (TestPair *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestPair, test_pair_free)

/* One channel of the pair, open: client's and server's end. The server must accept: a handler, or NULL for accept_channel. */
void           test_pair_open         (TestPair *self, const char *type, DevSshChannel **client, DevSshChannel **server);

G_END_DECLS
