/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system's ssh and sshd, with keys and configurations of our own in a temporary folder. */
#pragma once

#include "bench.h"

G_BEGIN_DECLS

/* ssh to port, where a server lets everybody in; 0: to sshd. mac NULL: whatever they agree on. Sends bytes to a cat on the other
 * side, both on any core. Bytes a second, the login not counted. */
gboolean bench_openssh_upload   (guint16 port, guint64 bytes, const char *cipher, const char *mac, double *value,
                                 GError **error);
/* The other way, from a dd. */
gboolean bench_openssh_download (guint16 port, guint64 bytes, const char *cipher, const char *mac, double *value,
                                 GError **error);
/* ssh -L to target; port: where it listens. */
/* cipher: NULL: ssh's own choice */
gboolean bench_openssh_forward  (BenchChild *self, const char *cipher, guint16 target, guint16 *port, GError **error);

G_END_DECLS
