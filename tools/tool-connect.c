/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a destination to a session that has logged in. A host is believed only if a file of known hosts or a fingerprint says so. */
#include "tool.h"

#include <string.h>

#define SSH_PORT 22

typedef struct
{
  ToolConnection   *options;
  DevSshKnownHosts *known_hosts;
  char             *user;
  char             *host;
  guint16           port;
  gboolean          host_refused;
} Attempt;

static void
attempt_clear (Attempt *self)
{
  g_clear_object (&self->known_hosts);
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

static gboolean
attempt_load_known_hosts (Attempt     *self,
                          const char  *path,
                          gboolean     must_exist,
                          GError     **error)
{
  g_autoptr(GFile) file = g_file_new_for_path (path);
  g_autoptr(GError) reason = NULL;

  if (devssh_known_hosts_load_file (self->known_hosts, file, NULL, &reason)
      || (!must_exist && g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_NOT_FOUND)))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

static gboolean
attempt_read_known_hosts (Attempt  *self,
                          GError  **error)
{
  g_autofree char *own = g_build_filename (g_get_home_dir (), ".ssh", "known_hosts", NULL);
  const char *usual[] = { own, "/etc/ssh/ssh_known_hosts", NULL };
  char **given = self->options->known_hosts;
  const char *const *paths = given != NULL ? (const char *const *) given : usual;

  self->known_hosts = devssh_known_hosts_new ();
  for (int i = 0; paths[i] != NULL; i++)
    if (!attempt_load_known_hosts (self, paths[i], given != NULL, error))
      return FALSE;
  return TRUE;
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

static gboolean
attempt_believes (Attempt       *self,
                  DevSshKeyPair *key)
{
  g_autofree char *fingerprint = devssh_key_pair_dup_fingerprint (key);
  g_autoptr(DevSshKnownHostsEntry) entry = NULL;
  g_autofree char *place = NULL;
  DevSshKnownHostsVerdict verdict;
  const char *reason;

  verdict = devssh_known_hosts_check (self->known_hosts, self->host, self->port, key, &entry);
  place = entry != NULL ? devssh_known_hosts_entry_dup_place (entry) : NULL;
  if (verdict != DEVSSH_KNOWN_HOSTS_VERDICT_REVOKED
      && (self->options->fingerprints != NULL
          ? g_strv_contains ((const char *const *) self->options->fingerprints, fingerprint)
          : verdict == DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED))
    return TRUE;

  if (verdict == DEVSSH_KNOWN_HOSTS_VERDICT_REVOKED)
    reason = "shows a key that was revoked";
  else if (self->options->fingerprints != NULL)
    reason = "does not have the key with the given fingerprint";
  else if (verdict == DEVSSH_KNOWN_HOSTS_VERDICT_CHANGED)
    reason = "has another key than before: somebody may be in between";
  else
    reason = "is not known";
  tool_fail (TOOL_HOST_KEY, NULL, "%s port %u %s\n"
             "  its key: %s %s%s%s", self->host, self->port, reason, devssh_key_pair_get_algorithm (key), fingerprint,
             place != NULL ? "\n  the line: " : "", place != NULL ? place : "");
  return FALSE;
}

static gboolean
authenticating_cb (DevSshSession        *session,
                   DevSshAuthentication *question,
                   gpointer              user_data)
{
  Attempt *self = user_data;

  if (devssh_authentication_get_authentication_type (question) != DEVSSH_AUTHENTICATION_TYPE_SERVER_PUBLIC_KEY)
    return FALSE;

  self->host_refused = !attempt_believes (self, devssh_authentication_get_public_key (question));
  if (self->host_refused)
    devssh_authentication_reject (question);
  else
    devssh_authentication_accept (question, NULL);
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
  gulong handler = g_signal_connect (session, "authenticating", G_CALLBACK (authenticating_cb), self);
  gboolean ok;

  devssh_client_session_authenticate_async (session, credentials, NULL, tool_keep_result_cb, &result);
  tool_wait (result != NULL);
  ok = devssh_client_session_authenticate_finish (session, result, error);
  g_signal_handler_disconnect (session, handler);
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
  if (!attempt_read_destination (&self, destination, &error)
      || !attempt_read_known_hosts (&self, &error)
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
