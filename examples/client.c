/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a command on a host whose key is known, and ends as the command does.
 *
 *   client HOST PORT USER KEY-FILE KNOWN-HOSTS COMMAND
 *   client localhost 22 alice ~/.ssh/id_ed25519 ~/.ssh/known_hosts "uname -a"
 */
#include <libdevssh/devssh.h>
#include <stdio.h>
#include <stdlib.h>

static char **words;

static void
stop (const GError *error)
{
  g_printerr ("client: %s\n", error != NULL ? error->message : "refused");
  exit (255);
}

static void
data (DevSshChannel *channel, GBytes *bytes, FILE *where)
{
  fwrite (g_bytes_get_data (bytes, NULL), 1, g_bytes_get_size (bytes), where);
}

static void
extended_data (DevSshChannel *channel, guint type, GBytes *bytes, FILE *where)
{
  data (channel, bytes, where);
}

static void
closed (DevSshChannel *channel, gpointer user_data)
{
  if (devssh_channel_get_error (channel) != NULL)
    stop (devssh_channel_get_error (channel));
  exit ((int) devssh_channel_get_exit_status (channel));
}

static void
started (GObject *channel, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;

  if (!devssh_channel_exec_finish (DEVSSH_CHANNEL (channel), result, &error))
    stop (error);
}

static void
opened (GObject *session, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  DevSshChannel *channel = devssh_session_open_channel_finish (DEVSSH_SESSION (session), result, &error);

  if (channel == NULL)
    stop (error);
  g_signal_connect (channel, "data", G_CALLBACK (data), stdout);
  g_signal_connect (channel, "extended-data", G_CALLBACK (extended_data), stderr);
  g_signal_connect (channel, "closed", G_CALLBACK (closed), NULL);
  devssh_channel_exec_async (channel, words[6], NULL, started, NULL);
}

static void
authenticated (GObject *session, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;

  if (!devssh_client_session_authenticate_finish (DEVSSH_CLIENT_SESSION (session), result, &error))
    stop (error);
  devssh_session_open_channel_async (DEVSSH_SESSION (session), NULL, NULL, opened, NULL);
}

/* The verifier answers for the host: a key that is not known to be its own ends the session before the user's name has left. */
static void
connected (GObject *client, GAsyncResult *result, gpointer verifier)
{
  GError *error = NULL;
  g_autoptr(GFile) file = g_file_new_for_path (words[4]);
  g_autoptr(DevSshKeyPair) key = devssh_key_pair_import_file (file, DEVSSH_KEY_FORMAT_DEFAULT, NULL, NULL, &error);
  g_autoptr(DevSshClientCredentials) user = devssh_client_credentials_new (words[3]);
  DevSshClientSession *session = NULL;

  if (key != NULL)
    session = devssh_client_connect_to_host_finish (DEVSSH_CLIENT (client), result, &error);
  if (session == NULL)
    stop (error);
  devssh_client_credentials_add_key (user, key);
  devssh_host_key_verifier_attach (verifier, session, words[1], (guint16) atoi (words[2]));
  devssh_client_session_authenticate_async (session, user, NULL, authenticated, NULL);
}

int
main (int argc, char *argv[])
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr(DevSshClient) client = devssh_client_new (NULL);
  g_autoptr(DevSshKnownHosts) known_hosts = devssh_known_hosts_new ();
  g_autoptr(DevSshHostKeyVerifier) verifier = devssh_host_key_verifier_new (known_hosts, DEVSSH_HOST_KEY_POLICY_STRICT);
  g_autoptr(GFile) file = NULL;
  g_autoptr(GError) error = NULL;

  words = argv;
  if (argc != 7)
    {
      g_printerr ("usage: client HOST PORT USER KEY-FILE KNOWN-HOSTS COMMAND\n");
      return 2;
    }
  file = g_file_new_for_path (words[5]);
  if (!devssh_known_hosts_load_file (known_hosts, file, NULL, &error))
    stop (error);
  devssh_client_connect_to_host_async (client, words[1], (guint16) atoi (words[2]), NULL, connected, verifier);
  g_main_loop_run (loop);
}
