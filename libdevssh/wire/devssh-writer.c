/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes the data types of RFC 4251, 5, and wipes what it no longer needs. */
#include <libdevssh/wire/devssh-writer-private.h>
#include <libdevssh/wire/devssh-names-private.h>
#include <libdevssh/wire/devssh-uint32-private.h>

#include <string.h>

/**
 * DevSshWriter:
 *
 * Writes the data types of RFC 4251, section 5, one behind the other, into one block of bytes.
 *
 * What a writer has held is wiped when it is freed or grows, since it may have been a password.
 *
 * Since: 1.0
 */
G_DEFINE_BOXED_TYPE (DevSshWriter, devssh_writer, devssh_writer_ref, devssh_writer_unref)

void
devssh_writer_init (DevSshWriter *self)
{
  self->data = self->local;
  self->length = 0;
  self->capacity = sizeof self->local;
}

void
devssh_writer_clear (DevSshWriter *self)
{
  explicit_bzero (self->data, self->length);
  if (self->data != self->local)
    {
      /* What stood here before the writer outgrew it was wiped then. */
      g_free (self->data);
      self->data = self->local;
      self->capacity = sizeof self->local;
    }
  self->length = 0;
}

void
devssh_writer_reset (DevSshWriter *self)
{
  explicit_bzero (self->data, self->length);
  self->length = 0;
}

/* Not g_realloc(): that may leave a copy of a password behind. */
static void
writer_grow (DevSshWriter *self,
             gsize         length)
{
  gsize capacity = self->capacity;
  guint8 *data;

  if (length > G_MAXSIZE / 2 - self->length)
    g_error ("A message of %" G_GSIZE_FORMAT " more bytes does not fit into memory", length);

  while (capacity < self->length + length)
    capacity *= 2;

  data = g_malloc (capacity);
  memcpy (data, self->data, self->length);
  explicit_bzero (self->data, self->length);
  if (self->data != self->local)
    g_free (self->data);

  self->data = data;
  self->capacity = capacity;
}

/* Room for length bytes more, counted as written. */
static inline guint8 *
writer_put (DevSshWriter *self,
            gsize         length)
{
  guint8 *data;

  if (length > self->capacity - self->length)
    writer_grow (self, length);

  data = self->data + self->length;
  self->length += length;
  return data;
}

void
devssh_writer_put_slice (DevSshWriter *self,
                         const guint8 *data,
                         gsize         length)
{
  devssh_writer_put_string (self, data, length);
}

/**
 * devssh_writer_new: (constructor)
 *
 * Makes an empty writer.
 *
 * Returns: (transfer full): a new writer
 *
 * Since: 1.0
 */
DevSshWriter *
devssh_writer_new (void)
{
  DevSshWriter *self = g_new (DevSshWriter, 1);

  devssh_writer_init (self);
  g_atomic_ref_count_init (&self->ref_count);
  return self;
}

/**
 * devssh_writer_ref:
 * @self: a writer
 *
 * Takes a reference. Both references write into the same bytes.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
DevSshWriter *
devssh_writer_ref (DevSshWriter *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * devssh_writer_unref:
 * @self: (transfer full): a writer
 *
 * Gives a reference back; the last one wipes and frees what was written.
 *
 * Since: 1.0
 */
void
devssh_writer_unref (DevSshWriter *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  devssh_writer_clear (self);
  g_free (self);
}

/**
 * devssh_writer_put_byte:
 * @self: a writer
 * @value: the byte
 *
 * Writes a `byte`.
 *
 * Since: 1.0
 */
void
devssh_writer_put_byte (DevSshWriter *self,
                        guint8        value)
{
  g_return_if_fail (self != NULL);

  writer_put (self, 1)[0] = value;
}

/**
 * devssh_writer_put_boolean:
 * @self: a writer
 * @value: the value
 *
 * Writes a `boolean`: 1 or 0.
 *
 * Since: 1.0
 */
void
devssh_writer_put_boolean (DevSshWriter *self,
                           gboolean      value)
{
  g_return_if_fail (self != NULL);

  /* RFC 4251, 5: "applications MUST NOT store values other than 0 and 1" */
  writer_put (self, 1)[0] = value ? 1 : 0;
}

/**
 * devssh_writer_put_uint32:
 * @self: a writer
 * @value: the number
 *
 * Writes a `uint32`: four bytes, the most significant one first.
 *
 * Since: 1.0
 */
void
devssh_writer_put_uint32 (DevSshWriter *self,
                          guint32       value)
{
  g_return_if_fail (self != NULL);

  devssh_uint32_store (writer_put (self, 4), value);
}

/**
 * devssh_writer_put_uint64:
 * @self: a writer
 * @value: the number
 *
 * Writes a `uint64`: eight bytes, the most significant one first.
 *
 * Since: 1.0
 */
void
devssh_writer_put_uint64 (DevSshWriter *self,
                          guint64       value)
{
  guint8 *data;

  g_return_if_fail (self != NULL);

  data = writer_put (self, 8);
  data = devssh_uint32_store (data, (guint32) (value >> 32));
  devssh_uint32_store (data, (guint32) value);
}

/**
 * devssh_writer_put_string:
 * @self: a writer
 * @data: (array length=length) (element-type guint8) (nullable): the bytes
 * @length: how many they are, less than 4 GiB
 *
 * Writes a `string`: the number of bytes as a `uint32`, then the bytes.
 *
 * Since: 1.0
 */
void
devssh_writer_put_string (DevSshWriter *self,
                          const guint8 *data,
                          gsize         length)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (data != NULL || length == 0);
  g_return_if_fail (length <= G_MAXUINT32);

  devssh_uint32_store (writer_put (self, 4), (guint32) length);
  if (length > 0)
    memcpy (writer_put (self, length), data, length);
}

/**
 * devssh_writer_put_utf8:
 * @self: a writer
 * @text: (nullable): a text; %NULL is written as an empty one
 *
 * Writes a text as a `string`, without the zero byte at its end.
 *
 * Since: 1.0
 */
void
devssh_writer_put_utf8 (DevSshWriter *self,
                        const char   *text)
{
  g_return_if_fail (self != NULL);

  devssh_writer_put_string (self, (const guint8 *) text, text != NULL ? strlen (text) : 0);
}

/**
 * devssh_writer_put_name_list:
 * @self: a writer
 * @names: (array zero-terminated=1) (nullable): the names, or %NULL for none
 *
 * Writes a `name-list`: the names with commas between them. As RFC 4251, section 6, says, a name
 * has 1 to 64 printable ASCII characters, without comma and space; it is a programmer's error
 * to give any other, and then nothing is written.
 *
 * Since: 1.0
 */
void
devssh_writer_put_name_list (DevSshWriter       *self,
                             const char * const *names)
{
  gsize start;

  g_return_if_fail (self != NULL);

  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    g_return_if_fail (devssh_name_is_valid (names[i], strlen (names[i])));

  start = self->length;
  devssh_writer_put_uint32 (self, 0);
  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      if (i > 0)
        devssh_writer_put_byte (self, ',');
      devssh_writer_put_bytes (self, (const guint8 *) names[i], strlen (names[i]));
    }
  devssh_writer_set_uint32 (self, start, (guint32) (self->length - start - 4));
}

/**
 * devssh_writer_put_bytes:
 * @self: a writer
 * @data: (array length=length) (element-type guint8) (nullable): the bytes
 * @length: how many they are
 *
 * Writes bytes as they are, without a length before them.
 *
 * Since: 1.0
 */
void
devssh_writer_put_bytes (DevSshWriter *self,
                         const guint8 *data,
                         gsize         length)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (data != NULL || length == 0);

  if (length > 0)
    memcpy (writer_put (self, length), data, length);
}

/**
 * devssh_writer_set_uint32:
 * @self: a writer
 * @position: where, in bytes from the beginning
 * @value: the number
 *
 * Writes a `uint32` over four bytes that were written before: for a length or a count that is
 * known only afterwards.
 *
 * Since: 1.0
 */
void
devssh_writer_set_uint32 (DevSshWriter *self,
                          gsize         position,
                          guint32       value)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (self->length >= 4 && position <= self->length - 4);

  devssh_uint32_store (self->data + position, value);
}

/**
 * devssh_writer_get_length:
 * @self: a writer
 *
 * Tells how much has been written.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
gsize
devssh_writer_get_length (DevSshWriter *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->length;
}

/**
 * devssh_writer_end:
 * @self: a writer
 *
 * Takes out what was written; the writer is empty again.
 *
 * Returns: (transfer full): the bytes
 *
 * Since: 1.0
 */
GBytes *
devssh_writer_end (DevSshWriter *self)
{
  GBytes *bytes;

  g_return_val_if_fail (self != NULL, NULL);

  if (self->data == self->local)
    {
      bytes = g_bytes_new (self->data, self->length);
      devssh_writer_reset (self);
      return bytes;
    }

  bytes = g_bytes_new_take (self->data, self->length);
  devssh_writer_init (self);
  return bytes;
}
