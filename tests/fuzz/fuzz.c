/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Complaints of the library are crashes here: a peer must not be able to cause one. */
#include "fuzz.h"

#include <glib.h>
#include <signal.h>
#include <stdlib.h>

/* libFuzzer keeps the input that led to SIGABRT, and knows nothing of GLib's SIGTRAP. */
static void
trap_cb (int number)
{
  abort ();
}

int
LLVMFuzzerInitialize (int    *argc,
                      char ***argv)
{
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING);
  signal (SIGTRAP, trap_cb);

  return 0;
}
