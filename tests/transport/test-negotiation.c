/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which algorithm of two lists it is, against a model of ten lines (T-24), and what is offered. */
#include <libdevssh/transport/devssh-negotiation-private.h>

#include <string.h>

#include "test-ends.h"

/* RFC 4253, 7.1, said once more: the client's first that the server has, and no marker. */
static const char *
model_choose (char **client,
              char **server)
{
  for (; *client != NULL; client++)
    for (char **s = server; *s != NULL; s++)
      if (strcmp (*client, *s) == 0 && strncmp (*s, "ext-info-", 9) != 0 &&
          strncmp (*s, "kex-strict-", 11) != 0)
        return *client;

  return NULL;
}

static char **
random_list (GRand              *rand,
             const char * const *names)
{
  g_autoptr(GPtrArray) list = g_ptr_array_new ();
  guint n = g_strv_length ((char **) names);

  for (guint i = g_rand_int_range (rand, 0, 3 * n + 1); i > 0; i--)
    g_ptr_array_add (list, g_strdup (names[g_rand_int_range (rand, 0, n)]));
  g_ptr_array_add (list, NULL);

  return (char **) g_ptr_array_free (g_steal_pointer (&list), FALSE);
}

static const char * const kex_names[] = {
  "curve25519-sha256", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "curve25519-sha256x",
  "curve25519-sha25",
  "ext-info-c", "ext-info-s", "kex-strict-c-v00@openssh.com", "kex-strict-s-v00@openssh.com", NULL
};
static const char * const key_names[] = { "ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256", "none",
                                          NULL };
static const char * const cipher_names[] = { "aes256-gcm@openssh.com", "aes256-ctr", "aes256-ctrx",
                                             "none", NULL };
static const char * const mac_names[] = { "hmac-sha2-256", "hmac-sha2-512",
                                          "hmac-sha2-256-etm@openssh.com", "none", NULL };
static const char * const compression_names[] = { "none", "zlib", NULL };

/* Lists that mostly come to something. */
static const char * const good_names[][5] = {
  { "curve25519-sha256", "ecdh-sha2-nistp256", "ext-info-c", "kex-strict-c-v00@openssh.com", NULL },
  { "ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256", NULL },
  { "aes256-gcm@openssh.com", "aes256-ctr", NULL },
  { "aes256-gcm@openssh.com", "aes256-ctr", NULL },
  { "hmac-sha2-256", "hmac-sha2-512", NULL }, { "hmac-sha2-256", "hmac-sha2-512", NULL },
  { "none", NULL }, { "none", NULL },
};

/* What neither table knows is chosen by the model only. */
static const char *
known (const char         *name,
       const char * const *names)
{
  static const char * const unknown[] = { "curve25519-sha256x", "curve25519-sha25", "aes256-ctrx",
                                          "none", NULL };

  return name != NULL && !g_strv_contains (unknown, name) ? name : NULL;
}

static void
test_negotiation_model (void)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed (24);
  guint n_good = 0;

  for (guint round = 0; round < 10000; round++)
    {
      DevSshTransportConfig *config = test_config_new (FALSE);
      g_auto(DevSshKexInitMessage) client = { { 0 } }, server = { { 0 } };
      const char * const *names[] = {
        kex_names, key_names, cipher_names, cipher_names, mac_names, mac_names,
        compression_names, compression_names
      };
      DevSshNegotiation result;
      const char *problem = NULL, *expected[8];
      gboolean good = TRUE;

      test_config_set (&config->key_algorithms, "ssh-ed25519,rsa-sha2-512,rsa-sha2-256");
      for (guint i = 0; i < DEVSSH_KEXINIT_N_LISTS; i++)
        {
          const char * const *from = i >= 8 ? compression_names + 2
                                            : round % 2 ? good_names[i] : names[i];

          client.lists[i] = random_list (rand, from);
          server.lists[i] = random_list (rand, from);
        }
      for (guint i = 0; i < 8; i++)
        {
          expected[i] = model_choose (client.lists[i], server.lists[i]);
          if (i < 6)
            good &= known (expected[i], names[i]) != NULL;
          else
            good &= g_strcmp0 (expected[i], "none") == 0;
        }

      g_assert_cmpint (devssh_negotiation_choose (config, &client, &server, &result, &problem), ==,
                       good);
      g_assert_true ((problem != NULL) == !good);
      for (guint i = 0; good && i < 8; i++)
        g_assert_cmpstr (result.names[i], ==, expected[i]);
      n_good += good;
      devssh_transport_config_free (config);
    }

  g_assert_cmpuint (n_good, >, 100);
}

static char *
offer (DevSshTransportConfig *config,
       gboolean               first,
       DevSshKexInitList      which)
{
  g_auto(DevSshKexInitMessage) message = { { 0 } };

  devssh_negotiation_offer (config, first, &message);

  return g_strjoinv (",", message.lists[which]);
}

#define assert_offer(config, first, which, expected) \
  G_STMT_START { \
    g_autofree char *list = offer (config, first, which); \
    g_assert_cmpstr (list, ==, expected); \
  } G_STMT_END

static void
test_negotiation_offer (void)
{
  DevSshTransportConfig *config = test_config_new (FALSE);

  /* And the markers in the first KEXINIT only. */
  assert_offer (config, TRUE, DEVSSH_KEXINIT_KEX,
                "curve25519-sha256,curve25519-sha256@libssh.org,"
                "ecdh-sha2-nistp256,ecdh-sha2-nistp384,"
                "diffie-hellman-group16-sha512,diffie-hellman-group14-sha256,"
                "ext-info-c,kex-strict-c-v00@openssh.com");
  assert_offer (config, FALSE, DEVSSH_KEXINIT_KEX,
                "curve25519-sha256,curve25519-sha256@libssh.org,"
                "ecdh-sha2-nistp256,ecdh-sha2-nistp384,"
                "diffie-hellman-group16-sha512,diffie-hellman-group14-sha256");
  assert_offer (config, TRUE, DEVSSH_KEXINIT_HOST_KEY,
                "ssh-ed25519,rsa-sha2-512,rsa-sha2-256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp256");
  assert_offer (config, TRUE, DEVSSH_KEXINIT_CIPHER_C2S,
                "aes256-gcm@openssh.com,aes128-gcm@openssh.com,"
                "chacha20-poly1305@openssh.com,aes256-ctr");
  assert_offer (config, TRUE, DEVSSH_KEXINIT_MAC_S2C,
                "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,"
                "hmac-sha2-256,hmac-sha2-512");
  assert_offer (config, TRUE, DEVSSH_KEXINIT_COMPRESSION_C2S, "none");
  assert_offer (config, TRUE, DEVSSH_KEXINIT_LANGUAGE_S2C, "");
  devssh_transport_config_free (config);
}

/* RFC 4253, 7.1: a server lists what it has keys for. */
static void
test_negotiation_host_keys (void)
{
  DevSshTransportConfig *config = test_config_new (TRUE);

  test_config_set_host_key (config, test_host_key ("rsa-sha2-512"));
  assert_offer (config, TRUE, DEVSSH_KEXINIT_HOST_KEY, "rsa-sha2-512,rsa-sha2-256");
  g_ptr_array_add (config->host_keys, g_object_ref (test_host_key ("ssh-ed25519")));
  assert_offer (config, FALSE, DEVSSH_KEXINIT_HOST_KEY, "ssh-ed25519,rsa-sha2-512,rsa-sha2-256");
  test_config_set (&config->key_algorithms, "ecdsa-sha2-nistp256,rsa-sha2-256");
  assert_offer (config, TRUE, DEVSSH_KEXINIT_HOST_KEY, "rsa-sha2-256");
  test_config_set_host_key (config, NULL);
  assert_offer (config, TRUE, DEVSSH_KEXINIT_HOST_KEY, "");
  assert_offer (config, TRUE, DEVSSH_KEXINIT_KEX,
                "curve25519-sha256,curve25519-sha256@libssh.org,"
                "ecdh-sha2-nistp256,ecdh-sha2-nistp384,"
                "diffie-hellman-group16-sha512,diffie-hellman-group14-sha256,"
                "ext-info-s,kex-strict-s-v00@openssh.com");
  devssh_transport_config_free (config);
}

/* T-25: "none" where it was asked for, and not in a rekey. */
static void
test_negotiation_none (void)
{
  DevSshTransportConfig *config = test_config_new (FALSE);

  test_config_set (&config->kex_algorithms, "none,curve25519-sha256");
  test_config_set (&config->macs, "none,hmac-sha2-256");
  g_assert_false (devssh_negotiation_is_none_only (config));
  assert_offer (config, TRUE, DEVSSH_KEXINIT_KEX,
                "none,curve25519-sha256,ext-info-c,kex-strict-c-v00@openssh.com");
  assert_offer (config, TRUE, DEVSSH_KEXINIT_MAC_C2S, "hmac-sha2-256,none");
  assert_offer (config, FALSE, DEVSSH_KEXINIT_KEX, "curve25519-sha256");
  assert_offer (config, FALSE, DEVSSH_KEXINIT_MAC_C2S, "hmac-sha2-256");
  test_config_set (&config->kex_algorithms, "none");
  g_assert_true (devssh_negotiation_is_none_only (config));
  devssh_transport_config_free (config);
}

static void
test_negotiation_first (void)
{
  static const char list[] =
    "ext-info-c,kex-strict-c-v00@openssh.com,kexguess2@matt.ucc.asn.au,x,y";
  g_auto(GStrv) names = g_strsplit (list, ",", -1);
  g_auto(GStrv) markers = g_strsplit ("ext-info-c,kex-strict-c-v00@openssh.com", ",", -1);

  g_assert_cmpstr (devssh_negotiation_first (names), ==, "x");
  g_assert_null (devssh_negotiation_first (markers));
  g_assert_null (devssh_negotiation_first (NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/transport/negotiation/model/T-24/T-14", test_negotiation_model);
  g_test_add_func ("/transport/negotiation/offer", test_negotiation_offer);
  g_test_add_func ("/transport/negotiation/host-keys", test_negotiation_host_keys);
  g_test_add_func ("/transport/negotiation/none/T-25", test_negotiation_none);
  g_test_add_func ("/transport/negotiation/first", test_negotiation_first);

  return g_test_run ();
}
