/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One whole end without a socket: transport, authentication, connection, and an application.
 *
 * It exchanges real keys, and then takes them off again: after each NEWKEYS both directions go on in the clear, so
 * that an input may say what it wants. Its peer can say the honest thing where only arithmetic would do. */
#pragma once

#include <libdevssh/auth/devssh-auth-client-private.h>
#include <libdevssh/auth/devssh-auth-server-private.h>
#include <libdevssh/transport/devssh-packet-private.h>

#include "fuzz-app.h"

G_BEGIN_DECLS

#define FUZZ_USER     "alice"
#define FUZZ_PASSWORD "secret"     /* the one that opens the door */

typedef struct
{
  gboolean               is_server;
  DevSshTransport       *transport;
  DevSshTransportConfig *peer_config;
  DevSshPacketWriter     peer;            /* seals what the peer says, in the clear */
  DevSshAuthServer      *auth_server;
  DevSshAuthClient      *auth_client;
  FuzzApp               *app;
  DevSshAuthentication  *question;        /* kept for a late answer */
  gboolean               woken;
  gboolean               over;            /* END */
  guint32                reason;          /* of FAILED or DISCONNECTED */
  gint64                 now;
} FuzzEnd;

typedef enum
{
  FUZZ_STAGE_START,       /* its version line and its KEXINIT are out */
  FUZZ_STAGE_VERSION,
  FUZZ_STAGE_KEYS,
  FUZZ_STAGE_AUTH,        /* ssh-userauth is running */
  FUZZ_STAGE_OPEN,
  FUZZ_N_STAGES
} FuzzStage;

FuzzEnd *fuzz_end_new          (gboolean      is_server);
void     fuzz_end_free         (FuzzEnd      *self);
/* An honest peer leads it there. */
void     fuzz_end_advance      (FuzzEnd      *self,
                                FuzzStage     stage);
/* Bytes as they are. */
void     fuzz_end_write        (FuzzEnd      *self,
                                const guint8 *data,
                                gsize         length);
/* A message in a packet. */
void     fuzz_end_say          (FuzzEnd      *self,
                                const guint8 *payload,
                                gsize         length);
void     fuzz_end_say_init     (FuzzEnd      *self);
/* The answer to what has been agreed on, with a good signature; nothing if nothing has been. */
void     fuzz_end_say_dh       (FuzzEnd      *self);
/* Answers the question that is kept, as the application. */
void     fuzz_end_answer       (FuzzEnd      *self,
                                gboolean      yes);
/* Plays a list of acts and messages. */
void     fuzz_end_play         (FuzzEnd      *self,
                                FuzzInput    *input);

G_END_DECLS
