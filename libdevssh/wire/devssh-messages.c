/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of all messages: what tests and fuzzers walk. */
#include <libdevssh/wire/devssh-messages-private.h>

#define ROW(Number, Name, Type, type) \
  { \
    Number, Name, sizeof (Type), \
    (gboolean (*) (gpointer, const guint8 *, gsize, GError **)) type##_decode, \
    (void (*) (gconstpointer, DevSshWriter *)) type##_encode, \
    (void (*) (gpointer)) type##_clear \
  }

const DevSshMessageType devssh_message_types[] =
{
  ROW (DEVSSH_MESSAGE_DISCONNECT, "SSH_MSG_DISCONNECT", DevSshDisconnectMessage, devssh_disconnect_message),
  ROW (DEVSSH_MESSAGE_IGNORE, "SSH_MSG_IGNORE", DevSshIgnoreMessage, devssh_ignore_message),
  ROW (DEVSSH_MESSAGE_UNIMPLEMENTED, "SSH_MSG_UNIMPLEMENTED", DevSshUnimplementedMessage, devssh_unimplemented_message),
  ROW (DEVSSH_MESSAGE_DEBUG, "SSH_MSG_DEBUG", DevSshDebugMessage, devssh_debug_message),
  ROW (DEVSSH_MESSAGE_SERVICE_REQUEST, "SSH_MSG_SERVICE_REQUEST", DevSshServiceRequestMessage, devssh_service_request_message),
  ROW (DEVSSH_MESSAGE_SERVICE_ACCEPT, "SSH_MSG_SERVICE_ACCEPT", DevSshServiceAcceptMessage, devssh_service_accept_message),
  ROW (DEVSSH_MESSAGE_EXT_INFO, "SSH_MSG_EXT_INFO", DevSshExtInfoMessage, devssh_ext_info_message),
  ROW (DEVSSH_MESSAGE_KEXINIT, "SSH_MSG_KEXINIT", DevSshKexInitMessage, devssh_kexinit_message),
  ROW (DEVSSH_MESSAGE_NEWKEYS, "SSH_MSG_NEWKEYS", DevSshNewKeysMessage, devssh_newkeys_message),
  ROW (DEVSSH_MESSAGE_KEXDH_INIT, "SSH_MSG_KEXDH_INIT", DevSshKexDhInitMessage, devssh_kexdh_init_message),
  ROW (DEVSSH_MESSAGE_KEXDH_REPLY, "SSH_MSG_KEXDH_REPLY", DevSshKexDhReplyMessage, devssh_kexdh_reply_message),
  ROW (DEVSSH_MESSAGE_USERAUTH_REQUEST, "SSH_MSG_USERAUTH_REQUEST", DevSshUserauthRequestMessage, devssh_userauth_request_message),
  ROW (DEVSSH_MESSAGE_USERAUTH_FAILURE, "SSH_MSG_USERAUTH_FAILURE", DevSshUserauthFailureMessage, devssh_userauth_failure_message),
  ROW (DEVSSH_MESSAGE_USERAUTH_SUCCESS, "SSH_MSG_USERAUTH_SUCCESS", DevSshUserauthSuccessMessage, devssh_userauth_success_message),
  ROW (DEVSSH_MESSAGE_USERAUTH_BANNER, "SSH_MSG_USERAUTH_BANNER", DevSshUserauthBannerMessage, devssh_userauth_banner_message),
  ROW (DEVSSH_MESSAGE_USERAUTH_PK_OK, "SSH_MSG_USERAUTH_PK_OK", DevSshPkOkMessage, devssh_pk_ok_message),
  ROW (DEVSSH_MESSAGE_USERAUTH_INFO_REQUEST, "SSH_MSG_USERAUTH_INFO_REQUEST", DevSshInfoRequestMessage, devssh_info_request_message),
  ROW (DEVSSH_MESSAGE_USERAUTH_INFO_RESPONSE, "SSH_MSG_USERAUTH_INFO_RESPONSE", DevSshInfoResponseMessage, devssh_info_response_message),
  ROW (DEVSSH_MESSAGE_GLOBAL_REQUEST, "SSH_MSG_GLOBAL_REQUEST", DevSshGlobalRequestMessage, devssh_global_request_message),
  ROW (DEVSSH_MESSAGE_REQUEST_SUCCESS, "SSH_MSG_REQUEST_SUCCESS", DevSshRequestSuccessMessage, devssh_request_success_message),
  ROW (DEVSSH_MESSAGE_REQUEST_FAILURE, "SSH_MSG_REQUEST_FAILURE", DevSshRequestFailureMessage, devssh_request_failure_message),
  ROW (DEVSSH_MESSAGE_CHANNEL_OPEN, "SSH_MSG_CHANNEL_OPEN", DevSshChannelOpenMessage, devssh_channel_open_message),
  ROW (DEVSSH_MESSAGE_CHANNEL_OPEN_CONFIRMATION, "SSH_MSG_CHANNEL_OPEN_CONFIRMATION", DevSshChannelOpenConfirmationMessage, devssh_channel_open_confirmation_message),
  ROW (DEVSSH_MESSAGE_CHANNEL_OPEN_FAILURE, "SSH_MSG_CHANNEL_OPEN_FAILURE", DevSshChannelOpenFailureMessage, devssh_channel_open_failure_message),
  ROW (DEVSSH_MESSAGE_CHANNEL_WINDOW_ADJUST, "SSH_MSG_CHANNEL_WINDOW_ADJUST", DevSshChannelWindowAdjustMessage, devssh_channel_window_adjust_message),
  ROW (DEVSSH_MESSAGE_CHANNEL_DATA, "SSH_MSG_CHANNEL_DATA", DevSshChannelDataMessage, devssh_channel_data_message),
  ROW (DEVSSH_MESSAGE_CHANNEL_EXTENDED_DATA, "SSH_MSG_CHANNEL_EXTENDED_DATA", DevSshChannelExtendedDataMessage, devssh_channel_extended_data_message),
  ROW (DEVSSH_MESSAGE_CHANNEL_EOF, "SSH_MSG_CHANNEL_EOF", DevSshChannelEofMessage, devssh_channel_eof_message),
  ROW (DEVSSH_MESSAGE_CHANNEL_CLOSE, "SSH_MSG_CHANNEL_CLOSE", DevSshChannelCloseMessage, devssh_channel_close_message),
  ROW (DEVSSH_MESSAGE_CHANNEL_REQUEST, "SSH_MSG_CHANNEL_REQUEST", DevSshChannelRequestMessage, devssh_channel_request_message),
  ROW (DEVSSH_MESSAGE_CHANNEL_SUCCESS, "SSH_MSG_CHANNEL_SUCCESS", DevSshChannelSuccessMessage, devssh_channel_success_message),
  ROW (DEVSSH_MESSAGE_CHANNEL_FAILURE, "SSH_MSG_CHANNEL_FAILURE", DevSshChannelFailureMessage, devssh_channel_failure_message),
  ROW (0, "exit-status", DevSshExitStatus, devssh_exit_status),
  ROW (0, "exit-signal", DevSshExitSignal, devssh_exit_signal),
  ROW (0, "signal", DevSshSignal, devssh_signal),
  ROW (0, "exec", DevSshExec, devssh_exec),
  ROW (0, "pty-req", DevSshPtyReq, devssh_pty_req),
  ROW (0, "initial-channel-request@microsoft.com", DevSshInitialChannelRequest, devssh_initial_channel_request),
  ROW (0, "session-reconnect@microsoft.com", DevSshReconnectRequest, devssh_reconnect_request),
  ROW (0, "session-reconnect@microsoft.com/success", DevSshReconnectResponse, devssh_reconnect_response),
  ROW (0, "session-reconnect@microsoft.com/failure", DevSshReconnectFailureInfo, devssh_reconnect_failure_info),
};
const guint devssh_n_message_types = G_N_ELEMENTS (devssh_message_types);
