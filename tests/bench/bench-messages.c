/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small messages on one channel: there and back one at a time, and one way as many as will go. */
#include "bench-ends.h"
#include "bench-limits.h"

/* So many are given to the library before it must have sent the first of them. */
#define BATCH   256
#define BATCHES 4
/* One limit run of small packets. */
#define LIMIT_BYTES (4 * 1024 * 1024)

typedef struct
{
  BenchEnds ends;
  guint16   port;
  double    seconds;
  gsize     size;      /* of a message */
} Job;

/* ---- there and back ---- */

typedef struct
{
  GBytes  *message;
  guint64  trips;
  double   until;
  gboolean done;
} Echo;

static void
echo_cb (DevSshChannel *channel,
         GBytes        *data,
         gpointer       user_data)
{
  Echo *self = user_data;

  self->trips++;
  if (bench_now () >= self->until)
    self->done = TRUE;
  else
    devssh_channel_send_async (channel, self->message, NULL, NULL, NULL);
}

double
bench_echo_rate (DevSshChannel *channel,
                 double         seconds)
{
  static const guint8 ten_bytes[10];
  g_autoptr(GBytes) message = g_bytes_new_static (ten_bytes, sizeof ten_bytes);
  Echo self = { .message = message };
  double begin = bench_now ();
  gulong handler = g_signal_connect (channel, "data", G_CALLBACK (echo_cb), &self);

  self.until = begin + seconds;
  devssh_channel_send_async (channel, message, NULL, NULL, NULL);
  bench_spin_until (self.done);
  g_signal_handler_disconnect (channel, handler);

  return (double) self.trips / (bench_now () - begin);
}

static void
echo_client (int           fd,
             gconstpointer data)
{
  const Job *job = data;
  g_autoptr(DevSshSessionConfig) config = bench_ends_config (&job->ends);
  g_autoptr(DevSshClientSession) session = NULL;

  bench_pin (0);
  session = bench_login (config, job->port);
  bench_tell (fd, bench_echo_rate (bench_open (session, BENCH_ECHO), job->seconds));
}

static gboolean
run_echo (const BenchMeasure   *measure,
          const BenchSettings  *settings,
          double               *value,
          GError              **error)
{
  Job job = { .seconds = settings->seconds };

  return bench_run_pair (bench_server_body, &job.ends, echo_client, &job, &job.port, value, error);
}

static gboolean
run_echo_limit (const BenchMeasure   *measure,
                const BenchSettings  *settings,
                double               *value,
                GError              **error)
{
  return bench_limit_echo (settings->seconds, measure->variant, value, error);
}

/* ---- one way ---- */

typedef struct
{
  DevSshChannel *channel;
  GBytes        *message;
  guint          batches;    /* under way */
  guint64        sent;
  double         until;
  gboolean       ended;
  gboolean       answered;
} Flood;

static void flood_fill (Flood *self);

static void
batch_sent_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  Flood *self = user_data;
  g_autoptr(GError) error = NULL;

  if (!devssh_channel_send_finish (self->channel, result, &error))
    bench_die ("sending: %s", error->message);
  self->batches--;
  flood_fill (self);
}

/* Who sends small things seldom wants to hear of each. */
static void
flood_fill (Flood *self)
{
  while (self->batches < BATCHES && bench_now () < self->until)
    {
      for (guint i = 1; i < BATCH; i++)
        devssh_channel_send_async (self->channel, self->message, NULL, NULL, NULL);
      devssh_channel_send_async (self->channel, self->message, NULL, batch_sent_cb, self);
      self->sent += BATCH;
      self->batches++;
    }
  if (self->batches == 0 && !self->ended)
    {
      self->ended = TRUE;
      devssh_channel_send_eof (self->channel, NULL);
    }
}

static void
answered_cb (DevSshChannel *channel,
             GBytes        *data,
             gpointer       user_data)
{
  Flood *self = user_data;

  self->answered = TRUE;
}

static void
flood_client (int           fd,
              gconstpointer data)
{
  const Job *job = data;
  g_autoptr(DevSshSessionConfig) config = bench_ends_config (&job->ends);
  g_autoptr(DevSshClientSession) session = NULL;
  g_autofree guint8 *bytes = g_malloc0 (job->size);
  g_autoptr(GBytes) message = g_bytes_new_static (bytes, job->size);
  Flood flood = { .message = message };
  double begin;

  bench_pin (0);
  session = bench_login (config, job->port);
  flood.channel = bench_open (session, BENCH_SINK);
  g_signal_connect (flood.channel, "data", G_CALLBACK (answered_cb), &flood);

  begin = bench_now ();
  flood.until = begin + job->seconds;
  flood_fill (&flood);
  bench_spin_until (flood.answered);
  bench_tell (fd, (double) flood.sent / (bench_now () - begin));
}

static gboolean
run_flood (const BenchMeasure   *measure,
           const BenchSettings  *settings,
           double               *value,
           GError              **error)
{
  Job job = { .seconds = settings->seconds, .size = (gsize) measure->variant };

  job.ends.core = 1;

  return bench_run_pair (bench_server_body, &job.ends, flood_client, &job, &job.port, value, error);
}

static gboolean
run_flood_limit (const BenchMeasure   *measure,
                 const BenchSettings  *settings,
                 double               *value,
                 GError              **error)
{
  if (!bench_limit_stream (LIMIT_BYTES / 10 * (guint64) measure->variant, (gsize) measure->variant, value, error))
    return FALSE;
  *value /= measure->variant;

  return TRUE;
}

static const BenchMeasure measures[] = {
  { "echo10_per_s", "/s", run_echo, 0, { "echo10_limit_per_s", "echo10_limit_gio_per_s" } },
  { "echo10_limit_per_s", "/s", run_echo_limit, FALSE },
  { "echo10_limit_gio_per_s", "/s", run_echo_limit, TRUE },
  { "msgs10_per_s", "/s", run_flood, 10, { "msgs10_limit_per_s" } },
  { "msgs10_limit_per_s", "/s", run_flood_limit, 10 },
  { "msgs200_per_s", "/s", run_flood, 200, { "msgs200_limit_per_s" } },
  { "msgs200_limit_per_s", "/s", run_flood_limit, 200 },
  { NULL }
};

const BenchGroup bench_message_group = { "messages", "small messages on one channel", measures, NULL };
