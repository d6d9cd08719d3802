/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One thing after the other, in a library where nothing blocks. */
#include "tool.h"

#include <glib-unix.h>

static gboolean interrupted;

void
tool_keep_result_cb (GObject      *source,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static gboolean
interrupted_cb (gpointer user_data)
{
  interrupted = TRUE;
  return G_SOURCE_REMOVE;   /* the second one ends us as usual */
}

void
tool_watch_signals (void)
{
  g_unix_signal_add (SIGINT, interrupted_cb, NULL);
  g_unix_signal_add (SIGTERM, interrupted_cb, NULL);
}

gboolean
tool_was_interrupted (void)
{
  return interrupted;
}
