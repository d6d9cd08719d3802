/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a configuration becomes the plain structs of the engines. */
#pragma once

#include <libdevssh/auth/devssh-auth-client-private.h>
#include <libdevssh/auth/devssh-auth-server-private.h>
#include <libdevssh/connection/devssh-connection-private.h>
#include <libdevssh/service/devssh-service-private.h>
#include <libdevssh/session/devssh-session-config.h>
#include <libdevssh/transport/devssh-transport-private.h>

G_BEGIN_DECLS

typedef struct
{
  DevSshMessageHandler handler;
  gpointer             user_data;
  GDestroyNotify       destroy;
} DevSshMessageHandlerEntry;

gboolean                  devssh_session_config_is_no_security   (DevSshSessionConfig *self);
DevSshTransportConfig    *devssh_session_config_make_transport   (DevSshSessionConfig *self, gboolean is_server, DevSshContext *context);  /* host_keys, metrics, tracer: NULL */
DevSshConnectionConfig   *devssh_session_config_make_connection  (DevSshSessionConfig *self, DevSshContext *context);                     /* wake, host, tracer: unset */
DevSshAuthServerConfig   *devssh_session_config_make_auth_server (DevSshSessionConfig *self);                                            /* session_id, tracer: unset */
DevSshAuthClientConfig   *devssh_session_config_make_auth_client (DevSshSessionConfig *self);
DevSshServiceRegistry    *devssh_session_config_make_registry    (DevSshSessionConfig *self);
GPtrArray                *devssh_session_config_dup_service_entries (DevSshSessionConfig *self);                                         /* (element-type DevSshServiceEntry) */
/* NULL: none for this number. */
const DevSshMessageHandlerEntry *devssh_session_config_get_message_handler (DevSshSessionConfig *self, guint8 number);

G_END_DECLS
