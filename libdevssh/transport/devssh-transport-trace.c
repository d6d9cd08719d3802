/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One line for each message that is sent or received, by its RFC name; payloads only of channel
 * data, and only on demand (T-82). */
#include <libdevssh/transport/devssh-transport-state-private.h>

#define MAX_DUMP 256   /* of a payload, enough to know it by */

/* CRC-32 (ISO 3309), as the C# library's trace has it. */
static guint32
crc32_update (guint32       crc,
              const guint8 *data,
              gsize         length)
{
  for (gsize i = 0; i < length; i++)
    {
      crc ^= data[i];
      for (int bit = 0; bit < 8; bit++)
        crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    }

  return crc;
}

static void
append_dump (GString      *text,
             const guint8 *data,
             gsize         length,
             gsize        *position)
{
  for (gsize i = 0; i < length && *position < MAX_DUMP; i++, (*position)++)
    {
      if (*position % 16 == 0)
        g_string_append_printf (text, " %04x:", (guint) *position);
      g_string_append_printf (text, " %02x", data[i]);
    }
}

static gboolean
is_channel_data (guint8 number)
{
  return number == DEVSSH_MESSAGE_CHANNEL_DATA || number == DEVSSH_MESSAGE_CHANNEL_EXTENDED_DATA;
}

static void
trace_data (DevSshTransport  *self,
            gboolean          sending,
            guint32           sequence,
            const guint8     *head,
            gsize             head_length,
            const guint8     *body,
            gsize             body_length)
{
  gsize fixed = head[0] == DEVSSH_MESSAGE_CHANNEL_DATA ? 9 : 13;
  const guint8 *first = head + MIN (head_length, fixed);
  gsize first_length = head_length - MIN (head_length, fixed);
  DevSshReader reader;
  guint32 recipient, crc;
  gsize position = 0;
  DevSshTraceEvent event = sending ? DEVSSH_TRACE_EVENT_SENDING_CHANNEL_DATA
                                   : DEVSSH_TRACE_EVENT_RECEIVING_CHANNEL_DATA;
  g_autoptr(GString) dump = g_string_new (NULL);

  devssh_reader_init (&reader, head, head_length);
  devssh_reader_get_byte (&reader);
  recipient = devssh_reader_get_uint32 (&reader);
  crc = ~crc32_update (crc32_update (~0u, first, first_length), body, body_length);
  append_dump (dump, first, first_length, &position);
  append_dump (dump, body, body_length, &position);

  devssh_tracer_add (self->config->tracer, DEVSSH_TRACE_LEVEL_VERBOSE, event,
                     "%s #%u %s %u [%" G_GSIZE_FORMAT "] %08X%s",
                     sending ? "Sending" : "Receiving", sequence,
                     devssh_message_number_to_string (head[0]),
                     recipient, first_length + body_length, crc, dump->str);
}

static void
trace_message (DevSshTransport *self,
               gboolean         sending,
               guint32          sequence,
               const guint8    *head,
               gsize            head_length,
               const guint8    *body,
               gsize            body_length)
{
  DevSshTraceEvent event = sending ? DEVSSH_TRACE_EVENT_SENDING_MESSAGE
                                   : DEVSSH_TRACE_EVENT_RECEIVING_MESSAGE;
  const char *name;

  if (is_channel_data (head[0]))
    {
      if (devssh_tracer_get_channel_data (self->config->tracer))
        trace_data (self, sending, sequence, head, head_length, body, body_length);
      return;
    }

  name = devssh_message_number_to_string (head[0]);
  devssh_tracer_add (self->config->tracer, DEVSSH_TRACE_LEVEL_VERBOSE, event,
                     "%s #%u %s (%u), %" G_GSIZE_FORMAT " bytes",
                     sending ? "Sending" : "Receiving", sequence,
                     name != NULL ? name : "unknown message",
                     head[0], head_length + body_length);
}

void
devssh_transport_trace_sent (DevSshTransport *self,
                             const guint8    *head,
                             gsize            head_length,
                             const guint8    *body,
                             gsize            body_length)
{
  trace_message (self, TRUE, self->out.sequence, head, head_length, body, body_length);
}

void
devssh_transport_trace_received (DevSshTransport    *self,
                                 const DevSshPacket *packet)
{
  trace_message (self, FALSE, packet->sequence, packet->payload, packet->length, NULL, 0);
}
