/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The version line and what may stand before it: the same for every way to cut it (T-01, T-02). */
#include "fuzz.h"

#include <libdevssh/transport/devssh-version-exchange-private.h>
#include <libdevssh/wire/devssh-numbers.h>

/* As the transport does it: what was not used is shown again, with more behind it. */
static DevSshVersionLineStatus
read_in_pieces (DevSshVersionExchange *exchange,
                const guint8          *data,
                gsize                  length,
                gsize                  step,
                gsize                 *total)
{
  DevSshVersionLineStatus status = DEVSSH_VERSION_LINE_INCOMPLETE;
  gsize used = 0;

  *total = 0;
  for (gsize there = MIN (step, length); status == DEVSSH_VERSION_LINE_INCOMPLETE; there = MIN (there + step, length))
    {
      status = devssh_version_exchange_read (exchange, data + *total, there - *total, &used);
      *total += used;
      g_assert_cmpuint (*total, <=, there);
      if (there == length)
        break;
    }

  return status;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  FuzzInput input = { data, size };
  guint8 flags = fuzz_byte (&input);
  DevSshVersionExchange whole = { flags & 1, flags & 2 };
  DevSshVersionExchange pieces = whole;
  gsize whole_used = 0, pieces_used = 0;
  DevSshVersionLineStatus status =
    read_in_pieces (&whole, input.data, input.length, MAX (input.length, 1), &whole_used);

  g_assert_cmpint (read_in_pieces (&pieces, input.data, input.length, 1 + (flags >> 2), &pieces_used), ==, status);
  g_assert_cmpuint (pieces.reason, ==, whole.reason);
  g_assert_true ((status == DEVSSH_VERSION_LINE_FOUND) == (whole.version != NULL));
  g_assert_true ((status == DEVSSH_VERSION_LINE_REFUSED) == (whole.text != NULL));

  if (whole.version != NULL)
    {
      g_autofree char *line = g_strndup ((const char *) input.data, whole_used);

      g_assert_cmpuint (whole_used, ==, pieces_used);
      g_assert_nonnull (strstr (line, devssh_version_to_string (whole.version)));
      g_assert_nonnull (devssh_version_get_name (whole.version));
    }

  g_clear_pointer (&whole.version, devssh_version_unref);
  g_clear_pointer (&pieces.version, devssh_version_unref);

  return 0;
}
