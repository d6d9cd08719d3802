/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A channel and the first thing that is asked of it in one round trip (protocol.md 3.2): the peer's, and
 * ours, which asks in its turn where the peer does not know of such. */
#include <libdevssh/connection/devssh-connection-internal-private.h>

#include <string.h>

/* ---- the peer's ---- */

static DevSshChannel *
find_channel (DevSshConnection *self,
              guint32           remote_id)
{
  for (guint i = 0; i < self->table.n_slots; i++)
    {
      DevSshChannel *channel = self->table.slots[i].channel;

      /* One that the peer has closed it cannot ask anything, whether we have closed it or not (RFC 4254, 5.3). */
      if (channel != NULL && channel->is_remote && channel->remote_id == remote_id
          && !channel->closed && channel->phase != DEVSSH_CHANNEL_PHASE_CLOSE_RECEIVED)
        return channel;
    }

  return NULL;
}

void
devssh_connection_handle_first_request (DevSshConnection                 *self,
                                        const DevSshGlobalRequestMessage *message)
{
  g_auto (DevSshInitialChannelRequest) initial = { 0 };
  g_auto (DevSshChannelRequestMessage) request = { 0 };
  DevSshChannel *channel;

  if (!devssh_initial_channel_request_decode (&initial, message->data.data, message->data.length, NULL) ||
      !devssh_channel_request_message_decode (&request, initial.request.data, initial.request.length, NULL))
    {
      devssh_connection_fail (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "Malformed initial channel request");
      return;
    }

  /* One whose opening was refused is not there any more. */
  channel = find_channel (self, initial.sender_channel);
  if (channel != NULL && self->replies.n_slots < self->config->max_session_requests)
    devssh_channel_handle_bundled (channel, &request, message->want_reply);
  else if (message->want_reply)
    devssh_connection_refuse_request (self);
}

/* ---- ours ---- */

GBytes *
devssh_first_request_to_message (const DevSshFirstRequest *self,
                                 guint32                   channel_id)
{
  DevSshChannelRequestMessage request = { 0, (char *) self->request_type, self->want_reply };
  DevSshInitialChannelRequest initial = { channel_id };
  DevSshGlobalRequestMessage message = { (char *) DEVSSH_REQUEST_INITIAL_CHANNEL_REQUEST, self->want_reply };
  DEVSSH_WRITER_AUTO (inner);
  DEVSSH_WRITER_AUTO (data);
  DEVSSH_WRITER_AUTO (outer);

  if (self->payload != NULL)
    request.data.data = g_bytes_get_data (self->payload, &request.data.length);
  devssh_channel_request_message_encode (&request, &inner);
  initial.request = (DevSshSlice) { inner.data, inner.length };
  devssh_initial_channel_request_encode (&initial, &data);
  message.data = (DevSshSlice) { data.data, data.length };
  devssh_global_request_message_encode (&message, &outer);
  return g_bytes_new (outer.data, outer.length);
}

/* One opening of ours and its request, on the way. */
typedef struct
{
  grefcount      ref_count;
  GTask         *task;          /* NULL: has been told */
  char          *request_type;
  gboolean       want_reply;
  GBytes        *payload;
  gboolean       bundled;
  DevSshChannel *channel;       /* NULL: is not open yet */
  gboolean       answered;
  gboolean       granted;
} Opening;

static void
opening_unref (Opening *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;

  g_assert (self->task == NULL);
  g_free (self->request_type);
  g_clear_pointer (&self->payload, g_bytes_unref);
  g_clear_object (&self->channel);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Opening, opening_unref)

static gpointer
opening_ref (Opening *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

static void
opening_fail (Opening *self,
              GError  *taken)
{
  g_autoptr(GTask) task = g_steal_pointer (&self->task);

  /* Without what was asked of it nobody wants the channel. */
  if (self->channel != NULL)
    devssh_channel_close (self->channel);
  if (task != NULL)
    g_task_return_error (task, taken);
  else
    g_error_free (taken);
}

static void
opening_settle (Opening *self)
{
  g_autoptr(GTask) task = NULL;

  if (self->task == NULL || self->channel == NULL || !self->answered)
    return;

  if (!self->granted)
    {
      opening_fail (self, g_error_new_literal (DEVSSH_CHANNEL_ERROR,
                                               DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED,
                                               "The initial channel request was denied"));
      return;
    }

  task = g_steal_pointer (&self->task);
  g_task_return_pointer (task, g_steal_pointer (&self->channel), g_object_unref);
}

static void
opening_replied_cb (GObject      *none,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  g_autoptr(Opening) self = user_data;
  GError *error = NULL;
  DevSshReply *reply = g_task_propagate_pointer (G_TASK (result), &error);

  if (reply == NULL)
    {
      opening_fail (self, error);
      return;
    }

  self->answered = TRUE;
  self->granted = reply->success;
  devssh_reply_free (reply);
  opening_settle (self);
}

static void
opening_answered_cb (GObject      *channel,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  g_autoptr(Opening) self = user_data;
  GError *error = NULL;

  self->granted = devssh_channel_request_finish (DEVSSH_CHANNEL (channel), result, &error);
  if (error != NULL)
    {
      opening_fail (self, error);
      return;
    }

  self->answered = TRUE;
  opening_settle (self);
}

static void
opening_opened_cb (GObject      *none,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autoptr(Opening) self = user_data;
  GError *error = NULL;

  self->channel = g_task_propagate_pointer (G_TASK (result), &error);
  if (self->channel == NULL)
    {
      opening_fail (self, error);
      return;
    }

  /* Meanwhile the reply to the bundled request may have gone wrong, and told so. */
  if (self->task == NULL)
    devssh_channel_close (self->channel);
  else if (self->bundled)
    opening_settle (self);
  else
    devssh_channel_request_async (self->channel, self->request_type, self->want_reply, self->payload,
                                  g_task_get_cancellable (self->task), opening_answered_cb, opening_ref (self));
}

void
devssh_connection_open_with_request (DevSshConnection         *self,
                                     const char               *channel_type,
                                     const DevSshFirstRequest *request,
                                     gboolean                  bundle,
                                     GTask                    *task)
{
  g_autoptr(Opening) opening = NULL;
  GCancellable *cancellable = g_task_get_cancellable (task);
  GTask *open_task, *reply_task = NULL;
  GError *error = NULL;

  if (request->payload != NULL &&
      !devssh_connection_check_payload (g_bytes_get_size (request->payload), &error))
    {
      devssh_context_return_error (self->config->context, task, error);
      return;
    }

  /* A channel that was opened must not vanish in a result that nobody sees. */
  g_task_set_check_cancellable (task, FALSE);

  opening = g_new0 (Opening, 1);
  g_ref_count_init (&opening->ref_count);
  opening->task = task;
  opening->request_type = g_strdup (request->request_type);
  opening->want_reply = request->want_reply;
  opening->payload = request->payload != NULL ? g_bytes_ref (request->payload) : NULL;
  opening->bundled = bundle;

  open_task = g_task_new (NULL, cancellable, opening_opened_cb, opening_ref (opening));
  if (bundle && request->want_reply)
    reply_task = g_task_new (NULL, cancellable, opening_replied_cb, opening_ref (opening));
  else if (bundle)
    opening->answered = opening->granted = TRUE;
  devssh_connection_open_bundled (self, channel_type, NULL, 0, bundle ? request : NULL, reply_task, open_task);
}
