/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-util.h"

#include <string.h>

static void
test_opened_cb (DevSshServer        *server,
                DevSshServerSession *session,
                gpointer             user_data)
{
  Fixture *self = user_data;

  self->n_opened++;
  self->last = session;
}

static void
test_closed_cb (DevSshServer        *server,
                DevSshServerSession *session,
                gpointer             user_data)
{
  Fixture *self = user_data;

  self->n_closed++;
  g_assert_true (devssh_session_get_is_closed (DEVSSH_SESSION (session)));
}

static void
test_error_cb (DevSshServer *server,
               const GError *error,
               gpointer      user_data)
{
  Fixture *self = user_data;

  self->n_errors++;
  g_assert_nonnull (error);
}

static gboolean
test_login_cb (DevSshServer         *server,
               DevSshServerSession  *session,
               DevSshAuthentication *authentication,
               gpointer              user_data)
{
  Fixture *self = user_data;

  self->n_logins++;
  devssh_authentication_accept (authentication, NULL);
  return TRUE;
}

gboolean
test_host_cb (DevSshSession        *session,
              DevSshAuthentication *authentication,
              gpointer              user_data)
{
  devssh_authentication_accept (authentication, NULL);
  return TRUE;
}

void
test_fixture_init (Fixture *self)
{
  test_fixture_init_with (self, NULL);
}

void
test_fixture_init_with (Fixture             *self,
                        DevSshSessionConfig *config)
{
  g_autoptr(GError) error = NULL;

  memset (self, 0, sizeof *self);
  self->context = devssh_context_ref_thread_default ();
  self->server = devssh_server_new (config, NULL);
  devssh_server_credentials_add_key (devssh_server_get_credentials (self->server), test_key ("ssh-ed25519"));
  g_signal_connect (self->server, "session-opened", G_CALLBACK (test_opened_cb), self);
  g_signal_connect (self->server, "session-closed", G_CALLBACK (test_closed_cb), self);
  g_signal_connect (self->server, "session-authenticating", G_CALLBACK (test_login_cb), self);
  g_signal_connect (self->server, "error", G_CALLBACK (test_error_cb), self);
  g_assert_cmpuint (devssh_server_get_port (self->server), ==, 0);
  self->port = devssh_server_listen (self->server, NULL, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (self->port, >, 0);
  self->client = devssh_client_new (config);
}

void
test_fixture_clear (Fixture *self)
{
  devssh_client_close (self->client);
  g_clear_object (&self->client);
  if (self->server != NULL)
    {
      devssh_server_close (self->server);
      test_settle ();
      g_signal_handlers_disconnect_by_data (self->server, self);
    }
  g_clear_object (&self->server);
  test_settle ();
  devssh_context_unref (self->context);
}

DevSshClientSession *
test_fixture_try (Fixture     *self,
                  const char  *host,
                  GError     **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  devssh_client_connect_to_host_async (self->client, host, self->port, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  return devssh_client_connect_to_host_finish (self->client, result, error);
}

DevSshClientSession *
test_fixture_connect (Fixture *self)
{
  g_autoptr(GError) error = NULL;
  DevSshClientSession *session = test_fixture_try (self, "127.0.0.1", &error);

  g_assert_no_error (error);
  g_assert_true (devssh_session_get_is_connected (DEVSSH_SESSION (session)));
  return session;
}

void
test_fixture_log_in (Fixture             *self,
                     DevSshClientSession *session)
{
  g_autoptr(DevSshClientCredentials) credentials = devssh_client_credentials_new ("alice");
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_signal_connect (session, "authenticating", G_CALLBACK (test_host_cb), NULL);
  devssh_client_credentials_set_password (credentials, "secret");
  devssh_client_session_authenticate_async (session, credentials, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_true (devssh_client_session_authenticate_finish (session, result, &error));
  g_assert_no_error (error);
}

guint
test_count (GListModel *model)
{
  return g_list_model_get_n_items (model);
}
