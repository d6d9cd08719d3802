/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Channels and sessions that are joined (protocol.md 7.2, 7.3; E-67): one pair's server and the other pair's client are the
 * middle, and the peers at the ends talk through it. */
#include "../test-memory.h"
#include "../test-util.h"

#include <libdevssh/session/devssh-session-private.h>
#include <string.h>

typedef struct
{
  TestPair     *near, *far;       /* near.client <-> [near.server = far.client] <-> far.server */
  GAsyncResult *piped;            /* of the sessions */
  GPtrArray    *kept;             /* questions that a handler has kept */
} Fixture;

static DevSshSession *
end_of (Fixture  *self,
        gboolean  at_far)
{
  return at_far ? DEVSSH_SESSION (self->far->server) : DEVSSH_SESSION (self->near->client);
}

static Fixture *
fixture_new (void)
{
  Fixture *self = g_new0 (Fixture, 1);

  self->kept = g_ptr_array_new_with_free_func (g_object_unref);
  self->near = test_pair_new ();
  self->far = test_pair_new ();
  test_pair_authenticate (self->near);
  test_pair_authenticate (self->far);
  return self;
}

static Fixture *
fixture_new_piped (void)
{
  Fixture *self = fixture_new ();

  devssh_session_pipe_async (DEVSSH_SESSION (self->near->server), DEVSSH_SESSION (self->far->client), NULL,
                             test_keep_result_cb, &self->piped);
  return self;
}

static void
fixture_free (Fixture *self)
{
  g_ptr_array_unref (self->kept);
  test_pair_free (self->near);
  test_pair_free (self->far);
  g_clear_object (&self->piped);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, fixture_free)

/* ---- what a channel's end has seen ---- */

typedef struct
{
  DevSshChannel *channel;
  GByteArray    *data;
  GByteArray    *stderr_data;
  guint32        data_type;
  gboolean       eof, closed;
  GString       *order;           /* one letter an event */
} End;

static void
note (End  *self,
      char  letter)
{
  if (self->order->len == 0 || self->order->str[self->order->len - 1] != letter)
    g_string_append_c (self->order, letter);
}

static void
data_cb (DevSshChannel *channel,
         GBytes        *bytes,
         End           *self)
{
  g_byte_array_append (self->data, g_bytes_get_data (bytes, NULL), (guint) g_bytes_get_size (bytes));
  note (self, 'd');
}

static void
extended_cb (DevSshChannel *channel,
             guint          type,
             GBytes        *bytes,
             End           *self)
{
  g_byte_array_append (self->stderr_data, g_bytes_get_data (bytes, NULL), (guint) g_bytes_get_size (bytes));
  self->data_type = type;
  note (self, 'x');
}

static void
eof_cb (DevSshChannel *channel,
        End           *self)
{
  self->eof = TRUE;
  note (self, 'e');
}

static void
closed_cb (DevSshChannel *channel,
           End           *self)
{
  self->closed = TRUE;
  note (self, 'c');
}

static void
end_init (End           *self,
          DevSshChannel *channel)
{
  memset (self, 0, sizeof *self);
  self->channel = channel;
  self->data = g_byte_array_new ();
  self->stderr_data = g_byte_array_new ();
  self->order = g_string_new (NULL);
  g_signal_connect (channel, "data", G_CALLBACK (data_cb), self);
  g_signal_connect (channel, "extended-data", G_CALLBACK (extended_cb), self);
  g_signal_connect (channel, "eof", G_CALLBACK (eof_cb), self);
  g_signal_connect (channel, "closed", G_CALLBACK (closed_cb), self);
}

static void
end_clear (End *self)
{
  g_signal_handlers_disconnect_by_data (self->channel, self);
  g_object_unref (self->channel);
  g_byte_array_unref (self->data);
  g_byte_array_unref (self->stderr_data);
  g_string_free (self->order, TRUE);
}

static void
send_text (DevSshChannel *channel,
           const char    *text)
{
  g_autoptr(GBytes) bytes = g_bytes_new (text, strlen (text));

  devssh_channel_send_async (channel, bytes, NULL, NULL, NULL);
}

/* Two channels of the middle, joined; their peers' ends in near and far. */
static void
pipe_channels (Fixture       *self,
               const char    *early,
               End           *near,
               End           *far,
               GAsyncResult **result,
               GCancellable  *cancellable)
{
  DevSshChannel *near_end, *far_end;
  g_autoptr(DevSshChannel) near_middle = NULL;
  g_autoptr(DevSshChannel) far_middle = NULL;

  test_pair_open (self->near, "pipe", &near_end, &near_middle);
  test_pair_open (self->far, "pipe", &far_middle, &far_end);
  end_init (near, near_end);
  end_init (far, far_end);
  if (early != NULL)
    {
      send_text (near_end, early);
      send_text (far_end, early);
      test_settle ();
    }
  devssh_channel_pipe_async (near_middle, far_middle, cancellable, test_keep_result_cb, result);
}

static gboolean
finish_pipe (GAsyncResult  *result,
             GError       **error)
{
  g_autoptr(GObject) source = g_async_result_get_source_object (result);

  return DEVSSH_IS_CHANNEL (source) ? devssh_channel_pipe_finish (DEVSSH_CHANNEL (source), result, error)
                                    : devssh_session_pipe_finish (DEVSSH_SESSION (source), result, error);
}

static gboolean
has_text (const GByteArray *data,
          const char       *text)
{
  return data->len == strlen (text) && memcmp (data->data, text, data->len) == 0;
}

/* ---- channels ---- */

static void
test_data (void)
{
  g_autoptr(Fixture) self = fixture_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  End near, far;

  pipe_channels (self, "early,", &near, &far, &result, NULL);
  send_text (near.channel, "there");
  send_text (far.channel, "back");
  test_spin_until (has_text (far.data, "early,there") && has_text (near.data, "early,back"));

  /* Each direction ends by itself. */
  g_assert_true (devssh_channel_send_eof (near.channel, NULL));
  test_spin_until (far.eof);
  send_text (far.channel, ",more");
  test_spin_until (has_text (near.data, "early,back,more"));
  devssh_channel_close (far.channel);
  test_spin_until (near.closed && far.closed && result != NULL);
  g_assert_cmpstr (far.order->str, ==, "dec");
  g_assert_true (finish_pipe (result, &error));
  g_assert_no_error (error);
  end_clear (&near);
  end_clear (&far);
}

/* A thousand numbered messages each way, small ones and some that are large. */
static void
test_order (void)
{
  g_autoptr(Fixture) self = fixture_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GString) expected = g_string_new (NULL);
  End near, far;

  pipe_channels (self, NULL, &near, &far, &result, NULL);
  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *filler = g_strnfill (i % 50 == 0 ? 70000 : i % 300, 'x');
      g_autofree char *text = g_strdup_printf ("%u%s,", i, filler);

      g_string_append (expected, text);
      send_text (near.channel, text);
      send_text (far.channel, text);
      if (i % 100 == 0)
        g_main_context_iteration (NULL, FALSE);
    }
  test_spin_until (far.data->len == expected->len && near.data->len == expected->len);
  g_assert_true (has_text (far.data, expected->str));
  g_assert_true (has_text (near.data, expected->str));
  end_clear (&near);
  end_clear (&far);
}

static void
test_extended (void)
{
  g_autoptr(Fixture) self = fixture_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GBytes) bytes = g_bytes_new_static ("oh", 2);
  End near, far;

  pipe_channels (self, NULL, &near, &far, &result, NULL);
  send_text (far.channel, "a");
  devssh_channel_send_extended_async (far.channel, DEVSSH_EXTENDED_DATA_STDERR, bytes, NULL, NULL, NULL);
  send_text (far.channel, "b");
  devssh_channel_send_extended_async (far.channel, 77, bytes, NULL, NULL, NULL);
  test_spin_until (has_text (near.data, "ab") && has_text (near.stderr_data, "ohoh"));
  g_assert_cmpstr (near.order->str, ==, "dxdx");
  g_assert_cmpuint (near.data_type, ==, 77);
  end_clear (&near);
  end_clear (&far);
}

typedef enum { PLAIN, STATUS, SIGNAL } Kind;

static void
test_close (gconstpointer data)
{
  Kind kind = GPOINTER_TO_UINT (data) / 2;
  gboolean at_far = GPOINTER_TO_UINT (data) % 2;
  g_autoptr(Fixture) self = fixture_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  End near, far, *from, *to;

  pipe_channels (self, NULL, &near, &far, &result, NULL);
  from = at_far ? &far : &near;
  to = at_far ? &near : &far;
  send_text (from->channel, "last words");
  switch (kind)
    {
    case PLAIN:
      devssh_channel_close (from->channel);
      break;
    case STATUS:
      devssh_channel_close_with_status (from->channel, 42);
      break;
    case SIGNAL:
    default:
      devssh_channel_close_with_signal (from->channel, "TERM", "asked to");
    }
  test_spin_until (to->closed && result != NULL);
  g_assert_true (has_text (to->data, "last words"));
  g_assert_cmpint (devssh_channel_get_exit_status (to->channel), ==, kind == STATUS ? 42 : -1);
  g_assert_cmpstr (devssh_channel_get_exit_signal (to->channel), ==, kind == SIGNAL ? "TERM" : NULL);
  g_assert_cmpstr (devssh_channel_get_error_message (to->channel), ==, kind == SIGNAL ? "asked to" : NULL);
  g_assert_true (finish_pipe (result, &error));
  g_assert_no_error (error);
  end_clear (&near);
  end_clear (&far);
}

static gboolean
keep_cb (gpointer object,
         gpointer question,
         Fixture *self)
{
  g_ptr_array_add (self->kept, g_object_ref (question));
  return TRUE;
}

/* Two at once, answered the other way round; what is in them arrives as it is. */
static void
test_channel_requests (gconstpointer data)
{
  gboolean at_far = GPOINTER_TO_INT (data);
  g_autoptr(Fixture) self = fixture_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(GBytes) payload = g_bytes_new_static ("\0\xff raw", 6);
  g_autoptr(GError) error = NULL;
  End near, far, *from, *to;

  pipe_channels (self, NULL, &near, &far, &result, NULL);
  from = at_far ? &far : &near;
  to = at_far ? &near : &far;
  g_signal_connect (to->channel, "request", G_CALLBACK (keep_cb), self);
  devssh_channel_request_async (from->channel, "one@example.org", TRUE, payload, NULL, test_keep_result_cb, &first);
  devssh_channel_request_async (from->channel, "two@example.org", TRUE, NULL, NULL, test_keep_result_cb, &second);
  devssh_channel_request_async (from->channel, "three@example.org", FALSE, payload, NULL, NULL, NULL);
  test_spin_until (self->kept->len == 3);
  g_assert_cmpstr (devssh_channel_request_get_request_type (self->kept->pdata[0]), ==, "one@example.org");
  g_assert_true (g_bytes_equal (devssh_channel_request_get_payload (self->kept->pdata[0]), payload));
  g_assert_true (devssh_channel_request_get_want_reply (self->kept->pdata[1]));
  g_assert_false (devssh_channel_request_get_want_reply (self->kept->pdata[2]));
  g_assert_true (g_bytes_equal (devssh_channel_request_get_payload (self->kept->pdata[2]), payload));

  devssh_channel_request_complete (self->kept->pdata[1], FALSE);
  test_settle ();
  g_assert_true (first == NULL && second == NULL);
  devssh_channel_request_complete (self->kept->pdata[0], TRUE);
  test_spin_until (first != NULL && second != NULL);
  g_assert_true (devssh_channel_request_finish (from->channel, first, &error));
  g_assert_no_error (error);
  g_assert_false (devssh_channel_request_finish (from->channel, second, &error));
  g_assert_no_error (error);
  end_clear (&near);
  end_clear (&far);
}

/* A receiver that takes nothing holds the sender up, at its window, and the middle keeps no more than that. */
static void
test_back_pressure (void)
{
  g_autoptr(Fixture) self = fixture_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) sent = NULL;
  g_autoptr(GBytes) much = g_bytes_new_take (g_malloc0 (64 << 20), 64 << 20);
  End near, far;
  gsize before;

  pipe_channels (self, NULL, &near, &far, &result, NULL);
  send_text (near.channel, "1");
  test_spin_until (far.data->len == 1);
  devssh_channel_set_manual_credit (far.channel, TRUE);
  before = test_memory_get_allocated ();
  devssh_channel_send_async (near.channel, much, NULL, test_keep_result_cb, &sent);
  test_settle ();
  for (guint i = 0; i < 100; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_null (sent);
  g_assert_cmpuint (devssh_channel_get_bytes_sent (near.channel), <, 36 << 20);
  if (before > 0)
    g_assert_cmpuint (test_memory_get_allocated (), <, before + (72 << 20));
  g_byte_array_set_size (far.data, 0);
  devssh_channel_set_manual_credit (far.channel, FALSE);
  devssh_channel_adjust_window (far.channel, (guint) devssh_channel_get_bytes_received (far.channel) - 1, NULL);
  test_spin_until (sent != NULL);
  end_clear (&near);
  end_clear (&far);
}

/* A whole GiB through a receiver that takes it in small pieces, one a turn of the loop: nothing piles up anywhere. */
#define SLOW_BLOCK (1024 * 1024)

typedef struct
{
  DevSshChannel *from, *to;
  GBytes        *block;
  guint          n_left, n_under_way;
  guint64        received, credited;
} Slow;

static void slow_fill (Slow *self);

static void
slow_sent_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      data)
{
  Slow *self = data;

  g_assert_true (devssh_channel_send_finish (DEVSSH_CHANNEL (source), result, NULL));
  self->n_under_way--;
  slow_fill (self);
}

static void
slow_fill (Slow *self)
{
  for (; self->n_under_way < 2 && self->n_left > 0; self->n_left--, self->n_under_way++)
    devssh_channel_send_async (self->from, self->block, NULL, slow_sent_cb, self);
}

static void
slow_data_cb (DevSshChannel *channel,
              GBytes        *bytes,
              Slow          *self)
{
  self->received += g_bytes_get_size (bytes);
}

static void
test_slow_receiver (void)
{
  g_autoptr(Fixture) self = fixture_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(DevSshChannel) near_middle = NULL;
  g_autoptr(DevSshChannel) far_middle = NULL;
  g_autoptr(DevSshChannel) near_end = NULL;
  g_autoptr(DevSshChannel) far_end = NULL;
  g_autoptr(GBytes) block = g_bytes_new_take (g_malloc0 (SLOW_BLOCK), SLOW_BLOCK);
  guint n_blocks = TEST_MEMORY_IS_MEASURED ? 1024 : 32;
  Slow slow = { .block = block, .n_left = n_blocks };
  gsize before = 0, most = 0;

  test_pair_open (self->near, "pipe", &near_end, &near_middle);
  test_pair_open (self->far, "pipe", &far_middle, &far_end);
  slow.from = near_end;
  slow.to = far_end;
  devssh_channel_set_manual_credit (far_end, TRUE);
  g_signal_connect (far_end, "data", G_CALLBACK (slow_data_cb), &slow);
  devssh_channel_pipe_async (near_middle, far_middle, NULL, test_keep_result_cb, &result);
  before = test_memory_get_resident ();
  slow_fill (&slow);
  while (slow.received < (guint64) n_blocks * SLOW_BLOCK)
    {
      guint piece = (guint) MIN (slow.received - slow.credited, 64 * 1024);

      if (piece > 0)
        {
          g_assert_true (devssh_channel_adjust_window (far_end, piece, NULL));
          slow.credited += piece;
        }
      g_main_context_iteration (NULL, piece == 0);
      most = MAX (most, slow.received - slow.credited);
      /* The first eighth fills what may be filled. */
      if (before > 0 && slow.received / SLOW_BLOCK == n_blocks / 8)
        before = MAX (before, test_memory_get_resident ());
    }
  if (before > 0)
    test_memory_assert_growth (before, 8 * 1024 * 1024, "1 GiB through a pipe");
  g_test_message ("at most %" G_GSIZE_FORMAT " bytes not credited", most);
  g_signal_handlers_disconnect_by_data (far_end, &slow);
}

static void
test_session_lost (void)
{
  g_autoptr(Fixture) self = fixture_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  End near, far;

  pipe_channels (self, NULL, &near, &far, &result, NULL);
  test_settle ();
  devssh_session_close (DEVSSH_SESSION (self->near->client), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "gone");
  test_spin_until (far.closed && result != NULL);
  g_assert_cmpstr (devssh_channel_get_exit_signal (far.channel), ==, "SIGABRT");
  g_assert_false (finish_pipe (result, &error));
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_BY_APPLICATION);
  end_clear (&near);
  end_clear (&far);
}

static void
test_cancelled (void)
{
  g_autoptr(Fixture) self = fixture_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  End near, far;

  pipe_channels (self, NULL, &near, &far, &result, cancellable);
  test_settle ();
  g_cancellable_cancel (cancellable);
  test_spin_until (near.closed && far.closed && result != NULL);
  g_assert_false (finish_pipe (result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  end_clear (&near);
  end_clear (&far);
}

static void
test_has_reader (void)
{
  g_autoptr(Fixture) self = fixture_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshChannel) a = NULL;
  g_autoptr(DevSshChannel) b = NULL;
  g_autoptr(DevSshChannel) c = NULL;
  g_autoptr(DevSshChannel) d = NULL;
  g_autoptr(DevSshChannelStream) stream = NULL;

  test_pair_open (self->near, "pipe", &a, &b);
  test_pair_open (self->far, "pipe", &c, &d);
  stream = devssh_channel_stream_new (c, &error);
  g_assert_no_error (error);
  devssh_channel_pipe_async (b, c, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_false (devssh_channel_pipe_finish (b, result, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  g_clear_error (&error);
  g_clear_object (&result);
  /* The other one is as it was. */
  g_clear_object (&stream);
  stream = devssh_channel_stream_new (b, &error);
  g_assert_no_error (error);
}

/* ---- sessions ---- */

static gboolean
open_channel (DevSshSession  *session,
              GAsyncResult  **result,
              const char     *type)
{
  g_autoptr(GBytes) data = g_bytes_new_static ("own data", 8);

  devssh_session_open_channel_full_async (session, type, data, 0, NULL, test_keep_result_cb, result);
  return TRUE;
}

static void
test_session_open (gconstpointer data)
{
  gboolean at_far = GPOINTER_TO_INT (data);
  g_autoptr(Fixture) self = fixture_new_piped ();
  DevSshSession *from = end_of (self, at_far), *to = end_of (self, !at_far);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  DevSshChannelOpening *opening;
  End near, far;

  g_signal_connect (to, "channel-opening", G_CALLBACK (keep_cb), self);
  open_channel (from, &result, "own@example.org");
  test_spin_until (self->kept->len == 1);
  opening = self->kept->pdata[0];
  g_assert_cmpstr (devssh_channel_opening_get_channel_type (opening), ==, "own@example.org");
  g_assert_cmpmem (g_bytes_get_data (devssh_channel_opening_get_type_data (opening), NULL),
                   g_bytes_get_size (devssh_channel_opening_get_type_data (opening)), "own data", 8);
  /* Not before the far end has said yes. */
  test_settle ();
  g_assert_null (result);
  end_init (&far, g_object_ref (devssh_channel_opening_get_channel (opening)));
  devssh_channel_opening_accept (opening);
  send_text (far.channel, "first");
  test_spin_until (result != NULL);
  end_init (&near, devssh_session_open_channel_finish (from, result, &error));
  g_assert_no_error (error);
  send_text (near.channel, "hello");
  test_spin_until (has_text (far.data, "hello") && has_text (near.data, "first"));
  devssh_channel_close_with_status (far.channel, 3);
  test_spin_until (near.closed);
  g_assert_cmpint (devssh_channel_get_exit_status (near.channel), ==, 3);
  end_clear (&near);
  end_clear (&far);
}

static void
test_session_refused (gconstpointer data)
{
  gboolean at_far = GPOINTER_TO_INT (data);
  g_autoptr(Fixture) self = fixture_new_piped ();
  DevSshSession *from = end_of (self, at_far), *to = end_of (self, !at_far);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_signal_connect (to, "channel-opening", G_CALLBACK (keep_cb), self);
  open_channel (from, &result, "own@example.org");
  test_spin_until (self->kept->len == 1);
  devssh_channel_opening_reject (self->kept->pdata[0], DEVSSH_CHANNEL_OPEN_FAILURE_RESOURCE_SHORTAGE, "no room");
  test_spin_until (result != NULL);
  g_assert_null (devssh_session_open_channel_finish (from, result, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_RESOURCE_SHORTAGE);
  g_assert_nonnull (strstr (error->message, "no room"));
}

static void
test_session_requests (gconstpointer data)
{
  gboolean at_far = GPOINTER_TO_INT (data);
  g_autoptr(Fixture) self = fixture_new_piped ();
  DevSshSession *from = end_of (self, at_far), *to = end_of (self, !at_far);
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(GBytes) payload = g_bytes_new_static ("\1\0\2", 3);
  g_autoptr(GBytes) answer = g_bytes_new_static ("\0\0\x1f\x90", 4);
  g_autoptr(GBytes) reply = NULL;
  g_autoptr(GBytes) other = NULL;
  g_autoptr(GError) error = NULL;

  g_signal_connect (to, "request", G_CALLBACK (keep_cb), self);
  devssh_session_request_async (from, "one@example.org", TRUE, payload, NULL, test_keep_result_cb, &first);
  devssh_session_request_async (from, "none@example.org", FALSE, payload, NULL, NULL, NULL);
  devssh_session_request_async (from, "two@example.org", TRUE, NULL, NULL, test_keep_result_cb, &second);
  /* The second goes on though the first is not answered. */
  test_spin_until (self->kept->len == 3);
  g_assert_true (g_bytes_equal (devssh_session_request_get_payload (self->kept->pdata[0]), payload));
  g_assert_cmpstr (devssh_session_request_get_request_type (self->kept->pdata[1]), ==, "none@example.org");
  g_assert_false (devssh_session_request_get_want_reply (self->kept->pdata[1]));
  devssh_session_request_complete_with_payload (self->kept->pdata[0], TRUE, answer);
  devssh_session_request_complete (self->kept->pdata[2], FALSE);
  test_spin_until (first != NULL && second != NULL);
  g_assert_true (devssh_session_request_finish (from, first, &reply, &error));
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (reply, answer));
  g_assert_false (devssh_session_request_finish (from, second, &other, &error));
  g_assert_no_error (error);
}

static void
test_session_close (gconstpointer data)
{
  gboolean at_far = GPOINTER_TO_INT (data);
  g_autoptr(Fixture) self = fixture_new_piped ();
  DevSshSession *from = end_of (self, at_far), *to = end_of (self, !at_far);
  g_autoptr(GError) error = NULL;

  test_settle ();
  devssh_session_close (from, DEVSSH_DISCONNECT_REASON_SERVICE_NOT_AVAILABLE, "for a test");
  test_spin_until (devssh_session_get_is_closed (to) && self->piped != NULL);
  g_assert_cmpint (devssh_session_get_disconnect_reason (to), ==, DEVSSH_DISCONNECT_REASON_SERVICE_NOT_AVAILABLE);
  g_assert_true (finish_pipe (self->piped, &error));
  g_assert_no_error (error);
}

/* Everything that is pending when a session goes ends, once. */
static void
test_session_close_pending (void)
{
  g_autoptr(Fixture) self = fixture_new_piped ();
  DevSshSession *from = end_of (self, FALSE), *to = end_of (self, TRUE);
  g_autoptr(GAsyncResult) opened = NULL;
  g_autoptr(GAsyncResult) asked = NULL;
  g_autoptr(GError) error = NULL;

  g_signal_connect (to, "channel-opening", G_CALLBACK (keep_cb), self);
  g_signal_connect (to, "request", G_CALLBACK (keep_cb), self);
  open_channel (from, &opened, "own@example.org");
  devssh_session_request_async (from, "one@example.org", TRUE, NULL, NULL, test_keep_result_cb, &asked);
  test_spin_until (self->kept->len == 2);
  devssh_session_close (to, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, NULL);
  test_spin_until (opened != NULL && asked != NULL && self->piped != NULL);
  g_assert_null (devssh_session_open_channel_finish (from, opened, &error));
  g_assert_nonnull (error);
}

/* The near peer is lost, for good; the far one's connection could be replaced, but there is nobody any more whom that would bring back. */
static void
test_session_lost_for_good (void)
{
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new_with_reconnect ();
  g_autoptr(Fixture) self = g_new0 (Fixture, 1);
  g_autoptr(GAsyncResult) near_enabled = NULL;
  g_autoptr(GAsyncResult) far_enabled = NULL;

  self->kept = g_ptr_array_new_with_free_func (g_object_unref);
  self->near = test_pair_new ();
  self->far = test_pair_new ();
  g_set_object (&self->far->client_config, config);
  g_set_object (&self->far->server_config, config);
  self->far->sessions = devssh_reconnectable_sessions_new ();
  test_pair_authenticate (self->near);
  test_pair_authenticate (self->far);
  devssh_session_wait_until_reconnect_enabled_async (DEVSSH_SESSION (self->far->client), NULL, test_keep_result_cb, &near_enabled);
  devssh_session_wait_until_reconnect_enabled_async (DEVSSH_SESSION (self->far->server), NULL, test_keep_result_cb, &far_enabled);
  test_spin_until (near_enabled != NULL && far_enabled != NULL);
  devssh_session_pipe_async (DEVSSH_SESSION (self->near->server), DEVSSH_SESSION (self->far->client), NULL,
                             test_keep_result_cb, &self->piped);
  devssh_session_close (DEVSSH_SESSION (self->near->client), DEVSSH_DISCONNECT_REASON_CONNECTION_LOST, "for a test");
  test_spin_until (self->piped != NULL);
  test_settle ();
  g_assert_true (devssh_session_get_is_closed (DEVSSH_SESSION (self->far->client)));
  g_assert_true (devssh_session_get_is_closed (DEVSSH_SESSION (self->far->server)));
}

/* Past the session's own checks. */
static void
send_raw (gpointer      session,
          DevSshWriter *writer)
{
  DevSshPump *pump = devssh_session_get_private (session)->pump;

  devssh_outbox_send (devssh_transport_get_outbox (pump->transport), writer->data, writer->length);
  devssh_pump_wake (pump);
}

/* A legal packet of one side may be too large for the other one's: refused, whichever way it goes (T-10). */
#define TOO_MUCH (255 * 1024 + 500)

static void
test_session_too_large (void)
{
  g_autoptr(Fixture) self = fixture_new_piped ();
  g_autoptr(GAsyncResult) asked = NULL;
  g_autoptr(GBytes) reply = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree guint8 *much = g_malloc0 (TOO_MUCH);
  DevSshGlobalRequestMessage request = { (char *) "much@example.org", TRUE, { much, TOO_MUCH } };
  DEVSSH_WRITER_AUTO (asking);
  DEVSSH_WRITER_AUTO (answer);

  g_signal_connect (self->far->server, "request", G_CALLBACK (keep_cb), self);
  devssh_global_request_message_encode (&request, &asking);
  send_raw (self->near->client, &asking);
  test_settle ();
  g_assert_cmpuint (self->kept->len, ==, 0);

  devssh_session_request_async (DEVSSH_SESSION (self->near->client), "one@example.org", TRUE, NULL, NULL, test_keep_result_cb, &asked);
  test_spin_until (self->kept->len == 1);
  devssh_writer_put_byte (&answer, DEVSSH_MESSAGE_REQUEST_SUCCESS);
  devssh_writer_put_bytes (&answer, much, TOO_MUCH);
  send_raw (self->far->server, &answer);
  test_spin_until (asked != NULL);
  g_assert_false (devssh_session_request_finish (DEVSSH_SESSION (self->near->client), asked, &reply, &error));
  g_assert_no_error (error);
  g_assert_false (devssh_session_get_is_closed (DEVSSH_SESSION (self->near->client)));
  g_assert_false (devssh_session_get_is_closed (DEVSSH_SESSION (self->far->server)));
}

/* Requests that want no reply cost their sender nothing, and a far side that does not read must not make us keep them all (T-47). */
static void
test_flood (gconstpointer data)
{
  gboolean by_channel = GPOINTER_TO_INT (data);
  g_autoptr(Fixture) self = fixture_new_piped ();
  g_autoptr(GAsyncResult) opened = NULL;
  g_autoptr(DevSshChannel) channel = NULL;
  g_autofree guint8 *zeros = g_malloc0 (100000);
  g_autoptr(GBytes) payload = g_bytes_new (zeros, 100000);
  gsize waiting;

  if (by_channel)
    {
      g_signal_connect (self->far->server, "channel-opening", G_CALLBACK (keep_cb), self);
      open_channel (DEVSSH_SESSION (self->near->client), &opened, "own@example.org");
      test_spin_until (self->kept->len == 1);
      devssh_channel_opening_accept (self->kept->pdata[0]);
      test_spin_until (opened != NULL);
      channel = devssh_session_open_channel_finish (DEVSSH_SESSION (self->near->client), opened, NULL);
      g_assert_nonnull (channel);
    }
  devssh_io_watch_set_wanted (devssh_session_get_private (DEVSSH_SESSION (self->far->server))->pump->watch, 0);
  for (guint i = 0; i < 160; i++)
    {
      if (by_channel)
        devssh_channel_request_async (channel, "flood@example.org", FALSE, payload, NULL, NULL, NULL);
      else
        devssh_session_request_async (DEVSSH_SESSION (self->near->client), "flood@example.org", FALSE, payload, NULL, NULL, NULL);
    }
  test_settle ();
  devssh_transport_get_output (devssh_session_get_private (DEVSSH_SESSION (self->near->client))->pump->transport, &waiting);
  g_assert_cmpuint (waiting, ==, 0);
  devssh_transport_get_output (devssh_session_get_private (DEVSSH_SESSION (self->far->client))->pump->transport, &waiting);
  g_assert_cmpuint (waiting, <=, 2 * 1024 * 1024);
  g_assert_false (devssh_session_get_is_closed (DEVSSH_SESSION (self->near->client)));
}

static void
test_session_unauthenticated (void)
{
  g_autoptr(Fixture) self = g_new0 (Fixture, 1);
  g_autoptr(GError) error = NULL;

  self->kept = g_ptr_array_new_with_free_func (g_object_unref);
  self->near = test_pair_new ();
  self->far = test_pair_new ();
  test_pair_authenticate (self->near);
  test_pair_connect (self->far);
  devssh_session_pipe_async (DEVSSH_SESSION (self->near->server), DEVSSH_SESSION (self->far->client), NULL,
                             test_keep_result_cb, &self->piped);
  test_spin_until (self->piped != NULL);
  g_assert_false (finish_pipe (self->piped, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_NOT_AUTHENTICATED);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pipe/data/E-67", test_data);
  g_test_add_func ("/pipe/order/E-67", test_order);
  g_test_add_func ("/pipe/extended", test_extended);
  for (guint i = 0; i < 6; i++)
    {
      g_autofree char *path = g_strdup_printf ("/pipe/close-%s/from-%s/E-67", (const char *[]) { "plain", "status", "signal" }[i / 2],
                                               i % 2 ? "far" : "near");

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_close);
    }
  g_test_add_data_func ("/pipe/requests/from-near/E-67", GINT_TO_POINTER (FALSE), test_channel_requests);
  g_test_add_data_func ("/pipe/requests/from-far/E-67", GINT_TO_POINTER (TRUE), test_channel_requests);
  g_test_add_func ("/pipe/back-pressure", test_back_pressure);
  g_test_add_func ("/pipe/slow-receiver", test_slow_receiver);
  g_test_add_func ("/pipe/session-lost/E-67", test_session_lost);
  g_test_add_func ("/pipe/cancelled", test_cancelled);
  g_test_add_func ("/pipe/has-reader", test_has_reader);
  for (guint i = 0; i < 2; i++)
    {
      static const struct { const char *name; void (*test) (gconstpointer data); } tests[] = {
        { "open", test_session_open }, { "refused", test_session_refused }, { "requests", test_session_requests },
        { "close", test_session_close },
      };

      for (guint n = 0; n < G_N_ELEMENTS (tests); n++)
        {
          g_autofree char *path = g_strdup_printf ("/pipe/session/%s/from-%s/E-67", tests[n].name, i ? "far" : "near");

          g_test_add_data_func (path, GUINT_TO_POINTER (i), tests[n].test);
        }
    }
  g_test_add_func ("/pipe/session/close-pending", test_session_close_pending);
  g_test_add_func ("/pipe/session/lost-for-good/E-67", test_session_lost_for_good);
  g_test_add_func ("/pipe/session/too-large/T-10", test_session_too_large);
  g_test_add_data_func ("/pipe/session/flood/T-47", GINT_TO_POINTER (FALSE), test_flood);
  g_test_add_data_func ("/pipe/session/channel-flood/T-47", GINT_TO_POINTER (TRUE), test_flood);
  g_test_add_func ("/pipe/session/unauthenticated", test_session_unauthenticated);
  return g_test_run ();
}
