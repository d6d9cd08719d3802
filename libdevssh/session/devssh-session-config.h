/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a session offers, allows and limits. Copied when a session is made: later changes do not reach it. */
#pragma once

#include <libdevssh/service/devssh-activation.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_SESSION_CONFIG (devssh_session_config_get_type ())

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (DevSshSessionConfig, devssh_session_config, DEVSSH, SESSION_CONFIG, GObject)

/* An application's handler for a message number that no floor knows. payload: with its number byte. FALSE and error: the session ends (ProtocolError). */
typedef gboolean (*DevSshMessageHandler) (DevSshSession *session, GBytes *payload, gpointer user_data, GError **error);

DEVSSH_AVAILABLE_IN_1_0
DevSshSessionConfig *devssh_session_config_new                  (void);
DEVSSH_AVAILABLE_IN_1_0
DevSshSessionConfig *devssh_session_config_new_with_reconnect   (void);
DEVSSH_AVAILABLE_IN_1_0
DevSshSessionConfig *devssh_session_config_new_no_security      (void);
DEVSSH_AVAILABLE_IN_1_0
DevSshSessionConfig *devssh_session_config_copy                 (DevSshSessionConfig  *self);
DEVSSH_AVAILABLE_IN_1_0
gboolean             devssh_session_config_validate             (DevSshSessionConfig  *self,
                                                                 GError              **error);
DEVSSH_AVAILABLE_IN_1_0
gboolean             devssh_session_config_add_service          (DevSshSessionConfig  *self,
                                                                 GType                 service_type,
                                                                 const char           *name,
                                                                 const char * const   *rules,
                                                                 GObject              *config,
                                                                 GError              **error);
/* NULL: every installed plugin; none are allowed until this is called. */
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_session_config_allow_plugins        (DevSshSessionConfig  *self,
                                                                 const char * const   *names);
DEVSSH_AVAILABLE_IN_1_0
gboolean             devssh_session_config_add_plugin_directory (DevSshSessionConfig  *self,
                                                                 const char           *path,
                                                                 GError              **error);
DEVSSH_AVAILABLE_IN_1_0
gboolean             devssh_session_config_set_message_handler  (DevSshSessionConfig  *self,
                                                                 guint                 number,
                                                                 DevSshMessageHandler  handler,
                                                                 gpointer              user_data,
                                                                 GDestroyNotify        destroy,
                                                                 GError              **error);
/* Properties (each with getter and setter devssh_session_config_{get,set}_<name>), strv unless said:
 *   protocol-extensions, authentication-methods, key-exchange-algorithms, public-key-algorithms, encryption-algorithms,
 *   mac-algorithms, compression-algorithms; trace-channel-data (boolean, also while running: session property),
 *   max-client-authentication-attempts (int, 5), enable-key-exchange-guess (boolean), keepalive-interval (uint, seconds, 0),
 *   key-rotation-threshold (uint64, bytes, 536870912), max-reconnect-message-cache-size (uint, 0), max-channel-window-size (uint, 0 = grows from 1 MiB),
 *   max-unaccepted-channels (uint, 0), max-channels (uint, 1000), key-exchange-timeout (uint, seconds, 60) */

G_END_DECLS
