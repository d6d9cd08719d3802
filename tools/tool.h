/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the subcommands of `devssh` share: how they end, what they print, and how they get to a server. */
#pragma once

#include <libdevssh/devssh.h>

G_BEGIN_DECLS

/* What went wrong, for scripts. `exec` ends with the status of its command otherwise: these are at the end of the range. */
typedef enum
{
  TOOL_OK          = 0,
  TOOL_USAGE       = 250,
  TOOL_UNREACHABLE = 251,   /* no SSH server there */
  TOOL_HOST_KEY    = 252,   /* not the host that was wanted */
  TOOL_LOGIN       = 253,   /* the server does not let this user in */
  TOOL_REFUSED     = 254,   /* the server does not do what was asked */
  TOOL_FAILED      = 255    /* the connection was lost, or anything else */
} ToolStatus;

#define TOOL_STATUS_HELP \
  "Exit status:\n" \
  "  250  the command line makes no sense\n" \
  "  251  there is no SSH server, or none that can be talked to\n" \
  "  252  the host's key is not known, has changed or is revoked\n" \
  "  253  the server does not let this user in\n" \
  "  254  the server does not do what was asked\n" \
  "  255  the connection was lost, or anything else went wrong\n"

typedef struct
{
  const char *name;
  const char *summary;                            /* one line */
  int       (*run) (int argc, char *argv[]);      /* argv[0]: the name */
} ToolCommand;

extern const ToolCommand tool_contour_command;
extern const ToolCommand tool_exec_command;
extern const ToolCommand tool_forward_command;
extern const ToolCommand tool_key_command;
extern const ToolCommand tool_keygen_command;
extern const ToolCommand tool_known_hosts_command;
extern const ToolCommand tool_plugins_command;
extern const ToolCommand tool_serve_command;

/* ---- tool-output.c ---- */
extern gboolean tool_json;      /* --json: each event is one object on a line of its own */

/* An event: for people text (NULL: nothing), for programs an object with "event": name and what is in values, a sequence
 * of key, GVariant format and value as for g_variant_new(), ended with NULL. */
void tool_event (const char *name, const char *text, ...) G_GNUC_NULL_TERMINATED;
/* Says what is wrong, and returns status. error may be NULL. */
int  tool_fail  (int status, const GError *error, const char *format, ...) G_GNUC_PRINTF (3, 4);

/* ---- tool-wait.c: asynchronous calls, one after the other ---- */
void tool_keep_result_cb (GObject *source, GAsyncResult *result, gpointer user_data);
#define tool_wait(condition) \
  G_STMT_START { while (!(condition)) g_main_context_iteration (NULL, TRUE); } G_STMT_END
/* TRUE once SIGINT or SIGTERM has come. */
gboolean tool_was_interrupted (void);
void     tool_watch_signals   (void);

/* ---- tool-options.c ---- */
/* Parses argv; FALSE: it was wrong, and that was said (status TOOL_USAGE). arguments: what follows PROGRAM COMMAND in the usage line. */
gboolean tool_parse (const ToolCommand *command, const char *arguments, const char *help, GOptionEntry *entries, GOptionGroup *group,
                     int *argc, char ***argv);

/* ---- tool-known-hosts.c: paths: NULL: the usual files ---- */
/* The usual ones may always be missing. */
gboolean  tool_load_known_hosts (DevSshKnownHosts *known_hosts, char **paths, gboolean may_be_missing, GError **error);
/* The one that learns new hosts: the first. */
GFile    *tool_known_hosts_file (char **paths);

/* ---- tool-secret.c ---- */
/* NULL and error: it cannot be read. */
char *tool_read_secret_line (const char *path, GError **error);
/* NULL: there is no terminal, or nobody at it. */
char *tool_ask_secret       (const char *prompt);
void  tool_free_secret      (char *secret);

/* ---- tool-connect.c ---- */
/* How a server is reached, believed and logged in to. */
typedef struct
{
  char     *user;
  int       port;
  char    **identities;
  char    **known_hosts;
  char    **fingerprints;
  char     *password_file;
  gboolean  accept_new;
  gboolean  ask;
  gboolean  verbose;
} ToolConnection;

GOptionGroup        *tool_connection_group (ToolConnection *self);
void                 tool_connection_clear (ToolConnection *self);
/* A session that has logged in, or NULL and *status; what went wrong was said. destination: [USER@]HOST[:PORT]. */
DevSshClientSession *tool_connect          (ToolConnection *self, const char *destination, DevSshSessionConfig *config, int *status);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ToolConnection, tool_connection_clear)

G_END_DECLS
