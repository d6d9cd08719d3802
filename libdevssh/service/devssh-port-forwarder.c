/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The face of port forwarding: whoever implements it, arguments are checked and signals emitted here. */
#include <libdevssh/service/devssh-port-forwarder.h>

#include <libdevssh/base/devssh-context-private.h>
#include <libdevssh/base/devssh-error.h>
#include <libdevssh/base/devssh-question-private.h>
#include <libdevssh/service/devssh-forwarded-port-connecting-private.h>

#define PROP_ACCEPT_LOCAL  "accept-local-connections-for-forwarded-ports"
#define PROP_ACCEPT_REMOTE "accept-remote-connections-for-non-forwarded-ports"
#define PROP_FORWARD       "forward-connections-to-local-ports"
#define PROP_GATEWAY_PORTS "gateway-ports"
#define PROP_REPLACE       "replace-existing-sockets"
#define PROP_LOCAL_PORTS   "local-forwarded-ports"
#define PROP_REMOTE_PORTS  "remote-forwarded-ports"

G_DEFINE_ENUM_TYPE (DevSshGatewayPorts, devssh_gateway_ports,
                    G_DEFINE_ENUM_VALUE (DEVSSH_GATEWAY_PORTS_NO, "no"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_GATEWAY_PORTS_YES, "yes"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_GATEWAY_PORTS_CLIENT_SPECIFIED, "client-specified"))

/**
 * DevSshPortForwarder:
 *
 * Forwards TCP ports and Unix sockets through a session, in both directions and in both roles
 * (RFC 4254, 7, and section 2.4 of OpenSSH's PROTOCOL).
 *
 * Wherever an address or host is asked for, the absolute path of a Unix socket will do; its port
 * is 0. So each side may be either: `/run/a.sock` here may lead to port 80 there. A Unix
 * socket that listens is made for its owner alone (mode 0600) and removed at the end if it is still
 * the one that was made.
 *
 * The plugin `port-forwarding` implements it. A configuration that allows the plugin
 * ([method@SessionConfig.allow_plugins]) has it woken when the peer asks for a forwarding; an
 * application that wants to forward a port itself calls [method@Session.activate_service] with
 * %DEVSSH_SERVICE_NAME_PORT_FORWARDING, and what comes back has this interface.
 *
 * Nothing is forwarded for the peer unless the application accepts each request:
 * `tcpip-forward`, `streamlocal-forward@openssh.com` and those that cancel them on
 * [signal@Session::request], `direct-tcpip` and `direct-streamlocal@openssh.com` on
 * [signal@Session::channel-opening]; [struct@PortForwardMessage] reads what they carry.
 * A `forwarded-tcpip` or `forwarded-streamlocal@openssh.com` channel is accepted if it belongs
 * to a port or path that was asked for here; a handler of [signal@Session::channel-opening] may
 * reject it.
 *
 * Since: 1.0
 */

/**
 * DevSshPortForwarderInterface:
 * @forward_from_remote_port_async: see [method@PortForwarder.forward_from_remote_port_async]
 * @forward_from_remote_port_finish: see [method@PortForwarder.forward_from_remote_port_finish]
 * @stream_from_remote_port_async: see [method@PortForwarder.stream_from_remote_port_async]
 * @stream_from_remote_port_finish: see [method@PortForwarder.stream_from_remote_port_finish]
 * @forward_to_remote_port_async: see [method@PortForwarder.forward_to_remote_port_async]
 * @forward_to_remote_port_finish: see [method@PortForwarder.forward_to_remote_port_finish]
 * @stream_to_remote_port_async: see [method@PortForwarder.stream_to_remote_port_async]
 * @stream_to_remote_port_finish: see [method@PortForwarder.stream_to_remote_port_finish]
 * @connect_to_forwarded_port_async: see [method@PortForwarder.connect_to_forwarded_port_async]
 * @connect_to_forwarded_port_finish: see [method@PortForwarder.connect_to_forwarded_port_finish]
 * @wait_for_forwarded_port_async: see [method@PortForwarder.wait_for_forwarded_port_async]
 * @wait_for_forwarded_port_finish: see [method@PortForwarder.wait_for_forwarded_port_finish]
 * @connect_to_forwarded_socket_async: see [method@PortForwarder.connect_to_forwarded_socket_async]
 * @connect_to_forwarded_socket_finish: see [method@PortForwarder.connect_to_forwarded_socket_finish]
 * @wait_for_forwarded_socket_async: see [method@PortForwarder.wait_for_forwarded_socket_async]
 * @wait_for_forwarded_socket_finish: see [method@PortForwarder.wait_for_forwarded_socket_finish]
 *
 * What a service that forwards ports implements, besides the properties. Arguments are
 * checked before a function of it is called: ports are in range, addresses and hosts not %NULL; one
 * that begins with `/` is a path, and its port is 0.
 *
 * Since: 1.0
 */
G_DEFINE_INTERFACE (DevSshPortForwarder, devssh_port_forwarder, G_TYPE_OBJECT)

enum { SIGNAL_FORWARDED_PORT_CONNECTING, SIGNAL_STREAM_OPENED, SIGNAL_ALLOW_ADDRESS, N_SIGNALS };
static guint signals[N_SIGNALS];

static void
install_options (DevSshPortForwarderInterface *iface)
{
  /**
   * DevSshPortForwarder:accept-local-connections-for-forwarded-ports:
   *   (getter get_accept_local_connections_for_forwarded_ports)
   *   (setter set_accept_local_connections_for_forwarded_ports)
   *
   * Whether a port that the peer wants to be forwarded gets a listening socket. If not,
   * the port is only recorded, and [method@PortForwarder.connect_to_forwarded_port_async] opens
   * connections to it; a peer that leaves the choice of the port to us is refused then.
   *
   * Since: 1.0
   */
  g_object_interface_install_property (iface,
    g_param_spec_boolean (PROP_ACCEPT_LOCAL, NULL, NULL, TRUE,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS));

  /**
   * DevSshPortForwarder:accept-remote-connections-for-non-forwarded-ports:
   *   (getter get_accept_remote_connections_for_non_forwarded_ports)
   *   (setter set_accept_remote_connections_for_non_forwarded_ports)
   *
   * Whether the application is asked about `direct-tcpip` channels; if not, all are refused.
   *
   * Since: 1.0
   */
  g_object_interface_install_property (iface,
    g_param_spec_boolean (PROP_ACCEPT_REMOTE, NULL, NULL, TRUE,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS));

  /**
   * DevSshPortForwarder:forward-connections-to-local-ports:
   *   (getter get_forward_connections_to_local_ports)
   *   (setter set_forward_connections_to_local_ports)
   *
   * Whether channels that the peer opens are connected to TCP ports. If not, they are the
   * application's, which takes them from [signal@Session::channel-opening] or
   * [method@Session.accept_channel_async].
   *
   * Since: 1.0
   */
  g_object_interface_install_property (iface,
    g_param_spec_boolean (PROP_FORWARD, NULL, NULL, TRUE,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS));

  /**
   * DevSshPortForwarder:gateway-ports: (getter get_gateway_ports) (setter set_gateway_ports)
   *
   * Where ports that the peer wants to be forwarded may listen.
   *
   * Since: 1.0
   */
  g_object_interface_install_property (iface,
    g_param_spec_enum (PROP_GATEWAY_PORTS, NULL, NULL, DEVSSH_TYPE_GATEWAY_PORTS, DEVSSH_GATEWAY_PORTS_NO,
                       G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS));

  /**
   * DevSshPortForwarder:replace-existing-sockets:
   *   (getter get_replace_existing_sockets) (setter set_replace_existing_sockets)
   *
   * Whether a Unix socket of this user that is there already is removed to make room for
   * one that listens. If not, and for everything else that has the name, listening fails.
   *
   * Since: 1.0
   */
  g_object_interface_install_property (iface,
    g_param_spec_boolean (PROP_REPLACE, NULL, NULL, FALSE,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS));
}

static void
install_lists (DevSshPortForwarderInterface *iface)
{
  /**
   * DevSshPortForwarder:local-forwarded-ports: (getter get_local_forwarded_ports)
   *
   * The ports, [class@ForwardedPort], that we asked the peer to forward to us.
   *
   * Since: 1.0
   */
  g_object_interface_install_property (iface,
    g_param_spec_object (PROP_LOCAL_PORTS, NULL, NULL, G_TYPE_LIST_MODEL,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS));

  /**
   * DevSshPortForwarder:remote-forwarded-ports: (getter get_remote_forwarded_ports)
   *
   * The ports, [class@ForwardedPort], that the peer asked us to forward to it.
   *
   * Since: 1.0
   */
  g_object_interface_install_property (iface,
    g_param_spec_object (PROP_REMOTE_PORTS, NULL, NULL, G_TYPE_LIST_MODEL,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS));
}

static void
install_signals (void)
{
  /**
   * DevSshPortForwarder::forwarded-port-connecting:
   * @self: the forwarder
   * @connecting: the connection
   *
   * Emitted for a connection of a forwarded port when both of its ends are there, and before
   * anything is relayed. Without a handler the connection runs as it is; a handler
   * accepts, replaces its stream or rejects it.
   *
   * Returns: %TRUE if @connecting is answered, or kept and answered later; what no handler
   *   takes is rejected
   *
   * Since: 1.0
   */
  signals[SIGNAL_FORWARDED_PORT_CONNECTING] =
    g_signal_new ("forwarded-port-connecting", DEVSSH_TYPE_PORT_FORWARDER, G_SIGNAL_RUN_LAST, 0,
                  g_signal_accumulator_true_handled, NULL, NULL,
                  G_TYPE_BOOLEAN, 1, DEVSSH_TYPE_FORWARDED_PORT_CONNECTING);

  /**
   * DevSshPortForwarder::stream-opened:
   * @self: the forwarder
   * @port: the port to which somebody connected
   * @stream: the connection
   *
   * Emitted for each connection to a port of [method@PortForwarder.stream_from_remote_port_async],
   * after [signal@ForwardedPort::stream-opened]. Keep a reference to @stream: when nobody
   * has one, the connection is closed. If neither signal has a handler, it is refused at once.
   *
   * Since: 1.0
   */
  signals[SIGNAL_STREAM_OPENED] =
    g_signal_new ("stream-opened", DEVSSH_TYPE_PORT_FORWARDER, G_SIGNAL_RUN_LAST, 0,
                  NULL, NULL, NULL, G_TYPE_NONE, 2, DEVSSH_TYPE_FORWARDED_PORT, G_TYPE_IO_STREAM);

  /**
   * DevSshPortForwarder::allow-address:
   * @self: the forwarder
   * @host: the name, address or path that the peer gave
   * @address: one of the addresses that @host means, in numbers; or where the path really leads
   * @port: the port; 0 with a path
   *
   * Emitted for each address of a host to which the peer wants to be connected, after the
   * application has accepted the channel. A name is looked up once, and only addresses
   * that passed here are tried: so a name cannot come to mean another address in between.
   * The folders of a path may be links, which are not in @address; the socket itself may not be one.
   *
   * Without a handler all addresses are allowed; with one, those that a handler allows.
   *
   * Returns: %TRUE if a connection may be made to @address
   *
   * Since: 1.0
   */
  signals[SIGNAL_ALLOW_ADDRESS] =
    g_signal_new ("allow-address", DEVSSH_TYPE_PORT_FORWARDER, G_SIGNAL_RUN_LAST, 0,
                  g_signal_accumulator_true_handled, NULL, NULL,
                  G_TYPE_BOOLEAN, 3, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_UINT);
}

static void
devssh_port_forwarder_default_init (DevSshPortForwarderInterface *iface)
{
  install_options (iface);
  install_lists (iface);
  install_signals ();
}

/**
 * devssh_port_forwarder_get_accept_local_connections_for_forwarded_ports:
 *   (get-property accept-local-connections-for-forwarded-ports)
 * @self: a forwarder
 *
 * Asks whether ports that the peer wants to be forwarded get a listening socket.
 *
 * Returns: %TRUE if they do
 *
 * Since: 1.0
 */
gboolean
devssh_port_forwarder_get_accept_local_connections_for_forwarded_ports (DevSshPortForwarder *self)
{
  gboolean accept = FALSE;

  g_return_val_if_fail (DEVSSH_IS_PORT_FORWARDER (self), FALSE);

  g_object_get (self, PROP_ACCEPT_LOCAL, &accept, NULL);

  return accept;
}

/**
 * devssh_port_forwarder_set_accept_local_connections_for_forwarded_ports:
 *   (set-property accept-local-connections-for-forwarded-ports)
 * @self: a forwarder
 * @accept: whether to listen
 *
 * Sets whether ports that the peer wants to be forwarded get a listening socket. What is
 * forwarded already stays.
 *
 * Since: 1.0
 */
void
devssh_port_forwarder_set_accept_local_connections_for_forwarded_ports (DevSshPortForwarder *self,
                                                                        gboolean             accept)
{
  g_return_if_fail (DEVSSH_IS_PORT_FORWARDER (self));

  g_object_set (self, PROP_ACCEPT_LOCAL, accept, NULL);
}

/**
 * devssh_port_forwarder_get_accept_remote_connections_for_non_forwarded_ports:
 *   (get-property accept-remote-connections-for-non-forwarded-ports)
 * @self: a forwarder
 *
 * Asks whether the application is asked about `direct-tcpip` channels.
 *
 * Returns: %TRUE if it is; %FALSE if all are refused
 *
 * Since: 1.0
 */
gboolean
devssh_port_forwarder_get_accept_remote_connections_for_non_forwarded_ports (DevSshPortForwarder *self)
{
  gboolean accept = FALSE;

  g_return_val_if_fail (DEVSSH_IS_PORT_FORWARDER (self), FALSE);

  g_object_get (self, PROP_ACCEPT_REMOTE, &accept, NULL);

  return accept;
}

/**
 * devssh_port_forwarder_set_accept_remote_connections_for_non_forwarded_ports:
 *   (set-property accept-remote-connections-for-non-forwarded-ports)
 * @self: a forwarder
 * @accept: whether the application is asked
 *
 * Sets whether the application is asked about `direct-tcpip` channels, or all are refused.
 *
 * Since: 1.0
 */
void
devssh_port_forwarder_set_accept_remote_connections_for_non_forwarded_ports (DevSshPortForwarder *self,
                                                                             gboolean             accept)
{
  g_return_if_fail (DEVSSH_IS_PORT_FORWARDER (self));

  g_object_set (self, PROP_ACCEPT_REMOTE, accept, NULL);
}

/**
 * devssh_port_forwarder_get_forward_connections_to_local_ports:
 *   (get-property forward-connections-to-local-ports)
 * @self: a forwarder
 *
 * Asks whether channels that the peer opens are connected to TCP ports.
 *
 * Returns: %TRUE if they are; %FALSE if they are the application's
 *
 * Since: 1.0
 */
gboolean
devssh_port_forwarder_get_forward_connections_to_local_ports (DevSshPortForwarder *self)
{
  gboolean forward = FALSE;

  g_return_val_if_fail (DEVSSH_IS_PORT_FORWARDER (self), FALSE);

  g_object_get (self, PROP_FORWARD, &forward, NULL);

  return forward;
}

/**
 * devssh_port_forwarder_set_forward_connections_to_local_ports:
 *   (set-property forward-connections-to-local-ports)
 * @self: a forwarder
 * @forward: whether to connect channels to TCP ports
 *
 * Sets whether channels that the peer opens are connected to TCP ports, or are the application's.
 *
 * Since: 1.0
 */
void
devssh_port_forwarder_set_forward_connections_to_local_ports (DevSshPortForwarder *self,
                                                              gboolean             forward)
{
  g_return_if_fail (DEVSSH_IS_PORT_FORWARDER (self));

  g_object_set (self, PROP_FORWARD, forward, NULL);
}

/**
 * devssh_port_forwarder_get_gateway_ports: (get-property gateway-ports)
 * @self: a forwarder
 *
 * Asks where ports that the peer wants to be forwarded may listen.
 *
 * Returns: where
 *
 * Since: 1.0
 */
DevSshGatewayPorts
devssh_port_forwarder_get_gateway_ports (DevSshPortForwarder *self)
{
  DevSshGatewayPorts gateway_ports = DEVSSH_GATEWAY_PORTS_NO;

  g_return_val_if_fail (DEVSSH_IS_PORT_FORWARDER (self), gateway_ports);

  g_object_get (self, PROP_GATEWAY_PORTS, &gateway_ports, NULL);

  return gateway_ports;
}

/**
 * devssh_port_forwarder_set_gateway_ports: (set-property gateway-ports)
 * @self: a forwarder
 * @gateway_ports: where
 *
 * Sets where ports that the peer wants to be forwarded may listen. What listens already stays.
 *
 * Since: 1.0
 */
void
devssh_port_forwarder_set_gateway_ports (DevSshPortForwarder *self,
                                         DevSshGatewayPorts   gateway_ports)
{
  g_return_if_fail (DEVSSH_IS_PORT_FORWARDER (self));

  g_object_set (self, PROP_GATEWAY_PORTS, gateway_ports, NULL);
}

/**
 * devssh_port_forwarder_get_replace_existing_sockets: (get-property replace-existing-sockets)
 * @self: a forwarder
 *
 * Asks whether Unix sockets that are there already make room for those that listen.
 *
 * Returns: %TRUE if they do
 *
 * Since: 1.0
 */
gboolean
devssh_port_forwarder_get_replace_existing_sockets (DevSshPortForwarder *self)
{
  gboolean replace = FALSE;

  g_return_val_if_fail (DEVSSH_IS_PORT_FORWARDER (self), FALSE);

  g_object_get (self, PROP_REPLACE, &replace, NULL);

  return replace;
}

/**
 * devssh_port_forwarder_set_replace_existing_sockets: (set-property replace-existing-sockets)
 * @self: a forwarder
 * @replace: whether they make room
 *
 * Sets whether Unix sockets of this user that are there already make room for those that
 * listen, also where the peer asked for them. Nothing but a socket is ever removed.
 *
 * Since: 1.0
 */
void
devssh_port_forwarder_set_replace_existing_sockets (DevSshPortForwarder *self,
                                                    gboolean             replace)
{
  g_return_if_fail (DEVSSH_IS_PORT_FORWARDER (self));

  g_object_set (self, PROP_REPLACE, replace, NULL);
}

static GListModel *
get_list (DevSshPortForwarder *self,
          const char          *property)
{
  g_autoptr(GListModel) list = NULL;

  g_object_get (self, property, &list, NULL);

  /* The forwarder keeps it. */
  return list;
}

/**
 * devssh_port_forwarder_get_local_forwarded_ports: (get-property local-forwarded-ports)
 * @self: a forwarder
 *
 * Gets the ports, [class@ForwardedPort], that we asked the peer to forward to us.
 *
 * Returns: (transfer none): a list that follows what happens
 *
 * Since: 1.0
 */
GListModel *
devssh_port_forwarder_get_local_forwarded_ports (DevSshPortForwarder *self)
{
  g_return_val_if_fail (DEVSSH_IS_PORT_FORWARDER (self), NULL);

  return get_list (self, PROP_LOCAL_PORTS);
}

/**
 * devssh_port_forwarder_get_remote_forwarded_ports: (get-property remote-forwarded-ports)
 * @self: a forwarder
 *
 * Gets the ports, [class@ForwardedPort], that the peer asked us to forward to it.
 *
 * Returns: (transfer none): a list that follows what happens
 *
 * Since: 1.0
 */
GListModel *
devssh_port_forwarder_get_remote_forwarded_ports (DevSshPortForwarder *self)
{
  g_return_val_if_fail (DEVSSH_IS_PORT_FORWARDER (self), NULL);

  return get_list (self, PROP_REMOTE_PORTS);
}

static gboolean
is_path (const char *host)
{
  return host != NULL && *host == '/';
}

/* One end of a forwarding. FALSE: callback gets an error. A port that does not fit is never truncated (T-85); a Unix
 * socket has none. */
static gboolean
check_end (DevSshPortForwarder *self,
           const char          *host,
           guint                port,
           guint                least,
           GAsyncReadyCallback  callback,
           gpointer             user_data,
           gpointer             source_tag)
{
  guint most = is_path (host) ? 0 : G_MAXUINT16;

  if (is_path (host))
    least = 0;

  if (port < least || port > most)
    g_task_report_new_error (self, callback, user_data, source_tag,
                             G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                             "%u is not a port: %u to %u is expected", port, least, most);
  else if (host != NULL && !g_utf8_validate (host, -1, NULL))
    g_task_report_new_error (self, callback, user_data, source_tag,
                             G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "This is not the name of a host or file");
  else
    return TRUE;

  return FALSE;
}

static gboolean
check_path (DevSshPortForwarder *self,
            const char          *path,
            GAsyncReadyCallback  callback,
            gpointer             user_data,
            gpointer             source_tag)
{
  if (is_path (path))
    return check_end (self, path, 0, 0, callback, user_data, source_tag);

  g_task_report_new_error (self, callback, user_data, source_tag,
                           G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "“%s” is not an absolute path", path);
  return FALSE;
}

/* An implementation may lack what came later than it, or what its author left out. */
static gboolean
check_method (DevSshPortForwarder *self,
              gboolean             is_there,
              GAsyncReadyCallback  callback,
              gpointer             user_data,
              gpointer             source_tag)
{
  if (!is_there)
    g_task_report_new_error (self, callback, user_data, source_tag,
                             G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "%s does not do that", G_OBJECT_TYPE_NAME (self));

  return is_there;
}

/* One in Python that throws gives NULL back, and no error. That is a refusal, never a success without a result. */
static gpointer
check_object (gpointer   object,
              GError   **error)
{
  if (object == NULL && error != NULL && *error == NULL)
    g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_REFUSED, "The service has failed, and does not say why");

  return object;
}

/* The finish half of an error that was reported before the implementation was called. */
static gboolean
is_reported (DevSshPortForwarder *self,
             GAsyncResult        *result,
             gpointer             source_tag,
             GError             **error)
{
  if (!g_async_result_is_tagged (result, source_tag))
    return FALSE;

  g_task_propagate_pointer (G_TASK (result), error);

  return TRUE;
}

/**
 * devssh_port_forwarder_forward_from_remote_port_async: (virtual forward_from_remote_port_async)
 * @self: a forwarder
 * @remote_address: (nullable): where the peer listens: an address, `localhost`, the empty text for all
 *   addresses, or a path; %NULL for `127.0.0.1`
 * @remote_port: the port on which the peer listens; 0 to let it choose, and with a path
 * @local_host: (nullable): the host or path to which connections go; %NULL for `127.0.0.1`
 * @local_port: the port to which they go; 0 for the same as @remote_port, and with a path
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the peer has answered
 * @user_data: for @callback
 *
 * Asks the peer to listen on a port, and connects what comes in there to a host and port
 * on this side (RFC 4254, 7.1).
 *
 * Since: 1.0
 */
void
devssh_port_forwarder_forward_from_remote_port_async (DevSshPortForwarder *self,
                                                      const char          *remote_address,
                                                      guint                remote_port,
                                                      const char          *local_host,
                                                      guint                local_port,
                                                      GCancellable        *cancellable,
                                                      GAsyncReadyCallback  callback,
                                                      gpointer             user_data)
{
  gpointer tag = devssh_port_forwarder_forward_from_remote_port_async;

  g_return_if_fail (DEVSSH_IS_PORT_FORWARDER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (local_port == 0 && !is_path (local_host))
    local_port = remote_port;

  if (check_end (self, remote_address, remote_port, 0, callback, user_data, tag)
      && check_end (self, local_host, local_port, 1, callback, user_data, tag)
      && check_method (self, DEVSSH_PORT_FORWARDER_GET_IFACE (self)->forward_from_remote_port_async != NULL,
                       callback, user_data, tag))
    DEVSSH_PORT_FORWARDER_GET_IFACE (self)->forward_from_remote_port_async (
      self, remote_address != NULL ? remote_address : "127.0.0.1", remote_port,
      local_host != NULL ? local_host : "127.0.0.1", local_port, cancellable, callback, user_data);
}

/**
 * devssh_port_forwarder_forward_from_remote_port_finish: (virtual forward_from_remote_port_finish)
 * @self: a forwarder
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets the port that the peer forwards now. It is listed in
 * [property@PortForwarder:local-forwarded-ports] until it is closed.
 *
 * %DEVSSH_ERROR_INVALID_STATE says that one of the ports is forwarded already.
 *
 * Returns: (transfer full) (nullable): the port; %NULL without an error if the peer refused
 *
 * Since: 1.0
 */
DevSshForwardedPort *
devssh_port_forwarder_forward_from_remote_port_finish (DevSshPortForwarder  *self,
                                                       GAsyncResult         *result,
                                                       GError              **error)
{
  g_return_val_if_fail (DEVSSH_IS_PORT_FORWARDER (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (is_reported (self, result, devssh_port_forwarder_forward_from_remote_port_async, error))
    return NULL;

  return DEVSSH_PORT_FORWARDER_GET_IFACE (self)->forward_from_remote_port_finish (self, result, error);
}

/**
 * devssh_port_forwarder_stream_from_remote_port_async: (virtual stream_from_remote_port_async)
 * @self: a forwarder
 * @remote_address: (nullable): where the peer listens: an address, `localhost`, the empty text for all
 *   addresses, or a path; %NULL for `127.0.0.1`
 * @remote_port: the port on which the peer listens; 0 to let it choose, and with a path
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the peer has answered
 * @user_data: for @callback
 *
 * Asks the peer to listen on a port; what comes in there is handed out as streams, by
 * [signal@ForwardedPort::stream-opened] and [signal@PortForwarder::stream-opened].
 *
 * Since: 1.0
 */
void
devssh_port_forwarder_stream_from_remote_port_async (DevSshPortForwarder *self,
                                                     const char          *remote_address,
                                                     guint                remote_port,
                                                     GCancellable        *cancellable,
                                                     GAsyncReadyCallback  callback,
                                                     gpointer             user_data)
{
  g_return_if_fail (DEVSSH_IS_PORT_FORWARDER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (check_end (self, remote_address, remote_port, 0, callback, user_data,
                 devssh_port_forwarder_stream_from_remote_port_async)
      && check_method (self, DEVSSH_PORT_FORWARDER_GET_IFACE (self)->stream_from_remote_port_async != NULL,
                       callback, user_data, devssh_port_forwarder_stream_from_remote_port_async))
    DEVSSH_PORT_FORWARDER_GET_IFACE (self)->stream_from_remote_port_async (
      self, remote_address != NULL ? remote_address : "127.0.0.1", remote_port, cancellable, callback, user_data);
}

/**
 * devssh_port_forwarder_stream_from_remote_port_finish: (virtual stream_from_remote_port_finish)
 * @self: a forwarder
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets the port that the peer forwards now. It is listed in
 * [property@PortForwarder:local-forwarded-ports], with no port on this side, until it is closed.
 *
 * %DEVSSH_ERROR_INVALID_STATE says that the port is forwarded already.
 *
 * Returns: (transfer full) (nullable): the port; %NULL without an error if the peer refused
 *
 * Since: 1.0
 */
DevSshForwardedPort *
devssh_port_forwarder_stream_from_remote_port_finish (DevSshPortForwarder  *self,
                                                      GAsyncResult         *result,
                                                      GError              **error)
{
  g_return_val_if_fail (DEVSSH_IS_PORT_FORWARDER (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (is_reported (self, result, devssh_port_forwarder_stream_from_remote_port_async, error))
    return NULL;

  return DEVSSH_PORT_FORWARDER_GET_IFACE (self)->stream_from_remote_port_finish (self, result, error);
}

/**
 * devssh_port_forwarder_forward_to_remote_port_async: (virtual forward_to_remote_port_async)
 * @self: a forwarder
 * @local_address: (nullable): where to listen: an address, `localhost`, the empty text for all
 *   addresses, or a path; %NULL for `127.0.0.1`
 * @local_port: the port on which to listen; 0 for any, and with a path
 * @remote_host: (nullable): the host or path to which the peer connects; %NULL for `127.0.0.1`
 * @remote_port: the port to which the peer connects; 0 for the same as @local_port, and with a path
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the port listens
 * @user_data: for @callback
 *
 * Listens on a port here, and has the peer connect what comes in to a host and port on
 * its side (RFC 4254, 7.2). Addresses of loopback and all addresses listen with IPv4 and IPv6.
 *
 * Since: 1.0
 */
void
devssh_port_forwarder_forward_to_remote_port_async (DevSshPortForwarder *self,
                                                    const char          *local_address,
                                                    guint                local_port,
                                                    const char          *remote_host,
                                                    guint                remote_port,
                                                    GCancellable        *cancellable,
                                                    GAsyncReadyCallback  callback,
                                                    gpointer             user_data)
{
  gpointer tag = devssh_port_forwarder_forward_to_remote_port_async;

  g_return_if_fail (DEVSSH_IS_PORT_FORWARDER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (remote_port == 0 && !is_path (remote_host))
    remote_port = local_port;

  if (check_end (self, local_address, local_port, 0, callback, user_data, tag)
      && check_end (self, remote_host, remote_port, 1, callback, user_data, tag)
      && check_method (self, DEVSSH_PORT_FORWARDER_GET_IFACE (self)->forward_to_remote_port_async != NULL,
                       callback, user_data, tag))
    DEVSSH_PORT_FORWARDER_GET_IFACE (self)->forward_to_remote_port_async (
      self, local_address != NULL ? local_address : "127.0.0.1", local_port,
      remote_host != NULL ? remote_host : "127.0.0.1", remote_port, cancellable, callback, user_data);
}

/**
 * devssh_port_forwarder_forward_to_remote_port_finish: (virtual forward_to_remote_port_finish)
 * @self: a forwarder
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets the port that listens now, with the port that was chosen. It is in neither list, and
 * listens until it is closed.
 *
 * %DEVSSH_ERROR_INVALID_STATE says that the local port is forwarded already, or something to the same
 * host and port on the remote side; a %G_IO_ERROR why it cannot listen.
 *
 * Returns: (transfer full): the port
 *
 * Since: 1.0
 */
DevSshForwardedPort *
devssh_port_forwarder_forward_to_remote_port_finish (DevSshPortForwarder  *self,
                                                     GAsyncResult         *result,
                                                     GError              **error)
{
  g_return_val_if_fail (DEVSSH_IS_PORT_FORWARDER (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (is_reported (self, result, devssh_port_forwarder_forward_to_remote_port_async, error))
    return NULL;

  return check_object (DEVSSH_PORT_FORWARDER_GET_IFACE (self)->forward_to_remote_port_finish (self, result, error), error);
}

/**
 * devssh_port_forwarder_stream_to_remote_port_async: (virtual stream_to_remote_port_async)
 * @self: a forwarder
 * @remote_host: (nullable): the host or path to which the peer connects; %NULL for `127.0.0.1`
 * @remote_port: the port to which the peer connects; 0 with a path
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the peer has connected
 * @user_data: for @callback
 *
 * Has the peer connect to a host and port on its side (RFC 4254, 7.2).
 *
 * Since: 1.0
 */
void
devssh_port_forwarder_stream_to_remote_port_async (DevSshPortForwarder *self,
                                                   const char          *remote_host,
                                                   guint                remote_port,
                                                   GCancellable        *cancellable,
                                                   GAsyncReadyCallback  callback,
                                                   gpointer             user_data)
{
  g_return_if_fail (DEVSSH_IS_PORT_FORWARDER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (check_end (self, remote_host, remote_port, 1, callback, user_data,
                 devssh_port_forwarder_stream_to_remote_port_async)
      && check_method (self, DEVSSH_PORT_FORWARDER_GET_IFACE (self)->stream_to_remote_port_async != NULL,
                       callback, user_data, devssh_port_forwarder_stream_to_remote_port_async))
    DEVSSH_PORT_FORWARDER_GET_IFACE (self)->stream_to_remote_port_async (
      self, remote_host != NULL ? remote_host : "127.0.0.1", remote_port, cancellable, callback, user_data);
}

/**
 * devssh_port_forwarder_stream_to_remote_port_finish: (virtual stream_to_remote_port_finish)
 * @self: a forwarder
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets the connection. A refusal of the peer is a %DEVSSH_CHANNEL_ERROR with its reason.
 *
 * Returns: (transfer full): the stream
 *
 * Since: 1.0
 */
GIOStream *
devssh_port_forwarder_stream_to_remote_port_finish (DevSshPortForwarder  *self,
                                                    GAsyncResult         *result,
                                                    GError              **error)
{
  g_return_val_if_fail (DEVSSH_IS_PORT_FORWARDER (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (is_reported (self, result, devssh_port_forwarder_stream_to_remote_port_async, error))
    return NULL;

  return check_object (DEVSSH_PORT_FORWARDER_GET_IFACE (self)->stream_to_remote_port_finish (self, result, error), error);
}

/**
 * devssh_port_forwarder_connect_to_forwarded_port_async: (virtual connect_to_forwarded_port_async)
 * @self: a forwarder
 * @port: a port that the peer asked us to forward
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the peer has accepted
 * @user_data: for @callback
 *
 * Connects to a port of [property@PortForwarder:remote-forwarded-ports] as if somebody had
 * connected to its listening socket; it need not have one.
 *
 * Since: 1.0
 */
void
devssh_port_forwarder_connect_to_forwarded_port_async (DevSshPortForwarder *self,
                                                       guint                port,
                                                       GCancellable        *cancellable,
                                                       GAsyncReadyCallback  callback,
                                                       gpointer             user_data)
{
  g_return_if_fail (DEVSSH_IS_PORT_FORWARDER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (check_end (self, NULL, port, 1, callback, user_data, devssh_port_forwarder_connect_to_forwarded_port_async)
      && check_method (self, DEVSSH_PORT_FORWARDER_GET_IFACE (self)->connect_to_forwarded_port_async != NULL,
                       callback, user_data, devssh_port_forwarder_connect_to_forwarded_port_async))
    DEVSSH_PORT_FORWARDER_GET_IFACE (self)->connect_to_forwarded_port_async (self, port, cancellable, callback, user_data);
}

/**
 * devssh_port_forwarder_connect_to_forwarded_port_finish: (virtual connect_to_forwarded_port_finish)
 * @self: a forwarder
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets the connection. %DEVSSH_ERROR_INVALID_STATE says that the peer did not ask for the
 * port; a refusal of the peer is a %DEVSSH_CHANNEL_ERROR with its reason.
 *
 * Returns: (transfer full): the stream
 *
 * Since: 1.0
 */
GIOStream *
devssh_port_forwarder_connect_to_forwarded_port_finish (DevSshPortForwarder  *self,
                                                        GAsyncResult         *result,
                                                        GError              **error)
{
  g_return_val_if_fail (DEVSSH_IS_PORT_FORWARDER (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (is_reported (self, result, devssh_port_forwarder_connect_to_forwarded_port_async, error))
    return NULL;

  return check_object (DEVSSH_PORT_FORWARDER_GET_IFACE (self)->connect_to_forwarded_port_finish (self, result, error), error);
}

/**
 * devssh_port_forwarder_wait_for_forwarded_port_async: (virtual wait_for_forwarded_port_async)
 * @self: a forwarder
 * @port: the port that the peer will ask us to forward
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the port is forwarded
 * @user_data: for @callback
 *
 * Waits until a port is in [property@PortForwarder:remote-forwarded-ports]; it may be there already.
 *
 * Since: 1.0
 */
void
devssh_port_forwarder_wait_for_forwarded_port_async (DevSshPortForwarder *self,
                                                     guint                port,
                                                     GCancellable        *cancellable,
                                                     GAsyncReadyCallback  callback,
                                                     gpointer             user_data)
{
  g_return_if_fail (DEVSSH_IS_PORT_FORWARDER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (check_end (self, NULL, port, 1, callback, user_data, devssh_port_forwarder_wait_for_forwarded_port_async)
      && check_method (self, DEVSSH_PORT_FORWARDER_GET_IFACE (self)->wait_for_forwarded_port_async != NULL,
                       callback, user_data, devssh_port_forwarder_wait_for_forwarded_port_async))
    DEVSSH_PORT_FORWARDER_GET_IFACE (self)->wait_for_forwarded_port_async (self, port, cancellable, callback, user_data);
}

/**
 * devssh_port_forwarder_wait_for_forwarded_port_finish: (virtual wait_for_forwarded_port_finish)
 * @self: a forwarder
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets the port. %DEVSSH_ERROR_CLOSED says that the session ended first.
 *
 * Returns: (transfer full): the port
 *
 * Since: 1.0
 */
DevSshForwardedPort *
devssh_port_forwarder_wait_for_forwarded_port_finish (DevSshPortForwarder  *self,
                                                      GAsyncResult         *result,
                                                      GError              **error)
{
  g_return_val_if_fail (DEVSSH_IS_PORT_FORWARDER (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (is_reported (self, result, devssh_port_forwarder_wait_for_forwarded_port_async, error))
    return NULL;

  return check_object (DEVSSH_PORT_FORWARDER_GET_IFACE (self)->wait_for_forwarded_port_finish (self, result, error), error);
}

/**
 * devssh_port_forwarder_connect_to_forwarded_socket_async: (virtual connect_to_forwarded_socket_async)
 * @self: a forwarder
 * @path: (type utf8): a Unix socket that the peer asked us to forward
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the peer has accepted
 * @user_data: for @callback
 *
 * Does for a Unix socket what [method@PortForwarder.connect_to_forwarded_port_async] does for a port.
 *
 * Since: 1.0
 */
void
devssh_port_forwarder_connect_to_forwarded_socket_async (DevSshPortForwarder *self,
                                                         const char          *path,
                                                         GCancellable        *cancellable,
                                                         GAsyncReadyCallback  callback,
                                                         gpointer             user_data)
{
  g_return_if_fail (DEVSSH_IS_PORT_FORWARDER (self));
  g_return_if_fail (path != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (check_path (self, path, callback, user_data, devssh_port_forwarder_connect_to_forwarded_socket_async)
      && check_method (self, DEVSSH_PORT_FORWARDER_GET_IFACE (self)->connect_to_forwarded_socket_async != NULL,
                       callback, user_data, devssh_port_forwarder_connect_to_forwarded_socket_async))
    DEVSSH_PORT_FORWARDER_GET_IFACE (self)->connect_to_forwarded_socket_async (self, path, cancellable, callback, user_data);
}

/**
 * devssh_port_forwarder_connect_to_forwarded_socket_finish: (virtual connect_to_forwarded_socket_finish)
 * @self: a forwarder
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets the connection. %DEVSSH_ERROR_INVALID_STATE says that the peer did not ask for the
 * path; a refusal of the peer is a %DEVSSH_CHANNEL_ERROR with its reason.
 *
 * Returns: (transfer full): the stream
 *
 * Since: 1.0
 */
GIOStream *
devssh_port_forwarder_connect_to_forwarded_socket_finish (DevSshPortForwarder  *self,
                                                          GAsyncResult         *result,
                                                          GError              **error)
{
  g_return_val_if_fail (DEVSSH_IS_PORT_FORWARDER (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (is_reported (self, result, devssh_port_forwarder_connect_to_forwarded_socket_async, error))
    return NULL;

  return check_object (DEVSSH_PORT_FORWARDER_GET_IFACE (self)->connect_to_forwarded_socket_finish (self, result, error), error);
}

/**
 * devssh_port_forwarder_wait_for_forwarded_socket_async: (virtual wait_for_forwarded_socket_async)
 * @self: a forwarder
 * @path: (type utf8): the Unix socket that the peer will ask us to forward
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the path is forwarded
 * @user_data: for @callback
 *
 * Waits until a path is in [property@PortForwarder:remote-forwarded-ports]; it may be there already.
 *
 * Since: 1.0
 */
void
devssh_port_forwarder_wait_for_forwarded_socket_async (DevSshPortForwarder *self,
                                                       const char          *path,
                                                       GCancellable        *cancellable,
                                                       GAsyncReadyCallback  callback,
                                                       gpointer             user_data)
{
  g_return_if_fail (DEVSSH_IS_PORT_FORWARDER (self));
  g_return_if_fail (path != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (check_path (self, path, callback, user_data, devssh_port_forwarder_wait_for_forwarded_socket_async)
      && check_method (self, DEVSSH_PORT_FORWARDER_GET_IFACE (self)->wait_for_forwarded_socket_async != NULL,
                       callback, user_data, devssh_port_forwarder_wait_for_forwarded_socket_async))
    DEVSSH_PORT_FORWARDER_GET_IFACE (self)->wait_for_forwarded_socket_async (self, path, cancellable, callback, user_data);
}

/**
 * devssh_port_forwarder_wait_for_forwarded_socket_finish: (virtual wait_for_forwarded_socket_finish)
 * @self: a forwarder
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets the forwarded socket. %DEVSSH_ERROR_CLOSED says that the session ended first.
 *
 * Returns: (transfer full): the socket
 *
 * Since: 1.0
 */
DevSshForwardedPort *
devssh_port_forwarder_wait_for_forwarded_socket_finish (DevSshPortForwarder  *self,
                                                        GAsyncResult         *result,
                                                        GError              **error)
{
  g_return_val_if_fail (DEVSSH_IS_PORT_FORWARDER (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (is_reported (self, result, devssh_port_forwarder_wait_for_forwarded_socket_async, error))
    return NULL;

  return check_object (DEVSSH_PORT_FORWARDER_GET_IFACE (self)->wait_for_forwarded_socket_finish (self, result, error), error);
}

/* ::forwarded-port-connecting while a handler thinks. */
typedef struct
{
  DevSshContext                 *context;
  DevSshForwardedPortConnecting *connecting;   /* weak: who drops it has rejected */
  DevSshCancelWatch             *watch;
} Connecting;

static void
connecting_free (gpointer data)
{
  Connecting *self = data;

  devssh_cancel_watch_free (self->watch);
  g_clear_weak_pointer (&self->connecting);
  devssh_context_unref (self->context);
  g_free (self);
}

static void
connecting_answered_cb (DevSshQuestion *question,
                        gpointer        user_data)
{
  GTask *task = user_data;
  Connecting *self = g_task_get_task_data (task);
  GIOStream *stream = devssh_forwarded_port_connecting_get_answer (DEVSSH_FORWARDED_PORT_CONNECTING (question));

  devssh_cancel_watch_free (g_steal_pointer (&self->watch));

  if (stream != NULL)
    devssh_context_return_pointer (self->context, task, g_object_ref (stream), g_object_unref);
  else
    devssh_context_return_error (self->context, task,
                                 g_error_new_literal (DEVSSH_ERROR, DEVSSH_ERROR_REFUSED,
                                                      "The application rejected the connection"));
}

static void
connecting_cancelled_cb (gpointer user_data)
{
  GTask *task = user_data;
  Connecting *self = g_task_get_task_data (task);

  if (self->connecting != NULL)
    devssh_question_kill (DEVSSH_QUESTION (self->connecting));

  devssh_cancel_watch_free (g_steal_pointer (&self->watch));
  devssh_context_return_cancelled (self->context, task);
}

/**
 * devssh_port_forwarder_ask_connecting_async:
 * @self: a forwarder
 * @path: (nullable) (type utf8): the Unix socket that is forwarded; %NULL if it is a port
 * @port: the port that is forwarded; 0 with a path
 * @is_incoming: whether the peer opened the channel
 * @stream: the stream to the remote side
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the application has decided
 * @user_data: for @callback
 *
 * For the service that implements the interface: emits
 * [signal@PortForwarder::forwarded-port-connecting] before it returns. @callback runs later in any case.
 *
 * Returns: %TRUE if the question is answered already, %FALSE if a handler keeps it
 *
 * Since: 1.0
 */
gboolean
devssh_port_forwarder_ask_connecting_async (DevSshPortForwarder *self,
                                            const char          *path,
                                            guint                port,
                                            gboolean             is_incoming,
                                            GIOStream           *stream,
                                            GCancellable        *cancellable,
                                            GAsyncReadyCallback  callback,
                                            gpointer             user_data)
{
  DevSshForwardedPortConnecting *connecting;
  Connecting *data;
  GTask *task;
  gboolean handled = FALSE;
  gboolean answered;

  g_return_val_if_fail (DEVSSH_IS_PORT_FORWARDER (self), TRUE);
  g_return_val_if_fail (G_IS_IO_STREAM (stream), TRUE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), TRUE);

  connecting = devssh_forwarded_port_connecting_new (path, port, is_incoming, stream);
  g_object_add_weak_pointer (G_OBJECT (connecting), (gpointer *) &connecting);

  data = g_new0 (Connecting, 1);
  data->context = devssh_context_ref_thread_default ();
  g_set_weak_pointer (&data->connecting, connecting);

  /* The answer, or the cancellation, gives the reference back. */
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_port_forwarder_ask_connecting_async);
  g_task_set_task_data (task, data, connecting_free);
  g_task_set_check_cancellable (task, FALSE);

  devssh_question_set_sink (DEVSSH_QUESTION (connecting), connecting_answered_cb, task);
  data->watch = devssh_context_watch_cancellable (data->context, cancellable, connecting_cancelled_cb, task);
  g_object_ref (task);

  devssh_question_begin (DEVSSH_QUESTION (connecting));
  if (!devssh_port_forwarder_has_connecting_handler (self))
    {
      devssh_forwarded_port_connecting_accept (connecting);
      handled = TRUE;
    }
  else
    g_signal_emit (self, signals[SIGNAL_FORWARDED_PORT_CONNECTING], 0, connecting, &handled);
  devssh_question_end (DEVSSH_QUESTION (connecting), handled);

  /* Dropped by all handlers means rejected. */
  g_object_unref (connecting);
  answered = connecting == NULL || devssh_question_get_answered (DEVSSH_QUESTION (connecting));
  g_clear_weak_pointer (&connecting);
  g_object_unref (task);

  return answered;
}

/**
 * devssh_port_forwarder_ask_connecting_finish:
 * @self: a forwarder
 * @result: what the callback was given
 * @error: return location for an error
 *
 * For the service that implements the interface: gets what the application decided.
 *
 * Returns: (transfer full): the stream to relay; %NULL and %DEVSSH_ERROR_REFUSED if the
 *   connection is rejected
 *
 * Since: 1.0
 */
GIOStream *
devssh_port_forwarder_ask_connecting_finish (DevSshPortForwarder  *self,
                                             GAsyncResult         *result,
                                             GError              **error)
{
  g_return_val_if_fail (DEVSSH_IS_PORT_FORWARDER (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * devssh_port_forwarder_has_connecting_handler:
 * @self: a forwarder
 *
 * For the service that implements the interface: asks whether anybody listens to
 * [signal@PortForwarder::forwarded-port-connecting]; if not, it need not make a stream.
 *
 * Returns: %TRUE if somebody does
 *
 * Since: 1.0
 */
gboolean
devssh_port_forwarder_has_connecting_handler (DevSshPortForwarder *self)
{
  g_return_val_if_fail (DEVSSH_IS_PORT_FORWARDER (self), FALSE);

  return g_signal_has_handler_pending (self, signals[SIGNAL_FORWARDED_PORT_CONNECTING], 0, FALSE);
}

/**
 * devssh_port_forwarder_has_stream_handler:
 * @self: a forwarder
 * @port: a port whose connections are streams
 *
 * For the service that implements the interface: asks whether anybody would take a stream.
 *
 * Returns: %TRUE if somebody would
 *
 * Since: 1.0
 */
gboolean
devssh_port_forwarder_has_stream_handler (DevSshPortForwarder *self,
                                          DevSshForwardedPort *port)
{
  guint of_port;

  g_return_val_if_fail (DEVSSH_IS_PORT_FORWARDER (self), FALSE);
  g_return_val_if_fail (DEVSSH_IS_FORWARDED_PORT (port), FALSE);

  of_port = g_signal_lookup ("stream-opened", DEVSSH_TYPE_FORWARDED_PORT);

  return g_signal_has_handler_pending (port, of_port, 0, FALSE)
         || g_signal_has_handler_pending (self, signals[SIGNAL_STREAM_OPENED], 0, FALSE);
}

/**
 * devssh_port_forwarder_emit_stream_opened:
 * @self: a forwarder
 * @port: a port whose connections are streams
 * @stream: a new connection
 *
 * For the service that implements the interface: emits [signal@ForwardedPort::stream-opened]
 * and [signal@PortForwarder::stream-opened].
 *
 * Since: 1.0
 */
void
devssh_port_forwarder_emit_stream_opened (DevSshPortForwarder *self,
                                          DevSshForwardedPort *port,
                                          GIOStream           *stream)
{
  g_return_if_fail (DEVSSH_IS_PORT_FORWARDER (self));
  g_return_if_fail (DEVSSH_IS_FORWARDED_PORT (port));
  g_return_if_fail (G_IS_IO_STREAM (stream));

  g_signal_emit_by_name (port, "stream-opened", stream);
  g_signal_emit (self, signals[SIGNAL_STREAM_OPENED], 0, port, stream);
}

/**
 * devssh_port_forwarder_allows_address:
 * @self: a forwarder
 * @host: the name, address or path that the peer gave
 * @address: one of the addresses that @host means, in numbers; or where the path really leads
 * @port: the port; 0 with a path
 *
 * For the service that implements the interface: emits [signal@PortForwarder::allow-address],
 * if anybody listens to it.
 *
 * Returns: %TRUE if a connection may be made to @address
 *
 * Since: 1.0
 */
gboolean
devssh_port_forwarder_allows_address (DevSshPortForwarder *self,
                                      const char          *host,
                                      const char          *address,
                                      guint                port)
{
  gboolean allowed = FALSE;

  g_return_val_if_fail (DEVSSH_IS_PORT_FORWARDER (self), FALSE);
  g_return_val_if_fail (host != NULL, FALSE);
  g_return_val_if_fail (address != NULL, FALSE);

  if (!g_signal_has_handler_pending (self, signals[SIGNAL_ALLOW_ADDRESS], 0, FALSE))
    return TRUE;

  g_signal_emit (self, signals[SIGNAL_ALLOW_ADDRESS], 0, host, address, port, &allowed);

  return allowed;
}
