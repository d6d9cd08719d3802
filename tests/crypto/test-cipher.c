/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ciphers: published answers, round trips at many sizes, and everything that must be refused. */
#include <libdevssh/crypto/devssh-crypto-private.h>
#include <libdevssh/wire/devssh-numbers.h>

#include <string.h>

#include "test-crypto-util.h"

typedef struct
{
  const DevSshCipherAlgorithm *row;
  gpointer                     ctx;
} TestCipher;

static void
test_cipher_clear (TestCipher *self)
{
  if (self->row != NULL)
    self->row->destroy (self->ctx);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TestCipher, test_cipher_clear)

static TestCipher
test_cipher_new (const char   *name,
                 const guint8 *key,
                 const guint8 *iv,
                 gboolean      seal)
{
  TestCipher self = { devssh_cipher_algorithm_find (name), NULL };

  g_assert_nonnull (self.row);
  self.ctx = self.row->create (self.row, key, iv, seal);
  return self;
}

/* ---- known answers ---- */

/* NIST SP 800-38A, F.2.5 (CBC-AES256), F.5.1 (CTR-AES128), F.5.5 (CTR-AES256); one plain text for
 * all */
#define SP800_38A_TEXT \
  "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" \
  "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"

static const struct { const char *name; const char *key; const char *iv; const char *expected; } crypt_vectors[] = {
  { "aes256-cbc", "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
    "000102030405060708090a0b0c0d0e0f",
    "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
    "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b" },
  { "aes128-ctr", "2b7e151628aed2a6abf7158809cf4f3c",
    "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
    "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"
    "5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee" },
  { "aes256-ctr", "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
    "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
    "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5"
    "2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6" },
};

static void
test_crypt_vectors (void)
{
  g_autoptr(GBytes) text = test_unhex (SP800_38A_TEXT);

  for (guint i = 0; i < G_N_ELEMENTS (crypt_vectors); i++)
    {
      g_autoptr(GBytes) key = test_unhex (crypt_vectors[i].key);
      g_autoptr(GBytes) iv = test_unhex (crypt_vectors[i].iv);
      g_auto(TestCipher) seal = test_cipher_new (crypt_vectors[i].name, test_bytes (key),
                                                 test_bytes (iv), TRUE);
      g_auto(TestCipher) open = test_cipher_new (crypt_vectors[i].name, test_bytes (key),
                                                 test_bytes (iv), FALSE);
      guint8 buffer[64];

      g_assert_cmpuint (seal.row->key_size, ==, g_bytes_get_size (key));
      g_assert_cmpuint (seal.row->iv_size, ==, g_bytes_get_size (iv));

      /* The state runs on from call to call, as from packet to packet. */
      seal.row->crypt (seal.ctx, buffer, test_bytes (text), 16);
      seal.row->crypt (seal.ctx, buffer + 16, test_bytes (text) + 16, 48);
      test_assert_hex (buffer, sizeof buffer, crypt_vectors[i].expected);

      open.row->crypt (open.ctx, buffer, buffer, 32);
      open.row->crypt (open.ctx, buffer + 32, buffer + 32, 32);
      test_assert_hex (buffer, sizeof buffer, SP800_38A_TEXT);
    }
}

/* McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 4 and 16: key, IV, plain and
 * cipher text. Their additional data is longer than our four bytes of length, so the tags are our
 * own: computed by GHASH in plain Python from SP 800-38D (which gives the tags of cases 4 and 16,
 * too) and by python3-cryptography 38. */
static const struct { const char *name; const char *key; const char *expected; const char *tag; } gcm_vectors[] = {
  { "aes128-gcm@openssh.com", "feffe9928665731c6d6a8f9467308308",
    "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
    "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
    "2fd134b2096ac8b5669ad4df3285610b" },
  { "aes256-gcm@openssh.com", "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
    "0975b467167f66b01b213ede6c7c3245" },
};

static void
test_gcm_vectors (void)
{
  g_autoptr(GBytes) text = test_unhex ("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                                       "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
  g_autoptr(GBytes) iv = test_unhex ("cafebabefacedbaddecaf888");

  for (guint i = 0; i < G_N_ELEMENTS (gcm_vectors); i++)
    {
      g_autoptr(GBytes) key = test_unhex (gcm_vectors[i].key);
      g_auto(TestCipher) seal = test_cipher_new (gcm_vectors[i].name, test_bytes (key),
                                                 test_bytes (iv), TRUE);
      g_auto(TestCipher) open = test_cipher_new (gcm_vectors[i].name, test_bytes (key),
                                                 test_bytes (iv), FALSE);
      guint8 packet[4 + 60 + 16] = { 0, 0, 0, 60 };

      memcpy (packet + 4, test_bytes (text), 60);
      seal.row->seal (seal.ctx, 0, packet, 60, NULL, 0, 0);
      test_assert_hex (packet, 4, "0000003c");
      test_assert_hex (packet + 4, 60, gcm_vectors[i].expected);
      test_assert_hex (packet + 64, 16, gcm_vectors[i].tag);

      g_assert_cmpuint (open.row->get_length (open.ctx, 0, packet), ==, 60);
      g_assert_true (open.row->open (open.ctx, 0, packet, 60));
      g_assert_cmpmem (packet + 4, 60, test_bytes (text), 60);
    }
}

/* Made with asyncssh 2.10.1 (asyncssh.crypto.chacha.ChachaCipher over python3-cryptography 38): key
 * 00..3f, packet number 0x01020304 */
static void
test_chachapoly_vector (void)
{
  static const char name[] = "chacha20-poly1305@openssh.com";
  static const char plain[] = "045e202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d"
                              "3e3f404142434445464748494a4b4c4d4e4f50515253545556575859aaaaaaaa";
  g_autoptr(GBytes) text = test_unhex (plain);
  guint8 key[64];
  guint8 packet[4 + 64 + 16] = { 0, 0, 0, 64 };
  g_auto(TestCipher) seal = { 0 };
  g_auto(TestCipher) open = { 0 };

  for (guint i = 0; i < sizeof key; i++)
    key[i] = (guint8) i;
  seal = test_cipher_new (name, key, NULL, TRUE);
  open = test_cipher_new (name, key, NULL, FALSE);

  memcpy (packet + 4, test_bytes (text), 64);
  seal.row->seal (seal.ctx, 0x01020304, packet, 64, NULL, 0, 0);
  test_assert_hex (packet, 68, "bc79803b929c3c93f932028cf24a0cd5826b76592f0224e6018a59ebbb457493"
                               "1b6113e55ee260006733bd04844563d231a39242c000eb54991e5a3ebe15675d"
                               "6812e187");
  test_assert_hex (packet + 68, 16, "e2e5931746f7c5cc20940b119e1bfc1b");

  g_assert_cmpuint (open.row->get_length (open.ctx, 0x01020304, packet), ==, 64);
  g_assert_true (open.row->open (open.ctx, 0x01020304, packet, 64));
  test_assert_hex (packet + 4, 64, plain);
}

/* ---- AEAD: round trips and refusals ---- */

static void
test_put_length (guint8 *packet,
                 gsize   length)
{
  guint32 value = GUINT32_TO_BE ((guint32) length);

  memcpy (packet, &value, 4);
}

/* Sealed from where the body lies equals sealed in place, and opens to what went in. */
static void
test_aead_one (TestCipher *in_place,
               TestCipher *separate,
               TestCipher *open,
               guint32     sequence,
               gsize       head,
               gsize       body,
               gsize       tail)
{
  gsize length = head + body + tail;
  g_autofree guint8 *plain = g_malloc (length + 1);
  g_autofree guint8 *a = g_malloc (4 + length + 16 + 1);
  g_autofree guint8 *b = g_malloc (4 + length + 16 + 1);

  devssh_random (plain, length);
  test_put_length (a, length);
  memcpy (a + 4, plain, length);
  a[4 + length + 16] = 0x5a;
  memcpy (b, a, 4 + head);
  memset (b + 4 + head, 0, body);
  memcpy (b + 4 + head + body, plain + head + body, tail);
  b[4 + length + 16] = 0x5a;

  in_place->row->seal (in_place->ctx, sequence, a, head, NULL, body, tail);
  separate->row->seal (separate->ctx, sequence, b, head, plain + head, body, tail);
  g_assert_cmpmem (a, 4 + length + 16, b, 4 + length + 16);
  g_assert_cmpuint (a[4 + length + 16], ==, 0x5a);
  g_assert_cmpuint (b[4 + length + 16], ==, 0x5a);
  if (length >= 16)
    g_assert_null (memmem (a, 4 + length + 16, plain, length));

  g_assert_cmpuint (open->row->get_length (open->ctx, sequence, a), ==, length);
  g_assert_true (open->row->open (open->ctx, sequence, a, length));
  g_assert_cmpmem (a + 4, length, plain, length);
}

static void
test_aead_sizes (gconstpointer data)
{
  guint8 key[64], iv[16];
  g_auto(TestCipher) in_place = { 0 };
  g_auto(TestCipher) separate = { 0 };
  g_auto(TestCipher) open = { 0 };
  guint32 sequence = 0xfffffff0;   /* wraps on the way */

  devssh_random (key, sizeof key);
  devssh_random (iv, sizeof iv);
  in_place = test_cipher_new (data, key, iv, TRUE);
  separate = test_cipher_new (data, key, iv, TRUE);
  open = test_cipher_new (data, key, iv, FALSE);

  for (gsize body = 0; body <= 4096; body += body < 300 ? 1 : 61)
    test_aead_one (&in_place, &separate, &open, sequence++, 10, body, 4 + body % 16);
  for (gsize body = 1000; body <= 1100; body++)
    test_aead_one (&in_place, &separate, &open, sequence++, 1 + body % 10, body, body % 5);
  test_aead_one (&in_place, &separate, &open, sequence++, 10, 32768, 6);
  test_aead_one (&in_place, &separate, &open, sequence++, 0, 200000, 0);
  test_aead_one (&in_place, &separate, &open, sequence++, 10, 262133, 5);
  test_aead_one (&in_place, &separate, &open, sequence++, 10, 0, 6);
}

typedef enum { CHANGE_LENGTH, CHANGE_TEXT, CHANGE_TAG, CHANGE_KEY, CHANGE_NUMBER,
               N_CHANGES } TestChange;

/* A changed length, text, tag, key or packet number is refused, each by itself. */
static void
test_aead_refused (gconstpointer data)
{
  const DevSshCipherAlgorithm *row = devssh_cipher_algorithm_find (data);
  guint8 key[64], other_key[64], iv[16];
  guint8 sealed[4 + 64 + 16], packet[4 + 64 + 16];

  devssh_random (key, sizeof key);
  devssh_random (iv, sizeof iv);
  memcpy (other_key, key, sizeof key);
  other_key[15] ^= 1;
  memset (sealed, 0x42, sizeof sealed);
  test_put_length (sealed, 64);
  {
    g_auto(TestCipher) seal = test_cipher_new (data, key, iv, TRUE);

    seal.row->seal (seal.ctx, 5, sealed, 64, NULL, 0, 0);
  }

  for (TestChange change = CHANGE_LENGTH; change < N_CHANGES; change++)
    {
      gsize first = change == CHANGE_LENGTH ? 0 : change == CHANGE_TEXT ? 4 : 68;
      gsize last = change == CHANGE_LENGTH ? 4 : change == CHANGE_TEXT ? 68 : change == CHANGE_TAG
                   ? 84 : 69;

      for (gsize i = first; i < last; i++)
        {
          g_auto(TestCipher) open = test_cipher_new (data, change == CHANGE_KEY ? other_key : key,
                                                     iv, FALSE);
          guint32 sequence = change == CHANGE_NUMBER ? 6 : 5;

          memcpy (packet, sealed, sizeof packet);
          if (change == CHANGE_LENGTH || change == CHANGE_TEXT || change == CHANGE_TAG)
            packet[i] ^= (guint8) (1 << (i % 8));
          if (change == CHANGE_NUMBER && row->iv_size > 0)
            {
              /* GCM's nonce counts by itself: let it be one ahead. */
              guint8 lost[4 + 64 + 16];

              memcpy (lost, sealed, sizeof lost);
              g_assert_true (row->open (open.ctx, 5, lost, 64));
            }
          g_assert_false (row->open (open.ctx, sequence, packet, 64));
          /* T-18: nothing of the text is there to be used. */
          g_assert_null (memmem (packet + 4, 64, "\x42\x42\x42\x42", 4));
        }
    }

  {
    g_auto(TestCipher) open = test_cipher_new (data, key, iv, FALSE);

    memcpy (packet, sealed, sizeof packet);
    g_assert_true (row->open (open.ctx, 5, packet, 64));
  }
}

/* ---- not AEAD ---- */

static void
test_crypt_sizes (gconstpointer data)
{
  const DevSshCipherAlgorithm *row = devssh_cipher_algorithm_find (data);
  guint8 key[32], iv[16];
  g_auto(TestCipher) seal = { 0 };
  g_auto(TestCipher) twin = { 0 };
  g_auto(TestCipher) open = { 0 };

  devssh_random (key, sizeof key);
  devssh_random (iv, sizeof iv);
  seal = test_cipher_new (data, key, iv, TRUE);
  twin = test_cipher_new (data, key, iv, TRUE);
  open = test_cipher_new (data, key, iv, FALSE);

  for (gsize length = 0; length <= 270000; length = length < 4096 ? length + 16 : length * 2)
    {
      g_autofree guint8 *plain = g_malloc (length + 1);
      g_autofree guint8 *sealed = g_malloc (length + 1);
      g_autofree guint8 *second = g_malloc (length + 1);

      devssh_random (plain, length);
      sealed[length] = 0x5a;
      row->crypt (seal.ctx, sealed, plain, length);
      g_assert_cmpuint (sealed[length], ==, 0x5a);

      /* In place and in two parts it comes to the same. */
      memcpy (second, plain, length);
      row->crypt (twin.ctx, second, second, length / 32 * 16);
      row->crypt (twin.ctx, second + length / 32 * 16, second + length / 32 * 16,
                  length - length / 32 * 16);
      g_assert_cmpmem (sealed, length, second, length);
      if (length > 0)
        g_assert_cmpint (memcmp (sealed, plain, length), !=, 0);

      row->crypt (open.ctx, sealed, sealed, length);
      g_assert_cmpmem (sealed, length, plain, length);
    }
}

static void
test_crypt_wrong_key (gconstpointer data)
{
  guint8 key[32] = { 1 }, iv[16] = { 2 };
  guint8 plain[64] = { 0 }, sealed[64], opened[64];
  g_auto(TestCipher) seal = test_cipher_new (data, key, iv, TRUE);
  g_auto(TestCipher) open = { 0 };

  seal.row->crypt (seal.ctx, sealed, plain, sizeof plain);
  key[seal.row->key_size - 1] ^= 1;
  open = test_cipher_new (data, key, iv, FALSE);
  open.row->crypt (open.ctx, opened, sealed, sizeof opened);
  g_assert_cmpint (memcmp (opened, plain, sizeof plain), !=, 0);
}

/* ---- the counter ---- */

static const struct { const char *before; const char *after; } increments[] = {
  { "aabbccdd0000000000000000", "aabbccdd0000000000000001" },
  { "aabbccdd00000000000000ff", "aabbccdd0000000000000100" },
  { "aabbccdd00000000ffffffff", "aabbccdd0000000100000000" },
  { "aabbccdd00ffffffffffffff", "aabbccdd0100000000000000" },
  { "aabbccddfffffffffffffffe", "aabbccddffffffffffffffff" },
  { "aabbccddffffffffffffffff", "aabbccdd0000000000000000" },
  { "ffffffffffffffffffffffff", "ffffffff0000000000000000" },
};

static void
test_gcm_increment (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (increments); i++)
    {
      g_autoptr(GBytes) before = test_unhex (increments[i].before);
      guint8 iv[12];

      memcpy (iv, test_bytes (before), 12);
      devssh_gcm_increment (iv);
      test_assert_hex (iv, 12, increments[i].after);
    }
}

/* The same through packets: the second one of a cipher is the first one of another whose IV is one
 * further. */
static void
test_gcm_counts (void)
{
  static const guint8 key[32] = { 3 };

  for (guint i = 0; i < G_N_ELEMENTS (increments); i++)
    {
      g_autoptr(GBytes) before = test_unhex (increments[i].before);
      g_autoptr(GBytes) after = test_unhex (increments[i].after);
      g_auto(TestCipher) one = test_cipher_new ("aes256-gcm@openssh.com", key, test_bytes (before),
                                                TRUE);
      g_auto(TestCipher) two = test_cipher_new ("aes256-gcm@openssh.com", key, test_bytes (after),
                                                TRUE);
      guint8 a[4 + 16 + 16] = { 0, 0, 0, 16 };
      guint8 b[4 + 16 + 16] = { 0, 0, 0, 16 };
      guint8 c[4 + 16 + 16] = { 0, 0, 0, 16 };

      one.row->seal (one.ctx, 0, a, 16, NULL, 0, 0);
      one.row->seal (one.ctx, 1, b, 16, NULL, 0, 0);
      two.row->seal (two.ctx, 0, c, 16, NULL, 0, 0);
      g_assert_cmpint (memcmp (a, b, sizeof a), !=, 0);
      g_assert_cmpmem (b, sizeof b, c, sizeof c);
    }
}

static void
test_cipher_table (void)
{
  const DevSshCipherAlgorithm *row = NULL;

  g_assert_null (devssh_cipher_algorithm_find ("none"));
  g_assert_null (devssh_cipher_algorithm_find (""));
  g_assert_null (devssh_cipher_algorithm_find ("aes256-ctrx"));
  g_assert_null (devssh_cipher_algorithm_find ("aes256-ct"));
  g_assert_null (devssh_cipher_algorithm_find ("3des-cbc"));

  for (guint i = 0; devssh_cipher_algorithm_names[i] != NULL; i++)
    {
      row = devssh_cipher_algorithm_find (devssh_cipher_algorithm_names[i]);
      g_assert_nonnull (row);
      g_assert_cmpstr (row->name, ==, devssh_cipher_algorithm_names[i]);
      g_assert_cmpuint (row->block_size, >=, 8);
      g_assert_cmpuint (row->tag_size, ==, row->is_aead ? 16 : 0);
      g_assert_true ((row->seal != NULL && row->open != NULL &&
                      row->get_length != NULL) == row->is_aead);
      g_assert_true ((row->crypt != NULL) == !row->is_aead);
      g_assert_true (row->is_cbc == g_str_has_suffix (row->name, "-cbc"));
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/crypto/cipher/table", test_cipher_table);
  g_test_add_func ("/crypto/cipher/vectors/ctr-cbc", test_crypt_vectors);
  g_test_add_func ("/crypto/cipher/vectors/gcm", test_gcm_vectors);
  g_test_add_func ("/crypto/cipher/vectors/chachapoly", test_chachapoly_vector);
  g_test_add_func ("/crypto/cipher/gcm/increment/T-20", test_gcm_increment);
  g_test_add_func ("/crypto/cipher/gcm/counts/T-20", test_gcm_counts);
  for (guint i = 0; devssh_cipher_algorithm_names[i] != NULL; i++)
    {
      const char *name = devssh_cipher_algorithm_names[i];
      gboolean is_aead = devssh_cipher_algorithm_find (name)->is_aead;
      g_autofree char *sizes = g_strdup_printf ("/crypto/cipher/sizes/%s", name);
      g_autofree char *wrong = g_strdup_printf ("/crypto/cipher/wrong/T-18/%s", name);

      g_test_add_data_func (sizes, name, is_aead ? test_aead_sizes : test_crypt_sizes);
      g_test_add_data_func (wrong, name, is_aead ? test_aead_refused : test_crypt_wrong_key);
    }

  return g_test_run ();
}
