/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plain lists and limits for one transport. */
#include <libdevssh/transport/devssh-transport-private.h>

#define MINUTE G_GINT64_CONSTANT (60000000)

DevSshTransportConfig *
devssh_transport_config_new (gboolean          is_server,
                             DevSshBufferPool *pool)
{
  DevSshTransportConfig *config = g_new0 (DevSshTransportConfig, 1);

  config->is_server = is_server;
  config->accept_1_99 = !is_server;
  config->rekey_bytes = 512 * 1024 * 1024;
  config->rekey_packets = G_GUINT64_CONSTANT (1) << 31;
  config->stop_packets = (G_GUINT64_CONSTANT (1) << 32) - (1 << 16);
  config->kex_timeout = MINUTE;
  config->max_packet_clear = 35000;
  config->max_packet = 262144;
  config->max_held = 1024 * 1024;
  config->max_cached_control = 1024 * 1024;
  config->max_cached_data = 64 * 1024 * 1024;
  config->max_output = 1024 * 1024;
  config->pool = devssh_buffer_pool_ref (pool);

  return config;
}

/* Safe and fast first; what is left out here is there on demand. */
const char * const devssh_default_kex_algorithms[] = {
  DEVSSH_ALGORITHM_KEX_CURVE25519_SHA256,
  DEVSSH_ALGORITHM_KEX_CURVE25519_SHA256_LIBSSH,
  DEVSSH_ALGORITHM_KEX_ECDH_NISTP256,
  DEVSSH_ALGORITHM_KEX_ECDH_NISTP384,
  DEVSSH_ALGORITHM_KEX_DH_GROUP16_SHA512,
  DEVSSH_ALGORITHM_KEX_DH_GROUP14_SHA256,
  NULL
};

const char * const devssh_default_key_algorithms[] = {
  DEVSSH_ALGORITHM_KEY_ED25519,
  DEVSSH_ALGORITHM_KEY_RSA_SHA2_512,
  DEVSSH_ALGORITHM_KEY_RSA_SHA2_256,
  DEVSSH_ALGORITHM_KEY_ECDSA_NISTP384,
  DEVSSH_ALGORITHM_KEY_ECDSA_NISTP256,
  NULL
};

const char * const devssh_default_ciphers[] = {
  DEVSSH_ALGORITHM_CIPHER_AES256_GCM,
  DEVSSH_ALGORITHM_CIPHER_AES128_GCM,
  DEVSSH_ALGORITHM_CIPHER_CHACHA20_POLY1305,
  DEVSSH_ALGORITHM_CIPHER_AES256_CTR,
  NULL
};

const char * const devssh_default_macs[] = {
  DEVSSH_ALGORITHM_MAC_HMAC_SHA2_256_ETM,
  DEVSSH_ALGORITHM_MAC_HMAC_SHA2_512_ETM,
  DEVSSH_ALGORITHM_MAC_HMAC_SHA2_256,
  DEVSSH_ALGORITHM_MAC_HMAC_SHA2_512,
  NULL
};

const char * const devssh_default_compressions[] = { DEVSSH_ALGORITHM_NONE, NULL };

static void
use_default (char               ***list,
             const char * const   *names)
{
  if (*list == NULL)
    *list = g_strdupv ((char **) names);
}

void
devssh_transport_config_use_defaults (DevSshTransportConfig *config)
{
  static const char * const extensions[] = {
    DEVSSH_EXTENSION_SERVER_SIGNATURE_ALGORITHMS,
    DEVSSH_EXTENSION_OPEN_CHANNEL_REQUEST,
    NULL
  };

  use_default (&config->kex_algorithms, devssh_default_kex_algorithms);
  use_default (&config->key_algorithms, devssh_default_key_algorithms);
  use_default (&config->ciphers, devssh_default_ciphers);
  use_default (&config->macs, devssh_default_macs);
  use_default (&config->compressions, devssh_default_compressions);
  use_default (&config->extensions, extensions);
}

void
devssh_transport_config_free (DevSshTransportConfig *config)
{
  if (config == NULL)
    return;

  g_strfreev (config->kex_algorithms);
  g_strfreev (config->key_algorithms);
  g_strfreev (config->ciphers);
  g_strfreev (config->macs);
  g_strfreev (config->compressions);
  g_strfreev (config->extensions);
  g_clear_pointer (&config->host_keys, g_ptr_array_unref);
  g_clear_object (&config->metrics);
  g_clear_pointer (&config->tracer, devssh_tracer_unref);
  devssh_buffer_pool_unref (config->pool);
  g_free (config);
}
