/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks for bytes in all of this process' memory that can be written to: what must have been wiped is not there, whoever had it. */
#pragma once

#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What is looked for is kept in this form only, so that the search does not find itself. */
#define TEST_SEARCH_MASK 0x5a
#define TEST_SEARCH_MOST 64

typedef struct
{
  const guint8 *masked;
  gsize         length;
  guint         found;
} TestSearchNeedle;

static inline gboolean
test_search_is (const guint8 *data,
                const guint8 *masked,
                gsize         length)
{
  for (gsize i = 0; i < length; i++)
    {
      if ((data[i] ^ TEST_SEARCH_MASK) != masked[i])
        return FALSE;
    }

  return TRUE;
}

/* Whether any page of this piece was ever written to; the heaps of sanitizers are nearly all of the other kind. */
static inline gboolean
test_search_is_there (int     pagemap,
                      guint64 start,
                      gsize   size)
{
  const guint64 page = (guint64) sysconf (_SC_PAGESIZE);
  guint64 entries[32];
  gsize n = (start + size + page - 1) / page - start / page;
  gssize got;

  if (n > G_N_ELEMENTS (entries))
    return TRUE;
  got = pread (pagemap, entries, n * sizeof *entries, (off_t) (start / page * sizeof *entries));
  if (got != (gssize) (n * sizeof *entries))
    return TRUE;
  for (gsize i = 0; i < n; i++)
    {
      if ((entries[i] >> 62) != 0)   /* present, or swapped out */
        return TRUE;
    }
  return FALSE;
}

/* Between two addresses, read in overlapping pieces. */
static inline void
test_search_range (int               memory,
                    int               pagemap,
                    guint64           start,
                    guint64           end,
                    TestSearchNeedle *needles,
                    guint             n_needles)
{
  /* What was just read to be searched, and what is looked for, are not counted. */
  static struct { guint8 piece[65536 + TEST_SEARCH_MOST]; guint8 needle[TEST_SEARCH_MOST]; } own;
  const guint64 own_start = (guint64) (gsize) &own;

  for (guint64 at = start; at < end; at += 65536)
    {
      const gsize wanted = MIN (sizeof own.piece, end - at);
      gssize size;

      if (!test_search_is_there (pagemap, at, wanted))
        continue;
      size = pread (memory, own.piece, wanted, (off_t) at);
      for (guint k = 0; size > 0 && k < n_needles; k++)
        {
          const guint8 *hit;

          for (gsize i = 0; i < needles[k].length; i++)
            own.needle[i] = needles[k].masked[i] ^ TEST_SEARCH_MASK;
          hit = memmem (own.piece, (gsize) size, own.needle, needles[k].length);
          while (hit != NULL)
            {
              const guint64 place = at + (guint64) (hit - own.piece);

              /* What begins in the overlap is the next piece's. */
              if (hit - own.piece < 65536 && (place < own_start || place >= own_start + sizeof own))
                needles[k].found++;
              hit = memmem (hit + 1, (gsize) (own.piece + size - hit) - 1, own.needle, needles[k].length);
            }
        }
    }
  explicit_bzero (&own, sizeof own);
}

/* How often each stands there. FALSE: there is no way to look. */
static inline gboolean
test_search_count_all (TestSearchNeedle *needles,
                       guint             n_needles)
{
  g_autofree char *maps = NULL;
  g_auto(GStrv) lines = NULL;
  int memory = open ("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  int pagemap = open ("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  gboolean can_look = memory >= 0 && g_file_get_contents ("/proc/self/maps", &maps, NULL, NULL);

  if (can_look)
    lines = g_strsplit (maps, "\n", -1);
  for (guint k = 0; k < n_needles; k++)
    {
      g_assert_cmpuint (needles[k].length, <=, TEST_SEARCH_MOST);
      needles[k].found = 0;
    }
  for (guint i = 0; lines != NULL && lines[i] != NULL; i++)
    {
      guint64 start = 0, end = 0;
      char mode[5] = "";

      /* The shadow memory of sanitizers is terabytes long. */
      if (sscanf (lines[i], "%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x %4s", &start, &end, mode) == 3 &&
          mode[0] == 'r' && mode[1] == 'w' && end - start <= 256 * 1024 * 1024)
        test_search_range (memory, pagemap, start, end, needles, n_needles);
    }
  if (pagemap >= 0)
    close (pagemap);
  if (memory >= 0)
    close (memory);
  return can_look;
}

/* Of one; G_MAXUINT: there is no way to look. */
static inline guint
test_search_count (const guint8 *masked,
                   gsize         length)
{
  TestSearchNeedle needle = { masked, length, 0 };

  return test_search_count_all (&needle, 1) ? needle.found : G_MAXUINT;
}
