/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DER behind a passphrase: a line of RFC 1421's DEK-Info and what it is about, or PBES2. */
#include "fuzz-key.h"

static void
check (DevSshSecret *clear,
       GError       *error)
{
  g_assert_true ((clear == NULL) == (error != NULL));
  devssh_secret_free (clear);
  g_clear_error (&error);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  DevSshSlice text = { data, size }, line = { NULL, 0 };
  GError *error = NULL;
  DevSshSecret *clear = devssh_key_pbes2_decrypt (text, "password", &error);

  check (clear, g_steal_pointer (&error));

  devssh_text_next_line (&text, &line);
  clear = devssh_key_pem_decrypt (line, text, "SEC1", "password", &error);
  check (clear, error);

  return 0;
}
