/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long a session is away that has lost its connection, from the new connection to the moment when it goes on; beside what
 * it cannot be quicker than: an exchange of versions and keys, and round trips. */
#include "bench-ends.h"
#include "bench.h"

typedef struct
{
  BenchEnds ends;
  guint16   port;
  double    seconds;
} Job;

static gboolean
accept_cb (DevSshSession        *session,
           DevSshAuthentication *question,
           gpointer              user_data)
{
  devssh_authentication_accept (question, NULL);

  return TRUE;
}

/* Versions and keys, and no login. Seconds. */
static double
exchange (DevSshSessionConfig *config,
          guint16              port)
{
  g_autoptr(GIOStream) stream = bench_dial (port);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshClientSession) session = NULL;
  double begin = bench_now (), taken;

  session = devssh_client_session_new (stream, config, &error);
  if (session == NULL)
    bench_die ("%s", error->message);
  g_signal_connect (session, "authenticating", G_CALLBACK (accept_cb), NULL);
  devssh_session_connect_async (DEVSSH_SESSION (session), NULL, bench_keep_result_cb, &result);
  bench_spin_until (result != NULL);
  taken = bench_now () - begin;
  if (!devssh_session_connect_finish (DEVSSH_SESSION (session), result, &error))
    bench_die ("%s", error->message);
  devssh_session_close (DEVSSH_SESSION (session), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, NULL);
  bench_spin_until (devssh_session_get_is_closed (DEVSSH_SESSION (session)));

  return taken;
}

/* Seconds, from a connection that is there. The server has seen the end of the old one: it has answered on another session
 * meanwhile. */
static double
resume (DevSshClientSession *session,
        DevSshChannel       *other,
        guint16              port)
{
  g_autoptr(GIOStream) stream = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  double begin;

  devssh_session_close (DEVSSH_SESSION (session), DEVSSH_DISCONNECT_REASON_CONNECTION_LOST, NULL);
  stream = bench_dial (port);
  bench_echo_rate (other, 0);
  begin = bench_now ();
  devssh_client_session_reconnect_async (session, stream, NULL, bench_keep_result_cb, &result);
  bench_spin_until (result != NULL);
  if (!devssh_client_session_reconnect_finish (session, result, &error))
    bench_die ("reconnecting: %s", error->message);

  return bench_now () - begin;
}

static void
resume_client (int           fd,
               gconstpointer data)
{
  const Job *job = data;
  g_autoptr(DevSshSessionConfig) config = bench_ends_config (&job->ends);
  g_autoptr(DevSshClientSession) session = bench_login (config, job->port);
  g_autoptr(DevSshClientSession) second = bench_login (config, job->port);
  g_autoptr(DevSshChannel) other = bench_open (second, BENCH_ECHO);
  double sum = 0, end = bench_now () + job->seconds;
  guint n = 0;

  bench_pin (0);
  do
    {
      sum += resume (session, other, job->port);
      n++;
    }
  while (bench_now () < end);
  bench_tell (fd, 1e6 * sum / n);
}

static void
limit_client (int           fd,
              gconstpointer data)
{
  const Job *job = data;
  g_autoptr(DevSshSessionConfig) config = bench_ends_config (&job->ends);
  g_autoptr(DevSshClientSession) session = bench_login (config, job->port);
  g_autoptr(DevSshChannel) channel = bench_open (session, BENCH_ECHO);
  double sum = 0, end, rate;
  guint n = 0;

  bench_pin (0);
  rate = bench_echo_rate (channel, job->seconds / 4);
  end = bench_now () + job->seconds;
  do
    {
      sum += exchange (config, job->port);
      n++;
    }
  while (bench_now () < end);
  bench_tell (fd, 1e6 * (sum / n + 3 / rate));
}

enum { RESUME, LIMIT };

static gboolean
run_resume (const BenchMeasure   *measure,
            const BenchSettings  *settings,
            double               *value,
            GError              **error)
{
  Job job = { .seconds = settings->seconds };

  job.ends.reconnect = TRUE;
  return bench_run_pair (bench_server_body, &job.ends, measure->variant == RESUME ? resume_client : limit_client, &job,
                         &job.port, value, error);
}

static const BenchMeasure measures[] = {
  { "resume_us", "us", run_resume, RESUME, { "resume_limit_us" } },
  { "resume_limit_us", "us", run_resume, LIMIT },
  { NULL }
};

const BenchGroup bench_reconnect_group = { "reconnect", "a lost connection; limit: exchange of keys and three round trips", measures, NULL };
