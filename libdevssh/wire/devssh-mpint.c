/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Big numbers of RFC 4251, 5: two's complement, the most significant byte first, shortest form. */
#include <libdevssh/wire/devssh-reader-private.h>
#include <libdevssh/wire/devssh-writer-private.h>

#include <string.h>

/* T-15: no number larger than this reaches the mathematics. */
#define MPINT_MAX_BYTES (16384 / 8)

DevSshSlice
devssh_reader_get_magnitude (DevSshReader *self,
                             gboolean      strict)
{
  gsize start = self->position;
  DevSshSlice slice = devssh_reader_get_slice (self);
  const char *problem = NULL;

  if (!devssh_reader_ok (self))
    return slice;

  /* RFC 4251, 5: "the value zero MUST be stored as a string with zero bytes of data", and
   * "Unnecessary leading bytes with the value 0 or 255 MUST NOT be included". */
  if (slice.length > 0 && (slice.data[0] & 0x80) != 0)
    problem = "a negative number";
  else if (strict && slice.length > 0 && slice.data[0] == 0 &&
           (slice.length == 1 || (slice.data[1] & 0x80) == 0))
    problem = "a number with unneeded zero bytes";

  while (slice.length > 0 && slice.data[0] == 0)
    {
      slice.data++;
      slice.length--;
    }

  if (problem == NULL && slice.length > MPINT_MAX_BYTES)
    problem = "a number of more than 16384 bits";

  if (problem != NULL)
    {
      self->position = start;
      devssh_reader_fail (self, DEVSSH_ERROR_MALFORMED, problem);
      slice.length = 0;
    }

  return slice;
}

/**
 * devssh_reader_get_mpint:
 * @self: a reader
 *
 * Reads an `mpint` that must not be negative, must be in its shortest form as RFC 4251, section 5,
 * demands it, and must have at most 16384 bits; anything else is a failure of the code
 * %DEVSSH_ERROR_MALFORMED.
 *
 * Returns: (transfer full): the magnitude, its most significant byte first, without zero bytes
 *   before it; zero, and what comes after a failure, is empty
 *
 * Since: 1.0
 */
GBytes *
devssh_reader_get_mpint (DevSshReader *self)
{
  DevSshSlice slice;

  g_return_val_if_fail (self != NULL, NULL);

  slice = devssh_reader_get_magnitude (self, TRUE);
  return g_bytes_new (slice.data, slice.length);
}

/**
 * devssh_writer_put_mpint:
 * @self: a writer
 * @magnitude: (array length=length) (element-type guint8) (nullable): a number that is not
 *   negative, its most significant byte first
 * @length: how many bytes it has
 *
 * Writes an `mpint` in its shortest form: zero bytes before the number are left out, and one is put
 * before it where its first bit would make it negative.
 *
 * Since: 1.0
 */
void
devssh_writer_put_mpint (DevSshWriter *self,
                         const guint8 *magnitude,
                         gsize         length)
{
  gboolean pad;

  g_return_if_fail (self != NULL);
  g_return_if_fail (magnitude != NULL || length == 0);
  g_return_if_fail (length < G_MAXUINT32);

  while (length > 0 && magnitude[0] == 0)
    {
      magnitude++;
      length--;
    }

  /* RFC 4251, 5: "If the most significant bit would be set for a positive number, the number MUST
   * be preceded by a zero byte." */
  pad = length > 0 && (magnitude[0] & 0x80) != 0;
  devssh_writer_put_uint32 (self, (guint32) (length + pad));
  if (pad)
    devssh_writer_put_byte (self, 0);
  devssh_writer_put_bytes (self, magnitude, length);
}
