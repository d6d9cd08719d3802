/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of a channel, from each side, in every order (T-54). */
#include "connection-util.h"

#include <libdevssh/connection/devssh-connection-internal-private.h>

#include <string.h>

/* ---- plain ends ---- */

static void
test_close_plain (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(TestEars) ears = NULL;
  g_autoptr(TestEars) our_ears = NULL;

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  ears = test_ears_on (theirs);
  our_ears = test_ears_on (ours);
  test_end_clear_log (&pair.client);
  test_end_clear_log (&pair.server);

  devssh_channel_close (ours);
  /* Closed at once, and said from the loop. */
  g_assert_true (devssh_channel_get_is_closed (ours));
  g_assert_cmpuint (our_ears->n_closed, ==, 0);
  devssh_channel_close (ours);
  devssh_channel_close_with_status (ours, 5);
  test_pair_run (&pair);
  g_assert_cmpuint (our_ears->n_closed, ==, 1);
  g_assert_cmpuint (ears->n_closed, ==, 1);
  g_assert_cmpstr (pair.client.log->str, ==, "97 ");
  g_assert_cmpstr (pair.server.log->str, ==, "97 ");
  for (guint i = 0; i < 2; i++)
    {
      DevSshChannel *channel = i == 0 ? ours : theirs;

      g_assert_cmpint (devssh_channel_get_exit_status (channel), ==, -1);
      g_assert_null (devssh_channel_get_exit_signal (channel));
      g_assert_null (devssh_channel_get_error_message (channel));
      g_assert_null (devssh_channel_get_error (channel));
    }

  /* After its session has ended, too. */
  devssh_channel_close (theirs);
  test_pair_clear (&pair);
  devssh_channel_close (theirs);
  g_assert_cmpuint (ears->n_closed, ==, 1);
}

static void
test_close_status (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  test_end_clear_log (&pair.server);
  devssh_channel_close_with_status (theirs, 11);
  test_pair_run (&pair);
  g_assert_cmpstr (pair.server.log->str, ==, "98 97 ");
  g_assert_cmpint (devssh_channel_get_exit_status (ours), ==, 11);
  g_assert_cmpint (devssh_channel_get_exit_status (theirs), ==, 11);
  g_assert_null (devssh_channel_get_exit_signal (ours));
  g_assert_cmpuint (pair.client.n_requests, ==, 0);
  test_pair_clear (&pair);
}

static void
test_close_signal (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  devssh_channel_close_with_signal (theirs, "test", "message");
  test_pair_run (&pair);
  g_assert_cmpint (devssh_channel_get_exit_status (ours), ==, -1);
  g_assert_cmpstr (devssh_channel_get_exit_signal (ours), ==, "test");
  g_assert_cmpstr (devssh_channel_get_error_message (ours), ==, "message");
  g_assert_cmpstr (devssh_channel_get_exit_signal (theirs), ==, "test");
  g_assert_cmpstr (devssh_channel_get_error_message (theirs), ==, "message");
  test_pair_clear (&pair);
}

/* What a peer says of its end is made fit for people (T-57). */
static void
test_close_signal_text (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  devssh_channel_close_with_signal (theirs, "K\033[2J", "two\r\nlines");
  test_pair_run (&pair);
  for (const char *c = devssh_channel_get_exit_signal (ours); *c != '\0'; c++)
    g_assert_cmpuint ((guchar) *c, >=, 0x20);
  for (const char *c = devssh_channel_get_error_message (ours); *c != '\0'; c++)
    g_assert_cmpuint ((guchar) *c, >=, 0x20);
  test_pair_clear (&pair);
}

/* The session's error is every channel's, once. */
static void
test_close_session (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(DevSshChannel) closed_before = NULL;
  g_autoptr(TestEars) ears = NULL;
  g_autoptr(GBytes) data = test_bytes (2 * 1024 * 1024, 1);
  g_autoptr(GAsyncResult) sending = NULL;
  g_autoptr(GAsyncResult) closing = NULL;
  g_autoptr(GAsyncResult) too_late = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) lost = g_error_new_literal (DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST, "lost");

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  closed_before = test_open_channel (&pair, &pair.client, NULL);
  devssh_channel_close (closed_before);
  test_pair_run (&pair);
  ears = test_ears_on (ours);
  devssh_channel_send_async (ours, data, NULL, test_keep_result_cb, &sending);
  test_pair_run (&pair);
  g_assert_null (sending);

  devssh_connection_abort (pair.client.connection, lost);
  devssh_connection_abort (pair.client.connection, lost);
  g_assert_true (devssh_channel_get_is_closed (ours));
  test_end_run (&pair.client);
  g_assert_cmpstr (ears->text->str, ==, "closed ");
  g_assert_error (devssh_channel_get_error (ours), DEVSSH_CONNECTION_ERROR, (int) DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
  g_assert_null (devssh_channel_get_error (closed_before));
  g_assert_false (devssh_channel_send_finish (ours, sending, &error));
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, (int) DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
  g_clear_error (&error);
  g_assert_cmpuint (devssh_connection_get_n_channels (pair.client.connection), ==, 0);

  devssh_channel_send_async (ours, data, NULL, test_keep_result_cb, &too_late);
  devssh_channel_close_async (ours, NULL, test_keep_result_cb, &closing);
  test_end_run (&pair.client);
  g_assert_false (devssh_channel_send_finish (ours, too_late, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CHANNEL_CLOSED);
  g_assert_true (devssh_channel_close_finish (ours, closing, NULL));
  test_pair_clear (&pair);
}

/* A session that ends: what came before is still there to be read, then the error. */
typedef struct
{
  DevSshChannelConsumer consumer;
  GString              *text;
} Reader;

static gsize
reader_data (DevSshChannelConsumer *consumer,
             guint32                data_type,
             const guint8          *data,
             gsize                  length,
             DevSshBuffer          *buffer)
{
  g_string_append_printf (((Reader *) consumer)->text, "%.*s ", (int) length, (const char *) data);
  return length;
}

static void
reader_eof (DevSshChannelConsumer *consumer)
{
  g_string_append (((Reader *) consumer)->text, "eof ");
}

static void
reader_closed (DevSshChannelConsumer *consumer,
               const GError          *error)
{
  g_string_append_printf (((Reader *) consumer)->text, "closed:%s ", error != NULL ? error->message : "");
}

static void
test_close_session_unread (void)
{
  TestPair pair;
  Reader reader = { { reader_data, reader_eof, reader_closed }, NULL };
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  test_send (ours, "unread");
  test_pair_run (&pair);
  test_pair_clear (&pair);

  reader.text = g_string_new (NULL);
  g_assert_true (devssh_channel_set_consumer (theirs, &reader.consumer, NULL));
  test_settle ();
  g_assert_cmpstr (reader.text->str, ==, "unread closed:over ");
  g_string_free (reader.text, TRUE);
}

/* g_object_run_dispose(), as bindings call it. */
static void
test_close_dispose (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  g_object_run_dispose (G_OBJECT (ours));
  test_pair_run (&pair);
  g_assert_true (devssh_channel_get_is_closed (ours));
  g_assert_true (devssh_channel_get_is_closed (theirs));
  g_assert_cmpuint (devssh_connection_get_n_channels (pair.client.connection), ==, 0);
  g_assert_cmpuint (devssh_connection_get_n_channels (pair.server.connection), ==, 0);
  test_pair_clear (&pair);
}

/* Dropping references closes nothing (design D18). */
static void
test_close_unref (void)
{
  TestPair pair;
  DevSshChannel *theirs = NULL;
  DevSshChannel *ours;

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  g_object_unref (ours);
  g_object_unref (theirs);
  test_pair_run (&pair);
  g_assert_cmpuint (devssh_connection_get_n_channels (pair.client.connection), ==, 1);
  g_assert_cmpuint (devssh_connection_get_n_channels (pair.server.connection), ==, 1);
  test_pair_clear (&pair);
}

static gpointer
unref_thread (gpointer channel)
{
  g_object_unref (channel);
  return NULL;
}

static void
note_thread_cb (gpointer  user_data,
                GObject  *channel)
{
  *(GThread **) user_data = g_thread_self ();
}

/* A collector may run anywhere. What a channel shares with its connection, and a look each turn for a listener, are not for other threads. */
static void
test_close_unref_in_thread (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(DevSshContext) context = devssh_context_ref_thread_default ();
  DevSshChannel *theirs = NULL;
  GThread *gone_in = NULL;

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  test_send (ours, "unread");
  devssh_channel_close (ours);
  test_pair_run (&pair);
  g_assert_true (devssh_channel_get_is_closed (theirs));
  g_object_weak_ref (G_OBJECT (theirs), note_thread_cb, &gone_in);
  g_thread_join (g_thread_new ("collector", unref_thread, theirs));
  /* It is looked at twice before it goes. */
  while (gone_in == NULL)
    {
      devssh_context_advance_clock (context, G_TIME_SPAN_SECOND);
      test_pair_run (&pair);
      g_main_context_iteration (NULL, FALSE);
    }
  g_assert_true (gone_in == g_thread_self ());
  test_pair_clear (&pair);
}

/* The last handler still finds the channel in the list; after it, it is gone. */
static void
still_listed_cb (DevSshChannel *channel,
                 TestEnd       *end)
{
  g_assert_cmpuint (devssh_connection_get_n_channels (end->connection), ==, 1);
  end->user_data = end;
}

static void
test_close_listed (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  g_signal_connect (ours, "closed", G_CALLBACK (still_listed_cb), &pair.client);
  devssh_channel_close (theirs);
  test_pair_run (&pair);
  g_assert_nonnull (pair.client.user_data);
  g_assert_cmpuint (devssh_connection_get_n_channels (pair.client.connection), ==, 0);
  test_pair_clear (&pair);
}

/* ---- what was sent before goes first ---- */

static void
test_close_behind_data (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(TestEars) ears = NULL;
  g_autoptr(TestEars) our_ears = NULL;
  g_autoptr(GBytes) data = test_bytes (3 * 1024 * 1024, 1);
  g_autoptr(GAsyncResult) sending = NULL;
  g_autoptr(GAsyncResult) closing = NULL;
  g_autoptr(GAsyncResult) too_late = NULL;
  g_autoptr(GError) error = NULL;

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  our_ears = test_ears_on (ours);
  devssh_channel_send_async (ours, data, NULL, test_keep_result_cb, &sending);
  devssh_channel_close_async (ours, NULL, test_keep_result_cb, &closing);
  devssh_channel_send_async (ours, data, NULL, test_keep_result_cb, &too_late);
  test_pair_run (&pair);
  g_assert_false (devssh_channel_send_finish (ours, too_late, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CHANNEL_CLOSED);
  g_clear_error (&error);
  g_assert_null (sending);
  g_assert_null (closing);
  g_assert_true (devssh_channel_get_is_closed (ours));
  g_assert_cmpuint (our_ears->n_closed, ==, 0);

  /* Data the other way is dropped, and credited, so that a peer which must write before it reads can go on. */
  devssh_channel_send_async (theirs, data, NULL, NULL, NULL);
  test_pair_run (&pair);
  g_assert_cmpuint (devssh_channel_get_bytes_sent (theirs), ==, 3 * 1024 * 1024);

  ears = test_ears_on (theirs);
  test_pair_run (&pair);
  g_assert_cmpuint (ears->bytes->len, ==, 3 * 1024 * 1024);
  g_assert_cmpuint (ears->n_closed, ==, 1);
  g_assert_cmpstr (our_ears->text->str, ==, "closed ");
  g_assert_true (devssh_channel_send_finish (ours, sending, &error));
  g_assert_true (devssh_channel_close_finish (ours, closing, &error));
  test_pair_clear (&pair);
}

/* ... unless the peer closes first. */
static void
test_close_while_waiting (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(GBytes) data = test_bytes (3 * 1024 * 1024, 1);
  g_autoptr(GAsyncResult) sending = NULL;
  g_autoptr(GAsyncResult) closing = NULL;
  g_autoptr(GError) error = NULL;

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  devssh_channel_send_async (ours, data, NULL, test_keep_result_cb, &sending);
  devssh_channel_close_async (ours, NULL, test_keep_result_cb, &closing);
  test_pair_run (&pair);
  devssh_channel_close (theirs);
  test_pair_run (&pair);
  g_assert_false (devssh_channel_send_finish (ours, sending, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CHANNEL_CLOSED);
  g_clear_error (&error);
  g_assert_true (devssh_channel_close_finish (ours, closing, &error));
  test_pair_clear (&pair);
}

static void
test_close_cancelled (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(GBytes) data = test_bytes (3 * 1024 * 1024, 1);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) closing = NULL;
  g_autoptr(TestEars) ears = NULL;
  g_autoptr(GError) error = NULL;

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  devssh_channel_send_async (ours, data, NULL, NULL, NULL);
  devssh_channel_close_async (ours, cancellable, test_keep_result_cb, &closing);
  test_pair_run (&pair);
  g_cancellable_cancel (cancellable);
  test_pair_run (&pair);
  g_assert_false (devssh_channel_close_finish (ours, closing, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  /* It closes all the same. */
  ears = test_ears_on (theirs);
  test_pair_run (&pair);
  g_assert_cmpuint (ears->n_closed, ==, 1);
  test_pair_clear (&pair);
}

/* Its peer ends it, or the session does, or nobody. */
static void
test_close_waited_for (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(DevSshChannel) other = NULL;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) waiting = NULL;
  g_autoptr(GAsyncResult) given_up = NULL;
  g_autoptr(GAsyncResult) lost = NULL;
  g_autoptr(GAsyncResult) afterwards = NULL;
  g_autoptr(GAsyncResult) lost_before = NULL;
  g_autoptr(GError) reset = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "Gone");
  g_autoptr(GError) error = NULL;

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  other = test_open_channel (&pair, &pair.client, NULL);
  devssh_channel_wait_closed_async (ours, NULL, test_keep_result_cb, &waiting);
  devssh_channel_wait_closed_async (ours, cancellable, test_keep_result_cb, &given_up);
  devssh_channel_wait_closed_async (other, NULL, test_keep_result_cb, &lost);
  g_cancellable_cancel (cancellable);
  devssh_channel_send_eof (theirs, NULL);
  test_pair_run (&pair);
  g_assert_null (waiting);
  g_assert_false (devssh_channel_wait_closed_finish (ours, given_up, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_false (devssh_channel_get_is_closed (ours));

  devssh_channel_close_with_status (theirs, 7);
  test_pair_run (&pair);
  g_assert_true (devssh_channel_wait_closed_finish (ours, waiting, &error));
  g_assert_no_error (error);
  g_assert_cmpint (devssh_channel_get_exit_status (ours), ==, 7);

  devssh_connection_abort (pair.client.connection, reset);
  test_end_run (&pair.client);
  devssh_channel_wait_closed_async (ours, NULL, test_keep_result_cb, &afterwards);
  devssh_channel_wait_closed_async (other, NULL, test_keep_result_cb, &lost_before);
  test_end_run (&pair.client);
  g_assert_false (devssh_channel_wait_closed_finish (other, lost, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  g_clear_error (&error);
  g_assert_true (devssh_channel_wait_closed_finish (ours, afterwards, &error));
  g_assert_no_error (error);
  g_assert_false (devssh_channel_wait_closed_finish (other, lost_before, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  test_pair_clear (&pair);
}

/* A closed channel's number: everything that still comes for it is dropped. */
static void
test_close_late_messages (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(DevSshChannel) next = NULL;
  static const guint8 messages[][13] = {
    { 94, 0, 0, 0, 0, 0, 0, 0, 4, 'd', 'a', 't', 'a' }, { 93, 0, 0, 0, 0, 0, 0, 0, 1 }, { 96 }, { 97 }, { 99 }, { 100 }
  };

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  devssh_channel_close (ours);
  test_pair_run (&pair);
  test_end_clear_log (&pair.client);
  for (guint i = 0; i < G_N_ELEMENTS (messages); i++)
    test_end_receive (&pair.client, messages[i], sizeof messages[i]);
  test_pair_run (&pair);
  g_assert_cmpuint (pair.client.fatal, ==, 0);
  g_assert_cmpstr (pair.client.log->str, ==, "");

  /* The slot is used again, under another number, and the old one is still nobody's. */
  next = test_open_channel (&pair, &pair.client, NULL);
  g_assert_cmphex (devssh_channel_get_channel_id (next), ==, 0x10000);
  test_end_receive (&pair.client, messages[0], sizeof messages[0]);
  g_assert_cmpuint (devssh_channel_get_bytes_received (next), ==, 0);
  test_pair_clear (&pair);
}

/* ---- all orders ---- */

/* Scripted: 94, 96 and 97 in every order up to length 6, against a model of RFC 4254, 5.3. */
static void
check_received_order (const guint *script,
                      guint        length)
{
  static const guint8 open[] = { 90, 0, 0, 0, 7, 's', 'e', 's', 's', 'i', 'o', 'n', 0, 0, 0, 5, 0, 0, 4, 0, 0, 0, 4, 0 };
  TestEnd end;
  DevSshChannel *channel;
  g_autoptr(TestEars) ears = NULL;
  g_autoptr(GString) expected = g_string_new (NULL);
  gboolean eof = FALSE, closed = FALSE, fatal = FALSE;
  guint closes = 0;

  test_end_init (&end, FALSE, NULL);
  end.opening = test_accept_opening;
  test_end_receive (&end, open, sizeof open);
  test_end_run (&end);
  channel = test_channel_at (&end, 0);
  ears = test_ears_on (channel);
  test_end_clear_log (&end);

  for (guint i = 0; i < length; i++)
    {
      static const guint8 messages[3][10] = { { 94, 0, 0, 0, 0, 0, 0, 0, 1, 'x' }, { 96 }, { 97 } };
      static const gsize lengths[3] = { 10, 5, 5 };

      test_end_receive (&end, messages[script[i]], lengths[script[i]]);

      /* The model. */
      if (closed || fatal)
        continue;
      if (script[i] == 0 && eof)
        {
          fatal = TRUE;
        }
      else if (script[i] == 0)
        {
          g_string_append (expected, "data:x ");
        }
      else if (script[i] == 1 && !eof)
        {
          eof = TRUE;
          g_string_append (expected, "eof ");
        }
      else if (script[i] == 2)
        {
          closed = TRUE;
          closes++;
          g_string_append (expected, "closed ");
        }
    }

  test_end_run (&end);
  g_assert_cmpstr (ears->text->str, ==, expected->str);
  g_assert_cmpint (end.fatal != 0, ==, fatal);
  g_assert_cmpstr (end.log->str, ==, closes == 1 ? "97 " : "");
  g_assert_cmpint (devssh_channel_get_is_closed (channel), ==, closed);
  test_end_clear (&end);
  g_assert_cmpuint (ears->n_closed, ==, 1);
  g_clear_pointer (&ears, test_ears_free);
  g_assert_finalize_object (channel);
}

static void
test_close_received_orders (void)
{
  guint script[6], n = 0;

  for (guint length = 0; length <= 6; length++)
    {
      guint total = 1;

      for (guint i = 0; i < length; i++)
        total *= 3;
      for (guint number = 0; number < total; number++)
        {
          guint rest = number;

          for (guint i = 0; i < length; i++, rest /= 3)
            script[i] = rest % 3;
          check_received_order (script, length);
          n++;
        }
    }
  g_assert_cmpuint (n, ==, 1093);
}

/* Two engines: data, eof and close from either side in every order up to length 6, with the messages on their way crossing
 * (all calls first) or not (each delivered at once). Legal calls succeed, others are refused here; nothing is fatal; what was sent
 * before the end arrives unless the other side closed; closed comes once, and last; both objects go. */
typedef struct
{
  DevSshChannel *channel;
  TestEars      *ears;
  GString       *sent;
  gboolean       eof, closed;
} Side;

static void
side_act (Side *side,
          guint what)
{
  static const char * const letters[] = { "a", "b", "c", "d", "e", "f" };
  g_autoptr(GError) error = NULL;

  /* What arrived may have closed it. */
  side->closed |= devssh_channel_get_is_closed (side->channel);

  if (what == 0)
    {
      const char *letter = letters[side->sent->len];

      test_send (side->channel, letter);
      if (!side->closed && !side->eof)
        g_string_append (side->sent, letter);
    }
  else if (what == 1)
    {
      gboolean success = devssh_channel_send_eof (side->channel, &error);

      g_assert_cmpint (success, ==, !side->closed);
      side->eof = side->eof || success;
    }
  else
    {
      devssh_channel_close (side->channel);
      side->closed = TRUE;
    }
}

static void
check_side (Side     *side,
            Side     *other,
            gboolean  closed)
{
  const char *received;

  g_byte_array_append (side->ears->bytes, (const guint8 *) "", 1);
  received = (const char *) side->ears->bytes->data;

  /* In order, and nothing that was not sent; all of it if nobody closed here. */
  g_assert_true (g_str_has_prefix (other->sent->str, received));
  if (!side->channel->closed_here)
    g_assert_cmpstr (received, ==, other->sent->str);
  g_assert_cmpuint (side->ears->n_eof, <=, 1);
  g_assert_cmpuint (side->ears->n_closed, ==, closed);
  if (closed)
    g_assert_true (g_str_has_suffix (side->ears->text->str, "closed "));
}

static void
check_both_orders (TestPair    *pair,
                   const guint *script,
                   guint        length,
                   gboolean     crossing)
{
  Side sides[2] = { { NULL } };
  gboolean closed = FALSE;

  sides[0].channel = test_open_both (pair, &pair->client, &sides[1].channel);
  for (guint i = 0; i < 2; i++)
    {
      sides[i].ears = test_ears_new (sides[i].channel);
      test_ears_all (sides[i].ears);
      sides[i].sent = g_string_new (NULL);
    }

  for (guint i = 0; i < length; i++)
    {
      side_act (&sides[script[i] / 3], script[i] % 3);
      closed |= script[i] % 3 == 2;
      if (!crossing)
        test_pair_run (pair);
    }
  test_pair_run (pair);

  g_assert_cmpuint (pair->client.fatal + pair->server.fatal, ==, 0);
  check_side (&sides[0], &sides[1], closed);
  check_side (&sides[1], &sides[0], closed);

  devssh_channel_close (sides[0].channel);
  test_pair_run (pair);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpuint (sides[i].ears->n_closed, ==, 1);
      test_ears_free (sides[i].ears);
      g_string_free (sides[i].sent, TRUE);
      g_assert_finalize_object (sides[i].channel);
    }
}

static void
test_close_both_orders (void)
{
  TestPair pair;
  guint script[6], n = 0;

  test_pair_init (&pair, NULL);
  for (guint length = 1; length <= 6; length++)
    {
      guint total = 1;

      for (guint i = 0; i < length; i++)
        total *= 6;
      for (guint number = 0; number < total; number++)
        {
          guint rest = number;

          for (guint i = 0; i < length; i++, rest /= 6)
            script[i] = rest % 6;
          /* The sides are alike: let the first act be the client's. */
          if (script[0] >= 3)
            continue;
          check_both_orders (&pair, script, length, TRUE);
          check_both_orders (&pair, script, length, FALSE);
          n++;
        }
      /* The logs of so many channels are of no use. */
      test_end_clear_log (&pair.client);
      test_end_clear_log (&pair.server);
    }
  g_assert_cmpuint (n, ==, (6 + 36 + 216 + 1296 + 7776 + 46656) / 2);
  test_pair_clear (&pair);
}

/* ---- answered by the application ---- */

static void
count_cb (DevSshChannel *channel,
          guint         *count)
{
  (*count)++;
}

/* What still waits for a window is dropped, and what tells how it ended gets out all the same. */
static void
test_close_manual (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(TestEars) ears = NULL;
  g_autoptr(GBytes) data = test_bytes (8 * 1024 * 1024, 1);
  g_autoptr(GAsyncResult) before = NULL;
  g_autoptr(GAsyncResult) after = NULL;
  g_autoptr(GError) error = NULL;
  guint received = 0;

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  ears = test_ears_new (theirs);
  test_ears_all (ears);
  g_signal_connect (theirs, "close-received", G_CALLBACK (count_cb), &received);
  devssh_channel_set_manual_close (theirs, TRUE);
  g_assert_true (devssh_channel_get_manual_close (theirs));
  devssh_channel_send_async (theirs, data, NULL, test_keep_result_cb, &before);
  devssh_channel_send_eof (theirs, NULL);
  test_pair_run (&pair);
  g_assert_null (before);
  test_end_clear_log (&pair.server);

  devssh_channel_close (ours);
  test_pair_run (&pair);
  g_assert_cmpuint (received, ==, 1);
  g_assert_cmpuint (ears->n_closed, ==, 0);
  g_assert_false (devssh_channel_get_is_closed (theirs));
  g_assert_cmpint (devssh_channel_get_state (theirs), ==, DEVSSH_CHANNEL_STATE_OPEN);
  g_assert_nonnull (before);
  g_assert_false (devssh_channel_send_finish (theirs, before, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CHANNEL_CLOSED);
  g_clear_error (&error);
  devssh_channel_send_async (theirs, data, NULL, test_keep_result_cb, &after);
  test_pair_run (&pair);
  g_assert_false (devssh_channel_send_finish (theirs, after, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CHANNEL_CLOSED);
  g_assert_true (g_str_has_suffix (pair.server.log->str, "94 96 "));

  devssh_channel_close_with_status (theirs, 7);
  test_pair_run (&pair);
  g_assert_true (g_str_has_suffix (pair.server.log->str, "94 96 98 97 "));
  g_assert_cmpuint (ears->n_closed, ==, 1);
  g_assert_true (devssh_channel_get_is_closed (theirs));
  /* Ours was closed at once, so the status came too late for it; an OpenSSH client waits. */
  g_assert_cmpuint (received, ==, 1);
  g_assert_cmpuint (pair.client.fatal, ==, 0);
  test_pair_clear (&pair);
}

/* Closed here first, or with its session: nothing is waited for. */
static void
test_close_manual_otherwise (void)
{
  for (guint i = 0; i < 3; i++)
    {
      TestPair pair;
      g_autoptr(DevSshChannel) theirs = NULL;
      g_autoptr(DevSshChannel) ours = NULL;
      g_autoptr(TestEars) ears = NULL;
      g_autoptr(GError) lost = g_error_new_literal (DEVSSH_ERROR, DEVSSH_ERROR_CLOSED, "lost");
      guint received = 0;

      test_pair_init (&pair, NULL);
      ours = test_open_both (&pair, &pair.client, &theirs);
      ears = test_ears_new (theirs);
      test_ears_all (ears);
      g_signal_connect (theirs, "close-received", G_CALLBACK (count_cb), &received);
      devssh_channel_set_manual_close (theirs, TRUE);
      if (i == 0)
        devssh_channel_close (theirs);
      else
        devssh_channel_close (ours);
      test_pair_run (&pair);
      g_assert_cmpuint (received, ==, i == 0 ? 0 : 1);
      if (i == 1)
        devssh_channel_close (theirs);
      else if (i == 2)
        devssh_connection_abort (pair.server.connection, lost);
      test_pair_run (&pair);
      g_assert_cmpuint (ears->n_closed, ==, 1);
      g_assert_cmpuint (received, ==, i == 0 ? 0 : 1);
      test_pair_clear (&pair);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/connection/close/plain/E-39/E-40", test_close_plain);
  g_test_add_func ("/connection/close/status/E-39", test_close_status);
  g_test_add_func ("/connection/close/signal/E-39", test_close_signal);
  g_test_add_func ("/connection/close/signal-text/T-57", test_close_signal_text);
  g_test_add_func ("/connection/close/session/E-39", test_close_session);
  g_test_add_func ("/connection/close/session-unread", test_close_session_unread);
  g_test_add_func ("/connection/close/dispose/E-40", test_close_dispose);
  g_test_add_func ("/connection/close/unref", test_close_unref);
  g_test_add_func ("/connection/close/unref-in-thread/T-66", test_close_unref_in_thread);
  g_test_add_func ("/connection/close/listed/E-40", test_close_listed);
  g_test_add_func ("/connection/close/behind-data/T-54", test_close_behind_data);
  g_test_add_func ("/connection/close/while-waiting/T-54", test_close_while_waiting);
  g_test_add_func ("/connection/close/cancelled/T-65", test_close_cancelled);
  g_test_add_func ("/connection/close/waited-for", test_close_waited_for);
  g_test_add_func ("/connection/close/late-messages/T-54/E-34", test_close_late_messages);
  g_test_add_func ("/connection/close/received-orders/T-54", test_close_received_orders);
  g_test_add_func ("/connection/close/both-orders/T-54", test_close_both_orders);

  g_test_add_func ("/connection/close/manual/T-54", test_close_manual);
  g_test_add_func ("/connection/close/manual/otherwise", test_close_manual_otherwise);

  return g_test_run ();
}
