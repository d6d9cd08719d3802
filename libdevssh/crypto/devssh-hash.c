/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A digest that is used again and again. */
#include <libdevssh/crypto/devssh-crypto-private.h>

struct _DevSshHash
{
  EVP_MD_CTX   *context;
  const EVP_MD *md;
};

gsize
devssh_hash_id_get_size (DevSshHashId id)
{
  switch (id)
    {
    case DEVSSH_HASH_SHA256:
      return 32;
    case DEVSSH_HASH_SHA384:
      return 48;
    case DEVSSH_HASH_SHA512:
      return 64;
    case DEVSSH_HASH_MD5:
      return 16;
    default:
      g_assert_not_reached ();
    }
}

DevSshHash *
devssh_hash_new (DevSshHashId id)
{
  const EVP_MD *md = devssh_evp_md (id);
  DevSshHash *self = NULL;

  /* A FIPS OpenSSL has no MD5; without SHA-2 there is no SSH at all. */
  if (md == NULL && id == DEVSSH_HASH_MD5)
    return NULL;
  if (md == NULL)
    devssh_evp_failed (devssh_evp_md_name (id));

  self = g_new0 (DevSshHash, 1);
  self->md = md;
  self->context = EVP_MD_CTX_new ();
  devssh_evp_must (self->context != NULL, "EVP_MD_CTX_new");
  devssh_evp_must (EVP_DigestInit_ex2 (self->context, md, NULL), "EVP_DigestInit_ex2");
  return self;
}

void
devssh_hash_update (DevSshHash    *self,
                    gconstpointer  data,
                    gsize          length)
{
  if (length > 0)
    devssh_evp_must (EVP_DigestUpdate (self->context, data, length), "EVP_DigestUpdate");
}

void
devssh_hash_finish (DevSshHash *self,
                    guint8     *digest)
{
  devssh_evp_must (EVP_DigestFinal_ex (self->context, digest, NULL), "EVP_DigestFinal_ex");
  devssh_evp_must (EVP_DigestInit_ex2 (self->context, self->md, NULL), "EVP_DigestInit_ex2");
}

void
devssh_hash_free (DevSshHash *self)
{
  if (self == NULL)
    return;

  EVP_MD_CTX_free (self->context);
  g_free (self);
}
