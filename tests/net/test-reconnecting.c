/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sessions that lose their connection and get another one, as a client and a server know them (protocol.md 3.5, 12). */
#include "net-util.h"

#include <libdevssh/session/devssh-session-private.h>

typedef struct
{
  Fixture              net;
  DevSshClientSession *session;
  DevSshServerSession *theirs;
  DevSshChannel       *channel;           /* of session; the server sends back what comes */
  gsize                received;
  guint                n_disconnected[2];
  guint                n_reconnected;
  guint                n_shown;           /* of the server's sessions, when it was told of the last reconnect */
  guint                n_merged;          /* sessions that have ended without a reason */
  DevSshContext       *newest;            /* the session's that was opened last; borrowed */
} ReconnectFixture;

static void
test_echo_cb (DevSshChannel *channel,
              GBytes        *data,
              gpointer       user_data)
{
  devssh_channel_send_async (channel, data, NULL, NULL, NULL);
}

static gboolean
test_opening_cb (DevSshServer         *server,
                 DevSshServerSession  *session,
                 DevSshChannelOpening *opening,
                 gpointer              user_data)
{
  g_signal_connect (devssh_channel_opening_get_channel (opening), "data", G_CALLBACK (test_echo_cb), NULL);
  devssh_channel_opening_accept (opening);
  return TRUE;
}

static void
test_received_cb (DevSshChannel    *channel,
                  GBytes           *data,
                  ReconnectFixture *self)
{
  self->received += g_bytes_get_size (data);
}

/* In any thread. */
static void
test_disconnected_cb (DevSshSession *session,
                      const GError  *error,
                      gpointer       user_data)
{
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
  g_atomic_int_inc ((gint *) user_data);
  g_main_context_wakeup (NULL);
}

static void
test_reconnected_cb (DevSshServerSession *session,
                     gpointer             user_data)
{
  ReconnectFixture *self = user_data;

  g_assert_true (devssh_session_get_is_connected (DEVSSH_SESSION (session)));
  if (devssh_server_get_threads (self->net.server) == 0)
    self->n_shown = test_count (devssh_server_get_sessions (self->net.server));
  g_atomic_int_inc ((gint *) &self->n_reconnected);
  g_main_context_wakeup (NULL);
}

static void
test_session_opened_cb (DevSshServer        *server,
                        DevSshServerSession *session,
                        ReconnectFixture    *self)
{
  self->newest = devssh_session_get_private (DEVSSH_SESSION (session))->context;
}

static void
test_session_closed_cb (DevSshServer        *server,
                        DevSshServerSession *session,
                        ReconnectFixture    *self)
{
  if (devssh_session_get_disconnect_reason (DEVSSH_SESSION (session)) == DEVSSH_DISCONNECT_REASON_NONE)
    self->n_merged++;
}

static guint
test_n_reconnectable (ReconnectFixture *self)
{
  return test_count (G_LIST_MODEL (devssh_server_get_reconnectable_sessions (self->net.server)));
}

static void
test_init_with (ReconnectFixture    *self,
                DevSshSessionConfig *config,
                guint                threads)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  memset (self, 0, sizeof *self);
  test_fixture_init_with (&self->net, config);
  devssh_server_set_threads (self->net.server, threads);
  g_signal_connect (self->net.server, "session-channel-opening", G_CALLBACK (test_opening_cb), NULL);
  g_signal_connect (self->net.server, "session-opened", G_CALLBACK (test_session_opened_cb), self);
  g_signal_connect (self->net.server, "session-closed", G_CALLBACK (test_session_closed_cb), self);
  self->session = test_fixture_connect (&self->net);
  test_fixture_log_in (&self->net, self->session);
  self->theirs = g_object_ref (self->net.last);
  g_signal_connect (self->session, "disconnected", G_CALLBACK (test_disconnected_cb), &self->n_disconnected[0]);
  g_signal_connect (self->theirs, "disconnected", G_CALLBACK (test_disconnected_cb), &self->n_disconnected[1]);
  g_signal_connect (self->theirs, "reconnected", G_CALLBACK (test_reconnected_cb), self);
  devssh_session_open_channel_async (DEVSSH_SESSION (self->session), NULL, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  self->channel = devssh_session_open_channel_finish (DEVSSH_SESSION (self->session), result, &error);
  g_assert_no_error (error);
  g_signal_connect (self->channel, "data", G_CALLBACK (test_received_cb), self);
}

/* Both ends know that they can. */
static void
test_init (ReconnectFixture *self,
           guint             threads)
{
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new_with_reconnect ();
  g_autoptr(GAsyncResult) enabled = NULL;
  g_autoptr(GError) error = NULL;

  test_init_with (self, config, threads);
  devssh_session_wait_until_reconnect_enabled_async (DEVSSH_SESSION (self->session), NULL, test_keep_result_cb, &enabled);
  test_spin_until (enabled != NULL && test_n_reconnectable (self) == 1);
  g_assert_true (devssh_session_wait_until_reconnect_enabled_finish (DEVSSH_SESSION (self->session), enabled, &error));
  g_assert_no_error (error);
}

static void
test_clear (ReconnectFixture *self)
{
  devssh_channel_close (self->channel);
  g_clear_object (&self->channel);
  g_signal_handlers_disconnect_by_data (self->theirs, self);
  g_signal_handlers_disconnect_by_data (self->theirs, &self->n_disconnected[1]);
  g_clear_object (&self->theirs);
  g_signal_handlers_disconnect_by_data (self->session, &self->n_disconnected[0]);
  g_clear_object (&self->session);
  if (self->net.server != NULL)
    g_signal_handlers_disconnect_by_data (self->net.server, self);
  test_fixture_clear (&self->net);
}

static void
test_send (ReconnectFixture *self,
           gsize             length)
{
  g_autofree char *text = g_strnfill (length, 'x');
  g_autoptr(GBytes) bytes = g_bytes_new (text, length);

  devssh_channel_send_async (self->channel, bytes, NULL, NULL, NULL);
}

/* The wire breaks, and both ends see it. */
static void
test_cut (ReconnectFixture *self)
{
  GIOStream *stream = devssh_session_get_private (DEVSSH_SESSION (self->session))->stream;
  guint before = (guint) g_atomic_int_get ((gint *) &self->n_disconnected[1]);

  g_socket_shutdown (g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream)), TRUE, TRUE, NULL);
  test_spin_until (!devssh_session_get_is_connected (DEVSSH_SESSION (self->session)) &&
                   (guint) g_atomic_int_get ((gint *) &self->n_disconnected[1]) == before + 1);
}

static gboolean
test_reconnect (ReconnectFixture  *self,
                GError           **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  devssh_client_reconnect_async (self->net.client, self->session, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  return devssh_client_reconnect_finish (self->net.client, result, error);
}

#define assert_refused(self, domain, code) \
  G_STMT_START { \
    g_autoptr(GError) _error = NULL; \
    g_assert_false (test_reconnect (self, &_error)); \
    g_assert_error (_error, domain, code); \
  } G_STMT_END

/* ---- */

/* What is sent while up and while down arrives; what was the way to a new connection is never seen as a session of its own. */
static void
test_reconnects (void)
{
  ReconnectFixture self;
  gsize sent = 0;

  test_init (&self, 0);
  devssh_server_set_max_startups (self.net.server, 1);
  for (guint i = 1; i <= 3; i++)
    {
      g_autoptr(GError) error = NULL;

      test_send (&self, 100000);
      test_cut (&self);
      sent += 100000;
      /* It is there, at both ends. */
      g_assert_false (devssh_session_get_is_closed (DEVSSH_SESSION (self.session)));
      g_assert_cmpuint (test_count (devssh_server_get_sessions (self.net.server)), ==, 1);
      g_assert_cmpuint (test_count (devssh_client_get_sessions (self.net.client)), ==, 1);
      g_assert_cmpuint (test_n_reconnectable (&self), ==, 1);

      test_send (&self, 1000);
      sent += 1000;
      g_assert_true (test_reconnect (&self, &error));
      g_assert_no_error (error);
      test_spin_until (self.received == sent);
      g_assert_cmpuint (self.n_reconnected, ==, i);
      g_assert_cmpuint (self.n_shown, ==, 1);
      g_assert_cmpuint (self.n_merged, ==, i);
      g_assert_cmpuint (self.net.n_opened, ==, 1 + i);
      g_assert_cmpuint (self.net.n_closed, ==, i);
      g_assert_cmpuint (test_count (devssh_server_get_sessions (self.net.server)), ==, 1);
      g_assert_cmpuint (test_n_reconnectable (&self), ==, 1);
    }
  g_assert_cmpuint (self.n_disconnected[0], ==, 3);
  g_assert_cmpuint (self.net.n_logins, ==, 1);
  g_assert_cmpuint (devssh_session_metrics_get_reconnections (devssh_session_get_metrics (DEVSSH_SESSION (self.session))), ==, 3);
  test_clear (&self);
}

/* The time to log in is for those who have not: not for a session that is back, nor for its client's way to it. */
static void
test_login_grace (void)
{
  g_autoptr(GError) error = NULL;
  ReconnectFixture self;

  test_init (&self, 0);
  devssh_server_set_login_grace (self.net.server, 10);
  test_cut (&self);
  g_assert_true (test_reconnect (&self, &error));
  g_assert_no_error (error);
  test_spin_until (self.n_reconnected == 1);
  devssh_context_advance_clock (self.net.context, 11 * G_TIME_SPAN_SECOND);
  test_settle ();
  test_send (&self, 1000);
  test_spin_until (self.received == 1000);
  g_assert_cmpuint (self.n_merged, ==, 1);
  test_clear (&self);
}

/* A client that does not come back is forgotten, when the collection says so. */
static void
test_timeout (void)
{
  ReconnectFixture self;

  test_init (&self, 0);
  devssh_reconnectable_sessions_set_timeout (devssh_server_get_reconnectable_sessions (self.net.server), 60);
  test_cut (&self);
  devssh_context_advance_clock (self.net.context, 59 * G_TIME_SPAN_SECOND);
  test_settle ();
  g_assert_false (devssh_session_get_is_closed (DEVSSH_SESSION (self.theirs)));
  devssh_context_advance_clock (self.net.context, 2 * G_TIME_SPAN_SECOND);
  test_spin_until (devssh_session_get_is_closed (DEVSSH_SESSION (self.theirs)));
  test_settle ();
  g_assert_cmpuint (test_count (devssh_server_get_sessions (self.net.server)), ==, 0);
  g_assert_cmpuint (test_n_reconnectable (&self), ==, 0);

  assert_refused (&self, DEVSSH_RECONNECT_ERROR, DEVSSH_RECONNECT_FAILURE_SESSION_NOT_FOUND);
  g_assert_false (devssh_session_get_is_closed (DEVSSH_SESSION (self.session)));
  test_clear (&self);
}

static void
test_refusals (void)
{
  g_autoptr(DevSshClient) stranger = devssh_client_new (NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(GAsyncResult) cancelled = NULL;
  g_autoptr(GAsyncResult) strange = NULL;
  g_autoptr(GError) error = NULL;
  ReconnectFixture self;

  test_init (&self, 0);
  assert_refused (&self, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);

  test_cut (&self);
  devssh_client_reconnect_async (stranger, self.session, NULL, test_keep_result_cb, &strange);
  test_spin_until (strange != NULL);
  g_assert_false (devssh_client_reconnect_finish (stranger, strange, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  g_clear_error (&error);

  /* Given up, before and while it dials: the session is where it was. */
  devssh_client_reconnect_async (self.net.client, self.session, cancellable, test_keep_result_cb, &cancelled);
  g_cancellable_cancel (cancellable);
  test_spin_until (cancelled != NULL);
  g_assert_false (devssh_client_reconnect_finish (self.net.client, cancelled, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_clear_object (&cancelled);
  devssh_client_reconnect_async (self.net.client, self.session, cancellable, test_keep_result_cb, &cancelled);
  test_spin_until (cancelled != NULL);
  g_assert_false (devssh_client_reconnect_finish (self.net.client, cancelled, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  /* Once at a time. */
  devssh_client_reconnect_async (self.net.client, self.session, NULL, test_keep_result_cb, &first);
  devssh_client_reconnect_async (self.net.client, self.session, NULL, test_keep_result_cb, &second);
  test_spin_until (first != NULL && second != NULL);
  g_assert_false (devssh_client_reconnect_finish (self.net.client, second, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  g_clear_error (&error);
  g_assert_true (devssh_client_reconnect_finish (self.net.client, first, &error));
  g_assert_no_error (error);
  test_send (&self, 1000);
  test_spin_until (self.received == 1000);

  devssh_session_close (DEVSSH_SESSION (self.session), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "done");
  assert_refused (&self, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);
  test_clear (&self);
}

static void
test_ended_while_dialling (void)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  ReconnectFixture self;

  test_init (&self, 0);
  test_cut (&self);
  devssh_client_reconnect_async (self.net.client, self.session, NULL, test_keep_result_cb, &result);
  devssh_session_close (DEVSSH_SESSION (self.session), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "done");
  test_spin_until (result != NULL);
  g_assert_false (devssh_client_reconnect_finish (self.net.client, result, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);
  test_clear (&self);
}

static void
test_client_closed (void)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  ReconnectFixture self;

  test_init (&self, 0);
  test_cut (&self);
  devssh_client_reconnect_async (self.net.client, self.session, NULL, test_keep_result_cb, &result);
  devssh_client_close (self.net.client);
  test_spin_until (result != NULL);
  g_assert_false (devssh_client_reconnect_finish (self.net.client, result, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);
  g_assert_true (devssh_session_get_is_closed (DEVSSH_SESSION (self.session)));
  assert_refused (&self, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);
  test_clear (&self);
}

/* Without the extension a lost connection is the end, and the server's collection stays empty. */
static void
test_without (void)
{
  DevSshReconnectableSessions *collection;
  ReconnectFixture self;

  test_init_with (&self, NULL, 0);
  g_object_get (self.net.server, "reconnectable-sessions", &collection, NULL);
  g_assert_true (collection == devssh_server_get_reconnectable_sessions (self.net.server));
  g_object_unref (collection);
  g_assert_null (devssh_server_session_get_reconnectable_sessions (self.theirs));
  g_assert_cmpuint (test_n_reconnectable (&self), ==, 0);

  g_socket_shutdown (g_socket_connection_get_socket (G_SOCKET_CONNECTION (
                       devssh_session_get_private (DEVSSH_SESSION (self.session))->stream)), TRUE, TRUE, NULL);
  test_spin_until (self.net.n_closed == 1);
  g_assert_error (devssh_session_get_error (DEVSSH_SESSION (self.session)), DEVSSH_CONNECTION_ERROR,
                  DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
  assert_refused (&self, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);
  g_assert_cmpuint (self.n_disconnected[0] + self.n_disconnected[1], ==, 0);
  test_clear (&self);
}

/* A stopping server waits for clients that are there, and for no others. */
static void
test_stop (gconstpointer data)
{
  gboolean lost_before = GPOINTER_TO_INT (data);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  ReconnectFixture self;

  test_init (&self, 0);
  if (lost_before)
    test_cut (&self);
  devssh_server_stop_async (self.net.server, 0, NULL, test_keep_result_cb, &result);
  if (!lost_before)
    {
      test_settle ();
      g_assert_null (result);
      g_assert_true (devssh_session_get_is_connected (DEVSSH_SESSION (self.theirs)));
      test_cut (&self);
    }
  test_spin_until (result != NULL);
  g_assert_true (devssh_server_stop_finish (self.net.server, result, &error));
  g_assert_true (devssh_session_get_is_closed (DEVSSH_SESSION (self.theirs)));
  g_assert_cmpuint (test_count (devssh_server_get_sessions (self.net.server)), ==, 0);
  g_assert_cmpuint (test_n_reconnectable (&self), ==, 0);

  assert_refused (&self, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  g_assert_false (devssh_session_get_is_closed (DEVSSH_SESSION (self.session)));
  test_clear (&self);
}

/* Sessions and their collection hold each other, and go all the same. */
static void
test_dropped (gconstpointer data)
{
  DevSshReconnectableSessions *collection;
  ReconnectFixture self;

  test_init (&self, GPOINTER_TO_UINT (data));
  test_cut (&self);
  collection = devssh_server_get_reconnectable_sessions (self.net.server);
  g_object_add_weak_pointer (G_OBJECT (collection), (gpointer *) &collection);
  g_signal_handlers_disconnect_by_data (self.net.server, &self);
  g_signal_handlers_disconnect_by_data (self.net.server, &self.net);
  g_assert_finalize_object (g_steal_pointer (&self.net.server));
  test_spin_until (devssh_session_get_is_closed (DEVSSH_SESSION (self.theirs)));
  test_clear (&self);
  test_spin_until (collection == NULL);
}

/* The new connection begins in the thread that has fewer sessions, and goes on in the other. */
static void
test_threads (void)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) stop_error = NULL;
  ReconnectFixture self;
  gsize sent = 0;

  test_init (&self, 2);
  for (guint i = 1; i <= 10; i++)
    {
      g_autoptr(GError) error = NULL;

      test_send (&self, 300000);
      test_cut (&self);
      test_send (&self, 1000);
      sent += 301000;
      g_assert_true (test_reconnect (&self, &error));
      g_assert_no_error (error);
      test_spin_until (self.received == sent && self.n_merged == i);
      g_assert_cmpint (g_atomic_int_get ((gint *) &self.n_reconnected), ==, i);
      g_assert_true (self.newest != devssh_session_get_private (DEVSSH_SESSION (self.theirs))->context);
      g_assert_cmpuint (test_count (devssh_server_get_sessions (self.net.server)), ==, 1);
    }
  g_assert_cmpuint (self.net.n_logins, ==, 1);

  devssh_session_close (DEVSSH_SESSION (self.session), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "done");
  devssh_server_stop_async (self.net.server, 0, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_true (devssh_server_stop_finish (self.net.server, result, &stop_error));
  test_clear (&self);
}

/* The server goes while a session is on its way from one thread to the other. */
static void
test_threads_closed (void)
{
  for (guint i = 0; i < 20; i++)
    {
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GAsyncResult) stopped = NULL;
      g_autoptr(GError) error = NULL;
      ReconnectFixture self;

      test_init (&self, 2);
      test_cut (&self);
      devssh_client_reconnect_async (self.net.client, self.session, NULL, test_keep_result_cb, &result);
      while (self.net.n_opened < 2)
        g_main_context_iteration (NULL, TRUE);
      for (guint turns = 0; turns < i; turns++)
        g_main_context_iteration (NULL, FALSE);
      devssh_server_close (self.net.server);
      devssh_server_stop_async (self.net.server, 0, NULL, test_keep_result_cb, &stopped);
      test_spin_until (result != NULL && stopped != NULL);
      g_assert_true (devssh_server_stop_finish (self.net.server, stopped, &error));
      g_assert_true (devssh_session_get_is_closed (DEVSSH_SESSION (self.theirs)));
      g_assert_cmpuint (test_n_reconnectable (&self), ==, 0);
      test_clear (&self);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/net/reconnect/again-and-again", test_reconnects);
  g_test_add_func ("/net/reconnect/login-grace", test_login_grace);
  g_test_add_func ("/net/reconnect/timeout", test_timeout);
  g_test_add_func ("/net/reconnect/refusals", test_refusals);
  g_test_add_func ("/net/reconnect/ended-while-dialling", test_ended_while_dialling);
  g_test_add_func ("/net/reconnect/client-closed", test_client_closed);
  g_test_add_func ("/net/reconnect/without", test_without);
  g_test_add_data_func ("/net/reconnect/stop/lost-before", GINT_TO_POINTER (TRUE), test_stop);
  g_test_add_data_func ("/net/reconnect/stop/lost-while", GINT_TO_POINTER (FALSE), test_stop);
  g_test_add_data_func ("/net/reconnect/dropped", GUINT_TO_POINTER (0), test_dropped);
  g_test_add_data_func ("/net/reconnect/dropped/threads", GUINT_TO_POINTER (2), test_dropped);
  g_test_add_func ("/net/reconnect/threads", test_threads);
  g_test_add_func ("/net/reconnect/threads/closed", test_threads_closed);
  return g_test_run ();
}
