/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two sessions with the plugin, and TCP around them. */
#include "forwarding-util.h"

#include "installed-plugin.h"

#include <string.h>
#include <sys/socket.h>

static gboolean
request_cb (DevSshSession        *session,
            DevSshSessionRequest *request,
            gpointer              user_data)
{
  Forwarding *self = user_data;

  self->n_requests++;
  g_set_object (&self->request, request);
  if (!self->keep_questions)
    devssh_session_request_complete (request, self->accept_requests);

  return TRUE;
}

static gboolean
opening_cb (DevSshSession        *session,
            DevSshChannelOpening *opening,
            gpointer              user_data)
{
  Forwarding *self = user_data;

  if (!devssh_channel_opening_get_is_remote (opening))
    return FALSE;

  self->n_openings++;
  g_set_object (&self->opening, opening);
  if (self->leave_openings)
    return FALSE;

  if (self->keep_questions)
    return TRUE;

  if (self->accept_openings)
    devssh_channel_opening_accept (opening);
  else
    devssh_channel_opening_reject (opening, DEVSSH_CHANNEL_OPEN_FAILURE_RESOURCE_SHORTAGE, "not today");

  return TRUE;
}

static void
allow_plugin (DevSshSessionConfig *config)
{
  const char *names[] = { "port-forwarding", NULL };
  g_autoptr(GError) error = NULL;

  devssh_session_config_allow_plugins (config, names);
  devssh_session_config_add_plugin_directory (config, test_plugin_directory (DEVSSH_SERVICE_NAME_PORT_FORWARDING), &error);
  g_assert_no_error (error);
}

static DevSshPortForwarder *
activate (DevSshSession *session)
{
  g_autoptr(GError) error = NULL;
  DevSshService *service = devssh_session_activate_service (session, DEVSSH_SERVICE_NAME_PORT_FORWARDING, &error);

  g_assert_no_error (error);
  g_assert_true (DEVSSH_IS_PORT_FORWARDER (service));

  return DEVSSH_PORT_FORWARDER (service);
}

Forwarding *
forwarding_new_full (gboolean client_has_plugin,
                     gboolean server_has_plugin)
{
  Forwarding *self = g_new0 (Forwarding, 1);

  self->accept_requests = TRUE;
  self->accept_openings = TRUE;
  self->pair = test_pair_new ();

  if (client_has_plugin)
    allow_plugin (self->pair->client_config);
  if (server_has_plugin)
    allow_plugin (self->pair->server_config);

  test_pair_authenticate (self->pair);
  self->client = DEVSSH_SESSION (self->pair->client);
  self->server = DEVSSH_SESSION (self->pair->server);
  g_signal_connect (self->server, "request", G_CALLBACK (request_cb), self);
  g_signal_connect (self->server, "channel-opening", G_CALLBACK (opening_cb), self);

  if (client_has_plugin)
    self->client_forwarder = activate (self->client);
  if (server_has_plugin)
    self->server_forwarder = activate (self->server);

  return self;
}

Forwarding *
forwarding_new (void)
{
  return forwarding_new_full (TRUE, TRUE);
}

void
forwarding_close_sessions (Forwarding *self)
{
  devssh_session_close (self->client, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "done");
  test_spin_until (devssh_session_get_is_closed (self->server));
  test_settle ();
}

void
forwarding_free (Forwarding *self)
{
  g_clear_object (&self->request);
  g_clear_object (&self->opening);
  g_signal_handlers_disconnect_by_data (self->server, self);
  test_pair_free (self->pair);
  g_free (self);
}

/* ---- calls ---- */

#define AWAIT(call, finish) \
  g_autoptr(GAsyncResult) result = NULL; \
  call; \
  test_spin_until (result != NULL); \
  return finish (forwarder, result, error)

DevSshForwardedPort *
forward_from (DevSshPortForwarder  *forwarder,
              const char           *remote_address,
              guint                 remote_port,
              const char           *local_host,
              guint                 local_port,
              GError              **error)
{
  AWAIT (devssh_port_forwarder_forward_from_remote_port_async (forwarder, remote_address, remote_port, local_host, local_port,
                                                               NULL, test_keep_result_cb, &result),
         devssh_port_forwarder_forward_from_remote_port_finish);
}

DevSshForwardedPort *
stream_from (DevSshPortForwarder  *forwarder,
             const char           *remote_address,
             guint                 remote_port,
             GError              **error)
{
  AWAIT (devssh_port_forwarder_stream_from_remote_port_async (forwarder, remote_address, remote_port,
                                                              NULL, test_keep_result_cb, &result),
         devssh_port_forwarder_stream_from_remote_port_finish);
}

DevSshForwardedPort *
forward_to (DevSshPortForwarder  *forwarder,
            const char           *local_address,
            guint                 local_port,
            const char           *remote_host,
            guint                 remote_port,
            GError              **error)
{
  AWAIT (devssh_port_forwarder_forward_to_remote_port_async (forwarder, local_address, local_port, remote_host, remote_port,
                                                             NULL, test_keep_result_cb, &result),
         devssh_port_forwarder_forward_to_remote_port_finish);
}

GIOStream *
stream_to (DevSshPortForwarder  *forwarder,
           const char           *host,
           guint                 port,
           GError              **error)
{
  AWAIT (devssh_port_forwarder_stream_to_remote_port_async (forwarder, host, port, NULL, test_keep_result_cb, &result),
         devssh_port_forwarder_stream_to_remote_port_finish);
}

GIOStream *
connect_to (DevSshPortForwarder  *forwarder,
            guint                 port,
            GError              **error)
{
  AWAIT (devssh_port_forwarder_connect_to_forwarded_port_async (forwarder, port, NULL, test_keep_result_cb, &result),
         devssh_port_forwarder_connect_to_forwarded_port_finish);
}

DevSshForwardedPort *
wait_for (DevSshPortForwarder  *forwarder,
          guint                 port,
          GError              **error)
{
  AWAIT (devssh_port_forwarder_wait_for_forwarded_port_async (forwarder, port, NULL, test_keep_result_cb, &result),
         devssh_port_forwarder_wait_for_forwarded_port_finish);
}

/* ---- by hand ---- */

GBytes *
request_payload (const char *address,
                 guint       port)
{
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();

  devssh_writer_put_utf8 (writer, address);
  devssh_writer_put_uint32 (writer, port);

  return devssh_writer_end (writer);
}

GBytes *
open_payload (const char *host,
              guint       port,
              const char *originator,
              guint       originator_port)
{
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();

  devssh_writer_put_utf8 (writer, host);
  devssh_writer_put_uint32 (writer, port);
  devssh_writer_put_utf8 (writer, originator);
  devssh_writer_put_uint32 (writer, originator_port);

  return devssh_writer_end (writer);
}

gboolean
raw_request (DevSshSession  *session,
             const char     *type,
             GBytes         *payload,
             GBytes        **reply)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  gboolean success;

  devssh_session_request_async (session, type, TRUE, payload, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  success = devssh_session_request_finish (session, result, reply, &error);
  g_assert_no_error (error);

  return success;
}

DevSshChannel *
raw_open (DevSshSession  *session,
          const char     *type,
          GBytes         *payload,
          GError        **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  devssh_session_open_channel_full_async (session, type, payload, 0, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);

  return devssh_session_open_channel_finish (session, result, error);
}

/* ---- TCP ---- */

static void
target_accepted_cb (GObject      *source,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  Target *self = user_data;
  g_autoptr(GError) error = NULL;
  GSocketConnection *connection = g_socket_listener_accept_finish (G_SOCKET_LISTENER (source), result, NULL, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_object_unref (self->cancellable);
      g_free (self);
      return;
    }

  g_assert_no_error (error);
  self->n_connections++;
  g_clear_object (&self->connection);
  self->connection = connection;
  g_socket_listener_accept_async (self->listener, self->cancellable, target_accepted_cb, self);
}

Target *
target_new (const char *address)
{
  Target *self = g_new0 (Target, 1);
  g_autoptr(GInetAddress) inet = g_inet_address_new_from_string (address);
  g_autoptr(GSocketAddress) where = g_inet_socket_address_new (inet, 0);
  g_autoptr(GSocketAddress) bound = NULL;
  g_autoptr(GError) error = NULL;

  self->listener = g_socket_listener_new ();
  self->cancellable = g_cancellable_new ();
  g_socket_listener_add_address (self->listener, where, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL, &bound, &error);
  g_assert_no_error (error);
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  g_socket_listener_accept_async (self->listener, self->cancellable, target_accepted_cb, self);

  return self;
}

GSocketConnection *
target_take (Target *self)
{
  test_spin_until (self->connection != NULL);

  return g_steal_pointer (&self->connection);
}

void
target_free (Target *self)
{
  /* The rest goes with the last accept. */
  g_cancellable_cancel (self->cancellable);
  g_socket_listener_close (self->listener);
  g_clear_object (&self->listener);
  g_clear_object (&self->connection);
  test_settle ();
}

GSocketConnection *
tcp_connect (const char  *host,
             guint        port,
             GError     **error)
{
  g_autoptr(GSocketClient) client = g_socket_client_new ();
  g_autoptr(GAsyncResult) result = NULL;

  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_connect_to_host_async (client, host, port, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);

  return g_socket_client_connect_to_host_finish (client, result, error);
}

gboolean
tcp_can_listen (const char *address,
                guint       port)
{
  g_autoptr(GInetAddress) inet = g_inet_address_new_from_string (address);
  g_autoptr(GSocketAddress) where = g_inet_socket_address_new (inet, port);
  g_autoptr(GSocketListener) listener = g_socket_listener_new ();
  gboolean can = g_socket_listener_add_address (listener, where, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP,
                                                NULL, NULL, NULL);

  g_socket_listener_close (listener);

  return can;
}

void
tcp_reset (GSocketConnection *connection)
{
  struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
  int fd = g_socket_get_fd (g_socket_connection_get_socket (connection));

  g_assert_cmpint (setsockopt (fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), ==, 0);
  g_assert_true (g_io_stream_close (G_IO_STREAM (connection), NULL, NULL));
}

void
tcp_shutdown_write (GSocketConnection *connection)
{
  g_autoptr(GError) error = NULL;

  g_socket_shutdown (g_socket_connection_get_socket (connection), FALSE, TRUE, &error);
  g_assert_no_error (error);
}

/* ---- bytes ---- */

static guint8
byte_at (gsize position)
{
  return (guint8) (position * 13 + (position >> 8) * 7 + (position >> 16));
}

void
assert_carries (GIOStream *from,
                GIOStream *to,
                gsize      size)
{
  g_autofree guint8 *sent = g_malloc (size);
  g_autofree guint8 *received = g_malloc0 (size);
  g_autoptr(GAsyncResult) written = NULL;
  g_autoptr(GAsyncResult) read = NULL;
  g_autoptr(GError) error = NULL;
  gsize n;

  for (gsize i = 0; i < size; i++)
    sent[i] = byte_at (i);

  g_output_stream_write_all_async (g_io_stream_get_output_stream (from), sent, size, G_PRIORITY_DEFAULT, NULL,
                                   test_keep_result_cb, &written);
  g_input_stream_read_all_async (g_io_stream_get_input_stream (to), received, size, G_PRIORITY_DEFAULT, NULL,
                                 test_keep_result_cb, &read);
  test_spin_until (written != NULL && read != NULL);
  g_output_stream_write_all_finish (g_io_stream_get_output_stream (from), written, &n, &error);
  g_assert_no_error (error);
  g_input_stream_read_all_finish (g_io_stream_get_input_stream (to), read, &n, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (received, n, sent, size);
}

void
assert_carries_both (GIOStream *a,
                     GIOStream *b)
{
  assert_carries (a, b, 5);
  assert_carries (b, a, 7);
  assert_carries (a, b, 300 * 1000);
  assert_carries (b, a, 200 * 1000);
}

gssize
read_some (GIOStream  *stream,
           guint8     *data,
           gsize       size,
           GError    **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  g_input_stream_read_async (g_io_stream_get_input_stream (stream), data, size, G_PRIORITY_DEFAULT, NULL,
                             test_keep_result_cb, &result);
  test_spin_until (result != NULL);

  return g_input_stream_read_finish (g_io_stream_get_input_stream (stream), result, error);
}

void
assert_eof (GIOStream *stream)
{
  g_autoptr(GError) error = NULL;
  guint8 byte;

  g_assert_cmpint (read_some (stream, &byte, 1, &error), ==, 0);
  g_assert_no_error (error);
}

void
assert_broken (GIOStream *stream)
{
  g_autoptr(GError) error = NULL;
  guint8 byte;

  g_assert_cmpint (read_some (stream, &byte, 1, &error), ==, -1);
  g_assert_nonnull (error);
}

void
assert_ended (GIOStream *stream)
{
  guint8 byte;

  g_assert_cmpint (read_some (stream, &byte, 1, NULL), <=, 0);
}

DevSshForwardedPort *
nth_port (GListModel *model,
          guint       position)
{
  g_autoptr(DevSshForwardedPort) port = g_list_model_get_item (model, position);

  g_assert_nonnull (port);

  return port;
}
