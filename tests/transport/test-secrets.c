/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared secrets and keys are nowhere in memory once they are done with: after a rekey the old ones, after the end all. */
#include "test-ends.h"

#include "../test-search-memory.h"

#include <libdevssh/crypto/devssh-crypto-private.h>
#include <libdevssh/transport/devssh-transport-state-private.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

/* A piece out of the middle: allocators write over the beginning of what is freed. */
#define PIECE 16

typedef struct
{
  const char *kex, *cipher, *mac;
} Suite;

static const Suite suites[] = {
  { "curve25519-sha256", "aes256-gcm@openssh.com", "hmac-sha2-256" },
  { "ecdh-sha2-nistp256", "chacha20-poly1305@openssh.com", "hmac-sha2-256" },
  { "ecdh-sha2-nistp384", "aes256-ctr", "hmac-sha2-512" },
  { "ecdh-sha2-nistp521", "aes256-ctr", "hmac-sha2-256-etm@openssh.com" },
  { "diffie-hellman-group14-sha256", "aes256-cbc", "hmac-sha2-256" },
  { "diffie-hellman-group16-sha512", "aes256-cbc", "hmac-sha2-512-etm@openssh.com" },
};

/* What is secret about one exchange, masked. */
typedef struct
{
  const char *name;
  guint8      masked[PIECE];
} Piece;

typedef struct
{
  Piece pieces[8];
  guint n_pieces;
  guint n_of_exchange;    /* of these; behind them are keys */
} Secrets;

static void
keep (Secrets      *self,
      const char   *name,
      const guint8 *data,
      gsize         length)
{
  Piece *piece = &self->pieces[self->n_pieces++];

  g_assert_cmpuint (self->n_pieces, <=, G_N_ELEMENTS (self->pieces));
  g_assert_cmpuint (length, >=, 2 * PIECE);
  piece->name = name;
  for (guint i = 0; i < PIECE; i++)
    piece->masked[i] = data[PIECE / 2 + i] ^ TEST_SEARCH_MASK;
}

/* Only a key that is no number: with those OpenSSL itself leaves copies on the heap, in scratch that it frees. Read by parameter,
 * for the other way makes a copy, too. */
static void
keep_ephemeral (Secrets    *self,
                const char *name,
                DevSshKex  *kex)
{
  guint8 bytes[32] = { 0 };
  size_t length = 0;

  if (EVP_PKEY_is_a (kex->pkey, "X25519"))
    {
      g_assert_cmpint (EVP_PKEY_get_octet_string_param (kex->pkey, OSSL_PKEY_PARAM_PRIV_KEY, bytes, sizeof bytes, &length), ==, 1);
      keep (self, name, bytes, length);
    }
  explicit_bzero (bytes, sizeof bytes);
}

/* What the functions have left that this test itself called to learn the secrets: below us on the stack. (A sanitizer
 * would put the array elsewhere.) */
static void __attribute__ ((noinline, no_sanitize_address))
scrub_stack (void)
{
  guint8 scratch[64 * 1024];

  explicit_bzero (scratch, sizeof scratch);
}

static guint
count (const Secrets *self,
       gboolean       say)
{
  TestSearchNeedle needles[G_N_ELEMENTS (self->pieces)];
  guint total = 0;

  for (guint i = 0; i < self->n_pieces; i++)
    needles[i] = (TestSearchNeedle) { self->pieces[i].masked, PIECE, 0 };
  scrub_stack ();
  g_assert_true (test_search_count_all (needles, self->n_pieces));
  for (guint i = 0; i < self->n_pieces; i++)
    {
      if (needles[i].found > 0 && say)
        g_test_message ("%s: %u times", self->pieces[i].name, needles[i].found);
      total += needles[i].found;
    }
  return total;
}

/* Goes through the exchange that has begun, and stops on its way to see what is secret about it. */
static void
exchange (TestPair *pair,
          Secrets  *secrets)
{
  DevSshTransport *server = pair->server.transport;
  DevSshKeyPair *host_key = test_host_key (DEVSSH_ALGORITHM_KEY_ED25519);
  static const char * const names[] = { "C", "D", "E", "F" };
  DevSshHashId hash;
  g_autoptr(DevSshSecret) shared = NULL;
  g_autoptr(DevSshSecret) first_id = NULL;

  /* The server waits for the private half of its key, and knows K already. */
  test_pair_run (pair);
  g_assert_nonnull (server->kex->shared);
  hash = server->kex->agreed.kex->hash;
  shared = devssh_secret_dup (server->kex->shared);
  keep (secrets, "K", shared->data, shared->length);
  keep_ephemeral (secrets, "client's ephemeral key", pair->client.transport->kex->ephemeral);
  keep_ephemeral (secrets, "server's ephemeral key", server->kex->ephemeral);
  /* The search finds what is there. */
  g_assert_cmpuint (count (secrets, FALSE), >=, secrets->n_pieces);
  secrets->n_of_exchange = secrets->n_pieces;

  devssh_transport_provide_host_key (server, host_key);
  test_pair_run (pair);
  g_assert_null (server->kex);

  /* H of the first exchange is the session id; of later ones the keys cannot be made here. */
  if (devssh_transport_get_kex_count (server) == 1)
    {
      const DevSshSecret *id = devssh_transport_get_session_id (server);
      DevSshKeyMaterial material = { hash, shared, id, id };

      for (guint i = 0; i < G_N_ELEMENTS (names); i++)
        {
          g_autoptr(DevSshSecret) key = devssh_key_material_derive (&material, names[i][0], 32);

          keep (secrets, names[i], key->data, key->length);
        }
    }
}

static void
talk (TestPair *pair)
{
  static const guint8 data[1000];

  for (guint i = 0; i < 3; i++)
    {
      test_send_data (&pair->client, data, sizeof data);
      test_send_data (&pair->server, data, sizeof data);
      test_pair_run (pair);
    }
}

static void
test_secrets (gconstpointer data)
{
  const Suite *suite = data;
  DevSshTransportConfig *configs[2] = { test_config_new (FALSE), test_config_new (TRUE) };
  g_autoptr(DevSshKeyPair) public_half = devssh_key_pair_copy_public (test_host_key (DEVSSH_ALGORITHM_KEY_ED25519));
  g_autoptr(TestPair) pair = NULL;
  Secrets first = { 0 }, second = { 0 }, made_of;

  for (guint i = 0; i < 2; i++)
    {
      test_config_set (&configs[i]->kex_algorithms, suite->kex);
      test_config_set (&configs[i]->ciphers, suite->cipher);
      test_config_set (&configs[i]->macs, suite->mac);
    }
  test_config_set_host_key (configs[1], public_half);
  pair = test_pair_new (configs[0], configs[1]);
  test_pair_start (pair);
  exchange (pair, &first);
  devssh_transport_set_phase (pair->client.transport, DEVSSH_PHASE_OPEN);
  devssh_transport_set_phase (pair->server.transport, DEVSSH_PHASE_OPEN);
  talk (pair);
  /* While the keys are in use, what they were made of is not there any more. */
  made_of = first;
  made_of.n_pieces = first.n_of_exchange;
  g_assert_cmpuint (count (&made_of, TRUE), ==, 0);

  g_assert_true (devssh_transport_rekey (pair->client.transport, pair->now));
  exchange (pair, &second);
  talk (pair);
  g_assert_cmpuint (devssh_transport_get_kex_count (pair->client.transport), ==, 2);
  g_assert_cmpuint (count (&first, TRUE), ==, 0);
  g_assert_cmpuint (count (&second, TRUE), ==, 0);
  g_clear_pointer (&pair, test_pair_free);
  g_assert_cmpuint (count (&first, TRUE), ==, 0);
  g_assert_cmpuint (count (&second, TRUE), ==, 0);
}

/* A session that ends in the middle of it all leaves nothing either. */
static void
test_secrets_cut (gconstpointer data)
{
  const Suite *suite = data;
  DevSshTransportConfig *configs[2] = { test_config_new (FALSE), test_config_new (TRUE) };
  g_autoptr(DevSshKeyPair) public_half = devssh_key_pair_copy_public (test_host_key (DEVSSH_ALGORITHM_KEY_ED25519));
  TestPair *pair;
  Secrets secrets = { 0 };

  for (guint i = 0; i < 2; i++)
    test_config_set (&configs[i]->kex_algorithms, suite->kex);
  test_config_set_host_key (configs[1], public_half);
  pair = test_pair_new (configs[0], configs[1]);
  test_pair_start (pair);
  test_pair_run (pair);
  keep (&secrets, "K", pair->server.transport->kex->shared->data, pair->server.transport->kex->shared->length);
  keep_ephemeral (&secrets, "client's ephemeral key", pair->client.transport->kex->ephemeral);
  keep_ephemeral (&secrets, "server's ephemeral key", pair->server.transport->kex->ephemeral);
  g_assert_cmpuint (count (&secrets, FALSE), >=, secrets.n_pieces);
  test_pair_free (pair);
  g_assert_cmpuint (count (&secrets, TRUE), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  if (!test_search_count_all (NULL, 0))
    {
      g_print ("1..0 # SKIP there is no /proc/self/mem to look into\n");
      return 0;
    }

  for (guint i = 0; i < G_N_ELEMENTS (suites); i++)
    {
      g_autofree char *whole = g_strdup_printf ("/transport/secrets/%s/%s/E-07/T-82", suites[i].kex, suites[i].cipher);
      g_autofree char *cut = g_strdup_printf ("/transport/secrets/cut/%s/%s/E-07/T-82", suites[i].kex, suites[i].cipher);

      g_test_add_data_func (whole, &suites[i], test_secrets);
      g_test_add_data_func (cut, &suites[i], test_secrets_cut);
    }

  return g_test_run ();
}
