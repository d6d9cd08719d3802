/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Services of a session: which rule wakes them, how often, with what, and until when. */
#include "../test-util.h"

#include <string.h>

/* A service that notes what happens to it; its answers are yes. */
#define TEST_TYPE_SERVICE (test_service_get_type ())
G_DECLARE_FINAL_TYPE (TestService, test_service, TEST, SERVICE, DevSshService)

/* A second class with the same ways. */
#define TEST_TYPE_OTHER_SERVICE (test_other_service_get_type ())
G_DECLARE_FINAL_TYPE (TestOtherService, test_other_service, TEST, OTHER_SERVICE, DevSshService)

struct _TestService { DevSshService parent_instance; };
struct _TestOtherService { DevSshService parent_instance; };

G_DEFINE_FINAL_TYPE (TestService, test_service, DEVSSH_TYPE_SERVICE)
G_DEFINE_FINAL_TYPE (TestOtherService, test_other_service, DEVSSH_TYPE_SERVICE)

/* "activated session-request channel-opening ... closed ", of every instance in a row. */
static GString *diary;
static guint    alive;

static void
note (DevSshService *service,
      const char    *what)
{
  g_string_append_printf (diary, "%s%s ", TEST_IS_SERVICE (service) ? "" : "other-", what);
}

static void
test_activated (DevSshService *service)
{
  /* Everything is there already. */
  g_assert_true (DEVSSH_IS_SERVER_SESSION (devssh_service_get_session (service)));
  g_assert_nonnull (devssh_service_get_name (service));
  note (service, "activated");
}

static gboolean
test_session_request (DevSshService        *service,
                      DevSshSessionRequest *request)
{
  note (service, "session-request");
  devssh_session_request_complete (request, TRUE);
  return TRUE;
}

static gboolean
test_channel_opening (DevSshService        *service,
                      DevSshChannelOpening *opening)
{
  note (service, "channel-opening");
  devssh_channel_opening_accept (opening);
  return TRUE;
}

static gboolean
test_channel_request (DevSshService        *service,
                      DevSshChannelRequest *request)
{
  note (service, "channel-request");
  devssh_channel_request_complete (request, TRUE);
  return TRUE;
}

static void
test_closed (DevSshService *service)
{
  note (service, "closed");
}

static void
test_constructed (GObject *object)
{
  alive++;
  G_OBJECT_CLASS (g_type_class_peek (DEVSSH_TYPE_SERVICE))->constructed (object);
}

static void
test_finalize (GObject *object)
{
  alive--;
  G_OBJECT_CLASS (g_type_class_peek (DEVSSH_TYPE_SERVICE))->finalize (object);
}

static void
fill_class (DevSshServiceClass *klass)
{
  G_OBJECT_CLASS (klass)->constructed = test_constructed;
  G_OBJECT_CLASS (klass)->finalize = test_finalize;
  klass->activated = test_activated;
  klass->session_request = test_session_request;
  klass->channel_opening = test_channel_opening;
  klass->channel_request = test_channel_request;
  klass->closed = test_closed;
}

static void test_service_class_init (TestServiceClass *klass) { fill_class (DEVSSH_SERVICE_CLASS (klass)); }
static void test_other_service_class_init (TestOtherServiceClass *klass) { fill_class (DEVSSH_SERVICE_CLASS (klass)); }
static void test_service_init (TestService *self) { }
static void test_other_service_init (TestOtherService *self) { }

/* ---- what wakes it ---- */

static DevSshSession *
client_of (TestPair *pair)
{
  return DEVSSH_SESSION (pair->client);
}

static DevSshSession *
server_of (TestPair *pair)
{
  return DEVSSH_SESSION (pair->server);
}

static gboolean
request_service (TestPair    *pair,
                 const char  *name,
                 GError     **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  devssh_session_request_service_async (client_of (pair), name, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  return devssh_session_request_service_finish (client_of (pair), result, error);
}

static gboolean
request (TestPair   *pair,
         const char *name)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  gboolean answer;

  devssh_session_request_async (client_of (pair), name, TRUE, NULL, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  answer = devssh_session_request_finish (client_of (pair), result, NULL, &error);
  g_assert_no_error (error);
  return answer;
}

/* NULL: refused. */
static DevSshChannel *
open_channel (TestPair   *pair,
              const char *type)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  DevSshChannel *channel;

  devssh_session_open_channel_async (client_of (pair), type, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  channel = devssh_session_open_channel_finish (client_of (pair), result, &error);
  g_assert_true (channel != NULL || error->domain == DEVSSH_CHANNEL_ERROR);
  return channel;
}

static gboolean
request_on (DevSshChannel *channel,
            const char    *name)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  gboolean answer;

  devssh_channel_request_async (channel, name, TRUE, NULL, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  answer = devssh_channel_request_finish (channel, result, &error);
  g_assert_no_error (error);
  return answer;
}

static gboolean
accept_cb (DevSshSession        *session,
           DevSshChannelOpening *opening,
           gpointer              user_data)
{
  devssh_channel_opening_accept (opening);
  return TRUE;
}

static void
wake_by_service_request (TestPair *pair)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (request_service (pair, "one@example.org", &error));
  g_assert_no_error (error);
}

static void
wake_by_session_request (TestPair *pair)
{
  /* Of several names of its rules, whichever comes; what it does not name is the application's. */
  g_assert_false (request (pair, "three@example.org"));
  g_assert_cmpuint (alive, ==, 0);
  g_assert_true (request (pair, "two@example.org"));
  g_assert_true (request (pair, "one@example.org"));
}

static void
wake_by_channel_type (TestPair *pair)
{
  g_autoptr(DevSshChannel) other = open_channel (pair, "two@example.org");
  g_autoptr(DevSshChannel) first = NULL;
  g_autoptr(DevSshChannel) second = NULL;

  g_assert_null (other);
  g_assert_cmpuint (alive, ==, 0);
  first = open_channel (pair, "one@example.org");
  second = open_channel (pair, "one@example.org");
  g_assert_nonnull (first);
  g_assert_nonnull (second);
}

static void
wake_by_channel_request (TestPair *pair)
{
  g_autoptr(DevSshChannel) channel = NULL;

  g_signal_connect (pair->server, "channel-opening", G_CALLBACK (accept_cb), NULL);
  channel = open_channel (pair, "any@example.org");
  g_assert_false (request_on (channel, "two@example.org"));
  g_assert_cmpuint (alive, ==, 0);
  g_assert_true (request_on (channel, "one@example.org"));
  g_assert_true (request_on (channel, "one@example.org"));
}

/* Both have to match, and the opening alone wakes nobody. */
static void
wake_by_channel_request_and_type (TestPair *pair)
{
  g_autoptr(DevSshChannel) other = NULL;
  g_autoptr(DevSshChannel) channel = NULL;

  g_signal_connect (pair->server, "channel-opening", G_CALLBACK (accept_cb), NULL);
  other = open_channel (pair, "other@example.org");
  channel = open_channel (pair, "type@example.org");
  g_assert_false (request_on (other, "one@example.org"));
  g_assert_false (request_on (channel, "two@example.org"));
  g_assert_cmpuint (alive, ==, 0);
  g_assert_true (request_on (channel, "one@example.org"));
  g_assert_false (request_on (other, "one@example.org"));
}

static void
wake_by_name (TestPair *pair)
{
  g_autoptr(GError) error = NULL;
  DevSshService *service = devssh_session_activate_service (server_of (pair), "tester", &error);

  g_assert_no_error (error);
  g_assert_true (devssh_session_activate_service (server_of (pair), "tester", NULL) == service);
  g_assert_null (devssh_session_activate_service (server_of (pair), "nobody", &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_NO_SERVICE);
}

typedef struct
{
  const char  *name;
  const char  *rules[3];
  void       (*wake) (TestPair *pair);
  const char  *expected;     /* of the diary */
} Kind;

static const Kind kinds[] = {
  { "service-request", { "service-request:one@example.org" }, wake_by_service_request, "activated " },
  { "session-request", { "session-request:one@example.org", "session-request:two@example.org" }, wake_by_session_request,
    "activated session-request session-request " },
  { "channel-type", { "channel-type:one@example.org" }, wake_by_channel_type,
    "activated channel-opening channel-opening " },
  { "channel-request", { "channel-request:one@example.org" }, wake_by_channel_request,
    "activated channel-request channel-request " },
  { "channel-request-and-type", { "channel-request:one@example.org channel-type:type@example.org" },
    wake_by_channel_request_and_type, "activated channel-request " },
  { "by-name", { NULL }, wake_by_name, "activated " },
};

static void
activated_cb (DevSshSession *session,
              DevSshService *service,
              GString       *text)
{
  g_assert_true (devssh_session_get_service (session, devssh_service_get_name (service)) == service);
  g_string_append_printf (text, "%s ", devssh_service_get_name (service));
}

typedef enum { BY_CLIENT, BY_SERVER, BY_STREAM, N_WAYS } Way;

static const char * const way_names[N_WAYS] = { "client-closes", "server-closes", "stream" };

static void
end_session (TestPair *pair,
             Way       way)
{
  if (way == BY_CLIENT)
    devssh_session_close (client_of (pair), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, NULL);
  else if (way == BY_SERVER)
    devssh_session_close (server_of (pair), DEVSSH_DISCONNECT_REASON_BY_APPLICATION, NULL);
  else
    g_io_stream_close (devssh_session_get_stream (client_of (pair)), NULL, NULL);
  test_spin_until (devssh_session_get_is_closed (server_of (pair)));
  test_settle ();
}

static void
test_kind (gconstpointer data)
{
  const Kind *kind = data;

  for (Way way = 0; way < N_WAYS; way++)
    {
      g_autoptr(TestPair) pair = test_pair_new ();
      g_autoptr(GObject) config = g_object_new (G_TYPE_OBJECT, NULL);
      g_autoptr(GString) told = g_string_new (NULL);
      g_autofree char *expected = g_strconcat (kind->expected, "closed ", NULL);
      g_autoptr(GError) error = NULL;
      DevSshService *service;

      g_test_message ("%s", way_names[way]);
      g_string_truncate (diary, 0);
      g_assert_true (devssh_session_config_add_service (pair->server_config, TEST_TYPE_SERVICE, "tester", kind->rules, config,
                                                        &error));
      g_assert_no_error (error);
      test_pair_make (pair);
      g_signal_connect (pair->server, "service-activated", G_CALLBACK (activated_cb), told);
      test_pair_authenticate (pair);
      g_assert_null (devssh_session_get_service (server_of (pair), "tester"));
      g_assert_cmpuint (alive, ==, 0);

      kind->wake (pair);
      service = devssh_session_get_service (server_of (pair), "tester");
      g_assert_true (TEST_IS_SERVICE (service));
      g_assert_true (devssh_service_get_config (service) == config);
      g_assert_true (devssh_service_get_session (service) == server_of (pair));
      g_assert_cmpuint (alive, ==, 1);
      g_assert_cmpstr (told->str, ==, "tester ");
      g_assert_cmpstr (diary->str, ==, kind->expected);

      end_session (pair, way);
      g_assert_cmpstr (diary->str, ==, expected);
      g_assert_cmpuint (alive, ==, 0);
      g_assert_cmpuint (g_list_model_get_n_items (devssh_session_get_services (server_of (pair))), ==, 0);
      g_assert_cmpstr (told->str, ==, "tester ");
    }
}

/* Two side by side, each with its own rules and configuration; and one that is not asked for is not there. */
static void
test_side_by_side (void)
{
  static const char * const ones[] = { "session-request:one@example.org", "service-request:one@example.org", NULL };
  static const char * const twos[] = { "session-request:two@example.org", "channel-type:two@example.org", NULL };
  static const char * const threes[] = { "session-request:three@example.org", NULL };
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(GObject) config = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr(GString) told = g_string_new (NULL);
  g_autoptr(DevSshChannel) channel = NULL;

  g_string_truncate (diary, 0);
  devssh_session_config_add_service (pair->server_config, TEST_TYPE_SERVICE, "one", ones, NULL, NULL);
  devssh_session_config_add_service (pair->server_config, TEST_TYPE_OTHER_SERVICE, "two", twos, config, NULL);
  devssh_session_config_add_service (pair->server_config, TEST_TYPE_SERVICE, "three", threes, NULL, NULL);
  test_pair_make (pair);
  g_signal_connect (pair->server, "service-activated", G_CALLBACK (activated_cb), told);
  test_pair_authenticate (pair);
  g_assert_true (request (pair, "two@example.org"));
  g_assert_true (request_service (pair, "one@example.org", NULL));
  channel = open_channel (pair, "two@example.org");
  g_assert_nonnull (channel);
  g_assert_true (request (pair, "one@example.org"));
  g_assert_cmpstr (diary->str, ==, "other-activated other-session-request activated other-channel-opening session-request ");
  g_assert_cmpstr (told->str, ==, "two one ");
  g_assert_null (devssh_service_get_config (devssh_session_get_service (server_of (pair), "one")));
  g_assert_true (devssh_service_get_config (devssh_session_get_service (server_of (pair), "two")) == config);
  g_assert_null (devssh_session_get_service (server_of (pair), "three"));
  end_session (pair, BY_CLIENT);
  g_assert_cmpuint (alive, ==, 0);
}

/* ---- before login ---- */

/* Nobody who has not logged in wakes anything, and the library's own names are not to be had (E-28). */
static void
test_not_before_login (void)
{
  static const char * const rules[] = { "service-request:one@example.org", "session-request:one@example.org", NULL };
  static const guint8 service_request[] = { DEVSSH_MESSAGE_SERVICE_REQUEST, 0, 0, 0, 15, 'o', 'n', 'e', '@', 'e', 'x', 'a', 'm',
                                            'p', 'l', 'e', '.', 'o', 'r', 'g' };
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(GBytes) message = g_bytes_new_static (service_request, sizeof service_request);
  g_autoptr(GError) error = NULL;

  devssh_session_config_add_service (pair->server_config, TEST_TYPE_SERVICE, "tester", rules, NULL, NULL);
  test_pair_connect (pair);
  g_assert_null (devssh_session_activate_service (server_of (pair), "tester", &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_NOT_AUTHENTICATED);
  g_clear_error (&error);
  g_assert_true (devssh_session_send_message (client_of (pair), message, &error));
  test_spin_until (devssh_session_get_is_closed (client_of (pair)));
  g_assert_cmpint (devssh_session_get_disconnect_reason (client_of (pair)), ==, DEVSSH_DISCONNECT_REASON_SERVICE_NOT_AVAILABLE);
  g_assert_cmpuint (alive, ==, 0);
}

/* ---- asking for services ---- */

static void
test_unknown_service (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(GError) error = NULL;

  test_pair_authenticate (pair);
  /* What the login brought is there. */
  g_assert_true (request_service (pair, DEVSSH_SERVICE_NAME_CONNECTION, &error));
  g_assert_no_error (error);
  g_assert_false (request_service (pair, "nobody@example.org", &error));
  g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_SERVICE_NOT_AVAILABLE);
  test_spin_until (devssh_session_get_is_closed (server_of (pair)));
}

/* Given up at any moment: cancelled at once, the answer that comes later hurts nobody, and each later wait gets its own. */
static void
test_request_cancelled (void)
{
  static const char * const rules[] = { "service-request:one@example.org", "service-request:two@example.org", NULL };

  for (guint k = 0; k < 8; k++)
    {
      g_autoptr(TestPair) pair = test_pair_new ();
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      g_autoptr(GAsyncResult) given_up = NULL;
      g_autoptr(GAsyncResult) same = NULL;
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshChannel) channel = NULL;
      g_autoptr(DevSshChannel) peer = NULL;

      devssh_session_config_add_service (pair->server_config, TEST_TYPE_SERVICE, "tester", rules, NULL, NULL);
      test_pair_authenticate (pair);
      devssh_session_request_service_async (client_of (pair), "one@example.org", cancellable, test_keep_result_cb, &given_up);
      devssh_session_request_service_async (client_of (pair), "one@example.org", NULL, test_keep_result_cb, &same);
      for (guint i = 0; i < k; i++)
        g_main_context_iteration (NULL, FALSE);
      if (given_up == NULL)
        {
          g_cancellable_cancel (cancellable);
          test_spin_until (given_up != NULL);
          g_assert_false (devssh_session_request_service_finish (client_of (pair), given_up, &error));
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
          g_clear_error (&error);
        }
      test_spin_until (same != NULL);
      g_assert_true (devssh_session_request_service_finish (client_of (pair), same, &error));
      g_assert_no_error (error);
      test_settle ();
      g_assert_true (request_service (pair, "two@example.org", &error));
      g_assert_no_error (error);
      test_pair_open (pair, "session", &channel, &peer);
    }
}

/* Cancelled before: nothing is sent. */
static void
test_request_cancelled_early (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  guint64 before;

  test_pair_authenticate (pair);
  test_settle ();
  before = devssh_session_metrics_get_messages_sent (devssh_session_get_metrics (client_of (pair)));
  g_cancellable_cancel (cancellable);
  devssh_session_request_service_async (client_of (pair), "one@example.org", cancellable, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_false (devssh_session_request_service_finish (client_of (pair), result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_settle ();
  g_assert_cmpuint (devssh_session_metrics_get_messages_sent (devssh_session_get_metrics (client_of (pair))), ==, before);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  diary = g_string_new (NULL);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *path = g_strdup_printf ("/session/service/%s/E-46", kinds[i].name);

      g_test_add_data_func (path, &kinds[i], test_kind);
    }
  g_test_add_func ("/session/service/side-by-side/E-46", test_side_by_side);
  g_test_add_func ("/session/service/not-before-login/E-28/T-30", test_not_before_login);
  g_test_add_func ("/session/service/unknown/E-28", test_unknown_service);
  g_test_add_func ("/session/service/request-cancelled/E-19/T-65", test_request_cancelled);
  g_test_add_func ("/session/service/request-cancelled-early/E-19/T-65", test_request_cancelled_early);
  return g_test_run ();
}
