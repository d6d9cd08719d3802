/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The reconnect and latency extensions (protocol.md 3.3 to 3.5): the trailer behind each message, what is remembered
 * until it is acknowledged, and how one transport takes over from another. */
#include <libdevssh/transport/devssh-transport-state-private.h>

#include <libdevssh/wire/devssh-uint32-private.h>
#include <string.h>

#define TRAILER_SIZE 8           /* last_received; with a latency four bytes more */
#define NUMBERS_APART 64         /* design D17: so many IGNOREs are sent, at most, to tell two numberings apart */

/* ---- what is remembered ---- */

void
devssh_reconnect_init (DevSshTransport *self)
{
  /* From the first packet on: numbers are absolute, and the first acknowledgement takes what came before. */
  self->reconnect.offered = devssh_name_list_contains ((const char * const *) self->config->extensions,
                                                       DEVSSH_EXTENSION_SESSION_RECONNECT);
  if (self->reconnect.offered)
    self->reconnect.cache = devssh_message_cache_new (self->config->max_cached_messages);
}

void
devssh_reconnect_clear (DevSshTransport *self)
{
  g_clear_pointer (&self->reconnect.cache, devssh_message_cache_free);
  g_clear_pointer (&self->reconnect.early, g_free);
}

static gint64
get_time (DevSshTransport *self)
{
  return self->config->get_time != NULL ? self->config->get_time (self->config->clock) : self->now;
}

/* On another transport these would be of no use, or do harm: what belongs to the keys, to the login, or to the numbers of this one. */
static gboolean
is_worth_resending (guint8 number)
{
  return number >= DEVSSH_MESSAGE_GLOBAL_REQUEST ||
         (number >= DEVSSH_MESSAGE_DEBUG && number <= DEVSSH_MESSAGE_SERVICE_ACCEPT);
}

/* T-73 */
static void
check_cache (DevSshTransport *self)
{
  DevSshReconnectState *state = &self->reconnect;

  if (devssh_message_cache_get_control (state->cache) <= self->config->max_cached_control &&
      devssh_message_cache_get_data (state->cache) <= self->config->max_cached_data)
    return;

  DEVSSH_TRACE (self->config->tracer, WARNING, SESSION_RECONNECT_INIT_FAILED,
                "Too much is unacknowledged: the session cannot reconnect any more");
  g_clear_pointer (&state->cache, devssh_message_cache_free);
  if (state->lost)
    devssh_transport_fail (self, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST, "Too much was sent while disconnected");
}

gsize
devssh_reconnect_sending (DevSshTransport *self,
                          const guint8    *head,
                          gsize            head_length,
                          const guint8    *body,
                          gsize            body_length,
                          GBytes          *owner,
                          guint8          *trailer)
{
  DevSshReconnectState *state = &self->reconnect;
  gint64 time = state->latency ? get_time (self) : 0;
  guint64 last = self->in.messages - 1;

  if (state->cache != NULL)
    {
      if (state->own || !is_worth_resending (head[0]))
        devssh_message_cache_add_empty (state->cache, time);
      else
        devssh_message_cache_add (state->cache, head, head_length, body, body_length, owner, time);
      check_cache (self);
    }

  if (!state->outgoing)
    return 0;

  devssh_uint32_store (devssh_uint32_store (trailer, (guint32) (last >> 32)), (guint32) last);
  if (!state->latency)
    return TRAILER_SIZE;

  devssh_uint32_store (trailer + TRAILER_SIZE, (guint32) CLAMP (time - state->received_at, 0, G_MAXUINT32));
  return DEVSSH_TRAILER_MAX_SIZE;
}

/* ---- enabling ---- */

static void
seal_own (DevSshTransport *self,
          DevSshWriter    *writer)
{
  self->reconnect.own = TRUE;
  devssh_transport_seal_packet (self, writer->data, writer->length, NULL, 0, NULL);
  self->reconnect.own = FALSE;
}

static void
check_enabled (DevSshTransport *self)
{
  if (self->reconnect.outgoing && self->reconnect.incoming)
    devssh_transport_queue_event (self, DEVSSH_TRANSPORT_RECONNECT_ENABLED, FALSE);
}

/* The flag flips with the request: nothing may slip between. */
static void
enable (DevSshTransport *self)
{
  const DevSshGlobalRequestMessage message = { (char *) DEVSSH_REQUEST_ENABLE_SESSION_RECONNECT };
  DEVSSH_WRITER_AUTO (writer);

  devssh_global_request_message_encode (&message, &writer);
  seal_own (self, &writer);
  self->reconnect.outgoing = TRUE;
  self->reconnect.latency = devssh_transport_has_extension (self, DEVSSH_EXTENSION_SESSION_LATENCY);
  check_enabled (self);
}

void
devssh_reconnect_enable_due (DevSshTransport *self)
{
  if (!self->reconnect.enable_due || self->holding)
    return;

  self->reconnect.enable_due = FALSE;
  enable (self);
}

void
devssh_reconnect_negotiate (DevSshTransport *self)
{
  DevSshReconnectState *state = &self->reconnect;

  if (state->cache == NULL || state->outgoing)
    return;

  if (!devssh_transport_has_extension (self, DEVSSH_EXTENSION_SESSION_RECONNECT))
    {
      g_clear_pointer (&state->cache, devssh_message_cache_free);
      return;
    }

  state->enable_due = TRUE;
  devssh_reconnect_enable_due (self);
}

/* ---- the peer's trailers ---- */

static gboolean
fail (DevSshTransport *self,
      const char      *text)
{
  devssh_transport_fail (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, text);

  return FALSE;
}

static gboolean
is_request (const DevSshPacket *packet,
            const char         *name)
{
  gsize length = strlen (name);

  return packet->length >= 5 + length && packet->payload[0] == DEVSSH_MESSAGE_GLOBAL_REQUEST &&
         devssh_uint32_load (packet->payload + 1) == length && memcmp (packet->payload + 5, name, length) == 0;
}

static void
measure (DevSshTransport *self,
         gint64           sent_at,
         guint32          delta)
{
  gint64 latency = self->reconnect.received_at - sent_at - delta;

  if (latency <= 0)
    DEVSSH_TRACE (self->config->tracer, VERBOSE, METRICS_ERROR, "A latency below zero is not counted");
  else if (self->config->metrics != NULL)
    devssh_metrics_latency_measured (self->config->metrics, latency);
}

static gboolean
acknowledge (DevSshTransport *self,
             guint64          last,
             guint32          delta)
{
  DevSshReconnectState *state = &self->reconnect;
  gint64 sent_at;

  /* T-72 */
  if (last >= self->out.messages || last + 1 < state->acknowledged)
    return fail (self, "An acknowledgement that cannot be");

  state->acknowledged = last + 1;
  if (state->cache == NULL)
    return TRUE;

  sent_at = devssh_message_cache_acknowledge (state->cache, last);
  if (state->latency && sent_at != 0)
    measure (self, sent_at, delta);

  return TRUE;
}

/* The client has got our answer: its old numbers will not come again (design D17). */
static void
proved (DevSshTransport *self)
{
  self->reconnect.proof = self->reconnect.barred = 0;
  if (!self->holding)
    devssh_transport_release_held (self);
}

gboolean
devssh_reconnect_received (DevSshTransport *self,
                           DevSshPacket    *packet)
{
  DevSshReconnectState *state = &self->reconnect;

  if (state->incoming)
    {
      gsize size = state->latency ? DEVSSH_TRAILER_MAX_SIZE : TRAILER_SIZE;
      const guint8 *trailer;
      guint64 last;

      if (packet->length < size + 1)
        return fail (self, "A message without its trailer");

      packet->length -= size;
      trailer = packet->payload + packet->length;
      last = (guint64) devssh_uint32_load (trailer) << 32 | devssh_uint32_load (trailer + 4);
      if (!acknowledge (self, last, state->latency ? devssh_uint32_load (trailer + TRAILER_SIZE) : 0))
        return FALSE;
      if (state->proof != 0 && last >= state->proof)
        proved (self);
    }

  /* Sent before our answer was read, so it belongs to the old connection's messages, behind some that are to be sent again: it
   * cannot be put right (protocol.md 3.5). */
  if (state->proof != 0 && packet->payload[0] >= DEVSSH_MESSAGE_USERAUTH_REQUEST &&
      packet->payload[0] != DEVSSH_MESSAGE_CHANNEL_WINDOW_ADJUST &&
      !is_request (packet, DEVSSH_REQUEST_ENABLE_SESSION_RECONNECT))
    return fail (self, "A message from before the reconnect was answered");

  return TRUE;
}

gboolean
devssh_reconnect_handle (DevSshTransport          *self,
                         const DevSshPacket       *packet,
                         DevSshTransportEventType *event)
{
  DevSshReconnectState *state = &self->reconnect;
  guint8 number = packet->payload[0];

  *event = DEVSSH_TRANSPORT_NEED_INPUT;
  if (self->phase == DEVSSH_PHASE_CLEAR)
    return FALSE;

  if (state->awaits_answer && number != DEVSSH_MESSAGE_GLOBAL_REQUEST)
    {
      state->awaits_answer = FALSE;
      state->stopped = TRUE;
      *event = DEVSSH_TRANSPORT_RESUME_ANSWER;
      return TRUE;
    }

  if (is_request (packet, DEVSSH_REQUEST_ENABLE_SESSION_RECONNECT))
    {
      /* Go sends a second one after each reconnect, TypeScript after a failed attempt. */
      if (!state->incoming)
        {
          state->incoming = TRUE;
          state->latency = devssh_transport_has_extension (self, DEVSSH_EXTENSION_SESSION_LATENCY);
          check_enabled (self);
        }
      return TRUE;
    }

  if (self->config->is_server && self->phase == DEVSSH_PHASE_SERVICE &&
      is_request (packet, DEVSSH_EXTENSION_SESSION_RECONNECT))
    {
      state->stopped = TRUE;
      *event = DEVSSH_TRANSPORT_RESUME_REQUEST;
      return TRUE;
    }

  return FALSE;
}

gboolean
devssh_reconnect_keep_adjust (DevSshTransport    *self,
                              const DevSshPacket *packet)
{
  DevSshReconnectState *state = &self->reconnect;

  if (!state->outgoing || packet->length != DEVSSH_ADJUST_SIZE || state->n_early == DEVSSH_MAX_EARLY_ADJUSTS)
    return FALSE;

  if (state->early == NULL)
    state->early = g_malloc (DEVSSH_MAX_EARLY_ADJUSTS * DEVSSH_ADJUST_SIZE);
  memcpy (state->early + state->n_early++ * DEVSSH_ADJUST_SIZE, packet->payload, DEVSSH_ADJUST_SIZE);
  return TRUE;
}

/* ---- losing the stream ---- */

gboolean
devssh_transport_can_resume (DevSshTransport *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->phase == DEVSSH_PHASE_OPEN && !self->no_security && !devssh_transport_is_over (self) &&
         self->reconnect.cache != NULL &&
         (self->reconnect.resumed || (self->reconnect.outgoing && self->reconnect.incoming));
}

void
devssh_transport_lose (DevSshTransport *self)
{
  g_return_if_fail (self != NULL);

  if (self->reconnect.lost)
    return;

  self->reconnect.lost = TRUE;
  devssh_packet_writer_drop (&self->out);
  devssh_packet_reader_drop (&self->in);
  self->out_control = 0;
  self->choked = FALSE;
  self->n_events = 0;
  self->hold = FALSE;
  g_clear_pointer (&self->kex, devssh_key_exchange_free);
  self->kex_state = DEVSSH_KEX_IDLE;
  self->holding = FALSE;
  self->reconnect.barred = 0;
  /* What waited for the end of an exchange gets its number now. */
  devssh_transport_release_held (self);
}

gboolean
devssh_transport_is_lost (DevSshTransport *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->reconnect.lost;
}

/* ---- resuming ---- */

/* HMAC (integrity key of the sender's direction, old id || new id); token: DEVSSH_HASH_MAX_SIZE bytes */
static gboolean
make_token (DevSshTransport    *self,
            gboolean            of_peer,
            const DevSshSecret *old_id,
            guint8             *token,
            gsize              *length)
{
  g_autoptr(DevSshSecret) ids = NULL;

  if (old_id == NULL || self->session_id == NULL)
    return FALSE;

  ids = devssh_secret_new (old_id->length + self->session_id->length);
  memcpy (ids->data, old_id->data, old_id->length);
  memcpy (ids->data + old_id->length, self->session_id->data, self->session_id->length);

  return devssh_transport_make_token (self, of_peer, ids->data, ids->length, token, length);
}

gboolean
devssh_transport_check_token (DevSshTransport    *self,
                              const DevSshSecret *session_id,
                              const guint8       *token,
                              gsize               length)
{
  guint8 expected[DEVSSH_HASH_MAX_SIZE];
  gsize expected_length;
  gboolean equal;

  g_return_val_if_fail (self != NULL && token != NULL, FALSE);

  if (!make_token (self, TRUE, session_id, expected, &expected_length))
    return FALSE;

  equal = length == expected_length && devssh_equal_constant_time (expected, token, length);
  devssh_wipe (expected, sizeof expected);

  return equal;
}

void
devssh_transport_request_resume (DevSshTransport *self,
                                 DevSshTransport *old)
{
  guint8 token[DEVSSH_HASH_MAX_SIZE];
  DevSshReconnectRequest request = { { token }, old->in.messages - 1 };
  DevSshGlobalRequestMessage message = { (char *) DEVSSH_EXTENSION_SESSION_RECONNECT, TRUE };
  DEVSSH_WRITER_AUTO (data);
  DEVSSH_WRITER_AUTO (writer);

  g_return_if_fail (self != NULL && old != NULL);

  if (!make_token (self, FALSE, old->session_id, token, &request.client_token.length))
    {
      devssh_transport_fail (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "There are no keys to reconnect with");
      return;
    }

  devssh_reconnect_request_encode (&request, &data);
  message.data.data = data.data;
  message.data.length = data.length;
  devssh_global_request_message_encode (&message, &writer);
  self->reconnect.awaits_answer = TRUE;
  seal_own (self, &writer);
}

/* The client of a session that has been resumed before may not know that yet. */
static gboolean
asks_again (DevSshTransport *old,
            guint64          last_received)
{
  return old->reconnect.proof != 0 && last_received == old->reconnect.asked;
}

gboolean
devssh_transport_can_serve (DevSshTransport *old,
                            guint64          last_received)
{
  const DevSshReconnectState *state = &old->reconnect;

  if (state->cache == NULL)
    return FALSE;
  if (asks_again (old, last_received))
    return devssh_message_cache_get_first (state->cache) <= state->proof + 1;

  return last_received < old->out.messages && last_received >= state->proof &&
         last_received + 1 >= devssh_message_cache_get_first (state->cache);
}

/* What the peer may not have got, as new messages of this transport. */
static void
send_again (DevSshTransport *self,
            DevSshTransport *old,
            guint64          start)
{
  guint64 next = devssh_message_cache_get_next (old->reconnect.cache);

  for (guint64 number = start; number < next; number++)
    {
      const DevSshCachedMessage *message = devssh_message_cache_get (old->reconnect.cache, number);

      if (message->head_length > 0)
        devssh_transport_send_again (self, message->head, message->head_length, message->body, message->body_length,
                                     message->owner);
    }
}

/* Takes over everything but the stream, the keys, the numbers, and the phase: that is for the session to set, which has looked at the
 * token (T-31). */
static void
go_on_for (DevSshTransport *self,
           DevSshTransport *old)
{
  g_clear_pointer (&self->session_id, devssh_secret_free);
  self->session_id = devssh_secret_dup (old->session_id);
  g_clear_pointer (&self->services, g_ptr_array_unref);
  self->services = g_steal_pointer (&old->services);
  /* Who has asked for these keeps what he got: they are the same as before, unless the peer is another program now. */
  if (self->host_key != NULL && old->host_key != NULL && devssh_key_pair_equal (self->host_key, old->host_key))
    g_set_object (&self->host_key, old->host_key);
  if (strcmp (devssh_version_to_string (self->remote_version), devssh_version_to_string (old->remote_version)) == 0)
    {
      devssh_version_unref (self->remote_version);
      self->remote_version = devssh_version_ref (old->remote_version);
    }
  self->reconnect.stopped = FALSE;
  self->reconnect.resumed = TRUE;
}

static void
send_ignore (DevSshTransport *self)
{
  static const guint8 ignore[] = { DEVSSH_MESSAGE_IGNORE, 0, 0, 0, 0 };

  devssh_transport_seal_packet (self, ignore, sizeof ignore, NULL, 0, NULL);
}

static guint8
get_byte (const DevSshCachedMessage *message,
          gsize                      position)
{
  if (position < message->head_length)
    return message->head[position];

  position -= message->head_length;
  return position < message->body_length ? message->body[position] : 0;
}

/* Session requests among what is sent again that want a reply. */
static guint
count_requests (DevSshTransport *old,
                guint64          start)
{
  guint64 next = devssh_message_cache_get_next (old->reconnect.cache);
  guint n = 0;

  for (guint64 number = start; number < next; number++)
    {
      const DevSshCachedMessage *message = devssh_message_cache_get (old->reconnect.cache, number);

      if (message->head_length > 0 && message->head[0] == DEVSSH_MESSAGE_GLOBAL_REQUEST &&
          get_byte (message, 5 + (gsize) devssh_uint32_load (message->head + 1)) != 0)
        n++;
    }

  return n;
}

/* The client has to say something, so that we know that it got the answer; most do by themselves. */
static void
ask_for_proof (DevSshTransport *self)
{
  const DevSshGlobalRequestMessage message = { (char *) DEVSSH_REQUEST_KEEPALIVE, TRUE };
  DEVSSH_WRITER_AUTO (writer);

  devssh_global_request_message_encode (&message, &writer);
  devssh_transport_seal_packet (self, writer.data, writer.length, NULL, 0, NULL);
}

gboolean
devssh_transport_answer_resume (DevSshTransport *self,
                                DevSshTransport *old,
                                guint64          last_received,
                                guint           *n_behind)
{
  DevSshReconnectState *state = &self->reconnect;
  guint8 token[DEVSSH_HASH_MAX_SIZE];
  DevSshReconnectResponse answer = { { token } };
  DEVSSH_WRITER_AUTO (writer);
  guint64 start;

  g_return_val_if_fail (self != NULL && old != NULL && devssh_transport_can_serve (old, last_received), FALSE);

  if (asks_again (old, last_received))
    {
      answer.last_received = old->reconnect.answered;
      start = old->reconnect.proof + 1;
    }
  else
    {
      answer.last_received = old->in.messages - 1;
      start = last_received + 1;
    }

  make_token (self, FALSE, old->session_id, token, &answer.server_token.length);
  go_on_for (self, old);

  /* Numbers that the client may name from now on are those of the old transport, if it never sees the answer, or of this one, from
   * the answer on. They must not meet. */
  if (last_received >= self->out.messages && last_received - self->out.messages < NUMBERS_APART)
    while (self->out.messages <= last_received)
      send_ignore (self);
  state->asked = last_received;
  state->answered = answer.last_received;
  state->proof = self->out.messages;
  state->barred = last_received > state->proof ? last_received : 0;

  devssh_writer_put_byte (&writer, DEVSSH_MESSAGE_REQUEST_SUCCESS);
  devssh_reconnect_response_encode (&answer, &writer);
  seal_own (self, &writer);
  /* We must stop short of a number before long. */
  if (state->barred != 0)
    {
      *n_behind = count_requests (old, start);
      ask_for_proof (self);
    }
  send_again (self, old, start);

  return state->barred != 0;
}

void
devssh_transport_refuse_resume (DevSshTransport *self,
                                guint32          reason,
                                const char      *text)
{
  DevSshReconnectFailureInfo info = { reason };
  DEVSSH_WRITER_AUTO (writer);

  g_return_if_fail (self != NULL && text != NULL);

  /* All three fields or none: a TypeScript client dies of a reason without texts. */
  info.description.data = (const guint8 *) text;
  info.description.length = strlen (text);
  info.language.data = (const guint8 *) "en";
  info.language.length = 2;
  devssh_writer_put_byte (&writer, DEVSSH_MESSAGE_REQUEST_FAILURE);
  devssh_reconnect_failure_info_encode (&info, &writer);
  self->reconnect.stopped = FALSE;
  seal_own (self, &writer);
}

gboolean
devssh_transport_resume (DevSshTransport *self,
                         DevSshTransport *old,
                         guint64          last_received)
{
  g_return_val_if_fail (self != NULL && old != NULL, FALSE);

  if (!devssh_transport_can_serve (old, last_received))
    return FALSE;

  go_on_for (self, old);
  send_again (self, old, last_received + 1);
  /* The server waits for the proof that its answer was read. */
  send_ignore (self);

  return TRUE;
}

void
devssh_transport_set_observers (DevSshTransport      *self,
                                DevSshSessionMetrics *metrics,
                                DevSshTracer         *tracer,
                                gpointer              clock)
{
  g_return_if_fail (self != NULL);

  self->config->clock = clock;

  g_set_object (&self->config->metrics, metrics);
  if (tracer != NULL)
    devssh_tracer_ref (tracer);
  g_clear_pointer (&self->config->tracer, devssh_tracer_unref);
  self->config->tracer = tracer;
}

void
devssh_transport_get_trailers (DevSshTransport *self,
                               gboolean        *outgoing,
                               gboolean        *incoming,
                               gboolean        *latency)
{
  *outgoing = self->reconnect.outgoing;
  *incoming = self->reconnect.incoming;
  *latency = self->reconnect.latency && self->reconnect.outgoing && self->reconnect.incoming;
}

DevSshMessageCache *
devssh_transport_get_cache (DevSshTransport *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->reconnect.cache;
}
