/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages 1 to 7: disconnect, ignore, debug, services and extensions (RFC 4253, RFC 8308). */
#include <libdevssh/wire/devssh-message-fields-private.h>

#define MAX_EXTENSIONS     64           /* T-13 */
#define MAX_EXTENSION_INFO (64 * 1024)  /* T-75 */

/* RFC 4253, 11.1: SSH_MSG_DISCONNECT. Some peers leave the language out. */
gboolean
devssh_disconnect_message_decode (DevSshDisconnectMessage  *self,
                                  const guint8             *payload,
                                  gsize                     length,
                                  GError                  **error)
{
  DevSshReader reader;

  devssh_message_begin (&reader, DEVSSH_MESSAGE_DISCONNECT, payload, length);
  self->reason = devssh_reader_get_uint32 (&reader);
  self->description = devssh_reader_get_slice (&reader);
  self->language = devssh_reader_get_optional_slice (&reader);

  return devssh_message_end (&reader, self, sizeof *self, NULL, error);
}

void
devssh_disconnect_message_encode (const DevSshDisconnectMessage *self,
                                  DevSshWriter                  *writer)
{
  devssh_writer_put_byte (writer, DEVSSH_MESSAGE_DISCONNECT);
  devssh_writer_put_uint32 (writer, self->reason);
  devssh_writer_put (writer, self->description);
  devssh_writer_put (writer, self->language);
}

DEVSSH_DEFINE_PLAIN_CLEAR (DevSshDisconnectMessage, devssh_disconnect_message)

/* RFC 4253, 11.2: SSH_MSG_IGNORE. Its content means nothing, so nothing in it can be wrong: what is
 * no whole string counts as data as it is. */
gboolean
devssh_ignore_message_decode (DevSshIgnoreMessage  *self,
                              const guint8         *payload,
                              gsize                 length,
                              GError              **error)
{
  DevSshReader reader, tail;

  devssh_message_begin (&reader, DEVSSH_MESSAGE_IGNORE, payload, length);
  tail = reader;
  self->data = devssh_reader_get_slice (&reader);
  if (devssh_reader_ok (&tail) && !devssh_reader_ok (&reader))
    {
      self->data = devssh_reader_get_tail (&tail);
      reader = tail;
    }

  return devssh_message_end (&reader, self, sizeof *self, NULL, error);
}

void
devssh_ignore_message_encode (const DevSshIgnoreMessage *self,
                              DevSshWriter              *writer)
{
  devssh_writer_put_byte (writer, DEVSSH_MESSAGE_IGNORE);
  devssh_writer_put (writer, self->data);
}

DEVSSH_DEFINE_PLAIN_CLEAR (DevSshIgnoreMessage, devssh_ignore_message)

/* RFC 4253, 11.4: SSH_MSG_UNIMPLEMENTED */
gboolean
devssh_unimplemented_message_decode (DevSshUnimplementedMessage  *self,
                                     const guint8                *payload,
                                     gsize                        length,
                                     GError                     **error)
{
  DevSshReader reader;

  devssh_message_begin (&reader, DEVSSH_MESSAGE_UNIMPLEMENTED, payload, length);
  self->sequence = devssh_reader_get_uint32 (&reader);

  return devssh_message_end (&reader, self, sizeof *self, NULL, error);
}

void
devssh_unimplemented_message_encode (const DevSshUnimplementedMessage *self,
                                     DevSshWriter                     *writer)
{
  devssh_writer_put_byte (writer, DEVSSH_MESSAGE_UNIMPLEMENTED);
  devssh_writer_put_uint32 (writer, self->sequence);
}

DEVSSH_DEFINE_PLAIN_CLEAR (DevSshUnimplementedMessage, devssh_unimplemented_message)

/* RFC 4253, 11.3: SSH_MSG_DEBUG */
gboolean
devssh_debug_message_decode (DevSshDebugMessage  *self,
                             const guint8        *payload,
                             gsize                length,
                             GError             **error)
{
  DevSshReader reader;

  devssh_message_begin (&reader, DEVSSH_MESSAGE_DEBUG, payload, length);
  self->always_display = devssh_reader_get_boolean (&reader);
  self->message = devssh_reader_get_slice (&reader);
  self->language = devssh_reader_get_slice (&reader);

  return devssh_message_end (&reader, self, sizeof *self, NULL, error);
}

void
devssh_debug_message_encode (const DevSshDebugMessage *self,
                             DevSshWriter             *writer)
{
  devssh_writer_put_byte (writer, DEVSSH_MESSAGE_DEBUG);
  devssh_writer_put_boolean (writer, self->always_display);
  devssh_writer_put (writer, self->message);
  devssh_writer_put (writer, self->language);
}

DEVSSH_DEFINE_PLAIN_CLEAR (DevSshDebugMessage, devssh_debug_message)

/* RFC 4253, 10: SSH_MSG_SERVICE_REQUEST */
gboolean
devssh_service_request_message_decode (DevSshServiceRequestMessage  *self,
                                       const guint8                 *payload,
                                       gsize                         length,
                                       GError                      **error)
{
  DevSshReader reader;

  devssh_message_begin (&reader, DEVSSH_MESSAGE_SERVICE_REQUEST, payload, length);
  self->service = devssh_reader_dup_name (&reader);

  return devssh_message_end (&reader, self, sizeof *self,
                             (DevSshClearFunc) devssh_service_request_message_clear, error);
}

void
devssh_service_request_message_encode (const DevSshServiceRequestMessage *self,
                                       DevSshWriter                      *writer)
{
  devssh_writer_put_byte (writer, DEVSSH_MESSAGE_SERVICE_REQUEST);
  devssh_writer_put_utf8 (writer, self->service);
}

void
devssh_service_request_message_clear (DevSshServiceRequestMessage *self)
{
  g_clear_pointer (&self->service, g_free);
}

/* RFC 4253, 10: SSH_MSG_SERVICE_ACCEPT */
gboolean
devssh_service_accept_message_decode (DevSshServiceAcceptMessage  *self,
                                      const guint8                *payload,
                                      gsize                        length,
                                      GError                     **error)
{
  DevSshReader reader;

  devssh_message_begin (&reader, DEVSSH_MESSAGE_SERVICE_ACCEPT, payload, length);
  self->service = devssh_reader_dup_name (&reader);

  return devssh_message_end (&reader, self, sizeof *self,
                             (DevSshClearFunc) devssh_service_accept_message_clear, error);
}

void
devssh_service_accept_message_encode (const DevSshServiceAcceptMessage *self,
                                      DevSshWriter                     *writer)
{
  devssh_writer_put_byte (writer, DEVSSH_MESSAGE_SERVICE_ACCEPT);
  devssh_writer_put_utf8 (writer, self->service);
}

void
devssh_service_accept_message_clear (DevSshServiceAcceptMessage *self)
{
  g_clear_pointer (&self->service, g_free);
}

/* RFC 8308, 2.3: SSH_MSG_EXT_INFO */
gboolean
devssh_ext_info_message_decode (DevSshExtInfoMessage  *self,
                                const guint8          *payload,
                                gsize                  length,
                                GError               **error)
{
  DevSshReader reader;
  guint count;

  self->extensions = NULL;
  self->n_extensions = 0;

  devssh_message_begin (&reader, DEVSSH_MESSAGE_EXT_INFO, payload, length);
  if (length > MAX_EXTENSION_INFO)
    devssh_reader_fail (&reader, DEVSSH_ERROR_LIMIT, "more than 64 KiB of extensions");

  /* Name and value have a length each, so one extension is 8 bytes at least. */
  count = devssh_reader_get_count (&reader, 8, MAX_EXTENSIONS, "more than 64 extensions");
  self->extensions = g_new0 (DevSshExtension, count);
  for (; self->n_extensions < count && devssh_reader_ok (&reader); self->n_extensions++)
    {
      self->extensions[self->n_extensions].name = devssh_reader_dup_utf8 (&reader);
      self->extensions[self->n_extensions].value = devssh_reader_get_slice (&reader);
    }

  return devssh_message_end (&reader, self, sizeof *self,
                             (DevSshClearFunc) devssh_ext_info_message_clear, error);
}

void
devssh_ext_info_message_encode (const DevSshExtInfoMessage *self,
                                DevSshWriter               *writer)
{
  devssh_writer_put_byte (writer, DEVSSH_MESSAGE_EXT_INFO);
  devssh_writer_put_uint32 (writer, self->n_extensions);
  for (guint i = 0; i < self->n_extensions; i++)
    {
      devssh_writer_put_utf8 (writer, self->extensions[i].name);
      devssh_writer_put (writer, self->extensions[i].value);
    }
}

void
devssh_ext_info_message_clear (DevSshExtInfoMessage *self)
{
  for (guint i = 0; i < self->n_extensions; i++)
    g_free (self->extensions[i].name);

  g_clear_pointer (&self->extensions, g_free);
  self->n_extensions = 0;
}
