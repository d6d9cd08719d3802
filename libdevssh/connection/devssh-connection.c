/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RFC 4254: which message is legal when, who handles it, and what comes of it. */
#include <libdevssh/connection/devssh-connection-internal-private.h>

#include <libdevssh/wire/devssh-uint32-private.h>
#include <string.h>

/* T-52: a peer that answers what nobody asked is confused; one that goes on is hostile. */
#define MAX_UNASKED 64

/* T-10: what a peer of ours takes in one packet, with room for the fields and the padding around what an application gives. */
#define MAX_PAYLOAD (255 * 1024)

typedef void (*Handler) (DevSshConnection *self,
                         DevSshChannel    *channel,
                         const guint8     *payload,
                         gsize             length,
                         DevSshBuffer     *buffer);

/* What a message does to a channel, by where the channel stands (T-51). */
typedef enum
{
  F,   /* Fatal(2) */
  D,   /* dropped: the peer could not know yet */
  H    /* handled */
} Action;

typedef struct
{
  guint8   number;
  Handler  handler;
  Action   actions[DEVSSH_N_CHANNEL_PHASES];
} ChannelRow;

static const ChannelRow channel_rows[] = {
  /*                                                                                                                  opening    deciding     eof   closing eof
   *                                                                                                          never gone | cancelled | open    |  closing |  close received */
  { DEVSSH_MESSAGE_CHANNEL_OPEN_CONFIRMATION, devssh_connection_handle_confirmation, { F, D, H, H, F, F, F, F, F, D } },
  { DEVSSH_MESSAGE_CHANNEL_OPEN_FAILURE,      devssh_connection_handle_open_failure, { F, D, H, H, F, F, F, F, F, D } },
  { DEVSSH_MESSAGE_CHANNEL_WINDOW_ADJUST,     devssh_channel_handle_adjust,          { F, D, F, F, F, H, H, H, H, D } },
  { DEVSSH_MESSAGE_CHANNEL_DATA,              devssh_channel_handle_data,            { F, D, F, F, F, H, F, H, F, D } },
  { DEVSSH_MESSAGE_CHANNEL_EXTENDED_DATA,     devssh_channel_handle_extended,        { F, D, F, F, F, H, F, H, F, D } },
  { DEVSSH_MESSAGE_CHANNEL_EOF,               devssh_channel_handle_eof,             { F, D, F, F, F, H, D, H, D, D } },
  { DEVSSH_MESSAGE_CHANNEL_CLOSE,             devssh_channel_handle_close,           { F, D, F, F, F, H, H, H, H, D } },
  { DEVSSH_MESSAGE_CHANNEL_REQUEST,           devssh_channel_handle_request,         { F, D, F, F, F, H, H, D, D, D } },
  { DEVSSH_MESSAGE_CHANNEL_SUCCESS,           devssh_channel_handle_reply,           { F, D, F, F, F, H, H, H, H, D } },
  { DEVSSH_MESSAGE_CHANNEL_FAILURE,           devssh_channel_handle_reply,           { F, D, F, F, F, H, H, H, H, D } },
};

DevSshConnectionConfig *
devssh_connection_config_new (DevSshContext *context)
{
  DevSshConnectionConfig *config = g_new0 (DevSshConnectionConfig, 1);

  config->context = devssh_context_ref (context);
  config->max_channels = 1000;
  config->max_pending_opens = 256;
  config->max_channel_requests = 16;
  config->max_session_requests = 64;
  config->max_undecided_bytes = 1024 * 1024;
  config->initial_window = DEVSSH_DEFAULT_MAX_WINDOW_SIZE;
  config->max_window = 16 * DEVSSH_DEFAULT_MAX_WINDOW_SIZE;
  config->max_extra_window = 64 * DEVSSH_DEFAULT_MAX_WINDOW_SIZE;
  config->max_packet = DEVSSH_DEFAULT_MAX_PACKET_SIZE;
  return config;
}

static void
connection_config_free (DevSshConnectionConfig *config)
{
  g_clear_pointer (&config->context, devssh_context_unref);
  g_clear_pointer (&config->tracer, devssh_tracer_unref);
  g_free (config);
}

DevSshConnection *
devssh_connection_new (DevSshConnectionConfig *config,
                       DevSshOutbox           *outbox)
{
  DevSshConnection *self = g_new0 (DevSshConnection, 1);

  self->config = config;
  self->outbox = outbox;
  self->channels = devssh_channel_list_new ();
  self->clock.extra_left = config->max_extra_window;
  self->done = g_rc_box_new0 (DevSshOutQueue);
  g_queue_init (&self->events);
  g_queue_init (&self->requests);
  g_queue_init (&self->acceptors);
  g_queue_init (&self->unaccepted);
  return self;
}

static void
run_left_over (gpointer data)
{
  devssh_out_queue_run (data);
}

static void
release_done (gpointer data)
{
  g_rc_box_release (data);
}

void
devssh_connection_free (DevSshConnection *self)
{
  DevSshConnectionEvent *event;

  if (self == NULL)
    return;

  if (self->ended == NULL)
    {
      g_autoptr(GError) error = g_error_new_literal (DEVSSH_ERROR, DEVSSH_ERROR_CLOSED,
                                                     "The session is gone");

      devssh_connection_abort (self, error);
    }

  devssh_connection_event_clear (&self->hot);
  while ((event = g_queue_pop_head (&self->events)) != NULL)
    {
      devssh_connection_event_clear (event);
      g_free (event);
    }

  /* Every send ends, also if nobody came to run them. */
  if (self->done->head != NULL)
    devssh_context_defer (self->config->context, run_left_over,
                          g_rc_box_acquire (self->done), release_done);
  g_rc_box_release (self->done);

  devssh_channel_table_clear (&self->table);
  g_clear_object (&self->channels);
  g_clear_object (&self->principal);
  g_clear_error (&self->ended);
  g_clear_pointer (&self->config, connection_config_free);
  g_free (self);
}

void
devssh_connection_set_outbox (DevSshConnection *self,
                              DevSshOutbox     *outbox)
{
  self->outbox = outbox;
}

void
devssh_connection_set_principal (DevSshConnection *self,
                                 GObject          *principal)
{
  g_set_object (&self->principal, principal);
}

GListModel *
devssh_connection_get_channels (DevSshConnection *self)
{
  return G_LIST_MODEL (self->channels);
}

guint
devssh_connection_get_n_channels (DevSshConnection *self)
{
  return devssh_channel_list_get_length (self->channels);
}

/* ---- what the files of this folder need ---- */

void
devssh_connection_wake (DevSshConnection *self)
{
  if (self->config->wake != NULL)
    self->config->wake (self->config->host);
}

void
devssh_connection_send (DevSshConnection *self,
                        DevSshWriter     *writer)
{
  if (self->ended != NULL)
    return;

  devssh_outbox_send (self->outbox, writer->data, writer->length);
  devssh_connection_wake (self);
}

gboolean
devssh_connection_keep_undecided (DevSshConnection *self,
                                  gsize             bytes)
{
  if (bytes > self->config->max_undecided_bytes - self->undecided_bytes)
    return FALSE;

  self->undecided_bytes += bytes;
  return TRUE;
}

gboolean
devssh_connection_check_payload (gsize    length,
                                 GError **error)
{
  if (length <= MAX_PAYLOAD)
    return TRUE;

  g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_LIMIT,
               "%" G_GSIZE_FORMAT " bytes do not fit into one message: %d are the most", length, MAX_PAYLOAD);
  return FALSE;
}

gboolean
devssh_connection_may_relay (DevSshConnection *self,
                             gsize             length,
                             gsize             waiting)
{
  if (devssh_connection_check_payload (length, NULL) &&
      waiting + devssh_outbox_get_waiting (self->outbox) <= self->config->max_undecided_bytes)
    return TRUE;

  DEVSSH_TRACE (self->config->tracer, WARNING, SESSION_REQUEST_FAILED,
                "Refused to pass on a request: it is too large, or too much waits for the peer");
  return FALSE;
}

DevSshConnectionEvent *
devssh_connection_push_event (DevSshConnection          *self,
                              DevSshConnectionEventType  type,
                              DevSshChannel             *channel)
{
  DevSshConnectionEvent *event = g_new0 (DevSshConnectionEvent, 1);

  event->type = type;
  g_set_object (&event->channel, channel);
  g_queue_push_tail (&self->events, event);
  devssh_connection_wake (self);
  return event;
}

void
devssh_connection_fail (DevSshConnection *self,
                        guint32           reason,
                        const char       *text)
{
  DevSshConnectionEvent *event;

  if (self->fatal)
    return;

  self->fatal = TRUE;
  DEVSSH_TRACE (self->config->tracer, ERROR, HANDLE_MESSAGE_FAILED, "%s", text);
  event = devssh_connection_push_event (self, DEVSSH_CONNECTION_FATAL, NULL);
  event->reason = reason;
  event->text = text;
}

void
devssh_connection_count_unasked (DevSshConnection *self)
{
  if (++self->n_unasked > MAX_UNASKED)
    devssh_connection_fail (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR,
                            "Too many replies that nobody asked for");
}

/* ---- in ---- */

/* Data that was not taken before the next message came. */
static void
queue_hot_event (DevSshConnection *self)
{
  DevSshConnectionEvent *event = g_new (DevSshConnectionEvent, 1);

  *event = self->hot;
  devssh_connection_event_keep (event);
  memset (&self->hot, 0, sizeof self->hot);
  g_queue_push_head (&self->events, event);
}

static void
handle_channel_message (DevSshConnection *self,
                        const ChannelRow *row,
                        const guint8     *payload,
                        gsize             length,
                        DevSshBuffer     *buffer)
{
  DevSshChannel *channel;
  DevSshChannelPhase phase;
  guint32 id;

  if (length < 5)
    {
      devssh_connection_fail (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR,
                              "A channel message without a channel");
      return;
    }

  id = devssh_uint32_load (payload + 1);
  channel = devssh_channel_table_lookup (&self->table, id);
  if (channel != NULL)
    phase = channel->phase;
  else if (devssh_channel_table_was_used (&self->table, id))
    phase = DEVSSH_CHANNEL_PHASE_GONE;
  else
    phase = DEVSSH_CHANNEL_PHASE_NEVER;

  switch (row->actions[phase])
    {
    case H:
      row->handler (self, channel, payload, length, buffer);
      break;

    case D:
      break;

    case F:
    default:
      devssh_connection_fail (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR,
                              "A message that this channel cannot have now");
    }
}

void
devssh_connection_handle (DevSshConnection *self,
                          const guint8     *payload,
                          gsize             length,
                          DevSshBuffer     *buffer,
                          gboolean          before_auth,
                          gint64            now)
{
  guint number = length > 0 ? payload[0] : 0;
  guint row = number - DEVSSH_MESSAGE_CHANNEL_OPEN_CONFIRMATION;

  if (self->fatal || self->ended != NULL)
    return;

  self->clock.now = now;
  if (self->hot.type != DEVSSH_CONNECTION_NONE)
    queue_hot_event (self);

  /* RFC 4252, 6: nothing of 80 and above before authentication is complete (T-30). */
  if (before_auth && number != DEVSSH_MESSAGE_GLOBAL_REQUEST)
    devssh_connection_fail (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR,
                            "A connection message before authentication");
  else if (row < G_N_ELEMENTS (channel_rows))
    handle_channel_message (self, &channel_rows[row], payload, length, buffer);
  else if (number == DEVSSH_MESSAGE_CHANNEL_OPEN)
    devssh_connection_handle_open (self, NULL, payload, length, buffer);
  else if (number == DEVSSH_MESSAGE_GLOBAL_REQUEST)
    devssh_connection_handle_global_request (self, payload, length, before_auth);
  else if (number == DEVSSH_MESSAGE_REQUEST_SUCCESS || number == DEVSSH_MESSAGE_REQUEST_FAILURE)
    devssh_connection_handle_global_reply (self, NULL, payload, length, buffer);
  else
    devssh_connection_fail (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR,
                            "Not a message of the connection protocol");
}

void
devssh_connection_keep_input (DevSshConnection *self)
{
  if (self->hot.type != DEVSSH_CONNECTION_NONE)
    queue_hot_event (self);
}

/* It waited, and is older than whatever else is there. */
void
devssh_connection_push_request_first (DevSshConnection     *self,
                                      DevSshChannel        *channel,
                                      DevSshChannelRequest *request)
{
  DevSshConnectionEvent *event = g_new0 (DevSshConnectionEvent, 1);

  if (self->hot.type != DEVSSH_CONNECTION_NONE)
    queue_hot_event (self);

  event->type = DEVSSH_CONNECTION_CHANNEL_REQUEST;
  event->channel = g_object_ref (channel);
  event->channel_request = request;
  g_queue_push_head (&self->events, event);
  devssh_connection_wake (self);
}

gboolean
devssh_connection_next_event (DevSshConnection      *self,
                              DevSshConnectionEvent *event)
{
  DevSshConnectionEvent *queued;

  if (self->hot.type != DEVSSH_CONNECTION_NONE)
    {
      *event = self->hot;
      self->hot.type = DEVSSH_CONNECTION_NONE;
      self->hot.channel = NULL;
      return TRUE;
    }

  queued = g_queue_peek_head (&self->events);
  if (queued != NULL && queued->type == DEVSSH_CONNECTION_CHANNEL_REQUEST)
    devssh_channel_show_parked (queued->channel);

  queued = g_queue_pop_head (&self->events);
  if (queued == NULL)
    {
      memset (event, 0, sizeof *event);
      return FALSE;
    }

  *event = *queued;
  g_free (queued);
  return TRUE;
}

void
devssh_connection_event_clear (DevSshConnectionEvent *event)
{
  g_clear_object (&event->channel);
  g_clear_object (&event->opening);
  g_clear_object (&event->channel_request);
  g_clear_object (&event->session_request);
  g_clear_pointer (&event->bytes, g_bytes_unref);
  g_clear_object (&event->relayed);
  g_clear_pointer (&event->reply, g_bytes_unref);
  memset (event, 0, sizeof *event);
}

void
devssh_connection_deliver (DevSshConnection      *self,
                           DevSshConnectionEvent *event)
{
  DevSshChannel *channel = event->channel;

  switch (event->type)
    {
    case DEVSSH_CONNECTION_CHANNEL_DATA:
      devssh_channel_deliver_data (channel, event);
      break;

    case DEVSSH_CONNECTION_CHANNEL_EOF:
      devssh_channel_deliver_eof (channel);
      break;

    case DEVSSH_CONNECTION_RELAYED_REPLY:
      if (DEVSSH_IS_CHANNEL_REQUEST (event->relayed))
        devssh_channel_request_complete (DEVSSH_CHANNEL_REQUEST (event->relayed), event->success);
      else
        {
          /* A legal reply here may be too large for a packet there. */
          gboolean fits = event->reply == NULL || devssh_connection_check_payload (g_bytes_get_size (event->reply), NULL);

          devssh_session_request_complete_with_payload (DEVSSH_SESSION_REQUEST (event->relayed), event->success && fits,
                                                        fits ? event->reply : NULL);
        }
      break;

    case DEVSSH_CONNECTION_CHANNEL_CLOSE_RECEIVED:
      if (!channel->closed)
        devssh_channel_emit_close_received (channel);
      break;

    case DEVSSH_CONNECTION_CHANNEL_OPENED:
      devssh_channel_list_append (self->channels, channel, &channel->list_position);
      devssh_channel_notify_state (channel);
      break;

    case DEVSSH_CONNECTION_CHANNEL_CLOSED:
      devssh_channel_deliver_closed (channel);
      if (channel->unaccepted && !devssh_channel_has_unread (channel))
        devssh_connection_forget_unaccepted (self, channel);
      if (channel->list_position != NULL)
        devssh_channel_list_remove (self->channels, g_steal_pointer (&channel->list_position));
      break;

    case DEVSSH_CONNECTION_NONE:
    case DEVSSH_CONNECTION_CHANNEL_OPENING:
    case DEVSSH_CONNECTION_CHANNEL_REQUEST:
    case DEVSSH_CONNECTION_SESSION_REQUEST:
    case DEVSSH_CONNECTION_FATAL:
    default:
      break;
    }

  devssh_connection_event_clear (event);
}

void
devssh_connection_question_shown (DevSshConnection *self,
                                  DevSshQuestion   *question,
                                  gboolean          handled,
                                  gboolean          nobody_listens)
{
  if (DEVSSH_IS_CHANNEL_OPENING (question))
    {
      devssh_connection_opening_shown (self, DEVSSH_CHANNEL_OPENING (question), handled, nobody_listens);
    }
  else if (DEVSSH_IS_CHANNEL_REQUEST (question))
    {
      DevSshChannelRequest *request = DEVSSH_CHANNEL_REQUEST (question);

      devssh_channel_request_shown (devssh_channel_request_get_channel (request), request,
                                    handled, nobody_listens);
    }
  else
    {
      devssh_question_end (question, handled);
    }
}

void
devssh_connection_abort (DevSshConnection *self,
                         const GError     *error)
{
  if (self->ended != NULL)
    return;

  self->ended = g_error_copy (error);

  for (guint i = 0; i < self->table.n_slots; i++)
    if (self->table.slots[i].channel != NULL)
      devssh_channel_end (self->table.slots[i].channel, error);

  devssh_connection_end_requests (self, error);
  devssh_connection_end_acceptors (self, error);
  devssh_connection_wake (self);
}
