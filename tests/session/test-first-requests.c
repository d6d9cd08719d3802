/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Channels opened together with their first request, whichever of the two sessions has the extension. */
#include "../test-util.h"

#include <string.h>

typedef struct
{
  gboolean says;
  guint    asked;
} Host;

static gboolean
request_cb (DevSshChannel        *channel,
            DevSshChannelRequest *request,
            Host                 *self)
{
  g_autofree char *command = devssh_channel_request_dup_command (request);

  self->asked++;
  g_assert_cmpstr (command, ==, "ls");
  devssh_channel_request_complete (request, self->says);
  return TRUE;
}

static gboolean
opening_cb (DevSshSession        *session,
            DevSshChannelOpening *opening,
            Host                 *self)
{
  g_signal_connect (devssh_channel_opening_get_channel (opening), "request", G_CALLBACK (request_cb), self);
  devssh_channel_opening_accept (opening);
  return TRUE;
}

static DevSshChannel *
open_with (DevSshSession  *session,
           gboolean        want_reply,
           GError        **error)
{
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();
  g_autoptr(GBytes) payload = NULL;
  g_autoptr(GAsyncResult) result = NULL;

  devssh_writer_put_utf8 (writer, "ls");
  payload = devssh_writer_end (writer);
  devssh_session_open_channel_with_request_async (session, NULL, "exec", want_reply, payload, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  return devssh_session_open_channel_with_request_finish (session, result, error);
}

static void
leave_out (DevSshSessionConfig *config)
{
  static const char * const only[] = { DEVSSH_EXTENSION_SERVER_SIGNATURE_ALGORITHMS, NULL };

  g_object_set (config, "protocol-extensions", only, NULL);
}

static guint64
count_received (DevSshSession *session)
{
  return devssh_session_metrics_get_messages_received (devssh_session_get_metrics (session));
}

/* From either side, in both directions, with each answer and with none. */
static void
check (TestPair *pair,
       gboolean  one_flight)
{
  for (guint from = 0; from < 2; from++)
    {
      DevSshSession *asks = from == 0 ? DEVSSH_SESSION (pair->client) : DEVSSH_SESSION (pair->server);
      DevSshSession *answers = from == 0 ? DEVSSH_SESSION (pair->server) : DEVSSH_SESSION (pair->client);
      Host host = { FALSE, 0 };
      gulong handler = g_signal_connect (answers, "channel-opening", G_CALLBACK (opening_cb), &host);

      for (guint want_reply = 0; want_reply < 2; want_reply++)
        for (guint says = 0; says < 2; says++)
          {
            g_autoptr(GError) error = NULL;
            g_autoptr(DevSshChannel) channel = NULL;
            guint before = host.asked;

            host.says = says;
            channel = open_with (asks, want_reply, &error);
            test_settle ();
            g_assert_cmpuint (host.asked, ==, before + 1);
            if (want_reply && !says)
              {
                g_assert_null (channel);
                g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
              }
            else
              {
                g_assert_no_error (error);
                g_assert_false (devssh_channel_get_is_closed (channel));
                devssh_channel_close (channel);
                test_settle ();
              }
            g_assert_cmpuint (g_list_model_get_n_items (devssh_session_get_channels (asks)), ==, 0);
            g_assert_cmpuint (g_list_model_get_n_items (devssh_session_get_channels (answers)), ==, 0);
          }
      g_signal_handler_disconnect (answers, handler);

      /* Two messages came before anybody had confirmed anything, or one. */
      {
        g_autoptr(GAsyncResult) result = NULL;
        g_autoptr(GError) error = NULL;
        guint64 before = count_received (answers);

        devssh_session_open_channel_with_request_async (asks, "nobody@example.org", "shell", TRUE, NULL, NULL,
                                                        test_keep_result_cb, &result);
        test_spin_until (result != NULL);
        g_assert_null (devssh_session_open_channel_with_request_finish (asks, result, &error));
        g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_UNKNOWN_CHANNEL_TYPE);
        test_settle ();
        g_assert_cmpuint (count_received (answers) - before, ==, one_flight ? 2 : 1);
      }
    }
}

static void
test_extension (gconstpointer data)
{
  guint who = GPOINTER_TO_UINT (data);
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(GHashTable) theirs = NULL;

  if ((who & 1) == 0)
    leave_out (pair->client_config);
  if ((who & 2) == 0)
    leave_out (pair->server_config);
  test_pair_authenticate (pair);
  theirs = devssh_session_get_protocol_extensions (DEVSSH_SESSION (pair->client));
  g_assert_cmpint (g_hash_table_contains (theirs, DEVSSH_EXTENSION_OPEN_CHANNEL_REQUEST), ==, (who & 2) != 0);
  check (pair, who == 3);
}

/* Nobody tells of extensions there. */
static void
test_no_security (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();

  g_clear_object (&pair->client_config);
  g_clear_object (&pair->server_config);
  pair->client_config = devssh_session_config_new_no_security ();
  pair->server_config = devssh_session_config_new_no_security ();
  test_pair_connect (pair);
  check (pair, FALSE);
}

int
main (int   argc,
      char *argv[])
{
  static const char * const names[] = { "neither", "client", "server", "both" };

  g_test_init (&argc, &argv, NULL);
  for (guint who = 0; who < G_N_ELEMENTS (names); who++)
    {
      g_autofree char *path = g_strdup_printf ("/session/first-request/%s/E-32", names[who]);

      g_test_add_data_func (path, GUINT_TO_POINTER (who), test_extension);
    }
  g_test_add_func ("/session/first-request/no-security/E-32", test_no_security);
  return g_test_run ();
}
