/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two streams joined without a byte of room between them: a write ends when the other side reads. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

void rendezvous_stream_pair (GIOStream **a, GIOStream **b);

G_END_DECLS
