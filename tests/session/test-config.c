/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Configurations: the defaults, what is refused and in which words, copies, and what the engines get. */
#include <libdevssh/session/devssh-session-config-private.h>

#include <libdevssh/base/devssh-error.h>
#include <libdevssh/service/devssh-service.h>
#include <libdevssh/session/devssh-session-config.h>
#include <libdevssh/wire/devssh-numbers.h>
#include <string.h>

/* ---- a service of the test's own ---- */

#define TEST_TYPE_SERVICE (test_service_get_type ())
G_DECLARE_FINAL_TYPE (TestService, test_service, TEST, SERVICE, DevSshService)
struct _TestService { DevSshService parent_instance; };
G_DEFINE_FINAL_TYPE (TestService, test_service, DEVSSH_TYPE_SERVICE)
static void test_service_class_init (TestServiceClass *klass) {}
static void test_service_init (TestService *self) {}

static void
test_assert_list (const char * const *names,
                  const char         *expected)
{
  g_autofree char *joined = g_strjoinv (",", (char **) names);

  g_assert_cmpstr (joined, ==, expected);
}

/* The text has to name the culprit. */
static void
test_assert_invalid (DevSshSessionConfig *config,
                     const char          *pattern)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (devssh_session_config_validate (config, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG);
  if (!g_pattern_match_simple (pattern, error->message))
    g_error ("\"%s\" does not match \"%s\"", error->message, pattern);
}

static void
test_assert_valid (DevSshSessionConfig *config)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (devssh_session_config_validate (config, &error));
  g_assert_no_error (error);
}

/* ---- defaults ---- */

/* Design D9, in order. */
static void
test_defaults (void)
{
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new ();

  test_assert_list (devssh_session_config_get_key_exchange_algorithms (config),
                    "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,"
                    "diffie-hellman-group16-sha512,diffie-hellman-group14-sha256");
  test_assert_list (devssh_session_config_get_public_key_algorithms (config),
                    "ssh-ed25519,rsa-sha2-512,rsa-sha2-256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp256");
  test_assert_list (devssh_session_config_get_encryption_algorithms (config),
                    "aes256-gcm@openssh.com,aes128-gcm@openssh.com,chacha20-poly1305@openssh.com,aes256-ctr");
  test_assert_list (devssh_session_config_get_mac_algorithms (config),
                    "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256,hmac-sha2-512");
  test_assert_list (devssh_session_config_get_compression_algorithms (config), "none");
  test_assert_list (devssh_session_config_get_protocol_extensions (config),
                    "server-sig-algs,open-channel-request@microsoft.com");
  test_assert_list (devssh_session_config_get_authentication_methods (config),
                    "none,password,publickey,keyboard-interactive");

  g_assert_false (devssh_session_config_get_trace_channel_data (config));
  g_assert_cmpint (devssh_session_config_get_max_client_authentication_attempts (config), ==, 5);
  g_assert_false (devssh_session_config_get_enable_key_exchange_guess (config));
  g_assert_cmpuint (devssh_session_config_get_keepalive_interval (config), ==, 0);
  g_assert_cmpuint (devssh_session_config_get_max_missed_keepalives (config), ==, 0);
  g_assert_cmpuint (devssh_session_config_get_key_rotation_threshold (config), ==, 536870912);
  g_assert_cmpuint (devssh_session_config_get_max_reconnect_message_cache_size (config), ==, 0);
  g_assert_cmpuint (devssh_session_config_get_max_channel_window_size (config), ==, 0);
  g_assert_cmpuint (devssh_session_config_get_max_unaccepted_channels (config), ==, 0);
  g_assert_cmpuint (devssh_session_config_get_max_channels (config), ==, 1000);
  g_assert_cmpuint (devssh_session_config_get_key_exchange_timeout (config), ==, 60);
  test_assert_valid (config);
}

static void
test_reconnect (void)
{
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new_with_reconnect ();

  test_assert_list (devssh_session_config_get_protocol_extensions (config),
                    "server-sig-algs,open-channel-request@microsoft.com,"
                    "session-reconnect@microsoft.com,session-latency@microsoft.com");
  test_assert_valid (config);
}

static void
test_no_security (void)
{
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new_no_security ();

  test_assert_list (devssh_session_config_get_key_exchange_algorithms (config), "none");
  test_assert_list (devssh_session_config_get_public_key_algorithms (config), "none");
  test_assert_list (devssh_session_config_get_encryption_algorithms (config), "none");
  test_assert_list (devssh_session_config_get_mac_algorithms (config), "none");
  g_assert_true (devssh_session_config_is_no_security (config));
  test_assert_valid (config);
}

/* T-19: no CBC unless asked for. Names on demand are known. */
static void
test_on_demand (void)
{
  static const char * const kex[] = { "ecdh-sha2-nistp521", NULL };
  static const char * const keys[] = { "ecdsa-sha2-nistp521", NULL };
  static const char * const ciphers[] = { "aes128-ctr", "aes256-cbc", NULL };
  static const char * const methods[] = { "hostbased", NULL };
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new ();

  g_assert_false (g_strv_contains (devssh_session_config_get_encryption_algorithms (config), "aes256-cbc"));
  devssh_session_config_set_key_exchange_algorithms (config, kex);
  devssh_session_config_set_public_key_algorithms (config, keys);
  devssh_session_config_set_encryption_algorithms (config, ciphers);
  devssh_session_config_set_authentication_methods (config, methods);
  test_assert_valid (config);
}

/* ---- what is refused ---- */

typedef void (*SetList) (DevSshSessionConfig *config, const char * const *names);

static const struct { const char *name; SetList set; const char *unknown; } lists[] = {
  { "key-exchange-algorithms", devssh_session_config_set_key_exchange_algorithms, "diffie-hellman-group1-sha1" },
  { "public-key-algorithms", devssh_session_config_set_public_key_algorithms, "ssh-rsa" },
  { "encryption-algorithms", devssh_session_config_set_encryption_algorithms, "3des-cbc" },
  { "mac-algorithms", devssh_session_config_set_mac_algorithms, "hmac-sha1" },
};

static void
test_unknown_names (void)
{
  static const char * const methods[] = { "gssapi-with-mic", NULL };
  static const char * const zlib[] = { "zlib@openssh.com", "none", NULL };
  g_autoptr(DevSshSessionConfig) config = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      g_autoptr(DevSshSessionConfig) wrong = devssh_session_config_new ();
      const char *names[] = { lists[i].unknown, NULL };
      g_autofree char *pattern = g_strdup_printf ("%s has '%s'*", lists[i].name, lists[i].unknown);

      lists[i].set (wrong, names);
      test_assert_invalid (wrong, pattern);
    }

  config = devssh_session_config_new ();
  devssh_session_config_set_authentication_methods (config, methods);
  test_assert_invalid (config, "authentication-methods has 'gssapi-with-mic'*");

  g_clear_object (&config);
  config = devssh_session_config_new ();
  devssh_session_config_set_compression_algorithms (config, zlib);
  test_assert_invalid (config, "compression-algorithms has 'zlib@openssh.com'*");
}

static void
test_empty_lists (void)
{
  static const char * const nothing[] = { NULL };

  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      g_autoptr(DevSshSessionConfig) config = devssh_session_config_new ();
      g_autofree char *pattern = g_strdup_printf ("%s*", i == 0 ? "encryption-algorithms has" : lists[i].name);

      lists[i].set (config, i % 2 == 0 ? nothing : NULL);
      test_assert_invalid (config, pattern);
    }
}

/* T-25: each list that mixes, in both kinds of configuration. */
static void
test_none_does_not_mix (void)
{
  static const char * const only_none[] = { "none", NULL };

  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      g_autoptr(DevSshSessionConfig) secure = devssh_session_config_new ();
      g_autoptr(DevSshSessionConfig) insecure = devssh_session_config_new_no_security ();
      g_autoptr(DevSshSessionConfig) model = devssh_session_config_new ();
      g_autofree char *pattern = g_strdup_printf ("%s has '*", lists[i].name);
      g_auto(GStrv) real = NULL;
      g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
      g_auto(GStrv) mixed = NULL;

      g_object_get (model, lists[i].name, &real, NULL);
      g_strv_builder_addv (builder, (const char **) real);
      g_strv_builder_add (builder, "none");
      mixed = g_strv_builder_end (builder);

      lists[i].set (secure, (const char * const *) mixed);
      test_assert_invalid (secure, pattern);
      lists[i].set (secure, only_none);
      test_assert_invalid (secure, i == 0 ? "encryption-algorithms has 'aes256-gcm@openssh.com'*no key exchange*" : pattern);

      lists[i].set (insecure, (const char * const *) real);
      test_assert_invalid (insecure, i == 0 ? "key-exchange-algorithms has '*" : pattern);
      lists[i].set (insecure, (const char * const *) mixed);
      test_assert_invalid (insecure, pattern);
    }
}

/* All lists "none" is not enough: it has to be meant. */
static void
test_none_by_hand (void)
{
  static const char * const only_none[] = { "none", NULL };
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new ();

  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    lists[i].set (config, only_none);
  test_assert_invalid (config, "key-exchange-algorithms has 'none'*new_no_security*");
}

static void
test_reconnect_needs_keys (void)
{
  static const char * const names[] = { DEVSSH_EXTENSION_SESSION_RECONNECT, NULL };
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new_no_security ();

  devssh_session_config_set_protocol_extensions (config, names);
  test_assert_invalid (config, "protocol-extensions has 'session-reconnect@microsoft.com'*");
}

static void
test_names (void)
{
  g_autofree char *long_name = g_strnfill (65, 'x');
  g_autofree char *longest = g_strnfill (64, 'x');
  const char *wrong[][2] = {
    { long_name, "*65 bytes*" }, { "", "*0 bytes*" }, { "a,b", "*0x2c*" }, { "a b", "*0x20*" }, { "\xc3\xa4", "*0xc3*" },
  };
  static const char * const twice[] = { "a@b", "c@d", "a@b", NULL };
  const char *right[] = { longest, "own@example.org", NULL };
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new ();

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      const char *names[] = { wrong[i][0], NULL };

      devssh_session_config_set_protocol_extensions (config, names);
      test_assert_invalid (config, wrong[i][1]);
    }
  devssh_session_config_set_protocol_extensions (config, twice);
  test_assert_invalid (config, "protocol-extensions has 'a@b' twice");
  devssh_session_config_set_protocol_extensions (config, right);
  test_assert_valid (config);
}

static void
test_window (void)
{
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new ();

  devssh_session_config_set_max_channel_window_size (config, 32767);
  test_assert_invalid (config, "max-channel-window-size is 32767*");
  devssh_session_config_set_max_channel_window_size (config, 32768);
  test_assert_valid (config);
}

/* ---- copies ---- */

static gboolean
test_handler (DevSshSession  *session,
              GBytes         *payload,
              gpointer        user_data,
              GError        **error)
{
  return TRUE;
}

static void
test_count_cb (gpointer user_data)
{
  ++*(guint *) user_data;
}

static void
test_copy (void)
{
  static const char * const rules[] = { "channel-type:test", NULL };
  static const char * const ctr[] = { "aes256-ctr", NULL };
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new_with_reconnect ();
  g_autoptr(DevSshSessionConfig) copy = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree GParamSpec **properties = NULL;
  DevSshServiceRegistry *registry;
  guint n_properties, destroyed = 0;

  g_object_set (config, "trace-channel-data", TRUE, "max-client-authentication-attempts", 2,
                "enable-key-exchange-guess", TRUE, "keepalive-interval", 3u, "max-missed-keepalives", 8u,
                "key-rotation-threshold", (guint64) 4096, "max-reconnect-message-cache-size", 4u,
                "max-channel-window-size", 65536u, "max-unaccepted-channels", 5u, "max-channels", 6u,
                "key-exchange-timeout", 7u, NULL);
  g_assert_true (devssh_session_config_add_service (config, TEST_TYPE_SERVICE, "test", rules, NULL, &error));
  g_assert_true (devssh_session_config_set_message_handler (config, 200, test_handler, &destroyed, test_count_cb, &error));
  g_assert_no_error (error);
  copy = devssh_session_config_copy (config);

  /* Every property, also one that comes later. */
  properties = g_object_class_list_properties (G_OBJECT_GET_CLASS (config), &n_properties);
  g_assert_cmpuint (n_properties, ==, 18);
  for (guint i = 0; i < n_properties; i++)
    {
      g_auto(GValue) ours = G_VALUE_INIT;
      g_auto(GValue) theirs = G_VALUE_INIT;

      g_object_get_property (G_OBJECT (config), properties[i]->name, &ours);
      g_object_get_property (G_OBJECT (copy), properties[i]->name, &theirs);
      if (G_VALUE_HOLDS (&ours, G_TYPE_STRV))
        {
          g_assert_true (g_strv_equal (g_value_get_boxed (&ours), g_value_get_boxed (&theirs)));
          g_assert_true (g_value_get_boxed (&ours) != g_value_get_boxed (&theirs));
        }
      else
        {
          g_assert_false (g_param_value_defaults (properties[i], &ours));
          g_assert_cmpint (g_param_values_cmp (properties[i], &ours, &theirs), ==, 0);
        }
    }

  /* Later changes do not reach it. */
  devssh_session_config_set_encryption_algorithms (config, ctr);
  devssh_session_config_set_max_channels (config, 60);
  g_assert_true (devssh_session_config_set_message_handler (config, 200, NULL, NULL, NULL, NULL));
  g_assert_cmpuint (devssh_session_config_get_max_channels (copy), ==, 6);
  g_assert_cmpstr (devssh_session_config_get_encryption_algorithms (copy)[0], ==, "aes256-gcm@openssh.com");
  g_assert_null (devssh_session_config_get_message_handler (config, 200));
  g_assert_cmpuint (destroyed, ==, 0);
  g_assert_true (devssh_session_config_get_message_handler (copy, 200)->handler == test_handler);
  g_clear_object (&config);

  registry = devssh_session_config_make_registry (copy);
  g_assert_nonnull (devssh_service_registry_for_channel_type (registry, "test"));
  g_assert_null (devssh_service_registry_for_channel_type (registry, "other"));
  devssh_service_registry_free (registry);

  g_clear_object (&copy);
  g_assert_cmpuint (destroyed, ==, 1);
}

static void
test_copies_no_security (void)
{
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new_no_security ();
  g_autoptr(DevSshSessionConfig) copy = devssh_session_config_copy (config);

  g_assert_true (devssh_session_config_is_no_security (copy));
  test_assert_valid (copy);
}

static void
test_defaults_are_independent (void)
{
  static const char * const ctr[] = { "aes256-ctr", NULL };
  g_autoptr(DevSshSessionConfig) one = devssh_session_config_new ();
  g_autoptr(DevSshSessionConfig) other = devssh_session_config_new ();

  devssh_session_config_set_encryption_algorithms (one, ctr);
  g_assert_cmpuint (g_strv_length ((char **) devssh_session_config_get_encryption_algorithms (other)), ==, 4);
}

static void
test_notify (void)
{
  static const char * const ctr[] = { "aes256-ctr", NULL };
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new ();
  guint changes = 0;

  g_signal_connect_swapped (config, "notify", G_CALLBACK (test_count_cb), &changes);
  devssh_session_config_set_encryption_algorithms (config, ctr);
  devssh_session_config_set_encryption_algorithms (config, ctr);
  devssh_session_config_set_keepalive_interval (config, 5);
  devssh_session_config_set_keepalive_interval (config, 5);
  devssh_session_config_set_trace_channel_data (config, 7);
  devssh_session_config_set_trace_channel_data (config, TRUE);
  devssh_session_config_set_key_rotation_threshold (config, 9);
  devssh_session_config_set_key_rotation_threshold (config, 9);
  g_assert_cmpuint (changes, ==, 4);
}

/* ---- services, plugins, handlers ---- */

static void
test_services (void)
{
  static const char * const rules[] = { "channel-type:test", NULL };
  static const char * const wrong_rules[] = { "channel-tpye:test", NULL };
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new ();
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) entries = NULL;

  g_assert_false (devssh_session_config_add_service (config, G_TYPE_OBJECT, "x", rules, NULL, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG);
  g_clear_error (&error);
  g_assert_false (devssh_session_config_add_service (config, DEVSSH_TYPE_SERVICE, "x", rules, NULL, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG);
  g_clear_error (&error);
  g_assert_false (devssh_session_config_add_service (config, TEST_TYPE_SERVICE, "x", wrong_rules, NULL, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG);
  g_clear_error (&error);

  g_assert_true (devssh_session_config_add_service (config, TEST_TYPE_SERVICE, NULL, rules, NULL, &error));
  g_assert_false (devssh_session_config_add_service (config, TEST_TYPE_SERVICE, "TestService", rules, NULL, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG);
  g_assert_nonnull (strstr (error->message, "'TestService'"));

  /* D8: no plugin unless allowed. */
  entries = devssh_session_config_dup_service_entries (config);
  g_assert_cmpuint (entries->len, ==, 1);
}

/* T-83 */
static void
test_plugin_directories (void)
{
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new ();
  g_autoptr(GError) error = NULL;

  g_assert_false (devssh_session_config_add_plugin_directory (config, "plugins", &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG);
  g_assert_true (devssh_session_config_add_plugin_directory (config, "/nonexistent/plugins", NULL));
}

static void
test_message_handlers (void)
{
  static const guint known[] = { 0, 1, 2, 3, 4, 5, 6, 7, 20, 21, 30, 31, 50, 51, 52, 53, 60, 61, 80, 81, 82, 90, 94, 100, 256, 1000 };
  static const guint unknown[] = { 8, 22, 32, 101, 127, 128, 192, 255 };
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new ();
  guint destroyed = 0;

  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_false (devssh_session_config_set_message_handler (config, known[i], test_handler, &destroyed,
                                                                 test_count_cb, &error));
      g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG);
      g_assert_cmpuint (destroyed, ==, i + 1);
    }

  destroyed = 0;
  for (guint i = 0; i < G_N_ELEMENTS (unknown); i++)
    {
      g_assert_true (devssh_session_config_set_message_handler (config, unknown[i], test_handler, &destroyed,
                                                                test_count_cb, NULL));
      g_assert_nonnull (devssh_session_config_get_message_handler (config, unknown[i]));
    }
  /* Set again, the former one goes. */
  g_assert_true (devssh_session_config_set_message_handler (config, 192, test_handler, NULL, NULL, NULL));
  g_assert_cmpuint (destroyed, ==, 1);
  g_assert_null (devssh_session_config_get_message_handler (config, 193));
}

/* ---- for the engines ---- */

static void
test_engines (void)
{
  static const char * const latency[] = { "session-latency@microsoft.com", "own@example.org", NULL };
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new ();
  g_autoptr(DevSshContext) context = devssh_context_ref_thread_default ();
  DevSshTransportConfig *transport;
  DevSshAuthServerConfig *auth_server;
  DevSshAuthClientConfig *auth_client;

  devssh_session_config_set_protocol_extensions (config, latency);
  devssh_session_config_set_key_rotation_threshold (config, 4096);
  devssh_session_config_set_key_exchange_timeout (config, 3);
  devssh_session_config_set_enable_key_exchange_guess (config, TRUE);
  devssh_session_config_set_max_client_authentication_attempts (config, 2);

  transport = devssh_session_config_make_transport (config, FALSE, context);
  g_assert_cmpuint (transport->rekey_bytes, ==, 4096);
  g_assert_cmpint (transport->kex_timeout, ==, 3 * G_TIME_SPAN_SECOND);
  g_assert_true (transport->guess);
  /* Latency without reconnect is nothing. */
  test_assert_list ((const char * const *) transport->extensions, "own@example.org");
  test_assert_list ((const char * const *) transport->compressions, "none");
  g_assert_cmpstr (transport->kex_algorithms[0], ==, "curve25519-sha256");
  devssh_transport_config_free (transport);

  /* A server cannot guess: it speaks second where it matters. */
  transport = devssh_session_config_make_transport (config, TRUE, context);
  g_assert_false (transport->guess);
  devssh_transport_config_free (transport);

  auth_server = devssh_session_config_make_auth_server (config);
  g_assert_cmpint (auth_server->max_attempts, ==, 2);
  g_assert_cmpstr (auth_server->key_algorithms[0], ==, "ssh-ed25519");
  devssh_auth_server_config_free (auth_server);
  auth_client = devssh_session_config_make_auth_client (config);
  test_assert_list ((const char * const *) auth_client->methods, "none,password,publickey,keyboard-interactive");
  devssh_auth_client_config_free (auth_client);
}

/* Nobody is connected: only for reading what was made. */
static void
test_no_send (DevSshOutbox *outbox,
              const guint8 *payload,
              gsize         length)
{
}

static void
test_windows (void)
{
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new ();
  g_autoptr(DevSshContext) context = devssh_context_ref_thread_default ();
  DevSshOutbox outbox = { test_no_send };
  DevSshConnectionConfig *made;

  made = devssh_session_config_make_connection (config, context);
  g_assert_cmpuint (made->initial_window, ==, 1024 * 1024);
  g_assert_cmpuint (made->max_window, ==, 16 * 1024 * 1024);
  g_assert_cmpuint (made->max_unaccepted, ==, 0);
  devssh_connection_free (devssh_connection_new (made, &outbox));

  devssh_session_config_set_max_channel_window_size (config, 65536);
  devssh_session_config_set_max_channels (config, 7);
  devssh_session_config_set_max_unaccepted_channels (config, 8);
  made = devssh_session_config_make_connection (config, context);
  g_assert_cmpuint (made->initial_window, ==, 65536);
  g_assert_cmpuint (made->max_window, ==, 65536);
  g_assert_cmpuint (made->max_channels, ==, 7);
  g_assert_cmpuint (made->max_unaccepted, ==, 8);
  devssh_connection_free (devssh_connection_new (made, &outbox));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/session/config/defaults/T-68", test_defaults);
  g_test_add_func ("/session/config/reconnect", test_reconnect);
  g_test_add_func ("/session/config/no-security", test_no_security);
  g_test_add_func ("/session/config/T-19/on-demand", test_on_demand);
  g_test_add_func ("/session/config/unknown-names/T-68", test_unknown_names);
  g_test_add_func ("/session/config/empty-lists", test_empty_lists);
  g_test_add_func ("/session/config/T-25/none-does-not-mix", test_none_does_not_mix);
  g_test_add_func ("/session/config/T-25/none-by-hand", test_none_by_hand);
  g_test_add_func ("/session/config/T-25/reconnect-needs-keys", test_reconnect_needs_keys);
  g_test_add_func ("/session/config/names", test_names);
  g_test_add_func ("/session/config/window", test_window);
  g_test_add_func ("/session/config/copy", test_copy);
  g_test_add_func ("/session/config/copies-no-security", test_copies_no_security);
  g_test_add_func ("/session/config/defaults-are-independent", test_defaults_are_independent);
  g_test_add_func ("/session/config/notify", test_notify);
  g_test_add_func ("/session/config/services", test_services);
  g_test_add_func ("/session/config/T-83/plugin-directories", test_plugin_directories);
  g_test_add_func ("/session/config/message-handlers/E-06", test_message_handlers);
  g_test_add_func ("/session/config/engines", test_engines);
  g_test_add_func ("/session/config/windows", test_windows);

  return g_test_run ();
}
