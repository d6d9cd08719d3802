/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole logins, one after the other: connect, host key, Ed25519 user key, close. */
#include "bench-ends.h"
#include "bench-limits.h"

typedef struct
{
  BenchEnds ends;
  guint16   port;
  double    seconds;
} Job;

static void
login_client (int           fd,
              gconstpointer data)
{
  const Job *job = data;
  g_autoptr(DevSshSessionConfig) config = bench_ends_config (&job->ends);
  guint n = 0;
  double begin;

  bench_pin (0);
  begin = bench_now ();
  do
    {
      g_autoptr(DevSshClientSession) session = bench_login (config, job->port);

      devssh_session_close (DEVSSH_SESSION (session), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, NULL);
      n++;
    }
  while (bench_now () < begin + job->seconds);
  bench_tell (fd, n / (bench_now () - begin));
}

static gboolean
run_logins (const BenchMeasure   *measure,
            const BenchSettings  *settings,
            double               *value,
            GError              **error)
{
  Job job = { .seconds = settings->seconds };

  return bench_run_pair (bench_server_body, &job.ends, login_client, &job, &job.port, value, error);
}

static gboolean
run_limit (const BenchMeasure   *measure,
           const BenchSettings  *settings,
           double               *value,
           GError              **error)
{
  return bench_limit_handshakes (settings->seconds, value, error);
}

static const BenchMeasure measures[] = {
  { "handshakes_per_s", "/s", run_logins, 0, { "handshakes_limit_per_s" } },
  { "handshakes_limit_per_s", "/s", run_limit },
  { NULL }
};

const BenchGroup bench_handshake_group = { "handshakes", "logins, one after the other", measures, NULL };
