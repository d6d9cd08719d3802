/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ecdh-sha2-nistp256, -nistp384 and -nistp521: RFC 5656, 4. */
#include <libdevssh/crypto/devssh-crypto-private.h>

#include <openssl/core_names.h>
#include <openssl/err.h>

/* 1 + 2 * 66, P-521 */
#define MAX_POINT 133

static DevSshSecret *
devssh_kex_ecdh_derive (DevSshKex     *self,
                        const guint8  *peer,
                        gsize          length,
                        GError       **error)
{
  g_autoptr(EVP_PKEY) key = NULL;

  /* RFC 5656, 4: points may be sent uncompressed or compressed, but compressed ones need agreement;
   * T-27 takes the exact length only, which leaves no room for infinity (one zero byte) either. */
  if (length != self->public_length || peer[0] != 0x04)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
                   "%s: the peer's value is not an uncompressed point of %" G_GSIZE_FORMAT " bytes",
                   self->algorithm->name, self->public_length);
      return NULL;
    }

  /* OpenSSL checks that both coordinates are below the prime and that they lie on the curve. The
   * cofactor of these curves is 1, so that is all: no further check when the peer is set (it would
   * cost as much as the agreement itself). */
  key = EVP_PKEY_new ();
  devssh_evp_must (key != NULL, "EVP_PKEY_new");
  devssh_evp_must (EVP_PKEY_copy_parameters (key, self->pkey), "EVP_PKEY_copy_parameters");
  if (EVP_PKEY_set1_encoded_public_key (key, peer, length) != 1)
    {
      devssh_evp_set_error (error, DEVSSH_ERROR_MALFORMED,
                            "%s: the peer's value is not on the curve",
                            self->algorithm->name);
      return NULL;
    }
  return devssh_kex_agree (self, key, error);
}

DevSshKex *
devssh_kex_ecdh_create (gconstpointer algorithm)
{
  const DevSshKexAlgorithm *row = algorithm;
  EVP_PKEY *pkey = devssh_evp_generate ((DevSshGenerator) row->generator);
  guint8 point[MAX_POINT];
  gsize length = 0;
  DevSshKex *self = NULL;

  devssh_evp_must (pkey != NULL &&
                   EVP_PKEY_get_octet_string_param (pkey, OSSL_PKEY_PARAM_PUB_KEY, point,
                                                    sizeof point,
                                                    &length) == 1 &&
                   point[0] == 0x04, "OSSL_PKEY_PARAM_PUB_KEY");
  self = devssh_kex_alloc (algorithm, pkey, length);
  self->derive = devssh_kex_ecdh_derive;
  memcpy (self->public_value, point, length);
  return self;
}
