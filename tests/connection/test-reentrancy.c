/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Handlers that do the worst (T-64), and cancellation after every step (T-65). */
#include "connection-util.h"

#include <string.h>

/* ---- T-64 ---- */

typedef enum
{
  CLOSES,
  CLOSES_PEER,
  UNREFS,
  ITERATES,
  DISPOSES,
  DISCONNECTS,
  SENDS,
  ABORTS,
  N_DEEDS
} Deed;

typedef struct
{
  TestPair       pair;
  DevSshChannel *ours;
  DevSshChannel *theirs;
  Deed           deed;
  guint          depth;
  guint          calls;
  gboolean       after_closed;
  gulong         handlers[5];
} Stage;

static void
do_deed (Stage *stage)
{
  g_autoptr(GError) error = NULL;

  stage->calls++;
  switch (stage->deed)
    {
    case CLOSES:
      if (stage->theirs != NULL)
        devssh_channel_close (stage->theirs);
      break;

    case CLOSES_PEER:
      if (stage->ours != NULL)
        devssh_channel_close (stage->ours);
      break;

    case UNREFS:
      g_clear_object (&stage->theirs);
      g_clear_object (&stage->ours);
      break;

    case ITERATES:
      /* A nested loop, as a dialog has it: it goes on with what comes next. */
      if (stage->depth < 3)
        {
          stage->depth++;
          test_pair_run (&stage->pair);
          stage->depth--;
        }
      break;

    case DISPOSES:
      if (stage->theirs != NULL)
        g_object_run_dispose (G_OBJECT (stage->theirs));
      break;

    case DISCONNECTS:
      for (guint i = 0; i < G_N_ELEMENTS (stage->handlers); i++)
        g_clear_signal_handler (&stage->handlers[i], stage->theirs);
      break;

    case SENDS:
      if (stage->theirs != NULL && stage->calls < 10)
        {
          test_send (stage->theirs, "from inside");
          devssh_channel_send_signal (stage->theirs, "USR1", NULL);
        }
      break;

    case ABORTS:
      g_set_error_literal (&error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "enough");
      devssh_connection_abort (stage->pair.server.connection, error);
      break;

    case N_DEEDS:
    default:
      g_assert_not_reached ();
    }
}

static void
stage_data_cb (DevSshChannel *channel,
               GBytes        *data,
               Stage         *stage)
{
  g_assert_false (stage->after_closed);
  g_assert_cmpuint (g_bytes_get_size (data), >, 0);
  do_deed (stage);
  /* Still ours to read, whatever happened. */
  g_assert_cmpuint (((const guint8 *) g_bytes_get_data (data, NULL))[0], >, 0);
}

static void
stage_extended_cb (DevSshChannel *channel,
                   guint          data_type,
                   GBytes        *data,
                   Stage         *stage)
{
  g_assert_false (stage->after_closed);
  do_deed (stage);
}

static void
stage_eof_cb (DevSshChannel *channel,
              Stage         *stage)
{
  g_assert_false (stage->after_closed);
  do_deed (stage);
}

static void
stage_closed_cb (DevSshChannel *channel,
                 Stage         *stage)
{
  g_assert_false (stage->after_closed);
  stage->after_closed = TRUE;
  do_deed (stage);
}

static gboolean
stage_request_cb (DevSshChannel        *channel,
                  DevSshChannelRequest *request,
                  Stage                *stage)
{
  g_assert_false (stage->after_closed);
  do_deed (stage);
  devssh_channel_request_complete (request, TRUE);
  do_deed (stage);
  return TRUE;
}

static void
stage_connect (Stage *stage)
{
  stage->handlers[0] = g_signal_connect (stage->theirs, "data", G_CALLBACK (stage_data_cb), stage);
  stage->handlers[1] = g_signal_connect (stage->theirs, "extended-data", G_CALLBACK (stage_extended_cb), stage);
  stage->handlers[2] = g_signal_connect (stage->theirs, "eof", G_CALLBACK (stage_eof_cb), stage);
  stage->handlers[3] = g_signal_connect (stage->theirs, "closed", G_CALLBACK (stage_closed_cb), stage);
  stage->handlers[4] = g_signal_connect (stage->theirs, "request", G_CALLBACK (stage_request_cb), stage);
}

static void
stage_play (Stage *stage)
{
  g_autoptr(GBytes) oops = g_bytes_new_static ("oops", 4);
  g_autoptr(GBytes) large = test_bytes (100000, 1);

  test_send (stage->ours, "one");
  devssh_channel_send_async (stage->ours, large, NULL, NULL, NULL);
  devssh_channel_send_extended_async (stage->ours, 1, oops, NULL, NULL, NULL);
  devssh_channel_request_async (stage->ours, "x@example.org", TRUE, NULL, NULL, NULL, NULL);
  test_send (stage->ours, "two");
  devssh_channel_request_async (stage->ours, "y@example.org", TRUE, NULL, NULL, NULL, NULL);
  devssh_channel_send_eof (stage->ours, NULL);
  devssh_channel_close_with_status (stage->ours, 3);
}

/* Each deed in every signal of a channel; the handlers there from the start, or only when all has arrived. */
static void
test_reentrancy_channel (void)
{
  for (Deed deed = 0; deed < N_DEEDS; deed++)
    for (guint late = 0; late < 2; late++)
      {
        Stage stage = { .deed = deed };

        test_pair_init (&stage.pair, NULL);
        stage.ours = test_open_both (&stage.pair, &stage.pair.client, &stage.theirs);
        if (!late)
          stage_connect (&stage);
        stage_play (&stage);
        test_pair_run (&stage.pair);
        if (late)
          {
            stage_connect (&stage);
            test_pair_run (&stage.pair);
          }
        g_assert_cmpuint (stage.calls, >, 0);
        g_assert_cmpuint (stage.pair.client.fatal + stage.pair.server.fatal, ==, 0);
        test_pair_clear (&stage.pair);
        /* Disposing an object disconnects its handlers. */
        g_assert_cmpint (stage.after_closed, ==, deed != DISCONNECTS && deed != DISPOSES);
        g_clear_object (&stage.ours);
        if (stage.theirs != NULL)
          g_assert_finalize_object (g_steal_pointer (&stage.theirs));
      }
}

/* Openings and session requests. */
static gboolean
nasty_opening_cb (TestEnd              *end,
                  DevSshChannelOpening *opening)
{
  Stage *stage = end->user_data;

  if (stage->depth > 0 || stage->pair.server.fatal != 0)
    {
      devssh_channel_opening_accept (opening);
      return TRUE;
    }

  g_set_object (&stage->theirs, devssh_channel_opening_get_channel (opening));
  do_deed (stage);
  devssh_channel_opening_accept (opening);
  do_deed (stage);
  return TRUE;
}

static gboolean
nasty_session_request_cb (TestEnd              *end,
                          DevSshSessionRequest *request)
{
  Stage *stage = end->user_data;

  do_deed (stage);
  devssh_session_request_complete (request, TRUE);
  do_deed (stage);
  return TRUE;
}

static void
test_reentrancy_questions (void)
{
  for (Deed deed = 0; deed < N_DEEDS; deed++)
    {
      Stage stage = { .deed = deed };
      GAsyncResult *results[3] = { NULL };

      if (deed == DISCONNECTS)
        continue;

      test_pair_init (&stage.pair, NULL);
      stage.ours = test_open_channel (&stage.pair, &stage.pair.client, NULL);
      stage.pair.server.opening = nasty_opening_cb;
      stage.pair.server.session_request = nasty_session_request_cb;
      stage.pair.server.user_data = &stage;
      devssh_connection_open (stage.pair.client.connection, NULL, NULL, 0, test_task_new (NULL, &results[0]));
      devssh_connection_request (stage.pair.client.connection, "x@example.org", TRUE, NULL, test_task_new (NULL, &results[1]));
      devssh_connection_open (stage.pair.client.connection, NULL, NULL, 0, test_task_new (NULL, &results[2]));
      test_pair_run (&stage.pair);
      test_pair_clear (&stage.pair);
      /* Everything that was begun has ended. */
      for (guint i = 0; i < 3; i++)
        {
          g_assert_nonnull (results[i]);
          g_object_unref (results[i]);
        }
      g_clear_object (&stage.ours);
      g_clear_object (&stage.theirs);
    }
}

/* Callbacks of calls that do it. */
static void
nasty_callback (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  do_deed (user_data);
}

static void
test_reentrancy_callbacks (void)
{
  for (Deed deed = 0; deed < N_DEEDS; deed++)
    {
      Stage stage = { .deed = deed };
      g_autoptr(GBytes) data = test_bytes (10, 1);

      if (deed == DISCONNECTS)
        continue;

      test_pair_init (&stage.pair, NULL);
      stage.theirs = test_open_both (&stage.pair, &stage.pair.server, &stage.ours);
      devssh_channel_send_async (stage.theirs, data, NULL, nasty_callback, &stage);
      devssh_channel_request_async (stage.theirs, "x@example.org", TRUE, NULL, NULL, nasty_callback, &stage);
      devssh_channel_send_async (stage.theirs, data, NULL, nasty_callback, &stage);
      devssh_channel_close_async (stage.theirs, NULL, nasty_callback, &stage);
      devssh_connection_accept (stage.pair.server.connection, NULL, g_task_new (NULL, NULL, nasty_callback, &stage));
      test_pair_run (&stage.pair);
      stage.depth = 3;   /* half a pair cannot be run */
      test_pair_clear (&stage.pair);
      /* The acceptor's, too, at the end. */
      g_assert_cmpuint (stage.calls, ==, 5);
      g_clear_object (&stage.ours);
      g_clear_object (&stage.theirs);
    }
}

/* The list of channels tells of one that the peer closes before the handler is through. */
static void
nest_in_list_cb (GListModel *list,
                 guint       position,
                 guint       removed,
                 guint       added,
                 Stage      *stage)
{
  g_autoptr(DevSshChannel) ours = NULL;

  if (added == 0 || stage->depth > 0)
    return;

  stage->depth++;
  stage->calls++;
  stage->theirs = g_list_model_get_item (list, position);
  test_pair_run (&stage->pair);
  /* The opener has it by now. */
  ours = test_channel_at (&stage->pair.client, 0);
  devssh_channel_close (ours);
  test_pair_run (&stage->pair);
  stage->depth--;
}

static void
test_reentrancy_list (void)
{
  Stage stage = { .deed = ITERATES };
  g_autoptr(GAsyncResult) result = NULL;
  GListModel *list;

  test_pair_init (&stage.pair, NULL);
  list = devssh_connection_get_channels (stage.pair.server.connection);
  g_signal_connect (list, "items-changed", G_CALLBACK (nest_in_list_cb), &stage);
  devssh_connection_open (stage.pair.client.connection, NULL, NULL, 0, test_task_new (NULL, &result));
  test_pair_run (&stage.pair);
  g_assert_cmpuint (stage.calls, ==, 1);
  g_assert_true (devssh_channel_get_is_closed (stage.theirs));
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 0);
  g_assert_finalize_object (stage.theirs);
  test_pair_clear (&stage.pair);
}

/* ---- T-65 ---- */

typedef enum
{
  OPEN,
  ACCEPT,
  SESSION_REQUEST,
  SEND,
  SEND_MUCH,
  SEND_EXTENDED,
  REQUEST,
  EXEC,
  CLOSE,
  N_CALLS
} Call;

static gboolean
grant_cb (DevSshChannel        *channel,
          DevSshChannelRequest *request,
          gpointer              user_data)
{
  devssh_channel_request_complete (request, TRUE);
  return TRUE;
}

static gboolean
grant_session_request_cb (TestEnd              *end,
                          DevSshSessionRequest *request)
{
  devssh_session_request_complete (request, TRUE);
  return TRUE;
}

static gboolean
accept_session_only_cb (TestEnd              *end,
                        DevSshChannelOpening *opening)
{
  if (strcmp (devssh_channel_opening_get_channel_type (opening), "session") != 0)
    return FALSE;

  devssh_channel_opening_accept (opening);
  return TRUE;
}

/* Starts the call; returns FALSE when cancelling after that many steps came too late to matter. */
static gboolean
cancel_after (Call  call,
              guint steps)
{
  TestPair pair;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) other = NULL;
  g_autoptr(GAsyncResult) check = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) opened = NULL;
  g_autoptr(TestEars) ears = NULL;
  g_autoptr(GBytes) data = test_bytes (call == SEND_MUCH ? 200000 : 10, 1);
  gboolean steps_left = TRUE;
  TestEnd *client = &pair.client;
  TestEnd *server = &pair.server;

  test_pair_init (&pair, NULL);
  server->opening = accept_session_only_cb;
  server->session_request = grant_session_request_cb;
  ours = test_open_both (&pair, client, &theirs);
  ears = test_ears_on (theirs);
  g_signal_connect (theirs, "request", G_CALLBACK (grant_cb), NULL);

  switch (call)
    {
    case OPEN:
      devssh_connection_open (client->connection, NULL, NULL, 0, test_task_new (cancellable, &result));
      break;

    case ACCEPT:
      devssh_connection_accept (server->connection, "x@example.org", test_task_new (cancellable, &result));
      devssh_connection_open (client->connection, "x@example.org", NULL, 0, test_task_new (NULL, &other));
      break;

    case SESSION_REQUEST:
      devssh_connection_request (client->connection, "x@example.org", TRUE, NULL, test_task_new (cancellable, &result));
      break;

    case SEND:
    case SEND_MUCH:
      devssh_channel_send_async (ours, data, cancellable, test_keep_result_cb, &result);
      break;

    case SEND_EXTENDED:
      devssh_channel_send_extended_async (ours, 1, data, cancellable, test_keep_result_cb, &result);
      break;

    case REQUEST:
      devssh_channel_request_async (ours, "x@example.org", TRUE, NULL, cancellable, test_keep_result_cb, &result);
      break;

    case EXEC:
      devssh_channel_exec_async (ours, "ls", cancellable, test_keep_result_cb, &result);
      break;

    case CLOSE:
      test_send (ours, "last");
      devssh_channel_close_async (ours, cancellable, test_keep_result_cb, &result);
      break;

    case N_CALLS:
    default:
      g_assert_not_reached ();
    }

  for (guint i = 0; i < steps && steps_left; i++)
    steps_left = test_pair_step (&pair);
  g_cancellable_cancel (cancellable);
  test_pair_run (&pair);

  /* Once, and either done or cancelled. */
  g_assert_nonnull (result);
  if (call == OPEN || call == ACCEPT)
    {
      opened = g_task_propagate_pointer (G_TASK (result), &error);
      g_assert_true ((opened != NULL) == (error == NULL));
    }
  else if (call == SESSION_REQUEST)
    {
      DevSshReply *reply = g_task_propagate_pointer (G_TASK (result), &error);

      g_assert_true ((reply != NULL) == (error == NULL));
      devssh_reply_free (reply);
    }
  else
    {
      gboolean success = g_task_propagate_boolean (G_TASK (result), &error);

      g_assert_true (success == (error == NULL));
    }
  if (error != NULL)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  /* A channel that the caller did not get is not left open. */
  if (call == OPEN)
    g_assert_cmpuint (devssh_connection_get_n_channels (client->connection), ==, opened != NULL ? 2 : 1);
  /* What of a send that was cancelled has left is what the peer has. */
  if (call == SEND || call == SEND_MUCH)
    {
      g_assert_cmpuint (ears->bytes->len, ==, devssh_channel_get_bytes_sent (ours));
      g_assert_cmpuint (devssh_channel_get_queued (ours), ==, 0);
      if (error == NULL)
        g_assert_cmpuint (ears->bytes->len, ==, g_bytes_get_size (data));
    }
  if (call == CLOSE)
    g_assert_true (devssh_channel_get_is_closed (theirs));
  /* A channel that the cancelled acceptor did not get was not opened for nobody. */
  if (call == ACCEPT)
    {
      g_autoptr(DevSshChannel) channel = g_task_propagate_pointer (G_TASK (other), NULL);

      g_assert_true ((channel != NULL) == (opened != NULL));
    }

  /* And the session is as good as ever: replies still go to those who asked. */
  g_assert_cmpuint (client->fatal + server->fatal, ==, 0);
  devssh_connection_request (client->connection, "y@example.org", TRUE, NULL, test_task_new (NULL, &check));
  test_pair_run (&pair);
  g_assert_nonnull (check);
  test_pair_clear (&pair);
  return steps_left;
}

static void
test_cancel_each_step (gconstpointer call)
{
  guint steps = 0;

  while (cancel_after (GPOINTER_TO_UINT (call), steps))
    steps++;
  g_test_message ("%u steps", steps);
  g_assert_cmpuint (steps, >, 1);
}

int
main (int   argc,
      char *argv[])
{
  static const char * const names[N_CALLS] = {
    "open", "accept", "session-request", "send", "send-much", "send-extended", "request", "exec", "close"
  };

  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/connection/reentrancy/channel/T-64", test_reentrancy_channel);
  g_test_add_func ("/connection/reentrancy/questions/T-64", test_reentrancy_questions);
  g_test_add_func ("/connection/reentrancy/list/T-64", test_reentrancy_list);
  g_test_add_func ("/connection/reentrancy/callbacks/T-64", test_reentrancy_callbacks);
  for (guint i = 0; i < N_CALLS; i++)
    {
      g_autofree char *path = g_strdup_printf ("/connection/cancel/%s/T-65", names[i]);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_cancel_each_step);
    }

  return g_test_run ();
}
