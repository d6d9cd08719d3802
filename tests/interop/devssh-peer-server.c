/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A server for interoperability tests: options, commands and JSON lines are those of dts-server.mjs. */
#include "peer-common.h"

#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
  "usage: devssh-peer-server [options]\n"
  "  --host ADDR            address to listen on (127.0.0.1)\n"
  "  --port N               port to listen on; 0 picks one and reports it (0)\n"
  "  --host-key FILE        private key in any format the library reads; repeatable\n"
  "  --host-key-pass TEXT   passphrase for the host keys\n"
  "  --gen-host-key ALG     make a fresh host key for ALG, e.g. ecdsa-sha2-nistp384; repeatable\n"
  "  --user NAME            only this user may log in (any)\n"
  "  --password TEXT        accept this password\n"
  "  --authorized-key FILE  accept this public key; repeatable\n"
  "  --kbd ANSWER,...       keyboard-interactive: ask one question for each answer\n"
  "  --allow-none           accept the method none\n"
  "  --reject-all           refuse every login\n"
  "  --no-security          offer kex/cipher/MAC none\n"
  "  --kex/--pk/--enc/--mac LIST   the algorithms to offer, in order\n"
  "  --no-open-request-ext  do not announce the open-channel-request extension\n"
  "  --rekey BYTES          re-exchange keys after this many bytes\n"
  "  --auth-methods LIST    the methods to announce and serve\n"
  "  --max-auth-attempts N  disconnect after this many failed logins\n"
  "  --kex-guess            send a guessed first key exchange packet\n"
  "  --allow-forwarding     accept port forwarding (otherwise each request is refused)\n"
  "  --no-forwarding        do not offer the port forwarding service\n"
  "  --deny-forwarding      offer it but refuse each request\n"
  "  --connect-forwarded    only record the ports that a client asks for, connect to each and echo on it\n"
  "  --allow-exec           the plugin \"command\" runs what exec, shell and subsystem ask for\n"
  "  --allow-pty            it gives terminals\n"
  "  --allow-env NAME,...   it takes these variables from the client\n"
  "  --subsystem NAME=PATH  it starts this program for this name; repeatable\n"
  "  --hangup-grace SEC     it kills what has not ended so long after its channel (5)\n"
  "  --grace SECONDS        time to log in (120)\n"
  "  --banner-debug TEXT    send an SSH debug message after login\n"
  "  --open-on-auth         the server opens a channel to the client after login and echoes on it\n"
  "  --sessions N           exit after N sessions have closed\n"
  "  --lifetime SEC         exit after this many seconds (600)\n"
  "  --trace                protocol trace on standard error\n"
  "  --keepalive SEC        send keepalive requests\n"
  "  --max-missed N         the connection counts as lost after so many without an answer (0: never)\n"
  "  --reconnect            enable the session-reconnect extension\n"
  "  --latency              enable the session-latency extension\n"
  "Commands understood on a session channel (\"exec\"):\n"
  "  echo TEXT | cat | sink | source N [SEED] | stderr TEXT | exit N | signal NAME [MESSAGE] | refuse | delay MS TEXT\n"
  "A channel without a command request, or with \"shell\", echoes what it receives.\n"
  "With --allow-exec all commands are real ones.\n";

static const PeerOption server_options[] = {
  { "host-key", PEER_LIST },
  { "host-key-pass", PEER_STRING },
  { "gen-host-key", PEER_LIST },
  { "user", PEER_STRING },
  { "password", PEER_STRING },
  { "authorized-key", PEER_LIST },
  { "kbd", PEER_LIST },
  { "allow-none", PEER_BOOL },
  { "reject-all", PEER_BOOL },
  { "allow-forwarding", PEER_BOOL },
  { "no-forwarding", PEER_BOOL },
  { "deny-forwarding", PEER_BOOL },
  { "connect-forwarded", PEER_BOOL },
  { "allow-exec", PEER_BOOL },
  { "allow-pty", PEER_BOOL },
  { "allow-env", PEER_LIST },
  { "subsystem", PEER_LIST },
  { "hangup-grace", PEER_INT },
  { "grace", PEER_INT },
  { "banner-debug", PEER_STRING },
  { "open-on-auth", PEER_BOOL },
  { "sessions", PEER_INT },
  { "lifetime", PEER_INT },
  { NULL, PEER_BOOL },
};

static PeerOptions *options;
static GMainLoop   *loop;
static GPtrArray   *authorized;      /* (element-type DevSshKeyPair) */
static guint        next_session = 1;
static guint        closed_sessions;

static guint
session_number (gpointer session)
{
  return GPOINTER_TO_UINT (g_object_get_data (session, "peer-number"));
}

static void
say_begin (PeerLine   *line,
           const char *event,
           gpointer    session)
{
  peer_line_begin (line, event);
  peer_line_int (line, "session", session_number (session));
}

/* ---- one channel ---- */

typedef enum { MODE_ECHO, MODE_SINK, MODE_SOURCE } Mode;

typedef struct
{
  DevSshChannel *channel;     /* borrowed: the state hangs on it */
  DevSshSession *session;     /* borrowed */
  Mode           mode;
  guint64        received;
  GChecksum     *hash;
  PeerSource     source;
} Serving;

static void
serving_free (gpointer data)
{
  Serving *self = data;

  g_clear_pointer (&self->hash, g_checksum_free);
  peer_source_clear (&self->source);
  g_free (self);
}

static void
sent_credit_cb (GObject      *channel,
                GAsyncResult *result,
                gpointer      user_data)
{
  if (devssh_channel_send_finish (DEVSSH_CHANNEL (channel), result, NULL))
    devssh_channel_adjust_window (DEVSSH_CHANNEL (channel), GPOINTER_TO_UINT (user_data), NULL);
}

static void
sent_extended_credit_cb (GObject      *channel,
                         GAsyncResult *result,
                         gpointer      user_data)
{
  if (devssh_channel_send_extended_finish (DEVSSH_CHANNEL (channel), result, NULL))
    devssh_channel_adjust_window (DEVSSH_CHANNEL (channel), GPOINTER_TO_UINT (user_data), NULL);
}

static void
sent_cb (GObject      *channel,
         GAsyncResult *result,
         gpointer      user_data)
{
  devssh_channel_send_finish (DEVSSH_CHANNEL (channel), result, NULL);
}

static void
send_text (Serving    *self,
           const char *text)
{
  g_autoptr(GBytes) bytes = g_bytes_new (text, strlen (text));

  if (text[0] != '\0')
    devssh_channel_send_async (self->channel, bytes, NULL, sent_cb, NULL);
}

/* What is queued on a channel leaves in order, so nothing has to be waited for. */
static void
finish (Serving    *self,
        const char *text,
        guint       status)
{
  if (text != NULL)
    send_text (self, text);
  devssh_channel_send_eof (self->channel, NULL);
  devssh_channel_close_with_status (self->channel, status);
}

static void
channel_data_cb (DevSshChannel *channel,
                 GBytes        *data,
                 Serving       *self)
{
  gsize length = g_bytes_get_size (data);

  self->received += length;
  switch (self->mode)
    {
    case MODE_SINK:
      g_checksum_update (self->hash, g_bytes_get_data (data, NULL), (gssize) length);
      devssh_channel_adjust_window (channel, (guint) length, NULL);
      break;

    case MODE_SOURCE:
      devssh_channel_adjust_window (channel, (guint) length, NULL);
      break;

    case MODE_ECHO:
    default:
      /* An empty message would leave as EOF. */
      if (length > 0)
        devssh_channel_send_async (channel, data, NULL, sent_credit_cb, GUINT_TO_POINTER ((guint) length));
      break;
    }
}

static void
channel_extended_data_cb (DevSshChannel *channel,
                          guint          data_type,
                          GBytes        *data,
                          Serving       *self)
{
  PeerLine line;
  guint length = (guint) g_bytes_get_size (data);

  say_begin (&line, "extended-data", self->session);
  peer_line_int (&line, "channel", devssh_channel_get_channel_id (channel));
  peer_line_int (&line, "type", data_type);
  peer_line_int (&line, "length", length);
  peer_line_end (&line);
  devssh_channel_send_extended_async (channel, data_type, data, NULL, sent_extended_credit_cb, GUINT_TO_POINTER (length));
}

static void
channel_eof_cb (DevSshChannel *channel,
                Serving       *self)
{
  PeerLine line;

  say_begin (&line, "channel-eof", self->session);
  peer_line_int (&line, "channel", devssh_channel_get_channel_id (channel));
  peer_line_int (&line, "received", (gint64) self->received);
  peer_line_end (&line);

  if (self->mode == MODE_SINK)
    {
      g_autofree char *answer = g_strdup_printf ("{\"received\":%" G_GUINT64_FORMAT ",\"sha256\":\"%s\"}", self->received,
                                                 g_checksum_get_string (self->hash));

      finish (self, answer, 0);
    }
  else if (self->mode == MODE_ECHO)
    finish (self, NULL, 0);
}

static void
channel_closed_cb (DevSshChannel *channel,
                   Serving       *self)
{
  PeerLine line;
  const GError *error = devssh_channel_get_error (channel);

  say_begin (&line, "channel-closed", self->session);
  peer_line_int (&line, "channel", devssh_channel_get_channel_id (channel));
  peer_line_int (&line, "received", (gint64) self->received);
  if (devssh_channel_get_exit_status (channel) >= 0)
    peer_line_int (&line, "exitStatus", devssh_channel_get_exit_status (channel));
  peer_line_string (&line, "exitSignal", devssh_channel_get_exit_signal (channel));
  peer_line_string (&line, "errorMessage", devssh_channel_get_error_message (channel));
  peer_line_string (&line, "error", error != NULL ? error->message : NULL);
  peer_line_end (&line);
}

static void
source_sent_cb (GObject      *channel,
                GAsyncResult *result,
                gpointer      user_data)
{
  Serving *self = g_object_get_data (channel, "serving");
  g_autoptr(GBytes) bytes = NULL;

  if (result != NULL && !devssh_channel_send_finish (DEVSSH_CHANNEL (channel), result, NULL))
    return;
  if (self->source.left == 0)
    {
      finish (self, NULL, 0);
      return;
    }
  bytes = peer_source_next (&self->source, 256 * 1024);
  devssh_channel_send_async (self->channel, bytes, NULL, source_sent_cb, NULL);
}

typedef struct { DevSshChannel *channel; char *text; } Delay;

static gboolean
delay_over_cb (gpointer data)
{
  Delay *delay = data;

  finish (g_object_get_data (G_OBJECT (delay->channel), "serving"), delay->text, 0);
  g_object_unref (delay->channel);
  g_free (delay->text);
  g_free (delay);
  return G_SOURCE_REMOVE;
}

static void
run_delay (Serving    *self,
           const char *rest)
{
  Delay *delay = g_new0 (Delay, 1);
  const char *text = strchr (rest, ' ');

  delay->channel = g_object_ref (self->channel);
  delay->text = g_strconcat (text != NULL ? text + 1 : "", "\n", NULL);
  g_timeout_add ((guint) g_ascii_strtoull (rest, NULL, 10), delay_over_cb, delay);
}

static void
run_stderr (Serving    *self,
            const char *rest)
{
  g_autofree char *text = g_strconcat (rest, "\n", NULL);
  g_autoptr(GBytes) bytes = g_bytes_new (text, strlen (text));

  devssh_channel_send_extended_async (self->channel, DEVSSH_EXTENDED_DATA_STDERR, bytes, NULL, NULL, NULL);
  finish (self, NULL, 0);
}

/* TRUE if the command is one of ours. The answer to the request is queued before what it starts. */
static gboolean
run_command (Serving              *self,
             const char           *command,
             DevSshChannelRequest *request)
{
  g_auto(GStrv) words = g_strsplit (command, " ", 2);
  const char *verb = words[0] != NULL ? words[0] : "";
  const char *rest = words[0] != NULL && words[1] != NULL ? words[1] : "";
  gboolean known = TRUE;

  if (g_str_equal (verb, "sink"))
    self->mode = MODE_SINK;
  else if (g_str_equal (verb, "source"))
    {
      const char *seed = strchr (rest, ' ');

      self->mode = MODE_SOURCE;
      peer_source_init (&self->source, seed != NULL ? (guint32) g_ascii_strtoull (seed, NULL, 10) : 1,
                        g_ascii_strtoull (rest, NULL, 10));
    }
  else if (g_str_equal (verb, "refuse"))
    known = FALSE;
  else if (g_str_equal (verb, "stderr") || g_str_equal (verb, "signal") || g_str_equal (verb, "delay"))
    ;
  else if (!g_str_equal (verb, "echo") && !g_str_equal (verb, "cat") && !g_str_equal (verb, "exit"))
    known = FALSE;

  devssh_channel_request_complete (request, known);
  if (!known)
    return FALSE;

  if (g_str_equal (verb, "echo"))
    {
      g_autofree char *text = g_strconcat (rest, "\n", NULL);

      finish (self, text, 0);
    }
  else if (g_str_equal (verb, "exit"))
    finish (self, NULL, (guint) g_ascii_strtoull (rest, NULL, 10));
  else if (g_str_equal (verb, "source"))
    source_sent_cb (G_OBJECT (self->channel), NULL, NULL);
  else if (g_str_equal (verb, "stderr"))
    run_stderr (self, rest);
  else if (g_str_equal (verb, "delay"))
    run_delay (self, rest);
  else if (g_str_equal (verb, "signal"))
    {
      g_auto(GStrv) parts = g_strsplit (rest, " ", 2);

      devssh_channel_close_with_signal (self->channel, parts[0], parts[0] != NULL ? parts[1] : NULL);
    }
  return TRUE;
}

static gboolean
channel_request_cb (DevSshChannel        *channel,
                    DevSshChannelRequest *request,
                    Serving              *self)
{
  const char *type = devssh_channel_request_get_request_type (request);
  g_autofree char *command = g_str_equal (type, "exec") ? devssh_channel_request_dup_command (request) : NULL;
  gboolean accepted = TRUE;
  PeerLine line;

  if (command != NULL && !peer_options_has (options, "allow-exec"))
    accepted = run_command (self, command, request);
  else
    {
      accepted = peer_options_has (options, "allow-exec")
                 || (!g_str_has_prefix (type, "refuse") && !g_str_equal (type, "subsystem"));
      devssh_channel_request_complete (request, accepted);
    }

  say_begin (&line, "channel-request", self->session);
  peer_line_int (&line, "channel", devssh_channel_get_channel_id (channel));
  peer_line_string (&line, "type", type);
  peer_line_bool (&line, "wantReply", devssh_channel_request_get_want_reply (request));
  peer_line_string (&line, "command", command);
  peer_line_bool (&line, "accepted", accepted);
  peer_line_end (&line);
  return TRUE;
}

static void
serve_channel (DevSshSession *session,
               DevSshChannel *channel)
{
  Serving *self = g_new0 (Serving, 1);

  self->channel = channel;
  self->session = session;
  self->hash = g_checksum_new (G_CHECKSUM_SHA256);
  g_object_set_data_full (G_OBJECT (channel), "serving", self, serving_free);
  g_signal_connect (channel, "closed", G_CALLBACK (channel_closed_cb), self);
  g_signal_connect (channel, "request", G_CALLBACK (channel_request_cb), self);
  /* What the plugin runs has the data. */
  if (peer_options_has (options, "allow-exec"))
    return;

  devssh_channel_set_manual_credit (channel, TRUE);
  g_signal_connect (channel, "data", G_CALLBACK (channel_data_cb), self);
  g_signal_connect (channel, "extended-data", G_CALLBACK (channel_extended_data_cb), self);
  g_signal_connect (channel, "eof", G_CALLBACK (channel_eof_cb), self);
}

/* ---- one session ---- */

static gboolean
key_is_authorized (DevSshKeyPair *key)
{
  for (guint i = 0; i < authorized->len; i++)
    {
      if (devssh_key_pair_equal (g_ptr_array_index (authorized, i), key))
        return TRUE;
    }
  return FALSE;
}

/* TRUE: let in. asked: how many questions were asked instead. */
static gboolean
decide (DevSshAuthentication *who,
        guint                *asked)
{
  const char *user = peer_options_string (options, "user");
  const char *password = peer_options_string (options, "password");
  char **answers = peer_options_list (options, "kbd");
  guint n_answers = g_strv_length (answers);

  if (peer_options_has (options, "reject-all"))
    return FALSE;
  if (user != NULL && g_strcmp0 (devssh_authentication_get_user_name (who), user) != 0)
    return FALSE;

  switch (devssh_authentication_get_authentication_type (who))
    {
    case DEVSSH_AUTHENTICATION_TYPE_CLIENT_NONE:
      return peer_options_has (options, "allow-none");

    case DEVSSH_AUTHENTICATION_TYPE_CLIENT_PASSWORD:
      return password != NULL && g_strcmp0 (devssh_authentication_get_password (who), password) == 0;

    case DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY:
    case DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY_QUERY:
    case DEVSSH_AUTHENTICATION_TYPE_CLIENT_HOST_BASED:
      return key_is_authorized (devssh_authentication_get_public_key (who));

    case DEVSSH_AUTHENTICATION_TYPE_CLIENT_INTERACTIVE:
      {
        const char * const *responses = devssh_authentication_get_responses (who);

        if (n_answers == 0)
          return FALSE;
        if (responses == NULL)
          {
            g_autoptr(GPtrArray) prompts = g_ptr_array_new_with_free_func (g_free);
            g_autofree gboolean *echo = g_new0 (gboolean, n_answers);

            for (guint i = 0; i < n_answers; i++)
              {
                g_ptr_array_add (prompts, g_strdup_printf ("question %u: ", i + 1));
                echo[i] = i % 2 == 1;
              }
            g_ptr_array_add (prompts, NULL);
            devssh_authentication_prompt (who, "interop", "answer each question",
                                          (const char * const *) prompts->pdata, echo, n_answers);
            *asked = n_answers;
            return FALSE;
          }
        return g_strv_equal (responses, (const char * const *) answers);
      }

    case DEVSSH_AUTHENTICATION_TYPE_SERVER_PUBLIC_KEY:
    default:
      return FALSE;
    }
}

static gboolean
authenticating_cb (DevSshServer         *server,
                   DevSshSession        *session,
                   DevSshAuthentication *who,
                   gpointer              user_data)
{
  DevSshKeyPair *key = devssh_authentication_get_public_key (who);
  guint asked = 0;
  gboolean accepted = decide (who, &asked);
  PeerLine line;

  say_begin (&line, "authenticating", session);
  peer_line_string (&line, "type", peer_auth_type_name (devssh_authentication_get_authentication_type (who)));
  peer_line_string (&line, "user", devssh_authentication_get_user_name (who));
  peer_line_bool (&line, "accepted", accepted);
  peer_line_string (&line, "keyAlgorithm", key != NULL ? devssh_key_pair_get_algorithm (key) : NULL);
  if (asked > 0)
    peer_line_int (&line, "asked", asked);
  peer_line_end (&line);

  if (accepted)
    devssh_authentication_accept (who, NULL);
  else if (asked == 0)
    devssh_authentication_reject (who);
  return TRUE;
}

static void
server_channel_cb (GObject      *session,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autoptr(DevSshChannel) channel = devssh_session_open_channel_finish (DEVSSH_SESSION (session), result, NULL);
  PeerLine line;

  if (channel == NULL)
    return;
  serve_channel (DEVSSH_SESSION (session), channel);
  say_begin (&line, "server-opened-channel", session);
  peer_line_int (&line, "channel", devssh_channel_get_channel_id (channel));
  peer_line_end (&line);
}

static void
forwarded_echoed_cb (GObject      *output,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  g_output_stream_splice_finish (G_OUTPUT_STREAM (output), result, NULL);
  g_object_unref (user_data);
}

static void
forwarded_connected_cb (GObject      *forwarder,
                        GAsyncResult *result,
                        gpointer      user_data)
{
  GIOStream *stream = devssh_port_forwarder_connect_to_forwarded_port_finish (DEVSSH_PORT_FORWARDER (forwarder), result, NULL);

  if (stream != NULL)
    g_output_stream_splice_async (g_io_stream_get_output_stream (stream), g_io_stream_get_input_stream (stream),
                                  G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE | G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET,
                                  G_PRIORITY_DEFAULT, NULL, forwarded_echoed_cb, stream);
}

static void
forwarded_ports_cb (GListModel          *ports,
                    guint                position,
                    guint                removed,
                    guint                added,
                    DevSshPortForwarder *forwarder)
{
  for (guint i = position; i < position + added; i++)
    {
      g_autoptr(DevSshForwardedPort) port = g_list_model_get_item (ports, i);

      devssh_port_forwarder_connect_to_forwarded_port_async (forwarder, devssh_forwarded_port_get_remote_port (port), NULL,
                                                             forwarded_connected_cb, NULL);
    }
}

static void
connect_forwarded (DevSshSession *session)
{
  DevSshPortForwarder *forwarder = devssh_session_get_port_forwarder (session, NULL);

  if (forwarder == NULL)
    return;
  devssh_port_forwarder_set_accept_local_connections_for_forwarded_ports (forwarder, FALSE);
  g_signal_connect (devssh_port_forwarder_get_remote_forwarded_ports (forwarder), "items-changed",
                    G_CALLBACK (forwarded_ports_cb), forwarder);
}

static void
client_authenticated_cb (DevSshServerSession *session,
                         gpointer             user_data)
{
  const char *text = peer_options_string (options, "banner-debug");
  PeerLine line;

  say_begin (&line, "authenticated", session);
  peer_line_string (&line, "user", devssh_server_session_get_user_name (session));
  peer_line_session (&line, DEVSSH_SESSION (session));
  peer_line_end (&line);

  if (text != NULL)
    {
      g_autoptr(DevSshWriter) writer = devssh_writer_new ();
      g_autoptr(GBytes) message = NULL;

      devssh_writer_put_byte (writer, DEVSSH_MESSAGE_DEBUG);
      devssh_writer_put_boolean (writer, TRUE);
      devssh_writer_put_utf8 (writer, text);
      devssh_writer_put_utf8 (writer, "");
      message = devssh_writer_end (writer);
      devssh_session_send_message (DEVSSH_SESSION (session), message, NULL);
    }
  if (peer_options_has (options, "connect-forwarded"))
    connect_forwarded (DEVSSH_SESSION (session));
  if (peer_options_has (options, "open-on-auth"))
    devssh_session_open_channel_async (DEVSSH_SESSION (session), NULL, NULL, server_channel_cb, NULL);
}

static gboolean
forwarding_allowed (void)
{
  return peer_options_has (options, "allow-forwarding") && !peer_options_has (options, "deny-forwarding");
}

static gboolean
session_request_cb (DevSshServer         *server,
                    DevSshSession        *session,
                    DevSshSessionRequest *request,
                    gpointer              user_data)
{
  const char *type = devssh_session_request_get_request_type (request);
  gboolean forwarding = g_str_has_suffix (type, "tcpip-forward") || strstr (type, "streamlocal-forward") != NULL;
  gboolean accepted = forwarding ? forwarding_allowed () : !g_str_has_prefix (type, "refuse");
  PeerLine line;

  /* Extensions that are not offered are not known either. */
  if (g_str_has_suffix (type, "@microsoft.com"))
    accepted = FALSE;
  say_begin (&line, "session-request", session);
  peer_line_string (&line, "type", type);
  peer_line_bool (&line, "wantReply", devssh_session_request_get_want_reply (request));
  peer_line_bool (&line, "accepted", accepted);
  peer_line_end (&line);
  devssh_session_request_complete (request, accepted);
  return TRUE;
}

static gboolean
channel_opening_cb (DevSshServer         *server,
                    DevSshSession        *session,
                    DevSshChannelOpening *opening,
                    gpointer              user_data)
{
  DevSshChannel *channel = devssh_channel_opening_get_channel (opening);
  const char *type = devssh_channel_opening_get_channel_type (opening);
  PeerLine line;

  if (!devssh_channel_opening_get_is_remote (opening))
    return FALSE;
  say_begin (&line, "channel-opening", session);
  peer_line_int (&line, "channel", devssh_channel_get_channel_id (channel));
  peer_line_string (&line, "type", type);
  peer_line_int (&line, "packet", devssh_channel_get_max_packet_size (channel));
  peer_line_end (&line);

  if (g_str_equal (type, "session") || g_str_equal (type, "echo"))
    {
      serve_channel (session, channel);
      devssh_channel_opening_accept (opening);
    }
  else if (g_str_equal (type, "refused"))
    devssh_channel_opening_reject (opening, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED, "this type is refused");
  else if ((g_str_has_suffix (type, "tcpip") || strstr (type, "-streamlocal@") != NULL)
           && !peer_options_has (options, "no-forwarding"))
    {
      if (forwarding_allowed ())
        devssh_channel_opening_accept (opening);
      else
        devssh_channel_opening_reject (opening, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED,
                                       "forwarding is refused");
    }
  else
    devssh_channel_opening_reject (opening, DEVSSH_CHANNEL_OPEN_FAILURE_UNKNOWN_CHANNEL_TYPE, "unknown type");
  return TRUE;
}

/* The plugin is there before it looks at the first request. */
static void
service_activated_cb (DevSshSession *session,
                      DevSshService *service,
                      gpointer       user_data)
{
  DevSshCommandRunner *runner;

  if (!DEVSSH_IS_COMMAND_RUNNER (service))
    return;

  runner = DEVSSH_COMMAND_RUNNER (service);
  devssh_command_runner_set_allow_pty (runner, peer_options_has (options, "allow-pty"));
  devssh_command_runner_set_allowed_environment (runner, (const char * const *) peer_options_list (options, "allow-env"));
  devssh_command_runner_set_hangup_grace (runner, (guint) peer_options_int (options, "hangup-grace", 5));
  for (char **entry = peer_options_list (options, "subsystem"); *entry != NULL; entry++)
    {
      g_auto(GStrv) parts = g_strsplit (*entry, "=", 2);

      devssh_command_runner_set_subsystem (runner, parts[0], (const char *[]) { parts[1], NULL });
    }
}

static void
progress_cb (DevSshSession  *session,
             DevSshProgress  progress,
             gpointer        user_data)
{
  PeerLine line;

  say_begin (&line, "progress", session);
  peer_line_string (&line, "step", peer_progress_name (progress));
  peer_line_end (&line);
}

static void
keepalive_succeeded_cb (DevSshSession *session,
                        guint          count,
                        gpointer       user_data)
{
  PeerLine line;

  say_begin (&line, "keepalive-ok", session);
  peer_line_int (&line, "count", count);
  peer_line_end (&line);
}

static void
keepalive_failed_cb (DevSshSession *session,
                     guint          count,
                     gpointer       user_data)
{
  PeerLine line;

  say_begin (&line, "keepalive-missed", session);
  peer_line_int (&line, "count", count);
  peer_line_end (&line);
}

static void
disconnected_cb (DevSshSession *session,
                 const GError  *error,
                 gpointer       user_data)
{
  PeerLine line;

  say_begin (&line, "disconnected", session);
  peer_line_end (&line);
}

static void
reconnected_cb (DevSshServerSession *session,
                gpointer             user_data)
{
  PeerLine line;

  say_begin (&line, "reconnected", session);
  peer_line_end (&line);
}

static void
closed_cb (DevSshSession          *session,
           DevSshDisconnectReason  reason,
           const char             *message,
           const GError           *error,
           gpointer                user_data)
{
  PeerLine line;
  gint64 limit = peer_options_int (options, "sessions", 0);

  say_begin (&line, "session-closed", session);
  peer_line_string (&line, "reason", peer_reason_name (reason));
  peer_line_string (&line, "message", message);
  peer_line_int (&line, "newKeysSent", peer_new_keys (session));
  peer_line_metrics (&line, session);
  peer_line_end (&line);
  if (limit > 0 && ++closed_sessions >= limit)
    g_main_loop_quit (loop);
}

static void
session_opened_cb (DevSshServer        *server,
                   DevSshServerSession *session,
                   gpointer             user_data)
{
  PeerLine line;

  g_object_set_data (G_OBJECT (session), "peer-number", GUINT_TO_POINTER (next_session++));
  say_begin (&line, "session-opened", session);
  peer_line_end (&line);
  peer_watch_trace (DEVSSH_SESSION (session), peer_options_has (options, "trace"));
  g_signal_connect (session, "service-activated", G_CALLBACK (service_activated_cb), NULL);
  g_signal_connect (session, "progress", G_CALLBACK (progress_cb), NULL);
  g_signal_connect (session, "client-authenticated", G_CALLBACK (client_authenticated_cb), NULL);
  g_signal_connect (session, "keepalive-succeeded", G_CALLBACK (keepalive_succeeded_cb), NULL);
  g_signal_connect (session, "keepalive-failed", G_CALLBACK (keepalive_failed_cb), NULL);
  g_signal_connect (session, "disconnected", G_CALLBACK (disconnected_cb), NULL);
  g_signal_connect (session, "reconnected", G_CALLBACK (reconnected_cb), NULL);
  g_signal_connect (session, "closed", G_CALLBACK (closed_cb), NULL);
}

static gboolean
quit_cb (gpointer data)
{
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

static DevSshServerCredentials *
make_credentials (void)
{
  DevSshServerCredentials *credentials = devssh_server_credentials_new ();
  char **files = peer_options_list (options, "host-key");
  char **names = peer_options_list (options, "gen-host-key");
  static char *fallback[] = { (char *) "ecdsa-sha2-nistp384", NULL };

  for (char **file = files; *file != NULL; file++)
    {
      g_autoptr(DevSshKeyPair) key = peer_load_key (*file, peer_options_string (options, "host-key-pass"));

      devssh_server_credentials_add_key (credentials, key);
    }
  if (files[0] == NULL && names[0] == NULL && !peer_options_has (options, "no-security"))
    names = fallback;
  for (char **name = names; *name != NULL; name++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshKeyPair) key = devssh_key_pair_generate (*name, 0, &error);

      if (key == NULL)
        {
          fprintf (stderr, "cannot make a key for %s: %s\n", *name, error->message);
          exit (2);
        }
      devssh_server_credentials_add_key (credentials, key);
    }
  return credentials;
}

static void
say_listening (DevSshServerCredentials *credentials,
               guint                    port)
{
  GListModel *keys = devssh_server_credentials_get_keys (credentials);
  g_autoptr(GString) json = g_string_new ("[");
  PeerLine line;

  for (guint i = 0; i < g_list_model_get_n_items (keys); i++)
    {
      g_autoptr(DevSshKeyPair) key = g_list_model_get_item (keys, i);
      g_autofree char *fingerprint = devssh_key_pair_dup_fingerprint (key);

      g_string_append_printf (json, "%s{\"type\":\"%s\",\"fingerprint\":\"%s\"}", i > 0 ? "," : "",
                              devssh_key_pair_get_algorithm (key), fingerprint);
    }
  g_string_append_c (json, ']');
  peer_line_begin (&line, "listening");
  peer_line_int (&line, "port", port);
  peer_line_raw (&line, "hostKeys", json->str);
  peer_line_end (&line);
}

int
main (int   argc,
      char *argv[])
{
  g_autoptr(DevSshSessionConfig) config = NULL;
  g_autoptr(DevSshServerCredentials) credentials = NULL;
  g_autoptr(DevSshServer) server = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) plugins = g_ptr_array_new ();
  const char *host;
  guint16 port;

  options = peer_options_parse (argc, argv, server_options, usage);
  loop = g_main_loop_new (NULL, FALSE);
  authorized = g_ptr_array_new_with_free_func (g_object_unref);
  for (char **file = peer_options_list (options, "authorized-key"); *file != NULL; file++)
    g_ptr_array_add (authorized, peer_load_key (*file, NULL));

  config = peer_make_config (options);
  if (!peer_options_has (options, "no-forwarding"))
    g_ptr_array_add (plugins, (gpointer) DEVSSH_SERVICE_NAME_PORT_FORWARDING);
  if (peer_options_has (options, "allow-exec"))
    g_ptr_array_add (plugins, (gpointer) DEVSSH_SERVICE_NAME_COMMAND);
  g_ptr_array_add (plugins, NULL);
  devssh_session_config_allow_plugins (config, (const char * const *) plugins->pdata);
  credentials = make_credentials ();
  server = devssh_server_new (config, credentials);
  if (peer_options_has (options, "grace"))
    g_object_set (server, "login-grace", (guint) peer_options_int (options, "grace", 120), NULL);
  g_signal_connect (server, "session-opened", G_CALLBACK (session_opened_cb), NULL);
  g_signal_connect (server, "session-authenticating", G_CALLBACK (authenticating_cb), NULL);
  g_signal_connect (server, "session-request", G_CALLBACK (session_request_cb), NULL);
  g_signal_connect (server, "session-channel-opening", G_CALLBACK (channel_opening_cb), NULL);

  host = peer_options_string (options, "host");
  port = devssh_server_listen (server, host != NULL ? host : "127.0.0.1", (guint16) peer_options_int (options, "port", 0), &error);
  if (port == 0)
    {
      fprintf (stderr, "cannot listen: %s\n", error->message);
      return 2;
    }
  say_listening (credentials, port);

  g_unix_signal_add (SIGTERM, quit_cb, NULL);
  g_unix_signal_add (SIGINT, quit_cb, NULL);
  g_timeout_add_seconds ((guint) peer_options_int (options, "lifetime", 600), quit_cb, NULL);
  g_main_loop_run (loop);

  devssh_server_close (server);
  g_main_loop_unref (loop);
  g_ptr_array_unref (authorized);
  peer_options_free (options);
  return 0;
}
