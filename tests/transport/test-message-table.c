/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The gate, walked over every state and all 256 numbers, against message-table.txt.
 *
 * A line of the file names the receiver, phase, key exchange and mode, and then every number that
 * is not Fatal(2) with its action. Run with --print to see what the code says now; whoever puts
 * that into the file has read it first. */
#include <libdevssh/transport/devssh-message-table-private.h>

#include <string.h>

static const char * const phases[] = { "clear", "service", "auth", "open" };
static const char * const kex_states[] = { "idle", "dh", "newkeys" };
static const char * const actions[] = {
  "fatal", "transport", "auth", "connection", "early", "early-adjust", "unknown", "ignore",
};

G_STATIC_ASSERT (G_N_ELEMENTS (phases) == DEVSSH_N_PHASES);
G_STATIC_ASSERT (G_N_ELEMENTS (kex_states) == DEVSSH_N_KEX_STATES);
G_STATIC_ASSERT (G_N_ELEMENTS (actions) == DEVSSH_ACTION_IGNORE + 1);

static void
append_range (GString      *out,
              int           first,
              int           last,
              DevSshAction  action)
{
  if (action == DEVSSH_ACTION_FATAL)
    return;

  if (first == last)
    g_string_append_printf (out, " %d=%s", first, actions[action]);
  else
    g_string_append_printf (out, " %d-%d=%s", first, last, actions[action]);
}

static void
append_state (GString        *out,
              gboolean        is_server,
              DevSshPhase     phase,
              DevSshKexState  kex,
              gboolean        strict)
{
  int first = 0;

  g_string_append_printf (out, "%s %s %s %s:", is_server ? "server" : "client",
                          phases[phase], kex_states[kex], strict ? "strict-first" : "-");

  for (int number = 1; number <= 256; number++)
    {
      DevSshAction before = devssh_message_table_lookup (is_server, phase, kex, strict, first);

      if (number == 256 ||
          devssh_message_table_lookup (is_server, phase, kex, strict, number) != before)
        {
          append_range (out, first, number - 1, before);
          first = number;
        }
    }

  g_string_append_c (out, '\n');
}

static char *
print_table (void)
{
  GString *out = g_string_new (NULL);

  for (int server = 0; server < 2; server++)
    for (DevSshPhase phase = 0; phase < DEVSSH_N_PHASES; phase++)
      for (DevSshKexState kex = 0; kex < DEVSSH_N_KEX_STATES; kex++)
        for (int strict = 0; strict < (phase == DEVSSH_PHASE_CLEAR ? 2 : 1); strict++)
          append_state (out, server, phase, kex, strict);

  return g_string_free (out, FALSE);
}

/* Comments and empty lines go. */
static char **
read_expected (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "transport", "message-table.txt",
                                                 NULL);
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) lines = NULL;
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (*lines[i] != '\0' && *lines[i] != '#')
      g_strv_builder_add (builder, lines[i]);

  return g_strv_builder_end (builder);
}

static void
test_message_table_walk (void)
{
  g_autofree char *text = g_strchomp (print_table ());
  g_auto(GStrv) actual = g_strsplit (text, "\n", -1);
  g_auto(GStrv) expected = read_expected ();

  for (guint i = 0; actual[i] != NULL && expected[i] != NULL; i++)
    g_assert_cmpstr (actual[i], ==, expected[i]);
  g_assert_cmpuint (g_strv_length (actual), ==, g_strv_length (expected));
}

/* The rules that must never go, said a second time and without the table's own words. */
static void
test_message_table_never (void)
{
  for (int server = 0; server < 2; server++)
    for (DevSshPhase phase = 0; phase < DEVSSH_N_PHASES; phase++)
      for (DevSshKexState kex = 0; kex < DEVSSH_N_KEX_STATES; kex++)
        for (int strict = 0; strict < 2; strict++)
          for (int number = 0; number < 256; number++)
            {
              DevSshAction action = devssh_message_table_lookup (server, phase, kex, strict,
                                                                 number);

              if (number == 0)
                g_assert_cmpint (action, ==, DEVSSH_ACTION_FATAL);
              /* T-30: nothing of 80 and above before authentication */
              if (number >= 80 && phase != DEVSSH_PHASE_OPEN && number != 80 && number != 93)
                g_assert_cmpint (action, ==, DEVSSH_ACTION_FATAL);
              if (action == DEVSSH_ACTION_CONNECTION)
                g_assert_cmpint (phase, ==, DEVSSH_PHASE_OPEN);
              /* T-21: in the clear only 1 to 4 and the exchange itself */
              if (phase == DEVSSH_PHASE_CLEAR && (number > 31 || (number > 4 && number < 20)))
                g_assert_cmpint (action, ==, DEVSSH_ACTION_FATAL);
              /* T-22: in a strict first exchange nothing but the exchange and DISCONNECT */
              if (phase == DEVSSH_PHASE_CLEAR && strict && number != 1 && number != 21 &&
                  number != 30 && number != 31)
                g_assert_cmpint (action, ==, DEVSSH_ACTION_FATAL);
              /* T-31: messages of one's own role */
              if (server &&
                  (number == 6 || number == 31 || (number >= 51 && number <= 53) || number == 60))
                g_assert_cmpint (action, ==, DEVSSH_ACTION_FATAL);
              if (!server && (number == 5 || number == 30 || number == 50 || number == 61))
                g_assert_cmpint (action, ==, DEVSSH_ACTION_FATAL);
              /* T-32: success only while logging in */
              if (number == 52 && action != DEVSSH_ACTION_FATAL)
                g_assert_true (!server && phase == DEVSSH_PHASE_AUTH && kex == DEVSSH_KEX_IDLE);
            }
}

static guint
count_in_sources (const char *text)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "..", "libdevssh", "transport",
                                                   NULL);
  g_autoptr(GDir) dir = NULL;
  g_autoptr(GError) error = NULL;
  const char *name;
  guint count = 0;

  dir = g_dir_open (folder, 0, &error);
  g_assert_no_error (error);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *source = NULL;

      g_file_get_contents (path, &source, NULL, &error);
      g_assert_no_error (error);
      for (const char *p = source; (p = strstr (p, text)) != NULL; p += strlen (text))
        count++;
    }

  return count;
}

/* The phase is what lets messages in, so one function sets it, and here it is opened only where
 * nothing protects the session anyway. */
static void
test_message_table_phase (void)
{
  g_assert_cmpuint (count_in_sources ("self->phase ="), ==,
                    1 + count_in_sources ("self->phase =="));
  g_assert_cmpuint (count_in_sources ("set_phase (self, DEVSSH_PHASE_OPEN)"), ==, 1);
}

int
main (int argc, char **argv)
{
  if (argc > 1 && strcmp (argv[1], "--print") == 0)
    {
      g_autofree char *text = print_table ();

      g_print ("%s", text);
      return 0;
    }

  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/transport/message-table/walk/T-21", test_message_table_walk);
  g_test_add_func ("/transport/message-table/never/T-30/T-31/T-32/T-22", test_message_table_never);
  g_test_add_func ("/transport/message-table/phase/T-31", test_message_table_phase);

  return g_test_run ();
}
