/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The binary packet of RFC 4253, 6: framing, padding, sealing and opening, each direction by
 * itself.
 *
 * A writer seals into one output buffer, a reader opens packets where they lie in a receive buffer.
 * Neither knows what a message means. Two counters each: `sequence` is the 32-bit packet number
 * that MACs use, set to 0 by strict key exchange; `messages` counts every packet and never goes
 * back. */
#pragma once

#include <libdevssh/base/devssh-buffer-private.h>
#include <libdevssh/crypto/devssh-algorithms-private.h>

G_BEGIN_DECLS

/* What one key exchange gives to one direction. All zero: packets travel in the clear. */
typedef struct
{
  const DevSshCipherAlgorithm *cipher;
  gpointer                     context;        /* keyed once, for all packets */
  DevSshMac                   *mac;            /* NULL in the clear and with AEAD */
  gboolean                     etm;
  guint                        tag_size;       /* bytes behind the packet: MAC or tag */
  guint                        block;          /* padding goes up to a multiple of this */
  /* the length field takes no part in that: AEAD, EtM */
  gboolean                     length_apart;
} DevSshProtection;

/* mac_algorithm and mac_key are not looked at for an AEAD. */
void devssh_protection_init  (DevSshProtection            *self,
                              const DevSshCipherAlgorithm *cipher,
                              const guint8                *key,
                              const guint8                *iv,
                              const DevSshMacAlgorithm    *mac_algorithm,
                              const guint8                *mac_key,
                              gboolean                     seal);
void devssh_protection_clear (DevSshProtection            *self);

/* ---- sending ---- */
typedef struct
{
  DevSshProtection  protection;
  guint32           sequence;
  guint64           messages;
  guint64           flow;       /* sum of packet_length since NEWKEYS */
  guint64           packets;    /* since NEWKEYS */
  DevSshBufferPool *pool;       /* borrowed; NULL: memory of its own whatever the size */
  DevSshBuffer     *buffer;     /* where data lies, if it is the pool's */
  guint8           *data;       /* output: what is between start and end has not left yet */
  gsize             start, end, size;
  gboolean          broken;     /* no memory for more output (T-48) */
} DevSshPacketWriter;

void     devssh_packet_writer_clear    (DevSshPacketWriter *self);
/* Bytes that are no packet: the version line. */
void     devssh_packet_writer_append   (DevSshPacketWriter *self,
                                        const guint8       *data,
                                        gsize               length);
/* Seals head || body || tail as one packet behind what is there; body is read from where it lies.
 * Returns its size on the wire. */
gsize    devssh_packet_writer_seal     (DevSshPacketWriter *self,
                                        const guint8       *head,
                                        gsize               head_length,
                                        const guint8       *body,
                                        gsize               body_length,
                                        const guint8       *tail,
                                        gsize               tail_length);
/* Drops what has not left, for there is nowhere to go. */
void     devssh_packet_writer_drop     (DevSshPacketWriter *self);
/* Takes over *keys, which is all zero afterwards. */
void     devssh_packet_writer_set_keys (DevSshPacketWriter *self,
                                        DevSshProtection   *keys,
                                        gboolean            reset_sequence);
void     devssh_packet_writer_sent     (DevSshPacketWriter *self,
                                        gsize               length);
void     devssh_packet_writer_trim     (DevSshPacketWriter *self);

static inline gsize
devssh_packet_writer_get_waiting (const DevSshPacketWriter *self)
{
  return self->end - self->start;
}

/* ---- receiving ---- */
typedef enum
{
  DEVSSH_PACKET_INCOMPLETE,     /* more bytes are needed */
  DEVSSH_PACKET_OPENED,
  DEVSSH_PACKET_REFUSED         /* reason and text say why; nothing of it was let out */
} DevSshPacketStatus;

typedef struct
{
  DevSshProtection   protection;
  guint32            sequence;
  guint64            messages;
  guint64            flow;
  guint64            packets;
  DevSshBufferPool  *pool;
  /* NULL while nothing is there; bytes between start and end are not consumed yet */
  DevSshBuffer      *buffer;
  gsize              start, end;
  guint32            length;          /* packet_length of the packet at start; 0: not known yet */
  gboolean           opened;          /* it is open: payload lies at start + 5 */
  /* T-19: refused, but not before so many bytes more have come */
  gsize              discard;
  gsize              discard_work;    /* and so many more have gone through the MAC */
  guint32            reason;
  const char        *text;
} DevSshPacketReader;

typedef struct
{
  guint8  *payload;
  gsize    length;
  guint32  sequence;
  gsize    wire_size;
} DevSshPacket;

void               devssh_packet_reader_init      (DevSshPacketReader *self,
                                                   DevSshBufferPool   *pool);
void               devssh_packet_reader_clear     (DevSshPacketReader *self);
guint8            *devssh_packet_reader_get_space (DevSshPacketReader *self,
                                                   gsize              *size);
void               devssh_packet_reader_received  (DevSshPacketReader *self,
                                                   gsize               length);
/* Opens the packet at the head of the input, in place. limit: the largest packet_length. Asked
 * again before consume(), it gives the same packet again. */
DevSshPacketStatus devssh_packet_reader_open      (DevSshPacketReader *self,
                                                   guint32             limit,
                                                   DevSshPacket       *packet);
/* Done with the opened packet: counts it. Its bytes stay where they are until there is need of
 * space. */
void               devssh_packet_reader_consume   (DevSshPacketReader *self);
/* The same for bytes that are no packet. */
void               devssh_packet_reader_skip      (DevSshPacketReader *self,
                                                   gsize               length);
/* Forgets all that is not consumed, for the rest of it will never come. */
void               devssh_packet_reader_drop      (DevSshPacketReader *self);
void               devssh_packet_reader_set_keys  (DevSshPacketReader *self,
                                                   DevSshProtection   *keys,
                                                   gboolean            reset_sequence);
void               devssh_packet_reader_trim      (DevSshPacketReader *self);

static inline gsize
devssh_packet_reader_get_available (const DevSshPacketReader *self)
{
  return self->end - self->start;
}

G_END_DECLS
