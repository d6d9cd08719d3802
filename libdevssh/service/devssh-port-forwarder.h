/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an application calls to forward ports and Unix sockets (RFC 4254, 7); the plugin "port-forwarding" does it. */
#pragma once

#include <libdevssh/service/devssh-forwarded-port.h>
#include <libdevssh/service/devssh-forwarded-port-connecting.h>
#include <libdevssh/service/devssh-port-forward-message.h>

G_BEGIN_DECLS

/**
 * DEVSSH_SERVICE_NAME_PORT_FORWARDING:
 *
 * The name of the service that forwards ports, and of its plugin.
 *
 * Since: 1.0
 */
#define DEVSSH_SERVICE_NAME_PORT_FORWARDING  "port-forwarding"

#define DEVSSH_TYPE_GATEWAY_PORTS  (devssh_gateway_ports_get_type ())
#define DEVSSH_TYPE_PORT_FORWARDER (devssh_port_forwarder_get_type ())

/**
 * DevSshGatewayPorts:
 * @DEVSSH_GATEWAY_PORTS_NO: everything listens on loopback, whatever the peer asked for
 * @DEVSSH_GATEWAY_PORTS_YES: everything listens on all addresses
 * @DEVSSH_GATEWAY_PORTS_CLIENT_SPECIFIED: the peer chooses; the empty address is any address
 *
 * Where ports that the peer wants to be forwarded may listen.
 *
 * Since: 1.0
 */
typedef enum
{
  DEVSSH_GATEWAY_PORTS_NO,
  DEVSSH_GATEWAY_PORTS_YES,
  DEVSSH_GATEWAY_PORTS_CLIENT_SPECIFIED
} DevSshGatewayPorts;

DEVSSH_AVAILABLE_IN_1_0
GType devssh_gateway_ports_get_type (void);

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_INTERFACE (DevSshPortForwarder, devssh_port_forwarder, DEVSSH, PORT_FORWARDER, GObject)

struct _DevSshPortForwarderInterface
{
  GTypeInterface parent_iface;

  void                 (*forward_from_remote_port_async)  (DevSshPortForwarder  *self,
                                                           const char           *remote_address,
                                                           guint                 remote_port,
                                                           const char           *local_host,
                                                           guint                 local_port,
                                                           GCancellable         *cancellable,
                                                           GAsyncReadyCallback   callback,
                                                           gpointer              user_data);
  DevSshForwardedPort *(*forward_from_remote_port_finish) (DevSshPortForwarder  *self,
                                                           GAsyncResult         *result,
                                                           GError              **error);
  void                 (*stream_from_remote_port_async)   (DevSshPortForwarder  *self,
                                                           const char           *remote_address,
                                                           guint                 remote_port,
                                                           GCancellable         *cancellable,
                                                           GAsyncReadyCallback   callback,
                                                           gpointer              user_data);
  DevSshForwardedPort *(*stream_from_remote_port_finish)  (DevSshPortForwarder  *self,
                                                           GAsyncResult         *result,
                                                           GError              **error);
  void                 (*forward_to_remote_port_async)    (DevSshPortForwarder  *self,
                                                           const char           *local_address,
                                                           guint                 local_port,
                                                           const char           *remote_host,
                                                           guint                 remote_port,
                                                           GCancellable         *cancellable,
                                                           GAsyncReadyCallback   callback,
                                                           gpointer              user_data);
  DevSshForwardedPort *(*forward_to_remote_port_finish)   (DevSshPortForwarder  *self,
                                                           GAsyncResult         *result,
                                                           GError              **error);
  void                 (*stream_to_remote_port_async)     (DevSshPortForwarder  *self,
                                                           const char           *remote_host,
                                                           guint                 remote_port,
                                                           GCancellable         *cancellable,
                                                           GAsyncReadyCallback   callback,
                                                           gpointer              user_data);
  GIOStream           *(*stream_to_remote_port_finish)    (DevSshPortForwarder  *self,
                                                           GAsyncResult         *result,
                                                           GError              **error);
  void                 (*connect_to_forwarded_port_async) (DevSshPortForwarder  *self,
                                                           guint                 port,
                                                           GCancellable         *cancellable,
                                                           GAsyncReadyCallback   callback,
                                                           gpointer              user_data);
  GIOStream           *(*connect_to_forwarded_port_finish) (DevSshPortForwarder *self,
                                                           GAsyncResult         *result,
                                                           GError              **error);
  void                 (*wait_for_forwarded_port_async)   (DevSshPortForwarder  *self,
                                                           guint                 port,
                                                           GCancellable         *cancellable,
                                                           GAsyncReadyCallback   callback,
                                                           gpointer              user_data);
  DevSshForwardedPort *(*wait_for_forwarded_port_finish)  (DevSshPortForwarder  *self,
                                                           GAsyncResult         *result,
                                                           GError              **error);
  void                 (*connect_to_forwarded_socket_async) (DevSshPortForwarder *self,
                                                           const char           *path,
                                                           GCancellable         *cancellable,
                                                           GAsyncReadyCallback   callback,
                                                           gpointer              user_data);
  GIOStream           *(*connect_to_forwarded_socket_finish) (DevSshPortForwarder *self,
                                                           GAsyncResult         *result,
                                                           GError              **error);
  void                 (*wait_for_forwarded_socket_async) (DevSshPortForwarder  *self,
                                                           const char           *path,
                                                           GCancellable         *cancellable,
                                                           GAsyncReadyCallback   callback,
                                                           gpointer              user_data);
  DevSshForwardedPort *(*wait_for_forwarded_socket_finish) (DevSshPortForwarder *self,
                                                           GAsyncResult         *result,
                                                           GError              **error);

  /*< private >*/
  gpointer _reserved[16];
};

/* Options */
DEVSSH_AVAILABLE_IN_1_0
gboolean             devssh_port_forwarder_get_accept_local_connections_for_forwarded_ports      (DevSshPortForwarder *self);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_port_forwarder_set_accept_local_connections_for_forwarded_ports      (DevSshPortForwarder *self,
                                                                                                  gboolean             accept);
DEVSSH_AVAILABLE_IN_1_0
gboolean             devssh_port_forwarder_get_accept_remote_connections_for_non_forwarded_ports (DevSshPortForwarder *self);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_port_forwarder_set_accept_remote_connections_for_non_forwarded_ports (DevSshPortForwarder *self,
                                                                                                  gboolean             accept);
DEVSSH_AVAILABLE_IN_1_0
gboolean             devssh_port_forwarder_get_forward_connections_to_local_ports                (DevSshPortForwarder *self);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_port_forwarder_set_forward_connections_to_local_ports                (DevSshPortForwarder *self,
                                                                                                  gboolean             forward);
DEVSSH_AVAILABLE_IN_1_0
DevSshGatewayPorts   devssh_port_forwarder_get_gateway_ports                                     (DevSshPortForwarder *self);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_port_forwarder_set_gateway_ports                                     (DevSshPortForwarder *self,
                                                                                                  DevSshGatewayPorts   gateway_ports);
DEVSSH_AVAILABLE_IN_1_0
gboolean             devssh_port_forwarder_get_replace_existing_sockets                          (DevSshPortForwarder *self);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_port_forwarder_set_replace_existing_sockets                          (DevSshPortForwarder *self,
                                                                                                  gboolean             replace);
/* What is forwarded; items DevSshForwardedPort. Local: we asked the peer; remote: the peer asked us. */
DEVSSH_AVAILABLE_IN_1_0
GListModel          *devssh_port_forwarder_get_local_forwarded_ports          (DevSshPortForwarder  *self);
DEVSSH_AVAILABLE_IN_1_0
GListModel          *devssh_port_forwarder_get_remote_forwarded_ports         (DevSshPortForwarder  *self);
/* A host or address that begins with "/" is the path of a Unix socket, whose port is 0.
 * The peer listens, we connect. NULL without error: the peer refused. */
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_port_forwarder_forward_from_remote_port_async     (DevSshPortForwarder *self,
                                                                               const char          *remote_address,
                                                                               guint                remote_port,
                                                                               const char          *local_host,
                                                                               guint                local_port,
                                                                               GCancellable        *cancellable,
                                                                               GAsyncReadyCallback  callback,
                                                                               gpointer             user_data);
DEVSSH_AVAILABLE_IN_1_0
DevSshForwardedPort *devssh_port_forwarder_forward_from_remote_port_finish    (DevSshPortForwarder  *self,
                                                                               GAsyncResult         *result,
                                                                               GError              **error);
/* The peer listens, we get streams. NULL without error: the peer refused. */
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_port_forwarder_stream_from_remote_port_async      (DevSshPortForwarder *self,
                                                                               const char          *remote_address,
                                                                               guint                remote_port,
                                                                               GCancellable        *cancellable,
                                                                               GAsyncReadyCallback  callback,
                                                                               gpointer             user_data);
DEVSSH_AVAILABLE_IN_1_0
DevSshForwardedPort *devssh_port_forwarder_stream_from_remote_port_finish     (DevSshPortForwarder  *self,
                                                                               GAsyncResult         *result,
                                                                               GError              **error);
/* We listen, the peer connects. */
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_port_forwarder_forward_to_remote_port_async       (DevSshPortForwarder *self,
                                                                               const char          *local_address,
                                                                               guint                local_port,
                                                                               const char          *remote_host,
                                                                               guint                remote_port,
                                                                               GCancellable        *cancellable,
                                                                               GAsyncReadyCallback  callback,
                                                                               gpointer             user_data);
DEVSSH_AVAILABLE_IN_1_0
DevSshForwardedPort *devssh_port_forwarder_forward_to_remote_port_finish      (DevSshPortForwarder  *self,
                                                                               GAsyncResult         *result,
                                                                               GError              **error);
/* The peer connects, we get the stream. */
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_port_forwarder_stream_to_remote_port_async        (DevSshPortForwarder *self,
                                                                               const char          *remote_host,
                                                                               guint                remote_port,
                                                                               GCancellable        *cancellable,
                                                                               GAsyncReadyCallback  callback,
                                                                               gpointer             user_data);
DEVSSH_AVAILABLE_IN_1_0
GIOStream           *devssh_port_forwarder_stream_to_remote_port_finish       (DevSshPortForwarder  *self,
                                                                               GAsyncResult         *result,
                                                                               GError              **error);
/* A connection to a port that the peer asked us to forward. */
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_port_forwarder_connect_to_forwarded_port_async    (DevSshPortForwarder *self,
                                                                               guint                port,
                                                                               GCancellable        *cancellable,
                                                                               GAsyncReadyCallback  callback,
                                                                               gpointer             user_data);
DEVSSH_AVAILABLE_IN_1_0
GIOStream           *devssh_port_forwarder_connect_to_forwarded_port_finish   (DevSshPortForwarder  *self,
                                                                               GAsyncResult         *result,
                                                                               GError              **error);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_port_forwarder_wait_for_forwarded_port_async      (DevSshPortForwarder *self,
                                                                               guint                port,
                                                                               GCancellable        *cancellable,
                                                                               GAsyncReadyCallback  callback,
                                                                               gpointer             user_data);
DEVSSH_AVAILABLE_IN_1_0
DevSshForwardedPort *devssh_port_forwarder_wait_for_forwarded_port_finish     (DevSshPortForwarder  *self,
                                                                               GAsyncResult         *result,
                                                                               GError              **error);
/* The same for a Unix socket */
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_port_forwarder_connect_to_forwarded_socket_async  (DevSshPortForwarder *self,
                                                                               const char          *path,
                                                                               GCancellable        *cancellable,
                                                                               GAsyncReadyCallback  callback,
                                                                               gpointer             user_data);
DEVSSH_AVAILABLE_IN_1_0
GIOStream           *devssh_port_forwarder_connect_to_forwarded_socket_finish (DevSshPortForwarder  *self,
                                                                               GAsyncResult         *result,
                                                                               GError              **error);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_port_forwarder_wait_for_forwarded_socket_async    (DevSshPortForwarder *self,
                                                                               const char          *path,
                                                                               GCancellable        *cancellable,
                                                                               GAsyncReadyCallback  callback,
                                                                               gpointer             user_data);
DEVSSH_AVAILABLE_IN_1_0
DevSshForwardedPort *devssh_port_forwarder_wait_for_forwarded_socket_finish   (DevSshPortForwarder  *self,
                                                                               GAsyncResult         *result,
                                                                               GError              **error);
/* For the service that implements the interface: how its signals are emitted. */
DEVSSH_AVAILABLE_IN_1_0
gboolean             devssh_port_forwarder_ask_connecting_async               (DevSshPortForwarder *self,
                                                                               const char          *path,
                                                                               guint                port,
                                                                               gboolean             is_incoming,
                                                                               GIOStream           *stream,
                                                                               GCancellable        *cancellable,
                                                                               GAsyncReadyCallback  callback,
                                                                               gpointer             user_data);
DEVSSH_AVAILABLE_IN_1_0
GIOStream           *devssh_port_forwarder_ask_connecting_finish              (DevSshPortForwarder  *self,
                                                                               GAsyncResult         *result,
                                                                               GError              **error);
DEVSSH_AVAILABLE_IN_1_0
gboolean             devssh_port_forwarder_has_connecting_handler             (DevSshPortForwarder  *self);
DEVSSH_AVAILABLE_IN_1_0
gboolean             devssh_port_forwarder_has_stream_handler                 (DevSshPortForwarder *self,
                                                                               DevSshForwardedPort *port);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_port_forwarder_emit_stream_opened                 (DevSshPortForwarder *self,
                                                                               DevSshForwardedPort *port,
                                                                               GIOStream           *stream);
DEVSSH_AVAILABLE_IN_1_0
gboolean             devssh_port_forwarder_allows_address                     (DevSshPortForwarder *self,
                                                                               const char          *host,
                                                                               const char          *address,
                                                                               guint                port);
/* Signals: forwarded-port-connecting (DevSshForwardedPortConnecting) -> gboolean; stream-opened (DevSshForwardedPort, GIOStream);
 * allow-address (utf8 host, utf8 address, guint port) -> gboolean */

G_END_DECLS
