/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The SSH2 format: RFC 4716's examples of headers, and private keys that are not what they say. */
#include <libdevssh/keys/devssh-key-format-private.h>

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

#define BODY "AAAAC3NzaC1lZDI1NTE5AAAAIM0PGuzFSO2Ues+2P2tTI4zCtOZTmMuaMrYT1Dm0nLlL\n"
#define BEGIN "---- BEGIN SSH2 PUBLIC KEY ----\n"
#define END "---- END SSH2 PUBLIC KEY ----\n"

static void
test_headers (void)
{
  static const struct { const char *text; const char *comment; int code; } rows[] = {
    { BEGIN BODY END, NULL, -1 },
    { "\r\n  " BEGIN "Comment: alice\r\n" BODY "\r\n" END "\n", "alice", -1 },
    { BEGIN "Comment: \"1024-bit RSA, converted from OpenSSH by me@example.com\"\n" BODY END,
      "1024-bit RSA, converted from OpenSSH by me@example.com", -1 },
    { BEGIN "Subject: me\nCOMMENT: This is \\\nmy public \\\nkey\nx-command: /home/me/bin/lock-in-guest.sh\n" BODY END,
      "This is my public key", -1 },
    { BEGIN "Comment: \"\"\n" BODY END, NULL, -1 },
    { BEGIN "Comment: \"\n" BODY END, "\"", -1 },
    { BEGIN "Comment: first\nComment: second\n" BODY END, "second", -1 },
    { BEGIN "Comment:\n" BODY END, NULL, -1 },
    { BEGIN "Comment: a\\\n", NULL, DEVSSH_ERROR_TRUNCATED },
    { BEGIN "Comment: a\n", NULL, DEVSSH_ERROR_TRUNCATED },
    { BEGIN BODY, NULL, DEVSSH_ERROR_TRUNCATED },
    { BEGIN, NULL, DEVSSH_ERROR_TRUNCATED },
    { BEGIN BODY "---- END SSH2 ENCRYPTED PRIVATE KEY ----\n", NULL, DEVSSH_ERROR_TRUNCATED },
    { BEGIN END, NULL, DEVSSH_ERROR_TRUNCATED },
    { BEGIN "AAAA*\n" END, NULL, DEVSSH_ERROR_MALFORMED },
    { "---- BEGIN SSH2 PUBLIC KEY ---- x\n" BODY END, NULL, DEVSSH_ERROR_MALFORMED },
    { "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n" BODY "---- END SSH2 ENCRYPTED PRIVATE KEY ----\n", NULL,
      DEVSSH_ERROR_MALFORMED },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(GBytes) data = g_bytes_new_static (rows[i].text, strlen (rows[i].text));
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshKeyPair) key = devssh_key_pair_import_data (data, DEVSSH_KEY_FORMAT_SSH2, NULL, &error);

      if (rows[i].code >= 0)
        {
          g_assert_null (key);
          g_assert_error (error, DEVSSH_ERROR, rows[i].code);
          continue;
        }
      g_assert_no_error (error);
      g_assert_cmpstr (devssh_key_pair_get_algorithm (key), ==, "ssh-ed25519");
      g_assert_cmpstr (devssh_key_pair_get_comment (key), ==, rows[i].comment);
    }
}

/* RFC 4716, 3.1: no line of more than 72 bytes; 3.3: no value of more than 1024. */
static void
test_long_comment (void)
{
  static const gsize lengths[] = { 1, 60, 61, 62, 63, 200, 1022, 1023, 3000 };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshKeyPair) key = devssh_key_pair_generate ("ssh-ed25519", 0, &error);
      g_autoptr(DevSshKeyPair) again = NULL;
      g_autofree char *comment = g_strnfill (lengths[i], 'c');
      g_autoptr(GBytes) text = NULL;
      g_auto(GStrv) lines = NULL;
      g_autofree char *copy = NULL;

      g_assert_no_error (error);
      devssh_key_pair_set_comment (key, comment);
      text = devssh_key_pair_export_public (key, DEVSSH_KEY_FORMAT_SSH2, &error);
      g_assert_no_error (error);
      copy = g_strndup (g_bytes_get_data (text, NULL), g_bytes_get_size (text));
      lines = g_strsplit (copy, "\n", -1);
      for (guint j = 0; lines[j] != NULL; j++)
        g_assert_cmpuint (strlen (lines[j]), <=, 72);

      again = devssh_key_pair_import_data (text, DEVSSH_KEY_FORMAT_DEFAULT, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (strlen (devssh_key_pair_get_comment (again)), ==, MIN (lengths[i], 1022));
      g_assert_true (g_str_has_prefix (comment, devssh_key_pair_get_comment (again)));
    }
}

/* ---- private keys ---- */

static DevSshSecret *
test_private_bytes (const char *name)
{
  g_autoptr(GBytes) text = test_load (name);
  const char *begin = strchr (g_strstr_len (g_bytes_get_data (text, NULL), -1, "Comment"), '\n') + 1;
  g_autoptr(GError) error = NULL;
  DevSshSecret *bytes = devssh_base64_read ((DevSshSlice) { (const guint8 *) begin,
                                                            (gsize) (strstr (begin, "---- END") - begin) }, &error);

  g_assert_no_error (error);
  return bytes;
}

/* The numbers of a fixture in a container of our own. */
static GBytes *
test_container (guint32     length,
                guint32     inner,
                const char *type,
                const char *cipher,
                gsize       padding)
{
  g_autoptr(DevSshSecret) bytes = test_private_bytes ("rsa2048-sshcom-none");
  DevSshReader reader;
  DevSshSlice text;
  DEVSSH_WRITER_AUTO (clear);
  DEVSSH_WRITER_AUTO (writer);

  devssh_reader_init (&reader, bytes->data, bytes->length);
  devssh_reader_get_uint64 (&reader);
  devssh_reader_get_slice (&reader);
  devssh_reader_get_slice (&reader);
  text = devssh_reader_get_slice (&reader);
  g_assert_true (devssh_reader_finish_all (&reader, NULL));

  devssh_writer_put_uint32 (&clear, inner == 0 ? (guint32) text.length - 4 : inner == 8 ? 8 * ((guint32) text.length - 4) : inner);
  devssh_writer_put_bytes (&clear, text.data + 4, text.length - 4);
  for (gsize i = 0; i < padding; i++)
    devssh_writer_put_byte (&clear, 0xaa);

  devssh_writer_put_uint32 (&writer, 0x3f6ff9eb);
  devssh_writer_put_uint32 (&writer, 0);
  devssh_writer_put_utf8 (&writer, type);
  devssh_writer_put_utf8 (&writer, cipher);
  devssh_writer_put_slice (&writer, clear.data, clear.length);
  devssh_writer_set_uint32 (&writer, 4, length == 0 ? (guint32) writer.length : length);
  return g_bytes_new (writer.data, writer.length);
}

static void
test_private (void)
{
  static const char rsa[] = "if-modn{sign{rsa-pkcs1-sha1},encrypt{rsa-pkcs1v2-oaep}}";
  static const struct { guint32 length, inner; const char *type; const char *cipher; gsize padding; int code; } rows[] = {
    { 0, 0, rsa, "none", 0, -1 },
    { 0, 8, rsa, "none", 0, -1 },                   /* as Go counts: in bits */
    { 0, 0, rsa, "none", 5, -1 },
    { 0, 8, rsa, "none", 5, -1 },
    { 0, 0, "if-modn{sign{rsa-pkcs1-md5}}", "none", 0, -1 },
    { 20, 0, rsa, "none", 0, DEVSSH_ERROR_MALFORMED },
    { G_MAXUINT32, 0, rsa, "none", 0, DEVSSH_ERROR_MALFORMED },
    { 0, G_MAXUINT32, rsa, "none", 0, DEVSSH_ERROR_MALFORMED },
    { 0, 100, rsa, "none", 0, DEVSSH_ERROR_TRUNCATED },
    { 0, 0, "dl-modp{sign{dsa-nist-sha1},dh{plain}}", "none", 0, DEVSSH_ERROR_UNSUPPORTED },
    { 0, 0, "", "none", 0, DEVSSH_ERROR_UNSUPPORTED },
    { 0, 0, rsa, "aes256-cbc", 0, DEVSSH_ERROR_UNSUPPORTED },
    { 0, 0, rsa, "", 0, DEVSSH_ERROR_UNSUPPORTED },
  };
  g_autoptr(GBytes) line = test_load ("rsa2048-ssh.pub");
  g_autoptr(DevSshKeyPair) expected = devssh_key_pair_import_data (line, DEVSSH_KEY_FORMAT_SSH, NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(GBytes) data = test_container (rows[i].length, rows[i].inner, rows[i].type, rows[i].cipher,
                                               rows[i].padding);
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshKeyPair) key = devssh_key_pair_import_data (data, DEVSSH_KEY_FORMAT_SSH2, "password", &error);

      if (rows[i].code >= 0)
        {
          g_assert_null (key);
          g_assert_error (error, DEVSSH_ERROR, rows[i].code);
          continue;
        }
      g_assert_no_error (error);
      g_assert_true (devssh_key_pair_equal (key, expected) && devssh_key_pair_get_has_private (key));
    }
}

/* Bytes and bare base64, of formats that must be named for it. */
static void
test_bare (void)
{
  static const struct { const char *file; DevSshKeyFormat format; gboolean is_private; } rows[] = {
    { "ed25519-ssh.pub", DEVSSH_KEY_FORMAT_SSH, FALSE }, { "ecdsa384-ssh.pub", DEVSSH_KEY_FORMAT_SSH2, FALSE },
    { "rsa2048-sshcom-none", DEVSSH_KEY_FORMAT_SSH2, TRUE }, { "rsa2048-sshcom-des3cbc", DEVSSH_KEY_FORMAT_SSH2, TRUE },
    { "ed25519-openssh-aes256ctr", DEVSSH_KEY_FORMAT_OPENSSH, TRUE },
    { "ecdsa256-pkcs8-aes128cbc", DEVSSH_KEY_FORMAT_PKCS8, TRUE }, { "ed25519-spki.pub", DEVSSH_KEY_FORMAT_PKCS8, FALSE },
    { "rsa2048-pkcs1-none", DEVSSH_KEY_FORMAT_PKCS1, TRUE }, { "ecdsa521-sec1-none", DEVSSH_KEY_FORMAT_SEC1, TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(GBytes) text = test_load (rows[i].file);
      g_autoptr(GBytes) bytes = NULL;
      g_autoptr(GBytes) base64 = NULL;
      g_autofree char *encoded = NULL;
      DevSshPem pem;
      g_autoptr(DevSshSecret) content = NULL;

      if (strstr (rows[i].file, "-ssh.pub") != NULL)
        {
          g_auto(GStrv) words = g_strsplit (g_bytes_get_data (text, NULL), " ", 3);

          content = devssh_base64_read ((DevSshSlice) { (const guint8 *) words[1], strlen (words[1]) }, NULL);
        }
      else if (strstr (rows[i].file, "sshcom") != NULL)
        {
          content = test_private_bytes (rows[i].file);
        }
      else
        {
          g_assert_true (devssh_pem_find ((DevSshSlice) { g_bytes_get_data (text, NULL), g_bytes_get_size (text) }, &pem, NULL));
          content = devssh_base64_read (pem.body, NULL);
        }
      encoded = g_base64_encode (content->data, content->length);
      bytes = g_bytes_new (content->data, content->length);
      base64 = g_bytes_new (encoded, strlen (encoded));

      for (guint j = 0; j < 2; j++)
        {
          g_autoptr(GError) error = NULL;
          g_autoptr(DevSshKeyPair) key = devssh_key_pair_import_data (j == 0 ? bytes : base64, rows[i].format, "password",
                                                                      &error);

          g_assert_no_error (error);
          g_assert_cmpint (devssh_key_pair_get_has_private (key), ==, rows[i].is_private);
          g_clear_object (&key);
          key = devssh_key_pair_import_data (j == 0 ? bytes : base64, DEVSSH_KEY_FORMAT_DEFAULT, "password", &error);
          g_assert_null (key);
          g_assert_nonnull (error);
          g_clear_error (&error);
          key = devssh_key_pair_import_data (j == 0 ? bytes : base64, DEVSSH_KEY_FORMAT_JWK, "password", &error);
          g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED);
        }
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/keys/ssh2/headers", test_headers);
  g_test_add_func ("/keys/ssh2/long-comment", test_long_comment);
  g_test_add_func ("/keys/ssh2/private/T-80", test_private);
  g_test_add_func ("/keys/import/bare", test_bare);

  return g_test_run ();
}
