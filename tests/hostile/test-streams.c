/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Streams that fail, at every call and at every byte: an end with its reason, or all goes on; never a hang, never a
 * byte twice or missing (T-60, T-61). */
#include "fault-stream.h"
#include "hostile-peer.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#define BULK (96 * 1024)

/* A client over a stream with faults, an honest server, and how far they came. */
typedef struct
{
  TestPair    *pair;
  FaultPlan    input;
  FaultPlan    output;
  GByteArray  *received;    /* by the server */
  GByteArray  *echoed;      /* by the client */
  gboolean     finished;    /* all was done, and nothing failed */
} Run;

static gboolean
user_cb (DevSshSession        *session,
         DevSshAuthentication *question,
         gpointer              user_data)
{
  devssh_authentication_accept (question, NULL);

  return TRUE;
}

static void
echo_cb (DevSshChannel *channel,
         GBytes        *data,
         Run           *self)
{
  g_byte_array_append (self->received, g_bytes_get_data (data, NULL), g_bytes_get_size (data));
  devssh_channel_send_async (channel, data, NULL, NULL, NULL);
}

static void
collect_cb (DevSshChannel *channel,
            GBytes        *data,
            Run           *self)
{
  g_byte_array_append (self->echoed, g_bytes_get_data (data, NULL), g_bytes_get_size (data));
}

static gboolean
opening_cb (DevSshSession        *session,
            DevSshChannelOpening *opening,
            Run                  *self)
{
  g_signal_connect (devssh_channel_opening_get_channel (opening), "data", G_CALLBACK (echo_cb), self);
  devssh_channel_opening_accept (opening);

  return TRUE;
}

/* Made without a session: what is to happen later is known before it happens. */
static void
run_init (Run *self)
{
  const FaultPlan none = FAULT_NONE;

  memset (self, 0, sizeof *self);
  self->input = self->output = none;
  self->received = g_byte_array_new ();
  self->echoed = g_byte_array_new ();
  self->pair = test_pair_new ();
}

static void
run_make (Run *self)
{
  g_autoptr(GIOStream) a = NULL;
  g_autoptr(GIOStream) b = NULL;
  g_autoptr(GIOStream) faulty = NULL;
  g_autoptr(GError) error = NULL;
  TestPair *pair = self->pair;

  test_stream_pair (&a, &b);
  faulty = fault_stream_new (a, &self->input, &self->output);
  pair->client = devssh_client_session_new (faulty, pair->client_config, &error);
  g_assert_no_error (error);
  pair->server = devssh_server_session_new (b, pair->server_config, pair->host, &error);
  g_assert_no_error (error);
  g_signal_connect (pair->client, "authenticating", G_CALLBACK (user_cb), NULL);
  g_signal_connect (pair->server, "authenticating", G_CALLBACK (user_cb), NULL);
  g_signal_connect (pair->server, "channel-opening", G_CALLBACK (opening_cb), self);
}

static gboolean
run_connect (Run *self)
{
  g_autoptr(GAsyncResult) client = NULL;
  g_autoptr(GAsyncResult) server = NULL;
  g_autoptr(GError) error = NULL;

  devssh_session_connect_async (DEVSSH_SESSION (self->pair->client), NULL, test_keep_result_cb, &client);
  devssh_session_connect_async (DEVSSH_SESSION (self->pair->server), NULL, test_keep_result_cb, &server);
  test_spin_until (client != NULL && server != NULL);
  devssh_session_connect_finish (DEVSSH_SESSION (self->pair->server), server, NULL);

  return devssh_session_connect_finish (DEVSSH_SESSION (self->pair->client), client, &error);
}

static gboolean
run_log_in (Run *self)
{
  g_autoptr(GAsyncResult) result = NULL;

  devssh_client_session_authenticate_async (self->pair->client, self->pair->user, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);

  return devssh_client_session_authenticate_finish (self->pair->client, result, NULL);
}

static GBytes *
make_bulk (void)
{
  guint8 *bytes = g_malloc (BULK);

  for (gsize i = 0; i < BULK; i++)
    bytes[i] = (guint8) (i * 11 + (i >> 7));

  return g_bytes_new_take (bytes, BULK);
}

static gboolean
run_talk (Run *self)
{
  DevSshSession *client = DEVSSH_SESSION (self->pair->client);
  g_autoptr(DevSshChannel) channel = NULL;
  g_autoptr(GAsyncResult) opened = NULL;
  g_autoptr(GAsyncResult) sent = NULL;
  g_autoptr(GBytes) bulk = make_bulk ();
  gboolean good;

  devssh_session_open_channel_async (client, NULL, NULL, test_keep_result_cb, &opened);
  test_spin_until (opened != NULL);
  channel = devssh_session_open_channel_finish (client, opened, NULL);
  if (channel == NULL)
    return FALSE;

  g_signal_connect (channel, "data", G_CALLBACK (collect_cb), self);
  devssh_channel_send_async (channel, bulk, NULL, test_keep_result_cb, &sent);
  test_spin_until (sent != NULL);
  good = devssh_channel_send_finish (channel, sent, NULL);
  test_spin_until (self->echoed->len == BULK || devssh_session_get_is_closed (client));

  /* What came is the beginning of what was sent, whatever happened. */
  g_assert_cmpuint (self->received->len, <=, BULK);
  g_assert_cmpmem (self->received->data, self->received->len, g_bytes_get_data (bulk, NULL), self->received->len);
  g_assert_cmpuint (self->echoed->len, <=, self->received->len);
  g_assert_cmpmem (self->echoed->data, self->echoed->len, g_bytes_get_data (bulk, NULL), self->echoed->len);

  return good && self->echoed->len == BULK;
}

static void
run_clear (Run *self)
{
  g_clear_pointer (&self->pair, test_pair_free);
  g_clear_pointer (&self->received, g_byte_array_unref);
  g_clear_pointer (&self->echoed, g_byte_array_unref);
}

static void
run (Run *self)
{
  run_make (self);
  self->finished = run_connect (self) && run_log_in (self) && run_talk (self);
}

/* The session that was hurt has ended, and so has the other one. */
static void
run_expect_end (Run *self)
{
  DevSshSession *client = DEVSSH_SESSION (self->pair->client);
  DevSshSession *server = DEVSSH_SESSION (self->pair->server);

  test_spin_until (devssh_session_get_is_closed (client));
  g_assert_cmpint (devssh_session_get_disconnect_reason (client), ==, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
  g_assert_nonnull (devssh_session_get_error (client));
  test_spin_until (devssh_session_get_is_closed (server));
}

/* ---- each call fails ---- */

static void
test_call_fails (gconstpointer data)
{
  static const int error_numbers[] = { EIO, ECONNRESET, EPIPE, ENOSPC, ETIMEDOUT };
  gboolean output = data != NULL;
  guint n_runs = 0;

  for (guint i = 0; i < G_N_ELEMENTS (error_numbers); i++)
    {
      gboolean hit = TRUE;

      for (guint at = 1; hit; at++)
        {
          Run self;
          FaultPlan *plan;

          run_init (&self);
          plan = output ? &self.output : &self.input;
          plan->at = at;
          plan->error_number = error_numbers[i];
          plan->for_ever = TRUE;
          run (&self);
          hit = plan->hit;
          if (hit)
            run_expect_end (&self);
          else
            g_assert_true (self.finished);
          run_clear (&self);
          n_runs++;
        }
    }

  g_test_message ("%u runs", n_runs);
  g_assert_cmpuint (n_runs, >, 5 * 4);
  hostile_serves_on ();
}

/* EAGAIN although there was readiness, once at each call: nothing is lost. */
static void
test_call_not_yet (gconstpointer data)
{
  gboolean output = data != NULL;
  gboolean hit = TRUE;

  for (guint at = 1; hit; at++)
    {
      Run self;
      FaultPlan *plan;

      run_init (&self);
      plan = output ? &self.output : &self.input;
      plan->at = at;
      plan->error_number = EAGAIN;
      run (&self);
      hit = plan->hit;
      g_assert_true (self.finished);
      run_clear (&self);
    }
}

/* A few bytes at a time. */
static void
test_pieces (gconstpointer data)
{
  Run self;

  run_init (&self);
  self.input.piece = self.output.piece = GPOINTER_TO_UINT (data);
  run (&self);
  g_assert_true (self.finished);
  run_clear (&self);
}

/* ---- cuts ---- */

static void
test_cut (gconstpointer data)
{
  gboolean output = data != NULL;
  gboolean hit = TRUE;
  guint n_runs = 0;
  gsize cut = 0;

  while (hit)
    {
      Run self;
      FaultPlan *plan;

      run_init (&self);
      plan = output ? &self.output : &self.input;
      plan->cut = cut;
      run (&self);
      hit = plan->hit;
      if (hit)
        run_expect_end (&self);
      else
        g_assert_true (self.finished);
      run_clear (&self);
      n_runs++;
      /* Byte for byte in the handshake it would be ten seconds; the bulk behind it is all alike. */
      cut += cut < 4096 ? 13 : 4999;
    }

  g_test_message ("%u runs", n_runs);
  g_assert_cmpuint (n_runs, >, 100);
}

/* ---- sockets ---- */

/* The kernel takes little at a time, so writes are partial. */
static void
test_small_socket (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(DevSshChannel) client = NULL;
  g_autoptr(DevSshChannel) server = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GBytes) bulk = make_bulk ();
  g_autoptr(GByteArray) received = g_byte_array_new ();
  Run self = { .received = received };
  DevSshSession *sessions[2];

  test_pair_make (pair);
  sessions[0] = DEVSSH_SESSION (pair->client);
  sessions[1] = DEVSSH_SESSION (pair->server);
  for (guint i = 0; i < 2; i++)
    {
      GSocketConnection *connection = G_SOCKET_CONNECTION (devssh_session_get_stream (sessions[i]));
      int size = 1;

      g_assert_cmpint (setsockopt (g_socket_get_fd (g_socket_connection_get_socket (connection)), SOL_SOCKET, SO_SNDBUF,
                                   &size, sizeof size), ==, 0);
    }

  test_pair_authenticate (pair);
  test_pair_open (pair, "session", &client, &server);
  self.echoed = received;
  g_signal_connect (server, "data", G_CALLBACK (collect_cb), &self);
  devssh_channel_send_async (client, bulk, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL && received->len == BULK);
  g_assert_cmpmem (received->data, received->len, g_bytes_get_data (bulk, NULL), BULK);
  g_signal_handlers_disconnect_by_data (server, &self);
}

/* A peer that is gone while we write: SIGPIPE never comes, although it would end this process. */
static void
test_no_sigpipe (void)
{
  if (g_test_subprocess ())
    {
      g_autoptr(HostilePeer) peer = hostile_peer_new (FALSE, NULL);
      g_autoptr(DevSshChannel) channel = NULL;
      g_autoptr(GBytes) bulk = make_bulk ();

      hostile_peer_get_in (peer);
      hostile_peer_say_fields (peer, "b90 ssession u7 u4294967295 u32768");
      test_spin_until (peer->received[91] == 1);
      channel = g_list_model_get_item (devssh_session_get_channels (peer->session), 0);

      /* GLib ignores it for the whole process; an application may want it back. */
      signal (SIGPIPE, SIG_DFL);
      hostile_peer_set_deaf (peer, TRUE);
      for (guint i = 0; i < 10; i++)
        devssh_channel_send_async (channel, bulk, NULL, NULL, NULL);
      test_settle ();
      hostile_peer_hang_up (peer);
      for (guint i = 0; i < 10; i++)
        devssh_channel_send_async (channel, bulk, NULL, NULL, NULL);
      test_spin_until (devssh_session_get_is_closed (peer->session));
      return;
    }

  g_test_trap_subprocess (NULL, 60 * G_USEC_PER_SEC, 0);
  g_test_trap_assert_passed ();
}

/* A peer that takes everything at once, and a sender with much to say: the loop still turns for the others. */
static void
test_taken_at_once (void)
{
  Run self;
  DevSshSession *client;
  g_autoptr(DevSshChannel) channel = NULL;
  g_autoptr(GAsyncResult) opened = NULL;
  g_autoptr(GAsyncResult) sent = NULL;
  g_autoptr(GBytes) bulk = g_bytes_new_take (g_malloc0 (64 << 20), 64 << 20);
  gsize most = 0;

  run_init (&self);
  devssh_session_config_set_max_channel_window_size (self.pair->server_config, 64 << 20);
  run_make (&self);
  g_assert_true (run_connect (&self));
  g_assert_true (run_log_in (&self));
  client = DEVSSH_SESSION (self.pair->client);
  devssh_session_open_channel_async (client, NULL, NULL, test_keep_result_cb, &opened);
  test_spin_until (opened != NULL);
  channel = devssh_session_open_channel_finish (client, opened, NULL);
  g_assert_nonnull (channel);

  self.output.swallow = TRUE;
  devssh_channel_send_async (channel, bulk, NULL, test_keep_result_cb, &sent);
  while (sent == NULL)
    {
      gsize before = self.output.n_bytes;

      g_main_context_iteration (NULL, TRUE);
      most = MAX (most, self.output.n_bytes - before);
    }
  g_assert_true (devssh_channel_send_finish (channel, sent, NULL));
  g_assert_cmpuint (most, <=, 4 << 20);
  run_clear (&self);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_data_func ("/hostile/streams/call-fails/read/T-60", NULL, test_call_fails);
  g_test_add_data_func ("/hostile/streams/call-fails/write/T-60", GINT_TO_POINTER (TRUE), test_call_fails);
  g_test_add_data_func ("/hostile/streams/not-yet/read/T-60", NULL, test_call_not_yet);
  g_test_add_data_func ("/hostile/streams/not-yet/write/T-60", GINT_TO_POINTER (TRUE), test_call_not_yet);
  g_test_add_data_func ("/hostile/streams/pieces/1/T-60", GUINT_TO_POINTER (1), test_pieces);
  g_test_add_data_func ("/hostile/streams/pieces/7/T-60", GUINT_TO_POINTER (7), test_pieces);
  g_test_add_data_func ("/hostile/streams/pieces/1000/T-60", GUINT_TO_POINTER (1000), test_pieces);
  g_test_add_data_func ("/hostile/streams/cut/read/T-61/E-01", NULL, test_cut);
  g_test_add_data_func ("/hostile/streams/cut/write/T-61", GINT_TO_POINTER (TRUE), test_cut);
  g_test_add_func ("/hostile/streams/small-socket/T-60", test_small_socket);
  g_test_add_func ("/hostile/streams/taken-at-once/T-60", test_taken_at_once);
  g_test_add_func ("/hostile/streams/no-sigpipe/T-60", test_no_sigpipe);

  return g_test_run ();
}
