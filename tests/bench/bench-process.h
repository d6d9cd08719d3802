/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processes of a measurement: forked, pinned to cores, spoken to through a socket pair, and never left behind. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* Any core; other numbers count the cores that this process may use. */
#define BENCH_ANY_CORE (-1)

typedef struct
{
  pid_t pid;   /* 0: none */
  int   fd;    /* our end of the socket pair */
} BenchChild;

/* Runs in the child, which ends when it returns. fd: the other end. */
typedef void (*BenchBody) (int fd, gconstpointer data);

/* Signals, limits, and orphans that come to us. FALSE from bench_interrupted() until one of the signals has come. */
void        bench_process_init        (void);
gboolean    bench_interrupted         (void);
/* Kills what is left, and takes the temporary folder away. */
void        bench_process_end         (void);
/* Made when first asked for. */
const char *bench_temporary_folder    (void);

double      bench_now                 (void);
void        bench_pin                 (int core);

/* ---- the parent's side ---- */
gboolean    bench_child_start         (BenchChild  *self,
                                       BenchBody    body,
                                       gconstpointer data,
                                       GError     **error);
/* argv of a program; input, output, errors: descriptors, or -1 for /dev/null. */
gboolean    bench_child_spawn         (BenchChild  *self,
                                       const char * const *argv,
                                       int          input,
                                       int          output,
                                       int          errors,
                                       GError     **error);
gboolean    bench_child_ask           (BenchChild  *self,
                                       char         command,
                                       double      *answer,
                                       GError     **error);
gboolean    bench_child_hear          (BenchChild  *self,
                                       double      *answer,
                                       GError     **error);
/* It holds nothing that would need it alive. */
void        bench_child_kill          (BenchChild  *self);

/* Waits for bytes of a descriptor; FALSE after a signal, a minute, or its end. */
gboolean    bench_read_whole          (int          fd,
                                       gpointer     data,
                                       gsize        length,
                                       GError     **error);

/* ---- the child's side ---- */
void        bench_tell                (int fd, double number);
/* Waits for the parent's next command; ends the process if there is none. */
char        bench_await               (int fd);
void        bench_die                 (const char *format, ...) G_GNUC_PRINTF (1, 2) G_GNUC_NORETURN;

/* ---- sockets of the loopback, blocking ---- */
int         bench_listen              (guint16 *port);
int         bench_accept              (int listener);
int         bench_connect             (guint16 port);
void        bench_write_whole         (int fd, gconstpointer data, gsize length);

G_END_DECLS
