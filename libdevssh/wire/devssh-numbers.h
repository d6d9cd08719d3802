/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The numbers of the wire: messages, reasons, and the error domains that carry them. */
#pragma once

#include <libdevssh/base/devssh-types.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_MESSAGE_NUMBER            (devssh_message_number_get_type ())
#define DEVSSH_TYPE_DISCONNECT_REASON         (devssh_disconnect_reason_get_type ())
#define DEVSSH_TYPE_CHANNEL_OPEN_FAILURE      (devssh_channel_open_failure_get_type ())
#define DEVSSH_TYPE_RECONNECT_FAILURE         (devssh_reconnect_failure_get_type ())

/* Error domains whose codes are the wire's reasons (design D10). */
#define DEVSSH_CONNECTION_ERROR (devssh_connection_error_quark ())  /* codes: DevSshDisconnectReason */
#define DEVSSH_CHANNEL_ERROR    (devssh_channel_error_quark ())     /* codes: DevSshChannelOpenFailure */
#define DEVSSH_RECONNECT_ERROR  (devssh_reconnect_error_quark ())   /* codes: DevSshReconnectFailure */

/* RFC 4250, 4.1.2 */
typedef enum
{
  DEVSSH_MESSAGE_DISCONNECT                = 1,
  DEVSSH_MESSAGE_IGNORE                    = 2,
  DEVSSH_MESSAGE_UNIMPLEMENTED             = 3,
  DEVSSH_MESSAGE_DEBUG                     = 4,
  DEVSSH_MESSAGE_SERVICE_REQUEST           = 5,
  DEVSSH_MESSAGE_SERVICE_ACCEPT            = 6,
  DEVSSH_MESSAGE_EXT_INFO                  = 7,
  DEVSSH_MESSAGE_KEXINIT                   = 20,
  DEVSSH_MESSAGE_NEWKEYS                   = 21,
  DEVSSH_MESSAGE_KEXDH_INIT                = 30,
  DEVSSH_MESSAGE_KEXDH_REPLY               = 31,
  DEVSSH_MESSAGE_USERAUTH_REQUEST          = 50,
  DEVSSH_MESSAGE_USERAUTH_FAILURE          = 51,
  DEVSSH_MESSAGE_USERAUTH_SUCCESS          = 52,
  DEVSSH_MESSAGE_USERAUTH_BANNER           = 53,
  DEVSSH_MESSAGE_USERAUTH_PK_OK            = 60,
  DEVSSH_MESSAGE_USERAUTH_INFO_REQUEST     = 60,
  DEVSSH_MESSAGE_USERAUTH_INFO_RESPONSE    = 61,
  DEVSSH_MESSAGE_GLOBAL_REQUEST            = 80,
  DEVSSH_MESSAGE_REQUEST_SUCCESS           = 81,
  DEVSSH_MESSAGE_REQUEST_FAILURE           = 82,
  DEVSSH_MESSAGE_CHANNEL_OPEN              = 90,
  DEVSSH_MESSAGE_CHANNEL_OPEN_CONFIRMATION = 91,
  DEVSSH_MESSAGE_CHANNEL_OPEN_FAILURE      = 92,
  DEVSSH_MESSAGE_CHANNEL_WINDOW_ADJUST     = 93,
  DEVSSH_MESSAGE_CHANNEL_DATA              = 94,
  DEVSSH_MESSAGE_CHANNEL_EXTENDED_DATA     = 95,
  DEVSSH_MESSAGE_CHANNEL_EOF               = 96,
  DEVSSH_MESSAGE_CHANNEL_CLOSE             = 97,
  DEVSSH_MESSAGE_CHANNEL_REQUEST           = 98,
  DEVSSH_MESSAGE_CHANNEL_SUCCESS           = 99,
  DEVSSH_MESSAGE_CHANNEL_FAILURE           = 100
} DevSshMessageNumber;

/* RFC 4253, 11.1 */
typedef enum
{
  DEVSSH_DISCONNECT_REASON_NONE                           = 0,
  DEVSSH_DISCONNECT_REASON_HOST_NOT_ALLOWED_TO_CONNECT    = 1,
  DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR                 = 2,
  DEVSSH_DISCONNECT_REASON_KEY_EXCHANGE_FAILED            = 3,
  DEVSSH_DISCONNECT_REASON_RESERVED                       = 4,
  DEVSSH_DISCONNECT_REASON_MAC_ERROR                      = 5,
  DEVSSH_DISCONNECT_REASON_COMPRESSION_ERROR              = 6,
  DEVSSH_DISCONNECT_REASON_SERVICE_NOT_AVAILABLE          = 7,
  DEVSSH_DISCONNECT_REASON_PROTOCOL_VERSION_NOT_SUPPORTED = 8,
  DEVSSH_DISCONNECT_REASON_HOST_KEY_NOT_VERIFIABLE        = 9,
  DEVSSH_DISCONNECT_REASON_CONNECTION_LOST                = 10,
  DEVSSH_DISCONNECT_REASON_BY_APPLICATION                 = 11,
  DEVSSH_DISCONNECT_REASON_TOO_MANY_CONNECTIONS           = 12,
  DEVSSH_DISCONNECT_REASON_AUTH_CANCELLED_BY_USER         = 13,
  DEVSSH_DISCONNECT_REASON_NO_MORE_AUTH_METHODS_AVAILABLE = 14,
  DEVSSH_DISCONNECT_REASON_ILLEGAL_USER_NAME              = 15
} DevSshDisconnectReason;

/* RFC 4254, 5.1 */
typedef enum
{
  DEVSSH_CHANNEL_OPEN_FAILURE_NONE                        = 0,
  DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED = 1,
  DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED              = 2,
  DEVSSH_CHANNEL_OPEN_FAILURE_UNKNOWN_CHANNEL_TYPE        = 3,
  DEVSSH_CHANNEL_OPEN_FAILURE_RESOURCE_SHORTAGE           = 4
} DevSshChannelOpenFailure;

/* Reconnect extension: 1 to 99 come from the server, 100 and up are raised by the client itself. */
typedef enum
{
  DEVSSH_RECONNECT_FAILURE_NONE                           = 0,
  DEVSSH_RECONNECT_FAILURE_UNKNOWN_SERVER_FAILURE         = 1,
  DEVSSH_RECONNECT_FAILURE_SESSION_NOT_FOUND              = 2,
  DEVSSH_RECONNECT_FAILURE_INVALID_CLIENT_RECONNECT_TOKEN = 3,
  DEVSSH_RECONNECT_FAILURE_SERVER_DROPPED_MESSAGES        = 4,
  DEVSSH_RECONNECT_FAILURE_UNKNOWN_CLIENT_FAILURE         = 101,
  DEVSSH_RECONNECT_FAILURE_DIFFERENT_SERVER_HOST_KEY      = 102,
  DEVSSH_RECONNECT_FAILURE_INVALID_SERVER_RECONNECT_TOKEN = 103,
  DEVSSH_RECONNECT_FAILURE_CLIENT_DROPPED_MESSAGES        = 104
} DevSshReconnectFailure;

/* RFC 4254, 5.2: SSH_EXTENDED_DATA_STDERR */
#define DEVSSH_EXTENDED_DATA_STDERR 1

/* Names: each with a doc comment here (the scanner reads constants from headers). */
#define DEVSSH_DEFAULT_MAX_PACKET_SIZE 32768
#define DEVSSH_DEFAULT_MAX_WINDOW_SIZE 1048576

#define DEVSSH_EXTENSION_SERVER_SIGNATURE_ALGORITHMS "server-sig-algs"
#define DEVSSH_EXTENSION_OPEN_CHANNEL_REQUEST        "open-channel-request@microsoft.com"
#define DEVSSH_EXTENSION_SESSION_RECONNECT           "session-reconnect@microsoft.com"
#define DEVSSH_EXTENSION_SESSION_LATENCY             "session-latency@microsoft.com"

#define DEVSSH_REQUEST_INITIAL_CHANNEL_REQUEST       "initial-channel-request@microsoft.com"
#define DEVSSH_REQUEST_ENABLE_SESSION_RECONNECT      "enable-session-reconnect@microsoft.com"
#define DEVSSH_REQUEST_KEEPALIVE                     "keepalive@openssh.com"

#define DEVSSH_SERVICE_NAME_USERAUTH                 "ssh-userauth"
#define DEVSSH_SERVICE_NAME_CONNECTION               "ssh-connection"

#define DEVSSH_AUTH_METHOD_NONE                      "none"
#define DEVSSH_AUTH_METHOD_PASSWORD                  "password"
#define DEVSSH_AUTH_METHOD_PUBLIC_KEY                "publickey"
#define DEVSSH_AUTH_METHOD_KEYBOARD_INTERACTIVE      "keyboard-interactive"
#define DEVSSH_AUTH_METHOD_HOST_BASED                "hostbased"

#define DEVSSH_ALGORITHM_KEX_CURVE25519_SHA256       "curve25519-sha256"
#define DEVSSH_ALGORITHM_KEX_CURVE25519_SHA256_LIBSSH "curve25519-sha256@libssh.org"
#define DEVSSH_ALGORITHM_KEX_ECDH_NISTP256           "ecdh-sha2-nistp256"
#define DEVSSH_ALGORITHM_KEX_ECDH_NISTP384           "ecdh-sha2-nistp384"
#define DEVSSH_ALGORITHM_KEX_ECDH_NISTP521           "ecdh-sha2-nistp521"
#define DEVSSH_ALGORITHM_KEX_DH_GROUP14_SHA256       "diffie-hellman-group14-sha256"
#define DEVSSH_ALGORITHM_KEX_DH_GROUP16_SHA512       "diffie-hellman-group16-sha512"
#define DEVSSH_ALGORITHM_KEY_ED25519                 "ssh-ed25519"
#define DEVSSH_ALGORITHM_KEY_RSA                     "ssh-rsa"
#define DEVSSH_ALGORITHM_KEY_RSA_SHA2_512            "rsa-sha2-512"
#define DEVSSH_ALGORITHM_KEY_RSA_SHA2_256            "rsa-sha2-256"
#define DEVSSH_ALGORITHM_KEY_ECDSA_NISTP256          "ecdsa-sha2-nistp256"
#define DEVSSH_ALGORITHM_KEY_ECDSA_NISTP384          "ecdsa-sha2-nistp384"
#define DEVSSH_ALGORITHM_KEY_ECDSA_NISTP521          "ecdsa-sha2-nistp521"
#define DEVSSH_ALGORITHM_CIPHER_AES256_GCM           "aes256-gcm@openssh.com"
#define DEVSSH_ALGORITHM_CIPHER_AES128_GCM           "aes128-gcm@openssh.com"
#define DEVSSH_ALGORITHM_CIPHER_CHACHA20_POLY1305    "chacha20-poly1305@openssh.com"
#define DEVSSH_ALGORITHM_CIPHER_AES256_CTR           "aes256-ctr"
#define DEVSSH_ALGORITHM_CIPHER_AES128_CTR           "aes128-ctr"
#define DEVSSH_ALGORITHM_CIPHER_AES256_CBC           "aes256-cbc"
#define DEVSSH_ALGORITHM_MAC_HMAC_SHA2_256_ETM       "hmac-sha2-256-etm@openssh.com"
#define DEVSSH_ALGORITHM_MAC_HMAC_SHA2_512_ETM       "hmac-sha2-512-etm@openssh.com"
#define DEVSSH_ALGORITHM_MAC_HMAC_SHA2_256           "hmac-sha2-256"
#define DEVSSH_ALGORITHM_MAC_HMAC_SHA2_512           "hmac-sha2-512"
#define DEVSSH_ALGORITHM_NONE                        "none"

DEVSSH_AVAILABLE_IN_1_0
GType       devssh_message_number_get_type        (void);
DEVSSH_AVAILABLE_IN_1_0
GType       devssh_disconnect_reason_get_type     (void);
DEVSSH_AVAILABLE_IN_1_0
GType       devssh_channel_open_failure_get_type  (void);
DEVSSH_AVAILABLE_IN_1_0
GType       devssh_reconnect_failure_get_type     (void);
DEVSSH_AVAILABLE_IN_1_0
GQuark      devssh_connection_error_quark         (void);
DEVSSH_AVAILABLE_IN_1_0
GQuark      devssh_channel_error_quark            (void);
DEVSSH_AVAILABLE_IN_1_0
GQuark      devssh_reconnect_error_quark          (void);
/* RFC name ("SSH_MSG_KEXINIT"), NULL for a number without one; 30/31/60/61 by their most common meaning. */
DEVSSH_AVAILABLE_IN_1_0
const char *devssh_message_number_to_string       (guint number);
DEVSSH_AVAILABLE_IN_1_0
const char *devssh_disconnect_reason_to_string    (DevSshDisconnectReason reason);
DEVSSH_AVAILABLE_IN_1_0
const char *devssh_channel_open_failure_to_string (DevSshChannelOpenFailure reason);
DEVSSH_AVAILABLE_IN_1_0
const char *devssh_reconnect_failure_to_string    (DevSshReconnectFailure reason);

G_END_DECLS
