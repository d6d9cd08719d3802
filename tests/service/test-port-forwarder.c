/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The face of port forwarding: what it checks, and what its questions come to, whoever implements it. */
#include <libdevssh/base/devssh-error.h>
#include <libdevssh/service/devssh-port-forwarder.h>

#include "../test-loop.h"

/* Forwards nothing, and remembers what it was called with. */
typedef struct
{
  GObject             parent_instance;
  gboolean            flags[4];
  DevSshGatewayPorts  gateway_ports;
  GListStore         *lists[2];
  GString            *calls;
} TestForwarder;
typedef GObjectClass TestForwarderClass;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestForwarder, g_object_unref)

enum { PROP_0, PROP_ACCEPT_LOCAL, PROP_ACCEPT_REMOTE, PROP_FORWARD, PROP_REPLACE, PROP_GATEWAY_PORTS, PROP_LOCAL, PROP_REMOTE };

static void test_forwarder_iface_init (DevSshPortForwarderInterface *iface);

GType test_forwarder_get_type (void);
G_DEFINE_TYPE_WITH_CODE (TestForwarder, test_forwarder, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (DEVSSH_TYPE_PORT_FORWARDER, test_forwarder_iface_init))

static void
forward_from (DevSshPortForwarder *forwarder,
              const char          *remote_address,
              guint                remote_port,
              const char          *local_host,
              guint                local_port,
              GCancellable        *cancellable,
              GAsyncReadyCallback  callback,
              gpointer             user_data)
{
  g_string_append_printf (((TestForwarder *) forwarder)->calls, "forward-from %s %u %s %u\n",
                          remote_address, remote_port, local_host, local_port);
}

static void
stream_from (DevSshPortForwarder *forwarder,
             const char          *remote_address,
             guint                remote_port,
             GCancellable        *cancellable,
             GAsyncReadyCallback  callback,
             gpointer             user_data)
{
  g_string_append_printf (((TestForwarder *) forwarder)->calls, "stream-from %s %u\n", remote_address, remote_port);
}

static void
forward_to (DevSshPortForwarder *forwarder,
            const char          *local_address,
            guint                local_port,
            const char          *remote_host,
            guint                remote_port,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  g_string_append_printf (((TestForwarder *) forwarder)->calls, "forward-to %s %u %s %u\n",
                          local_address, local_port, remote_host, remote_port);
}

static void
stream_to (DevSshPortForwarder *forwarder,
           const char          *remote_host,
           guint                remote_port,
           GCancellable        *cancellable,
           GAsyncReadyCallback  callback,
           gpointer             user_data)
{
  g_string_append_printf (((TestForwarder *) forwarder)->calls, "stream-to %s %u\n", remote_host, remote_port);
}

static void
connect_to (DevSshPortForwarder *forwarder,
            guint                port,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  g_string_append_printf (((TestForwarder *) forwarder)->calls, "connect-to %u\n", port);
}

static void
wait_for (DevSshPortForwarder *forwarder,
          guint                port,
          GCancellable        *cancellable,
          GAsyncReadyCallback  callback,
          gpointer             user_data)
{
  g_string_append_printf (((TestForwarder *) forwarder)->calls, "wait-for %u\n", port);
}

/* As one in Python that throws: nothing, and no reason. */
static GIOStream *
stream_to_finish (DevSshPortForwarder  *forwarder,
                  GAsyncResult         *result,
                  GError              **error)
{
  return NULL;
}

static void
test_forwarder_iface_init (DevSshPortForwarderInterface *iface)
{
  iface->stream_to_remote_port_finish = stream_to_finish;
  iface->forward_from_remote_port_async = forward_from;
  iface->stream_from_remote_port_async = stream_from;
  iface->forward_to_remote_port_async = forward_to;
  iface->stream_to_remote_port_async = stream_to;
  iface->connect_to_forwarded_port_async = connect_to;
  iface->wait_for_forwarded_port_async = wait_for;
}

static void
test_forwarder_get_property (GObject    *object,
                             guint       prop_id,
                             GValue     *value,
                             GParamSpec *pspec)
{
  TestForwarder *self = (TestForwarder *) object;

  if (prop_id == PROP_GATEWAY_PORTS)
    g_value_set_enum (value, self->gateway_ports);
  else if (prop_id >= PROP_LOCAL)
    g_value_set_object (value, self->lists[prop_id - PROP_LOCAL]);
  else
    g_value_set_boolean (value, self->flags[prop_id - PROP_ACCEPT_LOCAL]);
}

static void
test_forwarder_set_property (GObject      *object,
                             guint         prop_id,
                             const GValue *value,
                             GParamSpec   *pspec)
{
  TestForwarder *self = (TestForwarder *) object;

  if (prop_id == PROP_GATEWAY_PORTS)
    self->gateway_ports = g_value_get_enum (value);
  else
    self->flags[prop_id - PROP_ACCEPT_LOCAL] = g_value_get_boolean (value);
}

static void
test_forwarder_finalize (GObject *object)
{
  TestForwarder *self = (TestForwarder *) object;

  g_string_free (self->calls, TRUE);
  g_object_unref (self->lists[0]);
  g_object_unref (self->lists[1]);
  G_OBJECT_CLASS (test_forwarder_parent_class)->finalize (object);
}

static void
test_forwarder_class_init (TestForwarderClass *klass)
{
  klass->get_property = test_forwarder_get_property;
  klass->set_property = test_forwarder_set_property;
  klass->finalize = test_forwarder_finalize;
  g_object_class_override_property (klass, PROP_ACCEPT_LOCAL, "accept-local-connections-for-forwarded-ports");
  g_object_class_override_property (klass, PROP_ACCEPT_REMOTE, "accept-remote-connections-for-non-forwarded-ports");
  g_object_class_override_property (klass, PROP_FORWARD, "forward-connections-to-local-ports");
  g_object_class_override_property (klass, PROP_REPLACE, "replace-existing-sockets");
  g_object_class_override_property (klass, PROP_GATEWAY_PORTS, "gateway-ports");
  g_object_class_override_property (klass, PROP_LOCAL, "local-forwarded-ports");
  g_object_class_override_property (klass, PROP_REMOTE, "remote-forwarded-ports");
}

static void
test_forwarder_init (TestForwarder *self)
{
  self->calls = g_string_new (NULL);
  self->lists[0] = g_list_store_new (DEVSSH_TYPE_FORWARDED_PORT);
  self->lists[1] = g_list_store_new (DEVSSH_TYPE_FORWARDED_PORT);
}

/* Ports */

static DevSshForwardedPort *
port_new (guint    local_port,
          guint    remote_port,
          gboolean is_remote)
{
  return g_object_new (DEVSSH_TYPE_FORWARDED_PORT,
                       "local-host", "127.0.0.1",
                       "local-port", local_port,
                       "remote-port", remote_port,
                       "is-remote", is_remote,
                       NULL);
}

static void
test_port_text (void)
{
  static const struct { guint local, remote; gboolean is_remote; const char *text; } rows[] = {
    { 8080, 80, TRUE, "8080->80" },
    { 8080, 80, FALSE, "8080<-80" },
    { 0, 80, TRUE, "->80" },
    { 0, 80, FALSE, "<-80" },
    { 8080, 0, TRUE, "8080->" },
    { 65535, 1, FALSE, "65535<-1" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(DevSshForwardedPort) port = port_new (rows[i].local, rows[i].remote, rows[i].is_remote);
      g_autofree char *text = devssh_forwarded_port_to_string (port);

      g_assert_cmpstr (text, ==, rows[i].text);
      g_assert_cmpuint (devssh_forwarded_port_get_local_port (port), ==, rows[i].local);
      g_assert_cmpuint (devssh_forwarded_port_get_remote_port (port), ==, rows[i].remote);
      g_assert_cmpint (devssh_forwarded_port_get_is_remote (port), ==, rows[i].is_remote);
      g_assert_cmpstr (devssh_forwarded_port_get_local_host (port), ==, "127.0.0.1");
      g_assert_null (devssh_forwarded_port_get_remote_host (port));

      for (guint j = 0; j < G_N_ELEMENTS (rows); j++)
        {
          g_autoptr(DevSshForwardedPort) other = port_new (rows[j].local, rows[j].remote, rows[j].is_remote);

          g_assert_cmpint (devssh_forwarded_port_equal (port, other), ==, i == j);
        }
    }
}

/* A Unix socket stands for a port, and is told apart by its path. */
static void
test_port_path (void)
{
  static const struct { const char *local, *remote; guint local_port, remote_port; const char *text; } rows[] = {
    { "/run/a", "/run/b", 0, 0, "/run/a->/run/b" },
    { "127.0.0.1", "/run/b", 80, 0, "80->/run/b" },
    { "/run/a", "localhost", 0, 80, "/run/a->80" },
    { "/run/c", "localhost", 0, 80, "/run/c->80" },
    { NULL, "/run/b", 0, 0, "->/run/b" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      for (guint j = 0; j < G_N_ELEMENTS (rows); j++)
        {
          DevSshForwardedPort *ports[2] = { NULL, NULL };
          g_autofree char *text = NULL;

          for (guint k = 0; k < 2; k++)
            {
              guint row = k == 0 ? i : j;

              ports[k] = g_object_new (DEVSSH_TYPE_FORWARDED_PORT,
                                       "local-host", rows[row].local, "local-port", rows[row].local_port,
                                       "remote-host", rows[row].remote, "remote-port", rows[row].remote_port,
                                       "is-remote", TRUE, NULL);
            }

          text = devssh_forwarded_port_to_string (ports[0]);
          g_assert_cmpstr (text, ==, rows[i].text);
          g_assert_cmpint (devssh_forwarded_port_equal (ports[0], ports[1]), ==, i == j);
          g_clear_object (&ports[0]);
          g_clear_object (&ports[1]);
        }
    }
}

static void
note_cb (GObject    *object,
         GParamSpec *pspec,
         GString    *notes)
{
  g_string_append_printf (notes, "%s ", pspec->name);
}

/* A port that was only recorded begins to listen: the same item, with news. */
static void
test_port_updated (void)
{
  g_autoptr(DevSshForwardedPort) port = port_new (0, 80, TRUE);
  g_autoptr(GString) notes = g_string_new (NULL);
  g_autoptr(GBytes) none = NULL;

  g_signal_connect (port, "notify", G_CALLBACK (note_cb), notes);
  devssh_forwarded_port_set_local (port, "127.0.0.1", 8080);
  g_assert_cmpstr (notes->str, ==, "local-port ");
  devssh_forwarded_port_set_local (port, "::1", 8080);
  g_assert_cmpstr (notes->str, ==, "local-port local-host ");
  devssh_forwarded_port_set_local (port, "::1", 8080);
  g_assert_cmpstr (notes->str, ==, "local-port local-host ");
  g_assert_cmpuint (devssh_forwarded_port_get_local_port (port), ==, 8080);
  g_assert_cmpstr (devssh_forwarded_port_get_local_host (port), ==, "::1");

  g_assert_null (devssh_forwarded_port_get_reply (port));
  g_object_get (port, "reply", &none, NULL);
  g_assert_null (none);
  g_assert_cmpuint (devssh_forwarded_port_get_bytes_sent (port), ==, 0);
  g_assert_cmpuint (devssh_forwarded_port_get_bytes_received (port), ==, 0);
}

static void
count_cb (GObject *object,
          guint   *n)
{
  (*n)++;
}

static void
close_again_cb (DevSshForwardedPort *port)
{
  g_assert_true (devssh_forwarded_port_get_is_closed (port));
  devssh_forwarded_port_close (port);
}

static void
test_port_close (void)
{
  g_autoptr(DevSshForwardedPort) port = port_new (1, 2, TRUE);
  guint n_closed = 0;

  g_signal_connect (port, "closed", G_CALLBACK (close_again_cb), NULL);
  g_signal_connect (port, "closed", G_CALLBACK (count_cb), &n_closed);
  g_assert_false (devssh_forwarded_port_get_is_closed (port));
  devssh_forwarded_port_close (port);
  devssh_forwarded_port_close (port);
  g_assert_true (devssh_forwarded_port_get_is_closed (port));
  g_assert_cmpuint (n_closed, ==, 1);
}

static void
drop_cb (DevSshForwardedPort  *port,
         DevSshForwardedPort **owner)
{
  g_clear_object (owner);
}

static void
test_port_dropped_inside (void)
{
  DevSshForwardedPort *port = port_new (1, 2, TRUE);

  g_object_add_weak_pointer (G_OBJECT (port), (gpointer *) &port);
  g_signal_connect (port, "closed", G_CALLBACK (drop_cb), &port);
  devssh_forwarded_port_close (port);
  g_assert_null (port);
}

/* Arguments */

static void
test_defaults (void)
{
  g_autoptr(TestForwarder) self = g_object_new (test_forwarder_get_type (), NULL);
  DevSshPortForwarder *forwarder = DEVSSH_PORT_FORWARDER (self);

  devssh_port_forwarder_forward_from_remote_port_async (forwarder, NULL, 80, NULL, 8080, NULL, NULL, NULL);
  devssh_port_forwarder_forward_from_remote_port_async (forwarder, "", 80, "host", 0, NULL, NULL, NULL);
  devssh_port_forwarder_forward_from_remote_port_async (forwarder, "::1", 0, NULL, 65535, NULL, NULL, NULL);
  devssh_port_forwarder_stream_from_remote_port_async (forwarder, NULL, 0, NULL, NULL, NULL);
  devssh_port_forwarder_forward_to_remote_port_async (forwarder, NULL, 0, NULL, 80, NULL, NULL, NULL);
  devssh_port_forwarder_stream_to_remote_port_async (forwarder, NULL, 80, NULL, NULL, NULL);
  devssh_port_forwarder_connect_to_forwarded_port_async (forwarder, 80, NULL, NULL, NULL);
  devssh_port_forwarder_wait_for_forwarded_port_async (forwarder, 80, NULL, NULL, NULL);

  g_assert_cmpstr (self->calls->str, ==,
                   "forward-from 127.0.0.1 80 127.0.0.1 8080\n"
                   "forward-from  80 host 80\n"
                   "forward-from ::1 0 127.0.0.1 65535\n"
                   "stream-from 127.0.0.1 0\n"
                   "forward-to 127.0.0.1 0 127.0.0.1 80\n"
                   "stream-to 127.0.0.1 80\n"
                   "connect-to 80\n"
                   "wait-for 80\n");
}

/* No result is no success. */
static void
test_no_result (void)
{
  g_autoptr(TestForwarder) self = g_object_new (test_forwarder_get_type (), NULL);
  DevSshPortForwarder *forwarder = DEVSSH_PORT_FORWARDER (self);
  g_autoptr(GTask) result = g_task_new (self, NULL, NULL, NULL);
  g_autoptr(GError) error = NULL;

  g_assert_null (devssh_port_forwarder_stream_to_remote_port_finish (forwarder, G_ASYNC_RESULT (result), &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_REFUSED);
}

static void
test_not_implemented (void)
{
  g_autoptr(TestForwarder) self = g_object_new (test_forwarder_get_type (), NULL);
  DevSshPortForwarder *forwarder = DEVSSH_PORT_FORWARDER (self);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  devssh_port_forwarder_wait_for_forwarded_socket_async (forwarder, "/run/x", NULL, test_keep_result_cb, &result);
  test_wait_result (&result);
  g_assert_null (devssh_port_forwarder_wait_for_forwarded_socket_finish (forwarder, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
}

#define ASSERT_NO_PORT(call, finish) \
  G_STMT_START { \
    g_autoptr(GAsyncResult) result = NULL; \
    g_autoptr(GError) error = NULL; \
    call; \
    test_wait_result (&result); \
    g_assert_null (finish (forwarder, result, &error)); \
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT); \
  } G_STMT_END

/* A number that is no port is refused, never cut to 16 bits. */
static void
test_no_ports (void)
{
  g_autoptr(TestForwarder) self = g_object_new (test_forwarder_get_type (), NULL);
  DevSshPortForwarder *forwarder = DEVSSH_PORT_FORWARDER (self);

  ASSERT_NO_PORT (devssh_port_forwarder_forward_from_remote_port_async (forwarder, NULL, 65536, NULL, 80, NULL, test_keep_result_cb, &result),
                  devssh_port_forwarder_forward_from_remote_port_finish);
  ASSERT_NO_PORT (devssh_port_forwarder_forward_from_remote_port_async (forwarder, NULL, 80, NULL, 65616, NULL, test_keep_result_cb, &result),
                  devssh_port_forwarder_forward_from_remote_port_finish);
  ASSERT_NO_PORT (devssh_port_forwarder_forward_from_remote_port_async (forwarder, NULL, 0, NULL, 0, NULL, test_keep_result_cb, &result),
                  devssh_port_forwarder_forward_from_remote_port_finish);
  ASSERT_NO_PORT (devssh_port_forwarder_stream_from_remote_port_async (forwarder, NULL, G_MAXUINT, NULL, test_keep_result_cb, &result),
                  devssh_port_forwarder_stream_from_remote_port_finish);
  ASSERT_NO_PORT (devssh_port_forwarder_forward_to_remote_port_async (forwarder, NULL, 65536, NULL, 80, NULL, test_keep_result_cb, &result),
                  devssh_port_forwarder_forward_to_remote_port_finish);
  ASSERT_NO_PORT (devssh_port_forwarder_forward_to_remote_port_async (forwarder, NULL, 0, NULL, 0, NULL, test_keep_result_cb, &result),
                  devssh_port_forwarder_forward_to_remote_port_finish);
  ASSERT_NO_PORT (devssh_port_forwarder_stream_to_remote_port_async (forwarder, NULL, 0, NULL, test_keep_result_cb, &result),
                  devssh_port_forwarder_stream_to_remote_port_finish);
  ASSERT_NO_PORT (devssh_port_forwarder_stream_to_remote_port_async (forwarder, NULL, 65616, NULL, test_keep_result_cb, &result),
                  devssh_port_forwarder_stream_to_remote_port_finish);
  ASSERT_NO_PORT (devssh_port_forwarder_connect_to_forwarded_port_async (forwarder, 0, NULL, test_keep_result_cb, &result),
                  devssh_port_forwarder_connect_to_forwarded_port_finish);
  ASSERT_NO_PORT (devssh_port_forwarder_wait_for_forwarded_port_async (forwarder, 0, NULL, test_keep_result_cb, &result),
                  devssh_port_forwarder_wait_for_forwarded_port_finish);
  g_assert_cmpstr (self->calls->str, ==, "");
}

static void
test_options (void)
{
  g_autoptr(TestForwarder) self = g_object_new (test_forwarder_get_type (), NULL);
  DevSshPortForwarder *forwarder = DEVSSH_PORT_FORWARDER (self);

  devssh_port_forwarder_set_accept_local_connections_for_forwarded_ports (forwarder, TRUE);
  g_assert_true (devssh_port_forwarder_get_accept_local_connections_for_forwarded_ports (forwarder));
  g_assert_false (devssh_port_forwarder_get_accept_remote_connections_for_non_forwarded_ports (forwarder));
  devssh_port_forwarder_set_accept_remote_connections_for_non_forwarded_ports (forwarder, TRUE);
  g_assert_true (devssh_port_forwarder_get_accept_remote_connections_for_non_forwarded_ports (forwarder));
  g_assert_false (devssh_port_forwarder_get_forward_connections_to_local_ports (forwarder));
  devssh_port_forwarder_set_forward_connections_to_local_ports (forwarder, TRUE);
  g_assert_true (devssh_port_forwarder_get_forward_connections_to_local_ports (forwarder));
  g_assert_cmpint (devssh_port_forwarder_get_gateway_ports (forwarder), ==, DEVSSH_GATEWAY_PORTS_NO);
  devssh_port_forwarder_set_gateway_ports (forwarder, DEVSSH_GATEWAY_PORTS_CLIENT_SPECIFIED);
  g_assert_cmpint (devssh_port_forwarder_get_gateway_ports (forwarder), ==, DEVSSH_GATEWAY_PORTS_CLIENT_SPECIFIED);
  g_assert_true (devssh_port_forwarder_get_local_forwarded_ports (forwarder) == G_LIST_MODEL (self->lists[0]));
  g_assert_true (devssh_port_forwarder_get_remote_forwarded_ports (forwarder) == G_LIST_MODEL (self->lists[1]));
}

/* ::forwarded-port-connecting */

typedef struct
{
  TestForwarder                 *self;
  DevSshPortForwarder           *forwarder;
  GIOStream                     *stream;
  GIOStream                     *other;
  DevSshForwardedPortConnecting *kept;
  guint                          n_emissions;
} Fixture;

static GIOStream *
stream_new (void)
{
  g_autoptr(GInputStream) input = g_memory_input_stream_new ();
  g_autoptr(GOutputStream) output = g_memory_output_stream_new_resizable ();

  return g_simple_io_stream_new (input, output);
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->self = g_object_new (test_forwarder_get_type (), NULL);
  fixture->forwarder = DEVSSH_PORT_FORWARDER (fixture->self);
  fixture->stream = stream_new ();
  fixture->other = stream_new ();
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_clear_object (&fixture->kept);
  test_settle ();
  g_assert_cmpuint (G_OBJECT (fixture->self)->ref_count, ==, 1);
  g_assert_cmpuint (G_OBJECT (fixture->stream)->ref_count, ==, 1);
  g_assert_cmpuint (G_OBJECT (fixture->other)->ref_count, ==, 1);
  g_object_unref (fixture->self);
  g_object_unref (fixture->stream);
  g_object_unref (fixture->other);
}

static gboolean
accept_cb (DevSshPortForwarder           *forwarder,
           DevSshForwardedPortConnecting *connecting,
           Fixture                       *fixture)
{
  fixture->n_emissions++;
  g_assert_cmpuint (devssh_forwarded_port_connecting_get_port (connecting), ==, 80);
  g_assert_true (devssh_forwarded_port_connecting_get_is_incoming (connecting));
  g_assert_true (devssh_forwarded_port_connecting_get_stream (connecting) == fixture->stream);
  devssh_forwarded_port_connecting_accept (connecting);

  return TRUE;
}

static gboolean
replace_cb (DevSshPortForwarder           *forwarder,
            DevSshForwardedPortConnecting *connecting,
            Fixture                       *fixture)
{
  devssh_forwarded_port_connecting_replace (connecting, fixture->other);

  return TRUE;
}

static gboolean
reject_cb (DevSshPortForwarder           *forwarder,
           DevSshForwardedPortConnecting *connecting,
           Fixture                       *fixture)
{
  devssh_forwarded_port_connecting_reject (connecting);

  return TRUE;
}

static gboolean
accept_and_throw_cb (DevSshPortForwarder           *forwarder,
                     DevSshForwardedPortConnecting *connecting,
                     Fixture                       *fixture)
{
  devssh_forwarded_port_connecting_accept (connecting);

  return FALSE;
}

static gboolean
drop_question_cb (DevSshPortForwarder           *forwarder,
                  DevSshForwardedPortConnecting *connecting,
                  Fixture                       *fixture)
{
  return TRUE;
}

static gboolean
keep_cb (DevSshPortForwarder           *forwarder,
         DevSshForwardedPortConnecting *connecting,
         Fixture                       *fixture)
{
  fixture->kept = g_object_ref (connecting);

  return TRUE;
}

static GIOStream *
ask (Fixture   *fixture,
     gboolean   answered,
     GError   **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  g_assert_cmpint (devssh_port_forwarder_ask_connecting_async (fixture->forwarder, NULL, 80, TRUE, fixture->stream,
                                                               NULL, test_keep_result_cb, &result), ==, answered);
  g_assert_null (result);

  if (!answered)
    {
      test_settle ();
      g_assert_null (result);
      if (fixture->kept != NULL)
        devssh_forwarded_port_connecting_replace (fixture->kept, fixture->other);
    }

  test_wait_result (&result);

  return devssh_port_forwarder_ask_connecting_finish (fixture->forwarder, result, error);
}

static void
test_connecting_accepted (Fixture       *fixture,
                          gconstpointer  data)
{
  g_autoptr(GIOStream) unasked = NULL;
  g_autoptr(GIOStream) stream = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_false (devssh_port_forwarder_has_connecting_handler (fixture->forwarder));
  unasked = ask (fixture, TRUE, &error);
  g_assert_no_error (error);
  g_assert_true (unasked == fixture->stream);

  g_signal_connect (fixture->self, "forwarded-port-connecting", G_CALLBACK (accept_cb), fixture);
  g_assert_true (devssh_port_forwarder_has_connecting_handler (fixture->forwarder));
  stream = ask (fixture, TRUE, &error);
  g_assert_no_error (error);
  g_assert_true (stream == fixture->stream);
  g_assert_cmpuint (fixture->n_emissions, ==, 1);
}

static void
test_connecting_replaced (Fixture       *fixture,
                          gconstpointer  data)
{
  g_autoptr(GIOStream) stream = NULL;
  g_autoptr(GError) error = NULL;

  g_signal_connect (fixture->self, "forwarded-port-connecting", G_CALLBACK (data), fixture);
  stream = ask (fixture, data == replace_cb, &error);
  g_assert_no_error (error);
  g_assert_true (stream == fixture->other);
}

static void
test_connecting_rejected (Fixture       *fixture,
                          gconstpointer  data)
{
  g_autoptr(GIOStream) stream = NULL;
  g_autoptr(GError) error = NULL;

  g_signal_connect (fixture->self, "forwarded-port-connecting", G_CALLBACK (data), fixture);
  stream = ask (fixture, TRUE, &error);
  g_assert_null (stream);
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_REFUSED);
}

static void
test_connecting_cancelled (Fixture       *fixture,
                           gconstpointer  data)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_signal_connect (fixture->self, "forwarded-port-connecting", G_CALLBACK (keep_cb), fixture);
  devssh_port_forwarder_ask_connecting_async (fixture->forwarder, NULL, 80, TRUE, fixture->stream,
                                              cancellable, test_keep_result_cb, &result);
  g_cancellable_cancel (cancellable);
  test_wait_result (&result);
  g_assert_null (devssh_port_forwarder_ask_connecting_finish (fixture->forwarder, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  devssh_forwarded_port_connecting_accept (fixture->kept);
  test_settle ();
}

/* ::stream-opened and ::allow-address */

static void
stream_opened_cb (GObject   *object,
                  GIOStream *stream,
                  GString   *order)
{
  g_string_append (order, "port ");
}

static void
forwarder_stream_opened_cb (DevSshPortForwarder *forwarder,
                            DevSshForwardedPort *port,
                            GIOStream           *stream,
                            GString             *order)
{
  g_string_append (order, "forwarder ");
}

static void
test_stream_opened (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autoptr(DevSshForwardedPort) port = port_new (0, 80, FALSE);
  GString *order = g_string_new (NULL);

  g_assert_false (devssh_port_forwarder_has_stream_handler (fixture->forwarder, port));
  g_signal_connect (fixture->self, "stream-opened", G_CALLBACK (forwarder_stream_opened_cb), order);
  g_assert_true (devssh_port_forwarder_has_stream_handler (fixture->forwarder, port));
  g_signal_handlers_disconnect_by_data (fixture->self, order);
  g_signal_connect (port, "stream-opened", G_CALLBACK (stream_opened_cb), order);
  g_assert_true (devssh_port_forwarder_has_stream_handler (fixture->forwarder, port));
  g_signal_connect (fixture->self, "stream-opened", G_CALLBACK (forwarder_stream_opened_cb), order);
  devssh_port_forwarder_emit_stream_opened (fixture->forwarder, port, fixture->stream);
  g_assert_cmpstr (order->str, ==, "port forwarder ");
  g_string_free (order, TRUE);
}

static gboolean
allow_cb (DevSshPortForwarder *forwarder,
          const char          *host,
          const char          *address,
          guint                port,
          Fixture             *fixture)
{
  g_assert_cmpstr (host, ==, "host.example");
  g_assert_cmpuint (port, ==, 80);

  return g_strcmp0 (address, "192.0.2.1") == 0;
}

static void
test_allow_address (Fixture       *fixture,
                    gconstpointer  data)
{
  g_assert_true (devssh_port_forwarder_allows_address (fixture->forwarder, "host.example", "127.0.0.1", 80));
  g_signal_connect (fixture->self, "allow-address", G_CALLBACK (allow_cb), fixture);
  g_assert_true (devssh_port_forwarder_allows_address (fixture->forwarder, "host.example", "192.0.2.1", 80));
  g_assert_false (devssh_port_forwarder_allows_address (fixture->forwarder, "host.example", "127.0.0.1", 80));
}

#define ADD(path, data, func) g_test_add (path, Fixture, data, set_up, func, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/service/forwarded-port/text", test_port_text);
  g_test_add_func ("/service/forwarded-port/path", test_port_path);
  g_test_add_func ("/service/forwarded-port/updated", test_port_updated);
  g_test_add_func ("/service/forwarded-port/close", test_port_close);
  g_test_add_func ("/service/forwarded-port/dropped-inside/T-64", test_port_dropped_inside);
  g_test_add_func ("/service/port-forwarder/defaults", test_defaults);
  g_test_add_func ("/service/port-forwarder/no-ports/T-85", test_no_ports);
  g_test_add_func ("/service/port-forwarder/no-result", test_no_result);
  g_test_add_func ("/service/port-forwarder/not-implemented", test_not_implemented);
  g_test_add_func ("/service/port-forwarder/options", test_options);
  ADD ("/service/port-forwarder/connecting/accepted", NULL, test_connecting_accepted);
  ADD ("/service/port-forwarder/connecting/replaced", replace_cb, test_connecting_replaced);
  ADD ("/service/port-forwarder/connecting/replaced-later", keep_cb, test_connecting_replaced);
  ADD ("/service/port-forwarder/connecting/rejected", reject_cb, test_connecting_rejected);
  ADD ("/service/port-forwarder/connecting/accepts-and-throws", accept_and_throw_cb, test_connecting_rejected);
  ADD ("/service/port-forwarder/connecting/dropped", drop_question_cb, test_connecting_rejected);
  ADD ("/service/port-forwarder/connecting/cancelled/T-65", NULL, test_connecting_cancelled);
  ADD ("/service/port-forwarder/stream-opened", NULL, test_stream_opened);
  ADD ("/service/port-forwarder/allow-address/T-85", NULL, test_allow_address);

  return g_test_run ();
}
