/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Forwards a port through a host whose key is known, until it is interrupted.
 *
 *   forward HOST PORT USER KEY-FILE KNOWN-HOSTS local|remote LISTEN-PORT TARGET-HOST TARGET-PORT
 *
 * local: listens here, the server connects to the target; remote: the other way round. LISTEN-PORT 0: any.
 */
#include <libdevssh/devssh.h>
#include <stdlib.h>

static char    **words;
static gboolean  is_local;

static guint16
number (int index)
{
  return (guint16) atoi (words[index]);
}

static void
stop (const GError *error)
{
  g_printerr ("forward: %s\n", error != NULL ? error->message : "refused");
  exit (1);
}

static void
closed (DevSshSession *session, DevSshDisconnectReason reason, const char *text, const GError *error, gpointer user_data)
{
  g_printerr ("forward: %s\n", error != NULL ? error->message : "the session is over");
  exit (1);
}

static void
forwarded (GObject *session, GAsyncResult *result, gpointer user_data)
{
  DevSshSession *self = DEVSSH_SESSION (session);
  GError *error = NULL;
  g_autoptr(DevSshForwardedPort) port = NULL;

  port = is_local ? devssh_session_forward_to_remote_port_finish (self, result, &error)
                  : devssh_session_forward_from_remote_port_finish (self, result, &error);
  if (port == NULL)
    stop (error);
  g_print ("forwarding port %u\n", is_local ? devssh_forwarded_port_get_local_port (port)
                                            : devssh_forwarded_port_get_remote_port (port));
}

/* The plugin asks before it lets anything in: connections to the port that we asked for are wanted. */
static gboolean
channel_opening (DevSshSession *session, DevSshChannelOpening *opening, gpointer user_data)
{
  devssh_channel_opening_accept (opening);
  return TRUE;
}

static void
authenticated (GObject *session, GAsyncResult *result, gpointer user_data)
{
  DevSshSession *self = DEVSSH_SESSION (session);
  GError *error = NULL;

  if (!devssh_client_session_authenticate_finish (DEVSSH_CLIENT_SESSION (session), result, &error))
    stop (error);
  if (is_local)
    devssh_session_forward_to_remote_port_async (self, "127.0.0.1", number (7), words[8], number (9), NULL, forwarded, NULL);
  else
    devssh_session_forward_from_remote_port_async (self, "127.0.0.1", number (7), words[8], number (9), NULL, forwarded, NULL);
}

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
  devssh_host_key_verifier_attach (verifier, session, words[1], number (2));
  g_signal_connect (session, "channel-opening", G_CALLBACK (channel_opening), NULL);
  g_signal_connect (session, "closed", G_CALLBACK (closed), NULL);
  devssh_client_session_authenticate_async (session, user, NULL, authenticated, NULL);
}

int
main (int argc, char *argv[])
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new ();
  g_autoptr(DevSshKnownHosts) known_hosts = devssh_known_hosts_new ();
  g_autoptr(DevSshHostKeyVerifier) verifier = devssh_host_key_verifier_new (known_hosts, DEVSSH_HOST_KEY_POLICY_STRICT);
  g_autoptr(DevSshClient) client = NULL;
  g_autoptr(GFile) file = NULL;
  g_autoptr(GError) error = NULL;

  words = argv;
  if (argc != 10)
    {
      g_printerr ("usage: forward HOST PORT USER KEY-FILE KNOWN-HOSTS local|remote LISTEN-PORT TARGET-HOST TARGET-PORT\n");
      return 2;
    }
  is_local = g_str_equal (words[6], "local");
  file = g_file_new_for_path (words[5]);
  if (!devssh_known_hosts_load_file (known_hosts, file, NULL, &error))
    stop (error);
  devssh_session_config_allow_plugins (config, (const char *[]) { DEVSSH_SERVICE_NAME_PORT_FORWARDING, NULL });
  client = devssh_client_new (config);
  devssh_client_connect_to_host_async (client, words[1], number (2), NULL, connected, verifier);
  g_main_loop_run (loop);
}
