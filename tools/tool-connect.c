/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a destination to a session that has logged in. A host is believed only if a file of known hosts or a fingerprint says so. */
#include "tool.h"

#include <stdio.h>
#include <string.h>

#define SSH_PORT 22

typedef struct
{
  ToolConnection        *options;
  DevSshHostKeyVerifier *verifier;
  char                  *user;
  char                  *host;
  guint16                port;
  gboolean               host_refused;
} Attempt;

static void
attempt_clear (Attempt *self)
{
  g_clear_object (&self->verifier);
  g_free (self->user);
  g_free (self->host);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Attempt, attempt_clear)

GOptionGroup *
tool_connection_group (ToolConnection *self)
{
  const GOptionEntry entries[] = {
    { "user", 'l', 0, G_OPTION_ARG_STRING, &self->user, "Who logs in (you)", "NAME" },
    { "port", 'p', 0, G_OPTION_ARG_INT, &self->port, "Where the server listens (22)", "PORT" },
    { "identity", 'i', 0, G_OPTION_ARG_FILENAME_ARRAY, &self->identities,
      "A private key; may be given again (~/.ssh/id_ed25519, id_ecdsa, id_rsa)", "FILE" },
    { "password-file", 0, 0, G_OPTION_ARG_FILENAME, &self->password_file, "A file whose first line is the password", "FILE" },
    { "known-hosts", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->known_hosts,
      "Believe hosts of this file; may be given again (~/.ssh/known_hosts, /etc/ssh/ssh_known_hosts)", "FILE" },
    { "fingerprint", 0, 0, G_OPTION_ARG_STRING_ARRAY, &self->fingerprints,
      "Believe the host with this key, SHA256:...; may be given again", "TEXT" },
    { "accept-new", 0, 0, G_OPTION_ARG_NONE, &self->accept_new,
      "Believe a host that is not known, and remember it in the first file of known hosts", NULL },
    { "ask", 0, 0, G_OPTION_ARG_NONE, &self->ask, "Ask at the terminal about a host that is not known or has changed", NULL },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &self->verbose, "Show what happens", NULL },
    { NULL }
  };
  GOptionGroup *group = g_option_group_new ("connection", "Connection:", "Show help on connecting", NULL, NULL);

  g_option_group_add_entries (group, entries);
  return group;
}

void
tool_connection_clear (ToolConnection *self)
{
  g_free (self->user);
  g_strfreev (self->identities);
  g_strfreev (self->known_hosts);
  g_strfreev (self->fingerprints);
  g_free (self->password_file);
}

/* ---- what is read before anybody is called ---- */

static gboolean
attempt_read_destination (Attempt     *self,
                          const char  *destination,
                          GError     **error)
{
  g_autoptr(GSocketConnectable) address = NULL;
  const char *at = strrchr (destination, '@');

  if (self->options->user != NULL)
    self->user = g_strdup (self->options->user);
  else if (at != NULL)
    self->user = g_strndup (destination, (gsize) (at - destination));
  else
    self->user = g_strdup (g_get_user_name ());

  address = g_network_address_parse (at != NULL ? at + 1 : destination, SSH_PORT, error);
  if (address == NULL)
    return FALSE;
  self->host = g_strdup (g_network_address_get_hostname (G_NETWORK_ADDRESS (address)));
  self->port = g_network_address_get_port (G_NETWORK_ADDRESS (address));
  if (self->options->port > 0)
    self->port = (guint16) self->options->port;
  return TRUE;
}

/* The usual files may be missing, and so may one that is about to learn its first host. */
static DevSshHostKeyVerifier *
attempt_make_verifier (Attempt  *self,
                       GError  **error)
{
  g_autoptr(DevSshKnownHosts) known_hosts = devssh_known_hosts_new ();
  g_autoptr(DevSshHostKeyVerifier) verifier = NULL;
  g_autoptr(GFile) file = NULL;
  ToolConnection *options = self->options;
  DevSshHostKeyPolicy policy = options->accept_new ? DEVSSH_HOST_KEY_POLICY_ACCEPT_NEW
                               : options->ask ? DEVSSH_HOST_KEY_POLICY_ASK : DEVSSH_HOST_KEY_POLICY_STRICT;

  if (!tool_load_known_hosts (known_hosts, options->known_hosts, policy != DEVSSH_HOST_KEY_POLICY_STRICT, error))
    return NULL;
  verifier = devssh_host_key_verifier_new (known_hosts, policy);
  devssh_host_key_verifier_set_fingerprints (verifier, (const char *const *) options->fingerprints);
  file = tool_known_hosts_file (options->known_hosts);
  devssh_host_key_verifier_set_file (verifier, file);
  return g_steal_pointer (&verifier);
}

static gboolean
read_key (DevSshClientCredentials  *credentials,
          const char               *path,
          gboolean                  must_exist,
          GError                  **error)
{
  g_autoptr(GFile) file = g_file_new_for_path (path);
  g_autoptr(DevSshKeyPair) key = NULL;
  g_autoptr(GError) reason = NULL;

  key = devssh_key_pair_import_file (file, DEVSSH_KEY_FORMAT_DEFAULT, NULL, NULL, &reason);
  if (key != NULL)
    {
      devssh_client_credentials_add_key (credentials, key);
      return TRUE;
    }
  /* A key that was not asked for may be missing, or locked. */
  if (!must_exist)
    return TRUE;
  g_propagate_prefixed_error (error, g_steal_pointer (&reason), "%s: ", path);
  return FALSE;
}

static gboolean
read_password (DevSshClientCredentials  *credentials,
               const char               *path,
               GError                  **error)
{
  g_autofree char *text = NULL;
  gsize length;

  if (!g_file_get_contents (path, &text, &length, error))
    return FALSE;
  text[strcspn (text, "\r\n")] = '\0';
  devssh_client_credentials_set_password (credentials, text);
  explicit_bzero (text, length);
  return TRUE;
}

static DevSshClientCredentials *
attempt_read_credentials (Attempt  *self,
                          GError  **error)
{
  static const char *const usual[] = { "id_ed25519", "id_ecdsa", "id_rsa" };
  g_autoptr(DevSshClientCredentials) credentials = devssh_client_credentials_new (self->user);

  for (int i = 0; self->options->identities != NULL && self->options->identities[i] != NULL; i++)
    if (!read_key (credentials, self->options->identities[i], TRUE, error))
      return NULL;
  for (guint i = 0; self->options->identities == NULL && i < G_N_ELEMENTS (usual); i++)
    {
      g_autofree char *path = g_build_filename (g_get_home_dir (), ".ssh", usual[i], NULL);

      read_key (credentials, path, FALSE, NULL);
    }
  if (self->options->password_file != NULL && !read_password (credentials, self->options->password_file, error))
    return NULL;
  return g_steal_pointer (&credentials);
}

/* ---- the host ---- */

static void
refused_cb (DevSshHostKeyVerifier *verifier,
            DevSshHostKeyQuestion *question,
            GError                *error,
            gpointer               user_data)
{
  Attempt *self = user_data;

  self->host_refused = TRUE;
  if (g_error_matches (error, DEVSSH_ERROR, DEVSSH_ERROR_HOST_KEY))
    tool_fail (TOOL_HOST_KEY, NULL, "%s", error->message);
  else
    tool_fail (TOOL_HOST_KEY, error, "%s port %u cannot be checked", self->host, self->port);
}

static void
added_cb (DevSshHostKeyVerifier *verifier,
          DevSshHostKeyQuestion *question,
          gpointer               user_data)
{
  g_autofree char *fingerprint = devssh_key_pair_dup_fingerprint (devssh_host_key_question_get_public_key (question));

  if (tool_json)
    tool_event ("host-added", NULL, "host", "s", devssh_host_key_question_get_host (question),
                "port", "u", (guint) devssh_host_key_question_get_port (question), "fingerprint", "s", fingerprint, NULL);
  else
    g_printerr ("devssh: %s port %u is known from now on: %s\n", devssh_host_key_question_get_host (question),
                devssh_host_key_question_get_port (question), fingerprint);
}

static void
add_failed_cb (DevSshHostKeyVerifier *verifier,
               DevSshHostKeyQuestion *question,
               GError                *error,
               gpointer               user_data)
{
  g_printerr ("devssh: The host is not remembered: %s\n", error->message);
}

/* Of the person at the terminal, whatever standard input is for. Only the whole word counts. */
static gboolean
ask_cb (DevSshHostKeyVerifier *verifier,
        DevSshHostKeyQuestion *question,
        gpointer               user_data)
{
  Attempt *self = user_data;
  g_autofree char *text = devssh_host_key_question_dup_text (question);
  g_autofree char *picture = devssh_key_pair_dup_randomart (devssh_host_key_question_get_public_key (question));
  FILE *terminal = fopen ("/dev/tty", "r+e");
  char answer[16] = "";

  if (terminal == NULL)
    {
      self->host_refused = TRUE;
      tool_fail (TOOL_HOST_KEY, NULL, "%s\n  there is no terminal to ask at", text);
      return FALSE;
    }
  fprintf (terminal, "%s\n%s\nIs this the right host (yes or no)? ", text, picture);
  fflush (terminal);
  if (fgets (answer, sizeof answer, terminal) == NULL)
    answer[0] = '\0';
  fclose (terminal);
  self->host_refused = !g_str_equal (g_strstrip (answer), "yes");
  if (self->host_refused)
    devssh_host_key_question_reject (question);
  else
    devssh_host_key_question_accept (question, TRUE);
  return TRUE;
}

static void
trace_cb (DevSshSession    *session,
          DevSshTraceLevel  level,
          DevSshTraceEvent  event,
          const char       *text,
          gpointer          user_data)
{
  g_printerr ("[%s:%d] %s\n", devssh_trace_level_to_string (level), event, text);
}

/* ---- connecting ---- */

static DevSshClientSession *
attempt_connect (Attempt              *self,
                 DevSshSessionConfig  *config,
                 GError              **error)
{
  g_autoptr(DevSshClient) client = devssh_client_new (config);
  g_autoptr(GAsyncResult) result = NULL;

  devssh_client_connect_to_host_async (client, self->host, self->port, NULL, tool_keep_result_cb, &result);
  tool_wait (result != NULL);
  return devssh_client_connect_to_host_finish (client, result, error);
}

static gboolean
attempt_log_in (Attempt                  *self,
                DevSshClientSession      *session,
                DevSshClientCredentials  *credentials,
                GError                  **error)
{
  g_autoptr(GAsyncResult) result = NULL;
  gboolean ok;

  g_signal_connect (self->verifier, "ask", G_CALLBACK (ask_cb), self);
  g_signal_connect (self->verifier, "refused", G_CALLBACK (refused_cb), self);
  g_signal_connect (self->verifier, "added", G_CALLBACK (added_cb), self);
  g_signal_connect (self->verifier, "add-failed", G_CALLBACK (add_failed_cb), self);
  devssh_host_key_verifier_attach (self->verifier, session, self->host, self->port);
  devssh_client_session_authenticate_async (session, credentials, NULL, tool_keep_result_cb, &result);
  tool_wait (result != NULL);
  ok = devssh_client_session_authenticate_finish (session, result, error);
  g_signal_handlers_disconnect_by_data (self->verifier, self);
  return ok;
}

DevSshClientSession *
tool_connect (ToolConnection      *options,
              const char          *destination,
              DevSshSessionConfig *config,
              int                 *status)
{
  g_auto(Attempt) self = { .options = options };
  g_autoptr(DevSshClientCredentials) credentials = NULL;
  g_autoptr(DevSshClientSession) session = NULL;
  g_autoptr(GError) error = NULL;

  if (options->port < 0 || options->port > G_MAXUINT16)
    {
      *status = tool_fail (TOOL_USAGE, NULL, "%d is no port", options->port);
      return NULL;
    }
  if (options->accept_new && options->ask)
    {
      *status = tool_fail (TOOL_USAGE, NULL, "Either accept new hosts or ask about them");
      return NULL;
    }
  if (!attempt_read_destination (&self, destination, &error)
      || (self.verifier = attempt_make_verifier (&self, &error)) == NULL
      || (credentials = attempt_read_credentials (&self, &error)) == NULL)
    {
      *status = tool_fail (TOOL_USAGE, error, "%s", destination);
      return NULL;
    }

  session = attempt_connect (&self, config, &error);
  if (session == NULL)
    {
      *status = tool_fail (TOOL_UNREACHABLE, error, "%s port %u", self.host, self.port);
      return NULL;
    }
  if (options->verbose)
    g_signal_connect (session, "trace", G_CALLBACK (trace_cb), NULL);
  if (attempt_log_in (&self, session, credentials, &error))
    {
      tool_event ("connected", NULL, "host", "s", self.host, "port", "u", (guint) self.port, "user", "s", self.user, NULL);
      return g_steal_pointer (&session);
    }

  if (self.host_refused)
    *status = TOOL_HOST_KEY;
  else
    *status = tool_fail (TOOL_LOGIN, error, "%s does not let %s in", self.host, self.user);
  devssh_session_close (DEVSSH_SESSION (session), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "");
  return NULL;
}
