/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A server whose sessions are spread over threads (design D20, T-66). */
#include "net-util.h"

#include <string.h>

#define THREADS          8
#define CLIENTS          4
#define ROUNDS           200     /* for each client: THREADS x 100 sessions in all */
#define ECHO_SIZE        1000

typedef struct
{
  Fixture  net;
  GThread *home;
  GMutex   lock;
  GHashTable *seen;              /* (element-type GThread): where questions came */
  gint     n_questions;          /* atomic */
} ThreadsFixture;

static void
test_echo_cb (DevSshChannel *channel,
              GBytes        *data,
              gpointer       user_data)
{
  devssh_channel_send_async (channel, data, NULL, NULL, NULL);
}

static void
test_note_thread (ThreadsFixture *self)
{
  g_assert_true (g_thread_self () != self->home);
  g_mutex_lock (&self->lock);
  g_hash_table_add (self->seen, g_thread_self ());
  g_mutex_unlock (&self->lock);
  g_atomic_int_inc (&self->n_questions);
}

static gboolean
test_authenticating_cb (DevSshServer         *server,
                        DevSshServerSession  *session,
                        DevSshAuthentication *authentication,
                        gpointer              user_data)
{
  test_note_thread (user_data);
  devssh_authentication_accept (authentication, NULL);
  return TRUE;
}

static gboolean
test_opening_cb (DevSshServer         *server,
                 DevSshServerSession  *session,
                 DevSshChannelOpening *opening,
                 gpointer              user_data)
{
  test_note_thread (user_data);
  g_signal_connect (devssh_channel_opening_get_channel (opening), "data", G_CALLBACK (test_echo_cb), NULL);
  devssh_channel_opening_accept (opening);
  return TRUE;
}

static void
test_home_cb (DevSshServer        *server,
              DevSshServerSession *session,
              gpointer             user_data)
{
  ThreadsFixture *self = user_data;

  g_assert_true (g_thread_self () == self->home);
}

static void
test_threads_init (ThreadsFixture *self)
{
  test_fixture_init (&self->net);
  self->home = g_thread_self ();
  g_mutex_init (&self->lock);
  self->seen = g_hash_table_new (NULL, NULL);
  self->n_questions = 0;
  g_signal_handlers_disconnect_matched (self->net.server, G_SIGNAL_MATCH_ID | G_SIGNAL_MATCH_DATA,
                                        g_signal_lookup ("session-authenticating", DEVSSH_TYPE_SERVER), 0, NULL, NULL,
                                        &self->net);
  g_signal_connect (self->net.server, "session-authenticating", G_CALLBACK (test_authenticating_cb), self);
  g_signal_connect (self->net.server, "session-channel-opening", G_CALLBACK (test_opening_cb), self);
  g_signal_connect (self->net.server, "session-opened", G_CALLBACK (test_home_cb), self);
  g_signal_connect (self->net.server, "session-closed", G_CALLBACK (test_home_cb), self);
  devssh_server_set_max_startups_per_address (self->net.server, 0);
  devssh_server_set_threads (self->net.server, THREADS);
}

/* Threads whose server is gone end by themselves. */
static gboolean
test_is_threaded (void)
{
  g_autoptr(GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  const char *name;

  while (tasks != NULL && (name = g_dir_read_name (tasks)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", name, "comm", NULL);
      g_autofree char *comm = NULL;

      if (g_file_get_contents (path, &comm, NULL, NULL) && g_str_has_prefix (comm, "devssh-worker"))
        return TRUE;
    }
  return FALSE;
}

static void
test_threads_clear (ThreadsFixture *self)
{
  test_fixture_clear (&self->net);
  test_spin_until (!test_is_threaded ());
  test_settle ();
  g_hash_table_unref (self->seen);
  g_mutex_clear (&self->lock);
}

/* ---- a client in a thread of its own ---- */

typedef struct
{
  guint16         port;
  DevSshClient   *client;
  GMainContext   *context;
  guint           n_echoed;
} Client;

static void
test_count_data_cb (DevSshChannel *channel,
                    GBytes        *data,
                    gpointer       user_data)
{
  *(gsize *) user_data += g_bytes_get_size (data);
}

#define client_wait(self, result) \
  while ((result) == NULL) \
    g_main_context_iteration ((self)->context, TRUE)

static DevSshClientSession *
client_log_in (Client *self)
{
  g_autoptr(DevSshClientCredentials) user = devssh_client_credentials_new ("alice");
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) login = NULL;
  g_autoptr(GError) error = NULL;
  DevSshClientSession *session;

  devssh_client_connect_to_host_async (self->client, "127.0.0.1", self->port, NULL, test_keep_result_cb, &result);
  client_wait (self, result);
  session = devssh_client_connect_to_host_finish (self->client, result, &error);
  g_assert_no_error (error);
  g_signal_connect (session, "authenticating", G_CALLBACK (test_host_cb), NULL);
  devssh_client_credentials_set_password (user, "secret");
  devssh_client_session_authenticate_async (session, user, NULL, test_keep_result_cb, &login);
  client_wait (self, login);
  g_assert_true (devssh_client_session_authenticate_finish (session, login, &error));
  g_assert_no_error (error);
  return session;
}

static void
client_round (Client *self,
              GBytes *data)
{
  g_autoptr(DevSshClientSession) session = client_log_in (self);
  g_autoptr(DevSshChannel) channel = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) closed = NULL;
  g_autoptr(GError) error = NULL;
  gsize received = 0;

  devssh_session_open_channel_async (DEVSSH_SESSION (session), NULL, NULL, test_keep_result_cb, &result);
  client_wait (self, result);
  channel = devssh_session_open_channel_finish (DEVSSH_SESSION (session), result, &error);
  g_assert_no_error (error);
  g_signal_connect (channel, "data", G_CALLBACK (test_count_data_cb), &received);
  devssh_channel_send_async (channel, data, NULL, NULL, NULL);
  while (received < ECHO_SIZE)
    g_main_context_iteration (self->context, TRUE);
  g_assert_cmpuint (received, ==, ECHO_SIZE);
  self->n_echoed++;
  devssh_session_close_async (DEVSSH_SESSION (session), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "done", NULL,
                              test_keep_result_cb, &closed);
  client_wait (self, closed);
}

static gpointer
client_thread (gpointer data)
{
  Client *self = data;
  g_autofree char *text = g_strnfill (ECHO_SIZE, 'x');
  g_autoptr(GBytes) bytes = g_bytes_new (text, ECHO_SIZE);

  self->context = g_main_context_new ();
  g_main_context_push_thread_default (self->context);
  self->client = devssh_client_new (NULL);
  for (int i = 0; i < ROUNDS; i++)
    client_round (self, bytes);
  g_clear_object (&self->client);
  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_main_context_pop_thread_default (self->context);
  g_main_context_unref (self->context);
  g_main_context_wakeup (NULL);
  return NULL;
}

static void
test_many_sessions (void)
{
  Client clients[CLIENTS] = { 0 };
  GThread *threads[CLIENTS];
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  GListModel *sessions;
  guint64 bytes = 0;
  ThreadsFixture self;

  test_threads_init (&self);
  sessions = devssh_server_get_sessions (self.net.server);
  for (int i = 0; i < CLIENTS; i++)
    {
      clients[i].port = self.net.port;
      threads[i] = g_thread_new ("client", client_thread, &clients[i]);
    }

  /* Meanwhile this thread reads what it may. */
  while (self.net.n_closed < CLIENTS * ROUNDS)
    {
      g_main_context_iteration (NULL, TRUE);
      for (guint i = 0; i < g_list_model_get_n_items (sessions); i++)
        {
          g_autoptr(DevSshSession) session = g_list_model_get_item (sessions, i);

          bytes += devssh_session_metrics_get_bytes_sent (devssh_session_get_metrics (session));
          if (devssh_session_get_is_connected (session))
            g_assert_nonnull (devssh_session_get_remote_version (session));
          if (devssh_session_get_is_authenticated (session))
            g_assert_cmpstr (devssh_server_session_get_user_name (DEVSSH_SERVER_SESSION (session)), ==, "alice");
          if (devssh_session_get_is_closed (session))
            g_assert_nonnull (devssh_session_get_error (session));
        }
    }
  for (int i = 0; i < CLIENTS; i++)
    {
      g_thread_join (threads[i]);
      g_assert_cmpuint (clients[i].n_echoed, ==, ROUNDS);
    }
  g_assert_cmpuint (self.net.n_opened, ==, CLIENTS * ROUNDS);
  g_assert_cmpint (g_atomic_int_get (&self.n_questions), ==, 2 * CLIENTS * ROUNDS);
  g_assert_cmpuint (bytes, >, 0);
  g_assert_cmpuint (g_hash_table_size (self.seen), >=, CLIENTS);

  devssh_server_stop_async (self.net.server, 0, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_true (devssh_server_stop_finish (self.net.server, result, &error));
  test_threads_clear (&self);
}

/* What must be done in a session's own thread is refused in any other, and said loudly. */
static void
test_wrong_thread (void)
{
  g_autoptr(DevSshClientSession) session = NULL;
  g_autoptr(DevSshServerSession) theirs = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  ThreadsFixture self;

  test_threads_init (&self);
  session = test_fixture_connect (&self.net);
  test_fixture_log_in (&self.net, session);
  theirs = g_object_ref (self.net.last);

  g_test_expect_message ("devssh", G_LOG_LEVEL_CRITICAL, "*called in a thread that does not run*");
  devssh_session_open_channel_async (DEVSSH_SESSION (theirs), NULL, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  g_test_assert_expected_messages ();
  g_assert_null (devssh_session_open_channel_finish (DEVSSH_SESSION (theirs), result, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_WRONG_THREAD);

  /* Closing is allowed, and comes from there. */
  devssh_session_close (DEVSSH_SESSION (theirs), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "from afar");
  test_spin_until (devssh_session_get_is_closed (DEVSSH_SESSION (session)) && self.net.n_closed == 1);
  g_assert_true (devssh_session_get_is_closed (DEVSSH_SESSION (theirs)));
  g_assert_cmpint (devssh_session_get_disconnect_reason (DEVSSH_SESSION (session)), ==,
                   DEVSSH_DISCONNECT_REASON_BY_APPLICATION);
  test_threads_clear (&self);
}

/* A handler in the server's own context closes the session before it has begun. */
static void
test_close_opened_cb (DevSshServer        *server,
                      DevSshServerSession *session,
                      gpointer             user_data)
{
  devssh_session_close (DEVSSH_SESSION (session), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "not you");
}

static void
test_refused_at_once (void)
{
  g_autoptr(DevSshClientSession) session = NULL;
  g_autoptr(GError) error = NULL;
  ThreadsFixture self;

  test_threads_init (&self);
  g_signal_connect (self.net.server, "session-opened", G_CALLBACK (test_close_opened_cb), NULL);
  session = test_fixture_try (&self.net, "127.0.0.1", &error);
  g_assert_null (session);
  g_assert_nonnull (error);
  test_spin_until (self.net.n_closed == 1);
  g_assert_cmpint (g_atomic_int_get (&self.n_questions), ==, 0);
  test_threads_clear (&self);
}

/* Nobody waits for the threads, and they go all the same; a session outlives its thread. */
static void
test_dropped (void)
{
  DevSshClientSession *sessions[THREADS];
  g_autoptr(DevSshServerSession) theirs = NULL;
  ThreadsFixture self;

  test_threads_init (&self);
  for (int i = 0; i < THREADS; i++)
    {
      sessions[i] = test_fixture_connect (&self.net);
      test_fixture_log_in (&self.net, sessions[i]);
    }
  theirs = g_object_ref (self.net.last);
  g_signal_handlers_disconnect_by_data (self.net.server, &self);
  g_assert_finalize_object (g_steal_pointer (&self.net.server));
  for (int i = 0; i < THREADS; i++)
    {
      test_spin_until (devssh_session_get_is_closed (DEVSSH_SESSION (sessions[i])));
      g_object_unref (sessions[i]);
    }
  test_threads_clear (&self);
}

static void
test_threads_changed (void)
{
  g_autoptr(DevSshClientSession) first = NULL;
  g_autoptr(DevSshClientSession) second = NULL;
  g_autoptr(DevSshServerSession) foreign = NULL;
  ThreadsFixture self;

  test_threads_init (&self);
  first = test_fixture_connect (&self.net);
  test_fixture_log_in (&self.net, first);
  foreign = g_object_ref (self.net.last);

  devssh_server_set_threads (self.net.server, 0);
  g_signal_handlers_disconnect_by_func (self.net.server, test_authenticating_cb, &self);
  second = test_fixture_connect (&self.net);
  /* In our own context it may be used. */
  devssh_session_close (DEVSSH_SESSION (self.net.last), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "");
  g_assert_true (devssh_session_get_is_closed (DEVSSH_SESSION (self.net.last)));
  g_assert_false (devssh_session_get_is_closed (DEVSSH_SESSION (foreign)));
  test_threads_clear (&self);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/net/server/threads/T-66/many-sessions", test_many_sessions);
  g_test_add_func ("/net/server/threads/T-66/wrong-thread", test_wrong_thread);
  g_test_add_func ("/net/server/threads/refused-at-once", test_refused_at_once);
  g_test_add_func ("/net/server/threads/dropped", test_dropped);
  g_test_add_func ("/net/server/threads/changed", test_threads_changed);
  return g_test_run ();
}
