/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the chapters of a session share: the pump that owns the engines, and the session's own state. */
#pragma once

#include <libdevssh/connection/devssh-connection-private.h>
#include <libdevssh/service/devssh-service-private.h>
#include <libdevssh/session/devssh-io-source-private.h>
#include <libdevssh/session/devssh-session-config-private.h>
#include <libdevssh/session/devssh-session.h>
#include <libdevssh/transport/devssh-transport-private.h>

G_BEGIN_DECLS

typedef struct _DevSshPump        DevSshPump;
typedef struct _DevSshSessionRole DevSshSessionRole;
typedef struct _DevSshKeepalive   DevSshKeepalive;

/* How far the end of a session has come. */
typedef enum
{
  DEVSSH_SESSION_ALIVE,
  DEVSSH_SESSION_ENDING,    /* decided; nobody has been told yet */
  DEVSSH_SESSION_TELLING,   /* channels, services and the application are being told */
  DEVSSH_SESSION_TOLD
} DevSshSessionEnd;

/* Who ended it, and so what is still written. */
typedef enum
{
  DEVSSH_END_ORDERLY,       /* we did: DISCONNECT behind what waits, and time for it to leave */
  DEVSSH_END_SAID,          /* the same, and the DISCONNECT leaves even if its reason is NONE */
  DEVSSH_END_FATAL,         /* the transport did: its DISCONNECT is in the output, nobody waits */
  DEVSSH_END_BY_PEER,       /* it has said so; nothing to say */
  DEVSSH_END_LOST           /* the stream is dead */
} DevSshEndKind;

/* What differs between the two ends; each row of functions is in its own file. */
struct _DevSshSessionRole
{
  gboolean is_server;
  /* Fills in what only this end has (host keys) before the transport is made. */
  void (*prepare)         (DevSshSession *session, DevSshTransportConfig *config);
  /* A message of 50 to 79. */
  void (*auth_message)    (DevSshSession *session, DevSshTransportEvent *event);
  /* An answer to an open question of the authentication may have come. */
  void (*auth_resume)     (DevSshSession *session);
  /* server: SERVICE_REQUEST "ssh-userauth"; client: SERVICE_ACCEPT "ssh-userauth" */
  void (*userauth_service)(DevSshSession *session);
  void (*host_key)        (DevSshSession *session, DevSshTransportEvent *event);
  void (*ext_info)        (DevSshSession *session);
  /* The first exchange of keys is done. */
  void     (*keyed)       (DevSshSession *session);
  /* server: a client asks for another session; client: the answer to that (protocol.md 3.5). Nothing behind it is decoded yet. */
  void     (*resume_message) (DevSshSession *session, DevSshTransportEvent *event);
  /* May it be resumed after a cut, as far as this end goes? */
  gboolean (*may_resume)  (DevSshSession *session);
  /* The connection is lost and the session waits for another; it has one again. */
  void     (*disconnected)(DevSshSession *session);
  void     (*reconnected) (DevSshSession *session);
  /* Meanwhile: what is remembered may have grown. */
  void     (*remembers)   (DevSshSession *session);
  /* All that a reconnect needs is there, for the first time. */
  void     (*reconnect_enabled) (DevSshSession *session);
  /* The session has ended: drop engines, fail own tasks with error. */
  void (*ended)           (DevSshSession *session, const GError *error);
};

/* A SERVICE_REQUEST of ours: it keeps its place until the answer comes, whoever still waits for that. */
typedef struct
{
  char              *name;
  GTask             *task;      /* NULL: given up */
  DevSshCancelWatch *watch;
} DevSshServiceWait;

typedef struct
{
  const DevSshSessionRole *role;
  DevSshPump              *pump;            /* until finalize; its session is NULL once we are disposed of */
  DevSshContext           *context;
  DevSshSessionConfig     *config;          /* our own copy */
  GIOStream               *stream;
  DevSshServiceRegistry   *registry;
  GListStore              *services;
  GQueue                   waiting;         /* (element-type DevSshWaiting): for a module that a thread opens */
  GSList                  *starting;        /* (element-type DevSshServiceEntry): borrowed; whose instance is just made */
  DevSshSessionMetrics    *metrics;
  DevSshDeadline           metrics_deadline; /* their next notifications */
  gint64                   metrics_notified; /* when the last ones were */
  DevSshTracer            *tracer;
  GObject                 *principal;
  DevSshKeepalive         *keepalive;       /* NULL: was never needed */
  guint                    number;

  gboolean                 connecting;      /* connect_async was called */
  gboolean                 connected;
  gboolean                 disconnected;    /* waits for another connection; not connected then */
  GError                  *disconnect_error; /* why, until that is told */
  gboolean                 reconnect_enabled; /* was told once */
  gboolean                 authenticated;   /* set in devssh_session_set_authenticated() and nowhere else (T-31) */
  gboolean                 logging;         /* G_MESSAGES_DEBUG asks for us */

  DevSshSessionEnd         end;
  DevSshDisconnectReason   reason;
  char                    *message;
  GError                  *error;

  GError                  *config_error;    /* why connect will refuse */
  GTask                   *connect_task;
  GQueue                   service_waits;   /* (element-type DevSshServiceWait): unanswered, in order */
  GQueue                   wait_tasks;      /* (element-type GTask): wait_closed and close */
  GQueue                   enabled_waits;   /* (element-type EnabledWait): wait_until_reconnect_enabled */
  gboolean                 stream_closed;   /* the stream is gone too: close tasks may end */
} DevSshSessionPrivate;

DevSshSessionPrivate *devssh_session_get_private         (DevSshSession *self);

/* ---- devssh-session.c ---- */
/* Emits the signal that fits the question; devssh_question_begin() and end() are the caller's. TRUE: taken. listened: somebody was connected. */
gboolean     devssh_session_emit_question        (DevSshSession *self, DevSshQuestion *question, gboolean *listened);
gboolean     devssh_session_has_authenticating_handler (DevSshSession *self);
void         devssh_session_report_progress      (DevSshSession *self, DevSshProgress progress);
void         devssh_session_notify               (DevSshSession *self, const char *property);
void         devssh_session_emit_service_activated (DevSshSession *self, DevSshService *service);
void         devssh_session_emit_disconnected    (DevSshSession *self, const GError *error);
void         devssh_session_emit_closed          (DevSshSession *self);
void         devssh_session_emit_keepalive       (DevSshSession *self, gboolean succeeded, guint count);
void         devssh_session_emit_trace           (DevSshSession *self);   /* hands out the tracer's notes */
/* The one place that makes a session authenticated: called from the verified path of the role. */
void         devssh_session_set_authenticated    (DevSshSession *self, GObject *principal);
void         devssh_session_set_connected        (DevSshSession *self);
/* FALSE, and task ended with the right error: wrong thread, closed, not connected, not authenticated. */
gboolean     devssh_session_check_usable         (DevSshSession *self, GTask *task, gboolean needs_authentication);

/* A GWeakRef for whom the application may keep for ever: a request of the credentials must not keep the session (design D18). */
gpointer     devssh_session_new_weak             (DevSshSession *self);
void         devssh_session_free_weak            (gpointer weak);

/* ---- devssh-session-router.c ---- */
void         devssh_session_route_transport      (DevSshSession *self, DevSshTransportEvent *event);
void         devssh_session_route_connection     (DevSshSession *self, DevSshConnectionEvent *event);

/* ---- devssh-session-services.c ---- */
/* The running instance of entry, made now if need be; NULL and error: the plugin is broken, and why. */
DevSshService *devssh_session_ensure_service     (DevSshSession *self, DevSshServiceEntry *entry, GError **error);
/* Shows a question to the matching service, else to the session's signal. */
gboolean     devssh_session_ask                  (DevSshSession *self, DevSshQuestion *question, gboolean *listened);
/* Its module is not open yet, or others wait for that already. */
gboolean     devssh_session_must_await_module    (DevSshSession *self, DevSshServiceEntry *entry);
/* A thread opens it; then the question is asked, or the service request served. FALSE: too many service requests wait. */
gboolean     devssh_session_await_module         (DevSshSession *self, DevSshServiceEntry *entry, DevSshQuestion *question,
                                                  const char *service_name);
void         devssh_session_detach_services      (DevSshSession *self);

/* ---- devssh-session-service-request.c ---- */
void         devssh_session_service_requested    (DevSshSession *self, const char *name);
void         devssh_session_service_accepted     (DevSshSession *self, const char *name);
/* Starts the service and says so, or ends the session. entry NULL: there is none. */
void         devssh_session_serve                (DevSshSession *self, DevSshServiceEntry *entry, const char *name);
/* Asks for a service; task is taken. */
void         devssh_session_wait_for_service     (DevSshSession *self, const char *name, GTask *task);
void         devssh_session_fail_service_waits   (DevSshSession *self);

/* ---- devssh-session-end.c ---- */
/* Decides the end; the first decision counts. error NULL: a DEVSSH_CONNECTION_ERROR is made of reason and message. */
void         devssh_session_end                  (DevSshSession *self, DevSshDisconnectReason reason, const char *message,
                                                  const GError *error, DevSshEndKind kind);
/* The peer is out of reach: the stream has died, or the peer does not answer. The one place that decides what follows. */
void         devssh_session_connection_lost      (DevSshSession *self, const char *why);
/* Tells everybody; from the pump, with no engine frame on the stack. */
void         devssh_session_tell_end             (DevSshSession *self);
void         devssh_session_stream_closed        (DevSshSession *self);
void         devssh_session_drop                 (DevSshSession *self);

/* ---- devssh-session-keepalive.c ---- */
/* The session can send requests from now on, over this transport: the first interval begins. Nothing happens if it cannot, or if the
 * configuration has no keepalive. */
void         devssh_session_keepalive_restart    (DevSshSession *self);
/* Nothing is sent and nothing is counted until restart(); the counts stay. Legal at any time. */
void         devssh_session_keepalive_suspend    (DevSshSession *self);
void         devssh_keepalive_free               (DevSshKeepalive *self);

/* ---- devssh-session-metrics.c ---- */
/* After each turn of the pump: hands out what was noted, sees to it that changes are notified. */
void         devssh_session_emit_metrics         (DevSshSession *self);
/* The session has ended: everything is told now. */
void         devssh_session_close_metrics        (DevSshSession *self);
/* The session is going away: whoever still has the metrics is told from the loop. */
void         devssh_session_drop_metrics         (DevSshSession *self);

/* ---- devssh-client-session.c ---- */
/* May it be connected anew now? */
gboolean     devssh_client_session_check_reconnect (DevSshClientSession *self, GError **error);

/* ---- devssh-server-session.c ---- */
/* Has it ended because another session goes on over its connection? */
gboolean     devssh_server_session_was_merged    (DevSshServerSession *self);

/* ---- devssh-session-reconnect.c ---- */
/* Could it go on over another connection, if this one were lost now? */
gboolean     devssh_session_may_resume           (DevSshSession *self);
/* The connection is gone; the session stays. */
void         devssh_session_disconnect           (DevSshSession *self, const char *why);
void         devssh_session_tell_disconnected    (DevSshSession *self);
/* It goes on over what another session was made for; all transfer full. counted: that one's metrics. */
void         devssh_session_resume               (DevSshSession *self, GIOStream *stream, DevSshIoWatch *watch, DevSshTransport *transport,
                                                  DevSshSessionMetrics *counted);
void         devssh_session_check_reconnect      (DevSshSession *self);
void         devssh_session_fail_enabled_tasks   (DevSshSession *self);
/* While it is disconnected: so much is remembered. */
void         devssh_session_remembers            (DevSshSession *self);

/* ---- devssh-session-pump.c ---- */
/* Owns stream and engines; the context's sources point at it and never at the session (design D18). */
struct _DevSshPump
{
  gatomicrefcount   ref_count;
  DevSshSession    *session;      /* borrowed; NULL once it is gone */
  DevSshContext    *context;
  GIOStream        *stream;       /* NULL when it is lost, given away or closed */
  DevSshIoWatch    *watch;        /* NULL before connect, without a stream, and after the end */
  DevSshTransport  *transport;
  DevSshConnection *connection;
  DevSshDeadline    deadline;
  DevSshProbe       nested;       /* a turn runs: a nested loop has to go on with what it left */
  guint             turns;        /* how many run, one inside the other */
  GError           *write_error;  /* nothing can be written any more; what the peer sent before is still read */
  guint             n_rest_reads; /* since then */
  guint             writes_left;  /* in this turn */
  gboolean          woken;        /* there is something to do */
  gboolean          deferred;     /* a turn is due from the loop */
  gboolean          lingering;    /* the session has ended; only what is written waits for the socket */
  gboolean          half_closed;  /* lingering: our side of the stream is shut */
  gboolean          closed;
};

/* Its owner gives it transport and connection. */
DevSshPump  *devssh_pump_new          (DevSshSession *session, DevSshContext *context, GIOStream *stream);
DevSshPump  *devssh_pump_ref          (DevSshPump *self);
void         devssh_pump_unref        (DevSshPump *self);
void         devssh_pump_start        (DevSshPump *self);
/* Marks that there is something to do; the turn comes from the loop, or is the one that runs now. */
void         devssh_pump_wake         (gpointer self);
/* The turn at once, for whoever is called from the loop and has made work for it. */
void         devssh_pump_run          (DevSshPump *self);
/* Seals and writes what may leave before the end. */
void         devssh_pump_flush_last   (DevSshPump *self);
/* The connection is gone and the session goes on: nothing is read or written before devssh_pump_attach(). */
void         devssh_pump_lose         (DevSshPump *self);
/* Gives away what it runs over, to another pump; transfer full. */
DevSshTransport *devssh_pump_detach   (DevSshPump *self, GIOStream **stream, DevSshIoWatch **watch);
/* Runs over this from now on; all transfer full. watch: of the same context, or NULL: a new one is made. */
void         devssh_pump_attach       (DevSshPump *self, GIOStream *stream, DevSshIoWatch *watch, DevSshTransport *transport);
/* No more input; what is in the output goes out as long as the socket takes it, bounded; then the stream is closed. */
void         devssh_pump_finish       (DevSshPump *self, DevSshEndKind kind);
/* The session is going away: one try to write, no wait (design D18). */
void         devssh_pump_abandon      (DevSshPump *self);

G_END_DECLS
