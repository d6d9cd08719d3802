/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a test's process holds. */
#pragma once

#include <glib.h>

#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

G_BEGIN_DECLS

/* Sanitizers keep freed memory for a while, and valgrind (data/meson.build says when it is there) has books of its own:
 * the numbers say nothing then. */
#if defined (__SANITIZE_ADDRESS__) || defined (__SANITIZE_THREAD__)
#define TEST_MEMORY_IS_MEASURED FALSE
#else
#define TEST_MEMORY_IS_MEASURED (g_getenv ("DEVSSH_TEST_VALGRIND") == NULL)
#endif

/* Bytes of memory in use by this process; 0 where that means nothing. */
static inline gsize
test_memory_get_resident (void)
{
  g_autofree char *text = NULL;
  unsigned long size = 0, pages = 0;

  if (!TEST_MEMORY_IS_MEASURED ||
      !g_file_get_contents ("/proc/self/statm", &text, NULL, NULL) || sscanf (text, "%lu %lu", &size, &pages) != 2)
    return 0;

  return pages * (gsize) sysconf (_SC_PAGESIZE);
}

/* Of these, what was asked for and not given back: to the byte, and 0 where the C library does not say. */
static inline gsize
test_memory_get_allocated (void)
{
#if defined (__GLIBC__) && __GLIBC_PREREQ (2, 33)
  if (TEST_MEMORY_IS_MEASURED)
    {
      struct mallinfo2 info = mallinfo2 ();

      return info.uordblks + info.hblkhd;
    }
#endif

  return 0;
}

#define test_memory_assert_growth(before, limit, what) \
  G_STMT_START { \
    gsize _now = test_memory_get_resident (); \
    g_test_message ("%s: %" G_GSIZE_FORMAT " KiB, then %" G_GSIZE_FORMAT, what, (gsize) (before) / 1024, _now / 1024); \
    g_assert_cmpuint (_now, <=, (before) + (limit)); \
  } G_STMT_END

G_END_DECLS
