/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A whole server, from any stage on, against a list of messages (T-21, T-30, T-31). */
#include "fuzz-end.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  FuzzInput input = { data, size };
  FuzzEnd *end = fuzz_end_new (TRUE);

  fuzz_end_advance (end, fuzz_byte (&input) % FUZZ_N_STAGES);
  fuzz_end_play (end, &input);
  fuzz_end_free (end);

  return 0;
}
