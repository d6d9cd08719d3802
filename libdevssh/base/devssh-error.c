/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The error domain of the library itself. */
#include <libdevssh/base/devssh-error.h>

/**
 * DevSshError:
 * @DEVSSH_ERROR_FAILED: it did not work, and nothing more helpful can be said
 * @DEVSSH_ERROR_TRUNCATED: a message or a file ends inside a field
 * @DEVSSH_ERROR_MALFORMED: a field holds what it must not
 * @DEVSSH_ERROR_UNSUPPORTED: an algorithm, a format or a method that is not here
 * @DEVSSH_ERROR_INVALID_CONFIG: a configuration that cannot work
 * @DEVSSH_ERROR_INVALID_STATE: not now, for instance because it was done already
 * @DEVSSH_ERROR_CLOSED: the session, the client or the server is closed
 * @DEVSSH_ERROR_CHANNEL_CLOSED: the channel is closed
 * @DEVSSH_ERROR_NOT_CONNECTED: the session has no connection
 * @DEVSSH_ERROR_NOT_AUTHENTICATED: the session is not authenticated yet
 * @DEVSSH_ERROR_REFUSED: the peer, or whoever was asked, said no
 * @DEVSSH_ERROR_SIGNATURE: a signature does not verify
 * @DEVSSH_ERROR_NO_PRIVATE_KEY: the private half of a key is needed and not there
 * @DEVSSH_ERROR_PASSPHRASE_REQUIRED: the key is encrypted and no passphrase was given
 * @DEVSSH_ERROR_WRONG_PASSPHRASE: the key is encrypted with another passphrase
 * @DEVSSH_ERROR_NO_SERVICE: no service of that name is registered
 * @DEVSSH_ERROR_PLUGIN: a plugin that cannot be loaded; the message says why
 * @DEVSSH_ERROR_LIMIT: a limit of the configuration, or one that keeps a peer in check, is reached
 * @DEVSSH_ERROR_WRONG_THREAD: called from a thread that does not own the session's main context
 * @DEVSSH_ERROR_HOST_KEY: the key of a host is not known, is another one than it was, or is revoked
 *
 * What a caller of this library can act on. Streams and cancellation fail with %G_IO_ERROR instead; where
 * the peer gave a reason on the wire, the error's code is that reason (see [enum@DisconnectReason],
 * [enum@ChannelOpenFailure], [enum@ReconnectFailure]).
 *
 * Since: 1.0
 */

/**
 * devssh_error_quark:
 *
 * The error domain of the library itself.
 *
 * Returns: the quark
 *
 * Since: 1.0
 */
G_DEFINE_QUARK (devssh-error-quark, devssh_error)

G_DEFINE_ENUM_TYPE (DevSshError, devssh_error,
                    G_DEFINE_ENUM_VALUE (DEVSSH_ERROR_FAILED, "failed"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_ERROR_TRUNCATED, "truncated"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_ERROR_MALFORMED, "malformed"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_ERROR_UNSUPPORTED, "unsupported"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_ERROR_INVALID_CONFIG, "invalid-config"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_ERROR_INVALID_STATE, "invalid-state"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_ERROR_CLOSED, "closed"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_ERROR_CHANNEL_CLOSED, "channel-closed"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_ERROR_NOT_CONNECTED, "not-connected"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_ERROR_NOT_AUTHENTICATED, "not-authenticated"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_ERROR_REFUSED, "refused"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_ERROR_SIGNATURE, "signature"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_ERROR_NO_PRIVATE_KEY, "no-private-key"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_ERROR_PASSPHRASE_REQUIRED, "passphrase-required"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_ERROR_WRONG_PASSPHRASE, "wrong-passphrase"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_ERROR_NO_SERVICE, "no-service"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_ERROR_PLUGIN, "plugin"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_ERROR_LIMIT, "limit"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_ERROR_WRONG_THREAD, "wrong-thread"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_ERROR_HOST_KEY, "host-key"))
