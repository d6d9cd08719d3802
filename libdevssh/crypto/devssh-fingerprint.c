/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A public key as people see it: hashes to compare letter by letter, and a picture to compare at a glance. */
#include <libdevssh/crypto/devssh-key-pair-private.h>

#include <libdevssh/crypto/devssh-crypto-private.h>

#include <string.h>

#define SHA256_LENGTH 32

/* The walk of the picture goes over this field. */
#define ART_WIDTH  17
#define ART_HEIGHT 9

static void
hash_blob (const guint8 *data,
           gsize         length,
           guint8        digest[SHA256_LENGTH])
{
  g_autoptr(DevSshHash) hash = devssh_hash_new (DEVSSH_HASH_SHA256);

  devssh_hash_update (hash, data, length);
  devssh_hash_finish (hash, digest);
}

char *
devssh_blob_dup_fingerprint (const guint8 *data,
                             gsize         length)
{
  g_autofree char *text = NULL;
  guint8 digest[SHA256_LENGTH];

  hash_blob (data, length, digest);
  text = g_base64_encode (digest, sizeof digest);
  text[strcspn (text, "=")] = '\0';
  return g_strconcat ("SHA256:", text, NULL);
}

/**
 * devssh_key_pair_dup_fingerprint:
 * @self: a key
 *
 * Gets the text by which people compare keys: `SHA256:` and the base64 of the hash of the public
 * blob, without padding, as `ssh-keygen -l` shows it.
 *
 * Returns: (transfer full): the fingerprint
 *
 * Since: 1.0
 */
char *
devssh_key_pair_dup_fingerprint (DevSshKeyPair *self)
{
  const guint8 *data = NULL;
  gsize length = 0;

  g_return_val_if_fail (DEVSSH_IS_KEY_PAIR (self), NULL);
  g_return_val_if_fail (devssh_key_pair_get_algorithm (self) != NULL, NULL);

  devssh_key_pair_peek_blob (self, &data, &length);
  return devssh_blob_dup_fingerprint (data, length);
}

/**
 * devssh_key_pair_dup_md5_fingerprint:
 * @self: a key
 *
 * Gets the text by which people compared keys in former times: `MD5:` and the hash of the public blob in
 * hexadecimal with colons between the bytes, as `ssh-keygen -l -E md5` shows it. It is for comparing with what
 * old devices print. Where there is a choice, take [method@KeyPair.dup_fingerprint]: whoever can choose both of
 * two keys can give them the same MD5.
 *
 * Returns: (transfer full): the fingerprint
 *
 * Since: 1.0
 */
char *
devssh_key_pair_dup_md5_fingerprint (DevSshKeyPair *self)
{
  g_autofree char *digest = NULL;
  GString *text = NULL;
  const guint8 *data = NULL;
  gsize length = 0;

  g_return_val_if_fail (DEVSSH_IS_KEY_PAIR (self), NULL);
  g_return_val_if_fail (devssh_key_pair_get_algorithm (self) != NULL, NULL);

  devssh_key_pair_peek_blob (self, &data, &length);
  digest = g_compute_checksum_for_data (G_CHECKSUM_MD5, data, length);
  text = g_string_new ("MD5");
  for (const char *byte = digest; *byte != '\0'; byte += 2)
    g_string_append_printf (text, ":%.2s", byte);
  return g_string_free (text, FALSE);
}

/* ---- the picture ---- */

/* What a place looks like that was stepped on so often; then where the walk began, and where it ended. */
static const char art_marks[] = " .o+=*BOX@%&#/^SE";

enum
{
  ART_START    = sizeof art_marks - 3,
  ART_END      = sizeof art_marks - 2,
  ART_MOST     = ART_START - 1
};

/* Two bits a step, the low ones of a byte first: the first says left or right, the second up or down; at a wall one
 * slides along it. */
static void
art_walk (guint8        field[ART_HEIGHT][ART_WIDTH],
          const guint8 *digest,
          gsize         length)
{
  int x = ART_WIDTH / 2;
  int y = ART_HEIGHT / 2;

  for (gsize step = 0; step < length * 4; step++)
    {
      guint bits = digest[step / 4] >> (step % 4 * 2);

      x = CLAMP (x + (bits & 1 ? 1 : -1), 0, ART_WIDTH - 1);
      y = CLAMP (y + (bits & 2 ? 1 : -1), 0, ART_HEIGHT - 1);
      if (field[y][x] < ART_MOST)
        field[y][x]++;
    }
  field[ART_HEIGHT / 2][ART_WIDTH / 2] = ART_START;
  field[y][x] = ART_END;
}

/* A title in the middle, nearer to the left. */
static void
art_put_border (GString    *picture,
                const char *title)
{
  guint left = (ART_WIDTH - (guint) strlen (title)) / 2;
  guint right = ART_WIDTH - left - (guint) strlen (title);

  g_string_append_c (picture, '+');
  while (left-- > 0)
    g_string_append_c (picture, '-');
  g_string_append (picture, title);
  while (right-- > 0)
    g_string_append_c (picture, '-');
  g_string_append_c (picture, '+');
}

/* [RSA 2048], [ECDSA 256], [ED25519 256] */
static char *
art_dup_title (DevSshKeyPair *self)
{
  const char *algorithm = devssh_key_pair_get_algorithm (self);
  const char *family = g_str_has_prefix (algorithm, "ssh-") ? algorithm + strlen ("ssh-") : algorithm;
  g_autofree char *name = g_ascii_strup (family, (gssize) strcspn (family, "-"));

  return g_strdup_printf ("[%s %u]", name, devssh_key_pair_get_size (self));
}

/**
 * devssh_key_pair_dup_randomart:
 * @self: a key
 *
 * Draws the SHA-256 fingerprint as a picture of eleven lines, in which a changed key is seen at a glance: the one
 * that `ssh-keygen -l -v` draws. It is for a font with characters of one width.
 *
 * Returns: (transfer full): the picture; no line break at its end
 *
 * Since: 1.0
 */
char *
devssh_key_pair_dup_randomart (DevSshKeyPair *self)
{
  guint8 field[ART_HEIGHT][ART_WIDTH] = { { 0 } };
  guint8 digest[SHA256_LENGTH];
  g_autofree char *title = NULL;
  GString *picture = NULL;
  const guint8 *data = NULL;
  gsize length = 0;

  g_return_val_if_fail (DEVSSH_IS_KEY_PAIR (self), NULL);
  g_return_val_if_fail (devssh_key_pair_get_algorithm (self) != NULL, NULL);

  devssh_key_pair_peek_blob (self, &data, &length);
  hash_blob (data, length, digest);
  art_walk (field, digest, sizeof digest);

  title = art_dup_title (self);
  picture = g_string_new (NULL);
  art_put_border (picture, title);
  for (guint y = 0; y < ART_HEIGHT; y++)
    {
      g_string_append (picture, "\n|");
      for (guint x = 0; x < ART_WIDTH; x++)
        g_string_append_c (picture, art_marks[field[y][x]]);
      g_string_append_c (picture, '|');
    }
  g_string_append_c (picture, '\n');
  art_put_border (picture, "[SHA256]");
  return g_string_free (picture, FALSE);
}
