/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The middle of two sessions: a server for whoever connects, a client of the server that it is for, and a pipe between them. Whoever logs
 * in here is let in when the other server has let us in. Prints JSON lines as the other peers do. */
#include "peer-common.h"

#include <gio/gio.h>
#include <stdlib.h>

static char    *target_user = (char *) "test";
static char    *target_password;
static char    *target_key;
static int      target_port;
static gboolean with_reconnect;

static const GOptionEntry options[] = {
  { "target-port", 0, 0, G_OPTION_ARG_INT, &target_port, "The other server's, on 127.0.0.1", "PORT" },
  { "target-user", 0, 0, G_OPTION_ARG_STRING, &target_user, "Who we are there", "NAME" },
  { "target-password", 0, 0, G_OPTION_ARG_STRING, &target_password, "How we log in there", "WORD" },
  { "target-key", 0, 0, G_OPTION_ARG_FILENAME, &target_key, "How we log in there", "FILE" },
  { "reconnect", 0, 0, G_OPTION_ARG_NONE, &with_reconnect, "Announce the extension", NULL },
  { NULL }
};

typedef struct
{
  DevSshServerSession  *near;
  DevSshClientSession  *far;
  DevSshAuthentication *question;   /* of whoever is at our door */
} Middle;

static DevSshClient *client;

static void
middle_free (Middle *self)
{
  g_clear_object (&self->near);
  g_clear_object (&self->far);
  g_clear_object (&self->question);
  g_free (self);
}

static void
piped_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      data)
{
  Middle *self = data;
  PeerLine line;

  peer_line_begin (&line, "piped");
  peer_line_bool (&line, "ended", devssh_session_pipe_finish (DEVSSH_SESSION (source), result, NULL));
  peer_line_string (&line, "reason", peer_reason_name (devssh_session_get_disconnect_reason (DEVSSH_SESSION (self->near))));
  peer_line_end (&line);
  middle_free (self);
}

/* Nothing of theirs is looked at before the answer, so nothing comes before the pipe is there. */
static void
authenticated_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      data)
{
  Middle *self = data;
  g_autoptr(DevSshAuthentication) question = g_steal_pointer (&self->question);

  if (!devssh_client_session_authenticate_finish (self->far, result, NULL))
    {
      devssh_authentication_reject (question);
      middle_free (self);
      return;
    }
  devssh_authentication_accept (question, NULL);
}

static gboolean
host_cb (DevSshSession        *session,
         DevSshAuthentication *question,
         gpointer              data)
{
  devssh_authentication_accept (question, NULL);
  return TRUE;
}

static void
connected_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      data)
{
  Middle *self = data;
  g_autoptr(DevSshClientCredentials) credentials = devssh_client_credentials_new (target_user);
  g_autoptr(DevSshKeyPair) pair = target_key != NULL ? peer_load_key (target_key, NULL) : NULL;

  self->far = devssh_client_connect_to_host_finish (client, result, NULL);
  if (self->far == NULL)
    {
      devssh_authentication_reject (self->question);
      middle_free (self);
      return;
    }
  g_signal_connect (self->far, "authenticating", G_CALLBACK (host_cb), NULL);
  if (pair != NULL)
    devssh_client_credentials_add_key (credentials, pair);
  if (target_password != NULL)
    devssh_client_credentials_set_password (credentials, target_password);
  devssh_client_session_authenticate_async (self->far, credentials, NULL, authenticated_cb, self);
}

static void
client_authenticated_cb (DevSshServerSession *session,
                         Middle              *self)
{
  devssh_session_pipe_async (DEVSSH_SESSION (session), DEVSSH_SESSION (self->far), NULL, piped_cb, self);
}

static gboolean
user_cb (DevSshSession        *session,
         DevSshAuthentication *question,
         gpointer              data)
{
  Middle *self;

  /* Who proves nothing shall prove something; a key that is only asked about will do. */
  if (devssh_authentication_get_authentication_type (question) == DEVSSH_AUTHENTICATION_TYPE_CLIENT_NONE)
    {
      devssh_authentication_reject (question);
      return TRUE;
    }
  if (devssh_authentication_get_authentication_type (question) == DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY_QUERY)
    {
      devssh_authentication_accept (question, NULL);
      return TRUE;
    }

  self = g_new0 (Middle, 1);
  self->near = g_object_ref (DEVSSH_SERVER_SESSION (session));
  self->question = g_object_ref (question);
  g_signal_connect (session, "client-authenticated", G_CALLBACK (client_authenticated_cb), self);
  devssh_client_connect_to_host_async (client, "127.0.0.1", (guint16) target_port, NULL, connected_cb, self);
  return TRUE;
}

static void
opened_cb (DevSshServer        *server,
           DevSshServerSession *session,
           gpointer             data)
{
  g_signal_connect (session, "authenticating", G_CALLBACK (user_cb), NULL);
}

int
main (int   argc,
      char *argv[])
{
  g_autoptr(GOptionContext) context = g_option_context_new ("- joins two sessions");
  g_autoptr(DevSshSessionConfig) config = NULL;
  g_autoptr(DevSshServerCredentials) credentials = devssh_server_credentials_new ();
  g_autoptr(DevSshServer) server = NULL;
  g_autoptr(DevSshKeyPair) key = NULL;
  g_autoptr(GError) error = NULL;
  guint16 port;
  PeerLine line;

  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("%s\n", error->message);
      return 2;
    }

  config = with_reconnect ? devssh_session_config_new_with_reconnect () : devssh_session_config_new ();
  /* The one that everybody can. */
  key = devssh_key_pair_generate (DEVSSH_ALGORITHM_KEY_ECDSA_NISTP256, 0, NULL);
  devssh_server_credentials_add_key (credentials, key);
  client = devssh_client_new (config);
  server = devssh_server_new (config, credentials);
  g_signal_connect (server, "session-opened", G_CALLBACK (opened_cb), NULL);
  port = devssh_server_listen (server, "127.0.0.1", 0, &error);
  if (port == 0)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  peer_line_begin (&line, "listening");
  peer_line_int (&line, "port", port);
  peer_line_end (&line);
  for (;;)
    g_main_context_iteration (NULL, TRUE);
}
