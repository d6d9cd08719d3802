/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Blowfish (Schneier, 1993) as bcrypt uses it: a key schedule that is run again and again. Nothing is
 * encrypted with it. OpenSSL has the cipher, but keeps its schedule to itself. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define DEVSSH_BLOWFISH_P     18
#define DEVSSH_BLOWFISH_WORDS (DEVSSH_BLOWFISH_P + 4 * 256)
/* A key or a salt: 64 bytes, big-endian. */
#define DEVSSH_BLOWFISH_KEY   16

typedef struct
{
  guint32 p[DEVSSH_BLOWFISH_P];
  guint32 s[4][256];
} DevSshBlowfish;

extern const guint32 devssh_blowfish_pi[DEVSSH_BLOWFISH_WORDS];

void devssh_blowfish_init    (DevSshBlowfish *self);
/* salt: NULL for none */
void devssh_blowfish_expand  (DevSshBlowfish *self, const guint32 *key, const guint32 *salt);
void devssh_blowfish_encrypt (const DevSshBlowfish *self, guint32 *left, guint32 *right);

G_END_DECLS
