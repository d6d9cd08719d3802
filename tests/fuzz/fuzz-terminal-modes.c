/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The terminal modes of a pty-req: whatever they are, saying them twice changes nothing. */
#include "fuzz.h"

#include "../../plugins/command/devssh-command-modes.h"

#include <string.h>

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  struct termios once = { .c_cflag = CS8 };
  struct termios twice;

  devssh_command_apply_modes (&once, data, size);
  twice = once;
  devssh_command_apply_modes (&twice, data, size);
  g_assert_cmpmem (&once, sizeof once, &twice, sizeof twice);

  return 0;
}
