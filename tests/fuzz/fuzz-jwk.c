/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON web keys, and so JSON. */
#include "fuzz-key.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  const DevSshSlice text = { data, size };
  GError *error = NULL;
  DevSshKeyPair *key = devssh_key_jwk_read (text, NULL, &error);

  fuzz_key_check (key, DEVSSH_KEY_FORMAT_JWK, error);

  return 0;
}
