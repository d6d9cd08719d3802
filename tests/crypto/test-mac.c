/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hashes and HMACs against the published answers. */
#include <libdevssh/crypto/devssh-crypto-private.h>
#include <libdevssh/wire/devssh-numbers.h>

#include <string.h>

#include "test-crypto-util.h"

/* FIPS 180-4's examples "abc" (NIST, "Examples with Intermediate Values"); RFC 1321, A.5 for MD5 */
static const struct { DevSshHashId id; gsize size; const char *abc; } hash_vectors[] = {
  { DEVSSH_HASH_SHA256, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
  { DEVSSH_HASH_SHA384, 48, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                            "8086072ba1e7cc2358baeca134c825a7" },
  { DEVSSH_HASH_SHA512, 64, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
  { DEVSSH_HASH_MD5,    16, "900150983cd24fb0d6963f7d28e17f72" },
};

static void
test_hash_vectors (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (hash_vectors); i++)
    {
      g_autoptr(DevSshHash) hash = devssh_hash_new (hash_vectors[i].id);
      guint8 digest[DEVSSH_HASH_MAX_SIZE];

      g_assert_cmpuint (devssh_hash_id_get_size (hash_vectors[i].id), ==, hash_vectors[i].size);
      if (hash == NULL && hash_vectors[i].id == DEVSSH_HASH_MD5)
        continue;

      devssh_hash_update (hash, "abc", 3);
      devssh_hash_finish (hash, digest);
      test_assert_hex (digest, hash_vectors[i].size, hash_vectors[i].abc);

      /* Used again, in pieces. */
      devssh_hash_update (hash, "a", 1);
      devssh_hash_update (hash, NULL, 0);
      devssh_hash_update (hash, "bc", 2);
      devssh_hash_finish (hash, digest);
      test_assert_hex (digest, hash_vectors[i].size, hash_vectors[i].abc);
    }
}

/* RFC 4231, 4.2 to 4.5. HMAC pads a short key with zeros, so the keys may be given at our fixed
 * length. */
static const struct { const char *key; const char *data; const char *sha256; const char *sha512; } hmac_vectors[] = {
  { "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
    "4869205468657265",
    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4"
    "be9d914eeb61f1702e696c203a126854" },
  { "4a656665",
    "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fd"
    "caeab1a34d4a6b4b636e070a38bce737" },
  { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
    "dddd",
    "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47e67c807"
    "b946a337bee8942674278859e13292fb" },
  { "0102030405060708090a0b0c0d0e0f10111213141516171819",
    "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
    "cdcd",
    "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3dba91ca5c11aa25eb4d679275cc5788063"
    "a5f19741120c4f2de2adebeb10a298dd" },
};

static void
test_mac_vectors (gconstpointer data)
{
  const DevSshMacAlgorithm *algorithm = devssh_mac_algorithm_find (data);

  g_assert_nonnull (algorithm);
  for (guint i = 0; i < G_N_ELEMENTS (hmac_vectors); i++)
    {
      g_autoptr(GBytes) short_key = test_unhex (hmac_vectors[i].key);
      g_autoptr(GBytes) text = test_unhex (hmac_vectors[i].data);
      const char *expected = algorithm->size == 32 ? hmac_vectors[i].sha256
                             : hmac_vectors[i].sha512;
      const guint8 *bytes = test_bytes (text);
      gsize length = g_bytes_get_size (text);
      g_autoptr(DevSshMac) mac = NULL;
      guint8 key[64] = { 0 };
      guint8 tag[64];
      guint32 sequence = 0;

      memcpy (key, test_bytes (short_key), g_bytes_get_size (short_key));
      mac = devssh_mac_new (algorithm, key);

      devssh_mac_token (mac, bytes, length, tag);
      test_assert_hex (tag, algorithm->size, expected);

      /* The same answer with the first four bytes as packet number, at once and in two parts. */
      memcpy (&sequence, bytes, 4);
      sequence = GUINT32_FROM_BE (sequence);
      devssh_mac_compute (mac, sequence, bytes + 4, length - 4, NULL, 0, tag);
      test_assert_hex (tag, algorithm->size, expected);
      devssh_mac_compute (mac, sequence, bytes + 4, 1, bytes + 5, length - 5, tag);
      test_assert_hex (tag, algorithm->size, expected);
      g_assert_true (devssh_mac_verify (mac, sequence, bytes + 4, length - 4, tag));
    }
}

static void
test_mac_wrong (gconstpointer data)
{
  const DevSshMacAlgorithm *algorithm = devssh_mac_algorithm_find (data);
  guint8 key[64], packet[300], tag[64], other[64];
  g_autoptr(DevSshMac) mac = NULL;
  g_autoptr(DevSshMac) changed_key = NULL;

  devssh_random (key, sizeof key);
  devssh_random (packet, sizeof packet);
  mac = devssh_mac_new (algorithm, key);
  key[algorithm->size - 1] ^= 1;
  changed_key = devssh_mac_new (algorithm, key);

  for (gsize length = 0; length <= sizeof packet; length += 37)
    {
      devssh_mac_compute (mac, 7, packet, length, NULL, 0, tag);
      g_assert_true (devssh_mac_verify (mac, 7, packet, length, tag));
      g_assert_false (devssh_mac_verify (mac, 8, packet, length, tag));
      g_assert_false (devssh_mac_verify (changed_key, 7, packet, length, tag));

      for (guint i = 0; i < algorithm->size; i++)
        {
          tag[i] ^= 0x80;
          g_assert_false (devssh_mac_verify (mac, 7, packet, length, tag));
          tag[i] ^= 0x80;
        }
      if (length > 0)
        {
          packet[length - 1] ^= 1;
          g_assert_false (devssh_mac_verify (mac, 7, packet, length, tag));
          packet[length - 1] ^= 1;
        }
      g_assert_true (devssh_mac_verify (mac, 7, packet, length, tag));
    }

  /* A second result has its own place. */
  devssh_mac_compute (mac, 1, packet, 10, NULL, 0, tag);
  memcpy (other, tag, sizeof other);
  devssh_mac_compute (mac, 2, packet, 10, NULL, 0, tag);
  g_assert_cmpint (memcmp (tag, other, algorithm->size), !=, 0);
  devssh_mac_compute (mac, 1, packet, 10, NULL, 0, tag);
  g_assert_cmpmem (tag, algorithm->size, other, algorithm->size);
}

static void
test_mac_table (void)
{
  g_assert_null (devssh_mac_algorithm_find ("none"));
  g_assert_null (devssh_mac_algorithm_find (""));
  g_assert_null (devssh_mac_algorithm_find ("hmac-sha1"));
  g_assert_null (devssh_mac_algorithm_find ("hmac-sha2-256x"));
  g_assert_true (devssh_mac_algorithm_find ("hmac-sha2-256-etm@openssh.com")->etm);
  g_assert_true (devssh_mac_algorithm_find ("hmac-sha2-512-etm@openssh.com")->etm);
  g_assert_false (devssh_mac_algorithm_find ("hmac-sha2-256")->etm);
  g_assert_false (devssh_mac_algorithm_find ("hmac-sha2-512")->etm);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/crypto/hash/vectors", test_hash_vectors);
  g_test_add_func ("/crypto/mac/table", test_mac_table);
  for (guint i = 0; devssh_mac_algorithm_names[i] != NULL; i++)
    {
      const char *name = devssh_mac_algorithm_names[i];
      g_autofree char *vectors = g_strdup_printf ("/crypto/mac/vectors/%s", name);
      g_autofree char *wrong = g_strdup_printf ("/crypto/mac/wrong/T-18/%s", name);

      g_test_add_data_func (vectors, name, test_mac_vectors);
      g_test_add_data_func (wrong, name, test_mac_wrong);
    }

  return g_test_run ();
}
