/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A secure stream and its two ends (protocol.md 7.5, E-68). */
#include "stream-util.h"

#include <string.h>

static GInputStream *
input_of (DevSshSecureStream *stream)
{
  return g_io_stream_get_input_stream (G_IO_STREAM (stream));
}

static GOutputStream *
output_of (DevSshSecureStream *stream)
{
  return g_io_stream_get_output_stream (G_IO_STREAM (stream));
}

static gboolean
finish_connect (DevSshSecureStream *stream,
                GAsyncResult       *result,
                GError            **error)
{
  return devssh_secure_stream_connect_finish (stream, result, error);
}

static void
assert_last_sent (TestHeard  *heard,
                  const char *name)
{
  g_assert_cmpuint (heard->sent->len, >, 0);
  g_assert_cmpstr (g_ptr_array_index (heard->sent, heard->sent->len - 1), ==, name);
}

/* ---- data ---- */

static void
test_both_ways (void)
{
  static const char *const sizes[] = { "x", "some text", "и текст" };
  g_autoptr(GError) error = NULL;
  TestSecure self;

  test_secure_init (&self, NULL, NULL, NULL);
  test_secure_connect (&self);
  g_assert_cmpuint (self.heard[0].n_questions, ==, 1);
  g_assert_cmpuint (self.heard[1].n_questions, ==, 1);
  g_assert_true (devssh_session_get_is_authenticated (devssh_secure_stream_get_session (self.server)));
  g_assert_false (devssh_secure_stream_get_is_closed (self.client));

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      /* Nothing is nothing, and no EOF. */
      g_assert_cmpint (g_output_stream_write (output_of (self.client), "", 0, NULL, &error), ==, 0);
      g_assert_no_error (error);
      test_write (G_IO_STREAM (self.client), sizes[i]);
      test_assert_read (G_IO_STREAM (self.server), sizes[i]);
      test_write (G_IO_STREAM (self.server), sizes[i]);
      test_assert_read (G_IO_STREAM (self.client), sizes[i]);
    }
  test_bulk (G_IO_STREAM (self.client), G_IO_STREAM (self.server), 3670016 + 11);
  test_secure_clear (&self);
}

static void
test_messages (void)
{
  static const char *const client[] = {
    "SSH_MSG_KEXINIT", "SSH_MSG_KEX_ECDH_INIT", "SSH_MSG_NEWKEYS", "SSH_MSG_EXT_INFO", "SSH_MSG_SERVICE_REQUEST",
    "SSH_MSG_USERAUTH_REQUEST", "SSH_MSG_CHANNEL_OPEN", "SSH_MSG_CHANNEL_CLOSE", NULL
  };
  static const char *const server[] = {
    "SSH_MSG_KEXINIT", "SSH_MSG_KEX_ECDH_REPLY", "SSH_MSG_NEWKEYS", "SSH_MSG_EXT_INFO", "SSH_MSG_SERVICE_ACCEPT",
    "SSH_MSG_USERAUTH_SUCCESS", "SSH_MSG_CHANNEL_OPEN_CONFIRMATION", "SSH_MSG_CHANNEL_CLOSE", NULL
  };
  const char *const *expected[2] = { client, server };
  g_autoptr(GError) error = NULL;
  TestSecure self;

  test_secure_init (&self, NULL, NULL, NULL);
  test_secure_connect (&self);
  g_assert_true (g_io_stream_close (G_IO_STREAM (self.client), NULL, &error));
  g_assert_no_error (error);
  test_spin_until (self.heard[0].n_closed == 1 && self.heard[1].n_closed == 1);

  for (guint end = 0; end < 2; end++)
    {
      for (guint i = 0; expected[end][i] != NULL; i++)
        {
          const char *sent = i < self.heard[end].sent->len ? g_ptr_array_index (self.heard[end].sent, i) : "nothing";

          g_test_message ("%s: %s", end == 0 ? "client" : "server", sent);
          /* What key exchanges call their messages is not the subject. */
          if (strstr (expected[end][i], "KEX_") == NULL)
            g_assert_cmpstr (sent, ==, expected[end][i]);
        }
      g_assert_cmpuint (self.heard[end].sent->len, ==, g_strv_length ((char **) expected[end]));
    }
  test_secure_clear (&self);
}

/* Both halves are there from the beginning. */
static void
test_before_connect (void)
{
  g_autoptr(GAsyncResult) read = NULL;
  g_autoptr(GAsyncResult) written = NULL;
  g_autoptr(GAsyncResult) cancelled = NULL;
  g_autoptr(GAsyncResult) given_up = NULL;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  char buffer[16];
  TestSecure self;

  test_secure_init (&self, NULL, NULL, NULL);

  g_assert_false (g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (input_of (self.server))));
  g_assert_false (g_pollable_output_stream_is_writable (G_POLLABLE_OUTPUT_STREAM (output_of (self.client))));
  g_assert_cmpint (g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (output_of (self.client)),
                                                               "early", 5, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);

  /* One that is given up takes nothing with it. */
  g_output_stream_write_async (output_of (self.client), "never", 5, G_PRIORITY_DEFAULT, cancellable, test_keep_result_cb, &cancelled);
  g_input_stream_read_async (input_of (self.server), buffer, sizeof buffer, G_PRIORITY_DEFAULT, cancellable,
                             test_keep_result_cb, &given_up);
  test_settle ();
  g_assert_true (cancelled == NULL && given_up == NULL);
  g_cancellable_cancel (cancellable);
  test_spin_until (cancelled != NULL && given_up != NULL);
  g_assert_cmpint (g_output_stream_write_finish (output_of (self.client), cancelled, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_cmpint (g_input_stream_read_finish (input_of (self.server), given_up, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  g_input_stream_read_async (input_of (self.server), buffer, sizeof buffer, G_PRIORITY_DEFAULT, NULL, test_keep_result_cb, &read);
  g_output_stream_write_async (output_of (self.client), "early", 5, G_PRIORITY_DEFAULT, NULL, test_keep_result_cb, &written);
  test_settle ();
  g_assert_true (read == NULL && written == NULL);
  test_secure_connect (&self);
  test_spin_until (read != NULL && written != NULL);
  g_assert_cmpint (g_output_stream_write_finish (output_of (self.client), written, &error), ==, 5);
  g_assert_cmpint (g_input_stream_read_finish (input_of (self.server), read, &error), ==, 5);
  g_assert_cmpmem (buffer, 5, "early", 5);
  g_assert_true (g_pollable_output_stream_is_writable (G_POLLABLE_OUTPUT_STREAM (output_of (self.client))));
  test_secure_clear (&self);
}

/* A half that was shut before there was anything to tell. */
static void
test_shut_before_connect (void)
{
  g_autoptr(GError) error = NULL;
  TestSecure self;

  test_secure_init (&self, NULL, NULL, NULL);
  g_assert_true (g_output_stream_close (output_of (self.client), NULL, &error));
  test_secure_connect (&self);
  test_assert_end (G_IO_STREAM (self.server));
  test_write (G_IO_STREAM (self.server), "only this way");
  test_assert_read (G_IO_STREAM (self.client), "only this way");
  test_secure_clear (&self);
}

typedef struct
{
  GIOStream *stream;
  GBytes    *data;
  gboolean   close;
  int        done;
} Worker;

static gpointer
worker (gpointer user_data)
{
  Worker *self = user_data;
  gsize length = g_bytes_get_size (self->data);
  g_autofree char *got = g_malloc (length);
  g_autoptr(GError) error = NULL;
  gsize n;

  for (int i = 0; i < 10; i++)
    {
      g_output_stream_write_all (g_io_stream_get_output_stream (self->stream), g_bytes_get_data (self->data, NULL), length,
                                 &n, NULL, &error);
      g_assert_no_error (error);
      g_input_stream_read_all (g_io_stream_get_input_stream (self->stream), got, length, &n, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpmem (got, n, g_bytes_get_data (self->data, NULL), length);
    }
  if (self->close)
    g_assert_true (g_io_stream_close (self->stream, NULL, NULL));
  /* The last reference may go in any thread. */
  g_clear_object (&self->stream);
  g_atomic_int_set (&self->done, 1);
  g_main_context_wakeup (NULL);
  return NULL;
}

/* It begins to write before anything is connected; the loop runs in the stream's own thread. */
static void
test_in_thread (gconstpointer data)
{
  g_autoptr(GBytes) bytes = test_bytes (100000);
  g_autoptr(GAsyncResult) spliced = NULL;
  Worker thread_data = { NULL, bytes, GPOINTER_TO_INT (data), 0 };
  g_autoptr(GAsyncResult) client = NULL;
  g_autoptr(GAsyncResult) server = NULL;
  GThread *thread;
  TestSecure self;

  test_secure_init (&self, NULL, NULL, NULL);
  thread_data.stream = g_object_ref (G_IO_STREAM (self.client));
  thread = g_thread_new ("worker", worker, &thread_data);
  devssh_secure_stream_connect_async (self.client, NULL, test_keep_result_cb, &client);
  devssh_secure_stream_connect_async (self.server, NULL, test_keep_result_cb, &server);
  g_clear_object (&self.client);
  test_spin_until (client != NULL && server != NULL);
  /* It holds the stream. */
  g_clear_object (&client);
  g_output_stream_splice_async (output_of (self.server), input_of (self.server), G_OUTPUT_STREAM_SPLICE_NONE, G_PRIORITY_DEFAULT, NULL,
                                test_keep_result_cb, &spliced);
  test_spin_until (g_atomic_int_get (&thread_data.done));
  g_thread_join (thread);
  test_spin_until (spliced != NULL && self.heard[0].n_closed == 1 && self.heard[1].n_closed == 1);
  g_assert_cmpint (g_output_stream_splice_finish (output_of (self.server), spliced, NULL), ==, 10 * 100000);
  test_secure_clear (&self);
}

/* ---- who is let in ---- */

static void
test_refused (gconstpointer data)
{
  gboolean by_client = GPOINTER_TO_INT (data);
  DevSshDisconnectReason reason = by_client ? DEVSSH_DISCONNECT_REASON_HOST_KEY_NOT_VERIFIABLE
                                            : DEVSSH_DISCONNECT_REASON_NO_MORE_AUTH_METHODS_AVAILABLE;
  g_autoptr(GAsyncResult) client = NULL;
  g_autoptr(GAsyncResult) server = NULL;
  g_autoptr(GAsyncResult) read = NULL;
  g_autoptr(GError) error = NULL;
  char buffer[16];
  TestSecure self;

  test_secure_init (&self, NULL, NULL, NULL);
  self.heard[by_client ? 0 : 1].accept = FALSE;
  g_input_stream_read_async (input_of (self.client), buffer, sizeof buffer, G_PRIORITY_DEFAULT, NULL, test_keep_result_cb, &read);
  devssh_secure_stream_connect_async (self.client, NULL, test_keep_result_cb, &client);
  devssh_secure_stream_connect_async (self.server, NULL, test_keep_result_cb, &server);
  test_spin_until (client != NULL && server != NULL && read != NULL);
  g_assert_false (finish_connect (self.client, client, &error));
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, (int) reason);
  g_clear_error (&error);
  g_assert_false (finish_connect (self.server, server, &error));
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, (int) reason);
  g_clear_error (&error);
  g_assert_cmpint (g_input_stream_read_finish (input_of (self.client), read, &error), ==, -1);
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, (int) reason);

  test_spin_until (self.heard[0].n_closed == 1 && self.heard[1].n_closed == 1);
  g_assert_cmpint (self.heard[0].reason, ==, reason);
  g_assert_cmpint (self.heard[1].reason, ==, reason);
  /* It is the client that says so. */
  assert_last_sent (&self.heard[0], "SSH_MSG_DISCONNECT");
  /* Nothing of the user leaves before the host is accepted; a user has more than one method. */
  g_assert_true ((self.heard[1].n_questions == 0) == by_client);
  test_secure_clear (&self);
}

static void
test_nobody_asks (void)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  TestSecure self;

  test_secure_init (&self, NULL, NULL, NULL);
  g_signal_handlers_disconnect_matched (self.client, G_SIGNAL_MATCH_DATA, 0, 0, NULL, NULL, &self.heard[0]);
  devssh_secure_stream_connect_async (self.client, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_false (finish_connect (self.client, result, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  g_assert_cmpuint (self.heard[0].sent->len, ==, 0);

  /* Nothing is lost by it. */
  test_secure_listen (self.client, &self.heard[0]);
  test_secure_connect (&self);
  g_clear_object (&result);
  g_clear_error (&error);
  devssh_secure_stream_connect_async (self.client, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_false (finish_connect (self.client, result, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  g_assert_false (devssh_secure_stream_get_is_closed (self.client));
  test_secure_clear (&self);
}

/* A server with nothing to show: an error at both ends. */
static void
test_no_host_key (void)
{
  g_autoptr(DevSshClientCredentials) user = test_secure_user ();
  g_autoptr(DevSshServerCredentials) host = devssh_server_credentials_new ();
  GAsyncResult *results[2] = { NULL, NULL };
  g_autoptr(GIOStream) a = NULL;
  g_autoptr(GIOStream) b = NULL;
  DevSshSecureStream *ends[2];
  TestHeard heard[2] = { { 0 }, { 0 } };

  test_stream_pair (&a, &b);
  ends[0] = devssh_secure_stream_new_client (a, user, FALSE);
  ends[1] = devssh_secure_stream_new_server (b, host, NULL);
  for (guint i = 0; i < 2; i++)
    {
      test_secure_listen (ends[i], &heard[i]);
      devssh_secure_stream_connect_async (ends[i], NULL, test_keep_result_cb, &results[i]);
    }
  test_spin_until (results[0] != NULL && results[1] != NULL);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_false (finish_connect (ends[i], results[i], &error));
      g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_KEY_EXCHANGE_FAILED);
      test_spin_until (heard[i].n_closed == 1);
      g_object_unref (results[i]);
      g_object_unref (ends[i]);
      g_ptr_array_unref (heard[i].sent);
    }
}

/* One channel, and no other. */
static void
test_one_channel (void)
{
  TestSecure self;

  test_secure_init (&self, NULL, NULL, NULL);
  test_secure_connect (&self);
  for (guint end = 0; end < 2; end++)
    {
      DevSshSession *session = devssh_secure_stream_get_session (end == 0 ? self.client : self.server);
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GError) error = NULL;

      devssh_session_open_channel_async (session, NULL, NULL, test_keep_result_cb, &result);
      test_spin_until (result != NULL);
      g_assert_null (devssh_session_open_channel_finish (session, result, &error));
      g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
    }
  test_write (G_IO_STREAM (self.client), "and this one lives");
  test_assert_read (G_IO_STREAM (self.server), "and this one lives");
  test_secure_clear (&self);
}

/* ---- ends ---- */

static void
assert_closed (TestSecure *self,
               guint       end)
{
  DevSshSecureStream *stream = end == 0 ? self->client : self->server;
  g_autoptr(GError) error = NULL;
  char buffer[4];

  g_assert_true (devssh_secure_stream_get_is_closed (stream));
  for (guint i = 0; i < 3; i++)
    {
      g_assert_true (g_io_stream_close (G_IO_STREAM (stream), NULL, &error));
      g_assert_no_error (error);
    }
  g_assert_cmpint (g_input_stream_read (input_of (stream), buffer, sizeof buffer, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_cmpint (g_output_stream_write (output_of (stream), "x", 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  test_settle ();
  g_assert_cmpuint (self->heard[end].n_closed, ==, 1);
}

/* Behind all that was written, and once. data: which end closes, and whether it waits. */
static void
test_close (gconstpointer data)
{
  guint end = GPOINTER_TO_UINT (data) & 1;
  gboolean waits = (GPOINTER_TO_UINT (data) & 2) != 0;
  DevSshSecureStream *near, *far;
  g_autoptr(GAsyncResult) closed = NULL;
  g_autoptr(GAsyncResult) again = NULL;
  g_autoptr(GError) error = NULL;
  TestSecure self;

  test_secure_init (&self, NULL, NULL, NULL);
  test_secure_connect (&self);
  near = end == 0 ? self.client : self.server;
  far = end == 0 ? self.server : self.client;
  test_write (G_IO_STREAM (near), "the last words");
  if (waits)
    {
      g_io_stream_close_async (G_IO_STREAM (near), G_PRIORITY_DEFAULT, NULL, test_keep_result_cb, &closed);
      test_spin_until (closed != NULL);
      g_assert_true (g_io_stream_close_finish (G_IO_STREAM (near), closed, &error));
      g_assert_no_error (error);
      g_assert_true (g_io_stream_is_closed (self.transports[end]));
      g_io_stream_close_async (G_IO_STREAM (near), G_PRIORITY_DEFAULT, NULL, test_keep_result_cb, &again);
      test_spin_until (again != NULL);
      g_assert_true (g_io_stream_close_finish (G_IO_STREAM (near), again, &error));
    }
  else
    {
      g_assert_true (g_io_stream_close (G_IO_STREAM (near), NULL, &error));
      g_assert_no_error (error);
    }
  test_spin_until (self.heard[0].n_closed == 1 && self.heard[1].n_closed == 1);
  g_assert_cmpint (self.heard[0].reason, ==, DEVSSH_DISCONNECT_REASON_NONE);
  g_assert_cmpint (self.heard[1].reason, ==, DEVSSH_DISCONNECT_REASON_NONE);
  assert_last_sent (&self.heard[0], "SSH_MSG_CHANNEL_CLOSE");
  assert_last_sent (&self.heard[1], "SSH_MSG_CHANNEL_CLOSE");

  g_assert_true (devssh_secure_stream_get_is_closed (far));
  test_assert_read (G_IO_STREAM (far), "the last words");
  test_assert_end (G_IO_STREAM (far));
  test_assert_end (G_IO_STREAM (far));
  g_assert_cmpint (g_output_stream_write (output_of (far), "x", 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  assert_closed (&self, end);
  assert_closed (&self, 1 - end);
  test_secure_clear (&self);
}

/* Closed or dropped with nothing connected: the stream below goes, and whoever listens is told. */
static void
test_never_connected (gconstpointer data)
{
  gboolean drop = GPOINTER_TO_INT (data);
  g_autoptr(GAsyncResult) read = NULL;
  g_autoptr(GError) error = NULL;
  char buffer[4];
  TestSecure self;

  test_secure_init (&self, NULL, NULL, NULL);
  if (drop)
    {
      g_clear_object (&self.client);
      g_assert_cmpuint (self.heard[0].n_closed, ==, 1);
    }
  else
    {
      g_input_stream_read_async (input_of (self.client), buffer, sizeof buffer, G_PRIORITY_DEFAULT, NULL, test_keep_result_cb, &read);
      test_settle ();
      g_assert_true (g_io_stream_close (G_IO_STREAM (self.client), NULL, &error));
      test_spin_until (read != NULL && self.heard[0].n_closed == 1);
      g_assert_cmpint (g_input_stream_read_finish (input_of (self.client), read, &error), ==, 0);
      g_assert_no_error (error);
      /* A half with a read under way could not be marked; there is nothing to read all the same. */
      test_assert_end (G_IO_STREAM (self.client));
      g_assert_true (devssh_secure_stream_get_is_closed (self.client));
      g_assert_true (g_io_stream_close (G_IO_STREAM (self.client), NULL, &error));
    }
  test_spin_until (g_io_stream_is_closed (self.transports[0]));
  g_assert_cmpint (self.heard[0].reason, ==, DEVSSH_DISCONNECT_REASON_NONE);
  test_settle ();
  g_assert_cmpuint (self.heard[0].n_closed, ==, 1);
  test_secure_clear (&self);
}

static void
test_dropped (void)
{
  TestSecure self;

  test_secure_init (&self, NULL, NULL, NULL);
  test_secure_connect (&self);
  test_write (G_IO_STREAM (self.client), "before");
  g_clear_object (&self.client);
  g_assert_cmpuint (self.heard[0].n_closed, ==, 1);
  test_spin_until (self.heard[1].n_closed == 1);
  /* CLOSE was there: without it the connection were lost. */
  g_assert_cmpint (self.heard[1].reason, ==, DEVSSH_DISCONNECT_REASON_NONE);
  test_assert_read (G_IO_STREAM (self.server), "before");
  test_assert_end (G_IO_STREAM (self.server));
  test_secure_clear (&self);
}

/* While it is connected: by a close, by its cancellable, by the peer. */
static void
test_given_up (gconstpointer data)
{
  guint how = GPOINTER_TO_UINT (data);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  TestSecure self;

  test_secure_init (&self, NULL, NULL, NULL);
  devssh_secure_stream_connect_async (self.client, cancellable, test_keep_result_cb, &result);
  test_settle ();
  g_assert_null (result);
  if (how == 0)
    g_assert_true (g_io_stream_close (G_IO_STREAM (self.client), NULL, &error));
  else if (how == 1)
    g_cancellable_cancel (cancellable);
  else
    g_io_stream_close (self.transports[1], NULL, NULL);
  test_spin_until (result != NULL && self.heard[0].n_closed == 1);
  g_assert_false (finish_connect (self.client, result, &error));
  if (how == 0)
    g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);
  else if (how == 1)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  else
    g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
  g_assert_true (devssh_secure_stream_get_is_closed (self.client));

  g_clear_object (&result);
  g_clear_error (&error);
  test_secure_clear (&self);
}

/* An end that is neither's wish: what has come is read first, then the reason. */
static void
test_lost (void)
{
  g_autoptr(GError) error = NULL;
  char buffer[4];
  TestSecure self;

  test_secure_init (&self, NULL, NULL, NULL);
  test_secure_connect (&self);
  test_write (G_IO_STREAM (self.client), "before");
  devssh_session_close (devssh_secure_stream_get_session (self.client), DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "for a test");
  test_spin_until (self.heard[1].n_closed == 1);
  g_assert_cmpint (self.heard[1].reason, ==, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
  test_assert_read (G_IO_STREAM (self.server), "before");
  g_assert_cmpint (g_input_stream_read (input_of (self.server), buffer, sizeof buffer, NULL, &error), ==, -1);
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
  test_secure_clear (&self);
}

/* The original library's close() says DISCONNECT without a reason, and no CLOSE: an end like another. */
static void
test_disconnect_without_reason (void)
{
  static const guint8 disconnect[] = { 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
  g_autoptr(GBytes) message = g_bytes_new_static (disconnect, sizeof disconnect);
  g_autoptr(GBytes) data = test_bytes (32 * 1024 * 1024);
  g_autoptr(GAsyncResult) written = NULL;
  g_autoptr(GError) error = NULL;
  TestSecure self;

  test_secure_init (&self, NULL, NULL, NULL);
  test_secure_connect (&self);
  test_write (G_IO_STREAM (self.client), "before");
  /* More than fits: it waits for a reader that never comes. */
  g_output_stream_write_all_async (output_of (self.server), g_bytes_get_data (data, NULL), g_bytes_get_size (data),
                                   G_PRIORITY_DEFAULT, NULL, test_keep_result_cb, &written);
  test_settle ();
  g_assert_null (written);
  g_assert_true (devssh_session_send_message (devssh_secure_stream_get_session (self.client), message, &error));
  test_spin_until (self.heard[1].n_closed == 1 && written != NULL);
  g_assert_cmpint (self.heard[1].reason, ==, DEVSSH_DISCONNECT_REASON_NONE);
  g_assert_false (g_output_stream_write_all_finish (output_of (self.server), written, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  test_assert_read (G_IO_STREAM (self.server), "before");
  test_assert_end (G_IO_STREAM (self.server));
  test_secure_clear (&self);
}

/* ---- reconnect ---- */

static void
wait_enabled (DevSshSecureStream *stream)
{
  DevSshSession *session = devssh_secure_stream_get_session (stream);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  devssh_session_wait_until_reconnect_enabled_async (session, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  devssh_session_wait_until_reconnect_enabled_finish (session, result, &error);
  g_assert_no_error (error);
}

static void
cut (TestSecure *self,
     guint       n)
{
  g_socket_shutdown (g_socket_connection_get_socket (G_SOCKET_CONNECTION (self->transports[0])), TRUE, TRUE, NULL);
  test_spin_until (self->heard[0].n_disconnected == n && self->heard[1].n_disconnected == n);
}

/* Both streams are what they were; the third was only the way. */
static void
reconnect (TestSecure                  *self,
           DevSshReconnectableSessions *sessions)
{
  g_autoptr(DevSshServerCredentials) host = test_secure_host ();
  g_autoptr(DevSshSecureStream) third = NULL;
  g_autoptr(GAsyncResult) connected = NULL;
  g_autoptr(GAsyncResult) reconnected = NULL;
  g_autoptr(GError) error = NULL;
  TestHeard heard = { 0 };
  char buffer[4];

  for (guint i = 0; i < 2; i++)
    g_clear_object (&self->transports[i]);
  test_stream_pair (&self->transports[0], &self->transports[1]);
  third = devssh_secure_stream_new_server (self->transports[1], host, sessions);
  test_secure_listen (third, &heard);
  devssh_secure_stream_connect_async (third, NULL, test_keep_result_cb, &connected);
  devssh_secure_stream_reconnect_async (self->client, self->transports[0], NULL, test_keep_result_cb, &reconnected);
  test_spin_until (connected != NULL && reconnected != NULL);
  g_assert_true (devssh_secure_stream_reconnect_finish (self->client, reconnected, &error));
  g_assert_no_error (error);
  g_assert_true (finish_connect (third, connected, &error));
  g_assert_no_error (error);

  g_assert_true (devssh_secure_stream_get_is_closed (third));
  g_assert_cmpuint (heard.n_closed, ==, 1);
  g_assert_cmpint (heard.reason, ==, DEVSSH_DISCONNECT_REASON_NONE);
  g_assert_cmpuint (heard.n_questions, ==, 0);
  test_assert_end (G_IO_STREAM (third));
  g_assert_cmpint (g_output_stream_write (output_of (third), buffer, 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  g_assert_false (g_io_stream_is_closed (self->transports[1]));
  g_ptr_array_unref (heard.sent);
}

static void
test_reconnect (void)
{
  g_autoptr(DevSshReconnectableSessions) sessions = devssh_reconnectable_sessions_new ();
  TestSecure self;

  test_secure_init (&self, NULL, NULL, sessions);
  test_secure_connect (&self);
  wait_enabled (self.client);
  wait_enabled (self.server);
  for (guint i = 1; i <= 3; i++)
    {
      test_write (G_IO_STREAM (self.client), "before, ");
      cut (&self, i);
      test_write (G_IO_STREAM (self.client), "meanwhile, ");
      test_write (G_IO_STREAM (self.server), "from the server");
      reconnect (&self, sessions);
      test_write (G_IO_STREAM (self.client), "after");
      test_assert_read (G_IO_STREAM (self.server), "before, meanwhile, after");
      test_assert_read (G_IO_STREAM (self.client), "from the server");
      test_bulk (G_IO_STREAM (self.client), G_IO_STREAM (self.server), 500000);
    }
  g_assert_cmpuint (self.heard[0].n_closed + self.heard[1].n_closed, ==, 0);
  g_assert_cmpuint (self.heard[0].n_questions + self.heard[1].n_questions, ==, 2);

  g_assert_true (g_io_stream_close (G_IO_STREAM (self.server), NULL, NULL));
  test_spin_until (self.heard[0].n_closed == 1 && self.heard[1].n_closed == 1);
  g_assert_cmpint (self.heard[0].reason, ==, DEVSSH_DISCONNECT_REASON_NONE);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (sessions)), ==, 0);
  test_secure_clear (&self);
}

/* Session-reconnect, and not session-latency (protocol.md 3.1). */
static void
test_extensions (void)
{
  g_autoptr(DevSshReconnectableSessions) sessions = devssh_reconnectable_sessions_new ();
  TestSecure self;

  for (guint i = 0; i < 2; i++)
    {
      test_secure_init (&self, NULL, NULL, i == 0 ? NULL : sessions);
      for (guint end = 0; end < 2; end++)
        {
          DevSshSession *session = devssh_secure_stream_get_session (end == 0 ? self.client : self.server);
          const char *const *names = devssh_session_config_get_protocol_extensions (devssh_session_get_config (session));

          g_assert_true (g_strv_contains (names, DEVSSH_EXTENSION_OPEN_CHANNEL_REQUEST));
          g_assert_true (g_strv_contains (names, DEVSSH_EXTENSION_SESSION_RECONNECT) == (i == 1));
          g_assert_false (g_strv_contains (names, DEVSSH_EXTENSION_SESSION_LATENCY));
        }
      test_secure_clear (&self);
    }
}

static void
assert_no_reconnect (DevSshSecureStream *stream)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GIOStream) a = NULL;
  g_autoptr(GIOStream) b = NULL;
  g_autoptr(GError) error = NULL;

  test_stream_pair (&a, &b);
  devssh_secure_stream_reconnect_async (stream, a, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_false (devssh_secure_stream_reconnect_finish (stream, result, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
}

static void
test_no_reconnect (void)
{
  g_autoptr(DevSshReconnectableSessions) sessions = devssh_reconnectable_sessions_new ();
  TestSecure self;

  test_secure_init (&self, NULL, NULL, sessions);
  test_secure_connect (&self);
  wait_enabled (self.client);
  assert_no_reconnect (self.server);        /* a server never does */
  assert_no_reconnect (self.client);        /* it is connected */
  test_secure_clear (&self);

  /* Without the extension a cut is the end. */
  test_secure_init (&self, NULL, NULL, NULL);
  test_secure_connect (&self);
  g_socket_shutdown (g_socket_connection_get_socket (G_SOCKET_CONNECTION (self.transports[0])), TRUE, TRUE, NULL);
  test_spin_until (self.heard[0].n_closed == 1 && self.heard[1].n_closed == 1);
  g_assert_cmpint (self.heard[0].reason, ==, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
  g_assert_cmpuint (self.heard[0].n_disconnected, ==, 0);
  test_secure_clear (&self);
}

/* What sits on a stream that is cut and closed meanwhile: nobody waits for ever. */
static void
test_closed_while_disconnected (void)
{
  g_autoptr(DevSshReconnectableSessions) sessions = devssh_reconnectable_sessions_new ();
  TestSecure self;

  test_secure_init (&self, NULL, NULL, sessions);
  test_secure_connect (&self);
  wait_enabled (self.client);
  wait_enabled (self.server);
  cut (&self, 1);
  for (guint end = 0; end < 2; end++)
    {
      DevSshSecureStream *stream = end == 0 ? self.client : self.server;
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GError) error = NULL;

      g_io_stream_close_async (G_IO_STREAM (stream), G_PRIORITY_DEFAULT, NULL, test_keep_result_cb, &result);
      test_spin_until (result != NULL);
      g_assert_true (g_io_stream_close_finish (G_IO_STREAM (stream), result, &error));
      g_assert_no_error (error);
      test_spin_until (self.heard[end].n_closed == 1);
    }
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (sessions)), ==, 0);
  test_secure_clear (&self);
}

/* ---- properties ---- */

static void
test_properties (void)
{
  g_autoptr(DevSshSession) session = NULL;
  gboolean is_closed = TRUE;
  guint n_notified = 0;
  TestSecure self;

  test_secure_init (&self, NULL, NULL, NULL);
  g_object_get (self.client, "session", &session, "is-closed", &is_closed, NULL);
  g_assert_true (DEVSSH_IS_CLIENT_SESSION (session));
  g_assert_false (is_closed);
  g_assert_true (DEVSSH_IS_SERVER_SESSION (devssh_secure_stream_get_session (self.server)));
  test_secure_connect (&self);
  g_signal_connect_swapped (self.client, "notify::is-closed", G_CALLBACK (g_atomic_int_inc), &n_notified);
  g_io_stream_close (G_IO_STREAM (self.server), NULL, NULL);
  test_spin_until (self.heard[0].n_closed == 1);
  g_assert_cmpuint (n_notified, ==, 1);
  g_object_get (self.client, "is-closed", &is_closed, NULL);
  g_assert_true (is_closed);
  test_secure_clear (&self);
}

/* Bindings can make one of nothing: it says so. */
static void
test_of_nothing (void)
{
  g_autoptr(DevSshSecureStream) stream = g_object_new (DEVSSH_TYPE_SECURE_STREAM, NULL);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_null (devssh_secure_stream_get_session (stream));
  devssh_secure_stream_connect_async (stream, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_false (finish_connect (stream, result, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  g_assert_true (g_io_stream_close (G_IO_STREAM (stream), NULL, NULL));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/stream/secure/both-ways/E-68", test_both_ways);
  g_test_add_func ("/stream/secure/messages", test_messages);
  g_test_add_func ("/stream/secure/before-connect", test_before_connect);
  g_test_add_func ("/stream/secure/shut-before-connect", test_shut_before_connect);
  g_test_add_data_func ("/stream/secure/in-thread/closed", GINT_TO_POINTER (TRUE), test_in_thread);
  g_test_add_data_func ("/stream/secure/in-thread/dropped", GINT_TO_POINTER (FALSE), test_in_thread);
  g_test_add_data_func ("/stream/secure/refused/host", GINT_TO_POINTER (TRUE), test_refused);
  g_test_add_data_func ("/stream/secure/refused/user", GINT_TO_POINTER (FALSE), test_refused);
  g_test_add_func ("/stream/secure/nobody-asks", test_nobody_asks);
  g_test_add_func ("/stream/secure/no-host-key", test_no_host_key);
  g_test_add_func ("/stream/secure/one-channel", test_one_channel);
  g_test_add_data_func ("/stream/secure/close/client/E-68", GUINT_TO_POINTER (0), test_close);
  g_test_add_data_func ("/stream/secure/close/server/E-68", GUINT_TO_POINTER (1), test_close);
  g_test_add_data_func ("/stream/secure/close/client-waits/E-68", GUINT_TO_POINTER (2), test_close);
  g_test_add_data_func ("/stream/secure/close/server-waits/E-68", GUINT_TO_POINTER (3), test_close);
  g_test_add_data_func ("/stream/secure/never-connected/closed/E-68", GINT_TO_POINTER (FALSE), test_never_connected);
  g_test_add_data_func ("/stream/secure/never-connected/dropped/E-68", GINT_TO_POINTER (TRUE), test_never_connected);
  g_test_add_func ("/stream/secure/dropped", test_dropped);
  g_test_add_data_func ("/stream/secure/given-up/closed", GUINT_TO_POINTER (0), test_given_up);
  g_test_add_data_func ("/stream/secure/given-up/cancelled", GUINT_TO_POINTER (1), test_given_up);
  g_test_add_data_func ("/stream/secure/given-up/lost", GUINT_TO_POINTER (2), test_given_up);
  g_test_add_func ("/stream/secure/lost", test_lost);
  g_test_add_func ("/stream/secure/disconnect-without-reason", test_disconnect_without_reason);
  g_test_add_func ("/stream/secure/reconnect", test_reconnect);
  g_test_add_func ("/stream/secure/reconnect/extensions", test_extensions);
  g_test_add_func ("/stream/secure/reconnect/refused", test_no_reconnect);
  g_test_add_func ("/stream/secure/reconnect/closed-meanwhile", test_closed_while_disconnected);
  g_test_add_func ("/stream/secure/properties", test_properties);
  g_test_add_func ("/stream/secure/of-nothing", test_of_nothing);

  return g_test_run ();
}
