/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where an application has a hand in forwarding: what listens, and what the messages carry. */
#pragma once

#include <libdevssh/service/devssh-port-forwarder.h>

G_BEGIN_DECLS

typedef GSocketListener *(*DevSshListenerFactory)           (DevSshPortForwarder           *forwarder,
                                                             guint                          remote_port,
                                                             const char                    *address,
                                                             guint                          local_port,
                                                             gboolean                       can_change,
                                                             guint                         *chosen_port,
                                                             gpointer                       user_data,
                                                             GError                       **error);
typedef GBytes          *(*DevSshPortForwardMessageFactory) (DevSshPortForwarder           *forwarder,
                                                             DevSshPortForwardMessageKind   kind,
                                                             const char                    *type,
                                                             guint                          port,
                                                             GBytes                        *payload,
                                                             gpointer                       user_data,
                                                             GError                       **error);

/* What the application does itself; NULL: nothing */
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_port_forwarder_set_listener_factory (DevSshPortForwarder   *self,
                                                                 DevSshListenerFactory  factory,
                                                                 gpointer               user_data,
                                                                 GDestroyNotify         destroy);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_port_forwarder_set_message_factory  (DevSshPortForwarder             *self,
                                                                 DevSshPortForwardMessageFactory  factory,
                                                                 gpointer                         user_data,
                                                                 GDestroyNotify                   destroy);
/* For the service that implements the interface: how they are called. */
DEVSSH_AVAILABLE_IN_1_0
gboolean             devssh_port_forwarder_has_listener_factory (DevSshPortForwarder  *self);
DEVSSH_AVAILABLE_IN_1_0
GSocketListener     *devssh_port_forwarder_create_listener      (DevSshPortForwarder  *self,
                                                                 guint                 remote_port,
                                                                 const char           *address,
                                                                 guint                 local_port,
                                                                 gboolean              can_change,
                                                                 guint                *chosen_port,
                                                                 GError              **error);
DEVSSH_AVAILABLE_IN_1_0
GBytes              *devssh_port_forwarder_create_message       (DevSshPortForwarder           *self,
                                                                 DevSshPortForwardMessageKind   kind,
                                                                 const char                    *type,
                                                                 guint                          port,
                                                                 GBytes                        *payload,
                                                                 GError                       **error);

G_END_DECLS
