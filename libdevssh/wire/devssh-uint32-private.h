/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A uint32 as four bytes, the most significant one first (RFC 4251, 5). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

static inline guint32
devssh_uint32_load (const guint8 *bytes)
{
  return (guint32) bytes[0] << 24 | (guint32) bytes[1] << 16 | (guint32) bytes[2] << 8 | bytes[3];
}

/* Returns what is behind it. */
static inline guint8 *
devssh_uint32_store (guint8  *bytes,
                     guint32  value)
{
  bytes[0] = (guint8) (value >> 24);
  bytes[1] = (guint8) (value >> 16);
  bytes[2] = (guint8) (value >> 8);
  bytes[3] = (guint8) value;
  return bytes + 4;
}

G_END_DECLS
