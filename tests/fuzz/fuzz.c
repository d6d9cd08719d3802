/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Complaints of the library are crashes here: a peer must not be able to cause one. */
#include "fuzz.h"

#include <glib.h>

int
LLVMFuzzerInitialize (int    *argc,
                      char ***argv)
{
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING);

  return 0;
}
