/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Listens, and makes a session of every connection (protocol.md 12.2). */
#include <libdevssh/net/devssh-server.h>

#include <libdevssh/base/devssh-context-private.h>
#include <libdevssh/base/devssh-error.h>
#include <libdevssh/connection/devssh-channel-private.h>
#include <libdevssh/net/devssh-acceptor-private.h>
#include <libdevssh/net/devssh-socket-private.h>
#include <libdevssh/net/devssh-worker-private.h>
#include <libdevssh/session/devssh-session-config-private.h>
#include <libdevssh/session/devssh-session-private.h>

#define MAX_THREADS 256
/* From a session's last channel to the end of the session, when the server stops. */
#define LEAVE_TIME  (1 * G_TIME_SPAN_SECOND)
/* Between two looks at what services still have to do in our own context. */
#define LOOK_TIME   (20 * G_TIME_SPAN_MILLISECOND)

struct _DevSshServer
{
  GObject                  parent_instance;
  DevSshContext           *context;
  DevSshSessionConfig     *config;
  DevSshServerCredentials *credentials;
  DevSshAcceptor          *acceptor;        /* NULL before listening and after the end */
  GListStore              *addresses;       /* (element-type GSocketAddress) */
  GListStore              *sessions;
  struct Link             *link;
  GHashTable              *guests;          /* (element-type DevSshServerSession Guest) */
  DevSshReconnectableSessions *reconnectable; /* empty as long as no session can be reconnected */
  gboolean                 closed;
  GTask                   *stop_task;
  DevSshCancelWatch       *stop_watch;
  DevSshDeadline           drained;         /* when those that are left are closed */
  DevSshDeadline           look;            /* whether services have done what they had to */

  guint                    threads;
  GPtrArray               *workers;         /* (element-type DevSshWorker): those whose threads have not ended */

  guint                    login_grace;     /* seconds */
  guint                    max_startups;
  guint                    max_startups_per_address;
  guint                    n_startups;      /* guests that have not logged in */
  GHashTable              *startups;        /* (element-type utf8 guint): the same, by address */
};

/* From the threads of sessions to the server. No GWeakRef: GLib 2.74 frees what belongs to one while another thread drops the object. */
typedef struct Link
{
  gatomicrefcount      ref_count;
  GMutex               lock;
  DevSshServer        *server;              /* NULL once it is gone */
} Link;

/* What is kept about a session. It may run in another thread than the server: its handlers have only what is fixed, and home, where the
 * rest belongs (design D20). */
typedef struct
{
  gatomicrefcount      ref_count;
  DevSshContext       *home;
  DevSshContext       *context;             /* the session's */
  Link                *link;

  DevSshServer        *server;              /* borrowed; NULL once the server has let go */
  DevSshServerSession *session;
  char                *subject;             /* whose startups it counts among; NULL: nobody's */
  gboolean             starting;
  DevSshDeadline       grace;
} Guest;

/**
 * DevSshServer:
 *
 * Listens, and makes a session of every connection.
 *
 * What the sessions ask comes as signals of the server, to which handlers have
 * to be connected before a session is opened. Handlers of a session's own
 * signals, connected in [signal@Server::session-opened], are asked first.
 * Whoever is not accepted in [signal@Server::session-authenticating] stays out.
 *
 * Connections that do not log in are kept in bounds: each gets
 * [property@Server:login-grace] seconds, and there are at most
 * [property@Server:max-startups] of them at a time.
 *
 * A server belongs to the main context that is the thread's default when it is
 * made, and so do its sessions, unless [property@Server:threads] says otherwise.
 *
 * Since: 1.0
 */
G_DEFINE_FINAL_TYPE (DevSshServer, devssh_server, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_CONFIG,
  PROP_CREDENTIALS,
  PROP_PORT,
  PROP_SESSIONS,
  PROP_RECONNECTABLE_SESSIONS,
  PROP_LOGIN_GRACE,
  PROP_MAX_STARTUPS,
  PROP_MAX_STARTUPS_PER_ADDRESS,
  PROP_ADDRESSES,
  PROP_THREADS,
  N_PROPS
};

enum
{
  SIGNAL_SESSION_OPENED,
  SIGNAL_SESSION_AUTHENTICATING,
  SIGNAL_SESSION_REQUEST,
  SIGNAL_SESSION_CHANNEL_OPENING,
  SIGNAL_SESSION_CHANNEL_REQUEST,
  SIGNAL_SESSION_CLOSED,
  SIGNAL_ERROR,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint       signals[N_SIGNALS];

/* ---- guests ---- */

static guint
devssh_server_count_startups (DevSshServer *self,
                              const char   *subject)
{
  return subject != NULL ? GPOINTER_TO_UINT (g_hash_table_lookup (self->startups, subject)) : 0;
}

static void
guest_start (Guest *self)
{
  DevSshServer *server = self->server;

  self->starting = TRUE;
  server->n_startups++;
  if (self->subject != NULL)
    g_hash_table_insert (server->startups, g_strdup (self->subject),
                         GUINT_TO_POINTER (devssh_server_count_startups (server, self->subject) + 1));
}

/* It has logged in, or is gone. */
static void
guest_settle (Guest *self)
{
  DevSshServer *server = self->server;
  guint n;

  devssh_deadline_clear (&self->grace);
  if (!self->starting)
    return;

  self->starting = FALSE;
  server->n_startups--;
  if (self->subject == NULL)
    return;

  n = devssh_server_count_startups (server, self->subject);
  if (n > 1)
    g_hash_table_insert (server->startups, g_strdup (self->subject), GUINT_TO_POINTER (n - 1));
  else
    g_hash_table_remove (server->startups, self->subject);
}

static Link *
link_new (DevSshServer *server)
{
  Link *self = g_new0 (Link, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->server = server;
  return self;
}

static Link *
link_ref (Link *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
link_unref (Link *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_mutex_clear (&self->lock);
  g_free (self);
}

static DevSshServer *
link_ref_server (Link *self)
{
  DevSshServer *server;

  g_mutex_lock (&self->lock);
  server = self->server != NULL ? g_object_ref (self->server) : NULL;
  g_mutex_unlock (&self->lock);
  return server;
}

/* In dispose: whoever has not got a reference by now gets none. */
static void
link_cut (Link *self)
{
  g_mutex_lock (&self->lock);
  self->server = NULL;
  g_mutex_unlock (&self->lock);
}

static gpointer
guest_ref (gpointer data)
{
  Guest *self = data;

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
guest_unref (gpointer data)
{
  Guest *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  link_unref (self->link);
  devssh_context_unref (self->home);
  devssh_context_unref (self->context);
  g_free (self->subject);
  g_free (self);
}

static void
guest_unref_closure (gpointer  data,
                     GClosure *closure)
{
  guest_unref (data);
}

/* The server lets go of it. */
static void
guest_detach (gpointer data)
{
  Guest *self = data;

  guest_settle (self);
  self->server = NULL;
  g_signal_handlers_disconnect_by_data (self->session, self);
  /* The last of the server's references goes in the session's own thread. */
  if (self->context != self->home)
    devssh_context_defer (self->context, g_object_unref, g_steal_pointer (&self->session), NULL);
  g_clear_object (&self->session);
  guest_unref (self);
}

/* From the session's context to the server's: at once if that is the same. */
static void
guest_go_home (Guest *self,
               void (*func) (gpointer data))
{
  if (devssh_context_is_here (self->home))
    func (self);
  else
    devssh_context_defer (self->home, func, guest_ref (self), guest_unref);
}

typedef struct
{
  Guest         *guest;
  DevSshSession *session;
} Errand;

static void
errand_free (gpointer data)
{
  Errand *self = data;

  guest_unref (self->guest);
  g_object_unref (self->session);
  g_free (self);
}

/* From the server's context to the session's; func gets an Errand. */
static void
guest_run (Guest *self,
           void (*func) (gpointer data))
{
  Errand *errand = g_new (Errand, 1);

  *errand = (Errand) { guest_ref (self), g_object_ref (DEVSSH_SESSION (self->session)) };
  if (self->context != self->home)
    {
      devssh_context_defer (self->context, func, errand, errand_free);
      return;
    }
  func (errand);
  errand_free (errand);
}

static void
guest_connect (Guest      *self,
               gpointer    instance,
               const char *signal,
               GCallback   callback)
{
  g_signal_connect_data (instance, signal, callback, guest_ref (self), guest_unref_closure, 0);
}

/* One deadline, from accept to authenticated, which no traffic moves (T-40). */
static void
guest_grace_cb (DevSshDeadline *deadline)
{
  Guest *self = G_STRUCT_MEMBER_P (deadline, -(glong) G_STRUCT_OFFSET (Guest, grace));

  devssh_session_close (DEVSSH_SESSION (self->session), DEVSSH_DISCONNECT_REASON_BY_APPLICATION,
                        "Nobody has logged in in time");
}

/* In the session's context. */
static gboolean
guest_relay (Guest         *self,
             guint          signal,
             DevSshSession *session,
             gpointer       question)
{
  g_autoptr(DevSshServer) server = link_ref_server (self->link);
  gboolean handled = FALSE;

  if (server != NULL)
    g_signal_emit (server, signals[signal], 0, session, question, &handled);
  return handled;
}

static gboolean
guest_authenticating_cb (DevSshSession        *session,
                         DevSshAuthentication *authentication,
                         gpointer              user_data)
{
  return guest_relay (user_data, SIGNAL_SESSION_AUTHENTICATING, session, authentication);
}

static gboolean
guest_request_cb (DevSshSession        *session,
                  DevSshSessionRequest *request,
                  gpointer              user_data)
{
  return guest_relay (user_data, SIGNAL_SESSION_REQUEST, session, request);
}

static gboolean
guest_channel_opening_cb (DevSshSession        *session,
                          DevSshChannelOpening *opening,
                          gpointer              user_data)
{
  return guest_relay (user_data, SIGNAL_SESSION_CHANNEL_OPENING, session, opening);
}

static gboolean
guest_channel_request_cb (DevSshChannel        *channel,
                          DevSshChannelRequest *request,
                          gpointer              user_data)
{
  DevSshSession *session = devssh_channel_get_session_object (channel);

  return session != NULL && guest_relay (user_data, SIGNAL_SESSION_CHANNEL_REQUEST, session, request);
}

static void
guest_channels_cb (GListModel *channels,
                   guint       position,
                   guint       n_removed,
                   guint       n_added,
                   gpointer    user_data)
{
  for (guint i = 0; i < n_added; i++)
    {
      g_autoptr(DevSshChannel) channel = g_list_model_get_item (channels, position + i);

      /* Behind the handlers that the application connects once it knows the channel. */
      g_signal_connect_data (channel, "request", G_CALLBACK (guest_channel_request_cb),
                             guest_ref (user_data), guest_unref_closure, G_CONNECT_AFTER);
    }
}

static void
guest_settle_cb (gpointer data)
{
  Guest *self = data;

  if (self->server != NULL)
    guest_settle (self);
}

static void
guest_authenticated_cb (DevSshServerSession *session,
                        gpointer             user_data)
{
  guest_go_home (user_data, guest_settle_cb);
}

static void devssh_server_finish_stop (DevSshServer *self);

static void
guest_gone_cb (gpointer data)
{
  Guest *self = data;
  g_autoptr(DevSshServer) server = NULL;
  guint position;

  if (self->server == NULL)
    return;

  server = g_object_ref (self->server);
  /* A slot is free before anybody is told (T-41). */
  guest_settle (self);
  g_hash_table_steal (server->guests, self->session);
  if (g_list_store_find (server->sessions, self->session, &position))
    g_list_store_remove (server->sessions, position);
  g_signal_emit (server, signals[SIGNAL_SESSION_CLOSED], 0, self->session);
  guest_detach (self);
  devssh_server_finish_stop (server);
}

static void
guest_closed_cb (DevSshSession          *session,
                 DevSshDisconnectReason  reason,
                 const char             *message,
                 const GError           *error,
                 gpointer                user_data)
{
  guest_go_home (user_data, guest_gone_cb);
}

static void
guest_connected_cb (GObject      *source,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  Guest *guest = user_data;
  DevSshSession *session = DEVSSH_SESSION (source);
  g_autoptr(GError) error = NULL;

  /* A bad client ends its own session and nothing else. */
  if (!devssh_session_connect_finish (session, result, &error))
    {
      g_debug ("A session could not be connected: %s", error->message);
      devssh_session_close (session, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "The session could not be connected");
    }
  /* Where there is no security nobody logs in. */
  else if (devssh_session_config_is_no_security (devssh_session_get_config (session)))
    guest_go_home (guest, guest_settle_cb);
  guest_unref (guest);
}

/* What a server may be asked, and where that comes from. */
static const struct
{
  guint       signal;
  const char *session_signal;
  GCallback   callback;
} relays[] = {
  { SIGNAL_SESSION_AUTHENTICATING, "authenticating", G_CALLBACK (guest_authenticating_cb) },
  { SIGNAL_SESSION_REQUEST, "request", G_CALLBACK (guest_request_cb) },
  { SIGNAL_SESSION_CHANNEL_OPENING, "channel-opening", G_CALLBACK (guest_channel_opening_cb) },
};

/* Whether anybody listens decides how a question is refused: so we listen for the server only if somebody listens to it. */
static void
guest_connect_relays (Guest         *self,
                      DevSshServer  *server,
                      DevSshSession *session)
{
  for (guint i = 0; i < G_N_ELEMENTS (relays); i++)
    if (g_signal_has_handler_pending (server, signals[relays[i].signal], 0, FALSE))
      guest_connect (self, session, relays[i].session_signal, relays[i].callback);
  if (g_signal_has_handler_pending (server, signals[SIGNAL_SESSION_CHANNEL_REQUEST], 0, FALSE))
    guest_connect (self, devssh_session_get_channels (session), "items-changed", G_CALLBACK (guest_channels_cb));
}

/* In the session's context, and the application has had its turn. */
static void
guest_start_cb (gpointer data)
{
  Errand *self = data;

  devssh_session_connect_async (self->session, NULL, guest_connected_cb, guest_ref (self->guest));
}

/* ---- taking connections ---- */

static void
devssh_server_report (const GError *error,
                      gpointer      user_data)
{
  DevSshServer *self = user_data;

  g_object_ref (self);
  g_signal_emit (self, signals[SIGNAL_ERROR], 0, error);
  g_object_unref (self);
}

static gboolean
devssh_server_check_startups (DevSshServer  *self,
                              const char    *subject,
                              GError       **error)
{
  if (self->max_startups > 0 && self->n_startups >= self->max_startups)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_LIMIT,
                   "%u connections have not logged in yet", self->n_startups);
      return FALSE;
    }
  if (self->max_startups_per_address > 0 &&
      devssh_server_count_startups (self, subject) >= self->max_startups_per_address)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_LIMIT,
                   "%u connections from %s have not logged in yet",
                   devssh_server_count_startups (self, subject), subject);
      return FALSE;
    }
  return TRUE;
}

static Guest *
guest_new (DevSshServer        *server,
           DevSshServerSession *session,
           DevSshContext       *context,
           char                *subject)
{
  Guest *self = g_new0 (Guest, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->home = devssh_context_ref (server->context);
  self->context = devssh_context_ref (context);
  self->link = link_ref (server->link);
  self->server = server;
  self->session = g_object_ref (session);
  self->subject = subject;
  guest_start (self);
  if (server->login_grace > 0)
    devssh_deadline_set (&self->grace, self->home,
                         devssh_context_get_time (self->home) + server->login_grace * G_TIME_SPAN_SECOND,
                         guest_grace_cb);
  guest_connect (self, session, "client-authenticated", G_CALLBACK (guest_authenticated_cb));
  guest_connect (self, session, "closed", G_CALLBACK (guest_closed_cb));
  return self;
}

/* ---- threads ---- */

typedef struct
{
  GWeakRef      server;
  DevSshWorker *worker;    /* borrowed: it keeps us */
} WorkerOwner;

static void
worker_owner_free (gpointer data)
{
  WorkerOwner *self = data;

  g_weak_ref_clear (&self->server);
  g_free (self);
}

static void
worker_owner_ended_cb (gpointer data)
{
  WorkerOwner *self = data;
  g_autoptr(DevSshServer) server = g_weak_ref_get (&self->server);

  if (server == NULL)
    return;
  g_ptr_array_remove (server->workers, self->worker);
  devssh_server_finish_stop (server);
}

/* The one with the fewest sessions; NULL: no threads are wanted. */
static DevSshWorker *
devssh_server_choose_worker (DevSshServer *self)
{
  DevSshWorker *best = NULL;

  while (self->workers->len < self->threads)
    {
      WorkerOwner *owner = g_new0 (WorkerOwner, 1);

      g_weak_ref_init (&owner->server, self);
      owner->worker = devssh_worker_new (worker_owner_ended_cb, owner, worker_owner_free);
      g_ptr_array_add (self->workers, owner->worker);
    }
  for (guint i = 0; i < self->threads; i++)
    {
      DevSshWorker *worker = self->workers->pdata[i];

      if (best == NULL || devssh_worker_get_n_sessions (worker) < devssh_worker_get_n_sessions (best))
        best = worker;
    }
  return best;
}

static DevSshServerSession *
devssh_server_take (DevSshServer  *self,
                    GIOStream     *stream,
                    GError       **error)
{
  g_autofree char *subject = devssh_socket_dup_subject (stream);
  g_autoptr(DevSshServerSession) session = NULL;
  gboolean can_reconnect = g_strv_contains (devssh_session_config_get_protocol_extensions (self->config),
                                            DEVSSH_EXTENSION_SESSION_RECONNECT);
  DevSshWorker *worker;
  DevSshContext *context;
  Guest *guest;

  if (!devssh_server_check_startups (self, subject, error))
    return NULL;
  worker = devssh_server_choose_worker (self);
  context = worker != NULL ? devssh_worker_get_context (worker) : self->context;
  devssh_context_make_for (context);
  session = devssh_server_session_new_reconnectable (stream, self->config, self->credentials,
                                                     can_reconnect ? self->reconnectable : NULL, error);
  devssh_context_make_for (NULL);
  if (session == NULL)
    return NULL;

  devssh_socket_prepare (stream);
  guest = guest_new (self, session, context, g_steal_pointer (&subject));
  g_hash_table_insert (self->guests, session, guest);
  g_list_store_append (self->sessions, session);

  /* The application's own handlers come before ours, and nothing has been read yet. */
  g_object_ref (self);
  if (worker != NULL)
    devssh_worker_run_session (worker, DEVSSH_SESSION (session));
  g_signal_emit (self, signals[SIGNAL_SESSION_OPENED], 0, session);
  guest = g_hash_table_lookup (self->guests, session);
  if (guest != NULL)
    {
      guest_connect_relays (guest, self, DEVSSH_SESSION (session));
      guest_run (guest, guest_start_cb);
    }
  g_object_unref (self);
  return g_steal_pointer (&session);
}

static void
devssh_server_accepted (GSocketConnection *connection,
                        gpointer           user_data)
{
  DevSshServer *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshServerSession) session = devssh_server_take (self, G_IO_STREAM (connection), &error);

  if (session != NULL)
    return;

  g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
  /* Too many of them is what an attacker wants us to talk about. */
  if (g_error_matches (error, DEVSSH_ERROR, DEVSSH_ERROR_LIMIT))
    g_debug ("A connection was closed: %s", error->message);
  else
    devssh_server_report (error, self);
}

/* ---- GObject ---- */

static void
devssh_server_get_property (GObject    *object,
                            guint       property_id,
                            GValue     *value,
                            GParamSpec *pspec)
{
  DevSshServer *self = DEVSSH_SERVER (object);

  switch (property_id)
    {
    case PROP_CONFIG:
      g_value_set_object (value, self->config);
      break;

    case PROP_CREDENTIALS:
      g_value_set_object (value, self->credentials);
      break;

    case PROP_PORT:
      g_value_set_uint (value, devssh_server_get_port (self));
      break;

    case PROP_SESSIONS:
      g_value_set_object (value, self->sessions);
      break;

    case PROP_RECONNECTABLE_SESSIONS:
      g_value_set_object (value, self->reconnectable);
      break;

    case PROP_LOGIN_GRACE:
      g_value_set_uint (value, self->login_grace);
      break;

    case PROP_MAX_STARTUPS:
      g_value_set_uint (value, self->max_startups);
      break;

    case PROP_MAX_STARTUPS_PER_ADDRESS:
      g_value_set_uint (value, self->max_startups_per_address);
      break;

    case PROP_ADDRESSES:
      g_value_set_object (value, self->addresses);
      break;

    case PROP_THREADS:
      g_value_set_uint (value, self->threads);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
devssh_server_set_property (GObject      *object,
                            guint         property_id,
                            const GValue *value,
                            GParamSpec   *pspec)
{
  DevSshServer *self = DEVSSH_SERVER (object);

  switch (property_id)
    {
    case PROP_CONFIG:
      self->config = g_value_dup_object (value);
      break;

    case PROP_CREDENTIALS:
      self->credentials = g_value_dup_object (value);
      break;

    case PROP_LOGIN_GRACE:
      devssh_server_set_login_grace (self, g_value_get_uint (value));
      break;

    case PROP_MAX_STARTUPS:
      devssh_server_set_max_startups (self, g_value_get_uint (value));
      break;

    case PROP_MAX_STARTUPS_PER_ADDRESS:
      devssh_server_set_max_startups_per_address (self, g_value_get_uint (value));
      break;

    case PROP_THREADS:
      devssh_server_set_threads (self, g_value_get_uint (value));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
devssh_server_constructed (GObject *object)
{
  DevSshServer *self = DEVSSH_SERVER (object);

  G_OBJECT_CLASS (devssh_server_parent_class)->constructed (object);

  if (self->config == NULL)
    self->config = devssh_session_config_new ();
  if (self->credentials == NULL)
    self->credentials = devssh_server_credentials_new ();
}

/* Nobody would answer the sessions any more. */
static void
devssh_server_dispose (GObject *object)
{
  DevSshServer *self = DEVSSH_SERVER (object);

  if (!devssh_context_is_here (self->context))
    {
      /* Dropped in another thread, that of a session perhaps: the last reference goes in our own context. */
      devssh_context_take_home (self->context, self);
      return;
    }
  link_cut (self->link);
  devssh_server_close (self);
  g_list_store_remove_all (self->sessions);
  g_hash_table_remove_all (self->guests);
  g_ptr_array_set_size (self->workers, 0);

  G_OBJECT_CLASS (devssh_server_parent_class)->dispose (object);
}

static void
devssh_server_finalize (GObject *object)
{
  DevSshServer *self = DEVSSH_SERVER (object);

  link_unref (self->link);
  g_hash_table_unref (self->guests);
  g_hash_table_unref (self->startups);
  g_ptr_array_unref (self->workers);
  g_clear_object (&self->addresses);
  g_clear_object (&self->sessions);
  g_clear_object (&self->reconnectable);
  g_clear_object (&self->config);
  g_clear_object (&self->credentials);
  devssh_context_unref (self->context);

  G_OBJECT_CLASS (devssh_server_parent_class)->finalize (object);
}

static void
devssh_server_install_properties (GObjectClass *object_class)
{
  /**
   * DevSshServer:config: (getter get_config)
   *
   * The configuration of the sessions. Changing it changes those that are
   * opened later.
   *
   * Since: 1.0
   */
  properties[PROP_CONFIG] =
    g_param_spec_object ("config", NULL, NULL,
                         DEVSSH_TYPE_SESSION_CONFIG,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshServer:credentials: (getter get_credentials)
   *
   * The host keys.
   *
   * Since: 1.0
   */
  properties[PROP_CREDENTIALS] =
    g_param_spec_object ("credentials", NULL, NULL,
                         DEVSSH_TYPE_SERVER_CREDENTIALS,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshServer:port: (getter get_port)
   *
   * The TCP port of the first listener; 0 before there is one.
   *
   * Since: 1.0
   */
  properties[PROP_PORT] =
    g_param_spec_uint ("port", NULL, NULL,
                       0, G_MAXUINT16, 0,
                       G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshServer:sessions: (getter get_sessions)
   *
   * The sessions that are open, a list of [class@ServerSession].
   *
   * One that has lost its connection and may be reconnected is open. When its
   * client is back, the session that the new connection began with is not.
   *
   * Since: 1.0
   */
  properties[PROP_SESSIONS] =
    g_param_spec_object ("sessions", NULL, NULL,
                         G_TYPE_LIST_MODEL,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshServer:reconnectable-sessions: (getter get_reconnectable_sessions)
   *
   * Those of [property@Server:sessions] that go on when their client comes back
   * after it has lost its connection, and how many of them wait for that, and
   * for how long.
   *
   * Sessions are there if %DEVSSH_EXTENSION_SESSION_RECONNECT is in the
   * configuration of the server and in that of the client.
   *
   * Since: 1.0
   */
  properties[PROP_RECONNECTABLE_SESSIONS] =
    g_param_spec_object ("reconnectable-sessions", NULL, NULL,
                         DEVSSH_TYPE_RECONNECTABLE_SESSIONS,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshServer:login-grace: (getter get_login_grace) (setter set_login_grace)
   *
   * How many seconds a client has to log in, from the moment it connects; 0:
   * any time. Connections that are there already keep what they were given.
   *
   * Since: 1.0
   */
  properties[PROP_LOGIN_GRACE] =
    g_param_spec_uint ("login-grace", NULL, NULL,
                       0, G_MAXUINT, 120,
                       G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshServer:max-startups: (getter get_max_startups) (setter set_max_startups)
   *
   * How many connections there may be that have not logged in yet; more are
   * closed at once. 0: no limit.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_STARTUPS] =
    g_param_spec_uint ("max-startups", NULL, NULL,
                       0, G_MAXUINT, 100,
                       G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshServer:max-startups-per-address: (getter get_max_startups_per_address) (setter set_max_startups_per_address)
   *
   * How many of them one IPv4 address or one IPv6 network (of 64 bits) may
   * have. 0: no limit.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_STARTUPS_PER_ADDRESS] =
    g_param_spec_uint ("max-startups-per-address", NULL, NULL,
                       0, G_MAXUINT, 20,
                       G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshServer:addresses: (getter get_addresses)
   *
   * Where the server listens, a list of [class@Gio.SocketAddress].
   *
   * Since: 1.0
   */
  properties[PROP_ADDRESSES] =
    g_param_spec_object ("addresses", NULL, NULL,
                         G_TYPE_LIST_MODEL,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshServer:threads: (getter get_threads) (setter set_threads)
   *
   * How many threads run the sessions; 0: none but the server's own.
   *
   * With threads, each session lives in a main context of one of them: its own
   * signals, and those of the server that carry a question
   * ([signal@Server::session-authenticating], [signal@Server::session-request],
   * [signal@Server::session-channel-opening],
   * [signal@Server::session-channel-request]), are emitted there, several at the
   * same time, and so are those of the shared [class@ServerCredentials]. The
   * server itself, [signal@Server::session-opened], [signal@Server::session-closed]
   * and the lists stay in the server's own context, where a session can be read,
   * closed and dropped, and have handlers connected, and nothing else.
   *
   * This is for C and for languages whose functions may be called in any thread;
   * JavaScript's may not. Python's may, one at a time.
   *
   * Since: 1.0
   */
  properties[PROP_THREADS] =
    g_param_spec_uint ("threads", NULL, NULL,
                       0, MAX_THREADS, 0,
                       G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
devssh_server_install_signals (GType type)
{
  /**
   * DevSshServer::session-opened:
   * @self: the server
   * @session: a session whose connection was just accepted
   *
   * A client has connected. Nothing has been read from it yet, so this is the
   * time to connect to the session's own signals. Closing @session refuses the
   * client.
   *
   * Since: 1.0
   */
  signals[SIGNAL_SESSION_OPENED] =
    g_signal_new ("session-opened", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, DEVSSH_TYPE_SERVER_SESSION);

  /**
   * DevSshServer::session-authenticating:
   * @self: the server
   * @session: one of its sessions
   * @authentication: who wants to log in, and how
   *
   * A client wants to log in, see [signal@Session::authenticating].
   *
   * To answer later, keep a reference to @authentication and return %TRUE.
   * Unanswered means refused.
   *
   * Returns: %TRUE if the question is taken, %FALSE to ask the next handler
   *
   * Since: 1.0
   */
  signals[SIGNAL_SESSION_AUTHENTICATING] =
    g_signal_new ("session-authenticating", type, G_SIGNAL_RUN_LAST, 0,
                  g_signal_accumulator_true_handled, NULL, NULL,
                  G_TYPE_BOOLEAN, 2, DEVSSH_TYPE_SERVER_SESSION, DEVSSH_TYPE_AUTHENTICATION);

  /**
   * DevSshServer::session-request:
   * @self: the server
   * @session: one of its sessions
   * @request: what the client asks
   *
   * A client asks something of its session, see [signal@Session::request].
   *
   * To answer later, keep a reference to @request and return %TRUE. Unanswered
   * means refused.
   *
   * Returns: %TRUE if the question is taken, %FALSE to ask the next handler
   *
   * Since: 1.0
   */
  signals[SIGNAL_SESSION_REQUEST] =
    g_signal_new ("session-request", type, G_SIGNAL_RUN_LAST, 0,
                  g_signal_accumulator_true_handled, NULL, NULL,
                  G_TYPE_BOOLEAN, 2, DEVSSH_TYPE_SERVER_SESSION, DEVSSH_TYPE_SESSION_REQUEST);

  /**
   * DevSshServer::session-channel-opening:
   * @self: the server
   * @session: one of its sessions
   * @opening: the channel that is to be opened
   *
   * A client opens a channel, see [signal@Session::channel-opening].
   *
   * To answer later, keep a reference to @opening and return %TRUE. Unanswered
   * means refused.
   *
   * Returns: %TRUE if the question is taken, %FALSE to ask the next handler
   *
   * Since: 1.0
   */
  signals[SIGNAL_SESSION_CHANNEL_OPENING] =
    g_signal_new ("session-channel-opening", type, G_SIGNAL_RUN_LAST, 0,
                  g_signal_accumulator_true_handled, NULL, NULL,
                  G_TYPE_BOOLEAN, 2, DEVSSH_TYPE_SERVER_SESSION, DEVSSH_TYPE_CHANNEL_OPENING);

  /**
   * DevSshServer::session-channel-request:
   * @self: the server
   * @session: one of its sessions
   * @request: what the client asks of one of its channels
   *
   * A client makes a request on a channel, see [signal@Channel::request]. Handlers
   * of the channel's own signal are asked first.
   *
   * To answer later, keep a reference to @request and return %TRUE. Unanswered
   * means refused.
   *
   * Returns: %TRUE if the question is taken, %FALSE to ask the next handler
   *
   * Since: 1.0
   */
  signals[SIGNAL_SESSION_CHANNEL_REQUEST] =
    g_signal_new ("session-channel-request", type, G_SIGNAL_RUN_LAST, 0,
                  g_signal_accumulator_true_handled, NULL, NULL,
                  G_TYPE_BOOLEAN, 2, DEVSSH_TYPE_SERVER_SESSION, DEVSSH_TYPE_CHANNEL_REQUEST);

  /**
   * DevSshServer::session-closed:
   * @self: the server
   * @session: a session that has ended
   *
   * A session has ended, see [signal@Session::closed]. It is not in
   * [property@Server:sessions] any more.
   *
   * Since: 1.0
   */
  signals[SIGNAL_SESSION_CLOSED] =
    g_signal_new ("session-closed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, DEVSSH_TYPE_SERVER_SESSION);

  /**
   * DevSshServer::error:
   * @self: the server
   * @error: what is wrong
   *
   * A connection could not be accepted, or no session could be made of it: the
   * system has run out of descriptors, say. The server goes on: it tries again
   * a second later. What goes wrong inside a session is told by the session.
   *
   * Since: 1.0
   */
  signals[SIGNAL_ERROR] =
    g_signal_new ("error", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
devssh_server_class_init (DevSshServerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = devssh_server_get_property;
  object_class->set_property = devssh_server_set_property;
  object_class->constructed = devssh_server_constructed;
  object_class->dispose = devssh_server_dispose;
  object_class->finalize = devssh_server_finalize;

  devssh_server_install_properties (object_class);
  devssh_server_install_signals (G_TYPE_FROM_CLASS (klass));
}

static void
devssh_server_init (DevSshServer *self)
{
  self->context = devssh_context_ref_thread_default ();
  self->link = link_new (self);
  self->sessions = g_list_store_new (DEVSSH_TYPE_SERVER_SESSION);
  self->reconnectable = devssh_reconnectable_sessions_new ();
  self->addresses = g_list_store_new (G_TYPE_SOCKET_ADDRESS);
  self->workers = g_ptr_array_new_with_free_func ((GDestroyNotify) devssh_worker_unref);
  self->guests = g_hash_table_new_full (NULL, NULL, NULL, guest_detach);
  self->startups = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->login_grace = 120;
  self->max_startups = 100;
  self->max_startups_per_address = 20;
}

/* ---- public ---- */

/**
 * devssh_server_new:
 * @config: (nullable): the configuration of the sessions; %NULL:
 *   [ctor@SessionConfig.new]
 * @credentials: (nullable): the host keys; %NULL: none yet, see
 *   [method@Server.get_credentials]
 *
 * Makes a server that does not listen yet.
 *
 * Returns: (transfer full): the server
 *
 * Since: 1.0
 */
DevSshServer *
devssh_server_new (DevSshSessionConfig     *config,
                   DevSshServerCredentials *credentials)
{
  g_return_val_if_fail (config == NULL || DEVSSH_IS_SESSION_CONFIG (config), NULL);
  g_return_val_if_fail (credentials == NULL || DEVSSH_IS_SERVER_CREDENTIALS (credentials), NULL);

  return g_object_new (DEVSSH_TYPE_SERVER, "config", config, "credentials", credentials, NULL);
}

/**
 * devssh_server_get_credentials: (get-property credentials)
 * @self: a server
 *
 * The host keys.
 *
 * Returns: (transfer none): the credentials
 *
 * Since: 1.0
 */
DevSshServerCredentials *
devssh_server_get_credentials (DevSshServer *self)
{
  g_return_val_if_fail (DEVSSH_IS_SERVER (self), NULL);

  return self->credentials;
}

/**
 * devssh_server_get_config: (get-property config)
 * @self: a server
 *
 * The configuration of the sessions.
 *
 * Returns: (transfer none): the configuration
 *
 * Since: 1.0
 */
DevSshSessionConfig *
devssh_server_get_config (DevSshServer *self)
{
  g_return_val_if_fail (DEVSSH_IS_SERVER (self), NULL);

  return self->config;
}

/* A configuration that cannot work is told here rather than to every client. */
static gboolean
devssh_server_check_open (DevSshServer  *self,
                          const char    *function,
                          GError       **error)
{
  if (!devssh_context_check_here (self->context, function, error))
    return FALSE;
  if (!self->closed)
    return devssh_session_config_validate (self->config, error);

  g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED, "Server is closed");
  return FALSE;
}

static void
devssh_server_acceptor_listening (GSocketAddress *address,
                                  gpointer        user_data)
{
  DevSshServer *self = user_data;

  g_list_store_append (self->addresses, address);
}

static void
devssh_server_ensure_acceptor (DevSshServer *self)
{
  if (self->acceptor == NULL)
    self->acceptor = devssh_acceptor_new (self->context, devssh_server_accepted, devssh_server_report,
                                          devssh_server_acceptor_listening, self);
}

/**
 * devssh_server_listen:
 * @self: a server
 * @address: (nullable): an IP address; %NULL or `localhost`: only this
 *   computer, over IPv4 and IPv6; "": any address
 * @port: a TCP port; 0: one that is free
 * @error: return location for an error
 *
 * Starts to listen. May be called more than once.
 *
 * Returns: the port; 0 and @error: what the socket says
 *   (%G_IO_ERROR_ADDRESS_IN_USE ...), %DEVSSH_ERROR_MALFORMED if @address is
 *   not one, %DEVSSH_ERROR_INVALID_CONFIG, or %DEVSSH_ERROR_CLOSED
 *
 * Since: 1.0
 */
guint16
devssh_server_listen (DevSshServer  *self,
                      const char    *address,
                      guint16        port,
                      GError       **error)
{
  guint16 chosen;

  g_return_val_if_fail (DEVSSH_IS_SERVER (self), 0);
  g_return_val_if_fail (error == NULL || *error == NULL, 0);

  if (!devssh_server_check_open (self, G_STRFUNC, error))
    return 0;

  devssh_server_ensure_acceptor (self);
  chosen = devssh_acceptor_listen (self->acceptor, address, port, error);
  if (chosen != 0)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PORT]);
  return chosen;
}

/**
 * devssh_server_listen_address:
 * @self: a server
 * @address: an Internet address with a port, or a [class@Gio.UnixSocketAddress]
 * @error: return location for an error
 *
 * Starts to listen at @address. May be called more than once.
 *
 * A Unix socket in the file system is made for its owner only (mode 0600); a
 * path that exists is not replaced. The path is removed when the server stops,
 * if it still is the server's own.
 *
 * Returns: %TRUE; %FALSE and @error: what the socket says
 *   (%G_IO_ERROR_ADDRESS_IN_USE ...), %G_IO_ERROR_NOT_SUPPORTED for another kind
 *   of address, %DEVSSH_ERROR_INVALID_CONFIG, or %DEVSSH_ERROR_CLOSED
 *
 * Since: 1.0
 */
gboolean
devssh_server_listen_address (DevSshServer    *self,
                              GSocketAddress  *address,
                              GError         **error)
{
  g_return_val_if_fail (DEVSSH_IS_SERVER (self), FALSE);
  g_return_val_if_fail (G_IS_SOCKET_ADDRESS (address), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!devssh_server_check_open (self, G_STRFUNC, error))
    return FALSE;

  devssh_server_ensure_acceptor (self);
  if (!devssh_acceptor_listen_address (self->acceptor, address, error))
    return FALSE;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PORT]);
  return TRUE;
}

/**
 * devssh_server_listen_socket:
 * @self: a server
 * @socket: a stream socket that is bound; it need not listen yet
 * @error: return location for an error
 *
 * Starts to listen on @socket: one that was inherited, or whatever else accepts
 * connections. It is closed with @self.
 *
 * Returns: %TRUE; %FALSE and @error: what the socket says,
 *   %DEVSSH_ERROR_INVALID_CONFIG, or %DEVSSH_ERROR_CLOSED
 *
 * Since: 1.0
 */
gboolean
devssh_server_listen_socket (DevSshServer  *self,
                             GSocket       *socket,
                             GError       **error)
{
  g_return_val_if_fail (DEVSSH_IS_SERVER (self), FALSE);
  g_return_val_if_fail (G_IS_SOCKET (socket), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!devssh_server_check_open (self, G_STRFUNC, error))
    return FALSE;
  /* For one that listens already it changes the backlog, and nothing else. */
  if (!g_socket_listen (socket, error))
    return FALSE;

  devssh_server_ensure_acceptor (self);
  devssh_acceptor_add (self->acceptor, socket);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PORT]);
  return TRUE;
}

/**
 * devssh_server_listen_inherited:
 * @self: a server
 * @error: return location for an error
 *
 * Starts to listen on the sockets that this process has inherited from a service
 * manager, as systemd hands them over (`LISTEN_PID`, `LISTEN_FDS`). The variables
 * are taken out of the environment, so that children do not find them; call it
 * once, and before there are other threads.
 *
 * Returns: how many sockets there were, 0 if none was handed over; -1 and @error:
 *   %DEVSSH_ERROR_MALFORMED if the variables make no sense, what a socket says,
 *   %DEVSSH_ERROR_INVALID_CONFIG, or %DEVSSH_ERROR_CLOSED
 *
 * Since: 1.0
 */
int
devssh_server_listen_inherited (DevSshServer  *self,
                                GError       **error)
{
  g_autoptr(GPtrArray) sockets = NULL;

  g_return_val_if_fail (DEVSSH_IS_SERVER (self), -1);
  g_return_val_if_fail (error == NULL || *error == NULL, -1);

  if (!devssh_server_check_open (self, G_STRFUNC, error))
    return -1;
  sockets = devssh_socket_take_inherited (error);
  if (sockets == NULL)
    return -1;
  for (guint i = 0; i < sockets->len; i++)
    if (!devssh_server_listen_socket (self, sockets->pdata[i], error))
      return -1;
  return (int) sockets->len;
}

/**
 * devssh_server_get_addresses: (get-property addresses)
 * @self: a server
 *
 * Where @self listens.
 *
 * Returns: (transfer none): a list of [class@Gio.SocketAddress]
 *
 * Since: 1.0
 */
GListModel *
devssh_server_get_addresses (DevSshServer *self)
{
  g_return_val_if_fail (DEVSSH_IS_SERVER (self), NULL);

  return G_LIST_MODEL (self->addresses);
}

/**
 * devssh_server_get_port: (get-property port)
 * @self: a server
 *
 * The TCP port of the first listener.
 *
 * Returns: the port; 0 before there is a listener, after the end, and if the
 *   first one has no port
 *
 * Since: 1.0
 */
guint16
devssh_server_get_port (DevSshServer *self)
{
  g_return_val_if_fail (DEVSSH_IS_SERVER (self), 0);

  return self->acceptor != NULL ? devssh_acceptor_get_port (self->acceptor) : 0;
}

/**
 * devssh_server_get_sessions: (get-property sessions)
 * @self: a server
 *
 * The sessions that are open, those that have not logged in included.
 *
 * Returns: (transfer none): a list of [class@ServerSession]
 *
 * Since: 1.0
 */
GListModel *
devssh_server_get_sessions (DevSshServer *self)
{
  g_return_val_if_fail (DEVSSH_IS_SERVER (self), NULL);

  return G_LIST_MODEL (self->sessions);
}

/**
 * devssh_server_get_reconnectable_sessions: (get-property reconnectable-sessions)
 * @self: a server
 *
 * The sessions that go on when their client comes back after it has lost its
 * connection.
 *
 * Returns: (transfer none): the collection
 *
 * Since: 1.0
 */
DevSshReconnectableSessions *
devssh_server_get_reconnectable_sessions (DevSshServer *self)
{
  g_return_val_if_fail (DEVSSH_IS_SERVER (self), NULL);

  return self->reconnectable;
}

/**
 * devssh_server_add_stream:
 * @self: a server
 * @stream: a connection that was accepted elsewhere
 * @error: return location for an error
 *
 * Makes a session of @stream as if it had been accepted by @self, and emits
 * [signal@Server::session-opened].
 *
 * Returns: (transfer full): the session; %NULL and %DEVSSH_ERROR_LIMIT: too
 *   many have not logged in yet; %DEVSSH_ERROR_CLOSED; or
 *   %DEVSSH_ERROR_INVALID_CONFIG. @stream is then left as it is.
 *
 * Since: 1.0
 */
DevSshServerSession *
devssh_server_add_stream (DevSshServer  *self,
                          GIOStream     *stream,
                          GError       **error)
{
  g_return_val_if_fail (DEVSSH_IS_SERVER (self), NULL);
  g_return_val_if_fail (G_IS_IO_STREAM (stream), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!devssh_server_check_open (self, G_STRFUNC, error))
    return NULL;
  return devssh_server_take (self, stream, error);
}

/**
 * devssh_server_get_login_grace: (get-property login-grace)
 * @self: a server
 *
 * How long a client has to log in.
 *
 * Returns: seconds; 0: any time
 *
 * Since: 1.0
 */
guint
devssh_server_get_login_grace (DevSshServer *self)
{
  g_return_val_if_fail (DEVSSH_IS_SERVER (self), 0);

  return self->login_grace;
}

static void
devssh_server_set_limit (DevSshServer *self,
                         guint         property,
                         guint        *field,
                         guint         value)
{
  if (*field == value)
    return;

  *field = value;
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

/**
 * devssh_server_set_login_grace: (set-property login-grace)
 * @self: a server
 * @seconds: seconds; 0: any time
 *
 * Sets [property@Server:login-grace].
 *
 * Since: 1.0
 */
void
devssh_server_set_login_grace (DevSshServer *self,
                               guint         seconds)
{
  g_return_if_fail (DEVSSH_IS_SERVER (self));

  devssh_server_set_limit (self, PROP_LOGIN_GRACE, &self->login_grace, seconds);
}

/**
 * devssh_server_get_max_startups: (get-property max-startups)
 * @self: a server
 *
 * How many connections there may be that have not logged in yet.
 *
 * Returns: the number; 0: no limit
 *
 * Since: 1.0
 */
guint
devssh_server_get_max_startups (DevSshServer *self)
{
  g_return_val_if_fail (DEVSSH_IS_SERVER (self), 0);

  return self->max_startups;
}

/**
 * devssh_server_set_max_startups: (set-property max-startups)
 * @self: a server
 * @connections: a number; 0: no limit
 *
 * Sets [property@Server:max-startups].
 *
 * Since: 1.0
 */
void
devssh_server_set_max_startups (DevSshServer *self,
                                guint         connections)
{
  g_return_if_fail (DEVSSH_IS_SERVER (self));

  devssh_server_set_limit (self, PROP_MAX_STARTUPS, &self->max_startups, connections);
}

/**
 * devssh_server_get_max_startups_per_address: (get-property max-startups-per-address)
 * @self: a server
 *
 * How many connections of one address there may be that have not logged in yet.
 *
 * Returns: the number; 0: no limit
 *
 * Since: 1.0
 */
guint
devssh_server_get_max_startups_per_address (DevSshServer *self)
{
  g_return_val_if_fail (DEVSSH_IS_SERVER (self), 0);

  return self->max_startups_per_address;
}

/**
 * devssh_server_set_max_startups_per_address: (set-property max-startups-per-address)
 * @self: a server
 * @connections: a number; 0: no limit
 *
 * Sets [property@Server:max-startups-per-address].
 *
 * Since: 1.0
 */
void
devssh_server_set_max_startups_per_address (DevSshServer *self,
                                            guint         connections)
{
  g_return_if_fail (DEVSSH_IS_SERVER (self));

  devssh_server_set_limit (self, PROP_MAX_STARTUPS_PER_ADDRESS, &self->max_startups_per_address, connections);
}

/**
 * devssh_server_get_threads: (get-property threads)
 * @self: a server
 *
 * How many threads run the sessions.
 *
 * Returns: the number; 0: the server's own context does
 *
 * Since: 1.0
 */
guint
devssh_server_get_threads (DevSshServer *self)
{
  g_return_val_if_fail (DEVSSH_IS_SERVER (self), 0);

  return self->threads;
}

/**
 * devssh_server_set_threads: (set-property threads)
 * @self: a server
 * @threads: a number, at most 256; 0: the server's own context
 *
 * Sets [property@Server:threads]. Sessions that are open stay where they are.
 *
 * Since: 1.0
 */
void
devssh_server_set_threads (DevSshServer *self,
                           guint         threads)
{
  g_return_if_fail (DEVSSH_IS_SERVER (self));
  g_return_if_fail (threads <= MAX_THREADS);

  devssh_server_set_limit (self, PROP_THREADS, &self->threads, threads);
}

/* ---- the end ---- */

static GPtrArray *
devssh_server_dup_sessions (DevSshServer *self)
{
  GPtrArray *sessions = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->sessions)); i++)
    g_ptr_array_add (sessions, g_list_model_get_item (G_LIST_MODEL (self->sessions), i));
  return sessions;
}

static void
devssh_server_close_sessions (DevSshServer *self)
{
  g_autoptr(GPtrArray) sessions = devssh_server_dup_sessions (self);

  for (guint i = 0; i < sessions->len; i++)
    devssh_session_close (sessions->pdata[i], DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "Server is closed");
}

static void
devssh_server_stop_listening (DevSshServer *self)
{
  if (self->closed)
    return;

  self->closed = TRUE;
  g_clear_pointer (&self->acceptor, devssh_acceptor_free);
  g_list_store_remove_all (self->addresses);
  for (guint i = 0; i < self->workers->len; i++)
    devssh_worker_finish (self->workers->pdata[i]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PORT]);
}

/**
 * devssh_server_close:
 * @self: a server
 *
 * Stops listening and closes all sessions. A second call does nothing; nothing
 * can be listened to afterwards. The same happens when the last reference to
 * @self is dropped.
 *
 * Since: 1.0
 */
void
devssh_server_close (DevSshServer *self)
{
  g_return_if_fail (DEVSSH_IS_SERVER (self));

  if (!devssh_context_check_here (self->context, G_STRFUNC, NULL))
    return;

  devssh_server_stop_listening (self);
  devssh_server_close_sessions (self);
}

/* In the session's context, from here on. A session that leaves when it has no channels any more; it has this. */
typedef struct
{
  DevSshSession  *session;
  DevSshDeadline  deadline;
} Leaving;

static G_DEFINE_QUARK (devssh-server-leaving, leaving)

static void
leaving_free (gpointer data)
{
  Leaving *self = data;

  devssh_deadline_clear (&self->deadline);
  g_free (self);
}

static void
leaving_cb (DevSshDeadline *deadline)
{
  Leaving *self = G_STRUCT_MEMBER_P (deadline, -(glong) G_STRUCT_OFFSET (Leaving, deadline));

  if (g_list_model_get_n_items (devssh_session_get_channels (self->session)) == 0)
    devssh_session_close (self->session, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "Server stops");
}

/* A client may be reading what came last, and throw it away for a DISCONNECT: so it has a moment to go by itself. */
static void
drain_channels_cb (GListModel *channels,
                   guint       position,
                   guint       n_removed,
                   guint       n_added,
                   gpointer    user_data)
{
  DevSshContext *context = devssh_session_get_private (user_data)->context;
  Leaving *self = g_object_get_qdata (user_data, leaving_quark ());

  if (self != NULL && g_list_model_get_n_items (channels) == 0)
    devssh_deadline_set (&self->deadline, context, devssh_context_get_time (context) + LEAVE_TIME, leaving_cb);
}

/* Its thread may end with it, and with it the clock. */
static void
drain_closed_cb (DevSshSession *session)
{
  g_object_set_qdata (G_OBJECT (session), leaving_quark (), NULL);
}

/* Its client cannot come back: nobody listens any more. */
static void
drain_disconnected_cb (DevSshSession *session,
                       const GError  *error,
                       gpointer       user_data)
{
  devssh_session_close (session, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "Server stops");
}

static void
guest_drain_cb (gpointer data)
{
  Errand *self = data;
  GListModel *channels = devssh_session_get_channels (self->session);
  Leaving *leaving;

  if (devssh_session_get_is_closed (self->session) || g_object_get_qdata (G_OBJECT (self->session), leaving_quark ()) != NULL)
    return;

  leaving = g_new0 (Leaving, 1);
  leaving->session = self->session;
  g_object_set_qdata_full (G_OBJECT (self->session), leaving_quark (), leaving, leaving_free);
  g_signal_connect_object (channels, "items-changed", G_CALLBACK (drain_channels_cb), self->session, 0);
  g_signal_connect (self->session, "closed", G_CALLBACK (drain_closed_cb), NULL);
  g_signal_connect (self->session, "disconnected", G_CALLBACK (drain_disconnected_cb), NULL);
  if (g_list_model_get_n_items (channels) == 0 || devssh_session_get_private (self->session)->disconnected)
    devssh_session_close (self->session, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "Server stops");
}

static void
devssh_server_drained_cb (DevSshDeadline *deadline)
{
  DevSshServer *self = G_STRUCT_MEMBER_P (deadline, -(glong) G_STRUCT_OFFSET (DevSshServer, drained));

  devssh_server_close_sessions (self);
}

static GTask *
devssh_server_take_stop_task (DevSshServer *self)
{
  devssh_deadline_clear (&self->drained);
  devssh_deadline_clear (&self->look);
  g_clear_pointer (&self->stop_watch, devssh_cancel_watch_free);
  return g_steal_pointer (&self->stop_task);
}

static void
devssh_server_look_cb (DevSshDeadline *deadline)
{
  devssh_server_finish_stop (G_STRUCT_MEMBER_P (deadline, -(glong) G_STRUCT_OFFSET (DevSshServer, look)));
}

static void
devssh_server_finish_stop (DevSshServer *self)
{
  if (self->stop_task == NULL || g_hash_table_size (self->guests) > 0 || self->workers->len > 0)
    return;

  if (devssh_context_is_held (self->context))
    {
      devssh_deadline_set (&self->look, self->context, devssh_context_get_time (self->context) + LOOK_TIME,
                           devssh_server_look_cb);
      return;
    }

  devssh_context_return_boolean (self->context, devssh_server_take_stop_task (self), TRUE);
}

static void
devssh_server_stop_cancelled_cb (gpointer data)
{
  DevSshServer *self = data;

  devssh_context_return_error (self->context, devssh_server_take_stop_task (self),
                               g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "Waiting was cancelled"));
}

/**
 * devssh_server_stop_async:
 * @self: a server
 * @drain_timeout: seconds after which sessions that still have channels are
 *   closed; 0: never
 * @cancellable: (nullable): a way to stop waiting; what has begun goes on
 * @callback: (scope async) (closure user_data): called when the last session has
 *   ended
 * @user_data: for @callback
 *
 * Stops listening and lets the sessions come to their end: one without channels
 * is closed at once, the others a second after their last channel has closed, if
 * the client has not gone by then. One that has lost its connection, or loses it
 * now, is closed at once: its client could not come back.
 * [method@Server.close] ends those that are left. What services have begun and have to end
 * ([method@Service.hold]) is waited for, too.
 *
 * Since: 1.0
 */
void
devssh_server_stop_async (DevSshServer        *self,
                          guint                drain_timeout,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;
  g_autoptr(GPtrArray) sessions = NULL;
  GError *error = NULL;

  g_return_if_fail (DEVSSH_IS_SERVER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_server_stop_async);
  g_task_set_check_cancellable (task, FALSE);
  if (devssh_context_check_here (self->context, G_STRFUNC, &error) && self->stop_task != NULL)
    error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_PENDING, "The server is being stopped already");
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  self->stop_task = g_steal_pointer (&task);
  self->stop_watch = devssh_context_watch_cancellable (self->context, cancellable, devssh_server_stop_cancelled_cb, self);
  if (drain_timeout > 0)
    devssh_deadline_set (&self->drained, self->context,
                         devssh_context_get_time (self->context) + drain_timeout * G_TIME_SPAN_SECOND,
                         devssh_server_drained_cb);
  devssh_server_stop_listening (self);

  sessions = devssh_server_dup_sessions (self);
  for (guint i = 0; i < sessions->len; i++)
    guest_run (g_hash_table_lookup (self->guests, sessions->pdata[i]), guest_drain_cb);
  devssh_server_finish_stop (self);
}

/**
 * devssh_server_stop_finish:
 * @self: a server
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@Server.stop_async].
 *
 * Returns: %TRUE: no session is left, no thread of the server, and nothing that a service held; %FALSE and
 *   %G_IO_ERROR_CANCELLED in @error, or %G_IO_ERROR_PENDING: it was called before
 *
 * Since: 1.0
 */
gboolean
devssh_server_stop_finish (DevSshServer  *self,
                           GAsyncResult  *result,
                           GError       **error)
{
  g_return_val_if_fail (DEVSSH_IS_SERVER (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
