/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packets in all modes: round trips, lengths, padding, tampering and counters, below any
 * message. */
#include "test-ends.h"

#include <string.h>
#include <libdevssh/transport/devssh-packet-private.h>

#define LIMIT 262144

typedef struct
{
  const char *name;
  const char *cipher;     /* NULL: in the clear */
  const char *mac;
  guint       block;
  gboolean    length_apart;
} Mode;

static const Mode modes[] = {
  { "clear", NULL, NULL, 8, FALSE },
  { "gcm", "aes256-gcm@openssh.com", "hmac-sha2-256", 16, TRUE },
  { "gcm-128", "aes128-gcm@openssh.com", "hmac-sha2-256", 16, TRUE },
  { "chacha20-poly1305", "chacha20-poly1305@openssh.com", "hmac-sha2-256", 8, TRUE },
  { "ctr", "aes256-ctr", "hmac-sha2-256", 16, FALSE },
  { "ctr-512", "aes128-ctr", "hmac-sha2-512", 16, FALSE },
  { "ctr-etm", "aes256-ctr", "hmac-sha2-256-etm@openssh.com", 16, TRUE },
  { "cbc", "aes256-cbc", "hmac-sha2-256", 16, FALSE },
  { "cbc-etm", "aes256-cbc", "hmac-sha2-512-etm@openssh.com", 16, TRUE },
};

typedef struct
{
  const Mode         *mode;
  DevSshPacketWriter  out;
  DevSshPacketReader  in;
  guint8              key[64], iv[16], mac_key[64];
} Wire;

static void
make_protection (Wire             *wire,
                 gboolean          seal,
                 DevSshProtection *protection)
{
  memset (protection, 0, sizeof *protection);
  if (wire->mode->cipher != NULL)
    devssh_protection_init (protection, devssh_cipher_algorithm_find (wire->mode->cipher),
                            wire->key, wire->iv,
                            devssh_mac_algorithm_find (wire->mode->mac), wire->mac_key, seal);
}

static Wire *
wire_new (const Mode *mode)
{
  Wire *wire = g_new0 (Wire, 1);
  DevSshBufferPool *pool = test_pool ();
  DevSshProtection protection;

  wire->mode = mode;
  devssh_random (wire->key, sizeof wire->key);
  devssh_random (wire->iv, sizeof wire->iv);
  devssh_random (wire->mac_key, sizeof wire->mac_key);
  devssh_packet_reader_init (&wire->in, pool);
  devssh_buffer_pool_unref (pool);
  make_protection (wire, TRUE, &protection);
  devssh_packet_writer_set_keys (&wire->out, &protection, FALSE);
  make_protection (wire, FALSE, &protection);
  devssh_packet_reader_set_keys (&wire->in, &protection, FALSE);

  return wire;
}

static void
wire_free (Wire *wire)
{
  devssh_packet_writer_clear (&wire->out);
  devssh_packet_reader_clear (&wire->in);
  g_free (wire);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Wire, wire_free)

static void
wire_feed (Wire         *wire,
           const guint8 *data,
           gsize         length)
{
  while (length > 0)
    {
      gsize size = 0;
      guint8 *space = devssh_packet_reader_get_space (&wire->in, &size);

      size = MIN (size, length);
      g_assert_cmpuint (size, >, 0);
      memcpy (space, data, size);
      devssh_packet_reader_received (&wire->in, size);
      data += size;
      length -= size;
    }
}

/* What was sealed goes over. */
static void
wire_move (Wire *wire)
{
  gsize waiting = devssh_packet_writer_get_waiting (&wire->out);

  wire_feed (wire, wire->out.data + wire->out.start, waiting);
  devssh_packet_writer_sent (&wire->out, waiting);
}

static const Mode *
find_mode (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      if (g_str_equal (modes[i].name, name))
        return &modes[i];
    }

  g_assert_not_reached ();
}

static void
fill (guint8 *data,
      gsize   length)
{
  for (gsize i = 0; i < length; i++)
    data[i] = 'A' + i % 23;
}

static gboolean
find_bytes (const guint8 *data,
            gsize         length,
            const guint8 *part,
            gsize         part_length)
{
  return memmem (data, length, part, part_length) != NULL;
}

static void
round_trip (Wire         *wire,
            const guint8 *data,
            gsize         head,
            gsize         body)
{
  gsize waiting = devssh_packet_writer_get_waiting (&wire->out);
  gsize size, padding, aligned;
  const guint8 *sealed;
  DevSshPacket packet;

  size = devssh_packet_writer_seal (&wire->out, data, head, data + head, body, NULL, 0);
  g_assert_cmpuint (devssh_packet_writer_get_waiting (&wire->out), ==, waiting + size);

  /* RFC 4253, 6: 4 to 255 bytes of padding, and never a whole block more than needed. */
  padding = size - wire->out.protection.tag_size - 5 - head - body;
  g_assert_cmpuint (padding, >=, 4);
  g_assert_cmpuint (padding, <, 4 + wire->mode->block);
  aligned = size - wire->out.protection.tag_size - (wire->mode->length_apart ? 4 : 0);
  g_assert_cmpuint (aligned % wire->mode->block, ==, 0);

  /* No plaintext in the ciphertext. */
  sealed = wire->out.data + wire->out.start + waiting;
  if (wire->mode->cipher != NULL && head + body >= 16)
    g_assert_false (find_bytes (sealed, size, data, 16));

  wire_move (wire);
  g_assert_cmpint (devssh_packet_reader_open (&wire->in, LIMIT, &packet), ==, DEVSSH_PACKET_OPENED);
  g_assert_cmpmem (packet.payload, packet.length, data, head + body);
  g_assert_cmpuint (packet.wire_size, ==, size);
  g_assert_cmpuint (packet.sequence, ==, wire->out.sequence - 1);
  devssh_packet_reader_consume (&wire->in);
  g_assert_cmpint (devssh_packet_reader_open (&wire->in, LIMIT, &packet), ==,
                   DEVSSH_PACKET_INCOMPLETE);
  g_assert_cmpuint (wire->in.sequence, ==, wire->out.sequence);
  g_assert_cmpuint (wire->in.messages, ==, wire->out.messages);
  g_assert_cmpuint (wire->in.flow, ==, wire->out.flow);
  g_assert_cmpuint (wire->in.packets, ==, wire->out.packets);
}

static void
test_packet_sizes (gconstpointer data)
{
  g_autoptr(Wire) wire = wire_new (data);
  g_autofree guint8 *bytes = g_malloc (LIMIT);

  fill (bytes, LIMIT);
  for (gsize size = 32; size <= 4096; size += 32)
    {
      round_trip (wire, bytes, size, 0);
      round_trip (wire, bytes, 9, size - 9);
    }
  for (gsize size = 1; size <= 70; size++)
    round_trip (wire, bytes, size, 0);
  /* Where only the padding crosses 2048, and where a body is composed or left where it lies. */
  round_trip (wire, bytes, 2032, 0);
  round_trip (wire, bytes, 9, 2023);
  round_trip (wire, bytes, 9, 1023);
  round_trip (wire, bytes, 9, 1024);
  round_trip (wire, bytes, 9, 1025);
  round_trip (wire, bytes, 9, 32768);
  round_trip (wire, bytes, 1, 200000);
  round_trip (wire, bytes, LIMIT - 64, 0);
}

/* Many in one read, and one in many. */
static void
test_packet_splits (gconstpointer data)
{
  g_autoptr(Wire) wire = wire_new (data);
  g_autofree guint8 *bytes = g_malloc (5000);
  DevSshPacket packet;

  fill (bytes, 5000);
  for (guint i = 1; i <= 50; i++)
    devssh_packet_writer_seal (&wire->out, bytes, i * 100, NULL, 0, NULL, 0);
  wire_move (wire);
  for (guint i = 1; i <= 50; i++)
    {
      g_assert_cmpint (devssh_packet_reader_open (&wire->in, LIMIT, &packet), ==,
                       DEVSSH_PACKET_OPENED);
      g_assert_cmpmem (packet.payload, packet.length, bytes, i * 100);
      devssh_packet_reader_consume (&wire->in);
    }

  for (guint i = 1; i <= 5; i++)
    {
      gsize size = devssh_packet_writer_seal (&wire->out, bytes, i * 77, NULL, 0, NULL, 0);

      for (gsize k = 0; k < size; k++)
        {
          g_assert_cmpint (devssh_packet_reader_open (&wire->in, LIMIT, &packet), ==,
                           DEVSSH_PACKET_INCOMPLETE);
          wire_feed (wire, wire->out.data + wire->out.start + k, 1);
        }
      devssh_packet_writer_sent (&wire->out, size);
      g_assert_cmpint (devssh_packet_reader_open (&wire->in, LIMIT, &packet), ==,
                       DEVSSH_PACKET_OPENED);
      g_assert_cmpmem (packet.payload, packet.length, bytes, i * 77);
      /* Asked again, it is the same packet, wherever it has been moved to. */
      wire_feed (wire, (const guint8 *) "", 0);
      g_assert_cmpint (devssh_packet_reader_open (&wire->in, LIMIT, &packet), ==,
                       DEVSSH_PACKET_OPENED);
      g_assert_cmpmem (packet.payload, packet.length, bytes, i * 77);
      devssh_packet_reader_consume (&wire->in);
    }
}

/* ---- T-10 ---- */

/* The first bytes of a packet that claims this length, as its mode puts them on the wire. */
static void
claim (Wire    *wire,
       guint32  length,
       guint8  *head)
{
  const DevSshCipherAlgorithm *cipher = wire->out.protection.cipher;
  guint32 number = GUINT32_TO_BE (length);

  memset (head, 0, 64);
  memcpy (head, &number, 4);
  if (cipher != NULL && g_str_has_prefix (cipher->name, "chacha20"))
    {
      /* A stream: what opens it seals it. */
      number = GUINT32_TO_BE (cipher->get_length (wire->out.protection.context, wire->out.sequence,
                                                  head));
      memcpy (head, &number, 4);
    }
  else if (cipher != NULL && !wire->mode->length_apart)
    {
      cipher->crypt (wire->out.protection.context, head, head, 64);
    }
}

static void
test_packet_length (gconstpointer data)
{
  const Mode *mode = data;
  static const guint32 lengths[] = {
    0, 1, 4, 5, 7, 8, 11, 12, 15, 16, 20, 28, 32, 33,
    LIMIT - 4, LIMIT - 1, LIMIT, LIMIT + 1, LIMIT + 12, LIMIT + 16,
    0x7fffffff, 0x80000000, 0xfffffff0, 0xfffffffc, 0xffffffff,
  };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr(Wire) wire = wire_new (mode);
      guint64 length = lengths[i];
      guint unit = mode->cipher == NULL ? 4 : mode->block;
      gboolean aligned = (length + (mode->length_apart ? 0 : 4)) % unit == 0;
      gboolean good = length >= 5 && length <= LIMIT && aligned;
      guint8 head[64];
      DevSshPacket packet;
      DevSshPacketStatus status;

      claim (wire, lengths[i], head);
      wire_feed (wire, head, mode->block == 8 ? 8 : 16);
      status = devssh_packet_reader_open (&wire->in, LIMIT, &packet);

      /* T-19 has its own test. A clear packet of 8 bytes is complete here; of what is in it,
       * T-11. */
      if (mode->cipher != NULL && g_str_equal (mode->cipher, "aes256-cbc") && !mode->length_apart)
        good = TRUE;
      if (good && (mode->cipher != NULL || length + 4 > 8))
        g_assert_cmpint (status, ==, DEVSSH_PACKET_INCOMPLETE);
      else if (!good)
        {
          g_assert_cmpint (status, ==, DEVSSH_PACKET_REFUSED);
          g_assert_cmpuint (wire->in.reason, ==, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
        }
    }
}

/* The Go library leaves the length field out of the alignment while nothing is encrypted. */
static void
test_packet_clear_alignment (void)
{
  for (guint length = 8; length < 40; length++)
    {
      g_autoptr(Wire) wire = wire_new (find_mode ("clear"));
      guint8 bytes[64] = { 0, 0, 0, length, 4, 2 };
      DevSshPacket packet;

      wire_feed (wire, bytes, 4 + length);
      if (length % 8 == 0 || length % 8 == 4)
        {
          g_assert_cmpint (devssh_packet_reader_open (&wire->in, LIMIT, &packet), ==,
                           DEVSSH_PACKET_OPENED);
          g_assert_cmpuint (packet.length, ==, length - 5);
        }
      else
        {
          g_assert_cmpint (devssh_packet_reader_open (&wire->in, LIMIT, &packet), ==,
                           DEVSSH_PACKET_REFUSED);
        }
    }
}

/* ---- T-11 ---- */

/* Seals text (padding length, payload, padding) with no care for what is in it. */
static gsize
seal_raw (Wire   *wire,
          guint8 *text,
          gsize   length,
          guint8 *out)
{
  const DevSshProtection *p = &wire->out.protection;
  guint32 number = GUINT32_TO_BE ((guint32) length);

  memcpy (out, &number, 4);
  memcpy (out + 4, text, length);
  if (p->cipher == NULL)
    return 4 + length;

  if (p->cipher->is_aead)
    {
      p->cipher->seal (p->context, wire->out.sequence, out, length, NULL, 0, 0);
    }
  else if (p->etm)
    {
      p->cipher->crypt (p->context, out + 4, out + 4, length);
      devssh_mac_compute (p->mac, wire->out.sequence, out, 4 + length, NULL, 0, out + 4 + length);
    }
  else
    {
      devssh_mac_compute (p->mac, wire->out.sequence, out, 4 + length, NULL, 0, out + 4 + length);
      p->cipher->crypt (p->context, out, out, 4 + length);
    }

  return 4 + length + p->tag_size;
}

static void
test_packet_padding (gconstpointer data)
{
  const Mode *mode = data;
  gsize length = mode->length_apart ? 48 : 44;

  for (guint padding = 0; padding < 256; padding++)
    {
      g_autoptr(Wire) wire = wire_new (mode);
      guint8 text[64] = { 0 }, out[256];
      DevSshPacket packet;
      DevSshPacketStatus status;

      text[0] = padding;
      text[1] = DEVSSH_MESSAGE_IGNORE;
      wire_feed (wire, out, seal_raw (wire, text, length, out));
      status = devssh_packet_reader_open (&wire->in, LIMIT, &packet);

      /* The payload has at least its number. */
      if (padding >= 4 && padding <= length - 2)
        {
          g_assert_cmpint (status, ==, DEVSSH_PACKET_OPENED);
          g_assert_cmpuint (packet.length, ==, length - 1 - padding);
          g_assert_cmpuint (packet.payload[0], ==, DEVSSH_MESSAGE_IGNORE);
        }
      else
        {
          g_assert_cmpint (status, ==, DEVSSH_PACKET_REFUSED);
          g_assert_cmpuint (wire->in.reason, ==, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR);
        }
    }
}

/* 255 bytes of padding are legal, if nobody's habit. */
static void
test_packet_padding_most (gconstpointer data)
{
  const Mode *mode = data;
  gsize length = mode->length_apart ? 272 : 268;
  g_autoptr(Wire) wire = wire_new (mode);
  guint8 text[300] = { 255, 2 }, out[400];
  DevSshPacket packet;

  wire_feed (wire, out, seal_raw (wire, text, length, out));
  g_assert_cmpint (devssh_packet_reader_open (&wire->in, LIMIT, &packet), ==, DEVSSH_PACKET_OPENED);
  g_assert_cmpuint (packet.length, ==, length - 256);
}

/* Padding comes from the generator: a thousand equal packets in the clear differ there. */
static void
test_packet_padding_random (void)
{
  g_autoptr(Wire) wire = wire_new (find_mode ("clear"));
  g_autoptr(GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  static const guint8 payload[] = { 2, 0, 0, 0, 0 };

  for (guint i = 0; i < 1000; i++)
    {
      gsize size = devssh_packet_writer_seal (&wire->out, payload, sizeof payload, NULL, 0, NULL, 0);

      g_hash_table_add (seen, g_base64_encode (wire->out.data + wire->out.end - 6, 6));
      g_assert_cmpuint (size, ==, 16);
      devssh_packet_writer_sent (&wire->out, size);
    }
  g_assert_cmpuint (g_hash_table_size (seen), >, 990);
}

/* ---- T-18, T-19 ---- */

/* Feeds until the packet is refused; returns how many bytes that took, of which all after the
 * packet are zero. */
static gsize
feed_until_refused (Wire         *wire,
                    const guint8 *sealed,
                    gsize         size)
{
  static const guint8 zeros[4096];
  DevSshPacket packet;
  DevSshPacketStatus status;
  gsize fed = size;

  wire_feed (wire, sealed, size);
  while ((status = devssh_packet_reader_open (&wire->in, LIMIT,
                                              &packet)) == DEVSSH_PACKET_INCOMPLETE)
    {
      gsize more = fed % 4096 == 0 ? 4096 : 4096 - fed % 4096;

      g_assert_cmpuint (fed, <, 2 * LIMIT);
      wire_feed (wire, zeros, more);
      fed += more;
    }
  g_assert_cmpint (status, ==, DEVSSH_PACKET_REFUSED);

  return fed;
}

static void
test_packet_tampered (gconstpointer data)
{
  const Mode *mode = data;
  guint8 payload[100];
  gsize first_fed = 0;

  fill (payload, sizeof payload);
  for (guint position = 0; position < 9; position++)
    {
      g_autoptr(Wire) wire = wire_new (mode);
      g_autofree guint8 *sealed = NULL;
      DevSshPacket packet;
      gsize size, tag, fed;

      /* A good one first, so the counters are not where they began. */
      round_trip (wire, payload, 50, 0);
      size = devssh_packet_writer_seal (&wire->out, payload, sizeof payload, NULL, 0, NULL, 0);
      tag = wire->out.protection.tag_size;
      sealed = g_memdup2 (wire->out.data + wire->out.start, size);

      {
        const gsize positions[9] = { 4, 5, 6, 50, 104, 105, size - tag - 1, size - tag, size - 1 };

        sealed[positions[position]] ^= 0x40;
      }

      fed = feed_until_refused (wire, sealed, size);
      if (position == 0)
        first_fed = fed;
      g_assert_cmpuint (fed, ==, first_fed);
      g_assert_cmpuint (wire->in.reason, ==, DEVSSH_DISCONNECT_REASON_MAC_ERROR);
      g_assert_cmpstr (wire->in.text, ==, "Wrong MAC");
      g_assert_cmpuint (wire->in.messages, ==, 1);
      /* Nothing unverified is let out. */
      if (mode->length_apart)
        g_assert_false (find_bytes (wire->in.buffer->data + wire->in.start, size, payload + 60,
                                    30));
      g_assert_cmpint (devssh_packet_reader_open (&wire->in, LIMIT, &packet), !=,
                       DEVSSH_PACKET_OPENED);
    }
}

/* A packet that is lost, repeated or of another place does not verify either. */
static void
test_packet_out_of_order (gconstpointer data)
{
  const Mode *mode = data;
  guint8 payload[100];

  fill (payload, sizeof payload);
  for (guint what = 0; what < 2; what++)
    {
      g_autoptr(Wire) wire = wire_new (mode);
      gsize size = devssh_packet_writer_seal (&wire->out, payload, 43, NULL, 0, NULL, 0);
      g_autofree guint8 *first = g_memdup2 (wire->out.data, size);
      gsize second_size = devssh_packet_writer_seal (&wire->out, payload, 43, NULL, 0, NULL, 0);
      g_autofree guint8 *second = g_memdup2 (wire->out.data + size, second_size);
      DevSshPacket packet;

      if (what == 0)
        {
          feed_until_refused (wire, second, second_size);
        }
      else
        {
          wire_feed (wire, first, size);
          g_assert_cmpint (devssh_packet_reader_open (&wire->in, LIMIT, &packet), ==,
                           DEVSSH_PACKET_OPENED);
          devssh_packet_reader_consume (&wire->in);
          feed_until_refused (wire, first, size);
        }
    }
}

/* With CBC and encrypt-and-MAC a bad length and a bad MAC are one and the same, after the same
 * number of bytes. */
static void
test_packet_cbc_discards (void)
{
  static const guint32 lengths[] = { 0, 1, 5, 13, LIMIT + 1, LIMIT + 12, 0x80000000, 0xffffffff, 12,
                                     28, 1020, 0 };
  const Mode *mode = find_mode ("cbc");

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr(Wire) wire = wire_new (mode);
      guint8 head[64];
      DevSshPacket packet;
      gsize limit = 4 + LIMIT + 32, fed;

      claim (wire, lengths[i], head);
      wire_feed (wire, head, 64);
      for (fed = 64; fed < limit; fed++)
        {
          static const guint8 zeros[1000];

          if (fed + 1000 < limit)
            {
              wire_feed (wire, zeros, 1000);
              fed += 999;
              continue;
            }
          g_assert_cmpint (devssh_packet_reader_open (&wire->in, LIMIT, &packet), ==,
                           DEVSSH_PACKET_INCOMPLETE);
          wire_feed (wire, zeros, 1);
        }
      g_assert_cmpint (devssh_packet_reader_open (&wire->in, LIMIT, &packet), ==,
                       DEVSSH_PACKET_REFUSED);
      g_assert_cmpuint (wire->in.reason, ==, DEVSSH_DISCONNECT_REASON_MAC_ERROR);
      g_assert_cmpstr (wire->in.text, ==, "Wrong MAC");
    }
}

/* ---- T-20, T-23: counters ---- */

static void
test_packet_counters (gconstpointer data)
{
  const Mode *mode = data;
  g_autoptr(Wire) wire = wire_new (mode);
  DevSshProtection protection;
  guint8 payload[20];

  fill (payload, sizeof payload);

  /* The 32-bit number wraps, the 64-bit one does not. */
  wire->out.sequence = wire->in.sequence = 0xfffffffe;
  wire->out.messages = wire->in.messages = 0xfffffffe;
  for (guint i = 0; i < 4; i++)
    round_trip (wire, payload, sizeof payload, 0);
  g_assert_cmpuint (wire->out.sequence, ==, 2);
  g_assert_cmpuint (wire->out.messages, ==, G_GUINT64_CONSTANT (0x100000002));

  /* New keys: flow and packets begin anew; the packet number only if exchange is strict; messages
   * never. */
  for (guint strict = 0; strict < 2; strict++)
    {
      make_protection (wire, TRUE, &protection);
      devssh_packet_writer_set_keys (&wire->out, &protection, strict);
      make_protection (wire, FALSE, &protection);
      devssh_packet_reader_set_keys (&wire->in, &protection, strict);
      g_assert_cmpuint (wire->out.flow + wire->out.packets, ==, 0);
      g_assert_cmpuint (wire->out.sequence, ==, strict ? 0 : 2);
      g_assert_cmpuint (wire->in.messages, ==, G_GUINT64_CONSTANT (0x100000002) + strict);
      round_trip (wire, payload, sizeof payload, 0);
      g_assert_cmpuint (wire->in.packets, ==, 1);
      wire->out.sequence = wire->in.sequence = 2;
    }
}

/* The GCM counter carries over all of its eight bytes, and no IV comes twice. */
static void
test_packet_gcm_counter (void)
{
  static const guint8 ivs[][16] = {
    { 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0xff },
    { 1, 2, 3, 4, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff },
    { 1, 2, 3, 4, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
  };
  guint8 payload[20];

  fill (payload, sizeof payload);
  for (guint i = 0; i < G_N_ELEMENTS (ivs); i++)
    {
      g_autoptr(Wire) wire = wire_new (find_mode ("gcm"));
      DevSshProtection protection;

      memcpy (wire->iv, ivs[i], 16);
      make_protection (wire, TRUE, &protection);
      devssh_packet_writer_set_keys (&wire->out, &protection, TRUE);
      make_protection (wire, FALSE, &protection);
      devssh_packet_reader_set_keys (&wire->in, &protection, TRUE);
      for (guint k = 0; k < 3; k++)
        round_trip (wire, payload, sizeof payload, 0);
    }
}

/* ---- buffers ---- */

static void
test_packet_output (void)
{
  g_autoptr(Wire) wire = wire_new (find_mode ("clear"));
  g_autofree guint8 *bytes = g_malloc (10000);
  guint8 *data;

  fill (bytes, 10000);
  g_assert_null (wire->out.data);

  /* Grows while nothing leaves, and then stays. */
  for (guint i = 0; i < 10; i++)
    devssh_packet_writer_seal (&wire->out, bytes, 1000, NULL, 0, NULL, 0);
  g_assert_cmpuint (wire->out.size, ==, 16384);
  data = NULL;
  for (guint i = 0; i < 1000; i++)
    {
      devssh_packet_writer_sent (&wire->out, 1016);
      devssh_packet_writer_seal (&wire->out, bytes, 1000, NULL, 0, NULL, 0);
      if (i == 100)
        data = wire->out.data;
    }
  g_assert_true (wire->out.data == data);
  g_assert_cmpuint (wire->out.size, ==, 32768);
  g_assert_cmpuint (devssh_packet_writer_get_waiting (&wire->out), ==, 10 * 1016);

  /* What waits is not given back. */
  devssh_packet_writer_trim (&wire->out);
  g_assert_true (wire->out.data == data);
  devssh_packet_writer_sent (&wire->out, 10 * 1016);
  devssh_packet_writer_trim (&wire->out);
  g_assert_null (wire->out.data);
  g_assert_cmpuint (wire->out.size, ==, 0);
}

/* A buffer with a slice on loan is neither moved nor refilled. */
static void
test_packet_loan (void)
{
  g_autoptr(Wire) wire = wire_new (find_mode ("gcm"));
  g_autoptr(GBytes) slice = NULL;
  g_autofree guint8 *copy = NULL;
  guint8 payload[500];
  DevSshPacket packet;
  DevSshBuffer *lent;
  gsize half;

  fill (payload, sizeof payload);
  devssh_packet_writer_seal (&wire->out, payload, 300, NULL, 0, NULL, 0);
  wire_move (wire);
  g_assert_cmpint (devssh_packet_reader_open (&wire->in, LIMIT, &packet), ==, DEVSSH_PACKET_OPENED);
  lent = wire->in.buffer;
  slice = devssh_buffer_slice (lent, packet.payload, packet.length);
  devssh_packet_reader_consume (&wire->in);

  /* Half a packet comes into the new buffer, its other half and more after that. */
  half = devssh_packet_writer_seal (&wire->out, payload, 500, NULL, 0, NULL, 0) / 2;
  wire_feed (wire, wire->out.data + wire->out.start, half);
  g_assert_true (wire->in.buffer != lent);
  devssh_packet_writer_sent (&wire->out, half);
  wire_move (wire);
  g_assert_cmpint (devssh_packet_reader_open (&wire->in, LIMIT, &packet), ==, DEVSSH_PACKET_OPENED);
  g_assert_cmpmem (packet.payload, packet.length, payload, 500);
  devssh_packet_reader_consume (&wire->in);
  g_assert_cmpmem (g_bytes_get_data (slice, NULL), g_bytes_get_size (slice), payload, 300);

  /* A part of a packet goes along. */
  half = devssh_packet_writer_seal (&wire->out, payload, 500, NULL, 0, NULL, 0) / 2;
  wire_feed (wire, wire->out.data + wire->out.start, half);
  devssh_packet_writer_sent (&wire->out, half);
  g_assert_cmpint (devssh_packet_reader_open (&wire->in, LIMIT, &packet), ==,
                   DEVSSH_PACKET_INCOMPLETE);
  lent = devssh_buffer_ref (wire->in.buffer);
  wire_move (wire);
  g_assert_true (wire->in.buffer != lent);
  g_assert_cmpint (devssh_packet_reader_open (&wire->in, LIMIT, &packet), ==, DEVSSH_PACKET_OPENED);
  g_assert_cmpmem (packet.payload, packet.length, payload, 500);
  devssh_packet_reader_consume (&wire->in);
  devssh_buffer_unref (lent);

  /* Nothing unread, nothing kept. */
  devssh_packet_reader_trim (&wire->in);
  g_assert_null (wire->in.buffer);
}

static void
add_for_modes (const char    *name,
               GTestDataFunc  func,
               gboolean       clear_too)
{
  for (guint i = clear_too ? 0 : 1; i < G_N_ELEMENTS (modes); i++)
    {
      g_autofree char *path = g_strconcat ("/transport/packet/", name, "/", modes[i].name, NULL);

      g_test_add_data_func (path, &modes[i], func);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_for_modes ("sizes/E-04/E-07", test_packet_sizes, TRUE);
  add_for_modes ("splits/T-02", test_packet_splits, TRUE);
  add_for_modes ("length/T-10/E-01", test_packet_length, TRUE);
  g_test_add_func ("/transport/packet/clear-alignment/T-10", test_packet_clear_alignment);
  add_for_modes ("padding/T-11/E-01", test_packet_padding, TRUE);
  add_for_modes ("padding-most/T-11", test_packet_padding_most, TRUE);
  g_test_add_func ("/transport/packet/padding-random/T-11", test_packet_padding_random);
  add_for_modes ("tampered/T-18/E-02", test_packet_tampered, FALSE);
  add_for_modes ("out-of-order/T-18", test_packet_out_of_order, FALSE);
  g_test_add_func ("/transport/packet/cbc-discards/T-19", test_packet_cbc_discards);
  add_for_modes ("counters/T-20/T-23", test_packet_counters, TRUE);
  g_test_add_func ("/transport/packet/gcm-counter/T-20", test_packet_gcm_counter);
  g_test_add_func ("/transport/packet/output", test_packet_output);
  g_test_add_func ("/transport/packet/loan", test_packet_loan);

  return g_test_run ();
}
