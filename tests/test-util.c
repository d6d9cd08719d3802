/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What tests of sessions share. */
#include "test-util.h"

#include <sys/socket.h>

static gboolean
test_watchdog_cb (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

GSource *
test_watchdog_start (gint64 until)
{
  /* Only wakes the loop, so that the time is looked at even if nothing happens. */
  GSource *source = g_timeout_source_new_seconds (5);

  g_source_set_callback (source, test_watchdog_cb, NULL, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  return source;
}

static GIOStream *
test_stream_for_fd (int fd)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GSocket) socket = g_socket_new_from_fd (fd, &error);

  g_assert_no_error (error);
  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

void
test_stream_pair (GIOStream **a,
                  GIOStream **b)
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  *a = test_stream_for_fd (fds[0]);
  *b = test_stream_for_fd (fds[1]);
}

DevSshKeyPair *
test_key (const char *algorithm)
{
  static GHashTable *keys;
  DevSshKeyPair *key;

  if (keys == NULL)
    keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  key = g_hash_table_lookup (keys, algorithm);
  if (key == NULL)
    {
      g_autoptr(GError) error = NULL;

      key = devssh_key_pair_generate (algorithm, g_str_equal (algorithm, "ssh-rsa") ? 2048 : 0, &error);
      g_assert_no_error (error);
      g_hash_table_insert (keys, g_strdup (algorithm), key);
    }
  return key;
}

TestPair *
test_pair_new (void)
{
  TestPair *self = g_new0 (TestPair, 1);

  self->client_config = devssh_session_config_new ();
  self->server_config = devssh_session_config_new ();
  self->host = devssh_server_credentials_new ();
  devssh_server_credentials_add_key (self->host, test_key ("ssh-ed25519"));
  self->user = devssh_client_credentials_new ("test");
  devssh_client_credentials_set_password (self->user, "secret");
  self->accept_host = TRUE;
  self->accept_user = TRUE;
  return self;
}

static gboolean
test_pair_host_cb (DevSshSession        *session,
                   DevSshAuthentication *question,
                   gpointer              user_data)
{
  TestPair *self = user_data;

  if (devssh_authentication_get_authentication_type (question) != DEVSSH_AUTHENTICATION_TYPE_SERVER_PUBLIC_KEY)
    return FALSE;
  self->host_questions++;
  g_assert_nonnull (devssh_authentication_get_public_key (question));
  if (self->accept_host)
    devssh_authentication_accept (question, NULL);
  else
    devssh_authentication_reject (question);
  return TRUE;
}

static gboolean
test_pair_user_cb (DevSshSession        *session,
                   DevSshAuthentication *question,
                   gpointer              user_data)
{
  TestPair *self = user_data;

  if (devssh_authentication_get_authentication_type (question) != DEVSSH_AUTHENTICATION_TYPE_CLIENT_PASSWORD)
    return FALSE;
  self->user_questions++;
  if (self->accept_user && g_str_equal (devssh_authentication_get_password (question), "secret"))
    devssh_authentication_accept (question, NULL);
  else
    devssh_authentication_reject (question);
  return TRUE;
}

void
test_pair_make_over (TestPair  *self,
                     GIOStream *a,
                     GIOStream *b)
{
  g_autoptr(GError) error = NULL;

  self->client = devssh_client_session_new (a, self->client_config, &error);
  g_assert_no_error (error);
  self->server = devssh_server_session_new_reconnectable (b, self->server_config, self->host, self->sessions, &error);
  g_assert_no_error (error);
  g_signal_connect (self->client, "authenticating", G_CALLBACK (test_pair_host_cb), self);
  g_signal_connect (self->server, "authenticating", G_CALLBACK (test_pair_user_cb), self);
}

void
test_pair_make (TestPair *self)
{
  g_autoptr(GIOStream) a = NULL;
  g_autoptr(GIOStream) b = NULL;

  test_stream_pair (&a, &b);
  test_pair_make_over (self, a, b);
}

void
test_pair_connect (TestPair *self)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GAsyncResult) client_result = NULL;
  g_autoptr(GAsyncResult) server_result = NULL;

  if (self->client == NULL)
    test_pair_make (self);
  devssh_session_connect_async (DEVSSH_SESSION (self->client), NULL, test_keep_result_cb, &client_result);
  devssh_session_connect_async (DEVSSH_SESSION (self->server), NULL, test_keep_result_cb, &server_result);
  test_spin_until (client_result != NULL && server_result != NULL);
  devssh_session_connect_finish (DEVSSH_SESSION (self->client), client_result, &error);
  g_assert_no_error (error);
  devssh_session_connect_finish (DEVSSH_SESSION (self->server), server_result, &error);
  g_assert_no_error (error);
}

void
test_pair_authenticate (TestPair *self)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  gboolean ok;

  test_pair_connect (self);
  devssh_client_session_authenticate_async (self->client, self->user, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  ok = devssh_client_session_authenticate_finish (self->client, result, &error);
  g_assert_no_error (error);
  g_assert_true (ok);
  test_spin_until (devssh_session_get_is_authenticated (DEVSSH_SESSION (self->server)));
}

void
test_pair_free (TestPair *self)
{
  if (self->client != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->client, self);
      devssh_session_close (DEVSSH_SESSION (self->client), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "done");
    }
  if (self->server != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->server, self);
      devssh_session_close (DEVSSH_SESSION (self->server), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "done");
    }
  test_settle ();
  g_clear_object (&self->client);
  g_clear_object (&self->server);
  g_clear_object (&self->client_config);
  g_clear_object (&self->server_config);
  g_clear_object (&self->host);
  g_clear_object (&self->user);
  g_clear_object (&self->sessions);
  test_settle ();
  g_free (self);
}

void
test_pair_open (TestPair       *self,
                const char     *type,
                DevSshChannel **client,
                DevSshChannel **server)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GAsyncResult) open_result = NULL;
  g_autoptr(GAsyncResult) accept_result = NULL;

  devssh_session_accept_channel_async (DEVSSH_SESSION (self->server), type, NULL, test_keep_result_cb, &accept_result);
  devssh_session_open_channel_async (DEVSSH_SESSION (self->client), type, NULL, test_keep_result_cb, &open_result);
  test_spin_until (open_result != NULL && accept_result != NULL);
  *client = devssh_session_open_channel_finish (DEVSSH_SESSION (self->client), open_result, &error);
  g_assert_no_error (error);
  *server = devssh_session_accept_channel_finish (DEVSSH_SESSION (self->server), accept_result, &error);
  g_assert_no_error (error);
}
