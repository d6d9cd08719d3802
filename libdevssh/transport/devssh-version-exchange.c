/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the identification string of the peer in what comes first. Nothing of it is ever printed
 * raw. */
#include <libdevssh/transport/devssh-version-exchange-private.h>

#include <string.h>
#include <libdevssh/wire/devssh-numbers.h>

#define MAX_LINE   255          /* RFC 4253, 4.2: CR and LF included */
#define MAX_LINES  50
#define MAX_BEFORE (8 * 1024)

static DevSshVersionLineStatus
refuse (DevSshVersionExchange *self,
        guint32                reason,
        const char            *text)
{
  self->reason = reason;
  self->text = text;

  return DEVSSH_VERSION_LINE_REFUSED;
}

static gboolean
begins_like_version (const guint8 *data,
                     gsize         length)
{
  return memcmp (data, "SSH-", MIN (length, 4)) == 0;
}

static gboolean
has_control_character (const char *line,
                       gsize       length)
{
  for (gsize i = 0; i < length; i++)
    {
      if ((guint8) line[i] < 0x20 || line[i] == 0x7f)
        return TRUE;
    }

  return FALSE;
}

/* line: without its line end */
static DevSshVersionLineStatus
read_version (DevSshVersionExchange *self,
              const char            *line,
              gsize                  length)
{
  g_autoptr(DevSshVersion) version = NULL;
  g_autofree char *text = NULL;
  const char *protocol;

  if (has_control_character (line, length) || !g_utf8_validate (line, length, NULL))
    return refuse (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "Bad character in version line");

  text = g_strndup (line, length);
  version = devssh_version_parse (text, NULL);
  if (version == NULL)
    return refuse (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_VERSION_NOT_SUPPORTED,
                   "Bad version line");

  /* RFC 4253, 5.1: clients treat 1.99 as 2.0. */
  protocol = devssh_version_get_protocol_version (version);
  if (!g_str_equal (protocol, "2.0") && !(self->accept_1_99 && g_str_equal (protocol, "1.99")))
    return refuse (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_VERSION_NOT_SUPPORTED,
                   "Protocol version not supported");

  self->version = g_steal_pointer (&version);

  return DEVSSH_VERSION_LINE_FOUND;
}

/* RFC 4253, 4.2: a server may send other lines before; a client may not. */
static DevSshVersionLineStatus
skip_line (DevSshVersionExchange *self,
           const guint8          *data,
           gsize                  length,
           gboolean               complete)
{
  if (self->is_server)
    return refuse (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_VERSION_NOT_SUPPORTED,
                   "Not an SSH client");

  if (memchr (data, '\0', length) != NULL)
    return refuse (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR,
                   "Bad character before version line");

  if (self->bytes + length > MAX_BEFORE || (complete && self->lines == MAX_LINES))
    return refuse (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "Too much before version line");

  if (complete)
    {
      self->lines++;
      self->bytes += length;
    }

  return DEVSSH_VERSION_LINE_INCOMPLETE;
}

DevSshVersionLineStatus
devssh_version_exchange_read (DevSshVersionExchange *self,
                              const guint8          *data,
                              gsize                  length,
                              gsize                 *used)
{
  *used = 0;

  while (*used < length)
    {
      const guint8 *line = data + *used;
      gsize left = MIN (length - *used, MAX_BEFORE + 1);
      const guint8 *end = memchr (line, '\n', left);
      gsize size = end != NULL ? (gsize) (end - line) + 1 : left;

      if (begins_like_version (line, size))
        {
          if (size > MAX_LINE)
            return refuse (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "Version line too long");
          if (end == NULL)
            return DEVSSH_VERSION_LINE_INCOMPLETE;

          *used += size;
          /* RFC 4253, 4.2 wants CR LF; some peers send LF alone. */
          if (size >= 2 && line[size - 2] == '\r')
            size--;

          return read_version (self, (const char *) line, size - 1);
        }

      if (skip_line (self, line, size, end != NULL) == DEVSSH_VERSION_LINE_REFUSED)
        return DEVSSH_VERSION_LINE_REFUSED;
      if (end == NULL)
        return DEVSSH_VERSION_LINE_INCOMPLETE;

      *used += size;
    }

  return DEVSSH_VERSION_LINE_INCOMPLETE;
}
