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

static GSocketService *
echo_target (guint16 *port)
{
  g_autoptr(GSocketService) service = g_socket_service_new ();
  g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr(GSocketAddress) address = g_inet_socket_address_new (loopback, 0);
  g_autoptr(GSocketAddress) effective = NULL;
  GError *error = NULL;

  g_socket_listener_add_address (G_SOCKET_LISTENER (service), address, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP,
                                 NULL, &effective, &error);
  if (failed (error))
    return NULL;
  *port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (effective));
  g_signal_connect (service, "incoming", G_CALLBACK (echo_incoming_cb), NULL);
  return g_steal_pointer (&service);
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

static GIOStream *
connect_local (guint port)
{
  g_autoptr(GSocketClient) client = g_socket_client_new ();
  g_autoptr(GAsyncResult) result = NULL;
  GError *error = NULL;
  GSocketConnection *connection;

  g_socket_client_connect_to_host_async (client, "127.0.0.1", (guint16) port, NULL, peer_keep_cb, &result);
  if (!need (peer_wait (result != NULL), "timed out: connecting to port %u", port))
    return NULL;
  connection = g_socket_client_connect_to_host_finish (client, result, &error);
  return failed (error) ? NULL : G_IO_STREAM (connection);
}

static DevSshPortForwarder *
forwarder (void)
{
  GError *error = NULL;
  DevSshService *service = devssh_session_activate_service (session, DEVSSH_SERVICE_NAME_PORT_FORWARDING, &error);

  return failed (error) ? NULL : DEVSSH_PORT_FORWARDER (service);
}

/* Two connections at once to a port that is forwarded, each echoing. */
static gboolean
echo_twice (guint   port,
            guint32 seed)
{
  StreamEcho *echoes = g_new0 (StreamEcho, 2);
  GIOStream *streams[2] = { NULL };
  gboolean ok = TRUE;

  for (guint i = 0; ok && i < 2; i++)
    {
      streams[i] = connect_local (port);
      ok = streams[i] != NULL;
      if (ok)
        stream_echo_start (&echoes[i], streams[i], total, seed + i);
    }
  for (guint i = 0; i < 2 && streams[i] != NULL; i++)
    {
      ok = stream_echo_finish (&echoes[i], total) && ok;
      g_object_unref (streams[i]);
    }
  /* After a time-out something may still point at them. */
  if (ok)
    g_free (echoes);
  return ok;
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
