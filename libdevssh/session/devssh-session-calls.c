/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an application asks of a session: channels, requests, services, its end. */
#include <libdevssh/session/devssh-session-private.h>

/**
 * devssh_session_open_channel_async:
 * @self: a session
 * @channel_type: (nullable): the type; %NULL for `session`
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the peer has decided
 * @user_data: for @callback
 *
 * Opens a channel (RFC 4254, 5.1).
 *
 * Fails with a `DEVSSH_CHANNEL_ERROR` that has the peer's reason and text, %DEVSSH_ERROR_LIMIT if there are
 * [property@SessionConfig:max-channels] already, %DEVSSH_ERROR_NOT_CONNECTED,
 * %DEVSSH_ERROR_NOT_AUTHENTICATED or %DEVSSH_ERROR_CLOSED.
 *
 * Since: 1.0
 */
void
devssh_session_open_channel_async (DevSshSession       *self,
                                   const char          *channel_type,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data)
{
  devssh_session_open_channel_full_async (self, channel_type, NULL, 0, cancellable, callback, user_data);
}

/**
 * devssh_session_open_channel_full_async:
 * @self: a session
 * @channel_type: (nullable): the type; %NULL for `session`
 * @type_data: (nullable): what follows the generic fields of the message, made with a [struct@Writer]
 * @max_window_size: how many bytes the peer may send ahead, and stays; 0 for the configuration's
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the peer has decided
 * @user_data: for @callback
 *
 * Opens a channel with everything that CHANNEL_OPEN can carry (RFC 4254, 5.1). End it with
 * [method@Session.open_channel_finish].
 *
 * Fails as [method@Session.open_channel_async] does, with %DEVSSH_ERROR_LIMIT also if @type_data is longer than
 * 255 KiB, and with %DEVSSH_ERROR_INVALID_CONFIG if @max_window_size is less than a packet of 32768 bytes.
 *
 * Since: 1.0
 */
void
devssh_session_open_channel_full_async (DevSshSession       *self,
                                        const char          *channel_type,
                                        GBytes              *type_data,
                                        guint                max_window_size,
                                        GCancellable        *cancellable,
                                        GAsyncReadyCallback  callback,
                                        gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (DEVSSH_IS_SESSION (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_session_open_channel_async);
  if (devssh_session_check_usable (self, task, TRUE))
    devssh_connection_open (devssh_session_get_private (self)->pump->connection, channel_type, type_data,
                            max_window_size, g_steal_pointer (&task));
}

/**
 * devssh_session_open_channel_finish:
 * @self: a session
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@Session.open_channel_async] and [method@Session.open_channel_full_async].
 *
 * Returns: (transfer full): the open channel, or %NULL
 *
 * Since: 1.0
 */
DevSshChannel *
devssh_session_open_channel_finish (DevSshSession  *self,
                                    GAsyncResult   *result,
                                    GError        **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * devssh_session_open_channel_with_request_async:
 * @self: a session
 * @channel_type: (nullable): the type; %NULL for `session`
 * @request_type: the first request on the channel, such as `shell` (RFC 4254, 5.4)
 * @want_reply: whether the channel is of use only if the request is granted
 * @payload: (nullable): request-specific data, made with a [struct@Writer]
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the peer has decided on both
 * @user_data: for @callback
 *
 * Opens a channel and makes the first request on it: in the same round trip if the peer has
 * %DEVSSH_EXTENSION_OPEN_CHANNEL_REQUEST and the configuration names it, else one after the other.
 *
 * Fails as [method@Session.open_channel_async] does, with %DEVSSH_ERROR_LIMIT also if @payload is longer than
 * 255 KiB, and with %DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED if the request is refused: the
 * channel is closed then. Without @want_reply nobody hears of a refusal, and the channel stays.
 *
 * Since: 1.0
 */
void
devssh_session_open_channel_with_request_async (DevSshSession       *self,
                                                const char          *channel_type,
                                                const char          *request_type,
                                                gboolean             want_reply,
                                                GBytes              *payload,
                                                GCancellable        *cancellable,
                                                GAsyncReadyCallback  callback,
                                                gpointer             user_data)
{
  DevSshFirstRequest request = { request_type, want_reply != FALSE, payload };
  DevSshPump *pump;
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (DEVSSH_IS_SESSION (self));
  g_return_if_fail (request_type != NULL && request_type[0] != '\0');
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_session_open_channel_with_request_async);
  if (!devssh_session_check_usable (self, task, TRUE))
    return;
  pump = devssh_session_get_private (self)->pump;
  /* What the peer has to say about that comes before authentication, or never. */
  devssh_connection_open_with_request (pump->connection, channel_type, &request,
                                       devssh_transport_has_extension (pump->transport,
                                                                       DEVSSH_EXTENSION_OPEN_CHANNEL_REQUEST),
                                       g_steal_pointer (&task));
}

/**
 * devssh_session_open_channel_with_request_finish:
 * @self: a session
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@Session.open_channel_with_request_async].
 *
 * Returns: (transfer full): the open channel, or %NULL
 *
 * Since: 1.0
 */
DevSshChannel *
devssh_session_open_channel_with_request_finish (DevSshSession  *self,
                                                 GAsyncResult   *result,
                                                 GError        **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * devssh_session_accept_channel_async:
 * @self: a session
 * @channel_type: (nullable): the type to wait for; %NULL for any
 * @cancellable: (nullable): a way to give up; no channel is lost by it
 * @callback: (scope async) (closure user_data): called when the peer has opened one
 * @user_data: for @callback
 *
 * Waits for a channel that the peer opens. To wait is to accept: an opening of this type that no
 * handler and no service decides is accepted.
 *
 * Since: 1.0
 */
void
devssh_session_accept_channel_async (DevSshSession       *self,
                                     const char          *channel_type,
                                     GCancellable        *cancellable,
                                     GAsyncReadyCallback  callback,
                                     gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (DEVSSH_IS_SESSION (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_session_accept_channel_async);
  if (devssh_session_check_usable (self, task, FALSE))
    devssh_connection_accept (devssh_session_get_private (self)->pump->connection, channel_type,
                              g_steal_pointer (&task));
}

/**
 * devssh_session_accept_channel_finish:
 * @self: a session
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@Session.accept_channel_async].
 *
 * Returns: (transfer full): the open channel, or %NULL
 *
 * Since: 1.0
 */
DevSshChannel *
devssh_session_accept_channel_finish (DevSshSession  *self,
                                      GAsyncResult   *result,
                                      GError        **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * devssh_session_request_async:
 * @self: a session
 * @request_type: the name of the request; not empty
 * @want_reply: whether the peer shall answer
 * @payload: (nullable): request-specific data, made with a [struct@Writer]
 * @cancellable: (nullable): a way to give up waiting; what was sent stays sent
 * @callback: (scope async) (closure user_data): called with the answer
 * @user_data: for @callback
 *
 * Makes a global request (RFC 4254, 4).
 *
 * Fails with %DEVSSH_ERROR_LIMIT if @payload is longer than 255 KiB, %DEVSSH_ERROR_NOT_CONNECTED,
 * %DEVSSH_ERROR_NOT_AUTHENTICATED or %DEVSSH_ERROR_CLOSED.
 *
 * Since: 1.0
 */
void
devssh_session_request_async (DevSshSession       *self,
                              const char          *request_type,
                              gboolean             want_reply,
                              GBytes              *payload,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (DEVSSH_IS_SESSION (self));
  g_return_if_fail (request_type != NULL && request_type[0] != '\0');
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_session_request_async);
  if (devssh_session_check_usable (self, task, TRUE))
    devssh_connection_request (devssh_session_get_private (self)->pump->connection, request_type, want_reply,
                               payload, g_steal_pointer (&task));
}

/**
 * devssh_session_request_finish:
 * @self: a session
 * @result: what the callback got
 * @reply: (out) (optional) (nullable) (transfer full): what came behind the number of the answer;
 *   %NULL if no answer was wanted
 * @error: return location for an error
 *
 * Ends [method@Session.request_async]. A refusal is not an error.
 *
 * Returns: %TRUE if the peer said yes, or no answer was wanted; %FALSE without an error if it said no
 *
 * Since: 1.0
 */
gboolean
devssh_session_request_finish (DevSshSession  *self,
                               GAsyncResult   *result,
                               GBytes        **reply,
                               GError        **error)
{
  DevSshReply *answer;
  gboolean success;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  if (reply != NULL)
    *reply = NULL;
  answer = g_task_propagate_pointer (G_TASK (result), error);
  if (answer == NULL)
    return FALSE;

  success = answer->success;
  if (reply != NULL)
    *reply = g_steal_pointer (&answer->payload);
  devssh_reply_free (answer);
  return success;
}

/* A task that may wait long: its watch goes with it. */
static void
devssh_session_watch_task (DevSshSessionPrivate *priv,
                           GTask                *task,
                           void                (*cancelled) (gpointer data))
{
  g_object_set_data_full (G_OBJECT (task), "devssh-watch",
                          devssh_context_watch_cancellable (priv->context, g_task_get_cancellable (task),
                                                            cancelled, task),
                          (GDestroyNotify) devssh_cancel_watch_free);
}

/**
 * devssh_session_request_service_async:
 * @self: a session
 * @name: the name of the service
 * @cancellable: (nullable): a way to give up waiting; what was sent stays sent
 * @callback: (scope async) (closure user_data): called when the peer has started it
 * @user_data: for @callback
 *
 * Asks the server to start a service (RFC 4253, 10). A server that does not know it disconnects with
 * %DEVSSH_DISCONNECT_REASON_SERVICE_NOT_AVAILABLE, for that is the only refusal there is; this operation then
 * fails with a `DEVSSH_CONNECTION_ERROR` of that reason.
 *
 * Fails with %DEVSSH_ERROR_INVALID_STATE in a server's session or for what is no name, with
 * %DEVSSH_ERROR_NOT_CONNECTED, %DEVSSH_ERROR_NOT_AUTHENTICATED or %DEVSSH_ERROR_CLOSED. Whoever
 * cancels gives up waiting; the session goes on, and so may the service.
 *
 * Since: 1.0
 */
void
devssh_session_request_service_async (DevSshSession       *self,
                                      const char          *name,
                                      GCancellable        *cancellable,
                                      GAsyncReadyCallback  callback,
                                      gpointer             user_data)
{
  DevSshSessionPrivate *priv;
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (DEVSSH_IS_SESSION (self));
  g_return_if_fail (name != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  priv = devssh_session_get_private (self);
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_session_request_service_async);
  if (!devssh_session_check_usable (self, task, TRUE))
    return;
  if (priv->role->is_server || !devssh_name_is_valid (name, strlen (name)))
    {
      devssh_context_return_error (priv->context, g_steal_pointer (&task),
                                   g_error_new (DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE,
                                                priv->role->is_server ? "Only a client asks for services"
                                                                      : "This is not the name of a service"));
      return;
    }

  devssh_session_wait_for_service (self, name, g_steal_pointer (&task));
}

/**
 * devssh_session_request_service_finish:
 * @self: a session
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@Session.request_service_async].
 *
 * Returns: %TRUE if the service runs
 *
 * Since: 1.0
 */
gboolean
devssh_session_request_service_finish (DevSshSession  *self,
                                       GAsyncResult   *result,
                                       GError        **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * devssh_session_activate_service:
 * @self: a session
 * @name: the name of the service, as registered
 * @error: return location for an error
 *
 * Gets the service of that name, and starts it if it does not run yet. Only services that the
 * configuration registers or allows can be started. The module of a plugin is opened here and
 * now; when a peer's question wakes a service, a thread does that.
 *
 * Fails with %DEVSSH_ERROR_NO_SERVICE, %DEVSSH_ERROR_PLUGIN (with what is wrong with the plugin),
 * %DEVSSH_ERROR_CLOSED or %DEVSSH_ERROR_NOT_AUTHENTICATED.
 *
 * Returns: (transfer none): the service, or %NULL
 *
 * Since: 1.0
 */
DevSshService *
devssh_session_activate_service (DevSshSession  *self,
                                 const char     *name,
                                 GError        **error)
{
  DevSshSessionPrivate *priv;
  DevSshServiceEntry *entry;

  g_return_val_if_fail (DEVSSH_IS_SESSION (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  priv = devssh_session_get_private (self);
  if (!devssh_context_check_here (priv->context, G_STRFUNC, error))
    return NULL;
  if (priv->end != DEVSSH_SESSION_ALIVE)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED, "The session is closed: %s", priv->error->message);
      return NULL;
    }
  if (!priv->authenticated && !devssh_transport_is_no_security (priv->pump->transport))
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_NOT_AUTHENTICATED,
                           "Services start in an authenticated session");
      return NULL;
    }
  entry = devssh_service_registry_by_name (priv->registry, name);
  if (entry == NULL)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_NO_SERVICE,
                   "No service named \"%s\" is registered in the configuration, and no allowed plugin has it", name);
      return NULL;
    }
  return devssh_session_ensure_service (self, entry, error);
}

/**
 * devssh_session_get_service:
 * @self: a session
 * @name: the name of the service
 *
 * Looks for a service that runs already.
 *
 * Returns: (transfer none) (nullable): the service, or %NULL if it does not run
 *
 * Since: 1.0
 */
DevSshService *
devssh_session_get_service (DevSshSession *self,
                            const char    *name)
{
  GListModel *services;
  guint n;

  g_return_val_if_fail (DEVSSH_IS_SESSION (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  services = devssh_session_get_services (self);
  n = g_list_model_get_n_items (services);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr(DevSshService) service = g_list_model_get_item (services, i);

      if (g_str_equal (devssh_service_get_name (service), name))
        return service;
    }
  return NULL;
}

/**
 * devssh_session_send_message:
 * @self: a session
 * @payload: the message, its number first
 * @error: return location for an error
 *
 * Sends a message as it is: for numbers that an application gives a meaning of its own, with
 * [method@SessionConfig.set_message_handler] at the other end (RFC 4250, 4.1: 192 to 255 are free
 * for that). Key exchange messages (20 to 49) cannot be sent.
 *
 * Returns: %TRUE if it is on its way
 *
 * Since: 1.0
 */
gboolean
devssh_session_send_message (DevSshSession  *self,
                             GBytes         *payload,
                             GError        **error)
{
  DevSshSessionPrivate *priv;
  const guint8 *data;
  gsize length;

  g_return_val_if_fail (DEVSSH_IS_SESSION (self), FALSE);
  g_return_val_if_fail (payload != NULL, FALSE);

  priv = devssh_session_get_private (self);
  if (!devssh_context_check_here (priv->context, G_STRFUNC, error))
    return FALSE;
  data = g_bytes_get_data (payload, &length);
  if (priv->end != DEVSSH_SESSION_ALIVE || (!priv->connected && !priv->disconnected))
    {
      g_set_error_literal (error, DEVSSH_ERROR,
                           priv->connected ? DEVSSH_ERROR_CLOSED : DEVSSH_ERROR_NOT_CONNECTED,
                           "The session is not connected");
      return FALSE;
    }
  /* RFC 4253, 6.1: what every implementation must be able to process. */
  if (length == 0 || length > DEVSSH_DEFAULT_MAX_PACKET_SIZE || (data[0] >= 20 && data[0] <= 49) || data[0] == 0)
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
                           "A message has a number that is neither 0 nor of a key exchange, and at most 32768 bytes");
      return FALSE;
    }
  devssh_transport_send (priv->pump->transport, data, length);
  devssh_pump_wake (priv->pump);
  return TRUE;
}

/**
 * devssh_session_rekey:
 * @self: a session
 * @error: return location for an error
 *
 * Starts a key exchange now (RFC 4253, 9). It also happens by itself after
 * [property@SessionConfig:key-rotation-threshold] bytes. Peers of the Dev Tunnels libraries end the
 * session unless they begin one at the same time.
 *
 * Returns: %TRUE if it has begun; %FALSE if one is running, or the session has no security
 *
 * Since: 1.0
 */
gboolean
devssh_session_rekey (DevSshSession  *self,
                      GError        **error)
{
  DevSshSessionPrivate *priv;

  g_return_val_if_fail (DEVSSH_IS_SESSION (self), FALSE);

  priv = devssh_session_get_private (self);
  if (!devssh_context_check_here (priv->context, G_STRFUNC, error))
    return FALSE;
  if (!priv->connected || !devssh_transport_rekey (priv->pump->transport, devssh_context_get_time (priv->context)))
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE,
                           "No key exchange can begin now");
      return FALSE;
    }
  devssh_pump_wake (priv->pump);
  return TRUE;
}

typedef struct
{
  DevSshSession          *session;
  DevSshDisconnectReason  reason;
  char                   *message;
  GError                 *error;
} Closing;

static void
closing_free (gpointer data)
{
  Closing *self = data;

  g_object_unref (self->session);
  g_free (self->message);
  g_clear_error (&self->error);
  g_free (self);
}

static void
devssh_session_close_here (DevSshSession          *self,
                           DevSshDisconnectReason  reason,
                           const char             *message,
                           const GError           *error)
{
  /* A connection that counts as lost may be followed by another one; without one, this is the end after all (protocol.md 3.4). */
  if (reason == DEVSSH_DISCONNECT_REASON_CONNECTION_LOST && !devssh_session_get_private (self)->disconnected &&
      devssh_session_may_resume (self))
    {
      devssh_session_disconnect (self, message != NULL ? message : "closed so");
      return;
    }

  devssh_session_end (self, reason, message, error,
                      reason == DEVSSH_DISCONNECT_REASON_CONNECTION_LOST ? DEVSSH_END_LOST : DEVSSH_END_ORDERLY);
}

static void
closing_cb (gpointer data)
{
  Closing *self = data;

  devssh_session_close_here (self->session, self->reason, self->message, self->error);
}

static void
devssh_session_close_anywhere (DevSshSession          *self,
                               DevSshDisconnectReason  reason,
                               const char             *message,
                               const GError           *error)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);
  Closing *closing;

  if (devssh_context_is_here (priv->context))
    {
      devssh_session_close_here (self, reason, message, error);
      return;
    }

  closing = g_new0 (Closing, 1);
  closing->session = g_object_ref (self);
  closing->reason = reason;
  closing->message = g_strdup (message);
  closing->error = error != NULL ? g_error_copy (error) : NULL;
  devssh_context_defer (priv->context, closing_cb, closing, closing_free);
}

/**
 * devssh_session_close:
 * @self: a session
 * @reason: why (RFC 4253, 11.1); %DEVSSH_DISCONNECT_REASON_NONE sends nothing
 * @message: (nullable): the same for people at the other end
 *
 * Ends the session: what was sent leaves first, then a DISCONNECT. Pending operations fail,
 * channels close, then [signal@Session::closed] comes. Closing twice does nothing.
 *
 * With %DEVSSH_DISCONNECT_REASON_CONNECTION_LOST only the connection ends, if the session can go on over another one: see
 * [signal@Session::disconnected]. A second call is the end then.
 *
 * Any thread may close a session; in another one than the session's own it is closed soon after
 * this call.
 *
 * Since: 1.0
 */
void
devssh_session_close (DevSshSession          *self,
                      DevSshDisconnectReason  reason,
                      const char             *message)
{
  g_return_if_fail (DEVSSH_IS_SESSION (self));

  devssh_session_close_anywhere (self, reason, message, NULL);
}

/**
 * devssh_session_close_with_error:
 * @self: a session
 * @reason: why (RFC 4253, 11.1)
 * @error: (nullable): what pending operations and channels get
 *
 * As [method@Session.close], with an error of the application's own.
 *
 * Since: 1.0
 */
void
devssh_session_close_with_error (DevSshSession          *self,
                                 DevSshDisconnectReason  reason,
                                 const GError           *error)
{
  g_return_if_fail (DEVSSH_IS_SESSION (self));

  devssh_session_close_anywhere (self, reason, error != NULL ? error->message : NULL, error);
}

static void
devssh_session_wait_cancelled_cb (gpointer data)
{
  GTask *task = data;
  DevSshSessionPrivate *priv = devssh_session_get_private (g_task_get_source_object (task));

  if (!g_queue_remove (&priv->wait_tasks, task))
    return;
  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Waiting for the end was cancelled");
  g_object_unref (task);
}

static void
devssh_session_wait (DevSshSession *self,
                     GTask         *task)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);

  if (!priv->connecting && priv->end == DEVSSH_SESSION_TOLD)
    priv->stream_closed = TRUE;
  devssh_session_watch_task (priv, task, devssh_session_wait_cancelled_cb);
  g_queue_push_tail (&priv->wait_tasks, task);
  devssh_session_stream_closed (self);
}

/**
 * devssh_session_close_async:
 * @self: a session
 * @reason: why (RFC 4253, 11.1)
 * @message: (nullable): the same for people at the other end
 * @cancellable: (nullable): a way to stop waiting; the session closes all the same
 * @callback: (scope async) (closure user_data): called when everybody was told and the stream is closed
 * @user_data: for @callback
 *
 * As [method@Session.close], and tells when it is done: after half a second at the latest, and at once if only the
 * connection ends.
 *
 * Since: 1.0
 */
void
devssh_session_close_async (DevSshSession          *self,
                            DevSshDisconnectReason  reason,
                            const char             *message,
                            GCancellable           *cancellable,
                            GAsyncReadyCallback     callback,
                            gpointer                user_data)
{
  g_autoptr(GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (DEVSSH_IS_SESSION (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_session_close_async);
  if (!devssh_context_check_here (devssh_session_get_private (self)->context, G_STRFUNC, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  devssh_session_close (self, reason, message);
  if (devssh_session_get_private (self)->disconnected)
    devssh_context_return_boolean (devssh_session_get_private (self)->context, g_steal_pointer (&task), TRUE);
  else
    devssh_session_wait (self, g_steal_pointer (&task));
}

/**
 * devssh_session_close_finish:
 * @self: a session
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@Session.close_async].
 *
 * Returns: %TRUE unless waiting was cancelled
 *
 * Since: 1.0
 */
gboolean
devssh_session_close_finish (DevSshSession  *self,
                             GAsyncResult   *result,
                             GError        **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * devssh_session_wait_closed_async:
 * @self: a session
 * @cancellable: (nullable): a way to stop waiting
 * @callback: (scope async) (closure user_data): called when the session has ended and its stream is closed
 * @user_data: for @callback
 *
 * Waits for the end of the session, whoever brings it. Read [method@Session.get_error] then.
 *
 * Since: 1.0
 */
void
devssh_session_wait_closed_async (DevSshSession       *self,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (DEVSSH_IS_SESSION (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_session_wait_closed_async);
  if (!devssh_context_check_here (devssh_session_get_private (self)->context, G_STRFUNC, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  devssh_session_wait (self, g_steal_pointer (&task));
}

/**
 * devssh_session_wait_closed_finish:
 * @self: a session
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@Session.wait_closed_async].
 *
 * Returns: %TRUE if the session has ended
 *
 * Since: 1.0
 */
gboolean
devssh_session_wait_closed_finish (DevSshSession  *self,
                                   GAsyncResult   *result,
                                   GError        **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
