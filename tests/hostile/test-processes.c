/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Children of a process that has sessions: they inherit nothing, and what they drop stays alive in their parent (T-67). */
#include "hostile-peer.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* How many descriptors a program has that was started from here. */
static guint
count_inherited (void)
{
  const char *argv[] = { "ls", "/proc/self/fd", NULL };
  g_autofree char *output = NULL;
  g_auto(GStrv) lines = NULL;
  g_autoptr(GError) error = NULL;

  /* Only what is close-on-exec by itself is closed. */
  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_LEAVE_DESCRIPTORS_OPEN, NULL, NULL,
                &output, NULL, NULL, &error);
  g_assert_no_error (error);
  g_test_message ("%s", g_strdelimit (output, "\n", ' '));
  lines = g_strsplit (g_strstrip (output), " ", -1);

  return g_strv_length (lines);
}

static void
test_exec (void)
{
  guint before = count_inherited ();
  g_autoptr(DevSshServer) server = NULL;
  g_autoptr(DevSshServerCredentials) host = devssh_server_credentials_new ();
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(DevSshChannel) client = NULL;
  g_autoptr(DevSshChannel) server_channel = NULL;
  g_autoptr(GSocketClient) connector = g_socket_client_new ();
  g_autoptr(GSocketConnection) connection = NULL;
  g_autoptr(GError) error = NULL;
  guint16 port;

  test_pair_authenticate (pair);
  test_pair_open (pair, "session", &client, &server_channel);

  devssh_server_credentials_add_key (host, test_key ("ssh-ed25519"));
  server = devssh_server_new (NULL, host);
  port = devssh_server_listen (server, NULL, 0, &error);
  g_assert_no_error (error);
  connection = g_socket_client_connect_to_host (connector, "127.0.0.1", port, NULL, &error);
  g_assert_no_error (error);
  test_spin_until (g_list_model_get_n_items (devssh_server_get_sessions (server)) == 1);

  g_assert_cmpuint (count_inherited (), ==, before);
  devssh_server_close (server);
  test_settle ();
}

static void
count_data_cb (DevSshChannel *channel,
               GBytes        *data,
               gsize         *n_bytes)
{
  *n_bytes += g_bytes_get_size (data);
}

static void
talk (DevSshChannel *from,
      DevSshChannel *to)
{
  g_autoptr(GBytes) data = g_bytes_new_static ("hello", 5);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  gsize n_bytes = 0;

  g_signal_connect (to, "data", G_CALLBACK (count_data_cb), &n_bytes);
  devssh_channel_send_async (from, data, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL && n_bytes == 5);
  g_assert_true (devssh_channel_send_finish (from, result, &error));
  g_assert_no_error (error);
  g_signal_handlers_disconnect_by_data (to, &n_bytes);
}

typedef enum
{
  CHILD_DROPS,
  CHILD_CLOSES,
  CHILD_SENDS
} WhatChildDoes;

static void
be_child (TestPair      *pair,
          DevSshChannel *client,
          DevSshChannel *server,
          WhatChildDoes  what)
{
  g_autoptr(GBytes) data = g_bytes_new_static ("from the child", 14);

  /* What the library says to it is not this test's matter. */
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR);
  switch (what)
    {
    case CHILD_DROPS:
      break;
    case CHILD_CLOSES:
      devssh_session_close (DEVSSH_SESSION (pair->client), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "child");
      break;
    case CHILD_SENDS:
    default:
      devssh_channel_send_async (client, data, NULL, NULL, NULL);
      break;
    }
  test_settle ();
  g_object_unref (client);
  g_object_unref (server);
  test_pair_free (pair);
  test_settle ();
  _exit (0);
}

static void
test_fork (gconstpointer data)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(DevSshChannel) client = NULL;
  g_autoptr(DevSshChannel) server = NULL;
  int status = 0;
  pid_t pid;

  test_pair_authenticate (pair);
  test_pair_open (pair, "session", &client, &server);
  talk (client, server);

  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    be_child (pair, client, server, GPOINTER_TO_INT (data));
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);

  test_settle ();
  g_assert_false (devssh_session_get_is_closed (DEVSSH_SESSION (pair->client)));
  g_assert_false (devssh_session_get_is_closed (DEVSSH_SESSION (pair->server)));
  talk (client, server);
  talk (server, client);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/hostile/processes/exec/T-67", test_exec);
  g_test_add_data_func ("/hostile/processes/fork/drops/T-67", GINT_TO_POINTER (CHILD_DROPS), test_fork);
  g_test_add_data_func ("/hostile/processes/fork/closes/T-67", GINT_TO_POINTER (CHILD_CLOSES), test_fork);
  g_test_add_data_func ("/hostile/processes/fork/sends/T-67", GINT_TO_POINTER (CHILD_SENDS), test_fork);

  return g_test_run ();
}
