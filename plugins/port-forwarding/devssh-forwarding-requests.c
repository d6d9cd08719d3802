/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the peer asks: to listen, and to stop. The application decides on each (threat T-84). */
#include "devssh-forwarding-service.h"

#include <string.h>

#include "devssh-forwarding-listen.h"
#include "devssh-local-forwarder.h"

static DevSshPortForwardMessage *
read_request (DevSshSessionRequest  *request,
              GError               **error)
{
  return devssh_port_forward_message_parse (devssh_session_request_get_request_type (request),
                                            devssh_session_request_get_payload (request), error);
}

/* What a log calls it */
static char *
name_of (DevSshPortForwardMessage *message)
{
  const char *path = devssh_forwarding_path_of (devssh_port_forward_message_get_host (message));

  return path != NULL ? g_strdup (path) : g_strdup_printf ("port %u", devssh_port_forward_message_get_port (message));
}

/* Every no says why. */
static void
refused (DevSshForwardingService  *self,
         DevSshTraceEvent          event,
         DevSshPortForwardMessage *message,
         const char               *reason)
{
  g_autofree char *name = message != NULL ? name_of (message) : g_strdup ("a port");

  devssh_forwarding_service_trace (self, DEVSSH_TRACE_LEVEL_WARNING, event, "A request about %s is refused: %s",
                                   name, reason);
}

static DevSshForwardedPort *
find_port (DevSshForwardingService  *self,
           DevSshPortForwardMessage *message)
{
  return devssh_forwarding_service_find_remote (self, self->remote_ports,
                                                devssh_port_forward_message_get_host (message),
                                                devssh_port_forward_message_get_port (message));
}

static gboolean
same_port (DevSshPortForwardMessage *a,
           DevSshPortForwardMessage *b)
{
  const char *path = devssh_forwarding_path_of (devssh_port_forward_message_get_host (a));

  return path != NULL ? strcmp (path, devssh_port_forward_message_get_host (b)) == 0
                      : devssh_port_forward_message_get_port (a) == devssh_port_forward_message_get_port (b);
}

static gboolean
find_cancelling (DevSshForwardingService  *self,
                 DevSshPortForwardMessage *message,
                 guint                    *position)
{
  for (guint i = 0; i < self->cancelling->len; i++)
    {
      if (same_port (message, self->cancelling->pdata[i]))
        {
          *position = i;
          return TRUE;
        }
    }

  return FALSE;
}

/* ---- to listen ---- */

typedef struct
{
  DevSshForwardingService  *self;
  DevSshSessionRequest     *request;
  DevSshPortForwardMessage *message;
  const char               *host;       /* of message */
  guint                     port;
} Forward;

static void
forward_free (Forward *forward)
{
  g_object_unref (forward->self);
  g_object_unref (forward->request);
  devssh_port_forward_message_unref (forward->message);
  g_free (forward);
}

/* Is it to be had? One that is only recorded may be asked for again where we listen now: then it listens, too (protocol.md 6.4). */
static gboolean
check_free (Forward   *forward,
            gboolean   decided,
            GError   **error)
{
  DevSshForwardingService *self = forward->self;
  DevSshForwardedPort *port = find_port (self, forward->message);
  guint position;

  if (port == NULL
      || (!decided && find_cancelling (self, forward->message, &position))
      || (self->accept_local && !devssh_local_forwarder_get_listens (DEVSSH_LOCAL_FORWARDER (port))))
    return TRUE;

  g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_REFUSED, "it is forwarded already");
  return FALSE;
}

/* What can be said without asking the application; also after it was asked, for it may have taken long. A port that
 * is about to be cancelled may be asked for again already. */
static gboolean
check_forward (Forward   *forward,
               gboolean   decided,
               GError   **error)
{
  DevSshForwardingService *self = forward->self;

  if (devssh_forwarding_path_of (forward->host) == NULL)
    {
      g_autoptr(GPtrArray) addresses = devssh_forwarding_bind_addresses (forward->host, self->gateway_ports, error);

      if (addresses == NULL)
        return FALSE;

      if (forward->port == 0 && !self->accept_local)
        {
          g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_REFUSED, "nobody listens here, so nobody can choose a port");
          return FALSE;
        }
    }

  return check_free (forward, decided, error);
}

static DevSshForwardingListening *
start_listening (Forward  *forward,
                 GError  **error)
{
  DevSshForwardingService *self = forward->self;
  DevSshPortForwarder *forwarder = DEVSSH_PORT_FORWARDER (self);
  g_autoptr(DevSshForwardingListening) listening = NULL;
  g_autoptr(GPtrArray) addresses = NULL;

  if (devssh_forwarding_path_of (forward->host) != NULL)
    return devssh_forwarding_listen_on_path (forwarder, forward->host, error);

  addresses = devssh_forwarding_bind_addresses (forward->host, self->gateway_ports, error);
  if (addresses == NULL)
    return NULL;

  listening = devssh_forwarding_listen (forwarder, addresses, forward->port, forward->port, error);
  if (listening == NULL)
    return NULL;

  if (forward->port == 0
      && devssh_forwarding_service_find_remote (self, self->remote_ports, NULL, listening->port) != NULL)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_REFUSED, "the chosen port %u is forwarded already", listening->port);
      return NULL;
    }

  return g_steal_pointer (&listening);
}

/* (nullable): nothing is to be said, for the peer does not listen to it. FALSE: the application does not want to say it. */
static gboolean
make_reply (Forward   *forward,
            guint      port,
            GBytes   **reply,
            GError   **error)
{
  const char *type = devssh_session_request_get_request_type (forward->request);
  g_autoptr(GBytes) fields = NULL;

  if (!devssh_session_request_get_want_reply (forward->request))
    return TRUE;

  /* The port that was asked for, whichever one listens; always, for peers expect it (protocol.md 6.2). */
  if (devssh_forwarding_path_of (forward->host) == NULL)
    {
      g_autoptr(DevSshPortForwardMessage) success = devssh_port_forward_message_new_success (port);

      fields = devssh_port_forward_message_to_bytes (success);
    }
  else
    fields = g_bytes_new (NULL, 0);

  *reply = devssh_port_forwarder_create_message (DEVSSH_PORT_FORWARDER (forward->self),
                                                 DEVSSH_PORT_FORWARD_MESSAGE_KIND_SUCCESS, type, port, fields, error);

  return *reply != NULL;
}

/* Takes listening; NULL: nobody listens. */
static void
grant (Forward                   *forward,
       DevSshForwardingListening *listening,
       guint                      number,
       GBytes                    *reply)
{
  DevSshForwardingService *self = forward->self;
  const char *path = devssh_forwarding_path_of (forward->host);
  g_autoptr(DevSshForwardedPort) port = NULL;
  guint position;

  /* The reply first: whoever sees the new item may open a channel at once. */
  devssh_session_request_complete_with_payload (forward->request, TRUE, reply);

  g_set_object (&port, devssh_forwarding_service_find_remote (self, self->remote_ports, forward->host, number));
  if (port != NULL)
    {
      devssh_local_forwarder_listen (DEVSSH_LOCAL_FORWARDER (port), listening);
      if (g_list_store_find (self->remote_ports, port, &position))
        g_list_model_items_changed (G_LIST_MODEL (self->remote_ports), position, 1, 1);
      return;
    }

  port = devssh_local_forwarder_new (DEVSSH_SERVICE (self),
                                     path != NULL ? DEVSSH_CHANNEL_TYPE_FORWARDED_STREAMLOCAL
                                                  : DEVSSH_CHANNEL_TYPE_FORWARDED_TCPIP,
                                     listening, path, forward->host, number);
  devssh_forwarding_service_add (self, self->remote_ports, port);
  devssh_forwarding_end_waits (self, port);
}

static void
forward_now (Forward *forward)
{
  DevSshForwardingService *self = forward->self;
  g_autoptr(DevSshForwardingListening) listening = NULL;
  g_autoptr(GBytes) reply = NULL;
  g_autoptr(GError) error = NULL;
  guint port = forward->port;

  if (!check_forward (forward, TRUE, &error)
      || (self->accept_local && (listening = start_listening (forward, &error)) == NULL))
    {
      refused (self, DEVSSH_TRACE_EVENT_PORT_FORWARD_SERVER_LISTEN_FAILED, forward->message, error->message);
      devssh_session_request_complete (forward->request, FALSE);
      return;
    }

  if (port == 0 && listening != NULL)
    port = listening->port;

  if (!make_reply (forward, port, &reply, &error))
    {
      refused (self, DEVSSH_TRACE_EVENT_PORT_FORWARD_REQUEST_INVALID, forward->message, error->message);
      devssh_session_request_complete (forward->request, FALSE);
      return;
    }

  if (listening != NULL)
    {
      g_autofree char *name = name_of (forward->message);
      g_autofree char *place = devssh_forwarding_describe (listening->host, listening->port);

      devssh_forwarding_service_trace (self, DEVSSH_TRACE_LEVEL_INFO, DEVSSH_TRACE_EVENT_PORT_FORWARD_SERVER_LISTENING,
                                       "Listening on %s for the peer, which asked for %s", place, name);
    }
  /* The application was called meanwhile, and whatever listens after the end would do so for ever. */
  if (!self->closed)
    grant (forward, g_steal_pointer (&listening), port, reply);
}

static void
forward_decided_cb (GObject      *source,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  Forward *forward = user_data;
  g_autoptr(GError) error = NULL;

  if (devssh_service_ask_finish (DEVSSH_SERVICE (source), result, &error) && !forward->self->closed)
    forward_now (forward);
  else
    {
      if (error != NULL)
        refused (forward->self, DEVSSH_TRACE_EVENT_PORT_FORWARD_REQUEST_INVALID, forward->message, error->message);
      devssh_session_request_complete (forward->request, FALSE);
    }

  forward_free (forward);
}

static gboolean
handle_forward (DevSshForwardingService *self,
                DevSshSessionRequest    *request)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshPortForwardMessage) message = read_request (request, &error);
  Forward *forward;

  if (message == NULL)
    {
      refused (self, DEVSSH_TRACE_EVENT_PORT_FORWARD_REQUEST_INVALID, NULL, error->message);
      return FALSE;
    }

  forward = g_new0 (Forward, 1);
  forward->self = g_object_ref (self);
  forward->request = g_object_ref (request);
  forward->host = devssh_port_forward_message_get_host (message);
  forward->port = devssh_port_forward_message_get_port (message);
  forward->message = g_steal_pointer (&message);

  if (!check_forward (forward, FALSE, &error))
    {
      refused (self, DEVSSH_TRACE_EVENT_PORT_FORWARD_REQUEST_INVALID, forward->message, error->message);
      forward_free (forward);
      return FALSE;
    }

  devssh_service_ask_async (DEVSSH_SERVICE (self), DEVSSH_QUESTION (request), NULL, forward_decided_cb, forward);

  return TRUE;
}

/* ---- to stop ---- */

static void
cancel_decided_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  DevSshForwardingService *self = DEVSSH_FORWARDING_SERVICE (source);
  g_autoptr(DevSshSessionRequest) request = user_data;
  g_autoptr(DevSshPortForwardMessage) message = read_request (request, NULL);
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(GError) error = NULL;
  guint position;

  if (find_cancelling (self, message, &position))
    g_ptr_array_remove_index (self->cancelling, position);

  if (!devssh_service_ask_finish (DEVSSH_SERVICE (self), result, &error))
    refused (self, DEVSSH_TRACE_EVENT_PORT_FORWARD_REQUEST_INVALID, message, error->message);
  else if (!g_set_object (&port, find_port (self, message)))
    refused (self, DEVSSH_TRACE_EVENT_PORT_FORWARD_REQUEST_INVALID, message, "it is not forwarded any more");
  else
    devssh_forwarded_port_close (port);

  devssh_session_request_complete (request, port != NULL);
}

static gboolean
handle_cancel (DevSshForwardingService *self,
               DevSshSessionRequest    *request)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshPortForwardMessage) message = read_request (request, &error);

  if (message == NULL || find_port (self, message) == NULL)
    {
      refused (self, DEVSSH_TRACE_EVENT_PORT_FORWARD_REQUEST_INVALID, message,
               error != NULL ? error->message : "it is not forwarded");
      return FALSE;
    }

  g_ptr_array_add (self->cancelling, devssh_port_forward_message_ref (message));
  devssh_service_ask_async (DEVSSH_SERVICE (self), DEVSSH_QUESTION (request), NULL,
                            cancel_decided_cb, g_object_ref (request));

  return TRUE;
}

gboolean
devssh_forwarding_session_request (DevSshService        *service,
                                   DevSshSessionRequest *request)
{
  static const struct
  {
    const char  *type;
    gboolean   (*handle) (DevSshForwardingService *self, DevSshSessionRequest *request);
  } rows[] = {
    { DEVSSH_REQUEST_TCPIP_FORWARD, handle_forward },
    { DEVSSH_REQUEST_CANCEL_TCPIP_FORWARD, handle_cancel },
    { DEVSSH_REQUEST_STREAMLOCAL_FORWARD, handle_forward },
    { DEVSSH_REQUEST_CANCEL_STREAMLOCAL_FORWARD, handle_cancel },
  };
  const char *type = devssh_session_request_get_request_type (request);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      if (strcmp (rows[i].type, type) == 0)
        return rows[i].handle (DEVSSH_FORWARDING_SERVICE (service), request);
    }

  return FALSE;
}
