/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two offers, one list a line: what is chosen was offered by both, and "none" never comes beside something (T-24, T-25). */
#include "fuzz.h"

#include <libdevssh/transport/devssh-negotiation-private.h>

static gboolean
read_offer (char                **lines,
            guint                 n_lines,
            guint                 first,
            DevSshKexInitMessage *message)
{
  static const guint8 cookie[16];
  DEVSSH_WRITER_AUTO (writer);

  devssh_writer_put_byte (&writer, DEVSSH_MESSAGE_KEXINIT);
  devssh_writer_put_bytes (&writer, cookie, sizeof cookie);
  for (guint i = 0; i < DEVSSH_KEXINIT_N_LISTS; i++)
    {
      const char *line = first + i < n_lines ? lines[first + i] : "";

      devssh_writer_put_slice (&writer, (const guint8 *) line, strlen (line));
    }
  devssh_writer_put_boolean (&writer, FALSE);
  devssh_writer_put_uint32 (&writer, 0);

  /* Only what a peer could have said. */
  return devssh_kexinit_message_decode (message, writer.data, writer.length, NULL);
}

static void
check (const DevSshNegotiation    *result,
       const DevSshKexInitMessage *client,
       const DevSshKexInitMessage *server)
{
  for (guint i = 0; i < DEVSSH_KEXINIT_LANGUAGE_C2S; i++)
    {
      g_assert_nonnull (result->names[i]);
      /* With no exchange at all nothing but the first list counts. */
      if (result->kex == NULL && i != DEVSSH_KEXINIT_KEX)
        continue;
      g_assert_cmpstr (result->names[i], ==,
                       devssh_name_list_match ((const char * const *) client->lists[i],
                                               (const char * const *) server->lists[i]));
      if (result->kex != NULL && i < DEVSSH_KEXINIT_COMPRESSION_C2S)
        g_assert_cmpstr (result->names[i], !=, "none");
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  static DevSshTransportConfig *configs[2];
  FuzzInput input = { data, size };
  gboolean is_server = fuzz_byte (&input) & 1;
  g_autofree char *text = fuzz_text (&input);
  g_auto(GStrv) lines = g_strsplit (text, "\n", 2 * DEVSSH_KEXINIT_N_LISTS);
  g_auto(DevSshKexInitMessage) client = { { 0 } };
  g_auto(DevSshKexInitMessage) server = { { 0 } };
  DevSshNegotiation result;
  const char *problem = NULL;
  guint n_lines = g_strv_length (lines);

  if (configs[is_server] == NULL)
    {
      DevSshBufferPool *pool = devssh_buffer_pool_new ();

      configs[is_server] = devssh_transport_config_new (is_server, pool);
      devssh_transport_config_use_defaults (configs[is_server]);
      devssh_buffer_pool_unref (pool);
    }

  if (!read_offer (lines, n_lines, 0, &client) ||
      !read_offer (lines, n_lines, DEVSSH_KEXINIT_N_LISTS, &server))
    return 0;

  if (devssh_negotiation_choose (configs[is_server], &client, &server, &result, &problem))
    {
      check (&result, &client, &server);
      devssh_negotiation_needs_strict (&result);
      devssh_negotiation_judge_guess (&result, &client, &server);
    }
  else
    g_assert_nonnull (problem);

  return 0;
}
