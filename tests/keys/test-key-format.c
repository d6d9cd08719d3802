/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Key files: every fixture by listing the folder, exports byte for byte, and everything that must
 * be refused. */
#include <libdevssh/keys/devssh-key-format-private.h>
#include <libdevssh/wire/devssh-numbers.h>

#include "../test-loop.h"

#include <glib/gstdio.h>
#include <string.h>

#include "../crypto/test-free-watch.h"

/* tests/data/keys/README.md, where ssh-keygen wrote the fingerprints */
static const struct { const char *name; const char *fingerprint; const char *type; } fixtures[] = {
  { "rsa2048", "SHA256:L+5oSVRKG3b47OQW+machQDUBtu8Bt0HIn9FwGCSTMU", "ssh-rsa" },
  { "rsa4096", "SHA256:KS4+sHAk/LemrR1ttwSd+u1CNafiRpHv86LxSFM0/tA", "ssh-rsa" },
  { "ecdsa256", "SHA256:AMFDY1DbF5PjGMACLEf60Eg0YVI28gI9IDZ0bedO6Dg", "ecdsa-sha2-nistp256" },
  { "ecdsa384", "SHA256:xv078zo5/ebAW14gwZ01Y8SqtGXtWmu1/llEO4hAq1Y", "ecdsa-sha2-nistp384" },
  { "ecdsa521", "SHA256:WTWnikaNJi2TX7l+htwWKtIzFmdvyxg7N669qgxVNpU", "ecdsa-sha2-nistp521" },
  { "ed25519", "SHA256:6a3bHQjcmIaPBDA4IZ+NJmda5kS4jxR+HqHK4lhPwYc", "ssh-ed25519" },
};

/* So that what is found in freed memory is not the tests' own. */
static void
test_wipe_free (gpointer text)
{
  devssh_secret_strfree (text);
}

static GBytes *
test_load (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "keys", name, NULL);
  g_autoptr(GError) error = NULL;
  char *text = NULL;
  gsize length = 0;

  g_file_get_contents (path, &text, &length, &error);
  g_assert_no_error (error);
  return g_bytes_new_with_free_func (text, length, strlen (text) == length ? test_wipe_free
                                     : g_free, text);
}

static GBytes *
test_load_for (const char *type,
               const char *format)
{
  g_autofree char *name = g_strdup_printf ("%s-%s", type, format);

  return test_load (name);
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

/* ---- every file of the folder ---- */

typedef struct
{
  DevSshKeyFormat format;      /* what it is */
  gboolean        is_private;
  gboolean        encrypted;
  gboolean        binary;
  gboolean        refused;     /* PuTTY's */
} TestExpected;

static TestExpected
test_expect (const char *name)
{
  static const struct { const char *part; DevSshKeyFormat format; gboolean is_private; } rows[] = {
    { "-ppk", DEVSSH_KEY_FORMAT_DEFAULT, TRUE },
    { "-sshcom", DEVSSH_KEY_FORMAT_SSH2, TRUE },
    { "-rfc4716", DEVSSH_KEY_FORMAT_SSH2, FALSE },
    { "-jwk-none", DEVSSH_KEY_FORMAT_JWK, TRUE },
    { "-jwk.pub", DEVSSH_KEY_FORMAT_JWK, FALSE },
    { "-openssh-", DEVSSH_KEY_FORMAT_OPENSSH, TRUE },
    { "-ssh.pub", DEVSSH_KEY_FORMAT_SSH, FALSE },
    { "-spki", DEVSSH_KEY_FORMAT_PKCS8, FALSE },
    { "-pkcs8-", DEVSSH_KEY_FORMAT_PKCS8, TRUE },
    { "-pkcs1-", DEVSSH_KEY_FORMAT_PKCS1, TRUE },
    { "-pkcs1.pub", DEVSSH_KEY_FORMAT_PKCS1, FALSE },
    { "-sec1-", DEVSSH_KEY_FORMAT_SEC1, TRUE },
  };
  TestExpected expected = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      if (strstr (name, rows[i].part) == NULL)
        continue;
      expected.format = rows[i].format;
      expected.is_private = rows[i].is_private;
      expected.refused = rows[i].format == DEVSSH_KEY_FORMAT_DEFAULT;
      expected.binary = g_str_has_suffix (name, ".der") || g_str_has_suffix (name, "-der.pub");
      expected.encrypted = strstr (name, "-aes") != NULL || strstr (name, "-des3") != NULL ||
                           strstr (name, "-chacha") != NULL;
      return expected;
    }
  g_error ("%s: what is this?", name);
}

static void
test_check_key (const char    *name,
                DevSshKeyPair *key,
                gboolean       is_private)
{
  for (guint i = 0; i < G_N_ELEMENTS (fixtures); i++)
    {
      g_autofree char *fingerprint = devssh_key_pair_dup_fingerprint (key);

      if (!g_str_has_prefix (name, fixtures[i].name))
        continue;
      g_assert_cmpstr (fingerprint, ==, fixtures[i].fingerprint);
      g_assert_cmpstr (devssh_key_pair_get_algorithm (key), ==, fixtures[i].type);
      g_assert_cmpint (devssh_key_pair_get_has_private (key), ==, is_private);
      return;
    }
  g_assert_not_reached ();
}

static void
test_check_refused (GBytes          *data,
                    DevSshKeyFormat  format,
                    const char      *passphrase,
                    DevSshError      code,
                    const char      *text)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (devssh_key_pair_import_data (data, format, passphrase, &error));
  g_assert_error (error, DEVSSH_ERROR, (int) code);
  if (text != NULL)
    g_assert_nonnull (strstr (error->message, text));
}

static void
test_check_fixture (const char *name)
{
  TestExpected expected = test_expect (name);
  g_autoptr(GBytes) data = test_load (name);

  if (expected.refused)
    {
      test_check_refused (data, DEVSSH_KEY_FORMAT_DEFAULT, NULL, DEVSSH_ERROR_UNSUPPORTED, "puttygen");
      test_check_refused (data, DEVSSH_KEY_FORMAT_DEFAULT, "password", DEVSSH_ERROR_UNSUPPORTED,
                          "puttygen");
      test_check_refused (data, DEVSSH_KEY_FORMAT_PKCS8, NULL, DEVSSH_ERROR_MALFORMED,
                          "not in the PKCS#8 format");
      return;
    }
  if (expected.encrypted)
    {
      test_check_refused (data, DEVSSH_KEY_FORMAT_DEFAULT, NULL, DEVSSH_ERROR_PASSPHRASE_REQUIRED,
                          devssh_key_format_get_name (expected.format));
      test_check_refused (data, expected.format, NULL, DEVSSH_ERROR_PASSPHRASE_REQUIRED, NULL);
      test_check_refused (data, expected.format, "Password", DEVSSH_ERROR_WRONG_PASSPHRASE, NULL);
      if (g_str_has_prefix (name, "ed25519"))
        test_check_refused (data, expected.format, "", DEVSSH_ERROR_WRONG_PASSPHRASE, NULL);
    }
  if (expected.binary)
    test_check_refused (data, DEVSSH_KEY_FORMAT_DEFAULT, NULL, DEVSSH_ERROR_UNSUPPORTED, "named");

  for (DevSshKeyFormat format = DEVSSH_KEY_FORMAT_DEFAULT; format <= DEVSSH_KEY_FORMAT_JWK; format++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshKeyPair) key = NULL;

      if (expected.binary && format == DEVSSH_KEY_FORMAT_DEFAULT)
        continue;
      if (format != expected.format && format != DEVSSH_KEY_FORMAT_DEFAULT)
        {
          test_check_refused (data, format, NULL, DEVSSH_ERROR_MALFORMED,
                              devssh_key_format_get_name (format));
          continue;
        }
      /* A passphrase that is not needed is not used. */
      key = devssh_key_pair_import_data (data, format, expected.encrypted ? "password" : "not needed",
                                         &error);
      g_assert_no_error (error);
      test_check_key (name, key, expected.is_private);
    }
}

static void
test_fixtures (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "keys", NULL);
  g_autoptr(GDir) folder = g_dir_open (path, 0, NULL);
  const char *name = NULL;
  guint count = 0;

  g_assert_nonnull (folder);
  while ((name = g_dir_read_name (folder)) != NULL)
    {
      if (g_str_equal (name, "README.md") || g_str_equal (name, "generate.sh"))
        continue;
      g_test_message ("%s", name);
      test_check_fixture (name);
      count++;
    }
  g_assert_cmpuint (count, >=, 148);
}

/* ---- writing ---- */

static void
test_assert_same (GBytes *a,
                  GBytes *b)
{
  g_assert_cmpmem (g_bytes_get_data (a, NULL), g_bytes_get_size (a), g_bytes_get_data (b, NULL),
                   g_bytes_get_size (b));
}

/* Every export equals what openssl and ssh-keygen wrote. */
static void
test_export (void)
{
  static const struct { const char *file; DevSshKeyFormat format; gboolean is_private; const char *only; } rows[] = {
    { "ssh.pub", DEVSSH_KEY_FORMAT_SSH, FALSE, "" },
    { "ssh.pub", DEVSSH_KEY_FORMAT_DEFAULT, FALSE, "" },
    { "spki.pub", DEVSSH_KEY_FORMAT_PKCS8, FALSE, "" },
    { "pkcs1.pub", DEVSSH_KEY_FORMAT_PKCS1, FALSE, "rsa" },
    { "pkcs8-none", DEVSSH_KEY_FORMAT_PKCS8, TRUE, "" },
    { "pkcs8-none", DEVSSH_KEY_FORMAT_DEFAULT, TRUE, "" },
    { "pkcs1-none", DEVSSH_KEY_FORMAT_PKCS1, TRUE, "rsa" },
    { "pkcs1-none", DEVSSH_KEY_FORMAT_SEC1, TRUE, "rsa" },
    { "sec1-none", DEVSSH_KEY_FORMAT_SEC1, TRUE, "ecdsa" },
    { "sec1-none", DEVSSH_KEY_FORMAT_PKCS1, TRUE, "ecdsa" },
    { "rfc4716.pub", DEVSSH_KEY_FORMAT_SSH2, FALSE, "" },
    { "sshcom-none", DEVSSH_KEY_FORMAT_SSH2, TRUE, "rsa" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (fixtures); i++)
    {
      g_autofree char *from = g_strconcat (fixtures[i].name, "-pkcs8-none", NULL);
      g_autofree char *line = g_strconcat (fixtures[i].name, "-ssh.pub", NULL);
      g_autoptr(DevSshKeyPair) key = test_import (from);
      g_autoptr(DevSshKeyPair) commented = test_import (line);

      g_assert_nonnull (strchr (devssh_key_pair_get_comment (commented), '@'));
      g_assert_null (devssh_key_pair_get_comment (key));
      devssh_key_pair_set_comment (key, devssh_key_pair_get_comment (commented));
      for (guint j = 0; j < G_N_ELEMENTS (rows); j++)
        {
          g_autoptr(GBytes) expected = NULL;
          g_autoptr(GBytes) written = NULL;
          g_autoptr(GError) error = NULL;

          if (!g_str_has_prefix (fixtures[i].name, rows[j].only))
            continue;
          expected = test_load_for (fixtures[i].name, rows[j].file);
          if (rows[j].format == DEVSSH_KEY_FORMAT_SSH2)
            {
              g_autofree char *with_comment = g_strdup_printf ("%s-%s", fixtures[i].name, rows[j].file);
              g_autoptr(DevSshKeyPair) other = test_import (with_comment);

              devssh_key_pair_set_comment (key, devssh_key_pair_get_comment (other));
            }
          written = rows[j].is_private
                    ? devssh_key_pair_export_private (key, rows[j].format, NULL, &error)
                                       : devssh_key_pair_export_public (key, rows[j].format,
                                                                        &error);
          g_assert_no_error (error);
          test_assert_same (written, expected);
        }
    }
}

static void
test_export_openssh (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (fixtures); i++)
    {
      g_autofree char *from = g_strconcat (fixtures[i].name, "-openssh-none", NULL);
      g_autoptr(DevSshKeyPair) key = test_import (from);
      g_autoptr(GBytes) original = test_load (from);
      g_autoptr(GBytes) written = NULL;
      g_autoptr(GBytes) second = NULL;
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshKeyPair) again = NULL;

      devssh_key_pair_set_comment (key, "Aña's key, with spaces");
      written = devssh_key_pair_export_private (key, DEVSSH_KEY_FORMAT_OPENSSH, NULL, &error);
      g_assert_no_error (error);
      again = devssh_key_pair_import_data (written, DEVSSH_KEY_FORMAT_OPENSSH, NULL, &error);
      g_assert_no_error (error);
      g_assert_true (devssh_key_pair_equal (key, again));
      g_assert_true (devssh_key_pair_get_has_private (again));
      g_assert_cmpstr (devssh_key_pair_get_comment (again), ==, "Aña's key, with spaces");

      /* The check numbers are random; everything else is as ssh-keygen has it. */
      second = devssh_key_pair_export_private (key, DEVSSH_KEY_FORMAT_OPENSSH, NULL, &error);
      g_assert_no_error (error);
      g_assert_false (g_bytes_equal (written, second));
      g_clear_object (&key);
      key = test_import (from);
      g_clear_pointer (&written, g_bytes_unref);
      written = devssh_key_pair_export_private (key, DEVSSH_KEY_FORMAT_OPENSSH, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (g_bytes_get_size (written), ==, g_bytes_get_size (original));
      {
        DevSshPem a, b;
        g_autoptr(DevSshSecret) a_bytes = NULL;
        g_autoptr(DevSshSecret) b_bytes = NULL;
        DevSshReader reader;
        gsize check = 0;

        g_assert_true (devssh_pem_find ((DevSshSlice) { g_bytes_get_data (written, NULL),
                                                        g_bytes_get_size (written) }, &a, NULL));
        g_assert_true (devssh_pem_find ((DevSshSlice) { g_bytes_get_data (original, NULL),
                                                        g_bytes_get_size (original) }, &b, NULL));
        a_bytes = devssh_base64_read (a.body, NULL);
        b_bytes = devssh_base64_read (b.body, NULL);
        devssh_reader_init (&reader, a_bytes->data, a_bytes->length);
        devssh_reader_take (&reader, 15);
        for (guint j = 0; j < 3; j++)
          devssh_reader_get_slice (&reader);
        devssh_reader_get_uint32 (&reader);
        devssh_reader_get_slice (&reader);
        check = (gsize) (devssh_reader_get_slice (&reader).data - a_bytes->data);
        memcpy (a_bytes->data + check, b_bytes->data + check, 8);
        g_assert_cmpmem (a_bytes->data, a_bytes->length, b_bytes->data, b_bytes->length);
      }
    }
}

/* From format to format and back to the first bytes. */
static void
test_export_chain (void)
{
  static const DevSshKeyFormat chain[] = {
    DEVSSH_KEY_FORMAT_PKCS1, DEVSSH_KEY_FORMAT_OPENSSH, DEVSSH_KEY_FORMAT_PKCS8, DEVSSH_KEY_FORMAT_SEC1,
    DEVSSH_KEY_FORMAT_JWK, DEVSSH_KEY_FORMAT_SSH2, DEVSSH_KEY_FORMAT_OPENSSH, DEVSSH_KEY_FORMAT_PKCS8,
    DEVSSH_KEY_FORMAT_JWK, DEVSSH_KEY_FORMAT_PKCS8,
  };

  for (guint i = 0; i < G_N_ELEMENTS (fixtures); i++)
    {
      g_autoptr(GBytes) first = test_load_for (fixtures[i].name, "pkcs8-none");
      g_autoptr(GBytes) text = g_bytes_ref (first);

      for (guint j = 0; j < G_N_ELEMENTS (chain); j++)
        {
          g_autoptr(GError) error = NULL;
          g_autoptr(DevSshKeyPair) key = devssh_key_pair_import_data (text,
                                                                      DEVSSH_KEY_FORMAT_DEFAULT, "password", &error);
          gboolean old = chain[j] == DEVSSH_KEY_FORMAT_PKCS1 || chain[j] == DEVSSH_KEY_FORMAT_SEC1;
          gboolean encrypt = j + 1 < G_N_ELEMENTS (chain) && i % 2 == 0 &&
                             (chain[j] == DEVSSH_KEY_FORMAT_PKCS8 || chain[j] == DEVSSH_KEY_FORMAT_OPENSSH);

          g_assert_no_error (error);
          test_check_key (fixtures[i].name, key, TRUE);
          if (g_str_equal (fixtures[i].type, "ssh-ed25519") && old)
            continue;
          if (!g_str_equal (fixtures[i].type, "ssh-rsa") && chain[j] == DEVSSH_KEY_FORMAT_SSH2)
            continue;
          g_clear_pointer (&text, g_bytes_unref);
          text = devssh_key_pair_export_private (key, chain[j], encrypt ? "password" : NULL, &error);
          g_assert_no_error (error);
        }
      test_assert_same (text, first);
    }
}

static void
test_export_refused (void)
{
  g_autoptr(DevSshKeyPair) rsa = test_import ("rsa2048-pkcs8-none");
  g_autoptr(DevSshKeyPair) ecdsa = test_import ("ecdsa256-pkcs8-none");
  g_autoptr(DevSshKeyPair) ed25519 = test_import ("ed25519-pkcs8-none");
  g_autoptr(DevSshKeyPair) public_key = devssh_key_pair_copy_public (rsa);
  const struct { DevSshKeyPair *key; DevSshKeyFormat format; gboolean is_private; const char *passphrase; DevSshError code; const char *text; } rows[] = {
    { ecdsa, DEVSSH_KEY_FORMAT_PKCS1, FALSE, NULL, DEVSSH_ERROR_UNSUPPORTED, "PKCS#1" },
    { ed25519, DEVSSH_KEY_FORMAT_PKCS1, FALSE, NULL, DEVSSH_ERROR_UNSUPPORTED, "PKCS#1" },
    { rsa, DEVSSH_KEY_FORMAT_SEC1, FALSE, NULL, DEVSSH_ERROR_UNSUPPORTED, "SEC1" },
    { rsa, DEVSSH_KEY_FORMAT_OPENSSH, FALSE, NULL, DEVSSH_ERROR_UNSUPPORTED, "OpenSSH" },
    { rsa, DEVSSH_KEY_FORMAT_SSH, TRUE, NULL, DEVSSH_ERROR_UNSUPPORTED, "SSH" },
    { ecdsa, DEVSSH_KEY_FORMAT_SSH2, TRUE, NULL, DEVSSH_ERROR_UNSUPPORTED, "SSH2" },
    { ed25519, DEVSSH_KEY_FORMAT_SSH2, TRUE, NULL, DEVSSH_ERROR_UNSUPPORTED, "SSH2" },
    { ed25519, DEVSSH_KEY_FORMAT_PKCS1, TRUE, NULL, DEVSSH_ERROR_UNSUPPORTED, "PKCS#1" },
    { ed25519, DEVSSH_KEY_FORMAT_SEC1, TRUE, NULL, DEVSSH_ERROR_UNSUPPORTED, "SEC1" },
    { rsa, DEVSSH_KEY_FORMAT_PKCS1, TRUE, "password", DEVSSH_ERROR_UNSUPPORTED, "PKCS#1" },
    { ecdsa, DEVSSH_KEY_FORMAT_SEC1, TRUE, "password", DEVSSH_ERROR_UNSUPPORTED, "SEC1" },
    { rsa, DEVSSH_KEY_FORMAT_SSH2, TRUE, "password", DEVSSH_ERROR_UNSUPPORTED, "SSH2" },
    { rsa, DEVSSH_KEY_FORMAT_JWK, TRUE, "password", DEVSSH_ERROR_UNSUPPORTED, "JWK" },
    { rsa, DEVSSH_KEY_FORMAT_PKCS8, TRUE, "", DEVSSH_ERROR_UNSUPPORTED, "empty" },
    { rsa, DEVSSH_KEY_FORMAT_OPENSSH, TRUE, "", DEVSSH_ERROR_UNSUPPORTED, "empty" },
    { public_key, DEVSSH_KEY_FORMAT_JWK, TRUE, NULL, DEVSSH_ERROR_NO_PRIVATE_KEY, NULL },
    { public_key, DEVSSH_KEY_FORMAT_SSH2, TRUE, NULL, DEVSSH_ERROR_NO_PRIVATE_KEY, NULL },
    { public_key, DEVSSH_KEY_FORMAT_PKCS8, TRUE, NULL, DEVSSH_ERROR_NO_PRIVATE_KEY, NULL },
    { public_key, DEVSSH_KEY_FORMAT_OPENSSH, TRUE, NULL, DEVSSH_ERROR_NO_PRIVATE_KEY, NULL },
    { public_key, DEVSSH_KEY_FORMAT_PKCS1, TRUE, NULL, DEVSSH_ERROR_NO_PRIVATE_KEY, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(GError) error = NULL;

      if (rows[i].is_private)
        g_assert_null (devssh_key_pair_export_private (rows[i].key, rows[i].format,
                                                       rows[i].passphrase, &error));
      else
        g_assert_null (devssh_key_pair_export_public (rows[i].key, rows[i].format, &error));
      g_assert_error (error, DEVSSH_ERROR, (int) rows[i].code);
      if (rows[i].text != NULL)
        g_assert_nonnull (strstr (error->message, rows[i].text));
    }
}

/* A comment must not become a second line of an authorized_keys file, nor another header. */
static void
test_export_comment (void)
{
  g_autoptr(DevSshKeyPair) key = test_import ("ed25519-ssh.pub");
  g_autoptr(GBytes) line = NULL;
  g_autoptr(GBytes) ssh2 = NULL;
  g_autoptr(GBytes) jwk = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshKeyPair) again = NULL;
  const char *text = NULL;
  gsize length = 0;

  devssh_key_pair_set_comment (key, "a\nssh-ed25519 AAAA\r\nb");
  line = devssh_key_pair_export_public (key, DEVSSH_KEY_FORMAT_SSH, &error);
  g_assert_no_error (error);
  text = g_bytes_get_data (line, &length);
  g_assert_true (memchr (text, '\n', length) == text + length - 1);
  g_assert_null (memchr (text, '\r', length));

  ssh2 = devssh_key_pair_export_public (key, DEVSSH_KEY_FORMAT_SSH2, &error);
  g_assert_no_error (error);
  again = devssh_key_pair_import_data (ssh2, DEVSSH_KEY_FORMAT_DEFAULT, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (devssh_key_pair_get_comment (again), ==, "a ssh-ed25519 AAAA  b");
  g_clear_object (&again);

  jwk = devssh_key_pair_export_public (key, DEVSSH_KEY_FORMAT_JWK, &error);
  g_assert_no_error (error);
  again = devssh_key_pair_import_data (jwk, DEVSSH_KEY_FORMAT_DEFAULT, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (devssh_key_pair_get_comment (again), ==, devssh_key_pair_get_comment (key));
}

/* ---- forms that openssl, RFC 8410 and people write ---- */

static GBytes *
test_text (const char *text)
{
  return g_bytes_new_static (text, strlen (text));
}

/* From tests/data/keys/ecdsa256-sec1-none with openssl 3.0.22: ec -no_public; ec -conv_form
 * compressed; pkey -ec_conv_form compressed of that. */
static const char * const ecdsa256_forms[] = {
  "-----BEGIN EC PRIVATE KEY-----\n"
  "MDECAQEEIDf5M76tLwLwmxKcMCJiAZ5fzCbaSXazc7hs7EQqVC+coAoGCCqGSM49\n"
  "AwEH\n"
  "-----END EC PRIVATE KEY-----\n",
  "-----BEGIN EC PRIVATE KEY-----\n"
  "MFcCAQEEIDf5M76tLwLwmxKcMCJiAZ5fzCbaSXazc7hs7EQqVC+coAoGCCqGSM49\n"
  "AwEHoSQDIgAClzvRAhDVfzBDnBn++9dQGG0zcHLqNbQVd/WRmeHZyBk=\n"
  "-----END EC PRIVATE KEY-----\n",
  "-----BEGIN PRIVATE KEY-----\n"
  "MGcCAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQcETTBLAgEBBCA3+TO+rS8C8JsSnDAi\n"
  "YgGeX8wm2kl2s3O4bOxEKlQvnKEkAyIAApc70QIQ1X8wQ5wZ/vvXUBhtM3By6jW0\n"
  "FXf1kZnh2cgZ\n"
  "-----END PRIVATE KEY-----\n",
  /* as `openssl ecparam -genkey` writes it, with the curve in front; words and line ends of others
   * around it */
  "a key of mine\r\n"
  "-----BEGIN EC PARAMETERS-----\r\n"
  "BggqhkjOPQMBBw==\r\n"
  "-----END EC PARAMETERS-----\r\n"
  "-----BEGIN EC PRIVATE KEY-----\r\n"
  "Comment: nothing of importance\r\n"
  "\r\n"
  "MDECAQEEIDf5M76tLwLwmxKcMCJiAZ5fzCbaSXazc7hs7EQqVC+coAoGCCqGSM49\r\n"
  "  AwEH\r\n"
  "-----END EC PRIVATE KEY-----   \r\n"
  "and no more\r\n",
};

static void
test_ecdsa_forms (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (ecdsa256_forms); i++)
    {
      g_autoptr(GBytes) text = test_text (ecdsa256_forms[i]);
      g_autoptr(GBytes) expected = test_load ("ecdsa256-pkcs8-none");
      g_autoptr(GBytes) written = NULL;
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshKeyPair) key = devssh_key_pair_import_data (text, DEVSSH_KEY_FORMAT_DEFAULT,
                                                                  NULL, &error);

      g_assert_no_error (error);
      test_check_key ("ecdsa256", key, TRUE);
      written = devssh_key_pair_export_private (key, DEVSSH_KEY_FORMAT_PKCS8, NULL, &error);
      g_assert_no_error (error);
      test_assert_same (written, expected);
    }
}

/* RFC 8410, 10.1 and 10.3: the public key, the private one, and the second version with both and an
 * attribute */
static const char rfc8410_public[] =
  "-----BEGIN PUBLIC KEY-----\n"
  "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
  "-----END PUBLIC KEY-----\n";
static const char rfc8410_private[] =
  "-----BEGIN PRIVATE KEY-----\n"
  "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
  "-----END PRIVATE KEY-----\n";
static const char rfc8410_both[] =
  "-----BEGIN PRIVATE KEY-----\n"
  "MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
  "oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB\n"
  "Z9w7lshQhqowtrbLDFw4rXAxZuE=\n"
  "-----END PRIVATE KEY-----\n";
/* and that with a bit of the public key changed */
static const char rfc8410_mismatch[] =
  "-----BEGIN PRIVATE KEY-----\n"
  "MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
  "oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB\n"
  "Z9w7lshQhqowtrbLDFw4rXAxZuA=\n"
  "-----END PRIVATE KEY-----\n";

static void
test_ed25519_forms (void)
{
  const char *texts[] = { rfc8410_public, rfc8410_private, rfc8410_both };
  g_autoptr(GBytes) mismatch = test_text (rfc8410_mismatch);
  g_autoptr(DevSshKeyPair) first = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr(GBytes) text = test_text (texts[i]);
      g_autoptr(GBytes) written = NULL;
      g_autoptr(GBytes) expected = test_text (i == 0 ? rfc8410_public : rfc8410_private);
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshKeyPair) key = devssh_key_pair_import_data (text, DEVSSH_KEY_FORMAT_PKCS8,
                                                                  NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpint (devssh_key_pair_get_has_private (key), ==, i > 0);
      written = i == 0 ? devssh_key_pair_export_public (key, DEVSSH_KEY_FORMAT_PKCS8, &error)
                       : devssh_key_pair_export_private (key, DEVSSH_KEY_FORMAT_PKCS8, NULL,
                                                         &error);
      g_assert_no_error (error);
      test_assert_same (written, expected);
      if (first == NULL)
        first = g_object_ref (key);
      g_assert_true (devssh_key_pair_equal (first, key));
    }
  test_check_refused (mismatch, DEVSSH_KEY_FORMAT_DEFAULT, NULL, DEVSSH_ERROR_MALFORMED, NULL);
}

/* Made with openssl 3.0.22: genpkey -algorithm EC with secp256k1, genpkey -algorithm X25519, genrsa
 * 1024, ec -param_enc explicit */
static const char * const unsupported[] = {
  "-----BEGIN PRIVATE KEY-----\n"
  "MIGEAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgDS3hTvKeFhHOoBizvv1M\n"
  "Ub04s9uXxGKte+R4o/tNw7qhRANCAAQJhsA9E4I+pxmd4haXrWR41c1XzdvqvWpi\n"
  "3c5T1VAdY4OrRkA+DMzDA6pb2uuNGWfk60rsGYIuu/Hn533Q6GWI\n"
  "-----END PRIVATE KEY-----\n",
  "-----BEGIN PRIVATE KEY-----\n"
  "MC4CAQAwBQYDK2VuBCIEILB6/gV6/bdn/VxTjJP8rZiRlab91Bd6q9eM7nTUZnNW\n"
  "-----END PRIVATE KEY-----\n",
  "-----BEGIN PUBLIC KEY-----\n"
  "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC78QMA5/60iW4arWRKTrxFZPXj\n"
  "dSXPgL5giC8mEQPiBS6/RDPbHIoTO/vYSJ52rXDj0yUIR4Wfu0Inxc/XnJ46lM6m\n"
  "+ccQdpQMJVMYu9P9d8UK/JZQ1Zl8N9yGo3stsnCsBdqY5UBcyyzrUNLxRDvy9YXl\n"
  "JviuVqqNhgSWC2VlYQIDAQAB\n"
  "-----END PUBLIC KEY-----\n",
  "-----BEGIN EC PRIVATE KEY-----\n"
  "MIIBaAIBAQQgN/kzvq0vAvCbEpwwImIBnl/MJtpJdrNzuGzsRCpUL5yggfowgfcC\n"
  "AQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAAAAAAAAAAAAAA////////////////\n"
  "MFsEIP////8AAAABAAAAAAAAAAAAAAAA///////////////8BCBaxjXYqjqT57Pr\n"
  "vVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMVAMSdNgiG5wSTamZ44ROdJreBn36QBEEE\n"
  "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54W\n"
  "K84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA//////////+85vqtpxeehPO5ysL8\n"
  "YyVRAgEBoUQDQgAElzvRAhDVfzBDnBn++9dQGG0zcHLqNbQVd/WRmeHZyBkXJa8g\n"
  "WA+iAxyeUom6rp7OQ8KrNWuZ5lET9JjtdaJHKA==\n"
  "-----END EC PRIVATE KEY-----\n",
  "-----BEGIN DSA PRIVATE KEY-----\nAAAA\n-----END DSA PRIVATE KEY-----\n",
  "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
  "ssh-dss AAAAB3NzaC1kc3MAAAAAAAAAAAAAAAAAAAAA a@b\n",
  "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAA a@b\n",
  "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAA\n",
};

static void
test_unsupported (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (unsupported); i++)
    {
      g_autoptr(GBytes) text = test_text (unsupported[i]);

      test_check_refused (text, DEVSSH_KEY_FORMAT_DEFAULT, NULL, DEVSSH_ERROR_UNSUPPORTED, NULL);
    }
}

#define LINE "AAAAC3NzaC1lZDI1NTE5AAAAIM0PGuzFSO2Ues+2P2tTI4zCtOZTmMuaMrYT1Dm0nLlL"

static void
test_lines (void)
{
  static const struct { const char *text; const char *comment; } good[] = {
    { "ssh-ed25519 " LINE, NULL },
    { "ssh-ed25519 " LINE "\n", NULL },
    { "\n  ssh-ed25519\t " LINE "  \r\n", NULL },
    { "ssh-ed25519 " LINE " alice@example.com\n", "alice@example.com" },
    { "ssh-ed25519 " LINE "   Aña's  laptop \r\n\n", "Aña's  laptop" },
    { "ssh-ed25519 " LINE " \xff\n", "\xef\xbf\xbd" },
  };
  static const char * const bad[] = {
    "ssh-rsa " LINE "\n",                    /* another type than the key's */
    "ssh-ed25519\n", "ssh-ed25519 \n", "ssh-", "ssh-ed25519 AAAA*\n",
    "ssh-ed25519 " LINE "A\n", "ssh-ed25519 " LINE "AAAA\n", "ssh-ed25519 " LINE "=\n",
    "ssh-ed25519 " LINE " a\nssh-ed25519 " LINE " b\n",
    "no-pty ssh-ed25519 " LINE "\n", "# comment\nssh-ed25519 " LINE "\n", "", "\n\n", "hello",
    "-----BEGIN -----\n-----END -----x\n", "-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\nMC4C\n",
    "-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PUBLIC KEY-----\n",
    "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
    "-----BEGIN PRIVATE KEY-----\nMC4=AQ==\n-----END PRIVATE KEY-----\n",
    "-----BEGIN OPENSSH PRIVATE KEY-----\nMC4CAQAw\n-----END OPENSSH PRIVATE KEY-----\n",
    "---- BEGIN SSH2 PUBLIC KEY", "PuTTY-User", "0", "00", "\x30\x80\x00\x00", "\x30\x00", "\x30\x01\x02",
  };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr(GBytes) text = test_text (good[i].text);
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshKeyPair) key = devssh_key_pair_import_data (text, DEVSSH_KEY_FORMAT_DEFAULT,
                                                                  NULL, &error);

      g_assert_no_error (error);
      test_check_key ("ed25519", key, FALSE);
      g_assert_cmpstr (devssh_key_pair_get_comment (key), ==, good[i].comment);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GBytes) text = test_text (bad[i]);

      for (DevSshKeyFormat format = DEVSSH_KEY_FORMAT_DEFAULT; format <= DEVSSH_KEY_FORMAT_JWK; format++)
        {
          g_autoptr(GError) error = NULL;

          g_assert_null (devssh_key_pair_import_data (text, format, NULL, &error));
          g_assert_nonnull (error);
        }
    }
}

/* ---- T-80 ---- */

static void
test_too_large (void)
{
  gsize length = DEVSSH_KEY_FILE_MAX_SIZE + 1;
  char *text = g_strnfill (length, '\n');
  g_autoptr(GBytes) large = NULL;
  g_autoptr(GBytes) fits = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshKeyPair) key = NULL;

  memcpy (text, rfc8410_private, sizeof rfc8410_private - 1);
  large = g_bytes_new_take (text, length);
  fits = g_bytes_new_from_bytes (large, 0, length - 1);
  test_check_refused (large, DEVSSH_KEY_FORMAT_DEFAULT, NULL, DEVSSH_ERROR_LIMIT, NULL);
  key = devssh_key_pair_import_data (fits, DEVSSH_KEY_FORMAT_DEFAULT, NULL, &error);
  g_assert_no_error (error);
}

/* A container as ssh-keygen writes it, one thing of it changed. */
typedef enum
{
  OPENSSH_GOOD, OPENSSH_CHECK, OPENSSH_PADDING, OPENSSH_NO_PADDING, OPENSSH_LONG_PADDING, OPENSSH_OTHER_PUBLIC,
  OPENSSH_TWO_KEYS, OPENSSH_NO_KEY, OPENSSH_TRAILING, OPENSSH_MAGIC, OPENSSH_KDF, OPENSSH_KDF_OPTIONS, OPENSSH_CIPHER,
  OPENSSH_NO_COMMENT, N_OPENSSH
} TestContainer;

static GBytes *
test_container (DevSshKeyPair *key,
                DevSshKeyPair *other,
                TestContainer  change)
{
  g_autoptr(DevSshWriter) section = devssh_writer_new ();
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();
  g_autoptr(GBytes) public_blob = devssh_key_pair_get_public_blob (change == OPENSSH_OTHER_PUBLIC
                                                                   ? other : key);
  g_autoptr(GBytes) bytes = NULL;
  guint8 i = 1;

  devssh_writer_put_uint32 (section, 0x01020304);
  devssh_writer_put_uint32 (section, change == OPENSSH_CHECK ? 0x01020305 : 0x01020304);
  g_assert_true (devssh_key_pair_put_private_fields (key, section, NULL));
  if (change != OPENSSH_NO_COMMENT)
    devssh_writer_put_utf8 (section, "some comment");
  while (change != OPENSSH_NO_PADDING && section->length % 8 != 0)
    devssh_writer_put_byte (section, change == OPENSSH_PADDING ? 0 : i++);
  for (guint j = 0; change == OPENSSH_LONG_PADDING && j < 24; j++)
    devssh_writer_put_byte (section, i++);

  devssh_writer_put_bytes (writer,
                           (const guint8 *) (change == OPENSSH_MAGIC ? "openssh-key-v2"
                                             : "openssh-key-v1"), 15);
  devssh_writer_put_utf8 (writer, change == OPENSSH_CIPHER ? "aes256-ctr" : "none");
  devssh_writer_put_utf8 (writer, change == OPENSSH_KDF ? "bcrypt" : "none");
  devssh_writer_put_utf8 (writer, change == OPENSSH_KDF_OPTIONS ? "x" : "");
  devssh_writer_put_uint32 (writer, change == OPENSSH_TWO_KEYS ? 2 : change == OPENSSH_NO_KEY ? 0
                            : 1);
  devssh_writer_put_string (writer, g_bytes_get_data (public_blob, NULL),
                            g_bytes_get_size (public_blob));
  devssh_writer_put_string (writer, section->data, section->length);
  if (change == OPENSSH_TRAILING)
    devssh_writer_put_byte (writer, 0);
  bytes = devssh_writer_end (writer);
  return devssh_pem_write ("OPENSSH PRIVATE KEY", g_bytes_get_data (bytes, NULL),
                           g_bytes_get_size (bytes), 70);
}

static void
test_openssh_refused (void)
{
  g_autoptr(DevSshKeyPair) key = test_import ("ed25519-pkcs8-none");
  g_autoptr(DevSshKeyPair) other = test_import ("ecdsa256-pkcs8-none");

  for (TestContainer change = OPENSSH_GOOD; change < N_OPENSSH; change++)
    {
      g_autoptr(GBytes) text = test_container (key, other, change);
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshKeyPair) read = devssh_key_pair_import_data (text, DEVSSH_KEY_FORMAT_DEFAULT,
                                                                   NULL, &error);

      if (change == OPENSSH_GOOD)
        {
          g_assert_no_error (error);
          g_assert_cmpstr (devssh_key_pair_get_comment (read), ==, "some comment");
          continue;
        }
      g_assert_null (read);
      if (change == OPENSSH_CIPHER || change == OPENSSH_TWO_KEYS || change == OPENSSH_NO_KEY)
        g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED);
      else if (change == OPENSSH_NO_COMMENT)
        g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_TRUNCATED);
      else
        g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED);
    }
}

typedef DevSshKeyPair *(*TestRead) (DevSshSlice data, GError **error);

static DevSshKeyPair *
test_read_openssh (DevSshSlice   data,
                   GError      **error)
{
  return devssh_key_openssh_read (data, NULL, error);
}

static DevSshKeyPair *
test_read_pkcs1 (DevSshSlice   data,
                 GError      **error)
{
  DEVSSH_WRITER_AUTO (fields);

  return devssh_key_pkcs1_read_private (data, &fields, error)
         ? devssh_key_new_for_fields (&fields, error) : NULL;
}

static DevSshKeyPair *
test_read_sec1 (DevSshSlice   data,
                GError      **error)
{
  DEVSSH_WRITER_AUTO (fields);

  return devssh_key_sec1_read (data, NULL, &fields, error)
         ? devssh_key_new_for_fields (&fields, error) : NULL;
}

static DevSshKeyPair *
test_read_encrypted (DevSshSlice   data,
                     GError      **error)
{
  g_autoptr(DevSshSecret) clear = devssh_key_pbes2_decrypt (data, "password", error);

  return clear != NULL ? devssh_key_pkcs8_read_private (devssh_key_secret_slice (clear), error) : NULL;
}

static DevSshKeyPair *
test_read_ssh2 (DevSshSlice   data,
                GError      **error)
{
  return devssh_key_ssh2_read_bytes (data, "password", error);
}

static const struct { const char *name; const char *only; TestRead read; } readers[] = {
  { "openssh-none", "", test_read_openssh },
  { "pkcs8-none", "", devssh_key_pkcs8_read_private },
  { "spki.pub", "", devssh_key_pkcs8_read_public },
  { "pkcs1-none", "rsa2048", test_read_pkcs1 },
  { "sec1-none", "ecdsa", test_read_sec1 },
  { "pkcs8-aes128cbc", "ecdsa256", test_read_encrypted },
  { "sshcom-none", "rsa2048", test_read_ssh2 },
  { "sshcom-des3cbc", "rsa2048", test_read_ssh2 },
};

static DevSshSecret *
test_unarmour (GBytes *text)
{
  DevSshPem pem;
  g_autoptr(GError) error = NULL;
  DevSshSecret *bytes = NULL;
  const char *ssh2 = g_strstr_len (g_bytes_get_data (text, NULL), (gssize) g_bytes_get_size (text),
                                   "Comment: \"\"\n");

  if (ssh2 != NULL)
    {
      const char *end = strstr (ssh2, "---- END");

      ssh2 = strchr (ssh2, '\n') + 1;
      bytes = devssh_base64_read ((DevSshSlice) { (const guint8 *) ssh2, (gsize) (end - ssh2) }, &error);
      g_assert_no_error (error);
      return bytes;
    }

  g_assert_true (devssh_pem_find ((DevSshSlice) { g_bytes_get_data (text, NULL),
                                                  g_bytes_get_size (text) }, &pem, &error));
  g_assert_no_error (error);
  bytes = devssh_base64_read (pem.body, &error);
  g_assert_no_error (error);
  return bytes;
}

/* Cut anywhere, or one byte longer: refused, and nothing is read past the end. */
static void
test_cut (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (fixtures); i++)
    {
      for (guint j = 0; j < G_N_ELEMENTS (readers); j++)
        {
          g_autoptr(GBytes) text = NULL;
          g_autoptr(DevSshSecret) bytes = NULL;
          g_autofree guint8 *longer = NULL;
          g_autoptr(GError) error = NULL;
          gsize step = g_str_has_prefix (fixtures[i].name, "rsa") ? 9 : 1;

          if (!g_str_has_prefix (fixtures[i].name, readers[j].only))
            continue;
          text = test_load_for (fixtures[i].name, readers[j].name);
          bytes = test_unarmour (text);
          for (gsize cut = 0; cut < bytes->length; cut += step)
            {
              g_autofree guint8 *copy = g_memdup2 (bytes->data, cut);
              g_autoptr(GError) cut_error = NULL;

              g_assert_null (readers[j].read ((DevSshSlice) { copy, cut }, &cut_error));
              g_assert_nonnull (cut_error);
            }
          longer = g_malloc0 (bytes->length + 1);
          memcpy (longer, bytes->data, bytes->length);
          g_assert_null (readers[j].read ((DevSshSlice) { longer, bytes->length + 1 }, &error));
          g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED);
        }
    }
}

/* One bit anywhere: refused, or a key whose halves belong together all the same (a changed comment,
 * an encoding that OpenSSL tolerates). */
static void
test_changed (void)
{
  g_autoptr(GBytes) data = g_bytes_new_static ("data", 4);

  for (guint i = 0; i < G_N_ELEMENTS (fixtures); i++)
    {
      for (guint j = 0; j < G_N_ELEMENTS (readers); j++)
        {
          g_autoptr(GBytes) text = NULL;
          g_autoptr(DevSshSecret) bytes = NULL;
          gsize step = g_str_has_prefix (fixtures[i].name, "rsa") ? 7 : 1;

          if (!g_str_has_prefix (fixtures[i].name, readers[j].only))
            continue;
          text = test_load_for (fixtures[i].name, readers[j].name);
          bytes = test_unarmour (text);
          for (gsize at = 0; at < bytes->length; at += step)
            {
              g_autoptr(GError) error = NULL;
              g_autoptr(DevSshKeyPair) key = NULL;

              bytes->data[at] ^= (guint8) (1 << (at % 8));
              key = readers[j].read (devssh_key_secret_slice (bytes), &error);
              bytes->data[at] ^= (guint8) (1 << (at % 8));
              g_assert_true ((key == NULL) == (error != NULL));
              if (key != NULL && devssh_key_pair_get_has_private (key))
                {
                  g_autoptr(GBytes) signature = devssh_key_pair_sign (key, NULL, data, NULL);
                  static const char * const all[] = {
                    "ssh-ed25519", "rsa-sha2-512", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", NULL
                  };

                  g_assert_true (devssh_key_pair_verify (key, devssh_key_pair_pick (key, all), data,
                                                         signature, NULL));
                }
            }
        }
    }
}

/* T-82: nothing of the private half in freed memory, neither as bytes nor as base64. */
static void
test_wiped (void)
{
  static const DevSshKeyFormat formats[] = { DEVSSH_KEY_FORMAT_PKCS8, DEVSSH_KEY_FORMAT_OPENSSH,
                                             DEVSSH_KEY_FORMAT_PKCS1, DEVSSH_KEY_FORMAT_SSH2,
                                             DEVSSH_KEY_FORMAT_JWK };
  static const char * const files[] = {
    "pkcs8-none", "openssh-none", "pkcs1-none", "sec1-none", "sshcom-none", "jwk-none.json",
    "pkcs8-aes256cbc", "pkcs8-des3", "openssh-aes256ctr", "openssh-aes256gcm", "openssh-chacha20",
    "pkcs1-des3cbc", "sec1-aes256cbc", "sshcom-des3cbc",
  };

  for (guint i = 0; i < G_N_ELEMENTS (fixtures); i++)
    {
      for (guint j = 0; j < G_N_ELEMENTS (files); j++)
        {
          g_autofree char *name = g_strdup_printf ("%s-%s", fixtures[i].name, files[j]);
          g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "keys", name, NULL);
          g_autoptr(GFile) file = g_file_new_for_path (path);
          g_autoptr(DevSshKeyPair) key = NULL;
          g_autofree guint8 *secret = g_malloc (24);
          gsize length = 0;

          if (!g_file_query_exists (file, NULL))
            continue;
          /* bcrypt takes its time. */
          if (strstr (name, "openssh-") != NULL && strstr (name, "none") == NULL && i < G_N_ELEMENTS (fixtures) - 1)
            continue;
          key = test_import (name);
          {
            DEVSSH_WRITER_AUTO (writer);

            g_assert_true (devssh_key_pair_put_private_fields (key, &writer, NULL));
            length = writer.length;
            /* inside the seed, the scalar, or the last of the primes */
            memcpy (secret,
                    writer.data + length - (g_str_equal (fixtures[i].type, "ssh-ed25519") ? 60
                                            : 28), 24);
          }

          /* the bytes, the bytes from their other end, base64 of the file */
          for (guint way = 0; way < 3; way++)
            {
              g_autoptr(DevSshKeyPair) again = NULL;

              if (way == 1)
                {
                  for (guint k = 0; k < 12; k++)
                    {
                      guint8 byte = secret[k];

                      secret[k] = secret[23 - k];
                      secret[23 - k] = byte;
                    }
                }
              if (way == 2)
                {
                  g_autoptr(GBytes) text = test_load (name);
                  const char *begin = g_bytes_get_data (text, &length);

                  /* the shortest file, PKCS#8 of Ed25519, has 119 bytes, and 27 behind its base64 */
                  g_assert_cmpuint (length, >=, 90);
                  memcpy (secret, begin + length - 90, 24);
                }
              test_watch_begin (secret, 24);
              again = devssh_key_pair_import_file (file, DEVSSH_KEY_FORMAT_DEFAULT, "password", NULL,
                                                   NULL);
              g_assert_nonnull (again);
              for (guint k = 0; k < G_N_ELEMENTS (formats); k++)
                {
                  g_autoptr(GBytes) text = devssh_key_pair_export_private (again, formats[k], NULL,
                                                                           NULL);

                  g_assert_true (text != NULL || formats[k] == DEVSSH_KEY_FORMAT_PKCS1 ||
                                 formats[k] == DEVSSH_KEY_FORMAT_SSH2);
                }
              if (j == 0)
                {
                  g_autoptr(GBytes) pkcs8 = devssh_key_pair_export_private (again, DEVSSH_KEY_FORMAT_PKCS8,
                                                                            "password", NULL);
                  g_autoptr(GBytes) openssh = devssh_key_pair_export_private (again, DEVSSH_KEY_FORMAT_OPENSSH,
                                                                              "password", NULL);

                  g_assert_true (pkcs8 != NULL && openssh != NULL);
                }
              g_clear_object (&again);
              g_assert_cmpint (test_watch_end (), ==, 0);
            }
        }
    }
}

/* Nor of the passphrase, or of what is derived from it, whether it is right or not. */
static void
test_passphrase_wiped (void)
{
  static const char passphrase[] = "correct horse battery staple";
  static const char * const files[] = {
    "ed25519-openssh-aes256cbc", "ed25519-openssh-aes256gcm", "ed25519-openssh-chacha20", "ed25519-pkcs8-aes256cbc",
    "ecdsa256-pkcs8-des3", "rsa2048-pkcs1-aes128cbc", "rsa2048-sshcom-des3cbc",
  };
  static const DevSshKeyFormat formats[] = { DEVSSH_KEY_FORMAT_PKCS8, DEVSSH_KEY_FORMAT_OPENSSH };
  g_autoptr(DevSshKeyPair) key = test_import ("ed25519-pkcs8-none");
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GBytes) data = test_load (files[0]);

  test_watch_begin ((const guint8 *) passphrase, 24);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autoptr(GBytes) encrypted = test_load (files[i]);

      test_check_refused (encrypted, DEVSSH_KEY_FORMAT_DEFAULT, passphrase, DEVSSH_ERROR_WRONG_PASSPHRASE, NULL);
    }
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      g_autoptr(GBytes) text = devssh_key_pair_export_private (key, formats[i], passphrase, NULL);
      g_autoptr(DevSshKeyPair) again = devssh_key_pair_import_data (text, formats[i], passphrase, NULL);

      g_assert_nonnull (again);
    }
  devssh_key_pair_import_data_async (data, DEVSSH_KEY_FORMAT_DEFAULT, passphrase, NULL, test_keep_result_cb, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (devssh_key_pair_import_data_finish (result, NULL));
  g_clear_object (&result);
  g_assert_cmpint (test_watch_end (), ==, 0);
}

/* ---- files ---- */

static void
test_file (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "keys",
                                                 "ecdsa384-openssh-none", NULL);
  g_autoptr(GFile) file = g_file_new_for_path (path);
  g_autoptr(GFile) folder = g_file_get_parent (file);
  g_autoptr(GFile) missing = g_file_get_child (folder, "no-such-key");
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshKeyPair) key = devssh_key_pair_import_file (file, DEVSSH_KEY_FORMAT_DEFAULT, NULL,
                                                              NULL, &error);
  g_autoptr(DevSshKeyPair) second = NULL;

  g_assert_no_error (error);
  test_check_key ("ecdsa384", key, TRUE);

  devssh_key_pair_import_file_async (file, DEVSSH_KEY_FORMAT_OPENSSH, NULL, NULL,
                                     test_keep_result_cb, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  second = devssh_key_pair_import_file_finish (result, &error);
  g_assert_no_error (error);
  g_assert_true (devssh_key_pair_equal (key, second));
  g_clear_object (&result);

  g_assert_null (devssh_key_pair_import_file (missing, DEVSSH_KEY_FORMAT_DEFAULT, NULL, NULL,
                                              &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (devssh_key_pair_import_file (folder, DEVSSH_KEY_FORMAT_DEFAULT, NULL, NULL,
                                              &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY);
  g_clear_error (&error);

  g_cancellable_cancel (cancellable);
  devssh_key_pair_import_file_async (file, DEVSSH_KEY_FORMAT_DEFAULT, "secret", cancellable,
                                     test_keep_result_cb, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (devssh_key_pair_import_file_finish (result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* A file without end is read up to the limit and no further. */
static void
test_file_endless (void)
{
  g_autoptr(GFile) zero = g_file_new_for_path ("/dev/zero");
  g_autoptr(GError) error = NULL;

  if (!g_file_query_exists (zero, NULL))
    {
      g_test_skip ("no /dev/zero");
      return;
    }
  g_assert_null (devssh_key_pair_import_file (zero, DEVSSH_KEY_FORMAT_DEFAULT, NULL, NULL, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_LIMIT);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/keys/import/fixtures/E-69", test_fixtures);
  g_test_add_func ("/keys/import/lines", test_lines);
  g_test_add_func ("/keys/import/ecdsa-forms", test_ecdsa_forms);
  g_test_add_func ("/keys/import/ed25519-forms", test_ed25519_forms);
  g_test_add_func ("/keys/import/unsupported", test_unsupported);
  g_test_add_func ("/keys/import/too-large/T-80", test_too_large);
  g_test_add_func ("/keys/import/openssh/refused/T-80", test_openssh_refused);
  g_test_add_func ("/keys/import/cut/T-80", test_cut);
  g_test_add_func ("/keys/import/changed/T-80", test_changed);
  g_test_add_func ("/keys/import/file", test_file);
  g_test_add_func ("/keys/import/file/endless/T-80", test_file_endless);
  g_test_add_func ("/keys/export/same-bytes", test_export);
  g_test_add_func ("/keys/export/openssh", test_export_openssh);
  g_test_add_func ("/keys/export/chain/E-69", test_export_chain);
  g_test_add_func ("/keys/export/refused", test_export_refused);
  g_test_add_func ("/keys/export/comment", test_export_comment);
  /* Where free() belongs to a sanitizer the other build has looked. */
  if (test_can_watch_free ())
    {
      g_test_add_func ("/keys/wiped/T-82", test_wiped);
      g_test_add_func ("/keys/wiped/passphrase/T-82", test_passphrase_wiped);
    }

  return g_test_run ();
}
