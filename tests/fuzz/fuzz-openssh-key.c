/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The container that ssh-keygen writes, without its armour. */
#include "fuzz-key.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  const DevSshSlice container = { data, size };
  GError *error = NULL;
  DevSshKeyPair *key = devssh_key_openssh_read (container, "password", &error);

  fuzz_key_check (key, DEVSSH_KEY_FORMAT_OPENSSH, error);

  return 0;
}
