/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many channels over one stream without security (protocol.md 7.4, E-68). */
#include "stream-util.h"

#include <string.h>

typedef struct
{
  GIOStream                *transports[2];
  DevSshMultiChannelStream *ends[2];
  guint                     n_closed[2];
  guint                     n_opening[2][2];    /* at an end: its own, the peer's */
  DevSshDisconnectReason    reason[2];
  gboolean                  refuse;
} Fixture;

static gboolean
opening_cb (DevSshMultiChannelStream *stream,
            DevSshChannelOpening     *opening,
            Fixture                  *self)
{
  guint end = stream == self->ends[0] ? 0 : 1;
  gboolean is_remote = devssh_channel_opening_get_is_remote (opening);

  self->n_opening[end][is_remote]++;
  if (!self->refuse || !is_remote)
    return FALSE;

  devssh_channel_opening_reject (opening, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED, "not today");
  return TRUE;
}

static void
closed_cb (DevSshMultiChannelStream *stream,
           DevSshDisconnectReason    reason,
           const char               *message,
           GError                   *error,
           Fixture                  *self)
{
  guint end = stream == self->ends[0] ? 0 : 1;

  g_assert_true (devssh_multi_channel_stream_get_is_closed (stream));
  self->n_closed[end]++;
  self->reason[end] = reason;
}

static void
test_fixture_init (Fixture   *self,
                   GIOStream *a,
                   GIOStream *b)
{
  memset (self, 0, sizeof *self);
  if (a != NULL)
    {
      self->transports[0] = g_object_ref (a);
      self->transports[1] = g_object_ref (b);
    }
  else
    test_stream_pair (&self->transports[0], &self->transports[1]);
  for (guint i = 0; i < 2; i++)
    {
      self->ends[i] = devssh_multi_channel_stream_new (self->transports[i]);
      g_signal_connect (self->ends[i], "channel-opening", G_CALLBACK (opening_cb), self);
      g_signal_connect (self->ends[i], "closed", G_CALLBACK (closed_cb), self);
    }
}

static void
test_fixture_clear (Fixture *self)
{
  for (guint i = 0; i < 2; i++)
    {
      if (self->ends[i] != NULL)
        g_signal_handlers_disconnect_by_data (self->ends[i], self);
      g_clear_object (&self->ends[i]);
    }
  test_settle ();
  for (guint i = 0; i < 2; i++)
    g_clear_object (&self->transports[i]);
  test_settle ();
}

static GIOStream *
finish_open (Fixture       *self,
             guint          end,
             GAsyncResult **result)
{
  g_autoptr(GError) error = NULL;
  DevSshChannelStream *stream;

  test_spin_until (*result != NULL);
  stream = devssh_multi_channel_stream_open_stream_finish (self->ends[end], *result, &error);
  g_assert_no_error (error);
  g_clear_object (result);
  return G_IO_STREAM (stream);
}

static GIOStream *
finish_accept (Fixture       *self,
               guint          end,
               GAsyncResult **result)
{
  g_autoptr(GError) error = NULL;
  DevSshChannelStream *stream;

  test_spin_until (*result != NULL);
  stream = devssh_multi_channel_stream_accept_stream_finish (self->ends[end], *result, &error);
  g_assert_no_error (error);
  g_clear_object (result);
  return G_IO_STREAM (stream);
}

/* One channel that end opens; the streams of both, the opener's first. */
static void
open_stream (Fixture     *self,
             guint        end,
             const char  *type,
             GIOStream  **opened,
             GIOStream  **accepted)
{
  GAsyncResult *results[2] = { NULL, NULL };

  devssh_multi_channel_stream_open_stream_async (self->ends[end], type, NULL, test_keep_result_cb, &results[0]);
  devssh_multi_channel_stream_accept_stream_async (self->ends[1 - end], type, NULL, test_keep_result_cb, &results[1]);
  *opened = finish_open (self, end, &results[0]);
  *accepted = finish_accept (self, 1 - end, &results[1]);
}

/* ---- channels ---- */

/* Nobody connects by hand; either end opens; one after the other and all at once. */
static void
test_streams (void)
{
  GIOStream *streams[20][2];
  Fixture self;

  test_fixture_init (&self, NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (streams); i++)
    {
      g_autofree char *type = g_strdup_printf ("type-%u", i % 3);

      open_stream (&self, i % 2, i % 5 == 0 ? NULL : type, &streams[i][0], &streams[i][1]);
      g_assert_cmpstr (devssh_channel_get_channel_type (devssh_channel_stream_get_channel (DEVSSH_CHANNEL_STREAM (streams[i][1]))),
                       ==, i % 5 == 0 ? "session" : type);
      test_write (streams[i][0], "there");
      test_assert_read (streams[i][1], "there");
    }
  g_assert_cmpuint (self.n_opening[0][0], ==, 10);
  g_assert_cmpuint (self.n_opening[0][1], ==, 10);
  g_assert_cmpuint (self.n_opening[1][0], ==, 10);
  g_assert_cmpuint (self.n_opening[1][1], ==, 10);

  /* They do not mix. */
  for (guint i = 0; i < G_N_ELEMENTS (streams); i++)
    {
      g_autofree char *text = g_strdup_printf ("and back through %u", i);

      test_write (streams[i][1], text);
    }
  for (guint i = G_N_ELEMENTS (streams); i-- > 0; )
    {
      g_autofree char *text = g_strdup_printf ("and back through %u", i);

      test_assert_read (streams[i][0], text);
    }
  test_bulk (streams[3][0], streams[3][1], 2000000);

  /* One that ends leaves the others. */
  g_assert_true (g_io_stream_close (streams[0][0], NULL, NULL));
  test_assert_end (streams[0][1]);
  test_write (streams[1][0], "still");
  test_assert_read (streams[1][1], "still");
  for (guint i = 0; i < G_N_ELEMENTS (streams); i++)
    {
      g_object_unref (streams[i][0]);
      g_object_unref (streams[i][1]);
    }
  test_fixture_clear (&self);
}

static void
test_channels (void)
{
  g_autoptr(GAsyncResult) opened = NULL;
  g_autoptr(GAsyncResult) accepted = NULL;
  g_autoptr(DevSshChannel) near = NULL;
  g_autoptr(DevSshChannel) far = NULL;
  g_autoptr(GError) error = NULL;
  Fixture self;

  test_fixture_init (&self, NULL, NULL);
  devssh_multi_channel_stream_open_channel_async (self.ends[0], NULL, NULL, test_keep_result_cb, &opened);
  devssh_multi_channel_stream_accept_channel_async (self.ends[1], NULL, NULL, test_keep_result_cb, &accepted);
  test_spin_until (opened != NULL && accepted != NULL);
  near = devssh_multi_channel_stream_open_channel_finish (self.ends[0], opened, &error);
  g_assert_no_error (error);
  far = devssh_multi_channel_stream_accept_channel_finish (self.ends[1], accepted, &error);
  g_assert_no_error (error);
  g_assert_false (devssh_channel_get_is_remote (near));
  g_assert_true (devssh_channel_get_is_remote (far));
  g_assert_cmpstr (devssh_channel_get_channel_type (near), ==, "session");
  devssh_channel_close_with_status (far, 7);
  test_spin_until (devssh_channel_get_is_closed (near));
  g_assert_cmpint (devssh_channel_get_exit_status (near), ==, 7);
  g_clear_object (&opened);
  g_clear_object (&accepted);
  test_fixture_clear (&self);
}

/* Who opens need not know when the other one accepts; there is room for 64. */
static void
test_opened_before_accept (void)
{
  g_autoptr(GError) error = NULL;
  GAsyncResult *results[65] = { NULL, };
  GAsyncResult *accepted = NULL;
  GIOStream *opened[64];
  Fixture self;

  test_fixture_init (&self, NULL, NULL);
  devssh_multi_channel_stream_connect_async (self.ends[1], NULL, NULL, NULL);
  for (guint i = 0; i < 65; i++)
    devssh_multi_channel_stream_open_stream_async (self.ends[0], NULL, NULL, test_keep_result_cb, &results[i]);
  for (guint i = 0; i < 64; i++)
    {
      opened[i] = finish_open (&self, 0, &results[i]);
      test_write (opened[i], "early");
    }
  test_spin_until (results[64] != NULL);
  g_assert_null (devssh_multi_channel_stream_open_stream_finish (self.ends[0], results[64], &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
  g_object_unref (results[64]);

  for (guint i = 0; i < 64; i++)
    {
      g_autoptr(GIOStream) stream = NULL;

      devssh_multi_channel_stream_accept_stream_async (self.ends[1], NULL, NULL, test_keep_result_cb, &accepted);
      stream = finish_accept (&self, 1, &accepted);
      test_assert_read (stream, "early");
      g_object_unref (opened[i]);
    }
  test_fixture_clear (&self);
}

static void
test_refused (void)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  Fixture self;

  test_fixture_init (&self, NULL, NULL);
  self.refuse = TRUE;
  devssh_multi_channel_stream_connect_async (self.ends[1], NULL, NULL, NULL);
  devssh_multi_channel_stream_open_stream_async (self.ends[0], "other", NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_null (devssh_multi_channel_stream_open_stream_finish (self.ends[0], result, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
  g_clear_object (&result);
  test_fixture_clear (&self);
}

/* Of either side's channels, from then on; it is in the messages. */
static void
test_window (void)
{
  static const guint sizes[][2] = { { 0, 1024 * 1024 }, { 100000, 100000 }, { 5, 32768 }, { 0, 1024 * 1024 } };
  guint n_notified = 0;
  Fixture self;

  test_fixture_init (&self, NULL, NULL);
  g_assert_cmpuint (devssh_multi_channel_stream_get_channel_max_window_size (self.ends[0]), ==, 0);
  g_signal_connect_swapped (self.ends[0], "notify::channel-max-window-size", G_CALLBACK (g_atomic_int_inc), &n_notified);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      guint now;

      g_object_set (self.ends[0], "channel-max-window-size", sizes[i][0], NULL);
      g_object_get (self.ends[0], "channel-max-window-size", &now, NULL);
      g_assert_cmpuint (now, ==, sizes[i][0] == 0 ? 0 : sizes[i][1]);
      for (guint end = 0; end < 2; end++)
        {
          g_autoptr(GIOStream) opened = NULL;
          g_autoptr(GIOStream) accepted = NULL;
          GBytes *message;
          DevSshChannel *channel;
          guint32 window;
          gsize length;
          const guint8 *data;

          open_stream (&self, end, NULL, &opened, &accepted);
          channel = devssh_channel_stream_get_channel (DEVSSH_CHANNEL_STREAM (end == 0 ? opened : accepted));
          g_assert_cmpuint (devssh_channel_get_max_window_size (channel), ==, sizes[i][1]);
          /* 90: type, number, window; 91: two numbers, window. */
          if (end == 0)
            message = devssh_channel_get_open_message (devssh_channel_stream_get_channel (DEVSSH_CHANNEL_STREAM (accepted)));
          else
            message = devssh_channel_get_open_confirmation_message (devssh_channel_stream_get_channel (DEVSSH_CHANNEL_STREAM (opened)));
          data = g_bytes_get_data (message, &length);
          memcpy (&window, data + (end == 0 ? 1 + 4 + strlen ("session") + 4 : 1 + 4 + 4), 4);
          g_assert_cmpuint (GUINT32_FROM_BE (window), ==, sizes[i][1]);
        }
    }
  g_assert_cmpuint (n_notified, ==, 3);
  test_fixture_clear (&self);
}

/* ---- connecting ---- */

static void
test_connect_again (void)
{
  GAsyncResult *results[5] = { NULL, };
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) far = NULL;
  g_autoptr(GError) error = NULL;
  Fixture self;

  test_fixture_init (&self, NULL, NULL);
  for (guint i = 0; i < 4; i++)
    devssh_multi_channel_stream_connect_async (self.ends[0], i == 2 ? cancellable : NULL, test_keep_result_cb, &results[i]);
  test_settle ();
  g_assert_null (results[0]);
  /* Who waits no longer does not stop the others. */
  g_cancellable_cancel (cancellable);
  test_spin_until (results[2] != NULL);
  g_assert_false (devssh_multi_channel_stream_connect_finish (self.ends[0], results[2], &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_null (results[0]);

  devssh_multi_channel_stream_connect_async (self.ends[1], NULL, test_keep_result_cb, &far);
  test_spin_until (results[0] != NULL && results[1] != NULL && results[3] != NULL && far != NULL);
  devssh_multi_channel_stream_connect_async (self.ends[0], NULL, test_keep_result_cb, &results[4]);
  test_spin_until (results[4] != NULL);
  for (guint i = 0; i < 5; i++)
    {
      if (i != 2)
        g_assert_true (devssh_multi_channel_stream_connect_finish (self.ends[0], results[i], &error));
      g_assert_no_error (error);
      g_object_unref (results[i]);
    }
  test_fixture_clear (&self);
}

static void
test_cancelled_before (void)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) waiting = NULL;
  g_autoptr(GCancellable) later = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  g_autoptr(GIOStream) opened = NULL;
  g_autoptr(GIOStream) accepted = NULL;
  Fixture self;

  test_fixture_init (&self, NULL, NULL);
  g_cancellable_cancel (cancellable);
  devssh_multi_channel_stream_open_stream_async (self.ends[0], NULL, cancellable, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_null (devssh_multi_channel_stream_open_stream_finish (self.ends[0], result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  /* A channel is not lost by somebody who no longer waits for it. */
  devssh_multi_channel_stream_accept_stream_async (self.ends[1], NULL, later, test_keep_result_cb, &waiting);
  devssh_multi_channel_stream_connect_async (self.ends[0], NULL, NULL, NULL);
  test_settle ();
  g_assert_null (waiting);
  g_cancellable_cancel (later);
  test_spin_until (waiting != NULL);
  g_assert_null (devssh_multi_channel_stream_accept_stream_finish (self.ends[1], waiting, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  open_stream (&self, 0, NULL, &opened, &accepted);
  g_clear_object (&result);
  g_clear_object (&waiting);
  test_fixture_clear (&self);
}

/* ---- the wire ---- */

/* Where the packet at data ends; its payload. Without encryption they are plain (RFC 4253, 6). */
static const guint8 *
packet (const guint8 *data,
        gsize        *payload_length)
{
  guint32 length;

  memcpy (&length, data, 4);
  *payload_length = GUINT32_FROM_BE (length) - data[4] - 1;
  return data + 4 + GUINT32_FROM_BE (length);
}

/* The version, KEXINIT with a cookie of zeros and lists of none, and at the end a DISCONNECT with reason 0 and its text. */
static void
test_messages (void)
{
  static const guint8 disconnect[] = "\x01\0\0\0\0\0\0\0\x13" "SshSession disposed\0\0\0";
  g_autoptr(GAsyncResult) connected = NULL;
  g_autoptr(GAsyncResult) closed = NULL;
  g_autoptr(GAsyncResult) read = NULL;
  g_autoptr(GByteArray) kexinit = g_byte_array_new ();
  g_autoptr(GError) error = NULL;
  const char *hello = "SSH-2.0-test\r\n";
  char bytes[2048];
  const guint8 *at, *next;
  gsize length, n;
  Fixture self;

  memset (&self, 0, sizeof self);
  test_stream_pair (&self.transports[0], &self.transports[1]);
  self.ends[0] = devssh_multi_channel_stream_new (self.transports[0]);
  devssh_multi_channel_stream_connect_async (self.ends[0], NULL, test_keep_result_cb, &connected);
  /* The version line alone: it is connected without the peer's KEXINIT. */
  test_write (self.transports[1], hello);
  test_spin_until (connected != NULL);
  g_assert_true (devssh_multi_channel_stream_connect_finish (self.ends[0], connected, &error));
  g_assert_no_error (error);
  g_input_stream_read_all_async (g_io_stream_get_input_stream (self.transports[1]), bytes, sizeof bytes, G_PRIORITY_DEFAULT, NULL,
                                 test_keep_result_cb, &read);
  devssh_multi_channel_stream_close_async (self.ends[0], NULL, test_keep_result_cb, &closed);
  test_spin_until (read != NULL);
  g_assert_true (g_input_stream_read_all_finish (g_io_stream_get_input_stream (self.transports[1]), read, &n, &error));
  g_assert_no_error (error);

  at = memchr (bytes, '\n', n);
  g_assert_nonnull (at);
  g_assert_true (g_str_has_prefix (bytes, "SSH-2.0-"));
  at++;
  next = packet (at, &length);
  g_byte_array_set_size (kexinit, 17);
  memset (kexinit->data, 0, 17);
  kexinit->data[0] = 20;
  for (guint i = 0; i < 8; i++)
    g_byte_array_append (kexinit, (const guint8 *) "\0\0\0\x04none", 8);
  g_byte_array_append (kexinit, (const guint8 *) "\0\0\0\0\0\0\0\0\0\0\0\0", 13);
  g_assert_cmpmem (at + 5, length, kexinit->data, kexinit->len);
  at = next;
  next = packet (at, &length);
  g_assert_cmpmem (at + 5, length - 4, disconnect, 9 + 19);
  g_assert_true ((const char *) next == bytes + n);

  g_io_stream_close (self.transports[1], NULL, NULL);
  test_spin_until (closed != NULL);
  g_assert_true (devssh_multi_channel_stream_close_finish (self.ends[0], closed, &error));
  test_fixture_clear (&self);
}

/* ---- ends ---- */

/* data: whether the one that closes waits. */
static void
test_close (gconstpointer data)
{
  gboolean waits = GPOINTER_TO_INT (data);
  g_autoptr(GIOStream) opened = NULL;
  g_autoptr(GIOStream) accepted = NULL;
  g_autoptr(GAsyncResult) late = NULL;
  g_autoptr(GAsyncResult) pending = NULL;
  g_autoptr(GError) error = NULL;
  Fixture self;

  test_fixture_init (&self, NULL, NULL);
  open_stream (&self, 0, NULL, &opened, &accepted);
  devssh_multi_channel_stream_accept_stream_async (self.ends[1], NULL, NULL, test_keep_result_cb, &pending);
  test_write (opened, "the last words");
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(GAsyncResult) closed = NULL;

      if (!waits)
        {
          devssh_multi_channel_stream_close (self.ends[0]);
          continue;
        }
      devssh_multi_channel_stream_close_async (self.ends[0], NULL, test_keep_result_cb, &closed);
      test_spin_until (closed != NULL);
      g_assert_true (devssh_multi_channel_stream_close_finish (self.ends[0], closed, &error));
      g_assert_no_error (error);
      g_assert_true (g_io_stream_is_closed (self.transports[0]));
    }
  g_assert_true (devssh_multi_channel_stream_get_is_closed (self.ends[0]));
  test_spin_until (self.n_closed[0] == 1 && self.n_closed[1] == 1 && pending != NULL);
  test_spin_until (g_io_stream_is_closed (self.transports[0]) && g_io_stream_is_closed (self.transports[1]));
  g_assert_cmpint (self.reason[0], ==, DEVSSH_DISCONNECT_REASON_NONE);
  g_assert_cmpint (self.reason[1], ==, DEVSSH_DISCONNECT_REASON_NONE);
  test_assert_read (accepted, "the last words");
  g_assert_null (devssh_multi_channel_stream_accept_stream_finish (self.ends[1], pending, &error));
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_NONE);
  g_clear_error (&error);

  devssh_multi_channel_stream_open_stream_async (self.ends[0], NULL, NULL, test_keep_result_cb, &late);
  test_spin_until (late != NULL);
  g_assert_null (devssh_multi_channel_stream_open_stream_finish (self.ends[0], late, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);
  devssh_multi_channel_stream_close (self.ends[1]);
  test_settle ();
  g_assert_cmpuint (self.n_closed[0] + self.n_closed[1], ==, 2);
  g_clear_object (&late);
  g_clear_object (&pending);
  test_fixture_clear (&self);
}

/* data: whether it is dropped rather than closed. */
static void
test_never_connected (gconstpointer data)
{
  gboolean drop = GPOINTER_TO_INT (data);
  Fixture self;

  test_fixture_init (&self, NULL, NULL);
  if (drop)
    {
      DevSshMultiChannelStream *last = self.ends[0];

      g_object_unref (last);
      g_assert_cmpuint (self.n_closed[0], ==, 1);
      self.ends[0] = NULL;
    }
  else
    devssh_multi_channel_stream_close (self.ends[0]);
  test_spin_until (self.n_closed[0] == 1 && g_io_stream_is_closed (self.transports[0]));
  g_assert_cmpint (self.reason[0], ==, DEVSSH_DISCONNECT_REASON_NONE);
  test_settle ();
  g_assert_cmpuint (self.n_closed[0], ==, 1);
  test_fixture_clear (&self);
}

/* With somebody waiting for a connection that never comes. */
static void
test_closed_while_connecting (void)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  Fixture self;

  test_fixture_init (&self, NULL, NULL);
  devssh_multi_channel_stream_open_stream_async (self.ends[0], NULL, NULL, test_keep_result_cb, &result);
  test_settle ();
  devssh_multi_channel_stream_close (self.ends[0]);
  test_spin_until (result != NULL && self.n_closed[0] == 1);
  g_assert_null (devssh_multi_channel_stream_open_stream_finish (self.ends[0], result, &error));
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_NONE);
  g_clear_object (&result);
  test_fixture_clear (&self);
}

/* The original library's errors: none if somebody closed it, whoever; else the reason. */
static void
test_run (void)
{
  enum { BY_US, BY_PEER, BY_PEERS_SESSION, BY_CANCEL, CUT, OTHER, N_ENDS };
  /* -1: none; -2: cancelled. */
  static const int expected[N_ENDS] = {
    -1, -1, -1, -2, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR
  };

  for (guint how = 0; how < N_ENDS; how++)
    {
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      g_autoptr(GAsyncResult) ran = NULL;
      g_autoptr(GAsyncResult) far = NULL;
      g_autoptr(GError) error = NULL;
      gboolean ok;
      Fixture self;

      test_fixture_init (&self, NULL, NULL);
      devssh_multi_channel_stream_connect_and_run_until_closed_async (self.ends[0], cancellable, test_keep_result_cb, &ran);
      devssh_multi_channel_stream_connect_async (self.ends[1], NULL, test_keep_result_cb, &far);
      test_spin_until (far != NULL);
      test_settle ();
      g_assert_null (ran);
      switch (how)
        {
        case BY_US:
          devssh_multi_channel_stream_close (self.ends[0]);
          break;
        case BY_PEER:
          devssh_multi_channel_stream_close (self.ends[1]);
          break;
        case BY_PEERS_SESSION:
          devssh_session_close (devssh_multi_channel_stream_get_session (self.ends[1]), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "");
          break;
        case BY_CANCEL:
          g_cancellable_cancel (cancellable);
          break;
        case CUT:
          g_socket_shutdown (g_socket_connection_get_socket (G_SOCKET_CONNECTION (self.transports[1])), TRUE, TRUE, NULL);
          break;
        case OTHER:
        default:
          devssh_session_close (devssh_multi_channel_stream_get_session (self.ends[1]), DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "");
          break;
        }
      test_spin_until (ran != NULL);
      ok = devssh_multi_channel_stream_connect_and_run_until_closed_finish (self.ends[0], ran, &error);
      g_assert_true (ok == (expected[how] == -1));
      if (expected[how] == -2)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      else if (expected[how] != -1)
        g_assert_error (error, DEVSSH_CONNECTION_ERROR, expected[how]);
      g_assert_true (devssh_multi_channel_stream_get_is_closed (self.ends[0]));
      g_assert_true (g_io_stream_is_closed (self.transports[0]));
      g_assert_cmpuint (self.n_closed[0], ==, 1);
      /* The peer was told, too. */
      test_spin_until (self.n_closed[1] == 1);
      g_clear_object (&ran);
      g_clear_object (&far);
      test_fixture_clear (&self);
    }
}

static void
test_dropped (void)
{
  g_autoptr(GIOStream) opened = NULL;
  g_autoptr(GIOStream) accepted = NULL;
  DevSshMultiChannelStream *last;
  Fixture self;

  test_fixture_init (&self, NULL, NULL);
  open_stream (&self, 0, NULL, &opened, &accepted);
  last = self.ends[0];
  g_object_unref (last);
  g_assert_cmpuint (self.n_closed[0], ==, 1);
  self.ends[0] = NULL;
  test_spin_until (self.n_closed[1] == 1);
  g_assert_cmpint (self.reason[1], ==, DEVSSH_DISCONNECT_REASON_NONE);
  test_fixture_clear (&self);
}

/* What it is meant for: it brings the channels, the other one the security. */
static void
test_over_secure (void)
{
  GIOStream *opened[2];
  GIOStream *accepted[2];
  TestSecure secure;
  Fixture self;

  test_secure_init (&secure, NULL, NULL, NULL);
  /* It may begin before the stream below is connected. */
  test_fixture_init (&self, G_IO_STREAM (secure.client), G_IO_STREAM (secure.server));
  devssh_multi_channel_stream_connect_async (self.ends[0], NULL, NULL, NULL);
  test_secure_connect (&secure);
  for (guint i = 0; i < 2; i++)
    open_stream (&self, i, NULL, &opened[i], &accepted[i]);
  test_bulk (opened[0], accepted[0], 3000000);
  test_bulk (accepted[1], opened[1], 1000000);
  for (guint i = 0; i < 2; i++)
    {
      g_object_unref (opened[i]);
      g_object_unref (accepted[i]);
    }

  devssh_multi_channel_stream_close (self.ends[0]);
  test_spin_until (self.n_closed[0] == 1 && self.n_closed[1] == 1 && secure.heard[0].n_closed == 1 && secure.heard[1].n_closed == 1);
  g_assert_cmpint (secure.heard[1].reason, ==, DEVSSH_DISCONNECT_REASON_NONE);
  test_fixture_clear (&self);
  test_secure_clear (&secure);
}

static void
test_of_nothing (void)
{
  g_autoptr(DevSshMultiChannelStream) stream = g_object_new (DEVSSH_TYPE_MULTI_CHANNEL_STREAM, NULL);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) ran = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_null (devssh_multi_channel_stream_get_session (stream));
  devssh_multi_channel_stream_connect_async (stream, NULL, test_keep_result_cb, &result);
  devssh_multi_channel_stream_connect_and_run_until_closed_async (stream, NULL, test_keep_result_cb, &ran);
  test_spin_until (result != NULL && ran != NULL);
  g_assert_false (devssh_multi_channel_stream_connect_finish (stream, result, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  devssh_multi_channel_stream_close (stream);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/stream/multi-channel/streams", test_streams);
  g_test_add_func ("/stream/multi-channel/channels", test_channels);
  g_test_add_func ("/stream/multi-channel/opened-before-accept", test_opened_before_accept);
  g_test_add_func ("/stream/multi-channel/refused", test_refused);
  g_test_add_func ("/stream/multi-channel/window", test_window);
  g_test_add_func ("/stream/multi-channel/connect-again", test_connect_again);
  g_test_add_func ("/stream/multi-channel/cancelled", test_cancelled_before);
  g_test_add_func ("/stream/multi-channel/messages", test_messages);
  g_test_add_data_func ("/stream/multi-channel/close/E-68", GINT_TO_POINTER (FALSE), test_close);
  g_test_add_data_func ("/stream/multi-channel/close/waits/E-68", GINT_TO_POINTER (TRUE), test_close);
  g_test_add_data_func ("/stream/multi-channel/never-connected/closed/E-68", GINT_TO_POINTER (FALSE), test_never_connected);
  g_test_add_data_func ("/stream/multi-channel/never-connected/dropped/E-68", GINT_TO_POINTER (TRUE), test_never_connected);
  g_test_add_func ("/stream/multi-channel/closed-while-connecting", test_closed_while_connecting);
  g_test_add_func ("/stream/multi-channel/run", test_run);
  g_test_add_func ("/stream/multi-channel/dropped", test_dropped);
  g_test_add_func ("/stream/multi-channel/over-secure", test_over_secure);
  g_test_add_func ("/stream/multi-channel/of-nothing", test_of_nothing);

  return g_test_run ();
}
