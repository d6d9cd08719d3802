/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The error domain of the library itself. */
#include <libdevssh/base/devssh-error.h>

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
                    G_DEFINE_ENUM_VALUE (DEVSSH_ERROR_WRONG_THREAD, "wrong-thread"))
