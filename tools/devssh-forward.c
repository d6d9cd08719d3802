/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* devssh forward: ports and Unix sockets that lead to the other side of a session, until somebody ends it. */
#include "tool.h"

#include <string.h>

#define RULE "[ADDRESS:]PORT:HOST:PORT"

static ToolConnection  connection;
static char          **local_specs;
static char          **remote_specs;
static gboolean        replace_sockets;

static GOptionEntry entries[] = {
  { "local", 'L', 0, G_OPTION_ARG_STRING_ARRAY, &local_specs,
    "Listen here, connect from the server; may be given again", RULE },
  { "remote", 'R', 0, G_OPTION_ARG_STRING_ARRAY, &remote_specs,
    "Have the server listen, connect from here; may be given again", RULE },
  { "replace-sockets", 0, 0, G_OPTION_ARG_NONE, &replace_sockets,
    "Remove a Unix socket of yours that is where -L shall listen", NULL },
  { NULL }
};

/* One end of a rule: ADDRESS and PORT, or the absolute PATH of a Unix socket, which has port 0. */
typedef struct
{
  char  *host;      /* NULL: loopback */
  guint  port;
} End;

/* LISTEN:TARGET; what has colons of its own, an IPv6 address or an odd path, stands in brackets. */
typedef struct
{
  End listen;
  End target;
} Spec;

static void
spec_clear (Spec *self)
{
  g_free (self->listen.host);
  g_free (self->target.host);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Spec, spec_clear)

static gboolean
is_path (const char *host)
{
  return host != NULL && *host == '/';
}

/* One part of a text with colons between. */
static char *
take_part (const char **text)
{
  const char *start = *text;
  const char *end;
  char *part;

  if (*start == '[' && (end = strchr (start, ']')) != NULL && (end[1] == ':' || end[1] == '\0'))
    {
      part = g_strndup (start + 1, (gsize) (end - start) - 1);
      end++;
    }
  else
    {
      end = start + strcspn (start, ":");
      part = g_strndup (start, (gsize) (end - start));
    }
  *text = *end == ':' ? end + 1 : NULL;
  return part;
}

/* An end of one part is a path or, if may_be_port, a port; one of two is a host and a port. */
static gboolean
end_read (End       *self,
          char     **parts,
          guint      n_parts,
          gboolean   may_be_port,
          guint      least_port)
{
  guint64 port = 0;

  if (n_parts == 1 && is_path (parts[0]))
    {
      self->host = g_strdup (parts[0]);
      return TRUE;
    }
  if (n_parts < (may_be_port ? 1 : 2) || n_parts > 2
      || !g_ascii_string_to_unsigned (parts[n_parts - 1], 10, least_port, G_MAXUINT16, &port, NULL))
    return FALSE;

  self->port = (guint) port;
  if (n_parts == 1)
    return TRUE;
  /* A path has no port, and a host to connect to has a name. */
  self->host = g_strdup (parts[0]);
  return !is_path (self->host) && (may_be_port || *self->host != '\0');
}

static gboolean
spec_read (Spec        *self,
           const char  *text,
           GError     **error)
{
  g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func (g_free);
  const char *rest = text;
  guint n_target, n_listen;

  while (rest != NULL)
    g_ptr_array_add (parts, take_part (&rest));

  n_target = is_path (parts->pdata[parts->len - 1]) ? 1 : 2;
  n_listen = parts->len > n_target ? parts->len - n_target : 0;
  if (end_read (&self->listen, (char **) parts->pdata, n_listen, TRUE, 0)
      && end_read (&self->target, (char **) parts->pdata + n_listen, n_target, FALSE, 1))
    return TRUE;

  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "'%s' is not " RULE ", with the absolute path of a Unix socket in place of [ADDRESS:]PORT or HOST:PORT or both",
               text);
  return FALSE;
}

/* ---- */

typedef struct
{
  DevSshPortForwarder *forwarder;
  GPtrArray           *ports;     /* (element-type DevSshForwardedPort) */
} Forward;

static DevSshForwardedPort *
forward_begin (Forward     *self,
               gboolean     remote,
               const Spec  *spec,
               GError     **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  if (remote)
    {
      devssh_port_forwarder_forward_from_remote_port_async (self->forwarder, spec->listen.host, spec->listen.port,
                                                            spec->target.host, spec->target.port, NULL, tool_keep_result_cb, &result);
      tool_wait (result != NULL);
      return devssh_port_forwarder_forward_from_remote_port_finish (self->forwarder, result, error);
    }
  devssh_port_forwarder_forward_to_remote_port_async (self->forwarder, spec->listen.host, spec->listen.port,
                                                      spec->target.host, spec->target.port, NULL, tool_keep_result_cb, &result);
  tool_wait (result != NULL);
  return devssh_port_forwarder_forward_to_remote_port_finish (self->forwarder, result, error);
}

static void
show_forward (gboolean   remote,
              const End *listen,
              const End *target)
{
  g_autofree char *from = is_path (listen->host) ? g_strdup (listen->host) : g_strdup_printf ("port %u", listen->port);
  g_autofree char *to = is_path (target->host) ? g_strdup (target->host)
                                               : g_strdup_printf ("%s port %u", target->host, target->port);
  g_autofree char *text = g_strdup_printf ("%s %s leads to %s %s", from, remote ? "of the server" : "here",
                                           to, remote ? "from here" : "from the server");

  tool_event ("forwarding", text,
              "direction", "s", remote ? "remote" : "local",
              "listen-port", "u", listen->port,
              "listen-path", "s", is_path (listen->host) ? listen->host : "",
              "host", "s", is_path (target->host) ? "" : target->host,
              "port", "u", target->port,
              "path", "s", is_path (target->host) ? target->host : "",
              NULL);
}

static int
forward_add (Forward    *self,
             gboolean    remote,
             const char *text)
{
  g_auto(Spec) spec = { 0 };
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(GError) error = NULL;

  if (!spec_read (&spec, text, NULL))
    g_assert_not_reached ();
  port = forward_begin (self, remote, &spec, &error);
  if (port == NULL)
    return tool_fail (TOOL_REFUSED, error, error != NULL ? "%s is not forwarded" : "The server does not forward %s", text);

  spec.listen.port = remote ? devssh_forwarded_port_get_remote_port (port) : devssh_forwarded_port_get_local_port (port);
  show_forward (remote, &spec.listen, &spec.target);
  g_ptr_array_add (self->ports, g_steal_pointer (&port));
  return TOOL_OK;
}

static int
forward_all (Forward   *self,
             gboolean   remote,
             char     **specs)
{
  for (int i = 0; specs != NULL && specs[i] != NULL; i++)
    {
      int status = forward_add (self, remote, specs[i]);

      if (status != TOOL_OK)
        return status;
    }
  return TOOL_OK;
}

/* Before anybody is called. */
static gboolean
check_specs (char   **specs,
             GError **error)
{
  for (int i = 0; specs != NULL && specs[i] != NULL; i++)
    {
      g_auto(Spec) spec = { 0 };

      if (!spec_read (&spec, specs[i], error))
        return FALSE;
    }
  return TRUE;
}

/* The host that a connection from the server goes to was named by us: it is wanted. */
static gboolean
allow_cb (DevSshPortForwarder *forwarder,
          const char          *host,
          const char          *address,
          guint                port,
          gpointer             user_data)
{
  return TRUE;
}

static int
run_session (DevSshSession *session)
{
  g_autoptr(GPtrArray) ports = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(GError) error = NULL;
  Forward self = { .ports = ports };
  DevSshService *service = devssh_session_activate_service (session, DEVSSH_SERVICE_NAME_PORT_FORWARDING, &error);
  int status;

  if (service == NULL)
    return tool_fail (TOOL_FAILED, error, "There is no plugin that forwards ports");
  self.forwarder = DEVSSH_PORT_FORWARDER (service);
  g_signal_connect (self.forwarder, "allow-address", G_CALLBACK (allow_cb), NULL);
  devssh_port_forwarder_set_replace_existing_sockets (self.forwarder, replace_sockets);

  status = forward_all (&self, FALSE, local_specs);
  if (status == TOOL_OK)
    status = forward_all (&self, TRUE, remote_specs);
  if (status != TOOL_OK)
    return status;

  tool_wait (devssh_session_get_is_closed (session) || tool_was_interrupted ());
  if (devssh_session_get_is_closed (session))
    return tool_fail (TOOL_FAILED, devssh_session_get_error (session), "The session has ended");
  return TOOL_OK;
}

static int
run (int   argc,
     char *argv[])
{
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new ();
  g_autoptr(DevSshClientSession) session = NULL;
  g_autoptr(GAsyncResult) closed = NULL;
  g_autoptr(GError) error = NULL;
  int status;

  if (!tool_parse (&tool_forward_command, "[USER@]HOST[:PORT]",
                   "Runs until it is interrupted. Port 0 is one that is free. The absolute path of a Unix socket may stand\n"
                   "in place of [ADDRESS:]PORT, of HOST:PORT or of both; one that listens is yours alone, and gone at the end.\n"
                   "What has a colon in it stands in brackets.\n\n"
                   "  devssh forward -L 8080:localhost:80 alice@example.org     the server's web server, at localhost:8080\n"
                   "  devssh forward -R 0:localhost:3000 alice@example.org      this computer's, at a port of the server\n"
                   "  devssh forward -L 5432:/run/postgresql/.s.PGSQL.5432 alice@example.org     the server's database, at port 5432\n"
                   "  devssh forward -L /tmp/docker.sock:/run/docker.sock alice@example.org      a socket there, as a socket here\n\n"
                   TOOL_STATUS_HELP,
                   entries, tool_connection_group (&connection), &argc, &argv))
    return TOOL_USAGE;
  if (argc != 2)
    return tool_fail (TOOL_USAGE, NULL, "Name one server");
  if (local_specs == NULL && remote_specs == NULL)
    return tool_fail (TOOL_USAGE, NULL, "Say what to forward: -L or -R");
  if (!check_specs (local_specs, &error) || !check_specs (remote_specs, &error))
    return tool_fail (TOOL_USAGE, error, "What to forward");

  devssh_session_config_allow_plugins (config, (const char *[]) { DEVSSH_SERVICE_NAME_PORT_FORWARDING, NULL });
  session = tool_connect (&connection, argv[1], config, &status);
  if (session == NULL)
    return status;

  tool_watch_signals ();
  status = run_session (DEVSSH_SESSION (session));
  devssh_session_close_async (DEVSSH_SESSION (session), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "", NULL,
                              tool_keep_result_cb, &closed);
  tool_wait (closed != NULL);
  tool_connection_clear (&connection);
  return status;
}

const ToolCommand tool_forward_command = { "forward", "Forwards ports and Unix sockets through a server", run };
