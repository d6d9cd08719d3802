/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A server that lets "alice" in with the password "wonderland" or with her key, forwards ports, and answers "echo TEXT".
 * Her session waits for her when its connection is cut.
 *
 *   server [PORT [PUBLIC-KEY-FILE]]        then, in another terminal:
 *   ssh -p PORT alice@localhost echo hello
 *   ssh -p PORT -N -L 8080:localhost:80 alice@localhost
 */
#include <libdevssh/devssh.h>

static DevSshKeyPair *key_of_alice;

static gboolean
is_right (DevSshAuthentication *who)
{
  switch (devssh_authentication_get_authentication_type (who))
    {
    case DEVSSH_AUTHENTICATION_TYPE_CLIENT_PASSWORD:
      return g_strcmp0 (devssh_authentication_get_password (who), "wonderland") == 0;

    /* First she asks whether the key would do; then she proves that it is hers, which the library has checked. */
    case DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY_QUERY:
    case DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY:
      return key_of_alice != NULL && devssh_key_pair_equal (devssh_authentication_get_public_key (who), key_of_alice);

    default:
      return FALSE;
    }
}

static gboolean
authenticating (DevSshServer *server, DevSshSession *session, DevSshAuthentication *who, gpointer user_data)
{
  if (g_strcmp0 (devssh_authentication_get_user_name (who), "alice") == 0 && is_right (who))
    devssh_authentication_accept (who, NULL);
  else
    devssh_authentication_reject (who);
  return TRUE;
}

/* Port forwarding is a plugin: it is opened when the first request comes, and asks here. */
static gboolean
requested (DevSshServer *server, DevSshSession *session, DevSshSessionRequest *request, gpointer user_data)
{
  devssh_session_request_complete (request, TRUE);
  return TRUE;
}

static void
said (GObject *channel, GAsyncResult *result, gpointer user_data)
{
  devssh_channel_send_finish (DEVSSH_CHANNEL (channel), result, NULL);
  devssh_channel_close_with_status (DEVSSH_CHANNEL (channel), 0);
}

static gboolean
channel_requested (DevSshChannel *channel, DevSshChannelRequest *request, gpointer user_data)
{
  g_autofree char *command = devssh_channel_request_dup_command (request);
  gboolean is_echo = command != NULL && g_str_has_prefix (command, "echo ");

  devssh_channel_request_complete (request, is_echo);
  if (is_echo)
    {
      g_autofree char *text = g_strconcat (command + strlen ("echo "), "\n", NULL);
      g_autoptr(GBytes) answer = g_bytes_new (text, strlen (text));

      devssh_channel_send_async (channel, answer, NULL, said, NULL);
    }
  return TRUE;
}

static gboolean
channel_opening (DevSshServer *server, DevSshSession *session, DevSshChannelOpening *opening, gpointer user_data)
{
  g_signal_connect (devssh_channel_opening_get_channel (opening), "request", G_CALLBACK (channel_requested), NULL);
  devssh_channel_opening_accept (opening);
  return TRUE;
}

int
main (int argc, char *argv[])
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new_with_reconnect ();
  g_autoptr(DevSshServerCredentials) credentials = devssh_server_credentials_new ();
  g_autoptr(DevSshKeyPair) host_key = devssh_key_pair_generate (DEVSSH_ALGORITHM_KEY_ED25519, 0, NULL);
  g_autoptr(DevSshServer) server = NULL;
  g_autofree char *fingerprint = devssh_key_pair_dup_fingerprint (host_key);
  g_autoptr(GError) error = NULL;
  guint16 port = argc > 1 ? (guint16) g_ascii_strtoull (argv[1], NULL, 10) : 0;

  if (argc > 2)
    {
      g_autoptr(GFile) file = g_file_new_for_path (argv[2]);

      key_of_alice = devssh_key_pair_import_file (file, DEVSSH_KEY_FORMAT_DEFAULT, NULL, NULL, &error);
      if (key_of_alice == NULL)
        g_error ("%s", error->message);
    }
  devssh_session_config_allow_plugins (config, (const char *[]) { "port-forwarding", NULL });
  devssh_server_credentials_add_key (credentials, host_key);
  server = devssh_server_new (config, credentials);
  g_signal_connect (server, "session-authenticating", G_CALLBACK (authenticating), NULL);
  g_signal_connect (server, "session-request", G_CALLBACK (requested), NULL);
  g_signal_connect (server, "session-channel-opening", G_CALLBACK (channel_opening), NULL);

  port = devssh_server_listen (server, NULL, port, &error);
  if (port == 0)
    g_error ("%s", error->message);
  g_print ("listening on port %u, host key %s\n", port, fingerprint);
  g_main_loop_run (loop);
  return 0;
}
