/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the peer asks: to listen, to stop, and to connect. The application decides on each (threat T-84). */
#include "devssh-forwarding-service.h"

#include <string.h>

#include "devssh-forwarding-relay.h"
#include "devssh-forwarding-sockets.h"
#include "devssh-local-forwarder.h"
#include "devssh-remote-forwarder.h"

/* How long an opening may wait for the answer to the request that it belongs to (protocol.md 6.5). */
#define GRACE_MILLISECONDS 200

/* ---- tcpip-forward ---- */

typedef struct
{
  DevSshForwardingService  *self;
  DevSshSessionRequest     *request;
  DevSshPortForwardMessage *message;
  const char               *address;    /* of message */
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

static void
invalid_request (DevSshForwardingService *self,
                 const char              *reason)
{
  devssh_forwarding_service_trace (self, DEVSSH_TRACE_LEVEL_WARNING, DEVSSH_TRACE_EVENT_PORT_FORWARD_REQUEST_INVALID,
                                   "A request to forward a port is refused: %s", reason);
}

static DevSshPortForwardMessage *
read_request (DevSshSessionRequest  *request,
              GError               **error)
{
  return devssh_port_forward_message_parse (devssh_session_request_get_request_type (request),
                                            devssh_session_request_get_payload (request), error);
}

static gboolean
find_cancelling (DevSshForwardingService *self,
                 guint                    port,
                 guint                   *position)
{
  for (guint i = 0; i < self->cancelling->len; i++)
    {
      if (g_array_index (self->cancelling, guint, i) == port)
        {
          *position = i;
          return TRUE;
        }
    }

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
  g_autoptr(GPtrArray) addresses = devssh_forwarding_bind_addresses (forward->address, self->gateway_ports, error);
  guint position;

  if (addresses == NULL)
    return FALSE;

  if (forward->port == 0 && !self->accept_local)
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_REFUSED, "nobody listens here, so nobody can choose a port");
      return FALSE;
    }

  if (forward->port != 0
      && (decided || !find_cancelling (self, forward->port, &position))
      && devssh_forwarding_service_find_remote (self, self->remote_ports, forward->port) != NULL)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_REFUSED, "port %u is forwarded already", forward->port);
      return FALSE;
    }

  return TRUE;
}

static DevSshForwardedPort *
start_forward (Forward  *forward,
               GError  **error)
{
  DevSshForwardingService *self = forward->self;
  g_autoptr(GPtrArray) addresses = devssh_forwarding_bind_addresses (forward->address, self->gateway_ports, error);
  g_autofree char *local_host = NULL;
  g_autoptr(GSocketListener) listener = NULL;
  guint port = forward->port;

  if (addresses == NULL)
    return NULL;

  if (!self->accept_local)
    return devssh_local_forwarder_new (DEVSSH_SERVICE (self), DEVSSH_CHANNEL_TYPE_FORWARDED_TCPIP, NULL,
                                       NULL, 0, NULL, forward->address, port);

  listener = devssh_forwarding_listen (addresses, port, &port, error);
  if (listener == NULL)
    return NULL;

  if (devssh_forwarding_service_find_remote (self, self->remote_ports, port) != NULL)
    {
      g_socket_listener_close (listener);
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_REFUSED, "the chosen port %u is forwarded already", port);
      return NULL;
    }

  local_host = g_inet_address_to_string (addresses->pdata[0]);

  return devssh_local_forwarder_new (DEVSSH_SERVICE (self), DEVSSH_CHANNEL_TYPE_FORWARDED_TCPIP, listener,
                                     local_host, port, NULL, forward->address, port);
}

static void
forward_now (Forward *forward)
{
  DevSshForwardingService *self = forward->self;
  g_autoptr(DevSshForwardedPort) port = NULL;
  g_autoptr(DevSshPortForwardMessage) success = NULL;
  g_autoptr(GBytes) reply = NULL;
  g_autoptr(GError) error = NULL;

  if (check_forward (forward, TRUE, &error))
    port = start_forward (forward, &error);

  if (port == NULL)
    {
      devssh_forwarding_service_trace (self, DEVSSH_TRACE_LEVEL_WARNING,
                                       DEVSSH_TRACE_EVENT_PORT_FORWARD_SERVER_LISTEN_FAILED,
                                       "Port %u cannot be forwarded: %s", forward->port, error->message);
      devssh_session_request_complete (forward->request, FALSE);
      return;
    }

  devssh_forwarding_service_trace (self, DEVSSH_TRACE_LEVEL_INFO, DEVSSH_TRACE_EVENT_PORT_FORWARD_SERVER_LISTENING,
                                   "Port %u is forwarded", devssh_forwarded_port_get_remote_port (port));

  /* The reply first: whoever sees the new item may open a channel at once. */
  success = devssh_port_forward_message_new_success (devssh_forwarded_port_get_remote_port (port));
  reply = devssh_port_forward_message_to_bytes (success);
  devssh_session_request_complete_with_payload (forward->request, TRUE, reply);
  devssh_forwarding_service_add (self, self->remote_ports, port);
  devssh_forwarding_end_waits (self, port);
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
    devssh_session_request_complete (forward->request, FALSE);

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
      invalid_request (self, error->message);
      return FALSE;
    }

  forward = g_new0 (Forward, 1);
  forward->self = g_object_ref (self);
  forward->request = g_object_ref (request);
  forward->address = devssh_port_forward_message_get_host (message);
  forward->port = devssh_port_forward_message_get_port (message);
  forward->message = g_steal_pointer (&message);

  if (!check_forward (forward, FALSE, &error))
    {
      invalid_request (self, error->message);
      forward_free (forward);
      return FALSE;
    }

  devssh_service_ask_async (DEVSSH_SERVICE (self), DEVSSH_QUESTION (request), NULL, forward_decided_cb, forward);

  return TRUE;
}

/* ---- cancel-tcpip-forward ---- */

static void
cancel_decided_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  DevSshForwardingService *self = DEVSSH_FORWARDING_SERVICE (source);
  g_autoptr(DevSshSessionRequest) request = user_data;
  g_autoptr(DevSshPortForwardMessage) message = read_request (request, NULL);
  g_autoptr(DevSshForwardedPort) port = NULL;
  gboolean accepted = devssh_service_ask_finish (DEVSSH_SERVICE (self), result, NULL);
  guint number = devssh_port_forward_message_get_port (message);
  guint position;

  if (find_cancelling (self, number, &position))
    g_array_remove_index (self->cancelling, position);

  if (accepted)
    g_set_object (&port, devssh_forwarding_service_find_remote (self, self->remote_ports, number));

  if (port != NULL)
    devssh_forwarded_port_close (port);

  devssh_session_request_complete (request, port != NULL);
}

static gboolean
handle_cancel (DevSshForwardingService *self,
               DevSshSessionRequest    *request)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshPortForwardMessage) message = read_request (request, &error);
  guint port;

  if (message == NULL)
    {
      invalid_request (self, error->message);
      return FALSE;
    }

  port = devssh_port_forward_message_get_port (message);
  if (devssh_forwarding_service_find_remote (self, self->remote_ports, port) == NULL)
    return FALSE;

  g_array_append_val (self->cancelling, port);
  devssh_service_ask_async (DEVSSH_SERVICE (self), DEVSSH_QUESTION (request), NULL,
                            cancel_decided_cb, g_object_ref (request));

  return TRUE;
}

gboolean
devssh_forwarding_session_request (DevSshService        *service,
                                   DevSshSessionRequest *request)
{
  DevSshForwardingService *self = DEVSSH_FORWARDING_SERVICE (service);
  const char *type = devssh_session_request_get_request_type (request);

  if (strcmp (type, DEVSSH_REQUEST_TCPIP_FORWARD) == 0)
    return handle_forward (self, request);
  else if (strcmp (type, DEVSSH_REQUEST_CANCEL_TCPIP_FORWARD) == 0)
    return handle_cancel (self, request);
  else
    return FALSE;
}

/* ---- channels ---- */

static void
reject_with (DevSshChannelOpening *opening,
             const GError         *error)
{
  if (error->domain == DEVSSH_CHANNEL_ERROR)
    devssh_channel_opening_reject (opening, (DevSshChannelOpenFailure) error->code, error->message);
  else
    devssh_channel_opening_reject (opening, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED, error->message);
}

static void
invalid_channel (DevSshForwardingService *self,
                 DevSshChannelOpening    *opening,
                 const char              *reason)
{
  devssh_forwarding_service_trace (self, DEVSSH_TRACE_LEVEL_WARNING, DEVSSH_TRACE_EVENT_PORT_FORWARD_CHANNEL_INVALID,
                                   "A channel is refused: %s", reason);
  devssh_channel_opening_reject (opening, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED, reason);
}

static DevSshPortForwardMessage *
read_opening (DevSshChannelOpening  *opening,
              GError               **error)
{
  return devssh_port_forward_message_parse (devssh_channel_opening_get_channel_type (opening),
                                            devssh_channel_opening_get_type_data (opening), error);
}

/* ---- direct-tcpip ---- */

static void
direct_decided_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  DevSshService *service = DEVSSH_SERVICE (source);
  g_autoptr(DevSshChannelOpening) opening = user_data;
  g_autoptr(DevSshPortForwardMessage) message = NULL;
  g_autoptr(GError) error = NULL;
  guint port;

  if (!devssh_service_ask_finish (service, result, &error) || (message = read_opening (opening, &error)) == NULL)
    {
      reject_with (opening, error);
      return;
    }

  port = devssh_port_forward_message_get_port (message);
  devssh_forwarding_answer (service, NULL, port, opening, TRUE, devssh_port_forward_message_get_host (message), port);
}

static gboolean
handle_direct (DevSshForwardingService  *self,
               DevSshChannelOpening     *opening,
               DevSshPortForwardMessage *message,
               gboolean                 *by_default)
{
  if (!self->accept_remote)
    {
      devssh_channel_opening_reject (opening, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED,
                                     "Only forwarded ports can be connected to");
      return TRUE;
    }

  if (!self->forward)
    {
      *by_default = TRUE;
      return FALSE;
    }

  if (devssh_port_forward_message_get_port (message) == 0)
    {
      invalid_channel (self, opening, "0 is not a port to connect to");
      return TRUE;
    }

  devssh_service_ask_async (DEVSSH_SERVICE (self), DEVSSH_QUESTION (opening), NULL,
                            direct_decided_cb, g_object_ref (opening));

  return TRUE;
}

/* ---- forwarded-tcpip ---- */

/* T-84: only for a port that we asked for. By port; by address where two forwards share one. */
static DevSshRemoteForwarder *
find_forwarder (DevSshForwardingService  *self,
                DevSshPortForwardMessage *message)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->local_ports));
  DevSshRemoteForwarder *first = NULL;

  for (guint i = 0; i < n; i++)
    {
      /* The list keeps it. */
      g_autoptr(DevSshForwardedPort) port = g_list_model_get_item (G_LIST_MODEL (self->local_ports), i);

      if (devssh_forwarded_port_get_remote_port (port) != devssh_port_forward_message_get_port (message))
        continue;

      if (devssh_remote_forwarder_matches (DEVSSH_REMOTE_FORWARDER (port), devssh_port_forward_message_get_host (message)))
        return DEVSSH_REMOTE_FORWARDER (port);

      if (first == NULL)
        first = DEVSSH_REMOTE_FORWARDER (port);
    }

  return first;
}

typedef struct
{
  DevSshRemoteForwarder *forwarder;
  DevSshChannelOpening  *opening;
} Forwarded;

static void
forwarded_decided_cb (GObject      *source,
                      GAsyncResult *result,
                      gpointer      user_data)
{
  Forwarded *forwarded = user_data;
  g_autoptr(GError) error = NULL;

  /* The application has asked for the port, and that was its decision; a handler may still say no to one channel. */
  if (devssh_service_ask_finish (DEVSSH_SERVICE (source), result, &error)
      || g_error_matches (error, DEVSSH_ERROR, DEVSSH_ERROR_REFUSED))
    devssh_remote_forwarder_answer (forwarded->forwarder, forwarded->opening);
  else
    reject_with (forwarded->opening, error);

  g_object_unref (forwarded->forwarder);
  g_object_unref (forwarded->opening);
  g_free (forwarded);
}

static void
ask_for_forwarded (DevSshForwardingService *self,
                   DevSshRemoteForwarder   *forwarder,
                   DevSshChannelOpening    *opening)
{
  Forwarded *forwarded = g_new0 (Forwarded, 1);

  forwarded->forwarder = g_object_ref (forwarder);
  forwarded->opening = g_object_ref (opening);
  devssh_service_ask_async (DEVSSH_SERVICE (self), DEVSSH_QUESTION (opening), NULL, forwarded_decided_cb, forwarded);
}

/* An opening that overtook the answer to our request, as it may where a peer answers late. */
typedef struct
{
  DevSshForwardingService *self;        /* has us in its queue */
  DevSshChannelOpening    *opening;
  GSource                 *grace;
} Held;

static void
held_free (Held *held)
{
  g_source_destroy (held->grace);
  g_source_unref (held->grace);
  g_object_unref (held->opening);
  g_free (held);
}

#define NOT_OURS "Nobody here asked for this port to be forwarded"

static gboolean
grace_over_cb (gpointer user_data)
{
  Held *held = user_data;

  g_queue_remove (&held->self->held, held);
  invalid_channel (held->self, held->opening, NOT_OURS);
  held_free (held);

  return G_SOURCE_REMOVE;
}

static void
hold (DevSshForwardingService *self,
      DevSshChannelOpening    *opening)
{
  Held *held = g_new0 (Held, 1);

  held->self = self;
  held->opening = g_object_ref (opening);
  held->grace = g_timeout_source_new (GRACE_MILLISECONDS);
  g_source_set_callback (held->grace, grace_over_cb, held, NULL);
  g_source_attach (held->grace, g_main_context_get_thread_default ());
  g_queue_push_tail (&self->held, held);
}

/* TRUE: it is over, one way or the other. */
static gboolean
look_at (DevSshForwardingService *self,
         DevSshChannelOpening    *opening)
{
  g_autoptr(DevSshPortForwardMessage) message = read_opening (opening, NULL);
  DevSshRemoteForwarder *forwarder = find_forwarder (self, message);

  if (forwarder != NULL)
    ask_for_forwarded (self, forwarder, opening);
  else if (self->closed || !devssh_forwarding_has_request_for (self, devssh_port_forward_message_get_port (message)))
    invalid_channel (self, opening, NOT_OURS);
  else
    return FALSE;

  return TRUE;
}

void
devssh_forwarding_look_at_held (DevSshForwardingService *self)
{
  GQueue held = self->held;

  /* What still waits comes back; handlers may bring more meanwhile. */
  g_queue_init (&self->held);

  while (held.head != NULL)
    {
      Held *item = g_queue_pop_head (&held);

      if (look_at (self, item->opening))
        held_free (item);
      else
        g_queue_push_tail (&self->held, item);
    }
}

static gboolean
handle_forwarded (DevSshForwardingService  *self,
                  DevSshChannelOpening     *opening,
                  DevSshPortForwardMessage *message,
                  gboolean                 *by_default)
{
  DevSshRemoteForwarder *forwarder = find_forwarder (self, message);
  gboolean may_be_ours = forwarder != NULL || devssh_forwarding_has_request_for (self, devssh_port_forward_message_get_port (message));

  if (!self->forward && may_be_ours)
    {
      if (forwarder != NULL)
        devssh_forwarding_track (DEVSSH_FORWARDED_PORT (forwarder), devssh_channel_opening_get_channel (opening));
      *by_default = TRUE;
      return FALSE;
    }

  if (!look_at (self, opening))
    hold (self, opening);

  return TRUE;
}

gboolean
devssh_forwarding_channel_opening (DevSshService        *service,
                                   DevSshChannelOpening *opening,
                                   gboolean             *by_default)
{
  DevSshForwardingService *self = DEVSSH_FORWARDING_SERVICE (service);
  const char *type = devssh_channel_opening_get_channel_type (opening);
  g_autoptr(DevSshPortForwardMessage) message = NULL;
  g_autoptr(GError) error = NULL;

  /* One of our own that the peer has confirmed: the application may have a word, not we. */
  if (!devssh_channel_opening_get_is_remote (opening))
    {
      *by_default = TRUE;
      return FALSE;
    }

  if (strcmp (type, DEVSSH_CHANNEL_TYPE_FORWARDED_TCPIP) == 0
      || strcmp (type, DEVSSH_CHANNEL_TYPE_DIRECT_TCPIP) == 0)
    {
      message = read_opening (opening, &error);
      if (message == NULL)
        {
          invalid_channel (self, opening, error->message);
          return TRUE;
        }

      return strcmp (type, DEVSSH_CHANNEL_TYPE_FORWARDED_TCPIP) == 0
             ? handle_forwarded (self, opening, message, by_default)
             : handle_direct (self, opening, message, by_default);
    }

  devssh_channel_opening_reject (opening, DEVSSH_CHANNEL_OPEN_FAILURE_UNKNOWN_CHANNEL_TYPE,
                                 "Channels of this type carry no forwarded connections");
  return TRUE;
}
