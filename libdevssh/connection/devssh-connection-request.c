/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests of the session as a whole, both ways (RFC 4254, 4), and who waits for the answer to any request. */
#include <libdevssh/connection/devssh-connection-internal-private.h>

#include <string.h>

/* A peer with that many refusals in line, behind a request that is still undecided, wants none of the answers. */
#define MAX_REFUSALS 65536

void
devssh_reply_free (DevSshReply *reply)
{
  if (reply == NULL)
    return;

  g_clear_pointer (&reply->payload, g_bytes_unref);
  g_free (reply);
}

static DevSshReply *
reply_new (gboolean      success,
           const guint8 *data,
           gsize         length)
{
  DevSshReply *reply = g_new0 (DevSshReply, 1);

  reply->success = success;
  reply->payload = g_bytes_new (data, length);
  return reply;
}

/* ---- waiting for a reply ---- */

/* A request that left keeps its place in the line, or the next answer would go to the wrong one. */
static void
request_cancelled_cb (gpointer data)
{
  DevSshPendingRequest *request = data;
  DevSshConnection *self = request->connection;
  GTask *task = devssh_pending_request_steal (request);

  if (!request->sent && devssh_channel_unqueue_request (request->channel, request))
    {
      g_queue_remove (&request->channel->requests, request);
      devssh_pending_request_free (request);
    }

  devssh_context_return_cancelled (self->config->context, task);
}

DevSshPendingRequest *
devssh_pending_request_new (DevSshConnection *self,
                            DevSshChannel    *channel,
                            GTask            *task)
{
  DevSshPendingRequest *request = g_new0 (DevSshPendingRequest, 1);

  request->connection = self;
  request->channel = channel;
  request->task = task;
  request->watch = devssh_context_watch_cancellable (self->config->context,
                                                     g_task_get_cancellable (task),
                                                     request_cancelled_cb, request);
  return request;
}

GTask *
devssh_pending_request_steal (DevSshPendingRequest *request)
{
  g_clear_pointer (&request->watch, devssh_cancel_watch_free);
  return g_steal_pointer (&request->task);
}

gboolean
devssh_pending_request_relay (DevSshPendingRequest *request,
                              gboolean              success,
                              const guint8         *payload,
                              gsize                 length)
{
  DevSshConnectionEvent *event;

  if (request->relayed == NULL)
    return FALSE;

  event = devssh_connection_push_event (request->connection, DEVSSH_CONNECTION_RELAYED_REPLY, NULL);
  event->relayed = g_steal_pointer (&request->relayed);
  event->success = success;
  event->reply = length > 0 ? g_bytes_new (payload, length) : NULL;
  devssh_pending_request_free (request);
  return TRUE;
}

void
devssh_pending_request_free (DevSshPendingRequest *request)
{
  g_clear_pointer (&request->watch, devssh_cancel_watch_free);
  g_assert (request->task == NULL);
  g_free (request);
}

/* ---- our requests ---- */

void
devssh_connection_wait_for_reply (DevSshConnection *self,
                                  GTask            *task)
{
  DevSshPendingRequest *request = devssh_pending_request_new (self, NULL, task);

  request->sent = TRUE;
  g_queue_push_tail (&self->requests, request);
}

void
devssh_connection_request (DevSshConnection *self,
                           const char       *request_type,
                           gboolean          want_reply,
                           GBytes           *payload,
                           GTask            *task)
{
  DevSshGlobalRequestMessage message = { 0 };
  GError *error = NULL;
  DEVSSH_WRITER_AUTO (writer);

  if (self->ended != NULL)
    error = g_error_copy (self->ended);
  else if (g_cancellable_is_cancelled (g_task_get_cancellable (task)))
    error = devssh_error_new_cancelled ();
  else if (payload != NULL)
    devssh_connection_check_payload (g_bytes_get_size (payload), &error);

  if (error != NULL)
    {
      devssh_context_return_error (self->config->context, task, error);
      return;
    }

  message.request = (char *) request_type;
  message.want_reply = want_reply;
  if (payload != NULL)
    message.data.data = g_bytes_get_data (payload, &message.data.length);
  devssh_global_request_message_encode (&message, &writer);
  devssh_connection_send (self, &writer);

  if (!want_reply)
    {
      devssh_context_return_pointer (self->config->context, task, reply_new (TRUE, NULL, 0),
                                     (GDestroyNotify) devssh_reply_free);
      return;
    }

  devssh_connection_wait_for_reply (self, task);
}

void
devssh_connection_relay (DevSshConnection     *self,
                         DevSshSessionRequest *request)
{
  GBytes *payload = devssh_session_request_get_payload (request);
  gboolean want_reply = devssh_session_request_get_want_reply (request);
  DevSshGlobalRequestMessage message = { (char *) devssh_session_request_get_request_type (request), want_reply };
  DevSshPendingRequest *pending;
  DEVSSH_WRITER_AUTO (writer);

  if (self->ended != NULL || !devssh_connection_may_relay (self, g_bytes_get_size (payload), 0))
    {
      devssh_session_request_complete (request, FALSE);
      return;
    }

  message.data.data = g_bytes_get_data (payload, &message.data.length);
  devssh_global_request_message_encode (&message, &writer);
  devssh_connection_send (self, &writer);
  if (!want_reply)
    {
      devssh_session_request_complete (request, TRUE);
      return;
    }

  pending = g_new0 (DevSshPendingRequest, 1);
  pending->connection = self;
  pending->sent = TRUE;
  pending->relayed = g_object_ref (DEVSSH_QUESTION (request));
  g_queue_push_tail (&self->requests, pending);
}

void
devssh_connection_expect_keepalive (DevSshConnection *self,
                                    guint             n_behind)
{
  DevSshPendingRequest *request = g_new0 (DevSshPendingRequest, 1);
  guint length = g_queue_get_length (&self->requests);

  request->connection = self;
  request->sent = TRUE;
  g_queue_push_nth (&self->requests, request, (int) (length - MIN (n_behind, length)));
}

void
devssh_connection_send_keepalive (DevSshConnection *self)
{
  DevSshGlobalRequestMessage message = { (char *) DEVSSH_REQUEST_KEEPALIVE, TRUE };
  DEVSSH_WRITER_AUTO (writer);

  devssh_global_request_message_encode (&message, &writer);
  devssh_connection_send (self, &writer);
  devssh_connection_expect_keepalive (self, 0);
}

/* 81, 82 */
void
devssh_connection_handle_global_reply (DevSshConnection *self,
                                       DevSshChannel    *none,
                                       const guint8     *payload,
                                       gsize             length,
                                       DevSshBuffer     *buffer)
{
  DevSshPendingRequest *request = g_queue_pop_head (&self->requests);
  GTask *task;

  if (request == NULL)
    {
      devssh_connection_count_unasked (self);
      return;
    }

  if (devssh_pending_request_relay (request, payload[0] == DEVSSH_MESSAGE_REQUEST_SUCCESS, payload + 1, length - 1))
    return;

  task = devssh_pending_request_steal (request);
  devssh_pending_request_free (request);
  if (task != NULL)
    devssh_context_return_pointer (self->config->context, task,
                                   reply_new (payload[0] == DEVSSH_MESSAGE_REQUEST_SUCCESS,
                                              payload + 1, length - 1),
                                   (GDestroyNotify) devssh_reply_free);
}

/* ---- the peer's requests ---- */

static void
send_reply (DevSshConnection *self,
            gboolean          success,
            GBytes           *payload)
{
  DEVSSH_WRITER_AUTO (writer);

  devssh_writer_put_byte (&writer, success ? DEVSSH_MESSAGE_REQUEST_SUCCESS : DEVSSH_MESSAGE_REQUEST_FAILURE);
  if (payload != NULL)
    {
      gsize length;
      const guint8 *data = g_bytes_get_data (payload, &length);

      devssh_writer_put_bytes (&writer, data, length);
    }
  devssh_connection_send (self, &writer);
}

static void
send_ready_replies (DevSshConnection *self)
{
  DevSshReplySlot *slot;

  while ((slot = devssh_replies_ready (&self->replies)) != NULL)
    {
      g_autoptr(GPtrArray) openings = g_steal_pointer (&slot->openings);
      guint refusals = slot->refusals;

      send_reply (self, slot->success, slot->payload);
      devssh_replies_remove (&self->replies, slot);
      while (refusals-- > 0)
        send_reply (self, FALSE, NULL);
      if (openings != NULL)
        devssh_connection_send_held_opens (self, openings);
    }
}

void
devssh_connection_refuse_request (DevSshConnection *self)
{
  if (!devssh_replies_refuse (&self->replies))
    send_reply (self, FALSE, NULL);
  else if (self->replies.n_refusals > MAX_REFUSALS)
    devssh_connection_fail (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "Too many session requests");
}

void
devssh_connection_fill_reply (DevSshConnection *self,
                              DevSshReplySlot  *slot,
                              gboolean          success)
{
  devssh_replies_fill (&self->replies, slot, success, NULL);
  if (self->ended == NULL)
    send_ready_replies (self);
}

/* A sign of life that stands in line behind a slow handler is none: OpenSSH would hang up (design D14). */
static void
send_ignore (DevSshConnection *self)
{
  static const guint8 ignore[] = { DEVSSH_MESSAGE_IGNORE, 0, 0, 0, 0 };

  devssh_outbox_send (self->outbox, ignore, sizeof ignore);
  devssh_connection_wake (self);
}

static void
handle_keepalive (DevSshConnection *self,
                  gboolean          want_reply,
                  gboolean          before_auth)
{
  DEVSSH_TRACE (self->config->tracer, VERBOSE, KEEPALIVE_REQUEST_RECEIVED, "Keepalive request of the peer");
  if (!want_reply)
    return;

  if (before_auth)
    {
      send_reply (self, FALSE, NULL);
      return;
    }

  if (self->replies.n_slots < self->config->max_session_requests)
    devssh_replies_add (&self->replies, self, NULL, TRUE, FALSE);
  else
    devssh_connection_refuse_request (self);

  send_ready_replies (self);
  if (self->replies.n_slots > 0)
    send_ignore (self);
}

static void
session_request_answered_cb (DevSshQuestion *question,
                             gpointer        data)
{
  DevSshSessionRequest *request = DEVSSH_SESSION_REQUEST (question);
  DevSshReplySlot *slot = data;
  DevSshConnection *self = slot->owner;

  self->undecided_bytes -= slot->bytes;
  devssh_replies_fill (&self->replies, slot,
                       devssh_session_request_get_success (request),
                       devssh_session_request_get_response (request));
  send_ready_replies (self);
}

/* 80 */
void
devssh_connection_handle_global_request (DevSshConnection *self,
                                         const guint8     *payload,
                                         gsize             length,
                                         gboolean          before_auth)
{
  g_auto (DevSshGlobalRequestMessage) message = { 0 };
  g_autoptr(DevSshSessionRequest) request = NULL;
  g_autoptr(GBytes) data = NULL;
  DevSshReplySlot *slot;

  if (!devssh_global_request_message_decode (&message, payload, length, NULL))
    {
      devssh_connection_fail (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "Malformed GLOBAL_REQUEST");
      return;
    }

  if (strcmp (message.request, DEVSSH_REQUEST_KEEPALIVE) == 0)
    {
      handle_keepalive (self, message.want_reply, before_auth);
      return;
    }

  if (before_auth)
    {
      devssh_connection_fail (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR,
                              "A session request before authentication");
      return;
    }

  if (self->config->first_requests && strcmp (message.request, DEVSSH_REQUEST_INITIAL_CHANNEL_REQUEST) == 0)
    {
      devssh_connection_handle_first_request (self, &message);
      return;
    }

  if (self->replies.n_slots >= self->config->max_session_requests ||
      !devssh_connection_keep_undecided (self, length))
    {
      DEVSSH_TRACE (self->config->tracer, WARNING, SESSION_REQUEST_FAILED,
                    "Refused a session request: %u are unanswered", self->replies.n_slots);
      if (message.want_reply)
        devssh_connection_refuse_request (self);
      return;
    }

  data = g_bytes_new (message.data.data, message.data.length);
  request = devssh_session_request_new (message.request, message.want_reply, data, self->principal);
  slot = devssh_replies_add (&self->replies, self, DEVSSH_QUESTION (request), message.want_reply, FALSE);
  slot->bytes = length;
  devssh_question_set_context (DEVSSH_QUESTION (request), self->config->context);
  devssh_question_set_sink (DEVSSH_QUESTION (request), session_request_answered_cb, slot);
  devssh_connection_push_event (self, DEVSSH_CONNECTION_SESSION_REQUEST, NULL)->session_request =
    g_steal_pointer (&request);
}

void
devssh_connection_end_requests (DevSshConnection *self,
                                const GError     *error)
{
  DevSshPendingRequest *request;

  while ((request = g_queue_pop_head (&self->requests)) != NULL)
    {
      GTask *task;

      if (devssh_pending_request_relay (request, FALSE, NULL, 0))
        continue;

      task = devssh_pending_request_steal (request);
      devssh_pending_request_free (request);
      if (task != NULL)
        devssh_context_return_error (self->config->context, task, g_error_copy (error));
    }

  while (self->replies.head != NULL)
    {
      if (self->replies.head->question != NULL)
        {
          self->undecided_bytes -= self->replies.head->bytes;
          devssh_question_kill (self->replies.head->question);
        }
      devssh_replies_remove (&self->replies, self->replies.head);
    }
}
