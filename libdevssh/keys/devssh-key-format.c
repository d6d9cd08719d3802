/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys to and from files: which format it is, and who reads it. */
#include <libdevssh/keys/devssh-key-format-private.h>

#include <libdevssh/wire/devssh-numbers.h>

#include <string.h>

/**
 * DEVSSH_KEY_DEFAULT_PBKDF2_ITERATIONS:
 *
 * How often PBKDF2 goes round for an encrypted key that is written in the PKCS#8 format (RFC 8018,
 * 5.2): 100 000 times, as in the other Dev Tunnels SSH libraries.
 *
 * Since: 1.0
 */

/**
 * DevSshKeyFormat:
 * @DEVSSH_KEY_FORMAT_DEFAULT: reading: look at the key and find out; writing:
 *   %DEVSSH_KEY_FORMAT_SSH for a public key, %DEVSSH_KEY_FORMAT_PKCS8 for a private one
 * @DEVSSH_KEY_FORMAT_SSH: a public key in one line: type, base64 and a comment, as in
 *   `id_ed25519.pub`
 * @DEVSSH_KEY_FORMAT_SSH2: RFC 4716 for public keys, the format of ssh.com for private ones
 * @DEVSSH_KEY_FORMAT_PKCS1: `RSA PRIVATE KEY` and `RSA PUBLIC KEY` (RFC 8017)
 * @DEVSSH_KEY_FORMAT_SEC1: `EC PRIVATE KEY` (RFC 5915)
 * @DEVSSH_KEY_FORMAT_PKCS8: `PRIVATE KEY`, `ENCRYPTED PRIVATE KEY` and `PUBLIC KEY` (RFC 5958, RFC
 *   5280)
 * @DEVSSH_KEY_FORMAT_OPENSSH: `OPENSSH PRIVATE KEY`, which `ssh-keygen` writes
 * @DEVSSH_KEY_FORMAT_JWK: a JSON web key (RFC 7517)
 *
 * How a key is written down.
 *
 * Since: 1.0
 */
G_DEFINE_ENUM_TYPE (DevSshKeyFormat, devssh_key_format,
                    G_DEFINE_ENUM_VALUE (DEVSSH_KEY_FORMAT_DEFAULT, "default"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_KEY_FORMAT_SSH, "ssh"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_KEY_FORMAT_SSH2, "ssh2"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_KEY_FORMAT_PKCS1, "pkcs1"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_KEY_FORMAT_SEC1, "sec1"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_KEY_FORMAT_PKCS8, "pkcs8"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_KEY_FORMAT_OPENSSH, "openssh"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_KEY_FORMAT_JWK, "jwk"))

const char *
devssh_key_format_get_name (DevSshKeyFormat format)
{
  static const char * const names[] = { "default", "SSH", "SSH2", "PKCS#1", "SEC1", "PKCS#8",
                                        "OpenSSH", "JWK" };

  return (guint) format < G_N_ELEMENTS (names) ? names[format] : "unknown";
}

gboolean
devssh_key_check_passphrase (const char  *passphrase,
                             const char  *format,
                             GError     **error)
{
  if (passphrase != NULL)
    return TRUE;

  g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_PASSPHRASE_REQUIRED,
               "The key in the %s format is encrypted: a passphrase is needed", format);
  return FALSE;
}

void
devssh_key_set_passphrase_error (GError **error)
{
  g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_WRONG_PASSPHRASE,
                       "The passphrase does not open the key");
}

DevSshKeyPair *
devssh_key_new_for_fields (DevSshWriter  *fields,
                           GError       **error)
{
  g_autoptr(DevSshKeyPair) key = NULL;
  DevSshReader reader;

  devssh_reader_init (&reader, fields->data, fields->length);
  key = devssh_key_pair_new_for_private_fields (&reader, error);
  if (key == NULL || !devssh_reader_finish_all (&reader, error))
    return NULL;
  return g_steal_pointer (&key);
}

/* ---- reading ---- */

static DevSshKeyPair *
devssh_key_read_pkcs1_private (DevSshSlice   der,
                               const char   *passphrase,
                               GError      **error)
{
  DEVSSH_WRITER_AUTO (fields);

  return devssh_key_pkcs1_read_private (der, &fields, error)
         ? devssh_key_new_for_fields (&fields, error)
         : NULL;
}

static DevSshKeyPair *
devssh_key_read_pkcs1_public (DevSshSlice   der,
                              const char   *passphrase,
                              GError      **error)
{
  DEVSSH_WRITER_AUTO (blob);

  if (!devssh_key_pkcs1_read_public (der, &blob, error))
    return NULL;
  return devssh_key_pair_new_for_blob (blob.data, blob.length, error);
}

static DevSshKeyPair *
devssh_key_read_sec1 (DevSshSlice   der,
                      const char   *passphrase,
                      GError      **error)
{
  DEVSSH_WRITER_AUTO (fields);

  return devssh_key_sec1_read (der, NULL, &fields, error)
         ? devssh_key_new_for_fields (&fields, error)
         : NULL;
}

static DevSshKeyPair *
devssh_key_read_pkcs8_private (DevSshSlice   der,
                               const char   *passphrase,
                               GError      **error)
{
  return devssh_key_pkcs8_read_private (der, error);
}

static DevSshKeyPair *
devssh_key_read_pkcs8_encrypted (DevSshSlice   der,
                                 const char   *passphrase,
                                 GError      **error)
{
  g_autoptr(DevSshSecret) clear = devssh_key_pbes2_decrypt (der, passphrase, error);

  return clear != NULL ? devssh_key_pkcs8_read_private (devssh_key_secret_slice (clear), error) : NULL;
}

static DevSshKeyPair *
devssh_key_read_pkcs8_public (DevSshSlice   der,
                              const char   *passphrase,
                              GError      **error)
{
  return devssh_key_pkcs8_read_public (der, error);
}

typedef struct
{
  const char      *label;
  DevSshKeyFormat  format;
  DevSshKeyPair *(*read) (DevSshSlice data, const char *passphrase, GError **error);
} DevSshKeyLabel;

static const DevSshKeyLabel devssh_key_labels[] = {
  { "OPENSSH PRIVATE KEY",   DEVSSH_KEY_FORMAT_OPENSSH, devssh_key_openssh_read },
  { "PRIVATE KEY",           DEVSSH_KEY_FORMAT_PKCS8,   devssh_key_read_pkcs8_private },
  { "ENCRYPTED PRIVATE KEY", DEVSSH_KEY_FORMAT_PKCS8,   devssh_key_read_pkcs8_encrypted },
  { "PUBLIC KEY",            DEVSSH_KEY_FORMAT_PKCS8,   devssh_key_read_pkcs8_public },
  { "RSA PRIVATE KEY",       DEVSSH_KEY_FORMAT_PKCS1,   devssh_key_read_pkcs1_private },
  { "RSA PUBLIC KEY",        DEVSSH_KEY_FORMAT_PKCS1,   devssh_key_read_pkcs1_public },
  { "EC PRIVATE KEY",        DEVSSH_KEY_FORMAT_SEC1,    devssh_key_read_sec1 },
};

/* How a key without a label begins, and who reads it. */
static const struct
{
  const char      *begin;
  DevSshKeyFormat  format;
  DevSshKeyPair *(*read) (DevSshSlice text, const char *passphrase, GError **error);   /* NULL: nobody */
} devssh_key_beginnings[] = {
  { DEVSSH_KEY_SSH2_BEGIN_PUBLIC,  DEVSSH_KEY_FORMAT_SSH2,    devssh_key_ssh2_read },
  { DEVSSH_KEY_SSH2_BEGIN_PRIVATE, DEVSSH_KEY_FORMAT_SSH2,    devssh_key_ssh2_read },
  { "PuTTY-User-Key-File-",        DEVSSH_KEY_FORMAT_DEFAULT, NULL },
  { "{",                           DEVSSH_KEY_FORMAT_JWK,     devssh_key_jwk_read },
  { "ssh-",                        DEVSSH_KEY_FORMAT_SSH,     devssh_key_ssh_read },
  { "ecdsa-sha2-",                 DEVSSH_KEY_FORMAT_SSH,     devssh_key_ssh_read },
  { "rsa-sha2-",                   DEVSSH_KEY_FORMAT_SSH,     devssh_key_ssh_read },
  { "sk-",                         DEVSSH_KEY_FORMAT_SSH,     devssh_key_ssh_read },
};

static gboolean
devssh_key_check_format (DevSshKeyFormat   asked,
                         DevSshKeyFormat   found,
                         GError          **error)
{
  if (asked == DEVSSH_KEY_FORMAT_DEFAULT || asked == found)
    return TRUE;

  g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
               "The key is in the %s format, not in the %s format",
               found == DEVSSH_KEY_FORMAT_DEFAULT ? "PuTTY" : devssh_key_format_get_name (found),
               devssh_key_format_get_name (asked));
  return FALSE;
}

static DevSshKeyPair *
devssh_key_read_pem (const DevSshPem  *pem,
                     DevSshKeyFormat   format,
                     const char       *passphrase,
                     GError          **error)
{
  const DevSshKeyLabel *row = NULL;
  g_autoptr(DevSshSecret) bytes = NULL;
  g_autoptr(DevSshSecret) clear = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (devssh_key_labels) && row == NULL; i++)
    {
      if (devssh_slice_is (pem->label, devssh_key_labels[i].label))
        row = &devssh_key_labels[i];
    }
  if (row == NULL)
    {
      g_autofree char *label = devssh_text_for_people (pem->label.data,
                                                       MIN (pem->label.length, 64));

      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED, "“%s” cannot be read as a key",
                   label);
      return NULL;
    }
  if (!devssh_key_check_format (format, row->format, error))
    return NULL;

  bytes = devssh_base64_read (pem->body, error);
  if (bytes == NULL)
    return NULL;
  if (!pem->encrypted)
    return row->read (devssh_key_secret_slice (bytes), passphrase, error);

  clear = devssh_key_pem_decrypt (pem->dek_info, devssh_key_secret_slice (bytes),
                                  devssh_key_format_get_name (row->format), passphrase, error);
  return clear != NULL ? row->read (devssh_key_secret_slice (clear), passphrase, error) : NULL;
}

static gboolean
devssh_slice_has_prefix (DevSshSlice  slice,
                         const char  *prefix)
{
  return slice.length >= strlen (prefix) && memcmp (slice.data, prefix, strlen (prefix)) == 0;
}

/* What the armour is around, without it. These bytes do not say which format it is. */
static DevSshKeyPair *
devssh_key_read_bytes (DevSshSlice       data,
                       DevSshKeyFormat   format,
                       const char       *passphrase,
                       GError          **error)
{
  DEVSSH_WRITER_AUTO (blob);

  switch (format)
    {
    case DEVSSH_KEY_FORMAT_PKCS1:
      if (devssh_key_pkcs1_read_public (data, &blob, NULL))
        return devssh_key_pair_new_for_blob (blob.data, blob.length, error);
      return devssh_key_read_pkcs1_private (data, NULL, error);
    case DEVSSH_KEY_FORMAT_SEC1:
      return devssh_key_read_sec1 (data, NULL, error);
    case DEVSSH_KEY_FORMAT_PKCS8:
      if (devssh_key_pkcs8_is_public (data))
        return devssh_key_pkcs8_read_public (data, error);
      if (devssh_key_pkcs8_is_encrypted (data))
        return devssh_key_read_pkcs8_encrypted (data, passphrase, error);
      return devssh_key_pkcs8_read_private (data, error);
    case DEVSSH_KEY_FORMAT_SSH:
      return devssh_key_pair_new_for_blob (data.data, data.length, error);
    case DEVSSH_KEY_FORMAT_SSH2:
      return devssh_key_ssh2_read_bytes (data, passphrase, error);
    case DEVSSH_KEY_FORMAT_OPENSSH:
      return devssh_key_openssh_read (data, passphrase, error);
    case DEVSSH_KEY_FORMAT_JWK:
    case DEVSSH_KEY_FORMAT_DEFAULT:
    default:
      g_assert_not_reached ();
    }
}

/* A SEQUENCE of ASN.1 that has the length of the file; of at least two bytes, so that it is no text. */
static gboolean
devssh_key_is_sequence (DevSshSlice data)
{
  return data.length > 2 && data.data[0] == 0x30 &&
         ((data.data[1] & 0x80) != 0 || data.data[1] == data.length - 2);
}

/* Is that a binary file, of the formats of which one was named? */
static gboolean
devssh_key_is_binary (DevSshSlice      data,
                      DevSshKeyFormat  format)
{
  static const guint8 ssh2[] = { 0x3f, 0x6f, 0xf9, 0xeb };

  switch (format)
    {
    case DEVSSH_KEY_FORMAT_SSH:
      return data.length > 4 && data.data[0] == 0;
    case DEVSSH_KEY_FORMAT_SSH2:
      return data.length > 4 && (data.data[0] == 0 || memcmp (data.data, ssh2, sizeof ssh2) == 0);
    case DEVSSH_KEY_FORMAT_OPENSSH:
      return data.length > 15 && memcmp (data.data, "openssh-key-v1", 15) == 0;
    case DEVSSH_KEY_FORMAT_PKCS1:
    case DEVSSH_KEY_FORMAT_SEC1:
    case DEVSSH_KEY_FORMAT_PKCS8:
      return devssh_key_is_sequence (data);
    case DEVSSH_KEY_FORMAT_JWK:
    case DEVSSH_KEY_FORMAT_DEFAULT:
    default:
      return FALSE;
    }
}

static void
devssh_key_set_unknown (DevSshKeyFormat   format,
                        GError          **error)
{
  if (format != DEVSSH_KEY_FORMAT_DEFAULT)
    g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED, "This is no key in the %s format",
                 devssh_key_format_get_name (format));
  else
    g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
                         "This is no key in a format that is known here");
}

/* The bytes in base64, without anything around them. */
static DevSshKeyPair *
devssh_key_read_base64 (DevSshSlice       text,
                        DevSshKeyFormat   format,
                        const char       *passphrase,
                        GError          **error)
{
  g_autoptr(DevSshSecret) bytes = NULL;

  if (format != DEVSSH_KEY_FORMAT_DEFAULT)
    bytes = devssh_base64_read (text, NULL);
  if (bytes != NULL && devssh_key_is_binary (devssh_key_secret_slice (bytes), format))
    return devssh_key_read_bytes (devssh_key_secret_slice (bytes), format, passphrase, error);

  devssh_key_set_unknown (format, error);
  return NULL;
}

static DevSshKeyPair *
devssh_key_read_text (DevSshSlice       text,
                      DevSshKeyFormat   format,
                      const char       *passphrase,
                      GError          **error)
{
  g_autoptr(GError) pem_error = NULL;
  DevSshPem pem;

  for (guint i = 0; i < G_N_ELEMENTS (devssh_key_beginnings); i++)
    {
      if (!devssh_slice_has_prefix (text, devssh_key_beginnings[i].begin))
        continue;
      if (!devssh_key_check_format (format, devssh_key_beginnings[i].format, error))
        return NULL;
      if (devssh_key_beginnings[i].read != NULL)
        return devssh_key_beginnings[i].read (text, passphrase, error);
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
                           "Private keys in PuTTY's format (PPK) cannot be read; "
                           "puttygen KEY.ppk -O private-openssh-new -o KEY converts one");
      return NULL;
    }

  if (devssh_pem_find (text, &pem, &pem_error))
    return devssh_key_read_pem (&pem, format, passphrase, error);
  if (pem_error == NULL)
    return devssh_key_read_base64 (text, format, passphrase, error);

  g_propagate_error (error, g_steal_pointer (&pem_error));
  return NULL;
}

DevSshKeyPair *
devssh_key_read (DevSshSlice       data,
                 DevSshKeyFormat   format,
                 const char       *passphrase,
                 GError          **error)
{
  /* T-80 */
  if (data.length > DEVSSH_KEY_FILE_MAX_SIZE)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_LIMIT, "A key has at most %d bytes here",
                   DEVSSH_KEY_FILE_MAX_SIZE);
      return NULL;
    }

  if (devssh_key_is_binary (data, format))
    return devssh_key_read_bytes (data, format, passphrase, error);
  if (devssh_key_is_sequence (data))
    {
      if (format == DEVSSH_KEY_FORMAT_DEFAULT)
        g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
                             "The format of a binary key cannot be told from the key: it must be named");
      else
        devssh_key_set_unknown (format, error);
      return NULL;
    }
  return devssh_key_read_text (devssh_text_strip (data), format, passphrase, error);
}

/**
 * devssh_key_pair_import_data:
 * @data: what a key file holds, of at most 64 KiB
 * @format: the format that @data must be in, or %DEVSSH_KEY_FORMAT_DEFAULT to find out; binary keys
 *   and such in bare base64 need theirs named
 * @passphrase: (nullable): the passphrase of an encrypted key, in UTF-8; not used for others
 *
 * Reads a public or a private key. Both halves of a private key must belong together.
 *
 * Read are all formats of [enum@KeyFormat], and encrypted keys in them:
 *
 *   - `OpenSSH`, with bcrypt and AES in the modes CTR, CBC and GCM, ChaCha20-Poly1305 or 3DES;
 *   - `PKCS#8`, with PBES2: PBKDF2 over HMAC with SHA-1 or SHA-2, AES-CBC or 3DES (RFC 8018);
 *   - `PKCS#1` and `SEC1`, with AES-CBC or 3DES, as OpenSSL writes them (RFC 1421);
 *   - `SSH2`, with 3DES, as ssh.com, PuTTY and Dev Tunnels SSH have it; its private keys are RSA.
 *
 * An encrypted key takes the time that its file asks for, some tenths of a second as a rule, and some
 * seconds at most: [func@KeyPair.import_data_async] spends them in a thread.
 *
 * A passphrase can be asked for when it is known to be needed: call this without, and again with
 * one if the error is %DEVSSH_ERROR_PASSPHRASE_REQUIRED. That error means that the passphrase is all
 * that is missing; %DEVSSH_ERROR_WRONG_PASSPHRASE means that it does not open the key, and a file that
 * is broken gives neither of them, except where only decrypting would show it.
 *
 * Other errors are %DEVSSH_ERROR_TRUNCATED and %DEVSSH_ERROR_MALFORMED, if the data is no key or is
 * not in the format that was asked for, %DEVSSH_ERROR_UNSUPPORTED for a type of key, a cipher or a
 * file of PuTTY that cannot be read, and %DEVSSH_ERROR_LIMIT, if there is too much of it, or if it
 * takes more than 1024 rounds of bcrypt or 10 million iterations of PBKDF2.
 *
 * Returns: (transfer full): the key
 *
 * Since: 1.0
 */
DevSshKeyPair *
devssh_key_pair_import_data (GBytes           *data,
                             DevSshKeyFormat   format,
                             const char       *passphrase,
                             GError          **error)
{
  DevSshSlice slice;

  g_return_val_if_fail (data != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  slice.data = g_bytes_get_data (data, &slice.length);
  return devssh_key_read (slice, format, passphrase, error);
}

/* ---- in a thread ---- */

typedef struct
{
  GBytes          *data;         /* to read; NULL to write */
  DevSshKeyFormat  format;
  char            *passphrase;
} DevSshKeyWork;

static void
devssh_key_work_free (gpointer data)
{
  DevSshKeyWork *self = data;

  g_clear_pointer (&self->data, g_bytes_unref);
  devssh_secret_strfree (self->passphrase);
  g_free (self);
}

static void
devssh_key_work_run (GTask           *task,
                     GBytes          *data,
                     DevSshKeyFormat  format,
                     const char      *passphrase,
                     GTaskThreadFunc  thread)
{
  DevSshKeyWork *work = g_new0 (DevSshKeyWork, 1);

  work->data = data != NULL ? g_bytes_ref (data) : NULL;
  work->format = format;
  work->passphrase = devssh_secret_strdup (passphrase);
  g_task_set_task_data (task, work, devssh_key_work_free);
  g_task_set_return_on_cancel (task, TRUE);
  g_task_run_in_thread (task, thread);
}

static void
devssh_key_pair_import_data_thread (GTask        *task,
                                    gpointer      source_object,
                                    gpointer      task_data,
                                    GCancellable *cancellable)
{
  DevSshKeyWork *work = task_data;
  g_autoptr(GError) error = NULL;
  DevSshKeyPair *key = devssh_key_pair_import_data (work->data, work->format, work->passphrase, &error);

  if (key != NULL)
    g_task_return_pointer (task, key, g_object_unref);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

/**
 * devssh_key_pair_import_data_async:
 * @data: what a key file holds, of at most 64 KiB
 * @format: as for [func@KeyPair.import_data]
 * @passphrase: (nullable): as for [func@KeyPair.import_data]
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the key is there
 * @user_data: for @callback
 *
 * Reads a key, in a thread of its own.
 *
 * Since: 1.0
 */
void
devssh_key_pair_import_data_async (GBytes              *data,
                                   DevSshKeyFormat      format,
                                   const char          *passphrase,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (data != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_key_pair_import_data_async);
  devssh_key_work_run (task, data, format, passphrase, devssh_key_pair_import_data_thread);
}

/**
 * devssh_key_pair_import_data_finish:
 * @result: what the callback was given
 *
 * Ends what [func@KeyPair.import_data_async] began.
 *
 * Fails as [func@KeyPair.import_data] does, or with %G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full): the key
 *
 * Since: 1.0
 */
DevSshKeyPair *
devssh_key_pair_import_data_finish (GAsyncResult  *result,
                                    GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, devssh_key_pair_import_data_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- writing ---- */

static gboolean
devssh_key_is_rsa (DevSshKeyPair *key)
{
  return g_str_equal (devssh_key_pair_get_algorithm (key), DEVSSH_ALGORITHM_KEY_RSA);
}

static gboolean
devssh_key_is_ecdsa (DevSshKeyPair *key)
{
  return g_str_has_prefix (devssh_key_pair_get_algorithm (key), "ecdsa-");
}

static void
devssh_key_set_unsupported (GError          **error,
                            DevSshKeyPair    *key,
                            DevSshKeyFormat   format,
                            const char       *half)
{
  g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
               "%s keys of type %s cannot be written in the %s format",
               half, devssh_key_pair_get_algorithm (key), devssh_key_format_get_name (format));
}

static GBytes *
devssh_key_write_pem (const char         *label,
                      const DevSshSecret *der)
{
  return der != NULL ? devssh_pem_write (label, der->data, der->length, 64) : NULL;
}

/**
 * devssh_key_pair_export_public:
 * @self: a key
 * @format: how to write it; %DEVSSH_KEY_FORMAT_DEFAULT for %DEVSSH_KEY_FORMAT_SSH
 *
 * Writes the public half of the key as text. The formats `SSH`, `SSH2`, `PKCS#8` and `JWK` take every
 * key, and `PKCS#1` takes RSA keys; `SSH`, `SSH2` and `JWK` have room for the comment. What is longer
 * than a header of RFC 4716 may be, 1024 bytes, is left out of the comment in `SSH2`.
 *
 * Fails with %DEVSSH_ERROR_UNSUPPORTED for other formats.
 *
 * Returns: (transfer full): what a file of this format holds
 *
 * Since: 1.0
 */
GBytes *
devssh_key_pair_export_public (DevSshKeyPair    *self,
                               DevSshKeyFormat   format,
                               GError          **error)
{
  g_autoptr(DevSshSecret) der = NULL;

  g_return_val_if_fail (DEVSSH_IS_KEY_PAIR (self), NULL);
  g_return_val_if_fail (devssh_key_pair_get_algorithm (self) != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  switch (format)
    {
    case DEVSSH_KEY_FORMAT_DEFAULT:
    case DEVSSH_KEY_FORMAT_SSH:
      return devssh_key_ssh_write (self);
    case DEVSSH_KEY_FORMAT_SSH2:
      return devssh_key_ssh2_write_public (self);
    case DEVSSH_KEY_FORMAT_JWK:
      return devssh_key_jwk_write (self, FALSE, error);
    case DEVSSH_KEY_FORMAT_PKCS8:
      der = devssh_key_pkcs8_write_public (self);
      return devssh_key_write_pem ("PUBLIC KEY", der);
    case DEVSSH_KEY_FORMAT_PKCS1:
      if (!devssh_key_is_rsa (self))
        break;
      der = devssh_key_pkcs1_write_public (self);
      return devssh_key_write_pem ("RSA PUBLIC KEY", der);
    case DEVSSH_KEY_FORMAT_SEC1:
    case DEVSSH_KEY_FORMAT_OPENSSH:
    default:
      break;
    }

  devssh_key_set_unsupported (error, self, format, "Public");
  return NULL;
}

static GBytes *
devssh_key_write_pkcs8_private (DevSshKeyPair  *key,
                                const char     *passphrase,
                                GError        **error)
{
  g_autoptr(DevSshSecret) der = devssh_key_pkcs8_write_private (key, error);
  g_autoptr(DevSshSecret) sealed = NULL;

  if (der == NULL || passphrase == NULL)
    return devssh_key_write_pem ("PRIVATE KEY", der);

  sealed = devssh_key_pbes2_encrypt (devssh_key_secret_slice (der), passphrase, error);
  return devssh_key_write_pem ("ENCRYPTED PRIVATE KEY", sealed);
}

static GBytes *
devssh_key_write_old_private (DevSshKeyPair  *key,
                              GError        **error)
{
  g_autoptr(DevSshSecret) der = NULL;

  if (devssh_key_is_rsa (key))
    {
      der = devssh_key_pkcs1_write_private (key, error);
      return devssh_key_write_pem ("RSA PRIVATE KEY", der);
    }
  der = devssh_key_sec1_write (key, TRUE, error);
  return devssh_key_write_pem ("EC PRIVATE KEY", der);
}

/* Can it be written, before anything is derived? */
static gboolean
devssh_key_check_private (DevSshKeyPair    *self,
                          DevSshKeyFormat   format,
                          const char       *passphrase,
                          GError          **error)
{
  if (!devssh_key_pair_get_has_private (self))
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_NO_PRIVATE_KEY,
                           "The key has no private half to write");
      return FALSE;
    }
  if (passphrase == NULL)
    return TRUE;

  if (*passphrase == '\0')
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
                           "An empty passphrase protects nothing: none at all writes the key as it is");
      return FALSE;
    }
  if (format != DEVSSH_KEY_FORMAT_DEFAULT && format != DEVSSH_KEY_FORMAT_PKCS8 &&
      format != DEVSSH_KEY_FORMAT_OPENSSH)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
                   "Keys in the %s format are not written encrypted; "
                   "the PKCS#8 and OpenSSH formats take a passphrase",
                   devssh_key_format_get_name (format));
      return FALSE;
    }
  return TRUE;
}

/**
 * devssh_key_pair_export_private:
 * @self: a key with its private half
 * @format: how to write it; %DEVSSH_KEY_FORMAT_DEFAULT for %DEVSSH_KEY_FORMAT_PKCS8
 * @passphrase: (nullable): what to encrypt the key with, in UTF-8 and not empty; %NULL to write it
 *   as it is
 *
 * Writes both halves of the key as text. The formats `PKCS#8`, `OpenSSH` and `JWK` take every key,
 * `PKCS#1` and `SEC1` those that they are for: of the two, an RSA key gets the first and an ECDSA
 * key the second, whichever is asked for; `SSH2` takes RSA keys. `OpenSSH`, `JWK` and `SSH2` have
 * room for the comment.
 *
 * Two formats take a @passphrase: `PKCS#8` is encrypted with AES-256-CBC under a key derived by
 * PBKDF2 ([const@KEY_DEFAULT_PBKDF2_ITERATIONS], HMAC-SHA-256), `OpenSSH` with AES-256-CTR under one
 * derived by 16 rounds of bcrypt. How the others would do it is not worth a passphrase. It takes
 * some tenths of a second; [method@KeyPair.export_private_async] spends them in a thread.
 *
 * The text is wiped from memory when it is freed. [method@KeyPair.export_private_file] puts it into
 * a file that nobody else can read.
 *
 * Fails with %DEVSSH_ERROR_NO_PRIVATE_KEY if the private half is not there, or does not leave its
 * hardware, and with %DEVSSH_ERROR_UNSUPPORTED for other formats, for a @passphrase where there can be
 * none and for an empty one.
 *
 * Returns: (transfer full): what a file of this format holds
 *
 * Since: 1.0
 */
GBytes *
devssh_key_pair_export_private (DevSshKeyPair    *self,
                                DevSshKeyFormat   format,
                                const char       *passphrase,
                                GError          **error)
{
  g_return_val_if_fail (DEVSSH_IS_KEY_PAIR (self), NULL);
  g_return_val_if_fail (devssh_key_pair_get_algorithm (self) != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!devssh_key_check_private (self, format, passphrase, error))
    return NULL;

  switch (format)
    {
    case DEVSSH_KEY_FORMAT_DEFAULT:
    case DEVSSH_KEY_FORMAT_PKCS8:
      return devssh_key_write_pkcs8_private (self, passphrase, error);
    case DEVSSH_KEY_FORMAT_OPENSSH:
      return devssh_key_openssh_write (self, passphrase, error);
    case DEVSSH_KEY_FORMAT_JWK:
      return devssh_key_jwk_write (self, TRUE, error);
    case DEVSSH_KEY_FORMAT_SSH2:
      if (devssh_key_is_rsa (self))
        return devssh_key_ssh2_write_private (self, error);
      break;
    case DEVSSH_KEY_FORMAT_PKCS1:
    case DEVSSH_KEY_FORMAT_SEC1:
      if (devssh_key_is_rsa (self) || devssh_key_is_ecdsa (self))
        return devssh_key_write_old_private (self, error);
      break;
    case DEVSSH_KEY_FORMAT_SSH:
    default:
      break;
    }

  devssh_key_set_unsupported (error, self, format, "Private");
  return NULL;
}

static void
devssh_key_pair_export_private_thread (GTask        *task,
                                       gpointer      source_object,
                                       gpointer      task_data,
                                       GCancellable *cancellable)
{
  DevSshKeyWork *work = task_data;
  g_autoptr(GError) error = NULL;
  GBytes *text = devssh_key_pair_export_private (source_object, work->format, work->passphrase, &error);

  if (text != NULL)
    g_task_return_pointer (task, text, (GDestroyNotify) g_bytes_unref);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

/**
 * devssh_key_pair_export_private_async:
 * @self: a key with its private half, which must not be changed meanwhile
 * @format: as for [method@KeyPair.export_private]
 * @passphrase: (nullable): as for [method@KeyPair.export_private]
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the text is there
 * @user_data: for @callback
 *
 * Writes both halves of the key as text, in a thread of its own.
 *
 * Since: 1.0
 */
void
devssh_key_pair_export_private_async (DevSshKeyPair       *self,
                                      DevSshKeyFormat      format,
                                      const char          *passphrase,
                                      GCancellable        *cancellable,
                                      GAsyncReadyCallback  callback,
                                      gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (DEVSSH_IS_KEY_PAIR (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_key_pair_export_private_async);
  devssh_key_work_run (task, NULL, format, passphrase, devssh_key_pair_export_private_thread);
}

/**
 * devssh_key_pair_export_private_finish:
 * @self: the key
 * @result: what the callback was given
 *
 * Ends what [method@KeyPair.export_private_async] began.
 *
 * Fails as [method@KeyPair.export_private] does, or with %G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full): what a file of this format holds
 *
 * Since: 1.0
 */
GBytes *
devssh_key_pair_export_private_finish (DevSshKeyPair  *self,
                                       GAsyncResult   *result,
                                       GError        **error)
{
  g_return_val_if_fail (DEVSSH_IS_KEY_PAIR (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, devssh_key_pair_export_private_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
