/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes that are wiped when freed, comparisons that take the same time, and random bytes. */
#include <libdevssh/crypto/devssh-crypto-private.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <string.h>

DevSshSecret *
devssh_secret_new (gsize length)
{
  DevSshSecret *self = NULL;

  g_assert (length <= G_MAXSIZE - sizeof (DevSshSecret));
  self = g_malloc0 (sizeof (DevSshSecret) + length);
  self->length = length;
  return self;
}

DevSshSecret *
devssh_secret_new_copy (const guint8 *data,
                        gsize         length)
{
  DevSshSecret *self = devssh_secret_new (length);

  if (length > 0)
    memcpy (self->data, data, length);
  return self;
}

DevSshSecret *
devssh_secret_dup (const DevSshSecret *self)
{
  return self != NULL ? devssh_secret_new_copy (self->data, self->length) : NULL;
}

void
devssh_secret_free (DevSshSecret *self)
{
  if (self == NULL)
    return;

  devssh_wipe (self->data, self->length);
  g_free (self);
}

/* T-39: digests have one length, so neither the length nor a common beginning shows in the time. */
gboolean
devssh_secret_equal (const DevSshSecret *self,
                     const guint8       *data,
                     gsize               length)
{
  g_autoptr(DevSshHash) hash = devssh_hash_new (DEVSSH_HASH_SHA256);
  guint8 a[32], b[32];
  gboolean equal = FALSE;

  devssh_hash_update (hash, self->data, self->length);
  devssh_hash_finish (hash, a);
  devssh_hash_update (hash, data, length);
  devssh_hash_finish (hash, b);

  equal = devssh_equal_constant_time (a, b, sizeof a);
  devssh_wipe (a, sizeof a);
  devssh_wipe (b, sizeof b);
  return equal;
}

char *
devssh_secret_strdup (const char *text)
{
  return g_strdup (text);
}

void
devssh_secret_strfree (char *text)
{
  if (text == NULL)
    return;

  devssh_wipe (text, strlen (text));
  g_free (text);
}

void
devssh_wipe (gpointer data,
             gsize    length)
{
  if (length > 0)
    OPENSSL_cleanse (data, length);
}

gboolean
devssh_equal_constant_time (gconstpointer a,
                            gconstpointer b,
                            gsize         length)
{
  return length == 0 || CRYPTO_memcmp (a, b, length) == 0;
}

/* ---- random bytes ---- */

typedef struct
{
  gsize  available;    /* the last bytes of the buffer are still unused */
  guint  generation;   /* of the process: a child must not give out its parent's bytes */
  guint8 buffer[4096];
} DevSshRandom;

static guint devssh_random_generation;   /* atomic; counts forks */

static void
devssh_random_free (gpointer data)
{
  devssh_wipe (data, sizeof (DevSshRandom));
  g_free (data);
}

static GPrivate devssh_random_private = G_PRIVATE_INIT (devssh_random_free);

static void
devssh_random_forked (void)
{
  g_atomic_int_inc (&devssh_random_generation);
}

static DevSshRandom *
devssh_random_get (void)
{
  static gsize watching;
  DevSshRandom *self = g_private_get (&devssh_random_private);

  if (self == NULL)
    {
      if (g_once_init_enter (&watching))
        {
          pthread_atfork (NULL, NULL, devssh_random_forked);
          g_once_init_leave (&watching, 1);
        }
      self = g_new0 (DevSshRandom, 1);
      g_private_set (&devssh_random_private, self);
    }
  return self;
}

static void
devssh_random_fill (guint8 *data,
                    gsize   length)
{
  while (length > 0)
    {
      gsize part = MIN (length, 1 << 20);

      devssh_evp_must (RAND_bytes (data, (int) part), "RAND_bytes");
      data += part;
      length -= part;
    }
}

void
devssh_random (guint8 *data,
               gsize   length)
{
  DevSshRandom *self = devssh_random_get ();
  guint generation = (guint) g_atomic_int_get (&devssh_random_generation);
  guint8 *from = NULL;

  if (length > sizeof self->buffer / 4)
    {
      devssh_random_fill (data, length);
      return;
    }
  if (self->available < length || self->generation != generation)
    {
      devssh_random_fill (self->buffer, sizeof self->buffer);
      self->available = sizeof self->buffer;
      self->generation = generation;
    }
  if (length == 0)
    return;

  from = self->buffer + sizeof self->buffer - self->available;
  memcpy (data, from, length);
  /* What was given out must not be found here later. */
  devssh_wipe (from, length);
  self->available -= length;
}
