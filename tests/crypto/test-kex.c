/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Key exchanges: published answers, both ends agree, and every bad value is refused (T-27). */
#include <libdevssh/crypto/devssh-crypto-private.h>
#include <libdevssh/wire/devssh-numbers.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <string.h>

#include "test-crypto-util.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BIGNUM, BN_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BN_CTX, BN_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OSSL_PARAM_BLD, OSSL_PARAM_BLD_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OSSL_PARAM, OSSL_PARAM_free)

/* RFC 3526, 3: group 14 */
static const char modp_2048[] =
  "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd"
  "ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed"
  "ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f"
  "83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b"
  "e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf6955817183995497cea956ae515d2261898fa0510"
  "15728e5a8aacaa68ffffffffffffffff";

/* RFC 3526, 5: group 16 */
static const char modp_4096[] =
  "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd"
  "ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed"
  "ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f"
  "83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b"
  "e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf6955817183995497cea956ae515d2261898fa0510"
  "15728e5a8aaac42dad33170d04507a33a85521abdf1cba64ecfb850458dbef0a8aea71575d060c7db3970f85a6e1e4c7"
  "abf5ae8cdb0933d71e8c94e04a25619dcee3d2261ad2ee6bf12ffa06d98a0864d87602733ec86a64521f2b18177b200c"
  "bbe117577a615d6c770988c0bad946e208e24fa074e5ab3143db5bfce0fd108e4b82d120a92108011a723c12a787e6d7"
  "88719a10bdba5b2699c327186af4e23c1a946834b6150bda2583e9ca2ad44ce8dbbbc2db04de8ef92e8efc141fbecaa6"
  "287c59474e6bc05d99b2964fa090c3a2233ba186515be7ed1f612970cee2d7afb81bdd762170481cd0069127d5b05aa9"
  "93b4ea988d8fddc186ffb7dc90a6c08f4df435c934063199ffffffffffffffff";

static DevSshKex *
test_kex_new (const char *name)
{
  const DevSshKexAlgorithm *row = devssh_kex_algorithm_find (name);

  g_assert_nonnull (row);
  return devssh_kex_new (row);
}

static void
test_kex_refused (DevSshKex    *kex,
                  const guint8 *peer,
                  gsize         length)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshSecret) secret = devssh_kex_derive (kex, peer, length, &error);

  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED);
  g_assert_null (secret);
}

/* Both ends compute the same secret. */
static void
test_kex_agree (gconstpointer data)
{
  g_autoptr(DevSshKex) a = test_kex_new (data);
  g_autoptr(DevSshKex) b = test_kex_new (data);
  g_autoptr(DevSshSecret) at_a = NULL;
  g_autoptr(DevSshSecret) at_b = NULL;
  g_autoptr(GError) error = NULL;
  gsize a_length = 0, b_length = 0;
  const guint8 *a_public = devssh_kex_get_public (a, &a_length);
  const guint8 *b_public = devssh_kex_get_public (b, &b_length);

  /* Fresh every time. */
  g_assert_false (a_length == b_length && memcmp (a_public, b_public, a_length) == 0);

  at_a = devssh_kex_derive (a, b_public, b_length, &error);
  g_assert_no_error (error);
  at_b = devssh_kex_derive (b, a_public, a_length, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (at_a->data, at_a->length, at_b->data, at_b->length);
  g_assert_cmpuint (at_a->length, >=, 32);
}

/* ---- curve25519 ---- */

/* RFC 7748, 6.1 */
static void
test_curve25519_vector (void)
{
  static const struct { const char *mine; const char *my_public; const char *theirs; } rows[] = {
    { "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
      "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
      "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f" },
    { "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
      "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
      "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(DevSshKex) kex = test_kex_new ("curve25519-sha256");
      g_autoptr(GBytes) mine = test_unhex (rows[i].mine);
      g_autoptr(GBytes) theirs = test_unhex (rows[i].theirs);
      g_autoptr(DevSshSecret) secret = NULL;
      g_autoptr(GError) error = NULL;
      guint8 public_key[32];
      gsize length = sizeof public_key;

      EVP_PKEY_free (kex->pkey);
      kex->pkey = EVP_PKEY_new_raw_private_key_ex (NULL, "X25519", NULL, test_bytes (mine), 32);
      g_assert_nonnull (kex->pkey);
      g_assert_cmpint (EVP_PKEY_get_raw_public_key (kex->pkey, public_key, &length), ==, 1);
      test_assert_hex (public_key, length, rows[i].my_public);

      secret = devssh_kex_derive (kex, test_bytes (theirs), 32, &error);
      g_assert_no_error (error);
      test_assert_hex (secret->data, secret->length,
                       "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
    }
}

/* The points of small order and their twins above p, from https://cr.yp.to/ecdh.html ("How do I
 * validate ...") */
static const char * const curve25519_bad[] = {
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "cdeb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880",
  "4c9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7",
  "d9ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "daffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "dbffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
};

static void
test_curve25519_refused (gconstpointer data)
{
  g_autoptr(DevSshKex) kex = test_kex_new (data);
  g_autoptr(DevSshKex) peer = test_kex_new (data);
  gsize length = 0;
  const guint8 *good = devssh_kex_get_public (peer, &length);
  guint8 longer[33] = { 9 };

  g_assert_cmpuint (length, ==, 32);
  for (guint i = 0; i < 7; i++)
    {
      g_autoptr(GBytes) bad = test_unhex (curve25519_bad[i]);

      test_kex_refused (kex, test_bytes (bad), 32);
    }
  /* RFC 7748, 5 masks the last bit, so these five are ordinary numbers plus that bit, some of small
   * order. */
  for (guint i = 7; i < G_N_ELEMENTS (curve25519_bad); i++)
    {
      g_autoptr(GBytes) bad = test_unhex (curve25519_bad[i]);
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshSecret) secret = devssh_kex_derive (kex, test_bytes (bad), 32, &error);
      static const guint8 zeros[32];

      g_assert_true ((secret == NULL) == (error != NULL));
      if (secret != NULL)
        g_assert_cmpint (memcmp (secret->data, zeros, 32), !=, 0);
    }

  memcpy (longer, good, 32);
  test_kex_refused (kex, NULL, 0);
  test_kex_refused (kex, good, 31);
  test_kex_refused (kex, longer, 33);
}

/* ---- ecdh ---- */

/* NIST CAVS 14.1, "ECC CDH Primitive (SP800-56A)", first rows: private, peer, shared */
static const struct
{
  const char *name;
  const char *group;
  const char *mine;
  const char *my_public;
  const char *theirs;
  const char *expected;
} ecdh_vectors[] = {
  { "ecdh-sha2-nistp256", "P-256",
    "7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534",
    "04ead218590119e8876b29146ff89ca61770c4edbbf97d38ce385ed281d8a6b230"
    "28af61281fd35e2fa7002523acc85a429cb06ee6648325389f59edfce1405141",
    "04700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287"
    "db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac",
    "46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b" },
  { "ecdh-sha2-nistp384", "P-384",
    "3cc3122a68f0d95027ad38c067916ba0eb8c38894d22e1b15618b6818a661774ad463b205da88cf699ab4d43c9cf98a1",
    "049803807f2f6d2fd966cdd0290bd410c0190352fbec7ff6247de1302df86f25d34fe4a97bef60cff548355c015dbb3e5f"
    "ba26ca69ec2f5b5d9dad20cc9da711383a9dbe34ea3fa5a2af75b46502629ad54dd8b7d73a8abb06a3a3be47d650cc99",
    "04a7c76b970c3b5fe8b05d2838ae04ab47697b9eaf52e764592efda27fe7513272734466b400091adbf2d68c58e0c50066"
    "ac68f19f2e1cb879aed43a9969b91a0839c4c38a49749b661efedf243451915ed0905a32b060992b468c64766fc8437a",
    "5f9d29dc5e31a163060356213669c8ce132e22f57c9a04f40ba7fcead493b457e5621e766c40a2e3d4d6a04b25e533f1" },
  { "ecdh-sha2-nistp521", "P-521",
    "017eecc07ab4b329068fba65e56a1f8890aa935e57134ae0ffcce802735151f4eac6564f6ee9974c5e6887a1fefee574"
    "3ae2241bfeb95d5ce31ddcb6f9edb4d6fc47",
    "0400602f9d0cf9e526b29e22381c203c48a886c2b0673033366314f1ffbcba240ba42f4ef38a76174635f91e6b4ed342"
    "75eb01c8467d05ca80315bf1a7bbd945f550a501b7c85f26f5d4b2d7355cf6b02117659943762b6d1db5ab4f1dbc44ce"
    "7b2946eb6c7de342962893fd387d1b73d7a8672d1f236961170b7eb3579953ee5cdc88cd2d",
    "0400685a48e86c79f0f0875f7bc18d25eb5fc8c0b07e5da4f4370f3a9490340854334b1e1b87fa395464c60626124a4e"
    "70d0f785601d37c09870ebf176666877a2046d01ba52c56fc8776d9e8f5db4f0cc27636d0b741bbe05400697942e80b7"
    "39884a83bde99e0f6716939e632bc8986fa18dccd443a348b6c3e522497955a4f3c302f676",
    "005fc70477c3e63bc3954bd0df3ea0d1f41ee21746ed95fc5e1fdf90930d5e136672d72cc770742d1711c3c3a4c334a0"
    "ad9759436a4d3c5bf6e74b9578fac148c831" },
};

static EVP_PKEY *
test_ec_key (const char *group,
             const char *private_hex,
             const char *public_hex)
{
  g_autoptr(OSSL_PARAM_BLD) build = OSSL_PARAM_BLD_new ();
  g_autoptr(GBytes) scalar = test_unhex (private_hex);
  g_autoptr(GBytes) point = test_unhex (public_hex);
  g_autoptr(BIGNUM) number = BN_bin2bn (test_bytes (scalar), (int) g_bytes_get_size (scalar), NULL);
  g_autoptr(OSSL_PARAM) params = NULL;
  g_autoptr(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_name (NULL, "EC", NULL);
  EVP_PKEY *pkey = NULL;

  OSSL_PARAM_BLD_push_utf8_string (build, OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
  OSSL_PARAM_BLD_push_BN (build, OSSL_PKEY_PARAM_PRIV_KEY, number);
  OSSL_PARAM_BLD_push_octet_string (build, OSSL_PKEY_PARAM_PUB_KEY, test_bytes (point),
                                    g_bytes_get_size (point));
  params = OSSL_PARAM_BLD_to_param (build);
  g_assert_cmpint (EVP_PKEY_fromdata_init (context), ==, 1);
  g_assert_cmpint (EVP_PKEY_fromdata (context, &pkey, EVP_PKEY_KEYPAIR, params), ==, 1);
  return pkey;
}

static void
test_ecdh_vectors (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (ecdh_vectors); i++)
    {
      g_autoptr(DevSshKex) kex = test_kex_new (ecdh_vectors[i].name);
      g_autoptr(GBytes) theirs = test_unhex (ecdh_vectors[i].theirs);
      g_autoptr(DevSshSecret) secret = NULL;
      g_autoptr(GError) error = NULL;

      EVP_PKEY_free (kex->pkey);
      kex->pkey = test_ec_key (ecdh_vectors[i].group, ecdh_vectors[i].mine,
                               ecdh_vectors[i].my_public);

      secret = devssh_kex_derive (kex, test_bytes (theirs), g_bytes_get_size (theirs), &error);
      g_assert_no_error (error);
      test_assert_hex (secret->data, secret->length, ecdh_vectors[i].expected);
    }
}

static void
test_ecdh_refused (gconstpointer data)
{
  g_autoptr(DevSshKex) kex = test_kex_new (data);
  g_autoptr(DevSshKex) peer = test_kex_new (data);
  gsize length = 0;
  const guint8 *good = devssh_kex_get_public (peer, &length);
  gsize width = (length - 1) / 2;
  g_autofree guint8 *bad = g_malloc0 (length + 1);
  g_autoptr(BIGNUM) p = NULL;
  g_autoptr(BIGNUM) x = NULL;
  g_autoptr(DevSshSecret) secret = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_cmpuint (good[0], ==, 0x04);

  /* short, long, empty, infinity */
  memcpy (bad, good, length);
  test_kex_refused (kex, NULL, 0);
  test_kex_refused (kex, bad, 1);
  test_kex_refused (kex, (const guint8 *) "\0", 1);
  test_kex_refused (kex, bad, length - 1);
  test_kex_refused (kex, bad, length + 1);

  /* compressed and hybrid forms, and a first byte of nothing */
  test_kex_refused (kex, bad, width + 1);
  for (guint first = 0; first < 256; first++)
    {
      bad[0] = (guint8) first;
      if (first != 4)
        test_kex_refused (kex, bad, length);
      if (first == 2 || first == 3)
        test_kex_refused (kex, bad, width + 1);
    }

  /* off the curve: (1, 1), (0, 0), each end changed by a bit */
  memset (bad, 0, length + 1);
  bad[0] = 0x04;
  test_kex_refused (kex, bad, length);
  bad[width] = bad[2 * width] = 1;
  test_kex_refused (kex, bad, length);
  for (gsize i = 1; i < length; i += width - 1)
    {
      memcpy (bad, good, length);
      bad[i] ^= 1;
      test_kex_refused (kex, bad, length);
    }

  /* coordinates not below p: p itself, x + p (the same number, but not the same encoding), all
   * ones */
  g_assert_cmpint (EVP_PKEY_get_bn_param (kex->pkey, OSSL_PKEY_PARAM_EC_P, &p), ==, 1);
  memcpy (bad, good, length);
  g_assert_cmpint (BN_bn2binpad (p, bad + 1, (int) width), ==, (int) width);
  test_kex_refused (kex, bad, length);
  memcpy (bad, good, length);
  g_assert_cmpint (BN_bn2binpad (p, bad + 1 + width, (int) width), ==, (int) width);
  test_kex_refused (kex, bad, length);
  memcpy (bad, good, length);
  x = BN_bin2bn (good + 1, (int) width, NULL);
  BN_add (x, x, p);
  if (BN_num_bytes (x) <= (int) width)
    {
      g_assert_cmpint (BN_bn2binpad (x, bad + 1, (int) width), ==, (int) width);
      test_kex_refused (kex, bad, length);
    }
  memset (bad + 1, 0xff, length - 1);
  test_kex_refused (kex, bad, length);

  /* and after all of these the good one still works */
  secret = devssh_kex_derive (kex, good, length, &error);
  g_assert_no_error (error);
  g_assert_nonnull (secret);
}

/* x + p fits into the width only for small x; this one is on the curve: P-521 has 7 bits to spare,
 * and the point (x, y) of the CAVS row above with x + p in its place must not pass as that
 * point. */
static void
test_ecdh_unreduced (void)
{
  g_autoptr(DevSshKex) kex = test_kex_new ("ecdh-sha2-nistp521");
  g_autoptr(GBytes) good = test_unhex (ecdh_vectors[2].theirs);
  guint8 bad[133];
  g_autoptr(BIGNUM) p = NULL;
  g_autoptr(BIGNUM) x = BN_bin2bn (test_bytes (good) + 1, 66, NULL);

  g_assert_cmpint (EVP_PKEY_get_bn_param (kex->pkey, OSSL_PKEY_PARAM_EC_P, &p), ==, 1);
  BN_add (x, x, p);
  memcpy (bad, test_bytes (good), sizeof bad);
  g_assert_cmpint (BN_bn2binpad (x, bad + 1, 66), ==, 66);
  test_kex_refused (kex, bad, sizeof bad);
}

/* ---- dh ---- */

static const char *
test_dh_prime (const char *name)
{
  return strstr (name, "group14") != NULL ? modp_2048 : modp_4096;
}

/* The group is that of the RFC, and K is e to the power of our own exponent. */
static void
test_dh_group (gconstpointer data)
{
  g_autoptr(DevSshKex) kex = test_kex_new (data);
  g_autoptr(GBytes) prime = test_unhex (test_dh_prime (data));
  gsize size = g_bytes_get_size (prime);
  g_autoptr(BIGNUM) expected = BN_bin2bn (test_bytes (prime), (int) size, NULL);
  g_autoptr(BIGNUM) p = NULL;
  g_autoptr(BIGNUM) g = NULL;
  g_autoptr(BIGNUM) x = NULL;
  g_autoptr(BIGNUM) e = NULL;
  g_autoptr(BIGNUM) power = BN_new ();
  g_autoptr(BIGNUM) k = NULL;
  g_autoptr(BN_CTX) scratch = BN_CTX_new ();
  g_autoptr(DevSshKex) peer = test_kex_new (data);
  g_autoptr(DevSshSecret) secret = NULL;
  g_autoptr(GError) error = NULL;
  gsize length = 0, peer_length = 0;
  const guint8 *value = devssh_kex_get_public (kex, &length);
  const guint8 *peer_value = devssh_kex_get_public (peer, &peer_length);

  g_assert_cmpint (EVP_PKEY_get_bn_param (kex->pkey, OSSL_PKEY_PARAM_FFC_P, &p), ==, 1);
  g_assert_cmpint (EVP_PKEY_get_bn_param (kex->pkey, OSSL_PKEY_PARAM_FFC_G, &g), ==, 1);
  g_assert_cmpint (EVP_PKEY_get_bn_param (kex->pkey, OSSL_PKEY_PARAM_PRIV_KEY, &x), ==, 1);
  g_assert_cmpint (BN_cmp (p, expected), ==, 0);
  g_assert_true (BN_is_word (g, 2));
  g_assert_cmpint (BN_num_bits (x), >=, 440);

  /* an mpint without needless zero */
  g_assert_cmpuint (length, <=, size + 1);
  g_assert_false (value[0] & 0x80);
  g_assert_true (value[0] != 0 || (value[1] & 0x80) != 0);
  e = BN_bin2bn (value, (int) length, NULL);
  BN_mod_exp (power, g, x, p, scratch);
  g_assert_cmpint (BN_cmp (power, e), ==, 0);

  secret = devssh_kex_derive (kex, peer_value, peer_length, &error);
  g_assert_no_error (error);
  BN_bin2bn (peer_value, (int) peer_length, e);
  BN_mod_exp (power, e, x, p, scratch);
  k = BN_bin2bn (secret->data, (int) secret->length, NULL);
  g_assert_cmpint (BN_cmp (power, k), ==, 0);
}

/* By our own check, that is, and not only by one that OpenSSL happens to make. */
static void
test_dh_refused_range (DevSshKex    *kex,
                       const guint8 *peer,
                       gsize         length)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (devssh_kex_derive (kex, peer, length, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED);
  g_assert_nonnull (strstr (error->message, "not between 1 and p-1"));
}

static void
test_dh_refused (gconstpointer data)
{
  g_autoptr(DevSshKex) kex = test_kex_new (data);
  g_autoptr(DevSshKex) peer = test_kex_new (data);
  g_autoptr(GBytes) prime = test_unhex (test_dh_prime (data));
  gsize size = g_bytes_get_size (prime);
  g_autofree guint8 *bad = g_malloc0 (size + 3);
  gsize length = 0;
  const guint8 *good = devssh_kex_get_public (peer, &length);
  g_autoptr(DevSshSecret) secret = NULL;
  g_autoptr(GError) error = NULL;
  guint8 zero[1] = { 0 }, one[1] = { 1 }, zero_one[2] = { 0, 1 }, minus_one[1] = { 0xff }, zero_two[2] = { 0, 2 };

  test_dh_refused_range (kex, NULL, 0);                /* 0, as an mpint is written */
  test_dh_refused_range (kex, zero, 1);
  test_dh_refused_range (kex, one, 1);
  test_dh_refused_range (kex, zero_one, 2);
  test_dh_refused_range (kex, minus_one, 1);           /* negative */
  test_dh_refused_range (kex, zero_two, 2);            /* not the shortest form: T-15 */

  /* p-1, p, p+1, p with its sign bit read as such, and longer numbers */
  memcpy (bad + 1, test_bytes (prime), size);
  test_dh_refused_range (kex, bad, size + 1);
  test_dh_refused_range (kex, bad + 1, size);
  bad[size]--;
  test_dh_refused_range (kex, bad, size + 1);
  bad[size] += 2;
  if (bad[size] == 0)
    {
      /* p ends in eight bytes of ff */
      memset (bad + 1 + size - 8, 0, 8);
      bad[size - 8]++;
      bad[size] = 0;
    }
  test_dh_refused_range (kex, bad, size + 1);
  memset (bad, 0x7f, size + 3);
  test_dh_refused_range (kex, bad, size + 1);
  test_dh_refused_range (kex, bad, size + 2);
  test_dh_refused_range (kex, bad, size + 3);
  memset (bad, 0xff, size + 3);
  bad[0] = 0;
  test_dh_refused_range (kex, bad, size + 1);

  secret = devssh_kex_derive (kex, good, length, &error);
  g_assert_no_error (error);
  g_assert_nonnull (secret);
}

/* 2 is the smallest value that may be. */
static void
test_dh_two (gconstpointer data)
{
  g_autoptr(DevSshKex) kex = test_kex_new (data);
  g_autoptr(DevSshSecret) secret = NULL;
  g_autoptr(GError) error = NULL;
  guint8 two[1] = { 2 };
  gsize length = 0;
  const guint8 *value = devssh_kex_get_public (kex, &length);
  gsize skip = 0;

  secret = devssh_kex_derive (kex, two, 1, &error);
  g_assert_no_error (error);
  while (value[0] == 0)
    {
      value++;
      length--;
    }
  while (secret->data[skip] == 0)
    skip++;
  /* 2^x is our own public value. */
  g_assert_cmpmem (secret->data + skip, secret->length - skip, value, length);
}

static gpointer
test_kex_in_thread (gpointer data)
{
  for (guint i = 0; i < 20; i++)
    test_kex_agree (data);
  return NULL;
}

static void
test_kex_threads (void)
{
  GThread *threads[4];

  for (guint i = 0; i < 4; i++)
    threads[i] = g_thread_new ("kex", test_kex_in_thread,
                               (gpointer) (i % 2 == 0 ? "curve25519-sha256"
                                           : "ecdh-sha2-nistp256"));
  for (guint i = 0; i < 4; i++)
    g_thread_join (threads[i]);
}

static void
test_kex_table (void)
{
  g_assert_null (devssh_kex_algorithm_find ("none"));
  g_assert_null (devssh_kex_algorithm_find (""));
  g_assert_null (devssh_kex_algorithm_find ("diffie-hellman-group1-sha1"));
  g_assert_null (devssh_kex_algorithm_find ("ext-info-c"));
  for (guint i = 0; devssh_kex_algorithm_names[i] != NULL; i++)
    {
      const DevSshKexAlgorithm *row = devssh_kex_algorithm_find (devssh_kex_algorithm_names[i]);

      g_assert_nonnull (row);
      g_assert_cmpstr (row->name, ==, devssh_kex_algorithm_names[i]);
      g_assert_true (row->value_is_mpint == g_str_has_prefix (row->name, "diffie-hellman-"));
    }
  g_assert_cmpint (devssh_kex_algorithm_find ("ecdh-sha2-nistp384")->hash, ==, DEVSSH_HASH_SHA384);
  g_assert_cmpint (devssh_kex_algorithm_find ("ecdh-sha2-nistp521")->hash, ==, DEVSSH_HASH_SHA512);
  g_assert_cmpint (devssh_kex_algorithm_find ("diffie-hellman-group16-sha512")->hash, ==,
                   DEVSSH_HASH_SHA512);
  g_assert_cmpint (devssh_kex_algorithm_find ("diffie-hellman-group14-sha256")->hash, ==,
                   DEVSSH_HASH_SHA256);

  for (guint i = 0; devssh_signature_algorithm_names[i] != NULL; i++)
    g_assert_nonnull (devssh_signature_algorithm_get_key_type (devssh_signature_algorithm_names[i]));
  g_assert_cmpstr (devssh_signature_algorithm_get_key_type ("rsa-sha2-512"), ==, "ssh-rsa");
  /* T-28: no SHA-1, no DSA */
  g_assert_null (devssh_signature_algorithm_get_key_type ("ssh-rsa"));
  g_assert_null (devssh_signature_algorithm_get_key_type ("ssh-dss"));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/crypto/kex/table", test_kex_table);
  g_test_add_func ("/crypto/kex/vectors/curve25519", test_curve25519_vector);
  g_test_add_func ("/crypto/kex/vectors/ecdh", test_ecdh_vectors);
  g_test_add_func ("/crypto/kex/unreduced/T-27", test_ecdh_unreduced);
  g_test_add_func ("/crypto/kex/threads", test_kex_threads);
  for (guint i = 0; devssh_kex_algorithm_names[i] != NULL; i++)
    {
      const char *name = devssh_kex_algorithm_names[i];
      g_autofree char *agree = g_strdup_printf ("/crypto/kex/agree/%s", name);
      g_autofree char *refused = g_strdup_printf ("/crypto/kex/refused/T-27/%s", name);
      g_autofree char *group = g_strdup_printf ("/crypto/kex/group/%s", name);
      g_autofree char *two = g_strdup_printf ("/crypto/kex/two/%s", name);

      g_test_add_data_func (agree, name, test_kex_agree);
      if (g_str_has_prefix (name, "curve25519"))
        {
          g_test_add_data_func (refused, name, test_curve25519_refused);
        }
      else if (g_str_has_prefix (name, "ecdh"))
        {
          g_test_add_data_func (refused, name, test_ecdh_refused);
        }
      else
        {
          g_test_add_data_func (refused, name, test_dh_refused);
          g_test_add_data_func (group, name, test_dh_group);
          g_test_add_data_func (two, name, test_dh_two);
        }
    }

  return g_test_run ();
}
