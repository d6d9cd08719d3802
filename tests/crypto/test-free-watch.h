/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks into every block that is freed, by us or by a library, for bytes that must have been wiped
 * (T-82). Include it in one file of a test program only: it takes the place of free(). */
#pragma once

#include <glib.h>
#include <string.h>

/* Sanitizers have put themselves into that place already. */
#if defined (__GLIBC__) && !defined (__SANITIZE_ADDRESS__) && !defined (__SANITIZE_THREAD__)
#define TEST_CAN_WATCH_FREE 1
#else
#define TEST_CAN_WATCH_FREE 0
#endif

#if TEST_CAN_WATCH_FREE
#include <malloc.h>

extern void __libc_free (void *block);

static const guint8 *test_watched;
static gsize         test_watched_length;
static gint          test_watch_found;

void
free (void *block)
{
  if (block != NULL && test_watched != NULL &&
      memmem (block, malloc_usable_size (block), test_watched, test_watched_length) != NULL)
    g_atomic_int_inc (&test_watch_found);
  __libc_free (block);
}
#endif

/* Valgrind has taken that place when the program is started (data/meson.build says so). */
static inline gboolean
test_can_watch_free (void)
{
  return TEST_CAN_WATCH_FREE && g_getenv ("DEVSSH_TEST_VALGRIND") == NULL;
}

/* data stays where it is until the end; it is not itself freed in between. */
static inline void
test_watch_begin (const guint8 *data,
                  gsize         length)
{
#if TEST_CAN_WATCH_FREE
  g_atomic_int_set (&test_watch_found, 0);
  test_watched_length = length;
  test_watched = data;
#endif
}

/* How many freed blocks still had the bytes in them. */
static inline int
test_watch_end (void)
{
#if TEST_CAN_WATCH_FREE
  test_watched = NULL;
  return g_atomic_int_get (&test_watch_found);
#else
  return 0;
#endif
}
