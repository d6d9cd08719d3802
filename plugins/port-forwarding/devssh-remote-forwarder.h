/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A port or path on which the peer listens for us. */
#pragma once

#include <libdevssh/devssh.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_REMOTE_FORWARDER (devssh_remote_forwarder_get_type ())
G_DECLARE_FINAL_TYPE (DevSshRemoteForwarder, devssh_remote_forwarder, DEVSSH, REMOTE_FORWARDER, DevSshForwardedPort)

/* remote_host: as the application said it. local_host NULL: connections become streams. reply: the peer's. */
DevSshForwardedPort *devssh_remote_forwarder_new      (DevSshService         *service,
                                                       const char            *remote_host,
                                                       guint                  remote_port,
                                                       const char            *local_host,
                                                       guint                  local_port,
                                                       GBytes                *reply);
/* Is this the address that the peer says it was connected to? */
gboolean             devssh_remote_forwarder_matches  (DevSshRemoteForwarder *self,
                                                       const char            *host);
/* Answers the opening of a channel that belongs to the port. */
void                 devssh_remote_forwarder_answer   (DevSshRemoteForwarder *self,
                                                       DevSshChannelOpening  *opening);
void                 devssh_remote_forwarder_register (GTypeModule           *module);

G_END_DECLS
