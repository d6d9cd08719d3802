/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two transports joined by byte arrays. */
#include "test-ends.h"

#include <string.h>
#include <libdevssh/crypto/devssh-algorithms-private.h>

DevSshBufferPool *
test_pool (void)
{
  static DevSshBufferPool *pool;

  if (pool == NULL)
    pool = devssh_buffer_pool_new ();

  return devssh_buffer_pool_ref (pool);
}

DevSshKeyPair *
test_host_key (const char *algorithm)
{
  static GHashTable *keys;
  const char *type = devssh_signature_algorithm_get_key_type (algorithm);
  DevSshKeyPair *key;
  g_autoptr(GError) error = NULL;

  g_assert_nonnull (type);
  if (keys == NULL)
    keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);

  key = g_hash_table_lookup (keys, type);
  if (key == NULL)
    {
      key = devssh_key_pair_generate (type, 0, &error);
      g_assert_no_error (error);
      g_hash_table_insert (keys, g_strdup (type), key);
    }

  return key;
}

void
test_config_set_host_key (DevSshTransportConfig *config,
                          DevSshKeyPair         *key)
{
  g_clear_pointer (&config->host_keys, g_ptr_array_unref);
  config->host_keys = g_ptr_array_new_with_free_func (g_object_unref);
  if (key != NULL)
    g_ptr_array_add (config->host_keys, g_object_ref (key));
}

void
test_config_set (char       ***list,
                 const char   *names)
{
  g_strfreev (*list);
  *list = g_strsplit (names, ",", -1);
}

DevSshTransportConfig *
test_config_new (gboolean is_server)
{
  DevSshBufferPool *pool = test_pool ();
  DevSshTransportConfig *config = devssh_transport_config_new (is_server, pool);

  devssh_buffer_pool_unref (pool);
  devssh_transport_config_use_defaults (config);
  if (is_server)
    test_config_set_host_key (config, test_host_key (DEVSSH_ALGORITHM_KEY_ED25519));

  return config;
}

void
test_end_init (TestEnd               *end,
               DevSshTransportConfig *config)
{
  memset (end, 0, sizeof *end);
  end->metrics = devssh_session_metrics_new ();
  end->tracer = devssh_tracer_new ();
  config->metrics = g_object_ref (end->metrics);
  config->tracer = devssh_tracer_ref (end->tracer);
  end->transport = devssh_transport_new (config);
  end->story = g_string_new (NULL);
  end->messages = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  end->wire = g_byte_array_new ();
  end->last = DEVSSH_TRANSPORT_NEED_INPUT;
}

void
test_end_clear (TestEnd *end)
{
  devssh_transport_free (end->transport);
  g_object_unref (end->metrics);
  devssh_tracer_unref (end->tracer);
  g_string_free (end->story, TRUE);
  g_ptr_array_unref (end->messages);
  g_byte_array_unref (end->wire);
  g_free (end->text);
}

TestPair *
test_pair_new (DevSshTransportConfig *client,
               DevSshTransportConfig *server)
{
  TestPair *pair = g_new0 (TestPair, 1);

  test_end_init (&pair->client, client != NULL ? client : test_config_new (FALSE));
  test_end_init (&pair->server, server != NULL ? server : test_config_new (TRUE));
  pair->client.pair = pair->server.pair = pair;
  pair->now = G_USEC_PER_SEC;

  return pair;
}

void
test_pair_free (TestPair *pair)
{
  test_end_clear (&pair->client);
  test_end_clear (&pair->server);
  g_clear_pointer (&pair->cuts, g_rand_free);
  g_free (pair);
}

static void
tell (TestEnd                    *end,
      const DevSshTransportEvent *event)
{
  static const char * const names[] = {
    "need-input", "held", "end", "message", "version", "kex-started", "host-key", "need-host-key",
    "kex-done", "ext-info", "service-request", "service-accept", "debug", "unimplemented",
    "reconnect-enabled", "resume-request", "resume-answer", "disconnected", "failed",
  };

  G_STATIC_ASSERT (G_N_ELEMENTS (names) == DEVSSH_TRANSPORT_FAILED + 1);

  switch (event->type)
    {
    case DEVSSH_TRANSPORT_NEED_INPUT:
    case DEVSSH_TRANSPORT_HELD:
    case DEVSSH_TRANSPORT_END:
      return;
    case DEVSSH_TRANSPORT_MESSAGE:
      g_string_append_printf (end->story, " %u", event->payload[0]);
      g_ptr_array_add (end->messages, g_bytes_new (event->payload, event->length));
      break;
    case DEVSSH_TRANSPORT_HOST_KEY:
      g_assert_nonnull (event->host_key);
      end->n_host_keys++;
      end->n_changed += event->flag;
      G_GNUC_FALLTHROUGH;
    default:
      g_string_append_printf (end->story, " %s", names[event->type]);
    }

  if (event->type == DEVSSH_TRANSPORT_FAILED || event->type == DEVSSH_TRANSPORT_DISCONNECTED)
    {
      end->reason = event->reason;
      g_free (end->text);
      end->text = g_strdup (event->text);
    }
}

void
test_end_step (TestEnd *end,
               gint64   now)
{
  DevSshTransportEvent event;

  do
    {
      end->last = devssh_transport_step (end->transport, now, &event);
      g_assert_cmpint (event.type, ==, end->last);
      tell (end, &event);
      if (end->func != NULL)
        end->func (end, &event, end->data);
    }
  while (end->last != DEVSSH_TRANSPORT_NEED_INPUT &&
         end->last != DEVSSH_TRANSPORT_HELD &&
         end->last != DEVSSH_TRANSPORT_END);
}

void
test_end_feed (TestEnd      *end,
               const guint8 *data,
               gsize         length,
               gint64        now)
{
  while (length > 0)
    {
      gsize size = 0;
      guint8 *space = devssh_transport_get_space (end->transport, &size);

      if (space == NULL)
        return;
      size = MIN (size, length);
      g_assert_cmpuint (size, >, 0);
      memcpy (space, data, size);
      devssh_transport_received (end->transport, size);
      data += size;
      length -= size;
      test_end_step (end, now);
    }
}

GBytes *
test_end_take_output (TestEnd *end)
{
  gsize length = 0;
  const guint8 *data = devssh_transport_get_output (end->transport, &length);
  GBytes *bytes = g_bytes_new (data, length);

  g_byte_array_append (end->wire, data, length);
  devssh_transport_sent (end->transport, length);

  return bytes;
}

void
test_pair_start (TestPair *pair)
{
  devssh_transport_start (pair->client.transport, pair->now);
  devssh_transport_start (pair->server.transport, pair->now);
}

static gboolean
move (TestPair *pair,
      TestEnd  *from,
      TestEnd  *to)
{
  g_autoptr(GBytes) bytes = test_end_take_output (from);
  gsize length = 0;
  const guint8 *data = g_bytes_get_data (bytes, &length);
  gboolean any = length > 0;

  while (length > 0)
    {
      gsize size = length;

      if (pair->cuts != NULL)
        size = g_rand_int_range (pair->cuts, 1, pair->max_cut + 1);
      size = MIN (size, length);
      test_end_feed (to, data, size, pair->now);
      data += size;
      length -= size;
    }

  return any;
}

void
test_pair_run (TestPair *pair)
{
  gboolean any;

  test_end_step (&pair->client, pair->now);
  test_end_step (&pair->server, pair->now);

  do
    {
      any = move (pair, &pair->client, &pair->server);
      any |= move (pair, &pair->server, &pair->client);
    }
  while (any);
}

void
test_pair_handshake (TestPair *pair)
{
  test_pair_start (pair);
  test_pair_run (pair);
  g_assert_cmpstr (pair->client.text, ==, NULL);
  g_assert_cmpstr (pair->server.text, ==, NULL);
  g_assert_false (devssh_transport_in_kex (pair->client.transport));
  g_assert_false (devssh_transport_in_kex (pair->server.transport));
}

void
test_pair_open (TestPair *pair)
{
  test_pair_handshake (pair);
  devssh_transport_set_phase (pair->client.transport, DEVSSH_PHASE_OPEN);
  devssh_transport_set_phase (pair->server.transport, DEVSSH_PHASE_OPEN);
}

void
test_send (TestEnd    *end,
           guint8      number,
           const char *text)
{
  DEVSSH_WRITER_AUTO (writer);

  devssh_writer_put_byte (&writer, number);
  devssh_writer_put_utf8 (&writer, text);
  devssh_outbox_send (devssh_transport_get_outbox (end->transport), writer.data, writer.length);
}

void
test_send_data (TestEnd      *end,
                const guint8 *data,
                gsize         length)
{
  DEVSSH_WRITER_AUTO (writer);

  devssh_writer_put_byte (&writer, DEVSSH_MESSAGE_CHANNEL_DATA);
  devssh_writer_put_uint32 (&writer, 0);
  devssh_writer_put_uint32 (&writer, length);
  devssh_transport_send_data (end->transport, writer.data, writer.length, data, length, NULL);
}

GBytes *
test_last_message (TestEnd *end)
{
  g_assert_cmpuint (end->messages->len, >, 0);

  return g_ptr_array_index (end->messages, end->messages->len - 1);
}
