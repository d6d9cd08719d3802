/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trace notes: levels, order, bounds, and texts that are safe to print. */
#include <libdevssh/base/devssh-trace-private.h>

static void
test_trace_nobody_listens (void)
{
  g_autoptr(GEnumClass) klass = g_type_class_ref (DEVSSH_TYPE_TRACE_LEVEL);
  DevSshTracer *tracer = devssh_tracer_new ();

  for (guint i = 0; i < klass->n_values; i++)
    {
      g_assert_false (devssh_tracer_wants (tracer, klass->values[i].value));
      g_assert_false (devssh_tracer_wants (NULL, klass->values[i].value));
    }

  DEVSSH_TRACE (tracer, ERROR, UNKNOWN_ERROR, "lost %d", 1);
  g_assert_null (devssh_tracer_take (tracer));
  g_assert_null (devssh_tracer_take (NULL));

  devssh_tracer_unref (tracer);
}

static void
test_trace_level (void)
{
  DevSshTracer *tracer = devssh_tracer_new ();
  DevSshTraceNote *note;

  devssh_tracer_set_level (tracer, DEVSSH_TRACE_LEVEL_WARNING);
  DEVSSH_TRACE (tracer, ERROR, STREAM_READ_ERROR, "first %s", "one");
  DEVSSH_TRACE (tracer, INFO, PROTOCOL_VERSION, "too much");
  DEVSSH_TRACE (tracer, WARNING, DEBUG_MESSAGE, "second");

  note = devssh_tracer_take (tracer);
  g_assert_cmpint (note->level, ==, DEVSSH_TRACE_LEVEL_ERROR);
  g_assert_cmpint (note->event, ==, DEVSSH_TRACE_EVENT_STREAM_READ_ERROR);
  g_assert_cmpstr (note->text, ==, "first one");
  devssh_trace_note_free (note);

  note = devssh_tracer_take (tracer);
  g_assert_cmpstr (note->text, ==, "second");
  devssh_trace_note_free (note);
  g_assert_null (devssh_tracer_take (tracer));

  devssh_tracer_unref (tracer);
}

static void
test_trace_channel_data (void)
{
  DevSshTracer *tracer = devssh_tracer_new ();

  g_assert_false (devssh_tracer_get_channel_data (tracer));
  devssh_tracer_set_channel_data (tracer, TRUE);
  g_assert_true (devssh_tracer_get_channel_data (tracer));
  g_assert_false (devssh_tracer_get_channel_data (NULL));

  devssh_tracer_unref (tracer);
}

static void
test_trace_bounded (void)
{
  DevSshTracer *tracer = devssh_tracer_new ();
  guint count = 0;
  DevSshTraceNote *note;

  devssh_tracer_set_level (tracer, DEVSSH_TRACE_LEVEL_VERBOSE);
  for (int i = 0; i < 5000; i++)
    DEVSSH_TRACE (tracer, VERBOSE, SENDING_MESSAGE, "%d", i);

  while ((note = devssh_tracer_take (tracer)) != NULL)
    {
      g_autofree char *expected = g_strdup_printf ("%u", 5000 - 4096 + count);

      g_assert_cmpstr (note->text, ==, expected);
      devssh_trace_note_free (note);
      count++;
    }
  g_assert_cmpuint (count, ==, 4096);

  devssh_tracer_unref (tracer);
}

static void
test_trace_safe_text (void)
{
  static const struct { const char *text, *safe; } cases[] = {
    { "plain \303\244", "plain \303\244" },
    { "a\r\nb", "a\\u000d\\u000ab" },
    { "\033[31m", "\\u001b[31m" },
    { "\177", "\\u007f" },
    { "\302\233", "\\u009b" },                  /* C1: CSI */
    { "\342\200\256x", "\\u202ex" },            /* bidi override */
    { "bad \377 byte", "bad \357\277\275 byte" },
  };
  DevSshTracer *tracer = devssh_tracer_new ();

  devssh_tracer_set_level (tracer, DEVSSH_TRACE_LEVEL_INFO);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      DevSshTraceNote *note;

      DEVSSH_TRACE (tracer, INFO, DEBUG_MESSAGE, "%s", cases[i].text);
      note = devssh_tracer_take (tracer);
      g_assert_cmpstr (note->text, ==, cases[i].safe);
      devssh_trace_note_free (note);
    }

  devssh_tracer_unref (tracer);
}

/* Notes that nobody took go with the last reference. */
static void
test_trace_unref (void)
{
  DevSshTracer *tracer = devssh_tracer_new ();

  devssh_tracer_set_level (tracer, DEVSSH_TRACE_LEVEL_INFO);
  devssh_tracer_ref (tracer);
  devssh_tracer_unref (tracer);
  DEVSSH_TRACE (tracer, INFO, CHANNEL_OPENED, "left behind");
  devssh_tracer_unref (tracer);
}

static void
test_trace_names (void)
{
  g_autoptr(GEnumClass) levels = g_type_class_ref (DEVSSH_TYPE_TRACE_LEVEL);
  g_autoptr(GEnumClass) events = g_type_class_ref (DEVSSH_TYPE_TRACE_EVENT);

  for (guint i = 0; i < levels->n_values; i++)
    g_assert_cmpstr (devssh_trace_level_to_string (levels->values[i].value), ==,
                     levels->values[i].value_nick);

  /* Distinct and in order, so every number is there once. */
  for (guint i = 1; i < events->n_values; i++)
    g_assert_cmpint (events->values[i].value, >, events->values[i - 1].value);
  g_assert_cmpint (events->minimum, ==, 9000);
  g_assert_cmpint (events->maximum, ==, 9200);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/base/trace/nobody-listens/E-20", test_trace_nobody_listens);
  g_test_add_func ("/base/trace/level", test_trace_level);
  g_test_add_func ("/base/trace/channel-data/E-20", test_trace_channel_data);
  g_test_add_func ("/base/trace/bounded", test_trace_bounded);
  g_test_add_func ("/base/trace/safe-text/T-57", test_trace_safe_text);
  g_test_add_func ("/base/trace/unref", test_trace_unref);
  g_test_add_func ("/base/trace/names/E-20", test_trace_names);

  return g_test_run ();
}
