/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What tests of whole streams share: bytes through them, and a secure stream with both its ends. */
#pragma once

#include "../test-util.h"

G_BEGIN_DECLS

GBytes *test_bytes        (gsize length);
/* Blocking calls are fine where nothing of the context is on the stack. */
void    test_write        (GIOStream *stream, const char *text);
void    test_assert_read  (GIOStream *stream, const char *expected);
void    test_assert_end   (GIOStream *stream);
/* Everything both ways at once, whoever waits for whom. */
void    test_bulk         (GIOStream *a, GIOStream *b, gsize length);

/* What an end has been told. */
typedef struct
{
  guint                  n_closed;
  guint                  n_disconnected;
  guint                  n_questions;
  DevSshDisconnectReason reason;
  gboolean               accept;        /* what it answers */
  GPtrArray             *sent;          /* (element-type utf8): the names of its messages, from KEXINIT on */
} TestHeard;

typedef struct
{
  GIOStream          *transports[2];
  DevSshSecureStream *client;
  DevSshSecureStream *server;
  TestHeard           heard[2];         /* the client's, the server's */
} TestSecure;

/* Made over a socket pair or what is given; accepts everybody; nothing is sent. */
void       test_secure_init       (TestSecure *self, GIOStream *a, GIOStream *b, DevSshReconnectableSessions *sessions);
void       test_secure_connect    (TestSecure *self);
void       test_secure_clear      (TestSecure *self);
/* Connects the signals of one end, which may be a third one's. */
void       test_secure_listen     (DevSshSecureStream *stream, TestHeard *heard);
DevSshClientCredentials *test_secure_user (void);
DevSshServerCredentials *test_secure_host (void);

G_END_DECLS
