/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A service and its host: what reaches it, what it asks, and how every question ends once. */
#include <libdevssh/base/devssh-context-private.h>
#include <libdevssh/base/devssh-error.h>
#include <libdevssh/connection/devssh-answers-private.h>
#include <libdevssh/service/devssh-service-private.h>

#include "../test-loop.h"

/* What the application's handler does with a question. */
typedef gboolean (*Handler) (DevSshService  *service,
                             DevSshQuestion *question);

static Handler         handler;
static DevSshQuestion *kept;          /* owned: what a handler has put aside */
static guint           n_emissions;
static GString        *traces;

static DevSshService  *current;

static gboolean
host_emit (gpointer        host,
           DevSshQuestion *question)
{
  gboolean handled = FALSE;

  n_emissions++;
  devssh_question_begin (question);
  if (handler != NULL)
    handled = handler (current, question);
  devssh_question_end (question, handled);

  return handled;
}

static void
host_trace (gpointer          host,
            DevSshTraceLevel  level,
            DevSshTraceEvent  event,
            const char       *text)
{
  g_string_append_printf (traces, "%d %d %s\n", level, event, text);
}

static const DevSshServiceHost test_host = { host_emit, host_trace };

/* A service that counts, and can be told what to do. */
typedef struct
{
  DevSshService parent_instance;
  guint         n_activated;
  guint         n_closed;
  gboolean      had_session;      /* in closed() */
} TestService;
typedef DevSshServiceClass TestServiceClass;
GType test_service_get_type (void);
G_DEFINE_TYPE (TestService, test_service, DEVSSH_TYPE_SERVICE)

static void
test_service_activated (DevSshService *service)
{
  ((TestService *) service)->n_activated++;
  g_assert_nonnull (devssh_service_get_session (service));
}

static void
test_service_closed (DevSshService *service)
{
  ((TestService *) service)->n_closed++;
  ((TestService *) service)->had_session = devssh_service_get_session (service) != NULL;
}

static void
test_service_class_init (TestServiceClass *klass)
{
  klass->activated = test_service_activated;
  klass->closed = test_service_closed;
}

static void
test_service_init (TestService *self)
{
}

typedef struct
{
  GObject     *session;
  TestService *service;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  handler = NULL;
  n_emissions = 0;
  traces = g_string_new (NULL);
  fixture->session = g_object_new (G_TYPE_OBJECT, NULL);
  fixture->service = g_object_new (test_service_get_type (), NULL);
  current = DEVSSH_SERVICE (fixture->service);
  devssh_service_attach (current, &test_host, fixture->session, "test", NULL);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_clear_object (&kept);
  devssh_service_detach (DEVSSH_SERVICE (fixture->service));

  test_settle ();

  /* Nothing may keep a service whose session has gone. */
  g_assert_cmpuint (G_OBJECT (fixture->service)->ref_count, ==, 1);
  g_object_unref (fixture->service);
  g_object_unref (fixture->session);
  g_string_free (traces, TRUE);
}

static gboolean
accept_handler (DevSshService  *service,
                DevSshQuestion *question)
{
  if (DEVSSH_IS_SESSION_REQUEST (question))
    devssh_session_request_complete (DEVSSH_SESSION_REQUEST (question), TRUE);
  else
    devssh_channel_opening_accept (DEVSSH_CHANNEL_OPENING (question));

  return TRUE;
}

static gboolean
refuse_handler (DevSshService  *service,
                DevSshQuestion *question)
{
  if (DEVSSH_IS_SESSION_REQUEST (question))
    devssh_session_request_complete (DEVSSH_SESSION_REQUEST (question), FALSE);
  else
    devssh_channel_opening_reject (DEVSSH_CHANNEL_OPENING (question),
                                   DEVSSH_CHANNEL_OPEN_FAILURE_RESOURCE_SHORTAGE, "no more room");

  return TRUE;
}

/* As a handler in Python that accepts and then throws. */
static gboolean
accept_and_throw_handler (DevSshService  *service,
                          DevSshQuestion *question)
{
  accept_handler (service, question);

  return FALSE;
}

static gboolean
keep_handler (DevSshService  *service,
              DevSshQuestion *question)
{
  g_assert_null (kept);
  kept = g_object_ref (question);

  return TRUE;
}

static gboolean
drop_handler (DevSshService  *service,
              DevSshQuestion *question)
{
  return TRUE;
}

static gboolean
close_handler (DevSshService  *service,
               DevSshQuestion *question)
{
  devssh_service_detach (service);

  return TRUE;
}

static gboolean
accept_and_close_handler (DevSshService  *service,
                          DevSshQuestion *question)
{
  accept_handler (service, question);
  devssh_service_detach (service);

  return TRUE;
}

static DevSshSessionRequest *
request_new (void)
{
  g_autoptr(GBytes) payload = g_bytes_new_static ("payload", 7);

  return devssh_session_request_new ("x@example.org", TRUE, payload, NULL);
}

static void
count_cb (DevSshQuestion *question,
          gpointer        user_data)
{
  (*(guint *) user_data)++;
}

static void
test_life (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr(GObject) config = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr(GObject) session = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr(DevSshService) other = g_object_new (test_service_get_type (), NULL);

  g_assert_null (devssh_service_get_session (other));
  g_assert_null (devssh_service_get_name (other));
  g_assert_false (devssh_service_is_attached (other));
  devssh_service_attach (other, &test_host, session, "other", config);
  g_assert_true (devssh_service_is_attached (other));
  g_assert_cmpuint (((TestService *) other)->n_activated, ==, 0);
  devssh_service_start (other);
  g_assert_cmpuint (((TestService *) other)->n_activated, ==, 1);
  g_assert_true ((GObject *) devssh_service_get_session (other) == session);
  g_assert_cmpstr (devssh_service_get_name (other), ==, "other");
  g_assert_true (devssh_service_get_config (other) == config);

  devssh_service_detach (other);
  devssh_service_detach (other);
  g_assert_cmpuint (((TestService *) other)->n_closed, ==, 1);
  g_assert_true (((TestService *) other)->had_session);
  g_assert_null (devssh_service_get_session (other));
  g_assert_cmpstr (devssh_service_get_name (other), ==, "other");
  g_assert_true (devssh_service_is_attached (other));
}

/* A session that dies without a word leaves no dangling pointer. */
static void
test_session_dropped (Fixture       *fixture,
                      gconstpointer  data)
{
  GObject *session = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr(DevSshService) other = g_object_new (test_service_get_type (), NULL);

  devssh_service_attach (other, &test_host, session, "other", NULL);
  g_object_unref (session);
  g_assert_null (devssh_service_get_session (other));
}

static void
test_ask_accepted (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autoptr(DevSshSessionRequest) request = request_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  guint n_answers = 0;

  handler = accept_handler;
  devssh_question_set_sink (DEVSSH_QUESTION (request), count_cb, &n_answers);
  devssh_service_ask_async (current, DEVSSH_QUESTION (request), NULL, test_keep_result_cb, &result);
  g_assert_cmpuint (n_emissions, ==, 1);
  g_assert_null (result);
  test_wait_result (&result);
  g_assert_true (devssh_service_ask_finish (current, result, &error));
  g_assert_no_error (error);

  /* The question itself is still the service's to answer. */
  g_assert_false (devssh_question_get_answered (DEVSSH_QUESTION (request)));
  g_assert_cmpuint (n_answers, ==, 0);
  devssh_session_request_complete (request, TRUE);
  g_assert_cmpuint (n_answers, ==, 1);
}

static gboolean
look_handler (DevSshService  *service,
              DevSshQuestion *question)
{
  DevSshSessionRequest *request = DEVSSH_SESSION_REQUEST (question);

  g_assert_cmpstr (devssh_session_request_get_request_type (request), ==, "x@example.org");
  g_assert_true (devssh_session_request_get_want_reply (request));
  g_assert_cmpmem (g_bytes_get_data (devssh_session_request_get_payload (request), NULL), 7, "payload", 7);

  return accept_handler (service, question);
}

static void
test_ask_shows_the_same (Fixture       *fixture,
                         gconstpointer  data)
{
  g_autoptr(DevSshSessionRequest) request = request_new ();
  g_autoptr(GAsyncResult) result = NULL;

  handler = look_handler;
  devssh_service_ask_async (current, DEVSSH_QUESTION (request), NULL, test_keep_result_cb, &result);
  test_wait_result (&result);
  g_assert_true (devssh_service_ask_finish (current, result, NULL));
}

static void
test_ask_refused (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr(DevSshSessionRequest) request = request_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  handler = (Handler) data;
  devssh_service_ask_async (current, DEVSSH_QUESTION (request), NULL, test_keep_result_cb, &result);
  test_wait_result (&result);
  g_assert_false (devssh_service_ask_finish (current, result, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_REFUSED);
}

static void
test_ask_later (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr(DevSshSessionRequest) request = request_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  handler = keep_handler;
  devssh_service_ask_async (current, DEVSSH_QUESTION (request), NULL, test_keep_result_cb, &result);
  test_settle ();
  g_assert_null (result);

  devssh_session_request_complete (DEVSSH_SESSION_REQUEST (kept), TRUE);
  g_assert_null (result);
  test_wait_result (&result);
  g_assert_true (devssh_service_ask_finish (current, result, &error));
  g_assert_no_error (error);
}

static void
test_ask_dropped_later (Fixture       *fixture,
                        gconstpointer  data)
{
  g_autoptr(DevSshSessionRequest) request = request_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  handler = keep_handler;
  devssh_service_ask_async (current, DEVSSH_QUESTION (request), NULL, test_keep_result_cb, &result);
  test_settle ();
  g_assert_null (result);
  g_clear_object (&kept);
  test_wait_result (&result);
  g_assert_false (devssh_service_ask_finish (current, result, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_REFUSED);
}

static void
test_ask_cancelled (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autoptr(DevSshSessionRequest) request = request_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  handler = keep_handler;
  devssh_service_ask_async (current, DEVSSH_QUESTION (request), cancellable, test_keep_result_cb, &result);
  g_cancellable_cancel (cancellable);
  g_assert_null (result);
  test_wait_result (&result);
  g_assert_false (devssh_service_ask_finish (current, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  /* An answer that comes late does nothing. */
  devssh_session_request_complete (DEVSSH_SESSION_REQUEST (kept), TRUE);
  test_settle ();
}

static void
test_ask_cancelled_before (Fixture       *fixture,
                           gconstpointer  data)
{
  g_autoptr(DevSshSessionRequest) request = request_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  handler = accept_handler;
  g_cancellable_cancel (cancellable);
  devssh_service_ask_async (current, DEVSSH_QUESTION (request), cancellable, test_keep_result_cb, &result);
  g_assert_cmpuint (n_emissions, ==, 0);
  test_wait_result (&result);
  g_assert_false (devssh_service_ask_finish (current, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* The peer's question died: nobody needs the application's answer. */
static void
test_ask_question_died (Fixture       *fixture,
                        gconstpointer  data)
{
  g_autoptr(DevSshSessionRequest) request = request_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  handler = keep_handler;
  devssh_service_ask_async (current, DEVSSH_QUESTION (request), NULL, test_keep_result_cb, &result);
  devssh_question_kill (DEVSSH_QUESTION (request));
  test_wait_result (&result);
  g_assert_false (devssh_service_ask_finish (current, result, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);
  test_settle ();
  g_assert_true (g_cancellable_is_cancelled (devssh_question_get_cancellable (kept)));
}

static void
test_ask_session_closed (Fixture       *fixture,
                         gconstpointer  data)
{
  g_autoptr(DevSshSessionRequest) request = request_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  handler = keep_handler;
  devssh_service_ask_async (current, DEVSSH_QUESTION (request), NULL, test_keep_result_cb, &result);
  devssh_service_detach (current);
  g_assert_null (result);
  test_wait_result (&result);
  g_assert_false (devssh_service_ask_finish (current, result, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);

  devssh_session_request_complete (DEVSSH_SESSION_REQUEST (kept), TRUE);
  test_settle ();
}

static void
test_ask_closed_inside (Fixture       *fixture,
                        gconstpointer  data)
{
  g_autoptr(DevSshSessionRequest) request = request_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  handler = (Handler) data;
  devssh_service_ask_async (current, DEVSSH_QUESTION (request), NULL, test_keep_result_cb, &result);
  test_wait_result (&result);
  g_assert_false (devssh_service_ask_finish (current, result, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);
  test_settle ();
}

static void
test_ask_without_session (Fixture       *fixture,
                          gconstpointer  data)
{
  g_autoptr(DevSshSessionRequest) request = request_new ();
  g_autoptr(DevSshService) fresh = g_object_new (test_service_get_type (), NULL);
  DevSshService *services[] = { fresh, current };

  handler = accept_handler;
  devssh_service_detach (current);

  for (guint i = 0; i < G_N_ELEMENTS (services); i++)
    {
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GError) error = NULL;

      devssh_service_ask_async (services[i], DEVSSH_QUESTION (request), NULL, test_keep_result_cb, &result);
      test_wait_result (&result);
      g_assert_false (devssh_service_ask_finish (services[i], result, &error));
      g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);
    }

  g_assert_cmpuint (n_emissions, ==, 0);
}

/* Several questions at once end one by one, whatever the order of answers. */
static void
test_ask_many (Fixture       *fixture,
               gconstpointer  data)
{
  DevSshQuestion *asked[3];
  GAsyncResult *results[3] = { NULL, NULL, NULL };

  handler = keep_handler;
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(DevSshSessionRequest) request = request_new ();

      devssh_service_ask_async (current, DEVSSH_QUESTION (request), NULL, test_keep_result_cb, &results[i]);
      asked[i] = g_steal_pointer (&kept);
    }

  devssh_session_request_complete (DEVSSH_SESSION_REQUEST (asked[2]), TRUE);
  devssh_session_request_complete (DEVSSH_SESSION_REQUEST (asked[0]), FALSE);
  test_wait_result (&results[2]);
  test_wait_result (&results[0]);
  g_assert_null (results[1]);
  g_assert_true (devssh_service_ask_finish (current, results[2], NULL));
  g_assert_false (devssh_service_ask_finish (current, results[0], NULL));
  g_object_unref (asked[1]);
  test_wait_result (&results[1]);
  g_assert_false (devssh_service_ask_finish (current, results[1], NULL));
  g_object_unref (asked[0]);
  g_object_unref (asked[2]);

  for (guint i = 0; i < 3; i++)
    g_object_unref (results[i]);
}

/* The vfuncs that a service does not fill. */

static gboolean
dispatch (gpointer question)
{
  gboolean handled;

  devssh_question_begin (question);
  handled = devssh_service_dispatch (current, question);
  devssh_question_end (question, handled);

  return handled;
}

static gboolean
payload_handler (DevSshService  *service,
                 DevSshQuestion *question)
{
  g_autoptr(GBytes) payload = g_bytes_new_static ("port", 4);

  devssh_session_request_complete_with_payload (DEVSSH_SESSION_REQUEST (question), TRUE, payload);

  return TRUE;
}

static void
test_default_accepted (Fixture       *fixture,
                       gconstpointer  data)
{
  g_autoptr(DevSshSessionRequest) request = request_new ();
  guint n_answers = 0;
  GBytes *response;

  handler = payload_handler;
  devssh_question_set_sink (DEVSSH_QUESTION (request), count_cb, &n_answers);
  g_assert_true (dispatch (request));
  g_assert_cmpuint (n_answers, ==, 1);
  g_assert_true (devssh_session_request_get_success (request));
  response = devssh_session_request_get_response (request);
  g_assert_nonnull (response);
  g_assert_cmpmem (g_bytes_get_data (response, NULL), g_bytes_get_size (response), "port", 4);
}

static void
test_default_refused (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autoptr(DevSshSessionRequest) request = request_new ();
  guint n_answers = 0;

  handler = (Handler) data;
  devssh_question_set_sink (DEVSSH_QUESTION (request), count_cb, &n_answers);
  dispatch (request);
  test_settle ();
  g_assert_cmpuint (n_answers, ==, 1);
  g_assert_false (devssh_session_request_get_success (request));
}

static void
test_default_later (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autoptr(DevSshSessionRequest) request = request_new ();
  guint n_answers = 0;

  handler = keep_handler;
  devssh_question_set_sink (DEVSSH_QUESTION (request), count_cb, &n_answers);
  g_assert_true (dispatch (request));
  test_settle ();
  g_assert_cmpuint (n_answers, ==, 0);
  devssh_session_request_complete (DEVSSH_SESSION_REQUEST (kept), TRUE);
  g_assert_cmpuint (n_answers, ==, 1);
  g_assert_true (devssh_session_request_get_success (request));
}

static void
test_default_question_died (Fixture       *fixture,
                            gconstpointer  data)
{
  g_autoptr(DevSshSessionRequest) request = request_new ();

  handler = keep_handler;
  g_assert_true (dispatch (request));
  devssh_question_kill (DEVSSH_QUESTION (request));

  /* Before the loop has told anybody, and after. */
  devssh_session_request_complete (DEVSSH_SESSION_REQUEST (kept), TRUE);
  test_settle ();
  g_assert_false (devssh_session_request_get_success (request));
}

static void
test_dispatch_closed (Fixture       *fixture,
                      gconstpointer  data)
{
  g_autoptr(DevSshSessionRequest) request = request_new ();

  handler = accept_handler;
  devssh_service_detach (current);
  g_assert_false (dispatch (request));
  g_assert_cmpuint (n_emissions, ==, 0);
  g_assert_false (devssh_session_request_get_success (request));
}

static void
test_trace (Fixture       *fixture,
            gconstpointer  data)
{
  devssh_service_trace (current, DEVSSH_TRACE_LEVEL_INFO, DEVSSH_TRACE_EVENT_PORT_FORWARD_SERVER_LISTENING,
                        "one\ntwo \x1b[31m");
  g_assert_cmpstr (traces->str, ==, "2 9152 one\\x0atwo \\x1b[31m\n");
  devssh_service_detach (current);
  devssh_service_trace (current, DEVSSH_TRACE_LEVEL_INFO, DEVSSH_TRACE_EVENT_PORT_FORWARD_SERVER_LISTENING, "three");
  g_assert_null (strstr (traces->str, "three"));
}

#define ADD(path, data, func) g_test_add (path, Fixture, data, set_up, func, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/service/service/life", NULL, test_life);
  ADD ("/service/service/session-dropped", NULL, test_session_dropped);
  ADD ("/service/service/ask/accepted", NULL, test_ask_accepted);
  ADD ("/service/service/ask/shows-the-same", NULL, test_ask_shows_the_same);
  ADD ("/service/service/ask/refused", refuse_handler, test_ask_refused);
  ADD ("/service/service/ask/no-handler", NULL, test_ask_refused);
  ADD ("/service/service/ask/accepts-and-throws", accept_and_throw_handler, test_ask_refused);
  ADD ("/service/service/ask/dropped", drop_handler, test_ask_refused);
  ADD ("/service/service/ask/later", NULL, test_ask_later);
  ADD ("/service/service/ask/dropped-later/T-52", NULL, test_ask_dropped_later);
  ADD ("/service/service/ask/cancelled/T-65", NULL, test_ask_cancelled);
  ADD ("/service/service/ask/cancelled-before/T-65", NULL, test_ask_cancelled_before);
  ADD ("/service/service/ask/question-died", NULL, test_ask_question_died);
  ADD ("/service/service/ask/session-closed", NULL, test_ask_session_closed);
  ADD ("/service/service/ask/closed-inside/T-64", close_handler, test_ask_closed_inside);
  ADD ("/service/service/ask/accepted-and-closed-inside/T-64", accept_and_close_handler, test_ask_closed_inside);
  ADD ("/service/service/ask/without-session", NULL, test_ask_without_session);
  ADD ("/service/service/ask/many", NULL, test_ask_many);
  ADD ("/service/service/default/accepted", NULL, test_default_accepted);
  ADD ("/service/service/default/refused", refuse_handler, test_default_refused);
  ADD ("/service/service/default/no-handler", NULL, test_default_refused);
  ADD ("/service/service/default/accepts-and-throws", accept_and_throw_handler, test_default_refused);
  ADD ("/service/service/default/dropped", drop_handler, test_default_refused);
  ADD ("/service/service/default/later", NULL, test_default_later);
  ADD ("/service/service/default/question-died", NULL, test_default_question_died);
  ADD ("/service/service/dispatch-closed", NULL, test_dispatch_closed);
  ADD ("/service/service/trace/T-57", NULL, test_trace);

  return g_test_run ();
}
