/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Measures the library beside what the machine can do and beside OpenSSH, all in one run.
 *
 *   devssh-bench [--quick] [--rounds=N] [--only=NAME,...] [--list] [--json=FILE] [--plugin-folder=FOLDER]
 */
#include "bench-report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS       5
#define ROUNDS_QUICK 3

static const BenchGroup * const groups[] = {
  &bench_bulk_group,
  &bench_handshake_group,
  &bench_reconnect_group,
  &bench_message_group,
  &bench_channel_group,
  &bench_forward_group,
  &bench_command_group,
  &bench_idle_group,
  &bench_language_group,
};

static BenchSettings settings;
static char        **only;
static gboolean      list;
static char         *json_path;
static char         *plugin_folder;
static int           rounds;

static const GOptionEntry options[] = {
  { "quick", 0, 0, G_OPTION_ARG_NONE, &settings.quick, "Shorter and fewer runs, in about a minute", NULL },
  { "rounds", 0, 0, G_OPTION_ARG_INT, &rounds, "How often everything takes its turn", "N" },
  { "only", 0, 0, G_OPTION_ARG_STRING_ARRAY, &only, "Only these measures or groups", "NAME,..." },
  { "list", 0, 0, G_OPTION_ARG_NONE, &list, "Name what can be measured", NULL },
  { "json", 0, 0, G_OPTION_ARG_FILENAME, &json_path, "Write the medians as one object of numbers", "FILE" },
  { "plugin-folder", 0, 0, G_OPTION_ARG_FILENAME, &plugin_folder, "Where the plugins are", "FOLDER" },
  { NULL }
};

gboolean
bench_run_pair (BenchBody      server,
                gconstpointer  server_data,
                BenchBody      client,
                gpointer       client_data,
                guint16       *client_port,
                double        *value,
                GError       **error)
{
  BenchChild server_child = { 0 }, client_child = { 0 };
  double port;
  gboolean ok;

  ok = bench_child_start (&server_child, server, server_data, error) && bench_child_hear (&server_child, &port, error);
  if (ok)
    {
      *client_port = (guint16) port;
      ok = bench_child_start (&client_child, client, client_data, error) &&
           bench_child_hear (&client_child, value, error);
    }
  bench_child_kill (&client_child);
  bench_child_kill (&server_child);

  return ok;
}

static gboolean
is_wanted (const BenchGroup   *group,
           const BenchMeasure *measure)
{
  if (only == NULL)
    return TRUE;

  for (guint i = 0; only[i] != NULL; i++)
    {
      g_auto(GStrv) names = g_strsplit (only[i], ",", -1);

      if (g_strv_contains ((const char * const *) names, group->name) ||
          g_strv_contains ((const char * const *) names, measure->name))
        return TRUE;
    }

  return FALSE;
}

static gboolean
is_known (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    {
      if (g_str_equal (name, groups[i]->name))
        return TRUE;
      for (const BenchMeasure *measure = groups[i]->measures; measure->name != NULL; measure++)
        {
          if (g_str_equal (name, measure->name))
            return TRUE;
        }
    }

  return FALSE;
}

static gboolean
check_names (void)
{
  for (guint i = 0; only != NULL && only[i] != NULL; i++)
    {
      g_auto(GStrv) names = g_strsplit (only[i], ",", -1);

      for (guint j = 0; names[j] != NULL; j++)
        {
          if (!is_known (names[j]))
            {
              fprintf (stderr, "devssh-bench: nothing is called %s; see --list\n", names[j]);
              return FALSE;
            }
        }
    }

  return TRUE;
}

static void
print_list (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    {
      printf ("%s: %s\n", groups[i]->name, groups[i]->title);
      for (const BenchMeasure *measure = groups[i]->measures; measure->name != NULL; measure++)
        printf ("  %s (%s)\n", measure->name, measure->unit);
    }
}

/* One run of one measure. FALSE: it should have worked and did not. */
static gboolean
run_one (BenchResult *result,
         guint        round)
{
  const BenchMeasure *measure = result->measure;
  g_autoptr(GError) error = NULL;

  if (result->error != NULL || (measure->once && round > 0))
    return TRUE;

  if (measure->run (measure, &settings, &result->values[round], &error))
    return TRUE;

  result->values[round] = NAN;
  result->error = g_error_copy (error);
  if (bench_interrupted () || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
    return TRUE;
  fprintf (stderr, "devssh-bench: %s: %s\n", measure->name, error->message);

  return FALSE;
}

/* Round by round, so that what is compared is measured at about the same time. */
static gboolean
run_group (const BenchGroup *group,
           GString          *json)
{
  g_autofree BenchResult *results = NULL;
  guint n = 0, n_measures = 0;
  gboolean ok = TRUE;

  while (group->measures[n_measures].name != NULL)
    n_measures++;
  results = g_new0 (BenchResult, n_measures);
  for (guint i = 0; i < n_measures; i++)
    {
      if (!is_wanted (group, &group->measures[i]))
        continue;
      results[n].measure = &group->measures[i];
      results[n].n = settings.rounds;
      results[n].values = g_new (double, settings.rounds);
      for (guint round = 0; round < settings.rounds; round++)
        results[n].values[round] = NAN;
      n++;
    }

  for (guint round = 0; round < settings.rounds && !bench_interrupted (); round++)
    {
      for (guint i = 0; i < n && !bench_interrupted (); i++)
        ok = run_one (&results[i], round) && ok;
    }
  if (group->end != NULL)
    group->end ();

  if (n > 0 && !bench_interrupted ())
    {
      bench_print_group (group, results, n);
      bench_add_json (json, results, n);
    }
  for (guint i = 0; i < n; i++)
    {
      g_clear_error (&results[i].error);
      g_free (results[i].values);
    }

  return ok;
}

static gboolean
run_all (void)
{
  g_autoptr(GString) json = g_string_new ("{");
  g_autoptr(GError) error = NULL;
  gboolean ok = TRUE;

  for (guint i = 0; i < G_N_ELEMENTS (groups) && !bench_interrupted (); i++)
    ok = run_group (groups[i], json) && ok;

  if (bench_interrupted ())
    return FALSE;
  g_string_append (json, "\n}\n");
  if (json_path != NULL && !g_file_set_contents (json_path, json->str, (gssize) json->len, &error))
    {
      fprintf (stderr, "devssh-bench: %s\n", error->message);
      return FALSE;
    }

  return ok;
}

/* Where meson builds it, seen from this program. */
static char *
find_plugin_folder (const char *name)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = program != NULL ? g_path_get_dirname (program) : NULL;
  g_autofree char *path = NULL;

  if (folder == NULL || g_getenv ("DEVSSH_PLUGIN_PATH") != NULL)
    return NULL;

  path = g_build_filename (folder, "..", "..", "plugins", name, NULL);

  return g_canonicalize_filename (path, NULL);
}

int
main (int   argc,
      char *argv[])
{
  g_autoptr(GOptionContext) context = g_option_context_new ("- measure the library");
  g_autoptr(GError) error = NULL;
  gboolean ok;

  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      fprintf (stderr, "devssh-bench: %s\n", error->message);
      return 2;
    }
  if (!check_names ())
    return 2;
  if (list)
    {
      print_list ();
      return 0;
    }

  settings.rounds = rounds > 0 ? (guint) rounds : settings.quick ? ROUNDS_QUICK : ROUNDS;
  settings.seconds = settings.quick ? 0.3 : 1.0;
  settings.bulk_bytes = (settings.quick ? 256 : 1024) * G_GUINT64_CONSTANT (1048576);
  settings.plugin_folder = plugin_folder != NULL ? plugin_folder : find_plugin_folder ("port-forwarding");
  settings.command_folder = plugin_folder != NULL ? plugin_folder : find_plugin_folder ("command");

  bench_process_init ();
  ok = run_all ();
  bench_process_end ();

  return bench_interrupted () ? 130 : ok ? 0 : 1;
}
