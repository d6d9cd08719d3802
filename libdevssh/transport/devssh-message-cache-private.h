/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was sent and may not have arrived: the messages of one transport, without trailers, until the peer acknowledges
 * them (protocol.md 3.3). Every packet has a place, so that places are message numbers; those that are of no use on
 * another transport are empty. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define DEVSSH_CACHED_HEAD 27

typedef struct
{
  gint64        time;           /* when it was sealed; 0: nobody wants to know */
  const guint8 *body;           /* in owner, or a copy that is ours */
  GBytes       *owner;
  guint32       body_length;
  guint8        head_length;    /* 0: an empty place */
  guint8        head[DEVSSH_CACHED_HEAD];
} DevSshCachedMessage;

typedef struct _DevSshMessageCache DevSshMessageCache;

/* max_messages: beyond that the oldest go, though they are not acknowledged; 0: no limit. */
DevSshMessageCache        *devssh_message_cache_new         (guint               max_messages);
/* Wipes what it copied. */
void                       devssh_message_cache_free        (DevSshMessageCache *self);
/* The next number's. body is in owner, if there is one, and else is copied. */
void                       devssh_message_cache_add         (DevSshMessageCache *self,
                                                             const guint8       *head,
                                                             gsize               head_length,
                                                             const guint8       *body,
                                                             gsize               body_length,
                                                             GBytes             *owner,
                                                             gint64              time);
/* The next number's place stays empty. */
void                       devssh_message_cache_add_empty   (DevSshMessageCache *self,
                                                             gint64              time);
/* All up to number have arrived. Returns when that one was sent, 0 if it is not known (any more). */
gint64                     devssh_message_cache_acknowledge (DevSshMessageCache *self,
                                                             guint64             number);
/* The oldest that is there, and the number of the next one. */
guint64                    devssh_message_cache_get_first   (DevSshMessageCache *self);
guint64                    devssh_message_cache_get_next    (DevSshMessageCache *self);
/* number: from first to next - 1 */
const DevSshCachedMessage *devssh_message_cache_get         (DevSshMessageCache *self,
                                                             guint64             number);
/* What waits for an acknowledgement costs so many bytes of memory, places included: data (94, 95), and everything else. */
gsize                      devssh_message_cache_get_data    (DevSshMessageCache *self);
gsize                      devssh_message_cache_get_control (DevSshMessageCache *self);

G_END_DECLS
