/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Flow control: how much a peer may send, when it gets more, and how a window grows to fit the road. */
#include <libdevssh/connection/devssh-window-private.h>

#include <string.h>

void
devssh_window_init (DevSshWindow *self,
                    guint32       size,
                    guint32       limit)
{
  memset (self, 0, sizeof *self);
  self->size = size;
  self->base = size;
  self->limit = MAX (limit, size);
  self->remaining = size;
}

/* A round trip is seen when the peer had nothing left to send with, and goes on: the data that comes
 * then left after our credit arrived. A peer that still had credit shows nothing. */
static void
measure_round_trip (DevSshWindow      *self,
                    DevSshWindowClock *clock,
                    gsize              bytes)
{
  gint64 sample;

  if (!self->dry)
    {
      if (bytes > self->until_edge)
        self->timing = FALSE;

      self->until_edge -= MIN (bytes, self->until_edge);
      if (self->timing && self->until_edge == 0)
        {
          self->dry = TRUE;
          self->dry_at = clock->now;
        }
      return;
    }

  self->timing = FALSE;
  sample = clock->now - self->credited_at;
  /* A short pause is the peer's own pace, and that it fell on the edge was chance. */
  if (sample <= 0 || (clock->now - self->dry_at) * 4 < sample)
    return;

  if (clock->round_trip == 0 || sample < clock->round_trip)
    clock->round_trip = sample;
  else
    clock->round_trip += (sample - clock->round_trip) / 8;
}

gboolean
devssh_window_receive (DevSshWindow      *self,
                       DevSshWindowClock *clock,
                       gsize              bytes)
{
  if (bytes > self->remaining)
    return FALSE;

  if (self->timing)
    measure_round_trip (self, clock, bytes);

  self->remaining -= (guint32) bytes;
  self->unread += (guint32) bytes;
  return TRUE;
}

/* What is drained in a round trip must fit three times: on its way, and again in the half that is consumed and not
 * credited yet, with some room. A window that is too small lets at least half of itself be drained, so it grows by
 * half, round after round; one that is large enough for its road stays. */
static guint32
grow (DevSshWindow      *self,
      DevSshWindowClock *clock)
{
  gint64 elapsed = clock->now - self->round_start;
  double wanted;
  guint32 more = 0;

  if (clock->round_trip == 0 || elapsed < clock->round_trip)
    return 0;

  wanted = 3.0 * (double) self->round_bytes * (double) clock->round_trip / (double) elapsed;
  if (wanted > self->size)
    {
      more = (guint32) (MIN (wanted, self->limit) - MIN (self->size, self->limit));
      more = (guint32) MIN (more, clock->extra_left);
    }

  self->round_start = clock->now;
  self->round_bytes = 0;
  self->size += more;
  clock->extra_left -= more;
  return more;
}

guint32
devssh_window_consume (DevSshWindow      *self,
                       DevSshWindowClock *clock,
                       gsize              bytes)
{
  guint32 credit;

  g_return_val_if_fail (bytes <= self->unread, 0);

  self->unread -= (guint32) bytes;
  self->consumed += (guint32) bytes;
  self->round_bytes += bytes;

  /* In halves: a message for every read would double the packets of a fast peer. */
  if (self->consumed < self->size - self->size / 2)
    return 0;

  if (!self->timing)
    {
      self->timing = TRUE;
      self->until_edge = self->remaining;
      self->dry = self->remaining == 0;
      self->credited_at = clock->now;
      self->dry_at = clock->now;
    }

  credit = self->consumed + grow (self, clock);
  self->consumed = 0;
  self->remaining += credit;
  return credit;
}

void
devssh_window_end (DevSshWindow      *self,
                   DevSshWindowClock *clock)
{
  clock->extra_left += self->size - self->base;
  self->size = self->base;
}

/* RFC 4254, 5.2: "The window MUST NOT be increased above 2^32 - 1 bytes." */
gboolean
devssh_window_add (guint32 *window,
                   guint32  bytes)
{
  if (bytes > G_MAXUINT32 - *window)
    return FALSE;

  *window += bytes;
  return TRUE;
}
