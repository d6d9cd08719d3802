/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The forwarding steps of devssh-peer-client; included by it once. */

/* ---- a TCP server that echoes ---- */

static void
echo_spliced_cb (GObject      *stream,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_output_stream_splice_finish (G_OUTPUT_STREAM (stream), result, NULL);
  g_object_unref (user_data);
}

static gboolean
echo_incoming_cb (GSocketService    *service,
                  GSocketConnection *connection,
                  GObject           *source,
                  gpointer           user_data)
{
  g_output_stream_splice_async (g_io_stream_get_output_stream (G_IO_STREAM (connection)),
                                g_io_stream_get_input_stream (G_IO_STREAM (connection)),
                                G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE | G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET,
                                G_PRIORITY_DEFAULT, NULL, echo_spliced_cb, g_object_ref (connection));
  return TRUE;
}

/* path NULL: a port, which comes back */
static GSocketService *
echo_target_at (const char *path,
                guint16    *port)
{
  g_autoptr(GSocketService) service = g_socket_service_new ();
  g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr(GSocketAddress) address = path != NULL ? g_unix_socket_address_new (path)
                                                   : g_inet_socket_address_new (loopback, 0);
  g_autoptr(GSocketAddress) effective = NULL;
  GError *error = NULL;

  g_socket_listener_add_address (G_SOCKET_LISTENER (service), address, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT,
                                 NULL, &effective, &error);
  if (failed (error))
    return NULL;
  if (path == NULL)
    *port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (effective));
  g_signal_connect (service, "incoming", G_CALLBACK (echo_incoming_cb), NULL);
  return g_steal_pointer (&service);
}

static GSocketService *
echo_target (guint16 *port)
{
  return echo_target_at (NULL, port);
}

/* ---- echo over any stream ---- */

typedef struct
{
  GIOStream *stream;
  PeerSource source;
  GBytes    *chunk;
  guint64    length;
  GChecksum *hash;
  guint8     buffer[65536];
  guint      running;      /* reading, writing */
  GCancellable *enough;    /* ends the reading: not every peer passes an end on */
  gboolean   ended;
} StreamEcho;

static void stream_echo_write (StreamEcho *self);

static void
stream_echo_written_cb (GObject      *stream,
                        GAsyncResult *result,
                        gpointer      user_data)
{
  StreamEcho *self = user_data;
  gboolean ok = g_output_stream_write_all_finish (G_OUTPUT_STREAM (stream), result, NULL, NULL);

  g_clear_pointer (&self->chunk, g_bytes_unref);
  if (ok && self->source.left > 0)
    stream_echo_write (self);
  else
    self->running--;
}

static void
stream_echo_write (StreamEcho *self)
{
  self->chunk = peer_source_next (&self->source, chunk_size);
  g_output_stream_write_all_async (g_io_stream_get_output_stream (self->stream), g_bytes_get_data (self->chunk, NULL),
                                   g_bytes_get_size (self->chunk), G_PRIORITY_DEFAULT, NULL, stream_echo_written_cb, self);
}

static void
stream_echo_read_cb (GObject      *stream,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  StreamEcho *self = user_data;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (stream), result, NULL);

  if (n > 0)
    {
      self->length += (guint64) n;
      g_checksum_update (self->hash, self->buffer, n);
      g_input_stream_read_async (G_INPUT_STREAM (stream), self->buffer, sizeof self->buffer, G_PRIORITY_DEFAULT,
                                 self->enough, stream_echo_read_cb, self);
      return;
    }
  self->ended = TRUE;
  self->running--;
}

static void
stream_echo_start (StreamEcho *self,
                   GIOStream  *stream,
                   guint64     bytes,
                   guint32     seed)
{
  self->stream = stream;
  self->hash = g_checksum_new (G_CHECKSUM_SHA256);
  peer_source_init (&self->source, seed, bytes);
  self->running = 2;
  self->enough = g_cancellable_new ();
  g_input_stream_read_async (g_io_stream_get_input_stream (stream), self->buffer, sizeof self->buffer, G_PRIORITY_DEFAULT,
                             self->enough, stream_echo_read_cb, self);
  stream_echo_write (self);
}

/* Waits until all has come back; then hangs up. */
static gboolean
stream_echo_finish (StreamEcho *self,
                    guint64     bytes)
{
  gboolean ok = need (peer_wait (self->length >= bytes || self->ended), "timed out after %" G_GUINT64_FORMAT " bytes",
                      self->length)
                && need (self->length == bytes, "stream ended after %" G_GUINT64_FORMAT " bytes", self->length)
                && need (g_str_equal (g_checksum_get_string (self->hash), g_checksum_get_string (self->source.hash)),
                         "echoed data differs");

  g_cancellable_cancel (self->enough);
  ok = need (peer_wait (self->running == 0), "the stream does not let go") && ok;
  if (self->running == 0)
    {
      g_checksum_free (self->hash);
      g_object_unref (self->enough);
      peer_source_clear (&self->source);
      g_io_stream_close_async (self->stream, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
    }
  return ok;
}

/* path NULL: a port */
static GIOStream *
connect_local (const char *path,
               guint       port)
{
  g_autoptr(GSocketClient) client = g_socket_client_new ();
  g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr(GSocketAddress) address = path != NULL ? g_unix_socket_address_new (path)
                                                   : g_inet_socket_address_new (loopback, (guint16) port);
  g_autoptr(GAsyncResult) result = NULL;
  GError *error = NULL;
  GSocketConnection *connection;

  g_socket_client_connect_async (client, G_SOCKET_CONNECTABLE (address), NULL, peer_keep_cb, &result);
  if (!need (peer_wait (result != NULL), "timed out: connecting to port %u", port))
    return NULL;
  connection = g_socket_client_connect_finish (client, result, &error);
  return failed (error) ? NULL : G_IO_STREAM (connection);
}

static DevSshPortForwarder *
forwarder (void)
{
  GError *error = NULL;
  DevSshService *service = devssh_session_activate_service (session, DEVSSH_SERVICE_NAME_PORT_FORWARDING, &error);

  return failed (error) ? NULL : DEVSSH_PORT_FORWARDER (service);
}

/* Several connections at once to ports (or one path) that are forwarded, each echoing. */
static gboolean
echo_all (const char  *path,
          const guint *ports,
          guint        n,
          guint32      seed)
{
  StreamEcho *echoes = g_new0 (StreamEcho, n);
  g_autofree GIOStream **streams = g_new0 (GIOStream *, n);
  gboolean ok = TRUE;

  for (guint i = 0; ok && i < n; i++)
    {
      streams[i] = connect_local (path, ports != NULL ? ports[i] : 0);
      ok = streams[i] != NULL;
      if (ok)
        stream_echo_start (&echoes[i], streams[i], total, seed + i);
    }
  for (guint i = 0; i < n && streams[i] != NULL; i++)
    {
      ok = stream_echo_finish (&echoes[i], total) && ok;
      g_object_unref (streams[i]);
    }
  /* After a time-out something may still point at them. */
  if (ok)
    g_free (echoes);
  return ok;
}

static gboolean
echo_twice (guint   port,
            guint32 seed)
{
  return echo_all (NULL, (guint[]) { port, port }, 2, seed);
}

static DevSshForwardedPort *
forward_from_remote (DevSshPortForwarder *self,
                     guint                remote_port,
                     guint                local_port)
{
  g_autoptr(GAsyncResult) result = NULL;
  GError *error = NULL;
  DevSshForwardedPort *port;

  devssh_port_forwarder_forward_from_remote_port_async (self, "127.0.0.1", remote_port, "127.0.0.1", local_port, NULL,
                                                        peer_keep_cb, &result);
  if (!need (peer_wait (result != NULL), "no answer to tcpip-forward"))
    return NULL;
  port = devssh_port_forwarder_forward_from_remote_port_finish (self, result, &error);
  if (failed (error))
    return NULL;
  need (port != NULL, "forwarding refused");
  return port;
}

static gboolean
step_remote_forward (const char *argument,
                     PeerLine   *line)
{
  DevSshPortForwarder *self = forwarder ();
  guint16 target_port = 0;
  g_autoptr(GSocketService) target = echo_target (&target_port);
  g_autoptr(DevSshForwardedPort) port = NULL;
  gboolean ok;

  if (self == NULL || target == NULL)
    return FALSE;
  port = forward_from_remote (self, (guint) peer_options_int (options, "forward-port", 0), target_port);
  ok = port != NULL
       && need (devssh_forwarded_port_get_remote_port (port) > 0, "no remote port")
       && echo_twice (devssh_forwarded_port_get_remote_port (port), 200);
  if (port != NULL)
    {
      peer_line_int (line, "port", devssh_forwarded_port_get_remote_port (port));
      devssh_forwarded_port_close (port);
    }
  peer_line_int (line, "connections", 2);
  peer_line_int (line, "bytes", (gint64) total);
  return ok;
}

static gboolean
step_cancel_forward (const char *argument,
                     PeerLine   *line)
{
  DevSshPortForwarder *self = forwarder ();
  guint16 target_port = 0;
  g_autoptr(GSocketService) target = echo_target (&target_port);
  g_autoptr(DevSshForwardedPort) port = NULL;
  guint number;

  if (self == NULL || target == NULL)
    return FALSE;
  port = forward_from_remote (self, 0, target_port);
  if (port == NULL)
    return FALSE;
  number = devssh_forwarded_port_get_remote_port (port);
  if (!echo_twice (number, 1))
    return FALSE;
  devssh_forwarded_port_close (port);
  /* The cancellation is on its way: a request behind it is answered after it. */
  if (session_request ("ping@example.com", TRUE) < 0)
    return FALSE;
  for (guint i = 0; i < 100; i++)
    {
      g_autoptr(GSocketClient) client = g_socket_client_new ();
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GError) error = NULL;
      g_autoptr(GSocketConnection) connection = NULL;

      g_socket_client_connect_to_host_async (client, "127.0.0.1", (guint16) number, NULL, peer_keep_cb, &result);
      if (!need (peer_wait (result != NULL), "timed out: connecting"))
        return FALSE;
      connection = g_socket_client_connect_to_host_finish (client, result, &error);
      if (connection == NULL)
        {
          peer_line_int (line, "port", number);
          peer_line_string (line, "refusedWith", g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED)
                                                   ? "ECONNREFUSED" : error->message);
          return TRUE;
        }
      if (session_request ("ping@example.com", TRUE) < 0)
        return FALSE;
    }
  return need (FALSE, "the port is still open");
}

static gboolean
step_local_forward (const char *argument,
                    PeerLine   *line)
{
  DevSshPortForwarder *self = forwarder ();
  guint16 target_port = 0;
  g_autoptr(GSocketService) target = echo_target (&target_port);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(DevSshForwardedPort) port = NULL;
  GError *error = NULL;
  gboolean ok;

  if (self == NULL || target == NULL)
    return FALSE;
  devssh_port_forwarder_forward_to_remote_port_async (self, "127.0.0.1", 0, "127.0.0.1", target_port, NULL, peer_keep_cb,
                                                      &result);
  if (!need (peer_wait (result != NULL), "cannot listen"))
    return FALSE;
  port = devssh_port_forwarder_forward_to_remote_port_finish (self, result, &error);
  if (failed (error))
    return FALSE;
  ok = echo_twice (devssh_forwarded_port_get_local_port (port), 300);
  peer_line_int (line, "port", devssh_forwarded_port_get_local_port (port));
  peer_line_int (line, "connections", 2);
  peer_line_int (line, "bytes", (gint64) total);
  devssh_forwarded_port_close (port);
  return ok;
}

static gboolean
step_stream_forward (const char *argument,
                     PeerLine   *line)
{
  DevSshPortForwarder *self = forwarder ();
  guint16 target_port = 0;
  g_autoptr(GSocketService) target = echo_target (&target_port);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GIOStream) stream = NULL;
  StreamEcho *echo = g_new0 (StreamEcho, 1);
  GError *error = NULL;

  if (self == NULL || target == NULL)
    return FALSE;
  devssh_port_forwarder_stream_to_remote_port_async (self, "127.0.0.1", target_port, NULL, peer_keep_cb, &result);
  if (!need (peer_wait (result != NULL), "no answer to direct-tcpip"))
    return FALSE;
  stream = devssh_port_forwarder_stream_to_remote_port_finish (self, result, &error);
  if (failed (error))
    return FALSE;
  stream_echo_start (echo, stream, total, 400);
  peer_line_int (line, "bytes", (gint64) total);
  if (!stream_echo_finish (echo, total))
    return FALSE;
  g_free (echo);
  return TRUE;
}

static void
stream_opened_cb (DevSshPortForwarder  *self,
                  DevSshForwardedPort  *port,
                  GIOStream            *stream,
                  GIOStream           **place)
{
  g_set_object (place, stream);
}

/* The server only records the port, and connects to it by itself. */
static gboolean
step_connected_forward (const char *argument,
                        PeerLine   *line)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(DevSshForwardedPort) port = NULL;
  GIOStream *stream = NULL;
  StreamEcho *echo = g_new0 (StreamEcho, 1);
  DevSshPortForwarder *self = forwarder ();
  gulong handler;
  gboolean ok;
  GError *error = NULL;

  if (self == NULL)
    return FALSE;
  /* Before the answer: the connection may come right behind it. */
  handler = g_signal_connect (self, "stream-opened", G_CALLBACK (stream_opened_cb), &stream);
  devssh_session_stream_from_remote_port_async (session, "127.0.0.1",
                                                (guint) peer_options_int (options, "forward-port", 4321), NULL,
                                                peer_keep_cb, &result);
  ok = need (peer_wait (result != NULL), "no answer to tcpip-forward");
  if (ok)
    port = devssh_session_stream_from_remote_port_finish (session, result, &error);
  ok = ok && !failed (error) && need (port != NULL, "forwarding refused")
       && need (peer_wait (stream != NULL), "the server does not connect");
  if (ok)
    stream_echo_start (echo, stream, total, 500);
  ok = ok && stream_echo_finish (echo, total);
  g_signal_handler_disconnect (self, handler);
  if (ok)
    g_free (echo);
  g_clear_object (&stream);
  if (port != NULL)
    {
      peer_line_int (line, "port", devssh_forwarded_port_get_remote_port (port));
      devssh_forwarded_port_close (port);
    }
  peer_line_int (line, "bytes", (gint64) total);
  return ok;
}

/* Two ports from the server and two to it, asked for at once; and connections to all of them at once. */
static gboolean
step_parallel_forward (const char *argument,
                       PeerLine   *line)
{
  GSocketService *targets[4] = { NULL };
  GAsyncResult *results[4] = { NULL };
  DevSshForwardedPort *ports[4] = { NULL };
  guint numbers[8];
  gboolean ok = TRUE;

  for (guint i = 0; ok && i < 4; i++)
    {
      guint16 target = 0;

      targets[i] = echo_target (&target);
      ok = targets[i] != NULL;
      if (ok && i < 2)
        devssh_session_forward_from_remote_port_async (session, "127.0.0.1", 0, "127.0.0.1", target, NULL,
                                                       peer_keep_cb, &results[i]);
      else if (ok)
        devssh_session_forward_to_remote_port_async (session, "127.0.0.1", 0, "127.0.0.1", target, NULL,
                                                     peer_keep_cb, &results[i]);
    }
  ok = ok && need (peer_wait (results[0] != NULL && results[1] != NULL && results[2] != NULL && results[3] != NULL),
                   "not all ports are forwarded");
  for (guint i = 0; ok && i < 4; i++)
    {
      GError *error = NULL;

      ports[i] = i < 2 ? devssh_session_forward_from_remote_port_finish (session, results[i], &error)
                       : devssh_session_forward_to_remote_port_finish (session, results[i], &error);
      ok = !failed (error) && need (ports[i] != NULL, "forwarding refused");
      if (ok)
        numbers[i] = numbers[i + 4] = i < 2 ? devssh_forwarded_port_get_remote_port (ports[i])
                                            : devssh_forwarded_port_get_local_port (ports[i]);
    }
  ok = ok && echo_all (NULL, numbers, 8, 600);
  for (guint i = 0; i < 4; i++)
    {
      if (ports[i] != NULL)
        devssh_forwarded_port_close (ports[i]);
      g_clear_object (&ports[i]);
      g_clear_object (&results[i]);
      g_clear_object (&targets[i]);
    }
  peer_line_int (line, "connections", 8);
  peer_line_int (line, "bytes", (gint64) total);
  return ok;
}

/* Unix sockets in a folder: both ways, mixed with ports, and without a listener. */
static gboolean
step_socket_forward (const char *argument,
                     PeerLine   *line)
{
  g_autofree char *target_path = g_build_filename (argument, "target.sock", NULL);
  g_autofree char *listen_path = g_build_filename (argument, "listen.sock", NULL);
  guint16 target_port = 0;
  g_autoptr(GSocketService) path_target = echo_target_at (target_path, NULL);
  g_autoptr(GSocketService) port_target = echo_target (&target_port);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GIOStream) stream = NULL;
  StreamEcho *echo = g_new0 (StreamEcho, 1);
  gboolean ok = path_target != NULL && port_target != NULL;
  GError *error = NULL;

  for (guint i = 0; ok && i < 8; i++)
    {
      gboolean from = (i & 1) != 0;
      gboolean listens_on_path = (i & 2) != 0;
      const char *to_path = (i & 4) != 0 ? target_path : NULL;
      const char *listens_on = listens_on_path ? listen_path : "127.0.0.1";
      g_autoptr(GAsyncResult) forwarded = NULL;
      g_autoptr(DevSshForwardedPort) port = NULL;
      guint number;

      if (!listens_on_path && to_path == NULL)
        continue;
      if (from)
        devssh_session_forward_from_remote_port_async (session, listens_on,
                                                       listens_on_path ? 0 : (guint) peer_options_int (options, "forward-port", 0),
                                                       to_path, to_path != NULL ? 0 : target_port, NULL,
                                                       peer_keep_cb, &forwarded);
      else
        devssh_session_forward_to_remote_port_async (session, listens_on, 0, to_path, to_path != NULL ? 0 : target_port, NULL,
                                                     peer_keep_cb, &forwarded);
      if (!need (peer_wait (forwarded != NULL), "no answer about %s", listens_on))
        return FALSE;
      port = from ? devssh_session_forward_from_remote_port_finish (session, forwarded, &error)
                  : devssh_session_forward_to_remote_port_finish (session, forwarded, &error);
      if (failed (error) || !need (port != NULL, "forwarding of %s refused", listens_on))
        return FALSE;
      number = from ? devssh_forwarded_port_get_remote_port (port) : devssh_forwarded_port_get_local_port (port);
      ok = listens_on_path ? echo_all (listen_path, NULL, 2, 700) : echo_twice (number, 700);
      devssh_forwarded_port_close (port);
      /* A request behind the cancellation is answered after it. Some servers leave the file. */
      ok = session_request ("ping@example.com", TRUE) >= 0 && ok;
      if (!from && listens_on_path)
        ok = need (!g_file_test (listen_path, G_FILE_TEST_EXISTS), "%s is left behind", listen_path) && ok;
      g_unlink (listen_path);
    }
  if (ok)
    {
      devssh_session_stream_to_remote_port_async (session, target_path, 0, NULL, peer_keep_cb, &result);
      ok = need (peer_wait (result != NULL), "no answer to direct-streamlocal");
    }
  if (ok)
    {
      stream = devssh_session_stream_to_remote_port_finish (session, result, &error);
      ok = !failed (error);
    }
  if (ok)
    stream_echo_start (echo, stream, total, 800);
  ok = ok && stream_echo_finish (echo, total);
  if (ok)
    g_free (echo);
  g_unlink (target_path);
  peer_line_int (line, "bytes", (gint64) total);
  return ok;
}
