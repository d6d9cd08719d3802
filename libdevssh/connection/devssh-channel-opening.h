/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The peer wants to open a channel: may it? (RFC 4254, 5.1) */
#pragma once

#include <libdevssh/base/devssh-question.h>
#include <libdevssh/wire/devssh-numbers.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_CHANNEL_OPENING (devssh_channel_opening_get_type ())

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (DevSshChannelOpening, devssh_channel_opening, DEVSSH, CHANNEL_OPENING, DevSshQuestion)

DEVSSH_AVAILABLE_IN_1_0
DevSshChannel *devssh_channel_opening_get_channel      (DevSshChannelOpening     *self);
DEVSSH_AVAILABLE_IN_1_0
const char    *devssh_channel_opening_get_channel_type (DevSshChannelOpening     *self);
/* FALSE: we opened it and the peer has confirmed; a reject () closes it again. */
DEVSSH_AVAILABLE_IN_1_0
gboolean       devssh_channel_opening_get_is_remote    (DevSshChannelOpening     *self);
/* What follows the generic fields of message 90. */
DEVSSH_AVAILABLE_IN_1_0
GBytes        *devssh_channel_opening_get_type_data    (DevSshChannelOpening     *self);
DEVSSH_AVAILABLE_IN_1_0
GObject       *devssh_channel_opening_get_principal    (DevSshChannelOpening     *self);
DEVSSH_AVAILABLE_IN_1_0
void           devssh_channel_opening_accept           (DevSshChannelOpening     *self);
DEVSSH_AVAILABLE_IN_1_0
void           devssh_channel_opening_reject           (DevSshChannelOpening     *self,
                                                        DevSshChannelOpenFailure  reason,
                                                        const char               *description);

G_END_DECLS
