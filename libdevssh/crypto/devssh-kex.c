/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all key exchanges have in common: one ephemeral key, one agreement. */
#include <libdevssh/crypto/devssh-crypto-private.h>

DevSshKex *
devssh_kex_alloc (const DevSshKexAlgorithm *algorithm,
                  EVP_PKEY                 *pkey,
                  gsize                     public_length)
{
  DevSshKex *self = NULL;

  devssh_evp_must (pkey != NULL, algorithm->name);
  self = g_malloc0 (sizeof (DevSshKex) + public_length);
  self->algorithm = algorithm;
  self->pkey = pkey;
  self->public_length = public_length;
  return self;
}

DevSshKex *
devssh_kex_new (const DevSshKexAlgorithm *algorithm)
{
  return algorithm->create (algorithm);
}

const guint8 *
devssh_kex_get_public (DevSshKex *self,
                       gsize     *length)
{
  *length = self->public_length;
  return self->public_value;
}

DevSshSecret *
devssh_kex_derive (DevSshKex     *self,
                   const guint8  *peer,
                   gsize          length,
                   GError       **error)
{
  return self->derive (self, peer, length, error);
}

DevSshSecret *
devssh_kex_agree (DevSshKex  *self,
                  EVP_PKEY   *peer,
                  GError    **error)
{
  g_autoptr(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_pkey (NULL, self->pkey, NULL);
  g_autoptr(DevSshSecret) secret = NULL;
  gsize length = 0;

  if (context != NULL &&
      EVP_PKEY_derive_init (context) == 1 &&
      EVP_PKEY_derive_set_peer_ex (context, peer, 0) == 1 &&
      EVP_PKEY_derive (context, NULL, &length) == 1)
    {
      secret = devssh_secret_new (length);
      if (EVP_PKEY_derive (context, secret->data, &length) == 1)
        {
          secret->length = length;
          return g_steal_pointer (&secret);
        }
    }

  devssh_evp_set_error (error, DEVSSH_ERROR_MALFORMED, "%s: no secret comes of the peer's value",
                        self->algorithm->name);
  return NULL;
}

void
devssh_kex_free (DevSshKex *self)
{
  if (self == NULL)
    return;

  EVP_PKEY_free (self->pkey);   /* wipes the private half */
  g_free (self);
}
