/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Handlers that run the main loop before they return: whatever was begun around them is still true afterwards (T-64). */
#include "../test-util.h"

#include <string.h>

/* Runs the loop in every handler, not only in the first, though not in one that is called from in there. */
static void
nest (guint *depth)
{
  if (*depth > 0)
    return;

  (*depth)++;
  for (guint i = 0; i < 50; i++)
    g_main_context_iteration (NULL, FALSE);
  (*depth)--;
}

static void
progress_cb (DevSshSession  *session,
             DevSshProgress  progress,
             guint          *depth)
{
  nest (depth);
}

static void
test_nested_progress (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  guint client_depth = 0, server_depth = 0;

  test_pair_make (pair);
  g_signal_connect (pair->client, "progress", G_CALLBACK (progress_cb), &client_depth);
  g_signal_connect (pair->server, "progress", G_CALLBACK (progress_cb), &server_depth);
  test_pair_authenticate (pair);
  g_assert_cmpuint (pair->user_questions, ==, 1);
}

/* The call is cancelled in there, and another one begun. */
typedef struct
{
  TestPair     *pair;
  GCancellable *cancellable;
  GAsyncResult *second;
} Change;

static void
change_progress_cb (DevSshSession  *session,
                    DevSshProgress  progress,
                    Change         *change)
{
  if (progress != DEVSSH_PROGRESS_STARTING_SESSION_AUTHENTICATION)
    return;

  g_cancellable_cancel (change->cancellable);
  test_settle ();
  devssh_client_session_authenticate_async (change->pair->client, change->pair->user, NULL,
                                            test_keep_result_cb, &change->second);
}

static void
test_nested_login_cancelled (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GError) error = NULL;
  Change change = { pair, cancellable, NULL };

  test_pair_connect (pair);
  g_signal_connect (pair->client, "progress", G_CALLBACK (change_progress_cb), &change);
  devssh_client_session_authenticate_async (pair->client, pair->user, cancellable, test_keep_result_cb, &first);
  test_spin_until (first != NULL && change.second != NULL);
  g_assert_false (devssh_client_session_authenticate_finish (pair->client, first, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_true (devssh_client_session_authenticate_finish (pair->client, change.second, &error));
  g_assert_no_error (error);
  g_clear_object (&change.second);
}

/* ---- services ---- */

#define TEST_TYPE_SERVICE (test_service_get_type ())
G_DECLARE_FINAL_TYPE (TestService, test_service, TEST, SERVICE, DevSshService)

struct _TestService
{
  DevSshService parent_instance;
};

G_DEFINE_FINAL_TYPE (TestService, test_service, DEVSSH_TYPE_SERVICE)

static void
test_service_class_init (TestServiceClass *klass)
{
}

static void
test_service_init (TestService *self)
{
}

static void
activated_cb (DevSshSession *session,
              DevSshService *service,
              guint         *depth)
{
  nest (depth);
}

/* The name in the message is not there any more when the service has been made. */
static void
test_nested_service_requested (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(GError) error = NULL;
  const char * const rules[] = { "service-request:one-with-a-long-name@example.org", NULL };
  guint depth = 0;

  devssh_session_config_add_service (pair->server_config, TEST_TYPE_SERVICE, NULL, rules, NULL, &error);
  g_assert_no_error (error);
  test_pair_authenticate (pair);
  g_signal_connect (pair->server, "service-activated", G_CALLBACK (activated_cb), &depth);
  devssh_session_request_service_async (DEVSSH_SESSION (pair->client), "one-with-a-long-name@example.org", NULL,
                                        test_keep_result_cb, &first);
  devssh_session_request_service_async (DEVSSH_SESSION (pair->client), "ssh-connection", NULL,
                                        test_keep_result_cb, &second);
  test_spin_until (first != NULL && second != NULL);
  devssh_session_request_service_finish (DEVSSH_SESSION (pair->client), first, &error);
  g_assert_no_error (error);
  devssh_session_request_service_finish (DEVSSH_SESSION (pair->client), second, &error);
  g_assert_no_error (error);
}

/* ---- data ---- */

static void
wait_for_next_cb (DevSshChannel *channel,
                  GBytes        *data,
                  guint         *n_data)
{
  guint number = ++*n_data;

  if (number < 3)
    test_spin_until (*n_data > number);
}

/* What came in the same read as the first message is not waited for in vain. */
static void
test_nested_read_together (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(DevSshChannel) client = NULL;
  g_autoptr(DevSshChannel) server = NULL;
  g_autoptr(GBytes) data = g_bytes_new_static ("hello", 5);
  guint n_data = 0;

  test_pair_authenticate (pair);
  test_pair_open (pair, "session", &client, &server);
  g_signal_connect (server, "data", G_CALLBACK (wait_for_next_cb), &n_data);
  for (guint i = 0; i < 3; i++)
    devssh_channel_send_async (client, data, NULL, NULL, NULL);
  test_spin_until (n_data == 3);
}

/* ---- trace ---- */

static void
trace_cb (DevSshSession    *session,
          DevSshTraceLevel  level,
          DevSshTraceEvent  event,
          const char       *text,
          guint            *depth)
{
  nest (depth);
}

static void
collect_cb (DevSshChannel *channel,
            GBytes        *data,
            GByteArray    *all)
{
  gsize length;
  const guint8 *bytes = g_bytes_get_data (data, &length);

  g_byte_array_append (all, bytes, (guint) length);
}

/* Data that was decoded, and not delivered yet when a note of the trace is handed out, lies in a buffer that the nested
 * loop must not fill again. */
static void
test_nested_trace (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(DevSshChannel) client = NULL;
  g_autoptr(DevSshChannel) server = NULL;
  g_autoptr(GByteArray) received = g_byte_array_new ();
  g_autoptr(GBytes) data = NULL;
  gsize size = 1024 * 1024;
  guint8 *bytes = g_malloc (size);
  guint depth = 0;

  for (gsize i = 0; i < size; i++)
    bytes[i] = (guint8) (i * 7 + (i >> 9));
  data = g_bytes_new_take (bytes, size);

  test_pair_authenticate (pair);
  test_pair_open (pair, "session", &client, &server);
  devssh_session_set_trace_channel_data (DEVSSH_SESSION (pair->server), TRUE);
  g_signal_connect (pair->server, "trace", G_CALLBACK (trace_cb), &depth);
  g_signal_connect (server, "data", G_CALLBACK (collect_cb), received);
  devssh_channel_send_async (client, data, NULL, NULL, NULL);
  test_spin_until (received->len == size);
  g_assert_cmpmem (received->data, received->len, bytes, size);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/session/nested/progress/T-64", test_nested_progress);
  g_test_add_func ("/session/nested/login-cancelled/T-64", test_nested_login_cancelled);
  g_test_add_func ("/session/nested/service-requested/T-64", test_nested_service_requested);
  g_test_add_func ("/session/nested/read-together/T-64", test_nested_read_together);
  g_test_add_func ("/session/nested/trace/T-64", test_nested_trace);
  return g_test_run ();
}
