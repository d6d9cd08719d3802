/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening, refusing and accepting channels. */
#include "connection-util.h"

#include <string.h>

static void
test_open_both_ways (void)
{
  TestPair pair;

  test_pair_init (&pair, NULL);
  for (guint i = 0; i < 2; i++)
    {
      TestEnd *end = i == 0 ? &pair.client : &pair.server;
      g_autoptr(DevSshChannel) theirs = NULL;
      g_autoptr(DevSshChannel) ours = test_open_both (&pair, end, &theirs);

      g_assert_cmpuint (devssh_connection_get_n_channels (end->connection), ==, 1);
      g_assert_cmpuint (devssh_connection_get_n_channels (end->peer->connection), ==, 1);
      g_assert_cmpstr (devssh_channel_get_channel_type (ours), ==, "session");
      g_assert_cmpstr (devssh_channel_get_channel_type (theirs), ==, "session");
      g_assert_false (devssh_channel_get_is_remote (ours));
      g_assert_true (devssh_channel_get_is_remote (theirs));
      g_assert_cmpint (devssh_channel_get_state (ours), ==, DEVSSH_CHANNEL_STATE_OPEN);
      g_assert_cmpint (devssh_channel_get_state (theirs), ==, DEVSSH_CHANNEL_STATE_OPEN);
      g_assert_cmpuint (devssh_channel_get_channel_id (ours), ==, devssh_channel_get_remote_channel_id (theirs));
      g_assert_cmpuint (devssh_channel_get_max_packet_size (ours), ==, 32768);
      g_assert_true (g_bytes_equal (devssh_channel_get_open_message (ours), devssh_channel_get_open_message (theirs)));
      g_assert_true (g_bytes_equal (devssh_channel_get_open_confirmation_message (ours),
                                    devssh_channel_get_open_confirmation_message (theirs)));

      devssh_channel_close (ours);
      test_pair_run (&pair);
      g_assert_cmpuint (devssh_connection_get_n_channels (end->connection), ==, 0);
      g_assert_cmpuint (devssh_connection_get_n_channels (end->peer->connection), ==, 0);
      g_assert_true (devssh_channel_get_is_closed (theirs));
    }
  test_pair_clear (&pair);
}

static gboolean
opening_data_cb (TestEnd              *end,
                 DevSshChannelOpening *opening)
{
  g_assert_cmpstr (devssh_channel_opening_get_channel_type (opening), ==, "echo@example.org");
  g_assert_true (devssh_channel_opening_get_is_remote (opening));
  g_assert_true (g_bytes_equal (devssh_channel_opening_get_type_data (opening), end->user_data));
  devssh_channel_opening_accept (opening);
  return TRUE;
}

static void
test_open_with_data (void)
{
  TestPair pair;
  g_autoptr(GBytes) extra = g_bytes_new_static ("\0\1\2extra", 8);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshChannel) channel = NULL;

  test_pair_init (&pair, NULL);
  pair.server.opening = opening_data_cb;
  pair.server.user_data = extra;
  devssh_connection_open (pair.client.connection, "echo@example.org", extra, 0, test_task_new (NULL, &result));
  test_pair_run (&pair);
  channel = test_take_channel (result, &error);
  g_assert_no_error (error);
  test_pair_clear (&pair);
}

static gboolean
opening_reject_cb (TestEnd              *end,
                   DevSshChannelOpening *opening)
{
  devssh_channel_opening_reject (opening, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED, "not today");
  return TRUE;
}

static void
test_open_refused (void)
{
  TestPair pair;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  test_pair_init (&pair, NULL);
  pair.server.opening = opening_reject_cb;
  devssh_connection_open (pair.client.connection, NULL, NULL, 0, test_task_new (NULL, &result));
  test_pair_run (&pair);
  g_assert_null (test_take_channel (result, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, (int) DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
  g_assert_cmpstr (error->message, ==, "not today");
  g_assert_cmpuint (devssh_connection_get_n_channels (pair.client.connection), ==, 0);
  g_assert_cmpuint (pair.client.n_opened + pair.server.n_opened, ==, 0);
  test_pair_clear (&pair);
}

/* ---- who may open ---- */

static gboolean
no_opinion_cb (TestEnd              *end,
               DevSshChannelOpening *opening)
{
  return FALSE;
}

static gboolean
throwing_opening_cb (TestEnd              *end,
                     DevSshChannelOpening *opening)
{
  devssh_channel_opening_accept (opening);
  return FALSE;
}

static guint
open_reason (TestPair *pair,
             TestEnd  *end)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshChannel) channel = NULL;

  devssh_connection_open (end->connection, "x@example.org", NULL, 0, test_task_new (NULL, &result));
  test_pair_run (pair);
  channel = test_take_channel (result, &error);
  if (channel != NULL)
    return 0;
  g_assert_true (error->domain == DEVSSH_CHANNEL_ERROR);
  return (guint) error->code;
}

/* Nobody answers: 3 without any handler, else 1 (design D6). */
static void
test_open_nobody (void)
{
  TestPair pair;

  test_pair_init (&pair, NULL);
  pair.server.opening = NULL;
  g_assert_cmpuint (open_reason (&pair, &pair.client), ==, DEVSSH_CHANNEL_OPEN_FAILURE_UNKNOWN_CHANNEL_TYPE);
  pair.server.opening = no_opinion_cb;
  g_assert_cmpuint (open_reason (&pair, &pair.client), ==, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
  pair.server.opening = throwing_opening_cb;
  g_assert_cmpuint (open_reason (&pair, &pair.client), ==, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
  pair.server.opening = test_accept_opening;
  g_assert_cmpuint (open_reason (&pair, &pair.client), ==, 0);
  test_pair_clear (&pair);
}

/* Who accepts waits, and that is an answer; but not against a handler's word. */
static void
test_open_acceptor_answers (void)
{
  TestPair pair;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(DevSshChannel) channel = NULL;

  test_pair_init (&pair, NULL);
  devssh_connection_accept (pair.server.connection, NULL, test_task_new (NULL, &result));
  g_assert_true (devssh_connection_has_acceptor (pair.server.connection, "session"));
  pair.server.opening = opening_reject_cb;
  g_assert_cmpuint (open_reason (&pair, &pair.client), ==, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
  pair.server.opening = throwing_opening_cb;
  g_assert_cmpuint (open_reason (&pair, &pair.client), ==, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
  /* What a handler takes is not for acceptors. */
  pair.server.opening = test_accept_opening;
  g_assert_cmpuint (open_reason (&pair, &pair.client), ==, 0);
  g_assert_null (result);
  pair.server.opening = no_opinion_cb;
  g_assert_cmpuint (open_reason (&pair, &pair.client), ==, 0);
  channel = test_take_channel (result, NULL);
  g_assert_nonnull (channel);
  g_assert_false (devssh_connection_has_acceptor (pair.server.connection, "session"));
  g_assert_cmpuint (open_reason (&pair, &pair.client), ==, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
  test_pair_clear (&pair);
}

/* A deferred answer, and one that is dropped. */
static gboolean
keep_opening_cb (TestEnd              *end,
                 DevSshChannelOpening *opening)
{
  g_assert_null (end->user_data);
  end->user_data = g_object_ref (opening);
  return TRUE;
}

static void
test_open_deferred (void)
{
  for (guint way = 0; way < 3; way++)
    {
      TestPair pair;
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshChannel) channel = NULL;

      test_pair_init (&pair, NULL);
      pair.server.opening = keep_opening_cb;
      devssh_connection_open (pair.client.connection, NULL, NULL, 0, test_task_new (NULL, &result));
      test_pair_run (&pair);
      g_assert_null (result);
      g_assert_nonnull (pair.server.user_data);
      if (way == 0)
        devssh_channel_opening_accept (pair.server.user_data);
      else if (way == 1)
        devssh_channel_opening_reject (pair.server.user_data, DEVSSH_CHANNEL_OPEN_FAILURE_RESOURCE_SHORTAGE, NULL);
      g_object_unref (pair.server.user_data);
      test_pair_run (&pair);
      channel = test_take_channel (result, &error);
      if (way == 0)
        g_assert_no_error (error);
      else
        g_assert_error (error, DEVSSH_CHANNEL_ERROR,
                        (int) (way == 1 ? DEVSSH_CHANNEL_OPEN_FAILURE_RESOURCE_SHORTAGE
                                        : DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED));
      g_assert_cmpuint (devssh_connection_get_n_channels (pair.server.connection), ==, way == 0);
      test_pair_clear (&pair);
    }
}

/* We open, the peer confirms, and then a handler of ours says no: the call fails, and the peer gets CLOSE. */
static void
test_open_local_veto (void)
{
  TestPair pair;

  test_pair_init (&pair, NULL);
  pair.client.opening = opening_reject_cb;
  g_assert_cmpuint (open_reason (&pair, &pair.client), ==, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
  g_assert_cmpstr (pair.client.log->str, ==, "90 97 ");
  g_assert_cmpuint (pair.client.n_opened, ==, 0);
  g_assert_cmpuint (pair.server.n_opened, ==, 1);
  g_assert_cmpuint (pair.server.n_closed, ==, 1);

  /* Nobody says anything: it is ours. */
  pair.client.opening = no_opinion_cb;
  g_assert_cmpuint (open_reason (&pair, &pair.client), ==, 0);
  pair.client.opening = NULL;
  g_assert_cmpuint (open_reason (&pair, &pair.client), ==, 0);
  test_pair_clear (&pair);
}

/* A handler may use the channel before the peer knows of it. */
static gboolean
sending_opening_cb (TestEnd              *end,
                    DevSshChannelOpening *opening)
{
  DevSshChannel *channel = devssh_channel_opening_get_channel (opening);

  g_assert_cmpint (devssh_channel_get_state (channel), ==, DEVSSH_CHANNEL_STATE_OPENING);
  test_send (channel, "welcome");
  if (end->user_data != NULL)
    devssh_channel_close (channel);
  devssh_channel_opening_accept (opening);
  return TRUE;
}

static void
test_open_send_in_handler (void)
{
  for (guint closes = 0; closes < 2; closes++)
    {
      TestPair pair;
      g_autoptr(DevSshChannel) channel = NULL;
      g_autoptr(TestEars) ears = NULL;

      test_pair_init (&pair, NULL);
      pair.server.opening = sending_opening_cb;
      pair.server.user_data = closes ? &pair : NULL;
      channel = test_open_channel (&pair, &pair.client, NULL);
      g_assert_cmpstr (pair.server.log->str, ==, closes ? "91 94 97 " : "91 94 ");
      ears = test_ears_on (channel);
      test_pair_run (&pair);
      g_assert_cmpstr (ears->text->str, ==, closes ? "data:welcome closed " : "data:welcome ");
      test_pair_clear (&pair);
    }
}

/* ... and nothing of it leaves if it is refused after all. */
static gboolean
sending_rejecting_cb (TestEnd              *end,
                      DevSshChannelOpening *opening)
{
  DevSshChannel *channel = devssh_channel_opening_get_channel (opening);
  g_autoptr(GBytes) data = g_bytes_new_static ("never", 5);

  devssh_channel_send_async (channel, data, NULL, test_keep_result_cb, end->user_data);
  devssh_channel_opening_reject (opening, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED, "no");
  return TRUE;
}

static void
test_open_send_in_refusing_handler (void)
{
  TestPair pair;
  GAsyncResult *result = NULL;
  g_autoptr(GError) error = NULL;

  test_pair_init (&pair, NULL);
  pair.server.opening = sending_rejecting_cb;
  pair.server.user_data = &result;
  g_assert_cmpuint (open_reason (&pair, &pair.client), ==, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
  g_assert_cmpstr (pair.server.log->str, ==, "92 ");
  g_assert_nonnull (result);
  g_assert_false (g_task_propagate_boolean (G_TASK (result), &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CHANNEL_CLOSED);
  g_object_unref (result);
  test_pair_clear (&pair);
}

/* A reader that came while the channel was decided about: it learns that nothing comes. */
typedef struct
{
  DevSshChannelConsumer consumer;
  guint                 n_closed;
  GError               *error;
} Reader;

static gsize
reader_data (DevSshChannelConsumer *consumer,
             guint32                data_type,
             const guint8          *data,
             gsize                  length,
             DevSshBuffer          *buffer)
{
  return length;
}

static void
reader_eof (DevSshChannelConsumer *consumer)
{
}

static void
reader_closed (DevSshChannelConsumer *consumer,
               const GError          *error)
{
  Reader *reader = (Reader *) consumer;

  reader->n_closed++;
  reader->error = error != NULL ? g_error_copy (error) : NULL;
}

typedef struct
{
  Reader                reader;
  TestEars             *ears;
  DevSshChannelOpening *kept;    /* NULL: is rejected at once */
  gboolean              keep;
} Readers;

static gboolean
reading_opening_cb (TestEnd              *end,
                    DevSshChannelOpening *opening)
{
  Readers *readers = end->user_data;
  DevSshChannel *channel = devssh_channel_opening_get_channel (opening);
  g_autoptr(GError) error = NULL;

  devssh_channel_set_consumer (channel, &readers->reader.consumer, &error);
  g_assert_no_error (error);
  readers->ears = test_ears_new (channel);
  test_ears_listen (readers->ears, "closed");
  if (readers->keep)
    readers->kept = g_object_ref (opening);
  else
    devssh_channel_opening_reject (opening, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED, NULL);
  return TRUE;
}

static void
test_open_reader_of_none (void)
{
  for (guint keep = 0; keep < 2; keep++)
    {
      TestPair pair;
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GError) lost = g_error_new_literal (DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST, "lost");
      Readers readers = { .reader = { { reader_data, reader_eof, reader_closed } }, .keep = keep };

      test_pair_init (&pair, NULL);
      pair.server.opening = reading_opening_cb;
      pair.server.user_data = &readers;
      devssh_connection_open (pair.client.connection, NULL, NULL, 0, test_task_new (NULL, &result));
      test_pair_run (&pair);
      if (keep)
        {
          g_assert_cmpuint (readers.reader.n_closed, ==, 0);
          devssh_connection_abort (pair.server.connection, lost);
          test_pair_run (&pair);
          g_assert_error (readers.reader.error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
        }
      g_assert_cmpuint (readers.reader.n_closed, ==, 1);
      g_assert_cmpstr (readers.ears->text->str, ==, "closed ");
      g_assert_cmpuint (pair.server.n_opened, ==, 0);
      g_clear_object (&readers.kept);
      g_clear_error (&readers.reader.error);
      test_ears_free (readers.ears);
      test_pair_clear (&pair);
    }
}

static void
count_notify_cb (DevSshChannel *channel,
                 GParamSpec    *pspec,
                 guint         *n_notified)
{
  g_assert_cmpint (devssh_channel_get_state (channel), ==, DEVSSH_CHANNEL_STATE_CLOSED);
  (*n_notified)++;
}

static gboolean
watching_opening_cb (TestEnd              *end,
                     DevSshChannelOpening *opening)
{
  g_signal_connect (devssh_channel_opening_get_channel (opening), "notify::state",
                    G_CALLBACK (count_notify_cb), end->user_data);
  devssh_channel_opening_reject (opening, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED, NULL);
  return TRUE;
}

/* From opening to closed is a change of the state, too. */
static void
test_open_refused_notified (void)
{
  TestPair pair;
  guint n_notified = 0;

  test_pair_init (&pair, NULL);
  pair.server.opening = watching_opening_cb;
  pair.server.user_data = &n_notified;
  g_assert_cmpuint (open_reason (&pair, &pair.client), ==, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
  g_assert_cmpuint (n_notified, ==, 1);
  test_pair_clear (&pair);
}

/* A handler accepts a channel and closes it: whoever waits for one goes on waiting. */
static gboolean
accepting_closing_cb (TestEnd              *end,
                      DevSshChannelOpening *opening)
{
  devssh_channel_opening_accept (opening);
  if (end->user_data == NULL)
    devssh_channel_close (devssh_channel_opening_get_channel (opening));
  return TRUE;
}

static void
test_accept_closed_by_handler (void)
{
  TestPair pair;
  g_autoptr(GAsyncResult) accepted = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshChannel) closed = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(DevSshChannel) theirs = NULL;

  test_pair_init (&pair, NULL);
  pair.server.opening = accepting_closing_cb;
  devssh_connection_accept (pair.server.connection, "x@example.org", test_task_new (NULL, &accepted));
  closed = test_open_channel (&pair, &pair.client, "x@example.org");
  test_pair_run (&pair);
  g_assert_true (devssh_channel_get_is_closed (closed));
  g_assert_null (accepted);
  pair.server.user_data = &pair;
  ours = test_open_channel (&pair, &pair.client, "x@example.org");
  theirs = test_take_channel (accepted, &error);
  g_assert_no_error (error);
  g_assert_false (devssh_channel_get_is_closed (theirs));
  test_pair_clear (&pair);
}

/* ---- windows ---- */

static gboolean
window_opening_cb (TestEnd              *end,
                   DevSshChannelOpening *opening)
{
  DevSshChannel *channel = devssh_channel_opening_get_channel (opening);
  g_autoptr(GError) error = NULL;

  g_assert_false (devssh_channel_set_max_window_size (channel, 32767, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG);
  g_clear_error (&error);
  g_assert_true (devssh_channel_set_max_window_size (channel, 40000, &error));
  g_assert_no_error (error);
  devssh_channel_opening_accept (opening);
  g_assert_true (devssh_channel_set_max_window_size (channel, 50000, &error));
  return TRUE;
}

static void
test_open_window (void)
{
  TestPair pair;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) refused = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(DevSshChannel) theirs = NULL;

  test_pair_init (&pair, NULL);
  pair.server.opening = window_opening_cb;
  devssh_connection_open (pair.client.connection, NULL, NULL, 5 * 1024 * 1024, test_task_new (NULL, &result));
  devssh_connection_open (pair.client.connection, NULL, NULL, 1000, test_task_new (NULL, &refused));
  test_pair_run (&pair);
  g_assert_null (test_take_channel (refused, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG);
  g_clear_error (&error);
  ours = test_take_channel (result, &error);
  g_assert_no_error (error);
  theirs = test_channel_at (&pair.server, 0);
  g_assert_cmpuint (devssh_channel_get_max_window_size (ours), ==, 5 * 1024 * 1024);
  g_assert_cmpuint (devssh_channel_get_max_window_size (theirs), ==, 50000);
  g_assert_false (devssh_channel_set_max_window_size (theirs, 60000, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  test_pair_clear (&pair);
}

static void
receive_open (TestEnd    *end,
              const char *type,
              guint32     id,
              guint32     window,
              guint32     packet)
{
  DevSshChannelOpenMessage message = { (char *) type, id, window, packet };
  DEVSSH_WRITER_AUTO (writer);

  devssh_channel_open_message_encode (&message, &writer);
  test_end_receive_writer (end, &writer);
}

static guint
failure_reason (TestEnd *end)
{
  g_autoptr(GBytes) bytes = test_end_take (end);
  g_auto (DevSshChannelOpenFailureMessage) message = { 0 };
  gsize length;
  const guint8 *data;

  g_assert_nonnull (bytes);
  data = g_bytes_get_data (bytes, &length);
  g_assert_true (devssh_channel_open_failure_message_decode (&message, data, length, NULL));
  return message.reason;
}

/* A channel on which nothing could ever be sent, from either side (T-53). */
static void
test_open_max_packet_zero (void)
{
  TestEnd end;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  DevSshChannelOpenConfirmationMessage confirmation = { 0, 9, 1000, 0 };
  DEVSSH_WRITER_AUTO (writer);

  test_end_init (&end, FALSE, NULL);
  end.opening = test_accept_opening;
  receive_open (&end, "session", 5, 1000, 0);
  g_assert_cmpuint (failure_reason (&end), ==, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
  g_assert_cmpuint (end.n_opened, ==, 0);

  devssh_connection_open (end.connection, NULL, NULL, 0, test_task_new (NULL, &result));
  devssh_channel_open_confirmation_message_encode (&confirmation, &writer);
  test_end_receive_writer (&end, &writer);
  test_end_run (&end);
  g_assert_null (test_take_channel (result, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, (int) DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
  g_assert_cmpstr (end.log->str, ==, "92 90 97 ");
  test_end_clear (&end);
}

static void
test_open_without_type (void)
{
  TestEnd end;

  test_end_init (&end, FALSE, NULL);
  end.opening = test_accept_opening;
  receive_open (&end, "", 5, 1000, 1000);
  g_assert_cmpuint (failure_reason (&end), ==, DEVSSH_CHANNEL_OPEN_FAILURE_UNKNOWN_CHANNEL_TYPE);
  test_end_clear (&end);
}

/* A failure without texts, with strange texts, and with a reason of its own (T-57). */
static void
test_open_failure_texts (void)
{
  static const guint8 bare[] = { 92, 0, 0, 0, 0, 0, 0, 0, 2 };
  static const guint8 strange[] = { 92, 0, 1, 0, 0, 0xfe, 0, 0, 0, 0, 0, 0, 8, 'a', 27, '[', '\r', '\n', 0, 0xff, 'b',
                                    0, 0, 0, 0 };
  TestEnd end;

  test_end_init (&end, FALSE, NULL);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GError) error = NULL;

      devssh_connection_open (end.connection, NULL, NULL, 0, test_task_new (NULL, &result));
      test_end_receive (&end, i == 0 ? bare : strange, i == 0 ? sizeof bare : sizeof strange);
      test_end_run (&end);
      g_assert_null (test_take_channel (result, &error));
      g_assert_true (error->domain == DEVSSH_CHANNEL_ERROR);
      g_assert_cmpuint ((guint) error->code, ==, i == 0 ? 2 : 0xfe000000);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      for (const char *c = error->message; *c != '\0'; c++)
        g_assert_cmpuint ((guchar) *c, >=, 0x20);
    }
  test_end_clear (&end);
}

/* ---- cancelling ---- */

static void
test_open_cancelled_early (void)
{
  TestPair pair;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshChannel) next = NULL;

  test_pair_init (&pair, NULL);
  g_cancellable_cancel (cancellable);
  devssh_connection_open (pair.client.connection, NULL, NULL, 0, test_task_new (cancellable, &result));
  test_pair_run (&pair);
  g_assert_null (test_take_channel (result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (pair.client.n_sent, ==, 0);
  next = test_open_channel (&pair, &pair.client, NULL);
  test_pair_clear (&pair);
}

/* A confirmation that comes after the cancellation is answered with CLOSE, and the session is fine. */
static void
test_open_cancelled_late (void)
{
  TestPair pair;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshChannel) next = NULL;

  test_pair_init (&pair, NULL);
  pair.server.opening = keep_opening_cb;
  devssh_connection_open (pair.client.connection, NULL, NULL, 0, test_task_new (cancellable, &result));
  test_pair_run (&pair);
  g_cancellable_cancel (cancellable);
  test_pair_run (&pair);
  g_assert_null (test_take_channel (result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  devssh_channel_opening_accept (pair.server.user_data);
  g_clear_object (&pair.server.user_data);
  test_pair_run (&pair);
  g_assert_cmpstr (pair.client.log->str, ==, "90 97 ");
  g_assert_cmpuint (pair.client.n_opened, ==, 0);
  g_assert_cmpuint (pair.server.n_closed, ==, 1);
  g_assert_cmpuint (pair.client.fatal + pair.server.fatal, ==, 0);
  pair.server.opening = test_accept_opening;
  next = test_open_channel (&pair, &pair.client, NULL);
  test_pair_clear (&pair);
}

/* ---- accepting ---- */

static void
many_unaccepted (DevSshConnectionConfig *config,
                 gboolean                is_client)
{
  config->max_unaccepted = 64;
}

static void
test_accept_types (void)
{
  TestPair pair;
  g_autoptr(GAsyncResult) for_b = NULL;
  g_autoptr(GAsyncResult) for_a = NULL;
  g_autoptr(GAsyncResult) for_any = NULL;
  g_autoptr(DevSshChannel) a = NULL;
  g_autoptr(DevSshChannel) b = NULL;
  g_autoptr(DevSshChannel) any = NULL;
  g_autoptr(DevSshChannel) c = NULL;

  test_pair_init (&pair, NULL);
  pair.server.opening = NULL;
  devssh_connection_accept (pair.server.connection, "b@example.org", test_task_new (NULL, &for_b));
  devssh_connection_accept (pair.server.connection, "a@example.org", test_task_new (NULL, &for_a));
  devssh_connection_accept (pair.server.connection, NULL, test_task_new (NULL, &for_any));
  a = test_open_channel (&pair, &pair.client, "a@example.org");
  g_assert_nonnull (for_a);
  g_assert_null (for_b);
  b = test_open_channel (&pair, &pair.client, "b@example.org");
  g_assert_nonnull (for_b);
  g_assert_null (for_any);
  c = test_open_channel (&pair, &pair.client, "c@example.org");
  any = test_take_channel (for_any, NULL);
  g_assert_cmpstr (devssh_channel_get_channel_type (any), ==, "c@example.org");
  g_clear_object (&any);
  any = test_take_channel (for_a, NULL);
  g_assert_cmpstr (devssh_channel_get_channel_type (any), ==, "a@example.org");
  g_clear_object (&any);
  any = test_take_channel (for_b, NULL);
  g_assert_cmpstr (devssh_channel_get_channel_type (any), ==, "b@example.org");
  test_pair_clear (&pair);
}

/* 25 that nobody accepts, while data goes on elsewhere; then they are accepted in order. */
static void
test_accept_later (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(TestEars) ears = NULL;

  test_pair_init (&pair, many_unaccepted);
  ours = test_open_both (&pair, &pair.client, &theirs);
  ears = test_ears_on (theirs);
  pair.server.opening = NULL;
  for (guint i = 0; i < 25; i++)
    {
      g_autoptr(DevSshChannel) unaccepted = test_open_channel (&pair, &pair.client, "x@example.org");
      g_autofree char *text = g_strdup_printf ("number %u", i);

      test_send (unaccepted, text);
    }
  test_send (ours, "hello");
  test_pair_run (&pair);
  g_assert_cmpstr (ears->text->str, ==, "data:hello ");

  for (guint i = 0; i < 25; i++)
    {
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(DevSshChannel) channel = NULL;
      g_autoptr(TestEars) listener = NULL;
      g_autofree char *text = g_strdup_printf ("data:number %u ", i);

      devssh_connection_accept (pair.server.connection, NULL, test_task_new (NULL, &result));
      test_pair_run (&pair);
      channel = test_take_channel (result, NULL);
      listener = test_ears_on (channel);
      test_pair_run (&pair);
      g_assert_cmpstr (listener->text->str, ==, text);
    }
  test_pair_clear (&pair);
}

static void
test_accept_limit (void)
{
  TestPair pair;

  test_pair_init (&pair, many_unaccepted);
  pair.server.opening = NULL;
  for (guint i = 0; i < 64; i++)
    g_assert_cmpuint (open_reason (&pair, &pair.client), ==, 0);
  g_assert_cmpuint (open_reason (&pair, &pair.client), ==, DEVSSH_CHANNEL_OPEN_FAILURE_UNKNOWN_CHANNEL_TYPE);
  test_pair_clear (&pair);
}

/* One that is closed before anybody accepts it is worth accepting only for the data it left. */
static void
test_accept_closed (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) silent = NULL;
  g_autoptr(DevSshChannel) talker = NULL;
  g_autoptr(DevSshChannel) accepted = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(TestEars) ears = NULL;

  test_pair_init (&pair, many_unaccepted);
  pair.server.opening = NULL;
  silent = test_open_channel (&pair, &pair.client, "silent@example.org");
  devssh_channel_close (silent);
  talker = test_open_channel (&pair, &pair.client, "talker@example.org");
  test_send (talker, "last words");
  devssh_channel_close (talker);
  test_pair_run (&pair);
  devssh_connection_accept (pair.server.connection, NULL, test_task_new (NULL, &result));
  test_pair_run (&pair);
  accepted = test_take_channel (result, NULL);
  g_assert_cmpstr (devssh_channel_get_channel_type (accepted), ==, "talker@example.org");
  ears = test_ears_on (accepted);
  test_pair_run (&pair);
  g_assert_cmpstr (ears->text->str, ==, "data:last words closed ");
  test_pair_clear (&pair);
}

/* A cancelled wait takes no channel with it. */
static void
test_accept_cancelled (void)
{
  TestPair pair;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(GAsyncResult) third = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(DevSshChannel) theirs = NULL;

  test_pair_init (&pair, NULL);
  pair.server.opening = NULL;
  devssh_connection_accept (pair.server.connection, NULL, test_task_new (cancellable, &first));
  devssh_connection_accept (pair.server.connection, NULL, test_task_new (NULL, &second));
  g_cancellable_cancel (cancellable);
  test_pair_run (&pair);
  g_assert_null (test_take_channel (first, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  ours = test_open_channel (&pair, &pair.client, NULL);
  theirs = test_take_channel (second, &error);
  g_assert_no_error (error);
  g_assert_nonnull (theirs);

  devssh_connection_accept (pair.server.connection, NULL, test_task_new (cancellable, &third));
  test_pair_run (&pair);
  g_assert_null (test_take_channel (third, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_pair_clear (&pair);
}

static void
test_accept_abort (void)
{
  TestPair pair;
  g_autoptr(GAsyncResult) accepting = NULL;
  g_autoptr(GAsyncResult) opening = NULL;
  g_autoptr(GAsyncResult) too_late = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) lost = g_error_new_literal (DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST, "lost");

  test_pair_init (&pair, NULL);
  devssh_connection_accept (pair.client.connection, NULL, test_task_new (NULL, &accepting));
  devssh_connection_open (pair.client.connection, NULL, NULL, 0, test_task_new (NULL, &opening));
  devssh_connection_abort (pair.client.connection, lost);
  devssh_connection_open (pair.client.connection, NULL, NULL, 0, test_task_new (NULL, &too_late));
  test_end_run (&pair.client);
  g_assert_null (test_take_channel (accepting, &error));
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, (int) DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
  g_clear_error (&error);
  g_assert_null (test_take_channel (opening, &error));
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, (int) DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
  g_clear_error (&error);
  g_assert_null (test_take_channel (too_late, &error));
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, (int) DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
  test_pair_clear (&pair);
}

/* ---- the list ---- */

static void
list_changed_cb (GListModel *list,
                 guint       position,
                 guint       removed,
                 guint       added,
                 GString    *text)
{
  g_string_append_printf (text, "%u-%u+%u ", position, removed, added);
}

static void
test_open_list (void)
{
  TestPair pair;
  g_autoptr(GString) text = g_string_new (NULL);
  DevSshChannel *channels[3];
  GListModel *list;

  test_pair_init (&pair, NULL);
  list = devssh_connection_get_channels (pair.client.connection);
  g_assert_true (g_list_model_get_item_type (list) == DEVSSH_TYPE_CHANNEL);
  g_signal_connect (list, "items-changed", G_CALLBACK (list_changed_cb), text);
  for (guint i = 0; i < 3; i++)
    channels[i] = test_open_channel (&pair, &pair.client, NULL);
  devssh_channel_close (channels[1]);
  test_pair_run (&pair);
  devssh_channel_close (channels[0]);
  test_pair_run (&pair);
  g_assert_cmpstr (text->str, ==, "0-0+1 1-0+1 2-0+1 1-1+0 0-1+0 ");
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 1);
  g_assert_null (g_list_model_get_item (list, 1));
  g_signal_handlers_disconnect_by_data (list, text);
  for (guint i = 0; i < 3; i++)
    g_object_unref (channels[i]);
  test_pair_clear (&pair);
}

/* ---- limits (T-50) ---- */

static void
few_channels (DevSshConnectionConfig *config,
              gboolean                is_client)
{
  config->max_channels = is_client ? 1000 : 10;
  config->max_pending_opens = 4;
}

static void
test_open_limits (void)
{
  TestPair pair;
  TestEnd *server = &pair.server;

  test_pair_init (&pair, few_channels);
  for (guint i = 0; i < 10; i++)
    g_assert_cmpuint (open_reason (&pair, &pair.client), ==, 0);
  g_assert_cmpuint (open_reason (&pair, &pair.client), ==, DEVSSH_CHANNEL_OPEN_FAILURE_RESOURCE_SHORTAGE);

  /* Our own, too. */
  {
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GError) error = NULL;

    devssh_connection_open (server->connection, NULL, NULL, 0, test_task_new (NULL, &result));
    test_pair_run (&pair);
    g_assert_null (test_take_channel (result, &error));
    g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_LIMIT);
  }
  test_pair_clear (&pair);
}

static gboolean
collect_opening_cb (TestEnd              *end,
                    DevSshChannelOpening *opening)
{
  g_ptr_array_add (end->user_data, g_object_ref (opening));
  return TRUE;
}

static void
test_open_pending_limit (void)
{
  TestEnd end;
  g_autoptr(GPtrArray) openings = g_ptr_array_new_with_free_func (g_object_unref);

  test_end_init (&end, FALSE, few_channels);
  end.opening = collect_opening_cb;
  end.user_data = openings;
  for (guint i = 0; i < 6; i++)
    receive_open (&end, "session", i, 1000, 1000);
  g_assert_cmpuint (openings->len, ==, 4);
  g_assert_cmpstr (end.log->str, ==, "92 92 ");
  g_assert_cmpuint (failure_reason (&end), ==, DEVSSH_CHANNEL_OPEN_FAILURE_RESOURCE_SHORTAGE);
  devssh_channel_opening_accept (openings->pdata[2]);
  receive_open (&end, "session", 7, 1000, 1000);
  g_assert_cmpuint (openings->len, ==, 5);
  g_assert_cmpstr (end.log->str, ==, "92 92 91 ");
  test_end_clear (&end);
  for (guint i = 0; i < openings->len; i++)
    if (i != 2)
      g_assert_true (g_cancellable_is_cancelled (devssh_question_get_cancellable (openings->pdata[i])));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/connection/open/both-ways", test_open_both_ways);
  g_test_add_func ("/connection/open/with-data", test_open_with_data);
  g_test_add_func ("/connection/open/refused/E-33", test_open_refused);
  g_test_add_func ("/connection/open/nobody/E-43", test_open_nobody);
  g_test_add_func ("/connection/open/acceptor-answers/E-43", test_open_acceptor_answers);
  g_test_add_func ("/connection/open/deferred", test_open_deferred);
  g_test_add_func ("/connection/open/local-veto", test_open_local_veto);
  g_test_add_func ("/connection/open/send-in-handler/E-35", test_open_send_in_handler);
  g_test_add_func ("/connection/open/send-in-refusing-handler/E-35", test_open_send_in_refusing_handler);
  g_test_add_func ("/connection/open/reader-of-none/T-64", test_open_reader_of_none);
  g_test_add_func ("/connection/open/refused-notified", test_open_refused_notified);
  g_test_add_func ("/connection/accept/closed-by-handler/E-43", test_accept_closed_by_handler);
  g_test_add_func ("/connection/open/window/E-38", test_open_window);
  g_test_add_func ("/connection/open/max-packet-zero/T-53", test_open_max_packet_zero);
  g_test_add_func ("/connection/open/without-type", test_open_without_type);
  g_test_add_func ("/connection/open/failure-texts/T-57", test_open_failure_texts);
  g_test_add_func ("/connection/open/cancelled-early/T-65/E-33", test_open_cancelled_early);
  g_test_add_func ("/connection/open/cancelled-late/T-65", test_open_cancelled_late);
  g_test_add_func ("/connection/accept/types/E-43", test_accept_types);
  g_test_add_func ("/connection/accept/later/E-43", test_accept_later);
  g_test_add_func ("/connection/accept/limit/T-50", test_accept_limit);
  g_test_add_func ("/connection/accept/closed", test_accept_closed);
  g_test_add_func ("/connection/accept/cancelled/T-65/E-43", test_accept_cancelled);
  g_test_add_func ("/connection/accept/abort", test_accept_abort);
  g_test_add_func ("/connection/open/list", test_open_list);
  g_test_add_func ("/connection/open/limits/T-50", test_open_limits);
  g_test_add_func ("/connection/open/pending-limit/T-50", test_open_pending_limit);

  return g_test_run ();
}
