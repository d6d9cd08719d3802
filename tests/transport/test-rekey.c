/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every exchange after the first: who begins it, what passes meanwhile, and when there is too much
 * of it. */
#include "test-peer.h"

#include <string.h>

#define PROTOCOL DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR
#define EXCHANGE DEVSSH_DISCONNECT_REASON_KEY_EXCHANGE_FAILED

/* ---- who begins, and when ---- */

static void
test_rekey_call (gconstpointer data)
{
  const char *who = data;
  g_autoptr(TestPair) pair = test_pair_new (NULL, NULL);
  g_autoptr(DevSshSecret) session_id = NULL;
  const DevSshSecret *later;

  test_pair_start (pair);
  g_assert_false (devssh_transport_rekey (pair->client.transport, pair->now));
  test_pair_run (pair);
  devssh_transport_set_phase (pair->client.transport, DEVSSH_PHASE_OPEN);
  devssh_transport_set_phase (pair->server.transport, DEVSSH_PHASE_OPEN);
  session_id = devssh_secret_dup (devssh_transport_get_session_id (pair->client.transport));

  for (guint i = 0; i < 3; i++)
    {
      g_string_truncate (pair->client.story, 0);
      g_string_truncate (pair->server.story, 0);
      if (strstr (who, "client") != NULL)
        g_assert_true (devssh_transport_rekey (pair->client.transport, pair->now));
      if (strstr (who, "server") != NULL)
        g_assert_true (devssh_transport_rekey (pair->server.transport, pair->now));
      if (strstr (who, "client") != NULL)
        {
          g_assert_true (devssh_transport_in_kex (pair->client.transport));
          g_assert_false (devssh_transport_rekey (pair->client.transport, pair->now));
          g_assert_false (devssh_transport_can_send_data (pair->client.transport));
        }
      test_pair_run (pair);
      g_assert_cmpstr (pair->client.story->str, ==, " kex-started host-key kex-done");
      g_assert_cmpstr (pair->server.story->str, ==, " kex-started kex-done");
      g_assert_cmpuint (devssh_transport_get_kex_count (pair->client.transport), ==, i + 2);
      g_assert_cmpuint (devssh_transport_get_kex_count (pair->server.transport), ==, i + 2);
    }

  /* The session id is that of the first exchange, for ever. */
  later = devssh_transport_get_session_id (pair->server.transport);
  g_assert_true (devssh_secret_equal (session_id, later->data, later->length));
  g_assert_cmpuint (pair->client.n_changed, ==, 0);

  /* Between two exchanges nothing of the last one is kept. */
  g_assert_null (pair->client.transport->kex);
  devssh_transport_trim (pair->client.transport);
  g_assert_null (pair->client.transport->in.buffer);
  g_assert_null (pair->client.transport->out.data);
  g_assert_null (pair->client.transport->held.data);
}

static TestPair *
open_with_limits (guint64 bytes,
                  guint64 packets)
{
  DevSshTransportConfig *client = test_config_new (FALSE), *server = test_config_new (TRUE);
  TestPair *pair;

  client->rekey_bytes = server->rekey_bytes = bytes;
  client->rekey_packets = server->rekey_packets = packets;
  pair = test_pair_new (client, server);
  test_pair_open (pair);

  return pair;
}

/* The packet_length fields of both directions, strictly more than the limit and 64 KiB. */
static void
test_rekey_bytes (void)
{
  g_autoptr(TestPair) pair = open_with_limits (100000, G_MAXUINT64);
  g_autofree guint8 *data = g_malloc0 (10000);
  DevSshTransport *client = pair->client.transport;
  const guint64 limit = 100000 + 65536;
  guint n = 0;

  while (devssh_transport_get_kex_count (client) == 1)
    {
      guint64 flow = client->in.flow + client->out.flow;
      TestEnd *end = n++ % 3 == 0 ? &pair->server : &pair->client;

      /* A data message of 10 000 bytes: 10 010, padded to 10 016 and not by less than 4. */
      test_send_data (end, data, 10000);
      g_assert_true (devssh_transport_in_kex (end->transport) == (flow + 10016 > limit));
      test_pair_run (pair);
      if (flow + 10016 > limit)
        break;
      g_assert_cmpuint (client->in.flow + client->out.flow, ==, flow + 10016);
    }

  g_assert_cmpuint (n, ==, 17);
  g_assert_cmpuint (devssh_transport_get_kex_count (client), ==, 2);
  g_assert_cmpuint (devssh_transport_get_kex_count (pair->server.transport), ==, 2);
  g_assert_cmpuint (client->in.flow + client->out.flow, ==, 0);
  /* Both crossed the limit at the same packet, so nobody asked the other's budget. */
  g_assert_cmpint (pair->server.transport->budget.counted_flow, ==, 0);
  g_assert_cmpint (client->budget.counted_flow, ==, 0);
  g_assert_cmpuint (pair->client.metrics->now.bytes_sent + pair->client.metrics->now.bytes_received, >,
                    limit);
}

/* 0, or a limit that nobody reaches. */
static void
test_rekey_bytes_never (void)
{
  static const guint64 limits[] = { 0, G_MAXUINT64 - 1, G_MAXUINT64 };
  g_autofree guint8 *data = g_malloc0 (32768);

  for (guint limit = 0; limit < G_N_ELEMENTS (limits); limit++)
    {
      g_autoptr(TestPair) pair = open_with_limits (limits[limit], G_MAXUINT64);

      for (guint i = 0; i < 100; i++)
        {
          test_send_data (&pair->client, data, 32768);
          test_pair_run (pair);
        }
      g_assert_cmpuint (devssh_transport_get_kex_count (pair->client.transport), ==, 1);
    }
}

typedef struct
{
  GByteArray *expected[2];   /* to the client, to the server */
  GByteArray *actual[2];
} Diary;

static void
keep_data (TestEnd                    *end,
           const DevSshTransportEvent *event,
           gpointer                    data)
{
  Diary *diary = data;

  if (event->type == DEVSSH_TRANSPORT_MESSAGE)
    g_byte_array_append (diary->actual[end == &end->pair->server], event->payload, event->length);
}

static void
diary_start (Diary    *diary,
             TestPair *pair)
{
  for (guint i = 0; i < 2; i++)
    {
      diary->expected[i] = g_byte_array_new ();
      diary->actual[i] = g_byte_array_new ();
    }
  pair->client.func = pair->server.func = keep_data;
  pair->client.data = pair->server.data = diary;
}

static void
diary_send (Diary   *diary,
            TestEnd *end,
            guint    n,
            gsize    length)
{
  gboolean to_server = end == &end->pair->client;
  DEVSSH_WRITER_AUTO (writer);

  devssh_writer_put_byte (&writer, n % 2 == 0 ? 80 : 94);
  devssh_writer_put_uint32 (&writer, n);
  for (gsize i = 0; i < length; i++)
    devssh_writer_put_byte (&writer, n + i);

  g_byte_array_append (diary->expected[to_server], writer.data, writer.length);
  if (n % 2 == 0 || !devssh_transport_can_send_data (end->transport))
    devssh_transport_send (end->transport, writer.data, writer.length);
  else
    devssh_transport_send_data (end->transport, writer.data, 5, writer.data + 5, length);
}

static void
diary_end (Diary *diary)
{
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpmem (diary->actual[i]->data, diary->actual[i]->len, diary->expected[i]->data,
                       diary->expected[i]->len);
      g_byte_array_unref (diary->expected[i]);
      g_byte_array_unref (diary->actual[i]);
    }
}

static void
test_rekey_thousand (gconstpointer data)
{
  const char *cipher = data;
  DevSshTransportConfig *configs[2] = { test_config_new (FALSE), test_config_new (TRUE) };
  g_autoptr(TestPair) pair = NULL;
  Diary diary;
  guint n = 0;

  for (guint i = 0; i < 2; i++)
    {
      configs[i]->rekey_packets = 10;
      test_config_set (&configs[i]->ciphers, cipher);
      test_config_set (&configs[i]->macs, "hmac-sha2-256");
    }
  pair = test_pair_new (configs[0], configs[1]);
  test_pair_open (pair);
  diary_start (&diary, pair);

  while (devssh_transport_get_kex_count (pair->client.transport) <= 1000)
    {
      diary_send (&diary, n % 5 == 0 ? &pair->server : &pair->client, n, n % 200);
      n++;
      if (n % 3 == 0)
        test_pair_run (pair);
      g_assert_cmpuint (n, <, 20000);
      g_string_truncate (pair->client.story, 0);
      g_string_truncate (pair->server.story, 0);
    }
  test_pair_run (pair);
  g_assert_cmpint (pair->client.last, ==, DEVSSH_TRANSPORT_NEED_INPUT);
  diary_end (&diary);
}

/* Anything at any time: who sends, who asks for new keys, and how many bytes arrive. */
static void
test_rekey_random (void)
{
  for (guint32 seed = 0; seed < 300; seed++)
    {
      g_autoptr(GRand) rand = g_rand_new_with_seed (seed);
      g_autoptr(TestPair) pair = test_pair_new (NULL, NULL);
      Diary diary;

      test_pair_open (pair);
      diary_start (&diary, pair);
      for (guint n = 0; n < 150; n++)
        {
          TestEnd *from = g_rand_boolean (rand) ? &pair->client : &pair->server;
          TestEnd *to = from == &pair->client ? &pair->server : &pair->client;
          const guint8 *output;
          gsize length = 0, most;

          switch (g_rand_int_range (rand, 0, 8))
            {
            case 0:
              devssh_transport_rekey (from->transport, pair->now);
              break;
            case 1:
            case 2:
            case 3:
              diary_send (&diary, from, n, g_rand_int_range (rand, 0, 300));
              break;
            default:
              output = devssh_transport_get_output (from->transport, &length);
              most = g_rand_int_range (rand, 1, 1500);
              length = MIN (length, most);
              test_end_feed (to, output, length, pair->now);
              devssh_transport_sent (from->transport, length);
            }
        }
      test_pair_run (pair);
      g_assert_cmpstr (pair->client.text, ==, NULL);
      g_assert_cmpstr (pair->server.text, ==, NULL);
      g_assert_false (devssh_transport_in_kex (pair->client.transport));
      g_assert_false (devssh_transport_in_kex (pair->server.transport));
      diary_end (&diary);
    }
}

/* ---- T-29: what passes during an exchange ---- */

enum
{
  BEFORE_INIT  = 1 << 0,    /* the peer's data crosses our KEXINIT */
  AFTER_INIT   = 1 << 1,    /* as the Go library does */
  AFTER_DH     = 1 << 2,
  AFTER_NEWKEYS = 1 << 3
};

static void
send_peer_data (TestPeer *peer,
                guint    *n)
{
  guint8 payload[10] = { DEVSSH_MESSAGE_CHANNEL_DATA };

  payload[9] = (*n)++;
  test_peer_send (peer, payload, sizeof payload);
}

/* A held message comes behind NEWKEYS, and not before. */
static void
expect_held (TestPeer *peer,
             guint     n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autoptr(GBytes) payload = test_peer_expect (peer, 80);
      const guint8 *bytes = g_bytes_get_data (payload, NULL);

      g_assert_cmpuint (bytes[5], ==, 'a' + i);
    }
}

static void
hold_one (TestPeer *peer,
          guint    *n)
{
  char text[2] = { 'a' + (*n)++, 0 };

  test_send (&peer->end, 80, text);
}

static void
interleave (gboolean is_server,
            gboolean strict,
            gboolean we_begin,
            guint    when)
{
  DevSshTransportConfig *config = test_config_new (is_server);
  g_autoptr(TestPeer) peer = NULL;
  guint n_data = 0, n_held = 0;

  /* Encrypt-and-MAC tells every mistake in counting. */
  test_config_set (&config->ciphers, "aes256-ctr");
  test_config_set (&config->macs, "hmac-sha2-256");
  peer = test_peer_new (config);
  peer->no_strict = !strict;
  test_peer_handshake (peer, DEVSSH_PHASE_OPEN);

  if (we_begin)
    {
      g_assert_true (devssh_transport_rekey (peer->end.transport, peer->now));
      hold_one (peer, &n_held);
    }
  if (when & BEFORE_INIT)
    send_peer_data (peer, &n_data);
  test_peer_send_init (peer);
  test_peer_read_init (peer);
  if (when & AFTER_INIT)
    send_peer_data (peer, &n_data);
  hold_one (peer, &n_held);

  if (peer->is_server)
    {
      test_peer_read_dh (peer);
      /* The transport waits for 31 and sends nothing but the exchange. */
      test_peer_expect_nothing (peer);
      test_peer_send_dh (peer);
      test_peer_read_newkeys (peer);
      expect_held (peer, n_held);
      if (when & AFTER_DH)
        send_peer_data (peer, &n_data);
      test_peer_send_newkeys (peer);
    }
  else
    {
      test_peer_expect_nothing (peer);
      test_peer_send_dh (peer);
      test_peer_read_dh (peer);
      test_peer_read_newkeys (peer);
      expect_held (peer, n_held);
      if (when & AFTER_DH)
        send_peer_data (peer, &n_data);
      test_peer_send_newkeys (peer);
    }
  if (when & AFTER_NEWKEYS)
    send_peer_data (peer, &n_data);
  peer->exchanges++;

  g_assert_cmpuint (peer->end.messages->len, ==, n_data);
  for (guint i = 0; i < n_data; i++)
    {
      const guint8 *bytes = g_bytes_get_data (g_ptr_array_index (peer->end.messages, i), NULL);

      g_assert_cmpuint (bytes[9], ==, i);
    }
  test_peer_expect_nothing (peer);

  /* And once more, by the peer alone. */
  test_peer_exchange (peer);
  send_peer_data (peer, &n_data);
  g_assert_cmpuint (peer->end.messages->len, ==, n_data);
  g_assert_cmpuint (devssh_transport_get_kex_count (peer->end.transport), ==, 3);
}

static void
test_rekey_interleaved (void)
{
  for (guint when = 0; when < 16; when++)
    for (guint server = 0; server < 2; server++)
      for (guint strict = 0; strict < 2; strict++)
        for (guint we_begin = 0; we_begin < 2; we_begin++)
          interleave (server, strict, we_begin, when);
}

/* DISCONNECT, IGNORE, DEBUG and UNIMPLEMENTED pass; all else waits (RFC 4253, 7.1). */
static void
test_rekey_what_passes (void)
{
  g_autoptr(TestPeer) peer = test_peer_new (test_config_new (TRUE));
  static const guint8 ignore[] = { 2, 0, 0, 0, 0 };
  static const guint8 numbers[] = { 5, 6, 7, 50, 80, 93, 99, 192 };

  test_peer_handshake (peer, DEVSSH_PHASE_OPEN);
  devssh_transport_rekey (peer->end.transport, peer->now);
  test_peer_read_init (peer);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    test_send (&peer->end, numbers[i], "held");
  test_peer_expect_nothing (peer);

  devssh_transport_send (peer->end.transport, ignore, sizeof ignore);
  g_bytes_unref (test_peer_expect (peer, DEVSSH_MESSAGE_IGNORE));
  devssh_transport_send_debug (peer->end.transport, FALSE, "x");
  g_bytes_unref (test_peer_expect (peer, DEVSSH_MESSAGE_DEBUG));
  devssh_transport_send_unimplemented (peer->end.transport, 1);
  g_bytes_unref (test_peer_expect (peer, DEVSSH_MESSAGE_UNIMPLEMENTED));
  test_peer_expect_nothing (peer);

  /* What is held when all ends is not sent; the DISCONNECT is. */
  devssh_transport_disconnect (peer->end.transport, 11, "bye");
  g_assert_cmpuint (devssh_transport_get_held (peer->end.transport), ==, 0);
  g_bytes_unref (test_peer_expect (peer, DEVSSH_MESSAGE_DISCONNECT));
  test_peer_expect_nothing (peer);
}

/* The application agrees or not: it is told (T-29). */
static void
test_rekey_host_key (void)
{
  DevSshTransportConfig *server = test_config_new (TRUE);
  GPtrArray *keys = g_ptr_array_ref (server->host_keys);
  g_autoptr(DevSshKeyPair) other = devssh_key_pair_generate (DEVSSH_ALGORITHM_KEY_ED25519, 0, NULL);
  g_autoptr(TestPair) pair = test_pair_new (NULL, server);

  test_pair_open (pair);
  devssh_transport_rekey (pair->client.transport, pair->now);
  test_pair_run (pair);
  g_assert_cmpuint (pair->client.n_host_keys, ==, 2);
  g_assert_cmpuint (pair->client.n_changed, ==, 0);

  g_ptr_array_set_size (keys, 0);
  g_ptr_array_add (keys, g_object_ref (other));
  devssh_transport_rekey (pair->client.transport, pair->now);
  test_pair_run (pair);
  g_assert_cmpuint (pair->client.n_host_keys, ==, 3);
  g_assert_cmpuint (pair->client.n_changed, ==, 1);
  g_assert_true (devssh_key_pair_equal (devssh_transport_get_host_key (pair->client.transport),
                                        other));
  g_ptr_array_unref (keys);
}

/* ---- T-22: counters over rekeys ---- */

static void
test_rekey_strict (gconstpointer data)
{
  gboolean strict = GPOINTER_TO_INT (data);

  for (guint server = 0; server < 2; server++)
    {
      DevSshTransportConfig *config = test_config_new (server);
      g_autoptr(TestPeer) peer = NULL;
      guint n = 0;

      test_config_set (&config->ciphers, "aes256-ctr");
      test_config_set (&config->macs, "hmac-sha2-512");
      peer = test_peer_new (config);
      peer->no_strict = !strict;
      test_peer_handshake (peer, DEVSSH_PHASE_OPEN);
      g_assert_cmpint (devssh_transport_get_strict (peer->end.transport), ==, strict);

      for (guint i = 0; i < 3; i++)
        {
          send_peer_data (peer, &n);
          test_send (&peer->end, 80, "x");
          g_bytes_unref (test_peer_expect (peer, 80));
          test_peer_exchange (peer);
          g_assert_cmpuint (devssh_transport_get_receive_sequence (peer->end.transport), ==,
                            strict ? 0 : peer->end.transport->in.messages);
          g_assert_cmpuint (devssh_transport_get_send_sequence (peer->end.transport), ==,
                            strict ? 0 : peer->end.transport->out.messages);
        }
      g_assert_cmpuint (peer->end.messages->len, ==, 3);
    }
}

/* The marker in a later KEXINIT means nothing. */
static void
test_rekey_late_marker (void)
{
  for (guint server = 0; server < 2; server++)
    {
      DevSshTransportConfig *config = test_config_new (server);
      g_autoptr(TestPeer) peer = NULL;
      guint n = 0;

      test_config_set (&config->ciphers, "aes256-ctr");
      test_config_set (&config->macs, "hmac-sha2-256");
      peer = test_peer_new (config);
      peer->no_strict = TRUE;
      test_peer_handshake (peer, DEVSSH_PHASE_OPEN);
      peer->extra_kex = server ? DEVSSH_MARKER_STRICT_CLIENT : DEVSSH_MARKER_STRICT_SERVER;
      test_peer_exchange (peer);
      send_peer_data (peer, &n);
      g_assert_false (devssh_transport_get_strict (peer->end.transport));
      g_assert_cmpuint (peer->end.messages->len, ==, 1);
    }
}

/* ---- T-25: nothing worse later ---- */

static void
test_rekey_none (void)
{
  for (guint server = 0; server < 2; server++)
    {
      g_autoptr(TestPeer) peer = test_peer_new (test_config_new (server));

      test_peer_handshake (peer, DEVSSH_PHASE_OPEN);
      test_config_set (&peer->config->kex_algorithms, "none");
      test_peer_send_init (peer);
      test_peer_expect_fatal (peer, EXCHANGE);
    }
}

/* ---- T-20: the stop ---- */

static void
test_rekey_never_answered (void)
{
  DevSshTransportConfig *config = test_config_new (TRUE);
  g_autoptr(TestPeer) peer = NULL;
  guint n = 0;

  config->rekey_packets = 10;
  config->stop_packets = 50;
  peer = test_peer_new (config);
  test_peer_handshake (peer, DEVSSH_PHASE_OPEN);
  while (peer->end.last != DEVSSH_TRANSPORT_END)
    {
      send_peer_data (peer, &n);
      g_assert_cmpuint (n, <=, 50);
    }
  g_assert_cmpuint (n, ==, 50);
  g_bytes_unref (test_peer_expect (peer, DEVSSH_MESSAGE_KEXINIT));
  test_peer_expect_fatal (peer, PROTOCOL);
}

/* The same for what we send: a peer that asks and asks gets no 2^32 answers. */
static void
test_rekey_stop_sending (void)
{
  DevSshTransportConfig *config = test_config_new (TRUE);
  g_autoptr(TestPeer) peer = NULL;

  config->rekey_packets = 10;
  config->stop_packets = 50;
  peer = test_peer_new (config);
  test_peer_handshake (peer, DEVSSH_PHASE_OPEN);
  for (guint i = 0; i < 60; i++)
    devssh_transport_send_unimplemented (peer->end.transport, 0);
  test_end_step (&peer->end, peer->now);
  g_assert_cmpstr (peer->end.text, ==, "Too many packets without a key exchange");
  test_peer_expect_fatal (peer, PROTOCOL);
}

/* ---- T-45 ---- */

static void
test_rekey_stalled (gconstpointer data)
{
  guint stage = GPOINTER_TO_UINT (data);

  for (guint server = 0; server < 2; server++)
    for (guint rekey = 0; rekey < 2; rekey++)
      {
        g_autoptr(TestPeer) peer = test_peer_new (test_config_new (server));
        gint64 deadline;

        if (rekey)
          {
            test_peer_handshake (peer, DEVSSH_PHASE_OPEN);
            g_assert_cmpint (devssh_transport_get_deadline (peer->end.transport), ==, 0);
            peer->now += G_GINT64_CONSTANT (1000) * G_USEC_PER_SEC;
            g_assert_true (devssh_transport_rekey (peer->end.transport, peer->now));
          }
        else
          {
            test_peer_send_version (peer);
            test_peer_read_version (peer);
          }
        deadline = peer->now + 60 * G_USEC_PER_SEC;
        g_assert_cmpint (devssh_transport_get_deadline (peer->end.transport), ==, deadline);

        peer->now += 10 * G_USEC_PER_SEC;
        if (stage >= 1)
          {
            test_peer_send_init (peer);
            test_peer_read_init (peer);
          }
        if (stage >= 2 && peer->is_server)
          {
            test_peer_read_dh (peer);
            test_peer_send_dh (peer);
          }
        else if (stage >= 2)
          {
            test_peer_send_dh (peer);
            test_peer_read_dh (peer);
          }
        if (stage >= 2)
          test_peer_read_newkeys (peer);

        /* Traffic does not extend it. */
        if (rekey)
          test_peer_send_number (peer, DEVSSH_MESSAGE_IGNORE);
        g_assert_cmpint (devssh_transport_get_deadline (peer->end.transport), ==, deadline);
        test_end_step (&peer->end, deadline - 1);
        g_assert_cmpint (peer->end.last, ==, DEVSSH_TRANSPORT_NEED_INPUT);
        test_end_step (&peer->end, deadline);
        test_peer_expect_fatal (peer, EXCHANGE);
        g_assert_cmpint (devssh_transport_get_deadline (peer->end.transport), ==, 0);
      }
}

/* Begun by a call that brings no time: the clock starts with the next step. */
static void
test_rekey_stalled_untimed (void)
{
  DevSshTransportConfig *config = test_config_new (TRUE);
  g_autoptr(TestPeer) peer = NULL;

  config->rekey_packets = 10;
  peer = test_peer_new (config);
  test_peer_handshake (peer, DEVSSH_PHASE_OPEN);
  for (guint i = 0; i < 20; i++)
    test_send (&peer->end, 80, "x");
  g_assert_true (devssh_transport_in_kex (peer->end.transport));
  g_assert_cmpint (devssh_transport_get_deadline (peer->end.transport), ==, 1);
  peer->now += G_GINT64_CONSTANT (3600) * G_USEC_PER_SEC;
  test_end_step (&peer->end, peer->now);
  g_assert_cmpint (peer->end.last, ==, DEVSSH_TRANSPORT_NEED_INPUT);
  g_assert_cmpint (devssh_transport_get_deadline (peer->end.transport), ==,
                   peer->now + 60 * G_USEC_PER_SEC);
}

/* ---- T-44 ---- */

static void
answer_unknown (TestEnd                    *end,
                const DevSshTransportEvent *event,
                gpointer                    data)
{
  if (event->type == DEVSSH_TRANSPORT_MESSAGE && event->action == DEVSSH_ACTION_UNKNOWN)
    devssh_transport_send_unimplemented (end->transport, event->sequence);
}

static void
test_rekey_flood (void)
{
  g_autoptr(TestPeer) peer = test_peer_new (test_config_new (TRUE));
  static const guint8 unknown[] = { 200 };
  guint n = 0;
  gsize waiting = 0;

  test_peer_handshake (peer, DEVSSH_PHASE_OPEN);
  peer->end.func = answer_unknown;
  test_peer_send_init (peer);
  test_peer_read_init (peer);

  /* Nobody reads what we answer, so we stop to read. */
  while (devssh_transport_wants_input (peer->end.transport))
    {
      test_peer_send (peer, unknown, 1);
      g_ptr_array_set_size (peer->end.messages, 0);
      g_string_truncate (peer->end.story, 0);
      g_assert_cmpuint (++n, <, 100000);
    }
  devssh_transport_get_output (peer->end.transport, &waiting);
  g_assert_cmpuint (waiting, >, 1024 * 1024);
  g_assert_cmpuint (waiting, <, 1024 * 1024 + 1000);

  /* It reads a little, then more than half. */
  devssh_transport_sent (peer->end.transport, 1000);
  g_assert_false (devssh_transport_wants_input (peer->end.transport));
  devssh_transport_sent (peer->end.transport, 600000);
  g_assert_true (devssh_transport_wants_input (peer->end.transport));

  test_end_step (&peer->end, peer->now + 61 * G_USEC_PER_SEC);
  g_assert_cmpuint (peer->end.reason, ==, EXCHANGE);
}

static void
test_rekey_held_bound (void)
{
  g_autoptr(TestPeer) peer = test_peer_new (test_config_new (TRUE));
  g_autofree char *text = g_strnfill (1000, 'x');

  test_peer_handshake (peer, DEVSSH_PHASE_OPEN);
  devssh_transport_rekey (peer->end.transport, peer->now);
  for (guint i = 0; i < 200; i++)
    test_send (&peer->end, 90, text);
  /* 200 opens ahead of the peer's KEXINIT are honest. */
  g_assert_true (devssh_transport_wants_input (peer->end.transport));
  for (guint i = 0; i < 1000; i++)
    test_send (&peer->end, 90, text);
  g_assert_cmpuint (devssh_transport_get_held (peer->end.transport), >, 1024 * 1024);
  g_assert_false (devssh_transport_wants_input (peer->end.transport));
  test_end_step (&peer->end, peer->now + 61 * G_USEC_PER_SEC);
  g_assert_cmpuint (peer->end.reason, ==, EXCHANGE);
  g_assert_cmpuint (devssh_transport_get_held (peer->end.transport), ==, 0);
}

/* ---- T-46 ---- */

static void
test_rekey_storm (void)
{
  g_autoptr(TestPeer) peer = test_peer_new (test_config_new (TRUE));
  g_autofree guint8 *ignore = g_malloc0 (32768);

  ignore[0] = DEVSSH_MESSAGE_IGNORE;
  test_peer_handshake (peer, DEVSSH_PHASE_OPEN);

  for (guint i = 0; i < 100; i++)
    test_peer_exchange (peer);

  /* One more for each second ... */
  peer->now += 3 * G_USEC_PER_SEC;
  for (guint i = 0; i < 3; i++)
    test_peer_exchange (peer);

  /* ... and for each 256 KiB. */
  for (guint i = 0; i < 24; i++)
    test_peer_send (peer, ignore, 32768);
  for (guint i = 0; i < 3; i++)
    test_peer_exchange (peer);

  test_peer_send_init (peer);
  test_peer_expect_fatal (peer, PROTOCOL);
}

/* A long silence saves up no more than 100. */
static void
test_rekey_storm_after_silence (void)
{
  g_autoptr(TestPeer) peer = test_peer_new (test_config_new (FALSE));

  test_peer_handshake (peer, DEVSSH_PHASE_OPEN);
  peer->now += G_GINT64_CONSTANT (1000000) * G_USEC_PER_SEC;
  for (guint i = 0; i < 100; i++)
    test_peer_exchange (peer);
  test_peer_send_init (peer);
  test_peer_expect_fatal (peer, PROTOCOL);
}

/* RekeyLimit 1M under full load, at one point in time. */
static void
test_rekey_storm_honest (void)
{
  g_autoptr(TestPeer) peer = test_peer_new (test_config_new (TRUE));
  g_autofree guint8 *ignore = g_malloc0 (32768);

  ignore[0] = DEVSSH_MESSAGE_IGNORE;
  test_peer_handshake (peer, DEVSSH_PHASE_OPEN);
  for (guint i = 0; i < 200; i++)
    {
      for (guint k = 0; k < 32; k++)
        test_peer_send (peer, ignore, 32768);
      test_peer_exchange (peer);
    }
  g_assert_cmpuint (devssh_transport_get_kex_count (peer->end.transport), ==, 201);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_data_func ("/transport/rekey/call/client", "client", test_rekey_call);
  g_test_add_data_func ("/transport/rekey/call/server", "server", test_rekey_call);
  g_test_add_data_func ("/transport/rekey/call/both/T-29", "client+server", test_rekey_call);
  g_test_add_func ("/transport/rekey/bytes/E-10", test_rekey_bytes);
  g_test_add_func ("/transport/rekey/bytes/never/E-10", test_rekey_bytes_never);
  g_test_add_data_func ("/transport/rekey/thousand/T-20/E-09/gcm", "aes256-gcm@openssh.com",
                        test_rekey_thousand);
  g_test_add_data_func ("/transport/rekey/thousand/T-20/E-09/ctr", "aes256-ctr", test_rekey_thousand);
  g_test_add_func ("/transport/rekey/random/T-29/E-09", test_rekey_random);
  g_test_add_func ("/transport/rekey/interleaved/T-29/E-09", test_rekey_interleaved);
  g_test_add_func ("/transport/rekey/what-passes/T-29/E-09", test_rekey_what_passes);
  g_test_add_func ("/transport/rekey/host-key/T-29", test_rekey_host_key);
  g_test_add_data_func ("/transport/rekey/counters/strict/T-22/T-23", GINT_TO_POINTER (TRUE),
                        test_rekey_strict);
  g_test_add_data_func ("/transport/rekey/counters/lax/T-22/T-23", GINT_TO_POINTER (FALSE),
                        test_rekey_strict);
  g_test_add_func ("/transport/rekey/late-marker/T-22", test_rekey_late_marker);
  g_test_add_func ("/transport/rekey/none/T-25", test_rekey_none);
  g_test_add_func ("/transport/rekey/never-answered/T-20", test_rekey_never_answered);
  g_test_add_func ("/transport/rekey/stop-sending/T-20", test_rekey_stop_sending);
  g_test_add_data_func ("/transport/rekey/stalled/T-45/after-our-init", GUINT_TO_POINTER (0),
                        test_rekey_stalled);
  g_test_add_data_func ("/transport/rekey/stalled/T-45/after-init", GUINT_TO_POINTER (1),
                        test_rekey_stalled);
  g_test_add_data_func ("/transport/rekey/stalled/T-45/before-newkeys", GUINT_TO_POINTER (2),
                        test_rekey_stalled);
  g_test_add_func ("/transport/rekey/stalled/T-45/untimed", test_rekey_stalled_untimed);
  g_test_add_func ("/transport/rekey/flood/T-44", test_rekey_flood);
  g_test_add_func ("/transport/rekey/held-bound/T-44", test_rekey_held_bound);
  g_test_add_func ("/transport/rekey/storm/T-46", test_rekey_storm);
  g_test_add_func ("/transport/rekey/storm/T-46/after-silence", test_rekey_storm_after_silence);
  g_test_add_func ("/transport/rekey/storm/T-46/honest", test_rekey_storm_honest);

  return g_test_run ();
}
