/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Work for later, deadlines and cancellations: any number of them, one source. */
#include <libdevssh/base/devssh-context-private.h>
#include <libdevssh/base/devssh-error.h>

#include "../test-loop.h"

/* A main context of this test alone, thread-default while it lasts. */
typedef struct
{
  GMainContext  *main_context;
  DevSshContext *context;
  GString       *log;
} Fixture;

static void
fixture_set_up (Fixture       *self,
                gconstpointer  data)
{
  self->main_context = g_main_context_new ();
  g_main_context_push_thread_default (self->main_context);
  self->context = devssh_context_ref_thread_default ();
  self->log = g_string_new (NULL);
}

static void
fixture_tear_down (Fixture       *self,
                   gconstpointer  data)
{
  g_clear_pointer (&self->context, devssh_context_unref);
  g_main_context_pop_thread_default (self->main_context);
  g_main_context_unref (self->main_context);
  g_string_free (self->log, TRUE);
}

/* Ids are given in turn from 1 on, so this sees all of them. */
static guint
count_sources (GMainContext *main_context)
{
  guint n_sources = 0;

  for (guint id = 1; id < 20000; id++)
    n_sources += g_main_context_find_source_by_id (main_context, id) != NULL;

  return n_sources;
}

static void
drain (Fixture *self)
{
  while (g_main_context_iteration (self->main_context, FALSE))
    ;
}

/* ---- the registry ---- */

static void
test_context_one_per_main_context (Fixture       *self,
                                   gconstpointer  data)
{
  DevSshContext *again = devssh_context_ref_thread_default ();
  g_autoptr(GMainContext) other_main = g_main_context_new ();
  DevSshContext *other;

  g_assert_true (again == self->context);
  devssh_context_unref (again);

  g_main_context_push_thread_default (other_main);
  other = devssh_context_ref_thread_default ();
  g_assert_true (other != self->context);
  g_assert_true (devssh_context_get_main_context (other) == other_main);
  g_assert_true (devssh_context_get_buffer_pool (other) !=
                 devssh_context_get_buffer_pool (self->context));
  g_main_context_pop_thread_default (other_main);
  devssh_context_unref (other);

  g_assert_cmpuint (count_sources (other_main), ==, 0);
  g_assert_cmpuint (count_sources (self->main_context), ==, 1);
}

static void
test_context_goes_with_last_user (Fixture       *self,
                                  gconstpointer  data)
{
  devssh_context_ref (self->context);
  devssh_context_unref (self->context);
  g_assert_cmpuint (count_sources (self->main_context), ==, 1);
  g_clear_pointer (&self->context, devssh_context_unref);
  g_assert_cmpuint (count_sources (self->main_context), ==, 0);

  /* and comes again */
  self->context = devssh_context_ref_thread_default ();
  g_assert_cmpuint (count_sources (self->main_context), ==, 1);
}

/* ---- work for later ---- */

typedef struct
{
  Fixture *fixture;
  char     letter;
  gboolean nest;
} Job;

static void
job_run (gpointer data)
{
  Job *job = data;

  g_string_append_c (job->fixture->log, job->letter);
  if (job->nest)
    {
      g_string_append_c (job->fixture->log, '(');
      drain (job->fixture);
      g_string_append_c (job->fixture->log, ')');
    }
}

static void
job_done (gpointer data)
{
  Job *job = data;

  g_string_append_c (job->fixture->log, g_ascii_toupper (job->letter));
  g_free (job);
}

static void
defer_job (Fixture *self,
           char     letter,
           gboolean nest)
{
  Job *job = g_new0 (Job, 1);

  *job = (Job) { self, letter, nest };
  devssh_context_defer (self->context, job_run, job, job_done);
}

static void
test_context_defer_in_order (Fixture       *self,
                             gconstpointer  data)
{
  defer_job (self, 'a', FALSE);
  defer_job (self, 'b', FALSE);
  defer_job (self, 'c', FALSE);
  g_assert_cmpstr (self->log->str, ==, "");
  g_assert_true (g_main_context_iteration (self->main_context, TRUE));
  g_assert_cmpstr (self->log->str, ==, "aAbBcC");
  g_assert_false (g_main_context_iteration (self->main_context, FALSE));
}

/* A handler that runs a nested loop does not hold up what is behind it (design D12). */
static void
test_context_defer_nested (Fixture       *self,
                           gconstpointer  data)
{
  defer_job (self, 'a', FALSE);
  defer_job (self, 'b', TRUE);
  defer_job (self, 'c', TRUE);
  defer_job (self, 'd', FALSE);
  drain (self);
  g_assert_cmpstr (self->log->str, ==, "aAb(c(dD)C)B");
}

static void
job_run_defers (gpointer data)
{
  Job *job = data;

  job_run (job);
  defer_job (job->fixture, 'z', FALSE);
}

/* What work asks for later comes in the next turn, so that others have theirs between. */
static void
test_context_defer_from_deferred (Fixture       *self,
                                  gconstpointer  data)
{
  Job job = { self, 'a', FALSE };

  devssh_context_defer (self->context, job_run_defers, &job, NULL);
  defer_job (self, 'b', FALSE);
  g_main_context_iteration (self->main_context, FALSE);
  g_assert_cmpstr (self->log->str, ==, "abB");
  g_main_context_iteration (self->main_context, FALSE);
  g_assert_cmpstr (self->log->str, ==, "abBzZ");
}

/* Work that waits keeps the context; the main context may go nevertheless, and then the work is
 * destroyed unrun. */
static void
test_context_defer_without_user (Fixture       *self,
                                 gconstpointer  data)
{
  GMainContext *other = g_main_context_new ();

  defer_job (self, 'a', FALSE);
  g_clear_pointer (&self->context, devssh_context_unref);
  drain (self);
  g_assert_cmpstr (self->log->str, ==, "aA");
  g_assert_cmpuint (count_sources (self->main_context), ==, 0);

  g_main_context_push_thread_default (other);
  self->context = devssh_context_ref_thread_default ();
  defer_job (self, 'b', FALSE);
  g_clear_pointer (&self->context, devssh_context_unref);
  g_main_context_pop_thread_default (other);
  g_assert_cmpstr (self->log->str, ==, "aA");
  g_main_context_unref (other);
  g_assert_cmpstr (self->log->str, ==, "aAB");
}

/* A user comes back while work still waits. */
static void
test_context_defer_new_user (Fixture       *self,
                             gconstpointer  data)
{
  DevSshContext *before = self->context;

  defer_job (self, 'a', FALSE);
  g_clear_pointer (&self->context, devssh_context_unref);
  self->context = devssh_context_ref_thread_default ();
  g_assert_true (self->context == before);
  drain (self);
  g_assert_cmpstr (self->log->str, ==, "aA");
  g_assert_cmpuint (count_sources (self->main_context), ==, 1);
}

static void
drop_context (gpointer data)
{
  Fixture *self = data;

  g_string_append_c (self->log, 'x');
  g_clear_pointer (&self->context, devssh_context_unref);
}

static void
test_context_last_user_goes_inside (Fixture       *self,
                                    gconstpointer  data)
{
  devssh_context_defer (self->context, drop_context, self, NULL);
  defer_job (self, 'b', FALSE);
  drain (self);
  g_assert_cmpstr (self->log->str, ==, "xbB");
  g_assert_cmpuint (count_sources (self->main_context), ==, 0);
}

/* ---- threads (T-66) ---- */

static gpointer
thread_defers (gpointer data)
{
  Fixture *self = data;

  g_assert_false (devssh_context_is_here (self->context));
  defer_job (self, 't', FALSE);
  return NULL;
}

static void
test_context_defer_from_thread (Fixture       *self,
                                gconstpointer  data)
{
  GThread *thread = g_thread_new ("defers", thread_defers, self);

  while (self->log->len < 2)
    g_main_context_iteration (self->main_context, TRUE);
  g_thread_join (thread);
  g_assert_cmpstr (self->log->str, ==, "tT");
}

static void
count_up (gpointer data)
{
  guint *n = data;

  (*n)++;
}

typedef struct
{
  DevSshContext *context;
  guint         *n;
} Flood;

static gpointer
thread_floods (gpointer data)
{
  Flood *flood = data;

  for (guint i = 0; i < 1000; i++)
    {
      DevSshContext *kept = devssh_context_ref (flood->context);

      devssh_context_defer (kept, count_up, flood->n, NULL);
      devssh_context_unref (kept);
    }

  return NULL;
}

static void
test_context_defer_from_many_threads (Fixture       *self,
                                      gconstpointer  data)
{
  GThread *threads[8];
  guint n = 0;
  Flood flood = { self->context, &n };

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("floods", thread_floods, &flood);
  while (n < 8000)
    g_main_context_iteration (self->main_context, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);

  drain (self);
  g_assert_cmpuint (n, ==, 8000);
}

/* Contexts of several threads come and go at once; the registry is the one thing they share. */
static gpointer
thread_lives (gpointer data)
{
  guint n = 0;

  for (guint i = 0; i < 200; i++)
    {
      g_autoptr(GMainContext) main_context = g_main_context_new ();
      DevSshContext *context;

      g_main_context_push_thread_default (main_context);
      context = devssh_context_ref_thread_default ();
      g_assert_true (devssh_context_get_main_context (context) == main_context);
      devssh_context_defer (context, count_up, &n, NULL);
      devssh_context_unref (context);
      while (g_main_context_iteration (main_context, FALSE))
        ;
      g_main_context_pop_thread_default (main_context);
    }

  return GUINT_TO_POINTER (n);
}

static void
test_context_registry_in_threads (Fixture       *self,
                                  gconstpointer  data)
{
  GThread *threads[8];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("lives", thread_lives, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_assert_cmpuint (GPOINTER_TO_UINT (g_thread_join (threads[i])), ==, 200);
}

static void
check_here_inside (gpointer data)
{
  g_assert_true (devssh_context_check_here (data, G_STRFUNC, NULL));
}

static gpointer
thread_not_here (gpointer data)
{
  DevSshContext *context = data;
  g_autoptr(GError) error = NULL;

  g_assert_false (devssh_context_check_here (context, "devssh_session_frobnicate", &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_WRONG_THREAD);
  g_assert_nonnull (strstr (error->message, "devssh_session_frobnicate"));
  return NULL;
}

static void
test_context_check_here (Fixture       *self,
                         gconstpointer  data)
{
  GThread *thread;

  /* nobody runs it, and we made it */
  g_assert_true (devssh_context_check_here (self->context, G_STRFUNC, NULL));
  devssh_context_defer (self->context, check_here_inside, self->context, NULL);
  drain (self);

  g_test_expect_message ("devssh", G_LOG_LEVEL_CRITICAL,
                         "devssh_session_frobnicate: called in a thread*");
  thread = g_thread_new ("elsewhere", thread_not_here, self->context);
  g_thread_join (thread);
  g_test_assert_expected_messages ();
}

static gpointer
thread_takes_over (gpointer data)
{
  Fixture *self = data;

  g_assert_false (devssh_context_is_here (self->context));
  defer_job (self, 'o', FALSE);
  drain (self);
  /* whoever ran it last has it */
  g_assert_true (devssh_context_is_here (self->context));
  return NULL;
}

static void
test_context_moves_to_thread (Fixture       *self,
                              gconstpointer  data)
{
  GThread *thread;

  /* to be thread-default is to own it */
  g_main_context_pop_thread_default (self->main_context);
  g_assert_true (devssh_context_is_here (self->context));
  thread = g_thread_new ("takes-over", thread_takes_over, self);
  g_thread_join (thread);
  g_assert_cmpstr (self->log->str, ==, "oO");
  g_assert_false (devssh_context_is_here (self->context));
  g_main_context_push_thread_default (self->main_context);
  g_assert_true (devssh_context_is_here (self->context));
}

/* ---- results of tasks ---- */

static void
test_context_returns (Fixture       *self,
                      gconstpointer  data)
{
  GAsyncResult *results[4] = { NULL };
  GTask *tasks[4];
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;

  for (guint i = 0; i < 4; i++)
    tasks[i] = g_task_new (NULL, NULL, test_keep_result_cb, &results[i]);

  devssh_context_return_boolean (self->context, tasks[0], TRUE);
  devssh_context_return_int (self->context, tasks[1], 4711);
  devssh_context_return_pointer (self->context, tasks[2], g_strdup ("text"), g_free);
  devssh_context_return_error (self->context, tasks[3],
                               g_error_new (DEVSSH_ERROR, DEVSSH_ERROR_CLOSED, "closed"));
  for (guint i = 0; i < 4; i++)
    g_assert_null (results[i]);

  drain (self);
  g_assert_true (g_task_propagate_boolean (G_TASK (results[0]), NULL));
  g_assert_cmpint (g_task_propagate_int (G_TASK (results[1]), NULL), ==, 4711);
  text = g_task_propagate_pointer (G_TASK (results[2]), NULL);
  g_assert_cmpstr (text, ==, "text");
  g_assert_false (g_task_propagate_boolean (G_TASK (results[3]), &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);
  for (guint i = 0; i < 4; i++)
    g_object_unref (results[i]);
}

/* ---- deadlines (T-63) ---- */

typedef struct
{
  DevSshDeadline  deadline;   /* first, so that it is the same pointer */
  Fixture        *fixture;
  char            letter;
  gint64          again;      /* microseconds after which it sets itself once more */
  gboolean        free;
  DevSshDeadline *other;      /* cleared when this one runs */
} Alarm;

static void
alarm_func (DevSshDeadline *deadline)
{
  Alarm *self = (Alarm *) deadline;

  g_assert_null (deadline->context);
  g_string_append_c (self->fixture->log, self->letter);
  if (self->other != NULL)
    devssh_deadline_clear (self->other);
  if (self->again > 0)
    devssh_deadline_set (deadline, self->fixture->context,
                         devssh_context_get_time (self->fixture->context) + self->again,
                         alarm_func);
  if (self->again < 0)
    devssh_deadline_set (deadline, self->fixture->context, 0, alarm_func);
  if (self->free)
    g_free (self);
}

static void
test_context_deadlines_in_order (Fixture       *self,
                                 gconstpointer  data)
{
  Alarm alarms[26] = { 0 };
  gint64 now = devssh_context_get_time (self->context);

  /* each twice, first somewhere else, in an order that mixes them */
  for (guint i = 0; i < 26; i++)
    {
      alarms[i].fixture = self;
      alarms[i].letter = (char) ('a' + i);
      devssh_deadline_set (&alarms[i].deadline, self->context,
                           now + (i * 7 % 26) * G_TIME_SPAN_HOUR, alarm_func);
    }
  for (guint i = 0; i < 26; i++)
    devssh_deadline_set (&alarms[i * 11 % 26].deadline, self->context,
                         now + (1 + i * 11 % 26) * G_TIME_SPAN_MINUTE, alarm_func);

  drain (self);
  g_assert_cmpstr (self->log->str, ==, "");
  devssh_context_advance_clock (self->context, 3 * G_TIME_SPAN_MINUTE);
  drain (self);
  g_assert_cmpstr (self->log->str, ==, "abc");
  devssh_deadline_clear (&alarms[4].deadline);
  devssh_deadline_clear (&alarms[4].deadline);
  devssh_context_advance_clock (self->context, G_TIME_SPAN_HOUR);
  drain (self);
  g_assert_cmpstr (self->log->str, ==, "abcdfghijklmnopqrstuvwxyz");
}

static void
test_context_deadlines_equal (Fixture       *self,
                              gconstpointer  data)
{
  Alarm alarms[9] = { 0 };

  for (guint i = 0; i < 9; i++)
    {
      alarms[i].fixture = self;
      alarms[i].letter = (char) ('1' + i);
      devssh_deadline_set (&alarms[i].deadline, self->context, 1, alarm_func);
    }
  drain (self);
  g_assert_cmpstr (self->log->str, ==, "123456789");
}

static void
test_context_deadlines_model (Fixture       *self,
                              gconstpointer  data)
{
  enum { N = 200 };
  Alarm alarms[N] = { 0 };
  gint64 base = devssh_context_get_time (self->context) + G_TIME_SPAN_HOUR;
  guint n_set = 0;

  for (guint i = 0; i < N; i++)
    {
      alarms[i].fixture = self;
      alarms[i].letter = '.';
    }

  for (guint i = 0; i < 5000; i++)
    {
      Alarm *alarm = &alarms[g_test_rand_int_range (0, N)];

      if (g_test_rand_int_range (0, 3) == 0)
        devssh_deadline_clear (&alarm->deadline);
      else
        devssh_deadline_set (&alarm->deadline, self->context,
                             base + g_test_rand_int_range (0, 100) * G_TIME_SPAN_HOUR, alarm_func);
    }

  /* every hour exactly those of that hour run */
  for (guint i = 0; i < N; i++)
    n_set += alarms[i].deadline.context != NULL;
  g_assert_cmpuint (n_set, >, 0);
  for (guint hour = 0; hour < 100; hour++)
    {
      guint n_due = 0;

      for (guint i = 0; i < N; i++)
        n_due += alarms[i].deadline.context != NULL &&
                 alarms[i].deadline.at == base + hour * G_TIME_SPAN_HOUR;
      g_string_truncate (self->log, 0);
      devssh_context_advance_clock (self->context, G_TIME_SPAN_HOUR);
      drain (self);
      g_assert_cmpuint (self->log->len, ==, n_due);
    }
}

/* After an hour of sleep what comes every minute comes once. */
static void
test_context_deadlines_suspend (Fixture       *self,
                                gconstpointer  data)
{
  Alarm alarm = { .fixture = self, .letter = 'k', .again = G_TIME_SPAN_MINUTE };

  devssh_deadline_set (&alarm.deadline, self->context,
                       devssh_context_get_time (self->context) + G_TIME_SPAN_MINUTE, alarm_func);
  devssh_context_advance_clock (self->context, G_TIME_SPAN_HOUR);
  drain (self);
  g_assert_cmpstr (self->log->str, ==, "k");
  devssh_context_advance_clock (self->context, G_TIME_SPAN_MINUTE);
  drain (self);
  g_assert_cmpstr (self->log->str, ==, "kk");
  devssh_deadline_clear (&alarm.deadline);
}

/* One that is always due does not stop the loop. */
static void
test_context_deadlines_always_due (Fixture       *self,
                                   gconstpointer  data)
{
  Alarm alarm = { .fixture = self, .letter = 'd', .again = -1 };

  devssh_deadline_set (&alarm.deadline, self->context, 0, alarm_func);
  for (guint i = 1; i <= 3; i++)
    {
      g_main_context_iteration (self->main_context, FALSE);
      g_assert_cmpuint (self->log->len, ==, i);
    }
  devssh_deadline_clear (&alarm.deadline);
}

static void
test_context_deadlines_owner_goes (Fixture       *self,
                                   gconstpointer  data)
{
  Alarm *alarm = g_new0 (Alarm, 1);
  Alarm other = { .fixture = self, .letter = 'o' };

  alarm->fixture = self;
  alarm->letter = 'f';
  alarm->free = TRUE;
  alarm->other = &other.deadline;
  devssh_deadline_set (&alarm->deadline, self->context, 1, alarm_func);
  devssh_deadline_set (&other.deadline, self->context, 2, alarm_func);
  drain (self);
  g_assert_cmpstr (self->log->str, ==, "f");
}

/* A deadline keeps the context that it is set in. */
static void
test_context_deadlines_keep (Fixture       *self,
                             gconstpointer  data)
{
  Alarm alarm = { .fixture = self, .letter = 'k' };

  devssh_deadline_set (&alarm.deadline, self->context, 1, alarm_func);
  g_clear_pointer (&self->context, devssh_context_unref);
  g_assert_cmpuint (count_sources (self->main_context), ==, 1);
  drain (self);
  g_assert_cmpstr (self->log->str, ==, "k");
  g_assert_cmpuint (count_sources (self->main_context), ==, 0);
}

/* The loop sleeps until then, and no longer. */
static void
test_context_deadlines_wake (Fixture       *self,
                             gconstpointer  data)
{
  Alarm alarm = { .fixture = self, .letter = 'w' };
  gint64 at = devssh_context_get_time (self->context) + 2 * G_TIME_SPAN_MILLISECOND;

  devssh_deadline_set (&alarm.deadline, self->context, at, alarm_func);
  while (self->log->len == 0)
    g_main_context_iteration (self->main_context, TRUE);
  g_assert_cmpint (devssh_context_get_time (self->context), >=, at);
}

/* ---- probes ---- */

typedef struct
{
  DevSshProbe  probe;      /* first, so that it is the same pointer */
  Fixture     *fixture;
  char         letter;
  DevSshProbe *clears;     /* when it is called */
  gboolean     defers;
} Look;

static void
look_func (DevSshProbe *probe)
{
  Look *self = (Look *) probe;

  g_string_append_c (self->fixture->log, self->letter);
  if (self->clears != NULL)
    devssh_probe_clear (self->clears);
  if (self->defers)
    defer_job (self->fixture, 'j', FALSE);
  self->defers = FALSE;
}

static void
look_init (Look    *self,
           Fixture *fixture,
           char     letter)
{
  *self = (Look) { .fixture = fixture, .letter = letter };
  devssh_probe_set (&self->probe, fixture->context, look_func);
}

/* Each is called once a turn, and costs no source and no wake-up. */
static void
test_context_probes (Fixture       *self,
                     gconstpointer  data)
{
  Look looks[3];

  for (guint i = 0; i < 3; i++)
    look_init (&looks[i], self, (char) ('1' + i));
  g_assert_cmpuint (count_sources (self->main_context), ==, 1);

  g_assert_false (g_main_context_iteration (self->main_context, FALSE));
  g_assert_cmpstr (self->log->str, ==, "321");
  devssh_probe_clear (&looks[1].probe);
  devssh_probe_clear (&looks[1].probe);
  g_main_context_iteration (self->main_context, FALSE);
  g_assert_cmpstr (self->log->str, ==, "32131");
  devssh_probe_clear (&looks[2].probe);
  devssh_probe_clear (&looks[0].probe);
  g_main_context_iteration (self->main_context, FALSE);
  g_assert_cmpstr (self->log->str, ==, "32131");
}

/* What a look finds out is done in the same turn. */
static void
test_context_probes_defer (Fixture       *self,
                           gconstpointer  data)
{
  Look look;

  look_init (&look, self, '1');
  look.defers = TRUE;
  g_assert_true (g_main_context_iteration (self->main_context, FALSE));
  g_assert_cmpstr (self->log->str, ==, "1jJ");
  devssh_probe_clear (&look.probe);
}

static void
test_context_probes_cleared (Fixture       *self,
                             gconstpointer  data)
{
  Look looks[4];

  /* they are called from the last to the first: 4 clears 3, 2 clears itself */
  for (guint i = 0; i < 4; i++)
    look_init (&looks[i], self, (char) ('1' + i));
  looks[3].clears = &looks[2].probe;
  looks[1].clears = &looks[1].probe;
  g_main_context_iteration (self->main_context, FALSE);
  g_assert_cmpstr (self->log->str, ==, "421");
  g_main_context_iteration (self->main_context, FALSE);
  g_assert_cmpstr (self->log->str, ==, "42141");
  devssh_probe_clear (&looks[3].probe);
  devssh_probe_clear (&looks[0].probe);

  /* the last user of the context */
  look_init (&looks[0], self, '1');
  looks[0].clears = &looks[0].probe;
  g_clear_pointer (&self->context, devssh_context_unref);
  g_assert_cmpuint (count_sources (self->main_context), ==, 1);
  g_main_context_iteration (self->main_context, FALSE);
  g_assert_cmpuint (count_sources (self->main_context), ==, 0);
}

/* ---- cancellation (T-65) ---- */

static void
log_cancelled (gpointer data)
{
  Fixture *self = data;

  g_string_append_c (self->log, 'c');
}

static void
test_context_cancel (Fixture       *self,
                     gconstpointer  data)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  DevSshCancelWatch *watch = devssh_context_watch_cancellable (self->context, cancellable,
                                                               log_cancelled, self);

  drain (self);
  g_assert_cmpstr (self->log->str, ==, "");
  g_cancellable_cancel (cancellable);
  g_assert_cmpstr (self->log->str, ==, "");
  drain (self);
  g_assert_cmpstr (self->log->str, ==, "c");

  /* once, whatever happens */
  g_cancellable_reset (cancellable);
  g_cancellable_cancel (cancellable);
  drain (self);
  g_assert_cmpstr (self->log->str, ==, "c");
  devssh_cancel_watch_free (watch);
}

static void
test_context_cancel_before (Fixture       *self,
                            gconstpointer  data)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  DevSshCancelWatch *watch;

  g_cancellable_cancel (cancellable);
  watch = devssh_context_watch_cancellable (self->context, cancellable, log_cancelled, self);
  g_assert_cmpstr (self->log->str, ==, "");
  drain (self);
  g_assert_cmpstr (self->log->str, ==, "c");
  devssh_cancel_watch_free (watch);
}

static void
test_context_cancel_null (Fixture       *self,
                          gconstpointer  data)
{
  g_assert_null (devssh_context_watch_cancellable (self->context, NULL, log_cancelled, self));
  devssh_cancel_watch_free (NULL);
}

static void
test_context_cancel_freed (Fixture       *self,
                           gconstpointer  data)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  DevSshCancelWatch *watches[5];

  for (guint i = 0; i < 5; i++)
    watches[i] = devssh_context_watch_cancellable (self->context, cancellable, log_cancelled, self);

  /* one before, and the first, one in the middle and the last after it was cancelled */
  devssh_cancel_watch_free (watches[1]);
  g_cancellable_cancel (cancellable);
  devssh_cancel_watch_free (watches[2]);
  devssh_cancel_watch_free (watches[4]);
  devssh_cancel_watch_free (watches[0]);
  drain (self);
  g_assert_cmpstr (self->log->str, ==, "c");
  devssh_cancel_watch_free (watches[3]);

  watches[0] = devssh_context_watch_cancellable (self->context, cancellable, log_cancelled, self);
  drain (self);
  g_assert_cmpstr (self->log->str, ==, "cc");
  devssh_cancel_watch_free (watches[0]);
}

typedef struct
{
  Fixture           *fixture;
  DevSshCancelWatch *watch;
} Freed;

static void
free_watch_cb (GCancellable *cancellable,
               gpointer      user_data)
{
  Freed *freed = user_data;

  g_clear_pointer (&freed->watch, devssh_cancel_watch_free);
}

static void
free_watch_func (gpointer data)
{
  Freed *freed = data;

  log_cancelled (freed->fixture);
  g_clear_pointer (&freed->watch, devssh_cancel_watch_free);
}

/* Somebody else's handler of the same cancellable closes the session: nobody waits for himself. */
static void
test_context_cancel_freed_in_handler (Fixture       *self,
                                      gconstpointer  data)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Freed before = { self, NULL }, after = { self, NULL };

  g_signal_connect (cancellable, "cancelled", G_CALLBACK (free_watch_cb), &before);
  before.watch = devssh_context_watch_cancellable (self->context, cancellable, free_watch_func,
                                                   &before);
  after.watch = devssh_context_watch_cancellable (self->context, cancellable, free_watch_func,
                                                  &after);
  g_signal_connect (cancellable, "cancelled", G_CALLBACK (free_watch_cb), &after);
  g_cancellable_cancel (cancellable);
  g_assert_null (before.watch);
  g_assert_null (after.watch);
  drain (self);
  g_assert_cmpstr (self->log->str, ==, "");
}

static void
test_context_cancel_freed_in_func (Fixture       *self,
                                   gconstpointer  data)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Freed freed = { self, NULL };

  freed.watch = devssh_context_watch_cancellable (self->context, cancellable, free_watch_func,
                                                  &freed);
  g_cancellable_cancel (cancellable);
  drain (self);
  g_assert_cmpstr (self->log->str, ==, "c");
  g_assert_null (freed.watch);
}

static gpointer
thread_cancels (gpointer data)
{
  g_cancellable_cancel (data);
  return NULL;
}

static void
test_context_cancel_from_thread (Fixture       *self,
                                 gconstpointer  data)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  DevSshCancelWatch *watch = devssh_context_watch_cancellable (self->context, cancellable,
                                                               log_cancelled, self);
  GThread *thread = g_thread_new ("cancels", thread_cancels, cancellable);

  while (self->log->len == 0)
    g_main_context_iteration (self->main_context, TRUE);
  g_thread_join (thread);
  g_assert_cmpstr (self->log->str, ==, "c");
  devssh_cancel_watch_free (watch);
}

/* A thread cancels while the owner gives up: at most one call, none after the watch was freed. */
static void
test_context_cancel_race (Fixture       *self,
                          gconstpointer  data)
{
  for (guint i = 0; i < 300; i++)
    {
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      DevSshCancelWatch *watches[4];
      GThread *thread;
      gsize n_calls;

      g_string_truncate (self->log, 0);
      for (guint j = 0; j < 4; j++)
        watches[j] = devssh_context_watch_cancellable (self->context, cancellable, log_cancelled,
                                                       self);
      thread = g_thread_new ("cancels", thread_cancels, cancellable);
      if (i % 2 == 0)
        g_main_context_iteration (self->main_context, FALSE);
      for (guint j = 0; j < 4; j++)
        devssh_cancel_watch_free (watches[j]);
      n_calls = self->log->len;
      g_assert_cmpuint (n_calls, <=, 4);
      g_thread_join (thread);
      drain (self);
      g_assert_cmpuint (self->log->len, ==, n_calls);
    }
}

/* The context's last user is the watch, and the thread that cancels is the last to see it. */
static void
test_context_cancel_outlives (Fixture       *self,
                              gconstpointer  data)
{
  for (guint i = 0; i < 300; i++)
    {
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      DevSshCancelWatch *watch = devssh_context_watch_cancellable (self->context, cancellable,
                                                                   log_cancelled, self);
      GThread *thread;

      g_clear_pointer (&self->context, devssh_context_unref);
      thread = g_thread_new ("cancels", thread_cancels, cancellable);
      devssh_cancel_watch_free (watch);
      g_thread_join (thread);
      g_assert_cmpuint (count_sources (self->main_context), ==, 0);
      self->context = devssh_context_ref_thread_default ();
    }
}

/* 5000 operations wait, and the loop has one source to look at (design D13). */
static void
test_context_cancel_costs_nothing (Fixture       *self,
                                   gconstpointer  data)
{
  enum { N = 5000 };
  g_autofree DevSshCancelWatch **watches = g_new0 (DevSshCancelWatch *, N);
  g_autofree GCancellable **cancellables = g_new0 (GCancellable *, N);
  GPollFD fds[4];
  int timeout;

  for (guint i = 0; i < N; i++)
    {
      cancellables[i] = g_cancellable_new ();
      watches[i] = devssh_context_watch_cancellable (self->context, cancellables[i], log_cancelled,
                                                     self);
    }

  g_assert_cmpuint (count_sources (self->main_context), ==, 1);
  /* nor a descriptor to poll, but the one that wakes the context */
  g_assert_true (g_main_context_acquire (self->main_context));
  g_main_context_prepare (self->main_context, NULL);
  g_assert_cmpint (g_main_context_query (self->main_context, G_MAXINT, &timeout, fds, 4), ==, 1);
  g_main_context_release (self->main_context);

  g_cancellable_cancel (cancellables[4999]);
  g_cancellable_cancel (cancellables[0]);
  drain (self);
  g_assert_cmpstr (self->log->str, ==, "cc");

  for (guint i = 0; i < N; i++)
    {
      devssh_cancel_watch_free (watches[i]);
      g_object_unref (cancellables[i]);
    }
}

static void
nest_func (gpointer data)
{
  Fixture *self = data;

  g_string_append_c (self->log, '(');
  drain (self);
  g_string_append_c (self->log, ')');
}

/* Nested turns go on with everything: the next cancellation, work, deadlines. */
static void
test_context_everything_nested (Fixture       *self,
                                gconstpointer  data)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  DevSshCancelWatch *first = devssh_context_watch_cancellable (self->context, cancellable,
                                                               nest_func, self);
  DevSshCancelWatch *second = devssh_context_watch_cancellable (self->context, cancellable,
                                                                log_cancelled, self);
  Alarm alarm = { .fixture = self, .letter = 'd' };

  defer_job (self, 'w', FALSE);
  devssh_deadline_set (&alarm.deadline, self->context, 0, alarm_func);
  g_cancellable_cancel (cancellable);
  drain (self);
  g_assert_cmpstr (self->log->str, ==, "(cwWd)");
  devssh_cancel_watch_free (first);
  devssh_cancel_watch_free (second);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, fixture_set_up, func, fixture_tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/base/context/one-per-main-context", test_context_one_per_main_context);
  ADD ("/base/context/goes-with-last-user", test_context_goes_with_last_user);
  ADD ("/base/context/defer/in-order", test_context_defer_in_order);
  ADD ("/base/context/defer/nested/T-64", test_context_defer_nested);
  ADD ("/base/context/defer/from-deferred", test_context_defer_from_deferred);
  ADD ("/base/context/defer/without-user", test_context_defer_without_user);
  ADD ("/base/context/defer/new-user", test_context_defer_new_user);
  ADD ("/base/context/defer/last-user-goes-inside/T-64", test_context_last_user_goes_inside);
  ADD ("/base/context/defer/from-thread/T-66", test_context_defer_from_thread);
  ADD ("/base/context/defer/from-many-threads/T-66", test_context_defer_from_many_threads);
  ADD ("/base/context/registry-in-threads/T-66", test_context_registry_in_threads);
  ADD ("/base/context/check-here/T-66", test_context_check_here);
  ADD ("/base/context/moves-to-thread/T-66", test_context_moves_to_thread);
  ADD ("/base/context/returns", test_context_returns);
  ADD ("/base/context/deadlines/in-order/T-63", test_context_deadlines_in_order);
  ADD ("/base/context/deadlines/equal", test_context_deadlines_equal);
  ADD ("/base/context/deadlines/model/T-63", test_context_deadlines_model);
  ADD ("/base/context/deadlines/suspend/T-63", test_context_deadlines_suspend);
  ADD ("/base/context/deadlines/always-due", test_context_deadlines_always_due);
  ADD ("/base/context/deadlines/owner-goes/T-64", test_context_deadlines_owner_goes);
  ADD ("/base/context/deadlines/keep", test_context_deadlines_keep);
  ADD ("/base/context/deadlines/wake", test_context_deadlines_wake);
  ADD ("/base/context/probes/each-turn", test_context_probes);
  ADD ("/base/context/probes/defer", test_context_probes_defer);
  ADD ("/base/context/probes/cleared/T-64", test_context_probes_cleared);
  ADD ("/base/context/cancel/once/T-65", test_context_cancel);
  ADD ("/base/context/cancel/before/T-65", test_context_cancel_before);
  ADD ("/base/context/cancel/null", test_context_cancel_null);
  ADD ("/base/context/cancel/freed/T-65", test_context_cancel_freed);
  ADD ("/base/context/cancel/freed-in-handler/T-65", test_context_cancel_freed_in_handler);
  ADD ("/base/context/cancel/freed-in-func/T-65", test_context_cancel_freed_in_func);
  ADD ("/base/context/cancel/from-thread/T-65", test_context_cancel_from_thread);
  ADD ("/base/context/cancel/race/T-65/T-66", test_context_cancel_race);
  ADD ("/base/context/cancel/outlives/T-66", test_context_cancel_outlives);
  ADD ("/base/context/cancel/costs-nothing", test_context_cancel_costs_nothing);
  ADD ("/base/context/everything-nested/T-64", test_context_everything_nested);

  return g_test_run ();
}
