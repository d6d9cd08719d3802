/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One answer to a question: now, later, never, twice, too late, or from the wrong thread. */
#include <libdevssh/base/devssh-question-private.h>

/* A question that can be answered with a number; refused is 0. */
#define TEST_TYPE_QUESTION (test_question_get_type ())
G_DECLARE_FINAL_TYPE (TestQuestion, test_question, TEST, QUESTION, DevSshQuestion)

struct _TestQuestion
{
  DevSshQuestion parent_instance;
  int            answer;
};

G_DEFINE_FINAL_TYPE (TestQuestion, test_question, DEVSSH_TYPE_QUESTION)

static guint n_alive;   /* atomic */

static void
test_question_refuse (DevSshQuestion *question)
{
  TEST_QUESTION (question)->answer = 0;
}

static void
test_question_finalize (GObject *object)
{
  g_atomic_int_add (&n_alive, -1);
  G_OBJECT_CLASS (test_question_parent_class)->finalize (object);
}

static void
test_question_class_init (TestQuestionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_question_finalize;
  DEVSSH_QUESTION_CLASS (klass)->refuse = test_question_refuse;
}

static void
test_question_init (TestQuestion *self)
{
  self->answer = -1;
  g_atomic_int_inc (&n_alive);
}

static void
test_question_answer (TestQuestion *self,
                      int           answer)
{
  if (!devssh_question_take (DEVSSH_QUESTION (self)))
    return;

  self->answer = answer;
  devssh_question_answered (DEVSSH_QUESTION (self));
}

typedef struct
{
  guint n_calls;
  int   answer;
} Sunk;

static void
sink_cb (DevSshQuestion *question,
         gpointer        sink_data)
{
  Sunk *sunk = sink_data;

  sunk->n_calls++;
  sunk->answer = TEST_QUESTION (question)->answer;
}

static TestQuestion *
question_new (Sunk *sunk)
{
  TestQuestion *self = g_object_new (TEST_TYPE_QUESTION, NULL);

  *sunk = (Sunk) { 0, -1 };
  devssh_question_set_sink (DEVSSH_QUESTION (self), sink_cb, sunk);
  return self;
}

static void
assert_sunk (Sunk *sunk,
             int   answer)
{
  g_assert_cmpuint (sunk->n_calls, ==, 1);
  g_assert_cmpint (sunk->answer, ==, answer);
}

static void
test_question_now (void)
{
  Sunk sunk;
  g_autoptr(TestQuestion) question = question_new (&sunk);

  devssh_question_begin (DEVSSH_QUESTION (question));
  test_question_answer (question, 7);
  g_assert_cmpuint (sunk.n_calls, ==, 0);
  g_assert_true (devssh_question_get_answered (DEVSSH_QUESTION (question)));
  devssh_question_end (DEVSSH_QUESTION (question), TRUE);
  assert_sunk (&sunk, 7);
}

/* One that accepts and then throws has refused. */
static void
test_question_answered_but_not_handled (void)
{
  Sunk sunk;
  g_autoptr(TestQuestion) question = question_new (&sunk);

  devssh_question_begin (DEVSSH_QUESTION (question));
  test_question_answer (question, 7);
  devssh_question_end (DEVSSH_QUESTION (question), FALSE);
  assert_sunk (&sunk, 0);
}

static void
test_question_nobody (void)
{
  Sunk sunk;
  g_autoptr(TestQuestion) question = question_new (&sunk);

  devssh_question_begin (DEVSSH_QUESTION (question));
  g_assert_false (devssh_question_get_answered (DEVSSH_QUESTION (question)));
  devssh_question_end (DEVSSH_QUESTION (question), FALSE);
  assert_sunk (&sunk, 0);
  g_assert_true (devssh_question_get_answered (DEVSSH_QUESTION (question)));
}

static void
test_question_later (void)
{
  Sunk sunk;
  TestQuestion *question = question_new (&sunk);
  g_autoptr(TestQuestion) kept = g_object_ref (question);

  devssh_question_begin (DEVSSH_QUESTION (question));
  devssh_question_end (DEVSSH_QUESTION (question), TRUE);
  g_object_unref (question);
  g_assert_cmpuint (sunk.n_calls, ==, 0);
  g_assert_false (devssh_question_get_answered (DEVSSH_QUESTION (kept)));
  test_question_answer (kept, 5);
  assert_sunk (&sunk, 5);
}

static void
test_question_dropped (void)
{
  Sunk sunk;
  TestQuestion *question = question_new (&sunk);
  TestQuestion *kept = g_object_ref (question);

  devssh_question_begin (DEVSSH_QUESTION (question));
  devssh_question_end (DEVSSH_QUESTION (question), TRUE);
  g_object_unref (question);
  g_assert_cmpuint (sunk.n_calls, ==, 0);
  g_object_unref (kept);
  assert_sunk (&sunk, 0);
  g_assert_cmpuint (g_atomic_int_get (&n_alive), ==, 0);
}

static void
test_question_handled_but_not_kept (void)
{
  Sunk sunk;
  TestQuestion *question = question_new (&sunk);

  devssh_question_begin (DEVSSH_QUESTION (question));
  devssh_question_end (DEVSSH_QUESTION (question), TRUE);
  g_object_unref (question);
  assert_sunk (&sunk, 0);
}

/* A question that was never shown is answered by the engine itself. */
static void
test_question_never_shown (void)
{
  Sunk sunk;
  TestQuestion *question = question_new (&sunk);

  test_question_answer (question, 3);
  assert_sunk (&sunk, 3);
  g_object_unref (question);
  assert_sunk (&sunk, 3);
}

static void
test_question_twice (void)
{
  Sunk sunk;
  g_autoptr(TestQuestion) question = question_new (&sunk);

  devssh_question_begin (DEVSSH_QUESTION (question));
  test_question_answer (question, 1);
  g_test_expect_message ("devssh", G_LOG_LEVEL_WARNING, "TestQuestion has been answered already*");
  test_question_answer (question, 2);
  g_test_assert_expected_messages ();
  devssh_question_end (DEVSSH_QUESTION (question), TRUE);
  g_test_expect_message ("devssh", G_LOG_LEVEL_WARNING, "TestQuestion has been answered already*");
  test_question_answer (question, 3);
  g_test_assert_expected_messages ();
  assert_sunk (&sunk, 1);
}

static void
test_question_answer_after_refusal (void)
{
  Sunk sunk;
  g_autoptr(TestQuestion) question = question_new (&sunk);

  devssh_question_begin (DEVSSH_QUESTION (question));
  devssh_question_end (DEVSSH_QUESTION (question), FALSE);
  g_test_expect_message ("devssh", G_LOG_LEVEL_WARNING, "TestQuestion has been answered already*");
  test_question_answer (question, 3);
  g_test_assert_expected_messages ();
  assert_sunk (&sunk, 0);
}

static void
test_question_killed (void)
{
  Sunk sunk;
  g_autoptr(TestQuestion) question = question_new (&sunk);
  GCancellable *cancellable = devssh_question_get_cancellable (DEVSSH_QUESTION (question));

  g_assert_true (devssh_question_get_cancellable (DEVSSH_QUESTION (question)) == cancellable);
  devssh_question_begin (DEVSSH_QUESTION (question));
  devssh_question_end (DEVSSH_QUESTION (question), TRUE);
  devssh_question_kill (DEVSSH_QUESTION (question));
  devssh_question_kill (DEVSSH_QUESTION (question));
  /* from the loop: whoever kills may be in the middle of something */
  g_assert_false (g_cancellable_is_cancelled (cancellable));
  while (!g_cancellable_is_cancelled (cancellable))
    g_main_context_iteration (NULL, TRUE);

  test_question_answer (question, 4);
  g_assert_cmpuint (sunk.n_calls, ==, 0);
  g_assert_cmpint (question->answer, ==, -1);
}

static void
test_question_killed_while_asked (void)
{
  Sunk sunk;
  TestQuestion *question = question_new (&sunk);
  GCancellable *cancellable;

  devssh_question_begin (DEVSSH_QUESTION (question));
  test_question_answer (question, 4);
  devssh_question_kill (DEVSSH_QUESTION (question));
  devssh_question_end (DEVSSH_QUESTION (question), TRUE);
  cancellable = devssh_question_get_cancellable (DEVSSH_QUESTION (question));
  g_assert_true (g_cancellable_is_cancelled (cancellable));
  g_object_unref (question);
  g_assert_cmpuint (sunk.n_calls, ==, 0);
}

static void
test_question_properties (void)
{
  Sunk sunk;
  g_autoptr(TestQuestion) question = question_new (&sunk);
  g_autoptr(GCancellable) cancellable = NULL;
  gboolean answered = TRUE;

  g_object_get (question, "answered", &answered, "cancellable", &cancellable, NULL);
  g_assert_false (answered);
  g_assert_true (cancellable == devssh_question_get_cancellable (DEVSSH_QUESTION (question)));
  test_question_answer (question, 1);
  g_object_get (question, "answered", &answered, NULL);
  g_assert_true (answered);
}

static gpointer
thread_answers (gpointer data)
{
  test_question_answer (data, 9);
  return NULL;
}

static void
test_question_wrong_thread (void)
{
  Sunk sunk;
  g_autoptr(TestQuestion) question = question_new (&sunk);
  GThread *thread;

  devssh_question_begin (DEVSSH_QUESTION (question));
  devssh_question_end (DEVSSH_QUESTION (question), TRUE);
  g_test_expect_message ("devssh", G_LOG_LEVEL_CRITICAL, "TestQuestion: called in a thread*");
  thread = g_thread_new ("answers", thread_answers, question);
  g_thread_join (thread);
  g_test_assert_expected_messages ();
  g_assert_cmpuint (sunk.n_calls, ==, 0);

  test_question_answer (question, 1);
  assert_sunk (&sunk, 1);
}

static gpointer
thread_drops (gpointer data)
{
  g_object_unref (data);
  return NULL;
}

/* A garbage collector drops it somewhere: the refusal comes from the right loop. */
static void
test_question_dropped_in_thread (void)
{
  Sunk sunk;
  TestQuestion *question = question_new (&sunk);
  GThread *thread;

  devssh_question_begin (DEVSSH_QUESTION (question));
  devssh_question_end (DEVSSH_QUESTION (question), TRUE);
  thread = g_thread_new ("drops", thread_drops, question);
  g_thread_join (thread);
  g_assert_cmpuint (sunk.n_calls, ==, 0);
  while (sunk.n_calls == 0)
    g_main_context_iteration (NULL, TRUE);
  assert_sunk (&sunk, 0);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (g_atomic_int_get (&n_alive), ==, 0);
}

/* The session ends just when it is dropped: whoever is last frees it. */
static void
test_question_dropped_while_killed (void)
{
  for (guint i = 0; i < 500; i++)
    {
      Sunk sunk;
      TestQuestion *question = question_new (&sunk);
      GThread *thread;

      devssh_question_get_cancellable (DEVSSH_QUESTION (question));
      devssh_question_begin (DEVSSH_QUESTION (question));
      devssh_question_end (DEVSSH_QUESTION (question), TRUE);
      thread = g_thread_new ("drops", thread_drops, question);
      devssh_question_kill (DEVSSH_QUESTION (question));
      g_thread_join (thread);
      while (g_main_context_iteration (NULL, FALSE))
        ;
      g_assert_cmpuint (sunk.n_calls, ==, 0);
      g_assert_cmpuint (g_atomic_int_get (&n_alive), ==, 0);
    }
}

/* It belongs to the context it was given, not to the one that happens to be the default. */
static void
test_question_context (void)
{
  Sunk sunk;
  g_autoptr(TestQuestion) question = question_new (&sunk);
  g_autoptr(GMainContext) main_context = g_main_context_new ();
  g_autoptr(DevSshContext) context = NULL;
  GCancellable *cancellable = devssh_question_get_cancellable (DEVSSH_QUESTION (question));

  g_main_context_push_thread_default (main_context);
  context = devssh_context_ref_thread_default ();
  g_main_context_pop_thread_default (main_context);
  devssh_question_set_context (DEVSSH_QUESTION (question), context);
  devssh_question_begin (DEVSSH_QUESTION (question));
  devssh_question_kill (DEVSSH_QUESTION (question));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_false (g_cancellable_is_cancelled (cancellable));
  g_main_context_iteration (main_context, FALSE);
  g_assert_true (g_cancellable_is_cancelled (cancellable));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/base/question/now", test_question_now);
  g_test_add_func ("/base/question/answered-but-not-handled",
                   test_question_answered_but_not_handled);
  g_test_add_func ("/base/question/nobody", test_question_nobody);
  g_test_add_func ("/base/question/later", test_question_later);
  g_test_add_func ("/base/question/dropped/T-64", test_question_dropped);
  g_test_add_func ("/base/question/handled-but-not-kept", test_question_handled_but_not_kept);
  g_test_add_func ("/base/question/never-shown", test_question_never_shown);
  g_test_add_func ("/base/question/twice", test_question_twice);
  g_test_add_func ("/base/question/answer-after-refusal", test_question_answer_after_refusal);
  g_test_add_func ("/base/question/killed/T-65", test_question_killed);
  g_test_add_func ("/base/question/killed-while-asked/T-64", test_question_killed_while_asked);
  g_test_add_func ("/base/question/properties", test_question_properties);
  g_test_add_func ("/base/question/wrong-thread/T-66", test_question_wrong_thread);
  g_test_add_func ("/base/question/dropped-in-thread/T-66", test_question_dropped_in_thread);
  g_test_add_func ("/base/question/dropped-in-thread/killed/T-66", test_question_dropped_while_killed);
  g_test_add_func ("/base/question/context/T-66", test_question_context);

  return g_test_run ();
}
