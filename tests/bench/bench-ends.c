/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Our two ends: sessions over connected sockets of the loopback, that let everybody in. */
#include "bench-ends.h"

#include <errno.h>
#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* So many log in at the same time. */
#define CROWD 16
/* So many blocks are given to the library before the first of them has left. */
#define IN_FLIGHT 4

DevSshSessionConfig *
bench_ends_config (const BenchEnds *ends)
{
  DevSshSessionConfig *config = ends->reconnect ? devssh_session_config_new_with_reconnect () : devssh_session_config_new ();
  g_autoptr(GError) error = NULL;

  if (ends->cipher != NULL)
    devssh_session_config_set_encryption_algorithms (config, (const char *[]) { ends->cipher, NULL });
  if (ends->mac != NULL)
    devssh_session_config_set_mac_algorithms (config, (const char *[]) { ends->mac, NULL });
  if (ends->max_channels != 0)
    devssh_session_config_set_max_channels (config, ends->max_channels);
  if (ends->plugins)
    devssh_session_config_allow_plugins (config, NULL);
  if (ends->plugins && ends->plugin_folder != NULL &&
      !devssh_session_config_add_plugin_directory (config, ends->plugin_folder, &error))
    bench_die ("%s", error->message);

  return config;
}

static GIOStream *
wrap (int fd)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GSocket) socket = g_socket_new_from_fd (fd, &error);

  if (socket == NULL)
    bench_die ("%s", error->message);

  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

static DevSshKeyPair *
new_key (void)
{
  g_autoptr(GError) error = NULL;
  DevSshKeyPair *key = devssh_key_pair_generate (DEVSSH_ALGORITHM_KEY_ED25519, 0, &error);

  if (key == NULL)
    bench_die ("%s", error->message);

  return key;
}

void
bench_keep_result_cb (GObject      *source,
                      GAsyncResult *result,
                      gpointer      user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

/* The host's key to the client, the user's key to the server: welcome. */
static gboolean
authenticating_cb (DevSshSession        *session,
                   DevSshAuthentication *question,
                   gpointer              user_data)
{
  DevSshAuthenticationType type = devssh_authentication_get_authentication_type (question);

  if (type == DEVSSH_AUTHENTICATION_TYPE_CLIENT_NONE)
    devssh_authentication_reject (question);
  else
    devssh_authentication_accept (question, NULL);

  return TRUE;
}

/* ---- bulk ---- */

typedef struct
{
  DevSshChannel *channel;
  GBytes        *block;
  guint64        left;       /* not yet given to the library */
  guint          in_flight;
} Sender;

static void sender_fill (Sender *self);

static void
sent_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Sender *self = user_data;
  g_autoptr(GError) error = NULL;

  if (!devssh_channel_send_finish (self->channel, result, &error))
    bench_die ("sending: %s", error->message);
  self->in_flight--;
  sender_fill (self);
}

static void
sender_fill (Sender *self)
{
  while (self->in_flight < IN_FLIGHT && self->left > 0)
    {
      self->left -= BENCH_BLOCK;
      self->in_flight++;
      devssh_channel_send_async (self->channel, self->block, NULL, sent_cb, self);
    }
  if (self->in_flight > 0)
    return;

  devssh_channel_send_eof (self->channel, NULL);
  g_object_unref (self->channel);
  g_bytes_unref (self->block);
  g_free (self);
}

void
bench_send (DevSshChannel *channel,
            guint64        bytes)
{
  Sender *self = g_new0 (Sender, 1);

  self->channel = g_object_ref (channel);
  self->block = g_bytes_new_take (g_malloc0 (BENCH_BLOCK), BENCH_BLOCK);
  self->left = bytes / BENCH_BLOCK * BENCH_BLOCK;
  sender_fill (self);
}

/* ---- the server ---- */

typedef struct
{
  int                      fd;
  int                      listener;
  GMainLoop               *loop;
  DevSshSessionConfig     *config;
  DevSshServerCredentials *credentials;
  GHashTable              *sessions;
  DevSshReconnectableSessions *reconnectable;
  DevSshServer            *threaded;     /* NULL: one thread does it all */
} Server;

static void
sink_data_cb (DevSshChannel *channel,
              GBytes        *data,
              gpointer       user_data)
{
}

static void
sink_eof_cb (DevSshChannel *channel,
             gpointer       user_data)
{
  g_autoptr(GBytes) answer = g_bytes_new_static ("k", 1);

  devssh_channel_send_async (channel, answer, NULL, NULL, NULL);
}

static void
echo_data_cb (DevSshChannel *channel,
              GBytes        *data,
              gpointer       user_data)
{
  devssh_channel_send_async (channel, data, NULL, NULL, NULL);
}

/* Our own command, or whatever the plugin is asked to run. */
static gboolean
channel_request_cb (DevSshChannel        *channel,
                    DevSshChannelRequest *request,
                    gpointer              user_data)
{
  g_autofree char *command = devssh_channel_request_dup_command (request);

  devssh_channel_request_complete (request, TRUE);
  if (command != NULL && g_str_has_prefix (command, BENCH_SEND_COMMAND))
    bench_send (channel, g_ascii_strtoull (command + strlen (BENCH_SEND_COMMAND), NULL, 10));

  return TRUE;
}

static gboolean
channel_opening_cb (DevSshSession        *session,
                    DevSshChannelOpening *opening,
                    gpointer              user_data)
{
  DevSshChannel *channel = devssh_channel_opening_get_channel (opening);
  const char *type = devssh_channel_opening_get_channel_type (opening);

  if (g_str_equal (type, BENCH_SINK))
    {
      g_signal_connect (channel, "data", G_CALLBACK (sink_data_cb), NULL);
      g_signal_connect (channel, "eof", G_CALLBACK (sink_eof_cb), NULL);
    }
  else if (g_str_equal (type, BENCH_ECHO))
    {
      g_signal_connect (channel, "data", G_CALLBACK (echo_data_cb), NULL);
    }
  else if (g_str_equal (type, DEVSSH_CHANNEL_TYPE_SESSION))
    {
      g_signal_connect (channel, "request", G_CALLBACK (channel_request_cb), NULL);
    }
  devssh_channel_opening_accept (opening);

  return TRUE;
}

static void
closed_cb (DevSshSession          *session,
           DevSshDisconnectReason  reason,
           const char             *message,
           GError                 *error,
           gpointer                user_data)
{
  Server *self = user_data;

  g_hash_table_remove (self->sessions, session);
}

static void
session_opened_cb (DevSshServer        *server,
                   DevSshServerSession *session,
                   gpointer             user_data)
{
  g_signal_connect (session, "authenticating", G_CALLBACK (authenticating_cb), NULL);
  g_signal_connect (session, "channel-opening", G_CALLBACK (channel_opening_cb), NULL);
}

static gboolean
accept_cb (int          listener,
           GIOCondition condition,
           gpointer     user_data)
{
  Server *self = user_data;
  g_autoptr(GIOStream) stream = wrap (bench_accept (listener));
  g_autoptr(GError) error = NULL;
  DevSshServerSession *session;

  if (self->threaded != NULL)
    {
      g_autoptr(DevSshServerSession) taken = devssh_server_add_stream (self->threaded, stream, &error);

      if (taken == NULL)
        bench_die ("%s", error->message);
      return G_SOURCE_CONTINUE;
    }

  session = devssh_server_session_new_reconnectable (stream, self->config, self->credentials, self->reconnectable, &error);
  if (session == NULL)
    bench_die ("%s", error->message);

  g_signal_connect (session, "authenticating", G_CALLBACK (authenticating_cb), NULL);
  g_signal_connect (session, "channel-opening", G_CALLBACK (channel_opening_cb), NULL);
  g_signal_connect (session, "closed", G_CALLBACK (closed_cb), self);
  g_hash_table_add (self->sessions, session);
  devssh_session_connect_async (DEVSSH_SESSION (session), NULL, NULL, NULL);

  return G_SOURCE_CONTINUE;
}

/* KiB of this process that are in memory and its own. */
static double
memory_in_use (void)
{
  g_autofree char *text = NULL;
  const char *line;

  if (!g_file_get_contents ("/proc/self/smaps_rollup", &text, NULL, NULL))
    bench_die ("no /proc/self/smaps_rollup");
  line = strstr (text, "\nAnonymous:");
  if (line == NULL)
    bench_die ("no line Anonymous in /proc/self/smaps_rollup");

  return g_ascii_strtod (line + strlen ("\nAnonymous:"), NULL);
}

static gboolean
command_cb (int          fd,
            GIOCondition condition,
            gpointer     user_data)
{
  Server *self = user_data;
  char command;

  if (read (fd, &command, 1) != 1)
    {
      g_main_loop_quit (self->loop);
      return G_SOURCE_REMOVE;
    }

  if (command == BENCH_ASK_PIN)
    bench_pin (0);
  bench_tell (fd, memory_in_use ());

  return G_SOURCE_CONTINUE;
}

void
bench_server_body (int           fd,
                   gconstpointer data)
{
  const BenchEnds *ends = data;
  g_autoptr(DevSshKeyPair) key = new_key ();
  Server self = { .fd = fd };
  guint16 port;

  bench_pin (ends->core);
  self.loop = g_main_loop_new (NULL, FALSE);
  self.config = bench_ends_config (ends);
  self.credentials = devssh_server_credentials_new ();
  self.sessions = g_hash_table_new_full (NULL, NULL, g_object_unref, NULL);
  devssh_server_credentials_add_key (self.credentials, key);
  if (ends->reconnect)
    self.reconnectable = devssh_reconnectable_sessions_new ();
  if (ends->threads > 0)
    {
      self.threaded = devssh_server_new (self.config, self.credentials);
      devssh_server_set_threads (self.threaded, ends->threads);
      g_signal_connect (self.threaded, "session-opened", G_CALLBACK (session_opened_cb), NULL);
    }
  self.listener = bench_listen (&port);
  g_unix_fd_add (self.listener, G_IO_IN, accept_cb, &self);
  g_unix_fd_add (fd, G_IO_IN | G_IO_HUP, command_cb, &self);

  bench_tell (fd, port);
  g_main_loop_run (self.loop);
}

/* ---- the client ---- */

static DevSshClientCredentials *
user (void)
{
  static DevSshClientCredentials *credentials;

  if (credentials == NULL)
    {
      g_autoptr(DevSshKeyPair) key = new_key ();

      credentials = devssh_client_credentials_new ("bench");
      devssh_client_credentials_add_key (credentials, key);
    }

  return credentials;
}

typedef struct
{
  guint      begun;
  guint      done;
  GPtrArray *sessions;
} Logins;

static void
authenticated_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  Logins *self = user_data;
  g_autoptr(GError) error = NULL;

  if (!devssh_client_session_authenticate_finish (DEVSSH_CLIENT_SESSION (source), result, &error))
    bench_die ("logging in: %s", error != NULL ? error->message : "refused");
  g_ptr_array_add (self->sessions, g_object_ref (source));
  self->done++;
}

static void
connected_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  if (!devssh_session_connect_finish (DEVSSH_SESSION (source), result, &error))
    bench_die ("connecting: %s", error->message);
  devssh_client_session_authenticate_async (DEVSSH_CLIENT_SESSION (source), user (), NULL,
                                            authenticated_cb, user_data);
}

GIOStream *
bench_dial (guint16 port)
{
  return wrap (bench_connect (port));
}

static void
begin (Logins              *self,
       DevSshSessionConfig *config,
       guint16              port)
{
  g_autoptr(GIOStream) stream = bench_dial (port);
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshClientSession) session = devssh_client_session_new (stream, config, &error);

  if (session == NULL)
    bench_die ("%s", error->message);
  g_signal_connect (session, "authenticating", G_CALLBACK (authenticating_cb), NULL);
  devssh_session_connect_async (DEVSSH_SESSION (session), NULL, connected_cb, self);
  self->begun++;
}

GPtrArray *
bench_login_many (DevSshSessionConfig *config,
                  guint16              port,
                  guint                n)
{
  Logins self = { .sessions = g_ptr_array_new_with_free_func (g_object_unref) };

  while (self.done < n)
    {
      if (self.begun < n && self.begun - self.done < CROWD)
        begin (&self, config, port);
      else
        g_main_context_iteration (NULL, TRUE);
    }

  return self.sessions;
}

DevSshClientSession *
bench_login (DevSshSessionConfig *config,
             guint16              port)
{
  g_autoptr(GPtrArray) sessions = bench_login_many (config, port, 1);

  return g_object_ref (g_ptr_array_index (sessions, 0));
}

DevSshChannel *
bench_open (DevSshClientSession *session,
            const char          *type)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  DevSshChannel *channel;

  devssh_session_open_channel_async (DEVSSH_SESSION (session), type, NULL, bench_keep_result_cb, &result);
  bench_spin_until (result != NULL);
  channel = devssh_session_open_channel_finish (DEVSSH_SESSION (session), result, &error);
  if (channel == NULL)
    bench_die ("opening a channel: %s", error->message);

  return channel;
}
