/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Our two ends of a measurement: a server process that answers, and what a client process does to get a session. */
#pragma once

#include "bench-process.h"

#include <libdevssh/devssh.h>

G_BEGIN_DECLS

/* What the server does with the channels of these types. */
#define BENCH_SINK "sink@bench"   /* counts, and sends one byte when the data ends */
#define BENCH_ECHO "echo@bench"   /* sends all of it back */
#define BENCH_IDLE "idle@bench"   /* nothing */
/* And with this command on a session channel: sends so many bytes, then the end. */
#define BENCH_SEND_COMMAND "bench-send "

#define BENCH_BLOCK (1024 * 1024)

/* What the parent may ask a server. */
#define BENCH_ASK_MEMORY 'm'      /* how many KiB of it are in memory */
#define BENCH_ASK_PIN    'p'      /* to go to the first core */

typedef struct
{
  int         core;
  guint       threads;        /* of the server; 0: one for all sessions */
  const char *cipher;         /* NULL: the default offer */
  const char *mac;
  guint       max_channels;   /* 0: the default */
  gboolean    reconnect;      /* sessions that survive the loss of their connection */
  gboolean    plugins;
  const char *plugin_folder;
} BenchEnds;

DevSshSessionConfig *bench_ends_config   (const BenchEnds *ends);

/* A BenchBody; data: BenchEnds. Tells the port, then serves until the parent goes. */
void                 bench_server_body   (int fd, gconstpointer data);

/* Turns the loop until condition holds. */
#define bench_spin_until(condition) \
  G_STMT_START { while (!(condition)) g_main_context_iteration (NULL, TRUE); } G_STMT_END

/* A GAsyncReadyCallback that keeps the result; user_data: GAsyncResult ** */
void                 bench_keep_result_cb (GObject *source, GAsyncResult *result, gpointer user_data);

/* A connection to the server, for a session. */
GIOStream           *bench_dial           (guint16 port);
/* A session that has logged in with a key of Ed25519. */
DevSshClientSession *bench_login          (DevSshSessionConfig *config, guint16 port);
/* So many, a few at a time. */
GPtrArray           *bench_login_many     (DevSshSessionConfig *config, guint16 port, guint n);
DevSshChannel       *bench_open           (DevSshClientSession *session, const char *type);
/* Sends so many bytes, rounded down to whole MiB, as fast as they are taken, then the end of data. */
void                 bench_send           (DevSshChannel *channel, guint64 bytes);
/* Round trips of 10 bytes a second; in bench-messages.c. */
double               bench_echo_rate      (DevSshChannel *channel, double seconds);

G_END_DECLS
