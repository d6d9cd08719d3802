/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of this folder share: text around the bytes, and one reader and writer per format. */
#pragma once

#include <libdevssh/crypto/devssh-crypto-private.h>
#include <libdevssh/crypto/devssh-key-pair-private.h>
#include <libdevssh/crypto/devssh-secret-private.h>
#include <libdevssh/keys/devssh-key-file.h>
#include <libdevssh/keys/devssh-key-format.h>
#include <libdevssh/wire/devssh-names-private.h>
#include <libdevssh/wire/devssh-reader-private.h>
#include <libdevssh/wire/devssh-writer-private.h>

#include <openssl/asn1.h>

G_BEGIN_DECLS

/* T-80 */
#define DEVSSH_KEY_FILE_MAX_SIZE (64 * 1024)

const char *devssh_key_format_get_name (DevSshKeyFormat format);

/* ---- text ---- */

/* Takes the next line off the text, without its end. FALSE: there is none. */
gboolean      devssh_text_next_line (DevSshSlice *text, DevSshSlice *line);
DevSshSlice   devssh_text_strip     (DevSshSlice text);
/* A comment must not become a second line. NULL is empty. */
char         *devssh_text_one_line  (const char *text);
/* Takes the text, which is wiped when freed. */
GBytes       *devssh_key_text_take  (char *text);

/* A block of RFC 7468, borrowed from the text it stands in. */
typedef struct
{
  DevSshSlice label;
  DevSshSlice body;       /* base64 */
  gboolean    encrypted;  /* RFC 1421's Proc-Type says so */
  DevSshSlice dek_info;   /* and its DEK-Info how */
} DevSshPem;

/* The first block that holds a key. FALSE without error: there is no block. */
gboolean      devssh_pem_find    (DevSshSlice text, DevSshPem *pem, GError **error);
/* columns: of base64 in a line. What comes back is wiped when freed. */
GBytes       *devssh_pem_write   (const char *label, const guint8 *data, gsize length, guint columns);
/* The same between any two texts. */
GBytes       *devssh_armour_write (const char *before, const guint8 *data, gsize length, guint columns, const char *after);
/* White space between the characters is allowed; nothing else is, and no end in the middle of a group. */
DevSshSecret *devssh_base64_read (DevSshSlice text, GError **error);

/* ---- passphrases ---- */

typedef struct
{
  const char *ssh_name;
  const char *pem_name;   /* RFC 1421's DEK-Info; NULL: not there */
  int         nid;        /* PBES2; NID_undef: not there */
  const char *evp_name;   /* NULL: chacha20-poly1305@openssh.com */
  guint8      key, iv, block, tag;   /* bytes */
} DevSshKeyCipher;

/* NULL and UNSUPPORTED: there is none of that name. */
const DevSshKeyCipher *devssh_key_cipher_for_ssh_name (DevSshSlice name, GError **error);
const DevSshKeyCipher *devssh_key_cipher_for_pem_name (DevSshSlice name, GError **error);
const DevSshKeyCipher *devssh_key_cipher_for_object   (const ASN1_OBJECT *object, GError **error);
/* MALFORMED: not whole blocks, or none. */
gboolean               devssh_key_cipher_check_length (const DevSshKeyCipher *self, gsize length, GError **error);
/* In place; whole blocks. tag: of ciphers that have one, which are opened only. WRONG_PASSPHRASE: it does not fit. */
gboolean               devssh_key_cipher_crypt        (const DevSshKeyCipher *self, const guint8 *key, const guint8 *iv, gboolean seal,
                                                       guint8 *data, gsize length, const guint8 *tag, GError **error);
/* With RFC 8018's padding. Opening: WRONG_PASSPHRASE if what comes out is no padded DER of a SEQUENCE. */
DevSshSecret          *devssh_key_cipher_seal         (const DevSshKeyCipher *self, const guint8 *key, const guint8 *iv, DevSshSlice text, GError **error);
DevSshSecret          *devssh_key_cipher_open_der     (const DevSshKeyCipher *self, const guint8 *key, const guint8 *iv, DevSshSlice text, GError **error);

/* PASSPHRASE_REQUIRED without one. Asked last, when a passphrase is all that is missing. */
gboolean       devssh_key_check_passphrase      (const char *passphrase, const char *format, GError **error);
void           devssh_key_set_passphrase_error  (GError **error);

/* The DER in a block of RFC 1421, and in an EncryptedPrivateKeyInfo. */
DevSshSecret  *devssh_key_pem_decrypt           (DevSshSlice dek_info, DevSshSlice data, const char *format, const char *passphrase, GError **error);
DevSshSecret  *devssh_key_pbes2_decrypt         (DevSshSlice der, const char *passphrase, GError **error);
DevSshSecret  *devssh_key_pbes2_encrypt         (DevSshSlice der, const char *passphrase, GError **error);

/* ---- formats ---- */

/* All that is in a file. */
DevSshKeyPair *devssh_key_read                  (DevSshSlice data, DevSshKeyFormat format, const char *passphrase, GError **error);

/* From private fields as devssh_key_pair_new_for_private_fields() takes them, and nothing behind them. */
DevSshKeyPair *devssh_key_new_for_fields        (DevSshWriter *fields, GError **error);

DevSshKeyPair *devssh_key_ssh_read              (DevSshSlice line, const char *passphrase, GError **error);
GBytes        *devssh_key_ssh_write             (DevSshKeyPair *key);

#define DEVSSH_KEY_SSH2_BEGIN_PUBLIC  "---- BEGIN SSH2 PUBLIC KEY ----"
#define DEVSSH_KEY_SSH2_BEGIN_PRIVATE "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----"

DevSshKeyPair *devssh_key_ssh2_read             (DevSshSlice text, const char *passphrase, GError **error);
/* Without the armour: of either half. */
DevSshKeyPair *devssh_key_ssh2_read_bytes       (DevSshSlice data, const char *passphrase, GError **error);
GBytes        *devssh_key_ssh2_write_public     (DevSshKeyPair *key);
/* RSA alone */
GBytes        *devssh_key_ssh2_write_private    (DevSshKeyPair *key, GError **error);

DevSshKeyPair *devssh_key_jwk_read              (DevSshSlice text, const char *passphrase, GError **error);
GBytes        *devssh_key_jwk_write             (DevSshKeyPair *key, gboolean is_private, GError **error);

/* passphrase: NULL to write it as it is */
DevSshKeyPair *devssh_key_openssh_read          (DevSshSlice data, const char *passphrase, GError **error);
GBytes        *devssh_key_openssh_write         (DevSshKeyPair *key, const char *passphrase, GError **error);

/* DER of RFC 8017, A.1. The fields are those of devssh_key_pair_put_private_fields() and of a public blob. */
gboolean       devssh_key_pkcs1_read_private    (DevSshSlice der, DevSshWriter *fields, GError **error);
gboolean       devssh_key_pkcs1_read_public     (DevSshSlice der, DevSshWriter *blob, GError **error);
DevSshSecret  *devssh_key_pkcs1_write_private   (DevSshKeyPair *key, GError **error);
DevSshSecret  *devssh_key_pkcs1_write_public    (DevSshKeyPair *key);
/* d modulo p - 1 (1) or q - 1 (2); NULL: the key does not give it away. */
DevSshSecret  *devssh_key_pkcs1_get_exponent    (DevSshKeyPair *key, guint prime);

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
