/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The reconnect extension between two engines: trailers, what is remembered, and sessions that are cut and go on
 * (T-23, T-61, T-72, T-73, T-74). A Side is a session as its owner sees it: numbered messages go in, and must come out at
 * the other side once each and in order, whatever happens to the bytes between. */
#include "test-ends.h"

#include <libdevssh/transport/devssh-transport-state-private.h>
#include <libdevssh/wire/devssh-uint32-private.h>
#include <string.h>

#define LATENCY_TOO "server-sig-algs,session-reconnect@microsoft.com,session-latency@microsoft.com"
#define ALONE       "server-sig-algs,session-reconnect@microsoft.com"

typedef struct
{
  gboolean              is_server;
  DevSshTransport      *transport;      /* of the session */
  DevSshTransport      *temporary;      /* that is to take over; or NULL */
  gboolean              asked;          /* client: the request was sent on it */
  guint32               n_sent;         /* messages */
  guint32               n_received;
  gboolean              failed;
  gint64                now;
} Side;

typedef struct
{
  Side         client, server;
  const char  *extensions;
  const char  *cipher;
  gsize        max_cached_control;
  guint64      rekey_bytes;
  gboolean     lax;             /* rekeys as with a peer that has no strict key exchange: packet numbers run on */
  guint        n_resumes;
  guint        n_adjusts;       /* that a client sends before its request to resume, and one behind it */
  guint        n_adjusted;
  guint        n_asked;         /* for a proof, by keepalive requests */
} World;

static gint64
side_get_time (gpointer clock)
{
  return ((Side *) clock)->now;
}

static DevSshTransport *
make_transport (World *world,
                Side  *side)
{
  DevSshTransportConfig *config = test_config_new (side->is_server);

  test_config_set (&config->extensions, world->extensions);
  if (world->cipher != NULL)
    test_config_set (&config->ciphers, world->cipher);
  if (world->max_cached_control > 0)
    config->max_cached_control = world->max_cached_control;
  if (world->rekey_bytes > 0)
    config->rekey_bytes = world->rekey_bytes;
  config->get_time = side_get_time;
  config->clock = side;
  return devssh_transport_new (config);
}

/* ---- messages ---- */

/* Every third is data from where it lies, the others are requests. */
static gboolean
side_send (Side  *side,
           gsize  size)
{
  DevSshTransport *transport = side->transport;
  DEVSSH_WRITER_AUTO (writer);

  if (side->n_sent % 3 == 0)
    {
      g_autofree guint8 *body = g_malloc (size + 1);
      g_autoptr(GBytes) owner = NULL;

      if (!devssh_transport_can_send_data (transport))
        return FALSE;
      memset (body, side->n_sent & 0xff, size);
      if (side->n_sent % 2 == 0)
        owner = g_bytes_new (body, size);
      devssh_writer_put_byte (&writer, DEVSSH_MESSAGE_CHANNEL_DATA);
      devssh_writer_put_uint32 (&writer, side->n_sent);
      devssh_writer_put_uint32 (&writer, size);
      devssh_transport_send_data (transport, writer.data, writer.length,
                                  owner != NULL ? g_bytes_get_data (owner, NULL) : body, size, owner);
    }
  else
    {
      devssh_writer_put_byte (&writer, DEVSSH_MESSAGE_CHANNEL_REQUEST);
      devssh_writer_put_uint32 (&writer, side->n_sent);
      for (gsize i = 0; i < size % 97; i++)
        devssh_writer_put_byte (&writer, side->n_sent & 0xff);
      devssh_outbox_send (devssh_transport_get_outbox (transport), writer.data, writer.length);
    }

  side->n_sent++;
  return TRUE;
}

static void
side_message (Side                       *side,
              const DevSshTransportEvent *event)
{
  gsize head = event->payload[0] == DEVSSH_MESSAGE_CHANNEL_DATA ? 9 : 5;
  guint32 number;

  g_assert_cmpuint (event->length, >=, head);
  g_assert_cmpint (event->payload[0], ==, side->n_received % 3 == 0 ? DEVSSH_MESSAGE_CHANNEL_DATA
                                                                    : DEVSSH_MESSAGE_CHANNEL_REQUEST);
  number = (guint32) event->payload[1] << 24 | event->payload[2] << 16 | event->payload[3] << 8 | event->payload[4];
  g_assert_cmpuint (number, ==, side->n_received);
  for (gsize i = head; i < event->length; i++)
    g_assert_cmpint (event->payload[i], ==, number & 0xff);
  side->n_received++;
}

/* ---- what a session does with its engines ---- */

static void
side_lose (Side *side)
{
  /* Whenever it comes: also before the new connection has been agreed on to the end. */
  if (!devssh_transport_is_lost (side->transport))
    g_assert_true (devssh_transport_can_resume (side->transport));
  devssh_transport_lose (side->transport);
  g_clear_pointer (&side->temporary, devssh_transport_free);
  side->asked = FALSE;
}

static void
side_take_over (World *world,
                Side  *side)
{
  devssh_transport_free (side->transport);
  side->transport = g_steal_pointer (&side->temporary);
  devssh_transport_set_phase (side->transport, DEVSSH_PHASE_OPEN);
  side->asked = FALSE;
  if (!side->is_server)
    world->n_resumes++;
}

static void
side_resume_request (World                      *world,
                     Side                       *side,
                     const DevSshTransportEvent *event)
{
  g_auto(DevSshGlobalRequestMessage) message = { 0 };
  DevSshReconnectRequest request;
  guint n_behind = 0;

  g_assert_true (devssh_global_request_message_decode (&message, event->payload, event->length, NULL));
  g_assert_true (devssh_reconnect_request_decode (&request, message.data.data, message.data.length, NULL));
  g_assert_true (devssh_transport_check_token (side->temporary, devssh_transport_get_session_id (side->transport),
                                               request.client_token.data, request.client_token.length));
  if (!devssh_transport_is_lost (side->transport))
    g_assert_true (devssh_transport_can_resume (side->transport));
  devssh_transport_lose (side->transport);
  g_assert_true (devssh_transport_can_serve (side->transport, request.last_received));
  if (devssh_transport_answer_resume (side->temporary, side->transport, request.last_received, &n_behind))
    {
      /* Those before have not arrived, and are sent again behind this one. */
      g_assert_cmpuint (n_behind, ==, world->n_asked);
      world->n_asked++;
    }
  side_take_over (world, side);
}

static void
side_resume_answer (World                      *world,
                    Side                       *side,
                    const DevSshTransportEvent *event)
{
  DevSshReconnectResponse answer;

  g_assert_cmpint (event->payload[0], ==, DEVSSH_MESSAGE_REQUEST_SUCCESS);
  g_assert_true (devssh_reconnect_response_decode (&answer, event->payload + 1, event->length - 1, NULL));
  g_assert_true (devssh_transport_check_token (side->temporary, devssh_transport_get_session_id (side->transport),
                                               answer.server_token.data, answer.server_token.length));
  g_assert_true (devssh_transport_resume (side->temporary, side->transport, answer.last_received));
  side_take_over (world, side);
}

/* As the TypeScript and Go clients do, before they know whether their session goes on. */
static void
send_adjusts (Side  *side,
              guint  first,
              guint  n)
{
  for (guint i = first; i < first + n; i++)
    {
      guint8 message[9] = { DEVSSH_MESSAGE_CHANNEL_WINDOW_ADJUST, 0, 0, 0, 7, 0, 0, 0, (guint8) i };

      devssh_outbox_send (devssh_transport_get_outbox (side->temporary), message, sizeof message);
    }
}

static void
side_step (World *world,
           Side  *side)
{
  for (;;)
    {
      DevSshTransport *transport = side->temporary != NULL ? side->temporary : side->transport;
      DevSshTransportEvent event;

      switch (devssh_transport_step (transport, side->now, &event))
        {
        case DEVSSH_TRANSPORT_MESSAGE:
          if (event.payload[0] == DEVSSH_MESSAGE_CHANNEL_WINDOW_ADJUST)
            {
              g_assert_cmpuint (event.length, ==, 9);
              g_assert_cmpint (event.payload[8], ==, world->n_adjusted++ % 256);
            }
          else if (event.payload[0] == DEVSSH_MESSAGE_GLOBAL_REQUEST)
            world->n_asked--;
          else
            side_message (side, &event);
          break;
        case DEVSSH_TRANSPORT_RESUME_REQUEST:
          side_resume_request (world, side, &event);
          break;
        case DEVSSH_TRANSPORT_RESUME_ANSWER:
          side_resume_answer (world, side, &event);
          break;
        case DEVSSH_TRANSPORT_KEX_DONE:
          transport->strict = transport->strict && !world->lax;
          if (side->temporary != NULL && !side->is_server && event.flag)
            {
              send_adjusts (side, 0, world->n_adjusts);
              devssh_transport_request_resume (side->temporary, side->transport);
              if (world->n_adjusts > 0)
                send_adjusts (side, world->n_adjusts, 1);
              side->asked = TRUE;
            }
          break;
        case DEVSSH_TRANSPORT_FAILED:
          side->failed = TRUE;
          g_test_message ("%s failed: %s", side->is_server ? "server" : "client", event.text);
          break;
        case DEVSSH_TRANSPORT_NEED_INPUT:
        case DEVSSH_TRANSPORT_HELD:
        case DEVSSH_TRANSPORT_END:
          return;
        default:
          break;
        }
    }
}

static DevSshTransport *
side_wire (Side *side)
{
  return side->temporary != NULL ? side->temporary : side->transport;
}

/* Up to `limit` bytes; returns how many there were. */
static gsize
carry (World *world,
       Side  *from,
       Side  *to,
       gsize  limit)
{
  gsize length = 0, size = 0, moved;
  const guint8 *data = devssh_transport_get_output (side_wire (from), &length);
  guint8 *space;

  length = MIN (length, limit);
  if (length == 0 || !devssh_transport_wants_input (side_wire (to)))
    return 0;

  space = devssh_transport_get_space (side_wire (to), &size);
  if (space == NULL)
    return 0;
  moved = MIN (length, size);
  memcpy (space, data, moved);
  devssh_transport_received (side_wire (to), moved);
  devssh_transport_sent (side_wire (from), moved);
  side_step (world, to);
  return moved;
}

static void
run (World *world)
{
  gsize moved;

  side_step (world, &world->client);
  side_step (world, &world->server);
  do
    {
      moved = carry (world, &world->client, &world->server, G_MAXSIZE);
      moved += carry (world, &world->server, &world->client, G_MAXSIZE);
    }
  while (moved > 0);
}

static void
world_init (World      *world,
            const char *extensions)
{
  memset (world, 0, sizeof *world);
  world->extensions = extensions;
  world->server.is_server = TRUE;
  world->client.now = world->server.now = 1000000;
}

static void
world_login (World *world)
{
  Side *sides[] = { &world->client, &world->server };

  for (guint i = 0; i < 2; i++)
    {
      sides[i]->transport = make_transport (world, sides[i]);
      devssh_transport_start (sides[i]->transport, sides[i]->now);
    }
  run (world);
  for (guint i = 0; i < 2; i++)
    devssh_transport_set_phase (sides[i]->transport, DEVSSH_PHASE_OPEN);
}

static void
world_clear (World *world)
{
  Side *sides[] = { &world->client, &world->server };

  for (guint i = 0; i < 2; i++)
    {
      g_clear_pointer (&sides[i]->transport, devssh_transport_free);
      g_clear_pointer (&sides[i]->temporary, devssh_transport_free);
    }
}

/* A new connection for the session; nothing has been carried over it yet. */
static void
world_dial (World *world)
{
  Side *sides[] = { &world->client, &world->server };

  for (guint i = 0; i < 2; i++)
    {
      /* The server may not have noticed. */
      if (!sides[i]->is_server)
        side_lose (sides[i]);
      g_clear_pointer (&sides[i]->temporary, devssh_transport_free);
      sides[i]->temporary = make_transport (world, sides[i]);
      devssh_transport_start (sides[i]->temporary, sides[i]->now);
    }
}

/* All that either side has sent has arrived. */
static void
assert_equal (World *world)
{
  g_assert_false (world->client.failed);
  g_assert_false (world->server.failed);
  g_assert_cmpuint (world->client.n_sent, ==, world->server.n_received);
  g_assert_cmpuint (world->server.n_sent, ==, world->client.n_received);
}

/* ---- trailers ---- */

static void
test_enabling (void)
{
  World world;
  gboolean outgoing, incoming, latency;

  world_init (&world, LATENCY_TOO);
  world_login (&world);
  for (guint i = 0; i < 2; i++)
    {
      devssh_transport_get_trailers (i == 0 ? world.client.transport : world.server.transport, &outgoing, &incoming, &latency);
      g_assert_true (outgoing && incoming && latency);
      g_assert_true (devssh_transport_can_resume (i == 0 ? world.client.transport : world.server.transport));
    }

  for (guint i = 0; i < 20; i++)
    {
      side_send (&world.client, 100 * i);
      side_send (&world.server, 10 * i);
    }
  run (&world);
  assert_equal (&world);
  world_clear (&world);
}

static void
test_one_sided (void)
{
  World world;
  gboolean outgoing, incoming, latency;

  world_init (&world, ALONE);
  world.client.transport = make_transport (&world, &world.client);
  world.extensions = "server-sig-algs";
  world.server.transport = make_transport (&world, &world.server);
  devssh_transport_start (world.client.transport, 0);
  devssh_transport_start (world.server.transport, 0);
  run (&world);
  devssh_transport_set_phase (world.client.transport, DEVSSH_PHASE_OPEN);
  devssh_transport_set_phase (world.server.transport, DEVSSH_PHASE_OPEN);
  devssh_transport_get_trailers (world.client.transport, &outgoing, &incoming, &latency);
  g_assert_false (outgoing || incoming || latency);
  g_assert_null (devssh_transport_get_cache (world.client.transport));
  g_assert_false (devssh_transport_can_resume (world.client.transport));
  for (guint i = 0; i < 20; i++)
    side_send (&world.client, 100 * i);
  run (&world);
  assert_equal (&world);
  world_clear (&world);
}

/* Round trip less the time the message lay with the peer. */
static void
test_latency (void)
{
  World world;
  g_autoptr(DevSshSessionMetrics) metrics = devssh_session_metrics_new ();

  world_init (&world, LATENCY_TOO);
  world_login (&world);
  devssh_transport_set_observers (world.client.transport, metrics, NULL, &world.client);

  side_send (&world.client, 10);
  world.client.now += 20000;
  world.server.now += 20000;
  g_assert_cmpuint (carry (&world, &world.client, &world.server, G_MAXSIZE), >, 0);
  /* The server thinks for a second before it says something. */
  world.client.now += 1000000;
  world.server.now += 1000000;
  side_send (&world.server, 10);
  world.client.now += 30000;
  world.server.now += 30000;
  g_assert_cmpuint (carry (&world, &world.server, &world.client, G_MAXSIZE), >, 0);
  g_assert_cmpfloat_with_epsilon (devssh_session_metrics_get_latency_current (metrics), 50.0, 0.0001);
  world_clear (&world);
}

/* The first trailer is about a packet that came before there was any: its time is known too. */
static void
test_first_delta (void)
{
  static const guint8 head[] = { DEVSSH_MESSAGE_IGNORE, 0, 0, 0, 0 };
  World world;
  Side *sides[] = { &world.client, &world.server };

  world_init (&world, LATENCY_TOO);
  world_login (&world);
  for (guint i = 0; i < 2; i++)
    {
      guint8 trailer[DEVSSH_TRAILER_MAX_SIZE];

      sides[i]->now += 1234;
      g_assert_cmpuint (devssh_reconnect_sending (sides[i]->transport, head, sizeof head, NULL, 0, NULL, trailer), ==, 12);
      g_assert_cmpuint (devssh_uint32_load (trailer + 8), ==, 1234);
    }
  world_clear (&world);
}

/* A packet with a trailer of one's own choice, from a client that is otherwise honest (T-72). */
static void
test_lies (gconstpointer data)
{
  gint64 offset = GPOINTER_TO_INT (data);
  World world;
  guint8 forged[9] = { DEVSSH_MESSAGE_IGNORE };
  guint64 last;

  world_init (&world, ALONE);
  world_login (&world);
  side_send (&world.server, 10);
  side_send (&world.server, 10);
  run (&world);
  side_send (&world.client, 10);
  run (&world);

  last = devssh_transport_get_messages_sent (world.server.transport) - 1;
  last = offset == 1000 ? G_MAXUINT64 : last + (guint64) offset;
  for (guint i = 0; i < 8; i++)
    forged[1 + i] = (guint8) (last >> (56 - 8 * i));
  /* Past the engine, which would add a trailer of its own. */
  devssh_packet_writer_seal (&world.client.transport->out, forged, sizeof forged, NULL, 0, NULL, 0);
  carry (&world, &world.client, &world.server, G_MAXSIZE);
  g_assert_cmpint (world.server.failed, ==, offset == 0 ? FALSE : TRUE);
  world_clear (&world);
}

static void
test_short (void)
{
  World world;
  guint8 message[8] = { DEVSSH_MESSAGE_IGNORE };

  world_init (&world, ALONE);
  world_login (&world);
  devssh_packet_writer_seal (&world.client.transport->out, message, sizeof message, NULL, 0, NULL, 0);
  carry (&world, &world.client, &world.server, G_MAXSIZE);
  g_assert_true (world.server.failed);
  world_clear (&world);
}

/* A peer that never acknowledges (T-73). */
static void
test_never_acknowledged (void)
{
  World world;
  guint n;

  world_init (&world, ALONE);
  world.max_cached_control = 20000;
  world_login (&world);
  for (n = 0; devssh_transport_get_cache (world.client.transport) != NULL && n < 10000; n++)
    {
      side_send (&world.client, 90);
      carry (&world, &world.client, &world.server, G_MAXSIZE);
    }
  g_assert_cmpuint (n, <, 10000);
  g_assert_false (devssh_transport_can_resume (world.client.transport));
  side_send (&world.server, 90);
  run (&world);
  assert_equal (&world);
  world_clear (&world);
}

/* What a connection took and never carried. */
static void
swallow (Side *side)
{
  gsize length;

  while (devssh_transport_get_output (side->transport, &length) != NULL)
    devssh_transport_sent (side->transport, length);
}

/* Nor one that asks for nothing but answers which are of no use on another connection: UNIMPLEMENTED costs it 16 bytes each. */
static void
test_never_acknowledged_answers (void)
{
  World world;
  guint n;

  world_init (&world, ALONE);
  world.max_cached_control = 20000;
  world_login (&world);
  for (n = 0; devssh_transport_get_cache (world.server.transport) != NULL && n < 10000; n++)
    {
      devssh_transport_send_unimplemented (world.server.transport, n);
      swallow (&world.server);
    }
  g_assert_cmpuint (n, <, 10000);
  g_assert_false (devssh_transport_can_resume (world.server.transport));
  world_clear (&world);
}

/* ---- cuts ---- */

static void
test_simple (gconstpointer data)
{
  guint n_rekeys = GPOINTER_TO_UINT (data) & 15;
  World world;

  world_init (&world, LATENCY_TOO);
  if (GPOINTER_TO_UINT (data) & 16)
    world.cipher = "aes256-ctr";
  world.lax = (GPOINTER_TO_UINT (data) & 32) != 0;
  world_login (&world);
  for (guint round = 0; round < 4; round++)
    {
      for (guint i = 0; i < n_rekeys; i++)
        {
          g_assert_true (devssh_transport_rekey (world.client.transport, world.client.now));
          side_send (&world.client, 1000);
          side_send (&world.server, 1000);
          run (&world);
        }
      for (guint i = 0; i < 7; i++)
        {
          side_send (&world.client, 5000);
          side_send (&world.server, 100);
        }
      /* Half of it gets through, and while there is no connection more is said. */
      carry (&world, &world.client, &world.server, 9000);
      carry (&world, &world.server, &world.client, 300);
      side_lose (&world.client);
      if (round % 2 == 0)
        side_lose (&world.server);
      for (guint i = 0; i < 7; i++)
        {
          side_send (&world.client, 5000);
          side_send (&world.server, 100);
        }
      world_dial (&world);
      run (&world);
      assert_equal (&world);
    }
  g_assert_cmpuint (world.n_resumes, ==, 4);
  world_clear (&world);
}

/* In the middle of an exchange of keys, whoever began it: what was held back is not lost. */
static void
test_during_rekey (void)
{
  for (gsize at = 0; at < 3000; at += 7)
    {
      World world;

      world_init (&world, ALONE);
      world_login (&world);
      devssh_transport_rekey (at % 2 == 0 ? world.client.transport : world.server.transport, 0);
      for (guint i = 0; i < 4; i++)
        {
          side_send (&world.client, 50);
          side_send (&world.server, 50);
        }
      for (gsize moved = 0, n = 1; n > 0 && moved < at; moved += n)
        n = carry (&world, &world.client, &world.server, (at - moved + 1) / 2) +
            carry (&world, &world.server, &world.client, (at - moved + 1) / 2);
      side_lose (&world.client);
      side_lose (&world.server);
      world_dial (&world);
      run (&world);
      for (guint i = 0; i < 4; i++)
        {
          side_send (&world.client, 50);
          side_send (&world.server, 50);
        }
      run (&world);
      assert_equal (&world);
      world_clear (&world);
    }
}

/* The message that is carried last in each direction is given byte by byte: nothing of the resume may be cut so that the
 * next one fails. `to_client` bytes reach the client, `to_server` the server. */
static void
cut_in_resume (World *world,
               gsize  to_server,
               gsize  to_client)
{
  gsize n;

  world_dial (world);
  do
    {
      gsize there = carry (world, &world->client, &world->server, to_server);
      gsize back = carry (world, &world->server, &world->client, to_client);

      to_server -= there;
      to_client -= back;
      n = there + back;
    }
  while (n > 0);
}

/* Up to three cuts in one resume, each anywhere; and the client may have received any small number of messages before, so
 * that its old numbers and the server's new ones lie close to each other (design D17). */
static void
test_in_resume (void)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed (4711);

  for (guint n_before = 0; n_before <= 100; n_before++)
    {
      World world;

      world_init (&world, ALONE);
      world_login (&world);
      for (guint i = 0; i < n_before; i++)
        {
          side_send (&world.server, 10);
          run (&world);
        }
      for (guint round = 0; round < 4; round++)
        {
          guint n_cuts = (guint) g_rand_int_range (rand, 0, 4);

          for (guint i = 0; i < 5; i++)
            {
              side_send (&world.client, 200);
              side_send (&world.server, 200);
            }
          carry (&world, &world.server, &world.client, (gsize) g_rand_int_range (rand, 0, 1200));
          carry (&world, &world.client, &world.server, (gsize) g_rand_int_range (rand, 0, 1200));
          for (guint i = 0; i < n_cuts; i++)
            cut_in_resume (&world, (gsize) g_rand_int_range (rand, 1400, 2600), (gsize) g_rand_int_range (rand, 1000, 2600));
          side_send (&world.server, 20);
          world_dial (&world);
          run (&world);
          assert_equal (&world);
        }
      world_clear (&world);
    }
}

/* Each message of the resume lost in turn, with every number that the client may ask from. */
static void
test_answer_lost (void)
{
  for (guint n_before = 0; n_before <= 100; n_before++)
    {
      World world;

      world_init (&world, ALONE);
      world_login (&world);
      for (guint i = 0; i < n_before; i++)
        side_send (&world.server, 10);
      run (&world);
      side_send (&world.client, 10);
      side_send (&world.server, 10);
      /* The server answers, and nothing of that arrives: three times. */
      for (guint i = 0; i < 3; i++)
        {
          world_dial (&world);
          while (world.server.temporary != NULL)
            {
              gsize n = carry (&world, &world.client, &world.server, G_MAXSIZE);

              if (world.server.temporary != NULL)
                n += carry (&world, &world.server, &world.client, G_MAXSIZE);
              g_assert_cmpuint (n, >, 0);
            }
          side_send (&world.server, 10);
        }
      world_dial (&world);
      run (&world);
      assert_equal (&world);

      /* And from there on in the new numbers, at once and after some traffic. */
      world_dial (&world);
      run (&world);
      for (guint i = 0; i < 30; i++)
        side_send (&world.server, 10);
      world_dial (&world);
      run (&world);
      assert_equal (&world);
      world_clear (&world);
    }
}

/* Far more was received before than the new connection has numbers for: the server stops short of the client's number until
 * it knows that its answer was read. */
static void
test_far_numbers (void)
{
  World world;

  world_init (&world, ALONE);
  world_login (&world);
  for (guint i = 0; i < 500; i++)
    side_send (&world.server, 10);
  run (&world);
  for (guint i = 0; i < 1000; i++)
    side_send (&world.server, 10);
  for (guint i = 0; i < 3; i++)
    {
      world_dial (&world);
      while (world.server.temporary != NULL)
        {
          carry (&world, &world.client, &world.server, G_MAXSIZE);
          if (world.server.temporary != NULL)
            carry (&world, &world.server, &world.client, G_MAXSIZE);
        }
      g_assert_cmpuint (devssh_transport_get_messages_sent (world.server.transport), <, 510);
      g_assert_cmpuint (world.n_asked, ==, i + 1);
    }
  world_dial (&world);
  run (&world);
  assert_equal (&world);
  g_assert_cmpuint (world.n_asked, ==, 0);
  world_clear (&world);
}

/* Megabytes are to be sent again, and most of that has to wait: for the proof that the answer was read, or for the end of an exchange of
 * keys that begins among it. The reading that ends the wait goes on. */
static void
test_much_again (gconstpointer data)
{
  World world;

  world_init (&world, ALONE);
  world_login (&world);
  for (guint i = 0; i < 80; i++)
    side_send (&world.server, 10);
  run (&world);
  for (guint i = 0; i < 3 * 200; i++)
    {
      g_assert_true (side_send (&world.server, 30000));
      swallow (&world.server);
    }
  world.rekey_bytes = GPOINTER_TO_UINT (data);
  world_dial (&world);
  run (&world);
  assert_equal (&world);
  g_assert_cmpuint (devssh_transport_get_held (world.server.transport), ==, 0);
  if (world.rekey_bytes > 0)
    g_assert_cmpuint (devssh_transport_get_kex_count (world.server.transport), >, 1);
  world_clear (&world);
}

/* One token fits: the peer's own, of this session, over this connection (T-70). */
static void
test_tokens (void)
{
  World world;
  DevSshTransport *old;
  const DevSshSecret *id;
  guint8 token[DEVSSH_HASH_MAX_SIZE], reflected[DEVSSH_HASH_MAX_SIZE], both[2 * DEVSSH_HASH_MAX_SIZE];
  gsize length, id_length;

  world_init (&world, ALONE);
  world_login (&world);
  world_dial (&world);
  /* As far as both have keys, and the client has not asked yet. */
  old = world.server.transport;
  id = devssh_transport_get_session_id (old);
  while (devssh_transport_get_kex_count (world.client.temporary) == 0)
    {
      g_assert_cmpuint (carry (&world, &world.client, &world.server, G_MAXSIZE) +
                        carry (&world, &world.server, &world.client, 1), >, 0);
      g_assert_nonnull (world.server.temporary);
    }
  id_length = id->length;
  memcpy (both, id->data, id_length);
  memcpy (both + id_length, devssh_transport_get_session_id (world.server.temporary)->data, id_length);
  g_assert_true (devssh_transport_make_token (world.client.temporary, FALSE, both, 2 * id_length, token, &length));
  g_assert_true (devssh_transport_check_token (world.server.temporary, id, token, length));

  for (gsize bit = 0; bit < 8 * length; bit++)
    {
      token[bit / 8] ^= (guint8) (1 << bit % 8);
      g_assert_false (devssh_transport_check_token (world.server.temporary, id, token, length));
      token[bit / 8] ^= (guint8) (1 << bit % 8);
    }
  for (gsize shorter = 0; shorter < length; shorter++)
    g_assert_false (devssh_transport_check_token (world.server.temporary, id, token, shorter));
  /* The server's own, back to it; the right one, at the client's end; and over another connection. */
  g_assert_true (devssh_transport_make_token (world.server.temporary, FALSE, both, 2 * id_length, reflected, &length));
  g_assert_false (devssh_transport_check_token (world.server.temporary, id, reflected, length));
  g_assert_false (devssh_transport_check_token (world.client.temporary, id, token, length));
  world_dial (&world);
  run (&world);
  assert_equal (&world);
  g_assert_false (devssh_transport_check_token (world.server.transport, devssh_transport_get_session_id (world.server.transport),
                                                token, length));
  world_clear (&world);
}

/* Windows that are opened before the session is resumed are the old session's; more than 64 are too many (T-30). */
static void
test_early_adjusts (gconstpointer data)
{
  guint n = GPOINTER_TO_UINT (data);
  World world;

  world_init (&world, ALONE);
  world_login (&world);
  side_send (&world.client, 10);
  side_send (&world.server, 10);
  run (&world);
  world.n_adjusts = n;
  world_dial (&world);
  run (&world);
  g_assert_cmpint (world.server.failed, ==, n > 64);
  if (n <= 64)
    {
      side_send (&world.client, 10);
      run (&world);
      assert_equal (&world);
      g_assert_cmpuint (world.n_adjusted, ==, n + 1);
    }
  world_clear (&world);
}

/* Asked for what is gone, or was never there (T-72). */
static void
test_cannot_serve (void)
{
  World world;
  guint64 sent;

  world_init (&world, ALONE);
  world_login (&world);
  for (guint i = 0; i < 10; i++)
    {
      side_send (&world.server, 10);
      side_send (&world.client, 10);
      run (&world);
    }
  sent = devssh_transport_get_messages_sent (world.server.transport);
  devssh_transport_lose (world.server.transport);
  g_assert_true (devssh_transport_can_serve (world.server.transport, sent - 1));
  g_assert_false (devssh_transport_can_serve (world.server.transport, sent));
  g_assert_false (devssh_transport_can_serve (world.server.transport, sent + 1));
  g_assert_false (devssh_transport_can_serve (world.server.transport, G_MAXUINT64));
  g_assert_false (devssh_transport_can_serve (world.server.transport, 0));
  g_assert_false (devssh_transport_can_serve (world.server.transport, sent - 5));
  world_clear (&world);
}

/* What a session of more than 64 KiB each way sends, cut behind every single byte of it, each way: no two connections of
 * the same session are cut at the same places (T-61). */
#define LENGTH 66601   /* a prime, so that the multiples of another number meet every offset */

static void
test_every_offset (void)
{
#if defined (__SANITIZE_ADDRESS__) || defined (__SANITIZE_THREAD__)
  guint step = 97;
#else
  guint step = 1;
#endif
  World world;
  gsize longest[2] = { 0, 0 };

  world_init (&world, ALONE);
  world_login (&world);
  for (gsize at = 0; at < LENGTH; at += step)
    {
      gsize left[2] = { at, at * 7919 % LENGTH }, n;

      while (world.client.n_sent - world.server.n_received < 26)
        side_send (&world.client, 8000);
      while (world.server.n_sent - world.client.n_received < 26)
        side_send (&world.server, 8000);
      do
        {
          gsize there = carry (&world, &world.client, &world.server, left[0]);
          gsize back = carry (&world, &world.server, &world.client, left[1]);

          left[0] -= there;
          left[1] -= back;
          n = there + back;
        }
      while (n > 0);
      longest[0] = MAX (longest[0], at - left[0]);
      longest[1] = MAX (longest[1], at * 7919 % LENGTH - left[1]);
      world_dial (&world);
      run (&world);
      assert_equal (&world);
    }
  g_assert_cmpuint (MIN (longest[0], longest[1]), >, 65536);
  world_clear (&world);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/reconnect/enabling", test_enabling);
  g_test_add_func ("/reconnect/one-sided", test_one_sided);
  g_test_add_func ("/reconnect/latency", test_latency);
  g_test_add_func ("/reconnect/first-delta", test_first_delta);
  g_test_add_data_func ("/reconnect/acknowledge-last/T-72", GINT_TO_POINTER (0), test_lies);
  g_test_add_data_func ("/reconnect/acknowledge-next/T-72", GINT_TO_POINTER (1), test_lies);
  g_test_add_data_func ("/reconnect/acknowledge-less/T-72", GINT_TO_POINTER (-1), test_lies);
  g_test_add_data_func ("/reconnect/acknowledge-most/T-72", GINT_TO_POINTER (1000), test_lies);
  g_test_add_func ("/reconnect/no-trailer/T-72", test_short);
  g_test_add_func ("/reconnect/never-acknowledged/T-73", test_never_acknowledged);
  g_test_add_func ("/reconnect/never-acknowledged-answers/T-73", test_never_acknowledged_answers);
  g_test_add_data_func ("/reconnect/simple", GUINT_TO_POINTER (0), test_simple);
  g_test_add_data_func ("/reconnect/after-rekey/T-23", GUINT_TO_POINTER (1), test_simple);
  g_test_add_data_func ("/reconnect/after-rekeys/T-23", GUINT_TO_POINTER (5), test_simple);
  g_test_add_data_func ("/reconnect/ctr/T-23", GUINT_TO_POINTER (16), test_simple);
  g_test_add_data_func ("/reconnect/ctr-after-rekeys/T-23", GUINT_TO_POINTER (16 + 5), test_simple);
  g_test_add_data_func ("/reconnect/ctr-lax/T-23", GUINT_TO_POINTER (32 + 16), test_simple);
  g_test_add_data_func ("/reconnect/ctr-lax-after-rekey/T-23", GUINT_TO_POINTER (32 + 16 + 1), test_simple);
  g_test_add_data_func ("/reconnect/ctr-lax-after-rekeys/T-23", GUINT_TO_POINTER (32 + 16 + 5), test_simple);
  g_test_add_func ("/reconnect/during-rekey/E-55", test_during_rekey);
  g_test_add_func ("/reconnect/tokens/T-70", test_tokens);
  g_test_add_data_func ("/reconnect/early-adjusts/1/T-30", GUINT_TO_POINTER (1), test_early_adjusts);
  g_test_add_data_func ("/reconnect/early-adjusts/64/T-30", GUINT_TO_POINTER (64), test_early_adjusts);
  g_test_add_data_func ("/reconnect/early-adjusts/65/T-30", GUINT_TO_POINTER (65), test_early_adjusts);
  g_test_add_func ("/reconnect/cannot-serve/T-72", test_cannot_serve);
  g_test_add_func ("/reconnect/answer-lost/T-74", test_answer_lost);
  g_test_add_func ("/reconnect/far-numbers/T-74", test_far_numbers);
  g_test_add_data_func ("/reconnect/much-again/T-44", GUINT_TO_POINTER (0), test_much_again);
  g_test_add_data_func ("/reconnect/much-again-and-rekey/T-44", GUINT_TO_POINTER (500000), test_much_again);
  g_test_add_func ("/reconnect/in-resume/T-74", test_in_resume);
  g_test_add_func ("/reconnect/every-offset/T-61", test_every_offset);
  return g_test_run ();
}
