/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a command on a server and shows what it says.
 *
 *   client HOST PORT USER KEY-FILE HOST-FINGERPRINT COMMAND
 *   client localhost 22 alice ~/.ssh/id_ed25519 SHA256:... "uname -a"
 */
#include <libdevssh/devssh.h>
#include <stdio.h>

typedef struct
{
  GMainLoop  *loop;
  char      **argv;
  int         status;
} Job;

static void
give_up (Job *job, GError *error)
{
  g_printerr ("client: %s\n", error != NULL ? error->message : "refused");
  g_clear_error (&error);
  job->status = 255;
  g_main_loop_quit (job->loop);
}

static void
data (DevSshChannel *channel, GBytes *bytes, Job *job)
{
  fwrite (g_bytes_get_data (bytes, NULL), 1, g_bytes_get_size (bytes), stdout);
}

static void
closed (DevSshChannel *channel, Job *job)
{
  job->status = (int) devssh_channel_get_exit_status (channel);
  g_main_loop_quit (job->loop);
}

static void
started (GObject *channel, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;

  if (!devssh_channel_exec_finish (DEVSSH_CHANNEL (channel), result, &error))
    give_up (user_data, error);
}

static void
opened (GObject *session, GAsyncResult *result, gpointer user_data)
{
  Job *job = user_data;
  GError *error = NULL;
  DevSshChannel *channel = devssh_session_open_channel_finish (DEVSSH_SESSION (session), result, &error);

  if (channel == NULL)
    {
      give_up (job, error);
      return;
    }
  g_signal_connect (channel, "data", G_CALLBACK (data), job);
  g_signal_connect (channel, "closed", G_CALLBACK (closed), job);
  devssh_channel_exec_async (channel, job->argv[6], NULL, started, job);
}

static void
authenticated (GObject *session, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;

  if (!devssh_client_session_authenticate_finish (DEVSSH_CLIENT_SESSION (session), result, &error))
    give_up (user_data, error);
  else
    devssh_session_open_channel_async (DEVSSH_SESSION (session), NULL, NULL, opened, user_data);
}

/* Is it the host we wanted? Nothing of the user leaves before the answer. */
static gboolean
authenticating (DevSshSession *session, DevSshAuthentication *host, Job *job)
{
  g_autofree char *fingerprint = devssh_key_pair_dup_fingerprint (devssh_authentication_get_public_key (host));

  if (g_str_equal (fingerprint, job->argv[5]))
    devssh_authentication_accept (host, NULL);
  return TRUE;
}

static void
connected (GObject *client, GAsyncResult *result, gpointer user_data)
{
  Job *job = user_data;
  GError *error = NULL;
  g_autoptr(GFile) file = g_file_new_for_path (job->argv[4]);
  g_autoptr(DevSshKeyPair) key = devssh_key_pair_import_file (file, DEVSSH_KEY_FORMAT_DEFAULT, NULL, NULL, &error);
  g_autoptr(DevSshClientCredentials) user = devssh_client_credentials_new (job->argv[3]);
  DevSshClientSession *session = NULL;

  if (key != NULL)
    session = devssh_client_connect_finish (DEVSSH_CLIENT (client), result, &error);
  if (session == NULL)
    {
      give_up (job, error);
      return;
    }
  devssh_client_credentials_add_key (user, key);
  g_signal_connect (session, "authenticating", G_CALLBACK (authenticating), job);
  devssh_client_session_authenticate_async (session, user, NULL, authenticated, job);
}

int
main (int argc, char *argv[])
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr(DevSshClient) client = devssh_client_new (NULL);
  g_autoptr(GSocketConnectable) host = NULL;
  Job job = { loop, argv, 0 };

  if (argc != 7)
    {
      g_printerr ("usage: client HOST PORT USER KEY-FILE HOST-FINGERPRINT COMMAND\n");
      return 2;
    }
  host = g_network_address_new (argv[1], (guint16) g_ascii_strtoull (argv[2], NULL, 10));
  devssh_client_connect_async (client, host, NULL, connected, &job);
  g_main_loop_run (loop);
  devssh_client_close (client);
  return job.status;
}
