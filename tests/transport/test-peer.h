/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A scripted peer for one transport: it says what the test tells it to, in the clear or with real
 * keys, and breaks what rules the test wants broken. */
#pragma once

#include <libdevssh/transport/devssh-negotiation-private.h>
#include <libdevssh/transport/devssh-packet-private.h>
#include <libdevssh/transport/devssh-transport-state-private.h>

#include "test-ends.h"

/* What the peer gets wrong on purpose. NULL: as it should be. */
typedef struct
{
  GBytes     *host_key;         /* server: another K_S, in the hash, too */
  GBytes     *public_value;     /* e or f on the wire; no keys can come of it */
  const char *signature_name;   /* server: signs with this algorithm instead */
  const char *blob_name;        /* server: names this algorithm in the blob */
  gboolean    bad_signature;    /* server: one bit */
  gboolean    trailing;         /* server: one byte behind the signature blob's last string */
} TestFaults;

typedef struct
{
  TestEnd                end;         /* the transport under test */
  gint64                 now;
  gboolean               is_server;   /* the peer's role */
  DevSshTransportConfig *config;      /* the peer's lists */
  gboolean               no_strict;   /* leave the marker out */
  gboolean               no_ext_info;
  gboolean               follows;     /* first_kex_packet_follows */
  const char            *extra_kex;   /* one more name, at the end of the kex list */
  TestFaults             faults;

  DevSshPacketWriter     out;
  DevSshPacketReader     in;
  char                  *version;       /* ours */
  char                  *their_version; /* NULL until read */
  guint                  exchanges;
  gboolean               strict;
  DevSshKexInitMessage   offer;
  GBytes                *our_init, *their_init;
  DevSshNegotiation      agreed;
  DevSshKex             *ephemeral;
  GBytes                *peer_public;
  DevSshSecret          *session_id;
  DevSshProtection       next_out, next_in;
} TestPeer;

/* config is that of the transport under test, which is started; the peer has the other role. */
TestPeer *test_peer_new             (DevSshTransportConfig *config);
void      test_peer_free            (TestPeer              *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestPeer, test_peer_free)

/* Bytes as they are. */
void      test_peer_write           (TestPeer              *self,
                                     gconstpointer          data,
                                     gsize                  length);
/* One packet, sealed with what keys there are. */
void      test_peer_send            (TestPeer              *self,
                                     gconstpointer          payload,
                                     gsize                  length);
void      test_peer_send_bytes      (TestPeer              *self,
                                     GBytes                *payload);
/* A whole and honest message of this number, as far as there is one; else the number and some
 * bytes. */
void      test_peer_send_number     (TestPeer              *self,
                                     guint8                 number);
GBytes   *test_message_for_number   (guint8                 number);
/* The next payload of the transport, or NULL. */
GBytes   *test_peer_receive         (TestPeer              *self);
/* The next payload, which must be of this number. */
GBytes   *test_peer_expect          (TestPeer              *self,
                                     guint8                 number);
void      test_peer_expect_nothing  (TestPeer              *self);
/* The transport must have failed with this reason, said so, and said nothing after it. */
void      test_peer_expect_fatal    (TestPeer              *self,
                                     guint32                reason);

/* ---- a handshake in steps ---- */
void      test_peer_send_version    (TestPeer              *self);
void      test_peer_read_version    (TestPeer              *self);
void      test_peer_send_init       (TestPeer              *self);
void      test_peer_read_init       (TestPeer              *self);
/* Client: 30. Server: needs 30 read. */
void      test_peer_send_dh         (TestPeer              *self);
/* Server: 30. Client: 31; then both know the keys. */
void      test_peer_read_dh         (TestPeer              *self);
void      test_peer_send_newkeys    (TestPeer              *self);
void      test_peer_read_newkeys    (TestPeer              *self);
/* From KEXINIT to NEWKEYS, both ways. With started: the transport has sent its KEXINIT of
 * itself. */
void      test_peer_exchange        (TestPeer              *self);
/* Versions, exchange, and the transport's EXT_INFO: it is in the phase that is asked for then. */
void      test_peer_handshake       (TestPeer              *self,
                                     DevSshPhase            phase);
