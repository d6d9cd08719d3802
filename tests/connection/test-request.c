/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests of the session and of channels, and the order of their replies. */
#include "connection-util.h"

#include <string.h>

/* ---- helpers ---- */

typedef struct
{
  GPtrArray  *kept;       /* questions that wait for the test */
  const char *answer_at_once;   /* request type answered TRUE in the handler */
} Keeper;

static gboolean
keep_session_request_cb (TestEnd              *end,
                         DevSshSessionRequest *request)
{
  Keeper *keeper = end->user_data;

  if (g_strcmp0 (devssh_session_request_get_request_type (request), keeper->answer_at_once) == 0)
    devssh_session_request_complete (request, TRUE);
  else
    g_ptr_array_add (keeper->kept, g_object_ref (request));
  return TRUE;
}

static gboolean
keep_channel_request_cb (DevSshChannel        *channel,
                         DevSshChannelRequest *request,
                         gpointer              user_data)
{
  Keeper *keeper = user_data;

  if (g_strcmp0 (devssh_channel_request_get_request_type (request), keeper->answer_at_once) == 0)
    devssh_channel_request_complete (request, TRUE);
  else
    g_ptr_array_add (keeper->kept, g_object_ref (request));
  return TRUE;
}

static gboolean
answer_channel_request_cb (DevSshChannel        *channel,
                           DevSshChannelRequest *request,
                           gpointer              success)
{
  devssh_channel_request_complete (request, GPOINTER_TO_INT (success));
  return TRUE;
}

static gboolean
answer_session_request_cb (TestEnd              *end,
                           DevSshSessionRequest *session_request)
{
  devssh_session_request_complete (session_request, TRUE);
  return TRUE;
}

static void
keeper_init (Keeper *keeper)
{
  keeper->kept = g_ptr_array_new_with_free_func (g_object_unref);
  keeper->answer_at_once = NULL;
}

static void
keeper_clear (Keeper *keeper)
{
  g_ptr_array_unref (keeper->kept);
}

static void
request (DevSshChannel  *channel,
         const char     *type,
         GAsyncResult  **result)
{
  devssh_channel_request_async (channel, type, TRUE, NULL, NULL, test_keep_result_cb, result);
}

static gboolean
granted (DevSshChannel *channel,
         GAsyncResult  *result)
{
  g_autoptr(GError) error = NULL;
  gboolean success;

  g_assert_nonnull (result);
  success = devssh_channel_request_finish (channel, result, &error);
  g_assert_no_error (error);
  return success;
}

static gboolean
session_granted (GAsyncResult *result)
{
  g_autoptr(GError) error = NULL;
  DevSshReply *reply;
  gboolean success;

  g_assert_nonnull (result);
  reply = g_task_propagate_pointer (G_TASK (result), &error);
  g_assert_no_error (error);
  success = reply->success;
  devssh_reply_free (reply);
  return success;
}

static void
session_request (TestEnd       *end,
                 const char    *type,
                 GAsyncResult **result)
{
  devssh_connection_request (end->connection, type, TRUE, NULL, test_task_new (NULL, result));
}

static void
receive_channel_request (TestEnd    *end,
                         guint32     id,
                         const char *type,
                         gboolean    want_reply)
{
  DevSshChannelRequestMessage message = { id, (char *) type, want_reply };
  DEVSSH_WRITER_AUTO (writer);

  devssh_channel_request_message_encode (&message, &writer);
  test_end_receive_writer (end, &writer);
}

static void
receive_session_request (TestEnd    *end,
                         const char *type,
                         gboolean    want_reply)
{
  DevSshGlobalRequestMessage message = { (char *) type, want_reply };
  DEVSSH_WRITER_AUTO (writer);

  devssh_global_request_message_encode (&message, &writer);
  test_end_receive_writer (end, &writer);
}

static const guint orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

/* ---- replies in order ---- */

/* Three requests answered in each order, with each pattern of answers: every caller gets its own. */
static void
test_request_orders (void)
{
  for (guint order = 0; order < 6; order++)
    for (guint pattern = 0; pattern < 8; pattern++)
      {
        TestPair pair;
        Keeper keeper;
        g_autoptr(DevSshChannel) theirs = NULL;
        g_autoptr(DevSshChannel) ours = NULL;
        GAsyncResult *results[3] = { NULL };

        keeper_init (&keeper);
        test_pair_init (&pair, NULL);
        ours = test_open_both (&pair, &pair.client, &theirs);
        g_signal_connect (theirs, "request", G_CALLBACK (keep_channel_request_cb), &keeper);
        for (guint i = 0; i < 3; i++)
          request (ours, "x@example.org", &results[i]);
        test_pair_run (&pair);
        g_assert_cmpuint (keeper.kept->len, ==, 3);

        for (guint i = 0; i < 3; i++)
          {
            guint which = orders[order][i];

            devssh_channel_request_complete (keeper.kept->pdata[which], (pattern >> which & 1) != 0);
            test_pair_run (&pair);
          }
        for (guint i = 0; i < 3; i++)
          {
            g_assert_cmpint (granted (ours, results[i]), ==, (pattern >> i & 1) != 0);
            g_object_unref (results[i]);
          }
        keeper_clear (&keeper);
        test_pair_clear (&pair);
      }
}

static void
test_request_session_orders (void)
{
  for (guint order = 0; order < 6; order++)
    for (guint pattern = 0; pattern < 8; pattern++)
      {
        TestPair pair;
        Keeper keeper;
        GAsyncResult *results[3] = { NULL };

        keeper_init (&keeper);
        test_pair_init (&pair, NULL);
        pair.server.session_request = keep_session_request_cb;
        pair.server.user_data = &keeper;
        for (guint i = 0; i < 3; i++)
          session_request (&pair.client, "x@example.org", &results[i]);
        test_pair_run (&pair);
        g_assert_cmpuint (keeper.kept->len, ==, 3);

        for (guint i = 0; i < 3; i++)
          {
            guint which = orders[order][i];

            devssh_session_request_complete (keeper.kept->pdata[which], (pattern >> which & 1) != 0);
            test_pair_run (&pair);
          }
        for (guint i = 0; i < 3; i++)
          {
            g_assert_cmpint (session_granted (results[i]), ==, (pattern >> i & 1) != 0);
            g_object_unref (results[i]);
          }
        keeper_clear (&keeper);
        test_pair_clear (&pair);
      }
}

/* A kept question that is thrown away is a refusal in its turn. */
static void
test_request_dropped (void)
{
  TestPair pair;
  Keeper keeper;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;

  keeper_init (&keeper);
  keeper.answer_at_once = "quick@example.org";
  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  g_signal_connect (theirs, "request", G_CALLBACK (keep_channel_request_cb), &keeper);
  request (ours, "slow@example.org", &first);
  request (ours, "quick@example.org", &second);
  test_pair_run (&pair);
  g_assert_null (first);
  g_assert_null (second);
  g_ptr_array_set_size (keeper.kept, 0);
  test_pair_run (&pair);
  g_assert_false (granted (ours, first));
  g_assert_true (granted (ours, second));
  keeper_clear (&keeper);
  test_pair_clear (&pair);
}

/* Nobody listens, then somebody does. */
static void
test_request_without_handler (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(GAsyncResult) before = NULL;
  g_autoptr(GAsyncResult) after = NULL;
  g_autoptr(GAsyncResult) session_before = NULL;
  g_autoptr(GAsyncResult) session_after = NULL;

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  request (ours, "x@example.org", &before);
  test_pair_run (&pair);
  g_assert_false (granted (ours, before));
  g_signal_connect (theirs, "request", G_CALLBACK (answer_channel_request_cb), GINT_TO_POINTER (TRUE));
  request (ours, "x@example.org", &after);
  test_pair_run (&pair);
  g_assert_true (granted (ours, after));

  /* The session's are alike. */
  session_request (&pair.client, "x@example.org", &session_before);
  test_pair_run (&pair);
  g_assert_false (session_granted (session_before));
  pair.server.session_request = answer_session_request_cb;
  session_request (&pair.client, "x@example.org", &session_after);
  test_pair_run (&pair);
  g_assert_true (session_granted (session_after));
  test_pair_clear (&pair);
}

/* Who says yes and then does not return TRUE - an exception - has refused. */
static gboolean
throwing_request_cb (DevSshChannel        *channel,
                     DevSshChannelRequest *request,
                     gpointer              user_data)
{
  devssh_channel_request_complete (request, TRUE);
  return FALSE;
}

static gboolean
throwing_session_request_cb (TestEnd              *end,
                             DevSshSessionRequest *session_request)
{
  devssh_session_request_complete (session_request, TRUE);
  return FALSE;
}

static void
test_request_throws (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(DevSshChannel) other = NULL;
  g_autoptr(GAsyncResult) channels = NULL;
  g_autoptr(GAsyncResult) sessions = NULL;
  g_autoptr(GAsyncResult) again = NULL;

  test_pair_init (&pair, NULL);
  pair.server.session_request = throwing_session_request_cb;
  ours = test_open_both (&pair, &pair.client, &theirs);
  g_signal_connect (theirs, "request", G_CALLBACK (throwing_request_cb), NULL);
  request (ours, "x@example.org", &channels);
  session_request (&pair.client, "x@example.org", &sessions);
  test_pair_run (&pair);
  g_assert_false (granted (ours, channels));
  g_assert_false (session_granted (sessions));

  /* This channel and others go on. */
  g_signal_handlers_disconnect_by_func (theirs, throwing_request_cb, NULL);
  g_signal_connect (theirs, "request", G_CALLBACK (answer_channel_request_cb), GINT_TO_POINTER (TRUE));
  request (ours, "x@example.org", &again);
  other = test_open_channel (&pair, &pair.client, NULL);
  test_pair_run (&pair);
  g_assert_true (granted (ours, again));
  test_pair_clear (&pair);
}

/* A handler asks something on its own channel, and waits with its answer for the answer. */
typedef struct
{
  GAsyncResult         *result;
  DevSshChannelRequest *request;
} Recursion;

static void
recursive_done_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  Recursion *recursion = user_data;

  devssh_channel_request_complete (recursion->request,
                                   devssh_channel_request_finish (DEVSSH_CHANNEL (source), result, NULL));
  g_clear_object (&recursion->request);
}

static gboolean
recursive_request_cb (DevSshChannel        *channel,
                      DevSshChannelRequest *channel_request,
                      gpointer              user_data)
{
  Recursion *recursion = user_data;

  recursion->request = g_object_ref (channel_request);
  devssh_channel_request_async (channel, "back@example.org", TRUE, NULL, NULL, recursive_done_cb, recursion);
  return TRUE;
}

static void
test_request_recursive (void)
{
  TestPair pair;
  Recursion recursion = { NULL };
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(GAsyncResult) result = NULL;

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  g_signal_connect (theirs, "request", G_CALLBACK (recursive_request_cb), &recursion);
  g_signal_connect (ours, "request", G_CALLBACK (answer_channel_request_cb), GINT_TO_POINTER (TRUE));
  request (ours, "there@example.org", &result);
  test_pair_run (&pair);
  g_assert_true (granted (ours, result));
  test_pair_clear (&pair);
}

/* The first may wait for the second, and a stuck channel holds up no other (T-51). */
static void
test_request_stuck_channel (void)
{
  TestPair pair;
  Keeper keeper;
  g_autoptr(DevSshChannel) stuck_there = NULL;
  g_autoptr(DevSshChannel) stuck = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  DevSshChannel *ours[10], *theirs[10];
  TestEars *ears[10];

  keeper_init (&keeper);
  test_pair_init (&pair, NULL);
  stuck = test_open_both (&pair, &pair.client, &stuck_there);
  g_signal_connect (stuck_there, "request", G_CALLBACK (keep_channel_request_cb), &keeper);
  request (stuck, "x@example.org", &result);
  test_pair_run (&pair);

  for (guint i = 0; i < 10; i++)
    {
      ours[i] = test_open_both (&pair, &pair.client, &theirs[i]);
      ears[i] = test_ears_new (theirs[i]);
      test_ears_all (ears[i]);
      test_send (ours[i], "hello");
    }
  test_pair_run (&pair);
  for (guint i = 0; i < 10; i++)
    {
      g_assert_cmpstr (ears[i]->text->str, ==, "data:hello ");
      test_ears_free (ears[i]);
      g_object_unref (ours[i]);
      g_object_unref (theirs[i]);
    }
  g_assert_null (result);
  devssh_channel_request_complete (keeper.kept->pdata[0], TRUE);
  test_pair_run (&pair);
  g_assert_true (granted (stuck, result));
  keeper_clear (&keeper);
  test_pair_clear (&pair);
}

/* Three channels are asked at once, and answered in the order of the answers, whatever the order of the requests was. */
static void
test_request_several_channels (void)
{
  for (guint order = 0; order < 6; order++)
    {
      TestPair pair;
      Keeper keeper;
      DevSshChannel *ours[3], *theirs[3];
      GAsyncResult *results[3] = { NULL };

      keeper_init (&keeper);
      test_pair_init (&pair, NULL);
      for (guint i = 0; i < 3; i++)
        {
          ours[i] = test_open_both (&pair, &pair.client, &theirs[i]);
          g_signal_connect (theirs[i], "request", G_CALLBACK (keep_channel_request_cb), &keeper);
          request (ours[i], "x@example.org", &results[i]);
        }
      test_pair_run (&pair);
      g_assert_cmpuint (keeper.kept->len, ==, 3);
      for (guint i = 0; i < 3; i++)
        {
          devssh_channel_request_complete (keeper.kept->pdata[orders[order][i]], orders[order][i] != 1);
          test_pair_run (&pair);
          for (guint k = 0; k < 3; k++)
            g_assert_true ((results[orders[order][k]] != NULL) == (k <= i));
        }
      for (guint i = 0; i < 3; i++)
        {
          g_assert_cmpint (granted (ours[i], results[i]), ==, i != 1);
          g_object_unref (results[i]);
          g_object_unref (ours[i]);
          g_object_unref (theirs[i]);
        }
      keeper_clear (&keeper);
      test_pair_clear (&pair);
    }
}

/* ---- bounds ---- */

/* 16 unanswered; more are refused unasked, but in their turn. */
static void
test_request_overflow (void)
{
  TestEnd end;
  Keeper keeper;
  g_autoptr(DevSshChannel) channel = test_end_with_channel (&end, FALSE, 1000, 32768, NULL);
  g_autoptr(GString) expected = g_string_new (NULL);

  keeper_init (&keeper);
  g_signal_connect (channel, "request", G_CALLBACK (keep_channel_request_cb), &keeper);
  for (guint i = 0; i < 20; i++)
    receive_channel_request (&end, 0, "x@example.org", TRUE);
  test_end_run (&end);
  g_assert_cmpuint (keeper.kept->len, ==, 16);
  g_assert_cmpuint (devssh_channel_get_dropped_requests (channel), ==, 4);
  g_assert_cmpstr (end.log->str, ==, "");

  for (guint i = 0; i < 16; i++)
    {
      devssh_channel_request_complete (keeper.kept->pdata[15 - i], TRUE);
      if (i < 15)
        g_assert_cmpstr (end.log->str, ==, "");
      g_string_append (expected, "99 ");
    }
  g_string_append (expected, "100 100 100 100 ");
  g_assert_cmpstr (end.log->str, ==, expected->str);

  /* And there is room again. */
  g_ptr_array_set_size (keeper.kept, 0);
  receive_channel_request (&end, 0, "x@example.org", TRUE);
  test_end_run (&end);
  g_assert_cmpuint (keeper.kept->len, ==, 1);
  keeper_clear (&keeper);
  test_end_clear (&end);
}

static void
test_request_session_overflow (void)
{
  TestEnd end;
  Keeper keeper;
  g_autoptr(GString) expected = g_string_new (NULL);

  keeper_init (&keeper);
  test_end_init (&end, FALSE, NULL);
  end.session_request = keep_session_request_cb;
  end.user_data = &keeper;
  for (guint i = 0; i < 70; i++)
    receive_session_request (&end, "x@example.org", TRUE);
  test_end_run (&end);
  g_assert_cmpuint (keeper.kept->len, ==, 64);
  g_assert_cmpstr (end.log->str, ==, "");
  for (guint i = 0; i < 64; i++)
    {
      devssh_session_request_complete (keeper.kept->pdata[i], TRUE);
      g_string_append (expected, "81 ");
    }
  g_string_append (expected, "82 82 82 82 82 82 ");
  g_assert_cmpstr (end.log->str, ==, expected->str);
  g_assert_cmpuint (end.fatal, ==, 0);
  keeper_clear (&keeper);
  test_end_clear (&end);
}

/* Requests without a reply hold up nobody, but they count. */
static void
test_request_no_reply (void)
{
  TestEnd end;
  Keeper keeper;
  g_autoptr(DevSshChannel) channel = test_end_with_channel (&end, FALSE, 1000, 32768, NULL);

  keeper_init (&keeper);
  keeper.answer_at_once = "quick@example.org";
  g_signal_connect (channel, "request", G_CALLBACK (keep_channel_request_cb), &keeper);
  receive_channel_request (&end, 0, "x@example.org", FALSE);
  receive_channel_request (&end, 0, "quick@example.org", TRUE);
  test_end_run (&end);
  g_assert_cmpstr (end.log->str, ==, "99 ");
  devssh_channel_request_complete (keeper.kept->pdata[0], TRUE);
  g_assert_cmpstr (end.log->str, ==, "99 ");

  for (guint i = 0; i < 20; i++)
    receive_channel_request (&end, 0, "x@example.org", FALSE);
  receive_channel_request (&end, 0, "quick@example.org", TRUE);
  test_end_run (&end);
  g_assert_cmpuint (keeper.kept->len, ==, 17);
  g_assert_cmpuint (devssh_channel_get_dropped_requests (channel), ==, 5);
  g_assert_cmpstr (end.log->str, ==, "99 100 ");
  keeper_clear (&keeper);
  test_end_clear (&end);
}

/* Answers nobody waits for: 64 are dropped, and kept for no later request; then it is enough (T-52). */
static void
test_request_unasked (void)
{
  static const guint8 session_success[] = { 81 };
  static const guint8 channel_success[] = { 99, 0, 0, 0, 0 };
  TestEnd end;
  g_autoptr(DevSshChannel) channel = test_end_with_channel (&end, FALSE, 1000, 32768, NULL);
  g_autoptr(GAsyncResult) result = NULL;

  for (guint i = 0; i < 32; i++)
    {
      test_end_receive (&end, session_success, sizeof session_success);
      test_end_receive (&end, channel_success, sizeof channel_success);
    }
  g_assert_cmpuint (end.fatal, ==, 0);
  request (channel, "x@example.org", &result);
  test_end_run (&end);
  g_assert_null (result);
  test_end_receive (&end, session_success, sizeof session_success);
  g_assert_cmpuint (end.fatal, ==, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
  test_end_clear (&end);
  g_assert_nonnull (result);
}

/* A request that waits behind our own data cannot be what is answered. */
static void
test_request_unasked_unsent (void)
{
  static const guint8 success[] = { 99, 0, 0, 0, 0 };
  TestEnd end;
  g_autoptr(DevSshChannel) channel = test_end_with_channel (&end, FALSE, 0, 32768, NULL);
  g_autoptr(GAsyncResult) result = NULL;

  test_send (channel, "held back");
  request (channel, "x@example.org", &result);
  test_end_run (&end);
  g_assert_cmpstr (end.log->str, ==, "");
  test_end_receive (&end, success, sizeof success);
  test_end_run (&end);
  g_assert_null (result);
  test_end_clear (&end);
}

/* Behind a window that never opens, a flood of requests costs nothing: 16 of them take a place, the others are a number. */
static void
test_request_flood_behind_data (void)
{
  static const guint8 adjust[] = { 93, 0, 0, 0, 0, 0, 0, 0, 100 };
  TestEnd end;
  g_autoptr(DevSshChannel) channel = test_end_with_channel (&end, FALSE, 0, 32768, NULL);

  test_send (channel, "held back");
  for (guint i = 0; i < 10000; i++)
    receive_channel_request (&end, 0, "x@example.org", TRUE);
  test_end_run (&end);
  g_assert_cmpuint (end.fatal, ==, 0);
  g_assert_cmpstr (end.log->str, ==, "");
  g_assert_cmpuint (devssh_channel_get_dropped_requests (channel), ==, 10000 - 16);
  test_end_receive (&end, adjust, sizeof adjust);
  test_end_run (&end);
  g_assert_true (g_str_has_prefix (end.log->str, "94 100 100 "));
  g_assert_cmpuint (end.n_sent, ==, 1 + 1 + 10000);
  test_end_clear (&end);
}

/* The number has an end, too: somebody must send all of these answers one day. */
static void
test_request_flood_counted (void)
{
  TestEnd end;
  Keeper keeper;
  guint i;
  g_autoptr(DevSshChannel) channel = test_end_with_channel (&end, FALSE, 1000, 32768, NULL);

  keeper_init (&keeper);
  g_signal_connect (channel, "request", G_CALLBACK (keep_channel_request_cb), &keeper);
  for (i = 0; i < 70000 && end.fatal == 0; i++)
    receive_channel_request (&end, 0, "x@example.org", TRUE);
  g_assert_cmpuint (i, ==, 16 + 65536 + 1);
  g_assert_cmpuint (end.fatal, ==, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
  keeper_clear (&keeper);
  test_end_clear (&end);
}

/* ---- keepalive ---- */

/* Its answer has a place in the line; if it must wait there, an IGNORE shows life at once (design D14). */
static void
test_request_keepalive (void)
{
  TestEnd end;
  Keeper keeper;

  keeper_init (&keeper);
  test_end_init (&end, FALSE, NULL);
  end.session_request = keep_session_request_cb;
  end.user_data = &keeper;
  receive_session_request (&end, DEVSSH_REQUEST_KEEPALIVE, TRUE);
  g_assert_cmpstr (end.log->str, ==, "82 ");
  receive_session_request (&end, DEVSSH_REQUEST_KEEPALIVE, FALSE);
  g_assert_cmpstr (end.log->str, ==, "82 ");

  receive_session_request (&end, "slow@example.org", TRUE);
  receive_session_request (&end, DEVSSH_REQUEST_KEEPALIVE, TRUE);
  g_assert_cmpstr (end.log->str, ==, "82 2 ");
  devssh_session_request_complete (keeper.kept->pdata[0], TRUE);
  g_assert_cmpstr (end.log->str, ==, "82 2 81 82 ");
  g_assert_cmpuint (keeper.kept->len, ==, 1);
  keeper_clear (&keeper);
  test_end_clear (&end);
}

/* Ours has a place in the line as well, and its answer is nobody's, whatever it is and whatever it carries. */
static void
test_request_our_keepalive (void)
{
  static const guint8 whole[] = "\120\0\0\0\025keepalive@openssh.com\001";
  static const guint8 yes[] = { DEVSSH_MESSAGE_REQUEST_SUCCESS }, no[] = { DEVSSH_MESSAGE_REQUEST_FAILURE };
  static const guint8 long_yes[] = { DEVSSH_MESSAGE_REQUEST_SUCCESS, 0, 0, 31, 144 };
  const struct { const guint8 *data; gsize length; } answers[] = {
    { yes, sizeof yes }, { no, sizeof no }, { long_yes, sizeof long_yes },
  };

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      TestEnd end;
      g_autoptr(GAsyncResult) before = NULL;
      g_autoptr(GAsyncResult) after = NULL;
      g_autoptr(GAsyncResult) left = NULL;
      g_autoptr(GBytes) message = NULL;
      g_autoptr(GError) error = NULL;

      test_end_init (&end, TRUE, NULL);
      devssh_connection_send_keepalive (end.connection);
      message = test_end_take (&end);
      g_assert_cmpmem (g_bytes_get_data (message, NULL), g_bytes_get_size (message), whole, sizeof whole - 1);
      session_request (&end, "x@example.org", &before);
      devssh_connection_send_keepalive (end.connection);
      session_request (&end, "y@example.org", &after);
      g_assert_cmpstr (end.log->str, ==, "80 80 80 80 ");

      test_end_receive (&end, answers[i].data, answers[i].length);
      test_settle ();
      g_assert_null (before);
      test_end_receive (&end, yes, sizeof yes);
      test_end_receive (&end, answers[i].data, answers[i].length);
      test_end_receive (&end, no, sizeof no);
      test_settle ();
      g_assert_true (session_granted (before));
      g_assert_false (session_granted (after));

      /* One that is never answered is no trouble at the end. */
      devssh_connection_send_keepalive (end.connection);
      session_request (&end, "z@example.org", &left);
      test_end_clear (&end);
      test_settle ();
      g_assert_null (g_task_propagate_pointer (G_TASK (left), &error));
      g_assert_nonnull (error);
    }
}

/* ---- payloads ---- */

static gboolean
payload_session_request_cb (TestEnd              *end,
                            DevSshSessionRequest *session_request)
{
  g_autoptr(GBytes) port = g_bytes_new_static ("\0\0\037\220", 4);

  g_assert_cmpstr (devssh_session_request_get_request_type (session_request), ==, "tcpip-forward");
  g_assert_true (devssh_session_request_get_want_reply (session_request));
  g_assert_true (devssh_session_request_get_principal (session_request) == end->user_data);
  g_assert_cmpuint (g_bytes_get_size (devssh_session_request_get_payload (session_request)), ==, 8);
  devssh_session_request_complete_with_payload (session_request, TRUE, port);
  return TRUE;
}

static void
test_request_payload (void)
{
  TestPair pair;
  g_autoptr(GObject) principal = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr(GBytes) payload = g_bytes_new_static ("\0\0\0\0\0\0\0\0", 8);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  DevSshReply *reply;

  test_pair_init (&pair, NULL);
  devssh_connection_set_principal (pair.server.connection, principal);
  pair.server.session_request = payload_session_request_cb;
  pair.server.user_data = principal;
  devssh_connection_request (pair.client.connection, "tcpip-forward", TRUE, payload, test_task_new (NULL, &result));
  test_pair_run (&pair);
  reply = g_task_propagate_pointer (G_TASK (result), &error);
  g_assert_no_error (error);
  g_assert_true (reply->success);
  g_assert_cmpmem (g_bytes_get_data (reply->payload, NULL), g_bytes_get_size (reply->payload), "\0\0\037\220", 4);
  devssh_reply_free (reply);
  test_pair_clear (&pair);
}

static gboolean
exec_request_cb (DevSshChannel        *channel,
                 DevSshChannelRequest *channel_request,
                 gpointer              user_data)
{
  g_autofree char *command = devssh_channel_request_dup_command (channel_request);

  g_assert_true (devssh_channel_request_get_channel (channel_request) == channel);
  g_assert_cmpstr (devssh_channel_request_get_request_type (channel_request), ==, "exec");
  g_assert_true (devssh_channel_request_get_want_reply (channel_request));
  g_assert_nonnull (devssh_channel_request_get_principal (channel_request));
  g_assert_true (devssh_channel_request_get_principal (channel_request) == g_object_get_data (G_OBJECT (channel), "principal"));
  devssh_channel_request_complete (channel_request, g_strcmp0 (command, user_data) == 0);
  return TRUE;
}

static void
test_request_exec (void)
{
  static const char * const commands[] = { "", "ls -l", "\xc3\xa4rgerlich" };
  TestPair pair;
  g_autoptr(GObject) principal = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  gulong handler;

  test_pair_init (&pair, NULL);
  devssh_connection_set_principal (pair.server.connection, principal);
  ours = test_open_both (&pair, &pair.client, &theirs);
  g_object_set_data (G_OBJECT (theirs), "principal", principal);
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GError) error = NULL;

      handler = g_signal_connect (theirs, "request", G_CALLBACK (exec_request_cb), (gpointer) commands[i]);
      devssh_channel_exec_async (ours, commands[i], NULL, test_keep_result_cb, &result);
      test_pair_run (&pair);
      g_assert_true (devssh_channel_exec_finish (ours, result, &error));
      g_assert_no_error (error);
      g_signal_handler_disconnect (theirs, handler);
    }
  test_pair_clear (&pair);
}

static void
test_request_exec_refused (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  devssh_channel_exec_async (ours, "ls", NULL, test_keep_result_cb, &result);
  test_pair_run (&pair);
  g_assert_false (devssh_channel_exec_finish (ours, result, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_REFUSED);
  test_pair_clear (&pair);
}

/* Stand-alone signals are requests; how a command ended is not. */
static gboolean
signal_request_cb (DevSshChannel        *channel,
                   DevSshChannelRequest *channel_request,
                   gpointer              user_data)
{
  g_auto (DevSshSignal) message = { 0 };
  gsize length;
  const guint8 *data = g_bytes_get_data (devssh_channel_request_get_payload (channel_request), &length);

  g_assert_cmpstr (devssh_channel_request_get_request_type (channel_request), ==, "signal");
  g_assert_false (devssh_channel_request_get_want_reply (channel_request));
  g_assert_true (devssh_signal_decode (&message, data, length, NULL));
  g_assert_cmpmem (message.signal_name.data, message.signal_name.length, "TERM", 4);
  devssh_channel_request_complete (channel_request, TRUE);
  ++*(guint *) user_data;
  return TRUE;
}

static void
test_request_signal (void)
{
  TestPair pair;
  guint count = 0;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  g_signal_connect (theirs, "request", G_CALLBACK (signal_request_cb), &count);
  g_assert_true (devssh_channel_send_signal (ours, "TERM", NULL));
  test_pair_run (&pair);
  g_assert_cmpuint (count, ==, 1);
  g_assert_null (strstr (pair.server.log->str, "99"));
  test_pair_clear (&pair);
}

/* protocol.md 5.5: answered 99 even if the sender wants to know, and shown to nobody. */
static void
test_request_exit_status (void)
{
  static const guint8 message[] = { 98, 0, 0, 0, 0, 0, 0, 0, 11, 'e', 'x', 'i', 't', '-', 's', 't', 'a', 't', 'u', 's',
                                    1, 0, 0, 0, 11 };
  TestEnd end;
  g_autoptr(DevSshChannel) channel = test_end_with_channel (&end, FALSE, 1000, 32768, NULL);

  g_assert_cmpint (devssh_channel_get_exit_status (channel), ==, -1);
  test_end_receive (&end, message, sizeof message);
  test_end_run (&end);
  g_assert_cmpstr (end.log->str, ==, "99 ");
  g_assert_cmpuint (end.n_requests, ==, 0);
  g_assert_cmpint (devssh_channel_get_exit_status (channel), ==, 11);
  test_end_clear (&end);
}

static void
test_request_without_type (void)
{
  TestEnd end;
  g_autoptr(DevSshChannel) channel = test_end_with_channel (&end, FALSE, 1000, 32768, NULL);

  receive_channel_request (&end, 0, "", TRUE);
  g_assert_cmpuint (end.fatal, ==, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
  test_end_clear (&end);
}

/* ---- cancelling and closing ---- */

static void
test_request_cancelled (void)
{
  TestPair pair;
  Keeper keeper;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(GCancellable) early = g_cancellable_new ();
  g_autoptr(GCancellable) late = g_cancellable_new ();
  g_autoptr(GAsyncResult) early_result = NULL;
  g_autoptr(GAsyncResult) late_result = NULL;
  g_autoptr(GAsyncResult) next = NULL;
  g_autoptr(DevSshChannel) other_theirs = NULL;
  g_autoptr(DevSshChannel) other = NULL;
  g_autoptr(GAsyncResult) other_result = NULL;
  g_autoptr(GError) error = NULL;

  keeper_init (&keeper);
  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  g_signal_connect (theirs, "request", G_CALLBACK (keep_channel_request_cb), &keeper);

  g_cancellable_cancel (early);
  test_end_clear_log (&pair.client);
  devssh_channel_request_async (ours, "early@example.org", TRUE, NULL, early, test_keep_result_cb, &early_result);
  test_pair_run (&pair);
  g_assert_false (devssh_channel_request_finish (ours, early_result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_cmpstr (pair.client.log->str, ==, "");

  devssh_channel_request_async (ours, "late@example.org", TRUE, NULL, late, test_keep_result_cb, &late_result);
  request (ours, "next@example.org", &next);
  test_pair_run (&pair);
  g_cancellable_cancel (late);
  test_pair_run (&pair);
  g_assert_false (devssh_channel_request_finish (ours, late_result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (next);

  /* Another channel's answer is its own. */
  other = test_open_both (&pair, &pair.client, &other_theirs);
  g_signal_connect (other_theirs, "request", G_CALLBACK (answer_channel_request_cb), GINT_TO_POINTER (TRUE));
  request (other, "other@example.org", &other_result);
  test_pair_run (&pair);
  g_assert_true (granted (other, other_result));
  g_assert_null (next);

  /* The first answer is for the one that was given up. */
  devssh_channel_request_complete (keeper.kept->pdata[0], FALSE);
  devssh_channel_request_complete (keeper.kept->pdata[1], TRUE);
  test_pair_run (&pair);
  g_assert_true (granted (ours, next));
  keeper_clear (&keeper);
  test_pair_clear (&pair);
}

/* A request that waits behind data is taken back when cancelled. */
static void
test_request_cancelled_unsent (void)
{
  static const guint8 adjust[] = { 93, 0, 0, 0, 0, 0, 0, 0, 100 };
  TestEnd end;
  g_autoptr(DevSshChannel) channel = test_end_with_channel (&end, FALSE, 0, 32768, NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  test_send (channel, "held back");
  devssh_channel_request_async (channel, "x@example.org", TRUE, NULL, cancellable, test_keep_result_cb, &result);
  test_end_run (&end);
  g_cancellable_cancel (cancellable);
  test_end_run (&end);
  g_assert_false (devssh_channel_request_finish (channel, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_end_receive (&end, adjust, sizeof adjust);
  test_end_run (&end);
  g_assert_cmpstr (end.log->str, ==, "94 ");
  test_end_clear (&end);
}

static void
test_request_session_cancelled (void)
{
  TestPair pair;
  Keeper keeper;
  g_autoptr(GCancellable) early = g_cancellable_new ();
  g_autoptr(GCancellable) late = g_cancellable_new ();
  g_autoptr(GAsyncResult) early_result = NULL;
  g_autoptr(GAsyncResult) late_result = NULL;
  g_autoptr(GAsyncResult) next = NULL;
  g_autoptr(GError) error = NULL;

  keeper_init (&keeper);
  test_pair_init (&pair, NULL);
  pair.server.session_request = keep_session_request_cb;
  pair.server.user_data = &keeper;
  g_cancellable_cancel (early);
  devssh_connection_request (pair.client.connection, "x@example.org", TRUE, NULL, test_task_new (early, &early_result));
  test_pair_run (&pair);
  g_assert_null (g_task_propagate_pointer (G_TASK (early_result), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_cmpuint (pair.client.n_sent, ==, 0);

  devssh_connection_request (pair.client.connection, "x@example.org", TRUE, NULL, test_task_new (late, &late_result));
  session_request (&pair.client, "y@example.org", &next);
  test_pair_run (&pair);
  g_cancellable_cancel (late);
  test_pair_run (&pair);
  g_assert_null (g_task_propagate_pointer (G_TASK (late_result), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  devssh_session_request_complete (keeper.kept->pdata[0], FALSE);
  devssh_session_request_complete (keeper.kept->pdata[1], TRUE);
  test_pair_run (&pair);
  g_assert_true (session_granted (next));
  keeper_clear (&keeper);
  test_pair_clear (&pair);
}

static gboolean
closing_request_cb (DevSshChannel        *channel,
                    DevSshChannelRequest *channel_request,
                    gpointer              user_data)
{
  devssh_channel_close (channel);
  devssh_channel_request_complete (channel_request, TRUE);
  return TRUE;
}

static void
test_request_handler_closes (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(DevSshChannel) again = NULL;
  g_autoptr(GAsyncResult) result = NULL;

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  g_signal_connect (theirs, "request", G_CALLBACK (closing_request_cb), NULL);
  request (ours, "x@example.org", &result);
  test_pair_run (&pair);
  g_assert_false (granted (ours, result));
  g_assert_null (strstr (pair.server.log->str, "99"));
  g_assert_null (strstr (pair.server.log->str, "100"));
  again = test_open_channel (&pair, &pair.client, NULL);
  test_pair_clear (&pair);
}

/* Closed with requests unanswered on both sides: ours are false, theirs die, and an answer that comes late is nothing. */
static void
test_request_close_ends (void)
{
  TestPair pair;
  Keeper keeper;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  GCancellable *cancellable;

  keeper_init (&keeper);
  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  g_signal_connect (theirs, "request", G_CALLBACK (keep_channel_request_cb), &keeper);
  request (ours, "x@example.org", &result);
  test_pair_run (&pair);
  cancellable = devssh_question_get_cancellable (keeper.kept->pdata[0]);
  devssh_channel_close (ours);
  test_pair_run (&pair);
  g_assert_false (granted (ours, result));
  g_assert_true (g_cancellable_is_cancelled (cancellable));
  test_end_clear_log (&pair.server);
  devssh_channel_request_complete (keeper.kept->pdata[0], TRUE);
  test_pair_run (&pair);
  g_assert_cmpstr (pair.server.log->str, ==, "");
  keeper_clear (&keeper);
  test_pair_clear (&pair);
}

static void
test_request_on_closed (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  devssh_channel_close (theirs);
  test_pair_run (&pair);
  request (ours, "x@example.org", &result);
  test_pair_run (&pair);
  g_assert_false (devssh_channel_request_finish (ours, result, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CHANNEL_CLOSED);
  g_clear_error (&error);
  g_assert_false (devssh_channel_send_signal (ours, "TERM", &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CHANNEL_CLOSED);
  test_pair_clear (&pair);
}

/* When the session ends, everybody who waits learns why, and every question dies. */
static void
test_request_abort (void)
{
  TestPair pair;
  Keeper keeper;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(GAsyncResult) of_channel = NULL;
  g_autoptr(GAsyncResult) of_session = NULL;
  g_autoptr(GAsyncResult) too_late = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) lost = g_error_new_literal (DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST, "lost");

  keeper_init (&keeper);
  test_pair_init (&pair, NULL);
  pair.server.session_request = keep_session_request_cb;
  pair.server.user_data = &keeper;
  ours = test_open_both (&pair, &pair.client, &theirs);
  g_signal_connect (theirs, "request", G_CALLBACK (keep_channel_request_cb), &keeper);
  request (ours, "x@example.org", &of_channel);
  session_request (&pair.client, "x@example.org", &of_session);
  test_pair_run (&pair);
  g_assert_cmpuint (keeper.kept->len, ==, 2);

  devssh_connection_abort (pair.client.connection, lost);
  devssh_connection_abort (pair.server.connection, lost);
  test_pair_run (&pair);
  g_assert_false (devssh_channel_request_finish (ours, of_channel, &error));
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, (int) DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
  g_clear_error (&error);
  g_assert_null (g_task_propagate_pointer (G_TASK (of_session), &error));
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, (int) DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
  g_clear_error (&error);
  for (guint i = 0; i < 2; i++)
    g_assert_true (g_cancellable_is_cancelled (devssh_question_get_cancellable (keeper.kept->pdata[i])));
  test_end_clear_log (&pair.server);
  devssh_channel_request_complete (keeper.kept->pdata[0], TRUE);
  devssh_session_request_complete (keeper.kept->pdata[1], TRUE);
  g_assert_cmpstr (pair.server.log->str, ==, "");

  session_request (&pair.client, "x@example.org", &too_late);
  test_pair_run (&pair);
  g_assert_null (g_task_propagate_pointer (G_TASK (too_late), &error));
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, (int) DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
  keeper_clear (&keeper);
  test_pair_clear (&pair);
}

/* Replies go behind the data that was sent before them, and before the data sent after. */
static void
test_request_reply_behind_data (void)
{
  static const guint8 adjust[] = { 93, 0, 0, 0, 0, 0, 0, 0, 100 };
  TestEnd end;
  Keeper keeper;
  g_autoptr(DevSshChannel) channel = test_end_with_channel (&end, FALSE, 0, 32768, NULL);

  keeper_init (&keeper);
  g_signal_connect (channel, "request", G_CALLBACK (keep_channel_request_cb), &keeper);
  receive_channel_request (&end, 0, "x@example.org", TRUE);
  test_send (channel, "before");
  devssh_channel_request_complete (keeper.kept->pdata[0], TRUE);
  test_send (channel, "after");
  test_end_run (&end);
  g_assert_cmpstr (end.log->str, ==, "");
  test_end_receive (&end, adjust, sizeof adjust);
  test_end_run (&end);
  g_assert_cmpstr (end.log->str, ==, "94 99 94 ");
  keeper_clear (&keeper);
  test_end_clear (&end);
}

/* A handler that answers keeps the place of its answer among all that it does: what it sends before comes before, what it sends
 * after, its close included, comes after - although the answer counts only when the handler returns. */
static gboolean
busy_request_cb (DevSshChannel        *channel,
                 DevSshChannelRequest *channel_request,
                 gpointer              user_data)
{
  test_send (channel, "before");
  devssh_channel_request_complete (channel_request, TRUE);
  test_send (channel, "after");
  devssh_channel_close_with_status (channel, 0);
  return GPOINTER_TO_INT (user_data);
}

static void
test_request_place_of_reply (void)
{
  static const guint8 adjust[] = { 93, 0, 0, 0, 0, 0, 0, 0, 100 };

  for (guint window = 0; window < 2; window++)
    for (guint handled = 0; handled < 2; handled++)
      {
        TestEnd end;
        g_autoptr(DevSshChannel) channel = test_end_with_channel (&end, FALSE, window == 0 ? 0 : 1000, 32768, NULL);

        g_signal_connect (channel, "request", G_CALLBACK (busy_request_cb), GINT_TO_POINTER (handled != 0));
        receive_channel_request (&end, 0, "exec", TRUE);
        test_end_run (&end);
        if (window == 0)
          {
            g_assert_cmpstr (end.log->str, ==, "");
            test_end_receive (&end, adjust, sizeof adjust);
            test_end_run (&end);
          }
        g_assert_cmpstr (end.log->str, ==, handled ? "94 99 94 98 97 " : "94 100 94 98 97 ");
        test_end_clear (&end);
      }
}

static gboolean
opening_session_request_cb (TestEnd              *end,
                            DevSshSessionRequest *request_of_session)
{
  devssh_session_request_complete (request_of_session, TRUE);
  devssh_connection_open (end->connection, "forwarded-tcpip", NULL, 0, test_task_new (NULL, end->user_data));
  return TRUE;
}

/* The same for a session request whose handler opens a channel on the strength of it. */
static void
test_request_open_in_handler (void)
{
  TestEnd end;
  g_autoptr(GAsyncResult) result = NULL;

  test_end_init (&end, FALSE, NULL);
  end.session_request = opening_session_request_cb;
  end.user_data = &result;
  receive_session_request (&end, "tcpip-forward", TRUE);
  test_end_run (&end);
  g_assert_cmpstr (end.log->str, ==, "81 90 ");
  test_end_clear (&end);
}

/* An open of ours does not overtake an answer that is known; one that is not known does not hold it up (protocol.md 5.1). */
static void
test_request_open_waits (void)
{
  TestEnd end;
  Keeper keeper;
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) third = NULL;

  keeper_init (&keeper);
  test_end_init (&end, FALSE, NULL);
  end.session_request = keep_session_request_cb;
  end.user_data = &keeper;
  receive_session_request (&end, "first@example.org", TRUE);
  devssh_connection_open (end.connection, NULL, NULL, 0, test_task_new (NULL, &first));
  test_end_run (&end);
  g_assert_cmpstr (end.log->str, ==, "90 ");

  receive_session_request (&end, "second@example.org", TRUE);
  devssh_session_request_complete (keeper.kept->pdata[1], TRUE);
  devssh_connection_open (end.connection, NULL, NULL, 0, test_task_new (NULL, &second));
  devssh_connection_open (end.connection, NULL, NULL, 0, test_task_new (cancellable, &third));
  test_end_run (&end);
  g_assert_cmpstr (end.log->str, ==, "90 ");
  g_cancellable_cancel (cancellable);
  test_end_run (&end);
  g_assert_nonnull (third);
  devssh_session_request_complete (keeper.kept->pdata[0], FALSE);
  test_end_run (&end);
  g_assert_cmpstr (end.log->str, ==, "90 82 81 90 ");
  keeper_clear (&keeper);
  test_end_clear (&end);
  g_assert_nonnull (first);
  g_assert_nonnull (second);
}

/* A "yes" stands in line behind a request whose handler waits for the very channel that is not to overtake it: the channel
 * goes first then, after a while (docs/decisions/0006). */
static void
test_request_open_waits_for_itself (void)
{
  TestEnd end;
  Keeper keeper;
  g_autoptr(GAsyncResult) opened = NULL;
  g_autoptr(GAsyncResult) later = NULL;
  g_autoptr(GAsyncResult) ended = NULL;

  keeper_init (&keeper);
  test_end_init (&end, FALSE, NULL);
  end.session_request = keep_session_request_cb;
  end.user_data = &keeper;
  receive_session_request (&end, "first@example.org", TRUE);
  receive_session_request (&end, "second@example.org", TRUE);
  test_end_run (&end);
  devssh_session_request_complete (keeper.kept->pdata[1], TRUE);
  devssh_connection_open (end.connection, NULL, NULL, 0, test_task_new (NULL, &opened));
  test_end_run (&end);
  g_assert_cmpstr (end.log->str, ==, "");
  devssh_context_advance_clock (end.context, G_USEC_PER_SEC / 2);
  test_end_run (&end);
  g_assert_cmpstr (end.log->str, ==, "");
  devssh_context_advance_clock (end.context, G_USEC_PER_SEC / 2);
  test_end_run (&end);
  g_assert_cmpstr (end.log->str, ==, "90 ");

  /* The next one waits anew; and the replies are in order, whatever went between them. */
  devssh_connection_open (end.connection, NULL, NULL, 0, test_task_new (NULL, &later));
  test_end_run (&end);
  g_assert_cmpstr (end.log->str, ==, "90 ");
  devssh_session_request_complete (keeper.kept->pdata[0], FALSE);
  test_end_run (&end);
  g_assert_cmpstr (end.log->str, ==, "90 82 81 90 ");

  /* One that still waits when the session ends is over, and its time never comes. */
  receive_session_request (&end, "third@example.org", TRUE);
  receive_session_request (&end, "fourth@example.org", TRUE);
  test_end_run (&end);
  devssh_session_request_complete (keeper.kept->pdata[3], TRUE);
  devssh_connection_open (end.connection, NULL, NULL, 0, test_task_new (NULL, &ended));
  keeper_clear (&keeper);
  test_end_clear (&end);
  g_assert_nonnull (opened);
  g_assert_nonnull (later);
  g_assert_nonnull (ended);
}

/* A "no" is no reason to wait: nobody opens a channel on the strength of it, and keepalives are all answered with it. */
static void
test_request_open_behind_no (void)
{
  TestEnd end;
  Keeper keeper;
  g_autoptr(GAsyncResult) opened = NULL;

  keeper_init (&keeper);
  test_end_init (&end, FALSE, NULL);
  end.session_request = keep_session_request_cb;
  end.user_data = &keeper;
  receive_session_request (&end, "first@example.org", TRUE);
  receive_session_request (&end, "keepalive@openssh.com", TRUE);
  receive_session_request (&end, "second@example.org", TRUE);
  test_end_run (&end);
  devssh_session_request_complete (keeper.kept->pdata[1], FALSE);
  test_end_clear_log (&end);
  devssh_connection_open (end.connection, NULL, NULL, 0, test_task_new (NULL, &opened));
  test_end_run (&end);
  g_assert_cmpstr (end.log->str, ==, "90 ");
  devssh_session_request_complete (keeper.kept->pdata[0], TRUE);
  test_end_run (&end);
  g_assert_cmpstr (end.log->str, ==, "90 81 82 82 ");
  keeper_clear (&keeper);
  test_end_clear (&end);
  g_assert_nonnull (opened);
}

/* A channel is accepted some turns of the loop after its peer began to ask things of it. */
static void
test_request_before_accept (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(GAsyncResult) accepted = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) second = NULL;

  test_pair_init (&pair, NULL);
  pair.server.opening = NULL;
  devssh_connection_accept (pair.server.connection, NULL, test_task_new (NULL, &accepted));
  ours = test_open_channel (&pair, &pair.client, NULL);
  request (ours, "x@example.org", &result);
  test_pair_run (&pair);
  g_assert_null (result);
  theirs = test_take_channel (accepted, NULL);
  g_signal_connect (theirs, "request", G_CALLBACK (answer_channel_request_cb), GINT_TO_POINTER (TRUE));
  test_pair_run (&pair);
  g_assert_true (granted (ours, result));

  request (ours, "x@example.org", &second);
  test_pair_run (&pair);
  g_assert_true (granted (ours, second));
  test_pair_clear (&pair);
}

/* What a peer makes us keep until somebody decides is counted in bytes, too, all channels together (T-48). */
static void
few_bytes (DevSshConnectionConfig *config,
           gboolean                is_client)
{
  config->max_undecided_bytes = 100000;
}

static gboolean
keep_opening_cb (TestEnd              *end,
                 DevSshChannelOpening *opening)
{
  Keeper *keeper = end->user_data;

  g_ptr_array_add (keeper->kept, g_object_ref (opening));
  return TRUE;
}

static void
ask_for_all (TestPair       *pair,
             DevSshChannel  *channel,
             GBytes         *payload,
             GAsyncResult  **results)
{
  devssh_channel_request_async (channel, "x@example.org", TRUE, payload, NULL, test_keep_result_cb, &results[0]);
  devssh_connection_open (pair->client.connection, NULL, payload, 0, test_task_new (NULL, &results[1]));
  devssh_connection_request (pair->client.connection, "x@example.org", TRUE, payload, test_task_new (NULL, &results[2]));
  test_pair_run (pair);
}

static void
test_request_heavy (void)
{
  TestPair pair;
  Keeper keeper;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(DevSshChannel) opened = NULL;
  g_autoptr(DevSshChannel) accepted = NULL;
  g_autoptr(GBytes) payload = test_bytes (30000, 1);
  g_autoptr(GError) error = NULL;
  GAsyncResult *results[9] = { NULL };

  test_pair_init (&pair, few_bytes);
  keeper_init (&keeper);
  ours = test_open_both (&pair, &pair.client, &theirs);
  g_signal_connect (theirs, "request", G_CALLBACK (keep_channel_request_cb), &keeper);
  pair.server.opening = keep_opening_cb;
  pair.server.session_request = keep_session_request_cb;
  pair.server.user_data = &keeper;

  /* Three fit, whatever they are; what is beyond is refused, in its turn. */
  ask_for_all (&pair, ours, payload, results);
  g_assert_cmpuint (keeper.kept->len, ==, 3);
  ask_for_all (&pair, ours, payload, results + 3);
  g_assert_cmpuint (keeper.kept->len, ==, 3);
  g_assert_cmpuint (devssh_channel_get_dropped_requests (theirs), ==, 1);
  g_assert_null (results[3]);
  g_assert_null (results[5]);
  g_assert_null (test_take_channel (results[4], &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_RESOURCE_SHORTAGE);

  /* Decided or dropped, and there is room again. */
  devssh_channel_request_complete (keeper.kept->pdata[0], TRUE);
  devssh_channel_opening_accept (keeper.kept->pdata[1]);
  g_ptr_array_set_size (keeper.kept, 0);
  test_pair_run (&pair);
  g_assert_true (granted (ours, results[0]));
  g_assert_false (granted (ours, results[3]));
  opened = test_take_channel (results[1], NULL);
  g_assert_nonnull (opened);
  accepted = test_channel_at (&pair.server, 1);
  g_signal_connect (accepted, "request", G_CALLBACK (keep_channel_request_cb), &keeper);
  g_assert_false (session_granted (results[2]));
  g_assert_false (session_granted (results[5]));
  ask_for_all (&pair, ours, payload, results + 6);
  g_assert_cmpuint (keeper.kept->len, ==, 3);

  /* And so if a channel ends meanwhile. */
  devssh_channel_close (ours);
  test_pair_run (&pair);
  devssh_channel_request_async (opened, "x@example.org", TRUE, payload, NULL, NULL, NULL);
  test_pair_run (&pair);
  g_assert_cmpuint (keeper.kept->len, ==, 4);
  g_assert_cmpuint (devssh_channel_get_dropped_requests (accepted), ==, 0);
  keeper_clear (&keeper);
  test_pair_clear (&pair);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    g_clear_object (&results[i]);
}

/* Nothing that opens a channel needs as much; what is kept as long as the channel is small. */
static void
test_request_long_opening (void)
{
  TestPair pair;
  g_autoptr(GBytes) payload = test_bytes (40000, 1);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  test_pair_init (&pair, NULL);
  devssh_connection_open (pair.client.connection, NULL, payload, 0, test_task_new (NULL, &result));
  test_pair_run (&pair);
  g_assert_null (test_take_channel (result, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_RESOURCE_SHORTAGE);
  test_pair_clear (&pair);
}

/* No peer of ours would take so long a packet (T-10): better that the call fails than the session. */
static void
test_request_too_long (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(GBytes) payload = test_bytes (256 * 1024, 1);
  g_autofree char *command = g_strnfill (256 * 1024, 'x');
  g_autofree char *fits = g_strnfill (250 * 1024, 'x');
  GAsyncResult *results[5] = { NULL };

  test_pair_init (&pair, NULL);
  ours = test_open_both (&pair, &pair.client, &theirs);
  g_signal_connect (theirs, "request", G_CALLBACK (answer_channel_request_cb), GINT_TO_POINTER (TRUE));
  test_end_clear_log (&pair.client);
  devssh_connection_open (pair.client.connection, NULL, payload, 0, test_task_new (NULL, &results[0]));
  devssh_connection_request (pair.client.connection, "x@example.org", TRUE, payload, test_task_new (NULL, &results[1]));
  devssh_channel_request_async (ours, "x@example.org", FALSE, payload, NULL, test_keep_result_cb, &results[2]);
  devssh_channel_exec_async (ours, command, NULL, test_keep_result_cb, &results[3]);
  devssh_channel_exec_async (ours, fits, NULL, test_keep_result_cb, &results[4]);
  test_pair_run (&pair);
  g_assert_cmpstr (pair.client.log->str, ==, "98 ");
  for (guint i = 0; i < 5; i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_nonnull (results[i]);
      if (i < 2)
        g_assert_null (g_task_propagate_pointer (G_TASK (results[i]), &error));
      else
        g_assert_cmpint (g_task_propagate_boolean (G_TASK (results[i]), &error), ==, i == 4);
      if (i < 4)
        g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_LIMIT);
      g_object_unref (results[i]);
    }
  test_pair_clear (&pair);
}

static void
keep_some (DevSshConnectionConfig *config,
           gboolean                is_client)
{
  config->max_unaccepted = 4;
}

/* However long nobody accepted the channel: who accepts it has time to connect. */
static void
test_request_long_before_accept (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(GAsyncResult) accepted = NULL;
  g_autoptr(GAsyncResult) result = NULL;

  test_pair_init (&pair, keep_some);
  pair.server.opening = NULL;
  ours = test_open_channel (&pair, &pair.client, NULL);
  request (ours, "x@example.org", &result);
  test_pair_run (&pair);
  devssh_context_advance_clock (pair.server.context, 60 * G_USEC_PER_SEC);
  test_pair_run (&pair);
  devssh_connection_accept (pair.server.connection, NULL, test_task_new (NULL, &accepted));
  test_pair_run (&pair);
  g_assert_null (result);
  theirs = test_take_channel (accepted, NULL);
  g_signal_connect (theirs, "request", G_CALLBACK (answer_channel_request_cb), GINT_TO_POINTER (TRUE));
  test_pair_run (&pair);
  g_assert_true (granted (ours, result));
  test_pair_clear (&pair);
}

static gboolean
note_request_cb (DevSshChannel        *channel,
                 DevSshChannelRequest *request,
                 GString              *text)
{
  g_string_append_printf (text, "%s ", devssh_channel_request_get_request_type (request));
  devssh_channel_request_complete (request, TRUE);
  return TRUE;
}

static void
note_data_cb (DevSshChannel *channel,
              GBytes        *data,
              GString       *text)
{
  g_string_append (text, "data ");
}

/* What comes in the very turn in which somebody begins to listen is behind what waited for that. */
static void
test_request_as_heard (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(GAsyncResult) accepted = NULL;
  GAsyncResult *results[3] = { NULL };
  g_autoptr(GString) text = g_string_new (NULL);
  g_autoptr(GBytes) message = NULL;

  test_pair_init (&pair, NULL);
  pair.server.opening = NULL;
  devssh_connection_accept (pair.server.connection, NULL, test_task_new (NULL, &accepted));
  ours = test_open_channel (&pair, &pair.client, NULL);
  request (ours, "one@example.org", &results[0]);
  request (ours, "two@example.org", &results[1]);
  test_pair_run (&pair);
  theirs = test_take_channel (accepted, NULL);
  g_assert_cmpuint (pair.server.n_requests, ==, 2);
  g_signal_connect (theirs, "request", G_CALLBACK (note_request_cb), text);
  g_signal_connect (theirs, "data", G_CALLBACK (note_data_cb), text);
  request (ours, "three@example.org", &results[2]);
  test_send (ours, "hello");
  test_end_turn (&pair.client);
  /* The loop has not turned. */
  while ((message = test_end_take (&pair.client)) != NULL)
    {
      gsize length;
      const guint8 *data = g_bytes_get_data (message, &length);

      devssh_connection_handle (pair.server.connection, data, length, NULL, FALSE, pair.server.now);
      g_clear_pointer (&message, g_bytes_unref);
    }
  test_end_turn (&pair.server);
  test_pair_run (&pair);
  g_assert_cmpstr (text->str, ==, "one@example.org two@example.org three@example.org data ");
  for (guint i = 0; i < 3; i++)
    {
      g_assert_true (granted (ours, results[i]));
      g_object_unref (results[i]);
    }
  test_pair_clear (&pair);
}

static void
test_request_never_heard (void)
{
  TestPair pair;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(GAsyncResult) accepted = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) second = NULL;

  test_pair_init (&pair, NULL);
  pair.server.opening = NULL;
  devssh_connection_accept (pair.server.connection, NULL, test_task_new (NULL, &accepted));
  ours = test_open_channel (&pair, &pair.client, NULL);
  request (ours, "x@example.org", &result);
  test_pair_run (&pair);
  g_assert_null (result);
  theirs = test_take_channel (accepted, NULL);
  devssh_context_advance_clock (pair.server.context, 10 * G_USEC_PER_SEC);
  while (result == NULL)
    {
      g_main_context_iteration (NULL, FALSE);
      test_pair_run (&pair);
    }
  g_assert_false (granted (ours, result));
  /* From then on, at once. */
  request (ours, "x@example.org", &second);
  test_pair_run (&pair);
  g_assert_false (granted (ours, second));
  test_pair_clear (&pair);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/connection/request/orders/T-52/E-29", test_request_orders);
  g_test_add_func ("/connection/request/session-orders/T-52/E-29", test_request_session_orders);
  g_test_add_func ("/connection/request/dropped/T-52", test_request_dropped);
  g_test_add_func ("/connection/request/without-handler/E-45", test_request_without_handler);
  g_test_add_func ("/connection/request/throws/E-17", test_request_throws);
  g_test_add_func ("/connection/request/recursive/E-44", test_request_recursive);
  g_test_add_func ("/connection/request/stuck-channel/T-51/E-44", test_request_stuck_channel);
  g_test_add_func ("/connection/request/several-channels/E-44", test_request_several_channels);
  g_test_add_func ("/connection/request/overflow/T-52/E-44", test_request_overflow);
  g_test_add_func ("/connection/request/session-overflow/T-52", test_request_session_overflow);
  g_test_add_func ("/connection/request/no-reply/T-52", test_request_no_reply);
  g_test_add_func ("/connection/request/unasked/T-52", test_request_unasked);
  g_test_add_func ("/connection/request/unasked-unsent/T-52", test_request_unasked_unsent);
  g_test_add_func ("/connection/request/flood-behind-data/T-47", test_request_flood_behind_data);
  g_test_add_func ("/connection/request/flood-counted/T-52", test_request_flood_counted);
  g_test_add_func ("/connection/request/keepalive/T-62", test_request_keepalive);
  g_test_add_func ("/connection/request/our-keepalive/T-62", test_request_our_keepalive);
  g_test_add_func ("/connection/request/payload/E-45", test_request_payload);
  g_test_add_func ("/connection/request/exec/E-45", test_request_exec);
  g_test_add_func ("/connection/request/exec-refused", test_request_exec_refused);
  g_test_add_func ("/connection/request/signal/E-42", test_request_signal);
  g_test_add_func ("/connection/request/exit-status/E-39", test_request_exit_status);
  g_test_add_func ("/connection/request/without-type/T-12", test_request_without_type);
  g_test_add_func ("/connection/request/cancelled/T-65/E-31", test_request_cancelled);
  g_test_add_func ("/connection/request/cancelled-unsent/T-65/E-31", test_request_cancelled_unsent);
  g_test_add_func ("/connection/request/session-cancelled/T-65/E-31", test_request_session_cancelled);
  g_test_add_func ("/connection/request/handler-closes/T-64/E-30", test_request_handler_closes);
  g_test_add_func ("/connection/request/close-ends/T-52", test_request_close_ends);
  g_test_add_func ("/connection/request/on-closed", test_request_on_closed);
  g_test_add_func ("/connection/request/abort/E-45", test_request_abort);
  g_test_add_func ("/connection/request/reply-behind-data", test_request_reply_behind_data);
  g_test_add_func ("/connection/request/place-of-reply", test_request_place_of_reply);
  g_test_add_func ("/connection/request/open-in-handler/E-29", test_request_open_in_handler);
  g_test_add_func ("/connection/request/open-waits/E-29", test_request_open_waits);
  g_test_add_func ("/connection/request/open-waits-for-itself/E-29", test_request_open_waits_for_itself);
  g_test_add_func ("/connection/request/open-behind-no", test_request_open_behind_no);
  g_test_add_func ("/connection/request/before-accept", test_request_before_accept);
  g_test_add_func ("/connection/request/long-before-accept", test_request_long_before_accept);
  g_test_add_func ("/connection/request/as-heard/E-29", test_request_as_heard);
  g_test_add_func ("/connection/request/heavy/T-48", test_request_heavy);
  g_test_add_func ("/connection/request/long-opening/T-48", test_request_long_opening);
  g_test_add_func ("/connection/request/too-long/T-10", test_request_too_long);
  g_test_add_func ("/connection/request/never-heard", test_request_never_heard);

  return g_test_run ();
}
