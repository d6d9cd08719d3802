/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* diffie-hellman-group14-sha256 and -group16-sha512: RFC 8268 with the groups of RFC 3526. */
#include <libdevssh/crypto/devssh-crypto-private.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>

/* 4096 bits */
#define MAX_SIZE 512

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BIGNUM, BN_clear_free)

/* RFC 8268, 4: 1 < e < p-1, and the same for f. size: where the prime's size in bytes goes. */
static BIGNUM *
devssh_kex_dh_read (DevSshKex    *self,
                    const guint8 *peer,
                    gsize         length,
                    gsize        *size)
{
  g_autoptr(BIGNUM) limit = NULL;
  g_autoptr(BIGNUM) value = NULL;

  devssh_evp_must (EVP_PKEY_get_bn_param (self->pkey, OSSL_PKEY_PARAM_FFC_P, &limit),
                   "OSSL_PKEY_PARAM_FFC_P");
  *size = (gsize) BN_num_bytes (limit);
  devssh_evp_must (BN_sub_word (limit, 1), "BN_sub_word");

  /* RFC 4251, 5: the first bit is the sign, and unnecessary leading zero bytes must not be
   * there. */
  if (length == 0 || length > *size + 1 || (peer[0] & 0x80) != 0)
    return NULL;
  if (peer[0] == 0 && (length == 1 || (peer[1] & 0x80) == 0))
    return NULL;

  value = BN_bin2bn (peer, (int) length, NULL);
  devssh_evp_must (value != NULL, "BN_bin2bn");
  if (BN_cmp (value, BN_value_one ()) <= 0 || BN_cmp (value, limit) >= 0)
    return NULL;

  return g_steal_pointer (&value);
}

static DevSshSecret *
devssh_kex_dh_derive (DevSshKex     *self,
                      const guint8  *peer,
                      gsize          length,
                      GError       **error)
{
  g_autoptr(BIGNUM) value = NULL;
  g_autoptr(EVP_PKEY) key = NULL;
  guint8 encoded[MAX_SIZE];
  gsize size = 0;

  value = devssh_kex_dh_read (self, peer, length, &size);
  if (value == NULL)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
                   "%s: the peer's value is not between 1 and p-1", self->algorithm->name);
      return NULL;
    }

  key = EVP_PKEY_new ();
  devssh_evp_must (key != NULL, "EVP_PKEY_new");
  devssh_evp_must (EVP_PKEY_copy_parameters (key, self->pkey), "EVP_PKEY_copy_parameters");
  devssh_evp_must (BN_bn2binpad (value, encoded, (int) size) == (int) size, "BN_bn2binpad");
  if (EVP_PKEY_set1_encoded_public_key (key, encoded, size) != 1)
    {
      devssh_evp_set_error (error, DEVSSH_ERROR_MALFORMED, "%s: the peer's value is bad",
                            self->algorithm->name);
      return NULL;
    }
  return devssh_kex_agree (self, key, error);
}

DevSshKex *
devssh_kex_dh_create (gconstpointer algorithm)
{
  const DevSshKexAlgorithm *row = algorithm;
  EVP_PKEY *pkey = devssh_evp_generate ((DevSshGenerator) row->generator);
  g_autoptr(BIGNUM) value = NULL;
  DevSshKex *self = NULL;
  gsize length = 0;

  devssh_evp_must (pkey != NULL &&
                   EVP_PKEY_get_bn_param (pkey, OSSL_PKEY_PARAM_PUB_KEY, &value) == 1,
                   "OSSL_PKEY_PARAM_PUB_KEY");

  /* As an mpint (RFC 8268 keeps RFC 4253, 8): a zero byte in front if the top bit is set. */
  length = (gsize) BN_num_bits (value) / 8 + 1;
  self = devssh_kex_alloc (algorithm, pkey, length);
  self->derive = devssh_kex_dh_derive;
  devssh_evp_must (BN_bn2binpad (value, self->public_value, (int) length) == (int) length,
                   "BN_bn2binpad");
  return self;
}
