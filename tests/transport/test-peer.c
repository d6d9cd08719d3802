/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A scripted peer for one transport. */
#include "test-peer.h"

#include <string.h>

TestPeer *
test_peer_new (DevSshTransportConfig *config)
{
  TestPeer *self = g_new0 (TestPeer, 1);
  DevSshBufferPool *pool = test_pool ();

  self->now = G_USEC_PER_SEC;
  self->is_server = !config->is_server;
  self->config = test_config_new (self->is_server);
  self->version = g_strdup ("SSH-2.0-scripted_1");
  devssh_packet_reader_init (&self->in, pool);
  devssh_buffer_pool_unref (pool);

  test_end_init (&self->end, config);
  devssh_transport_start (self->end.transport, self->now);
  test_end_step (&self->end, self->now);

  return self;
}

void
test_peer_free (TestPeer *self)
{
  test_end_clear (&self->end);
  devssh_transport_config_free (self->config);
  devssh_packet_writer_clear (&self->out);
  devssh_packet_reader_clear (&self->in);
  devssh_kexinit_message_clear (&self->offer);
  g_clear_pointer (&self->our_init, g_bytes_unref);
  g_clear_pointer (&self->their_init, g_bytes_unref);
  g_clear_pointer (&self->peer_public, g_bytes_unref);
  g_clear_pointer (&self->faults.host_key, g_bytes_unref);
  g_clear_pointer (&self->faults.public_value, g_bytes_unref);
  g_clear_pointer (&self->ephemeral, devssh_kex_free);
  devssh_secret_free (self->session_id);
  devssh_protection_clear (&self->next_out);
  devssh_protection_clear (&self->next_in);
  g_free (self->version);
  g_free (self->their_version);
  g_free (self);
}

void
test_peer_write (TestPeer      *self,
                 gconstpointer  data,
                 gsize          length)
{
  test_end_feed (&self->end, data, length, self->now);
}

void
test_peer_send (TestPeer      *self,
                gconstpointer  payload,
                gsize          length)
{
  gsize waiting;

  devssh_packet_writer_seal (&self->out, payload, length, NULL, 0, NULL, 0);
  waiting = devssh_packet_writer_get_waiting (&self->out);
  test_peer_write (self, self->out.data + self->out.start, waiting);
  devssh_packet_writer_sent (&self->out, waiting);
}

void
test_peer_send_bytes (TestPeer *self,
                      GBytes   *payload)
{
  test_peer_send (self, g_bytes_get_data (payload, NULL), g_bytes_get_size (payload));
}

static GBytes *
end_writer (DevSshWriter *writer)
{
  return g_bytes_new (writer->data, writer->length);
}

GBytes *
test_message_for_number (guint8 number)
{
  static const char padding[] = "some bytes that mean nothing";
  DevSshKexInitMessage init = { { 0 } };
  DEVSSH_WRITER_AUTO (writer);

  switch (number)
    {
    case DEVSSH_MESSAGE_KEXINIT:
      for (guint i = 0; i < DEVSSH_KEXINIT_N_LISTS; i++)
        init.lists[i] = g_new0 (char *, 1);
      devssh_kexinit_message_encode (&init, &writer);
      devssh_kexinit_message_clear (&init);
      return end_writer (&writer);

    case DEVSSH_MESSAGE_NEWKEYS:
    case DEVSSH_MESSAGE_USERAUTH_SUCCESS:
      devssh_writer_put_byte (&writer, number);
      return end_writer (&writer);

    case DEVSSH_MESSAGE_EXT_INFO:
      devssh_writer_put_byte (&writer, number);
      devssh_writer_put_uint32 (&writer, 0);
      return end_writer (&writer);

    default:
      break;
    }

  for (guint i = 0; number != 0 && i < devssh_n_message_types; i++)
    {
      const DevSshMessageType *type = &devssh_message_types[i];

      if (type->number == number)
        {
          g_autofree gpointer message = g_malloc0 (type->size);

          type->encode (message, &writer);
          /* Names that may not be empty. */
          if (number == DEVSSH_MESSAGE_SERVICE_REQUEST || number == DEVSSH_MESSAGE_SERVICE_ACCEPT)
            {
              devssh_writer_reset (&writer);
              devssh_writer_put_byte (&writer, number);
              devssh_writer_put_utf8 (&writer, "ssh-userauth");
            }
          return end_writer (&writer);
        }
    }

  devssh_writer_put_byte (&writer, number);
  devssh_writer_put_bytes (&writer, (const guint8 *) padding, sizeof padding);

  return end_writer (&writer);
}

void
test_peer_send_number (TestPeer *self,
                       guint8    number)
{
  g_autoptr(GBytes) payload = test_message_for_number (number);

  test_peer_send_bytes (self, payload);
}

static void
collect_output (TestPeer *self)
{
  g_autoptr(GBytes) bytes = test_end_take_output (&self->end);
  gsize length = 0, size = 0;
  const guint8 *data = g_bytes_get_data (bytes, &length);

  while (length > 0)
    {
      guint8 *space = devssh_packet_reader_get_space (&self->in, &size);

      size = MIN (size, length);
      g_assert_cmpuint (size, >, 0);
      memcpy (space, data, size);
      devssh_packet_reader_received (&self->in, size);
      data += size;
      length -= size;
    }
}

GBytes *
test_peer_receive (TestPeer *self)
{
  DevSshPacket packet;
  GBytes *payload;

  collect_output (self);
  switch (devssh_packet_reader_open (&self->in, 262144, &packet))
    {
    case DEVSSH_PACKET_OPENED:
      payload = g_bytes_new (packet.payload, packet.length);
      devssh_packet_reader_consume (&self->in);
      return payload;
    case DEVSSH_PACKET_REFUSED:
      g_error ("What the transport sent cannot be opened: %s", self->in.text);
    case DEVSSH_PACKET_INCOMPLETE:
    default:
      return NULL;
    }
}

GBytes *
test_peer_expect (TestPeer *self,
                  guint8    number)
{
  GBytes *payload = test_peer_receive (self);

  if (payload == NULL)
    g_error ("The transport did not send %u; its story:%s (%s)", number, self->end.story->str,
             self->end.text);
  g_assert_cmpuint (*(const guint8 *) g_bytes_get_data (payload, NULL), ==, number);

  return payload;
}

void
test_peer_expect_nothing (TestPeer *self)
{
  g_autoptr(GBytes) payload = test_peer_receive (self);

  if (payload != NULL)
    g_error ("The transport sent %u", *(const guint8 *) g_bytes_get_data (payload, NULL));
}

void
test_peer_expect_fatal (TestPeer *self,
                        guint32   reason)
{
  g_auto(DevSshDisconnectMessage) message = { 0 };
  g_autoptr(GBytes) payload = NULL;
  g_autoptr(GError) error = NULL;

  if (self->end.last != DEVSSH_TRANSPORT_END)
    g_error ("The transport goes on; its story:%s", self->end.story->str);
  g_assert_true (g_str_has_suffix (self->end.story->str, " failed"));
  if (self->end.reason != reason)
    g_error ("Reason %u (%s) instead of %u", self->end.reason, self->end.text, reason);

  if (self->their_version == NULL)
    test_peer_read_version (self);
  do
    {
      g_clear_pointer (&payload, g_bytes_unref);
      payload = test_peer_receive (self);
      g_assert_nonnull (payload);
    }
  while (*(const guint8 *) g_bytes_get_data (payload, NULL) != DEVSSH_MESSAGE_DISCONNECT);

  devssh_disconnect_message_decode (&message, g_bytes_get_data (payload, NULL),
                                    g_bytes_get_size (payload), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (message.reason, ==, reason);
  g_assert_cmpmem (message.description.data, message.description.length, self->end.text,
                   strlen (self->end.text));
  test_peer_expect_nothing (self);
  g_assert_false (devssh_transport_wants_input (self->end.transport));
}

/* ---- a handshake in steps ---- */

void
test_peer_send_version (TestPeer *self)
{
  g_autofree char *line = g_strconcat (self->version, "\r\n", NULL);

  test_peer_write (self, line, strlen (line));
}

void
test_peer_read_version (TestPeer *self)
{
  const guint8 *data, *end;

  collect_output (self);
  data = self->in.buffer->data + self->in.start;
  end = memchr (data, '\n', devssh_packet_reader_get_available (&self->in));
  g_assert_nonnull (end);
  g_assert_cmpint (end[-1], ==, '\r');
  self->their_version = g_strndup ((const char *) data, end - data - 1);
  devssh_packet_reader_skip (&self->in, end - data + 1);
}

static void
edit_kex_list (TestPeer *self)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  char **names = self->offer.lists[DEVSSH_KEXINIT_KEX];

  for (guint i = 0; names[i] != NULL; i++)
    {
      if (self->no_strict && g_str_has_prefix (names[i], "kex-strict-"))
        continue;
      if (self->no_ext_info && g_str_has_prefix (names[i], "ext-info-"))
        continue;
      g_strv_builder_add (builder, names[i]);
    }
  if (self->extra_kex != NULL)
    g_strv_builder_add (builder, self->extra_kex);

  g_strfreev (names);
  self->offer.lists[DEVSSH_KEXINIT_KEX] = g_strv_builder_end (builder);
}

void
test_peer_send_init (TestPeer *self)
{
  DEVSSH_WRITER_AUTO (writer);

  devssh_kexinit_message_clear (&self->offer);
  devssh_negotiation_offer (self->config, self->exchanges == 0, &self->offer);
  edit_kex_list (self);
  self->offer.first_kex_packet_follows = self->follows;
  devssh_random (self->offer.cookie, sizeof self->offer.cookie);
  devssh_kexinit_message_encode (&self->offer, &writer);

  g_clear_pointer (&self->our_init, g_bytes_unref);
  self->our_init = end_writer (&writer);
  test_peer_send_bytes (self, self->our_init);
}

void
test_peer_read_init (TestPeer *self)
{
  g_auto(DevSshKexInitMessage) theirs = { { 0 } };
  g_autoptr(GError) error = NULL;
  const char *problem = NULL;

  g_clear_pointer (&self->their_init, g_bytes_unref);
  self->their_init = test_peer_expect (self, DEVSSH_MESSAGE_KEXINIT);
  devssh_kexinit_message_decode (&theirs, g_bytes_get_data (self->their_init, NULL),
                                 g_bytes_get_size (self->their_init), &error);
  g_assert_no_error (error);

  if (self->offer.lists[0] == NULL)
    return;
  if (!devssh_negotiation_choose (self->config, self->is_server ? &theirs : &self->offer,
                                  self->is_server ? &self->offer : &theirs,
                                  &self->agreed, &problem))
    g_error ("%s", problem);
  if (self->exchanges == 0)
    self->strict = !self->no_strict;
}

static DevSshSlice
slice (GBytes *bytes)
{
  DevSshSlice result;

  result.data = g_bytes_get_data (bytes, &result.length);

  return result;
}

/* shared is taken over. */
static DevSshSecret *
make_keys (TestPeer     *self,
           DevSshSlice   host_key,
           DevSshSlice   client_public,
           DevSshSlice   server_public,
           DevSshSecret *shared)
{
  const char *client_version = self->is_server ? self->their_version : self->version;
  const char *server_version = self->is_server ? self->version : self->their_version;
  DevSshSecret *hash =
    devssh_exchange_hash (self->agreed.kex, client_version, server_version,
                          slice (self->is_server ? self->their_init : self->our_init),
                          slice (self->is_server ? self->our_init : self->their_init),
                          host_key, client_public, server_public, shared);
  DevSshKeyMaterial material = { self->agreed.kex->hash, shared, hash, NULL };

  if (self->session_id == NULL)
    self->session_id = devssh_secret_dup (hash);
  material.session_id = self->session_id;

  for (guint direction = 0; direction < 2; direction++)
    {
      const DevSshCipherAlgorithm *cipher = self->agreed.ciphers[direction];
      const DevSshMacAlgorithm *mac = self->agreed.macs[direction];
      g_autoptr(DevSshSecret) iv = devssh_key_material_derive (&material, 'A' + direction, 16);
      g_autoptr(DevSshSecret) key = devssh_key_material_derive (&material, 'C' + direction,
                                                                cipher->key_size);
      g_autoptr(DevSshSecret) mac_key = devssh_key_material_derive (&material, 'E' + direction,
                                                                    mac->size);
      gboolean seal = direction == (self->is_server ? 1 : 0);

      devssh_protection_init (seal ? &self->next_out : &self->next_in, cipher, key->data, iv->data,
                              mac, mac_key->data, seal);
    }

  devssh_secret_free (shared);

  return hash;
}

static void
sign (TestPeer     *self,
      DevSshSecret *hash,
      DevSshWriter *blob)
{
  const char *algorithm = self->agreed.names[DEVSSH_KEXINIT_HOST_KEY];
  DevSshKeyPair *key = g_ptr_array_index (self->config->host_keys, 0);
  g_autoptr(GError) error = NULL;
  DEVSSH_WRITER_AUTO (honest);
  DevSshReader reader;
  DevSshSlice name, raw;

  if (self->faults.signature_name != NULL)
    algorithm = self->faults.signature_name;
  devssh_key_pair_sign_raw (key, algorithm, hash->data, hash->length, &honest, &error);
  g_assert_no_error (error);

  devssh_reader_init (&reader, honest.data, honest.length);
  name = devssh_reader_get_slice (&reader);
  raw = devssh_reader_get_slice (&reader);
  if (self->faults.blob_name != NULL)
    devssh_writer_put_utf8 (blob, self->faults.blob_name);
  else
    devssh_writer_put_slice (blob, name.data, name.length);
  devssh_writer_put_slice (blob, raw.data, raw.length);
  if (self->faults.bad_signature)
    blob->data[blob->length - 20] ^= 1;
  if (self->faults.trailing)
    devssh_writer_put_byte (blob, 0);
}

static void
send_reply (TestPeer *self)
{
  DevSshKexDhReplyMessage message;
  g_autoptr(DevSshSecret) hash = NULL;
  DevSshSecret *shared;
  DevSshSlice client_public = slice (self->peer_public);
  g_autoptr(GError) error = NULL;
  DEVSSH_WRITER_AUTO (blob);
  DEVSSH_WRITER_AUTO (writer);

  g_clear_pointer (&self->ephemeral, devssh_kex_free);
  self->ephemeral = devssh_kex_new (self->agreed.kex);
  shared = devssh_kex_derive (self->ephemeral, client_public.data, client_public.length, &error);
  g_assert_no_error (error);

  if (self->faults.host_key != NULL)
    message.host_key = slice (self->faults.host_key);
  else
    devssh_key_pair_peek_blob (g_ptr_array_index (self->config->host_keys, 0),
                               &message.host_key.data, &message.host_key.length);
  message.public_value.data = devssh_kex_get_public (self->ephemeral, &message.public_value.length);
  hash = make_keys (self, message.host_key, client_public, message.public_value, shared);
  sign (self, hash, &blob);
  message.signature.data = blob.data;
  message.signature.length = blob.length;
  if (self->faults.public_value != NULL)
    message.public_value = slice (self->faults.public_value);

  devssh_kexdh_reply_message_encode (&message, &writer);
  test_peer_send (self, writer.data, writer.length);
}

void
test_peer_send_dh (TestPeer *self)
{
  DevSshKexDhInitMessage message;
  DEVSSH_WRITER_AUTO (writer);

  if (self->is_server)
    {
      send_reply (self);
      return;
    }

  g_clear_pointer (&self->ephemeral, devssh_kex_free);
  self->ephemeral = devssh_kex_new (self->agreed.kex);
  message.public_value.data = devssh_kex_get_public (self->ephemeral, &message.public_value.length);
  if (self->faults.public_value != NULL)
    message.public_value = slice (self->faults.public_value);
  devssh_kexdh_init_message_encode (&message, &writer);
  test_peer_send (self, writer.data, writer.length);
}

static void
read_reply (TestPeer *self)
{
  g_autoptr(GBytes) payload = test_peer_expect (self, DEVSSH_MESSAGE_KEXDH_REPLY);
  g_auto(DevSshKexDhReplyMessage) message = { { NULL, 0 } };
  g_autoptr(DevSshSecret) hash = NULL;
  g_autoptr(DevSshKeyPair) key = NULL;
  g_autoptr(GError) error = NULL;
  DevSshSecret *shared;
  DevSshSlice client_public;

  devssh_kexdh_reply_message_decode (&message, g_bytes_get_data (payload, NULL),
                                     g_bytes_get_size (payload), &error);
  g_assert_no_error (error);
  shared = devssh_kex_derive (self->ephemeral, message.public_value.data,
                              message.public_value.length, &error);
  g_assert_no_error (error);
  client_public.data = devssh_kex_get_public (self->ephemeral, &client_public.length);
  hash = make_keys (self, message.host_key, client_public, message.public_value, shared);

  key = devssh_key_pair_new_for_blob (message.host_key.data, message.host_key.length, &error);
  g_assert_no_error (error);
  devssh_key_pair_verify_raw (key, self->agreed.names[DEVSSH_KEXINIT_HOST_KEY], hash->data,
                              hash->length,
                              message.signature.data, message.signature.length, &error);
  g_assert_no_error (error);
}

void
test_peer_read_dh (TestPeer *self)
{
  g_autoptr(GBytes) payload = NULL;
  g_auto(DevSshKexDhInitMessage) message = { { NULL, 0 } };
  g_autoptr(GError) error = NULL;

  if (!self->is_server)
    {
      read_reply (self);
      return;
    }

  payload = test_peer_expect (self, DEVSSH_MESSAGE_KEXDH_INIT);
  devssh_kexdh_init_message_decode (&message, g_bytes_get_data (payload, NULL),
                                    g_bytes_get_size (payload), &error);
  g_assert_no_error (error);
  g_clear_pointer (&self->peer_public, g_bytes_unref);
  self->peer_public = g_bytes_new (message.public_value.data, message.public_value.length);
}

void
test_peer_send_newkeys (TestPeer *self)
{
  static const guint8 newkeys = DEVSSH_MESSAGE_NEWKEYS;

  test_peer_send (self, &newkeys, 1);
  devssh_packet_writer_set_keys (&self->out, &self->next_out, self->strict);
}

void
test_peer_read_newkeys (TestPeer *self)
{
  g_autoptr(GBytes) payload = test_peer_expect (self, DEVSSH_MESSAGE_NEWKEYS);

  g_assert_cmpuint (g_bytes_get_size (payload), ==, 1);
  devssh_packet_reader_set_keys (&self->in, &self->next_in, self->strict);
}

void
test_peer_exchange (TestPeer *self)
{
  test_peer_send_init (self);
  test_peer_read_init (self);
  if (self->is_server)
    {
      test_peer_read_dh (self);
      test_peer_send_dh (self);
      test_peer_send_newkeys (self);
    }
  else
    {
      test_peer_send_dh (self);
      test_peer_read_dh (self);
      test_peer_send_newkeys (self);
    }
  test_peer_read_newkeys (self);
  self->exchanges++;
}

void
test_peer_handshake (TestPeer    *self,
                     DevSshPhase  phase)
{
  test_peer_send_version (self);
  test_peer_read_version (self);
  test_peer_exchange (self);
  if (!self->no_ext_info)
    {
      g_autoptr(GBytes) payload = test_peer_expect (self, DEVSSH_MESSAGE_EXT_INFO);
    }
  g_assert_cmpint (devssh_transport_get_phase (self->end.transport), ==, DEVSSH_PHASE_SERVICE);
  devssh_transport_set_phase (self->end.transport, phase);
}
