/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of names: what is offered by default first, in that order (design D9), then what is
 * there on demand. */
#include <libdevssh/crypto/devssh-crypto-private.h>

#include <libdevssh/wire/devssh-numbers.h>

/* ---- key exchange ---- */

#define KEX(name, hash, is_mpint, generator, create) \
  { DEVSSH_ALGORITHM_KEX_ ## name, DEVSSH_HASH_ ## hash, is_mpint, \
    DEVSSH_GENERATOR_ ## generator, devssh_kex_ ## create ## _create }

static const DevSshKexAlgorithm devssh_kex_algorithms[] = {
  KEX (CURVE25519_SHA256,        SHA256, FALSE, X25519, curve25519),
  KEX (CURVE25519_SHA256_LIBSSH, SHA256, FALSE, X25519, curve25519),
  KEX (ECDH_NISTP256,            SHA256, FALSE, P256,   ecdh),
  KEX (ECDH_NISTP384,            SHA384, FALSE, P384,   ecdh),
  KEX (DH_GROUP16_SHA512,        SHA512, TRUE,  MODP16, dh),
  KEX (DH_GROUP14_SHA256,        SHA256, TRUE,  MODP14, dh),
  KEX (ECDH_NISTP521,            SHA512, FALSE, P521,   ecdh),
};

const char * const devssh_kex_algorithm_names[] = {
  DEVSSH_ALGORITHM_KEX_CURVE25519_SHA256,
  DEVSSH_ALGORITHM_KEX_CURVE25519_SHA256_LIBSSH,
  DEVSSH_ALGORITHM_KEX_ECDH_NISTP256,
  DEVSSH_ALGORITHM_KEX_ECDH_NISTP384,
  DEVSSH_ALGORITHM_KEX_DH_GROUP16_SHA512,
  DEVSSH_ALGORITHM_KEX_DH_GROUP14_SHA256,
  DEVSSH_ALGORITHM_KEX_ECDH_NISTP521,
  NULL
};

/* Can this OpenSSL make such a key? Tried once: a FIPS one may lack curves and groups. */
static gboolean
devssh_generator_is_there (DevSshGenerator which)
{
  static int known[DEVSSH_N_GENERATORS];   /* atomic; 0 not tried, 1 yes, 2 no */
  int answer = g_atomic_int_get (&known[which]);

  if (answer == 0)
    {
      g_autoptr(EVP_PKEY) pkey = devssh_evp_generate (which);

      answer = pkey != NULL ? 1 : 2;
      g_atomic_int_set (&known[which], answer);
    }
  return answer == 1;
}

const DevSshKexAlgorithm *
devssh_kex_algorithm_find (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (devssh_kex_algorithms); i++)
    {
      const DevSshKexAlgorithm *row = &devssh_kex_algorithms[i];

      if (g_str_equal (row->name, name))
        return devssh_generator_is_there ((DevSshGenerator) row->generator) ? row : NULL;
    }
  return NULL;
}

/* ---- ciphers ---- */

/* RFC 5647, 5.1: GCM has an IV of 12 bytes. Whoever derives 16 and takes the first 12 has the same. */
#define GCM(name, bytes, evp) \
  { name, bytes, 12, 16, 16, TRUE, FALSE, devssh_gcm_create, devssh_gcm_destroy, \
    devssh_gcm_get_length, devssh_gcm_seal, devssh_gcm_open, NULL, evp }
#define CTR(name, bytes, evp) \
  { name, bytes, 16, 16, 0, FALSE, FALSE, devssh_ctr_create, devssh_evp_cipher_end, \
    NULL, NULL, NULL, devssh_ctr_crypt, evp }

static const DevSshCipherAlgorithm devssh_cipher_algorithms[] = {
  GCM (DEVSSH_ALGORITHM_CIPHER_AES256_GCM, 32, DEVSSH_EVP_AES_256_GCM),
  GCM (DEVSSH_ALGORITHM_CIPHER_AES128_GCM, 16, DEVSSH_EVP_AES_128_GCM),
  { DEVSSH_ALGORITHM_CIPHER_CHACHA20_POLY1305, 64, 0, 8, 16, TRUE, FALSE,
    devssh_chachapoly_create, devssh_chachapoly_destroy,
    devssh_chachapoly_get_length, devssh_chachapoly_seal, devssh_chachapoly_open, NULL,
    DEVSSH_EVP_CHACHA20 },
  CTR (DEVSSH_ALGORITHM_CIPHER_AES256_CTR, 32, DEVSSH_EVP_AES_256_CTR),
  CTR (DEVSSH_ALGORITHM_CIPHER_AES128_CTR, 16, DEVSSH_EVP_AES_128_CTR),
  { DEVSSH_ALGORITHM_CIPHER_AES256_CBC, 32, 16, 16, 0, FALSE, TRUE,
    devssh_cbc_create, devssh_evp_cipher_end, NULL, NULL, NULL, devssh_cbc_crypt,
    DEVSSH_EVP_AES_256_CBC },
};

const char * const devssh_cipher_algorithm_names[] = {
  DEVSSH_ALGORITHM_CIPHER_AES256_GCM,
  DEVSSH_ALGORITHM_CIPHER_AES128_GCM,
  DEVSSH_ALGORITHM_CIPHER_CHACHA20_POLY1305,
  DEVSSH_ALGORITHM_CIPHER_AES256_CTR,
  DEVSSH_ALGORITHM_CIPHER_AES128_CTR,
  DEVSSH_ALGORITHM_CIPHER_AES256_CBC,
  NULL
};

const DevSshCipherAlgorithm *
devssh_cipher_algorithm_find (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (devssh_cipher_algorithms); i++)
    {
      const DevSshCipherAlgorithm *row = &devssh_cipher_algorithms[i];

      if (!g_str_equal (row->name, name))
        continue;
      if (devssh_evp_cipher ((DevSshEvpCipher) row->evp) == NULL)
        return NULL;
      if (row->evp == DEVSSH_EVP_CHACHA20 && devssh_evp_mac (DEVSSH_EVP_POLY1305) == NULL)
        return NULL;
      return row;
    }
  return NULL;
}

/* ---- MACs ---- */

static const DevSshMacAlgorithm devssh_mac_algorithms[] = {
  { DEVSSH_ALGORITHM_MAC_HMAC_SHA2_256_ETM, DEVSSH_HASH_SHA256, 32, TRUE },
  { DEVSSH_ALGORITHM_MAC_HMAC_SHA2_512_ETM, DEVSSH_HASH_SHA512, 64, TRUE },
  { DEVSSH_ALGORITHM_MAC_HMAC_SHA2_256,     DEVSSH_HASH_SHA256, 32, FALSE },
  { DEVSSH_ALGORITHM_MAC_HMAC_SHA2_512,     DEVSSH_HASH_SHA512, 64, FALSE },
};

const char * const devssh_mac_algorithm_names[] = {
  DEVSSH_ALGORITHM_MAC_HMAC_SHA2_256_ETM,
  DEVSSH_ALGORITHM_MAC_HMAC_SHA2_512_ETM,
  DEVSSH_ALGORITHM_MAC_HMAC_SHA2_256,
  DEVSSH_ALGORITHM_MAC_HMAC_SHA2_512,
  NULL
};

const DevSshMacAlgorithm *
devssh_mac_algorithm_find (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (devssh_mac_algorithms); i++)
    {
      if (g_str_equal (devssh_mac_algorithms[i].name, name))
        return devssh_evp_mac (DEVSSH_EVP_HMAC) != NULL ? &devssh_mac_algorithms[i] : NULL;
    }
  return NULL;
}

/* ---- signatures ---- */

static const struct { const char *name; const char *key_type; } devssh_signature_algorithms[] = {
  { DEVSSH_ALGORITHM_KEY_ED25519,        DEVSSH_ALGORITHM_KEY_ED25519 },
  { DEVSSH_ALGORITHM_KEY_RSA_SHA2_512,   DEVSSH_ALGORITHM_KEY_RSA },
  { DEVSSH_ALGORITHM_KEY_RSA_SHA2_256,   DEVSSH_ALGORITHM_KEY_RSA },
  { DEVSSH_ALGORITHM_KEY_ECDSA_NISTP384, DEVSSH_ALGORITHM_KEY_ECDSA_NISTP384 },
  { DEVSSH_ALGORITHM_KEY_ECDSA_NISTP256, DEVSSH_ALGORITHM_KEY_ECDSA_NISTP256 },
  { DEVSSH_ALGORITHM_KEY_ECDSA_NISTP521, DEVSSH_ALGORITHM_KEY_ECDSA_NISTP521 },
};

const char * const devssh_signature_algorithm_names[] = {
  DEVSSH_ALGORITHM_KEY_ED25519,
  DEVSSH_ALGORITHM_KEY_RSA_SHA2_512,
  DEVSSH_ALGORITHM_KEY_RSA_SHA2_256,
  DEVSSH_ALGORITHM_KEY_ECDSA_NISTP384,
  DEVSSH_ALGORITHM_KEY_ECDSA_NISTP256,
  DEVSSH_ALGORITHM_KEY_ECDSA_NISTP521,
  NULL
};

/* "ssh-rsa" is a type of key only: as a signature it would mean SHA-1 (T-28). */
const char *
devssh_signature_algorithm_get_key_type (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (devssh_signature_algorithms); i++)
    {
      if (g_str_equal (devssh_signature_algorithms[i].name, name))
        return devssh_signature_algorithms[i].key_type;
    }
  return NULL;
}
