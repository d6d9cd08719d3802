/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One direction under each kind of protection: what was sealed comes out, and what was touched never does (T-10, T-11, T-18). */
#include "fuzz.h"

#include <libdevssh/transport/devssh-packet-private.h>

#define LIMIT 4096

typedef struct
{
  const char *cipher;    /* NULL: in the clear */
  const char *mac;
} Kind;

static const Kind kinds[] = {
  { NULL, NULL },
  { "aes256-gcm@openssh.com", "hmac-sha2-256" },
  { "chacha20-poly1305@openssh.com", "hmac-sha2-256" },
  { "aes256-ctr", "hmac-sha2-256" },
  { "aes128-ctr", "hmac-sha2-512-etm@openssh.com" },
  { "aes256-cbc", "hmac-sha2-256" },
  { "aes256-cbc", "hmac-sha2-256-etm@openssh.com" },
};

typedef struct
{
  DevSshPacketWriter out;
  DevSshPacketReader in;
  gboolean           touched;    /* something on the way was not what was sealed */
} Line;

static void
set_keys (Line       *line,
          const Kind *kind)
{
  static const guint8 key[64] = "a key that is no secret, for both ends of this line to be used ";
  const DevSshCipherAlgorithm *cipher;
  const DevSshMacAlgorithm *mac;
  DevSshProtection seal, open;

  if (kind->cipher == NULL)
    return;

  cipher = devssh_cipher_algorithm_find (kind->cipher);
  mac = devssh_mac_algorithm_find (kind->mac);
  devssh_protection_init (&seal, cipher, key, key, mac, key, TRUE);
  devssh_protection_init (&open, cipher, key, key, mac, key, FALSE);
  devssh_packet_writer_set_keys (&line->out, &seal, TRUE);
  devssh_packet_reader_set_keys (&line->in, &open, TRUE);
}

/* FALSE: refused, and nothing may follow. */
static gboolean
carry (Line         *line,
       const guint8 *data,
       gsize         length,
       DevSshSlice   expected)
{
  DevSshPacketStatus status;
  DevSshPacket packet;

  while (length > 0)
    {
      gsize size = 0;
      guint8 *space = devssh_packet_reader_get_space (&line->in, &size);

      size = MIN (size, length);
      g_assert_cmpuint (size, >, 0);
      memcpy (space, data, size);
      devssh_packet_reader_received (&line->in, size);
      data += size;
      length -= size;
    }

  while ((status = devssh_packet_reader_open (&line->in, LIMIT, &packet)) == DEVSSH_PACKET_OPENED)
    {
      g_assert_cmpuint (packet.length, >, 0);
      g_assert_cmpuint (packet.length + 9, <=, packet.wire_size);
      g_assert_cmpuint (packet.wire_size, <=, devssh_packet_reader_get_available (&line->in));
      if (line->in.protection.cipher != NULL)
        {
          g_assert_false (line->touched);
          g_assert_cmpmem (packet.payload, packet.length, expected.data, expected.length);
        }
      devssh_packet_reader_consume (&line->in);
    }

  if (status == DEVSSH_PACKET_REFUSED)
    {
      g_assert_cmpuint (line->in.reason, !=, 0);
      g_assert_nonnull (line->in.text);
      g_assert_true (line->touched);
    }

  return status != DEVSSH_PACKET_REFUSED;
}

static gboolean
carry_sealed (Line      *line,
              FuzzInput *input,
              guint16    flip)
{
  DevSshSlice payload = fuzz_slice (input);
  gsize length;
  gboolean good;

  if (payload.length == 0)
    return TRUE;

  devssh_packet_writer_seal (&line->out, payload.data, 1, payload.data + 1, payload.length - 1, NULL, 0);
  length = devssh_packet_writer_get_waiting (&line->out);
  if (flip > 0)
    {
      line->out.data[line->out.start + flip % length] ^= 1 << flip % 8;
      line->touched = TRUE;
    }
  good = carry (line, line->out.data + line->out.start, length, payload);
  devssh_packet_writer_sent (&line->out, length);

  return good;
}

static gboolean
act (Line      *line,
     FuzzInput *input)
{
  const DevSshSlice nothing = { NULL, 0 };
  DevSshSlice raw;

  switch (fuzz_byte (input) % 4)
    {
    case 0:
      raw = fuzz_slice (input);
      line->touched |= raw.length > 0;
      return carry (line, raw.data, raw.length, nothing);
    case 1:
      return carry_sealed (line, input, fuzz_uint16 (input) | 1);
    case 2:
      devssh_packet_reader_trim (&line->in);
      devssh_packet_writer_trim (&line->out);
      return TRUE;
    default:
      return carry_sealed (line, input, 0);
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  static DevSshBufferPool *pool;
  FuzzInput input = { data, size };
  Line line = { { { 0 } } };

  if (pool == NULL)
    pool = devssh_buffer_pool_new ();

  devssh_packet_reader_init (&line.in, pool);
  set_keys (&line, &kinds[fuzz_byte (&input) % G_N_ELEMENTS (kinds)]);

  while (input.length > 0 && act (&line, &input))
    ;

  devssh_packet_reader_clear (&line.in);
  devssh_packet_writer_clear (&line.out);

  return 0;
}
