/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the peer opens: to hosts that it names, and for ports that we asked for (threat T-84). */
#include "devssh-forwarding-service.h"

#include <string.h>

#include "devssh-forwarding-relay.h"
#include "devssh-forwarding-unix.h"
#include "devssh-remote-forwarder.h"

/* How long an opening may wait for the answer to the request that it belongs to (protocol.md 6.5). */
#define GRACE_MILLISECONDS 200

/* Every no says why, here and there. */
static void
reject (DevSshForwardingService  *self,
        DevSshChannelOpening     *opening,
        DevSshChannelOpenFailure  reason,
        const char               *text)
{
  devssh_forwarding_service_trace (self, DEVSSH_TRACE_LEVEL_WARNING, DEVSSH_TRACE_EVENT_PORT_FORWARD_CHANNEL_INVALID,
                                   "A channel of type %s is refused: %s",
                                   devssh_channel_opening_get_channel_type (opening), text);
  devssh_channel_opening_reject (opening, reason, text);
}

static void
reject_with (DevSshForwardingService *self,
             DevSshChannelOpening    *opening,
             const GError            *error)
{
  reject (self, opening,
          error->domain == DEVSSH_CHANNEL_ERROR ? (DevSshChannelOpenFailure) error->code
                                                : DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED,
          error->message);
}

static DevSshPortForwardMessage *
read_opening (DevSshChannelOpening  *opening,
              GError               **error)
{
  return devssh_port_forward_message_parse (devssh_channel_opening_get_channel_type (opening),
                                            devssh_channel_opening_get_type_data (opening), error);
}

/* ---- to a host or path ---- */

static void
direct_decided_cb (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  DevSshService *service = DEVSSH_SERVICE (source);
  g_autoptr(DevSshChannelOpening) opening = user_data;
  g_autoptr(DevSshPortForwardMessage) message = NULL;
  g_autoptr(GError) error = NULL;

  if (!devssh_service_ask_finish (service, result, &error) || (message = read_opening (opening, &error)) == NULL)
    {
      reject_with (DEVSSH_FORWARDING_SERVICE (service), opening, error);
      return;
    }

  devssh_forwarding_answer (service, NULL, opening, TRUE, devssh_port_forward_message_get_host (message),
                            devssh_port_forward_message_get_port (message));
}

static gboolean
handle_direct (DevSshForwardingService  *self,
               DevSshChannelOpening     *opening,
               DevSshPortForwardMessage *message,
               gboolean                 *by_default)
{
  if (!self->accept_remote)
    {
      reject (self, opening, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED,
              "Only forwarded ports can be connected to");
      return TRUE;
    }

  if (!self->forward)
    {
      *by_default = TRUE;
      return FALSE;
    }

  if (devssh_port_forward_message_get_port (message) == 0
      && devssh_forwarding_path_of (devssh_port_forward_message_get_host (message)) == NULL)
    {
      reject (self, opening, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED, "0 is not a port to connect to");
      return TRUE;
    }

  devssh_service_ask_async (DEVSSH_SERVICE (self), DEVSSH_QUESTION (opening), NULL,
                            direct_decided_cb, g_object_ref (opening));

  return TRUE;
}

/* ---- for a port or path of ours ---- */

/* T-84: only for a port that we asked for. By port; by address where two forwards share one. */
static DevSshRemoteForwarder *
find_forwarder (DevSshForwardingService  *self,
                DevSshPortForwardMessage *message)
{
  const char *host = devssh_port_forward_message_get_host (message);
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->local_ports));
  DevSshRemoteForwarder *first = NULL;

  if (devssh_forwarding_path_of (host) != NULL)
    return (DevSshRemoteForwarder *) devssh_forwarding_service_find_remote (self, self->local_ports, host, 0);
  if (devssh_port_forward_message_get_port (message) == 0)
    return NULL;

  for (guint i = 0; i < n; i++)
    {
      /* The list keeps it. */
      g_autoptr(DevSshForwardedPort) port = g_list_model_get_item (G_LIST_MODEL (self->local_ports), i);

      if (devssh_forwarded_port_get_remote_port (port) != devssh_port_forward_message_get_port (message))
        continue;

      if (devssh_remote_forwarder_matches (DEVSSH_REMOTE_FORWARDER (port), host))
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
    reject_with (DEVSSH_FORWARDING_SERVICE (source), forwarded->opening, error);

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

static gboolean
may_be_asked_for (DevSshForwardingService  *self,
                  DevSshPortForwardMessage *message)
{
  return devssh_forwarding_has_request_for (self, devssh_port_forward_message_get_host (message),
                                            devssh_port_forward_message_get_port (message));
}

/* It waits no longer, one way or the other. */
static void
answer_now (DevSshForwardingService *self,
            DevSshChannelOpening    *opening)
{
  g_autoptr(DevSshPortForwardMessage) message = read_opening (opening, NULL);
  DevSshRemoteForwarder *forwarder = find_forwarder (self, message);

  if (forwarder != NULL)
    ask_for_forwarded (self, forwarder, opening);
  else
    reject (self, opening, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED, "Nobody here asked for this port to be forwarded");
}

/* Out of the queue first: handlers may turn the loop, in which others are answered, too. */
static void
held_answer (Held *held)
{
  g_autoptr(DevSshForwardingService) self = g_object_ref (held->self);
  g_autoptr(DevSshChannelOpening) opening = g_object_ref (held->opening);

  g_queue_remove (&self->held, held);
  held_free (held);
  answer_now (self, opening);
}

static gboolean
grace_over_cb (gpointer user_data)
{
  held_answer (user_data);

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

static gboolean
may_wait (DevSshForwardingService *self,
          DevSshChannelOpening    *opening)
{
  g_autoptr(DevSshPortForwardMessage) message = read_opening (opening, NULL);

  return !self->closed && find_forwarder (self, message) == NULL && may_be_asked_for (self, message);
}

/* The first whose time has come; NULL: there is none. */
static Held *
find_answerable (DevSshForwardingService *self)
{
  for (GList *l = self->held.head; l != NULL; l = l->next)
    {
      if (!may_wait (self, ((Held *) l->data)->opening))
        return l->data;
    }

  return NULL;
}

void
devssh_forwarding_look_at_held (DevSshForwardingService *self)
{
  Held *held;

  while ((held = find_answerable (self)) != NULL)
    held_answer (held);
}

static gboolean
handle_forwarded (DevSshForwardingService  *self,
                  DevSshChannelOpening     *opening,
                  DevSshPortForwardMessage *message,
                  gboolean                 *by_default)
{
  DevSshRemoteForwarder *forwarder = find_forwarder (self, message);
  gboolean may_be_ours = forwarder != NULL || may_be_asked_for (self, message);

  if (!self->forward && may_be_ours)
    {
      if (forwarder != NULL)
        devssh_forwarding_track (DEVSSH_FORWARDED_PORT (forwarder), devssh_channel_opening_get_channel (opening));
      *by_default = TRUE;
      return FALSE;
    }

  if (may_wait (self, opening))
    hold (self, opening);
  else
    answer_now (self, opening);

  return TRUE;
}

typedef gboolean (*Handle) (DevSshForwardingService  *self,
                            DevSshChannelOpening     *opening,
                            DevSshPortForwardMessage *message,
                            gboolean                 *by_default);

static const struct { const char *type; Handle handle; } rows[] = {
  { DEVSSH_CHANNEL_TYPE_FORWARDED_TCPIP, handle_forwarded },
  { DEVSSH_CHANNEL_TYPE_DIRECT_TCPIP, handle_direct },
  { DEVSSH_CHANNEL_TYPE_FORWARDED_STREAMLOCAL, handle_forwarded },
  { DEVSSH_CHANNEL_TYPE_DIRECT_STREAMLOCAL, handle_direct },
};

static Handle
find_handle (const char *type)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      if (strcmp (rows[i].type, type) == 0)
        return rows[i].handle;
    }

  return NULL;
}

gboolean
devssh_forwarding_channel_opening (DevSshService        *service,
                                   DevSshChannelOpening *opening,
                                   gboolean             *by_default)
{
  DevSshForwardingService *self = DEVSSH_FORWARDING_SERVICE (service);
  g_autoptr(DevSshPortForwardMessage) message = NULL;
  g_autoptr(GError) error = NULL;
  Handle handle;

  /* One of our own that the peer has confirmed: the application may have a word, not we. */
  if (!devssh_channel_opening_get_is_remote (opening))
    {
      *by_default = TRUE;
      return FALSE;
    }

  handle = find_handle (devssh_channel_opening_get_channel_type (opening));
  if (handle == NULL)
    {
      reject (self, opening, DEVSSH_CHANNEL_OPEN_FAILURE_UNKNOWN_CHANNEL_TYPE,
              "Channels of this type carry no forwarded connections");
      return TRUE;
    }

  message = read_opening (opening, &error);
  if (message == NULL)
    {
      reject (self, opening, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED, error->message);
      return TRUE;
    }

  return handle (self, opening, message, by_default);
}
