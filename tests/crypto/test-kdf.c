/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys out of passphrases: known answers, and no more work than is bearable (T-80). */
#include <libdevssh/base/devssh-error.h>
#include <libdevssh/crypto/devssh-blowfish-private.h>
#include <libdevssh/crypto/devssh-kdf-private.h>

#include <openssl/bn.h>
#include <string.h>

static void
test_assert_hex (const DevSshSecret *found,
                 const char         *expected)
{
  g_autoptr(GString) hex = g_string_new (NULL);

  for (gsize i = 0; i < found->length; i++)
    g_string_append_printf (hex, "%02x", found->data[i]);
  g_assert_cmpstr (hex->str, ==, expected);
}

/* ---- Blowfish ---- */

/* sum += or -= factor * arctan (1 / x), in units of 2^-bits */
static void
test_add_arctan (BIGNUM   *sum,
                 BN_ULONG  factor,
                 BN_ULONG  x,
                 gboolean  negative,
                 int       bits)
{
  BIGNUM *power = BN_new ();
  BIGNUM *term = BN_new ();

  g_assert_true (BN_set_word (power, factor) == 1 && BN_lshift (power, power, bits) == 1);
  BN_div_word (power, x);
  for (BN_ULONG n = 1; !BN_is_zero (power); n += 2)
    {
      g_assert_nonnull (BN_copy (term, power));
      BN_div_word (term, n);
      g_assert_true ((negative == (n % 4 == 3) ? BN_add (sum, sum, term) : BN_sub (sum, sum, term)) == 1);
      BN_div_word (power, x * x);
    }
  BN_free (power);
  BN_free (term);
}

/* Machin: pi / 4 = 4 arctan (1/5) - arctan (1/239) */
static void
test_pi (void)
{
  const int bits = 32 * DEVSSH_BLOWFISH_WORDS, spare = 64;
  g_autofree guint8 *digits = g_malloc (4 * DEVSSH_BLOWFISH_WORDS);
  BIGNUM *pi = BN_new ();

  test_add_arctan (pi, 16, 5, FALSE, bits + spare);
  test_add_arctan (pi, 4, 239, TRUE, bits + spare);
  g_assert_true (BN_rshift (pi, pi, spare) == 1);
  g_assert_true (BN_is_bit_set (pi, bits) && BN_is_bit_set (pi, bits + 1));
  g_assert_true (BN_mask_bits (pi, bits) == 1);
  g_assert_cmpint (BN_bn2binpad (pi, digits, 4 * DEVSSH_BLOWFISH_WORDS), ==, 4 * DEVSSH_BLOWFISH_WORDS);
  BN_free (pi);

  for (guint i = 0; i < DEVSSH_BLOWFISH_WORDS; i++)
    {
      guint32 word;

      memcpy (&word, digits + 4 * i, 4);
      g_assert_cmphex (devssh_blowfish_pi[i], ==, GUINT32_FROM_BE (word));
    }
}

/* From Eric Young's list, https://www.schneier.com/code/vectors.txt; a key of 8 bytes is one of 64
 * that repeats it. */
static void
test_blowfish (void)
{
  static const guint32 rows[][6] = {
    { 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x4ef99745, 0x6198dd78 },
    { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x51866fd5, 0xb85ecb8a },
    { 0x30000000, 0x00000000, 0x10000000, 0x00000001, 0x7d856f9a, 0x613063f2 },
    { 0x11111111, 0x11111111, 0x11111111, 0x11111111, 0x2466dd87, 0x8b963c9d },
    { 0x01234567, 0x89abcdef, 0x11111111, 0x11111111, 0x61f9c380, 0x2281b096 },
    { 0xfedcba98, 0x76543210, 0x01234567, 0x89abcdef, 0x0aceab0f, 0xc6a0a28d },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      DevSshBlowfish blowfish;
      guint32 key[DEVSSH_BLOWFISH_KEY], left = rows[i][2], right = rows[i][3];

      for (guint j = 0; j < DEVSSH_BLOWFISH_KEY; j++)
        key[j] = rows[i][j % 2];
      devssh_blowfish_init (&blowfish);
      devssh_blowfish_expand (&blowfish, key, NULL);
      devssh_blowfish_encrypt (&blowfish, &left, &right);
      g_assert_cmphex (left, ==, rows[i][4]);
      g_assert_cmphex (right, ==, rows[i][5]);
    }
}

/* ---- derivations ---- */

static const guint8 counting[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

/* What kdf() of the Python package bcrypt 3.2.2, which is OpenBSD's code, says. */
static void
test_bcrypt (void)
{
  static const struct { const char *passphrase; const char *salt; gsize salt_length; guint rounds; const char *key; } rows[] = {
    { "password", "salt", 4, 12,
      "1ae42c05d487bc02f64921a4ebe4ea93bcacfe135fda99974c06b7b01fae149a" },
    { "password", "salt", 4, 3,
      "cc1db52f08dc020975ff3593a9dd6287f5d391edd43aa725eeb6a0d58f11e1c6"
      "5ea1e012b69180504494b159a7c8b2c509c460405f53dfe1bf88b48512eb2811" },
    { "a passphrase", (const char *) counting, 16, 8,
      "9cfa45936f400ff41d80247afb09250bfddd72ea045096d2001d9c6ebbfc9b79"
      "4dc216d44e07b91f9c439505dd3f1fb8" },
    { "password", (const char *) counting, 16, 1,
      "7a85f00d464fcae325a8e0da629f078dc5ab860e45576b809b907dec2652e18e"
      "b04071f790e37b0fb4013a8f" },
    { "x", "\0", 1, 2,
      "088b26953f6f3f29f7561c521919bc1cb02b7c8fc25a986e2b4ac08b2cc02453"
      "67" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      DevSshSlice salt = { (const guint8 *) rows[i].salt, rows[i].salt_length };
      g_autoptr(DevSshSecret) key = devssh_kdf_bcrypt (rows[i].passphrase, salt, rows[i].rounds,
                                                       strlen (rows[i].key) / 2);

      test_assert_hex (key, rows[i].key);
    }
}

/* RFC 6070, 2 and RFC 7914, 11 */
static void
test_pbkdf2 (void)
{
  static const struct { const char *passphrase; const char *salt; guint iterations; const char *digest; const char *key; } rows[] = {
    { "password", "salt", 1, "SHA1", "0c60c80f961f0e71f3a9b524af6012062fe037a6" },
    { "password", "salt", 4096, "SHA1", "4b007901b765489abead49d926f721d065a429c1" },
    { "passwordPASSWORDpassword", "saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096, "SHA1",
      "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038" },
    { "passwd", "salt", 1, "SHA256",
      "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
      "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      DevSshSlice salt = { (const guint8 *) rows[i].salt, strlen (rows[i].salt) };
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshSecret) key = devssh_kdf_pbkdf2 (rows[i].passphrase, salt, rows[i].iterations,
                                                       rows[i].digest, strlen (rows[i].key) / 2, &error);

      g_assert_no_error (error);
      test_assert_hex (key, rows[i].key);
    }
}

/* The first from `openssl enc -aes-256-cbc -md md5 -k password -S 0001020304050607 -P`; the second is
 * MD5 ("password"), and the first half of MD5 ("password", MD5 ("password")). */
static void
test_md5 (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshSecret) pem = devssh_kdf_pem ("password", (DevSshSlice) { counting, 8 }, 32, &error);
  g_autoptr(DevSshSecret) ssh2 = NULL;

  g_assert_no_error (error);
  test_assert_hex (pem, "b03096345e805d3aa4392d2e72791dfb13e12d3f61094a3fc347ace86b99ada6");
  ssh2 = devssh_kdf_ssh2 ("password", 24, &error);
  g_assert_no_error (error);
  test_assert_hex (ssh2, "5f4dcc3b5aa765d61d8327deb882cf997ca8c41324cfd758");
}

static void
test_work (void)
{
  static const struct { guint64 count; gboolean bcrypt; gboolean pbkdf2; } rows[] = {
    { 0, FALSE, FALSE }, { 1, TRUE, TRUE }, { 16, TRUE, TRUE }, { 1024, TRUE, TRUE }, { 1025, FALSE, TRUE },
    { 10000000, FALSE, TRUE }, { 10000001, FALSE, FALSE }, { G_MAXINT32, FALSE, FALSE },
    { G_MAXUINT32, FALSE, FALSE }, { G_MAXUINT64, FALSE, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(GError) bcrypt = NULL;
      g_autoptr(GError) pbkdf2 = NULL;
      int code = rows[i].count == 0 ? DEVSSH_ERROR_MALFORMED : DEVSSH_ERROR_LIMIT;

      g_assert_cmpint (devssh_kdf_bcrypt_check (rows[i].count, &bcrypt), ==, rows[i].bcrypt);
      g_assert_cmpint (devssh_kdf_pbkdf2_check (rows[i].count, &pbkdf2), ==, rows[i].pbkdf2);
      if (!rows[i].bcrypt)
        g_assert_error (bcrypt, DEVSSH_ERROR, code);
      if (!rows[i].pbkdf2)
        g_assert_error (pbkdf2, DEVSSH_ERROR, code);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/crypto/blowfish/pi", test_pi);
  g_test_add_func ("/crypto/blowfish/vectors/E-69", test_blowfish);
  g_test_add_func ("/crypto/kdf/bcrypt/vectors/E-69", test_bcrypt);
  g_test_add_func ("/crypto/kdf/pbkdf2/vectors/E-69", test_pbkdf2);
  g_test_add_func ("/crypto/kdf/md5/vectors", test_md5);
  g_test_add_func ("/crypto/kdf/work/T-80", test_work);

  return g_test_run ();
}
