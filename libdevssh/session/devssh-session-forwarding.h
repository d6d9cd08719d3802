/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Forwarding as calls of the session: what DevSshPortForwarder does, with the service started if need be. */
#pragma once

#include <libdevssh/service/devssh-port-forwarder.h>
#include <libdevssh/session/devssh-session.h>

G_BEGIN_DECLS

/* The service that forwards ports; NULL: the configuration does not allow one. */
DEVSSH_AVAILABLE_IN_1_0
DevSshPortForwarder *devssh_session_get_port_forwarder                 (DevSshSession  *self,
                                                                        GError        **error);
/* As the methods of DevSshPortForwarder */
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_session_forward_from_remote_port_async     (DevSshSession       *self,
                                                                        const char          *remote_address,
                                                                        guint                remote_port,
                                                                        const char          *local_host,
                                                                        guint                local_port,
                                                                        GCancellable        *cancellable,
                                                                        GAsyncReadyCallback  callback,
                                                                        gpointer             user_data);
DEVSSH_AVAILABLE_IN_1_0
DevSshForwardedPort *devssh_session_forward_from_remote_port_finish    (DevSshSession  *self,
                                                                        GAsyncResult   *result,
                                                                        GError        **error);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_session_stream_from_remote_port_async      (DevSshSession       *self,
                                                                        const char          *remote_address,
                                                                        guint                remote_port,
                                                                        GCancellable        *cancellable,
                                                                        GAsyncReadyCallback  callback,
                                                                        gpointer             user_data);
DEVSSH_AVAILABLE_IN_1_0
DevSshForwardedPort *devssh_session_stream_from_remote_port_finish     (DevSshSession  *self,
                                                                        GAsyncResult   *result,
                                                                        GError        **error);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_session_forward_to_remote_port_async       (DevSshSession       *self,
                                                                        const char          *local_address,
                                                                        guint                local_port,
                                                                        const char          *remote_host,
                                                                        guint                remote_port,
                                                                        GCancellable        *cancellable,
                                                                        GAsyncReadyCallback  callback,
                                                                        gpointer             user_data);
DEVSSH_AVAILABLE_IN_1_0
DevSshForwardedPort *devssh_session_forward_to_remote_port_finish      (DevSshSession  *self,
                                                                        GAsyncResult   *result,
                                                                        GError        **error);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_session_stream_to_remote_port_async        (DevSshSession       *self,
                                                                        const char          *remote_host,
                                                                        guint                remote_port,
                                                                        GCancellable        *cancellable,
                                                                        GAsyncReadyCallback  callback,
                                                                        gpointer             user_data);
DEVSSH_AVAILABLE_IN_1_0
GIOStream           *devssh_session_stream_to_remote_port_finish       (DevSshSession  *self,
                                                                        GAsyncResult   *result,
                                                                        GError        **error);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_session_connect_to_forwarded_port_async    (DevSshSession       *self,
                                                                        guint                port,
                                                                        GCancellable        *cancellable,
                                                                        GAsyncReadyCallback  callback,
                                                                        gpointer             user_data);
DEVSSH_AVAILABLE_IN_1_0
GIOStream           *devssh_session_connect_to_forwarded_port_finish   (DevSshSession  *self,
                                                                        GAsyncResult   *result,
                                                                        GError        **error);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_session_connect_to_forwarded_socket_async  (DevSshSession       *self,
                                                                        const char          *path,
                                                                        GCancellable        *cancellable,
                                                                        GAsyncReadyCallback  callback,
                                                                        gpointer             user_data);
DEVSSH_AVAILABLE_IN_1_0
GIOStream           *devssh_session_connect_to_forwarded_socket_finish (DevSshSession  *self,
                                                                        GAsyncResult   *result,
                                                                        GError        **error);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_session_wait_for_forwarded_port_async      (DevSshSession       *self,
                                                                        guint                port,
                                                                        GCancellable        *cancellable,
                                                                        GAsyncReadyCallback  callback,
                                                                        gpointer             user_data);
DEVSSH_AVAILABLE_IN_1_0
DevSshForwardedPort *devssh_session_wait_for_forwarded_port_finish     (DevSshSession  *self,
                                                                        GAsyncResult   *result,
                                                                        GError        **error);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_session_wait_for_forwarded_socket_async    (DevSshSession       *self,
                                                                        const char          *path,
                                                                        GCancellable        *cancellable,
                                                                        GAsyncReadyCallback  callback,
                                                                        gpointer             user_data);
DEVSSH_AVAILABLE_IN_1_0
DevSshForwardedPort *devssh_session_wait_for_forwarded_socket_finish   (DevSshSession  *self,
                                                                        GAsyncResult   *result,
                                                                        GError        **error);

G_END_DECLS
