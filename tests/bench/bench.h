/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is measured: groups of measures that take turns, so that a machine's moods meet all of them. */
#pragma once

#include "bench-process.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  gboolean    quick;
  guint       rounds;
  double      seconds;          /* how long a run that counts goes on */
  guint64     bulk_bytes;       /* how much a run that carries bytes carries */
  const char *plugin_folder;    /* where port forwarding lies; NULL: where the library looks by itself */
  const char *command_folder;   /* the same for commands */
} BenchSettings;

typedef struct _BenchMeasure BenchMeasure;

/* One run: a value, or an error; G_IO_ERROR_NOT_SUPPORTED: this machine lacks something, no failure. */
typedef gboolean (*BenchRun) (const BenchMeasure   *measure,
                              const BenchSettings  *settings,
                              double               *value,
                              GError              **error);

struct _BenchMeasure
{
  const char *name;        /* its key in the JSON file */
  const char *unit;
  BenchRun    run;
  int         variant;     /* run's business */
  const char *beside[3];   /* measures of the group that it is compared with, as value / theirs */
  gboolean    once;        /* no spread to be seen: a size */
};

typedef struct
{
  const char         *name;
  const char         *title;
  const BenchMeasure *measures;   /* ends with a row without a name */
  /* Lets go of what the runs keep between them; NULL: nothing. */
  void              (*end) (void);
} BenchGroup;

extern const BenchGroup bench_bulk_group;
extern const BenchGroup bench_handshake_group;
extern const BenchGroup bench_message_group;
extern const BenchGroup bench_reconnect_group;
extern const BenchGroup bench_channel_group;
extern const BenchGroup bench_forward_group;
extern const BenchGroup bench_command_group;
extern const BenchGroup bench_idle_group;
extern const BenchGroup bench_language_group;

/* One value of a child that is started for it and ends with it; server NULL: none. */
gboolean bench_run_pair (BenchBody      server,
                         gconstpointer  server_data,
                         BenchBody      client,
                         gpointer       client_data,
                         guint16       *client_port,
                         double        *value,
                         GError       **error);

G_END_DECLS
