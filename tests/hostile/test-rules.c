/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Peers that say what they may not, or nothing, or something that is not fit to be shown; and others in the same
 * process, who notice nothing of it. */
#include "hostile-peer.h"

#include <string.h>

#include <libdevssh/base/devssh-context-private.h>

#define OPEN  "b90 ssession u7 u100000 u32768"
#define EXEC  "b98 u0 sexec b1 sid"

/* ---- before somebody has logged in ---- */

typedef struct
{
  const char *name;
  gboolean    client_session;    /* the session under test is a client's */
  gboolean    in_auth;           /* ssh-userauth is running, else only the keys are there */
  const char *messages;
} Early;

static const Early blind[] = {
  { "keys", FALSE, FALSE, OPEN "; " EXEC "; b52" },
  { "auth", FALSE, TRUE, OPEN "; " EXEC "; b52" },
  { "success-first", FALSE, TRUE, "b52; " OPEN "; " EXEC },
  { "behind-a-wrong-password", FALSE, TRUE, "b50 stest sssh-connection spassword b0 swrong; " OPEN "; " EXEC },
  { "forward", FALSE, TRUE, "b80 stcpip-forward b1 t; " OPEN },
  { "service-first", FALSE, FALSE, "b5 sssh-connection; " OPEN "; " EXEC },
  { "client/keys", TRUE, FALSE, "b52; " OPEN "; " EXEC },
  { "client/accept-first", TRUE, FALSE, "b6 sssh-userauth; b52; " OPEN },
};

static void
test_blind (gconstpointer data)
{
  const Early *self = data;
  g_autoptr(HostilePeer) peer = hostile_peer_new (self->client_session, NULL);

  if (self->in_auth)
    hostile_peer_get_auth (peer);
  else
    hostile_peer_get_keys (peer);
  hostile_peer_say_all (peer, self->messages);

  test_spin_until (devssh_session_get_is_closed (peer->session) && peer->over);
  g_assert_false (peer->confused);
  g_assert_cmpuint (peer->reason, ==, g_str_has_prefix (self->messages, "b5 sssh-connection")
                                        ? DEVSSH_DISCONNECT_REASON_SERVICE_NOT_AVAILABLE
                                        : DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
  g_assert_cmpuint (hostile_peer_get_grants (peer), ==, 0);
  g_assert_false (devssh_session_get_is_authenticated (peer->session));
  g_assert_cmpuint (g_list_model_get_n_items (devssh_session_get_channels (peer->session)), ==, 0);
  hostile_serves_on ();
}

/* Every number of the connection protocol. */
static void
test_numbers (gconstpointer in_auth)
{
  for (guint number = 80; number < 128; number++)
    {
      g_autoptr(HostilePeer) peer = hostile_peer_new (FALSE, NULL);
      const guint8 message[] = { (guint8) number, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };

      g_test_message ("%u", number);
      if (in_auth != NULL)
        hostile_peer_get_auth (peer);
      else
        hostile_peer_get_keys (peer);
      hostile_peer_say (peer, message, sizeof message);
      hostile_peer_expect_end (peer, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
      g_assert_cmpuint (hostile_peer_get_grants (peer), ==, 0);
    }
  hostile_serves_on ();
}

/* ---- silence in the middle ---- */

/* How many times the peer reads before it goes deaf. */
static void
test_stalled (gboolean is_server,
              gint     reads)
{
  g_autoptr(DevSshContext) context = devssh_context_ref_thread_default ();
  g_autoptr(HostilePeer) peer = hostile_peer_new (is_server, NULL);

  if (reads == 0)
    hostile_peer_set_deaf (peer, TRUE);
  else
    peer->reads_left = reads;
  test_settle ();
  g_assert_false (peer->keyed);
  devssh_context_advance_clock (context, 59 * G_TIME_SPAN_SECOND);
  test_settle ();
  g_assert_false (devssh_session_get_is_closed (peer->session));
  hostile_serves_on ();

  devssh_context_advance_clock (context, 2 * G_TIME_SPAN_SECOND);
  test_spin_until (devssh_session_get_is_closed (peer->session));
  g_assert_cmpint (devssh_session_get_disconnect_reason (peer->session), ==, DEVSSH_DISCONNECT_REASON_KEY_EXCHANGE_FAILED);
}

static void
test_stalled_server_init (void)
{
  test_stalled (FALSE, 0);
}

static void
test_stalled_client_init (void)
{
  test_stalled (TRUE, 0);
}

static void
test_stalled_server_dh (void)
{
  test_stalled (FALSE, 1);
}

/* The same in a rekey, which must not hang for ever either. */
static void
test_stalled_rekey (gconstpointer is_server)
{
  g_autoptr(DevSshContext) context = devssh_context_ref_thread_default ();
  g_autoptr(HostilePeer) peer = hostile_peer_new (is_server != NULL, NULL);

  hostile_peer_get_in (peer);
  hostile_peer_set_deaf (peer, TRUE);
  hostile_peer_rekey (peer);
  test_settle ();
  devssh_context_advance_clock (context, 61 * G_TIME_SPAN_SECOND);
  test_spin_until (devssh_session_get_is_closed (peer->session));
  g_assert_cmpint (devssh_session_get_disconnect_reason (peer->session), ==, DEVSSH_DISCONNECT_REASON_KEY_EXCHANGE_FAILED);
}

/* ---- a handler that does not answer ---- */

static gboolean
keep_request_cb (DevSshChannel         *channel,
                 DevSshChannelRequest  *request,
                 DevSshChannelRequest **kept)
{
  g_assert_null (*kept);
  *kept = g_object_ref (request);

  return TRUE;
}

static void
count_data_cb (DevSshChannel *channel,
               GBytes        *data,
               gsize         *n_bytes)
{
  *n_bytes += g_bytes_get_size (data);
}

static void
test_stuck_channel (void)
{
  g_autoptr(HostilePeer) peer = hostile_peer_new (FALSE, NULL);
  g_autoptr(DevSshChannelRequest) kept = NULL;
  GListModel *channels;
  gsize n_bytes = 0;

  hostile_peer_get_in (peer);
  for (guint i = 0; i < 11; i++)
    hostile_peer_say_fields (peer, OPEN);
  test_spin_until (peer->received[91] == 11);

  channels = devssh_session_get_channels (peer->session);
  for (guint i = 0; i < 11; i++)
    {
      g_autoptr(DevSshChannel) channel = g_list_model_get_item (channels, i);

      if (i == 0)
        g_signal_connect (channel, "request", G_CALLBACK (keep_request_cb), &kept);
      else
        g_signal_connect (channel, "data", G_CALLBACK (count_data_cb), &n_bytes);
    }

  /* Its second request waits for its first; nobody else does. */
  hostile_peer_say_fields (peer, EXEC);
  hostile_peer_say_fields (peer, "b94 u0 sstuck");
  for (guint round = 0; round < 20; round++)
    for (guint i = 1; i < 11; i++)
      {
        g_autofree char *data = g_strdup_printf ("b94 u%u ssome_data", i);
        g_autofree char *request = g_strdup_printf ("b98 u%u sx b1 t", i);

        hostile_peer_say_fields (peer, data);
        hostile_peer_say_fields (peer, request);
      }
  test_spin_until (n_bytes == 20 * 10 * strlen ("some_data"));
  test_spin_until (peer->received[100] == 200);
  g_assert_nonnull (kept);
  g_assert_cmpuint (peer->received[99], ==, 0);

  devssh_channel_request_complete (kept, TRUE);
  test_spin_until (peer->received[99] == 1);
  g_assert_false (peer->over);
}

/* A question of a session that is gone: an answer has no effect and does no harm. */
static void
test_stuck_and_gone (void)
{
  g_autoptr(HostilePeer) peer = hostile_peer_new (FALSE, NULL);
  g_autoptr(DevSshChannelRequest) kept = NULL;
  g_autoptr(DevSshChannel) channel = NULL;

  hostile_peer_get_in (peer);
  hostile_peer_say_fields (peer, OPEN);
  test_spin_until (peer->received[91] == 1);
  channel = g_list_model_get_item (devssh_session_get_channels (peer->session), 0);
  g_signal_connect (channel, "request", G_CALLBACK (keep_request_cb), &kept);
  hostile_peer_say_fields (peer, EXEC);
  test_spin_until (kept != NULL);
  hostile_peer_say_fields (peer, "b91 u0 u0 u0 u0");
  hostile_peer_expect_end (peer, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
  devssh_channel_request_complete (kept, TRUE);
  test_settle ();
  g_assert_cmpuint (peer->received[99], ==, 0);
}

/* ---- texts ---- */

#define RUDE "\x1b[2J\r\n\x07\x7f\xc2\x9b\xe2\x80\xae\xff\xc3"

static void
assert_fit_for_people (const char *text)
{
  g_assert_nonnull (text);
  g_assert_true (g_utf8_validate (text, -1, NULL));
  g_assert_cmpuint (strlen (text), <, 1200);
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      g_assert_false (g_unichar_iscntrl (g_utf8_get_char (p)));
      g_assert_cmpuint (g_utf8_get_char (p), !=, 0x202e);
    }
}

static void
closed_cb (DevSshSession          *session,
           DevSshDisconnectReason  reason,
           const char             *message,
           const GError           *error,
           guint                  *n_closed)
{
  assert_fit_for_people (message);
  assert_fit_for_people (error->message);
  (*n_closed)++;
}

static void
trace_cb (DevSshSession    *session,
          DevSshTraceLevel  level,
          DevSshTraceEvent  event,
          const char       *text,
          guint            *n_lines)
{
  assert_fit_for_people (text);
  (*n_lines)++;
}

/* What a peer may have somebody read: in a trace, in a signal, in an error. */
static void
test_rude_texts (gconstpointer is_server)
{
  g_autoptr(HostilePeer) peer = hostile_peer_new (is_server != NULL, NULL);
  guint n_closed = 0, n_lines = 0;

  g_signal_connect (peer->session, "closed", G_CALLBACK (closed_cb), &n_closed);
  g_signal_connect (peer->session, "trace", G_CALLBACK (trace_cb), &n_lines);
  hostile_peer_get_in (peer);
  hostile_peer_say_fields (peer, "b4 b1 s" RUDE " s" RUDE);
  hostile_peer_say_fields (peer, "b80 s" RUDE " b1 t" RUDE);
  hostile_peer_say_fields (peer, "b90 s" RUDE " u1 u1 u1 t" RUDE);
  hostile_peer_say_fields (peer, "b1 u11 s" RUDE " s" RUDE);
  test_spin_until (n_closed == 1);
  g_assert_cmpuint (n_lines, >, 5);
  assert_fit_for_people (devssh_session_get_error (peer->session)->message);
  g_signal_handlers_disconnect_by_func (peer->session, closed_cb, &n_closed);
  g_signal_handlers_disconnect_by_func (peer->session, trace_cb, &n_lines);
}

static void
test_rude_open_failure (void)
{
  g_autoptr(HostilePeer) peer = hostile_peer_new (TRUE, NULL);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  hostile_peer_get_in (peer);
  devssh_session_open_channel_async (peer->session, NULL, NULL, test_keep_result_cb, &result);
  test_spin_until (peer->received[90] == 1);
  hostile_peer_say_fields (peer, "b92 u0 u2 s" RUDE " s" RUDE);
  test_spin_until (result != NULL);
  g_assert_null (devssh_session_open_channel_finish (peer->session, result, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
  assert_fit_for_people (error->message);
}

static void
banner_cb (DevSshClientSession *session,
           const char          *text,
           guint               *n_banners)
{
  g_assert_true (g_utf8_validate (text, -1, NULL));
  g_assert_null (strchr (text, 0x1b));
  g_assert_null (strchr (text, 0x07));
  (*n_banners)++;
}

static void
test_rude_banner (void)
{
  g_autoptr(HostilePeer) peer = hostile_peer_new (TRUE, NULL);
  g_autoptr(DevSshClientCredentials) user = devssh_client_credentials_new ("test");
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  guint n_banners = 0;

  devssh_client_credentials_set_password (user, "secret");
  g_signal_connect (peer->session, "banner", G_CALLBACK (banner_cb), &n_banners);
  hostile_peer_get_keys (peer);
  test_spin_until (devssh_session_get_is_connected (peer->session));
  devssh_client_session_authenticate_async (DEVSSH_CLIENT_SESSION (peer->session), user, NULL, test_keep_result_cb, &result);
  test_spin_until (peer->received[50] == 1);
  hostile_peer_say_fields (peer, "b53 s" RUDE " s");
  test_spin_until (n_banners == 1);
  hostile_peer_say_fields (peer, "b1 u14 s" RUDE " s");
  test_spin_until (result != NULL);
  g_assert_false (devssh_client_session_authenticate_finish (DEVSSH_CLIENT_SESSION (peer->session), result, &error));
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_NO_MORE_AUTH_METHODS_AVAILABLE);
  assert_fit_for_people (error->message);
  g_signal_handlers_disconnect_by_func (peer->session, banner_cb, &n_banners);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (blind); i++)
    {
      g_autofree char *path = g_strdup_printf ("/hostile/early/blind/T-30/%s", blind[i].name);

      g_test_add_data_func (path, &blind[i], test_blind);
    }
  g_test_add_data_func ("/hostile/early/numbers/keys/T-30", NULL, test_numbers);
  g_test_add_data_func ("/hostile/early/numbers/auth/T-30", GINT_TO_POINTER (TRUE), test_numbers);

  g_test_add_func ("/hostile/stalled/server/behind-init/T-45", test_stalled_server_init);
  g_test_add_func ("/hostile/stalled/server/behind-dh/T-45", test_stalled_server_dh);
  g_test_add_func ("/hostile/stalled/client/behind-init/T-45", test_stalled_client_init);
  g_test_add_data_func ("/hostile/stalled/server/rekey/T-45", NULL, test_stalled_rekey);
  g_test_add_data_func ("/hostile/stalled/client/rekey/T-45", GINT_TO_POINTER (TRUE), test_stalled_rekey);

  g_test_add_func ("/hostile/stuck/channel/T-51", test_stuck_channel);
  g_test_add_func ("/hostile/stuck/and-gone/T-51", test_stuck_and_gone);

  g_test_add_data_func ("/hostile/texts/server/T-57", NULL, test_rude_texts);
  g_test_add_data_func ("/hostile/texts/client/T-57", GINT_TO_POINTER (TRUE), test_rude_texts);
  g_test_add_func ("/hostile/texts/open-failure/T-57", test_rude_open_failure);
  g_test_add_func ("/hostile/texts/banner/T-57", test_rude_banner);

  return g_test_run ();
}
