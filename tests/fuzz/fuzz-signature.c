/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a host sends as its key, and as a signature by it: taken from the wire, before anybody is trusted (T-27, T-28). */
#include "fuzz-key.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  static const char * const names[] = { "ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256", "ecdsa-sha2-nistp256", "ssh-rsa", NULL };
  FuzzInput input = { data, size };
  DevSshSlice blob = fuzz_slice (&input);
  DevSshSlice signature = fuzz_take (&input, input.length);
  g_autoptr(DevSshKeyPair) key = devssh_key_pair_new_for_blob (blob.data, blob.length, NULL);

  if (key == NULL)
    return 0;

  for (guint i = 0; names[i] != NULL; i++)
    if (devssh_key_pair_verify_raw (key, names[i], (const guint8 *) "hash", 4, signature.data, signature.length, NULL))
      g_assert_true (devssh_key_pair_fits (key, names[i]));
  fuzz_key_check (g_object_ref (key), DEVSSH_KEY_FORMAT_SSH, NULL);

  return 0;
}
