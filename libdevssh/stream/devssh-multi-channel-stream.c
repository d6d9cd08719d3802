/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many channels over one stream that is secure already (protocol.md 7.4): a session without cryptography, which connects when
 * somebody first wants something of it. */
#include <libdevssh/stream/devssh-multi-channel-stream.h>

#include <libdevssh/base/devssh-error.h>
#include <libdevssh/session/devssh-client-session.h>
#include <libdevssh/session/devssh-session-private.h>

#define CHANNEL_TYPE "session"
/* The ends need not agree on who goes first: so many channels of the peer's wait for an accept. */
#define MAX_UNACCEPTED 64
/* What the original library says. */
#define LAST_WORDS "SshSession disposed"

struct _DevSshMultiChannelStream
{
  GObject        parent_instance;
  DevSshContext *context;
  DevSshSession *session;
  guint          max_window_size;   /* 0: the configuration's */
  GQueue         waiting;           /* (element-type Errand): for the connection */
  gboolean       connecting;        /* connect was called, and has not ended */
  gboolean       told;              /* ::closed was emitted */
};

typedef struct _Errand Errand;

/* What is to be done once the stream is connected. It belongs to its task. */
struct _Errand
{
  DevSshMultiChannelStream *stream;         /* borrowed from the task */
  GTask                    *task;           /* borrowed; a reference while it waits */
  void                    (*go_on) (Errand *self);
  char                     *channel_type;
  gboolean                  as_stream;
  gboolean                  cancelled;      /* ... while it ran until closed */
  DevSshCancelWatch        *watch;
};

/**
 * DevSshMultiChannelStream:
 *
 * Many channels over one stream that is secure already, such as a pipe between two processes, a [class@SecureStream], or a
 * TLS connection.
 *
 * Nothing is encrypted, and nobody is authenticated: whoever has the other end of the stream below is trusted with as much as that.
 * There are no roles either; both ends open and accept channels.
 *
 * Every operation connects the stream if that has not been done yet. What the peer opens is decided by a handler of
 * [signal@MultiChannelStream::channel-opening]; without one, or if it leaves the question, up to 64 channels wait for
 * [method@MultiChannelStream.accept_channel_async] or [method@MultiChannelStream.accept_stream_async], and no more are accepted.
 *
 * Dropping the last reference closes the stream, as [method@MultiChannelStream.close] does.
 *
 * Since: 1.0
 */
G_DEFINE_FINAL_TYPE (DevSshMultiChannelStream, devssh_multi_channel_stream, G_TYPE_OBJECT)

enum { PROP_0, PROP_SESSION, PROP_IS_CLOSED, PROP_CHANNEL_MAX_WINDOW_SIZE, N_PROPS };
enum { SIGNAL_CHANNEL_OPENING, SIGNAL_CLOSED, N_SIGNALS };
static GParamSpec *properties[N_PROPS];
static guint       signals[N_SIGNALS];

/* ---- what the session says ---- */

static gboolean
devssh_multi_channel_stream_channel_opening_cb (DevSshSession            *session,
                                                DevSshChannelOpening     *opening,
                                                DevSshMultiChannelStream *self)
{
  gboolean handled = FALSE;

  if (self->max_window_size != 0 && devssh_channel_opening_get_is_remote (opening))
    devssh_channel_set_max_window_size (devssh_channel_opening_get_channel (opening), self->max_window_size, NULL);
  g_signal_emit (self, signals[SIGNAL_CHANNEL_OPENING], 0, opening, &handled);
  return handled;
}

static void
devssh_multi_channel_stream_tell_closed (DevSshMultiChannelStream *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self->session);

  if (self->told)
    return;

  self->told = TRUE;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_IS_CLOSED]);
  g_signal_emit (self, signals[SIGNAL_CLOSED], 0, priv->reason, priv->message, priv->error);
}

static void
devssh_multi_channel_stream_closed_cb (DevSshSession            *session,
                                       DevSshDisconnectReason    reason,
                                       const char               *message,
                                       GError                   *error,
                                       DevSshMultiChannelStream *self)
{
  devssh_multi_channel_stream_tell_closed (self);
}

/* ---- errands ---- */

static void
errand_free (gpointer data)
{
  Errand *self = data;

  g_clear_pointer (&self->watch, devssh_cancel_watch_free);
  g_free (self->channel_type);
  g_free (self);
}

/* Takes it out of the queue; returns its task, whose reference is the caller's then. */
static GTask *
errand_leave (Errand *self)
{
  g_queue_remove (&self->stream->waiting, self);
  g_clear_pointer (&self->watch, devssh_cancel_watch_free);
  return self->task;
}

/* Of whoever only waited: the others' stream goes on. */
static void
errand_cancelled_cb (gpointer data)
{
  Errand *self = data;

  devssh_context_return_cancelled (self->stream->context, errand_leave (self));
}

static GError *
devssh_multi_channel_stream_new_closed_error (DevSshMultiChannelStream *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self->session);

  return g_error_new (DEVSSH_ERROR, DEVSSH_ERROR_CLOSED, "The stream is closed: %s", priv->error->message);
}

static void
devssh_multi_channel_stream_connected_cb (GObject      *source,
                                          GAsyncResult *result,
                                          gpointer      user_data)
{
  g_autoptr(DevSshMultiChannelStream) self = user_data;
  g_autoptr(GError) error = NULL;
  gboolean connected = devssh_session_connect_finish (self->session, result, &error);
  Errand *errand;

  /* Each may bring others, or cancel them. */
  self->connecting = FALSE;
  while ((errand = g_queue_peek_head (&self->waiting)) != NULL)
    {
      g_autoptr(GTask) task = errand_leave (errand);

      if (connected)
        errand->go_on (errand);
      else
        g_task_return_error (task, g_error_copy (error));
    }
}

static void
devssh_multi_channel_stream_start_connecting (DevSshMultiChannelStream *self)
{
  if (self->connecting)
    return;

  self->connecting = TRUE;
  devssh_session_connect_async (self->session, NULL, devssh_multi_channel_stream_connected_cb, g_object_ref (self));
}

static gboolean
devssh_multi_channel_stream_check (DevSshMultiChannelStream *self,
                                   GTask                    *task)
{
  GError *error = NULL;

  if (!devssh_context_check_here (self->context, G_STRFUNC, &error))
    {
      g_task_return_error (task, error);
      return FALSE;
    }

  if (self->session == NULL)
    g_set_error_literal (&error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE,
                         "The stream was made without another one below it");
  else if (devssh_session_get_is_closed (self->session))
    error = devssh_multi_channel_stream_new_closed_error (self);
  else
    g_cancellable_set_error_if_cancelled (g_task_get_cancellable (task), &error);
  if (error == NULL)
    return TRUE;

  devssh_context_return_error (self->context, g_object_ref (task), error);
  return FALSE;
}

static void
devssh_multi_channel_stream_run (DevSshMultiChannelStream *self,
                                 gpointer                  source_tag,
                                 void                    (*go_on) (Errand *errand),
                                 const char               *channel_type,
                                 gboolean                  as_stream,
                                 GCancellable             *cancellable,
                                 GAsyncReadyCallback       callback,
                                 gpointer                  user_data)
{
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  Errand *errand = g_new0 (Errand, 1);

  g_task_set_source_tag (task, source_tag);
  /* A channel that is there is not dropped because its taker has changed his mind. */
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, errand, errand_free);
  errand->stream = self;
  errand->task = task;
  errand->go_on = go_on;
  errand->channel_type = g_strdup (channel_type != NULL ? channel_type : CHANNEL_TYPE);
  errand->as_stream = as_stream;
  if (!devssh_multi_channel_stream_check (self, task))
    return;

  if (devssh_session_get_is_connected (self->session))
    {
      go_on (errand);
      return;
    }
  errand->watch = devssh_context_watch_cancellable (self->context, cancellable, errand_cancelled_cb, errand);
  g_queue_push_tail (&self->waiting, errand);
  g_object_ref (task);
  devssh_multi_channel_stream_start_connecting (self);
}

/* ---- connecting ---- */

static void
errand_is_connected (Errand *self)
{
  devssh_context_return_boolean (self->stream->context, g_object_ref (self->task), TRUE);
}

/**
 * devssh_multi_channel_stream_connect_async:
 * @self: a stream
 * @cancellable: (nullable): a way to stop waiting; the stream goes on
 * @callback: (scope async) (closure user_data): called when the peer's first words are there
 * @user_data: for @callback
 *
 * Connects the stream. If it is connected already, or is being connected, nothing more happens than that @callback is called when
 * it is.
 *
 * Since: 1.0
 */
void
devssh_multi_channel_stream_connect_async (DevSshMultiChannelStream *self,
                                           GCancellable             *cancellable,
                                           GAsyncReadyCallback       callback,
                                           gpointer                  user_data)
{
  g_return_if_fail (DEVSSH_IS_MULTI_CHANNEL_STREAM (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  devssh_multi_channel_stream_run (self, devssh_multi_channel_stream_connect_async, errand_is_connected, NULL, FALSE,
                                   cancellable, callback, user_data);
}

/**
 * devssh_multi_channel_stream_connect_finish:
 * @self: a stream
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@MultiChannelStream.connect_async]. Fails with a `DEVSSH_CONNECTION_ERROR` with the reason of the end,
 * %DEVSSH_ERROR_CLOSED, or `G_IO_ERROR_CANCELLED`.
 *
 * Returns: %TRUE if the stream is connected
 *
 * Since: 1.0
 */
gboolean
devssh_multi_channel_stream_connect_finish (DevSshMultiChannelStream  *self,
                                            GAsyncResult              *result,
                                            GError                   **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
run_cancelled_cb (gpointer data)
{
  Errand *self = data;

  g_clear_pointer (&self->watch, devssh_cancel_watch_free);
  self->cancelled = TRUE;
  devssh_multi_channel_stream_close (self->stream);
}

static void
run_ended_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Errand *errand = g_task_get_task_data (task);
  DevSshSessionPrivate *priv = devssh_session_get_private (DEVSSH_SESSION (source));

  g_clear_pointer (&errand->watch, devssh_cancel_watch_free);
  if (errand->cancelled)
    g_task_return_error (task, devssh_error_new_cancelled ());
  else if (priv->reason == DEVSSH_DISCONNECT_REASON_NONE || priv->reason == DEVSSH_DISCONNECT_REASON_BY_APPLICATION)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, g_error_copy (priv->error));
}

/**
 * devssh_multi_channel_stream_connect_and_run_until_closed_async:
 * @self: a stream
 * @cancellable: (nullable): a way to close the stream
 * @callback: (scope async) (closure user_data): called when the stream and the one below are closed
 * @user_data: for @callback
 *
 * Connects the stream if need be, and waits until one of the ends closes it. Connect to
 * [signal@MultiChannelStream::channel-opening] before.
 *
 * Since: 1.0
 */
void
devssh_multi_channel_stream_connect_and_run_until_closed_async (DevSshMultiChannelStream *self,
                                                                GCancellable             *cancellable,
                                                                GAsyncReadyCallback       callback,
                                                                gpointer                  user_data)
{
  g_autoptr(GTask) task = NULL;
  Errand *errand;

  g_return_if_fail (DEVSSH_IS_MULTI_CHANNEL_STREAM (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_multi_channel_stream_connect_and_run_until_closed_async);
  g_task_set_check_cancellable (task, FALSE);
  errand = g_new0 (Errand, 1);
  errand->stream = self;
  errand->task = task;
  g_task_set_task_data (task, errand, errand_free);
  if (!devssh_context_check_here (self->context, G_STRFUNC, NULL) || self->session == NULL)
    {
      devssh_multi_channel_stream_check (self, task);
      return;
    }

  errand->watch = devssh_context_watch_cancellable (self->context, cancellable, run_cancelled_cb, errand);
  if (!devssh_session_get_is_closed (self->session) && !devssh_session_get_is_connected (self->session))
    devssh_multi_channel_stream_start_connecting (self);
  devssh_session_wait_closed_async (self->session, NULL, run_ended_cb, g_object_ref (task));
}

/**
 * devssh_multi_channel_stream_connect_and_run_until_closed_finish:
 * @self: a stream
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@MultiChannelStream.connect_and_run_until_closed_async]. The stream is closed in any case.
 *
 * Fails with `G_IO_ERROR_CANCELLED`, or with a `DEVSSH_CONNECTION_ERROR` if nobody closed the stream but it was lost, or was
 * ended for any other reason than %DEVSSH_DISCONNECT_REASON_NONE and %DEVSSH_DISCONNECT_REASON_BY_APPLICATION.
 *
 * Returns: %TRUE if one of the ends has closed the stream
 *
 * Since: 1.0
 */
gboolean
devssh_multi_channel_stream_connect_and_run_until_closed_finish (DevSshMultiChannelStream  *self,
                                                                 GAsyncResult              *result,
                                                                 GError                   **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- channels ---- */

/* channel taken; NULL: error, taken. */
static void
errand_return_channel (Errand        *self,
                       DevSshChannel *taken,
                       GError        *error)
{
  g_autoptr(DevSshChannel) channel = taken;
  g_autoptr(GTask) task = self->task;
  DevSshChannelStream *stream;

  if (channel == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (!self->as_stream)
    {
      g_task_return_pointer (task, g_steal_pointer (&channel), g_object_unref);
      return;
    }

  stream = devssh_channel_stream_new (channel, &error);
  if (stream != NULL)
    g_task_return_pointer (task, stream, g_object_unref);
  else
    g_task_return_error (task, error);
}

static void
errand_opened_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  GError *error = NULL;
  DevSshChannel *channel = devssh_session_open_channel_finish (DEVSSH_SESSION (source), result, &error);

  errand_return_channel (user_data, channel, error);
}

static void
errand_accepted_cb (GObject      *source,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  GError *error = NULL;
  DevSshChannel *channel = devssh_session_accept_channel_finish (DEVSSH_SESSION (source), result, &error);

  errand_return_channel (user_data, channel, error);
}

static void
errand_open (Errand *self)
{
  g_object_ref (self->task);
  devssh_session_open_channel_full_async (self->stream->session, self->channel_type, NULL, self->stream->max_window_size,
                                          g_task_get_cancellable (self->task), errand_opened_cb, self);
}

static void
errand_accept (Errand *self)
{
  g_object_ref (self->task);
  devssh_session_accept_channel_async (self->stream->session, self->channel_type,
                                       g_task_get_cancellable (self->task), errand_accepted_cb, self);
}

/**
 * devssh_multi_channel_stream_open_channel_async:
 * @self: a stream
 * @channel_type: (nullable): the type; %NULL for `session`
 * @cancellable: (nullable): a way to give up; the stream goes on
 * @callback: (scope async) (closure user_data): called when the peer has decided
 * @user_data: for @callback
 *
 * Connects the stream if need be, and opens a channel.
 *
 * Since: 1.0
 */
void
devssh_multi_channel_stream_open_channel_async (DevSshMultiChannelStream *self,
                                                const char               *channel_type,
                                                GCancellable             *cancellable,
                                                GAsyncReadyCallback       callback,
                                                gpointer                  user_data)
{
  g_return_if_fail (DEVSSH_IS_MULTI_CHANNEL_STREAM (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  devssh_multi_channel_stream_run (self, devssh_multi_channel_stream_open_channel_async, errand_open, channel_type, FALSE,
                                   cancellable, callback, user_data);
}

/**
 * devssh_multi_channel_stream_open_channel_finish:
 * @self: a stream
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@MultiChannelStream.open_channel_async]. The errors are those of [method@MultiChannelStream.connect_finish] and of
 * [method@Session.open_channel_async].
 *
 * Returns: (transfer full): the open channel, or %NULL
 *
 * Since: 1.0
 */
DevSshChannel *
devssh_multi_channel_stream_open_channel_finish (DevSshMultiChannelStream  *self,
                                                 GAsyncResult              *result,
                                                 GError                   **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * devssh_multi_channel_stream_open_stream_async:
 * @self: a stream
 * @channel_type: (nullable): the type; %NULL for `session`
 * @cancellable: (nullable): a way to give up; the stream goes on
 * @callback: (scope async) (closure user_data): called when the peer has decided
 * @user_data: for @callback
 *
 * As [method@MultiChannelStream.open_channel_async], and makes a stream of the channel.
 *
 * Since: 1.0
 */
void
devssh_multi_channel_stream_open_stream_async (DevSshMultiChannelStream *self,
                                               const char               *channel_type,
                                               GCancellable             *cancellable,
                                               GAsyncReadyCallback       callback,
                                               gpointer                  user_data)
{
  g_return_if_fail (DEVSSH_IS_MULTI_CHANNEL_STREAM (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  devssh_multi_channel_stream_run (self, devssh_multi_channel_stream_open_stream_async, errand_open, channel_type, TRUE,
                                   cancellable, callback, user_data);
}

/**
 * devssh_multi_channel_stream_open_stream_finish:
 * @self: a stream
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@MultiChannelStream.open_stream_async]. The errors are those of [method@MultiChannelStream.open_channel_finish];
 * %DEVSSH_ERROR_INVALID_STATE if a handler of [signal@MultiChannelStream::channel-opening] reads from the channel itself.
 *
 * Returns: (transfer full): the stream of an open channel, or %NULL
 *
 * Since: 1.0
 */
DevSshChannelStream *
devssh_multi_channel_stream_open_stream_finish (DevSshMultiChannelStream  *self,
                                                GAsyncResult              *result,
                                                GError                   **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * devssh_multi_channel_stream_accept_channel_async:
 * @self: a stream
 * @channel_type: (nullable): the type; %NULL for `session`
 * @cancellable: (nullable): a way to give up; no channel is lost by it
 * @callback: (scope async) (closure user_data): called when the peer has opened one
 * @user_data: for @callback
 *
 * Connects the stream if need be, and waits for a channel that the peer opens, or has opened already.
 *
 * Since: 1.0
 */
void
devssh_multi_channel_stream_accept_channel_async (DevSshMultiChannelStream *self,
                                                  const char               *channel_type,
                                                  GCancellable             *cancellable,
                                                  GAsyncReadyCallback       callback,
                                                  gpointer                  user_data)
{
  g_return_if_fail (DEVSSH_IS_MULTI_CHANNEL_STREAM (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  devssh_multi_channel_stream_run (self, devssh_multi_channel_stream_accept_channel_async, errand_accept, channel_type, FALSE,
                                   cancellable, callback, user_data);
}

/**
 * devssh_multi_channel_stream_accept_channel_finish:
 * @self: a stream
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@MultiChannelStream.accept_channel_async]. The errors are those of [method@MultiChannelStream.connect_finish].
 *
 * Returns: (transfer full): the open channel, or %NULL
 *
 * Since: 1.0
 */
DevSshChannel *
devssh_multi_channel_stream_accept_channel_finish (DevSshMultiChannelStream  *self,
                                                   GAsyncResult              *result,
                                                   GError                   **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * devssh_multi_channel_stream_accept_stream_async:
 * @self: a stream
 * @channel_type: (nullable): the type; %NULL for `session`
 * @cancellable: (nullable): a way to give up; no channel is lost by it
 * @callback: (scope async) (closure user_data): called when the peer has opened one
 * @user_data: for @callback
 *
 * As [method@MultiChannelStream.accept_channel_async], and makes a stream of the channel.
 *
 * Since: 1.0
 */
void
devssh_multi_channel_stream_accept_stream_async (DevSshMultiChannelStream *self,
                                                 const char               *channel_type,
                                                 GCancellable             *cancellable,
                                                 GAsyncReadyCallback       callback,
                                                 gpointer                  user_data)
{
  g_return_if_fail (DEVSSH_IS_MULTI_CHANNEL_STREAM (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  devssh_multi_channel_stream_run (self, devssh_multi_channel_stream_accept_stream_async, errand_accept, channel_type, TRUE,
                                   cancellable, callback, user_data);
}

/**
 * devssh_multi_channel_stream_accept_stream_finish:
 * @self: a stream
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@MultiChannelStream.accept_stream_async]. The errors are those of
 * [method@MultiChannelStream.accept_channel_finish]; %DEVSSH_ERROR_INVALID_STATE if a handler of
 * [signal@MultiChannelStream::channel-opening] reads from the channel itself.
 *
 * Returns: (transfer full): the stream of an open channel, or %NULL
 *
 * Since: 1.0
 */
DevSshChannelStream *
devssh_multi_channel_stream_accept_stream_finish (DevSshMultiChannelStream  *self,
                                                  GAsyncResult              *result,
                                                  GError                   **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- closing ---- */

/**
 * devssh_multi_channel_stream_close:
 * @self: a stream
 *
 * Closes the stream with all its channels, and the one below: what was sent leaves first, as far as the windows allow, then a
 * DISCONNECT with %DEVSSH_DISCONNECT_REASON_NONE. Pending operations fail, then
 * [signal@MultiChannelStream::closed] comes. Closing twice does nothing.
 *
 * Since: 1.0
 */
void
devssh_multi_channel_stream_close (DevSshMultiChannelStream *self)
{
  g_return_if_fail (DEVSSH_IS_MULTI_CHANNEL_STREAM (self));

  if (self->session == NULL || !devssh_context_check_here (self->context, G_STRFUNC, NULL))
    return;

  devssh_session_end (self->session, DEVSSH_DISCONNECT_REASON_NONE, LAST_WORDS, NULL, DEVSSH_END_SAID);
}

static void
devssh_multi_channel_stream_close_cb (GObject      *source,
                                      GAsyncResult *result,
                                      gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;

  if (devssh_session_close_finish (DEVSSH_SESSION (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/**
 * devssh_multi_channel_stream_close_async:
 * @self: a stream
 * @cancellable: (nullable): a way to stop waiting; the stream closes all the same
 * @callback: (scope async) (closure user_data): called when everybody was told and the stream below is closed
 * @user_data: for @callback
 *
 * As [method@MultiChannelStream.close], and tells when it is done: after half a second at the latest.
 *
 * Since: 1.0
 */
void
devssh_multi_channel_stream_close_async (DevSshMultiChannelStream *self,
                                         GCancellable             *cancellable,
                                         GAsyncReadyCallback       callback,
                                         gpointer                  user_data)
{
  g_autoptr(GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (DEVSSH_IS_MULTI_CHANNEL_STREAM (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_multi_channel_stream_close_async);
  g_task_set_check_cancellable (task, FALSE);
  if (!devssh_context_check_here (self->context, G_STRFUNC, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (self->session == NULL)
    {
      devssh_context_return_boolean (self->context, g_steal_pointer (&task), TRUE);
      return;
    }

  devssh_multi_channel_stream_close (self);
  devssh_session_close_async (self->session, DEVSSH_DISCONNECT_REASON_NONE, NULL, cancellable,
                              devssh_multi_channel_stream_close_cb, g_steal_pointer (&task));
}

/**
 * devssh_multi_channel_stream_close_finish:
 * @self: a stream
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@MultiChannelStream.close_async].
 *
 * Returns: %TRUE unless waiting was cancelled
 *
 * Since: 1.0
 */
gboolean
devssh_multi_channel_stream_close_finish (DevSshMultiChannelStream  *self,
                                          GAsyncResult              *result,
                                          GError                   **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- GObject ---- */

static void
devssh_multi_channel_stream_get_property (GObject    *object,
                                          guint       property_id,
                                          GValue     *value,
                                          GParamSpec *pspec)
{
  DevSshMultiChannelStream *self = DEVSSH_MULTI_CHANNEL_STREAM (object);

  switch (property_id)
    {
    case PROP_SESSION:
      g_value_set_object (value, devssh_multi_channel_stream_get_session (self));
      break;

    case PROP_IS_CLOSED:
      g_value_set_boolean (value, devssh_multi_channel_stream_get_is_closed (self));
      break;

    case PROP_CHANNEL_MAX_WINDOW_SIZE:
      g_value_set_uint (value, devssh_multi_channel_stream_get_channel_max_window_size (self));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
devssh_multi_channel_stream_set_property (GObject      *object,
                                          guint         property_id,
                                          const GValue *value,
                                          GParamSpec   *pspec)
{
  DevSshMultiChannelStream *self = DEVSSH_MULTI_CHANNEL_STREAM (object);

  switch (property_id)
    {
    case PROP_CHANNEL_MAX_WINDOW_SIZE:
      devssh_multi_channel_stream_set_channel_max_window_size (self, g_value_get_uint (value));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

/* Whoever still listens is told now, for later nobody can. */
static void
devssh_multi_channel_stream_dispose (GObject *object)
{
  DevSshMultiChannelStream *self = DEVSSH_MULTI_CHANNEL_STREAM (object);

  if (!devssh_context_is_here (self->context))
    {
      devssh_context_take_home (self->context, self);
      return;
    }

  if (self->session != NULL && !self->told)
    {
      devssh_multi_channel_stream_close (self);
      devssh_multi_channel_stream_tell_closed (self);
    }
  G_OBJECT_CLASS (devssh_multi_channel_stream_parent_class)->dispose (object);
}

static void
devssh_multi_channel_stream_finalize (GObject *object)
{
  DevSshMultiChannelStream *self = DEVSSH_MULTI_CHANNEL_STREAM (object);

  g_clear_object (&self->session);
  g_clear_pointer (&self->context, devssh_context_unref);

  G_OBJECT_CLASS (devssh_multi_channel_stream_parent_class)->finalize (object);
}

static void
devssh_multi_channel_stream_class_init (DevSshMultiChannelStreamClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = devssh_multi_channel_stream_get_property;
  object_class->set_property = devssh_multi_channel_stream_set_property;
  object_class->dispose = devssh_multi_channel_stream_dispose;
  object_class->finalize = devssh_multi_channel_stream_finalize;

  /**
   * DevSshMultiChannelStream:session: (getter get_session)
   *
   * The session inside.
   *
   * Since: 1.0
   */
  properties[PROP_SESSION] =
    g_param_spec_object ("session", NULL, NULL, DEVSSH_TYPE_SESSION, readable);

  /**
   * DevSshMultiChannelStream:is-closed: (getter get_is_closed)
   *
   * Whether the stream has ended, whoever closed it.
   *
   * Since: 1.0
   */
  properties[PROP_IS_CLOSED] =
    g_param_spec_boolean ("is-closed", NULL, NULL, FALSE, readable);

  /**
   * DevSshMultiChannelStream:channel-max-window-size: (getter get_channel_max_window_size) (setter set_channel_max_window_size)
   *
   * How many bytes the peer may send ahead on a channel (RFC 4254, 5.2), for channels of either side that are opened from now on;
   * 0: 1 MiB that grows with the reader's speed.
   *
   * Since: 1.0
   */
  properties[PROP_CHANNEL_MAX_WINDOW_SIZE] =
    g_param_spec_uint ("channel-max-window-size", NULL, NULL, 0, G_MAXUINT, 0, readable | G_PARAM_WRITABLE);

  g_object_class_install_properties (object_class, N_PROPS, properties);

  /**
   * DevSshMultiChannelStream::channel-opening:
   * @self: the stream
   * @opening: the channel that is to be opened
   *
   * A channel is being opened: by the peer, or by this side and the peer has said yes
   * ([method@ChannelOpening.get_is_remote]). It is [signal@Session::channel-opening] of the session inside.
   *
   * Returns: %TRUE if the question is taken; %FALSE to leave it: then one of the peer's waits to be accepted
   *
   * Since: 1.0
   */
  signals[SIGNAL_CHANNEL_OPENING] =
    g_signal_new ("channel-opening", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                  g_signal_accumulator_true_handled, NULL, NULL,
                  G_TYPE_BOOLEAN, 1, DEVSSH_TYPE_CHANNEL_OPENING);

  /**
   * DevSshMultiChannelStream::closed:
   * @self: the stream
   * @reason: why (RFC 4253, 11.1); %DEVSSH_DISCONNECT_REASON_NONE if one of the ends closed it
   * @message: the same for people
   * @error: the error that pending operations got
   *
   * The stream has ended. Emitted once, after every channel was told.
   *
   * Since: 1.0
   */
  signals[SIGNAL_CLOSED] =
    g_signal_new ("closed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 3, DEVSSH_TYPE_DISCONNECT_REASON, G_TYPE_STRING, G_TYPE_ERROR);
}

static void
devssh_multi_channel_stream_init (DevSshMultiChannelStream *self)
{
  self->context = devssh_context_ref_thread_default ();
  g_queue_init (&self->waiting);
}

/**
 * devssh_multi_channel_stream_new:
 * @transport: what the channels run over; it must be secure already
 *
 * Makes one end; nothing is sent before it is connected.
 *
 * Returns: (transfer full): the stream
 *
 * Since: 1.0
 */
DevSshMultiChannelStream *
devssh_multi_channel_stream_new (GIOStream *transport)
{
  g_autoptr(DevSshSessionConfig) config = NULL;
  DevSshMultiChannelStream *self;

  g_return_val_if_fail (G_IS_IO_STREAM (transport), NULL);

  config = devssh_session_config_new_no_security ();
  devssh_session_config_set_max_unaccepted_channels (config, MAX_UNACCEPTED);
  self = g_object_new (DEVSSH_TYPE_MULTI_CHANNEL_STREAM, NULL);
  /* Without keys and users the ends are alike on the wire; a client's reads a few lines in front of the version, too. */
  self->session = g_object_new (DEVSSH_TYPE_CLIENT_SESSION, "stream", transport, "config", config, NULL);
  g_signal_connect_object (self->session, "channel-opening", G_CALLBACK (devssh_multi_channel_stream_channel_opening_cb), self, 0);
  g_signal_connect_object (self->session, "closed", G_CALLBACK (devssh_multi_channel_stream_closed_cb), self, 0);
  return self;
}

/**
 * devssh_multi_channel_stream_get_session: (get-property session)
 * @self: a stream
 *
 * Gets the session inside: for its state, its metrics, its list of channels.
 *
 * Returns: (transfer none): the session
 *
 * Since: 1.0
 */
DevSshSession *
devssh_multi_channel_stream_get_session (DevSshMultiChannelStream *self)
{
  g_return_val_if_fail (DEVSSH_IS_MULTI_CHANNEL_STREAM (self), NULL);

  return self->session;
}

/**
 * devssh_multi_channel_stream_get_is_closed: (get-property is-closed)
 * @self: a stream
 *
 * Tells whether the stream has ended, whoever closed it. It may be %TRUE a moment before
 * [signal@MultiChannelStream::closed].
 *
 * Returns: %TRUE if it is closed
 *
 * Since: 1.0
 */
gboolean
devssh_multi_channel_stream_get_is_closed (DevSshMultiChannelStream *self)
{
  g_return_val_if_fail (DEVSSH_IS_MULTI_CHANNEL_STREAM (self), TRUE);

  return self->session == NULL || devssh_session_get_is_closed (self->session);
}

/**
 * devssh_multi_channel_stream_get_channel_max_window_size: (get-property channel-max-window-size)
 * @self: a stream
 *
 * Gets how many bytes the peer may send ahead on a channel.
 *
 * Returns: a number of bytes; 0: 1 MiB that grows with the reader's speed
 *
 * Since: 1.0
 */
guint
devssh_multi_channel_stream_get_channel_max_window_size (DevSshMultiChannelStream *self)
{
  g_return_val_if_fail (DEVSSH_IS_MULTI_CHANNEL_STREAM (self), 0);

  return self->max_window_size;
}

/**
 * devssh_multi_channel_stream_set_channel_max_window_size: (set-property channel-max-window-size)
 * @self: a stream
 * @size: a number of bytes; what is less than a packet of 32768 counts as that; 0: 1 MiB that grows with the reader's speed
 *
 * Sets how many bytes the peer may send ahead on a channel (RFC 4254, 5.2), for channels of either side that are opened from now
 * on. It is a promise: the window will not grow.
 *
 * Since: 1.0
 */
void
devssh_multi_channel_stream_set_channel_max_window_size (DevSshMultiChannelStream *self,
                                                         guint                     size)
{
  g_return_if_fail (DEVSSH_IS_MULTI_CHANNEL_STREAM (self));

  if (size != 0)
    size = MAX (size, DEVSSH_DEFAULT_MAX_PACKET_SIZE);
  if (self->max_window_size == size)
    return;

  self->max_window_size = size;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CHANNEL_MAX_WINDOW_SIZE]);
}
