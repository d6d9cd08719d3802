/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all message decoders begin and end with. */
#include <libdevssh/wire/devssh-message-fields-private.h>

#include <string.h>

void
devssh_message_begin (DevSshReader        *reader,
                      DevSshMessageNumber  number,
                      const guint8        *payload,
                      gsize                length)
{
  guint8 found;

  devssh_reader_init (reader, payload, length);
  found = devssh_reader_get_byte (reader);
  if (devssh_reader_ok (reader) && found != number)
    {
      reader->position = 0;
      devssh_reader_fail (reader, DEVSSH_ERROR_MALFORMED, "the number of another message");
    }
}

static gboolean
message_end (gboolean         decoded,
             gpointer         message,
             gsize            size,
             DevSshClearFunc  clear)
{
  if (!decoded)
    {
      if (clear != NULL)
        clear (message);
      memset (message, 0, size);
    }

  return decoded;
}

gboolean
devssh_message_end (DevSshReader     *reader,
                    gpointer          message,
                    gsize             size,
                    DevSshClearFunc   clear,
                    GError          **error)
{
  return message_end (devssh_reader_finish (reader, error), message, size, clear);
}

gboolean
devssh_message_end_all (DevSshReader     *reader,
                        gpointer          message,
                        gsize             size,
                        DevSshClearFunc   clear,
                        GError          **error)
{
  return message_end (devssh_reader_finish_all (reader, error), message, size, clear);
}

DevSshSlice
devssh_reader_get_optional_slice (DevSshReader *self)
{
  if (devssh_reader_get_available (self) == 0)
    return (DevSshSlice) { NULL, 0 };

  return devssh_reader_get_slice (self);
}

char *
devssh_reader_dup_name (DevSshReader *self)
{
  gsize start = self->position;
  DevSshSlice slice = devssh_reader_get_slice (self);

  if (!devssh_reader_ok (self))
    return NULL;

  if (!devssh_name_is_valid ((const char *) slice.data, slice.length))
    {
      self->position = start;
      devssh_reader_fail (self, DEVSSH_ERROR_MALFORMED, "a name that is none");
      return NULL;
    }

  return g_strndup ((const char *) slice.data, slice.length);
}

guint
devssh_reader_get_count (DevSshReader *self,
                         gsize         element_size,
                         guint         maximum,
                         const char   *too_many)
{
  gsize start = self->position;
  guint32 count = devssh_reader_get_uint32 (self);

  if (devssh_reader_ok (self) && count > maximum)
    {
      self->position = start;
      devssh_reader_fail (self, DEVSSH_ERROR_LIMIT, too_many);
    }
  else if (devssh_reader_ok (self) && count > devssh_reader_get_available (self) / element_size)
    {
      devssh_reader_fail (self, DEVSSH_ERROR_TRUNCATED, "as many elements as were counted");
    }

  return devssh_reader_ok (self) ? count : 0;
}

void
devssh_writer_put (DevSshWriter *self,
                   DevSshSlice   slice)
{
  devssh_writer_put_string (self, slice.data, slice.length);
}
