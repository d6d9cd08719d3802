/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The older formats of one kind of key each, in DER: PKCS#1 and SEC1. */
#include "fuzz-key.h"

static DevSshKeyPair *
read_fields (gboolean       there,
             DevSshWriter  *fields,
             GError       **error)
{
  return there ? devssh_key_new_for_fields (fields, error) : NULL;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  const DevSshSlice der = { data, size };
  GError *error = NULL;
  DevSshKeyPair *key;
  DEVSSH_WRITER_AUTO (blob);
  DEVSSH_WRITER_AUTO (rsa);
  DEVSSH_WRITER_AUTO (ecdsa);

  if (devssh_key_pkcs1_read_public (der, &blob, NULL))
    {
      key = devssh_key_pair_new_for_blob (blob.data, blob.length, &error);
      fuzz_key_check (key, DEVSSH_KEY_FORMAT_PKCS1, g_steal_pointer (&error));
    }

  key = read_fields (devssh_key_pkcs1_read_private (der, &rsa, &error), &rsa, &error);
  fuzz_key_check (key, DEVSSH_KEY_FORMAT_PKCS1, g_steal_pointer (&error));

  key = read_fields (devssh_key_sec1_read (der, NULL, &ecdsa, &error), &ecdsa, &error);
  fuzz_key_check (key, DEVSSH_KEY_FORMAT_SEC1, error);

  return 0;
}
