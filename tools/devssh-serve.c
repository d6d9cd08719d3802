/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* devssh serve: a server for the users it is told of, that runs their commands as the user it runs as itself. */
#include "tool.h"

#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <string.h>
#include <unistd.h>

#define SFTP_SERVER "/usr/lib/openssh/sftp-server"

static char   **listen_specs;
static char   **unix_paths;
static gboolean inherited;
static char   **host_key_files;
static char   **user_specs;
static char   **password_specs;
static gboolean no_commands;
static gboolean no_terminal;
static gboolean allow_forwarding;
static char   **environment_names;
static char   **subsystem_specs;
static char    *directory;
static char    *shell;
static int      threads;
static int      grace = 120;
static int      drain = 10;
static gboolean verbose;

static GOptionEntry entries[] = {
  { "listen", 0, 0, G_OPTION_ARG_STRING_ARRAY, &listen_specs,
    "Where to listen; may be given again (localhost, a free port)", "[ADDRESS]:PORT" },
  { "unix", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &unix_paths, "Listen on a Unix socket, too; may be given again", "PATH" },
  { "inherited", 0, 0, G_OPTION_ARG_NONE, &inherited, "Listen on the sockets that systemd hands over", NULL },
  { "host-key", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &host_key_files,
    "A private key of this host; may be given again (a new one each time)", "FILE" },
  { "user", 0, 0, G_OPTION_ARG_STRING_ARRAY, &user_specs,
    "Who may log in, with the keys in a file of lines as in authorized_keys; may be given again", "NAME:FILE" },
  { "password", 0, 0, G_OPTION_ARG_STRING_ARRAY, &password_specs,
    "Who may log in, with the password in the first line of a file; may be given again", "NAME:FILE" },
  { "no-commands", 0, 0, G_OPTION_ARG_NONE, &no_commands, "Run nothing", NULL },
  { "no-terminal", 0, 0, G_OPTION_ARG_NONE, &no_terminal, "Give nobody a terminal", NULL },
  { "env", 0, 0, G_OPTION_ARG_STRING_ARRAY, &environment_names, "A variable that users may set; may be given again", "NAME" },
  { "subsystem", 0, 0, G_OPTION_ARG_STRING_ARRAY, &subsystem_specs,
    "What stands behind a name; may be given again (sftp, if OpenSSH's server is here)", "NAME=PROGRAM" },
  { "directory", 0, 0, G_OPTION_ARG_FILENAME, &directory, "Where commands run (your home)", "FOLDER" },
  { "shell", 0, 0, G_OPTION_ARG_FILENAME, &shell, "What runs commands (/bin/sh)", "FILE" },
  { "allow-forwarding", 0, 0, G_OPTION_ARG_NONE, &allow_forwarding, "Forward ports and sockets for users", NULL },
  { "threads", 0, 0, G_OPTION_ARG_INT, &threads, "Spread sessions over so many threads", "N" },
  { "grace", 0, 0, G_OPTION_ARG_INT, &grace, "Seconds a client has to log in (120)", "SECONDS" },
  { "drain", 0, 0, G_OPTION_ARG_INT, &drain, "Seconds that sessions have to end when the server is stopped (10)", "SECONDS" },
  { "verbose", 'v', 0, G_OPTION_ARG_NONE, &verbose, "Show what happens", NULL },
  { NULL }
};

/* ---- users ---- */

typedef struct
{
  GPtrArray *keys;        /* (element-type DevSshKeyPair) */
  char      *password;    /* NULL: none */
} User;

static GHashTable *users; /* (element-type utf8 User) */

static void
password_free (char *password)
{
  explicit_bzero (password, strlen (password));
  g_free (password);
}

static void
user_free (gpointer data)
{
  User *self = data;

  g_ptr_array_unref (self->keys);
  g_clear_pointer (&self->password, password_free);
  g_free (self);
}

static User *
user_ensure (const char *name)
{
  User *self = g_hash_table_lookup (users, name);

  if (self == NULL)
    {
      self = g_new0 (User, 1);
      self->keys = g_ptr_array_new_with_free_func (g_object_unref);
      g_hash_table_insert (users, g_strdup (name), self);
    }
  return self;
}

/* NAME:FILE, and the file's text. */
static User *
read_spec (const char  *spec,
           char       **text,
           gsize       *length,
           GError     **error)
{
  const char *colon = strchr (spec, ':');
  g_autofree char *name = NULL;

  if (colon == NULL || colon == spec)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "'%s' is not NAME:FILE", spec);
      return NULL;
    }
  if (!g_file_get_contents (colon + 1, text, length, error))
    return NULL;
  name = g_strndup (spec, (gsize) (colon - spec));
  return user_ensure (name);
}

/* A line with options in front of its key would be let in without them: it is refused. */
static gboolean
read_keys (const char  *spec,
           GError     **error)
{
  g_autofree char *text = NULL;
  g_auto(GStrv) lines = NULL;
  User *user = read_spec (spec, &text, NULL, error);

  if (user == NULL)
    return FALSE;
  lines = g_strsplit (text, "\n", -1);
  for (int i = 0; lines[i] != NULL; i++)
    {
      g_autoptr(GBytes) line = NULL;
      DevSshKeyPair *key;

      g_strstrip (lines[i]);
      if (*lines[i] == '\0' || *lines[i] == '#')
        continue;
      line = g_bytes_new (lines[i], strlen (lines[i]));
      key = devssh_key_pair_import_data (line, DEVSSH_KEY_FORMAT_SSH, NULL, error);
      if (key == NULL)
        {
          g_prefix_error (error, "%s, line %d: ", spec, i + 1);
          return FALSE;
        }
      g_ptr_array_add (user->keys, key);
    }
  return TRUE;
}

/* An empty one would let everybody in who knows the name. */
static gboolean
read_password (const char  *spec,
               GError     **error)
{
  g_autofree char *text = NULL;
  gsize length, line;
  User *user = read_spec (spec, &text, &length, error);

  if (user == NULL)
    return FALSE;
  line = strcspn (text, "\r\n");
  g_clear_pointer (&user->password, password_free);
  if (line > 0)
    user->password = g_strndup (text, line);
  explicit_bzero (text, length);
  if (line > 0)
    return TRUE;

  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: the password is empty", spec);
  return FALSE;
}

static gboolean
read_users (GError **error)
{
  users = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, user_free);
  for (int i = 0; user_specs != NULL && user_specs[i] != NULL; i++)
    if (!read_keys (user_specs[i], error))
      return FALSE;
  for (int i = 0; password_specs != NULL && password_specs[i] != NULL; i++)
    if (!read_password (password_specs[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
user_has_key (const User    *self,
              DevSshKeyPair *key)
{
  for (guint i = 0; i < self->keys->len; i++)
    if (devssh_key_pair_equal (self->keys->pdata[i], key))
      return TRUE;
  return FALSE;
}

/* In constant time: of equal length by hashing. */
static gboolean
user_has_password (const User *self,
                   const char *password)
{
  g_autofree char *a = NULL;
  g_autofree char *b = NULL;
  guint difference = 0;

  if (self->password == NULL)
    return FALSE;
  a = g_compute_checksum_for_string (G_CHECKSUM_SHA256, self->password, -1);
  b = g_compute_checksum_for_string (G_CHECKSUM_SHA256, password, -1);
  for (int i = 0; a[i] != '\0'; i++)
    difference |= (guint) (a[i] ^ b[i]);
  return difference == 0;
}

static gboolean
is_welcome (DevSshAuthentication *who)
{
  const char *name = devssh_authentication_get_user_name (who);
  const User *user = name != NULL ? g_hash_table_lookup (users, name) : NULL;

  if (user == NULL)
    return FALSE;
  switch (devssh_authentication_get_authentication_type (who))
    {
    case DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY_QUERY:
    case DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY:
      return user_has_key (user, devssh_authentication_get_public_key (who));

    case DEVSSH_AUTHENTICATION_TYPE_CLIENT_PASSWORD:
      return user_has_password (user, devssh_authentication_get_password (who));

    default:
      return FALSE;
    }
}

/* ---- what users may do ---- */

static gboolean
authenticating_cb (DevSshServer         *server,
                   DevSshServerSession  *session,
                   DevSshAuthentication *who,
                   gpointer              user_data)
{
  if (is_welcome (who))
    devssh_authentication_accept (who, NULL);
  else
    devssh_authentication_reject (who);
  return TRUE;
}

/* What the plugins do something about. To say yes to anything else would be a promise that nobody keeps. */
static const char *const command_channels[] = { DEVSSH_CHANNEL_TYPE_SESSION, NULL };
static const char *const command_requests[] = { DEVSSH_REQUEST_EXEC, DEVSSH_REQUEST_SHELL, DEVSSH_REQUEST_SUBSYSTEM, NULL };
static const char *const forwarding_channels[] = { DEVSSH_CHANNEL_TYPE_DIRECT_TCPIP, DEVSSH_CHANNEL_TYPE_DIRECT_STREAMLOCAL, NULL };
static const char *const forwarding_requests[] = { DEVSSH_REQUEST_TCPIP_FORWARD, DEVSSH_REQUEST_CANCEL_TCPIP_FORWARD,
                                                   DEVSSH_REQUEST_STREAMLOCAL_FORWARD,
                                                   DEVSSH_REQUEST_CANCEL_STREAMLOCAL_FORWARD, NULL };

static gboolean
opening_cb (DevSshServer         *server,
            DevSshServerSession  *session,
            DevSshChannelOpening *opening,
            gpointer              user_data)
{
  const char *type = devssh_channel_opening_get_channel_type (opening);
  gboolean is_command = g_strv_contains (command_channels, type);
  gboolean is_forwarding = g_strv_contains (forwarding_channels, type);

  /* What is opened from here, a plugin opens for a forward that was allowed. */
  if (!devssh_channel_opening_get_is_remote (opening)
      || (is_command && !no_commands) || (is_forwarding && allow_forwarding))
    devssh_channel_opening_accept (opening);
  else if (!is_command && !is_forwarding)
    devssh_channel_opening_reject (opening, DEVSSH_CHANNEL_OPEN_FAILURE_UNKNOWN_CHANNEL_TYPE,
                                   "This server knows no such channels");
  else
    devssh_channel_opening_reject (opening, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED,
                                   "This server does not do that");
  return TRUE;
}

static gboolean
request_cb (DevSshServer         *server,
            DevSshServerSession  *session,
            DevSshSessionRequest *request,
            gpointer              user_data)
{
  devssh_session_request_complete (request, allow_forwarding
                                            && g_strv_contains (forwarding_requests,
                                                                devssh_session_request_get_request_type (request)));
  return TRUE;
}

static gboolean
channel_request_cb (DevSshServer         *server,
                    DevSshServerSession  *session,
                    DevSshChannelRequest *request,
                    gpointer              user_data)
{
  DevSshChannel *channel = devssh_channel_request_get_channel (request);

  devssh_channel_request_complete (request, !no_commands
                                            && g_strv_contains (command_channels, devssh_channel_get_channel_type (channel))
                                            && g_strv_contains (command_requests,
                                                                devssh_channel_request_get_request_type (request)));
  return TRUE;
}

static gboolean
allow_address_cb (DevSshPortForwarder *forwarder,
                  const char          *host,
                  const char          *address,
                  guint                port,
                  gpointer             user_data)
{
  return TRUE;
}

static void
set_up_subsystems (DevSshCommandRunner *runner)
{
  const char *sftp[] = { SFTP_SERVER, NULL };

  if (subsystem_specs == NULL && g_file_test (SFTP_SERVER, G_FILE_TEST_IS_EXECUTABLE))
    devssh_command_runner_set_subsystem (runner, "sftp", sftp);
  for (int i = 0; subsystem_specs != NULL && subsystem_specs[i] != NULL; i++)
    {
      g_auto(GStrv) parts = g_strsplit (subsystem_specs[i], "=", 2);
      g_auto(GStrv) argv = NULL;

      /* It was looked at when the program began. */
      if (g_shell_parse_argv (parts[1], NULL, &argv, NULL))
        devssh_command_runner_set_subsystem (runner, parts[0], (const char *const *) argv);
    }
}

static gboolean
check_subsystems (GError **error)
{
  for (int i = 0; subsystem_specs != NULL && subsystem_specs[i] != NULL; i++)
    {
      const char *equals = strchr (subsystem_specs[i], '=');
      g_auto(GStrv) argv = NULL;

      if (equals == NULL || equals == subsystem_specs[i])
        {
          g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "'%s' is not NAME=PROGRAM", subsystem_specs[i]);
          return FALSE;
        }
      if (!g_shell_parse_argv (equals + 1, NULL, &argv, error))
        return FALSE;
    }
  return TRUE;
}

static void
command_started_cb (DevSshCommandRunner *runner,
                    DevSshChannel       *channel,
                    const char          *type,
                    const char          *command,
                    gpointer             user_data)
{
  if (verbose)
    g_printerr ("%s %s\n", type, command != NULL ? command : "");
}

static void
service_activated_cb (DevSshSession *session,
                      DevSshService *service,
                      gpointer       user_data)
{
  if (DEVSSH_IS_COMMAND_RUNNER (service))
    {
      DevSshCommandRunner *runner = DEVSSH_COMMAND_RUNNER (service);

      devssh_command_runner_set_allow_pty (runner, !no_terminal);
      devssh_command_runner_set_allowed_environment (runner, (const char *const *) environment_names);
      devssh_command_runner_set_working_directory (runner, directory);
      if (shell != NULL)
        devssh_command_runner_set_shell (runner, shell);
      set_up_subsystems (runner);
      g_signal_connect (runner, "command-started", G_CALLBACK (command_started_cb), NULL);
    }
  else if (DEVSSH_IS_PORT_FORWARDER (service))
    {
      g_signal_connect (service, "allow-address", G_CALLBACK (allow_address_cb), NULL);
    }
}

static void
trace_cb (DevSshSession    *session,
          DevSshTraceLevel  level,
          DevSshTraceEvent  event,
          const char       *text,
          gpointer          user_data)
{
  g_printerr ("[%s:%d] session %u: %s\n", devssh_trace_level_to_string (level), event,
              devssh_session_get_number (session), text);
}

static void
opened_cb (DevSshServer        *server,
           DevSshServerSession *session,
           gpointer             user_data)
{
  g_signal_connect (session, "service-activated", G_CALLBACK (service_activated_cb), NULL);
  if (verbose)
    g_signal_connect (session, "trace", G_CALLBACK (trace_cb), NULL);
}

static void
error_cb (DevSshServer *server,
          GError       *error,
          gpointer      user_data)
{
  tool_fail (TOOL_FAILED, error, "A connection was not taken");
}

/* ---- the server ---- */

static gboolean
add_host_keys (DevSshServerCredentials  *credentials,
               GError                  **error)
{
  for (int i = 0; host_key_files != NULL && host_key_files[i] != NULL; i++)
    {
      g_autoptr(GFile) file = g_file_new_for_path (host_key_files[i]);
      g_autoptr(DevSshKeyPair) key = devssh_key_pair_import_file (file, DEVSSH_KEY_FORMAT_DEFAULT, NULL, NULL, error);

      if (key == NULL)
        {
          g_prefix_error (error, "%s: ", host_key_files[i]);
          return FALSE;
        }
      devssh_server_credentials_add_key (credentials, key);
    }
  if (host_key_files == NULL)
    {
      g_autoptr(DevSshKeyPair) key = devssh_key_pair_generate (DEVSSH_ALGORITHM_KEY_ED25519, 0, error);

      if (key == NULL)
        return FALSE;
      devssh_server_credentials_add_key (credentials, key);
    }
  return TRUE;
}

static void
show_host_keys (DevSshServerCredentials *credentials)
{
  GListModel *keys = devssh_server_credentials_get_keys (credentials);

  for (guint i = 0; i < g_list_model_get_n_items (keys); i++)
    {
      g_autoptr(DevSshKeyPair) key = g_list_model_get_item (keys, i);
      g_autofree char *fingerprint = devssh_key_pair_dup_fingerprint (key);
      g_autofree char *text = g_strdup_printf ("host key %s %s", devssh_key_pair_get_algorithm (key), fingerprint);

      tool_event ("host-key", text, "algorithm", "s", devssh_key_pair_get_algorithm (key), "fingerprint", "s", fingerprint, NULL);
    }
}

/* [ADDRESS]:PORT; an IPv6 address stands in brackets, no address is any, and a port alone is localhost's. */
static gboolean
listen_spec (DevSshServer  *server,
             const char    *spec,
             GError       **error)
{
  const char *colon = strrchr (spec, ':');
  g_autofree char *address = NULL;
  guint64 port;

  if (!g_ascii_string_to_unsigned (colon != NULL ? colon + 1 : spec, 10, 0, G_MAXUINT16, &port, error))
    return FALSE;
  if (colon != NULL)
    {
      address = g_strndup (spec, (gsize) (colon - spec));
      if (*address == '[' && address[strlen (address) - 1] == ']')
        {
          address[strlen (address) - 1] = '\0';
          memmove (address, address + 1, strlen (address));
        }
    }
  return devssh_server_listen (server, address, (guint16) port, error) != 0;
}

static gboolean
listen_everywhere (DevSshServer  *server,
                   GError       **error)
{
  for (int i = 0; listen_specs != NULL && listen_specs[i] != NULL; i++)
    if (!listen_spec (server, listen_specs[i], error))
      {
        g_prefix_error (error, "%s: ", listen_specs[i]);
        return FALSE;
      }
  for (int i = 0; unix_paths != NULL && unix_paths[i] != NULL; i++)
    {
      g_autoptr(GSocketAddress) address = g_unix_socket_address_new (unix_paths[i]);

      if (!devssh_server_listen_address (server, address, error))
        {
          g_prefix_error (error, "%s: ", unix_paths[i]);
          return FALSE;
        }
    }
  if (inherited && devssh_server_listen_inherited (server, error) < 0)
    return FALSE;
  if (listen_specs == NULL && unix_paths == NULL && !inherited)
    return devssh_server_listen (server, NULL, 0, error) != 0;
  return TRUE;
}

static void
show_addresses (DevSshServer *server)
{
  GListModel *addresses = devssh_server_get_addresses (server);

  for (guint i = 0; i < g_list_model_get_n_items (addresses); i++)
    {
      g_autoptr(GSocketAddress) address = g_list_model_get_item (addresses, i);
      g_autofree char *where = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address));
      g_autofree char *text = NULL;
      guint port = 0;

      if (G_IS_INET_SOCKET_ADDRESS (address))
        port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
      else if (G_IS_UNIX_SOCKET_ADDRESS (address))
        {
          g_free (where);
          where = g_strdup (g_unix_socket_address_get_path (G_UNIX_SOCKET_ADDRESS (address)));
        }
      text = g_strdup_printf ("listening on %s", where);
      tool_event ("listening", text, "address", "s", where, "port", "u", port, NULL);
    }
}

static DevSshServer *
make_server (GError **error)
{
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new ();
  g_autoptr(DevSshServerCredentials) credentials = devssh_server_credentials_new ();
  g_autoptr(GPtrArray) plugins = g_ptr_array_new ();
  g_autoptr(DevSshServer) server = NULL;

  if (!add_host_keys (credentials, error))
    return NULL;
  if (!no_commands)
    g_ptr_array_add (plugins, (gpointer) DEVSSH_SERVICE_NAME_COMMAND);
  if (allow_forwarding)
    g_ptr_array_add (plugins, (gpointer) DEVSSH_SERVICE_NAME_PORT_FORWARDING);
  g_ptr_array_add (plugins, NULL);
  devssh_session_config_allow_plugins (config, (const char *const *) plugins->pdata);
  devssh_session_config_set_authentication_methods (config, (const char *[]) { DEVSSH_AUTH_METHOD_PUBLIC_KEY,
                                                                               password_specs != NULL ? DEVSSH_AUTH_METHOD_PASSWORD : NULL,
                                                                               NULL });

  server = devssh_server_new (config, credentials);
  devssh_server_set_threads (server, (guint) threads);
  devssh_server_set_login_grace (server, (guint) grace);
  g_signal_connect (server, "session-opened", G_CALLBACK (opened_cb), NULL);
  g_signal_connect (server, "session-authenticating", G_CALLBACK (authenticating_cb), NULL);
  g_signal_connect (server, "session-channel-opening", G_CALLBACK (opening_cb), NULL);
  g_signal_connect (server, "session-channel-request", G_CALLBACK (channel_request_cb), NULL);
  g_signal_connect (server, "session-request", G_CALLBACK (request_cb), NULL);
  g_signal_connect (server, "error", G_CALLBACK (error_cb), NULL);
  return g_steal_pointer (&server);
}

static int
serve (DevSshServer *server)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  if (!listen_everywhere (server, &error))
    return tool_fail (TOOL_FAILED, error, "Listening");
  show_host_keys (devssh_server_get_credentials (server));
  show_addresses (server);

  tool_watch_signals ();
  tool_wait (tool_was_interrupted ());
  devssh_server_stop_async (server, (guint) drain, NULL, tool_keep_result_cb, &result);
  if (drain == 0)
    devssh_server_close (server);
  tool_wait (result != NULL);
  return TOOL_OK;
}

static int
run (int   argc,
     char *argv[])
{
  g_autoptr(DevSshServer) server = NULL;
  g_autoptr(GError) error = NULL;
  int status;

  if (!tool_parse (&tool_serve_command, "",
                   "Whoever logs in is you, whatever he is called: commands run as the user who runs this program.\n"
                   "It ends when it is interrupted.\n\n"
                   "  devssh serve --user alice:alice.pub --listen :2222\n"
                   "  devssh serve --user build:keys --host-key host --no-terminal --allow-forwarding --threads 4\n",
                   entries, NULL, &argc, &argv))
    return TOOL_USAGE;
  if (argc != 1)
    return tool_fail (TOOL_USAGE, NULL, "What is '%s'?", argv[1]);
  if (threads < 0 || threads > 256 || grace < 0 || drain < 0)
    return tool_fail (TOOL_USAGE, NULL, "A number is out of range");
  if (user_specs == NULL && password_specs == NULL)
    return tool_fail (TOOL_USAGE, NULL, "Say who may log in: --user NAME:FILE");
  if (!read_users (&error) || !check_subsystems (&error))
    return tool_fail (TOOL_USAGE, error, "The command line");

  server = make_server (&error);
  status = server != NULL ? serve (server) : tool_fail (TOOL_FAILED, error, "No server");
  g_clear_object (&server);
  g_hash_table_unref (users);
  return status;
}

const ToolCommand tool_serve_command = { "serve", "Lets others in, and runs their commands", run };
