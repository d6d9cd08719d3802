/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* curve25519-sha256: RFC 8731. */
#include <libdevssh/crypto/devssh-crypto-private.h>

#include <openssl/err.h>

#define KEY_SIZE 32

static DevSshSecret *
devssh_kex_curve25519_derive (DevSshKex     *self,
                              const guint8  *peer,
                              gsize          length,
                              GError       **error)
{
  static const guint8 zeros[KEY_SIZE];
  g_autoptr(EVP_PKEY) key = NULL;
  g_autoptr(DevSshSecret) secret = NULL;

  /* RFC 8731, 3: abort if the length is not 32 */
  if (length != KEY_SIZE)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
                   "%s: the peer's value has %" G_GSIZE_FORMAT " bytes, not 32",
                   self->algorithm->name, length);
      return NULL;
    }

  key = EVP_PKEY_new_raw_public_key_ex (NULL, "X25519", NULL, peer, length);
  if (key == NULL)
    {
      devssh_evp_set_error (error, DEVSSH_ERROR_MALFORMED, "%s: the peer's value is bad",
                            self->algorithm->name);
      return NULL;
    }
  secret = devssh_kex_agree (self, key, error);
  if (secret == NULL)
    return NULL;

  /* RFC 8731, 3: abort on the all-zero value; OpenSSL refuses it too, but that is not promised. */
  if (devssh_equal_constant_time (secret->data, zeros, KEY_SIZE))
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
                   "%s: the peer's value is of small order", self->algorithm->name);
      return NULL;
    }
  return g_steal_pointer (&secret);
}

DevSshKex *
devssh_kex_curve25519_create (gconstpointer algorithm)
{
  EVP_PKEY *pkey = devssh_evp_generate (DEVSSH_GENERATOR_X25519);
  DevSshKex *self = devssh_kex_alloc (algorithm, pkey, KEY_SIZE);
  gsize length = KEY_SIZE;

  self->derive = devssh_kex_curve25519_derive;
  devssh_evp_must (EVP_PKEY_get_raw_public_key (pkey, self->public_value, &length) == 1 &&
                   length == KEY_SIZE, "EVP_PKEY_get_raw_public_key");
  return self;
}
