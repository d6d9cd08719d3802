/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole handshakes of two transports: every algorithm, both roles, and what each end is told. */
#include "test-ends.h"

#include <string.h>
#include <libdevssh/crypto/devssh-algorithms-private.h>

static void
test_handshake_default (void)
{
  g_autoptr(TestPair) pair = test_pair_new (NULL, NULL);
  TestEnd *client = &pair->client, *server = &pair->server;
  g_autoptr(DevSshVersion) local = devssh_version_get_local ();

  g_assert_null (devssh_transport_get_remote_version (client->transport));
  g_assert_null (devssh_transport_get_session_id (client->transport));
  g_assert_null (devssh_transport_get_negotiated (client->transport, DEVSSH_KEXINIT_KEX));

  test_pair_handshake (pair);

  /* The host key is told before the exchange is done, and does not hold it up. */
  g_assert_cmpstr (client->story->str, ==, " version kex-started host-key kex-done ext-info");
  g_assert_cmpstr (server->story->str, ==, " version kex-started kex-done ext-info");

  for (TestEnd *end = client; end != NULL; end = end == client ? server : NULL)
    {
      DevSshTransport *transport = end->transport;

      g_assert_cmpstr (devssh_version_to_string (devssh_transport_get_remote_version (transport)),
                       ==,
                       devssh_version_to_string (local));
      g_assert_true (devssh_transport_is_encrypted (transport));
      g_assert_false (devssh_transport_is_no_security (transport));
      g_assert_true (devssh_transport_get_strict (transport));
      g_assert_cmpint (devssh_transport_get_phase (transport), ==, DEVSSH_PHASE_SERVICE);
      g_assert_cmpuint (devssh_transport_get_kex_count (transport), ==, 1);
      g_assert_cmpint (devssh_transport_get_deadline (transport), ==, 0);
      g_assert_cmpstr (devssh_transport_get_negotiated (transport, DEVSSH_KEXINIT_KEX), ==,
                       "curve25519-sha256");
      g_assert_cmpstr (devssh_transport_get_negotiated (transport, DEVSSH_KEXINIT_HOST_KEY), ==,
                       "ssh-ed25519");
      g_assert_cmpstr (devssh_transport_get_negotiated (transport, DEVSSH_KEXINIT_CIPHER_C2S), ==,
                       "aes256-gcm@openssh.com");
      g_assert_cmpstr (devssh_transport_get_negotiated (transport, DEVSSH_KEXINIT_MAC_S2C), ==,
                       "hmac-sha2-256-etm@openssh.com");
      g_assert_cmpstr (devssh_transport_get_negotiated (transport, DEVSSH_KEXINIT_COMPRESSION_S2C),
                       ==, "none");
      g_assert_true (devssh_key_pair_equal (devssh_transport_get_host_key (transport),
                                            test_host_key (DEVSSH_ALGORITHM_KEY_ED25519)));
      g_assert_true (devssh_transport_has_extension (transport,
                                                     DEVSSH_EXTENSION_OPEN_CHANNEL_REQUEST));
      g_assert_false (devssh_transport_has_extension (transport,
                                                      DEVSSH_EXTENSION_SESSION_RECONNECT));
    }

  g_assert_true (devssh_secret_equal (devssh_transport_get_session_id (client->transport),
                                      devssh_transport_get_session_id (server->transport)->data,
                                      devssh_transport_get_session_id (server->transport)->length));

  /* KEXINIT, DH, NEWKEYS, EXT_INFO each way; strict exchange began the packet numbers anew. */
  g_assert_cmpuint (devssh_transport_get_messages_sent (client->transport), ==, 4);
  g_assert_cmpuint (devssh_transport_get_messages_received (client->transport), ==, 4);
  g_assert_cmpuint (devssh_transport_get_send_sequence (client->transport), ==, 1);
  g_assert_cmpuint (devssh_transport_get_receive_sequence (client->transport), ==, 1);
}

static void
test_handshake_metrics (void)
{
  g_autoptr(TestPair) pair = test_pair_new (NULL, NULL);

  test_pair_handshake (pair);

  /* The version line counts as a message. */
  g_assert_cmpuint (pair->client.metrics->now.messages_sent, ==, 5);
  g_assert_cmpuint (pair->client.metrics->now.messages_received, ==, 5);
  g_assert_cmpuint (pair->client.metrics->now.bytes_sent, ==, pair->client.wire->len);
  g_assert_cmpuint (pair->client.metrics->now.bytes_received, ==, pair->server.wire->len);
  g_assert_cmpuint (pair->server.metrics->now.bytes_sent, ==, pair->server.wire->len);
  g_assert_cmpuint (pair->server.metrics->now.bytes_received, ==, pair->client.wire->len);
}

/* Messages of both kinds, small and large, both ways, and once more after a rekey. */
static void
exchange_messages (TestPair *pair)
{
  g_autofree guint8 *data = g_malloc (30000);

  for (guint i = 0; i < 30000; i++)
    data[i] = i * 7;

  for (guint round = 0; round < 2; round++)
    {
      static const gsize sizes[] = { 1, 100, 1024, 1025, 30000 };

      for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
        {
          TestEnd *ends[] = { &pair->client, &pair->server };

          for (guint e = 0; e < 2; e++)
            {
              gsize length = 0;
              const guint8 *got;

              test_send (ends[e], 80, "request");
              test_send_data (ends[e], data, sizes[i]);
              test_pair_run (pair);
              got = g_bytes_get_data (test_last_message (ends[1 - e]), &length);
              g_assert_cmpmem (got + 9, length - 9, data, sizes[i]);
            }
        }

      if (round == 0)
        g_assert_true (devssh_transport_rekey (pair->client.transport, pair->now));
      test_pair_run (pair);
    }

  g_assert_cmpuint (pair->client.messages->len, ==, 20);
  g_assert_cmpuint (devssh_transport_get_kex_count (pair->server.transport), ==, 2);
  g_assert_cmpstr (pair->client.text, ==, NULL);
  g_assert_cmpstr (pair->server.text, ==, NULL);
}

typedef struct
{
  const char *kex, *host_key, *cipher, *mac;
} Choice;

static void
run_choice (const Choice *choice)
{
  DevSshTransportConfig *configs[2] = { test_config_new (FALSE), test_config_new (TRUE) };
  g_autoptr(TestPair) pair = NULL;

  for (guint i = 0; i < 2; i++)
    {
      test_config_set (&configs[i]->kex_algorithms, choice->kex);
      test_config_set (&configs[i]->key_algorithms, choice->host_key);
      test_config_set (&configs[i]->ciphers, choice->cipher);
      test_config_set (&configs[i]->macs, choice->mac);
    }
  test_config_set_host_key (configs[1], test_host_key (choice->host_key));

  pair = test_pair_new (configs[0], configs[1]);
  test_pair_open (pair);
  g_assert_cmpstr (devssh_transport_get_negotiated (pair->client.transport, DEVSSH_KEXINIT_KEX), ==,
                   choice->kex);
  g_assert_cmpstr (devssh_transport_get_negotiated (pair->client.transport,
                                                    DEVSSH_KEXINIT_HOST_KEY), ==, choice->host_key);
  g_assert_cmpstr (devssh_transport_get_negotiated (pair->server.transport,
                                                    DEVSSH_KEXINIT_CIPHER_S2C), ==, choice->cipher);
  g_assert_cmpstr (devssh_transport_get_negotiated (pair->server.transport, DEVSSH_KEXINIT_MAC_C2S),
                   ==, choice->mac);
  exchange_messages (pair);
}

static void
test_handshake_kex (gconstpointer data)
{
  const Choice choice = { data, "ssh-ed25519", "aes256-gcm@openssh.com", "hmac-sha2-256" };

  run_choice (&choice);
}

static void
test_handshake_host_key (gconstpointer data)
{
  const Choice choice = { "curve25519-sha256", data, "aes128-gcm@openssh.com", "hmac-sha2-256" };

  run_choice (&choice);
}

static void
test_handshake_protection (gconstpointer data)
{
  g_auto(GStrv) names = g_strsplit (data, " ", 2);
  const Choice choice = { "curve25519-sha256", "ssh-ed25519", names[0], names[1] };

  run_choice (&choice);
}

/* Every exchange with every host key: hashes and signatures of all lengths meet. */
static void
test_handshake_all_pairs (void)
{
  for (guint i = 0; devssh_kex_algorithm_names[i] != NULL; i++)
    for (guint k = 0; devssh_signature_algorithm_names[k] != NULL; k++)
      {
        const Choice choice = { devssh_kex_algorithm_names[i], devssh_signature_algorithm_names[k],
                                "aes256-ctr", "hmac-sha2-512" };

        run_choice (&choice);
      }
}

/* Each direction is negotiated by itself, but our lists are the same for both; the peer's need not
 * be. So here the preferences differ and the client's win. */
static void
test_handshake_client_prefers (void)
{
  DevSshTransportConfig *client = test_config_new (FALSE), *server = test_config_new (TRUE);
  g_autoptr(TestPair) pair = NULL;

  test_config_set (&client->ciphers, "aes256-ctr,aes256-gcm@openssh.com");
  test_config_set (&server->ciphers, "aes256-gcm@openssh.com,aes256-ctr");
  test_config_set (&client->macs, "hmac-sha2-512,hmac-sha2-256");
  test_config_set (&server->macs, "hmac-sha2-256,hmac-sha2-512");
  pair = test_pair_new (client, server);
  test_pair_handshake (pair);

  g_assert_cmpstr (devssh_transport_get_negotiated (pair->server.transport,
                                                    DEVSSH_KEXINIT_CIPHER_S2C), ==, "aes256-ctr");
  g_assert_cmpstr (devssh_transport_get_negotiated (pair->server.transport, DEVSSH_KEXINIT_MAC_S2C),
                   ==, "hmac-sha2-512");
}

/* What is sent before there are keys waits for them, behind EXT_INFO, in order. */
static void
test_handshake_sends_early (void)
{
  g_autoptr(TestPair) pair = test_pair_new (NULL, NULL);

  test_pair_start (pair);
  devssh_transport_send_service_request (pair->client.transport, "ssh-userauth");
  g_assert_cmpuint (devssh_transport_get_held (pair->client.transport), >, 0);
  test_pair_run (pair);

  g_assert_cmpuint (devssh_transport_get_held (pair->client.transport), ==, 0);
  g_assert_cmpstr (pair->server.story->str, ==,
                   " version kex-started kex-done ext-info service-request");

  devssh_transport_send_service_accept (pair->server.transport, "ssh-userauth");
  test_pair_run (pair);
  g_assert_cmpstr (pair->client.story->str, ==,
                   " version kex-started host-key kex-done ext-info service-accept");
}

/* What can leave together does. */
static void
test_handshake_flights (void)
{
  g_autoptr(TestPair) pair = test_pair_new (NULL, NULL);
  guint flights = 0;

  test_pair_start (pair);
  devssh_transport_send_service_request (pair->client.transport, "ssh-userauth");

  while (strstr (pair->server.story->str, "service-request") == NULL)
    {
      g_autoptr(GBytes) from_client = test_end_take_output (&pair->client);
      g_autoptr(GBytes) from_server = test_end_take_output (&pair->server);

      test_end_feed (&pair->client, g_bytes_get_data (from_server, NULL),
                     g_bytes_get_size (from_server), pair->now);
      test_end_feed (&pair->server, g_bytes_get_data (from_client, NULL),
                     g_bytes_get_size (from_client), pair->now);
      flights++;
      g_assert_cmpuint (flights, <, 10);
    }

  /* 1: version and KEXINIT cross; 2: 30; 3: 31 + NEWKEYS + EXT_INFO; 4: NEWKEYS, EXT_INFO,
   * SERVICE_REQUEST. */
  g_assert_cmpuint (flights, ==, 4);
}

static void
test_handshake_no_common (gconstpointer data)
{
  const char *what = data;
  DevSshTransportConfig *client = test_config_new (FALSE), *server = test_config_new (TRUE);
  g_autoptr(TestPair) pair = NULL;

  if (g_str_equal (what, "kex"))
    {
      test_config_set (&client->kex_algorithms, "curve25519-sha256");
      test_config_set (&server->kex_algorithms, "ecdh-sha2-nistp256");
    }
  else if (g_str_equal (what, "host-key"))
    {
      test_config_set (&client->key_algorithms, "rsa-sha2-512");
    }
  else if (g_str_equal (what, "cipher"))
    {
      test_config_set (&client->ciphers, "aes256-ctr");
      test_config_set (&server->ciphers, "aes256-gcm@openssh.com");
    }
  else if (g_str_equal (what, "mac"))
    {
      test_config_set (&client->macs, "hmac-sha2-256");
      test_config_set (&server->macs, "hmac-sha2-512");
    }

  pair = test_pair_new (client, server);
  test_pair_start (pair);
  test_pair_run (pair);

  /* At both ends. */
  g_assert_cmpuint (pair->client.reason, ==, DEVSSH_DISCONNECT_REASON_KEY_EXCHANGE_FAILED);
  g_assert_cmpuint (pair->server.reason, ==, DEVSSH_DISCONNECT_REASON_KEY_EXCHANGE_FAILED);
  g_assert_cmpint (pair->client.last, ==, DEVSSH_TRANSPORT_END);
  g_assert_cmpint (pair->server.last, ==, DEVSSH_TRANSPORT_END);
}

/* ---- the host key of the server ---- */

static void
answer_need_host_key (TestEnd                    *end,
                      const DevSshTransportEvent *event,
                      gpointer                    data)
{
  if (event->type != DEVSSH_TRANSPORT_NEED_HOST_KEY)
    return;

  g_assert_false (devssh_key_pair_get_has_private (event->host_key));
  devssh_transport_provide_host_key (end->transport, data);
}

static void
test_handshake_need_host_key (gconstpointer data)
{
  gboolean later = GPOINTER_TO_INT (data);
  DevSshKeyPair *key = test_host_key (DEVSSH_ALGORITHM_KEY_ED25519);
  g_autoptr(DevSshKeyPair) public_half = devssh_key_pair_copy_public (key);
  DevSshTransportConfig *server = test_config_new (TRUE);
  g_autoptr(TestPair) pair = NULL;

  test_config_set_host_key (server, public_half);
  pair = test_pair_new (NULL, server);
  if (!later)
    {
      pair->server.func = answer_need_host_key;
      pair->server.data = key;
    }
  test_pair_start (pair);
  test_pair_run (pair);

  if (later)
    {
      g_assert_cmpstr (pair->server.story->str, ==, " version kex-started need-host-key");
      g_assert_true (devssh_transport_in_kex (pair->server.transport));
      devssh_transport_provide_host_key (pair->server.transport, key);
      test_pair_run (pair);
    }

  g_assert_cmpstr (pair->server.story->str, ==,
                   " version kex-started need-host-key kex-done ext-info");
  g_assert_cmpstr (pair->client.story->str, ==, " version kex-started host-key kex-done ext-info");
}

static void
test_handshake_no_host_key (gconstpointer data)
{
  const char *what = data;
  g_autoptr(DevSshKeyPair) public_half =
    devssh_key_pair_copy_public (test_host_key (DEVSSH_ALGORITHM_KEY_ED25519));
  DevSshTransportConfig *server = test_config_new (TRUE);
  g_autoptr(TestPair) pair = NULL;

  if (g_str_equal (what, "absent"))
    g_clear_pointer (&server->host_keys, g_ptr_array_unref);
  else if (g_str_equal (what, "empty"))
    test_config_set_host_key (server, NULL);
  else
    test_config_set_host_key (server, public_half);

  pair = test_pair_new (NULL, server);
  test_pair_start (pair);
  test_pair_run (pair);

  if (g_str_equal (what, "refused"))
    devssh_transport_provide_host_key (pair->server.transport, NULL);
  else if (g_str_equal (what, "public"))
    devssh_transport_provide_host_key (pair->server.transport, public_half);
  else if (g_str_equal (what, "other-type"))
    devssh_transport_provide_host_key (pair->server.transport,
                                       test_host_key ("ecdsa-sha2-nistp256"));
  test_pair_run (pair);

  g_assert_cmpuint (pair->server.reason, ==, DEVSSH_DISCONNECT_REASON_KEY_EXCHANGE_FAILED);
  g_assert_cmpuint (pair->client.reason, ==, DEVSSH_DISCONNECT_REASON_KEY_EXCHANGE_FAILED);
}

/* The server lists what it has keys for, and signs with the key that fits. */
static void
test_handshake_several_host_keys (void)
{
  static const char * const algorithms[] = { "rsa-sha2-256", "ecdsa-sha2-nistp384", "ssh-ed25519",
                                             NULL };

  for (guint i = 0; algorithms[i] != NULL; i++)
    {
      DevSshTransportConfig *client = test_config_new (FALSE), *server = test_config_new (TRUE);
      g_autoptr(TestPair) pair = NULL;

      for (guint k = 0; algorithms[k] != NULL; k++)
        g_ptr_array_add (server->host_keys, g_object_ref (test_host_key (algorithms[k])));
      test_config_set (&client->key_algorithms, algorithms[i]);

      pair = test_pair_new (client, server);
      test_pair_handshake (pair);
      g_assert_true (devssh_key_pair_equal (devssh_transport_get_host_key (pair->client.transport),
                                            test_host_key (algorithms[i])));
      g_assert_cmpstr (devssh_transport_get_negotiated (pair->client.transport,
                                                        DEVSSH_KEXINIT_HOST_KEY), ==,
                       algorithms[i]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/transport/handshake/default", test_handshake_default);
  g_test_add_func ("/transport/handshake/metrics", test_handshake_metrics);

  for (guint i = 0; devssh_kex_algorithm_names[i] != NULL; i++)
    {
      g_autofree char *path = g_strconcat ("/transport/handshake/E-08/kex/",
                                           devssh_kex_algorithm_names[i], NULL);

      g_test_add_data_func (path, devssh_kex_algorithm_names[i], test_handshake_kex);
    }
  for (guint i = 0; devssh_signature_algorithm_names[i] != NULL; i++)
    {
      g_autofree char *path = g_strconcat ("/transport/handshake/E-08/host-key/",
                                           devssh_signature_algorithm_names[i], NULL);

      g_test_add_data_func (path, devssh_signature_algorithm_names[i], test_handshake_host_key);
    }
  for (guint i = 0; devssh_cipher_algorithm_names[i] != NULL; i++)
    for (guint m = 0; devssh_mac_algorithm_names[m] != NULL; m++)
      {
        const char *cipher = devssh_cipher_algorithm_names[i], *mac = devssh_mac_algorithm_names[m];
        g_autofree char *path = g_strconcat ("/transport/handshake/E-08/protection/", cipher, "/", mac,
                                             NULL);

        g_test_add_data_func_full (path, g_strconcat (cipher, " ", mac, NULL),
                                   test_handshake_protection, g_free);
      }
  g_test_add_func ("/transport/handshake/all-pairs/E-08", test_handshake_all_pairs);
  g_test_add_func ("/transport/handshake/client-prefers/T-24", test_handshake_client_prefers);
  g_test_add_func ("/transport/handshake/sends-early", test_handshake_sends_early);
  g_test_add_func ("/transport/handshake/flights", test_handshake_flights);
  g_test_add_data_func ("/transport/handshake/no-common/kex/T-24/E-08", "kex", test_handshake_no_common);
  g_test_add_data_func ("/transport/handshake/no-common/host-key/T-24/E-08", "host-key",
                        test_handshake_no_common);
  g_test_add_data_func ("/transport/handshake/no-common/cipher/T-24/E-08", "cipher",
                        test_handshake_no_common);
  g_test_add_data_func ("/transport/handshake/no-common/mac/T-24/E-08", "mac", test_handshake_no_common);
  g_test_add_data_func ("/transport/handshake/need-host-key/at-once", GINT_TO_POINTER (FALSE),
                        test_handshake_need_host_key);
  g_test_add_data_func ("/transport/handshake/need-host-key/later", GINT_TO_POINTER (TRUE),
                        test_handshake_need_host_key);
  g_test_add_data_func ("/transport/handshake/no-host-key/absent", "absent",
                        test_handshake_no_host_key);
  g_test_add_data_func ("/transport/handshake/no-host-key/empty", "empty",
                        test_handshake_no_host_key);
  g_test_add_data_func ("/transport/handshake/no-host-key/refused", "refused",
                        test_handshake_no_host_key);
  g_test_add_data_func ("/transport/handshake/no-host-key/public", "public",
                        test_handshake_no_host_key);
  g_test_add_data_func ("/transport/handshake/no-host-key/other-type", "other-type",
                        test_handshake_no_host_key);
  g_test_add_func ("/transport/handshake/several-host-keys", test_handshake_several_host_keys);

  return g_test_run ();
}
