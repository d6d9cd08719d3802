/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A stream over another one, which goes wrong as a test wants it (T-60, T-61). */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* For one direction. */
typedef struct
{
  guint    at;            /* the call that fails, from 1 on; 0: none */
  int      error_number;  /* with this, or EAGAIN: it only was not the time */
  gboolean for_ever;      /* it and all behind it */
  gsize    piece;         /* most bytes in a call; 0: no limit */
  gsize    cut;           /* so many bytes pass, and then there is an end; G_MAXSIZE: all */
  /* What has happened. */
  guint    n_calls;
  gsize    n_bytes;
  gboolean hit;
  gboolean swallow;       /* what is written is taken at once, and goes nowhere */
} FaultPlan;

#define FAULT_NONE { 0, 0, FALSE, 0, G_MAXSIZE, 0, 0, FALSE, FALSE }

/* The plans are the caller's, and outlive the stream. */
GIOStream *fault_stream_new (GIOStream *base,
                             FaultPlan *input,
                             FaultPlan *output);

G_END_DECLS
