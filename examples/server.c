/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A server that lets alice in with any key of a file, forwards ports, and answers "echo TEXT". Her session waits for her when its
 * connection is cut.
 *
 *   server PORT HOST-KEY AUTHORIZED-KEYS        then, in another terminal:
 *   ssh -p PORT alice@localhost echo hello
 *   ssh -p PORT -N -L 8080:localhost:80 alice@localhost
 */
#include <libdevssh/devssh.h>
#include <stdlib.h>

static GFile *authorized_keys;

static void
stop (const GError *error)
{
  g_printerr ("server: %s\n", error->message);
  exit (1);
}

static gboolean
is_authorized (DevSshKeyPair *key, const char *text)
{
  g_auto(GStrv) lines = g_strsplit (text, "\n", -1);

  for (char **line = lines; *line != NULL; line++)
    {
      g_autoptr(GBytes) data = g_bytes_new (*line, strlen (*line));
      g_autoptr(DevSshKeyPair) authorized = devssh_key_pair_import_data (data, DEVSSH_KEY_FORMAT_SSH, NULL, NULL);

      if (authorized != NULL && devssh_key_pair_equal (authorized, key))
        return TRUE;
    }
  return FALSE;
}

/* The answer comes later; the proof itself the library has checked. */
static void
authorized_keys_read (GObject *file, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(DevSshAuthentication) who = user_data;
  g_autofree char *text = NULL;

  if (g_file_load_contents_finish (G_FILE (file), result, &text, NULL, NULL, NULL)
      && is_authorized (devssh_authentication_get_public_key (who), text))
    devssh_authentication_accept (who, NULL);
  else
    devssh_authentication_reject (who);
}

static gboolean
authenticating (DevSshServer *server, DevSshSession *session, DevSshAuthentication *who, gpointer user_data)
{
  DevSshAuthenticationType type = devssh_authentication_get_authentication_type (who);

  /* First she asks whether a key would do, then she comes with the proof that it is hers. */
  if (g_strcmp0 (devssh_authentication_get_user_name (who), "alice") != 0
      || (type != DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY_QUERY && type != DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY))
    return FALSE;
  g_file_load_contents_async (authorized_keys, NULL, authorized_keys_read, g_object_ref (who));
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
  g_autofree char *text = NULL;
  g_autoptr(GBytes) answer = NULL;

  if (g_strcmp0 (devssh_channel_request_get_request_type (request), "exec") != 0
      || command == NULL || !g_str_has_prefix (command, "echo "))
    return FALSE;
  devssh_channel_request_complete (request, TRUE);
  text = g_strconcat (command + strlen ("echo "), "\n", NULL);
  answer = g_bytes_new (text, strlen (text));
  devssh_channel_send_async (channel, answer, NULL, said, NULL);
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
  g_autoptr(DevSshKeyPair) host_key = NULL;
  g_autoptr(DevSshServer) server = NULL;
  g_autoptr(GFile) host_key_file = NULL;
  g_autofree char *fingerprint = NULL;
  GError *error = NULL;
  guint16 port;

  if (argc != 4)
    {
      g_printerr ("usage: server PORT HOST-KEY AUTHORIZED-KEYS\n");
      return 2;
    }
  host_key_file = g_file_new_for_path (argv[2]);
  authorized_keys = g_file_new_for_path (argv[3]);
  host_key = devssh_key_pair_import_file (host_key_file, DEVSSH_KEY_FORMAT_DEFAULT, NULL, NULL, &error);
  if (host_key == NULL)
    stop (error);
  fingerprint = devssh_key_pair_dup_fingerprint (host_key);
  devssh_server_credentials_add_key (credentials, host_key);
  devssh_session_config_allow_plugins (config, (const char *[]) { DEVSSH_SERVICE_NAME_PORT_FORWARDING, NULL });

  server = devssh_server_new (config, credentials);
  g_signal_connect (server, "session-authenticating", G_CALLBACK (authenticating), NULL);
  g_signal_connect (server, "session-request", G_CALLBACK (requested), NULL);
  g_signal_connect (server, "session-channel-opening", G_CALLBACK (channel_opening), NULL);
  port = devssh_server_listen (server, NULL, (guint16) atoi (argv[1]), &error);
  if (port == 0)
    stop (error);
  g_print ("listening on port %u, host key %s\n", port, fingerprint);
  g_main_loop_run (loop);
}
