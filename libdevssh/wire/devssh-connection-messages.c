/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages 80 to 127: requests and channels (RFC 4254). */
#include <libdevssh/wire/devssh-message-fields-private.h>

/* RFC 4254, 4: SSH_MSG_GLOBAL_REQUEST */
gboolean
devssh_global_request_message_decode (DevSshGlobalRequestMessage  *self,
                                      const guint8                *payload,
                                      gsize                        length,
                                      GError                     **error)
{
  DevSshReader reader;

  devssh_message_begin (&reader, DEVSSH_MESSAGE_GLOBAL_REQUEST, payload, length);
  self->request = devssh_reader_dup_utf8 (&reader);
  self->want_reply = devssh_reader_get_boolean (&reader);
  self->data = devssh_reader_get_tail (&reader);

  return devssh_message_end (&reader, self, sizeof *self,
                             (DevSshClearFunc) devssh_global_request_message_clear, error);
}

void
devssh_global_request_message_encode (const DevSshGlobalRequestMessage *self,
                                      DevSshWriter                     *writer)
{
  devssh_writer_put_byte (writer, DEVSSH_MESSAGE_GLOBAL_REQUEST);
  devssh_writer_put_utf8 (writer, self->request);
  devssh_writer_put_boolean (writer, self->want_reply);
  devssh_writer_put_bytes (writer, self->data.data, self->data.length);
}

void
devssh_global_request_message_clear (DevSshGlobalRequestMessage *self)
{
  g_clear_pointer (&self->request, g_free);
}

/* RFC 4254, 4: SSH_MSG_REQUEST_SUCCESS */
gboolean
devssh_request_success_message_decode (DevSshRequestSuccessMessage  *self,
                                       const guint8                 *payload,
                                       gsize                         length,
                                       GError                      **error)
{
  DevSshReader reader;

  devssh_message_begin (&reader, DEVSSH_MESSAGE_REQUEST_SUCCESS, payload, length);
  self->data = devssh_reader_get_tail (&reader);

  return devssh_message_end (&reader, self, sizeof *self, NULL, error);
}

void
devssh_request_success_message_encode (const DevSshRequestSuccessMessage *self,
                                       DevSshWriter                      *writer)
{
  devssh_writer_put_byte (writer, DEVSSH_MESSAGE_REQUEST_SUCCESS);
  devssh_writer_put_bytes (writer, self->data.data, self->data.length);
}

DEVSSH_DEFINE_PLAIN_CLEAR (DevSshRequestSuccessMessage, devssh_request_success_message)

/* RFC 4254, 4: SSH_MSG_REQUEST_FAILURE. The reconnect extension puts a reason behind it. */
gboolean
devssh_request_failure_message_decode (DevSshRequestFailureMessage  *self,
                                       const guint8                 *payload,
                                       gsize                         length,
                                       GError                      **error)
{
  DevSshReader reader;

  devssh_message_begin (&reader, DEVSSH_MESSAGE_REQUEST_FAILURE, payload, length);
  self->data = devssh_reader_get_tail (&reader);

  return devssh_message_end (&reader, self, sizeof *self, NULL, error);
}

void
devssh_request_failure_message_encode (const DevSshRequestFailureMessage *self,
                                       DevSshWriter                      *writer)
{
  devssh_writer_put_byte (writer, DEVSSH_MESSAGE_REQUEST_FAILURE);
  devssh_writer_put_bytes (writer, self->data.data, self->data.length);
}

DEVSSH_DEFINE_PLAIN_CLEAR (DevSshRequestFailureMessage, devssh_request_failure_message)

/* RFC 4254, 5.1: SSH_MSG_CHANNEL_OPEN */
gboolean
devssh_channel_open_message_decode (DevSshChannelOpenMessage  *self,
                                    const guint8              *payload,
                                    gsize                      length,
                                    GError                   **error)
{
  DevSshReader reader;

  devssh_message_begin (&reader, DEVSSH_MESSAGE_CHANNEL_OPEN, payload, length);
  self->channel_type = devssh_reader_dup_utf8 (&reader);
  self->sender_channel = devssh_reader_get_uint32 (&reader);
  self->initial_window = devssh_reader_get_uint32 (&reader);
  self->maximum_packet = devssh_reader_get_uint32 (&reader);
  self->type_data = devssh_reader_get_tail (&reader);

  return devssh_message_end (&reader, self, sizeof *self,
                             (DevSshClearFunc) devssh_channel_open_message_clear, error);
}

void
devssh_channel_open_message_encode (const DevSshChannelOpenMessage *self,
                                    DevSshWriter                   *writer)
{
  devssh_writer_put_byte (writer, DEVSSH_MESSAGE_CHANNEL_OPEN);
  devssh_writer_put_utf8 (writer, self->channel_type);
  devssh_writer_put_uint32 (writer, self->sender_channel);
  devssh_writer_put_uint32 (writer, self->initial_window);
  devssh_writer_put_uint32 (writer, self->maximum_packet);
  devssh_writer_put_bytes (writer, self->type_data.data, self->type_data.length);
}

void
devssh_channel_open_message_clear (DevSshChannelOpenMessage *self)
{
  g_clear_pointer (&self->channel_type, g_free);
}

/* RFC 4254, 5.1: SSH_MSG_CHANNEL_OPEN_CONFIRMATION */
gboolean
devssh_channel_open_confirmation_message_decode (DevSshChannelOpenConfirmationMessage  *self,
                                                 const guint8                          *payload,
                                                 gsize                                  length,
                                                 GError                               **error)
{
  DevSshReader reader;

  devssh_message_begin (&reader, DEVSSH_MESSAGE_CHANNEL_OPEN_CONFIRMATION, payload, length);
  self->recipient_channel = devssh_reader_get_uint32 (&reader);
  self->sender_channel = devssh_reader_get_uint32 (&reader);
  self->initial_window = devssh_reader_get_uint32 (&reader);
  self->maximum_packet = devssh_reader_get_uint32 (&reader);
  self->type_data = devssh_reader_get_tail (&reader);

  return devssh_message_end (&reader, self, sizeof *self, NULL, error);
}

void
devssh_channel_open_confirmation_message_encode (const DevSshChannelOpenConfirmationMessage *self,
                                                 DevSshWriter                               *writer)
{
  devssh_writer_put_byte (writer, DEVSSH_MESSAGE_CHANNEL_OPEN_CONFIRMATION);
  devssh_writer_put_uint32 (writer, self->recipient_channel);
  devssh_writer_put_uint32 (writer, self->sender_channel);
  devssh_writer_put_uint32 (writer, self->initial_window);
  devssh_writer_put_uint32 (writer, self->maximum_packet);
  devssh_writer_put_bytes (writer, self->type_data.data, self->type_data.length);
}

DEVSSH_DEFINE_PLAIN_CLEAR (DevSshChannelOpenConfirmationMessage, devssh_channel_open_confirmation_message)

/* RFC 4254, 5.1: SSH_MSG_CHANNEL_OPEN_FAILURE. Some peers leave out the texts. */
gboolean
devssh_channel_open_failure_message_decode (DevSshChannelOpenFailureMessage  *self,
                                            const guint8                     *payload,
                                            gsize                             length,
                                            GError                          **error)
{
  DevSshReader reader;

  devssh_message_begin (&reader, DEVSSH_MESSAGE_CHANNEL_OPEN_FAILURE, payload, length);
  self->recipient_channel = devssh_reader_get_uint32 (&reader);
  self->reason = devssh_reader_get_uint32 (&reader);
  self->description = devssh_reader_get_optional_slice (&reader);
  self->language = devssh_reader_get_optional_slice (&reader);

  return devssh_message_end (&reader, self, sizeof *self, NULL, error);
}

void
devssh_channel_open_failure_message_encode (const DevSshChannelOpenFailureMessage *self,
                                            DevSshWriter                          *writer)
{
  devssh_writer_put_byte (writer, DEVSSH_MESSAGE_CHANNEL_OPEN_FAILURE);
  devssh_writer_put_uint32 (writer, self->recipient_channel);
  devssh_writer_put_uint32 (writer, self->reason);
  devssh_writer_put (writer, self->description);
  devssh_writer_put (writer, self->language);
}

DEVSSH_DEFINE_PLAIN_CLEAR (DevSshChannelOpenFailureMessage, devssh_channel_open_failure_message)

/* RFC 4254, 5.2: SSH_MSG_CHANNEL_WINDOW_ADJUST */
gboolean
devssh_channel_window_adjust_message_decode (DevSshChannelWindowAdjustMessage  *self,
                                             const guint8                      *payload,
                                             gsize                              length,
                                             GError                           **error)
{
  DevSshReader reader;

  devssh_message_begin (&reader, DEVSSH_MESSAGE_CHANNEL_WINDOW_ADJUST, payload, length);
  self->recipient_channel = devssh_reader_get_uint32 (&reader);
  self->bytes_to_add = devssh_reader_get_uint32 (&reader);

  return devssh_message_end (&reader, self, sizeof *self, NULL, error);
}

void
devssh_channel_window_adjust_message_encode (const DevSshChannelWindowAdjustMessage *self,
                                             DevSshWriter                           *writer)
{
  devssh_writer_put_byte (writer, DEVSSH_MESSAGE_CHANNEL_WINDOW_ADJUST);
  devssh_writer_put_uint32 (writer, self->recipient_channel);
  devssh_writer_put_uint32 (writer, self->bytes_to_add);
}

DEVSSH_DEFINE_PLAIN_CLEAR (DevSshChannelWindowAdjustMessage, devssh_channel_window_adjust_message)

/* RFC 4254, 5.2: SSH_MSG_CHANNEL_DATA */
gboolean
devssh_channel_data_message_decode (DevSshChannelDataMessage  *self,
                                    const guint8              *payload,
                                    gsize                      length,
                                    GError                   **error)
{
  DevSshReader reader;

  devssh_message_begin (&reader, DEVSSH_MESSAGE_CHANNEL_DATA, payload, length);
  self->recipient_channel = devssh_reader_get_uint32 (&reader);
  self->data = devssh_reader_get_slice (&reader);

  return devssh_message_end (&reader, self, sizeof *self, NULL, error);
}

void
devssh_channel_data_message_encode (const DevSshChannelDataMessage *self,
                                    DevSshWriter                   *writer)
{
  devssh_writer_put_byte (writer, DEVSSH_MESSAGE_CHANNEL_DATA);
  devssh_writer_put_uint32 (writer, self->recipient_channel);
  devssh_writer_put (writer, self->data);
}

DEVSSH_DEFINE_PLAIN_CLEAR (DevSshChannelDataMessage, devssh_channel_data_message)

/* RFC 4254, 5.2: SSH_MSG_CHANNEL_EXTENDED_DATA */
gboolean
devssh_channel_extended_data_message_decode (DevSshChannelExtendedDataMessage  *self,
                                             const guint8                      *payload,
                                             gsize                              length,
                                             GError                           **error)
{
  DevSshReader reader;

  devssh_message_begin (&reader, DEVSSH_MESSAGE_CHANNEL_EXTENDED_DATA, payload, length);
  self->recipient_channel = devssh_reader_get_uint32 (&reader);
  self->data_type = devssh_reader_get_uint32 (&reader);
  self->data = devssh_reader_get_slice (&reader);

  return devssh_message_end (&reader, self, sizeof *self, NULL, error);
}

void
devssh_channel_extended_data_message_encode (const DevSshChannelExtendedDataMessage *self,
                                             DevSshWriter                           *writer)
{
  devssh_writer_put_byte (writer, DEVSSH_MESSAGE_CHANNEL_EXTENDED_DATA);
  devssh_writer_put_uint32 (writer, self->recipient_channel);
  devssh_writer_put_uint32 (writer, self->data_type);
  devssh_writer_put (writer, self->data);
}

DEVSSH_DEFINE_PLAIN_CLEAR (DevSshChannelExtendedDataMessage, devssh_channel_extended_data_message)

/* Four messages that say nothing but which channel. */
static gboolean
decode_recipient (guint32              *recipient_channel,
                  DevSshMessageNumber   number,
                  const guint8         *payload,
                  gsize                 length,
                  GError              **error)
{
  DevSshReader reader;

  devssh_message_begin (&reader, number, payload, length);
  *recipient_channel = devssh_reader_get_uint32 (&reader);

  return devssh_message_end (&reader, recipient_channel, sizeof *recipient_channel, NULL, error);
}

static void
encode_recipient (guint32              recipient_channel,
                  DevSshMessageNumber  number,
                  DevSshWriter        *writer)
{
  devssh_writer_put_byte (writer, number);
  devssh_writer_put_uint32 (writer, recipient_channel);
}

/* RFC 4254, 5.3: SSH_MSG_CHANNEL_EOF */
gboolean
devssh_channel_eof_message_decode (DevSshChannelEofMessage  *self,
                                   const guint8             *payload,
                                   gsize                     length,
                                   GError                  **error)
{
  return decode_recipient (&self->recipient_channel, DEVSSH_MESSAGE_CHANNEL_EOF,
                           payload, length, error);
}

void
devssh_channel_eof_message_encode (const DevSshChannelEofMessage *self,
                                   DevSshWriter                  *writer)
{
  encode_recipient (self->recipient_channel, DEVSSH_MESSAGE_CHANNEL_EOF, writer);
}

DEVSSH_DEFINE_PLAIN_CLEAR (DevSshChannelEofMessage, devssh_channel_eof_message)

/* RFC 4254, 5.3: SSH_MSG_CHANNEL_CLOSE */
gboolean
devssh_channel_close_message_decode (DevSshChannelCloseMessage  *self,
                                     const guint8               *payload,
                                     gsize                       length,
                                     GError                    **error)
{
  return decode_recipient (&self->recipient_channel, DEVSSH_MESSAGE_CHANNEL_CLOSE,
                           payload, length, error);
}

void
devssh_channel_close_message_encode (const DevSshChannelCloseMessage *self,
                                     DevSshWriter                    *writer)
{
  encode_recipient (self->recipient_channel, DEVSSH_MESSAGE_CHANNEL_CLOSE, writer);
}

DEVSSH_DEFINE_PLAIN_CLEAR (DevSshChannelCloseMessage, devssh_channel_close_message)

/* RFC 4254, 5.4: SSH_MSG_CHANNEL_REQUEST */
gboolean
devssh_channel_request_message_decode (DevSshChannelRequestMessage  *self,
                                       const guint8                 *payload,
                                       gsize                         length,
                                       GError                      **error)
{
  DevSshReader reader;

  devssh_message_begin (&reader, DEVSSH_MESSAGE_CHANNEL_REQUEST, payload, length);
  self->recipient_channel = devssh_reader_get_uint32 (&reader);
  self->request = devssh_reader_dup_utf8 (&reader);
  if (self->request[0] == '\0')
    devssh_reader_fail (&reader, DEVSSH_ERROR_MALFORMED, "a request without a name");
  self->want_reply = devssh_reader_get_boolean (&reader);
  self->data = devssh_reader_get_tail (&reader);

  return devssh_message_end (&reader, self, sizeof *self,
                             (DevSshClearFunc) devssh_channel_request_message_clear, error);
}

void
devssh_channel_request_message_encode (const DevSshChannelRequestMessage *self,
                                       DevSshWriter                      *writer)
{
  devssh_writer_put_byte (writer, DEVSSH_MESSAGE_CHANNEL_REQUEST);
  devssh_writer_put_uint32 (writer, self->recipient_channel);
  devssh_writer_put_utf8 (writer, self->request);
  devssh_writer_put_boolean (writer, self->want_reply);
  devssh_writer_put_bytes (writer, self->data.data, self->data.length);
}

void
devssh_channel_request_message_clear (DevSshChannelRequestMessage *self)
{
  g_clear_pointer (&self->request, g_free);
}

/* RFC 4254, 5.4: SSH_MSG_CHANNEL_SUCCESS */
gboolean
devssh_channel_success_message_decode (DevSshChannelSuccessMessage  *self,
                                       const guint8                 *payload,
                                       gsize                         length,
                                       GError                      **error)
{
  return decode_recipient (&self->recipient_channel, DEVSSH_MESSAGE_CHANNEL_SUCCESS,
                           payload, length, error);
}

void
devssh_channel_success_message_encode (const DevSshChannelSuccessMessage *self,
                                       DevSshWriter                      *writer)
{
  encode_recipient (self->recipient_channel, DEVSSH_MESSAGE_CHANNEL_SUCCESS, writer);
}

DEVSSH_DEFINE_PLAIN_CLEAR (DevSshChannelSuccessMessage, devssh_channel_success_message)

/* RFC 4254, 5.4: SSH_MSG_CHANNEL_FAILURE */
gboolean
devssh_channel_failure_message_decode (DevSshChannelFailureMessage  *self,
                                       const guint8                 *payload,
                                       gsize                         length,
                                       GError                      **error)
{
  return decode_recipient (&self->recipient_channel, DEVSSH_MESSAGE_CHANNEL_FAILURE,
                           payload, length, error);
}

void
devssh_channel_failure_message_encode (const DevSshChannelFailureMessage *self,
                                       DevSshWriter                      *writer)
{
  encode_recipient (self->recipient_channel, DEVSSH_MESSAGE_CHANNEL_FAILURE, writer);
}

DEVSSH_DEFINE_PLAIN_CLEAR (DevSshChannelFailureMessage, devssh_channel_failure_message)
