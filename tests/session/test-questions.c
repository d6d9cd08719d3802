/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every question, answered at every possible time: now, later, after further packets, after a rekey, from a nested
 * loop, and when the session has gone (design D6, D12, D14). */
#include "../test-util.h"

#include <string.h>

/* When the handler answers. */
typedef enum
{
  WHEN_NOW,            /* inside the emission */
  WHEN_LATER,          /* after the loop has turned */
  WHEN_AFTER_ONE,      /* after one more packet from the peer */
  WHEN_AFTER_MANY,     /* after many */
  WHEN_AFTER_REKEY,
  WHEN_NESTED,         /* inside the emission, out of a loop that runs there */
  WHEN_GONE,           /* the session has ended meanwhile */
  WHEN_NEVER,          /* kept for a while, then dropped: refused */
  WHEN_FALSE,          /* accepted, and then not taken: refused (D6) */
  N_WHENS
} When;

static const char * const when_names[N_WHENS] = {
  "now", "later", "after-one-packet", "after-many-packets", "after-rekey", "nested-loop", "after-the-end", "dropped",
  "accepted-but-not-taken",
};

typedef enum { WHAT_HOST, WHAT_USER, WHAT_OPENING, WHAT_SESSION_REQUEST, WHAT_CHANNEL_REQUEST, N_WHATS } What;

static const char * const what_names[N_WHATS] = {
  "host-key", "login", "channel-opening", "session-request", "channel-request",
};

typedef struct
{
  TestPair       *pair;
  When            when;
  What            what;
  DevSshQuestion *kept;
  DevSshChannel  *client_channel;
  DevSshChannel  *server_channel;
  guint           asked;
} Case;

static void
answer (DevSshQuestion *question)
{
  if (DEVSSH_IS_AUTHENTICATION (question))
    devssh_authentication_accept (DEVSSH_AUTHENTICATION (question), NULL);
  else if (DEVSSH_IS_CHANNEL_OPENING (question))
    devssh_channel_opening_accept (DEVSSH_CHANNEL_OPENING (question));
  else if (DEVSSH_IS_SESSION_REQUEST (question))
    devssh_session_request_complete (DEVSSH_SESSION_REQUEST (question), TRUE);
  else
    devssh_channel_request_complete (DEVSSH_CHANNEL_REQUEST (question), TRUE);
}

static gboolean
question_cb (gpointer        object,
             DevSshQuestion *question,
             Case           *self)
{
  self->asked++;
  switch (self->when)
    {
    case WHEN_NOW:
      answer (question);
      return TRUE;

    case WHEN_FALSE:
      answer (question);
      return FALSE;

    case WHEN_NESTED:
      for (int i = 0; i < 20; i++)
        g_main_context_iteration (NULL, FALSE);
      answer (question);
      return TRUE;

    default:
      g_assert_null (self->kept);
      self->kept = g_object_ref (question);
      return TRUE;
    }
}

/* What the peer can send meanwhile without hurting: messages that everybody ignores. */
static void
send_ignored (DevSshSession *session,
              guint          n)
{
  static const guint8 ignore[] = { DEVSSH_MESSAGE_IGNORE, 0, 0, 0, 0 };
  g_autoptr(GBytes) message = g_bytes_new_static (ignore, sizeof ignore);

  while (n-- > 0)
    {
      g_autoptr(GError) error = NULL;

      devssh_session_send_message (session, message, &error);
      g_assert_no_error (error);
    }
}

/* Lets happen what is to happen before the answer; then answers. */
static void
answer_in_time (Case *self)
{
  DevSshSession *asked = self->what == WHAT_HOST ? DEVSSH_SESSION (self->pair->client) : DEVSSH_SESSION (self->pair->server);
  DevSshSession *peer = self->what == WHAT_HOST ? DEVSSH_SESSION (self->pair->server) : DEVSSH_SESSION (self->pair->client);
  DevSshSessionMetrics *metrics = devssh_session_get_metrics (asked);
  guint64 before = devssh_session_metrics_get_messages_received (metrics);

  if (self->kept == NULL)
    return;
  switch (self->when)
    {
    case WHEN_AFTER_ONE:
      send_ignored (peer, 1);
      test_spin_until (devssh_session_metrics_get_messages_received (metrics) >= before + 1);
      break;

    case WHEN_AFTER_MANY:
      send_ignored (peer, 200);
      test_spin_until (devssh_session_metrics_get_messages_received (metrics) >= before + 200);
      break;

    case WHEN_AFTER_REKEY:
      {
        g_autoptr(GError) error = NULL;

        devssh_session_rekey (peer, &error);
        g_assert_no_error (error);
        /* KEXINIT, 30 or 31, NEWKEYS. */
        test_spin_until (devssh_session_metrics_get_messages_received (metrics) >= before + 3);
        test_settle ();
      }
      break;

    case WHEN_GONE:
      devssh_session_close (asked, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "gone");
      test_settle ();
      break;

    case WHEN_NEVER:
      test_settle ();
      g_clear_object (&self->kept);
      return;

    case WHEN_LATER:
    case WHEN_NOW:
    case WHEN_NESTED:
    case WHEN_FALSE:
    case N_WHENS:
    default:
      test_settle ();
      break;
    }
  answer (self->kept);
  g_clear_object (&self->kept);
}

static gboolean
is_yes (When when)
{
  return when != WHEN_GONE && when != WHEN_NEVER && when != WHEN_FALSE;
}

static gboolean
accept_cb (DevSshSession        *session,
           DevSshChannelOpening *opening,
           gpointer              user_data)
{
  devssh_channel_opening_accept (opening);
  return TRUE;
}

static void
wait_and_answer (Case          *self,
                 GAsyncResult **result)
{
  test_spin_until (self->asked > 0 || *result != NULL);
  answer_in_time (self);
  test_spin_until (*result != NULL);
}

/* The two halves of a login. */
static void
run_login (Case *self)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  TestPair *pair = self->pair;
  static const char * const methods[] = { DEVSSH_AUTH_METHOD_PASSWORD, NULL };
  gboolean ok;

  /* One method, one question. */
  g_object_set (pair->client_config, "authentication-methods", methods, NULL);
  test_pair_make (pair);
  if (self->what == WHAT_HOST)
    g_signal_handlers_disconnect_by_data (pair->client, pair);
  else
    g_signal_handlers_disconnect_by_data (pair->server, pair);
  g_signal_connect (self->what == WHAT_HOST ? (gpointer) pair->client : (gpointer) pair->server, "authenticating",
                    G_CALLBACK (question_cb), self);
  test_pair_connect (pair);
  devssh_client_session_authenticate_async (pair->client, pair->user, NULL, test_keep_result_cb, &result);
  wait_and_answer (self, &result);
  ok = devssh_client_session_authenticate_finish (pair->client, result, &error);
  g_assert_cmpint (ok, ==, is_yes (self->when));
  if (self->when != WHEN_GONE)
    g_assert_no_error (error);
  else
    g_assert_nonnull (error);
  g_assert_cmpint (devssh_session_get_is_authenticated (DEVSSH_SESSION (pair->client)), ==, is_yes (self->when));
}

static void
run_opening (Case *self)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshChannel) channel = NULL;

  test_pair_authenticate (self->pair);
  g_signal_connect (self->pair->server, "channel-opening", G_CALLBACK (question_cb), self);
  devssh_session_open_channel_async (DEVSSH_SESSION (self->pair->client), "session", NULL, test_keep_result_cb, &result);
  wait_and_answer (self, &result);
  channel = devssh_session_open_channel_finish (DEVSSH_SESSION (self->pair->client), result, &error);
  g_assert_cmpint (channel != NULL, ==, is_yes (self->when));
  if (self->when == WHEN_NEVER || self->when == WHEN_FALSE)
    g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
}

static void
run_session_request (Case *self)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  gboolean ok;

  test_pair_authenticate (self->pair);
  g_signal_connect (self->pair->server, "request", G_CALLBACK (question_cb), self);
  devssh_session_request_async (DEVSSH_SESSION (self->pair->client), "ask@example.org", TRUE, NULL, NULL,
                                test_keep_result_cb, &result);
  wait_and_answer (self, &result);
  ok = devssh_session_request_finish (DEVSSH_SESSION (self->pair->client), result, NULL, &error);
  g_assert_cmpint (ok, ==, is_yes (self->when));
  if (self->when != WHEN_GONE)
    g_assert_no_error (error);
}

static void
run_channel_request (Case *self)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  gboolean ok;

  test_pair_authenticate (self->pair);
  test_pair_open (self->pair, "session", &self->client_channel, &self->server_channel);
  g_signal_connect (self->server_channel, "request", G_CALLBACK (question_cb), self);
  devssh_channel_request_async (self->client_channel, "ask@example.org", TRUE, NULL, NULL, test_keep_result_cb, &result);
  wait_and_answer (self, &result);
  ok = devssh_channel_request_finish (self->client_channel, result, &error);
  g_assert_cmpint (ok, ==, is_yes (self->when));
  g_signal_handlers_disconnect_by_data (self->server_channel, self);
}

/* Whatever happened: the pair still works, unless its session was to end. */
static void
check_alive (Case *self)
{
  g_autoptr(DevSshChannel) client = NULL;
  g_autoptr(DevSshChannel) server = NULL;

  if (!devssh_session_get_is_authenticated (DEVSSH_SESSION (self->pair->client))
      || devssh_session_get_is_closed (DEVSSH_SESSION (self->pair->client))
      || devssh_session_get_is_closed (DEVSSH_SESSION (self->pair->server)))
    return;
  g_signal_handlers_disconnect_by_data (self->pair->server, self);
  g_signal_connect (self->pair->server, "channel-opening", G_CALLBACK (accept_cb), NULL);
  test_pair_open (self->pair, "after", &client, &server);
}

static void
test_question (gconstpointer data)
{
  static void (* const runs[N_WHATS]) (Case *self) = {
    run_login, run_login, run_opening, run_session_request, run_channel_request,
  };
  guint number = GPOINTER_TO_UINT (data);
  g_autoptr(TestPair) pair = test_pair_new ();
  Case self = { pair, number % N_WHENS, number / N_WHENS };

  runs[self.what] (&self);
  g_assert_cmpuint (self.asked, ==, 1);
  check_alive (&self);
  g_assert_null (self.kept);
  if (pair->client != NULL)
    g_signal_handlers_disconnect_by_data (pair->client, &self);
  if (pair->server != NULL)
    g_signal_handlers_disconnect_by_data (pair->server, &self);
  g_clear_object (&self.client_channel);
  g_clear_object (&self.server_channel);
}

/* ---- handlers that do the worst (T-64) ---- */

typedef enum { DEED_CLOSE, DEED_DROP, DEED_ITERATE, DEED_DISPOSE, N_DEEDS } Deed;

static const char * const deed_names[N_DEEDS] = { "closes", "drops-the-last-reference", "iterates", "disposes" };

/* Each signal of a session and of a channel, with the object that has it; after so many that pass. */
static const struct { const char *signal; char who; guint passed; } worst_signals[] = {
  { "authenticating", 'c' }, { "authenticating", 's' }, { "channel-opening", 's' }, { "request", 's' },
  { "progress", 'c' }, { "progress", 's' }, { "closed", 'c' }, { "closed", 's' }, { "client-authenticated", 's' },
  { "trace", 'c' }, { "trace", 's' }, { "notify::is-connected", 'c' }, { "notify::is-authenticated", 's' },
  { "data", 'C' }, { "eof", 'C' }, { "closed", 'C' }, { "request", 'C' }, { "extended-data", 'C' },
  { "progress", 'c', 2 }, { "progress", 'c', 4 }, { "progress", 'c', 5 }, { "progress", 'c', 6 }, { "progress", 'c', 7 },
  { "progress", 's', 2 }, { "progress", 's', 4 }, { "progress", 's', 5 }, { "progress", 's', 6 }, { "progress", 's', 7 },
  { "trace", 'c', 10 }, { "trace", 'c', 20 }, { "trace", 'c', 30 }, { "trace", 's', 10 }, { "trace", 's', 20 },
};

typedef struct
{
  TestPair      *pair;
  Deed           deed;
  char           who;
  guint          passed;   /* still to pass */
  gboolean       done;
  DevSshChannel *channel;
} Worst;

static void
worst_marshal (GClosure     *closure,
               GValue       *return_value,
               guint         n_param_values,
               const GValue *param_values,
               gpointer      invocation_hint,
               gpointer      marshal_data)
{
  Worst *self = closure->data;
  GObject *object = g_value_get_object (&param_values[0]);

  if (return_value != NULL && G_VALUE_HOLDS_BOOLEAN (return_value))
    g_value_set_boolean (return_value, TRUE);
  if (self->done)
    return;
  if (self->passed > 0)
    {
      self->passed--;
      return;
    }
  self->done = TRUE;

  switch (self->deed)
    {
    case DEED_CLOSE:
      if (DEVSSH_IS_CHANNEL (object))
        devssh_channel_close (DEVSSH_CHANNEL (object));
      else
        devssh_session_close (DEVSSH_SESSION (object), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "enough");
      break;

    case DEED_DROP:
      if (self->who == 'c')
        g_clear_object (&self->pair->client);
      else if (self->who == 's')
        g_clear_object (&self->pair->server);
      else
        g_clear_object (&self->channel);
      break;

    case DEED_ITERATE:
      for (int i = 0; i < 50; i++)
        g_main_context_iteration (NULL, FALSE);
      break;

    case DEED_DISPOSE:
      g_object_run_dispose (object);
      break;

    case N_DEEDS:
    default:
      g_assert_not_reached ();
    }
}

static void
worst_connect (Worst      *self,
               gpointer    object,
               const char *signal)
{
  GClosure *closure = g_closure_new_simple (sizeof (GClosure), self);

  g_closure_set_marshal (closure, worst_marshal);
  g_signal_connect_closure (object, signal, closure, FALSE);
}

static void
swallow_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  guint *pending = user_data;

  (*pending)--;
}

/* A whole life, as far as it gets: every call ends, once. */
static void
test_worst (gconstpointer data)
{
  guint number = GPOINTER_TO_UINT (data);
  guint row = number / N_DEEDS;
  TestPair *pair = test_pair_new ();
  Worst self = { pair, number % N_DEEDS, worst_signals[row].who, worst_signals[row].passed };
  g_autoptr(DevSshChannel) peer = NULL;
  g_autoptr(GBytes) bytes = g_bytes_new_static ("hello", 5);
  guint pending = 0;

  test_pair_make (pair);
  if (self.who == 'c')
    worst_connect (&self, pair->client, worst_signals[row].signal);
  else if (self.who == 's')
    worst_connect (&self, pair->server, worst_signals[row].signal);

  pending += 2;
  devssh_session_connect_async (DEVSSH_SESSION (pair->client), NULL, swallow_cb, &pending);
  devssh_session_connect_async (DEVSSH_SESSION (pair->server), NULL, swallow_cb, &pending);
  test_spin_until (pending == 0);
  if (pair->client != NULL && devssh_session_get_is_connected (DEVSSH_SESSION (pair->client)))
    {
      pending++;
      devssh_client_session_authenticate_async (pair->client, pair->user, NULL, swallow_cb, &pending);
      /* A question that is taken and dropped is refused; the peer that is gone ends it, too. */
      test_spin_until (pending == 0);
    }
  test_settle ();
  /* To run the loop harms nothing. */
  if (self.deed == DEED_ITERATE && !g_str_equal (worst_signals[row].signal, "authenticating"))
    g_assert_true (devssh_session_get_is_authenticated (DEVSSH_SESSION (pair->client)));
  if (pair->client != NULL && pair->server != NULL
      && devssh_session_get_is_authenticated (DEVSSH_SESSION (pair->client))
      && !devssh_session_get_is_closed (DEVSSH_SESSION (pair->client)) && self.who == 'C')
    {
      test_pair_open (pair, "session", &peer, &self.channel);
      worst_connect (&self, self.channel, worst_signals[row].signal);
      pending += 3;
      devssh_channel_send_async (peer, bytes, NULL, swallow_cb, &pending);
      devssh_channel_send_extended_async (peer, 1, bytes, NULL, swallow_cb, &pending);
      devssh_channel_request_async (peer, "ask@example.org", TRUE, NULL, NULL, swallow_cb, &pending);
      test_settle ();
      devssh_channel_send_eof (peer, NULL);
      test_settle ();
      devssh_channel_close (peer);
      test_spin_until (pending == 0);
    }
  else if (pair->client != NULL && devssh_session_get_is_authenticated (DEVSSH_SESSION (pair->client)))
    {
      pending += 2;
      devssh_session_open_channel_async (DEVSSH_SESSION (pair->client), NULL, NULL, swallow_cb, &pending);
      devssh_session_request_async (DEVSSH_SESSION (pair->client), "ask@example.org", TRUE, NULL, NULL, swallow_cb, &pending);
      test_spin_until (pending == 0);
    }
  test_settle ();
  if (pair->client != NULL)
    g_signal_handlers_disconnect_by_data (pair->client, &self);
  if (pair->server != NULL)
    g_signal_handlers_disconnect_by_data (pair->server, &self);
  if (self.channel != NULL)
    g_signal_handlers_disconnect_by_data (self.channel, &self);
  g_clear_object (&self.channel);
  test_pair_free (pair);
}

/* ---- cancellation at every step (T-65) ---- */

static void
count_end_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  (*(guint *) user_data)++;
}

static void
note_connected_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  count_end_cb (source, result, user_data);
  /* It is one or the other: who gave up has no connected session on his hands. */
  if (devssh_session_connect_finish (DEVSSH_SESSION (source), result, &error))
    g_assert_true (devssh_session_get_is_connected (DEVSSH_SESSION (source)));
  else
    g_assert_true (devssh_session_get_is_closed (DEVSSH_SESSION (source)));
}

/* Each call of a session, cancelled after k turns of the loop: it ends once, and the session goes on. */
static void
test_cancel (gconstpointer data)
{
  guint what = GPOINTER_TO_UINT (data);

  for (guint k = 0; k < 12; k++)
    {
      g_autoptr(TestPair) pair = test_pair_new ();
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      DevSshSession *client;
      guint ended = 0;

      if (what == 0)
        {
          test_pair_make (pair);
          devssh_session_connect_async (DEVSSH_SESSION (pair->server), NULL, NULL, NULL);
          devssh_session_connect_async (DEVSSH_SESSION (pair->client), cancellable, note_connected_cb, &ended);
        }
      else if (what == 1)
        {
          test_pair_connect (pair);
          devssh_client_session_authenticate_async (pair->client, pair->user, cancellable, count_end_cb, &ended);
        }
      else
        {
          test_pair_authenticate (pair);
          client = DEVSSH_SESSION (pair->client);
          g_signal_connect (pair->server, "channel-opening", G_CALLBACK (accept_cb), NULL);
          if (what == 2)
            devssh_session_open_channel_async (client, NULL, cancellable, count_end_cb, &ended);
          else if (what == 3)
            devssh_session_accept_channel_async (client, NULL, cancellable, count_end_cb, &ended);
          else if (what == 4)
            devssh_session_request_async (client, "ask@example.org", TRUE, NULL, cancellable, count_end_cb, &ended);
          else if (what == 5)
            devssh_session_wait_closed_async (client, cancellable, count_end_cb, &ended);
        }
      for (guint i = 0; i < k; i++)
        g_main_context_iteration (NULL, FALSE);
      g_cancellable_cancel (cancellable);
      test_spin_until (ended > 0);
      test_settle ();
      g_assert_cmpuint (ended, ==, 1);

      if (what == 0)
        continue;
      g_assert_false (devssh_session_get_is_closed (DEVSSH_SESSION (pair->client)));
      if (what == 1 && !devssh_session_get_is_authenticated (DEVSSH_SESSION (pair->client)))
        {
          ended = 0;
          devssh_client_session_authenticate_async (pair->client, pair->user, NULL, count_end_cb, &ended);
          /* Whether it can succeed is the server's business, which may have accepted the first (T-32). */
          test_spin_until (ended == 1);
        }
      if (what >= 2)
        {
          g_autoptr(DevSshChannel) a = NULL;
          g_autoptr(DevSshChannel) b = NULL;

          test_pair_open (pair, "after", &a, &b);
        }
    }
}

static void
cancel_progress_cb (DevSshSession  *session,
                    DevSshProgress  progress,
                    GCancellable   *cancellable)
{
  if (progress == DEVSSH_PROGRESS_COMPLETED_KEY_EXCHANGE)
    g_cancellable_cancel (cancellable);
}

/* At the last moment, before the session is connected in the same turn. */
static void
test_cancel_connect_late (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  guint ended = 0;

  test_pair_make (pair);
  g_signal_connect (pair->client, "progress", G_CALLBACK (cancel_progress_cb), cancellable);
  devssh_session_connect_async (DEVSSH_SESSION (pair->server), NULL, NULL, NULL);
  devssh_session_connect_async (DEVSSH_SESSION (pair->client), cancellable, note_connected_cb, &ended);
  test_spin_until (ended == 1);
  test_spin_until (devssh_session_get_is_closed (DEVSSH_SESSION (pair->server)));
}

/* What waited behind a question is looked at when the question is of no use any more, and not when more comes. */
static gboolean
ask_pin_cb (DevSshSession        *session,
            DevSshAuthentication *question,
            gpointer              user_data)
{
  static const char * const prompts[] = { "PIN", NULL };

  if (devssh_authentication_get_responses (question) == NULL)
    devssh_authentication_prompt (question, "", "", prompts, NULL, 0);
  else
    devssh_authentication_reject (question);
  return TRUE;
}

static gboolean
keep_pin_cb (DevSshSession         *session,
             DevSshAuthentication  *question,
             DevSshAuthentication **kept)
{
  if (devssh_authentication_get_authentication_type (question) != DEVSSH_AUTHENTICATION_TYPE_CLIENT_INTERACTIVE)
    return FALSE;

  g_set_object (kept, question);
  return TRUE;
}

static void
test_cancel_behind_question (void)
{
  static const char * const methods[] = { DEVSSH_AUTH_METHOD_KEYBOARD_INTERACTIVE, NULL };
  static const guint8 banner[] = { DEVSSH_MESSAGE_USERAUTH_BANNER, 0, 0, 0, 4, 'w', 'a', 'i', 't', 0, 0, 0, 0 };
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(DevSshAuthentication) kept = NULL;
  g_autoptr(GBytes) message = g_bytes_new_static (banner, sizeof banner);
  g_autoptr(GError) error = NULL;
  DevSshSessionMetrics *metrics;
  guint64 received;
  guint ended = 0;

  g_object_set (pair->client_config, "authentication-methods", methods, NULL);
  test_pair_connect (pair);
  g_signal_connect (pair->server, "authenticating", G_CALLBACK (ask_pin_cb), NULL);
  g_signal_connect (pair->client, "authenticating", G_CALLBACK (keep_pin_cb), &kept);
  devssh_client_session_authenticate_async (pair->client, pair->user, cancellable, count_end_cb, &ended);
  test_spin_until (kept != NULL);
  devssh_session_send_message (DEVSSH_SESSION (pair->server), message, &error);
  g_assert_no_error (error);
  metrics = devssh_session_get_metrics (DEVSSH_SESSION (pair->client));
  received = devssh_session_metrics_get_messages_received (metrics);
  test_settle ();
  g_assert_cmpuint (devssh_session_metrics_get_messages_received (metrics), ==, received);
  g_cancellable_cancel (cancellable);
  test_settle ();
  g_assert_cmpuint (ended, ==, 1);
  g_assert_cmpuint (devssh_session_metrics_get_messages_received (metrics), ==, received + 1);
}

int
main (int   argc,
      char *argv[])
{
  static const char * const calls[] = { "connect", "authenticate", "open", "accept", "request", "wait-closed" };

  g_test_init (&argc, &argv, NULL);
  for (guint what = 0; what < N_WHATS; what++)
    for (guint when = 0; when < N_WHENS; when++)
      {
        g_autofree char *path = g_strdup_printf ("/session/question/%s/%s", what_names[what], when_names[when]);

        g_test_add_data_func (path, GUINT_TO_POINTER (what * N_WHENS + when), test_question);
      }
  for (guint row = 0; row < G_N_ELEMENTS (worst_signals); row++)
    for (guint deed = 0; deed < N_DEEDS; deed++)
      {
        g_autofree char *path = g_strdup_printf ("/session/handler/T-64/E-15/%s/%s-%u/%s",
                                                 worst_signals[row].who == 'c' ? "client"
                                                 : worst_signals[row].who == 's' ? "server" : "channel",
                                                 worst_signals[row].signal, worst_signals[row].passed + 1,
                                                 deed_names[deed]);

        g_test_add_data_func (path, GUINT_TO_POINTER (row * N_DEEDS + deed), test_worst);
      }
  for (guint what = 0; what < G_N_ELEMENTS (calls); what++)
    {
      g_autofree char *path = g_strdup_printf ("/session/cancel/T-65/E-19/%s", calls[what]);

      g_test_add_data_func (path, GUINT_TO_POINTER (what), test_cancel);
    }
  g_test_add_func ("/session/cancel/T-65/connect-late", test_cancel_connect_late);
  g_test_add_func ("/session/cancel/T-65/behind-question", test_cancel_behind_question);
  return g_test_run ();
}
