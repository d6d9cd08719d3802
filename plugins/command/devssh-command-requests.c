/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a peer asks of a session channel (RFC 4254, 6): checked here, put to the application, and then done. */
#include "devssh-command-service.h"

#include "devssh-command-process.h"
#include "devssh-command-system.h"

#include <glib/gstdio.h>
#include <string.h>

/* Linux takes no longer argument (MAX_ARG_STRLEN), with its zero. */
#define MAX_COMMAND_LENGTH  (128 * 1024 - 1)
#define MAX_VALUE_LENGTH    (32 * 1024)
#define MAX_TERMINAL_LENGTH 64

#define DEFAULT_PATH        "/usr/local/bin:/usr/bin:/bin"

/* What a channel has asked for so far. */
typedef struct
{
  DevSshCommandService  *service;        /* has us in its table */
  DevSshChannel         *channel;        /* the key in it */
  char                 **environment;    /* what the peer has set */
  char                  *terminal_type;  /* TERM; NULL: none */
  int                    terminal;       /* -1: none; the process has it once it runs */
  int                    terminal_slave;
  gboolean               asking;         /* the application decides about a command */
  DevSshCommandProcess  *process;
} DevSshCommand;

static gboolean
refuse (DevSshCommand *self,
        const char    *why)
{
  devssh_command_service_trace (self->service, "Channel %u: refused %s",
                                devssh_channel_get_channel_id (self->channel), why);
  return FALSE;
}

/* What comes before the command, must. */
static gboolean
is_early (DevSshCommand *self)
{
  return self->process == NULL && !self->asking;
}

/* ---- a terminal (RFC 4254, 6.2 and 6.7) ---- */

/* It becomes a variable, and a file's name in the hands of those who look for what the terminal can do. */
static gboolean
is_terminal_type (const char *text)
{
  return strlen (text) <= MAX_TERMINAL_LENGTH
         && strspn (text, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "+-._") == strlen (text);
}

static gboolean
handle_pty (DevSshCommand *self,
            DevSshReader  *reader)
{
  g_autofree char *type = devssh_reader_dup_utf8 (reader);
  guint32 columns = devssh_reader_get_uint32 (reader);
  guint32 rows = devssh_reader_get_uint32 (reader);
  guint32 width = devssh_reader_get_uint32 (reader);
  guint32 height = devssh_reader_get_uint32 (reader);
  g_autoptr(GBytes) modes = devssh_reader_get_string (reader);
  g_autoptr(GError) error = NULL;

  if (!devssh_reader_finish (reader, &error))
    return refuse (self, error->message);
  if (!self->service->allow_pty)
    return refuse (self, "a terminal: the application allows none");
  if (!is_early (self) || self->terminal >= 0)
    return refuse (self, "a terminal that is too late");
  if (!is_terminal_type (type))
    return refuse (self, "a terminal of a strange type");
  if (!devssh_command_open_terminal (&self->terminal, &self->terminal_slave, &error))
    return refuse (self, error->message);

  self->terminal_type = g_steal_pointer (&type);
  devssh_command_set_terminal_modes (self->terminal_slave, modes);
  devssh_command_set_window_size (self->terminal, columns, rows, width, height);
  return TRUE;
}

static gboolean
handle_window_change (DevSshCommand *self,
                      DevSshReader  *reader)
{
  guint32 columns = devssh_reader_get_uint32 (reader);
  guint32 rows = devssh_reader_get_uint32 (reader);
  guint32 width = devssh_reader_get_uint32 (reader);
  guint32 height = devssh_reader_get_uint32 (reader);
  g_autoptr(GError) error = NULL;

  if (!devssh_reader_finish (reader, &error))
    return refuse (self, error->message);

  if (self->process != NULL)
    return devssh_command_process_resize (self->process, columns, rows, width, height);

  if (self->terminal < 0)
    return refuse (self, "a size for no terminal");

  devssh_command_set_window_size (self->terminal, columns, rows, width, height);
  return TRUE;
}

/* ---- the environment (RFC 4254, 6.4; T-88) ---- */

static gboolean
handle_env (DevSshCommand *self,
            DevSshReader  *reader)
{
  g_autofree char *name = devssh_reader_dup_utf8 (reader);
  g_autofree char *value = devssh_reader_dup_utf8 (reader);
  const char * const *allowed = (const char * const *) self->service->allowed_environment;
  g_autoptr(GError) error = NULL;

  if (!devssh_reader_finish (reader, &error))
    return refuse (self, error->message);
  if (!is_early (self))
    return refuse (self, "a variable that is too late");
  if (name[0] == '\0' || strchr (name, '=') != NULL || allowed == NULL || !g_strv_contains (allowed, name))
    return refuse (self, "a variable that is not allowed");
  if (strlen (value) > MAX_VALUE_LENGTH)
    return refuse (self, "a variable that is too long");

  /* One entry for each name that is allowed, and so no more of them than the application has listed. */
  self->environment = g_environ_setenv (self->environment, name, value, TRUE);
  return TRUE;
}

/* ---- a signal (RFC 4254, 6.9) ---- */

static gboolean
handle_signal (DevSshCommand *self,
               DevSshReader  *reader)
{
  g_autofree char *name = devssh_reader_dup_utf8 (reader);
  g_autoptr(GError) error = NULL;
  int number;

  if (!devssh_reader_finish (reader, &error))
    return refuse (self, error->message);

  number = devssh_command_signal_number (name);
  if (number == 0)
    return refuse (self, "a signal of no known name");

  return self->process != NULL && devssh_command_process_signal (self->process, number);
}

/* ---- a command (RFC 4254, 6.5) ---- */

static char **
dup_base_environment (DevSshCommandService *service)
{
  char **environment;

  if (service->base_environment != NULL)
    return g_strdupv (service->base_environment);

  environment = g_environ_setenv (NULL, "HOME", g_get_home_dir (), TRUE);
  environment = g_environ_setenv (environment, "LOGNAME", g_get_user_name (), TRUE);
  environment = g_environ_setenv (environment, "PATH", DEFAULT_PATH, TRUE);
  environment = g_environ_setenv (environment, "SHELL", service->shell, TRUE);

  return g_environ_setenv (environment, "USER", g_get_user_name (), TRUE);
}

static char **
dup_environment (DevSshCommand *self)
{
  char **environment = dup_base_environment (self->service);

  for (char **entry = self->environment; entry != NULL && *entry != NULL; entry++)
    {
      g_auto(GStrv) parts = g_strsplit (*entry, "=", 2);

      environment = g_environ_setenv (environment, parts[0], parts[1], TRUE);
    }

  if (self->terminal_type != NULL && self->terminal_type[0] != '\0')
    environment = g_environ_setenv (environment, "TERM", self->terminal_type, TRUE);

  return environment;
}

/* NULL: the application does not know it any more. */
static char **
dup_argv (DevSshCommandService *service,
          const char           *request_type,
          const char           *text)
{
  g_autofree char *shell_name = g_path_get_basename (service->shell);
  g_autofree char *login_name = g_strconcat ("-", shell_name, NULL);
  const char *exec[] = { service->shell, "-c", text, NULL };
  /* The dash tells a shell that it is the first one of a login. */
  const char *shell[] = { service->shell, login_name, NULL };

  if (g_str_equal (request_type, DEVSSH_REQUEST_EXEC))
    return g_strdupv ((char **) exec);
  else if (g_str_equal (request_type, DEVSSH_REQUEST_SHELL))
    return g_strdupv ((char **) shell);
  else
    return g_strdupv (g_hash_table_lookup (service->subsystems, text));
}

static void
close_terminal (DevSshCommand *self)
{
  if (self->terminal < 0)
    return;

  g_close (self->terminal, NULL);
  g_close (self->terminal_slave, NULL);
  self->terminal = self->terminal_slave = -1;
}

static gboolean
start (DevSshCommand *self,
       const char    *request_type,
       const char    *text)
{
  DevSshCommandService *service = self->service;
  g_auto(GStrv) argv = dup_argv (service, request_type, text);
  g_auto(GStrv) environment = dup_environment (self);
  g_autoptr(GError) error = NULL;
  DevSshCommandStart what = {
    .argv = argv,
    .is_login = g_str_equal (request_type, DEVSSH_REQUEST_SHELL),
    .environment = environment,
    .working_directory = service->working_directory != NULL ? service->working_directory : g_get_home_dir (),
    .hangup_grace = service->hangup_grace,
    .terminal = self->terminal,
    .terminal_slave = self->terminal_slave,
  };

  if (argv == NULL)
    return refuse (self, "a subsystem that is not there");

  self->process = devssh_command_process_start (service, self->channel, &what, &error);
  if (self->process == NULL)
    return refuse (self, error->message);

  close_terminal (self);
  return TRUE;
}

static void
asked_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  DevSshCommandService *service = DEVSSH_COMMAND_SERVICE (source);
  g_autoptr(DevSshChannelRequest) request = user_data;
  DevSshChannel *channel = devssh_channel_request_get_channel (request);
  const char *request_type = devssh_channel_request_get_request_type (request);
  g_autofree char *text = devssh_channel_request_dup_command (request);
  gboolean allowed = devssh_service_ask_finish (DEVSSH_SERVICE (service), result, NULL);
  DevSshCommand *self = g_hash_table_lookup (service->commands, channel);

  /* The channel is closed, and nobody waits any more. */
  if (self == NULL)
    return;

  self->asking = FALSE;
  allowed = allowed && start (self, request_type, text);
  devssh_channel_request_complete (request, allowed);
  if (allowed)
    g_signal_emit_by_name (service, "command-started", channel, request_type, text);
}

/* May this be put to the application? */
static gboolean
check_start (DevSshCommand *self,
             const char    *request_type,
             const char    *text)
{
  /* RFC 4254, 6.5: "Only one of these requests can succeed per channel." */
  if (!is_early (self))
    return refuse (self, "a second command");

  if (g_str_equal (request_type, DEVSSH_REQUEST_SHELL))
    return TRUE;

  if (text == NULL)
    return refuse (self, "a command that is malformed");
  if (strlen (text) > MAX_COMMAND_LENGTH)
    return refuse (self, "a command that is too long");
  if (g_str_equal (request_type, DEVSSH_REQUEST_SUBSYSTEM) && !g_hash_table_contains (self->service->subsystems, text))
    return refuse (self, "a subsystem that is not there");

  return TRUE;
}

static gboolean
handle_start (DevSshCommand        *self,
              DevSshChannelRequest *request)
{
  g_autofree char *text = devssh_channel_request_dup_command (request);

  if (!check_start (self, devssh_channel_request_get_request_type (request), text))
    return FALSE;

  /* A handler may turn the loop, in which the channel may close: self is not looked at any more. */
  self->asking = TRUE;
  devssh_service_ask_async (DEVSSH_SERVICE (self->service), DEVSSH_QUESTION (request), NULL,
                            asked_cb, g_object_ref (request));
  return TRUE;
}

/* ---- one channel ---- */

static const struct
{
  const char *request_type;
  gboolean  (*handle) (DevSshCommand *self, DevSshReader *reader);
} handlers[] = {
  { DEVSSH_REQUEST_PTY, handle_pty },
  { DEVSSH_REQUEST_ENV, handle_env },
  { DEVSSH_REQUEST_WINDOW_CHANGE, handle_window_change },
  { DEVSSH_REQUEST_SIGNAL, handle_signal },
};

static void
command_free (DevSshCommand *self)
{
  if (self->process != NULL)
    {
      devssh_command_process_hang_up (self->process);
      devssh_command_process_unref (self->process);
    }
  close_terminal (self);
  g_strfreev (self->environment);
  g_free (self->terminal_type);
  g_object_unref (self->channel);
  g_free (self);
}

/* Out of the table first: what hears of the end of a command may end others. */
static void
channel_closed_cb (DevSshCommandService *service,
                   DevSshChannel        *channel)
{
  gpointer command;

  if (g_hash_table_steal_extended (service->commands, channel, NULL, &command))
    command_free (command);
}

void
devssh_command_end_all (DevSshCommandService *service)
{
  g_autoptr(GPtrArray) channels = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  gpointer channel;

  g_hash_table_iter_init (&iter, service->commands);
  while (g_hash_table_iter_next (&iter, &channel, NULL))
    g_ptr_array_add (channels, g_object_ref (channel));

  for (guint i = 0; i < channels->len; i++)
    channel_closed_cb (service, channels->pdata[i]);
}

static void
close_received_cb (DevSshCommandService *service,
                   DevSshChannel        *channel)
{
  DevSshCommand *self = g_hash_table_lookup (service->commands, channel);

  if (self == NULL || self->process == NULL || !devssh_command_process_close (self->process))
    devssh_channel_close (channel);
}

static DevSshCommand *
get_command (DevSshCommandService *service,
             DevSshChannel        *channel)
{
  DevSshCommand *self = g_hash_table_lookup (service->commands, channel);

  if (self != NULL)
    return self;

  self = g_new0 (DevSshCommand, 1);
  self->service = service;
  self->channel = g_object_ref (channel);
  self->terminal = self->terminal_slave = -1;
  g_hash_table_insert (service->commands, channel, self);
  devssh_channel_set_manual_close (channel, TRUE);
  g_signal_connect_object (channel, "close-received", G_CALLBACK (close_received_cb), service, G_CONNECT_SWAPPED);
  g_signal_connect_object (channel, "closed", G_CALLBACK (channel_closed_cb), service, G_CONNECT_SWAPPED);

  return self;
}

gboolean
devssh_command_channel_request (DevSshCommandService *service,
                                DevSshChannelRequest *request)
{
  DevSshCommand *self = get_command (service, devssh_channel_request_get_channel (request));
  const char *request_type = devssh_channel_request_get_request_type (request);

  for (guint i = 0; i < G_N_ELEMENTS (handlers); i++)
    {
      if (g_str_equal (handlers[i].request_type, request_type))
        {
          g_autoptr(DevSshReader) reader = devssh_reader_new (devssh_channel_request_get_payload (request));

          devssh_channel_request_complete (request, handlers[i].handle (self, reader));
          return TRUE;
        }
    }

  return handle_start (self, request);
}
