/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a handler answers, now or later, at most once, and never after the session has gone. */
#include <libdevssh/base/devssh-question-private.h>

/**
 * DevSshQuestion:
 *
 * Something that a handler of a signal decides.
 *
 * A question comes with a signal. A handler answers it with a method of the question's own class
 * and returns %TRUE; or it keeps a reference, returns %TRUE, and answers later: when a dialog is
 * closed, or a directory has been asked. Returning %FALSE leaves it to the next handler.
 *
 * Unanswered means refused: when no handler returned %TRUE, and when the last reference is dropped
 * without an answer. An answer given while the signal is emitted counts only if that handler
 * returns %TRUE as well, so one that answers and then throws an exception has refused.
 *
 * A question can be answered once, in the thread of its session. When the session ends before that,
 * the [property@Question:cancellable] is cancelled, and an answer has no effect any more.
 *
 * Only the library derives from this class.
 *
 * Since: 1.0
 */
typedef struct
{
  DevSshContext      *context;
  GCancellable       *cancellable;      /* made when first asked for */
  DevSshQuestionSink  sink;
  gpointer            sink_data;
  gboolean            asking;           /* handlers are being asked: answers are provisional */
  gboolean            has_answer;       /* somebody has taken the right to answer */
  gboolean            spoilt;           /* and did not return TRUE */
  /* atomic, for whoever drops the last reference looks at them in any thread */
  gboolean            counted;          /* the sink knows */
  gboolean            dead;
} DevSshQuestionPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (DevSshQuestion, devssh_question, G_TYPE_OBJECT)

enum { PROP_0, PROP_ANSWERED, PROP_CANCELLABLE, N_PROPS };
static GParamSpec *properties[N_PROPS];

#define PRIV(self) ((DevSshQuestionPrivate *) devssh_question_get_instance_private (self))

/* Nobody waits for an answer any more. */
static gboolean
question_is_over (DevSshQuestion *self)
{
  DevSshQuestionPrivate *priv = PRIV (self);

  return g_atomic_int_get (&priv->counted) || g_atomic_int_get (&priv->dead);
}

/* The answer counts from now on, whatever it is. */
static void
question_count (DevSshQuestion *self)
{
  DevSshQuestionPrivate *priv = PRIV (self);

  if (question_is_over (self))
    return;

  g_atomic_int_set (&priv->counted, TRUE);
  if (priv->sink != NULL)
    priv->sink (self, priv->sink_data);
}

/**
 * DevSshQuestionClass::refuse:
 * @self: a question
 *
 * Fills in the refusal, as if a handler had given it. Only the library derives from this class.
 *
 * Since: 1.0
 */
static void
question_refuse (DevSshQuestion *self)
{
  DevSshQuestionPrivate *priv = PRIV (self);
  DevSshQuestionClass *klass = DEVSSH_QUESTION_GET_CLASS (self);

  if (question_is_over (self))
    return;

  priv->has_answer = TRUE;
  if (klass->refuse != NULL)
    klass->refuse (self);
  question_count (self);
}

static void
question_refuse_deferred (gpointer data)
{
  question_refuse (data);
}

static void
devssh_question_dispose (GObject *object)
{
  DevSshQuestion *self = DEVSSH_QUESTION (object);
  DevSshQuestionPrivate *priv = PRIV (self);

  /* Dropped unanswered: refused. A language with a collector may do that in any thread; the object
   * then lives on until its own thread has refused. */
  if (!question_is_over (self))
    {
      if (priv->context == NULL || devssh_context_is_here (priv->context))
        question_refuse (self);
      else
        devssh_context_defer (priv->context, question_refuse_deferred,
                              g_object_ref (self), g_object_unref);
    }

  G_OBJECT_CLASS (devssh_question_parent_class)->dispose (object);
}

static void
devssh_question_finalize (GObject *object)
{
  DevSshQuestionPrivate *priv = PRIV (DEVSSH_QUESTION (object));

  g_clear_object (&priv->cancellable);
  g_clear_pointer (&priv->context, devssh_context_unref);

  G_OBJECT_CLASS (devssh_question_parent_class)->finalize (object);
}

static void
devssh_question_get_property (GObject    *object,
                              guint       prop_id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  DevSshQuestion *self = DEVSSH_QUESTION (object);

  switch (prop_id)
    {
    case PROP_ANSWERED:
      g_value_set_boolean (value, devssh_question_get_answered (self));
      break;

    case PROP_CANCELLABLE:
      g_value_set_object (value, devssh_question_get_cancellable (self));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
devssh_question_class_init (DevSshQuestionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = devssh_question_dispose;
  object_class->finalize = devssh_question_finalize;
  object_class->get_property = devssh_question_get_property;

  /**
   * DevSshQuestion:answered: (getter get_answered)
   *
   * Whether there is an answer, or was a refusal. Changes of it are not notified.
   *
   * Since: 1.0
   */
  properties[PROP_ANSWERED] =
    g_param_spec_boolean ("answered", NULL, NULL, FALSE,
                          G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshQuestion:cancellable: (getter get_cancellable)
   *
   * Cancelled when an answer is of no use any more, because the session has ended. What a handler
   * begins in order to answer later should be given it.
   *
   * Since: 1.0
   */
  properties[PROP_CANCELLABLE] =
    g_param_spec_object ("cancellable", NULL, NULL, G_TYPE_CANCELLABLE,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
devssh_question_init (DevSshQuestion *self)
{
}

void
devssh_question_set_sink (DevSshQuestion     *self,
                          DevSshQuestionSink  sink,
                          gpointer            sink_data)
{
  DevSshQuestionPrivate *priv = PRIV (self);

  priv->sink = sink;
  priv->sink_data = sink_data;
}

void
devssh_question_set_context (DevSshQuestion *self,
                             DevSshContext  *context)
{
  DevSshQuestionPrivate *priv = PRIV (self);

  devssh_context_ref (context);
  g_clear_pointer (&priv->context, devssh_context_unref);
  priv->context = context;
}

void
devssh_question_begin (DevSshQuestion *self)
{
  DevSshQuestionPrivate *priv = PRIV (self);

  if (priv->context == NULL)
    priv->context = devssh_context_ref_thread_default ();

  if (!priv->counted)
    priv->asking = TRUE;
}

void
devssh_question_end (DevSshQuestion *self,
                     gboolean        handled)
{
  DevSshQuestionPrivate *priv = PRIV (self);

  priv->asking = FALSE;
  if (!handled)
    {
      priv->spoilt = priv->has_answer;
      question_refuse (self);
    }
  else if (priv->has_answer)
    question_count (self);
}

gboolean
devssh_question_is_spoilt (DevSshQuestion *self)
{
  return PRIV (self)->spoilt;
}

static void
cancel_deferred (gpointer data)
{
  g_cancellable_cancel (data);
}

void
devssh_question_kill (DevSshQuestion *self)
{
  DevSshQuestionPrivate *priv = PRIV (self);

  if (g_atomic_int_get (&priv->dead))
    return;

  /* Another thread that drops the last reference frees a dead question at once. */
  g_object_ref (self);
  g_atomic_int_set (&priv->dead, TRUE);
  priv->sink = NULL;
  if (priv->cancellable != NULL)
    {
      if (priv->context == NULL)
        priv->context = devssh_context_ref_thread_default ();
      devssh_context_defer (priv->context, cancel_deferred,
                            g_object_ref (priv->cancellable), g_object_unref);
    }
  g_object_unref (self);
}

gboolean
devssh_question_take (DevSshQuestion *self)
{
  DevSshQuestionPrivate *priv = PRIV (self);

  if (priv->context != NULL &&
      !devssh_context_check_here (priv->context, G_OBJECT_TYPE_NAME (self), NULL))
    return FALSE;

  if (g_atomic_int_get (&priv->dead))
    return FALSE;

  if (priv->has_answer)
    {
      g_warning ("%s has been answered already; the second answer has no effect",
                 G_OBJECT_TYPE_NAME (self));
      return FALSE;
    }

  priv->has_answer = TRUE;
  return TRUE;
}

void
devssh_question_answered (DevSshQuestion *self)
{
  if (!PRIV (self)->asking)
    question_count (self);
}

/**
 * devssh_question_get_answered: (get-property answered)
 * @self: a question
 *
 * Tells whether there is an answer already.
 *
 * Returns: %TRUE if @self was answered or refused
 *
 * Since: 1.0
 */
gboolean
devssh_question_get_answered (DevSshQuestion *self)
{
  g_return_val_if_fail (DEVSSH_IS_QUESTION (self), FALSE);

  return PRIV (self)->has_answer;
}

/**
 * devssh_question_get_cancellable: (get-property cancellable)
 * @self: a question
 *
 * Gets what is cancelled when an answer is of no use any more.
 *
 * Returns: (transfer none): the cancellable
 *
 * Since: 1.0
 */
GCancellable *
devssh_question_get_cancellable (DevSshQuestion *self)
{
  DevSshQuestionPrivate *priv;

  g_return_val_if_fail (DEVSSH_IS_QUESTION (self), NULL);

  priv = PRIV (self);
  if (priv->cancellable == NULL)
    {
      priv->cancellable = g_cancellable_new ();
      if (g_atomic_int_get (&priv->dead))
        g_cancellable_cancel (priv->cancellable);
    }

  return priv->cancellable;
}
