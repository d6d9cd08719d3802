/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* devssh forward: ports that lead to the other side of a session, until somebody ends it. */
#include "tool.h"

#include <string.h>

static ToolConnection  connection;
static char          **local_specs;
static char          **remote_specs;

static GOptionEntry entries[] = {
  { "local", 'L', 0, G_OPTION_ARG_STRING_ARRAY, &local_specs,
    "Listen here, connect from the server; may be given again", "[ADDRESS:]PORT:HOST:PORT" },
  { "remote", 'R', 0, G_OPTION_ARG_STRING_ARRAY, &remote_specs,
    "Have the server listen, connect from here; may be given again", "[ADDRESS:]PORT:HOST:PORT" },
  { NULL }
};

/* [ADDRESS:]PORT:HOST:PORT; an IPv6 address stands in brackets. */
typedef struct
{
  char  *listen_address;   /* NULL: loopback */
  guint  listen_port;
  char  *host;
  guint  port;
} Spec;

static void
spec_clear (Spec *self)
{
  g_free (self->listen_address);
  g_free (self->host);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Spec, spec_clear)

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

static gboolean
spec_read (Spec        *self,
           const char  *text,
           GError     **error)
{
  g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func (g_free);
  const char *rest = text;
  guint64 listen_port = 0, port = 0;
  guint first;

  while (rest != NULL)
    g_ptr_array_add (parts, take_part (&rest));
  first = parts->len == 4 ? 1 : 0;
  if (parts->len != first + 3
      || !g_ascii_string_to_unsigned (parts->pdata[first], 10, 0, G_MAXUINT16, &listen_port, NULL)
      || !g_ascii_string_to_unsigned (parts->pdata[first + 2], 10, 1, G_MAXUINT16, &port, NULL)
      || *(char *) parts->pdata[first + 1] == '\0')
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "'%s' is not [ADDRESS:]PORT:HOST:PORT", text);
      return FALSE;
    }
  self->listen_address = first == 1 ? g_strdup (parts->pdata[0]) : NULL;
  self->listen_port = (guint) listen_port;
  self->host = g_strdup (parts->pdata[first + 1]);
  self->port = (guint) port;
  return TRUE;
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
      devssh_port_forwarder_forward_from_remote_port_async (self->forwarder, spec->listen_address, spec->listen_port,
                                                            spec->host, spec->port, NULL, tool_keep_result_cb, &result);
      tool_wait (result != NULL);
      return devssh_port_forwarder_forward_from_remote_port_finish (self->forwarder, result, error);
    }
  devssh_port_forwarder_forward_to_remote_port_async (self->forwarder, spec->listen_address, spec->listen_port,
                                                      spec->host, spec->port, NULL, tool_keep_result_cb, &result);
  tool_wait (result != NULL);
  return devssh_port_forwarder_forward_to_remote_port_finish (self->forwarder, result, error);
}

static int
forward_add (Forward    *self,
             gboolean    remote,
             const char *text)
{
  g_auto(Spec) spec = { 0 };
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *shown = NULL;
  guint listening;

  if (!spec_read (&spec, text, NULL))
    g_assert_not_reached ();
  port = forward_begin (self, remote, &spec, &error);
  if (port == NULL)
    return tool_fail (TOOL_REFUSED, error, "%s is not forwarded", text);

  listening = remote ? devssh_forwarded_port_get_remote_port (port) : devssh_forwarded_port_get_local_port (port);
  shown = g_strdup_printf ("port %u %s leads to %s port %u %s", listening, remote ? "of the server" : "here",
                           spec.host, spec.port, remote ? "from here" : "from the server");
  tool_event ("forwarding", shown,
              "direction", "s", remote ? "remote" : "local",
              "listen-port", "u", listening,
              "host", "s", spec.host,
              "port", "u", spec.port,
              NULL);
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
                   "Runs until it is interrupted. Port 0 is one that is free.\n\n"
                   "  devssh forward -L 8080:localhost:80 alice@example.org     the server's web server, at localhost:8080\n"
                   "  devssh forward -R 0:localhost:3000 alice@example.org      this computer's, at a port of the server\n\n"
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

const ToolCommand tool_forward_command = { "forward", "Forwards ports through a server", run };
