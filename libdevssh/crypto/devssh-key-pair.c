/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A public key, perhaps with its private half: what proves who a host or a user is. */
#include <libdevssh/crypto/devssh-key-pair-private.h>

#include <libdevssh/crypto/devssh-hostkey-private.h>
#include <libdevssh/wire/devssh-names-private.h>
#include <libdevssh/wire/devssh-numbers.h>

#include <openssl/err.h>
#include <string.h>

/* What the names of OpenSSH's certificates end in (PROTOCOL.certkeys). */
#define CERTIFICATE_SUFFIX "-cert-v01@openssh.com"

/**
 * DevSshKeyPair:
 *
 * A public key with or without its private half, of one of the types `ssh-ed25519`, `ssh-rsa`,
 * `ecdsa-sha2-nistp256`, `ecdsa-sha2-nistp384` and `ecdsa-sha2-nistp521`.
 *
 * Keys come from [func@KeyPair.generate], from files ([func@KeyPair.import_file]), from the public
 * blob that SSH sends ([ctor@KeyPair.new_for_public_blob]) or, in C, from a key that OpenSSL has
 * already ([ctor@KeyPair.new_for_evp_pkey]). Certificates are not supported yet: whatever carries one fails
 * with %DEVSSH_ERROR_UNSUPPORTED and says so.
 *
 * A key has a type, and a signature has an algorithm. They are called the same, but for RSA: a key
 * of type `ssh-rsa` signs with `rsa-sha2-512` or `rsa-sha2-256`. SHA-1 is never used.
 *
 * A key pair may be used from several threads, as long as none of them changes it.
 *
 * Since: 1.0
 */
struct _DevSshKeyPair
{
  GObject                  parent_instance;

  const DevSshHostKeyType *type;
  EVP_PKEY                *pkey;
  gboolean                 has_private;
  GBytes                  *blob;              /* RFC 4253, 6.6 */
  char                    *comment;
  gpointer                 sign_contexts[2];  /* atomic, EVP_PKEY_CTX: SHA-512, and what is not */
};

G_DEFINE_FINAL_TYPE (DevSshKeyPair, devssh_key_pair, G_TYPE_OBJECT)

enum { PROP_0, PROP_ALGORITHM, PROP_SIZE, PROP_HAS_PRIVATE, PROP_COMMENT, N_PROPS };

static GParamSpec *properties[N_PROPS];

static void
devssh_key_pair_drop_key (DevSshKeyPair *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->sign_contexts); i++)
    devssh_hostkey_keep_context (&self->sign_contexts[i], NULL);
  g_clear_pointer (&self->pkey, EVP_PKEY_free);   /* wipes the private half, if nobody else has it */
  g_clear_pointer (&self->blob, g_bytes_unref);
}

static void
devssh_key_pair_finalize (GObject *object)
{
  DevSshKeyPair *self = DEVSSH_KEY_PAIR (object);

  devssh_key_pair_drop_key (self);
  g_clear_pointer (&self->comment, g_free);

  G_OBJECT_CLASS (devssh_key_pair_parent_class)->finalize (object);
}

static void
devssh_key_pair_get_property (GObject    *object,
                              guint       property_id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  DevSshKeyPair *self = DEVSSH_KEY_PAIR (object);

  switch (property_id)
    {
    case PROP_ALGORITHM:
      g_value_set_static_string (value, devssh_key_pair_get_algorithm (self));
      break;
    case PROP_SIZE:
      g_value_set_uint (value, devssh_key_pair_get_size (self));
      break;
    case PROP_HAS_PRIVATE:
      g_value_set_boolean (value, devssh_key_pair_get_has_private (self));
      break;
    case PROP_COMMENT:
      g_value_set_string (value, devssh_key_pair_get_comment (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
devssh_key_pair_set_property (GObject      *object,
                              guint         property_id,
                              const GValue *value,
                              GParamSpec   *pspec)
{
  DevSshKeyPair *self = DEVSSH_KEY_PAIR (object);

  switch (property_id)
    {
    case PROP_COMMENT:
      devssh_key_pair_set_comment (self, g_value_get_string (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
devssh_key_pair_class_init (DevSshKeyPairClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = devssh_key_pair_finalize;
  object_class->get_property = devssh_key_pair_get_property;
  object_class->set_property = devssh_key_pair_set_property;

  /**
   * DevSshKeyPair:algorithm: (getter get_algorithm)
   *
   * The type of the key, as the public blob names it.
   *
   * Since: 1.0
   */
  properties[PROP_ALGORITHM] =
    g_param_spec_string ("algorithm", NULL, NULL, NULL,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshKeyPair:size: (getter get_size)
   *
   * The size of the key, in bits.
   *
   * Since: 1.0
   */
  properties[PROP_SIZE] =
    g_param_spec_uint ("size", NULL, NULL, 0, G_MAXUINT, 0,
                       G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshKeyPair:has-private: (getter get_has_private)
   *
   * Whether the private half is there, so that the key can sign.
   *
   * Since: 1.0
   */
  properties[PROP_HAS_PRIVATE] =
    g_param_spec_boolean ("has-private", NULL, NULL, FALSE,
                          G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshKeyPair:comment: (getter get_comment) (setter set_comment)
   *
   * What people wrote beside the key, often `user@host`. It proves nothing.
   *
   * Since: 1.0
   */
  properties[PROP_COMMENT] =
    g_param_spec_string ("comment", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
devssh_key_pair_init (DevSshKeyPair *self)
{
}

/* ---- making one ---- */

/* A hardware key does not give its secret away, but signs. */
static gboolean
devssh_key_pair_can_sign (DevSshKeyPair *self)
{
  gboolean can = FALSE;
  DEVSSH_WRITER_AUTO (raw);

  if (self->type->has_private (self->type, self->pkey))
    return TRUE;

  can = self->type->sign (self->type, self->pkey, &self->sign_contexts[0], DEVSSH_HASH_SHA256,
                          (const guint8 *) "", 0, &raw);
  ERR_clear_error ();
  return can;
}

static void
devssh_key_pair_take_key (DevSshKeyPair           *self,
                          const DevSshHostKeyType *type,
                          EVP_PKEY                *pkey,
                          GBytes                  *blob)
{
  devssh_key_pair_drop_key (self);
  self->type = type;
  self->pkey = pkey;
  self->blob = blob;
}

/* RFC 4253, 6.6: string name, and fields that the name decides */
static GBytes *
devssh_key_pair_write_blob (const DevSshHostKeyType  *type,
                            EVP_PKEY                 *pkey,
                            GError                  **error)
{
  DEVSSH_WRITER_AUTO (writer);

  devssh_writer_put_utf8 (&writer, type->name);
  if (type->write_public (type, pkey, &writer))
    return devssh_writer_end (&writer);

  devssh_evp_set_error (error, DEVSSH_ERROR_MALFORMED, "A key of type %s without public half",
                        type->name);
  return NULL;
}

/* Takes pkey whatever comes of it. */
static DevSshKeyPair *
devssh_key_pair_new_take (const DevSshHostKeyType  *type,
                          EVP_PKEY                 *pkey,
                          gboolean                  has_private,
                          GError                  **error)
{
  g_autoptr(EVP_PKEY) owned = pkey;
  GBytes *blob = devssh_key_pair_write_blob (type, pkey, error);
  DevSshKeyPair *self = NULL;

  if (blob == NULL)
    return NULL;

  self = g_object_new (DEVSSH_TYPE_KEY_PAIR, NULL);
  devssh_key_pair_take_key (self, type, g_steal_pointer (&owned), blob);
  self->has_private = has_private;
  return self;
}

static const DevSshHostKeyType *
devssh_key_pair_type_for_name (DevSshSlice   name,
                               GError      **error)
{
  const DevSshHostKeyType *type = devssh_hostkey_type_find (name);

  if (type == NULL)
    {
      /* The name may come from a peer. */
      g_autofree char *shown = devssh_text_for_people (name.data, name.length);

      if (g_str_has_suffix (shown, CERTIFICATE_SUFFIX))
        g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
                     "“%s” is a certificate, and certificates are not supported yet", shown);
      else
        g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
                     "There are no keys of type “%s” here", shown);
    }
  return type;
}

static DevSshKeyPair *
devssh_key_pair_generate_cancellable (const char    *algorithm,
                                      guint          size,
                                      GCancellable  *cancellable,
                                      GError       **error)
{
  const DevSshSlice name = { (const guint8 *) algorithm, strlen (algorithm) };
  const DevSshHostKeyType *type = devssh_key_pair_type_for_name (name, error);
  EVP_PKEY *pkey = NULL;

  if (type == NULL)
    return NULL;

  pkey = type->generate (type, size, cancellable, error);
  if (pkey == NULL)
    return NULL;
  return devssh_key_pair_new_take (type, pkey, TRUE, error);
}

/**
 * devssh_key_pair_generate:
 * @algorithm: the type of key, `ssh-ed25519` or [const@ALGORITHM_KEY_RSA] for example; for RSA also
 *   the name of a signature, `rsa-sha2-512` or `rsa-sha2-256`
 * @size: for RSA how many bits, from 2048 to 16384, or 0 for 3072; other types have one size, and
 *   this is ignored
 *
 * Makes a new key. A large RSA key takes seconds: see [func@KeyPair.generate_async].
 *
 * Fails with %DEVSSH_ERROR_UNSUPPORTED if there is no such type or no such size.
 *
 * Returns: (transfer full): a new key with its private half
 *
 * Since: 1.0
 */
DevSshKeyPair *
devssh_key_pair_generate (const char  *algorithm,
                          guint        size,
                          GError     **error)
{
  g_return_val_if_fail (algorithm != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return devssh_key_pair_generate_cancellable (algorithm, size, NULL, error);
}

typedef struct
{
  char *algorithm;
  guint size;
} DevSshGenerateData;

static void
devssh_generate_data_free (gpointer data)
{
  DevSshGenerateData *self = data;

  g_free (self->algorithm);
  g_free (self);
}

static void
devssh_key_pair_generate_thread (GTask        *task,
                                 gpointer      source_object,
                                 gpointer      task_data,
                                 GCancellable *cancellable)
{
  DevSshGenerateData *data = task_data;
  g_autoptr(GError) error = NULL;
  DevSshKeyPair *self = devssh_key_pair_generate_cancellable (data->algorithm, data->size,
                                                              cancellable, &error);

  if (self != NULL)
    g_task_return_pointer (task, self, g_object_unref);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

/**
 * devssh_key_pair_generate_async:
 * @algorithm: as for [func@KeyPair.generate]
 * @size: as for [func@KeyPair.generate]
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the key is there
 * @user_data: for @callback
 *
 * Makes a new key in a thread of its own.
 *
 * Since: 1.0
 */
void
devssh_key_pair_generate_async (const char          *algorithm,
                                guint                size,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;
  DevSshGenerateData *data = NULL;

  g_return_if_fail (algorithm != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_key_pair_generate_async);
  data = g_new0 (DevSshGenerateData, 1);
  data->algorithm = g_strdup (algorithm);
  data->size = size;
  g_task_set_task_data (task, data, devssh_generate_data_free);
  /* The answer need not wait for the thread to notice. */
  g_task_set_return_on_cancel (task, TRUE);
  g_task_run_in_thread (task, devssh_key_pair_generate_thread);
}

/**
 * devssh_key_pair_generate_finish:
 * @result: what the callback was given
 *
 * Ends what [func@KeyPair.generate_async] began.
 *
 * Fails as [func@KeyPair.generate] does, or with %G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full): a new key with its private half
 *
 * Since: 1.0
 */
DevSshKeyPair *
devssh_key_pair_generate_finish (GAsyncResult  *result,
                                 GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, devssh_key_pair_generate_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Into a new key, or over an old one, which stays as it is if this fails. */
static gboolean
devssh_key_pair_read_blob (DevSshKeyPair  *self,
                           const guint8   *data,
                           gsize           length,
                           GError        **error)
{
  const DevSshHostKeyType *type = NULL;
  EVP_PKEY *pkey = NULL;
  DevSshReader reader;
  DevSshSlice name;
  DEVSSH_WRITER_AUTO (writer);

  devssh_reader_init (&reader, data, length);
  name = devssh_reader_get_slice (&reader);
  if (!devssh_reader_finish (&reader, error))
    return FALSE;

  type = devssh_key_pair_type_for_name (name, error);
  if (type == NULL)
    return FALSE;

  /* There is one way only to write the fields, so they need not be asked back from OpenSSL, which
   * takes its time. */
  devssh_writer_put_utf8 (&writer, type->name);
  devssh_writer_put_bytes (&writer, data + reader.position, length - reader.position);
  pkey = type->read_public (type, &reader, error);
  if (pkey == NULL)
    return FALSE;

  devssh_key_pair_take_key (self, type, pkey, devssh_writer_end (&writer));
  return TRUE;
}

DevSshKeyPair *
devssh_key_pair_new_for_blob (const guint8  *data,
                              gsize          length,
                              GError       **error)
{
  g_autoptr(DevSshKeyPair) self = g_object_new (DEVSSH_TYPE_KEY_PAIR, NULL);

  return devssh_key_pair_read_blob (self, data, length, error) ? g_steal_pointer (&self) : NULL;
}

/**
 * devssh_key_pair_new_for_public_blob:
 * @blob: a public key as SSH sends it: its type, and the numbers of that type (RFC 4253, 6.6)
 *
 * Makes a key without private half. The type of an RSA key may also be given as `rsa-sha2-512` or
 * `rsa-sha2-256`, as some peers do; its blob says `ssh-rsa` all the same.
 *
 * Fails with %DEVSSH_ERROR_UNSUPPORTED for a type or a size of RSA key that is not used here, and
 * with %DEVSSH_ERROR_TRUNCATED or %DEVSSH_ERROR_MALFORMED if @blob is no key.
 *
 * Returns: (transfer full): a new key
 *
 * Since: 1.0
 */
DevSshKeyPair *
devssh_key_pair_new_for_public_blob (GBytes  *blob,
                                     GError **error)
{
  const guint8 *data = NULL;
  gsize length = 0;

  g_return_val_if_fail (blob != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  data = g_bytes_get_data (blob, &length);
  return devssh_key_pair_new_for_blob (data, length, error);
}

DevSshKeyPair *
devssh_key_pair_new_for_private_fields (DevSshReader  *reader,
                                        GError       **error)
{
  DevSshSlice name = devssh_reader_get_slice (reader);
  const DevSshHostKeyType *type = NULL;
  EVP_PKEY *pkey = NULL;

  if (!devssh_reader_finish (reader, error))
    return NULL;

  type = devssh_key_pair_type_for_name (name, error);
  if (type == NULL)
    return NULL;

  pkey = type->read_private (type, reader, error);
  return pkey != NULL ? devssh_key_pair_new_take (type, pkey, TRUE, error) : NULL;
}

gboolean
devssh_key_pair_put_private_fields (DevSshKeyPair  *self,
                                    DevSshWriter   *writer,
                                    GError        **error)
{
  g_return_val_if_fail (self->type != NULL, FALSE);

  devssh_writer_put_utf8 (writer, self->type->name);
  if (self->has_private && self->type->write_private (self->type, self->pkey, writer))
    return TRUE;

  g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_NO_PRIVATE_KEY,
                       self->has_private ? "The private half of the key cannot be read"
                                         : "The key has no private half");
  return FALSE;
}

/**
 * devssh_key_pair_new_for_evp_pkey: (skip)
 * @evp_pkey: an `EVP_PKEY *` of OpenSSL
 *
 * Makes a key around one that OpenSSL has already, which may live in hardware. Nothing is copied:
 * the new key keeps a reference to @evp_pkey.
 *
 * Fails with %DEVSSH_ERROR_UNSUPPORTED if SSH has no such type of key or it has a size that is not
 * used here, and with %DEVSSH_ERROR_MALFORMED if its numbers cannot be those of a key.
 *
 * Returns: (transfer full): a new key
 *
 * Since: 1.0
 */
DevSshKeyPair *
devssh_key_pair_new_for_evp_pkey (gpointer   evp_pkey,
                                  GError   **error)
{
  const DevSshHostKeyType *type = NULL;
  g_autoptr(DevSshKeyPair) self = NULL;

  g_return_val_if_fail (evp_pkey != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  type = devssh_hostkey_type_for_pkey (evp_pkey);
  if (type == NULL)
    {
      const char *name = EVP_PKEY_get0_type_name (evp_pkey);

      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
                   "SSH has no use for this key of type %s", name != NULL ? name : "unknown");
      return NULL;
    }
  if (!type->check (type, evp_pkey, error))
    return NULL;

  devssh_evp_must (EVP_PKEY_up_ref (evp_pkey), "EVP_PKEY_up_ref");
  self = devssh_key_pair_new_take (type, evp_pkey, FALSE, error);
  if (self != NULL)
    self->has_private = devssh_key_pair_can_sign (self);
  return g_steal_pointer (&self);
}

/* ---- what it is ---- */

/**
 * devssh_key_pair_get_algorithm: (get-property algorithm)
 * @self: a key
 *
 * Gets the type of the key, as the public blob names it. For RSA this is `ssh-rsa`, which is no
 * name of a signature.
 *
 * Returns: (transfer none): the type
 *
 * Since: 1.0
 */
const char *
devssh_key_pair_get_algorithm (DevSshKeyPair *self)
{
  g_return_val_if_fail (DEVSSH_IS_KEY_PAIR (self), NULL);

  return self->type != NULL ? self->type->name : NULL;
}

/**
 * devssh_key_pair_get_size: (get-property size)
 * @self: a key
 *
 * Gets the size of the key: of the modulus for RSA, of the curve otherwise.
 *
 * Returns: the size, in bits
 *
 * Since: 1.0
 */
guint
devssh_key_pair_get_size (DevSshKeyPair *self)
{
  g_return_val_if_fail (DEVSSH_IS_KEY_PAIR (self), 0);

  return self->type != NULL ? self->type->get_size (self->type, self->pkey) : 0;
}

/**
 * devssh_key_pair_get_has_private: (get-property has-private)
 * @self: a key
 *
 * Tells whether the private half is there, so that the key can sign.
 *
 * Returns: %TRUE if it is
 *
 * Since: 1.0
 */
gboolean
devssh_key_pair_get_has_private (DevSshKeyPair *self)
{
  g_return_val_if_fail (DEVSSH_IS_KEY_PAIR (self), FALSE);

  return self->has_private;
}

/**
 * devssh_key_pair_get_comment: (get-property comment)
 * @self: a key
 *
 * Gets what people wrote beside the key.
 *
 * Returns: (transfer none) (nullable): the comment, or %NULL if there is none
 *
 * Since: 1.0
 */
const char *
devssh_key_pair_get_comment (DevSshKeyPair *self)
{
  g_return_val_if_fail (DEVSSH_IS_KEY_PAIR (self), NULL);

  return self->comment;
}

/**
 * devssh_key_pair_set_comment: (set-property comment)
 * @self: a key
 * @comment: (nullable): the comment; the empty text is none
 *
 * Sets what people are to read beside the key.
 *
 * Since: 1.0
 */
void
devssh_key_pair_set_comment (DevSshKeyPair *self,
                             const char    *comment)
{
  g_return_if_fail (DEVSSH_IS_KEY_PAIR (self));

  if (comment != NULL && *comment == '\0')
    comment = NULL;
  if (g_strcmp0 (self->comment, comment) == 0)
    return;

  g_free (self->comment);
  self->comment = g_strdup (comment);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_COMMENT]);
}

/**
 * devssh_key_pair_get_public_blob:
 * @self: a key
 *
 * Gets the public half as SSH sends it (RFC 4253, 6.6).
 *
 * Returns: (transfer full): the blob
 *
 * Since: 1.0
 */
GBytes *
devssh_key_pair_get_public_blob (DevSshKeyPair *self)
{
  g_return_val_if_fail (DEVSSH_IS_KEY_PAIR (self), NULL);
  g_return_val_if_fail (self->blob != NULL, NULL);

  return g_bytes_ref (self->blob);
}

void
devssh_key_pair_peek_blob (DevSshKeyPair  *self,
                           const guint8  **data,
                           gsize          *length)
{
  g_return_if_fail (self->blob != NULL);

  *data = g_bytes_get_data (self->blob, length);
}

/**
 * devssh_key_pair_set_public_blob:
 * @self: a key
 * @blob: another public key, as for [ctor@KeyPair.new_for_public_blob]
 *
 * Makes this another key, one without private half. The comment stays.
 *
 * If it fails, as [ctor@KeyPair.new_for_public_blob] does, nothing has changed.
 *
 * Returns: %TRUE if @blob was a key
 *
 * Since: 1.0
 */
gboolean
devssh_key_pair_set_public_blob (DevSshKeyPair  *self,
                                 GBytes         *blob,
                                 GError        **error)
{
  const guint8 *data = NULL;
  gsize length = 0;

  g_return_val_if_fail (DEVSSH_IS_KEY_PAIR (self), FALSE);
  g_return_val_if_fail (blob != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  data = g_bytes_get_data (blob, &length);
  if (!devssh_key_pair_read_blob (self, data, length, error))
    return FALSE;
  self->has_private = FALSE;

  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ALGORITHM]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SIZE]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HAS_PRIVATE]);
  return TRUE;
}

/**
 * devssh_key_pair_equal:
 * @self: a key
 * @other: another key
 *
 * Compares the public halves. Whether there is a private half, and the comment, make no difference.
 *
 * Returns: %TRUE if both are the same key
 *
 * Since: 1.0
 */
gboolean
devssh_key_pair_equal (DevSshKeyPair *self,
                       DevSshKeyPair *other)
{
  g_return_val_if_fail (DEVSSH_IS_KEY_PAIR (self), FALSE);
  g_return_val_if_fail (DEVSSH_IS_KEY_PAIR (other), FALSE);
  g_return_val_if_fail (self->blob != NULL && other->blob != NULL, FALSE);

  return g_bytes_equal (self->blob, other->blob);
}

/**
 * devssh_key_pair_copy_public:
 * @self: a key
 *
 * Makes a key that has the public half and the comment of this one.
 *
 * Returns: (transfer full): a new key
 *
 * Since: 1.0
 */
DevSshKeyPair *
devssh_key_pair_copy_public (DevSshKeyPair *self)
{
  g_autoptr(GError) error = NULL;
  DevSshKeyPair *copy = NULL;

  g_return_val_if_fail (DEVSSH_IS_KEY_PAIR (self), NULL);
  g_return_val_if_fail (self->blob != NULL, NULL);

  copy = devssh_key_pair_new_for_public_blob (self->blob, &error);
  /* The blob was written by ourselves. */
  g_assert_no_error (error);
  copy->comment = g_strdup (self->comment);
  return copy;
}

gpointer
devssh_key_pair_get_evp_pkey (DevSshKeyPair *self)
{
  return self->pkey;
}

/* ---- signatures ---- */

gboolean
devssh_key_pair_fits (DevSshKeyPair *self,
                      const char    *signature_algorithm)
{
  const char *name = devssh_signature_algorithm_get_key_type (signature_algorithm);

  /* A language binding can make an object without a key in it. */
  return self->type != NULL && g_strcmp0 (name, self->type->name) == 0;
}

const char *
devssh_key_pair_pick (DevSshKeyPair      *self,
                      const char * const *names)
{
  for (guint i = 0; names[i] != NULL; i++)
    {
      if (devssh_key_pair_fits (self, names[i]))
        return names[i];
    }
  return NULL;
}

/* RFC 8332, 3 for RSA; what has one way to sign does not look at this. */
static DevSshHashId
devssh_key_pair_get_hash (const char *signature_algorithm)
{
  return g_str_equal (signature_algorithm, DEVSSH_ALGORITHM_KEY_RSA_SHA2_512)
         ? DEVSSH_HASH_SHA512
         : DEVSSH_HASH_SHA256;
}

static gboolean
devssh_key_pair_check_fits (DevSshKeyPair  *self,
                            const char     *algorithm,
                            GError        **error)
{
  if (devssh_key_pair_fits (self, algorithm))
    return TRUE;

  g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
               "A key of type %s does not go with the signature algorithm %s", self->type->name, algorithm);
  return FALSE;
}

gboolean
devssh_key_pair_sign_raw (DevSshKeyPair  *self,
                          const char     *algorithm,
                          const guint8   *data,
                          gsize           length,
                          DevSshWriter   *blob,
                          GError        **error)
{
  DevSshHashId hash = devssh_key_pair_get_hash (algorithm);
  gsize start = 0;

  if (!self->has_private)
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_NO_PRIVATE_KEY,
                           "The key has no private half to sign with");
      return FALSE;
    }
  if (!devssh_key_pair_check_fits (self, algorithm, error))
    return FALSE;

  /* RFC 4253, 6.6: string signature format identifier; the raw signature stands in a string,
   * too. */
  devssh_writer_put_utf8 (blob, algorithm);
  start = devssh_writer_get_length (blob);
  devssh_writer_put_uint32 (blob, 0);
  if (!self->type->sign (self->type, self->pkey,
                         &self->sign_contexts[hash == DEVSSH_HASH_SHA512 ? 1 : 0],
                         hash, data, length, blob))
    {
      devssh_evp_set_error (error, DEVSSH_ERROR_FAILED, "The key of type %s did not sign",
                            self->type->name);
      return FALSE;
    }
  devssh_writer_set_uint32 (blob, start, (guint32) (devssh_writer_get_length (blob) - start - 4));
  return TRUE;
}

gboolean
devssh_key_pair_verify_raw (DevSshKeyPair  *self,
                            const char     *algorithm,
                            const guint8   *data,
                            gsize           length,
                            const guint8   *signature,
                            gsize           signature_length,
                            GError        **error)
{
  DevSshReader reader;
  DevSshSlice name, raw;

  if (!devssh_key_pair_check_fits (self, algorithm, error))
    return FALSE;

  devssh_reader_init (&reader, signature, signature_length);
  name = devssh_reader_get_slice (&reader);
  raw = devssh_reader_get_slice (&reader);
  if (!devssh_reader_finish_all (&reader, error))
    return FALSE;

  /* T-24: what was agreed on is what signs. */
  if (!devssh_slice_is (name, algorithm))
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_SIGNATURE,
                   "The signature was made with another algorithm than %s", algorithm);
      return FALSE;
    }
  if (!self->type->verify (self->type, self->pkey, devssh_key_pair_get_hash (algorithm), data,
                           length, raw.data, raw.length))
    {
      /* One text for all reasons; OpenSSL's would only help whoever forges. */
      ERR_clear_error ();
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_SIGNATURE, "The %s signature does not verify",
                   algorithm);
      return FALSE;
    }
  return TRUE;
}

/**
 * devssh_key_pair_sign:
 * @self: a key with its private half
 * @signature_algorithm: (nullable): how to sign: for an RSA key `rsa-sha2-512` or `rsa-sha2-256`,
 *   for others the type of the key; %NULL for the best that fits
 * @data: what to sign
 *
 * Signs as SSH does.
 *
 * Fails with %DEVSSH_ERROR_NO_PRIVATE_KEY without the private half, and with
 * %DEVSSH_ERROR_UNSUPPORTED if the key cannot sign that way.
 *
 * Returns: (transfer full): the signature, in which its algorithm is named (RFC 4253, 6.6)
 *
 * Since: 1.0
 */
GBytes *
devssh_key_pair_sign (DevSshKeyPair  *self,
                      const char     *signature_algorithm,
                      GBytes         *data,
                      GError        **error)
{
  const guint8 *bytes = NULL;
  gsize length = 0;
  DEVSSH_WRITER_AUTO (writer);

  g_return_val_if_fail (DEVSSH_IS_KEY_PAIR (self), NULL);
  g_return_val_if_fail (self->blob != NULL, NULL);
  g_return_val_if_fail (data != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (signature_algorithm == NULL)
    signature_algorithm = devssh_key_pair_pick (self, devssh_signature_algorithm_names);

  bytes = g_bytes_get_data (data, &length);
  if (!devssh_key_pair_sign_raw (self, signature_algorithm, bytes, length, &writer, error))
    return NULL;
  return devssh_writer_end (&writer);
}

/**
 * devssh_key_pair_verify:
 * @self: a key
 * @signature_algorithm: how it must have been signed, as for [method@KeyPair.sign]
 * @data: what was signed
 * @signature: the signature, in which its algorithm is named (RFC 4253, 6.6)
 *
 * Verifies a signature. It is good only if it was made with @signature_algorithm.
 *
 * Fails with %DEVSSH_ERROR_SIGNATURE if it is not good, with %DEVSSH_ERROR_TRUNCATED or
 * %DEVSSH_ERROR_MALFORMED if it is no signature, and with %DEVSSH_ERROR_UNSUPPORTED if the key does
 * not go with @signature_algorithm.
 *
 * Returns: %TRUE if the owner of the private half has signed @data
 *
 * Since: 1.0
 */
gboolean
devssh_key_pair_verify (DevSshKeyPair  *self,
                        const char     *signature_algorithm,
                        GBytes         *data,
                        GBytes         *signature,
                        GError        **error)
{
  const guint8 *bytes = NULL, *signature_bytes = NULL;
  gsize length = 0, signature_length = 0;

  g_return_val_if_fail (DEVSSH_IS_KEY_PAIR (self), FALSE);
  g_return_val_if_fail (self->blob != NULL, FALSE);
  g_return_val_if_fail (signature_algorithm != NULL, FALSE);
  g_return_val_if_fail (data != NULL, FALSE);
  g_return_val_if_fail (signature != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  bytes = g_bytes_get_data (data, &length);
  signature_bytes = g_bytes_get_data (signature, &signature_length);
  return devssh_key_pair_verify_raw (self, signature_algorithm, bytes, length,
                                     signature_bytes, signature_length, error);
}
