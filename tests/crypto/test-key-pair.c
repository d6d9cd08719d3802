/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Key pairs: what they are, making them, and signatures against the published answers. */
#include <libdevssh/crypto/devssh-hostkey-private.h>
#include <libdevssh/crypto/devssh-key-pair-private.h>
#include <libdevssh/wire/devssh-numbers.h>

#include <openssl/pem.h>
#include <string.h>

#include "test-crypto-util.h"
#include "test-free-watch.h"

static const char * const key_types[] = {
  "ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
};

/* Made once: RSA takes its time. */
static DevSshKeyPair *
test_key (const char *type)
{
  static DevSshKeyPair *keys[G_N_ELEMENTS (key_types)];

  for (guint i = 0; i < G_N_ELEMENTS (key_types); i++)
    {
      if (!g_str_equal (key_types[i], type))
        continue;
      if (keys[i] == NULL)
        {
          g_autoptr(GError) error = NULL;

          keys[i] = devssh_key_pair_generate (type, 2048, &error);
          g_assert_no_error (error);
        }
      return keys[i];
    }
  g_assert_not_reached ();
}

/* From tests/data/keys, through OpenSSL alone. */
static EVP_PKEY *
test_load_pem (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "keys", name, NULL);
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;
  gsize length = 0;
  BIO *bio = NULL;
  EVP_PKEY *pkey = NULL;

  g_file_get_contents (path, &text, &length, &error);
  g_assert_no_error (error);
  bio = BIO_new_mem_buf (text, (int) length);
  pkey = PEM_read_bio_PrivateKey (bio, NULL, NULL, NULL);
  BIO_free (bio);
  g_assert_nonnull (pkey);
  return pkey;
}

/* ---- what a key is ---- */

static const struct { const char *asked; guint size; const char *type; guint got; } generated[] = {
  { "ssh-ed25519", 0, "ssh-ed25519", 256 },
  { "ssh-ed25519", 17, "ssh-ed25519", 256 },
  { "ssh-rsa", 0, "ssh-rsa", 3072 },
  { "ssh-rsa", 2048, "ssh-rsa", 2048 },
  { "rsa-sha2-512", 2056, "ssh-rsa", 2056 },
  { "rsa-sha2-256", 2048, "ssh-rsa", 2048 },
  { "ecdsa-sha2-nistp256", 0, "ecdsa-sha2-nistp256", 256 },
  { "ecdsa-sha2-nistp384", 9999, "ecdsa-sha2-nistp384", 384 },
  { "ecdsa-sha2-nistp521", 1, "ecdsa-sha2-nistp521", 521 },
};

/* The size is for RSA; other types have theirs. */
static void
test_generate (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (generated); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshKeyPair) key = devssh_key_pair_generate (generated[i].asked,
                                                               generated[i].size, &error);
      g_autoptr(DevSshKeyPair) again = NULL;
      g_autoptr(GBytes) blob = NULL;

      g_assert_no_error (error);
      g_assert_cmpstr (devssh_key_pair_get_algorithm (key), ==, generated[i].type);
      g_assert_cmpuint (devssh_key_pair_get_size (key), ==, generated[i].got);
      g_assert_true (devssh_key_pair_get_has_private (key));
      g_assert_null (devssh_key_pair_get_comment (key));

      blob = devssh_key_pair_get_public_blob (key);
      again = devssh_key_pair_new_for_public_blob (blob, &error);
      g_assert_no_error (error);
      g_assert_true (devssh_key_pair_equal (key, again));
      g_assert_false (devssh_key_pair_get_has_private (again));
      g_assert_cmpuint (devssh_key_pair_get_size (again), ==, generated[i].got);
    }
}

static void
test_generate_refused (void)
{
  static const struct { const char *asked; guint size; } rows[] = {
    { "ssh-rsa", 1024 }, { "ssh-rsa", 2047 }, { "ssh-rsa", 16385 }, { "ssh-rsa", G_MAXUINT },
    { "ssh-dss", 0 }, { "", 0 }, { "none", 0 }, { "ssh-ed25519x", 0 }, { "ssh-ed2551", 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (devssh_key_pair_generate (rows[i].asked, rows[i].size, &error));
      g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED);
    }
}

static void
test_keep_result_cb (GObject      *source,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  GAsyncResult **kept = user_data;

  g_assert_null (source);
  *kept = g_object_ref (result);
}

static void
test_generate_async (void)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshKeyPair) key = NULL;

  devssh_key_pair_generate_async ("ssh-rsa", 2048, NULL, test_keep_result_cb, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  key = devssh_key_pair_generate_finish (result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (devssh_key_pair_get_size (key), ==, 2048);
}

/* 16 384 bits would take minutes. */
static void
test_generate_cancelled (void)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;

  devssh_key_pair_generate_async ("ssh-rsa", 16384, cancellable, test_keep_result_cb, &result);
  g_assert_null (result);
  g_cancellable_cancel (cancellable);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (devssh_key_pair_generate_finish (result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_generate_async_refused (void)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  devssh_key_pair_generate_async ("ssh-dss", 0, NULL, test_keep_result_cb, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (devssh_key_pair_generate_finish (result, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED);
}

static void
test_count_cb (GObject    *object,
               GParamSpec *pspec,
               gpointer    user_data)
{
  guint *count = user_data;

  (*count)++;
}

static void
test_properties (void)
{
  g_autoptr(DevSshKeyPair) key = devssh_key_pair_generate ("ssh-ed25519", 0, NULL);
  DevSshKeyPair *other = test_key ("ecdsa-sha2-nistp521");
  g_autoptr(GBytes) blob = devssh_key_pair_get_public_blob (other);
  g_autoptr(GBytes) bad = g_bytes_new_static ("\0\0\0\7ssh-rsa", 11);
  g_autoptr(DevSshKeyPair) public_key = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *algorithm = NULL;
  g_autofree char *comment = NULL;
  gboolean has_private = FALSE;
  guint size = 0, count = 0;

  g_signal_connect (key, "notify::comment", G_CALLBACK (test_count_cb), &count);
  g_object_set (key, "comment", "alice@example.com", NULL);
  devssh_key_pair_set_comment (key, "alice@example.com");
  g_assert_cmpuint (count, ==, 1);
  g_object_get (key, "algorithm", &algorithm, "size", &size, "has-private", &has_private, "comment",
                &comment, NULL);
  g_assert_cmpstr (algorithm, ==, "ssh-ed25519");
  g_assert_cmpuint (size, ==, 256);
  g_assert_true (has_private);
  g_assert_cmpstr (comment, ==, "alice@example.com");

  public_key = devssh_key_pair_copy_public (key);
  g_assert_true (devssh_key_pair_equal (key, public_key));
  g_assert_false (devssh_key_pair_get_has_private (public_key));
  g_assert_cmpstr (devssh_key_pair_get_comment (public_key), ==, "alice@example.com");

  /* Another blob drops the private half; a bad one changes nothing. */
  g_signal_connect (key, "notify::has-private", G_CALLBACK (test_count_cb), &count);
  g_assert_false (devssh_key_pair_set_public_blob (key, bad, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_TRUNCATED);
  g_clear_error (&error);
  g_assert_true (devssh_key_pair_get_has_private (key));
  g_assert_true (devssh_key_pair_equal (key, public_key));
  g_assert_true (devssh_key_pair_set_public_blob (key, blob, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (count, ==, 2);
  g_assert_false (devssh_key_pair_get_has_private (key));
  g_assert_true (devssh_key_pair_equal (key, other));
  g_assert_false (devssh_key_pair_equal (key, public_key));
  g_assert_cmpstr (devssh_key_pair_get_algorithm (key), ==, "ecdsa-sha2-nistp521");

  devssh_key_pair_set_comment (key, "");
  g_assert_null (devssh_key_pair_get_comment (key));
}

/* tests/data/keys/README.md, where ssh-keygen wrote them */
static const struct { const char *name; const char *fingerprint; const char *type; guint size; } fixtures[] = {
  { "rsa2048-pkcs8-none", "SHA256:L+5oSVRKG3b47OQW+machQDUBtu8Bt0HIn9FwGCSTMU", "ssh-rsa", 2048 },
  { "rsa4096-pkcs8-none", "SHA256:KS4+sHAk/LemrR1ttwSd+u1CNafiRpHv86LxSFM0/tA", "ssh-rsa", 4096 },
  { "ecdsa256-pkcs8-none", "SHA256:AMFDY1DbF5PjGMACLEf60Eg0YVI28gI9IDZ0bedO6Dg",
    "ecdsa-sha2-nistp256", 256 },
  { "ecdsa384-pkcs8-none", "SHA256:xv078zo5/ebAW14gwZ01Y8SqtGXtWmu1/llEO4hAq1Y",
    "ecdsa-sha2-nistp384", 384 },
  { "ecdsa521-pkcs8-none", "SHA256:WTWnikaNJi2TX7l+htwWKtIzFmdvyxg7N669qgxVNpU",
    "ecdsa-sha2-nistp521", 521 },
  { "ed25519-pkcs8-none", "SHA256:6a3bHQjcmIaPBDA4IZ+NJmda5kS4jxR+HqHK4lhPwYc", "ssh-ed25519",
    256 },
};

/* Around a key of OpenSSL, without copying it. */
static void
test_evp_pkey (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (fixtures); i++)
    {
      g_autoptr(EVP_PKEY) pkey = test_load_pem (fixtures[i].name);
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshKeyPair) key = devssh_key_pair_new_for_evp_pkey (pkey, &error);
      g_autoptr(DevSshKeyPair) public_key = NULL;
      g_autoptr(DevSshKeyPair) wrapped = NULL;
      g_autofree char *fingerprint = NULL;

      g_assert_no_error (error);
      g_assert_true (devssh_key_pair_get_evp_pkey (key) == pkey);
      g_assert_cmpstr (devssh_key_pair_get_algorithm (key), ==, fixtures[i].type);
      g_assert_cmpuint (devssh_key_pair_get_size (key), ==, fixtures[i].size);
      g_assert_true (devssh_key_pair_get_has_private (key));
      fingerprint = devssh_key_pair_dup_fingerprint (key);
      g_assert_cmpstr (fingerprint, ==, fixtures[i].fingerprint);

      /* One without private half is known as such. */
      public_key = devssh_key_pair_copy_public (key);
      wrapped = devssh_key_pair_new_for_evp_pkey (devssh_key_pair_get_evp_pkey (public_key),
                                                  &error);
      g_assert_no_error (error);
      g_assert_false (devssh_key_pair_get_has_private (wrapped));
      g_assert_true (devssh_key_pair_equal (wrapped, key));
    }
}

static void
test_evp_pkey_refused (void)
{
  static const struct { const char *type; const char *group; gsize bits; } rows[] = {
    { "RSA", NULL, 1024 }, { "RSA-PSS", NULL, 2048 }, { "EC", "secp256k1", 0 }, { "EC", "brainpoolP256r1", 0 },
    { "X25519", NULL, 0 }, { "ED448", NULL, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(EVP_PKEY) pkey = NULL;
      g_autoptr(GError) error = NULL;

      if (rows[i].group != NULL)
        pkey = EVP_PKEY_Q_keygen (NULL, NULL, rows[i].type, rows[i].group);
      else if (g_str_equal (rows[i].type, "RSA-PSS"))
        {
          g_autoptr(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_name (NULL, "RSA-PSS", NULL);

          EVP_PKEY_keygen_init (context);
          EVP_PKEY_generate (context, &pkey);
        }
      else
        pkey = EVP_PKEY_Q_keygen (NULL, NULL, rows[i].type, rows[i].bits);
      g_assert_nonnull (pkey);
      g_assert_null (devssh_key_pair_new_for_evp_pkey (pkey, &error));
      g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED);
    }
}

static void
test_pick (void)
{
  DevSshKeyPair *rsa = test_key ("ssh-rsa");
  DevSshKeyPair *ed25519 = test_key ("ssh-ed25519");
  static const char * const names[] = { "ssh-rsa", "ssh-dss", "rsa-sha2-256", "ssh-ed25519",
                                        "rsa-sha2-512", NULL };
  static const char * const none[] = { NULL };

  g_assert_true (devssh_key_pair_pick (rsa, names) == names[2]);
  g_assert_true (devssh_key_pair_pick (ed25519, names) == names[3]);
  g_assert_null (devssh_key_pair_pick (test_key ("ecdsa-sha2-nistp256"), names));
  g_assert_null (devssh_key_pair_pick (rsa, none));
  g_assert_true (devssh_key_pair_fits (rsa, "rsa-sha2-512"));
  g_assert_false (devssh_key_pair_fits (rsa, "ssh-rsa"));
  g_assert_false (devssh_key_pair_fits (rsa, "ssh-ed25519"));
  g_assert_false (devssh_key_pair_fits (ed25519, "none"));
}

/* Three names of one type, and others that are none. */
static void
test_rsa_names (void)
{
  static const char * const names[] = { "ssh-rsa", "rsa-sha2-256", "rsa-sha2-512", "ssh-dss",
                                        "rsa-sha2-384" };
  DevSshKeyPair *rsa = test_key ("ssh-rsa");
  const guint8 *data = NULL;
  gsize length = 0;

  devssh_key_pair_peek_blob (rsa, &data, &length);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr(DevSshWriter) writer = devssh_writer_new ();
      g_autoptr(GBytes) blob = NULL;
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshKeyPair) key = NULL;

      devssh_writer_put_utf8 (writer, names[i]);
      devssh_writer_put_bytes (writer, data + 11, length - 11);
      blob = devssh_writer_end (writer);
      key = devssh_key_pair_new_for_public_blob (blob, &error);
      if (i < 3)
        {
          const guint8 *again = NULL;
          gsize again_length = 0;

          g_assert_no_error (error);
          devssh_key_pair_peek_blob (key, &again, &again_length);
          g_assert_cmpmem (again, again_length, data, length);
        }
      else
        {
          g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED);
        }
    }
}

/* ---- signatures ---- */

static GBytes *
test_signature (const char *algorithm,
                GBytes     *raw)
{
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();

  devssh_writer_put_utf8 (writer, algorithm);
  devssh_writer_put_string (writer, g_bytes_get_data (raw, NULL), g_bytes_get_size (raw));
  return devssh_writer_end (writer);
}

static void
test_sign_verify (void)
{
  for (guint i = 0; devssh_signature_algorithm_names[i] != NULL; i++)
    {
      const char *algorithm = devssh_signature_algorithm_names[i];
      DevSshKeyPair *key = test_key (devssh_signature_algorithm_get_key_type (algorithm));
      g_autoptr(DevSshKeyPair) public_key = devssh_key_pair_copy_public (key);
      g_autoptr(DevSshKeyPair) other = devssh_key_pair_generate (algorithm, 2048, NULL);
      g_autoptr(GBytes) data = g_bytes_new_static ("the session id and more", 23);
      g_autoptr(GBytes) changed = g_bytes_new_static ("the session id and More", 23);
      g_autoptr(GBytes) empty = g_bytes_new_static ("", 0);
      g_autoptr(GBytes) signature = NULL;
      g_autoptr(GBytes) second = NULL;
      g_autoptr(GError) error = NULL;
      const guint8 *bytes = NULL;
      gsize length = 0;

      signature = devssh_key_pair_sign (key, algorithm, data, &error);
      g_assert_no_error (error);
      g_assert_true (devssh_key_pair_verify (public_key, algorithm, data, signature, &error));
      g_assert_no_error (error);

      /* other data, another key, none at all */
      g_assert_false (devssh_key_pair_verify (public_key, algorithm, changed, signature, &error));
      g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_SIGNATURE);
      g_clear_error (&error);
      g_assert_false (devssh_key_pair_verify (public_key, algorithm, empty, signature, &error));
      g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_SIGNATURE);
      g_clear_error (&error);
      g_assert_false (devssh_key_pair_verify (other, algorithm, data, signature, &error));
      g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_SIGNATURE);
      g_clear_error (&error);
      g_assert_false (devssh_key_pair_verify (public_key, algorithm, data, empty, &error));
      g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_TRUNCATED);
      g_clear_error (&error);

      /* every byte of it counts, and so does its end */
      bytes = g_bytes_get_data (signature, &length);
      for (gsize at = 0; at < length; at++)
        {
          g_autofree guint8 *copy = g_memdup2 (bytes, length);
          g_autoptr(GBytes) forged = NULL;

          copy[at] ^= (guint8) (1 << (at % 8));
          forged = g_bytes_new (copy, length);
          g_assert_false (devssh_key_pair_verify (public_key, algorithm, data, forged, NULL));
          forged = (g_bytes_unref (forged), g_bytes_new (bytes, at));
          g_assert_false (devssh_key_pair_verify (public_key, algorithm, data, forged, NULL));
        }
      {
        g_autofree guint8 *copy = g_malloc0 (length + 1);
        g_autoptr(GBytes) longer = NULL;

        memcpy (copy, bytes, length);
        longer = g_bytes_new (copy, length + 1);
        g_assert_false (devssh_key_pair_verify (public_key, algorithm, data, longer, &error));
        g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED);
        g_clear_error (&error);
      }

      /* nothing to sign, signing again with the kept context, and nobody to sign */
      second = devssh_key_pair_sign (key, algorithm, empty, &error);
      g_assert_no_error (error);
      g_assert_true (devssh_key_pair_verify (public_key, algorithm, empty, second, &error));
      g_assert_true (devssh_key_pair_verify (public_key, algorithm, data, signature, &error));
      g_assert_null (devssh_key_pair_sign (public_key, algorithm, data, &error));
      g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_NO_PRIVATE_KEY);
    }
}

static void
test_sign_default (void)
{
  static const char * const expected[] = {
    "ssh-ed25519", "rsa-sha2-512", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
  };
  g_autoptr(GBytes) data = g_bytes_new_static ("data", 4);

  for (guint i = 0; i < G_N_ELEMENTS (key_types); i++)
    {
      DevSshKeyPair *key = test_key (key_types[i]);
      g_autoptr(GError) error = NULL;
      g_autoptr(GBytes) signature = devssh_key_pair_sign (key, NULL, data, &error);

      g_assert_no_error (error);
      g_assert_true (devssh_key_pair_verify (key, expected[i], data, signature, &error));
      g_assert_no_error (error);
    }
}

/* The algorithm in the signature is the one that was agreed on: T-24. */
static void
test_wrong_algorithm (void)
{
  DevSshKeyPair *rsa = test_key ("ssh-rsa");
  g_autoptr(GBytes) data = g_bytes_new_static ("data", 4);
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) signature = devssh_key_pair_sign (rsa, "rsa-sha2-256", data, &error);

  g_assert_no_error (error);
  g_assert_false (devssh_key_pair_verify (rsa, "rsa-sha2-512", data, signature, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_SIGNATURE);
  g_clear_error (&error);
  /* T-28: never SHA-1 */
  g_assert_false (devssh_key_pair_verify (rsa, "ssh-rsa", data, signature, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED);
  g_clear_error (&error);
  g_assert_null (devssh_key_pair_sign (rsa, "ssh-rsa", data, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED);
  g_clear_error (&error);
  g_assert_null (devssh_key_pair_sign (rsa, "ssh-ed25519", data, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED);
  g_clear_error (&error);
  g_assert_null (devssh_key_pair_sign (test_key ("ssh-ed25519"), "rsa-sha2-256", data, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED);
}

/* RFC 8032, 7.1: tests 1, 2, 3 */
static const struct { const char *seed; const char *key; const char *message; const char *signature; } ed25519_vectors[] = {
  { "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
    "d25bf5f0595bbe24655141438e7a100b" },
  { "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
    "387b2eaeb4302aeeb00d291612bb0c00" },
  { "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
    "4a7c15e9716ed28dc027beceea1ec40a" },
};

static DevSshKeyPair *
test_ed25519_new (const char  *seed_hex,
                  const char  *key_hex,
                  GError     **error)
{
  g_autoptr(GBytes) seed = test_unhex (seed_hex);
  g_autoptr(GBytes) key = test_unhex (key_hex);
  DevSshReader reader;
  DEVSSH_WRITER_AUTO (writer);

  devssh_writer_put_utf8 (&writer, "ssh-ed25519");
  devssh_writer_put_string (&writer, test_bytes (key), g_bytes_get_size (key));
  devssh_writer_put_uint32 (&writer, 64);
  devssh_writer_put_bytes (&writer, test_bytes (seed), g_bytes_get_size (seed));
  devssh_writer_put_bytes (&writer, test_bytes (key), g_bytes_get_size (key));
  devssh_reader_init (&reader, writer.data, writer.length);
  return devssh_key_pair_new_for_private_fields (&reader, error);
}

static void
test_ed25519_vectors (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (ed25519_vectors); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshKeyPair) key = test_ed25519_new (ed25519_vectors[i].seed,
                                                       ed25519_vectors[i].key, &error);
      g_autoptr(GBytes) message = test_unhex (ed25519_vectors[i].message);
      g_autoptr(GBytes) raw = test_unhex (ed25519_vectors[i].signature);
      g_autoptr(GBytes) expected = test_signature ("ssh-ed25519", raw);
      g_autoptr(GBytes) signature = NULL;

      g_assert_no_error (error);
      signature = devssh_key_pair_sign (key, "ssh-ed25519", message, &error);
      g_assert_no_error (error);
      g_assert_true (g_bytes_equal (signature, expected));
      g_assert_true (devssh_key_pair_verify (key, "ssh-ed25519", message, expected, &error));
      g_assert_no_error (error);
    }
}

/* RFC 6979, A.2.5, A.2.6, A.2.7: message "sample", with the curve's own hash */
static const struct { const char *bits; const char *x; const char *y; const char *d; const char *r; const char *s; const char *n; } ecdsa_vectors[] = {
  { "256",
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6",
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
    "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551" },
  { "384",
    "ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc13",
    "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720",
    "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5",
    "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46",
    "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8",
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973" },
  { "521",
    "01894550d0785932e00eaa23b694f213f8c3121f86dc97a04e5a7167db4e5bcd371123d46e45db6b5d5370a7f20fb633"
    "155d38ffa16d2bd761dcac474b9a2f5023a4",
    "00493101c962cd4d2fddf782285e64584139c2f91b47f87ff82354d6630f746a28a0db25741b5b34a828008b22acc23f"
    "924faafbd4d33f81ea66956dfeaa2bfdfcf5",
    "00fad06daa62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75caa896eb32f1f47c70855836a6d16fcc"
    "1466f6d8fbec67db89ec0c08b0e996b83538",
    "00c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f174e25a1ee9017b5d450606add152b53"
    "4931d7d4e8455cc91f9b15bf05ec36e377fa",
    "00617cce7cf5064806c467f678d3b4080d6f1cc50af26ca209417308281b68af282623eaa63e5b5c0723d8b8c37ff077"
    "7b1a20f8ccb1dccc43997f1ee0e44da4a67a",
    "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f7"
    "09a5d03bb5c9b8899c47aebb6fb71e91386409" },
};

static void
test_put_hex_mpint (DevSshWriter *writer,
                    const char   *hex)
{
  g_autoptr(GBytes) bytes = test_unhex (hex);

  devssh_writer_put_mpint (writer, test_bytes (bytes), g_bytes_get_size (bytes));
}

/* string name, string curve, string Q, and mpint d if there is one */
static GBytes *
test_ecdsa_fields (guint       row,
                   const char *d)
{
  g_autofree char *name = g_strconcat ("ecdsa-sha2-nistp", ecdsa_vectors[row].bits, NULL);
  g_autofree char *point = g_strconcat ("04", ecdsa_vectors[row].x, ecdsa_vectors[row].y, NULL);
  g_autoptr(GBytes) q = test_unhex (point);
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();

  devssh_writer_put_utf8 (writer, name);
  devssh_writer_put_utf8 (writer, name + strlen ("ecdsa-sha2-"));
  devssh_writer_put_string (writer, test_bytes (q), g_bytes_get_size (q));
  if (d != NULL)
    test_put_hex_mpint (writer, d);
  return devssh_writer_end (writer);
}

static GBytes *
test_ecdsa_signature (const char *algorithm,
                      const char *r,
                      const char *s)
{
  g_autoptr(DevSshWriter) inner = devssh_writer_new ();
  g_autoptr(GBytes) raw = NULL;

  test_put_hex_mpint (inner, r);
  test_put_hex_mpint (inner, s);
  raw = devssh_writer_end (inner);
  return test_signature (algorithm, raw);
}

static DevSshKeyPair *
test_private_fields (GBytes  *fields,
                     GError **error)
{
  DevSshReader reader;

  devssh_reader_init (&reader, g_bytes_get_data (fields, NULL), g_bytes_get_size (fields));
  return devssh_key_pair_new_for_private_fields (&reader, error);
}

static void
test_ecdsa_vectors (void)
{
  g_autoptr(GBytes) message = g_bytes_new_static ("sample", 6);
  g_autoptr(GBytes) other = g_bytes_new_static ("Sample", 6);

  for (guint i = 0; i < G_N_ELEMENTS (ecdsa_vectors); i++)
    {
      g_autoptr(GBytes) blob = test_ecdsa_fields (i, NULL);
      g_autoptr(GBytes) fields = test_ecdsa_fields (i, ecdsa_vectors[i].d);
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshKeyPair) key = devssh_key_pair_new_for_public_blob (blob, &error);
      g_autoptr(DevSshKeyPair) private_key = NULL;
      g_autoptr(GBytes) signature = NULL;
      g_autoptr(GBytes) ours = NULL;
      const char *algorithm = NULL;

      g_assert_no_error (error);
      algorithm = devssh_key_pair_get_algorithm (key);
      signature = test_ecdsa_signature (algorithm, ecdsa_vectors[i].r, ecdsa_vectors[i].s);
      g_assert_true (devssh_key_pair_verify (key, algorithm, message, signature, &error));
      g_assert_no_error (error);
      g_assert_false (devssh_key_pair_verify (key, algorithm, other, signature, NULL));

      private_key = test_private_fields (fields, &error);
      g_assert_no_error (error);
      g_assert_true (devssh_key_pair_equal (key, private_key));
      ours = devssh_key_pair_sign (private_key, algorithm, message, &error);
      g_assert_no_error (error);
      g_assert_true (devssh_key_pair_verify (key, algorithm, message, ours, &error));
      g_assert_no_error (error);
    }
}

/* openssl dgst -sha256 (-sha512) -sign tests/data/keys/rsa2048-pkcs8-none of "sample", OpenSSL
 * 3.0.22 */
static const struct { const char *algorithm; const char *signature; } rsa_vectors[] = {
  { "rsa-sha2-256",
    "0d480037f2b5e7ab23a7a9a355647ff0eaef25119ecdcecb81e3949f71be6a473ef72c977a8527a431d5ae979c139736"
    "52a7553384ec7fc10bb113a5feb560151b4439da395ed55ed924a23caff84f0ffe93b11b38e1865b7a821ae47e585935"
    "ab11982520cae8b41dabadb429e170f22df83944d036deccb76040baf5e3c7241a6530ad1ce5512bd3e02b8586bd6562"
    "54e3e6d7b3ac802db8762d050c3f5ddc470b4e1b58b6950f669f85d6a0177daedcd3e38c33c8688ad2ea719d4b2db096"
    "48f88c3f2a7188674f03dbc3d6eea31a6cb831703bf24abc8e8e9983f12e8a38acd4b1b290fa4030602263a6daed794b"
    "b9f02e047ffd687feeb7c15e964c78e7" },
  { "rsa-sha2-512",
    "7796b6c5173372b4905f293bdddf27148d851aed4834e68dc3157f732eb8d6ae0edfb74e8825162a57de9d0af64e517e"
    "946f9e1b327debe4086552352a64830ceb774bffec458ff6c80ea93100c808ef3cf9aa171026980d95578aee233f5c28"
    "17becd84b732dc1c2c2ae2cc59afade697db450fe201b3495b5471fd961b69d9b2f092eb7d729e67237db42c7b2b6a94"
    "c14d7fa65618241074b9dffd53ea43e93716e9b77b08db4ab0947ce827a5786df9dfbe0203fb9ebefb376575bf13d05c"
    "a0840f69a132f785216ec704b415332fe80e9f8af6d494cd01d45ab220981776235147c92302ee62071604e2c465f846"
    "7576ddd95070114a0fa4386a99bf2feb" },
};

static void
test_rsa_vectors (void)
{
  g_autoptr(EVP_PKEY) pkey = test_load_pem ("rsa2048-pkcs8-none");
  g_autoptr(GBytes) message = g_bytes_new_static ("sample", 6);
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshKeyPair) key = devssh_key_pair_new_for_evp_pkey (pkey, &error);

  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (rsa_vectors); i++)
    {
      g_autoptr(GBytes) raw = test_unhex (rsa_vectors[i].signature);
      g_autoptr(GBytes) expected = test_signature (rsa_vectors[i].algorithm, raw);
      g_autoptr(GBytes) signature = NULL;

      /* twice: once to make the context, once with the kept one */
      for (guint j = 0; j < 2; j++)
        {
          g_clear_pointer (&signature, g_bytes_unref);
          signature = devssh_key_pair_sign (key, rsa_vectors[i].algorithm, message, &error);
          g_assert_no_error (error);
          g_assert_true (g_bytes_equal (signature, expected));
        }
      g_assert_true (devssh_key_pair_verify (key, rsa_vectors[i].algorithm, message, expected,
                                             &error));
      g_assert_no_error (error);
    }
}

/* ---- malformed signatures: T-28 ---- */

static void
test_ecdsa_bad_signatures (void)
{
  g_autoptr(GBytes) message = g_bytes_new_static ("sample", 6);

  for (guint i = 0; i < G_N_ELEMENTS (ecdsa_vectors); i++)
    {
      g_autoptr(GBytes) blob = test_ecdsa_fields (i, NULL);
      g_autoptr(DevSshKeyPair) key = devssh_key_pair_new_for_public_blob (blob, NULL);
      const char *algorithm = devssh_key_pair_get_algorithm (key);
      const char *r = ecdsa_vectors[i].r, *s = ecdsa_vectors[i].s, *n = ecdsa_vectors[i].n;
      g_autofree char *huge = g_strnfill (4096, 'f');
      g_autoptr(GBytes) good_r = test_unhex (r);
      g_autoptr(GBytes) good_s = test_unhex (s);
      g_autoptr(GBytes) order = test_unhex (n);
      g_autoptr(BIGNUM) order_number = BN_bin2bn (test_bytes (order),
                                                  (int) g_bytes_get_size (order), NULL);
      g_autoptr(BIGNUM) r_number = BN_bin2bn (test_bytes (good_r), (int) g_bytes_get_size (good_r),
                                              NULL);
      g_autofree guint8 *more = g_malloc0 (70);
      g_autofree char *more_hex = g_malloc0 (141);
      const struct { const char *r; const char *s; } bad[] = {
        { "", s }, { r, "" }, { "", "" }, { n, s }, { r, n }, { n, n }, { "01", s }, { r, "01" },
        { s, r }, { huge, s }, { r, huge }, { more_hex, s },
      };

      /* r + n is r again, to whoever forgets to look */
      BN_add (r_number, r_number, order_number);
      BN_bn2binpad (r_number, more, 67);
      for (guint j = 0; j < 67; j++)
        g_snprintf (more_hex + 2 * j, 3, "%02x", more[j]);

      for (guint j = 0; j < G_N_ELEMENTS (bad); j++)
        {
          g_autoptr(GBytes) signature = test_ecdsa_signature (algorithm, bad[j].r, bad[j].s);
          g_autoptr(GError) error = NULL;

          g_assert_false (devssh_key_pair_verify (key, algorithm, message, signature, &error));
          g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_SIGNATURE);
        }

      /* not mpints at all, a needless zero (T-15), negative, bytes behind */
      for (guint j = 0; j < 5; j++)
        {
          g_autoptr(DevSshWriter) inner = devssh_writer_new ();
          g_autoptr(GBytes) raw = NULL;
          g_autoptr(GBytes) signature = NULL;
          g_autoptr(GError) error = NULL;
          gsize zeros = j == 1 ? 2 : j == 2 ? 1 : 0;
          const guint8 *bytes = test_bytes (good_r);
          gsize length = g_bytes_get_size (good_r);

          while (length > 0 && *bytes == 0)
            {
              bytes++;
              length--;
            }
          if (j == 0)
            devssh_writer_put_bytes (inner, bytes, length);
          else if (j == 3)
            devssh_writer_put_string (inner, (const guint8 *) "\xff\x01", 2);
          else if (j == 4 || zeros == 0)
            test_put_hex_mpint (inner, r);
          else
            {
              gboolean top = (bytes[0] & 0x80) != 0;

              devssh_writer_put_uint32 (inner, (guint32) (length + zeros + (top ? 1 : 0)));
              for (gsize k = 0; k < zeros + (top ? 1 : 0); k++)
                devssh_writer_put_byte (inner, 0);
              devssh_writer_put_bytes (inner, bytes, length);
            }
          test_put_hex_mpint (inner, s);
          if (j == 4)
            devssh_writer_put_byte (inner, 0);
          raw = devssh_writer_end (inner);
          signature = test_signature (algorithm, raw);
          g_assert_false (devssh_key_pair_verify (key, algorithm, message, signature, &error));
          g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_SIGNATURE);
        }
    }
}

/* RFC 8032, 5.1.7: s + L would verify as well, if nobody looked. L is of 5.1. */
static void
test_ed25519_bad_signatures (void)
{
  static const char order_be[] = "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed";
  g_autoptr(GBytes) order = test_unhex (order_be);
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshKeyPair) key = test_ed25519_new (ed25519_vectors[1].seed, ed25519_vectors[1].key,
                                                   &error);
  g_autoptr(GBytes) message = test_unhex (ed25519_vectors[1].message);
  g_autoptr(GBytes) good = test_unhex (ed25519_vectors[1].signature);
  static const gsize lengths[] = { 0, 1, 32, 63, 65, 128 };
  guint8 raw[128] = { 0 };
  guint carry = 0;

  memcpy (raw, test_bytes (good), 64);
  for (guint i = 0; i < 32; i++)
    {
      carry += raw[32 + i] + test_bytes (order)[31 - i];
      raw[32 + i] = (guint8) carry;
      carry >>= 8;
    }
  g_assert_cmpuint (carry, ==, 0);
  {
    g_autoptr(GBytes) twin = g_bytes_new (raw, 64);
    g_autoptr(GBytes) signature = test_signature ("ssh-ed25519", twin);

    g_assert_false (devssh_key_pair_verify (key, "ssh-ed25519", message, signature, &error));
    g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_SIGNATURE);
    g_clear_error (&error);
  }

  memset (raw, 0, sizeof raw);
  memcpy (raw, test_bytes (good), 64);
  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr(GBytes) other = g_bytes_new (raw, lengths[i]);
      g_autoptr(GBytes) signature = test_signature ("ssh-ed25519", other);

      g_assert_false (devssh_key_pair_verify (key, "ssh-ed25519", message, signature, &error));
      g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_SIGNATURE);
      g_clear_error (&error);
    }
}

static GBytes *
test_rsa_blob (GBytes *e,
               GBytes *n)
{
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();

  devssh_writer_put_utf8 (writer, "ssh-rsa");
  devssh_writer_put_mpint (writer, g_bytes_get_data (e, NULL), g_bytes_get_size (e));
  devssh_writer_put_mpint (writer, g_bytes_get_data (n, NULL), g_bytes_get_size (n));
  return devssh_writer_end (writer);
}

/* A modulus of that many bits, all ones. */
static GBytes *
test_ones (guint bits)
{
  gsize length = (bits + 7) / 8;
  guint8 *data = g_malloc (length);

  memset (data, 0xff, length);
  data[0] = (guint8) (0xff >> (8 * length - bits));
  return g_bytes_new_take (data, length);
}

/* Bleichenbacher's forgery of 2006: with e = 3 the cube of this begins as a padded SHA-256 of
 * "sample" does, for any modulus of 2048 bits. Whoever does not look at all of the padding takes
 * it. */
static void
test_rsa_bad_signatures (void)
{
  static const char forged_hex[] =
    "32cbfd4a7adc7905583d767520f51640759176d37826f2ef63ae3dc7abe8edade2bf69a0b66642c1aab728898685671f"
    "6e16a7b76adca46e50d18737cb71a242939acf2077a1d944a5661b73be9576f05db057a71a";
  DevSshKeyPair *rsa = test_key ("ssh-rsa");
  g_autoptr(GBytes) e = test_unhex ("03");
  g_autoptr(GBytes) n = test_ones (2048);
  g_autoptr(GBytes) blob = test_rsa_blob (e, n);
  g_autoptr(GBytes) message = g_bytes_new_static ("sample", 6);
  g_autoptr(GBytes) forged = test_unhex (forged_hex);
  g_autoptr(GBytes) zeros = g_bytes_new_take (g_malloc0 (300), 300);
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshKeyPair) key = devssh_key_pair_new_for_public_blob (blob, &error);
  const gsize lengths[] = { 0, 1, 255, 256, 257, 300 };

  g_assert_no_error (error);
  {
    g_autoptr(GBytes) signature = test_signature ("rsa-sha2-256", forged);

    g_assert_false (devssh_key_pair_verify (key, "rsa-sha2-256", message, signature, &error));
    g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_SIGNATURE);
    g_clear_error (&error);
  }
  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr(GBytes) raw = g_bytes_new_from_bytes (zeros, 0, lengths[i]);
      g_autoptr(GBytes) signature = test_signature ("rsa-sha2-256", raw);

      g_assert_false (devssh_key_pair_verify (rsa, "rsa-sha2-256", message, signature, &error));
      g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_SIGNATURE);
      g_clear_error (&error);
    }
}

/* RFC 8332, 3: some signers leave leading zero bytes out. One signature in 256 begins with one. */
static void
test_rsa_short_signature (void)
{
  DevSshKeyPair *rsa = test_key ("ssh-rsa");

  for (guint i = 0; i < 20000; i++)
    {
      g_autoptr(GBytes) message = g_bytes_new (&i, sizeof i);
      g_autoptr(GError) error = NULL;
      g_autoptr(GBytes) signature = devssh_key_pair_sign (rsa, "rsa-sha2-256", message, &error);
      const guint8 *raw = test_bytes (signature) + 4 + 12 + 4;
      g_autoptr(GBytes) shorter = NULL;
      g_autoptr(GBytes) without = NULL;

      g_assert_no_error (error);
      g_assert_cmpuint (g_bytes_get_size (signature), ==, 4 + 12 + 4 + 256);
      if (raw[0] != 0)
        continue;

      shorter = g_bytes_new (raw + 1, 255);
      without = test_signature ("rsa-sha2-256", shorter);
      g_assert_true (devssh_key_pair_verify (rsa, "rsa-sha2-256", message, without, &error));
      g_assert_no_error (error);
      return;
    }
  g_assert_not_reached ();
}

/* ---- malformed keys: T-28, T-15 ---- */

static void
test_blob_refused (GBytes     *blob,
                   DevSshError expected)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (devssh_key_pair_new_for_public_blob (blob, &error));
  g_assert_error (error, DEVSSH_ERROR, (int) expected);
}

static void
test_rsa_bad_keys (void)
{
  static const char * const bad_exponents[] = { "", "01", "02", "010000", "0100000001",
                                                "0100000000", "ffffffffffffffff" };
  static const char * const good_exponents[] = { "03", "11", "010001", "ffffffff" };
  static const guint bad_sizes[] = { 8, 512, 1024, 2047 };
  static const guint huge_sizes[] = { 16385, 65536, 1000000 };
  g_autoptr(GBytes) f4 = test_unhex ("010001");
  g_autoptr(GBytes) n = test_ones (2048);

  for (guint i = 0; i < G_N_ELEMENTS (bad_exponents); i++)
    {
      g_autoptr(GBytes) e = test_unhex (bad_exponents[i]);
      g_autoptr(GBytes) blob = test_rsa_blob (e, n);

      test_blob_refused (blob, DEVSSH_ERROR_MALFORMED);
    }
  for (guint i = 0; i < G_N_ELEMENTS (good_exponents); i++)
    {
      g_autoptr(GBytes) e = test_unhex (good_exponents[i]);
      g_autoptr(GBytes) blob = test_rsa_blob (e, n);
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshKeyPair) key = devssh_key_pair_new_for_public_blob (blob, &error);

      g_assert_no_error (error);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad_sizes); i++)
    {
      g_autoptr(GBytes) small = test_ones (bad_sizes[i]);
      g_autoptr(GBytes) blob = test_rsa_blob (f4, small);

      test_blob_refused (blob, DEVSSH_ERROR_UNSUPPORTED);
    }
  /* Before any arithmetic: the reader does not even hand the number out. */
  for (guint i = 0; i < G_N_ELEMENTS (huge_sizes); i++)
    {
      g_autoptr(GBytes) huge = test_ones (huge_sizes[i]);
      g_autoptr(GBytes) blob = test_rsa_blob (f4, huge);
      g_autoptr(GBytes) turned = test_rsa_blob (huge, f4);

      test_blob_refused (blob, DEVSSH_ERROR_MALFORMED);
      test_blob_refused (turned, DEVSSH_ERROR_MALFORMED);
    }
  {
    g_autoptr(GBytes) largest = test_ones (16384);
    g_autoptr(GBytes) blob = test_rsa_blob (f4, largest);
    g_autoptr(GError) error = NULL;
    g_autoptr(DevSshKeyPair) key = devssh_key_pair_new_for_public_blob (blob, &error);
    g_autoptr(GBytes) signature = test_signature ("rsa-sha2-512", largest);

    g_assert_no_error (error);
    g_assert_cmpuint (devssh_key_pair_get_size (key), ==, 16384);
    g_assert_false (devssh_key_pair_verify (key, "rsa-sha2-512", f4, signature, NULL));
  }
  {
    g_autofree guint8 *even = g_memdup2 (test_bytes (n), 256);
    g_autoptr(GBytes) even_n = NULL;
    g_autoptr(GBytes) blob = NULL;

    even[255] = 0xfe;
    even_n = g_bytes_new (even, 256);
    blob = test_rsa_blob (f4, even_n);
    test_blob_refused (blob, DEVSSH_ERROR_MALFORMED);
  }
}

/* Negative numbers and needless zeros in front. */
static void
test_rsa_bad_numbers (void)
{
  static const guint8 numbers[][4] = { { 0x80, 0, 1, 0 }, { 0xff, 0, 1, 0 }, { 0, 1, 0, 1 },
                                       { 0, 0, 1, 0 } };
  g_autoptr(GBytes) n = test_ones (2048);

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autoptr(DevSshWriter) writer = devssh_writer_new ();
      g_autoptr(GBytes) blob = NULL;

      devssh_writer_put_utf8 (writer, "ssh-rsa");
      devssh_writer_put_string (writer, numbers[i], i == 2 ? 4 : 3);
      devssh_writer_put_mpint (writer, test_bytes (n), 256);
      blob = devssh_writer_end (writer);
      test_blob_refused (blob, DEVSSH_ERROR_MALFORMED);

      writer = (devssh_writer_unref (writer), devssh_writer_new ());
      devssh_writer_put_utf8 (writer, "ssh-rsa");
      devssh_writer_put_mpint (writer, (const guint8 *) "\1\0\1", 3);
      devssh_writer_put_uint32 (writer, 258);
      devssh_writer_put_bytes (writer,
                               (const guint8 *) (i == 0 ? "\200\1" : i == 1 ? "\377\377" : "\0\0"), 2);
      devssh_writer_put_bytes (writer, test_bytes (n), 256);
      blob = (g_bytes_unref (blob), devssh_writer_end (writer));
      test_blob_refused (blob, DEVSSH_ERROR_MALFORMED);
    }
}

static void
test_ecdsa_bad_keys (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (ecdsa_vectors); i++)
    {
      g_autoptr(GBytes) good = test_ecdsa_fields (i, NULL);
      const guint8 *bytes = test_bytes (good);
      gsize length = g_bytes_get_size (good);
      gsize width = strlen (ecdsa_vectors[i].x) / 2;
      gsize point = length - 1 - 2 * width;
      g_autofree guint8 *bad = g_memdup2 (bytes, length);

      /* another curve's name, off the curve, not below the prime, not the uncompressed form */
      for (guint j = 0; j < 8; j++)
        {
          g_autoptr(GBytes) blob = NULL;

          memcpy (bad, bytes, length);
          if (j == 0)
            bad[point - 5] = bad[point - 5] == '6' ? '4' : '6';
          else if (j == 1)
            bad[length - 1] ^= 1;
          else if (j == 2)
            bad[point + width] ^= 1;
          else if (j == 3)
            memset (bad + point + 1, 0xff, width);
          else if (j == 4)
            memset (bad + point + 1 + width, 0xff, width);
          else if (j == 5)
            memset (bad + point + 1, 0, 2 * width);
          else
            bad[point] = j == 6 ? 0x06 : 0x00;
          blob = g_bytes_new (bad, length);
          test_blob_refused (blob, DEVSSH_ERROR_MALFORMED);
        }
      /* compressed, and infinity */
      for (guint j = 0; j < 2; j++)
        {
          g_autoptr(DevSshWriter) writer = devssh_writer_new ();
          g_autoptr(GBytes) blob = NULL;

          devssh_writer_put_bytes (writer, bytes, point - 4);
          memcpy (bad, bytes + point, width + 1);
          bad[0] = j == 0 ? 2 + (bytes[length - 1] & 1) : 0;
          devssh_writer_put_string (writer, bad, j == 0 ? width + 1 : 1);
          blob = devssh_writer_end (writer);
          test_blob_refused (blob, DEVSSH_ERROR_MALFORMED);
        }
    }
}

static void
test_ed25519_bad_keys (void)
{
  static const gsize lengths[] = { 0, 1, 31, 33, 57, 64 };
  guint8 key[64] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr(DevSshWriter) writer = devssh_writer_new ();
      g_autoptr(GBytes) blob = NULL;

      devssh_writer_put_utf8 (writer, "ssh-ed25519");
      devssh_writer_put_string (writer, key, lengths[i]);
      blob = devssh_writer_end (writer);
      test_blob_refused (blob, DEVSSH_ERROR_MALFORMED);
    }
}

/* Cut at every byte, one byte too many, and names that are no type. */
static void
test_blob_cut (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (key_types); i++)
    {
      const guint8 *data = NULL;
      gsize length = 0;
      g_autofree guint8 *longer = NULL;
      g_autoptr(GBytes) blob = NULL;

      devssh_key_pair_peek_blob (test_key (key_types[i]), &data, &length);
      for (gsize cut = 0; cut < length; cut++)
        {
          g_autoptr(GError) error = NULL;
          g_autofree guint8 *copy = g_memdup2 (data, cut);   /* so that ASan sees the end */

          g_assert_null (devssh_key_pair_new_for_blob (copy, cut, &error));
          g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_TRUNCATED);
        }
      longer = g_malloc0 (length + 1);
      memcpy (longer, data, length);
      blob = g_bytes_new (longer, length + 1);
      test_blob_refused (blob, DEVSSH_ERROR_MALFORMED);

      longer[5] ^= 0x20;
      blob = (g_bytes_unref (blob), g_bytes_new (longer, length));
      test_blob_refused (blob, DEVSSH_ERROR_UNSUPPORTED);
    }
}

/* ---- the private fields: T-80, T-82 ---- */

static void
test_private_round_trip (void)
{
  g_autoptr(GBytes) data = g_bytes_new_static ("data", 4);

  for (guint i = 0; i < G_N_ELEMENTS (key_types); i++)
    {
      DevSshKeyPair *key = test_key (key_types[i]);
      g_autoptr(DevSshKeyPair) public_key = devssh_key_pair_copy_public (key);
      g_autoptr(DevSshWriter) writer = devssh_writer_new ();
      g_autoptr(DevSshWriter) none = devssh_writer_new ();
      g_autoptr(GBytes) fields = NULL;
      g_autoptr(GBytes) signature = NULL;
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshKeyPair) again = NULL;

      g_assert_true (devssh_key_pair_put_private_fields (key, writer, &error));
      g_assert_no_error (error);
      fields = devssh_writer_end (writer);
      again = test_private_fields (fields, &error);
      g_assert_no_error (error);
      g_assert_true (devssh_key_pair_equal (key, again));
      signature = devssh_key_pair_sign (again, NULL, data, &error);
      g_assert_no_error (error);
      g_assert_true (devssh_key_pair_verify (key,
                                             devssh_key_pair_pick (key,
                                                                   devssh_signature_algorithm_names),
                                             data, signature, &error));
      g_assert_no_error (error);

      g_assert_false (devssh_key_pair_put_private_fields (public_key, none, &error));
      g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_NO_PRIVATE_KEY);
    }
}

/* Whatever byte of the numbers is changed, the halves no longer belong together, or it is no key
 * any more. */
static void
test_private_changed (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (key_types); i++)
    {
      DevSshKeyPair *key = test_key (key_types[i]);
      gsize start = 4 + strlen (key_types[i]);
      g_autofree guint8 *bytes = NULL;
      gsize length = 0;
      DEVSSH_WRITER_AUTO (writer);

      g_assert_true (devssh_key_pair_put_private_fields (key, &writer, NULL));
      length = devssh_writer_get_length (&writer);
      bytes = g_memdup2 (writer.data, length);
      for (gsize at = start; at < length; at += length > 500 ? 7 : 1)
        {
          DevSshReader reader;
          g_autoptr(GError) error = NULL;
          g_autoptr(DevSshKeyPair) changed = NULL;

          bytes[at] ^= 1;
          devssh_reader_init (&reader, bytes, length);
          changed = devssh_key_pair_new_for_private_fields (&reader, &error);
          bytes[at] ^= 1;
          g_assert_null (changed);
          g_assert_nonnull (error);
        }
      for (gsize cut = 0; cut < length; cut += length > 500 ? 3 : 1)
        {
          g_autofree guint8 *copy = g_memdup2 (bytes, cut);
          g_autoptr(GError) error = NULL;
          DevSshReader reader;

          devssh_reader_init (&reader, copy, cut);
          g_assert_null (devssh_key_pair_new_for_private_fields (&reader, &error));
          g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_TRUNCATED);
        }
    }
}

/* d = 0 and d = n, and d + n, which makes the same point */
static void
test_private_ecdsa_range (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (ecdsa_vectors); i++)
    {
      const char *scalars[] = { "", ecdsa_vectors[i].n, NULL };
      g_autoptr(GBytes) d = test_unhex (ecdsa_vectors[i].d);
      g_autoptr(GBytes) n = test_unhex (ecdsa_vectors[i].n);
      g_autoptr(BIGNUM) sum = BN_bin2bn (test_bytes (d), (int) g_bytes_get_size (d), NULL);
      g_autoptr(BIGNUM) order = BN_bin2bn (test_bytes (n), (int) g_bytes_get_size (n), NULL);
      char *hex = NULL;

      BN_add (sum, sum, order);
      hex = BN_bn2hex (sum);
      scalars[2] = hex;
      for (guint j = 0; j < G_N_ELEMENTS (scalars); j++)
        {
          g_autoptr(GBytes) fields = test_ecdsa_fields (i, scalars[j]);
          g_autoptr(GError) error = NULL;

          g_assert_null (test_private_fields (fields, &error));
          g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED);
        }
      OPENSSL_free (hex);
    }
}

/* p = 1, q = n and all the like: refused, and in no time. */
static void
test_private_rsa_silly (void)
{
  g_autoptr(GBytes) n = test_ones (2048);
  g_autoptr(GBytes) one = test_unhex ("01");
  g_autoptr(GBytes) zero = test_unhex ("");
  g_autoptr(GBytes) f4 = test_unhex ("010001");
  GBytes *rows[][2] = { { one, n }, { n, one }, { zero, n }, { n, zero }, { n, n }, { one, one },
                        { zero, zero } };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      GBytes *order[] = { n, f4, one, one, rows[i][0], rows[i][1] };
      g_autoptr(DevSshWriter) writer = devssh_writer_new ();
      g_autoptr(GBytes) fields = NULL;
      g_autoptr(GError) error = NULL;

      devssh_writer_put_utf8 (writer, "ssh-rsa");
      for (guint j = 0; j < G_N_ELEMENTS (order); j++)
        devssh_writer_put_mpint (writer, g_bytes_get_data (order[j], NULL),
                                 g_bytes_get_size (order[j]));
      fields = devssh_writer_end (writer);
      g_assert_null (test_private_fields (fields, &error));
      g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED);
    }
}

/* No block that was freed on the way through reading, signing and writing has the secret in it. */
static void
test_private_wiped (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (key_types); i++)
    {
      DevSshKeyPair *key = test_key (key_types[i]);
      gsize secret_length = 24;
      g_autofree guint8 *fields = NULL;
      g_autofree guint8 *secret = g_malloc (secret_length);
      gsize length = 0, at = 0;

      {
        DEVSSH_WRITER_AUTO (writer);

        g_assert_true (devssh_key_pair_put_private_fields (key, &writer, NULL));
        length = devssh_writer_get_length (&writer);
        fields = g_memdup2 (writer.data, length);
      }
      /* inside the seed, the scalar, or the last of the primes; numbers are kept from their low end
       * in memory */
      at = g_str_equal (key_types[i], "ssh-ed25519") ? length - 60 : length - 28;

      for (guint turned = 0; turned < 2; turned++)
        {
          g_autoptr(DevSshKeyPair) again = NULL;
          g_autoptr(DevSshWriter) writer = devssh_writer_new ();
          g_autoptr(GBytes) data = g_bytes_new_static ("data", 4);
          g_autoptr(GBytes) signature = NULL;
          DevSshReader reader;

          for (gsize j = 0; j < secret_length; j++)
            secret[j] = fields[at + (turned ? secret_length - 1 - j : j)];

          if (!turned)
            {
              /* Without wiping it would be found. */
              test_watch_begin (secret, secret_length);
              g_free (g_memdup2 (fields, length));
              g_assert_cmpint (test_watch_end (), ==, 1);
            }

          test_watch_begin (secret, secret_length);
          devssh_reader_init (&reader, fields, length);
          again = devssh_key_pair_new_for_private_fields (&reader, NULL);
          signature = devssh_key_pair_sign (again, NULL, data, NULL);
          devssh_key_pair_put_private_fields (again, writer, NULL);
          g_clear_pointer (&writer, devssh_writer_unref);
          g_clear_object (&again);
          g_assert_cmpint (test_watch_end (), ==, 0);
          g_assert_nonnull (signature);
        }
    }
}

/* ---- threads ---- */

static gpointer
test_sign_in_thread (gpointer key)
{
  g_autoptr(GBytes) data = g_bytes_new_static ("data", 4);

  for (guint i = 0; i < 50; i++)
    {
      g_autoptr(GError) error = NULL;
      const char *algorithm = devssh_key_pair_pick (key, devssh_signature_algorithm_names);
      g_autoptr(GBytes) signature = devssh_key_pair_sign (key, algorithm, data, &error);

      g_assert_no_error (error);
      g_assert_true (devssh_key_pair_verify (key, algorithm, data, signature, &error));
      g_assert_no_error (error);
    }
  return NULL;
}

static void
test_sign_threads (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (key_types); i++)
    {
      GThread *threads[4];

      for (guint j = 0; j < G_N_ELEMENTS (threads); j++)
        threads[j] = g_thread_new ("sign", test_sign_in_thread, test_key (key_types[i]));
      for (guint j = 0; j < G_N_ELEMENTS (threads); j++)
        g_thread_join (threads[j]);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/crypto/key-pair/generate/E-70", test_generate);
  g_test_add_func ("/crypto/key-pair/generate/refused/E-70", test_generate_refused);
  g_test_add_func ("/crypto/key-pair/generate/async", test_generate_async);
  g_test_add_func ("/crypto/key-pair/generate/async/cancelled", test_generate_cancelled);
  g_test_add_func ("/crypto/key-pair/generate/async/refused", test_generate_async_refused);
  g_test_add_func ("/crypto/key-pair/properties", test_properties);
  g_test_add_func ("/crypto/key-pair/evp-pkey", test_evp_pkey);
  g_test_add_func ("/crypto/key-pair/evp-pkey/refused/T-28", test_evp_pkey_refused);
  g_test_add_func ("/crypto/key-pair/pick", test_pick);
  g_test_add_func ("/crypto/key-pair/rsa-names/E-70", test_rsa_names);
  g_test_add_func ("/crypto/key-pair/sign/verify/E-70", test_sign_verify);
  g_test_add_func ("/crypto/key-pair/sign/default", test_sign_default);
  g_test_add_func ("/crypto/key-pair/sign/wrong-algorithm/T-24", test_wrong_algorithm);
  g_test_add_func ("/crypto/key-pair/sign/threads", test_sign_threads);
  g_test_add_func ("/crypto/key-pair/vectors/ed25519", test_ed25519_vectors);
  g_test_add_func ("/crypto/key-pair/vectors/ecdsa", test_ecdsa_vectors);
  g_test_add_func ("/crypto/key-pair/vectors/rsa", test_rsa_vectors);
  g_test_add_func ("/crypto/key-pair/bad-signature/T-28/ecdsa", test_ecdsa_bad_signatures);
  g_test_add_func ("/crypto/key-pair/bad-signature/T-28/ed25519", test_ed25519_bad_signatures);
  g_test_add_func ("/crypto/key-pair/bad-signature/T-28/rsa", test_rsa_bad_signatures);
  g_test_add_func ("/crypto/key-pair/short-signature/rsa", test_rsa_short_signature);
  g_test_add_func ("/crypto/key-pair/bad-key/T-28/rsa", test_rsa_bad_keys);
  g_test_add_func ("/crypto/key-pair/bad-key/T-15/rsa", test_rsa_bad_numbers);
  g_test_add_func ("/crypto/key-pair/bad-key/T-28/ecdsa", test_ecdsa_bad_keys);
  g_test_add_func ("/crypto/key-pair/bad-key/T-28/ed25519", test_ed25519_bad_keys);
  g_test_add_func ("/crypto/key-pair/bad-key/T-12/cut", test_blob_cut);
  g_test_add_func ("/crypto/key-pair/private/round-trip", test_private_round_trip);
  g_test_add_func ("/crypto/key-pair/private/changed/T-80", test_private_changed);
  g_test_add_func ("/crypto/key-pair/private/range/T-80", test_private_ecdsa_range);
  g_test_add_func ("/crypto/key-pair/private/silly/T-80", test_private_rsa_silly);
  /* Where free() belongs to a sanitizer the other build has looked. */
  if (test_can_watch_free ())
    g_test_add_func ("/crypto/key-pair/private/wiped/T-82", test_private_wiped);

  return g_test_run ();
}
