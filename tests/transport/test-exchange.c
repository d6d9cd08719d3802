/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be wrong in a key exchange: guesses, public values, host keys and signatures. */
#include "test-peer.h"

#include <string.h>

#define EXCHANGE DEVSSH_DISCONNECT_REASON_KEY_EXCHANGE_FAILED
#define HOST_KEY DEVSSH_DISCONNECT_REASON_HOST_KEY_NOT_VERIFIABLE

/* ---- T-26: guesses ---- */

typedef struct
{
  const char *name;
  const char *client_kex, *server_kex;
  const char *client_keys, *server_keys;
  gboolean    is_dev_tunnels;   /* the peer */
  gboolean    counts;           /* is the guess taken? */
} GuessCase;

static const GuessCase guess_cases[] = {
  { "right", "curve25519-sha256,ecdh-sha2-nistp256", "curve25519-sha256", "ssh-ed25519",
    "ssh-ed25519", FALSE, TRUE },
  { "right/dev-tunnels", "curve25519-sha256,ecdh-sha2-nistp256", "curve25519-sha256", "ssh-ed25519",
    "ssh-ed25519", TRUE, TRUE },
  { "wrong", "curve25519-sha256,ecdh-sha2-nistp256", "ecdh-sha2-nistp256", "ssh-ed25519",
    "ssh-ed25519", FALSE, FALSE },
  { "wrong/dev-tunnels", "curve25519-sha256,ecdh-sha2-nistp256", "ecdh-sha2-nistp256",
    "ssh-ed25519", "ssh-ed25519", TRUE, FALSE },
  /* The first name is agreed on, but it is not the server's first: RFC 4253, 7 says wrong. */
  { "order", "curve25519-sha256,ecdh-sha2-nistp256", "ecdh-sha2-nistp256,curve25519-sha256",
    "ssh-ed25519", "ssh-ed25519", FALSE, FALSE },
  { "order/dev-tunnels", "curve25519-sha256,ecdh-sha2-nistp256",
    "ecdh-sha2-nistp256,curve25519-sha256", "ssh-ed25519", "ssh-ed25519", TRUE, TRUE },
  /* So it does if the host keys differ. */
  { "host-key", "curve25519-sha256", "curve25519-sha256", "rsa-sha2-512,ssh-ed25519", "ssh-ed25519",
    FALSE, FALSE },
  { "host-key/dev-tunnels", "curve25519-sha256", "curve25519-sha256", "rsa-sha2-512,ssh-ed25519",
    "ssh-ed25519", TRUE, TRUE },
};

static TestPeer *
guess_peer (const GuessCase *c,
            gboolean         is_server,
            gboolean         strict)
{
  DevSshTransportConfig *config = test_config_new (is_server);
  TestPeer *peer;

  test_config_set (&config->kex_algorithms, is_server ? c->server_kex : c->client_kex);
  test_config_set (&config->key_algorithms, is_server ? c->server_keys : c->client_keys);
  config->guess = TRUE;
  peer = test_peer_new (config);
  test_config_set (&peer->config->kex_algorithms, is_server ? c->client_kex : c->server_kex);
  test_config_set (&peer->config->key_algorithms, is_server ? c->client_keys : c->server_keys);
  peer->no_strict = !strict;
  if (c->is_dev_tunnels)
    {
      g_free (peer->version);
      peer->version = g_strdup ("SSH-2.0-dev-tunnels-ssh_3.12");
    }
  test_peer_send_version (peer);
  test_peer_read_version (peer);

  return peer;
}

/* The transport is the server; the peer guesses. */
static void
guess_as_server (const GuessCase *c,
                 gboolean         strict)
{
  g_autoptr(TestPeer) peer = guess_peer (c, TRUE, strict);
  const DevSshKexAlgorithm *guessed = devssh_kex_algorithm_find ("curve25519-sha256");
  g_autoptr(DevSshKex) guess = devssh_kex_new (guessed);
  DevSshKexDhInitMessage message;
  DEVSSH_WRITER_AUTO (writer);

  peer->follows = TRUE;
  test_peer_send_init (peer);
  message.public_value.data = devssh_kex_get_public (guess, &message.public_value.length);
  devssh_kexdh_init_message_encode (&message, &writer);
  test_peer_send (peer, writer.data, writer.length);
  test_peer_read_init (peer);

  if (c->counts)
    {
      peer->ephemeral = g_steal_pointer (&guess);
    }
  else
    {
      test_peer_expect_nothing (peer);
      test_peer_send_dh (peer);
    }
  test_peer_read_dh (peer);
  test_peer_send_newkeys (peer);
  test_peer_read_newkeys (peer);
  g_assert_true (devssh_transport_is_encrypted (peer->end.transport));
}

/* The transport is the client and guesses. */
static void
guess_as_client (const GuessCase *c,
                 gboolean         strict)
{
  g_autoptr(TestPeer) peer = guess_peer (c, FALSE, strict);
  g_autoptr(GBytes) guess = NULL;

  test_peer_send_init (peer);
  test_peer_read_init (peer);
  guess = test_peer_expect (peer, DEVSSH_MESSAGE_KEXDH_INIT);

  if (c->counts)
    {
      g_auto(DevSshKexDhInitMessage) message = { { NULL, 0 } };

      devssh_kexdh_init_message_decode (&message, g_bytes_get_data (guess, NULL),
                                        g_bytes_get_size (guess), NULL);
      peer->peer_public = g_bytes_new (message.public_value.data, message.public_value.length);
      test_peer_expect_nothing (peer);
    }
  else
    {
      /* A fresh one. */
      test_peer_read_dh (peer);
    }
  test_peer_send_dh (peer);
  test_peer_send_newkeys (peer);
  test_peer_read_newkeys (peer);
  g_assert_true (devssh_transport_is_encrypted (peer->end.transport));
}

static void
test_exchange_guess (gconstpointer data)
{
  for (guint strict = 0; strict < 2; strict++)
    {
      guess_as_server (data, strict);
      guess_as_client (data, strict);
    }
}

/* A wrong guess is not looked into, whatever it is; exactly one is dropped. */
static void
test_exchange_guess_malformed (void)
{
  static const guint8 numbers[] = { 30, 31, 32, 34, 49 };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    for (guint n = 1; n <= 2; n++)
      {
        g_autoptr(TestPeer) peer = guess_peer (&guess_cases[2], TRUE, TRUE);
        const guint8 bytes[] = { numbers[i], 0xff, 0xff };

        peer->follows = TRUE;
        test_peer_send_init (peer);
        test_peer_read_init (peer);
        for (guint k = 0; k < n; k++)
          test_peer_send (peer, bytes, sizeof bytes);
        if (n == 2)
          {
            test_peer_expect_fatal (peer, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
            continue;
          }
        test_peer_expect_nothing (peer);
        test_peer_send_dh (peer);
        test_peer_read_dh (peer);
        test_peer_send_newkeys (peer);
        test_peer_read_newkeys (peer);
      }

  /* A right one is looked into. */
  {
    g_autoptr(TestPeer) peer = guess_peer (&guess_cases[0], TRUE, TRUE);
    static const guint8 bytes[] = { 30, 0xff };

    peer->follows = TRUE;
    test_peer_send_init (peer);
    test_peer_read_init (peer);
    test_peer_send (peer, bytes, sizeof bytes);
    test_peer_expect_fatal (peer, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
  }
}

/* Two of ours, the guess right and wrong; and no guess in a rekey. */
static void
test_exchange_guess_pair (gconstpointer data)
{
  DevSshTransportConfig *client = test_config_new (FALSE), *server = test_config_new (TRUE);
  g_autoptr(TestPair) pair = NULL;

  client->guess = TRUE;
  test_config_set (&client->kex_algorithms, "curve25519-sha256,ecdh-sha2-nistp256");
  test_config_set (&server->kex_algorithms, data);
  pair = test_pair_new (client, server);
  test_pair_open (pair);
  devssh_transport_rekey (pair->client.transport, pair->now);
  test_pair_run (pair);
  g_assert_cmpuint (devssh_transport_get_kex_count (pair->server.transport), ==, 2);
}

/* ---- T-27: public values ---- */

typedef struct
{
  const char *kex;
  const char *name;
  const char *hex;    /* "p", "p-1", "p+1": of the group */
} ValueCase;

static const ValueCase value_cases[] = {
  { "diffie-hellman-group14-sha256", "empty", "" },
  { "diffie-hellman-group14-sha256", "0", "00" },
  { "diffie-hellman-group14-sha256", "1", "01" },
  { "diffie-hellman-group14-sha256", "negative", "ff" },
  { "diffie-hellman-group14-sha256", "p-1", "p-1" },
  { "diffie-hellman-group14-sha256", "p", "p" },
  { "diffie-hellman-group14-sha256", "p+1", "p+1" },
  { "ecdh-sha2-nistp256", "empty", "" },
  { "ecdh-sha2-nistp256", "infinity", "00" },
  { "ecdh-sha2-nistp256", "short", "0401" },
  { "ecdh-sha2-nistp256", "1,1",
    "04" "0000000000000000000000000000000000000000000000000000000000000001"
    "0000000000000000000000000000000000000000000000000000000000000001" },
  { "ecdh-sha2-nistp256", "x-too-large",
    "04" "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
    "0000000000000000000000000000000000000000000000000000000000000001" },
  /* The base point, compressed. */
  { "ecdh-sha2-nistp256", "compressed",
    "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296" },
  { "curve25519-sha256", "empty", "" },
  { "curve25519-sha256", "short",
    "0900000000000000000000000000000000000000000000000000000000000000" + 2 },
  { "curve25519-sha256", "long",
    "090000000000000000000000000000000000000000000000000000000000000000" },
  { "curve25519-sha256", "0", "0000000000000000000000000000000000000000000000000000000000000000" },
  { "curve25519-sha256", "1", "0100000000000000000000000000000000000000000000000000000000000000" },
  { "curve25519-sha256", "order-8",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800" },
  { "curve25519-sha256", "order-8-other",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157" },
  { "curve25519-sha256", "p-1",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f" },
  { "curve25519-sha256", "p", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f" },
};

/* RFC 3526, 3 */
static const char group14[] =
  "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22"
  "514a08798e3404ddef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6"
  "f44c42e9a637ed6b0bff5cb6f406b7edee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3d"
  "c2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb"
  "9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3be39e772c180e8603"
  "9b2783a2ec07a28fb5c55df06f4c52c9de2bcbf6955817183995497cea956ae515d2261898fa0510"
  "15728e5a8aacaa68ffffffffffffffff";

static GBytes *
unhex (const char *hex)
{
  GByteArray *bytes = g_byte_array_new ();

  for (const char *p = hex; *p != '\0'; p += 2)
    {
      guint8 byte = g_ascii_xdigit_value (p[0]) << 4 | g_ascii_xdigit_value (p[1]);

      g_byte_array_append (bytes, &byte, 1);
    }

  return g_byte_array_free_to_bytes (bytes);
}

static GBytes *
make_value (const ValueCase *c)
{
  GByteArray *bytes;
  guint8 zero = 0;

  if (c->hex[0] != 'p')
    return unhex (c->hex);

  bytes = g_bytes_unref_to_array (unhex (group14));
  g_byte_array_prepend (bytes, &zero, 1);
  if (g_str_equal (c->hex, "p-1"))
    bytes->data[bytes->len - 1]--;
  else if (g_str_equal (c->hex, "p+1"))
    {
      for (guint i = bytes->len; i > 0 && ++bytes->data[i - 1] == 0; i--)
        ;
    }

  return g_byte_array_free_to_bytes (bytes);
}

static void
test_exchange_public_value (gconstpointer data)
{
  const ValueCase *c = data;

  for (guint server = 0; server < 2; server++)
    {
      DevSshTransportConfig *config = test_config_new (server);
      g_autoptr(TestPeer) peer = NULL;

      test_config_set (&config->kex_algorithms, c->kex);
      peer = test_peer_new (config);
      peer->faults.public_value = make_value (c);
      test_peer_send_version (peer);
      test_peer_read_version (peer);
      test_peer_send_init (peer);
      test_peer_read_init (peer);
      if (peer->is_server)
        test_peer_read_dh (peer);
      test_peer_send_dh (peer);
      test_peer_expect_fatal (peer, EXCHANGE);
    }
}

/* ---- T-24, T-28: who signs, and with what ---- */

static void
run_signature (const char       *algorithms,
               const char       *host_key,
               const TestFaults *faults,
               guint32           reason)
{
  DevSshTransportConfig *config = test_config_new (FALSE);
  g_autoptr(TestPeer) peer = NULL;

  test_config_set (&config->key_algorithms, algorithms);
  peer = test_peer_new (config);
  test_config_set (&peer->config->key_algorithms, algorithms);
  test_config_set_host_key (peer->config, test_host_key (host_key));
  peer->faults = *faults;
  test_peer_send_version (peer);
  test_peer_read_version (peer);
  if (reason == 0)
    {
      test_peer_exchange (peer);
      g_assert_true (devssh_transport_is_encrypted (peer->end.transport));
      return;
    }

  test_peer_send_init (peer);
  test_peer_read_init (peer);
  test_peer_read_dh (peer);
  test_peer_send_dh (peer);
  test_peer_expect_fatal (peer, reason);
  /* Nobody was asked, and no key was ever used. */
  g_assert_cmpuint (peer->end.n_host_keys, ==, 0);
  g_assert_false (devssh_transport_is_encrypted (peer->end.transport));
  g_assert_null (devssh_transport_get_session_id (peer->end.transport));
}

static void
test_exchange_signature_good (void)
{
  const TestFaults faults = { NULL };

  for (guint i = 0; devssh_signature_algorithm_names[i] != NULL; i++)
    run_signature (devssh_signature_algorithm_names[i], devssh_signature_algorithm_names[i],
                   &faults, 0);
}

static void
test_exchange_signature_bad (void)
{
  const TestFaults bad = { .bad_signature = TRUE };
  const TestFaults trailing = { .trailing = TRUE };

  for (guint i = 0; devssh_signature_algorithm_names[i] != NULL; i++)
    {
      const char *name = devssh_signature_algorithm_names[i];

      run_signature (name, name, &bad, HOST_KEY);
      run_signature (name, name, &trailing, HOST_KEY);
    }
}

/* The blob must name what was agreed on, and the signature must be that. */
static void
test_exchange_signature_name (void)
{
  const TestFaults other = { .signature_name = "rsa-sha2-256" };
  const TestFaults renamed = { .signature_name = "rsa-sha2-256", .blob_name = "rsa-sha2-512" };
  const TestFaults blob_only = { .blob_name = "rsa-sha2-256" };
  const TestFaults sha1 = { .blob_name = "ssh-rsa" };
  const TestFaults ed = { .blob_name = "ecdsa-sha2-nistp256" };

  run_signature ("rsa-sha2-512", "rsa-sha2-512", &other, HOST_KEY);
  run_signature ("rsa-sha2-512", "rsa-sha2-512", &renamed, HOST_KEY);
  run_signature ("rsa-sha2-512", "rsa-sha2-512", &blob_only, HOST_KEY);
  run_signature ("rsa-sha2-512", "rsa-sha2-512", &sha1, HOST_KEY);
  run_signature ("ssh-ed25519", "ssh-ed25519", &ed, HOST_KEY);
}

/* A key that is another than the one that signed, of another type, or none. */
static void
test_exchange_host_key (void)
{
  g_autoptr(DevSshKeyPair) stranger = devssh_key_pair_generate (DEVSSH_ALGORITHM_KEY_ED25519, 0,
                                                                NULL);
  TestFaults faults = { NULL };

  faults.host_key = devssh_key_pair_get_public_blob (stranger);
  run_signature ("ssh-ed25519", "ssh-ed25519", &faults, HOST_KEY);
  faults.host_key = devssh_key_pair_get_public_blob (test_host_key ("ecdsa-sha2-nistp256"));
  run_signature ("ssh-ed25519", "ssh-ed25519", &faults, HOST_KEY);
  faults.host_key = g_bytes_new_static ("", 0);
  run_signature ("ssh-ed25519", "ssh-ed25519", &faults, HOST_KEY);
  faults.host_key = g_bytes_new_static ("\0\0\0\013ssh-ed25519\0\0\0\1x", 20);
  run_signature ("ssh-ed25519", "ssh-ed25519", &faults, HOST_KEY);
}

/* The signature agrees with itself, but a key of another type than agreed on was used for it. */
static void
test_exchange_host_key_type (void)
{
  DevSshTransportConfig *config = test_config_new (FALSE);
  g_autoptr(TestPeer) peer = NULL;

  test_config_set (&config->key_algorithms, "ssh-ed25519,ecdsa-sha2-nistp256");
  peer = test_peer_new (config);
  peer->faults.signature_name = "ecdsa-sha2-nistp256";
  test_peer_send_version (peer);
  test_peer_read_version (peer);
  test_peer_send_init (peer);
  test_peer_read_init (peer);
  test_peer_read_dh (peer);
  test_config_set_host_key (peer->config, test_host_key ("ecdsa-sha2-nistp256"));
  test_peer_send_dh (peer);
  test_peer_expect_fatal (peer, HOST_KEY);
}

/* Whoever changes the offer on the way is found out, for it is in the hash (T-24). */
static void
test_exchange_offer_changed (void)
{
  g_autoptr(TestPeer) peer = test_peer_new (test_config_new (FALSE));
  GByteArray *other;

  test_peer_send_version (peer);
  test_peer_read_version (peer);
  test_peer_send_init (peer);
  test_peer_read_init (peer);
  other = g_bytes_unref_to_array (g_steal_pointer (&peer->their_init));
  other->data[5] ^= 1;
  peer->their_init = g_byte_array_free_to_bytes (other);
  test_peer_read_dh (peer);
  test_peer_send_dh (peer);
  test_peer_expect_fatal (peer, HOST_KEY);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (guess_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/transport/exchange/guess/T-26/", guess_cases[i].name,
                                           NULL);

      g_test_add_data_func (path, &guess_cases[i], test_exchange_guess);
    }
  g_test_add_func ("/transport/exchange/guess/T-26/malformed", test_exchange_guess_malformed);
  g_test_add_data_func ("/transport/exchange/guess/pair/right", "curve25519-sha256",
                        test_exchange_guess_pair);
  g_test_add_data_func ("/transport/exchange/guess/pair/wrong", "ecdh-sha2-nistp256",
                        test_exchange_guess_pair);
  g_test_add_data_func ("/transport/exchange/guess/pair/order",
                        "ecdh-sha2-nistp256,curve25519-sha256",
                        test_exchange_guess_pair);
  for (guint i = 0; i < G_N_ELEMENTS (value_cases); i++)
    {
      const ValueCase *c = &value_cases[i];
      g_autofree char *path = g_strconcat ("/transport/exchange/public-value/T-27/", c->kex, "/",
                                           c->name, NULL);

      g_test_add_data_func (path, c, test_exchange_public_value);
    }
  g_test_add_func ("/transport/exchange/signature/good", test_exchange_signature_good);
  g_test_add_func ("/transport/exchange/signature/bad/T-28", test_exchange_signature_bad);
  g_test_add_func ("/transport/exchange/signature/name/T-24", test_exchange_signature_name);
  g_test_add_func ("/transport/exchange/host-key/T-28", test_exchange_host_key);
  g_test_add_func ("/transport/exchange/host-key-type/T-24", test_exchange_host_key_type);
  g_test_add_func ("/transport/exchange/offer-changed/T-24", test_exchange_offer_changed);

  return g_test_run ();
}
