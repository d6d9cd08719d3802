/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Is the peer still there? Two sessions over a line that can be cut, and a clock that the test turns (protocol.md 3.6). */
#include "../test-far-end.h"
#include "../test-util.h"

#include <libdevssh/session/devssh-session-private.h>

#include <errno.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <string.h>
#include <unistd.h>

/* Seconds; what the test itself takes is nothing beside a tenth of them. */
#define INTERVAL 100
#define BIT      10

/* ---- a line ---- */

/* One direction of it. What is not passed on stays with the system. */
typedef struct
{
  int   in;
  int   out;
  guint source;    /* 0: shut */
} Way;

/* How many bytes there were; at most so many. */
static gssize
way_pass (Way   *self,
          gsize  most)
{
  guint8 bytes[16384];
  gssize n = read (self->in, bytes, MIN (most, sizeof bytes));

  /* Whoever has ended hears no more. */
  if (n > 0 && send (self->out, bytes, (gsize) n, MSG_NOSIGNAL) != n)
    g_assert_cmpint (errno, ==, EPIPE);
  return n;
}

static gboolean
way_cb (int           fd,
        GIOCondition  condition,
        gpointer      user_data)
{
  Way *self = user_data;

  if (way_pass (self, G_MAXSIZE) != 0)
    return G_SOURCE_CONTINUE;

  shutdown (self->out, SHUT_WR);
  self->source = 0;
  return G_SOURCE_REMOVE;
}

static void
way_open (Way *self)
{
  self->source = g_unix_fd_add (self->in, G_IO_IN, way_cb, self);
}

static void
way_shut (Way *self)
{
  g_clear_handle_id (&self->source, g_source_remove);
}

typedef struct
{
  TestPair      *pair;
  DevSshContext *context;
  TestFarEnd     ends[2];
  Way            ways[2];      /* to the server, to the client */
  DevSshSession *asker;
  DevSshSession *peer;
  Way           *asking;
  Way           *answering;
  GString       *heard;        /* signals of the asker: "s1 f1 f2 " */
  guint          n_unsent;     /* 9062 */
  guint          n_received;   /* 9063 of the peer */
  guint          n_unanswered; /* 9064 */
  guint          n_closed;
  guint          reason;
} Line;

static void
succeeded_cb (DevSshSession *session,
              guint          count,
              Line          *self)
{
  g_string_append_printf (self->heard, "s%u ", count);
}

static void
failed_cb (DevSshSession *session,
           guint          count,
           Line          *self)
{
  g_string_append_printf (self->heard, "f%u ", count);
}

static void
trace_cb (DevSshSession    *session,
          DevSshTraceLevel  level,
          DevSshTraceEvent  event,
          const char       *text,
          Line             *self)
{
  if ((int) event == 9062)
    self->n_unsent++;
  else if ((int) event == 9063)
    self->n_received++;
  else if ((int) event == 9064)
    self->n_unanswered++;
  if ((int) event == 9062 || (int) event == 9064)
    g_assert_cmpint (level, ==, DEVSSH_TRACE_LEVEL_WARNING);
}

static void
closed_cb (DevSshSession          *session,
           DevSshDisconnectReason  reason,
           const char             *message,
           const GError           *error,
           Line                   *self)
{
  self->n_closed++;
  self->reason = reason;
}

static Line *
line_new (gconstpointer role,
          guint         limit)
{
  Line *self = g_new0 (Line, 1);

  self->pair = test_pair_new ();
  self->context = devssh_context_ref_thread_default ();
  self->heard = g_string_new (NULL);
  g_object_set (role != NULL ? self->pair->server_config : self->pair->client_config,
                "keepalive-interval", INTERVAL, "max-missed-keepalives", limit, NULL);
  for (guint i = 0; i < 2; i++)
    test_far_end_socket (&self->ends[i]);
  for (guint i = 0; i < 2; i++)
    {
      self->ways[i].in = self->ends[i].far_in;
      self->ways[i].out = self->ends[1 - i].far_out;
      way_open (&self->ways[i]);
    }
  test_pair_make_over (self->pair, self->ends[0].stream, self->ends[1].stream);
  self->asker = role != NULL ? DEVSSH_SESSION (self->pair->server) : DEVSSH_SESSION (self->pair->client);
  self->peer = role != NULL ? DEVSSH_SESSION (self->pair->client) : DEVSSH_SESSION (self->pair->server);
  self->asking = &self->ways[role != NULL];
  self->answering = &self->ways[role == NULL];
  g_signal_connect (self->asker, "keepalive-succeeded", G_CALLBACK (succeeded_cb), self);
  g_signal_connect (self->asker, "keepalive-failed", G_CALLBACK (failed_cb), self);
  g_signal_connect (self->asker, "trace", G_CALLBACK (trace_cb), self);
  g_signal_connect (self->asker, "closed", G_CALLBACK (closed_cb), self);
  g_signal_connect (self->peer, "trace", G_CALLBACK (trace_cb), self);
  return self;
}

static void
line_log_in (Line *self)
{
  test_pair_authenticate (self->pair);
  test_settle ();
}

static Line *
line_new_logged_in (gconstpointer role,
                    guint         limit)
{
  Line *self = line_new (role, limit);

  line_log_in (self);
  return self;
}

static void
line_free (Line *self)
{
  if (self->pair->client != NULL)
    g_signal_handlers_disconnect_by_data (self->pair->client, self);
  if (self->pair->server != NULL)
    g_signal_handlers_disconnect_by_data (self->pair->server, self);
  test_pair_free (self->pair);
  for (guint i = 0; i < 2; i++)
    {
      way_shut (&self->ways[i]);
      g_object_unref (self->ends[i].stream);
      close (self->ends[i].far_in);
    }
  g_string_free (self->heard, TRUE);
  devssh_context_unref (self->context);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Line, line_free)

/* Time passes, and everybody does what that makes him do. */
static void
line_wait (Line *self,
           guint seconds)
{
  devssh_context_advance_clock (self->context, seconds * G_TIME_SPAN_SECOND);
  test_settle ();
}

/* A hair more than the interval has passed without a word. */
static void
line_wait_interval (Line *self)
{
  line_wait (self, INTERVAL);
}

/* A channel opens both ways: the session is alive, and replies are in step. */
static void
line_assert_alive (Line *self)
{
  g_autoptr(DevSshChannel) client = NULL;
  g_autoptr(DevSshChannel) server = NULL;

  g_assert_false (devssh_session_get_is_closed (self->asker));
  g_assert_false (devssh_session_get_is_closed (self->peer));
  test_pair_open (self->pair, "alive@example.org", &client, &server);
  devssh_channel_close (client);
  test_spin_until (devssh_channel_get_is_closed (server));
}

/* ---- a peer that is there ---- */

static void
test_idle (gconstpointer role)
{
  g_autoptr(Line) line = line_new_logged_in (role, 1);

  line_wait (line, INTERVAL - BIT);
  g_assert_cmpstr (line->heard->str, ==, "");
  g_assert_cmpuint (line->n_received, ==, 0);
  /* What came before that has come since; the request is answered, which begins another interval. */
  line_wait (line, BIT);
  g_assert_cmpstr (line->heard->str, ==, "s1 ");
  g_assert_cmpuint (line->n_received, ==, 1);
  line_wait (line, INTERVAL - BIT);
  g_assert_cmpstr (line->heard->str, ==, "s1 ");
  line_wait (line, BIT);
  g_assert_cmpstr (line->heard->str, ==, "s1 s2 ");
  for (guint i = 0; i < 8; i++)
    line_wait_interval (line);
  g_assert_true (g_str_has_suffix (line->heard->str, "s9 s10 "));
  g_assert_cmpuint (line->n_received, ==, 10);
  g_assert_cmpuint (line->n_unanswered, ==, 0);
  line_assert_alive (line);
}

static void
test_off (void)
{
  g_autoptr(Line) line = line_new (NULL, 1);
  g_autoptr(DevSshSessionConfig) plain = devssh_session_config_new ();

  g_assert_cmpuint (devssh_session_config_get_keepalive_interval (plain), ==, 0);
  /* Of the two ends only one asks. */
  g_signal_connect (line->peer, "keepalive-succeeded", G_CALLBACK (succeeded_cb), line);
  g_signal_connect (line->peer, "keepalive-failed", G_CALLBACK (failed_cb), line);
  line_log_in (line);
  devssh_session_keepalive_suspend (line->asker);
  devssh_session_keepalive_suspend (line->peer);
  devssh_session_keepalive_restart (line->peer);
  for (guint i = 0; i < 20; i++)
    line_wait_interval (line);
  g_assert_cmpstr (line->heard->str, ==, "");
  g_assert_cmpuint (line->n_received, ==, 0);

  /* Begun again, it begins with a whole interval, and with the good news that there is a connection. */
  devssh_session_keepalive_restart (line->asker);
  line_wait (line, INTERVAL - BIT);
  g_assert_cmpstr (line->heard->str, ==, "");
  line_wait (line, BIT);
  g_assert_cmpstr (line->heard->str, ==, "s1 ");
  line_assert_alive (line);
}

/* Whatever comes is a sign of life; what goes is none. */
static void
test_traffic (gconstpointer role)
{
  g_autoptr(Line) line = line_new_logged_in (role, 1);
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(GBytes) byte = g_bytes_new_static ("x", 1);

  test_pair_open (line->pair, "session", role == NULL ? &ours : &theirs, role == NULL ? &theirs : &ours);
  test_settle ();
  for (guint i = 0; i < 20; i++)
    {
      line_wait (line, INTERVAL / 2 + BIT);
      devssh_channel_send_async (theirs, byte, NULL, NULL, NULL);
      test_settle ();
    }
  g_assert_cmpstr (line->heard->str, ==, "");
  g_assert_cmpuint (line->n_received, ==, 0);
  line_wait (line, INTERVAL - BIT);
  g_assert_cmpstr (line->heard->str, ==, "");
  line_wait (line, BIT);
  g_assert_cmpstr (line->heard->str, ==, "s1 ");

  for (guint i = 0; i < 4; i++)
    {
      devssh_channel_send_async (ours, byte, NULL, NULL, NULL);
      line_wait (line, INTERVAL / 2);
    }
  g_assert_cmpstr (line->heard->str, ==, "s1 s2 s3 ");
  devssh_channel_close (ours);
  test_spin_until (devssh_channel_get_is_closed (theirs));
}

static gboolean
keep_request_cb (DevSshSession         *session,
                 DevSshSessionRequest  *request,
                 DevSshSessionRequest **kept)
{
  if (g_str_equal (devssh_session_request_get_request_type (request), "slow@example.org"))
    *kept = g_object_ref (request);
  else
    devssh_session_request_complete (request, TRUE);
  return TRUE;
}

/* The answers come in the order of the requests, and each to its own; behind a slow one there is a sign of life all the same. */
static void
test_in_line (gconstpointer role)
{
  g_autoptr(Line) line = line_new_logged_in (role, 1);
  g_autoptr(DevSshSessionRequest) kept = NULL;
  g_autoptr(GAsyncResult) slow = NULL;
  g_autoptr(GAsyncResult) quick = NULL;

  g_signal_connect (line->peer, "request", G_CALLBACK (keep_request_cb), &kept);
  devssh_session_request_async (line->asker, "slow@example.org", TRUE, NULL, NULL, test_keep_result_cb, &slow);
  for (guint i = 0; i < 4; i++)
    line_wait_interval (line);
  g_assert_cmpstr (line->heard->str, ==, "s1 s2 s3 s4 ");
  devssh_session_request_async (line->asker, "quick@example.org", TRUE, NULL, NULL, test_keep_result_cb, &quick);
  test_settle ();
  g_assert_null (slow);
  g_assert_null (quick);
  devssh_session_request_complete (kept, TRUE);
  test_spin_until (slow != NULL && quick != NULL);
  g_assert_true (devssh_session_request_finish (line->asker, slow, NULL, NULL));
  g_assert_true (devssh_session_request_finish (line->asker, quick, NULL, NULL));
  line_assert_alive (line);
}

/* ---- a peer that is not ---- */

/* Within one interval more than the limit (T-62). Its end of the line is dead: nothing is said to it. */
static void
test_lost (gconstpointer role)
{
  g_autoptr(Line) line = line_new_logged_in (role, 3);
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) closed = NULL;
  g_autoptr(GError) error = NULL;
  guint64 sent;

  test_pair_open (line->pair, "session", role == NULL ? &ours : &theirs, role == NULL ? &theirs : &ours);
  test_settle ();
  way_shut (line->asking);
  way_shut (line->answering);
  devssh_session_request_async (line->asker, "x@example.org", TRUE, NULL, NULL, test_keep_result_cb, &result);
  devssh_session_wait_closed_async (line->asker, NULL, test_keep_result_cb, &closed);
  for (guint i = 0; i < 3; i++)
    line_wait_interval (line);
  g_assert_cmpstr (line->heard->str, ==, "s1 f1 f2 ");
  g_assert_false (devssh_session_get_is_closed (line->asker));
  sent = devssh_session_metrics_get_messages_sent (devssh_session_get_metrics (line->asker));
  line_wait_interval (line);
  g_assert_cmpstr (line->heard->str, ==, "s1 f1 f2 f3 ");
  g_assert_cmpuint (line->n_unanswered, ==, 3);
  g_assert_cmpuint (line->n_unsent, ==, 0);

  test_spin_until (closed != NULL && result != NULL);
  g_assert_cmpuint (line->n_closed, ==, 1);
  g_assert_cmpuint (line->reason, ==, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
  g_assert_cmpint (devssh_session_get_disconnect_reason (line->asker), ==, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
  g_assert_false (devssh_session_request_finish (line->asker, result, NULL, &error));
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
  g_assert_true (devssh_channel_get_is_closed (ours));
  g_assert_cmpuint (devssh_session_metrics_get_messages_sent (devssh_session_get_metrics (line->asker)), ==, sent);
  g_assert_true (g_io_stream_is_closed (devssh_session_get_stream (line->asker)));

  for (guint i = 0; i < 5; i++)
    line_wait_interval (line);
  g_assert_cmpstr (line->heard->str, ==, "s1 f1 f2 f3 ");
  g_assert_cmpuint (line->n_closed, ==, 1);
}

/* Without a limit nothing ends because of that; when the peer is back all is as before. */
static void
test_back (gconstpointer role)
{
  g_autoptr(Line) line = line_new_logged_in (role, 0);
  g_autoptr(DevSshSessionRequest) kept = NULL;
  g_autoptr(GAsyncResult) result = NULL;

  g_signal_connect (line->peer, "request", G_CALLBACK (keep_request_cb), &kept);
  way_shut (line->asking);
  for (guint i = 0; i < 101; i++)
    line_wait_interval (line);
  g_assert_true (g_str_has_suffix (line->heard->str, "f99 f100 "));
  g_assert_cmpuint (line->n_unanswered, ==, 100);
  g_assert_cmpuint (line->n_received, ==, 0);

  way_open (line->asking);
  test_settle ();
  g_assert_cmpuint (line->n_received, ==, 101);
  g_string_truncate (line->heard, 0);
  line_wait_interval (line);
  line_wait_interval (line);
  g_assert_cmpstr (line->heard->str, ==, "s1 s2 ");
  devssh_session_request_async (line->asker, "quick@example.org", TRUE, NULL, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_true (devssh_session_request_finish (line->asker, result, NULL, NULL));
  line_assert_alive (line);
}

/* A packet that does not come to its end is no sign of life (T-43), however long it takes about it. */
static void
test_half_packet (gconstpointer role)
{
  for (guint dribbles = 0; dribbles < 2; dribbles++)
    {
      g_autoptr(Line) line = line_new_logged_in (role, 2);
      g_autoptr(DevSshChannel) ours = NULL;
      g_autoptr(DevSshChannel) theirs = NULL;
      g_autoptr(GBytes) bytes = g_bytes_new_static ("This is a packet of more than a hundred bytes, whatever cipher there is. "
                                                    "It stands for what a peer began to say before it was gone.", 131);

      test_pair_open (line->pair, "session", role == NULL ? &ours : &theirs, role == NULL ? &theirs : &ours);
      test_settle ();
      way_shut (line->answering);
      devssh_channel_send_async (theirs, bytes, NULL, NULL, NULL);
      test_settle ();
      if (!dribbles)
        {
          g_assert_cmpint (way_pass (line->answering, 70), ==, 70);
          test_settle ();
          for (guint i = 0; i < 3; i++)
            line_wait_interval (line);
        }
      for (guint i = 0; dribbles && i < 3 * INTERVAL / BIT; i++)
        {
          g_assert_false (devssh_session_get_is_closed (line->asker));
          g_assert_cmpint (way_pass (line->answering, 1), ==, 1);
          line_wait (line, BIT);
        }
      g_assert_cmpstr (line->heard->str, ==, "s1 f1 f2 ");
      g_assert_cmpuint (line->reason, ==, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
    }
}

/* A peer that reads nothing: a request that cannot leave is not followed by others. */
static void
test_unsent (gconstpointer role)
{
  g_autoptr(Line) line = line_new_logged_in (role, 5);
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(DevSshChannel) theirs = NULL;
  g_autofree guint8 *zeros = g_malloc0 (1024 * 1024);
  g_autoptr(GBytes) bulk = g_bytes_new_static (zeros, 1024 * 1024);
  DevSshSessionMetrics *metrics = devssh_session_get_metrics (line->asker);
  guint64 sent;

  test_pair_open (line->pair, "session", role == NULL ? &ours : &theirs, role == NULL ? &theirs : &ours);
  test_settle ();
  way_shut (line->asking);
  devssh_channel_send_async (ours, bulk, NULL, NULL, NULL);
  test_settle ();
  line_wait_interval (line);
  g_assert_cmpstr (line->heard->str, ==, "s1 ");
  sent = devssh_session_metrics_get_messages_sent (metrics);
  for (guint i = 0; i < 4; i++)
    line_wait_interval (line);
  g_assert_cmpstr (line->heard->str, ==, "s1 f1 f2 f3 f4 ");
  g_assert_cmpuint (line->n_unsent, ==, 4);
  g_assert_cmpuint (line->n_unanswered, ==, 0);
  g_assert_cmpuint (devssh_session_metrics_get_messages_sent (metrics), ==, sent);
  g_assert_false (devssh_session_get_is_closed (line->asker));
  line_wait_interval (line);
  g_assert_cmpuint (line->reason, ==, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
}

/* ---- time that is not time ---- */

/* After an hour without a turn the peer is asked once, and it had no chance to miss anything. */
static void
test_suspended (gconstpointer role)
{
  g_autoptr(Line) line = line_new_logged_in (role, 1);

  for (guint i = 0; i < 3; i++)
    {
      line_wait (line, 3600);
      g_assert_cmpuint (line->n_received, ==, i + 1);
      g_assert_cmpstr (line->heard->str, ==, "");
    }
  line_wait_interval (line);
  g_assert_cmpstr (line->heard->str, ==, "s1 ");
  g_assert_cmpuint (line->n_received, ==, 4);

  /* Nor if it was asked before; and from here on it counts again. */
  way_shut (line->asking);
  line_wait_interval (line);
  line_wait (line, 3600);
  g_assert_cmpstr (line->heard->str, ==, "s1 s2 ");
  g_assert_false (devssh_session_get_is_closed (line->asker));
  line_wait_interval (line);
  g_assert_cmpstr (line->heard->str, ==, "s1 s2 f1 ");
  g_assert_cmpuint (line->reason, ==, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
}

/* A handler kept the loop busy: the answer has come, and nobody has looked. */
static void
test_busy (gconstpointer role)
{
  g_autoptr(Line) line = line_new_logged_in (role, 1);

  way_shut (line->answering);
  for (guint i = 0; i < 5; i++)
    {
      line_wait_interval (line);
      g_assert_cmpint (way_pass (line->answering, G_MAXSIZE), >, 0);
      devssh_context_advance_clock (line->context, (INTERVAL + BIT) * G_TIME_SPAN_SECOND);
      test_settle ();
    }
  g_assert_cmpstr (line->heard->str, ==, "s1 s2 s3 s4 s5 ");
  g_assert_cmpuint (line->n_closed, ==, 0);
}

/* ---- who may ask ---- */

static void
test_not_before_login (gconstpointer role)
{
  g_autoptr(Line) line = line_new (role, 1);

  test_pair_connect (line->pair);
  for (guint i = 0; i < 20; i++)
    line_wait_interval (line);
  g_assert_cmpstr (line->heard->str, ==, "");
  g_assert_cmpuint (line->n_received, ==, 0);
  g_assert_cmpuint (line->n_closed, ==, 0);
}

static void
test_no_security (gconstpointer role)
{
  TestFarEnd ends[2];
  Way ways[2];
  GString *heard = g_string_new (NULL);
  Line counts = { .heard = heard };
  g_autoptr(DevSshContext) context = devssh_context_ref_thread_default ();
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new_no_security ();
  g_autoptr(DevSshSessionConfig) plain = devssh_session_config_new_no_security ();
  g_autoptr(DevSshClientSession) a = NULL;
  g_autoptr(DevSshServerSession) b = NULL;
  DevSshSession *asker;

  g_object_set (config, "keepalive-interval", INTERVAL, "max-missed-keepalives", 1, NULL);
  for (guint i = 0; i < 2; i++)
    test_far_end_socket (&ends[i]);
  for (guint i = 0; i < 2; i++)
    {
      ways[i] = (Way) { ends[i].far_in, ends[1 - i].far_out, 0 };
      way_open (&ways[i]);
    }
  a = devssh_client_session_new (ends[0].stream, role == NULL ? config : plain, NULL);
  b = devssh_server_session_new (ends[1].stream, role != NULL ? config : plain, NULL, NULL);
  asker = role == NULL ? DEVSSH_SESSION (a) : DEVSSH_SESSION (b);
  g_signal_connect (asker, "keepalive-succeeded", G_CALLBACK (succeeded_cb), &counts);
  g_signal_connect (asker, "keepalive-failed", G_CALLBACK (failed_cb), &counts);
  devssh_session_connect_async (DEVSSH_SESSION (a), NULL, NULL, NULL);
  devssh_session_connect_async (DEVSSH_SESSION (b), NULL, NULL, NULL);
  test_spin_until (devssh_session_get_is_connected (DEVSSH_SESSION (a)) && devssh_session_get_is_connected (DEVSSH_SESSION (b)));
  test_settle ();
  for (guint i = 0; i < 3; i++)
    {
      devssh_context_advance_clock (context, INTERVAL * G_TIME_SPAN_SECOND);
      test_settle ();
    }
  g_assert_cmpstr (heard->str, ==, "s1 s2 s3 ");
  devssh_session_close (DEVSSH_SESSION (a), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "done");
  test_settle ();
  g_assert_true (devssh_session_get_is_closed (DEVSSH_SESSION (b)));
  g_clear_object (&a);
  g_clear_object (&b);
  test_settle ();
  for (guint i = 0; i < 2; i++)
    {
      way_shut (&ways[i]);
      g_object_unref (ends[i].stream);
      close (ends[i].far_in);
    }
  g_string_free (heard, TRUE);
}

/* ---- handlers that do something (T-64) ---- */

typedef enum { CLOSE, DROP, NEST, HEAL, N_DEEDS } Deed;

typedef struct
{
  Line  *line;
  Deed   deed;
  guint  depth;
  guint  calls;
} Doer;

static void
do_it_cb (DevSshSession *session,
          guint          count,
          Doer          *self)
{
  self->calls++;
  if (self->depth > 0)
    return;

  self->depth++;
  switch (self->deed)
    {
    case CLOSE:
      devssh_session_close (session, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "enough");
      break;

    case DROP:
      if (session == DEVSSH_SESSION (self->line->pair->client))
        g_clear_object (&self->line->pair->client);
      else
        g_clear_object (&self->line->pair->server);
      break;

    case NEST:
      line_wait_interval (self->line);
      break;

    case HEAL:
      way_open (self->line->asking);
      test_settle ();
      break;

    case N_DEEDS:
    default:
      g_assert_not_reached ();
    }
  self->depth--;
}

static void
test_handlers (gconstpointer role)
{
  for (Deed deed = CLOSE; deed < N_DEEDS; deed++)
    for (guint fails = 0; fails < 2; fails++)
      {
        g_autoptr(Line) line = line_new_logged_in (role, 1);
        Doer doer = { line, deed };
        GWeakRef weak;

        g_weak_ref_init (&weak, line->asker);
        way_shut (line->asking);
        g_signal_connect (line->asker, fails ? "keepalive-failed" : "keepalive-succeeded", G_CALLBACK (do_it_cb), &doer);
        if (deed == DROP)
          {
            g_signal_handlers_disconnect_by_data (line->asker, line);
            g_signal_handlers_disconnect_by_data (line->asker, line->pair);
          }
        for (guint i = 0; i <= fails; i++)
          line_wait_interval (line);
        g_assert_cmpuint (doer.calls, ==, deed == NEST && fails ? 2 : 1);
        if (deed == CLOSE)
          g_assert_cmpuint (line->reason, ==, DEVSSH_DISCONNECT_REASON_BY_APPLICATION);
        else if (deed == DROP)
          g_assert_null (g_weak_ref_get (&weak));
        else if (deed == NEST)
          /* The interval that passed in there ended it, or the one that was over. */
          g_assert_cmpuint (line->reason, ==, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
        else
          /* It answered at the last moment. */
          line_assert_alive (line);
        g_assert_cmpuint (line->n_closed, ==, deed != DROP && deed != HEAL);
        if (deed == HEAL || deed == NEST || deed == CLOSE)
          g_signal_handlers_disconnect_by_data (line->asker, &doer);
        g_weak_ref_clear (&weak);
      }
}

int
main (int   argc,
      char *argv[])
{
  static const struct { const char *name; GTestDataFunc func; } roles[] = {
    { "idle", test_idle },
    { "traffic", test_traffic },
    { "in-line", test_in_line },
    { "lost/T-62", test_lost },
    { "back", test_back },
    { "half-packet/T-43", test_half_packet },
    { "unsent", test_unsent },
    { "suspended/T-63", test_suspended },
    { "busy/T-63", test_busy },
    { "not-before-login", test_not_before_login },
    { "no-security", test_no_security },
    { "handlers/T-64", test_handlers },
  };

  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (roles); i++)
    for (gsize role = 0; role < 2; role++)
      {
        g_autofree char *path = g_strdup_printf ("/session/keepalive/%s/%s", roles[i].name, role == 0 ? "client" : "server");

        g_test_add_data_func (path, GSIZE_TO_POINTER (role), roles[i].func);
      }
  g_test_add_func ("/session/keepalive/off", test_off);

  return g_test_run ();
}
