/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Key files as text, above all public keys in a line: the format is found out. */
#include "fuzz-key.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  g_autoptr(GBytes) bytes = g_bytes_new (data, size);
  GError *error = NULL;
  DevSshKeyPair *key = devssh_key_pair_import_data (bytes, DEVSSH_KEY_FORMAT_DEFAULT, "password", &error);

  fuzz_key_check (key, DEVSSH_KEY_FORMAT_PKCS8, error);

  return 0;
}
