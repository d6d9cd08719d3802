/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One encrypted and mutually authenticated stream over any other (protocol.md 7.5): a session with one channel, and nothing
 * else to be seen of it. */
#include <libdevssh/stream/devssh-secure-stream.h>

#include <libdevssh/base/devssh-error.h>
#include <libdevssh/session/devssh-client-session.h>
#include <libdevssh/session/devssh-server-session.h>
#include <libdevssh/session/devssh-session-private.h>
#include <libdevssh/stream/devssh-channel-io-private.h>

#define CHANNEL_TYPE "session"

struct _DevSshSecureStream
{
  GIOStream                parent_instance;
  DevSshContext           *context;
  DevSshSession           *session;
  DevSshClientCredentials *credentials;     /* NULL: a server's end */
  DevSshChannelIo         *io;
  GInputStream            *input;
  GOutputStream           *output;
  DevSshChannel           *channel;         /* NULL until it is open */
  GTask                   *connect_task;
  gboolean                 connecting;      /* connect_async was called */
  gboolean                 offered;         /* a server's: the client has opened the channel */
  gboolean                 told;            /* ::closed was emitted */
};

/**
 * DevSshSecureStream:
 *
 * An encrypted stream between two ends that know each other, over any other stream.
 *
 * Inside it is an SSH session with the default configuration and one channel. One end is made with
 * [ctor@SecureStream.new_client], the other one with [ctor@SecureStream.new_server]; both connect to
 * [signal@SecureStream::authenticating], where the client is asked about the server's key and the server about the client,
 * and then call [method@SecureStream.connect_async].
 *
 * What [class@ChannelStream] says of reading, writing and threads is true here as well. Both halves are there from the
 * beginning: what is read or written before the stream is connected waits for that, and fails if nothing comes of it.
 *
 * Closing the stream closes the session behind what was written, and the stream below. When the peer does that, reads find the end
 * and writes fail; whatever else ends the session is the error of both. [signal@SecureStream::closed] tells of all of it.
 *
 * A stream can outlive its connection if both ends say so when it is made: [signal@SecureStream::disconnected] is emitted
 * then, what is written waits, and the client calls [method@SecureStream.reconnect_async]. A server makes an end for each
 * connection, all with the same [class@ReconnectableSessions]: if a client comes back there, its old stream goes on over the
 * new connection, and the new one is closed.
 *
 * Since: 1.0
 */
G_DEFINE_FINAL_TYPE (DevSshSecureStream, devssh_secure_stream, G_TYPE_IO_STREAM)

enum { PROP_0, PROP_SESSION, PROP_IS_CLOSED, N_PROPS };
enum { SIGNAL_AUTHENTICATING, SIGNAL_DISCONNECTED, SIGNAL_CLOSED, N_SIGNALS };
static GParamSpec *properties[N_PROPS];
static guint       signals[N_SIGNALS];

static gboolean
devssh_secure_stream_is_ended (DevSshSecureStream *self)
{
  return self->session == NULL || devssh_session_get_is_closed (self->session);
}

/* ---- what the session says ---- */

static gboolean
devssh_secure_stream_authenticating_cb (DevSshSession        *session,
                                        DevSshAuthentication *authentication,
                                        DevSshSecureStream   *self)
{
  gboolean handled = FALSE;

  g_signal_emit (self, signals[SIGNAL_AUTHENTICATING], 0, authentication, &handled);
  return handled;
}

/* The first channel of a client's is the stream; the server waits for it. There is no other. */
static gboolean
devssh_secure_stream_channel_opening_cb (DevSshSession        *session,
                                         DevSshChannelOpening *opening,
                                         DevSshSecureStream   *self)
{
  if (!devssh_channel_opening_get_is_remote (opening))
    return FALSE;
  if (self->credentials == NULL && !self->offered &&
      g_str_equal (devssh_channel_opening_get_channel_type (opening), CHANNEL_TYPE))
    {
      self->offered = TRUE;
      return FALSE;
    }

  devssh_channel_opening_reject (opening, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED,
                                 "This session is one stream");
  return TRUE;
}

static void
devssh_secure_stream_disconnected_cb (DevSshSession      *session,
                                      GError             *error,
                                      DevSshSecureStream *self)
{
  g_signal_emit (self, signals[SIGNAL_DISCONNECTED], 0, error);
}

static void
devssh_secure_stream_tell_closed (DevSshSecureStream *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self->session);

  if (self->told)
    return;

  self->told = TRUE;
  devssh_channel_io_give_up (self->io, priv->error);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_IS_CLOSED]);
  g_signal_emit (self, signals[SIGNAL_CLOSED], 0, priv->reason, priv->message, priv->error);
}

static void
devssh_secure_stream_closed_cb (DevSshSession          *session,
                                DevSshDisconnectReason  reason,
                                const char             *message,
                                GError                 *error,
                                DevSshSecureStream     *self)
{
  devssh_secure_stream_tell_closed (self);
}

/* The channel is the stream: its end is that of the session, whoever closed it. No DISCONNECT: each end knows by CLOSE. */
static void
devssh_secure_stream_channel_closed_cb (DevSshChannel      *channel,
                                        DevSshSecureStream *self)
{
  devssh_session_close (self->session, DEVSSH_DISCONNECT_REASON_NONE, NULL);
}

static void
devssh_secure_stream_set_session (DevSshSecureStream *self,
                                  DevSshSession      *session)
{
  self->session = session;
  g_signal_connect_object (session, "channel-opening", G_CALLBACK (devssh_secure_stream_channel_opening_cb), self, 0);
  g_signal_connect_object (session, "disconnected", G_CALLBACK (devssh_secure_stream_disconnected_cb), self, 0);
  g_signal_connect_object (session, "closed", G_CALLBACK (devssh_secure_stream_closed_cb), self, 0);
}

/* ---- connecting ---- */

static void
devssh_secure_stream_fail (DevSshSecureStream *self,
                           GError             *taken)
{
  g_autoptr(GError) error = taken;
  GTask *task = g_steal_pointer (&self->connect_task);

  /* What the new end of a server's was made for is done. */
  if (DEVSSH_IS_SERVER_SESSION (self->session) && devssh_server_session_was_merged (DEVSSH_SERVER_SESSION (self->session)))
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }

  if (!devssh_secure_stream_is_ended (self))
    devssh_session_close (self->session, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, error->message);
  else if (g_error_matches (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_NONE))
    {
      g_clear_error (&error);
      error = g_error_new_literal (DEVSSH_ERROR, DEVSSH_ERROR_CLOSED, "The stream was closed while it was connected");
    }
  g_task_return_error (task, g_steal_pointer (&error));
  g_object_unref (task);
}

static void
devssh_secure_stream_channel_cb (GObject      *source,
                                 GAsyncResult *result,
                                 gpointer      user_data)
{
  g_autoptr(DevSshSecureStream) self = user_data;
  g_autoptr(DevSshChannel) channel = NULL;
  GError *error = NULL;
  GTask *task;

  if (self->credentials != NULL)
    channel = devssh_session_open_channel_finish (self->session, result, &error);
  else
    channel = devssh_session_accept_channel_finish (self->session, result, &error);
  if (channel == NULL || !devssh_channel_io_set_channel (self->io, channel, &error))
    {
      devssh_secure_stream_fail (self, error);
      return;
    }

  self->channel = g_steal_pointer (&channel);
  g_signal_connect_object (self->channel, "closed", G_CALLBACK (devssh_secure_stream_channel_closed_cb), self, 0);
  task = g_steal_pointer (&self->connect_task);
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
devssh_secure_stream_authenticated_cb (GObject      *source,
                                       GAsyncResult *result,
                                       gpointer      user_data)
{
  g_autoptr(DevSshSecureStream) self = user_data;
  DevSshSessionPrivate *priv = devssh_session_get_private (self->session);
  GError *error = NULL;

  if (devssh_client_session_authenticate_finish (DEVSSH_CLIENT_SESSION (source), result, &error))
    {
      devssh_session_open_channel_async (self->session, CHANNEL_TYPE, g_task_get_cancellable (self->connect_task),
                                         devssh_secure_stream_channel_cb, g_object_ref (self));
      return;
    }

  if (error == NULL)
    {
      /* A server's key that was not accepted has ended it already. */
      devssh_session_close (self->session, DEVSSH_DISCONNECT_REASON_NO_MORE_AUTH_METHODS_AVAILABLE,
                            "The server did not accept the client");
      error = g_error_copy (priv->error);
    }
  devssh_secure_stream_fail (self, error);
}

static void
devssh_secure_stream_connected_cb (GObject      *source,
                                   GAsyncResult *result,
                                   gpointer      user_data)
{
  g_autoptr(DevSshSecureStream) self = user_data;
  GCancellable *cancellable = g_task_get_cancellable (self->connect_task);
  GError *error = NULL;

  if (!devssh_session_connect_finish (self->session, result, &error))
    devssh_secure_stream_fail (self, error);
  else if (self->credentials != NULL)
    devssh_client_session_authenticate_async (DEVSSH_CLIENT_SESSION (source), self->credentials, cancellable,
                                              devssh_secure_stream_authenticated_cb, g_object_ref (self));
  else
    devssh_session_accept_channel_async (self->session, CHANNEL_TYPE, cancellable,
                                         devssh_secure_stream_channel_cb, g_object_ref (self));
}

static gboolean
devssh_secure_stream_check_connect (DevSshSecureStream  *self,
                                    GCancellable        *cancellable,
                                    GError             **error)
{
  const char *problem = NULL;

  if (self->session == NULL)
    problem = "The stream was made without another one below it";
  else if (self->connecting)
    problem = "The stream was connected already";
  else if (devssh_secure_stream_is_ended (self))
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED, "The stream is closed");
      return FALSE;
    }
  else if (!g_signal_has_handler_pending (self, signals[SIGNAL_AUTHENTICATING], 0, FALSE) &&
           !devssh_session_has_authenticating_handler (self->session))
    problem = "Nobody is connected to ::authenticating, so nobody could be accepted";
  if (problem == NULL)
    return !g_cancellable_set_error_if_cancelled (cancellable, error);

  g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE, problem);
  return FALSE;
}

/**
 * devssh_secure_stream_connect_async:
 * @self: a stream
 * @cancellable: (nullable): a way to give up; the stream is closed then
 * @callback: (scope async) (closure user_data): called when both ends know each other and can read and write, or not
 * @user_data: for @callback
 *
 * Exchanges keys with the other end, authenticates both, and opens the channel between them.
 *
 * Since: 1.0
 */
void
devssh_secure_stream_connect_async (DevSshSecureStream  *self,
                                    GCancellable        *cancellable,
                                    GAsyncReadyCallback  callback,
                                    gpointer             user_data)
{
  GTask *task;
  GError *error = NULL;

  g_return_if_fail (DEVSSH_IS_SECURE_STREAM (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_secure_stream_connect_async);
  /* The steps look at it; what has been done is told. */
  g_task_set_check_cancellable (task, FALSE);
  if (!devssh_context_check_here (self->context, G_STRFUNC, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  if (!devssh_secure_stream_check_connect (self, cancellable, &error))
    {
      devssh_context_return_error (self->context, task, error);
      return;
    }

  self->connecting = TRUE;
  self->connect_task = task;
  g_signal_connect_object (self->session, "authenticating", G_CALLBACK (devssh_secure_stream_authenticating_cb), self, 0);
  devssh_session_connect_async (self->session, cancellable, devssh_secure_stream_connected_cb, g_object_ref (self));
}

/**
 * devssh_secure_stream_connect_finish:
 * @self: a stream
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@SecureStream.connect_async]. If it fails, the stream is closed. The errors are
 *
 * - a `DEVSSH_CONNECTION_ERROR` with the reason of the end, at both ends the same:
 *   %DEVSSH_DISCONNECT_REASON_HOST_KEY_NOT_VERIFIABLE if the client did not accept the server,
 *   %DEVSSH_DISCONNECT_REASON_NO_MORE_AUTH_METHODS_AVAILABLE if the server did not accept the client,
 *   %DEVSSH_DISCONNECT_REASON_KEY_EXCHANGE_FAILED if they have no algorithm or no kind of key in common;
 * - %DEVSSH_ERROR_INVALID_STATE: it was called before, or nobody is connected to
 *   [signal@SecureStream::authenticating]: nothing was sent then, and the stream is not closed;
 * - %DEVSSH_ERROR_CLOSED: the stream was closed meanwhile;
 * - `G_IO_ERROR_CANCELLED`.
 *
 * Returns: %TRUE if the stream is connected, or if the client that came over it has another stream that goes on: then this one
 *   is closed ([property@SecureStream:is-closed])
 *
 * Since: 1.0
 */
gboolean
devssh_secure_stream_connect_finish (DevSshSecureStream  *self,
                                     GAsyncResult        *result,
                                     GError             **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
devssh_secure_stream_reconnected_cb (GObject      *source,
                                     GAsyncResult *result,
                                     gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;

  if (devssh_client_session_reconnect_finish (DEVSSH_CLIENT_SESSION (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/**
 * devssh_secure_stream_reconnect_async:
 * @self: a client's end that is disconnected
 * @transport: a new connection to the same server
 * @cancellable: (nullable): a way to give up; the stream stays as it is
 * @callback: (scope async) (closure user_data): called when the stream goes on over @transport, or not
 * @user_data: for @callback
 *
 * Connects a client's end anew that has lost its connection ([signal@SecureStream::disconnected]), as
 * [method@ClientSession.reconnect_async] does. After a failure another attempt may follow, over another stream.
 *
 * Since: 1.0
 */
void
devssh_secure_stream_reconnect_async (DevSshSecureStream  *self,
                                      GIOStream           *transport,
                                      GCancellable        *cancellable,
                                      GAsyncReadyCallback  callback,
                                      gpointer             user_data)
{
  GTask *task;
  GError *error = NULL;

  g_return_if_fail (DEVSSH_IS_SECURE_STREAM (self));
  g_return_if_fail (G_IS_IO_STREAM (transport));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_secure_stream_reconnect_async);
  g_task_set_check_cancellable (task, FALSE);
  if (!devssh_context_check_here (self->context, G_STRFUNC, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  if (self->credentials == NULL)
    {
      error = g_error_new_literal (DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE,
                                   "Only a client connects anew: a server makes another stream for it");
      devssh_context_return_error (self->context, task, error);
      return;
    }

  devssh_client_session_reconnect_async (DEVSSH_CLIENT_SESSION (self->session), transport, cancellable,
                                         devssh_secure_stream_reconnected_cb, task);
}

/**
 * devssh_secure_stream_reconnect_finish:
 * @self: a stream
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@SecureStream.reconnect_async]. The errors are those of [method@ClientSession.reconnect_finish]; a server's end
 * fails with %DEVSSH_ERROR_INVALID_STATE.
 *
 * Returns: %TRUE if the stream is connected again
 *
 * Since: 1.0
 */
gboolean
devssh_secure_stream_reconnect_finish (DevSshSecureStream  *self,
                                       GAsyncResult        *result,
                                       GError             **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- closing ---- */

static void
devssh_secure_stream_close_halves (DevSshSecureStream *self)
{
  devssh_channel_io_close (self->io);
  g_input_stream_close (self->input, NULL, NULL);
  g_output_stream_close (self->output, NULL, NULL);
}

/* Behind devssh_channel_io_close(). An open channel brings the end of the session when its CLOSE has left. */
static void
devssh_secure_stream_end_here (gpointer data)
{
  DevSshSecureStream *self = data;

  if (self->session != NULL && self->channel == NULL)
    devssh_session_close (self->session, DEVSSH_DISCONNECT_REASON_NONE, NULL);
}

/* Does not wait, as a channel stream does not. Any thread. */
static gboolean
devssh_secure_stream_close (GIOStream     *stream,
                            GCancellable  *cancellable,
                            GError       **error)
{
  DevSshSecureStream *self = DEVSSH_SECURE_STREAM (stream);

  devssh_secure_stream_close_halves (self);
  if (devssh_context_is_here (self->context))
    devssh_secure_stream_end_here (self);
  else
    devssh_context_defer (self->context, devssh_secure_stream_end_here, g_object_ref (self), g_object_unref);
  return TRUE;
}

static void
devssh_secure_stream_session_ended_cb (GObject      *source,
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

static void
devssh_secure_stream_channel_ended_cb (GObject      *source,
                                       GAsyncResult *result,
                                       gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  DevSshSecureStream *self = g_task_get_source_object (task);
  GError *error = NULL;

  if (!devssh_channel_close_finish (DEVSSH_CHANNEL (source), result, &error) &&
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_task_return_error (task, error);
      return;
    }

  /* Whatever else was wrong with the channel, it is closed. */
  g_clear_error (&error);
  devssh_session_close_async (self->session, DEVSSH_DISCONNECT_REASON_NONE, NULL, g_task_get_cancellable (task),
                              devssh_secure_stream_session_ended_cb, g_object_ref (task));
}

static void
devssh_secure_stream_close_async (GIOStream           *stream,
                                  int                  io_priority,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data)
{
  DevSshSecureStream *self = DEVSSH_SECURE_STREAM (stream);
  g_autoptr(GTask) task = g_task_new (stream, cancellable, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, devssh_secure_stream_close_async);
  g_task_set_priority (task, io_priority);
  g_task_set_check_cancellable (task, FALSE);
  if (!devssh_context_check_here (self->context, G_STRFUNC, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  if (self->session == NULL)
    g_task_return_boolean (task, TRUE);
  else if (self->channel != NULL)
    devssh_channel_close_async (self->channel, cancellable, devssh_secure_stream_channel_ended_cb, g_object_ref (task));
  else
    devssh_session_close_async (self->session, DEVSSH_DISCONNECT_REASON_NONE, NULL, cancellable,
                                devssh_secure_stream_session_ended_cb, g_object_ref (task));
  devssh_secure_stream_close_halves (self);
}

static gboolean
devssh_secure_stream_close_finish (GIOStream     *stream,
                                   GAsyncResult  *result,
                                   GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, stream), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- GObject ---- */

static GInputStream *
devssh_secure_stream_get_input_stream (GIOStream *stream)
{
  return DEVSSH_SECURE_STREAM (stream)->input;
}

static GOutputStream *
devssh_secure_stream_get_output_stream (GIOStream *stream)
{
  return DEVSSH_SECURE_STREAM (stream)->output;
}

static void
devssh_secure_stream_get_property (GObject    *object,
                                   guint       property_id,
                                   GValue     *value,
                                   GParamSpec *pspec)
{
  DevSshSecureStream *self = DEVSSH_SECURE_STREAM (object);

  switch (property_id)
    {
    case PROP_SESSION:
      g_value_set_object (value, devssh_secure_stream_get_session (self));
      break;

    case PROP_IS_CLOSED:
      g_value_set_boolean (value, devssh_secure_stream_get_is_closed (self));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

/* Dropped: one try to write, no wait (design D18); whoever still listens is told now, for later nobody can. */
static void
devssh_secure_stream_dispose (GObject *object)
{
  DevSshSecureStream *self = DEVSSH_SECURE_STREAM (object);

  if (!devssh_context_is_here (self->context))
    {
      devssh_context_take_home (self->context, self);
      return;
    }

  if (self->session != NULL && !self->told)
    {
      devssh_channel_io_close (self->io);
      devssh_session_close (self->session, DEVSSH_DISCONNECT_REASON_NONE, NULL);
      devssh_secure_stream_tell_closed (self);
    }
  G_OBJECT_CLASS (devssh_secure_stream_parent_class)->dispose (object);
}

static void
devssh_secure_stream_finalize (GObject *object)
{
  DevSshSecureStream *self = DEVSSH_SECURE_STREAM (object);

  g_clear_object (&self->channel);
  g_clear_object (&self->input);
  g_clear_object (&self->output);
  g_clear_pointer (&self->io, devssh_channel_io_unref);
  g_clear_object (&self->credentials);
  g_clear_object (&self->session);
  g_clear_pointer (&self->context, devssh_context_unref);

  G_OBJECT_CLASS (devssh_secure_stream_parent_class)->finalize (object);
}

static void
devssh_secure_stream_class_init (DevSshSecureStreamClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = devssh_secure_stream_get_property;
  object_class->dispose = devssh_secure_stream_dispose;
  object_class->finalize = devssh_secure_stream_finalize;
  stream_class->get_input_stream = devssh_secure_stream_get_input_stream;
  stream_class->get_output_stream = devssh_secure_stream_get_output_stream;
  stream_class->close_fn = devssh_secure_stream_close;
  stream_class->close_async = devssh_secure_stream_close_async;
  stream_class->close_finish = devssh_secure_stream_close_finish;

  /**
   * DevSshSecureStream:session: (getter get_session)
   *
   * The session inside.
   *
   * Since: 1.0
   */
  properties[PROP_SESSION] =
    g_param_spec_object ("session", NULL, NULL, DEVSSH_TYPE_SESSION, readable);

  /**
   * DevSshSecureStream:is-closed: (getter get_is_closed)
   *
   * Whether the stream was closed here, or its session has ended.
   *
   * Since: 1.0
   */
  properties[PROP_IS_CLOSED] =
    g_param_spec_boolean ("is-closed", NULL, NULL, FALSE, readable);

  g_object_class_install_properties (object_class, N_PROPS, properties);

  /**
   * DevSshSecureStream::authenticating:
   * @self: the stream
   * @authentication: who wants to be accepted
   *
   * The other end shows who it is: to a client the server with its host key, to a server the client. It is
   * [signal@Session::authenticating] of the session inside.
   *
   * Answer on @authentication and return %TRUE; or keep a reference, return %TRUE and answer later. Nobody answers: refused.
   *
   * Returns: %TRUE if the question is taken, %FALSE to ask the next handler
   *
   * Since: 1.0
   */
  signals[SIGNAL_AUTHENTICATING] =
    g_signal_new ("authenticating", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                  g_signal_accumulator_true_handled, NULL, NULL,
                  G_TYPE_BOOLEAN, 1, DEVSSH_TYPE_AUTHENTICATION);

  /**
   * DevSshSecureStream::disconnected:
   * @self: the stream
   * @error: how the connection was lost
   *
   * The connection is gone, and the stream is not: what is written waits, as far as there is room for it, and reads wait as well.
   * It comes only if both ends were made for that. A client calls [method@SecureStream.reconnect_async].
   *
   * Since: 1.0
   */
  signals[SIGNAL_DISCONNECTED] =
    g_signal_new ("disconnected", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, G_TYPE_ERROR);

  /**
   * DevSshSecureStream::closed:
   * @self: the stream
   * @reason: why (RFC 4253, 11.1); %DEVSSH_DISCONNECT_REASON_NONE if one of the ends closed the stream
   * @message: the same for people
   * @error: the error that pending operations got
   *
   * The session has ended, and the stream with it. Emitted once.
   *
   * Since: 1.0
   */
  signals[SIGNAL_CLOSED] =
    g_signal_new ("closed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 3, DEVSSH_TYPE_DISCONNECT_REASON, G_TYPE_STRING, G_TYPE_ERROR);
}

static void
devssh_secure_stream_init (DevSshSecureStream *self)
{
  self->context = devssh_context_ref_thread_default ();
  self->io = devssh_channel_io_new_waiting (self->context);
  self->input = devssh_channel_input_stream_new (self->io);
  self->output = devssh_channel_output_stream_new (self->io);
}

/* The default, and with reconnect the one extension for that: latency is not measured (protocol.md 3.1). */
static DevSshSessionConfig *
devssh_secure_stream_make_config (gboolean reconnect)
{
  DevSshSessionConfig *config = devssh_session_config_new ();

  if (reconnect)
    {
      g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
      g_auto(GStrv) extensions = NULL;

      g_strv_builder_addv (builder, (const char **) devssh_session_config_get_protocol_extensions (config));
      g_strv_builder_add (builder, DEVSSH_EXTENSION_SESSION_RECONNECT);
      extensions = g_strv_builder_end (builder);
      devssh_session_config_set_protocol_extensions (config, (const char * const *) extensions);
    }
  return config;
}

/**
 * devssh_secure_stream_new_client:
 * @transport: what the stream runs over
 * @credentials: who the user is
 * @reconnect: whether the stream can go on over another connection, if the server can
 *
 * Makes the client's end; nothing is sent before [method@SecureStream.connect_async].
 *
 * Returns: (transfer full): the stream
 *
 * Since: 1.0
 */
DevSshSecureStream *
devssh_secure_stream_new_client (GIOStream               *transport,
                                 DevSshClientCredentials *credentials,
                                 gboolean                 reconnect)
{
  g_autoptr(DevSshSessionConfig) config = NULL;
  DevSshSecureStream *self;

  g_return_val_if_fail (G_IS_IO_STREAM (transport), NULL);
  g_return_val_if_fail (DEVSSH_IS_CLIENT_CREDENTIALS (credentials), NULL);

  config = devssh_secure_stream_make_config (reconnect);
  self = g_object_new (DEVSSH_TYPE_SECURE_STREAM, NULL);
  self->credentials = g_object_ref (credentials);
  devssh_secure_stream_set_session (self, g_object_new (DEVSSH_TYPE_CLIENT_SESSION, "stream", transport, "config", config, NULL));
  return self;
}

/**
 * devssh_secure_stream_new_server:
 * @transport: what the stream runs over
 * @credentials: the host keys
 * @sessions: (nullable): those whose clients may come back over @transport, and among which this one is found; %NULL: a lost
 *   connection is the end
 *
 * Makes the server's end; nothing is sent before [method@SecureStream.connect_async].
 *
 * Returns: (transfer full): the stream
 *
 * Since: 1.0
 */
DevSshSecureStream *
devssh_secure_stream_new_server (GIOStream                   *transport,
                                 DevSshServerCredentials     *credentials,
                                 DevSshReconnectableSessions *sessions)
{
  g_autoptr(DevSshSessionConfig) config = NULL;
  DevSshSecureStream *self;

  g_return_val_if_fail (G_IS_IO_STREAM (transport), NULL);
  g_return_val_if_fail (DEVSSH_IS_SERVER_CREDENTIALS (credentials), NULL);
  g_return_val_if_fail (sessions == NULL || DEVSSH_IS_RECONNECTABLE_SESSIONS (sessions), NULL);

  config = devssh_secure_stream_make_config (sessions != NULL);
  /* The client's channel may come in the same breath as its login, before we have asked for it. */
  devssh_session_config_set_max_unaccepted_channels (config, 1);
  self = g_object_new (DEVSSH_TYPE_SECURE_STREAM, NULL);
  devssh_secure_stream_set_session (self, g_object_new (DEVSSH_TYPE_SERVER_SESSION, "stream", transport, "config", config,
                                                        "credentials", credentials, "reconnectable-sessions", sessions, NULL));
  return self;
}

/**
 * devssh_secure_stream_get_session: (get-property session)
 * @self: a stream
 *
 * Gets the session inside: for its state, its algorithms, its metrics, its [property@Session:principal].
 *
 * Returns: (transfer none): the session
 *
 * Since: 1.0
 */
DevSshSession *
devssh_secure_stream_get_session (DevSshSecureStream *self)
{
  g_return_val_if_fail (DEVSSH_IS_SECURE_STREAM (self), NULL);

  return self->session;
}

/**
 * devssh_secure_stream_get_is_closed: (get-property is-closed)
 * @self: a stream
 *
 * Tells whether the stream was closed here, or its session has ended. It may be %TRUE a moment before
 * [signal@SecureStream::closed].
 *
 * Returns: %TRUE if it is closed
 *
 * Since: 1.0
 */
gboolean
devssh_secure_stream_get_is_closed (DevSshSecureStream *self)
{
  g_return_val_if_fail (DEVSSH_IS_SECURE_STREAM (self), TRUE);

  return g_io_stream_is_closed (G_IO_STREAM (self)) || devssh_secure_stream_is_ended (self);
}
