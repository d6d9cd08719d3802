/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening channels, one after the other and many at a time; each is closed as soon as it is open. */
#include "bench-ends.h"

#include "bench.h"

#define PIPELINE 64

typedef struct
{
  BenchEnds ends;
  guint16   port;
  double    seconds;
  guint     at_once;
} Job;

typedef struct
{
  DevSshSession *session;
  guint          under_way;
  guint64        opened;
  double         until;
} Opener;

static void opened_cb (GObject *source, GAsyncResult *result, gpointer user_data);

static void
open_one (Opener *self)
{
  self->under_way++;
  devssh_session_open_channel_async (self->session, BENCH_IDLE, NULL, opened_cb, self);
}

static void
opened_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Opener *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshChannel) channel = devssh_session_open_channel_finish (self->session, result, &error);

  if (channel == NULL)
    bench_die ("opening a channel: %s", error->message);
  devssh_channel_close (channel);
  self->opened++;
  self->under_way--;
  if (bench_now () < self->until)
    open_one (self);
}

static void
open_client (int           fd,
             gconstpointer data)
{
  const Job *job = data;
  g_autoptr(DevSshSessionConfig) config = bench_ends_config (&job->ends);
  g_autoptr(DevSshClientSession) session = NULL;
  Opener opener = { 0 };
  double begin;

  bench_pin (0);
  session = bench_login (config, job->port);
  opener.session = DEVSSH_SESSION (session);
  begin = bench_now ();
  opener.until = begin + job->seconds;
  for (guint i = 0; i < job->at_once; i++)
    open_one (&opener);
  bench_spin_until (opener.under_way == 0);
  bench_tell (fd, (double) opener.opened / (bench_now () - begin));
}

static gboolean
run_open (const BenchMeasure   *measure,
          const BenchSettings  *settings,
          double               *value,
          GError              **error)
{
  Job job = { .seconds = settings->seconds, .at_once = (guint) measure->variant };

  return bench_run_pair (bench_server_body, &job.ends, open_client, &job, &job.port, value, error);
}

static const BenchMeasure measures[] = {
  { "channel_opens_per_s", "/s", run_open, 1 },
  { "channel_opens_pipelined_per_s", "/s", run_open, PIPELINE, { "channel_opens_per_s" } },
  { NULL }
};

const BenchGroup bench_channel_group = { "channels", "channels opened and closed", measures, NULL };
