/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A local port forwarded through a session, with our plugin at both ends, beside ssh -L: bytes from a program that connects
 * to a program that listens. */
#include "bench-ends.h"
#include "bench-gcm.h"
#include "bench-openssh.h"

#include <sys/uio.h>
#include <unistd.h>

#define BLOCK  262144
#define PACKET 32768     /* what an SSH packet carries of it */

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

/* ---- the limit in between: two relays that do nothing but cryptography and system calls, of one direction ---- */

static void
sealing_relay (int           fd,
               gconstpointer data)
{
  const Job *job = data;
  guint8 *plain = g_malloc (BLOCK), *sealed = g_malloc (BLOCK / PACKET * (PACKET + BENCH_GCM_EXTRA));
  guint16 port;
  int listener = bench_listen (&port), from, to;
  BenchGcm gcm;
  gssize n;
  char end;

  bench_gcm_init (&gcm, TRUE);
  to = bench_connect (job->port);
  bench_tell (fd, port);
  from = bench_accept (listener);
  for (guint64 passed = 0; passed < job->bytes; passed += (guint64) n)
    {
      gsize length = 0;

      n = read (from, plain, BLOCK);
      if (n <= 0)
        bench_die ("the sender has ended");
      for (gssize i = 0; i < n; i += PACKET)
        length += bench_gcm_seal (&gcm, sealed + length, plain + i, MIN (PACKET, (gsize) (n - i)));
      bench_write_whole (to, sealed, length);
    }
  if (read (to, &end, 1) == 1)
    bench_write_whole (from, &end, 1);
  bench_await (fd);
}

static void
write_vectors (int           fd,
               struct iovec *vectors,
               int           n)
{
  while (n > 0)
    {
      gssize written = writev (fd, vectors, n);

      if (written < 0)
        bench_die ("the receiver has ended");
      for (; n > 0 && (gsize) written >= vectors->iov_len; vectors++, n--)
        written -= (gssize) vectors->iov_len;
      if (n > 0)
        {
          vectors->iov_base = (guint8 *) vectors->iov_base + written;
          vectors->iov_len -= (gsize) written;
        }
    }
}

static void
opening_relay (int           fd,
               gconstpointer data)
{
  const Job *job = data;
  gsize size = BLOCK + PACKET + BENCH_GCM_EXTRA, have = 0;
  guint8 *buffer = g_malloc (size), *body;
  struct iovec vectors[1024];
  guint64 passed = 0;
  guint16 port;
  int listener = bench_listen (&port), from, to;
  BenchGcm gcm;
  char end;

  bench_gcm_init (&gcm, FALSE);
  bench_tell (fd, port);
  from = bench_accept (listener);
  to = bench_connect (job->target);
  while (passed < job->bytes)
    {
      gssize n = read (from, buffer + have, size - have);
      gsize position = 0;
      guint n_vectors = 0;

      if (n <= 0)
        bench_die ("the sender has ended");
      have += (gsize) n;
      while (have - position >= 4 && n_vectors < G_N_ELEMENTS (vectors))
        {
          guint32 length = bench_get_uint32 (buffer + position);
          gsize carried;

          if (have - position < 20 + (gsize) length)
            break;
          carried = bench_gcm_open (&gcm, buffer + position, length, &body);
          vectors[n_vectors++] = (struct iovec) { body, carried };
          passed += carried;
          position += 20 + (gsize) length;
        }
      write_vectors (to, vectors, (int) n_vectors);
      have -= position;
      memmove (buffer, buffer + position, have);
    }
  if (read (to, &end, 1) == 1)
    bench_write_whole (from, &end, 1);
  bench_await (fd);
}

/* ---- all of it ---- */

static gboolean
start_pair (BenchBody        server_body,
            gconstpointer    server_job,
            BenchBody        client_body,
            Job             *job,
            BenchChild      *server,
            BenchChild      *client,
            GError         **error)
{
  double port;

  if (!bench_child_start (server, server_body, server_job, error) || !bench_child_hear (server, &port, error))
    return FALSE;
  job->port = (guint16) port;

  if (!bench_child_start (client, client_body, job, error) || !bench_child_hear (client, &port, error))
    return FALSE;
  job->listener = (guint16) port;

  return TRUE;
}

enum { OURS, OPENSSH, OPENSSH_AS_IT_COMES, LIMIT, NOTHING };

static gboolean
start_forward (int          variant,
               Job         *job,
               BenchChild  *server,
               BenchChild  *client,
               GError     **error)
{
  switch (variant)
    {
    case OURS:
      if (!start_pair (bench_server_body, &job->ends, forward_client, job, server, client, error))
        return FALSE;
      if (job->listener == 0)
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "There is no plugin for port forwarding");
          return FALSE;
        }
      return TRUE;

    case OPENSSH:
      return bench_openssh_forward (client, "aes256-gcm@openssh.com", job->target, &job->listener, error);

    case OPENSSH_AS_IT_COMES:
      return bench_openssh_forward (client, NULL, job->target, &job->listener, error);

    case LIMIT:
      return start_pair (opening_relay, job, sealing_relay, job, server, client, error);

    default:
      job->listener = job->target;
      return TRUE;
    }
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
  { "forward_mbps", "MB/s", run_forward, OURS, { "forward_openssh_mbps", "forward_limit_mbps", "forward_openssh_default_mbps" } },
  { "forward_limit_mbps", "MB/s", run_forward, LIMIT, { "forward_openssh_mbps", "forward_none_mbps" } },
  { "forward_openssh_mbps", "MB/s", run_forward, OPENSSH },
  { "forward_openssh_default_mbps", "MB/s", run_forward, OPENSSH_AS_IT_COMES },
  { "forward_none_mbps", "MB/s", run_forward, NOTHING },
  { NULL }
};

const BenchGroup bench_forward_group = { "forward", "a forwarded local port, bulk", measures, NULL };
