/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands by our plugin, beside those of sshd: the system's ssh on both, with the same command on the other side. */
#include "bench-ends.h"
#include "bench-openssh.h"

enum { DOWNLOAD, UPLOAD };

static gboolean
carry (guint16               port,
       const BenchMeasure   *measure,
       const BenchSettings  *settings,
       double               *value,
       GError              **error)
{
  gboolean ok;

  if (measure->variant == UPLOAD)
    ok = bench_openssh_upload (port, settings->bulk_bytes, DEVSSH_ALGORITHM_CIPHER_AES256_GCM, NULL, value, error);
  else
    ok = bench_openssh_download (port, settings->bulk_bytes, DEVSSH_ALGORITHM_CIPHER_AES256_GCM, NULL, value, error);
  if (ok)
    *value /= 1e6;

  return ok;
}

static gboolean
run_ours (const BenchMeasure   *measure,
          const BenchSettings  *settings,
          double               *value,
          GError              **error)
{
  BenchEnds ends = { .core = BENCH_ANY_CORE, .plugins = TRUE, .plugin_folder = settings->command_folder };
  BenchChild server = { 0 };
  double port;
  gboolean ok;

  ok = bench_child_start (&server, bench_server_body, &ends, error) && bench_child_hear (&server, &port, error) &&
       carry ((guint16) port, measure, settings, value, error);
  bench_child_kill (&server);

  return ok;
}

static gboolean
run_sshd (const BenchMeasure   *measure,
          const BenchSettings  *settings,
          double               *value,
          GError              **error)
{
  return carry (0, measure, settings, value, error);
}

static const BenchMeasure measures[] = {
  { "command_download_mbps", "MB/s", run_ours, DOWNLOAD, { "command_sshd_download_mbps" } },
  { "command_sshd_download_mbps", "MB/s", run_sshd, DOWNLOAD },
  { "command_upload_mbps", "MB/s", run_ours, UPLOAD, { "command_sshd_upload_mbps" } },
  { "command_sshd_upload_mbps", "MB/s", run_sshd, UPLOAD },
  { NULL }
};

const BenchGroup bench_command_group = { "command", "ssh with a command on our server and on sshd", measures, NULL };
