/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host keys of a server. */
#include <libdevssh/session/devssh-credentials-private.h>

struct _DevSshServerCredentials
{
  GObject     parent_instance;
  GListStore *keys;
};

/**
 * DevSshServerCredentials:
 *
 * The keys by which a server proves that it is the host it claims to be
 * (RFC 4251, 4.1).
 *
 * A key may be without its private half: it is then asked for with
 * [signal@ServerCredentials::private-key-requested] in every key exchange
 * that uses it.
 *
 * Since: 1.0
 */
G_DEFINE_FINAL_TYPE (DevSshServerCredentials, devssh_server_credentials, G_TYPE_OBJECT)

enum { PROP_0, PROP_KEYS, N_PROPS };
enum { SIGNAL_PRIVATE_KEY_REQUESTED, N_SIGNALS };
static GParamSpec *properties[N_PROPS];
static guint       signals[N_SIGNALS];

static void
devssh_server_credentials_get_property (GObject    *object,
                                        guint       property_id,
                                        GValue     *value,
                                        GParamSpec *pspec)
{
  DevSshServerCredentials *self = DEVSSH_SERVER_CREDENTIALS (object);

  switch (property_id)
    {
    case PROP_KEYS:
      g_value_set_object (value, self->keys);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
devssh_server_credentials_finalize (GObject *object)
{
  DevSshServerCredentials *self = DEVSSH_SERVER_CREDENTIALS (object);

  g_clear_object (&self->keys);

  G_OBJECT_CLASS (devssh_server_credentials_parent_class)->finalize (object);
}

static void
devssh_server_credentials_class_init (DevSshServerCredentialsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = devssh_server_credentials_get_property;
  object_class->finalize = devssh_server_credentials_finalize;

  /**
   * DevSshServerCredentials:keys: (getter get_keys)
   *
   * The host keys, a list of [class@KeyPair].
   *
   * Since: 1.0
   */
  properties[PROP_KEYS] =
    g_param_spec_object ("keys", NULL, NULL,
                         G_TYPE_LIST_MODEL,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);

  /**
   * DevSshServerCredentials::private-key-requested:
   * @self: the credentials
   * @request: asks for the private half of [property@CredentialRequest:public-key]
   *
   * The private half of a host key is needed, and @self does not have it.
   *
   * To answer later, keep a reference to @request and return %TRUE. Without
   * an answer the key exchange, and so the session, fails.
   *
   * Returns: %TRUE if the request is taken, %FALSE to ask the next handler
   *
   * Since: 1.0
   */
  signals[SIGNAL_PRIVATE_KEY_REQUESTED] =
    g_signal_new ("private-key-requested", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                  g_signal_accumulator_true_handled, NULL, NULL,
                  G_TYPE_BOOLEAN, 1, DEVSSH_TYPE_CREDENTIAL_REQUEST);
}

static void
devssh_server_credentials_init (DevSshServerCredentials *self)
{
  self->keys = g_list_store_new (DEVSSH_TYPE_KEY_PAIR);
}

/**
 * devssh_server_credentials_new:
 *
 * Makes credentials without any key; a server needs at least one.
 *
 * Returns: (transfer full): the credentials
 *
 * Since: 1.0
 */
DevSshServerCredentials *
devssh_server_credentials_new (void)
{
  return g_object_new (DEVSSH_TYPE_SERVER_CREDENTIALS, NULL);
}

/**
 * devssh_server_credentials_add_key:
 * @self: credentials
 * @key_pair: a host key
 *
 * Adds a host key. Which one is used is the choice of the client, among the
 * algorithms that both sides allow. Sessions that exist already do not see it.
 *
 * Since: 1.0
 */
void
devssh_server_credentials_add_key (DevSshServerCredentials *self,
                                   DevSshKeyPair           *key_pair)
{
  g_return_if_fail (DEVSSH_IS_SERVER_CREDENTIALS (self));
  g_return_if_fail (DEVSSH_IS_KEY_PAIR (key_pair));

  g_list_store_append (self->keys, key_pair);
}

/**
 * devssh_server_credentials_get_keys: (get-property keys)
 * @self: credentials
 *
 * The host keys.
 *
 * Returns: (transfer none): a list of [class@KeyPair]
 *
 * Since: 1.0
 */
GListModel *
devssh_server_credentials_get_keys (DevSshServerCredentials *self)
{
  g_return_val_if_fail (DEVSSH_IS_SERVER_CREDENTIALS (self), NULL);

  return G_LIST_MODEL (self->keys);
}

GPtrArray *
devssh_server_credentials_dup_keys (DevSshServerCredentials *self)
{
  return devssh_credentials_dup_keys (G_LIST_MODEL (self->keys));
}

void
devssh_server_credentials_ask_private_key (DevSshServerCredentials *self,
                                           DevSshKeyPair           *key,
                                           GCancellable            *cancellable,
                                           DevSshCredentialDone     done,
                                           gpointer                 user_data,
                                           GDestroyNotify           destroy)
{
  devssh_credential_request_ask (G_OBJECT (self), signals[SIGNAL_PRIVATE_KEY_REQUESTED],
                                 NULL, key, cancellable, done, user_data, destroy);
}
