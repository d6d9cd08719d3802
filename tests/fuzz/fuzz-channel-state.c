/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RFC 4254 against a peer without manners and an application without a plan (T-50 to T-56). */
#include "fuzz-app.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  FuzzInput input = { data, size };
  guint8 flags = fuzz_byte (&input);
  FuzzApp *app = fuzz_app_new (flags & 1, NULL, flags & 4 ? 2 : 0);
  DevSshBuffer *buffer = devssh_buffer_new (devssh_context_get_buffer_pool (app->context));

  app->refuse = (flags & 2) != 0;
  while (input.length > 0 && app->fatal == 0)
    {
      if (fuzz_byte (&input) & 1)
        {
          fuzz_app_act (app, &input);
        }
      else
        {
          DevSshSlice payload = fuzz_slice (&input);

          /* As the transport does: a buffer with a slice on loan is not filled again. */
          if (devssh_buffer_is_shared (buffer))
            {
              devssh_buffer_unref (buffer);
              buffer = devssh_buffer_new (devssh_context_get_buffer_pool (app->context));
            }
          if (payload.length > 0)
            memcpy (buffer->data, payload.data, payload.length);
          fuzz_app_receive (app, buffer->data, payload.length, buffer, FALSE);
        }
      fuzz_app_run (app);
    }

  devssh_buffer_unref (buffer);
  fuzz_app_free (app);

  return 0;
}
