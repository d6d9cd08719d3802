/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a channel number to its channel: slot in the low half, generation in the high half (design D16). */
#pragma once

#include <libdevssh/base/devssh-types.h>

G_BEGIN_DECLS

#define DEVSSH_CHANNEL_TABLE_MAX 65536

typedef struct
{
  DevSshChannel *channel;      /* owned; NULL: free */
  guint32        generation;   /* of the channel, or of the next one */
  guint32        next_free;    /* index + 1, or 0 */
} DevSshChannelSlot;

typedef struct
{
  DevSshChannelSlot *slots;
  guint              n_slots;
  guint              n_allocated;
  guint              n_used;
  guint              first_free;    /* index + 1, or 0 */
} DevSshChannelTable;

/* FALSE: every number has been used. */
gboolean       devssh_channel_table_add      (DevSshChannelTable *self,
                                              DevSshChannel      *channel,
                                              guint32            *id);
void           devssh_channel_table_remove   (DevSshChannelTable *self,
                                              guint32             id);
/* For a number that is nobody's now: was it a channel's once? */
gboolean       devssh_channel_table_was_used (DevSshChannelTable *self,
                                              guint32             id);
void           devssh_channel_table_clear    (DevSshChannelTable *self);

static inline DevSshChannel *
devssh_channel_table_lookup (DevSshChannelTable *self,
                             guint32             id)
{
  guint index = id & 0xffff;

  if (index >= self->n_slots || self->slots[index].generation != id >> 16)
    return NULL;

  return self->slots[index].channel;
}

G_END_DECLS
