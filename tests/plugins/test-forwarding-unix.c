/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unix sockets forwarded between two sessions, in both directions, mixed with ports, and what must not happen to files (T-84, T-87). */
#include "forwarding-util.h"

#include <string.h>
#include <unistd.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

#define LOCAL(forwarder)  devssh_port_forwarder_get_local_forwarded_ports (forwarder)
#define REMOTE(forwarder) devssh_port_forwarder_get_remote_forwarded_ports (forwarder)

/* ---- a folder of its own for each test ---- */

typedef struct
{
  Forwarding *f;
  char       *folder;
  char       *first;        /* two names in it */
  char       *second;
} Fixture;

static void
set_up_full (Fixture  *self,
             gboolean  client_has_plugin,
             gboolean  server_has_plugin)
{
  g_autoptr(GError) error = NULL;

  self->f = forwarding_new_full (client_has_plugin, server_has_plugin);
  self->folder = g_dir_make_tmp ("devssh-unix-XXXXXX", &error);
  g_assert_no_error (error);
  self->first = g_build_filename (self->folder, "first.sock", NULL);
  self->second = g_build_filename (self->folder, "a second.sock", NULL);
}

static void
set_up (Fixture       *self,
        gconstpointer  data)
{
  set_up_full (self, TRUE, TRUE);
}

static void
set_up_client (Fixture       *self,
               gconstpointer  data)
{
  set_up_full (self, TRUE, FALSE);
}

static void
set_up_server (Fixture       *self,
               gconstpointer  data)
{
  set_up_full (self, FALSE, TRUE);
}

/* Whatever a test leaves behind in the folder is a fault of what it tests. */
static void
tear_down (Fixture       *self,
           gconstpointer  data)
{
  forwarding_free (self->f);
  g_assert_cmpint (g_rmdir (self->folder), ==, 0);
  g_free (self->folder);
  g_free (self->first);
  g_free (self->second);
}

/* ---- sockets ---- */

typedef struct
{
  GSocketListener   *listener;
  GCancellable      *cancellable;
  GSocketConnection *connection;
  guint              n_connections;
  char              *path;
} PathTarget;

static void
path_accepted_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  PathTarget *self = user_data;
  g_autoptr(GError) error = NULL;
  GSocketConnection *connection = g_socket_listener_accept_finish (G_SOCKET_LISTENER (source), result, NULL, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_object_unref (self->cancellable);
      g_free (self);
      return;
    }

  g_assert_no_error (error);
  self->n_connections++;
  g_clear_object (&self->connection);
  self->connection = connection;
  g_socket_listener_accept_async (self->listener, self->cancellable, path_accepted_cb, self);
}

static PathTarget *
path_target_new (const char *path)
{
  PathTarget *self = g_new0 (PathTarget, 1);
  g_autoptr(GSocketAddress) where = g_unix_socket_address_new (path);
  g_autoptr(GError) error = NULL;

  self->path = g_strdup (path);
  self->listener = g_socket_listener_new ();
  self->cancellable = g_cancellable_new ();
  g_socket_listener_add_address (self->listener, where, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL, NULL, &error);
  g_assert_no_error (error);
  g_socket_listener_accept_async (self->listener, self->cancellable, path_accepted_cb, self);

  return self;
}

static GSocketConnection *
path_target_take (PathTarget *self)
{
  test_spin_until (self->connection != NULL);

  return g_steal_pointer (&self->connection);
}

static void
path_target_free (PathTarget *self)
{
  g_cancellable_cancel (self->cancellable);
  g_socket_listener_close (self->listener);
  g_clear_object (&self->listener);
  g_clear_object (&self->connection);
  g_unlink (self->path);
  g_clear_pointer (&self->path, g_free);
  test_settle ();
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PathTarget, path_target_free)

static GSocketConnection *
path_connect (const char  *path,
              GError     **error)
{
  g_autoptr(GSocketClient) client = g_socket_client_new ();
  g_autoptr(GSocketAddress) where = g_unix_socket_address_new (path);
  g_autoptr(GAsyncResult) result = NULL;

  g_socket_client_connect_async (client, G_SOCKET_CONNECTABLE (where), NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);

  return g_socket_client_connect_finish (client, result, error);
}

static mode_t
mode_of (const char *path)
{
  struct stat found;

  return lstat (path, &found) == 0 ? found.st_mode : 0;
}

static void
assert_socket (const char *path)
{
  g_assert_true (S_ISSOCK (mode_of (path)));
  g_assert_cmpuint (mode_of (path) & 07777, ==, 0600);
}

static void
assert_nothing (const char *path)
{
  g_assert_cmpuint (mode_of (path), ==, 0);
}

static void
assert_text (DevSshForwardedPort *port,
             const char          *format,
             ...)
{
  g_autofree char *text = devssh_forwarded_port_to_string (port);
  g_autofree char *expected = NULL;
  va_list args;

  va_start (args, format);
  expected = g_strdup_vprintf (format, args);
  va_end (args);
  g_assert_cmpstr (text, ==, expected);
}

static GBytes *
path_payload (const char *path,
              guint       n_reserved)
{
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();

  devssh_writer_put_utf8 (writer, path);
  for (guint i = 0; i < n_reserved; i++)
    devssh_writer_put_uint32 (writer, 0);

  return devssh_writer_end (writer);
}

/* ---- both ways ---- */

static void
test_from (Fixture       *self,
           gconstpointer  data)
{
  Forwarding *f = self->f;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshForwardedPort) port = forward_from (f->client_forwarder, self->first, 0, self->second, 0, &error);
  g_autoptr(PathTarget) target = NULL;
  g_autoptr(DevSshPortForwardMessage) request = NULL;
  DevSshForwardedPort *theirs;

  g_assert_no_error (error);
  g_assert_nonnull (port);
  assert_text (port, "%s<-%s", self->second, self->first);
  theirs = nth_port (REMOTE (f->server_forwarder), 0);
  assert_text (theirs, "%s->%s", self->first, self->first);
  g_assert_cmpstr (devssh_session_request_get_request_type (f->request), ==, "streamlocal-forward@openssh.com");
  request = devssh_port_forward_message_parse (devssh_session_request_get_request_type (f->request),
                                               devssh_session_request_get_payload (f->request), &error);
  g_assert_no_error (error);
  g_assert_cmpstr (devssh_port_forward_message_get_host (request), ==, self->first);
  g_assert_nonnull (devssh_forwarded_port_get_reply (port));
  g_assert_cmpuint (g_bytes_get_size (devssh_forwarded_port_get_reply (port)), ==, 0);
  assert_socket (self->first);

  target = path_target_new (self->second);
  {
    g_autoptr(GSocketConnection) outside = path_connect (self->first, &error);
    g_autoptr(GSocketConnection) inside = NULL;

    g_assert_no_error (error);
    inside = path_target_take (target);
    assert_carries_both (G_IO_STREAM (outside), G_IO_STREAM (inside));
    g_assert_cmpuint (n_items (devssh_forwarded_port_get_channels (port)), ==, 1);
    g_assert_cmpuint (n_items (devssh_forwarded_port_get_channels (theirs)), ==, 1);

    tcp_shutdown_write (outside);
    assert_eof (G_IO_STREAM (inside));
    assert_carries (G_IO_STREAM (inside), G_IO_STREAM (outside), 100 * 1000);

    /* The file is gone; what runs goes on. */
    devssh_forwarded_port_close (port);
    test_spin_until (n_items (REMOTE (f->server_forwarder)) == 0);
    assert_nothing (self->first);
    assert_carries (G_IO_STREAM (inside), G_IO_STREAM (outside), 100 * 1000);
    tcp_shutdown_write (inside);
    assert_eof (G_IO_STREAM (outside));
    test_spin_until (n_items (devssh_forwarded_port_get_channels (port)) == 0);
  }

  /* And at once again. */
  g_clear_object (&port);
  port = forward_from (f->client_forwarder, self->first, 0, self->second, 0, &error);
  g_assert_no_error (error);
  g_assert_nonnull (port);
  assert_socket (self->first);
}

static void
test_to (Fixture       *self,
         gconstpointer  data)
{
  Forwarding *f = self->f;
  g_autoptr(PathTarget) target = path_target_new (self->second);
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshForwardedPort) port = forward_to (f->client_forwarder, self->first, 0, self->second, 0, &error);
  g_autoptr(GSocketConnection) outside = NULL;
  g_autoptr(GSocketConnection) inside = NULL;
  g_autoptr(GIOStream) stream = NULL;

  g_assert_no_error (error);
  assert_text (port, "%s->%s", self->first, self->second);
  assert_socket (self->first);
  outside = path_connect (self->first, &error);
  g_assert_no_error (error);
  inside = path_target_take (target);
  assert_carries_both (G_IO_STREAM (outside), G_IO_STREAM (inside));
  g_assert_cmpstr (devssh_channel_opening_get_channel_type (f->opening), ==, "direct-streamlocal@openssh.com");

  /* A second one for the same end. */
  g_assert_null (forward_to (f->client_forwarder, self->first, 0, NULL, 80, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  g_assert_null (strstr (error->message, "port 0"));
  g_clear_error (&error);

  g_clear_object (&inside);
  stream = stream_to (f->client_forwarder, self->second, 0, &error);
  g_assert_no_error (error);
  inside = path_target_take (target);
  assert_carries_both (stream, G_IO_STREAM (inside));

  devssh_forwarded_port_close (port);
  assert_nothing (self->first);
}

/* A port on one side, a path on the other: each of the four. */
static void
test_mixed (Fixture       *self,
            gconstpointer  data)
{
  Forwarding *f = self->f;
  g_autoptr(PathTarget) path_target = path_target_new (self->second);
  g_autoptr(Target) port_target = target_new ("127.0.0.1");

  for (guint i = 0; i < 4; i++)
    {
      gboolean from = (i & 1) != 0;
      gboolean listens_on_path = (i & 2) != 0;
      const char *listen_host = listens_on_path ? self->first : NULL;
      const char *target_host = listens_on_path ? NULL : self->second;
      guint target_port = listens_on_path ? port_target->port : 0;
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshForwardedPort) port =
        from ? forward_from (f->client_forwarder, listen_host, 0, target_host, target_port, &error)
             : forward_to (f->client_forwarder, listen_host, 0, target_host, target_port, &error);
      g_autoptr(GSocketConnection) outside = NULL;
      g_autoptr(GSocketConnection) inside = NULL;

      g_assert_no_error (error);
      g_assert_nonnull (port);
      outside = listens_on_path ? path_connect (self->first, &error)
                                : tcp_connect ("127.0.0.1", from ? devssh_forwarded_port_get_remote_port (port)
                                                                 : devssh_forwarded_port_get_local_port (port), &error);
      g_assert_no_error (error);
      inside = listens_on_path ? target_take (port_target) : path_target_take (path_target);
      assert_carries_both (G_IO_STREAM (outside), G_IO_STREAM (inside));
      devssh_forwarded_port_close (port);
      test_spin_until (n_items (REMOTE (f->server_forwarder)) == 0);
    }
}

static void
take_stream_cb (DevSshForwardedPort  *port,
                GIOStream            *stream,
                GIOStream           **place)
{
  g_set_object (place, stream);
}

/* Nobody listens: the application connects, and waits. */
static void
test_recorded (Fixture       *self,
               gconstpointer  data)
{
  Forwarding *f = self->f;
  g_autoptr(GAsyncResult) early = NULL;
  g_autoptr(GAsyncResult) other = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(DevSshForwardedPort) waited = NULL;
  g_autoptr(GIOStream) ours = NULL;
  g_autoptr(GIOStream) theirs = NULL;
  g_autoptr(GError) error = NULL;

  devssh_port_forwarder_set_accept_local_connections_for_forwarded_ports (f->server_forwarder, FALSE);
  devssh_port_forwarder_wait_for_forwarded_socket_async (f->server_forwarder, self->first, NULL, test_keep_result_cb, &early);
  devssh_port_forwarder_wait_for_forwarded_socket_async (f->server_forwarder, self->second, NULL, test_keep_result_cb, &other);
  port = stream_from (f->client_forwarder, self->first, 0, &error);
  g_assert_no_error (error);
  g_assert_nonnull (port);
  assert_nothing (self->first);
  test_spin_until (early != NULL);
  g_assert_null (other);
  waited = devssh_port_forwarder_wait_for_forwarded_socket_finish (f->server_forwarder, early, &error);
  g_assert_no_error (error);
  g_assert_true (waited == nth_port (REMOTE (f->server_forwarder), 0));
  assert_text (waited, "->%s", self->first);

  g_signal_connect (port, "stream-opened", G_CALLBACK (take_stream_cb), &theirs);
  devssh_port_forwarder_connect_to_forwarded_socket_async (f->server_forwarder, self->first, NULL,
                                                           test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  ours = devssh_port_forwarder_connect_to_forwarded_socket_finish (f->server_forwarder, result, &error);
  g_assert_no_error (error);
  test_spin_until (theirs != NULL);
  assert_carries_both (ours, theirs);

  g_clear_object (&result);
  devssh_port_forwarder_connect_to_forwarded_socket_async (f->server_forwarder, self->second, NULL,
                                                           test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_null (devssh_port_forwarder_connect_to_forwarded_socket_finish (f->server_forwarder, result, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  g_clear_error (&error);

  /* Again, now that somebody listens: the same item has news (protocol.md 6.4). */
  devssh_port_forwarder_set_accept_local_connections_for_forwarded_ports (f->server_forwarder, TRUE);
  {
    g_autoptr(GBytes) payload = path_payload (self->first, 0);

    g_assert_true (raw_request (f->client, "streamlocal-forward@openssh.com", payload, NULL));
  }
  g_assert_true (waited == nth_port (REMOTE (f->server_forwarder), 0));
  assert_text (waited, "%s->%s", self->first, self->first);
  assert_socket (self->first);

  forwarding_close_sessions (f);
  assert_nothing (self->first);
  test_spin_until (other != NULL);
  g_assert_null (devssh_port_forwarder_wait_for_forwarded_socket_finish (f->server_forwarder, other, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);
}

typedef struct
{
  char  *path;
  guint  port;
  guint  n;
} Seen;

static gboolean
connecting_cb (DevSshPortForwarder           *forwarder,
               DevSshForwardedPortConnecting *connecting,
               Seen                          *seen)
{
  seen->n++;
  g_free (seen->path);
  seen->path = g_strdup (devssh_forwarded_port_connecting_get_path (connecting));
  seen->port = devssh_forwarded_port_connecting_get_port (connecting);
  devssh_forwarded_port_connecting_accept (connecting);

  return TRUE;
}

static void
test_connecting (Fixture       *self,
                 gconstpointer  data)
{
  Forwarding *f = self->f;
  g_autoptr(PathTarget) target = path_target_new (self->second);
  g_autoptr(Target) port_target = target_new ("127.0.0.1");
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(GSocketConnection) outside = NULL;
  g_autoptr(GSocketConnection) inside = NULL;
  g_autoptr(GIOStream) stream = NULL;
  g_autoptr(GError) error = NULL;
  Seen ours = { NULL, };
  Seen theirs = { NULL, };

  g_signal_connect (f->client_forwarder, "forwarded-port-connecting", G_CALLBACK (connecting_cb), &ours);
  g_signal_connect (f->server_forwarder, "forwarded-port-connecting", G_CALLBACK (connecting_cb), &theirs);
  port = forward_from (f->client_forwarder, self->first, 0, NULL, port_target->port, &error);
  g_assert_no_error (error);
  outside = path_connect (self->first, &error);
  g_assert_no_error (error);
  inside = target_take (port_target);
  assert_carries_both (G_IO_STREAM (outside), G_IO_STREAM (inside));
  g_assert_cmpstr (ours.path, ==, self->first);
  g_assert_cmpstr (theirs.path, ==, self->first);
  g_assert_cmpuint (ours.port, ==, 0);

  stream = stream_to (f->client_forwarder, self->second, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (ours.n, ==, 2);
  g_assert_cmpuint (theirs.n, ==, 2);
  g_assert_cmpstr (ours.path, ==, self->second);
  g_assert_cmpstr (theirs.path, ==, self->second);
  g_free (ours.path);
  g_free (theirs.path);
}

/* ---- T-84: nothing without the application ---- */

static void
test_refused (Fixture       *self,
              gconstpointer  data)
{
  Forwarding *f = self->f;
  g_autoptr(PathTarget) target = path_target_new (self->second);
  g_autoptr(GError) error = NULL;

  f->accept_requests = FALSE;
  f->accept_openings = FALSE;
  g_assert_null (forward_from (f->client_forwarder, self->first, 0, NULL, 80, &error));
  g_assert_no_error (error);
  assert_nothing (self->first);
  g_assert_null (stream_to (f->client_forwarder, self->second, 0, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_RESOURCE_SHORTAGE);
  g_clear_error (&error);
  g_assert_cmpuint (f->n_requests, ==, 1);
  g_assert_cmpuint (f->n_openings, ==, 1);

  devssh_port_forwarder_set_accept_remote_connections_for_non_forwarded_ports (f->server_forwarder, FALSE);
  g_assert_null (stream_to (f->client_forwarder, self->second, 0, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
  g_assert_cmpuint (f->n_openings, ==, 1);
  g_assert_cmpuint (target->n_connections, ==, 0);
}

/* A channel for a path that was never asked for, or for a port by the name of one. */
static void
test_not_ours (Fixture       *self,
               gconstpointer  data)
{
  Forwarding *f = self->f;
  g_autoptr(Target) target = target_new ("127.0.0.1");
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) ours = path_payload (self->first, 1);
  g_autoptr(GBytes) other = path_payload (self->second, 1);
  g_autoptr(GBytes) as_port = open_payload (self->first, 0, "", 0);
  g_autoptr(GBytes) no_port = open_payload ("localhost", 0, "", 0);
  g_autoptr(DevSshChannel) channel = NULL;
  static const struct { const char *type; guint payload; } rows[] = {
    { "forwarded-streamlocal@openssh.com", 0 }, { "forwarded-tcpip", 1 }, { "forwarded-tcpip", 2 },
  };
  GBytes *payloads[] = { other, as_port, no_port };

  port = forward_from (f->client_forwarder, self->first, 0, NULL, target->port, &error);
  g_assert_no_error (error);
  channel = raw_open (f->server, "forwarded-streamlocal@openssh.com", ours, &error);
  g_assert_no_error (error);
  test_spin_until (target->n_connections == 1);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_assert_null (raw_open (f->server, rows[i].type, payloads[rows[i].payload], &error));
      g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
      g_clear_error (&error);
    }

  devssh_forwarded_port_close (port);
  g_assert_null (raw_open (f->server, "forwarded-streamlocal@openssh.com", ours, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
  g_assert_cmpuint (target->n_connections, ==, 1);
}

/* The channel overtakes the answer: as for ports, it waits for it. */
static void
test_overtaking (Fixture       *self,
                 gconstpointer  data)
{
  Forwarding *f = self->f;
  g_autoptr(Target) target = target_new ("127.0.0.1");
  g_autoptr(GBytes) ours = path_payload (self->first, 1);
  g_autoptr(GBytes) other = path_payload (self->second, 1);
  g_autoptr(GAsyncResult) forwarded = NULL;
  g_autoptr(GAsyncResult) opened = NULL;
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(DevSshChannel) channel = NULL;
  g_autoptr(GError) error = NULL;

  f->keep_questions = TRUE;
  devssh_port_forwarder_forward_from_remote_port_async (f->client_forwarder, self->first, 0, NULL, target->port, NULL,
                                                        test_keep_result_cb, &forwarded);
  test_spin_until (f->n_requests == 1);
  g_assert_null (raw_open (f->server, "forwarded-streamlocal@openssh.com", other, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
  g_clear_error (&error);
  devssh_session_open_channel_full_async (f->server, "forwarded-streamlocal@openssh.com", ours, 0, NULL,
                                          test_keep_result_cb, &opened);
  test_settle ();
  g_assert_null (opened);
  devssh_session_request_complete (f->request, TRUE);
  test_spin_until (opened != NULL && forwarded != NULL);
  channel = devssh_session_open_channel_finish (f->server, opened, &error);
  g_assert_no_error (error);
  port = devssh_port_forwarder_forward_from_remote_port_finish (f->client_forwarder, forwarded, &error);
  g_assert_no_error (error);
  g_assert_nonnull (port);
}

/* ---- T-87: files ---- */

static gboolean
listen_on (Fixture    *self,
           const char *path)
{
  g_autoptr(GBytes) payload = path_payload (path, 0);

  return raw_request (self->f->client, "streamlocal-forward@openssh.com", payload, NULL);
}

static void
stop_listening (Fixture *self)
{
  devssh_forwarded_port_close (nth_port (REMOTE (self->f->server_forwarder), 0));
  g_assert_cmpuint (n_items (REMOTE (self->f->server_forwarder)), ==, 0);
}

/* Whatever the umask says. */
static void
test_mode (Fixture       *self,
           gconstpointer  data)
{
  mode_t before = umask (0);

  g_assert_true (listen_on (self, self->first));
  umask (before);
  assert_socket (self->first);
  stop_listening (self);
  assert_nothing (self->first);
}

static void
test_existing (Fixture       *self,
               gconstpointer  data)
{
  g_autoptr(PathTarget) target = path_target_new (self->second);
  g_autofree char *link = g_build_filename (self->folder, "link", NULL);
  g_autofree char *dangling = g_build_filename (self->folder, "dangling", NULL);
  g_autofree char *fifo = g_build_filename (self->folder, "fifo", NULL);
  g_autoptr(GError) error = NULL;
  struct stat before;
  struct stat after;

  g_assert_true (g_file_set_contents (self->first, "precious", -1, &error));
  g_assert_cmpint (symlink (self->second, link), ==, 0);
  g_assert_cmpint (symlink ("nowhere", dangling), ==, 0);
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  g_assert_cmpint (lstat (self->second, &before), ==, 0);

  /* Nothing that is there is touched; and, where it may be, nothing but a socket. */
  for (guint replace = 0; replace < 2; replace++)
    {
      const char * const paths[] = { self->first, link, dangling, fifo, self->folder };

      devssh_port_forwarder_set_replace_existing_sockets (self->f->server_forwarder, replace);
      g_assert_cmpint (devssh_port_forwarder_get_replace_existing_sockets (self->f->server_forwarder), ==, replace);
      for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
        {
          g_test_message ("%s", paths[i]);
          g_assert_false (listen_on (self, paths[i]));
          g_assert_cmpuint (mode_of (paths[i]), !=, 0);
        }
      if (!replace)
        g_assert_false (listen_on (self, self->second));
    }

  g_assert_cmpint (lstat (self->second, &after), ==, 0);
  g_assert_cmpuint (before.st_ino, ==, after.st_ino);

  g_assert_true (listen_on (self, self->second));
  g_assert_cmpint (lstat (self->second, &after), ==, 0);
  g_assert_cmpuint (before.st_ino, !=, after.st_ino);
  assert_socket (self->second);
  stop_listening (self);
  assert_nothing (self->second);

  {
    g_autofree char *contents = NULL;

    g_assert_true (g_file_get_contents (self->first, &contents, NULL, NULL));
    g_assert_cmpstr (contents, ==, "precious");
  }
  g_unlink (self->first);
  g_unlink (link);
  g_unlink (dangling);
  g_unlink (fifo);
}

/* Somebody has put something else in its place: that stays. */
static void
test_not_ours_any_more (Fixture       *self,
                        gconstpointer  data)
{
  g_autoptr(PathTarget) target = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_true (listen_on (self, self->first));
  g_unlink (self->first);
  target = path_target_new (self->first);
  stop_listening (self);
  g_assert_true (S_ISSOCK (mode_of (self->first)));
  g_clear_pointer (&target, path_target_free);

  g_assert_true (listen_on (self, self->first));
  g_unlink (self->first);
  g_assert_true (g_file_set_contents (self->first, "another", -1, &error));
  stop_listening (self);
  g_assert_true (S_ISREG (mode_of (self->first)));
  g_unlink (self->first);

  g_assert_true (listen_on (self, self->first));
  g_unlink (self->first);
  stop_listening (self);

  /* The folder has moved: what is ours goes with it, and what has its name by now is another's. */
  {
    g_autofree char *inner = g_build_filename (self->folder, "inner", NULL);
    g_autofree char *moved = g_build_filename (self->folder, "moved", NULL);
    g_autofree char *path = g_build_filename (inner, "socket", NULL);
    g_autofree char *moved_path = g_build_filename (moved, "socket", NULL);

    g_assert_cmpint (g_mkdir (inner, 0700), ==, 0);
    g_assert_true (listen_on (self, path));
    g_assert_cmpint (g_rename (inner, moved), ==, 0);
    g_assert_cmpint (g_mkdir (inner, 0700), ==, 0);
    target = path_target_new (path);
    stop_listening (self);
    assert_nothing (moved_path);
    g_assert_true (S_ISSOCK (mode_of (path)));
    g_clear_pointer (&target, path_target_free);
    g_assert_cmpint (g_rmdir (inner), ==, 0);
    g_assert_cmpint (g_rmdir (moved), ==, 0);
  }
}

/* The session ends, however: nothing is left behind. */
static void
test_session_closed (Fixture       *self,
                     gconstpointer  data)
{
  g_autoptr(DevSshForwardedPort) ours = NULL;
  g_autoptr(DevSshForwardedPort) theirs = NULL;
  g_autoptr(GError) error = NULL;

  ours = forward_to (self->f->client_forwarder, self->first, 0, NULL, 80, &error);
  g_assert_no_error (error);
  theirs = forward_from (self->f->client_forwarder, self->second, 0, NULL, 80, &error);
  g_assert_no_error (error);
  assert_socket (self->first);
  assert_socket (self->second);
  forwarding_close_sessions (self->f);
  assert_nothing (self->first);
  assert_nothing (self->second);
}

static void
test_names (Fixture       *self,
            gconstpointer  data)
{
  Forwarding *f = self->f;
  g_autofree char *missing = g_build_filename (self->folder, "missing", "socket", NULL);
  g_autofree char *slash = g_strconcat (self->folder, "/", NULL);
  g_autofree char *dots = g_strconcat (self->folder, "/..", NULL);
  g_autofree char *too_long = g_strnfill (108, 'a');
  g_autofree char *longest = NULL;
  const char * const paths[] = { "", "relative", "./relative", "~/x", "\x1b[31m", missing, slash, dots, too_long };
  guint n_asked;

  too_long[0] = '/';

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr(GBytes) open = path_payload (paths[i], 2);
      g_autoptr(GError) error = NULL;

      g_test_message ("%s", paths[i]);
      g_assert_false (listen_on (self, paths[i]));
      g_assert_null (raw_open (f->client, "direct-streamlocal@openssh.com", open, &error));
      g_assert_nonnull (error);
      g_assert_true (error->domain == DEVSSH_CHANNEL_ERROR);
    }

  /* A zero byte would end the path early: nobody is even asked. */
  n_asked = f->n_requests + f->n_openings;
  {
    g_autofree char *text = g_strconcat (self->first, "?.txt", NULL);
    g_autoptr(DevSshWriter) writer = devssh_writer_new ();
    g_autoptr(GBytes) payload = NULL;
    g_autoptr(GError) error = NULL;
    gsize length = strlen (text);

    *strchr (text, '?') = '\0';
    devssh_writer_put_string (writer, (const guint8 *) text, length);
    devssh_writer_put_uint32 (writer, 0);
    devssh_writer_put_uint32 (writer, 0);
    payload = devssh_writer_end (writer);
    g_assert_false (raw_request (f->client, "streamlocal-forward@openssh.com", payload, NULL));
    g_assert_null (raw_open (f->client, "direct-streamlocal@openssh.com", payload, &error));
    g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
    assert_nothing (self->first);
  }
  g_assert_cmpuint (f->n_requests + f->n_openings, ==, n_asked);

  /* The longest there is. */
  longest = g_strnfill (107, 'a');
  memcpy (longest, self->folder, strlen (self->folder));
  longest[strlen (self->folder)] = '/';
  g_assert_true (listen_on (self, longest));
  assert_socket (longest);
  stop_listening (self);
}

typedef struct
{
  const char *allowed;
  char       *asked;
} Allow;

static gboolean
allow_cb (DevSshPortForwarder *forwarder,
          const char          *host,
          const char          *address,
          guint                port,
          Allow               *allow)
{
  g_free (allow->asked);
  allow->asked = g_strdup_printf ("%s=%s:%u", host, address, port);

  return g_strcmp0 (address, allow->allowed) == 0;
}

/* What the peer wants to be connected to is decided on where it really is, and is no link and nothing but a socket. */
static void
test_connect_links (Fixture       *self,
                    gconstpointer  data)
{
  Forwarding *f = self->f;
  g_autoptr(PathTarget) target = path_target_new (self->second);
  g_autofree char *link = g_build_filename (self->folder, "link", NULL);
  g_autofree char *folder_link = g_strconcat (self->folder, "-link", NULL);
  g_autofree char *name = g_path_get_basename (self->second);
  g_autofree char *through = g_build_filename (folder_link, name, NULL);
  g_autofree char *real_folder = realpath (self->folder, NULL);
  g_autofree char *real = g_build_filename (real_folder, name, NULL);
  g_autofree char *expected = g_strdup_printf ("%s=%s:0", through, real);
  g_autoptr(GIOStream) stream = NULL;
  g_autoptr(GIOStream) own = NULL;
  g_autoptr(GSocketConnection) inside = NULL;
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(GSocketConnection) outside = NULL;
  g_autoptr(GError) error = NULL;
  Allow allow = { real, NULL };

  g_assert_cmpint (symlink (self->second, link), ==, 0);
  g_assert_cmpint (symlink (self->folder, folder_link), ==, 0);
  g_assert_true (g_file_set_contents (self->first, "no socket", -1, NULL));

  g_assert_null (stream_to (f->client_forwarder, link, 0, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
  g_clear_error (&error);
  g_assert_null (stream_to (f->client_forwarder, self->first, 0, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
  g_clear_error (&error);
  g_assert_null (stream_to (f->client_forwarder, self->folder, 0, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
  g_clear_error (&error);

  g_signal_connect (f->server_forwarder, "allow-address", G_CALLBACK (allow_cb), &allow);
  stream = stream_to (f->client_forwarder, through, 0, &error);
  g_assert_no_error (error);
  inside = path_target_take (target);
  assert_carries_both (stream, G_IO_STREAM (inside));
  g_assert_cmpstr (allow.asked, ==, expected);

  allow.allowed = through;
  g_assert_null (stream_to (f->client_forwarder, through, 0, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
  g_clear_error (&error);
  g_assert_cmpuint (target->n_connections, ==, 1);

  /* The application's own target is its own business. */
  port = forward_from (f->client_forwarder, NULL, 0, link, 0, &error);
  g_assert_no_error (error);
  outside = tcp_connect ("127.0.0.1", devssh_forwarded_port_get_remote_port (port), &error);
  g_assert_no_error (error);
  test_spin_until (target->n_connections == 2);

  g_unlink (self->first);
  g_unlink (link);
  g_unlink (folder_link);
  g_free (allow.asked);
}

#define ADD(path, set_up_func, func) g_test_add ("/forwarding/unix/" path, Fixture, NULL, set_up_func, func, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_unsetenv ("DEVSSH_PLUGIN_PATH");

  ADD ("from", set_up, test_from);
  ADD ("to", set_up, test_to);
  ADD ("mixed", set_up, test_mixed);
  ADD ("recorded", set_up, test_recorded);
  ADD ("connecting", set_up, test_connecting);
  ADD ("refused/T-84", set_up, test_refused);
  ADD ("not-ours/T-84", set_up_client, test_not_ours);
  ADD ("overtaking", set_up_client, test_overtaking);
  ADD ("mode/T-87", set_up_server, test_mode);
  ADD ("existing/T-87", set_up_server, test_existing);
  ADD ("not-ours-any-more/T-87", set_up_server, test_not_ours_any_more);
  ADD ("session-closed/T-87", set_up, test_session_closed);
  ADD ("names/T-87", set_up_server, test_names);
  ADD ("connect-links/T-87", set_up, test_connect_links);

  return g_test_run ();
}
