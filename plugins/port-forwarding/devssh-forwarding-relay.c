/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between "both ends are there" and the last byte (protocol.md 6.5 and 6.8). */
#include "devssh-forwarding-relay.h"

#include "devssh-forwarding-connect.h"
#include "devssh-forwarding-service.h"
#include "devssh-forwarding-unix.h"

/* ---- the stream to the remote side, as the application wants it ---- */

typedef struct
{
  DevSshChannel        *channel;
  DevSshChannelOpening *opening;     /* NULL once it is answered, or if there is none */
} Asking;

static void
asking_free (gpointer data)
{
  Asking *asking = data;

  g_object_unref (asking->channel);
  g_clear_object (&asking->opening);
  g_free (asking);
}

static void
accept_opening (Asking *asking)
{
  if (asking->opening != NULL)
    devssh_channel_opening_accept (asking->opening);

  g_clear_object (&asking->opening);
}

static void
decided_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Asking *asking = g_task_get_task_data (task);
  g_autoptr(GError) error = NULL;
  GIOStream *stream = devssh_port_forwarder_ask_connecting_finish (DEVSSH_PORT_FORWARDER (source), result, &error);

  if (stream != NULL)
    {
      accept_opening (asking);
      g_task_return_pointer (task, stream, g_object_unref);
      return;
    }

  if (asking->opening != NULL)
    devssh_channel_opening_reject (asking->opening, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED, error->message);
  else
    devssh_channel_close (asking->channel);

  g_task_return_error (task, g_steal_pointer (&error));
}

void
devssh_forwarding_stream_async (DevSshService        *service,
                                const char           *path,
                                guint                 port,
                                DevSshChannel        *channel,
                                DevSshChannelOpening *opening,
                                GAsyncReadyCallback   callback,
                                gpointer              user_data)
{
  g_autoptr(GTask) task = g_task_new (service, NULL, callback, user_data);
  g_autoptr(DevSshChannelStream) stream = NULL;
  g_autoptr(GError) error = NULL;
  Asking *asking = g_new0 (Asking, 1);

  asking->channel = g_object_ref (channel);
  asking->opening = opening != NULL ? g_object_ref (opening) : NULL;
  g_task_set_source_tag (task, devssh_forwarding_stream_async);
  g_task_set_task_data (task, asking, asking_free);

  stream = devssh_channel_stream_new (channel, &error);
  if (stream == NULL)
    {
      if (opening != NULL)
        devssh_channel_opening_reject (opening, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED, error->message);
      else
        devssh_channel_close (channel);

      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  /* A handler that takes its time may need to hear from the other end first (a TLS handshake, say): so the peer is
   * told that the channel is open. Later it can only be closed again. */
  if (!devssh_port_forwarder_ask_connecting_async (DEVSSH_PORT_FORWARDER (service), path, port, opening != NULL,
                                                   G_IO_STREAM (stream),
                                                   devssh_forwarding_service_get_cancellable (service),
                                                   decided_cb, g_object_ref (task)))
    accept_opening (asking);
}

GIOStream *
devssh_forwarding_stream_finish (GAsyncResult  *result,
                                 GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* failure: NULL: it ended well */
static void
trace_end (DevSshService *service,
           DevSshChannel *channel,
           const char    *failure)
{
  devssh_service_trace (service, DEVSSH_TRACE_LEVEL_VERBOSE,
                        failure != NULL ? DEVSSH_TRACE_EVENT_PORT_FORWARD_CONNECTION_FAILED
                                        : DEVSSH_TRACE_EVENT_PORT_FORWARD_CONNECTION_CLOSED,
                        failure != NULL ? failure : "A forwarded connection came to its end");

  if (!devssh_channel_get_is_remote (channel))
    devssh_service_trace (service, DEVSSH_TRACE_LEVEL_VERBOSE, DEVSSH_TRACE_EVENT_PORT_FORWARD_CHANNEL_CLOSED,
                          "The channel of a forwarded connection is closed");
}

/* ---- two streams, where the application has put its own in between ---- */

typedef struct
{
  DevSshService     *service;
  DevSshChannel     *channel;
  GIOStream         *stream;
  GSocketConnection *connection;
  GCancellable      *cancellable;    /* ours: the two directions end each other when one breaks */
  gulong             closed_id;
  gboolean           drained;        /* the connection has all that came through the channel */
  guint              running;
  GError            *error;          /* of the direction that broke first */
} Pair;

static void
pair_clear (gpointer data)
{
  Pair *pair = data;

  g_clear_error (&pair->error);
  g_object_unref (pair->service);
  g_object_unref (pair->channel);
  g_object_unref (pair->stream);
  g_object_unref (pair->connection);
  g_object_unref (pair->cancellable);
}

/* Both ends have said what they had to say, as far as anybody can be told. */
static gboolean
pair_is_done (Pair *pair)
{
  return pair->drained && devssh_channel_get_is_closed (pair->channel)
         && devssh_channel_get_error (pair->channel) == NULL && devssh_channel_get_exit_signal (pair->channel) == NULL;
}

static void
pair_failed (Pair   *pair,
             GError *error)
{
  if (pair->error == NULL && !pair_is_done (pair))
    pair->error = error;
  else
    g_error_free (error);

  g_cancellable_cancel (pair->cancellable);
}

/* What the connection may still have to say goes nowhere: so it is not waited for. */
static void
channel_closed_cb (DevSshChannel *channel,
                   Pair          *pair)
{
  if (pair->drained && devssh_channel_get_is_closed (channel))
    g_cancellable_cancel (pair->cancellable);
}

static void
pair_drained (Pair *pair)
{
  g_socket_shutdown (g_socket_connection_get_socket (pair->connection), FALSE, TRUE, NULL);
  pair->drained = TRUE;
  channel_closed_cb (pair->channel, pair);
}

static void
pair_direction_ended (Pair *pair)
{
  if (--pair->running == 0)
    {
      g_signal_handler_disconnect (pair->channel, pair->closed_id);
      trace_end (pair->service, pair->channel, pair->error != NULL ? pair->error->message : NULL);

      if (pair->error != NULL)
        {
          devssh_channel_close_with_signal (pair->channel, "SIGABRT", "The connection broke");
          devssh_forwarding_reset (pair->connection);
        }

      g_io_stream_close_async (pair->stream, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
      g_io_stream_close_async (G_IO_STREAM (pair->connection), G_PRIORITY_DEFAULT, NULL, NULL, NULL);
    }

  g_rc_box_release_full (pair, pair_clear);
}

static void
output_closed_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  Pair *pair = user_data;
  GError *error = NULL;

  if (!g_output_stream_close_finish (G_OUTPUT_STREAM (source), result, &error))
    pair_failed (pair, error);

  pair_direction_ended (pair);
}

/* The end of one direction is passed on, and the other one goes on. */
static void
direction_done_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  Pair *pair = user_data;
  GOutputStream *output = G_OUTPUT_STREAM (source);
  GError *error = NULL;

  if (g_output_stream_splice_finish (output, result, &error) < 0)
    pair_failed (pair, error);
  else if (output == g_io_stream_get_output_stream (pair->stream))
    {
      g_output_stream_close_async (output, G_PRIORITY_DEFAULT, pair->cancellable, output_closed_cb, pair);
      return;
    }
  else
    pair_drained (pair);

  pair_direction_ended (pair);
}

static void
pair_direction (Pair      *pair,
                GIOStream *from,
                GIOStream *to)
{
  pair->running++;
  g_output_stream_splice_async (g_io_stream_get_output_stream (to), g_io_stream_get_input_stream (from),
                                G_OUTPUT_STREAM_SPLICE_NONE, G_PRIORITY_DEFAULT, pair->cancellable,
                                direction_done_cb, g_rc_box_acquire (pair));
}

static void
pair_run (DevSshService     *service,
          DevSshChannel     *channel,
          GIOStream         *stream,
          GSocketConnection *connection)
{
  Pair *pair = g_rc_box_new0 (Pair);

  pair->service = g_object_ref (service);
  pair->channel = g_object_ref (channel);
  pair->stream = g_object_ref (stream);
  pair->connection = g_object_ref (connection);
  pair->cancellable = g_cancellable_new ();
  pair->closed_id = g_signal_connect (channel, "closed", G_CALLBACK (channel_closed_cb), pair);
  pair_direction (pair, stream, G_IO_STREAM (connection));
  pair_direction (pair, G_IO_STREAM (connection), stream);
  g_rc_box_release_full (pair, pair_clear);
}

/* ---- the relay ---- */

typedef struct
{
  DevSshService     *service;
  DevSshChannel     *channel;
  GSocketConnection *connection;
} Relay;

static void
relay_free (Relay *relay)
{
  g_object_unref (relay->service);
  g_object_unref (relay->channel);
  g_object_unref (relay->connection);
  g_free (relay);
}

/* Whatever has closed its side by now does nothing here. */
static void
relay_failed (Relay        *relay,
              const GError *error)
{
  trace_end (relay->service, relay->channel, error->message);
  devssh_forwarding_reset (relay->connection);
}

static void
stream_ready_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  Relay *relay = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GIOStream) stream = devssh_forwarding_stream_finish (result, &error);

  if (stream != NULL)
    pair_run (relay->service, relay->channel, stream, relay->connection);
  else
    relay_failed (relay, error);

  relay_free (relay);
}

static void
spliced_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Relay *relay = user_data;
  g_autoptr(GError) error = NULL;

  if (devssh_channel_splice_finish (relay->channel, result, &error))
    trace_end (relay->service, relay->channel, NULL);
  else
    relay_failed (relay, error);

  /* A channel that somebody else reads from was not ours to splice, and is of no use to anybody else, either. */
  devssh_channel_close (relay->channel);
  relay_free (relay);
}

void
devssh_forwarding_relay (DevSshService        *service,
                         const char           *path,
                         guint                 port,
                         DevSshChannel        *channel,
                         DevSshChannelOpening *opening,
                         GSocketConnection    *connection)
{
  Relay *relay = g_new0 (Relay, 1);

  relay->service = g_object_ref (service);
  relay->channel = g_object_ref (channel);
  relay->connection = g_object_ref (connection);

  if (devssh_port_forwarder_has_connecting_handler (DEVSSH_PORT_FORWARDER (service)))
    {
      devssh_forwarding_stream_async (service, path, port, channel, opening, stream_ready_cb, relay);
      return;
    }

  /* Nobody looks: the bytes need not pass a stream of ours. */
  if (opening != NULL)
    devssh_channel_opening_accept (opening);

  devssh_channel_splice_async (channel, G_IO_STREAM (connection),
                               DEVSSH_CHANNEL_SPLICE_CLOSE_CHANNEL | DEVSSH_CHANNEL_SPLICE_CLOSE_STREAM,
                               G_PRIORITY_DEFAULT, NULL, spliced_cb, relay);
}

/* ---- what the peer opened ---- */

static void
state_changed_cb (DevSshForwardedPort *port,
                  GParamSpec          *pspec,
                  DevSshChannel       *channel)
{
  g_signal_handlers_disconnect_by_func (channel, state_changed_cb, port);

  if (devssh_channel_get_state (channel) == DEVSSH_CHANNEL_STATE_OPEN)
    devssh_forwarded_port_add_channel (port, channel);
}

void
devssh_forwarding_track (DevSshForwardedPort *port,
                         DevSshChannel       *channel)
{
  if (devssh_channel_get_state (channel) == DEVSSH_CHANNEL_STATE_OPENING)
    g_signal_connect_object (channel, "notify::state", G_CALLBACK (state_changed_cb), port, G_CONNECT_SWAPPED);
  else
    devssh_forwarded_port_add_channel (port, channel);
}

typedef struct
{
  DevSshService        *service;
  DevSshForwardedPort  *port;          /* NULL: the peer named the host */
  char                 *host;
  guint                 tcp_port;
  DevSshChannelOpening *opening;
} Answer;

static void
answer_free (Answer *answer)
{
  g_object_unref (answer->service);
  g_clear_object (&answer->port);
  g_free (answer->host);
  g_object_unref (answer->opening);
  g_free (answer);
}

static void
connected_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  Answer *answer = user_data;
  DevSshChannel *channel = devssh_channel_opening_get_channel (answer->opening);
  g_autoptr(GError) error = NULL;
  g_autoptr(GSocketConnection) connection = devssh_forwarding_connect_finish (result, &error);

  if (connection == NULL)
    {
      gboolean prohibited = error->domain == DEVSSH_CHANNEL_ERROR;

      devssh_service_trace (answer->service, DEVSSH_TRACE_LEVEL_WARNING,
                            DEVSSH_TRACE_EVENT_PORT_FORWARD_CONNECTION_FAILED, error->message);
      devssh_channel_opening_reject (answer->opening,
                                     prohibited ? (DevSshChannelOpenFailure) error->code
                                                : DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED,
                                     error->message);
    }
  else
    {
      devssh_service_trace (answer->service, DEVSSH_TRACE_LEVEL_INFO,
                            DEVSSH_TRACE_EVENT_PORT_FORWARD_CONNECTION_OPENED, "A forwarded connection was opened");
      if (answer->port != NULL)
        devssh_forwarding_track (answer->port, channel);
      devssh_forwarding_relay (answer->service,
                               devssh_forwarding_path_of (answer->port != NULL
                                                          ? devssh_forwarded_port_get_remote_host (answer->port)
                                                          : answer->host),
                               answer->port != NULL ? devssh_forwarded_port_get_remote_port (answer->port) : answer->tcp_port,
                               channel, answer->opening, connection);
    }

  answer_free (answer);
}

void
devssh_forwarding_answer (DevSshService        *service,
                          DevSshForwardedPort  *port,
                          DevSshChannelOpening *opening,
                          gboolean              checked,
                          const char           *host,
                          guint                 tcp_port)
{
  Answer *answer = g_new0 (Answer, 1);

  answer->service = g_object_ref (service);
  answer->port = port != NULL ? g_object_ref (port) : NULL;
  answer->host = g_strdup (host);
  answer->tcp_port = tcp_port;
  answer->opening = g_object_ref (opening);

  /* The peer has its confirmation only when there is a connection (protocol.md 6.5); a session that ends stops the attempt. */
  devssh_forwarding_connect_async (checked ? DEVSSH_PORT_FORWARDER (service) : NULL, host, tcp_port,
                                   devssh_question_get_cancellable (DEVSSH_QUESTION (opening)),
                                   connected_cb, answer);
}
