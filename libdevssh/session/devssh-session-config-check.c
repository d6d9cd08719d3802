/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a configuration can work, and what the engines get of it. */
#include <libdevssh/session/devssh-session-config-private.h>

#include <libdevssh/base/devssh-error.h>
#include <libdevssh/crypto/devssh-algorithms-private.h>
#include <libdevssh/wire/devssh-numbers.h>
#include <string.h>

#define MAX_NAME_LENGTH 64    /* RFC 4251, 6 */
#define MAX_NAMES       256   /* T-14: what a peer may refuse to read */
#define MAX_EXTENSIONS  64    /* T-75 */

/* ---- validation ---- */

static gboolean
devssh_session_config_wrong (GError     **error,
                             const char  *format,
                             ...) G_GNUC_PRINTF (2, 3);

static gboolean
devssh_session_config_wrong (GError     **error,
                             const char  *format,
                             ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG, text);
  return FALSE;
}

static gboolean
devssh_session_config_is_only_none (const char * const *names)
{
  return names[0] != NULL && names[1] == NULL && g_str_equal (names[0], DEVSSH_ALGORITHM_NONE);
}

/* known NULL: any name that can be written (RFC 4251, 6). */
static gboolean
devssh_session_config_check_names (const char          *list,
                                   const char * const  *names,
                                   const char * const  *known,
                                   guint                most,
                                   GError             **error)
{
  guint n = g_strv_length ((char **) names);

  if (n > most)
    return devssh_session_config_wrong (error, "%s has %u names, %u are the most", list, n, most);

  for (guint i = 0; i < n; i++)
    {
      gsize length = strlen (names[i]);

      if (g_strv_contains (names + i + 1, names[i]))
        return devssh_session_config_wrong (error, "%s has '%s' twice", list, names[i]);
      if (known != NULL && !g_strv_contains (known, names[i]))
        return devssh_session_config_wrong (error, "%s has '%s', which is not known", list, names[i]);
      if (length == 0 || length > MAX_NAME_LENGTH)
        return devssh_session_config_wrong (error, "%s has a name of %" G_GSIZE_FORMAT " bytes, 1 to %d are possible",
                                            list, length, MAX_NAME_LENGTH);
      for (const char *c = names[i]; *c != '\0'; c++)
        if (*c <= 0x20 || *c >= 0x7f || *c == ',')
          return devssh_session_config_wrong (error, "%s has a name with the byte 0x%02x, which no name can have",
                                              list, (guint8) *c);
    }
  return TRUE;
}

/* One list of algorithms: real ones, or "none" alone in a configuration that was made for it (T-25). */
static gboolean
devssh_session_config_check_algorithms (DevSshSessionConfig  *self,
                                        const char           *list,
                                        const char * const   *names,
                                        const char * const   *known,
                                        GError              **error)
{
  gboolean no_security = devssh_session_config_is_no_security (self);
  gboolean only_none = devssh_session_config_is_only_none (names);

  if (no_security && only_none)
    return TRUE;
  if (names[0] == NULL)
    return devssh_session_config_wrong (error, "%s is empty", list);
  if (no_security)
    return devssh_session_config_wrong (error,
                                        "%s has '%s' in a configuration without security: it can only be 'none'",
                                        list, g_str_equal (names[0], DEVSSH_ALGORITHM_NONE) ? names[1] : names[0]);
  if (g_strv_contains (names, DEVSSH_ALGORITHM_NONE))
    return devssh_session_config_wrong (error,
                                        "%s has 'none', which only devssh_session_config_new_no_security() can mean",
                                        list);
  return devssh_session_config_check_names (list, names, known, MAX_NAMES, error);
}

/* "none" for the key exchange and real algorithms elsewhere: say it as it is, rather than that 'none' is not allowed. */
static gboolean
devssh_session_config_check_mixture (DevSshSessionConfig  *self,
                                     GError              **error)
{
  const struct { const char *list; const char * const *names; } others[] = {
    { "encryption-algorithms", devssh_session_config_get_encryption_algorithms (self) },
    { "mac-algorithms",        devssh_session_config_get_mac_algorithms (self) },
    { "public-key-algorithms", devssh_session_config_get_public_key_algorithms (self) },
  };
  const char * const *kex = devssh_session_config_get_key_exchange_algorithms (self);

  if (kex[0] != NULL && !devssh_session_config_is_only_none (kex))
    return TRUE;

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    for (guint j = 0; others[i].names[j] != NULL; j++)
      if (!g_str_equal (others[i].names[j], DEVSSH_ALGORITHM_NONE))
        return devssh_session_config_wrong (error, "%s has '%s', but there is no key exchange that could give it keys",
                                            others[i].list, others[i].names[j]);
  return TRUE;
}

static gboolean
devssh_session_config_check_extensions (DevSshSessionConfig  *self,
                                        GError              **error)
{
  const char * const *names = devssh_session_config_get_protocol_extensions (self);

  if (!devssh_session_config_check_names ("protocol-extensions", names, NULL, MAX_EXTENSIONS, error))
    return FALSE;

  /* The reconnect token is made with the session id and the key of a MAC (protocol.md 3.5); there is neither. */
  if (devssh_session_config_is_no_security (self) &&
      g_strv_contains (names, DEVSSH_EXTENSION_SESSION_RECONNECT))
    return devssh_session_config_wrong (error, "protocol-extensions has '%s', which needs a key exchange",
                                        DEVSSH_EXTENSION_SESSION_RECONNECT);
  return TRUE;
}

/**
 * devssh_session_config_validate:
 * @self: a configuration
 * @error: return location for an error
 *
 * Finds out whether a session could work with @self. Making a session does
 * the same, before anything is sent.
 *
 * Returns: %TRUE; %FALSE and %DEVSSH_ERROR_INVALID_CONFIG, with a text that
 *   names what is wrong
 *
 * Since: 1.0
 */
gboolean
devssh_session_config_validate (DevSshSessionConfig  *self,
                                GError              **error)
{
  static const char * const methods[] = {
    DEVSSH_AUTH_METHOD_NONE, DEVSSH_AUTH_METHOD_PASSWORD, DEVSSH_AUTH_METHOD_PUBLIC_KEY,
    DEVSSH_AUTH_METHOD_KEYBOARD_INTERACTIVE, DEVSSH_AUTH_METHOD_HOST_BASED, NULL
  };
  const char * const *compressions;
  guint window;

  g_return_val_if_fail (DEVSSH_IS_SESSION_CONFIG (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!devssh_session_config_check_mixture (self, error) ||
      !devssh_session_config_check_algorithms (self, "key-exchange-algorithms",
                                               devssh_session_config_get_key_exchange_algorithms (self),
                                               devssh_kex_algorithm_names, error) ||
      !devssh_session_config_check_algorithms (self, "public-key-algorithms",
                                               devssh_session_config_get_public_key_algorithms (self),
                                               devssh_signature_algorithm_names, error) ||
      !devssh_session_config_check_algorithms (self, "encryption-algorithms",
                                               devssh_session_config_get_encryption_algorithms (self),
                                               devssh_cipher_algorithm_names, error) ||
      !devssh_session_config_check_algorithms (self, "mac-algorithms",
                                               devssh_session_config_get_mac_algorithms (self),
                                               devssh_mac_algorithm_names, error) ||
      !devssh_session_config_check_names ("authentication-methods",
                                          devssh_session_config_get_authentication_methods (self),
                                          methods, MAX_NAMES, error) ||
      !devssh_session_config_check_extensions (self, error))
    return FALSE;

  compressions = devssh_session_config_get_compression_algorithms (self);
  if (!devssh_session_config_is_only_none (compressions))
    return devssh_session_config_wrong (error, "compression-algorithms has %s%s%s: it can only be 'none'",
                                        compressions[0] != NULL ? "'" : "",
                                        compressions[0] != NULL ? compressions[0] : "nothing",
                                        compressions[0] != NULL ? "'" : "");

  window = devssh_session_config_get_max_channel_window_size (self);
  if (window != 0 && window < DEVSSH_DEFAULT_MAX_PACKET_SIZE)
    return devssh_session_config_wrong (error, "max-channel-window-size is %u, less than one packet of %d bytes",
                                        window, DEVSSH_DEFAULT_MAX_PACKET_SIZE);
  return TRUE;
}

/* ---- what the engines get ---- */

static char **
devssh_session_config_dup_list (const char * const *names)
{
  return g_strdupv ((char **) names);
}

/* A peer acts on what EXT_INFO says, so it names what the engines do and nothing else (RFC 8308, 2.5). */
static char **
devssh_session_config_dup_extensions (DevSshSessionConfig *self)
{
  static const char * const known[] = {
    DEVSSH_EXTENSION_SERVER_SIGNATURE_ALGORITHMS, DEVSSH_EXTENSION_OPEN_CHANNEL_REQUEST,
    DEVSSH_EXTENSION_SESSION_RECONNECT, NULL
  };
  const char * const *names = devssh_session_config_get_protocol_extensions (self);
  gboolean reconnect = g_strv_contains (names, DEVSSH_EXTENSION_SESSION_RECONNECT);
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();

  /* A latency travels in the trailers that come with reconnect. */
  for (guint i = 0; names[i] != NULL; i++)
    if (g_strv_contains (known, names[i]) || !g_str_has_suffix (names[i], "@microsoft.com") ||
        (reconnect && g_str_equal (names[i], DEVSSH_EXTENSION_SESSION_LATENCY)))
      g_strv_builder_add (builder, names[i]);
  return g_strv_builder_end (builder);
}

static gint64
devssh_session_config_get_time (gpointer context)
{
  return devssh_context_get_time (context);
}

DevSshTransportConfig *
devssh_session_config_make_transport (DevSshSessionConfig *self,
                                      gboolean             is_server,
                                      DevSshContext       *context)
{
  DevSshTransportConfig *made = devssh_transport_config_new (is_server, devssh_context_get_buffer_pool (context));

  made->kex_algorithms = devssh_session_config_dup_list (devssh_session_config_get_key_exchange_algorithms (self));
  made->key_algorithms = devssh_session_config_dup_list (devssh_session_config_get_public_key_algorithms (self));
  made->ciphers = devssh_session_config_dup_list (devssh_session_config_get_encryption_algorithms (self));
  made->macs = devssh_session_config_dup_list (devssh_session_config_get_mac_algorithms (self));
  made->compressions = devssh_session_config_dup_list (devssh_session_config_get_compression_algorithms (self));
  made->extensions = devssh_session_config_dup_extensions (self);
  made->max_cached_messages = devssh_session_config_get_max_reconnect_message_cache_size (self);
  made->get_time = devssh_session_config_get_time;
  made->clock = context;
  made->guess = !is_server && devssh_session_config_get_enable_key_exchange_guess (self);
  made->rekey_bytes = devssh_session_config_get_key_rotation_threshold (self);
  made->kex_timeout = devssh_session_config_get_key_exchange_timeout (self) * G_TIME_SPAN_SECOND;
  return made;
}

DevSshConnectionConfig *
devssh_session_config_make_connection (DevSshSessionConfig *self,
                                       DevSshContext       *context)
{
  DevSshConnectionConfig *made = devssh_connection_config_new (context);
  guint window = devssh_session_config_get_max_channel_window_size (self);

  /* A size that the application has set is a promise: it neither starts lower nor grows (design D4). */
  if (window != 0)
    made->initial_window = made->max_window = window;
  made->max_channels = devssh_session_config_get_max_channels (self);
  made->max_unaccepted = devssh_session_config_get_max_unaccepted_channels (self);
  made->first_requests = g_strv_contains (devssh_session_config_get_protocol_extensions (self),
                                          DEVSSH_EXTENSION_OPEN_CHANNEL_REQUEST);
  return made;
}

DevSshAuthServerConfig *
devssh_session_config_make_auth_server (DevSshSessionConfig *self)
{
  DevSshAuthServerConfig *made = g_new0 (DevSshAuthServerConfig, 1);

  made->methods = devssh_session_config_dup_list (devssh_session_config_get_authentication_methods (self));
  made->key_algorithms = devssh_session_config_dup_list (devssh_session_config_get_public_key_algorithms (self));
  made->max_attempts = devssh_session_config_get_max_client_authentication_attempts (self);
  return made;
}

DevSshAuthClientConfig *
devssh_session_config_make_auth_client (DevSshSessionConfig *self)
{
  DevSshAuthClientConfig *made = g_new0 (DevSshAuthClientConfig, 1);

  made->methods = devssh_session_config_dup_list (devssh_session_config_get_authentication_methods (self));
  made->key_algorithms = devssh_session_config_dup_list (devssh_session_config_get_public_key_algorithms (self));
  return made;
}

DevSshServiceRegistry *
devssh_session_config_make_registry (DevSshSessionConfig *self)
{
  g_autoptr(GPtrArray) entries = devssh_session_config_dup_service_entries (self);

  return devssh_service_registry_new (entries);
}
