/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connects what comes in at the peer's side (protocol.md 6.5). */
#include "devssh-remote-forwarder.h"

#include <string.h>

#include "devssh-forwarding-listen.h"
#include "devssh-forwarding-relay.h"
#include "devssh-forwarding-service.h"

struct _DevSshRemoteForwarder
{
  DevSshForwardedPort  parent_instance;
  DevSshService       *service;     /* weak: it keeps us until we are closed */
};

G_DEFINE_DYNAMIC_TYPE_EXTENDED (DevSshRemoteForwarder, devssh_remote_forwarder, DEVSSH_TYPE_FORWARDED_PORT,
                                G_TYPE_FLAG_FINAL, {})

static void
devssh_remote_forwarder_close (DevSshForwardedPort *port)
{
  DevSshRemoteForwarder *self = DEVSSH_REMOTE_FORWARDER (port);
  DevSshSession *session = self->service != NULL ? devssh_service_get_session (self->service) : NULL;

  const char *host = devssh_forwarded_port_get_remote_host (port);
  g_autoptr(DevSshPortForwardMessage) message = NULL;
  g_autoptr(GBytes) payload = NULL;
  const char *type;

  if (session == NULL)
    return;

  type = devssh_forwarding_path_of (host) != NULL ? DEVSSH_REQUEST_CANCEL_STREAMLOCAL_FORWARD
                                                  : DEVSSH_REQUEST_CANCEL_TCPIP_FORWARD;
  message = devssh_port_forward_message_new_request (type, devssh_forwarding_address_to_wire (host),
                                                     devssh_forwarded_port_get_remote_port (port));
  payload = devssh_port_forward_message_to_bytes (message);

  /* Nothing could be done about a "no" (protocol.md 6.2). */
  devssh_session_request_async (session, type, FALSE, payload, NULL, NULL, NULL);
}

static void
devssh_remote_forwarder_dispose (GObject *object)
{
  g_clear_weak_pointer (&DEVSSH_REMOTE_FORWARDER (object)->service);

  G_OBJECT_CLASS (devssh_remote_forwarder_parent_class)->dispose (object);
}

static void
devssh_remote_forwarder_class_init (DevSshRemoteForwarderClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = devssh_remote_forwarder_dispose;
  DEVSSH_FORWARDED_PORT_CLASS (klass)->close = devssh_remote_forwarder_close;
}

static void
devssh_remote_forwarder_class_finalize (DevSshRemoteForwarderClass *klass)
{
}

static void
devssh_remote_forwarder_init (DevSshRemoteForwarder *self)
{
}

void
devssh_remote_forwarder_register (GTypeModule *module)
{
  devssh_remote_forwarder_register_type (module);
}

DevSshForwardedPort *
devssh_remote_forwarder_new (DevSshService *service,
                             const char    *remote_host,
                             guint          remote_port,
                             const char    *local_host,
                             guint          local_port,
                             GBytes        *reply)
{
  DevSshRemoteForwarder *self = g_object_new (DEVSSH_TYPE_REMOTE_FORWARDER,
                                              "local-host", local_host,
                                              "local-port", local_port,
                                              "remote-host", remote_host,
                                              "remote-port", remote_port,
                                              "reply", reply,
                                              NULL);

  g_set_weak_pointer (&self->service, service);

  return DEVSSH_FORWARDED_PORT (self);
}

gboolean
devssh_remote_forwarder_matches (DevSshRemoteForwarder *self,
                                 const char            *host)
{
  return devssh_forwarding_same_host (devssh_forwarded_port_get_remote_host (DEVSSH_FORWARDED_PORT (self)), host);
}

static void
stream_ready_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr(DevSshForwardedPort) port = user_data;
  g_autoptr(GIOStream) stream = devssh_forwarding_stream_finish (result, NULL);

  if (stream != NULL)
    devssh_port_forwarder_emit_stream_opened (DEVSSH_PORT_FORWARDER (source), port, stream);
}

void
devssh_remote_forwarder_answer (DevSshRemoteForwarder *self,
                                DevSshChannelOpening  *opening)
{
  DevSshForwardedPort *port = DEVSSH_FORWARDED_PORT (self);
  DevSshChannel *channel = devssh_channel_opening_get_channel (opening);
  const char *local_host = devssh_forwarded_port_get_local_host (port);

  if (self->service == NULL || devssh_forwarded_port_get_is_closed (port))
    {
      devssh_channel_opening_reject (opening, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED,
                                     "The port is not forwarded any more");
      return;
    }

  if (local_host != NULL)
    {
      devssh_forwarding_answer (self->service, port, opening, FALSE, local_host,
                                devssh_forwarded_port_get_local_port (port));
      return;
    }

  if (!devssh_port_forwarder_has_stream_handler (DEVSSH_PORT_FORWARDER (self->service), port))
    {
      devssh_channel_opening_reject (opening, DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED, "Nobody takes streams");
      return;
    }

  devssh_forwarding_track (port, channel);
  devssh_forwarding_stream_async (self->service,
                                  devssh_forwarding_path_of (devssh_forwarded_port_get_remote_host (port)),
                                  devssh_forwarded_port_get_remote_port (port), channel, opening,
                                  stream_ready_cb, g_object_ref (port));
}
