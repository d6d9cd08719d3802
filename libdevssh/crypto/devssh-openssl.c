/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OpenSSL's objects, fetched once per process, its generators, kept per thread, and its errors in
 * our words. */
#include <libdevssh/crypto/devssh-crypto-private.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <string.h>

/* Below this a copy costs less than two more calls into the cipher. */
#define SMALL_BODY 1024

/* Two threads may fetch the same object at the same time; then the later one lets go of its own. */
static gpointer
devssh_evp_keep (gpointer *place,
                 gpointer  fetched,
                 void    (*release) (gpointer fetched))
{
  if (fetched == NULL)
    {
      ERR_clear_error ();
      return NULL;
    }
  if (!g_atomic_pointer_compare_and_exchange (place, NULL, fetched))
    {
      release (fetched);
      fetched = g_atomic_pointer_get (place);
    }
  return fetched;
}

const EVP_CIPHER *
devssh_evp_cipher (DevSshEvpCipher which)
{
  static const char * const names[] = {
    [DEVSSH_EVP_AES_128_GCM] = "AES-128-GCM",
    [DEVSSH_EVP_AES_256_GCM] = "AES-256-GCM",
    [DEVSSH_EVP_AES_128_CTR] = "AES-128-CTR",
    [DEVSSH_EVP_AES_256_CTR] = "AES-256-CTR",
    [DEVSSH_EVP_AES_256_CBC] = "AES-256-CBC",
    [DEVSSH_EVP_CHACHA20]    = "ChaCha20",
  };
  static gpointer fetched[DEVSSH_EVP_N_CIPHERS];
  EVP_CIPHER *cipher = g_atomic_pointer_get (&fetched[which]);

  if (cipher == NULL)
    cipher = devssh_evp_keep (&fetched[which], EVP_CIPHER_fetch (NULL, names[which], NULL),
                              (void (*) (gpointer)) EVP_CIPHER_free);
  return cipher;
}

EVP_CIPHER_CTX *
devssh_evp_cipher_begin (DevSshEvpCipher  which,
                         const guint8    *key,
                         const guint8    *iv,
                         gboolean         seal)
{
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new ();

  devssh_evp_must (context != NULL, "EVP_CIPHER_CTX_new");
  devssh_evp_must (EVP_CipherInit_ex2 (context, devssh_evp_cipher (which), key, iv, seal ? 1 : 0, NULL),
                   "EVP_CipherInit_ex2");
  return context;
}

void
devssh_evp_cipher_end (gpointer context)
{
  EVP_CIPHER_CTX_free (context);
}

void
devssh_evp_update_around (EVP_CIPHER_CTX *context,
                          guint8         *text,
                          gsize           head,
                          const guint8   *body,
                          gsize           body_length,
                          gsize           tail)
{
  if (body != NULL && body_length > SMALL_BODY)
    {
      devssh_evp_update (context, text, text, head);
      devssh_evp_update (context, text + head, body, body_length);
      devssh_evp_update (context, text + head + body_length, text + head + body_length, tail);
      return;
    }

  if (body != NULL && body_length > 0)
    memcpy (text + head, body, body_length);
  devssh_evp_update (context, text, text, head + body_length + tail);
}

const EVP_MAC *
devssh_evp_mac (DevSshEvpMac which)
{
  static const char * const names[] = {
    [DEVSSH_EVP_HMAC]     = "HMAC",
    [DEVSSH_EVP_POLY1305] = "POLY1305",
  };
  static gpointer fetched[DEVSSH_EVP_N_MACS];
  EVP_MAC *mac = g_atomic_pointer_get (&fetched[which]);

  if (mac == NULL)
    mac = devssh_evp_keep (&fetched[which], EVP_MAC_fetch (NULL, names[which], NULL),
                           (void (*) (gpointer)) EVP_MAC_free);
  return mac;
}

const char *
devssh_evp_md_name (DevSshHashId which)
{
  static const char * const names[] = {
    [DEVSSH_HASH_SHA256] = "SHA256",
    [DEVSSH_HASH_SHA384] = "SHA384",
    [DEVSSH_HASH_SHA512] = "SHA512",
    [DEVSSH_HASH_MD5]    = "MD5",
  };

  return names[which];
}

const EVP_MD *
devssh_evp_md (DevSshHashId which)
{
  static gpointer fetched[DEVSSH_HASH_MD5 + 1];
  EVP_MD *md = g_atomic_pointer_get (&fetched[which]);

  if (md == NULL)
    md = devssh_evp_keep (&fetched[which], EVP_MD_fetch (NULL, devssh_evp_md_name (which), NULL),
                          (void (*) (gpointer)) EVP_MD_free);
  return md;
}

/* ---- generators ---- */

typedef struct
{
  EVP_PKEY_CTX *contexts[DEVSSH_N_GENERATORS];
} DevSshGenerators;

static void
devssh_generators_free (gpointer data)
{
  DevSshGenerators *self = data;

  for (guint i = 0; i < DEVSSH_N_GENERATORS; i++)
    EVP_PKEY_CTX_free (self->contexts[i]);
  g_free (self);
}

static GPrivate devssh_generators = G_PRIVATE_INIT (devssh_generators_free);

static EVP_PKEY_CTX *
devssh_generator_new (DevSshGenerator which)
{
  static const struct { const char *type; const char *group; gsize private_bits; } rows[] = {
    [DEVSSH_GENERATOR_X25519]  = { "X25519", NULL, 0 },
    [DEVSSH_GENERATOR_P256]    = { "EC", "P-256", 0 },
    [DEVSSH_GENERATOR_P384]    = { "EC", "P-384", 0 },
    [DEVSSH_GENERATOR_P521]    = { "EC", "P-521", 0 },
    /* RFC 4253, 8: the exponent should have twice as many bits as the keys that come of it have
     * strength. */
    [DEVSSH_GENERATOR_MODP14]  = { "DH", "modp_2048", 512 },
    [DEVSSH_GENERATOR_MODP16]  = { "DH", "modp_4096", 512 },
    [DEVSSH_GENERATOR_ED25519] = { "ED25519", NULL, 0 },
  };
  g_autoptr(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_name (NULL, rows[which].type, NULL);
  OSSL_PARAM params[3];
  int private_bits = (int) rows[which].private_bits;
  guint n = 0;

  if (context == NULL || EVP_PKEY_keygen_init (context) != 1)
    return NULL;

  if (rows[which].group != NULL)
    params[n++] = OSSL_PARAM_construct_utf8_string (OSSL_PKEY_PARAM_GROUP_NAME,
                                                    (char *) rows[which].group, 0);
  if (private_bits != 0)
    params[n++] = OSSL_PARAM_construct_int (OSSL_PKEY_PARAM_DH_PRIV_LEN, &private_bits);
  params[n] = OSSL_PARAM_construct_end ();
  if (n > 0 && EVP_PKEY_CTX_set_params (context, params) != 1)
    return NULL;

  return g_steal_pointer (&context);
}

EVP_PKEY *
devssh_evp_generate (DevSshGenerator which)
{
  DevSshGenerators *generators = g_private_get (&devssh_generators);
  EVP_PKEY *pkey = NULL;

  if (generators == NULL)
    {
      generators = g_new0 (DevSshGenerators, 1);
      g_private_set (&devssh_generators, generators);
    }
  if (generators->contexts[which] == NULL)
    generators->contexts[which] = devssh_generator_new (which);

  if (generators->contexts[which] == NULL ||
      EVP_PKEY_generate (generators->contexts[which], &pkey) != 1)
    {
      ERR_clear_error ();
      return NULL;
    }
  return pkey;
}

/* ---- errors ---- */

void
devssh_evp_failed (const char *what)
{
  unsigned long code = ERR_peek_last_error ();
  const char *reason = code != 0 ? ERR_reason_error_string (code) : NULL;

  g_error ("OpenSSL failed at %s: %s", what, reason != NULL ? reason : "no reason given");
  g_assert_not_reached ();
}

void
devssh_evp_set_error (GError     **error,
                      DevSshError  code,
                      const char  *format,
                      ...)
{
  unsigned long number = ERR_peek_last_error ();
  const char *reason = number != 0 ? ERR_reason_error_string (number) : NULL;
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);

  if (reason != NULL)
    g_set_error (error, DEVSSH_ERROR, (int) code, "%s (OpenSSL: %s)", text, reason);
  else
    g_set_error_literal (error, DEVSSH_ERROR, (int) code, text);
  ERR_clear_error ();
}
