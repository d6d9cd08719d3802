/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON web keys: those of the RFCs, what others write, and everything that must be refused. */
#include <libdevssh/keys/devssh-key-format-private.h>

#include <string.h>

static DevSshKeyPair *
test_read (const char  *text,
           GError     **error)
{
  g_autoptr(GBytes) data = g_bytes_new (text, strlen (text));

  return devssh_key_pair_import_data (data, DEVSSH_KEY_FORMAT_DEFAULT, NULL, error);
}

static char *
test_write (DevSshKeyPair *key,
            gboolean       is_private)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) text = is_private ? devssh_key_pair_export_private (key, DEVSSH_KEY_FORMAT_JWK, NULL, &error)
                                      : devssh_key_pair_export_public (key, DEVSSH_KEY_FORMAT_JWK, &error);

  g_assert_no_error (error);
  return g_strndup (g_bytes_get_data (text, NULL), g_bytes_get_size (text));
}

/* RFC 8037, A.1 */
#define RFC8037_D "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
#define RFC8037_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"

/* RFC 7517, A.2: of it the EC key */
#define RFC7517_X "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"
#define RFC7517_Y "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"
#define RFC7517_D "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"

static void
test_rfc (void)
{
  static const struct { const char *text; const char *algorithm; const char *comment; } rows[] = {
    { "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":\"" RFC8037_D "\",\"x\":\"" RFC8037_X "\"}", "ssh-ed25519", NULL },
    { "\n\t{ \"x\" : \"" RFC8037_X "\" ,\r\n\"d\":\"" RFC8037_D "\",\"key_ops\":[\"sign\", [], {}, -1.5e+3, null],"
      "\"ext\":true,\"nested\":{\"kty\":\"RSA\",\"a\":[{\"b\":{}}]},\"crv\":\"Ed25519\",\"\\u006bty\":\"OK\\u0050\","
      "\"comment\":\"\\\"\\\\\\/\\t\\u00f1 \\ud83d\\udd11\"} \n",
      "ssh-ed25519", "\"\\/\tñ 🔑" },
    { "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" RFC7517_X "\",\"y\":\"" RFC7517_Y "\",\"d\":\"" RFC7517_D "\","
      "\"use\":\"enc\",\"kid\":\"1\"}", "ecdsa-sha2-nistp256", NULL },
    { "{\"kty\":\"EC\",\"crv\":\"nistp256\",\"x\":\"" RFC7517_X "\",\"y\":\"" RFC7517_Y "\",\"d\":\"" RFC7517_D "\"}",
      "ecdsa-sha2-nistp256", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshKeyPair) key = test_read (rows[i].text, &error);
      g_autoptr(DevSshKeyPair) again = NULL;
      g_autoptr(DevSshKeyPair) public_key = NULL;
      g_autofree char *written = NULL;
      g_autofree char *public_text = NULL;

      g_assert_no_error (error);
      g_assert_cmpstr (devssh_key_pair_get_algorithm (key), ==, rows[i].algorithm);
      g_assert_cmpstr (devssh_key_pair_get_comment (key), ==, rows[i].comment);
      g_assert_true (devssh_key_pair_get_has_private (key));
      written = test_write (key, TRUE);
      again = test_read (written, &error);
      g_assert_no_error (error);
      g_assert_true (devssh_key_pair_equal (key, again) && devssh_key_pair_get_has_private (again));
      g_assert_cmpstr (devssh_key_pair_get_comment (again), ==, rows[i].comment);
      public_text = test_write (key, FALSE);
      g_assert_null (strstr (public_text, "\"d\""));
      public_key = test_read (public_text, &error);
      g_assert_no_error (error);
      g_assert_true (devssh_key_pair_equal (key, public_key) && !devssh_key_pair_get_has_private (public_key));
    }
}

static void
test_layout (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshKeyPair) key = test_read ("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" RFC7517_X "\",\"y\":\""
                                            RFC7517_Y "\",\"d\":\"" RFC7517_D "\",\"comment\":\"a\\nb\"}", &error);
  g_autofree char *text = NULL;

  g_assert_no_error (error);
  text = test_write (key, TRUE);
  g_assert_cmpstr (text, ==,
                   "{\n\t\"kty\": \"EC\",\n\t\"crv\": \"P-256\",\n\t\"x\": \"" RFC7517_X "\",\n\t\"y\": \"" RFC7517_Y
                   "\",\n\t\"d\": \"" RFC7517_D "\",\n\t\"comment\": \"a\\u000ab\"\n}\n");
}

static char *
test_base64url (const guint8 *data,
                gsize         length)
{
  char *text = g_base64_encode (data, length);

  text[strcspn (text, "=")] = '\0';
  g_strdelimit (text, "+", '-');
  return g_strdelimit (text, "/", '_');
}

/* RFC 7518, 6.2.1.2: as many bytes as the curve has, also where a number begins with zeros. Some leave those
 * out; that is read as well. */
static void
test_width (void)
{
  guint found = 0;

  for (guint i = 0; i < 4000 && found < 3; i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshKeyPair) key = devssh_key_pair_generate ("ecdsa-sha2-nistp521", 0, &error);
      g_autoptr(DevSshKeyPair) again = NULL;
      g_autoptr(DevSshKeyPair) shorter = NULL;
      g_autofree char *text = NULL;
      g_autofree char *shorter_text = NULL;
      g_autofree char *x = NULL;
      g_autofree char *y = NULL;
      const guint8 *blob = NULL;
      gsize length = 0;

      g_assert_no_error (error);
      devssh_key_pair_peek_blob (key, &blob, &length);
      if (blob[length - 132] != 0)
        continue;

      found++;
      text = test_write (key, FALSE);
      again = test_read (text, &error);
      g_assert_no_error (error);
      g_assert_true (devssh_key_pair_equal (key, again));
      /* 66 bytes are 88 characters. */
      g_assert_cmpint (strcspn (strstr (text, "\"x\": \"") + 6, "\""), ==, 88);

      x = test_base64url (blob + length - 131, 65);
      y = test_base64url (blob + length - 66, 66);
      shorter_text = g_strdup_printf ("{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"%s\",\"y\":\"%s\"}", x, y);
      shorter = test_read (shorter_text, &error);
      g_assert_no_error (error);
      g_assert_true (devssh_key_pair_equal (key, shorter));
    }
  g_assert_cmpuint (found, ==, 3);
}

static void
test_too_wide (void)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (test_read ("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" RFC7517_X "AAAA\",\"y\":\"" RFC7517_Y "\"}",
                            &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED);
  g_assert_nonnull (strstr (error->message, "too long"));
}

#define OKP(d, x) "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":\"" d "\",\"x\":\"" x "\"}"

static void
test_refused (void)
{
  static const struct { const char *text; int code; } rows[] = {
    { "{", DEVSSH_ERROR_MALFORMED }, { "{}", DEVSSH_ERROR_MALFORMED }, { "{} x", DEVSSH_ERROR_MALFORMED },
    { "{\"kty\"}", DEVSSH_ERROR_MALFORMED }, { "{\"kty\":}", DEVSSH_ERROR_MALFORMED },
    { "{\"kty\":\"OKP\"", DEVSSH_ERROR_MALFORMED }, { "{\"kty\":\"OKP\",}", DEVSSH_ERROR_MALFORMED },
    { "{\"kty\":\"OKP\"}", DEVSSH_ERROR_UNSUPPORTED },
    { "{\"kty\":\"oct\",\"k\":\"AAAA\"}", DEVSSH_ERROR_UNSUPPORTED },
    { "{\"keys\":[]}", DEVSSH_ERROR_MALFORMED }, { "{\"kty\":1}", DEVSSH_ERROR_MALFORMED },
    { "{\"kty\":[\"RSA\"]}", DEVSSH_ERROR_MALFORMED }, { "{\"a\":\"\n\"}", DEVSSH_ERROR_MALFORMED },
    { "{\"a\":\"\\", DEVSSH_ERROR_MALFORMED }, { "{\"a\":\"\\x\"}", DEVSSH_ERROR_MALFORMED },
    { "{\"a\":\"\\u12\"}", DEVSSH_ERROR_MALFORMED }, { "{\"a\":\"\\u0000\"}", DEVSSH_ERROR_MALFORMED },
    { "{\"a\":\"\\ud800\"}", DEVSSH_ERROR_MALFORMED }, { "{\"a\":\"\\ud800\\u0041\"}", DEVSSH_ERROR_MALFORMED },
    { "{\"a\":\"\\udc00\"}", DEVSSH_ERROR_MALFORMED }, { "{\"a\":[1,2}", DEVSSH_ERROR_MALFORMED },
    { "{\"a\":{\"b\" 1}}", DEVSSH_ERROR_MALFORMED }, { "{\"a\":*}", DEVSSH_ERROR_MALFORMED },
    { "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" RFC8037_X "\"}", DEVSSH_ERROR_UNSUPPORTED },
    { "{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"" RFC7517_X "\",\"y\":\"" RFC7517_Y "\"}", DEVSSH_ERROR_UNSUPPORTED },
    { "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" RFC7517_X "\"}", DEVSSH_ERROR_MALFORMED },
    { "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" RFC7517_X "\",\"y\":\"" RFC7517_X "\"}", DEVSSH_ERROR_MALFORMED },
    { "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" RFC7517_X "\",\"y\":\"" RFC7517_Y "\",\"d\":\"AQ\"}", DEVSSH_ERROR_MALFORMED },
    { "{\"kty\":\"RSA\",\"e\":\"AQAB\"}", DEVSSH_ERROR_MALFORMED },
    { "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\",\"d\":\"AQAB\"}", DEVSSH_ERROR_UNSUPPORTED },
    { "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\",\"oth\":[]}", DEVSSH_ERROR_UNSUPPORTED },
    { "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}", DEVSSH_ERROR_UNSUPPORTED },   /* 17 bits */
    { OKP (RFC8037_X, RFC8037_X), DEVSSH_ERROR_MALFORMED },    /* T-80: another key's */
    { OKP (RFC8037_D, "AAAA"), DEVSSH_ERROR_MALFORMED },
    { OKP ("AAAA", RFC8037_X), DEVSSH_ERROR_MALFORMED },
    { OKP (RFC8037_D, ""), DEVSSH_ERROR_MALFORMED },
    { OKP (RFC8037_D, "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo"), DEVSSH_ERROR_MALFORMED },   /* base64, but not of URLs */
    { OKP (RFC8037_D, RFC8037_X "="), DEVSSH_ERROR_MALFORMED },
    { "{\"kty\":\"OKP\",\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" RFC8037_X "\"}", DEVSSH_ERROR_MALFORMED },
  };
  g_autofree char *deep = g_strnfill (60000, '[');
  g_autofree char *deep_text = g_strconcat ("{\"a\":", deep, NULL);
  g_autoptr(GError) deep_error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (test_read (rows[i].text, &error));
      if (!g_error_matches (error, DEVSSH_ERROR, rows[i].code))
        g_error ("%s: %s", rows[i].text, error->message);
    }
  g_assert_null (test_read (deep_text, &deep_error));
  g_assert_error (deep_error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED);
}

/* Cut anywhere: no key. */
static void
test_cut (void)
{
  const char *whole = OKP (RFC8037_D, RFC8037_X);

  for (gsize length = 0; length < strlen (whole); length++)
    {
      g_autofree guint8 *copy = g_memdup2 (whole, length);
      g_autoptr(GError) error = NULL;

      g_assert_null (devssh_key_jwk_read ((DevSshSlice) { copy, length }, NULL, &error));
      g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/keys/jwk/rfc", test_rfc);
  g_test_add_func ("/keys/jwk/layout", test_layout);
  g_test_add_func ("/keys/jwk/width", test_width);
  g_test_add_func ("/keys/jwk/width/too-wide", test_too_wide);
  g_test_add_func ("/keys/jwk/refused/T-80", test_refused);
  g_test_add_func ("/keys/jwk/cut/T-80", test_cut);

  return g_test_run ();
}
