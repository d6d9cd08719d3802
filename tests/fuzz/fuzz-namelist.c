/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Name lists: what is taken is what was written, name by name; and the choice is the first common one (T-14, T-24). */
#include "fuzz.h"

#include <libdevssh/wire/devssh-names-private.h>
#include <libdevssh/wire/devssh-writer-private.h>

static char **
read_list (DevSshSlice list)
{
  DEVSSH_WRITER_AUTO (writer);
  DevSshReader reader;
  g_auto(GStrv) names = NULL;
  g_autofree char *joined = NULL;

  devssh_writer_put_slice (&writer, list.data, list.length);
  devssh_reader_init (&reader, writer.data, writer.length);
  names = devssh_reader_get_name_list (&reader);
  if (!devssh_reader_finish_all (&reader, NULL))
    return NULL;

  joined = g_strjoinv (",", names);
  g_assert_cmpmem (joined, strlen (joined), list.data, list.length);
  for (guint i = 0; names[i] != NULL; i++)
    g_assert_true (devssh_name_is_valid (names[i], strlen (names[i])));

  return g_steal_pointer (&names);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  FuzzInput input = { data, size };
  g_auto(GStrv) client = read_list (fuzz_slice (&input));
  g_auto(GStrv) server = read_list (fuzz_take (&input, input.length));
  const char *expected = NULL;

  if (client == NULL || server == NULL)
    return 0;

  for (guint i = 0; expected == NULL && client[i] != NULL; i++)
    if (strncmp (client[i], "ext-info-", 9) != 0 && strncmp (client[i], "kex-strict-", 11) != 0 &&
        g_strv_contains ((const char * const *) server, client[i]))
      expected = client[i];
  g_assert_cmpstr (devssh_name_list_match ((const char * const *) client, (const char * const *) server), ==, expected);

  return 0;
}
