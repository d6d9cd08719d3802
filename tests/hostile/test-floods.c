/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Peers that send without end, or never read: memory stays, and whoever goes on is ended.
 *
 * With --little-memory all of it runs again in an address space that has no room for a mistake (T-48). */
#include "hostile-peer.h"
#include "../test-memory.h"

#include <string.h>
#include <sys/resource.h>

#include <libdevssh/base/devssh-context-private.h>
#include <libdevssh/transport/devssh-transport-state-private.h>

#define MEBIBYTE (1024 * 1024)
#define LITTLE   (96 * MEBIBYTE)

/* 16 MiB of messages that mean nothing, each of them small or large. */
static void
flood_with_noise (HostilePeer *peer)
{
  g_autofree char *large = g_malloc (32 * 1024);
  g_autofree char *ignore = NULL, *debug = NULL;
  gsize before = test_memory_get_resident ();

  memset (large, 'x', 32 * 1024 - 1);
  large[32 * 1024 - 1] = '\0';
  ignore = g_strconcat ("b2 s", large, NULL);
  debug = g_strconcat ("b4 b0 s", large, " s", NULL);

  hostile_peer_flood (peer, ignore, 512);
  test_spin_until (peer->count == 0 || peer->over);
  hostile_peer_flood (peer, debug, 512);
  test_spin_until (peer->count == 0 || peer->over);
  hostile_peer_flood (peer, "b3 u7", 100000);
  test_spin_until (peer->count == 0 || peer->over);
  hostile_peer_flood (peer, "b4 b0 sx s", 100000);
  test_spin_until (peer->count == 0 || peer->over);

  g_assert_false (peer->over);
  test_memory_assert_growth (before, 8 * MEBIBYTE, "memory");
}

static void
test_noise_before_login (void)
{
  g_autoptr(HostilePeer) peer = hostile_peer_new (FALSE, NULL);

  hostile_peer_get_keys (peer);
  flood_with_noise (peer);

  /* It was noise, and no more: the login goes on. */
  hostile_peer_get_in (peer);
}

static void
count_trace_cb (DevSshSession    *session,
                DevSshTraceLevel  level,
                DevSshTraceEvent  event,
                const char       *text,
                guint            *n_lines)
{
  /* T-17: no line above debug level for each. */
  *n_lines += level <= DEVSSH_TRACE_LEVEL_INFO;
}

static void
test_noise_after_login (gconstpointer is_server)
{
  g_autoptr(HostilePeer) peer = hostile_peer_new (is_server != NULL, NULL);
  guint n_lines = 0;

  hostile_peer_get_in (peer);
  flood_with_noise (peer);

  g_signal_connect (peer->session, "trace", G_CALLBACK (count_trace_cb), &n_lines);
  hostile_peer_flood (peer, "b4 b0 sx s", 1000);
  test_spin_until (peer->count == 0);
  test_settle ();
  g_assert_cmpuint (n_lines, <, 10);
  g_signal_handlers_disconnect_by_func (peer->session, count_trace_cb, &n_lines);
  hostile_serves_on ();
}

/* KEXINIT, then messages that want an answer, and never the rest of the exchange. */
static void
test_unfinished_rekey (gconstpointer fields)
{
  g_autoptr(HostilePeer) peer = hostile_peer_new (FALSE, NULL);
  g_autoptr(DevSshContext) context = devssh_context_ref_thread_default ();
  gsize before;

  hostile_peer_get_in (peer);
  hostile_peer_set_deaf (peer, TRUE);
  hostile_peer_rekey (peer);
  before = test_memory_get_resident ();
  hostile_peer_flood (peer, fields, 100000);
  test_settle ();
  test_memory_assert_growth (before, 12 * MEBIBYTE, "memory");

  /* Whatever has become of it by now, it does not outlive the deadline of the exchange. */
  devssh_context_advance_clock (context, 61 * G_TIME_SPAN_SECOND);
  test_spin_until (devssh_session_get_is_closed (peer->session));
  peer->produce = NULL;
  g_assert_true (devssh_session_get_disconnect_reason (peer->session) == DEVSSH_DISCONNECT_REASON_KEY_EXCHANGE_FAILED ||
                 devssh_session_get_disconnect_reason (peer->session) == DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
  hostile_serves_on ();
}

/* A producer that never stops and a peer that never finishes: what is to be sent waits with its writer. */
static void
test_producer_and_unfinished_rekey (void)
{
  g_autoptr(HostilePeer) peer = hostile_peer_new (FALSE, NULL);
  g_autoptr(DevSshContext) context = devssh_context_ref_thread_default ();
  g_autoptr(DevSshChannel) channel = NULL;
  g_autoptr(GBytes) chunk = g_bytes_new_take (g_malloc0 (65536), 65536);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  guint n_sent = 0;
  gsize before;

  hostile_peer_get_in (peer);
  hostile_peer_say_fields (peer, "b90 ssession u0 u4294967295 u32768");
  test_spin_until (peer->received[91] == 1);
  channel = g_list_model_get_item (devssh_session_get_channels (peer->session), 0);
  hostile_peer_rekey (peer);
  hostile_peer_set_deaf (peer, TRUE);
  test_settle ();

  before = test_memory_get_resident ();
  for (n_sent = 0; n_sent < 1000; n_sent++)
    {
      devssh_channel_send_async (channel, chunk, NULL, test_keep_result_cb, &result);
      test_settle ();
      if (result == NULL)
        break;
      devssh_channel_send_finish (channel, result, NULL);
      g_clear_object (&result);
    }
  /* The one that waits is told so by not being done. */
  g_assert_cmpuint (n_sent, <, 16);
  test_memory_assert_growth (before, 4 * MEBIBYTE, "memory");

  devssh_context_advance_clock (context, 61 * G_TIME_SPAN_SECOND);
  test_spin_until (result != NULL);
  g_assert_false (devssh_channel_send_finish (channel, result, &error));
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_KEY_EXCHANGE_FAILED);
}

/* 300 000 questions, and no answer is ever read; then all of them are. */
static void
test_replies_never_read (void)
{
  g_autoptr(HostilePeer) peer = hostile_peer_new (FALSE, NULL);
  gsize before;
  guint asked;

  hostile_peer_get_in (peer);
  before = test_memory_get_resident ();
  hostile_peer_set_deaf (peer, TRUE);
  hostile_peer_flood (peer, "b80 sx@example.org b1 t", 300000);
  test_settle ();
  asked = 300000 - peer->count;
  /* The session has stopped reading. */
  g_assert_cmpuint (peer->count, >, 200000);
  test_memory_assert_growth (before, 8 * MEBIBYTE, "memory");

  hostile_peer_set_deaf (peer, FALSE);
  test_spin_until (peer->received[82] == 300000);
  g_test_message ("%u were asked before anything was read", asked);
  test_memory_assert_growth (before, 8 * MEBIBYTE, "memory");
  g_assert_false (peer->over);
  hostile_peer_say_fields (peer, "b90 ssession u1 u100 u100");
  test_spin_until (peer->received[91] == 1);
  hostile_serves_on ();
}

/* A peer that asks, reads nothing, and hangs up: noticed, and no loop turns meanwhile. */
static void
test_replies_never_read_and_gone (void)
{
  g_autoptr(HostilePeer) peer = hostile_peer_new (FALSE, NULL);

  hostile_peer_get_in (peer);
  hostile_peer_set_deaf (peer, TRUE);
  hostile_peer_flood (peer, "b80 sx@example.org b1 t", 300000);
  test_settle ();
  hostile_peer_hang_up (peer);
  test_spin_until (devssh_session_get_is_closed (peer->session));
  g_assert_cmpint (devssh_session_get_disconnect_reason (peer->session), ==, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
}

static void
test_refused_openings (void)
{
  g_autoptr(HostilePeer) peer = hostile_peer_new (FALSE, NULL);
  gsize before;

  hostile_peer_get_in (peer);
  /* The first thousand bring the buffers and lists to their size. */
  hostile_peer_flood (peer, "b90 sx@example.org u7 u100000 u32768", 1000);
  test_spin_until (peer->received[92] == 1000);
  before = test_memory_get_resident ();
  hostile_peer_flood (peer, "b90 sx@example.org u7 u100000 u32768", 20000);
  test_spin_until (peer->received[92] == 21000);
  test_memory_assert_growth (before, 1 * MEBIBYTE, "memory");
  g_assert_cmpuint (hostile_peer_get_grants (peer), ==, 1);
  g_assert_cmpuint (g_list_model_get_n_items (devssh_session_get_channels (peer->session)), ==, 0);
}

/* All that may be, and as many more. */
static void
test_too_many_openings (void)
{
  g_autoptr(HostilePeer) peer = hostile_peer_new (FALSE, NULL);

  hostile_peer_get_in (peer);
  hostile_peer_flood (peer, "b90 ssession u7 u0 u32768", 2000);
  test_spin_until (peer->received[91] + peer->received[92] == 2000);
  g_assert_cmpuint (peer->received[91], ==, 1000);
  g_assert_cmpuint (g_list_model_get_n_items (devssh_session_get_channels (peer->session)), ==, 1000);
  g_assert_false (peer->over);
  hostile_serves_on ();
}

static void
open_channel (HostilePeer *peer)
{
  hostile_peer_get_in (peer);
  hostile_peer_say_fields (peer, "b90 ssession u7 u0 u32768");
  test_spin_until (peer->received[91] == 1);
}

static void
test_empty_data (void)
{
  g_autoptr(HostilePeer) peer = hostile_peer_new (FALSE, NULL);
  gsize before;

  open_channel (peer);
  before = test_memory_get_resident ();
  hostile_peer_flood (peer, "b94 u0 s", 100000);
  test_spin_until (peer->count == 0);
  hostile_peer_flood (peer, "b95 u0 u1 s", 100000);
  test_spin_until (peer->count == 0);
  hostile_peer_say_fields (peer, "b98 u0 sexec b1 sx");
  test_spin_until (peer->received[100] == 1);
  test_memory_assert_growth (before, 2 * MEBIBYTE, "memory");
}

/* Early data that nobody reads is bounded by the window. */
static void
test_data_nobody_reads (void)
{
  g_autoptr(HostilePeer) peer = hostile_peer_new (FALSE, NULL);
  gsize before;

  open_channel (peer);
  before = test_memory_get_resident ();
  /* Small pieces cost twice what is in them. */
  for (guint i = 0; i < 16; i++)
    {
      hostile_peer_flood (peer, i & 1 ? "b94 u0 sx" : "b95 u0 u1 sx", MEBIBYTE / 16);
      test_spin_until (peer->count == 0 || peer->over);
    }
  g_assert_false (peer->over);
  test_memory_assert_growth (before, 4 * MEBIBYTE, "memory");
  hostile_peer_say_fields (peer, "b94 u0 sx");
  hostile_peer_expect_end (peer, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
}

/* Whoever asks for keys again and again. */
static void
test_rekey_storm (void)
{
  g_autoptr(HostilePeer) peer = hostile_peer_new (FALSE, NULL);
  guint n;

  hostile_peer_get_in (peer);
  for (n = 0; n < 1000 && !peer->over; n++)
    {
      guint done = devssh_transport_get_kex_count (peer->transport);

      hostile_peer_rekey (peer);
      test_spin_until (devssh_transport_get_kex_count (peer->transport) > done || peer->over);
    }
  g_assert_cmpuint (n, >=, 100);
  g_assert_cmpuint (n, <, 200);
  hostile_peer_expect_end (peer, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
  hostile_serves_on ();
}

static gboolean
use_little_memory (void)
{
  g_autofree char *text = NULL;
  g_auto(GStrv) pages = NULL;
  struct rlimit limit;

  if (test_memory_get_resident () == 0)
    return FALSE;

  /* What GLib and OpenSSL load when first used is loaded by now. */
  hostile_serves_on ();
  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  pages = g_strsplit (text, " ", -1);
  limit.rlim_cur = limit.rlim_max = g_ascii_strtoull (pages[0], NULL, 10) * 4096 + LITTLE;

  return setrlimit (RLIMIT_AS, &limit) == 0;
}

static void
add (const char *prefix,
     const char *path,
     GTestFunc   func)
{
  g_autofree char *full = g_strconcat ("/hostile", prefix, path, NULL);

  g_test_add_func (full, func);
}

static void
add_data (const char    *prefix,
          const char    *path,
          gconstpointer  data,
          GTestDataFunc  func)
{
  g_autofree char *full = g_strconcat ("/hostile", prefix, path, NULL);

  g_test_add_data_func (full, data, func);
}

int
main (int    argc,
      char **argv)
{
  gboolean little;
  const char *prefix;

  g_test_init (&argc, &argv, NULL);
  little = argc > 1 && g_str_equal (argv[1], "--little-memory");
  if (little && !use_little_memory ())
    {
      g_print ("1..0 # SKIP address space cannot be limited here\n");
      return 0;
    }

  prefix = little ? "/little-memory/T-48" : "";
  add (prefix, "/noise/before-login/T-17", test_noise_before_login);
  add_data (prefix, "/noise/after-login/server/T-17", NULL, test_noise_after_login);
  add_data (prefix, "/noise/after-login/client/T-17", GINT_TO_POINTER (TRUE), test_noise_after_login);
  add_data (prefix, "/unfinished-rekey/unknown/T-44", "b192 u1", test_unfinished_rekey);
  add_data (prefix, "/unfinished-rekey/requests/T-44", "b80 sx b1 t", test_unfinished_rekey);
  add_data (prefix, "/unfinished-rekey/openings/T-44", "b90 ssession u1 u1 u1", test_unfinished_rekey);
  add (prefix, "/unfinished-rekey/producer/T-44", test_producer_and_unfinished_rekey);
  add (prefix, "/replies/never-read/T-47", test_replies_never_read);
  add (prefix, "/replies/never-read-and-gone/T-47", test_replies_never_read_and_gone);
  add (prefix, "/openings/refused/T-50", test_refused_openings);
  add (prefix, "/openings/too-many/T-50", test_too_many_openings);
  add (prefix, "/data/empty/T-55", test_empty_data);
  add (prefix, "/data/nobody-reads/T-53", test_data_nobody_reads);
  add (prefix, "/rekey/storm/T-46", test_rekey_storm);

  return g_test_run ();
}
