/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The only file where the bytes of a session meet its GIOStream: reads, lets the engines work, delivers
 * what they say with no engine frame on the stack, and writes what came of it in one go (design D4, D12). */
#include <libdevssh/session/devssh-session-private.h>

/* Fairness: so many buffers are read or written for one session before the loop sees the others. */
#define READS_PER_TURN  4
#define WRITES_PER_TURN 4
/* What was sent before the end has one turn to leave. */
#define LAST_WRITES     64
/* An ended session waits so long for its last bytes to leave and for the peer to hang up. */
#define LINGER_TIME (500 * G_TIME_SPAN_MILLISECOND)

static void devssh_pump_turn (DevSshPump *self);

DevSshPump *
devssh_pump_new (DevSshSession *session,
                 DevSshContext *context,
                 GIOStream     *stream)
{
  DevSshPump *self = g_new0 (DevSshPump, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->session = session;
  self->context = devssh_context_ref (context);
  self->stream = g_object_ref (stream);
  return self;
}

DevSshPump *
devssh_pump_ref (DevSshPump *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
devssh_pump_unref (DevSshPump *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  devssh_deadline_clear (&self->deadline);
  g_clear_pointer (&self->watch, devssh_io_watch_free);
  g_clear_pointer (&self->connection, devssh_connection_free);
  g_clear_pointer (&self->transport, devssh_transport_free);
  g_clear_object (&self->stream);
  g_clear_error (&self->write_error);
  devssh_context_unref (self->context);
  g_free (self);
}

static void
devssh_pump_unref_cb (gpointer data)
{
  devssh_pump_unref (data);
}

/* Closes it, if it has not been lost or taken over before. */
static void
devssh_pump_drop_stream (DevSshPump *self)
{
  if (self->watch != NULL)
    g_clear_pointer (&self->watch, devssh_io_watch_free_and_close);
  else if (self->stream != NULL)
    g_io_stream_close_async (self->stream, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
  g_clear_object (&self->stream);
}

static void
devssh_pump_close_stream (DevSshPump *self)
{
  if (self->closed)
    return;

  self->closed = TRUE;
  devssh_deadline_clear (&self->deadline);
  devssh_pump_drop_stream (self);
  if (self->session != NULL)
    devssh_session_stream_closed (self->session);
}

static void
devssh_pump_lost (DevSshPump   *self,
                  const GError *cause)
{
  if (self->session == NULL || self->lingering)
    {
      devssh_pump_close_stream (self);
      return;
    }

  devssh_session_connection_lost (self->session, cause != NULL ? cause->message : "end of file");
}

static void
devssh_pump_seal_data (DevSshPump *self)
{
  DevSshOutgoing out;

  while (!self->lingering && self->connection != NULL
         && devssh_transport_can_send_data (self->transport)
         && devssh_connection_pull (self->connection, &out))
    {
      devssh_transport_send_data (self->transport, out.head, out.head_length, out.body, out.body_length, out.owner);
      devssh_connection_pulled (self->connection, &out);
    }
}

/* There is no connection: what windows let go is remembered for the next one (protocol.md 3.4). */
static void
devssh_pump_flush_lost (DevSshPump *self)
{
  do
    devssh_pump_seal_data (self);
  while (devssh_connection_run_done (self->connection));
  if (self->session != NULL)
    devssh_session_remembers (self->session);
}

/* Fills the output while data may go, writes it, and tells senders; until the socket is full, nothing is left, or others
 * must have a turn. */
static void
devssh_pump_flush (DevSshPump *self)
{
  if (devssh_transport_is_lost (self->transport))
    {
      devssh_pump_flush_lost (self);
      return;
    }

  while (self->watch != NULL && self->write_error == NULL && self->writes_left > 0)
    {
      g_autoptr(GError) error = NULL;
      const guint8 *output;
      gsize length;
      gssize written;

      devssh_pump_seal_data (self);
      output = devssh_transport_get_output (self->transport, &length);
      if (length == 0)
        {
          if (self->connection != NULL && devssh_connection_run_done (self->connection))
            continue;
          return;
        }

      self->writes_left--;
      written = devssh_io_watch_write (self->watch, output, length, &error);
      /* The other end of the stream may be in this thread, and whoever it told may have ended us. */
      if (self->watch == NULL || devssh_transport_is_lost (self->transport))
        return;
      if (written == DEVSSH_IO_WOULD_BLOCK)
        break;
      if (written < 0 && (self->session == NULL || self->lingering))
        {
          devssh_pump_close_stream (self);
          return;
        }
      if (written < 0)
        {
          self->write_error = g_steal_pointer (&error);
          break;
        }
      devssh_transport_sent (self->transport, (gsize) written);
      if ((gsize) written < length)
        break;
    }

  if (self->connection != NULL)
    devssh_connection_run_done (self->connection);
}

void
devssh_pump_flush_last (DevSshPump *self)
{
  self->writes_left = LAST_WRITES;
  devssh_pump_flush (self);
}

/* Nothing can be written any more. A peer that has gone may have said why, so what it sent is read before the connection
 * counts as lost. */
static void
devssh_pump_read_rest (DevSshPump *self)
{
  if (self->watch == NULL || self->lingering)
    return;

  if (self->n_rest_reads++ < READS_PER_TURN && devssh_transport_wants_input (self->transport))
    {
      gsize size;
      guint8 *space = devssh_transport_get_space (self->transport, &size);
      gssize n = devssh_io_watch_read (self->watch, space, size, NULL);

      if (n > 0)
        {
          devssh_transport_received (self->transport, (gsize) n);
          self->woken = TRUE;
          return;
        }
    }

  devssh_pump_lost (self, self->write_error);
}

/* One event, whoever has one: FALSE when all is quiet. */
static gboolean
devssh_pump_deliver_one (DevSshPump *self)
{
  DevSshSession *session = self->session;
  DevSshSessionPrivate *priv = devssh_session_get_private (session);
  DevSshConnectionEvent event = { 0 };
  DevSshTransportEvent message = { 0 };

  if (devssh_connection_next_event (self->connection, &event))
    {
      devssh_session_route_connection (session, &event);
      return TRUE;
    }
  if (priv->disconnect_error != NULL)
    {
      devssh_session_tell_disconnected (session);
      return TRUE;
    }
  if (priv->end == DEVSSH_SESSION_ENDING)
    {
      devssh_session_tell_end (session);
      return TRUE;
    }
  if (priv->end != DEVSSH_SESSION_ALIVE)
    return FALSE;

  priv->role->auth_resume (session);
  if (priv->end != DEVSSH_SESSION_ALIVE)
    return TRUE;

  /* A client may have sent its whole login behind NEWKEYS: the session is connected before anything of that is looked at. */
  if (!priv->connected && (priv->role->is_server || devssh_transport_is_no_security (self->transport)))
    {
      devssh_session_set_connected (session);
      if (priv->connected)
        return TRUE;
    }

  switch (devssh_transport_step (self->transport, devssh_context_get_time (self->context), &message))
    {
    case DEVSSH_TRANSPORT_NEED_INPUT:
    case DEVSSH_TRANSPORT_HELD:
    case DEVSSH_TRANSPORT_END:
      return FALSE;

    default:
      devssh_session_route_transport (session, &message);
      return TRUE;
    }
}

static void
devssh_pump_deadline_cb (DevSshDeadline *deadline)
{
  DevSshPump *self = (DevSshPump *) ((guint8 *) deadline - G_STRUCT_OFFSET (DevSshPump, deadline));

  if (self->lingering)
    {
      devssh_pump_ref (self);
      devssh_pump_close_stream (self);
      devssh_pump_unref (self);
    }
  else
    devssh_pump_turn (self);
}

/* What is waited for next: input, room for output, time. */
static void
devssh_pump_settle (DevSshPump *self)
{
  GIOCondition wanted = 0;
  gsize length;
  gint64 deadline;

  if (self->watch == NULL)
    return;

  devssh_transport_get_output (self->transport, &length);
  if (length > 0)
    wanted |= G_IO_OUT;
  if (self->lingering)
    {
      /* The last words are out: let the peer read them before the socket goes (a close with unread input is a reset). */
      if (length == 0 && !self->half_closed)
        {
          self->half_closed = TRUE;
          devssh_io_watch_shutdown_write (self->watch);
        }
      devssh_io_watch_set_wanted (self->watch, wanted | G_IO_IN);
      return;
    }

  if (devssh_transport_wants_input (self->transport))
    wanted |= G_IO_IN;
  devssh_io_watch_set_wanted (self->watch, wanted);

  devssh_transport_trim (self->transport);
  deadline = devssh_transport_get_deadline (self->transport);
  if (deadline == 0)
    devssh_deadline_clear (&self->deadline);
  else
    devssh_deadline_set (&self->deadline, self->context, deadline, devssh_pump_deadline_cb);
}

static void
devssh_pump_woken_cb (gpointer data)
{
  DevSshPump *self = data;

  self->deferred = FALSE;
  /* The turn that ran when we were woken may have done it all. */
  if (self->woken)
    devssh_pump_turn (self);
}

static void
devssh_pump_defer (DevSshPump *self)
{
  if (self->deferred)
    return;

  self->deferred = TRUE;
  devssh_context_defer (self->context, devssh_pump_woken_cb, devssh_pump_ref (self), devssh_pump_unref_cb);
}

/* The loop is run though our turn is not over: a handler may wait in it for what it asked for, or for what has been read already. */
static void
devssh_pump_nested_cb (DevSshProbe *probe)
{
  DevSshPump *self = (DevSshPump *) ((guint8 *) probe - G_STRUCT_OFFSET (DevSshPump, nested));

  devssh_probe_clear (probe);
  self->woken = TRUE;
  devssh_pump_defer (self);
}

static void
devssh_pump_watch_nested (DevSshPump *self)
{
  if (self->nested.context == NULL)
    devssh_probe_set (&self->nested, self->context, devssh_pump_nested_cb);
}

/* Works until nothing is left to deliver, then writes. Handlers may close, drop or nest: everything is looked at anew. */
static void
devssh_pump_turn (DevSshPump *self)
{
  g_autoptr(DevSshSession) session = NULL;
  DevSshSessionMetrics *metrics = NULL;

  devssh_pump_ref (self);
  self->turns++;
  if (self->session != NULL)
    {
      session = g_object_ref (self->session);
      metrics = devssh_session_get_private (session)->metrics;
    }

  devssh_pump_watch_nested (self);
  self->woken = FALSE;
  self->writes_left = WRITES_PER_TURN;
  do
    {
      while (self->session != NULL && devssh_pump_deliver_one (self))
        {
          devssh_session_emit_trace (session);
          devssh_metrics_deliver (metrics);
        }
      devssh_connection_run_flushes (self->connection);
      /* All that handlers asked for so far goes out now; what is asked from here on takes another round. */
      self->woken = FALSE;
      if (self->session != NULL)
        devssh_session_set_connected (self->session);
      /* A login begun in that callback leaves together with NEWKEYS (design D4). */
      if (!self->woken)
        devssh_pump_flush (self);
      if (self->write_error != NULL)
        devssh_pump_read_rest (self);
    }
  while (self->woken && self->session != NULL);

  if (session != NULL)
    {
      devssh_session_emit_trace (session);
      devssh_session_emit_metrics (session);
    }
  devssh_pump_settle (self);
  devssh_probe_clear (&self->nested);
  self->turns--;
  if (self->woken || self->writes_left == 0)
    devssh_pump_wake (self);
  /* The last reference may go here, and with it the session. */
  g_clear_object (&session);
  devssh_pump_unref (self);
}

/* An ended session's peer may still talk: its bytes are read and forgotten until it hangs up. */
static void
devssh_pump_discard (DevSshPump *self)
{
  guint8 scrap[16384];
  gssize n;

  for (int i = 0; i < READS_PER_TURN; i++)
    {
      g_autoptr(GError) error = NULL;

      n = devssh_io_watch_read (self->watch, scrap, sizeof scrap, &error);
      if (n == DEVSSH_IO_WOULD_BLOCK)
        return;
      if (n <= 0)
        {
          devssh_pump_close_stream (self);
          return;
        }
    }
}

static void
devssh_pump_read (DevSshPump *self)
{
  for (int i = 0; i < READS_PER_TURN; i++)
    {
      g_autoptr(GError) error = NULL;
      guint8 *space;
      gsize size;
      gssize n;

      if (self->watch == NULL || self->lingering || !devssh_transport_wants_input (self->transport))
        return;

      space = devssh_transport_get_space (self->transport, &size);
      n = devssh_io_watch_read (self->watch, space, size, &error);
      if (n == DEVSSH_IO_WOULD_BLOCK)
        {
          devssh_transport_trim (self->transport);
          return;
        }
      if (n <= 0)
        {
          devssh_pump_lost (self, error);
          devssh_pump_turn (self);
          return;
        }
      devssh_transport_received (self->transport, (gsize) n);
      devssh_pump_turn (self);
      /* A short read has emptied the socket; epoll tells of more. */
      if ((gsize) n < size)
        return;
    }
}

static void
devssh_pump_ready_cb (DevSshIoWatch *watch,
                      GIOCondition   condition,
                      gpointer       user_data)
{
  DevSshPump *self = user_data;
  g_autoptr(DevSshSession) session = NULL;

  devssh_pump_ref (self);
  if (self->session != NULL)
    session = g_object_ref (self->session);

  /* In a nested loop: what the outer turn has decoded and not delivered yet lies where we read into. */
  if (self->turns > 0)
    devssh_pump_turn (self);
  if (self->lingering)
    {
      devssh_pump_flush_last (self);
      if (self->watch != NULL)
        devssh_pump_discard (self);
      devssh_pump_settle (self);
    }
  else
    {
      if ((condition & G_IO_OUT) != 0)
        devssh_pump_turn (self);
      if (self->watch != NULL && !self->lingering && (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR)) != 0)
        devssh_pump_read (self);
    }

  g_clear_object (&session);
  devssh_pump_unref (self);
}

void
devssh_pump_start (DevSshPump *self)
{
  self->watch = devssh_io_watch_new (self->context, self->stream, devssh_pump_ready_cb, self);
  devssh_transport_start (self->transport, devssh_context_get_time (self->context));
  devssh_pump_wake (self);
}

void
devssh_pump_lose (DevSshPump *self)
{
  devssh_connection_keep_input (self->connection);
  devssh_transport_lose (self->transport);
  devssh_deadline_clear (&self->deadline);
  devssh_pump_drop_stream (self);
  g_clear_error (&self->write_error);
  self->n_rest_reads = 0;
  devssh_pump_wake (self);
}

DevSshTransport *
devssh_pump_detach (DevSshPump     *self,
                    GIOStream     **stream,
                    DevSshIoWatch **watch)
{
  DevSshTransport *transport = self->transport;
  DevSshTransportConfig *config = devssh_transport_config_new (TRUE, devssh_context_get_buffer_pool (self->context));

  devssh_connection_keep_input (self->connection);
  devssh_deadline_clear (&self->deadline);
  devssh_io_watch_set_wanted (self->watch, 0);
  *stream = g_steal_pointer (&self->stream);
  *watch = g_steal_pointer (&self->watch);
  /* Whoever asks it something gets an answer. */
  self->transport = devssh_transport_new (config);
  devssh_transport_lose (self->transport);
  devssh_connection_set_outbox (self->connection, devssh_transport_get_outbox (self->transport));
  return transport;
}

static void
devssh_pump_nothing_cb (gpointer data)
{
}

void
devssh_pump_attach (DevSshPump      *self,
                    GIOStream       *stream,
                    DevSshIoWatch   *watch,
                    DevSshTransport *transport)
{
  g_assert (self->watch == NULL && self->stream == NULL);

  self->stream = stream;
  self->watch = watch;
  if (watch == NULL)
    self->watch = devssh_io_watch_new (self->context, stream, devssh_pump_ready_cb, self);
  else
    devssh_io_watch_set_ready (watch, devssh_pump_ready_cb, self);
  /* Keys are taken apart when there is nothing more urgent. */
  devssh_context_defer (self->context, devssh_pump_nothing_cb, self->transport, (GDestroyNotify) devssh_transport_free);
  self->transport = transport;
  devssh_connection_set_outbox (self->connection, devssh_transport_get_outbox (transport));
  devssh_pump_wake (self);
}

void
devssh_pump_wake (gpointer data)
{
  DevSshPump *self = data;

  self->woken = TRUE;
  /* The turn that runs will see it; another one from the loop would be a poll for nothing, for every message sent in a handler. */
  if (self->turns == 0)
    devssh_pump_defer (self);
  else
    devssh_pump_watch_nested (self);
}

void
devssh_pump_run (DevSshPump *self)
{
  if (self->turns == 0)
    devssh_pump_turn (self);
}

void
devssh_pump_finish (DevSshPump   *self,
                    DevSshEndKind kind)
{
  gsize length;

  if (self->lingering)
    return;
  self->lingering = TRUE;

  if (self->watch == NULL || self->write_error != NULL || kind == DEVSSH_END_LOST)
    {
      devssh_pump_close_stream (self);
      return;
    }

  devssh_pump_flush_last (self);
  devssh_transport_get_output (self->transport, &length);
  if (kind == DEVSSH_END_FATAL && length > 0)
    {
      /* Whoever broke the rules and does not read is not waited for. */
      devssh_pump_close_stream (self);
      return;
    }
  if (self->watch != NULL)
    devssh_deadline_set (&self->deadline, self->context, devssh_context_get_time (self->context) + LINGER_TIME, devssh_pump_deadline_cb);
  devssh_pump_settle (self);
}

void
devssh_pump_abandon (DevSshPump *self)
{
  DevSshConnectionEvent event = { 0 };
  gboolean was_lingering = self->lingering;

  devssh_pump_ref (self);
  if (!was_lingering)
    devssh_pump_flush_last (self);
  self->session = NULL;
  self->lingering = TRUE;
  if (self->watch != NULL)
    {
      if (!was_lingering)
        devssh_transport_disconnect (self->transport, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "");
      devssh_pump_flush_last (self);
    }
  if (!was_lingering)
    {
      g_autoptr(GError) gone = g_error_new_literal (DEVSSH_ERROR, DEVSSH_ERROR_CLOSED, "The session was dropped");

      devssh_connection_abort (self->connection, gone);
    }
  while (devssh_connection_next_event (self->connection, &event))
    devssh_connection_deliver (self->connection, &event);
  devssh_connection_run_done (self->connection);
  devssh_pump_close_stream (self);
  devssh_pump_unref (self);
}
