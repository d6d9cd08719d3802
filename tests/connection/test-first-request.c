/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A channel and the first thing that is asked of it, in one flight or two (protocol.md 3.2; T-76). */
#include "connection-util.h"

#include <libdevssh/wire/devssh-messages-private.h>

#include <string.h>

static void
with_extension (DevSshConnectionConfig *config,
                gboolean                is_client)
{
  config->first_requests = TRUE;
}

/* What the server's handler of a request does. */
typedef enum { SAY_YES, SAY_NO, SAY_NOTHING, KEEP, CLOSE_AND_YES, DROP } Deed;

typedef struct
{
  Deed                  deed;
  guint                 asked;
  char                 *type;
  GBytes               *payload;
  gboolean              want_reply;
  DevSshChannelRequest *kept;
  DevSshChannelOpening *opening;     /* kept */
} Host;

static gboolean
request_cb (DevSshChannel        *channel,
            DevSshChannelRequest *request,
            Host                 *self)
{
  self->asked++;
  g_free (self->type);
  self->type = g_strdup (devssh_channel_request_get_request_type (request));
  g_clear_pointer (&self->payload, g_bytes_unref);
  self->payload = g_bytes_ref (devssh_channel_request_get_payload (request));
  self->want_reply = devssh_channel_request_get_want_reply (request);
  switch (self->deed)
    {
    case SAY_YES:
    case SAY_NO:
      devssh_channel_request_complete (request, self->deed == SAY_YES);
      return TRUE;

    case KEEP:
      g_set_object (&self->kept, request);
      return TRUE;

    case CLOSE_AND_YES:
      devssh_channel_close (channel);
      devssh_channel_request_complete (request, TRUE);
      return TRUE;

    case DROP:
      return TRUE;

    case SAY_NOTHING:
    default:
      return FALSE;
    }
}

static gboolean
accept_cb (TestEnd              *end,
           DevSshChannelOpening *opening)
{
  g_signal_connect (devssh_channel_opening_get_channel (opening), "request", G_CALLBACK (request_cb), end->user_data);
  devssh_channel_opening_accept (opening);
  return TRUE;
}

static gboolean
reject_cb (TestEnd              *end,
           DevSshChannelOpening *opening)
{
  devssh_channel_opening_reject (opening, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED, "not today");
  return TRUE;
}

static gboolean
keep_cb (TestEnd              *end,
         DevSshChannelOpening *opening)
{
  Host *host = end->user_data;

  g_signal_connect (devssh_channel_opening_get_channel (opening), "request", G_CALLBACK (request_cb), host);
  host->opening = g_object_ref (opening);
  return TRUE;
}

static void
host_clear (Host *self)
{
  g_free (self->type);
  g_clear_pointer (&self->payload, g_bytes_unref);
  g_clear_object (&self->kept);
  g_clear_object (&self->opening);
}

static void
pair_init (TestPair *pair,
           Host     *host,
           gboolean  server_has_it)
{
  test_pair_init (pair, server_has_it ? with_extension : NULL);
  memset (host, 0, sizeof *host);
  pair->server.opening = accept_cb;
  pair->server.user_data = host;
}

static void
open_with (TestPair      *pair,
           gboolean       bundle,
           gboolean       want_reply,
           GCancellable  *cancellable,
           GAsyncResult **result)
{
  g_autoptr(GBytes) payload = g_bytes_new_static ("\0\0\0\2ls", 6);
  const DevSshFirstRequest request = { "exec", want_reply, payload };

  devssh_connection_open_with_request (pair->client.connection, NULL, &request, bundle, test_task_new (cancellable, result));
}

/* ---- in one flight, and in two ---- */

static void
test_granted (gconstpointer data)
{
  gboolean bundle = GPOINTER_TO_INT (data);

  for (guint want_reply = 0; want_reply < 2; want_reply++)
    {
      TestPair pair;
      Host host;
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshChannel) channel = NULL;

      pair_init (&pair, &host, TRUE);
      host.deed = SAY_YES;
      open_with (&pair, bundle, want_reply, NULL, &result);
      /* Everything at once, or the request behind the confirmation. */
      g_assert_cmpstr (pair.client.log->str, ==, bundle ? "90 80 " : "90 ");
      test_pair_run (&pair);
      channel = test_take_channel (result, &error);
      g_assert_no_error (error);
      g_assert_false (devssh_channel_get_is_closed (channel));
      g_assert_cmpstr (pair.client.log->str, ==, bundle ? "90 80 " : "90 98 ");
      g_assert_cmpstr (pair.server.log->str, ==, !want_reply ? "91 " : bundle ? "91 81 " : "91 99 ");
      g_assert_cmpuint (host.asked, ==, 1);
      g_assert_cmpstr (host.type, ==, "exec");
      g_assert_cmpmem (g_bytes_get_data (host.payload, NULL), g_bytes_get_size (host.payload), "\0\0\0\2ls", 6);
      g_assert_cmpint (host.want_reply, ==, want_reply);
      g_assert_cmpuint (pair.client.fatal + pair.server.fatal, ==, 0);
      test_pair_clear (&pair);
      host_clear (&host);
    }
}

/* Refused, or not answered, or dropped, or thrown, or the channel closed instead: no channel, and an
 * error that says so. */
static void
test_denied (gconstpointer data)
{
  static const Deed deeds[] = { SAY_NO, SAY_NOTHING, DROP, CLOSE_AND_YES };
  gboolean bundle = GPOINTER_TO_INT (data);

  for (guint i = 0; i < G_N_ELEMENTS (deeds); i++)
    {
      TestPair pair;
      Host host;
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshChannel) next = NULL;

      pair_init (&pair, &host, TRUE);
      host.deed = deeds[i];
      open_with (&pair, bundle, TRUE, NULL, &result);
      test_pair_run (&pair);
      g_assert_null (test_take_channel (result, &error));
      g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
      g_assert_cmpuint (host.asked, ==, 1);
      g_assert_cmpuint (devssh_connection_get_n_channels (pair.client.connection), ==, 0);
      g_assert_cmpuint (devssh_connection_get_n_channels (pair.server.connection), ==, 0);
      g_assert_cmpuint (pair.client.fatal + pair.server.fatal, ==, 0);

      /* The replies are still in step. */
      host.deed = SAY_YES;
      g_clear_object (&result);
      open_with (&pair, bundle, TRUE, NULL, &result);
      test_pair_run (&pair);
      next = test_take_channel (result, NULL);
      g_assert_nonnull (next);
      test_pair_clear (&pair);
      host_clear (&host);
    }
}

/* Without a reply a refusal means nothing. */
static void
test_denied_without_reply (gconstpointer data)
{
  gboolean bundle = GPOINTER_TO_INT (data);
  TestPair pair;
  Host host;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshChannel) channel = NULL;

  pair_init (&pair, &host, TRUE);
  host.deed = SAY_NO;
  open_with (&pair, bundle, FALSE, NULL, &result);
  test_pair_run (&pair);
  channel = test_take_channel (result, &error);
  g_assert_no_error (error);
  g_assert_false (devssh_channel_get_is_closed (channel));
  g_assert_cmpuint (host.asked, ==, 1);
  g_assert_cmpstr (pair.server.log->str, ==, "91 ");
  test_pair_clear (&pair);
  host_clear (&host);
}

/* A refused opening has the peer's reason, whatever it says of the request. */
static void
test_refused (gconstpointer data)
{
  gboolean bundle = GPOINTER_TO_INT (data);

  for (guint want_reply = 0; want_reply < 2; want_reply++)
    {
      TestPair pair;
      Host host;
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GAsyncResult) again = NULL;
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshChannel) channel = NULL;

      pair_init (&pair, &host, TRUE);
      pair.server.opening = reject_cb;
      host.deed = SAY_YES;
      open_with (&pair, bundle, want_reply, NULL, &result);
      test_pair_run (&pair);
      g_assert_null (test_take_channel (result, &error));
      g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED);
      g_assert_cmpstr (error->message, ==, "not today");
      g_assert_cmpuint (host.asked, ==, 0);
      g_assert_cmpstr (pair.server.log->str, ==, bundle && want_reply ? "92 82 " : "92 ");

      pair.server.opening = accept_cb;
      open_with (&pair, bundle, TRUE, NULL, &again);
      test_pair_run (&pair);
      channel = test_take_channel (again, NULL);
      g_assert_nonnull (channel);
      test_pair_clear (&pair);
      host_clear (&host);
    }
}

/* ---- the decision comes late ---- */

static void
test_waits_for_opening (void)
{
  for (guint accepts = 0; accepts < 2; accepts++)
    {
      TestPair pair;
      Host host;
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GAsyncResult) other = NULL;
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshChannel) channel = NULL;

      pair_init (&pair, &host, TRUE);
      pair.server.opening = keep_cb;
      host.deed = SAY_YES;
      open_with (&pair, TRUE, TRUE, NULL, &result);
      devssh_connection_request (pair.client.connection, "x@example.org", TRUE, NULL, test_task_new (NULL, &other));
      test_pair_run (&pair);
      /* Its place is taken, so the one behind waits for it. */
      g_assert_cmpuint (host.asked, ==, 0);
      g_assert_null (result);
      g_assert_null (other);
      g_assert_cmpstr (pair.server.log->str, ==, "");
      if (accepts)
        devssh_channel_opening_accept (host.opening);
      else
        devssh_channel_opening_reject (host.opening, DEVSSH_CHANNEL_OPEN_FAILURE_RESOURCE_SHORTAGE, "full");
      test_pair_run (&pair);
      channel = test_take_channel (result, &error);
      if (accepts)
        g_assert_no_error (error);
      else
        g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_RESOURCE_SHORTAGE);
      g_assert_cmpuint (host.asked, ==, accepts);
      g_assert_nonnull (other);
      g_assert_cmpstr (pair.server.log->str, ==, accepts ? "91 81 82 " : "92 82 82 ");
      devssh_reply_free (g_task_propagate_pointer (G_TASK (other), NULL));
      test_pair_clear (&pair);
      host_clear (&host);
    }
}

static void
test_answered_late (void)
{
  TestPair pair;
  Host host;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(DevSshChannel) channel = NULL;

  pair_init (&pair, &host, TRUE);
  host.deed = KEEP;
  open_with (&pair, TRUE, TRUE, NULL, &result);
  test_pair_run (&pair);
  g_assert_null (result);
  g_assert_cmpuint (pair.client.n_opened, ==, 1);
  devssh_channel_request_complete (host.kept, TRUE);
  test_pair_run (&pair);
  channel = test_take_channel (result, NULL);
  g_assert_nonnull (channel);
  test_pair_clear (&pair);
  host_clear (&host);
}

/* Whoever accepts channels gets the request, too, some turns later. */
static void
test_accepted (void)
{
  TestPair pair;
  Host host;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) accepted = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(DevSshChannel) theirs = NULL;

  pair_init (&pair, &host, TRUE);
  pair.server.opening = NULL;
  host.deed = SAY_YES;
  devssh_connection_accept (pair.server.connection, NULL, test_task_new (NULL, &accepted));
  open_with (&pair, TRUE, TRUE, NULL, &result);
  test_pair_run (&pair);
  theirs = test_take_channel (accepted, NULL);
  g_assert_null (result);
  g_signal_connect (theirs, "request", G_CALLBACK (request_cb), &host);
  test_pair_run (&pair);
  ours = test_take_channel (result, NULL);
  g_assert_nonnull (ours);
  g_assert_cmpuint (host.asked, ==, 1);
  test_pair_clear (&pair);
  host_clear (&host);
}

static void
with_room (DevSshConnectionConfig *config,
           gboolean                is_client)
{
  with_extension (config, is_client);
  config->max_unaccepted = 4;
}

/* So does who accepts after the channel has waited for somebody, and the request with it. */
static void
test_accepted_late (void)
{
  TestPair pair;
  Host host;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) accepted = NULL;
  g_autoptr(DevSshChannel) ours = NULL;
  g_autoptr(DevSshChannel) theirs = NULL;

  memset (&host, 0, sizeof host);
  test_pair_init (&pair, with_room);
  pair.server.opening = NULL;
  host.deed = SAY_YES;
  open_with (&pair, TRUE, TRUE, NULL, &result);
  test_pair_run (&pair);
  devssh_connection_accept (pair.server.connection, NULL, test_task_new (NULL, &accepted));
  test_pair_run (&pair);
  theirs = test_take_channel (accepted, NULL);
  g_assert_null (result);
  g_signal_connect (theirs, "request", G_CALLBACK (request_cb), &host);
  test_pair_run (&pair);
  ours = test_take_channel (result, NULL);
  g_assert_nonnull (ours);
  g_assert_cmpuint (host.asked, ==, 1);
  test_pair_clear (&pair);
  host_clear (&host);
}

/* Whoever accepts a channel and closes it is asked nothing more; the peer hears a no. */
static void
test_closed_by_handler (void)
{
  TestPair pair;
  Host host;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  pair_init (&pair, &host, TRUE);
  pair.server.opening = keep_cb;
  host.deed = SAY_YES;
  open_with (&pair, TRUE, TRUE, NULL, &result);
  test_pair_run (&pair);
  devssh_channel_close (devssh_channel_opening_get_channel (host.opening));
  devssh_channel_opening_accept (host.opening);
  test_pair_run (&pair);
  g_assert_null (test_take_channel (result, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
  g_assert_cmpuint (host.asked, ==, 0);
  g_assert_cmpstr (pair.server.log->str, ==, "91 97 82 ");
  g_assert_cmpuint (devssh_connection_get_n_channels (pair.client.connection), ==, 0);
  g_assert_cmpuint (devssh_connection_get_n_channels (pair.server.connection), ==, 0);
  g_assert_cmpuint (pair.client.fatal + pair.server.fatal, ==, 0);
  test_pair_clear (&pair);
  host_clear (&host);
}

/* What does not fit into one message opens nothing. */
static void
test_too_long (gconstpointer data)
{
  gboolean bundle = GPOINTER_TO_INT (data);

  for (guint fits = 0; fits < 2; fits++)
    {
      TestPair pair;
      Host host;
      g_autoptr(GBytes) payload = test_bytes (fits ? 255 * 1024 : 255 * 1024 + 1, 1);
      const DevSshFirstRequest request = { "exec", TRUE, payload };
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshChannel) channel = NULL;

      pair_init (&pair, &host, TRUE);
      host.deed = SAY_YES;
      devssh_connection_open_with_request (pair.client.connection, NULL, &request, bundle,
                                           test_task_new (NULL, &result));
      test_pair_run (&pair);
      channel = test_take_channel (result, &error);
      if (fits)
        g_assert_nonnull (channel);
      else
        g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_LIMIT);
      g_assert_cmpuint (pair.client.n_sent, ==, fits ? 2 : 0);
      g_assert_cmpuint (host.asked, ==, fits);
      test_pair_clear (&pair);
      host_clear (&host);
    }
}

/* ---- giving up, and ends ---- */

static void
test_cancelled (gconstpointer data)
{
  gboolean bundle = GPOINTER_TO_INT (data);

  /* Before the call; while the opening is decided on; while the request is. */
  for (guint when = 0; when < 3; when++)
    {
      TestPair pair;
      Host host;
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GAsyncResult) again = NULL;
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshChannel) channel = NULL;

      pair_init (&pair, &host, TRUE);
      host.deed = KEEP;
      if (when == 0)
        g_cancellable_cancel (cancellable);
      else if (when == 1)
        pair.server.opening = keep_cb;
      open_with (&pair, bundle, TRUE, cancellable, &result);
      test_pair_run (&pair);
      g_cancellable_cancel (cancellable);
      test_pair_run (&pair);
      g_assert_null (test_take_channel (result, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      if (when == 0)
        g_assert_cmpuint (pair.client.n_sent, ==, 0);
      if (host.opening != NULL)
        devssh_channel_opening_accept (host.opening);
      test_pair_run (&pair);
      if (host.kept != NULL)
        devssh_channel_request_complete (host.kept, TRUE);
      test_pair_run (&pair);
      g_assert_cmpuint (devssh_connection_get_n_channels (pair.client.connection), ==, 0);
      g_assert_cmpuint (devssh_connection_get_n_channels (pair.server.connection), ==, 0);

      pair.server.opening = accept_cb;
      host.deed = SAY_YES;
      open_with (&pair, bundle, TRUE, NULL, &again);
      test_pair_run (&pair);
      channel = test_take_channel (again, NULL);
      g_assert_nonnull (channel);
      g_assert_cmpuint (pair.client.fatal + pair.server.fatal, ==, 0);
      test_pair_clear (&pair);
      host_clear (&host);
    }
}

/* When the session ends meanwhile, the call ends with why, once; at the other end the questions die. */
static void
test_aborted (gconstpointer data)
{
  gboolean bundle = GPOINTER_TO_INT (data);

  for (guint when = 0; when < 4; when++)
    {
      TestPair pair;
      Host host;
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GError) error = NULL;
      g_autoptr(GError) lost = g_error_new_literal (DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST, "lost");

      pair_init (&pair, &host, TRUE);
      host.deed = KEEP;
      if (when == 1)
        pair.server.opening = keep_cb;
      if (when == 3)
        devssh_connection_abort (pair.client.connection, lost);
      open_with (&pair, bundle, TRUE, NULL, &result);
      if (when > 0)
        test_pair_run (&pair);
      devssh_connection_abort (pair.client.connection, lost);
      devssh_connection_abort (pair.server.connection, lost);
      test_pair_run (&pair);
      g_assert_null (test_take_channel (result, &error));
      g_assert_error (error, DEVSSH_CONNECTION_ERROR, (int) DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
      if (host.kept != NULL)
        g_assert_true (g_cancellable_is_cancelled (devssh_question_get_cancellable (DEVSSH_QUESTION (host.kept))));
      test_pair_clear (&pair);
      host_clear (&host);
    }
}

/* An opening that waits for the reply of a request takes its own request along. */
static gboolean
late_session_request_cb (TestEnd              *end,
                         DevSshSessionRequest *request)
{
  g_assert_null (end->user_data);
  end->user_data = g_object_ref (request);
  return TRUE;
}

static void
test_held_open (void)
{
  static const guint8 first[] = { 80, 0, 0, 0, 1, 'a', 1 }, second[] = { 80, 0, 0, 0, 1, 'b', 1 };
  const DevSshFirstRequest request = { "shell", TRUE, NULL };

  for (guint cancels = 0; cancels < 2; cancels++)
    {
      TestEnd end;
      g_autoptr(DevSshSessionRequest) kept = NULL;
      g_autoptr(DevSshSessionRequest) known = NULL;
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GError) error = NULL;

      test_end_init (&end, TRUE, NULL);
      end.session_request = late_session_request_cb;
      test_end_receive (&end, first, sizeof first);
      kept = g_steal_pointer (&end.user_data);
      test_end_receive (&end, second, sizeof second);
      known = g_steal_pointer (&end.user_data);
      devssh_session_request_complete (known, TRUE);
      devssh_connection_open_with_request (end.connection, NULL, &request, TRUE, test_task_new (cancellable, &result));
      test_end_run (&end);
      g_assert_cmpstr (end.log->str, ==, "");
      if (cancels)
        g_cancellable_cancel (cancellable);
      test_end_run (&end);
      devssh_session_request_complete (kept, FALSE);
      test_end_run (&end);
      g_assert_cmpstr (end.log->str, ==, cancels ? "82 81 " : "82 81 90 80 ");
      test_end_clear (&end);
      g_assert_nonnull (result);
      g_assert_null (test_take_channel (result, &error));
      g_assert_nonnull (error);
    }
}

/* ---- peers as they come ---- */

static void
receive (TestEnd    *end,
         guint32     sender,
         const char *type,
         gboolean    inner_reply,
         gboolean    outer_reply)
{
  DevSshChannelRequestMessage request = { 0, (char *) type, inner_reply };
  DevSshInitialChannelRequest initial = { sender };
  DevSshGlobalRequestMessage message = { (char *) DEVSSH_REQUEST_INITIAL_CHANNEL_REQUEST, outer_reply };
  DEVSSH_WRITER_AUTO (inner);
  DEVSSH_WRITER_AUTO (middle);
  DEVSSH_WRITER_AUTO (outer);

  devssh_channel_request_message_encode (&request, &inner);
  initial.request = (DevSshSlice) { inner.data, inner.length };
  devssh_initial_channel_request_encode (&initial, &middle);
  message.data = (DevSshSlice) { middle.data, middle.length };
  devssh_global_request_message_encode (&message, &outer);
  test_end_receive_writer (end, &outer);
}

static void
receive_open (TestEnd *end,
              guint32  id)
{
  DevSshChannelOpenMessage message = { (char *) "session", id, 1000, 1000 };
  DEVSSH_WRITER_AUTO (writer);

  devssh_channel_open_message_encode (&message, &writer);
  test_end_receive_writer (end, &writer);
}

/* The wish of the envelope counts, not that of what is in it; a stranger's channel is a no. */
static void
test_envelope (void)
{
  TestEnd end;
  Host host = { SAY_YES };

  test_end_init (&end, FALSE, with_extension);
  end.opening = accept_cb;
  end.user_data = &host;
  receive (&end, 7, "exec", TRUE, TRUE);
  test_end_run (&end);
  g_assert_cmpstr (end.log->str, ==, "82 ");
  receive (&end, 7, "exec", TRUE, FALSE);
  test_end_run (&end);
  g_assert_cmpstr (end.log->str, ==, "82 ");
  g_assert_cmpuint (host.asked, ==, 0);

  receive_open (&end, 7);
  receive (&end, 7, "exec", TRUE, FALSE);
  test_end_run (&end);
  g_assert_cmpstr (end.log->str, ==, "82 91 ");
  g_assert_cmpuint (host.asked, ==, 1);
  g_assert_false (host.want_reply);
  receive (&end, 7, "exec", FALSE, TRUE);
  test_end_run (&end);
  g_assert_cmpstr (end.log->str, ==, "82 91 81 ");
  g_assert_cmpuint (host.asked, ==, 2);
  g_assert_true (host.want_reply);

  /* How a command ended is kept, as ever, and asked of nobody. */
  {
    static const guint8 status[] = { 80, 0, 0, 0, 37, 'i', 'n', 'i', 't', 'i', 'a', 'l', '-', 'c', 'h', 'a', 'n', 'n', 'e', 'l', '-',
                                     'r', 'e', 'q', 'u', 'e', 's', 't', '@', 'm', 'i', 'c', 'r', 'o', 's', 'o', 'f', 't', '.', 'c',
                                     'o', 'm', 1, 0, 0, 0, 7, 98, 0, 0, 0, 0, 0, 0, 0, 11, 'e', 'x', 'i', 't', '-', 's', 't', 'a',
                                     't', 'u', 's', 0, 0, 0, 0, 11 };
    g_autoptr(DevSshChannel) channel = test_channel_at (&end, 0);

    test_end_receive (&end, status, sizeof status);
    test_end_run (&end);
    g_assert_cmpint (devssh_channel_get_exit_status (channel), ==, 11);
    g_assert_cmpstr (end.log->str, ==, "82 91 81 81 ");
    g_assert_cmpuint (host.asked, ==, 2);
  }
  test_end_clear (&end);
  host_clear (&host);
}

/* A channel that the peer has closed is not asked anything, though we have not closed it yet (manual-close); what came
 * before its end is. */
static void
test_after_close (void)
{
  static const guint8 close[] = { DEVSSH_MESSAGE_CHANNEL_CLOSE, 0, 0, 0, 0 };
  TestEnd end;
  Host host = { SAY_YES };
  g_autoptr(DevSshChannel) channel = NULL;

  test_end_init (&end, FALSE, with_extension);
  end.opening = accept_cb;
  end.user_data = &host;
  receive_open (&end, 7);
  test_end_run (&end);
  channel = test_channel_at (&end, 0);
  devssh_channel_set_manual_close (channel, TRUE);
  receive (&end, 7, "exec", TRUE, TRUE);
  test_end_run (&end);
  g_assert_cmpstr (end.log->str, ==, "91 81 ");
  g_assert_cmpuint (host.asked, ==, 1);

  test_end_receive (&end, close, sizeof close);
  test_end_run (&end);
  g_assert_false (devssh_channel_get_is_closed (channel));
  receive (&end, 7, "exec", TRUE, TRUE);
  receive (&end, 7, "exec", TRUE, FALSE);
  test_end_run (&end);
  g_assert_cmpstr (end.log->str, ==, "91 81 82 ");
  g_assert_cmpuint (host.asked, ==, 1);

  devssh_channel_close (channel);
  test_end_run (&end);
  g_assert_cmpstr (end.log->str, ==, "91 81 82 97 ");
  g_assert_cmpuint (end.fatal, ==, 0);
  test_end_clear (&end);
  host_clear (&host);
}

static gboolean
yes_to_all_cb (TestEnd              *end,
               DevSshSessionRequest *request)
{
  devssh_session_request_complete (request, TRUE);
  return TRUE;
}

/* Without the extension it is a session request like others, and its channel hears nothing of it. */
static void
test_without_extension (void)
{
  TestEnd end;
  Host host = { SAY_YES };

  test_end_init (&end, FALSE, NULL);
  end.opening = accept_cb;
  end.user_data = &host;
  receive_open (&end, 7);
  receive (&end, 7, "exec", TRUE, TRUE);
  test_end_run (&end);
  g_assert_cmpstr (end.log->str, ==, "91 82 ");
  end.session_request = yes_to_all_cb;
  receive (&end, 7, "exec", TRUE, TRUE);
  test_end_run (&end);
  g_assert_cmpstr (end.log->str, ==, "91 82 81 ");
  g_assert_cmpuint (host.asked, ==, 0);
  test_end_clear (&end);
}

/* Cut anywhere, or with something else in it, it is the end. */
static void
test_malformed (void)
{
  static const guint8 whole[] = { 80, 0, 0, 0, 37, 'i', 'n', 'i', 't', 'i', 'a', 'l', '-', 'c', 'h', 'a', 'n', 'n', 'e', 'l', '-',
                                  'r', 'e', 'q', 'u', 'e', 's', 't', '@', 'm', 'i', 'c', 'r', 'o', 's', 'o', 'f', 't', '.', 'c',
                                  'o', 'm', 1, 0, 0, 0, 7, 98, 0, 0, 0, 0, 0, 0, 0, 4, 'e', 'x', 'e', 'c', 0 };

  for (gsize length = 43; length <= sizeof whole; length++)
    {
      TestEnd end;
      Host host = { SAY_YES };

      test_end_init (&end, FALSE, with_extension);
      end.opening = accept_cb;
      end.user_data = &host;
      receive_open (&end, 7);
      test_end_receive (&end, whole, length);
      test_end_run (&end);
      g_assert_cmpuint (end.fatal, ==, length < sizeof whole ? DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR : 0);
      g_assert_cmpuint (host.asked, ==, length == sizeof whole);
      test_end_clear (&end);
      host_clear (&host);
    }

  {
    guint8 other[sizeof whole];
    TestEnd end;

    memcpy (other, whole, sizeof whole);
    other[47] = 94;
    test_end_init (&end, FALSE, with_extension);
    end.opening = test_accept_opening;
    receive_open (&end, 7);
    test_end_receive (&end, other, sizeof other);
    test_end_run (&end);
    g_assert_cmpuint (end.fatal, ==, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
    test_end_clear (&end);
  }
}

static gboolean
keep_all_cb (DevSshChannel        *channel,
             DevSshChannelRequest *request,
             GPtrArray            *kept)
{
  g_ptr_array_add (kept, g_object_ref (request));
  return TRUE;
}

/* The limits of a channel (16) and of the session (64) hold (T-52), whether its opening is decided on
 * or not; what is too much is refused in its turn. */
static void
test_limits (void)
{
  for (guint deciding = 0; deciding < 2; deciding++)
    {
      TestEnd end;
      Host host = { SAY_YES };
      g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func (g_object_unref);
      g_autoptr(DevSshChannel) channel = NULL;
      g_autoptr(GString) expected = g_string_new ("91 ");

      test_end_init (&end, FALSE, with_extension);
      end.opening = keep_cb;
      end.user_data = &host;
      receive_open (&end, 7);
      channel = g_object_ref (devssh_channel_opening_get_channel (host.opening));
      g_signal_handlers_disconnect_by_data (channel, &host);
      g_signal_connect (channel, "request", G_CALLBACK (keep_all_cb), kept);
      if (!deciding)
        devssh_channel_opening_accept (host.opening);
      for (guint i = 0; i < 20; i++)
        receive (&end, 7, "exec", TRUE, TRUE);
      test_end_run (&end);
      g_assert_cmpuint (devssh_channel_get_dropped_requests (channel), ==, 4);
      if (deciding)
        {
          g_assert_cmpuint (kept->len, ==, 0);
          g_assert_cmpstr (end.log->str, ==, "");
          devssh_channel_opening_accept (host.opening);
          test_end_run (&end);
        }
      g_assert_cmpuint (kept->len, ==, 16);
      g_assert_cmpstr (end.log->str, ==, expected->str);
      for (guint i = 0; i < 16; i++)
        {
          devssh_channel_request_complete (kept->pdata[15 - i], TRUE);
          g_string_append (expected, "81 ");
        }
      g_string_append (expected, "82 82 82 82 ");
      g_assert_cmpstr (end.log->str, ==, expected->str);
      test_end_clear (&end);
      host_clear (&host);
    }

  /* Five channels with 16 each are more than a session answers. */
  {
    TestEnd end;
    Host host = { KEEP };
    g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func (g_object_unref);

    test_end_init (&end, FALSE, with_extension);
    end.opening = test_accept_opening;
    end.user_data = &host;
    for (guint i = 0; i < 5; i++)
      {
        g_autoptr(DevSshChannel) channel = NULL;

        receive_open (&end, i);
        test_end_run (&end);
        channel = test_channel_at (&end, i);
        g_signal_connect (channel, "request", G_CALLBACK (keep_all_cb), kept);
        for (guint k = 0; k < 16; k++)
          receive (&end, i, "exec", TRUE, TRUE);
      }
    test_end_run (&end);
    g_assert_cmpuint (kept->len, ==, 64);
    g_assert_cmpstr (end.log->str, ==, "91 91 91 91 91 ");
    test_end_clear (&end);
  }
}

static gboolean
accept_keep_all_cb (TestEnd              *end,
                    DevSshChannelOpening *opening)
{
  g_signal_connect (devssh_channel_opening_get_channel (opening), "request", G_CALLBACK (keep_all_cb), end->user_data);
  devssh_channel_opening_accept (opening);
  return TRUE;
}

static void
few_bytes (DevSshConnectionConfig *config,
           gboolean                is_client)
{
  with_extension (config, is_client);
  config->max_undecided_bytes = 100000;
}

/* And that of the bytes that are kept until somebody answers (T-48). */
static void
test_heavy (void)
{
  TestPair pair;
  g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(GBytes) payload = test_bytes (30000, 1);
  const DevSshFirstRequest request = { "exec", TRUE, payload };
  GAsyncResult *results[6] = { NULL };
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshChannel) channel = NULL;
  g_autoptr(DevSshChannel) closing = NULL;

  test_pair_init (&pair, few_bytes);
  pair.server.opening = accept_keep_all_cb;
  pair.server.user_data = kept;
  for (guint i = 0; i < 4; i++)
    devssh_connection_open_with_request (pair.client.connection, NULL, &request, TRUE,
                                         test_task_new (NULL, &results[i]));
  test_pair_run (&pair);
  g_assert_cmpuint (kept->len, ==, 3);

  /* Answered, or its channel gone, and there is room for another. */
  devssh_channel_request_complete (kept->pdata[0], TRUE);
  closing = g_object_ref (devssh_channel_request_get_channel (kept->pdata[1]));
  devssh_channel_close (closing);
  test_pair_run (&pair);
  channel = test_take_channel (results[0], NULL);
  g_assert_nonnull (channel);
  g_assert_null (test_take_channel (results[1], &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
  for (guint i = 4; i < 6; i++)
    devssh_connection_open_with_request (pair.client.connection, NULL, &request, TRUE,
                                         test_task_new (NULL, &results[i]));
  test_pair_run (&pair);
  g_assert_cmpuint (kept->len, ==, 5);

  /* The fourth was refused, behind those before it. */
  g_assert_null (results[3]);
  devssh_channel_request_complete (kept->pdata[2], TRUE);
  test_pair_run (&pair);
  g_clear_error (&error);
  g_assert_null (test_take_channel (results[3], &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
  g_assert_cmpuint (pair.client.fatal + pair.server.fatal, ==, 0);
  test_pair_clear (&pair);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    g_clear_object (&results[i]);
}

/* Before authentication it is what everything else is (T-30). */
static void
test_before_authentication (void)
{
  TestEnd end;

  test_end_init (&end, FALSE, with_extension);
  end.before_auth = TRUE;
  receive (&end, 7, "exec", TRUE, TRUE);
  g_assert_cmpuint (end.fatal, ==, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
  test_end_clear (&end);
}

int
main (int   argc,
      char *argv[])
{
  static const struct { const char *name; GTestDataFunc func; } both[] = {
    { "granted", test_granted },
    { "denied/T-76", test_denied },
    { "denied-without-reply", test_denied_without_reply },
    { "refused/T-76", test_refused },
    { "cancelled/T-65", test_cancelled },
    { "aborted", test_aborted },
    { "too-long/T-10", test_too_long },
  };

  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (both); i++)
    for (guint bundle = 0; bundle < 2; bundle++)
      {
        g_autofree char *path = g_strdup_printf ("/connection/first-request/%s/E-32/%s", both[i].name,
                                                 bundle ? "one-flight" : "two-flights");

        g_test_add_data_func (path, GINT_TO_POINTER (bundle), both[i].func);
      }
  g_test_add_func ("/connection/first-request/waits-for-opening/E-32", test_waits_for_opening);
  g_test_add_func ("/connection/first-request/answered-late/E-32", test_answered_late);
  g_test_add_func ("/connection/first-request/accepted/E-32", test_accepted);
  g_test_add_func ("/connection/first-request/accepted-late/E-32", test_accepted_late);
  g_test_add_func ("/connection/first-request/closed-by-handler/E-32", test_closed_by_handler);
  g_test_add_func ("/connection/first-request/held-open", test_held_open);
  g_test_add_func ("/connection/first-request/envelope/E-32", test_envelope);
  g_test_add_func ("/connection/first-request/after-close/E-32", test_after_close);
  g_test_add_func ("/connection/first-request/without-extension/E-32", test_without_extension);
  g_test_add_func ("/connection/first-request/malformed/T-12", test_malformed);
  g_test_add_func ("/connection/first-request/limits/T-52/T-76", test_limits);
  g_test_add_func ("/connection/first-request/heavy/T-48", test_heavy);
  g_test_add_func ("/connection/first-request/before-authentication/T-30/T-76", test_before_authentication);

  return g_test_run ();
}
