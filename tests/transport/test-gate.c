/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A scripted peer sends every message in every state; floods, unknown numbers, texts, EXT_INFO. */
#include "test-peer.h"
#include "../test-memory.h"

#include <string.h>

#define PROTOCOL DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR

/* ---- T-21, T-22, T-30, T-31: the table, on the wire ---- */

typedef struct
{
  gboolean       is_server;    /* the transport under test */
  DevSshPhase    phase;
  DevSshKexState kex;
  gboolean       strict;       /* the peer offers it */
} State;

/* One exchange up to the state that is asked for. */
static void
advance_exchange (TestPeer       *peer,
                  DevSshKexState  kex)
{
  if (kex == DEVSSH_KEX_IDLE)
    return;

  test_peer_send_init (peer);
  test_peer_read_init (peer);
  if (kex == DEVSSH_KEX_DH)
    {
      if (peer->is_server)
        test_peer_read_dh (peer);
      return;
    }

  if (peer->is_server)
    {
      test_peer_read_dh (peer);
      test_peer_send_dh (peer);
    }
  else
    {
      test_peer_send_dh (peer);
      test_peer_read_dh (peer);
    }
  test_peer_read_newkeys (peer);
  if (peer->exchanges == 0)
    {
      g_autoptr(GBytes) ext_info = test_peer_expect (peer, DEVSSH_MESSAGE_EXT_INFO);
    }
}

static TestPeer *
bring_to (const State *state)
{
  TestPeer *peer = test_peer_new (test_config_new (state->is_server));

  peer->no_strict = !state->strict;
  if (state->phase == DEVSSH_PHASE_CLEAR)
    {
      test_peer_send_version (peer);
      test_peer_read_version (peer);
      if (state->kex == DEVSSH_KEX_IDLE)
        test_peer_read_init (peer);
    }
  else
    {
      test_peer_handshake (peer, state->phase);
    }
  advance_exchange (peer, state->kex);

  g_assert_cmpint (devssh_transport_get_phase (peer->end.transport), ==, state->phase);
  g_assert_cmpint (peer->end.transport->kex_state, ==, state->kex);

  return peer;
}

/* What a bare message of the transport's own must come to. */
static void
check_own (TestPeer   *peer,
           guint8      number,
           const char *news)
{
  switch (number)
    {
    case DEVSSH_MESSAGE_DISCONNECT:
      g_assert_cmpstr (news, ==, " disconnected");
      g_assert_cmpint (peer->end.last, ==, DEVSSH_TRANSPORT_END);
      break;
    case DEVSSH_MESSAGE_UNIMPLEMENTED:
      g_assert_cmpstr (news, ==, " unimplemented");
      break;
    case DEVSSH_MESSAGE_DEBUG:
      g_assert_cmpstr (news, ==, " debug");
      break;
    case DEVSSH_MESSAGE_SERVICE_REQUEST:
      g_assert_cmpstr (news, ==, " service-request");
      break;
    case DEVSSH_MESSAGE_SERVICE_ACCEPT:
      /* Nobody asked. */
      test_peer_expect_fatal (peer, PROTOCOL);
      break;
    case DEVSSH_MESSAGE_EXT_INFO:
      g_assert_cmpstr (news, ==, " ext-info");
      break;
    case DEVSSH_MESSAGE_NEWKEYS:
      g_assert_cmpstr (news, ==, " kex-done");
      break;
    default:
      /* An empty KEXINIT, an empty public value. */
      test_peer_expect_fatal (peer, DEVSSH_DISCONNECT_REASON_KEY_EXCHANGE_FAILED);
    }
}

static void
try_number (const State *state,
            guint8       number)
{
  g_autoptr(TestPeer) peer = bring_to (state);
  gsize before = peer->end.story->len;
  gboolean strict = state->strict && state->phase == DEVSSH_PHASE_CLEAR &&
    state->kex != DEVSSH_KEX_IDLE;
  DevSshAction action = devssh_message_table_lookup (state->is_server, state->phase, state->kex,
                                                     strict, number);
  g_autofree char *name = g_strdup_printf (" %u", number);
  const char *news;

  test_peer_send_number (peer, number);
  news = peer->end.story->str + before;

  switch (action)
    {
    case DEVSSH_ACTION_FATAL:
    case DEVSSH_ACTION_EARLY_ADJUST:
      g_assert_cmpstr (news, ==, " failed");
      test_peer_expect_fatal (peer, PROTOCOL);
      break;
    case DEVSSH_ACTION_IGNORE:
      g_assert_cmpstr (news, ==, "");
      test_peer_expect_nothing (peer);
      break;
    case DEVSSH_ACTION_TRANSPORT:
      check_own (peer, number, news);
      break;
    default:
      g_assert_cmpstr (news, ==, name);
      test_peer_expect_nothing (peer);
    }
}

static void
test_gate_state (gconstpointer data)
{
  const State *state = data;

  for (guint number = 0; number <= 110; number++)
    try_number (state, number);
  try_number (state, 127);
  try_number (state, 128);
  try_number (state, 192);
  try_number (state, 255);
}

static void
add_states (void)
{
  static const char * const phases[] = { "clear", "service", "auth", "open" };
  static const char * const kex_states[] = { "idle", "dh", "newkeys" };

  for (guint server = 0; server < 2; server++)
    for (guint phase = 0; phase < DEVSSH_N_PHASES; phase++)
      for (guint kex = 0; kex < DEVSSH_N_KEX_STATES; kex++)
        for (guint strict = 0; strict < (phase == DEVSSH_PHASE_CLEAR ? 2 : 1); strict++)
          {
            g_autofree char *path =
              g_strdup_printf ("/transport/gate/T-21/T-22/T-30/T-31/%s/%s/%s/%s",
                               server ? "server" : "client",
                               phases[phase], kex_states[kex],
                               strict || phase != DEVSSH_PHASE_CLEAR ? "strict" : "lax");
            State *state = g_new (State, 1);

            state->is_server = server;
            state->phase = phase;
            state->kex = kex;
            state->strict = strict || phase != DEVSSH_PHASE_CLEAR;
            g_test_add_data_func_full (path, state, test_gate_state, g_free);
          }
}

/* All of an attack in one write: nothing behind the offence is looked at (CVE-2025-32433). */
static void
test_gate_blind (void)
{
  g_autoptr(TestPeer) peer = test_peer_new (test_config_new (TRUE));
  static const guint8 numbers[] = { 90, 98, 52, 94 };

  test_peer_handshake (peer, DEVSSH_PHASE_AUTH);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autoptr(GBytes) payload = test_message_for_number (numbers[i]);

      devssh_packet_writer_seal (&peer->out, g_bytes_get_data (payload, NULL),
                                 g_bytes_get_size (payload), NULL, 0, NULL, 0);
    }
  test_peer_write (peer, peer->out.data + peer->out.start,
                   devssh_packet_writer_get_waiting (&peer->out));

  test_peer_expect_fatal (peer, PROTOCOL);
  g_assert_cmpuint (peer->end.messages->len, ==, 0);
}

/* ---- T-22: what came before KEXINIT, and who needs strictness ---- */

static void
test_gate_before_init (gconstpointer data)
{
  gboolean strict = GPOINTER_TO_INT (data);

  for (guint server = 0; server < 2; server++)
    {
      g_autoptr(TestPeer) peer = test_peer_new (test_config_new (server));

      peer->no_strict = !strict;
      test_peer_send_version (peer);
      test_peer_read_version (peer);
      test_peer_send_number (peer, DEVSSH_MESSAGE_IGNORE);
      if (strict)
        {
          test_peer_send_init (peer);
          test_peer_expect_fatal (peer, PROTOCOL);
        }
      else
        {
          test_peer_exchange (peer);
          g_assert_true (devssh_transport_is_encrypted (peer->end.transport));
        }
    }
}

static void
test_gate_needs_strict (gconstpointer data)
{
  static const char other_ciphers[] =
    "aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,aes256-cbc";
  g_auto(GStrv) names = g_strsplit (data, " ", 2);

  for (guint server = 0; server < 2; server++)
    for (guint strict = 0; strict < 2; strict++)
      {
        DevSshTransportConfig *config = test_config_new (server);
        g_autoptr(TestPeer) peer = NULL;

        /* There would be another choice, but the peer has chosen, too. */
        test_config_set (&config->ciphers,
                         server ? other_ciphers : names[0]);
        test_config_set (&config->macs, names[1]);
        peer = test_peer_new (config);
        test_config_set (&peer->config->ciphers,
                         server ? names[0] : other_ciphers);
        test_config_set (&peer->config->macs, names[1]);
        peer->no_strict = !strict;
        test_peer_send_version (peer);
        test_peer_read_version (peer);
        if (strict)
          {
            test_peer_exchange (peer);
            g_assert_true (devssh_transport_is_encrypted (peer->end.transport));
          }
        else
          {
            test_peer_send_init (peer);
            test_peer_expect_fatal (peer, DEVSSH_DISCONNECT_REASON_KEY_EXCHANGE_FAILED);
          }
      }
}

/* ---- T-16 ---- */

static void
test_gate_unknown (gconstpointer data)
{
  gboolean strict = GPOINTER_TO_INT (data);
  g_autoptr(TestPeer) peer = test_peer_new (test_config_new (TRUE));
  guint n_before;

  peer->no_strict = !strict;
  test_peer_handshake (peer, DEVSSH_PHASE_OPEN);
  n_before = strict ? 0 : 3;   /* KEXINIT, DH, NEWKEYS */

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(GBytes) payload = NULL;
      g_auto(DevSshUnimplementedMessage) message = { 0 };
      DevSshTransportEvent event;
      gsize size = 0;

      /* By hand, for the number is in the event. */
      test_peer_send_number (peer, DEVSSH_MESSAGE_IGNORE);
      payload = test_message_for_number (199);
      devssh_packet_writer_seal (&peer->out, g_bytes_get_data (payload, NULL),
                                 g_bytes_get_size (payload), NULL, 0, NULL, 0);
      memcpy (devssh_transport_get_space (peer->end.transport, &size),
              peer->out.data + peer->out.start,
              devssh_packet_writer_get_waiting (&peer->out));
      devssh_transport_received (peer->end.transport,
                                 devssh_packet_writer_get_waiting (&peer->out));
      devssh_packet_writer_sent (&peer->out, devssh_packet_writer_get_waiting (&peer->out));
      g_assert_cmpint (devssh_transport_step (peer->end.transport, peer->now, &event), ==,
                       DEVSSH_TRANSPORT_MESSAGE);
      g_assert_cmpint (event.action, ==, DEVSSH_ACTION_UNKNOWN);
      g_assert_cmpuint (event.payload[0], ==, 199);
      g_assert_cmpuint (event.sequence, ==, n_before + 2 * i + 1);

      devssh_transport_send_unimplemented (peer->end.transport, event.sequence);
      g_clear_pointer (&payload, g_bytes_unref);
      payload = test_peer_expect (peer, DEVSSH_MESSAGE_UNIMPLEMENTED);
      g_assert_true (devssh_unimplemented_message_decode (&message,
                                                          g_bytes_get_data (payload, NULL),
                                                          g_bytes_get_size (payload), NULL));
      g_assert_cmpuint (message.sequence, ==, n_before + 2 * i + 1);
    }
}

/* ---- T-17 ---- */

static void
test_gate_flood (gconstpointer data)
{
  guint8 number = GPOINTER_TO_UINT (data);
  g_autofree guint8 *payload = g_malloc0 (16384);
  gsize before = 0;

  payload[0] = number;
  if (number == DEVSSH_MESSAGE_DEBUG)
    {
      /* boolean, string, string */
      payload[4] = (16384 - 10) >> 8;
      payload[5] = (16384 - 10) & 0xff;
    }

  for (guint phase = DEVSSH_PHASE_SERVICE; phase < DEVSSH_N_PHASES; phase++)
    {
      g_autoptr(TestPeer) peer = test_peer_new (test_config_new (TRUE));

      test_peer_handshake (peer, phase);
      for (guint i = 0; i < 1024; i++)
        {
          test_peer_send (peer, payload, 16384);
          /* The test's own diary must not grow. */
          g_string_truncate (peer->end.story, 0);
          if (i == 10)
            before = test_memory_get_resident ();
        }
      g_assert_cmpint (peer->end.last, ==, DEVSSH_TRANSPORT_NEED_INPUT);
      test_peer_expect_nothing (peer);
      test_memory_assert_growth (before, 8 * 1024 * 1024, "1024 times 16 KiB");
    }
}

/* ---- T-57 ---- */

static void
test_gate_texts (void)
{
  static const guint8 nasty[] = "a\033[31m\r\nb\0c\302\233\377\342\200\256";
  static const char safe[] = "a\\x1b[31m\\x0d\\x0ab\\x00c\\x9b\357\277\275\\u202e";
  g_autoptr(TestPeer) peer = test_peer_new (test_config_new (TRUE));
  DevSshDebugMessage debug = { TRUE, { nasty, sizeof nasty - 1 }, { NULL, 0 } };
  DevSshDisconnectMessage disconnect = { 11, { nasty, sizeof nasty - 1 }, { NULL, 0 } };
  DevSshTraceNote *note;
  DEVSSH_WRITER_AUTO (writer);

  test_peer_handshake (peer, DEVSSH_PHASE_OPEN);
  devssh_tracer_set_level (peer->end.tracer, DEVSSH_TRACE_LEVEL_INFO);
  devssh_debug_message_encode (&debug, &writer);
  test_peer_send (peer, writer.data, writer.length);
  note = devssh_tracer_take (peer->end.tracer);
  g_assert_cmpint (note->event, ==, DEVSSH_TRACE_EVENT_DEBUG_MESSAGE);
  g_assert_cmpstr (note->text, ==, safe);
  devssh_trace_note_free (note);

  devssh_writer_reset (&writer);
  devssh_disconnect_message_encode (&disconnect, &writer);
  test_peer_send (peer, writer.data, writer.length);
  g_assert_true (g_str_has_suffix (peer->end.story->str, " debug disconnected"));
  g_assert_cmpuint (peer->end.reason, ==, 11);
  g_assert_cmpstr (peer->end.text, ==, safe);
  /* And no answer to it. */
  test_peer_expect_nothing (peer);
}

/* Info if it is to be displayed always, else verbose. */
static void
test_gate_debug_levels (void)
{
  g_autoptr(TestPeer) peer = test_peer_new (test_config_new (TRUE));
  DevSshTraceNote *note;

  test_peer_handshake (peer, DEVSSH_PHASE_OPEN);
  devssh_tracer_set_level (peer->end.tracer, DEVSSH_TRACE_LEVEL_INFO);
  for (guint display = 0; display < 2; display++)
    {
      DevSshDebugMessage debug = { display, { (const guint8 *) "x", 1 }, { NULL, 0 } };
      DEVSSH_WRITER_AUTO (writer);

      devssh_debug_message_encode (&debug, &writer);
      test_peer_send (peer, writer.data, writer.length);
      note = devssh_tracer_take (peer->end.tracer);
      g_assert_true ((note != NULL) == (display == 1));
      devssh_trace_note_free (note);
    }
}

/* ---- T-12: the messages of the transport, cut and bent ---- */

static void
try_bytes (gboolean      is_server,
           const guint8 *data,
           gsize         length)
{
  g_autoptr(TestPeer) peer = test_peer_new (test_config_new (is_server));
  gsize before;

  test_peer_handshake (peer, DEVSSH_PHASE_SERVICE);
  if (!is_server)
    {
      g_autoptr(GBytes) request = NULL;

      devssh_transport_send_service_request (peer->end.transport, "ssh-userauth");
      request = test_peer_expect (peer, DEVSSH_MESSAGE_SERVICE_REQUEST);
    }
  before = peer->end.story->len;
  test_peer_send (peer, data, length);

  /* Either understood, or the end. */
  if (g_str_has_suffix (peer->end.story->str, " failed"))
    {
      g_assert_true (peer->end.reason == PROTOCOL ||
                     peer->end.reason == DEVSSH_DISCONNECT_REASON_KEY_EXCHANGE_FAILED);
      test_peer_expect_fatal (peer, peer->end.reason);
    }
  else
    {
      g_assert_true (data[0] == DEVSSH_MESSAGE_IGNORE || peer->end.story->len > before);
    }
}

static void
test_gate_truncated (gconstpointer data)
{
  const DevSshMessageType *type = data;
  g_autoptr(GBytes) payload = test_message_for_number (type->number);
  gsize length = 0;
  const guint8 *bytes = g_bytes_get_data (payload, &length);
  gboolean is_server = type->number != DEVSSH_MESSAGE_SERVICE_ACCEPT;

  for (gsize size = 1; size <= length; size++)
    try_bytes (is_server, bytes, size);

  /* Wherever a length might stand. */
  for (gsize position = 1; position + 4 <= length; position++)
    {
      static const guint32 values[] = { 0, 1, 0x7fffffff, 0xffffffff };

      for (guint i = 0; i < G_N_ELEMENTS (values); i++)
        {
          g_autofree guint8 *bent = g_memdup2 (bytes, length);
          guint32 value = GUINT32_TO_BE (values[i]);

          memcpy (bent + position, &value, 4);
          try_bytes (is_server, bent, length);
        }
    }
}

static void
add_truncated (void)
{
  for (guint i = 0; i < devssh_n_message_types; i++)
    {
      const DevSshMessageType *type = &devssh_message_types[i];

      if (type->number >= 1 && type->number <= DEVSSH_MESSAGE_KEXINIT)
        {
          g_autofree char *path = g_strconcat ("/transport/gate/truncated/T-12/", type->name, NULL);

          g_test_add_data_func (path, type, test_gate_truncated);
        }
    }
}

/* In 20 to 49 nothing may stand behind the last field. */
static void
test_gate_trailing (void)
{
  static const guint8 newkeys[] = { DEVSSH_MESSAGE_NEWKEYS, 0 };
  const State state = { TRUE, DEVSSH_PHASE_CLEAR, DEVSSH_KEX_NEWKEYS, TRUE };
  g_autoptr(TestPeer) peer = bring_to (&state);

  test_peer_send (peer, newkeys, 2);
  test_peer_expect_fatal (peer, PROTOCOL);
}

/* ---- T-32, T-75: EXT_INFO ---- */

static GBytes *
make_ext_info (const char * const *pairs)
{
  DEVSSH_WRITER_AUTO (writer);
  guint n = g_strv_length ((char **) pairs);

  devssh_writer_put_byte (&writer, DEVSSH_MESSAGE_EXT_INFO);
  devssh_writer_put_uint32 (&writer, n / 2);
  for (guint i = 0; i < n; i++)
    devssh_writer_put_utf8 (&writer, pairs[i]);

  return g_bytes_new (writer.data, writer.length);
}

static void
test_gate_ext_info_values (void)
{
  static const char * const pairs[] = {
    "server-sig-algs", "ssh-ed25519", "x@y", "old", "unknown@example.org", "", "x@y", "new", NULL
  };
  g_autoptr(TestPeer) peer = test_peer_new (test_config_new (FALSE));
  g_autoptr(GBytes) payload = make_ext_info (pairs);
  GHashTable *extensions;
  GBytes *value;

  test_peer_handshake (peer, DEVSSH_PHASE_SERVICE);
  g_assert_false (devssh_transport_have_ext_info (peer->end.transport));
  test_peer_send_bytes (peer, payload);
  g_assert_true (g_str_has_suffix (peer->end.story->str, " kex-done ext-info"));
  g_assert_true (devssh_transport_have_ext_info (peer->end.transport));

  extensions = devssh_transport_get_peer_extensions (peer->end.transport);
  g_assert_cmpuint (g_hash_table_size (extensions), ==, 3);
  value = g_hash_table_lookup (extensions, "x@y");
  g_assert_cmpmem (g_bytes_get_data (value, NULL), g_bytes_get_size (value), "new", 3);
  /* Features are what both have. */
  g_assert_true (devssh_transport_has_extension (peer->end.transport, "server-sig-algs"));
  g_assert_false (devssh_transport_has_extension (peer->end.transport, "x@y"));
  g_assert_false (devssh_transport_has_extension (peer->end.transport,
                                                  "open-channel-request@microsoft.com"));
}

static void
test_gate_ext_info_counts (void)
{
  static const guint counts[] = { 0, 64, 65, 0xffffffff };

  for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
    {
      g_autoptr(TestPeer) peer = test_peer_new (test_config_new (FALSE));
      DEVSSH_WRITER_AUTO (writer);

      devssh_writer_put_byte (&writer, DEVSSH_MESSAGE_EXT_INFO);
      devssh_writer_put_uint32 (&writer, counts[i]);
      for (guint k = 0; k < MIN (counts[i], 65); k++)
        {
          g_autofree char *name = g_strdup_printf ("%u@example.org", k);

          devssh_writer_put_utf8 (&writer, name);
          devssh_writer_put_utf8 (&writer, "");
        }
      test_peer_handshake (peer, DEVSSH_PHASE_SERVICE);
      test_peer_send (peer, writer.data, writer.length);
      if (counts[i] <= 64)
        {
          GHashTable *extensions = devssh_transport_get_peer_extensions (peer->end.transport);

          g_assert_cmpuint (g_hash_table_size (extensions), ==, counts[i]);
        }
      else
        test_peer_expect_fatal (peer, PROTOCOL);
    }
}

/* Once, right behind NEWKEYS; the server's also right before success; after login without
 * effect. */
static void
test_gate_ext_info_place (void)
{
  static const char * const pairs[] = { "x@y", "z", NULL };

  for (guint server = 0; server < 2; server++)
    for (guint phase = DEVSSH_PHASE_SERVICE; phase < DEVSSH_N_PHASES; phase++)
      {
        g_autoptr(TestPeer) peer = test_peer_new (test_config_new (server));
        g_autoptr(GBytes) payload = make_ext_info (pairs);

        test_peer_handshake (peer, phase);
        test_peer_send_number (peer, DEVSSH_MESSAGE_IGNORE);
        test_peer_send_bytes (peer, payload);
        if (phase == DEVSSH_PHASE_OPEN)
          g_assert_false (devssh_transport_have_ext_info (peer->end.transport));
        else if (!server && phase == DEVSSH_PHASE_AUTH)
          g_assert_true (devssh_transport_have_ext_info (peer->end.transport));
        else
          test_peer_expect_fatal (peer, PROTOCOL);
      }
}

static void
test_gate_ext_info_before_success (void)
{
  for (guint right = 0; right < 2; right++)
    {
      g_autoptr(TestPeer) peer = test_peer_new (test_config_new (FALSE));

      test_peer_handshake (peer, DEVSSH_PHASE_AUTH);
      test_peer_send_number (peer, DEVSSH_MESSAGE_EXT_INFO);
      test_peer_send_number (peer, DEVSSH_MESSAGE_USERAUTH_FAILURE);
      test_peer_send_number (peer, DEVSSH_MESSAGE_EXT_INFO);
      test_peer_send_number (peer, right ? 52 : 51);
      if (right)
        g_assert_true (g_str_has_suffix (peer->end.story->str, " ext-info 51 ext-info 52"));
      else
        test_peer_expect_fatal (peer, PROTOCOL);
    }
}

/* Only to whom asked for it; and what is in ours. */
static void
test_gate_ext_info_ours (void)
{
  for (guint server = 0; server < 2; server++)
    {
      DevSshTransportConfig *config = test_config_new (server);
      g_autoptr(TestPeer) peer = NULL;
      g_autoptr(TestPeer) deaf = test_peer_new (test_config_new (server));
      g_autoptr(GBytes) payload = NULL;
      g_auto(DevSshExtInfoMessage) message = { NULL, 0 };

      test_config_set (&config->key_algorithms, "ssh-ed25519,rsa-sha2-256");
      peer = test_peer_new (config);
      test_peer_send_version (peer);
      test_peer_read_version (peer);
      test_peer_exchange (peer);
      payload = test_peer_expect (peer, DEVSSH_MESSAGE_EXT_INFO);
      g_assert_true (devssh_ext_info_message_decode (&message, g_bytes_get_data (payload, NULL),
                                                     g_bytes_get_size (payload), NULL));
      g_assert_cmpuint (message.n_extensions, ==, 2);
      g_assert_cmpstr (message.extensions[0].name, ==, "server-sig-algs");
      g_assert_cmpmem (message.extensions[0].value.data, message.extensions[0].value.length,
                       "ssh-ed25519,rsa-sha2-256", 24);
      g_assert_cmpstr (message.extensions[1].name, ==, "open-channel-request@microsoft.com");
      g_assert_cmpuint (message.extensions[1].value.length, ==, 0);

      /* Not after a rekey. */
      test_peer_exchange (peer);
      test_peer_expect_nothing (peer);

      deaf->no_ext_info = TRUE;
      test_peer_handshake (deaf, DEVSSH_PHASE_SERVICE);
      test_peer_expect_nothing (deaf);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_states ();
  g_test_add_func ("/transport/gate/blind/T-30", test_gate_blind);
  g_test_add_data_func ("/transport/gate/before-init/strict/T-22", GINT_TO_POINTER (TRUE),
                        test_gate_before_init);
  g_test_add_data_func ("/transport/gate/before-init/lax/T-22", GINT_TO_POINTER (FALSE),
                        test_gate_before_init);
  g_test_add_data_func ("/transport/gate/needs-strict/chacha20/T-22",
                        "chacha20-poly1305@openssh.com hmac-sha2-256",
                        test_gate_needs_strict);
  g_test_add_data_func ("/transport/gate/needs-strict/cbc-etm/T-22",
                        "aes256-cbc hmac-sha2-256-etm@openssh.com",
                        test_gate_needs_strict);
  g_test_add_data_func ("/transport/gate/unknown/strict/T-16", GINT_TO_POINTER (TRUE),
                        test_gate_unknown);
  g_test_add_data_func ("/transport/gate/unknown/lax/T-16", GINT_TO_POINTER (FALSE),
                        test_gate_unknown);
  g_test_add_data_func ("/transport/gate/flood/T-17/SSH_MSG_IGNORE", GUINT_TO_POINTER (2),
                        test_gate_flood);
  g_test_add_data_func ("/transport/gate/flood/T-17/SSH_MSG_UNIMPLEMENTED", GUINT_TO_POINTER (3),
                        test_gate_flood);
  g_test_add_data_func ("/transport/gate/flood/T-17/SSH_MSG_DEBUG", GUINT_TO_POINTER (4),
                        test_gate_flood);
  g_test_add_func ("/transport/gate/texts/T-57", test_gate_texts);
  g_test_add_func ("/transport/gate/debug-levels", test_gate_debug_levels);
  add_truncated ();
  g_test_add_func ("/transport/gate/trailing/T-12", test_gate_trailing);
  g_test_add_func ("/transport/gate/ext-info/values/T-75", test_gate_ext_info_values);
  g_test_add_func ("/transport/gate/ext-info/counts/T-13/T-75", test_gate_ext_info_counts);
  g_test_add_func ("/transport/gate/ext-info/place/T-32/T-75", test_gate_ext_info_place);
  g_test_add_func ("/transport/gate/ext-info/before-success/T-32",
                   test_gate_ext_info_before_success);
  g_test_add_func ("/transport/gate/ext-info/ours", test_gate_ext_info_ours);

  return g_test_run ();
}
