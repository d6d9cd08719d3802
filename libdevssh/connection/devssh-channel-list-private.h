/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The open channels of a session as a GListModel; taking one out of 10 000 costs no search. */
#pragma once

#include <libdevssh/base/devssh-types.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_CHANNEL_LIST (devssh_channel_list_get_type ())
G_DECLARE_FINAL_TYPE (DevSshChannelList, devssh_channel_list, DEVSSH, CHANNEL_LIST, GObject)

DevSshChannelList *devssh_channel_list_new    (void);
/* position: set before anybody is told, who may have the channel removed. */
void               devssh_channel_list_append (DevSshChannelList *self,
                                               DevSshChannel     *channel,
                                               GSequenceIter    **position);
void               devssh_channel_list_remove (DevSshChannelList *self,
                                               GSequenceIter     *position);
guint              devssh_channel_list_get_length (DevSshChannelList *self);

G_END_DECLS
