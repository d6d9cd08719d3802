/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The machine: takes bytes, opens one packet at a time, asks the gate, and says what happened. */
#include <libdevssh/transport/devssh-transport-state-private.h>

#include <string.h>

/* What one look at the input came to. */
typedef enum
{
  DECODE_AGAIN,        /* something was done that nobody needs to know of */
  DECODE_EVENT,
  DECODE_NEED_INPUT,
  DECODE_HELD
} Decoded;

/* ---- life ---- */

DevSshTransport *
devssh_transport_new (DevSshTransportConfig *config)
{
  DevSshTransport *self;

  g_return_val_if_fail (config != NULL && config->pool != NULL, NULL);

  self = g_new0 (DevSshTransport, 1);
  self->config = config;
  /* Any packet must fit into a receive buffer, with its length field and the longest MAC. */
  config->max_packet = MIN (config->max_packet, DEVSSH_BUFFER_SIZE - 4 - DEVSSH_HASH_MAX_SIZE);
  config->max_packet_clear = MIN (config->max_packet_clear, config->max_packet);
  self->holding = TRUE;   /* nothing goes out before the version line */
  self->version_exchange.is_server = config->is_server;
  self->version_exchange.accept_1_99 = config->accept_1_99;
  devssh_packet_reader_init (&self->in, config->pool);
  self->out.pool = config->pool;
  devssh_transport_outbox_init (self);
  devssh_reconnect_init (self);
  devssh_key_exchange_init_budget (self);

  return self;
}

void
devssh_transport_free (DevSshTransport *self)
{
  if (self == NULL)
    return;

  g_clear_pointer (&self->kex, devssh_key_exchange_free);
  devssh_transport_drop_held (self);
  devssh_reconnect_clear (self);
  devssh_packet_reader_clear (&self->in);
  devssh_packet_writer_clear (&self->out);
  g_clear_pointer (&self->remote_version, devssh_version_unref);
  devssh_secret_free (self->session_id);
  g_clear_object (&self->host_key);
  g_clear_pointer (&self->token_macs[0], devssh_mac_free);
  g_clear_pointer (&self->token_macs[1], devssh_mac_free);
  g_clear_pointer (&self->peer_extensions, g_hash_table_unref);
  g_clear_pointer (&self->services, g_ptr_array_unref);
  g_free (self->event_text);
  devssh_transport_config_free (self->config);
  g_free (self);
}

static void
count_sent (DevSshTransport *self,
            gsize            length)
{
  if (self->config->metrics != NULL)
    devssh_metrics_count_sent (self->config->metrics, length);
}

static void
count_received (DevSshTransport *self,
                gsize            length)
{
  self->received_at = self->now;
  if (self->config->metrics != NULL)
    devssh_metrics_count_received (self->config->metrics, length);
}

void
devssh_transport_start (DevSshTransport *self,
                        gint64           now)
{
  g_autoptr(DevSshVersion) version = devssh_version_get_local ();
  g_autofree char *line = g_strconcat (devssh_version_to_string (version), "\r\n", NULL);

  g_return_if_fail (self != NULL && !self->started);

  self->started = TRUE;
  self->now = now;
  devssh_packet_writer_append (&self->out, (const guint8 *) line, strlen (line));
  count_sent (self, strlen (line));

  /* RFC 4253, 4.2 lets both ends send at once, and nobody waits for the peer's line. */
  if (devssh_negotiation_is_none_only (self->config))
    devssh_key_exchange_send_none (self);
  else
    devssh_key_exchange_begin (self, now);
}

/* ---- events ---- */

void
devssh_transport_queue_event (DevSshTransport          *self,
                              DevSshTransportEventType  type,
                              gboolean                  flag)
{
  DevSshQueuedEvent *event;

  g_return_if_fail (self->n_events < DEVSSH_TRANSPORT_MAX_EVENTS);

  event = &self->events[(self->first_event + self->n_events) % DEVSSH_TRANSPORT_MAX_EVENTS];
  event->type = type;
  event->flag = flag;
  self->n_events++;
}

static gboolean
take_event (DevSshTransport      *self,
            DevSshTransportEvent *event)
{
  const DevSshQueuedEvent *queued = &self->events[self->first_event];

  if (self->n_events == 0)
    return FALSE;

  event->type = queued->type;
  event->flag = queued->flag;
  if (event->type == DEVSSH_TRANSPORT_HOST_KEY || event->type == DEVSSH_TRANSPORT_NEED_HOST_KEY)
    event->host_key = self->host_key;

  self->first_event = (self->first_event + 1) % DEVSSH_TRANSPORT_MAX_EVENTS;
  self->n_events--;

  return TRUE;
}

/* text: transfer full */
static void
set_text (DevSshTransport      *self,
          DevSshTransportEvent *event,
          char                 *text)
{
  g_free (self->event_text);
  self->event_text = text;
  event->text = text;
}

static void
set_text_for_people (DevSshTransport      *self,
                     DevSshTransportEvent *event,
                     DevSshSlice           text)
{
  set_text (self, event, devssh_text_for_people (text.data, text.length));
}

/* ---- what the transport handles itself: 1 to 7 ---- */

static Decoded
malformed (DevSshTransport *self,
           const char      *text)
{
  devssh_transport_fail (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, text);

  return DECODE_AGAIN;
}

static Decoded
handle_disconnect (DevSshTransport      *self,
                   const DevSshPacket   *packet,
                   DevSshTransportEvent *event)
{
  g_auto(DevSshDisconnectMessage) message = { 0 };

  if (!devssh_disconnect_message_decode (&message, packet->payload, packet->length, NULL))
    return malformed (self, "Malformed DISCONNECT");

  /* RFC 4253, 11.1: "MUST NOT send or receive any data after" it. A connection that counts as lost may be followed by another one
   * (protocol.md 3.4). */
  if (message.reason == DEVSSH_DISCONNECT_REASON_CONNECTION_LOST && devssh_transport_can_resume (self))
    {
      self->reconnect.stopped = TRUE;
    }
  else
    {
      self->ended = TRUE;
      devssh_transport_drop_held (self);
    }
  event->type = DEVSSH_TRANSPORT_DISCONNECTED;
  event->reason = message.reason;
  set_text_for_people (self, event, message.description);

  return DECODE_EVENT;
}

static Decoded
handle_unimplemented (DevSshTransport      *self,
                      const DevSshPacket   *packet,
                      DevSshTransportEvent *event)
{
  g_auto(DevSshUnimplementedMessage) message = { 0 };

  if (!devssh_unimplemented_message_decode (&message, packet->payload, packet->length, NULL))
    return malformed (self, "Malformed UNIMPLEMENTED");

  event->type = DEVSSH_TRANSPORT_UNIMPLEMENTED;
  event->sequence = message.sequence;

  return DECODE_EVENT;
}

static Decoded
handle_debug (DevSshTransport      *self,
              const DevSshPacket   *packet,
              DevSshTransportEvent *event)
{
  g_auto(DevSshDebugMessage) message = { 0 };

  if (!devssh_debug_message_decode (&message, packet->payload, packet->length, NULL))
    return malformed (self, "Malformed DEBUG");

  event->type = DEVSSH_TRANSPORT_DEBUG;
  event->flag = message.always_display;
  set_text_for_people (self, event, message.message);

  if (message.always_display)
    DEVSSH_TRACE (self->config->tracer, INFO, DEBUG_MESSAGE, "%s", event->text);
  else
    DEVSSH_TRACE (self->config->tracer, VERBOSE, DEBUG_MESSAGE, "%s", event->text);

  return DECODE_EVENT;
}

static Decoded
handle_service_request (DevSshTransport      *self,
                        const DevSshPacket   *packet,
                        DevSshTransportEvent *event)
{
  g_auto(DevSshServiceRequestMessage) message = { NULL };

  if (!devssh_service_request_message_decode (&message, packet->payload, packet->length, NULL))
    return malformed (self, "Malformed SERVICE_REQUEST");

  event->type = DEVSSH_TRANSPORT_SERVICE_REQUEST;
  set_text (self, event, g_steal_pointer (&message.service));

  return DECODE_EVENT;
}

static Decoded
handle_service_accept (DevSshTransport      *self,
                       const DevSshPacket   *packet,
                       DevSshTransportEvent *event)
{
  g_auto(DevSshServiceAcceptMessage) message = { NULL };
  guint index;

  if (!devssh_service_accept_message_decode (&message, packet->payload, packet->length, NULL))
    return malformed (self, "Malformed SERVICE_ACCEPT");

  if (self->services == NULL ||
      !g_ptr_array_find_with_equal_func (self->services, message.service, g_str_equal, &index))
    return malformed (self, "SERVICE_ACCEPT for no request");

  g_ptr_array_remove_index (self->services, index);
  if (self->services->len == 0)
    g_clear_pointer (&self->services, g_ptr_array_unref);
  event->type = DEVSSH_TRANSPORT_SERVICE_ACCEPT;
  set_text (self, event, g_steal_pointer (&message.service));

  return DECODE_EVENT;
}

static Decoded
handle_own (DevSshTransport      *self,
            const DevSshPacket   *packet,
            gboolean              behind_newkeys,
            DevSshTransportEvent *event)
{
  switch (packet->payload[0])
    {
    case DEVSSH_MESSAGE_DISCONNECT:
      return handle_disconnect (self, packet, event);
    case DEVSSH_MESSAGE_UNIMPLEMENTED:
      return handle_unimplemented (self, packet, event);
    case DEVSSH_MESSAGE_DEBUG:
      return handle_debug (self, packet, event);
    case DEVSSH_MESSAGE_SERVICE_REQUEST:
      return handle_service_request (self, packet, event);
    case DEVSSH_MESSAGE_SERVICE_ACCEPT:
      return handle_service_accept (self, packet, event);
    case DEVSSH_MESSAGE_EXT_INFO:
      if (!devssh_ext_info_handle (self, packet->payload, packet->length, behind_newkeys))
        return DECODE_AGAIN;
      devssh_reconnect_negotiate (self);
      event->type = DEVSSH_TRANSPORT_EXT_INFO;
      return DECODE_EVENT;
    default:
      devssh_key_exchange_handle (self, packet->payload, packet->length);
      return DECODE_AGAIN;
    }
}

/* ---- decoding ---- */

static Decoded
decode_version (DevSshTransport *self)
{
  DevSshVersionExchange *exchange = &self->version_exchange;
  DevSshVersionLineStatus status;
  gsize available = devssh_packet_reader_get_available (&self->in);
  gsize used = 0, before = exchange->bytes;

  /* Without an exchange there is no security, so one must have had its chance to begin. */
  if (available == 0 || !self->started)
    return DECODE_NEED_INPUT;

  status = devssh_version_exchange_read (exchange, self->in.buffer->data + self->in.start,
                                         available, &used);
  devssh_packet_reader_skip (&self->in, used);

  if (status == DEVSSH_VERSION_LINE_INCOMPLETE)
    return DECODE_NEED_INPUT;

  if (status == DEVSSH_VERSION_LINE_REFUSED)
    {
      devssh_transport_fail (self, exchange->reason, exchange->text);
      return DECODE_AGAIN;
    }

  self->remote_version = g_steal_pointer (&exchange->version);
  count_received (self, used - (exchange->bytes - before));
  DEVSSH_TRACE (self->config->tracer, INFO, PROTOCOL_VERSION, "Peer is %s",
                devssh_version_to_string (self->remote_version));

  devssh_transport_queue_event (self, DEVSSH_TRANSPORT_VERSION, FALSE);
  if (self->kex != NULL)
    devssh_transport_queue_event (self, DEVSSH_TRANSPORT_KEX_STARTED, FALSE);
  else
    devssh_key_exchange_settle_none (self);

  return DECODE_AGAIN;
}

/* T-32: what EXT_INFO in the middle of a login promises must come. */
static gboolean
check_order (DevSshTransport *self,
             guint8           number)
{
  if (!self->success_due)
    return TRUE;

  self->success_due = FALSE;
  if (number == DEVSSH_MESSAGE_USERAUTH_SUCCESS)
    return TRUE;

  devssh_transport_fail (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "EXT_INFO out of place");

  return FALSE;
}

static Decoded
deliver (DevSshTransport          *self,
         const DevSshPacket       *packet,
         DevSshTransportEventType  type,
         DevSshAction              action,
         DevSshTransportEvent     *event)
{
  event->type = type;
  event->action = action;
  event->payload = packet->payload;
  event->length = packet->length;
  event->sequence = packet->sequence;
  event->buffer = self->in.buffer;

  return DECODE_EVENT;
}

static Decoded
dispatch (DevSshTransport      *self,
          const DevSshPacket   *packet,
          DevSshTransportEvent *event)
{
  guint8 number = packet->payload[0];
  gboolean behind_newkeys = self->ext_info_due;
  DevSshAction action;

  self->ext_info_due = FALSE;

  /* RFC 4253, 7: a wrong guess "MUST be silently ignored", whatever it was for. */
  if (self->drop_guess && number >= 30 && number <= 49)
    {
      self->drop_guess = FALSE;
      return DECODE_AGAIN;
    }

  action = devssh_message_table_lookup (self->config->is_server, self->phase, self->kex_state,
                                        self->strict && self->phase == DEVSSH_PHASE_CLEAR, number);
  if (!check_order (self, number))
    return DECODE_AGAIN;

  if (self->reconnect.offered && number >= DEVSSH_MESSAGE_GLOBAL_REQUEST && number <= DEVSSH_MESSAGE_REQUEST_FAILURE)
    {
      DevSshTransportEventType own;

      if (devssh_reconnect_handle (self, packet, &own))
        return own == DEVSSH_TRANSPORT_NEED_INPUT ? DECODE_AGAIN : deliver (self, packet, own, action, event);
    }

  switch (action)
    {
    case DEVSSH_ACTION_TRANSPORT:
      return handle_own (self, packet, behind_newkeys, event);

    case DEVSSH_ACTION_AUTH:
    case DEVSSH_ACTION_CONNECTION:
    case DEVSSH_ACTION_EARLY:
    case DEVSSH_ACTION_UNKNOWN:
      return deliver (self, packet, DEVSSH_TRANSPORT_MESSAGE, action, event);

    case DEVSSH_ACTION_IGNORE:
      return DECODE_AGAIN;

    case DEVSSH_ACTION_EARLY_ADJUST:
      if (devssh_reconnect_keep_adjust (self, packet))
        return DECODE_AGAIN;
      return malformed (self, "Message not allowed now");

    case DEVSSH_ACTION_FATAL:
    default:
      return malformed (self, "Message not allowed now");
    }
}

/* Between two steps only what is parked is open. */
static gboolean
is_parking (const DevSshTransport *self)
{
  return self->in.opened;
}

/* What is parked may be hiding the peer's answer, and that is our own doing: the clock of an
 * exchange stood still meanwhile. */
static void
stop_parking (DevSshTransport *self)
{
  DevSshKeyExchange *kex = self->kex;

  if (kex != NULL && kex->deadline != 0)
    kex->deadline += self->now - MAX (self->parked_at, kex->deadline - self->config->kex_timeout);
}

static Decoded
decode_packet (DevSshTransport      *self,
               DevSshTransportEvent *event)
{
  guint32 limit = self->phase == DEVSSH_PHASE_CLEAR ? self->config->max_packet_clear
                                                    : self->config->max_packet;
  gboolean was_parked = is_parking (self);
  DevSshPacket packet;
  Decoded decoded;

  switch (devssh_packet_reader_open (&self->in, limit, &packet))
    {
    case DEVSSH_PACKET_OPENED:
      break;
    case DEVSSH_PACKET_REFUSED:
      devssh_transport_fail (self, self->in.reason, self->in.text);
      return DECODE_AGAIN;
    case DEVSSH_PACKET_INCOMPLETE:
    default:
      return DECODE_NEED_INPUT;
    }

  /* Parked where it lies, and nothing behind it is decoded. */
  if (self->hold && packet.payload[0] >= DEVSSH_MESSAGE_USERAUTH_REQUEST)
    {
      if (!was_parked)
        self->parked_at = self->now;
      return DECODE_HELD;
    }
  if (was_parked)
    stop_parking (self);
  if ((self->reconnect.incoming || self->reconnect.proof != 0) && !devssh_reconnect_received (self, &packet))
    return DECODE_AGAIN;

  devssh_packet_reader_consume (&self->in);
  count_received (self, packet.wire_size);
  if (devssh_tracer_wants (self->config->tracer, DEVSSH_TRACE_LEVEL_VERBOSE))
    devssh_transport_trace_received (self, &packet);

  decoded = dispatch (self, &packet, event);
  devssh_key_exchange_check_limits (self);

  return decoded;
}

/* What was kept until the phase was open goes first. */
static gboolean
take_early_adjust (DevSshTransport      *self,
                   DevSshTransportEvent *event)
{
  DevSshReconnectState *state = &self->reconnect;

  if (state->early_taken == state->n_early || self->phase != DEVSSH_PHASE_OPEN)
    return FALSE;

  event->type = DEVSSH_TRANSPORT_MESSAGE;
  event->action = DEVSSH_ACTION_CONNECTION;
  event->payload = state->early + state->early_taken++ * DEVSSH_ADJUST_SIZE;
  event->length = DEVSSH_ADJUST_SIZE;
  return TRUE;
}

static void
check_deadline (DevSshTransport *self)
{
  DevSshKeyExchange *kex = self->kex;

  if (kex == NULL || self->config->kex_timeout <= 0 || devssh_transport_is_over (self))
    return;

  if (kex->deadline == 0)
    kex->deadline = self->now + self->config->kex_timeout;

  if (self->now >= kex->deadline && !is_parking (self))
    devssh_transport_fail (self, DEVSSH_DISCONNECT_REASON_KEY_EXCHANGE_FAILED,
                           "Key exchange took too long");
}

DevSshTransportEventType
devssh_transport_step (DevSshTransport      *self,
                       gint64                now,
                       DevSshTransportEvent *event)
{
  g_return_val_if_fail (self != NULL && event != NULL, DEVSSH_TRANSPORT_END);

  memset (event, 0, sizeof *event);
  self->now = now;
  check_deadline (self);

  for (;;)
    {
      if (self->out.broken)
        devssh_transport_fail (self, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "Out of memory");

      if (self->failing)
        {
          self->failing = FALSE;
          self->ended = TRUE;
          event->type = DEVSSH_TRANSPORT_FAILED;
          event->reason = self->end_reason;
          event->text = self->end_text;
          return event->type;
        }

      if (self->ended)
        {
          g_clear_pointer (&self->kex, devssh_key_exchange_free);
          return event->type = DEVSSH_TRANSPORT_END;
        }

      if (take_event (self, event))
        return event->type;

      if (self->reconnect.lost || self->reconnect.stopped)
        return event->type = DEVSSH_TRANSPORT_NEED_INPUT;
      if (take_early_adjust (self, event))
        return event->type;

      switch (self->remote_version == NULL ? decode_version (self) : decode_packet (self, event))
        {
        case DECODE_EVENT:
          /* The message was good, and what it led to is told next. */
          return event->type;
        case DECODE_NEED_INPUT:
          return event->type = DEVSSH_TRANSPORT_NEED_INPUT;
        case DECODE_HELD:
          return event->type = DEVSSH_TRANSPORT_HELD;
        case DECODE_AGAIN:
        default:
          break;
        }
    }
}

void
devssh_transport_hold (DevSshTransport *self,
                       gboolean         hold)
{
  g_return_if_fail (self != NULL);

  self->hold = hold;
}

/* ---- input ---- */

guint8 *
devssh_transport_get_space (DevSshTransport *self,
                            gsize           *size)
{
  g_return_val_if_fail (self != NULL && size != NULL, NULL);

  if (devssh_transport_is_over (self))
    {
      *size = 0;
      return NULL;
    }

  return devssh_packet_reader_get_space (&self->in, size);
}

void
devssh_transport_received (DevSshTransport *self,
                           gsize            length)
{
  g_return_if_fail (self != NULL);

  if (devssh_transport_is_over (self))
    return;

  if (self->reconnect.offered)
    self->reconnect.received_at = self->config->get_time != NULL ? self->config->get_time (self->config->clock) : self->now;
  devssh_packet_reader_received (&self->in, length);
}

gboolean
devssh_transport_wants_input (DevSshTransport *self)
{
  gsize control;

  g_return_val_if_fail (self != NULL, FALSE);

  if (devssh_transport_is_over (self) || self->reconnect.lost || self->reconnect.stopped)
    return FALSE;

  /* T-47: above the bound reading stops; it resumes below half. Data does not count. */
  control = MIN (self->out_control, devssh_packet_writer_get_waiting (&self->out));
  if (control > self->config->max_output)
    self->choked = TRUE;
  else if (control <= self->config->max_output / 2)
    self->choked = FALSE;

  /* T-44; and behind a parked message there is only so much room. */
  return !self->choked &&
         self->held.length - self->held.again <= self->config->max_held &&
         !(self->hold && devssh_packet_reader_get_available (&self->in) > DEVSSH_BUFFER_SIZE / 2);
}

void
devssh_transport_trim (DevSshTransport *self)
{
  g_return_if_fail (self != NULL);

  devssh_packet_reader_trim (&self->in);
  devssh_packet_writer_trim (&self->out);
}

/* ---- output ---- */

void
devssh_transport_seal_packet (DevSshTransport *self,
                              const guint8    *head,
                              gsize            head_length,
                              const guint8    *body,
                              gsize            body_length,
                              GBytes          *owner)
{
  guint8 trailer[DEVSSH_TRAILER_MAX_SIZE];
  gsize trailer_length = 0, size;

  if (devssh_tracer_wants (self->config->tracer, DEVSSH_TRACE_LEVEL_VERBOSE))
    devssh_transport_trace_sent (self, head, head_length, body, body_length);

  if (self->reconnect.offered)
    trailer_length = devssh_reconnect_sending (self, head, head_length, body, body_length, owner, trailer);
  if (self->reconnect.lost)
    {
      self->out.messages++;
      return;
    }

  size = devssh_packet_writer_seal (&self->out, head, head_length, body, body_length, trailer, trailer_length);
  if (size > 0)
    count_sent (self, size);
}

void
devssh_transport_seal (DevSshTransport *self,
                       const guint8    *head,
                       gsize            head_length,
                       const guint8    *body,
                       gsize            body_length,
                       GBytes          *owner)
{
  /* Whoever is in the middle of something when all ends need not notice: nothing follows the
   * DISCONNECT. */
  if (devssh_transport_is_over (self))
    return;

  devssh_transport_seal_packet (self, head, head_length, body, body_length, owner);
  if (!self->reconnect.lost)
    devssh_key_exchange_check_limits (self);
}

gboolean
devssh_transport_can_send_data (DevSshTransport *self)
{
  gsize limit;

  g_return_val_if_fail (self != NULL, FALSE);

  /* What the socket did not take is moved to make room, so more is sealed only when half of it has left. */
  limit = self->out.start > 0 ? DEVSSH_TRANSPORT_DATA_LIMIT / 2 : DEVSSH_TRANSPORT_DATA_LIMIT;

  if (self->reconnect.lost)
    return self->phase == DEVSSH_PHASE_OPEN && self->reconnect.cache != NULL && !devssh_transport_is_over (self) &&
           devssh_message_cache_get_data (self->reconnect.cache) < self->config->max_cached_data / 2;

  return self->phase == DEVSSH_PHASE_OPEN && !self->holding && !devssh_transport_is_over (self) &&
         !devssh_reconnect_is_barred (self) && devssh_packet_writer_get_waiting (&self->out) < limit;
}

void
devssh_transport_send_data (DevSshTransport *self,
                            const guint8    *head,
                            gsize            head_length,
                            const guint8    *body,
                            gsize            body_length,
                            GBytes          *owner)
{
  g_return_if_fail (self != NULL && head != NULL && head_length > 0);
  g_return_if_fail (devssh_transport_can_send_data (self));

  devssh_transport_seal (self, head, head_length, body, body_length, owner);
}

const guint8 *
devssh_transport_get_output (DevSshTransport *self,
                             gsize           *length)
{
  g_return_val_if_fail (self != NULL && length != NULL, NULL);

  *length = devssh_packet_writer_get_waiting (&self->out);

  return *length > 0 ? self->out.data + self->out.start : NULL;
}

void
devssh_transport_sent (DevSshTransport *self,
                       gsize            length)
{
  g_return_if_fail (self != NULL);

  devssh_packet_writer_sent (&self->out, length);
  self->out_control = MIN (self->out_control, devssh_packet_writer_get_waiting (&self->out));
}

/* ---- steering ---- */

void
devssh_transport_set_phase (DevSshTransport *self,
                            DevSshPhase      phase)
{
  g_return_if_fail (self != NULL);

  self->phase = phase;
  /* Whoever has said nothing of what it can by now never will (protocol.md 3.3). */
  if (phase == DEVSSH_PHASE_OPEN)
    devssh_reconnect_negotiate (self);
}

DevSshPhase
devssh_transport_get_phase (DevSshTransport *self)
{
  g_return_val_if_fail (self != NULL, DEVSSH_PHASE_CLEAR);

  return self->phase;
}

gboolean
devssh_transport_rekey (DevSshTransport *self,
                        gint64           now)
{
  g_return_val_if_fail (self != NULL, FALSE);

  if (self->kex != NULL || !self->encrypted || devssh_transport_is_over (self) ||
      self->reconnect.lost || devssh_reconnect_is_barred (self))
    return FALSE;

  self->now = now;
  devssh_key_exchange_begin (self, now);

  return TRUE;
}

gboolean
devssh_transport_in_kex (DevSshTransport *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->kex != NULL && !devssh_transport_is_over (self);
}

void
devssh_transport_send_service_request (DevSshTransport *self,
                                       const char      *name)
{
  const DevSshServiceRequestMessage message = { (char *) name };
  DEVSSH_WRITER_AUTO (writer);

  g_return_if_fail (self != NULL && name != NULL);

  if (self->services == NULL)
    self->services = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->services, g_strdup (name));

  devssh_service_request_message_encode (&message, &writer);
  devssh_transport_send (self, writer.data, writer.length);
}

void
devssh_transport_send_service_accept (DevSshTransport *self,
                                      const char      *name)
{
  const DevSshServiceAcceptMessage message = { (char *) name };
  DEVSSH_WRITER_AUTO (writer);

  g_return_if_fail (self != NULL && name != NULL);

  devssh_service_accept_message_encode (&message, &writer);
  devssh_transport_send (self, writer.data, writer.length);
}

void
devssh_transport_send_unimplemented (DevSshTransport *self,
                                     guint32          sequence)
{
  const DevSshUnimplementedMessage message = { sequence };
  DEVSSH_WRITER_AUTO (writer);

  g_return_if_fail (self != NULL);

  devssh_unimplemented_message_encode (&message, &writer);
  devssh_transport_send (self, writer.data, writer.length);
}

void
devssh_transport_send_debug (DevSshTransport *self,
                             gboolean         always_display,
                             const char      *text)
{
  DevSshDebugMessage message = { always_display };
  DEVSSH_WRITER_AUTO (writer);

  g_return_if_fail (self != NULL && text != NULL);

  /* T-22: in a strict first exchange the peer would end all for this. */
  if (self->phase == DEVSSH_PHASE_CLEAR)
    return;

  message.message.data = (const guint8 *) text;
  message.message.length = strlen (text);
  devssh_debug_message_encode (&message, &writer);
  devssh_transport_send (self, writer.data, writer.length);
}

static void
seal_disconnect (DevSshTransport *self,
                 guint32          reason,
                 const char      *description)
{
  DevSshDisconnectMessage message = { reason };
  DEVSSH_WRITER_AUTO (writer);

  /* Before our version line there is nobody who could read it. */
  if (!self->started || self->out.broken || self->reconnect.lost)
    return;

  message.description.data = (const guint8 *) description;
  message.description.length = description != NULL ? strlen (description) : 0;
  devssh_disconnect_message_encode (&message, &writer);
  devssh_transport_seal_packet (self, writer.data, writer.length, NULL, 0, NULL);
}

/* No further event but what is due. The exchange stays for now: somebody up the stack may be at
 * work on it. */
static void
end_all (DevSshTransport *self)
{
  self->n_events = 0;
  devssh_transport_drop_held (self);
}

void
devssh_transport_disconnect (DevSshTransport *self,
                             guint32          reason,
                             const char      *description)
{
  g_return_if_fail (self != NULL);

  if (devssh_transport_is_over (self))
    return;

  self->ended = TRUE;
  if (reason != DEVSSH_DISCONNECT_REASON_NONE || description != NULL)
    seal_disconnect (self, reason, description);
  end_all (self);
}

/* What is sealed already stays in front of the DISCONNECT: packets are numbered and chained, so
 * without them it could not be read. */
void
devssh_transport_fail (DevSshTransport *self,
                       guint32          reason,
                       const char      *text)
{
  g_return_if_fail (self != NULL && text != NULL);

  if (devssh_transport_is_over (self))
    return;

  DEVSSH_TRACE (self->config->tracer, ERROR, RECEIVE_MESSAGE_FAILED, "%s: %s",
                devssh_disconnect_reason_to_string (reason), text);

  self->failing = TRUE;
  self->end_reason = reason;
  self->end_text = text;
  seal_disconnect (self, reason, text);
  end_all (self);
}

gint64
devssh_transport_get_deadline (DevSshTransport *self)
{
  g_return_val_if_fail (self != NULL, 0);

  if (self->kex == NULL || self->config->kex_timeout <= 0 || devssh_transport_is_over (self) ||
      is_parking (self))
    return 0;

  /* Begun by a call that did not know the time: the next step() does. */
  return self->kex->deadline != 0 ? self->kex->deadline : 1;
}

/* ---- looking ---- */

DevSshVersion *
devssh_transport_get_remote_version (DevSshTransport *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->remote_version;
}

const DevSshSecret *
devssh_transport_get_session_id (DevSshTransport *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->session_id;
}

gboolean
devssh_transport_is_encrypted (DevSshTransport *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->encrypted;
}

gboolean
devssh_transport_is_no_security (DevSshTransport *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->no_security;
}

DevSshKeyPair *
devssh_transport_get_host_key (DevSshTransport *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->host_key;
}

const char *
devssh_transport_get_negotiated (DevSshTransport   *self,
                                 DevSshKexInitList  which)
{
  g_return_val_if_fail (self != NULL && which < DEVSSH_KEXINIT_N_LISTS, NULL);

  return self->negotiated[which];
}

gboolean
devssh_transport_get_strict (DevSshTransport *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->strict;
}

guint64
devssh_transport_get_messages_sent (DevSshTransport *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->out.messages;
}

guint64
devssh_transport_get_messages_received (DevSshTransport *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->in.messages;
}

gint64
devssh_transport_get_received_at (DevSshTransport *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->received_at;
}

guint32
devssh_transport_get_send_sequence (DevSshTransport *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->out.sequence;
}

guint32
devssh_transport_get_receive_sequence (DevSshTransport *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->in.sequence;
}

guint
devssh_transport_get_kex_count (DevSshTransport *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->kex_count;
}

gboolean
devssh_transport_make_token (DevSshTransport *self,
                             gboolean         of_peer,
                             const guint8    *data,
                             gsize            length,
                             guint8          *token,
                             gsize           *token_length)
{
  DevSshMac *mac;

  g_return_val_if_fail (self != NULL && token != NULL && token_length != NULL, FALSE);

  mac = self->token_macs[of_peer ? 1 : 0];
  if (mac == NULL)
    return FALSE;

  devssh_mac_token (mac, data, length, token);
  *token_length = self->token_sizes[of_peer ? 1 : 0];

  return TRUE;
}
