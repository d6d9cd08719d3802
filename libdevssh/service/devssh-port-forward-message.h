/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The payloads of forwarding: RFC 4254, 7 for TCP, and section 2.4 of OpenSSH's PROTOCOL for Unix sockets. */
#pragma once

#include <libdevssh/base/devssh-types.h>

G_BEGIN_DECLS

/**
 * DEVSSH_REQUEST_TCPIP_FORWARD:
 *
 * The global request to listen on a port: address, port (RFC 4254, 7.1).
 *
 * Since: 1.0
 */
#define DEVSSH_REQUEST_TCPIP_FORWARD              "tcpip-forward"

/**
 * DEVSSH_REQUEST_CANCEL_TCPIP_FORWARD:
 *
 * The global request to listen no longer: address, port (RFC 4254, 7.1).
 *
 * Since: 1.0
 */
#define DEVSSH_REQUEST_CANCEL_TCPIP_FORWARD       "cancel-tcpip-forward"

/**
 * DEVSSH_CHANNEL_TYPE_FORWARDED_TCPIP:
 *
 * The type of channels for connections to a port that listens for the peer (RFC 4254, 7.2).
 *
 * Since: 1.0
 */
#define DEVSSH_CHANNEL_TYPE_FORWARDED_TCPIP       "forwarded-tcpip"

/**
 * DEVSSH_CHANNEL_TYPE_DIRECT_TCPIP:
 *
 * The type of channels for connections to a host and port on the side of the peer (RFC 4254, 7.2).
 *
 * Since: 1.0
 */
#define DEVSSH_CHANNEL_TYPE_DIRECT_TCPIP          "direct-tcpip"

/**
 * DEVSSH_REQUEST_STREAMLOCAL_FORWARD:
 *
 * The global request to listen on a Unix socket: path (OpenSSH's PROTOCOL, 2.4).
 *
 * Since: 1.0
 */
#define DEVSSH_REQUEST_STREAMLOCAL_FORWARD        "streamlocal-forward@openssh.com"

/**
 * DEVSSH_REQUEST_CANCEL_STREAMLOCAL_FORWARD:
 *
 * The global request to listen on a Unix socket no longer: path (OpenSSH's PROTOCOL, 2.4).
 *
 * Since: 1.0
 */
#define DEVSSH_REQUEST_CANCEL_STREAMLOCAL_FORWARD "cancel-streamlocal-forward@openssh.com"

/**
 * DEVSSH_CHANNEL_TYPE_FORWARDED_STREAMLOCAL:
 *
 * The type of channels for connections to a Unix socket that listens for the peer (OpenSSH's PROTOCOL, 2.4).
 *
 * Since: 1.0
 */
#define DEVSSH_CHANNEL_TYPE_FORWARDED_STREAMLOCAL "forwarded-streamlocal@openssh.com"

/**
 * DEVSSH_CHANNEL_TYPE_DIRECT_STREAMLOCAL:
 *
 * The type of channels for connections to a Unix socket on the side of the peer (OpenSSH's PROTOCOL, 2.4).
 *
 * Since: 1.0
 */
#define DEVSSH_CHANNEL_TYPE_DIRECT_STREAMLOCAL    "direct-streamlocal@openssh.com"

#define DEVSSH_TYPE_PORT_FORWARD_MESSAGE      (devssh_port_forward_message_get_type ())
#define DEVSSH_TYPE_PORT_FORWARD_MESSAGE_KIND (devssh_port_forward_message_kind_get_type ())

/**
 * DevSshPortForwardMessageKind:
 * @DEVSSH_PORT_FORWARD_MESSAGE_KIND_REQUEST: a global request to listen, or to listen no longer
 * @DEVSSH_PORT_FORWARD_MESSAGE_KIND_SUCCESS: the answer yes to a request to listen
 * @DEVSSH_PORT_FORWARD_MESSAGE_KIND_CHANNEL_OPEN: the opening of a channel
 *
 * What a [struct@PortForwardMessage] is the payload of.
 *
 * Since: 1.0
 */
typedef enum
{
  DEVSSH_PORT_FORWARD_MESSAGE_KIND_REQUEST,
  DEVSSH_PORT_FORWARD_MESSAGE_KIND_SUCCESS,
  DEVSSH_PORT_FORWARD_MESSAGE_KIND_CHANNEL_OPEN
} DevSshPortForwardMessageKind;

typedef struct _DevSshPortForwardMessage DevSshPortForwardMessage;

DEVSSH_AVAILABLE_IN_1_0
GType                         devssh_port_forward_message_kind_get_type       (void);
DEVSSH_AVAILABLE_IN_1_0
GType                         devssh_port_forward_message_get_type            (void);
/* type: of the request or channel; NULL: "tcpip-forward", "forwarded-tcpip". host: an address, or the path of a Unix socket. */
DEVSSH_AVAILABLE_IN_1_0
DevSshPortForwardMessage     *devssh_port_forward_message_new_request         (const char                *type,
                                                                               const char                *host,
                                                                               guint                      port);
DEVSSH_AVAILABLE_IN_1_0
DevSshPortForwardMessage     *devssh_port_forward_message_new_success         (guint                      port);
DEVSSH_AVAILABLE_IN_1_0
DevSshPortForwardMessage     *devssh_port_forward_message_new_channel_open    (const char                *type,
                                                                               const char                *host,
                                                                               guint                      port,
                                                                               const char                *originator,
                                                                               guint                      originator_port);
/* What the questions carry: devssh_session_request_get_payload (), devssh_channel_opening_get_type_data (). */
DEVSSH_AVAILABLE_IN_1_0
DevSshPortForwardMessage     *devssh_port_forward_message_parse               (const char                *type,
                                                                               GBytes                    *payload,
                                                                               GError                   **error);
DEVSSH_AVAILABLE_IN_1_0
DevSshPortForwardMessage     *devssh_port_forward_message_parse_success       (GBytes                    *payload,
                                                                               GError                   **error);
DEVSSH_AVAILABLE_IN_1_0
DevSshPortForwardMessage     *devssh_port_forward_message_ref                 (DevSshPortForwardMessage  *self);
DEVSSH_AVAILABLE_IN_1_0
void                          devssh_port_forward_message_unref               (DevSshPortForwardMessage  *self);
DEVSSH_AVAILABLE_IN_1_0
DevSshPortForwardMessageKind  devssh_port_forward_message_get_kind            (DevSshPortForwardMessage  *self);
DEVSSH_AVAILABLE_IN_1_0
const char                   *devssh_port_forward_message_get_message_type    (DevSshPortForwardMessage  *self);
DEVSSH_AVAILABLE_IN_1_0
const char                   *devssh_port_forward_message_get_host            (DevSshPortForwardMessage  *self);
DEVSSH_AVAILABLE_IN_1_0
guint                         devssh_port_forward_message_get_port            (DevSshPortForwardMessage  *self);
DEVSSH_AVAILABLE_IN_1_0
const char                   *devssh_port_forward_message_get_originator      (DevSshPortForwardMessage  *self);
DEVSSH_AVAILABLE_IN_1_0
guint                         devssh_port_forward_message_get_originator_port (DevSshPortForwardMessage  *self);
/* What stood behind the known fields. */
DEVSSH_AVAILABLE_IN_1_0
GBytes                       *devssh_port_forward_message_get_extra           (DevSshPortForwardMessage  *self);
DEVSSH_AVAILABLE_IN_1_0
GBytes                       *devssh_port_forward_message_to_bytes            (DevSshPortForwardMessage  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DevSshPortForwardMessage, devssh_port_forward_message_unref)

G_END_DECLS
