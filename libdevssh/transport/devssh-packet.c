/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frame, pad, seal and open, in the clear and in the three ways to protect a packet:
 * encrypt-and-MAC (RFC 4253, 6), encrypt-then-MAC, and AEAD (RFC 5647 as OpenSSH does it). */
#include <libdevssh/transport/devssh-packet-private.h>

#include <string.h>
#include <libdevssh/crypto/devssh-secret-private.h>
#include <libdevssh/wire/devssh-numbers.h>
#include <libdevssh/wire/devssh-uint32-private.h>

#define MIN_BLOCK    8      /* RFC 4253, 6: "the cipher block size or 8, whichever is larger" */
#define MIN_PADDING  4      /* RFC 4253, 6: "at least four bytes of padding" */
#define MIN_LENGTH   5      /* padding_length and four bytes of padding */
#define FIRST_OUTPUT 1024   /* a handshake's messages fit after one more step */
#define SMALL_OUTPUT 32768  /* beyond this it is bulk data that leaves */
#define BIG_BLOCK    65536  /* T-48: from here on running out of memory is an error, not the end */
#define SMALL_BODY   1024   /* below this a copy costs less than two more calls into the cipher */

void
devssh_protection_init (DevSshProtection            *self,
                        const DevSshCipherAlgorithm *cipher,
                        const guint8                *key,
                        const guint8                *iv,
                        const DevSshMacAlgorithm    *mac_algorithm,
                        const guint8                *mac_key,
                        gboolean                     seal)
{
  memset (self, 0, sizeof *self);
  self->cipher = cipher;
  self->context = cipher->create (cipher, key, iv, seal);
  self->block = MAX (MIN_BLOCK, cipher->block_size);

  if (cipher->is_aead)
    {
      self->tag_size = cipher->tag_size;
    }
  else
    {
      self->mac = devssh_mac_new (mac_algorithm, mac_key);
      self->etm = mac_algorithm->etm;
      self->tag_size = mac_algorithm->size;
    }

  self->length_apart = cipher->is_aead || self->etm;
}

void
devssh_protection_clear (DevSshProtection *self)
{
  if (self->context != NULL)
    self->cipher->destroy (self->context);
  g_clear_pointer (&self->mac, devssh_mac_free);
  memset (self, 0, sizeof *self);
}

static void
protection_replace (DevSshProtection *self,
                    DevSshProtection *keys)
{
  devssh_protection_clear (self);
  *self = *keys;
  memset (keys, 0, sizeof *keys);
}

/* ---- sending ---- */

static void
writer_release (DevSshPacketWriter *self)
{
  if (self->buffer != NULL)
    g_clear_pointer (&self->buffer, devssh_buffer_unref);
  else
    g_free (self->data);
  self->data = NULL;
  self->size = 0;
}

void
devssh_packet_writer_clear (DevSshPacketWriter *self)
{
  devssh_protection_clear (&self->protection);
  writer_release (self);
  self->start = self->end = 0;
}

/* Bulk data goes into a block of the pool, at once and not by doubling: fresh memory is touched page by page
 * each time, which was a tenth of all that a fast sender did. */
static gboolean
writer_wants_pool (const DevSshPacketWriter *self,
                   gsize                     needed)
{
  return self->pool != NULL && self->buffer == NULL && needed > SMALL_OUTPUT && needed <= DEVSSH_BUFFER_SIZE;
}

/* Room for length more bytes: moved down if at least half has left, else twice the size. So no byte
 * is moved more often than another one leaves. */
static gboolean
writer_reserve (DevSshPacketWriter *self,
                gsize               length)
{
  gsize waiting = self->end - self->start;
  guint8 *data;
  gsize size;

  if (self->size - self->end >= length)
    return TRUE;

  if (self->start >= waiting && self->size - waiting >= length)
    {
      memmove (self->data, self->data + self->start, waiting);
    }
  else
    {
      DevSshBuffer *buffer = NULL;

      if (writer_wants_pool (self, waiting + length))
        {
          buffer = devssh_buffer_new (self->pool);
          data = buffer->data;
          size = buffer->size;
        }
      else
        {
          size = MAX (FIRST_OUTPUT, 2 * self->size);
          while (size - waiting < length)
            size *= 2;
          data = size < BIG_BLOCK ? g_malloc (size) : g_try_malloc (size);
        }

      if (data == NULL)
        {
          self->broken = TRUE;
          return FALSE;
        }

      if (waiting > 0)
        memcpy (data, self->data + self->start, waiting);
      writer_release (self);
      self->buffer = buffer;
      self->data = data;
      self->size = size;
    }

  self->start = 0;
  self->end = waiting;

  return TRUE;
}

void
devssh_packet_writer_append (DevSshPacketWriter *self,
                             const guint8       *data,
                             gsize               length)
{
  if (!writer_reserve (self, length))
    return;

  memcpy (self->data + self->end, data, length);
  self->end += length;
}

/* Encrypts `length` bytes at out, of which the body lies elsewhere as yet. */
static void
encrypt_with_body (const DevSshProtection *protection,
                   guint8                 *out,
                   gsize                   head,
                   const guint8           *body,
                   gsize                   body_length,
                   gsize                   tail)
{
  /* CBC wants whole blocks, and small bodies are composed first. */
  if (protection->cipher->is_cbc || body_length <= SMALL_BODY)
    {
      if (body_length > 0)
        memcpy (out + head, body, body_length);
      protection->cipher->crypt (protection->context, out, out, head + body_length + tail);
    }
  else
    {
      protection->cipher->crypt (protection->context, out, out, head);
      protection->cipher->crypt (protection->context, out + head, body, body_length);
      protection->cipher->crypt (protection->context, out + head + body_length,
                                 out + head + body_length, tail);
    }
}

gsize
devssh_packet_writer_seal (DevSshPacketWriter *self,
                           const guint8       *head,
                           gsize               head_length,
                           const guint8       *body,
                           gsize               body_length,
                           const guint8       *tail,
                           gsize               tail_length)
{
  const DevSshProtection *p = &self->protection;
  guint block = p->cipher != NULL ? p->block : MIN_BLOCK;
  gsize payload = head_length + body_length + tail_length;
  gsize aligned = (p->length_apart ? 1 : 5) + payload;
  guint padding = block - aligned % block;
  guint32 length;
  gsize total;
  guint8 *out;

  if (padding < MIN_PADDING)
    padding += block;
  length = 1 + payload + padding;
  total = 4 + (gsize) length + p->tag_size;

  if (!writer_reserve (self, total))
    return 0;

  out = self->data + self->end;
  devssh_uint32_store (out, length);
  out[4] = padding;
  memcpy (out + 5, head, head_length);
  if (tail_length > 0)
    memcpy (out + 5 + head_length + body_length, tail, tail_length);
  devssh_random (out + 4 + length - padding, padding);

  if (p->cipher == NULL)
    {
      if (body_length > 0)
        memcpy (out + 5 + head_length, body, body_length);
    }
  else if (p->cipher->is_aead)
    {
      p->cipher->seal (p->context, self->sequence, out, 1 + head_length,
                       body_length > 0 ? body : NULL, body_length, tail_length + padding);
    }
  else if (p->etm)
    {
      encrypt_with_body (p, out + 4, 1 + head_length, body, body_length, tail_length + padding);
      devssh_mac_compute (p->mac, self->sequence, out, 4 + (gsize) length, NULL, 0,
                          out + 4 + length);
    }
  else
    {
      /* RFC 4253, 6.4: the MAC is over the unencrypted packet, so that must be there in one
       * piece. */
      if (body_length > 0)
        memcpy (out + 5 + head_length, body, body_length);
      devssh_mac_compute (p->mac, self->sequence, out, 4 + (gsize) length, NULL, 0,
                          out + 4 + length);
      p->cipher->crypt (p->context, out, out, 4 + (gsize) length);
    }

  self->end += total;
  self->sequence++;
  self->messages++;
  self->packets++;
  self->flow += length;

  return total;
}

void
devssh_packet_writer_set_keys (DevSshPacketWriter *self,
                               DevSshProtection   *keys,
                               gboolean            reset_sequence)
{
  protection_replace (&self->protection, keys);
  self->flow = 0;
  self->packets = 0;
  if (reset_sequence)
    self->sequence = 0;
}

void
devssh_packet_writer_sent (DevSshPacketWriter *self,
                           gsize               length)
{
  g_return_if_fail (length <= self->end - self->start);

  self->start += length;
  if (self->start == self->end)
    self->start = self->end = 0;
}

void
devssh_packet_writer_drop (DevSshPacketWriter *self)
{
  writer_release (self);
  self->start = self->end = 0;
}

void
devssh_packet_writer_trim (DevSshPacketWriter *self)
{
  if (self->start == self->end)
    devssh_packet_writer_drop (self);
}

/* ---- receiving ---- */

void
devssh_packet_reader_init (DevSshPacketReader *self,
                           DevSshBufferPool   *pool)
{
  memset (self, 0, sizeof *self);
  self->pool = devssh_buffer_pool_ref (pool);
}

/* T-82: an opened packet that nobody has taken yet may hold a password, and must not stay behind where it lay. */
static void
reader_wipe_opened (DevSshPacketReader *self)
{
  if (self->opened)
    devssh_wipe (self->buffer->data + self->start, 4 + (gsize) self->length);
}

void
devssh_packet_reader_clear (DevSshPacketReader *self)
{
  reader_wipe_opened (self);
  devssh_protection_clear (&self->protection);
  g_clear_pointer (&self->buffer, devssh_buffer_unref);
  g_clear_pointer (&self->pool, devssh_buffer_pool_unref);
  self->start = self->end = 0;
}

guint8 *
devssh_packet_reader_get_space (DevSshPacketReader *self,
                                gsize              *size)
{
  gsize rest = self->end - self->start;

  if (self->buffer == NULL)
    {
      self->buffer = devssh_buffer_new (self->pool);
      self->start = self->end = 0;
    }
  else if (devssh_buffer_is_shared (self->buffer))
    {
      /* A buffer with a slice on loan is neither moved nor refilled. */
      DevSshBuffer *fresh = devssh_buffer_new (self->pool);

      memcpy (fresh->data, self->buffer->data + self->start, rest);
      reader_wipe_opened (self);
      devssh_buffer_unref (self->buffer);
      self->buffer = fresh;
      self->start = 0;
      self->end = rest;
    }
  else if (rest == 0)
    {
      self->start = self->end = 0;
    }
  else if (self->start > 0 && self->buffer->size - self->end < self->buffer->size / 2)
    {
      memmove (self->buffer->data, self->buffer->data + self->start, rest);
      if (self->opened)
        devssh_wipe (self->buffer->data + rest, self->start);
      self->start = 0;
      self->end = rest;
    }

  *size = self->buffer->size - self->end;

  return self->buffer->data + self->end;
}

void
devssh_packet_reader_received (DevSshPacketReader *self,
                               gsize               length)
{
  g_return_if_fail (self->buffer != NULL && length <= self->buffer->size - self->end);

  self->end += length;
}

static DevSshPacketStatus
refuse (DevSshPacketReader *self,
        guint32             reason,
        const char         *text)
{
  self->reason = reason;
  self->text = text;

  return DEVSSH_PACKET_REFUSED;
}

/* T-19: with CBC and encrypt-and-MAC a wrong length and a wrong MAC must look the same, so both are
 * acted upon when as much has come as the largest packet holds, with the code and the work of a
 * wrong MAC. */
static void
doom (DevSshPacketReader *self,
      guint32             limit,
      gsize               verified)
{
  self->discard = 4 + (gsize) limit + self->protection.tag_size;
  self->discard_work = 4 + (gsize) limit - verified;
}

static DevSshPacketStatus
continue_discarding (DevSshPacketReader *self)
{
  guint8 tag[DEVSSH_HASH_MAX_SIZE];
  gsize available = MIN (self->end - self->start, self->discard);

  self->start += available;
  self->discard -= available;
  if (self->discard > 0)
    return DEVSSH_PACKET_INCOMPLETE;

  devssh_mac_compute (self->protection.mac, self->sequence, self->buffer->data,
                      MIN (self->discard_work, self->buffer->size), NULL, 0, tag);
  self->discard = 1;   /* it stays so */

  return refuse (self, DEVSSH_DISCONNECT_REASON_MAC_ERROR, "Wrong MAC");
}

/* T-10: before any use of the length. */
static gboolean
length_is_good (const DevSshProtection *p,
                guint32                 length,
                guint32                 limit)
{
  if (length < MIN_LENGTH || length > limit)
    return FALSE;

  /* In the clear the Go library leaves the length field out of the alignment. */
  if (p->cipher == NULL)
    return length % MIN_BLOCK == 4 || length % MIN_BLOCK == 0;

  if (p->length_apart)
    return length % p->block == 0;

  return (4 + (guint64) length) % p->block == 0;
}

/* Learns the length of the packet at the head of the input. */
static DevSshPacketStatus
read_length (DevSshPacketReader *self,
             guint32             limit)
{
  const DevSshProtection *p = &self->protection;
  gboolean hidden = p->cipher != NULL && !p->length_apart;
  guint8 *data;
  guint32 length;

  if (self->end - self->start < (hidden ? p->block : 4))
    return DEVSSH_PACKET_INCOMPLETE;

  data = self->buffer->data + self->start;
  if (hidden)
    p->cipher->crypt (p->context, data, data, p->block);

  if (p->cipher != NULL && p->cipher->is_aead)
    length = p->cipher->get_length (p->context, self->sequence, data);
  else
    length = devssh_uint32_load (data);

  if (!length_is_good (p, length, limit))
    {
      if (!hidden || !p->cipher->is_cbc)
        return refuse (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "Bad packet length");

      doom (self, limit, 0);
      return DEVSSH_PACKET_INCOMPLETE;
    }

  self->length = length;

  return DEVSSH_PACKET_OPENED;
}

/* Decrypts and verifies; what is not verified is not looked at (T-18). */
static gboolean
unprotect (DevSshPacketReader *self,
           guint8             *data)
{
  const DevSshProtection *p = &self->protection;
  gsize size = 4 + (gsize) self->length;

  if (p->cipher == NULL)
    return TRUE;

  if (p->cipher->is_aead)
    return p->cipher->open (p->context, self->sequence, data, self->length);

  if (p->etm)
    {
      if (!devssh_mac_verify (p->mac, self->sequence, data, size, data + size))
        return FALSE;
      p->cipher->crypt (p->context, data + 4, data + 4, self->length);
      return TRUE;
    }

  p->cipher->crypt (p->context, data + p->block, data + p->block, size - p->block);

  return devssh_mac_verify (p->mac, self->sequence, data, size, data + size);
}

DevSshPacketStatus
devssh_packet_reader_open (DevSshPacketReader *self,
                           guint32             limit,
                           DevSshPacket       *packet)
{
  const DevSshProtection *p = &self->protection;
  guint8 *data;
  gsize padding;

  if (self->discard > 0)
    return continue_discarding (self);

  if (self->length == 0)
    {
      DevSshPacketStatus status = read_length (self, limit);

      if (self->discard > 0)
        return continue_discarding (self);
      if (status != DEVSSH_PACKET_OPENED)
        return status;
    }

  if (self->end - self->start < 4 + (gsize) self->length + p->tag_size)
    return DEVSSH_PACKET_INCOMPLETE;

  data = self->buffer->data + self->start;
  if (!self->opened)
    {
      if (!unprotect (self, data))
        {
          if (p->length_apart || !p->cipher->is_cbc)
            return refuse (self, DEVSSH_DISCONNECT_REASON_MAC_ERROR, "Wrong MAC");

          doom (self, limit, 4 + (gsize) self->length);
          return continue_discarding (self);
        }
      self->opened = TRUE;
    }

  /* T-11: RFC 4253, 6 wants four bytes of padding, and a message has at least its number. */
  padding = data[4];
  if (padding < MIN_PADDING || padding + 2 > self->length)
    return refuse (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "Bad padding length");

  packet->payload = data + 5;
  packet->length = self->length - 1 - padding;
  packet->sequence = self->sequence;
  packet->wire_size = 4 + (gsize) self->length + p->tag_size;

  return DEVSSH_PACKET_OPENED;
}

void
devssh_packet_reader_consume (DevSshPacketReader *self)
{
  g_return_if_fail (self->opened);

  self->start += 4 + (gsize) self->length + self->protection.tag_size;
  self->sequence++;
  self->messages++;
  self->packets++;
  self->flow += self->length;
  self->length = 0;
  self->opened = FALSE;
}

void
devssh_packet_reader_skip (DevSshPacketReader *self,
                           gsize               length)
{
  g_return_if_fail (length <= self->end - self->start);

  self->start += length;
}

void
devssh_packet_reader_drop (DevSshPacketReader *self)
{
  reader_wipe_opened (self);
  g_clear_pointer (&self->buffer, devssh_buffer_unref);
  self->start = self->end = 0;
  self->length = 0;
  self->opened = FALSE;
}

void
devssh_packet_reader_set_keys (DevSshPacketReader *self,
                               DevSshProtection   *keys,
                               gboolean            reset_sequence)
{
  protection_replace (&self->protection, keys);
  self->flow = 0;
  self->packets = 0;
  if (reset_sequence)
    self->sequence = 0;
}

void
devssh_packet_reader_trim (DevSshPacketReader *self)
{
  if (self->start != self->end)
    return;

  g_clear_pointer (&self->buffer, devssh_buffer_unref);
  self->start = self->end = 0;
}
