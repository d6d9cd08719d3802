/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One channel, two processes, as fast as it goes: beside the bare limit, and beside OpenSSH. Eight sessions, and a server of two threads. */
#include "bench-ends.h"
#include "bench-limits.h"
#include "bench-openssh.h"

#define PACKET 32768

typedef struct
{
  BenchEnds ends;
  guint16   port;
  guint64   bytes;
  guint     sessions;
} Job;

static void
answered_cb (DevSshChannel *channel,
             GBytes        *data,
             guint         *n_answered)
{
  (*n_answered)++;
}

static void
bulk_client (int           fd,
             gconstpointer data)
{
  const Job *job = data;
  g_autoptr(DevSshSessionConfig) config = bench_ends_config (&job->ends);
  g_autofree DevSshChannel **channels = g_new0 (DevSshChannel *, job->sessions);
  guint64 each = job->bytes / job->sessions / BENCH_BLOCK * BENCH_BLOCK;
  guint n_answered = 0;
  double begin;

  bench_pin (job->ends.core == BENCH_ANY_CORE ? BENCH_ANY_CORE : 0);
  for (guint i = 0; i < job->sessions; i++)
    {
      /* They end with this process. */
      channels[i] = bench_open (bench_login (config, job->port), BENCH_SINK);
      g_signal_connect (channels[i], "data", G_CALLBACK (answered_cb), &n_answered);
    }

  begin = bench_now ();
  for (guint i = 0; i < job->sessions; i++)
    bench_send (channels[i], each);
  bench_spin_until (n_answered == job->sessions);
  bench_tell (fd, (double) (each * job->sessions) / (bench_now () - begin));
}

static const struct
{
  const char *cipher;
  const char *mac;
} protections[] = {
  { DEVSSH_ALGORITHM_CIPHER_AES256_GCM, NULL },
  { DEVSSH_ALGORITHM_CIPHER_CHACHA20_POLY1305, NULL },
  { DEVSSH_ALGORITHM_CIPHER_AES256_CTR, DEVSSH_ALGORITHM_MAC_HMAC_SHA2_256_ETM },
  { DEVSSH_ALGORITHM_CIPHER_AES256_GCM, NULL },
};
#define RECONNECT 3

static gboolean
run_ours (const BenchMeasure   *measure,
          const BenchSettings  *settings,
          double               *value,
          GError              **error)
{
  Job job = { .bytes = settings->bulk_bytes, .sessions = 1 };

  job.ends.core = 1;
  job.ends.cipher = protections[measure->variant].cipher;
  job.ends.mac = protections[measure->variant].mac;
  job.ends.reconnect = measure->variant == RECONNECT;
  if (!bench_run_pair (bench_server_body, &job.ends, bulk_client, &job, &job.port, value, error))
    return FALSE;
  *value /= 1e6;

  return TRUE;
}

/* ---- through the middle of two sessions ---- */

static DevSshClientSession *far_session;

static void
client_authenticated_cb (DevSshServerSession *session,
                         gpointer             user_data)
{
  devssh_session_pipe_async (DEVSSH_SESSION (session), DEVSSH_SESSION (far_session), NULL, NULL, NULL);
}

static gboolean
let_in_cb (DevSshSession        *session,
           DevSshAuthentication *question,
           gpointer              user_data)
{
  if (devssh_authentication_get_authentication_type (question) == DEVSSH_AUTHENTICATION_TYPE_CLIENT_NONE)
    devssh_authentication_reject (question);
  else
    devssh_authentication_accept (question, NULL);

  return TRUE;
}

static void
opened_cb (DevSshServer        *server,
           DevSshServerSession *session,
           gpointer             user_data)
{
  g_signal_connect (session, "authenticating", G_CALLBACK (let_in_cb), NULL);
  g_signal_connect (session, "client-authenticated", G_CALLBACK (client_authenticated_cb), NULL);
}

/* One session to the server; whoever connects here is joined with it. */
static void
middle (int           fd,
        gconstpointer data)
{
  const Job *job = data;
  g_autoptr(DevSshSessionConfig) config = bench_ends_config (&job->ends);
  g_autoptr(DevSshServerCredentials) credentials = devssh_server_credentials_new ();
  g_autoptr(DevSshKeyPair) key = devssh_key_pair_generate (DEVSSH_ALGORITHM_KEY_ED25519, 0, NULL);
  g_autoptr(DevSshServer) server = NULL;

  far_session = bench_login (config, job->port);
  devssh_server_credentials_add_key (credentials, key);
  server = devssh_server_new (config, credentials);
  g_signal_connect (server, "session-opened", G_CALLBACK (opened_cb), NULL);
  bench_tell (fd, devssh_server_listen (server, "127.0.0.1", 0, NULL));
  for (;;)
    g_main_context_iteration (NULL, TRUE);
}

static gboolean
run_piped (const BenchMeasure   *measure,
           const BenchSettings  *settings,
           double               *value,
           GError              **error)
{
  Job job = { .bytes = settings->bulk_bytes, .sessions = 1 };
  BenchChild children[3] = { 0 };
  double port;
  gboolean ok;

  job.ends.core = BENCH_ANY_CORE;
  job.ends.cipher = DEVSSH_ALGORITHM_CIPHER_AES256_GCM;
  ok = bench_child_start (&children[0], bench_server_body, &job.ends, error) && bench_child_hear (&children[0], &port, error);
  job.port = ok ? (guint16) port : 0;
  ok = ok && bench_child_start (&children[1], middle, &job, error) && bench_child_hear (&children[1], &port, error);
  job.port = ok ? (guint16) port : 0;
  ok = ok && bench_child_start (&children[2], bulk_client, &job, error) && bench_child_hear (&children[2], value, error);
  *value /= 1e6;
  for (guint i = 0; i < G_N_ELEMENTS (children); i++)
    bench_child_kill (&children[i]);

  return ok;
}

/* Variant: the threads of the server. */
static gboolean
run_eight_sessions (const BenchMeasure   *measure,
                    const BenchSettings  *settings,
                    double               *value,
                    GError              **error)
{
  Job job = { .bytes = settings->bulk_bytes, .sessions = 8 };

  job.ends.core = BENCH_ANY_CORE;
  job.ends.threads = (guint) measure->variant;
  if (!bench_run_pair (bench_server_body, &job.ends, bulk_client, &job, &job.port, value, error))
    return FALSE;
  *value /= 1e6;

  return TRUE;
}

static gboolean
run_limit (const BenchMeasure   *measure,
           const BenchSettings  *settings,
           double               *value,
           GError              **error)
{
  if (!bench_limit_stream (settings->bulk_bytes, PACKET, value, error))
    return FALSE;
  *value /= 1e6;

  return TRUE;
}

static gboolean
run_openssh (const BenchMeasure   *measure,
             const BenchSettings  *settings,
             double               *value,
             GError              **error)
{
  if (!bench_openssh_upload (0, settings->bulk_bytes, protections[measure->variant].cipher,
                             protections[measure->variant].mac, value, error))
    return FALSE;
  *value /= 1e6;

  return TRUE;
}

static gboolean
run_openssh_download (const BenchMeasure   *measure,
                      const BenchSettings  *settings,
                      double               *value,
                      GError              **error)
{
  if (!bench_openssh_download (0, settings->bulk_bytes, protections[measure->variant].cipher,
                             protections[measure->variant].mac, value, error))
    return FALSE;
  *value /= 1e6;

  return TRUE;
}

static const BenchMeasure measures[] = {
  { "bulk_aes256gcm_mbps", "MB/s", run_ours, 0, { "bulk_limit_mbps", "bulk_openssh_mbps" } },
  { "bulk_reconnect_mbps", "MB/s", run_ours, RECONNECT, { "bulk_aes256gcm_mbps" } },
  { "bulk_piped_mbps", "MB/s", run_piped, 0, { "bulk_aes256gcm_mbps" } },
  { "bulk_limit_mbps", "MB/s", run_limit },
  { "bulk_openssh_mbps", "MB/s", run_openssh, 0 },
  { "bulk_openssh_download_mbps", "MB/s", run_openssh_download, 0 },
  { "bulk_chacha20_mbps", "MB/s", run_ours, 1, { "bulk_openssh_chacha20_mbps" } },
  { "bulk_openssh_chacha20_mbps", "MB/s", run_openssh, 1 },
  { "bulk_aes256ctr_mbps", "MB/s", run_ours, 2, { "bulk_openssh_aes256ctr_mbps" } },
  { "bulk_openssh_aes256ctr_mbps", "MB/s", run_openssh, 2 },
  { "bulk_8_sessions_mbps", "MB/s", run_eight_sessions, 0 },
  { "bulk_8_sessions_2_threads_mbps", "MB/s", run_eight_sessions, 2, { "bulk_8_sessions_mbps" } },
  { NULL }
};

const BenchGroup bench_bulk_group = { "bulk", "one channel, bulk", measures, NULL };
