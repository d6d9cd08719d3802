/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client for interoperability tests: options, steps and JSON lines are those of dts-client.mjs. */
#include "peer-common.h"

#include <stdio.h>
#include <stdlib.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

static const char usage[] =
  "usage: devssh-peer-client --port N [options]\n"
  "  --host ADDR            server address (127.0.0.1)\n"
  "  --port N               server port\n"
  "  --user NAME            user name (test)\n"
  "  --password TEXT        log in with a password\n"
  "  --key FILE             log in with a private key; repeatable\n"
  "  --key-pass TEXT        passphrase of the keys\n"
  "  --kbd ANSWER,...       answer keyboard-interactive questions\n"
  "  --host-fingerprint FP  refuse any other host key (SHA256:...)\n"
  "  --known-hosts FILE     refuse any host key that does not stand in FILE for this host\n"
  "  --reject-host-key      refuse the host key whatever it is\n"
  "  --expect-auth-failure  succeed only if the login is refused\n"
  "  --do STEP,...          what to do after login (echo)\n"
  "  --bytes N              bytes for the transfer steps (1048576)\n"
  "  --chunk N              bytes per send (32768)\n"
  "  --channels N           channels for the step channels (10)\n"
  "  --seconds N            nothing: it is the other client's\n"
  "  --drops N              how often the step reconnect drops the connection, or survive has it dropped (1)\n"
  "  --forward-port N       remote port to ask for in remote-forward (0)\n"
  "  --timeout SEC          limit for each step (30)\n"
  "  --no-security --kex --pk --enc --mac --rekey --kex-guess --auth-methods --no-open-request-ext --trace\n"
  "                         as in devssh-peer-server\n"
  "  --keepalive SEC --max-missed N   as in devssh-peer-server\n"
  "  --reconnect --latency  as in devssh-peer-server\n"
  "Steps:\n"
  "  echo           session channel without a request; N bytes out and back, hashes compared\n"
  "  exec           \"exec\" request with cat, EOF, data back, exit status 0\n"
  "  shell          \"shell\" request, then an echo\n"
  "  initial        channel opened together with an exec request; output and exit status checked\n"
  "  initial-refused  the same with a request the server refuses; the open must fail\n"
  "  command=TEXT   run TEXT, print output, standard error, exit status and signal\n"
  "  status         exit status 7 arrives\n"
  "  signal         exit signal and message arrive\n"
  "  stderr         extended data arrives\n"
  "  sink, source   one-way transfers up and down with the hash checked\n"
  "  requests       accepted, refused and no-reply channel requests\n"
  "  session-requests  the same for session (global) requests\n"
  "  refused-channel   an open with an unknown type fails with its reason\n"
  "  channels       N channels at once, each echoing\n"
  "  remote-forward  the server listens, connections come back to a target here\n"
  "  local-forward   listen here, the server connects to a target\n"
  "  stream-forward  the same as local-forward without a listener\n"
  "  cancel-forward  remote-forward, cancelled, then the port must be closed\n"
  "  parallel-forward  two ports each way, asked for at once, and connections to all of them at once\n"
  "  connected-forward  the server connects to a port (4321) that it only records (--connect-forwarded)\n"
  "  socket-forward=FOLDER  Unix sockets in a folder: both ways, mixed with ports, without a listener\n"
  "  accept-channel  wait for a channel that the server opens, echo over it\n"
  "  rekey          transfer until keys have been exchanged again at least twice\n"
  "  keepalive      wait until the server has given a sign of life twice, each time it was asked\n"
  "  keepalive-lost  wait until the connection counts as lost because the server gives none\n"
  "  metrics        print counters and the contour of the session\n"
  "  latency        messages to and fro until round trip times have been measured\n"
  "  reconnect[=BYTES]  drop the connection in the middle of an echo, reconnect, finish it\n"
  "  survive        an echo until somebody has dropped the connection so many times\n";

static const PeerOption client_options[] = {
  { "user", PEER_STRING },
  { "password", PEER_STRING },
  { "key", PEER_LIST },
  { "key-pass", PEER_STRING },
  { "kbd", PEER_LIST },
  { "host-fingerprint", PEER_STRING },
  { "known-hosts", PEER_STRING },
  { "reject-host-key", PEER_BOOL },
  { "expect-auth-failure", PEER_BOOL },
  { "do", PEER_LIST },
  { "bytes", PEER_INT },
  { "chunk", PEER_INT },
  { "channels", PEER_INT },
  { "seconds", PEER_INT },
  { "drops", PEER_INT },
  { "forward-port", PEER_INT },
  { "timeout", PEER_INT },
  { NULL, PEER_BOOL },
};

static PeerOptions   *options;
static DevSshSession *session;
static GSocketConnection *wire;         /* what it runs over */
static DevSshSessionContour *contour;   /* of its whole life */
static guint64        total;
static gsize          chunk_size;

/* Why the run failed; the first reason counts. */
static GError *failure;

static G_DEFINE_QUARK (peer-failure, peer_failure)

/* FALSE, and the failure noted, unless condition. */
#define need(condition, ...) \
  ((condition) || (failure != NULL ? FALSE : (g_set_error (&failure, peer_failure_quark (), 0, __VA_ARGS__), FALSE)))

static gboolean
failed (GError *error)
{
  if (error == NULL)
    return FALSE;
  if (failure == NULL)
    failure = error;
  else
    g_error_free (error);
  return TRUE;
}

/* ---- what a channel receives ---- */

typedef struct
{
  DevSshChannel *channel;
  guint64        length;
  GChecksum     *hash;
  GByteArray    *text;
  GByteArray    *err_text;
  guint          err_type;
  gboolean       closed;
} Inbox;

static void
inbox_data_cb (DevSshChannel *channel,
               GBytes        *data,
               Inbox         *self)
{
  gsize length;
  const guint8 *bytes = g_bytes_get_data (data, &length);

  self->length += length;
  g_checksum_update (self->hash, bytes, (gssize) length);
  if (self->text->len < 65536)
    g_byte_array_append (self->text, bytes, (guint) length);
}

static void
inbox_extended_data_cb (DevSshChannel *channel,
                        guint          data_type,
                        GBytes        *data,
                        Inbox         *self)
{
  self->err_type = data_type;
  g_byte_array_append (self->err_text, g_bytes_get_data (data, NULL), (guint) g_bytes_get_size (data));
}

static void
inbox_closed_cb (DevSshChannel *channel,
                 Inbox         *self)
{
  self->closed = TRUE;
}

/* Takes the reference. */
static Inbox *
inbox_new (DevSshChannel *channel)
{
  Inbox *self = g_new0 (Inbox, 1);

  self->channel = channel;
  self->hash = g_checksum_new (G_CHECKSUM_SHA256);
  self->text = g_byte_array_new ();
  self->err_text = g_byte_array_new ();
  g_signal_connect (channel, "data", G_CALLBACK (inbox_data_cb), self);
  g_signal_connect (channel, "extended-data", G_CALLBACK (inbox_extended_data_cb), self);
  g_signal_connect (channel, "closed", G_CALLBACK (inbox_closed_cb), self);
  return self;
}

static void
inbox_free (Inbox *self)
{
  g_signal_handlers_disconnect_by_data (self->channel, self);
  if (!devssh_channel_get_is_closed (self->channel))
    devssh_channel_close (self->channel);
  g_object_unref (self->channel);
  g_checksum_free (self->hash);
  g_byte_array_unref (self->text);
  g_byte_array_unref (self->err_text);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Inbox, inbox_free)

static gboolean
inbox_text_is (Inbox      *self,
               const char *text)
{
  return self->text->len == strlen (text) && memcmp (self->text->data, text, self->text->len) == 0;
}

/* ---- calls, waited for ---- */

static DevSshChannel *
open_channel (const char *type)
{
  g_autoptr(GAsyncResult) result = NULL;
  GError *error = NULL;
  DevSshChannel *channel;

  devssh_session_open_channel_async (session, type, NULL, peer_keep_cb, &result);
  if (!need (peer_wait (result != NULL), "no answer to an open"))
    return NULL;
  channel = devssh_session_open_channel_finish (session, result, &error);
  failed (error);
  return channel;
}

/* -1: failed */
static int
channel_request (DevSshChannel *channel,
                 const char    *type,
                 gboolean       want_reply)
{
  g_autoptr(GAsyncResult) result = NULL;
  GError *error = NULL;
  gboolean answer;

  devssh_channel_request_async (channel, type, want_reply, NULL, NULL, peer_keep_cb, &result);
  if (!need (peer_wait (result != NULL), "no answer to %s", type))
    return -1;
  answer = devssh_channel_request_finish (channel, result, &error);
  return failed (error) ? -1 : answer;
}

static int
exec (DevSshChannel *channel,
      const char    *command)
{
  g_autoptr(GAsyncResult) result = NULL;
  GError *error = NULL;
  gboolean answer;

  devssh_channel_exec_async (channel, command, NULL, peer_keep_cb, &result);
  if (!need (peer_wait (result != NULL), "no answer to exec"))
    return -1;
  answer = devssh_channel_exec_finish (channel, result, &error);
  if (g_error_matches (error, DEVSSH_ERROR, DEVSSH_ERROR_REFUSED))
    g_clear_error (&error);
  return failed (error) ? -1 : answer;
}

static Inbox *
run_command (const char *command)
{
  DevSshChannel *channel = open_channel (NULL);
  Inbox *inbox;

  if (channel == NULL)
    return NULL;
  inbox = inbox_new (channel);
  if (need (exec (channel, command) == TRUE, "command refused: %s", command))
    return inbox;
  inbox_free (inbox);
  return NULL;
}

/* ---- sending everything of a source ---- */

typedef struct
{
  DevSshChannel *channel;
  PeerSource     source;
  gboolean       done;
  GError        *error;
} Sending;

static void
sending_next_cb (GObject      *channel,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  Sending *self = user_data;
  g_autoptr(GBytes) bytes = NULL;

  if (result != NULL && !devssh_channel_send_finish (DEVSSH_CHANNEL (channel), result, &self->error))
    {
      self->done = TRUE;
      return;
    }
  if (self->source.left == 0)
    {
      self->done = TRUE;
      return;
    }
  bytes = peer_source_next (&self->source, chunk_size);
  devssh_channel_send_async (self->channel, bytes, NULL, sending_next_cb, self);
}

static void
sending_start (Sending       *self,
               DevSshChannel *channel,
               guint32        seed,
               guint64        bytes)
{
  self->channel = channel;
  self->done = FALSE;
  self->error = NULL;
  peer_source_init (&self->source, seed, bytes);
  sending_next_cb (G_OBJECT (channel), NULL, self);
}

static double
seconds_since (gint64 start)
{
  return (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
}

static void
line_rate (PeerLine *line,
           guint64   bytes,
           double    seconds)
{
  peer_line_int (line, "bytes", (gint64) bytes);
  peer_line_number (line, "seconds", seconds);
  peer_line_number (line, "mbPerSec", seconds > 0 ? (double) bytes / 1e6 / seconds : 0);
}

static gboolean
echo_over (Inbox    *inbox,
           guint64   bytes,
           guint32   seed,
           PeerLine *line)
{
  Sending sending;
  gint64 start = g_get_monotonic_time ();
  gboolean ok;

  sending_start (&sending, inbox->channel, seed, bytes);
  ok = need (peer_wait ((inbox->length >= bytes && sending.done) || inbox->closed || sending.error != NULL),
             "timed out after %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " bytes", inbox->length, bytes)
       && need (inbox->length == bytes, "echoed %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " bytes", inbox->length, bytes)
       && need (g_str_equal (g_checksum_get_string (inbox->hash), g_checksum_get_string (sending.source.hash)),
                "echoed data differs");
  if (ok && line != NULL)
    {
      line_rate (line, bytes, seconds_since (start));
      peer_line_string (line, "sha256", g_checksum_get_string (inbox->hash));
    }
  if (!sending.done)
    devssh_channel_close (inbox->channel);
  while (!sending.done)
    g_main_context_iteration (NULL, TRUE);
  g_clear_error (&sending.error);
  peer_source_clear (&sending.source);
  return ok;
}

/* ---- the steps ---- */

static gboolean
step_echo (const char *argument,
           PeerLine   *line)
{
  DevSshChannel *channel = open_channel (NULL);
  g_autoptr(Inbox) inbox = channel != NULL ? inbox_new (channel) : NULL;

  if (inbox == NULL || !echo_over (inbox, total, 1, line))
    return FALSE;
  peer_line_int (line, "sent", (gint64) devssh_channel_get_bytes_sent (channel));
  peer_line_int (line, "received", (gint64) devssh_channel_get_bytes_received (channel));
  return TRUE;
}

static gboolean
step_exec (const char *argument,
           PeerLine   *line)
{
  g_autoptr(Inbox) inbox = run_command ("cat");

  if (inbox == NULL || !echo_over (inbox, total, 1, line))
    return FALSE;
  devssh_channel_send_eof (inbox->channel, NULL);
  return need (peer_wait (inbox->closed), "the command did not end")
         && need (devssh_channel_get_exit_status (inbox->channel) == 0, "exit status %" G_GINT64_FORMAT,
                  devssh_channel_get_exit_status (inbox->channel));
}

static gboolean
step_shell (const char *argument,
            PeerLine   *line)
{
  DevSshChannel *channel = open_channel (NULL);
  g_autoptr(Inbox) inbox = channel != NULL ? inbox_new (channel) : NULL;

  return inbox != NULL
         && need (channel_request (channel, "shell", TRUE) == TRUE, "shell refused")
         && echo_over (inbox, 1000, 1, line);
}

/* A channel that was opened together with its command. */
static DevSshChannel *
open_with_command (const char  *command,
                   GError     **error)
{
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();
  g_autoptr(GBytes) payload = NULL;
  g_autoptr(GAsyncResult) result = NULL;

  devssh_writer_put_utf8 (writer, command);
  payload = devssh_writer_end (writer);
  devssh_session_open_channel_with_request_async (session, NULL, "exec", TRUE, payload, NULL, peer_keep_cb, &result);
  if (!need (peer_wait (result != NULL), "no answer to an open"))
    return NULL;
  return devssh_session_open_channel_with_request_finish (session, result, error);
}

static gboolean
step_initial (const char *argument,
              PeerLine   *line)
{
  GError *error = NULL;
  DevSshChannel *channel = open_with_command ("delay 20 first", &error);
  g_autoptr(Inbox) inbox = !failed (error) && channel != NULL ? inbox_new (channel) : NULL;

  return inbox != NULL
         && need (peer_wait (inbox->closed), "the command did not end")
         && need (inbox_text_is (inbox, "first\n"), "the output was another")
         && need (devssh_channel_get_exit_status (inbox->channel) == 0, "exit status %" G_GINT64_FORMAT,
                  devssh_channel_get_exit_status (inbox->channel));
}

static gboolean
step_initial_refused (const char *argument,
                      PeerLine   *line)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshChannel) channel = open_with_command ("refuse", &error);

  if (!need (channel == NULL, "the open succeeded")
      || !need (error != NULL && error->domain == DEVSSH_CHANNEL_ERROR
                && error->code == DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED, "the open failed otherwise"))
    return FALSE;
  peer_line_string (line, "message", error->message);
  return TRUE;
}

static gboolean
step_command (const char *argument,
              PeerLine   *line)
{
  g_autoptr(Inbox) inbox = run_command (argument);

  if (inbox == NULL || !need (peer_wait (inbox->closed), "the command did not end"))
    return FALSE;
  peer_line_string (line, "command", argument);
  peer_line_bytes (line, "stdout", inbox->text->data, inbox->text->len);
  peer_line_bytes (line, "stderr", inbox->err_text->data, inbox->err_text->len);
  if (devssh_channel_get_exit_status (inbox->channel) >= 0)
    peer_line_int (line, "exitStatus", devssh_channel_get_exit_status (inbox->channel));
  peer_line_string (line, "exitSignal", devssh_channel_get_exit_signal (inbox->channel));
  peer_line_string (line, "errorMessage", devssh_channel_get_error_message (inbox->channel));
  return TRUE;
}

static gboolean
step_status (const char *argument,
             PeerLine   *line)
{
  g_autoptr(Inbox) inbox = run_command ("exit 7");

  return inbox != NULL
         && need (peer_wait (inbox->closed), "the command did not end")
         && need (devssh_channel_get_exit_status (inbox->channel) == 7, "exit status %" G_GINT64_FORMAT,
                  devssh_channel_get_exit_status (inbox->channel));
}

static gboolean
step_signal (const char *argument,
             PeerLine   *line)
{
  g_autoptr(Inbox) inbox = run_command ("signal TERM went away");

  return inbox != NULL
         && need (peer_wait (inbox->closed), "the command did not end")
         && need (g_strcmp0 (devssh_channel_get_exit_signal (inbox->channel), "TERM") == 0
                  && g_strcmp0 (devssh_channel_get_error_message (inbox->channel), "went away") == 0,
                  "signal %s", devssh_channel_get_exit_signal (inbox->channel));
}

static gboolean
step_stderr (const char *argument,
             PeerLine   *line)
{
  g_autoptr(Inbox) inbox = run_command ("stderr oops");

  return inbox != NULL
         && need (peer_wait (inbox->closed), "the command did not end")
         && need (inbox->err_text->len == 5 && memcmp (inbox->err_text->data, "oops\n", 5) == 0 && inbox->err_type == 1,
                  "stderr was another");
}

static gboolean
step_sink (const char *argument,
           PeerLine   *line)
{
  g_autoptr(Inbox) inbox = run_command ("sink");
  g_autofree char *answer = NULL;
  g_autofree char *expected = NULL;
  gint64 start = g_get_monotonic_time ();
  Sending sending;
  gboolean ok;

  if (inbox == NULL)
    return FALSE;
  sending_start (&sending, inbox->channel, 3, total);
  ok = need (peer_wait (sending.done), "timed out while sending");
  if (!ok)
    {
      devssh_channel_close (inbox->channel);
      while (!sending.done)
        g_main_context_iteration (NULL, TRUE);
    }
  devssh_channel_send_eof (inbox->channel, NULL);
  ok = ok && need (peer_wait (inbox->closed), "the command did not end");
  answer = g_strndup ((const char *) inbox->text->data, inbox->text->len);
  expected = g_strdup_printf ("\"sha256\":\"%s\"", g_checksum_get_string (sending.source.hash));
  ok = ok && need (strstr (answer, expected) != NULL, "server got something else: %s", answer);
  line_rate (line, total, seconds_since (start));
  g_clear_error (&sending.error);
  peer_source_clear (&sending.source);
  return ok;
}

static gboolean
step_source (const char *argument,
             PeerLine   *line)
{
  g_autofree char *command = g_strdup_printf ("source %" G_GUINT64_FORMAT " 5", total);
  gint64 start = g_get_monotonic_time ();
  g_autoptr(Inbox) inbox = run_command (command);
  g_auto(PeerSource) want = { 0 };
  double seconds;

  if (inbox == NULL || !need (peer_wait (inbox->closed), "the command did not end"))
    return FALSE;
  seconds = seconds_since (start);
  peer_source_init (&want, 5, total);
  while (want.left > 0)
    g_bytes_unref (peer_source_next (&want, 32768));
  line_rate (line, total, seconds);
  return need (inbox->length == total && g_str_equal (g_checksum_get_string (inbox->hash), g_checksum_get_string (want.hash)),
               "got something else");
}

/* Eight requests at once: every second one is to be refused, and the answers come in order. */
static gboolean
request_burst (DevSshChannel *channel)
{
  GAsyncResult *results[8] = { NULL };
  gboolean ok = TRUE;

  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      const char *type = i % 2 == 1 ? "refuse@example.com" : "ok@example.com";

      if (channel != NULL)
        devssh_channel_request_async (channel, type, TRUE, NULL, NULL, peer_keep_cb, &results[i]);
      else
        devssh_session_request_async (session, type, TRUE, NULL, NULL, peer_keep_cb, &results[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      GError *error = NULL;
      gboolean answer;

      if (!need (peer_wait (results[i] != NULL), "no answer to request %u", i))
        return FALSE;
      answer = channel != NULL ? devssh_channel_request_finish (channel, results[i], &error)
                               : devssh_session_request_finish (session, results[i], NULL, &error);
      ok = ok && !failed (error) && need (answer == (i % 2 == 0), "answers out of order at %u", i);
      g_object_unref (results[i]);
    }
  return ok;
}

static gboolean
step_requests (const char *argument,
               PeerLine   *line)
{
  g_autoptr(DevSshChannel) channel = open_channel (NULL);
  gboolean ok;

  ok = channel != NULL
       && need (channel_request (channel, "some-request@example.com", TRUE) == TRUE, "a request was refused")
       && need (channel_request (channel, "refuse@example.com", TRUE) == FALSE, "a request was accepted")
       && need (channel_request (channel, "quiet@example.com", FALSE) == TRUE, "a quiet request failed")
       && request_burst (channel);
  if (channel != NULL)
    devssh_channel_close (channel);
  return ok;
}

static int
session_request (const char *type,
                 gboolean    want_reply)
{
  g_autoptr(GAsyncResult) result = NULL;
  GError *error = NULL;
  gboolean answer;

  devssh_session_request_async (session, type, want_reply, NULL, NULL, peer_keep_cb, &result);
  if (!need (peer_wait (result != NULL), "no answer to %s", type))
    return -1;
  answer = devssh_session_request_finish (session, result, NULL, &error);
  return failed (error) ? -1 : answer;
}

static gboolean
step_session_requests (const char *argument,
                       PeerLine   *line)
{
  return need (session_request ("some-request@example.com", TRUE) == TRUE, "a request was refused")
         && need (session_request ("refuse@example.com", TRUE) == FALSE, "a request was accepted")
         && need (session_request ("quiet@example.com", FALSE) == TRUE, "a quiet request failed")
         && request_burst (NULL);
}

static gboolean
step_refused_channel (const char *argument,
                      PeerLine   *line)
{
  static const struct { const char *type; int reason; } rows[] = { { "refused", 1 }, { "no-such-type", 3 } };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshChannel) channel = NULL;

      devssh_session_open_channel_async (session, rows[i].type, NULL, peer_keep_cb, &result);
      if (!need (peer_wait (result != NULL), "no answer to an open"))
        return FALSE;
      channel = devssh_session_open_channel_finish (session, result, &error);
      if (!need (channel == NULL, "opening %s succeeded", rows[i].type)
          || !need (g_error_matches (error, DEVSSH_CHANNEL_ERROR, rows[i].reason), "opening %s: %s", rows[i].type, error->message))
        return FALSE;
      peer_line_open (line, rows[i].type);
      peer_line_int (line, "reason", error->code);
      peer_line_string (line, "message", error->message);
      peer_line_close (line);
    }
  return TRUE;
}

static gboolean
step_channels (const char *argument,
               PeerLine   *line)
{
  guint n = (guint) peer_options_int (options, "channels", 10);
  g_autofree Inbox **inboxes = g_new0 (Inbox *, n);
  g_autofree Sending *sendings = g_new0 (Sending, n);
  g_autoptr(GHashTable) distinct = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  gint64 start = g_get_monotonic_time ();
  gboolean ok = TRUE;

  for (guint i = 0; ok && i < n; i++)
    {
      DevSshChannel *channel = open_channel (NULL);

      ok = channel != NULL;
      if (ok)
        {
          inboxes[i] = inbox_new (channel);
          sending_start (&sendings[i], channel, 100 + i, total);
        }
    }
  for (guint i = 0; ok && i < n; i++)
    {
      ok = need (peer_wait ((inboxes[i]->length >= total && sendings[i].done) || inboxes[i]->closed),
                 "timed out on channel %u", i)
           && need (inboxes[i]->length == total
                    && g_str_equal (g_checksum_get_string (inboxes[i]->hash), g_checksum_get_string (sendings[i].source.hash)),
                    "echoed data differs on channel %u", i);
      g_hash_table_add (distinct, g_strdup (g_checksum_get_string (inboxes[i]->hash)));
    }
  peer_line_int (line, "channels", n);
  line_rate (line, total * n, seconds_since (start));
  peer_line_int (line, "distinct", g_hash_table_size (distinct));
  for (guint i = 0; i < n && inboxes[i] != NULL; i++)
    {
      devssh_channel_close (inboxes[i]->channel);
      while (!sendings[i].done)
        g_main_context_iteration (NULL, TRUE);
      g_clear_error (&sendings[i].error);
      peer_source_clear (&sendings[i].source);
      inbox_free (inboxes[i]);
    }
  return ok;
}

static void
accept_result_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  DevSshChannel *channel = devssh_session_accept_channel_finish (session, result, NULL);

  /* What comes early waits in the channel until somebody asks for it. */
  if (channel != NULL)
    *(DevSshChannel **) user_data = channel;
}

static DevSshChannel *accepted_channel;

static gboolean
step_accept_channel (const char *argument,
                     PeerLine   *line)
{
  g_autoptr(Inbox) inbox = NULL;

  if (!need (peer_wait (accepted_channel != NULL), "the server opened no channel"))
    return FALSE;
  inbox = inbox_new (g_steal_pointer (&accepted_channel));
  return echo_over (inbox, total, 1, line);
}

static gboolean
step_rekey (const char *argument,
            PeerLine   *line)
{
  guint before = peer_new_keys (session);
  guint exchanges;

  if (!step_echo (argument, line))
    return FALSE;
  exchanges = peer_new_keys (session) - before;
  peer_line_int (line, "exchanges", exchanges);
  return need (exchanges >= 2, "only %u new key exchanges", exchanges);
}

static void
keepalive_cb (DevSshSession *self,
              guint          count,
              guint         *total_count)
{
  (*total_count)++;
}

typedef struct { guint ok; guint missed; } Keepalives;

static void
keepalives_watch (Keepalives *self)
{
  g_signal_connect (session, "keepalive-succeeded", G_CALLBACK (keepalive_cb), &self->ok);
  g_signal_connect (session, "keepalive-failed", G_CALLBACK (keepalive_cb), &self->missed);
}

static void
keepalives_say (Keepalives *self,
                PeerLine   *line)
{
  g_signal_handlers_disconnect_by_data (session, &self->ok);
  g_signal_handlers_disconnect_by_data (session, &self->missed);
  peer_line_int (line, "ok", self->ok);
  peer_line_int (line, "missed", self->missed);
}

static gboolean
step_keepalive (const char *argument,
                PeerLine   *line)
{
  Keepalives seen = { 0 };
  gboolean ok;

  keepalives_watch (&seen);
  /* The first is what came before. */
  ok = need (peer_wait (seen.ok >= 3 || seen.missed > 0), "nothing was asked") && need (seen.missed == 0, "no keepalive reply");
  keepalives_say (&seen, line);
  return ok;
}

static gboolean
step_keepalive_lost (const char *argument,
                     PeerLine   *line)
{
  Keepalives seen = { 0 };
  g_autoptr(GAsyncResult) result = NULL;
  gint64 start = g_get_monotonic_time ();
  gboolean ok;

  keepalives_watch (&seen);
  devssh_session_wait_closed_async (session, NULL, peer_keep_cb, &result);
  ok = need (peer_wait (result != NULL), "the session lives on")
       && need (devssh_session_get_disconnect_reason (session) == DEVSSH_DISCONNECT_REASON_CONNECTION_LOST, "it ended otherwise");
  peer_line_number (line, "seconds", seconds_since (start));
  keepalives_say (&seen, line);
  return ok;
}

static gboolean
step_metrics (const char *argument,
              PeerLine   *line)
{
  g_autoptr(DevSshSessionContour) back = NULL;
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;
  guint64 sent = 0;

  if (!need (session_request ("ping@example.com", TRUE) >= 0, "no answer"))
    return FALSE;
  /* What was noted is told when the turn of the session ends. */
  while (g_main_context_iteration (NULL, FALSE))
    ;
  text = devssh_session_contour_to_base64 (contour);
  back = devssh_session_contour_new_from_base64 (text, &error);
  if (!need (back != NULL, "%s", error != NULL ? error->message : "?")
      || !need (devssh_session_contour_get_interval_count (back) == devssh_session_contour_get_interval_count (contour),
                "the contour changed its length"))
    return FALSE;
  for (guint i = 0; i < devssh_session_contour_get_interval_count (contour); i++)
    sent += devssh_session_contour_get_bytes_sent_at (contour, i);
  if (!need (sent == devssh_session_metrics_get_bytes_sent (devssh_session_get_metrics (session)),
             "the contour has %" G_GUINT64_FORMAT " bytes sent, not those of the metrics", sent))
    return FALSE;

  peer_line_metrics (line, session);
  peer_line_open (line, "contour");
  peer_line_int (line, "intervals", devssh_session_contour_get_interval_count (contour));
  peer_line_int (line, "intervalMs", devssh_session_contour_get_interval (contour));
  peer_line_string (line, "export", text);
  peer_line_close (line);
  return TRUE;
}

static double
latency (double (*get) (DevSshSessionMetrics *metrics))
{
  return get (devssh_session_get_metrics (session));
}

static gboolean
step_latency (const char *argument,
              PeerLine   *line)
{
  g_autoptr(GHashTable) extensions = devssh_session_get_protocol_extensions (session);
  g_autoptr(GBytes) byte = g_bytes_new_static ("x", 1);
  g_autoptr(Inbox) inbox = NULL;
  DevSshChannel *channel;

  if (!need (g_hash_table_contains (extensions, DEVSSH_EXTENSION_SESSION_LATENCY), "the server does not have session-latency"))
    return FALSE;
  channel = open_channel (NULL);
  if (channel == NULL)
    return FALSE;
  inbox = inbox_new (channel);
  for (guint n = 1; n <= 50; n++)
    {
      devssh_channel_send_async (channel, byte, NULL, NULL, NULL);
      if (!need (peer_wait (inbox->length >= n || inbox->closed) && inbox->length == n, "no echo"))
        return FALSE;
    }
  peer_line_number (line, "current", latency (devssh_session_metrics_get_latency_current));
  peer_line_number (line, "average", latency (devssh_session_metrics_get_latency_average));
  peer_line_number (line, "min", latency (devssh_session_metrics_get_latency_min));
  peer_line_number (line, "max", latency (devssh_session_metrics_get_latency_max));
  return need (latency (devssh_session_metrics_get_latency_average) > 0, "no latency was measured");
}

static gboolean
wait_reconnectable (void)
{
  g_autoptr(GAsyncResult) result = NULL;
  GError *error = NULL;

  devssh_session_wait_until_reconnect_enabled_async (session, NULL, peer_keep_cb, &result);
  if (!need (peer_wait (result != NULL), "reconnect is not enabled"))
    return FALSE;
  devssh_session_wait_until_reconnect_enabled_finish (session, result, &error);
  /* The server's half is on when it has answered something. */
  return !failed (error) && need (session_request ("ping@example.com", TRUE) >= 0, "no answer");
}

static gboolean dial (GError **error);

/* FALSE, and error, which is not noted: another try may work. */
static gboolean
connect_anew (GError **error)
{
  g_autoptr(GAsyncResult) result = NULL;
  gint64 start = g_get_monotonic_time ();
  PeerLine line;

  if (!dial (error))
    return FALSE;
  devssh_client_session_reconnect_async (DEVSSH_CLIENT_SESSION (session), G_IO_STREAM (wire), NULL, peer_keep_cb, &result);
  if (!peer_wait (result != NULL))
    {
      g_set_error_literal (error, peer_failure_quark (), 0, "timed out: reconnect");
      return FALSE;
    }
  if (!devssh_client_session_reconnect_finish (DEVSSH_CLIENT_SESSION (session), result, error))
    return FALSE;
  peer_line_begin (&line, "reconnected");
  peer_line_number (&line, "ms", seconds_since (start) * 1000);
  peer_line_end (&line);
  return TRUE;
}

static gboolean
step_reconnect (const char *argument,
                PeerLine   *line)
{
  guint64 bytes = argument[0] != '\0' ? g_ascii_strtoull (argument, NULL, 10) : total;
  guint drops = (guint) peer_options_int (options, "drops", 1);
  g_autoptr(Inbox) inbox = NULL;
  DevSshChannel *channel;
  Sending sending;
  gboolean ok = TRUE;

  if (!wait_reconnectable ())
    return FALSE;
  channel = open_channel (NULL);
  if (channel == NULL)
    return FALSE;
  inbox = inbox_new (channel);
  sending_start (&sending, channel, 7, bytes);
  for (guint i = 1; ok && i <= drops; i++)
    {
      guint64 mark = bytes * i / (drops + 1);
      GError *error = NULL;

      ok = need (peer_wait (inbox->length >= mark || inbox->closed) && inbox->length >= mark,
                 "timed out after %" G_GUINT64_FORMAT " bytes", inbox->length);
      if (!ok)
        break;
      g_socket_shutdown (g_socket_connection_get_socket (wire), TRUE, TRUE, NULL);
      ok = need (peer_wait (!devssh_session_get_is_connected (session)), "still connected")
           && (connect_anew (&error) || !failed (error));
    }
  ok = ok
       && need (peer_wait ((inbox->length >= bytes && sending.done) || inbox->closed),
                "timed out after %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " bytes", inbox->length, bytes)
       && need (inbox->length == bytes
                && g_str_equal (g_checksum_get_string (inbox->hash), g_checksum_get_string (sending.source.hash)),
                "echoed data differs");
  peer_line_int (line, "bytes", (gint64) bytes);
  peer_line_int (line, "drops", drops);
  peer_line_int (line, "reconnections", devssh_session_metrics_get_reconnections (devssh_session_get_metrics (session)));
  peer_line_string (line, "sha256", g_checksum_get_string (inbox->hash));
  if (!sending.done)
    devssh_channel_close (channel);
  while (!sending.done)
    g_main_context_iteration (NULL, TRUE);
  g_clear_error (&sending.error);
  peer_source_clear (&sending.source);
  return ok;
}

/* So much is on its way: more than a connection carries at once, and less than what stops the sender for long. */
#define SURVIVE_WINDOW (256 * 1024)

static gboolean
step_survive (const char *argument,
              PeerLine   *line)
{
  guint drops = (guint) peer_options_int (options, "drops", 1);
  guint tries = 0;
  g_autoptr(Inbox) inbox = NULL;
  PeerSource source;
  guint64 sent = 0;
  guint n = 0;
  gboolean ok;
  PeerLine line_of;

  if (!wait_reconnectable ())
    return FALSE;
  inbox = inbox_new (open_channel (NULL));
  peer_source_init (&source, 9, G_MAXUINT64);
  peer_line_begin (&line_of, "ready");
  peer_line_end (&line_of);
  for (;;)
    {
      gboolean connected;

      ok = need (peer_wait (!(connected = devssh_session_get_is_connected (session)) || n >= drops || inbox->closed
                            || sent < inbox->length + SURVIVE_WINDOW), "timed out")
           && need (!inbox->closed, "the channel was closed");
      if (!ok)
        break;
      if (!connected)
        {
          g_autoptr(GError) error = NULL;

          tries++;
          if (connect_anew (&error))
            n++;
          else
            {
              peer_line_begin (&line_of, "reconnect-failed");
              peer_line_string (&line_of, "message", error->message);
              peer_line_end (&line_of);
              if (!need (!devssh_session_get_is_closed (session) && !peer_expired (), "%s", error->message))
                break;
            }
        }
      else if (n >= drops)
        {
          ok = need (peer_wait (inbox->length >= sent || !devssh_session_get_is_connected (session) || inbox->closed), "timed out");
          if (!ok || inbox->length >= sent)
            break;
        }
      else
        {
          g_autoptr(GBytes) bytes = peer_source_next (&source, chunk_size);

          sent += g_bytes_get_size (bytes);
          devssh_channel_send_async (inbox->channel, bytes, NULL, NULL, NULL);
        }
    }
  ok = failure == NULL && need (inbox->length == sent
                                && g_str_equal (g_checksum_get_string (inbox->hash), g_checksum_get_string (source.hash)),
                                "echoed data differs: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " bytes", inbox->length, sent);
  peer_line_int (line, "bytes", (gint64) sent);
  peer_line_int (line, "tries", tries);
  peer_line_int (line, "reconnections", n);
  peer_line_string (line, "sha256", g_checksum_get_string (inbox->hash));
  peer_source_clear (&source);
  return ok;
}

#include "peer-forward-steps.h"

static const struct
{
  const char *name;
  gboolean  (*run) (const char *argument, PeerLine *line);
} steps[] = {
  { "echo", step_echo },
  { "exec", step_exec },
  { "shell", step_shell },
  { "initial", step_initial },
  { "initial-refused", step_initial_refused },
  { "command", step_command },
  { "status", step_status },
  { "signal", step_signal },
  { "stderr", step_stderr },
  { "sink", step_sink },
  { "source", step_source },
  { "requests", step_requests },
  { "session-requests", step_session_requests },
  { "refused-channel", step_refused_channel },
  { "channels", step_channels },
  { "remote-forward", step_remote_forward },
  { "local-forward", step_local_forward },
  { "stream-forward", step_stream_forward },
  { "cancel-forward", step_cancel_forward },
  { "parallel-forward", step_parallel_forward },
  { "connected-forward", step_connected_forward },
  { "socket-forward", step_socket_forward },
  { "accept-channel", step_accept_channel },
  { "rekey", step_rekey },
  { "keepalive", step_keepalive },
  { "keepalive-lost", step_keepalive_lost },
  { "metrics", step_metrics },
  { "latency", step_latency },
  { "reconnect", step_reconnect },
  { "survive", step_survive },
};

static gboolean
run_step (const char *step)
{
  g_auto(GStrv) parts = g_strsplit (step, "=", 2);
  PeerLine line;

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      if (!g_str_equal (steps[i].name, parts[0]))
        continue;
      peer_deadline ((guint) peer_options_int (options, "timeout", 30), parts[0]);
      peer_line_begin (&line, "step");
      peer_line_string (&line, "name", parts[0]);
      peer_line_bool (&line, "ok", TRUE);
      if (steps[i].run (parts[1] != NULL ? parts[1] : "", &line) && !peer_expired ())
        {
          peer_line_end (&line);
          return TRUE;
        }
      g_string_free (line.text, TRUE);
      return need (FALSE, "step %s failed", parts[0]);
    }
  return need (FALSE, "unknown step %s", parts[0]);
}

/* ---- connecting ---- */

static gboolean
known_hosts_has (const char    *path,
                 DevSshKeyPair *key)
{
  g_autoptr(DevSshKnownHosts) known_hosts = devssh_known_hosts_new ();
  g_autoptr(GFile) file = g_file_new_for_path (path);
  const char *host = peer_options_string (options, "host");

  return devssh_known_hosts_load_file (known_hosts, file, NULL, NULL)
         && devssh_known_hosts_check (known_hosts, host != NULL ? host : "127.0.0.1", (guint16) peer_options_int (options, "port", 22),
                                      key, NULL) == DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED;
}

static void
answer_host_key (DevSshAuthentication *who)
{
  DevSshKeyPair *key = devssh_authentication_get_public_key (who);
  g_autofree char *fingerprint = devssh_key_pair_dup_fingerprint (key);
  const char *wanted = peer_options_string (options, "host-fingerprint");
  const char *known_hosts = peer_options_string (options, "known-hosts");
  gboolean accepted;
  PeerLine line;

  accepted = !peer_options_has (options, "reject-host-key")
             && (wanted == NULL || g_str_equal (wanted, fingerprint))
             && (known_hosts == NULL || known_hosts_has (known_hosts, key));
  peer_line_begin (&line, "host-key");
  peer_line_string (&line, "type", devssh_key_pair_get_algorithm (key));
  peer_line_string (&line, "fingerprint", fingerprint);
  peer_line_bool (&line, "accepted", accepted);
  peer_line_end (&line);
  if (accepted)
    devssh_authentication_accept (who, NULL);
  else
    devssh_authentication_reject (who);
}

static void
answer_questions (DevSshAuthentication *who)
{
  guint n = devssh_authentication_get_n_prompts (who);
  char **answers = peer_options_list (options, "kbd");
  g_autoptr(GPtrArray) given = g_ptr_array_new ();
  g_autoptr(GString) prompts = g_string_new ("[");
  PeerLine line;

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *prompt = g_strescape (devssh_authentication_get_prompt (who, i), NULL);

      g_string_append_printf (prompts, "%s{\"prompt\":\"%s\",\"echo\":%s}", i > 0 ? "," : "", prompt,
                              devssh_authentication_get_prompt_echo (who, i) ? "true" : "false");
    }
  g_string_append_c (prompts, ']');
  peer_line_begin (&line, "questions");
  peer_line_string (&line, "name", devssh_authentication_get_name (who));
  peer_line_string (&line, "instruction", devssh_authentication_get_instruction (who));
  peer_line_raw (&line, "prompts", prompts->str);
  peer_line_end (&line);

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (given, i < g_strv_length (answers) ? answers[i] : (char *) "");
  g_ptr_array_add (given, NULL);
  devssh_authentication_respond (who, (const char * const *) given->pdata);
}

static gboolean
authenticating_cb (DevSshSession        *self,
                   DevSshAuthentication *who,
                   gpointer              user_data)
{
  if (devssh_authentication_get_authentication_type (who) == DEVSSH_AUTHENTICATION_TYPE_SERVER_PUBLIC_KEY)
    answer_host_key (who);
  else
    answer_questions (who);
  return TRUE;
}

static void
progress_cb (DevSshSession  *self,
             DevSshProgress  progress,
             gpointer        user_data)
{
  PeerLine line;

  peer_line_begin (&line, "progress");
  peer_line_string (&line, "step", peer_progress_name (progress));
  peer_line_end (&line);
}

static void
closed_cb (DevSshSession          *self,
           DevSshDisconnectReason  reason,
           const char             *message,
           const GError           *error,
           gpointer                user_data)
{
  PeerLine line;

  peer_line_begin (&line, "session-closed");
  peer_line_string (&line, "reason", peer_reason_name (reason));
  peer_line_string (&line, "message", message);
  peer_line_string (&line, "error", error != NULL ? error->message : NULL);
  peer_line_end (&line);
}

static gboolean
request_cb (DevSshSession        *self,
            DevSshSessionRequest *request,
            gpointer              user_data)
{
  PeerLine line;

  peer_line_begin (&line, "session-request");
  peer_line_string (&line, "type", devssh_session_request_get_request_type (request));
  peer_line_bool (&line, "wantReply", devssh_session_request_get_want_reply (request));
  peer_line_end (&line);
  return FALSE;
}

/* The answers to what we asked for ourselves: connections to ports that we forward. */
static gboolean
channel_opening_cb (DevSshSession        *self,
                    DevSshChannelOpening *opening,
                    gpointer              user_data)
{
  if (!g_str_has_prefix (devssh_channel_opening_get_channel_type (opening), "forwarded-"))
    return FALSE;
  devssh_channel_opening_accept (opening);
  return TRUE;
}

static gboolean
dial (GError **error)
{
  const char *host = peer_options_string (options, "host");
  g_autoptr(GSocketClient) dialer = g_socket_client_new ();
  g_autoptr(GAsyncResult) dialed = NULL;

  g_clear_object (&wire);
  g_socket_client_connect_to_host_async (dialer, host != NULL ? host : "127.0.0.1",
                                         (guint16) peer_options_int (options, "port", 0), NULL, peer_keep_cb, &dialed);
  if (!peer_wait (dialed != NULL))
    {
      g_set_error_literal (error, peer_failure_quark (), 0, "timed out: dialling");
      return FALSE;
    }
  wire = g_socket_client_connect_to_host_finish (dialer, dialed, error);
  if (wire == NULL)
    return FALSE;
  g_socket_set_option (g_socket_connection_get_socket (wire), 6 /* IPPROTO_TCP */, 1 /* TCP_NODELAY */, 1, NULL);
  return TRUE;
}

static gboolean
connect_session (DevSshClient *client)
{
  g_autoptr(GAsyncResult) result = NULL;
  GError *error = NULL;

  if (!dial (&error))
    return !failed (error);

  session = DEVSSH_SESSION (devssh_client_session_new (G_IO_STREAM (wire), devssh_client_get_config (client), &error));
  if (failed (error))
    return FALSE;
  contour = g_object_new (DEVSSH_TYPE_SESSION_CONTOUR, NULL);
  devssh_session_contour_collect (contour, devssh_session_get_metrics (session), &error);
  if (failed (error))
    return FALSE;
  peer_watch_trace (session, peer_options_has (options, "trace"));
  g_signal_connect (session, "progress", G_CALLBACK (progress_cb), NULL);
  g_signal_connect (session, "closed", G_CALLBACK (closed_cb), NULL);
  g_signal_connect (session, "authenticating", G_CALLBACK (authenticating_cb), NULL);
  g_signal_connect (session, "request", G_CALLBACK (request_cb), NULL);
  g_signal_connect (session, "channel-opening", G_CALLBACK (channel_opening_cb), NULL);

  devssh_session_connect_async (session, NULL, peer_keep_cb, &result);
  if (!need (peer_wait (result != NULL), "timed out: connect"))
    return FALSE;
  devssh_session_connect_finish (session, result, &error);
  return !failed (error);
}

/* -1: failed; FALSE: refused */
static int
authenticate (void)
{
  const char *user = peer_options_string (options, "user");
  g_autoptr(DevSshClientCredentials) credentials = devssh_client_credentials_new (user != NULL ? user : "test");
  g_autoptr(GAsyncResult) result = NULL;
  GError *error = NULL;
  gboolean ok;

  if (peer_options_has (options, "no-security"))
    return TRUE;
  if (peer_options_has (options, "password"))
    devssh_client_credentials_set_password (credentials, peer_options_string (options, "password"));
  for (char **file = peer_options_list (options, "key"); *file != NULL; file++)
    {
      g_autoptr(DevSshKeyPair) key = peer_load_key (*file, peer_options_string (options, "key-pass"));

      devssh_client_credentials_add_key (credentials, key);
    }
  devssh_client_session_authenticate_async (DEVSSH_CLIENT_SESSION (session), credentials, NULL, peer_keep_cb, &result);
  if (!need (peer_wait (result != NULL), "timed out: authenticate"))
    return -1;
  ok = devssh_client_session_authenticate_finish (DEVSSH_CLIENT_SESSION (session), result, &error);
  return failed (error) ? -1 : ok;
}

static void
run (DevSshClient *client)
{
  static char *fallback[] = { (char *) "echo", NULL };
  char **list = peer_options_list (options, "do");
  gint64 t0 = g_get_monotonic_time ();
  gint64 t1;
  PeerLine line;
  int answer;

  if (!connect_session (client))
    return;
  /* Before the login: the server's open may come right behind its answer. */
  if (g_strv_contains ((const char * const *) list, "accept-channel"))
    devssh_session_accept_channel_async (session, NULL, NULL, accept_result_cb, &accepted_channel);
  t1 = g_get_monotonic_time ();
  answer = authenticate ();
  if (answer < 0)
    return;

  peer_line_begin (&line, answer ? "authenticated" : "auth-refused");
  peer_line_session (&line, session);
  peer_line_number (&line, "connectMs", (double) (t1 - t0) / 1000);
  peer_line_number (&line, "authMs", (double) (g_get_monotonic_time () - t1) / 1000);
  peer_line_end (&line);
  if (peer_options_has (options, "expect-auth-failure"))
    {
      need (!answer, "the login was accepted");
      return;
    }
  if (!need (answer, "the login was refused"))
    return;

  if (list[0] == NULL)
    list = fallback;
  for (char **step = list; *step != NULL; step++)
    {
      if (!run_step (*step))
        return;
    }
}

int
main (int   argc,
      char *argv[])
{
  g_autoptr(DevSshSessionConfig) config = NULL;
  g_autoptr(DevSshClient) client = NULL;
  gboolean ok;
  PeerLine line;

  options = peer_options_parse (argc, argv, client_options, usage);
  if (!peer_options_has (options, "port"))
    {
      fputs (usage, stderr);
      return 2;
    }
  total = (guint64) peer_options_int (options, "bytes", 1048576);
  chunk_size = (gsize) peer_options_int (options, "chunk", 32768);
  config = peer_make_config (options);
  devssh_session_config_allow_plugins (config, (const char *[]) { "port-forwarding", NULL });
  client = devssh_client_new (config);

  peer_deadline ((guint) peer_options_int (options, "timeout", 30), "connect");
  run (client);
  ok = failure == NULL;
  if (!ok)
    {
      peer_line_begin (&line, "error");
      peer_line_string (&line, "message", failure->message);
      peer_line_string (&line, "kind", g_quark_to_string (failure->domain));
      if (failure->domain == DEVSSH_CONNECTION_ERROR || failure->domain == DEVSSH_CHANNEL_ERROR)
        peer_line_int (&line, "reason", failure->code);
      peer_line_end (&line);
    }
  if (session != NULL && !devssh_session_get_is_closed (session))
    {
      g_autoptr(GAsyncResult) result = NULL;

      peer_deadline (2, "close");
      devssh_session_close_async (session, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "done", NULL, peer_keep_cb, &result);
      (void) peer_wait (result != NULL);
    }
  peer_line_begin (&line, "result");
  peer_line_bool (&line, "ok", ok);
  if (session != NULL)
    peer_line_int (&line, "newKeysSent", peer_new_keys (session));
  peer_line_end (&line);
  return ok ? 0 : 1;
}
