/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Forwarding many connections, and much: nothing is left behind, and a slow side is no reason to keep what the other one sends
 * (threat T-86). */
#include "forwarding-util.h"

#include <string.h>
#include <unistd.h>

#if defined (__SANITIZE_ADDRESS__)
#define SANITIZED 1         /* keeps what was freed: sizes say nothing there */
#else
#define SANITIZED 0
#endif

/* ---- what this process has ---- */

static guint
n_descriptors (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GDir) folder = g_dir_open ("/proc/self/fd", 0, &error);
  guint n = 0;

  g_assert_no_error (error);
  while (g_dir_read_name (folder) != NULL)
    n++;

  return n;
}

/* In KiB */
static guint
resident (void)
{
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;
  gulong pages;

  g_file_get_contents ("/proc/self/statm", &text, NULL, &error);
  g_assert_no_error (error);
  pages = strtoul (strchr (text, ' '), NULL, 10);

  return (guint) (pages * (gulong) sysconf (_SC_PAGESIZE) / 1024);
}

static gboolean
has_proc (void)
{
  if (g_file_test ("/proc/self/statm", G_FILE_TEST_EXISTS))
    return TRUE;

  g_test_skip ("no /proc");
  return FALSE;
}

/* ---- many ---- */

typedef struct
{
  GSocketListener *listener;
  GCancellable    *cancellable;
  guint            port;
  guint            n;
} Echo;

static void
echoed_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_output_stream_splice_finish (G_OUTPUT_STREAM (source), result, NULL);
  g_object_unref (user_data);
}

static void
echo_accepted_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  Echo *self = user_data;
  g_autoptr(GError) error = NULL;
  GSocketConnection *connection = g_socket_listener_accept_finish (G_SOCKET_LISTENER (source), result, NULL, &error);

  if (connection == NULL)
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_object_unref (self->cancellable);
      g_free (self);
      return;
    }

  self->n++;
  g_output_stream_splice_async (g_io_stream_get_output_stream (G_IO_STREAM (connection)),
                                g_io_stream_get_input_stream (G_IO_STREAM (connection)),
                                G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE | G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET,
                                G_PRIORITY_DEFAULT, NULL, echoed_cb, connection);
  g_socket_listener_accept_async (self->listener, self->cancellable, echo_accepted_cb, self);
}

static Echo *
echo_new (void)
{
  Echo *self = g_new0 (Echo, 1);
  g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr(GSocketAddress) where = g_inet_socket_address_new (loopback, 0);
  g_autoptr(GSocketAddress) bound = NULL;
  g_autoptr(GError) error = NULL;

  self->listener = g_socket_listener_new ();
  self->cancellable = g_cancellable_new ();
  g_socket_listener_set_backlog (self->listener, 512);
  g_socket_listener_add_address (self->listener, where, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL, &bound, &error);
  g_assert_no_error (error);
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  g_socket_listener_accept_async (self->listener, self->cancellable, echo_accepted_cb, self);

  return self;
}

static void
echo_free (Echo *self)
{
  g_autoptr(GSocketListener) listener = g_steal_pointer (&self->listener);

  g_cancellable_cancel (self->cancellable);
  g_socket_listener_close (listener);
  test_settle ();
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Echo, echo_free)

/* One who connects, says something, hears it again and goes. */
typedef struct
{
  GSocketConnection *connection;
  guint              number;
  guint              size;
  guint8            *sent;
  guint8            *received;
  gboolean           resets;
  guint             *n_running;
} Visit;

static void
visit_end (Visit *self)
{
  (*self->n_running)--;
  g_clear_object (&self->connection);
  g_free (self->sent);
  g_free (self->received);
  g_free (self);
}

static void
visit_heard_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  Visit *self = user_data;
  g_autoptr(GError) error = NULL;
  gsize n = 0;

  g_input_stream_read_all_finish (G_INPUT_STREAM (source), result, &n, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (self->received, n, self->sent, self->size);
  if (self->resets)
    tcp_reset (self->connection);
  visit_end (self);
}

static void
visit_said_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &error);
  g_assert_no_error (error);
}

static void
visit_connected_cb (GObject      *source,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  Visit *self = user_data;
  g_autoptr(GError) error = NULL;

  self->connection = g_socket_client_connect_finish (G_SOCKET_CLIENT (source), result, &error);
  g_assert_no_error (error);
  g_output_stream_write_all_async (g_io_stream_get_output_stream (G_IO_STREAM (self->connection)), self->sent, self->size,
                                   G_PRIORITY_DEFAULT, NULL, visit_said_cb, self);
  g_input_stream_read_all_async (g_io_stream_get_input_stream (G_IO_STREAM (self->connection)), self->received, self->size,
                                 G_PRIORITY_DEFAULT, NULL, visit_heard_cb, self);
}

static void
visit (GSocketClient *client,
       guint          port,
       guint          number,
       guint          size,
       gboolean       resets,
       guint         *n_running)
{
  Visit *self = g_new0 (Visit, 1);
  g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr(GSocketAddress) where = g_inet_socket_address_new (loopback, port);

  self->number = number;
  self->size = size;
  self->sent = g_malloc (size);
  self->received = g_malloc0 (size);
  for (guint i = 0; i < size; i++)
    self->sent[i] = (guint8) (i * 7 + number);
  self->resets = resets;
  self->n_running = n_running;
  (*n_running)++;
  g_socket_client_connect_async (client, G_SOCKET_CONNECTABLE (where), NULL, visit_connected_cb, self);
}

static void
visits (guint    port,
        guint    n,
        guint    at_once,
        guint    size,
        gboolean resets)
{
  g_autoptr(GSocketClient) client = g_socket_client_new ();
  guint n_running = 0;

  g_socket_client_set_enable_proxy (client, FALSE);

  for (guint i = 0; i < n; i++)
    {
      /* What resets leaves no port behind that waits for its time. */
      visit (client, port, i, size, resets && i % 10 != 0, &n_running);
      test_spin_until (n_running < at_once);
    }

  test_spin_until (n_running == 0);
}

static void
settle_channels (Forwarding *f)
{
  test_spin_until (n_items (devssh_session_get_channels (f->client)) == 0
                   && n_items (devssh_session_get_channels (f->server)) == 0);
  test_settle ();
}

/* data: FALSE from a remote port, TRUE to one */
static void
test_parallel (gconstpointer data)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Echo) echo = echo_new ();
  g_autoptr(GError) error = NULL;
  gboolean to = GPOINTER_TO_INT (data);
  g_autoptr(DevSshForwardedPort) port =
    to ? forward_to (f->client_forwarder, NULL, 0, NULL, echo->port, &error)
       : forward_from (f->client_forwarder, NULL, 0, NULL, echo->port, &error);

  g_assert_no_error (error);
  visits (to ? devssh_forwarded_port_get_local_port (port) : devssh_forwarded_port_get_remote_port (port),
          200, 200, 10000, FALSE);
  g_assert_cmpuint (echo->n, ==, 200);
  settle_channels (f);
  g_assert_cmpuint (devssh_forwarded_port_get_bytes_sent (port), ==, 200 * 10000);
  g_assert_cmpuint (devssh_forwarded_port_get_bytes_received (port), ==, 200 * 10000);
}

/* 10 000 that come and go. */
static void
test_connections (void)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Echo) echo = echo_new ();
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshForwardedPort) port = NULL;
  guint n = SANITIZED ? 3000 : 10000;
  guint descriptors;
  guint before;
  guint after;

  if (!has_proc ())
    return;

  port = forward_from (f->client_forwarder, NULL, 0, NULL, echo->port, &error);
  g_assert_no_error (error);
  visits (devssh_forwarded_port_get_remote_port (port), 1000, 50, 10, TRUE);
  settle_channels (f);
  descriptors = n_descriptors ();
  before = resident ();

  visits (devssh_forwarded_port_get_remote_port (port), n - 1000, 50, 10, TRUE);
  settle_channels (f);
  after = resident ();
  g_assert_cmpuint (echo->n, ==, n);
  g_test_message ("%u connections, %u descriptors, %u to %u KiB", n, n_descriptors (), before, after);
  /* The last ones may still be closing. */
  test_spin_until (n_descriptors () <= descriptors);
  if (!SANITIZED)
    g_assert_cmpuint (after, <, before + 2048);
}

static gboolean
refuse_cb (DevSshSession        *session,
           DevSshChannelOpening *opening,
           gpointer              user_data)
{
  devssh_channel_opening_reject (opening, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED, "no");

  return TRUE;
}

static void
count_refused_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (devssh_session_open_channel_finish (DEVSSH_SESSION (source), result, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
  (*(guint *) user_data)++;
}

static void
open_refused (Forwarding *f,
              GBytes     *payload,
              guint       n)
{
  guint refused = 0;

  for (guint asked = 0; asked < n; asked += 25)
    {
      for (guint i = 0; i < 25; i++)
        devssh_session_open_channel_full_async (f->client, "direct-tcpip", payload, 0, NULL, count_refused_cb, &refused);
      test_spin_until (refused == asked + 25);
    }
}

/* 10 000 that are refused. */
static void
test_refused (void)
{
  g_autoptr(Forwarding) f = forwarding_new_full (FALSE, TRUE);
  g_autoptr(GBytes) payload = open_payload ("127.0.0.1", 80, "", 0);
  guint descriptors;
  guint before;
  guint after;

  if (!has_proc ())
    return;

  f->leave_openings = TRUE;
  g_signal_connect (f->server, "channel-opening", G_CALLBACK (refuse_cb), NULL);
  open_refused (f, payload, 1000);
  settle_channels (f);
  descriptors = n_descriptors ();
  before = resident ();
  open_refused (f, payload, 9000);
  settle_channels (f);
  after = resident ();
  g_test_message ("10000 openings, %u descriptors, %u to %u KiB", n_descriptors (), before, after);
  g_assert_cmpuint (f->n_openings, ==, 10000);
  g_assert_cmpuint (n_descriptors (), <=, descriptors);
  if (!SANITIZED)
    g_assert_cmpuint (after, <, before + 1024);
}

/* ---- much ---- */

#define CHUNK (256 * 1024)

typedef struct
{
  GOutputStream *output;
  guint64        left;
  guint64        written;
} Source;

static const guint8 zeros[CHUNK];

static void
source_written_cb (GObject      *stream,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  Source *self = user_data;
  g_autoptr(GError) error = NULL;
  gssize n = g_output_stream_write_finish (self->output, result, &error);

  g_assert_no_error (error);
  self->left -= n;
  self->written += n;
  if (self->left > 0)
    g_output_stream_write_async (self->output, zeros, MIN (self->left, CHUNK), G_PRIORITY_DEFAULT, NULL,
                                 source_written_cb, self);
}

/* data: FALSE from a remote port, TRUE to one. A reader that pauses again and again: all of it arrives, and what is under
 * way stays within the windows. */
static void
test_much (gconstpointer data)
{
  g_autoptr(Forwarding) f = forwarding_new ();
  g_autoptr(Target) target = target_new ("127.0.0.1");
  g_autoptr(GError) error = NULL;
  gboolean to = GPOINTER_TO_INT (data);
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(GSocketConnection) outside = NULL;
  g_autoptr(GSocketConnection) inside = NULL;
  g_autofree guint8 *buffer = g_malloc (CHUNK);
  const guint64 total = (guint64) (SANITIZED ? 128 : to ? 256 : 1024) * 1024 * 1024;
  const guint64 pause_every = total / 16;
  guint64 next_pause = 0;
  guint64 got = 0;
  guint64 most_under_way = 0;
  guint before = 0;
  guint most = 0;
  Source source = { NULL, total, 0 };

  if (!has_proc ())
    return;

  port = to ? forward_to (f->client_forwarder, NULL, 0, NULL, target->port, &error)
            : forward_from (f->client_forwarder, NULL, 0, NULL, target->port, &error);
  g_assert_no_error (error);
  outside = tcp_connect ("127.0.0.1", to ? devssh_forwarded_port_get_local_port (port)
                                         : devssh_forwarded_port_get_remote_port (port), &error);
  g_assert_no_error (error);
  inside = target_take (target);
  source.output = g_io_stream_get_output_stream (G_IO_STREAM (outside));
  g_output_stream_write_async (source.output, zeros, CHUNK, G_PRIORITY_DEFAULT, NULL, source_written_cb, &source);

  while (got < total)
    {
      gssize n;

      if (got >= next_pause)
        {
          /* Until the writer, too, can do nothing more. */
          test_settle ();
          most_under_way = MAX (most_under_way, source.written - got);
          if (next_pause <= pause_every)
            before = resident ();
          most = MAX (most, resident ());
          next_pause += pause_every;
        }

      n = read_some (G_IO_STREAM (inside), buffer, CHUNK, &error);
      g_assert_no_error (error);
      g_assert_cmpint (n, >, 0);
      got += n;
    }

  test_spin_until (source.left == 0);
  g_test_message ("%" G_GUINT64_FORMAT " MiB, at most %" G_GUINT64_FORMAT " KiB under way, %u to %u KiB resident",
                  total >> 20, most_under_way >> 10, before, most);
  g_assert_cmpuint (got, ==, total);
  /* Windows of 16 MiB at most, and what the sockets hold, which the system enlarges by tens of megabytes as it likes. */
  g_assert_cmpuint (most_under_way, <, 96 * 1024 * 1024);
  if (!SANITIZED)
    g_assert_cmpuint (most, <, before + 40 * 1024);
}

#define BOTH(path, func) \
  G_STMT_START { \
    g_test_add_data_func ("/forwarding/load/" path "/from", GINT_TO_POINTER (FALSE), func); \
    g_test_add_data_func ("/forwarding/load/" path "/to", GINT_TO_POINTER (TRUE), func); \
  } G_STMT_END

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_unsetenv ("DEVSSH_PLUGIN_PATH");

  BOTH ("parallel", test_parallel);
  g_test_add_func ("/forwarding/load/connections/T-86", test_connections);
  g_test_add_func ("/forwarding/load/refused/T-84", test_refused);
  BOTH ("much/T-86", test_much);

  return g_test_run ();
}
