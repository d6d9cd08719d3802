/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sessions over what is no socket, for interoperability tests: the pipes of a process, our own standard input and output, a channel
 * of another session. */
#include "peer-common.h"

#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char usage[] =
  "usage: devssh-peer-transports run LOGIN COMMAND PROGRAM [ARGUMENT...]\n"
  "       devssh-peer-transports hop PORT LOGIN PORT LOGIN COMMAND\n"
  "       devssh-peer-transports serve HOST-KEY\n"
  "  LOGIN   three words: a user, a private key, the fingerprint of the host's key\n"
  "  run     runs PROGRAM, a session over its standard input and output, and COMMAND in that\n"
  "  hop     a session to the first port, through it one to the second, and COMMAND in that; says when each host is known\n"
  "  serve   a session over our own standard input and output, for whoever comes; says what it is asked to run\n"
  "The exit status is that of COMMAND, 255 without one.\n";

static G_GNUC_NORETURN void
give_up (const char   *what,
         const GError *error)
{
  g_printerr ("devssh-peer-transports: %s: %s\n", what, error != NULL ? error->message : "no");
  exit (255);
}

static void
wait_for (GAsyncResult **result,
          const char    *what)
{
  if (!peer_wait (*result != NULL))
    give_up (what, NULL);
}

/* ---- a client ---- */

typedef struct
{
  const char *user;
  const char *key;
  const char *fingerprint;
} Login;

static gboolean
authenticating_cb (DevSshSession        *session,
                   DevSshAuthentication *authentication,
                   const Login          *login)
{
  g_autofree char *fingerprint = devssh_key_pair_dup_fingerprint (devssh_authentication_get_public_key (authentication));

  if (g_str_equal (fingerprint, login->fingerprint))
    {
      g_printerr ("host %s\n", fingerprint);
      devssh_authentication_accept (authentication, NULL);
    }
  else
    devssh_authentication_reject (authentication);
  return TRUE;
}

static DevSshSession *
log_in (GIOStream   *stream,
        const Login *login)
{
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new ();
  g_autoptr(DevSshClientCredentials) user = devssh_client_credentials_new (login->user);
  g_autoptr(GFile) file = g_file_new_for_path (login->key);
  g_autoptr(GAsyncResult) connected = NULL;
  g_autoptr(GAsyncResult) authenticated = NULL;
  g_autoptr(DevSshKeyPair) key = NULL;
  g_autoptr(GError) error = NULL;
  DevSshClientSession *session;

  key = devssh_key_pair_import_file (file, DEVSSH_KEY_FORMAT_DEFAULT, NULL, NULL, &error);
  if (key == NULL)
    give_up (login->key, error);
  devssh_client_credentials_add_key (user, key);
  session = devssh_client_session_new (stream, config, &error);
  if (session == NULL)
    give_up ("configuration", error);
  g_signal_connect (session, "authenticating", G_CALLBACK (authenticating_cb), (gpointer) login);
  devssh_session_connect_async (DEVSSH_SESSION (session), NULL, peer_keep_cb, &connected);
  wait_for (&connected, "connecting");
  if (!devssh_session_connect_finish (DEVSSH_SESSION (session), connected, &error))
    give_up ("connecting", error);
  devssh_client_session_authenticate_async (session, user, NULL, peer_keep_cb, &authenticated);
  wait_for (&authenticated, "logging in");
  if (!devssh_client_session_authenticate_finish (session, authenticated, &error))
    give_up ("logging in", error != NULL ? error : devssh_session_get_error (DEVSSH_SESSION (session)));
  return DEVSSH_SESSION (session);
}

static void
data_cb (DevSshChannel *channel,
         GBytes        *data)
{
  fwrite (g_bytes_get_data (data, NULL), 1, g_bytes_get_size (data), stdout);
}

static int
run_command (DevSshSession *session,
             const char    *command)
{
  g_autoptr(GAsyncResult) opened = NULL;
  g_autoptr(GAsyncResult) asked = NULL;
  g_autoptr(GAsyncResult) ended = NULL;
  g_autoptr(DevSshChannel) channel = NULL;
  g_autoptr(GError) error = NULL;

  devssh_session_open_channel_async (session, NULL, NULL, peer_keep_cb, &opened);
  wait_for (&opened, "opening a channel");
  channel = devssh_session_open_channel_finish (session, opened, &error);
  if (channel == NULL)
    give_up ("opening a channel", error);
  g_signal_connect (channel, "data", G_CALLBACK (data_cb), NULL);
  devssh_channel_exec_async (channel, command, NULL, peer_keep_cb, &asked);
  wait_for (&asked, command);
  if (!devssh_channel_exec_finish (channel, asked, &error))
    give_up (command, error);
  if (!peer_wait (devssh_channel_get_is_closed (channel)))
    give_up ("the end of the command", NULL);
  fflush (stdout);
  devssh_session_close_async (session, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "done", NULL, peer_keep_cb, &ended);
  wait_for (&ended, "closing");
  return devssh_channel_get_exit_status (channel) >= 0 ? (int) devssh_channel_get_exit_status (channel) : 255;
}

/* As OpenSSH does with a ProxyCommand: the program's standard output is what we read. */
static int
run (char **words)
{
  Login login = { words[0], words[1], words[2] };
  g_autoptr(GSubprocess) process = NULL;
  g_autoptr(GIOStream) stream = NULL;
  g_autoptr(DevSshSession) session = NULL;
  g_autoptr(GError) error = NULL;
  int status;

  process = g_subprocess_newv ((const char * const *) &words[4], G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error);
  if (process == NULL)
    give_up (words[4], error);
  stream = g_simple_io_stream_new (g_subprocess_get_stdout_pipe (process), g_subprocess_get_stdin_pipe (process));
  session = log_in (stream, &login);
  status = run_command (session, words[3]);
  /* Its pipes are closed, so it ends. */
  g_clear_object (&session);
  g_clear_object (&stream);
  if (!g_subprocess_wait (process, NULL, &error))
    give_up (words[4], error);
  return status;
}

static GIOStream *
dial (const char *port)
{
  g_autoptr(GSocketClient) client = g_socket_client_new ();
  g_autoptr(GError) error = NULL;
  GSocketConnection *connection = g_socket_client_connect_to_host (client, "127.0.0.1", (guint16) atoi (port), NULL, &error);

  if (connection == NULL)
    give_up (port, error);
  return G_IO_STREAM (connection);
}

/* RFC 4254, 7.2: the first host connects to the second; all that it sees is another session. */
static GIOStream *
dial_through (DevSshSession *session,
              const char    *port)
{
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();
  g_autoptr(GAsyncResult) opened = NULL;
  g_autoptr(GBytes) type_data = NULL;
  g_autoptr(DevSshChannel) channel = NULL;
  g_autoptr(GError) error = NULL;
  DevSshChannelStream *stream;

  devssh_writer_put_utf8 (writer, "127.0.0.1");
  devssh_writer_put_uint32 (writer, (guint32) atoi (port));
  devssh_writer_put_utf8 (writer, "127.0.0.1");
  devssh_writer_put_uint32 (writer, 0);
  type_data = devssh_writer_end (writer);
  devssh_session_open_channel_full_async (session, "direct-tcpip", type_data, 0, NULL, peer_keep_cb, &opened);
  wait_for (&opened, "direct-tcpip");
  channel = devssh_session_open_channel_finish (session, opened, &error);
  if (channel == NULL)
    give_up ("direct-tcpip", error);
  stream = devssh_channel_stream_new (channel, &error);
  if (stream == NULL)
    give_up ("direct-tcpip", error);
  return G_IO_STREAM (stream);
}

static int
hop (char **words)
{
  Login first = { words[1], words[2], words[3] };
  Login second = { words[5], words[6], words[7] };
  g_autoptr(GIOStream) wire = dial (words[0]);
  g_autoptr(DevSshSession) outer = log_in (wire, &first);
  g_autoptr(GIOStream) channel = dial_through (outer, words[4]);
  g_autoptr(DevSshSession) inner = log_in (channel, &second);
  int status = run_command (inner, words[8]);

  /* The end of the inner one has closed its channel and nothing else. */
  if (!g_io_stream_is_closed (channel) || devssh_session_get_is_closed (outer))
    give_up ("the end", NULL);
  devssh_session_close (outer, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "done");
  return status;
}

/* ---- a server ---- */

static gboolean
accept_cb (DevSshSession        *session,
           DevSshAuthentication *authentication)
{
  devssh_authentication_accept (authentication, NULL);
  return TRUE;
}

static gboolean
request_cb (DevSshChannel        *channel,
            DevSshChannelRequest *request)
{
  g_autofree char *command = devssh_channel_request_dup_command (request);
  g_autofree char *text = NULL;
  g_autoptr(GBytes) answer = NULL;

  if (command == NULL)
    return FALSE;
  text = g_strdup_printf ("asked to run %s\n", command);
  answer = g_bytes_new (text, strlen (text));
  devssh_channel_request_complete (request, TRUE);
  devssh_channel_send_async (channel, answer, NULL, NULL, NULL);
  devssh_channel_close_with_status (channel, 6);
  return TRUE;
}

static gboolean
opening_cb (DevSshSession        *session,
            DevSshChannelOpening *opening)
{
  if (devssh_channel_opening_get_is_remote (opening))
    g_signal_connect (devssh_channel_opening_get_channel (opening), "request", G_CALLBACK (request_cb), NULL);
  devssh_channel_opening_accept (opening);
  return TRUE;
}

static int
serve (char **words)
{
  g_autoptr(GInputStream) input = g_unix_input_stream_new (STDIN_FILENO, TRUE);
  g_autoptr(GOutputStream) output = g_unix_output_stream_new (STDOUT_FILENO, TRUE);
  g_autoptr(GIOStream) stream = g_simple_io_stream_new (input, output);
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new ();
  g_autoptr(DevSshServerCredentials) host = devssh_server_credentials_new ();
  g_autoptr(GFile) file = g_file_new_for_path (words[0]);
  g_autoptr(DevSshKeyPair) key = NULL;
  g_autoptr(DevSshServerSession) session = NULL;
  g_autoptr(GAsyncResult) ended = NULL;
  g_autoptr(GError) error = NULL;

  key = devssh_key_pair_import_file (file, DEVSSH_KEY_FORMAT_DEFAULT, NULL, NULL, &error);
  if (key == NULL)
    give_up (words[0], error);
  devssh_server_credentials_add_key (host, key);
  session = devssh_server_session_new (stream, config, host, &error);
  if (session == NULL)
    give_up ("configuration", error);
  g_signal_connect (session, "authenticating", G_CALLBACK (accept_cb), NULL);
  g_signal_connect (session, "channel-opening", G_CALLBACK (opening_cb), NULL);
  devssh_session_connect_async (DEVSSH_SESSION (session), NULL, NULL, NULL);
  devssh_session_wait_closed_async (DEVSSH_SESSION (session), NULL, peer_keep_cb, &ended);
  wait_for (&ended, "the end");
  return 0;
}

static const struct
{
  const char *name;
  int         least;
  int         most;
  int       (*func) (char **words);
} modes[] = {
  { "run", 5, G_MAXINT, run },
  { "hop", 9, 9, hop },
  { "serve", 1, 1, serve },
};

int
main (int   argc,
      char *argv[])
{
  peer_deadline (30, "this");
  for (guint i = 0; argc > 1 && i < G_N_ELEMENTS (modes); i++)
    if (g_str_equal (argv[1], modes[i].name) && argc - 2 >= modes[i].least && argc - 2 <= modes[i].most)
      return modes[i].func (&argv[2]);
  g_printerr ("%s", usage);
  return 2;
}
