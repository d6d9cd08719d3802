/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The library's own error domain; the wire's reasons are in wire/devssh-numbers.h. */
#pragma once

#include <libdevssh/base/devssh-types.h>

G_BEGIN_DECLS

#define DEVSSH_ERROR      (devssh_error_quark ())
#define DEVSSH_TYPE_ERROR (devssh_error_get_type ())

/* Documented, member by member, in devssh-error.c. */
typedef enum
{
  DEVSSH_ERROR_FAILED,
  DEVSSH_ERROR_TRUNCATED,          /* a message or file ends inside a field */
  DEVSSH_ERROR_MALFORMED,          /* a field holds what it must not */
  DEVSSH_ERROR_UNSUPPORTED,        /* an algorithm, format or method that is not here */
  DEVSSH_ERROR_INVALID_CONFIG,     /* a configuration that cannot work */
  DEVSSH_ERROR_INVALID_STATE,      /* not now: already connected, duplicate forward ... */
  DEVSSH_ERROR_CLOSED,             /* the session (or client, server) is closed */
  DEVSSH_ERROR_CHANNEL_CLOSED,     /* the channel is closed */
  DEVSSH_ERROR_NOT_CONNECTED,
  DEVSSH_ERROR_NOT_AUTHENTICATED,
  DEVSSH_ERROR_REFUSED,            /* the peer said no to a request */
  DEVSSH_ERROR_SIGNATURE,          /* a signature does not verify */
  DEVSSH_ERROR_NO_PRIVATE_KEY,     /* signing or exporting with a public-only key */
  DEVSSH_ERROR_PASSPHRASE_REQUIRED,
  DEVSSH_ERROR_WRONG_PASSPHRASE,
  DEVSSH_ERROR_NO_SERVICE,         /* no such service, or not registered */
  DEVSSH_ERROR_PLUGIN,             /* a plugin that cannot be loaded, and why */
  DEVSSH_ERROR_LIMIT,              /* a limit of the configuration or of T-xx is reached */
  DEVSSH_ERROR_WRONG_THREAD,       /* called from a thread that does not own the session */
  DEVSSH_ERROR_HOST_KEY            /* a host whose key is not known, has changed or is revoked */
} DevSshError;

DEVSSH_AVAILABLE_IN_1_0
GType  devssh_error_get_type (void);
DEVSSH_AVAILABLE_IN_1_0
GQuark devssh_error_quark    (void);

G_END_DECLS
