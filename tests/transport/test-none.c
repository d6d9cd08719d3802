/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sessions without security: the C# form, "none" beside real algorithms, and whom it must not reach
 * (T-25). */
#include "test-peer.h"

#include <string.h>

#define EXCHANGE DEVSSH_DISCONNECT_REASON_KEY_EXCHANGE_FAILED
#define PROTOCOL DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR

static DevSshTransportConfig *
config_new (gboolean    is_server,
            const char *kex)
{
  DevSshTransportConfig *config = test_config_new (is_server);

  test_config_set (&config->kex_algorithms, kex);
  if (g_str_equal (kex, "none"))
    {
      test_config_set (&config->key_algorithms, "none");
      test_config_set (&config->ciphers, "none");
      test_config_set (&config->macs, "none");
    }

  return config;
}

static void
check_open (TestPair *pair)
{
  g_autofree guint8 *data = g_malloc0 (100000);

  for (TestEnd *end = &pair->client; end != NULL; end = end == &pair->client ? &pair->server : NULL)
    {
      g_assert_cmpint (devssh_transport_get_phase (end->transport), ==, DEVSSH_PHASE_OPEN);
      g_assert_true (devssh_transport_is_no_security (end->transport));
      g_assert_false (devssh_transport_is_encrypted (end->transport));
      g_assert_false (devssh_transport_in_kex (end->transport));
      g_assert_null (devssh_transport_get_session_id (end->transport));
      g_assert_null (devssh_transport_get_host_key (end->transport));
      g_assert_false (devssh_transport_have_ext_info (end->transport));
      g_assert_cmpstr (devssh_transport_get_negotiated (end->transport, DEVSSH_KEXINIT_KEX), ==,
                       "none");
      g_assert_false (devssh_transport_rekey (end->transport, pair->now));
      g_assert_true (devssh_transport_can_send_data (end->transport));
      test_send (end, 90, "open");
      test_send_data (end, data, 100000);
    }
  test_pair_run (pair);
  g_assert_true (g_str_has_suffix (pair->client.story->str, " 90 94"));
  g_assert_true (g_str_has_suffix (pair->server.story->str, " 90 94"));
  g_assert_cmpuint (g_bytes_get_size (test_last_message (&pair->client)), ==, 100009);
}

static void
test_none_pair (gconstpointer data)
{
  g_auto(GStrv) lists = g_strsplit (data, " ", 2);
  g_autoptr(TestPair) pair = test_pair_new (config_new (FALSE, lists[0]),
                                            config_new (TRUE, lists[1]));

  test_pair_start (pair);
  test_pair_run (pair);
  check_open (pair);

  /* No packet but KEXINIT, the open and the data. */
  g_assert_cmpuint (devssh_transport_get_messages_sent (pair->client.transport), ==, 3);
  g_assert_cmpuint (devssh_transport_get_messages_received (pair->client.transport), ==, 3);
  if (g_str_equal (lists[0], "none"))
    g_assert_cmpstr (pair->client.story->str, ==, " version kex-done 90 94");
  else
    g_assert_cmpstr (pair->client.story->str, ==, " version kex-started kex-done 90 94");
}

/* (c): a peer that wants security. */
static void
test_none_refused (gconstpointer data)
{
  gboolean client_none = GPOINTER_TO_INT (data);
  g_autoptr(TestPair) pair =
    test_pair_new (client_none ? config_new (FALSE, "none") : NULL,
                   client_none ? NULL : config_new (TRUE, "none"));

  test_pair_start (pair);
  test_pair_run (pair);
  g_assert_cmpuint (pair->client.reason, ==, EXCHANGE);
  g_assert_cmpuint (pair->server.reason, ==, EXCHANGE);
}

/* Exactly the bytes of the C# and TypeScript libraries. */
static void
test_none_init (void)
{
  static const char lists[] =
    "\0\0\0\4none\0\0\0\4none\0\0\0\4none\0\0\0\4none"
    "\0\0\0\4none\0\0\0\4none\0\0\0\4none\0\0\0\4none"
    "\0\0\0\0\0\0\0\0" "\0" "\0\0\0\0";
  g_autoptr(TestPeer) peer = test_peer_new (config_new (FALSE, "none"));
  g_autoptr(GBytes) init = NULL;
  const guint8 *bytes;
  gsize length = 0;

  test_peer_read_version (peer);
  init = test_peer_expect (peer, DEVSSH_MESSAGE_KEXINIT);
  bytes = g_bytes_get_data (init, &length);
  for (guint i = 1; i <= 16; i++)
    g_assert_cmpuint (bytes[i], ==, 0);
  g_assert_cmpmem (bytes + 17, length - 17, lists, sizeof lists - 1);
}

/* (b): beside real algorithms the other lists have it, too. */
static void
test_none_beside_init (void)
{
  g_autoptr(TestPeer) peer = test_peer_new (config_new (TRUE, "curve25519-sha256,none"));
  g_auto(DevSshKexInitMessage) message = { { 0 } };

  test_peer_read_version (peer);
  peer->their_init = test_peer_expect (peer, DEVSSH_MESSAGE_KEXINIT);
  g_assert_true (devssh_kexinit_message_decode (&message, g_bytes_get_data (peer->their_init, NULL),
                                                g_bytes_get_size (peer->their_init), NULL));
  for (guint i = 0; i < DEVSSH_KEXINIT_LANGUAGE_C2S; i++)
    g_assert_true (devssh_name_list_contains ((const char * const *) message.lists[i], "none"));
}

/* A secure offer has it nowhere but as compression. */
static void
test_none_secure_init (void)
{
  DevSshTransportConfig *config = test_config_new (FALSE);
  g_autoptr(TestPeer) peer = NULL;
  g_auto(DevSshKexInitMessage) message = { { 0 } };

  /* Not even if the lists say so. */
  test_config_set (&config->ciphers, "none,aes256-ctr");
  test_config_set (&config->macs, "hmac-sha2-256,none");
  test_config_set (&config->key_algorithms, "none,ssh-ed25519");
  peer = test_peer_new (config);
  test_peer_read_version (peer);
  peer->their_init = test_peer_expect (peer, DEVSSH_MESSAGE_KEXINIT);
  g_assert_true (devssh_kexinit_message_decode (&message, g_bytes_get_data (peer->their_init, NULL),
                                                g_bytes_get_size (peer->their_init), NULL));
  for (guint i = 0; i < DEVSSH_KEXINIT_COMPRESSION_C2S; i++)
    g_assert_false (devssh_name_list_contains ((const char * const *) message.lists[i], "none"));
  /* T-19: and no CBC by default. */
  for (guint i = DEVSSH_KEXINIT_CIPHER_C2S; i <= DEVSSH_KEXINIT_CIPHER_S2C; i++)
    g_assert_false (devssh_name_list_contains ((const char * const *) message.lists[i],
                                               "aes256-cbc"));
}

static void
send_init (TestPeer   *peer,
           const char *kex,
           const char *others,
           gboolean    follows)
{
  g_auto(DevSshKexInitMessage) message = { { 0 } };
  DEVSSH_WRITER_AUTO (writer);

  for (guint i = 0; i < DEVSSH_KEXINIT_N_LISTS; i++)
    message.lists[i] = g_strsplit (i == 0 ? kex : i < DEVSSH_KEXINIT_LANGUAGE_C2S ? others : "",
                                   ",", -1);
  message.first_kex_packet_follows = follows;
  devssh_kexinit_message_encode (&message, &writer);
  test_peer_send (peer, writer.data, writer.length);
}

/* T-25: a peer that offers only "none", or a real exchange and then no cipher, MAC or key. */
static void
test_none_offered (void)
{
  for (guint server = 0; server < 2; server++)
    {
      static const char * const offers[][2] = {
        { "none", "none" },
        { "curve25519-sha256", "none" },
        { "curve25519-sha256,none", "none" },
        { "none,curve25519-sha256", "none" },
      };

      for (guint i = 0; i < G_N_ELEMENTS (offers); i++)
        {
          g_autoptr(TestPeer) peer = test_peer_new (test_config_new (server));

          test_peer_send_version (peer);
          send_init (peer, offers[i][0], offers[i][1], FALSE);
          test_peer_expect_fatal (peer, EXCHANGE);
        }

      /* Who has "none" beside real algorithms takes it for all or for nothing. */
      {
        g_autoptr(TestPeer) peer = test_peer_new (config_new (server, "curve25519-sha256,none"));

        test_peer_send_version (peer);
        send_init (peer, "curve25519-sha256", "ssh-ed25519,none", FALSE);
        test_peer_expect_fatal (peer, EXCHANGE);
      }
    }
}

/* (a): connected without the peer's KEXINIT; it may come late, once, and must have "none". */
static void
test_none_late_init (void)
{
  for (guint server = 0; server < 2; server++)
    {
      g_autoptr(TestPeer) peer = test_peer_new (config_new (server, "none"));

      test_peer_send_version (peer);
      g_assert_cmpstr (peer->end.story->str, ==, " version kex-done");
      g_assert_cmpint (devssh_transport_get_phase (peer->end.transport), ==, DEVSSH_PHASE_OPEN);
      test_peer_send_number (peer, 90);
      g_assert_cmpstr (peer->end.story->str, ==, " version kex-done 90");

      /* A Go client: the guess that may follow is dropped, once. */
      send_init (peer, "curve25519-sha256,none,ext-info-c", "aes256-ctr,none", TRUE);
      test_peer_send_number (peer, 30);
      test_peer_send_number (peer, 90);
      g_assert_cmpstr (peer->end.story->str, ==, " version kex-done 90 90");
      send_init (peer, "none", "none", FALSE);
      test_peer_expect_fatal (peer, PROTOCOL);
    }

  {
    g_autoptr(TestPeer) peer = test_peer_new (config_new (TRUE, "none"));

    test_peer_send_version (peer);
    send_init (peer, "curve25519-sha256,ext-info-c", "none", FALSE);
    test_peer_expect_fatal (peer, EXCHANGE);
  }
}

/* The guess of a client whose exchange came to nothing is dropped. */
static void
test_none_beside_guess (void)
{
  g_autoptr(TestPeer) peer = test_peer_new (config_new (TRUE, "none"));
  g_autoptr(TestPeer) mixed = test_peer_new (config_new (TRUE, "ecdh-sha2-nistp256,none"));

  for (guint i = 0; i < 2; i++)
    {
      TestPeer *p = i == 0 ? peer : mixed;

      test_peer_send_version (p);
      send_init (p, "curve25519-sha256,none", "none", TRUE);
      test_peer_send_number (p, 30);
      test_peer_send_number (p, 90);
      g_assert_true (g_str_has_suffix (p->end.story->str, " kex-done 90"));
      test_peer_send_number (p, 30);
      test_peer_expect_fatal (p, PROTOCOL);
    }
}

static void
test_none_forbidden (void)
{
  static const guint8 numbers[] = { 21, 30, 31, 51, 52, 53, 60 };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autoptr(TestPeer) peer = test_peer_new (config_new (TRUE, "none"));

      test_peer_send_version (peer);
      send_init (peer, "none", "none", FALSE);
      test_peer_send_number (peer, numbers[i]);
      test_peer_expect_fatal (peer, PROTOCOL);
    }
}

/* The Go library's alignment stays so for the whole session, and so does the larger limit. */
static void
test_none_alignment (void)
{
  g_autoptr(TestPeer) peer = test_peer_new (config_new (TRUE, "none"));
  g_autofree guint8 *packet = g_malloc0 (4 + 200000);

  test_peer_send_version (peer);
  packet[1] = 200000 >> 16;
  packet[2] = (200000 >> 8) & 0xff;
  packet[3] = 200000 & 0xff;
  packet[4] = 4;
  packet[5] = 94;
  test_peer_write (peer, packet, 4 + 200000);
  g_assert_cmpstr (peer->end.story->str, ==, " version kex-done 94");
  g_assert_cmpuint (g_bytes_get_size (test_last_message (&peer->end)), ==, 200000 - 5);
}

/* What was sent before anybody was there goes out in order. */
static void
test_none_early (void)
{
  g_autoptr(TestPair) pair = test_pair_new (config_new (FALSE, "curve25519-sha256,none"),
                                            config_new (TRUE, "none"));

  test_pair_start (pair);
  test_send (&pair->client, 80, "held");
  test_send (&pair->server, 80, "at once");
  g_assert_cmpuint (devssh_transport_get_held (pair->client.transport), >, 0);
  g_assert_cmpuint (devssh_transport_get_held (pair->server.transport), ==, 0);
  test_pair_run (pair);
  g_assert_cmpstr (pair->client.story->str, ==, " version kex-started kex-done 80");
  g_assert_cmpstr (pair->server.story->str, ==, " version kex-done 80");
}

/* The limits of keys do not end a session that has none. */
static void
test_none_no_rekey (void)
{
  DevSshTransportConfig *client = config_new (FALSE, "none"), *server = config_new (TRUE, "none");
  g_autoptr(TestPair) pair = NULL;

  client->rekey_packets = server->rekey_packets = 5;
  client->stop_packets = server->stop_packets = 10;
  client->rekey_bytes = server->rekey_bytes = 1;
  pair = test_pair_new (client, server);
  test_pair_start (pair);
  for (guint i = 0; i < 100; i++)
    test_send (&pair->client, 80, "x");
  test_pair_run (pair);
  g_assert_cmpuint (pair->server.messages->len, ==, 100);
  g_assert_cmpint (pair->server.last, ==, DEVSSH_TRANSPORT_NEED_INPUT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_data_func ("/transport/none/pair/both", "none none", test_none_pair);
  g_test_add_data_func ("/transport/none/pair/client/E-11", "none curve25519-sha256,none",
                        test_none_pair);
  g_test_add_data_func ("/transport/none/pair/server/E-11", "curve25519-sha256,none none",
                        test_none_pair);
  g_test_add_data_func ("/transport/none/pair/by-choice/E-11",
                        "none,curve25519-sha256 curve25519-sha256,none", test_none_pair);
  g_test_add_data_func ("/transport/none/refused/client", GINT_TO_POINTER (TRUE),
                        test_none_refused);
  g_test_add_data_func ("/transport/none/refused/server", GINT_TO_POINTER (FALSE),
                        test_none_refused);
  g_test_add_func ("/transport/none/init", test_none_init);
  g_test_add_func ("/transport/none/beside-init", test_none_beside_init);
  g_test_add_func ("/transport/none/secure-init/T-19/T-25", test_none_secure_init);
  g_test_add_func ("/transport/none/offered/T-25", test_none_offered);
  g_test_add_func ("/transport/none/late-init", test_none_late_init);
  g_test_add_func ("/transport/none/beside-guess/T-26", test_none_beside_guess);
  g_test_add_func ("/transport/none/forbidden/T-21", test_none_forbidden);
  g_test_add_func ("/transport/none/alignment/T-10", test_none_alignment);
  g_test_add_func ("/transport/none/early", test_none_early);
  g_test_add_func ("/transport/none/no-rekey/T-20", test_none_no_rekey);

  return g_test_run ();
}
