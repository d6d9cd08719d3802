/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What sessions and channels cost that do nothing: memory of the server, and time of those that do something. */
#include "bench-ends.h"

#include "bench.h"

#define IDLE_CHANNELS 10000

/* What the parent tells a client. */
#define FILL 'f'   /* log in, or open, all that shall idle */
#define ECHO 'e'   /* count round trips; answers how many a second */

typedef struct
{
  BenchEnds ends;
  guint16   port;
  double    seconds;
  guint     idle_sessions;
  guint     idle_channels;
} Job;

/* A server and a client that stay while the rounds go on. */
typedef struct
{
  Job        job;
  BenchChild server;
  BenchChild client;
  double     kib;       /* what each idle thing took of the server */
  gboolean   is_full;
} Pair;

static void
open_idle_channels (DevSshClientSession *session,
                    guint                n,
                    GPtrArray           *channels)
{
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (channels, bench_open (session, BENCH_IDLE));
}

static void
idle_client (int           fd,
             gconstpointer data)
{
  const Job *job = data;
  g_autoptr(DevSshSessionConfig) config = bench_ends_config (&job->ends);
  g_autoptr(DevSshClientSession) session = bench_login (config, job->port);
  g_autoptr(DevSshChannel) channel = bench_open (session, BENCH_ECHO);
  g_autoptr(GPtrArray) channels = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(GPtrArray) sessions = NULL;

  /* Everything that is made once is made. */
  bench_echo_rate (channel, 0.05);
  bench_tell (fd, 0);
  for (;;)
    {
      if (bench_await (fd) == FILL)
        {
          sessions = bench_login_many (config, job->port, job->idle_sessions);
          open_idle_channels (session, job->idle_channels, channels);
          bench_pin (0);
          bench_tell (fd, 0);
        }
      else
        {
          bench_tell (fd, bench_echo_rate (channel, job->seconds));
        }
    }
}

static void
pair_end (Pair *self)
{
  bench_child_kill (&self->client);
  bench_child_kill (&self->server);
  self->is_full = FALSE;
}

static gboolean
pair_fill (Pair    *self,
           GError **error)
{
  guint n = MAX (self->job.idle_sessions + self->job.idle_channels, 1);
  double port, before, after, scrap;

  if (self->is_full)
    return TRUE;

  if (!bench_child_start (&self->server, bench_server_body, &self->job.ends, error) ||
      !bench_child_hear (&self->server, &port, error))
    return FALSE;
  self->job.port = (guint16) port;
  if (!bench_child_start (&self->client, idle_client, &self->job, error) ||
      !bench_child_hear (&self->client, &scrap, error) ||
      !bench_child_ask (&self->server, BENCH_ASK_MEMORY, &before, error) ||
      !bench_child_ask (&self->client, FILL, &scrap, error) ||
      !bench_child_ask (&self->server, BENCH_ASK_MEMORY, &after, error) ||
      !bench_child_ask (&self->server, BENCH_ASK_PIN, &scrap, error))
    return FALSE;
  self->kib = (after - before) / n;
  self->is_full = TRUE;

  return TRUE;
}

static Pair pairs[] = {
  { .job = { .ends.core = BENCH_ANY_CORE } },
  { .job = { .ends.core = BENCH_ANY_CORE, .idle_sessions = 1000 } },
  { .job = { .ends.core = BENCH_ANY_CORE, .idle_sessions = 5000 } },
  { .job = { .ends.core = BENCH_ANY_CORE, .ends.max_channels = 2 * IDLE_CHANNELS, .idle_channels = IDLE_CHANNELS } },
};

static void
idle_end (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    pair_end (&pairs[i]);
}

static gboolean
run_echo (const BenchMeasure   *measure,
          const BenchSettings  *settings,
          double               *value,
          GError              **error)
{
  Pair *pair = &pairs[measure->variant];

  pair->job.seconds = settings->seconds;

  return pair_fill (pair, error) && bench_child_ask (&pair->client, ECHO, value, error);
}

static gboolean
run_memory (const BenchMeasure   *measure,
            const BenchSettings  *settings,
            double               *value,
            GError              **error)
{
  Pair *pair = &pairs[measure->variant];

  pair->job.seconds = settings->seconds;
  if (!pair_fill (pair, error))
    return FALSE;
  *value = pair->kib;

  return TRUE;
}

static const BenchMeasure measures[] = {
  { "echo10_0_idle_per_s", "/s", run_echo, 0 },
  { "echo10_1000_idle_per_s", "/s", run_echo, 1, { "echo10_0_idle_per_s" } },
  { "echo10_5000_idle_per_s", "/s", run_echo, 2, { "echo10_0_idle_per_s" } },
  { "session_idle_kib", "KiB", run_memory, 1, { NULL }, TRUE },
  { "channel_idle_kib", "KiB", run_memory, 3, { NULL }, TRUE },
  { NULL }
};

const BenchGroup bench_idle_group = { "idle", "sessions and channels that do nothing", measures, idle_end };
