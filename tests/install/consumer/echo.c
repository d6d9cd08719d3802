/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two sessions over a pair of sockets: what one says, the other says back. */
#include <libdevssh/devssh.h>
#include <sys/socket.h>

static const char said[] = "Is anybody there?";

static GMainLoop *loop;
static GString   *heard;

static GIOStream *
wrap (int descriptor)
{
  g_autoptr(GSocket) socket = g_socket_new_from_fd (descriptor, NULL);

  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

static gboolean
accept_all (DevSshSession *session, DevSshAuthentication *who, gpointer user_data)
{
  devssh_authentication_accept (who, NULL);
  return TRUE;
}

static void
echo (DevSshChannel *channel, GBytes *data, gpointer user_data)
{
  devssh_channel_send_async (channel, data, NULL, NULL, NULL);
}

static gboolean
channel_opening (DevSshSession *session, DevSshChannelOpening *opening, gpointer user_data)
{
  g_signal_connect (devssh_channel_opening_get_channel (opening), "data", G_CALLBACK (echo), NULL);
  devssh_channel_opening_accept (opening);
  return TRUE;
}

static void
hear (DevSshChannel *channel, GBytes *data, gpointer user_data)
{
  g_string_append_len (heard, g_bytes_get_data (data, NULL), (gssize) g_bytes_get_size (data));
  if (heard->len >= strlen (said))
    g_main_loop_quit (loop);
}

static void
opened (GObject *session, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) data = g_bytes_new_static (said, strlen (said));
  DevSshChannel *channel = devssh_session_open_channel_finish (DEVSSH_SESSION (session), result, &error);

  g_assert_no_error (error);
  g_signal_connect (channel, "data", G_CALLBACK (hear), NULL);
  devssh_channel_send_async (channel, data, NULL, NULL, NULL);
}

static void
authenticated (GObject *session, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GError) error = NULL;
  gboolean success = devssh_client_session_authenticate_finish (DEVSSH_CLIENT_SESSION (session), result, &error);

  g_assert_no_error (error);
  g_assert_true (success);
  devssh_session_open_channel_async (DEVSSH_SESSION (session), NULL, NULL, opened, NULL);
}

static void
connected (GObject *session, GAsyncResult *result, gpointer user)
{
  g_autoptr(GError) error = NULL;

  devssh_session_connect_finish (DEVSSH_SESSION (session), result, &error);
  g_assert_no_error (error);
  devssh_client_session_authenticate_async (DEVSSH_CLIENT_SESSION (session), user, NULL, authenticated, NULL);
}

static void
test_echo (void)
{
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new ();
  g_autoptr(DevSshKeyPair) host_key = devssh_key_pair_generate (DEVSSH_ALGORITHM_KEY_ED25519, 0, NULL);
  g_autoptr(DevSshServerCredentials) host = devssh_server_credentials_new ();
  g_autoptr(DevSshClientCredentials) user = devssh_client_credentials_new ("alice");
  g_autoptr(GIOStream) here = NULL;
  g_autoptr(GIOStream) there = NULL;
  g_autoptr(DevSshClientSession) client = NULL;
  g_autoptr(DevSshServerSession) server = NULL;
  g_autoptr(GError) error = NULL;
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, ends), ==, 0);
  here = wrap (ends[0]);
  there = wrap (ends[1]);
  devssh_server_credentials_add_key (host, host_key);
  devssh_client_credentials_set_password (user, "wonderland");
  server = devssh_server_session_new (there, config, host, &error);
  g_assert_no_error (error);
  client = devssh_client_session_new (here, config, &error);
  g_assert_no_error (error);
  g_signal_connect (server, "authenticating", G_CALLBACK (accept_all), NULL);
  g_signal_connect (server, "channel-opening", G_CALLBACK (channel_opening), NULL);
  g_signal_connect (client, "authenticating", G_CALLBACK (accept_all), NULL);
  devssh_session_connect_async (DEVSSH_SESSION (server), NULL, NULL, NULL);
  devssh_session_connect_async (DEVSSH_SESSION (client), NULL, connected, user);

  heard = g_string_new (NULL);
  loop = g_main_loop_new (NULL, FALSE);
  g_main_loop_run (loop);
  g_assert_cmpstr (heard->str, ==, said);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/consumer/echo", test_echo);
  return g_test_run ();
}
