/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What came out: a table for people, and one flat object of numbers for programs. */
#pragma once

#include "bench.h"

G_BEGIN_DECLS

/* All runs of a measure, in the order of the rounds; NAN where there was none. */
typedef struct
{
  const BenchMeasure *measure;
  double             *values;
  guint               n;
  GError             *error;    /* why it has none */
} BenchResult;

double bench_median        (const double *values, guint n);
/* Median of result / other of the same round; NAN if there is none. */
double bench_median_ratio  (const BenchResult *result, const BenchResult *other);
/* results: the group's, in its order. */
void   bench_print_group   (const BenchGroup *group, const BenchResult *results, guint n);
/* Adds the group's names and medians, and the ratios as NAME_of_OTHER. */
void   bench_add_json      (GString *json, const BenchResult *results, guint n);

G_END_DECLS
