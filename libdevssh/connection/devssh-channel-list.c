/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list model of a session's channels. */
#include <libdevssh/connection/devssh-channel-list-private.h>

#include <libdevssh/connection/devssh-channel.h>

struct _DevSshChannelList
{
  GObject    parent_instance;

  GSequence *channels;   /* (element-type DevSshChannel) */
};

static void list_model_init (GListModelInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DevSshChannelList, devssh_channel_list, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

static GType
devssh_channel_list_get_item_type (GListModel *model)
{
  return DEVSSH_TYPE_CHANNEL;
}

static guint
devssh_channel_list_get_n_items (GListModel *model)
{
  return devssh_channel_list_get_length (DEVSSH_CHANNEL_LIST (model));
}

static gpointer
devssh_channel_list_get_item (GListModel *model,
                              guint       position)
{
  DevSshChannelList *self = DEVSSH_CHANNEL_LIST (model);
  GSequenceIter *iter;

  if (position >= devssh_channel_list_get_length (self))
    return NULL;

  iter = g_sequence_get_iter_at_pos (self->channels, (int) position);
  return g_object_ref (g_sequence_get (iter));
}

static void
list_model_init (GListModelInterface *interface)
{
  interface->get_item_type = devssh_channel_list_get_item_type;
  interface->get_n_items = devssh_channel_list_get_n_items;
  interface->get_item = devssh_channel_list_get_item;
}

static void
devssh_channel_list_finalize (GObject *object)
{
  DevSshChannelList *self = DEVSSH_CHANNEL_LIST (object);

  g_clear_pointer (&self->channels, g_sequence_free);

  G_OBJECT_CLASS (devssh_channel_list_parent_class)->finalize (object);
}

static void
devssh_channel_list_class_init (DevSshChannelListClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = devssh_channel_list_finalize;
}

static void
devssh_channel_list_init (DevSshChannelList *self)
{
  self->channels = g_sequence_new (g_object_unref);
}

DevSshChannelList *
devssh_channel_list_new (void)
{
  return g_object_new (DEVSSH_TYPE_CHANNEL_LIST, NULL);
}

guint
devssh_channel_list_get_length (DevSshChannelList *self)
{
  return (guint) g_sequence_get_length (self->channels);
}

void
devssh_channel_list_append (DevSshChannelList  *self,
                            DevSshChannel      *channel,
                            GSequenceIter     **position)
{
  *position = g_sequence_append (self->channels, g_object_ref (channel));
  g_list_model_items_changed (G_LIST_MODEL (self), (guint) g_sequence_iter_get_position (*position), 0, 1);
}

void
devssh_channel_list_remove (DevSshChannelList *self,
                            GSequenceIter     *position)
{
  guint index = (guint) g_sequence_iter_get_position (position);

  g_sequence_remove (position);
  g_list_model_items_changed (G_LIST_MODEL (self), index, 1, 0);
}
