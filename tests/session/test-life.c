/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session's life where docs/edge-cases.md pins it down: streams that keep nothing, odd messages, every kind of end, and what is
 * left behind. */
#include "../test-util.h"
#include "rendezvous-stream.h"

#include <libdevssh/base/devssh-context-private.h>

#include <string.h>

static DevSshSession *
client_of (TestPair *pair)
{
  return DEVSSH_SESSION (pair->client);
}

static DevSshSession *
server_of (TestPair *pair)
{
  return DEVSSH_SESSION (pair->server);
}

/* A channel opens: the session is alive. */
static void
assert_alive (TestPair *pair)
{
  g_autoptr(DevSshChannel) client = NULL;
  g_autoptr(DevSshChannel) server = NULL;

  test_pair_open (pair, "alive@example.org", &client, &server);
  devssh_channel_close (client);
  test_spin_until (devssh_channel_get_is_closed (server));
}

/* ---- E-03: a stream without a byte of room ---- */

static void
collect_cb (DevSshChannel *channel,
            GBytes        *data,
            GByteArray    *bytes)
{
  g_byte_array_append (bytes, g_bytes_get_data (data, NULL), (guint) g_bytes_get_size (data));
}

static GBytes *
make_bulk (gsize  size,
           guint8 seed)
{
  guint8 *bytes = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    bytes[i] = (guint8) (i * 11 + (i >> 7) + seed);
  return g_bytes_new_take (bytes, size);
}

static void
test_no_room (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(GIOStream) a = NULL;
  g_autoptr(GIOStream) b = NULL;
  DevSshChannel *ends[2] = { NULL };
  GByteArray *received[2];
  GBytes *bulk[2];
  GAsyncResult *sent[2] = { NULL };

  rendezvous_stream_pair (&a, &b);
  test_pair_make_over (pair, a, b);
  test_pair_authenticate (pair);
  test_pair_open (pair, "session", &ends[0], &ends[1]);
  for (guint i = 0; i < 2; i++)
    {
      received[i] = g_byte_array_new ();
      bulk[i] = make_bulk (3 * 1024 * 1024, (guint8) i);
      g_signal_connect (ends[i], "data", G_CALLBACK (collect_cb), received[i]);
    }

  /* Both at once; with a key exchange of each in between. */
  for (guint i = 0; i < 2; i++)
    devssh_channel_send_async (ends[i], bulk[i], NULL, test_keep_result_cb, &sent[i]);
  test_spin_until (received[0]->len > 1024 * 1024);
  g_assert_true (devssh_session_rekey (client_of (pair), NULL));
  test_spin_until (received[1]->len > 2 * 1024 * 1024);
  devssh_session_rekey (server_of (pair), NULL);
  test_spin_until (sent[0] != NULL && sent[1] != NULL
                   && received[0]->len == g_bytes_get_size (bulk[1])
                   && received[1]->len == g_bytes_get_size (bulk[0]));
  for (guint i = 0; i < 2; i++)
    {
      g_assert_true (devssh_channel_send_finish (ends[i], sent[i], NULL));
      g_assert_cmpmem (received[1 - i]->data, received[1 - i]->len,
                       g_bytes_get_data (bulk[i], NULL), g_bytes_get_size (bulk[i]));
    }
  assert_alive (pair);
  for (guint i = 0; i < 2; i++)
    {
      g_object_unref (sent[i]);
      g_byte_array_unref (received[i]);
      g_bytes_unref (bulk[i]);
      g_object_unref (ends[i]);
    }
}

/* ---- E-05, E-06: numbers that nobody knows ---- */

typedef struct
{
  guint n_debug;            /* DEBUG_MESSAGE: a DEBUG or an UNIMPLEMENTED of the peer */
  char *last;
} Traces;

static void
trace_cb (DevSshSession    *session,
          DevSshTraceLevel  level,
          DevSshTraceEvent  event,
          const char       *text,
          Traces           *self)
{
  if (event != DEVSSH_TRACE_EVENT_DEBUG_MESSAGE)
    return;

  self->n_debug++;
  g_free (self->last);
  self->last = g_strdup (text);
}

static void
say (DevSshSession *session,
     const guint8  *bytes,
     gsize          length)
{
  g_autoptr(GBytes) message = g_bytes_new (bytes, length);
  g_autoptr(GError) error = NULL;

  g_assert_true (devssh_session_send_message (session, message, &error));
  g_assert_no_error (error);
}

static void
test_unknown_message (void)
{
  static const guint8 unknown[] = { 199, 1, 2, 3 };
  static const guint8 debug[] = { DEVSSH_MESSAGE_DEBUG, 1, 0, 0, 0, 5, 'h', 'e', 'l', 'l', 'o', 0, 0, 0, 0 };
  g_autoptr(TestPair) pair = test_pair_new ();
  Traces client = { 0 }, server = { 0 };

  test_pair_authenticate (pair);
  g_signal_connect (pair->client, "trace", G_CALLBACK (trace_cb), &client);
  g_signal_connect (pair->server, "trace", G_CALLBACK (trace_cb), &server);

  say (client_of (pair), unknown, sizeof unknown);
  test_spin_until (client.n_debug == 1);
  g_assert_true (g_str_has_prefix (client.last, "The peer does not know our packet "));
  assert_alive (pair);

  /* UNIMPLEMENTED is traced and never answered, DEBUG traced. */
  say (client_of (pair), debug, sizeof debug);
  test_spin_until (server.n_debug == 1);
  g_assert_cmpstr (server.last, ==, "hello");
  assert_alive (pair);
  g_assert_cmpuint (client.n_debug, ==, 1);
  g_assert_cmpuint (server.n_debug, ==, 1);
  g_free (client.last);
  g_free (server.last);
}

typedef struct
{
  guint    calls;
  guint8   number;
  gboolean fails;
} Handling;

static gboolean
handle_message (DevSshSession  *session,
                GBytes         *payload,
                gpointer        user_data,
                GError        **error)
{
  Handling *self = user_data;
  gsize length;
  const guint8 *bytes = g_bytes_get_data (payload, &length);

  self->calls++;
  g_assert_cmpuint (length, ==, 3);
  g_assert_cmpuint (bytes[0], ==, self->number);
  if (!self->fails)
    return TRUE;

  g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED, "not this one");
  return FALSE;
}

static void
test_message_handlers (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  Handling handlings[3] = { { 0, 200, FALSE }, { 0, 201, FALSE }, { 0, 202, TRUE } };
  Traces client = { 0 };

  for (guint i = 0; i < 3; i++)
    g_assert_true (devssh_session_config_set_message_handler (pair->server_config, handlings[i].number, handle_message,
                                                              &handlings[i], NULL, NULL));
  test_pair_authenticate (pair);
  g_signal_connect (pair->client, "trace", G_CALLBACK (trace_cb), &client);

  for (guint i = 0; i < 5; i++)
    say (client_of (pair), (const guint8[]) { i < 3 ? 200 : 201, 1, 2 }, 3);
  test_spin_until (handlings[0].calls == 3 && handlings[1].calls == 2);
  assert_alive (pair);
  g_assert_cmpuint (client.n_debug, ==, 0);

  say (client_of (pair), (const guint8[]) { 202, 1, 2 }, 3);
  test_spin_until (devssh_session_get_is_closed (server_of (pair)) && devssh_session_get_is_closed (client_of (pair)));
  g_assert_cmpuint (handlings[2].calls, ==, 1);
  g_assert_cmpint (devssh_session_get_disconnect_reason (server_of (pair)), ==, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
  g_assert_cmpint (devssh_session_get_disconnect_reason (client_of (pair)), ==, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
  g_free (client.last);
}

/* ---- E-12, E-13: ends ---- */

typedef struct
{
  guint                  n;
  DevSshDisconnectReason reason;
  GQuark                 domain;
  int                    code;
  const GError          *error;
} End;

static void
closed_cb (DevSshSession          *session,
           DevSshDisconnectReason  reason,
           const char             *message,
           const GError           *error,
           End                    *self)
{
  self->n++;
  self->reason = reason;
  self->domain = error->domain;
  self->code = error->code;
  g_assert_true (g_error_matches (devssh_session_get_error (session), error->domain, error->code));
}

static void
assert_ended (End                    *end,
              DevSshDisconnectReason  reason)
{
  g_assert_cmpuint (end->n, ==, 1);
  g_assert_cmpint (end->reason, ==, reason);
  g_assert_true (end->domain == DEVSSH_CONNECTION_ERROR);
  g_assert_cmpint (end->code, ==, reason);
}

/* Whoever's end of the stream goes. */
static void
test_stream_ends (gconstpointer data)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(DevSshChannel) client_channel = NULL;
  g_autoptr(DevSshChannel) server_channel = NULL;
  End client = { 0 }, server = { 0 };

  test_pair_authenticate (pair);
  test_pair_open (pair, "session", &client_channel, &server_channel);
  g_signal_connect (pair->client, "closed", G_CALLBACK (closed_cb), &client);
  g_signal_connect (pair->server, "closed", G_CALLBACK (closed_cb), &server);
  g_io_stream_close (devssh_session_get_stream (data != NULL ? server_of (pair) : client_of (pair)), NULL, NULL);
  test_spin_until (client.n > 0 && server.n > 0);
  test_settle ();
  assert_ended (&client, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
  assert_ended (&server, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
  for (guint i = 0; i < 2; i++)
    g_assert_error (devssh_channel_get_error (i == 0 ? client_channel : server_channel),
                    DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
}

/* A reason of one's own, from either end, is the other's in signal and error. */
static void
test_reason (gconstpointer data)
{
  static const DevSshDisconnectReason reasons[] = {
    DEVSSH_DISCONNECT_REASON_BY_APPLICATION, DEVSSH_DISCONNECT_REASON_TOO_MANY_CONNECTIONS,
    DEVSSH_DISCONNECT_REASON_HOST_NOT_ALLOWED_TO_CONNECT,
  };

  for (guint i = 0; i < G_N_ELEMENTS (reasons); i++)
    {
      g_autoptr(TestPair) pair = test_pair_new ();
      End client = { 0 }, server = { 0 };

      test_pair_authenticate (pair);
      g_signal_connect (pair->client, "closed", G_CALLBACK (closed_cb), &client);
      g_signal_connect (pair->server, "closed", G_CALLBACK (closed_cb), &server);
      devssh_session_close (data != NULL ? server_of (pair) : client_of (pair), reasons[i], "so be it");
      test_spin_until (client.n > 0 && server.n > 0);
      assert_ended (&client, reasons[i]);
      assert_ended (&server, reasons[i]);
    }
}

/* Closed before, while and after connecting: it is no error, and connecting fails. */
static void
test_close_early (gconstpointer data)
{
  guint when = GPOINTER_TO_UINT (data);   /* 0: before connect; from 1 on: so many turns of the loop after it */
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(GAsyncResult) connecting = NULL;
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(GError) error = NULL;
  End end = { 0 };

  test_pair_make (pair);
  g_signal_connect (pair->client, "closed", G_CALLBACK (closed_cb), &end);
  if (when > 0)
    devssh_session_connect_async (client_of (pair), NULL, test_keep_result_cb, &connecting);
  for (guint i = 1; i < when; i++)
    g_main_context_iteration (NULL, FALSE);
  devssh_session_close_async (client_of (pair), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "no", NULL, test_keep_result_cb, &first);
  g_assert_true (devssh_session_get_is_closed (client_of (pair)));
  devssh_session_close_async (client_of (pair), DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "again", NULL,
                              test_keep_result_cb, &second);
  if (when == 0)
    devssh_session_connect_async (client_of (pair), NULL, test_keep_result_cb, &connecting);
  /* The peer hangs up, or the last words would wait half a second for it. */
  devssh_session_close (server_of (pair), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, NULL);
  test_spin_until (connecting != NULL && first != NULL && second != NULL);
  g_assert_false (devssh_session_connect_finish (client_of (pair), connecting, &error));
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_BY_APPLICATION);
  g_assert_true (devssh_session_close_finish (client_of (pair), first, NULL));
  g_assert_true (devssh_session_close_finish (client_of (pair), second, NULL));
  assert_ended (&end, DEVSSH_DISCONNECT_REASON_BY_APPLICATION);
}

/* ---- E-14, E-15: with everything under way ---- */

static gboolean
keep_cb (gpointer        object,
         DevSshQuestion *question,
         GPtrArray      *kept)
{
  g_ptr_array_add (kept, g_object_ref (question));
  return TRUE;
}

typedef enum { PEND_SEND, PEND_OPEN, PEND_REQUEST, PEND_CHANNEL_REQUEST, PEND_ACCEPT, PEND_SERVICE, PEND_CLOSED, N_PENDS } Pend;

typedef enum { END_CLIENT_CLOSES, END_SERVER_CLOSES, END_STREAM, END_CLIENT_LOSES, N_ENDS } Ending;

static const char * const ending_names[N_ENDS] = { "client-closes", "server-closes", "stream", "client-closes-as-lost" };

static void
assert_lost (GError                 *error,
             DevSshDisconnectReason  reason)
{
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, (int) reason);
}

static void
test_everything_pending (gconstpointer data)
{
  Ending ending = GPOINTER_TO_UINT (data);
  DevSshDisconnectReason reason = ending == END_STREAM || ending == END_CLIENT_LOSES
                                    ? DEVSSH_DISCONNECT_REASON_CONNECTION_LOST : DEVSSH_DISCONNECT_REASON_BY_APPLICATION;
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(GBytes) bulk = make_bulk (40 * 1024 * 1024, 1);
  GAsyncResult *results[N_PENDS] = { NULL };
  GAsyncResult *late[3] = { NULL };
  End end = { 0 };
  DevSshSession *client;

  test_pair_authenticate (pair);
  client = client_of (pair);
  test_pair_open (pair, "session", &ours, &theirs);
  g_signal_connect (pair->server, "channel-opening", G_CALLBACK (keep_cb), kept);
  g_signal_connect (pair->server, "request", G_CALLBACK (keep_cb), kept);
  g_signal_connect (theirs, "request", G_CALLBACK (keep_cb), kept);
  g_signal_connect (client, "closed", G_CALLBACK (closed_cb), &end);

  devssh_channel_request_async (ours, "x@example.org", TRUE, NULL, NULL, test_keep_result_cb, &results[PEND_CHANNEL_REQUEST]);
  devssh_channel_send_async (ours, bulk, NULL, test_keep_result_cb, &results[PEND_SEND]);
  devssh_session_open_channel_async (client, NULL, NULL, test_keep_result_cb, &results[PEND_OPEN]);
  devssh_session_request_async (client, "x@example.org", TRUE, NULL, NULL, test_keep_result_cb, &results[PEND_REQUEST]);
  devssh_session_accept_channel_async (client, NULL, NULL, test_keep_result_cb, &results[PEND_ACCEPT]);
  devssh_session_wait_closed_async (client, NULL, test_keep_result_cb, &results[PEND_CLOSED]);
  test_spin_until (kept->len == 3);
  /* The answer to this one crosses the end. */
  devssh_session_request_service_async (client, DEVSSH_SERVICE_NAME_CONNECTION, NULL, test_keep_result_cb,
                                        &results[PEND_SERVICE]);
  for (guint i = 0; i < N_PENDS; i++)
    g_assert_null (results[i]);

  if (ending == END_CLIENT_CLOSES)
    devssh_session_close (client, reason, "over");
  else if (ending == END_SERVER_CLOSES)
    devssh_session_close (server_of (pair), reason, "over");
  else if (ending == END_STREAM)
    g_io_stream_close (devssh_session_get_stream (server_of (pair)), NULL, NULL);
  else
    devssh_session_close (client, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST, NULL);
  for (guint i = 0; i < N_PENDS; i++)
    test_spin_until (results[i] != NULL);
  test_settle ();

  for (guint i = 0; i < N_PENDS; i++)
    {
      g_autoptr(GError) error = NULL;

      switch (i)
        {
        case PEND_SEND:
          g_assert_false (devssh_channel_send_finish (ours, results[i], &error));
          break;
        case PEND_OPEN:
          g_assert_null (devssh_session_open_channel_finish (client, results[i], &error));
          break;
        case PEND_REQUEST:
          g_assert_false (devssh_session_request_finish (client, results[i], NULL, &error));
          break;
        case PEND_CHANNEL_REQUEST:
          g_assert_false (devssh_channel_request_finish (ours, results[i], &error));
          break;
        case PEND_ACCEPT:
          g_assert_null (devssh_session_accept_channel_finish (client, results[i], &error));
          break;
        case PEND_SERVICE:
          /* The server may have answered before its end was seen. */
          if (devssh_session_request_service_finish (client, results[i], &error))
            continue;
          break;
        case PEND_CLOSED:
        default:
          g_assert_true (devssh_session_wait_closed_finish (client, results[i], &error));
          continue;
        }
      assert_lost (error, reason);
    }
  assert_ended (&end, reason);
  g_assert_error (devssh_channel_get_error (ours), DEVSSH_CONNECTION_ERROR, (int) reason);
  test_spin_until (devssh_session_get_is_closed (server_of (pair)));
  test_settle ();
  for (guint i = 0; i < kept->len; i++)
    g_assert_true (g_cancellable_is_cancelled (devssh_question_get_cancellable (kept->pdata[i])));

  /* Once it has ended: CLOSED, always, and nothing else happens. */
  devssh_session_open_channel_async (client, NULL, NULL, test_keep_result_cb, &late[0]);
  devssh_session_request_async (client, "x@example.org", TRUE, NULL, NULL, test_keep_result_cb, &late[1]);
  devssh_session_accept_channel_async (client, NULL, NULL, test_keep_result_cb, &late[2]);
  test_spin_until (late[0] != NULL && late[1] != NULL && late[2] != NULL);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(GError) error = NULL;

      if (i == 0)
        g_assert_null (devssh_session_open_channel_finish (client, late[i], &error));
      else if (i == 1)
        g_assert_false (devssh_session_request_finish (client, late[i], NULL, &error));
      else
        g_assert_null (devssh_session_accept_channel_finish (client, late[i], &error));
      g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);
      g_object_unref (late[i]);
    }
  for (guint i = 0; i < N_PENDS; i++)
    g_object_unref (results[i]);
  g_signal_handlers_disconnect_by_data (pair->server, kept);
  g_signal_handlers_disconnect_by_data (theirs, kept);
}

/* ---- E-16: handlers that come and go ---- */

typedef struct
{
  DevSshChannel *channel;
  GString       *text;
  guint          turn;
} Relay;

static void other_cb (DevSshChannel *channel, GBytes *data, Relay *self);

/* Each hands over to the other, from inside. */
static void
one_cb (DevSshChannel *channel,
        GBytes        *data,
        Relay         *self)
{
  g_string_append_printf (self->text, "one:%.*s ", (int) g_bytes_get_size (data), (const char *) g_bytes_get_data (data, NULL));
  g_signal_handlers_disconnect_by_func (channel, one_cb, self);
  g_signal_connect (channel, "data", G_CALLBACK (other_cb), self);
}

static void
other_cb (DevSshChannel *channel,
          GBytes        *data,
          Relay         *self)
{
  g_string_append_printf (self->text, "other:%.*s ", (int) g_bytes_get_size (data), (const char *) g_bytes_get_data (data, NULL));
  g_signal_handlers_disconnect_by_func (channel, other_cb, self);
  if (++self->turn < 2)
    g_signal_connect (channel, "data", G_CALLBACK (one_cb), self);
}

static void
send_text (DevSshChannel *channel,
           const char    *text)
{
  g_autoptr(GBytes) bytes = g_bytes_new (text, strlen (text));

  devssh_channel_send_async (channel, bytes, NULL, NULL, NULL);
}

static gboolean
yes_cb (DevSshSession        *session,
        DevSshSessionRequest *request,
        gpointer              user_data)
{
  devssh_session_request_complete (request, TRUE);
  return TRUE;
}

static gboolean
ask (DevSshSession *session)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  gboolean answer;

  devssh_session_request_async (session, "x@example.org", TRUE, NULL, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  answer = devssh_session_request_finish (session, result, NULL, &error);
  g_assert_no_error (error);
  return answer;
}

static void
test_handlers_come_and_go (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(DevSshChannel) theirs = NULL;
  Relay relay = { NULL, g_string_new (NULL), 0 };
  gulong handler;

  test_pair_authenticate (pair);
  test_pair_open (pair, "session", &ours, &theirs);
  g_signal_connect (theirs, "data", G_CALLBACK (one_cb), &relay);
  for (guint i = 0; i < 6; i++)
    send_text (ours, (const char *[]) { "a", "b", "c", "d", "e", "f" }[i]);
  test_spin_until (strstr (relay.text->str, "other:d") != NULL);
  test_settle ();
  /* Nobody is left; what nobody heard waits for the next. */
  g_assert_cmpstr (relay.text->str, ==, "one:a other:b one:c other:d ");
  relay.turn = 0;
  g_signal_connect (theirs, "data", G_CALLBACK (one_cb), &relay);
  test_spin_until (strstr (relay.text->str, "other:f") != NULL);
  g_assert_cmpstr (relay.text->str, ==, "one:a other:b one:c other:d one:e other:f ");
  g_signal_handlers_disconnect_by_data (theirs, &relay);
  g_string_free (relay.text, TRUE);

  /* Without a handler a request is refused, with one it is not, and so on. */
  for (guint i = 0; i < 3; i++)
    {
      g_assert_false (ask (client_of (pair)));
      handler = g_signal_connect (pair->server, "request", G_CALLBACK (yes_cb), NULL);
      g_assert_true (ask (client_of (pair)));
      g_signal_handler_disconnect (pair->server, handler);
    }
  assert_alive (pair);
}

/* ---- E-44: a handler that does not come back ---- */

typedef struct
{
  GByteArray *bytes;        /* of the other channel */
  guint       returned;
} Nest;

/* It runs the loop itself until another channel has got all its data. */
static gboolean
nesting_request_cb (DevSshChannel        *channel,
                    DevSshChannelRequest *request,
                    Nest                 *self)
{
  guint before = self->bytes->len;

  test_spin_until (self->bytes->len >= before + 100000);
  self->returned++;
  devssh_channel_request_complete (request, TRUE);
  return TRUE;
}

static void
test_handler_nests (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) other = NULL;
  g_autoptr(DevSshChannel) other_theirs = NULL;
  g_autoptr(GBytes) bulk = make_bulk (100000, 1);
  g_autoptr(GAsyncResult) result = NULL;
  Nest nest = { g_byte_array_new (), 0 };

  test_pair_authenticate (pair);
  test_pair_open (pair, "session", &ours, &theirs);
  test_pair_open (pair, "session", &other, &other_theirs);
  g_signal_connect (theirs, "request", G_CALLBACK (nesting_request_cb), &nest);
  g_signal_connect (other_theirs, "data", G_CALLBACK (collect_cb), nest.bytes);
  devssh_channel_request_async (ours, "x@example.org", TRUE, NULL, NULL, test_keep_result_cb, &result);
  devssh_channel_send_async (other, bulk, NULL, NULL, NULL);
  test_spin_until (result != NULL);
  g_assert_true (devssh_channel_request_finish (ours, result, NULL));
  g_assert_cmpuint (nest.returned, ==, 1);
  g_assert_cmpuint (nest.bytes->len, ==, 100000);
  g_signal_handlers_disconnect_by_data (other_theirs, nest.bytes);
  g_byte_array_unref (nest.bytes);
}

/* ---- E-18: what is left behind ---- */

static guint
count_entries (const char *path)
{
  g_autoptr(GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  while (dir != NULL && g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

/* Descriptors that the loop polls, and whether it has a time to wake up at. */
static guint
count_polled (gboolean *timed)
{
  GMainContext *context = g_main_context_default ();
  GPollFD fds[64];
  int priority = 0, timeout = -1, n;

  g_assert_true (g_main_context_acquire (context));
  g_main_context_prepare (context, &priority);
  n = g_main_context_query (context, G_MAXINT, &timeout, fds, G_N_ELEMENTS (fds));
  g_main_context_release (context);
  *timed = timeout > 0;
  return (guint) n;
}

static void
live_and_end (guint way)
{
  TestPair *pair = test_pair_new ();
  DevSshChannel *ours = NULL, *theirs = NULL;
  g_autoptr(GBytes) bulk = make_bulk (3 * 1024 * 1024, 1);
  GWeakRef refs[4];

  g_object_set (pair->client_config, "keepalive-interval", 30u, NULL);
  g_object_set (pair->server_config, "keepalive-interval", 30u, NULL);
  test_pair_authenticate (pair);
  test_pair_open (pair, "session", &ours, &theirs);
  g_weak_ref_init (&refs[0], pair->client);
  g_weak_ref_init (&refs[1], pair->server);
  g_weak_ref_init (&refs[2], ours);
  g_weak_ref_init (&refs[3], theirs);
  devssh_channel_send_async (ours, bulk, NULL, NULL, NULL);
  devssh_session_accept_channel_async (client_of (pair), NULL, NULL, NULL, NULL);
  devssh_session_wait_closed_async (client_of (pair), NULL, NULL, NULL);
  test_settle ();
  if (way == 1)
    g_io_stream_close (devssh_session_get_stream (client_of (pair)), NULL, NULL);
  else if (way == 2)
    devssh_session_close (server_of (pair), DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, NULL);
  else if (way == 3)
    devssh_channel_close (theirs);
  test_pair_free (pair);
  g_object_unref (ours);
  g_object_unref (theirs);
  for (guint i = 0; i < 4; i++)
    {
      gpointer alive;

      /* The last bytes may still be on their way out. */
      test_spin_until ((alive = g_weak_ref_get (&refs[i])) == NULL || (g_object_unref (alive), FALSE));
      g_weak_ref_clear (&refs[i]);
    }
}

static void
test_nothing_left (void)
{
  guint threads, descriptors, polled;
  gboolean timed;

  /* GLib starts its own workers once, and keeps them. */
  for (guint way = 0; way < 4; way++)
    live_and_end (way);
  test_settle ();
  threads = count_entries ("/proc/self/task");
  descriptors = count_entries ("/proc/self/fd");
  polled = count_polled (&timed);
  g_assert_cmpuint (polled, ==, 1);    /* what wakes the loop from other threads */
  g_assert_false (timed);

  for (guint i = 0; i < 40; i++)
    live_and_end (i % 4);
  test_settle ();
  /* A worker of GLib that had nothing to do for a while may have gone. */
  g_assert_cmpuint (count_entries ("/proc/self/task"), <=, threads);
  g_assert_cmpuint (count_entries ("/proc/self/fd"), ==, descriptors);
  g_assert_cmpuint (count_polled (&timed), ==, polled);
  g_assert_false (timed);
}

/* ---- E-19: time ---- */

/* A peer that says nothing at all. */
static void
test_connect_timeout (gconstpointer data)
{
  g_autoptr(DevSshContext) context = devssh_context_ref_thread_default ();
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  DevSshSession *session;

  g_object_set (pair->client_config, "key-exchange-timeout", 7u, NULL);
  g_object_set (pair->server_config, "key-exchange-timeout", 7u, NULL);
  test_pair_make (pair);
  session = data != NULL ? server_of (pair) : client_of (pair);
  devssh_session_connect_async (session, NULL, test_keep_result_cb, &result);
  test_settle ();
  devssh_context_advance_clock (context, 6 * G_TIME_SPAN_SECOND);
  test_settle ();
  g_assert_null (result);
  devssh_context_advance_clock (context, 2 * G_TIME_SPAN_SECOND);
  test_spin_until (result != NULL);
  g_assert_false (devssh_session_connect_finish (session, result, &error));
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_KEY_EXCHANGE_FAILED);
  g_assert_true (devssh_session_get_is_closed (session));
}

/* ---- E-20: progress ---- */

static void
progress_cb (DevSshSession  *session,
             DevSshProgress  progress,
             GString        *text)
{
  g_string_append_printf (text, "%d ", progress);
}

static void
test_progress (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(GString) client = g_string_new (NULL);
  g_autoptr(GString) server = g_string_new (NULL);

  test_pair_make (pair);
  g_signal_connect (pair->client, "progress", G_CALLBACK (progress_cb), client);
  g_signal_connect (pair->server, "progress", G_CALLBACK (progress_cb), server);
  test_pair_authenticate (pair);
  test_settle ();
  g_assert_cmpstr (client->str, ==, "0 2 3 4 5 1 6 7 ");
  g_assert_cmpstr (server->str, ==, "0 2 3 4 5 1 6 7 ");
}

static void
test_progress_without_security (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(GString) text = g_string_new (NULL);

  g_clear_object (&pair->client_config);
  g_clear_object (&pair->server_config);
  pair->client_config = devssh_session_config_new_no_security ();
  pair->server_config = devssh_session_config_new_no_security ();
  test_pair_make (pair);
  g_signal_connect (pair->client, "progress", G_CALLBACK (progress_cb), text);
  test_pair_connect (pair);
  test_settle ();
  g_assert_cmpstr (text->str, ==, "0 2 3 1 ");
  assert_alive (pair);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/session/life/no-room/E-03", test_no_room);
  g_test_add_func ("/session/life/unknown-message/E-05", test_unknown_message);
  g_test_add_func ("/session/life/message-handlers/E-06", test_message_handlers);
  g_test_add_data_func ("/session/life/stream-ends/client/E-12", NULL, test_stream_ends);
  g_test_add_data_func ("/session/life/stream-ends/server/E-12", GINT_TO_POINTER (TRUE), test_stream_ends);
  g_test_add_data_func ("/session/life/reason/client/E-12", NULL, test_reason);
  g_test_add_data_func ("/session/life/reason/server/E-12", GINT_TO_POINTER (TRUE), test_reason);
  for (guint when = 0; when < 6; when++)
    {
      g_autofree char *path = g_strdup_printf ("/session/life/close-early/%u/E-13", when);

      g_test_add_data_func (path, GUINT_TO_POINTER (when), test_close_early);
    }
  for (guint ending = 0; ending < N_ENDS; ending++)
    {
      g_autofree char *path = g_strdup_printf ("/session/life/everything-pending/%s/E-14/E-15", ending_names[ending]);

      g_test_add_data_func (path, GUINT_TO_POINTER (ending), test_everything_pending);
    }
  g_test_add_func ("/session/life/handlers-come-and-go/E-16/E-45", test_handlers_come_and_go);
  g_test_add_func ("/session/life/handler-nests/E-44/T-64", test_handler_nests);
  g_test_add_func ("/session/life/nothing-left/E-18", test_nothing_left);
  g_test_add_data_func ("/session/life/connect-timeout/client/E-19", NULL, test_connect_timeout);
  g_test_add_data_func ("/session/life/connect-timeout/server/E-19", GINT_TO_POINTER (TRUE), test_connect_timeout);
  g_test_add_func ("/session/life/progress/E-20", test_progress);
  g_test_add_func ("/session/life/progress/no-security/E-20", test_progress_without_security);
  return g_test_run ();
}
