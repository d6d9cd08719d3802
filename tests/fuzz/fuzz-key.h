/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the key targets do with a key that was read (T-80). */
#pragma once

#include <libdevssh/keys/devssh-key-format-private.h>

#include "fuzz.h"

G_BEGIN_DECLS

/* What was read can be written, and is then the same key. key and error are consumed; exactly one of them is there. */
void fuzz_key_check (DevSshKeyPair   *key,
                     DevSshKeyFormat  format,
                     GError          *error);

G_END_DECLS
