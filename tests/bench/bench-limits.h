/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this machine can do at best: the cryptography and the system calls of SSH, and no SSH. */
#pragma once

#include "bench.h"

G_BEGIN_DECLS

/* One sender, one receiver, GCM packets that carry so many bytes each, 256 KiB a write. Bytes a second. */
gboolean bench_limit_stream     (guint64 bytes, gsize packet, double *value, GError **error);
/* A GCM packet of 10 bytes there and back; both on one core. through_gio: streams and a main loop at both ends. */
gboolean bench_limit_echo       (double seconds, gboolean through_gio, double *value, GError **error);
/* X25519 and Ed25519 of a whole login, in the flights that it needs; both on one core. */
gboolean bench_limit_handshakes (double seconds, double *value, GError **error);

G_END_DECLS
