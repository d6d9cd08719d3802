/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PKCS#8 and SubjectPublicKeyInfo, in DER. */
#include "fuzz-key.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  const DevSshSlice der = { data, size };
  GError *error = NULL;
  DevSshKeyPair *key;

  devssh_key_pkcs8_is_encrypted (der);
  if (devssh_key_pkcs8_is_public (der))
    key = devssh_key_pkcs8_read_public (der, &error);
  else
    key = devssh_key_pkcs8_read_private (der, &error);
  fuzz_key_check (key, DEVSSH_KEY_FORMAT_PKCS8, error);

  return 0;
}
