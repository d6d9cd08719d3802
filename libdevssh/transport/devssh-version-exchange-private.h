/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the identification string of the peer in what comes first (RFC 4253, 4.2; T-01). */
#pragma once

#include <libdevssh/transport/devssh-version.h>

G_BEGIN_DECLS

typedef enum
{
  DEVSSH_VERSION_LINE_INCOMPLETE,
  DEVSSH_VERSION_LINE_FOUND,
  DEVSSH_VERSION_LINE_REFUSED     /* reason and text say why */
} DevSshVersionLineStatus;

typedef struct
{
  gboolean       is_server;
  gboolean       accept_1_99;
  guint          lines;       /* before the version line, client only */
  gsize          bytes;       /* of these lines */
  DevSshVersion *version;     /* FOUND: transfer full */
  guint32        reason;
  const char    *text;
} DevSshVersionExchange;

/* Looks at data and says in *used how much of it is done with, line ends included. */
DevSshVersionLineStatus devssh_version_exchange_read (DevSshVersionExchange *self,
                                                      const guint8          *data,
                                                      gsize                  length,
                                                      gsize                 *used);

G_END_DECLS
