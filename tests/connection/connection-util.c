/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pump of the connection tests. */
#include "connection-util.h"

#include <string.h>

static void
end_send (DevSshOutbox *outbox,
          const guint8 *payload,
          gsize         length)
{
  TestEnd *end = (TestEnd *) outbox;

  g_queue_push_tail (&end->sent, g_bytes_new (payload, length));
  g_string_append_printf (end->log, "%u ", payload[0]);
  end->n_sent++;
}

static void
end_wake (gpointer host)
{
  ((TestEnd *) host)->woken++;
}

void
test_end_init (TestEnd       *end,
               gboolean       is_client,
               TestConfigure  configure)
{
  DevSshConnectionConfig *config;

  memset (end, 0, sizeof *end);
  end->outbox.send = end_send;
  end->context = devssh_context_ref_thread_default ();
  end->now = devssh_context_get_time (end->context);
  end->log = g_string_new (NULL);
  g_queue_init (&end->sent);

  config = devssh_connection_config_new (end->context);
  config->is_client = is_client;
  config->wake = end_wake;
  config->host = end;
  if (configure != NULL)
    configure (config, is_client);
  end->connection = devssh_connection_new (config, &end->outbox);
}

void
test_end_clear (TestEnd *end)
{
  g_autoptr(GError) error = g_error_new_literal (DEVSSH_CONNECTION_ERROR,
                                                 DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "over");

  devssh_connection_abort (end->connection, error);
  test_end_run (end);
  g_clear_pointer (&end->connection, devssh_connection_free);
  test_settle ();
  test_end_drop_sent (end);
  g_string_free (end->log, TRUE);
  g_clear_pointer (&end->buffer, devssh_buffer_unref);
  g_clear_pointer (&end->context, devssh_context_unref);
}

void
test_pair_init (TestPair      *pair,
                TestConfigure  configure)
{
  test_end_init (&pair->client, TRUE, configure);
  test_end_init (&pair->server, FALSE, configure);
  pair->client.peer = &pair->server;
  pair->server.peer = &pair->client;
  pair->client.opening = test_accept_opening;
  pair->server.opening = test_accept_opening;
}

void
test_pair_clear (TestPair *pair)
{
  test_end_clear (&pair->client);
  test_end_clear (&pair->server);
}

/* What a session does with an event. */
static void
end_dispatch (TestEnd               *end,
              DevSshConnectionEvent *event)
{
  gboolean handled;

  switch (event->type)
    {
    case DEVSSH_CONNECTION_CHANNEL_OPENING:
      devssh_question_begin (DEVSSH_QUESTION (event->opening));
      handled = end->opening != NULL && end->opening (end, event->opening);
      devssh_connection_question_shown (end->connection, DEVSSH_QUESTION (event->opening),
                                        handled, end->opening == NULL);
      break;

    case DEVSSH_CONNECTION_CHANNEL_REQUEST:
      end->n_requests++;
      devssh_question_begin (DEVSSH_QUESTION (event->channel_request));
      handled = devssh_channel_emit_request (event->channel, event->channel_request);
      devssh_connection_question_shown (end->connection, DEVSSH_QUESTION (event->channel_request), handled,
                                        !devssh_channel_has_request_handler (event->channel));
      break;

    case DEVSSH_CONNECTION_SESSION_REQUEST:
      devssh_question_begin (DEVSSH_QUESTION (event->session_request));
      handled = end->session_request != NULL && end->session_request (end, event->session_request);
      devssh_connection_question_shown (end->connection, DEVSSH_QUESTION (event->session_request),
                                        handled, end->session_request == NULL);
      break;

    case DEVSSH_CONNECTION_FATAL:
      end->fatal = event->reason;
      g_assert_nonnull (event->text);
      break;

    case DEVSSH_CONNECTION_CHANNEL_OPENED:
      end->n_opened++;
      devssh_connection_deliver (end->connection, event);
      break;

    case DEVSSH_CONNECTION_CHANNEL_CLOSED:
      end->n_closed++;
      devssh_connection_deliver (end->connection, event);
      break;

    case DEVSSH_CONNECTION_CHANNEL_DATA:
    case DEVSSH_CONNECTION_CHANNEL_EOF:
    case DEVSSH_CONNECTION_CHANNEL_CLOSE_RECEIVED:
      devssh_connection_deliver (end->connection, event);
      break;

    case DEVSSH_CONNECTION_NONE:
    default:
      g_assert_not_reached ();
    }

  devssh_connection_event_clear (event);
}

gboolean
test_end_turn (TestEnd *end)
{
  DevSshConnectionEvent event;
  DevSshOutgoing out;
  gboolean moved = FALSE;

  while (devssh_connection_next_event (end->connection, &event))
    {
      end_dispatch (end, &event);
      moved = TRUE;
    }
  moved |= devssh_connection_run_flushes (end->connection);

  while (devssh_connection_pull (end->connection, &out))
    {
      g_autoptr(GByteArray) message = g_byte_array_new ();

      g_assert_cmpuint (out.body_length, >, 0);
      g_byte_array_append (message, out.head, (guint) out.head_length);
      g_byte_array_append (message, out.body, (guint) out.body_length);
      end_send (&end->outbox, message->data, message->len);
      devssh_connection_pulled (end->connection, &out);
      moved = TRUE;
    }

  return devssh_connection_run_done (end->connection) || moved;
}

void
test_end_receive (TestEnd      *end,
                  const guint8 *payload,
                  gsize         length)
{
  /* As the pump does: a buffer with a slice on loan is not filled again. */
  if (end->buffer != NULL && devssh_buffer_is_shared (end->buffer))
    g_clear_pointer (&end->buffer, devssh_buffer_unref);
  if (end->buffer == NULL)
    end->buffer = devssh_buffer_new (devssh_context_get_buffer_pool (end->context));

  g_assert_cmpuint (length, <=, end->buffer->size);
  if (length > 0)
    memcpy (end->buffer->data, payload, length);
  devssh_connection_handle (end->connection, end->buffer->data, length, end->buffer, end->before_auth, end->now);
  test_end_turn (end);
}

void
test_end_receive_writer (TestEnd      *end,
                         DevSshWriter *writer)
{
  test_end_receive (end, writer->data, writer->length);
}

DevSshChannel *
test_end_with_channel (TestEnd       *end,
                       gboolean       is_client,
                       guint32        window,
                       guint32        packet,
                       TestConfigure  configure)
{
  DevSshChannelOpenMessage message = { (char *) "session", 5, window, packet };
  DEVSSH_WRITER_AUTO (writer);

  test_end_init (end, is_client, configure);
  end->opening = test_accept_opening;
  devssh_channel_open_message_encode (&message, &writer);
  test_end_receive_writer (end, &writer);
  test_end_run (end);
  test_end_drop_sent (end);
  test_end_clear_log (end);
  return test_channel_at (end, 0);
}

void
test_end_receive_data (TestEnd      *end,
                       guint32       data_type,
                       const guint8 *data,
                       gsize         length)
{
  DEVSSH_WRITER_AUTO (writer);

  if (data_type == 0)
    {
      DevSshChannelDataMessage message = { 0, { data, length } };

      devssh_channel_data_message_encode (&message, &writer);
    }
  else
    {
      DevSshChannelExtendedDataMessage message = { 0, data_type, { data, length } };

      devssh_channel_extended_data_message_encode (&message, &writer);
    }
  test_end_receive_writer (end, &writer);
}

void
test_end_receive_adjust (TestEnd *end,
                         guint32  bytes)
{
  DevSshChannelWindowAdjustMessage message = { 0, bytes };
  DEVSSH_WRITER_AUTO (writer);

  devssh_channel_window_adjust_message_encode (&message, &writer);
  test_end_receive_writer (end, &writer);
}

void
test_end_receive_short (TestEnd *end,
                        guint8   number)
{
  const guint8 message[] = { number, 0, 0, 0, 0 };

  test_end_receive (end, message, sizeof message);
}

void
test_end_run (TestEnd *end)
{
  gboolean moved;

  do
    {
      moved = test_end_turn (end);
      moved |= g_main_context_iteration (NULL, FALSE);
    }
  while (moved);
}

static gboolean
end_move (TestEnd *end)
{
  g_autoptr(GBytes) message = test_end_take (end);
  gsize length;
  const guint8 *data;

  if (message == NULL)
    return FALSE;

  data = g_bytes_get_data (message, &length);
  test_end_receive (end->peer, data, length);
  return TRUE;
}

void
test_pair_run (TestPair *pair)
{
  gboolean moved;

  do
    {
      moved = test_end_turn (&pair->client);
      moved |= test_end_turn (&pair->server);
      moved |= end_move (&pair->client);
      moved |= end_move (&pair->server);
      moved |= g_main_context_iteration (NULL, FALSE);
    }
  while (moved);
}

gboolean
test_pair_step (TestPair *pair)
{
  return test_end_turn (&pair->client) || test_end_turn (&pair->server) ||
         end_move (&pair->client) || end_move (&pair->server) ||
         g_main_context_iteration (NULL, FALSE);
}

GBytes *
test_end_take (TestEnd *end)
{
  return g_queue_pop_head (&end->sent);
}

guint
test_message_number (GBytes *message)
{
  return ((const guint8 *) g_bytes_get_data (message, NULL))[0];
}

void
test_end_drop_sent (TestEnd *end)
{
  GBytes *message;

  while ((message = test_end_take (end)) != NULL)
    g_bytes_unref (message);
}

void
test_end_clear_log (TestEnd *end)
{
  g_string_truncate (end->log, 0);
}

gboolean
test_accept_opening (TestEnd              *end,
                     DevSshChannelOpening *opening)
{
  devssh_channel_opening_accept (opening);
  return TRUE;
}

/* ---- results ---- */

GTask *
test_task_new (GCancellable  *cancellable,
               GAsyncResult **result)
{
  return g_task_new (NULL, cancellable, test_keep_result_cb, result);
}

DevSshChannel *
test_take_channel (GAsyncResult  *result,
                   GError       **error)
{
  g_assert_nonnull (result);
  return g_task_propagate_pointer (G_TASK (result), error);
}

DevSshChannel *
test_open_channel (TestPair   *pair,
                   TestEnd    *end,
                   const char *channel_type)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  DevSshChannel *channel;

  devssh_connection_open (end->connection, channel_type, NULL, 0, test_task_new (NULL, &result));
  test_pair_run (pair);
  channel = test_take_channel (result, &error);
  g_assert_no_error (error);
  return channel;
}

DevSshChannel *
test_channel_at (TestEnd *end,
                 guint    position)
{
  DevSshChannel *channel = g_list_model_get_item (devssh_connection_get_channels (end->connection), position);

  g_assert_nonnull (channel);
  return channel;
}

DevSshChannel *
test_open_both (TestPair       *pair,
                TestEnd        *end,
                DevSshChannel **theirs)
{
  DevSshChannel *channel = test_open_channel (pair, end, NULL);
  GListModel *list = devssh_connection_get_channels (end->peer->connection);

  *theirs = test_channel_at (end->peer, g_list_model_get_n_items (list) - 1);
  return channel;
}

/* ---- ears ---- */

static void
ears_data_cb (DevSshChannel *channel,
              GBytes        *data,
              TestEars      *ears)
{
  gsize length;
  const char *text = g_bytes_get_data (data, &length);

  g_assert_cmpuint (length, >, 0);
  ears->n_data++;
  g_byte_array_append (ears->bytes, (const guint8 *) text, (guint) length);
  if (length <= 32)
    g_string_append_printf (ears->text, "data:%.*s ", (int) length, text);
  else
    g_string_append_printf (ears->text, "data:%" G_GSIZE_FORMAT " bytes ", length);
}

static void
ears_extended_cb (DevSshChannel *channel,
                  guint          data_type,
                  GBytes        *data,
                  TestEars      *ears)
{
  gsize length;
  const char *text = g_bytes_get_data (data, &length);

  g_string_append_printf (ears->text, "ext %u:%.*s ", data_type, (int) MIN (length, 32), text);
}

static void
ears_eof_cb (DevSshChannel *channel,
             TestEars      *ears)
{
  ears->n_eof++;
  g_string_append (ears->text, "eof ");
}

static void
ears_closed_cb (DevSshChannel *channel,
                TestEars      *ears)
{
  ears->n_closed++;
  g_string_append (ears->text, "closed ");
}

TestEars *
test_ears_new (DevSshChannel *channel)
{
  TestEars *ears = g_new0 (TestEars, 1);

  ears->channel = g_object_ref (channel);
  ears->text = g_string_new (NULL);
  ears->bytes = g_byte_array_new ();
  return ears;
}

void
test_ears_free (TestEars *ears)
{
  g_signal_handlers_disconnect_by_data (ears->channel, ears);
  g_object_unref (ears->channel);
  g_string_free (ears->text, TRUE);
  g_byte_array_unref (ears->bytes);
  g_free (ears);
}

void
test_ears_listen (TestEars   *ears,
                  const char *signal)
{
  GCallback callback;

  if (strcmp (signal, "data") == 0)
    callback = G_CALLBACK (ears_data_cb);
  else if (strcmp (signal, "extended-data") == 0)
    callback = G_CALLBACK (ears_extended_cb);
  else if (strcmp (signal, "eof") == 0)
    callback = G_CALLBACK (ears_eof_cb);
  else
    callback = G_CALLBACK (ears_closed_cb);

  g_signal_connect (ears->channel, signal, callback, ears);
}

void
test_ears_all (TestEars *ears)
{
  test_ears_listen (ears, "data");
  test_ears_listen (ears, "extended-data");
  test_ears_listen (ears, "eof");
  test_ears_listen (ears, "closed");
}

TestEars *
test_ears_on (DevSshChannel *channel)
{
  TestEars *ears = test_ears_new (channel);

  test_ears_all (ears);
  return ears;
}

void
test_send (DevSshChannel *channel,
           const char    *text)
{
  g_autoptr(GBytes) data = g_bytes_new (text, strlen (text));

  devssh_channel_send_async (channel, data, NULL, NULL, NULL);
}

GBytes *
test_bytes (gsize  length,
            guint8 seed)
{
  guint8 *data = g_malloc (length);

  for (gsize i = 0; i < length; i++)
    data[i] = (guint8) (seed + i + i / 251);
  return g_bytes_new_take (data, length);
}
