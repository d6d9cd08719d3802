/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plugin in a session, from both ends: two sessions in one process, over a pair of sockets.
 *
 *   test-echo DIRECTORY        where the plugin is; prints TAP
 */
#include <libdevssh/devssh.h>

#include <string.h>
#include <sys/socket.h>

static const char *directory;

typedef struct
{
  DevSshSession *client;
  DevSshSession *server;
  gboolean       upper_case;
  gboolean       refuse;
} Fixture;

static void
keep (GObject      *source,
      GAsyncResult *result,
      gpointer      user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static void
wait_for (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
}

static GIOStream *
stream_for (int fd)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GSocket) socket = g_socket_new_from_fd (fd, &error);

  g_assert_no_error (error);
  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

/* Here the application is asked, before the peer has its channel. */
static gboolean
opening (DevSshSession        *session,
         DevSshChannelOpening *question,
         Fixture              *self)
{
  if (self->refuse)
    return FALSE;
  devssh_channel_opening_accept (question);
  return TRUE;
}

/* Here it is told of a service that came to life, and can set it up. */
static void
activated (DevSshSession *session,
           DevSshService *service,
           Fixture       *self)
{
  g_object_set (service, "upper-case", self->upper_case, NULL);
}

static void
set_up (Fixture       *self,
        gconstpointer  data)
{
  const char *allowed[] = { "example-echo", NULL };
  g_autoptr(DevSshSessionConfig) client_config = devssh_session_config_new_no_security ();
  g_autoptr(DevSshSessionConfig) server_config = devssh_session_config_new_no_security ();
  g_autoptr(GAsyncResult) client_result = NULL;
  g_autoptr(GAsyncResult) server_result = NULL;
  g_autoptr(GIOStream) client_stream = NULL;
  g_autoptr(GIOStream) server_stream = NULL;
  g_autoptr(GError) error = NULL;
  int fds[2];

  /* No plugin is used unless it is allowed. */
  devssh_session_config_allow_plugins (server_config, allowed);
  devssh_session_config_add_plugin_directory (server_config, directory, &error);
  g_assert_no_error (error);

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  client_stream = stream_for (fds[0]);
  server_stream = stream_for (fds[1]);
  self->client = DEVSSH_SESSION (devssh_client_session_new (client_stream, client_config, &error));
  g_assert_no_error (error);
  self->server = DEVSSH_SESSION (devssh_server_session_new (server_stream, server_config, NULL, &error));
  g_assert_no_error (error);
  g_signal_connect (self->server, "channel-opening", G_CALLBACK (opening), self);
  g_signal_connect (self->server, "service-activated", G_CALLBACK (activated), self);

  devssh_session_connect_async (self->client, NULL, keep, &client_result);
  devssh_session_connect_async (self->server, NULL, keep, &server_result);
  wait_for (&client_result);
  wait_for (&server_result);
  devssh_session_connect_finish (self->client, client_result, &error);
  g_assert_no_error (error);
  devssh_session_connect_finish (self->server, server_result, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture       *self,
           gconstpointer  data)
{
  devssh_session_close (self->client, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "done");
  while (!devssh_session_get_is_closed (self->server))
    g_main_context_iteration (NULL, TRUE);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_object_unref (self->client);
  g_object_unref (self->server);
}

static DevSshChannel *
open_echo (Fixture  *self,
           GError  **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  devssh_session_open_channel_async (self->client, "echo@example.org", NULL, keep, &result);
  wait_for (&result);
  return devssh_session_open_channel_finish (self->client, result, error);
}

static void
heard (DevSshChannel *channel,
       GBytes        *bytes,
       GByteArray    *all)
{
  g_byte_array_append (all, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

/* More than any window, so that credit has to come back. */
#define LENGTH (5 * 1024 * 1024)

static void
test_echo (Fixture       *self,
           gconstpointer  data)
{
  g_autoptr(GByteArray) all = g_byte_array_new ();
  g_autoptr(DevSshChannel) channel = NULL;
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(GError) error = NULL;
  char *text = g_malloc (LENGTH);

  memset (text, 'a', LENGTH);
  bytes = g_bytes_new_take (text, LENGTH);
  self->upper_case = data != NULL;
  g_assert_null (devssh_session_get_service (self->server, "example-echo"));

  channel = open_echo (self, &error);
  g_assert_no_error (error);
  g_assert_nonnull (devssh_session_get_service (self->server, "example-echo"));
  g_signal_connect (channel, "data", G_CALLBACK (heard), all);
  devssh_channel_send_async (channel, bytes, NULL, NULL, NULL);
  devssh_channel_send_eof (channel, &error);
  g_assert_no_error (error);
  while (!devssh_channel_get_is_closed (channel))
    g_main_context_iteration (NULL, TRUE);

  g_assert_cmpuint (all->len, ==, LENGTH);
  for (guint i = 0; i < all->len; i++)
    g_assert_cmpint (all->data[i], ==, self->upper_case ? 'A' : 'a');
}

static void
test_refused (Fixture       *self,
              gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  self->refuse = TRUE;
  g_assert_null (open_echo (self, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
}

static void
test_request (Fixture       *self,
              gconstpointer  data)
{
  g_autoptr(GBytes) payload = g_bytes_new_static ("hello", 5);
  g_autoptr(GBytes) reply = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  devssh_session_request_async (self->client, "echo@example.org", TRUE, payload, NULL, keep, &result);
  wait_for (&result);
  g_assert_true (devssh_session_request_finish (self->client, result, &reply, &error));
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (reply, payload));
}

/* A list of plugins shows it, and opens nothing for that. */
static void
test_listed (void)
{
  const char *directories[] = { directory, NULL };
  g_autoptr(DevSshPluginRegistry) registry = devssh_plugin_registry_new (directories);
  gboolean found = FALSE;

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (registry)); i++)
    {
      g_autoptr(DevSshPluginInfo) info = g_list_model_get_item (G_LIST_MODEL (registry), i);

      if (strcmp (devssh_plugin_info_get_name (info), "example-echo") == 0)
        {
          g_assert_no_error (devssh_plugin_info_get_error (info));
          g_assert_cmpuint (g_list_model_get_n_items (devssh_plugin_info_get_services (info)), ==, 1);
          found = TRUE;
        }
    }
  g_assert_true (found);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  directory = argc > 1 ? argv[1] : ".";

  g_test_add_func ("/echo/listed", test_listed);
  g_test_add ("/echo/channel", Fixture, NULL, set_up, test_echo, tear_down);
  g_test_add ("/echo/channel/upper-case", Fixture, "upper", set_up, test_echo, tear_down);
  g_test_add ("/echo/channel/refused", Fixture, NULL, set_up, test_refused, tear_down);
  g_test_add ("/echo/request", Fixture, NULL, set_up, test_request, tear_down);

  return g_test_run ();
}
