/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Secure and multi-channel streams, for interoperability tests: options and JSON lines are those of dts-streams.mjs. */
#include "peer-common.h"

#include <stdlib.h>

static const char usage[] =
  "usage: devssh-peer-streams secure|multi [options]\n"
  "  --port N          connect there; without it listen, and echo\n"
  "  --bytes N         how many to send and get back (1048576); of each channel\n"
  "  --channels N      multi: how many channels at once (5)\n"
  "  --refuse          secure: accept nobody\n"
  "  --reconnect       secure: the stream outlives its connection\n"
  "  --drops N         secure: how often the connection is dropped meanwhile (0)\n"
  "  --close-by-peer   multi: ask the other end to close\n"
  "  --hang-up         listening, secure: close the stream when so many bytes were echoed\n"
  "  --say-goodbye     nothing: it is the other program's\n";

static const PeerOption stream_options[] = {
  { "bytes", PEER_INT },
  { "channels", PEER_INT },
  { "refuse", PEER_BOOL },
  { "drops", PEER_INT },
  { "close-by-peer", PEER_BOOL },
  { "hang-up", PEER_BOOL },
  { "say-goodbye", PEER_BOOL },
  { NULL, PEER_BOOL },
};

static PeerOptions                 *options;
static DevSshServerCredentials     *host;
static DevSshReconnectableSessions *sessions;
static gsize                        total;

static void
say (const char *event,
     const char *name,
     const char *value)
{
  PeerLine line;

  peer_line_begin (&line, event);
  if (name != NULL)
    peer_line_string (&line, name, value);
  peer_line_end (&line);
}

static G_GNUC_NORETURN void
give_up (const GError *error)
{
  say ("error", "message", error != NULL ? error->message : "timed out");
  exit (1);
}

static void
say_failed (const GError *error)
{
  PeerLine line;

  peer_line_begin (&line, "failed");
  peer_line_string (&line, "reason", error->domain == DEVSSH_CONNECTION_ERROR ? peer_reason_name ((DevSshDisconnectReason) error->code)
                                                                             : "none");
  peer_line_string (&line, "message", error->message);
  peer_line_end (&line);
}

static void
closed_cb (gpointer                object,
           DevSshDisconnectReason  reason,
           const char             *message,
           GError                 *error,
           gboolean               *closed)
{
  say ("closed", "reason", peer_reason_name (reason));
  if (closed != NULL)
    *closed = TRUE;
}

/* ---- echoing ---- */

typedef struct
{
  GIOStream *stream;
  gsize      echoed;
  gsize      last;
  char       buffer[65536];
} Echo;

static void echo_read (Echo *self);

static void
echo_free (Echo *self)
{
  g_object_unref (self->stream);
  g_free (self);
}

static void
echo_written_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  Echo *self = user_data;

  if (!g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, NULL))
    {
      echo_free (self);
      return;
    }
  self->echoed += self->last;
  if (peer_options_has (options, "hang-up") && self->echoed >= total)
    {
      g_io_stream_close_async (self->stream, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
      echo_free (self);
      return;
    }
  echo_read (self);
}

static void
echo_read_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  Echo *self = user_data;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, NULL);

  if (n <= 0)
    {
      echo_free (self);
      return;
    }
  self->last = (gsize) n;
  g_output_stream_write_all_async (g_io_stream_get_output_stream (self->stream), self->buffer, self->last, G_PRIORITY_DEFAULT, NULL,
                                   echo_written_cb, self);
}

static void
echo_read (Echo *self)
{
  g_input_stream_read_async (g_io_stream_get_input_stream (self->stream), self->buffer, sizeof self->buffer, G_PRIORITY_DEFAULT, NULL,
                             echo_read_cb, self);
}

static void
echo_on (GIOStream *stream)
{
  Echo *self = g_new0 (Echo, 1);

  self->stream = g_object_ref (stream);
  echo_read (self);
}

/* Sends bytes and compares what comes back. */
typedef struct
{
  GIOStream    *stream;
  GBytes       *data;
  GAsyncResult *written;
  guint8       *got;
  gsize         length;
  gboolean      ended;
} RoundTrip;

static void round_trip_read (RoundTrip *self);

static void
round_trip_read_cb (GObject      *source,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  RoundTrip *self = user_data;
  g_autoptr(GError) error = NULL;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);

  if (n < 0)
    give_up (error);
  self->length += (gsize) n;
  if (n == 0)
    self->ended = TRUE;
  else
    round_trip_read (self);
}

static void
round_trip_read (RoundTrip *self)
{
  /* One more than there should be. */
  g_input_stream_read_async (g_io_stream_get_input_stream (self->stream), self->got + self->length, total + 1 - self->length,
                             G_PRIORITY_DEFAULT, NULL, round_trip_read_cb, self);
}

static void
round_trip_begin (RoundTrip *self,
                  GIOStream *stream)
{
  g_auto(PeerSource) source = { 0 };

  peer_source_init (&source, 7, total);
  memset (self, 0, sizeof *self);
  self->stream = stream;
  self->data = peer_source_next (&source, total);
  self->got = g_malloc (total + 1);
  round_trip_read (self);
  g_output_stream_write_all_async (g_io_stream_get_output_stream (stream), g_bytes_get_data (self->data, NULL), total,
                                   G_PRIORITY_DEFAULT, NULL, peer_keep_cb, &self->written);
}

static void
round_trip_end (RoundTrip *self)
{
  g_autoptr(GError) error = NULL;

  if (!peer_wait (self->written != NULL))
    give_up (NULL);
  if (!g_output_stream_write_all_finish (g_io_stream_get_output_stream (self->stream), self->written, NULL, &error))
    give_up (error);
  if (!peer_wait (self->length >= total || self->ended))
    give_up (NULL);
  if (self->length != total || memcmp (self->got, g_bytes_get_data (self->data, NULL), total) != 0)
    {
      error = g_error_new (G_IO_ERROR, G_IO_ERROR_FAILED, "echoed data differs: %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " bytes",
                           self->length, total);
      give_up (error);
    }
  g_object_unref (self->written);
  g_bytes_unref (self->data);
  g_free (self->got);
}

static void
say_echoed (int channels)
{
  PeerLine line;

  peer_line_begin (&line, "echoed");
  peer_line_int (&line, "bytes", (gint64) total);
  if (channels > 0)
    peer_line_int (&line, "channels", channels);
  peer_line_end (&line);
}

static GSocketConnection *
dial (void)
{
  g_autoptr(GSocketClient) client = g_socket_client_new ();
  g_autoptr(GError) error = NULL;
  GSocketConnection *connection =
    g_socket_client_connect_to_host (client, "127.0.0.1", (guint16) peer_options_int (options, "port", 0), NULL, &error);

  if (connection == NULL)
    give_up (error);
  return connection;
}

/* ---- secure ---- */

static gboolean
authenticating_cb (DevSshSecureStream   *stream,
                   DevSshAuthentication *authentication)
{
  say ("authenticating", "type", peer_auth_type_name (devssh_authentication_get_authentication_type (authentication)));
  if (peer_options_has (options, "refuse"))
    devssh_authentication_reject (authentication);
  else
    devssh_authentication_accept (authentication, NULL);
  return TRUE;
}

static void
disconnected_cb (DevSshSecureStream *stream,
                 GError             *error,
                 guint              *count)
{
  say ("disconnected", NULL, NULL);
  if (count != NULL)
    (*count)++;
}

static void
secure_connected_cb (GObject      *source,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  DevSshSecureStream *stream = DEVSSH_SECURE_STREAM (source);
  g_autoptr(GError) error = NULL;

  if (!devssh_secure_stream_connect_finish (stream, result, &error))
    say_failed (error);
  else if (devssh_secure_stream_get_is_closed (stream))
    say ("merged", NULL, NULL);
  else
    {
      say ("connected", NULL, NULL);
      echo_on (G_IO_STREAM (stream));
    }
}

static gboolean
secure_incoming_cb (GSocketService    *service,
                    GSocketConnection *connection)
{
  g_autoptr(DevSshSecureStream) stream = devssh_secure_stream_new_server (G_IO_STREAM (connection), host, sessions);

  g_signal_connect (stream, "authenticating", G_CALLBACK (authenticating_cb), NULL);
  g_signal_connect (stream, "disconnected", G_CALLBACK (disconnected_cb), NULL);
  g_signal_connect (stream, "closed", G_CALLBACK (closed_cb), NULL);
  devssh_secure_stream_connect_async (stream, NULL, secure_connected_cb, NULL);
  return TRUE;
}

static void
drop_and_reconnect (DevSshSecureStream *stream,
                    GSocketConnection **wire,
                    guint              *n_disconnected,
                    guint               drops)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_socket_shutdown (g_socket_connection_get_socket (*wire), TRUE, TRUE, NULL);
  if (!peer_wait (*n_disconnected == drops))
    give_up (NULL);
  g_object_unref (*wire);
  *wire = dial ();
  devssh_secure_stream_reconnect_async (stream, G_IO_STREAM (*wire), NULL, peer_keep_cb, &result);
  if (!peer_wait (result != NULL))
    give_up (NULL);
  if (!devssh_secure_stream_reconnect_finish (stream, result, &error))
    give_up (error);
  say ("reconnected", NULL, NULL);
}

static void
secure_client (void)
{
  g_autoptr(DevSshClientCredentials) user = devssh_client_credentials_new ("test");
  GSocketConnection *wire = dial ();
  g_autoptr(DevSshSecureStream) stream = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  guint drops = (guint) peer_options_int (options, "drops", 0);
  guint n_disconnected = 0;
  gboolean closed = FALSE;
  RoundTrip trip;

  devssh_client_credentials_set_password (user, "secret");
  stream = devssh_secure_stream_new_client (G_IO_STREAM (wire), user, peer_options_has (options, "reconnect"));
  g_signal_connect (stream, "authenticating", G_CALLBACK (authenticating_cb), NULL);
  g_signal_connect (stream, "disconnected", G_CALLBACK (disconnected_cb), &n_disconnected);
  g_signal_connect (stream, "closed", G_CALLBACK (closed_cb), &closed);
  devssh_secure_stream_connect_async (stream, NULL, peer_keep_cb, &result);
  if (!peer_wait (result != NULL))
    give_up (NULL);
  if (!devssh_secure_stream_connect_finish (stream, result, &error))
    {
      say_failed (error);
      if (!peer_wait (closed))
        give_up (NULL);
      return;
    }
  say ("connected", NULL, NULL);
  round_trip_begin (&trip, G_IO_STREAM (stream));
  for (guint i = 1; i <= drops; i++)
    {
      if (!peer_wait (trip.length >= total / (drops + 1) * i))
        give_up (NULL);
      drop_and_reconnect (stream, &wire, &n_disconnected, i);
    }
  round_trip_end (&trip);
  say_echoed (0);
  if (peer_options_has (options, "hang-up"))
    {
      if (!peer_wait (trip.ended))
        give_up (NULL);
    }
  else
    g_io_stream_close_async (G_IO_STREAM (stream), G_PRIORITY_DEFAULT, NULL, NULL, NULL);
  if (!peer_wait (closed))
    give_up (NULL);
  g_object_unref (wire);
}

/* ---- multi ---- */

static gboolean
opening_cb (DevSshMultiChannelStream *stream,
            DevSshChannelOpening     *opening)
{
  PeerLine line;

  peer_line_begin (&line, "opening");
  peer_line_string (&line, "type", devssh_channel_opening_get_channel_type (opening));
  peer_line_bool (&line, "remote", devssh_channel_opening_get_is_remote (opening));
  peer_line_end (&line);
  return FALSE;
}

static void
accepted_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  DevSshMultiChannelStream *multi = DEVSSH_MULTI_CHANNEL_STREAM (source);
  g_autoptr(DevSshChannelStream) stream = devssh_multi_channel_stream_accept_stream_finish (multi, result, NULL);

  if (stream == NULL)
    return;
  echo_on (G_IO_STREAM (stream));
  devssh_multi_channel_stream_accept_stream_async (multi, NULL, NULL, accepted_cb, NULL);
}

static void
please_close_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  DevSshMultiChannelStream *multi = DEVSSH_MULTI_CHANNEL_STREAM (source);
  g_autoptr(DevSshChannel) channel = devssh_multi_channel_stream_accept_channel_finish (multi, result, NULL);

  if (channel != NULL)
    devssh_multi_channel_stream_close (multi);
}

typedef struct
{
  GIOStream *stream;
  char       text[16];
} Hello;

static void
answered_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  Hello *self = user_data;

  if (g_input_stream_read_finish (G_INPUT_STREAM (source), result, NULL) > 0)
    say ("answered", "text", self->text);
  g_object_unref (self->stream);
  g_free (self);
}

static void
opened_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  DevSshChannelStream *stream =
    devssh_multi_channel_stream_open_stream_finish (DEVSSH_MULTI_CHANNEL_STREAM (source), result, &error);
  Hello *self;

  if (stream == NULL)
    give_up (error);
  self = g_new0 (Hello, 1);
  self->stream = G_IO_STREAM (stream);
  g_output_stream_write_async (g_io_stream_get_output_stream (self->stream), "hello", 5, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
  g_input_stream_read_async (g_io_stream_get_input_stream (self->stream), self->text, sizeof self->text - 1, G_PRIORITY_DEFAULT, NULL,
                             answered_cb, self);
}

static void
ran_cb (GObject      *source,
        GAsyncResult *result,
        gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  if (devssh_multi_channel_stream_connect_and_run_until_closed_finish (DEVSSH_MULTI_CHANNEL_STREAM (source), result, &error))
    say ("ran", NULL, NULL);
  else
    say_failed (error);
}

static gboolean
multi_incoming_cb (GSocketService    *service,
                   GSocketConnection *connection)
{
  g_autoptr(DevSshMultiChannelStream) multi = devssh_multi_channel_stream_new (G_IO_STREAM (connection));

  g_signal_connect (multi, "closed", G_CALLBACK (closed_cb), NULL);
  g_signal_connect (multi, "channel-opening", G_CALLBACK (opening_cb), NULL);
  devssh_multi_channel_stream_connect_and_run_until_closed_async (multi, NULL, ran_cb, NULL);
  devssh_multi_channel_stream_accept_stream_async (multi, NULL, NULL, accepted_cb, NULL);
  devssh_multi_channel_stream_accept_channel_async (multi, "please-close", NULL, please_close_cb, NULL);
  devssh_multi_channel_stream_open_stream_async (multi, "from-listener", NULL, opened_cb, NULL);
  return TRUE;
}

static GIOStream *
open_one (DevSshMultiChannelStream *multi,
          gboolean                  accept)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  DevSshChannelStream *stream;

  if (accept)
    devssh_multi_channel_stream_accept_stream_async (multi, "from-listener", NULL, peer_keep_cb, &result);
  else
    devssh_multi_channel_stream_open_stream_async (multi, NULL, NULL, peer_keep_cb, &result);
  if (!peer_wait (result != NULL))
    give_up (NULL);
  stream = accept ? devssh_multi_channel_stream_accept_stream_finish (multi, result, &error)
                  : devssh_multi_channel_stream_open_stream_finish (multi, result, &error);
  if (stream == NULL)
    give_up (error);
  return G_IO_STREAM (stream);
}

static void
multi_client (void)
{
  g_autoptr(GSocketConnection) wire = dial ();
  g_autoptr(DevSshMultiChannelStream) multi = devssh_multi_channel_stream_new (G_IO_STREAM (wire));
  g_autoptr(GIOStream) theirs = NULL;
  guint n = (guint) peer_options_int (options, "channels", 5);
  g_autofree RoundTrip *trips = g_new0 (RoundTrip, n);
  gboolean closed = FALSE;
  char text[16] = "";

  g_signal_connect (multi, "closed", G_CALLBACK (closed_cb), &closed);
  theirs = open_one (multi, TRUE);
  g_input_stream_read_all (g_io_stream_get_input_stream (theirs), text, 5, NULL, NULL, NULL);
  say ("heard", "text", text);
  g_output_stream_write_all (g_io_stream_get_output_stream (theirs), "and back", 8, NULL, NULL, NULL);

  for (guint i = 0; i < n; i++)
    round_trip_begin (&trips[i], open_one (multi, FALSE));
  for (guint i = 0; i < n; i++)
    round_trip_end (&trips[i]);
  say_echoed ((int) n);
  if (peer_options_has (options, "close-by-peer"))
    devssh_multi_channel_stream_open_channel_async (multi, "please-close", NULL, NULL, NULL);
  else
    for (guint i = 0; i < 2; i++)
      devssh_multi_channel_stream_close (multi);
  if (!peer_wait (closed))
    give_up (NULL);
  for (guint i = 0; i < n; i++)
    g_object_unref (trips[i].stream);
}

/* ---- ---- */

static void
listen_for_ever (GCallback incoming)
{
  g_autoptr(GSocketService) service = g_socket_service_new ();
  g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr(GSocketAddress) address = g_inet_socket_address_new (loopback, 0);
  g_autoptr(GSocketAddress) bound = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  PeerLine line;

  if (!g_socket_listener_add_address (G_SOCKET_LISTENER (service), address, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP,
                                      NULL, &bound, &error))
    give_up (error);
  g_signal_connect (service, "incoming", incoming, NULL);
  peer_line_begin (&line, "listening");
  peer_line_int (&line, "port", g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound)));
  peer_line_end (&line);
  g_main_loop_run (loop);
}

int
main (int   argc,
      char *argv[])
{
  g_autoptr(DevSshKeyPair) key = NULL;
  gboolean secure = argc > 1 && g_str_equal (argv[1], "secure");

  if (argc < 2 || (!secure && !g_str_equal (argv[1], "multi")))
    {
      g_printerr ("%s", usage);
      return 2;
    }
  options = peer_options_parse (argc - 1, argv + 1, stream_options, usage);
  total = (gsize) peer_options_int (options, "bytes", 1048576);
  if (peer_options_has (options, "port"))
    {
      peer_deadline (30, "this");
      if (secure)
        secure_client ();
      else
        multi_client ();
      say ("done", NULL, NULL);
      return 0;
    }

  /* Both libraries know this one. */
  key = devssh_key_pair_generate (DEVSSH_ALGORITHM_KEY_ECDSA_NISTP384, 0, NULL);
  host = devssh_server_credentials_new ();
  devssh_server_credentials_add_key (host, key);
  if (peer_options_has (options, "reconnect"))
    sessions = devssh_reconnectable_sessions_new ();
  listen_for_ever (secure ? G_CALLBACK (secure_incoming_cb) : G_CALLBACK (multi_incoming_cb));
  return 0;
}
