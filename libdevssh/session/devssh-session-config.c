/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a session offers, allows and limits: the fields. Whether they make sense is devssh-session-config-check.c's business. */
#include <libdevssh/session/devssh-session-config-private.h>

#include <libdevssh/base/devssh-error.h>
#include <libdevssh/crypto/devssh-algorithms-private.h>
#include <libdevssh/service/devssh-plugin-registry-private.h>
#include <libdevssh/service/devssh-service.h>
#include <libdevssh/transport/devssh-message-table-private.h>
#include <libdevssh/transport/devssh-transport-private.h>
#include <libdevssh/wire/devssh-numbers.h>

/* Properties and their values; the lists come first. */
typedef enum
{
  PROP_PROTOCOL_EXTENSIONS = 1,
  PROP_AUTHENTICATION_METHODS,
  PROP_KEY_EXCHANGE_ALGORITHMS,
  PROP_PUBLIC_KEY_ALGORITHMS,
  PROP_ENCRYPTION_ALGORITHMS,
  PROP_MAC_ALGORITHMS,
  PROP_COMPRESSION_ALGORITHMS,
  LAST_LIST = PROP_COMPRESSION_ALGORITHMS,
  PROP_TRACE_CHANNEL_DATA,
  PROP_MAX_CLIENT_AUTHENTICATION_ATTEMPTS,
  PROP_ENABLE_KEY_EXCHANGE_GUESS,
  PROP_KEEPALIVE_INTERVAL,
  PROP_MAX_MISSED_KEEPALIVES,
  PROP_KEY_ROTATION_THRESHOLD,
  PROP_MAX_RECONNECT_MESSAGE_CACHE_SIZE,
  PROP_MAX_CHANNEL_WINDOW_SIZE,
  PROP_MAX_UNACCEPTED_CHANNELS,
  PROP_MAX_CHANNELS,
  PROP_KEY_EXCHANGE_TIMEOUT,
  N_PROPS
} DevSshSessionConfigProperty;

static GParamSpec *properties[N_PROPS];

struct _DevSshSessionConfig
{
  GObject     parent_instance;
  gboolean    no_security;          /* decided by the constructor, for good (T-25) */
  char      **lists[LAST_LIST + 1]; /* by property */
  gboolean    trace_channel_data;
  int         max_client_authentication_attempts;
  gboolean    enable_key_exchange_guess;
  guint       keepalive_interval;
  guint       max_missed_keepalives;
  guint64     key_rotation_threshold;
  guint       max_reconnect_message_cache_size;
  guint       max_channel_window_size;
  guint       max_unaccepted_channels;
  guint       max_channels;
  guint       key_exchange_timeout;
  GPtrArray  *services;             /* (element-type DevSshServiceEntry) */
  gboolean    plugins_allowed;
  char      **plugin_names;         /* NULL: all, if they are allowed */
  GPtrArray  *plugin_directories;   /* (element-type filename), NULL-terminated */
  GHashTable *message_handlers;     /* number -> DevSshMessageHandlerEntry, shared with copies */
};

/**
 * DevSshSessionConfig:
 *
 * What a session offers to its peer, what it allows, and its limits.
 *
 * The defaults are safe. A session copies its configuration when it is made,
 * so that later changes do not reach it.
 *
 * Since: 1.0
 */
G_DEFINE_FINAL_TYPE (DevSshSessionConfig, devssh_session_config, G_TYPE_OBJECT)

/**
 * DevSshMessageHandler:
 * @session: the session that received a message
 * @payload: the whole message, its number in the first byte
 * @user_data: what was given with the handler
 * @error: (nullable): where to say what is wrong
 *
 * Handles the messages of a number that the library does not know.
 *
 * Returns: %TRUE, or %FALSE with @error set: the session then ends with
 *   %DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR
 *
 * Since: 1.0
 */

/* ---- the defaults: design D9, in order ---- */

static const char * const default_protocol_extensions[] = {
  DEVSSH_EXTENSION_SERVER_SIGNATURE_ALGORITHMS,
  DEVSSH_EXTENSION_OPEN_CHANNEL_REQUEST,
  NULL
};

static const char * const reconnect_protocol_extensions[] = {
  DEVSSH_EXTENSION_SERVER_SIGNATURE_ALGORITHMS,
  DEVSSH_EXTENSION_OPEN_CHANNEL_REQUEST,
  DEVSSH_EXTENSION_SESSION_RECONNECT,
  DEVSSH_EXTENSION_SESSION_LATENCY,
  NULL
};

static const char * const default_authentication_methods[] = {
  DEVSSH_AUTH_METHOD_NONE,
  DEVSSH_AUTH_METHOD_PASSWORD,
  DEVSSH_AUTH_METHOD_PUBLIC_KEY,
  DEVSSH_AUTH_METHOD_KEYBOARD_INTERACTIVE,
  NULL
};

static const char * const only_none[] = { DEVSSH_ALGORITHM_NONE, NULL };

/* ---- helpers of the accessors ---- */

static const char * const *
devssh_session_config_get_list (DevSshSessionConfig         *self,
                                DevSshSessionConfigProperty  property)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_CONFIG (self), NULL);

  return (const char * const *) self->lists[property];
}

static void
devssh_session_config_set_list (DevSshSessionConfig         *self,
                                DevSshSessionConfigProperty  property,
                                const char * const          *names)
{
  static const char * const nothing[] = { NULL };
  char **old;

  g_return_if_fail (DEVSSH_IS_SESSION_CONFIG (self));

  if (names == NULL)
    names = nothing;
  if (self->lists[property] != NULL &&
      g_strv_equal ((const char * const *) self->lists[property], names))
    return;

  old = self->lists[property];
  self->lists[property] = g_strdupv ((char **) names);
  g_strfreev (old);
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

static void
devssh_session_config_set_uint (DevSshSessionConfig         *self,
                                DevSshSessionConfigProperty  property,
                                guint                       *field,
                                guint                        value)
{
  if (*field == value)
    return;

  *field = value;
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

static void
devssh_session_config_set_flag (DevSshSessionConfig         *self,
                                DevSshSessionConfigProperty  property,
                                gboolean                    *field,
                                gboolean                     value)
{
  value = value != FALSE;
  if (*field == value)
    return;

  *field = value;
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

/* ---- GObject ---- */

static void
devssh_session_config_get_property (GObject    *object,
                                    guint       property_id,
                                    GValue     *value,
                                    GParamSpec *pspec)
{
  DevSshSessionConfig *self = DEVSSH_SESSION_CONFIG (object);

  if (property_id <= LAST_LIST)
    {
      g_value_set_boxed (value, self->lists[property_id]);
      return;
    }

  switch ((DevSshSessionConfigProperty) property_id)
    {
    case PROP_TRACE_CHANNEL_DATA:
      g_value_set_boolean (value, self->trace_channel_data);
      break;

    case PROP_MAX_CLIENT_AUTHENTICATION_ATTEMPTS:
      g_value_set_int (value, self->max_client_authentication_attempts);
      break;

    case PROP_ENABLE_KEY_EXCHANGE_GUESS:
      g_value_set_boolean (value, self->enable_key_exchange_guess);
      break;

    case PROP_KEEPALIVE_INTERVAL:
      g_value_set_uint (value, self->keepalive_interval);
      break;

    case PROP_MAX_MISSED_KEEPALIVES:
      g_value_set_uint (value, self->max_missed_keepalives);
      break;

    case PROP_KEY_ROTATION_THRESHOLD:
      g_value_set_uint64 (value, self->key_rotation_threshold);
      break;

    case PROP_MAX_RECONNECT_MESSAGE_CACHE_SIZE:
      g_value_set_uint (value, self->max_reconnect_message_cache_size);
      break;

    case PROP_MAX_CHANNEL_WINDOW_SIZE:
      g_value_set_uint (value, self->max_channel_window_size);
      break;

    case PROP_MAX_UNACCEPTED_CHANNELS:
      g_value_set_uint (value, self->max_unaccepted_channels);
      break;

    case PROP_MAX_CHANNELS:
      g_value_set_uint (value, self->max_channels);
      break;

    case PROP_KEY_EXCHANGE_TIMEOUT:
      g_value_set_uint (value, self->key_exchange_timeout);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
devssh_session_config_set_property (GObject      *object,
                                    guint         property_id,
                                    const GValue *value,
                                    GParamSpec   *pspec)
{
  DevSshSessionConfig *self = DEVSSH_SESSION_CONFIG (object);

  if (property_id <= LAST_LIST)
    {
      devssh_session_config_set_list (self, property_id, g_value_get_boxed (value));
      return;
    }

  switch ((DevSshSessionConfigProperty) property_id)
    {
    case PROP_TRACE_CHANNEL_DATA:
      devssh_session_config_set_trace_channel_data (self, g_value_get_boolean (value));
      break;

    case PROP_MAX_CLIENT_AUTHENTICATION_ATTEMPTS:
      devssh_session_config_set_max_client_authentication_attempts (self, g_value_get_int (value));
      break;

    case PROP_ENABLE_KEY_EXCHANGE_GUESS:
      devssh_session_config_set_enable_key_exchange_guess (self, g_value_get_boolean (value));
      break;

    case PROP_KEEPALIVE_INTERVAL:
      devssh_session_config_set_keepalive_interval (self, g_value_get_uint (value));
      break;

    case PROP_MAX_MISSED_KEEPALIVES:
      devssh_session_config_set_max_missed_keepalives (self, g_value_get_uint (value));
      break;

    case PROP_KEY_ROTATION_THRESHOLD:
      devssh_session_config_set_key_rotation_threshold (self, g_value_get_uint64 (value));
      break;

    case PROP_MAX_RECONNECT_MESSAGE_CACHE_SIZE:
      devssh_session_config_set_max_reconnect_message_cache_size (self, g_value_get_uint (value));
      break;

    case PROP_MAX_CHANNEL_WINDOW_SIZE:
      devssh_session_config_set_max_channel_window_size (self, g_value_get_uint (value));
      break;

    case PROP_MAX_UNACCEPTED_CHANNELS:
      devssh_session_config_set_max_unaccepted_channels (self, g_value_get_uint (value));
      break;

    case PROP_MAX_CHANNELS:
      devssh_session_config_set_max_channels (self, g_value_get_uint (value));
      break;

    case PROP_KEY_EXCHANGE_TIMEOUT:
      devssh_session_config_set_key_exchange_timeout (self, g_value_get_uint (value));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
devssh_session_config_finalize (GObject *object)
{
  DevSshSessionConfig *self = DEVSSH_SESSION_CONFIG (object);

  for (guint i = 0; i <= LAST_LIST; i++)
    g_strfreev (self->lists[i]);
  g_ptr_array_unref (self->services);
  g_strfreev (self->plugin_names);
  g_ptr_array_unref (self->plugin_directories);
  g_hash_table_unref (self->message_handlers);

  G_OBJECT_CLASS (devssh_session_config_parent_class)->finalize (object);
}

static void
devssh_session_config_install_lists (void)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  /**
   * DevSshSessionConfig:protocol-extensions: (getter get_protocol_extensions) (setter set_protocol_extensions)
   *
   * The protocol extensions that are announced (RFC 8308), by name.
   *
   * %DEVSSH_EXTENSION_SESSION_LATENCY has no effect without
   * %DEVSSH_EXTENSION_SESSION_RECONNECT.
   *
   * Since: 1.0
   */
  properties[PROP_PROTOCOL_EXTENSIONS] =
    g_param_spec_boxed ("protocol-extensions", NULL, NULL, G_TYPE_STRV, flags);

  /**
   * DevSshSessionConfig:authentication-methods: (getter get_authentication_methods) (setter set_authentication_methods)
   *
   * The methods of authentication (RFC 4252) that a client may try and a server
   * allows, by name.
   *
   * %DEVSSH_AUTH_METHOD_HOST_BASED is only there on demand.
   *
   * Since: 1.0
   */
  properties[PROP_AUTHENTICATION_METHODS] =
    g_param_spec_boxed ("authentication-methods", NULL, NULL, G_TYPE_STRV, flags);

  /**
   * DevSshSessionConfig:key-exchange-algorithms: (getter get_key_exchange_algorithms) (setter set_key_exchange_algorithms)
   *
   * The key exchange algorithms that are offered (RFC 4253, 7.1), by name, the
   * best first.
   *
   * Since: 1.0
   */
  properties[PROP_KEY_EXCHANGE_ALGORITHMS] =
    g_param_spec_boxed ("key-exchange-algorithms", NULL, NULL, G_TYPE_STRV, flags);

  /**
   * DevSshSessionConfig:public-key-algorithms: (getter get_public_key_algorithms) (setter set_public_key_algorithms)
   *
   * The signature algorithms of host keys and user keys (RFC 4253, 6.6; RFC
   * 8332), by name, the best first.
   *
   * Since: 1.0
   */
  properties[PROP_PUBLIC_KEY_ALGORITHMS] =
    g_param_spec_boxed ("public-key-algorithms", NULL, NULL, G_TYPE_STRV, flags);

  /**
   * DevSshSessionConfig:encryption-algorithms: (getter get_encryption_algorithms) (setter set_encryption_algorithms)
   *
   * The ciphers that are offered for both directions (RFC 4253, 6.3), by name,
   * the best first.
   *
   * Since: 1.0
   */
  properties[PROP_ENCRYPTION_ALGORITHMS] =
    g_param_spec_boxed ("encryption-algorithms", NULL, NULL, G_TYPE_STRV, flags);

  /**
   * DevSshSessionConfig:mac-algorithms: (getter get_mac_algorithms) (setter set_mac_algorithms)
   *
   * The MAC algorithms that are offered for both directions (RFC 4253, 6.4), by
   * name, the best first. Ciphers with a tag of their own do not use them.
   *
   * Since: 1.0
   */
  properties[PROP_MAC_ALGORITHMS] =
    g_param_spec_boxed ("mac-algorithms", NULL, NULL, G_TYPE_STRV, flags);

  /**
   * DevSshSessionConfig:compression-algorithms: (getter get_compression_algorithms) (setter set_compression_algorithms)
   *
   * The compression algorithms that are offered for both directions (RFC 4253,
   * 6.2). There is none but %DEVSSH_ALGORITHM_NONE.
   *
   * Since: 1.0
   */
  properties[PROP_COMPRESSION_ALGORITHMS] =
    g_param_spec_boxed ("compression-algorithms", NULL, NULL, G_TYPE_STRV, flags);
}

static void
devssh_session_config_install_limits (void)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  /**
   * DevSshSessionConfig:trace-channel-data: (getter get_trace_channel_data) (setter set_trace_channel_data)
   *
   * Whether [signal@Session::trace] of new sessions also shows channel data: each
   * message with a hexadecimal dump of its first bytes. They may be secrets; so it
   * is off unless asked for. See [property@Session:trace-channel-data].
   *
   * Since: 1.0
   */
  properties[PROP_TRACE_CHANNEL_DATA] =
    g_param_spec_boolean ("trace-channel-data", NULL, NULL, FALSE, flags);

  /**
   * DevSshSessionConfig:max-client-authentication-attempts: (getter get_max_client_authentication_attempts) (setter set_max_client_authentication_attempts)
   *
   * How many attempts to log in may fail before a server ends the session
   * (RFC 4252, 4); 0 and less: 5.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_CLIENT_AUTHENTICATION_ATTEMPTS] =
    g_param_spec_int ("max-client-authentication-attempts", NULL, NULL, G_MININT, G_MAXINT, 5, flags);

  /**
   * DevSshSessionConfig:enable-key-exchange-guess: (getter get_enable_key_exchange_guess) (setter set_enable_key_exchange_guess)
   *
   * Whether a client guesses that the server likes its first key exchange
   * algorithm, which saves a round trip when it does (RFC 4253, 7).
   *
   * Since: 1.0
   */
  properties[PROP_ENABLE_KEY_EXCHANGE_GUESS] =
    g_param_spec_boolean ("enable-key-exchange-guess", NULL, NULL, FALSE, flags);

  /**
   * DevSshSessionConfig:keepalive-interval: (getter get_keepalive_interval) (setter set_keepalive_interval)
   *
   * After how many seconds of silence the peer is asked whether it is still
   * there (`keepalive@openssh.com`); 0: never. See
   * [signal@Session::keepalive-succeeded] and [signal@Session::keepalive-failed].
   *
   * Since: 1.0
   */
  properties[PROP_KEEPALIVE_INTERVAL] =
    g_param_spec_uint ("keepalive-interval", NULL, NULL, 0, G_MAXUINT, 0, flags);

  /**
   * DevSshSessionConfig:max-missed-keepalives: (getter get_max_missed_keepalives) (setter set_max_missed_keepalives)
   *
   * How many times in a row nothing may come from a peer that was asked whether it
   * is still there, until the connection counts as lost
   * (%DEVSSH_DISCONNECT_REASON_CONNECTION_LOST); 0: it never does because of that.
   * Without [property@SessionConfig:keepalive-interval] nobody is asked.
   *
   * A lost connection is noticed after at most one interval more than this.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_MISSED_KEEPALIVES] =
    g_param_spec_uint ("max-missed-keepalives", NULL, NULL, 0, G_MAXUINT, 0, flags);

  /**
   * DevSshSessionConfig:key-rotation-threshold: (getter get_key_rotation_threshold) (setter set_key_rotation_threshold)
   *
   * After how many bytes, both directions together, keys are exchanged again
   * (RFC 4253, 9); 0: never because of bytes.
   *
   * Since: 1.0
   */
  properties[PROP_KEY_ROTATION_THRESHOLD] =
    g_param_spec_uint64 ("key-rotation-threshold", NULL, NULL, 0, G_MAXUINT64, G_GUINT64_CONSTANT (536870912), flags);

  /**
   * DevSshSessionConfig:max-reconnect-message-cache-size: (getter get_max_reconnect_message_cache_size) (setter set_max_reconnect_message_cache_size)
   *
   * How many sent messages are kept for a reconnect; 0: as many as the limits
   * in bytes allow.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_RECONNECT_MESSAGE_CACHE_SIZE] =
    g_param_spec_uint ("max-reconnect-message-cache-size", NULL, NULL, 0, G_MAXUINT, 0, flags);

  /**
   * DevSshSessionConfig:max-channel-window-size: (getter get_max_channel_window_size) (setter set_max_channel_window_size)
   *
   * How many bytes the peer may send on a channel before they are consumed
   * (RFC 4254, 5.2); 0: 1 MiB that grows with the reader's speed.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_CHANNEL_WINDOW_SIZE] =
    g_param_spec_uint ("max-channel-window-size", NULL, NULL, 0, G_MAXUINT, 0, flags);

  /**
   * DevSshSessionConfig:max-unaccepted-channels: (getter get_max_unaccepted_channels) (setter set_max_unaccepted_channels)
   *
   * How many channels that the peer opens are kept for a later
   * [method@Session.accept_channel_async] if no handler answers; 0: they are
   * refused.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_UNACCEPTED_CHANNELS] =
    g_param_spec_uint ("max-unaccepted-channels", NULL, NULL, 0, G_MAXUINT, 0, flags);

  /**
   * DevSshSessionConfig:max-channels: (getter get_max_channels) (setter set_max_channels)
   *
   * How many channels a session may have; more are refused.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_CHANNELS] =
    g_param_spec_uint ("max-channels", NULL, NULL, 1, G_MAXUINT, 1000, flags);

  /**
   * DevSshSessionConfig:key-exchange-timeout: (getter get_key_exchange_timeout) (setter set_key_exchange_timeout)
   *
   * How many seconds a key exchange may take before the session ends; 0: any
   * time.
   *
   * Since: 1.0
   */
  properties[PROP_KEY_EXCHANGE_TIMEOUT] =
    g_param_spec_uint ("key-exchange-timeout", NULL, NULL, 0, G_MAXUINT, 60, flags);
}

static void
devssh_session_config_class_init (DevSshSessionConfigClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = devssh_session_config_get_property;
  object_class->set_property = devssh_session_config_set_property;
  object_class->finalize = devssh_session_config_finalize;

  devssh_session_config_install_lists ();
  devssh_session_config_install_limits ();
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

/* A handler belongs to the configuration it was set on and to all copies of it. */
static void
devssh_message_handler_entry_clear (gpointer data)
{
  DevSshMessageHandlerEntry *entry = data;

  if (entry->destroy != NULL)
    entry->destroy (entry->user_data);
}

static void
devssh_message_handler_entry_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, devssh_message_handler_entry_clear);
}

static void
devssh_session_config_init (DevSshSessionConfig *self)
{
  const struct { DevSshSessionConfigProperty property; const char * const *names; } defaults[] = {
    { PROP_PROTOCOL_EXTENSIONS,     default_protocol_extensions },
    { PROP_AUTHENTICATION_METHODS,  default_authentication_methods },
    { PROP_KEY_EXCHANGE_ALGORITHMS, devssh_default_kex_algorithms },
    { PROP_PUBLIC_KEY_ALGORITHMS,   devssh_default_key_algorithms },
    { PROP_ENCRYPTION_ALGORITHMS,   devssh_default_ciphers },
    { PROP_MAC_ALGORITHMS,          devssh_default_macs },
    { PROP_COMPRESSION_ALGORITHMS,  devssh_default_compressions },
  };

  for (guint i = 0; i < G_N_ELEMENTS (defaults); i++)
    self->lists[defaults[i].property] = g_strdupv ((char **) defaults[i].names);

  self->max_client_authentication_attempts = 5;
  self->key_rotation_threshold = 536870912;   /* 512 MiB */
  self->max_channels = 1000;                  /* T-50 */
  self->key_exchange_timeout = 60;            /* T-45 */
  self->services = g_ptr_array_new_with_free_func ((GDestroyNotify) devssh_service_entry_unref);
  self->plugin_directories = g_ptr_array_new_null_terminated (0, g_free, TRUE);
  self->message_handlers = g_hash_table_new_full (NULL, NULL, NULL, devssh_message_handler_entry_unref);
}

/* ---- making one ---- */

/**
 * devssh_session_config_new:
 *
 * Makes a configuration that is safe and gets on with everybody: modern
 * algorithms, and the extensions that cost nothing.
 *
 * Returns: (transfer full): the configuration
 *
 * Since: 1.0
 */
DevSshSessionConfig *
devssh_session_config_new (void)
{
  return g_object_new (DEVSSH_TYPE_SESSION_CONFIG, NULL);
}

/**
 * devssh_session_config_new_with_reconnect:
 *
 * Makes a configuration as [ctor@SessionConfig.new] does, with the extensions
 * %DEVSSH_EXTENSION_SESSION_RECONNECT and %DEVSSH_EXTENSION_SESSION_LATENCY.
 *
 * Returns: (transfer full): the configuration
 *
 * Since: 1.0
 */
DevSshSessionConfig *
devssh_session_config_new_with_reconnect (void)
{
  DevSshSessionConfig *self = devssh_session_config_new ();

  devssh_session_config_set_protocol_extensions (self, reconnect_protocol_extensions);
  return self;
}

/**
 * devssh_session_config_new_no_security:
 *
 * Makes a configuration without any security: no key exchange, no host key, no
 * encryption, no authentication. For streams that are secure already, such as
 * a pipe between two processes or a channel of another session.
 *
 * Such a configuration takes no algorithm but %DEVSSH_ALGORITHM_NONE, and no
 * reconnect.
 *
 * Returns: (transfer full): the configuration
 *
 * Since: 1.0
 */
DevSshSessionConfig *
devssh_session_config_new_no_security (void)
{
  DevSshSessionConfig *self = devssh_session_config_new ();

  self->no_security = TRUE;
  devssh_session_config_set_key_exchange_algorithms (self, only_none);
  devssh_session_config_set_public_key_algorithms (self, only_none);
  devssh_session_config_set_encryption_algorithms (self, only_none);
  devssh_session_config_set_mac_algorithms (self, only_none);
  return self;
}

/**
 * devssh_session_config_copy:
 * @self: a configuration
 *
 * Makes a copy that shares nothing with @self but the objects that were
 * registered with it (configurations of services, data of handlers).
 *
 * Returns: (transfer full): the copy
 *
 * Since: 1.0
 */
DevSshSessionConfig *
devssh_session_config_copy (DevSshSessionConfig *self)
{
  DevSshSessionConfig *copy;
  GHashTableIter iter;
  gpointer number, entry;

  g_return_val_if_fail (DEVSSH_IS_SESSION_CONFIG (self), NULL);

  copy = devssh_session_config_new ();
  copy->no_security = self->no_security;
  for (guint i = 1; i <= LAST_LIST; i++)
    {
      g_strfreev (copy->lists[i]);
      copy->lists[i] = g_strdupv (self->lists[i]);
    }
  copy->trace_channel_data = self->trace_channel_data;
  copy->max_client_authentication_attempts = self->max_client_authentication_attempts;
  copy->enable_key_exchange_guess = self->enable_key_exchange_guess;
  copy->keepalive_interval = self->keepalive_interval;
  copy->max_missed_keepalives = self->max_missed_keepalives;
  copy->key_rotation_threshold = self->key_rotation_threshold;
  copy->max_reconnect_message_cache_size = self->max_reconnect_message_cache_size;
  copy->max_channel_window_size = self->max_channel_window_size;
  copy->max_unaccepted_channels = self->max_unaccepted_channels;
  copy->max_channels = self->max_channels;
  copy->key_exchange_timeout = self->key_exchange_timeout;

  for (guint i = 0; i < self->services->len; i++)
    g_ptr_array_add (copy->services, devssh_service_entry_ref (self->services->pdata[i]));
  copy->plugins_allowed = self->plugins_allowed;
  copy->plugin_names = g_strdupv (self->plugin_names);
  for (guint i = 0; i < self->plugin_directories->len; i++)
    g_ptr_array_add (copy->plugin_directories, g_strdup (self->plugin_directories->pdata[i]));
  g_hash_table_iter_init (&iter, self->message_handlers);
  while (g_hash_table_iter_next (&iter, &number, &entry))
    g_hash_table_insert (copy->message_handlers, number, g_atomic_rc_box_acquire (entry));
  return copy;
}

/* ---- services ---- */

/**
 * devssh_session_config_add_service:
 * @self: a configuration
 * @service_type: a class derived from [class@Service]
 * @name: (nullable): what the service is called, unique in @self; %NULL: the
 *   name of its type
 * @rules: (array zero-terminated=1): what wakes it, see [ctor@Activation.new]
 * @config: (nullable): handed to the service, see [method@Service.get_config]
 * @error: return location for an error
 *
 * Registers a service. An instance is made for a session when a rule first
 * matches.
 *
 * Where rules of several services match, the service that was registered first
 * is asked, and nobody else, whatever it answers. Services registered here come
 * before those of plugins, and one that has the name of a plugin's service is
 * there instead of it.
 *
 * Returns: %TRUE; %FALSE and %DEVSSH_ERROR_INVALID_CONFIG: the type is not a
 *   service, the name is taken or empty, or a rule cannot be read
 *
 * Since: 1.0
 */
gboolean
devssh_session_config_add_service (DevSshSessionConfig  *self,
                                   GType                 service_type,
                                   const char           *name,
                                   const char * const   *rules,
                                   GObject              *config,
                                   GError              **error)
{
  g_autoptr(DevSshActivation) activation = NULL;

  g_return_val_if_fail (DEVSSH_IS_SESSION_CONFIG (self), FALSE);
  g_return_val_if_fail (rules != NULL, FALSE);
  g_return_val_if_fail (config == NULL || G_IS_OBJECT (config), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!g_type_is_a (service_type, DEVSSH_TYPE_SERVICE) || G_TYPE_IS_ABSTRACT (service_type))
    {
      const char *type_name = g_type_name (service_type);

      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG,
                   "Type '%s' is not a service that can be made",
                   type_name != NULL ? type_name : "(invalid)");
      return FALSE;
    }

  if (name == NULL)
    name = g_type_name (service_type);
  if (*name == '\0')
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG,
                   "A service of type '%s' has an empty name", g_type_name (service_type));
      return FALSE;
    }
  for (guint i = 0; i < self->services->len; i++)
    {
      DevSshServiceEntry *entry = self->services->pdata[i];

      if (g_strcmp0 (entry->name, name) == 0)
        {
          g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG,
                       "A service '%s' is registered already", name);
          return FALSE;
        }
    }

  activation = devssh_activation_new (rules, error);
  if (activation == NULL)
    return FALSE;

  g_ptr_array_add (self->services, devssh_service_entry_new (service_type, name, activation, config));
  return TRUE;
}

/**
 * devssh_session_config_allow_plugins:
 * @self: a configuration
 * @names: (nullable) (array zero-terminated=1): the plugins that a session may
 *   use, by the names of their keyfiles without the ending; %NULL: every
 *   installed one
 *
 * Allows plugins; without this call none is used. A plugin is opened when one
 * of its rules first matches in an authenticated session, or when the
 * application asks for its service.
 *
 * Since: 1.0
 */
void
devssh_session_config_allow_plugins (DevSshSessionConfig *self,
                                     const char * const  *names)
{
  char **old;

  g_return_if_fail (DEVSSH_IS_SESSION_CONFIG (self));

  self->plugins_allowed = TRUE;
  old = self->plugin_names;
  self->plugin_names = g_strdupv ((char **) names);
  g_strfreev (old);
}

/**
 * devssh_session_config_add_plugin_directory:
 * @self: a configuration
 * @path: (type filename): an absolute path
 * @error: return location for an error
 *
 * Adds a folder in which plugins are looked for, besides the one that the
 * library was built for. Folders and files that others than their owner and
 * root can write to are not used.
 *
 * Returns: %TRUE; %FALSE and %DEVSSH_ERROR_INVALID_CONFIG: @path is not absolute
 *
 * Since: 1.0
 */
gboolean
devssh_session_config_add_plugin_directory (DevSshSessionConfig  *self,
                                            const char           *path,
                                            GError              **error)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_CONFIG (self), FALSE);
  g_return_val_if_fail (path != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!g_path_is_absolute (path))
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG,
                   "The plugin folder '%s' is not an absolute path", path);
      return FALSE;
    }

  g_ptr_array_add (self->plugin_directories, g_strdup (path));
  return TRUE;
}

/**
 * devssh_session_config_list_plugins:
 * @self: a configuration
 *
 * Lists what a session made with @self may use: first what was registered with
 * [method@SessionConfig.add_service], then the plugins that are allowed, in the order in which
 * their rules are looked at. What is allowed and cannot be used is there with the reason.
 *
 * Later changes of @self do not reach the list.
 *
 * Returns: (transfer full): the list
 *
 * Since: 1.0
 */
DevSshPluginRegistry *
devssh_session_config_list_plugins (DevSshSessionConfig *self)
{
  g_autoptr(GPtrArray) code = NULL;

  g_return_val_if_fail (DEVSSH_IS_SESSION_CONFIG (self), NULL);

  code = g_ptr_array_new_with_free_func ((GDestroyNotify) devssh_service_entry_unref);
  g_ptr_array_extend (code, self->services, (GCopyFunc) devssh_service_entry_ref, NULL);

  return devssh_plugin_registry_new_full (code, self->plugins_allowed,
                                          (const char * const *) self->plugin_directories->pdata,
                                          (const char * const *) self->plugin_names);
}

GPtrArray *
devssh_session_config_dup_service_entries (DevSshSessionConfig *self)
{
  g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func ((GDestroyNotify) devssh_service_entry_unref);

  /* What the application registered itself comes before what is installed. */
  for (guint i = 0; i < self->services->len; i++)
    g_ptr_array_add (entries, devssh_service_entry_ref (self->services->pdata[i]));

  if (self->plugins_allowed)
    {
      g_autoptr(GPtrArray) plugins =
        devssh_plugin_catalogue ((const char * const *) self->plugin_directories->pdata,
                                 (const char * const *) self->plugin_names, NULL);

      for (guint i = 0; i < plugins->len; i++)
        g_ptr_array_add (entries, devssh_service_entry_ref (plugins->pdata[i]));
    }
  return g_steal_pointer (&entries);
}

/* ---- message handlers ---- */

/**
 * devssh_session_config_set_message_handler:
 * @self: a configuration
 * @number: a message number that the library does not know, 8 to 255
 * @handler: (nullable) (scope notified) (closure user_data) (destroy destroy):
 *   called with every message of that number; %NULL: none
 * @user_data: for @handler
 * @destroy: (nullable): frees @user_data
 * @error: return location for an error
 *
 * Sets a handler for messages of the application's own. Without one they are
 * answered with UNIMPLEMENTED (RFC 4253, 11.4). They are taken only in
 * authenticated sessions if @number is 80 or above, and never in the clear
 * before the first key exchange.
 *
 * Returns: %TRUE; %FALSE and %DEVSSH_ERROR_INVALID_CONFIG: the library handles
 *   that number itself
 *
 * Since: 1.0
 */
gboolean
devssh_session_config_set_message_handler (DevSshSessionConfig   *self,
                                           guint                  number,
                                           DevSshMessageHandler   handler,
                                           gpointer               user_data,
                                           GDestroyNotify         destroy,
                                           GError               **error)
{
  DevSshMessageHandlerEntry *entry;

  g_return_val_if_fail (DEVSSH_IS_SESSION_CONFIG (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (number > 255 ||
      devssh_message_table_lookup (FALSE, DEVSSH_PHASE_OPEN, DEVSSH_KEX_IDLE, FALSE, number) != DEVSSH_ACTION_UNKNOWN ||
      devssh_message_table_lookup (TRUE, DEVSSH_PHASE_OPEN, DEVSSH_KEX_IDLE, FALSE, number) != DEVSSH_ACTION_UNKNOWN)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG,
                   "%u is not a message number that an application can handle", number);
      /* As with every notified callback: taken, and not wanted. */
      if (destroy != NULL)
        destroy (user_data);
      return FALSE;
    }

  if (handler == NULL)
    {
      g_hash_table_remove (self->message_handlers, GUINT_TO_POINTER (number));
      if (destroy != NULL)
        destroy (user_data);
      return TRUE;
    }

  entry = g_atomic_rc_box_new0 (DevSshMessageHandlerEntry);
  entry->handler = handler;
  entry->user_data = user_data;
  entry->destroy = destroy;
  g_hash_table_insert (self->message_handlers, GUINT_TO_POINTER (number), entry);
  return TRUE;
}

const DevSshMessageHandlerEntry *
devssh_session_config_get_message_handler (DevSshSessionConfig *self,
                                           guint8               number)
{
  return g_hash_table_lookup (self->message_handlers, GUINT_TO_POINTER ((guint) number));
}

gboolean
devssh_session_config_is_no_security (DevSshSessionConfig *self)
{
  return self->no_security;
}

/* ---- getters and setters ---- */

/**
 * devssh_session_config_get_protocol_extensions: (get-property protocol-extensions)
 * @self: a configuration
 *
 * The protocol extensions that are announced (RFC 8308), by name.
 *
 * %DEVSSH_EXTENSION_SESSION_LATENCY has no effect without
 * %DEVSSH_EXTENSION_SESSION_RECONNECT.
 *
 * Returns: (transfer none) (array zero-terminated=1): the names
 *
 * Since: 1.0
 */
const char * const *
devssh_session_config_get_protocol_extensions (DevSshSessionConfig *self)
{
  return devssh_session_config_get_list (self, PROP_PROTOCOL_EXTENSIONS);
}

/**
 * devssh_session_config_set_protocol_extensions: (set-property protocol-extensions)
 * @self: a configuration
 * @names: (nullable) (array zero-terminated=1): the names of the protocol extensions that EXT_INFO (RFC 8308) announces,
 *   such as %DEVSSH_EXTENSION_SESSION_RECONNECT; %NULL: none
 *
 * Sets [property@SessionConfig:protocol-extensions].
 *
 * Since: 1.0
 */
void
devssh_session_config_set_protocol_extensions (DevSshSessionConfig *self,
                                               const char * const  *names)
{
  devssh_session_config_set_list (self, PROP_PROTOCOL_EXTENSIONS, names);
}

/**
 * devssh_session_config_get_authentication_methods: (get-property authentication-methods)
 * @self: a configuration
 *
 * The methods of authentication (RFC 4252) that a client may try and a server
 * allows, by name.
 *
 * %DEVSSH_AUTH_METHOD_HOST_BASED is only there on demand.
 *
 * Returns: (transfer none) (array zero-terminated=1): the names
 *
 * Since: 1.0
 */
const char * const *
devssh_session_config_get_authentication_methods (DevSshSessionConfig *self)
{
  return devssh_session_config_get_list (self, PROP_AUTHENTICATION_METHODS);
}

/**
 * devssh_session_config_set_authentication_methods: (set-property authentication-methods)
 * @self: a configuration
 * @names: (nullable) (array zero-terminated=1): the names of methods, such as %DEVSSH_AUTH_METHOD_PUBLIC_KEY; %NULL: none
 *
 * Sets [property@SessionConfig:authentication-methods].
 *
 * Since: 1.0
 */
void
devssh_session_config_set_authentication_methods (DevSshSessionConfig *self,
                                                  const char * const  *names)
{
  devssh_session_config_set_list (self, PROP_AUTHENTICATION_METHODS, names);
}

/**
 * devssh_session_config_get_key_exchange_algorithms: (get-property key-exchange-algorithms)
 * @self: a configuration
 *
 * The key exchange algorithms that are offered (RFC 4253, 7.1), by name, the
 * best first.
 *
 * Returns: (transfer none) (array zero-terminated=1): the names
 *
 * Since: 1.0
 */
const char * const *
devssh_session_config_get_key_exchange_algorithms (DevSshSessionConfig *self)
{
  return devssh_session_config_get_list (self, PROP_KEY_EXCHANGE_ALGORITHMS);
}

/**
 * devssh_session_config_set_key_exchange_algorithms: (set-property key-exchange-algorithms)
 * @self: a configuration
 * @names: (nullable) (array zero-terminated=1): the names of key exchange algorithms, such as
 *   %DEVSSH_ALGORITHM_KEX_CURVE25519_SHA256; %NULL: none
 *
 * Sets [property@SessionConfig:key-exchange-algorithms].
 *
 * Since: 1.0
 */
void
devssh_session_config_set_key_exchange_algorithms (DevSshSessionConfig *self,
                                                   const char * const  *names)
{
  devssh_session_config_set_list (self, PROP_KEY_EXCHANGE_ALGORITHMS, names);
}

/**
 * devssh_session_config_get_public_key_algorithms: (get-property public-key-algorithms)
 * @self: a configuration
 *
 * The signature algorithms of host keys and user keys (RFC 4253, 6.6; RFC
 * 8332), by name, the best first.
 *
 * Returns: (transfer none) (array zero-terminated=1): the names
 *
 * Since: 1.0
 */
const char * const *
devssh_session_config_get_public_key_algorithms (DevSshSessionConfig *self)
{
  return devssh_session_config_get_list (self, PROP_PUBLIC_KEY_ALGORITHMS);
}

/**
 * devssh_session_config_set_public_key_algorithms: (set-property public-key-algorithms)
 * @self: a configuration
 * @names: (nullable) (array zero-terminated=1): the names of signature algorithms, such as %DEVSSH_ALGORITHM_KEY_ED25519; %NULL: none
 *
 * Sets [property@SessionConfig:public-key-algorithms].
 *
 * Since: 1.0
 */
void
devssh_session_config_set_public_key_algorithms (DevSshSessionConfig *self,
                                                 const char * const  *names)
{
  devssh_session_config_set_list (self, PROP_PUBLIC_KEY_ALGORITHMS, names);
}

/**
 * devssh_session_config_get_encryption_algorithms: (get-property encryption-algorithms)
 * @self: a configuration
 *
 * The ciphers that are offered for both directions (RFC 4253, 6.3), by name,
 * the best first.
 *
 * Returns: (transfer none) (array zero-terminated=1): the names
 *
 * Since: 1.0
 */
const char * const *
devssh_session_config_get_encryption_algorithms (DevSshSessionConfig *self)
{
  return devssh_session_config_get_list (self, PROP_ENCRYPTION_ALGORITHMS);
}

/**
 * devssh_session_config_set_encryption_algorithms: (set-property encryption-algorithms)
 * @self: a configuration
 * @names: (nullable) (array zero-terminated=1): the names of ciphers, such as %DEVSSH_ALGORITHM_CIPHER_AES256_GCM; %NULL: none
 *
 * Sets [property@SessionConfig:encryption-algorithms].
 *
 * Since: 1.0
 */
void
devssh_session_config_set_encryption_algorithms (DevSshSessionConfig *self,
                                                 const char * const  *names)
{
  devssh_session_config_set_list (self, PROP_ENCRYPTION_ALGORITHMS, names);
}

/**
 * devssh_session_config_get_mac_algorithms: (get-property mac-algorithms)
 * @self: a configuration
 *
 * The MAC algorithms that are offered for both directions (RFC 4253, 6.4), by
 * name, the best first. Ciphers with a tag of their own do not use them.
 *
 * Returns: (transfer none) (array zero-terminated=1): the names
 *
 * Since: 1.0
 */
const char * const *
devssh_session_config_get_mac_algorithms (DevSshSessionConfig *self)
{
  return devssh_session_config_get_list (self, PROP_MAC_ALGORITHMS);
}

/**
 * devssh_session_config_set_mac_algorithms: (set-property mac-algorithms)
 * @self: a configuration
 * @names: (nullable) (array zero-terminated=1): the names of MAC algorithms, such as
 *   %DEVSSH_ALGORITHM_MAC_HMAC_SHA2_256_ETM; %NULL: none
 *
 * Sets [property@SessionConfig:mac-algorithms].
 *
 * Since: 1.0
 */
void
devssh_session_config_set_mac_algorithms (DevSshSessionConfig *self,
                                          const char * const  *names)
{
  devssh_session_config_set_list (self, PROP_MAC_ALGORITHMS, names);
}

/**
 * devssh_session_config_get_compression_algorithms: (get-property compression-algorithms)
 * @self: a configuration
 *
 * The compression algorithms that are offered for both directions (RFC 4253,
 * 6.2). There is none but %DEVSSH_ALGORITHM_NONE.
 *
 * Returns: (transfer none) (array zero-terminated=1): the names
 *
 * Since: 1.0
 */
const char * const *
devssh_session_config_get_compression_algorithms (DevSshSessionConfig *self)
{
  return devssh_session_config_get_list (self, PROP_COMPRESSION_ALGORITHMS);
}

/**
 * devssh_session_config_set_compression_algorithms: (set-property compression-algorithms)
 * @self: a configuration
 * @names: (nullable) (array zero-terminated=1): the names of compression algorithms: only %DEVSSH_ALGORITHM_NONE; %NULL: none
 *
 * Sets [property@SessionConfig:compression-algorithms].
 *
 * Since: 1.0
 */
void
devssh_session_config_set_compression_algorithms (DevSshSessionConfig *self,
                                                  const char * const  *names)
{
  devssh_session_config_set_list (self, PROP_COMPRESSION_ALGORITHMS, names);
}

/**
 * devssh_session_config_get_trace_channel_data: (get-property trace-channel-data)
 * @self: a configuration
 *
 * Whether [signal@Session::trace] of new sessions also shows channel data.
 *
 * Returns: %TRUE if so
 *
 * Since: 1.0
 */
gboolean
devssh_session_config_get_trace_channel_data (DevSshSessionConfig *self)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_CONFIG (self), FALSE);

  return self->trace_channel_data;
}

/**
 * devssh_session_config_set_trace_channel_data: (set-property trace-channel-data)
 * @self: a configuration
 * @trace: whether to show it
 *
 * Sets [property@SessionConfig:trace-channel-data].
 *
 * Since: 1.0
 */
void
devssh_session_config_set_trace_channel_data (DevSshSessionConfig *self,
                                              gboolean             trace)
{
  g_return_if_fail (DEVSSH_IS_SESSION_CONFIG (self));

  devssh_session_config_set_flag (self, PROP_TRACE_CHANNEL_DATA, &self->trace_channel_data, trace);
}

/**
 * devssh_session_config_get_max_client_authentication_attempts: (get-property max-client-authentication-attempts)
 * @self: a configuration
 *
 * How many attempts to log in may fail before a server ends the session
 * (RFC 4252, 4); 0 and less: 5.
 *
 * Returns: the attempts
 *
 * Since: 1.0
 */
int
devssh_session_config_get_max_client_authentication_attempts (DevSshSessionConfig *self)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_CONFIG (self), 0);

  return self->max_client_authentication_attempts;
}

/**
 * devssh_session_config_set_max_client_authentication_attempts: (set-property max-client-authentication-attempts)
 * @self: a configuration
 * @attempts: the number of attempts; 0 and less: 5
 *
 * Sets [property@SessionConfig:max-client-authentication-attempts].
 *
 * Since: 1.0
 */
void
devssh_session_config_set_max_client_authentication_attempts (DevSshSessionConfig *self,
                                                              int                  attempts)
{
  g_return_if_fail (DEVSSH_IS_SESSION_CONFIG (self));

  if (self->max_client_authentication_attempts == attempts)
    return;

  self->max_client_authentication_attempts = attempts;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MAX_CLIENT_AUTHENTICATION_ATTEMPTS]);
}

/**
 * devssh_session_config_get_enable_key_exchange_guess: (get-property enable-key-exchange-guess)
 * @self: a configuration
 *
 * Whether a client guesses that the server likes its first key exchange
 * algorithm, which saves a round trip when it does (RFC 4253, 7).
 *
 * Returns: %TRUE if so
 *
 * Since: 1.0
 */
gboolean
devssh_session_config_get_enable_key_exchange_guess (DevSshSessionConfig *self)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_CONFIG (self), FALSE);

  return self->enable_key_exchange_guess;
}

/**
 * devssh_session_config_set_enable_key_exchange_guess: (set-property enable-key-exchange-guess)
 * @self: a configuration
 * @guess: whether to guess
 *
 * Sets [property@SessionConfig:enable-key-exchange-guess].
 *
 * Since: 1.0
 */
void
devssh_session_config_set_enable_key_exchange_guess (DevSshSessionConfig *self,
                                                     gboolean             guess)
{
  g_return_if_fail (DEVSSH_IS_SESSION_CONFIG (self));

  devssh_session_config_set_flag (self, PROP_ENABLE_KEY_EXCHANGE_GUESS, &self->enable_key_exchange_guess, guess);
}

/**
 * devssh_session_config_get_keepalive_interval: (get-property keepalive-interval)
 * @self: a configuration
 *
 * After how many seconds of silence the peer is asked whether it is still
 * there; 0: never.
 *
 * Returns: the seconds
 *
 * Since: 1.0
 */
guint
devssh_session_config_get_keepalive_interval (DevSshSessionConfig *self)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_CONFIG (self), 0);

  return self->keepalive_interval;
}

/**
 * devssh_session_config_set_keepalive_interval: (set-property keepalive-interval)
 * @self: a configuration
 * @seconds: seconds; 0: never
 *
 * Sets [property@SessionConfig:keepalive-interval].
 *
 * Since: 1.0
 */
void
devssh_session_config_set_keepalive_interval (DevSshSessionConfig *self,
                                              guint                seconds)
{
  g_return_if_fail (DEVSSH_IS_SESSION_CONFIG (self));

  devssh_session_config_set_uint (self, PROP_KEEPALIVE_INTERVAL, &self->keepalive_interval, seconds);
}

/**
 * devssh_session_config_get_max_missed_keepalives: (get-property max-missed-keepalives)
 * @self: a configuration
 *
 * How many times in a row nothing may come from a peer that was asked whether it
 * is still there, until the connection counts as lost; 0: it never does because of
 * that.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint
devssh_session_config_get_max_missed_keepalives (DevSshSessionConfig *self)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_CONFIG (self), 0);

  return self->max_missed_keepalives;
}

/**
 * devssh_session_config_set_max_missed_keepalives: (set-property max-missed-keepalives)
 * @self: a configuration
 * @times: how many times; 0: any number
 *
 * Sets [property@SessionConfig:max-missed-keepalives].
 *
 * Since: 1.0
 */
void
devssh_session_config_set_max_missed_keepalives (DevSshSessionConfig *self,
                                                 guint                times)
{
  g_return_if_fail (DEVSSH_IS_SESSION_CONFIG (self));

  devssh_session_config_set_uint (self, PROP_MAX_MISSED_KEEPALIVES, &self->max_missed_keepalives, times);
}

/**
 * devssh_session_config_get_key_rotation_threshold: (get-property key-rotation-threshold)
 * @self: a configuration
 *
 * After how many bytes, both directions together, keys are exchanged again
 * (RFC 4253, 9); 0: never because of bytes.
 *
 * Returns: the bytes
 *
 * Since: 1.0
 */
guint64
devssh_session_config_get_key_rotation_threshold (DevSshSessionConfig *self)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_CONFIG (self), 0);

  return self->key_rotation_threshold;
}

/**
 * devssh_session_config_set_key_rotation_threshold: (set-property key-rotation-threshold)
 * @self: a configuration
 * @bytes: bytes; 0: never because of bytes
 *
 * Sets [property@SessionConfig:key-rotation-threshold].
 *
 * Since: 1.0
 */
void
devssh_session_config_set_key_rotation_threshold (DevSshSessionConfig *self,
                                                  guint64              bytes)
{
  g_return_if_fail (DEVSSH_IS_SESSION_CONFIG (self));

  if (self->key_rotation_threshold == bytes)
    return;

  self->key_rotation_threshold = bytes;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_KEY_ROTATION_THRESHOLD]);
}

/**
 * devssh_session_config_get_max_reconnect_message_cache_size: (get-property max-reconnect-message-cache-size)
 * @self: a configuration
 *
 * How many sent messages are kept for a reconnect; 0: as many as the limits
 * in bytes allow.
 *
 * Returns: the messages
 *
 * Since: 1.0
 */
guint
devssh_session_config_get_max_reconnect_message_cache_size (DevSshSessionConfig *self)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_CONFIG (self), 0);

  return self->max_reconnect_message_cache_size;
}

/**
 * devssh_session_config_set_max_reconnect_message_cache_size: (set-property max-reconnect-message-cache-size)
 * @self: a configuration
 * @messages: messages; 0: no such limit
 *
 * Sets [property@SessionConfig:max-reconnect-message-cache-size].
 *
 * Since: 1.0
 */
void
devssh_session_config_set_max_reconnect_message_cache_size (DevSshSessionConfig *self,
                                                            guint                messages)
{
  g_return_if_fail (DEVSSH_IS_SESSION_CONFIG (self));

  devssh_session_config_set_uint (self, PROP_MAX_RECONNECT_MESSAGE_CACHE_SIZE, &self->max_reconnect_message_cache_size, messages);
}

/**
 * devssh_session_config_get_max_channel_window_size: (get-property max-channel-window-size)
 * @self: a configuration
 *
 * How many bytes the peer may send on a channel before they are consumed
 * (RFC 4254, 5.2); 0: 1 MiB that grows with the reader's speed.
 *
 * Returns: the bytes
 *
 * Since: 1.0
 */
guint
devssh_session_config_get_max_channel_window_size (DevSshSessionConfig *self)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_CONFIG (self), 0);

  return self->max_channel_window_size;
}

/**
 * devssh_session_config_set_max_channel_window_size: (set-property max-channel-window-size)
 * @self: a configuration
 * @bytes: bytes, at least 32768; 0: starts at 1 MiB and grows
 *
 * Sets [property@SessionConfig:max-channel-window-size].
 *
 * Since: 1.0
 */
void
devssh_session_config_set_max_channel_window_size (DevSshSessionConfig *self,
                                                   guint                bytes)
{
  g_return_if_fail (DEVSSH_IS_SESSION_CONFIG (self));

  devssh_session_config_set_uint (self, PROP_MAX_CHANNEL_WINDOW_SIZE, &self->max_channel_window_size, bytes);
}

/**
 * devssh_session_config_get_max_unaccepted_channels: (get-property max-unaccepted-channels)
 * @self: a configuration
 *
 * How many channels that the peer opens are kept for a later
 * [method@Session.accept_channel_async] if no handler answers; 0: they are
 * refused.
 *
 * Returns: the channels
 *
 * Since: 1.0
 */
guint
devssh_session_config_get_max_unaccepted_channels (DevSshSessionConfig *self)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_CONFIG (self), 0);

  return self->max_unaccepted_channels;
}

/**
 * devssh_session_config_set_max_unaccepted_channels: (set-property max-unaccepted-channels)
 * @self: a configuration
 * @channels: channels; 0: refuse
 *
 * Sets [property@SessionConfig:max-unaccepted-channels].
 *
 * Since: 1.0
 */
void
devssh_session_config_set_max_unaccepted_channels (DevSshSessionConfig *self,
                                                   guint                channels)
{
  g_return_if_fail (DEVSSH_IS_SESSION_CONFIG (self));

  devssh_session_config_set_uint (self, PROP_MAX_UNACCEPTED_CHANNELS, &self->max_unaccepted_channels, channels);
}

/**
 * devssh_session_config_get_max_channels: (get-property max-channels)
 * @self: a configuration
 *
 * How many channels a session may have; more are refused.
 *
 * Returns: the channels
 *
 * Since: 1.0
 */
guint
devssh_session_config_get_max_channels (DevSshSessionConfig *self)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_CONFIG (self), 0);

  return self->max_channels;
}

/**
 * devssh_session_config_set_max_channels: (set-property max-channels)
 * @self: a configuration
 * @channels: channels, at least 1
 *
 * Sets [property@SessionConfig:max-channels].
 *
 * Since: 1.0
 */
void
devssh_session_config_set_max_channels (DevSshSessionConfig *self,
                                        guint                channels)
{
  g_return_if_fail (DEVSSH_IS_SESSION_CONFIG (self));
  g_return_if_fail (channels >= 1);

  devssh_session_config_set_uint (self, PROP_MAX_CHANNELS, &self->max_channels, channels);
}

/**
 * devssh_session_config_get_key_exchange_timeout: (get-property key-exchange-timeout)
 * @self: a configuration
 *
 * How many seconds a key exchange may take before the session ends; 0: any
 * time.
 *
 * Returns: the seconds
 *
 * Since: 1.0
 */
guint
devssh_session_config_get_key_exchange_timeout (DevSshSessionConfig *self)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_CONFIG (self), 0);

  return self->key_exchange_timeout;
}

/**
 * devssh_session_config_set_key_exchange_timeout: (set-property key-exchange-timeout)
 * @self: a configuration
 * @seconds: seconds; 0: any time
 *
 * Sets [property@SessionConfig:key-exchange-timeout].
 *
 * Since: 1.0
 */
void
devssh_session_config_set_key_exchange_timeout (DevSshSessionConfig *self,
                                                guint                seconds)
{
  g_return_if_fail (DEVSSH_IS_SESSION_CONFIG (self));

  devssh_session_config_set_uint (self, PROP_KEY_EXCHANGE_TIMEOUT, &self->key_exchange_timeout, seconds);
}
