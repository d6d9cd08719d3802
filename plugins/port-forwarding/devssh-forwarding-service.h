/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service "port-forwarding": what the peer asks goes in here, what the application calls as well. */
#pragma once

#include <libdevssh/devssh.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_FORWARDING_SERVICE (devssh_forwarding_service_get_type ())
G_DECLARE_FINAL_TYPE (DevSshForwardingService, devssh_forwarding_service, DEVSSH, FORWARDING_SERVICE, DevSshService)

/* Ports and Unix sockets are forwarded alike; wherever host and port go together, a host that is a path has port 0, and
 * of another host on the remote side only the port counts. */
struct _DevSshForwardingService
{
  DevSshService       parent_instance;

  gboolean            accept_local;
  gboolean            accept_remote;
  gboolean            forward;
  gboolean            replace_sockets;
  DevSshGatewayPorts  gateway_ports;

  GListStore         *local_ports;      /* we asked the peer; DevSshRemoteForwarder */
  GListStore         *remote_ports;     /* the peer asked us; DevSshLocalForwarder */
  GPtrArray          *direct_ports;     /* (element-type DevSshForwardedPort): the application asked us to listen */

  GQueue              requests;         /* of ours, that the peer has not answered: devssh-forwarding-asking.c */
  GQueue              waits;            /* for ports that the peer may ask for: devssh-forwarding-calls.c */
  GPtrArray          *cancelling;       /* (element-type DevSshPortForwardMessage): whose end the application decides on */
  GQueue              held;             /* openings that may belong to one of requests: devssh-forwarding-openings.c */
  GCancellable       *cancellable;      /* the session ends */
  gboolean            closed;
};

/* ---- devssh-forwarding-service.c ---- */
GCancellable        *devssh_forwarding_service_get_cancellable (DevSshService            *service);
/* NULL: closed, and task has ended. */
DevSshSession       *devssh_forwarding_service_get_session     (DevSshForwardingService  *self,
                                                                GTask                    *task);
/* Opens a channel, with the application's fields in the message; callback gets task, with a reference. If it cannot, task has
 * ended. self may be NULL: closed. */
void                 devssh_forwarding_service_open_channel    (DevSshForwardingService  *self,
                                                                DevSshPortForwardMessage *message,
                                                                GAsyncReadyCallback       callback,
                                                                GTask                    *task);
/* Listed until it is closed. */
void                 devssh_forwarding_service_add             (DevSshForwardingService  *self,
                                                                GListStore               *list,
                                                                DevSshForwardedPort      *port);
/* The one with this end on the remote side; NULL: none. */
DevSshForwardedPort *devssh_forwarding_service_find_remote     (DevSshForwardingService  *self,
                                                                GListStore               *list,
                                                                const char               *host,
                                                                guint                     remote_port);
G_GNUC_PRINTF (4, 5)
void                 devssh_forwarding_service_trace           (DevSshForwardingService  *self,
                                                                DevSshTraceLevel          level,
                                                                DevSshTraceEvent          event,
                                                                const char               *format,
                                                                ...);
/* What people read: "localhost port 80", or a path. */
char                *devssh_forwarding_describe                (const char               *host,
                                                                guint                     port);
GSource             *devssh_forwarding_watch_cancellable       (GCancellable             *cancellable,
                                                                gboolean                (*func) (GCancellable *, gpointer),
                                                                gpointer                  user_data);
void                 devssh_forwarding_watch_free              (GSource                  *source);

/* ---- devssh-forwarding-requests.c ---- */
gboolean             devssh_forwarding_session_request         (DevSshService            *service,
                                                                DevSshSessionRequest     *request);

/* ---- devssh-forwarding-openings.c ---- */
/* FALSE also if the default of the class has to decide: then *by_default is TRUE. */
gboolean             devssh_forwarding_channel_opening         (DevSshService            *service,
                                                                DevSshChannelOpening     *opening,
                                                                gboolean                 *by_default);
/* A request of ours was answered, or the session ended. */
void                 devssh_forwarding_look_at_held            (DevSshForwardingService  *self);

/* ---- devssh-forwarding-asking.c ---- */
/* local_host NULL: streams. task gets the port, or NULL if the peer refuses. */
void                 devssh_forwarding_ask_peer                (DevSshForwardingService  *self,
                                                                const char               *remote_host,
                                                                guint                     remote_port,
                                                                const char               *local_host,
                                                                guint                     local_port,
                                                                GTask                    *task);
/* May the answer to a request of ours make this one of ours? */
gboolean             devssh_forwarding_has_request_for         (DevSshForwardingService  *self,
                                                                const char               *host,
                                                                guint                     port);

/* ---- devssh-forwarding-calls.c ---- */
void                 devssh_forwarding_calls_init_interface    (DevSshPortForwarderInterface *iface);
/* A port has come into remote_ports, or (NULL) none will any more. */
void                 devssh_forwarding_end_waits               (DevSshForwardingService  *self,
                                                                DevSshForwardedPort      *port);

G_END_DECLS
