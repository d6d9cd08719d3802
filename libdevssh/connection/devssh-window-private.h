/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Flow control of RFC 4254, 5.2, as arithmetic: no messages, no channels. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the windows of one session share. */
typedef struct
{
  gint64  now;          /* monotonic, microseconds: of the last message */
  gint64  round_trip;   /* estimate; 0: nothing known, and no window grows */
  guint64 extra_left;   /* how far all windows together may still grow */
} DevSshWindowClock;

/* Our side. At all times: size = remaining + unread + consumed. */
typedef struct
{
  guint32 size;
  guint32 base;         /* size at first: what is above came out of extra_left */
  guint32 limit;        /* how far size may grow */
  guint32 remaining;    /* the peer may still send that much */
  guint32 unread;       /* received, and nobody has consumed it */
  guint32 consumed;     /* consumed, and not announced yet */

  /* Measuring: a peer that used up what it had and went on only after a credit has shown a round trip. */
  guint32 until_edge;   /* bytes that may come without knowledge of the last credit */
  guint8  timing;       /* a credit is on its way */
  guint8  dry;          /* until_edge was reached to the byte */
  gint64  credited_at;
  gint64  dry_at;
  gint64  round_start;
  guint64 round_bytes;  /* consumed since then */
} DevSshWindow;

void     devssh_window_init    (DevSshWindow      *self,
                                guint32            size,
                                guint32            limit);
/* FALSE: more than was granted. */
gboolean devssh_window_receive (DevSshWindow      *self,
                                DevSshWindowClock *clock,
                                gsize              bytes);
/* Somebody has consumed bytes (at most unread); returns what to announce to the peer, 0: not yet. */
guint32  devssh_window_consume (DevSshWindow      *self,
                                DevSshWindowClock *clock,
                                gsize              bytes);
/* The channel is gone; its growth may be used by others. */
void     devssh_window_end     (DevSshWindow      *self,
                                DevSshWindowClock *clock);

/* The peer's side: FALSE and unchanged if it would pass 2^32 - 1. */
gboolean devssh_window_add     (guint32           *window,
                                guint32            bytes);

G_END_DECLS
