/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The array of channels. A number never comes twice, so "used and closed" needs no tombstone. */
#include <libdevssh/connection/devssh-channel-table-private.h>

#define MAX_GENERATION 0x10000

static guint
add_slot (DevSshChannelTable *self)
{
  if (self->n_slots == DEVSSH_CHANNEL_TABLE_MAX)
    return 0;

  if (self->n_slots == self->n_allocated)
    {
      self->n_allocated = MAX (4, self->n_allocated * 2);
      self->slots = g_renew (DevSshChannelSlot, self->slots, self->n_allocated);
    }

  self->slots[self->n_slots] = (DevSshChannelSlot) { NULL, 0, 0 };
  return ++self->n_slots;
}

gboolean
devssh_channel_table_add (DevSshChannelTable *self,
                          DevSshChannel      *channel,
                          guint32            *id)
{
  guint place = self->first_free;

  if (place != 0)
    self->first_free = self->slots[place - 1].next_free;
  else
    place = add_slot (self);

  if (place == 0)
    return FALSE;

  self->slots[place - 1].channel = g_object_ref (channel);
  self->n_used++;
  *id = self->slots[place - 1].generation << 16 | (place - 1);
  return TRUE;
}

void
devssh_channel_table_remove (DevSshChannelTable *self,
                             guint32             id)
{
  guint index = id & 0xffff;
  DevSshChannelSlot *slot = &self->slots[index];
  DevSshChannel *channel = g_steal_pointer (&slot->channel);

  self->n_used--;
  slot->generation++;
  /* A slot that has had all its generations rests for ever; the next channel gets a new one. */
  if (slot->generation < MAX_GENERATION)
    {
      slot->next_free = self->first_free;
      self->first_free = index + 1;
    }

  g_object_unref (channel);
}

gboolean
devssh_channel_table_was_used (DevSshChannelTable *self,
                               guint32             id)
{
  guint index = id & 0xffff;

  return index < self->n_slots && id >> 16 < self->slots[index].generation;
}

void
devssh_channel_table_clear (DevSshChannelTable *self)
{
  for (guint i = 0; i < self->n_slots; i++)
    g_clear_object (&self->slots[i].channel);

  g_clear_pointer (&self->slots, g_free);
  *self = (DevSshChannelTable) { 0 };
}
