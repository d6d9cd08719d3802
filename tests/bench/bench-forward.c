/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A local port forwarded through a session, with our plugin at both ends, beside ssh -L: bytes from a program that connects
 * to a program that listens. */
#include "bench-ends.h"
#include "bench-openssh.h"

#include <unistd.h>

#define BLOCK 262144

typedef struct
{
  BenchEnds ends;
  guint16   port;      /* of the server */
  guint16   target;    /* where the bytes shall go */
  guint16   listener;  /* where they are to be sent */
  guint64   bytes;
} Job;

/* ---- the programs at the ends ---- */

static void
receiver (int           fd,
          gconstpointer data)
{
  const Job *job = data;
  guint8 *buffer = g_malloc (BLOCK);
  guint16 port;
  int listener = bench_listen (&port);

  bench_tell (fd, port);
  for (;;)
    {
      int peer = bench_accept (listener);
      guint64 received = 0;
      gssize n;

      while (received < job->bytes && (n = read (peer, buffer, BLOCK)) > 0)
        received += (guint64) n;
      /* Less than all: somebody only looked whether we are there. */
      if (received == job->bytes)
        {
          bench_write_whole (peer, "k", 1);
          bench_await (fd);
        }
      close (peer);
    }
}

static void
sender (int           fd,
        gconstpointer data)
{
  const Job *job = data;
  guint8 *buffer = g_malloc0 (BLOCK);
  int peer = bench_connect (job->listener);
  double begin = bench_now ();

  for (guint64 sent = 0; sent < job->bytes; sent += BLOCK)
    bench_write_whole (peer, buffer, BLOCK);
  if (read (peer, buffer, 1) != 1)
    bench_die ("the receiver has ended");
  bench_tell (fd, (double) job->bytes / (bench_now () - begin));
}

/* ---- ours in between ---- */

static void
forward_client (int           fd,
                gconstpointer data)
{
  const Job *job = data;
  g_autoptr(DevSshSessionConfig) config = bench_ends_config (&job->ends);
  g_autoptr(DevSshClientSession) session = bench_login (config, job->port);
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  DevSshService *service;
  DevSshPortForwarder *forwarder;

  service = devssh_session_activate_service (DEVSSH_SESSION (session), DEVSSH_SERVICE_NAME_PORT_FORWARDING, &error);
  if (service == NULL)
    {
      /* Not a number of a port: there is no such plugin. */
      bench_tell (fd, 0);
      return;
    }
  forwarder = DEVSSH_PORT_FORWARDER (service);
  devssh_port_forwarder_forward_to_remote_port_async (forwarder, "127.0.0.1", 0, "127.0.0.1", job->target, NULL,
                                                      bench_keep_result_cb, &result);
  bench_spin_until (result != NULL);
  port = devssh_port_forwarder_forward_to_remote_port_finish (forwarder, result, &error);
  if (port == NULL)
    bench_die ("forwarding: %s", error != NULL ? error->message : "refused");

  bench_tell (fd, devssh_forwarded_port_get_local_port (port));
  for (;;)
    g_main_context_iteration (NULL, TRUE);
}

static gboolean
start_ours (Job         *job,
            BenchChild  *server,
            BenchChild  *client,
            GError     **error)
{
  double port;

  if (!bench_child_start (server, bench_server_body, &job->ends, error) || !bench_child_hear (server, &port, error))
    return FALSE;
  job->port = (guint16) port;

  if (!bench_child_start (client, forward_client, job, error) || !bench_child_hear (client, &port, error))
    return FALSE;
  job->listener = (guint16) port;
  if (job->listener == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "There is no plugin for port forwarding");
      return FALSE;
    }

  return TRUE;
}

enum { OURS, OPENSSH, NOTHING };

static gboolean
start_forward (int          variant,
               Job         *job,
               BenchChild  *server,
               BenchChild  *client,
               GError     **error)
{
  if (variant == OURS)
    return start_ours (job, server, client, error);

  if (variant == OPENSSH)
    return bench_openssh_forward (client, job->target, &job->listener, error);

  job->listener = job->target;

  return TRUE;
}

static gboolean
run_forward (const BenchMeasure   *measure,
             const BenchSettings  *settings,
             double               *value,
             GError              **error)
{
  BenchChild children[4] = { 0 };
  Job job = { .bytes = settings->bulk_bytes / BLOCK * BLOCK };
  double port;
  gboolean ok;

  job.ends.core = BENCH_ANY_CORE;
  job.ends.plugins = TRUE;
  job.ends.plugin_folder = settings->plugin_folder;

  ok = bench_child_start (&children[0], receiver, &job, error) && bench_child_hear (&children[0], &port, error);
  if (ok)
    {
      job.target = (guint16) port;
      ok = start_forward (measure->variant, &job, &children[1], &children[2], error) &&
           bench_child_start (&children[3], sender, &job, error) &&
           bench_child_hear (&children[3], value, error);
    }
  *value /= 1e6;
  for (guint i = 0; i < G_N_ELEMENTS (children); i++)
    bench_child_kill (&children[i]);

  return ok;
}

static const BenchMeasure measures[] = {
  { "forward_mbps", "MB/s", run_forward, OURS, { "forward_openssh_mbps", "forward_none_mbps" } },
  { "forward_openssh_mbps", "MB/s", run_forward, OPENSSH },
  { "forward_none_mbps", "MB/s", run_forward, NOTHING },
  { NULL }
};

const BenchGroup bench_forward_group = { "forward", "a forwarded local port, bulk", measures, NULL };
