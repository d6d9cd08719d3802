/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stream-util.h"

#include <string.h>

GBytes *
test_bytes (gsize length)
{
  guint8 *data = g_malloc (length);

  for (gsize i = 0; i < length; i++)
    data[i] = (guint8) (i + i / 251);
  return g_bytes_new_take (data, length);
}

void
test_write (GIOStream  *stream,
            const char *text)
{
  g_autoptr(GError) error = NULL;
  gsize written;

  g_output_stream_write_all (g_io_stream_get_output_stream (stream), text, strlen (text), &written, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (written, ==, strlen (text));
}

void
test_assert_read (GIOStream  *stream,
                  const char *expected)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *buffer = g_malloc (strlen (expected));
  gsize n;

  g_input_stream_read_all (g_io_stream_get_input_stream (stream), buffer, strlen (expected), &n, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (buffer, n, expected, strlen (expected));
}

void
test_assert_end (GIOStream *stream)
{
  g_autoptr(GError) error = NULL;
  char buffer[16];

  g_assert_cmpint (g_input_stream_read (g_io_stream_get_input_stream (stream), buffer, sizeof buffer, NULL, &error), ==, 0);
  g_assert_no_error (error);
}

void
test_bulk (GIOStream *a,
           GIOStream *b,
           gsize      length)
{
  g_autoptr(GBytes) data = test_bytes (length);
  GIOStream *ends[2] = { a, b };
  GAsyncResult *written[2] = { NULL, };
  GAsyncResult *read[2] = { NULL, };
  char *got[2];
  gsize n;

  for (guint i = 0; i < 2; i++)
    {
      got[i] = g_malloc (length);
      g_output_stream_write_all_async (g_io_stream_get_output_stream (ends[i]), g_bytes_get_data (data, NULL), length,
                                       G_PRIORITY_DEFAULT, NULL, test_keep_result_cb, &written[i]);
      g_input_stream_read_all_async (g_io_stream_get_input_stream (ends[i]), got[i], length,
                                     G_PRIORITY_DEFAULT, NULL, test_keep_result_cb, &read[i]);
    }
  test_spin_until (written[0] != NULL && written[1] != NULL && read[0] != NULL && read[1] != NULL);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(GError) error = NULL;

      g_output_stream_write_all_finish (g_io_stream_get_output_stream (ends[i]), written[i], &n, &error);
      g_assert_no_error (error);
      g_input_stream_read_all_finish (g_io_stream_get_input_stream (ends[i]), read[i], &n, &error);
      g_assert_no_error (error);
      g_assert_cmpmem (got[i], n, g_bytes_get_data (data, NULL), length);
      g_free (got[i]);
      g_object_unref (written[i]);
      g_object_unref (read[i]);
    }
}

/* ---- secure streams ---- */

static gboolean
authenticating_cb (DevSshSecureStream   *stream,
                   DevSshAuthentication *question,
                   TestHeard            *heard)
{
  heard->n_questions++;
  if (heard->accept)
    devssh_authentication_accept (question, NULL);
  else
    devssh_authentication_reject (question);
  return TRUE;
}

static void
disconnected_cb (DevSshSecureStream *stream,
                 GError             *error,
                 TestHeard          *heard)
{
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
  g_assert_false (devssh_secure_stream_get_is_closed (stream));
  heard->n_disconnected++;
}

static void
closed_cb (DevSshSecureStream     *stream,
           DevSshDisconnectReason  reason,
           const char             *message,
           GError                 *error,
           TestHeard              *heard)
{
  g_assert_nonnull (message);
  g_assert_true (devssh_secure_stream_get_is_closed (stream));
  heard->n_closed++;
  heard->reason = reason;
}

static void
trace_cb (DevSshSession    *session,
          DevSshTraceLevel  level,
          DevSshTraceEvent  event,
          const char       *text,
          TestHeard        *heard)
{
  const char *name = event == DEVSSH_TRACE_EVENT_SENDING_MESSAGE || event == DEVSSH_TRACE_EVENT_SENDING_CHANNEL_DATA
                     ? strstr (text, "SSH_MSG_") : NULL;

  if (name != NULL)
    g_ptr_array_add (heard->sent, g_strndup (name, strcspn (name, " ")));
}

void
test_secure_listen (DevSshSecureStream *stream,
                    TestHeard          *heard)
{
  g_signal_connect (stream, "authenticating", G_CALLBACK (authenticating_cb), heard);
  g_signal_connect (stream, "disconnected", G_CALLBACK (disconnected_cb), heard);
  g_signal_connect (stream, "closed", G_CALLBACK (closed_cb), heard);
  heard->accept = TRUE;
  if (heard->sent == NULL)
    heard->sent = g_ptr_array_new_with_free_func (g_free);
  g_signal_connect (devssh_secure_stream_get_session (stream), "trace", G_CALLBACK (trace_cb), heard);
}

DevSshClientCredentials *
test_secure_user (void)
{
  DevSshClientCredentials *user = devssh_client_credentials_new ("test");

  devssh_client_credentials_set_password (user, "secret");
  return user;
}

DevSshServerCredentials *
test_secure_host (void)
{
  DevSshServerCredentials *host = devssh_server_credentials_new ();

  devssh_server_credentials_add_key (host, test_key ("ssh-ed25519"));
  return host;
}

void
test_secure_init (TestSecure                  *self,
                  GIOStream                   *a,
                  GIOStream                   *b,
                  DevSshReconnectableSessions *sessions)
{
  g_autoptr(DevSshClientCredentials) user = test_secure_user ();
  g_autoptr(DevSshServerCredentials) host = test_secure_host ();

  memset (self, 0, sizeof *self);
  if (a != NULL)
    {
      self->transports[0] = g_object_ref (a);
      self->transports[1] = g_object_ref (b);
    }
  else
    test_stream_pair (&self->transports[0], &self->transports[1]);
  self->client = devssh_secure_stream_new_client (self->transports[0], user, sessions != NULL);
  self->server = devssh_secure_stream_new_server (self->transports[1], host, sessions);
  test_secure_listen (self->client, &self->heard[0]);
  test_secure_listen (self->server, &self->heard[1]);
}

void
test_secure_connect (TestSecure *self)
{
  g_autoptr(GAsyncResult) client = NULL;
  g_autoptr(GAsyncResult) server = NULL;
  g_autoptr(GError) error = NULL;

  devssh_secure_stream_connect_async (self->client, NULL, test_keep_result_cb, &client);
  devssh_secure_stream_connect_async (self->server, NULL, test_keep_result_cb, &server);
  test_spin_until (client != NULL && server != NULL);
  g_assert_true (devssh_secure_stream_connect_finish (self->client, client, &error));
  g_assert_no_error (error);
  g_assert_true (devssh_secure_stream_connect_finish (self->server, server, &error));
  g_assert_no_error (error);
}

void
test_secure_clear (TestSecure *self)
{
  g_clear_object (&self->client);
  g_clear_object (&self->server);
  test_settle ();
  for (guint i = 0; i < 2; i++)
    {
      g_clear_object (&self->transports[i]);
      g_clear_pointer (&self->heard[i].sent, g_ptr_array_unref);
    }
  test_settle ();
}
