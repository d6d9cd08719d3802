/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One sshd for the whole run, started when first asked for, and one ssh for each measurement. */
#include "bench-openssh.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* sshd run by root insists on this folder. */
#define PRIVILEGE_FOLDER "/run/sshd"

static BenchChild sshd;
static guint16    sshd_port;
static GError    *sshd_error;

static char *
in_folder (const char *name)
{
  return g_build_filename (bench_temporary_folder (), name, NULL);
}

/* sshd wants its whole path, and is not in everybody's PATH. */
static char *
find_program (const char  *name,
              GError     **error)
{
  char *path = g_find_program_in_path (name);

  for (guint i = 0; path == NULL && i < 2; i++)
    {
      path = g_strconcat (i == 0 ? "/usr/sbin/" : "/usr/local/sbin/", name, NULL);
      if (!g_file_test (path, G_FILE_TEST_IS_EXECUTABLE))
        g_clear_pointer (&path, g_free);
    }
  if (path == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "There is no %s here", name);

  return path;
}

static guint16
free_port (void)
{
  guint16 port;

  close (bench_listen (&port));

  return port;
}

static gboolean
port_answers (guint16 port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  gboolean answers;

  address.sin_port = htons (port);
  answers = connect (fd, (struct sockaddr *) &address, sizeof address) == 0;
  close (fd);

  return answers;
}

/* Other programs do not say when they have begun to listen. */
static gboolean
wait_for_port (guint16      port,
               const char  *who,
               GError     **error)
{
  double until = bench_now () + 10;

  while (!bench_interrupted () && bench_now () < until)
    {
      if (port_answers (port))
        return TRUE;
      poll (NULL, 0, 20);
    }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "%s does not listen", who);

  return FALSE;
}

static gboolean
make_key (const char  *name,
          GError     **error)
{
  g_autofree char *program = find_program ("ssh-keygen", error);
  g_autofree char *path = in_folder (name);
  const char *argv[] = { program, "-q", "-t", "ed25519", "-N", "", "-f", path, NULL };
  int status;

  return program != NULL &&
         g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, &status, error) &&
         g_spawn_check_wait_status (status, error);
}

static gboolean
write_configuration (GError **error)
{
  g_autofree char *configuration = in_folder ("sshd_config");
  g_autofree char *host = in_folder ("host");
  g_autofree char *authorized = in_folder ("user.pub");
  g_autofree char *text = NULL;

  text = g_strdup_printf ("ListenAddress 127.0.0.1\n"
                          "Port %u\n"
                          "HostKey %s\n"
                          "AuthorizedKeysFile %s\n"
                          "StrictModes no\n"
                          "PermitRootLogin yes\n"
                          "PasswordAuthentication no\n"
                          "UsePAM no\n"
                          "UseDNS no\n"
                          "PidFile none\n"
                          "PrintMotd no\n"
                          "PrintLastLog no\n"
                          "LogLevel QUIET\n",
                          sshd_port, host, authorized);

  return g_file_set_contents (configuration, text, -1, error);
}

static gboolean
start_sshd (GError **error)
{
  g_autofree char *program = find_program ("sshd", error);
  g_autofree char *configuration = in_folder ("sshd_config");
  const char *argv[] = { program, "-D", "-f", configuration, NULL };

  if (program == NULL || !make_key ("host", error) || !make_key ("user", error))
    return FALSE;

  sshd_port = free_port ();
  if (geteuid () == 0)
    g_mkdir (PRIVILEGE_FOLDER, 0755);

  return write_configuration (error) &&
         bench_child_spawn (&sshd, argv, -1, -1, -1, error) &&
         wait_for_port (sshd_port, "sshd", error);
}

static gboolean
ensure_sshd (GError **error)
{
  if (sshd.pid == 0 && sshd_error == NULL)
    start_sshd (&sshd_error);
  if (sshd_error == NULL)
    return TRUE;

  /* Whatever it is: our own measurements do not depend on it. */
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, sshd_error->message);

  return FALSE;
}

static gboolean
start_ssh (BenchChild         *self,
           guint16             where,
           const char * const *options,
           const char         *command,
           int                 input,
           int                 output,
           int                 errors,
           GError            **error)
{
  g_autofree char *program = find_program ("ssh", error);
  g_autofree char *key = in_folder ("user");
  g_autofree char *port = g_strdup_printf ("%u", where != 0 ? where : sshd_port);
  g_autofree char *user_and_host = g_strdup_printf ("%s@127.0.0.1", g_get_user_name ());
  g_autoptr(GPtrArray) argv = g_ptr_array_new ();
  const char *common[] = {
    program, "-F", "none", "-T", "-i", key, "-p", port, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
    "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
    "-o", "Compression=no", "-o", "ControlPath=none"
  };

  if (program == NULL)
    return FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (common); i++)
    g_ptr_array_add (argv, (gpointer) common[i]);
  for (guint i = 0; options[i] != NULL; i++)
    g_ptr_array_add (argv, (gpointer) options[i]);
  g_ptr_array_add (argv, user_and_host);
  if (command != NULL)
    g_ptr_array_add (argv, (gpointer) command);
  g_ptr_array_add (argv, NULL);

  return bench_child_spawn (self, (const char * const *) argv->pdata, input, output, errors, error);
}

/* Runs command, which says "r" when it begins and "k" when it is done, through the descriptor that is its output
 * (is_upload) or its errors. */
static gboolean
time_command (guint16      port,
              const char  *command,
              const char  *cipher,
              const char  *mac,
              int          input,
              gboolean     is_upload,
              double      *seconds,
              GError     **error)
{
  const char *options[] = { "-c", cipher, mac != NULL ? "-m" : NULL, mac, NULL };
  BenchChild ssh = { 0 };
  int ends[2];
  char word;
  gboolean ok;

  if (pipe2 (ends, O_CLOEXEC) < 0)
    return FALSE;

  ok = start_ssh (&ssh, port, options, command, input, is_upload ? ends[1] : -1, is_upload ? -1 : ends[1], error);
  close (ends[1]);
  if (ok && (ok = bench_read_whole (ends[0], &word, 1, error)))
    {
      double begin = bench_now ();

      ok = bench_read_whole (ends[0], &word, 1, error);
      *seconds = bench_now () - begin;
    }
  close (ends[0]);
  bench_child_kill (&ssh);

  return ok;
}

gboolean
bench_openssh_upload (guint16      port,
                      guint64      bytes,
                      const char  *cipher,
                      const char  *mac,
                      double      *value,
                      GError     **error)
{
  /* A file that is all hole, so that no further process has to feed ssh. */
  int input = memfd_create ("devssh-bench", MFD_CLOEXEC);
  double seconds = 0;
  gboolean ok;

  if (!ensure_sshd (error))
    {
      close (input);
      return FALSE;
    }

  if (input < 0 || ftruncate (input, (off_t) bytes) < 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, g_strerror (errno));
      return FALSE;
    }
  ok = time_command (port, "printf r; cat >/dev/null; printf k", cipher, mac, input, TRUE, &seconds, error);
  close (input);
  if (ok)
    *value = (double) bytes / seconds;

  return ok;
}

gboolean
bench_openssh_download (guint16      port,
                        guint64      bytes,
                        const char  *cipher,
                        const char  *mac,
                        double      *value,
                        GError     **error)
{
  g_autofree char *command = NULL;
  double seconds = 0;

  if (!ensure_sshd (error))
    return FALSE;

  command = g_strdup_printf ("printf r >&2; dd if=/dev/zero bs=262144 count=%" G_GUINT64_FORMAT " 2>/dev/null; "
                             "printf k >&2", bytes / 262144);
  if (!time_command (port, command, cipher, mac, -1, FALSE, &seconds, error))
    return FALSE;
  *value = (double) bytes / seconds;

  return TRUE;
}

gboolean
bench_openssh_forward (BenchChild  *self,
                       const char  *cipher,
                       guint16      target,
                       guint16     *port,
                       GError     **error)
{
  g_autofree char *rule = NULL;

  if (!ensure_sshd (error))
    return FALSE;

  *port = free_port ();
  rule = g_strdup_printf ("127.0.0.1:%u:127.0.0.1:%u", *port, target);

  return start_ssh (self, 0,
                    (const char *[]) { "-N", "-L", rule, cipher != NULL ? "-c" : NULL, cipher, NULL },
                    NULL, -1, -1, -1, error) &&
         wait_for_port (*port, "ssh -L", error);
}
