/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every message of 80 to 127 in every state of a channel, against a table (T-51, T-30). */
#include "connection-util.h"

#include <libdevssh/wire/devssh-numbers.h>

#include <string.h>

typedef enum
{
  NEVER,
  HELD,
  GONE,
  OPENING,
  CANCELLED,
  DECIDING,
  OPEN,
  OPEN_EOF,
  CLOSING,
  CLOSING_EOF,
  CLOSE_RECEIVED,
  N_STATES
} State;

static const char * const state_names[N_STATES] = {
  "never", "held", "gone", "opening", "cancelled", "deciding", "open", "open-eof", "closing", "closing-eof",
  "close-received"
};

/* F: Fatal(2). -: nothing at all happens. +: it is taken. Columns as in State. */
static const struct
{
  guint       number;
  const char *expected;
} table[] = {
  { 91,  "FF-++FFFFF-" },
  { 92,  "FF-++FFFFF-" },
  { 93,  "FF-FFF++++-" },
  { 94,  "FF-FFF+F+F-" },
  { 95,  "FF-FFF+F+F-" },
  { 96,  "FF-FFF+-+--" },
  { 97,  "FF-FFF++++-" },
  { 98,  "FF-FFF++---" },
  { 99,  "FF-FFF++++-" },
  { 100, "FF-FFF++++-" },
};

/* The opening is kept, and answered never. */
static gboolean
keep_opening_cb (TestEnd              *end,
                 DevSshChannelOpening *opening)
{
  if (!devssh_channel_opening_get_is_remote (opening))
    return FALSE;
  if (end->user_data != NULL)
    end->user_data = g_object_ref (opening);
  else
    devssh_channel_opening_accept (opening);
  return TRUE;
}

static gboolean
keep_session_request_cb (TestEnd              *end,
                         DevSshSessionRequest *request)
{
  gpointer *kept = end->user_data;

  for (guint i = 0; i < 2; i++)
    if (kept != NULL && kept[i] == NULL)
      {
        kept[i] = g_object_ref (request);
        return TRUE;
      }
  return FALSE;
}

static void
receive_open (TestEnd *end,
              guint32  their_id,
              guint32  window)
{
  DevSshChannelOpenMessage message = { (char *) "session", their_id, window, 32768 };
  DEVSSH_WRITER_AUTO (writer);

  devssh_channel_open_message_encode (&message, &writer);
  test_end_receive_writer (end, &writer);
}

static void
receive_simple (TestEnd *end,
                guint8   number,
                guint32  id)
{
  DEVSSH_WRITER_AUTO (writer);

  devssh_writer_put_byte (&writer, number);
  devssh_writer_put_uint32 (&writer, id);
  test_end_receive_writer (end, &writer);
}

static void
receive_session_request (TestEnd *end)
{
  DevSshGlobalRequestMessage message = { (char *) "x@example.org", TRUE };
  DEVSSH_WRITER_AUTO (writer);

  devssh_global_request_message_encode (&message, &writer);
  test_end_receive_writer (end, &writer);
}

/* A well-formed message of any number for this channel. */
static void
receive_message (TestEnd *end,
                 guint    number,
                 guint32  id)
{
  DEVSSH_WRITER_AUTO (writer);

  devssh_writer_put_byte (&writer, (guint8) number);
  if (number == 80)
    {
      devssh_writer_put_utf8 (&writer, "y@example.org");
      devssh_writer_put_boolean (&writer, FALSE);
    }
  else if (number == 90)
    {
      devssh_writer_put_utf8 (&writer, "session");
      devssh_writer_put_uint32 (&writer, 77);
      devssh_writer_put_uint32 (&writer, 1000);
      devssh_writer_put_uint32 (&writer, 1000);
    }
  else if (number >= 91)
    {
      devssh_writer_put_uint32 (&writer, id);
      switch (number)
        {
        case 91:
          devssh_writer_put_uint32 (&writer, 5);
          devssh_writer_put_uint32 (&writer, 1000);
          devssh_writer_put_uint32 (&writer, 1000);
          break;

        case 92:
          devssh_writer_put_uint32 (&writer, 2);
          devssh_writer_put_utf8 (&writer, "no");
          devssh_writer_put_utf8 (&writer, "");
          break;

        case 93:
          devssh_writer_put_uint32 (&writer, 100);
          break;

        case 94:
          devssh_writer_put_utf8 (&writer, "data");
          break;

        case 95:
          devssh_writer_put_uint32 (&writer, 1);
          devssh_writer_put_utf8 (&writer, "oops");
          break;

        case 98:
          devssh_writer_put_utf8 (&writer, "z@example.org");
          devssh_writer_put_boolean (&writer, TRUE);
          break;

        default:
          break;
        }
    }
  test_end_receive_writer (end, &writer);
}

typedef struct
{
  TestEnd        end;
  guint32        id;
  GCancellable  *cancellable;
  GAsyncResult  *result;
  gpointer       kept[2];
  DevSshChannel *channel;
} Fixture;

static void
begin_open (Fixture *fixture)
{
  fixture->cancellable = g_cancellable_new ();
  devssh_connection_open (fixture->end.connection, NULL, NULL, 0,
                          test_task_new (fixture->cancellable, &fixture->result));
  test_end_run (&fixture->end);
}

static void
fixture_init (Fixture *fixture,
              State    state)
{
  TestEnd *end = &fixture->end;

  memset (fixture, 0, sizeof *fixture);
  test_end_init (end, FALSE, NULL);
  end->opening = keep_opening_cb;

  switch (state)
    {
    case NEVER:
      fixture->id = 0;
      break;

    case HELD:
      /* Two requests; the second one's answer waits for the first, and our open for the second. */
      end->session_request = keep_session_request_cb;
      end->user_data = fixture->kept;
      receive_session_request (end);
      receive_session_request (end);
      devssh_session_request_complete (fixture->kept[1], TRUE);
      begin_open (fixture);
      end->user_data = NULL;
      break;

    case OPENING:
    case CANCELLED:
      begin_open (fixture);
      if (state == CANCELLED)
        g_cancellable_cancel (fixture->cancellable);
      test_end_run (end);
      break;

    case DECIDING:
      end->user_data = end;
      receive_open (end, 5, 1000);
      fixture->kept[0] = end->user_data;
      end->user_data = NULL;
      break;

    case GONE:
    case OPEN:
    case OPEN_EOF:
    case CLOSING:
    case CLOSING_EOF:
    case CLOSE_RECEIVED:
      receive_open (end, 5, state == CLOSING || state == CLOSING_EOF ? 0 : 1000);
      fixture->channel = test_channel_at (end, 0);
      if (state == OPEN_EOF || state == CLOSING_EOF)
        receive_simple (end, 96, fixture->id);
      if (state == CLOSING || state == CLOSING_EOF)
        {
          test_send (fixture->channel, "held back");
          devssh_channel_close (fixture->channel);
        }
      devssh_channel_set_manual_close (fixture->channel, state == CLOSE_RECEIVED);
      if (state == GONE || state == CLOSE_RECEIVED)
        receive_simple (end, 97, fixture->id);
      break;

    case N_STATES:
    default:
      g_assert_not_reached ();
    }

  test_end_run (end);
  test_end_drop_sent (end);
  test_end_clear_log (end);
  g_assert_cmpuint (end->fatal, ==, 0);
}

static void
fixture_clear (Fixture *fixture)
{
  g_clear_object (&fixture->kept[0]);
  g_clear_object (&fixture->kept[1]);
  test_end_clear (&fixture->end);
  g_clear_object (&fixture->cancellable);
  g_clear_object (&fixture->result);
  g_clear_object (&fixture->channel);
}

/* All that a message can change, as a text. */
static char *
fixture_describe (Fixture *fixture)
{
  DevSshChannel *channel = fixture->channel;

  return g_strdup_printf ("sent %u, opened %u, closed %u, requests %u, result %d, received %" G_GUINT64_FORMAT
                          ", has data %d, eof %d",
                          fixture->end.n_sent, fixture->end.n_opened, fixture->end.n_closed,
                          fixture->end.n_requests, fixture->result != NULL,
                          channel != NULL ? devssh_channel_get_bytes_received (channel) : 0,
                          devssh_connection_has_data (fixture->end.connection),
                          channel != NULL && devssh_channel_get_eof_received (channel));
}

/* Some messages change what cannot be seen at once. */
static gboolean
had_hidden_effect (Fixture *fixture,
                   guint    number)
{
  TestEnd *end = &fixture->end;
  guint8 cut[5] = { (guint8) number, (guint8) (fixture->id >> 24), (guint8) (fixture->id >> 16),
                    (guint8) (fixture->id >> 8), (guint8) fixture->id };

  switch (number)
    {
    case 92:
      /* The number of a cancelled open is free now; before, data for it was illegal. */
      receive_message (end, 94, fixture->id);
      return end->fatal == 0;

    case 93:
      /* One that is looked at can be malformed. */
      test_end_receive (end, cut, sizeof cut);
      return end->fatal != 0;

    case 99:
    case 100:
      /* One that is looked at is counted, as nobody asked for it. */
      for (guint i = 0; i < 64; i++)
        {
          g_assert_cmpuint (end->fatal, ==, 0);
          test_end_receive (end, cut, sizeof cut);
        }
      return end->fatal != 0;

    default:
      return FALSE;
    }
}

static void
test_states_table (void)
{
  guint seen = 0;

  for (guint row = 0; row < G_N_ELEMENTS (table); row++)
    for (State state = 0; state < N_STATES; state++)
      {
        Fixture fixture;
        g_autofree char *before = NULL;
        g_autofree char *after = NULL;
        char found;

        fixture_init (&fixture, state);
        before = fixture_describe (&fixture);
        receive_message (&fixture.end, table[row].number, fixture.id);
        test_end_run (&fixture.end);
        after = fixture_describe (&fixture);

        found = fixture.end.fatal == DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR ? 'F'
          : strcmp (before, after) == 0 ? '-' : '+';
        if (found == '-' && table[row].expected[state] == '+' && had_hidden_effect (&fixture, table[row].number))
          found = '+';

        if (found != table[row].expected[state])
          g_error ("message %u in state %s: expected %c, found %c (before: %s; after: %s)",
                   table[row].number, state_names[state], table[row].expected[state], found, before, after);
        fixture_clear (&fixture);
        seen++;
      }

  g_assert_cmpuint (seen, ==, 10 * N_STATES);
}

/* Numbers without a channel behave the same whatever channels there are; numbers that are nobody's are refused. */
static void
test_states_others (void)
{
  for (guint number = 80; number < 128; number++)
    for (State state = 0; state < N_STATES; state++)
      {
        Fixture fixture;
        gboolean legal = number <= 82 || number == 90;

        if (number >= 91 && number <= 100)
          continue;

        fixture_init (&fixture, state);
        receive_message (&fixture.end, number, fixture.id);
        test_end_run (&fixture.end);
        g_assert_cmpuint (fixture.end.fatal, ==, legal ? 0 : DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
        fixture_clear (&fixture);
      }
}

/* Before authentication: nothing but keepalive, and no granting message in answer to anything. */
static void
test_states_before_authentication (void)
{
  for (guint number = 80; number < 128; number++)
    {
      TestEnd end;

      test_end_init (&end, FALSE, NULL);
      end.opening = test_accept_opening;
      end.before_auth = TRUE;
      receive_message (&end, number, 0);
      test_end_run (&end);
      g_assert_cmpuint (end.fatal, ==, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
      /* And nothing of what comes behind it is processed. */
      end.before_auth = FALSE;
      receive_message (&end, 90, 0);
      test_end_run (&end);
      g_assert_cmpuint (end.n_sent, ==, 0);
      test_end_clear (&end);
    }
}

static void
test_states_keepalive (void)
{
  TestEnd end;
  DevSshGlobalRequestMessage message = { (char *) DEVSSH_REQUEST_KEEPALIVE, TRUE };
  DEVSSH_WRITER_AUTO (writer);

  test_end_init (&end, FALSE, NULL);
  end.before_auth = TRUE;
  devssh_global_request_message_encode (&message, &writer);
  test_end_receive_writer (&end, &writer);
  g_assert_cmpuint (end.fatal, ==, 0);
  g_assert_cmpstr (end.log->str, ==, "82 ");

  message.want_reply = FALSE;
  devssh_writer_reset (&writer);
  devssh_global_request_message_encode (&message, &writer);
  test_end_receive_writer (&end, &writer);
  g_assert_cmpuint (end.fatal, ==, 0);
  g_assert_cmpstr (end.log->str, ==, "82 ");
  test_end_clear (&end);
}

/* Every message cut at every byte: what lacks a field is an offence, and nothing is read past its end. What is whole, with
 * empty strings and the number of the open channel, is none. */
static void
test_states_cut (void)
{
  /* From 80 on: the length with all fields; 0: never legal here. */
  static const gsize whole[] = {
    6, 1, 1, 0, 0, 0, 0, 0, 0, 0, 17, 0, 0, 9, 9, 13, 5, 5, 0, 5, 5,
  };

  for (guint number = 80; number <= 100; number++)
    for (gsize cut = 1; cut < 40; cut++)
      {
        Fixture fixture;
        guint8 message[40] = { 0 };
        g_autofree guint8 *exact = NULL;

        fixture_init (&fixture, OPEN);
        message[0] = (guint8) number;
        exact = g_memdup2 (message, cut);
        devssh_connection_handle (fixture.end.connection, exact, cut, NULL, FALSE, fixture.end.now);
        test_end_run (&fixture.end);
        g_test_message ("%u, %" G_GSIZE_FORMAT " bytes", number, cut);
        if (whole[number - 80] == 0 || cut < whole[number - 80])
          g_assert_cmpuint (fixture.end.fatal, ==, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
        else
          g_assert_cmpuint (fixture.end.fatal, ==, 0);
        fixture_clear (&fixture);
      }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/connection/states/table/T-51", test_states_table);
  g_test_add_func ("/connection/states/others/T-51", test_states_others);
  g_test_add_func ("/connection/states/before-authentication/T-30/E-26", test_states_before_authentication);
  g_test_add_func ("/connection/states/keepalive/T-30", test_states_keepalive);
  g_test_add_func ("/connection/states/cut/T-12", test_states_cut);

  return g_test_run ();
}
