/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two channels, or two sessions, that are one to their peers. */
#pragma once

#include <libdevssh/connection/devssh-channel.h>
#include <libdevssh/session/devssh-session.h>

G_BEGIN_DECLS

DEVSSH_AVAILABLE_IN_1_0
void     devssh_channel_pipe_async  (DevSshChannel        *self,
                                     DevSshChannel        *other,
                                     GCancellable         *cancellable,
                                     GAsyncReadyCallback   callback,
                                     gpointer              user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean devssh_channel_pipe_finish (DevSshChannel        *self,
                                     GAsyncResult         *result,
                                     GError              **error);
DEVSSH_AVAILABLE_IN_1_0
void     devssh_session_pipe_async  (DevSshSession        *self,
                                     DevSshSession        *other,
                                     GCancellable         *cancellable,
                                     GAsyncReadyCallback   callback,
                                     gpointer              user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean devssh_session_pipe_finish (DevSshSession        *self,
                                     GAsyncResult         *result,
                                     GError              **error);

G_END_DECLS
