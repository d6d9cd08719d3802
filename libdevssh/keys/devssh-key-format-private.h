/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of this folder share: text around the bytes, and one reader and writer per format. */
#pragma once

#include <libdevssh/crypto/devssh-crypto-private.h>
#include <libdevssh/crypto/devssh-key-pair-private.h>
#include <libdevssh/crypto/devssh-secret-private.h>
#include <libdevssh/keys/devssh-key-format.h>
#include <libdevssh/wire/devssh-reader-private.h>
#include <libdevssh/wire/devssh-writer-private.h>

#include <openssl/asn1.h>

G_BEGIN_DECLS

/* T-80 */
#define DEVSSH_KEY_FILE_MAX_SIZE (64 * 1024)

const char *devssh_key_format_get_name (DevSshKeyFormat format);

/* ---- text ---- */

/* A block of RFC 7468, borrowed from the text it stands in. */
typedef struct
{
  DevSshSlice label;
  DevSshSlice body;       /* base64 */
  gboolean    encrypted;  /* RFC 1421's Proc-Type says so */
} DevSshPem;

/* The first block that holds a key. FALSE without error: there is no block. */
gboolean      devssh_pem_find    (DevSshSlice text, DevSshPem *pem, GError **error);
/* columns: of base64 in a line. What comes back is wiped when freed. */
GBytes       *devssh_pem_write   (const char *label, const guint8 *data, gsize length, guint columns);
/* White space between the characters is allowed; nothing else is, and no end in the middle of a group. */
DevSshSecret *devssh_base64_read (DevSshSlice text, GError **error);

/* ---- formats ---- */

/* An encrypted file of that format: what is missing is the passphrase, or our reader. */
void           devssh_key_set_encrypted_error   (GError **error, const char *what, const char *passphrase);
/* From private fields as devssh_key_pair_new_for_private_fields() takes them, and nothing behind them. */
DevSshKeyPair *devssh_key_new_for_fields        (DevSshWriter *fields, GError **error);

DevSshKeyPair *devssh_key_ssh_read              (DevSshSlice line, GError **error);
GBytes        *devssh_key_ssh_write             (DevSshKeyPair *key);

DevSshKeyPair *devssh_key_openssh_read          (DevSshSlice data, const char *passphrase, GError **error);
GBytes        *devssh_key_openssh_write         (DevSshKeyPair *key, GError **error);

/* DER of RFC 8017, A.1. The fields are those of devssh_key_pair_put_private_fields() and of a public blob. */
gboolean       devssh_key_pkcs1_read_private    (DevSshSlice der, DevSshWriter *fields, GError **error);
gboolean       devssh_key_pkcs1_read_public     (DevSshSlice der, DevSshWriter *blob, GError **error);
DevSshSecret  *devssh_key_pkcs1_write_private   (DevSshKeyPair *key, GError **error);
DevSshSecret  *devssh_key_pkcs1_write_public    (DevSshKeyPair *key);

/* DER of RFC 5915, 3. curve: the one that the wrapping names (SSH's name), or NULL. named: write the curve, too. */
gboolean       devssh_key_sec1_read             (DevSshSlice der, const char *curve, DevSshWriter *fields, GError **error);
DevSshSecret  *devssh_key_sec1_write            (DevSshKeyPair *key, gboolean named, GError **error);
/* "nistp256" ... or NULL. */
const char    *devssh_key_sec1_curve_for_object (const ASN1_OBJECT *object);
ASN1_OBJECT   *devssh_key_sec1_object_for_curve (DevSshSlice curve);

/* DER of RFC 5958 and of RFC 5280's SubjectPublicKeyInfo. */
DevSshKeyPair *devssh_key_pkcs8_read_private    (DevSshSlice der, GError **error);
DevSshKeyPair *devssh_key_pkcs8_read_public     (DevSshSlice der, GError **error);
gboolean       devssh_key_pkcs8_is_encrypted    (DevSshSlice der);
gboolean       devssh_key_pkcs8_is_public       (DevSshSlice der);
DevSshSecret  *devssh_key_pkcs8_write_private   (DevSshKeyPair *key, GError **error);
DevSshSecret  *devssh_key_pkcs8_write_public    (DevSshKeyPair *key);

/* ---- ASN.1: OpenSSL reads and writes it, and what is secret is wiped, also when reading fails ---- */

/* NULL and error: not this structure, or something stands behind it. */
gpointer       devssh_asn1_read                 (DevSshSlice der, const ASN1_ITEM *item, const char *what, GError **error);
DevSshSecret  *devssh_asn1_write                (gpointer value, const ASN1_ITEM *item);
void           devssh_asn1_wipe                 (ASN1_STRING *string);
/* Appends an mpint. FALSE: negative. */
gboolean       devssh_asn1_put_number           (const ASN1_INTEGER *number, DevSshWriter *writer);

void           devssh_asn1_set_bits             (ASN1_BIT_STRING *string, DevSshSlice bits);

static inline DevSshSlice
devssh_asn1_slice (const ASN1_STRING *string)
{
  return (DevSshSlice) { ASN1_STRING_get0_data (string), (gsize) ASN1_STRING_length (string) };
}

static inline DevSshSlice
devssh_key_secret_slice (const DevSshSecret *secret)
{
  return (DevSshSlice) { secret->data, secret->length };
}

G_END_DECLS
