/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the machine is driven: holding, nesting, buffers on loan, choking, failing, and what it tells
 * a tracer. */
#include "test-peer.h"

#include <string.h>
#include <libdevssh/crypto/devssh-algorithms-private.h>

/* ---- T-02: any cut gives the same ---- */

static char *
transcript (guint32 seed,
            gsize   max_cut)
{
  DevSshTransportConfig *client = test_config_new (FALSE);
  g_autoptr(TestPair) pair = NULL;
  g_autoptr(GString) text = g_string_new (NULL);

  client->guess = seed % 2;
  pair = test_pair_new (client, NULL);
  if (max_cut > 0)
    {
      pair->cuts = g_rand_new_with_seed (seed);
      pair->max_cut = max_cut;
    }

  test_pair_start (pair);
  devssh_transport_send_service_request (pair->client.transport, "ssh-userauth");
  test_pair_run (pair);
  devssh_transport_set_phase (pair->client.transport, DEVSSH_PHASE_OPEN);
  devssh_transport_set_phase (pair->server.transport, DEVSSH_PHASE_OPEN);
  for (guint i = 0; i < 5; i++)
    {
      test_send (&pair->client, 80, "from the client");
      test_send (&pair->server, 81, "from the server");
      if (i == 2)
        devssh_transport_rekey (pair->server.transport, pair->now);
    }
  test_pair_run (pair);

  g_string_append_printf (text, "%s|%s|", pair->client.story->str, pair->server.story->str);
  for (guint i = 0; i < pair->client.messages->len; i++)
    g_string_append_len (text,
                         g_bytes_get_data (g_ptr_array_index (pair->client.messages, i), NULL), 10);

  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
test_machine_splits (void)
{
  g_autofree char *whole = transcript (0, 0);

  g_assert_nonnull (strstr (whole, "service-request kex-started 80 80 80 80 80 kex-done"));
  for (guint32 seed = 0; seed < 1000; seed++)
    {
      g_autofree char *cut = transcript (seed, 1 + seed % 97);

      g_assert_cmpstr (cut, ==, whole);
    }
}

/* ---- hold ---- */

static void
test_machine_hold (void)
{
  g_autoptr(TestPeer) peer = test_peer_new (test_config_new (TRUE));
  DevSshTransport *transport = peer->end.transport;
  gsize before;

  test_peer_handshake (peer, DEVSSH_PHASE_AUTH);
  before = peer->end.story->len;
  devssh_transport_hold (transport, TRUE);

  /* Below 50 all goes on, until something of 50 and above is there. */
  test_peer_send_number (peer, DEVSSH_MESSAGE_DEBUG);
  g_assert_cmpstr (peer->end.story->str + before, ==, " debug");
  test_peer_send_number (peer, 50);
  g_assert_cmpint (peer->end.last, ==, DEVSSH_TRANSPORT_HELD);
  test_peer_send_number (peer, DEVSSH_MESSAGE_DEBUG);
  test_peer_send_number (peer, 90);
  g_assert_cmpint (peer->end.last, ==, DEVSSH_TRANSPORT_HELD);
  g_assert_cmpstr (peer->end.story->str + before, ==, " debug");
  /* Not counted as received before it is handed out: that is what a resume counts from. */
  g_assert_cmpuint (devssh_transport_get_messages_received (transport), ==, 4);

  /* What came meanwhile is judged by what is true when it is its turn. */
  devssh_transport_hold (transport, FALSE);
  devssh_transport_set_phase (transport, DEVSSH_PHASE_OPEN);
  test_end_step (&peer->end, peer->now);
  g_assert_cmpstr (peer->end.story->str + before, ==, " debug debug 90");
}

/* Among the first used bytes; what is behind them has never been written. */
static gboolean
buffer_has (const DevSshBuffer *buffer,
            gsize               used,
            const char         *text)
{
  return memmem (buffer->data, used, text, strlen (text)) != NULL;
}

/* The parked message goes along when the buffer changes under it, and stays nowhere else. */
static void
test_machine_hold_moves (void)
{
  g_autoptr(TestPeer) peer = test_peer_new (test_config_new (TRUE));
  DevSshTransport *transport = peer->end.transport;
  g_autofree char *text = g_strnfill (200, 'x');
  DevSshBuffer *lent;
  guint8 payload[201] = { 80 };
  gsize used;

  memcpy (payload + 1, text, 200);
  test_peer_handshake (peer, DEVSSH_PHASE_OPEN);
  devssh_transport_hold (transport, TRUE);
  test_peer_send (peer, payload, sizeof payload);
  g_assert_cmpint (peer->end.last, ==, DEVSSH_TRANSPORT_HELD);
  lent = devssh_buffer_ref (transport->in.buffer);
  used = transport->in.end;
  g_assert_true (buffer_has (lent, used, text));
  test_peer_send (peer, payload, 100);
  g_assert_true (transport->in.buffer != lent);
  g_assert_false (buffer_has (lent, used, text));
  memset (lent->data, 0xff, lent->size);
  devssh_buffer_unref (lent);

  devssh_transport_hold (transport, FALSE);
  test_end_step (&peer->end, peer->now);
  g_assert_cmpuint (peer->end.messages->len, ==, 2);
  g_assert_cmpmem (g_bytes_get_data (g_ptr_array_index (peer->end.messages, 0), NULL), 201, payload,
                   201);
  g_assert_cmpmem (g_bytes_get_data (g_ptr_array_index (peer->end.messages, 1), NULL), 100, payload,
                   100);
}

/* The same inside of one buffer, and at the end of all. */
static void
test_machine_hold_wiped (void)
{
  g_autoptr(TestPeer) peer = test_peer_new (test_config_new (TRUE));
  DevSshTransport *transport = peer->end.transport;
  g_autofree guint8 *much = g_malloc0 (20000);
  static const char secret[] = "\x50 open sesame, open sesame";
  DevSshBuffer *buffer;
  gsize from, used, size;

  much[0] = DEVSSH_MESSAGE_IGNORE;
  test_peer_handshake (peer, DEVSSH_PHASE_OPEN);
  devssh_transport_hold (transport, TRUE);
  /* Behind so much that there is a reason to move it. */
  for (guint i = 0; i < 10; i++)
    devssh_packet_writer_seal (&peer->out, much, 20000, NULL, 0, NULL, 0);
  test_peer_send (peer, secret, strlen (secret));
  g_assert_cmpint (peer->end.last, ==, DEVSSH_TRANSPORT_HELD);
  buffer = transport->in.buffer;
  from = transport->in.start;
  used = transport->in.end;
  g_assert_cmpuint (from, >, 150000);

  devssh_transport_get_space (transport, &size);
  g_assert_true (transport->in.buffer == buffer && transport->in.start == 0);
  g_assert_true (buffer_has (buffer, used, secret));
  g_assert_null (memmem (buffer->data + from, used - from, secret, strlen (secret)));

  buffer = devssh_buffer_ref (buffer);
  g_clear_pointer (&peer, test_peer_free);
  g_assert_false (buffer_has (buffer, used, secret));
  devssh_buffer_unref (buffer);
}

/* While held, reading stops before the buffer is full. */
static void
test_machine_hold_full (void)
{
  g_autoptr(TestPeer) peer = test_peer_new (test_config_new (TRUE));
  DevSshTransport *transport = peer->end.transport;
  g_autofree guint8 *payload = g_malloc0 (20000);
  guint n = 0;

  payload[0] = 80;
  test_peer_handshake (peer, DEVSSH_PHASE_OPEN);
  devssh_transport_hold (transport, TRUE);
  while (devssh_transport_wants_input (transport))
    {
      test_peer_send (peer, payload, 20000);
      g_assert_cmpuint (++n, <, 20);
    }

  devssh_transport_hold (transport, FALSE);
  test_end_step (&peer->end, peer->now);
  g_assert_cmpuint (peer->end.messages->len, ==, n);
  g_assert_true (devssh_transport_wants_input (transport));
}

/* The clock of an exchange stands still while a message is parked, since it may hide the peer's
 * answer, and wakes nobody; then the peer has the rest of its time. */
static void
test_machine_hold_exchange (void)
{
  for (guint begun_before = 0; begun_before < 2; begun_before++)
    {
      g_autoptr(TestPeer) peer = test_peer_new (test_config_new (TRUE));
      DevSshTransport *transport = peer->end.transport;
      gint64 left;

      test_peer_handshake (peer, DEVSSH_PHASE_OPEN);
      if (begun_before)
        {
          devssh_transport_rekey (transport, peer->now);
          peer->now += 10 * G_USEC_PER_SEC;
        }
      devssh_transport_hold (transport, TRUE);
      test_peer_send_number (peer, 80);
      g_assert_cmpint (peer->end.last, ==, DEVSSH_TRANSPORT_HELD);
      if (!begun_before)
        {
          peer->now += 10 * G_USEC_PER_SEC;
          devssh_transport_rekey (transport, peer->now);
        }

      for (guint i = 0; i < 3; i++)
        {
          g_assert_cmpint (devssh_transport_get_deadline (transport), ==, 0);
          peer->now += 61 * G_USEC_PER_SEC;
          test_end_step (&peer->end, peer->now);
          g_assert_cmpint (peer->end.last, ==, DEVSSH_TRANSPORT_HELD);
        }

      devssh_transport_hold (transport, FALSE);
      test_end_step (&peer->end, peer->now);
      g_assert_cmpint (peer->end.last, ==, DEVSSH_TRANSPORT_NEED_INPUT);
      g_assert_cmpuint (peer->end.messages->len, ==, 1);
      left = (begun_before ? 50 : 60) * G_USEC_PER_SEC;
      g_assert_cmpint (devssh_transport_get_deadline (transport), ==, peer->now + left);
      test_end_step (&peer->end, peer->now + left - 1);
      g_assert_cmpint (peer->end.last, ==, DEVSSH_TRANSPORT_NEED_INPUT);
      test_end_step (&peer->end, peer->now + left);
      g_assert_cmpuint (peer->end.reason, ==, DEVSSH_DISCONNECT_REASON_KEY_EXCHANGE_FAILED);
    }
}

/* ---- a handler that runs the loop itself ---- */

typedef struct
{
  guint   depth;
  GBytes *second;       /* a packet that arrives while the first is being delivered */
} Nest;

static void
run_nested (TestEnd                    *end,
            const DevSshTransportEvent *event,
            gpointer                    data)
{
  Nest *nest = data;
  g_autofree guint8 *before = NULL;
  DevSshBuffer *kept;

  if (event->type != DEVSSH_TRANSPORT_MESSAGE || nest->depth++ > 0)
    return;

  before = g_memdup2 (event->payload, event->length);
  kept = devssh_buffer_ref (event->buffer);
  test_end_step (end, G_USEC_PER_SEC);
  test_end_feed (end, g_bytes_get_data (nest->second, NULL), g_bytes_get_size (nest->second),
                 G_USEC_PER_SEC);
  /* What the outer handler was given has not changed. */
  g_assert_cmpmem (event->payload, event->length, before, event->length);
  devssh_buffer_unref (kept);
}

static void
test_machine_nested (void)
{
  g_autoptr(TestPeer) peer = test_peer_new (test_config_new (TRUE));
  Nest nest = { 0, NULL };
  g_autoptr(GByteArray) first = g_byte_array_new ();
  guint8 payload[1000];

  test_peer_handshake (peer, DEVSSH_PHASE_OPEN);
  peer->end.func = run_nested;
  peer->end.data = &nest;

  /* Two packets in one read, a third read inside. */
  for (guint i = 0; i < 3; i++)
    {
      gsize size;

      memset (payload, 'a' + i, sizeof payload);
      payload[0] = 80 + i;
      size = devssh_packet_writer_seal (&peer->out, payload, sizeof payload, NULL, 0, NULL, 0);
      if (i < 2)
        g_byte_array_append (first, peer->out.data + peer->out.start, size);
      else
        nest.second = g_bytes_new (peer->out.data + peer->out.start, size);
      devssh_packet_writer_sent (&peer->out, size);
    }
  test_peer_write (peer, first->data, first->len);
  g_bytes_unref (nest.second);

  g_assert_true (g_str_has_suffix (peer->end.story->str, " 80 81 82"));
  g_assert_cmpuint (nest.depth, ==, 3);
}

static void
fail_nested (TestEnd                    *end,
             const DevSshTransportEvent *event,
             gpointer                    data)
{
  if (event->type == DEVSSH_TRANSPORT_MESSAGE)
    devssh_transport_fail (end->transport, 11, "enough");
}

/* A handler ends it all: nothing behind comes out. */
static void
test_machine_fail_nested (void)
{
  g_autoptr(TestPeer) peer = test_peer_new (test_config_new (TRUE));
  guint n_before;

  test_peer_handshake (peer, DEVSSH_PHASE_OPEN);
  n_before = peer->end.messages->len;
  peer->end.func = fail_nested;
  for (guint i = 0; i < 3; i++)
    devssh_packet_writer_seal (&peer->out, (const guint8 *) "P", 1, NULL, 0, NULL, 0);
  test_peer_write (peer, peer->out.data + peer->out.start,
                   devssh_packet_writer_get_waiting (&peer->out));
  g_assert_cmpuint (peer->end.messages->len, ==, n_before + 1);
  test_peer_expect_fatal (peer, 11);
}

/* ---- T-47 ---- */

static void
test_machine_choked (void)
{
  DevSshTransportConfig *config = test_config_new (TRUE);
  g_autoptr(TestPeer) peer = NULL;
  g_autofree char *text = g_strnfill (1000, 'x');
  gsize waiting = 0;

  config->max_output = 100000;
  peer = test_peer_new (config);
  test_peer_handshake (peer, DEVSSH_PHASE_OPEN);

  for (guint i = 0; i < 90; i++)
    test_send (&peer->end, 81, text);
  g_assert_true (devssh_transport_wants_input (peer->end.transport));
  for (guint i = 0; i < 20; i++)
    test_send (&peer->end, 81, text);
  g_assert_false (devssh_transport_wants_input (peer->end.transport));

  devssh_transport_get_output (peer->end.transport, &waiting);
  devssh_transport_sent (peer->end.transport, waiting - 60000);
  g_assert_false (devssh_transport_wants_input (peer->end.transport));
  devssh_transport_sent (peer->end.transport, 10001);
  g_assert_true (devssh_transport_wants_input (peer->end.transport));
}

/* Data never stops the reading, it waits with whoever sends it. */
static void
test_machine_data_limit (void)
{
  g_autoptr(TestPair) pair = test_pair_new (NULL, NULL);
  DevSshTransport *transport = pair->client.transport;
  g_autofree guint8 *data = g_malloc0 (32768);
  gsize waiting = 0;
  guint n = 0;

  test_pair_start (pair);
  g_assert_false (devssh_transport_can_send_data (transport));
  test_pair_run (pair);
  g_assert_false (devssh_transport_can_send_data (transport));
  devssh_transport_set_phase (transport, DEVSSH_PHASE_OPEN);
  devssh_transport_set_phase (pair->server.transport, DEVSSH_PHASE_OPEN);

  while (devssh_transport_can_send_data (transport))
    {
      test_send_data (&pair->client, data, 32768);
      g_assert_cmpuint (++n, <, 20);
    }
  devssh_transport_get_output (transport, &waiting);
  g_assert_cmpuint (waiting, >=, 256 * 1024);
  g_assert_cmpuint (waiting, <, 256 * 1024 + 33000);
  g_assert_true (devssh_transport_wants_input (transport));
  /* Control messages still pass. */
  test_send (&pair->client, 93, "x");
  test_pair_run (pair);
  g_assert_cmpuint (pair->server.messages->len, ==, n + 1);
  g_assert_true (devssh_transport_can_send_data (transport));
}

/* ---- ends ---- */

static void
test_machine_disconnect (void)
{
  g_autoptr(TestPair) pair = test_pair_new (NULL, NULL);
  DevSshTransportEvent event;
  gsize size = 1;

  test_pair_open (pair);
  test_send (&pair->client, 80, "before");
  devssh_transport_disconnect (pair->client.transport, 11, "goodbye");
  test_send (&pair->client, 80, "after");
  devssh_transport_disconnect (pair->client.transport, 2, "again");
  devssh_transport_fail (pair->client.transport, 2, "again");
  g_assert_false (devssh_transport_rekey (pair->client.transport, pair->now));
  g_assert_false (devssh_transport_can_send_data (pair->client.transport));
  test_pair_run (pair);

  g_assert_true (g_str_has_suffix (pair->server.story->str, " ext-info 80 disconnected"));
  g_assert_cmpuint (pair->server.reason, ==, 11);
  g_assert_cmpstr (pair->server.text, ==, "goodbye");
  g_assert_true (g_str_has_suffix (pair->client.story->str, " ext-info"));

  for (TestEnd *end = &pair->client; end != NULL; end = end == &pair->client ? &pair->server : NULL)
    {
      g_assert_cmpint (devssh_transport_step (end->transport, 0, &event), ==, DEVSSH_TRANSPORT_END);
      g_assert_null (devssh_transport_get_space (end->transport, &size));
      g_assert_cmpuint (size, ==, 0);
      g_assert_false (devssh_transport_wants_input (end->transport));
      g_assert_cmpint (devssh_transport_get_deadline (end->transport), ==, 0);
    }
}

/* Reason 0: the stream just ends. */
static void
test_machine_disconnect_none (void)
{
  g_autoptr(TestPair) pair = test_pair_new (NULL, NULL);
  gsize length = 1;

  test_pair_open (pair);
  devssh_transport_disconnect (pair->client.transport, DEVSSH_DISCONNECT_REASON_NONE, NULL);
  g_assert_null (devssh_transport_get_output (pair->client.transport, &length));
  g_assert_cmpuint (length, ==, 0);
  test_end_step (&pair->client, pair->now);
  g_assert_cmpint (pair->client.last, ==, DEVSSH_TRANSPORT_END);
}

/* At any moment of a handshake either end may be freed, fail or disconnect. */
static void
test_machine_end_anywhere (void)
{
  for (guint way = 0; way < 3; way++)
    for (guint at = 0; at < 60; at++)
      {
        g_autoptr(TestPair) pair = test_pair_new (NULL, NULL);
        guint n = 0;

        test_pair_start (pair);
        while (n < at)
          {
            TestEnd *from = n % 2 == 0 ? &pair->client : &pair->server;
            TestEnd *to = n % 2 == 0 ? &pair->server : &pair->client;
            gsize length = 0;
            const guint8 *output = devssh_transport_get_output (from->transport, &length);

            length = MIN (length, 97);
            test_end_feed (to, output, length, pair->now);
            devssh_transport_sent (from->transport, length);
            n++;
          }

        if (way == 1)
          devssh_transport_fail (pair->client.transport, 11, "stop");
        else if (way == 2)
          devssh_transport_disconnect (pair->server.transport, 11, "stop");
        if (way == 0)
          continue;

        test_pair_run (pair);
        g_assert_cmpint (pair->client.last, ==, DEVSSH_TRANSPORT_END);
        g_assert_cmpint (pair->server.last, ==, DEVSSH_TRANSPORT_END);
        g_assert_cmpuint (way == 1 ? pair->server.reason : pair->client.reason, ==, 11);
      }
}

static void
test_machine_fail_before_start (void)
{
  TestEnd end;
  gsize length = 1;

  test_end_init (&end, test_config_new (FALSE));
  devssh_transport_fail (end.transport, 2, "nothing yet");
  g_assert_null (devssh_transport_get_output (end.transport, &length));
  test_end_step (&end, 1);
  g_assert_cmpstr (end.story->str, ==, " failed");
  test_end_clear (&end);
}

/* What comes before we have said anything waits; it must not pass for a session without security. */
static void
test_machine_input_before_start (void)
{
  static const char version[] = "SSH-2.0-early\r\n";
  TestEnd end;

  test_end_init (&end, test_config_new (TRUE));
  test_end_feed (&end, (const guint8 *) version, strlen (version), 1);
  g_assert_cmpint (end.last, ==, DEVSSH_TRANSPORT_NEED_INPUT);
  g_assert_cmpint (devssh_transport_get_phase (end.transport), ==, DEVSSH_PHASE_CLEAR);
  g_assert_false (devssh_transport_is_no_security (end.transport));

  devssh_transport_start (end.transport, 1);
  test_end_step (&end, 1);
  g_assert_cmpstr (end.story->str, ==, " version kex-started");
  test_end_clear (&end);
}

/* ---- services ---- */

static void
test_machine_services (void)
{
  g_autoptr(TestPair) pair = test_pair_new (NULL, NULL);

  test_pair_handshake (pair);
  devssh_transport_send_service_request (pair->client.transport, "ssh-userauth");
  devssh_transport_send_service_request (pair->client.transport, "x@example.org");
  test_pair_run (pair);
  devssh_transport_send_service_accept (pair->server.transport, "x@example.org");
  devssh_transport_send_service_accept (pair->server.transport, "ssh-userauth");
  test_pair_run (pair);
  g_assert_true (g_str_has_suffix (pair->client.story->str, " service-accept service-accept"));

  devssh_transport_send_service_accept (pair->server.transport, "ssh-userauth");
  test_pair_run (pair);
  g_assert_cmpuint (pair->client.reason, ==, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
  g_assert_cmpuint (pair->server.reason, ==, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
}

/* ---- tokens of the reconnect extension ---- */

static void
test_machine_token (gconstpointer data)
{
  const char *mac = data;
  gsize expected_length = strstr (mac, "512") != NULL ? 64 : 32;
  DevSshTransportConfig *configs[2] = { test_config_new (FALSE), test_config_new (TRUE) };
  g_autoptr(TestPair) pair = NULL;
  guint8 tokens[2][DEVSSH_HASH_MAX_SIZE], other[DEVSSH_HASH_MAX_SIZE];
  gsize length = 0;

  for (guint i = 0; i < 2; i++)
    {
      test_config_set (&configs[i]->macs, mac);
      test_config_set (&configs[i]->extensions, "session-reconnect@microsoft.com");
    }
  pair = test_pair_new (configs[0], configs[1]);
  g_assert_false (devssh_transport_make_token (pair->client.transport, FALSE, (const guint8 *) "x",
                                               1, other, &length));
  test_pair_handshake (pair);
  g_assert_true (devssh_transport_has_extension (pair->client.transport,
                                                 DEVSSH_EXTENSION_SESSION_RECONNECT));

  /* Each direction has its own key, which both ends know. */
  for (guint i = 0; i < 2; i++)
    {
      DevSshTransport *own = i == 0 ? pair->client.transport : pair->server.transport;
      DevSshTransport *peer = i == 0 ? pair->server.transport : pair->client.transport;

      g_assert_true (devssh_transport_make_token (own, FALSE, (const guint8 *) "x", 1, tokens[i],
                                                  &length));
      g_assert_cmpuint (length, ==, expected_length);
      g_assert_true (devssh_transport_make_token (peer, TRUE, (const guint8 *) "x", 1, other,
                                                  &length));
      g_assert_cmpmem (other, length, tokens[i], expected_length);
    }
  g_assert_cmpint (memcmp (tokens[0], tokens[1], expected_length), !=, 0);
  devssh_transport_make_token (pair->client.transport, FALSE, (const guint8 *) "y", 1, other,
                               &length);
  g_assert_cmpint (memcmp (tokens[0], other, expected_length), !=, 0);
}

/* Who cannot reconnect keeps no key for it. */
static void
test_machine_no_token (void)
{
  g_autoptr(TestPair) pair = test_pair_new (NULL, NULL);
  guint8 token[DEVSSH_HASH_MAX_SIZE];
  gsize length = 0;

  test_pair_handshake (pair);
  g_assert_false (devssh_transport_make_token (pair->client.transport, FALSE, (const guint8 *) "x",
                                               1, token, &length));
}

/* ---- tracing ---- */

static char *
take_notes (TestEnd         *end,
            DevSshTraceEvent event)
{
  g_autoptr(GString) text = g_string_new (NULL);
  DevSshTraceNote *note;

  while ((note = devssh_tracer_take (end->tracer)) != NULL)
    {
      if (note->event == event)
        g_string_append_printf (text, "%s\n", note->text);
      devssh_trace_note_free (note);
    }

  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
test_machine_trace (void)
{
  g_autoptr(TestPair) pair = test_pair_new (NULL, NULL);
  g_autofree char *sent = NULL, *received = NULL;

  devssh_tracer_set_level (pair->client.tracer, DEVSSH_TRACE_LEVEL_VERBOSE);
  devssh_tracer_set_level (pair->server.tracer, DEVSSH_TRACE_LEVEL_VERBOSE);
  test_pair_open (pair);
  test_send (&pair->client, 90, "x");
  test_send (&pair->client, 199, "x");
  test_pair_run (pair);

  sent = take_notes (&pair->client, DEVSSH_TRACE_EVENT_SENDING_MESSAGE);
  received = take_notes (&pair->server, DEVSSH_TRACE_EVENT_RECEIVING_MESSAGE);
  g_assert_nonnull (strstr (sent, "Sending #0 SSH_MSG_KEXINIT (20), "));
  g_assert_nonnull (strstr (sent, "Sending #1 SSH_MSG_KEXDH_INIT (30), 37 bytes\n"));
  g_assert_nonnull (strstr (sent,
                            "Sending #2 SSH_MSG_NEWKEYS (21), 1 bytes\n"
                            "Sending #0 SSH_MSG_EXT_INFO (7), "));
  g_assert_nonnull (strstr (sent,
                            "Sending #1 SSH_MSG_CHANNEL_OPEN (90), 6 bytes\n"
                            "Sending #2 unknown message (199), 6 bytes\n"));
  g_assert_nonnull (strstr (received,
                            "Receiving #1 SSH_MSG_CHANNEL_OPEN (90), 6 bytes\n"
                            "Receiving #2 unknown message (199), 6 bytes\n"));
}

static void
test_machine_trace_data (void)
{
  g_autoptr(TestPair) pair = test_pair_new (NULL, NULL);
  static const guint8 data[] = { 1, 2, 3 };
  g_autofree guint8 *much = g_malloc0 (100000);
  g_autofree char *none = NULL, *sent = NULL, *received = NULL, *long_line = NULL;

  devssh_tracer_set_level (pair->client.tracer, DEVSSH_TRACE_LEVEL_VERBOSE);
  devssh_tracer_set_level (pair->server.tracer, DEVSSH_TRACE_LEVEL_VERBOSE);
  test_pair_open (pair);

  /* Only on demand (T-82). */
  test_send_data (&pair->client, data, 3);
  test_pair_run (pair);
  none = take_notes (&pair->client, DEVSSH_TRACE_EVENT_SENDING_CHANNEL_DATA);
  g_assert_cmpstr (none, ==, "");

  devssh_tracer_set_channel_data (pair->client.tracer, TRUE);
  devssh_tracer_set_channel_data (pair->server.tracer, TRUE);
  test_send_data (&pair->client, data, 3);
  test_pair_run (pair);
  sent = take_notes (&pair->client, DEVSSH_TRACE_EVENT_SENDING_CHANNEL_DATA);
  received = take_notes (&pair->server, DEVSSH_TRACE_EVENT_RECEIVING_CHANNEL_DATA);
  g_assert_cmpstr (sent, ==, "Sending #2 SSH_MSG_CHANNEL_DATA 0 [3] 55BC801D 0000: 01 02 03\n");
  g_assert_cmpstr (received, ==,
                   "Receiving #2 SSH_MSG_CHANNEL_DATA 0 [3] 55BC801D 0000: 01 02 03\n");

  test_send_data (&pair->client, much, 100000);
  long_line = take_notes (&pair->client, DEVSSH_TRACE_EVENT_SENDING_CHANNEL_DATA);
  g_assert_cmpuint (strlen (long_line), <, 1024);
}

static void
test_machine_trace_negotiation (void)
{
  g_autoptr(TestPair) pair = test_pair_new (NULL, NULL);
  g_autofree char *text = NULL;

  devssh_tracer_set_level (pair->client.tracer, DEVSSH_TRACE_LEVEL_INFO);
  test_pair_open (pair);
  text = take_notes (&pair->client, DEVSSH_TRACE_EVENT_ALGORITHM_NEGOTIATION);
  g_assert_cmpstr (text, ==, "Key exchange curve25519-sha256, host key ssh-ed25519, "
                   "cipher aes256-gcm@openssh.com / aes256-gcm@openssh.com, "
                   "MAC hmac-sha2-256-etm@openssh.com / hmac-sha2-256-etm@openssh.com\n");
}

/* ---- packets on the wire (T-10, T-11, T-18) ---- */

static void
test_machine_limits (void)
{
  static const struct { guint32 length; gboolean keyed; guint32 reason; } cases[] = {
    { 34996, FALSE, 0 },
    { 35004, FALSE, 2 },
    { 262144, TRUE, 0 },
    { 262160, TRUE, 2 },
    { 1024 * 1024 + 16, TRUE, 2 },
    { 0xfffffff0, TRUE, 2 },
    { 0, FALSE, 2 },
    { 1, FALSE, 2 },
    { 0, TRUE, 2 },
    { 1, TRUE, 2 },
    { 16, TRUE, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(TestPeer) peer = test_peer_new (test_config_new (TRUE));
      guint32 length = GUINT32_TO_BE (cases[i].length);

      if (cases[i].keyed)
        test_peer_handshake (peer, DEVSSH_PHASE_OPEN);
      else
        test_peer_send_version (peer);
      test_peer_write (peer, &length, 4);
      if (cases[i].reason == 0)
        g_assert_cmpint (peer->end.last, ==, DEVSSH_TRANSPORT_NEED_INPUT);
      else
        test_peer_expect_fatal (peer, cases[i].reason);
    }
}

/* Whatever is behind a packet that does not verify is not looked at, and the reaction is always the
 * same. */
static void
test_machine_tampered (gconstpointer data)
{
  g_auto(GStrv) names = g_strsplit (data, " ", 2);

  for (guint position = 0; position < 9; position++)
    {
      DevSshTransportConfig *config = test_config_new (TRUE);
      g_autoptr(TestPeer) peer = NULL;
      g_autofree guint8 *zeros = g_malloc0 (300000);
      static const guint8 payload[60] = { 80 };
      gsize first, size;
      guint8 *bytes;

      test_config_set (&config->ciphers, names[0]);
      test_config_set (&config->macs, names[1]);
      peer = test_peer_new (config);
      test_config_set (&peer->config->ciphers, names[0]);
      test_peer_handshake (peer, DEVSSH_PHASE_OPEN);
      first = devssh_packet_writer_seal (&peer->out, payload, sizeof payload, NULL, 0, NULL, 0);
      devssh_packet_writer_seal (&peer->out, payload, sizeof payload, NULL, 0, NULL, 0);
      devssh_packet_writer_seal (&peer->out, payload, sizeof payload, NULL, 0, NULL, 0);
      bytes = peer->out.data + peer->out.start;
      size = devssh_packet_writer_get_waiting (&peer->out);
      {
        const guint tag = peer->out.protection.tag_size;
        const gsize positions[9] = { 4, 5, 6, 20, 64, 65, first - tag - 1, first - tag, first - 1 };

        bytes[first + positions[position]] ^= 1;
      }
      test_peer_write (peer, bytes, size);
      /* T-19: with CBC and encrypt-and-MAC it takes as much as the largest packet. */
      if (peer->end.last != DEVSSH_TRANSPORT_END)
        test_peer_write (peer, zeros, 300000);
      g_assert_cmpstr (peer->end.text, ==, "Wrong MAC");
      test_peer_expect_fatal (peer, DEVSSH_DISCONNECT_REASON_MAC_ERROR);
      g_assert_cmpuint (peer->end.messages->len, ==, 1);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/transport/machine/splits/T-02", test_machine_splits);
  g_test_add_func ("/transport/machine/hold", test_machine_hold);
  g_test_add_func ("/transport/machine/hold/moves/T-82", test_machine_hold_moves);
  g_test_add_func ("/transport/machine/hold/wiped/T-82", test_machine_hold_wiped);
  g_test_add_func ("/transport/machine/hold/full", test_machine_hold_full);
  g_test_add_func ("/transport/machine/hold/exchange/T-45", test_machine_hold_exchange);
  g_test_add_func ("/transport/machine/nested/T-64", test_machine_nested);
  g_test_add_func ("/transport/machine/nested/T-64/fail", test_machine_fail_nested);
  g_test_add_func ("/transport/machine/choked/T-47", test_machine_choked);
  g_test_add_func ("/transport/machine/data-limit", test_machine_data_limit);
  g_test_add_func ("/transport/machine/disconnect", test_machine_disconnect);
  g_test_add_func ("/transport/machine/disconnect/none", test_machine_disconnect_none);
  g_test_add_func ("/transport/machine/end-anywhere", test_machine_end_anywhere);
  g_test_add_func ("/transport/machine/fail-before-start", test_machine_fail_before_start);
  g_test_add_func ("/transport/machine/input-before-start/T-25", test_machine_input_before_start);
  g_test_add_func ("/transport/machine/services", test_machine_services);
  g_test_add_data_func ("/transport/machine/token/sha2-512-etm", "hmac-sha2-512-etm@openssh.com",
                        test_machine_token);
  g_test_add_data_func ("/transport/machine/token/sha2-256", "hmac-sha2-256", test_machine_token);
  g_test_add_func ("/transport/machine/token/none", test_machine_no_token);
  g_test_add_func ("/transport/machine/trace", test_machine_trace);
  g_test_add_func ("/transport/machine/trace/data/T-82/E-20", test_machine_trace_data);
  g_test_add_func ("/transport/machine/trace/negotiation", test_machine_trace_negotiation);
  g_test_add_func ("/transport/machine/limits/T-10/E-01", test_machine_limits);
  g_test_add_data_func ("/transport/machine/tampered/T-18/E-02/gcm",
                        "aes256-gcm@openssh.com hmac-sha2-256", test_machine_tampered);
  g_test_add_data_func ("/transport/machine/tampered/T-18/E-02/chacha20-poly1305",
                        "chacha20-poly1305@openssh.com hmac-sha2-256",
                        test_machine_tampered);
  g_test_add_data_func ("/transport/machine/tampered/T-18/E-02/ctr-etm",
                        "aes256-ctr hmac-sha2-256-etm@openssh.com",
                        test_machine_tampered);
  g_test_add_data_func ("/transport/machine/tampered/T-18/E-02/ctr", "aes256-ctr hmac-sha2-256",
                        test_machine_tampered);
  g_test_add_data_func ("/transport/machine/tampered/T-18/T-19/E-02/cbc", "aes256-cbc hmac-sha2-256",
                        test_machine_tampered);

  return g_test_run ();
}
