/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system's ssh-keygen reads what we write, writes what we read, and each verifies what the
 * other has signed. */
#include <libdevssh/keys/devssh-key-format-private.h>
#include <libdevssh/wire/devssh-numbers.h>

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <openssl/evp.h>
#include <string.h>

typedef struct
{
  char *folder;
  char *ssh_keygen;
} Fixture;

static void
fixture_set_up (Fixture       *self,
                gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  self->ssh_keygen = g_find_program_in_path ("ssh-keygen");
  self->folder = g_dir_make_tmp ("devssh-keys-XXXXXX", &error);
  g_assert_no_error (error);
}

static void
fixture_tear_down (Fixture       *self,
                   gconstpointer  data)
{
  g_autoptr(GDir) folder = g_dir_open (self->folder, 0, NULL);
  const char *name = NULL;

  while ((name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *path = g_build_filename (self->folder, name, NULL);

      g_unlink (path);
    }
  g_rmdir (self->folder);
  g_free (self->folder);
  g_free (self->ssh_keygen);
}

static gboolean
fixture_skip (Fixture *self)
{
  if (self->ssh_keygen == NULL)
    g_test_skip ("no ssh-keygen");
  return self->ssh_keygen == NULL;
}

/* What it printed; the test fails unless it succeeds. */
static char *
fixture_run (Fixture    *self,
             GBytes     *input,
             const char *first,
             ...) G_GNUC_NULL_TERMINATED;

static char *
fixture_run (Fixture    *self,
             GBytes     *input,
             const char *first,
             ...)
{
  g_autoptr(GPtrArray) arguments = g_ptr_array_new ();
  g_autoptr(GSubprocess) process = NULL;
  g_autoptr(GBytes) output = NULL;
  g_autoptr(GBytes) complaint = NULL;
  g_autoptr(GBytes) nothing = g_bytes_new_static ("", 0);
  g_autoptr(GError) error = NULL;
  va_list args;

  g_ptr_array_add (arguments, self->ssh_keygen);
  va_start (args, first);
  for (const char *argument = first; argument != NULL; argument = va_arg (args, const char *))
    g_ptr_array_add (arguments, (gpointer) argument);
  va_end (args);
  g_ptr_array_add (arguments, NULL);

  process = g_subprocess_newv ((const char * const *) arguments->pdata,
                               G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                               G_SUBPROCESS_FLAGS_STDERR_PIPE, &error);
  g_assert_no_error (error);
  g_subprocess_communicate (process, input != NULL ? input : nothing, NULL, &output, &complaint,
                            &error);
  g_assert_no_error (error);
  if (!g_subprocess_get_successful (process))
    g_error ("ssh-keygen %s: %.*s", first, (int) g_bytes_get_size (complaint),
             (const char *) g_bytes_get_data (complaint, NULL));
  return g_strndup (g_bytes_get_data (output, NULL), g_bytes_get_size (output));
}

static char *
fixture_write (Fixture    *self,
               const char *name,
               GBytes     *data)
{
  char *path = g_build_filename (self->folder, name, NULL);
  g_autoptr(GError) error = NULL;

  g_file_set_contents_full (path, g_bytes_get_data (data, NULL), (gssize) g_bytes_get_size (data),
                            G_FILE_SET_CONTENTS_NONE, 0600, &error);
  g_assert_no_error (error);
  return path;
}

static DevSshKeyPair *
fixture_import (const char *path)
{
  g_autoptr(GFile) file = g_file_new_for_path (path);
  g_autoptr(GError) error = NULL;
  DevSshKeyPair *key = devssh_key_pair_import_file (file, DEVSSH_KEY_FORMAT_DEFAULT, "a passphrase",
                                                    NULL, &error);

  g_assert_no_error (error);
  return key;
}

static const struct { const char *type; guint size; const char *keygen_type; const char *keygen_bits; const char *signature; } types[] = {
  { "ssh-rsa", 2048, "rsa", "2048", "rsa-sha2-512" },
  { "ssh-ed25519", 0, "ed25519", "256", "ssh-ed25519" },
  { "ecdsa-sha2-nistp256", 0, "ecdsa", "256", "ecdsa-sha2-nistp256" },
  { "ecdsa-sha2-nistp384", 0, "ecdsa", "384", "ecdsa-sha2-nistp384" },
  { "ecdsa-sha2-nistp521", 0, "ecdsa", "521", "ecdsa-sha2-nistp521" },
};

/* ssh-keygen -y prints the public half of a private key; -l prints the fingerprint of a public
 * one. */
static void
test_reads_ours (Fixture       *self,
                 gconstpointer  data)
{
  static const DevSshKeyFormat formats[] = {
    DEVSSH_KEY_FORMAT_OPENSSH, DEVSSH_KEY_FORMAT_PKCS8, DEVSSH_KEY_FORMAT_PKCS1, DEVSSH_KEY_FORMAT_SEC1
  };

  if (fixture_skip (self))
    return;

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshKeyPair) key = devssh_key_pair_generate (types[i].type, types[i].size,
                                                               &error);
      g_autofree char *fingerprint = NULL;
      g_autoptr(GBytes) line = NULL;
      g_autofree char *line_path = NULL;
      g_autofree char *listed = NULL;
      const char *text = NULL;
      gsize length = 0;

      g_assert_no_error (error);
      devssh_key_pair_set_comment (key, "alice at home");
      line = devssh_key_pair_export_public (key, DEVSSH_KEY_FORMAT_SSH, &error);
      g_assert_no_error (error);
      text = g_bytes_get_data (line, &length);
      fingerprint = devssh_key_pair_dup_fingerprint (key);
      line_path = fixture_write (self, "key.pub", line);
      listed = fixture_run (self, NULL, "-l", "-f", line_path, NULL);
      g_assert_nonnull (strstr (listed, fingerprint));
      g_assert_nonnull (strstr (listed, "alice at home"));
      g_assert_true (g_str_has_prefix (listed, types[i].keygen_bits));
      /* ssh-keygen would take the comment from here. */
      g_unlink (line_path);

      for (guint j = 0; j < G_N_ELEMENTS (formats); j++)
        {
          g_autoptr(GBytes) written = NULL;
          g_autofree char *path = NULL;
          g_autofree char *printed = NULL;
          g_autofree char *expected = g_strndup (text, length);

          /* OpenSSH 9.2 reads Ed25519 in its own format only. */
          if (g_str_equal (types[i].type, "ssh-ed25519") && formats[j] != DEVSSH_KEY_FORMAT_OPENSSH)
            continue;
          written = devssh_key_pair_export_private (key, formats[j], NULL, &error);
          g_assert_no_error (error);
          path = fixture_write (self, "key", written);
          printed = fixture_run (self, NULL, "-y", "-P", "", "-f", path, NULL);
          if (formats[j] != DEVSSH_KEY_FORMAT_OPENSSH)
            strcpy (strstr (expected, " alice at home"), "\n");
          g_assert_cmpstr (printed, ==, expected);
        }
    }
}

/* Other keys every time, so that the picture's walk goes to other places. */
static void
test_fingerprints (Fixture       *self,
                   gconstpointer  data)
{
  if (fixture_skip (self))
    return;

  for (guint round = 0; round < 5; round++)
    for (guint i = 0; i < G_N_ELEMENTS (types); i++)
      {
        g_autoptr(DevSshKeyPair) key = NULL;
        g_autoptr(GBytes) line = NULL;
        g_autofree char *path = NULL, *drawn = NULL, *listed = NULL, *picture = NULL, *md5 = NULL;
        const char *second = NULL;

        /* Making large keys takes its time. */
        if (round > 0 && g_str_equal (types[i].type, "ssh-rsa"))
          continue;
        key = devssh_key_pair_generate (types[i].type, types[i].size, NULL);
        line = devssh_key_pair_export_public (key, DEVSSH_KEY_FORMAT_SSH, NULL);
        path = fixture_write (self, "key.pub", line);

        drawn = fixture_run (self, NULL, "-l", "-v", "-f", path, NULL);
        second = strchr (drawn, '\n');
        g_assert_nonnull (second);
        picture = devssh_key_pair_dup_randomart (key);
        g_assert_cmpstr (picture, ==, g_strchomp ((char *) second + 1));

        listed = fixture_run (self, NULL, "-l", "-E", "md5", "-f", path, NULL);
        md5 = devssh_key_pair_dup_md5_fingerprint (key);
        g_assert_true (g_str_has_prefix (md5, "MD5:"));
        second = strchr (listed, ' ');
        g_assert_nonnull (second);
        g_assert_cmpmem (second + 1, strcspn (second + 1, " "), md5, strlen (md5));
      }
}

/* A certificate is told from what is broken. */
static void
test_certificate (Fixture       *self,
                  gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshKeyPair) key = NULL;
  g_autoptr(DevSshKeyPair) nothing = NULL;
  g_autoptr(GBytes) private_half = NULL;
  g_autofree char *path = NULL, *certificate_path = NULL, *text = NULL;
  g_autoptr(GBytes) line = NULL;
  gsize length = 0;

  if (fixture_skip (self))
    return;

  key = devssh_key_pair_generate ("ssh-ed25519", 0, &error);
  g_assert_no_error (error);
  private_half = devssh_key_pair_export_private (key, DEVSSH_KEY_FORMAT_OPENSSH, NULL, &error);
  g_assert_no_error (error);
  path = fixture_write (self, "key", private_half);
  line = devssh_key_pair_export_public (key, DEVSSH_KEY_FORMAT_SSH, &error);
  g_free (fixture_write (self, "key.pub", line));
  g_free (fixture_run (self, NULL, "-q", "-s", path, "-h", "-I", "a host", "-n", "example.org", path, NULL));
  certificate_path = g_build_filename (self->folder, "key-cert.pub", NULL);
  g_assert_true (g_file_get_contents (certificate_path, &text, &length, &error));
  g_assert_no_error (error);
  g_clear_pointer (&line, g_bytes_unref);
  line = g_bytes_new (text, length);
  nothing = devssh_key_pair_import_data (line, DEVSSH_KEY_FORMAT_SSH, NULL, &error);
  g_assert_null (nothing);
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "certificates are not supported"));
}

static void
test_writes_ours (Fixture       *self,
                  gconstpointer  data)
{
  static const char * const formats[] = { "RFC4716", "PEM", "PKCS8" };

  if (fixture_skip (self))
    return;

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      for (guint j = 0; j < G_N_ELEMENTS (formats); j++)
        {
          g_autofree char *path = g_strdup_printf ("%s/from-keygen-%u-%u", self->folder, i, j);
          g_autofree char *line_path = g_strconcat (path, ".pub", NULL);
          g_autofree char *output = NULL;
          g_autofree char *line = NULL;
          g_autoptr(DevSshKeyPair) key = NULL;
          g_autoptr(DevSshKeyPair) public_key = NULL;
          g_autoptr(GBytes) written = NULL;
          g_autoptr(GError) error = NULL;

          /* -m RFC4716 is what ssh-keygen calls its own format here. */
          output = fixture_run (self, NULL, "-q", "-t", types[i].keygen_type, "-b",
                                types[i].keygen_bits, "-m", formats[j],
                                "-N", "", "-C", "bob, “elsewhere”", "-f", path, NULL);
          key = fixture_import (path);
          public_key = fixture_import (line_path);
          g_assert_true (devssh_key_pair_get_has_private (key));
          g_assert_true (devssh_key_pair_equal (key, public_key));
          g_assert_cmpstr (devssh_key_pair_get_algorithm (key), ==, types[i].type);
          g_assert_cmpstr (devssh_key_pair_get_comment (public_key), ==, "bob, “elsewhere”");
          if (j == 0)
            g_assert_cmpstr (devssh_key_pair_get_comment (key), ==, "bob, “elsewhere”");

          g_file_get_contents (line_path, &line, NULL, &error);
          g_assert_no_error (error);
          written = devssh_key_pair_export_public (public_key, DEVSSH_KEY_FORMAT_SSH, &error);
          g_assert_no_error (error);
          g_assert_cmpmem (g_bytes_get_data (written, NULL), g_bytes_get_size (written), line,
                           strlen (line));
        }
    }
}

/* ---- signatures in files: PROTOCOL.sshsig of OpenSSH ---- */

/* What is signed for a message in a namespace. */
static GBytes *
test_sshsig_data (GBytes *message)
{
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();
  guint8 digest[64];

  g_assert_cmpint (EVP_Digest (g_bytes_get_data (message, NULL), g_bytes_get_size (message), digest,
                               NULL, EVP_sha512 (), NULL), ==, 1);
  devssh_writer_put_bytes (writer, (const guint8 *) "SSHSIG", 6);
  devssh_writer_put_utf8 (writer, "file");
  devssh_writer_put_utf8 (writer, "");
  devssh_writer_put_utf8 (writer, "sha512");
  devssh_writer_put_string (writer, digest, sizeof digest);
  return devssh_writer_end (writer);
}

static void
test_verifies_ours (Fixture       *self,
                    gconstpointer  data)
{
  g_autoptr(GBytes) message = g_bytes_new_static ("a message\n", 10);
  g_autoptr(GBytes) signed_data = test_sshsig_data (message);

  if (fixture_skip (self))
    return;

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshKeyPair) key = devssh_key_pair_generate (types[i].type, types[i].size,
                                                               &error);
      g_autoptr(GBytes) signature = NULL;
      g_autoptr(GBytes) blob = NULL;
      g_autoptr(GBytes) bytes = NULL;
      g_autoptr(GBytes) armoured = NULL;
      g_autoptr(DevSshWriter) writer = devssh_writer_new ();
      g_autofree char *path = NULL;
      g_autofree char *printed = NULL;

      g_assert_no_error (error);
      signature = devssh_key_pair_sign (key, types[i].signature, signed_data, &error);
      g_assert_no_error (error);
      blob = devssh_key_pair_get_public_blob (key);
      devssh_writer_put_bytes (writer, (const guint8 *) "SSHSIG", 6);
      devssh_writer_put_uint32 (writer, 1);
      devssh_writer_put_string (writer, g_bytes_get_data (blob, NULL), g_bytes_get_size (blob));
      devssh_writer_put_utf8 (writer, "file");
      devssh_writer_put_utf8 (writer, "");
      devssh_writer_put_utf8 (writer, "sha512");
      devssh_writer_put_string (writer, g_bytes_get_data (signature, NULL),
                                g_bytes_get_size (signature));
      bytes = devssh_writer_end (writer);
      armoured = devssh_pem_write ("SSH SIGNATURE", g_bytes_get_data (bytes, NULL),
                                   g_bytes_get_size (bytes), 70);
      path = fixture_write (self, "message.sig", armoured);
      printed = fixture_run (self, message, "-Y", "check-novalidate", "-n", "file", "-s", path,
                             NULL);
      g_assert_nonnull (strstr (printed, "Good \"file\" signature"));
    }
}

static void
test_signs_for_us (Fixture       *self,
                   gconstpointer  data)
{
  g_autoptr(GBytes) message = g_bytes_new_static ("a message\n", 10);
  g_autoptr(GBytes) signed_data = test_sshsig_data (message);

  if (fixture_skip (self))
    return;

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshKeyPair) key = devssh_key_pair_generate (types[i].type, types[i].size,
                                                               &error);
      g_autoptr(GBytes) written = NULL;
      g_autoptr(DevSshSecret) bytes = NULL;
      g_autofree char *path = NULL;
      g_autofree char *printed = NULL;
      DevSshPem pem;
      DevSshReader reader;
      DevSshSlice signature;

      g_assert_no_error (error);
      written = devssh_key_pair_export_private (key, DEVSSH_KEY_FORMAT_OPENSSH, NULL, &error);
      g_assert_no_error (error);
      path = fixture_write (self, "signer", written);
      printed = fixture_run (self, message, "-q", "-Y", "sign", "-n", "file", "-f", path, NULL);

      g_assert_true (devssh_pem_find ((DevSshSlice) { (const guint8 *) printed, strlen (printed) },
                                      &pem, &error));
      g_assert_no_error (error);
      bytes = devssh_base64_read (pem.body, &error);
      g_assert_no_error (error);
      devssh_reader_init (&reader, bytes->data, bytes->length);
      devssh_reader_take (&reader, 10);
      for (guint j = 0; j < 4; j++)
        devssh_reader_get_slice (&reader);
      signature = devssh_reader_get_slice (&reader);
      g_assert_true (devssh_reader_finish_all (&reader, NULL));
      g_assert_true (devssh_key_pair_verify_raw (key, types[i].signature,
                                                 g_bytes_get_data (signed_data, NULL), g_bytes_get_size (signed_data),
                                                 signature.data, signature.length, &error));
      g_assert_no_error (error);
    }
}

/* ---- passphrases ---- */

static void
test_decrypts_ours (Fixture       *self,
                    gconstpointer  data)
{
  static const DevSshKeyFormat formats[] = { DEVSSH_KEY_FORMAT_OPENSSH, DEVSSH_KEY_FORMAT_PKCS8 };

  if (fixture_skip (self))
    return;

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshKeyPair) key = devssh_key_pair_generate (types[i].type, types[i].size, &error);
      g_autoptr(GBytes) line = NULL;

      g_assert_no_error (error);
      line = devssh_key_pair_export_public (key, DEVSSH_KEY_FORMAT_SSH, &error);
      g_assert_no_error (error);
      for (guint j = 0; j < G_N_ELEMENTS (formats); j++)
        {
          g_autoptr(GBytes) written = NULL;
          g_autofree char *path = NULL;
          g_autofree char *printed = NULL;

          if (g_str_equal (types[i].type, "ssh-ed25519") && formats[j] != DEVSSH_KEY_FORMAT_OPENSSH)
            continue;
          written = devssh_key_pair_export_private (key, formats[j], "a passphrase", &error);
          g_assert_no_error (error);
          path = fixture_write (self, "encrypted", written);
          printed = fixture_run (self, NULL, "-y", "-P", "a passphrase", "-f", path, NULL);
          g_assert_cmpmem (printed, strlen (printed), g_bytes_get_data (line, NULL),
                           g_bytes_get_size (line));
        }
    }
}

/* With every cipher that ssh-keygen has, in its own format, and in the older ones. */
static void
test_encrypts_for_us (Fixture       *self,
                      gconstpointer  data)
{
  static const struct { const char *type; const char *bits; const char *format; const char *cipher; } rows[] = {
    { "ed25519", "256", "RFC4716", "aes128-ctr" }, { "ed25519", "256", "RFC4716", "aes192-ctr" },
    { "ed25519", "256", "RFC4716", "aes256-ctr" }, { "ed25519", "256", "RFC4716", "aes128-cbc" },
    { "ed25519", "256", "RFC4716", "aes192-cbc" }, { "ed25519", "256", "RFC4716", "aes256-cbc" },
    { "ed25519", "256", "RFC4716", "3des-cbc" }, { "ed25519", "256", "RFC4716", "aes128-gcm@openssh.com" },
    { "ed25519", "256", "RFC4716", "aes256-gcm@openssh.com" },
    { "ed25519", "256", "RFC4716", "chacha20-poly1305@openssh.com" },
    { "ecdsa", "521", "RFC4716", "chacha20-poly1305@openssh.com" },
    { "rsa", "2048", "PEM", "aes256-ctr" }, { "ecdsa", "384", "PEM", "aes256-ctr" },
    { "rsa", "2048", "PKCS8", "aes256-ctr" }, { "ecdsa", "256", "PKCS8", "aes256-ctr" },
  };

  if (fixture_skip (self))
    return;

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/encrypted-%u", self->folder, i);
      g_autofree char *line_path = g_strconcat (path, ".pub", NULL);
      g_autofree char *output = NULL;
      g_autoptr(DevSshKeyPair) key = NULL;
      g_autoptr(DevSshKeyPair) public_key = NULL;

      output = fixture_run (self, NULL, "-q", "-t", rows[i].type, "-b", rows[i].bits, "-m", rows[i].format,
                            "-Z", rows[i].cipher, "-a", "2", "-N", "a passphrase", "-f", path, NULL);
      key = fixture_import (path);
      public_key = fixture_import (line_path);
      g_assert_true (devssh_key_pair_get_has_private (key));
      g_assert_true (devssh_key_pair_equal (key, public_key));
    }
}

/* RFC 4716, with a comment that takes more than one line */
static void
test_rfc4716 (Fixture       *self,
              gconstpointer  data)
{
  g_autofree char *comment = g_strnfill (900, 'x');

  if (fixture_skip (self))
    return;

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshKeyPair) key = devssh_key_pair_generate (types[i].type, types[i].size, &error);
      g_autoptr(GBytes) ssh2 = NULL;
      g_autoptr(GBytes) line = NULL;
      g_autoptr(GBytes) theirs = NULL;
      g_autoptr(DevSshKeyPair) again = NULL;
      g_autofree char *path = NULL;
      g_autofree char *line_path = NULL;
      g_autofree char *printed = NULL;
      g_autofree char *converted = NULL;

      g_assert_no_error (error);
      devssh_key_pair_set_comment (key, comment);
      ssh2 = devssh_key_pair_export_public (key, DEVSSH_KEY_FORMAT_SSH2, &error);
      g_assert_no_error (error);
      path = fixture_write (self, "rfc4716", ssh2);
      printed = fixture_run (self, NULL, "-i", "-m", "RFC4716", "-f", path, NULL);
      devssh_key_pair_set_comment (key, NULL);
      line = devssh_key_pair_export_public (key, DEVSSH_KEY_FORMAT_SSH, &error);
      g_assert_no_error (error);
      g_assert_cmpmem (printed, strlen (printed), g_bytes_get_data (line, NULL), g_bytes_get_size (line));

      line_path = fixture_write (self, "line.pub", line);
      converted = fixture_run (self, NULL, "-e", "-m", "RFC4716", "-f", line_path, NULL);
      theirs = g_bytes_new (converted, strlen (converted));
      again = devssh_key_pair_import_data (theirs, DEVSSH_KEY_FORMAT_SSH2, NULL, &error);
      g_assert_no_error (error);
      g_assert_true (devssh_key_pair_equal (again, key));
      g_assert_nonnull (strstr (devssh_key_pair_get_comment (again), "from OpenSSH"));
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/keys/ssh-keygen/reads-ours", Fixture, NULL, fixture_set_up, test_reads_ours,
              fixture_tear_down);
  g_test_add ("/keys/ssh-keygen/fingerprints", Fixture, NULL, fixture_set_up, test_fingerprints,
              fixture_tear_down);
  g_test_add ("/keys/ssh-keygen/certificate", Fixture, NULL, fixture_set_up, test_certificate,
              fixture_tear_down);
  g_test_add ("/keys/ssh-keygen/writes-ours", Fixture, NULL, fixture_set_up, test_writes_ours,
              fixture_tear_down);
  g_test_add ("/keys/ssh-keygen/verifies-ours", Fixture, NULL, fixture_set_up, test_verifies_ours,
              fixture_tear_down);
  g_test_add ("/keys/ssh-keygen/signs-for-us", Fixture, NULL, fixture_set_up, test_signs_for_us,
              fixture_tear_down);
  g_test_add ("/keys/ssh-keygen/decrypts-ours", Fixture, NULL, fixture_set_up, test_decrypts_ours,
              fixture_tear_down);
  g_test_add ("/keys/ssh-keygen/encrypts-for-us", Fixture, NULL, fixture_set_up, test_encrypts_for_us,
              fixture_tear_down);
  g_test_add ("/keys/ssh-keygen/rfc4716", Fixture, NULL, fixture_set_up, test_rfc4716,
              fixture_tear_down);

  return g_test_run ();
}
