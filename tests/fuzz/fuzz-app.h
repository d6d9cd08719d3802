/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection engine and the application above it: it answers questions, opens channels, sends and closes as its
 * input says, and keeps count of what it has allowed. Nothing may be granted beyond that (T-30, T-51, T-52, T-53). */
#pragma once

#include <libdevssh/connection/devssh-connection-private.h>
#include <libdevssh/transport/devssh-transport-private.h>

#include "fuzz.h"

G_BEGIN_DECLS

#define FUZZ_APP_MAX_CHANNELS 16

typedef struct
{
  DevSshOutbox      outbox;          /* first: messages of the engine pass here, and are counted */
  DevSshTransport  *transport;       /* where they go, and data; or NULL */
  DevSshConnection *connection;
  DevSshContext    *context;
  gint64            now;
  gboolean          refuse;          /* says no to everything */
  guint             max_unaccepted;
  GPtrArray        *kept;            /* (element-type DevSshQuestion): for a late answer */
  DevSshChannel    *channels[FUZZ_APP_MAX_CHANNELS];
  guint             n_channels;
  GCancellable     *cancellable;     /* of the operations begun last */

  guint             n_begun;         /* asynchronous calls, and how many of them have ended */
  guint             n_ended;
  guint             n_sent[256];     /* messages of ours, by number */
  guint64           data_sent;
  guint64           data_allowed;    /* windows that the peer opened, all together */
  guint             logins_allowed;
  guint             openings_allowed;
  guint             requests_allowed;
  guint             session_requests_allowed;
  guint             requests_seen;   /* by the engine, whoever answered them */
  guint             session_requests_seen;
  gboolean          closed;          /* abort has been called */
  guint             fatal;           /* reason of the FATAL event */
} FuzzApp;

/* max_unaccepted: so many channels that nobody answers for may wait for accept_channel. */
FuzzApp     *fuzz_app_new     (gboolean         is_client,
                               DevSshTransport *transport,
                               guint            max_unaccepted);
/* Ends everything, and sees that everything has ended. */
void         fuzz_app_free    (FuzzApp         *self);
/* One message of 80 and above; data lies in buffer, or buffer is NULL. */
void         fuzz_app_receive (FuzzApp         *self,
                               const guint8    *payload,
                               gsize            length,
                               DevSshBuffer    *buffer,
                               gboolean         before_auth);
/* Something that an application does. */
void         fuzz_app_act     (FuzzApp         *self,
                               FuzzInput       *input);
/* Events, sends, and the turns of the main loop that come of them. */
void         fuzz_app_run     (FuzzApp         *self);
/* Has anything been granted that nobody allowed? */
void         fuzz_app_check   (FuzzApp         *self);

G_END_DECLS
