/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Streams of all kinds, of which the test holds the far end. */
#include "test-far-end.h"

#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

static GIOStream *
connection_new (int fd)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GSocket) socket = g_socket_new_from_fd (fd, &error);

  g_assert_no_error (error);
  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

void
test_far_end_socket (TestFarEnd *self)
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==, 0);
  self->stream = connection_new (fds[0]);
  self->far_in = self->far_out = fds[1];
}

/* The system would enlarge its buffers by itself, to tens of megabytes where it is configured so. */
void
test_far_end_tcp (TestFarEnd *self)
{
  const int sizes[] = { SO_SNDBUF, SO_RCVBUF };
  g_autoptr(GSocketListener) listener = g_socket_listener_new ();
  g_autoptr(GSocketClient) client = g_socket_client_new ();
  g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr(GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_autoptr(GSocketAddress) address = NULL;
  g_autoptr(GSocketConnection) far_end = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_true (g_socket_listener_add_address (listener, any, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP,
                                                NULL, &address, &error));
  g_socket_client_set_enable_proxy (client, FALSE);
  far_end = g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, &error);
  g_assert_no_error (error);
  self->stream = G_IO_STREAM (g_socket_listener_accept (listener, NULL, NULL, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_socket_set_option (g_socket_connection_get_socket (far_end), SOL_SOCKET, sizes[i], 256 * 1024, &error);
      g_assert_no_error (error);
      g_socket_set_option (g_socket_connection_get_socket (G_SOCKET_CONNECTION (self->stream)), SOL_SOCKET, sizes[i],
                           256 * 1024, &error);
      g_assert_no_error (error);
    }
  self->far_in = self->far_out = dup (g_socket_get_fd (g_socket_connection_get_socket (far_end)));
}

/* The far ends never block. */
static void
make_pipes (TestFarEnd *self,
            gboolean    nonblocking)
{
  g_autoptr(GInputStream) input = NULL;
  g_autoptr(GOutputStream) output = NULL;
  int down[2], up[2];

  g_assert_true (g_unix_open_pipe (down, FD_CLOEXEC, NULL));
  g_assert_true (g_unix_open_pipe (up, FD_CLOEXEC, NULL));
  g_unix_set_fd_nonblocking (down[0], nonblocking, NULL);
  g_unix_set_fd_nonblocking (up[1], nonblocking, NULL);
  g_unix_set_fd_nonblocking (up[0], TRUE, NULL);
  g_unix_set_fd_nonblocking (down[1], TRUE, NULL);
  input = g_unix_input_stream_new (down[0], TRUE);
  output = g_unix_output_stream_new (up[1], TRUE);
  self->stream = g_simple_io_stream_new (input, output);
  self->far_in = up[0];
  self->far_out = down[1];
}

void
test_far_end_pipe (TestFarEnd *self)
{
  make_pipes (self, TRUE);
}

void
test_far_end_blocking_pipe (TestFarEnd *self)
{
  make_pipes (self, FALSE);
}

void
test_far_end_buffered (TestFarEnd *self)
{
  g_autoptr(GInputStream) input = NULL;
  g_autoptr(GOutputStream) output = NULL;
  GIOStream *inner;

  test_far_end_pipe (self);
  inner = self->stream;
  input = g_buffered_input_stream_new (g_io_stream_get_input_stream (inner));
  output = g_buffered_output_stream_new (g_io_stream_get_output_stream (inner));
  self->stream = g_simple_io_stream_new (input, output);
  g_object_set_data_full (G_OBJECT (self->stream), "inner", inner, g_object_unref);   /* it closes with its last reference */
}
