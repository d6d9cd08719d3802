/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys to and from files: which format it is, and who reads it. */
#include <libdevssh/keys/devssh-key-format-private.h>

#include <libdevssh/wire/devssh-names-private.h>
#include <libdevssh/wire/devssh-numbers.h>

#include <string.h>

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

void
devssh_key_set_encrypted_error (GError     **error,
                                const char  *what,
                                const char  *passphrase)
{
  if (passphrase == NULL)
    g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_PASSPHRASE_REQUIRED,
                 "The key in the %s format is encrypted: a passphrase is needed", what);
  else
    g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
                 "Encrypted keys in the %s format cannot be read", what);
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
  devssh_key_set_encrypted_error (error, "PKCS#8", passphrase);
  return NULL;
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

/* How a key without a label begins, and what becomes of it. */
static const struct { const char *begin; DevSshKeyFormat format; const char *refusal; } devssh_key_beginnings[] = {
  { "---- BEGIN SSH2 PUBLIC KEY ----", DEVSSH_KEY_FORMAT_SSH2,
    "Public keys in the SSH2 format (RFC 4716) cannot be read; ssh-keygen -i converts them" },
  { "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----", DEVSSH_KEY_FORMAT_SSH2,
    "Private keys in the SSH2 format of ssh.com cannot be read; puttygen -O private-openssh converts them" },
  { "PuTTY-User-Key-File-", DEVSSH_KEY_FORMAT_DEFAULT,
    "Private keys in PuTTY's format cannot be read; puttygen -O private-openssh converts them" },
  { "{", DEVSSH_KEY_FORMAT_JWK,
    "Keys in the JWK format cannot be read" },
  { "ssh-", DEVSSH_KEY_FORMAT_SSH, NULL },
  { "ecdsa-sha2-", DEVSSH_KEY_FORMAT_SSH, NULL },
  { "rsa-sha2-", DEVSSH_KEY_FORMAT_SSH, NULL },
  { "sk-", DEVSSH_KEY_FORMAT_SSH, NULL },
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
  if (pem->encrypted)
    {
      devssh_key_set_encrypted_error (error, devssh_key_format_get_name (row->format), passphrase);
      return NULL;
    }

  bytes = devssh_base64_read (pem->body, error);
  return bytes != NULL ? row->read (devssh_key_secret_slice (bytes), passphrase, error) : NULL;
}

/* The formats whose content is a SEQUENCE of ASN.1 come without armour, too; but these bytes do not
 * say which it is. */
static DevSshKeyPair *
devssh_key_read_der (DevSshSlice       der,
                     DevSshKeyFormat   format,
                     const char       *passphrase,
                     GError          **error)
{
  DEVSSH_WRITER_AUTO (blob);

  switch (format)
    {
    case DEVSSH_KEY_FORMAT_PKCS1:
      if (devssh_key_pkcs1_read_public (der, &blob, NULL))
        return devssh_key_pair_new_for_blob (blob.data, blob.length, error);
      return devssh_key_read_pkcs1_private (der, NULL, error);
    case DEVSSH_KEY_FORMAT_SEC1:
      return devssh_key_read_sec1 (der, NULL, error);
    case DEVSSH_KEY_FORMAT_PKCS8:
      if (devssh_key_pkcs8_is_public (der))
        return devssh_key_pkcs8_read_public (der, error);
      if (devssh_key_pkcs8_is_encrypted (der))
        return devssh_key_read_pkcs8_encrypted (der, passphrase, error);
      return devssh_key_pkcs8_read_private (der, error);
    case DEVSSH_KEY_FORMAT_DEFAULT:
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
                           "The format of a binary key cannot be told from the key: it must be named");
      return NULL;
    default:
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED, "This is no key in the %s format",
                   devssh_key_format_get_name (format));
      return NULL;
    }
}

static gboolean
devssh_slice_has_prefix (DevSshSlice  slice,
                         const char  *prefix)
{
  return slice.length >= strlen (prefix) && memcmp (slice.data, prefix, strlen (prefix)) == 0;
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
      if (devssh_key_beginnings[i].refusal == NULL)
        return devssh_key_ssh_read (text, error);
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
                           devssh_key_beginnings[i].refusal);
      return NULL;
    }

  if (devssh_pem_find (text, &pem, &pem_error))
    return devssh_key_read_pem (&pem, format, passphrase, error);

  if (pem_error != NULL)
    g_propagate_error (error, g_steal_pointer (&pem_error));
  else
    g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
                         "This is no key in a format that is known here");
  return NULL;
}

static DevSshKeyPair *
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

  /* An ASN.1 SEQUENCE of two or more bytes of length is no text of ours. */
  if (data.length > 2 && data.data[0] == 0x30 && (data.data[1] & 0x80) != 0)
    return devssh_key_read_der (data, format, passphrase, error);
  if (data.length > 2 && data.data[0] == 0x30 && data.data[1] == data.length - 2)
    return devssh_key_read_der (data, format, passphrase, error);

  while (data.length > 0 && g_ascii_isspace (*data.data))
    {
      data.data++;
      data.length--;
    }
  return devssh_key_read_text (data, format, passphrase, error);
}

/**
 * devssh_key_pair_import_data:
 * @data: what a key file holds, of at most 64 KiB
 * @format: the format that @data must be in, or %DEVSSH_KEY_FORMAT_DEFAULT to find out; binary keys
 *   need theirs named
 * @passphrase: (nullable): the passphrase of an encrypted key; not used for others
 *
 * Reads a public or a private key. Both halves of a private key must belong together.
 *
 * The formats `SSH`, `PKCS#1`, `SEC1`, `PKCS#8` and `OpenSSH` are read, without encryption.
 * %DEVSSH_ERROR_UNSUPPORTED names a format that is not. Other errors are
 * %DEVSSH_ERROR_PASSPHRASE_REQUIRED, if the key is encrypted and there is no passphrase,
 * %DEVSSH_ERROR_TRUNCATED and %DEVSSH_ERROR_MALFORMED, if the data is no key or is not in the
 * format that was asked for, and %DEVSSH_ERROR_LIMIT, if there is too much of it.
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

/**
 * devssh_key_pair_import_file:
 * @file: a key file
 * @format: as for [func@KeyPair.import_data]
 * @passphrase: (nullable): as for [func@KeyPair.import_data]
 * @cancellable: (nullable): a way to give up
 *
 * Reads a key from a file, and waits for it. See [func@KeyPair.import_file_async] for not waiting.
 *
 * Fails as [func@KeyPair.import_data] does, and with the errors of reading a file.
 *
 * Returns: (transfer full): the key
 *
 * Since: 1.0
 */
DevSshKeyPair *
devssh_key_pair_import_file (GFile            *file,
                             DevSshKeyFormat   format,
                             const char       *passphrase,
                             GCancellable     *cancellable,
                             GError          **error)
{
  g_autoptr(GFileInputStream) stream = NULL;
  g_autoptr(DevSshSecret) buffer = NULL;
  gsize length = 0;

  g_return_val_if_fail (G_IS_FILE (file), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  stream = g_file_read (file, cancellable, error);
  if (stream == NULL)
    return NULL;

  /* One byte more than there may be, so that what is too large shows. */
  buffer = devssh_secret_new (DEVSSH_KEY_FILE_MAX_SIZE + 1);
  if (!g_input_stream_read_all (G_INPUT_STREAM (stream), buffer->data, buffer->length, &length,
                                cancellable, error))
    return NULL;
  return devssh_key_read ((DevSshSlice) { buffer->data, length }, format, passphrase, error);
}

typedef struct
{
  GFile           *file;
  DevSshKeyFormat  format;
  char            *passphrase;
} DevSshImportData;

static void
devssh_import_data_free (gpointer data)
{
  DevSshImportData *self = data;

  g_object_unref (self->file);
  devssh_secret_strfree (self->passphrase);
  g_free (self);
}

static void
devssh_key_pair_import_file_thread (GTask        *task,
                                    gpointer      source_object,
                                    gpointer      task_data,
                                    GCancellable *cancellable)
{
  DevSshImportData *data = task_data;
  g_autoptr(GError) error = NULL;
  DevSshKeyPair *key = devssh_key_pair_import_file (data->file, data->format, data->passphrase,
                                                    cancellable, &error);

  if (key != NULL)
    g_task_return_pointer (task, key, g_object_unref);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

/**
 * devssh_key_pair_import_file_async:
 * @file: a key file
 * @format: as for [func@KeyPair.import_data]
 * @passphrase: (nullable): as for [func@KeyPair.import_data]
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the key is there
 * @user_data: for @callback
 *
 * Reads a key from a file, in a thread of its own.
 *
 * Since: 1.0
 */
void
devssh_key_pair_import_file_async (GFile               *file,
                                   DevSshKeyFormat      format,
                                   const char          *passphrase,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;
  DevSshImportData *data = NULL;

  g_return_if_fail (G_IS_FILE (file));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_key_pair_import_file_async);
  data = g_new0 (DevSshImportData, 1);
  data->file = g_object_ref (file);
  data->format = format;
  data->passphrase = devssh_secret_strdup (passphrase);
  g_task_set_task_data (task, data, devssh_import_data_free);
  g_task_set_return_on_cancel (task, TRUE);
  g_task_run_in_thread (task, devssh_key_pair_import_file_thread);
}

/**
 * devssh_key_pair_import_file_finish:
 * @result: what the callback was given
 *
 * Ends what [func@KeyPair.import_file_async] began.
 *
 * Fails as [func@KeyPair.import_file] does.
 *
 * Returns: (transfer full): the key
 *
 * Since: 1.0
 */
DevSshKeyPair *
devssh_key_pair_import_file_finish (GAsyncResult  *result,
                                    GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, devssh_key_pair_import_file_async), NULL);
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
 * Writes the public half of the key as text. The formats `SSH` and `PKCS#8` take every key, and
 * `PKCS#1` takes RSA keys; only `SSH` has room for the comment.
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
    case DEVSSH_KEY_FORMAT_PKCS8:
      der = devssh_key_pkcs8_write_public (self);
      return devssh_key_write_pem ("PUBLIC KEY", der);
    case DEVSSH_KEY_FORMAT_PKCS1:
      if (!devssh_key_is_rsa (self))
        break;
      der = devssh_key_pkcs1_write_public (self);
      return devssh_key_write_pem ("RSA PUBLIC KEY", der);
    default:
      break;
    }

  devssh_key_set_unsupported (error, self, format, "Public");
  return NULL;
}

/**
 * devssh_key_pair_export_private:
 * @self: a key with its private half
 * @format: how to write it; %DEVSSH_KEY_FORMAT_DEFAULT for %DEVSSH_KEY_FORMAT_PKCS8
 * @passphrase: (nullable): must be %NULL: keys are written without encryption
 *
 * Writes both halves of the key as text. The formats `PKCS#8` and `OpenSSH` take every key,
 * `PKCS#1` and `SEC1` those that they are for: of the two, an RSA key gets the first and an ECDSA
 * key the second, whichever is asked for. Only `OpenSSH` has room for the comment.
 *
 * The text is wiped from memory when it is freed. Whoever puts it into a file takes care that
 * nobody else can read it.
 *
 * Fails with %DEVSSH_ERROR_NO_PRIVATE_KEY if the private half is not there, or does not leave its
 * hardware, and with %DEVSSH_ERROR_UNSUPPORTED for other formats and for a @passphrase.
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
  g_autoptr(DevSshSecret) der = NULL;

  g_return_val_if_fail (DEVSSH_IS_KEY_PAIR (self), NULL);
  g_return_val_if_fail (devssh_key_pair_get_algorithm (self) != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!devssh_key_pair_get_has_private (self))
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_NO_PRIVATE_KEY,
                           "The key has no private half to write");
      return NULL;
    }
  if (passphrase != NULL)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
                   "Keys in the %s format cannot be written encrypted",
                   devssh_key_format_get_name (format == DEVSSH_KEY_FORMAT_DEFAULT
                                               ? DEVSSH_KEY_FORMAT_PKCS8 : format));
      return NULL;
    }

  switch (format)
    {
    case DEVSSH_KEY_FORMAT_DEFAULT:
    case DEVSSH_KEY_FORMAT_PKCS8:
      der = devssh_key_pkcs8_write_private (self, error);
      return devssh_key_write_pem ("PRIVATE KEY", der);
    case DEVSSH_KEY_FORMAT_OPENSSH:
      return devssh_key_openssh_write (self, error);
    case DEVSSH_KEY_FORMAT_PKCS1:
    case DEVSSH_KEY_FORMAT_SEC1:
      if (devssh_key_is_rsa (self))
        {
          der = devssh_key_pkcs1_write_private (self, error);
          return devssh_key_write_pem ("RSA PRIVATE KEY", der);
        }
      if (devssh_key_is_ecdsa (self))
        {
          der = devssh_key_sec1_write (self, TRUE, error);
          return devssh_key_write_pem ("EC PRIVATE KEY", der);
        }
      break;
    default:
      break;
    }

  devssh_key_set_unsupported (error, self, format, "Private");
  return NULL;
}
