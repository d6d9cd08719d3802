/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads and writes the fields of RFC 4254, 7. What stands behind them is ignored: peers may add to it. */
#include "devssh-forwarding-messages.h"

#include <string.h>

/* RFC 1035, 2.3.4 */
#define HOST_MAX_LENGTH 255

/* T-85: a number beyond 16 bits is no port, whatever it would be without its upper half. */
static gboolean
check_port (guint    port,
            GError **error)
{
  if (port <= G_MAXUINT16)
    return TRUE;

  g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED, "%u is not a port", port);
  return FALSE;
}

static void
put_bytes (DevSshWriter *writer,
           GBytes       *bytes)
{
  gsize length = 0;
  const guint8 *data = bytes != NULL ? g_bytes_get_data (bytes, &length) : NULL;

  devssh_writer_put_string (writer, data, length);
}

/* RFC 4254, 7.1 */
gboolean
devssh_forwarding_request_decode (DevSshForwardingRequest  *self,
                                  GBytes                   *payload,
                                  GError                  **error)
{
  g_autoptr(DevSshReader) reader = devssh_reader_new (payload);

  self->address = devssh_reader_get_string (reader);
  self->port = devssh_reader_get_uint32 (reader);

  return devssh_reader_finish (reader, error) && check_port (self->port, error);
}

GBytes *
devssh_forwarding_request_encode (const DevSshForwardingRequest *self)
{
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();

  put_bytes (writer, self->address);
  devssh_writer_put_uint32 (writer, self->port);

  return devssh_writer_end (writer);
}

void
devssh_forwarding_request_clear (DevSshForwardingRequest *self)
{
  g_clear_pointer (&self->address, g_bytes_unref);
}

/* RFC 4254, 7.2 */
gboolean
devssh_forwarding_open_decode (DevSshForwardingOpen  *self,
                               GBytes                *type_data,
                               GError               **error)
{
  g_autoptr(DevSshReader) reader = devssh_reader_new (type_data);

  self->host = devssh_reader_get_string (reader);
  self->port = devssh_reader_get_uint32 (reader);
  self->originator = devssh_reader_get_string (reader);
  self->originator_port = devssh_reader_get_uint32 (reader);

  return devssh_reader_finish (reader, error) && check_port (self->port, error);
}

GBytes *
devssh_forwarding_open_encode (const DevSshForwardingOpen *self)
{
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();

  put_bytes (writer, self->host);
  devssh_writer_put_uint32 (writer, self->port);
  put_bytes (writer, self->originator);
  devssh_writer_put_uint32 (writer, self->originator_port);

  return devssh_writer_end (writer);
}

void
devssh_forwarding_open_clear (DevSshForwardingOpen *self)
{
  g_clear_pointer (&self->host, g_bytes_unref);
  g_clear_pointer (&self->originator, g_bytes_unref);
}

/* RFC 4254, 7.1 has the port only if the request left its choice to us; some peers always send it, some never. */
gboolean
devssh_forwarding_reply_decode (GBytes  *reply,
                                guint   *port,
                                GError **error)
{
  g_autoptr(DevSshReader) reader = NULL;

  if (reply == NULL || g_bytes_get_size (reply) < sizeof (guint32))
    return TRUE;

  reader = devssh_reader_new (reply);
  *port = devssh_reader_get_uint32 (reader);

  return devssh_reader_finish (reader, error) && check_port (*port, error);
}

GBytes *
devssh_forwarding_reply_encode (guint port)
{
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();

  devssh_writer_put_uint32 (writer, port);

  return devssh_writer_end (writer);
}

char *
devssh_forwarding_dup_host (GBytes  *bytes,
                            GError **error)
{
  gsize length = 0;
  const char *data = g_bytes_get_data (bytes, &length);

  if (length == 0)
    return g_strdup ("");

  if (length <= HOST_MAX_LENGTH && g_utf8_validate_len (data, length, NULL))
    {
      gsize i = 0;

      /* A control character is in no name, and would deceive whoever reads it in a dialog. */
      while (i < length && !g_ascii_iscntrl (data[i]) && data[i] != ' ')
        i++;

      if (i == length)
        return g_strndup (data, length);
    }

  g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
               "%" G_GSIZE_FORMAT " bytes that are neither a host name nor an address", length);
  return NULL;
}
