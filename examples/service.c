/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A service of a program's own: the subsystem "shout", which says in capitals what it hears. Around it a server for alice, whose
 * password is wonderland.
 *
 *   service [PORT]        then, in another terminal:
 *   ssh -p PORT -s alice@localhost shout
 */
#include <libdevssh/devssh.h>
#include <stdlib.h>

/* One instance for each session, made when its rule first matches. */
typedef struct { DevSshService parent; } Shout;
typedef struct { DevSshServiceClass parent; } ShoutClass;

GType shout_get_type (void);
G_DEFINE_TYPE (Shout, shout, DEVSSH_TYPE_SERVICE)

static void
data (DevSshChannel *channel, GBytes *bytes, gpointer user_data)
{
  gsize size = g_bytes_get_size (bytes);
  char *text = g_memdup2 (g_bytes_get_data (bytes, NULL), size);
  g_autoptr(GBytes) capitals = g_bytes_new_take (text, size);

  for (gsize i = 0; i < size; i++)
    text[i] = g_ascii_toupper (text[i]);
  devssh_channel_send_async (channel, capitals, NULL, NULL, NULL);
}

static void
eof (DevSshChannel *channel, gpointer user_data)
{
  devssh_channel_close_with_status (channel, 0);
}

static gboolean
shout_channel_request (DevSshService *self, DevSshChannelRequest *request)
{
  DevSshChannel *channel = devssh_channel_request_get_channel (request);
  g_autofree char *subsystem = devssh_channel_request_dup_command (request);

  if (g_strcmp0 (subsystem, "shout") != 0)
    return FALSE;
  devssh_channel_request_complete (request, TRUE);
  g_signal_connect (channel, "data", G_CALLBACK (data), NULL);
  g_signal_connect (channel, "eof", G_CALLBACK (eof), NULL);
  return TRUE;
}

static void
shout_class_init (ShoutClass *klass)
{
  DEVSSH_SERVICE_CLASS (klass)->channel_request = shout_channel_request;
}

static void
shout_init (Shout *self)
{
}

static gboolean
authenticating (DevSshServer *server, DevSshSession *session, DevSshAuthentication *who, gpointer user_data)
{
  if (g_strcmp0 (devssh_authentication_get_user_name (who), "alice") == 0
      && g_strcmp0 (devssh_authentication_get_password (who), "wonderland") == 0)
    devssh_authentication_accept (who, NULL);
  return TRUE;
}

static gboolean
channel_opening (DevSshServer *server, DevSshSession *session, DevSshChannelOpening *opening, gpointer user_data)
{
  devssh_channel_opening_accept (opening);
  return TRUE;
}

int
main (int argc, char *argv[])
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new ();
  g_autoptr(DevSshServerCredentials) credentials = devssh_server_credentials_new ();
  g_autoptr(DevSshKeyPair) host_key = devssh_key_pair_generate (DEVSSH_ALGORITHM_KEY_ED25519, 0, NULL);
  g_autoptr(DevSshServer) server = NULL;
  g_autoptr(GError) error = NULL;
  const char *rules[] = { "channel-request:subsystem channel-type:session", NULL };
  guint16 port = 0;

  devssh_server_credentials_add_key (credentials, host_key);
  if (devssh_session_config_add_service (config, shout_get_type (), "shout", rules, NULL, &error))
    {
      server = devssh_server_new (config, credentials);
      g_signal_connect (server, "session-authenticating", G_CALLBACK (authenticating), NULL);
      g_signal_connect (server, "session-channel-opening", G_CALLBACK (channel_opening), NULL);
      port = devssh_server_listen (server, NULL, argc > 1 ? (guint16) atoi (argv[1]) : 0, &error);
    }
  if (port == 0)
    {
      g_printerr ("service: %s\n", error->message);
      return 1;
    }
  g_print ("listening on port %u\n", port);
  g_main_loop_run (loop);
}
