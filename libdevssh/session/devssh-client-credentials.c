/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who a client says it is, and how it proves it. */
#include <libdevssh/session/devssh-credentials-private.h>

#include <libdevssh/crypto/devssh-secret-private.h>

struct _DevSshClientCredentials
{
  GObject        parent_instance;
  char          *user_name;
  char          *password;          /* a secret */
  GListStore    *keys;
  DevSshKeyPair *host_key;          /* host-based: all three, or none */
  char          *client_host_name;
  char          *client_user_name;
};

/**
 * DevSshClientCredentials:
 *
 * Who a client says it is, and how it proves it (RFC 4252): a user name, and
 * any of a password, keys, and the key of its own host.
 *
 * What is tried is decided by the server's offer; a password or the private
 * half of a key that is not here is asked for with
 * [signal@ClientCredentials::password-requested] and
 * [signal@ClientCredentials::private-key-requested] when its turn comes.
 *
 * Since: 1.0
 */
G_DEFINE_FINAL_TYPE (DevSshClientCredentials, devssh_client_credentials, G_TYPE_OBJECT)

enum { PROP_0, PROP_USER_NAME, PROP_PASSWORD, PROP_KEYS, N_PROPS };
enum { SIGNAL_PASSWORD_REQUESTED, SIGNAL_PRIVATE_KEY_REQUESTED, N_SIGNALS };
static GParamSpec *properties[N_PROPS];
static guint       signals[N_SIGNALS];

static void
devssh_client_credentials_get_property (GObject    *object,
                                        guint       property_id,
                                        GValue     *value,
                                        GParamSpec *pspec)
{
  DevSshClientCredentials *self = DEVSSH_CLIENT_CREDENTIALS (object);

  switch (property_id)
    {
    case PROP_USER_NAME:
      g_value_set_string (value, self->user_name);
      break;

    case PROP_PASSWORD:
      g_value_set_string (value, self->password);
      break;

    case PROP_KEYS:
      g_value_set_object (value, self->keys);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
devssh_client_credentials_set_property (GObject      *object,
                                        guint         property_id,
                                        const GValue *value,
                                        GParamSpec   *pspec)
{
  DevSshClientCredentials *self = DEVSSH_CLIENT_CREDENTIALS (object);

  switch (property_id)
    {
    case PROP_USER_NAME:
      devssh_client_credentials_set_user_name (self, g_value_get_string (value));
      break;

    case PROP_PASSWORD:
      devssh_client_credentials_set_password (self, g_value_get_string (value));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
devssh_client_credentials_finalize (GObject *object)
{
  DevSshClientCredentials *self = DEVSSH_CLIENT_CREDENTIALS (object);

  g_free (self->user_name);
  devssh_secret_strfree (self->password);
  g_clear_object (&self->keys);
  g_clear_object (&self->host_key);
  g_free (self->client_host_name);
  g_free (self->client_user_name);

  G_OBJECT_CLASS (devssh_client_credentials_parent_class)->finalize (object);
}

static void
devssh_client_credentials_class_init (DevSshClientCredentialsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = devssh_client_credentials_get_property;
  object_class->set_property = devssh_client_credentials_set_property;
  object_class->finalize = devssh_client_credentials_finalize;

  /**
   * DevSshClientCredentials:user-name: (getter get_user_name) (setter set_user_name)
   *
   * Who logs in; may be empty.
   *
   * Since: 1.0
   */
  properties[PROP_USER_NAME] =
    g_param_spec_string ("user-name", NULL, NULL,
                         "",
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshClientCredentials:password: (getter get_password) (setter set_password)
   *
   * The user's password, of any length; %NULL: none, or ask for it.
   *
   * Since: 1.0
   */
  properties[PROP_PASSWORD] =
    g_param_spec_string ("password", NULL, NULL,
                         NULL,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshClientCredentials:keys: (getter get_keys)
   *
   * The user's keys, a list of [class@KeyPair], in the order in which they
   * are tried.
   *
   * Since: 1.0
   */
  properties[PROP_KEYS] =
    g_param_spec_object ("keys", NULL, NULL,
                         G_TYPE_LIST_MODEL,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);

  /**
   * DevSshClientCredentials::password-requested:
   * @self: the credentials
   * @request: asks for a password
   *
   * The server takes passwords, and @self has none.
   *
   * To answer later, keep a reference to @request and return %TRUE. A handler
   * that declines cancels the login.
   *
   * Returns: %TRUE if the request is taken, %FALSE to ask the next handler
   *
   * Since: 1.0
   */
  signals[SIGNAL_PASSWORD_REQUESTED] =
    g_signal_new ("password-requested", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                  g_signal_accumulator_true_handled, NULL, NULL,
                  G_TYPE_BOOLEAN, 1, DEVSSH_TYPE_CREDENTIAL_REQUEST);

  /**
   * DevSshClientCredentials::private-key-requested:
   * @self: the credentials
   * @request: asks for the private half of [property@CredentialRequest:public-key]
   *
   * It is the turn of a key that @self has only the public half of.
   *
   * To answer later, keep a reference to @request and return %TRUE. A handler
   * that declines cancels the login; without any handler the key is skipped.
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
devssh_client_credentials_init (DevSshClientCredentials *self)
{
  self->user_name = g_strdup ("");
  self->keys = g_list_store_new (DEVSSH_TYPE_KEY_PAIR);
}

/**
 * devssh_client_credentials_new:
 * @user_name: (nullable): who logs in; %NULL is the same as ""
 *
 * Makes credentials that have a name and nothing to prove it yet.
 *
 * Returns: (transfer full): the credentials
 *
 * Since: 1.0
 */
DevSshClientCredentials *
devssh_client_credentials_new (const char *user_name)
{
  return g_object_new (DEVSSH_TYPE_CLIENT_CREDENTIALS, "user-name", user_name, NULL);
}

/**
 * devssh_client_credentials_get_user_name: (get-property user-name)
 * @self: credentials
 *
 * Who logs in.
 *
 * Returns: (transfer none): the name, perhaps empty
 *
 * Since: 1.0
 */
const char *
devssh_client_credentials_get_user_name (DevSshClientCredentials *self)
{
  g_return_val_if_fail (DEVSSH_IS_CLIENT_CREDENTIALS (self), NULL);

  return self->user_name;
}

/**
 * devssh_client_credentials_set_user_name: (set-property user-name)
 * @self: credentials
 * @user_name: (nullable): who logs in; %NULL is the same as ""
 *
 * Sets who logs in.
 *
 * Since: 1.0
 */
void
devssh_client_credentials_set_user_name (DevSshClientCredentials *self,
                                         const char              *user_name)
{
  g_return_if_fail (DEVSSH_IS_CLIENT_CREDENTIALS (self));

  if (user_name == NULL)
    user_name = "";
  if (g_strcmp0 (self->user_name, user_name) == 0)
    return;

  g_free (self->user_name);
  self->user_name = g_strdup (user_name);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_USER_NAME]);
}

/**
 * devssh_client_credentials_get_password: (get-property password)
 * @self: credentials
 *
 * The user's password.
 *
 * Returns: (transfer none) (nullable): the password, or %NULL
 *
 * Since: 1.0
 */
const char *
devssh_client_credentials_get_password (DevSshClientCredentials *self)
{
  g_return_val_if_fail (DEVSSH_IS_CLIENT_CREDENTIALS (self), NULL);

  return self->password;
}

/**
 * devssh_client_credentials_set_password: (set-property password)
 * @self: credentials
 * @password: (nullable): the password, of any length; %NULL: none, or ask for it
 *
 * Sets the user's password. The copy that @self keeps is wiped when it is
 * replaced, and with @self.
 *
 * Since: 1.0
 */
void
devssh_client_credentials_set_password (DevSshClientCredentials *self,
                                        const char              *password)
{
  char *old;

  g_return_if_fail (DEVSSH_IS_CLIENT_CREDENTIALS (self));

  /* Not compared with the old one: to tell twice harms nobody (T-39). */
  old = self->password;
  self->password = devssh_secret_strdup (password);
  devssh_secret_strfree (old);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PASSWORD]);
}

/**
 * devssh_client_credentials_add_key:
 * @self: credentials
 * @key_pair: a key of the user
 *
 * Adds a key to those that are tried, behind the ones that are there. It may
 * be without its private half if
 * [signal@ClientCredentials::private-key-requested] is connected to.
 *
 * Since: 1.0
 */
void
devssh_client_credentials_add_key (DevSshClientCredentials *self,
                                   DevSshKeyPair           *key_pair)
{
  g_return_if_fail (DEVSSH_IS_CLIENT_CREDENTIALS (self));
  g_return_if_fail (DEVSSH_IS_KEY_PAIR (key_pair));

  g_list_store_append (self->keys, key_pair);
}

/**
 * devssh_client_credentials_get_keys: (get-property keys)
 * @self: credentials
 *
 * The user's keys.
 *
 * Returns: (transfer none): a list of [class@KeyPair]
 *
 * Since: 1.0
 */
GListModel *
devssh_client_credentials_get_keys (DevSshClientCredentials *self)
{
  g_return_val_if_fail (DEVSSH_IS_CLIENT_CREDENTIALS (self), NULL);

  return G_LIST_MODEL (self->keys);
}

/**
 * devssh_client_credentials_set_host_based:
 * @self: credentials
 * @host_key: (nullable): the key of the client's host, with its private half;
 *   %NULL: none of this
 * @client_host_name: (nullable): the full name of the client's host
 * @client_user_name: (nullable): who the user is on the client's host
 *
 * Sets what the method `hostbased` needs (RFC 4252, 9): the client's host
 * vouches for its user. Tried only where the server offers it.
 *
 * Since: 1.0
 */
void
devssh_client_credentials_set_host_based (DevSshClientCredentials *self,
                                          DevSshKeyPair           *host_key,
                                          const char              *client_host_name,
                                          const char              *client_user_name)
{
  g_return_if_fail (DEVSSH_IS_CLIENT_CREDENTIALS (self));
  g_return_if_fail (host_key == NULL || DEVSSH_IS_KEY_PAIR (host_key));
  g_return_if_fail (host_key == NULL || (client_host_name != NULL && client_user_name != NULL));

  g_set_object (&self->host_key, host_key);
  g_free (self->client_host_name);
  self->client_host_name = host_key != NULL ? g_strdup (client_host_name) : NULL;
  g_free (self->client_user_name);
  self->client_user_name = host_key != NULL ? g_strdup (client_user_name) : NULL;
}

/* ---- for the session ---- */

GPtrArray *
devssh_credentials_dup_keys (GListModel *keys)
{
  guint n = g_list_model_get_n_items (keys);
  GPtrArray *copy = g_ptr_array_new_full (n, g_object_unref);

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (copy, g_list_model_get_item (keys, i));
  return copy;
}

static gboolean
devssh_client_credentials_is_heard (DevSshClientCredentials *self,
                                    guint                    signal)
{
  return g_signal_has_handler_pending (self, signals[signal], 0, FALSE);
}

DevSshAuthClientCredentials *
devssh_client_credentials_make (DevSshClientCredentials *self)
{
  DevSshAuthClientCredentials *made = g_new0 (DevSshAuthClientCredentials, 1);

  made->user_name = g_strdup (self->user_name);
  made->password = devssh_secret_strdup (self->password);
  made->has_password_provider = devssh_client_credentials_is_heard (self, SIGNAL_PASSWORD_REQUESTED);
  made->has_private_key_provider = devssh_client_credentials_is_heard (self, SIGNAL_PRIVATE_KEY_REQUESTED);
  made->keys = devssh_credentials_dup_keys (G_LIST_MODEL (self->keys));
  made->client_host = g_strdup (self->client_host_name);
  made->client_user = g_strdup (self->client_user_name);
  g_set_object (&made->host_based_key, self->host_key);
  return made;
}

void
devssh_client_credentials_ask_password (DevSshClientCredentials *self,
                                        GCancellable            *cancellable,
                                        DevSshCredentialDone     done,
                                        gpointer                 user_data,
                                        GDestroyNotify           destroy)
{
  devssh_credential_request_ask (G_OBJECT (self), signals[SIGNAL_PASSWORD_REQUESTED],
                                 self->user_name, NULL, cancellable, done, user_data, destroy);
}

void
devssh_client_credentials_ask_private_key (DevSshClientCredentials *self,
                                           DevSshKeyPair           *key,
                                           GCancellable            *cancellable,
                                           DevSshCredentialDone     done,
                                           gpointer                 user_data,
                                           GDestroyNotify           destroy)
{
  devssh_credential_request_ask (G_OBJECT (self), signals[SIGNAL_PRIVATE_KEY_REQUESTED],
                                 self->user_name, key, cancellable, done, user_data, destroy);
}
