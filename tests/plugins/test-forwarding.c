/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ports forwarded between two sessions, in both directions and both roles (protocol.md 6). */
#include "forwarding-util.h"

#include <errno.h>
#include <string.h>

#define LOCAL(forwarder)  devssh_port_forwarder_get_local_forwarded_ports (forwarder)
#define REMOTE(forwarder) devssh_port_forwarder_get_remote_forwarded_ports (forwarder)

static void
assert_text (DevSshForwardedPort *port,
             const char          *format,
             ...)
{
  g_autofree char *text = devssh_forwarded_port_to_string (port);
  g_autofree char *expected = NULL;
  va_list args;

  va_start (args, format);
  expected = g_strdup_vprintf (format, args);
  va_end (args);
  g_assert_cmpstr (text, ==, expected);
}

/* ---- from a remote port ---- */

static void
test_from (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) target = target_new ("127.0.0.1");
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshForwardedPort) port = forward_from (f->client_forwarder, NULL, 0, NULL, target->port, &error);
  g_autoptr(GSocketConnection) outside = NULL;
  g_autoptr(GSocketConnection) inside = NULL;
  g_autoptr(DevSshReader) reader = NULL;
  g_autofree char *address = NULL;
  DevSshForwardedPort *theirs;
  guint chosen;

  g_assert_no_error (error);
  g_assert_nonnull (port);
  chosen = devssh_forwarded_port_get_remote_port (port);
  g_assert_cmpuint (chosen, >, 0);
  g_assert_cmpuint (f->n_requests, ==, 1);

  /* What the application was asked: loopback goes out by its name. */
  g_assert_cmpstr (devssh_session_request_get_request_type (f->request), ==, "tcpip-forward");
  reader = devssh_reader_new (devssh_session_request_get_payload (f->request));
  address = devssh_reader_dup_utf8 (reader);
  g_assert_cmpstr (address, ==, "localhost");
  g_assert_cmpuint (devssh_reader_get_uint32 (reader), ==, 0);

  g_assert_cmpuint (n_items (LOCAL (f->client_forwarder)), ==, 1);
  g_assert_cmpuint (n_items (REMOTE (f->client_forwarder)), ==, 0);
  g_assert_cmpuint (n_items (LOCAL (f->server_forwarder)), ==, 0);
  g_assert_cmpuint (n_items (REMOTE (f->server_forwarder)), ==, 1);
  g_assert_true (nth_port (LOCAL (f->client_forwarder), 0) == port);
  assert_text (port, "%u<-%u", target->port, chosen);
  theirs = nth_port (REMOTE (f->server_forwarder), 0);
  assert_text (theirs, "%u->%u", chosen, chosen);
  g_assert_cmpstr (devssh_forwarded_port_get_local_host (theirs), ==, "127.0.0.1");

  outside = tcp_connect ("127.0.0.1", chosen, &error);
  g_assert_no_error (error);
  inside = target_take (target);
  assert_carries_both (G_IO_STREAM (outside), G_IO_STREAM (inside));
  g_assert_cmpuint (n_items (devssh_forwarded_port_get_channels (port)), ==, 1);
  g_assert_cmpuint (n_items (devssh_forwarded_port_get_channels (theirs)), ==, 1);

  g_assert_true (g_io_stream_close (G_IO_STREAM (outside), NULL, &error));
  g_assert_no_error (error);
  assert_eof (G_IO_STREAM (inside));
  g_assert_true (g_io_stream_close (G_IO_STREAM (inside), NULL, &error));
  test_spin_until (n_items (devssh_forwarded_port_get_channels (port)) == 0
                   && n_items (devssh_forwarded_port_get_channels (theirs)) == 0);
}

/* The application of the client forwards for the server as well: both roles. */
static gboolean
accept_request_cb (DevSshSession        *session,
                   DevSshSessionRequest *request,
                   gpointer              user_data)
{
  devssh_session_request_complete (request, TRUE);

  return TRUE;
}

static void
test_from_server (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) target = target_new ("127.0.0.1");
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(GSocketConnection) outside = NULL;
  g_autoptr(GSocketConnection) inside = NULL;

  g_signal_connect (f->client, "request", G_CALLBACK (accept_request_cb), NULL);
  port = forward_from (f->server_forwarder, NULL, 0, NULL, target->port, &error);
  g_assert_no_error (error);
  outside = tcp_connect ("127.0.0.1", devssh_forwarded_port_get_remote_port (port), &error);
  g_assert_no_error (error);
  inside = target_take (target);
  assert_carries_both (G_IO_STREAM (outside), G_IO_STREAM (inside));
  g_assert_cmpuint (n_items (REMOTE (f->client_forwarder)), ==, 1);
}

static void
test_from_refused (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(GError) error = NULL;

  f->accept_requests = FALSE;
  g_assert_null (forward_from (f->client_forwarder, NULL, 0, NULL, 80, &error));
  g_assert_no_error (error);
  g_assert_null (stream_from (f->client_forwarder, NULL, 8080, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (n_items (LOCAL (f->client_forwarder)), ==, 0);
  g_assert_cmpuint (n_items (REMOTE (f->server_forwarder)), ==, 0);

  /* The session is none the worse. */
  f->accept_requests = TRUE;
  {
    g_autoptr(DevSshForwardedPort) port = forward_from (f->client_forwarder, NULL, 0, NULL, 80, &error);

    g_assert_no_error (error);
    g_assert_nonnull (port);
  }
}

static void
test_from_no_plugin (void)
{
  g_autoptr(Forwarding) f = forwarding_new_full (TRUE, FALSE);
  g_autoptr(GError) error = NULL;

  f->accept_requests = FALSE;
  g_assert_null (forward_from (f->client_forwarder, NULL, 0, NULL, 80, &error));
  g_assert_no_error (error);
  g_assert_false (devssh_session_get_is_closed (f->client));
}

static void
test_not_allowed (void)
{
  g_autoptr(Forwarding) f = forwarding_new_full (FALSE, TRUE);
  g_autoptr(GError) error = NULL;

  g_assert_null (devssh_session_activate_service (f->client, DEVSSH_SERVICE_NAME_PORT_FORWARDING, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_NO_SERVICE);
}

static void
test_from_port_in_use (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) other = target_new ("127.0.0.1");
  g_autoptr(GError) error = NULL;

  g_assert_null (forward_from (f->client_forwarder, NULL, other->port, NULL, 80, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (n_items (REMOTE (f->server_forwarder)), ==, 0);
}

/* The second address of loopback is taken: the first one must not stay alone. */
static void
test_from_second_address_in_use (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) other = NULL;
  g_autoptr(GError) error = NULL;

  if (!tcp_can_listen ("::1", 0))
    {
      g_test_skip ("no IPv6");
      return;
    }

  other = target_new ("::1");
  g_assert_null (forward_from (f->client_forwarder, NULL, other->port, NULL, 80, &error));
  g_assert_no_error (error);
  g_assert_true (tcp_can_listen ("127.0.0.1", other->port));
}

static void
test_from_duplicates (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshForwardedPort) port = forward_from (f->client_forwarder, NULL, 0, NULL, 80, &error);
  g_autoptr(GBytes) payload = NULL;
  guint chosen;

  g_assert_no_error (error);
  chosen = devssh_forwarded_port_get_remote_port (port);

  g_assert_null (forward_from (f->client_forwarder, NULL, chosen, NULL, 81, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  g_clear_error (&error);
  g_assert_null (stream_from (f->client_forwarder, NULL, chosen, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  g_clear_error (&error);
  g_assert_null (forward_from (f->client_forwarder, NULL, 0, NULL, 80, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  g_assert_cmpuint (f->n_requests, ==, 1);

  /* The server refuses a second one by itself, whether or not the client looks. */
  payload = request_payload ("localhost", chosen);
  g_assert_false (raw_request (f->client, "tcpip-forward", payload, NULL));
  g_assert_cmpuint (f->n_requests, ==, 1);
}

/* Two requests for a port at once: one succeeds (protocol.md 6.4). */
static void
test_from_concurrent (gconstpointer data)
{
  g_autoptr(Forwarding) f = forwarding_new_full (FALSE, TRUE);
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(DevSshSessionRequest) kept = NULL;
  g_autoptr(Target) hint = target_new ("127.0.0.1");
  g_autoptr(GBytes) payload = request_payload ("localhost", hint->port);
  gboolean accepts = GPOINTER_TO_INT (data);

  g_clear_pointer (&hint, target_free);
  devssh_port_forwarder_set_accept_local_connections_for_forwarded_ports (f->server_forwarder, accepts);
  f->keep_questions = TRUE;
  devssh_session_request_async (f->client, "tcpip-forward", TRUE, payload, NULL, test_keep_result_cb, &first);
  test_spin_until (f->n_requests == 1);
  kept = g_object_ref (f->request);
  devssh_session_request_async (f->client, "tcpip-forward", TRUE, payload, NULL, test_keep_result_cb, &second);
  test_spin_until (f->n_requests == 2);

  devssh_session_request_complete (f->request, TRUE);
  test_spin_until (n_items (REMOTE (f->server_forwarder)) == 1);
  devssh_session_request_complete (kept, TRUE);
  test_spin_until (first != NULL && second != NULL);
  g_assert_false (devssh_session_request_finish (f->client, first, NULL, NULL));
  g_assert_true (devssh_session_request_finish (f->client, second, NULL, NULL));
  g_assert_cmpuint (n_items (REMOTE (f->server_forwarder)), ==, 1);
}

/* The port is always in the reply (protocol.md 6.2). */
static void
test_reply_has_port (void)
{
  g_autoptr(Forwarding) f = forwarding_new_full (FALSE, TRUE);
  guint ports[2] = { 0, 0 };

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(GBytes) payload = request_payload ("localhost", ports[i]);
      g_autoptr(GBytes) reply = NULL;
      g_autoptr(DevSshReader) reader = NULL;
      guint port;

      g_assert_true (raw_request (f->client, "tcpip-forward", payload, &reply));
      g_assert_cmpuint (g_bytes_get_size (reply), ==, 4);
      reader = devssh_reader_new (reply);
      port = devssh_reader_get_uint32 (reader);
      g_assert_cmpuint (port, >, 0);

      if (i == 0)
        {
          g_autoptr(GBytes) cancel = request_payload ("localhost", port);
          g_autoptr(GBytes) bare = NULL;

          g_assert_true (raw_request (f->client, "cancel-tcpip-forward", cancel, &bare));
          g_assert_true (bare == NULL || g_bytes_get_size (bare) == 0);
          ports[1] = port;
        }
      else
        g_assert_cmpuint (port, ==, ports[1]);
    }
}

typedef struct
{
  char  *host;
  guint  port;
  char  *originator;
  guint  originator_port;
} Seen;

static gboolean
look_at_opening_cb (DevSshSession        *session,
                    DevSshChannelOpening *opening,
                    gpointer              user_data)
{
  Seen *seen = user_data;
  g_autoptr(DevSshReader) reader = devssh_reader_new (devssh_channel_opening_get_type_data (opening));

  if (g_strcmp0 (devssh_channel_opening_get_channel_type (opening), "forwarded-tcpip") != 0)
    return FALSE;

  seen->host = devssh_reader_dup_utf8 (reader);
  seen->port = devssh_reader_get_uint32 (reader);
  seen->originator = devssh_reader_dup_utf8 (reader);
  seen->originator_port = devssh_reader_get_uint32 (reader);
  g_assert_true (devssh_reader_finish (reader, NULL));
  devssh_channel_opening_accept (opening);

  return TRUE;
}

/* OpenSSH finds its forward by the text that it sent, and refuses any other. */
static void
test_host_byte_for_byte (gconstpointer data)
{
  g_autoptr(Forwarding) f = forwarding_new_full (FALSE, TRUE);
  g_autoptr(GBytes) payload = request_payload (data, 0);
  g_autoptr(GBytes) reply = NULL;
  g_autoptr(DevSshReader) reader = NULL;
  g_autoptr(GSocketConnection) outside = NULL;
  g_autoptr(GSocketAddress) local = NULL;
  g_autoptr(GError) error = NULL;
  Seen seen = { 0, };
  guint port;

  g_signal_connect (f->client, "channel-opening", G_CALLBACK (look_at_opening_cb), &seen);
  g_assert_true (raw_request (f->client, "tcpip-forward", payload, &reply));
  reader = devssh_reader_new (reply);
  port = devssh_reader_get_uint32 (reader);
  outside = tcp_connect ("127.0.0.1", port, &error);
  g_assert_no_error (error);
  test_spin_until (seen.host != NULL);
  g_assert_cmpstr (seen.host, ==, data);
  g_assert_cmpuint (seen.port, ==, port);
  g_assert_cmpstr (seen.originator, ==, "127.0.0.1");
  local = g_socket_connection_get_local_address (outside, &error);
  g_assert_cmpuint (seen.originator_port, ==, g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (local)));
  g_free (seen.host);
  g_free (seen.originator);
}

/* Every way to name loopback on either side carries IPv4 and IPv6. */
static void
test_from_addresses (void)
{
  static const char * const addresses[] = { NULL, "127.0.0.1", "localhost", "", "*", "0.0.0.0", "::" };
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) target = target_new ("127.0.0.1");
  gboolean has_ipv6 = tcp_can_listen ("::1", 0);

  for (guint i = 0; i < G_N_ELEMENTS (addresses); i++)
    {
      static const char * const hosts[] = { "127.0.0.1", "localhost", "::1" };
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshForwardedPort) port = forward_from (f->client_forwarder, addresses[i], 0, "localhost", target->port, &error);

      g_assert_no_error (error);
      g_assert_nonnull (port);

      for (guint j = 0; j < (has_ipv6 ? 3 : 2); j++)
        {
          g_autoptr(GSocketConnection) outside =
            tcp_connect (hosts[j], devssh_forwarded_port_get_remote_port (port), &error);
          g_autoptr(GSocketConnection) inside = NULL;

          g_assert_no_error (error);
          inside = target_take (target);
          assert_carries (G_IO_STREAM (outside), G_IO_STREAM (inside), 100);
          assert_carries (G_IO_STREAM (inside), G_IO_STREAM (outside), 100);
        }

      devssh_forwarded_port_close (port);
    }
}

static void
test_from_ipv6_only (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) target = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(GSocketConnection) outside = NULL;
  g_autoptr(GSocketConnection) inside = NULL;
  g_autoptr(GBytes) payload = request_payload ("::1", 0);
  g_autoptr(GBytes) reply = NULL;
  g_autoptr(DevSshReader) reader = NULL;

  if (!tcp_can_listen ("::1", 0))
    {
      g_test_skip ("no IPv6");
      return;
    }

  /* To an IPv6 target. */
  target = target_new ("::1");
  port = forward_from (f->client_forwarder, "::1", 0, "::1", target->port, &error);
  g_assert_no_error (error);
  outside = tcp_connect ("::1", devssh_forwarded_port_get_remote_port (port), &error);
  g_assert_no_error (error);
  inside = target_take (target);
  assert_carries_both (G_IO_STREAM (outside), G_IO_STREAM (inside));

  /* Named by hand, ::1 stays alone. */
  g_assert_true (raw_request (f->client, "tcpip-forward", payload, &reply));
  reader = devssh_reader_new (reply);
  g_assert_null (tcp_connect ("127.0.0.1", devssh_reader_get_uint32 (reader), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
}

static void
count_cb (GObject *object,
          guint   *n)
{
  (*n)++;
}

static void
test_from_cancel (gconstpointer data)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) target = target_new ("127.0.0.1");
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(DevSshForwardedPort) again = NULL;
  g_autoptr(GSocketConnection) outside = NULL;
  g_autoptr(GSocketConnection) inside = NULL;
  gboolean listens = GPOINTER_TO_INT (data);
  guint chosen;
  guint n_closed = 0;
  guint n_theirs_closed = 0;

  port = forward_from (f->client_forwarder, NULL, 0, NULL, target->port, &error);
  g_assert_no_error (error);
  chosen = devssh_forwarded_port_get_remote_port (port);

  if (!listens)
    {
      devssh_forwarded_port_close (port);
      g_clear_object (&port);
      test_spin_until (n_items (REMOTE (f->server_forwarder)) == 0);
      devssh_port_forwarder_set_accept_local_connections_for_forwarded_ports (f->server_forwarder, FALSE);
      port = forward_from (f->client_forwarder, NULL, chosen, NULL, target->port, &error);
      g_assert_no_error (error);
      assert_text (nth_port (REMOTE (f->server_forwarder), 0), "->%u", chosen);
    }
  else
    {
      outside = tcp_connect ("127.0.0.1", chosen, &error);
      g_assert_no_error (error);
      inside = target_take (target);
      assert_carries (G_IO_STREAM (outside), G_IO_STREAM (inside), 10);
    }

  g_signal_connect (port, "closed", G_CALLBACK (count_cb), &n_closed);
  g_signal_connect (nth_port (REMOTE (f->server_forwarder), 0), "closed", G_CALLBACK (count_cb), &n_theirs_closed);
  devssh_forwarded_port_close (port);
  devssh_forwarded_port_close (port);
  g_assert_cmpuint (n_closed, ==, 1);
  g_assert_cmpuint (n_items (LOCAL (f->client_forwarder)), ==, 0);

  /* At once again, while a connection of the old one still runs. */
  again = forward_from (f->client_forwarder, NULL, chosen, NULL, target->port, &error);
  g_assert_no_error (error);
  g_assert_nonnull (again);
  g_assert_cmpuint (n_theirs_closed, ==, 1);
  g_assert_cmpuint (devssh_forwarded_port_get_remote_port (again), ==, chosen);

  if (listens)
    {
      assert_carries_both (G_IO_STREAM (outside), G_IO_STREAM (inside));
      devssh_forwarded_port_close (again);
      test_spin_until (n_items (REMOTE (f->server_forwarder)) == 0);
      g_assert_null (tcp_connect ("127.0.0.1", chosen, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
      assert_carries_both (G_IO_STREAM (outside), G_IO_STREAM (inside));
    }
}

/* Nobody waits for the "yes" any more: it is taken back. */
static void
test_from_call_cancelled (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  f->keep_questions = TRUE;
  devssh_port_forwarder_forward_from_remote_port_async (f->client_forwarder, NULL, 0, NULL, 80, cancellable,
                                                        test_keep_result_cb, &result);
  test_spin_until (f->n_requests == 1);
  g_cancellable_cancel (cancellable);
  test_spin_until (result != NULL);
  g_assert_null (devssh_port_forwarder_forward_from_remote_port_finish (f->client_forwarder, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  f->keep_questions = FALSE;
  devssh_session_request_complete (f->request, TRUE);
  test_spin_until (n_items (REMOTE (f->server_forwarder)) == 1);
  test_spin_until (n_items (REMOTE (f->server_forwarder)) == 0);
  g_assert_cmpuint (n_items (LOCAL (f->client_forwarder)), ==, 0);
}

static void
test_call_cancelled_before (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) from = NULL;
  g_autoptr(GAsyncResult) to = NULL;
  g_autoptr(GAsyncResult) stream = NULL;
  g_autoptr(GAsyncResult) wait = NULL;
  g_autoptr(GError) error = NULL;

  g_cancellable_cancel (cancellable);
  devssh_port_forwarder_forward_from_remote_port_async (f->client_forwarder, NULL, 0, NULL, 80, cancellable,
                                                        test_keep_result_cb, &from);
  devssh_port_forwarder_forward_to_remote_port_async (f->client_forwarder, NULL, 0, NULL, 80, cancellable,
                                                      test_keep_result_cb, &to);
  devssh_port_forwarder_stream_to_remote_port_async (f->client_forwarder, NULL, 80, cancellable,
                                                     test_keep_result_cb, &stream);
  devssh_port_forwarder_wait_for_forwarded_port_async (f->client_forwarder, 80, cancellable,
                                                       test_keep_result_cb, &wait);
  test_spin_until (from != NULL && to != NULL && stream != NULL && wait != NULL);
  g_assert_null (devssh_port_forwarder_forward_from_remote_port_finish (f->client_forwarder, from, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_null (devssh_port_forwarder_forward_to_remote_port_finish (f->client_forwarder, to, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_null (devssh_port_forwarder_stream_to_remote_port_finish (f->client_forwarder, stream, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_null (devssh_port_forwarder_wait_for_forwarded_port_finish (f->client_forwarder, wait, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_settle ();
  g_assert_cmpuint (f->n_requests, ==, 0);
  g_assert_cmpuint (f->n_openings, ==, 0);
}

/* The target is not there: whoever connected sees an error, and the port goes on. */
static void
test_from_no_target (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) target = target_new ("127.0.0.1");
  guint local_port = target->port;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshForwardedPort) port = forward_from (f->client_forwarder, NULL, 0, NULL, local_port, &error);

  g_assert_no_error (error);
  g_clear_pointer (&target, target_free);

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(GSocketConnection) outside =
        tcp_connect ("127.0.0.1", devssh_forwarded_port_get_remote_port (port), &error);

      g_assert_no_error (error);
      assert_broken (G_IO_STREAM (outside));
    }
}

/* ---- to a remote port ---- */

static void
test_to (gconstpointer data)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) target = target_new ("127.0.0.1");
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshForwardedPort) port = forward_to (f->client_forwarder, NULL, 0, data, target->port, &error);
  g_autoptr(GSocketConnection) outside = NULL;
  g_autoptr(GSocketConnection) inside = NULL;
  g_autoptr(DevSshReader) reader = NULL;
  g_autofree char *host = NULL;
  guint local_port;

  g_assert_no_error (error);
  local_port = devssh_forwarded_port_get_local_port (port);
  g_assert_cmpuint (local_port, >, 0);
  assert_text (port, "%u->%u", local_port, target->port);
  g_assert_cmpuint (n_items (LOCAL (f->client_forwarder)), ==, 0);
  g_assert_cmpuint (n_items (REMOTE (f->client_forwarder)), ==, 0);

  outside = tcp_connect ("localhost", local_port, &error);
  g_assert_no_error (error);
  inside = target_take (target);
  assert_carries_both (G_IO_STREAM (outside), G_IO_STREAM (inside));
  g_assert_cmpuint (f->n_openings, ==, 1);
  g_assert_cmpuint (n_items (devssh_forwarded_port_get_channels (port)), ==, 1);

  /* The application saw the host as it was asked for. */
  g_assert_cmpstr (devssh_channel_opening_get_channel_type (f->opening), ==, "direct-tcpip");
  reader = devssh_reader_new (devssh_channel_opening_get_type_data (f->opening));
  host = devssh_reader_dup_utf8 (reader);
  g_assert_cmpstr (host, ==, data);
  g_assert_cmpuint (devssh_reader_get_uint32 (reader), ==, target->port);

  devssh_forwarded_port_close (port);
  g_assert_null (tcp_connect ("127.0.0.1", local_port, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  assert_carries_both (G_IO_STREAM (outside), G_IO_STREAM (inside));
}

static void
test_to_refused (gconstpointer data)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) target = target_new ("127.0.0.1");
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshForwardedPort) port = forward_to (f->client_forwarder, NULL, 0, NULL, target->port, &error);
  g_autoptr(GSocketConnection) outside = NULL;

  g_assert_no_error (error);
  f->accept_openings = FALSE;
  if (GPOINTER_TO_INT (data))
    devssh_port_forwarder_set_accept_remote_connections_for_non_forwarded_ports (f->server_forwarder, FALSE);
  outside = tcp_connect ("127.0.0.1", devssh_forwarded_port_get_local_port (port), &error);
  g_assert_no_error (error);
  assert_broken (G_IO_STREAM (outside));
  g_assert_cmpuint (f->n_openings, ==, GPOINTER_TO_INT (data) ? 0 : 1);
  g_assert_cmpuint (target->n_connections, ==, 0);
}

static void
test_to_port_in_use (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) other = target_new ("127.0.0.1");
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshForwardedPort) port = NULL;

  g_assert_null (forward_to (f->client_forwarder, NULL, other->port, NULL, 80, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_clear_error (&error);
  g_assert_null (forward_to (f->client_forwarder, "no address", 0, NULL, 80, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED);
  g_clear_error (&error);

  port = forward_to (f->client_forwarder, NULL, 0, NULL, 80, &error);
  g_assert_no_error (error);
  g_assert_null (forward_to (f->client_forwarder, NULL, devssh_forwarded_port_get_local_port (port), NULL, 81, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
}

/* ---- streams ---- */

static void
test_stream_to (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) target = target_new ("127.0.0.1");
  g_autoptr(GError) error = NULL;
  g_autoptr(GIOStream) stream = stream_to (f->client_forwarder, NULL, target->port, &error);
  g_autoptr(GSocketConnection) inside = NULL;

  g_assert_no_error (error);
  inside = target_take (target);
  assert_carries_both (stream, G_IO_STREAM (inside));
  g_io_stream_close (stream, NULL, NULL);
  assert_eof (G_IO_STREAM (inside));
}

static void
test_stream_to_fails (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) target = target_new ("127.0.0.1");
  guint closed_port = target->port;
  g_autoptr(GError) error = NULL;

  g_clear_pointer (&target, target_free);

  /* The TCP connect comes before the confirmation: its failure is the open's. */
  g_assert_null (stream_to (f->client_forwarder, NULL, closed_port, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
  g_clear_error (&error);

  f->accept_openings = FALSE;
  g_assert_null (stream_to (f->client_forwarder, NULL, closed_port, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_RESOURCE_SHORTAGE);
  g_assert_nonnull (strstr (error->message, "not today"));
}

static void
take_stream_cb (DevSshForwardedPort  *port,
                GIOStream            *stream,
                GIOStream           **place)
{
  g_set_object (place, stream);
}

static void
test_stream_from (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshForwardedPort) port = stream_from (f->client_forwarder, NULL, 0, &error);
  g_autoptr(GSocketConnection) refused = NULL;
  g_autoptr(GSocketConnection) outside = NULL;
  g_autoptr(GIOStream) stream = NULL;
  guint chosen;

  g_assert_no_error (error);
  chosen = devssh_forwarded_port_get_remote_port (port);
  assert_text (port, "<-%u", chosen);

  /* Nobody takes streams. */
  refused = tcp_connect ("127.0.0.1", chosen, &error);
  g_assert_no_error (error);
  assert_broken (G_IO_STREAM (refused));

  g_signal_connect (port, "stream-opened", G_CALLBACK (take_stream_cb), &stream);
  outside = tcp_connect ("127.0.0.1", chosen, &error);
  g_assert_no_error (error);
  test_spin_until (stream != NULL);
  assert_carries_both (stream, G_IO_STREAM (outside));
  g_assert_cmpuint (n_items (devssh_forwarded_port_get_channels (port)), ==, 1);

  tcp_shutdown_write (outside);
  assert_eof (stream);
  g_clear_object (&stream);
  assert_eof (G_IO_STREAM (outside));
}

static void
take_forwarder_stream_cb (DevSshPortForwarder  *forwarder,
                          DevSshForwardedPort  *port,
                          GIOStream            *stream,
                          GIOStream           **place)
{
  g_set_object (place, stream);
}

/* ---- without a listening socket ---- */

static void
test_connect_to (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) target = target_new ("127.0.0.1");
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(DevSshForwardedPort) streamed = NULL;
  g_autoptr(GIOStream) stream = NULL;
  g_autoptr(GIOStream) second = NULL;
  g_autoptr(GIOStream) taken = NULL;
  g_autoptr(GSocketConnection) inside = NULL;

  devssh_port_forwarder_set_accept_local_connections_for_forwarded_ports (f->server_forwarder, FALSE);

  /* Nobody listens, so nobody can choose. */
  g_assert_null (forward_from (f->client_forwarder, NULL, 0, NULL, 80, &error));
  g_assert_no_error (error);

  port = forward_from (f->client_forwarder, NULL, 1, NULL, target->port, &error);
  g_assert_no_error (error);
  g_assert_nonnull (port);
  g_assert_true (nth_port (REMOTE (f->server_forwarder), 0) != NULL);
  assert_text (nth_port (REMOTE (f->server_forwarder), 0), "->1");

  stream = connect_to (f->server_forwarder, 1, &error);
  g_assert_no_error (error);
  inside = target_take (target);
  assert_carries_both (stream, G_IO_STREAM (inside));
  g_assert_cmpuint (n_items (devssh_forwarded_port_get_channels (nth_port (REMOTE (f->server_forwarder), 0))), ==, 1);

  /* Into a stream at the other end: no TCP at all. */
  streamed = stream_from (f->client_forwarder, NULL, 2, &error);
  g_assert_no_error (error);
  g_signal_connect (f->client_forwarder, "stream-opened", G_CALLBACK (take_forwarder_stream_cb), &taken);
  second = connect_to (f->server_forwarder, 2, &error);
  g_assert_no_error (error);
  test_spin_until (taken != NULL);
  assert_carries_both (second, taken);

  g_assert_null (connect_to (f->server_forwarder, 3, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  g_clear_error (&error);
  g_assert_null (connect_to (f->client_forwarder, 1, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
}

static gboolean
veto_cb (DevSshSession        *session,
         DevSshChannelOpening *opening,
         gpointer              user_data)
{
  devssh_channel_opening_reject (opening, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED, "vetoed");

  return TRUE;
}

static gboolean
undecided_cb (DevSshSession        *session,
              DevSshChannelOpening *opening,
              guint                *n)
{
  (*n)++;

  return FALSE;
}

static gboolean
answer_and_throw_cb (DevSshSession        *session,
                     DevSshChannelOpening *opening,
                     gboolean             *accept)
{
  if (*accept)
    devssh_channel_opening_accept (opening);
  else
    devssh_channel_opening_reject (opening, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED, "vetoed");

  return FALSE;
}

/* Who answers and then throws has refused, whatever the answer was (design D6): that is not the same as to leave it. */
static void
test_from_thrown (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(GIOStream) taken = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshForwardedPort) port = NULL;
  gboolean accept;

  devssh_port_forwarder_set_accept_local_connections_for_forwarded_ports (f->server_forwarder, FALSE);
  g_signal_connect (f->client_forwarder, "stream-opened", G_CALLBACK (take_forwarder_stream_cb), &taken);
  port = stream_from (f->client_forwarder, NULL, 1, &error);
  g_assert_no_error (error);

  g_signal_connect (f->client, "channel-opening", G_CALLBACK (answer_and_throw_cb), &accept);
  for (accept = FALSE; accept <= TRUE; accept++)
    {
      g_assert_null (connect_to (f->server_forwarder, 1, &error));
      g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
      g_clear_error (&error);
    }
  g_assert_null (taken);
}

/* A port that was asked for is accepted, unless a handler says no to one of its channels. */
static void
test_from_veto (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(GIOStream) taken = NULL;
  g_autoptr(GIOStream) stream = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshForwardedPort) port = NULL;
  guint n_undecided = 0;

  devssh_port_forwarder_set_accept_local_connections_for_forwarded_ports (f->server_forwarder, FALSE);
  g_signal_connect (f->client_forwarder, "stream-opened", G_CALLBACK (take_forwarder_stream_cb), &taken);
  port = stream_from (f->client_forwarder, NULL, 1, &error);
  g_assert_no_error (error);

  g_signal_connect (f->client, "channel-opening", G_CALLBACK (undecided_cb), &n_undecided);
  stream = connect_to (f->server_forwarder, 1, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_undecided, ==, 1);

  g_signal_connect (f->client, "channel-opening", G_CALLBACK (veto_cb), NULL);
  g_assert_null (connect_to (f->server_forwarder, 1, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
  g_assert_nonnull (strstr (error->message, "vetoed"));
}

static void
test_wait_for (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(GAsyncResult) early = NULL;
  g_autoptr(GAsyncResult) other = NULL;
  g_autoptr(GAsyncResult) cancelled = NULL;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(DevSshForwardedPort) waited = NULL;
  g_autoptr(DevSshForwardedPort) late = NULL;

  devssh_port_forwarder_set_accept_local_connections_for_forwarded_ports (f->server_forwarder, FALSE);
  devssh_port_forwarder_wait_for_forwarded_port_async (f->server_forwarder, 1, NULL, test_keep_result_cb, &early);
  devssh_port_forwarder_wait_for_forwarded_port_async (f->server_forwarder, 2, NULL, test_keep_result_cb, &other);
  devssh_port_forwarder_wait_for_forwarded_port_async (f->server_forwarder, 1, cancellable, test_keep_result_cb, &cancelled);
  test_settle ();
  g_assert_null (early);
  g_cancellable_cancel (cancellable);
  test_spin_until (cancelled != NULL);
  g_assert_null (devssh_port_forwarder_wait_for_forwarded_port_finish (f->server_forwarder, cancelled, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  port = forward_from (f->client_forwarder, NULL, 1, NULL, 80, &error);
  g_assert_no_error (error);
  test_spin_until (early != NULL);
  g_assert_null (other);
  waited = devssh_port_forwarder_wait_for_forwarded_port_finish (f->server_forwarder, early, &error);
  g_assert_no_error (error);
  g_assert_true (waited == nth_port (REMOTE (f->server_forwarder), 0));
  late = wait_for (f->server_forwarder, 1, &error);
  g_assert_no_error (error);
  g_assert_true (late == waited);

  forwarding_close_sessions (f);
  test_spin_until (other != NULL);
  g_assert_null (devssh_port_forwarder_wait_for_forwarded_port_finish (f->server_forwarder, other, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);
}

/* ---- how connections end ---- */

typedef struct
{
  Forwarding          *f;
  Target              *target;
  DevSshForwardedPort *port;
  GSocketConnection   *outside;
  GSocketConnection   *inside;
} Joined;

static void
joined_clear (Joined *self)
{
  g_clear_object (&self->outside);
  g_clear_object (&self->inside);
  g_clear_object (&self->port);
  target_free (self->target);
  forwarding_free (self->f);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Joined, joined_clear)

/* data: FALSE from a remote port, TRUE to one. Outside is where somebody connected. */
static void
join (Joined        *self,
      gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  gboolean to = GPOINTER_TO_INT (data);

  self->f = forwarding_new ();
  self->target = target_new ("127.0.0.1");
  self->port = to ? forward_to (self->f->client_forwarder, NULL, 0, NULL, self->target->port, &error)
                  : forward_from (self->f->client_forwarder, NULL, 0, NULL, self->target->port, &error);
  g_assert_no_error (error);
  self->outside = tcp_connect ("127.0.0.1", to ? devssh_forwarded_port_get_local_port (self->port)
                                               : devssh_forwarded_port_get_remote_port (self->port), &error);
  g_assert_no_error (error);
  self->inside = target_take (self->target);
  assert_carries_both (G_IO_STREAM (self->outside), G_IO_STREAM (self->inside));
}

static void
test_half_close (gconstpointer data)
{
  g_auto(Joined) j = { 0, };

  join (&j, data);

  /* The end of one direction is passed on, and the other one still carries. */
  tcp_shutdown_write (j.outside);
  assert_eof (G_IO_STREAM (j.inside));
  assert_carries (G_IO_STREAM (j.inside), G_IO_STREAM (j.outside), 500 * 1000);
  tcp_shutdown_write (j.inside);
  assert_eof (G_IO_STREAM (j.outside));
  test_spin_until (n_items (devssh_forwarded_port_get_channels (j.port)) == 0);
}

static void
test_half_close_inside (gconstpointer data)
{
  g_auto(Joined) j = { 0, };

  join (&j, data);
  tcp_shutdown_write (j.inside);
  assert_eof (G_IO_STREAM (j.outside));
  assert_carries (G_IO_STREAM (j.outside), G_IO_STREAM (j.inside), 500 * 1000);
  tcp_shutdown_write (j.outside);
  assert_eof (G_IO_STREAM (j.inside));
  test_spin_until (n_items (devssh_forwarded_port_get_channels (j.port)) == 0);
}

static void
test_reset (gconstpointer data)
{
  g_auto(Joined) j = { 0, };

  join (&j, data);
  tcp_reset (j.outside);
  assert_broken (G_IO_STREAM (j.inside));
  test_spin_until (n_items (devssh_forwarded_port_get_channels (j.port)) == 0);
}

static void
test_reset_inside (gconstpointer data)
{
  g_auto(Joined) j = { 0, };

  join (&j, data);
  tcp_reset (j.inside);
  assert_broken (G_IO_STREAM (j.outside));
  test_spin_until (n_items (devssh_forwarded_port_get_channels (j.port)) == 0);
}

static void
test_session_closed (gconstpointer data)
{
  g_auto(Joined) j = { 0, };
  g_autoptr(GError) error = NULL;
  guint n_closed = 0;

  join (&j, data);
  g_signal_connect (j.port, "closed", G_CALLBACK (count_cb), &n_closed);
  forwarding_close_sessions (j.f);
  assert_broken (G_IO_STREAM (j.outside));
  assert_broken (G_IO_STREAM (j.inside));
  g_assert_cmpuint (n_closed, ==, 1);
  g_assert_true (devssh_forwarded_port_get_is_closed (j.port));
  devssh_forwarded_port_close (j.port);
  g_assert_cmpuint (n_closed, ==, 1);
}

static void
test_closed_forwarder (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(DevSshPortForwarder) forwarder = g_object_ref (f->client_forwarder);
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(GError) error = NULL;
  guint local_port;

  port = forward_to (forwarder, NULL, 0, NULL, 80, &error);
  g_assert_no_error (error);
  local_port = devssh_forwarded_port_get_local_port (port);
  forwarding_close_sessions (f);
  g_assert_true (tcp_can_listen ("127.0.0.1", local_port));

  g_assert_null (forward_from (forwarder, NULL, 0, NULL, 80, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_null (forward_to (forwarder, NULL, 0, NULL, 80, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_null (stream_to (forwarder, NULL, 80, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_null (connect_to (forwarder, 80, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_null (wait_for (forwarder, 80, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);
}

/* Sessions that end while things are under way leave nothing behind: ASan looks. */
static void
test_closed_meanwhile (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) target = target_new ("127.0.0.1");
  g_autoptr(GAsyncResult) from = NULL;
  g_autoptr(GAsyncResult) stream = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshForwardedPort) port = forward_to (f->client_forwarder, NULL, 0, NULL, target->port, &error);
  g_autoptr(GSocketConnection) outside = NULL;

  g_assert_no_error (error);
  f->keep_questions = TRUE;
  devssh_port_forwarder_forward_from_remote_port_async (f->client_forwarder, NULL, 0, NULL, 80, NULL,
                                                        test_keep_result_cb, &from);
  devssh_port_forwarder_stream_to_remote_port_async (f->client_forwarder, NULL, target->port, NULL,
                                                     test_keep_result_cb, &stream);
  outside = tcp_connect ("127.0.0.1", devssh_forwarded_port_get_local_port (port), &error);
  g_assert_no_error (error);
  test_spin_until (f->n_requests == 1 && f->n_openings == 2);
  forwarding_close_sessions (f);
  test_spin_until (from != NULL && stream != NULL);
  g_assert_null (devssh_port_forwarder_forward_from_remote_port_finish (f->client_forwarder, from, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_null (devssh_port_forwarder_stream_to_remote_port_finish (f->client_forwarder, stream, &error));
  g_assert_nonnull (error);
  assert_broken (G_IO_STREAM (outside));

  /* Too late, and harmless. */
  devssh_channel_opening_accept (f->opening);
  devssh_session_request_complete (f->request, TRUE);
  test_settle ();
  g_assert_cmpuint (target->n_connections, ==, 0);
}

static void
test_many_connections (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) first = target_new ("127.0.0.1");
  g_autoptr(Target) second = target_new ("127.0.0.1");
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshForwardedPort) from = forward_from (f->client_forwarder, NULL, 0, NULL, first->port, &error);
  g_autoptr(DevSshForwardedPort) to = forward_to (f->client_forwarder, NULL, 0, NULL, second->port, &error);
  GSocketConnection *outside[20];
  GSocketConnection *inside[20];

  g_assert_no_error (error);

  for (guint i = 0; i < 20; i++)
    {
      outside[i] = tcp_connect ("127.0.0.1", i % 2 == 0 ? devssh_forwarded_port_get_remote_port (from)
                                                        : devssh_forwarded_port_get_local_port (to), &error);
      g_assert_no_error (error);
      inside[i] = target_take (i % 2 == 0 ? first : second);
    }

  g_assert_cmpuint (n_items (devssh_forwarded_port_get_channels (from)), ==, 10);

  for (guint i = 0; i < 20; i += 3)
    tcp_reset (outside[i]);

  for (guint i = 0; i < 20; i++)
    {
      if (i % 3 != 0)
        assert_carries_both (G_IO_STREAM (outside[i]), G_IO_STREAM (inside[i]));
      else
        assert_broken (G_IO_STREAM (inside[i]));
    }

  for (guint i = 0; i < 20; i++)
    {
      g_object_unref (outside[i]);
      g_object_unref (inside[i]);
    }
}

/* ---- ::forwarded-port-connecting ---- */

/* Turns every byte around: both ends must, or nothing is understood. */
typedef struct { GObject parent_instance; } TestTurner;
typedef GObjectClass TestTurnerClass;
GType test_turner_get_type (void);

static GConverterResult
test_turner_convert (GConverter      *converter,
                     const void      *in,
                     gsize            in_size,
                     void            *out,
                     gsize            out_size,
                     GConverterFlags  flags,
                     gsize           *bytes_read,
                     gsize           *bytes_written,
                     GError         **error)
{
  gsize n = MIN (in_size, out_size);

  if (n == 0 && (flags & G_CONVERTER_INPUT_AT_END) == 0 && (flags & G_CONVERTER_FLUSH) == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT, "more");
      return G_CONVERTER_ERROR;
    }

  for (gsize i = 0; i < n; i++)
    ((guint8 *) out)[i] = ((const guint8 *) in)[i] ^ 0x5a;

  *bytes_read = *bytes_written = n;
  if ((flags & G_CONVERTER_INPUT_AT_END) != 0 && n == in_size)
    return G_CONVERTER_FINISHED;
  return (flags & G_CONVERTER_FLUSH) != 0 && n == in_size ? G_CONVERTER_FLUSHED : G_CONVERTER_CONVERTED;
}

static void
test_turner_reset (GConverter *converter)
{
}

static void
test_turner_iface_init (GConverterIface *iface)
{
  iface->convert = test_turner_convert;
  iface->reset = test_turner_reset;
}

G_DEFINE_TYPE_WITH_CODE (TestTurner, test_turner, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (G_TYPE_CONVERTER, test_turner_iface_init))

static void test_turner_class_init (TestTurnerClass *klass) { }
static void test_turner_init (TestTurner *self) { }

static GIOStream *
turned (GIOStream *stream)
{
  g_autoptr(GConverter) in = g_object_new (test_turner_get_type (), NULL);
  g_autoptr(GConverter) out = g_object_new (test_turner_get_type (), NULL);
  g_autoptr(GInputStream) input = g_converter_input_stream_new (g_io_stream_get_input_stream (stream), in);
  g_autoptr(GOutputStream) output = g_converter_output_stream_new (g_io_stream_get_output_stream (stream), out);
  GIOStream *result = g_simple_io_stream_new (input, output);

  /* It lives by the stream below. */
  g_object_set_data_full (G_OBJECT (result), "below", g_object_ref (stream), g_object_unref);

  return result;
}

typedef struct
{
  guint                          n;
  guint                          port;
  gboolean                       is_incoming;
  GIOStream                     *stream;
  DevSshForwardedPortConnecting *kept;
} Connecting;

static void
note_connecting (Connecting                    *seen,
                 DevSshForwardedPortConnecting *connecting)
{
  seen->n++;
  seen->port = devssh_forwarded_port_connecting_get_port (connecting);
  seen->is_incoming = devssh_forwarded_port_connecting_get_is_incoming (connecting);
  seen->stream = devssh_forwarded_port_connecting_get_stream (connecting);
}

static gboolean
connecting_accept_cb (DevSshPortForwarder           *forwarder,
                      DevSshForwardedPortConnecting *connecting,
                      Connecting                    *seen)
{
  note_connecting (seen, connecting);
  devssh_forwarded_port_connecting_accept (connecting);

  return TRUE;
}

static gboolean
connecting_replace_cb (DevSshPortForwarder           *forwarder,
                       DevSshForwardedPortConnecting *connecting,
                       Connecting                    *seen)
{
  g_autoptr(GIOStream) stream = turned (devssh_forwarded_port_connecting_get_stream (connecting));

  note_connecting (seen, connecting);
  devssh_forwarded_port_connecting_replace (connecting, stream);

  return TRUE;
}

static gboolean
connecting_reject_cb (DevSshPortForwarder           *forwarder,
                      DevSshForwardedPortConnecting *connecting,
                      Connecting                    *seen)
{
  note_connecting (seen, connecting);
  devssh_forwarded_port_connecting_reject (connecting);

  return TRUE;
}

static gboolean
connecting_keep_cb (DevSshPortForwarder           *forwarder,
                    DevSshForwardedPortConnecting *connecting,
                    Connecting                    *seen)
{
  note_connecting (seen, connecting);
  g_set_object (&seen->kept, connecting);

  return TRUE;
}

static void
test_connecting (gconstpointer data)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) target = target_new ("127.0.0.1");
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(GSocketConnection) outside = NULL;
  g_autoptr(GSocketConnection) inside = NULL;
  Connecting ours = { 0, };
  Connecting theirs = { 0, };
  guint chosen;

  g_signal_connect (f->client_forwarder, "forwarded-port-connecting", G_CALLBACK (data), &ours);
  g_signal_connect (f->server_forwarder, "forwarded-port-connecting", G_CALLBACK (data), &theirs);
  port = forward_from (f->client_forwarder, NULL, 0, NULL, target->port, &error);
  g_assert_no_error (error);
  chosen = devssh_forwarded_port_get_remote_port (port);
  outside = tcp_connect ("127.0.0.1", chosen, &error);
  g_assert_no_error (error);
  inside = target_take (target);
  test_spin_until (ours.n == 1 && theirs.n == 1);

  /* The client is connected to by the server (protocol.md 6.7). */
  g_assert_cmpuint (ours.port, ==, chosen);
  g_assert_true (ours.is_incoming);
  g_assert_true (G_IS_IO_STREAM (ours.stream));
  g_assert_cmpuint (theirs.port, ==, chosen);
  g_assert_false (theirs.is_incoming);

  assert_carries_both (G_IO_STREAM (outside), G_IO_STREAM (inside));
  tcp_shutdown_write (outside);
  assert_eof (G_IO_STREAM (inside));
  assert_carries (G_IO_STREAM (inside), G_IO_STREAM (outside), 100 * 1000);
  tcp_shutdown_write (inside);
  assert_eof (G_IO_STREAM (outside));
  test_spin_until (n_items (devssh_forwarded_port_get_channels (port)) == 0);
}

/* One side only: what arrives is turned around, so the stream was really in between. */
static void
test_connecting_one_side (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) target = target_new ("127.0.0.1");
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(GSocketConnection) outside = NULL;
  g_autoptr(GSocketConnection) inside = NULL;
  Connecting seen = { 0, };
  guint8 byte = 0;
  gsize n;

  g_signal_connect (f->server_forwarder, "forwarded-port-connecting", G_CALLBACK (connecting_replace_cb), &seen);
  port = forward_to (f->client_forwarder, NULL, 0, NULL, target->port, &error);
  g_assert_no_error (error);
  outside = tcp_connect ("127.0.0.1", devssh_forwarded_port_get_local_port (port), &error);
  g_assert_no_error (error);
  inside = target_take (target);
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (outside)), "A", 1, &n, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (read_some (G_IO_STREAM (inside), &byte, 1, &error), ==, 1);
  g_assert_cmpuint (byte, ==, 'A' ^ 0x5a);
  g_assert_true (seen.is_incoming);
  g_assert_cmpuint (seen.port, ==, target->port);
}

static void
test_connecting_reset (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) target = target_new ("127.0.0.1");
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshForwardedPort) port = NULL;
  Connecting seen = { 0, };

  g_signal_connect (f->client_forwarder, "forwarded-port-connecting", G_CALLBACK (connecting_accept_cb), &seen);
  port = forward_from (f->client_forwarder, NULL, 0, NULL, target->port, &error);
  g_assert_no_error (error);

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(GSocketConnection) outside =
        tcp_connect ("127.0.0.1", devssh_forwarded_port_get_remote_port (port), &error);
      g_autoptr(GSocketConnection) inside = NULL;

      g_assert_no_error (error);
      inside = target_take (target);
      assert_carries_both (G_IO_STREAM (outside), G_IO_STREAM (inside));
      tcp_reset (i == 0 ? outside : inside);
      assert_broken (G_IO_STREAM (i == 0 ? inside : outside));
      test_spin_until (n_items (devssh_forwarded_port_get_channels (port)) == 0);
    }
}

/* By the side that is connected to: the opener's call fails. By the one that connects: it ends. */
static void
test_connecting_rejected (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) target = target_new ("127.0.0.1");
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(GSocketConnection) outside = NULL;
  g_autoptr(GSocketConnection) inside = NULL;
  Connecting seen = { 0, };

  g_signal_connect (f->server_forwarder, "forwarded-port-connecting", G_CALLBACK (connecting_reject_cb), &seen);
  g_assert_null (stream_to (f->client_forwarder, NULL, target->port, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
  g_clear_error (&error);
  inside = target_take (target);
  assert_broken (G_IO_STREAM (inside));
  g_clear_object (&inside);

  g_signal_connect (f->client_forwarder, "forwarded-port-connecting", G_CALLBACK (connecting_reject_cb), &seen);
  g_signal_handlers_disconnect_by_func (f->server_forwarder, connecting_reject_cb, &seen);
  g_assert_null (stream_to (f->client_forwarder, NULL, target->port, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_REFUSED);
  g_clear_error (&error);
  inside = target_take (target);
  assert_ended (G_IO_STREAM (inside));

  port = forward_to (f->client_forwarder, NULL, 0, NULL, target->port, &error);
  g_assert_no_error (error);
  outside = tcp_connect ("127.0.0.1", devssh_forwarded_port_get_local_port (port), &error);
  g_assert_no_error (error);
  assert_broken (G_IO_STREAM (outside));
  g_assert_cmpuint (seen.n, ==, 3);
}

static void
test_connecting_later (gconstpointer data)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) target = target_new ("127.0.0.1");
  g_autoptr(GError) error = NULL;
  g_autoptr(GIOStream) stream = NULL;
  g_autoptr(GSocketConnection) inside = NULL;
  Connecting seen = { 0, };

  g_signal_connect (f->server_forwarder, "forwarded-port-connecting", G_CALLBACK (connecting_keep_cb), &seen);

  /* The peer has its confirmation meanwhile, for a handshake may need both ends. */
  stream = stream_to (f->client_forwarder, NULL, target->port, &error);
  g_assert_no_error (error);
  inside = target_take (target);
  g_assert_nonnull (seen.kept);

  if (GPOINTER_TO_INT (data))
    {
      devssh_forwarded_port_connecting_accept (seen.kept);
      assert_carries_both (stream, G_IO_STREAM (inside));
      g_clear_object (&seen.kept);
    }
  else
    {
      g_clear_object (&seen.kept);
      assert_ended (stream);
      assert_broken (G_IO_STREAM (inside));
    }
}

static void
test_connecting_session_closed (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) target = target_new ("127.0.0.1");
  g_autoptr(GError) error = NULL;
  g_autoptr(GIOStream) stream = NULL;
  g_autoptr(GSocketConnection) inside = NULL;
  Connecting seen = { 0, };

  g_signal_connect (f->server_forwarder, "forwarded-port-connecting", G_CALLBACK (connecting_keep_cb), &seen);
  stream = stream_to (f->client_forwarder, NULL, target->port, &error);
  g_assert_no_error (error);
  inside = target_take (target);
  forwarding_close_sessions (f);
  assert_broken (G_IO_STREAM (inside));
  devssh_forwarded_port_connecting_accept (seen.kept);
  g_clear_object (&seen.kept);
  test_settle ();
}

/* ---- channels for the application ---- */

/* data: TRUE: a handler accepts and has the channel; FALSE: no handler takes it, and accept_channel gets it. */
static void
test_raw_channels (gconstpointer data)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(GAsyncResult) accepted = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GIOStream) ours = NULL;
  g_autoptr(GIOStream) theirs = NULL;
  g_autoptr(DevSshChannel) channel = NULL;
  gboolean by_handler = GPOINTER_TO_INT (data);

  devssh_port_forwarder_set_forward_connections_to_local_ports (f->server_forwarder, FALSE);
  f->leave_openings = !by_handler;

  /* Nobody at all: refused. */
  if (!by_handler)
    {
      g_assert_null (stream_to (f->client_forwarder, "nowhere.example", 80, &error));
      g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
      g_clear_error (&error);
      devssh_session_accept_channel_async (f->server, "direct-tcpip", NULL, test_keep_result_cb, &accepted);
    }

  ours = stream_to (f->client_forwarder, "nowhere.example", 80, &error);
  g_assert_no_error (error);

  if (by_handler)
    channel = g_object_ref (devssh_channel_opening_get_channel (f->opening));
  else
    {
      test_spin_until (accepted != NULL);
      channel = devssh_session_accept_channel_finish (f->server, accepted, &error);
      g_assert_no_error (error);
    }

  theirs = G_IO_STREAM (devssh_channel_stream_new (channel, &error));
  g_assert_no_error (error);
  assert_carries_both (ours, theirs);

  /* The gate is still there. */
  f->n_openings = 0;
  devssh_port_forwarder_set_accept_remote_connections_for_non_forwarded_ports (f->server_forwarder, FALSE);
  g_assert_null (stream_to (f->client_forwarder, "nowhere.example", 80, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
  g_assert_cmpuint (f->n_openings, ==, 0);
}

/* The other side's channels of a port that was asked for. */
static void
test_raw_forwarded (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(GAsyncResult) accepted = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(GSocketConnection) outside = NULL;
  g_autoptr(GIOStream) inside = NULL;
  g_autoptr(DevSshChannel) channel = NULL;

  devssh_port_forwarder_set_forward_connections_to_local_ports (f->client_forwarder, FALSE);
  port = forward_from (f->client_forwarder, NULL, 0, NULL, 1, &error);
  g_assert_no_error (error);
  devssh_session_accept_channel_async (f->client, "forwarded-tcpip", NULL, test_keep_result_cb, &accepted);
  outside = tcp_connect ("127.0.0.1", devssh_forwarded_port_get_remote_port (port), &error);
  g_assert_no_error (error);
  test_spin_until (accepted != NULL);
  channel = devssh_session_accept_channel_finish (f->client, accepted, &error);
  g_assert_no_error (error);
  inside = G_IO_STREAM (devssh_channel_stream_new (channel, &error));
  g_assert_no_error (error);
  assert_carries_both (G_IO_STREAM (outside), inside);
  g_assert_cmpuint (n_items (devssh_forwarded_port_get_channels (port)), ==, 1);
}

/* ---- the same calls on the session ---- */

#define AWAIT(session, name, ...) \
  (drop_result (&result), \
   devssh_session_##name##_async (session, ##__VA_ARGS__, NULL, test_keep_result_cb, &result), \
   wait_for_result (&result), \
   devssh_session_##name##_finish (session, result, &error))

static void
drop_result (GAsyncResult **result)
{
  g_clear_object (result);
}

static void
wait_for_result (GAsyncResult **result)
{
  test_spin_until (*result != NULL);
}

static void
test_session_calls (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) target = target_new ("127.0.0.1");
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshForwardedPort) from = NULL;
  g_autoptr(DevSshForwardedPort) to = NULL;
  g_autoptr(DevSshForwardedPort) streamed = NULL;
  g_autoptr(DevSshForwardedPort) waited = NULL;
  g_autoptr(GIOStream) stream = NULL;
  g_autoptr(GIOStream) connected = NULL;
  g_autoptr(GIOStream) taken = NULL;
  g_autoptr(GSocketConnection) inside = NULL;

  g_assert_true (devssh_session_get_port_forwarder (f->client, &error) == f->client_forwarder);
  g_assert_no_error (error);

  from = AWAIT (f->client, forward_from_remote_port, NULL, 0, NULL, target->port);
  g_assert_no_error (error);
  g_assert_cmpuint (devssh_forwarded_port_get_remote_port (from), >, 0);
  to = AWAIT (f->client, forward_to_remote_port, NULL, 0, NULL, target->port);
  g_assert_no_error (error);
  g_assert_cmpuint (devssh_forwarded_port_get_local_port (to), >, 0);
  stream = AWAIT (f->client, stream_to_remote_port, NULL, target->port);
  g_assert_no_error (error);
  inside = target_take (target);
  assert_carries_both (stream, G_IO_STREAM (inside));
  streamed = AWAIT (f->client, stream_from_remote_port, NULL, 0);
  g_assert_no_error (error);
  g_signal_connect (streamed, "stream-opened", G_CALLBACK (take_stream_cb), &taken);
  waited = AWAIT (f->server, wait_for_forwarded_port, devssh_forwarded_port_get_remote_port (streamed));
  g_assert_no_error (error);
  connected = AWAIT (f->server, connect_to_forwarded_port, devssh_forwarded_port_get_remote_port (waited));
  g_assert_no_error (error);
  test_spin_until (taken != NULL);
  assert_carries_both (connected, taken);

  /* What is wrong with the arguments, what the peer refuses, and what is not there. */
  g_assert_null (AWAIT (f->client, stream_to_remote_port, NULL, 65536));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  f->accept_requests = FALSE;
  g_assert_null (AWAIT (f->client, stream_from_remote_port, NULL, 0));
  g_assert_no_error (error);
  g_assert_null (AWAIT (f->server, connect_to_forwarded_socket, "/nowhere"));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  g_clear_error (&error);

  forwarding_close_sessions (f);
  g_assert_null (AWAIT (f->client, wait_for_forwarded_socket, "/nowhere"));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);
}

/* The error says what has to be called. */
static void
test_session_not_allowed (void)
{
  g_autoptr(Forwarding) f = forwarding_new_full (FALSE, TRUE);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_null (AWAIT (f->client, forward_from_remote_port, NULL, 0, NULL, 80));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_NO_SERVICE);
  g_assert_nonnull (strstr (error->message, "devssh_session_config_allow_plugins()"));
  g_clear_error (&error);
  g_assert_null (devssh_session_get_port_forwarder (f->client, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_NO_SERVICE);
}

/* Both sides ask for a port while they connect to ports, and nobody waits for anybody (protocol.md 6.6). */
static void
test_simultaneous (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) ours = target_new ("127.0.0.1");
  g_autoptr(Target) theirs = target_new ("127.0.0.1");
  Target *targets[2] = { ours, theirs };
  DevSshSession *sessions[2] = { f->client, f->server };
  GAsyncResult *asked[4] = { NULL, };
  GAsyncResult *connected[4] = { NULL, };
  DevSshForwardedPort *ports[4];

  g_signal_connect (f->client, "request", G_CALLBACK (accept_request_cb), NULL);

  for (guint i = 0; i < 4; i++)
    devssh_session_forward_from_remote_port_async (sessions[i / 2], i % 2 == 0 ? NULL : "127.0.0.2", 0, "localhost",
                                                   i % 2 == 0 ? targets[i / 2]->port : 1, NULL,
                                                   test_keep_result_cb, &asked[i]);
  test_spin_until (asked[0] != NULL && asked[1] != NULL && asked[2] != NULL && asked[3] != NULL);

  for (guint i = 0; i < 4; i++)
    {
      g_autoptr(GError) error = NULL;

      ports[i] = devssh_session_forward_from_remote_port_finish (sessions[i / 2], asked[i], &error);
      g_assert_no_error (error);
      g_object_unref (asked[i]);
    }

  /* Without a turn of the loop in between. */
  for (guint i = 0; i < 4; i++)
    devssh_session_connect_to_forwarded_port_async (sessions[1 - i / 2], devssh_forwarded_port_get_remote_port (ports[i]),
                                                    NULL, test_keep_result_cb, &connected[i]);
  test_spin_until (connected[0] != NULL && connected[1] != NULL && connected[2] != NULL && connected[3] != NULL);

  for (guint i = 0; i < 4; i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(GIOStream) stream =
        devssh_session_connect_to_forwarded_port_finish (sessions[1 - i / 2], connected[i], &error);

      if (i % 2 == 0)
        {
          g_autoptr(GSocketConnection) inside = target_take (targets[i / 2]);

          g_assert_no_error (error);
          assert_carries_both (stream, G_IO_STREAM (inside));
        }
      else
        g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);

      g_object_unref (connected[i]);
      g_object_unref (ports[i]);
    }
}

/* ---- slow sides ---- */

static void
write_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  gsize *total = user_data;
  gssize n = g_output_stream_write_finish (G_OUTPUT_STREAM (source), result, NULL);
  static const guint8 zeros[65536];

  if (n <= 0)
    return;

  *total += n;
  g_output_stream_write_async (G_OUTPUT_STREAM (source), zeros, sizeof zeros, G_PRIORITY_DEFAULT, NULL, write_cb, total);
}

static gboolean
flag_cb (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;

  return G_SOURCE_REMOVE;
}

/* Nobody reads at the far end: the near one is held up, and not by our memory. */
static void
test_back_pressure (void)
{
  g_auto(Joined) j = { 0, };
  static guint8 buffer[65536];
  gsize total = 0;
  gsize before;
  gsize read = 0;

  join (&j, GINT_TO_POINTER (FALSE));
  g_output_stream_write_async (g_io_stream_get_output_stream (G_IO_STREAM (j.outside)), buffer, 1,
                               G_PRIORITY_DEFAULT, NULL, write_cb, &total);

  /* Until it stands still: a whole quiet interval without a byte. */
  do
    {
      gboolean quiet = FALSE;

      before = total;
      g_timeout_add (200, flag_cb, &quiet);
      test_spin_until (quiet);
    }
  while (total != before);

  /* Windows, and what the sockets of this machine hold; the peer's window grows to 16 MiB at most. */
  g_test_message ("%" G_GSIZE_FORMAT " bytes under way", total);
  g_assert_cmpuint (total, <, 48 * 1024 * 1024);

  /* And it goes on. */
  before = total + 1024 * 1024;
  while (read < before)
    {
      g_autoptr(GError) error = NULL;
      gssize n = read_some (G_IO_STREAM (j.inside), buffer, sizeof buffer, &error);

      g_assert_no_error (error);
      g_assert_cmpint (n, >, 0);
      read += n;
    }

  tcp_reset (j.inside);
  test_settle ();
}

#define BOTH(path, func) \
  G_STMT_START { \
    g_test_add_data_func ("/forwarding/from" path, GINT_TO_POINTER (FALSE), func); \
    g_test_add_data_func ("/forwarding/to" path, GINT_TO_POINTER (TRUE), func); \
  } G_STMT_END

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_unsetenv ("DEVSSH_PLUGIN_PATH");

  g_test_add_func ("/forwarding/not-allowed/E-57", test_not_allowed);
  g_test_add_func ("/forwarding/from/data/E-64", test_from);
  g_test_add_func ("/forwarding/from/server", test_from_server);
  g_test_add_func ("/forwarding/from/refused/E-57", test_from_refused);
  g_test_add_func ("/forwarding/from/no-plugin/E-57", test_from_no_plugin);
  g_test_add_func ("/forwarding/from/port-in-use/E-58", test_from_port_in_use);
  g_test_add_func ("/forwarding/from/second-address-in-use", test_from_second_address_in_use);
  g_test_add_func ("/forwarding/from/duplicates/E-58", test_from_duplicates);
  g_test_add_data_func ("/forwarding/from/concurrent/listening/E-58", GINT_TO_POINTER (TRUE), test_from_concurrent);
  g_test_add_data_func ("/forwarding/from/concurrent/recording/E-58", GINT_TO_POINTER (FALSE), test_from_concurrent);
  g_test_add_func ("/forwarding/from/reply-has-port", test_reply_has_port);
  g_test_add_data_func ("/forwarding/from/host-byte-for-byte/empty", "", test_host_byte_for_byte);
  g_test_add_data_func ("/forwarding/from/host-byte-for-byte/localhost", "localhost", test_host_byte_for_byte);
  g_test_add_data_func ("/forwarding/from/host-byte-for-byte/LocalHost", "LocalHost", test_host_byte_for_byte);
  g_test_add_data_func ("/forwarding/from/host-byte-for-byte/star", "*", test_host_byte_for_byte);
  g_test_add_data_func ("/forwarding/from/host-byte-for-byte/ipv4", "127.0.0.1", test_host_byte_for_byte);
  g_test_add_func ("/forwarding/from/addresses", test_from_addresses);
  g_test_add_func ("/forwarding/from/ipv6-only", test_from_ipv6_only);
  g_test_add_data_func ("/forwarding/from/cancel/listening/E-60", GINT_TO_POINTER (TRUE), test_from_cancel);
  g_test_add_data_func ("/forwarding/from/cancel/recording/E-60", GINT_TO_POINTER (FALSE), test_from_cancel);
  g_test_add_func ("/forwarding/from/call-cancelled/T-65", test_from_call_cancelled);
  g_test_add_func ("/forwarding/call-cancelled-before/T-65", test_call_cancelled_before);
  g_test_add_func ("/forwarding/from/no-target", test_from_no_target);
  g_test_add_func ("/forwarding/from/veto", test_from_veto);
  g_test_add_func ("/forwarding/from/thrown/T-84", test_from_thrown);

  g_test_add_data_func ("/forwarding/to/data/ipv4", "127.0.0.1", test_to);
  g_test_add_data_func ("/forwarding/to/data/localhost", "localhost", test_to);
  g_test_add_data_func ("/forwarding/to/refused/E-59", GINT_TO_POINTER (FALSE), test_to_refused);
  g_test_add_data_func ("/forwarding/to/refused-unasked/E-59", GINT_TO_POINTER (TRUE), test_to_refused);
  g_test_add_func ("/forwarding/to/port-in-use/E-58", test_to_port_in_use);

  g_test_add_func ("/forwarding/stream-to/data", test_stream_to);
  g_test_add_func ("/forwarding/stream-to/fails/E-63", test_stream_to_fails);
  g_test_add_func ("/forwarding/stream-from", test_stream_from);
  g_test_add_func ("/forwarding/connect-to/E-63", test_connect_to);
  g_test_add_func ("/forwarding/wait-for", test_wait_for);

  BOTH ("/half-close/T-86/E-61", test_half_close);
  BOTH ("/half-close-inside/T-86/E-61", test_half_close_inside);
  BOTH ("/reset/E-61", test_reset);
  BOTH ("/reset-inside/E-61", test_reset_inside);
  BOTH ("/session-closed/E-61", test_session_closed);
  g_test_add_func ("/forwarding/closed-forwarder", test_closed_forwarder);
  g_test_add_func ("/forwarding/closed-meanwhile/T-64", test_closed_meanwhile);
  g_test_add_func ("/forwarding/many-connections/E-62", test_many_connections);

  g_test_add_data_func ("/forwarding/connecting/accepted/E-64", connecting_accept_cb, test_connecting);
  g_test_add_data_func ("/forwarding/connecting/replaced/E-63/E-64", connecting_replace_cb, test_connecting);
  g_test_add_func ("/forwarding/connecting/one-side", test_connecting_one_side);
  g_test_add_func ("/forwarding/connecting/reset", test_connecting_reset);
  g_test_add_func ("/forwarding/connecting/rejected/E-64", test_connecting_rejected);
  g_test_add_data_func ("/forwarding/connecting/later", GINT_TO_POINTER (TRUE), test_connecting_later);
  g_test_add_data_func ("/forwarding/connecting/dropped-later", GINT_TO_POINTER (FALSE), test_connecting_later);
  g_test_add_func ("/forwarding/connecting/session-closed", test_connecting_session_closed);
  g_test_add_data_func ("/forwarding/raw/handler/E-63", GINT_TO_POINTER (TRUE), test_raw_channels);
  g_test_add_data_func ("/forwarding/raw/accept-channel/E-63", GINT_TO_POINTER (FALSE), test_raw_channels);
  g_test_add_func ("/forwarding/raw/forwarded/E-63", test_raw_forwarded);
  g_test_add_func ("/forwarding/session/calls", test_session_calls);
  g_test_add_func ("/forwarding/session/not-allowed", test_session_not_allowed);
  g_test_add_func ("/forwarding/session/simultaneous", test_simultaneous);
  g_test_add_func ("/forwarding/back-pressure/T-86", test_back_pressure);

  return g_test_run ();
}
