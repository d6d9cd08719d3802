/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A server that stops: at once, or when its sessions are done. */
#include "net-util.h"

typedef struct
{
  Fixture              net;
  DevSshClientSession *idle;          /* no channel */
  DevSshClientSession *busy;
  DevSshChannel       *channel;       /* of busy */
  GAsyncResult        *result;        /* of stop */
} StopFixture;

static gboolean
test_opening_cb (DevSshServer         *server,
                 DevSshServerSession  *session,
                 DevSshChannelOpening *opening,
                 gpointer              user_data)
{
  devssh_channel_opening_accept (opening);
  return TRUE;
}

/* The clock of the server goes faster meanwhile. */
#define spin_with_clock(self, condition) \
  G_STMT_START { \
    while (!(condition)) \
      { \
        devssh_context_advance_clock ((self)->net.context, 10 * G_TIME_SPAN_MILLISECOND); \
        g_main_context_iteration (NULL, FALSE); \
      } \
  } G_STMT_END

static void
test_stop_init (StopFixture *self)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  test_fixture_init (&self->net);
  self->result = NULL;
  g_signal_connect (self->net.server, "session-channel-opening", G_CALLBACK (test_opening_cb), NULL);
  self->idle = test_fixture_connect (&self->net);
  test_fixture_log_in (&self->net, self->idle);
  self->busy = test_fixture_connect (&self->net);
  test_fixture_log_in (&self->net, self->busy);
  devssh_session_open_channel_async (DEVSSH_SESSION (self->busy), NULL, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  self->channel = devssh_session_open_channel_finish (DEVSSH_SESSION (self->busy), result, &error);
  g_assert_no_error (error);
}

static void
test_stop_clear (StopFixture *self)
{
  g_clear_object (&self->channel);
  g_clear_object (&self->idle);
  g_clear_object (&self->busy);
  g_clear_object (&self->result);
  test_fixture_clear (&self->net);
}

static void
test_stop_drains (void)
{
  g_autoptr(DevSshClientSession) late = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) refused = NULL;
  StopFixture self;

  test_stop_init (&self);
  devssh_server_stop_async (self.net.server, 0, NULL, test_keep_result_cb, &self.result);
  g_assert_cmpuint (devssh_server_get_port (self.net.server), ==, 0);
  g_assert_cmpuint (test_count (devssh_server_get_addresses (self.net.server)), ==, 0);

  /* Nobody new; who has nothing to do goes; who has stays. */
  late = test_fixture_try (&self.net, "127.0.0.1", &refused);
  g_assert_error (refused, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  test_spin_until (devssh_session_get_is_closed (DEVSSH_SESSION (self.idle)));
  g_assert_error (devssh_session_get_error (DEVSSH_SESSION (self.idle)), DEVSSH_CONNECTION_ERROR,
                  DEVSSH_DISCONNECT_REASON_BY_APPLICATION);
  test_settle ();
  g_assert_false (devssh_session_get_is_closed (DEVSSH_SESSION (self.busy)));
  g_assert_null (self.result);

  /* Who has heard the last word has a moment to go. */
  devssh_channel_close (self.channel);
  test_settle ();
  g_assert_false (devssh_session_get_is_closed (DEVSSH_SESSION (self.busy)));
  spin_with_clock (&self, self.result != NULL);
  g_assert_true (devssh_server_stop_finish (self.net.server, self.result, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (test_count (devssh_server_get_sessions (self.net.server)), ==, 0);
  g_assert_cmpuint (self.net.n_closed, ==, 2);
  test_stop_clear (&self);
}

static void
test_stop_timeout (void)
{
  g_autoptr(GError) error = NULL;
  StopFixture self;

  test_stop_init (&self);
  devssh_server_stop_async (self.net.server, 30, NULL, test_keep_result_cb, &self.result);
  test_spin_until (devssh_session_get_is_closed (DEVSSH_SESSION (self.idle)));
  devssh_context_advance_clock (self.net.context, 29 * G_TIME_SPAN_SECOND);
  test_settle ();
  g_assert_false (devssh_session_get_is_closed (DEVSSH_SESSION (self.busy)));
  devssh_context_advance_clock (self.net.context, 2 * G_TIME_SPAN_SECOND);
  test_spin_until (self.result != NULL);
  g_assert_true (devssh_server_stop_finish (self.net.server, self.result, &error));
  test_spin_until (devssh_session_get_is_closed (DEVSSH_SESSION (self.busy)));
  test_stop_clear (&self);
}

static void
test_stop_cancelled (void)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) pending = NULL;
  StopFixture self;

  test_stop_init (&self);
  devssh_server_stop_async (self.net.server, 0, cancellable, test_keep_result_cb, &self.result);
  devssh_server_stop_async (self.net.server, 0, NULL, test_keep_result_cb, &second);
  test_spin_until (second != NULL);
  g_assert_false (devssh_server_stop_finish (self.net.server, second, &pending));
  g_assert_error (pending, G_IO_ERROR, G_IO_ERROR_PENDING);

  g_cancellable_cancel (cancellable);
  test_spin_until (self.result != NULL);
  g_assert_false (devssh_server_stop_finish (self.net.server, self.result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  /* What has begun goes on. */
  g_assert_false (devssh_session_get_is_closed (DEVSSH_SESSION (self.busy)));
  devssh_channel_close (self.channel);
  spin_with_clock (&self, devssh_session_get_is_closed (DEVSSH_SESSION (self.busy)));
  test_stop_clear (&self);
}

static void
test_stop_then_close (void)
{
  g_autoptr(GError) error = NULL;
  StopFixture self;

  test_stop_init (&self);
  devssh_server_stop_async (self.net.server, 0, NULL, test_keep_result_cb, &self.result);
  devssh_server_close (self.net.server);
  test_spin_until (self.result != NULL);
  g_assert_true (devssh_server_stop_finish (self.net.server, self.result, &error));
  test_stop_clear (&self);
}

static void
test_stop_idle (void)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) closed = NULL;
  Fixture self;

  test_fixture_init (&self);
  devssh_server_stop_async (self.server, 0, NULL, test_keep_result_cb, &result);
  g_assert_null (result);
  test_spin_until (result != NULL);
  g_assert_true (devssh_server_stop_finish (self.server, result, &error));
  g_assert_cmpuint (devssh_server_listen (self.server, NULL, 0, &closed), ==, 0);
  g_assert_error (closed, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);
  test_fixture_clear (&self);
}

/* The moment that a client has is not longer than its session, nor than the thread it ran in. */
static void
test_stop_leaves_nothing (gconstpointer data)
{
  g_autoptr(DevSshClientSession) session = NULL;
  g_autoptr(DevSshChannel) channel = NULL;
  g_autoptr(GAsyncResult) opened = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(DevSshServerSession) theirs = NULL;
  g_autoptr(GError) error = NULL;
  Fixture self;
  GWeakRef gone;

  test_fixture_init (&self);
  devssh_server_set_threads (self.server, GPOINTER_TO_UINT (data));
  g_signal_connect (self.server, "session-channel-opening", G_CALLBACK (test_opening_cb), NULL);
  session = test_fixture_connect (&self);
  g_weak_ref_init (&gone, self.last);
  test_fixture_log_in (&self, session);
  devssh_session_open_channel_async (DEVSSH_SESSION (session), NULL, NULL, test_keep_result_cb, &opened);
  test_spin_until (opened != NULL);
  channel = devssh_session_open_channel_finish (DEVSSH_SESSION (session), opened, &error);
  g_assert_no_error (error);

  devssh_server_stop_async (self.server, 0, NULL, test_keep_result_cb, &result);
  devssh_channel_close (channel);
  test_settle ();
  devssh_session_close (DEVSSH_SESSION (session), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "seen it");
  test_spin_until (result != NULL);
  g_assert_true (devssh_server_stop_finish (self.server, result, &error));
  test_settle ();
  theirs = g_weak_ref_get (&gone);
  g_assert_null (theirs);
  g_weak_ref_clear (&gone);
  test_fixture_clear (&self);
}

/* ---- requests of channels ---- */

typedef struct
{
  guint    server_asked;
  guint    own_asked;
  gboolean own_answers;
} Asked;

static gboolean
test_server_channel_request_cb (DevSshServer         *server,
                                DevSshServerSession  *session,
                                DevSshChannelRequest *request,
                                gpointer              user_data)
{
  Asked *asked = user_data;

  asked->server_asked++;
  g_assert_true (DEVSSH_IS_SERVER_SESSION (session));
  devssh_channel_request_complete (request, TRUE);
  return TRUE;
}

static gboolean
test_own_request_cb (DevSshChannel        *channel,
                     DevSshChannelRequest *request,
                     gpointer              user_data)
{
  Asked *asked = user_data;

  asked->own_asked++;
  if (!asked->own_answers)
    return FALSE;
  devssh_channel_request_complete (request, FALSE);
  return TRUE;
}

static gboolean
test_opening_with_handler_cb (DevSshServer         *server,
                              DevSshServerSession  *session,
                              DevSshChannelOpening *opening,
                              gpointer              user_data)
{
  g_signal_connect (devssh_channel_opening_get_channel (opening), "request", G_CALLBACK (test_own_request_cb), user_data);
  devssh_channel_opening_accept (opening);
  return TRUE;
}

static void
test_channel_request (void)
{
  g_autoptr(DevSshClientSession) session = NULL;
  g_autoptr(DevSshChannel) channel = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  Asked asked = { 0 };
  Fixture self;

  test_fixture_init (&self);
  g_signal_connect (self.server, "session-channel-opening", G_CALLBACK (test_opening_with_handler_cb), &asked);
  g_signal_connect (self.server, "session-channel-request", G_CALLBACK (test_server_channel_request_cb), &asked);
  session = test_fixture_connect (&self);
  test_fixture_log_in (&self, session);
  devssh_session_open_channel_async (DEVSSH_SESSION (session), NULL, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  channel = devssh_session_open_channel_finish (DEVSSH_SESSION (session), result, &error);
  g_assert_no_error (error);

  /* The channel's own handler first, then the server's. */
  for (int i = 0; i < 2; i++)
    {
      gboolean ok;

      asked.own_answers = i == 1;
      g_clear_object (&result);
      devssh_channel_request_async (channel, "test@example.org", TRUE, NULL, NULL, test_keep_result_cb, &result);
      test_spin_until (result != NULL);
      ok = devssh_channel_request_finish (channel, result, &error);
      g_assert_no_error (error);
      g_assert_cmpint (ok, ==, i == 0);
    }
  g_assert_cmpuint (asked.own_asked, ==, 2);
  g_assert_cmpuint (asked.server_asked, ==, 1);
  test_fixture_clear (&self);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/net/server/stop/drains", test_stop_drains);
  g_test_add_func ("/net/server/stop/timeout", test_stop_timeout);
  g_test_add_func ("/net/server/stop/T-65/cancelled", test_stop_cancelled);
  g_test_add_func ("/net/server/stop/then-close", test_stop_then_close);
  g_test_add_func ("/net/server/stop/idle", test_stop_idle);
  g_test_add_data_func ("/net/server/stop/leaves-nothing/here", GUINT_TO_POINTER (0), test_stop_leaves_nothing);
  g_test_add_data_func ("/net/server/stop/leaves-nothing/thread/T-92", GUINT_TO_POINTER (1), test_stop_leaves_nothing);
  g_test_add_func ("/net/server/channel-request", test_channel_request);
  return g_test_run ();
}
