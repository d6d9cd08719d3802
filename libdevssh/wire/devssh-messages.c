/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of all messages: what tests and fuzzers walk. */
#include <libdevssh/wire/devssh-messages-private.h>

#define ROW(NAME, Type, type) ENTRY (DEVSSH_MESSAGE_##NAME, "SSH_MSG_" #NAME, Type, type)
#define PART(name, Type, type) ENTRY (0, name, Type, type)
#define ENTRY(number, name, Type, type) \
  { \
    number, name, sizeof (Type), \
    (gboolean (*) (gpointer, const guint8 *, gsize, GError **)) type##_decode, \
    (void (*) (gconstpointer, DevSshWriter *)) type##_encode, \
    (void (*) (gpointer)) type##_clear \
  }

const DevSshMessageType devssh_message_types[] =
{
  ROW (DISCONNECT, DevSshDisconnectMessage, devssh_disconnect_message),
  ROW (IGNORE, DevSshIgnoreMessage, devssh_ignore_message),
  ROW (UNIMPLEMENTED, DevSshUnimplementedMessage, devssh_unimplemented_message),
  ROW (DEBUG, DevSshDebugMessage, devssh_debug_message),
  ROW (SERVICE_REQUEST, DevSshServiceRequestMessage, devssh_service_request_message),
  ROW (SERVICE_ACCEPT, DevSshServiceAcceptMessage, devssh_service_accept_message),
  ROW (EXT_INFO, DevSshExtInfoMessage, devssh_ext_info_message),
  ROW (KEXINIT, DevSshKexInitMessage, devssh_kexinit_message),
  ROW (NEWKEYS, DevSshNewKeysMessage, devssh_newkeys_message),
  ROW (KEXDH_INIT, DevSshKexDhInitMessage, devssh_kexdh_init_message),
  ROW (KEXDH_REPLY, DevSshKexDhReplyMessage, devssh_kexdh_reply_message),
  ROW (USERAUTH_REQUEST, DevSshUserauthRequestMessage, devssh_userauth_request_message),
  ROW (USERAUTH_FAILURE, DevSshUserauthFailureMessage, devssh_userauth_failure_message),
  ROW (USERAUTH_SUCCESS, DevSshUserauthSuccessMessage, devssh_userauth_success_message),
  ROW (USERAUTH_BANNER, DevSshUserauthBannerMessage, devssh_userauth_banner_message),
  ROW (USERAUTH_PK_OK, DevSshPkOkMessage, devssh_pk_ok_message),
  ROW (USERAUTH_INFO_REQUEST, DevSshInfoRequestMessage, devssh_info_request_message),
  ROW (USERAUTH_INFO_RESPONSE, DevSshInfoResponseMessage, devssh_info_response_message),
  ROW (GLOBAL_REQUEST, DevSshGlobalRequestMessage, devssh_global_request_message),
  ROW (REQUEST_SUCCESS, DevSshRequestSuccessMessage, devssh_request_success_message),
  ROW (REQUEST_FAILURE, DevSshRequestFailureMessage, devssh_request_failure_message),
  ROW (CHANNEL_OPEN, DevSshChannelOpenMessage, devssh_channel_open_message),
  ROW (CHANNEL_OPEN_CONFIRMATION, DevSshChannelOpenConfirmationMessage,
       devssh_channel_open_confirmation_message),
  ROW (CHANNEL_OPEN_FAILURE, DevSshChannelOpenFailureMessage, devssh_channel_open_failure_message),
  ROW (CHANNEL_WINDOW_ADJUST, DevSshChannelWindowAdjustMessage, devssh_channel_window_adjust_message),
  ROW (CHANNEL_DATA, DevSshChannelDataMessage, devssh_channel_data_message),
  ROW (CHANNEL_EXTENDED_DATA, DevSshChannelExtendedDataMessage,
       devssh_channel_extended_data_message),
  ROW (CHANNEL_EOF, DevSshChannelEofMessage, devssh_channel_eof_message),
  ROW (CHANNEL_CLOSE, DevSshChannelCloseMessage, devssh_channel_close_message),
  ROW (CHANNEL_REQUEST, DevSshChannelRequestMessage, devssh_channel_request_message),
  ROW (CHANNEL_SUCCESS, DevSshChannelSuccessMessage, devssh_channel_success_message),
  ROW (CHANNEL_FAILURE, DevSshChannelFailureMessage, devssh_channel_failure_message),
  PART ("exit-status", DevSshExitStatus, devssh_exit_status),
  PART ("exit-signal", DevSshExitSignal, devssh_exit_signal),
  PART ("signal", DevSshSignal, devssh_signal),
  PART ("exec", DevSshExec, devssh_exec),
  PART ("pty-req", DevSshPtyReq, devssh_pty_req),
  PART ("initial-channel-request@microsoft.com", DevSshInitialChannelRequest,
        devssh_initial_channel_request),
  PART ("session-reconnect@microsoft.com", DevSshReconnectRequest, devssh_reconnect_request),
  PART ("session-reconnect@microsoft.com/success", DevSshReconnectResponse,
        devssh_reconnect_response),
  PART ("session-reconnect@microsoft.com/failure", DevSshReconnectFailureInfo,
        devssh_reconnect_failure_info),
};
const guint devssh_n_message_types = G_N_ELEMENTS (devssh_message_types);
