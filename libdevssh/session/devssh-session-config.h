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
DevSshPluginRegistry *devssh_session_config_list_plugins        (DevSshSessionConfig  *self);
DEVSSH_AVAILABLE_IN_1_0
gboolean             devssh_session_config_set_message_handler  (DevSshSessionConfig  *self,
                                                                 guint                 number,
                                                                 DevSshMessageHandler  handler,
                                                                 gpointer              user_data,
                                                                 GDestroyNotify        destroy,
                                                                 GError              **error);
/* Properties, each with getter and setter. */
DEVSSH_AVAILABLE_IN_1_0
const char * const  *devssh_session_config_get_protocol_extensions                (DevSshSessionConfig  *self);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_session_config_set_protocol_extensions                (DevSshSessionConfig  *self,
                                                                                   const char * const   *names);
DEVSSH_AVAILABLE_IN_1_0
const char * const  *devssh_session_config_get_authentication_methods             (DevSshSessionConfig  *self);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_session_config_set_authentication_methods             (DevSshSessionConfig  *self,
                                                                                   const char * const   *names);
DEVSSH_AVAILABLE_IN_1_0
const char * const  *devssh_session_config_get_key_exchange_algorithms            (DevSshSessionConfig  *self);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_session_config_set_key_exchange_algorithms            (DevSshSessionConfig  *self,
                                                                                   const char * const   *names);
DEVSSH_AVAILABLE_IN_1_0
const char * const  *devssh_session_config_get_public_key_algorithms              (DevSshSessionConfig  *self);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_session_config_set_public_key_algorithms              (DevSshSessionConfig  *self,
                                                                                   const char * const   *names);
DEVSSH_AVAILABLE_IN_1_0
const char * const  *devssh_session_config_get_encryption_algorithms              (DevSshSessionConfig  *self);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_session_config_set_encryption_algorithms              (DevSshSessionConfig  *self,
                                                                                   const char * const   *names);
DEVSSH_AVAILABLE_IN_1_0
const char * const  *devssh_session_config_get_mac_algorithms                     (DevSshSessionConfig  *self);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_session_config_set_mac_algorithms                     (DevSshSessionConfig  *self,
                                                                                   const char * const   *names);
DEVSSH_AVAILABLE_IN_1_0
const char * const  *devssh_session_config_get_compression_algorithms             (DevSshSessionConfig  *self);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_session_config_set_compression_algorithms             (DevSshSessionConfig  *self,
                                                                                   const char * const   *names);
DEVSSH_AVAILABLE_IN_1_0
gboolean             devssh_session_config_get_trace_channel_data                 (DevSshSessionConfig  *self);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_session_config_set_trace_channel_data                 (DevSshSessionConfig  *self,
                                                                                   gboolean              trace);
DEVSSH_AVAILABLE_IN_1_0
int                  devssh_session_config_get_max_client_authentication_attempts (DevSshSessionConfig  *self);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_session_config_set_max_client_authentication_attempts (DevSshSessionConfig  *self,
                                                                                   int                   attempts);
DEVSSH_AVAILABLE_IN_1_0
gboolean             devssh_session_config_get_enable_key_exchange_guess          (DevSshSessionConfig  *self);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_session_config_set_enable_key_exchange_guess          (DevSshSessionConfig  *self,
                                                                                   gboolean              guess);
DEVSSH_AVAILABLE_IN_1_0
guint                devssh_session_config_get_keepalive_interval                 (DevSshSessionConfig  *self);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_session_config_set_keepalive_interval                 (DevSshSessionConfig  *self,
                                                                                   guint                 seconds);
DEVSSH_AVAILABLE_IN_1_0
guint                devssh_session_config_get_max_missed_keepalives              (DevSshSessionConfig  *self);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_session_config_set_max_missed_keepalives              (DevSshSessionConfig  *self,
                                                                                   guint                 times);
DEVSSH_AVAILABLE_IN_1_0
guint64              devssh_session_config_get_key_rotation_threshold             (DevSshSessionConfig  *self);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_session_config_set_key_rotation_threshold             (DevSshSessionConfig  *self,
                                                                                   guint64               bytes);
DEVSSH_AVAILABLE_IN_1_0
guint                devssh_session_config_get_max_reconnect_message_cache_size   (DevSshSessionConfig  *self);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_session_config_set_max_reconnect_message_cache_size   (DevSshSessionConfig  *self,
                                                                                   guint                 messages);
DEVSSH_AVAILABLE_IN_1_0
guint                devssh_session_config_get_max_channel_window_size            (DevSshSessionConfig  *self);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_session_config_set_max_channel_window_size            (DevSshSessionConfig  *self,
                                                                                   guint                 bytes);
DEVSSH_AVAILABLE_IN_1_0
guint                devssh_session_config_get_max_unaccepted_channels            (DevSshSessionConfig  *self);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_session_config_set_max_unaccepted_channels            (DevSshSessionConfig  *self,
                                                                                   guint                 channels);
DEVSSH_AVAILABLE_IN_1_0
guint                devssh_session_config_get_max_channels                       (DevSshSessionConfig  *self);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_session_config_set_max_channels                       (DevSshSessionConfig  *self,
                                                                                   guint                 channels);
DEVSSH_AVAILABLE_IN_1_0
guint                devssh_session_config_get_key_exchange_timeout               (DevSshSessionConfig  *self);
DEVSSH_AVAILABLE_IN_1_0
void                 devssh_session_config_set_key_exchange_timeout               (DevSshSessionConfig  *self,
                                                                                   guint                 seconds);

G_END_DECLS
