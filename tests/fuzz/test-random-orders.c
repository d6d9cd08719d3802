/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages in random order, at every stage of both ends: nothing is granted that was not allowed, what the table
 * forbids ends the session, and the next session is as good as the first (T-99). The seed is printed; --seed repeats. */
#include "../wire/message-samples.h"
#include "fuzz-end.h"

#include <libdevssh/transport/devssh-transport-state-private.h>

#define SEQUENCES 150
#define STEPS     24

typedef struct
{
  gboolean  is_server;
  FuzzStage stage;
  gboolean  refuse;       /* the application says no to everybody and everything */
} Case;

static DevSshAction
action_for (FuzzEnd *end,
            guint8   number)
{
  DevSshTransport *transport = end->transport;

  return devssh_message_table_lookup (end->is_server, transport->phase, transport->kex_state,
                                      transport->strict && transport->phase == DEVSSH_PHASE_CLEAR, number);
}

/* A number that the table lets in, most of the time. */
static guint8
pick_number (FuzzEnd *end,
             GRand   *rand)
{
  guint8 legal[256];
  guint n = 0;

  if (g_rand_int_range (rand, 0, 8) == 0)
    return (guint8) g_rand_int_range (rand, 0, 256);

  for (guint number = 0; number < 256; number++)
    if (action_for (end, (guint8) number) != DEVSSH_ACTION_FATAL && number != DEVSSH_MESSAGE_DISCONNECT)
      legal[n++] = (guint8) number;

  /* What means something comes more often than the many numbers that nobody has. */
  for (guint i = 0; i < 8; i++)
    {
      guint8 number = legal[g_rand_int_range (rand, 0, (int) n)];

      if (action_for (end, number) != DEVSSH_ACTION_UNKNOWN)
        return number;
    }

  return legal[0];
}

/* One of the honest messages of that number, or some bytes. */
static GByteArray *
make_message (GRand  *rand,
              guint8  number)
{
  guint found[16];
  guint n = 0;

  for (guint i = 0; i < test_n_samples && n < G_N_ELEMENTS (found); i++)
    {
      g_auto(TestMessage) message = { NULL };

      test_message_init (&message, &test_samples[i]);
      /* What is only a part of messages has number 0, and does not begin with it. */
      if (message.type->number == number && message.bytes->len > 0 && message.bytes->data[0] == number)
        found[n++] = i;
    }

  if (n > 0)
    {
      g_auto(TestMessage) message = { NULL };

      test_message_init (&message, &test_samples[found[g_rand_int_range (rand, 0, (int) n)]]);
      return g_byte_array_ref (message.bytes);
    }
  else
    {
      GByteArray *bytes = g_byte_array_new ();

      g_byte_array_append (bytes, &number, 1);
      g_byte_array_append (bytes, (const guint8 *) "\0\0\0\4what", 8);
      return bytes;
    }
}

static void
damage (GRand      *rand,
        GByteArray *message)
{
  guint position = (guint) g_rand_int_range (rand, 1, (int) message->len + 1);

  if (g_rand_boolean (rand))
    g_byte_array_set_size (message, position);
  else if (position < message->len)
    message->data[position] ^= 1 << g_rand_int_range (rand, 0, 8);
}

static void
say_something (FuzzEnd *end,
               GRand   *rand)
{
  guint8 number = pick_number (end, rand);
  g_autoptr(GByteArray) message = make_message (rand, number);
  gboolean is_decoded = end->transport->remote_version != NULL && !end->transport->hold;
  gboolean may_be_dropped = end->transport->drop_guess && number >= 30 && number <= 49;
  DevSshAction action = action_for (end, number);
  guint32 sent = devssh_transport_get_send_sequence (end->transport);

  if (g_rand_int_range (rand, 0, 6) == 0)
    damage (rand, message);

  fuzz_end_say (end, message->data, message->len);

  if (!is_decoded || may_be_dropped)
    return;
  if (action == DEVSSH_ACTION_FATAL)
    {
      g_assert_true (end->over);
      g_assert_cmpuint (end->reason, ==, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
    }
  else if (action == DEVSSH_ACTION_IGNORE && !end->over)
    {
      g_assert_cmpuint (devssh_transport_get_send_sequence (end->transport), ==, sent);
    }
}

static void
do_something (FuzzEnd *end,
              GRand   *rand)
{
  static const guint8 newkeys = DEVSSH_MESSAGE_NEWKEYS;
  guint8 bytes[4];
  FuzzInput act = { bytes, sizeof bytes };

  switch (g_rand_int_range (rand, 0, 12))
    {
    case 0:
      fuzz_end_say_init (end);
      break;
    case 1:
      fuzz_end_say_dh (end);
      break;
    case 2:
      fuzz_end_say_init (end);
      fuzz_end_say_dh (end);
      fuzz_end_say (end, &newkeys, 1);
      break;
    case 3:
    case 4:
      /* Time, a rekey, an answer, or something that an application does. */
      bytes[0] = 7;
      for (guint i = 1; i < sizeof bytes; i++)
        bytes[i] = (guint8) g_rand_int_range (rand, 0, 256);
      if (end->app->refuse)
        bytes[1] %= 4;   /* no channels of its own, and nobody whom it waits for */
      fuzz_end_play (end, &act);
      break;
    default:
      say_something (end, rand);
      break;
    }
}

/* n_logins: those that were honest */
static void
check_nothing_granted (FuzzEnd *end,
                       guint    n_logins)
{
  static const guint8 grants[] = { 81, 91, 94, 99 };

  g_assert_cmpuint (end->app->n_sent[52], ==, n_logins);
  for (guint i = 0; i < G_N_ELEMENTS (grants); i++)
    g_assert_cmpuint (end->app->n_sent[grants[i]], ==, 0);
}

static void
test_orders (gconstpointer data)
{
  const Case *self = data;
  g_autoptr(GRand) rand = g_rand_new_with_seed (g_test_rand_int ());
  guint longest = 0;

  for (guint i = 0; i < SEQUENCES; i++)
    {
      FuzzEnd *end = fuzz_end_new (self->is_server);
      guint n_logins, step;

      fuzz_end_advance (end, self->stage);
      n_logins = end->app->n_sent[52];
      end->app->refuse = self->refuse;

      for (step = 0; step < STEPS && !end->over; step++)
        {
          do_something (end, rand);
          fuzz_app_check (end->app);
          if (self->refuse)
            check_nothing_granted (end, n_logins);
        }
      longest = MAX (longest, step);
      fuzz_end_free (end);
    }

  /* Or else the orders were so bad that nothing was tried; where no packet is expected yet, they are. */
  g_assert_cmpuint (longest, >, self->stage == FUZZ_STAGE_START ? 0 : 8);
}

/* After all of that: a whole handshake, a login, a channel. */
static void
test_serves_on (void)
{
  g_autoptr(GByteArray) opening = test_message_bytes ("b90 ssession u7 u5000 u1000");
  g_autoptr(GByteArray) request = test_message_bytes ("b98 u0 sexec b1 sls");
  FuzzEnd *end = fuzz_end_new (TRUE);

  fuzz_end_advance (end, FUZZ_STAGE_OPEN);
  fuzz_end_say (end, opening->data, opening->len);
  g_assert_cmpuint (end->app->n_sent[91], ==, 1);
  fuzz_end_say (end, request->data, request->len);
  g_assert_cmpuint (end->app->n_sent[99], ==, 1);
  g_assert_false (end->over);
  fuzz_end_free (end);
}

int
main (int    argc,
      char **argv)
{
  static const char * const stages[FUZZ_N_STAGES] = { "start", "version", "keys", "auth", "open" };

  g_test_init (&argc, &argv, NULL);

  for (guint role = 0; role < 2; role++)
    for (guint stage = 0; stage < FUZZ_N_STAGES; stage++)
      for (guint refuse = 0; refuse < 2; refuse++)
        {
          Case *self = g_new0 (Case, 1);
          g_autofree char *path = g_strdup_printf ("/orders/%s/%s/%s/T-99", role ? "server" : "client", stages[stage],
                                                   refuse ? "never-grants" : "grants-what-was-allowed");

          self->is_server = role;
          self->stage = stage;
          self->refuse = refuse;
          g_test_add_data_func_full (path, self, test_orders, g_free);
        }
  g_test_add_func ("/orders/serves-on/T-99", test_serves_on);

  return g_test_run ();
}
