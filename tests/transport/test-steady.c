/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In the steady state a packet costs no allocation, and an idle transport holds no buffer. */
#include "test-ends.h"

#include <libdevssh/transport/devssh-transport-state-private.h>
#include <string.h>

/* Counts what the library and OpenSSL ask for. A sanitizer has its own malloc, and another libc
 * other names. */
#if defined (__GLIBC__) && !defined (__SANITIZE_ADDRESS__) && !defined (__SANITIZE_THREAD__)
# define CAN_COUNT 1
#endif
#if defined (__has_feature)
# if __has_feature (address_sanitizer) || __has_feature (thread_sanitizer) ||
  __has_feature (memory_sanitizer)
#  undef CAN_COUNT
# endif
#endif

static guint n_allocations;

#ifdef CAN_COUNT
extern void *__libc_malloc (size_t size);
extern void *__libc_calloc (size_t n, size_t size);
extern void *__libc_realloc (void *data, size_t size);

void *
malloc (size_t size)
{
  n_allocations++;
  return __libc_malloc (size);
}

void *
calloc (size_t n,
        size_t size)
{
  n_allocations++;
  return __libc_calloc (n, size);
}

void *
realloc (void   *data,
         size_t  size)
{
  n_allocations++;
  return __libc_realloc (data, size);
}
#endif

static TestPair *
open_pair (const char *cipher,
           const char *mac)
{
  DevSshTransportConfig *client = test_config_new (FALSE), *server = test_config_new (TRUE);
  TestPair *pair;

  test_config_set (&client->ciphers, cipher);
  test_config_set (&client->macs, mac);
  test_config_set (&server->ciphers, cipher);
  test_config_set (&server->macs, mac);
  pair = test_pair_new (client, server);
  test_pair_open (pair);

  return pair;
}

/* One turn of a pump, without the test's own bookkeeping. */
static guint
pass_on (DevSshTransport *from,
         DevSshTransport *to)
{
  DevSshTransportEvent event;
  gsize length = 0, size = 0;
  const guint8 *output = devssh_transport_get_output (from, &length);
  guint n_messages = 0;

  while (length > 0)
    {
      guint8 *space = devssh_transport_get_space (to, &size);

      size = MIN (size, length);
      memcpy (space, output, size);
      devssh_transport_sent (from, size);
      devssh_transport_received (to, size);
      while (devssh_transport_step (to, 1, &event) == DEVSSH_TRANSPORT_MESSAGE)
        n_messages++;
      output = devssh_transport_get_output (from, &length);
    }

  return n_messages;
}

static guint
send_and_count (TestPair *pair,
                guint     n,
                gsize     length)
{
  static guint8 data[32768];
  static const guint8 control[] = { 93, 0, 0, 0, 0, 0, 0, 0, 1 };
  DevSshTransport *client = pair->client.transport, *server = pair->server.transport;
  guint before, n_messages = 0;

  before = n_allocations;
  for (guint i = 0; i < n; i++)
    {
      test_send_data (&pair->client, data, length);
      if (i % 4 == 0)
        n_messages += pass_on (client, server);
      devssh_transport_send (server, control, sizeof control);
      n_messages += pass_on (server, client);
    }
  n_messages += pass_on (client, server);
  g_assert_cmpuint (n_messages, ==, 2 * n);

  return n_allocations - before;
}

#ifdef CAN_COUNT
static void
test_steady_allocations (gconstpointer data)
{
  g_auto(GStrv) names = g_strsplit (data, " ", 2);
  g_autoptr(TestPair) pair = open_pair (names[0], names[1]);
  static const gsize sizes[] = { 1, 100, 1500, 32768 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      send_and_count (pair, 20, sizes[i]);
      g_assert_cmpuint (send_and_count (pair, 500, sizes[i]), ==, 0);
    }
}
#endif

/* OpenSSL's HMAC copies its state for each packet; what is ours stays where it is. */
static void
test_steady_buffers (gconstpointer data)
{
  g_auto(GStrv) names = g_strsplit (data, " ", 2);
  g_autoptr(TestPair) pair = open_pair (names[0], names[1]);
  const DevSshPacketWriter *out = &pair->client.transport->out;
  const DevSshPacketReader *in = &pair->server.transport->in;
  const guint8 *output;
  const DevSshBuffer *input;

  send_and_count (pair, 20, 32768);
  output = out->data;
  input = in->buffer;
  send_and_count (pair, 500, 32768);
  g_assert_true (out->data == output);
  g_assert_true (in->buffer == input);
}

static void
test_steady_idle (void)
{
  g_autoptr(TestPair) pair = open_pair ("aes256-gcm@openssh.com", "hmac-sha2-256");

  send_and_count (pair, 20, 32768);
  for (guint i = 0; i < 2; i++)
    {
      DevSshTransport *transport = i == 0 ? pair->client.transport : pair->server.transport;

      devssh_transport_trim (transport);
      g_assert_null (transport->in.buffer);
      g_assert_null (transport->out.data);
      g_assert_null (transport->held.data);
      g_assert_null (transport->kex);
      g_assert_null (transport->services);
      g_assert_cmpuint (sizeof *transport, <, 1024);
    }

  /* And it goes on. */
  send_and_count (pair, 20, 100);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#ifdef CAN_COUNT
  g_test_add_data_func ("/transport/steady/allocations/gcm", "aes256-gcm@openssh.com hmac-sha2-256",
                        test_steady_allocations);
  g_test_add_data_func ("/transport/steady/allocations/gcm-128",
                        "aes128-gcm@openssh.com hmac-sha2-256", test_steady_allocations);
#endif
  g_test_add_data_func ("/transport/steady/buffers/gcm", "aes256-gcm@openssh.com hmac-sha2-256",
                        test_steady_buffers);
  g_test_add_data_func ("/transport/steady/buffers/chacha20-poly1305",
                        "chacha20-poly1305@openssh.com hmac-sha2-256",
                        test_steady_buffers);
  g_test_add_data_func ("/transport/steady/buffers/ctr", "aes256-ctr hmac-sha2-256",
                        test_steady_buffers);
  g_test_add_data_func ("/transport/steady/buffers/ctr-etm",
                        "aes256-ctr hmac-sha2-512-etm@openssh.com", test_steady_buffers);
  g_test_add_func ("/transport/steady/idle", test_steady_idle);

  return g_test_run ();
}
