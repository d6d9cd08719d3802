/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A peer of a whole session, at the other end of a socket pair: it exchanges keys like everybody else, and then says
 * what it wants. Nothing that the session sends surprises it; what grants something is counted. */
#pragma once

#include <libdevssh/devssh.h>
#include <libdevssh/transport/devssh-transport-private.h>

#include "../test-util.h"
#include "../wire/message-samples.h"

G_BEGIN_DECLS

typedef struct _HostilePeer HostilePeer;

/* Says more, as long as it returns TRUE; called whenever what it has said before has left. */
typedef gboolean (*HostileProducer) (HostilePeer *peer);

struct _HostilePeer
{
  DevSshSession       *session;       /* the one under test */
  DevSshTransport     *transport;     /* the peer's own */
  gboolean             is_server;     /* the peer's role */
  int                  fd;            /* -1: hung up */
  GSource             *source;
  GIOCondition         wanted;
  gboolean             deaf;          /* reads no more */
  gint                 reads_left;    /* -1: no limit; at 0 it goes deaf */
  HostileProducer      produce;
  guint                count;         /* for producers */
  GByteArray          *template_bytes;/* for producers */
  guint                received[256]; /* messages of 50 and above, by number */
  guint                unimplemented;
  gboolean             keyed;         /* the first exchange is done */
  gboolean             over;          /* nothing more will come: DISCONNECT, end of file, or a failure of ours */
  guint32              reason;        /* of the session's DISCONNECT; 0: none came */
  char                *text;
  gboolean             confused;      /* the session said something that even this peer does not understand */
};

/* The peer of a server session, if is_server is FALSE. The session is connected, and whoever logs in with the password
 * "secret" may; its channels of the type "session" are accepted. */
HostilePeer *hostile_peer_new         (gboolean             is_server,
                                       DevSshSessionConfig *config);
void         hostile_peer_free        (HostilePeer         *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostilePeer, hostile_peer_free)

/* Until the first keys are in use. */
void         hostile_peer_get_keys    (HostilePeer         *self);
/* Until ssh-userauth is running, as an honest peer does it. */
void         hostile_peer_get_auth    (HostilePeer         *self);
/* Until it has logged in, or the session has. */
void         hostile_peer_get_in      (HostilePeer         *self);
/* Sealed at once, whatever is going on. */
void         hostile_peer_say         (HostilePeer         *self,
                                       const guint8        *payload,
                                       gsize                length);
/* A message as tests/wire/message-samples.h writes it down. */
void         hostile_peer_say_fields  (HostilePeer         *self,
                                       const char          *fields);
/* Several, with "; " between, sealed and sent as one. */
void         hostile_peer_say_all     (HostilePeer         *self,
                                       const char          *messages);
/* Bytes as they are. */
void         hostile_peer_write       (HostilePeer         *self,
                                       const guint8        *data,
                                       gsize                length);
/* Says these fields so many times, as fast as the session reads. */
void         hostile_peer_flood       (HostilePeer         *self,
                                       const char          *fields,
                                       guint                count);
/* Its own exchange of keys begins: KEXINIT is said. */
void         hostile_peer_rekey       (HostilePeer         *self);
/* TRUE, and nothing is read any more; FALSE, and it is again. */
void         hostile_peer_set_deaf    (HostilePeer         *self,
                                       gboolean             deaf);
void         hostile_peer_hang_up     (HostilePeer         *self);
/* The session must end with this reason, say so, and have granted nothing. */
void         hostile_peer_expect_end  (HostilePeer         *self,
                                       guint32              reason);
guint        hostile_peer_get_grants  (HostilePeer         *self);

/* An honest session in the same process, from the first byte to an open channel. */
void         hostile_serves_on        (void);

G_END_DECLS
