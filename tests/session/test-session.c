/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two sessions of ours over a socket pair: from the first byte to the last. */
#include "../test-util.h"

static void
test_session_connect (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();

  test_pair_connect (pair);
  g_assert_true (devssh_session_get_is_connected (DEVSSH_SESSION (pair->client)));
  g_assert_true (devssh_session_get_is_connected (DEVSSH_SESSION (pair->server)));
  g_assert_false (devssh_session_get_is_authenticated (DEVSSH_SESSION (pair->client)));
  g_assert_cmpstr (devssh_session_get_algorithm (DEVSSH_SESSION (pair->client), "kex"), ==, "curve25519-sha256");
  g_assert_cmpstr (devssh_session_get_algorithm (DEVSSH_SESSION (pair->server), "cipher-c2s"), ==, "aes256-gcm@openssh.com");
  g_assert_true (devssh_version_get_is_dev_tunnels (devssh_session_get_remote_version (DEVSSH_SESSION (pair->client))));
}

static void
test_session_authenticate (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();

  test_pair_authenticate (pair);
  g_assert_cmpuint (pair->host_questions, ==, 1);
  g_assert_cmpuint (pair->user_questions, ==, 1);
  g_assert_cmpstr (devssh_server_session_get_user_name (pair->server), ==, "test");
  g_assert_nonnull (devssh_session_get_principal (DEVSSH_SESSION (pair->client)));
  g_assert_nonnull (devssh_session_get_principal (DEVSSH_SESSION (pair->server)));
}

static guint
n_notes (GHashTable       *counts,
         DevSshTraceEvent  event)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (counts, GINT_TO_POINTER (event)));
}

static void
count_notes_cb (DevSshSession    *session,
                DevSshTraceLevel  level,
                DevSshTraceEvent  event,
                const char       *text,
                GHashTable       *counts)
{
  g_hash_table_insert (counts, GINT_TO_POINTER (event), GUINT_TO_POINTER (n_notes (counts, event) + 1));
}

/* Whoever counts a step in the notes counts it once. */
static void
test_session_trace (void)
{
  static const guint8 debug[] = { DEVSSH_MESSAGE_DEBUG, TRUE, 0, 0, 0, 4, 'l', 'o', 'o', 'k', 0, 0, 0, 0 };
  static const DevSshTraceEvent once[] = {
    DEVSSH_TRACE_EVENT_PROTOCOL_VERSION, DEVSSH_TRACE_EVENT_SESSION_ENCRYPTED,
    DEVSSH_TRACE_EVENT_SESSION_AUTHENTICATED, DEVSSH_TRACE_EVENT_DEBUG_MESSAGE,
  };
  g_autoptr(GBytes) message = g_bytes_new_static (debug, sizeof debug);

  for (guint server = 0; server < 2; server++)
    {
      g_autoptr(TestPair) pair = test_pair_new ();
      g_autoptr(GHashTable) counts = g_hash_table_new (NULL, NULL);
      g_autoptr(GError) error = NULL;
      DevSshSession *session, *peer;

      test_pair_make (pair);
      session = server ? DEVSSH_SESSION (pair->server) : DEVSSH_SESSION (pair->client);
      peer = server ? DEVSSH_SESSION (pair->client) : DEVSSH_SESSION (pair->server);
      g_signal_connect (session, "trace", G_CALLBACK (count_notes_cb), counts);
      test_pair_authenticate (pair);
      devssh_session_send_message (peer, message, &error);
      g_assert_no_error (error);
      test_settle ();

      for (guint i = 0; i < G_N_ELEMENTS (once); i++)
        {
          g_test_message ("event %d", once[i]);
          g_assert_cmpuint (n_notes (counts, once[i]), ==, 1);
        }
      g_signal_handlers_disconnect_by_data (session, counts);
    }
}

static void
authenticate_next_cb (GObject      *session,
                      GAsyncResult *result,
                      gpointer      user_data)
{
  TestPair *pair = user_data;
  g_autoptr(GError) error = NULL;

  devssh_session_connect_finish (DEVSSH_SESSION (session), result, &error);
  g_assert_no_error (error);
  devssh_client_session_authenticate_async (DEVSSH_CLIENT_SESSION (session), pair->user, NULL, NULL, NULL);
}

/* What a callback asks for while the session is at work is done, though nothing else happens. */
static void
test_session_authenticate_when_connected (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();

  test_pair_make (pair);
  devssh_session_connect_async (DEVSSH_SESSION (pair->client), NULL, authenticate_next_cb, pair);
  devssh_session_connect_async (DEVSSH_SESSION (pair->server), NULL, NULL, NULL);
  test_spin_until (devssh_session_get_is_authenticated (DEVSSH_SESSION (pair->client)));
}

static void
test_session_host_refused (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  pair->accept_host = FALSE;
  test_pair_connect (pair);
  devssh_client_session_authenticate_async (pair->client, pair->user, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_false (devssh_client_session_authenticate_finish (pair->client, result, &error));
  g_assert_no_error (error);
  test_spin_until (devssh_session_get_is_closed (DEVSSH_SESSION (pair->server)));
  /* No credential left before the host was accepted. */
  g_assert_cmpuint (pair->user_questions, ==, 0);
  g_assert_cmpint (devssh_session_get_disconnect_reason (DEVSSH_SESSION (pair->client)), ==,
                   DEVSSH_DISCONNECT_REASON_HOST_KEY_NOT_VERIFIABLE);
  g_assert_cmpint (devssh_session_get_disconnect_reason (DEVSSH_SESSION (pair->server)), ==,
                   DEVSSH_DISCONNECT_REASON_HOST_KEY_NOT_VERIFIABLE);
}

static void
test_session_user_refused (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(GHashTable) counts = g_hash_table_new (NULL, NULL);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) again = NULL;
  g_autoptr(GError) error = NULL;

  pair->accept_user = FALSE;
  test_pair_connect (pair);
  g_signal_connect (pair->client, "trace", G_CALLBACK (count_notes_cb), counts);
  devssh_client_session_authenticate_async (pair->client, pair->user, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_false (devssh_client_session_authenticate_finish (pair->client, result, &error));
  g_assert_no_error (error);
  g_assert_true (devssh_session_get_is_connected (DEVSSH_SESSION (pair->client)));
  g_signal_handlers_disconnect_by_data (pair->client, counts);
  g_assert_cmpuint (n_notes (counts, DEVSSH_TRACE_EVENT_CLIENT_AUTHENTICATION_FAILED), ==, 1);

  /* protocol: a second attempt may follow, and the host is not asked about again. */
  pair->accept_user = TRUE;
  devssh_client_session_authenticate_async (pair->client, pair->user, NULL, test_keep_result_cb, &again);
  test_spin_until (again != NULL);
  g_assert_true (devssh_client_session_authenticate_finish (pair->client, again, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (pair->host_questions, ==, 1);
  g_assert_cmpuint (pair->user_questions, ==, 2);
}

static void
collect_data_cb (DevSshChannel *channel,
                 GBytes        *data,
                 gpointer       user_data)
{
  gsize length;
  const guint8 *bytes = g_bytes_get_data (data, &length);

  g_byte_array_append (user_data, bytes, (guint) length);
}

static void
test_session_data (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(DevSshChannel) client = NULL;
  g_autoptr(DevSshChannel) server = NULL;
  g_autoptr(GByteArray) received = g_byte_array_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) data = NULL;
  gsize size = 5 * 1024 * 1024 + 17;
  guint8 *bytes = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    bytes[i] = (guint8) (i * 7 + (i >> 9));
  data = g_bytes_new_take (bytes, size);

  test_pair_authenticate (pair);
  test_pair_open (pair, "session", &client, &server);
  g_signal_connect (server, "data", G_CALLBACK (collect_data_cb), received);
  devssh_channel_send_async (client, data, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL && received->len == size);
  g_assert_true (devssh_channel_send_finish (client, result, &error));
  g_assert_no_error (error);
  g_assert_cmpmem (received->data, received->len, bytes, size);
  g_assert_cmpuint (devssh_channel_get_bytes_sent (client), ==, size);
  g_assert_cmpuint (devssh_channel_get_bytes_received (server), ==, size);
}

/* A handler that sends, and waits in a loop of its own until that has come back. */
static void
send_and_wait_cb (DevSshChannel *channel,
                  GBytes        *data,
                  gpointer       user_data)
{
  guint *round_trips = user_data;
  guint before = *round_trips;

  (*round_trips)++;
  if (before >= 3)
    return;

  devssh_channel_send_async (channel, data, NULL, NULL, NULL);
  test_spin_until (*round_trips > before + 1);
}

static void
send_back_cb (DevSshChannel *channel,
              GBytes        *data,
              gpointer       user_data)
{
  devssh_channel_send_async (channel, data, NULL, NULL, NULL);
}

static void
test_session_nested (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(DevSshChannel) client = NULL;
  g_autoptr(DevSshChannel) server = NULL;
  g_autoptr(GBytes) data = g_bytes_new_static ("again", 5);
  guint round_trips = 0;

  test_pair_authenticate (pair);
  test_pair_open (pair, "session", &client, &server);
  g_signal_connect (server, "data", G_CALLBACK (send_back_cb), NULL);
  g_signal_connect (client, "data", G_CALLBACK (send_and_wait_cb), &round_trips);
  devssh_channel_send_async (client, data, NULL, NULL, NULL);
  test_spin_until (round_trips == 4);
}

static void
count_closed_cb (DevSshSession          *session,
                 DevSshDisconnectReason  reason,
                 const char             *message,
                 GError                 *error,
                 gpointer                user_data)
{
  (*(guint *) user_data)++;
  g_assert_cmpint (reason, ==, DEVSSH_DISCONNECT_REASON_BY_APPLICATION);
  g_assert_cmpstr (message, ==, "that is all");
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_BY_APPLICATION);
}

static void
test_session_close (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(DevSshChannel) client = NULL;
  g_autoptr(DevSshChannel) server = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  guint closed = 0;

  test_pair_authenticate (pair);
  test_pair_open (pair, "session", &client, &server);
  g_signal_connect (pair->client, "closed", G_CALLBACK (count_closed_cb), &closed);
  g_signal_connect (pair->server, "closed", G_CALLBACK (count_closed_cb), &closed);
  devssh_session_close_async (DEVSSH_SESSION (pair->client), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "that is all",
                              NULL, test_keep_result_cb, &result);
  g_assert_true (devssh_session_get_is_closed (DEVSSH_SESSION (pair->client)));
  devssh_session_close (DEVSSH_SESSION (pair->client), DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "again");
  test_spin_until (result != NULL && closed == 2);
  g_assert_true (devssh_session_close_finish (DEVSSH_SESSION (pair->client), result, &error));
  g_assert_no_error (error);
  g_assert_true (devssh_channel_get_is_closed (client));
  g_assert_true (devssh_channel_get_is_closed (server));
  g_assert_error (devssh_channel_get_error (server), DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_BY_APPLICATION);
  g_assert_cmpuint (g_list_model_get_n_items (devssh_session_get_channels (DEVSSH_SESSION (pair->server))), ==, 0);
}

static void
test_session_lost (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(GError) error = NULL;

  test_pair_authenticate (pair);
  g_io_stream_close (devssh_session_get_stream (DEVSSH_SESSION (pair->server)), NULL, &error);
  g_assert_no_error (error);
  test_spin_until (devssh_session_get_is_closed (DEVSSH_SESSION (pair->client)));
  g_assert_cmpint (devssh_session_get_disconnect_reason (DEVSSH_SESSION (pair->client)), ==,
                   DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/session/connect", test_session_connect);
  g_test_add_func ("/session/authenticate", test_session_authenticate);
  g_test_add_func ("/session/authenticate/when-connected", test_session_authenticate_when_connected);
  g_test_add_func ("/session/authenticate/host-refused", test_session_host_refused);
  g_test_add_func ("/session/authenticate/user-refused", test_session_user_refused);
  g_test_add_func ("/session/trace", test_session_trace);
  g_test_add_func ("/session/data", test_session_data);
  g_test_add_func ("/session/data/nested/T-64", test_session_nested);
  g_test_add_func ("/session/close", test_session_close);
  g_test_add_func ("/session/lost", test_session_lost);
  return g_test_run ();
}
