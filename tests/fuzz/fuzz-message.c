/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every decoder: what it takes, encoded again, is taken again and comes out the same (T-12, T-13). */
#include "fuzz.h"

#include <libdevssh/wire/devssh-messages-private.h>

static void
there_and_back (const DevSshMessageType *type,
                const guint8            *data,
                gsize                    length)
{
  g_autofree gpointer message = g_malloc0 (type->size);
  g_autofree gpointer again = g_malloc0 (type->size);
  DEVSSH_WRITER_AUTO (first);
  DEVSSH_WRITER_AUTO (second);

  if (!type->decode (message, data, length, NULL))
    return;

  type->encode (message, &first);
  g_assert_true (type->decode (again, first.data, first.length, NULL));
  type->encode (again, &second);
  g_assert_cmpmem (first.data, first.length, second.data, second.length);

  type->clear (message);
  type->clear (again);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  for (guint i = 0; i < devssh_n_message_types; i++)
    there_and_back (&devssh_message_types[i], data, size);

  return 0;
}
