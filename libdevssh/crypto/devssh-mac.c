/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* HMAC with SHA-2 (RFC 6668), keyed once and started anew for each packet. */
#include <libdevssh/crypto/devssh-crypto-private.h>

#include <openssl/core_names.h>
#include <openssl/params.h>

struct _DevSshMac
{
  EVP_MAC_CTX *context;
  gsize        size;
};

DevSshMac *
devssh_mac_new (const DevSshMacAlgorithm *algorithm,
                const guint8             *key)
{
  DevSshMac *self = g_new0 (DevSshMac, 1);
  OSSL_PARAM params[2] = {
    OSSL_PARAM_construct_utf8_string (OSSL_MAC_PARAM_DIGEST,
                                      (char *) devssh_evp_md_name (algorithm->hash), 0),
    OSSL_PARAM_construct_end ()
  };

  self->size = algorithm->size;
  self->context = EVP_MAC_CTX_new ((EVP_MAC *) devssh_evp_mac (DEVSSH_EVP_HMAC));
  devssh_evp_must (self->context != NULL, "EVP_MAC_CTX_new");
  devssh_evp_must (EVP_MAC_init (self->context, key, algorithm->size, params), "EVP_MAC_init");
  return self;
}

static void
devssh_mac_restart (DevSshMac *self)
{
  devssh_evp_must (EVP_MAC_init (self->context, NULL, 0, NULL), "EVP_MAC_init");
}

static void
devssh_mac_update (DevSshMac    *self,
                   const guint8 *data,
                   gsize         length)
{
  if (length > 0)
    devssh_evp_must (EVP_MAC_update (self->context, data, length), "EVP_MAC_update");
}

static void
devssh_mac_final (DevSshMac *self,
                  guint8    *tag)
{
  gsize length = 0;

  devssh_evp_must (EVP_MAC_final (self->context, tag, &length, self->size), "EVP_MAC_final");
  g_assert (length == self->size);
}

/* RFC 4253, 6.4: mac = MAC (key, sequence_number || unencrypted_packet) */
void
devssh_mac_compute (DevSshMac    *self,
                    guint32       sequence,
                    const guint8 *a,
                    gsize         a_length,
                    const guint8 *b,
                    gsize         b_length,
                    guint8       *tag)
{
  guint32 number = GUINT32_TO_BE (sequence);

  devssh_mac_restart (self);
  devssh_mac_update (self, (const guint8 *) &number, sizeof number);
  devssh_mac_update (self, a, a_length);
  devssh_mac_update (self, b, b_length);
  devssh_mac_final (self, tag);
}

/* T-18 */
gboolean
devssh_mac_verify (DevSshMac    *self,
                   guint32       sequence,
                   const guint8 *a,
                   gsize         a_length,
                   const guint8 *tag)
{
  guint8 expected[DEVSSH_HASH_MAX_SIZE];
  gboolean equal = FALSE;

  devssh_mac_compute (self, sequence, a, a_length, NULL, 0, expected);
  equal = devssh_equal_constant_time (expected, tag, self->size);
  /* The right tag of a forged packet is worth something to the forger. */
  devssh_wipe (expected, sizeof expected);
  return equal;
}

void
devssh_mac_token (DevSshMac    *self,
                  const guint8 *data,
                  gsize         length,
                  guint8       *tag)
{
  devssh_mac_restart (self);
  devssh_mac_update (self, data, length);
  devssh_mac_final (self, tag);
}

void
devssh_mac_free (DevSshMac *self)
{
  if (self == NULL)
    return;

  EVP_MAC_CTX_free (self->context);   /* wipes the key */
  g_free (self);
}
