/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the data types of RFC 4251, 5, with one bounds check for all of them. */
#include <libdevssh/wire/devssh-reader-private.h>
#include <libdevssh/wire/devssh-uint32-private.h>

#include <string.h>

/**
 * DevSshReader:
 *
 * Reads the data types of RFC 4251, section 5, from a block of bytes.
 *
 * The first failure sticks: every later call returns a zero or something empty and moves nothing.
 * So a decoder reads all its fields in a row and asks once, with [method@Reader.finish], whether
 * all of them were there. Values that were read before a failure are not to be used either.
 *
 * Since: 1.0
 */
G_DEFINE_BOXED_TYPE (DevSshReader, devssh_reader, devssh_reader_ref, devssh_reader_unref)

/* A pointer that is not NULL for things of length 0. */
static const guint8 nothing[1] = { 0 };

void
devssh_reader_init (DevSshReader *self,
                    const guint8 *data,
                    gsize         length)
{
  memset (self, 0, sizeof *self);
  self->data = data != NULL ? data : nothing;
  self->length = length;
}

void
devssh_reader_fail (DevSshReader *self,
                    DevSshError   code,
                    const char   *what)
{
  if (self->failure != 0)
    return;

  self->failure = (int) code + 1;
  self->what = what;
  self->where = self->position;
}

gboolean
devssh_reader_ok (const DevSshReader *self)
{
  return self->failure == 0;
}

/* Every byte that is ever read passes here (T-12): the length is compared with what is left, and
 * never added to the position, so no length can overflow. */
static inline const guint8 *
reader_take (DevSshReader *self,
             gsize         length,
             const char   *what)
{
  const guint8 *data;

  if (self->failure != 0)
    return NULL;

  if (length > self->length - self->position)
    {
      devssh_reader_fail (self, DEVSSH_ERROR_TRUNCATED, what);
      return NULL;
    }

  data = self->data + self->position;
  self->position += length;
  return data;
}

static inline guint32
reader_take_uint32 (DevSshReader *self,
                    const char   *what)
{
  const guint8 *data = reader_take (self, 4, what);

  if (data == NULL)
    return 0;

  return devssh_uint32_load (data);
}

static DevSshSlice
reader_take_string (DevSshReader *self,
                    const char   *what)
{
  guint32 length = reader_take_uint32 (self, what);
  const guint8 *data = reader_take (self, length, what);

  if (data == NULL)
    return (DevSshSlice) { nothing, 0 };

  return (DevSshSlice) { data, length };
}

const guint8 *
devssh_reader_take (DevSshReader *self,
                    gsize         length)
{
  return reader_take (self, length, "bytes of a fixed number");
}

DevSshSlice
devssh_reader_get_slice (DevSshReader *self)
{
  return reader_take_string (self, "a string");
}

DevSshSlice
devssh_reader_get_tail (DevSshReader *self)
{
  gsize length = devssh_reader_get_available (self);
  const guint8 *data = reader_take (self, length, "the rest");

  return (DevSshSlice) { data != NULL ? data : nothing, length };
}

/* What leaves the reader as GBytes keeps the block alive, if there is one, instead of a copy. */
static GBytes *
reader_export (DevSshReader *self,
               DevSshSlice   slice)
{
  if (self->bytes == NULL || slice.length == 0)
    return g_bytes_new (slice.data, slice.length);

  return g_bytes_new_from_bytes (self->bytes, (gsize) (slice.data - self->data), slice.length);
}

/**
 * devssh_reader_new: (constructor)
 * @bytes: what to read
 *
 * Makes a reader that stands at the first byte of @bytes.
 *
 * Returns: (transfer full): a new reader
 *
 * Since: 1.0
 */
DevSshReader *
devssh_reader_new (GBytes *bytes)
{
  DevSshReader *self;
  const guint8 *data;
  gsize length;

  g_return_val_if_fail (bytes != NULL, NULL);

  self = g_new (DevSshReader, 1);
  data = g_bytes_get_data (bytes, &length);
  devssh_reader_init (self, data, length);
  self->bytes = g_bytes_ref (bytes);
  g_atomic_ref_count_init (&self->ref_count);
  return self;
}

/**
 * devssh_reader_ref:
 * @self: a reader
 *
 * Takes a reference. Both references share one position.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
DevSshReader *
devssh_reader_ref (DevSshReader *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * devssh_reader_unref:
 * @self: (transfer full): a reader
 *
 * Gives a reference back; the last one frees the reader.
 *
 * Since: 1.0
 */
void
devssh_reader_unref (DevSshReader *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_free (self);
}

/**
 * devssh_reader_get_byte:
 * @self: a reader
 *
 * Reads a `byte`.
 *
 * Returns: the byte, or 0 after a failure
 *
 * Since: 1.0
 */
guint8
devssh_reader_get_byte (DevSshReader *self)
{
  const guint8 *data;

  g_return_val_if_fail (self != NULL, 0);

  data = reader_take (self, 1, "a byte");
  return data != NULL ? data[0] : 0;
}

/**
 * devssh_reader_get_boolean:
 * @self: a reader
 *
 * Reads a `boolean`. As RFC 4251, section 5, says, every value but 0 is %TRUE.
 *
 * Returns: the value, or %FALSE after a failure
 *
 * Since: 1.0
 */
gboolean
devssh_reader_get_boolean (DevSshReader *self)
{
  const guint8 *data;

  g_return_val_if_fail (self != NULL, FALSE);

  /* RFC 4251, 5: "All non-zero values MUST be interpreted as TRUE" */
  data = reader_take (self, 1, "a boolean");
  return data != NULL && data[0] != 0;
}

/**
 * devssh_reader_get_uint32:
 * @self: a reader
 *
 * Reads a `uint32`: four bytes, the most significant one first.
 *
 * Returns: the number, or 0 after a failure
 *
 * Since: 1.0
 */
guint32
devssh_reader_get_uint32 (DevSshReader *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return reader_take_uint32 (self, "a uint32");
}

/**
 * devssh_reader_get_uint64:
 * @self: a reader
 *
 * Reads a `uint64`: eight bytes, the most significant one first.
 *
 * Returns: the number, or 0 after a failure
 *
 * Since: 1.0
 */
guint64
devssh_reader_get_uint64 (DevSshReader *self)
{
  const guint8 *data;
  guint64 value = 0;

  g_return_val_if_fail (self != NULL, 0);

  data = reader_take (self, 8, "a uint64");
  if (data == NULL)
    return 0;

  for (guint i = 0; i < 8; i++)
    value = value << 8 | data[i];

  return value;
}

/**
 * devssh_reader_get_string:
 * @self: a reader
 *
 * Reads a `string`: a `uint32` that says how many bytes follow, and these bytes. They need not be
 * text; for text see [method@Reader.dup_utf8].
 *
 * Returns: (transfer full): the bytes without their length; empty after a failure
 *
 * Since: 1.0
 */
GBytes *
devssh_reader_get_string (DevSshReader *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return reader_export (self, reader_take_string (self, "a string"));
}

/**
 * devssh_reader_dup_utf8:
 * @self: a reader
 *
 * Reads a `string` that must be text: valid UTF-8 without a zero byte. Anything else is a failure
 * of the code %DEVSSH_ERROR_MALFORMED. The text may hold control characters, so what comes from a
 * peer should not be printed as it is.
 *
 * Returns: (transfer full): the text; empty after a failure
 *
 * Since: 1.0
 */
char *
devssh_reader_dup_utf8 (DevSshReader *self)
{
  gsize start;
  DevSshSlice slice;

  g_return_val_if_fail (self != NULL, NULL);

  start = self->position;
  slice = reader_take_string (self, "a text");

  /* A zero byte would make two different texts look alike, so it is as bad as broken UTF-8. */
  if (!g_utf8_validate_len ((const char *) slice.data, slice.length, NULL))
    {
      self->position = start;
      devssh_reader_fail (self, DEVSSH_ERROR_MALFORMED, "text that is not UTF-8");
      return g_strdup ("");
    }

  return g_strndup ((const char *) slice.data, slice.length);
}

/**
 * devssh_reader_get_bytes:
 * @self: a reader
 * @length: how many bytes to read
 *
 * Reads @length bytes that have no length of their own on the wire.
 *
 * Returns: (transfer full): the bytes; empty after a failure
 *
 * Since: 1.0
 */
GBytes *
devssh_reader_get_bytes (DevSshReader *self,
                         gsize         length)
{
  const guint8 *data;

  g_return_val_if_fail (self != NULL, NULL);

  data = devssh_reader_take (self, length);
  if (data == NULL)
    return g_bytes_new (NULL, 0);

  return reader_export (self, (DevSshSlice) { data, length });
}

/**
 * devssh_reader_get_rest:
 * @self: a reader
 *
 * Reads everything that is left, which may be nothing.
 *
 * Returns: (transfer full): the bytes; empty after a failure
 *
 * Since: 1.0
 */
GBytes *
devssh_reader_get_rest (DevSshReader *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return reader_export (self, devssh_reader_get_tail (self));
}

/**
 * devssh_reader_get_available:
 * @self: a reader
 *
 * Tells how many bytes are left. Optional fields at the end of a message are there if this is not
 * 0.
 *
 * Returns: a number of bytes; 0 after a failure
 *
 * Since: 1.0
 */
gsize
devssh_reader_get_available (DevSshReader *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->failure != 0 ? 0 : self->length - self->position;
}

/**
 * devssh_reader_finish:
 * @self: a reader
 * @error: where to put the first failure
 *
 * Tells whether everything that was read so far was really there. Bytes that are left are no
 * failure. The code is %DEVSSH_ERROR_TRUNCATED if a field reached past the end,
 * %DEVSSH_ERROR_MALFORMED if one held what it must not, or %DEVSSH_ERROR_LIMIT if there were more
 * things in it than are ever accepted.
 *
 * Returns: %TRUE if nothing has failed
 *
 * Since: 1.0
 */
gboolean
devssh_reader_finish (DevSshReader  *self,
                      GError       **error)
{
  DevSshError code;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (self->failure == 0)
    return TRUE;

  code = (DevSshError) (self->failure - 1);
  if (code == DEVSSH_ERROR_TRUNCATED)
    g_set_error (error, DEVSSH_ERROR, (int) code,
                 "Expected %s at byte %" G_GSIZE_FORMAT
                 ", but there are only %" G_GSIZE_FORMAT " bytes",
                 self->what, self->where, self->length);
  else
    g_set_error (error, DEVSSH_ERROR, (int) code,
                 "Found %s at byte %" G_GSIZE_FORMAT, self->what, self->where);

  return FALSE;
}

gboolean
devssh_reader_finish_all (DevSshReader  *self,
                          GError       **error)
{
  if (devssh_reader_get_available (self) > 0)
    devssh_reader_fail (self, DEVSSH_ERROR_MALFORMED, "bytes after the last field");

  return devssh_reader_finish (self, error);
}
