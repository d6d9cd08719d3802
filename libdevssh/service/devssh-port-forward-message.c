/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads and writes what forwarding puts behind the generic fields of its messages. What stands behind its own fields is kept. */
#include <libdevssh/service/devssh-port-forward-message.h>

#include <string.h>

#include <libdevssh/base/devssh-error.h>
#include <libdevssh/wire/devssh-reader.h>
#include <libdevssh/wire/devssh-writer.h>

/* RFC 1035, 2.3.4 */
#define HOST_MAX_LENGTH 255
/* PATH_MAX of Linux; no socket has so long a path. */
#define PATH_MAX_LENGTH 4095

typedef struct
{
  const char                   *type;
  DevSshPortForwardMessageKind  kind;
  gboolean                      has_path;             /* else address and port */
  gboolean                      has_originator;
  gboolean                      has_originator_port;
} Layout;

static const Layout layouts[] = {
  /* RFC 4254, 7.1 */
  { DEVSSH_REQUEST_TCPIP_FORWARD, DEVSSH_PORT_FORWARD_MESSAGE_KIND_REQUEST, FALSE, FALSE, FALSE },
  { DEVSSH_REQUEST_CANCEL_TCPIP_FORWARD, DEVSSH_PORT_FORWARD_MESSAGE_KIND_REQUEST, FALSE, FALSE, FALSE },
  /* RFC 4254, 7.2 */
  { DEVSSH_CHANNEL_TYPE_FORWARDED_TCPIP, DEVSSH_PORT_FORWARD_MESSAGE_KIND_CHANNEL_OPEN, FALSE, TRUE, TRUE },
  { DEVSSH_CHANNEL_TYPE_DIRECT_TCPIP, DEVSSH_PORT_FORWARD_MESSAGE_KIND_CHANNEL_OPEN, FALSE, TRUE, TRUE },
  /* OpenSSH's PROTOCOL, 2.4; its originators are reserved. */
  { DEVSSH_REQUEST_STREAMLOCAL_FORWARD, DEVSSH_PORT_FORWARD_MESSAGE_KIND_REQUEST, TRUE, FALSE, FALSE },
  { DEVSSH_REQUEST_CANCEL_STREAMLOCAL_FORWARD, DEVSSH_PORT_FORWARD_MESSAGE_KIND_REQUEST, TRUE, FALSE, FALSE },
  { DEVSSH_CHANNEL_TYPE_FORWARDED_STREAMLOCAL, DEVSSH_PORT_FORWARD_MESSAGE_KIND_CHANNEL_OPEN, TRUE, TRUE, FALSE },
  { DEVSSH_CHANNEL_TYPE_DIRECT_STREAMLOCAL, DEVSSH_PORT_FORWARD_MESSAGE_KIND_CHANNEL_OPEN, TRUE, TRUE, TRUE },
};

static const Layout success_layout = { NULL, DEVSSH_PORT_FORWARD_MESSAGE_KIND_SUCCESS, FALSE, FALSE, FALSE };

struct _DevSshPortForwardMessage
{
  gatomicrefcount  ref_count;
  const Layout    *layout;
  char            *host;              /* or path; NULL in a success */
  guint            port;
  char            *originator;        /* NULL: it has none */
  guint            originator_port;
  GBytes          *extra;
};

G_DEFINE_ENUM_TYPE (DevSshPortForwardMessageKind, devssh_port_forward_message_kind,
                    G_DEFINE_ENUM_VALUE (DEVSSH_PORT_FORWARD_MESSAGE_KIND_REQUEST, "request"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_PORT_FORWARD_MESSAGE_KIND_SUCCESS, "success"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_PORT_FORWARD_MESSAGE_KIND_CHANNEL_OPEN, "channel-open"))

/**
 * DevSshPortForwardMessage:
 *
 * What forwarding puts behind the generic fields of its messages (RFC 4254, 7, and section
 * 2.4 of OpenSSH's PROTOCOL), for whoever decides on a request or a channel.
 *
 * It does not change once it is made.
 *
 * Since: 1.0
 */
G_DEFINE_BOXED_TYPE (DevSshPortForwardMessage, devssh_port_forward_message,
                     devssh_port_forward_message_ref, devssh_port_forward_message_unref)

static const Layout *
layout_for (const char                   *type,
            DevSshPortForwardMessageKind  kind)
{
  for (guint i = 0; i < G_N_ELEMENTS (layouts); i++)
    {
      if (layouts[i].kind == kind && (type == NULL || strcmp (layouts[i].type, type) == 0))
        return &layouts[i];
    }

  return NULL;
}

static DevSshPortForwardMessage *
message_new (const Layout *layout)
{
  DevSshPortForwardMessage *self = g_new0 (DevSshPortForwardMessage, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->layout = layout;

  return self;
}

/**
 * devssh_port_forward_message_new_request:
 * @type: (nullable): the type of the request, such as %DEVSSH_REQUEST_STREAMLOCAL_FORWARD; %NULL for
 *   %DEVSSH_REQUEST_TCPIP_FORWARD
 * @host: the address to listen on, or the path of a Unix socket
 * @port: the port to listen on; 0 to leave the choice to the peer, and with a path
 *
 * Makes the payload of a request to listen, or to listen no longer.
 *
 * Returns: (transfer full): the message
 *
 * Since: 1.0
 */
DevSshPortForwardMessage *
devssh_port_forward_message_new_request (const char *type,
                                         const char *host,
                                         guint       port)
{
  const Layout *layout = layout_for (type, DEVSSH_PORT_FORWARD_MESSAGE_KIND_REQUEST);
  DevSshPortForwardMessage *self;

  g_return_val_if_fail (layout != NULL, NULL);
  g_return_val_if_fail (host != NULL, NULL);
  g_return_val_if_fail (port <= G_MAXUINT16, NULL);

  self = message_new (layout);
  self->host = g_strdup (host);
  self->port = port;

  return self;
}

/**
 * devssh_port_forward_message_new_success:
 * @port: the port that listens
 *
 * Makes the payload of the answer to %DEVSSH_REQUEST_TCPIP_FORWARD; other requests have none.
 *
 * Returns: (transfer full): the message
 *
 * Since: 1.0
 */
DevSshPortForwardMessage *
devssh_port_forward_message_new_success (guint port)
{
  DevSshPortForwardMessage *self;

  g_return_val_if_fail (port <= G_MAXUINT16, NULL);

  self = message_new (&success_layout);
  self->port = port;

  return self;
}

/**
 * devssh_port_forward_message_new_channel_open:
 * @type: (nullable): the type of the channel, such as %DEVSSH_CHANNEL_TYPE_DIRECT_TCPIP; %NULL for
 *   %DEVSSH_CHANNEL_TYPE_FORWARDED_TCPIP
 * @host: the address that was connected to, the host to connect to, or the path of a Unix socket
 * @port: the port; 0 with a path
 * @originator: (nullable): the address where the connection comes from
 * @originator_port: its port
 *
 * Makes what follows the generic fields of an opening.
 *
 * Returns: (transfer full): the message
 *
 * Since: 1.0
 */
DevSshPortForwardMessage *
devssh_port_forward_message_new_channel_open (const char *type,
                                              const char *host,
                                              guint       port,
                                              const char *originator,
                                              guint       originator_port)
{
  const Layout *layout = layout_for (type, DEVSSH_PORT_FORWARD_MESSAGE_KIND_CHANNEL_OPEN);
  DevSshPortForwardMessage *self;

  g_return_val_if_fail (layout != NULL, NULL);
  g_return_val_if_fail (host != NULL, NULL);
  g_return_val_if_fail (port <= G_MAXUINT16, NULL);
  g_return_val_if_fail (originator_port <= G_MAXUINT16, NULL);

  self = message_new (layout);
  self->host = g_strdup (host);
  self->port = port;
  self->originator = g_strdup (originator != NULL ? originator : "");
  self->originator_port = originator_port;

  return self;
}

/* Text that may be shown and looked up. A control character is in no name, and would deceive whoever reads it in a dialog;
 * a zero byte would end a path early (T-87). */
static char *
dup_text (GBytes   *bytes,
          gsize     max_length,
          gboolean  may_have_spaces)
{
  gsize length = 0;
  const char *data = g_bytes_get_data (bytes, &length);

  if (length == 0)
    return g_strdup ("");

  if (length > max_length || !g_utf8_validate_len (data, length, NULL))
    return NULL;

  for (gsize i = 0; i < length; i++)
    {
      if (g_ascii_iscntrl (data[i]) || (data[i] == ' ' && !may_have_spaces))
        return NULL;
    }

  return g_strndup (data, length);
}

static gboolean
take_host (DevSshPortForwardMessage  *self,
           GBytes                    *bytes,
           GError                   **error)
{
  gboolean is_path = self->layout->has_path;

  self->host = dup_text (bytes, is_path ? PATH_MAX_LENGTH : HOST_MAX_LENGTH, is_path);
  /* A relative path would mean the directory in which this program happens to run; and what looks like
   * a path must not get among hosts, where it would be taken for one. */
  if (self->host != NULL && is_path == (self->host[0] == '/'))
    return TRUE;

  g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
               is_path ? "%" G_GSIZE_FORMAT " bytes that are no absolute path"
                       : "%" G_GSIZE_FORMAT " bytes that are neither a host name nor an address",
               g_bytes_get_size (bytes));
  return FALSE;
}

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

/**
 * devssh_port_forward_message_parse:
 * @type: the type of the request or channel
 * @payload: (nullable): what follows the generic fields: [method@SessionRequest.get_payload],
 *   [method@ChannelOpening.get_type_data]
 * @error: return location for an error
 *
 * Reads a request or the opening of a channel. What stands behind the known fields is
 * kept in [method@PortForwardMessage.get_extra].
 *
 * Fails with %DEVSSH_ERROR_UNSUPPORTED for a @type that is none of forwarding's,
 * %DEVSSH_ERROR_TRUNCATED, or %DEVSSH_ERROR_MALFORMED: a port beyond 65535, a host with
 * control characters or spaces or more than 255 bytes, or one that looks like a path, a path that is
 * not absolute or has a zero byte. An originator that is no text is read as the empty one: nothing hangs on it.
 *
 * Returns: (transfer full): the message, or %NULL
 *
 * Since: 1.0
 */
DevSshPortForwardMessage *
devssh_port_forward_message_parse (const char  *type,
                                   GBytes      *payload,
                                   GError     **error)
{
  const Layout *layout;
  g_autoptr(DevSshPortForwardMessage) self = NULL;
  g_autoptr(GBytes) none = NULL;
  g_autoptr(DevSshReader) reader = NULL;
  g_autoptr(GBytes) host = NULL;

  g_return_val_if_fail (type != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  layout = layout_for (type, DEVSSH_PORT_FORWARD_MESSAGE_KIND_REQUEST);
  if (layout == NULL)
    layout = layout_for (type, DEVSSH_PORT_FORWARD_MESSAGE_KIND_CHANNEL_OPEN);
  if (layout == NULL)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED, "“%s” forwards nothing", type);
      return NULL;
    }

  if (payload == NULL)
    payload = none = g_bytes_new (NULL, 0);

  self = message_new (layout);
  reader = devssh_reader_new (payload);
  host = devssh_reader_get_string (reader);
  if (!layout->has_path)
    self->port = devssh_reader_get_uint32 (reader);
  if (layout->has_originator)
    {
      g_autoptr(GBytes) originator = devssh_reader_get_string (reader);

      self->originator = dup_text (originator, HOST_MAX_LENGTH, FALSE);
      if (self->originator == NULL)
        self->originator = g_strdup ("");
    }
  if (layout->has_originator_port)
    self->originator_port = devssh_reader_get_uint32 (reader);
  self->extra = devssh_reader_get_rest (reader);

  if (!devssh_reader_finish (reader, error)
      || !take_host (self, host, error)
      || !check_port (self->port, error))
    return NULL;

  return g_steal_pointer (&self);
}

/**
 * devssh_port_forward_message_parse_success:
 * @payload: (nullable): what stood behind the number of the answer: the reply of
 *   [method@Session.request_finish]
 * @error: return location for an error
 *
 * Reads the answer to a request to listen.
 *
 * The port may be missing, as RFC 4254, 7.1 wants it where the request named one: then
 * it is 0. Fails with %DEVSSH_ERROR_MALFORMED if it is beyond 65535.
 *
 * Returns: (transfer full): the message, or %NULL
 *
 * Since: 1.0
 */
DevSshPortForwardMessage *
devssh_port_forward_message_parse_success (GBytes  *payload,
                                           GError **error)
{
  g_autoptr(DevSshPortForwardMessage) self = message_new (&success_layout);
  g_autoptr(DevSshReader) reader = NULL;

  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (payload == NULL || g_bytes_get_size (payload) < sizeof (guint32))
    {
      self->extra = payload != NULL ? g_bytes_ref (payload) : NULL;
      return g_steal_pointer (&self);
    }

  reader = devssh_reader_new (payload);
  self->port = devssh_reader_get_uint32 (reader);
  self->extra = devssh_reader_get_rest (reader);

  if (!devssh_reader_finish (reader, error) || !check_port (self->port, error))
    return NULL;

  return g_steal_pointer (&self);
}

/**
 * devssh_port_forward_message_ref:
 * @self: a message
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
DevSshPortForwardMessage *
devssh_port_forward_message_ref (DevSshPortForwardMessage *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

/**
 * devssh_port_forward_message_unref:
 * @self: (transfer full): a message
 *
 * Gives a reference back.
 *
 * Since: 1.0
 */
void
devssh_port_forward_message_unref (DevSshPortForwardMessage *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_free (self->host);
  g_free (self->originator);
  g_clear_pointer (&self->extra, g_bytes_unref);
  g_free (self);
}

/**
 * devssh_port_forward_message_get_kind:
 * @self: a message
 *
 * Asks what the message is the payload of.
 *
 * Returns: the kind
 *
 * Since: 1.0
 */
DevSshPortForwardMessageKind
devssh_port_forward_message_get_kind (DevSshPortForwardMessage *self)
{
  g_return_val_if_fail (self != NULL, DEVSSH_PORT_FORWARD_MESSAGE_KIND_REQUEST);

  return self->layout->kind;
}

/**
 * devssh_port_forward_message_get_message_type:
 * @self: a message
 *
 * Gets the type of the request or channel.
 *
 * Returns: (nullable): the type; %NULL for a success
 *
 * Since: 1.0
 */
const char *
devssh_port_forward_message_get_message_type (DevSshPortForwardMessage *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->layout->type;
}

/**
 * devssh_port_forward_message_get_host:
 * @self: a message
 *
 * Gets the address to listen on or that was connected to, the host to connect to, or the
 * path of a Unix socket.
 *
 * Returns: (nullable): the host; %NULL for a success
 *
 * Since: 1.0
 */
const char *
devssh_port_forward_message_get_host (DevSshPortForwardMessage *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->host;
}

/**
 * devssh_port_forward_message_get_port:
 * @self: a message
 *
 * Gets the port that belongs to the host.
 *
 * Returns: the port; 0 if there is none, or the choice is left to the peer
 *
 * Since: 1.0
 */
guint
devssh_port_forward_message_get_port (DevSshPortForwardMessage *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->port;
}

/**
 * devssh_port_forward_message_get_originator:
 * @self: a message
 *
 * Gets the address where the connection of a channel comes from, as the peer says; it is proof of nothing.
 *
 * Returns: (nullable): the address, perhaps empty; %NULL if it is no opening
 *
 * Since: 1.0
 */
const char *
devssh_port_forward_message_get_originator (DevSshPortForwardMessage *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->originator;
}

/**
 * devssh_port_forward_message_get_originator_port:
 * @self: a message
 *
 * Gets the port where the connection of a channel comes from, as the peer says.
 *
 * Returns: the port, or whatever stood there; 0 if there is none
 *
 * Since: 1.0
 */
guint
devssh_port_forward_message_get_originator_port (DevSshPortForwardMessage *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->originator_port;
}

/**
 * devssh_port_forward_message_get_extra:
 * @self: a message
 *
 * Gets what stood behind the known fields of a message that was read: fields that the peer's
 * application has added.
 *
 * Returns: (transfer none) (nullable): the bytes, perhaps none; %NULL in a message that was made here
 *
 * Since: 1.0
 */
GBytes *
devssh_port_forward_message_get_extra (DevSshPortForwardMessage *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->extra;
}

/**
 * devssh_port_forward_message_to_bytes:
 * @self: a message
 *
 * Writes the message as it goes out, with the fields that are behind the known ones.
 *
 * Returns: (transfer full): the payload
 *
 * Since: 1.0
 */
GBytes *
devssh_port_forward_message_to_bytes (DevSshPortForwardMessage *self)
{
  g_autoptr(DevSshWriter) writer = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  writer = devssh_writer_new ();

  if (self->host != NULL)
    devssh_writer_put_utf8 (writer, self->host);
  if (!self->layout->has_path)
    devssh_writer_put_uint32 (writer, self->port);
  if (self->layout->has_originator)
    devssh_writer_put_utf8 (writer, self->originator);
  if (self->layout->has_originator_port)
    devssh_writer_put_uint32 (writer, self->originator_port);

  if (self->extra != NULL)
    {
      gsize length = 0;
      const guint8 *data = g_bytes_get_data (self->extra, &length);

      devssh_writer_put_bytes (writer, data, length);
    }

  return devssh_writer_end (writer);
}
