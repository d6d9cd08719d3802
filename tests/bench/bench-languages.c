/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What another language costs: one channel, read as a stream 64 KiB at a time, from a server of ours in C, in Python, and in Python
 * with another SSH library; and that library among itself. */
#include "bench.h"
#include "bench-ends.h"

#include <fcntl.h>
#include <unistd.h>

#define READ_SIZE (64 * 1024)

typedef struct
{
  BenchEnds ends;
  guint16   port;
  guint64   bytes;
} Job;

static void
read_in_c (int           fd,
           gconstpointer data)
{
  const Job *job = data;
  g_autoptr(DevSshSessionConfig) config = bench_ends_config (&job->ends);
  g_autofree char *command = g_strdup_printf (BENCH_SEND_COMMAND "%" G_GUINT64_FORMAT, job->bytes);
  g_autofree char *buffer = g_malloc (READ_SIZE);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  DevSshChannel *channel;
  DevSshChannelStream *stream;
  GInputStream *input;
  guint64 total = 0;
  gssize n;
  double begin;

  bench_pin (1);
  channel = bench_open (bench_login (config, job->port), DEVSSH_CHANNEL_TYPE_SESSION);
  stream = devssh_channel_stream_new (channel, &error);
  if (stream == NULL)
    bench_die ("%s", error->message);
  input = g_io_stream_get_input_stream (G_IO_STREAM (stream));

  begin = bench_now ();
  devssh_channel_exec_async (channel, command, NULL, bench_keep_result_cb, &result);
  while ((n = g_input_stream_read (input, buffer, READ_SIZE, NULL, &error)) > 0)
    total += (guint64) n;
  if (total != job->bytes)
    bench_die ("%" G_GUINT64_FORMAT " bytes came: %s", total, error != NULL ? error->message : "the end");
  bench_tell (fd, (double) total / (bench_now () - begin));
}

/* A script that says "r" when it begins and "k" when it has read all. */
static gboolean
time_script (const char  *reader,
             const Job   *job,
             double      *value,
             GError     **error)
{
  g_autofree char *port = g_strdup_printf ("%u", job->port);
  g_autofree char *bytes = g_strdup_printf ("%" G_GUINT64_FORMAT, job->bytes);
  const char *argv[] = { BENCH_PYTHON, BENCH_SCRIPT, reader, port, bytes, NULL };
  BenchChild script = { 0 };
  int ends[2];
  char word;
  gboolean ok;

  if (pipe2 (ends, O_CLOEXEC) < 0)
    return FALSE;

  ok = bench_child_spawn (&script, argv, -1, ends[1], STDERR_FILENO, error);
  close (ends[1]);
  ok = ok && bench_read_whole (ends[0], &word, 1, error);
  if (ok && word == '-')
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "There is no Python for %s here", reader);
      ok = FALSE;
    }
  else if (ok)
    {
      double begin = bench_now ();

      ok = bench_read_whole (ends[0], &word, 1, error);
      *value = (double) job->bytes / (bench_now () - begin);
    }
  close (ends[0]);
  bench_child_kill (&script);

  return ok;
}

static const char * const readers[] = { "c", "devssh", "devssh-async", "asyncssh", "asyncssh-pair" };

#define C       0
#define OTHER   3
#define PAIR    4

static gboolean
run (const BenchMeasure   *measure,
     const BenchSettings  *settings,
     double               *value,
     GError              **error)
{
  /* The slower ones read a part of it: what is printed is a rate. */
  Job job = { .bytes = measure->variant >= OTHER ? settings->bulk_bytes / 8 : settings->bulk_bytes };
  BenchChild server = { 0 };
  double port = 0;
  gboolean ok = TRUE;

  job.ends.core = 0;
  job.ends.cipher = DEVSSH_ALGORITHM_CIPHER_AES256_GCM;
  if (measure->variant == C)
    ok = bench_run_pair (bench_server_body, &job.ends, read_in_c, &job, &job.port, value, error);
  else
    {
      if (measure->variant != PAIR)
        ok = bench_child_start (&server, bench_server_body, &job.ends, error) && bench_child_hear (&server, &port, error);
      job.port = (guint16) port;
      ok = ok && time_script (readers[measure->variant], &job, value, error);
      bench_child_kill (&server);
    }
  *value /= 1e6;

  return ok;
}

static const BenchMeasure measures[] = {
  { "stream_c_mbps", "MB/s", run, C },
  { "stream_python_mbps", "MB/s", run, 1, { "stream_c_mbps", "stream_asyncssh_pair_mbps", "stream_asyncssh_mbps" } },
  { "stream_python_async_mbps", "MB/s", run, 2, { "stream_c_mbps", "stream_asyncssh_pair_mbps", "stream_asyncssh_mbps" } },
  { "stream_asyncssh_mbps", "MB/s", run, OTHER },
  { "stream_asyncssh_pair_mbps", "MB/s", run, PAIR },
  { NULL }
};

const BenchGroup bench_language_group = { "languages", "one channel read as a stream, 64 KiB at a time", measures, NULL };
