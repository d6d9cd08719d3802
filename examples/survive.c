/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Forwards a port in a session that survives: when its connection is cut, it gets another one, and who uses the port waits.
 *
 *   survive HOST PORT USER KEY-FILE HOST-FINGERPRINT LISTEN-PORT TARGET-HOST TARGET-PORT
 *
 * It takes a server with the same extension: examples/server, or one of the Dev Tunnels SSH libraries. LISTEN-PORT 0: any.
 */
#include <libdevssh/devssh.h>
#include <stdlib.h>

static char         **words;
static DevSshClient  *client;

static guint16
number (int index)
{
  return (guint16) g_ascii_strtoull (words[index], NULL, 10);
}

static void
stop (GError *error)
{
  g_printerr ("survive: %s\n", error != NULL ? error->message : "refused");
  exit (1);
}

static void reconnected (GObject *object, GAsyncResult *result, gpointer session);

static gboolean
reconnect (gpointer session)
{
  devssh_client_reconnect_async (client, session, NULL, reconnected, session);
  return G_SOURCE_REMOVE;
}

static void
reconnected (GObject *object, GAsyncResult *result, gpointer session)
{
  g_autoptr(GError) error = NULL;

  if (devssh_client_reconnect_finish (client, result, &error))
    g_print ("connected again\n");
  else
    g_timeout_add_seconds (1, reconnect, session);   /* the network is not back yet */
}

/* Not the end: channels, forwarded ports and what was sent are kept, here and at the server. */
static void
disconnected (DevSshSession *session, GError *error, gpointer user_data)
{
  g_print ("%s\n", error->message);
  reconnect (session);
}

/* The end: one of the two has closed the session, or the server has waited for us for too long. */
static void
closed (DevSshSession *session, DevSshDisconnectReason reason, const char *text, GError *error, gpointer user_data)
{
  stop (error);
}

static void
forwarded (GObject *session, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  g_autoptr(DevSshForwardedPort) port = devssh_session_forward_to_remote_port_finish (DEVSSH_SESSION (session), result, &error);

  if (port == NULL)
    stop (error);
  g_print ("forwarding port %u\n", devssh_forwarded_port_get_local_port (port));
}

static void
authenticated (GObject *session, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;

  if (!devssh_client_session_authenticate_finish (DEVSSH_CLIENT_SESSION (session), result, &error))
    stop (error);
  devssh_session_forward_to_remote_port_async (DEVSSH_SESSION (session), "127.0.0.1", number (6), words[7], number (8),
                                               NULL, forwarded, NULL);
}

/* Is it the host we wanted? Asked once: when the session is connected again, the host has to have the same key. */
static gboolean
authenticating (DevSshSession *session, DevSshAuthentication *host, gpointer user_data)
{
  g_autofree char *fingerprint = devssh_key_pair_dup_fingerprint (devssh_authentication_get_public_key (host));

  if (g_str_equal (fingerprint, words[5]))
    devssh_authentication_accept (host, NULL);
  return TRUE;
}

static void
connected (GObject *object, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  g_autoptr(GFile) file = g_file_new_for_path (words[4]);
  g_autoptr(DevSshKeyPair) key = devssh_key_pair_import_file (file, DEVSSH_KEY_FORMAT_DEFAULT, NULL, NULL, &error);
  g_autoptr(DevSshClientCredentials) user = devssh_client_credentials_new (words[3]);
  DevSshClientSession *session = NULL;

  if (key != NULL)
    session = devssh_client_connect_to_host_finish (client, result, &error);
  if (session == NULL)
    stop (error);
  devssh_client_credentials_add_key (user, key);
  g_signal_connect (session, "authenticating", G_CALLBACK (authenticating), NULL);
  g_signal_connect (session, "disconnected", G_CALLBACK (disconnected), NULL);
  g_signal_connect (session, "closed", G_CALLBACK (closed), NULL);
  devssh_client_session_authenticate_async (session, user, NULL, authenticated, NULL);
}

int
main (int argc, char *argv[])
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new_with_reconnect ();

  words = argv;
  if (argc != 9)
    {
      g_printerr ("usage: survive HOST PORT USER KEY-FILE HOST-FINGERPRINT LISTEN-PORT TARGET-HOST TARGET-PORT\n");
      return 2;
    }
  devssh_session_config_allow_plugins (config, (const char *[]) { DEVSSH_SERVICE_NAME_PORT_FORWARDING, NULL });
  client = devssh_client_new (config);
  devssh_client_connect_to_host_async (client, argv[1], number (2), NULL, connected, NULL);
  g_main_loop_run (loop);
  return 0;
}
