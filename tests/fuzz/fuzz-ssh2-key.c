/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The format of ssh.com: as text, and what is inside of it. */
#include "fuzz-key.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  const DevSshSlice slice = { data, size };
  GError *error = NULL;
  DevSshKeyPair *key = devssh_key_ssh2_read (slice, "password", &error);

  fuzz_key_check (key, DEVSSH_KEY_FORMAT_SSH2, g_steal_pointer (&error));

  key = devssh_key_ssh2_read_bytes (slice, "password", &error);
  fuzz_key_check (key, DEVSSH_KEY_FORMAT_SSH2, error);

  return 0;
}
