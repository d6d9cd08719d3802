/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the application has a hand in forwarding: its own listeners, and its own fields in the messages (protocol.md 6.2 and 6.4). */
#include "forwarding-util.h"

#include <string.h>

#define LOCAL(forwarder)  devssh_port_forwarder_get_local_forwarded_ports (forwarder)
#define REMOTE(forwarder) devssh_port_forwarder_get_remote_forwarded_ports (forwarder)

/* ---- listeners ---- */

typedef struct
{
  GString *calls;
  guint    chosen;          /* what is listened on; 0: what was asked for */
  guint    refuse_at;       /* the how-manieth call is refused; 0: none */
  gboolean says_why;
  gboolean no_port;         /* forgets to say which one it is */
  guint    n_calls;
  guint    n_destroyed;
  GPtrArray *listeners;
  DevSshSession *ends;      /* closed inside, or NULL */
} Listeners;

static guint
free_port (void)
{
  g_autoptr(Target) target = target_new ("127.0.0.1");

  return target->port;
}

static GSocketListener *
listener_cb (DevSshPortForwarder  *forwarder,
             guint                 remote_port,
             const char           *address,
             guint                 local_port,
             gboolean              can_change,
             guint                *chosen_port,
             gpointer              user_data,
             GError              **error)
{
  Listeners *self = user_data;
  g_autoptr(GSocketListener) listener = g_socket_listener_new ();
  g_autoptr(GInetAddress) inet = g_inet_address_new_from_string (address);
  g_autoptr(GSocketAddress) where = NULL;
  g_autoptr(GSocketAddress) bound = NULL;

  g_assert_true (DEVSSH_IS_PORT_FORWARDER (forwarder));
  g_string_append_printf (self->calls, "%u %s %u %d;", remote_port, address, local_port, can_change);
  if (++self->n_calls == self->refuse_at)
    {
      if (self->says_why)
        g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "not this one");
      return NULL;
    }

  if (can_change && self->chosen != 0)
    local_port = self->chosen;
  where = g_inet_socket_address_new (inet, local_port);
  if (!g_socket_listener_add_address (listener, where, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL, &bound, error))
    return NULL;

  if (!self->no_port)
    *chosen_port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  g_ptr_array_add (self->listeners, g_object_ref (listener));
  if (self->ends != NULL)
    {
      devssh_session_close (self->ends, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "enough");
      test_spin_until (devssh_service_get_session (DEVSSH_SERVICE (forwarder)) == NULL);
    }

  return g_steal_pointer (&listener);
}

static void
listeners_destroyed_cb (gpointer user_data)
{
  ((Listeners *) user_data)->n_destroyed++;
}

static void
listeners_init (Listeners           *self,
                DevSshPortForwarder *forwarder)
{
  memset (self, 0, sizeof *self);
  self->calls = g_string_new (NULL);
  self->listeners = g_ptr_array_new_with_free_func (g_object_unref);
  devssh_port_forwarder_set_listener_factory (forwarder, listener_cb, self, listeners_destroyed_cb);
}

static void
listeners_clear (Listeners *self)
{
  g_string_free (self->calls, TRUE);
  g_ptr_array_unref (self->listeners);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Listeners, listeners_clear)

static void
assert_calls (Listeners  *self,
              const char *format,
              ...)
{
  g_autofree char *expected = NULL;
  va_list args;

  va_start (args, format);
  expected = g_strdup_vprintf (format, args);
  va_end (args);

  if (!tcp_can_listen ("::1", 0))
    {
      *(strchr (expected, ';') + 1) = '\0';
      *(strchr (self->calls->str, ';') + 1) = '\0';
    }
  g_assert_cmpstr (self->calls->str, ==, expected);
  g_string_truncate (self->calls, 0);
}

static void
assert_joined (guint   port,
               Target *target)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GSocketConnection) outside = tcp_connect ("127.0.0.1", port, &error);
  g_autoptr(GSocketConnection) inside = NULL;

  g_assert_no_error (error);
  inside = target_take (target);
  assert_carries_both (G_IO_STREAM (outside), G_IO_STREAM (inside));
}

/* Another port than the peer asked for: it hears nothing of it (protocol.md 6.4 and 6.7). */
static void
test_listener_other_port (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) target = target_new ("127.0.0.1");
  g_auto(Listeners) listeners;
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(GError) error = NULL;
  DevSshForwardedPort *theirs;
  guint asked = free_port ();
  guint chosen;

  do
    chosen = free_port ();
  while (chosen == asked);

  listeners_init (&listeners, f->server_forwarder);
  listeners.chosen = chosen;
  port = forward_from (f->client_forwarder, NULL, asked, NULL, target->port, &error);
  g_assert_no_error (error);
  assert_calls (&listeners, "%u 127.0.0.1 %u 1;%u ::1 %u 0;", asked, asked, asked, chosen);

  g_assert_cmpuint (devssh_forwarded_port_get_remote_port (port), ==, asked);
  theirs = nth_port (REMOTE (f->server_forwarder), 0);
  g_assert_cmpuint (devssh_forwarded_port_get_local_port (theirs), ==, chosen);
  g_assert_cmpuint (devssh_forwarded_port_get_remote_port (theirs), ==, asked);
  assert_joined (chosen, target);
  if (tcp_can_listen ("::1", 0))
    g_assert_false (tcp_can_listen ("::1", chosen));
  g_assert_true (tcp_can_listen ("127.0.0.1", asked));

  /* Whoever asks for the port again is refused, and once it is cancelled, both ports are free. */
  devssh_forwarded_port_close (port);
  test_spin_until (n_items (REMOTE (f->server_forwarder)) == 0);
  g_assert_true (tcp_can_listen ("127.0.0.1", chosen));
}

static void
test_listener_port_0 (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) target = target_new ("127.0.0.1");
  g_auto(Listeners) listeners;
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(GError) error = NULL;
  guint chosen;

  listeners_init (&listeners, f->server_forwarder);
  port = forward_from (f->client_forwarder, NULL, 0, NULL, target->port, &error);
  g_assert_no_error (error);
  chosen = devssh_forwarded_port_get_remote_port (port);
  assert_calls (&listeners, "0 127.0.0.1 0 1;0 ::1 %u 0;", chosen);
  assert_joined (chosen, target);
}

/* An explicit address of IPv6, or one that is neither loopback nor all, is asked for once. */
static void
test_listener_one_address (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_auto(Listeners) listeners;
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(GError) error = NULL;

  listeners_init (&listeners, f->server_forwarder);
  port = forward_from (f->client_forwarder, "127.0.0.2", 0, NULL, 80, &error);
  g_assert_no_error (error);
  assert_calls (&listeners, "0 127.0.0.2 0 1;");
}

/* The application's own port: the same hand in it, and the port that it chose is the one that counts. */
static void
test_listener_forward_to (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) target = target_new ("127.0.0.1");
  g_auto(Listeners) listeners;
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(GError) error = NULL;
  guint chosen = free_port ();

  listeners_init (&listeners, f->client_forwarder);
  listeners.chosen = chosen;
  port = forward_to (f->client_forwarder, NULL, 0, NULL, target->port, &error);
  g_assert_no_error (error);
  assert_calls (&listeners, "%u 127.0.0.1 0 1;%u ::1 %u 0;", target->port, target->port, chosen);
  g_assert_cmpuint (devssh_forwarded_port_get_local_port (port), ==, chosen);
  assert_joined (chosen, target);
  devssh_forwarded_port_close (port);
  g_assert_null (tcp_connect ("127.0.0.1", chosen, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
}

/* data: the call that is refused; the listener of the first one does not stay. */
static void
test_listener_refused (gconstpointer data)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(GError) error = NULL;
  guint refuse_at = GPOINTER_TO_UINT (data);

  if (refuse_at == 2 && !tcp_can_listen ("::1", 0))
    {
      g_test_skip ("no IPv6");
      return;
    }

  for (guint says_why = 0; says_why < 2; says_why++)
    {
      g_auto(Listeners) theirs;
      g_auto(Listeners) ours;
      guint chosen = free_port ();

      /* A refusal is the peer's no ... */
      listeners_init (&theirs, f->server_forwarder);
      theirs.refuse_at = refuse_at;
      theirs.says_why = says_why;
      theirs.chosen = chosen;
      g_assert_null (forward_from (f->client_forwarder, NULL, 0, NULL, 80, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (theirs.n_calls, ==, refuse_at);
      g_assert_cmpuint (n_items (REMOTE (f->server_forwarder)), ==, 0);
      g_assert_true (tcp_can_listen ("127.0.0.1", chosen));

      /* ... and an error of one's own call. */
      listeners_init (&ours, f->client_forwarder);
      ours.refuse_at = refuse_at;
      ours.says_why = says_why;
      ours.chosen = chosen;
      g_assert_null (forward_to (f->client_forwarder, NULL, 0, NULL, 80, &error));
      if (says_why)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
      else
        g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_REFUSED);
      g_clear_error (&error);
      g_assert_true (tcp_can_listen ("127.0.0.1", chosen));

      devssh_port_forwarder_set_listener_factory (f->client_forwarder, NULL, NULL, NULL);
      devssh_port_forwarder_set_listener_factory (f->server_forwarder, NULL, NULL, NULL);
      g_assert_cmpuint (ours.n_destroyed, ==, 1);
      g_assert_cmpuint (theirs.n_destroyed, ==, 1);
    }
}

/* Without a word about the port it is the one that was asked for; where that was any, it has to be said. */
static void
test_listener_no_port (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_auto(Listeners) listeners;
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(GError) error = NULL;
  guint asked = free_port ();

  listeners_init (&listeners, f->client_forwarder);
  listeners.no_port = TRUE;
  port = forward_to (f->client_forwarder, NULL, asked, NULL, 80, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (devssh_forwarded_port_get_local_port (port), ==, asked);

  g_assert_null (forward_to (f->client_forwarder, NULL, 0, NULL, 81, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
}

/* The application closes what is its own: then nothing is forwarded any more. */
static void
test_listener_closed (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_auto(Listeners) listeners;
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(GError) error = NULL;

  listeners_init (&listeners, f->client_forwarder);
  port = forward_to (f->client_forwarder, "127.0.0.2", 0, NULL, 80, &error);
  g_assert_no_error (error);
  test_settle ();
  g_assert_false (devssh_forwarded_port_get_is_closed (port));
  g_socket_listener_close (listeners.listeners->pdata[0]);
  test_spin_until (devssh_forwarded_port_get_is_closed (port));
}

/* A factory that puts another one in its place lives until it has returned. */
static GSocketListener *
replacing_cb (DevSshPortForwarder  *forwarder,
              guint                 remote_port,
              const char           *address,
              guint                 local_port,
              gboolean              can_change,
              guint                *chosen_port,
              gpointer              user_data,
              GError              **error)
{
  guint *n_destroyed = user_data;

  devssh_port_forwarder_set_listener_factory (forwarder, NULL, NULL, NULL);
  g_assert_cmpuint (*n_destroyed, ==, 0);

  return NULL;
}

static void
count_destroyed_cb (gpointer user_data)
{
  (*(guint *) user_data)++;
}

static void
test_listener_replaced_inside (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(GError) error = NULL;
  guint n_destroyed = 0;

  devssh_port_forwarder_set_listener_factory (f->client_forwarder, replacing_cb, &n_destroyed, count_destroyed_cb);
  g_assert_null (forward_to (f->client_forwarder, NULL, 0, NULL, 80, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_REFUSED);
  g_clear_error (&error);
  g_assert_cmpuint (n_destroyed, ==, 1);

  /* None is left: the forwarder listens itself. */
  port = forward_to (f->client_forwarder, NULL, 0, NULL, 80, &error);
  g_assert_no_error (error);
}

/* ---- messages ---- */

typedef struct
{
  GString  *calls;
  int       fail_kind;      /* -1: none */
  gboolean  changes;        /* what it must only add to */
  gboolean  says_why;
  guint     n_destroyed;
  DevSshClientSession **drops;  /* closed and let go of inside, or NULL */
} Messages;

static GBytes *
message_cb (DevSshPortForwarder           *forwarder,
            DevSshPortForwardMessageKind   kind,
            const char                    *type,
            guint                          port,
            GBytes                        *payload,
            gpointer                       user_data,
            GError                       **error)
{
  Messages *self = user_data;
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();
  gsize length;
  const guint8 *data = g_bytes_get_data (payload, &length);
  g_autofree char *text = g_strdup_printf ("%d of %s", kind, type);

  g_string_append_printf (self->calls, "%d %s %s;", kind, type, port != 0 ? "port" : "0");

  if ((int) kind == self->fail_kind)
    {
      if (self->changes)
        return g_bytes_new_from_bytes (payload, 0, length - 1);
      if (self->says_why)
        g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "not like this");
      return NULL;
    }

  if (self->drops != NULL)
    {
      devssh_session_close (DEVSSH_SESSION (*self->drops), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "enough");
      g_clear_object (self->drops);
    }

  devssh_writer_put_bytes (writer, data, length);
  devssh_writer_put_utf8 (writer, text);

  return devssh_writer_end (writer);
}

static void
messages_destroyed_cb (gpointer user_data)
{
  ((Messages *) user_data)->n_destroyed++;
}

static void
messages_init (Messages            *self,
               DevSshPortForwarder *forwarder)
{
  memset (self, 0, sizeof *self);
  self->calls = g_string_new (NULL);
  self->fail_kind = -1;
  devssh_port_forwarder_set_message_factory (forwarder, message_cb, self, messages_destroyed_cb);
}

static void
messages_clear (Messages *self)
{
  g_string_free (self->calls, TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Messages, messages_clear)

static void
assert_extra (DevSshPortForwardMessage *message,
              const char               *expected)
{
  g_autoptr(DevSshReader) reader = devssh_reader_new (devssh_port_forward_message_get_extra (message));
  g_autofree char *text = devssh_reader_dup_utf8 (reader);

  g_assert_cmpstr (text, ==, expected);
  g_assert_true (devssh_reader_finish (reader, NULL));
}

static DevSshPortForwardMessage *
message_of (DevSshChannelOpening *opening)
{
  g_autoptr(GError) error = NULL;
  DevSshPortForwardMessage *message =
    devssh_port_forward_message_parse (devssh_channel_opening_get_channel_type (opening),
                                       devssh_channel_opening_get_type_data (opening), &error);

  g_assert_no_error (error);

  return message;
}

static gboolean
keep_opening_cb (DevSshSession         *session,
                 DevSshChannelOpening  *opening,
                 DevSshChannelOpening **place)
{
  if (!devssh_channel_opening_get_is_remote (opening))
    return FALSE;

  g_set_object (place, opening);
  devssh_channel_opening_accept (opening);

  return TRUE;
}

/* The request at the requester, the success at the acceptor, the opening at the opener; and all of it is to be read there. */
static void
test_messages_from (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) target = target_new ("127.0.0.1");
  g_auto(Messages) ours;
  g_auto(Messages) theirs;
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(DevSshChannelOpening) opening = NULL;
  g_autoptr(DevSshPortForwardMessage) request = NULL;
  g_autoptr(DevSshPortForwardMessage) success = NULL;
  g_autoptr(DevSshPortForwardMessage) open = NULL;
  g_autoptr(GError) error = NULL;

  messages_init (&ours, f->client_forwarder);
  messages_init (&theirs, f->server_forwarder);
  g_signal_connect (f->client, "channel-opening", G_CALLBACK (keep_opening_cb), &opening);
  port = forward_from (f->client_forwarder, NULL, 0, NULL, target->port, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (ours.calls->str, ==, "0 tcpip-forward 0;");
  g_assert_cmpstr (theirs.calls->str, ==, "1 tcpip-forward port;");

  request = devssh_port_forward_message_parse ("tcpip-forward", devssh_session_request_get_payload (f->request), &error);
  g_assert_no_error (error);
  assert_extra (request, "0 of tcpip-forward");
  success = devssh_port_forward_message_parse_success (devssh_forwarded_port_get_reply (port), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (devssh_port_forward_message_get_port (success), ==, devssh_forwarded_port_get_remote_port (port));
  assert_extra (success, "1 of tcpip-forward");

  assert_joined (devssh_forwarded_port_get_remote_port (port), target);
  g_assert_cmpstr (theirs.calls->str, ==, "1 tcpip-forward port;2 forwarded-tcpip port;");
  open = message_of (opening);
  assert_extra (open, "2 of forwarded-tcpip");

  /* A cancellation is the library's own. */
  devssh_forwarded_port_close (port);
  test_spin_until (n_items (REMOTE (f->server_forwarder)) == 0);
  g_assert_cmpstr (ours.calls->str, ==, "0 tcpip-forward 0;");

  devssh_port_forwarder_set_message_factory (f->client_forwarder, NULL, NULL, NULL);
  devssh_port_forwarder_set_message_factory (f->server_forwarder, NULL, NULL, NULL);
  g_assert_cmpuint (ours.n_destroyed, ==, 1);
  g_assert_cmpuint (theirs.n_destroyed, ==, 1);
}

static void
test_messages_to (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) target = target_new ("127.0.0.1");
  g_auto(Messages) ours;
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(GIOStream) stream = NULL;
  g_autoptr(GSocketConnection) inside = NULL;
  g_autoptr(DevSshPortForwardMessage) open = NULL;
  g_autoptr(GError) error = NULL;

  messages_init (&ours, f->client_forwarder);
  port = forward_to (f->client_forwarder, NULL, 0, NULL, target->port, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (ours.calls->str, ==, "");
  assert_joined (devssh_forwarded_port_get_local_port (port), target);
  g_assert_cmpstr (ours.calls->str, ==, "2 direct-tcpip port;");
  open = message_of (f->opening);
  assert_extra (open, "2 of direct-tcpip");

  stream = stream_to (f->client_forwarder, NULL, target->port, &error);
  g_assert_no_error (error);
  inside = target_take (target);
  g_assert_cmpstr (ours.calls->str, ==, "2 direct-tcpip port;2 direct-tcpip port;");
}

/* data: the kind that is not made */
static void
test_messages_refused (gconstpointer data)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) target = target_new ("127.0.0.1");
  int kind = GPOINTER_TO_INT (data);
  static const struct { gboolean changes, says_why; GQuark (*domain) (void); int code; } rows[] = {
    { FALSE, FALSE, devssh_error_quark, DEVSSH_ERROR_REFUSED },
    { FALSE, TRUE, g_io_error_quark, G_IO_ERROR_PERMISSION_DENIED },
    { TRUE, FALSE, g_io_error_quark, G_IO_ERROR_INVALID_DATA },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_auto(Messages) messages;
      g_autoptr(GError) error = NULL;
      DevSshPortForwarder *side = kind == DEVSSH_PORT_FORWARD_MESSAGE_KIND_SUCCESS ? f->server_forwarder : f->client_forwarder;

      messages_init (&messages, side);
      messages.fail_kind = kind;
      messages.changes = rows[i].changes;
      messages.says_why = rows[i].says_why;

      if (kind == DEVSSH_PORT_FORWARD_MESSAGE_KIND_CHANNEL_OPEN)
        {
          g_autoptr(DevSshForwardedPort) port = NULL;
          g_autoptr(GSocketConnection) outside = NULL;

          g_assert_null (stream_to (f->client_forwarder, NULL, target->port, &error));
          g_assert_error (error, rows[i].domain (), rows[i].code);
          g_clear_error (&error);

          port = forward_to (f->client_forwarder, NULL, 0, NULL, target->port, &error);
          g_assert_no_error (error);
          outside = tcp_connect ("127.0.0.1", devssh_forwarded_port_get_local_port (port), &error);
          g_assert_no_error (error);
          assert_broken (G_IO_STREAM (outside));
          g_assert_cmpuint (f->n_openings, ==, 0);
          devssh_forwarded_port_close (port);
        }
      else
        {
          guint asked = free_port ();

          g_assert_null (forward_from (f->client_forwarder, NULL, asked, NULL, target->port, &error));
          if (kind == DEVSSH_PORT_FORWARD_MESSAGE_KIND_REQUEST)
            {
              g_assert_error (error, rows[i].domain (), rows[i].code);
              g_assert_cmpuint (f->n_requests, ==, 0);
            }
          else
            {
              /* A no, and nothing listens. */
              g_assert_no_error (error);
              g_assert_cmpuint (f->n_requests, ==, i + 1);
            }
          g_assert_true (tcp_can_listen ("127.0.0.1", asked));
          g_assert_cmpuint (n_items (REMOTE (f->server_forwarder)), ==, 0);
          g_assert_cmpuint (n_items (LOCAL (f->client_forwarder)), ==, 0);
        }

      devssh_port_forwarder_set_message_factory (side, NULL, NULL, NULL);
    }
}

/* What they were given may hold the forwarder: a session that has ended lets go of it. */
static void
test_session_closed (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_auto(Listeners) listeners;
  g_auto(Messages) messages;

  listeners_init (&listeners, f->client_forwarder);
  messages_init (&messages, f->client_forwarder);
  forwarding_close_sessions (f);
  g_assert_cmpuint (listeners.n_destroyed, ==, 1);
  g_assert_cmpuint (messages.n_destroyed, ==, 1);
}

/* A session that ends inside a factory listens to nothing afterwards. */
static void
test_session_ends_inside (gconstpointer data)
{
  gboolean by_peer = GPOINTER_TO_INT (data);
  g_autoptr(Forwarding) f = forwarding_new ();
  g_auto(Listeners) listeners;
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(GError) error = NULL;

  listeners_init (&listeners, by_peer ? f->server_forwarder : f->client_forwarder);
  listeners.ends = by_peer ? f->server : f->client;
  listeners.chosen = free_port ();
  /* This address has no second one of IPv6. */
  port = by_peer ? forward_from (f->client_forwarder, "127.0.0.2", listeners.chosen, NULL, 1, &error)
                 : forward_to (f->client_forwarder, "127.0.0.2", listeners.chosen, NULL, 1, &error);
  g_assert_null (port);
  g_assert_nonnull (error);
  if (!by_peer)
    g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);
  test_settle ();
  g_assert_cmpuint (listeners.listeners->len, >, 0);
  g_assert_true (tcp_can_listen ("127.0.0.2", listeners.chosen));
}

static void
test_session_dropped_inside (gconstpointer data)
{
  gboolean opens = GPOINTER_TO_INT (data);
  g_autoptr(Forwarding) f = forwarding_new ();
  g_auto(Messages) messages;
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(GIOStream) stream = NULL;
  g_autoptr(DevSshPortForwarder) forwarder = g_object_ref (f->client_forwarder);
  g_autoptr(GError) error = NULL;

  messages_init (&messages, forwarder);
  messages.drops = &f->pair->client;
  if (opens)
    stream = stream_to (forwarder, NULL, 1, &error);
  else
    port = forward_from (forwarder, NULL, 0, NULL, 1, &error);
  g_assert_nonnull (error);
  g_assert_null (stream);
  g_assert_null (port);
  g_assert_cmpuint (messages.n_destroyed, ==, 1);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_unsetenv ("DEVSSH_PLUGIN_PATH");

  g_test_add_func ("/forwarding/listener/other-port/E-65", test_listener_other_port);
  g_test_add_func ("/forwarding/listener/port-0/E-65", test_listener_port_0);
  g_test_add_func ("/forwarding/listener/one-address", test_listener_one_address);
  g_test_add_func ("/forwarding/listener/forward-to", test_listener_forward_to);
  g_test_add_data_func ("/forwarding/listener/refused/first", GUINT_TO_POINTER (1), test_listener_refused);
  g_test_add_data_func ("/forwarding/listener/refused/second", GUINT_TO_POINTER (2), test_listener_refused);
  g_test_add_func ("/forwarding/listener/no-port", test_listener_no_port);
  g_test_add_func ("/forwarding/listener/closed", test_listener_closed);
  g_test_add_func ("/forwarding/listener/replaced-inside/T-64", test_listener_replaced_inside);

  g_test_add_func ("/forwarding/messages/from/E-65", test_messages_from);
  g_test_add_func ("/forwarding/messages/to", test_messages_to);
  g_test_add_data_func ("/forwarding/messages/refused/request",
                        GINT_TO_POINTER (DEVSSH_PORT_FORWARD_MESSAGE_KIND_REQUEST), test_messages_refused);
  g_test_add_data_func ("/forwarding/messages/refused/success",
                        GINT_TO_POINTER (DEVSSH_PORT_FORWARD_MESSAGE_KIND_SUCCESS), test_messages_refused);
  g_test_add_data_func ("/forwarding/messages/refused/channel-open",
                        GINT_TO_POINTER (DEVSSH_PORT_FORWARD_MESSAGE_KIND_CHANNEL_OPEN), test_messages_refused);
  g_test_add_func ("/forwarding/factories/session-closed", test_session_closed);
  g_test_add_data_func ("/forwarding/factories/session-ends-inside/T-64/to", GINT_TO_POINTER (FALSE), test_session_ends_inside);
  g_test_add_data_func ("/forwarding/factories/session-ends-inside/T-64/from", GINT_TO_POINTER (TRUE), test_session_ends_inside);
  g_test_add_data_func ("/forwarding/factories/session-dropped-inside/T-64/request", GINT_TO_POINTER (FALSE),
                        test_session_dropped_inside);
  g_test_add_data_func ("/forwarding/factories/session-dropped-inside/T-64/open", GINT_TO_POINTER (TRUE),
                        test_session_dropped_inside);

  return g_test_run ();
}
