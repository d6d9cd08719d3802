/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Services in a session: who answers where several could, what becomes of one that cannot, and in which order all of it ends. */
#include "../test-util.h"

#include <string.h>

/* ---- a service that writes down what happens to it, and can be told what to do ---- */

typedef enum
{
  DO_ACCEPT,
  DO_REFUSE,           /* says no */
  DO_LEAVE,            /* returns FALSE */
  DO_ACCEPT_AND_LEAVE, /* says yes, and returns FALSE: as a binding does whose code has thrown */
  DO_KEEP,
  DO_CLOSE             /* ends the session */
} Action;

static GString        *history;         /* one word an event */
static Action          action;
static gboolean        close_when_activated;
static gboolean        cannot_start;
static DevSshQuestion *kept;
static DevSshSession  *lead_back;       /* the constructor asks this session for "test" */
static guint           n_alive;

typedef DevSshService      TestService;
typedef DevSshServiceClass TestServiceClass;
GType test_service_get_type (void);
static void initable_init (GInitableIface *iface);
G_DEFINE_TYPE_WITH_CODE (TestService, test_service, DEVSSH_TYPE_SERVICE,
                         G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE, initable_init))

G_GNUC_PRINTF (1, 2)
static void
note (const char *format,
      ...)
{
  va_list args;

  va_start (args, format);
  if (history->len > 0)
    g_string_append_c (history, ' ');
  g_string_append_vprintf (history, format, args);
  va_end (args);
}

#define assert_history(text) \
  G_STMT_START { g_assert_cmpstr (history->str, ==, (text)); g_string_truncate (history, 0); } G_STMT_END

static gboolean
real_init (GInitable     *initable,
           GCancellable  *cancellable,
           GError       **error)
{
  if (lead_back != NULL)
    {
      g_autoptr(GError) reason = NULL;

      g_assert_null (devssh_session_activate_service (lead_back, "test", &reason));
      g_assert_error (reason, DEVSSH_ERROR, DEVSSH_ERROR_PLUGIN);
    }

  if (!cannot_start)
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "no licence for today");
  return FALSE;
}

static void
initable_init (GInitableIface *iface)
{
  iface->init = real_init;
}

static void
end_session (DevSshService *service)
{
  devssh_session_close (devssh_service_get_session (service), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "enough");
}

static void
activated (DevSshService *service)
{
  g_assert_true (devssh_session_get_service (devssh_service_get_session (service),
                                             devssh_service_get_name (service)) == service);
  note ("+%s", devssh_service_get_name (service));
  if (close_when_activated)
    end_session (service);
}

static void
closed (DevSshService *service)
{
  g_assert_nonnull (devssh_service_get_session (service));
  g_assert_null (devssh_session_get_service (devssh_service_get_session (service), devssh_service_get_name (service)));
  note ("-%s", devssh_service_get_name (service));
}

static void
answer (DevSshQuestion *question,
        gboolean        yes)
{
  if (DEVSSH_IS_CHANNEL_OPENING (question) && yes)
    devssh_channel_opening_accept (DEVSSH_CHANNEL_OPENING (question));
  else if (DEVSSH_IS_CHANNEL_OPENING (question))
    devssh_channel_opening_reject (DEVSSH_CHANNEL_OPENING (question), DEVSSH_CHANNEL_OPEN_FAILURE_RESOURCE_SHORTAGE, "full");
  else if (DEVSSH_IS_SESSION_REQUEST (question))
    devssh_session_request_complete (DEVSSH_SESSION_REQUEST (question), yes);
  else
    devssh_channel_request_complete (DEVSSH_CHANNEL_REQUEST (question), yes);
}

static gboolean
act (DevSshService  *service,
     DevSshQuestion *question,
     const char     *name)
{
  note ("%s:%s", devssh_service_get_name (service), name);

  switch (action)
    {
    case DO_KEEP:
      g_set_object (&kept, question);
      return TRUE;
    case DO_CLOSE:
      end_session (service);
      return TRUE;
    case DO_LEAVE:
      return FALSE;
    case DO_ACCEPT:
    case DO_REFUSE:
    case DO_ACCEPT_AND_LEAVE:
    default:
      answer (question, action != DO_REFUSE);
      return action != DO_ACCEPT_AND_LEAVE;
    }
}

static gboolean
session_request (DevSshService        *service,
                 DevSshSessionRequest *request)
{
  return act (service, DEVSSH_QUESTION (request), devssh_session_request_get_request_type (request));
}

static gboolean
channel_opening (DevSshService        *service,
                 DevSshChannelOpening *opening)
{
  return act (service, DEVSSH_QUESTION (opening), devssh_channel_opening_get_channel_type (opening));
}

static gboolean
channel_request (DevSshService        *service,
                 DevSshChannelRequest *request)
{
  return act (service, DEVSSH_QUESTION (request), devssh_channel_request_get_request_type (request));
}

static void
test_service_finalize (GObject *object)
{
  n_alive--;
  G_OBJECT_CLASS (test_service_parent_class)->finalize (object);
}

static void
test_service_class_init (TestServiceClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_service_finalize;
  klass->activated = activated;
  klass->closed = closed;
  klass->session_request = session_request;
  klass->channel_opening = channel_opening;
  klass->channel_request = channel_request;
}

static void
test_service_init (TestService *self)
{
  n_alive++;
}

/* ---- two sessions; the server has services ---- */

typedef struct
{
  TestPair      *pair;
  DevSshSession *client;
  DevSshSession *server;
  GObject       *config;
} Fixture;

static void
set_up (Fixture       *self,
        gconstpointer  data)
{
  history = g_string_new (NULL);
  action = DO_ACCEPT;
  close_when_activated = FALSE;
  cannot_start = FALSE;
  self->pair = test_pair_new ();
  self->config = g_object_new (G_TYPE_OBJECT, NULL);
}

static void
tear_down (Fixture       *self,
           gconstpointer  data)
{
  g_clear_object (&kept);
  test_pair_free (self->pair);
  g_assert_cmpuint (n_alive, ==, 0);
  g_assert_finalize_object (self->config);
  g_string_free (history, TRUE);
}

static gboolean
try_add (DevSshSessionConfig  *config,
         const char           *name,
         const char           *rules,
         GObject              *object,
         GError              **error)
{
  g_auto(GStrv) list = g_strsplit (rules, ";", -1);

  return devssh_session_config_add_service (config, test_service_get_type (), name,
                                            (const char * const *) (*rules != '\0' ? list : list + g_strv_length (list)),
                                            object, error);
}

static void
add (DevSshSessionConfig *config,
     const char          *name,
     const char          *rules,
     GObject             *object)
{
  g_autoptr(GError) error = NULL;

  try_add (config, name, rules, object, &error);
  g_assert_no_error (error);
}

static void
activated_cb (DevSshSession *session,
              DevSshService *service,
              gpointer       user_data)
{
  g_assert_true (devssh_session_get_service (session, devssh_service_get_name (service)) == service);
  note ("!%s", devssh_service_get_name (service));
}

static void
closed_cb (DevSshSession *session)
{
  note ("closed");
}

static void
start (Fixture *self)
{
  test_pair_make (self->pair);
  self->client = DEVSSH_SESSION (self->pair->client);
  self->server = DEVSSH_SESSION (self->pair->server);
  g_signal_connect (self->server, "service-activated", G_CALLBACK (activated_cb), NULL);
  g_signal_connect (self->server, "closed", G_CALLBACK (closed_cb), NULL);
  test_pair_authenticate (self->pair);
}

static void
finish (Fixture *self)
{
  devssh_session_close (self->client, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "done");
  test_spin_until (devssh_session_get_is_closed (self->server));
  test_settle ();
}

/* ---- what a peer does ---- */

static gboolean
ask_session (DevSshSession *session,
             const char    *type)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  gboolean yes;

  devssh_session_request_async (session, type, TRUE, NULL, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  yes = devssh_session_request_finish (session, result, NULL, &error);
  g_assert_no_error (error);
  return yes;
}

static DevSshChannel *
try_open (DevSshSession  *session,
          const char     *type,
          GError        **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  devssh_session_open_channel_async (session, type, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  return devssh_session_open_channel_finish (session, result, error);
}

static DevSshChannel *
open_channel (DevSshSession *session,
              const char    *type)
{
  g_autoptr(GError) error = NULL;
  DevSshChannel *channel = try_open (session, type, &error);

  g_assert_no_error (error);
  return channel;
}

static gboolean
ask_channel (DevSshChannel *channel,
             const char    *type)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  gboolean yes;

  devssh_channel_request_async (channel, type, TRUE, NULL, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  yes = devssh_channel_request_finish (channel, result, &error);
  g_assert_no_error (error);
  return yes;
}

static gboolean
request_service (DevSshSession  *session,
                 const char     *name,
                 GCancellable   *cancellable,
                 GError        **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  devssh_session_request_service_async (session, name, cancellable, test_keep_result_cb, &result);
  g_assert_null (result);
  test_spin_until (result != NULL);
  return devssh_session_request_service_finish (session, result, error);
}

static gboolean
refuse_cb (gpointer object,
           gpointer question,
           gpointer user_data)
{
  answer (question, FALSE);
  return TRUE;
}

/* A channel of a type that no service cares for, and whose application says no to every request. */
static DevSshChannel *
open_plain (Fixture    *self,
            const char *type)
{
  DevSshChannel *client;
  g_autoptr(DevSshChannel) server = NULL;

  test_pair_open (self->pair, type, &client, &server);
  g_signal_connect (server, "request", G_CALLBACK (refuse_cb), NULL);
  return client;
}

/* ---- rules; each kind for itself is in test-services.c ---- */

/* Several rules of one service, and a client's session as well as a server's. */
static void
test_several_rules (Fixture       *self,
                    gconstpointer  data)
{
  g_autoptr(DevSshChannel) one = NULL;
  g_autoptr(DevSshChannel) two = NULL;
  DevSshSession *peer;

  add (self->pair->server_config, "test", "session-request:a;session-request:b;channel-type:c;channel-type:d;channel-request:e", NULL);
  add (self->pair->client_config, "test", "session-request:a;session-request:b;channel-type:c;channel-type:d;channel-request:e", NULL);
  start (self);
  peer = data != NULL ? self->server : self->client;

  g_assert_true (ask_session (peer, "b"));
  one = open_channel (peer, "d");
  two = open_channel (peer, "c");
  g_assert_true (ask_channel (one, "e"));
  g_assert_true (ask_session (peer, "a"));
  assert_history (data != NULL ? "+test test:b test:d test:c test:e test:a" : "+test !test test:b test:d test:c test:e test:a");

  /* Rules are about the peer: neither what is asked here nor what is opened here wakes anybody here. */
  g_assert_null (devssh_session_get_service (peer, "test"));
  g_assert_cmpuint (n_alive, ==, 1);
}

/* ---- by name ---- */

static void
test_by_name (Fixture       *self,
              gconstpointer  data)
{
  g_autoptr(GError) error = NULL;
  DevSshService *service;

  add (self->pair->server_config, "test", "session-request:a", self->config);
  add (self->pair->server_config, "rules-none", "", NULL);
  start (self);

  g_assert_null (devssh_session_get_service (self->server, "test"));
  service = devssh_session_activate_service (self->server, "test", &error);
  g_assert_no_error (error);
  g_assert_true (devssh_service_get_config (service) == self->config);
  g_assert_true (devssh_session_activate_service (self->server, "test", &error) == service);
  g_assert_true (devssh_session_get_service (self->server, "test") == service);
  g_assert_true (ask_session (self->client, "a"));
  assert_history ("+test !test test:a");

  g_assert_nonnull (devssh_session_activate_service (self->server, "rules-none", &error));
  assert_history ("+rules-none !rules-none");
  finish (self);
  assert_history ("-rules-none -test closed");
}

static void
test_by_name_refused (Fixture       *self,
                      gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  add (self->pair->server_config, "test", "session-request:a", NULL);
  test_pair_make (self->pair);
  self->server = DEVSSH_SESSION (self->pair->server);
  g_assert_null (devssh_session_activate_service (self->server, "test", &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_NOT_AUTHENTICATED);
  g_clear_error (&error);

  test_pair_connect (self->pair);
  g_assert_null (devssh_session_activate_service (self->server, "test", &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_NOT_AUTHENTICATED);
  g_clear_error (&error);

  devssh_session_close (self->server, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "done");
  g_assert_null (devssh_session_activate_service (self->server, "test", &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);
  assert_history ("");
}

static void
test_by_name_unknown (Fixture       *self,
                      gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  start (self);
  g_assert_null (devssh_session_activate_service (self->server, "test", &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_NO_SERVICE);
  g_assert_null (devssh_session_get_service (self->server, "test"));
}

/* ---- conflicts ---- */

static void
test_first_rule_wins (Fixture       *self,
                      gconstpointer  data)
{
  g_autoptr(DevSshChannel) channel = NULL;
  g_autoptr(GError) error = NULL;

  add (self->pair->server_config, "first", "channel-type:a;channel-request:r", NULL);
  add (self->pair->server_config, "second", "channel-type:a;session-request:a;channel-request:r channel-type:a", NULL);
  start (self);

  channel = open_channel (self->client, "a");
  g_assert_true (ask_channel (channel, "r"));
  assert_history ("+first !first first:a first:r");

  /* What the first one refuses is refused: the second is not asked, and neither is the application. */
  action = DO_REFUSE;
  g_assert_null (try_open (self->client, "a", &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_RESOURCE_SHORTAGE);
  assert_history ("first:a");

  action = DO_ACCEPT;
  g_assert_true (ask_session (self->client, "a"));
  assert_history ("+second !second second:a");
}

/* One service for the channel, one for a request on it. */
static void
test_type_beside_request (Fixture       *self,
                          gconstpointer  data)
{
  g_autoptr(DevSshChannel) channel = NULL;

  add (self->pair->server_config, "asks", "channel-request:r channel-type:a", NULL);
  add (self->pair->server_config, "opens", "channel-type:a", NULL);
  start (self);

  channel = open_channel (self->client, "a");
  assert_history ("+opens !opens opens:a");
  g_assert_true (ask_channel (channel, "r"));
  assert_history ("+asks !asks asks:r");

  /* A request that no rule names goes to the channel's own signal, not to who opened it. */
  g_assert_false (ask_channel (channel, "other"));
  assert_history ("");
}

static void
test_name_taken (Fixture       *self,
                 gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  add (self->pair->server_config, "test", "session-request:a", self->config);
  g_assert_false (try_add (self->pair->server_config, "test", "session-request:b", NULL, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG);
  g_clear_error (&error);
  g_assert_false (try_add (self->pair->server_config, "", "session-request:b", NULL, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG);

  /* The refused one has left nothing behind. */
  start (self);
  g_signal_connect (self->server, "request", G_CALLBACK (refuse_cb), NULL);
  g_assert_true (ask_session (self->client, "a"));
  g_assert_false (ask_session (self->client, "b"));
  assert_history ("+test !test test:a");
}

/* ---- answers ---- */

static void
test_no (Fixture       *self,
         gconstpointer  data)
{
  int reason = data == GINT_TO_POINTER (DO_REFUSE)
    ? DEVSSH_CHANNEL_OPEN_FAILURE_RESOURCE_SHORTAGE
    : DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED;
  g_autoptr(DevSshChannel) channel = NULL;
  g_autoptr(GError) error = NULL;

  add (self->pair->server_config, "test", "session-request:a;channel-type:a;channel-request:a", NULL);
  add (self->pair->server_config, "other", "session-request:b", NULL);
  start (self);
  channel = open_plain (self, "plain");
  action = (Action) GPOINTER_TO_INT (data);

  g_assert_false (ask_session (self->client, "a"));
  g_assert_null (try_open (self->client, "a", &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, reason);
  g_assert_false (ask_channel (channel, "a"));
  assert_history ("+test !test test:a test:a test:a");

  action = DO_ACCEPT;
  g_assert_true (ask_session (self->client, "b"));
  g_assert_true (ask_session (self->client, "a"));
}

/* Its question is with a service that thinks; everybody else is served. */
static void
test_late (Fixture       *self,
           gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshChannel) opened = NULL;
  g_autoptr(DevSshChannel) other = NULL;

  add (self->pair->server_config, "test", "channel-type:a", NULL);
  add (self->pair->server_config, "other", "channel-type:b;session-request:b;channel-request:b", NULL);
  start (self);

  action = DO_KEEP;
  devssh_session_open_channel_async (self->client, "a", NULL, test_keep_result_cb, &result);
  test_spin_until (kept != NULL);
  action = DO_ACCEPT;
  g_assert_true (ask_session (self->client, "b"));
  other = open_channel (self->client, "b");
  g_assert_true (ask_channel (other, "b"));
  g_assert_null (result);

  if (data != NULL)
    {
      /* It never answers: the session can end all the same. */
      g_autoptr(GCancellable) cancellable = g_object_ref (devssh_question_get_cancellable (kept));

      finish (self);
      test_spin_until (result != NULL && g_cancellable_is_cancelled (cancellable));
      g_assert_null (devssh_session_open_channel_finish (self->client, result, &error));
      g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_BY_APPLICATION);
      answer (kept, TRUE);
      return;
    }

  answer (kept, TRUE);
  g_clear_object (&kept);
  test_spin_until (result != NULL);
  opened = devssh_session_open_channel_finish (self->client, result, &error);
  g_assert_no_error (error);
  g_assert_nonnull (opened);
}

/* ---- one that cannot start ---- */

static void
test_cannot_start (Fixture       *self,
                   gconstpointer  data)
{
  g_autoptr(GAsyncResult) accepting = NULL;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(DevSshChannel) channel = NULL;
  g_autoptr(DevSshChannel) opened = NULL;
  g_autoptr(GError) error = NULL;

  add (self->pair->server_config, "test", "session-request:a;channel-type:a;channel-request:a", NULL);
  start (self);
  channel = open_plain (self, "plain");
  cannot_start = TRUE;

  /* Not even where somebody takes every channel. */
  devssh_session_accept_channel_async (self->server, NULL, cancellable, test_keep_result_cb, &accepting);
  g_assert_false (ask_session (self->client, "a"));
  g_assert_null (try_open (self->client, "a", &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
  g_assert_null (strstr (error->message, "licence"));
  g_clear_error (&error);
  g_assert_false (ask_channel (channel, "a"));
  g_assert_null (accepting);

  /* The application learns the reason, the peer does not. */
  g_assert_null (devssh_session_activate_service (self->server, "test", &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_PLUGIN);
  g_assert_nonnull (strstr (error->message, "no licence for today"));
  assert_history ("");
  g_assert_cmpuint (n_alive, ==, 0);

  /* When the reason is gone it starts. */
  cannot_start = FALSE;
  g_assert_true (ask_session (self->client, "a"));
  opened = open_channel (self->client, "a");
  assert_history ("+test !test test:a test:a");

  g_cancellable_cancel (cancellable);
  test_spin_until (accepting != NULL);
}

static void
test_leads_back (Fixture       *self,
                 gconstpointer  data)
{
  add (self->pair->server_config, "test", "session-request:a", NULL);
  start (self);
  lead_back = self->server;
  g_assert_true (ask_session (self->client, "a"));
  lead_back = NULL;
  assert_history ("+test !test test:a");
  g_assert_cmpuint (n_alive, ==, 1);
}

static void
items_changed_cb (GListModel *services,
                  guint       position,
                  guint       removed,
                  guint       added,
                  gpointer    session)
{
  for (guint i = 0; i < added; i++)
    {
      g_autoptr(DevSshService) service = g_list_model_get_item (services, position + i);

      g_assert_true (devssh_session_get_service (session, "test") == service);
      note ("listed");
    }
}

/* Whoever watches the list sees a service that has its name. */
static void
test_listed (Fixture       *self,
             gconstpointer  data)
{
  add (self->pair->server_config, "test", "session-request:a", NULL);
  start (self);
  g_signal_connect (devssh_session_get_services (self->server), "items-changed", G_CALLBACK (items_changed_cb), self->server);
  g_assert_true (ask_session (self->client, "a"));
  assert_history ("listed +test !test test:a");
}

/* ---- the end ---- */

static void
channel_closed_cb (DevSshChannel *channel)
{
  note ("channel");
}

static void
make_busy (Fixture *self)
{
  g_autoptr(DevSshChannel) client = NULL;
  g_autoptr(DevSshChannel) server = NULL;
  g_autoptr(GError) error = NULL;

  add (self->pair->server_config, "one", "session-request:a", NULL);
  add (self->pair->server_config, "two", "session-request:b", NULL);
  add (self->pair->server_config, "three", "", NULL);
  start (self);
  test_pair_open (self->pair, "plain", &client, &server);
  g_signal_connect (server, "closed", G_CALLBACK (channel_closed_cb), NULL);
  g_assert_true (ask_session (self->client, "b"));
  g_assert_nonnull (devssh_session_activate_service (self->server, "three", &error));
  g_assert_true (ask_session (self->client, "a"));
  assert_history ("+two !two two:b +three !three +one !one one:a");
}

#define ENDED "channel -one -three -two closed"

static void
end_by_peer (Fixture *self)
{
  devssh_session_close (self->client, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "done");
}

static void
end_by_us (Fixture *self)
{
  devssh_session_close (self->server, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "done");
  devssh_session_close (self->server, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "again");
}

/* An offence: SUCCESS of a login, from a client. */
static void
end_by_offence (Fixture *self)
{
  static const guint8 success[] = { DEVSSH_MESSAGE_USERAUTH_SUCCESS };
  g_autoptr(GBytes) message = g_bytes_new_static (success, sizeof success);
  g_autoptr(GError) error = NULL;

  devssh_session_send_message (self->client, message, &error);
  g_assert_no_error (error);
}

static void
end_by_cut (Fixture *self)
{
  g_autoptr(GError) error = NULL;

  g_socket_shutdown (g_socket_connection_get_socket (G_SOCKET_CONNECTION (devssh_session_get_stream (self->client))),
                     TRUE, TRUE, &error);
  g_assert_no_error (error);
}

/* A service request that nobody serves. */
static void
end_by_service (Fixture *self)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (request_service (self->client, "nobody@example.org", NULL, &error));
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_SERVICE_NOT_AVAILABLE);
}

static const struct
{
  const char *name;
  void      (*end) (Fixture *self);
} ends[] = {
  { "by-peer", end_by_peer },
  { "by-us", end_by_us },
  { "by-offence", end_by_offence },
  { "by-cut", end_by_cut },
  { "by-service-request", end_by_service },
};

static void
test_end (Fixture       *self,
          gconstpointer  data)
{
  make_busy (self);
  ends[GPOINTER_TO_UINT (data)].end (self);
  test_spin_until (devssh_session_get_is_closed (self->server));
  test_settle ();
  assert_history (ENDED);
  g_assert_cmpuint (n_alive, ==, 0);

  /* Nothing more comes when the session goes. */
  g_clear_object (&self->pair->server);
  test_settle ();
  assert_history ("");
}

/* Nobody has said close: the last reference goes. */
static void
test_end_dropped (Fixture       *self,
                  gconstpointer  data)
{
  make_busy (self);
  g_signal_handlers_disconnect_by_data (self->server, self->pair);
  g_clear_object (&self->pair->server);
  assert_history ("channel -one -three -two");
  g_assert_cmpuint (n_alive, ==, 0);
}

/* The session is ended from inside what the service is told. */
static void
test_end_inside (Fixture       *self,
                 gconstpointer  data)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  add (self->pair->server_config, "test", "session-request:a", NULL);
  start (self);
  if (data != NULL)
    action = DO_CLOSE;
  else
    close_when_activated = TRUE;

  devssh_session_request_async (self->client, "a", TRUE, NULL, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL && devssh_session_get_is_closed (self->server));
  g_assert_false (devssh_session_request_finish (self->client, result, NULL, &error));
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_BY_APPLICATION);
  test_settle ();
  assert_history (data != NULL ? "+test !test test:a -test closed" : "+test !test -test closed");
}

static void
test_end_by_name (Fixture       *self,
                  gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  add (self->pair->server_config, "test", "", NULL);
  start (self);
  close_when_activated = TRUE;
  g_assert_null (devssh_session_activate_service (self->server, "test", &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);
  test_settle ();
  assert_history ("+test !test -test closed");
}

/* ---- the client's side of a service request ---- */

static void
test_request_service (Fixture       *self,
                      gconstpointer  data)
{
  g_autoptr(GAsyncResult) one = NULL;
  g_autoptr(GAsyncResult) two = NULL;
  g_autoptr(GError) error = NULL;

  if (data != NULL)
    {
      g_object_unref (self->pair->client_config);
      self->pair->client_config = devssh_session_config_new_no_security ();
      g_object_unref (self->pair->server_config);
      self->pair->server_config = devssh_session_config_new_no_security ();
    }
  add (self->pair->server_config, "one", "service-request:one@example.org", NULL);
  add (self->pair->server_config, "two", "service-request:two@example.org", NULL);
  if (data != NULL)
    test_pair_connect (self->pair);
  else
    test_pair_authenticate (self->pair);
  self->client = DEVSSH_SESSION (self->pair->client);
  self->server = DEVSSH_SESSION (self->pair->server);

  devssh_session_request_service_async (self->client, "two@example.org", NULL, test_keep_result_cb, &two);
  devssh_session_request_service_async (self->client, "one@example.org", NULL, test_keep_result_cb, &one);
  test_spin_until (one != NULL && two != NULL);
  g_assert_true (devssh_session_request_service_finish (self->client, one, &error));
  g_assert_true (devssh_session_request_service_finish (self->client, two, &error));
  g_assert_no_error (error);
  assert_history ("+two +one");

  /* Again, and the library's own. */
  g_assert_true (request_service (self->client, "one@example.org", NULL, &error));
  g_assert_true (request_service (self->client, DEVSSH_SERVICE_NAME_CONNECTION, NULL, &error));
  g_assert_true (request_service (self->client, DEVSSH_SERVICE_NAME_USERAUTH, NULL, &error));
  g_assert_no_error (error);
  assert_history ("");
}

static void
test_request_service_misused (Fixture       *self,
                              gconstpointer  data)
{
  static const struct { gboolean server; const char *name; int code; } rows[] = {
    { TRUE, "one@example.org", DEVSSH_ERROR_INVALID_STATE },
    { FALSE, "", DEVSSH_ERROR_INVALID_STATE },
    { FALSE, "one two", DEVSSH_ERROR_INVALID_STATE },
    { FALSE, "one,two", DEVSSH_ERROR_INVALID_STATE },
    { FALSE, "one\n", DEVSSH_ERROR_INVALID_STATE },
  };
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  test_pair_make (self->pair);
  self->client = DEVSSH_SESSION (self->pair->client);
  self->server = DEVSSH_SESSION (self->pair->server);
  g_assert_false (request_service (self->client, "x", NULL, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_NOT_CONNECTED);
  g_clear_error (&error);

  test_pair_connect (self->pair);
  g_assert_false (request_service (self->client, "x", NULL, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_NOT_AUTHENTICATED);
  g_clear_error (&error);

  devssh_client_session_authenticate_async (self->pair->client, self->pair->user, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_true (devssh_client_session_authenticate_finish (self->pair->client, result, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(GError) reason = NULL;

      g_assert_false (request_service (rows[i].server ? self->server : self->client, rows[i].name, NULL, &reason));
      g_assert_error (reason, DEVSSH_ERROR, rows[i].code);
    }

  devssh_session_close (self->client, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "done");
  g_assert_false (request_service (self->client, "x", NULL, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);
}

static void
test_request_service_refused (Fixture       *self,
                              gconstpointer  data)
{
  g_autoptr(GAsyncResult) one = NULL;
  g_autoptr(GAsyncResult) two = NULL;
  g_autoptr(GError) error = NULL;

  add (self->pair->server_config, "one", "service-request:one@example.org", NULL);
  start (self);
  cannot_start = data != NULL;

  devssh_session_request_service_async (self->client, data != NULL ? "one@example.org" : "nobody@example.org",
                                        NULL, test_keep_result_cb, &one);
  devssh_session_request_service_async (self->client, "one@example.org", NULL, test_keep_result_cb, &two);
  test_spin_until (one != NULL && two != NULL);
  g_assert_false (devssh_session_request_service_finish (self->client, one, &error));
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_SERVICE_NOT_AVAILABLE);
  g_clear_error (&error);
  g_assert_false (devssh_session_request_service_finish (self->client, two, &error));
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_SERVICE_NOT_AVAILABLE);
  test_spin_until (devssh_session_get_is_closed (self->server));
  g_assert_cmpint (devssh_session_get_disconnect_reason (self->server), ==, DEVSSH_DISCONNECT_REASON_SERVICE_NOT_AVAILABLE);
  assert_history ("closed");
}

#define ADD(path, data, func) g_test_add (path, Fixture, data, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/activation/rule/several", NULL, test_several_rules);
  ADD ("/activation/rule/several-in-a-client", "client", test_several_rules);
  ADD ("/activation/by-name", NULL, test_by_name);
  ADD ("/activation/by-name/too-early-and-too-late", NULL, test_by_name_refused);
  ADD ("/activation/by-name/unknown", NULL, test_by_name_unknown);
  ADD ("/activation/conflict/first-rule-wins", NULL, test_first_rule_wins);
  ADD ("/activation/conflict/channel-type-beside-request", NULL, test_type_beside_request);
  ADD ("/activation/conflict/name-taken", NULL, test_name_taken);
  ADD ("/activation/answer/no", GINT_TO_POINTER (DO_REFUSE), test_no);
  ADD ("/activation/answer/not-taken", GINT_TO_POINTER (DO_LEAVE), test_no);
  ADD ("/activation/answer/yes-but-not-taken", GINT_TO_POINTER (DO_ACCEPT_AND_LEAVE), test_no);
  ADD ("/activation/answer/late", NULL, test_late);
  ADD ("/activation/answer/never", "never", test_late);
  ADD ("/activation/cannot-start/T-83", NULL, test_cannot_start);
  ADD ("/activation/leads-back", NULL, test_leads_back);
  ADD ("/activation/listed", NULL, test_listed);
  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      g_autofree char *path = g_strdup_printf ("/activation/end/T-64/%s", ends[i].name);

      ADD (path, GUINT_TO_POINTER (i), test_end);
    }
  ADD ("/activation/end/T-64/dropped", NULL, test_end_dropped);
  ADD ("/activation/end/T-64/when-activated", NULL, test_end_inside);
  ADD ("/activation/end/T-64/when-asked", "asked", test_end_inside);
  ADD ("/activation/end/T-64/when-activated-by-name", NULL, test_end_by_name);
  ADD ("/activation/request/accepted", NULL, test_request_service);
  ADD ("/activation/request/accepted-without-security", "no-security", test_request_service);
  ADD ("/activation/request/misused", NULL, test_request_service_misused);
  ADD ("/activation/request/unknown", NULL, test_request_service_refused);
  ADD ("/activation/request/cannot-start", "cannot-start", test_request_service_refused);

  return g_test_run ();
}
