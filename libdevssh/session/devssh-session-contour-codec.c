/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A contour as a line of text: a byte for each value, scaled so that it fits (protocol.md 8.3). */
#include <libdevssh/session/devssh-session-contour-private.h>

#include <math.h>
#include <string.h>

#include <libdevssh/base/devssh-error.h>

#define VERSION     1
#define HEADER_SIZE 3
/* Of bytes: 255 << 56 is the most that a guint64 holds. */
#define MAX_SCALE   56

typedef enum
{
  SERIES_LATENCY_MIN     = 1,
  SERIES_LATENCY_MAX     = 2,
  SERIES_LATENCY_AVERAGE = 3,
  SERIES_BYTES_SENT      = 11,
  SERIES_BYTES_RECEIVED  = 12
} Series;

/* In the order in which they are written. */
static const guint8 written[] = {
  SERIES_LATENCY_MIN, SERIES_LATENCY_MAX, SERIES_LATENCY_AVERAGE, SERIES_BYTES_SENT, SERIES_BYTES_RECEIVED
};

/* ---- writing ---- */

static guint64
get_bytes (const DevSshContourInterval *interval,
           guint8                       series)
{
  return series == SERIES_BYTES_SENT ? interval->bytes_sent : interval->bytes_received;
}

static double
get_latency (const DevSshContourInterval *interval,
             guint8                       series)
{
  if (series == SERIES_LATENCY_MIN)
    return interval->latency_min;
  if (series == SERIES_LATENCY_MAX)
    return interval->latency_max;
  return devssh_contour_interval_get_average (interval);
}

static gboolean
is_bytes (guint8 series)
{
  return series == SERIES_BYTES_SENT || series == SERIES_BYTES_RECEIVED;
}

/* Numbers of bytes may have more digits than a double. */
static guint8
scale_bytes (guint64 value,
             guint   scale)
{
  guint64 quotient = value >> scale;
  guint64 rest = value - (quotient << scale);
  guint64 half = scale > 0 ? (guint64) 1 << (scale - 1) : 1;

  if (rest > half || (rest == half && (quotient & 1) != 0))
    quotient++;
  return (guint8) MIN (quotient, 255);
}

/* The same for a double: whatever the rounding mode of the program, an exact half goes to the even neighbour. */
static guint8
scale_latency (double value,
               guint  scale)
{
  double scaled = ldexp (value, -(int) scale);
  guint quotient = (guint) MIN (scaled, 255.0);
  double rest = scaled - quotient;

  if (rest > 0.5 || (rest >= 0.5 && (quotient & 1) != 0))
    quotient++;
  return (guint8) MIN (quotient, 255);
}

static guint8
scale_value (const DevSshContourInterval *interval,
             guint8                       series,
             guint                        scale)
{
  return is_bytes (series) ? scale_bytes (get_bytes (interval, series), scale)
                           : scale_latency (get_latency (interval, series), scale);
}

static gboolean
fits (const DevSshContourInterval *interval,
      guint8                       series,
      guint                        scale)
{
  if (is_bytes (series))
    return scale >= MAX_SCALE || get_bytes (interval, series) <= (guint64) 255 << scale;
  return scale >= MAX_SCALE || get_latency (interval, series) <= ldexp (255, (int) scale);
}

/**
 * devssh_session_contour_to_base64:
 * @self: a contour
 *
 * Makes one line of text of the contour, in the format that the Dev Tunnels SSH libraries share; about 7 characters an
 * interval.
 *
 * Each value becomes a byte: values of more than 255 are divided by the power of two with which the greatest of their
 * kind fits, and rounded, an exact half to the even neighbour.
 *
 * A contour in which nothing is recorded can be written, but neither
 * [ctor@SessionContour.new_from_base64] nor any other library reads that.
 *
 * Returns: (transfer full): base64, without a line end
 *
 * Since: 1.0
 */
char *
devssh_session_contour_to_base64 (DevSshSessionContour *self)
{
  const guint m = G_N_ELEMENTS (written);
  const DevSshContourInterval *intervals;
  g_autoptr(GByteArray) bytes = NULL;
  guint count;

  g_return_val_if_fail (DEVSSH_IS_SESSION_CONTOUR (self), NULL);

  intervals = devssh_session_contour_get_intervals (self);
  count = devssh_session_contour_get_interval_count (self);
  bytes = g_byte_array_sized_new (HEADER_SIZE + (2 + count) * m);
  g_byte_array_set_size (bytes, HEADER_SIZE + m);
  bytes->data[0] = VERSION;
  bytes->data[1] = m;
  bytes->data[2] = (guint8) devssh_session_contour_get_doublings (self);
  for (guint series = 0; series < m; series++)
    {
      guint8 *scale = &bytes->data[HEADER_SIZE + series];

      *scale = 0;
      for (guint i = 0; i < count; i++)
        while (!fits (&intervals[i], written[series], *scale))
          (*scale)++;
    }
  g_byte_array_append (bytes, written, m);
  for (guint i = 0; i < count; i++)
    for (guint series = 0; series < m; series++)
      {
        guint8 value = scale_value (&intervals[i], written[series], bytes->data[HEADER_SIZE + series]);

        g_byte_array_append (bytes, &value, 1);
      }
  return g_base64_encode (bytes->data, bytes->len);
}

/* ---- reading ---- */

static GByteArray *
refuse (GError      **error,
        DevSshError   code,
        const char   *format,
        ...) G_GNUC_PRINTF (3, 4);

static GByteArray *
refuse (GError      **error,
        DevSshError   code,
        const char   *format,
        ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (error, DEVSSH_ERROR, (int) code, "This is no contour: %s", text);
  return NULL;
}

/* GLib's decoder skips what it does not know: here that is a mistake. White space is not: files end with some, mails break lines. */
static GByteArray *
decode_base64 (const char  *text,
               GError     **error)
{
  g_autoptr(GString) clean = g_string_new (NULL);
  gsize padding = 0, length;
  guchar *data;

  for (const char *c = text; *c != '\0'; c++)
    {
      if (g_ascii_isspace (*c))
        continue;
      if (*c == '=')
        padding++;
      else if (padding > 0)
        return refuse (error, DEVSSH_ERROR_MALFORMED, "something follows the end of its base64");
      else if (!g_ascii_isalnum (*c) && *c != '+' && *c != '/')
        return refuse (error, DEVSSH_ERROR_MALFORMED, "byte 0x%02x at %" G_GSIZE_FORMAT " is not base64", (guint8) *c, (gsize) (c - text));
      g_string_append_c (clean, *c);
    }
  if (clean->len % 4 != 0 || padding > 2)
    return refuse (error, DEVSSH_ERROR_TRUNCATED, "%" G_GSIZE_FORMAT " characters of base64 are not whole groups of four", clean->len);

  data = g_base64_decode (clean->str, &length);
  return g_byte_array_new_take (data, length);
}

static gboolean
is_known (guint8 series)
{
  return memchr (written, series, sizeof written) != NULL;
}

/* FALSE, and error: what the bytes promise is not what they hold. */
static gboolean
check (const GByteArray  *bytes,
       GError           **error)
{
  guint m, doublings;

  if (bytes->len < HEADER_SIZE)
    refuse (error, DEVSSH_ERROR_TRUNCATED, "it has %u bytes, and its head alone has %d", bytes->len, HEADER_SIZE);
  else if (bytes->data[0] != VERSION)
    refuse (error, DEVSSH_ERROR_UNSUPPORTED, "its version is %u, and known is only %d", bytes->data[0], VERSION);
  else if ((m = bytes->data[1]) == 0)
    refuse (error, DEVSSH_ERROR_MALFORMED, "it has no series of values");
  else if ((bytes->len - HEADER_SIZE) % m != 0 || bytes->len < HEADER_SIZE + 2 * m)
    refuse (error, DEVSSH_ERROR_TRUNCATED, "its %u bytes are not %d and whole rows of %u", bytes->len, HEADER_SIZE, m);
  else if (bytes->len < HEADER_SIZE + 3 * m)
    refuse (error, DEVSSH_ERROR_TRUNCATED, "it has no intervals");
  else if ((bytes->len - HEADER_SIZE) / m - 2 > DEVSSH_CONTOUR_MAX_INTERVALS)
    refuse (error, DEVSSH_ERROR_LIMIT, "it has %u intervals, and %u is the limit", (bytes->len - HEADER_SIZE) / m - 2, DEVSSH_CONTOUR_MAX_INTERVALS);
  else if ((doublings = bytes->data[2]) > DEVSSH_CONTOUR_MAX_DOUBLINGS)
    refuse (error, DEVSSH_ERROR_MALFORMED, "its time scale is %u, and %d is the limit", doublings, DEVSSH_CONTOUR_MAX_DOUBLINGS);
  else
    {
      for (guint i = 0; i < m; i++)
        if (is_known (bytes->data[HEADER_SIZE + m + i]) && bytes->data[HEADER_SIZE + i] > MAX_SCALE)
          {
            refuse (error, DEVSSH_ERROR_MALFORMED, "the scale of series %u is %u, and %d is the limit",
                    bytes->data[HEADER_SIZE + m + i], bytes->data[HEADER_SIZE + i], MAX_SCALE);
            return FALSE;
          }
      return TRUE;
    }
  return FALSE;
}

static void
set_value (DevSshContourInterval *interval,
           guint8                 series,
           guint8                 value,
           guint                  scale)
{
  double latency = ldexp (value, (int) scale);

  switch ((Series) series)
    {
    case SERIES_LATENCY_MIN:
      interval->latency_min = latency;
      break;
    case SERIES_LATENCY_MAX:
      interval->latency_max = latency;
      break;
    case SERIES_LATENCY_AVERAGE:
      interval->latency_sum = latency;
      interval->latency_count = value > 0 ? 1 : 0;
      break;
    case SERIES_BYTES_SENT:
      interval->bytes_sent = (guint64) value << scale;
      break;
    case SERIES_BYTES_RECEIVED:
      interval->bytes_received = (guint64) value << scale;
      break;
    default:
      /* A series of a later version. */
      break;
    }
}

/**
 * devssh_session_contour_new_from_base64:
 * @text: what [method@SessionContour.to_base64] or another Dev Tunnels SSH library made; white space in it is skipped
 * @error: return location for an error
 *
 * Makes a contour of its text.
 *
 * Values are as exact as a byte each could be. Of the latencies of an interval only their mean is known, which counts
 * as one. The contour has the least number of intervals at most that it needs, and can be added to.
 *
 * Fails with %DEVSSH_ERROR_MALFORMED if @text is not base64 or holds a number that cannot be, with
 * %DEVSSH_ERROR_TRUNCATED if something is missing or no interval is there, with %DEVSSH_ERROR_UNSUPPORTED if it is of
 * another version, and with %DEVSSH_ERROR_LIMIT if it has more than 1048576 intervals.
 *
 * Returns: (transfer full): a new contour
 *
 * Since: 1.0
 */
DevSshSessionContour *
devssh_session_contour_new_from_base64 (const char  *text,
                                        GError     **error)
{
  g_autoptr(GByteArray) bytes = NULL;
  GArray *intervals;
  guint m, count;

  g_return_val_if_fail (text != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  bytes = decode_base64 (text, error);
  if (bytes == NULL || !check (bytes, error))
    return NULL;

  m = bytes->data[1];
  count = (bytes->len - HEADER_SIZE) / m - 2;
  intervals = g_array_new (FALSE, TRUE, sizeof (DevSshContourInterval));
  g_array_set_size (intervals, count);
  for (guint i = 0; i < count; i++)
    for (guint column = 0; column < m; column++)
      set_value (&g_array_index (intervals, DevSshContourInterval, i), bytes->data[HEADER_SIZE + m + column],
                 bytes->data[HEADER_SIZE + (2 + i) * m + column], bytes->data[HEADER_SIZE + column]);
  return devssh_session_contour_new_of (bytes->data[2], intervals);
}
