/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Medians, spread, and ratios within a round: on a shared machine nothing else holds. */
#include "bench-report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
compare (const void *a,
         const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

/* Those that are numbers, in order. */
static double *
sort_values (const double *values,
             guint         n,
             guint        *n_sorted)
{
  double *sorted = g_new (double, MAX (n, 1));

  *n_sorted = 0;
  for (guint i = 0; i < n; i++)
    {
      if (!isnan (values[i]))
        sorted[(*n_sorted)++] = values[i];
    }
  qsort (sorted, *n_sorted, sizeof *sorted, compare);

  return sorted;
}

double
bench_median (const double *values,
              guint         n)
{
  guint n_sorted;
  g_autofree double *sorted = sort_values (values, n, &n_sorted);

  if (n_sorted == 0)
    return NAN;

  return (sorted[(n_sorted - 1) / 2] + sorted[n_sorted / 2]) / 2;
}

double
bench_median_ratio (const BenchResult *result,
                    const BenchResult *other)
{
  guint n = MIN (result->n, other->n);
  g_autofree double *ratios = g_new (double, MAX (n, 1));

  for (guint i = 0; i < n; i++)
    ratios[i] = result->values[i] / other->values[i];

  return bench_median (ratios, n);
}

static const BenchResult *
find_result (const BenchResult *results,
             guint              n,
             const char        *name)
{
  for (guint i = 0; i < n; i++)
    {
      if (name != NULL && g_str_equal (results[i].measure->name, name))
        return &results[i];
    }

  return NULL;
}

static void
print_ratios (const BenchResult *result,
              const BenchResult *results,
              guint              n)
{
  for (guint i = 0; i < G_N_ELEMENTS (result->measure->beside); i++)
    {
      const BenchResult *other = find_result (results, n, result->measure->beside[i]);
      double ratio = other != NULL ? bench_median_ratio (result, other) : NAN;

      if (!isnan (ratio))
        printf ("  %.2f of %s", ratio, other->measure->name);
    }
}

static void
print_result (const BenchResult *result,
              const BenchResult *results,
              guint              n)
{
  guint n_sorted;
  g_autofree double *sorted = sort_values (result->values, result->n, &n_sorted);
  int digits;

  if (n_sorted == 0)
    {
      printf ("  %-31s -  %s\n", result->measure->name,
              result->error != NULL ? result->error->message : "not run");
      return;
    }

  digits = sorted[0] < 100 ? 2 : sorted[0] < 10000 ? 1 : 0;
  printf ("  %-31s %9.*f %-4s", result->measure->name, digits, bench_median (sorted, n_sorted), result->measure->unit);
  if (n_sorted > 1)
    printf (" %9.*f .. %-9.*f", digits, sorted[0], digits, sorted[n_sorted - 1]);
  else
    printf (" %23s", "");
  print_ratios (result, results, n);
  putchar ('\n');
}

void
bench_print_group (const BenchGroup  *group,
                   const BenchResult *results,
                   guint              n)
{
  printf ("%s: %s\n", group->name, group->title);
  for (guint i = 0; i < n; i++)
    print_result (&results[i], results, n);
  putchar ('\n');
  fflush (stdout);
}

static void
add_number (GString    *json,
            const char *name,
            double      value)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  if (isnan (value) || isinf (value))
    return;
  g_ascii_formatd (number, sizeof number, "%.6g", value);
  g_string_append_printf (json, "%s\n  \"%s\": %s", json->len > 1 ? "," : "", name, number);
}

void
bench_add_json (GString           *json,
                const BenchResult *results,
                guint              n)
{
  for (guint i = 0; i < n; i++)
    {
      const BenchMeasure *measure = results[i].measure;

      add_number (json, measure->name, bench_median (results[i].values, results[i].n));
      for (guint j = 0; j < G_N_ELEMENTS (measure->beside); j++)
        {
          const BenchResult *other = find_result (results, n, measure->beside[j]);
          g_autofree char *name = g_strconcat (measure->name, "_of_", measure->beside[j], NULL);

          if (other != NULL)
            add_number (json, name, bench_median_ratio (&results[i], other));
        }
    }
}
