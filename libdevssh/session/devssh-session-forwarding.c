/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starts the service that forwards ports, and hands each call on to it. */
#include <libdevssh/session/devssh-session-forwarding.h>

#include <libdevssh/base/devssh-error.h>

/**
 * devssh_session_get_port_forwarder:
 * @self: a session
 * @error: return location for an error
 *
 * Gets the service that forwards ports, and starts it if it does not run yet.
 *
 * Fails as [method@Session.activate_service] does; %DEVSSH_ERROR_NO_SERVICE says that the configuration
 * does not allow the plugin ([method@SessionConfig.allow_plugins]) or that there is none.
 *
 * Returns: (transfer none): the forwarder, or %NULL
 *
 * Since: 1.0
 */
DevSshPortForwarder *
devssh_session_get_port_forwarder (DevSshSession  *self,
                                   GError        **error)
{
  DevSshService *service;
  g_autoptr(GError) reason = NULL;

  g_return_val_if_fail (DEVSSH_IS_SESSION (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  service = devssh_session_activate_service (self, DEVSSH_SERVICE_NAME_PORT_FORWARDING, &reason);
  if (DEVSSH_IS_PORT_FORWARDER (service))
    return DEVSSH_PORT_FORWARDER (service);

  if (service != NULL)
    g_set_error_literal (&reason, DEVSSH_ERROR, DEVSSH_ERROR_NO_SERVICE,
                         "What is registered as \"" DEVSSH_SERVICE_NAME_PORT_FORWARDING "\" is no DevSshPortForwarder");
  else if (g_error_matches (reason, DEVSSH_ERROR, DEVSSH_ERROR_NO_SERVICE))
    g_prefix_error_literal (&reason, "devssh_session_config_allow_plugins() was not called with \""
                                     DEVSSH_SERVICE_NAME_PORT_FORWARDING "\", or the plugin is not installed: ");
  g_propagate_error (error, g_steal_pointer (&reason));

  return NULL;
}

/* The second half of a call */
typedef gpointer (*Finish) (DevSshPortForwarder *forwarder, GAsyncResult *result, GError **error);

static void
finished_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Finish finish = g_task_get_task_data (task);
  GError *error = NULL;
  gpointer object = finish (DEVSSH_PORT_FORWARDER (source), result, &error);

  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, object, g_object_unref);
}

/* NULL: it has ended with an error. Else finished_cb() has to get *task. */
static DevSshPortForwarder *
begin (DevSshSession        *self,
       gpointer              source_tag,
       Finish                finish,
       GCancellable         *cancellable,
       GAsyncReadyCallback   callback,
       gpointer              user_data,
       GTask               **task)
{
  g_autoptr(GTask) made = NULL;
  DevSshPortForwarder *forwarder;
  GError *error = NULL;

  g_return_val_if_fail (DEVSSH_IS_SESSION (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  made = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (made, source_tag);
  g_task_set_task_data (made, finish, NULL);
  /* The forwarder has looked. */
  g_task_set_check_cancellable (made, FALSE);

  forwarder = devssh_session_get_port_forwarder (self, &error);
  if (forwarder != NULL)
    *task = g_steal_pointer (&made);
  else
    g_task_return_error (made, error);

  return forwarder;
}

static gpointer
end (DevSshSession  *self,
     GAsyncResult   *result,
     gpointer        source_tag,
     GError        **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, source_tag), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * devssh_session_forward_from_remote_port_async:
 * @self: a session
 * @remote_address: (nullable): where the peer listens: an address, `localhost`, the empty text for all
 *   addresses, or a path; %NULL for `127.0.0.1`
 * @remote_port: the port on which the peer listens; 0 to let it choose, and with a path
 * @local_host: (nullable): the host or path to which connections go; %NULL for `127.0.0.1`
 * @local_port: the port to which they go; 0 for the same as @remote_port, and with a path
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the peer has answered
 * @user_data: for @callback
 *
 * Does what [method@PortForwarder.forward_from_remote_port_async] does, and starts the service if need be.
 *
 * Since: 1.0
 */
void
devssh_session_forward_from_remote_port_async (DevSshSession       *self,
                                               const char          *remote_address,
                                               guint                remote_port,
                                               const char          *local_host,
                                               guint                local_port,
                                               GCancellable        *cancellable,
                                               GAsyncReadyCallback  callback,
                                               gpointer             user_data)
{
  GTask *task = NULL;
  DevSshPortForwarder *forwarder;

  forwarder = begin (self, devssh_session_forward_from_remote_port_async,
                     (Finish) devssh_port_forwarder_forward_from_remote_port_finish,
                     cancellable, callback, user_data, &task);
  if (forwarder != NULL)
    devssh_port_forwarder_forward_from_remote_port_async (forwarder, remote_address, remote_port,
                                                          local_host, local_port,
                                                          cancellable, finished_cb, task);
}

/**
 * devssh_session_forward_from_remote_port_finish:
 * @self: a session
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Session.forward_from_remote_port_async]; fails as
 * [method@PortForwarder.forward_from_remote_port_finish] and [method@Session.get_port_forwarder] do.
 *
 * Returns: (transfer full) (nullable): the port; %NULL without an error if the peer refused
 *
 * Since: 1.0
 */
DevSshForwardedPort *
devssh_session_forward_from_remote_port_finish (DevSshSession  *self,
                                                GAsyncResult   *result,
                                                GError        **error)
{
  return end (self, result, devssh_session_forward_from_remote_port_async, error);
}

/**
 * devssh_session_stream_from_remote_port_async:
 * @self: a session
 * @remote_address: (nullable): where the peer listens: an address, `localhost`, the empty text for all
 *   addresses, or a path; %NULL for `127.0.0.1`
 * @remote_port: the port on which the peer listens; 0 to let it choose, and with a path
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the peer has answered
 * @user_data: for @callback
 *
 * Does what [method@PortForwarder.stream_from_remote_port_async] does, and starts the service if need be.
 *
 * Since: 1.0
 */
void
devssh_session_stream_from_remote_port_async (DevSshSession       *self,
                                              const char          *remote_address,
                                              guint                remote_port,
                                              GCancellable        *cancellable,
                                              GAsyncReadyCallback  callback,
                                              gpointer             user_data)
{
  GTask *task = NULL;
  DevSshPortForwarder *forwarder;

  forwarder = begin (self, devssh_session_stream_from_remote_port_async,
                     (Finish) devssh_port_forwarder_stream_from_remote_port_finish,
                     cancellable, callback, user_data, &task);
  if (forwarder != NULL)
    devssh_port_forwarder_stream_from_remote_port_async (forwarder, remote_address, remote_port,
                                                         cancellable, finished_cb, task);
}

/**
 * devssh_session_stream_from_remote_port_finish:
 * @self: a session
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Session.stream_from_remote_port_async]; fails as
 * [method@PortForwarder.stream_from_remote_port_finish] and [method@Session.get_port_forwarder] do.
 *
 * Returns: (transfer full) (nullable): the port; %NULL without an error if the peer refused
 *
 * Since: 1.0
 */
DevSshForwardedPort *
devssh_session_stream_from_remote_port_finish (DevSshSession  *self,
                                               GAsyncResult   *result,
                                               GError        **error)
{
  return end (self, result, devssh_session_stream_from_remote_port_async, error);
}

/**
 * devssh_session_forward_to_remote_port_async:
 * @self: a session
 * @local_address: (nullable): where to listen: an address, `localhost`, the empty text for all
 *   addresses, or a path; %NULL for `127.0.0.1`
 * @local_port: the port on which to listen; 0 for any, and with a path
 * @remote_host: (nullable): the host or path to which the peer connects; %NULL for `127.0.0.1`
 * @remote_port: the port to which the peer connects; 0 for the same as @local_port, and with a path
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the port listens
 * @user_data: for @callback
 *
 * Does what [method@PortForwarder.forward_to_remote_port_async] does, and starts the service if need be.
 *
 * Since: 1.0
 */
void
devssh_session_forward_to_remote_port_async (DevSshSession       *self,
                                             const char          *local_address,
                                             guint                local_port,
                                             const char          *remote_host,
                                             guint                remote_port,
                                             GCancellable        *cancellable,
                                             GAsyncReadyCallback  callback,
                                             gpointer             user_data)
{
  GTask *task = NULL;
  DevSshPortForwarder *forwarder;

  forwarder = begin (self, devssh_session_forward_to_remote_port_async,
                     (Finish) devssh_port_forwarder_forward_to_remote_port_finish,
                     cancellable, callback, user_data, &task);
  if (forwarder != NULL)
    devssh_port_forwarder_forward_to_remote_port_async (forwarder, local_address, local_port, remote_host, remote_port,
                                                        cancellable, finished_cb, task);
}

/**
 * devssh_session_forward_to_remote_port_finish:
 * @self: a session
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Session.forward_to_remote_port_async]; fails as
 * [method@PortForwarder.forward_to_remote_port_finish] and [method@Session.get_port_forwarder] do.
 *
 * Returns: (transfer full): the port, or %NULL
 *
 * Since: 1.0
 */
DevSshForwardedPort *
devssh_session_forward_to_remote_port_finish (DevSshSession  *self,
                                              GAsyncResult   *result,
                                              GError        **error)
{
  return end (self, result, devssh_session_forward_to_remote_port_async, error);
}

/**
 * devssh_session_stream_to_remote_port_async:
 * @self: a session
 * @remote_host: (nullable): the host or path to which the peer connects; %NULL for `127.0.0.1`
 * @remote_port: the port to which the peer connects; 0 with a path
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the peer has connected
 * @user_data: for @callback
 *
 * Does what [method@PortForwarder.stream_to_remote_port_async] does, and starts the service if need be.
 *
 * Since: 1.0
 */
void
devssh_session_stream_to_remote_port_async (DevSshSession       *self,
                                            const char          *remote_host,
                                            guint                remote_port,
                                            GCancellable        *cancellable,
                                            GAsyncReadyCallback  callback,
                                            gpointer             user_data)
{
  GTask *task = NULL;
  DevSshPortForwarder *forwarder;

  forwarder = begin (self, devssh_session_stream_to_remote_port_async,
                     (Finish) devssh_port_forwarder_stream_to_remote_port_finish,
                     cancellable, callback, user_data, &task);
  if (forwarder != NULL)
    devssh_port_forwarder_stream_to_remote_port_async (forwarder, remote_host, remote_port,
                                                       cancellable, finished_cb, task);
}

/**
 * devssh_session_stream_to_remote_port_finish:
 * @self: a session
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Session.stream_to_remote_port_async]; fails as
 * [method@PortForwarder.stream_to_remote_port_finish] and [method@Session.get_port_forwarder] do.
 *
 * Returns: (transfer full): the stream, or %NULL
 *
 * Since: 1.0
 */
GIOStream *
devssh_session_stream_to_remote_port_finish (DevSshSession  *self,
                                             GAsyncResult   *result,
                                             GError        **error)
{
  return end (self, result, devssh_session_stream_to_remote_port_async, error);
}

/**
 * devssh_session_connect_to_forwarded_port_async:
 * @self: a session
 * @port: a port that the peer asked us to forward
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the peer has accepted
 * @user_data: for @callback
 *
 * Does what [method@PortForwarder.connect_to_forwarded_port_async] does, and starts the service if need be.
 *
 * Since: 1.0
 */
void
devssh_session_connect_to_forwarded_port_async (DevSshSession       *self,
                                                guint                port,
                                                GCancellable        *cancellable,
                                                GAsyncReadyCallback  callback,
                                                gpointer             user_data)
{
  GTask *task = NULL;
  DevSshPortForwarder *forwarder;

  forwarder = begin (self, devssh_session_connect_to_forwarded_port_async,
                     (Finish) devssh_port_forwarder_connect_to_forwarded_port_finish,
                     cancellable, callback, user_data, &task);
  if (forwarder != NULL)
    devssh_port_forwarder_connect_to_forwarded_port_async (forwarder, port,
                                                           cancellable, finished_cb, task);
}

/**
 * devssh_session_connect_to_forwarded_port_finish:
 * @self: a session
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Session.connect_to_forwarded_port_async]; fails as
 * [method@PortForwarder.connect_to_forwarded_port_finish] and [method@Session.get_port_forwarder] do.
 *
 * Returns: (transfer full): the stream, or %NULL
 *
 * Since: 1.0
 */
GIOStream *
devssh_session_connect_to_forwarded_port_finish (DevSshSession  *self,
                                                 GAsyncResult   *result,
                                                 GError        **error)
{
  return end (self, result, devssh_session_connect_to_forwarded_port_async, error);
}

/**
 * devssh_session_connect_to_forwarded_socket_async:
 * @self: a session
 * @path: (type utf8): a Unix socket that the peer asked us to forward
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the peer has accepted
 * @user_data: for @callback
 *
 * Does what [method@PortForwarder.connect_to_forwarded_socket_async] does, and starts the service if need be.
 *
 * Since: 1.0
 */
void
devssh_session_connect_to_forwarded_socket_async (DevSshSession       *self,
                                                  const char          *path,
                                                  GCancellable        *cancellable,
                                                  GAsyncReadyCallback  callback,
                                                  gpointer             user_data)
{
  GTask *task = NULL;
  DevSshPortForwarder *forwarder;

  g_return_if_fail (path != NULL);

  forwarder = begin (self, devssh_session_connect_to_forwarded_socket_async,
                     (Finish) devssh_port_forwarder_connect_to_forwarded_socket_finish,
                     cancellable, callback, user_data, &task);
  if (forwarder != NULL)
    devssh_port_forwarder_connect_to_forwarded_socket_async (forwarder, path,
                                                             cancellable, finished_cb, task);
}

/**
 * devssh_session_connect_to_forwarded_socket_finish:
 * @self: a session
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Session.connect_to_forwarded_socket_async]; fails as
 * [method@PortForwarder.connect_to_forwarded_socket_finish] and [method@Session.get_port_forwarder] do.
 *
 * Returns: (transfer full): the stream, or %NULL
 *
 * Since: 1.0
 */
GIOStream *
devssh_session_connect_to_forwarded_socket_finish (DevSshSession  *self,
                                                   GAsyncResult   *result,
                                                   GError        **error)
{
  return end (self, result, devssh_session_connect_to_forwarded_socket_async, error);
}

/**
 * devssh_session_wait_for_forwarded_port_async:
 * @self: a session
 * @port: the port that the peer will ask us to forward
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the port is forwarded
 * @user_data: for @callback
 *
 * Does what [method@PortForwarder.wait_for_forwarded_port_async] does, and starts the service if need be.
 *
 * Since: 1.0
 */
void
devssh_session_wait_for_forwarded_port_async (DevSshSession       *self,
                                              guint                port,
                                              GCancellable        *cancellable,
                                              GAsyncReadyCallback  callback,
                                              gpointer             user_data)
{
  GTask *task = NULL;
  DevSshPortForwarder *forwarder;

  forwarder = begin (self, devssh_session_wait_for_forwarded_port_async,
                     (Finish) devssh_port_forwarder_wait_for_forwarded_port_finish,
                     cancellable, callback, user_data, &task);
  if (forwarder != NULL)
    devssh_port_forwarder_wait_for_forwarded_port_async (forwarder, port,
                                                         cancellable, finished_cb, task);
}

/**
 * devssh_session_wait_for_forwarded_port_finish:
 * @self: a session
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Session.wait_for_forwarded_port_async]; fails as
 * [method@PortForwarder.wait_for_forwarded_port_finish] and [method@Session.get_port_forwarder] do.
 *
 * Returns: (transfer full): the port, or %NULL
 *
 * Since: 1.0
 */
DevSshForwardedPort *
devssh_session_wait_for_forwarded_port_finish (DevSshSession  *self,
                                               GAsyncResult   *result,
                                               GError        **error)
{
  return end (self, result, devssh_session_wait_for_forwarded_port_async, error);
}

/**
 * devssh_session_wait_for_forwarded_socket_async:
 * @self: a session
 * @path: (type utf8): the Unix socket that the peer will ask us to forward
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the path is forwarded
 * @user_data: for @callback
 *
 * Does what [method@PortForwarder.wait_for_forwarded_socket_async] does, and starts the service if need be.
 *
 * Since: 1.0
 */
void
devssh_session_wait_for_forwarded_socket_async (DevSshSession       *self,
                                                const char          *path,
                                                GCancellable        *cancellable,
                                                GAsyncReadyCallback  callback,
                                                gpointer             user_data)
{
  GTask *task = NULL;
  DevSshPortForwarder *forwarder;

  g_return_if_fail (path != NULL);

  forwarder = begin (self, devssh_session_wait_for_forwarded_socket_async,
                     (Finish) devssh_port_forwarder_wait_for_forwarded_socket_finish,
                     cancellable, callback, user_data, &task);
  if (forwarder != NULL)
    devssh_port_forwarder_wait_for_forwarded_socket_async (forwarder, path,
                                                           cancellable, finished_cb, task);
}

/**
 * devssh_session_wait_for_forwarded_socket_finish:
 * @self: a session
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Session.wait_for_forwarded_socket_async]; fails as
 * [method@PortForwarder.wait_for_forwarded_socket_finish] and [method@Session.get_port_forwarder] do.
 *
 * Returns: (transfer full): the socket, or %NULL
 *
 * Since: 1.0
 */
DevSshForwardedPort *
devssh_session_wait_for_forwarded_socket_finish (DevSshSession  *self,
                                                 GAsyncResult   *result,
                                                 GError        **error)
{
  return end (self, result, devssh_session_wait_for_forwarded_socket_async, error);
}
