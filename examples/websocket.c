/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An encrypted and authenticated stream through a WebSocket, whoever runs the web server and whatever stands between.
 *
 *   websocket PORT PUBLIC-KEY-FILE                        a server: lets in who has the key, and says everything back
 *   websocket URL USER KEY-FILE HOST-FINGERPRINT TEXT     a client: says TEXT, and prints what comes back
 *   websocket ws://localhost:8022/ alice ~/.ssh/id_ed25519 SHA256:... hello
 */
#include <libdevssh/devssh.h>

#include "websocket-stream.h"

static GMainLoop     *loop;
static DevSshKeyPair *key;          /* the user's: here the public half, there both */
static char         **words;
static int            status;
static char           answer[256];

static void
give_up (GError *error)
{
  g_printerr ("websocket: %s\n", error->message);
  g_error_free (error);
  status = 1;
  g_main_loop_quit (loop);
}

/* ---- the server ---- */

static gboolean
is_it_the_user (DevSshSecureStream *stream, DevSshAuthentication *who, gpointer user_data)
{
  DevSshKeyPair *shown = devssh_authentication_get_public_key (who);

  if (shown != NULL && devssh_key_pair_equal (shown, key))
    devssh_authentication_accept (who, NULL);
  return TRUE;
}

static void
said_back (GObject *output, GAsyncResult *result, gpointer stream)
{
  g_output_stream_splice_finish (G_OUTPUT_STREAM (output), result, NULL);
  g_io_stream_close_async (stream, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
  g_object_unref (stream);
}

static void
served (GObject *stream, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GError) error = NULL;

  if (devssh_secure_stream_connect_finish (DEVSSH_SECURE_STREAM (stream), result, &error))
    g_output_stream_splice_async (g_io_stream_get_output_stream (G_IO_STREAM (stream)),
                                  g_io_stream_get_input_stream (G_IO_STREAM (stream)),
                                  G_OUTPUT_STREAM_SPLICE_NONE, G_PRIORITY_DEFAULT, NULL, said_back, g_object_ref (stream));
  else
    g_printerr ("somebody was not let in: %s\n", error->message);
}

static void
incoming (SoupServer *server, SoupServerMessage *message, const char *path, SoupWebsocketConnection *connection, gpointer host)
{
  g_autoptr(GIOStream) socket = websocket_stream_new (connection);
  g_autoptr(DevSshSecureStream) stream = devssh_secure_stream_new_server (socket, host, NULL);

  g_signal_connect (stream, "authenticating", G_CALLBACK (is_it_the_user), NULL);
  devssh_secure_stream_connect_async (stream, NULL, served, NULL);
}

static SoupServer *
serve (guint port, GError **error)
{
  g_autoptr(SoupServer) server = soup_server_new (NULL, NULL);
  g_autoptr(DevSshServerCredentials) host = devssh_server_credentials_new ();
  g_autoptr(DevSshKeyPair) host_key = devssh_key_pair_generate (DEVSSH_ALGORITHM_KEY_ECDSA_NISTP384, 0, NULL);
  g_autofree char *fingerprint = devssh_key_pair_dup_fingerprint (host_key);
  g_autofree char *url = NULL;
  GSList *urls;

  devssh_server_credentials_add_key (host, host_key);
  soup_server_add_websocket_handler (server, NULL, NULL, NULL, incoming, g_steal_pointer (&host), g_object_unref);
  if (!soup_server_listen_local (server, port, SOUP_SERVER_LISTEN_IPV4_ONLY, error))
    return NULL;
  urls = soup_server_get_uris (server);
  url = g_uri_to_string (urls->data);
  g_slist_free_full (urls, (GDestroyNotify) g_uri_unref);
  g_print ("listening on ws%s, host key %s\n", url + strlen ("http"), fingerprint);
  return g_steal_pointer (&server);
}

/* ---- the client ---- */

static gboolean
is_it_the_host (DevSshSecureStream *stream, DevSshAuthentication *host, gpointer user_data)
{
  g_autofree char *fingerprint = devssh_key_pair_dup_fingerprint (devssh_authentication_get_public_key (host));

  if (g_str_equal (fingerprint, words[4]))
    devssh_authentication_accept (host, NULL);
  return TRUE;
}

static void
closed (GObject *stream, GAsyncResult *result, gpointer user_data)
{
  g_io_stream_close_finish (G_IO_STREAM (stream), result, NULL);
  g_object_unref (stream);
  g_main_loop_quit (loop);
}

static void
heard (GObject *input, GAsyncResult *result, gpointer stream)
{
  GError *error = NULL;

  if (!g_input_stream_read_all_finish (G_INPUT_STREAM (input), result, NULL, &error))
    give_up (error);
  else
    g_print ("%s\n", answer);
  g_io_stream_close_async (stream, G_PRIORITY_DEFAULT, NULL, closed, NULL);
}

static void
secured (GObject *stream, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  gsize length = MIN (strlen (words[5]), sizeof answer - 1);

  if (!devssh_secure_stream_connect_finish (DEVSSH_SECURE_STREAM (stream), result, &error))
    {
      give_up (error);
      return;
    }
  g_output_stream_write_all_async (g_io_stream_get_output_stream (G_IO_STREAM (stream)), words[5], length, G_PRIORITY_DEFAULT, NULL,
                                   NULL, NULL);
  g_input_stream_read_all_async (g_io_stream_get_input_stream (G_IO_STREAM (stream)), answer, length, G_PRIORITY_DEFAULT, NULL,
                                 heard, stream);
}

static void
connected (GObject *web, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  g_autoptr(SoupWebsocketConnection) connection = soup_session_websocket_connect_finish (SOUP_SESSION (web), result, &error);
  g_autoptr(DevSshClientCredentials) user = devssh_client_credentials_new (words[2]);
  g_autoptr(GIOStream) socket = NULL;
  DevSshSecureStream *stream;

  if (connection == NULL)
    {
      give_up (error);
      return;
    }
  devssh_client_credentials_add_key (user, key);
  socket = websocket_stream_new (connection);
  stream = devssh_secure_stream_new_client (socket, user, FALSE);
  g_signal_connect (stream, "authenticating", G_CALLBACK (is_it_the_host), NULL);
  devssh_secure_stream_connect_async (stream, NULL, secured, NULL);
}

int
main (int argc, char *argv[])
{
  g_autoptr(GFile) file = NULL;
  g_autoptr(SoupServer) server = NULL;
  g_autoptr(SoupSession) web = NULL;
  GError *error = NULL;

  if (argc != 3 && argc != 6)
    {
      g_printerr ("usage: websocket PORT PUBLIC-KEY-FILE\n"
                  "       websocket URL USER KEY-FILE HOST-FINGERPRINT TEXT\n");
      return 2;
    }
  words = argv;
  loop = g_main_loop_new (NULL, FALSE);
  file = g_file_new_for_path (argv[argc == 3 ? 2 : 3]);
  key = devssh_key_pair_import_file (file, DEVSSH_KEY_FORMAT_DEFAULT, NULL, NULL, &error);
  if (key != NULL && argc == 3)
    server = serve ((guint) g_ascii_strtoull (argv[1], NULL, 10), &error);
  if (error != NULL)
    {
      give_up (error);
      return status;
    }
  if (argc == 6)
    {
      g_autoptr(SoupMessage) message = soup_message_new ("GET", argv[1]);

      if (message == NULL)
        {
          g_printerr ("websocket: not a URL: %s\n", argv[1]);
          return 2;
        }
      web = soup_session_new ();
      soup_session_websocket_connect_async (web, message, NULL, NULL, G_PRIORITY_DEFAULT, NULL, connected, NULL);
    }
  g_main_loop_run (loop);
  return status;
}
