/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands in the data of requests and their replies: RFC 4254, 6, and the extensions for
 * reconnecting and for requests bundled with an opening. They have no number of their own. */
#include <libdevssh/wire/devssh-message-fields-private.h>

/* RFC 4254, 6.10: "exit-status" */
gboolean
devssh_exit_status_decode (DevSshExitStatus  *self,
                           const guint8      *payload,
                           gsize              length,
                           GError           **error)
{
  DevSshReader reader;

  devssh_reader_init (&reader, payload, length);
  self->status = devssh_reader_get_uint32 (&reader);

  return devssh_message_end (&reader, self, sizeof *self, NULL, error);
}

void
devssh_exit_status_encode (const DevSshExitStatus *self,
                           DevSshWriter           *writer)
{
  devssh_writer_put_uint32 (writer, self->status);
}

DEVSSH_DEFINE_PLAIN_CLEAR (DevSshExitStatus, devssh_exit_status)

/* RFC 4254, 6.10: "exit-signal" */
gboolean
devssh_exit_signal_decode (DevSshExitSignal  *self,
                           const guint8      *payload,
                           gsize              length,
                           GError           **error)
{
  DevSshReader reader;

  devssh_reader_init (&reader, payload, length);
  self->signal_name = devssh_reader_get_slice (&reader);
  self->core_dumped = devssh_reader_get_boolean (&reader);
  self->message = devssh_reader_get_slice (&reader);
  self->language = devssh_reader_get_slice (&reader);

  return devssh_message_end (&reader, self, sizeof *self, NULL, error);
}

void
devssh_exit_signal_encode (const DevSshExitSignal *self,
                           DevSshWriter           *writer)
{
  devssh_writer_put (writer, self->signal_name);
  devssh_writer_put_boolean (writer, self->core_dumped);
  devssh_writer_put (writer, self->message);
  devssh_writer_put (writer, self->language);
}

DEVSSH_DEFINE_PLAIN_CLEAR (DevSshExitSignal, devssh_exit_signal)

/* RFC 4254, 6.9: "signal" */
gboolean
devssh_signal_decode (DevSshSignal  *self,
                      const guint8  *payload,
                      gsize          length,
                      GError       **error)
{
  DevSshReader reader;

  devssh_reader_init (&reader, payload, length);
  self->signal_name = devssh_reader_get_slice (&reader);

  return devssh_message_end (&reader, self, sizeof *self, NULL, error);
}

void
devssh_signal_encode (const DevSshSignal *self,
                      DevSshWriter       *writer)
{
  devssh_writer_put (writer, self->signal_name);
}

DEVSSH_DEFINE_PLAIN_CLEAR (DevSshSignal, devssh_signal)

/* RFC 4254, 6.5: "exec" */
gboolean
devssh_exec_decode (DevSshExec    *self,
                    const guint8  *payload,
                    gsize          length,
                    GError       **error)
{
  DevSshReader reader;

  devssh_reader_init (&reader, payload, length);
  self->command = devssh_reader_get_slice (&reader);

  return devssh_message_end (&reader, self, sizeof *self, NULL, error);
}

void
devssh_exec_encode (const DevSshExec *self,
                    DevSshWriter     *writer)
{
  devssh_writer_put (writer, self->command);
}

DEVSSH_DEFINE_PLAIN_CLEAR (DevSshExec, devssh_exec)

/* RFC 4254, 6.2: "pty-req" */
gboolean
devssh_pty_req_decode (DevSshPtyReq  *self,
                       const guint8  *payload,
                       gsize          length,
                       GError       **error)
{
  DevSshReader reader;

  devssh_reader_init (&reader, payload, length);
  self->terminal = devssh_reader_get_slice (&reader);
  self->columns = devssh_reader_get_uint32 (&reader);
  self->rows = devssh_reader_get_uint32 (&reader);
  self->width = devssh_reader_get_uint32 (&reader);
  self->height = devssh_reader_get_uint32 (&reader);
  self->modes = devssh_reader_get_slice (&reader);

  return devssh_message_end (&reader, self, sizeof *self, NULL, error);
}

void
devssh_pty_req_encode (const DevSshPtyReq *self,
                       DevSshWriter       *writer)
{
  devssh_writer_put (writer, self->terminal);
  devssh_writer_put_uint32 (writer, self->columns);
  devssh_writer_put_uint32 (writer, self->rows);
  devssh_writer_put_uint32 (writer, self->width);
  devssh_writer_put_uint32 (writer, self->height);
  devssh_writer_put (writer, self->modes);
}

DEVSSH_DEFINE_PLAIN_CLEAR (DevSshPtyReq, devssh_pty_req)

/* "initial-channel-request@microsoft.com": the request is a whole message 98 without a length
 * before it, so it reaches to the end. */
gboolean
devssh_initial_channel_request_decode (DevSshInitialChannelRequest  *self,
                                       const guint8                 *payload,
                                       gsize                         length,
                                       GError                      **error)
{
  DevSshReader reader;

  devssh_reader_init (&reader, payload, length);
  self->sender_channel = devssh_reader_get_uint32 (&reader);
  self->request = devssh_reader_get_tail (&reader);

  return devssh_message_end (&reader, self, sizeof *self, NULL, error);
}

void
devssh_initial_channel_request_encode (const DevSshInitialChannelRequest *self,
                                       DevSshWriter                      *writer)
{
  devssh_writer_put_uint32 (writer, self->sender_channel);
  devssh_writer_put_bytes (writer, self->request.data, self->request.length);
}

DEVSSH_DEFINE_PLAIN_CLEAR (DevSshInitialChannelRequest, devssh_initial_channel_request)

/* "session-reconnect@microsoft.com": what the client asks */
gboolean
devssh_reconnect_request_decode (DevSshReconnectRequest  *self,
                                 const guint8            *payload,
                                 gsize                    length,
                                 GError                 **error)
{
  DevSshReader reader;

  devssh_reader_init (&reader, payload, length);
  self->client_token = devssh_reader_get_slice (&reader);
  self->last_received = devssh_reader_get_uint64 (&reader);

  return devssh_message_end (&reader, self, sizeof *self, NULL, error);
}

void
devssh_reconnect_request_encode (const DevSshReconnectRequest *self,
                                 DevSshWriter                 *writer)
{
  devssh_writer_put (writer, self->client_token);
  devssh_writer_put_uint64 (writer, self->last_received);
}

DEVSSH_DEFINE_PLAIN_CLEAR (DevSshReconnectRequest, devssh_reconnect_request)

/* "session-reconnect@microsoft.com": the answer of a server that has the session */
gboolean
devssh_reconnect_response_decode (DevSshReconnectResponse  *self,
                                  const guint8             *payload,
                                  gsize                     length,
                                  GError                  **error)
{
  DevSshReader reader;

  devssh_reader_init (&reader, payload, length);
  self->server_token = devssh_reader_get_slice (&reader);
  self->last_received = devssh_reader_get_uint64 (&reader);

  return devssh_message_end (&reader, self, sizeof *self, NULL, error);
}

void
devssh_reconnect_response_encode (const DevSshReconnectResponse *self,
                                  DevSshWriter                  *writer)
{
  devssh_writer_put (writer, self->server_token);
  devssh_writer_put_uint64 (writer, self->last_received);
}

DEVSSH_DEFINE_PLAIN_CLEAR (DevSshReconnectResponse, devssh_reconnect_response)

/* "session-reconnect@microsoft.com": the answer of a server that has not. A bare message 82 is one,
 * too; all three fields are written, because a peer may not survive a reason without its texts. */
gboolean
devssh_reconnect_failure_info_decode (DevSshReconnectFailureInfo  *self,
                                      const guint8                *payload,
                                      gsize                        length,
                                      GError                     **error)
{
  DevSshReader reader;

  devssh_reader_init (&reader, payload, length);
  self->reason = length > 0 ? devssh_reader_get_uint32 (&reader)
                            : DEVSSH_RECONNECT_FAILURE_UNKNOWN_SERVER_FAILURE;
  self->description = devssh_reader_get_optional_slice (&reader);
  self->language = devssh_reader_get_optional_slice (&reader);

  return devssh_message_end (&reader, self, sizeof *self, NULL, error);
}

void
devssh_reconnect_failure_info_encode (const DevSshReconnectFailureInfo *self,
                                      DevSshWriter                     *writer)
{
  devssh_writer_put_uint32 (writer, self->reason);
  devssh_writer_put (writer, self->description);
  devssh_writer_put (writer, self->language);
}

DEVSSH_DEFINE_PLAIN_CLEAR (DevSshReconnectFailureInfo, devssh_reconnect_failure_info)
