/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the other side of a relay hears when one side breaks, what is counted and listed meanwhile, which refusals are said why, and
 * how addresses are tried (protocol.md 6.4 to 6.8). The server's end is made by hand, so that what goes out is seen. */
#include "forwarding-util.h"

#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOCAL(forwarder)  devssh_port_forwarder_get_local_forwarded_ports (forwarder)
#define REMOTE(forwarder) devssh_port_forwarder_get_remote_forwarded_ports (forwarder)

/* ---- a relay whose one end is a bare channel ---- */

typedef struct
{
  Forwarding          *f;
  Target              *target;
  DevSshForwardedPort *port;
  DevSshChannel       *channel;      /* the server's */
  GSocketConnection   *inside;       /* what the client relays it to */
} Relayed;

static gboolean
connecting_accept_cb (DevSshPortForwarder           *forwarder,
                      DevSshForwardedPortConnecting *connecting,
                      gpointer                       user_data)
{
  devssh_forwarded_port_connecting_accept (connecting);

  return TRUE;
}

/* data: TRUE: through streams, as where the application has put its own in between */
static void
relayed_set_up (Relayed       *self,
                gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) payload = open_payload ("localhost", 4000, "127.0.0.1", 1);

  self->f = forwarding_new_full (TRUE, FALSE);
  self->target = target_new ("127.0.0.1");
  if (GPOINTER_TO_INT (data))
    g_signal_connect (self->f->client_forwarder, "forwarded-port-connecting", G_CALLBACK (connecting_accept_cb), NULL);
  self->port = forward_from (self->f->client_forwarder, NULL, 4000, NULL, self->target->port, &error);
  g_assert_no_error (error);
  self->channel = raw_open (self->f->server, "forwarded-tcpip", payload, &error);
  g_assert_no_error (error);
  self->inside = target_take (self->target);
}

static void
relayed_tear_down (Relayed       *self,
                   gconstpointer  data)
{
  g_clear_object (&self->inside);
  g_clear_object (&self->channel);
  g_clear_object (&self->port);
  target_free (self->target);
  forwarding_free (self->f);
}

static void
wait_closed (DevSshChannel *channel)
{
  test_spin_until (devssh_channel_get_is_closed (channel));
}

static void
test_tcp_reset (Relayed       *self,
                gconstpointer  data)
{
  tcp_reset (self->inside);
  wait_closed (self->channel);
  g_assert_cmpstr (devssh_channel_get_exit_signal (self->channel), ==, "SIGABRT");
  g_assert_nonnull (devssh_channel_get_error_message (self->channel));
}

static void
count_cb (GObject *object,
          guint   *n)
{
  (*n)++;
}

/* Both ends say all they have to say: a plain end. */
static void
test_tcp_closed (Relayed       *self,
                 gconstpointer  data)
{
  guint n_eof = 0;

  g_signal_connect (self->channel, "eof", G_CALLBACK (count_cb), &n_eof);
  tcp_shutdown_write (self->inside);
  test_spin_until (n_eof == 1);
  g_assert_false (devssh_channel_get_is_closed (self->channel));
  g_assert_true (devssh_channel_send_eof (self->channel, NULL));
  assert_eof (G_IO_STREAM (self->inside));
  wait_closed (self->channel);
  g_assert_null (devssh_channel_get_exit_signal (self->channel));
}

static void
test_channel_aborted (Relayed       *self,
                      gconstpointer  data)
{
  devssh_channel_close_with_signal (self->channel, "SIGABRT", "broken");
  assert_broken (G_IO_STREAM (self->inside));
}

/* What was sent before the close arrives. */
static void
test_channel_closed (Relayed       *self,
                     gconstpointer  data)
{
  g_autoptr(GBytes) bytes = g_bytes_new_static ("last words", 10);
  guint8 buffer[11];
  gsize n = 0;

  devssh_channel_send_async (self->channel, bytes, NULL, NULL, NULL);
  devssh_channel_close (self->channel);
  while (n < 10)
    {
      gssize more = read_some (G_IO_STREAM (self->inside), buffer + n, sizeof buffer - n, NULL);

      g_assert_cmpint (more, >, 0);
      n += more;
    }
  g_assert_cmpmem (buffer, n, "last words", 10);
  assert_eof (G_IO_STREAM (self->inside));
}

/* Nobody holds a socket open for a channel that is no more, though its owner never says a word. */
static void
test_channel_closed_idle (Relayed       *self,
                          gconstpointer  data)
{
  gpointer channel = g_list_model_get_item (devssh_forwarded_port_get_channels (self->port), 0);

  g_object_add_weak_pointer (channel, &channel);
  g_object_unref (channel);
  devssh_channel_close (self->channel);
  assert_eof (G_IO_STREAM (self->inside));
  test_spin_until (channel == NULL);
}

/* The same after an end in parts. */
static void
test_channel_closed_later (Relayed       *self,
                           gconstpointer  data)
{
  gpointer channel = g_list_model_get_item (devssh_forwarded_port_get_channels (self->port), 0);

  g_object_add_weak_pointer (channel, &channel);
  g_object_unref (channel);
  g_assert_true (devssh_channel_send_eof (self->channel, NULL));
  assert_eof (G_IO_STREAM (self->inside));
  g_assert_nonnull (channel);
  devssh_channel_close (self->channel);
  test_spin_until (channel == NULL);
}

static void
test_session_cut (Relayed       *self,
                  gconstpointer  data)
{
  g_io_stream_close (devssh_session_get_stream (self->f->server), NULL, NULL);
  assert_broken (G_IO_STREAM (self->inside));
  test_spin_until (devssh_session_get_is_closed (self->f->client));
}

/* The peer has said all, and then the session breaks: that is no clean end. */
static void
test_session_cut_later (Relayed       *self,
                        gconstpointer  data)
{
  GSocket *socket = g_socket_connection_get_socket (self->inside);

  g_assert_true (devssh_channel_send_eof (self->channel, NULL));
  assert_eof (G_IO_STREAM (self->inside));
  g_io_stream_close (devssh_session_get_stream (self->f->server), NULL, NULL);
  test_spin_until ((g_socket_condition_check (socket, G_IO_HUP | G_IO_ERR) & (G_IO_HUP | G_IO_ERR)) != 0);
}

/* ---- what is counted and listed ---- */

static void
note_notify_cb (GObject    *object,
                GParamSpec *pspec,
                GString    *notes)
{
  g_string_append_printf (notes, "%s ", pspec->name);
}

static void
note_items_cb (GListModel *model,
               guint       position,
               guint       removed,
               guint       added,
               GString    *notes)
{
  g_string_append_printf (notes, "%u-%u+%u ", position, removed, added);
}

static void
test_counted (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) target = target_new ("127.0.0.1");
  g_autoptr(GString) notes = g_string_new (NULL);
  g_autoptr(GString) channels = g_string_new (NULL);
  g_autoptr(GString) ports = g_string_new (NULL);
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(DevSshForwardedPort) theirs = NULL;
  g_autoptr(GError) error = NULL;

  g_signal_connect (LOCAL (f->client_forwarder), "items-changed", G_CALLBACK (note_items_cb), ports);
  port = forward_from (f->client_forwarder, NULL, 0, NULL, target->port, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (ports->str, ==, "0-0+1 ");
  theirs = g_object_ref (nth_port (REMOTE (f->server_forwarder), 0));
  g_signal_connect (port, "notify", G_CALLBACK (note_notify_cb), notes);
  g_signal_connect (devssh_forwarded_port_get_channels (port), "items-changed", G_CALLBACK (note_items_cb), channels);

  for (guint i = 1; i <= 2; i++)
    {
      g_autoptr(GSocketConnection) outside =
        tcp_connect ("127.0.0.1", devssh_forwarded_port_get_remote_port (port), &error);
      g_autoptr(GSocketConnection) inside = NULL;
      guint64 sent = 0;

      g_assert_no_error (error);
      inside = target_take (target);
      assert_carries (G_IO_STREAM (outside), G_IO_STREAM (inside), 1000);
      assert_carries (G_IO_STREAM (inside), G_IO_STREAM (outside), 300);

      /* The numbers are those of now; that they changed is said when a channel is closed. */
      g_assert_cmpuint (devssh_forwarded_port_get_bytes_sent (port), ==, i * 300);
      g_assert_cmpuint (devssh_forwarded_port_get_bytes_received (port), ==, i * 1000);
      g_assert_cmpuint (devssh_forwarded_port_get_bytes_sent (theirs), ==, i * 1000);
      g_assert_cmpuint (devssh_forwarded_port_get_bytes_received (theirs), ==, i * 300);
      g_object_get (port, "bytes-sent", &sent, NULL);
      g_assert_cmpuint (sent, ==, i * 300);
      g_assert_cmpstr (notes->str, ==, "");
      g_assert_cmpstr (channels->str, ==, "0-0+1 ");

      tcp_shutdown_write (outside);
      tcp_shutdown_write (inside);
      test_spin_until (n_items (devssh_forwarded_port_get_channels (port)) == 0
                       && n_items (devssh_forwarded_port_get_channels (theirs)) == 0);
      g_assert_cmpstr (notes->str, ==, "bytes-sent bytes-received ");
      g_assert_cmpstr (channels->str, ==, "0-0+1 0-1+0 ");
      g_assert_cmpuint (devssh_forwarded_port_get_bytes_sent (port), ==, i * 300);
      g_string_truncate (notes, 0);
      g_string_truncate (channels, 0);
    }

  devssh_forwarded_port_close (port);
  g_assert_cmpstr (notes->str, ==, "is-closed ");
  g_assert_cmpstr (ports->str, ==, "0-0+1 0-1+0 ");
}

/* Asked for again where somebody listens by now: the same item has news (protocol.md 6.4 and 6.7). */
static void
test_updated (void)
{
  g_autoptr(Forwarding) f = forwarding_new_full (FALSE, TRUE);
  g_autoptr(Target) hint = target_new ("127.0.0.1");
  guint number = hint->port;
  g_autoptr(GBytes) payload = request_payload ("localhost", number);
  g_autoptr(GString) notes = g_string_new (NULL);
  g_autoptr(GString) ports = g_string_new (NULL);
  g_autoptr(DevSshForwardedPort) port = NULL;

  g_clear_pointer (&hint, target_free);
  devssh_port_forwarder_set_accept_local_connections_for_forwarded_ports (f->server_forwarder, FALSE);
  g_assert_true (raw_request (f->client, "tcpip-forward", payload, NULL));
  g_assert_false (raw_request (f->client, "tcpip-forward", payload, NULL));
  port = g_object_ref (nth_port (REMOTE (f->server_forwarder), 0));
  g_assert_cmpuint (devssh_forwarded_port_get_local_port (port), ==, 0);

  g_signal_connect (port, "notify", G_CALLBACK (note_notify_cb), notes);
  g_signal_connect (REMOTE (f->server_forwarder), "items-changed", G_CALLBACK (note_items_cb), ports);
  devssh_port_forwarder_set_accept_local_connections_for_forwarded_ports (f->server_forwarder, TRUE);
  g_assert_true (raw_request (f->client, "tcpip-forward", payload, NULL));
  g_assert_true (nth_port (REMOTE (f->server_forwarder), 0) == port);
  g_assert_cmpuint (n_items (REMOTE (f->server_forwarder)), ==, 1);
  g_assert_cmpuint (devssh_forwarded_port_get_local_port (port), ==, number);
  g_assert_nonnull (strstr (notes->str, "local-port "));
  g_assert_cmpstr (ports->str, ==, "0-1+1 ");
  g_assert_false (tcp_can_listen ("127.0.0.1", number));

  /* And not a third time. */
  g_assert_false (raw_request (f->client, "tcpip-forward", payload, NULL));
  devssh_forwarded_port_close (port);
  g_assert_true (tcp_can_listen ("127.0.0.1", number));
}

/* One end has one other end (protocol.md 6.6). */
static void
test_duplicates (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(DevSshForwardedPort) first = NULL;
  g_autoptr(DevSshForwardedPort) second = NULL;
  g_autoptr(DevSshForwardedPort) from = NULL;
  g_autoptr(DevSshForwardedPort) other = NULL;
  g_autoptr(GError) error = NULL;

  first = forward_to (f->client_forwarder, NULL, 0, "127.0.0.1", 80, &error);
  g_assert_no_error (error);
  g_assert_null (forward_to (f->client_forwarder, NULL, 0, "localhost", 80, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  g_clear_error (&error);

  /* The same port of another host is another end. */
  second = forward_to (f->client_forwarder, NULL, 0, "other.example", 80, &error);
  g_assert_no_error (error);
  from = forward_from (f->client_forwarder, NULL, 0, "localhost", 80, &error);
  g_assert_no_error (error);
  g_assert_null (forward_from (f->client_forwarder, NULL, 0, "127.0.0.1", 80, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  g_clear_error (&error);
  other = forward_from (f->client_forwarder, NULL, 0, "other.example", 80, &error);
  g_assert_no_error (error);

  devssh_forwarded_port_close (first);
  g_clear_object (&first);
  first = forward_to (f->client_forwarder, NULL, 0, "localhost", 80, &error);
  g_assert_no_error (error);
}

/* ---- why ---- */

static void
trace_cb (DevSshSession    *session,
          DevSshTraceLevel  level,
          DevSshTraceEvent  event,
          const char       *text,
          GString          *lines)
{
  if ((event >= DEVSSH_TRACE_EVENT_PORT_FORWARD_SERVER_LISTEN_FAILED && event <= DEVSSH_TRACE_EVENT_PORT_FORWARD_CONNECTION_FAILED)
      || (event >= DEVSSH_TRACE_EVENT_PORT_FORWARD_SERVER_LISTENING && event <= DEVSSH_TRACE_EVENT_PORT_FORWARD_CONNECTION_CLOSED))
    g_string_append_printf (lines, "%d %d %s\n", event, level, text);
}

static void
assert_said (GString    *lines,
             const char *event,
             const char *why)
{
  g_assert_nonnull (strstr (lines->str, event));
  g_assert_nonnull (strstr (lines->str, why));
  g_string_truncate (lines, 0);
}

static void
test_refusals (void)
{
  g_autoptr(Forwarding) f = forwarding_new_full (FALSE, TRUE);
  g_autoptr(GString) lines = g_string_new (NULL);
  g_autoptr(Target) taken = target_new ("127.0.0.1");
  g_autoptr(GBytes) free_payload = request_payload ("localhost", 0);
  g_autoptr(GBytes) taken_payload = request_payload ("localhost", taken->port);
  g_autoptr(GBytes) odd_payload = request_payload ("here", 0);
  g_autoptr(GBytes) open = open_payload ("127.0.0.1", taken->port, "", 0);
  g_autoptr(GBytes) cut = g_bytes_new_from_bytes (open, 0, 7);
  g_autoptr(GError) error = NULL;

  g_signal_connect (f->server, "trace", G_CALLBACK (trace_cb), lines);
  g_assert_true (raw_request (f->client, "ping@example.org", NULL, NULL));

  g_assert_false (raw_request (f->client, "tcpip-forward", taken_payload, NULL));
  assert_said (lines, "9051 1 ", "already in use");
  g_assert_false (raw_request (f->client, "tcpip-forward", odd_payload, NULL));
  assert_said (lines, "9052 1 ", "“here” is not an address");
  g_assert_false (raw_request (f->client, "tcpip-forward", cut, NULL));
  assert_said (lines, "9052 1 ", "");
  g_assert_false (raw_request (f->client, "cancel-tcpip-forward", taken_payload, NULL));
  assert_said (lines, "9052 1 ", "it is not forwarded");
  f->accept_requests = FALSE;
  g_assert_false (raw_request (f->client, "tcpip-forward", free_payload, NULL));
  assert_said (lines, "9052 1 ", "The application refused");

  g_assert_null (raw_open (f->client, "direct-tcpip", cut, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
  g_clear_error (&error);
  assert_said (lines, "9053 1 ", "direct-tcpip");
  g_assert_null (raw_open (f->client, "forwarded-tcpip", open, &error));
  g_clear_error (&error);
  assert_said (lines, "9053 1 ", "Nobody here asked for this");
  f->accept_openings = FALSE;
  g_assert_null (raw_open (f->client, "direct-tcpip", open, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_RESOURCE_SHORTAGE);
  g_clear_error (&error);
  assert_said (lines, "9053 1 ", "not today");
  devssh_port_forwarder_set_accept_remote_connections_for_non_forwarded_ports (f->server_forwarder, FALSE);
  g_assert_null (raw_open (f->client, "direct-tcpip", open, &error));
  g_assert_nonnull (strstr (error->message, "Only forwarded ports"));
  g_clear_error (&error);
  assert_said (lines, "9053 1 ", "Only forwarded ports can be connected to");

  devssh_port_forwarder_set_accept_remote_connections_for_non_forwarded_ports (f->server_forwarder, TRUE);
  f->accept_openings = TRUE;
  {
    g_autoptr(GBytes) nobody = NULL;
    guint port = taken->port;

    g_clear_pointer (&taken, target_free);
    nobody = open_payload ("127.0.0.1", port, "", 0);
    g_assert_null (raw_open (f->client, "direct-tcpip", nobody, &error));
    g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
    g_assert_nonnull (strstr (error->message, "refused"));
    g_clear_error (&error);
  }
  assert_said (lines, "9055 1 ", "refused");
}

/* The life of a connection, as both sides tell it. */
static void
test_told (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) target = target_new ("127.0.0.1");
  g_autoptr(GString) ours = g_string_new (NULL);
  g_autoptr(GString) theirs = g_string_new (NULL);
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(GSocketConnection) outside = NULL;
  g_autoptr(GSocketConnection) inside = NULL;
  g_autoptr(GError) error = NULL;
  static const char * const at_the_opener[] = { "9152 ", "9153 ", "9154 ", "9155 ", "9157 " };
  static const char * const at_the_acceptor[] = { "9156 ", "9157 " };

  g_signal_connect (f->client, "trace", G_CALLBACK (trace_cb), ours);
  g_signal_connect (f->server, "trace", G_CALLBACK (trace_cb), theirs);
  /* A session looks for who listens when it has something to do. */
  g_assert_true (raw_request (f->client, "ping@example.org", NULL, NULL));
  port = forward_to (f->client_forwarder, NULL, 0, NULL, target->port, &error);
  g_assert_no_error (error);
  outside = tcp_connect ("127.0.0.1", devssh_forwarded_port_get_local_port (port), &error);
  g_assert_no_error (error);
  inside = target_take (target);
  assert_carries (G_IO_STREAM (outside), G_IO_STREAM (inside), 10);
  tcp_shutdown_write (outside);
  tcp_shutdown_write (inside);
  test_spin_until (strstr (ours->str, "9157 ") != NULL && strstr (theirs->str, "9157 ") != NULL);

  for (guint i = 0; i < G_N_ELEMENTS (at_the_opener); i++)
    g_assert_nonnull (strstr (ours->str, at_the_opener[i]));
  for (guint i = 0; i < G_N_ELEMENTS (at_the_acceptor); i++)
    g_assert_nonnull (strstr (theirs->str, at_the_acceptor[i]));
  g_assert_null (strstr (theirs->str, "9155 "));
}

/* ---- addresses that do not answer ---- */

/* A port that neither accepts nor refuses: its queue is full, and further attempts are left alone. */
typedef struct
{
  int   listener;
  int   waiting[16];
  guint n_waiting;
} Deaf;

static gboolean
deaf_init (Deaf       *self,
           const char *address,
           guint       port)
{
  g_autoptr(GInetAddress) inet = g_inet_address_new_from_string (address);
  g_autoptr(GSocketAddress) where = g_inet_socket_address_new (inet, port);
  struct sockaddr_storage native;
  socklen_t length = g_socket_address_get_native_size (where);

  self->n_waiting = 0;
  g_assert_true (g_socket_address_to_native (where, &native, sizeof native, NULL));
  self->listener = socket (native.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind (self->listener, (struct sockaddr *) &native, length) != 0)
    {
      close (self->listener);
      return FALSE;
    }
  g_assert_cmpint (listen (self->listener, 0), ==, 0);

  /* Those that fit are connected; the rest waits. */
  for (; self->n_waiting < G_N_ELEMENTS (self->waiting); self->n_waiting++)
    {
      int fd = socket (native.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

      self->waiting[self->n_waiting] = fd;
      connect (fd, (struct sockaddr *) &native, length);
    }

  return TRUE;
}

static void
deaf_clear (Deaf *self)
{
  for (guint i = 0; i < self->n_waiting; i++)
    close (self->waiting[i]);
  close (self->listener);
}

/* A name with the addresses that a test gives it */
typedef struct
{
  GResolver          parent_instance;
  const char * const *addresses;
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
  g_autoptr(GTask) task = g_task_new (resolver, cancellable, callback, user_data);
  GList *found = NULL;

  for (const char * const *address = ((TestResolver *) resolver)->addresses; *address != NULL; address++)
    found = g_list_append (found, g_inet_address_new_from_string (*address));
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

static gint64
milliseconds_since (gint64 start)
{
  return (g_get_monotonic_time () - start) / 1000;
}

/* One address is silent: the next one has its chance 250 ms later, or 10 for localhost (protocol.md 6.5). Between them there is
 * one that refuses, and nobody waits for that. */
static void
test_silent_address (gconstpointer data)
{
  static const char * const names[] = { "127.0.0.3", "127.0.0.4", "127.0.0.2", NULL };
  gboolean localhost = GPOINTER_TO_INT (data);
  gint64 least = localhost ? 10 : 250;
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(GResolver) before = g_resolver_get_default ();
  TestResolver *resolver = g_object_new (test_resolver_get_type (), NULL);
  g_autoptr(Target) target = NULL;
  gint64 took = G_MAXINT64;
  Deaf deaf;

  if (localhost && !tcp_can_listen ("::1", 0))
    {
      g_test_skip ("no IPv6");
      g_object_unref (resolver);
      return;
    }

  target = target_new (localhost ? "::1" : "127.0.0.2");
  g_assert_true (deaf_init (&deaf, localhost ? "127.0.0.1" : "127.0.0.3", target->port));
  resolver->addresses = names;
  g_resolver_set_default (G_RESOLVER (resolver));

  /* A machine that is busy may be late; it is not always. */
  for (guint i = 1; i <= 10 && (i == 1 || (localhost && took >= 250)); i++)
    {
      g_autoptr(GError) error = NULL;
      gint64 start = g_get_monotonic_time ();
      g_autoptr(GIOStream) stream =
        stream_to (f->client_forwarder, localhost ? "localhost" : "three.example", target->port, &error);

      took = milliseconds_since (start);
      g_assert_no_error (error);
      g_test_message ("%" G_GINT64_FORMAT " ms", took);
      test_spin_until (target->n_connections == i);
      g_assert_cmpint (took, >=, least);
    }

  if (localhost)
    g_assert_cmpint (took, <, 250);

  g_resolver_set_default (before);
  g_object_unref (resolver);
  deaf_clear (&deaf);
}

/* All are silent, and the peer goes: nothing is left trying. */
static void
test_silent_cancelled (void)
{
  static const char * const names[] = { "127.0.0.3", "127.0.0.3", "127.0.0.3", NULL };
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(GResolver) before = g_resolver_get_default ();
  TestResolver *resolver = g_object_new (test_resolver_get_type (), NULL);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  Deaf deaf;
  guint port = 0;

  {
    g_autoptr(Target) hint = target_new ("127.0.0.3");

    port = hint->port;
  }
  g_assert_true (deaf_init (&deaf, "127.0.0.3", port));
  resolver->addresses = names;
  g_resolver_set_default (G_RESOLVER (resolver));
  devssh_port_forwarder_stream_to_remote_port_async (f->client_forwarder, "silent.example", port, NULL,
                                                     test_keep_result_cb, &result);
  test_spin_until (f->n_openings == 1);
  test_settle ();
  g_assert_null (result);
  forwarding_close_sessions (f);
  test_spin_until (result != NULL);
  g_assert_null (devssh_port_forwarder_stream_to_remote_port_finish (f->client_forwarder, result, &error));
  g_assert_nonnull (error);

  g_resolver_set_default (before);
  g_object_unref (resolver);
  deaf_clear (&deaf);
}

/* No address answers: the error is that of the first one. */
static void
test_all_refuse (void)
{
  static const char * const names[] = { "127.0.0.3", "127.0.0.4", "::1", NULL };
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(GResolver) before = g_resolver_get_default ();
  TestResolver *resolver = g_object_new (test_resolver_get_type (), NULL);
  g_autoptr(GError) error = NULL;
  guint port;

  {
    g_autoptr(Target) hint = target_new ("127.0.0.3");

    port = hint->port;
  }
  resolver->addresses = names;
  g_resolver_set_default (G_RESOLVER (resolver));
  g_assert_null (stream_to (f->client_forwarder, "refusing.example", port, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
  g_assert_nonnull (strstr (error->message, "refused"));
  g_resolver_set_default (before);
  g_object_unref (resolver);
}

#define BOTH(path, func) \
  G_STMT_START { \
    g_test_add ("/forwarding/relay/" path "/spliced", Relayed, GINT_TO_POINTER (FALSE), relayed_set_up, func, relayed_tear_down); \
    g_test_add ("/forwarding/relay/" path "/streams", Relayed, GINT_TO_POINTER (TRUE), relayed_set_up, func, relayed_tear_down); \
  } G_STMT_END

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_unsetenv ("DEVSSH_PLUGIN_PATH");

  BOTH ("tcp-reset", test_tcp_reset);
  BOTH ("tcp-closed", test_tcp_closed);
  BOTH ("channel-aborted", test_channel_aborted);
  BOTH ("channel-closed", test_channel_closed);
  BOTH ("channel-closed-idle", test_channel_closed_idle);
  BOTH ("channel-closed-later", test_channel_closed_later);
  BOTH ("session-cut", test_session_cut);
  BOTH ("session-cut-later", test_session_cut_later);

  g_test_add_func ("/forwarding/relay/counted", test_counted);
  g_test_add_func ("/forwarding/relay/updated", test_updated);
  g_test_add_func ("/forwarding/relay/duplicates", test_duplicates);
  g_test_add_func ("/forwarding/relay/refusals/T-84", test_refusals);
  g_test_add_func ("/forwarding/relay/told", test_told);

  g_test_add_data_func ("/forwarding/relay/silent-address/name", GINT_TO_POINTER (FALSE), test_silent_address);
  g_test_add_data_func ("/forwarding/relay/silent-address/localhost", GINT_TO_POINTER (TRUE), test_silent_address);
  g_test_add_func ("/forwarding/relay/silent-address/session-closed", test_silent_cancelled);
  g_test_add_func ("/forwarding/relay/all-refuse", test_all_refuse);

  return g_test_run ();
}
