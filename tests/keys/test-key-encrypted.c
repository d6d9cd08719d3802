/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Passphrases: asked for when they are all that is missing, wrong or not, and never at the price of more
 * work than is bearable (T-80). */
#include <libdevssh/keys/devssh-key-format-private.h>
#include <libdevssh/crypto/devssh-kdf-private.h>

#include "../test-loop.h"

#include <openssl/asn1t.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <string.h>

static GBytes *
test_load (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "keys", name, NULL);
  g_autoptr(GError) error = NULL;
  char *text = NULL;
  gsize length = 0;

  g_file_get_contents (path, &text, &length, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (text, length);
}

static DevSshKeyPair *
test_import (const char *name)
{
  g_autoptr(GBytes) data = test_load (name);
  g_autoptr(GError) error = NULL;
  DevSshKeyPair *key = devssh_key_pair_import_data (data, DEVSSH_KEY_FORMAT_DEFAULT, "password", &error);

  g_assert_no_error (error);
  return key;
}

static void
test_check_refused (GBytes      *data,
                    const char  *passphrase,
                    DevSshError  code)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshKeyPair) key = devssh_key_pair_import_data (data, DEVSSH_KEY_FORMAT_DEFAULT, passphrase,
                                                              &error);

  g_assert_null (key);
  g_assert_error (error, DEVSSH_ERROR, (int) code);
}

/* As an application would: without first, and again with what somebody typed. */
static void
test_asked_later (void)
{
  static const char * const files[] = {
    "ed25519-openssh-aes256gcm", "ecdsa256-pkcs8-aes256cbc-sha512", "rsa2048-pkcs1-aes128cbc",
    "ecdsa384-sec1-aes256cbc", "rsa2048-sshcom-des3cbc",
  };
  static const char * const typed[] = { NULL, "", "passwor", "password" };
  static const int codes[] = {
    DEVSSH_ERROR_PASSPHRASE_REQUIRED, DEVSSH_ERROR_WRONG_PASSPHRASE, DEVSSH_ERROR_WRONG_PASSPHRASE, -1
  };

  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autoptr(GBytes) data = test_load (files[i]);

      for (guint j = 0; j < G_N_ELEMENTS (typed); j++)
        {
          g_autoptr(GAsyncResult) result = NULL;
          g_autoptr(DevSshKeyPair) key = NULL;
          g_autoptr(GError) error = NULL;

          devssh_key_pair_import_data_async (data, DEVSSH_KEY_FORMAT_DEFAULT, typed[j], NULL,
                                             test_keep_result_cb, &result);
          g_assert_null (result);
          while (result == NULL)
            g_main_context_iteration (NULL, TRUE);
          key = devssh_key_pair_import_data_finish (result, &error);
          if (codes[j] < 0)
            {
              g_assert_no_error (error);
              g_assert_true (devssh_key_pair_get_has_private (key));
              continue;
            }
          g_assert_null (key);
          g_assert_error (error, DEVSSH_ERROR, codes[j]);
        }
    }
}

static void
test_cancelled (void)
{
  g_autoptr(GBytes) data = test_load ("ed25519-openssh-aes256ctr");
  g_autoptr(DevSshKeyPair) key = test_import ("ed25519-pkcs8-none");
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) read = NULL;
  g_autoptr(GAsyncResult) written = NULL;
  g_autoptr(GError) error = NULL;

  devssh_key_pair_import_data_async (data, DEVSSH_KEY_FORMAT_DEFAULT, "password", cancellable,
                                     test_keep_result_cb, &read);
  devssh_key_pair_export_private_async (key, DEVSSH_KEY_FORMAT_OPENSSH, "password", cancellable,
                                        test_keep_result_cb, &written);
  g_cancellable_cancel (cancellable);
  while (read == NULL || written == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (devssh_key_pair_import_data_finish (read, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_null (devssh_key_pair_export_private_finish (key, written, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* Passphrases are bytes: any of them, of any length. */
static void
test_round_trip (void)
{
  static const char * const passphrases[] = { "x", "Straße mit Größe", " two words ", NULL };
  static const DevSshKeyFormat formats[] = { DEVSSH_KEY_FORMAT_PKCS8, DEVSSH_KEY_FORMAT_OPENSSH,
                                             DEVSSH_KEY_FORMAT_DEFAULT };
  g_autofree char *long_one = g_strnfill (1000, 'p');
  g_autoptr(DevSshKeyPair) key = test_import ("ecdsa384-pkcs8-none");

  devssh_key_pair_set_comment (key, "at home");
  for (guint i = 0; i < G_N_ELEMENTS (passphrases); i++)
    {
      const char *passphrase = passphrases[i] != NULL ? passphrases[i] : long_one;

      for (guint j = 0; j < G_N_ELEMENTS (formats); j++)
        {
          g_autoptr(GAsyncResult) result = NULL;
          g_autoptr(GBytes) text = NULL;
          g_autoptr(DevSshKeyPair) again = NULL;
          g_autoptr(GError) error = NULL;

          devssh_key_pair_export_private_async (key, formats[j], passphrase, NULL, test_keep_result_cb,
                                                &result);
          while (result == NULL)
            g_main_context_iteration (NULL, TRUE);
          text = devssh_key_pair_export_private_finish (key, result, &error);
          g_assert_no_error (error);
          g_assert_nonnull (g_strstr_len (g_bytes_get_data (text, NULL), (gssize) g_bytes_get_size (text),
                                          formats[j] == DEVSSH_KEY_FORMAT_OPENSSH ? "OPENSSH" : "ENCRYPTED"));
          test_check_refused (text, NULL, DEVSSH_ERROR_PASSPHRASE_REQUIRED);
          test_check_refused (text, "y", DEVSSH_ERROR_WRONG_PASSPHRASE);
          again = devssh_key_pair_import_data (text, formats[j], passphrase, &error);
          g_assert_no_error (error);
          g_assert_true (devssh_key_pair_equal (again, key));
          g_assert_cmpstr (devssh_key_pair_get_comment (again), ==,
                           formats[j] == DEVSSH_KEY_FORMAT_OPENSSH ? "at home" : NULL);
        }
    }
}

/* ---- OpenSSH ---- */

static GBytes *
test_container (const char   *cipher,
                const char   *kdf,
                const guint8 *salt,
                gsize         salt_length,
                guint32       rounds,
                gsize         section_length,
                gsize         tail_length)
{
  g_autoptr(DevSshKeyPair) key = test_import ("ed25519-pkcs8-none");
  g_autofree guint8 *zeros = g_malloc0 (section_length + tail_length);
  const guint8 *blob = NULL;
  gsize length = 0;
  DEVSSH_WRITER_AUTO (options);
  DEVSSH_WRITER_AUTO (writer);

  devssh_key_pair_peek_blob (key, &blob, &length);
  devssh_writer_put_slice (&options, salt, salt_length);
  devssh_writer_put_uint32 (&options, rounds);
  devssh_writer_put_bytes (&writer, (const guint8 *) "openssh-key-v1", 15);
  devssh_writer_put_utf8 (&writer, cipher);
  devssh_writer_put_utf8 (&writer, kdf);
  devssh_writer_put_slice (&writer, options.data, options.length);
  devssh_writer_put_uint32 (&writer, 1);
  devssh_writer_put_slice (&writer, blob, length);
  devssh_writer_put_slice (&writer, zeros, section_length);
  devssh_writer_put_bytes (&writer, zeros, tail_length);
  return devssh_pem_write ("OPENSSH PRIVATE KEY", writer.data, writer.length, 70);
}

/* Neither with a passphrase nor without: nobody is asked for one in vain, and nothing is derived. */
static void
test_openssh_refused (void)
{
  static const guint8 salt[16] = { 1 };
  static const struct { const char *cipher; const char *kdf; gsize salt; guint32 rounds; gsize section; gsize tail; int code; } rows[] = {
    { "aes256-ctr", "bcrypt", 16, G_MAXUINT32, 160, 0, DEVSSH_ERROR_LIMIT },
    { "aes256-ctr", "bcrypt", 16, 1025, 160, 0, DEVSSH_ERROR_LIMIT },
    { "aes256-ctr", "bcrypt", 16, 0, 160, 0, DEVSSH_ERROR_MALFORMED },
    { "aes256-ctr", "bcrypt", 0, 16, 160, 0, DEVSSH_ERROR_MALFORMED },
    { "aes256-ctr", "scrypt", 16, 16, 160, 0, DEVSSH_ERROR_UNSUPPORTED },
    { "blowfish-cbc", "bcrypt", 16, 16, 160, 0, DEVSSH_ERROR_UNSUPPORTED },
    { "aes256-ctr", "bcrypt", 16, 16, 0, 0, DEVSSH_ERROR_MALFORMED },
    { "aes256-ctr", "bcrypt", 16, 16, 161, 0, DEVSSH_ERROR_MALFORMED },
    { "aes256-ctr", "bcrypt", 16, 16, 160, 16, DEVSSH_ERROR_MALFORMED },
    { "aes256-gcm@openssh.com", "bcrypt", 16, 16, 160, 0, DEVSSH_ERROR_TRUNCATED },
    { "aes256-gcm@openssh.com", "bcrypt", 16, 16, 160, 17, DEVSSH_ERROR_MALFORMED },
    { "chacha20-poly1305@openssh.com", "bcrypt", 16, 16, 160, 15, DEVSSH_ERROR_TRUNCATED },
    { "chacha20-poly1305@openssh.com", "bcrypt", 16, 16, 161, 16, DEVSSH_ERROR_MALFORMED },
    { "none", "bcrypt", 16, 16, 160, 0, DEVSSH_ERROR_MALFORMED },
  };
  g_autoptr(GBytes) asked = test_container ("aes256-ctr", "bcrypt", salt, 16, 1024, 160, 0);
  g_autoptr(GBytes) wrong = test_container ("aes256-ctr", "bcrypt", salt, 16, 1, 160, 0);
  g_autoptr(GBytes) tag = test_container ("aes256-gcm@openssh.com", "bcrypt", salt, 16, 1, 160, 16);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(GBytes) data = test_container (rows[i].cipher, rows[i].kdf, salt, rows[i].salt, rows[i].rounds,
                                               rows[i].section, rows[i].tail);

      test_check_refused (data, NULL, (DevSshError) rows[i].code);
      test_check_refused (data, "password", (DevSshError) rows[i].code);
    }
  test_check_refused (asked, NULL, DEVSSH_ERROR_PASSPHRASE_REQUIRED);
  test_check_refused (wrong, "password", DEVSSH_ERROR_WRONG_PASSPHRASE);
  test_check_refused (tag, "password", DEVSSH_ERROR_WRONG_PASSPHRASE);
}

/* ---- PKCS#8 ---- */

/* What a file of ours is made of, to put it together again with a part changed. */
static GBytes *
test_pbes2 (guint64     iterations,
            int         keylength,
            int         prf,
            int         scheme,
            int         derivation,
            int         cipher,
            gsize       iv_length,
            gsize       salt_length,
            gsize       text_length)
{
  guint8 zeros[256] = { 0 };
  X509_SIG *sealed = X509_SIG_new ();
  PBE2PARAM *pbes2 = PBE2PARAM_new ();
  PBKDF2PARAM *pbkdf2 = PBKDF2PARAM_new ();
  ASN1_OCTET_STRING *salt = ASN1_OCTET_STRING_new ();
  ASN1_OCTET_STRING *iv = ASN1_OCTET_STRING_new ();
  X509_ALGOR *algorithm = NULL;
  ASN1_OCTET_STRING *text = NULL;
  g_autoptr(DevSshSecret) der = NULL;

  g_assert_true (ASN1_OCTET_STRING_set (salt, zeros, (int) salt_length));
  ASN1_TYPE_set (pbkdf2->salt, V_ASN1_OCTET_STRING, salt);
  g_assert_true (ASN1_INTEGER_set_uint64 (pbkdf2->iter, iterations));
  if (keylength != 0)
    {
      pbkdf2->keylength = ASN1_INTEGER_new ();
      g_assert_true (ASN1_INTEGER_set (pbkdf2->keylength, keylength));
    }
  if (prf != NID_undef)
    {
      pbkdf2->prf = X509_ALGOR_new ();
      X509_ALGOR_set0 (pbkdf2->prf, OBJ_nid2obj (prf), V_ASN1_NULL, NULL);
    }
  g_assert_true (ASN1_OCTET_STRING_set (iv, zeros, (int) iv_length));
  X509_ALGOR_set0 (pbes2->encryption, OBJ_nid2obj (cipher), V_ASN1_OCTET_STRING, iv);
  X509_ALGOR_set0 (pbes2->keyfunc, OBJ_nid2obj (derivation), V_ASN1_SEQUENCE,
                   ASN1_item_pack (pbkdf2, ASN1_ITEM_rptr (PBKDF2PARAM), NULL));
  X509_SIG_getm (sealed, &algorithm, &text);
  X509_ALGOR_set0 (algorithm, OBJ_nid2obj (scheme), V_ASN1_SEQUENCE,
                   ASN1_item_pack (pbes2, ASN1_ITEM_rptr (PBE2PARAM), NULL));
  g_assert_true (ASN1_OCTET_STRING_set (text, zeros, (int) text_length));

  der = devssh_asn1_write (sealed, ASN1_ITEM_rptr (X509_SIG));
  X509_SIG_free (sealed);
  PBE2PARAM_free (pbes2);
  PBKDF2PARAM_free (pbkdf2);
  return devssh_pem_write ("ENCRYPTED PRIVATE KEY", der->data, der->length, 64);
}

static void
test_pbes2_refused (void)
{
  static const struct { guint64 iterations; int keylength, prf, scheme, derivation, cipher; gsize iv, salt, text; int code; } rows[] = {
    { 1, 0, NID_undef, NID_pbes2, NID_id_pbkdf2, NID_aes_256_cbc, 16, 8, 64, DEVSSH_ERROR_WRONG_PASSPHRASE },
    { 1, 32, NID_hmacWithSHA384, NID_pbes2, NID_id_pbkdf2, NID_aes_256_cbc, 16, 8, 64, DEVSSH_ERROR_WRONG_PASSPHRASE },
    { 1, 24, NID_hmacWithSHA224, NID_pbes2, NID_id_pbkdf2, NID_aes_192_cbc, 16, 8, 64, DEVSSH_ERROR_WRONG_PASSPHRASE },
    { 0x7fffffff, 0, NID_hmacWithSHA256, NID_pbes2, NID_id_pbkdf2, NID_aes_256_cbc, 16, 8, 64, DEVSSH_ERROR_LIMIT },
    { G_MAXUINT64, 0, NID_hmacWithSHA256, NID_pbes2, NID_id_pbkdf2, NID_aes_256_cbc, 16, 8, 64, DEVSSH_ERROR_LIMIT },
    { 10000001, 0, NID_hmacWithSHA256, NID_pbes2, NID_id_pbkdf2, NID_aes_256_cbc, 16, 8, 64, DEVSSH_ERROR_LIMIT },
    { 0, 0, NID_hmacWithSHA256, NID_pbes2, NID_id_pbkdf2, NID_aes_256_cbc, 16, 8, 64, DEVSSH_ERROR_MALFORMED },
    { 1, 16, NID_hmacWithSHA256, NID_pbes2, NID_id_pbkdf2, NID_aes_256_cbc, 16, 8, 64, DEVSSH_ERROR_MALFORMED },
    { 1, 0, NID_hmacWithSHA256, NID_pbes2, NID_id_pbkdf2, NID_aes_256_cbc, 15, 8, 64, DEVSSH_ERROR_MALFORMED },
    { 1, 0, NID_hmacWithSHA256, NID_pbes2, NID_id_pbkdf2, NID_aes_256_cbc, 16, 0, 64, DEVSSH_ERROR_MALFORMED },
    { 1, 0, NID_hmacWithSHA256, NID_pbes2, NID_id_pbkdf2, NID_aes_256_cbc, 16, 8, 63, DEVSSH_ERROR_MALFORMED },
    { 1, 0, NID_hmacWithSHA256, NID_pbes2, NID_id_pbkdf2, NID_aes_256_cbc, 16, 8, 0, DEVSSH_ERROR_MALFORMED },
    { 1, 0, NID_hmacWithMD5, NID_pbes2, NID_id_pbkdf2, NID_aes_256_cbc, 16, 8, 64, DEVSSH_ERROR_UNSUPPORTED },
    { 1, 0, NID_hmacWithSHA256, NID_pbes2, NID_id_pbkdf2, NID_des_cbc, 8, 8, 64, DEVSSH_ERROR_UNSUPPORTED },
    { 1, 0, NID_hmacWithSHA256, NID_pbes2, NID_id_scrypt, NID_aes_256_cbc, 16, 8, 64, DEVSSH_ERROR_UNSUPPORTED },
    { 1, 0, NID_hmacWithSHA256, NID_pbeWithMD5AndDES_CBC, NID_id_pbkdf2, NID_aes_256_cbc, 16, 8, 64, DEVSSH_ERROR_UNSUPPORTED },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(GBytes) data = test_pbes2 (rows[i].iterations, rows[i].keylength, rows[i].prf, rows[i].scheme,
                                           rows[i].derivation, rows[i].cipher, rows[i].iv, rows[i].salt,
                                           rows[i].text);

      test_check_refused (data, "password", (DevSshError) rows[i].code);
      test_check_refused (data, NULL, rows[i].code == DEVSSH_ERROR_WRONG_PASSPHRASE
                                      ? DEVSSH_ERROR_PASSPHRASE_REQUIRED : (DevSshError) rows[i].code);
    }
}

/* RFC 8018, A.2: no PRF is HMAC-SHA-1. Written by openssl 3.0.22: pkcs8 -topk8 -v2 aes-128-cbc -v2prf
 * hmacWithSHA1 -passout pass:password, of tests/data/keys/ed25519-pkcs8-none */
static const char pbes2_sha1[] =
  "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
  "MIGNMEkGCSqGSIb3DQEFDTA8MBsGCSqGSIb3DQEFDDAOBAjvOCW7RtoXOQICCAAw\n"
  "HQYJYIZIAWUDBAECBBDr4Wz9gBAs81NsvBqk8jkbBECKadOCNwGJLMYP9t79jvy1\n"
  "dmpSe8pG/bxXU8sXzO+nA3CJEp8yyCtUsv1cDUvlRPm9wku/DLcwHzeq6XqkX7B4\n"
  "-----END ENCRYPTED PRIVATE KEY-----\n";

static void
test_pbes2_sha1 (void)
{
  g_autoptr(GBytes) data = g_bytes_new_static (pbes2_sha1, strlen (pbes2_sha1));
  g_autoptr(DevSshKeyPair) expected = test_import ("ed25519-ssh.pub");
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshKeyPair) key = devssh_key_pair_import_data (data, DEVSSH_KEY_FORMAT_DEFAULT, "password", &error);

  g_assert_no_error (error);
  g_assert_true (devssh_key_pair_get_has_private (key));
  g_assert_true (devssh_key_pair_equal (key, expected));
}

/* The right passphrase, and something else behind it: broken, and not a wrong passphrase. */
static void
test_pbes2_broken_inside (void)
{
  static const guint8 nothing[] = { 0x30, 0x03, 0x02, 0x01, 0x05 };
  static const guint8 no_der[] = { 0x04, 0x00 };
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshSecret) broken = devssh_key_pbes2_encrypt ((DevSshSlice) { nothing, sizeof nothing }, "password", &error);
  g_autoptr(DevSshSecret) other = devssh_key_pbes2_encrypt ((DevSshSlice) { no_der, sizeof no_der }, "password", &error);
  g_autoptr(GBytes) broken_text = devssh_pem_write ("ENCRYPTED PRIVATE KEY", broken->data, broken->length, 64);
  g_autoptr(GBytes) other_text = devssh_pem_write ("ENCRYPTED PRIVATE KEY", other->data, other->length, 64);

  test_check_refused (broken_text, "password", DEVSSH_ERROR_MALFORMED);
  test_check_refused (broken_text, "wrong", DEVSSH_ERROR_WRONG_PASSPHRASE);
  test_check_refused (other_text, "password", DEVSSH_ERROR_WRONG_PASSPHRASE);
}

/* ---- RFC 1421 ---- */

static void
test_pem_refused (void)
{
  static const struct { const char *headers; int code; } rows[] = {
    { "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,000102030405060708090A0B0C0D0E0F\n", DEVSSH_ERROR_WRONG_PASSPHRASE },
    { "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-192-CBC,000102030405060708090a0b0c0d0e0f\n", DEVSSH_ERROR_WRONG_PASSPHRASE },
    { "Proc-Type: 4,ENCRYPTED\nDEK-Info: DES-EDE3-CBC,0001020304050607\n", DEVSSH_ERROR_WRONG_PASSPHRASE },
    { "Proc-Type: 4,ENCRYPTED\n", DEVSSH_ERROR_MALFORMED },
    { "Proc-Type: 4,ENCRYPTED\nDEK-Info:\n", DEVSSH_ERROR_MALFORMED },
    { "Proc-Type: 4,ENCRYPTED\nDEK-Info: ,\n", DEVSSH_ERROR_MALFORMED },
    { "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC\n", DEVSSH_ERROR_MALFORMED },
    { "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,\n", DEVSSH_ERROR_MALFORMED },
    { "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0001\n", DEVSSH_ERROR_MALFORMED },
    { "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,000102030405060708090A0B0C0D0E0G\n", DEVSSH_ERROR_MALFORMED },
    { "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,000102030405060708090A0B0C0D0E0F00\n", DEVSSH_ERROR_MALFORMED },
    { "Proc-Type: 4,ENCRYPTED\nDEK-Info: DES-CBC,0001020304050607\n", DEVSSH_ERROR_UNSUPPORTED },
    { "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-GCM,0001020304050607\n", DEVSSH_ERROR_UNSUPPORTED },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *text = g_strdup_printf ("-----BEGIN EC PRIVATE KEY-----\n%s\n"
                                               "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
                                               "-----END EC PRIVATE KEY-----\n", rows[i].headers);
      g_autoptr(GBytes) data = g_bytes_new (text, strlen (text));

      test_check_refused (data, "password", (DevSshError) rows[i].code);
      test_check_refused (data, NULL, rows[i].code == DEVSSH_ERROR_WRONG_PASSPHRASE
                                      ? DEVSSH_ERROR_PASSPHRASE_REQUIRED : (DevSshError) rows[i].code);
    }
}

/* One bit of an encrypted file: a wrong passphrase, a broken file, or the same key; never another one. (But for
 * Ed25519: PKCS#8 has its private half alone, and CBC lets changes through.) */
static void
test_changed (void)
{
  static const char * const files[] = {
    "ecdsa256-pkcs8-aes256cbc", "ecdsa384-pkcs8-des3", "ecdsa256-sec1-aes256cbc",
  };

  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autoptr(GBytes) text = test_load (files[i]);
      g_autoptr(DevSshKeyPair) original = test_import (files[i]);
      g_autoptr(DevSshSecret) bytes = NULL;
      g_autoptr(GError) read_error = NULL;
      DevSshPem pem;

      g_assert_true (devssh_pem_find ((DevSshSlice) { g_bytes_get_data (text, NULL), g_bytes_get_size (text) },
                                      &pem, &read_error));
      bytes = devssh_base64_read (pem.body, &read_error);
      g_assert_no_error (read_error);
      for (gsize at = 0; at < bytes->length; at++)
        {
          g_autoptr(GError) error = NULL;
          g_autoptr(DevSshSecret) clear = NULL;
          g_autoptr(DevSshKeyPair) key = NULL;

          bytes->data[at] ^= (guint8) (1 << (at % 8));
          clear = pem.encrypted
                  ? devssh_key_pem_decrypt (pem.dek_info, devssh_key_secret_slice (bytes), "SEC1", "password", &error)
                  : devssh_key_pbes2_decrypt (devssh_key_secret_slice (bytes), "password", &error);
          bytes->data[at] ^= (guint8) (1 << (at % 8));
          g_assert_true ((clear == NULL) == (error != NULL));
          if (clear == NULL || pem.encrypted)
            continue;
          key = devssh_key_pkcs8_read_private (devssh_key_secret_slice (clear), &error);
          g_assert_true ((key == NULL) == (error != NULL));
          g_assert_true (key == NULL || devssh_key_pair_equal (key, original));
        }
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/keys/passphrase/asked-later/E-69", test_asked_later);
  g_test_add_func ("/keys/passphrase/cancelled", test_cancelled);
  g_test_add_func ("/keys/passphrase/round-trip", test_round_trip);
  g_test_add_func ("/keys/passphrase/openssh/refused/T-80", test_openssh_refused);
  g_test_add_func ("/keys/passphrase/pbes2/refused/T-80", test_pbes2_refused);
  g_test_add_func ("/keys/passphrase/pbes2/sha1", test_pbes2_sha1);
  g_test_add_func ("/keys/passphrase/pbes2/broken-inside/T-80", test_pbes2_broken_inside);
  g_test_add_func ("/keys/passphrase/pem/refused/T-80", test_pem_refused);
  g_test_add_func ("/keys/passphrase/changed/T-80", test_changed);

  return g_test_run ();
}
