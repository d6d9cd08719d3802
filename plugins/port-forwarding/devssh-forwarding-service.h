/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service "port-forwarding": what the peer asks goes in here, what the application calls as well. */
#pragma once

#include <libdevssh/devssh.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_FORWARDING_SERVICE (devssh_forwarding_service_get_type ())
G_DECLARE_FINAL_TYPE (DevSshForwardingService, devssh_forwarding_service, DEVSSH, FORWARDING_SERVICE, DevSshService)

struct _DevSshForwardingService
{
  DevSshService       parent_instance;

  gboolean            accept_local;
  gboolean            accept_remote;
  gboolean            forward;
  DevSshGatewayPorts  gateway_ports;

  GListStore         *local_ports;      /* we asked the peer; DevSshRemoteForwarder */
  GListStore         *remote_ports;     /* the peer asked us; DevSshLocalForwarder */
  GPtrArray          *direct_ports;     /* (element-type DevSshForwardedPort): the application asked us to listen */

  GQueue              requests;         /* of ours, that the peer has not answered: devssh-forwarding-calls.c */
  GQueue              waits;            /* for ports that the peer may ask for: the same */
  GArray             *cancelling;       /* (element-type guint): ports whose end the application decides on */
  GQueue              held;             /* openings that may belong to one of requests: devssh-forwarding-incoming.c */
  GCancellable       *cancellable;      /* the session ends */
  gboolean            closed;
};

/* ---- devssh-forwarding-service.c ---- */
GCancellable        *devssh_forwarding_service_get_cancellable (DevSshService           *service);
/* Listed until it is closed. */
void                 devssh_forwarding_service_add             (DevSshForwardingService *self,
                                                                GListStore              *list,
                                                                DevSshForwardedPort     *port);
/* The one with this port on the remote side; NULL: none. */
DevSshForwardedPort *devssh_forwarding_service_find_remote     (DevSshForwardingService *self,
                                                                GListStore              *list,
                                                                guint                    remote_port);
G_GNUC_PRINTF (4, 5)
void                 devssh_forwarding_service_trace           (DevSshForwardingService *self,
                                                                DevSshTraceLevel         level,
                                                                DevSshTraceEvent         event,
                                                                const char              *format,
                                                                ...);

/* ---- devssh-forwarding-incoming.c ---- */
gboolean             devssh_forwarding_session_request         (DevSshService           *service,
                                                                DevSshSessionRequest    *request);
/* FALSE also if the default of the class has to decide: then *by_default is TRUE. */
gboolean             devssh_forwarding_channel_opening         (DevSshService           *service,
                                                                DevSshChannelOpening    *opening,
                                                                gboolean                *by_default);
/* A request of ours was answered, or the session ended. */
void                 devssh_forwarding_look_at_held            (DevSshForwardingService *self);

/* ---- devssh-forwarding-calls.c ---- */
void                 devssh_forwarding_calls_init_interface    (DevSshPortForwarderInterface *iface);
/* May the answer to a request of ours make this port one of ours? */
gboolean             devssh_forwarding_has_request_for         (DevSshForwardingService *self,
                                                                guint                    port);
/* A port has come into remote_ports, or (NULL) none will any more. */
void                 devssh_forwarding_end_waits               (DevSshForwardingService *self,
                                                                DevSshForwardedPort     *port);

G_END_DECLS
