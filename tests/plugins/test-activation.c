/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plugins in sessions: when a module is opened, that a bad or slow one hurts nobody, and who comes first (threat T-83). */
#include "../test-util.h"
#include "plugin-util.h"

#include <string.h>
#include <glib/gstdio.h>

/* ---- what modules find in this program ---- */

G_MODULE_EXPORT extern guint test_module_loads;
guint test_module_loads;

G_MODULE_EXPORT gboolean test_module_act (DevSshService *service, DevSshQuestion *question, gboolean closed);
G_MODULE_EXPORT void test_module_wait (void);

static GMutex          lock;
static GCond           cond;
static guint           n_waiting;     /* constructors that have begun */
static guint           n_let_go;      /* so many of them may come back */
static gboolean        is_quiet;      /* several threads: nothing is written down */
static GString        *history;
static gboolean        keep_questions;
static GPtrArray      *kept;          /* (element-type DevSshQuestion) */

void
test_module_wait (void)
{
  guint mine;

  g_mutex_lock (&lock);
  mine = ++n_waiting;
  g_main_context_wakeup (NULL);
  while (n_let_go < mine)
    g_cond_wait (&cond, &lock);
  g_mutex_unlock (&lock);
}

static guint
get_n_waiting (void)
{
  guint n;

  g_mutex_lock (&lock);
  n = n_waiting;
  g_mutex_unlock (&lock);
  return n;
}

static guint
get_loads (void)
{
  return (guint) g_atomic_int_get (&test_module_loads);
}

static void
let_go (void)
{
  g_mutex_lock (&lock);
  n_let_go++;
  g_cond_broadcast (&cond);
  g_mutex_unlock (&lock);
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

static void
note (const char *mark,
      const char *text)
{
  if (is_quiet)
    return;
  if (history->len > 0)
    g_string_append_c (history, ' ');
  g_string_append (history, mark);
  g_string_append (history, text);
}

#define assert_history(text) \
  G_STMT_START { g_assert_cmpstr (history->str, ==, (text)); g_string_truncate (history, 0); } G_STMT_END

gboolean
test_module_act (DevSshService  *service,
                 DevSshQuestion *question,
                 gboolean        has_closed)
{
  if (question == NULL)
    {
      note (has_closed ? "-" : "+", devssh_service_get_name (service));
      return FALSE;
    }

  note (devssh_service_get_name (service),
        DEVSSH_IS_CHANNEL_OPENING (question) ? ":opening" : DEVSSH_IS_SESSION_REQUEST (question) ? ":request" : ":channel");
  if (keep_questions)
    g_ptr_array_add (kept, g_object_ref (question));
  else
    answer (question, TRUE);
  return TRUE;
}

/* ---- a service of the program's own ---- */

typedef DevSshService      TestOwn;
typedef DevSshServiceClass TestOwnClass;
GType test_own_get_type (void);
G_DEFINE_TYPE (TestOwn, test_own, DEVSSH_TYPE_SERVICE)

static gboolean
own_session_request (DevSshService        *service,
                     DevSshSessionRequest *request)
{
  note ("own", ":request");
  devssh_session_request_complete (request, TRUE);
  return TRUE;
}

static gboolean
own_channel_opening (DevSshService        *service,
                     DevSshChannelOpening *opening)
{
  note ("own", ":opening");
  devssh_channel_opening_accept (opening);
  return TRUE;
}

static void
test_own_class_init (TestOwnClass *klass)
{
  klass->session_request = own_session_request;
  klass->channel_opening = own_channel_opening;
}

static void
test_own_init (TestOwn *self)
{
}

/* ---- two sessions; the server may use plugins of a directory ---- */

typedef struct
{
  TestPair      *pair;
  const char    *directory;
  DevSshSession *client;
  DevSshSession *server;
} Fixture;

static void
set_up (Fixture       *self,
        gconstpointer  data)
{
  history = g_string_new (NULL);
  kept = g_ptr_array_new_with_free_func (g_object_unref);
  keep_questions = FALSE;
  test_module_loads = 0;
  self->directory = new_directory ();
  self->pair = test_pair_new ();
}

static void
tear_down (Fixture       *self,
           gconstpointer  data)
{
  g_ptr_array_unref (kept);
  test_pair_free (self->pair);
  g_string_free (history, TRUE);
}

static void
allow (DevSshSessionConfig *config,
       const char          *directory,
       const char          *names)
{
  g_auto(GStrv) list = names != NULL ? g_strsplit (names, ";", -1) : NULL;
  g_autoptr(GError) error = NULL;

  devssh_session_config_add_plugin_directory (config, directory, &error);
  g_assert_no_error (error);
  devssh_session_config_allow_plugins (config, (const char * const *) list);
}

static void
add_own (DevSshSessionConfig *config,
         const char          *name,
         const char          *rules)
{
  g_auto(GStrv) list = g_strsplit (rules, ";", -1);
  g_autoptr(GError) error = NULL;

  devssh_session_config_add_service (config, test_own_get_type (), name, (const char * const *) list, NULL, &error);
  g_assert_no_error (error);
}

static void
start (Fixture *self)
{
  test_pair_authenticate (self->pair);
  self->client = DEVSSH_SESSION (self->pair->client);
  self->server = DEVSSH_SESSION (self->pair->server);
}

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
                 GError        **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  devssh_session_request_service_async (session, name, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  return devssh_session_request_service_finish (session, result, error);
}

static DevSshChannel *
open_plain (Fixture *self)
{
  DevSshChannel *client;
  g_autoptr(DevSshChannel) server = NULL;

  test_pair_open (self->pair, "plain", &client, &server);
  return client;
}

/* ---- when a module is opened ---- */

static const struct
{
  const char *name;
  const char *rule;
  const char *type_name;
  const char *handled;
} kinds[] = {
  { "service-request",          "service-request:x", "TestKind1", "+x" },
  { "session-request",          "session-request:x", "TestKind2", "+x x:request" },
  { "channel-type",             "channel-type:x", "TestKind3", "+x x:opening" },
  { "channel-request",          "channel-request:x", "TestKind4", "+x x:channel" },
  { "channel-type-and-request", "channel-request:x channel-type:plain", "TestKind5", "+x x:channel" },
};

static void
test_kind (Fixture       *self,
           gconstpointer  data)
{
  guint kind = GPOINTER_TO_UINT (data);
  g_autoptr(DevSshChannel) plain = NULL;
  g_autoptr(DevSshChannel) channel = NULL;
  g_autoptr(GError) error = NULL;

  put_plugin (self->directory, "hook", "x", kinds[kind].type_name, kinds[kind].rule);
  allow (self->pair->server_config, self->directory, "x");
  start (self);
  plain = open_plain (self);

  /* Keyfile read, login done, a channel opened: and nothing of the plugin is here yet. */
  g_assert_cmpuint (g_type_from_name (kinds[kind].type_name), ==, 0);
  g_assert_cmpuint (get_loads (), ==, 0);
  g_assert_null (devssh_session_get_service (self->server, "x"));

  if (kind == 0)
    g_assert_true (request_service (self->client, "x", &error));
  else if (kind == 1)
    g_assert_true (ask_session (self->client, "x"));
  else if (kind == 2)
    channel = try_open (self->client, "x", &error);
  else
    g_assert_true (ask_channel (plain, "x"));
  g_assert_no_error (error);

  assert_history (kinds[kind].handled);
  g_assert_cmpuint (get_loads (), ==, 1);
  g_assert_true (G_OBJECT_TYPE (devssh_session_get_service (self->server, "x")) == g_type_from_name (kinds[kind].type_name));

  devssh_session_close (self->client, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "done");
  test_spin_until (devssh_session_get_is_closed (self->server));
  test_settle ();
  assert_history ("-x");
}

static gboolean
refuse_cb (gpointer object,
           gpointer question,
           gpointer user_data)
{
  answer (question, FALSE);
  return TRUE;
}

/* Installed is not allowed. */
static void
test_not_allowed (Fixture       *self,
                  gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  put_plugin (self->directory, "hook", "x", "TestNotAllowed", "session-request:x;channel-type:x");
  if (data != NULL)
    allow (self->pair->server_config, self->directory, data);
  else
    devssh_session_config_add_plugin_directory (self->pair->server_config, self->directory, NULL);
  start (self);
  g_signal_connect (self->server, "request", G_CALLBACK (refuse_cb), NULL);

  g_assert_false (ask_session (self->client, "x"));
  g_assert_null (try_open (self->client, "x", &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_UNKNOWN_CHANNEL_TYPE);
  g_clear_error (&error);
  g_assert_null (devssh_session_activate_service (self->server, "x", &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_NO_SERVICE);
  assert_history ("");
  g_assert_cmpuint (g_type_from_name ("TestNotAllowed"), ==, 0);
}

/* Somebody who has not logged in wakes nothing, whatever he asks for. */
static void
test_before_login (Fixture       *self,
                   gconstpointer  data)
{
  g_autoptr(GBytes) message = NULL;
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();
  g_autoptr(GError) error = NULL;

  put_plugin (self->directory, "hook", "x", "TestBeforeLogin", "service-request:x;session-request:x;channel-type:session");
  allow (self->pair->server_config, self->directory, NULL);
  test_pair_connect (self->pair);
  self->client = DEVSSH_SESSION (self->pair->client);
  self->server = DEVSSH_SESSION (self->pair->server);

  devssh_writer_put_byte (writer, GPOINTER_TO_UINT (data));
  devssh_writer_put_utf8 (writer, "x");
  devssh_writer_put_boolean (writer, TRUE);
  message = devssh_writer_end (writer);
  devssh_session_send_message (self->client, message, &error);
  g_assert_no_error (error);
  test_spin_until (devssh_session_get_is_closed (self->server));
  assert_history ("");
  g_assert_cmpuint (g_type_from_name ("TestBeforeLogin"), ==, 0);
}

/* ---- plugins beside each other ---- */

static void
test_side_by_side (Fixture       *self,
                   gconstpointer  data)
{
  g_autoptr(DevSshChannel) channel = NULL;
  g_autoptr(GError) error = NULL;

  put_plugin (self->directory, "hook", "a", "TestSideA", "session-request:a;channel-type:own");
  put_plugin (self->directory, "hook", "b", "TestSideB", "session-request:a;session-request:b;session-request:own");
  allow (self->pair->server_config, self->directory, NULL);
  add_own (self->pair->server_config, "own", "session-request:own;channel-type:own");
  start (self);

  /* The program's own before plugins, these by name. */
  g_assert_true (ask_session (self->client, "b"));
  g_assert_true (ask_session (self->client, "own"));
  channel = try_open (self->client, "own", &error);
  g_assert_no_error (error);
  g_assert_true (ask_session (self->client, "a"));
  assert_history ("+b b:request own:request own:opening +a a:request");

  devssh_session_close (self->client, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "done");
  test_spin_until (devssh_session_get_is_closed (self->server));
  test_settle ();
  assert_history ("-a -b");
}

/* The program has a service of that name: the plugin's is not there, with none of its rules. */
static void
test_name_is_own (Fixture       *self,
                  gconstpointer  data)
{
  put_plugin (self->directory, "hook", "x", "TestNameIsOwn", "session-request:plugin;session-request:x");
  allow (self->pair->server_config, self->directory, NULL);
  add_own (self->pair->server_config, "x", "session-request:x");
  start (self);
  g_signal_connect (self->server, "request", G_CALLBACK (refuse_cb), NULL);

  g_assert_true (ask_session (self->client, "x"));
  g_assert_false (ask_session (self->client, "plugin"));
  g_assert_true (ask_session (self->client, "x"));
  assert_history ("own:request own:request");
  g_assert_cmpuint (g_type_from_name ("TestNameIsOwn"), ==, 0);
}

/* Two plugins have a service of one name: the first one's is there. */
static void
test_name_twice (Fixture       *self,
                 gconstpointer  data)
{
  put_plugin (self->directory, "hook", "a", "TestTwiceA", "session-request:a");
  put_plugin (self->directory, "hook", "b", "TestTwiceB", "session-request:b");
  put_text (self->directory, "b.plugin",
            "[Plugin]\nModule=TestTwiceB\nAbi=1\n[Service TestTwiceB]\nName=a\nActivateOn=session-request:b\n");
  allow (self->pair->server_config, self->directory, data);
  start (self);
  g_signal_connect (self->server, "request", G_CALLBACK (refuse_cb), NULL);

  if (data == NULL)
    {
      g_assert_true (ask_session (self->client, "a"));
      g_assert_false (ask_session (self->client, "b"));
      g_assert_cmpuint (g_type_from_name ("TestTwiceB"), ==, 0);
    }
  else
    {
      /* Allowed alone it is as good as the other. */
      g_assert_false (ask_session (self->client, "a"));
      g_assert_true (ask_session (self->client, "b"));
    }
}

/* Two modules want one name for a type: the first one opened has it. */
static void
test_type_twice (Fixture       *self,
                 gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  put_keyfile (self->directory, "a", "test-taken-too", "TestGood");
  put_keyfile (self->directory, "b", "test-good", "TestGood");
  put_module (self->directory, "taken-too");
  put_module (self->directory, "good");
  allow (self->pair->server_config, self->directory, NULL);
  start (self);

  g_assert_true (ask_session (self->client, "b"));
  g_assert_false (ask_session (self->client, "a"));
  g_assert_true (ask_session (self->client, "b"));
  g_assert_cmpuint (get_loads (), ==, 1);
  g_assert_null (devssh_session_activate_service (self->server, "a", &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_PLUGIN);
  g_assert_nonnull (strstr (error->message, "the type name “TestGood” is taken"));
}

/* ---- bad ones ---- */

static const struct
{
  const char *variant;
  const char *type_name;
  const char *reason;
} bad[] = {
  { "wrong-abi",        "TestWrongAbi",        "was built for plugin ABI 2" },
  { "no-abi",           "TestNoAbi",           "has no symbol “devssh_plugin_abi”" },
  { "no-load",          "TestNoLoad",          "has no symbol “devssh_plugin_load”" },
  { "undefined-symbol", "TestUndefinedSymbol", "test_module_calls_what_nobody_has" },
  { "no-type",          "TestNoType",          "is not registered by the module" },
  { "not-a-service",    "TestNotAService",     "is not a DevSshService" },
  { "abstract",         "TestAbstract",        "is abstract" },
  { "static-type",      "TestStaticType",      "not with the GTypeModule" },
  { "cannot-start",     "TestCannotStart",     "no licence for today" },
  { "missing",          "TestMissing",         "No such file" },
};

static void
trace_cb (DevSshSession    *session,
          DevSshTraceLevel  level,
          DevSshTraceEvent  event,
          const char       *text,
          gpointer          user_data)
{
  if (level == DEVSSH_TRACE_LEVEL_ERROR)
    g_string_append_printf (user_data, "%s\n", text);
}

static void
test_bad (Fixture       *self,
          gconstpointer  data)
{
  guint i = GPOINTER_TO_UINT (data);
  g_autofree char *module = g_strconcat ("test-", bad[i].variant, NULL);
  g_autofree char *text = g_strdup_printf ("[Plugin]\nModule=%s\nAbi=1\n[Service %s]\nName=bad\nActivateOn="
                                           "session-request:bad;channel-type:bad;channel-request:bad;service-request:bad\n",
                                           module, bad[i].type_name);
  g_autofree char *good_type = g_strdup_printf ("TestBesideBad%u", i);
  g_autoptr(GString) traces = g_string_new (NULL);
  g_autoptr(GAsyncResult) request = NULL;
  g_autoptr(GAsyncResult) opening = NULL;
  g_autoptr(GAsyncResult) channel_request = NULL;
  g_autoptr(DevSshChannel) plain = NULL;
  g_autoptr(DevSshChannel) channel = NULL;
  g_autoptr(GError) error = NULL;

  put_text (self->directory, "bad.plugin", text);
  if (strcmp (bad[i].variant, "missing") != 0)
    put_module (self->directory, bad[i].variant);
  put_plugin (self->directory, "hook", "good", good_type, "session-request:good;channel-type:good");
  allow (self->pair->server_config, self->directory, NULL);
  start (self);
  g_signal_connect (self->server, "trace", G_CALLBACK (trace_cb), traces);
  plain = open_plain (self);

  /* All at once, and others between: each has its answer. */
  devssh_session_request_async (self->client, "bad", TRUE, NULL, NULL, test_keep_result_cb, &request);
  devssh_session_open_channel_async (self->client, "bad", NULL, test_keep_result_cb, &opening);
  devssh_channel_request_async (plain, "bad", TRUE, NULL, NULL, test_keep_result_cb, &channel_request);
  g_assert_true (ask_session (self->client, "good"));
  test_spin_until (request != NULL && opening != NULL && channel_request != NULL);
  g_assert_false (devssh_session_request_finish (self->client, request, NULL, &error));
  g_assert_no_error (error);
  g_assert_false (devssh_channel_request_finish (plain, channel_request, &error));
  g_assert_no_error (error);
  g_assert_null (devssh_session_open_channel_finish (self->client, opening, &error));
  g_assert_error (error, DEVSSH_CHANNEL_ERROR, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED);
  g_assert_null (strstr (error->message, self->directory));
  g_clear_error (&error);

  channel = try_open (self->client, "good", &error);
  g_assert_no_error (error);
  assert_history ("+good good:request good:opening");

  /* The application is told why, both ways. */
  g_assert_nonnull (strstr (traces->str, bad[i].reason));
  g_assert_null (devssh_session_activate_service (self->server, "bad", &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_PLUGIN);
  g_assert_nonnull (strstr (error->message, bad[i].reason));
  g_clear_error (&error);
  g_assert_null (devssh_session_get_service (self->server, "bad"));

  /* RFC 4253, 10: a service request can only be refused by hanging up. */
  g_assert_false (request_service (self->client, "bad", &error));
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_SERVICE_NOT_AVAILABLE);
  test_spin_until (devssh_session_get_is_closed (self->server));
  assert_history ("-good");
}

/* ---- slow ones ---- */

/* A module whose constructor does not come back yet, and a question that waits for it. */
typedef struct
{
  GAsyncResult *request;
  GAsyncResult *opening;
  GAsyncResult *second;
  GAsyncResult *service;
  guint         number;
} Slow;

static void
slow_clear (Slow *self)
{
  g_clear_object (&self->request);
  g_clear_object (&self->opening);
  g_clear_object (&self->second);
  g_clear_object (&self->service);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Slow, slow_clear)

static void
start_slow (Fixture    *self,
            Slow       *slow,
            const char *type_name)
{
  put_plugin (self->directory, "slow", "slow", type_name,
              "session-request:slow;session-request:slow-too;channel-type:slow;service-request:slow;channel-request:slow");
  allow (self->pair->server_config, self->directory, NULL);
  add_own (self->pair->server_config, "own", "session-request:own;channel-type:own");
  start (self);

  slow->number = n_let_go + 1;
  devssh_session_request_async (self->client, "slow", TRUE, NULL, NULL, test_keep_result_cb, &slow->request);
  test_spin_until (get_n_waiting () == slow->number);
}

static void
test_slow (Fixture       *self,
           gconstpointer  data)
{
  g_auto(Slow) slow = { NULL, };
  g_autoptr(TestPair) other = NULL;
  g_autoptr(DevSshChannel) channel = NULL;
  g_autoptr(DevSshChannel) opened = NULL;
  g_autoptr(GError) error = NULL;

  /* In the directory there is one more plugin, which is open already. */
  put_plugin (self->directory, "hook", "quick", "TestQuick1", "session-request:quick;channel-type:quick");
  start_slow (self, &slow, "TestSlow1");

  /* More that waits for the same module, in this order ... */
  devssh_session_open_channel_async (self->client, "slow", NULL, test_keep_result_cb, &slow.opening);
  devssh_session_request_service_async (self->client, "slow", NULL, test_keep_result_cb, &slow.service);
  devssh_session_request_async (self->client, "slow-too", TRUE, NULL, NULL, test_keep_result_cb, &slow.second);

  /* ... and what does not: the program's own services, here and in another session that is made now. */
  channel = try_open (self->client, "own", &error);
  g_assert_no_error (error);
  other = test_pair_new ();
  allow (other->server_config, self->directory, NULL);
  add_own (other->server_config, "own", "session-request:own");
  test_pair_authenticate (other);
  g_assert_true (ask_session (DEVSSH_SESSION (other->client), "own"));
  assert_history ("own:opening own:request");
  g_assert_null (devssh_session_get_service (self->server, "slow"));
  g_assert_true (slow.request == NULL && slow.opening == NULL && slow.second == NULL && slow.service == NULL);

  let_go ();
  test_spin_until (slow.request != NULL && slow.opening != NULL && slow.second != NULL && slow.service != NULL);
  g_assert_true (devssh_session_request_finish (self->client, slow.request, NULL, &error));
  opened = devssh_session_open_channel_finish (self->client, slow.opening, &error);
  g_assert_nonnull (opened);
  g_assert_true (devssh_session_request_service_finish (self->client, slow.service, &error));
  g_assert_true (devssh_session_request_finish (self->client, slow.second, NULL, &error));
  g_assert_no_error (error);
  assert_history ("+slow slow:request slow:opening slow:request");
  g_assert_cmpuint (get_loads (), ==, 1);

  /* Now that it is open, nobody waits any more; neither does who opens another one. */
  g_assert_true (ask_session (DEVSSH_SESSION (other->client), "slow"));
  g_assert_true (ask_session (self->client, "quick"));
  assert_history ("+slow slow:request +quick quick:request");
}

/* Two more, one of them after the other has been let go: an open module is used while another one is opened. */
static void
test_slow_beside_open (Fixture       *self,
                       gconstpointer  data)
{
  g_auto(Slow) slow = { NULL, };
  g_autoptr(TestPair) other = NULL;
  g_autoptr(DevSshChannel) channel = NULL;
  g_autoptr(GError) error = NULL;

  put_plugin (self->directory, "hook", "quick", "TestQuick2", "session-request:quick;channel-type:quick");
  other = test_pair_new ();
  allow (other->server_config, self->directory, NULL);
  test_pair_authenticate (other);
  g_assert_true (ask_session (DEVSSH_SESSION (other->client), "quick"));

  start_slow (self, &slow, "TestSlow2");
  channel = try_open (self->client, "quick", &error);
  g_assert_no_error (error);
  g_assert_true (ask_session (DEVSSH_SESSION (other->client), "quick"));
  assert_history ("+quick quick:request +quick quick:opening quick:request");

  let_go ();
  test_spin_until (slow.request != NULL);
  g_assert_true (devssh_session_request_finish (self->client, slow.request, NULL, &error));
  g_assert_no_error (error);
}

static gpointer
let_go_thread (gpointer data)
{
  let_go ();
  return NULL;
}

/* Who asks by name waits for the thread that opens the module, and gets the one instance. */
static void
test_slow_by_name (Fixture       *self,
                   gconstpointer  data)
{
  g_auto(Slow) slow = { NULL, };
  g_autoptr(GError) error = NULL;
  DevSshService *service;
  GThread *thread;

  start_slow (self, &slow, "TestSlow3");
  thread = g_thread_new ("let-go", let_go_thread, NULL);
  service = devssh_session_activate_service (self->server, "slow", &error);
  g_assert_no_error (error);
  g_thread_join (thread);
  assert_history ("+slow");
  test_spin_until (slow.request != NULL);
  g_assert_true (devssh_session_request_finish (self->client, slow.request, NULL, &error));
  g_assert_true (devssh_session_get_service (self->server, "slow") == service);
  assert_history ("slow:request");
}

/* The session ends meanwhile, this way or that. */
static void
test_slow_and_closed (Fixture       *self,
                      gconstpointer  data)
{
  g_auto(Slow) slow = { NULL, };
  g_autoptr(GError) error = NULL;

  start_slow (self, &slow, data != NULL ? "TestSlow4" : "TestSlow5");
  devssh_session_open_channel_async (self->client, "slow", NULL, test_keep_result_cb, &slow.opening);
  devssh_session_request_service_async (self->client, "slow", NULL, test_keep_result_cb, &slow.service);

  if (data != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->server, self->pair);
      g_assert_finalize_object (g_steal_pointer (&self->pair->server));
    }
  else
    {
      devssh_session_close (self->server, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "done");
    }
  test_spin_until (slow.request != NULL && slow.opening != NULL && slow.service != NULL);
  g_assert_false (devssh_session_request_finish (self->client, slow.request, NULL, &error));
  g_assert_nonnull (error);
  g_assert_true (error->domain == DEVSSH_CONNECTION_ERROR);

  let_go ();
  while (get_loads () == 0)
    test_settle ();
  test_settle ();
  assert_history ("");
}

/* Nobody wants the channel any more when the module is there. */
static void
test_slow_and_given_up (Fixture       *self,
                        gconstpointer  data)
{
  g_auto(Slow) slow = { NULL, };
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshChannel) plain = NULL;

  put_plugin (self->directory, "slow", "slow", "TestSlow6", "channel-request:slow");
  allow (self->pair->server_config, self->directory, NULL);
  add_own (self->pair->server_config, "own", "session-request:own");
  start (self);
  plain = open_plain (self);
  slow.number = n_let_go + 1;
  devssh_channel_request_async (plain, "slow", TRUE, NULL, NULL, test_keep_result_cb, &slow.request);
  test_spin_until (get_n_waiting () == slow.number);

  devssh_channel_close (plain);
  test_spin_until (slow.request != NULL);
  g_assert_false (devssh_channel_request_finish (plain, slow.request, &error));
  g_clear_error (&error);
  g_assert_true (ask_session (self->client, "own"));

  let_go ();
  while (get_loads () == 0)
    test_settle ();
  g_assert_true (ask_session (self->client, "own"));
  assert_history ("own:request own:request");
  g_assert_null (devssh_session_get_service (self->server, "slow"));
}

/* What waits is counted. */
static void
test_slow_flood (Fixture       *self,
                 gconstpointer  data)
{
  g_auto(Slow) slow = { NULL, };

  start_slow (self, &slow, data != NULL ? "TestSlow7" : "TestSlow8");

  if (data != NULL)
    {
      GAsyncResult *asked[100] = { NULL, };
      guint yes = 0;

      /* RFC 4254, 4: replies come in order, so all wait for the first. */
      for (guint i = 0; i < G_N_ELEMENTS (asked); i++)
        devssh_session_request_async (self->client, "slow", TRUE, NULL, NULL, test_keep_result_cb, &asked[i]);
      g_assert_true (request_service (self->client, DEVSSH_SERVICE_NAME_CONNECTION, NULL));
      let_go ();
      test_spin_until (asked[G_N_ELEMENTS (asked) - 1] != NULL);
      for (guint i = 0; i < G_N_ELEMENTS (asked); i++)
        {
          yes += devssh_session_request_finish (self->client, asked[i], NULL, NULL);
          g_object_unref (asked[i]);
        }
      g_assert_cmpuint (yes, ==, 63);   /* and the one of start_slow() */
    }
  else
    {
      GAsyncResult *asked[17] = { NULL, };
      g_autoptr(GError) error = NULL;

      for (guint i = 0; i < G_N_ELEMENTS (asked); i++)
        devssh_session_request_service_async (self->client, "slow", NULL, test_keep_result_cb, &asked[i]);
      test_spin_until (asked[G_N_ELEMENTS (asked) - 1] != NULL);
      for (guint i = 0; i < G_N_ELEMENTS (asked); i++)
        {
          g_autoptr(GError) reason = NULL;

          g_assert_false (devssh_session_request_service_finish (self->client, asked[i], &reason));
          g_assert_error (reason, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_SERVICE_NOT_AVAILABLE);
          g_object_unref (asked[i]);
        }
      let_go ();
      while (get_loads () == 0)
        test_settle ();
    }
  g_assert_cmpuint (get_loads (), ==, 1);
}

/* ---- late answers ---- */

static void
test_late (Fixture       *self,
           gconstpointer  data)
{
  g_autoptr(GAsyncResult) late = NULL;
  g_autoptr(GAsyncResult) never = NULL;
  g_autoptr(DevSshChannel) channel = NULL;
  g_autoptr(DevSshChannel) opened = NULL;
  g_autoptr(GError) error = NULL;

  put_plugin (self->directory, "hook", "x", "TestLate", "session-request:x;channel-type:x");
  put_plugin (self->directory, "hook", "y", "TestLateOther", "session-request:y;channel-type:y");
  allow (self->pair->server_config, self->directory, NULL);
  start (self);

  keep_questions = TRUE;
  devssh_session_open_channel_async (self->client, "x", NULL, test_keep_result_cb, &late);
  devssh_session_open_channel_async (self->client, "x", NULL, test_keep_result_cb, &never);
  test_spin_until (kept->len == 2);
  keep_questions = FALSE;
  g_assert_true (ask_session (self->client, "y"));
  channel = try_open (self->client, "y", &error);
  g_assert_no_error (error);

  answer (kept->pdata[0], TRUE);
  test_spin_until (late != NULL);
  opened = devssh_session_open_channel_finish (self->client, late, &error);
  g_assert_no_error (error);
  g_assert_null (never);

  devssh_session_close (self->client, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "done");
  test_spin_until (never != NULL && devssh_session_get_is_closed (self->server));
  g_assert_null (devssh_session_open_channel_finish (self->client, never, &error));
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_BY_APPLICATION);
  answer (kept->pdata[1], TRUE);
}

/* ---- threads ---- */

#define N_THREADS  8
#define N_SESSIONS 10

static gpointer
sessions_thread (gpointer data)
{
  g_autoptr(GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  for (guint i = 0; i < N_SESSIONS; i++)
    {
      g_autoptr(TestPair) pair = test_pair_new ();
      g_autoptr(DevSshChannel) channel = NULL;
      g_autoptr(GError) error = NULL;

      allow (pair->server_config, data, NULL);
      test_pair_authenticate (pair);
      g_assert_true (ask_session (DEVSSH_SESSION (pair->client), "x"));
      g_assert_false (ask_session (DEVSSH_SESSION (pair->client), "bad"));
      channel = try_open (DEVSSH_SESSION (pair->client), "y", &error);
      g_assert_no_error (error);
      g_assert_nonnull (devssh_session_activate_service (DEVSSH_SESSION (pair->server), "z", &error));
      g_assert_no_error (error);
      g_assert_cmpuint (g_list_model_get_n_items (devssh_session_get_services (DEVSSH_SESSION (pair->server))), ==, 3);
    }
  g_main_context_pop_thread_default (context);
  return NULL;
}

static void
test_threads (Fixture       *self,
              gconstpointer  data)
{
  GThread *threads[N_THREADS];

  is_quiet = TRUE;
  test_key ("ssh-ed25519");
  put_plugin (self->directory, "hook", "x", "TestThreadsX", "session-request:x");
  put_plugin (self->directory, "hook", "y", "TestThreadsY", "channel-type:y");
  put_plugin (self->directory, "hook", "z", "TestThreadsZ", "");
  put_keyfile (self->directory, "bad", "test-no-abi", "TestThreadsBad");
  put_module (self->directory, "no-abi");

  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("sessions", sessions_thread, (gpointer) self->directory);
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);

  is_quiet = FALSE;
  g_assert_cmpuint (get_loads (), ==, 3);
}

#define ADD(path, data, func) g_test_add (path, Fixture, data, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_unsetenv ("DEVSSH_PLUGIN_PATH");

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *path = g_strdup_printf ("/plugins/activation/rule/%s", kinds[i].name);

      ADD (path, GUINT_TO_POINTER (i), test_kind);
    }
  ADD ("/plugins/activation/not-allowed/none", NULL, test_not_allowed);
  ADD ("/plugins/activation/not-allowed/others", "y;z", test_not_allowed);
  ADD ("/plugins/activation/before-login/T-30/service-request", GUINT_TO_POINTER (DEVSSH_MESSAGE_SERVICE_REQUEST), test_before_login);
  ADD ("/plugins/activation/before-login/T-30/session-request", GUINT_TO_POINTER (DEVSSH_MESSAGE_GLOBAL_REQUEST), test_before_login);
  ADD ("/plugins/activation/side-by-side", NULL, test_side_by_side);
  ADD ("/plugins/activation/conflict/name-is-own", NULL, test_name_is_own);
  ADD ("/plugins/activation/conflict/name-twice", NULL, test_name_twice);
  ADD ("/plugins/activation/conflict/name-twice-one-allowed", "b", test_name_twice);
  ADD ("/plugins/activation/conflict/type-twice", NULL, test_type_twice);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *path = g_strdup_printf ("/plugins/activation/bad/T-83/%s", bad[i].variant);

      ADD (path, GUINT_TO_POINTER (i), test_bad);
    }
  ADD ("/plugins/activation/slow/T-83", NULL, test_slow);
  ADD ("/plugins/activation/slow/T-66/beside-open", NULL, test_slow_beside_open);
  ADD ("/plugins/activation/slow/by-name", NULL, test_slow_by_name);
  ADD ("/plugins/activation/slow/closed", NULL, test_slow_and_closed);
  ADD ("/plugins/activation/slow/dropped", "dropped", test_slow_and_closed);
  ADD ("/plugins/activation/slow/given-up", NULL, test_slow_and_given_up);
  ADD ("/plugins/activation/slow/T-52/requests", "requests", test_slow_flood);
  ADD ("/plugins/activation/slow/T-47/service-requests", NULL, test_slow_flood);
  ADD ("/plugins/activation/late", NULL, test_late);
  ADD ("/plugins/activation/threads/T-66", NULL, test_threads);

  return g_test_run ();
}
