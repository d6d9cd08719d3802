/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DevSshClient and DevSshServer over TCP on this computer: sessions, limits, and everything that must not stop a server. */
#include "net-util.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* Somebody who connects and is not libdevssh. source: an address of 127.0.0.0/8, or NULL. */
static int
test_raw_connect (guint16     port,
                  const char *source)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons (port) };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (fd, >=, 0);
  if (source != NULL)
    {
      struct sockaddr_in from = { .sin_family = AF_INET };

      g_assert_true (inet_pton (AF_INET, source, &from.sin_addr) == 1);
      g_assert_cmpint (bind (fd, (struct sockaddr *) &from, sizeof from), ==, 0);
    }
  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  g_assert_cmpint (connect (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  return fd;
}

/* Has the server closed it? */
static gboolean
test_raw_is_closed (int fd)
{
  char buffer[4096];
  gssize n;

  while ((n = recv (fd, buffer, sizeof buffer, MSG_DONTWAIT)) > 0)
    ;
  return n == 0 || (n < 0 && errno != EAGAIN);
}

static gboolean
test_awake_cb (int          fd,
               GIOCondition condition,
               gpointer     user_data)
{
  return G_SOURCE_CONTINUE;
}

static void
test_raw_wait_closed (int fd)
{
  g_autoptr(GSource) source = g_unix_fd_source_new (fd, G_IO_IN);

  g_source_set_callback (source, G_SOURCE_FUNC (test_awake_cb), NULL, NULL);
  g_source_attach (source, NULL);
  test_spin_until (test_raw_is_closed (fd));
  g_source_destroy (source);
}

/* ---- sessions ---- */

static gboolean
test_opening_cb (DevSshServer         *server,
                 DevSshServerSession  *session,
                 DevSshChannelOpening *opening,
                 gpointer              user_data)
{
  DevSshChannel **channel = user_data;

  g_set_object (channel, devssh_channel_opening_get_channel (opening));
  devssh_channel_opening_accept (opening);
  return TRUE;
}

static gboolean
test_request_cb (DevSshServer         *server,
                 DevSshServerSession  *session,
                 DevSshSessionRequest *request,
                 gpointer              user_data)
{
  g_assert_cmpstr (devssh_session_request_get_request_type (request), ==, "test@example.org");
  devssh_session_request_complete (request, TRUE);
  return TRUE;
}

static void
test_assert_no_delay (GIOStream *stream)
{
  int value = 0;

  g_assert_true (g_socket_get_option (g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream)),
                                      IPPROTO_TCP, TCP_NODELAY, &value, NULL));
  g_assert_cmpint (value, !=, 0);
}

/* The whole way: connect, log in, a request, a channel, data, and the end. */
static void
test_whole_way (void)
{
  g_autoptr(DevSshClientSession) session = NULL;
  g_autoptr(DevSshServerSession) theirs = NULL;
  g_autoptr(DevSshChannel) server_channel = NULL;
  g_autoptr(DevSshChannel) channel = NULL;
  g_autoptr(DevSshChannelStream) stream = NULL;
  g_autoptr(DevSshChannelStream) server_stream = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  char buffer[5];
  gsize n;
  Fixture self;

  test_fixture_init (&self);
  g_signal_connect (self.server, "session-channel-opening", G_CALLBACK (test_opening_cb), &server_channel);
  g_signal_connect (self.server, "session-request", G_CALLBACK (test_request_cb), NULL);
  session = test_fixture_connect (&self);
  g_assert_cmpuint (self.n_opened, ==, 1);
  g_assert_cmpuint (test_count (devssh_client_get_sessions (self.client)), ==, 1);
  g_assert_cmpuint (test_count (devssh_server_get_sessions (self.server)), ==, 1);
  test_assert_no_delay (devssh_session_get_stream (DEVSSH_SESSION (session)));
  theirs = g_object_ref (self.last);
  test_assert_no_delay (devssh_session_get_stream (DEVSSH_SESSION (theirs)));
  g_assert_false (devssh_session_get_is_authenticated (DEVSSH_SESSION (session)));

  test_fixture_log_in (&self, session);
  g_assert_cmpuint (self.n_logins, ==, 1);
  g_assert_cmpstr (devssh_server_session_get_user_name (theirs), ==, "alice");

  devssh_session_request_async (DEVSSH_SESSION (session), "test@example.org", TRUE, NULL, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_true (devssh_session_request_finish (DEVSSH_SESSION (session), result, NULL, &error));
  g_assert_no_error (error);

  g_clear_object (&result);
  devssh_session_open_channel_async (DEVSSH_SESSION (session), NULL, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  channel = devssh_session_open_channel_finish (DEVSSH_SESSION (session), result, &error);
  g_assert_no_error (error);
  stream = devssh_channel_stream_new (channel, &error);
  server_stream = devssh_channel_stream_new (server_channel, &error);
  g_assert_no_error (error);
  g_assert_true (g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (stream)), "hello", 5, &n, NULL, &error));
  g_assert_true (g_input_stream_read_all (g_io_stream_get_input_stream (G_IO_STREAM (server_stream)), buffer, 5, &n, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpmem (buffer, 5, "hello", 5);

  devssh_session_close (DEVSSH_SESSION (session), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "done");
  test_spin_until (self.n_closed == 1 && devssh_session_get_is_closed (DEVSSH_SESSION (session)));
  test_settle ();
  g_assert_cmpuint (test_count (devssh_client_get_sessions (self.client)), ==, 0);
  g_assert_cmpuint (test_count (devssh_server_get_sessions (self.server)), ==, 0);
  g_assert_cmpuint (self.n_errors, ==, 0);
  test_fixture_clear (&self);
}

static void
test_many (void)
{
  DevSshClientSession *sessions[10];
  Fixture self;

  test_fixture_init (&self);
  for (int i = 0; i < 10; i++)
    sessions[i] = test_fixture_connect (&self);
  g_assert_cmpuint (test_count (devssh_server_get_sessions (self.server)), ==, 10);
  g_assert_cmpuint (test_count (devssh_client_get_sessions (self.client)), ==, 10);

  /* Closing one end closes all of its sessions, and the other end hears of each. */
  devssh_client_close (self.client);
  test_spin_until (self.n_closed == 10);
  g_assert_cmpuint (test_count (devssh_client_get_sessions (self.client)), ==, 0);
  for (int i = 0; i < 10; i++)
    {
      g_assert_true (devssh_session_get_is_closed (DEVSSH_SESSION (sessions[i])));
      g_object_unref (sessions[i]);
    }
  test_fixture_clear (&self);
}

/* The session's own handler is asked before the server's. */
static gboolean
test_reject_cb (DevSshSession        *session,
                DevSshAuthentication *authentication,
                gpointer              user_data)
{
  devssh_authentication_reject (authentication);
  return TRUE;
}

static void
test_own_handler_cb (DevSshServer        *server,
                     DevSshServerSession *session,
                     gpointer             user_data)
{
  g_signal_connect (session, "authenticating", G_CALLBACK (test_reject_cb), NULL);
}

static void
test_own_handlers_first (void)
{
  g_autoptr(DevSshClientSession) session = NULL;
  g_autoptr(DevSshClientCredentials) credentials = devssh_client_credentials_new ("alice");
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  Fixture self;

  test_fixture_init (&self);
  g_signal_connect (self.server, "session-opened", G_CALLBACK (test_own_handler_cb), NULL);
  session = test_fixture_connect (&self);
  g_signal_connect (session, "authenticating", G_CALLBACK (test_host_cb), NULL);
  devssh_client_credentials_set_password (credentials, "secret");
  devssh_client_session_authenticate_async (session, credentials, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_false (devssh_client_session_authenticate_finish (session, result, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (self.n_logins, ==, 0);
  test_fixture_clear (&self);
}

/* T-36: nobody listens, nobody gets in; T-84: no channel either, and the reason says that nobody was asked. */
static void
test_nobody_listens (void)
{
  g_autoptr(DevSshClientSession) session = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  Fixture self;

  test_fixture_init (&self);
  session = test_fixture_connect (&self);
  test_fixture_log_in (&self, session);
  devssh_session_open_channel_async (DEVSSH_SESSION (session), NULL, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_null (devssh_session_open_channel_finish (DEVSSH_SESSION (session), result, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_UNKNOWN_CHANNEL_TYPE);
  test_fixture_clear (&self);
}

static void
test_refuse_opened_cb (DevSshServer        *server,
                       DevSshServerSession *session,
                       gpointer             user_data)
{
  devssh_session_close (DEVSSH_SESSION (session), DEVSSH_DISCONNECT_REASON_TOO_MANY_CONNECTIONS, "not you");
}

static void
test_refused_at_once (void)
{
  g_autoptr(GError) error = NULL;
  Fixture self;

  test_fixture_init (&self);
  g_signal_connect (self.server, "session-opened", G_CALLBACK (test_refuse_opened_cb), NULL);
  g_assert_null (test_fixture_try (&self, "127.0.0.1", &error));
  g_assert_nonnull (error);
  test_spin_until (self.n_closed == 1);
  g_assert_cmpuint (test_count (devssh_server_get_sessions (self.server)), ==, 0);
  g_assert_cmpuint (test_count (devssh_client_get_sessions (self.client)), ==, 0);
  test_fixture_clear (&self);
}

/* T-64: the last reference goes in a handler. */
static void
test_drop_server_cb (DevSshServer        *server,
                     DevSshServerSession *session,
                     gpointer             user_data)
{
  Fixture *self = user_data;

  g_clear_object (&self->server);
}

static void
test_dropped_in_handler (void)
{
  g_autoptr(DevSshClientSession) session = NULL;
  gpointer weak;
  Fixture self;

  test_fixture_init (&self);
  weak = self.server;
  g_object_add_weak_pointer (weak, &weak);
  g_signal_connect (self.server, "session-opened", G_CALLBACK (test_drop_server_cb), &self);
  session = test_fixture_try (&self, "127.0.0.1", NULL);
  test_spin_until (weak == NULL);
  /* Whether it was connected by then or not, it is over. */
  if (session != NULL)
    test_spin_until (devssh_session_get_is_closed (DEVSSH_SESSION (session)));
  test_fixture_clear (&self);
}

/* A client that goes away leaves the sessions that others hold. */
static void
test_client_dropped (void)
{
  g_autoptr(DevSshClientSession) held = NULL;
  Fixture self;

  test_fixture_init (&self);
  held = test_fixture_connect (&self);
  g_object_unref (test_fixture_connect (&self));
  g_clear_object (&self.client);
  test_spin_until (self.n_closed == 1);
  test_settle ();
  g_assert_true (devssh_session_get_is_connected (DEVSSH_SESSION (held)));
  test_fixture_log_in (&self, held);
  devssh_session_close (DEVSSH_SESSION (held), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, NULL);
  test_spin_until (self.n_closed == 2);
  self.client = devssh_client_new (NULL);
  test_fixture_clear (&self);
}

/* ---- connecting that fails ---- */

static void
test_connection_refused (void)
{
  g_autoptr(GError) error = NULL;
  Fixture self;

  test_fixture_init (&self);
  devssh_server_close (self.server);
  g_assert_null (test_fixture_try (&self, "127.0.0.1", &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  g_assert_cmpuint (test_count (devssh_client_get_sessions (self.client)), ==, 0);
  test_fixture_clear (&self);
}

/* Whoever answers is not an SSH server: the socket is closed. */
static void
test_not_a_server (void)
{
  g_autoptr(GSocketListener) listener = g_socket_listener_new ();
  g_autoptr(GSocketConnection) accepted = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) accept_result = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GSocketConnectable) address = NULL;
  Fixture self;
  gsize n;

  test_fixture_init (&self);
  address = g_network_address_new ("127.0.0.1", g_socket_listener_add_any_inet_port (listener, NULL, NULL));
  devssh_client_connect_async (self.client, address, NULL, test_keep_result_cb, &result);
  g_socket_listener_accept_async (listener, NULL, test_keep_result_cb, &accept_result);
  test_spin_until (accept_result != NULL);
  accepted = g_socket_listener_accept_finish (listener, accept_result, NULL, &error);
  g_assert_no_error (error);
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (accepted)), "SSH-1.5-old\r\n", 13, &n, NULL, &error);
  test_spin_until (result != NULL);
  g_assert_null (devssh_client_connect_finish (self.client, result, &error));
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_PROTOCOL_VERSION_NOT_SUPPORTED);
  test_raw_wait_closed (g_socket_get_fd (g_socket_connection_get_socket (accepted)));
  g_assert_cmpuint (test_count (devssh_client_get_sessions (self.client)), ==, 0);
  test_fixture_clear (&self);
}

/* T-65: cancelled after k turns of the loop, for every k. */
static void
test_cancelled (void)
{
  gboolean connected = FALSE;
  Fixture self;

  test_fixture_init (&self);
  for (guint turns = 0; !connected && turns < 1000; turns++)
    {
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      g_autoptr(DevSshClientSession) session = NULL;
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GError) error = NULL;

      devssh_client_connect_to_host_async (self.client, "127.0.0.1", self.port, cancellable, test_keep_result_cb, &result);
      for (guint i = 0; i < turns && result == NULL; i++)
        g_main_context_iteration (NULL, TRUE);
      g_cancellable_cancel (cancellable);
      test_spin_until (result != NULL);
      session = devssh_client_connect_to_host_finish (self.client, result, &error);
      if (session != NULL)
        {
          connected = TRUE;
          devssh_session_close (DEVSSH_SESSION (session), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, NULL);
        }
      else
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    }
  g_assert_true (connected);
  test_spin_until (self.n_closed == self.n_opened);
  test_settle ();
  g_assert_cmpuint (test_count (devssh_client_get_sessions (self.client)), ==, 0);
  g_assert_cmpuint (self.n_errors, ==, 0);
  test_fixture_clear (&self);
}

static void
test_client_closed (void)
{
  g_autoptr(GError) error = NULL;
  Fixture self;

  for (guint turns = 0; turns < 12; turns++)
    {
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(DevSshClientSession) session = NULL;

      test_fixture_init (&self);
      devssh_client_connect_to_host_async (self.client, "127.0.0.1", self.port, NULL, test_keep_result_cb, &result);
      for (guint i = 0; i < turns && result == NULL; i++)
        g_main_context_iteration (NULL, TRUE);
      devssh_client_close (self.client);
      devssh_client_close (self.client);
      test_spin_until (result != NULL);
      session = devssh_client_connect_to_host_finish (self.client, result, &error);
      if (session == NULL)
        g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);
      else
        test_spin_until (devssh_session_get_is_closed (DEVSSH_SESSION (session)));
      g_clear_error (&error);

      g_assert_null (test_fixture_try (&self, "127.0.0.1", &error));
      g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);
      g_clear_error (&error);
      test_fixture_clear (&self);
    }
}

/* ---- listening ---- */

static gboolean
test_have_ipv6 (void)
{
  struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
  int fd = socket (AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  gboolean have = fd >= 0 && bind (fd, (struct sockaddr *) &address, sizeof address) == 0;

  if (fd >= 0)
    close (fd);
  return have;
}

static void
test_addresses (void)
{
  static const char * const addresses[] = { NULL, "localhost", "", "127.0.0.1" };
  g_autoptr(GError) error = NULL;
  gboolean have_ipv6 = test_have_ipv6 ();

  for (guint i = 0; i < G_N_ELEMENTS (addresses); i++)
    {
      Fixture self;
      guint16 first;

      test_fixture_init (&self);
      first = self.port;
      self.port = devssh_server_listen (self.server, addresses[i], 0, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (self.port, !=, first);
      g_assert_cmpuint (devssh_server_get_port (self.server), ==, first);

      g_object_unref (test_fixture_connect (&self));
      if (have_ipv6)
        {
          g_autoptr(DevSshClientSession) session = test_fixture_try (&self, "::1", &error);

          if (i < 3)
            g_assert_no_error (error);
          else
            g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
          g_clear_error (&error);
        }

      /* The same again is taken. */
      g_assert_cmpuint (devssh_server_listen (self.server, addresses[i], self.port, &error), ==, 0);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
      g_clear_error (&error);
      test_fixture_clear (&self);
    }
}

static void
test_listening_refused (void)
{
  static const char * const only_ctr[] = { "rot13", NULL };
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new ();
  g_autoptr(DevSshServer) wrong = NULL;
  g_autoptr(GError) error = NULL;
  Fixture self;

  test_fixture_init (&self);
  g_assert_cmpuint (devssh_server_listen (self.server, "example.org", 0, &error), ==, 0);
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED);
  g_clear_error (&error);
  g_assert_cmpuint (devssh_server_listen (self.server, "127.0.0.256", 0, &error), ==, 0);
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED);
  g_clear_error (&error);

  devssh_server_close (self.server);
  devssh_server_close (self.server);
  g_assert_cmpuint (devssh_server_get_port (self.server), ==, 0);
  g_assert_cmpuint (devssh_server_listen (self.server, NULL, 0, &error), ==, 0);
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);
  g_clear_error (&error);

  devssh_session_config_set_encryption_algorithms (config, only_ctr);
  wrong = devssh_server_new (config, NULL);
  g_assert_cmpuint (devssh_server_listen (wrong, NULL, 0, &error), ==, 0);
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG);
  test_fixture_clear (&self);
}

static void
test_unix_socket (void)
{
  g_autofree char *folder = g_dir_make_tmp ("devssh-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "socket", NULL);
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr(GSocket) socket = NULL;
  g_autoptr(DevSshClientSession) session = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  Fixture self;

  test_fixture_init (&self);
  socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, &error);
  g_assert_true (g_socket_bind (socket, address, FALSE, &error));
  g_assert_true (devssh_server_listen_socket (self.server, socket, &error));
  g_assert_no_error (error);
  devssh_client_connect_async (self.client, G_SOCKET_CONNECTABLE (address), NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  session = devssh_client_connect_finish (self.client, result, &error);
  g_assert_no_error (error);
  test_fixture_log_in (&self, session);

  devssh_server_close (self.server);
  g_assert_true (g_socket_is_closed (socket));
  test_spin_until (devssh_session_get_is_closed (DEVSSH_SESSION (session)));
  g_unlink (path);
  g_rmdir (folder);
  test_fixture_clear (&self);
}

static void
test_add_stream (void)
{
  g_autoptr(GIOStream) near_end = NULL;
  g_autoptr(GIOStream) far_end = NULL;
  g_autoptr(DevSshServerSession) theirs = NULL;
  g_autoptr(DevSshClientSession) session = NULL;
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  Fixture self;

  test_fixture_init (&self);
  test_stream_pair (&near_end, &far_end);
  theirs = devssh_server_add_stream (self.server, near_end, &error);
  g_assert_no_error (error);
  g_assert_true (theirs == self.last);
  session = devssh_client_session_new (far_end, config, &error);
  devssh_session_connect_async (DEVSSH_SESSION (session), NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_true (devssh_session_connect_finish (DEVSSH_SESSION (session), result, &error));
  test_fixture_log_in (&self, session);
  devssh_session_close (DEVSSH_SESSION (session), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, NULL);
  test_spin_until (self.n_closed == 1);

  devssh_server_close (self.server);
  g_clear_object (&theirs);
  theirs = devssh_server_add_stream (self.server, near_end, &error);
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);
  g_assert_null (theirs);
  test_fixture_clear (&self);
}

/* ---- who must not stop a server ---- */

static void
test_bad_clients (void)
{
  static const char * const greetings[] = {
    "", "GET / HTTP/1.0\r\n\r\n", "SSH-1.5-old\r\n", "SSH-2.0-scan\r\n", "SSH-2.0-junk\r\n\xff\xff\xff\xff\xff\xff\xff\xff",
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc", "\r\n\r\n\r\n",
  };
  g_autoptr(DevSshClientSession) session = NULL;
  guint expected = 0;
  Fixture self;

  test_fixture_init (&self);
  for (guint i = 0; i < G_N_ELEMENTS (greetings); i++)
    for (int reset = 0; reset < 2; reset++)
      {
        struct linger linger = { 1, 0 };
        int fd = test_raw_connect (self.port, NULL);

        if (greetings[i][0] != '\0')
          g_assert_cmpint (send (fd, greetings[i], strlen (greetings[i]), MSG_NOSIGNAL), >, 0);
        if (reset)
          setsockopt (fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
        close (fd);
        expected++;
      }
  session = test_fixture_connect (&self);
  test_fixture_log_in (&self, session);
  test_spin_until (self.n_closed == self.n_opened - 1);
  g_assert_cmpuint (self.n_opened, <=, expected + 1);
  g_assert_cmpuint (self.n_errors, ==, 0);
  g_assert_cmpuint (test_count (devssh_server_get_sessions (self.server)), ==, 1);
  test_fixture_clear (&self);
}

/* One deadline from accept on: silence, dribble and noise all end there. */
static void
test_login_grace (void)
{
  g_autoptr(DevSshClientSession) slow = NULL;
  g_autoptr(DevSshClientSession) honest = NULL;
  int silent, dribbling;
  Fixture self;

  test_fixture_init (&self);
  devssh_server_set_login_grace (self.server, 10);
  silent = test_raw_connect (self.port, NULL);
  dribbling = test_raw_connect (self.port, NULL);
  test_spin_until (self.n_opened == 2);
  slow = test_fixture_connect (&self);
  honest = test_fixture_connect (&self);
  test_fixture_log_in (&self, honest);

  for (int second = 0; second < 9; second++)
    {
      g_autoptr(GBytes) ignore = g_bytes_new_static ("\2\0\0\0\4junk", 9);

      devssh_context_advance_clock (self.context, G_TIME_SPAN_SECOND);
      g_assert_cmpint (send (dribbling, "SSH-2.0-dribble" + second, 1, MSG_NOSIGNAL), ==, 1);
      g_assert_true (devssh_session_send_message (DEVSSH_SESSION (slow), ignore, NULL));
      test_settle ();
      g_assert_cmpuint (self.n_closed, ==, 0);
      g_assert_false (test_raw_is_closed (silent));
      g_assert_false (test_raw_is_closed (dribbling));
    }

  devssh_context_advance_clock (self.context, G_TIME_SPAN_SECOND + G_TIME_SPAN_MILLISECOND);
  test_spin_until (self.n_closed == 3);
  test_spin_until (devssh_session_get_is_closed (DEVSSH_SESSION (slow)));
  g_assert_cmpint (devssh_session_get_disconnect_reason (DEVSSH_SESSION (slow)), ==, DEVSSH_DISCONNECT_REASON_BY_APPLICATION);
  /* Whoever does not hang up is hung up on. */
  devssh_context_advance_clock (self.context, G_TIME_SPAN_SECOND);
  test_raw_wait_closed (silent);
  test_raw_wait_closed (dribbling);

  /* Who has logged in has no such deadline. */
  devssh_context_advance_clock (self.context, 1000 * G_TIME_SPAN_SECOND);
  test_settle ();
  g_assert_false (devssh_session_get_is_closed (DEVSSH_SESSION (honest)));
  close (silent);
  close (dribbling);
  test_fixture_clear (&self);
}

static void
test_max_startups (void)
{
  g_autoptr(DevSshClientSession) honest = NULL;
  g_autoptr(DevSshClientSession) second = NULL;
  g_autoptr(GError) error = NULL;
  int silent[5];
  Fixture self;

  test_fixture_init (&self);
  g_assert_cmpuint (devssh_server_get_max_startups (self.server), ==, 100);
  devssh_server_set_max_startups (self.server, 5);
  for (int i = 0; i < 5; i++)
    silent[i] = test_raw_connect (self.port, NULL);
  test_spin_until (self.n_opened == 5);

  /* The sixth: closed at once, and no session was made of it. */
  g_assert_null (test_fixture_try (&self, "127.0.0.1", &error));
  g_assert_nonnull (error);
  g_assert_cmpuint (self.n_opened, ==, 5);
  g_assert_cmpuint (self.n_errors, ==, 0);

  close (silent[0]);
  test_spin_until (self.n_closed == 1);
  honest = test_fixture_connect (&self);
  /* Logged in, it does not count any more. */
  test_fixture_log_in (&self, honest);
  second = test_fixture_connect (&self);
  g_clear_error (&error);
  g_assert_null (test_fixture_try (&self, "127.0.0.1", &error));
  for (int i = 1; i < 5; i++)
    close (silent[i]);
  test_spin_until (self.n_closed == 5);
  test_fixture_clear (&self);
}

static void
test_max_startups_per_address (void)
{
  g_autoptr(GIOStream) near_end = NULL;
  g_autoptr(GIOStream) far_end = NULL;
  g_autoptr(DevSshServerSession) added = NULL;
  g_autoptr(GError) error = NULL;
  int silent[3], other, fourth;
  Fixture self;

  test_fixture_init (&self);
  g_assert_cmpuint (devssh_server_get_max_startups_per_address (self.server), ==, 20);
  devssh_server_set_max_startups_per_address (self.server, 3);
  for (int i = 0; i < 3; i++)
    silent[i] = test_raw_connect (self.port, "127.0.0.2");
  test_spin_until (self.n_opened == 3);
  fourth = test_raw_connect (self.port, "127.0.0.2");
  test_raw_wait_closed (fourth);
  close (fourth);
  g_assert_cmpuint (self.n_opened, ==, 3);

  /* Others are not held responsible, nor is a stream without an address. */
  other = test_raw_connect (self.port, "127.0.0.3");
  test_spin_until (self.n_opened == 4);
  g_object_unref (test_fixture_connect (&self));
  test_stream_pair (&near_end, &far_end);
  added = devssh_server_add_stream (self.server, near_end, &error);
  g_assert_no_error (error);

  close (silent[0]);
  test_spin_until (self.n_closed == 1);
  silent[0] = test_raw_connect (self.port, "127.0.0.2");
  test_spin_until (self.n_opened == 7);
  for (int i = 0; i < 3; i++)
    close (silent[i]);
  close (other);
  test_fixture_clear (&self);
}

/* T-41: without security nobody logs in, so being connected frees the slot. */
static void
test_startups_without_security (void)
{
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new_no_security ();
  DevSshClientSession *sessions[3];
  Fixture self;

  test_fixture_init (&self);
  g_clear_object (&self.client);
  self.client = devssh_client_new (config);
  devssh_server_close (self.server);
  g_clear_object (&self.server);
  self.server = devssh_server_new (config, NULL);
  devssh_server_set_max_startups (self.server, 1);
  self.port = devssh_server_listen (self.server, NULL, 0, NULL);
  for (int i = 0; i < 3; i++)
    {
      sessions[i] = test_fixture_connect (&self);
      test_settle ();
    }
  g_assert_cmpuint (test_count (devssh_server_get_sessions (self.server)), ==, 3);
  for (int i = 0; i < 3; i++)
    g_object_unref (sessions[i]);
  test_fixture_clear (&self);
}

/* T-42: no descriptor is left; the server waits, and goes on when there are some again. */
static void
test_no_descriptors (void)
{
  g_autoptr(DevSshClientSession) honest = NULL;
  struct rlimit before, low;
  int clients[12];
  int highest;
  guint turns = 0, opened;
  Fixture self;

  test_fixture_init (&self);
  /* Whatever the library opens once, it has opened by now. */
  g_object_unref (test_fixture_connect (&self));
  devssh_client_close (self.client);
  test_spin_until (self.n_closed == 1);
  g_clear_object (&self.client);
  self.client = devssh_client_new (NULL);
  for (int i = 0; i < 12; i++)
    clients[i] = test_raw_connect (self.port, NULL);

  highest = dup (0);
  close (highest);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  low = before;
  low.rlim_cur = highest + 4;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &low), ==, 0);
  test_spin_until (self.n_errors > 0);
  opened = self.n_opened;
  g_assert_cmpuint (opened, <, 13);

  /* Nothing turns while it waits. */
  while (turns < 1000 && g_main_context_iteration (NULL, FALSE))
    turns++;
  g_assert_cmpuint (turns, <, 100);
  g_assert_cmpuint (self.n_errors, ==, 1);

  /* A second later there is none either. */
  devssh_context_advance_clock (self.context, G_TIME_SPAN_SECOND + G_TIME_SPAN_MILLISECOND);
  turns = 0;
  while (turns < 1000 && g_main_context_iteration (NULL, FALSE))
    turns++;
  g_assert_cmpuint (turns, <, 100);
  g_assert_cmpuint (self.n_opened, <=, opened + 2);

  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);
  devssh_context_advance_clock (self.context, G_TIME_SPAN_SECOND + G_TIME_SPAN_MILLISECOND);
  test_spin_until (self.n_opened == 13);
  honest = test_fixture_connect (&self);
  test_fixture_log_in (&self, honest);
  for (int i = 0; i < 12; i++)
    close (clients[i]);
  test_spin_until (self.n_closed == 13);
  test_fixture_clear (&self);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/net/whole-way", test_whole_way);
  g_test_add_func ("/net/many", test_many);
  g_test_add_func ("/net/own-handlers-first", test_own_handlers_first);
  g_test_add_func ("/net/T-84/nobody-listens", test_nobody_listens);
  g_test_add_func ("/net/refused-at-once", test_refused_at_once);
  g_test_add_func ("/net/T-64/dropped-in-handler", test_dropped_in_handler);
  g_test_add_func ("/net/client/dropped", test_client_dropped);
  g_test_add_func ("/net/client/connection-refused", test_connection_refused);
  g_test_add_func ("/net/client/not-a-server", test_not_a_server);
  g_test_add_func ("/net/client/T-65/cancelled", test_cancelled);
  g_test_add_func ("/net/client/closed", test_client_closed);
  g_test_add_func ("/net/server/addresses", test_addresses);
  g_test_add_func ("/net/server/listening-refused", test_listening_refused);
  g_test_add_func ("/net/server/unix-socket", test_unix_socket);
  g_test_add_func ("/net/server/add-stream", test_add_stream);
  g_test_add_func ("/net/server/bad-clients", test_bad_clients);
  g_test_add_func ("/net/server/T-40/login-grace", test_login_grace);
  g_test_add_func ("/net/server/T-41/max-startups", test_max_startups);
  g_test_add_func ("/net/server/T-41/per-address", test_max_startups_per_address);
  g_test_add_func ("/net/server/T-41/without-security", test_startups_without_security);
  g_test_add_func ("/net/server/T-42/no-descriptors", test_no_descriptors);

  return g_test_run ();
}
