/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a server listens: several addresses, Unix sockets, sockets that were inherited. */
#include "net-util.h"

#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct
{
  Fixture         net;
  char           *folder;
  char           *path;
  GSocketAddress *address;
} UnixFixture;

static void
test_unix_init (UnixFixture *self)
{
  test_fixture_init (&self->net);
  self->folder = g_dir_make_tmp ("devssh-XXXXXX", NULL);
  self->path = g_build_filename (self->folder, "socket", NULL);
  self->address = g_unix_socket_address_new (self->path);
}

static void
test_unix_clear (UnixFixture *self)
{
  test_fixture_clear (&self->net);
  g_unlink (self->path);
  g_assert_cmpint (g_rmdir (self->folder), ==, 0);
  g_clear_object (&self->address);
  g_free (self->path);
  g_free (self->folder);
}

static DevSshClientSession *
test_connect_to (Fixture            *self,
                 GSocketConnectable *where)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  DevSshClientSession *session;

  devssh_client_connect_async (self->client, where, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  session = devssh_client_connect_finish (self->client, result, &error);
  g_assert_no_error (error);
  return session;
}

static void
test_listen_unix (void)
{
  g_autoptr(DevSshClientSession) session = NULL;
  g_autoptr(GError) error = NULL;
  GStatBuf info;
  mode_t mask;
  UnixFixture self;

  test_unix_init (&self);
  mask = umask (0);
  g_assert_true (devssh_server_listen_address (self.net.server, self.address, &error));
  g_assert_no_error (error);
  umask (mask);
  g_assert_cmpint (g_lstat (self.path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 07777, ==, 0600);

  session = test_connect_to (&self.net, G_SOCKET_CONNECTABLE (self.address));
  test_fixture_log_in (&self.net, session);
  devssh_server_close (self.net.server);
  g_assert_false (g_file_test (self.path, G_FILE_TEST_EXISTS));
  test_spin_until (devssh_session_get_is_closed (DEVSSH_SESSION (session)));
  test_unix_clear (&self);
}

/* What is there stays, whatever it is; a link is not followed. */
static void
test_listen_unix_exists (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) through_link = NULL;
  g_autofree char *target = NULL;
  g_autofree char *text = NULL;
  UnixFixture self;

  test_unix_init (&self);
  g_assert_true (g_file_set_contents (self.path, "mine", -1, NULL));
  g_assert_false (devssh_server_listen_address (self.net.server, self.address, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_assert_true (g_file_get_contents (self.path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "mine");

  g_unlink (self.path);
  target = g_build_filename (self.folder, "target", NULL);
  g_assert_cmpint (symlink (target, self.path), ==, 0);
  g_assert_false (devssh_server_listen_address (self.net.server, self.address, &through_link));
  g_assert_error (through_link, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_assert_false (g_file_test (target, G_FILE_TEST_EXISTS));
  test_unix_clear (&self);
}

/* Somebody has put something else at the path: it is not ours to remove. */
static void
test_listen_unix_replaced (void)
{
  g_autoptr(GError) error = NULL;
  UnixFixture self;

  test_unix_init (&self);
  g_assert_true (devssh_server_listen_address (self.net.server, self.address, &error));
  g_assert_cmpint (g_unlink (self.path), ==, 0);
  g_assert_true (g_file_set_contents (self.path, "theirs", -1, NULL));
  devssh_server_close (self.net.server);
  g_assert_true (g_file_test (self.path, G_FILE_TEST_IS_REGULAR));
  test_unix_clear (&self);
}

static void
test_listen_several (void)
{
  g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr(GSocketAddress) inet = g_inet_socket_address_new (loopback, 0);
  g_autoptr(GError) error = NULL;
  GListModel *addresses;
  guint before;
  UnixFixture self;

  test_unix_init (&self);
  addresses = devssh_server_get_addresses (self.net.server);
  before = test_count (addresses);
  g_assert_cmpuint (before, >=, 1);
  g_assert_true (devssh_server_listen_address (self.net.server, inet, &error));
  g_assert_true (devssh_server_listen_address (self.net.server, self.address, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (test_count (addresses), ==, before + 2);

  for (guint i = 0; i < before + 2; i++)
    {
      g_autoptr(GSocketAddress) address = g_list_model_get_item (addresses, i);
      g_autoptr(DevSshClientSession) session = test_connect_to (&self.net, G_SOCKET_CONNECTABLE (address));

      test_fixture_log_in (&self.net, session);
    }
  g_assert_cmpuint (self.net.n_opened, ==, before + 2);
  devssh_server_close (self.net.server);
  g_assert_cmpuint (test_count (addresses), ==, 0);
  test_unix_clear (&self);
}

/* ---- sd_listen_fds(3), in a process of its own: descriptor 3 is in use here ---- */

static void
test_child_listens (void)
{
  g_autoptr(DevSshServer) server = devssh_server_new (NULL, NULL);
  g_autoptr(GError) error = NULL;
  int n;

  n = devssh_server_listen_inherited (server, &error);
  g_assert_no_error (error);
  g_print ("%d sockets, port %u, flags %d, %s\n", n, devssh_server_get_port (server),
           fcntl (3, F_GETFD) & FD_CLOEXEC, g_getenv ("LISTEN_FDS") != NULL ? "variables" : "no variables");
  g_assert_cmpint (devssh_server_listen_inherited (server, &error), ==, 0);
}

static void
test_child_setup (gpointer user_data)
{
  GSocket *socket = user_data;

  dup2 (g_socket_get_fd (socket), 3);
}

static char *
test_run_child (const char *process,
                const char *n,
                GSocket    *socket)
{
  g_autofree char *self_path = g_file_read_link ("/proc/self/exe", NULL);
  g_auto(GStrv) environment = g_get_environ ();
  const char *argv[] = { self_path, "--child", n, process, NULL };
  g_autofree char *output = NULL;
  g_autofree char *errors = NULL;
  g_autoptr(GError) error = NULL;
  int status;

  g_assert_true (g_spawn_sync (NULL, (char **) argv, environment, G_SPAWN_LEAVE_DESCRIPTORS_OPEN, test_child_setup, socket,
                               &output, &errors, &status, &error));
  g_assert_no_error (error);
  if (status != 0)
    g_test_message ("%s", errors);
  return g_steal_pointer (&output);
}

static GSocket *
test_bound_socket (guint *port)
{
  g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr(GSocketAddress) inet = g_inet_socket_address_new (loopback, 0);
  g_autoptr(GSocketAddress) local = NULL;
  g_autoptr(GError) error = NULL;
  GSocket *socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);

  g_assert_true (g_socket_bind (socket, inet, FALSE, &error));
  local = g_socket_get_local_address (socket, NULL);
  *port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (local));
  return socket;
}

static void
test_listen_inherited (void)
{
  guint port;
  g_autoptr(GSocket) socket = test_bound_socket (&port);
  g_autofree char *output = test_run_child ("own", "1", socket);
  g_autofree char *expected = g_strdup_printf ("1 sockets, port %u, flags 1, no variables\n", port);

  g_assert_cmpstr (output, ==, expected);
}

static void
test_listen_inherited_by_another (void)
{
  guint port;
  g_autoptr(GSocket) socket = test_bound_socket (&port);
  g_autofree char *output = test_run_child ("other", "1", socket);

  g_assert_true (g_str_has_prefix (output, "0 sockets, port 0, "));
}

static void
test_listen_inherited_nonsense (void)
{
  g_autoptr(DevSshServer) server = devssh_server_new (NULL, NULL);
  g_autoptr(GError) error = NULL;
  g_autofree char *process = g_strdup_printf ("%d", (int) getpid ());

  g_setenv ("LISTEN_PID", process, TRUE);
  g_setenv ("LISTEN_FDS", "99999999999", TRUE);
  g_assert_cmpint (devssh_server_listen_inherited (server, &error), ==, -1);
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED);
  g_unsetenv ("LISTEN_PID");
  g_unsetenv ("LISTEN_FDS");
}

int
main (int    argc,
      char **argv)
{
  if (argc == 4 && g_str_equal (argv[1], "--child"))
    {
      g_autofree char *process = g_strdup_printf ("%d", (int) getpid () + (g_str_equal (argv[3], "other") ? 1 : 0));

      g_setenv ("LISTEN_PID", process, TRUE);
      g_setenv ("LISTEN_FDS", argv[2], TRUE);
      test_child_listens ();
      return 0;
    }

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/net/server/listen/several", test_listen_several);
  g_test_add_func ("/net/server/listen/T-87/unix", test_listen_unix);
  g_test_add_func ("/net/server/listen/T-87/unix-exists", test_listen_unix_exists);
  g_test_add_func ("/net/server/listen/T-87/unix-replaced", test_listen_unix_replaced);
  g_test_add_func ("/net/server/listen/inherited", test_listen_inherited);
  g_test_add_func ("/net/server/listen/inherited/by-another", test_listen_inherited_by_another);
  g_test_add_func ("/net/server/listen/inherited/nonsense", test_listen_inherited_nonsense);
  return g_test_run ();
}
