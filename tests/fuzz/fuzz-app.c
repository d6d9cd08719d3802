/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The application's side: answers by the first letter of a name, and acts as the input says. */
#include "fuzz-app.h"

#include <libdevssh/base/devssh-error.h>
#include <libdevssh/connection/devssh-answers-private.h>
#include <libdevssh/connection/devssh-channel-private.h>

#define MAX_TURNS 1000

static void
app_send (DevSshOutbox *outbox,
          const guint8 *payload,
          gsize         length)
{
  FuzzApp *self = (FuzzApp *) outbox;

  g_assert_cmpuint (length, >, 0);
  self->n_sent[payload[0]]++;
  if (self->transport != NULL)
    devssh_transport_send (self->transport, payload, length);
}

static void
app_wake (gpointer host)
{
}

FuzzApp *
fuzz_app_new (gboolean         is_client,
              DevSshTransport *transport,
              guint            max_unaccepted)
{
  FuzzApp *self = g_new0 (FuzzApp, 1);
  DevSshConnectionConfig *config;

  self->outbox.send = app_send;
  self->transport = transport;
  self->max_unaccepted = max_unaccepted;
  self->context = devssh_context_ref_thread_default ();
  self->now = G_USEC_PER_SEC;
  self->kept = g_ptr_array_new_with_free_func (g_object_unref);
  self->cancellable = g_cancellable_new ();

  config = devssh_connection_config_new (self->context);
  config->is_client = is_client;
  config->first_requests = TRUE;
  config->wake = app_wake;
  config->host = self;
  config->max_channels = FUZZ_APP_MAX_CHANNELS / 2;
  config->max_pending_opens = 4;
  config->max_channel_requests = 4;
  config->max_session_requests = 8;
  config->max_unaccepted = max_unaccepted;
  config->initial_window = 4096;
  config->max_window = 65536;
  config->max_extra_window = 131072;
  config->max_packet = 1024;
  self->connection = devssh_connection_new (config, &self->outbox);

  return self;
}

void
fuzz_app_free (FuzzApp *self)
{
  g_autoptr(GError) error = g_error_new_literal (DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "over");

  self->closed = TRUE;
  devssh_connection_abort (self->connection, error);
  fuzz_app_run (self);
  g_assert_cmpuint (devssh_connection_get_n_channels (self->connection), ==, 0);
  g_clear_pointer (&self->connection, devssh_connection_free);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (self->n_begun, ==, self->n_ended);

  for (guint i = 0; i < self->n_channels; i++)
    {
      g_assert_cmpint (devssh_channel_get_state (self->channels[i]), ==, DEVSSH_CHANNEL_STATE_CLOSED);
      g_object_unref (self->channels[i]);
    }
  g_ptr_array_unref (self->kept);
  g_object_unref (self->cancellable);
  devssh_context_unref (self->context);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_free (self);
}

/* ---- answers ---- */

/* What the first letter of a name is an order for. */
static gboolean
answer (FuzzApp    *self,
        const char *name,
        gpointer    question,
        void      (*say) (gpointer question, gboolean yes),
        guint      *n_allowed)
{
  if (self->refuse || name == NULL)
    return FALSE;

  switch (name[0])
    {
    case 'k':
      g_ptr_array_add (self->kept, g_object_ref (question));
      return TRUE;
    case 'r':
      say (question, FALSE);
      return TRUE;
    case 'x':
      /* Accepted, and then thrown: refused (design D6). */
      say (question, TRUE);
      return FALSE;
    case 'd':
      return TRUE;
    case 's': case 'e': case 'a': case 't': case 'p':
      say (question, TRUE);
      ++*n_allowed;
      return TRUE;
    default:
      return FALSE;
    }
}

static void
say_to_opening (gpointer question,
                gboolean yes)
{
  if (yes)
    devssh_channel_opening_accept (question);
  else
    devssh_channel_opening_reject (question, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED, "no");
}

static void
say_to_request (gpointer question,
                gboolean yes)
{
  devssh_channel_request_complete (question, yes);
}

static void
say_to_session_request (gpointer question,
                        gboolean yes)
{
  static const guint8 port[] = { 0, 0, 0, 22 };
  g_autoptr(GBytes) payload = g_bytes_new_static (port, sizeof port);

  if (yes)
    devssh_session_request_complete_with_payload (question, TRUE, payload);
  else
    devssh_session_request_complete (question, FALSE);
}

static void
answer_kept (FuzzApp  *self,
             guint     index,
             gboolean  yes)
{
  g_autoptr(DevSshQuestion) question = NULL;

  if (self->kept->len == 0)
    return;

  question = g_ptr_array_steal_index (self->kept, index % self->kept->len);
  if (DEVSSH_IS_CHANNEL_OPENING (question))
    {
      say_to_opening (question, yes);
      self->openings_allowed += yes;
    }
  else if (DEVSSH_IS_CHANNEL_REQUEST (question))
    {
      say_to_request (question, yes);
      self->requests_allowed += yes;
    }
  else
    {
      say_to_session_request (question, yes);
      self->session_requests_allowed += yes;
    }
}

static gboolean
request_cb (DevSshChannel        *channel,
            DevSshChannelRequest *request,
            FuzzApp              *self)
{
  return answer (self, devssh_channel_request_get_request_type (request), request, say_to_request,
                 &self->requests_allowed);
}

static void
data_cb (DevSshChannel *channel,
         GBytes        *data,
         FuzzApp       *self)
{
  g_assert_cmpuint (g_bytes_get_size (data), >, 0);
  g_assert_cmpuint (g_bytes_get_size (data), <=, 1024);
}

static void
closed_cb (DevSshChannel *channel,
           FuzzApp       *self)
{
  g_assert_cmpint (devssh_channel_get_state (channel), ==, DEVSSH_CHANNEL_STATE_CLOSED);
}

static void
keep_channel (FuzzApp       *self,
              DevSshChannel *channel)
{
  for (guint i = 0; i < self->n_channels; i++)
    if (self->channels[i] == channel)
      return;

  if (self->n_channels == FUZZ_APP_MAX_CHANNELS)
    {
      g_signal_handlers_disconnect_by_data (self->channels[0], self);
      g_object_unref (self->channels[0]);
      self->n_channels--;
      memmove (self->channels, self->channels + 1, self->n_channels * sizeof self->channels[0]);
    }
  self->channels[self->n_channels++] = g_object_ref (channel);
  g_signal_connect (channel, "request", G_CALLBACK (request_cb), self);
  g_signal_connect (channel, "closed", G_CALLBACK (closed_cb), self);
}

static void
show_event (FuzzApp               *self,
            DevSshConnectionEvent *event)
{
  gboolean handled;

  switch (event->type)
    {
    case DEVSSH_CONNECTION_CHANNEL_OPENING:
      devssh_question_begin (DEVSSH_QUESTION (event->opening));
      handled = answer (self, devssh_channel_opening_get_channel_type (event->opening), event->opening, say_to_opening,
                        &self->openings_allowed);
      self->openings_allowed += !handled && self->max_unaccepted > 0;
      devssh_connection_question_shown (self->connection, DEVSSH_QUESTION (event->opening), handled, FALSE);
      break;

    case DEVSSH_CONNECTION_CHANNEL_REQUEST:
      devssh_question_begin (DEVSSH_QUESTION (event->channel_request));
      handled = devssh_channel_emit_request (event->channel, event->channel_request);
      devssh_connection_question_shown (self->connection, DEVSSH_QUESTION (event->channel_request), handled,
                                        !devssh_channel_has_request_handler (event->channel));
      break;

    case DEVSSH_CONNECTION_SESSION_REQUEST:
      devssh_question_begin (DEVSSH_QUESTION (event->session_request));
      handled = answer (self, devssh_session_request_get_request_type (event->session_request),
                        event->session_request, say_to_session_request, &self->session_requests_allowed);
      devssh_connection_question_shown (self->connection, DEVSSH_QUESTION (event->session_request), handled, FALSE);
      break;

    case DEVSSH_CONNECTION_FATAL:
      g_assert_cmpuint (event->reason, !=, 0);
      g_assert_nonnull (event->text);
      self->fatal = event->reason;
      break;

    case DEVSSH_CONNECTION_CHANNEL_OPENED:
      keep_channel (self, event->channel);
      G_GNUC_FALLTHROUGH;
    case DEVSSH_CONNECTION_CHANNEL_CLOSED:
    case DEVSSH_CONNECTION_CHANNEL_DATA:
    case DEVSSH_CONNECTION_CHANNEL_EOF:
    case DEVSSH_CONNECTION_CHANNEL_CLOSE_RECEIVED:
      devssh_connection_deliver (self->connection, event);
      break;

    case DEVSSH_CONNECTION_NONE:
    default:
      g_assert_not_reached ();
    }

  devssh_connection_event_clear (event);
}

/* ---- acts ---- */

static void
ended_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  ((FuzzApp *) user_data)->n_ended++;
}

static GTask *
begin (FuzzApp *self)
{
  self->n_begun++;

  return g_task_new (NULL, self->cancellable, ended_cb, self);
}

static void
act_on_session (FuzzApp *self,
                guint    act,
                guint    argument)
{
  static const char * const types[] = { "session", "direct-tcpip", NULL, "k", };
  const DevSshFirstRequest first = { "exec", (argument & 32) != 0, NULL };

  switch (act)
    {
    case 0:
      if (argument & 64)
        devssh_connection_open_with_request (self->connection, types[argument % 4], &first, argument & 16, begin (self));
      else
        devssh_connection_open (self->connection, types[argument % 4], NULL, argument & 128 ? 100 : 0, begin (self));
      break;
    case 1:
      self->openings_allowed++;
      devssh_connection_accept (self->connection, types[argument % 4], begin (self));
      break;
    case 2:
      devssh_connection_request (self->connection, "tcpip-forward", argument & 1, NULL, begin (self));
      break;
    case 3:
      g_cancellable_cancel (self->cancellable);
      g_object_unref (self->cancellable);
      self->cancellable = g_cancellable_new ();
      break;
    case 4:
      answer_kept (self, argument, TRUE);
      break;
    case 5:
      answer_kept (self, argument, FALSE);
      break;
    case 6:
      if (self->kept->len > 0)
        g_ptr_array_remove_index (self->kept, argument % self->kept->len);
      break;
    default:
      self->now += (gint64) argument * G_USEC_PER_SEC;
      break;
    }
}

static void
act_on_channel (FuzzApp       *self,
                DevSshChannel *channel,
                guint          act,
                guint          argument)
{
  g_autoptr(GBytes) data = NULL;

  switch (act)
    {
    case 0:
      data = g_bytes_new_take (g_malloc0 (argument * 64), argument * 64);
      self->n_begun++;
      devssh_channel_send_async (channel, data, self->cancellable, ended_cb, self);
      break;
    case 1:
      data = g_bytes_new_take (g_malloc0 (argument), argument);
      self->n_begun++;
      devssh_channel_send_extended_async (channel, 1, data, self->cancellable, ended_cb, self);
      break;
    case 2:
      devssh_channel_send_eof (channel, NULL);
      break;
    case 3:
      devssh_channel_close (channel);
      break;
    case 4:
      devssh_channel_close_with_status (channel, argument);
      break;
    case 5:
      self->n_begun++;
      devssh_channel_request_async (channel, "exec", argument & 1, NULL, self->cancellable, ended_cb, self);
      break;
    case 6:
      if (argument & 1)
        g_signal_connect (channel, "data", G_CALLBACK (data_cb), self);
      else
        g_signal_handlers_disconnect_by_func (channel, data_cb, self);
      break;
    case 7:
      devssh_channel_set_manual_credit (channel, argument & 1);
      devssh_channel_set_manual_close (channel, argument & 2);
      break;
    case 8:
      devssh_channel_adjust_window (channel, argument * 16, NULL);
      break;
    case 9:
      self->n_begun++;
      devssh_channel_close_async (channel, self->cancellable, ended_cb, self);
      break;
    default:
      devssh_channel_pause (channel, argument & 1);
      break;
    }
}

void
fuzz_app_act (FuzzApp   *self,
              FuzzInput *input)
{
  guint act = fuzz_byte (input);
  guint argument = fuzz_byte (input);

  if (self->closed)
    return;

  if (act < 128 || self->n_channels == 0)
    act_on_session (self, act % 8, argument);
  else
    act_on_channel (self, self->channels[act % self->n_channels], act / 8 % 11, argument);
}

/* ---- the pump ---- */

/* How a command ended is granted without asking anybody. */
static gboolean
is_exit (const guint8 *payload,
         gsize         length)
{
  g_auto(DevSshChannelRequestMessage) request = { 0 };

  return devssh_channel_request_message_decode (&request, payload, length, NULL) &&
         g_str_has_prefix (request.request, "exit-s");
}

static gboolean
is_bundled_exit (const guint8 *payload,
                 gsize         length)
{
  g_auto(DevSshGlobalRequestMessage) request = { 0 };
  g_auto(DevSshInitialChannelRequest) initial = { 0 };

  return devssh_global_request_message_decode (&request, payload, length, NULL) &&
         devssh_initial_channel_request_decode (&initial, request.data.data, request.data.length, NULL) &&
         is_exit (initial.request.data, initial.request.length);
}

/* What the peer has just allowed us to send; more than the engine may count, never less. */
static void
count_allowance (FuzzApp      *self,
                 const guint8 *payload,
                 gsize         length)
{
  g_auto(DevSshChannelOpenMessage) opening = { 0 };
  g_auto(DevSshChannelOpenConfirmationMessage) confirmation = { 0 };
  g_auto(DevSshChannelWindowAdjustMessage) adjust = { 0 };

  switch (payload[0])
    {
    case DEVSSH_MESSAGE_CHANNEL_OPEN:
      if (devssh_channel_open_message_decode (&opening, payload, length, NULL))
        self->data_allowed += opening.initial_window;
      break;
    case DEVSSH_MESSAGE_CHANNEL_OPEN_CONFIRMATION:
      if (devssh_channel_open_confirmation_message_decode (&confirmation, payload, length, NULL))
        self->data_allowed += confirmation.initial_window;
      break;
    case DEVSSH_MESSAGE_CHANNEL_WINDOW_ADJUST:
      if (devssh_channel_window_adjust_message_decode (&adjust, payload, length, NULL))
        self->data_allowed += adjust.bytes_to_add;
      break;
    case DEVSSH_MESSAGE_CHANNEL_REQUEST:
      self->requests_seen++;
      self->requests_allowed += is_exit (payload, length);
      break;
    case DEVSSH_MESSAGE_GLOBAL_REQUEST:
      self->session_requests_seen++;
      self->session_requests_allowed += is_bundled_exit (payload, length);
      break;
    default:
      break;
    }
}

void
fuzz_app_receive (FuzzApp      *self,
                  const guint8 *payload,
                  gsize         length,
                  DevSshBuffer *buffer,
                  gboolean      before_auth)
{
  guint grants = self->n_sent[81] + self->n_sent[91] + self->n_sent[99];
  guint64 data = self->data_sent;

  if (length > 0)
    count_allowance (self, payload, length);
  devssh_connection_handle (self->connection, payload, length, buffer, before_auth, self->now);
  if (before_auth)
    {
      g_assert_cmpuint (self->n_sent[81] + self->n_sent[91] + self->n_sent[99], ==, grants);
      g_assert_cmpuint (self->data_sent, ==, data);
    }
}

void
fuzz_app_check (FuzzApp *self)
{
  g_assert_cmpuint (self->n_sent[91], <=, self->openings_allowed);
  /* A request that came bundled with its opening is answered as one of the session. */
  g_assert_cmpuint (self->n_sent[99], <=, self->requests_allowed);
  g_assert_cmpuint (self->n_sent[81], <=, self->session_requests_allowed + self->requests_allowed);
  g_assert_cmpuint (self->n_sent[99] + self->n_sent[100], <=, self->requests_seen);
  g_assert_cmpuint (self->n_sent[81] + self->n_sent[82], <=, self->session_requests_seen);
  g_assert_cmpuint (self->data_sent, <=, self->data_allowed);
  g_assert_cmpuint (self->n_sent[52], <=, self->logins_allowed);
}

static gboolean
pull (FuzzApp *self)
{
  DevSshOutgoing out;
  gboolean moved = FALSE;

  while ((self->transport == NULL || devssh_transport_can_send_data (self->transport)) &&
         devssh_connection_pull (self->connection, &out))
    {
      g_assert_cmpuint (out.body_length, >, 0);
      g_assert_cmpuint (out.body_length, <=, 1024);
      self->data_sent += out.body_length;
      self->n_sent[out.head[0]]++;
      if (self->transport != NULL)
        devssh_transport_send_data (self->transport, out.head, out.head_length, out.body, out.body_length, NULL);
      devssh_connection_pulled (self->connection, &out);
      moved = TRUE;
    }

  return moved;
}

void
fuzz_app_run (FuzzApp *self)
{
  DevSshConnectionEvent event;
  gboolean moved = TRUE;

  for (guint turn = 0; moved; turn++)
    {
      g_assert_cmpuint (turn, <, MAX_TURNS);
      moved = FALSE;
      while (devssh_connection_next_event (self->connection, &event))
        {
          show_event (self, &event);
          moved = TRUE;
        }
      moved |= devssh_connection_run_flushes (self->connection);
      if (!self->closed && self->fatal == 0)
        moved |= pull (self);
      moved |= devssh_connection_run_done (self->connection);
      moved |= g_main_context_iteration (NULL, FALSE);
    }
  fuzz_app_check (self);
}
