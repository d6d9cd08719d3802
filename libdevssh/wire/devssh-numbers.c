/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The numbers of the wire as types, as names, and as error domains. */
#include <libdevssh/wire/devssh-numbers.h>

G_DEFINE_ENUM_TYPE (DevSshMessageNumber, devssh_message_number,
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_DISCONNECT, "disconnect"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_IGNORE, "ignore"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_UNIMPLEMENTED, "unimplemented"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_DEBUG, "debug"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_SERVICE_REQUEST, "service-request"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_SERVICE_ACCEPT, "service-accept"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_EXT_INFO, "ext-info"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_KEXINIT, "kexinit"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_NEWKEYS, "newkeys"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_KEXDH_INIT, "kexdh-init"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_KEXDH_REPLY, "kexdh-reply"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_USERAUTH_REQUEST, "userauth-request"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_USERAUTH_FAILURE, "userauth-failure"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_USERAUTH_SUCCESS, "userauth-success"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_USERAUTH_BANNER, "userauth-banner"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_USERAUTH_PK_OK, "userauth-pk-ok"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_USERAUTH_INFO_REQUEST, "userauth-info-request"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_USERAUTH_INFO_RESPONSE, "userauth-info-response"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_GLOBAL_REQUEST, "global-request"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_REQUEST_SUCCESS, "request-success"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_REQUEST_FAILURE, "request-failure"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_CHANNEL_OPEN, "channel-open"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_CHANNEL_OPEN_CONFIRMATION, "channel-open-confirmation"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_CHANNEL_OPEN_FAILURE, "channel-open-failure"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_CHANNEL_WINDOW_ADJUST, "channel-window-adjust"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_CHANNEL_DATA, "channel-data"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_CHANNEL_EXTENDED_DATA, "channel-extended-data"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_CHANNEL_EOF, "channel-eof"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_CHANNEL_CLOSE, "channel-close"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_CHANNEL_REQUEST, "channel-request"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_CHANNEL_SUCCESS, "channel-success"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_MESSAGE_CHANNEL_FAILURE, "channel-failure"))

G_DEFINE_ENUM_TYPE (DevSshDisconnectReason, devssh_disconnect_reason,
                    G_DEFINE_ENUM_VALUE (DEVSSH_DISCONNECT_REASON_NONE, "none"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_DISCONNECT_REASON_HOST_NOT_ALLOWED_TO_CONNECT, "host-not-allowed-to-connect"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "protocol-error"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_DISCONNECT_REASON_KEY_EXCHANGE_FAILED, "key-exchange-failed"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_DISCONNECT_REASON_RESERVED, "reserved"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_DISCONNECT_REASON_MAC_ERROR, "mac-error"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_DISCONNECT_REASON_COMPRESSION_ERROR, "compression-error"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_DISCONNECT_REASON_SERVICE_NOT_AVAILABLE, "service-not-available"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_DISCONNECT_REASON_PROTOCOL_VERSION_NOT_SUPPORTED, "protocol-version-not-supported"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_DISCONNECT_REASON_HOST_KEY_NOT_VERIFIABLE, "host-key-not-verifiable"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_DISCONNECT_REASON_CONNECTION_LOST, "connection-lost"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "by-application"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_DISCONNECT_REASON_TOO_MANY_CONNECTIONS, "too-many-connections"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_DISCONNECT_REASON_AUTH_CANCELLED_BY_USER, "auth-cancelled-by-user"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_DISCONNECT_REASON_NO_MORE_AUTH_METHODS_AVAILABLE, "no-more-auth-methods-available"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_DISCONNECT_REASON_ILLEGAL_USER_NAME, "illegal-user-name"))

G_DEFINE_ENUM_TYPE (DevSshChannelOpenFailure, devssh_channel_open_failure,
                    G_DEFINE_ENUM_VALUE (DEVSSH_CHANNEL_OPEN_FAILURE_NONE, "none"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED, "administratively-prohibited"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED, "connect-failed"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_CHANNEL_OPEN_FAILURE_UNKNOWN_CHANNEL_TYPE, "unknown-channel-type"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_CHANNEL_OPEN_FAILURE_RESOURCE_SHORTAGE, "resource-shortage"))

G_DEFINE_ENUM_TYPE (DevSshReconnectFailure, devssh_reconnect_failure,
                    G_DEFINE_ENUM_VALUE (DEVSSH_RECONNECT_FAILURE_NONE, "none"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_RECONNECT_FAILURE_UNKNOWN_SERVER_FAILURE, "unknown-server-failure"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_RECONNECT_FAILURE_SESSION_NOT_FOUND, "session-not-found"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_RECONNECT_FAILURE_INVALID_CLIENT_RECONNECT_TOKEN, "invalid-client-reconnect-token"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_RECONNECT_FAILURE_SERVER_DROPPED_MESSAGES, "server-dropped-messages"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_RECONNECT_FAILURE_UNKNOWN_CLIENT_FAILURE, "unknown-client-failure"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_RECONNECT_FAILURE_DIFFERENT_SERVER_HOST_KEY, "different-server-host-key"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_RECONNECT_FAILURE_INVALID_SERVER_RECONNECT_TOKEN, "invalid-server-reconnect-token"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_RECONNECT_FAILURE_CLIENT_DROPPED_MESSAGES, "client-dropped-messages"))

/**
 * devssh_disconnect_reason_quark:
 *
 * The error domain of sessions that ended; its codes are those of [enum@DisconnectReason].
 *
 * Returns: the quark
 *
 * Since: 1.0
 */
G_DEFINE_QUARK (devssh-connection-error-quark, devssh_disconnect_reason)

/**
 * devssh_channel_open_failure_quark:
 *
 * The error domain of channels that were refused; its codes are those of [enum@ChannelOpenFailure].
 *
 * Returns: the quark
 *
 * Since: 1.0
 */
G_DEFINE_QUARK (devssh-channel-error-quark, devssh_channel_open_failure)

/**
 * devssh_reconnect_failure_quark:
 *
 * The error domain of sessions that could not be taken up again; its codes are those of
 * [enum@ReconnectFailure].
 *
 * Returns: the quark
 *
 * Since: 1.0
 */
G_DEFINE_QUARK (devssh-reconnect-error-quark, devssh_reconnect_failure)

static const char * const message_names[] =
{
  [DEVSSH_MESSAGE_DISCONNECT] = "SSH_MSG_DISCONNECT",
  [DEVSSH_MESSAGE_IGNORE] = "SSH_MSG_IGNORE",
  [DEVSSH_MESSAGE_UNIMPLEMENTED] = "SSH_MSG_UNIMPLEMENTED",
  [DEVSSH_MESSAGE_DEBUG] = "SSH_MSG_DEBUG",
  [DEVSSH_MESSAGE_SERVICE_REQUEST] = "SSH_MSG_SERVICE_REQUEST",
  [DEVSSH_MESSAGE_SERVICE_ACCEPT] = "SSH_MSG_SERVICE_ACCEPT",
  [DEVSSH_MESSAGE_EXT_INFO] = "SSH_MSG_EXT_INFO",
  [DEVSSH_MESSAGE_KEXINIT] = "SSH_MSG_KEXINIT",
  [DEVSSH_MESSAGE_NEWKEYS] = "SSH_MSG_NEWKEYS",
  [DEVSSH_MESSAGE_KEXDH_INIT] = "SSH_MSG_KEXDH_INIT",
  [DEVSSH_MESSAGE_KEXDH_REPLY] = "SSH_MSG_KEXDH_REPLY",
  [DEVSSH_MESSAGE_USERAUTH_REQUEST] = "SSH_MSG_USERAUTH_REQUEST",
  [DEVSSH_MESSAGE_USERAUTH_FAILURE] = "SSH_MSG_USERAUTH_FAILURE",
  [DEVSSH_MESSAGE_USERAUTH_SUCCESS] = "SSH_MSG_USERAUTH_SUCCESS",
  [DEVSSH_MESSAGE_USERAUTH_BANNER] = "SSH_MSG_USERAUTH_BANNER",
  [DEVSSH_MESSAGE_USERAUTH_PK_OK] = "SSH_MSG_USERAUTH_PK_OK",
  [DEVSSH_MESSAGE_USERAUTH_INFO_RESPONSE] = "SSH_MSG_USERAUTH_INFO_RESPONSE",
  [DEVSSH_MESSAGE_GLOBAL_REQUEST] = "SSH_MSG_GLOBAL_REQUEST",
  [DEVSSH_MESSAGE_REQUEST_SUCCESS] = "SSH_MSG_REQUEST_SUCCESS",
  [DEVSSH_MESSAGE_REQUEST_FAILURE] = "SSH_MSG_REQUEST_FAILURE",
  [DEVSSH_MESSAGE_CHANNEL_OPEN] = "SSH_MSG_CHANNEL_OPEN",
  [DEVSSH_MESSAGE_CHANNEL_OPEN_CONFIRMATION] = "SSH_MSG_CHANNEL_OPEN_CONFIRMATION",
  [DEVSSH_MESSAGE_CHANNEL_OPEN_FAILURE] = "SSH_MSG_CHANNEL_OPEN_FAILURE",
  [DEVSSH_MESSAGE_CHANNEL_WINDOW_ADJUST] = "SSH_MSG_CHANNEL_WINDOW_ADJUST",
  [DEVSSH_MESSAGE_CHANNEL_DATA] = "SSH_MSG_CHANNEL_DATA",
  [DEVSSH_MESSAGE_CHANNEL_EXTENDED_DATA] = "SSH_MSG_CHANNEL_EXTENDED_DATA",
  [DEVSSH_MESSAGE_CHANNEL_EOF] = "SSH_MSG_CHANNEL_EOF",
  [DEVSSH_MESSAGE_CHANNEL_CLOSE] = "SSH_MSG_CHANNEL_CLOSE",
  [DEVSSH_MESSAGE_CHANNEL_REQUEST] = "SSH_MSG_CHANNEL_REQUEST",
  [DEVSSH_MESSAGE_CHANNEL_SUCCESS] = "SSH_MSG_CHANNEL_SUCCESS",
  [DEVSSH_MESSAGE_CHANNEL_FAILURE] = "SSH_MSG_CHANNEL_FAILURE",
};

/**
 * devssh_message_number_to_string:
 * @number: the first byte of a message
 *
 * Gives a message its name in the RFCs, as `SSH_MSG_KEXINIT` for 20. Where a number means several
 * things it is the name of the most common one.
 *
 * Returns: (nullable) (transfer none): the name, or %NULL for a number that has none
 *
 * Since: 1.0
 */
const char *
devssh_message_number_to_string (guint number)
{
  return number < G_N_ELEMENTS (message_names) ? message_names[number] : NULL;
}

/* The values are static, so the word outlives the reference to their class. */
static const char *
nick_of (GType type,
         int   value)
{
  g_autoptr(GEnumClass) klass = g_type_class_ref (type);
  GEnumValue *found = g_enum_get_value (klass, value);

  return found != NULL ? found->value_nick : "unknown";
}

/**
 * devssh_disconnect_reason_to_string:
 * @reason: why a session ended
 *
 * Gives a reason a word for logs, as `protocol-error`.
 *
 * Returns: (transfer none): the word; `unknown` for a number that is none of the enumeration
 *
 * Since: 1.0
 */
const char *
devssh_disconnect_reason_to_string (DevSshDisconnectReason reason)
{
  return nick_of (DEVSSH_TYPE_DISCONNECT_REASON, (int) reason);
}

/**
 * devssh_channel_open_failure_to_string:
 * @reason: why a channel was refused
 *
 * Gives a reason a word for logs, as `connect-failed`.
 *
 * Returns: (transfer none): the word; `unknown` for a number that is none of the enumeration
 *
 * Since: 1.0
 */
const char *
devssh_channel_open_failure_to_string (DevSshChannelOpenFailure reason)
{
  return nick_of (DEVSSH_TYPE_CHANNEL_OPEN_FAILURE, (int) reason);
}

/**
 * devssh_reconnect_failure_to_string:
 * @reason: why a session could not be taken up again
 *
 * Gives a reason a word for logs, as `session-not-found`.
 *
 * Returns: (transfer none): the word; `unknown` for a number that is none of the enumeration
 *
 * Since: 1.0
 */
const char *
devssh_reconnect_failure_to_string (DevSshReconnectFailure reason)
{
  return nick_of (DEVSSH_TYPE_RECONNECT_FAILURE, (int) reason);
}
