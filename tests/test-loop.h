/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The loop of a test, and the results that it waits for. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Turns the loop until nothing is ready any more. */
static inline void
test_settle (void)
{
  while (g_main_context_iteration (g_main_context_get_thread_default (), FALSE))
    ;
}

/* user_data: GAsyncResult **, which must be NULL: it comes exactly once. */
static inline void
test_keep_result_cb (GObject      *source,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  GAsyncResult **place = user_data;

  g_assert_null (*place);
  *place = g_object_ref (result);
}

static inline void
test_wait_result (GAsyncResult **place)
{
  while (*place == NULL)
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
}

G_END_DECLS
