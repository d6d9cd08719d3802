/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Blowfish: B. Schneier, "Description of a New Variable-Length Key, 64-Bit Block Cipher", 1993; with a
 * salt: N. Provos and D. Mazieres, "A Future-Adaptable Password Scheme", 1999. */
#include <libdevssh/crypto/devssh-blowfish-private.h>

#include <string.h>

void
devssh_blowfish_init (DevSshBlowfish *self)
{
  memcpy (self->p, devssh_blowfish_pi, sizeof self->p);
  memcpy (self->s, devssh_blowfish_pi + DEVSSH_BLOWFISH_P, sizeof self->s);
}

static inline guint32
devssh_blowfish_f (const DevSshBlowfish *self,
                   guint32               x)
{
  return ((self->s[0][x >> 24] + self->s[1][x >> 16 & 0xff]) ^ self->s[2][x >> 8 & 0xff]) +
         self->s[3][x & 0xff];
}

/* Two rounds at a time, so that the halves need not be swapped between them. */
void
devssh_blowfish_encrypt (const DevSshBlowfish *self,
                         guint32              *left,
                         guint32              *right)
{
  guint32 l = *left ^ self->p[0], r = *right;

  for (guint i = 1; i <= 16; i += 2)
    {
      r ^= devssh_blowfish_f (self, l) ^ self->p[i];
      l ^= devssh_blowfish_f (self, r) ^ self->p[i + 1];
    }
  *left = r ^ self->p[17];
  *right = l;
}

void
devssh_blowfish_expand (DevSshBlowfish *self,
                        const guint32  *key,
                        const guint32  *salt)
{
  guint32 *words[] = { self->p, self->s[0], self->s[1], self->s[2], self->s[3] };
  guint32 l = 0, r = 0;
  guint at = 0;

  for (guint i = 0; i < DEVSSH_BLOWFISH_P; i++)
    self->p[i] ^= key[i % DEVSSH_BLOWFISH_KEY];

  for (guint part = 0; part < G_N_ELEMENTS (words); part++)
    {
      guint n = part == 0 ? DEVSSH_BLOWFISH_P : 256;

      for (guint i = 0; i < n; i += 2)
        {
          if (salt != NULL)
            {
              l ^= salt[at];
              r ^= salt[at + 1];
              at = (at + 2) % DEVSSH_BLOWFISH_KEY;
            }
          devssh_blowfish_encrypt (self, &l, &r);
          words[part][i] = l;
          words[part][i + 1] = r;
        }
    }
}
