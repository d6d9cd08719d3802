/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Notes of what happens: numbered, kept in order, and cheap while nobody listens. */
#include <libdevssh/base/devssh-trace-private.h>

/* A listener that is slow or gone must not cost memory without bound. */
#define MAX_NOTES 4096

/**
 * DevSshTraceLevel:
 * @DEVSSH_TRACE_LEVEL_ERROR: something failed
 * @DEVSSH_TRACE_LEVEL_WARNING: something is odd, and the session goes on
 * @DEVSSH_TRACE_LEVEL_INFO: a step in the life of a session or channel
 * @DEVSSH_TRACE_LEVEL_VERBOSE: every message
 *
 * How much somebody must want to know to be told.
 *
 * Since: 1.0
 */
G_DEFINE_ENUM_TYPE (DevSshTraceLevel, devssh_trace_level,
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_LEVEL_ERROR, "error"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_LEVEL_WARNING, "warning"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_LEVEL_INFO, "info"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_LEVEL_VERBOSE, "verbose"))

/**
 * DevSshTraceEvent:
 * @DEVSSH_TRACE_EVENT_UNKNOWN_ERROR: 9000: an error that fits no other number
 * @DEVSSH_TRACE_EVENT_STREAM_READ_ERROR: 9001: reading from the stream of a session failed
 * @DEVSSH_TRACE_EVENT_STREAM_WRITE_ERROR: 9002: writing to the stream of a session failed
 * @DEVSSH_TRACE_EVENT_STREAM_CLOSE_ERROR: 9003: closing the stream of a session failed
 * @DEVSSH_TRACE_EVENT_SEND_MESSAGE_FAILED: 9004: a message could not be sent
 * @DEVSSH_TRACE_EVENT_RECEIVE_MESSAGE_FAILED: 9005: a packet could not be received: wrong length,
 *   wrong MAC, end of stream
 * @DEVSSH_TRACE_EVENT_HANDLE_MESSAGE_FAILED: 9006: a message was received but is malformed, or
 *   illegal at this point
 * @DEVSSH_TRACE_EVENT_SERVER_AUTHENTICATION_FAILED: 9007: the client did not accept the host key of
 *   the server
 * @DEVSSH_TRACE_EVENT_CLIENT_AUTHENTICATION_FAILED: 9008: the server did not accept an attempt of
 *   the client to log in
 * @DEVSSH_TRACE_EVENT_AUTHENTICATION_ERROR: 9009: authentication ended in an error rather than in
 *   an answer
 * @DEVSSH_TRACE_EVENT_CHANNEL_WINDOW_ADJUST_FAILED: 9010: credit for a channel could not be given
 *   back
 * @DEVSSH_TRACE_EVENT_CHANNEL_WAIT_FOR_WINDOW_ADJUST: 9011: a channel has used up the window of the
 *   peer and waits
 * @DEVSSH_TRACE_EVENT_SESSION_RECONNECT_INIT_FAILED: 9020: the reconnect extension could not be
 *   switched on
 * @DEVSSH_TRACE_EVENT_SERVER_SESSION_RECONNECT_FAILED: 9021: a server could not resume a session
 * @DEVSSH_TRACE_EVENT_CLIENT_SESSION_RECONNECT_FAILED: 9022: a client could not resume its session
 * @DEVSSH_TRACE_EVENT_SESSION_REQUEST_FAILED: 9023: a session request failed in its handler
 * @DEVSSH_TRACE_EVENT_CHANNEL_REQUEST_FAILED: 9024: a channel request failed in its handler
 * @DEVSSH_TRACE_EVENT_CHANNEL_CLOSE_FAILED: 9025: a channel could not be closed in order
 * @DEVSSH_TRACE_EVENT_SERVER_LISTEN_FAILED: 9050: a server could not listen
 * @DEVSSH_TRACE_EVENT_PORT_FORWARD_SERVER_LISTEN_FAILED: 9051: a forwarded port could not be
 *   listened on
 * @DEVSSH_TRACE_EVENT_PORT_FORWARD_REQUEST_INVALID: 9052: a request to forward a port is malformed
 * @DEVSSH_TRACE_EVENT_PORT_FORWARD_CHANNEL_INVALID: 9053: a channel for a forwarded connection
 *   belongs to no forward
 * @DEVSSH_TRACE_EVENT_PORT_FORWARD_CHANNEL_OPEN_FAILED: 9054: a channel for a forwarded connection
 *   could not be opened
 * @DEVSSH_TRACE_EVENT_PORT_FORWARD_CONNECTION_FAILED: 9055: a forwarded connection could not be
 *   made to its target
 * @DEVSSH_TRACE_EVENT_TASK_CHAIN_ERROR: 9060: kept for programs that know the number from
 *   elsewhere; never noted by this library
 * @DEVSSH_TRACE_EVENT_METRICS_ERROR: 9061: a measured value makes no sense, such as a negative
 *   latency
 * @DEVSSH_TRACE_EVENT_KEEPALIVE_FAILED: 9062: a keepalive request could not be sent
 * @DEVSSH_TRACE_EVENT_KEEPALIVE_REQUEST_RECEIVED: 9063: the peer sent a keepalive request
 * @DEVSSH_TRACE_EVENT_KEEPALIVE_RESPONSE_NOT_RECEIVED: 9064: the peer did not answer a keepalive
 *   request in time
 * @DEVSSH_TRACE_EVENT_PROTOCOL_VERSION: 9100: the version line of the peer was received
 * @DEVSSH_TRACE_EVENT_SENDING_MESSAGE: 9101: a message is sent (all but channel data)
 * @DEVSSH_TRACE_EVENT_RECEIVING_MESSAGE: 9102: a message was received (all but channel data)
 * @DEVSSH_TRACE_EVENT_SENDING_CHANNEL_DATA: 9103: channel data is sent; noted only if tracing of
 *   channel data is switched on
 * @DEVSSH_TRACE_EVENT_RECEIVING_CHANNEL_DATA: 9104: channel data was received; noted only if
 *   tracing of channel data is switched on
 * @DEVSSH_TRACE_EVENT_SESSION_ENCRYPTED: 9110: the keys of an exchange are in use in both
 *   directions
 * @DEVSSH_TRACE_EVENT_SESSION_AUTHENTICATING: 9111: authentication has begun
 * @DEVSSH_TRACE_EVENT_SESSION_AUTHENTICATED: 9112: the client is authenticated
 * @DEVSSH_TRACE_EVENT_SESSION_CLOSING: 9113: the session is closing
 * @DEVSSH_TRACE_EVENT_SESSION_CONNECTING: 9114: the session is connecting
 * @DEVSSH_TRACE_EVENT_CHANNEL_OPENED: 9120: a channel is open
 * @DEVSSH_TRACE_EVENT_CHANNEL_OPEN_FAILED: 9121: a channel was refused
 * @DEVSSH_TRACE_EVENT_CHANNEL_EOF_RECEIVED: 9122: the peer will send no more data on a channel
 * @DEVSSH_TRACE_EVENT_CHANNEL_CLOSED: 9123: a channel is closed
 * @DEVSSH_TRACE_EVENT_SERVER_LISTENING: 9150: a server listens
 * @DEVSSH_TRACE_EVENT_SERVER_CLIENT_CONNECTED: 9151: a server accepted a connection
 * @DEVSSH_TRACE_EVENT_PORT_FORWARD_SERVER_LISTENING: 9152: a forwarded port is listened on
 * @DEVSSH_TRACE_EVENT_PORT_FORWARD_CONNECTION_ACCEPTED: 9153: a forwarded port accepted a
 *   connection
 * @DEVSSH_TRACE_EVENT_PORT_FORWARD_CHANNEL_OPENED: 9154: the channel of a forwarded connection is
 *   open
 * @DEVSSH_TRACE_EVENT_PORT_FORWARD_CHANNEL_CLOSED: 9155: the channel of a forwarded connection is
 *   closed
 * @DEVSSH_TRACE_EVENT_PORT_FORWARD_CONNECTION_OPENED: 9156: a forwarded connection reached its
 *   target
 * @DEVSSH_TRACE_EVENT_PORT_FORWARD_CONNECTION_CLOSED: 9157: a forwarded connection has ended
 * @DEVSSH_TRACE_EVENT_SESSION_DISCONNECTED: 9160: a session lost its connection and may be resumed
 * @DEVSSH_TRACE_EVENT_CLIENT_SESSION_RECONNECTING: 9161: a client asks its server to resume a
 *   session
 * @DEVSSH_TRACE_EVENT_SERVER_SESSION_RECONNECTING: 9162: a server resumes a session
 * @DEVSSH_TRACE_EVENT_CLIENT_SESSION_START_RECONNECTING: 9163: a client begins to connect anew for
 *   a session it lost
 * @DEVSSH_TRACE_EVENT_ALGORITHM_NEGOTIATION: 9170: what both ends offered, and what was chosen
 * @DEVSSH_TRACE_EVENT_DEBUG_MESSAGE: 9200: the peer sent a debug message (RFC 4253, 11.3)
 *
 * What happened, as a number that stays the same from release to release.
 *
 * The numbers are those of the other implementations of Dev Tunnels SSH, plus
 * 9000, so that logs of both ends can be read side by side.
 *
 * Since: 1.0
 */
G_DEFINE_ENUM_TYPE (DevSshTraceEvent, devssh_trace_event,
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_UNKNOWN_ERROR, "unknown-error"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_STREAM_READ_ERROR, "stream-read-error"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_STREAM_WRITE_ERROR,
                                         "stream-write-error"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_STREAM_CLOSE_ERROR,
                                         "stream-close-error"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_SEND_MESSAGE_FAILED,
                                         "send-message-failed"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_RECEIVE_MESSAGE_FAILED,
                                         "receive-message-failed"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_HANDLE_MESSAGE_FAILED,
                                         "handle-message-failed"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_SERVER_AUTHENTICATION_FAILED,
                                         "server-authentication-failed"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_CLIENT_AUTHENTICATION_FAILED,
                                         "client-authentication-failed"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_AUTHENTICATION_ERROR,
                                         "authentication-error"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_CHANNEL_WINDOW_ADJUST_FAILED,
                                         "channel-window-adjust-failed"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_CHANNEL_WAIT_FOR_WINDOW_ADJUST,
                                         "channel-wait-for-window-adjust"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_SESSION_RECONNECT_INIT_FAILED,
                                         "session-reconnect-init-failed"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_SERVER_SESSION_RECONNECT_FAILED,
                                         "server-session-reconnect-failed"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_CLIENT_SESSION_RECONNECT_FAILED,
                                         "client-session-reconnect-failed"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_SESSION_REQUEST_FAILED,
                                         "session-request-failed"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_CHANNEL_REQUEST_FAILED,
                                         "channel-request-failed"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_CHANNEL_CLOSE_FAILED,
                                         "channel-close-failed"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_SERVER_LISTEN_FAILED,
                                         "server-listen-failed"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_PORT_FORWARD_SERVER_LISTEN_FAILED,
                                         "port-forward-server-listen-failed"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_PORT_FORWARD_REQUEST_INVALID,
                                         "port-forward-request-invalid"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_PORT_FORWARD_CHANNEL_INVALID,
                                         "port-forward-channel-invalid"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_PORT_FORWARD_CHANNEL_OPEN_FAILED,
                                         "port-forward-channel-open-failed"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_PORT_FORWARD_CONNECTION_FAILED,
                                         "port-forward-connection-failed"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_TASK_CHAIN_ERROR, "task-chain-error"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_METRICS_ERROR, "metrics-error"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_KEEPALIVE_FAILED, "keepalive-failed"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_KEEPALIVE_REQUEST_RECEIVED,
                                         "keepalive-request-received"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_KEEPALIVE_RESPONSE_NOT_RECEIVED,
                                         "keepalive-response-not-received"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_PROTOCOL_VERSION, "protocol-version"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_SENDING_MESSAGE, "sending-message"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_RECEIVING_MESSAGE, "receiving-message"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_SENDING_CHANNEL_DATA,
                                         "sending-channel-data"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_RECEIVING_CHANNEL_DATA,
                                         "receiving-channel-data"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_SESSION_ENCRYPTED, "session-encrypted"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_SESSION_AUTHENTICATING,
                                         "session-authenticating"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_SESSION_AUTHENTICATED,
                                         "session-authenticated"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_SESSION_CLOSING, "session-closing"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_SESSION_CONNECTING,
                                         "session-connecting"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_CHANNEL_OPENED, "channel-opened"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_CHANNEL_OPEN_FAILED,
                                         "channel-open-failed"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_CHANNEL_EOF_RECEIVED,
                                         "channel-eof-received"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_CHANNEL_CLOSED, "channel-closed"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_SERVER_LISTENING, "server-listening"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_SERVER_CLIENT_CONNECTED,
                                         "server-client-connected"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_PORT_FORWARD_SERVER_LISTENING,
                                         "port-forward-server-listening"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_PORT_FORWARD_CONNECTION_ACCEPTED,
                                         "port-forward-connection-accepted"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_PORT_FORWARD_CHANNEL_OPENED,
                                         "port-forward-channel-opened"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_PORT_FORWARD_CHANNEL_CLOSED,
                                         "port-forward-channel-closed"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_PORT_FORWARD_CONNECTION_OPENED,
                                         "port-forward-connection-opened"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_PORT_FORWARD_CONNECTION_CLOSED,
                                         "port-forward-connection-closed"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_SESSION_DISCONNECTED,
                                         "session-disconnected"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_CLIENT_SESSION_RECONNECTING,
                                         "client-session-reconnecting"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_SERVER_SESSION_RECONNECTING,
                                         "server-session-reconnecting"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_CLIENT_SESSION_START_RECONNECTING,
                                         "client-session-start-reconnecting"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_ALGORITHM_NEGOTIATION,
                                         "algorithm-negotiation"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_TRACE_EVENT_DEBUG_MESSAGE, "debug-message"))

/**
 * devssh_trace_level_to_string:
 * @level: a level
 *
 * Names @level, for a log.
 *
 * Returns: `error`, `warning`, `info` or `verbose`
 *
 * Since: 1.0
 */
const char *
devssh_trace_level_to_string (DevSshTraceLevel level)
{
  switch (level)
    {
    case DEVSSH_TRACE_LEVEL_ERROR:
      return "error";
    case DEVSSH_TRACE_LEVEL_WARNING:
      return "warning";
    case DEVSSH_TRACE_LEVEL_INFO:
      return "info";
    case DEVSSH_TRACE_LEVEL_VERBOSE:
      return "verbose";
    default:
      g_return_val_if_reached ("unknown");
    }
}

struct _DevSshTracer
{
  gatomicrefcount ref_count;
  int             level;          /* highest kept; -1: nothing */
  gboolean        channel_data;
  GQueue          notes;          /* (element-type DevSshTraceNote) */
};

DevSshTracer *
devssh_tracer_new (void)
{
  DevSshTracer *self = g_new0 (DevSshTracer, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->level = -1;
  g_queue_init (&self->notes);

  return self;
}

DevSshTracer *
devssh_tracer_ref (DevSshTracer *self)
{
  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

void
devssh_tracer_unref (DevSshTracer *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_queue_clear_full (&self->notes, (GDestroyNotify) devssh_trace_note_free);
  g_free (self);
}

void
devssh_tracer_set_level (DevSshTracer *self,
                         int           level)
{
  self->level = level;
}

void
devssh_tracer_set_channel_data (DevSshTracer *self,
                                gboolean      enabled)
{
  self->channel_data = enabled;
}

gboolean
devssh_tracer_get_channel_data (DevSshTracer *self)
{
  return self != NULL && self->channel_data;
}

gboolean
devssh_tracer_wants (DevSshTracer     *self,
                     DevSshTraceLevel  level)
{
  return self != NULL && (int) level <= self->level;
}

/* T-57: whatever came into the text, it stays one line that moves no cursor. */
static char *
make_safe (char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *safe = NULL;
  const char *from = valid;

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (!devssh_trace_is_unsafe (c))
        continue;

      if (safe == NULL)
        safe = g_string_new (NULL);
      g_string_append_len (safe, from, p - from);
      g_string_append_printf (safe, "\\u%04x", c);
      from = g_utf8_next_char (p);
    }

  g_free (text);

  if (safe == NULL)
    return g_steal_pointer (&valid);

  g_string_append (safe, from);

  return g_string_free (safe, FALSE);
}

void
devssh_tracer_add (DevSshTracer     *self,
                   DevSshTraceLevel  level,
                   DevSshTraceEvent  event,
                   const char       *format,
                   ...)
{
  DevSshTraceNote *note;
  va_list args;

  if (!devssh_tracer_wants (self, level))
    return;

  note = g_new (DevSshTraceNote, 1);
  note->level = level;
  note->event = event;
  va_start (args, format);
  note->text = make_safe (g_strdup_vprintf (format, args));
  va_end (args);

  if (g_queue_get_length (&self->notes) == MAX_NOTES)
    devssh_trace_note_free (g_queue_pop_head (&self->notes));
  g_queue_push_tail (&self->notes, note);
}

DevSshTraceNote *
devssh_tracer_take (DevSshTracer *self)
{
  return self != NULL ? g_queue_pop_head (&self->notes) : NULL;
}

void
devssh_trace_note_free (DevSshTraceNote *note)
{
  if (note == NULL)
    return;

  g_free (note->text);
  g_free (note);
}
