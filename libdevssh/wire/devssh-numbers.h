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
#define DEVSSH_CONNECTION_ERROR (devssh_disconnect_reason_quark ())     /* codes: DevSshDisconnectReason */
#define DEVSSH_CHANNEL_ERROR    (devssh_channel_open_failure_quark ())  /* codes: DevSshChannelOpenFailure */
#define DEVSSH_RECONNECT_ERROR  (devssh_reconnect_failure_quark ())     /* codes: DevSshReconnectFailure */

/**
 * DevSshMessageNumber:
 * @DEVSSH_MESSAGE_DISCONNECT: the session ends, and why
 * @DEVSSH_MESSAGE_IGNORE: means nothing
 * @DEVSSH_MESSAGE_UNIMPLEMENTED: a message was not understood
 * @DEVSSH_MESSAGE_DEBUG: a text for whoever looks for a fault
 * @DEVSSH_MESSAGE_SERVICE_REQUEST: asks for a service
 * @DEVSSH_MESSAGE_SERVICE_ACCEPT: the service is there
 * @DEVSSH_MESSAGE_EXT_INFO: extensions and their values (RFC 8308)
 * @DEVSSH_MESSAGE_KEXINIT: the algorithms that a side offers
 * @DEVSSH_MESSAGE_NEWKEYS: new keys from here on
 * @DEVSSH_MESSAGE_KEXDH_INIT: the client's half of a key exchange; of all methods
 * @DEVSSH_MESSAGE_KEXDH_REPLY: the server's half of a key exchange, and its host key
 * @DEVSSH_MESSAGE_USERAUTH_REQUEST: a login attempt
 * @DEVSSH_MESSAGE_USERAUTH_FAILURE: the attempt failed, and what could be tried
 * @DEVSSH_MESSAGE_USERAUTH_SUCCESS: the login succeeded
 * @DEVSSH_MESSAGE_USERAUTH_BANNER: a text to show before the login
 * @DEVSSH_MESSAGE_USERAUTH_PK_OK: this public key would do; of the method "publickey"
 * @DEVSSH_MESSAGE_USERAUTH_INFO_REQUEST: questions; of the method "keyboard-interactive" (RFC 4256)
 * @DEVSSH_MESSAGE_USERAUTH_INFO_RESPONSE: the answers to them
 * @DEVSSH_MESSAGE_GLOBAL_REQUEST: a request that concerns no channel
 * @DEVSSH_MESSAGE_REQUEST_SUCCESS: the request was granted
 * @DEVSSH_MESSAGE_REQUEST_FAILURE: the request was refused
 * @DEVSSH_MESSAGE_CHANNEL_OPEN: opens a channel
 * @DEVSSH_MESSAGE_CHANNEL_OPEN_CONFIRMATION: the channel is open
 * @DEVSSH_MESSAGE_CHANNEL_OPEN_FAILURE: the channel was refused
 * @DEVSSH_MESSAGE_CHANNEL_WINDOW_ADJUST: more bytes may be sent
 * @DEVSSH_MESSAGE_CHANNEL_DATA: bytes
 * @DEVSSH_MESSAGE_CHANNEL_EXTENDED_DATA: bytes of another kind, as of the standard error
 * @DEVSSH_MESSAGE_CHANNEL_EOF: no more bytes will come
 * @DEVSSH_MESSAGE_CHANNEL_CLOSE: the channel is closed
 * @DEVSSH_MESSAGE_CHANNEL_REQUEST: a request that concerns a channel
 * @DEVSSH_MESSAGE_CHANNEL_SUCCESS: the channel request was granted
 * @DEVSSH_MESSAGE_CHANNEL_FAILURE: the channel request was refused
 *
 * The first byte of a message, as RFC 4250, section 4.1.2, has assigned it. What 30, 31, 60 and 61
 * mean depends on the key exchange or authentication method that is under way.
 *
 * Since: 1.0
 */
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

/**
 * DevSshDisconnectReason:
 * @DEVSSH_DISCONNECT_REASON_NONE: no reason; peers give it when nothing went wrong
 * @DEVSSH_DISCONNECT_REASON_HOST_NOT_ALLOWED_TO_CONNECT: not from this host
 * @DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR: the peer broke the rules of the protocol
 * @DEVSSH_DISCONNECT_REASON_KEY_EXCHANGE_FAILED: no keys could be agreed on
 * @DEVSSH_DISCONNECT_REASON_RESERVED: not used
 * @DEVSSH_DISCONNECT_REASON_MAC_ERROR: a message was changed on its way
 * @DEVSSH_DISCONNECT_REASON_COMPRESSION_ERROR: compressed data could not be expanded
 * @DEVSSH_DISCONNECT_REASON_SERVICE_NOT_AVAILABLE: the service that was asked for does not exist
 * @DEVSSH_DISCONNECT_REASON_PROTOCOL_VERSION_NOT_SUPPORTED: not a version of the protocol that is spoken here
 * @DEVSSH_DISCONNECT_REASON_HOST_KEY_NOT_VERIFIABLE: the host key was refused
 * @DEVSSH_DISCONNECT_REASON_CONNECTION_LOST: the transport broke
 * @DEVSSH_DISCONNECT_REASON_BY_APPLICATION: the application has ended the session
 * @DEVSSH_DISCONNECT_REASON_TOO_MANY_CONNECTIONS: the server has no room
 * @DEVSSH_DISCONNECT_REASON_AUTH_CANCELLED_BY_USER: the user gave up logging in
 * @DEVSSH_DISCONNECT_REASON_NO_MORE_AUTH_METHODS_AVAILABLE: too many login attempts have failed
 * @DEVSSH_DISCONNECT_REASON_ILLEGAL_USER_NAME: a user name that cannot be
 *
 * Why a session ended, as RFC 4253, section 11.1, has assigned it; the codes of the error domain
 * `DEVSSH_CONNECTION_ERROR`.
 *
 * Since: 1.0
 */
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

/**
 * DevSshChannelOpenFailure:
 * @DEVSSH_CHANNEL_OPEN_FAILURE_NONE: no failure
 * @DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED: it is not allowed
 * @DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED: what the channel should lead to could not be reached
 * @DEVSSH_CHANNEL_OPEN_FAILURE_UNKNOWN_CHANNEL_TYPE: there is no such type of channel
 * @DEVSSH_CHANNEL_OPEN_FAILURE_RESOURCE_SHORTAGE: there are too many channels
 *
 * Why a channel was refused, as RFC 4254, section 5.1, has assigned it; the codes of the error
 * domain `DEVSSH_CHANNEL_ERROR`.
 *
 * Since: 1.0
 */
typedef enum
{
  DEVSSH_CHANNEL_OPEN_FAILURE_NONE                        = 0,
  DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED = 1,
  DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED              = 2,
  DEVSSH_CHANNEL_OPEN_FAILURE_UNKNOWN_CHANNEL_TYPE        = 3,
  DEVSSH_CHANNEL_OPEN_FAILURE_RESOURCE_SHORTAGE           = 4
} DevSshChannelOpenFailure;

/**
 * DevSshReconnectFailure:
 * @DEVSSH_RECONNECT_FAILURE_NONE: no failure
 * @DEVSSH_RECONNECT_FAILURE_UNKNOWN_SERVER_FAILURE: the server does not say why
 * @DEVSSH_RECONNECT_FAILURE_SESSION_NOT_FOUND: the server does not have the session any more
 * @DEVSSH_RECONNECT_FAILURE_INVALID_CLIENT_RECONNECT_TOKEN: the client did not prove that the session is its own
 * @DEVSSH_RECONNECT_FAILURE_SERVER_DROPPED_MESSAGES: the server no longer has messages that the client lacks
 * @DEVSSH_RECONNECT_FAILURE_UNKNOWN_CLIENT_FAILURE: the client does not say why
 * @DEVSSH_RECONNECT_FAILURE_DIFFERENT_SERVER_HOST_KEY: the server has another host key than before
 * @DEVSSH_RECONNECT_FAILURE_INVALID_SERVER_RECONNECT_TOKEN: the server did not prove that it has the session
 * @DEVSSH_RECONNECT_FAILURE_CLIENT_DROPPED_MESSAGES: the client no longer has messages that the server lacks
 *
 * Why a session could not be taken up again on another transport; the codes of the error domain
 * `DEVSSH_RECONNECT_ERROR`. Those from 1 to 99 come from the server, those from 100 on are
 * raised by the client itself.
 *
 * Since: 1.0
 */
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

/**
 * DEVSSH_EXTENDED_DATA_STDERR:
 *
 * The type of extended data that is the standard error of a command (RFC 4254, section 5.2).
 *
 * Since: 1.0
 */
#define DEVSSH_EXTENDED_DATA_STDERR 1

/**
 * DEVSSH_DEFAULT_MAX_PACKET_SIZE:
 *
 * How many bytes of channel data a message holds at most, if nothing else is set.
 *
 * Since: 1.0
 */
#define DEVSSH_DEFAULT_MAX_PACKET_SIZE 32768

/**
 * DEVSSH_DEFAULT_MAX_WINDOW_SIZE:
 *
 * How many bytes a peer may send on a new channel before any were read, if nothing else is set.
 *
 * Since: 1.0
 */
#define DEVSSH_DEFAULT_MAX_WINDOW_SIZE 1048576

/**
 * DEVSSH_EXTENSION_SERVER_SIGNATURE_ALGORITHMS:
 *
 * The extension that lists the signature algorithms a server takes (RFC 8308, section 3.1).
 *
 * Since: 1.0
 */
#define DEVSSH_EXTENSION_SERVER_SIGNATURE_ALGORITHMS "server-sig-algs"

/**
 * DEVSSH_EXTENSION_OPEN_CHANNEL_REQUEST:
 *
 * The extension by which the first request of a channel goes out together with its opening.
 *
 * Since: 1.0
 */
#define DEVSSH_EXTENSION_OPEN_CHANNEL_REQUEST "open-channel-request@microsoft.com"

/**
 * DEVSSH_EXTENSION_SESSION_RECONNECT:
 *
 * The extension by which a session survives its transport; also the name of the request that
 * takes it up again.
 *
 * Since: 1.0
 */
#define DEVSSH_EXTENSION_SESSION_RECONNECT "session-reconnect@microsoft.com"

/**
 * DEVSSH_EXTENSION_SESSION_LATENCY:
 *
 * The extension by which the round-trip time of a session is measured.
 *
 * Since: 1.0
 */
#define DEVSSH_EXTENSION_SESSION_LATENCY "session-latency@microsoft.com"

/**
 * DEVSSH_REQUEST_INITIAL_CHANNEL_REQUEST:
 *
 * The global request that carries the first request of a channel.
 *
 * Since: 1.0
 */
#define DEVSSH_REQUEST_INITIAL_CHANNEL_REQUEST "initial-channel-request@microsoft.com"

/**
 * DEVSSH_REQUEST_ENABLE_SESSION_RECONNECT:
 *
 * The global request after which messages carry what reconnecting needs.
 *
 * Since: 1.0
 */
#define DEVSSH_REQUEST_ENABLE_SESSION_RECONNECT "enable-session-reconnect@microsoft.com"

/**
 * DEVSSH_REQUEST_KEEPALIVE:
 *
 * The global request that only asks whether the peer is still there.
 *
 * Since: 1.0
 */
#define DEVSSH_REQUEST_KEEPALIVE "keepalive@openssh.com"

/**
 * DEVSSH_SERVICE_NAME_USERAUTH:
 *
 * The service that logs users in (RFC 4252).
 *
 * Since: 1.0
 */
#define DEVSSH_SERVICE_NAME_USERAUTH "ssh-userauth"

/**
 * DEVSSH_SERVICE_NAME_CONNECTION:
 *
 * The service that has requests and channels (RFC 4254).
 *
 * Since: 1.0
 */
#define DEVSSH_SERVICE_NAME_CONNECTION "ssh-connection"

/**
 * DEVSSH_AUTH_METHOD_NONE:
 *
 * The authentication method that proves nothing (RFC 4252, section 5.2).
 *
 * Since: 1.0
 */
#define DEVSSH_AUTH_METHOD_NONE "none"

/**
 * DEVSSH_AUTH_METHOD_PASSWORD:
 *
 * The authentication method that sends a password (RFC 4252, section 8).
 *
 * Since: 1.0
 */
#define DEVSSH_AUTH_METHOD_PASSWORD "password"

/**
 * DEVSSH_AUTH_METHOD_PUBLIC_KEY:
 *
 * The authentication method that signs with a key of the user (RFC 4252, section 7).
 *
 * Since: 1.0
 */
#define DEVSSH_AUTH_METHOD_PUBLIC_KEY "publickey"

/**
 * DEVSSH_AUTH_METHOD_KEYBOARD_INTERACTIVE:
 *
 * The authentication method that answers questions of the server (RFC 4256).
 *
 * Since: 1.0
 */
#define DEVSSH_AUTH_METHOD_KEYBOARD_INTERACTIVE "keyboard-interactive"

/**
 * DEVSSH_AUTH_METHOD_HOST_BASED:
 *
 * The authentication method that signs with a key of the client's host (RFC 4252, section 9).
 *
 * Since: 1.0
 */
#define DEVSSH_AUTH_METHOD_HOST_BASED "hostbased"

/**
 * DEVSSH_ALGORITHM_KEX_CURVE25519_SHA256:
 *
 * Key exchange on Curve25519 with SHA-256 (RFC 8731).
 *
 * Since: 1.0
 */
#define DEVSSH_ALGORITHM_KEX_CURVE25519_SHA256 "curve25519-sha256"

/**
 * DEVSSH_ALGORITHM_KEX_CURVE25519_SHA256_LIBSSH:
 *
 * The older name of %DEVSSH_ALGORITHM_KEX_CURVE25519_SHA256.
 *
 * Since: 1.0
 */
#define DEVSSH_ALGORITHM_KEX_CURVE25519_SHA256_LIBSSH "curve25519-sha256@libssh.org"

/**
 * DEVSSH_ALGORITHM_KEX_ECDH_NISTP256:
 *
 * Key exchange on the curve NIST P-256 with SHA-256 (RFC 5656).
 *
 * Since: 1.0
 */
#define DEVSSH_ALGORITHM_KEX_ECDH_NISTP256 "ecdh-sha2-nistp256"

/**
 * DEVSSH_ALGORITHM_KEX_ECDH_NISTP384:
 *
 * Key exchange on the curve NIST P-384 with SHA-384 (RFC 5656).
 *
 * Since: 1.0
 */
#define DEVSSH_ALGORITHM_KEX_ECDH_NISTP384 "ecdh-sha2-nistp384"

/**
 * DEVSSH_ALGORITHM_KEX_ECDH_NISTP521:
 *
 * Key exchange on the curve NIST P-521 with SHA-512 (RFC 5656).
 *
 * Since: 1.0
 */
#define DEVSSH_ALGORITHM_KEX_ECDH_NISTP521 "ecdh-sha2-nistp521"

/**
 * DEVSSH_ALGORITHM_KEX_DH_GROUP14_SHA256:
 *
 * Key exchange in the 2048-bit group of RFC 3526 with SHA-256 (RFC 8268).
 *
 * Since: 1.0
 */
#define DEVSSH_ALGORITHM_KEX_DH_GROUP14_SHA256 "diffie-hellman-group14-sha256"

/**
 * DEVSSH_ALGORITHM_KEX_DH_GROUP16_SHA512:
 *
 * Key exchange in the 4096-bit group of RFC 3526 with SHA-512 (RFC 8268).
 *
 * Since: 1.0
 */
#define DEVSSH_ALGORITHM_KEX_DH_GROUP16_SHA512 "diffie-hellman-group16-sha512"

/**
 * DEVSSH_ALGORITHM_KEY_ED25519:
 *
 * Keys and signatures on Ed25519 (RFC 8709).
 *
 * Since: 1.0
 */
#define DEVSSH_ALGORITHM_KEY_ED25519 "ssh-ed25519"

/**
 * DEVSSH_ALGORITHM_KEY_RSA:
 *
 * RSA keys (RFC 4253, section 6.6). Signatures of this name use SHA-1 and are neither made nor
 * accepted.
 *
 * Since: 1.0
 */
#define DEVSSH_ALGORITHM_KEY_RSA "ssh-rsa"

/**
 * DEVSSH_ALGORITHM_KEY_RSA_SHA2_512:
 *
 * RSA signatures with SHA-512 (RFC 8332).
 *
 * Since: 1.0
 */
#define DEVSSH_ALGORITHM_KEY_RSA_SHA2_512 "rsa-sha2-512"

/**
 * DEVSSH_ALGORITHM_KEY_RSA_SHA2_256:
 *
 * RSA signatures with SHA-256 (RFC 8332).
 *
 * Since: 1.0
 */
#define DEVSSH_ALGORITHM_KEY_RSA_SHA2_256 "rsa-sha2-256"

/**
 * DEVSSH_ALGORITHM_KEY_ECDSA_NISTP256:
 *
 * Keys and signatures on the curve NIST P-256 (RFC 5656).
 *
 * Since: 1.0
 */
#define DEVSSH_ALGORITHM_KEY_ECDSA_NISTP256 "ecdsa-sha2-nistp256"

/**
 * DEVSSH_ALGORITHM_KEY_ECDSA_NISTP384:
 *
 * Keys and signatures on the curve NIST P-384 (RFC 5656).
 *
 * Since: 1.0
 */
#define DEVSSH_ALGORITHM_KEY_ECDSA_NISTP384 "ecdsa-sha2-nistp384"

/**
 * DEVSSH_ALGORITHM_KEY_ECDSA_NISTP521:
 *
 * Keys and signatures on the curve NIST P-521 (RFC 5656).
 *
 * Since: 1.0
 */
#define DEVSSH_ALGORITHM_KEY_ECDSA_NISTP521 "ecdsa-sha2-nistp521"

/**
 * DEVSSH_ALGORITHM_CIPHER_AES256_GCM:
 *
 * AES-256 in Galois/counter mode, which protects integrity as well.
 *
 * Since: 1.0
 */
#define DEVSSH_ALGORITHM_CIPHER_AES256_GCM "aes256-gcm@openssh.com"

/**
 * DEVSSH_ALGORITHM_CIPHER_AES128_GCM:
 *
 * AES-128 in Galois/counter mode, which protects integrity as well.
 *
 * Since: 1.0
 */
#define DEVSSH_ALGORITHM_CIPHER_AES128_GCM "aes128-gcm@openssh.com"

/**
 * DEVSSH_ALGORITHM_CIPHER_CHACHA20_POLY1305:
 *
 * ChaCha20 with Poly1305, which protects integrity as well.
 *
 * Since: 1.0
 */
#define DEVSSH_ALGORITHM_CIPHER_CHACHA20_POLY1305 "chacha20-poly1305@openssh.com"

/**
 * DEVSSH_ALGORITHM_CIPHER_AES256_CTR:
 *
 * AES-256 in counter mode (RFC 4344).
 *
 * Since: 1.0
 */
#define DEVSSH_ALGORITHM_CIPHER_AES256_CTR "aes256-ctr"

/**
 * DEVSSH_ALGORITHM_CIPHER_AES128_CTR:
 *
 * AES-128 in counter mode (RFC 4344).
 *
 * Since: 1.0
 */
#define DEVSSH_ALGORITHM_CIPHER_AES128_CTR "aes128-ctr"

/**
 * DEVSSH_ALGORITHM_CIPHER_AES256_CBC:
 *
 * AES-256 in cipher block chaining mode (RFC 4253, section 6.3); only for peers that have nothing
 * better.
 *
 * Since: 1.0
 */
#define DEVSSH_ALGORITHM_CIPHER_AES256_CBC "aes256-cbc"

/**
 * DEVSSH_ALGORITHM_MAC_HMAC_SHA2_256_ETM:
 *
 * HMAC with SHA-256 over what was encrypted.
 *
 * Since: 1.0
 */
#define DEVSSH_ALGORITHM_MAC_HMAC_SHA2_256_ETM "hmac-sha2-256-etm@openssh.com"

/**
 * DEVSSH_ALGORITHM_MAC_HMAC_SHA2_512_ETM:
 *
 * HMAC with SHA-512 over what was encrypted.
 *
 * Since: 1.0
 */
#define DEVSSH_ALGORITHM_MAC_HMAC_SHA2_512_ETM "hmac-sha2-512-etm@openssh.com"

/**
 * DEVSSH_ALGORITHM_MAC_HMAC_SHA2_256:
 *
 * HMAC with SHA-256 over the clear text (RFC 6668).
 *
 * Since: 1.0
 */
#define DEVSSH_ALGORITHM_MAC_HMAC_SHA2_256 "hmac-sha2-256"

/**
 * DEVSSH_ALGORITHM_MAC_HMAC_SHA2_512:
 *
 * HMAC with SHA-512 over the clear text (RFC 6668).
 *
 * Since: 1.0
 */
#define DEVSSH_ALGORITHM_MAC_HMAC_SHA2_512 "hmac-sha2-512"

/**
 * DEVSSH_ALGORITHM_NONE:
 *
 * No algorithm: no compression, or no protection at all.
 *
 * Since: 1.0
 */
#define DEVSSH_ALGORITHM_NONE "none"

DEVSSH_AVAILABLE_IN_1_0
GType       devssh_message_number_get_type        (void);
DEVSSH_AVAILABLE_IN_1_0
GType       devssh_disconnect_reason_get_type     (void);
DEVSSH_AVAILABLE_IN_1_0
GType       devssh_channel_open_failure_get_type  (void);
DEVSSH_AVAILABLE_IN_1_0
GType       devssh_reconnect_failure_get_type     (void);
DEVSSH_AVAILABLE_IN_1_0
GQuark      devssh_disconnect_reason_quark        (void);
DEVSSH_AVAILABLE_IN_1_0
GQuark      devssh_channel_open_failure_quark     (void);
DEVSSH_AVAILABLE_IN_1_0
GQuark      devssh_reconnect_failure_quark        (void);
DEVSSH_AVAILABLE_IN_1_0
const char *devssh_message_number_to_string       (guint number);
DEVSSH_AVAILABLE_IN_1_0
const char *devssh_disconnect_reason_to_string    (DevSshDisconnectReason reason);
DEVSSH_AVAILABLE_IN_1_0
const char *devssh_channel_open_failure_to_string (DevSshChannelOpenFailure reason);
DEVSSH_AVAILABLE_IN_1_0
const char *devssh_reconnect_failure_to_string    (DevSshReconnectFailure reason);

G_END_DECLS
