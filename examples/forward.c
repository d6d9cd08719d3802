/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Forwards a port through a server, until it is interrupted.
 *
 *   forward HOST PORT USER KEY-FILE HOST-FINGERPRINT local|remote LISTEN-PORT TARGET-HOST TARGET-PORT
 *
 * local: listens here, the server connects to the target; remote: the other way round. LISTEN-PORT 0: any.
 */
#include <libdevssh/devssh.h>
#include <stdlib.h>

static char    **words;
static gboolean  is_local;

static guint
number (int index)
{
  return (guint) g_ascii_strtoull (words[index], NULL, 10);
}

static void
stop (GError *error)
{
  g_printerr ("forward: %s\n", error != NULL ? error->message : "refused");
  exit (1);
}

static void
forwarded (GObject *forwarder, GAsyncResult *result, gpointer user_data)
{
  DevSshPortForwarder *self = DEVSSH_PORT_FORWARDER (forwarder);
  GError *error = NULL;
  DevSshForwardedPort *port;

  port = is_local ? devssh_port_forwarder_forward_to_remote_port_finish (self, result, &error)
                  : devssh_port_forwarder_forward_from_remote_port_finish (self, result, &error);
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
  GError *error = NULL;
  DevSshService *service = NULL;

  if (devssh_client_session_authenticate_finish (DEVSSH_CLIENT_SESSION (session), result, &error))
    service = devssh_session_activate_service (DEVSSH_SESSION (session), DEVSSH_SERVICE_NAME_PORT_FORWARDING, &error);
  if (service == NULL)
    stop (error);

  if (is_local)
    devssh_port_forwarder_forward_to_remote_port_async (DEVSSH_PORT_FORWARDER (service), "127.0.0.1", number (7), words[8],
                                                        number (9), NULL, forwarded, NULL);
  else
    devssh_port_forwarder_forward_from_remote_port_async (DEVSSH_PORT_FORWARDER (service), "127.0.0.1", number (7), words[8],
                                                          number (9), NULL, forwarded, NULL);
}

/* Is it the host we wanted? */
static gboolean
authenticating (DevSshSession *session, DevSshAuthentication *host, gpointer user_data)
{
  g_autofree char *fingerprint = devssh_key_pair_dup_fingerprint (devssh_authentication_get_public_key (host));

  if (g_str_equal (fingerprint, words[5]))
    devssh_authentication_accept (host, NULL);
  return TRUE;
}

static void
connected (GObject *client, GAsyncResult *result, gpointer user_data)
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
  g_signal_connect (session, "authenticating", G_CALLBACK (authenticating), NULL);
  g_signal_connect (session, "channel-opening", G_CALLBACK (channel_opening), NULL);
  devssh_client_session_authenticate_async (session, user, NULL, authenticated, NULL);
}

int
main (int argc, char *argv[])
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new ();
  g_autoptr(DevSshClient) client = NULL;

  words = argv;
  if (argc != 10)
    {
      g_printerr ("usage: forward HOST PORT USER KEY-FILE HOST-FINGERPRINT local|remote LISTEN-PORT TARGET-HOST TARGET-PORT\n");
      return 2;
    }
  is_local = g_str_equal (argv[6], "local");
  devssh_session_config_allow_plugins (config, (const char *[]) { DEVSSH_SERVICE_NAME_PORT_FORWARDING, NULL });
  client = devssh_client_new (config);
  devssh_client_connect_to_host_async (client, argv[1], (guint16) number (2), NULL, connected, NULL);
  g_main_loop_run (loop);
  return 0;
}
