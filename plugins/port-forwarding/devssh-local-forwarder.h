/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A port or path whose connections come in on this side: for the peer that asked for it, or for the application. */
#pragma once

#include <libdevssh/devssh.h>

#include "devssh-forwarding-listen.h"

G_BEGIN_DECLS

#define DEVSSH_TYPE_LOCAL_FORWARDER (devssh_local_forwarder_get_type ())
G_DECLARE_FINAL_TYPE (DevSshLocalForwarder, devssh_local_forwarder, DEVSSH, LOCAL_FORWARDER, DevSshForwardedPort)

/* channel_type, host: what a channel is opened with; host goes out byte for byte (protocol.md 6.4). remote_host: for people.
 * listening: taken; NULL if nobody listens. */
DevSshForwardedPort *devssh_local_forwarder_new          (DevSshService             *service,
                                                          const char                *channel_type,
                                                          DevSshForwardingListening *listening,
                                                          const char                *remote_host,
                                                          const char                *host,
                                                          guint                      remote_port);
gboolean             devssh_local_forwarder_get_listens  (DevSshLocalForwarder      *self);
/* One that was only recorded listens from now on. */
void                 devssh_local_forwarder_listen       (DevSshLocalForwarder      *self,
                                                          DevSshForwardingListening *listening);
/* Opens a channel as if somebody had connected. */
void                 devssh_local_forwarder_open_async   (DevSshLocalForwarder      *self,
                                                          const char                *originator,
                                                          guint                      originator_port,
                                                          GCancellable              *cancellable,
                                                          GAsyncReadyCallback        callback,
                                                          gpointer                   user_data);
DevSshChannel       *devssh_local_forwarder_open_finish  (DevSshLocalForwarder      *self,
                                                          GAsyncResult              *result,
                                                          GError                   **error);
void                 devssh_local_forwarder_register     (GTypeModule               *module);

G_END_DECLS
