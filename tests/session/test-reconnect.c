/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sessions that lose their connection and go on over another one, as an application sees it (protocol.md 3.3 to 3.5,
 * E-47 to E-56). */
#include "rendezvous-stream.h"
#include "../test-memory.h"
#include "../test-util.h"

#include <libdevssh/session/devssh-session-private.h>
#include <libdevssh/transport/devssh-transport-state-private.h>
#include <string.h>

/* ---- a pair that can reconnect ---- */

typedef struct
{
  TestPair            *pair;
  DevSshServerSession *temporary;     /* the last one that was made for a reconnect */
  GIOStream           *near;          /* what the client runs over */
  GIOStream           *far;
  guint                n_disconnected[2];
  guint                n_reconnected;
  guint                n_questions;   /* to temporary sessions */
  gboolean             portable;      /* streams that cannot be polled */
  DevSshServerCredentials *other_host;
} Fixture;

static void
disconnected_cb (DevSshSession *session,
                 GError        *error,
                 guint         *count)
{
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
  g_assert_false (devssh_session_get_is_connected (session));
  g_assert_false (devssh_session_get_is_closed (session));
  (*count)++;
}

static void
count_cb (gpointer  object,
          guint    *count)
{
  (*count)++;
}

static gboolean
question_cb (gpointer  session,
             gpointer  question,
             guint    *count)
{
  (*count)++;
  return FALSE;
}

static void
make_streams (Fixture    *self,
              GIOStream **a,
              GIOStream **b)
{
  if (self->portable)
    rendezvous_stream_pair (a, b);
  else
    test_stream_pair (a, b);
}

/* host: NULL: the pair's own */
static Fixture *
fixture_new_with_host (DevSshSessionConfig     *client,
                       DevSshSessionConfig     *server,
                       gboolean                 portable,
                       DevSshServerCredentials *host)
{
  Fixture *self = g_new0 (Fixture, 1);

  self->pair = test_pair_new ();
  self->portable = portable;
  g_set_object (&self->pair->client_config, client);
  g_set_object (&self->pair->server_config, server);
  if (host != NULL)
    g_set_object (&self->pair->host, host);
  self->pair->sessions = devssh_reconnectable_sessions_new ();
  make_streams (self, &self->near, &self->far);
  test_pair_make_over (self->pair, self->near, self->far);
  g_signal_connect (self->pair->client, "disconnected", G_CALLBACK (disconnected_cb), &self->n_disconnected[0]);
  g_signal_connect (self->pair->server, "disconnected", G_CALLBACK (disconnected_cb), &self->n_disconnected[1]);
  g_signal_connect (self->pair->server, "reconnected", G_CALLBACK (count_cb), &self->n_reconnected);
  return self;
}

static Fixture *
fixture_new_with (DevSshSessionConfig *client,
                  DevSshSessionConfig *server,
                  gboolean             portable)
{
  return fixture_new_with_host (client, server, portable, NULL);
}

static void
wait_enabled (DevSshSession *session)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  devssh_session_wait_until_reconnect_enabled_async (session, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_true (devssh_session_wait_until_reconnect_enabled_finish (session, result, &error));
  g_assert_no_error (error);
}

static Fixture *
fixture_log_in (Fixture *self)
{
  test_pair_authenticate (self->pair);
  wait_enabled (DEVSSH_SESSION (self->pair->client));
  wait_enabled (DEVSSH_SESSION (self->pair->server));
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (self->pair->sessions)), ==, 1);
  return self;
}

static Fixture *
fixture_new_over (gboolean portable)
{
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new_with_reconnect ();

  return fixture_log_in (fixture_new_with (config, config, portable));
}

static Fixture *
fixture_new (void)
{
  return fixture_new_over (FALSE);
}

static void
fixture_free (Fixture *self)
{
  DevSshSession *sessions[] = { DEVSSH_SESSION (self->pair->client), DEVSSH_SESSION (self->pair->server),
                                self->temporary != NULL ? DEVSSH_SESSION (self->temporary) : NULL };

  for (guint i = 0; i < G_N_ELEMENTS (sessions); i++)
    if (sessions[i] != NULL)
      {
        g_signal_handlers_disconnect_matched (sessions[i], G_SIGNAL_MATCH_FUNC, 0, 0, NULL, disconnected_cb, NULL);
        g_signal_handlers_disconnect_matched (sessions[i], G_SIGNAL_MATCH_FUNC, 0, 0, NULL, count_cb, NULL);
        g_signal_handlers_disconnect_matched (sessions[i], G_SIGNAL_MATCH_FUNC, 0, 0, NULL, question_cb, NULL);
        devssh_session_close (sessions[i], DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "done");
      }
  test_settle ();
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (self->pair->sessions)), ==, 0);
  g_clear_object (&self->temporary);
  g_clear_object (&self->near);
  g_clear_object (&self->far);
  g_clear_object (&self->other_host);
  test_pair_free (self->pair);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, fixture_free)

/* The connection breaks: both ends see its end. */
static void
cut (Fixture *self)
{
  if (self->portable)
    {
      devssh_session_close (DEVSSH_SESSION (self->pair->client), DEVSSH_DISCONNECT_REASON_CONNECTION_LOST, "for a test");
    }
  else
    {
      g_socket_shutdown (g_socket_connection_get_socket (G_SOCKET_CONNECTION (self->near)), TRUE, TRUE, NULL);
    }
}

static gboolean
is_disconnected (gpointer session)
{
  return !devssh_session_get_is_connected (session) && !devssh_session_get_is_closed (session);
}

static void
cut_and_wait (Fixture *self)
{
  cut (self);
  test_spin_until (is_disconnected (self->pair->client) && is_disconnected (self->pair->server));
  test_settle ();
}

/* The server's side of a new connection. */
static void
serve_again (Fixture *self)
{
  g_autoptr(GError) error = NULL;

  g_clear_object (&self->near);
  g_clear_object (&self->far);
  make_streams (self, &self->near, &self->far);
  if (self->temporary != NULL)
    devssh_session_close (DEVSSH_SESSION (self->temporary), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, NULL);
  g_clear_object (&self->temporary);
  self->temporary = devssh_server_session_new_reconnectable (self->far, self->pair->server_config,
                                                             self->other_host != NULL ? self->other_host : self->pair->host,
                                                             self->pair->sessions, &error);
  g_assert_no_error (error);
  g_signal_connect (self->temporary, "disconnected", G_CALLBACK (question_cb), &self->n_questions);
  g_signal_connect (self->temporary, "request", G_CALLBACK (question_cb), &self->n_questions);
  g_signal_connect (self->temporary, "authenticating", G_CALLBACK (question_cb), &self->n_questions);
  devssh_session_connect_async (DEVSSH_SESSION (self->temporary), NULL, NULL, NULL);
}

static gboolean
reconnect (Fixture  *self,
           GError  **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  serve_again (self);
  devssh_client_session_reconnect_async (self->pair->client, self->near, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  return devssh_client_session_reconnect_finish (self->pair->client, result, error);
}

static void
reconnect_well (Fixture *self)
{
  g_autoptr(GError) error = NULL;
  guint before = self->n_reconnected;

  g_assert_true (reconnect (self, &error));
  g_assert_no_error (error);
  test_spin_until (self->n_reconnected == before + 1);
  test_spin_until (devssh_session_get_is_closed (DEVSSH_SESSION (self->temporary)));
  g_assert_true (devssh_session_get_is_connected (DEVSSH_SESSION (self->pair->client)));
  g_assert_true (devssh_session_get_is_connected (DEVSSH_SESSION (self->pair->server)));
  g_assert_cmpint (devssh_session_get_disconnect_reason (DEVSSH_SESSION (self->temporary)), ==, DEVSSH_DISCONNECT_REASON_NONE);
  g_assert_cmpuint (self->n_questions, ==, 0);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (self->pair->sessions)), ==, 1);
}

static void
assert_fails (Fixture *self,
              GQuark   domain,
              int      code)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (reconnect (self, &error));
  g_assert_error (error, domain, code);
}

/* ---- numbers that must arrive once each and in order ---- */

typedef struct
{
  DevSshChannel *channel;
  guint32        next_sent;
  guint32        next_received;
  GByteArray    *rest;
} Counter;

static void
counter_data_cb (DevSshChannel *channel,
                 GBytes        *bytes,
                 Counter       *self)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (bytes, &length);
  guint position;

  g_byte_array_append (self->rest, data, length);
  for (position = 0; position + 4 <= self->rest->len; position += 4)
    {
      guint32 number;

      memcpy (&number, self->rest->data + position, 4);
      g_assert_cmpuint (number, ==, self->next_received);
      self->next_received++;
    }
  g_byte_array_remove_range (self->rest, 0, position);
}

static void
counter_init (Counter       *self,
              DevSshChannel *channel)
{
  memset (self, 0, sizeof *self);
  self->channel = channel;
  self->rest = g_byte_array_new ();
  g_signal_connect (channel, "data", G_CALLBACK (counter_data_cb), self);
}

static void
counter_clear (Counter *self)
{
  g_signal_handlers_disconnect_by_data (self->channel, self);
  g_byte_array_unref (self->rest);
  g_object_unref (self->channel);
}

static void
counter_send (Counter *self,
              guint    n)
{
  guint32 *numbers = g_new (guint32, n);
  g_autoptr(GBytes) bytes = NULL;

  for (guint i = 0; i < n; i++)
    numbers[i] = self->next_sent++;
  bytes = g_bytes_new_take (numbers, n * 4);
  devssh_channel_send_async (self->channel, bytes, NULL, NULL, NULL);
}

static void
open_counters (Fixture *self,
               Counter *client,
               Counter *server)
{
  DevSshChannel *near, *far;

  test_pair_open (self->pair, "count", &near, &far);
  counter_init (client, near);
  counter_init (server, far);
}

#define spin_counters(client, server) \
  test_spin_until ((client)->next_received == (server)->next_sent && (server)->next_received == (client)->next_sent)

static gboolean
grant_cb (DevSshSession        *session,
          DevSshSessionRequest *request,
          gpointer              data)
{
  devssh_session_request_complete (request, TRUE);
  return TRUE;
}

static void
ask (gpointer from)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) response = NULL;

  devssh_session_request_async (from, "test@example.org", TRUE, NULL, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_true (devssh_session_request_finish (from, result, &response, &error));
  g_assert_no_error (error);
}

/* ---- tests ---- */

typedef enum { BY_CUT, BY_CLIENT, BY_SERVER } How;

static void
lose (Fixture *self,
      How      how)
{
  if (how == BY_CUT)
    cut (self);
  else
    devssh_session_close (how == BY_CLIENT ? DEVSSH_SESSION (self->pair->client) : DEVSSH_SESSION (self->pair->server),
                          DEVSSH_DISCONNECT_REASON_CONNECTION_LOST, "for a test");
  test_spin_until (is_disconnected (self->pair->client) && is_disconnected (self->pair->server));
  test_settle ();
}

static void
test_disconnected (gconstpointer data)
{
  g_autoptr(Fixture) self = fixture_new ();

  lose (self, GPOINTER_TO_INT (data));
  g_assert_cmpuint (self->n_disconnected[0], ==, 1);
  g_assert_cmpuint (self->n_disconnected[1], ==, 1);
  reconnect_well (self);
  g_assert_cmpuint (self->n_disconnected[0], ==, 1);
  g_assert_cmpuint (self->n_disconnected[1], ==, 1);
}

static void
test_closed_while_disconnected (void)
{
  g_autoptr(Fixture) self = fixture_new ();

  cut_and_wait (self);
  devssh_session_close (DEVSSH_SESSION (self->pair->client), DEVSSH_DISCONNECT_REASON_CONNECTION_LOST, NULL);
  test_spin_until (devssh_session_get_is_closed (DEVSSH_SESSION (self->pair->client)));
  devssh_session_close (DEVSSH_SESSION (self->pair->server), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, NULL);
  test_spin_until (g_list_model_get_n_items (G_LIST_MODEL (self->pair->sessions)) == 0);
  assert_fails (self, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);
}

static void
test_cycles (gconstpointer data)
{
  g_autoptr(Fixture) self = fixture_new_over (GPOINTER_TO_INT (data));
  Counter client, server;

  g_signal_connect (self->pair->server, "request", G_CALLBACK (grant_cb), NULL);
  g_signal_connect (self->pair->client, "request", G_CALLBACK (grant_cb), NULL);
  open_counters (self, &client, &server);
  for (guint round = 1; round <= 3; round++)
    {
      Counter more, there;
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GError) error = NULL;

      counter_send (&client, 100);
      counter_send (&server, 100);
      spin_counters (&client, &server);
      /* Some of this is on its way when the connection goes. */
      counter_send (&client, 30000);
      counter_send (&server, 30000);
      g_main_context_iteration (NULL, FALSE);
      cut_and_wait (self);
      counter_send (&client, 1000);
      counter_send (&server, 1000);
      devssh_session_request_async (DEVSSH_SESSION (self->pair->client), "test@example.org", TRUE, NULL, NULL,
                                    test_keep_result_cb, &result);
      test_settle ();
      g_assert_null (result);

      reconnect_well (self);
      spin_counters (&client, &server);
      test_spin_until (result != NULL);
      g_assert_true (devssh_session_request_finish (DEVSSH_SESSION (self->pair->client), result, NULL, &error));
      g_assert_no_error (error);
      ask (self->pair->client);
      ask (self->pair->server);
      open_counters (self, &more, &there);
      counter_send (&more, 10);
      spin_counters (&more, &there);
      counter_clear (&more);
      counter_clear (&there);
      g_assert_cmpuint (devssh_session_metrics_get_reconnections (devssh_session_get_metrics (DEVSSH_SESSION (self->pair->client))), ==, round);
      g_assert_cmpuint (devssh_session_metrics_get_reconnections (devssh_session_get_metrics (DEVSSH_SESSION (self->pair->server))), ==, round);
    }
  counter_clear (&client);
  counter_clear (&server);
}

/* What is asked and opened before the loss is answered after it; a question that is open stays open. */
static gboolean
keep_question_cb (DevSshSession  *session,
                  gpointer        question,
                  gpointer       *place)
{
  *place = g_object_ref (question);
  return TRUE;
}

static void
test_pending (void)
{
  g_autoptr(Fixture) self = fixture_new ();
  g_autoptr(GAsyncResult) request_result = NULL;
  g_autoptr(GAsyncResult) open_result = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshSessionRequest) request = NULL;
  g_autoptr(DevSshChannelOpening) opening = NULL;
  g_autoptr(DevSshChannel) channel = NULL;

  g_signal_connect (self->pair->server, "request", G_CALLBACK (keep_question_cb), &request);
  g_signal_connect (self->pair->server, "channel-opening", G_CALLBACK (keep_question_cb), &opening);
  devssh_session_request_async (DEVSSH_SESSION (self->pair->client), "test@example.org", TRUE, NULL, NULL,
                                test_keep_result_cb, &request_result);
  devssh_session_open_channel_async (DEVSSH_SESSION (self->pair->client), "later", NULL, test_keep_result_cb, &open_result);
  test_spin_until (request != NULL && opening != NULL);
  cut_and_wait (self);
  devssh_session_request_complete (request, TRUE);
  test_settle ();
  reconnect_well (self);
  test_spin_until (request_result != NULL);
  g_assert_true (devssh_session_request_finish (DEVSSH_SESSION (self->pair->client), request_result, NULL, &error));
  g_assert_no_error (error);
  devssh_channel_opening_accept (opening);
  test_spin_until (open_result != NULL);
  channel = devssh_session_open_channel_finish (DEVSSH_SESSION (self->pair->client), open_result, &error);
  g_assert_no_error (error);
  g_assert_nonnull (channel);
}

/* More than a window: the rest waits with its sender, and is told so. */
static void
test_blocked_send (void)
{
  g_autoptr(Fixture) self = fixture_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  guint32 *numbers = g_new (guint32, 8 << 20);
  g_autoptr(GBytes) bytes = NULL;
  Counter client, server;

  open_counters (self, &client, &server);
  cut_and_wait (self);
  for (guint i = 0; i < 8 << 20; i++)
    numbers[i] = i;
  client.next_sent = 8 << 20;
  bytes = g_bytes_new_take (numbers, (gsize) 32 << 20);
  devssh_channel_send_async (client.channel, bytes, NULL, test_keep_result_cb, &result);
  test_settle ();
  g_assert_null (result);
  /* Sent, in the eyes of the application, is what the window let go (protocol.md 3.4). */
  g_assert_cmpuint (devssh_channel_get_bytes_sent (client.channel), >, 0);
  reconnect_well (self);
  test_spin_until (result != NULL);
  g_assert_true (devssh_channel_send_finish (client.channel, result, &error));
  g_assert_no_error (error);
  spin_counters (&client, &server);
  counter_clear (&client);
  counter_clear (&server);
}

/* The client is quicker to see it than the server; and the server's end may be dead without a word. */
static void
test_before_noticed (void)
{
  g_autoptr(Fixture) self = fixture_new ();
  g_autoptr(GIOStream) old = g_object_ref (self->far);
  Counter client, server;

  open_counters (self, &client, &server);
  for (guint round = 0; round < 3; round++)
    {
      devssh_session_disconnect (DEVSSH_SESSION (self->pair->client), "only here");
      /* The server goes on sending into the old connection. */
      counter_send (&server, 1000);
      counter_send (&client, 1000);
      reconnect_well (self);
      spin_counters (&client, &server);
    }
  g_assert_cmpuint (self->n_disconnected[1], ==, 3);
  counter_clear (&client);
  counter_clear (&server);
}

static void
test_not_enabled (void)
{
  g_autoptr(DevSshSessionConfig) with = devssh_session_config_new_with_reconnect ();
  g_autoptr(DevSshSessionConfig) without = devssh_session_config_new ();
  g_autoptr(Fixture) self = fixture_new_with (without, with, FALSE);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) other = NULL;
  g_autoptr(GError) error = NULL;

  devssh_session_wait_until_reconnect_enabled_async (DEVSSH_SESSION (self->pair->server), NULL, test_keep_result_cb, &other);
  test_pair_authenticate (self->pair);
  devssh_session_wait_until_reconnect_enabled_async (DEVSSH_SESSION (self->pair->client), NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL && other != NULL);
  g_assert_false (devssh_session_wait_until_reconnect_enabled_finish (DEVSSH_SESSION (self->pair->client), result, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  g_clear_error (&error);
  g_assert_false (devssh_session_wait_until_reconnect_enabled_finish (DEVSSH_SESSION (self->pair->server), other, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (self->pair->sessions)), ==, 0);
  assert_fails (self, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);

  /* A clean error, at once. */
  serve_again (self);
  devssh_session_close (DEVSSH_SESSION (self->temporary), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, NULL);
  g_io_stream_close (devssh_session_get_stream (DEVSSH_SESSION (self->pair->server)), NULL, NULL);
  test_spin_until (devssh_session_get_is_closed (DEVSSH_SESSION (self->pair->client)));
  g_assert_cmpint (devssh_session_get_disconnect_reason (DEVSSH_SESSION (self->pair->client)), ==, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
  g_assert_cmpuint (self->n_disconnected[0], ==, 0);
}

static void
test_wrong_state (void)
{
  g_autoptr(Fixture) self = fixture_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(GError) error = NULL;

  assert_fails (self, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  devssh_session_close (DEVSSH_SESSION (self->pair->client), DEVSSH_DISCONNECT_REASON_CONNECTION_LOST, NULL);
  test_spin_until (is_disconnected (self->pair->client) && is_disconnected (self->pair->server));

  serve_again (self);
  devssh_client_session_reconnect_async (self->pair->client, self->near, NULL, test_keep_result_cb, &result);
  devssh_client_session_reconnect_async (self->pair->client, self->near, NULL, test_keep_result_cb, &second);
  test_spin_until (result != NULL && second != NULL);
  g_assert_false (devssh_client_session_reconnect_finish (self->pair->client, second, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  g_clear_error (&error);
  g_assert_true (devssh_client_session_reconnect_finish (self->pair->client, result, &error));
  g_assert_no_error (error);
}

/* The server has closed it: trying again is pointless, and harmless. */
static void
test_session_not_found (void)
{
  g_autoptr(Fixture) self = fixture_new ();

  cut_and_wait (self);
  devssh_session_close (DEVSSH_SESSION (self->pair->server), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, NULL);
  test_settle ();
  for (guint i = 0; i < 3; i++)
    {
      assert_fails (self, DEVSSH_RECONNECT_ERROR, DEVSSH_RECONNECT_FAILURE_SESSION_NOT_FOUND);
      g_assert_true (is_disconnected (self->pair->client));
    }
  /* The server ends the connection of a client that does not try again, without a DISCONNECT. */
  test_spin_until (devssh_session_get_is_closed (DEVSSH_SESSION (self->temporary)));
  g_assert_cmpuint (self->n_questions, ==, 0);
  g_assert_cmpuint (self->n_disconnected[0], ==, 1);
}

static void
test_other_host_key (void)
{
  g_autoptr(Fixture) self = fixture_new ();

  cut_and_wait (self);
  self->other_host = devssh_server_credentials_new ();
  {
    g_autoptr(DevSshKeyPair) key = devssh_key_pair_generate ("ssh-ed25519", 0, NULL);

    devssh_server_credentials_add_key (self->other_host, key);
  }
  assert_fails (self, DEVSSH_RECONNECT_ERROR, DEVSSH_RECONNECT_FAILURE_DIFFERENT_SERVER_HOST_KEY);
  g_clear_object (&self->other_host);
  reconnect_well (self);
}

/* A cut in the middle of the reconnect, after any number of bytes, leaves a session that can be reconnected (T-74). */
static void
test_interrupted (void)
{
  g_autoptr(Fixture) self = fixture_new ();
  Counter client, server;

  open_counters (self, &client, &server);
  for (guint turns = 0; turns < 12; turns++)
    {
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GAsyncResult) accepted = NULL;
      g_autoptr(GError) error = NULL;

      counter_send (&client, 100);
      counter_send (&server, 100);
      if (devssh_session_get_is_connected (DEVSSH_SESSION (self->pair->client)))
        cut_and_wait (self);
      serve_again (self);
      devssh_session_accept_channel_async (DEVSSH_SESSION (self->temporary), NULL, NULL, test_keep_result_cb, &accepted);
      devssh_client_session_reconnect_async (self->pair->client, self->near, NULL, test_keep_result_cb, &result);
      for (guint i = 0; i < turns; i++)
        g_main_context_iteration (NULL, FALSE);
      cut (self);
      test_spin_until (result != NULL);
      if (!devssh_client_session_reconnect_finish (self->pair->client, result, &error))
        g_assert_false (devssh_session_get_is_connected (DEVSSH_SESSION (self->pair->client)));
      test_spin_until (devssh_session_get_is_closed (DEVSSH_SESSION (self->temporary)));
      test_spin_until (is_disconnected (self->pair->client) && is_disconnected (self->pair->server));
      test_settle ();
    }
  g_assert_cmpuint (self->n_questions, ==, 0);
  reconnect_well (self);
  spin_counters (&client, &server);
  counter_clear (&client);
  counter_clear (&server);
}

static void
test_cancelled (void)
{
  g_autoptr(Fixture) self = fixture_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  cut_and_wait (self);
  serve_again (self);
  devssh_client_session_reconnect_async (self->pair->client, self->near, cancellable, test_keep_result_cb, &result);
  g_main_context_iteration (NULL, FALSE);
  g_cancellable_cancel (cancellable);
  test_spin_until (result != NULL);
  g_assert_false (devssh_client_session_reconnect_finish (self->pair->client, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  reconnect_well (self);
}

/* Keys are exchanged, and then nothing: the attempt ends, and the session does not. What was got of the session is still there. */
static void
test_silent_server (void)
{
  g_autoptr(Fixture) self = fixture_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  DevSshKeyPair *host_key = devssh_client_session_get_host_key (self->pair->client);
  DevSshVersion *version = devssh_session_get_remote_version (DEVSSH_SESSION (self->pair->client));

  cut_and_wait (self);
  serve_again (self);
  devssh_transport_hold (devssh_session_get_private (DEVSSH_SESSION (self->temporary))->pump->transport, TRUE);
  devssh_client_session_reconnect_async (self->pair->client, self->near, NULL, test_keep_result_cb, &result);
  test_spin_until (devssh_session_get_is_connected (DEVSSH_SESSION (self->temporary)));
  test_settle ();
  g_assert_null (result);
  devssh_context_advance_clock (devssh_session_get_private (DEVSSH_SESSION (self->pair->client))->context, 121 * G_TIME_SPAN_SECOND);
  test_spin_until (result != NULL);
  g_assert_false (devssh_client_session_reconnect_finish (self->pair->client, result, &error));
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
  reconnect_well (self);
  g_assert_true (devssh_client_session_get_host_key (self->pair->client) == host_key);
  g_assert_true (devssh_session_get_remote_version (DEVSSH_SESSION (self->pair->client)) == version);
}

/* Nobody but the temporary session knows of a channel that was to be accepted on it. */
static void
test_temporary (void)
{
  g_autoptr(Fixture) self = fixture_new ();
  g_autoptr(GAsyncResult) accepted = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshChannel) channel = NULL;

  cut_and_wait (self);
  serve_again (self);
  devssh_session_accept_channel_async (DEVSSH_SESSION (self->temporary), NULL, NULL, test_keep_result_cb, &accepted);
  devssh_client_session_reconnect_async (self->pair->client, self->near, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL && accepted != NULL);
  channel = devssh_session_accept_channel_finish (DEVSSH_SESSION (self->temporary), accepted, &error);
  g_assert_null (channel);
  g_assert_nonnull (error);
}

/* A peer that says nothing is no peer (T-62): the connection counts as lost, and the session does not end. */
static void
test_keepalive (void)
{
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new_with_reconnect ();
  g_autoptr(DevSshSessionConfig) asking = devssh_session_config_new_with_reconnect ();
  g_autoptr(Fixture) self = NULL;
  DevSshContext *context;
  g_autoptr(GIOStream) old = NULL;

  devssh_session_config_set_keepalive_interval (asking, 1);
  devssh_session_config_set_max_missed_keepalives (asking, 3);
  self = fixture_new_with (asking, config, FALSE);
  test_pair_authenticate (self->pair);
  wait_enabled (DEVSSH_SESSION (self->pair->server));
  wait_enabled (DEVSSH_SESSION (self->pair->client));
  context = devssh_session_get_private (DEVSSH_SESSION (self->pair->client))->context;
  /* The server is there and does not listen. */
  devssh_io_watch_set_wanted (devssh_session_get_private (DEVSSH_SESSION (self->pair->server))->pump->watch, 0);
  for (guint i = 0; i < 20 && self->n_disconnected[0] == 0; i++)
    {
      devssh_context_advance_clock (context, 1100 * G_TIME_SPAN_MILLISECOND);
      test_settle ();
    }
  g_assert_cmpuint (self->n_disconnected[0], ==, 1);
  reconnect_well (self);
}

static void
test_timeout (void)
{
  g_autoptr(Fixture) self = fixture_new ();
  DevSshSessionPrivate *priv = devssh_session_get_private (DEVSSH_SESSION (self->pair->server));

  devssh_reconnectable_sessions_set_timeout (self->pair->sessions, 300);
  cut_and_wait (self);
  devssh_context_advance_clock (priv->context, 299 * G_TIME_SPAN_SECOND);
  test_settle ();
  g_assert_true (is_disconnected (self->pair->server));
  devssh_context_advance_clock (priv->context, 2 * G_TIME_SPAN_SECOND);
  test_spin_until (devssh_session_get_is_closed (DEVSSH_SESSION (self->pair->server)));
  test_settle ();
  assert_fails (self, DEVSSH_RECONNECT_ERROR, DEVSSH_RECONNECT_FAILURE_SESSION_NOT_FOUND);
}

/* T-73: clients that vanish. Only so many sessions are kept, the one that was lost first goes first. */
static void
test_vanished (void)
{
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new_with_reconnect ();
  g_autoptr(DevSshReconnectableSessions) sessions = devssh_reconnectable_sessions_new ();
  GPtrArray *pairs = g_ptr_array_new ();

  devssh_reconnectable_sessions_set_max_disconnected (sessions, 3);
  for (guint i = 0; i < 6; i++)
    {
      TestPair *pair = test_pair_new ();

      g_set_object (&pair->client_config, config);
      g_set_object (&pair->server_config, config);
      pair->sessions = g_object_ref (sessions);
      test_pair_authenticate (pair);
      wait_enabled (DEVSSH_SESSION (pair->server));
      devssh_session_disconnect (DEVSSH_SESSION (pair->server), "gone");
      g_ptr_array_add (pairs, pair);
      test_settle ();
      g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (sessions)), ==, MIN (i + 1, 3));
    }
  for (guint i = 0; i < pairs->len; i++)
    {
      TestPair *pair = g_ptr_array_index (pairs, i);

      g_assert_cmpint (devssh_session_get_is_closed (DEVSSH_SESSION (pair->server)), ==, i < 3);
    }
  for (guint i = 0; i < pairs->len; i++)
    {
      TestPair *pair = g_ptr_array_index (pairs, i);

      devssh_session_close (DEVSSH_SESSION (pair->client), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, NULL);
      devssh_session_close (DEVSSH_SESSION (pair->server), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, NULL);
      test_pair_free (pair);
    }
  g_ptr_array_unref (pairs);
}

/* Ten thousand of them: what is kept does not grow with those that are gone (T-73). */
static void
test_crowd (void)
{
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new_with_reconnect ();
  g_autoptr(DevSshReconnectableSessions) sessions = devssh_reconnectable_sessions_new ();
  guint n = TEST_MEMORY_IS_MEASURED ? 10000 : 300;
  gsize before = 0;

  for (guint i = 0; i < n; i++)
    {
      TestPair *pair = test_pair_new ();
      GSocket *socket;

      if (i == 200)
        before = test_memory_get_resident ();
      g_set_object (&pair->client_config, config);
      g_set_object (&pair->server_config, config);
      pair->sessions = g_object_ref (sessions);
      test_pair_authenticate (pair);
      wait_enabled (DEVSSH_SESSION (pair->server));
      /* The client is gone without a word, and nobody else has the session any more. */
      socket = g_socket_connection_get_socket (G_SOCKET_CONNECTION (devssh_session_get_stream (DEVSSH_SESSION (pair->client))));
      g_socket_shutdown (socket, TRUE, TRUE, NULL);
      test_spin_until (is_disconnected (pair->server));
      g_signal_handlers_disconnect_by_data (pair->server, pair);
      g_clear_object (&pair->server);
      test_pair_free (pair);
      g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (sessions)), <=, 100);
    }
  test_memory_assert_growth (before, 16 * 1024 * 1024, "clients that vanish");

  while (g_list_model_get_n_items (G_LIST_MODEL (sessions)) > 0)
    {
      g_autoptr(DevSshSession) session = g_list_model_get_item (G_LIST_MODEL (sessions), 0);

      devssh_session_close (session, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, NULL);
      test_settle ();
    }
}

/* The newest N are kept; what was dropped cannot be sent again, and the client learns it. */
static void
test_cache_limit (void)
{
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new_with_reconnect ();
  Fixture *self;
  Counter client, server;

  devssh_session_config_set_max_reconnect_message_cache_size (config, 10);
  self = fixture_new_with (config, config, FALSE);
  test_pair_authenticate (self->pair);
  wait_enabled (DEVSSH_SESSION (self->pair->server));
  wait_enabled (DEVSSH_SESSION (self->pair->client));
  open_counters (self, &client, &server);
  cut_and_wait (self);
  for (guint i = 0; i < 10; i++)
    counter_send (&server, 1);
  test_settle ();
  reconnect_well (self);
  spin_counters (&client, &server);
  cut_and_wait (self);
  for (guint i = 0; i < 11; i++)
    counter_send (&server, 1);
  test_settle ();
  assert_fails (self, DEVSSH_RECONNECT_ERROR, DEVSSH_RECONNECT_FAILURE_SERVER_DROPPED_MESSAGES);
  /* What is gone does not come back, so that is the end (T-72). */
  test_spin_until (devssh_session_get_is_closed (DEVSSH_SESSION (self->pair->server)));
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (self->pair->sessions)), ==, 0);
  assert_fails (self, DEVSSH_RECONNECT_ERROR, DEVSSH_RECONNECT_FAILURE_SESSION_NOT_FOUND);
  counter_clear (&client);
  counter_clear (&server);
  fixture_free (self);
}

static void
test_client_cache_limit (void)
{
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new_with_reconnect ();
  g_autoptr(Fixture) self = NULL;
  Counter client, server;

  devssh_session_config_set_max_reconnect_message_cache_size (config, 10);
  self = fixture_new_with (config, config, FALSE);
  test_pair_authenticate (self->pair);
  wait_enabled (DEVSSH_SESSION (self->pair->server));
  wait_enabled (DEVSSH_SESSION (self->pair->client));
  open_counters (self, &client, &server);
  cut_and_wait (self);
  for (guint i = 0; i < 11; i++)
    counter_send (&client, 1);
  test_settle ();
  assert_fails (self, DEVSSH_RECONNECT_ERROR, DEVSSH_RECONNECT_FAILURE_CLIENT_DROPPED_MESSAGES);
  test_spin_until (devssh_session_get_is_closed (DEVSSH_SESSION (self->pair->client)));
  g_assert_error (devssh_session_get_error (DEVSSH_SESSION (self->pair->client)), DEVSSH_RECONNECT_ERROR,
                  DEVSSH_RECONNECT_FAILURE_CLIENT_DROPPED_MESSAGES);
  counter_clear (&client);
  counter_clear (&server);
}

/* In the middle of an exchange of keys, and with one right behind the reconnect: the id of the session stays. */
static void
test_rekey (void)
{
  g_autoptr(Fixture) self = fixture_new ();
  g_autoptr(GBytes) id = devssh_session_get_session_id (DEVSSH_SESSION (self->pair->client));
  Counter client, server;
  g_autoptr(GError) error = NULL;

  open_counters (self, &client, &server);
  for (guint turns = 0; turns < 6; turns++)
    {
      g_autoptr(GBytes) now = NULL;

      devssh_session_rekey (turns % 2 == 0 ? DEVSSH_SESSION (self->pair->client) : DEVSSH_SESSION (self->pair->server), NULL);
      counter_send (&client, 100);
      counter_send (&server, 100);
      for (guint i = 0; i < turns; i++)
        g_main_context_iteration (NULL, FALSE);
      cut_and_wait (self);
      reconnect_well (self);
      now = devssh_session_get_session_id (DEVSSH_SESSION (self->pair->server));
      g_assert_true (g_bytes_equal (id, now));
      g_assert_true (devssh_session_rekey (DEVSSH_SESSION (self->pair->client), &error));
      g_assert_no_error (error);
      counter_send (&client, 100);
      counter_send (&server, 100);
      spin_counters (&client, &server);
    }
  counter_clear (&client);
  counter_clear (&server);
}

/* A handler of ::disconnected that closes, or connects anew at once. */
static void
close_cb (DevSshSession *session,
          GError        *error,
          gpointer       data)
{
  devssh_session_close (session, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, NULL);
}

static void
again_cb (DevSshSession *session,
          GError        *error,
          Fixture       *self)
{
  serve_again (self);
  devssh_client_session_reconnect_async (DEVSSH_CLIENT_SESSION (session), self->near, NULL, NULL, NULL);
}

static void
test_handlers (void)
{
  {
    g_autoptr(Fixture) self = fixture_new ();

    g_signal_connect (self->pair->client, "disconnected", G_CALLBACK (again_cb), self);
    cut (self);
    test_spin_until (self->n_reconnected == 1 && devssh_session_get_is_connected (DEVSSH_SESSION (self->pair->client)));
    g_signal_handlers_disconnect_by_func (self->pair->client, again_cb, self);
  }
  {
    g_autoptr(Fixture) self = fixture_new ();

    g_signal_connect (self->pair->client, "disconnected", G_CALLBACK (close_cb), NULL);
    g_signal_connect (self->pair->server, "disconnected", G_CALLBACK (close_cb), NULL);
    cut (self);
    test_spin_until (devssh_session_get_is_closed (DEVSSH_SESSION (self->pair->client)) &&
                     devssh_session_get_is_closed (DEVSSH_SESSION (self->pair->server)));
  }
  {
    /* The server's handler closes while it is being resumed: the client is told that there is no such session. */
    g_autoptr(Fixture) self = fixture_new ();

    devssh_session_disconnect (DEVSSH_SESSION (self->pair->client), "only here");
    g_signal_connect (self->pair->server, "disconnected", G_CALLBACK (close_cb), NULL);
    assert_fails (self, DEVSSH_RECONNECT_ERROR, DEVSSH_RECONNECT_FAILURE_SESSION_NOT_FOUND);
  }
}

/* The server's handler throws it away while it is being resumed. */
static void
dispose_cb (DevSshSession *session,
            GError        *error,
            gpointer       data)
{
  g_object_run_dispose (G_OBJECT (session));
}

static void
test_disposed_in_resume (void)
{
  g_autoptr(Fixture) self = fixture_new ();
  DevSshPump *pump = devssh_session_get_private (DEVSSH_SESSION (self->pair->client))->pump;
  g_autoptr(GIOStream) stream = g_steal_pointer (&pump->stream);
  DevSshIoWatch *watch = g_steal_pointer (&pump->watch);

  /* The old connection stays open, so the server learns of the loss by the request to resume. */
  devssh_session_disconnect (DEVSSH_SESSION (self->pair->client), "only here");
  g_signal_connect (self->pair->server, "disconnected", G_CALLBACK (dispose_cb), NULL);
  assert_fails (self, DEVSSH_RECONNECT_ERROR, DEVSSH_RECONNECT_FAILURE_SESSION_NOT_FOUND);
  devssh_io_watch_free_and_close (watch);
  g_assert_cmpuint (self->n_reconnected, ==, 0);
}

/* ... or waits there, while somebody else comes with a token that fits: he is not told that there is no such session, for then he would
 * not come again. */
typedef struct
{
  Fixture  *fixture;
  TestPair *second;
  gboolean  not_found, busy;
} Race;

static void
race_trace_cb (DevSshSession    *session,
               DevSshTraceLevel  level,
               int               event,
               const char       *text,
               Race             *self)
{
  if (event != DEVSSH_TRACE_EVENT_SERVER_SESSION_RECONNECT_FAILED)
    return;
  self->not_found = strstr (text, "no such session") != NULL;
  self->busy = !self->not_found;
}

static void
race_cb (DevSshSession *session,
         GError        *error,
         Race          *self)
{
  DevSshPump *pump = devssh_session_get_private (DEVSSH_SESSION (self->second->client))->pump;

  devssh_transport_request_resume (pump->transport,
                                   devssh_session_get_private (DEVSSH_SESSION (self->fixture->pair->client))->pump->transport);
  devssh_pump_wake (pump);
  test_spin_until (self->not_found || self->busy);
}

static void
test_race (void)
{
  g_autoptr(Fixture) self = fixture_new ();
  g_autoptr(TestPair) second = test_pair_new ();
  DevSshPump *pump = devssh_session_get_private (DEVSSH_SESSION (self->pair->client))->pump;
  g_autoptr(GIOStream) stream = g_steal_pointer (&pump->stream);
  DevSshIoWatch *watch = g_steal_pointer (&pump->watch);
  Race race = { self, second };

  g_set_object (&second->client_config, self->pair->client_config);
  g_set_object (&second->server_config, self->pair->server_config);
  g_set_object (&second->sessions, self->pair->sessions);
  test_pair_connect (second);
  g_signal_connect (second->server, "trace", G_CALLBACK (race_trace_cb), &race);
  /* It sees that there is somebody who listens. */
  devssh_session_emit_trace (DEVSSH_SESSION (second->server));
  test_settle ();
  devssh_session_disconnect (DEVSSH_SESSION (self->pair->client), "only here");
  g_signal_connect (self->pair->server, "disconnected", G_CALLBACK (race_cb), &race);
  reconnect_well (self);
  g_assert_true (race.busy && !race.not_found);
  g_signal_handlers_disconnect_by_data (second->server, &race);
  g_signal_handlers_disconnect_by_data (self->pair->server, &race);
  devssh_io_watch_free_and_close (watch);
}

/* Who closes it when it is connected again is not told afterwards that it is back. */
static void
close_connected_cb (DevSshSession *session,
                    GParamSpec    *pspec,
                    gpointer       data)
{
  if (devssh_session_get_is_connected (session))
    devssh_session_close (session, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, NULL);
}

static void
test_closed_in_notify (void)
{
  g_autoptr(Fixture) self = fixture_new ();
  g_autoptr(GAsyncResult) result = NULL;

  cut_and_wait (self);
  g_signal_connect (self->pair->server, "notify::is-connected", G_CALLBACK (close_connected_cb), NULL);
  serve_again (self);
  devssh_client_session_reconnect_async (self->pair->client, self->near, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL && devssh_session_get_is_closed (DEVSSH_SESSION (self->pair->client)) &&
                   devssh_session_get_is_closed (DEVSSH_SESSION (self->pair->server)));
  g_assert_cmpuint (self->n_reconnected, ==, 0);
}

/* ---- a host key that is fetched ---- */

typedef struct
{
  gboolean                 late;
  DevSshCredentialRequest *kept;
} KeyBearer;

static gboolean
fetch_key_cb (gpointer                 credentials,
              DevSshCredentialRequest *request,
              KeyBearer               *self)
{
  if (self->late)
    g_set_object (&self->kept, request);
  else
    devssh_credential_request_provide_key (request, test_key ("ssh-ed25519"));
  return TRUE;
}

/* The answer comes when the exchange that it was for is gone with its connection: before there is another one, or after. */
static void
test_late_host_key (gconstpointer data)
{
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new_with_reconnect ();
  g_autoptr(DevSshServerCredentials) host = devssh_server_credentials_new ();
  g_autoptr(DevSshKeyPair) public_key = devssh_key_pair_copy_public (test_key ("ssh-ed25519"));
  g_autoptr(Fixture) self = NULL;
  g_autoptr(GError) error = NULL;
  KeyBearer bearer = { FALSE };
  Counter client, server;

  devssh_server_credentials_add_key (host, public_key);
  g_signal_connect (host, "private-key-requested", G_CALLBACK (fetch_key_cb), &bearer);
  self = fixture_log_in (fixture_new_with_host (config, config, FALSE, host));
  open_counters (self, &client, &server);

  bearer.late = TRUE;
  g_assert_true (devssh_session_rekey (DEVSSH_SESSION (self->pair->client), &error));
  test_spin_until (bearer.kept != NULL);
  bearer.late = FALSE;
  counter_send (&server, 10);
  cut_and_wait (self);
  if (GPOINTER_TO_INT (data))
    reconnect_well (self);
  devssh_credential_request_provide_key (bearer.kept, test_key ("ssh-ed25519"));
  test_settle ();
  if (!GPOINTER_TO_INT (data))
    reconnect_well (self);
  /* And the next exchange is served. */
  g_assert_true (devssh_session_rekey (DEVSSH_SESSION (self->pair->client), &error));
  counter_send (&client, 10);
  spin_counters (&client, &server);
  counter_clear (&client);
  counter_clear (&server);
  g_clear_object (&bearer.kept);
}

/* A client that knows the keys of its connection and not the session's secret (T-70), or the reverse: the same token again,
 * over another connection. */
static void
test_tokens (void)
{
  g_autoptr(Fixture) self = fixture_new ();
  static const gsize lengths[] = { 0, 1, 31, 32, 64, 1000 };

  cut_and_wait (self);
  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr(TestPair) stranger = test_pair_new ();
      g_autoptr(GAsyncResult) result = NULL;
      g_autofree guint8 *token = g_malloc0 (lengths[i] + 1);
      DevSshReconnectRequest request = { { token, lengths[i] }, 0 };
      DevSshGlobalRequestMessage message = { (char *) DEVSSH_EXTENSION_SESSION_RECONNECT, TRUE };
      DEVSSH_WRITER_AUTO (data);
      DEVSSH_WRITER_AUTO (writer);

      devssh_random (token, lengths[i]);
      g_set_object (&stranger->client_config, self->pair->client_config);
      g_set_object (&stranger->server_config, self->pair->server_config);
      g_set_object (&stranger->sessions, self->pair->sessions);
      test_pair_connect (stranger);
      devssh_reconnect_request_encode (&request, &data);
      message.data.data = data.data;
      message.data.length = data.length;
      devssh_global_request_message_encode (&message, &writer);
      for (guint n = 0; n < 3; n++)
        {
          DevSshPump *pump = devssh_session_get_private (DEVSSH_SESSION (stranger->client))->pump;

          g_assert_false (devssh_session_get_is_closed (DEVSSH_SESSION (stranger->server)));
          /* It hears the answer, and goes on. */
          pump->transport->reconnect.awaits_answer = TRUE;
          pump->transport->reconnect.stopped = FALSE;
          devssh_outbox_send (devssh_transport_get_outbox (pump->transport), writer.data, writer.length);
          devssh_pump_wake (pump);
          for (guint turn = 0; turn < 20; turn++)
            g_main_context_iteration (NULL, FALSE);
        }
      test_spin_until (devssh_session_get_is_closed (DEVSSH_SESSION (stranger->server)));
      g_assert_cmpint (devssh_session_get_disconnect_reason (DEVSSH_SESSION (stranger->server)), ==, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
    }
  reconnect_well (self);
}

/* T-71: not for anything else while it is decided, and only for who was authenticated. */
static void
test_unauthenticated (void)
{
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new_with_reconnect ();
  g_autoptr(Fixture) self = fixture_new_with (config, config, FALSE);

  test_pair_connect (self->pair);
  test_settle ();
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (self->pair->sessions)), ==, 0);
  cut (self);
  test_spin_until (devssh_session_get_is_closed (DEVSSH_SESSION (self->pair->client)) &&
                   devssh_session_get_is_closed (DEVSSH_SESSION (self->pair->server)));
}

static void
test_config (void)
{
  g_autoptr(DevSshSessionConfig) with = devssh_session_config_new_with_reconnect ();
  g_autoptr(DevSshSessionConfig) without = devssh_session_config_new ();
  g_autoptr(DevSshReconnectableSessions) sessions = devssh_reconnectable_sessions_new ();
  g_autoptr(DevSshServerCredentials) host = devssh_server_credentials_new ();
  g_autoptr(GIOStream) a = NULL;
  g_autoptr(GIOStream) b = NULL;
  g_autoptr(GError) error = NULL;

  test_stream_pair (&a, &b);
  devssh_server_credentials_add_key (host, test_key ("ssh-ed25519"));
  g_assert_null (devssh_server_session_new (a, with, host, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG);
  g_clear_error (&error);
  g_assert_null (devssh_server_session_new_reconnectable (a, without, host, sessions, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG);
}

static void
test_latency (void)
{
  g_autoptr(Fixture) self = fixture_new ();
  DevSshSession *sessions[] = { DEVSSH_SESSION (self->pair->client), DEVSSH_SESSION (self->pair->server) };

  g_signal_connect (self->pair->server, "request", G_CALLBACK (grant_cb), NULL);
  g_signal_connect (self->pair->client, "request", G_CALLBACK (grant_cb), NULL);
  for (guint i = 0; i < 100; i++)
    {
      ask (self->pair->client);
      ask (self->pair->server);
    }
  for (guint i = 0; i < 2; i++)
    {
      DevSshSessionMetrics *metrics = devssh_session_get_metrics (sessions[i]);

      g_assert_cmpfloat (devssh_session_metrics_get_latency_min (metrics), >, 0);
      g_assert_cmpfloat (devssh_session_metrics_get_latency_current (metrics), >, 0);
      g_assert_cmpfloat (devssh_session_metrics_get_latency_min (metrics), <=, devssh_session_metrics_get_latency_average (metrics));
      g_assert_cmpfloat (devssh_session_metrics_get_latency_average (metrics), <=, devssh_session_metrics_get_latency_max (metrics));
    }
  cut_and_wait (self);
  g_assert_cmpfloat (devssh_session_metrics_get_latency_current (devssh_session_get_metrics (sessions[0])), <=, 0);
  g_assert_cmpfloat (devssh_session_metrics_get_latency_current (devssh_session_get_metrics (sessions[1])), <=, 0);
  reconnect_well (self);
  ask (self->pair->client);
  ask (self->pair->server);
  ask (self->pair->client);
  g_assert_cmpfloat (devssh_session_metrics_get_latency_current (devssh_session_get_metrics (sessions[0])), >, 0);
  g_assert_cmpfloat (devssh_session_metrics_get_latency_current (devssh_session_get_metrics (sessions[1])), >, 0);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/session/reconnect/cut/E-47", GINT_TO_POINTER (BY_CUT), test_disconnected);
  g_test_add_data_func ("/session/reconnect/closed-by-client/E-47", GINT_TO_POINTER (BY_CLIENT), test_disconnected);
  g_test_add_data_func ("/session/reconnect/closed-by-server/E-47", GINT_TO_POINTER (BY_SERVER), test_disconnected);
  g_test_add_func ("/session/reconnect/closed-while-disconnected", test_closed_while_disconnected);
  g_test_add_data_func ("/session/reconnect/cycles/E-48/E-49/E-52/E-53", GINT_TO_POINTER (FALSE), test_cycles);
  g_test_add_data_func ("/session/reconnect/cycles-portable/E-48", GINT_TO_POINTER (TRUE), test_cycles);
  g_test_add_func ("/session/reconnect/pending", test_pending);
  g_test_add_func ("/session/reconnect/blocked-send", test_blocked_send);
  g_test_add_func ("/session/reconnect/before-noticed/E-50", test_before_noticed);
  g_test_add_func ("/session/reconnect/interrupted/E-50/T-74", test_interrupted);
  g_test_add_func ("/session/reconnect/cancelled", test_cancelled);
  g_test_add_func ("/session/reconnect/silent-server/T-61", test_silent_server);
  g_test_add_func ("/session/reconnect/not-found/E-51", test_session_not_found);
  g_test_add_func ("/session/reconnect/other-host-key/E-51/T-71", test_other_host_key);
  g_test_add_func ("/session/reconnect/temporary/E-51", test_temporary);
  g_test_add_func ("/session/reconnect/cache-limit/E-52", test_cache_limit);
  g_test_add_func ("/session/reconnect/client-cache-limit/T-72", test_client_cache_limit);
  g_test_add_func ("/session/reconnect/not-enabled/E-54", test_not_enabled);
  g_test_add_func ("/session/reconnect/wrong-state/E-54", test_wrong_state);
  g_test_add_func ("/session/reconnect/rekey/E-55", test_rekey);
  g_test_add_func ("/session/reconnect/latency/E-56", test_latency);
  g_test_add_func ("/session/reconnect/handlers/T-64", test_handlers);
  g_test_add_func ("/session/reconnect/disposed-in-resume/T-64", test_disposed_in_resume);
  g_test_add_func ("/session/reconnect/race/T-71", test_race);
  g_test_add_func ("/session/reconnect/closed-in-notify/T-64", test_closed_in_notify);
  g_test_add_data_func ("/session/reconnect/late-host-key/before/E-55", GINT_TO_POINTER (FALSE), test_late_host_key);
  g_test_add_data_func ("/session/reconnect/late-host-key/after/E-55", GINT_TO_POINTER (TRUE), test_late_host_key);
  g_test_add_func ("/session/reconnect/tokens/T-70", test_tokens);
  g_test_add_func ("/session/reconnect/unauthenticated/T-71", test_unauthenticated);
  g_test_add_func ("/session/reconnect/keepalive/T-62", test_keepalive);
  g_test_add_func ("/session/reconnect/timeout/T-73", test_timeout);
  g_test_add_func ("/session/reconnect/vanished/T-73", test_vanished);
  g_test_add_func ("/session/reconnect/crowd/T-73", test_crowd);
  g_test_add_func ("/session/reconnect/config", test_config);
  return g_test_run ();
}
