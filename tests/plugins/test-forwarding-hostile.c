/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Peers that ask for what they must not have: who decides, on what, and where it ends (threats T-84 to T-86). */
#include "forwarding-util.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define REMOTE(forwarder) devssh_port_forwarder_get_remote_forwarded_ports (forwarder)

static guint
reply_port (GBytes *reply)
{
  g_autoptr(DevSshReader) reader = devssh_reader_new (reply);
  guint port = devssh_reader_get_uint32 (reader);

  g_assert_true (devssh_reader_finish (reader, NULL));

  return port;
}

/* ---- T-84: nothing without the application ---- */

static void
assert_all_refused (DevSshSession *asking,
                    guint          target_port)
{
  g_autoptr(GBytes) listen_payload = request_payload ("", 0);
  g_autoptr(GBytes) open = open_payload ("127.0.0.1", target_port, "127.0.0.1", 1);
  g_autoptr(GBytes) path = open_payload ("/tmp/socket", 0, "", 0);
  g_autoptr(GError) error = NULL;

  g_assert_false (raw_request (asking, "tcpip-forward", listen_payload, NULL));
  g_assert_false (raw_request (asking, "cancel-tcpip-forward", listen_payload, NULL));
  g_assert_false (raw_request (asking, "streamlocal-forward@openssh.com", path, NULL));
  g_assert_false (raw_request (asking, "cancel-streamlocal-forward@openssh.com", path, NULL));
  g_assert_null (raw_open (asking, "direct-tcpip", open, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
  g_clear_error (&error);
  g_assert_null (raw_open (asking, "forwarded-tcpip", open, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
  g_clear_error (&error);
  g_assert_null (raw_open (asking, "direct-streamlocal@openssh.com", path, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
  g_clear_error (&error);
  g_assert_null (raw_open (asking, "forwarded-streamlocal@openssh.com", path, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
}

/* The plugin is there, and the application knows nothing of forwarding: no handler at all. */
static void
test_unconfigured (void)
{
  g_autoptr(Forwarding) f = forwarding_new_full (TRUE, FALSE);
  g_autoptr(Target) target = target_new ("127.0.0.1");

  assert_all_refused (f->server, target->port);
  test_settle ();
  g_assert_cmpuint (target->n_connections, ==, 0);
  g_assert_cmpuint (n_items (REMOTE (f->client_forwarder)), ==, 0);
}

/* Handlers that say no, that leave it, or that forget it. */
static void
test_refused (void)
{
  g_autoptr(Forwarding) f = forwarding_new_full (FALSE, TRUE);
  g_autoptr(Target) target = target_new ("127.0.0.1");
  g_autoptr(GBytes) listen_payload = request_payload ("", 0);
  g_autoptr(GBytes) open = open_payload ("127.0.0.1", target->port, "127.0.0.1", 1);
  g_autoptr(GError) error = NULL;

  f->accept_requests = FALSE;
  f->accept_openings = FALSE;
  g_assert_false (raw_request (f->client, "tcpip-forward", listen_payload, NULL));
  g_assert_null (raw_open (f->client, "direct-tcpip", open, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_RESOURCE_SHORTAGE);
  g_clear_error (&error);

  f->leave_openings = TRUE;
  g_assert_null (raw_open (f->client, "direct-tcpip", open, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
  g_clear_error (&error);
  g_assert_cmpuint (f->n_openings, ==, 2);
  g_assert_cmpuint (f->n_requests, ==, 1);

  test_settle ();
  g_assert_cmpuint (target->n_connections, ==, 0);
  g_assert_cmpuint (n_items (REMOTE (f->server_forwarder)), ==, 0);
}

/* A handler puts the questions aside and never answers. */
static void
test_forgotten (void)
{
  g_autoptr(Forwarding) f = forwarding_new_full (FALSE, TRUE);
  g_autoptr(Target) target = target_new ("127.0.0.1");
  g_autoptr(GBytes) listen_payload = request_payload ("", 0);
  g_autoptr(GBytes) open = open_payload ("127.0.0.1", target->port, "127.0.0.1", 1);
  g_autoptr(GAsyncResult) requested = NULL;
  g_autoptr(GAsyncResult) opened = NULL;
  g_autoptr(GError) error = NULL;

  f->keep_questions = TRUE;
  devssh_session_request_async (f->client, "tcpip-forward", TRUE, listen_payload, NULL, test_keep_result_cb, &requested);
  devssh_session_open_channel_full_async (f->client, "direct-tcpip", open, 0, NULL, test_keep_result_cb, &opened);
  test_spin_until (f->n_requests == 1 && f->n_openings == 1);
  test_settle ();
  g_assert_null (requested);
  g_assert_null (opened);
  g_clear_object (&f->request);
  g_clear_object (&f->opening);
  test_spin_until (requested != NULL && opened != NULL);
  g_assert_false (devssh_session_request_finish (f->client, requested, NULL, &error));
  g_assert_no_error (error);
  g_assert_null (devssh_session_open_channel_finish (f->client, opened, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
  g_assert_cmpuint (target->n_connections, ==, 0);
}

/* A channel for a port that was never asked for, or not any more. */
static void
test_not_ours (void)
{
  g_autoptr(Forwarding) f = forwarding_new_full (TRUE, FALSE);
  g_autoptr(Target) target = target_new ("127.0.0.1");
  g_autoptr(GBytes) other = open_payload ("localhost", target->port + 1, "127.0.0.1", 1);
  g_autoptr(GBytes) local = open_payload ("localhost", target->port, "127.0.0.1", 1);
  g_autoptr(GBytes) ours = open_payload ("localhost", 4000, "127.0.0.1", 1);
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(DevSshChannel) channel = NULL;
  g_autoptr(GError) error = NULL;

  port = forward_from (f->client_forwarder, NULL, 4000, NULL, target->port, &error);
  g_assert_no_error (error);
  channel = raw_open (f->server, "forwarded-tcpip", ours, &error);
  g_assert_no_error (error);
  test_spin_until (target->n_connections == 1);

  g_assert_null (raw_open (f->server, "forwarded-tcpip", other, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
  g_clear_error (&error);
  g_assert_null (raw_open (f->server, "forwarded-tcpip", local, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
  g_clear_error (&error);

  devssh_forwarded_port_close (port);
  g_assert_null (raw_open (f->server, "forwarded-tcpip", ours, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
  g_assert_cmpuint (target->n_connections, ==, 1);
}

/* Two forwards with one port: the address says which. */
static void
test_shared_port (void)
{
  g_autoptr(Forwarding) f = forwarding_new_full (TRUE, FALSE);
  g_autoptr(Target) first = target_new ("127.0.0.1");
  g_autoptr(Target) second = target_new ("127.0.0.1");
  GAsyncResult *results[2] = { NULL, NULL };
  g_autoptr(DevSshSessionRequest) request = NULL;
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();
  g_autoptr(GBytes) reply = NULL;
  static const struct { const char *host; guint target; } rows[] = {
    { "localhost", 0 }, { "127.0.0.1", 0 }, { "::1", 0 }, { "10.0.0.1", 1 }, { "", 0 },
  };
  Target *targets[2] = { first, second };
  DevSshForwardedPort *ports[2];
  guint n_expected[2] = { 0, 0 };

  /* By hand: the peer answers both with the same choice. */
  f->keep_questions = TRUE;
  devssh_port_forwarder_forward_from_remote_port_async (f->client_forwarder, "127.0.0.1", 0, NULL, first->port, NULL,
                                                        test_keep_result_cb, &results[0]);
  test_spin_until (f->n_requests == 1);
  request = g_object_ref (f->request);
  devssh_port_forwarder_forward_from_remote_port_async (f->client_forwarder, "10.0.0.1", 0, NULL, second->port, NULL,
                                                        test_keep_result_cb, &results[1]);
  test_spin_until (f->n_requests == 2);
  devssh_writer_put_uint32 (writer, 4000);
  reply = devssh_writer_end (writer);
  devssh_session_request_complete_with_payload (request, TRUE, reply);
  devssh_session_request_complete_with_payload (f->request, TRUE, reply);

  for (guint i = 0; i < 2; i++)
    {
      test_spin_until (results[i] != NULL);
      ports[i] = devssh_port_forwarder_forward_from_remote_port_finish (f->client_forwarder, results[i], NULL);
      g_assert_nonnull (ports[i]);
    }

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(GBytes) payload = open_payload (rows[i].host, 4000, "", 0);
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshChannel) channel = raw_open (f->server, "forwarded-tcpip", payload, &error);

      g_assert_no_error (error);
      n_expected[rows[i].target]++;
      test_spin_until (targets[rows[i].target]->n_connections == n_expected[rows[i].target]);
      devssh_channel_close (channel);
    }

  g_assert_cmpuint (first->n_connections, ==, n_expected[0]);
  g_assert_cmpuint (second->n_connections, ==, n_expected[1]);

  for (guint i = 0; i < 2; i++)
    {
      g_object_unref (ports[i]);
      g_object_unref (results[i]);
    }
}

/* The channel overtakes the answer: it waits for it, but not for long (protocol.md 6.5). */
static void
test_overtaking (gconstpointer data)
{
  g_autoptr(Forwarding) f = forwarding_new_full (TRUE, FALSE);
  g_autoptr(Target) target = target_new ("127.0.0.1");
  g_autoptr(GBytes) ours = open_payload ("localhost", 4000, "127.0.0.1", 1);
  g_autoptr(GBytes) other = open_payload ("localhost", 4001, "127.0.0.1", 1);
  g_autoptr(GAsyncResult) forwarded = NULL;
  g_autoptr(GAsyncResult) opened = NULL;
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(DevSshChannel) channel = NULL;
  g_autoptr(GError) error = NULL;
  gboolean answer = GPOINTER_TO_INT (data);

  f->keep_questions = TRUE;
  devssh_port_forwarder_forward_from_remote_port_async (f->client_forwarder, NULL, 4000, NULL, target->port, NULL,
                                                        test_keep_result_cb, &forwarded);
  test_spin_until (f->n_requests == 1);

  /* No request could make this one ours. */
  g_assert_null (raw_open (f->server, "forwarded-tcpip", other, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
  g_clear_error (&error);

  devssh_session_open_channel_full_async (f->server, "forwarded-tcpip", ours, 0, NULL, test_keep_result_cb, &opened);
  test_settle ();
  g_assert_null (opened);

  if (answer)
    devssh_session_request_complete (f->request, TRUE);

  test_spin_until (opened != NULL);
  channel = devssh_session_open_channel_finish (f->server, opened, &error);

  if (answer)
    {
      g_assert_no_error (error);
      test_spin_until (forwarded != NULL && target->n_connections == 1);
      port = devssh_port_forwarder_forward_from_remote_port_finish (f->client_forwarder, forwarded, &error);
      g_assert_no_error (error);
      g_assert_nonnull (port);
    }
  else
    {
      g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
      g_assert_null (forwarded);
      g_assert_cmpuint (target->n_connections, ==, 0);

      /* Held again, and the session ends. */
      g_clear_object (&opened);
      devssh_session_open_channel_full_async (f->server, "forwarded-tcpip", ours, 0, NULL, test_keep_result_cb, &opened);
      test_settle ();
      forwarding_close_sessions (f);
      test_spin_until (opened != NULL && forwarded != NULL);
      g_assert_null (devssh_port_forwarder_forward_from_remote_port_finish (f->client_forwarder, forwarded, NULL));
    }
}

/* ---- T-85: where to listen ---- */

static const struct
{
  const char *address;
  const char *no;         /* where it listens for each value of gateway-ports; NULL: refused */
  const char *client;
} listen_rows[] = {
  { "",                 "127.0.0.1", "0.0.0.0" },
  { "*",                "127.0.0.1", "0.0.0.0" },
  { "0.0.0.0",          "127.0.0.1", "0.0.0.0" },
  { "::",               "127.0.0.1", "::" },
  { "localhost",        "127.0.0.1", "127.0.0.1" },
  { "LOCALHOST",        "127.0.0.1", "127.0.0.1" },
  { "127.0.0.1",        "127.0.0.1", "127.0.0.1" },
  { "127.0.0.2",        "127.0.0.2", "127.0.0.2" },
  { "::1",              "::1",       "::1" },
  { "192.0.2.1",        "127.0.0.1", NULL },
  { "::ffff:127.0.0.1", "127.0.0.1", NULL },
  { "example.org",      NULL,        NULL },
  { "127.0.0.1 ",       NULL,        NULL },
  { "127.1",            NULL,        NULL },
  { "2130706433",       NULL,        NULL },
  { "localhost.",       NULL,        NULL },
  { "127.0.0.1:80",     NULL,        NULL },
  { "[::1]",            NULL,        NULL },
  { "\x1b[31m",         NULL,        NULL },
};

static void
test_listen_addresses (gconstpointer data)
{
  g_autoptr(Forwarding) f = forwarding_new_full (FALSE, TRUE);
  DevSshGatewayPorts gateway_ports = GPOINTER_TO_INT (data);
  gboolean has_ipv6 = tcp_can_listen ("::1", 0);

  devssh_port_forwarder_set_gateway_ports (f->server_forwarder, gateway_ports);

  for (guint i = 0; i < G_N_ELEMENTS (listen_rows); i++)
    {
      g_autoptr(GBytes) payload = request_payload (listen_rows[i].address, 0);
      const char *expected = gateway_ports == DEVSSH_GATEWAY_PORTS_NO ? listen_rows[i].no : listen_rows[i].client;

      /* As the server of OpenSSH: then everything is open, whatever was asked for; but it has to be an address. */
      if (gateway_ports == DEVSSH_GATEWAY_PORTS_YES && listen_rows[i].no != NULL)
        expected = "0.0.0.0";

      if (!has_ipv6 && expected != NULL && strchr (expected, ':') != NULL)
        continue;

      g_test_message ("%s", listen_rows[i].address);
      g_assert_cmpint (raw_request (f->client, "tcpip-forward", payload, NULL), ==, expected != NULL);

      if (expected != NULL)
        {
          DevSshForwardedPort *port = nth_port (REMOTE (f->server_forwarder), 0);

          g_assert_cmpstr (devssh_forwarded_port_get_local_host (port), ==, expected);
          devssh_forwarded_port_close (port);
        }

      g_assert_cmpuint (n_items (REMOTE (f->server_forwarder)), ==, 0);
    }
}

/* What is said is also what is so: the sockets themselves. */
static void
test_listens_on_loopback_only (void)
{
  g_autoptr(Forwarding) f = forwarding_new_full (FALSE, TRUE);
  g_autoptr(GBytes) payload = request_payload ("", 0);
  g_autoptr(GBytes) reply = NULL;
  guint port;

  g_assert_true (raw_request (f->client, "tcpip-forward", payload, &reply));
  port = reply_port (reply);

  /* Taken on loopback, free elsewhere: nobody listens on all addresses. */
  g_assert_false (tcp_can_listen ("127.0.0.1", port));
  g_assert_true (tcp_can_listen ("127.0.0.2", port));
  if (tcp_can_listen ("::1", 0))
    g_assert_false (tcp_can_listen ("::1", port));

  g_clear_pointer (&reply, g_bytes_unref);
  devssh_port_forwarder_set_gateway_ports (f->server_forwarder, DEVSSH_GATEWAY_PORTS_YES);
  g_assert_true (raw_request (f->client, "tcpip-forward", payload, &reply));
  g_assert_false (tcp_can_listen ("127.0.0.2", reply_port (reply)));
}

static void
test_ports (void)
{
  static const guint ports[] = { 65536, 65616, 131072 + 80, G_MAXUINT32, 0x80000000u };
  g_autoptr(Forwarding) f = forwarding_new_full (FALSE, TRUE);

  for (guint i = 0; i < G_N_ELEMENTS (ports); i++)
    {
      g_autoptr(GBytes) request = request_payload ("localhost", ports[i]);
      g_autoptr(GBytes) open = open_payload ("127.0.0.1", ports[i], "", 0);
      g_autoptr(GError) error = NULL;

      g_assert_false (raw_request (f->client, "tcpip-forward", request, NULL));
      g_assert_false (raw_request (f->client, "cancel-tcpip-forward", request, NULL));
      g_assert_null (raw_open (f->client, "direct-tcpip", open, &error));
      g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
      g_clear_error (&error);
      g_assert_null (raw_open (f->client, "forwarded-tcpip", open, &error));
      g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
    }

  /* Nobody was troubled with them. */
  g_assert_cmpuint (f->n_requests, ==, 0);
  g_assert_cmpuint (f->n_openings, ==, 0);
}

/* A reply with a port that is none. */
static void
test_reply_ports (gconstpointer data)
{
  g_autoptr(Forwarding) f = forwarding_new_full (TRUE, FALSE);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();
  g_autoptr(GBytes) reply = NULL;
  g_autoptr(GError) error = NULL;

  f->keep_questions = TRUE;
  devssh_port_forwarder_forward_from_remote_port_async (f->client_forwarder, NULL, 0, NULL, 80, NULL,
                                                        test_keep_result_cb, &result);
  test_spin_until (f->n_requests == 1);
  if (GPOINTER_TO_UINT (data) != 1)
    devssh_writer_put_uint32 (writer, GPOINTER_TO_UINT (data));
  reply = devssh_writer_end (writer);
  devssh_session_request_complete_with_payload (f->request, TRUE, reply);
  test_spin_until (result != NULL);
  g_assert_null (devssh_port_forwarder_forward_from_remote_port_finish (f->client_forwarder, result, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED);
}

/* Fields that are cut off, and bytes where text should be. */
static void
test_malformed (void)
{
  g_autoptr(Forwarding) f = forwarding_new_full (FALSE, TRUE);
  g_autoptr(GBytes) request = request_payload ("localhost", 0);
  g_autoptr(GBytes) open = open_payload ("127.0.0.1", 80, "127.0.0.1", 1);
  g_autoptr(GBytes) nul = g_bytes_new_static ("\0\0\0\x0a" "localhost\0" "\0\0\0\0", 18);
  g_autoptr(GBytes) latin = g_bytes_new_static ("\0\0\0\x02" "\xe9\xff" "\0\0\0\x50" "\0\0\0\0" "\0\0\0\0", 18);
  g_autofree char *name = g_strnfill (300, 'a');
  g_autoptr(GBytes) too_long = open_payload (name, 80, "", 0);
  GBytes *bad_hosts[] = { latin, too_long };
  g_autoptr(GError) error = NULL;

  for (gsize i = 0; i < g_bytes_get_size (request); i++)
    {
      g_autoptr(GBytes) cut = g_bytes_new_from_bytes (request, 0, i);

      g_assert_false (raw_request (f->client, "tcpip-forward", cut, NULL));
      g_assert_false (raw_request (f->client, "cancel-tcpip-forward", cut, NULL));
    }

  for (gsize i = 0; i < g_bytes_get_size (open); i++)
    {
      g_autoptr(GBytes) cut = g_bytes_new_from_bytes (open, 0, i);

      g_assert_null (raw_open (f->client, "direct-tcpip", cut, &error));
      g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
      g_clear_error (&error);
      g_assert_null (raw_open (f->client, "forwarded-tcpip", cut, &error));
      g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
      g_clear_error (&error);
    }

  g_assert_false (raw_request (f->client, "tcpip-forward", NULL, NULL));
  g_assert_false (raw_request (f->client, "tcpip-forward", nul, NULL));
  g_assert_null (raw_open (f->client, "direct-tcpip", NULL, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
  g_clear_error (&error);

  for (guint i = 0; i < G_N_ELEMENTS (bad_hosts); i++)
    {
      g_assert_null (raw_open (f->client, "direct-tcpip", bad_hosts[i], &error));
      g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
      g_clear_error (&error);
    }

  g_assert_cmpuint (f->n_requests, ==, 0);
  g_assert_cmpuint (f->n_openings, ==, 0);
}

/* What peers put behind the fields is theirs. */
static void
test_trailing_bytes (void)
{
  g_autoptr(Forwarding) f = forwarding_new_full (FALSE, TRUE);
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();
  g_autoptr(GBytes) payload = NULL;

  devssh_writer_put_utf8 (writer, "localhost");
  devssh_writer_put_uint32 (writer, 0);
  devssh_writer_put_utf8 (writer, "more");
  payload = devssh_writer_end (writer);
  g_assert_true (raw_request (f->client, "tcpip-forward", payload, NULL));
}

/* ---- T-85: where to connect ---- */

/* A resolver that an attacker has a hand in: another answer each time. */
typedef struct
{
  GResolver   parent_instance;
  guint       n_lookups;
} TestResolver;
typedef GResolverClass TestResolverClass;
GType test_resolver_get_type (void);
G_DEFINE_TYPE (TestResolver, test_resolver, G_TYPE_RESOLVER)

static void
test_resolver_lookup_async (GResolver           *resolver,
                            const char          *hostname,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  TestResolver *self = (TestResolver *) resolver;
  g_autoptr(GTask) task = g_task_new (resolver, cancellable, callback, user_data);
  const char *address = self->n_lookups == 0 ? "127.0.0.2" : "127.0.0.1";
  GList *found = NULL;

  if (g_str_has_prefix (hostname, "two."))
    found = g_list_append (found, g_inet_address_new_from_string ("127.0.0.3"));
  found = g_list_append (found, g_inet_address_new_from_string (address));
  self->n_lookups++;
  g_task_return_pointer (task, found, (GDestroyNotify) g_resolver_free_addresses);
}

static GList *
test_resolver_lookup_finish (GResolver     *resolver,
                             GAsyncResult  *result,
                             GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
test_resolver_class_init (TestResolverClass *klass)
{
  klass->lookup_by_name_async = test_resolver_lookup_async;
  klass->lookup_by_name_finish = test_resolver_lookup_finish;
}

static void
test_resolver_init (TestResolver *self)
{
}

typedef struct
{
  const char *allowed;
  GString    *asked;
} Allow;

static gboolean
allow_cb (DevSshPortForwarder *forwarder,
          const char          *host,
          const char          *address,
          guint                port,
          Allow               *allow)
{
  g_string_append_printf (allow->asked, "%s=%s ", host, address);

  return g_strcmp0 (address, allow->allowed) == 0;
}

static void
test_rebinding (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(GResolver) before = g_resolver_get_default ();
  TestResolver *resolver = g_object_new (test_resolver_get_type (), NULL);
  g_autoptr(Target) here = target_new ("127.0.0.1");
  g_autoptr(Target) there = target_new ("127.0.0.2");
  g_autoptr(GIOStream) stream = NULL;
  g_autoptr(GError) error = NULL;
  Allow allow = { "127.0.0.2", g_string_new (NULL) };

  g_resolver_set_default (G_RESOLVER (resolver));
  g_signal_connect (f->server_forwarder, "allow-address", G_CALLBACK (allow_cb), &allow);

  /* Looked up once, and what was judged is what is connected to. */
  stream = stream_to (f->client_forwarder, "rebind.example", there->port, &error);
  g_assert_no_error (error);
  test_spin_until (there->n_connections == 1);
  g_assert_cmpuint (resolver->n_lookups, ==, 1);
  g_assert_cmpstr (allow.asked->str, ==, "rebind.example=127.0.0.2 ");

  /* Now the name means this machine, which is not allowed. */
  g_string_truncate (allow.asked, 0);
  g_assert_null (stream_to (f->client_forwarder, "rebind.example", here->port, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
  g_clear_error (&error);
  g_assert_cmpstr (allow.asked->str, ==, "rebind.example=127.0.0.1 ");

  /* The other ways to say it. */
  static const char * const names[] = { "127.0.0.1", "localhost", "LOCALHOST", "", "::1", "::ffff:127.0.0.1" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_assert_null (stream_to (f->client_forwarder, names[i], here->port, &error));
      g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
      g_clear_error (&error);
    }

  g_assert_cmpuint (resolver->n_lookups, ==, 2);
  g_assert_cmpuint (here->n_connections, ==, 0);

  /* Of several addresses only the allowed ones are tried. */
  g_clear_object (&stream);
  resolver->n_lookups = 0;
  stream = stream_to (f->client_forwarder, "two.example", there->port, &error);
  g_assert_no_error (error);
  test_spin_until (there->n_connections == 2);

  g_resolver_set_default (before);
  g_object_unref (resolver);
  g_string_free (allow.asked, TRUE);
}

/* Without a handler: the name is looked up once all the same, and "localhost" is nobody's to define. */
static void
test_resolved_once (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(GResolver) before = g_resolver_get_default ();
  TestResolver *resolver = g_object_new (test_resolver_get_type (), NULL);
  g_autoptr(Target) there = target_new ("127.0.0.2");
  g_autoptr(Target) here = target_new ("127.0.0.1");
  g_autoptr(GIOStream) stream = NULL;
  g_autoptr(GIOStream) local = NULL;
  g_autoptr(GError) error = NULL;

  g_resolver_set_default (G_RESOLVER (resolver));

  /* The first of two answers refuses the connection, the second one has it. */
  stream = stream_to (f->client_forwarder, "two.example", there->port, &error);
  g_assert_no_error (error);
  test_spin_until (there->n_connections == 1);
  g_assert_cmpuint (resolver->n_lookups, ==, 1);

  resolver->n_lookups = 0;
  local = stream_to (f->client_forwarder, "localhost", here->port, &error);
  g_assert_no_error (error);
  test_spin_until (here->n_connections == 1);
  g_assert_cmpuint (resolver->n_lookups, ==, 0);

  g_resolver_set_default (before);
  g_object_unref (resolver);
}

/* ---- T-86: loops ---- */

/* Every connection to the port makes a channel, which connects to the port: until a limit says no, and then all of it falls. */
static void
test_self_loop (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) target = target_new ("127.0.0.1");
  guint port_number = target->port;
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(GSocketConnection) outside = NULL;
  g_autoptr(GError) error = NULL;

  g_clear_pointer (&target, target_free);
  port = forward_from (f->client_forwarder, NULL, port_number, NULL, port_number, &error);
  g_assert_no_error (error);
  g_assert_nonnull (port);
  outside = tcp_connect ("127.0.0.1", port_number, &error);
  g_assert_no_error (error);
  assert_broken (G_IO_STREAM (outside));
  test_spin_until (n_items (devssh_session_get_channels (f->client)) == 0
                   && n_items (devssh_session_get_channels (f->server)) == 0);

  /* The sessions are none the worse. */
  g_assert_false (devssh_session_get_is_closed (f->client));
  devssh_forwarded_port_close (port);
  test_spin_until (n_items (REMOTE (f->server_forwarder)) == 0);
}

/* What overtook is looked at when the answer is there; a handler that turns the loop then, until the time of the others is over, is
 * not their end. */
static gboolean
turn_loop_cb (DevSshSession         *session,
              DevSshChannelOpening  *opening,
              GAsyncResult         **others)
{
  /* Only the first of them. */
  g_signal_handlers_disconnect_by_func (session, turn_loop_cb, others);
  test_spin_until (others[0] != NULL && others[1] != NULL);

  return FALSE;
}

static void
test_overtaking_nested (void)
{
  g_autoptr(Forwarding) f = forwarding_new_full (TRUE, FALSE);
  g_autoptr(Target) target = target_new ("127.0.0.1");
  g_autoptr(GBytes) ours = open_payload ("localhost", 4000, "127.0.0.1", 1);
  g_autoptr(GAsyncResult) forwarded = NULL;
  g_autoptr(DevSshForwardedPort) port = NULL;
  GAsyncResult *opened[3] = { NULL, };

  f->keep_questions = TRUE;
  devssh_port_forwarder_forward_from_remote_port_async (f->client_forwarder, NULL, 4000, NULL, target->port, NULL,
                                                        test_keep_result_cb, &forwarded);
  test_spin_until (f->n_requests == 1);
  for (guint i = 0; i < 3; i++)
    devssh_session_open_channel_full_async (f->server, "forwarded-tcpip", ours, 0, NULL, test_keep_result_cb, &opened[i]);
  test_settle ();

  g_signal_connect (f->client, "channel-opening", G_CALLBACK (turn_loop_cb), opened + 1);
  devssh_session_request_complete (f->request, TRUE);
  test_spin_until (opened[0] != NULL && opened[1] != NULL && opened[2] != NULL);

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshChannel) channel = devssh_session_open_channel_finish (f->server, opened[i], &error);

      g_assert_no_error (error);
      g_object_unref (opened[i]);
    }
  test_spin_until (forwarded != NULL);
  port = devssh_port_forwarder_forward_from_remote_port_finish (f->client_forwarder, forwarded, NULL);
  g_assert_nonnull (port);
}

/* ---- T-42: no descriptor is left ---- */

static void
count_failed_cb (DevSshSession    *session,
                 DevSshTraceLevel  level,
                 DevSshTraceEvent  event,
                 const char       *text,
                 guint            *n)
{
  if (event == DEVSSH_TRACE_EVENT_PORT_FORWARD_CONNECTION_FAILED)
    (*n)++;
}

static int
raw_connect (gboolean ipv6,
             guint    port)
{
  struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = g_htons (port), .sin_addr.s_addr = g_htonl (INADDR_LOOPBACK) };
  struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = g_htons (port), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
  int fd = socket (ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (ipv6 ? connect (fd, (struct sockaddr *) &six, sizeof six)
                        : connect (fd, (struct sockaddr *) &four, sizeof four), ==, 0);

  return fd;
}

/* Both listeners of a port fail; it is tried again once, and not at all when the port is closed by then. */
static void
test_no_descriptors (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) target = target_new ("127.0.0.1");
  g_autoptr(GSocketConnection) connection = NULL;
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(GError) error = NULL;
  struct rlimit before, low;
  guint n_failed = 0;
  int fds[4];

  if (!tcp_can_listen ("::1", 0))
    {
      g_test_skip ("no IPv6 here");
      return;
    }

  port = forward_to (f->client_forwarder, "127.0.0.1", 0, "127.0.0.1", target->port, &error);
  g_assert_no_error (error);
  g_signal_connect (f->client, "trace", G_CALLBACK (count_failed_cb), &n_failed);
  for (guint i = 0; i < 2; i++)
    fds[i] = raw_connect (i == 1, devssh_forwarded_port_get_local_port (port));

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  low = before;
  low.rlim_cur = (rlim_t) dup (0);
  close ((int) low.rlim_cur);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &low), ==, 0);
  test_spin_until (n_failed >= 2);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);

  /* They come in after all. */
  connection = target_take (target);
  test_spin_until (target->n_connections == 2);

  /* And once more, with an end to it. */
  for (guint i = 2; i < 4; i++)
    fds[i] = raw_connect (i == 3, devssh_forwarded_port_get_local_port (port));
  n_failed = 0;
  low.rlim_cur = (rlim_t) dup (0);
  close ((int) low.rlim_cur);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &low), ==, 0);
  test_spin_until (n_failed >= 2);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);
  devssh_forwarded_port_close (port);
  g_assert_null (g_main_context_find_source_by_user_data (NULL, port));
  test_settle ();

  for (guint i = 0; i < 4; i++)
    close (fds[i]);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_unsetenv ("DEVSSH_PLUGIN_PATH");

  g_test_add_func ("/forwarding/hostile/unconfigured/T-84", test_unconfigured);
  g_test_add_func ("/forwarding/hostile/refused/T-84", test_refused);
  g_test_add_func ("/forwarding/hostile/forgotten/T-84", test_forgotten);
  g_test_add_func ("/forwarding/hostile/not-ours/T-84", test_not_ours);
  g_test_add_func ("/forwarding/hostile/shared-port/T-84", test_shared_port);
  g_test_add_data_func ("/forwarding/hostile/overtaking/answered", GINT_TO_POINTER (TRUE), test_overtaking);
  g_test_add_data_func ("/forwarding/hostile/overtaking/unanswered/T-84", GINT_TO_POINTER (FALSE), test_overtaking);
  g_test_add_func ("/forwarding/hostile/overtaking/nested/T-64", test_overtaking_nested);
  g_test_add_data_func ("/forwarding/hostile/listen/T-85/no", GINT_TO_POINTER (DEVSSH_GATEWAY_PORTS_NO),
                        test_listen_addresses);
  g_test_add_data_func ("/forwarding/hostile/listen/T-85/yes", GINT_TO_POINTER (DEVSSH_GATEWAY_PORTS_YES),
                        test_listen_addresses);
  g_test_add_data_func ("/forwarding/hostile/listen/T-85/client-specified",
                        GINT_TO_POINTER (DEVSSH_GATEWAY_PORTS_CLIENT_SPECIFIED), test_listen_addresses);
  g_test_add_func ("/forwarding/hostile/listen/T-85/sockets", test_listens_on_loopback_only);
  g_test_add_func ("/forwarding/hostile/ports/T-85", test_ports);
  g_test_add_data_func ("/forwarding/hostile/reply-port/T-85/too-large", GUINT_TO_POINTER (65616), test_reply_ports);
  g_test_add_data_func ("/forwarding/hostile/reply-port/T-85/zero", GUINT_TO_POINTER (0), test_reply_ports);
  g_test_add_data_func ("/forwarding/hostile/reply-port/T-85/none", GUINT_TO_POINTER (1), test_reply_ports);
  g_test_add_func ("/forwarding/hostile/malformed/T-12/E-66", test_malformed);
  g_test_add_func ("/forwarding/hostile/trailing-bytes", test_trailing_bytes);
  g_test_add_func ("/forwarding/hostile/rebinding/T-85", test_rebinding);
  g_test_add_func ("/forwarding/hostile/resolved-once/T-85", test_resolved_once);
  g_test_add_func ("/forwarding/hostile/self-loop/T-86", test_self_loop);
  g_test_add_func ("/forwarding/hostile/no-descriptors/T-42", test_no_descriptors);

  return g_test_run ();
}
