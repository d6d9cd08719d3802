/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One struct per message with decode, encode and clear; one .c file per room of RFC 4250's ranges:
 * devssh-{transport,kex,auth,connection}-messages.c.
 *
 * decode: payload includes the number byte. Slices are borrowed from payload; char* and char** are owned
 *   and freed by clear. A failed decode leaves the struct cleared. Trailing bytes: refused in 20 to 49 and
 *   in 50, ignored elsewhere.
 * encode: appends the whole payload, number byte included. NULL text is written as "". A signature of
 *   message 50 whose data is NULL is left out: the bytes written then are those that are to be signed. */
#pragma once

#include <libdevssh/wire/devssh-numbers.h>
#include <libdevssh/wire/devssh-reader-private.h>
#include <libdevssh/wire/devssh-writer-private.h>
#include <libdevssh/wire/devssh-names-private.h>

G_BEGIN_DECLS

#define DEVSSH_MESSAGE(Type, type) \
  gboolean type##_decode (Type *self, const guint8 *payload, gsize length, GError **error); \
  void     type##_encode (const Type *self, DevSshWriter *writer); \
  void     type##_clear  (Type *self); \
  G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Type, type##_clear)

/* ---- transport: 1 to 7 ---- */
typedef struct { guint32 reason; DevSshSlice description; DevSshSlice language; } DevSshDisconnectMessage;   /* language optional */
typedef struct { DevSshSlice data; } DevSshIgnoreMessage;          /* anything may follow the number: nothing fails */
typedef struct { guint32 sequence; } DevSshUnimplementedMessage;
typedef struct { gboolean always_display; DevSshSlice message; DevSshSlice language; } DevSshDebugMessage;
typedef struct { char *service; } DevSshServiceRequestMessage;     /* name checked by devssh_name_is_valid */
typedef struct { char *service; } DevSshServiceAcceptMessage;
typedef struct { char *name; DevSshSlice value; } DevSshExtension;
typedef struct { DevSshExtension *extensions; guint n_extensions; } DevSshExtInfoMessage;   /* at most 64 (T-13, T-75) */
DEVSSH_MESSAGE (DevSshDisconnectMessage, devssh_disconnect_message)
DEVSSH_MESSAGE (DevSshIgnoreMessage, devssh_ignore_message)
DEVSSH_MESSAGE (DevSshUnimplementedMessage, devssh_unimplemented_message)
DEVSSH_MESSAGE (DevSshDebugMessage, devssh_debug_message)
DEVSSH_MESSAGE (DevSshServiceRequestMessage, devssh_service_request_message)
DEVSSH_MESSAGE (DevSshServiceAcceptMessage, devssh_service_accept_message)
DEVSSH_MESSAGE (DevSshExtInfoMessage, devssh_ext_info_message)

/* ---- key exchange: 20 to 49 ---- */
typedef enum
{
  DEVSSH_KEXINIT_KEX, DEVSSH_KEXINIT_HOST_KEY,
  DEVSSH_KEXINIT_CIPHER_C2S, DEVSSH_KEXINIT_CIPHER_S2C,
  DEVSSH_KEXINIT_MAC_C2S, DEVSSH_KEXINIT_MAC_S2C,
  DEVSSH_KEXINIT_COMPRESSION_C2S, DEVSSH_KEXINIT_COMPRESSION_S2C,
  DEVSSH_KEXINIT_LANGUAGE_C2S, DEVSSH_KEXINIT_LANGUAGE_S2C,
  DEVSSH_KEXINIT_N_LISTS
} DevSshKexInitList;
typedef struct { guint8 cookie[16]; char **lists[DEVSSH_KEXINIT_N_LISTS]; gboolean first_kex_packet_follows; guint32 reserved; } DevSshKexInitMessage;
typedef struct { guint8 unused; } DevSshNewKeysMessage;
typedef struct { DevSshSlice public_value; } DevSshKexDhInitMessage;                       /* e, or Q_C */
typedef struct { DevSshSlice host_key; DevSshSlice public_value; DevSshSlice signature; } DevSshKexDhReplyMessage;
DEVSSH_MESSAGE (DevSshKexInitMessage, devssh_kexinit_message)
DEVSSH_MESSAGE (DevSshNewKeysMessage, devssh_newkeys_message)
DEVSSH_MESSAGE (DevSshKexDhInitMessage, devssh_kexdh_init_message)
DEVSSH_MESSAGE (DevSshKexDhReplyMessage, devssh_kexdh_reply_message)

/* ---- authentication: 50 to 79 ---- */
typedef struct
{
  char *user, *service, *method;      /* user: UTF-8 or the decode fails; "" is legal */
  /* password */
  gboolean    change_password;
  DevSshSlice password;               /* borrowed: wipe the payload when done */
  DevSshSlice new_password;
  /* publickey, hostbased */
  gboolean    has_signature;
  char       *algorithm;
  DevSshSlice key_blob;
  DevSshSlice signature;
  gsize       signed_length;          /* how many bytes of the payload the signature covers (up to the signature string) */
  char       *client_host, *client_user;
  /* keyboard-interactive */
  DevSshSlice language, submethods;   /* optional on reading */
} DevSshUserauthRequestMessage;       /* an unknown method decodes with method set and nothing after it */
typedef struct { char **methods; gboolean partial_success; } DevSshUserauthFailureMessage;
typedef struct { guint8 unused; } DevSshUserauthSuccessMessage;
typedef struct { DevSshSlice message; DevSshSlice language; } DevSshUserauthBannerMessage;
typedef struct { char *algorithm; DevSshSlice key_blob; } DevSshPkOkMessage;
typedef struct { DevSshSlice prompt; gboolean echo; } DevSshInfoPrompt;
typedef struct
{
  DevSshSlice name, instruction, language;
  DevSshInfoPrompt *prompts; guint n_prompts;   /* at most 64 (T-13) */
  gboolean split;                               /* protocol.md 4.6: all prompts, then all flags. decode tries RFC 4256 first */
} DevSshInfoRequestMessage;
typedef struct { DevSshSlice *responses; guint n_responses; } DevSshInfoResponseMessage;
DEVSSH_MESSAGE (DevSshUserauthRequestMessage, devssh_userauth_request_message)
DEVSSH_MESSAGE (DevSshUserauthFailureMessage, devssh_userauth_failure_message)
DEVSSH_MESSAGE (DevSshUserauthSuccessMessage, devssh_userauth_success_message)
DEVSSH_MESSAGE (DevSshUserauthBannerMessage, devssh_userauth_banner_message)
DEVSSH_MESSAGE (DevSshPkOkMessage, devssh_pk_ok_message)
DEVSSH_MESSAGE (DevSshInfoRequestMessage, devssh_info_request_message)
DEVSSH_MESSAGE (DevSshInfoResponseMessage, devssh_info_response_message)

/* ---- connection: 80 to 127 ---- */
typedef struct { char *request; gboolean want_reply; DevSshSlice data; } DevSshGlobalRequestMessage;   /* data: what follows, raw */
typedef struct { DevSshSlice data; } DevSshRequestSuccessMessage;
typedef struct { DevSshSlice data; } DevSshRequestFailureMessage;
typedef struct { char *channel_type; guint32 sender_channel, initial_window, maximum_packet; DevSshSlice type_data; } DevSshChannelOpenMessage;
typedef struct { guint32 recipient_channel, sender_channel, initial_window, maximum_packet; DevSshSlice type_data; } DevSshChannelOpenConfirmationMessage;
typedef struct { guint32 recipient_channel, reason; DevSshSlice description, language; } DevSshChannelOpenFailureMessage;  /* texts optional on reading */
typedef struct { guint32 recipient_channel, bytes_to_add; } DevSshChannelWindowAdjustMessage;
typedef struct { guint32 recipient_channel; DevSshSlice data; } DevSshChannelDataMessage;
typedef struct { guint32 recipient_channel, data_type; DevSshSlice data; } DevSshChannelExtendedDataMessage;
typedef struct { guint32 recipient_channel; } DevSshChannelEofMessage;
typedef struct { guint32 recipient_channel; } DevSshChannelCloseMessage;
typedef struct { guint32 recipient_channel; char *request; gboolean want_reply; DevSshSlice data; } DevSshChannelRequestMessage;
typedef struct { guint32 recipient_channel; } DevSshChannelSuccessMessage;
typedef struct { guint32 recipient_channel; } DevSshChannelFailureMessage;
DEVSSH_MESSAGE (DevSshGlobalRequestMessage, devssh_global_request_message)
DEVSSH_MESSAGE (DevSshRequestSuccessMessage, devssh_request_success_message)
DEVSSH_MESSAGE (DevSshRequestFailureMessage, devssh_request_failure_message)
DEVSSH_MESSAGE (DevSshChannelOpenMessage, devssh_channel_open_message)
DEVSSH_MESSAGE (DevSshChannelOpenConfirmationMessage, devssh_channel_open_confirmation_message)
DEVSSH_MESSAGE (DevSshChannelOpenFailureMessage, devssh_channel_open_failure_message)
DEVSSH_MESSAGE (DevSshChannelWindowAdjustMessage, devssh_channel_window_adjust_message)
DEVSSH_MESSAGE (DevSshChannelDataMessage, devssh_channel_data_message)
DEVSSH_MESSAGE (DevSshChannelExtendedDataMessage, devssh_channel_extended_data_message)
DEVSSH_MESSAGE (DevSshChannelEofMessage, devssh_channel_eof_message)
DEVSSH_MESSAGE (DevSshChannelCloseMessage, devssh_channel_close_message)
DEVSSH_MESSAGE (DevSshChannelRequestMessage, devssh_channel_request_message)
DEVSSH_MESSAGE (DevSshChannelSuccessMessage, devssh_channel_success_message)
DEVSSH_MESSAGE (DevSshChannelFailureMessage, devssh_channel_failure_message)

/* Type-specific parts: what stands in the data of a request. decode/encode without a number byte. */
typedef struct { guint32 status; } DevSshExitStatus;                                                        /* RFC 4254, 6.10 */
typedef struct { DevSshSlice signal_name; gboolean core_dumped; DevSshSlice message, language; } DevSshExitSignal;
typedef struct { DevSshSlice signal_name; } DevSshSignal;                                                   /* 6.9 */
typedef struct { DevSshSlice command; } DevSshExec;                                                         /* 6.5 */
typedef struct { DevSshSlice terminal; guint32 columns, rows, width, height; DevSshSlice modes; } DevSshPtyReq;  /* 6.2 */
/* Reconnect and initial-request extensions (protocol.md 3.2, 3.5): the data after the generic fields of 80, 81, 82. */
typedef struct { guint32 sender_channel; DevSshSlice request; } DevSshInitialChannelRequest;                /* request: a whole message 98 */
typedef struct { DevSshSlice client_token; guint64 last_received; } DevSshReconnectRequest;
typedef struct { DevSshSlice server_token; guint64 last_received; } DevSshReconnectResponse;
typedef struct { guint32 reason; DevSshSlice description, language; } DevSshReconnectFailureInfo;           /* empty payload: reason 1 */
DEVSSH_MESSAGE (DevSshExitStatus, devssh_exit_status)
DEVSSH_MESSAGE (DevSshExitSignal, devssh_exit_signal)
DEVSSH_MESSAGE (DevSshSignal, devssh_signal)
DEVSSH_MESSAGE (DevSshExec, devssh_exec)
DEVSSH_MESSAGE (DevSshPtyReq, devssh_pty_req)
DEVSSH_MESSAGE (DevSshInitialChannelRequest, devssh_initial_channel_request)
DEVSSH_MESSAGE (DevSshReconnectRequest, devssh_reconnect_request)
DEVSSH_MESSAGE (DevSshReconnectResponse, devssh_reconnect_response)
DEVSSH_MESSAGE (DevSshReconnectFailureInfo, devssh_reconnect_failure_info)

/* One row per message: a name for people and tests, and generic functions; tests and fuzzers walk it. */
typedef struct
{
  guint8       number;      /* 0: type-specific part */
  const char  *name;        /* "SSH_MSG_KEXINIT", "exit-status" */
  gsize        size;        /* of the struct */
  gboolean   (*decode) (gpointer self, const guint8 *payload, gsize length, GError **error);
  void       (*encode) (gconstpointer self, DevSshWriter *writer);
  void       (*clear)  (gpointer self);
} DevSshMessageType;
extern const DevSshMessageType devssh_message_types[];
extern const guint             devssh_n_message_types;

G_END_DECLS
