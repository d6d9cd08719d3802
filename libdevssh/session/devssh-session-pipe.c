/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Joins two sessions (protocol.md 7.3): each peer sees the other one, as if nothing lay between them but the time it takes. */
#include <libdevssh/session/devssh-pipe.h>

#include <libdevssh/base/devssh-error.h>
#include <libdevssh/session/devssh-session-private.h>

typedef struct _Pipe Pipe;

typedef struct
{
  Pipe          *pipe;
  DevSshSession *from;
  DevSshSession *to;
  gulong         handlers[3];     /* request, channel-opening, closed */
} Direction;

struct _Pipe
{
  DevSshContext     *context;
  GTask             *task;
  DevSshCancelWatch *watch;
  Direction          ways[2];
};

static void
pipe_free (gpointer data)
{
  Pipe *self = data;

  for (guint i = 0; i < 2; i++)
    g_object_unref (self->ways[i].from);
  devssh_context_unref (self->context);
  g_free (self);
}

/* Consumes error. */
static void
pipe_end (Pipe   *self,
          GError *error)
{
  GTask *task = g_steal_pointer (&self->task);

  g_clear_pointer (&self->watch, devssh_cancel_watch_free);
  for (guint i = 0; i < 2; i++)
    for (guint n = 0; n < G_N_ELEMENTS (self->ways[i].handlers); n++)
      g_clear_signal_handler (&self->ways[i].handlers[n], self->ways[i].from);
  /* Channels that are joined stay so; with the task goes self. */
  if (error != NULL)
    devssh_context_return_error (self->context, task, error);
  else
    devssh_context_return_boolean (self->context, task, TRUE);
}

static void
pipe_cancelled_cb (gpointer data)
{
  pipe_end (data, devssh_error_new_cancelled ());
}

static void
closed_cb (DevSshSession          *session,
           DevSshDisconnectReason  reason,
           const char             *message,
           GError                 *error,
           Direction              *self)
{
  g_autoptr(DevSshSession) to = g_object_ref (self->to);

  /* Whom the other one is joined to is gone for good: to lose its connection only, and wait for another, would be for nobody. */
  if (reason == DEVSSH_DISCONNECT_REASON_CONNECTION_LOST && devssh_session_may_resume (to))
    reason = DEVSSH_DISCONNECT_REASON_BY_APPLICATION;
  pipe_end (self->pipe, NULL);
  devssh_session_close (to, reason, message);
}

/* ---- requests of the session ---- */

static gboolean
request_cb (DevSshSession        *session,
            DevSshSessionRequest *request,
            Direction            *self)
{
  devssh_connection_relay (devssh_session_get_private (self->to)->pump->connection, request);
  return TRUE;
}

/* ---- channels ---- */

static void
opened_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      data)
{
  g_autoptr(DevSshChannelOpening) opening = data;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshChannel) channel = devssh_session_open_channel_finish (DEVSSH_SESSION (source), result, &error);

  if (channel == NULL)
    {
      gboolean refused = g_error_matches (error, DEVSSH_CHANNEL_ERROR, error->code);

      devssh_channel_opening_reject (opening, refused ? (DevSshChannelOpenFailure) error->code
                                                      : DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED, error->message);
      return;
    }

  /* Joined before anybody can say a word (protocol.md 7.3). */
  devssh_channel_pipe_async (devssh_channel_opening_get_channel (opening), channel, NULL, NULL, NULL);
  devssh_channel_opening_accept (opening);
}

/* The far channel is there before the near one is confirmed: a peer that hears yes has reached the other. */
static gboolean
channel_opening_cb (DevSshSession        *session,
                    DevSshChannelOpening *opening,
                    Direction            *self)
{
  if (!devssh_channel_opening_get_is_remote (opening))
    return FALSE;

  devssh_session_open_channel_full_async (self->to, devssh_channel_opening_get_channel_type (opening),
                                          devssh_channel_opening_get_type_data (opening), 0,
                                          devssh_question_get_cancellable (DEVSSH_QUESTION (opening)),
                                          opened_cb, g_object_ref (opening));
  return TRUE;
}

static void
direction_start (Direction *self)
{
  self->handlers[0] = g_signal_connect (self->from, "request", G_CALLBACK (request_cb), self);
  self->handlers[1] = g_signal_connect (self->from, "channel-opening", G_CALLBACK (channel_opening_cb), self);
  self->handlers[2] = g_signal_connect (self->from, "closed", G_CALLBACK (closed_cb), self);
}

/**
 * devssh_session_pipe_async:
 * @self: a session that is authenticated
 * @other: another one, of the same main context
 * @cancellable: (nullable): a way to stop joining what is new; channels that are joined stay so
 * @callback: (scope async) (closure user_data): called when either session has ended, and the other one was told
 * @user_data: for @callback
 *
 * Joins two sessions, whose peers then talk to each other: every request of a session's peer (RFC 4254, 4) and every channel that
 * it opens (RFC 4254, 5.1) goes on to the other one's peer, whose answer comes back, and channels are joined as
 * [method@Channel.pipe_async] does it. A channel is confirmed only when the far end has confirmed it; if that refuses, its reason is
 * passed on. When one session closes, the other one is closed for the same reason; one that could go on over another connection is
 * closed with %DEVSSH_DISCONNECT_REASON_BY_APPLICATION if that reason is %DEVSSH_DISCONNECT_REASON_CONNECTION_LOST.
 *
 * A request whose peer on the other side does not read is refused once more than 1 MiB of such requests waits there; so is one, or a
 * reply, of more than 255 KiB.
 *
 * What a session answers by itself stays its own: keepalives, and what its services take. Channels that are open already are not
 * touched.
 *
 * Since: 1.0
 */
void
devssh_session_pipe_async (DevSshSession       *self,
                           DevSshSession       *other,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  DevSshSession *sessions[] = { self, other };
  GTask *task;
  Pipe *pipe;

  g_return_if_fail (DEVSSH_IS_SESSION (self));
  g_return_if_fail (DEVSSH_IS_SESSION (other) && other != self);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_session_pipe_async);
  g_task_set_check_cancellable (task, FALSE);
  if (!devssh_session_check_usable (self, task, TRUE) || !devssh_session_check_usable (other, task, TRUE))
    {
      g_object_unref (task);
      return;
    }

  pipe = g_new0 (Pipe, 1);
  pipe->context = devssh_context_ref (devssh_session_get_private (self)->context);
  pipe->task = task;
  g_object_set_data_full (G_OBJECT (task), "devssh-pipe", pipe, pipe_free);
  for (guint i = 0; i < 2; i++)
    {
      pipe->ways[i].pipe = pipe;
      pipe->ways[i].from = g_object_ref (sessions[i]);
      pipe->ways[i].to = sessions[1 - i];
      direction_start (&pipe->ways[i]);
    }
  pipe->watch = devssh_context_watch_cancellable (pipe->context, cancellable, pipe_cancelled_cb, pipe);
}

/**
 * devssh_session_pipe_finish:
 * @self: a session
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@Session.pipe_async]. The errors are those of an operation on a session that is not connected or not authenticated, and
 * `G_IO_ERROR_CANCELLED`; how a session ended is no error of the pipe, see [method@Session.get_error].
 *
 * Returns: %TRUE if the sessions have ended
 *
 * Since: 1.0
 */
gboolean
devssh_session_pipe_finish (DevSshSession  *self,
                            GAsyncResult   *result,
                            GError        **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
