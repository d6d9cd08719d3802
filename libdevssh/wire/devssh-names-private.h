/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Comma lists of RFC 4251, 5 and text meant for people (T-14, T-57). */
#pragma once

#include <libdevssh/wire/devssh-reader-private.h>

G_BEGIN_DECLS

#define DEVSSH_NAME_LIST_MAX_NAMES 256
#define DEVSSH_NAME_MAX_LENGTH     64

/* First of client that is also in server (whole names; ext-info-* and kex-strict-* never match): T-24. Borrowed from client. */
const char *devssh_name_list_match    (const char * const *client, const char * const *server);
gboolean    devssh_name_list_contains (const char * const *names, const char *name);
gboolean    devssh_name_is_valid      (const char *data, gsize length);

/* T-57: valid UTF-8, C0/DEL/C1/bidi controls escaped, at most 1 KiB; never NULL. */
char       *devssh_text_for_people    (const guint8 *data, gsize length);

G_END_DECLS
