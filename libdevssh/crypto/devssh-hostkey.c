/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types of keys, and what their files share. */
#include <libdevssh/crypto/devssh-hostkey-private.h>

#include <libdevssh/wire/devssh-numbers.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <string.h>

static const DevSshHostKeyType * const devssh_hostkey_types[] = {
  &devssh_hostkey_ed25519,
  &devssh_hostkey_rsa,
  &devssh_hostkey_ecdsa_p384,
  &devssh_hostkey_ecdsa_p256,
  &devssh_hostkey_ecdsa_p521,
};

const DevSshHostKeyType *
devssh_hostkey_type_find (DevSshSlice name)
{
  static const char * const rsa_names[] = { DEVSSH_ALGORITHM_KEY_RSA_SHA2_256,
                                            DEVSSH_ALGORITHM_KEY_RSA_SHA2_512 };

  for (guint i = 0; i < G_N_ELEMENTS (devssh_hostkey_types); i++)
    {
      if (devssh_slice_is (name, devssh_hostkey_types[i]->name))
        return devssh_hostkey_types[i];
    }
  for (guint i = 0; i < G_N_ELEMENTS (rsa_names); i++)
    {
      if (devssh_slice_is (name, rsa_names[i]))
        return &devssh_hostkey_rsa;
    }
  return NULL;
}

const DevSshHostKeyType *
devssh_hostkey_type_for_pkey (EVP_PKEY *pkey)
{
  for (guint i = 0; i < G_N_ELEMENTS (devssh_hostkey_types); i++)
    {
      if (devssh_hostkey_types[i]->is (devssh_hostkey_types[i], pkey))
        return devssh_hostkey_types[i];
    }
  return NULL;
}

EVP_PKEY_CTX *
devssh_hostkey_take_context (gpointer *slot)
{
  return g_atomic_pointer_exchange (slot, NULL);
}

void
devssh_hostkey_keep_context (gpointer     *slot,
                             EVP_PKEY_CTX *context)
{
  EVP_PKEY_CTX_free (g_atomic_pointer_exchange (slot, context));
}

EVP_PKEY *
devssh_hostkey_generate (const DevSshHostKeyType  *type,
                         guint                     size,
                         GCancellable             *cancellable,
                         GError                  **error)
{
  EVP_PKEY *pkey = devssh_evp_generate (type->generator);

  if (pkey == NULL)
    g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
                 "This OpenSSL makes no key of type %s", type->name);
  return pkey;
}

/* OpenSSL cleanses what it copies of a "secure" number, also where it has no secure heap. */
BIGNUM *
devssh_hostkey_secret_number (DevSshSlice slice)
{
  BIGNUM *number = BN_secure_new ();

  devssh_evp_must (number != NULL &&
                   BN_bin2bn (slice.data, devssh_evp_length (slice.length), number) != NULL, "BN_bin2bn");
  BN_set_flags (number, BN_FLG_CONSTTIME);
  return number;
}

EVP_PKEY *
devssh_hostkey_from_data (const char     *type,
                          int             selection,
                          OSSL_PARAM_BLD *build)
{
  g_autoptr(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_name (NULL, type, NULL);
  g_autoptr(OSSL_PARAM) params = OSSL_PARAM_BLD_to_param (build);
  EVP_PKEY *pkey = NULL;

  if (context == NULL || params == NULL ||
      EVP_PKEY_fromdata_init (context) != 1 ||
      EVP_PKEY_fromdata (context, &pkey, selection, params) != 1)
    return NULL;

  return pkey;
}

gboolean
devssh_hostkey_put_number (EVP_PKEY     *pkey,
                           const char   *name,
                           DevSshWriter *writer)
{
  g_autoptr(BIGNUM) number = BN_secure_new ();
  g_autoptr(DevSshSecret) bytes = NULL;

  devssh_evp_must (number != NULL, "BN_secure_new");
  if (EVP_PKEY_get_bn_param (pkey, name, &number) != 1)
    {
      ERR_clear_error ();
      return FALSE;
    }

  bytes = devssh_secret_new ((gsize) BN_num_bytes (number));
  BN_bn2bin (number, bytes->data);
  devssh_writer_put_mpint (writer, bytes->data, bytes->length);
  return TRUE;
}

gboolean
devssh_hostkey_has_number (EVP_PKEY   *pkey,
                           const char *name)
{
  g_autoptr(BIGNUM) number = NULL;
  gboolean has = EVP_PKEY_get_bn_param (pkey, name, &number) == 1;

  ERR_clear_error ();
  return has;
}
